// tnp._core: the extension module. Each file beside this one binds its part.
#include "python/array_api.h"
#include "python/autograph.h"
#include "python/derivatives.h"
#include "python/profile.h"
#include "python/python.h"
#include "python/structured.h"

NB_MODULE(_core, m) {
  using namespace tnp::python;
  // Objects that live until the process ends, such as the dtypes, are none.
  nanobind::set_leak_warnings(false);
  bind_errors(m);
  bind_dtypes(m);
  bind_dim(m);
  bind_array(m);
  bind_ufuncs(m);
  bind_variable(m);
  bind_tape(m);
  bind_function(m);
  bind_autograph(m);
  bind_registry(m);
  bind_runtime(m);
  bind_profile(m);
  nb::module_ random = m.def_submodule("random");
  bind_random(random);
  bind_interchange(m);
  bind_control(m);
  bind_host(m);
  bind_vmap(m);
  bind_derivatives(m);
  bind_array_attributes(m);
  bind_printing(m);
  bind_functions(m);
  bind_array_api(m);
}

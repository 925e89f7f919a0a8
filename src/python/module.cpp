// tnp._core: the extension module. Each file beside this one binds its part.
#include "python/python.h"

NB_MODULE(_core, m) {
  using namespace tnp::python;
  bind_errors(m);
  bind_dtypes(m);
  bind_dim(m);
  bind_array(m);
  bind_ufuncs(m);
  bind_variable(m);
  bind_tape(m);
  bind_function(m);
  bind_interchange(m);
  m.def("asarray", [](nb::handle o, nb::handle dtype, nb::handle copy) {
    AsArray options;
    if (!dtype.is_none()) options.dtype = dtype_of(dtype);
    if (!copy.is_none()) options.copy = nb::cast<bool>(copy);
    return to_python(as_array(o.ptr(), options));
  }, nb::arg("a").none(), nb::arg("dtype").none() = nb::none(), nb::arg("copy").none() = nb::none());
}

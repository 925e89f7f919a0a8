#include "python/profile.h"

namespace tnp::python {

void log_long_compilation() {
  static std::atomic<bool> warned{false};
  const std::optional<std::string> notice = long_compilation();
  if (!notice) return;
  try {
    const nb::object logger = nb::module_::import_("logging").attr("getLogger")("tnp");
    logger.attr(warned.exchange(true) ? "info" : "warning")(*notice);
  } catch (nb::python_error& e) {
    if (!e.matches(PyExc_Exception)) throw;  // Ctrl-C
    e.discard_as_unraisable("tnp: a notice of a long compilation");
  }
}

void bind_profile(nb::module_& m) {
  m.def("start_profile", &start_profile);
  m.def("stop_profile", &stop_profile);
  m.def("is_profiling", &is_profiling);
  m.def("_set_long_compilation", &set_long_compilation, nb::arg("seconds"));
}

}  // namespace tnp::python

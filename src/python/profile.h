// Profiles, and notices of compilations that take long.
#pragma once

#include "python/python.h"
#include "runtime/profile.h"

namespace tnp::python {

void bind_profile(nb::module_& m);

// Tells the logger "tnp", if a compilation took long: the first as a warning, others for information.
void log_long_compilation();
inline void tell_long_compilation() {
  if (detail::compiled_long.load(std::memory_order_relaxed)) [[unlikely]]
    log_long_compilation();
}

}  // namespace tnp::python

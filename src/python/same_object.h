// Results of functions that may have nothing to do.
#pragma once

#include "python/python.h"

namespace tnp::python {

// The result as a Python object: the argument itself where that is the same array, as arrays do not change.
inline nb::object same_or_new(nb::handle argument, Array result) {
  if (is_array(argument.ptr()) && array_of(argument.ptr()).node() == result.node()) return nb::borrow(argument);
  return to_python(std::move(result));
}

}  // namespace tnp::python

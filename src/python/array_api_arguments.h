// Arguments of the functions of tnp.array_api, as the standard writes their types: an int is no sequence, a sequence of
// ints is a tuple, an array is one of this namespace.
#pragma once

#include "python/arguments.h"
#include "python/array_api.h"
#include "tnp/error.h"

namespace tnp::python {

std::int64_t strict_int(const char* what, PyObject* o);                        // throws TypeError
std::optional<std::int64_t> strict_axis(const char* what, const Value& axis);  // an int or None
std::optional<Axes> strict_axes(const char* what, const Value& axes);          // an int, a tuple of ints or None
Axes strict_ints(const char* what, const Value& ints);                         // an int or a tuple of ints
Shape strict_shape(const char* what, const Value& shape, bool int_allowed = true);
bool strict_flag(const char* what, const Value& flag, bool otherwise);
Arrays strict_arrays(const char* function, std::span<PyObject* const> objects);
Arrays strict_sequence(const char* function, const Value& arrays);  // a tuple or list of arrays

}  // namespace tnp::python

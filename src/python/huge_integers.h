// Python integers that no integer type holds, beside arrays.
#pragma once

#include "ir/opdef.h"
#include "python/python.h"

namespace tnp::python {

// op(a, b) where one is such an integer: beside floating numbers it is one, a comparison with integers is exact.
// Null, without an error, where there is no such integer or the operation has no result.
PyObject* call_with_huge_integer(const OpDef& op, PyObject* a, PyObject* b);

}  // namespace tnp::python

#include "python/huge_integers.h"

#include <string_view>

#include "ops/elementwise/family.h"
#include "python/elementwise_call.h"

namespace tnp::python {

namespace {

// 1 above all of uint64, -1 below all of int64, else 0.
int beyond(PyObject* o) {
  if (!PyLong_CheckExact(o)) return 0;
  int overflow = 0;
  (void)PyLong_AsLongLongAndOverflow(o, &overflow);
  if (overflow <= 0) return overflow;
  (void)PyLong_AsUnsignedLongLong(o);
  if (PyErr_Occurred() == nullptr) return 0;
  PyErr_Clear();
  return 1;
}

// What the comparison gives if its left side is less (-1) or greater (1) than its right one; -1 for no comparison.
int truth(std::string_view name, int sign) {
  if (name == "equal") return 0;
  if (name == "not_equal") return 1;
  if (name == "less" || name == "less_equal") return sign < 0 ? 1 : 0;
  if (name == "greater" || name == "greater_equal") return sign > 0 ? 1 : 0;
  return -1;
}

}  // namespace

PyObject* call_with_huge_integer(const OpDef& op, PyObject* a, PyObject* b) {
  const int left = beyond(a), right = beyond(b);
  if ((left == 0) == (right == 0)) return nullptr;
  PyObject* huge = left != 0 ? a : b;
  PyObject* other = left != 0 ? b : a;
  PyOperand x;
  if (!x.set(other)) return nullptr;
  const Array array = x.is_array() ? x.array() : x.scalar().to_array();
  const std::uint8_t loop = op.elementwise->loop_for[static_cast<int>(array.dtype())];
  if (is_inexact(array.dtype()) || (loop != kNoLoop && is_inexact(static_cast<DType>(loop)))) {
    nb::object number = nb::steal(PyNumber_Float(huge));
    if (!number.is_valid()) throw nb::python_error();
    PyOperand y;
    y.set(number.ptr());
    return left != 0 ? call_elementwise(op, y, x, number.ptr(), b) : call_elementwise(op, x, y, a, number.ptr());
  }
  const int value = truth(op.name, left != 0 ? left : -right);
  if (value < 0) return nullptr;
  return wrap(full(array.shape(), Array(value != 0)));
}

}  // namespace tnp::python

// Number slots, filled in directly: from the interpreter to the kernel without a look-up, a lock or an allocation
// beyond those of the result.
#include "python/array_slots.h"

#include <cstring>

#include "ops/elementwise/fp_status.h"
#include "python/array_api.h"
#include "python/autograph.h"
#include "python/elements.h"
#include "python/elementwise_call.h"
#include "python/huge_integers.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

const OpDef& op_named(const char* name) {
  const OpDef* op = find_op(name);
  if (op == nullptr) throw RuntimeError(std::string("no operation is called ") + name);
  return *op;
}

PyObject* binary(const OpDef& op, PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    PyOperand x, y;
    try {
      if (!x.set(a) || !y.set(b)) Py_RETURN_NOTIMPLEMENTED;
    } catch (const OverflowError&) {
      if (PyObject* result = call_with_huge_integer(op, a, b)) return result;
      throw;
    }
    return call_elementwise(op, x, y, a, b);
  });
}

// x ** 2, x ** 0.5, x ** -1 as NumPy's operator computes them; null for other exponents.
const OpDef* power_by_exponent(DType base, const Scalar& exponent) {
  static const OpDef &square = op_named("square"), &sqrt = op_named("sqrt"), &reciprocal = op_named("reciprocal");
  double value = 0;
  if (exponent.kind == WeakKind::integer && std::holds_alternative<std::int64_t>(exponent.value)) {
    value = static_cast<double>(std::get<std::int64_t>(exponent.value));
    if (is_integer(base) && value == 2) return &square;
  } else if (exponent.kind == WeakKind::floating) {
    value = std::get<double>(exponent.value);
  }
  if (!is_inexact(base)) return nullptr;
  return value == 2 ? &square : value == 0.5 ? &sqrt : value == -1 ? &reciprocal : nullptr;
}

// What single elements have a way of their own for; null where they are none or it does not apply.
inline PyObject* of_elements(ElementOp op, PyObject* a, PyObject* b) {
  return has_axes(a) || has_axes(b) ? nullptr : element_operation(op, a, b);
}

#define TNP_ELEMENT_SLOT(NAME)                            \
  PyObject* slot_##NAME(PyObject* a, PyObject* b) {       \
    static const OpDef& op = op_named(#NAME);             \
    PyObject* quick = of_elements(ElementOp::NAME, a, b); \
    return quick != nullptr ? quick : binary(op, a, b);   \
  }
TNP_ELEMENT_SLOT(add)
TNP_ELEMENT_SLOT(subtract)
TNP_ELEMENT_SLOT(divide)
TNP_ELEMENT_SLOT(floor_divide)
TNP_ELEMENT_SLOT(remainder)
TNP_ELEMENT_SLOT(bitwise_and)
TNP_ELEMENT_SLOT(bitwise_or)
TNP_ELEMENT_SLOT(bitwise_xor)
TNP_ELEMENT_SLOT(left_shift)
TNP_ELEMENT_SLOT(right_shift)
#undef TNP_ELEMENT_SLOT

// Text times an integer repeats the text, which Python does where this slot declines.
PyObject* slot_multiply(PyObject* a, PyObject* b) {
  static const OpDef& op = op_named("multiply");
  if (PyObject* quick = of_elements(ElementOp::multiply, a, b)) return quick;
  PyObject* result = binary(op, a, b);
  if (result != nullptr || !PyErr_ExceptionMatches(PyExc_TypeError)) return result;
  const auto is_text_object = [](PyObject* o) { return PyUnicode_Check(o) || PyBytes_Check(o); };
  if (!is_text_object(a) && !is_text_object(b)) return nullptr;
  PyErr_Clear();
  Py_RETURN_NOTIMPLEMENTED;
}

PyObject* slot_power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) {
    PyErr_SetString(PyExc_TypeError, "pow: three-argument pow is not supported for arrays");
    return nullptr;
  }
  static const OpDef& op = op_named("power");
  if (PyObject* quick = of_elements(ElementOp::power, a, b)) return quick;
  if (is_array(a) && (PyLong_CheckExact(b) || PyFloat_CheckExact(b))) {
    return guarded([&]() -> PyObject* {
      PyOperand exponent;
      const Array& x = array_of(a);
      try {
        exponent.set(b);
      } catch (const OverflowError&) {
        return binary(op, a, b);
      }
      const OpDef* special = power_by_exponent(x.dtype(), exponent.scalar());
      if (special == nullptr) return binary(op, a, b);
      PyObject* result = call_elementwise(*special, x, a);
      if (result != nullptr && is_weak_number(x)) set_weak_number(array_of(result));
      return result;
    });
  }
  return binary(op, a, b);
}

PyObject* slot_divmod(PyObject* a, PyObject* b) {
  PyObject* quotient = slot_floor_divide(a, b);
  if (quotient == nullptr || quotient == Py_NotImplemented) return quotient;
  PyObject* rest = slot_remainder(a, b);
  if (rest == nullptr) {
    Py_DECREF(quotient);
    return nullptr;
  }
  PyObject* pair = PyTuple_Pack(2, quotient, rest);
  Py_DECREF(quotient);
  Py_DECREF(rest);
  return pair;
}

PyObject* slot_matmul(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    PyOperand x, y;
    if (!x.set(a) || !y.set(b)) Py_RETURN_NOTIMPLEMENTED;
    if (!x.is_array() || !y.is_array()) throw ValueError("matmul: a scalar operand is not allowed, use * instead");
    return wrap(matmul(x.array(), y.array()));
  });
}

#define TNP_UNARY_SLOT(NAME)                     \
  PyObject* slot_##NAME(PyObject* a) {           \
    static const OpDef& op = op_named(#NAME);    \
    return guarded([&] {                         \
      PyOperand x;                               \
      x.set(a);                                  \
      return call_elementwise(op, x.array(), a); \
    });                                          \
  }
TNP_UNARY_SLOT(negative)
TNP_UNARY_SLOT(positive)
TNP_UNARY_SLOT(absolute)
TNP_UNARY_SLOT(invert)
#undef TNP_UNARY_SLOT
template <PyObject* (*Quick)(PyObject*), PyObject* (*Slot)(PyObject*)>
PyObject* slot_or_quick(PyObject* a) {
  PyObject* quick = has_axes(a) ? nullptr : Quick(a);
  return quick != nullptr ? quick : Slot(a);
}

PyObject* slot_richcompare(PyObject* a, PyObject* b, int op) {
  if (!has_axes(a) && !has_axes(b)) {
    if (PyObject* quick = element_comparison(op, a, b)) return quick;
  }
  static const OpDef* ops[6] = {};
  if (ops[Py_LT] == nullptr) {
    const char* names[] = {"less", "less_equal", "equal", "not_equal", "greater", "greater_equal"};  // Py_LT … Py_GE
    for (int i = 5; i >= 0; --i) ops[i] = find_op(names[i]);
  }
  return guarded([&]() -> PyObject* {
    PyOperand x, y;
    if (!x.set(a)) Py_RETURN_NOTIMPLEMENTED;
    bool usable = false;
    try {
      usable = y.set(b);
    } catch (const OverflowError&) {
      if (PyObject* result = call_with_huge_integer(*ops[op], a, b)) return result;
      throw;
    }
    if (!usable) {
      // As NumPy: nothing equals something that is no number, element by element.
      if ((op != Py_EQ && op != Py_NE) || is_strict_array(b)) Py_RETURN_NOTIMPLEMENTED;
      const bool unequal = op == Py_NE;
      return wrap(full(x.array().shape(), Array(unequal)));
    }
    return call_elementwise(*ops[op], x, y, nullptr, nullptr);
  });
}

// What `f` makes of the array that an array or a Variable is.
template <class F>
PyObject* of_operand(PyObject* a, F&& f) {
  return guarded([&] {
    if (Py_TYPE(a) == array_type()) return f(array_of(a));
    PyOperand x;
    x.set(a);
    return f(x.array());
  });
}

// The conversions of 0-d arrays, which conditions and indices go through, without the frame that the general way needs.
[[gnu::noinline]] int truth_of(PyObject* a) noexcept {
  try {
    if (Py_TYPE(a) == array_type()) return truth_value(array_of(a)) ? 1 : 0;
    PyOperand x;
    x.set(a);
    return truth_value(x.array()) ? 1 : 0;
  } catch (...) {
    set_error_from_current_exception();
    return -1;
  }
}
[[gnu::noinline]] PyObject* int_of(PyObject* a) { return of_operand(a, &python_int); }
[[gnu::noinline]] PyObject* float_of(PyObject* a) { return of_operand(a, &python_float); }
[[gnu::noinline]] PyObject* index_of(PyObject* a) { return of_operand(a, &python_index); }

// The node of a concrete array of one element and at most one axis; null for all else.
inline const detail::Node* only_element(PyObject* a) {
  if (Py_TYPE(a) != array_type()) return nullptr;
  const detail::Node* node = array_of(a).node();
  const int ndim = node->shape.ndim();
  return node->state == State::concrete && (ndim == 0 || (ndim == 1 && node->shape[0] == 1)) ? node : nullptr;
}
// The node of a concrete 0-d array; null for all else.
inline const detail::Node* single_element(PyObject* a) {
  if (Py_TYPE(a) != array_type()) return nullptr;
  const detail::Node* node = array_of(a).node();
  return node->state == State::concrete && node->shape.ndim() == 0 ? node : nullptr;
}
template <class T>
T loaded(const detail::Node* node) {
  T value;
  std::memcpy(&value, node->data, sizeof value);
  return value;
}

int slot_bool(PyObject* a) {
  if (const detail::Node* node = only_element(a)) {
    if (node->dtype == DType::bool_) return *node->data != std::byte{0} ? 1 : 0;
    if (node->dtype == DType::float64) return loaded<double>(node) != 0 ? 1 : 0;
    if (node->dtype == DType::int64) return loaded<std::int64_t>(node) != 0 ? 1 : 0;
  }
  return truth_of(a);
}

PyObject* slot_int(PyObject* a) {
  const detail::Node* node = single_element(a);
  if (node != nullptr && node->dtype == DType::int64) return PyLong_FromLongLong(loaded<std::int64_t>(node));
  return int_of(a);
}
PyObject* slot_float(PyObject* a) {
  if (const detail::Node* node = single_element(a)) {
    if (node->dtype == DType::float64) return PyFloat_FromDouble(loaded<double>(node));
    if (node->dtype == DType::int64) return PyFloat_FromDouble(static_cast<double>(loaded<std::int64_t>(node)));
  }
  return float_of(a);
}
PyObject* slot_index(PyObject* a) {
  const detail::Node* node = single_element(a);
  if (node != nullptr && node->dtype == DType::int64) return PyLong_FromLongLong(loaded<std::int64_t>(node));
  return index_of(a);
}

}  // namespace

PyType_Slot* operator_slots() {
  static PyType_Slot slots[] = {
      {Py_nb_add, reinterpret_cast<void*>(slot_add)},
      {Py_nb_subtract, reinterpret_cast<void*>(slot_subtract)},
      {Py_nb_multiply, reinterpret_cast<void*>(slot_multiply)},
      {Py_nb_true_divide, reinterpret_cast<void*>(slot_divide)},
      {Py_nb_floor_divide, reinterpret_cast<void*>(slot_floor_divide)},
      {Py_nb_remainder, reinterpret_cast<void*>(slot_remainder)},
      {Py_nb_divmod, reinterpret_cast<void*>(slot_divmod)},
      {Py_nb_power, reinterpret_cast<void*>(slot_power)},
      {Py_nb_matrix_multiply, reinterpret_cast<void*>(slot_matmul)},
      {Py_nb_and, reinterpret_cast<void*>(slot_bitwise_and)},
      {Py_nb_or, reinterpret_cast<void*>(slot_bitwise_or)},
      {Py_nb_xor, reinterpret_cast<void*>(slot_bitwise_xor)},
      {Py_nb_lshift, reinterpret_cast<void*>(slot_left_shift)},
      {Py_nb_rshift, reinterpret_cast<void*>(slot_right_shift)},
      // x += y gives a new array, to which x is bound.
      {Py_nb_inplace_add, reinterpret_cast<void*>(slot_add)},
      {Py_nb_inplace_subtract, reinterpret_cast<void*>(slot_subtract)},
      {Py_nb_inplace_multiply, reinterpret_cast<void*>(slot_multiply)},
      {Py_nb_inplace_true_divide, reinterpret_cast<void*>(slot_divide)},
      {Py_nb_inplace_floor_divide, reinterpret_cast<void*>(slot_floor_divide)},
      {Py_nb_inplace_remainder, reinterpret_cast<void*>(slot_remainder)},
      {Py_nb_inplace_power, reinterpret_cast<void*>(slot_power)},
      {Py_nb_inplace_matrix_multiply, reinterpret_cast<void*>(slot_matmul)},
      {Py_nb_inplace_and, reinterpret_cast<void*>(slot_bitwise_and)},
      {Py_nb_inplace_or, reinterpret_cast<void*>(slot_bitwise_or)},
      {Py_nb_inplace_xor, reinterpret_cast<void*>(slot_bitwise_xor)},
      {Py_nb_inplace_lshift, reinterpret_cast<void*>(slot_left_shift)},
      {Py_nb_inplace_rshift, reinterpret_cast<void*>(slot_right_shift)},
      {Py_nb_negative, reinterpret_cast<void*>(&slot_or_quick<&element_negative, &slot_negative>)},
      {Py_nb_positive, reinterpret_cast<void*>(&slot_or_quick<&element_positive, &slot_positive>)},
      {Py_nb_absolute, reinterpret_cast<void*>(&slot_or_quick<&element_absolute, &slot_absolute>)},
      {Py_nb_invert, reinterpret_cast<void*>(slot_invert)},
      {Py_nb_bool, reinterpret_cast<void*>(slot_bool)},
      {Py_nb_int, reinterpret_cast<void*>(slot_int)},
      {Py_nb_float, reinterpret_cast<void*>(slot_float)},
      {Py_nb_index, reinterpret_cast<void*>(slot_index)},
      {Py_tp_richcompare, reinterpret_cast<void*>(slot_richcompare)},
      {0, nullptr},
  };
  return slots;
}

}  // namespace tnp::python

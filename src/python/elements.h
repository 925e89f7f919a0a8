// Single elements: NumPy's are numbers rather than arrays, and its operators on them take hardly longer than Python's.
// So those of 0-d arrays of float64 and int64 have a way of their own past the kernels.
#pragma once

#include <complex>

#include "ir/observer.h"
#include "python/python.h"
#include "python/spare_objects.h"
#include "runtime/allocator.h"
#include "runtime/profile.h"

namespace tnp::python {

// The object of a dead element keeps its memory for the next one's number, whatever its type: to release and to
// allocate it would take longer than an operation of two numbers.
template <>
struct KeptWhole<Array> {
  static bool test(const Array& x) noexcept {
    const detail::Node* n = x.node();
    return n != nullptr && n->shape.ndim() == 0 && n->state == State::concrete && is_numeric(n->dtype) &&
           n->refs.load(std::memory_order_acquire) == 1 && n->buffer->kind == Buffer::Kind::small &&
           n->buffer->unique() && n->data == n->buffer->data && n->buffer->capacity >= sizeof(std::complex<double>);
  }
};

// The 0-d arrays that stand for True and for False: as Python's own they are there once, and comparisons of elements
// make no new ones. A new reference.
PyObject* boolean(bool value);

// A copy of one element; it costs no more than a view and keeps no large buffer alive.
Array element_at(const std::byte* data, DType dtype);

// Whether nobody records or times what is done with single elements.
inline bool elements_unwatched() { return active_observers == nullptr && !is_profiling(); }

// Whether an operand is an array of one axis or more, with which no element's way begins.
inline bool has_axes(PyObject* o) { return Py_TYPE(o) == array_type() && array_of(o).node()->shape.ndim() != 0; }

// x op y, -x, |x| and comparisons where each is a 0-d array of float64 or int64, or a number beside one. Null without
// an error for all else: other types, mixtures that are promoted, results that a floating-point exception may go with.
enum class ElementOp {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  remainder,
  power,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  left_shift,
  right_shift
};
PyObject* element_operation(ElementOp op, PyObject* a, PyObject* b);
PyObject* element_comparison(int op, PyObject* a, PyObject* b);  // Py_LT …
PyObject* element_negative(PyObject* a);
PyObject* element_positive(PyObject* a);
PyObject* element_absolute(PyObject* a);

// One of these ways of an operation, for objects that are known beforehand.
class ElementCall {
 public:
  ElementCall() = default;
  explicit ElementCall(const OpDef& op, std::size_t operands);  // none where the operation has no such way
  explicit operator bool() const { return way_ != Way::none; }
  PyObject* operator()(PyObject* a, PyObject* b) const;  // null as the functions above; b: null of one operand

 private:
  enum class Way : std::uint8_t { none, operation, comparison, negative, positive, absolute };
  Way way_ = Way::none;
  std::uint8_t code_ = 0;  // an ElementOp; Py_LT …
};

// The element that lies there, as an object; or a number.
PyObject* wrap_element(const std::byte* data, DType dtype);
PyObject* wrap_number(double value);
PyObject* wrap_number(std::int64_t value);

}  // namespace tnp::python

#include "python/elements.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace tnp::python {

namespace {

const Shape kNoAxes;

struct Element {
  bool floating = false;
  bool weak = false;  // a Python number
  union {
    double f;
    std::int64_t i = 0;
  };
};

bool read(PyObject* o, Element& out) {
  if (Py_TYPE(o) == array_type()) {
    const detail::Node* node = array_of(o).node();
    if (node->state != State::concrete || node->shape.ndim() != 0) return false;
    out.floating = node->dtype == DType::float64;
    if (!out.floating && node->dtype != DType::int64) return false;
    std::memcpy(&out.i, node->data, 8);  // either
    return true;
  }
  out.weak = true;
  if (PyFloat_CheckExact(o)) {
    out.floating = true;
    out.f = PyFloat_AS_DOUBLE(o);
    return true;
  }
  return small_int(o, out.i);
}

// Both, of one type: a Python integer takes that of an array. No other mixture is of this way, as the mode of promotion
// decides about it.
bool read(PyObject* a, PyObject* b, Element& x, Element& y) {
  if (!read(a, x) || !read(b, y) || !elements_unwatched()) return false;
  if (x.floating == y.floating) return true;
  Element& integer = x.floating ? y : x;
  if (!integer.weak) return false;
  integer.f = static_cast<double>(integer.i);
  integer.floating = true;
  return true;
}

template <class T>
Array array_of_element(DType dtype, T value) {
  Array out = Array::empty(dtype, kNoAxes);
  std::memcpy(out.node()->data, &value, sizeof value);
  return out;
}

// Without memory the long way fails, too, and says so.
template <class F>
PyObject* guarded(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    return nullptr;
  }
}

template <class T>
bool compared(int op, T x, T y) {
  switch (op) {
    case Py_LT:
      return x < y;
    case Py_LE:
      return x <= y;
    case Py_EQ:
      return x == y;
    case Py_NE:
      return x != y;
    case Py_GT:
      return x > y;
    default:
      return x >= y;
  }
}

double computed(ElementOp op, double x, double y) {
  switch (op) {
    case ElementOp::add:
      return x + y;
    case ElementOp::subtract:
      return x - y;
    case ElementOp::multiply:
      return x * y;
    default:
      return y == 0 ? std::numeric_limits<double>::quiet_NaN() : x / y;
  }
}

std::int64_t computed(ElementOp op, std::int64_t x, std::int64_t y) {
  const auto a = static_cast<std::uint64_t>(x), b = static_cast<std::uint64_t>(y);
  return static_cast<std::int64_t>(op == ElementOp::add ? a + b : op == ElementOp::subtract ? a - b : a * b);
}

}  // namespace

PyObject* boolean(bool value) {
  static PyObject* const objects[] = {wrap(Array(false)), wrap(Array(true))};
  return Py_NewRef(objects[value ? 1 : 0]);
}

Array element_at(const std::byte* data, DType dtype) {
  Array element = Array::empty(dtype, kNoAxes);
  const int size = itemsize(dtype);
  if (size == 8) {
    std::memcpy(element.node()->data, data, 8);
  } else {
    std::memcpy(element.node()->data, data, static_cast<std::size_t>(size));
  }
  return element;
}

PyObject* wrap_element(const std::byte* data, DType dtype) {
  if (dtype == DType::bool_) return boolean(*data != std::byte{0});
  return wrap(element_at(data, dtype));
}

PyObject* element_operation(ElementOp op, PyObject* a, PyObject* b) {
  Element x, y;
  if (!read(a, b, x, y)) return nullptr;
  return guarded([&]() -> PyObject* {
    if (x.floating) {
      const double result = computed(op, x.f, y.f);
      // Overflow, underflow, invalid: the kernel tells of them.
      if (!std::isnormal(result)) return nullptr;
      return wrap(array_of_element(DType::float64, result));
    }
    if (op == ElementOp::divide) return nullptr;
    return wrap(array_of_element(DType::int64, computed(op, x.i, y.i)));
  });
}

PyObject* element_comparison(int op, PyObject* a, PyObject* b) {
  Element x, y;
  if (!read(a, b, x, y)) return nullptr;
  return guarded([&] { return boolean(x.floating ? compared(op, x.f, y.f) : compared(op, x.i, y.i)); });
}

PyObject* element_negative(PyObject* a) {
  Element x;
  if (!read(a, x) || !elements_unwatched()) return nullptr;
  return guarded([&] {
    return wrap(x.floating ? array_of_element(DType::float64, -x.f)
                           : array_of_element(DType::int64, computed(ElementOp::subtract, 0, x.i)));
  });
}

PyObject* element_absolute(PyObject* a) {
  Element x;
  if (!read(a, x) || !elements_unwatched()) return nullptr;
  return guarded([&] {
    if (x.floating) return wrap(array_of_element(DType::float64, std::fabs(x.f)));
    return wrap(array_of_element(DType::int64, x.i < 0 ? computed(ElementOp::subtract, 0, x.i) : x.i));
  });
}

}  // namespace tnp::python

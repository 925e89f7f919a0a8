#include "python/elements.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "base/default_dtype.h"
#include "ops/elementwise/family.h"
#include "tnp/promotion.h"

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

// A new element of `size` bytes.
inline PyObject* wrap_bytes(DType dtype, const void* value, std::size_t size) {
  PyObject* spare = SpareObjects<Array>::take_whole();
  if (spare == nullptr) {
    Array out = Array::empty(dtype, kNoAxes);
    std::memcpy(out.node()->data, value, size);
    return wrap(std::move(out));
  }
  detail::Node* node = SpareObjects<Array>::value(spare).node();
  node->dtype = dtype;
  node->flags.store(detail::kContiguous, std::memory_order_relaxed);
  std::memcpy(node->data, value, size);
  return spare;
}

// Without memory the long way fails, too, and says so.
template <class F>
PyObject* short_way(F&& f) noexcept {
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

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// x mod y of y's sign, and the quotient that goes with it, as NumPy computes them (npy_divmod).
double floored_remainder(double x, double y) {
  const double rest = std::fmod(x, y);
  if (rest == 0) return std::copysign(0.0, y);
  return (y < 0) != (rest < 0) ? rest + y : rest;
}
double floored_quotient(double x, double y) {
  const double rest = std::fmod(x, y);
  double quotient = (x - rest) / y;
  if (rest != 0 && (y < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, x / y);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

// NaN where the kernel is to be asked.
double computed(ElementOp op, double x, double y) {
  switch (op) {
    case ElementOp::add:
      return x + y;
    case ElementOp::subtract:
      return x - y;
    case ElementOp::multiply:
      return x * y;
    case ElementOp::divide:
      return y == 0 ? kUnknown : x / y;
    case ElementOp::floor_divide:
      return y == 0 || !std::isfinite(x) || !std::isfinite(y) ? kUnknown : floored_quotient(x, y);
    case ElementOp::remainder:
      return y == 0 || !std::isfinite(x) || !std::isfinite(y) ? kUnknown : floored_remainder(x, y);
    default:
      return kUnknown;
  }
}

// x ** y as the operator computes it, which knows the exponents that Python's numbers are; NaN as above.
double raised(double x, double y, bool is_number) {
  if (is_number && y == 2) return x * x;
  if (is_number && y == 0.5) return std::sqrt(x);
  if (is_number && y == -1) return x == 0 ? kUnknown : 1 / x;
  static const ElementwiseInfo& power = *find_op("power")->elementwise;
  static const BlockKernel kernel = block_kernel(power, DType::float64);
  const void* in[] = {&x, &y};
  const std::int32_t step[] = {0, 0};
  double out;
  return kernel(&out, in, step, 1) == 0 ? out : kUnknown;
}
std::int64_t raised(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1, base *= base) {
    if (exponent & 1) result *= base;
  }
  return static_cast<std::int64_t>(result);
}

// Of integers, which wrap; absent where the kernel is to be asked.
std::optional<std::int64_t> computed(ElementOp op, std::int64_t x, std::int64_t y) {
  const auto a = static_cast<std::uint64_t>(x), b = static_cast<std::uint64_t>(y);
  switch (op) {
    case ElementOp::add:
      return static_cast<std::int64_t>(a + b);
    case ElementOp::subtract:
      return static_cast<std::int64_t>(a - b);
    case ElementOp::multiply:
      return static_cast<std::int64_t>(a * b);
    case ElementOp::bitwise_and:
      return x & y;
    case ElementOp::bitwise_or:
      return x | y;
    case ElementOp::bitwise_xor:
      return x ^ y;
    case ElementOp::left_shift:
      if (y < 0 || y > 63) return std::nullopt;
      return static_cast<std::int64_t>(a << y);
    case ElementOp::right_shift:
      if (y < 0 || y > 63) return std::nullopt;
      return x >> y;
    case ElementOp::floor_divide:
      if (y == 0 || y == -1) return std::nullopt;
      return x / y - ((x % y != 0 && (x < 0) != (y < 0)) ? 1 : 0);
    case ElementOp::remainder:
      if (y == 0 || y == -1) return std::nullopt;
      return x % y + ((x % y != 0 && (x < 0) != (y < 0)) ? y : 0);
    case ElementOp::power:
      if (y < 0) return std::nullopt;
      return raised(a, b);
    default:
      return std::nullopt;
  }
}

std::int64_t wrapped_negative(std::int64_t x) { return static_cast<std::int64_t>(-static_cast<std::uint64_t>(x)); }

PyObject* quotient_of_integers(std::int64_t x, std::int64_t y) {
  if (y == 0 || default_float() != DType::float64) return nullptr;
  return wrap_number(static_cast<double>(x) / static_cast<double>(y));
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
  const int size = itemsize(dtype);
  return size == 8 ? wrap_bytes(dtype, data, 8) : wrap_bytes(dtype, data, static_cast<std::size_t>(size));
}
PyObject* wrap_number(double value) { return wrap_bytes(DType::float64, &value, 8); }
PyObject* wrap_number(std::int64_t value) { return wrap_bytes(DType::int64, &value, 8); }

PyObject* element_operation(ElementOp op, PyObject* a, PyObject* b) {
  Element x, y;
  if (!read(a, b, x, y)) return nullptr;
  return short_way([&]() -> PyObject* {
    if (x.floating) {
      const double result = op == ElementOp::power ? raised(x.f, y.f, y.weak) : computed(op, x.f, y.f);
      // Overflow, division by zero, invalid: the kernel tells of them.
      return std::isfinite(result) ? wrap_number(result) : nullptr;
    }
    if (op == ElementOp::divide) return quotient_of_integers(x.i, y.i);
    const std::optional<std::int64_t> result = computed(op, x.i, y.i);
    return result ? wrap_number(*result) : nullptr;
  });
}

PyObject* element_comparison(int op, PyObject* a, PyObject* b) {
  Element x, y;
  if (!read(a, b, x, y)) return nullptr;
  return short_way([&] { return boolean(x.floating ? compared(op, x.f, y.f) : compared(op, x.i, y.i)); });
}

PyObject* element_negative(PyObject* a) {
  Element x;
  if (!read(a, x) || !elements_unwatched()) return nullptr;
  return short_way([&] { return x.floating ? wrap_number(-x.f) : wrap_number(wrapped_negative(x.i)); });
}

PyObject* element_positive(PyObject* a) {
  Element x;
  return read(a, x) && elements_unwatched() ? Py_NewRef(a) : nullptr;  // arrays do not change
}

ElementCall::ElementCall(const OpDef& op, std::size_t operands) {
  static constexpr std::string_view kBinary[] = {"add",          "subtract",    "multiply",   "divide",
                                                 "floor_divide", "remainder",   "power",      "bitwise_and",
                                                 "bitwise_or",   "bitwise_xor", "left_shift", "right_shift"};
  static constexpr std::string_view kComparison[] = {"less",      "less_equal", "equal",
                                                     "not_equal", "greater",    "greater_equal"};  // Py_LT … Py_GE
  static constexpr std::pair<std::string_view, Way> kUnary[] = {
      {"negative", Way::negative}, {"positive", Way::positive}, {"absolute", Way::absolute}};
  const std::string_view name = op.name;
  const auto find = [&](std::span<const std::string_view> names, Way way) {
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end()) return;
    way_ = way;
    code_ = static_cast<std::uint8_t>(it - names.begin());
  };
  if (operands == 2) {
    find(kBinary, Way::operation);
    find(kComparison, Way::comparison);
  }
  for (const auto& [unary, way] : kUnary) {
    if (operands == 1 && name == unary) way_ = way;
  }
}

PyObject* ElementCall::operator()(PyObject* a, PyObject* b) const {
  switch (way_) {
    case Way::operation:
      return element_operation(static_cast<ElementOp>(code_), a, b);
    case Way::comparison:
      return element_comparison(code_, a, b);
    case Way::negative:
      return element_negative(a);
    case Way::positive:
      return element_positive(a);
    case Way::absolute:
      return element_absolute(a);
    default:
      return nullptr;
  }
}

PyObject* element_absolute(PyObject* a) {
  Element x;
  if (!read(a, x) || !elements_unwatched()) return nullptr;
  return short_way([&] {
    if (x.floating) return wrap_number(std::fabs(x.f));
    return wrap_number(x.i < 0 ? wrapped_negative(x.i) : x.i);
  });
}

}  // namespace tnp::python

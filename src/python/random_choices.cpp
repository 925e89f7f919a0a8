// Integers, choices, arrangements and bytes as methods of Generator and RandomState.
#include "base/default_dtype.h"
#include "base/dim.h"
#include "python/random.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

constexpr unsigned kBoth = kGenerator | kLegacy;

Shape shape_or_scalar(const Value& size) { return size.given() ? size.shape() : Shape{}; }

// --- integers

// One end of a range of integers, of which the widest reach from -2^63 to 2^64 - 1.
struct Bound {
  bool negative;
  std::uint64_t bits;  // two's complement

  bool operator<(const Bound& other) const { return negative != other.negative ? negative : bits < other.bits; }
};

Bound bound_of(nb::handle o) {
  nb::object i = nb::steal(PyNumber_Index(o.ptr()));
  if (!i.is_valid()) throw nb::python_error();
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(i.ptr(), &overflow);
  if (overflow == 0) return {value < 0, static_cast<std::uint64_t>(value)};
  const unsigned long long large = overflow > 0 ? PyLong_AsUnsignedLongLong(i.ptr()) : 0;
  if (overflow < 0 || PyErr_Occurred()) {
    PyErr_Clear();
    throw ValueError("random integers: the bound " + nb::cast<std::string>(nb::str(i)) + " is out of range");
  }
  return {false, large};
}

// The smallest and the largest value of a type.
std::pair<Bound, Bound> range_of(DType type) {
  if (is_bool(type)) return {{false, 0}, {false, 1}};
  const int bits = static_cast<int>(itemsize(type)) * 8 - (is_signed_integer(type) ? 1 : 0);
  const std::uint64_t largest = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  return {{is_signed_integer(type), is_signed_integer(type) ? ~largest : 0}, {false, largest}};
}

void check_bounds(const Bound& from, const Bound& to, DType type, bool endpoint) {
  if (to < from) throw ValueError(std::string("random integers: low ") + (endpoint ? ">" : ">=") + " high");
  const auto [smallest, largest] = range_of(type);
  if (from < smallest) throw ValueError("random integers: low is out of bounds for " + std::string(name(type)));
  if (largest < to) throw ValueError("random integers: high is out of bounds for " + std::string(name(type)));
}

bool is_scalar_bound(const Value& v) {
  if (!v.given() || PyLong_Check(v.ptr())) return true;
  return PyIndex_Check(v.ptr()) && !PySequence_Check(v.ptr());
}

nb::object integers_between_arrays(PyStream& s, const Value& low, const Value& high, const Value& size, DType type,
                                   bool endpoint) {
  const DType wide = is_signed_integer(type) ? DType::int64 : DType::uint64;
  const auto bound = [&](const Value& v) {
    const Array a = as_array(v.ptr());
    if (!is_integer(a.dtype()) && !is_bool(a.dtype()) && !is_floating(a.dtype()))
      throw TypeError("random integers: bounds of type " + std::string(name(a.dtype())));
    if (!a.is_symbolic() && a.size() > 0) {
      // The ends in their own type: what lies outside of the result's is refused.
      const Array lowest = min(a), highest = max(a);
      const auto end = [&](const Array& x) {
        if (is_floating(x.dtype()))
          return Bound{x.item<double>() < 0, static_cast<std::uint64_t>(x.item<std::int64_t>())};
        if (x.dtype() == DType::uint64) return Bound{false, x.item<std::uint64_t>()};
        const auto value = x.item<std::int64_t>();
        return Bound{value < 0, static_cast<std::uint64_t>(value)};
      };
      auto [smallest, largest] = range_of(type);
      // `high` lies one above what is drawn.
      if (!endpoint && !(largest.bits == ~std::uint64_t{0})) ++largest.bits;
      if (end(lowest) < smallest || largest < end(highest))
        throw ValueError("random integers: low or high is out of bounds for " + std::string(name(type)));
    }
    return astype(a, wide);
  };
  const Array from = high.given() ? bound(low) : Scalar(0).to_array(wide), to = bound(high.given() ? high : low);
  const Array in[] = {from, to};
  const Shape shape = random_shape(in, size.given() ? Size(size.shape()) : Size());
  if (!endpoint && !from.is_symbolic() && !to.is_symbolic() && any(greater_equal(from, to)).item<bool>())
    throw ValueError("random integers: low >= high");
  const Array last = endpoint ? to : subtract(to, Scalar(1));
  return to_python(astype(random_bounded(s.stream, from, last, shape), type));
}

nb::object integers(const Value& self, const Value& low, const Value& high, const Value& size, const Value& dtype,
                    bool endpoint) {
  const DType type = dtype.given() ? *dtype.dtype() : DType::int64;
  if (!is_integer(type) && !is_bool(type))
    throw TypeError("random integers: unsupported dtype " + std::string(name(type)));
  PyStream& s = stream_of(self);
  if (!is_scalar_bound(low) || !is_scalar_bound(high))
    return integers_between_arrays(s, low, high, size, type, endpoint);
  nb::object last = nb::steal(PyNumber_Index(high.given() ? high.ptr() : low.ptr()));
  if (!last.is_valid()) throw nb::python_error();
  if (!endpoint) last = last - nb::int_(1);
  const Bound from = high.given() ? bound_of(low.handle()) : Bound{false, 0}, to = bound_of(last);
  check_bounds(from, to, type, endpoint);
  return to_python(random_integers_between(s.stream, from.bits, to.bits, shape_or_scalar(size), type));
}

TNP_RANDOM(integers_generator, "integers", kGenerator, "(self, low, high=None, size=None, dtype=None, endpoint=False)",
           "Integers from low to high, which is excluded unless endpoint; from 0 to low if high is None.") {
  const auto [self, low, high, size, dtype, endpoint] = take<6>(args);
  return integers(self, low, high, size, dtype, endpoint.flag());
}
TNP_RANDOM(randint, "randint", kLegacy, "(self, low, high=None, size=None, dtype=None)",
           "Integers from low to high, which is excluded; from 0 to low if high is None.") {
  const auto [self, low, high, size, dtype] = take<5>(args);
  return integers(self, low, high, size, dtype, false);
}
TNP_RANDOM(random_integers, "random_integers", kLegacy, "(self, low, high=None, size=None)",
           "Integers from low (1 if high is None) to high, which is included. Deprecated: use randint.") {
  const auto [self, low, high, size] = take<4>(args);
  if (PyErr_WarnEx(PyExc_DeprecationWarning, "This function is deprecated. Please call randint instead", 1) < 0)
    throw nb::python_error();
  nb::object one = nb::int_(1);
  return integers(self, high.given() ? low : Value(one.ptr()), high.given() ? high : low, size, Value(), true);
}
TNP_RANDOM(tomaxint, "tomaxint", kLegacy, "(self, size=None)", "Integers from 0 to the largest int64.") {
  const auto [self, size] = take<2>(args);
  return to_python(random_integers_between(stream_of(self).stream, 0, INT64_MAX, shape_or_scalar(size), DType::int64));
}
TNP_RANDOM(bytes, "bytes", kBoth, "(self, length)", "Random bytes.") {
  const auto [self, length] = take<2>(args);
  const std::vector<std::uint8_t> b = random_bytes(stream_of(self).stream, length.integer());
  return nb::steal(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(b.data()), std::ssize(b)));
}

// --- choices

struct Population {
  Array values;  // absent: the integers below the size
  std::int64_t size;
};

Population population_of(const Value& a, std::int64_t axis, bool legacy) {
  if (is_scalar_bound(a) && a.given()) {
    const std::int64_t n = a.integer();
    return {{}, n};
  }
  const Array x = a.array();
  const int ndim = x.ndim();
  if (ndim == 0) {
    if (is_integer(x.dtype()) && !x.is_symbolic()) return {{}, x.item<std::int64_t>()};
    throw ValueError("choice: a must be a sequence or an integer");
  }
  if (legacy && ndim != 1) throw ValueError("choice: a must be 1-dimensional");
  if (axis < -ndim || axis >= ndim) {
    throw AxisError("axis " + std::to_string(axis) + " is out of bounds for array of dimension " +
                    std::to_string(ndim));
  }
  return {x, x.shape()[static_cast<int>(axis < 0 ? axis + ndim : axis)]};
}

nb::object choose(const Value& self, const Value& a, const Value& size, bool replace, const Value& p,
                  std::int64_t axis) {
  PyStream& s = stream_of(self);
  const Population from = population_of(a, axis, s.legacy);
  const Shape shape = shape_or_scalar(size);
  const std::int64_t count = dim_product(shape);
  if (!is_symbolic(from.size) && from.size <= 0 && count != 0)
    throw ValueError("choice: a must be a positive integer or not empty unless no samples are taken");
  if (!is_symbolic(from.size) && from.size < 0) throw ValueError("choice: a must not be negative");
  if (!replace && !is_symbolic(count) && !is_symbolic(from.size) && count > from.size)
    throw ValueError("choice: cannot take a larger sample than population when replace is False");
  Array indices;
  if (p.given()) {
    const Array weights = as_array(p.ptr(), {DType::float64, std::nullopt});
    if (weights.ndim() != 1) throw ValueError("choice: p must be 1-dimensional");
    if (weights.shape()[0] != from.size && !is_symbolic(weights.shape()[0]) && !is_symbolic(from.size))
      throw ValueError("choice: a and p must have same size");
    indices = random_choice(s.stream, weights, shape, replace);
  } else if (replace && is_symbolic(from.size)) {
    const Array last = subtract(dim_value(from.size, DType::int64), Scalar(1));
    indices = random_bounded(s.stream, Scalar(0).to_array(DType::int64), last, shape);
  } else if (replace) {
    indices = count == 0 ? zeros(shape, DType::int64) : random_integers(s.stream, 0, from.size, shape);
  } else {
    indices = reshape(random_permutation(s.stream, from.size, count, {}), shape);
  }
  return to_python(from.values ? take(from.values, indices, axis) : indices);
}

TNP_RANDOM(choice_generator, "choice", kGenerator, "(self, a, size=None, replace=True, p=None, axis=0, shuffle=True)",
           "Elements of a (or of the integers below a), drawn with the probabilities p.") {
  const auto [self, a, size, replace, p, axis] = take<6>(args);
  return choose(self, a, size, replace.flag(true), p, axis.integer(0));
}
TNP_RANDOM(choice_legacy, "choice", kLegacy, "(self, a, size=None, replace=True, p=None)",
           "Elements of a (or of the integers below a), drawn with the probabilities p.") {
  const auto [self, a, size, replace, p] = take<5>(args);
  return choose(self, a, size, replace.flag(true), p, 0);
}

// --- arrangements

nb::object permutation(const Value& self, const Value& x, std::int64_t axis) {
  PyStream& s = stream_of(self);
  if (is_scalar_bound(x) && x.given()) {
    const std::int64_t n = std::max<std::int64_t>(x.integer(), 0);
    return to_python(random_permutation(s.stream, n, n, {}));
  }
  const Array a = x.array();
  if (s.legacy && a.ndim() == 0) throw IndexError("permutation: x must be an integer or at least 1-dimensional");
  return to_python(random_shuffled(s.stream, a, axis));
}
TNP_RANDOM(permutation_generator, "permutation", kGenerator, "(self, x, axis=0)",
           "The elements along an axis (or the integers below x) in random order.") {
  const auto [self, x, axis] = take<3>(args);
  return permutation(self, x, axis.integer(0));
}
TNP_RANDOM(permutation_legacy, "permutation", kLegacy, "(self, x)",
           "The elements along the first axis (or the integers below x) in random order.") {
  const auto [self, x] = take<2>(args);
  return permutation(self, x, 0);
}

nb::object shuffled(const Value& self, const Value& x, std::int64_t axis) {
  const Array a = x.array();
  if (a.ndim() == 0) throw TypeError("shuffle: a 0-dimensional array has nothing to shuffle");
  return to_python(random_shuffled(stream_of(self).stream, a, axis));
}
TNP_RANDOM(shuffle_generator, "shuffle", kGenerator, "(self, x, axis=0)",
           "The elements along an axis in random order, returned: arrays are immutable, and x stays as it is.") {
  const auto [self, x, axis] = take<3>(args);
  return shuffled(self, x, axis.integer(0));
}
TNP_RANDOM(shuffle_legacy, "shuffle", kLegacy, "(self, x)",
           "The elements along the first axis in random order, returned: arrays are immutable, and x stays as it is.") {
  const auto [self, x] = take<2>(args);
  return shuffled(self, x, 0);
}
TNP_RANDOM(permuted, "permuted", kGenerator, "(self, x, *, axis=None, out=None)",
           "Each row along the axis in a random order of its own; all elements if it is None.") {
  const auto [self, x, axis] = take<3>(args);
  return to_python(random_permuted(stream_of(self).stream, x.array(), axis.axis()));
}

}  // namespace

}  // namespace tnp::python

// The functions that are not elementwise: the standard's limits, then NumPy's function of the same meaning.
#include <algorithm>
#include <complex>
#include <limits>

#include "array_api/peek.h"
#include "base/dim.h"
#include "numpy/reduction_axes.h"
#include "tnp/array_api.h"
#include "tnp/creation.h"
#include "tnp/cumulative.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/numeric.h"
#include "tnp/products.h"
#include "tnp/reductions.h"

namespace tnp::array_api {

namespace {

tnp::Reduction options(const Reduction& over, std::optional<DType> dtype = {}) {
  tnp::Reduction o;
  o.axis = over.axis;
  o.dtype = dtype;
  o.keepdims = over.keepdims;
  return o;
}

// The type given for the result of sum and prod.
std::optional<DType> checked_dtype(const char* function, const Array& x, std::optional<DType> dtype) {
  check_category(function, x.dtype(), Category::numeric);
  return dtype;
}

void check_pair(const char* function, const Array& x, const Array& y) {
  check_category(function, x.dtype(), Category::numeric);
  check_category(function, y.dtype(), Category::numeric);
  promote(function, x.dtype(), y.dtype());
}

DType common_dtype(const char* function, std::span<const Array> arrays) {
  if (arrays.empty()) throw ValueError(std::string(function) + ": at least one array is needed");
  DType out = arrays[0].dtype();
  for (const Array& x : arrays.subspan(1)) out = promote(function, out, x.dtype());
  return out;
}

void check_matrix(const char* function, const Array& x) {
  if (x.ndim() >= 2) return;
  throw ValueError(std::string(function) + ": an array of at least 2 dimensions is needed, not one of shape " +
                   x.shape().str());
}

}  // namespace

// --- statistics

DType sum_dtype(DType x, Device device) {
  const DefaultTypes types = default_types(device);
  const auto wider = [x](DType d) { return itemsize(d) > itemsize(x) ? d : x; };
  if (is_unsigned_integer(x)) return wider(types.integer == DType::int32 ? DType::uint32 : DType::uint64);
  if (is_integer(x)) return wider(types.integer);
  if (flags().version >= k2023) return x;
  return is_complex(x) ? wider(types.complex) : is_floating(x) ? wider(types.real) : x;
}

Array sum(const Array& x, const Reduction& over, std::optional<DType> dtype) {
  return tnp::sum(x, options(over, checked_dtype("sum", x, dtype)));
}

Array prod(const Array& x, const Reduction& over, std::optional<DType> dtype) {
  return tnp::prod(x, options(over, checked_dtype("prod", x, dtype)));
}

Array max(const Array& x, const Reduction& over) {
  check_category("max", x.dtype(), Category::real_numeric);
  return tnp::max(x, options(over));
}

Array min(const Array& x, const Reduction& over) {
  check_category("min", x.dtype(), Category::real_numeric);
  return tnp::min(x, options(over));
}

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// im * 1j, also where im is not finite, as the product's real part would be NaN there.
Array imaginary(const Array& im, DType type) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const auto constant = [type](double part) { return Scalar(std::complex<double>(0, part)).to_array(type); };
  const Array infinite = tnp::where(less(im, 0), constant(-inf), constant(inf));
  const Array special = tnp::where(isnan(im), constant(kNan), infinite);
  return tnp::where(isfinite(im), multiply(tnp::astype(im, type), constant(1)), special);
}

// A mean of complex numbers whose parts do not touch each other: the quotient of a complex sum mixes them where one is
// not finite.
Array part_by_part(const Array& x, const Reduction& over, const Array& mean) {
  if (all_finite(mean).value_or(false)) return mean;
  const Array re = tnp::mean(real(x), options(over)), im = tnp::mean(imag(x), options(over));
  return tnp::where(isfinite(mean), mean, add(tnp::astype(re, x.dtype()), imaginary(im, x.dtype())));
}

// NaN where the number of elements less the correction is not positive, where NumPy's quotient may be infinite.
template <class Spread>
Array with_freedom(const Array& x, const Reduction& over, double correction, Spread&& spread) {
  const Dim count = reduced_count(x, reduction_axes(x, over.axis));
  if (is_symbolic(count)) {
    const Array divisor = subtract(tnp::astype(dim_value(count, DType::int64), DType::float64), Scalar(correction));
    return tnp::where(greater(divisor, 0), spread(), Scalar(kNan).to_array(x.dtype()));
  }
  if (static_cast<double>(count) - correction > 0) return spread();
  return multiply(tnp::sum(x, options(over)), Scalar(kNan));
}

}  // namespace

Array mean(const Array& x, const Reduction& over) {
  check_category("mean", x.dtype(), flags().version < k2024 ? Category::real_floating : Category::floating);
  const Array out = tnp::mean(x, options(over));
  return is_complex(x.dtype()) ? part_by_part(x, over, out) : out;
}

Array std(const Array& x, const Reduction& over, double correction) {
  check_category("std", x.dtype(), Category::real_floating);
  Spread spread;
  spread.ddof = correction;
  return with_freedom(x, over, correction, [&] { return tnp::std(x, options(over), spread); });
}

Array var(const Array& x, const Reduction& over, double correction) {
  check_category("var", x.dtype(), Category::real_floating);
  Spread spread;
  spread.ddof = correction;
  return with_freedom(x, over, correction, [&] { return tnp::var(x, options(over), spread); });
}

namespace {

tnp::Cumulative cumulation(const char* function, const Array& x, const Cumulation& over, DType dtype) {
  checked_dtype(function, x, dtype);
  if (x.ndim() == 0) {
    throw ValueError(std::string(function) + ": the standard leaves arrays of 0 dimensions to each library: write " +
                     function + "(reshape(x, (1,)))");
  }
  if (!over.axis && x.ndim() > 1) {
    throw ValueError(
        std::string(function) +
        ": the standard wants axis where x has more than one dimension: write axis=…, or reshape(x, (-1,))");
  }
  return {over.axis, dtype, over.include_initial};
}

}  // namespace

Array cumulative_sum(const Array& x, const Cumulation& over, DType dtype) {
  return tnp::cumulative_sum(x, cumulation("cumulative_sum", x, over, dtype));
}

Array cumulative_prod(const Array& x, const Cumulation& over, DType dtype) {
  return tnp::cumulative_prod(x, cumulation("cumulative_prod", x, over, dtype));
}

Array argmax(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  check_category("argmax", x.dtype(), Category::real_numeric);
  return tnp::argmax(x, axis, keepdims);
}

Array argmin(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  check_category("argmin", x.dtype(), Category::real_numeric);
  return tnp::argmin(x, axis, keepdims);
}

Array diff(const Array& x, std::int64_t axis, std::int64_t n, const Array& prepend, const Array& append) {
  check_category("diff", x.dtype(), Category::numeric);
  for (const Array* part : {&prepend, &append}) {
    if (*part && (*part).dtype() != x.dtype()) {
      throw TypeError(
          "diff: the standard defines prepend and append of x's own type only: convert with astype(v, x.dtype)");
    }
  }
  return tnp::diff(x, n, axis, prepend, append);
}

// --- types and choices

Array astype(const Array& x, DType dtype) {
  if (is_complex(x.dtype()) && !is_complex(dtype)) {
    throw TypeError("astype: the standard does not convert complex numbers to " + std::string(dtype_name(dtype)) +
                    ": take real(x), imag(x) or abs(x) first");
  }
  return tnp::astype(x, dtype);
}

namespace {

// A bound of clip as an array beside x; absent if it bounds nothing.
Array bound_of(const char* which, const Array& x, const Operand* bound) {
  if (bound == nullptr) return {};
  const std::string what = std::string("clip: ") + which;
  if (bound->is_array()) {
    const DType d = bound->array().dtype();
    if (!contains(Category::real_numeric, d) || is_integer(d) != is_integer(x.dtype())) {
      throw TypeError(what + " of type " + std::string(dtype_name(d)) + " does not bound an array of type " +
                      std::string(dtype_name(x.dtype())) +
                      ", as the standard wants both of one kind: convert it with astype");
    }
    return bound->array();
  }
  const Scalar& s = bound->scalar();
  const bool fits = s.kind == WeakKind::integer || (s.kind == WeakKind::floating && is_floating(x.dtype()));
  if (!fits) {
    throw TypeError(what +
                    " must be an int for integers, and an int or a float for floating-point numbers, as the standard "
                    "mixes no kinds: convert x with astype(x, dtype)");
  }
  return s.to_array(x.dtype());
}

// The range of an integer type as numbers that __int128 holds.
__int128 least_of(DType d) { return is_unsigned_integer(d) ? 0 : -(__int128{1} << (8 * itemsize(d) - 1)); }
__int128 most_of(DType d) { return (__int128{1} << (8 * itemsize(d) - (is_unsigned_integer(d) ? 0 : 1))) - 1; }

__int128 integer_of(const Scalar& s) {
  if (const auto* u = std::get_if<std::uint64_t>(&s.value)) return *u;
  return std::get<std::int64_t>(s.value);
}

// A Python int beside integers: out of their range it bounds nothing, or everything.
Array integer_bound(const char* which, bool lower, const Array& x, const Operand& bound) {
  const __int128 v = integer_of(bound.scalar());
  if (lower ? v <= least_of(x.dtype()) : v >= most_of(x.dtype())) return {};
  if (lower ? v > most_of(x.dtype()) : v < least_of(x.dtype())) {
    throw OverflowError(std::string("clip: ") + which + " is out of the bounds of " +
                        std::string(dtype_name(x.dtype())));
  }
  return bound.scalar().to_array(x.dtype());
}

Array clip_bound(const char* which, bool lower, const Array& x, const Operand* bound) {
  if (bound != nullptr && !bound->is_array() && is_integer(x.dtype()) && bound->scalar().kind == WeakKind::integer) {
    return integer_bound(which, lower, x, *bound);
  }
  return bound_of(which, x, bound);
}

constexpr const char* kOrderOfBounds =
    "clip: min is greater than max, for which the standard defines no result: write minimum(maximum(x, min), max)";

void check_order(const Array& low, const Array& high) {
  if (!low || !high || low.is_symbolic() || high.is_symbolic()) return;
  const std::optional<bool> known = any_greater(low, high);
  if (known ? *known : tnp::any(greater(low, high)).item<bool>()) throw ValueError(kOrderOfBounds);
}

}  // namespace

namespace {

bool is_number(const Operand* bound) { return bound == nullptr || !bound->is_array(); }

// Python numbers as bounds: compared as numbers, they need no arrays.
void check_numbers(const Array& x, const Operand* lower, const Operand* upper) {
  for (const Operand* bound : {lower, upper}) {
    const char* which = bound == lower ? "min" : "max";
    if (bound == nullptr) continue;
    if (is_integer(x.dtype()) && bound->scalar().kind == WeakKind::integer) {
      integer_bound(which, bound == lower, x, *bound);
    } else {
      bound_of(which, x, bound);
    }
  }
  if (lower == nullptr || upper == nullptr) return;
  const auto number = [](const Operand& o) {
    return std::visit(
        [](auto v) {
          if constexpr (std::is_same_v<decltype(v), std::complex<double>>) {
            return 0.0L;
          } else {
            return static_cast<long double>(v);
          }
        },
        o.scalar().value);
  };
  if (number(*lower) > number(*upper)) throw ValueError(kOrderOfBounds);
}

}  // namespace

Array clip(const Array& x, const Operand* lower, const Operand* upper) {
  check_category("clip", x.dtype(), Category::real_numeric);
  if (is_number(lower) && is_number(upper)) {
    check_numbers(x, lower, upper);
    return lower || upper ? tnp::clip(x, lower, upper) : x;
  }
  const Array low = clip_bound("min", true, x, lower), high = clip_bound("max", false, x, upper);
  if (low) promote("clip", x.dtype(), low.dtype());
  if (high) promote("clip", x.dtype(), high.dtype());
  check_order(low, high);
  if ((low || high) && (!low || low.dtype() == x.dtype()) && (!high || high.dtype() == x.dtype())) {
    const Operand least(low), most(high);
    return tnp::clip(x, low ? &least : nullptr, high ? &most : nullptr);
  }
  Array out = x;
  if (low) out = maximum(out, low);
  if (high) out = minimum(out, high);
  return tnp::astype(out, x.dtype());
}

Array where(const Array& condition, const Operand& x, const Operand& y) {
  if (!is_bool(condition.dtype())) {
    throw TypeError("where: the standard wants a boolean condition, not one of type " +
                    std::string(dtype_name(condition.dtype())) + ": write condition != 0");
  }
  if (!x.is_array() && !y.is_array()) {
    throw TypeError("where: one of x1 and x2 must be an array: write asarray(x) for a scalar");
  }
  const DType beside = x.is_array() ? x.array().dtype() : y.array().dtype();
  const auto as_array = [&](const Operand& o) {
    return o.is_array() ? o.array() : o.scalar().to_array(scalar_dtype("where", beside, o.scalar().kind));
  };
  const Array a = as_array(x), b = as_array(y);
  promote("where", a.dtype(), b.dtype());
  return tnp::where_of(condition, a, b);
}

// --- shapes

Array concat(std::span<const Array> arrays, std::optional<std::int64_t> axis) {
  JoinOptions o;
  o.axis = axis;
  o.dtype = common_dtype("concat", arrays);
  return tnp::concatenate(arrays, o);
}

Array stack(std::span<const Array> arrays, std::int64_t axis) {
  JoinOptions o;
  o.dtype = common_dtype("stack", arrays);
  return tnp::stack(arrays, axis, o);
}

Arrays meshgrid(std::span<const Array> arrays, bool matrix_indexing) {
  for (const Array& x : arrays) {
    if (x.dtype() != arrays[0].dtype()) {
      throw ValueError("meshgrid: the standard wants arrays of one data type: convert them with astype(x, dtype)");
    }
    if (x.ndim() != 1) {
      throw ValueError("meshgrid: the standard wants one-dimensional arrays, not one of shape " + x.shape().str() +
                       ": write reshape(x, (-1,))");
    }
  }
  return tnp::meshgrid(arrays, false, matrix_indexing);
}

Array tril(const Array& x, std::int64_t k) {
  check_matrix("tril", x);
  return tnp::tril(x, k);
}

Array triu(const Array& x, std::int64_t k) {
  check_matrix("triu", x);
  return tnp::triu(x, k);
}

Array repeat(const Array& x, const Array& counts, std::optional<std::int64_t> axis) {
  check_category("repeat: repeats", counts.dtype(), Category::integer);
  return tnp::repeat(x, tnp::astype(counts, DType::int64), axis);
}

namespace {

void check_indices(const char* function, const Array& indices) {
  if (!is_integer(indices.dtype())) {
    throw TypeError(std::string(function) + ": the standard takes integers as indices only, not " +
                    std::string(dtype_name(indices.dtype())) + ": write astype(indices, int64)");
  }
}

// Indices as NumPy takes them. What int64 can not hold is out of bounds.
Array signed_indices(const Array& indices) {
  if (indices.dtype() != DType::uint64) return indices;
  return tnp::astype(minimum(indices, Scalar(std::numeric_limits<std::int64_t>::max()).to_array(DType::uint64)),
                     DType::int64);
}

}  // namespace

Array take(const Array& x, const Array& indices, std::optional<std::int64_t> axis) {
  check_indices("take", indices);
  if (!axis && x.ndim() != 1) {
    throw ValueError(
        "take: the standard wants axis where x does not have one dimension: write take(x, indices, axis=0)");
  }
  if (indices.ndim() != 1) {
    throw ValueError("take: the standard wants one-dimensional indices, not an array of shape " +
                     indices.shape().str() + ": write reshape(indices, (-1,))");
  }
  return tnp::take(x, signed_indices(indices), axis.value_or(0));
}

Array take_along_axis(const Array& x, const Array& indices, std::int64_t axis) {
  check_indices("take_along_axis", indices);
  return tnp::take_along_axis(x, signed_indices(indices), axis);
}

// --- products

Array matmul(const Array& x, const Array& y) {
  check_pair("matmul", x, y);
  return tnp::matmul(x, y);
}

Array matrix_transpose(const Array& x) {
  check_matrix("matrix_transpose", x);
  return tnp::matrix_transpose(x);
}

Array transpose(const Array& x) {
  if (x.ndim() != 2) {
    throw ValueError("x.T: the standard defines it for 2 dimensions only, not for shape " + x.shape().str() +
                     ": write x.mT for a stack of matrices, permute_dims(x, axes) else");
  }
  return tnp::matrix_transpose(x);
}

Array tensordot(const Array& x, const Array& y, const std::pair<Axes, Axes>& axes) {
  check_pair("tensordot", x, y);
  return tnp::tensordot(x, y, axes.first, axes.second);
}

Array tensordot(const Array& x, const Array& y, std::int64_t axes) {
  check_pair("tensordot", x, y);
  return tnp::tensordot(x, y, axes);
}

Array vecdot(const Array& x, const Array& y, std::int64_t axis) {
  check_pair("vecdot", x, y);
  const std::int64_t ndim = std::min(x.ndim(), y.ndim());
  const std::int64_t most = std::max(x.ndim(), y.ndim());
  // Until 2022.12 it counted from the front of the broadcast shape.
  if (flags().version < k2023 && axis >= 0 && axis < most) axis -= most;
  if (axis >= 0 && axis < most) throw ValueError("vecdot: the standard wants a negative axis: write axis - x.ndim");
  if (axis < -ndim || axis >= most) {
    throw AxisError("vecdot: axis " + std::to_string(axis) + " is out of bounds for shapes " + x.shape().str() +
                    " and " + y.shape().str());
  }
  const std::int64_t n = x.shape()[static_cast<int>(x.ndim() + axis)], m = y.shape()[static_cast<int>(y.ndim() + axis)];
  if (n != m && !is_symbolic(n) && !is_symbolic(m)) {
    throw ValueError("vecdot: the vectors have different sizes in shapes " + x.shape().str() + " and " +
                     y.shape().str());
  }
  return tnp::vecdot(x, y, axis);
}

}  // namespace tnp::array_api

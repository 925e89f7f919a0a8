#include "tnp/numeric.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "base/default_dtype.h"
#include "base/dim.h"
#include "numpy/blocks.h"
#include "numpy/from_parts.h"
#include "ops/elementwise/one_pass.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/operators.h"
#include "tnp/reductions.h"

namespace tnp {

namespace {

// Up to here a condition is cast before the choice, not in blocks within it: that takes fewer steps.
constexpr std::int64_t kSmallCondition = 1024;

// The type of the choice, if arrays alone or one array and a scalar that gives way decide it.
std::optional<DType> choice_type(const Operand& x, const Operand& y) {
  if (x.is_array() && y.is_array()) return promote(x.array().dtype(), y.array().dtype());
  if (x.is_array()) return promote(x.array().dtype(), y.scalar().kind);
  if (y.is_array()) return promote(y.array().dtype(), x.scalar().kind);
  return std::nullopt;
}

}  // namespace

Array where_of(const Array& condition, const Operand& x, const Operand& y) {
  const std::optional<DType> type = choice_type(x, y);
  if (type == condition.dtype()) return where(condition, x, y);
  Array c = is_bool(condition.dtype()) ? condition : astype(condition, DType::bool_);
  if (type && is_numeric(*type) && c.shape().is_static() && c.shape().num_elements() <= kSmallCondition)
    c = astype(c, *type);
  return where(c, x, y);
}

namespace {

// Whether a weak integer bound lies at or beyond the end of an integer type, so that it bounds nothing.
bool bounds_nothing(const Array& x, const Operand& bound, bool upper) {
  if (bound.is_array() || bound.scalar().kind != WeakKind::integer || !is_integer(x.dtype())) return false;
  const int bits = 8 * itemsize(x.dtype());
  if (const auto* u = std::get_if<std::uint64_t>(&bound.scalar().value)) {
    const std::uint64_t greatest =
        is_unsigned_integer(x.dtype()) ? ~std::uint64_t{0} >> (64 - bits) : ~std::uint64_t{0} >> (65 - bits);
    return upper && *u >= greatest;
  }
  const std::int64_t v = std::get<std::int64_t>(bound.scalar().value);
  if (is_unsigned_integer(x.dtype())) {
    if (upper) return bits < 64 && v >= static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1);
    return v <= 0;
  }
  const std::int64_t greatest = static_cast<std::int64_t>(~std::uint64_t{0} >> (65 - bits));
  return upper ? v >= greatest : v <= -greatest - 1;
}

}  // namespace

Array clip(const Array& x, const Operand* lower, const Operand* upper) {
  if (!lower && !upper) return positive(x);
  if (lower && bounds_nothing(x, *lower, false)) lower = nullptr;
  if (upper && bounds_nothing(x, *upper, true)) upper = nullptr;
  if (lower && upper) return clip_between(x, *lower, *upper);
  return lower ? maximum(x, *lower) : upper ? minimum(x, *upper) : x;
}

Array round(const Array& x, int decimals) {
  if (decimals == 0) return is_integer(x.dtype()) ? x : rint(x);
  if (is_integer(x.dtype())) {
    if (decimals > 0) return x;
    const Scalar power(std::pow(10.0, -decimals));
    return astype(multiply(rint(divide(x, power)), power), x.dtype());
  }
  if (is_complex(x.dtype())) {
    return from_parts(round(real(x), decimals), round(imag(x), decimals));
  }
  const Scalar power(std::pow(10.0, std::abs(decimals)));
  if (const Array y = rounded(x, std::get<double>(power.value), decimals > 0)) return y;
  return by_blocks({x}, [&](std::span<const Array> in) {
    const Array& a = in[0];
    return decimals > 0 ? divide(rint(multiply(a, power)), power) : multiply(rint(divide(a, power)), power);
  });
}

Array fix(const Array& x) { return trunc(x); }

Array angle(const Array& z, bool degrees) {
  const Array a = is_complex(z.dtype()) ? arctan2(imag(z), real(z)) : arctan2(0, z);
  return degrees ? multiply(a, 180 / std::numbers::pi) : a;
}

Array nan_to_num(const Array& x, const Array& nan, const Array& posinf, const Array& neginf) {
  if (!is_inexact(x.dtype())) return x;
  if (is_complex(x.dtype())) {
    const Array re = nan_to_num(real(x), nan, posinf, neginf), im = nan_to_num(imag(x), nan, posinf, neginf);
    return from_parts(re, im);
  }
  const double greatest = x.dtype() == DType::float16    ? 65504.0
                          : x.dtype() == DType::bfloat16 ? 3.3895313892515355e38
                          : x.dtype() == DType::float32  ? std::numeric_limits<float>::max()
                                                         : std::numeric_limits<double>::max();
  const auto value = [&](const Array& given, double otherwise) {
    return given ? astype(given, x.dtype()) : Scalar(otherwise).to_array(x.dtype());
  };
  const Scalar infinity(std::numeric_limits<double>::infinity()), minus(-std::numeric_limits<double>::infinity());
  const Array above = value(posinf, greatest), below = value(neginf, -greatest), none = value(nan, 0);
  return by_blocks({x, above, below, none}, [&](std::span<const Array> in) {
    const Array finite = where(in[0] == infinity, in[1], where(in[0] == minus, in[2], in[0]));
    return where(isnan(in[0]), in[3], finite);
  });
}

namespace {

Array sinc_of(const Array& x) {
  const Array y = multiply(x, std::numbers::pi);
  // A small number stands for 0, where sin(y) / y is 1.
  const int bits = y.dtype() == DType::float16    ? 10
                   : y.dtype() == DType::bfloat16 ? 7
                   : y.dtype() == DType::float32  ? 23
                                                  : 52;
  const Array safe = where(y == 0, is_complex(y.dtype()) ? 1e-20 : std::ldexp(1.0, -bits), y);
  return divide(sin(safe), safe);
}

}  // namespace

Array sinc(const Array& x) {
  return by_blocks({x}, [](std::span<const Array> in) { return sinc_of(in[0]); });
}

// --- kinds of numbers

Array isposinf(const Array& x) {
  if (is_complex(x.dtype()))
    throw TypeError("isposinf: This operation is not supported for " + std::string(name(x.dtype())) +
                    " values because it would be ambiguous.");
  return logical_and(isinf(x), logical_not(signbit(x)));
}
Array isneginf(const Array& x) {
  if (is_complex(x.dtype()))
    throw TypeError("isneginf: This operation is not supported for " + std::string(name(x.dtype())) +
                    " values because it would be ambiguous.");
  return logical_and(isinf(x), signbit(x));
}
namespace {

// Whether the imaginary parts are 0, or not.
Array imaginary_parts_are(bool zero, const Array& x) {
  if (!is_complex(x.dtype())) return full(x.shape(), Array(zero));
  if (const Array y = imaginary_parts_compared(x, zero)) return y;
  return by_blocks({x}, [zero](std::span<const Array> in) {
    const Array im = imag(in[0]);
    return zero ? im == 0 : im != 0;
  });
}

}  // namespace

Array iscomplex(const Array& x) { return imaginary_parts_are(false, x); }
Array isreal(const Array& x) { return imaginary_parts_are(true, x); }

// --- comparisons of arrays

Array isclose(const Array& x, const Array& b, const Operand& rtol, const Operand& atol, bool equal_nan) {
  const auto close = [equal_nan](const Array& a, const Array& given, const Operand& relative,
                                 const Operand& absolute_) {
    const Array c = astype(given, promote(given.dtype(), WeakKind::floating));
    const Array near = less_equal(absolute(subtract(a, c)), add(absolute_, multiply(relative, absolute(c))));
    const Array both = logical_or(logical_and(near, isfinite(c)), equal(a, c));
    return equal_nan ? logical_or(both, logical_and(isnan(a), isnan(c))) : both;
  };
  if (rtol.is_array() || atol.is_array()) return close(x, b, rtol, atol);
  return by_blocks({x, b}, [&](std::span<const Array> in) { return close(in[0], in[1], rtol, atol); });
}

Array allclose(const Array& x, const Array& y, const Operand& rtol, const Operand& atol, bool equal_nan) {
  return all(isclose(x, y, rtol, atol, equal_nan));
}

namespace {

// Of arrays of one shape.
Array elements_equal(const Array& x, const Array& y, bool equal_nan) {
  Array equals = equal(x, y);
  if (equal_nan && is_inexact(x.dtype()) && is_inexact(y.dtype())) {
    if (computes_directly({&equals}) && all(equals).item<bool>()) return Array(true);  // nearly always: no NaN
    equals = logical_or(equals, logical_and(isnan(x), isnan(y)));
  }
  return all(equals);
}

// Where only the run tells whether the shapes are one: that they are, and the elements of what both have.
Array sizes_and_elements_equal(const Array& x, const Array& y, bool equal_nan) {
  Array sizes(true);
  std::vector<SliceSpec> both;
  for (int i = 0; i < x.ndim(); ++i) {
    const Dim a = x.shape()[i], b = y.shape()[i];
    both.push_back({0, 1, dim_min(a, b)});
    if (a != b) sizes = logical_and(sizes, equal(dim_value(a, DType::int64), dim_value(b, DType::int64)));
  }
  return logical_and(sizes, elements_equal(slice(x, both), slice(y, both), equal_nan));
}

}  // namespace

Array array_equal(const Array& x, const Array& y, bool equal_nan) {
  if (x.node() == y.node() && !x.is_symbolic() && (equal_nan || !is_inexact(x.dtype()))) return Array(true);
  bool same = x.ndim() == y.ndim(), known = true;
  for (int i = 0; same && i < x.ndim(); ++i) {
    const Dim a = x.shape()[i], b = y.shape()[i];
    same = a == b || is_symbolic(a) || is_symbolic(b);
    known = known && a == b;
  }
  if (!same) return Array(false);
  return known ? elements_equal(x, y, equal_nan) : sizes_and_elements_equal(x, y, equal_nan);
}

// Where only the run tells whether the shapes are compatible: that they are, and the elements of what fits.
static Array sizes_and_elements_equiv(const Array& x, const Array& y) {
  Array sizes(true);
  std::vector<SliceSpec> x_part, y_part;
  const int n = std::max(x.ndim(), y.ndim());
  const auto size_along = [n](const Array& a, int i) {
    const int own = i - (n - a.ndim());
    return own < 0 ? Dim{1} : a.shape()[own];
  };
  for (int i = 0; i < n; ++i) {
    const Dim a = size_along(x, i), b = size_along(y, i), both = dim_min(a, b);
    const auto is_one = [](Dim d) { return dim_max(0, dim_sub(1, dim_max(dim_sub(d, 1), dim_sub(1, d)))); };
    const auto fitting = [&](Dim own, Dim other) { return dim_add(both, dim_mul(is_one(other), dim_sub(own, both))); };
    if (i >= n - x.ndim()) x_part.push_back({0, 1, a == b ? a : fitting(a, b)});
    if (i >= n - y.ndim()) y_part.push_back({0, 1, a == b ? b : fitting(b, a)});
    if (a == b || a == 1 || b == 1) continue;
    const Array p = dim_value(a, DType::int64), q = dim_value(b, DType::int64);
    sizes = logical_and(sizes, logical_or(equal(p, q), logical_or(equal(p, Scalar(1)), equal(q, Scalar(1)))));
  }
  return logical_and(sizes, all(equal(slice(x, x_part), slice(y, y_part))));
}

Array array_equiv(const Array& x, const Array& y) {
  if (!x.shape().is_static() || !y.shape().is_static()) return sizes_and_elements_equiv(x, y);
  Shape shape;
  if (!try_broadcast(x.shape(), y.shape(), shape)) return Array(false);
  return all(equal(x, y));
}

// --- differences

namespace {

Array part(const Array& x, int axis, Dim start, Dim count) {
  std::vector<SliceSpec> axes;
  for (int i = 0; i < x.ndim(); ++i)
    axes.push_back(i == axis ? SliceSpec{start, 1, count} : SliceSpec{0, 1, x.shape()[i]});
  return slice(x, axes);
}

// All but the first, and all but the last along an axis.
struct Neighbours {
  Array next, previous;
};
Neighbours neighbours(const Array& x, int axis) {
  const Dim n = x.shape()[axis], count = is_symbolic(n) ? dim_max(0, dim_sub(n, 1)) : std::max<Dim>(n - 1, 0);
  return {part(x, axis, count == 0 ? 0 : 1, count), part(x, axis, 0, count)};
}

}  // namespace

Array diff(const Array& a, std::int64_t n, std::int64_t axis, const Array& prepend, const Array& append) {
  if (n == 0) return a;
  if (n < 0) throw ValueError("order must be non-negative but got " + std::to_string(n));
  if (a.ndim() == 0) throw ValueError("diff requires input that is at least one dimensional");
  const int at = normalize_axis(axis, a.ndim());
  Array x = a;
  if (prepend || append) {
    Shape one = a.shape();
    one[at] = 1;
    Arrays parts;
    const auto add_part = [&](const Array& p) {
      if (p) parts.push_back(p.ndim() == 0 ? broadcast_to(p, one) : p);
    };
    add_part(prepend);
    parts.push_back(a);
    add_part(append);
    x = concatenate(parts, at);
  }
  for (; n > 0; --n) {
    const auto [next, previous] = neighbours(x, at);
    x = is_bool(x.dtype()) ? not_equal(next, previous) : subtract(next, previous);
  }
  return x;
}

Array ediff1d(const Array& a, const Array& to_end, const Array& to_begin) {
  const Array x = ravel(a);
  const auto [next, previous] = neighbours(x, 0);
  Arrays parts;
  const auto edge = [&](const Array& e) {
    if (!can_cast(e.dtype(), x.dtype(), Casting::same_kind)) {
      throw TypeError(
          "dtype of `to_end` or `to_begin` must be compatible with input `ary` under the `same_kind` rule.");
    }
    parts.push_back(astype(ravel(e), x.dtype()));
  };
  if (to_begin) edge(to_begin);
  parts.push_back(subtract(next, previous));
  if (to_end) edge(to_end);
  return parts.size() == 1 ? parts[0] : concatenate(parts, 0);
}

Array trapezoid(const Array& y, const Array& x, const Operand& dx, std::int64_t axis) {
  const int at = normalize_axis(axis, y.ndim());
  const auto [next, previous] = neighbours(y, at);
  Array width;
  const bool curve = x && x.ndim() == 1 && y.ndim() == 1 && !is_bool(x.dtype());
  if (x && !curve) {
    width = diff(x, 1, x.ndim() == 1 ? -1 : axis);
    if (x.ndim() == 1) {
      Shape column(y.ndim() - at, 1);
      column[0] = width.shape()[0];
      width = reshape(width, column);
    }
  }
  const auto area = [](const Array& a, const Array& b, const Operand& w) {
    const Array both = add(a, b);
    const bool one = !w.is_array() && w.scalar().value == Scalar(1.0).value && is_floating(both.dtype());
    const Array twice = one ? both : multiply(w, both);
    return is_floating(twice.dtype()) ? multiply(twice, 0.5) : divide(twice, 2.0);  // the same bits, sooner
  };
  Array areas;
  if (curve) {
    const auto [to, from] = neighbours(x, 0);
    areas = by_blocks({next, previous, to, from},
                      [&](std::span<const Array> in) { return area(in[0], in[1], subtract(in[2], in[3])); });
  } else if (x) {
    areas = by_blocks({next, previous, width}, [&](std::span<const Array> in) { return area(in[0], in[1], in[2]); });
  } else if (!dx.is_array() || dx.array().ndim() == 0) {
    areas = by_blocks({next, previous}, [&](std::span<const Array> in) { return area(in[0], in[1], dx); });
  } else {
    areas = area(next, previous, dx);
  }
  return sum(areas, Reduction{Axes{axis}, {}, false, {}, {}});
}

}  // namespace tnp

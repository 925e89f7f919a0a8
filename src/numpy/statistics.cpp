// Interpolation, covariance, trimming.
#include "tnp/statistics.h"

#include <cmath>
#include <limits>

#include "base/default_dtype.h"
#include "base/dim.h"
#include "ir/composed.h"
#include "numpy/from_parts.h"
#include "ops/common.h"
#include "ops/index/repeat.h"
#include "ops/sort/direct.h"
#include "ops/sort/sort.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/numeric.h"
#include "tnp/products.h"
#include "tnp/reductions.h"
#include "tnp/sorting.h"

namespace tnp {

namespace {

constexpr std::int64_t kFirstAxis[] = {0};

Array at_places(const Array& x, const Array& places) { return gather(x, {&places, 1}, kFirstAxis); }

Array part(const Array& x, Dim start, Dim count) {
  const SliceSpec rows[] = {{start, 1, count}};
  return slice(x, rows);
}

Array number(Dim n, DType dtype) { return is_symbolic(n) ? dim_value(n, dtype) : astype(Array(n), dtype); }

bool known_true(const Array& x) { return !x.is_symbolic() && x.item<bool>(); }

}  // namespace

// --- interp

namespace {

Array interp_of_parts(const Array& x_given, const Array& xp_given, const Array& fp_given, const Array& left_given,
                      const Array& right_given, const Array& period) {
  const DType type = is_complex(fp_given.dtype()) ? DType::complex128 : DType::float64;
  Array x = astype(x_given, DType::float64), xp = astype(xp_given, DType::float64), fp = astype(fp_given, type);
  Array left = left_given, right = right_given;
  const Dim n = xp.size();
  Dim count = n;
  if (period) {
    if (known_true(equal(period, 0))) throw ValueError("period must be a non-zero value");
    const Array p = absolute(astype(period, DType::float64));
    left = right = Array();
    x = remainder(x, p);
    xp = remainder(xp, p);
    const Array order = argsort_axis(xp, 0, false);
    xp = at_places(xp, order);
    fp = at_places(fp, order);
    const Dim end = dim_sub(n, 1);
    xp = concatenate(Arrays{subtract(part(xp, end, 1), p), xp, add(part(xp, 0, 1), p)}, 0);
    fp = concatenate(Arrays{part(fp, end, 1), fp, part(fp, 0, 1)}, 0);
    count = dim_add(n, 2);
  }
  const auto end_value = [&](const Array& given, Dim at) {
    return given ? astype(given, type) : reshape(part(fp, at, 1), {});
  };
  const Dim end = dim_sub(count, 1);
  const Array below = end_value(left, 0), above = end_value(right, end), last = number(end, DType::int64);
  // The interval of each x, from xp[j] to xp[k].
  const Array j = minimum(maximum(search_rows(xp, x, 0, true) - Scalar(1), 0), last), k = minimum(j + Scalar(1), last);
  const Array x0 = at_places(xp, j), x1 = at_places(xp, k), f0 = at_places(fp, j), f1 = at_places(fp, k);
  const Array width = subtract(x1, x0);
  const Array slope = divide(subtract(f1, f0), where(equal(width, 0), 1, width));
  Array y = add(multiply(slope, subtract(x, x0)), f0);
  // Infinities: from the other end, or what both ends are.
  const Array from_right = add(multiply(slope, subtract(x, x1)), f1);
  y = where(isnan(y), from_right, y);
  y = where(logical_and(isnan(y), equal(f0, f1)), f0, y);
  y = where(logical_or(equal(x, x0), equal(j, last)), f0, y);
  y = where(less(x, reshape(part(xp, 0, 1), {})), below, y);
  y = where(greater(x, reshape(part(xp, end, 1), {})), above, y);
  return where(isnan(x), astype(x, type), y);
}

// The values left and right of the points come last, if they are given: `ends` tells which.
Array end_of(std::span<const Array> in, const Axes& ends, int i) {
  return ends[i] == 0 ? Array() : in[static_cast<std::size_t>(3 + (i == 0 ? 0 : ends[0]))];
}
const Composed kInterp(
    "interp", "The values of a polygon through points.",
    +[](std::span<const Array> in, const Axes& ends) {
      return interp_of_parts(in[0], in[1], in[2], end_of(in, ends, 0), end_of(in, ends, 1), {});
    },
    +[](std::span<const Array> in, const Axes& ends) {
      if (in[1].size() != in[2].size()) throw ValueError("fp and xp are not of the same length.");
      if (in[1].size() == 0) throw ValueError("array of sample points is empty");
      const auto value = [](const Array& end) { return end ? std::optional(end.item<double>()) : std::nullopt; };
      return interpolate(in[0], in[1], in[2], value(end_of(in, ends, 0)), value(end_of(in, ends, 1)));
    });

}  // namespace

Array interp(const Array& x, const Array& xp, const Array& fp, const Array& left, const Array& right,
             const Array& period) {
  for (const Array* real : {&x, &xp}) {
    if (is_complex(real->dtype())) throw TypeError("interp: x and xp must be real numbers, not complex");
  }
  if (xp.ndim() != 1 || fp.ndim() != 1) throw ValueError("Data points must be 1-D sequences");
  const Dim n = xp.size(), m = fp.size();
  if (n != m && !is_symbolic(n) && !is_symbolic(m)) throw ValueError("fp and xp are not of the same length.");
  if (n == 0) throw ValueError("array of sample points is empty");
  const auto plain = [](const Array& end) { return !end || (end.ndim() == 0 && !is_complex(end.dtype())); };
  if (period || is_complex(fp.dtype()) || !plain(left) || !plain(right))
    return interp_of_parts(x, xp, fp, left, right, period);
  Arrays in{astype(x, DType::float64), astype(xp, DType::float64), astype(fp, DType::float64)};
  for (const Array& end : {left, right}) {
    if (end) in.push_back(end);
  }
  return compose(kInterp, in, {left ? 1 : 0, right ? 1 : 0});
}

// --- covariance

namespace {

// A matrix with a row for each variable.
Array variables(const Array& m, bool rowvar, DType dtype) {
  Array x = atleast_2d(astype(m, dtype));
  return rowvar || m.ndim() == 1 ? x : matrix_transpose(x);
}

Array checked_weights(const Array& given, Dim observations, const char* name) {
  const Array w = astype(given, DType::float64);
  if (w.ndim() > 1) throw RuntimeError(std::string("cannot handle multidimensional ") + name);
  const Dim n = w.size();
  if (n != observations && !is_symbolic(n) && !is_symbolic(observations))
    throw RuntimeError(std::string("incompatible numbers of samples and ") + name);
  if (known_true(any(less(w, 0)))) throw ValueError(std::string(name) + " cannot be negative");
  return w;
}

}  // namespace

Array cov(const Array& m, const Array& y, const CovarianceOptions& o) {
  if (o.ddof && *o.ddof != std::floor(*o.ddof)) throw ValueError("ddof must be integer");
  if (m.ndim() > 2) throw ValueError("m has more than 2 dimensions");
  if (y && y.ndim() > 2) throw ValueError("y has more than 2 dimensions");
  const DType common = y ? promote(m.dtype(), y.dtype()) : m.dtype();
  const DType type = o.dtype.value_or(is_inexact(common) ? promote(common, default_float()) : default_float());
  Array x = variables(m, o.rowvar, type);
  if (x.shape()[0] == 0) return zeros({0, 0}, DType::float64);
  if (y) {
    const Array other = atleast_2d(astype(y, type));
    x = concatenate(Arrays{x, o.rowvar || other.shape()[0] == 1 ? other : matrix_transpose(other)}, 0);
  }
  const Dim n = x.shape()[1];
  const double ddof = o.ddof.value_or(o.bias ? 0 : 1);
  Array w;
  if (o.fweights) {
    if (known_true(any(not_equal(astype(o.fweights, DType::float64), rint(astype(o.fweights, DType::float64))))))
      throw TypeError("fweights must be integer");
    w = checked_weights(o.fweights, n, "fweights");
  }
  if (o.aweights) {
    const Array a = checked_weights(o.aweights, n, "aweights");
    w = w ? multiply(w, a) : a;
  }
  const Average mean_of = average(x, w, Reduction{Axes{1}, {}, true, {}, {}});
  const Array total = w ? sum(w) : number(n, DType::float64);
  Array factor = total - Scalar(ddof);
  if (w && ddof == 0) factor = total;
  if (o.aweights && ddof != 0) factor = total - sum(multiply(w, o.aweights)) * Scalar(ddof) / total;
  factor = maximum(factor, 0);
  const Array centred = subtract(x, mean_of.average);
  const Array weighted = w ? multiply(centred, w) : centred;
  const Array products = matmul(centred, conjugate_if_complex(matrix_transpose(weighted)));
  // In the type of the products: the factor is a plain number.
  const Array scale =
      astype(divide(1.0, factor), is_complex(products.dtype()) ? real_of(products.dtype()) : products.dtype());
  return squeeze(multiply(products, scale));
}

Array corrcoef(const Array& x, const Array& y, bool rowvar, std::optional<DType> dtype) {
  CovarianceOptions options;
  options.rowvar = rowvar;
  options.dtype = dtype;
  Array c = cov(x, y, options);
  if (c.ndim() == 0) return divide(c, c);
  const Array deviation = sqrt(is_complex(c.dtype()) ? real(diagonal(c)) : diagonal(c));
  c = divide(divide(c, expand_dims(deviation, Axes{1})), expand_dims(deviation, Axes{0}));
  const Operand low = -1, high = 1;
  if (!is_complex(c.dtype())) return clip(c, &low, &high);
  return from_parts(clip(real(c), &low, &high), clip(imag(c), &low, &high));
}

// --- trim_zeros

namespace {

// `numbers`: whether in front and behind, then the axes.
Array trimmed(std::span<const Array> in, const Axes& numbers) {
  const Array& given = in[0];
  const bool front = numbers[0] != 0, back = numbers[1] != 0;
  const std::span axes = std::span(numbers.begin(), numbers.end()).subspan(2);
  const Array places = nonzero_indices(astype(given, DType::bool_));
  Array out = given;
  for (std::int64_t d : axes) {
    const int a = static_cast<int>(d);
    const Dim size = given.shape()[a], found = places.shape()[0];
    const SliceSpec column[] = {{0, 1, found}, {d, 1, 1}};
    const Array along = slice(places, column);
    // Of no elements: from 0 to 0.
    Reduction lowest, highest;
    lowest.initial = number(size, DType::int64);
    highest.initial = Array(std::int64_t{-1});
    const Array stop_found = max(along, highest) + Scalar(1);
    const Array start = front ? minimum(min(along, lowest), stop_found) : Array(std::int64_t{0});
    const Array stop = back ? stop_found : where(equal(stop_found, 0), 0, number(size, DType::int64));
    const Array count = maximum(stop - start, 0);
    if (!count.is_symbolic() && !start.is_symbolic()) {
      std::vector<SliceSpec> part_of;
      for (int i = 0; i < out.ndim(); ++i) part_of.push_back({0, 1, out.shape()[i]});
      part_of[static_cast<std::size_t>(a)] = {start.item<std::int64_t>(), 1, count.item<std::int64_t>()};
      out = slice(out, part_of);
    } else {
      const Dim n = repeat_indices(reshape(count, {1})).shape()[0];
      const Array kept = iota(n, DType::int64) + start;
      const std::int64_t along_axis[] = {d};
      out = gather(out, {&kept, 1}, along_axis);
    }
  }
  return out;
}
const Composed kTrimmed("trim_zeros", "Without the zeros in front and behind.", &trimmed, &trimmed);

}  // namespace

Array trim_zeros(const Array& given, std::string_view trim, const std::optional<Axes>& axis) {
  const bool front = trim.find_first_of("fF") != std::string_view::npos;
  const bool back = trim.find_first_of("bB") != std::string_view::npos;
  if (trim.empty() || trim.size() > 2 ||
      trim.size() != static_cast<std::size_t>(front) + static_cast<std::size_t>(back))
    throw ValueError("unexpected character(s) in `trim`: '" + std::string(trim) + "'");
  Axes axes;
  if (axis) {
    axes = normalize_axes(*axis, given.ndim(), "axis");
  } else {
    for (int d = 0; d < given.ndim(); ++d) axes.push_back(d);
  }
  Axes numbers{front, back};
  for (const std::int64_t a : axes) numbers.push_back(a);
  return compose(kTrimmed, {given}, numbers);
}

}  // namespace tnp

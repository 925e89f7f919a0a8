// Median and quantiles: elements of given ranks, and what lies between them.
#include <cmath>
#include <limits>

#include "base/default_dtype.h"
#include "base/dim.h"
#include "numpy/reduction_axes.h"
#include "ops/sort/sort.h"
#include "tnp/cumulative.h"
#include "tnp/error.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/numeric.h"
#include "tnp/operators.h"
#include "tnp/sorting.h"
#include "tnp/statistics.h"

namespace tnp {

namespace {

// An array as a matrix with a row for each result of a reduction.
struct Rows {
  Array matrix;  // (rows, n)
  Shape kept;    // the shape of the results
  Dim n;
};
Rows as_rows(const Array& x, const Axes& axes, bool keepdims) {
  Rows out;
  Axes order;
  Dim rows = 1, n = 1;
  int next = 0;
  for (int i = 0; i < x.ndim(); ++i) {
    const bool reduced = next < axes.size() && axes[next] == i;
    if (reduced) ++next;
    if (!reduced) order.push_back(i);
    if (!reduced) out.kept.push_back(x.shape()[i]);
    if (reduced && keepdims) out.kept.push_back(1);
    Dim& size = reduced ? n : rows;
    size = dim_mul(size, x.shape()[i]);
  }
  for (std::int64_t a : axes) order.push_back(a);
  out.n = n;
  out.matrix = reshape(transpose(x, order), {rows, n});
  return out;
}

// Elements of each row: indices (q…) for all rows alike, the result (q…, rows).
Array columns_at(const Array& matrix, const Array& indices) {
  const std::int64_t axes[] = {1};
  const Array flat = reshape(indices, {indices.size()});
  Shape shape = indices.shape();
  shape.push_back(matrix.shape()[0]);
  return reshape(transpose(gather(matrix, {&flat, 1}, axes), Axes{1, 0}), shape);
}
// The same with indices (q…, rows).
Array elements_at(const Array& matrix, const Array& indices) {
  const std::int64_t axes[] = {0, 1};
  return gather(matrix, Arrays{iota(matrix.shape()[0], DType::int64), indices}, axes);
}

Array nan_like(const Array& x) { return Scalar(std::numeric_limits<double>::quiet_NaN()).to_array(x.dtype()); }

// A number of elements as a 0-d array.
Array count_value(Dim n, DType dtype) {
  return is_symbolic(n)                                      ? dim_value(n, dtype)
         : Scalar(n).to_array(DType::int64).dtype() == dtype ? Scalar(n).to_array(dtype)
                                                             : astype(Scalar(n).to_array(DType::int64), dtype);
}

Array int_ranks(std::initializer_list<Dim> ranks) {
  Arrays parts;
  for (Dim r : ranks) parts.push_back(reshape(count_value(r, DType::int64), {1}));
  return concatenate(parts, 0);
}

Array mean_of(const Array& pair) { return mean(pair, Reduction{Axes{0}, {}, false, {}, {}}); }

}  // namespace

Array median(const Array& x, const std::optional<Axes>& axis, bool keepdims) {
  const Rows rows = as_rows(x, reduction_axes(x, axis), keepdims);
  const Dim n = rows.n;
  if (n == 0) return reshape(mean(rows.matrix, Reduction{Axes{1}, {}, false, {}, {}}), rows.kept);
  const bool odd = !is_symbolic(n) && n % 2 == 1, may_be_nan = is_inexact(x.dtype());
  const Dim last = dim_sub(n, 1), low = dim_floor_div(last, 2), high = dim_floor_div(n, 2);
  const Array middle = odd ? int_ranks({low}) : int_ranks({low, high});
  const Array ranks = may_be_nan ? concatenate(Arrays{middle, int_ranks({last})}, 0) : middle;
  const Array parted = partition_axis(rows.matrix, ranks, 1);
  const Array pair = columns_at(parted, middle);
  Array out = mean_of(pair);
  if (is_symbolic(n)) {
    // The sum of an element and itself may overflow.
    const SliceSpec first[] = {{0, 1, 1}, {0, 1, pair.shape()[1]}};
    const Array alone = reshape(slice(pair, first), out.shape());
    out = where(equal(dim_value(low, DType::int64), dim_value(high, DType::int64)), astype(alone, out.dtype()), out);
  }
  if (may_be_nan) {
    const Array greatest = reshape(columns_at(parted, int_ranks({last})), out.shape());
    out = where(isnan(greatest), astype(greatest, out.dtype()), out);
  }
  return reshape(out, rows.kept);
}

Array nanmedian(const Array& x, const std::optional<Axes>& axis, bool keepdims) {
  if (!is_inexact(x.dtype())) return median(x, axis, keepdims);
  const Rows rows = as_rows(x, reduction_axes(x, axis), keepdims);
  if (rows.n == 0) return median(x, axis, keepdims);
  const Array sorted = sort_axis(rows.matrix, 1, false);
  const std::int64_t along[] = {1};
  const Array count = reduce_sum(logical_not(isnan(rows.matrix)), along, false, DType::int64);
  const Array low = floor_divide(maximum(count - Scalar(1), 0), 2);
  const Array high = minimum(floor_divide(count, 2), maximum(count - Scalar(1), 0));
  const Array a = elements_at(sorted, low), b = elements_at(sorted, high);
  const Array out = where(equal(low, high), a, mean_of(stack(Arrays{a, b})));
  return reshape(out, rows.kept);
}

// --- quantiles

QuantileMethod quantile_method(std::string_view name) {
  static constexpr std::string_view kNames[] = {"inverted_cdf",
                                                "averaged_inverted_cdf",
                                                "closest_observation",
                                                "interpolated_inverted_cdf",
                                                "hazen",
                                                "weibull",
                                                "linear",
                                                "median_unbiased",
                                                "normal_unbiased",
                                                "lower",
                                                "higher",
                                                "midpoint",
                                                "nearest"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<QuantileMethod>(i);
  }
  std::string all;
  for (std::string_view n : kNames) all += (all.empty() ? "'" : ", '") + std::string(n) + "'";
  throw ValueError("'" + std::string(name) + "' is not a valid method. Use one of: " + all);
}

namespace {

using Method = QuantileMethod;

// Where a quantile lies among sorted elements: a place between two of them, or one of them (`exact`).
struct Place {
  Array index;  // a number, perhaps a fraction; or int64
  bool exact;
};

Array between(const Array& n, const Array& q, double alpha, double beta) {
  return n * q + (q * Scalar(1 - alpha - beta) + Scalar(alpha)) - Scalar(1);
}

Place exact_place(const Array& index) { return {astype(index, DType::int64), true}; }

// The number above, or where `stays` the one itself; not below 0.
Place next_whole(const Array& index, bool odd_stays) {
  const Array previous = floor(index);
  Array stays = equal(index - previous, 0);
  if (odd_stays) stays = logical_and(stays, equal(remainder(previous, 2), 1));
  return exact_place(maximum(where(stays, previous, previous + Scalar(1)), 0));
}

Place find_place(Method method, const Array& n, const Array& q) {
  const Array last = n - Scalar(1);
  switch (method) {
    case Method::inverted_cdf:
      return next_whole(n * q - Scalar(1), false);
    case Method::averaged_inverted_cdf:
      return {n * q - Scalar(1), false};
    case Method::closest_observation:
      return next_whole(n * q - Scalar(1) - Scalar(0.5), true);
    case Method::interpolated_inverted_cdf:
      return {between(n, q, 0, 1), false};
    case Method::hazen:
      return {between(n, q, 0.5, 0.5), false};
    case Method::weibull:
      return {between(n, q, 0, 0), false};
    case Method::linear:
      return {last * q, is_integer(q.dtype())};
    case Method::median_unbiased:
      return {between(n, q, 1 / 3.0, 1 / 3.0), false};
    case Method::normal_unbiased:
      return {between(n, q, 3 / 8.0, 3 / 8.0), false};
    case Method::lower:
      return exact_place(floor(last * q));
    case Method::higher:
      return exact_place(ceil(last * q));
    case Method::midpoint:
      return {(floor(last * q) + ceil(last * q)) * Scalar(0.5), false};
    case Method::nearest:
      return exact_place(rint(last * q));
  }
  throw ValueError("quantile: unknown method");
}

// How much of the next element is in the result.
Array share_of_next(Method method, const Array& index, const Array& previous) {
  const Array share = index - astype(previous, index.dtype());
  if (method == Method::averaged_inverted_cdf)
    return where(equal(share, 0), astype(share, share.dtype()) + Scalar(0.5), ones(share.shape(), share.dtype()));
  if (method == Method::midpoint) return astype(where(equal(index, floor(index)), 0.0, 0.5), share.dtype());
  return share;
}

Array interpolate(const Array& a, const Array& b, const Array& t) {
  const Array step = subtract(b, a);
  return where(greater_equal(t, 0.5), subtract(b, multiply(step, 1 - t)), add(a, multiply(step, t)));
}

// Results (q…, rows) from places (q…) or (q…, rows); `at` gives the elements at whole places. `last`: the greatest
// place.
template <class At>
Array at_places(const Place& place, Method method, const Array& last, bool weak_q, DType type, const At& at) {
  if (place.exact) return at(minimum(place.index, last));
  const Array floor_index = floor(place.index);
  const Array bound = astype(last, place.index.dtype());
  const Array beyond = greater_equal(place.index, bound), below = less(place.index, 0);
  const Array whole = astype(floor_index, DType::int64);
  const Array previous = where(beyond, last, where(below, 0, whole));
  const Array next = where(beyond, last, where(below, 0, whole + Scalar(1)));
  Array share = share_of_next(method, place.index, where(logical_or(beyond, below), previous, whole));
  const Array a = at(previous), b = at(next);
  while (share.ndim() < a.ndim()) share = expand_dims(share, Axes{share.ndim()});
  if (weak_q && is_inexact(type)) share = astype(share, type);
  return interpolate(a, b, share);
}

void check_q(const Array& x, const Array& q, bool percent) {
  if (is_complex(x.dtype())) throw TypeError("a must be an array of real numbers");
  if (q.ndim() > 2) throw ValueError("q must be a scalar or 1d");
  if (q.is_symbolic() || q.size() == 0) return;
  const Array valid = all(logical_and(greater_equal(q, 0), less_equal(q, percent ? 100 : 1)));
  if (!valid.item<bool>())
    throw ValueError(percent ? "Percentiles must be in the range [0, 100]" : "Quantiles must be in the range [0, 1]");
}

// Whole numbers are places themselves for the linear method; others compute with fractions.
Array usable_q(const Array& q, Method method) {
  if (is_inexact(q.dtype())) return q;
  return astype(q, method == Method::linear ? DType::int64 : DType::float64);
}

Shape with_q(const Array& q, const Shape& kept) {
  Shape out = q.shape();
  for (Dim d : kept) out.push_back(d);
  return out;
}

Array weighted_quantile(const Array& x, const Array& q, const QuantileOptions& o, bool without_nan);

}  // namespace

Array quantile(const Array& x, const Array& given, const QuantileOptions& o) {
  check_q(x, given, false);
  if (o.weights) return weighted_quantile(x, given, o, false);
  const Array q = usable_q(given, o.method);
  const Rows rows = as_rows(x, reduction_axes(x, o.axis), o.keepdims);
  if (rows.n == 0) throw IndexError("quantile: index -1 is out of bounds for axis 0 with size 0");
  const Place place = find_place(o.method, count_value(rows.n, q.dtype()), q);
  const Array last = count_value(dim_sub(rows.n, 1), DType::int64);
  // The elements at both neighbours of each place, and the last one, which is NaN if any is.
  const Array below = astype(floor(place.index), DType::int64), above = below + Scalar(1);
  const auto within = [&](const Array& r) { return reshape(minimum(maximum(r, 0), last), {r.size()}); };
  Arrays ranks{within(below), reshape(last, {1})};
  if (!place.exact) ranks.push_back(within(above));
  const Array parted = partition_axis(rows.matrix, concatenate(ranks, 0), 1);
  const auto at = [&](const Array& indices) { return columns_at(parted, indices); };
  Array out = at_places(place, o.method, last, o.weak_q, x.dtype(), at);
  if (is_inexact(x.dtype())) {
    const Array greatest = at(last);
    out = where(isnan(greatest), astype(greatest, out.dtype()), out);
  }
  return reshape(out, with_q(q, rows.kept));
}

Array nanquantile(const Array& x, const Array& given, const QuantileOptions& o) {
  check_q(x, given, false);
  if (!is_inexact(x.dtype())) return quantile(x, given, o);
  if (o.weights) return weighted_quantile(x, given, o, true);
  const Array q = usable_q(given, o.method);
  const Rows rows = as_rows(x, reduction_axes(x, o.axis), o.keepdims);
  if (rows.n == 0) return broadcast_to(nan_like(x), with_q(q, rows.kept));
  const std::int64_t along[] = {1};
  const Array sorted = sort_axis(rows.matrix, 1, false);
  const Array count = reduce_sum(logical_not(isnan(rows.matrix)), along, false, DType::int64);
  // With nothing but NaN the first place has one.
  const Array last = maximum(count - Scalar(1), 0);
  const Array column = expand_dims(q, Axes{q.ndim()});
  const Place place = find_place(o.method, astype(maximum(count, 1), q.dtype()), column);
  const auto at = [&](const Array& indices) { return elements_at(sorted, indices); };
  return reshape(at_places(place, o.method, last, o.weak_q, x.dtype(), at), with_q(q, rows.kept));
}

namespace {

Array hundredths(const Array& q) { return divide(q, 100.0); }

// Weights of x's shape.
Array broadcast_weights(const Array& x, const Array& weights, const std::optional<Axes>& axis) {
  if (weights.shape() == x.shape()) return weights;
  if (!axis) throw TypeError("Axis must be specified when shapes of a and weights differ.");
  Shape expected, aligned(x.ndim(), 1);
  for (std::int64_t a : *axis) {
    const int at = normalize_axis(a, x.ndim());
    expected.push_back(x.shape()[at]);
    aligned[at] = x.shape()[at];
  }
  if (weights.shape() != expected)
    throw ValueError("Shape of weights must be consistent with shape of a along specified axis.");
  // The weights' axes in the order of x's.
  Axes order;
  for (int d = 0; d < x.ndim(); ++d) {
    for (int k = 0; k < axis->size(); ++k) {
      if (normalize_axis((*axis)[k], x.ndim()) == d) order.push_back(k);
    }
  }
  return broadcast_to(reshape(transpose(weights, order), aligned), x.shape());
}

bool known_true(const Array& x) { return !x.is_symbolic() && x.item<bool>(); }

// Where the cumulated share of the weights reaches q. Without NaN: as if their weights were 0.
Array weighted_quantile(const Array& x, const Array& given, const QuantileOptions& o, bool without_nan) {
  if (o.method != Method::inverted_cdf) throw ValueError("Only method 'inverted_cdf' supports weights.");
  Array weights = broadcast_weights(x, o.weights, o.axis);
  if (known_true(any(less(weights, 0)))) throw ValueError("Weights must be non-negative.");
  if (without_nan) weights = where(isnan(x), zeros({}, weights.dtype()), weights);
  const Array q = astype(given, is_inexact(given.dtype()) ? given.dtype() : default_float());
  const Axes axes = reduction_axes(x, o.axis);
  const Rows rows = as_rows(x, axes, o.keepdims), weight_rows = as_rows(weights, axes, o.keepdims);
  if (rows.n == 0) throw IndexError("quantile: index -1 is out of bounds for axis 0 with size 0");
  const Array order = argsort_axis(rows.matrix, 1, false);
  const Array sorted = take_along_axis(rows.matrix, order, 1);
  const Dim count = rows.matrix.shape()[0];
  const SliceSpec end[] = {{0, 1, count}, {dim_sub(rows.n, 1), 1, 1}};
  const Array sums = cumsum(take_along_axis(weight_rows.matrix, order, 1), 1, DType::float64);
  Array cdf = divide(sums, slice(sums, end));
  if (!without_nan && known_true(any(isnan(slice(cdf, end)))))
    throw ValueError("Weights included NaN, inf or were all zero.");
  cdf = astype(cdf, q.dtype());
  cdf = where(equal(cdf, 0), -1, cdf);
  const Array wanted = broadcast_to(reshape(q, {1, q.size()}), {count, q.size()});
  const Array found = minimum(search_rows(cdf, wanted, 1, false), count_value(dim_sub(rows.n, 1), DType::int64));
  Array out = transpose(take_along_axis(sorted, found, 1), Axes{1, 0});  // (q, rows)
  if (is_inexact(x.dtype())) {
    const Array greatest = reshape(slice(sorted, end), {1, count});
    const std::int64_t along[] = {1};
    const Array is_nan =
        without_nan ? reshape(reduce_all(isnan(rows.matrix), along, false), {1, count}) : isnan(greatest);
    out = where(is_nan, nan_like(x), out);
  }
  return reshape(out, with_q(q, rows.kept));
}

}  // namespace

Array percentile(const Array& x, const Array& q, const QuantileOptions& options) {
  check_q(x, q, true);
  return quantile(x, hundredths(q), options);
}
Array nanpercentile(const Array& x, const Array& q, const QuantileOptions& options) {
  check_q(x, q, true);
  return nanquantile(x, hundredths(q), options);
}

}  // namespace tnp

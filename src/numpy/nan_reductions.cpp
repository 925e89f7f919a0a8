// Reductions over the elements that are not NaN. Most arrays have none, so they are tried as they are, which is one
// pass over memory: eagerly and as steps of compiled functions (`compose`).
#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <optional>

#include "ir/composed.h"
#include "numpy/reduction_axes.h"
#include "ops/reduce/tile_reduction.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

Array without_nan(const Array& x, const Scalar& instead) {
  return is_inexact(x.dtype()) ? where(isnan(x), instead.to_array(x.dtype()), x) : x;
}

Array present(const Array& x, const Array& mask) {
  const Array number = logical_not(isnan(x));
  return mask ? logical_and(number, mask) : number;
}

// Elements that make one result; 0 for axes that there are not.
std::int64_t reduced_count(const Array& x, const Reduction& o) {
  if (!o.axis) return x.shape().num_elements();
  std::int64_t n = 1;
  for (const std::int64_t axis : *o.axis) {
    if (axis < -x.ndim() || axis >= x.ndim()) return 0;
    n *= x.shape()[static_cast<int>(axis < 0 ? axis + x.ndim() : axis)];
  }
  return n;
}

// The reduction of all elements, where that turns out not to have met a NaN: any would show in its result, and most
// arrays have none. Small ones, and those whose values are not known now, are not tried.
std::optional<Array> if_without_nan(const Array& x, const Reduction& o, const std::function<Array()>& reduce) {
  constexpr std::int64_t kLarge = 1 << 11, kFewResults = 16;
  if (!is_inexact(x.dtype()) || !computes_directly({&x, &o.where, &o.initial})) return {};
  if (x.shape().num_elements() < kLarge || reduced_count(x, o) < kFewResults) return {};
  const Array y = reduce();
  if (!all(isfinite(y)).item<bool>()) return {};
  return y;
}

// What a composed reduction is told: axes, if they are given, the type, if it is, and `more`.
Axes told(const Reduction& o, std::int64_t more = 0) {
  Axes numbers{o.keepdims, o.dtype ? static_cast<std::int64_t>(*o.dtype) : -1, more, o.axis.has_value()};
  if (o.axis) {
    for (const std::int64_t a : *o.axis) numbers.push_back(a);
  }
  return numbers;
}
Reduction reduction_of(const Axes& numbers) {
  Reduction o;
  o.keepdims = numbers[0] != 0;
  if (numbers[1] >= 0) o.dtype = static_cast<DType>(numbers[1]);
  if (numbers[3] != 0) o.axis = Axes(std::span(numbers.begin(), numbers.end()).subspan(4));
  return o;
}

// What is reduced by axes alone; other reductions are made of their parts.
bool is_plain(const Array& x, const Reduction& o) { return is_inexact(x.dtype()) && !o.where && !o.initial; }

// A row gives the same whether others have NaN or not.
bool tile_rows(TileCall& t) {
  const Reduction o = reduction_of(numbers_of(t.params));
  const int ndim = t.in[0].ndim();
  Axes axes;
  for (int a = 0; a < ndim && !o.axis; ++a) axes.push_back(a);
  for (int i = 0; o.axis && i < o.axis->size(); ++i) axes.push_back((*o.axis)[i] + ((*o.axis)[i] < 0 ? ndim : 0));
  std::sort(axes.begin(), axes.end());
  return tile_as_reduction(t, axes, o.keepdims, DType::float64);
}

using Reduce = Array (*)(const Array&, const Reduction&);

// --- sums and products

template <Reduce reduce, int neutral>
Array of_numbers(const Array& x, const Reduction& o) {
  return reduce(without_nan(x, neutral), o);
}
template <Reduce reduce, int neutral>
Array parts_of_total(std::span<const Array> in, const Axes& numbers) {
  return of_numbers<reduce, neutral>(in[0], reduction_of(numbers));
}
template <Reduce reduce, int neutral>
Array total(const Array& x, const Reduction& o) {
  if (const auto y = if_without_nan(x, o, [&] { return reduce(x, o); })) return *y;
  return of_numbers<reduce, neutral>(x, o);
}
template <Reduce reduce, int neutral>
Array whole_total(std::span<const Array> in, const Axes& numbers) {
  return total<reduce, neutral>(in[0], reduction_of(numbers));
}

const Composed kSum("nansum", "The sum of the elements that are not NaN.", &parts_of_total<&sum, 0>,
                    &whole_total<&sum, 0>, &tile_rows);
const Composed kProd("nanprod", "The product of the elements that are not NaN.", &parts_of_total<&prod, 1>,
                     &whole_total<&prod, 1>, &tile_rows);

// --- extremes

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Array nan_like(const Array& x) { return Scalar(std::numeric_limits<double>::quiet_NaN()).to_array(x.dtype()); }

// The reduction of x with NaN taken for the sign's infinity, and NaN again where there is nothing else.
template <Reduce reduce, int sign>
Array extreme_of_numbers(const Array& x, const Reduction& o) {
  const Array y = reduce(without_nan(x, sign * kInfinity), o);
  Reduction every;
  every.axis = o.axis;
  every.keepdims = o.keepdims;
  every.where = o.where;
  Array nothing = all(isnan(x), every);
  if (o.initial) return y;
  return where(nothing, nan_like(y), y);
}
template <Reduce reduce, int sign>
Array parts_of_extreme(std::span<const Array> in, const Axes& numbers) {
  return extreme_of_numbers<reduce, sign>(in[0], reduction_of(numbers));
}
template <Reduce reduce, int sign>
Array extreme(const Array& x, const Reduction& o) {
  if (const auto y = if_without_nan(x, o, [&] { return reduce(x, o); })) return *y;
  return extreme_of_numbers<reduce, sign>(x, o);
}
template <Reduce reduce, int sign>
Array whole_extreme(std::span<const Array> in, const Axes& numbers) {
  return extreme<reduce, sign>(in[0], reduction_of(numbers));
}

const Composed kMin("nanmin", "The least of the elements that are not NaN.", &parts_of_extreme<&min, 1>,
                    &whole_extreme<&min, 1>, &tile_rows);
const Composed kMax("nanmax", "The greatest of the elements that are not NaN.", &parts_of_extreme<&max, -1>,
                    &whole_extreme<&max, -1>, &tile_rows);

// --- places of extremes

using Place = Array (*)(const Array&, std::optional<std::int64_t>, bool);

template <Place place, Reduce reduce, int sign>
Array place_of_extreme(const Array& x, const Reduction& o) {
  const auto axis = o.axis ? std::optional((*o.axis)[0]) : std::nullopt;
  Reduction along;
  along.axis = o.axis;
  if (if_without_nan(x, along, [&] { return reduce(x, along); })) return place(x, axis, o.keepdims);
  if (x.ndim() > 0) {
    const Array nothing = any(all(isnan(x), along));
    if (!nothing.is_symbolic() && nothing.item<bool>()) throw ValueError("All-NaN slice encountered");
  }
  return place(without_nan(x, sign * kInfinity), axis, o.keepdims);
}
template <Place place, Reduce reduce, int sign>
Array place_of_told(std::span<const Array> in, const Axes& numbers) {
  return place_of_extreme<place, reduce, sign>(in[0], reduction_of(numbers));
}
Reduction along(std::optional<std::int64_t> axis, bool keepdims) {
  Reduction o;
  if (axis) o.axis = Axes{*axis};
  o.keepdims = keepdims;
  return o;
}

const Composed kArgmin("nanargmin", "Where the least of the elements that are not NaN is.",
                       &place_of_told<&argmin, &min, 1>, &place_of_told<&argmin, &min, 1>);
const Composed kArgmax("nanargmax", "Where the greatest of the elements that are not NaN is.",
                       &place_of_told<&argmax, &max, -1>, &place_of_told<&argmax, &max, -1>);

// --- means and variances

Array mean_of_numbers(const Array& x, const Reduction& o) {
  Reduction rest = o;
  rest.where = present(x, o.where);
  return mean(x, rest);
}
Array mean_of(const Array& x, const Reduction& o) {
  if (const auto y = if_without_nan(x, o, [&] { return mean(x, o); })) return *y;
  return mean_of_numbers(x, o);
}
const Composed kMean(
    "nanmean", "The mean of the elements that are not NaN.",
    +[](std::span<const Array> in, const Axes& numbers) { return mean_of_numbers(in[0], reduction_of(numbers)); },
    +[](std::span<const Array> in, const Axes& numbers) { return mean_of(in[0], reduction_of(numbers)); }, &tile_rows);

Array variance_of_numbers(const Array& x, const Reduction& o, const Spread& spread) {
  Reduction rest = o;
  rest.where = present(x, o.where);
  const Array v = var(x, rest, spread);
  // Too few elements give NaN, not the infinity of a division by zero.
  Reduction count{o.axis, DType::int64, o.keepdims, {}, {}};
  const Array few = sum(rest.where, count) <= Scalar(spread.ddof);
  return where(few, nan_like(v), v);
}
Array variance(const Array& x, const Reduction& o, const Spread& spread) {
  if (const auto y = if_without_nan(x, o, [&] { return var(x, o, spread); })) return *y;
  return variance_of_numbers(x, o, spread);
}
Spread spread_of(const Axes& numbers) { return {std::bit_cast<double>(numbers[2]), {}}; }

// The bits of a row may depend on whether others have NaN.
const Composed kVar(
    "nanvar", "The variance of the elements that are not NaN.",
    +[](std::span<const Array> in, const Axes& numbers) {
      return variance_of_numbers(in[0], reduction_of(numbers), spread_of(numbers));
    },
    +[](std::span<const Array> in, const Axes& numbers) {
      return variance(in[0], reduction_of(numbers), spread_of(numbers));
    });

}  // namespace

Array nansum(const Array& x, const Reduction& o) {
  return is_plain(x, o) ? compose(kSum, {x}, told(o)) : total<&sum, 0>(x, o);
}
Array nanprod(const Array& x, const Reduction& o) {
  return is_plain(x, o) ? compose(kProd, {x}, told(o)) : total<&prod, 1>(x, o);
}
Array nanmin(const Array& x, const Reduction& o) {
  if (!is_inexact(x.dtype())) return min(x, o);
  return is_plain(x, o) ? compose(kMin, {x}, told(o)) : extreme<&min, 1>(x, o);
}
Array nanmax(const Array& x, const Reduction& o) {
  if (!is_inexact(x.dtype())) return max(x, o);
  return is_plain(x, o) ? compose(kMax, {x}, told(o)) : extreme<&max, -1>(x, o);
}
Array nanargmin(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  if (!is_inexact(x.dtype())) return argmin(x, axis, keepdims);
  return compose(kArgmin, {x}, told(along(axis, keepdims)));
}
Array nanargmax(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  if (!is_inexact(x.dtype())) return argmax(x, axis, keepdims);
  return compose(kArgmax, {x}, told(along(axis, keepdims)));
}

Array nanmean(const Array& x, const Reduction& o) {
  if (!is_inexact(x.dtype())) return mean(x, o);
  return is_plain(x, o) ? compose(kMean, {x}, told(o)) : mean_of(x, o);
}

Array nanvar(const Array& x, const Reduction& o, const Spread& spread) {
  if (!is_inexact(x.dtype())) return var(x, o, spread);
  if (!is_plain(x, o) || spread.mean) return variance(x, o, spread);
  return compose(kVar, {x}, told(o, std::bit_cast<std::int64_t>(spread.ddof)));
}

Array nanstd(const Array& x, const Reduction& o, const Spread& spread) { return sqrt(nanvar(x, o, spread)); }

}  // namespace tnp

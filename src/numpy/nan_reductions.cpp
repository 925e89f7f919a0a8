// Reductions over the elements that are not NaN.
#include <functional>
#include <limits>
#include <optional>

#include "numpy/reduction_axes.h"
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
  constexpr std::int64_t kLarge = 1 << 14, kFewResults = 16;
  if (!is_inexact(x.dtype()) || !computes_directly({&x, &o.where, &o.initial})) return {};
  if (x.shape().num_elements() < kLarge || reduced_count(x, o) < kFewResults) return {};
  const Array y = reduce();
  if (!all(isfinite(y)).item<bool>()) return {};
  return y;
}

// The reduction of x with NaN taken for `neutral`, and NaN again where there is nothing else.
Array nan_extreme(Array (*reduce)(const Array&, const Reduction&), double neutral, const Array& x, const Reduction& o) {
  if (!is_inexact(x.dtype())) return reduce(x, o);
  if (const auto y = if_without_nan(x, o, [&] { return reduce(x, o); })) return *y;
  const Array y = reduce(without_nan(x, neutral), o);
  Reduction every;
  every.axis = o.axis;
  every.keepdims = o.keepdims;
  every.where = o.where;
  Array nothing = all(isnan(x), every);
  if (o.initial) return y;
  return where(nothing, Scalar(std::numeric_limits<double>::quiet_NaN()).to_array(y.dtype()), y);
}

Array nan_arg_extreme(Array (*place)(const Array&, std::optional<std::int64_t>, bool),
                      Array (*extreme)(const Array&, const Reduction&), double neutral, const Array& x,
                      std::optional<std::int64_t> axis, bool keepdims) {
  if (!is_inexact(x.dtype())) return place(x, axis, keepdims);
  Reduction along;
  if (axis) along.axis = Axes{*axis};
  if (if_without_nan(x, along, [&] { return extreme(x, along); })) return place(x, axis, keepdims);
  if (x.ndim() > 0) {
    const Array nothing = any(all(isnan(x), along));
    if (!nothing.is_symbolic() && nothing.item<bool>()) throw ValueError("All-NaN slice encountered");
  }
  return place(without_nan(x, neutral), axis, keepdims);
}

}  // namespace

Array nansum(const Array& x, const Reduction& o) {
  if (const auto y = if_without_nan(x, o, [&] { return sum(x, o); })) return *y;
  return sum(without_nan(x, 0), o);
}
Array nanprod(const Array& x, const Reduction& o) {
  if (const auto y = if_without_nan(x, o, [&] { return prod(x, o); })) return *y;
  return prod(without_nan(x, 1), o);
}
Array nanmin(const Array& x, const Reduction& o) {
  return nan_extreme(&min, std::numeric_limits<double>::infinity(), x, o);
}
Array nanmax(const Array& x, const Reduction& o) {
  return nan_extreme(&max, -std::numeric_limits<double>::infinity(), x, o);
}
Array nanargmin(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  return nan_arg_extreme(&argmin, &min, std::numeric_limits<double>::infinity(), x, axis, keepdims);
}
Array nanargmax(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  return nan_arg_extreme(&argmax, &max, -std::numeric_limits<double>::infinity(), x, axis, keepdims);
}

Array nanmean(const Array& x, const Reduction& o) {
  if (!is_inexact(x.dtype())) return mean(x, o);
  if (const auto y = if_without_nan(x, o, [&] { return mean(x, o); })) return *y;
  Reduction rest = o;
  rest.where = present(x, o.where);
  return mean(x, rest);
}

Array nanvar(const Array& x, const Reduction& o, const Spread& spread) {
  if (!is_inexact(x.dtype())) return var(x, o, spread);
  if (const auto y = if_without_nan(x, o, [&] { return var(x, o, spread); })) return *y;
  Reduction rest = o;
  rest.where = present(x, o.where);
  const Array v = var(x, rest, spread);
  // Too few elements give NaN, not the infinity of a division by zero.
  Reduction count{o.axis, DType::int64, o.keepdims, {}, {}};
  const Array few = sum(rest.where, count) <= Scalar(spread.ddof);
  return where(few, Scalar(std::numeric_limits<double>::quiet_NaN()).to_array(v.dtype()), v);
}

Array nanstd(const Array& x, const Reduction& o, const Spread& spread) { return sqrt(nanvar(x, o, spread)); }

}  // namespace tnp

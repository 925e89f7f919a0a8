// Reductions over the elements that are not NaN.
#include <limits>

#include "numpy/reduction_axes.h"
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

// The reduction of x with NaN taken for `neutral`, and NaN again where there is nothing else.
Array nan_extreme(Array (*reduce)(const Array&, const Reduction&), double neutral, const Array& x, const Reduction& o) {
  if (!is_inexact(x.dtype())) return reduce(x, o);
  const Array y = reduce(without_nan(x, neutral), o);
  Reduction every;
  every.axis = o.axis;
  every.keepdims = o.keepdims;
  every.where = o.where;
  Array nothing = all(isnan(x), every);
  if (o.initial) return y;
  return where(nothing, Scalar(std::numeric_limits<double>::quiet_NaN()).to_array(y.dtype()), y);
}

Array nan_arg_extreme(Array (*reduce)(const Array&, std::optional<std::int64_t>, bool), double neutral, const Array& x,
                      std::optional<std::int64_t> axis, bool keepdims) {
  if (!is_inexact(x.dtype())) return reduce(x, axis, keepdims);
  Reduction along;
  if (axis) along.axis = Axes{*axis};
  if (x.ndim() > 0) {
    const Array nothing = any(all(isnan(x), along));
    if (!nothing.is_symbolic() && nothing.item<bool>()) throw ValueError("All-NaN slice encountered");
  }
  return reduce(without_nan(x, neutral), axis, keepdims);
}

}  // namespace

Array nansum(const Array& x, const Reduction& o) { return sum(without_nan(x, 0), o); }
Array nanprod(const Array& x, const Reduction& o) { return prod(without_nan(x, 1), o); }
Array nanmin(const Array& x, const Reduction& o) {
  return nan_extreme(&min, std::numeric_limits<double>::infinity(), x, o);
}
Array nanmax(const Array& x, const Reduction& o) {
  return nan_extreme(&max, -std::numeric_limits<double>::infinity(), x, o);
}
Array nanargmin(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  return nan_arg_extreme(&argmin, std::numeric_limits<double>::infinity(), x, axis, keepdims);
}
Array nanargmax(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  return nan_arg_extreme(&argmax, -std::numeric_limits<double>::infinity(), x, axis, keepdims);
}

Array nanmean(const Array& x, const Reduction& o) {
  if (!is_inexact(x.dtype())) return mean(x, o);
  Reduction rest = o;
  rest.where = present(x, o.where);
  return mean(x, rest);
}

Array nanvar(const Array& x, const Reduction& o, const Spread& spread) {
  if (!is_inexact(x.dtype())) return var(x, o, spread);
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

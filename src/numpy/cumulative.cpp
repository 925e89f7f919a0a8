#include "tnp/cumulative.h"

#include "base/accumulator_dtype.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

using Cumulate = Array (*)(const Array&, std::int64_t, bool, DType);

Array along(Cumulate cumulate, const Array& x, std::optional<std::int64_t> axis, std::optional<DType> dtype) {
  const DType type = dtype.value_or(accumulator_dtype(x.dtype()));
  // A 0-d array counts as one element, with an axis too.
  if (!axis || x.ndim() == 0) {
    if (axis) normalize_axis(*axis, 1);
    return cumulate(ravel(x), 0, false, type);
  }
  return cumulate(x, normalize_axis(*axis, x.ndim()), false, type);
}

Array without_nan(const Array& x, const Scalar& instead) {
  return is_inexact(x.dtype()) ? where(isnan(x), instead.to_array(x.dtype()), x) : x;
}

Array standard(Cumulate cumulate, const Scalar& initial, const Array& given, const Cumulative& o) {
  const Array x = atleast_1d(given);
  if (!o.axis && x.ndim() > 1) {
    throw ValueError("For arrays which have more than one dimension ``axis`` argument is required.");
  }
  const int axis = normalize_axis(o.axis.value_or(0), x.ndim());
  const Array y = cumulate(x, axis, false, o.dtype.value_or(accumulator_dtype(x.dtype())));
  if (!o.include_initial) return y;
  Shape first = y.shape();
  first[axis] = 1;
  return concatenate(Arrays{full(first, initial.to_array(y.dtype())), y}, axis);
}

}  // namespace

Array cumsum(const Array& x, std::optional<std::int64_t> axis, std::optional<DType> dtype) {
  return along(&cumulate_sum, x, axis, dtype);
}
Array cumprod(const Array& x, std::optional<std::int64_t> axis, std::optional<DType> dtype) {
  return along(&cumulate_prod, x, axis, dtype);
}
Array nancumsum(const Array& x, std::optional<std::int64_t> axis, std::optional<DType> dtype) {
  return cumsum(without_nan(x, 0), axis, dtype);
}
Array nancumprod(const Array& x, std::optional<std::int64_t> axis, std::optional<DType> dtype) {
  return cumprod(without_nan(x, 1), axis, dtype);
}
Array cumulative_sum(const Array& x, const Cumulative& options) { return standard(&cumulate_sum, 0, x, options); }
Array cumulative_prod(const Array& x, const Cumulative& options) { return standard(&cumulate_prod, 1, x, options); }

}  // namespace tnp

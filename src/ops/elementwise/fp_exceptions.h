// Which floating-point exceptions a result stands for, told by the result itself: for maths whose own operations raise
// others, or none. A record's `raised(x…, result)` gives them for a vector of elements; see kernels_pass.h.
#pragma once

#include "ops/elementwise/kernel_abi.h"
#include "ops/elementwise/math/core.h"

namespace tnp::TNP_ISA {

// NaN from numbers is invalid; an infinity from finite numbers a division by zero where `pole`, else an overflow.
template <class V, class... X>
TNP_INLINE unsigned raised_by(V result, mask_t<V> pole, X... x) {
  const V inf = splat<V>(math::float_of<V>::infinity);
  using M = mask_t<V>;
  if (!any_lane(!(math::abs_value(result) < inf))) [[likely]]
    return 0;
  const M any_nan = ((x != x) | ...);
  const M all_finite = ((math::abs_value(x) < inf) & ...);
  const M infinite = both<M>(math::abs_value(result) == inf, all_finite);
  return (any_lane(both<M>(result != result, !any_nan)) ? kFpInvalid : 0) |
         (any_lane(both<M>(infinite, pole)) ? kFpDivideByZero : 0) |
         (any_lane(both<M>(infinite, !pole)) ? kFpOverflow : 0);
}

// Of a function without poles, and of one where every infinity is one.
template <class V, class... X>
TNP_INLINE unsigned raised_by_function(V result, X... x) {
  return raised_by(result, result != result, x...);
}
template <class V, class... X>
TNP_INLINE unsigned raised_by_poles(V result, X... x) {
  return raised_by(result, result == result, x...);
}

}  // namespace tnp::TNP_ISA

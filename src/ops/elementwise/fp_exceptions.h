// Which floating-point exceptions a result stands for, told by the result itself: for maths whose own operations raise
// others, or none. A record's `raised(x…, result)` gives them for a vector of elements; see kernels_pass.h.
#pragma once

#include "ops/elementwise/kernel_abi.h"
#include "ops/elementwise/lanes.h"
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

// Of complex numbers: what an infinite part of the result of finite ones stands for is `infinite`.
template <class V, class... X>
TNP_INLINE unsigned raised_by_parts(V result, unsigned infinite, X... x) {
  using R = decltype(result.re);
  using M = mask_t<R>;
  const R inf = splat<R>(math::float_of<R>::infinity);
  const auto finite = [&](auto z) { return both<M>(math::abs_value(z.re) < inf, math::abs_value(z.im) < inf); };
  const auto nan = [&](auto z) -> M { return (z.re != z.re) | (z.im != z.im); };
  if (!any_lane(!finite(result))) [[likely]]
    return 0;
  const M endless = (math::abs_value(result.re) == inf) | (math::abs_value(result.im) == inf);
  const M any_nan = (nan(x) | ...);
  const M all_finite = (finite(x) & ...);
  return (any_lane(both<M>(nan(result), !any_nan)) ? kFpInvalid : 0) |
         (any_lane(both<M>(endless, all_finite)) ? infinite : 0);
}

// Of a function without poles, and of one where every infinity is one.
template <class V, class... X>
TNP_INLINE unsigned raised_by_function(V result, X... x) {
  if constexpr (is_complex_value<V>) {
    return raised_by_parts(result, kFpOverflow, x...);
  } else {
    return raised_by(result, result != result, x...);
  }
}
template <class V, class... X>
TNP_INLINE unsigned raised_by_poles(V result, X... x) {
  if constexpr (is_complex_value<V>) {
    return raised_by_parts(result, kFpDivideByZero, x...);
  } else {
    return raised_by(result, result == result, x...);
  }
}

}  // namespace tnp::TNP_ISA

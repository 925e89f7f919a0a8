// Neighbours of half-precision numbers, which float32 lanes hold exactly.
#pragma once

#include "ops/elementwise/math/core.h"

namespace tnp::TNP_ISA::math {

namespace detail {

// What tells float16 and bfloat16 apart.
template <bool IsFloat16>
struct Half;
template <>
struct Half<true> {
  static constexpr std::int32_t step = 1 << 13;  // between neighbours, in float32's bits, where they are normal
  static constexpr float min_normal = 0x1p-14f, min_subnormal = 0x1p-24f, max = 65504;
};
template <>
struct Half<false> {
  static constexpr std::int32_t step = 1 << 16;  // float32's range: so the subnormal ones too
  static constexpr float min_normal = 0, min_subnormal = 0x1p-133f, max = 0x1.fep127f;
};

}  // namespace detail

// nextafter; an overflow gives a number beyond the format, which is infinite there.
template <bool IsFloat16, class V>
TNP_INLINE V nextafter_half(V x, V y) {
  using H = detail::Half<IsFloat16>;
  using I = int_t<V>;
  using M = mask_t<V>;
  const V zero = splat<V>(0), magnitude = abs_value(x);
  const M outward = (y > x) == (x > zero);
  const I bits = bit_cast<I>(magnitude);
  V moved = bit_cast<V>(I(bits + select<I>(outward, splat<I>(H::step), splat<I>(-H::step))));
  // Below min_normal, or at it and going inward, the distance is min_subnormal.
  const V next = magnitude + select<V>(outward, splat<V>(H::min_subnormal), splat<V>(-H::min_subnormal));
  const M subnormal = select<M>(outward, magnitude < splat<V>(H::min_normal), magnitude <= splat<V>(H::min_normal));
  moved = select<V>(subnormal, next, moved);
  moved = select<V>(magnitude == splat<V>(float_of<V>::infinity), splat<V>(H::max), moved);
  moved = copysign(moved, select<V>(x == zero, y, x));
  moved = select<V>(x == zero, copysign(splat<V>(H::min_subnormal), y), moved);
  const V value = select<V>(x == y, y, moved);
  return select<V>(both<M>(x == x, y == y), value, x + y);
}

// As `spacing`; but float16's is the positive distance to the number above, as NumPy's.
template <bool IsFloat16, class V>
TNP_INLINE V spacing_half(V x) {
  const V inf = splat<V>(float_of<V>::infinity), nan = splat<V>(float_of<V>::nan);
  const V start = x + splat<V>(0);  // +0 for -0
  const V next = nextafter_half<IsFloat16>(start, IsFloat16 ? inf : copysign(inf, start));
  // Beyond the largest number is infinity.
  const V distance = select<V>(next > splat<V>(detail::Half<IsFloat16>::max), inf, next) - start;
  return select<V>(abs_value(x) < inf, distance, nan);
}

}  // namespace tnp::TNP_ISA::math

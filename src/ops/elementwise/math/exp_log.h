// exp, log and their relatives. No lane branches; each is within 1 ULP (exp, log) or 2 ULP of the exact value
// over the whole range, subnormals included.
#pragma once

#include "ops/elementwise/math/core.h"

namespace tnp::TNP_ISA::math {

namespace detail {

// ln 2 in two parts; the upper one times any exponent is exact.
template <class T>
struct Ln2;
template <>
struct Ln2<float> {
  static constexpr float hi = 0x1.62e4p-1f;
  static constexpr float lo = 0x1.7f7d1cp-20f;
  static constexpr float inverse = 0x1.715476p+0f;
};
template <>
struct Ln2<double> {
  static constexpr double hi = 0x1.62e42feep-1;
  static constexpr double lo = 0x1.a39ef35793c76p-33;
  static constexpr double inverse = 0x1.71547652b82fep+0;
};

// q with e^r = 1 + r + r^2 q(r) on |r| <= ln(2)/2.
template <class V>
TNP_INLINE V exp_tail(V r) {
  if constexpr (is_f32<V>) {
    return poly(r, 0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558f2p-5f, 0x1.1239e2p-7f, 0x1.6a247ap-10f);
  } else {
    return poly(r, 0x1.000000000000ap-1, 0x1.55555555554fap-3, 0x1.555555555087cp-5, 0x1.1111111127beap-7,
                0x1.6c16c1842a18fp-10, 0x1.a01a012a559b1p-13, 0x1.a0199a0c5affdp-16, 0x1.71df255761396p-19,
                0x1.28ad72d3fa16fp-22, 0x1.ad7f6655530e7p-26);
  }
}

// x = n ln 2 + r.
template <class V>
struct ExpReduced {
  Rounded<V> n;
  V r;
};
template <class V>
TNP_INLINE ExpReduced<V> exp_reduce(V x) {
  using C = Ln2<lane_t<V>>;
  const Rounded<V> n = round_scaled(x, C::inverse);
  const V r = mul_add(n.value, splat<V>(-C::lo), mul_add(n.value, splat<V>(-C::hi), x));
  return {n, r};
}

// x = 2^k (1 + f) with 1 + f in [2/3, 4/3) (float) or [sqrt(1/2), sqrt(2)) (double), for finite x > 0.
template <class V>
struct LogReduced {
  V k;
  V f;
};
template <class V>
TNP_INLINE LogReduced<V> log_reduce_bits(uint_t<V> bits, V exponent_bias) {
  using U = uint_t<V>;
  constexpr int shift = float_of<V>::mantissa_bits;
  constexpr auto one = lane_t<U>(float_of<V>::bias) << shift;
  constexpr auto low = lane_t<U>(is_f32<V> ? 0x3f2aaaabu : 0x3fe6a09e667f3bcdu);
  const U moved = bits + splat<U>(one - low);
  const U fraction = (moved & splat<U>(float_of<V>::mantissa_mask)) + splat<U>(low);
  // The biased exponent becomes a number by way of the mantissa of 2^mantissa_bits.
  constexpr auto unit = lane_t<U>(float_of<V>::bias + shift) << shift;
  const V biased = from_bits<V>((moved >> shift) | splat<U>(unit));
  return {biased - exponent_bias, from_bits<V>(fraction) - splat<V>(1)};
}
template <class V>
TNP_INLINE LogReduced<V> log_reduce(V x) {
  constexpr int shift = float_of<V>::mantissa_bits;
  constexpr auto offset = lane_t<V>(1ull << shift) + float_of<V>::bias;
  const mask_t<V> subnormal = x < splat<V>(float_of<V>::min_normal);
  x = select<V>(subnormal, x * splat<V>(lane_t<V>(1ull << shift)), x);
  return log_reduce_bits(bits_of(x), select<V>(subnormal, splat<V>(offset + shift), splat<V>(offset)));
}

// log(1 + f) - f + f^2/2, given half_square = f^2/2.
template <class V>
TNP_INLINE V log_tail(V f, V half_square) {
  if constexpr (is_f32<V>) {
    const V p = poly(f, 0x1.555506p-2f, -0x1.fffefp-3f, 0x1.99d02ap-3f, -0x1.559ddp-3f, 0x1.1ed706p-3f,
                     -0x1.f310c2p-4f, 0x1.1e671cp-3f, -0x1.0806a2p-3f);
    return (f * f) * (f * p);
  } else {
    const V s = f / (splat<V>(2) + f);
    const V z = s * s;
    const V p = z * poly(z, 0x1.5555555555592p-1, 0x1.999999997fd78p-2, 0x1.24924941f4f04p-2, 0x1.c71c52060ef57p-3,
                         0x1.74663fa0ea43ep-3, 0x1.39a1a7130c7p-3, 0x1.2f063397943d1p-3);
    return s * (half_square + p);
  }
}

// The logarithm's values outside of (0, inf); there `value` is meaningless.
template <class V>
TNP_INLINE V log_special(V x, V value) {
  const V zero = splat<V>(0);
  const V bad = select<V>(x == zero, splat<V>(-float_of<V>::infinity), splat<V>(float_of<V>::nan));
  value = select<V>(x < splat<V>(float_of<V>::infinity), value, x);
  return select<V>(x <= zero, bad, value);
}

}  // namespace detail

template <class V>
TNP_INLINE V exp(V x) {
  // Beyond the limits the result is 0 or inf, rounded.
  const V limited = is_f32<V> ? clamp(x, lane_t<V>(-105), lane_t<V>(89)) : clamp(x, lane_t<V>(-746), lane_t<V>(710));
  const auto [n, r] = detail::exp_reduce(limited);
  const V p = mul_add(r * r, detail::exp_tail(r), r) + splat<V>(1);
  return scale_by_rounded(p, n.biased_bits);
}

template <class V>
TNP_INLINE V log(V x) {
  using C = detail::Ln2<lane_t<V>>;
  const auto [k, f] = detail::log_reduce(x);
  const V half_square = splat<V>(0.5) * f * f;
  const V tail = mul_add(k, splat<V>(C::lo), detail::log_tail(f, half_square));
  const V value = mul_add(k, splat<V>(C::hi), f - (half_square - tail));
  return detail::log_special(x, value);
}

}  // namespace tnp::TNP_ISA::math

// Rounding, remainders, neighbours and the parts of floating-point numbers.
#pragma once

#include "ops/elementwise/math/core.h"

namespace tnp::TNP_ISA::math {

template <class V>
TNP_INLINE V floor(V x) {
  return __builtin_elementwise_floor(x);
}
template <class V>
TNP_INLINE V ceil(V x) {
  return __builtin_elementwise_ceil(x);
}
template <class V>
TNP_INLINE V trunc(V x) {
  return __builtin_elementwise_trunc(x);
}
// To the nearest integer, ties to even.
template <class V>
TNP_INLINE V rint(V x) {
  return __builtin_elementwise_roundeven(x);
}

// x = mantissa * 2^exponent with 0.5 <= |mantissa| < 1; zeros, infinities and NaN are their own mantissa with exponent
// 0.
template <class V>
struct Parts {
  V mantissa;
  int_t<V> exponent;
};
template <class V>
TNP_INLINE Parts<V> frexp(V x) {
  using I = int_t<V>;
  using U = uint_t<V>;
  using F = float_of<V>;
  const V magnitude = abs_value(x);
  const mask_t<V> subnormal = magnitude < splat<V>(F::min_normal);
  constexpr auto up = lane_t<V>(1ull << F::mantissa_bits);
  const V normal = select<V>(subnormal, x * splat<V>(up), x);
  const U bits = bits_of(normal);
  const I biased = bit_cast<I>(U((bits & splat<U>(F::exponent_mask)) >> F::mantissa_bits));
  const I shift = select<I>(subnormal, splat<I>(F::bias - 1 + F::mantissa_bits), splat<I>(F::bias - 1));
  constexpr auto half = lane_t<U>(F::bias - 1) << F::mantissa_bits;
  const V mantissa = from_bits<V>((bits & splat<U>(~F::exponent_mask)) | splat<U>(half));
  const mask_t<V> plain = both<mask_t<V>>(magnitude > splat<V>(0), magnitude < splat<V>(F::infinity));
  return {select<V>(plain, mantissa, x), select<I>(plain, biased - shift, splat<I>(0))};
}

// x * 2^n, rounded once.
template <class V>
TNP_INLINE V ldexp(V x, int_t<V> n) {
  using I = int_t<V>;
  constexpr int bias = float_of<V>::bias;
  const auto [mantissa, exponent] = frexp(x);
  // Beyond four times the bias every number has left the range; the sum below must not overflow.
  const I least = splat<I>(-4 * bias), most = splat<I>(4 * bias);
  n = select<I>(n < least, least, select<I>(n > most, most, n));
  I total = n + exponent;
  const I low = splat<I>(-2 * bias + 2), high = splat<I>(2 * bias - 2);
  total = select<I>(total < low, low, select<I>(total > high, high, total));
  const I half = total >> 1;
  return (mantissa * pow2<V>(half)) * pow2<V>(total - half);
}

// The representable number next to x in the direction of y.
template <class V>
TNP_INLINE V nextafter(V x, V y) {
  using I = int_t<V>;
  const V zero = splat<V>(0);
  const mask_t<V> outward = (y > x) == (x > zero);
  // Unsigned: zero and NaN may wrap, and are not used.
  const V step = from_bits<V>(bits_of(x) + bit_cast<uint_t<V>>(select<I>(outward, splat<I>(1), splat<I>(-1))));
  const V moved = select<V>(x == zero, copysign(splat<V>(float_of<V>::min_subnormal), y), step);
  const V value = select<V>(x == y, y, moved);
  return select<V>(both<mask_t<V>>(x == x, y == y), value, x + y);
}

// The distance from x to the next number away from zero, with the sign of x; positive for both zeros, as NumPy's.
template <class V>
TNP_INLINE V spacing(V x) {
  const V start = x + splat<V>(0);  // +0 for -0
  return nextafter(start, copysign(splat<V>(float_of<V>::infinity), start)) - start;
}

namespace detail {

// r mod divisor for finite r >= 0, divisor > 0 with a quotient below 2^52; doubles. Exact: both are integer multiples
// of the divisor's last place, and so is every difference formed here.
template <class V>
TNP_INLINE V fmod_step(V r, V divisor) {
  const mask_t<V> big = r > splat<V>(0x1p500);
  const V scale = select<V>(big, splat<V>(0x1p-600), splat<V>(1));
  const V unscale = select<V>(big, splat<V>(0x1p600), splat<V>(1));
  const V a = r * scale, b = divisor * scale;
  const V quotient = trunc(a / b);
  const DD<V> product = two_prod(quotient, b);
  const V rest = (a - product.hi) - product.lo;
  // The quotient may have been rounded up to the next integer.
  return select<V>(rest < splat<V>(0), rest + b, rest) * unscale;
}

// a mod b for finite a >= 0, b > 0. One step suffices for quotients below 2^52; larger ones take off 52 bits a step.
template <class V>
TNP_INLINE V fmod_positive(V a, V b) {
  using U = uint_t<V>;
  const V limit = b * splat<V>(0x1p52);
  V r = a;
  while (any_lane(r >= limit)) {
    // The divisor b 2^k with the largest k that leaves a quotient below 2^52. b may be subnormal: hence the product.
    const V normal = b * splat<V>(0x1p60);
    const U r_exponent = (bits_of(r) & splat<U>(Float<double>::exponent_mask)) >> 52;
    const U b_exponent = (bits_of(normal) & splat<U>(Float<double>::exponent_mask)) >> 52;
    // k = exponent(r) - exponent(b) - 51 >= 0 where the quotient is large; 2^k may need two factors.
    const U power = r_exponent - b_exponent + splat<U>(60 - 51 + 2 * 1023), half = power >> 1;
    const V divisor = (b * from_bits<V>(half << 52)) * from_bits<V>((power - half) << 52);
    r = select<V>(r >= limit, fmod_step(r, divisor), r);
  }
  return fmod_step(r, b);
}

}  // namespace detail

// C's fmod: exact, with the sign of a.
template <class V>
TNP_INLINE V fmod(V a, V b) {
  using W = rebind_t<V, double>;
  const V magnitude = abs_value(a), divisor = abs_value(b);
  const V zero = splat<V>(0), one = splat<V>(1), inf = splat<V>(float_of<V>::infinity);
  const mask_t<V> defined = both<mask_t<V>>(magnitude<inf, divisor> zero);
  // a < b (b may be infinite) is its own remainder.
  const mask_t<V> needed = both<mask_t<V>>(defined, magnitude >= divisor);
  const auto p = convert<W>(select<V>(needed, magnitude, zero)), q = convert<W>(select<V>(needed, divisor, one));
  V value = select<V>(needed, convert<V>(detail::fmod_positive(p, q)), magnitude);
  value = select<V>(defined, value, splat<V>(float_of<V>::nan));
  return copysign(value, a);
}

template <class V>
struct QuotientRemainder {
  V quotient;
  V remainder;
};

// NumPy's divmod: the floored quotient, the remainder with the sign of b.
template <class V>
TNP_INLINE QuotientRemainder<V> float_divmod(V a, V b) {
  const V zero = splat<V>(0), one = splat<V>(1);
  const V plain = a / b;
  V mod = fmod(a, b);
  V div = (a - mod) / b;
  const mask_t<V> adjust = both<mask_t<V>>(mod != zero, (b < zero) != (mod < zero));
  div = select<V>(adjust, div - one, div);
  const V signed_mod = select<V>(mod == zero, copysign(zero, b), select<V>(adjust, mod + b, mod));
  const V floored = floor(div);
  const V nearest = select<V>(div - floored > splat<V>(0.5), floored + one, floored);
  const V quotient = select<V>(div == zero, copysign(zero, plain), nearest);
  const mask_t<V> by_zero = b == zero;
  return {select<V>(by_zero, plain, quotient), select<V>(by_zero, mod, signed_mod)};
}
template <class V>
TNP_INLINE V float_remainder(V a, V b) {
  return float_divmod(a, b).remainder;
}
template <class V>
TNP_INLINE V float_floor_divide(V a, V b) {
  return float_divmod(a, b).quotient;
}

}  // namespace tnp::TNP_ISA::math

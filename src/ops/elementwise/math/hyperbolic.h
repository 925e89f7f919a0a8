// sinh, cosh, tanh and their inverses. Measured by tests/accuracy/ulp_trigonometric.cpp.
#pragma once

#include "ops/elementwise/math/exp_log.h"

namespace tnp::TNP_ISA::math {

namespace detail {

// sinh and cosh of |x| halved (so that they overflow only where they must), before the final doubling.
// With x = n ln 2 + r: sinh x = S cosh r + C sinh r and cosh x = C cosh r + S sinh r, where S and C are the hyperbolic
// sine and cosine of n ln 2, which are exact.
template <class V>
struct HyperbolicParts {
  V big_sinh;  // S / 2
  V big_cosh;  // C / 2
  V sinh;      // sinh r
  V cosh_m1;   // cosh r - 1
};
template <class V>
TNP_INLINE HyperbolicParts<V> hyperbolic_parts(V magnitude) {
  using U = uint_t<V>;
  using C = Ln2<lane_t<V>>;
  // At the limit both overflow, and n = bias + 2 is the largest that 2^(n - 2) has.
  const V limit = splat<V>(is_f32<V> ? 89.6 : 710.7);
  const V x = select<V>(magnitude > limit, limit, magnitude);
  const Rounded<V> n = round_scaled(x, C::inverse);
  const V r0 = mul_add(n.value, splat<V>(-C::hi), x);
  const V r = mul_add(n.value, splat<V>(-C::lo), r0);
  const V r_lo = mul_add(n.value, splat<V>(-C::lo), r0 - r);
  const V z = r * r;
  V sinh, cosh;
  if constexpr (is_f32<V>) {
    sinh = poly(z, 0x1.5554aep-3f, 0x1.122942p-7f);
    cosh = poly(z, 0x1.5554e6p-5f, 0x1.6d4f5ap-10f);
  } else {
    sinh = poly(z, 0x1.5555555555559p-3, 0x1.111111110f624p-7, 0x1.a01a01b025016p-13, 0x1.71ddf79e5958ap-19,
                0x1.af601bab0e855p-26);
    cosh = poly(z, 0x1.5555555555558p-5, 0x1.6c16c16c14ff1p-10, 0x1.a01a01ad86b9ap-16, 0x1.27e4cbf70725cp-22,
                0x1.1f8c1302601ccp-29);
  }
  sinh = r + mul_add(r * z, sinh, r_lo);
  cosh = mul_add(z * z, cosh, splat<V>(0.5) * z);
  // 2^(n - 2) and 2^(-n - 2); the latter is nothing beside the former, and near underflow, for large n.
  constexpr auto bias = float_of<V>::bias;
  const U largest = bits_of(splat<V>(float_of<V>::round_magic + 2 * bias + (is_f32<V> ? 40 : 80)));
  const U small = n.biased_bits > largest ? largest : n.biased_bits;
  const V up = from_bits<V>((n.biased_bits - splat<U>(bias + 2)) << float_of<V>::mantissa_bits);
  const V down = from_bits<V>((splat<U>(3 * bias - 2) - small) << float_of<V>::mantissa_bits);
  return {up - down, up + down, sinh, cosh};
}

// The doubling; infinity is infinity without an overflow.
template <class V>
TNP_INLINE V hyperbolic_scale(V magnitude) {
  const V infinity = splat<V>(float_of<V>::infinity);
  return select<V>(magnitude == infinity, infinity, splat<V>(2));
}

// From where on, 1 is nothing beside x^2.
template <class V>
TNP_INLINE V large_square() {
  return splat<V>(is_f32<V> ? 0x1p14 : 0x1p28);
}

}  // namespace detail

template <class V>
TNP_INLINE V sinh(V x) {
  const V magnitude = abs_value(x);
  const auto p = detail::hyperbolic_parts(magnitude);
  const V half = p.big_sinh + mul_add(p.big_cosh, p.sinh, p.big_sinh * p.cosh_m1);
  const V value = half * detail::hyperbolic_scale(magnitude);
  // Half of a subnormal number is not exact; sinh x = x there.
  const V result = select<V>(magnitude < splat<V>(0x1p-40), magnitude, value);
  return from_bits<V>(bits_of(result) ^ sign_bit(x));
}

template <class V>
TNP_INLINE V cosh(V x) {
  const V magnitude = abs_value(x);
  const auto p = detail::hyperbolic_parts(magnitude);
  const V half = p.big_cosh + mul_add(p.big_cosh, p.cosh_m1, p.big_sinh * p.sinh);
  return half * detail::hyperbolic_scale(magnitude);
}

// e / (e + 2) with e = exp(2 |x|) - 1.
template <class V>
TNP_INLINE V tanh(V x) {
  using U = uint_t<V>;
  const V magnitude = abs_value(x);
  // 1 from about 9 (float) or 19 (double) on.
  const V limit = splat<V>(is_f32<V> ? 10 : 20);
  const V limited = select<V>(magnitude > limit, limit, magnitude);
  const auto [n, r] = detail::exp_reduce(limited + limited);
  const V p = mul_add(r * r, detail::exp_tail(r), r);
  const V power = from_bits<V>((n.biased_bits - splat<U>(float_of<V>::bias)) << float_of<V>::mantissa_bits);
  const V e = mul_add(power, p, power - splat<V>(1));
  return from_bits<V>(bits_of(e / (e + splat<V>(2))) ^ sign_bit(x));
}

namespace detail {

// Where 1 is nothing beside x^2, log(2 x); and for infinities and NaN.
template <class V>
[[gnu::noinline, gnu::cold]] inline void replace_large_arcsinh(const V& x, V& result) {
  const V magnitude = abs_value(x), inf = splat<V>(float_of<V>::infinity);
  const mask_t<V> large = both<mask_t<V>>(magnitude > large_square<V>(), magnitude < inf);
  const V log = log_by_table<NaturalLog, V>(bits_of(select<V>(large, magnitude, splat<V>(1))), splat<V>(1));
  const V value = select<V>(magnitude <= large_square<V>(), result, copysign(log, x));
  result = select<V>(magnitude < inf, value, x);
}

}  // namespace detail

// log(|x| + sqrt(x^2 + 1)), as log(1 + a) with a = |x| + x^2 / (1 + sqrt(x^2 + 1)).
template <class V>
TNP_INLINE V arcsinh(V x) {
  const V one = splat<V>(1);
  const V magnitude = abs_value(x);
  const V square = magnitude * magnitude;
  const V a = magnitude + square / (one + math::sqrt(square + one));
  const DD<V> sum = fast_two_sum(select<V>(a > one, a, one), select<V>(a > one, one, a));
  V result = copysign(detail::log_of_sum(sum.hi, sum.lo), x);
  if (any_lane(mask_t<V>(!(magnitude <= detail::large_square<V>())))) [[unlikely]] {
    // Copies of this block's own: the callee's view of them keeps nothing in memory on the common path.
    const V argument = x;
    V replaced = result;
    detail::replace_large_arcsinh(argument, replaced);
    result = replaced;
  }
  return result;
}

// log(x + sqrt(x^2 - 1)), as log(1 + t + sqrt(t^2 + 2 t)) with t = x - 1.
template <class V>
TNP_INLINE V arccosh(V x) {
  const V one = splat<V>(1);
  const V t = x - one;
  const V root = math::sqrt(mul_add(t, t, t + t));
  const DD<V> first = two_sum(one, root);
  const DD<V> sum = two_sum(first.hi, t);
  V result = detail::log_of_sum(sum.hi, first.lo + sum.lo);
  // The roots are next to x there, too.
  if (any_lane(mask_t<V>(!(x <= detail::large_square<V>())))) [[unlikely]] {
    const V argument = x;
    V replaced = result;
    detail::replace_large_arcsinh(argument, replaced);
    result = replaced;
  }
  return select<V>(x < one, splat<V>(float_of<V>::nan), result);
}

// log((1 + x) / (1 - x)) / 2. The quotient is 2^k (1 + s) / (1 - s) with a small s, found without dividing twice: the
// difference of the bits of 1 + x and 1 - x is that of their logarithms, roughly.
template <class V>
TNP_INLINE V arctanh(V x) {
  using C = detail::Ln2<lane_t<V>>;
  using U = uint_t<V>;
  const V one = splat<V>(1);
  const V magnitude = abs_value(x);
  const V below_one = splat<V>(lane_t<V>(1) - float_of<V>::epsilon / 2);
  const V bounded = select<V>(magnitude > below_one, below_one, magnitude);
  const DD<V> plus = fast_two_sum(one, bounded);
  const DD<V> minus = fast_two_sum(one, -bounded);
  constexpr int shift = float_of<V>::mantissa_bits;
  const U k = (bits_of(plus.hi) - bits_of(minus.hi) + splat<U>(lane_t<U>(1) << (shift - 1))) >> shift;
  const V power = from_bits<V>((k + splat<U>(float_of<V>::bias)) << shift);
  const V numerator = (plus.hi - power * minus.hi) + (plus.lo - power * minus.lo);
  const V denominator = (plus.hi + power * minus.hi) + (plus.lo + power * minus.lo);
  const V s = numerator / denominator;
  const V z = s * s;
  V p;
  if constexpr (is_f32<V>) {
    p = poly(z, 0x1.555554p-2f, 0x1.999c0cp-3f, 0x1.23e044p-3f, 0x1.ee9f3cp-4f);
  } else {
    p = poly(z, 0x1.555555555554fp-2, 0x1.999999999c1f5p-3, 0x1.24924921d977cp-3, 0x1.c71c749b1a348p-4,
             0x1.745c47effa486p-4, 0x1.3b362602366a2p-4, 0x1.0dc4aa4ade3cfp-4, 0x1.1bb1c98bad55cp-4);
  }
  const V halves = convert<V>(bit_cast<int_t<V>>(k)) * splat<V>(0.5);
  const V tail = mul_add(halves, splat<V>(C::lo), s * z * p);
  const V value = mul_add(halves, splat<V>(C::hi), s + tail);
  const V outside = select<V>(magnitude == one, splat<V>(float_of<V>::infinity), splat<V>(float_of<V>::nan));
  const V result = select<V>(magnitude >= one, outside, value);
  return from_bits<V>(bits_of(result) ^ sign_bit(x));
}

}  // namespace tnp::TNP_ISA::math

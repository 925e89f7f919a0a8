// exp, log and their relatives, without branches; exp, exp2 and log are within 1 step of the correctly rounded value,
// the others within 2, over the whole range, subnormals included.
#pragma once

#include "ops/elementwise/math/log_table.h"

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
  static constexpr double rest = 0x1.cc01f97b57a08p-87;
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
  uint_t<V> fraction_bits;  // of 1 + f
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
  return {biased - exponent_bias, from_bits<V>(fraction) - splat<V>(1), fraction};
}

// log(1 + f) - f + f^2/2, given half_square = f^2/2.
template <class V>
TNP_INLINE V log_tail(V f, V half_square) {
  if constexpr (is_f32<V>) {
    const V p = poly(f, 0x1.555506p-2f, -0x1.fffefp-3f, 0x1.99d02ap-3f, -0x1.559ddp-3f, 0x1.1ed706p-3f, -0x1.f310c2p-4f,
                     0x1.1e671cp-3f, -0x1.0806a2p-3f);
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

// (2^r - 1) / r on |r| <= 1/2.
template <class V>
TNP_INLINE V exp2_slope(V r) {
  if constexpr (is_f32<V>) {
    return poly(r, 0x1.62e432p-1f, 0x1.ebfbe2p-3f, 0x1.c6ae72p-5f, 0x1.3b270ep-7f, 0x1.5f7294p-10f, 0x1.470bcep-13f);
  } else {
    return poly(r, 0x1.62e42fefa39f3p-1, 0x1.ebfbdff82c598p-3, 0x1.c6b08d7048f2dp-5, 0x1.3b2ab6fba1e12p-7,
                0x1.5d87fe7bbc6a6p-10, 0x1.4309130963b8p-13, 0x1.ffcbee3953d9bp-17, 0x1.62bfd496d1dc6p-20,
                0x1.b5416992700adp-24, 0x1.e606096fc80cdp-28, 0x1.c062dac41aaf6p-32);
  }
}

// ln 2 and 1 / ln 2 to twice the precision.
template <class T>
struct LogBase;
template <>
struct LogBase<float> {
  static constexpr float log2_e = 0x1.715476p+0f, log2_e_rest = 0x1.4ae0cp-26f;
  static constexpr float ln2 = 0x1.62e43p-1f, ln2_rest = -0x1.05c61p-29f;
};
template <>
struct LogBase<double> {
  static constexpr double log2_e = 0x1.71547652b82fep+0, log2_e_rest = 0x1.777d0ffda0d24p-56;
  static constexpr double ln2 = 0x1.62e42fefa39efp-1, ln2_rest = 0x1.abc9e3b39803fp-56;
};

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
  return detail::logarithm<detail::NaturalLog>(x);
}
template <class V>
TNP_INLINE V log2(V x) {
  return detail::logarithm<detail::BinaryLog>(x);
}
template <class V>
TNP_INLINE V log10(V x) {
  return detail::logarithm<detail::DecimalLog>(x);
}

template <class V>
TNP_INLINE V exp2(V x) {
  const V limited = is_f32<V> ? clamp(x, lane_t<V>(-152), lane_t<V>(129)) : clamp(x, lane_t<V>(-1077), lane_t<V>(1025));
  const Rounded<V> n = round_scaled(limited, lane_t<V>(1));
  const V r = limited - n.value;
  return scale_by_rounded(mul_add(r, detail::exp2_slope(r), splat<V>(1)), n.biased_bits);
}

template <class V>
TNP_INLINE V expm1(V x) {
  // Below the limit the result is -1, rounded.
  const V limited = is_f32<V> ? clamp(x, lane_t<V>(-18), lane_t<V>(89)) : clamp(x, lane_t<V>(-39), lane_t<V>(710));
  const auto [n, r] = detail::exp_reduce(limited);
  const V p = mul_add(r * r, detail::exp_tail(r), r);
  // 2^n p + (2^n - 1), all halved for the sake of the largest n; n == 0 must not lose the last bit of a subnormal.
  const V half = from_bits<V>((n.biased_bits - splat<uint_t<V>>(float_of<V>::bias + 1)) << float_of<V>::mantissa_bits);
  const V scaled = mul_add(p, half, half - splat<V>(0.5)) * splat<V>(2);
  return copysign(select<V>(n.value == splat<V>(0), p, scaled), x);
}

template <class V>
TNP_INLINE V log1p(V x) {
  using C = detail::Ln2<lane_t<V>>;
  using U = uint_t<V>;
  constexpr int shift = float_of<V>::mantissa_bits;
  // 1 + x = u + rest exactly; the rest joins f after the reduction of u.
  const DD<V> u = two_sum(splat<V>(1), x);
  const auto offset = splat<V>(lane_t<V>(1ull << shift) + lane_t<V>(float_of<V>::bias));
  const auto [k, whole, fraction] = detail::log_reduce_bits(bits_of(u.hi), offset);
  constexpr auto one = lane_t<U>(float_of<V>::bias) << shift;
  // 2^-k. From 2^60 on the rest counts for nothing, and the scale might leave the range.
  const V scaled_rest = u.lo * from_bits<V>(fraction - bits_of(u.hi) + splat<U>(one));
  const V f = whole + select<V>(u.hi < splat<V>(0x1p60f), scaled_rest, splat<V>(0));
  const V half_square = splat<V>(0.5) * f * f;
  const V tail = mul_add(k, splat<V>(C::lo), detail::log_tail(f, half_square));
  const V value = mul_add(k, splat<V>(C::hi), f - (half_square - tail));
  const V special = detail::log_special(u.hi, value);
  return select<V>(abs_value(x) < splat<V>(float_of<V>::epsilon / 4), x, special);
}

namespace detail {

// e^x = 2^n (1 + p), p good to about 2^-83 of itself, for -708 < x < 709; doubles.
template <class V>
struct WideExp {
  V power;  // 2^n
  DD<V> p;
};
template <class V>
TNP_INLINE WideExp<V> exp_wide(DD<V> x) {
  using C = Ln2<double>;
  const Rounded<V> n = round_scaled(x.hi, C::inverse);
  const DD<V> lower = two_prod(n.value, splat<V>(-C::lo));
  const DD<V> upper = two_sum(mul_add(n.value, splat<V>(-C::hi), x.hi), lower.hi);
  const V rest = mul_add(n.value, splat<V>(-C::rest), lower.lo) + x.lo;
  const DD<V> r = fast_two_sum(upper.hi, upper.lo + rest);
  // 1/2! + r/3! + …, the first terms to twice the precision.
  constexpr double hi[] = {0x1.a01a01a01a01ap-16,
                           0x1.a01a01a01a01ap-13,
                           0x1.6c16c16c16c17p-10,
                           0x1.1111111111111p-7,
                           0x1.5555555555555p-5,
                           0x1.5555555555555p-3,
                           0x1p-1};
  constexpr double lo[] = {0x1.a01a01a01a01ap-76,
                           0x1.a01a01a01a01ap-73,
                           -0x1.f49f49f49f49fp-65,
                           0x1.1111111111111p-63,
                           0x1.5555555555555p-59,
                           0x1.5555555555555p-57,
                           0};
  const V tail = poly(r.hi, 0x1.71de3a556c734p-19, 0x1.27e4fb7789f5cp-22, 0x1.ae64567f544e4p-26, 0x1.1eed8eff8d898p-29,
                      0x1.6124613a86d09p-33, 0x1.93974a8c07c9dp-37, 0x1.ae7f3e733b81fp-41, 0x1.ae7f3e733b81fp-45,
                      0x1.952c77030ad4ap-49, 0x1.6827863b97d97p-53, 0x1.2f49b46814157p-57);
  DD<V> sum = {tail, splat<V>(0)};
  for (int k = 0; k < 7; ++k) sum = fast_add(DD<V>{splat<V>(hi[k]), splat<V>(lo[k])}, mul_loose(sum, r));
  const V power = from_bits<V>((n.biased_bits - splat<uint_t<V>>(1023)) << 52);
  return {power, fast_add(r, mul_loose(square_loose(r), sum))};
}

// log(e^a + e^b) for b <= a < 0 where it is near 0: as log(1 + s) with s = (e^a - 1) + e^b, in which digits cancel.
template <class V>
TNP_INLINE V log_of_sum_near_zero(DD<V> a, DD<V> b) {
  if constexpr (is_f32<V>) {
    using W = rebind_t<V, double>;
    const W x = convert<W>(a.hi) + convert<W>(a.lo), y = convert<W>(b.hi) + convert<W>(b.lo);
    return convert<V>(log1p(expm1(x) + exp(y)));
  } else {
    const WideExp<V> first = exp_wide(a), second = exp_wide(b);
    // Exact: where e^a is not near 1, e^b is not small.
    const V whole = (first.power - splat<V>(1)) + second.power;
    const DD<V> fractions = add(DD<V>{first.p.hi * first.power, first.p.lo * first.power},
                                DD<V>{second.p.hi * second.power, second.p.lo * second.power});
    const DD<V> s = add(fractions, whole);
    return log1p(s.hi) + s.lo / (splat<V>(1) + s.hi);
  }
}

// Where the logarithm of a sum is a small difference of a negative number and a logarithm, b <= a.
template <class V>
TNP_INLINE mask_t<V> is_cancelled(V a, V value) {
  // Nearer to 0 e^b is beyond the range of exp_wide.
  constexpr auto least = is_f32<V> ? lane_t<V>(0) : lane_t<V>(0x1p-1000);
  const mask_t<V> negative = both<mask_t<V>>(a<splat<V>(-least), value> splat<V>(0.5) * a);
  return both<mask_t<V>>(negative, value < splat<V>(-2) * a);
}

// `value` = log(e^larger + e^smaller) again in those lanes. Most data have few, so this is out of line.
template <bool BaseTwo, class V>
[[gnu::noinline, gnu::cold]] inline void replace_cancelled(const V& larger, const V& smaller, V& value) {
  DD<V> a{larger, splat<V>(0)}, b{smaller, splat<V>(0)};
  using C = LogBase<lane_t<V>>;
  if constexpr (BaseTwo) {
    const DD<V> ln2{splat<V>(C::ln2), splat<V>(C::ln2_rest)};
    a = mul(ln2, larger);
    b = mul(ln2, smaller);
  }
  V result = log_of_sum_near_zero(a, b);
  if constexpr (BaseTwo) result = mul_add(result, splat<V>(C::log2_e), result * splat<V>(C::log2_e_rest));
  value = select<V>(is_cancelled(larger, value), result, value);
}

}  // namespace detail

// log(exp(a) + exp(b)).
template <bool BaseTwo = false, class V>
TNP_INLINE V logaddexp(V a, V b) {
  using C = detail::LogBase<lane_t<V>>;
  const V larger = select<V>(a > b, a, b), smaller = select<V>(a > b, b, a);
  // What rounding takes from the distance would be many units of a small exponential.
  const DD<V> distance = two_sum(smaller, -larger);
  V added;
  if constexpr (BaseTwo) {
    const V power = exp2(distance.hi);
    added = log1p(mul_add(power, distance.lo * splat<V>(C::ln2), power)) * splat<V>(C::log2_e);
  } else {
    const V power = exp(distance.hi);
    added = log1p(mul_add(power, distance.lo, power));
  }
  // Infinities leave no distance, and equal numbers none to be rounded.
  const V doubled = splat<V>(BaseTwo ? lane_t<V>(1) : C::ln2);
  const mask_t<V> numbers = both<mask_t<V>>(a == a, b == b);
  added = select<V>(added == added, added, select<V>(numbers, splat<V>(0), a + b));
  V value = larger + select<V>(a == b, doubled, added);
  if (any_lane(detail::is_cancelled(larger, value))) [[unlikely]] {
    const V first = larger, second = smaller;
    V replaced = value;
    detail::replace_cancelled<BaseTwo>(first, second, replaced);
    value = BaseTwo ? select<V>(a == b, value, replaced) : replaced;
  }
  return value;
}

// log2(2^a + 2^b).
template <class V>
TNP_INLINE V logaddexp2(V a, V b) {
  return logaddexp<true>(a, b);
}

}  // namespace tnp::TNP_ISA::math

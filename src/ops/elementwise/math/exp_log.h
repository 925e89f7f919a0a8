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
template <int Biases = 2, class V>
TNP_INLINE ExpReduced<V> exp_reduce(V x) {
  using C = Ln2<lane_t<V>>;
  const Rounded<V> n = round_scaled<Biases>(x, C::inverse);
  const V r = mul_add(n.value, splat<V>(-C::lo), mul_add(n.value, splat<V>(-C::hi), x));
  return {n, r};
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

// Of e^x: where it is 0, where it is infinite, and between which and its negative it is a normal number.
template <class V>
inline constexpr auto kExpZero = lane_t<V>(is_f32<V> ? -105 : -746);
template <class V>
inline constexpr auto kExpInfinite = lane_t<V>(is_f32<V> ? 89 : 710);
template <class V>
inline constexpr auto kExpPlain = lane_t<V>(is_f32<V> ? 87 : 708);

}  // namespace detail

template <class V>
TNP_INLINE V exp(V x) {
  const auto [n, r] = detail::exp_reduce<1>(x);
  const V p = mul_add(r * r, detail::exp_tail(r), r);
  const V power = from_bits<V>(n.biased_bits << float_of<V>::mantissa_bits);
  V result = TNP_FMA ? mul_add(power, p, power) : (p + splat<V>(1)) * power;
  const mask_t<V> plain = abs_value(x) < splat<V>(detail::kExpPlain<V>);
  if (any_lane(mask_t<V>(!plain))) [[unlikely]] {
    // Subnormal numbers and the largest ones are scaled in two steps; beyond those nothing of the above counts.
    const V scaled = scale_by_rounded(p + splat<V>(1), n.biased_bits + splat<uint_t<V>>(float_of<V>::bias));
    result = select<V>(plain, result, scaled);
    result = select<V>(x < splat<V>(detail::kExpZero<V>), splat<V>(0), result);
    result = select<V>(x > splat<V>(detail::kExpInfinite<V>), splat<V>(float_of<V>::infinity), result);
  }
  return result;
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

namespace detail {

// Where log1p is log, or not finite.
template <class V>
[[gnu::noinline, gnu::cold]] inline void replace_log1p(const V& x, V& result) {
  const V one = splat<V>(1);
  V log;
  log_of_any<NaturalLog>(select<V>(x < one, x + one, x), log);
  result = select<V>(both<mask_t<V>>(x > -one, x < splat<V>(0x1p59f)), result, log);
}

}  // namespace detail

template <class V>
TNP_INLINE V log1p(V x) {
  const V one = splat<V>(1);
  const mask_t<V> large = x > one;
  const DD<V> sum = fast_two_sum(select<V>(large, x, one), select<V>(large, one, x));
  V result = copysign(detail::log_of_sum(sum.hi, sum.lo), x);
  if (any_lane(mask_t<V>(!both<mask_t<V>>(x > -one, x < splat<V>(0x1p59f))))) [[unlikely]] {
    // Copies of this block's own: the callee's view of them keeps nothing in memory on the common path.
    const V argument = x;
    V replaced = result;
    detail::replace_log1p(argument, replaced);
    result = replaced;
  }
  return result;
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

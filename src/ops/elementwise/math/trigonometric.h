// sin, cos, tan, their inverses and what NumPy builds on them. Measured by tests/accuracy/ulp_trigonometric.cpp.
#pragma once

#include "ops/elementwise/math/core.h"

namespace tnp::TNP_ISA::math {

namespace detail {

// How far left the lowest bit is from the sign bit.
template <class V>
inline constexpr int sign_shift = 8 * sizeof(lane_t<V>) - 1;

// Pi in parts for Cody–Waite reduction. With a fused multiply-add the upper part is all of pi's leading bits, as x - n
// pi is then exact to its last bit; without it, a part times n must be exact, so that parts are short and n is bounded.
// Half of each is exact too: quarter turns use halves.
template <class T>
struct Pi;
template <>
struct Pi<float> {
  static constexpr float inverse = 0x1.45f306p-2f;
#if TNP_FMA
  static constexpr float parts[] = {0x1.921fb6p+1f, -0x1.777a5cp-24f, -0x1.ee59dap-49f};
  static constexpr float limit = 0x1p17f;
#else
  static constexpr float parts[] = {0x1.92p+1f, 0x1.fb4p-11f, 0x1.444p-23f, 0x1.68c234p-38f};
  static constexpr float limit = 0x1p13f;
#endif
};
template <>
struct Pi<double> {
  static constexpr double inverse = 0x1.45f306dc9c883p-2;
#if TNP_FMA
  static constexpr double parts[] = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53, -0x1.f1976b7ed8fbcp-109};
  static constexpr double limit = 0x1p30;
#else
  static constexpr double parts[] = {0x1.921fb544p+1, 0x1.0b4611a6p-33, 0x1.3198a2ep-68, 0x1.b839a252049c1p-103};
  static constexpr double limit = 0x1p20;
#endif
};

// An angle less `quarters` quarter turns (of which the two low bits count): hi + lo in [-pi/4, pi/4].
template <class V>
struct QuarterTurns {
  V hi;
  V lo;
  uint_t<V> quarters;
};

// Reduces a large finite x > 0: (x * 2/pi) mod 4 in fixed point, from those bits of 2/pi that matter (Payne–Hanek).
inline QuarterTurns<double> reduce_large(double x) {
  // 64 zeros, then 2/pi = 0.a2f9…
  static constexpr std::uint64_t two_over_pi[] = {
      0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
      0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41,
      0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7,
      0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
      0xf0cfbc209af4361d};
  using Wide = unsigned __int128;
  const std::uint64_t bits = bits_of(x);
  const std::uint64_t mantissa = (bits & Float<double>::mantissa_mask) | (1ull << 52);
  // x = mantissa * 2^exponent; the bits of 2/pi before number exponent - 2 give multiples of 4.
  const int exponent = static_cast<int>(bits >> 52) - (1023 + 52);
  const int start = exponent - 2 + 64;
  const int word = start >> 6;
  const int shift = start & 63;
  std::uint64_t window[3];
  for (int i = 0; i < 3; ++i) {
    const Wide pair = (static_cast<Wide>(two_over_pi[word + i]) << 64) | two_over_pi[word + i + 1];
    window[i] = static_cast<std::uint64_t>(pair >> (64 - shift));
  }
  const Wide low = static_cast<Wide>(mantissa) * window[2];
  const Wide middle = static_cast<Wide>(mantissa) * window[1] + (low >> 64);
  const Wide turns = (static_cast<Wide>(mantissa * window[0]) << 64) + middle;
  // The two top bits count quarters; the rest is a fraction, rounded to the nearest quarter.
  const Wide fraction = (turns << 2) | (static_cast<std::uint64_t>(low) >> 62);
  const bool negative = (fraction >> 127) != 0;
  const Wide magnitude = negative ? -fraction : fraction;
  const auto top = static_cast<std::uint64_t>(magnitude >> 64);
  const int zeros = top != 0 ? __builtin_clzll(top) : 64 + __builtin_clzll(static_cast<std::uint64_t>(magnitude) | 1);
  const Wide normal = magnitude << (zeros & 127);
  const double scale = pow2<double>(-53 - zeros);
  const double signed_scale = negative ? -scale : scale;
  const double hi = static_cast<double>(static_cast<std::uint64_t>(normal >> 75)) * signed_scale;
  const double lo = static_cast<double>(static_cast<std::uint64_t>(normal >> 11)) * (signed_scale * 0x1p-64);
  const double half_pi_hi = 0x1.921fb54442d18p+0, half_pi_lo = 0x1.1a62633145c07p-54;
  const DD<double> angle = mul(DD<double>{half_pi_hi, half_pi_lo}, hi);
  const DD<double> sum = fast_two_sum(angle.hi, angle.lo + lo * half_pi_hi);
  return {sum.hi, sum.lo, static_cast<std::uint64_t>(turns >> 126) + (negative ? 1 : 0)};
}

// (sin(r) - r) / r^3 over r^2, for |r| <= pi/2.
template <class V>
TNP_INLINE V sin_tail(V square) {
  if constexpr (is_f32<V>) {
    return poly(square, -0x1.55554cp-3f, 0x1.110ed4p-7f, -0x1.9f6f18p-13f, 0x1.5da6fep-19f);
  } else {
    return poly(square, -0x1.5555555555555p-3, 0x1.11111111110c6p-7, -0x1.a01a01a014a97p-13, 0x1.71de3a5288766p-19,
                -0x1.ae6454c7c5d2ap-26, 0x1.6123c987af46ap-33, -0x1.ae428a8dda166p-41, 0x1.8816dc8344a30p-49);
  }
}

// sin(r) for |r| <= pi/2, never beyond 1: near 1 the sum below may round to the next number.
template <class V>
TNP_INLINE V sin_half_turn(V r) {
  const V square = r * r;
  const V one = splat<V>(1);
  V result = mul_add(r * square, sin_tail(square), r);
  result = select<V>(result > one, one, result);
  return select<V>(result < -one, -one, result);
}

// sin(hi + lo) on [-pi/4, pi/4].
template <class V>
TNP_INLINE V sin_quarter(V hi, V lo) {
  const V z = hi * hi;
  V p;
  if constexpr (is_f32<V>) {
    p = poly(z, -0x1.555544p-3f, 0x1.1106c2p-7f, -0x1.9919cep-13f);
  } else {
    p = poly(z, -0x1.5555555555546p-3, 0x1.111111110f3ffp-7, -0x1.a01a019b80ae9p-13, 0x1.71de34f8ecdbbp-19,
             -0x1.ae5e0234f31bdp-26, 0x1.5d75d24320391p-33);
  }
  return hi + mul_add(hi * z, p, lo);
}

// cos(hi + lo) on [-pi/4, pi/4].
template <class V>
TNP_INLINE V cos_quarter(V hi, V lo) {
  const V z = hi * hi;
  V p;
  if constexpr (is_f32<V>) {
    p = poly(z, 0x1.55554ap-5f, -0x1.6c0c0ep-10f, 0x1.99db8ap-16f);
  } else {
    p = poly(z, 0x1.5555555555549p-5, -0x1.6c16c16c14bc7p-10, 0x1.a01a019c23a11p-16, -0x1.27e4f7a3b9a3fp-22,
             0x1.1ee9a6b56c875p-29, -0x1.8f8ae8ef82cf6p-37);
  }
  const V half = splat<V>(0.5) * z;
  const V one = splat<V>(1);
  const V rounded = one - half;
  return rounded + (((one - rounded) - half) + mul_add(z * z, p, -(hi * lo)));
}

// tan(hi + lo) on [-pi/4, pi/4]; floats.
template <class V>
TNP_INLINE V tan_quarter(V hi, V lo) {
  const V z = hi * hi;
  const V p = poly(z, 0x1.555562p-2f, 0x1.110d4p-3f, 0x1.bae8e8p-5f, 0x1.5c309cp-6f, 0x1.65858ep-7f, -0x1.537c08p-20f,
                   0x1.219faap-8f);
  return hi + mul_add(hi * z, p, mul_add(lo, z, lo));
}

// Reduces 0 <= x <= Pi::limit.
template <class V>
TNP_INLINE QuarterTurns<V> reduce_quarters(V x) {
  using C = Pi<lane_t<V>>;
  const V magic = splat<V>(float_of<V>::round_magic);
  const V shifted = mul_add(x, splat<V>(2 * C::inverse), magic);
  const V n = shifted - magic;
  const uint_t<V> quarters = bits_of(shifted);
  const V r0 = mul_add(n, splat<V>(C::parts[0] * lane_t<V>(-0.5)), x);
#if TNP_FMA
  const DD<V> middle = two_prod(n, splat<V>(C::parts[1] * lane_t<V>(0.5)));
  const V hi = r0 - middle.hi;
  const V lo = ((r0 - hi) - middle.hi) - middle.lo;
  return {hi, mul_add(n, splat<V>(C::parts[2] * lane_t<V>(-0.5)), lo), quarters};
#else
  const DD<V> r1 = two_sum(r0, n * splat<V>(C::parts[1] * lane_t<V>(-0.5)));
  const DD<V> r2 = two_sum(r1.hi, n * splat<V>(C::parts[2] * lane_t<V>(-0.5)));
  return {r2.hi, (r1.lo + r2.lo) - n * splat<V>(C::parts[3] * lane_t<V>(0.5)), quarters};
#endif
}

enum class Trigonometric { sine, cosine, tangent };

// sin, cos or tan of a reduced angle. The quarter's parity chooses the polynomial, its next bit the sign.
template <Trigonometric Function, class V>
TNP_INLINE V from_quarters(QuarterTurns<V> angle) {
  using U = uint_t<V>;
  if constexpr (Function == Trigonometric::tangent && is_f32<V>) {
    const V t = tan_quarter(angle.hi, angle.lo), one = splat<V>(1);
    const mask_t<V> odd_quarter = (angle.quarters & splat<U>(1)) != splat<U>(0);
    return select<V>(odd_quarter, -one, t) / select<V>(odd_quarter, t, one);
  }
  const V s = sin_quarter(angle.hi, angle.lo);
  const V c = cos_quarter(angle.hi, angle.lo);
  const mask_t<V> odd = (angle.quarters & splat<U>(1)) != splat<U>(0);
  const U sign = splat<U>(float_of<V>::sign_mask);
  constexpr int to_sign = sign_shift<V> - 1;
  if constexpr (Function == Trigonometric::sine) {
    return from_bits<V>(bits_of(select<V>(odd, c, s)) ^ ((angle.quarters << to_sign) & sign));
  } else if constexpr (Function == Trigonometric::cosine) {
    return from_bits<V>(bits_of(select<V>(odd, s, c)) ^ (((angle.quarters + splat<U>(1)) << to_sign) & sign));
  } else {
    return select<V>(odd, c, s) / select<V>(odd, -s, c);
  }
}

// The lanes beyond Pi::limit. Out of line, so that the common path stays small where it is inlined.
template <Trigonometric Function, class V>
[[gnu::noinline, gnu::cold]] inline void replace_large_lanes(const V& x, V& result) {
  for (int i = 0; i < lanes_v<V>; ++i) {
    const lane_t<V> value = get_lane(x, i);
    const lane_t<V> magnitude = abs_value(value);
    if (!(magnitude > Pi<lane_t<V>>::limit)) continue;
    if (magnitude == float_of<V>::infinity) {
      set_lane(result, i, value - value);
      continue;
    }
    const double y = from_quarters<Function, double>(reduce_large(static_cast<double>(magnitude)));
    const bool flip = Function != Trigonometric::cosine && value < 0;
    set_lane(result, i, static_cast<lane_t<V>>(flip ? -y : y));
  }
}
// `result` with the lanes replaced where x is beyond Pi::limit.
template <Trigonometric Function, class V>
TNP_INLINE V with_large_lanes(V x, V magnitude, V result) {
  if (any_lane(mask_t<V>(magnitude > splat<V>(Pi<lane_t<V>>::limit)))) [[unlikely]] {
    // Copies of this block's own: the callee's view of them keeps nothing in memory on the common path.
    const V argument = x;
    V replaced = result;
    replace_large_lanes<Function>(argument, replaced);
    result = replaced;
  }
  return result;
}

}  // namespace detail

template <class V>
TNP_INLINE V sin(V x) {
  using C = detail::Pi<lane_t<V>>;
  const V magnitude = abs_value(x);
  const Rounded<V> n = round_scaled(magnitude, C::inverse);
  V r = magnitude;
  for (const lane_t<V> part : C::parts) r = mul_add(n.value, splat<V>(-part), r);
  // The sign of x is put on at the end, which keeps sin(-0) = -0.
  const uint_t<V> sign = (n.biased_bits << detail::sign_shift<V>)^sign_bit(x);
  const V result = from_bits<V>(bits_of(detail::sin_half_turn(r)) ^ sign);
  return detail::with_large_lanes<detail::Trigonometric::sine>(x, magnitude, result);
}

template <class V>
TNP_INLINE V cos(V x) {
  using C = detail::Pi<lane_t<V>>;
  // cos(x) = -(-1)^n sin(r) with x = (n + 1/2) pi + r.
  const V magnitude = abs_value(x);
  const V half = splat<V>(0.5);
  const V shifted = mul_add(magnitude, splat<V>(C::inverse), -half) + splat<V>(float_of<V>::round_magic);
  const V turns = (shifted - splat<V>(float_of<V>::round_magic)) + half;
  V r = magnitude;
  for (const lane_t<V> part : C::parts) r = mul_add(turns, splat<V>(-part), r);
  const uint_t<V> sign = (~bits_of(shifted)) << detail::sign_shift<V>;
  const V result = from_bits<V>(bits_of(detail::sin_half_turn(r)) ^ sign);
  return detail::with_large_lanes<detail::Trigonometric::cosine>(x, magnitude, result);
}

template <class V>
TNP_INLINE V tan(V x) {
  const V magnitude = abs_value(x);
  const V tangent = detail::from_quarters<detail::Trigonometric::tangent>(detail::reduce_quarters(magnitude));
  const V result = from_bits<V>(bits_of(tangent) ^ sign_bit(x));
  return detail::with_large_lanes<detail::Trigonometric::tangent>(x, magnitude, result);
}

// Both at once, sharing the reduction.
template <class V>
struct SinCos {
  V sin;
  V cos;
};
template <class V>
TNP_INLINE SinCos<V> sincos(V x) {
  using detail::Trigonometric;
  const V magnitude = abs_value(x);
  const detail::QuarterTurns<V> angle = detail::reduce_quarters(magnitude);
  const V s = detail::from_quarters<Trigonometric::sine>(angle);
  const V sine = from_bits<V>(bits_of(s) ^ sign_bit(x));
  const V cosine = detail::from_quarters<Trigonometric::cosine>(angle);
  return {detail::with_large_lanes<Trigonometric::sine>(x, magnitude, sine),
          detail::with_large_lanes<Trigonometric::cosine>(x, magnitude, cosine)};
}

namespace detail {

// Multiples of pi/4 as unevaluated sums.
template <class T>
struct Angle;
template <>
struct Angle<float> {
  static constexpr float quarter_hi = 0x1.921fb6p-1f, quarter_lo = -0x1.777a5cp-26f;
  static constexpr float half_hi = 0x1.921fb6p+0f, half_lo = -0x1.777a5cp-25f;
  static constexpr float three_hi = 0x1.2d97c8p+1f, three_lo = -0x1.99bc5cp-28f;
  static constexpr float pi_hi = 0x1.921fb6p+1f, pi_lo = -0x1.777a5cp-24f;
};
template <>
struct Angle<double> {
  static constexpr double quarter_hi = 0x1.921fb54442d18p-1, quarter_lo = 0x1.1a62633145c07p-55;
  static constexpr double half_hi = 0x1.921fb54442d18p+0, half_lo = 0x1.1a62633145c07p-54;
  static constexpr double three_hi = 0x1.2d97c7f3321d2p+1, three_lo = 0x1.a79394c9e8a0ap-54;
  static constexpr double pi_hi = 0x1.921fb54442d18p+1, pi_lo = 0x1.1a62633145c07p-53;
};

// arcsin(s) - s over s^2 = square <= 1/4.
template <class V>
TNP_INLINE V arcsin_tail(V s, V square) {
  V p;
  if constexpr (is_f32<V>) {
    p = poly(square, 0x1.5555c8p-3f, 0x1.3301fcp-4f, 0x1.747d06p-5f, 0x1.8c2d7ap-6f, 0x1.596d74p-5f);
  } else {
    p = poly(square, 0x1.555555555538ep-3, 0x1.333333336ec35p-4, 0x1.6db6db424b800p-5, 0x1.f1c72c4929440p-6,
             0x1.6e89f2a5aa0afp-6, 0x1.1c6bfaf9776a7p-6, 0x1.c6fbb9738e8bcp-7, 0x1.8ed0c60ae3f80p-7,
             0x1.ab54febc704acp-8, 0x1.4049dba7a7f12p-6, -0x1.0a59e727d0478p-6, 0x1.059b7ada1475ap-5);
  }
  return s * square * p;
}

// |x| beyond 1/2 goes by way of arcsin(x) = pi/2 - 2 arcsin(sqrt((1 - x) / 2)), which `s` and `tail` are for then.
template <class V>
struct ArcsinParts {
  mask_t<V> small;
  V s;
  V tail;
};
template <class V>
TNP_INLINE ArcsinParts<V> arcsin_parts(V magnitude) {
  const V half = splat<V>(0.5);
  const mask_t<V> small = magnitude <= half;
  const V square = select<V>(small, magnitude * magnitude, half - half * magnitude);
  const V s = select<V>(small, magnitude, math::sqrt(square));
  return {small, s, arcsin_tail(s, square)};
}

// tan(pi/8), up to which the polynomial for arctan goes.
inline constexpr double tan_eighth = 0.41421356237309503;

// base + arctan(numerator / denominator), the quotient within tan(pi/8).
template <class V>
TNP_INLINE V arctan_quotient(V numerator, V denominator, DD<V> base) {
  const V t = numerator / denominator;
  const V z = t * t;
  V p;
  if constexpr (is_f32<V>) {
    p = poly(z, -0x1.55554ap-2f, 0x1.9991e0p-3f, -0x1.23b966p-3f, 0x1.b21ff8p-4f, -0x1.f2cbf8p-5f);
  } else {
    p = poly(z, -0x1.555555555553cp-2, 0x1.999999999564ep-3, -0x1.24924922a0683p-3, 0x1.c71c70e1267e4p-4,
             -0x1.745cf862e30a1p-4, 0x1.3b11132dd6aebp-4, -0x1.10eb9b2cd9673p-4, 0x1.df10245122c5dp-5,
             -0x1.9ce26a0185c33p-5, 0x1.381b7162bc052p-5, -0x1.2642392e5bc02p-6);
  }
  return base.hi + (t + mul_add(t * z, p, base.lo));
}

}  // namespace detail

template <class V>
TNP_INLINE V arcsin(V x) {
  using A = detail::Angle<lane_t<V>>;
  const auto [small, s, tail] = detail::arcsin_parts(abs_value(x));
  const DD<V> difference = fast_two_sum(splat<V>(A::half_hi), splat<V>(-2) * s);
  const V large = difference.hi + (difference.lo + (splat<V>(A::half_lo) - splat<V>(2) * tail));
  return from_bits<V>(bits_of(select<V>(small, s + tail, large)) ^ sign_bit(x));
}

template <class V>
TNP_INLINE V arccos(V x) {
  using A = detail::Angle<lane_t<V>>;
  const auto [small, s, tail] = detail::arcsin_parts(abs_value(x));
  // pi/2 - arcsin(x) for small x; 2 arcsin(s) for large x > 0; pi - 2 arcsin(s) for large x < 0.
  const V two = select<V>(small, splat<V>(1), splat<V>(2));
  const mask_t<V> negative = signbit(x);
  const V zero = splat<V>(0);
  // Subtracted where small and positive, or large and negative.
  const uint_t<V> flip = bits_of(select<V>(small == negative, zero, -zero));
  const V signed_s = from_bits<V>(bits_of(two * s) ^ flip);
  const V signed_tail = from_bits<V>(bits_of(two * tail) ^ flip);
  const V large_hi = select<V>(negative, splat<V>(A::pi_hi), zero);
  const V large_lo = select<V>(negative, splat<V>(A::pi_lo), zero);
  const V base_hi = select<V>(small, splat<V>(A::half_hi), large_hi);
  const V base_lo = select<V>(small, splat<V>(A::half_lo), large_lo);
  const DD<V> sum = fast_two_sum(base_hi, signed_s);
  return sum.hi + (sum.lo + (base_lo + signed_tail));
}

template <class V>
TNP_INLINE V arctan(V x) {
  using A = detail::Angle<lane_t<V>>;
  const V magnitude = abs_value(x);
  const V one = splat<V>(1), zero = splat<V>(0);
  const mask_t<V> middle = magnitude > splat<V>(detail::tan_eighth);
  const mask_t<V> high = magnitude > splat<V>(2 + detail::tan_eighth);
  const V numerator = select<V>(high, -one, select<V>(middle, magnitude - one, magnitude));
  const V denominator = select<V>(high, magnitude, select<V>(middle, magnitude + one, one));
  const V base_hi = select<V>(high, splat<V>(A::half_hi), select<V>(middle, splat<V>(A::quarter_hi), zero));
  const V base_lo = select<V>(high, splat<V>(A::half_lo), select<V>(middle, splat<V>(A::quarter_lo), zero));
  return from_bits<V>(bits_of(detail::arctan_quotient(numerator, denominator, DD<V>{base_hi, base_lo})) ^ sign_bit(x));
}

template <class V>
TNP_INLINE V arctan2(V y, V x) {
  using A = detail::Angle<lane_t<V>>;
  const V one = splat<V>(1), zero = splat<V>(0), infinity = splat<V>(float_of<V>::infinity);
  V up = abs_value(y), along = abs_value(x);
  // Away from overflow and underflow, as far as the quotient is concerned. Two infinities are at 45 degrees.
  const V largest = select<V>(up > along, up, along);
  const V scale = select<V>(largest > splat<V>(float_of<V>::max * lane_t<V>(0.125)), splat<V>(0.0625),
                            select<V>(largest < splat<V>(float_of<V>::min_normal / float_of<V>::epsilon),
                                      splat<V>(4 / float_of<V>::epsilon), one));
  const mask_t<V> diagonal = (up == infinity) & (along == infinity);
  up = select<V>(diagonal, one, up * scale);
  along = select<V>(diagonal, one, along * scale);
  const V ratio = splat<V>(detail::tan_eighth);
  const mask_t<V> middle = up > along * ratio;
  const mask_t<V> high = up * ratio > along;
  V numerator = select<V>(high, -along, select<V>(middle, up - along, up));
  V denominator = select<V>(high, up, select<V>(middle, up + along, along));
  denominator = select<V>(denominator == zero, one, denominator);
  numerator = from_bits<V>(bits_of(numerator) ^ sign_bit(x));
  const mask_t<V> left = signbit(x);
  const V low_hi = select<V>(left, splat<V>(A::pi_hi), zero);
  const V low_lo = select<V>(left, splat<V>(A::pi_lo), zero);
  const V middle_hi = select<V>(left, splat<V>(A::three_hi), splat<V>(A::quarter_hi));
  const V middle_lo = select<V>(left, splat<V>(A::three_lo), splat<V>(A::quarter_lo));
  const V base_hi = select<V>(high, splat<V>(A::half_hi), select<V>(middle, middle_hi, low_hi));
  const V base_lo = select<V>(high, splat<V>(A::half_lo), select<V>(middle, middle_lo, low_lo));
  const V angle = detail::arctan_quotient(numerator, denominator, DD<V>{base_hi, base_lo});
  return copysign(angle, y);
}

// sin(pi x) / (pi x), by NumPy's formula: pi x is rounded first.
template <class V>
TNP_INLINE V sinc(V x) {
  const mask_t<V> zero = x == splat<V>(0);
  const V y = splat<V>(detail::Angle<lane_t<V>>::pi_hi) * select<V>(zero, splat<V>(1), x);
  return select<V>(zero, splat<V>(1), sin(y) / y);
}

template <class V>
TNP_INLINE V degrees(V x) {
  return x * splat<V>(lane_t<V>(180) / detail::Angle<lane_t<V>>::pi_hi);
}
template <class V>
TNP_INLINE V radians(V x) {
  return x * splat<V>(detail::Angle<lane_t<V>>::pi_hi / lane_t<V>(180));
}

}  // namespace tnp::TNP_ISA::math

// What every maths function is made of: bits of a floating lane, polynomials, error-free sums and products, and the
// double-double numbers they form.
#pragma once

#include "base/simd.h"

namespace tnp::TNP_ISA::math {

// The layout and the constants of a floating-point lane type.
template <class T>
struct Float;
template <>
struct Float<float> {
  static constexpr int mantissa_bits = 23;
  static constexpr int bias = 127;
  static constexpr float max = 0x1.fffffep127f;
  static constexpr float min_normal = 0x1p-126f;
  static constexpr float min_subnormal = 0x1p-149f;
  static constexpr float epsilon = 0x1p-23f;
  // 1.5 * 2^23: adding it rounds to an integer, which is then in the low bits.
  static constexpr float round_magic = 0x1.8p23f;
  static constexpr std::uint32_t sign_mask = 0x80000000u;
  static constexpr std::uint32_t exponent_mask = 0x7f800000u;
  static constexpr std::uint32_t mantissa_mask = 0x007fffffu;
  static constexpr float split = 4097.0f;
  static constexpr float infinity = __builtin_inff();
  static constexpr float nan = __builtin_nanf("");
};
template <>
struct Float<double> {
  static constexpr int mantissa_bits = 52;
  static constexpr int bias = 1023;
  static constexpr double max = 0x1.fffffffffffffp1023;
  static constexpr double min_normal = 0x1p-1022;
  static constexpr double min_subnormal = 0x1p-1074;
  static constexpr double epsilon = 0x1p-52;
  static constexpr double round_magic = 0x1.8p52;
  static constexpr std::uint64_t sign_mask = 0x8000000000000000u;
  static constexpr std::uint64_t exponent_mask = 0x7ff0000000000000u;
  static constexpr std::uint64_t mantissa_mask = 0x000fffffffffffffu;
  static constexpr double split = 134217729.0;
  static constexpr double infinity = __builtin_inf();
  static constexpr double nan = __builtin_nan("");
};
template <class V>
using float_of = Float<lane_t<V>>;

template <class V>
inline constexpr bool is_f32 = std::is_same_v<lane_t<V>, float>;
template <class V>
inline constexpr bool is_f64 = std::is_same_v<lane_t<V>, double>;

template <class V>
TNP_INLINE uint_t<V> bits_of(V x) {
  return bit_cast<uint_t<V>>(x);
}
template <class V>
TNP_INLINE V from_bits(uint_t<V> bits) {
  return bit_cast<V>(bits);
}

template <class V>
TNP_INLINE V abs_value(V x) {
  return __builtin_elementwise_abs(x);
}
// The builtin, not masks: LLVM 19 miscompiles select(m, (a & mask) | (x & ~mask), x) to AVX-512's vpternlog
// (llvm-project issue 157929).
template <class V>
TNP_INLINE V copysign(V magnitude, V sign) {
  return __builtin_elementwise_copysign(magnitude, sign);
}
// The sign bit of x and nothing else: flips signs by xor.
template <class V>
TNP_INLINE uint_t<V> sign_bit(V x) {
  return bits_of(x) & splat<uint_t<V>>(float_of<V>::sign_mask);
}
template <class V>
TNP_INLINE mask_t<V> signbit(V x) {
  return bit_cast<int_t<V>>(x) < splat<int_t<V>>(0);
}
template <class V>
TNP_INLINE mask_t<V> is_nan(V x) {
  return x != x;
}
template <class V>
TNP_INLINE mask_t<V> is_inf(V x) {
  return abs_value(x) == splat<V>(float_of<V>::infinity);
}
template <class V>
TNP_INLINE mask_t<V> is_finite(V x) {
  return abs_value(x) < splat<V>(float_of<V>::infinity);
}
template <class V>
TNP_INLINE V sqrt(V x) {
  return __builtin_elementwise_sqrt(x);
}

// x limited to [low, high]; NaN stays NaN.
template <class V>
TNP_INLINE V clamp(V x, lane_t<V> low, lane_t<V> high) {
  x = select<V>(x < splat<V>(low), splat<V>(low), x);
  return select<V>(x > splat<V>(high), splat<V>(high), x);
}

// c0 + c1 x + c2 x^2 + …, by Horner's rule.
template <class V, class C>
TNP_INLINE V poly(V, C c0) {
  return splat<V>(c0);
}
template <class V, class C, class... Rest>
TNP_INLINE V poly(V x, C c0, Rest... rest) {
  return mul_add(x, poly(x, rest...), splat<V>(c0));
}

// 2^n for n in [1 - bias, bias].
template <class V>
TNP_INLINE V pow2(int_t<V> n) {
  return from_bits<V>(convert<uint_t<V>>(n + splat<int_t<V>>(float_of<V>::bias)) << float_of<V>::mantissa_bits);
}

// round(x) for |x| < 2^(mantissa_bits - 2), ties to even, in both forms. `biased_bits` has the low bits of
// round(x) + Biases * bias: with two of them scale_by_rounded makes a power of two of it, with one a shift does.
template <class V>
struct Rounded {
  V value;
  uint_t<V> biased_bits;
};
// Rounds x * factor (a rough product does: the caller reduces with the rounded value).
template <int Biases = 2, class V>
TNP_INLINE Rounded<V> round_scaled(V x, lane_t<V> factor) {
  const auto magic = splat<V>(float_of<V>::round_magic + Biases * float_of<V>::bias);
  const V shifted = mul_add(x, splat<V>(factor), magic);
  return {shifted - magic, bits_of(shifted)};
}
// p * 2^n with one rounding for -2 bias < n < 2 bias, |p| about 1: two factors, so that neither they nor the first
// product leaves the normal range.
template <class V>
TNP_INLINE V scale_by_rounded(V p, uint_t<V> biased_bits) {
  const uint_t<V> half = biased_bits >> 1;
  const V first = from_bits<V>(half << float_of<V>::mantissa_bits);
  const V second = from_bits<V>((biased_bits - half) << float_of<V>::mantissa_bits);
  return (p * first) * second;
}

// An unevaluated sum hi + lo, |lo| <= ulp(hi) / 2 when normalised.
template <class V>
struct DD {
  V hi;
  V lo;
};

// a + b exactly, for |a| >= |b| (or a == 0).
template <class V>
TNP_INLINE DD<V> fast_two_sum(V a, V b) {
  const V sum = a + b;
  return {sum, b - (sum - a)};
}
// a + b exactly.
template <class V>
TNP_INLINE DD<V> two_sum(V a, V b) {
  const V sum = a + b;
  const V b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}
// a * b exactly (barring overflow and underflow of the error term).
template <class V>
TNP_INLINE DD<V> two_prod(V a, V b) {
  const V product = a * b;
#if TNP_FMA
  return {product, fma(a, b, -product)};
#else
  const V ca = a * splat<V>(float_of<V>::split);
  const V a_hi = ca - (ca - a), a_lo = a - a_hi;
  const V cb = b * splat<V>(float_of<V>::split);
  const V b_hi = cb - (cb - b), b_lo = b - b_hi;
  return {product, ((a_hi * b_hi - product) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo};
#endif
}

// Sums and products of double-doubles, good to about 2^-100 relative where no cancellation happens.
template <class V>
TNP_INLINE DD<V> add(DD<V> a, V b) {
  const DD<V> sum = two_sum(a.hi, b);
  return fast_two_sum(sum.hi, sum.lo + a.lo);
}
template <class V>
TNP_INLINE DD<V> add(DD<V> a, DD<V> b) {
  const DD<V> sum = two_sum(a.hi, b.hi);
  return fast_two_sum(sum.hi, sum.lo + (a.lo + b.lo));
}
// The same for |a| >= |b|.
template <class V>
TNP_INLINE DD<V> fast_add(DD<V> a, DD<V> b) {
  const DD<V> sum = fast_two_sum(a.hi, b.hi);
  return fast_two_sum(sum.hi, sum.lo + (a.lo + b.lo));
}
template <class V>
TNP_INLINE DD<V> mul(DD<V> a, V b) {
  const DD<V> product = two_prod(a.hi, b);
  return fast_two_sum(product.hi, mul_add(a.lo, b, product.lo));
}
template <class V>
TNP_INLINE DD<V> mul(DD<V> a, DD<V> b) {
  const DD<V> product = two_prod(a.hi, b.hi);
  return fast_two_sum(product.hi, product.lo + mul_add(a.hi, b.lo, a.lo * b.hi));
}
// The same without the last step: `lo` may be a few units of `hi`'s last place, which the next product does not mind.
template <class V>
TNP_INLINE DD<V> mul_loose(DD<V> a, DD<V> b) {
  const DD<V> product = two_prod(a.hi, b.hi);
  return {product.hi, mul_add(a.lo, b.hi, mul_add(a.hi, b.lo, product.lo))};
}
template <class V>
TNP_INLINE DD<V> square_loose(DD<V> a) {
  const DD<V> product = two_prod(a.hi, a.hi);
  return {product.hi, mul_add(a.hi + a.hi, a.lo, product.lo)};
}

}  // namespace tnp::TNP_ISA::math

// pow, cbrt, hypot and integer powers.
#pragma once

#include "ops/elementwise/math/exp_log.h"

namespace tnp::TNP_ISA::math {

namespace detail {

// ln x, given the bits of a normal x > 0, plus `bias` ln 2: to about 2^-62 of itself.
template <class V>
TNP_INLINE DD<V> log_double_double(uint_t<V> bits, V bias) {
  using B = NaturalLog<double>;
  const auto [k, m, place] = table_reduce<V>(bits, bias);
  const V z = table_quotient(m, lookup<V>(kLogInverse, place));
  // The upper part of the logarithm of what is next to m is exact, and 0 or greater than z.
  const V upper = mul_add(k, splat<V>(B::unit_hi), lookup<V>(B::hi, place));
  const V lower = mul_add(k, splat<V>(B::unit_lo), lookup<V>(B::lo, place));
  const DD<V> first = fast_two_sum(upper, z);
  // log(1 + z) = z - z^2 / 2 + …, of which the square is exact, too.
  const V half = splat<V>(-0.5) * z;
#if TNP_FMA
  const V square = half * z;
  const V square_rest = fma(half, z, -square);
#else
  const V short_z = from_bits<V>(bits_of(z) & splat<uint_t<V>>(~0x7ffffffull));
  const V square = (splat<V>(-0.5) * short_z) * short_z;
  const V square_rest = (splat<V>(-0.5) * (z - short_z)) * (z + short_z);
#endif
  const DD<V> second = fast_two_sum(first.hi, square);
  const V p = poly(z, -0x1.5555555555556p-1, 0x1.ffffffffffe7fp-2, -0x1.99999999937ap-2, 0x1.5555555825d4ep-2,
                   -0x1.24924979a766p-2, 0x1.ffffc788b257p-3, -0x1.c718ea729c76ap-3, 0x1.9a82c290330fbp-3,
                   -0x1.7af9de9cad3d7p-3);
  const V rest = mul_add(z * (half * z), p, (lower + first.lo) + (square_rest + second.lo));
  return fast_two_sum(second.hi, rest);
}

alignas(64) inline constexpr double kLog2[16] = {0,
                                                 0x1.7d60496cfbb4cp-4,
                                                 0x1.563dc29ffacb2p-3,
                                                 0x1.f5fd8a9063e35p-3,
                                                 0x1.4f6fbb2cec598p-2,
                                                 0x1.8a8980abfbd32p-2,
                                                 0x1.e7df5fe538ab3p-2,
                                                 0x1.14c560fe68af9p-1,
                                                 0x1.25c0a0463bebp-1,
                                                 0x1.48eef19317991p-1,
                                                 0x1.6ddfc2a78fc63p-1,
                                                 0x1.810fa51bf65fdp-1,
                                                 0x1.94c287492c4dbp-1,
                                                 0x1.bdce9dcc96187p-1,
                                                 0x1.d338120a6dd9dp-1,
                                                 0x1.e9452c8a71028p-1};

// Sixteenth roots of 2 to the power i, whose exponents are i / 16 too small; and what rounding has taken from them,
// relative to them.
alignas(64) inline constexpr double kRoots[16] = {0x1p+0,
                                                  0x1.fb5586cf9890fp-1,
                                                  0x1.f72b83c7d517bp-1,
                                                  0x1.f387a6e756238p-1,
                                                  0x1.f06fe0a31b715p-1,
                                                  0x1.edea64c123422p-1,
                                                  0x1.ebfdad5362a27p-1,
                                                  0x1.eab07dd485429p-1,
                                                  0x1.ea09e667f3bcdp-1,
                                                  0x1.ea11473eb0187p-1,
                                                  0x1.eace5422aa0dbp-1,
                                                  0x1.ec49182a3f09p-1,
                                                  0x1.ee89f995ad3adp-1,
                                                  0x1.f199bdd85529cp-1,
                                                  0x1.f5818dcfba487p-1,
                                                  0x1.fa4afa2a490dap-1};
alignas(64) inline constexpr double kRootRests[16] = {0,
                                                      0x1.79aa65d837b6dp-54,
                                                      -0x1.01b15eaa59348p-55,
                                                      0x1.68efde3a8a894p-54,
                                                      0x1.34d754db0abb6p-55,
                                                      0x1.59f48a72a4c6dp-55,
                                                      0x1.690cebb7aafbp-56,
                                                      0x1.063e1e21c5409p-54,
                                                      -0x1.3b3efbf5e2228p-54,
                                                      -0x1.b32dcb94da51dp-56,
                                                      0x1.db72fc1f0eab4p-55,
                                                      0x1.1affc2b91ce27p-56,
                                                      0x1.c1a7792cb3387p-55,
                                                      0x1.36eae30af0cb3p-56,
                                                      0x1.4a385a63d07a7p-56,
                                                      -0x1.ff7128fd391fp-55};

// e^(hi + lo) = 2^(n / 16) (1 + p), n in the low bits of `sixteenths`.
template <class V>
struct RootsAndRest {
  V n;
  uint_t<V> sixteenths;
  V p;
};
template <class V>
TNP_INLINE RootsAndRest<V> exp_by_roots(DD<V> x) {
  const auto magic = splat<V>(float_of<V>::round_magic);
  const V shifted = mul_add(x.hi, splat<V>(0x1.71547652b82fep+4), magic);
  const V n = shifted - magic;
  V r = mul_add(n, splat<V>(-0x1.62e42fefap-5), x.hi);
  r = mul_add(n, splat<V>(-0x1.cf79abc9e3b3ap-44), r) + x.lo;
  const V tail = poly(r, 0x1.0000000000005p-1, 0x1.55555554910e5p-3, 0x1.55555554614afp-5, 0x1.111239f01c102p-7,
                      0x1.6c185c83c3c1cp-10);
  return {n, bits_of(shifted), r + mul_add(r * r, tail, lookup<V>(kRootRests, bits_of(shifted)))};
}
// s + s p with s = 2^(n / 16), which must be normal.
template <class V>
TNP_INLINE V scale_by_root(uint_t<V> sixteenths, V p) {
  const V root = from_bits<V>(bits_of(lookup<V>(kRoots, sixteenths)) + (sixteenths << 48));
  return mul_add(root, p, root);
}

// y ln x where the logarithm is the double-double number.
template <class V>
TNP_INLINE DD<V> times_log(V y, DD<V> log) {
#if !TNP_FMA
  // Above the limit every result but 1^y has under- or overflown.
  y = clamp(y, -0x1p70, 0x1p70);
#endif
  const DD<V> product = two_prod(y, log.hi);
  return {product.hi, mul_add(y, log.lo, product.lo)};
}

// Up to where e^x and what leads to it are normal numbers.
inline constexpr double kNormalExponent = TNP_FMA ? 708 : 620;
inline constexpr float kNormalExponentFloat = 87;

// |x|^y of all finite numbers but x = 0. Inputs beside the common path's, so that scaling takes two steps.
template <class V>
TNP_INLINE V pow_finite(V magnitude, V y) {
  const mask_t<V> subnormal = magnitude < splat<V>(float_of<V>::min_normal);
  const V scaled = select<V>(subnormal, magnitude * splat<V>(0x1p52), magnitude);
  DD<V> x = times_log(y, log_double_double<V>(bits_of(scaled), select<V>(subnormal, splat<V>(-52), splat<V>(0))));
  // Outside, the result has under- or overflown whatever x.lo is; it may be NaN there.
  const mask_t<V> inside = abs_value(x.hi) < splat<V>(800);
  x = {clamp(x.hi, -800.0, 800.0), select<V>(inside, x.lo, splat<V>(0))};
  const auto [n, sixteenths, p] = exp_by_roots(x);
  // n / 16 = a whole number and less than one.
  const auto magic = splat<V>(float_of<V>::round_magic);
  const V part = from_bits<V>((sixteenths & splat<uint_t<V>>(15)) | bits_of(magic)) - magic;
  const V root = scale_by_root<V>(bits_of(part + magic), p);
  return scale_by_rounded(root, round_scaled(n - part, 1.0 / 16).biased_bits);
}

// The tables of floats: as those of doubles.
alignas(64) inline constexpr float kPowInverse[16] = {64 / 64.0, 60 / 64.0, 57 / 64.0, 54 / 64.0, 51 / 64.0, 49 / 64.0,
                                                      46 / 64.0, 44 / 64.0, 43 / 64.0, 41 / 64.0, 39 / 64.0, 38 / 64.0,
                                                      37 / 64.0, 35 / 64.0, 34 / 64.0, 33 / 64.0};
alignas(64) inline constexpr float kPowLogHi[16] = {0,
                                                    0x1.086p-4f,
                                                    0x1.da7p-4f,
                                                    0x1.5bf8p-3f,
                                                    0x1.d1p-3f,
                                                    0x1.1178p-2f,
                                                    0x1.522cp-2f,
                                                    0x1.7fbp-2f,
                                                    0x1.973cp-2f,
                                                    0x1.c8p-2f,
                                                    0x1.fb34p-2f,
                                                    0x1.0ae8p-1f,
                                                    0x1.188ep-1f,
                                                    0x1.3502p-1f,
                                                    0x1.43dap-1f,
                                                    0x1.5322p-1f};
alignas(64) inline constexpr float kPowLogLo[16] = {0,
                                                    -0x1.9d2988p-18f,
                                                    0x1.3b1c22p-19f,
                                                    -0x1.fca55ep-18f,
                                                    0x1.bf932ap-18f,
                                                    0x1.d044fcp-19f,
                                                    -0x1.1f8c76p-18f,
                                                    -0x1.7109fap-20f,
                                                    -0x1.cbcecap-18f,
                                                    -0x1.8e2eaap-20f,
                                                    0x1.8af7a4p-18f,
                                                    -0x1.23a5f6p-18f,
                                                    0x1.c81e48p-18f,
                                                    0x1.15b3b2p-18f,
                                                    -0x1.a0db88p-26f,
                                                    0x1.c4d0dp-18f};
alignas(64) inline constexpr float kFloatRoots[16] = {0x1p+0f,        0x1.fb5586p-1f, 0x1.f72b84p-1f, 0x1.f387a6p-1f,
                                                      0x1.f06fep-1f,  0x1.edea64p-1f, 0x1.ebfdaep-1f, 0x1.eab07ep-1f,
                                                      0x1.ea09e6p-1f, 0x1.ea1148p-1f, 0x1.eace54p-1f, 0x1.ec4918p-1f,
                                                      0x1.ee89fap-1f, 0x1.f199bep-1f, 0x1.f5818ep-1f, 0x1.fa4afap-1f};
alignas(64) inline constexpr float kFloatRootRests[16] = {0,
                                                          0x1.8d96d4p-25f,
                                                          -0x1.9c0c22p-27f,
                                                          0x1.964904p-25f,
                                                          0x1.125002p-25f,
                                                          0x1.370be4p-25f,
                                                          -0x1.0a355p-25f,
                                                          -0x1.00d8acp-27f,
                                                          0x1.26055cp-26f,
                                                          -0x1.05cb44p-25f,
                                                          0x1.67a1cap-28f,
                                                          0x1.a3b5e4p-28f,
                                                          -0x1.f9c304p-27f,
                                                          -0x1.6961b4p-28f,
                                                          -0x1.a5217cp-28f,
                                                          0x1.61428ep-28f};

// 2^k m to the power y, for floats, in doubles.
template <class W>
struct FloatPower {
  W exponent;
  W value;  // if the exponent is below 1000
};
template <class W>
TNP_INLINE FloatPower<W> pow_of_floats(TableReduced<W> x, W y) {
  const W z = table_quotient(x.m, lookup<W>(kLogInverse, x.place));
  const W p = poly(z, 0x1.71547652c0941p+0, -0x1.715476566838ap-1, 0x1.ec70951ed7f74p-2, -0x1.7153e3adcc247p-2,
                   0x1.27cbdfce34ea8p-2, -0x1.f0f7752e84951p-3);
  const W exponent = y * mul_add(z, p, x.k + lookup<W>(kLog2, x.place));
  const auto magic = splat<W>(0x1.8p48);
  const W shifted = exponent + magic;
  const W r = exponent - (shifted - magic);
  const W tail = r * poly(r, 0x1.62e42feb1d8dbp-1, 0x1.ebfff4c0c1bc6p-3, 0x1.c6b46a49bc6f2p-5);
  return {exponent, scale_by_root<W>(bits_of(shifted), tail)};
}
// x^y of floats as the algorithm for doubles has it, where a product's error is one instruction: for a normal x > 0 if
// the exponent e^(…) is below kNormalExponentFloat.
template <class V>
TNP_INLINE FloatPower<V> pow_of_normal_floats(V x, V y) {
  using U = uint_t<V>;
  using B = NaturalLog<float>;
  // The range of m is that of doubles, so that m / c - 1 is exact.
  constexpr lane_t<U> start = 0x3f7c0000u;
  const U moved = bits_of(x) - splat<U>(start);
  const V m = from_bits<V>((moved & splat<U>(float_of<V>::mantissa_mask)) + splat<U>(start));
  const V k = convert<V>(int_t<V>(bit_cast<int_t<V>>(moved) >> 23));
  const U place = moved >> 19;
  const V z = table_quotient(m, lookup<V>(kPowInverse, place));
  const V upper = mul_add(k, splat<V>(B::unit_hi), lookup<V>(kPowLogHi, place));
  const V lower = mul_add(k, splat<V>(B::unit_lo), lookup<V>(kPowLogLo, place));
  const DD<V> first = fast_two_sum(upper, z);
  const V half = splat<V>(-0.5) * z;
  const DD<V> square = two_prod(half, z);
  const DD<V> second = fast_two_sum(first.hi, square.hi);
  const V p = poly(z, -0x1.555552p-1f, 0x1.ffff88p-2f, -0x1.9a045cp-2f, 0x1.57ebcep-2f);
  const V rest = mul_add(z * square.hi, p, (lower + first.lo) + (square.lo + second.lo));
  const DD<V> product = two_prod(y, second.hi);
  const V exponent_rest = mul_add(y, rest, product.lo);
  const auto magic = splat<V>(float_of<V>::round_magic);
  const V shifted = mul_add(product.hi, splat<V>(0x1.715476p+4f), magic);
  const V n = shifted - magic;
  V r = mul_add(n, splat<V>(-0x1.62ep-5f), product.hi);
  r = mul_add(n, splat<V>(-0x1.0bfbe8p-19f), r) + exponent_rest;
  const U sixteenths = bits_of(shifted);
  const V tail = poly(r, 0x1p-1f, 0x1.556216p-3f, 0x1.55642ep-5f);
  const V q = r + mul_add(r * r, tail, lookup<V>(kFloatRootRests, sixteenths));
  const V root = from_bits<V>(bits_of(lookup<V>(kFloatRoots, sixteenths)) + (sixteenths << 19));
  return {product.hi, mul_add(root, q, root)};
}

// |x|^y for |x| != 0 and y both finite, anything for other arguments.
template <class V>
TNP_INLINE V pow_of_magnitude(V magnitude, V y) {
  if constexpr (is_f64<V>) {
    return pow_finite(magnitude, y);
  } else {
    using W = rebind_t<V, double>;
    const auto [exponent, value] =
        pow_of_floats(table_reduce<W>(bits_of(convert<W>(magnitude)), splat<W>(0)), convert<W>(y));
    const W limited = select<W>(exponent < splat<W>(-1000), splat<W>(0), value);
    return convert<V>(select<W>(exponent > splat<W>(1000), splat<W>(float_of<W>::infinity), limited));
  }
}

// C99's pow, all special cases included. Out of line, so that the common path stays small where it is inlined.
template <class V>
[[gnu::noinline]] inline void pow_of_any(const V& x, const V& y, V& result) {
  const V zero = splat<V>(0), one = splat<V>(1), inf = splat<V>(float_of<V>::infinity);
  using M = mask_t<V>;
  const V magnitude = abs_value(x);
  V value = pow_of_magnitude(magnitude, y);
  // 0^y, inf^y and x^inf are 0 or inf, but 1^inf is 1.
  const M extreme = either<M>(either<M>(magnitude == zero, magnitude == inf), abs_value(y) == inf);
  const M grows = (magnitude > one) == (y > zero);
  const V limit = select<V>(magnitude == one, one, select<V>(grows, inf, zero));
  value = select<V>(extreme, limit, value);
  // A negative base: even and odd integers; half of an odd integer is none.
  const V half = y * splat<V>(0.5);
  const M integer = __builtin_elementwise_trunc(y) == y;
  const M odd = both<M>(integer, __builtin_elementwise_trunc(half) != half);
  const uint_t<V> flip = select<uint_t<V>>(odd, sign_bit(x), splat<uint_t<V>>(0));
  value = from_bits<V>(bits_of(value) ^ flip);
  const M undefined = both<M>(both<M>(x < zero, magnitude < inf), !integer);
  value = select<V>(undefined, splat<V>(float_of<V>::nan), value);
  value = select<V>(both<M>(x == x, y == y), value, x + y);
  result = select<V>(either<M>(x == one, y == zero), one, value);
}

// x^2, x^3, x^4 to half a unit of the last place and a trifle, by products with their errors; `usable`: where no error
// is lost on the way.
template <class V>
TNP_INLINE V few_factors(V x, V y, mask_t<V>& usable) {
  const V magnitude = abs_value(x);
  const V least = splat<V>(is_f64<V> ? 0x1p-200 : 0x1p-20), most = splat<V>(is_f64<V> ? 0x1p200 : 0x1p30);
  usable = either<mask_t<V>>(both<mask_t<V>>(magnitude > least, magnitude < most), x == splat<V>(0));
  const DD<V> square = two_prod(x, x);
  const mask_t<V> fourth = y == splat<V>(4);
  const V factor = select<V>(fourth, square.hi, x);
  const DD<V> product = two_prod(square.hi, factor);
  const V rest = mul_add(square.lo, select<V>(fourth, factor + factor, x), product.lo);
  const V value = select<V>(x == splat<V>(0), product.hi, product.hi + rest);  // zeros keep their sign
  return select<V>(y == splat<V>(2), square.hi, value);
}

template <class V>
TNP_INLINE V pow_of_reals(V x, V y) {
  using M = mask_t<V>;
  V value;
  M common;  // a positive base that needs no scaling, and a power that does not
  if constexpr (is_f64<V>) {
    const DD<V> exponent = times_log(y, log_double_double<V>(bits_of(x), splat<V>(0)));
    const auto [n, sixteenths, p] = exp_by_roots(exponent);
    value = scale_by_root<V>(sixteenths, p);
    const M normal = abs_value(exponent.hi) < splat<V>(kNormalExponent);
    common = both<M>(is_plain(x), normal);
  } else if constexpr (TNP_FMA) {
    const auto power = pow_of_normal_floats(x, y);
    value = power.value;
    const M normal = abs_value(power.exponent) < splat<V>(kNormalExponentFloat);
    common = both<M>(is_plain(x), normal);
  } else {
    // A product's error costs more than numbers of twice the width.
    using W = rebind_t<V, double>;
    const auto power = pow_of_floats(table_reduce<W>(bits_of(convert<W>(x)), splat<W>(0)), convert<W>(y));
    value = convert<V>(power.value);
    common = is_plain(x);
    // Beyond that the algorithm is the same.
    if (any_lane(!(abs_value(power.exponent) < splat<W>(1000)))) common = M(0);
  }
  if (any_lane(M(common == M(0)))) [[unlikely]] {
    // Copies of this block's own: the callee's view of them keeps nothing in memory on the common path.
    const V base = x, exponent = y;
    V any;
    pow_of_any(base, exponent, any);
    // A result does not depend on its neighbours.
    value = select<V>(common, value, any);
  }
  return value;
}

}  // namespace detail

template <class V>
TNP_INLINE V pow(V x, V y) {
  using M = mask_t<V>;
  M few = both<M>(both<M>(y >= splat<V>(2), y <= splat<V>(4)), __builtin_elementwise_trunc(y) == y);
  V value = x;
  if (any_lane(few)) {
    M usable;
    value = detail::few_factors(x, y, usable);
    few = both<M>(few, usable);
    if (!any_lane(M(few == M(0)))) return value;
  }
  return select<V>(few, value, detail::pow_of_reals(x, y));  // a result does not depend on its neighbours
}

namespace detail {

// The cube root of a > 0 of which neither the cube of the root nor that times a rounding error leaves the normal range.
template <class V>
TNP_INLINE V cbrt_of_normal(V a) {
  using U = uint_t<V>;
  // y = a^(-1/3): within 3.5% by dividing the exponent by -3, then by an iteration of order four.
  V y;
  if constexpr (is_f32<V>) {
    const V third = mul_add(convert<V>(bit_cast<int_t<V>>(a)), splat<V>(-1.0f / 3), splat<V>(float(0x54a20000)));
    y = bit_cast<V>(convert<int_t<V>>(third));
  } else {
    const V upper = from_bits<V>((bits_of(a) >> 32) | splat<U>(0x4330000000000000u)) - splat<V>(0x1p52);
    const V third = mul_add(upper, splat<V>(-1.0 / 3), splat<V>(double(0x553ee000) + 0x1p52));
    y = from_bits<V>(bits_of(third) << 32);
  }
  V square = y * y;
  const V h = mul_add(-(a * y), square, splat<V>(1));
  y = mul_add(y * h, poly(h, lane_t<V>(1.0 / 3), lane_t<V>(2.0 / 9), lane_t<V>(14.0 / 81)), y);
  square = y * y;
  if constexpr (is_f64<V>) {
    // Now within 2^-15; doubles take half of an iteration more.
    const V rest = mul_add(-(a * y), square, splat<V>(1));
    y = mul_add(y * rest, splat<V>(1.0 / 3), y);
    square = y * y;
  }
  // Newton's step. The rest a - c^3 lacks what rounding takes from c^2: a third of a unit of the result's last place.
  const V c = a * square;
#if TNP_FMA
  const V rest = fma(-(c * c), c, a);
#else
  const DD<V> cube = two_prod(c * c, c);
  const V rest = (a - cube.hi) - cube.lo;
#endif
  return mul_add(rest * splat<V>(lane_t<V>(1.0 / 3)), square, c);
}

// Of all numbers. Out of line, so that the common path stays small where it is inlined.
template <class V>
[[gnu::noinline, gnu::cold]] inline void cbrt_of_any(const V& x, V& result) {
  const V magnitude = abs_value(x);
  const mask_t<V> small = magnitude < splat<V>(1);
  const auto scale = [&](double of_small, double of_large) {
    return select<V>(small, splat<V>(static_cast<lane_t<V>>(of_small)), splat<V>(static_cast<lane_t<V>>(of_large)));
  };
  const V root = cbrt_of_normal(magnitude * (is_f32<V> ? scale(0x1p90, 0x1p-60) : scale(0x1p900, 0x1p-300)));
  const V unscale = is_f32<V> ? scale(0x1p-30, 0x1p20) : scale(0x1p-300, 0x1p100);
  const mask_t<V> number = both<mask_t<V>>(magnitude > splat<V>(0), magnitude < splat<V>(float_of<V>::infinity));
  result = select<V>(number, copysign(root * unscale, x), x);
}

}  // namespace detail

template <class V>
TNP_INLINE V cbrt(V x) {
  using U = uint_t<V>;
  const V magnitude = abs_value(x);
  V result = copysign(detail::cbrt_of_normal(magnitude), x);
  // From 2^-75 to 2^100, of doubles from 2^-900 to 2^1000.
  constexpr auto least = lane_t<U>(is_f32<V> ? 127 - 75 : 1023 - 900) << float_of<V>::mantissa_bits;
  constexpr auto range = lane_t<U>(is_f32<V> ? 175 : 1900) << float_of<V>::mantissa_bits;
  const mask_t<U> common = bits_of(magnitude) - splat<U>(least) < splat<U>(range);
  if (any_lane(mask_t<U>(!common))) [[unlikely]] {
    // Copies of this block's own: the callee's view of them keeps nothing in memory on the common path.
    const V argument = x;
    V any;
    detail::cbrt_of_any(argument, any);
    result = select<V>(mask_t<V>(common), result, any);  // which does not depend on the neighbours
  }
  return result;
}

// sqrt(x^2 + y^2) that neither over- nor underflows on the way.
template <class V>
TNP_INLINE V hypot(V x, V y) {
  const V a = abs_value(x), b = abs_value(y), inf = splat<V>(float_of<V>::infinity);
  V value;
  if constexpr (is_f32<V>) {
    using W = rebind_t<V, double>;
    const auto p = convert<W>(a), q = convert<W>(b);
    value = convert<V>(sqrt(mul_add(p, p, q * q)));
  } else {
    const V larger = select<V>(a > b, a, b);
    const mask_t<V> big = larger > splat<V>(0x1p500), small = larger < splat<V>(0x1p-450);
    const V scale = select<V>(big, splat<V>(0x1p-600), select<V>(small, splat<V>(0x1p600), splat<V>(1)));
    const V unscale = select<V>(big, splat<V>(0x1p600), select<V>(small, splat<V>(0x1p-600), splat<V>(1)));
    const V p = a * scale, q = b * scale;
    value = sqrt(mul_add(p, p, q * q)) * unscale;
  }
  return select<V>(either<mask_t<V>>(a == inf, b == inf), inf, value);
}

namespace detail {
// The product of unsigned integers, wrapping; narrow scalars would be promoted to a signed type.
template <class U>
TNP_INLINE U wrapping_product(U a, U b) {
  if constexpr (!is_vec<U> && sizeof(U) < 4) {
    return static_cast<U>(std::uint32_t{a} * std::uint32_t{b});
  } else {
    return a * b;
  }
}
}  // namespace detail

// base^exponent of integers, wrapping. Negative exponents (an error to NumPy) give the truncated quotient, 0 for base
// 0.
template <class V>
TNP_INLINE V integer_pow(V base, V exponent) {
  using T = lane_t<V>;
  using U = uint_t<V>;
  const auto one = splat<V>(T(1)), zero = splat<V>(T(0));
  auto power = bit_cast<U>(base);
  auto result = splat<U>(1);
  auto rest = bit_cast<U>(exponent);
  if constexpr (std::is_signed_v<T>) rest = select<U>(exponent < zero, splat<U>(0), rest);
  while (any_lane(rest != splat<U>(0))) {
    result = select<U>((rest & splat<U>(1)) != splat<U>(0), detail::wrapping_product(result, power), result);
    power = detail::wrapping_product(power, power);
    rest = U(rest >> 1);
  }
  V value = bit_cast<V>(result);
  if constexpr (std::is_signed_v<T>) {
    const V minus_one = splat<V>(T(-1));
    const V parity = select<V>((exponent & one) != zero, minus_one, one);
    const V inverse = select<V>(base == one, one, select<V>(base == minus_one, parity, zero));
    value = select<V>(exponent < zero, inverse, value);
  }
  return value;
}

}  // namespace tnp::TNP_ISA::math

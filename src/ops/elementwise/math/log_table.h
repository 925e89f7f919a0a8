// Logarithms by table: x = 2^k m with m near one of sixteen numbers c, log x = k log 2 + log c + log(m / c).
#pragma once

#include "base/lookup.h"
#include "ops/elementwise/math/core.h"

namespace tnp::TNP_ISA::math {

namespace detail {

// For doubles: 1 / c, which has so few digits that m / c - 1 is exact. Then |m / c - 1| < 0.0342. c[0] is 1, so that
// logarithms near 0 are no differences.
alignas(64) inline constexpr double kLogInverse[16] = {64 / 64.0, 60 / 64.0, 57 / 64.0, 54 / 64.0, 51 / 64.0, 49 / 64.0,
                                                       46 / 64.0, 44 / 64.0, 43 / 64.0, 41 / 64.0, 39 / 64.0, 38 / 64.0,
                                                       37 / 64.0, 35 / 64.0, 34 / 64.0, 33 / 64.0};

// For floats, of another range of m; |m / c - 1| < 1/32.
alignas(64) inline constexpr float kLogInverseFloat[16] = {
    0x1.642c86p+0f, 0x1.555556p+0f, 0x1.47ae14p+0f, 0x1.3b13b2p+0f, 0x1.2f684cp+0f, 0x1.24924ap+0f,
    0x1.1a7b96p+0f, 0x1.111112p+0f, 0x1.08421p+0f,  0x1p+0f,        0x1.e1e1e2p-1f, 0x1.c71c72p-1f,
    0x1.af286cp-1f, 0x1.99999ap-1f, 0x1.861862p-1f, 0x1.745d18p-1f};
template <class V>
TNP_INLINE V log_inverse(uint_t<V> place) {
  if constexpr (is_f32<V>) {
    return lookup<V>(kLogInverseFloat, place);
  } else {
    return lookup<V>(kLogInverse, place);
  }
}

// The logarithms of 2 and of c, in two parts: k times the upper part of the one, and that plus the upper part of the
// other, are exact. The polynomials are (log(1 + z) - slope z) / z^2.
template <class T>
struct NaturalLog;
template <>
struct NaturalLog<double> {
  static constexpr double unit_hi = 0x1.62e42fefa38p-1, unit_lo = 0x1.ef35793c7673p-45;
  static constexpr double slope = 1;
  alignas(64) static constexpr double hi[16] = {0,
                                                0x1.08598b59e4p-4,
                                                0x1.da72763844p-4,
                                                0x1.5bf406b544p-3,
                                                0x1.d1037f2656p-3,
                                                0x1.1178e8227ep-2,
                                                0x1.522ae0738ap-2,
                                                0x1.7fafa3bd81p-2,
                                                0x1.973a343135p-2,
                                                0x1.c7ff9c7455p-2,
                                                0x1.fb358af7a5p-2,
                                                0x1.0ae76e2d058p-1,
                                                0x1.188ee40f24p-1,
                                                0x1.35028ad9d9p-1,
                                                0x1.43d9ff2f92p-1,
                                                0x1.5322e268678p-1};
  alignas(64) static constexpr double lo[16] = {0,
                                                -0x1.7e5dd7009902cp-46,
                                                0x1.a89401fa71733p-46,
                                                -0x1.27023eb68981cp-46,
                                                -0x1.84a7e75b6f6e4p-47,
                                                0x1.1ef78ce2d07f2p-44,
                                                0x1.ebe708164c759p-45,
                                                0x1.46fb79bf6d4cbp-44,
                                                0x1.ab73b16bf4984p-44,
                                                0x1.324911f56db29p-44,
                                                -0x1.def40b87d36d9p-44,
                                                -0x1.82de51de06076p-44,
                                                -0x1.accec41d52e6cp-44,
                                                -0x1.bd1f01ab60655p-44,
                                                0x1.e267b0b7efae1p-44,
                                                0x1.5ccc45d257531p-47};
  template <class V>
  TNP_INLINE static V poly(V z) {
    return math::poly(z, -0x1.0000000000003p-1, 0x1.555555555554ep-2, -0x1.ffffffffd9be1p-3, 0x1.9999999a29882p-3,
                      -0x1.5555575bb5f7bp-3, 0x1.24923c9045264p-3, -0x1.ffeb87dc99c16p-4, 0x1.c7cb68fa76e56p-4,
                      -0x1.bc9f184dcd62fp-4);
  }
};
template <>
struct NaturalLog<float> {
  static constexpr float unit_hi = 0x1.62e4p-1f, unit_lo = 0x1.7f7d1cp-20f, slope = 1;
  alignas(64) static constexpr float hi[16] = {-0x1.522cp-2f, -0x1.2698p-2f, -0x1.f99p-3f, -0x1.a94p-3f, -0x1.5bf8p-3f,
                                               -0x1.1178p-3f, -0x1.933p-4f,  -0x1.086p-4f, -0x1.042p-5f, 0,
                                               0x1.f0ap-5f,   0x1.e27p-4f,   0x1.5ffp-3f,  0x1.c9p-3f,   0x1.1674p-2f,
                                               0x1.4618p-2f};
  alignas(64) static constexpr float lo[16] = {
      0x1.1e4c76p-18f,  0x1.dcecb2p-18f,  -0x1.c3cb3cp-19f, 0x1.273752p-19f,  0x1.fc255ep-18f,
      -0x1.dc44fcp-20f, -0x1.793566p-18f, 0x1.99a988p-18f,  0x1.46ec32p-18f,  0,
      0x1.85008cp-20f,  0x1.d38abcp-22f,  0x1.83053cp-18f,  -0x1.0b0cacp-20f, 0x1.c97abap-18f,
      0x1.74438cp-19f};
  template <class V>
  TNP_INLINE static V poly(V z) {
    return math::poly(z, -0x1.fffffcp-2f, 0x1.55555p-2f, -0x1.00353p-2f, 0x1.9a1298p-3f);
  }
};

template <class T>
struct BinaryLog;
template <>
struct BinaryLog<double> {
  static constexpr double unit_hi = 1, unit_lo = 0;
  static constexpr double slope = 0x1.71547652b82fep+0;
  alignas(64) static constexpr double hi[16] = {0,
                                                0x1.7d60496cfcp-4,
                                                0x1.563dc29ffap-3,
                                                0x1.f5fd8a9064p-3,
                                                0x1.4f6fbb2cecp-2,
                                                0x1.8a8980abfcp-2,
                                                0x1.e7df5fe539p-2,
                                                0x1.14c560fe688p-1,
                                                0x1.25c0a0463cp-1,
                                                0x1.48eef193178p-1,
                                                0x1.6ddfc2a79p-1,
                                                0x1.810fa51bf68p-1,
                                                0x1.94c287492c8p-1,
                                                0x1.bdce9dcc96p-1,
                                                0x1.d338120a6ep-1,
                                                0x1.e9452c8a71p-1};
  alignas(64) static constexpr double lo[16] = {0,
                                                -0x1.2ce6312ebb81dp-46,
                                                0x1.964190e41bca7p-44,
                                                -0x1.cb6f70109b0f1p-47,
                                                0x1.661e393a16b95p-44,
                                                -0x1.66cccab240e9p-45,
                                                -0x1.532c412ba94dbp-44,
                                                0x1.7c407050799bfp-44,
                                                -0x1.50520a377c7ecp-45,
                                                0x1.90d43956fa5d8p-45,
                                                -0x1.ce60916e52e91p-44,
                                                -0x1.0144751b3314fp-44,
                                                -0x1.927dfc23d978p-44,
                                                0x1.871a7610e40bdp-45,
                                                -0x1.3167ccc538261p-44,
                                                0x1.3c6764fc87b4ap-48};
  template <class V>
  TNP_INLINE static V poly(V z) {
    return math::poly(z, -0x1.71547652b8303p-1, 0x1.ec709dc3a03f2p-2, -0x1.715476529c971p-2, 0x1.2776c50f61931p-2,
                      -0x1.ec70a0af7c913p-3, 0x1.a6175081c4449p-3, -0x1.7145b25cc4323p-3, 0x1.48c949dd40852p-3,
                      -0x1.40ba01de8f511p-3);
  }
};
template <>
struct BinaryLog<float> {
  static constexpr float unit_hi = 1, unit_lo = 0, slope = 0x1.715476p+0f;
  alignas(64) static constexpr float hi[16] = {
      -0x1.e7ep-2f, -0x1.a9p-2f, -0x1.6cbp-2f, -0x1.32cp-2f, -0x1.f6p-3f, -0x1.8a88p-3f, -0x1.22d8p-3f, -0x1.7d6p-4f,
      -0x1.774p-5f, 0,           0x1.664p-4f,  0x1.5cp-3f,   0x1.fbcp-3f, 0x1.49a8p-2f,  0x1.91bcp-2f,  0x1.d674p-2f};
  alignas(64) static constexpr float lo[16] = {
      0x1.3c9a3cp-19f,  0x1.98151ap-20f,  -0x1.e8b8bcp-19f, 0x1.c5b3bep-23f,  0x1.39ff24p-18f,
      -0x1.8953f6p-19f, -0x1.6db904p-18f, -0x1.767e68p-22f, 0x1.b29decp-19f,  0,
      -0x1.238986p-21f, 0x1.a22e68p-19f,  0x1.6a1ed2p-19f,  -0x1.f2d20ap-20f, -0x1.64eeep-20f,
      0x1.3b2086p-18f};
  template <class V>
  TNP_INLINE static V poly(V z) {
    return math::poly(z, -0x1.715474p-1f, 0x1.ec7096p-2f, -0x1.71a132p-2f, 0x1.27ce0cp-2f);
  }
};

template <class T>
struct DecimalLog;
template <>
struct DecimalLog<double> {
  static constexpr double unit_hi = 0x1.34413509f8p-2, unit_lo = -0x1.80433b83b532ap-44;
  static constexpr double slope = 0x1.bcb7b1526e50ep-2;
  alignas(64) static constexpr double hi[16] = {0,
                                                0x1.cb38fccd9p-6,
                                                0x1.9c197abfp-5,
                                                0x1.2e3a740b78p-4,
                                                0x1.93e7de0fc4p-4,
                                                0x1.db11ed766cp-4,
                                                0x1.25ba8215bp-3,
                                                0x1.4d43f8275ap-3,
                                                0x1.61b6939984p-3,
                                                0x1.8c13437696p-3,
                                                0x1.b88e67cf98p-3,
                                                0x1.cfa8e765ccp-3,
                                                0x1.e76124046cp-3,
                                                0x1.0c6711d6acp-2,
                                                0x1.194b3bdef7p-2,
                                                0x1.2691ecc29fp-2};
  alignas(64) static constexpr double lo[16] = {0,
                                                -0x1.00925a535ae72p-44,
                                                0x1.badcf3d6e4566p-46,
                                                0x1.d288560689912p-53,
                                                -0x1.80743406505e6p-48,
                                                -0x1.40bcd23c3e44cp-44,
                                                -0x1.007bf2d8bf07ap-44,
                                                0x1.20ca9a2bcc728p-45,
                                                -0x1.f70dc69c572dap-44,
                                                -0x1.59c2994d34d69p-44,
                                                -0x1.a01b9bb0ebf1bp-45,
                                                -0x1.2386ad8b819b8p-45,
                                                -0x1.81a1e23fe0fb6p-44,
                                                -0x1.42d6ae59e7d9cp-45,
                                                -0x1.1881d6fbdee94p-44,
                                                0x1.09ca54daae9f9p-48};
  template <class V>
  TNP_INLINE static V poly(V z) {
    return math::poly(z, -0x1.bcb7b1526e514p-3, 0x1.287a7636f4358p-3, -0x1.bcb7b1524d16p-4, 0x1.63c62775a212p-4,
                      -0x1.287a77f935fddp-4, 0x1.fc3f903ad3da3p-5, -0x1.bca5e9cbb42bap-5, 0x1.8be5ec186c339p-5,
                      -0x1.82317bed3d18fp-5);
  }
};
template <>
struct DecimalLog<float> {
  static constexpr float unit_hi = 0x1.344p-2f, unit_lo = 0x1.3509f8p-18f, slope = 0x1.bcb7b2p-2f;
  static constexpr float slope_lo = -0x1.5b235ep-27f;
  alignas(64) static constexpr float hi[16] = {-0x1.25b8p-3f, -0x1.ffcp-4f, -0x1.b72p-4f, -0x1.716p-4f, -0x1.2e4p-4f,
                                               -0x1.db2p-5f,  -0x1.5e4p-5f, -0x1.cb4p-6f, -0x1.c4p-7f,  0,
                                               0x1.af4p-6f,   0x1.a3p-5f,   0x1.31bp-4f,  0x1.8cfp-4f,  0x1.e3cp-4f,
                                               0x1.1b4p-3f};
  alignas(64) static constexpr float lo[16] = {
      -0x1.4195d2p-18f, 0x1.ce5648p-23f, -0x1.ca7c02p-20f, 0x1.776266p-19f, 0x1.62c58cp-18f,
      0x1.c103a8p-18f,  0x1.a6899cp-19f, 0x1.bab81ap-20f,  0x1.7cc2ap-18f,  0,
      0x1.f90f36p-18f,  0x1.53747cp-18f, 0x1.823ef6p-19f,  0x1.81cbacp-20f, -0x1.f3bd82p-19f,
      -0x1.8fd022p-19f};
  template <class V>
  TNP_INLINE static V poly(V z) {
    return math::poly(z, -0x1.bcb7aep-3f, 0x1.287a72p-3f, -0x1.bd1416p-4f, 0x1.642f4p-4f);
  }
};

// x = 2^k m for a normal x > 0, and the place of m in the tables (its low four bits).
template <class V>
struct TableReduced {
  V k;
  V m;
  uint_t<V> place;
};
// `bias` is added to k.
template <class V>
TNP_INLINE TableReduced<V> table_reduce(uint_t<V> bits, V bias) {
  using U = uint_t<V>;
  constexpr int shift = float_of<V>::mantissa_bits;
  // Where m begins. The first or, of floats, tenth part of its range is around 1.
  constexpr auto start = static_cast<lane_t<U>>(is_f32<V> ? 0x3f340000u : 0x3fef800000000000u);
  constexpr auto one = lane_t<U>(float_of<V>::bias) << shift;
  if constexpr (is_f32<V>) {
    const U moved = bits - splat<U>(start);
    const V m = from_bits<V>((moved & splat<U>(float_of<V>::mantissa_mask)) + splat<U>(start));
    return {convert<V>(int_t<V>(bit_cast<int_t<V>>(moved) >> shift)) + bias, m, moved >> (shift - 4)};
  }
  // Few instruction sets make doubles of integers: by way of the mantissa of 2^mantissa_bits.
  const U moved = bits + splat<U>(one - start);
  const V m = from_bits<V>((moved & splat<U>(float_of<V>::mantissa_mask)) + splat<U>(start));
  constexpr auto unit = lane_t<U>(float_of<V>::bias + shift) << shift;
  const V biased = from_bits<V>((moved >> shift) | splat<U>(unit));
  constexpr auto offset = lane_t<V>(1ull << shift) + float_of<V>::bias;
  return {biased - (splat<V>(offset) - bias), m, moved >> (shift - 4)};
}

// m r - 1, which is exact for doubles and r of kLogInverse.
template <class V>
TNP_INLINE V table_quotient(V m, V r) {
  if constexpr (TNP_FMA) {
    return fma(m, r, splat<V>(-1));
  } else if constexpr (is_f32<V>) {
    using W = rebind_t<V, double>;
    return convert<V>(convert<W>(m) * convert<W>(r) - splat<W>(1));
  } else {
    const V upper = from_bits<V>(bits_of(m) & splat<uint_t<V>>(~0x7ffffffull));
    return (upper * r - splat<V>(1)) + (m - upper) * r;
  }
}

// The logarithm of a normal number, given its bits, plus `bias` units.
template <template <class> class Base, class V>
TNP_INLINE V log_by_table(uint_t<V> bits, V bias) {
  using B = Base<lane_t<V>>;
  const auto [k, m, place] = table_reduce<V>(bits, bias);
  const V z = table_quotient(m, log_inverse<V>(place));
  const V upper = mul_add(k, splat<V>(B::unit_hi), lookup<V>(B::hi, place));
  V lower = lookup<V>(B::lo, place);
  if constexpr (B::unit_lo != 0) lower = mul_add(k, splat<V>(B::unit_lo), lower);
  if constexpr (requires { B::slope_lo; }) lower = mul_add(z, splat<V>(B::slope_lo), lower);
  if constexpr (TNP_FMA && is_f32<V> && B::slope != 1) {
    // Half a unit less precise, which log has not to give.
    return upper + mul_add(z, mul_add(z, B::poly(z), splat<V>(B::slope)), lower);
  }
  return upper + mul_add(z, splat<V>(B::slope), mul_add(z * z, B::poly(z), lower));
}

// log(hi + lo) for a normalised sum from 2^-60 to 2^60, relative to the result near 1, too.
template <class V>
TNP_INLINE V log_of_sum(V hi, V lo) {
  using B = NaturalLog<lane_t<V>>;
  using U = uint_t<V>;
  constexpr auto one = lane_t<U>(float_of<V>::bias) << float_of<V>::mantissa_bits;
  const auto [k, m, place] = table_reduce<V>(bits_of(hi), splat<V>(0));
  const V scale = from_bits<V>(bits_of(m) - bits_of(hi) + splat<U>(one));  // 2^-k
  const V inverse = log_inverse<V>(place);
  const DD<V> z = fast_two_sum(table_quotient(m, inverse), (lo * scale) * inverse);
  const V upper = mul_add(k, splat<V>(B::unit_hi), lookup<V>(B::hi, place));
  const V lower = mul_add(k, splat<V>(B::unit_lo), lookup<V>(B::lo, place)) + z.lo;
  return upper + (z.hi + mul_add(z.hi * z.hi, B::poly(z.hi), lower));
}

// Whether x is positive, normal and finite.
template <class V>
TNP_INLINE mask_t<V> is_plain(V x) {
  using U = uint_t<V>;
  constexpr auto least = lane_t<U>(1) << float_of<V>::mantissa_bits;
  return mask_t<V>(bits_of(x) - splat<U>(least) < splat<U>(float_of<V>::exponent_mask - least));
}

// Of all numbers. Out of line, so that the common path stays small where it is inlined.
template <template <class> class Base, class V>
[[gnu::noinline, gnu::cold]] inline void log_of_any(const V& x, V& result) {
  constexpr int shift = float_of<V>::mantissa_bits;
  const mask_t<V> subnormal = x < splat<V>(float_of<V>::min_normal);
  const V scaled = select<V>(subnormal, x * splat<V>(lane_t<V>(1ull << shift)), x);
  const V bias = select<V>(subnormal, splat<V>(-shift), splat<V>(0));
  const V zero = splat<V>(0);
  const V bad = select<V>(x == zero, splat<V>(-float_of<V>::infinity), splat<V>(float_of<V>::nan));
  const V value = log_by_table<Base, V>(bits_of(scaled), bias);
  result = select<V>(x <= zero, bad, select<V>(x < splat<V>(float_of<V>::infinity), value, x));
}

template <template <class> class Base, class V>
TNP_INLINE V logarithm(V x) {
  V result = log_by_table<Base, V>(bits_of(x), splat<V>(0));
  if (any_lane(mask_t<V>(!is_plain(x)))) [[unlikely]] {
    // Copies of this block's own: the callee's view of them keeps nothing in memory on the common path.
    const V argument = x;
    V replaced;
    log_of_any<Base>(argument, replaced);
    result = replaced;
  }
  return result;
}

}  // namespace detail

}  // namespace tnp::TNP_ISA::math

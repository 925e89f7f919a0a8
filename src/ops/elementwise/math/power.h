// pow, cbrt, hypot and integer powers.
#pragma once

#include "ops/elementwise/math/exp_log.h"

namespace tnp::TNP_ISA::math {

namespace detail {

// ln x for finite x > 0 to about 2^-65 relative.
template <class V>
TNP_INLINE DD<V> log_double_double(V x) {
  using C = Ln2<double>;
  const auto [k, f, fraction] = log_reduce(x);
  // ln(1 + f) = 2 atanh(s), s = f / (2 + f).
  const DD<V> s = div(DD<V>{f, splat<V>(0)}, fast_two_sum(splat<V>(2), f));
  const DD<V> z = square_loose(s);
  const V p = poly(z.hi, 0x1.9999999999996p-2, 0x1.2492492493036p-2, 0x1.c71c71c58046ap-3, 0x1.745d183262f8ep-3,
                   0x1.3b1362b1bd86bp-3, 0x1.1120b6458783cp-3, 0x1.de3356efe82c6p-4, 0x1.eb11f58e52d77p-4);
  // 2/3 + z p, whose leading part must be exact to the last bit but a few.
  DD<V> tail = fast_two_sum(splat<V>(0x1.5555555555555p-1), z.hi * p);
  tail.lo = tail.lo + splat<V>(0x1.5555555555555p-55);
  const DD<V> correction = mul_loose(mul_loose(z, s), tail);
  const DD<V> fraction_log = fast_add(DD<V>{s.hi + s.hi, s.lo + s.lo}, correction);
  return fast_add(DD<V>{k * splat<V>(C::hi), k * splat<V>(C::lo)}, fraction_log);
}

// e^(x.hi + x.lo) with one rounding.
template <class V>
TNP_INLINE V exp_double_double(DD<V> x) {
  using C = Ln2<double>;
  // Outside, the result has under- or overflown whatever x.lo is; it may be NaN there.
  const mask_t<V> inside = abs_value(x.hi) < splat<V>(800);
  const V hi = clamp(x.hi, -800.0, 800.0);
  const V lo = select<V>(inside, x.lo, splat<V>(0));
  const Rounded<V> n = round_scaled(hi, C::inverse);
  const DD<V> r = add(two_sum(mul_add(n.value, splat<V>(-C::hi), hi), n.value * splat<V>(-C::lo)), lo);
  const DD<V> sum = fast_two_sum(splat<V>(1), r.hi);
  const V tail = mul_add(r.hi * r.hi, exp_tail(r.hi), r.lo);
  return scale_by_rounded(sum.hi + (sum.lo + tail), n.biased_bits);
}

// |x|^y for finite |x| > 0 and finite y; anything for other arguments.
template <class V>
TNP_INLINE V pow_finite(V magnitude, V y) {
  if constexpr (is_f64<V>) {
    // Above the limit every result but 1^y has under- or overflown.
    return exp_double_double(mul(log_double_double(magnitude), clamp(y, -0x1p70, 0x1p70)));
  } else {
    using W = rebind_t<V, double>;
    const auto wide = convert<W>(magnitude);
    const auto offset = splat<W>(0x1p52 + 1023);
    const auto [k, f, fraction] = log_reduce_bits(bits_of(wide), offset);
    const W s = f / (splat<W>(2) + f);
    const W log2_fraction = s * poly(s * s, 0x1.71547652bee7bp+1, 0x1.ec709d123e577p-1, 0x1.2777804928c4ap-1,
                                     0x1.a58d5fa31cb9ep-2, 0x1.5ceb10fa9013ep-2);
    const W exponent = clamp(convert<W>(y) * (k + log2_fraction), -160.0, 160.0);
    const Rounded<W> n = round_scaled(exponent, 1.0);
    const W r = exponent - n.value;
    const W p = mul_add(r,
                        poly(r, 0x1.62e4300ba14dap-1, 0x1.ebfbe0457b075p-3, 0x1.c6b05518805bcp-5, 0x1.3b2a1be5ab918p-7,
                             0x1.5dc05340c90e4p-10, 0x1.443fa65c2f8f8p-13, 0x1.c0493a19bf15fp-17),
                        splat<W>(1));
    return convert<V>(p * from_bits<W>((n.biased_bits - splat<uint_t<W>>(1023)) << 52));
  }
}

}  // namespace detail

// C99's pow, all special cases included.
template <class V>
TNP_INLINE V pow(V x, V y) {
  const V zero = splat<V>(0), one = splat<V>(1), inf = splat<V>(float_of<V>::infinity);
  using M = mask_t<V>;
  const V magnitude = abs_value(x);
  V value = detail::pow_finite(magnitude, y);
  // Positive finite bases and finite exponents are no special case, and often there are no others.
  const M plain = both<M>(both<M>(x > zero, x < inf), abs_value(y) < inf);
  if (!any_lane(M(plain == M(0)))) return value;
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
  return select<V>(either<M>(x == one, y == zero), one, value);
}

template <class V>
TNP_INLINE V cbrt(V x) {
  using U = uint_t<V>;
  const V magnitude = abs_value(x);
  // Scaled by a cube, so that no product below leaves the normal range.
  const mask_t<V> small = magnitude < splat<V>(1);
  V a, unscale;
  if constexpr (is_f32<V>) {
    a = magnitude * select<V>(small, splat<V>(0x1p90f), splat<V>(0x1p-60f));
    unscale = select<V>(small, splat<V>(0x1p-30f), splat<V>(0x1p20f));
  } else {
    a = magnitude * select<V>(small, splat<V>(0x1p900), splat<V>(0x1p-300));
    unscale = select<V>(small, splat<V>(0x1p-300), splat<V>(0x1p100));
  }
  // y = a^(-1/3): within 3.5% by dividing the exponent by -3, then by iterations of order four.
  V y;
  if constexpr (is_f32<V>) {
    const V third = convert<V>(bit_cast<int_t<V>>(a)) * splat<V>(-1.0f / 3);
    y = bit_cast<V>(convert<int_t<V>>(third + splat<V>(float(0x54a20000))));
  } else {
    const V upper = from_bits<V>((bits_of(a) >> 32) | splat<U>(0x4330000000000000u)) - splat<V>(0x1p52);
    const V third = mul_add(upper, splat<V>(-1.0 / 3), splat<V>(double(0x553ee000) + 0x1p52));
    y = from_bits<V>(bits_of(third) << 32);
  }
  const auto refine = [&a](V estimate) {
    const V h = splat<V>(1) - ((a * estimate) * estimate) * estimate;
    const V p = poly(h, lane_t<V>(1.0 / 3), lane_t<V>(2.0 / 9), lane_t<V>(14.0 / 81));
    return mul_add(estimate * h, p, estimate);
  };
  y = refine(y);
  if constexpr (is_f64<V>) y = refine(y);
  // Newton's step with the exact rest a - c^3.
  const V c = (a * y) * y;
  const DD<V> c2 = two_prod(c, c);
  const DD<V> c3 = two_prod(c2.hi, c);
  const V rest = ((a - c3.hi) - c3.lo) - c2.lo * c;
  const V root = mul_add(rest * splat<V>(lane_t<V>(1.0 / 3)), y * y, c) * unscale;
  const mask_t<V> plain = both<mask_t<V>>(magnitude > splat<V>(0), magnitude < splat<V>(float_of<V>::infinity));
  return select<V>(plain, copysign(root, x), x);
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

// Integers, scalar or vector: division that cannot trap, Python's floor and remainder, NumPy's shifts, gcd and lcm.
#pragma once

#include "base/simd.h"

namespace tnp::TNP_ISA::math {

namespace detail {

template <class V>
inline constexpr bool is_signed_int = std::is_signed_v<lane_t<V>>;

// f of each pair of lanes.
template <class V, class F>
TNP_INLINE V each_lane(V a, V b, F f) {
  if constexpr (is_vec<V>) {
    V out = a;
    for (int i = 0; i < lanes_v<V>; ++i) out[i] = f(lane_t<V>(a[i]), lane_t<V>(b[i]));
    return out;
  } else {
    return f(a, b);
  }
}

// Integers of 64 bits as doubles and back, if less than 2^51: by way of the last bits of 1.5 * 2^52.
template <class V>
TNP_INLINE mask_t<V> is_moderate(V x) {
  using U = uint_t<V>;
  constexpr lane_t<U> below_zero = std::is_signed_v<lane_t<V>> ? 1ull << 51 : 0;
  return bit_cast<mask_t<V>>(bit_cast<U>(x) + splat<U>(below_zero) < splat<U>(below_zero + (1ull << 51)));
}
template <class V>
TNP_INLINE V moderate_quotient(V a, V b) {
  using W = rebind_t<V, double>;
  const W magic = splat<W>(0x1.8p52);
  const auto number = [&](V x) { return bit_cast<W>(V(x + bit_cast<V>(magic))) - magic; };
  return bit_cast<V>(__builtin_elementwise_trunc(number(a) / number(b)) + magic) - bit_cast<V>(magic);
}

// a / b toward zero for b != 0, without overflow. Vectors of narrow lanes divide as floats of twice the width: the
// quotient of two n-bit integers is further than 2^-2n from the next integer, relatively, so truncation is right.
template <class V>
TNP_INLINE V truncated_quotient(V a, V b) {
  if constexpr (!is_vec<V>) {
    return static_cast<V>(a / b);
  } else if constexpr (sizeof(lane_t<V>) <= 2) {
    using W = rebind_t<V, float>;
    return convert<V>(convert<rebind_t<V, std::int32_t>>(convert<W>(a) / convert<W>(b)));
  } else if constexpr (sizeof(lane_t<V>) == 4) {
    using W = rebind_t<V, double>;
    return convert<V>(convert<W>(a) / convert<W>(b));
  } else {
    if (!any_lane(mask_t<V>(both<mask_t<V>>(is_moderate(a), is_moderate(b)) == mask_t<V>(0)))) [[likely]] {
      return moderate_quotient(a, b);
    }
    return a / b;
  }
}

}  // namespace detail

template <class V>
struct IntegerDivision {
  V quotient;
  V remainder;
};

// Floored division; x / 0 and x % 0 are 0, and the least integer over -1 wraps to itself.
template <class V>
TNP_INLINE IntegerDivision<V> integer_divmod(V a, V b) {
  using T = lane_t<V>;
  const V zero = splat<V>(0), one = splat<V>(1);
  const mask_t<V> by_zero = b == zero;
  V divisor = select<V>(by_zero, one, b);
  if constexpr (detail::is_signed_int<V>) {
    constexpr T least = static_cast<T>(T(1) << (8 * sizeof(T) - 1));
    const mask_t<V> overflow = both<mask_t<V>>(a == splat<V>(least), b == splat<V>(-1));
    divisor = select<V>(overflow, one, divisor);
  }
  V quotient = detail::truncated_quotient(a, divisor);
  V remainder = static_cast<V>(a - quotient * divisor);
  if constexpr (detail::is_signed_int<V>) {
    const mask_t<V> adjust = both<mask_t<V>>(remainder != zero, (remainder ^ divisor) < zero);
    quotient = static_cast<V>(quotient - select<V>(adjust, one, zero));
    remainder = static_cast<V>(remainder + select<V>(adjust, divisor, zero));
  }
  return {select<V>(by_zero, zero, quotient), select<V>(by_zero, zero, remainder)};
}
template <class V>
TNP_INLINE V integer_floor_divide(V a, V b) {
  return integer_divmod(a, b).quotient;
}
template <class V>
TNP_INLINE V integer_remainder(V a, V b) {
  return integer_divmod(a, b).remainder;
}
// C's remainder, with the sign of a; x fmod 0 is 0.
template <class V>
TNP_INLINE V integer_fmod(V a, V b) {
  using T = lane_t<V>;
  const V zero = splat<V>(0), one = splat<V>(1);
  V divisor = select<V>(b == zero, one, b);
  if constexpr (detail::is_signed_int<V>) divisor = select<V>(b == splat<V>(T(-1)), one, divisor);
  return static_cast<V>(a - detail::truncated_quotient(a, divisor) * divisor);
}

// a << b; a count outside of [0, width) gives 0.
template <class V>
TNP_INLINE V left_shift(V a, V b) {
  using U = uint_t<V>;
  constexpr auto width = static_cast<lane_t<U>>(8 * sizeof(lane_t<V>));
  const auto count = bit_cast<U>(b);
  const mask_t<U> fits = count < splat<U>(width);
  const auto safe = select<U>(fits, count, splat<U>(0));
  return select<V>(fits, bit_cast<V>(static_cast<U>(bit_cast<U>(a) << safe)), splat<V>(0));
}
// a >> b; a count outside of [0, width) gives 0, or -1 for a negative a.
template <class V>
TNP_INLINE V right_shift(V a, V b) {
  using U = uint_t<V>;
  constexpr auto width = static_cast<lane_t<U>>(8 * sizeof(lane_t<V>));
  const auto count = bit_cast<U>(b);
  const mask_t<U> fits = count < splat<U>(width);
  if constexpr (detail::is_signed_int<V>) {
    const auto safe = select<U>(fits, count, splat<U>(width - 1));
    return static_cast<V>(a >> bit_cast<V>(safe));
  } else {
    const auto safe = select<U>(fits, count, splat<U>(0));
    return select<V>(fits, static_cast<V>(a >> safe), splat<V>(0));
  }
}

// How many bits of an unsigned integer are set.
template <class U>
TNP_INLINE U bit_count(U x) {
  using T = lane_t<U>;
  constexpr T ones = static_cast<T>(~T(0));
  const U odd = splat<U>(T(ones / 3)), pairs = splat<U>(T(ones / 5)), nibbles = splat<U>(T(ones / 17));
  x = static_cast<U>(x - (static_cast<U>(x >> 1) & odd));
  x = static_cast<U>((x & pairs) + (static_cast<U>(x >> 2) & pairs));
  x = static_cast<U>((x + static_cast<U>(x >> 4)) & nibbles);
  if constexpr (sizeof(T) >= 2) x = static_cast<U>(x + static_cast<U>(x >> 8));
  if constexpr (sizeof(T) >= 4) x = static_cast<U>(x + static_cast<U>(x >> 16));
  if constexpr (sizeof(T) >= 8) x = static_cast<U>(x + static_cast<U>(x >> 32));
  return static_cast<U>(x & splat<U>(T(0x7f)));
}

namespace detail {

template <class T>
TNP_INLINE T absolute_bits(T x) {
  using U = uint_t<T>;
  const auto bits = static_cast<U>(x);
  if constexpr (std::is_signed_v<T>) {
    return bit_cast<T>(static_cast<U>(x < 0 ? U(0) - bits : bits));
  } else {
    return x;
  }
}

template <class T>
TNP_INLINE T gcd_lane(T a, T b) {
  using U = uint_t<T>;
  using Wide = std::conditional_t<(sizeof(U) < 8), std::uint32_t, std::uint64_t>;
  const auto zeros = [](Wide v) {
    if constexpr (sizeof(Wide) == 8) return __builtin_ctzll(v);
    return __builtin_ctz(static_cast<std::uint32_t>(v));
  };
  Wide m = bit_cast<U>(absolute_bits(a)), n = bit_cast<U>(absolute_bits(b));
  if (m == 0 || n == 0) return bit_cast<T>(static_cast<U>(m | n));
  // Divisions take longer than these steps: of two odd numbers the smaller one, and their difference without its twos.
  const int shift = zeros(m | n);
  m >>= zeros(m);
  n >>= zeros(n);
  while (m != n) {
    const Wide difference = m > n ? m - n : n - m;
    m = m < n ? m : n;
    n = difference >> zeros(difference);
  }
  return bit_cast<T>(static_cast<U>(m << shift));
}

template <class T>
TNP_INLINE T lcm_lane(T a, T b) {
  using U = uint_t<T>;
  const auto divisor = bit_cast<U>(gcd_lane(a, b));
  if (divisor == 0) return T(0);
  const auto m = bit_cast<U>(absolute_bits(a)), n = bit_cast<U>(absolute_bits(b));
  // Narrow operands would be promoted to a signed type.
  using Wide = std::conditional_t<(sizeof(U) < 4), std::uint32_t, U>;
  return bit_cast<T>(static_cast<U>(Wide(m / divisor) * Wide(n)));
}

}  // namespace detail

template <class V>
TNP_INLINE V gcd(V a, V b) {
  return detail::each_lane(a, b, [](auto x, auto y) { return detail::gcd_lane(x, y); });
}
template <class V>
TNP_INLINE V lcm(V a, V b) {
  return detail::each_lane(a, b, [](auto x, auto y) { return detail::lcm_lane(x, y); });
}

}  // namespace tnp::TNP_ISA::math

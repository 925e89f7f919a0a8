// Many integers divided by one, by multiplying with its inverse (Granlund and Montgomery, "Division by invariant
// integers using multiplication").
#pragma once

#include "base/simd.h"

namespace tnp::TNP_ISA::math {

namespace detail {

// The upper half of the products of unsigned integers, of at least 16 bits, with one; a register of them.
template <class U>
TNP_INLINE U upper_product(U a, lane_t<U> b) {
  constexpr int bits = 8 * sizeof(lane_t<U>);
  if constexpr (bits == 64) {
    const U mask = splat<U>(0xffffffffu), b_low = splat<U>(b & 0xffffffffu), b_high = splat<U>(b >> 32);
    const U low = a & mask, high = a >> 32;
    const U middle = high * b_low + ((low * b_low) >> 32);
    return high * b_high + (middle >> 32) + (((middle & mask) + low * b_high) >> 32);
  } else if constexpr (bits == 32) {
    using Pairs = Vec<std::uint64_t, lanes_v<U> / 2>;
    const auto pairs = bit_cast<Pairs>(a), factor = splat<Pairs>(std::uint64_t{b}), mask = splat<Pairs>(0xffffffffu);
    return bit_cast<U>(Pairs((((pairs & mask) * factor) >> 32) | (((pairs >> 32) * factor) & ~mask)));
  } else {
    // LLVM finds this instruction in vectors of one register only, and not for all factors.
    using Register = std::uint16_t __attribute__((vector_size(sizeof(U))));
    const auto x = __builtin_bit_cast(Register, a), y = __builtin_bit_cast(Register, splat<U>(b));
#if defined(__AVX512BW__)
    return __builtin_bit_cast(U, __builtin_ia32_pmulhuw512(x, y));
#elif defined(__AVX2__)
    return __builtin_bit_cast(U, __builtin_ia32_pmulhuw256(x, y));
#else
    return __builtin_bit_cast(U, __builtin_ia32_pmulhuw128(x, y));
#endif
  }
}

}  // namespace detail

// A divisor other than 0, 1 and -1.
template <class T>
class Divisor {
  using U = uint_t<T>;
  using Inverse = std::conditional_t<sizeof(T) == 1, std::uint16_t, U>;
  using Wide = std::conditional_t<(sizeof(T) < 8), std::uint64_t, unsigned __int128>;
  static constexpr int kBits = 8 * sizeof(T);

 public:
  static bool serves(T divisor) {
    return divisor != 0 && divisor != 1 && (std::is_unsigned_v<T> || divisor != static_cast<T>(-1));
  }

  explicit Divisor(T divisor) : divisor_(divisor), magnitude_(static_cast<U>(divisor)) {
    if (divisor < 0) magnitude_ = static_cast<U>(U(0) - magnitude_);
    int bits = 0;  // the least with 2^bits >= magnitude
    while (bits < kBits && Wide(magnitude_) > Wide(1) << bits) ++bits;
    if constexpr (kBits == 8) {
      inverse_ = static_cast<Inverse>((65536 + magnitude_ - 1) / magnitude_);
    } else if constexpr (std::is_signed_v<T>) {
      inverse_ = static_cast<U>((Wide(1) << (kBits - 1 + bits)) / magnitude_ + 1);
    } else {
      inverse_ = static_cast<U>((((Wide(1) << bits) - magnitude_) << kBits) / magnitude_ + 1);
    }
    shift_ = static_cast<U>(bits - 1);
  }

  // Floored.
  template <class V>
  TNP_INLINE V quotient(V x) const {
    if constexpr (std::is_signed_v<T>) {
      // Of x < 0 the quotient is ~(~x / d) for d > 0; for d < 0 the same with -x.
      const V zero = splat<V>(0);
      const V numerator = divisor_ < 0 ? V(zero - x) : x;
      const V sign = bit_cast<V>(divisor_ < 0 ? x > zero : x < zero);
      return bit_cast<V>(magnitude_quotient(bit_cast<uint_t<V>>(V(numerator ^ sign)))) ^ sign;
    } else {
      return magnitude_quotient(x);
    }
  }
  // With the divisor's sign.
  template <class V>
  TNP_INLINE V remainder(V x) const {
    return rest(x, quotient(x), divisor_);
  }
  // With x's sign.
  template <class V>
  TNP_INLINE V fmod(V x) const {
    if constexpr (std::is_signed_v<T>) {
      const V sign = bit_cast<V>(x < splat<V>(0));
      const auto magnitude = bit_cast<uint_t<V>>(V((x ^ sign) - sign));
      const V value = bit_cast<V>(rest(magnitude, magnitude_quotient(magnitude), magnitude_));
      return (value ^ sign) - sign;
    } else {
      return remainder(x);
    }
  }

 private:
  template <class V>
  TNP_INLINE static V rest(V x, V quotient, lane_t<V> divisor) {
    using W = uint_t<V>;
    return bit_cast<V>(W(bit_cast<W>(x) - bit_cast<W>(quotient) * splat<W>(divisor)));
  }
  // Of any x if T is unsigned, else of x <= 2^(bits - 1).
  template <class V>
  TNP_INLINE V magnitude_quotient(V x) const {
    if constexpr (kBits == 8) {
      // 2^16 / magnitude, rounded up, is so much more precise than the quotient that nothing else is needed.
      using Pairs = Vec<std::uint16_t, lanes_v<V> / 2>;
      const Pairs pairs = bit_cast<Pairs>(x);
      const Pairs even = detail::upper_product(Pairs(pairs & splat<Pairs>(0xff)), inverse_);
      const Pairs odd = detail::upper_product(Pairs(pairs >> splat<Pairs>(8)), inverse_);
      return bit_cast<V>(Pairs(even | (odd << splat<Pairs>(8))));
    }
    const V upper = detail::upper_product(x, static_cast<U>(inverse_));
    if constexpr (std::is_signed_v<T>) {
      return upper >> splat<V>(shift_);
    } else {
      return V(V(V(x - upper) >> 1) + upper) >> splat<V>(shift_);
    }
  }

  T divisor_;
  U magnitude_;
  Inverse inverse_;  // 2^(…) / magnitude, rounded up; of unsigned divisors less 2^bits
  U shift_;
};

}  // namespace tnp::TNP_ISA::math

// Bitwise operations on integers, and logic on booleans by the same names.
#include "ops/elementwise/math/integer.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Bitwise : Binary {
  static constexpr DTypeSet types = kBool | kIntegers;
  static constexpr const char* no_derivative = "integers have no derivative";
};

struct BitwiseAnd : Bitwise {
  static constexpr const char* doc = "x1 & x2: bitwise and of integers, logical and of booleans.";
  template <class V>
  static V value(V x, V y) {
    return x & y;
  }
};

struct BitwiseOr : Bitwise {
  static constexpr const char* doc = "x1 | x2: bitwise or of integers, logical or of booleans.";
  template <class V>
  static V value(V x, V y) {
    return x | y;
  }
};

struct BitwiseXor : Bitwise {
  static constexpr const char* doc = "x1 ^ x2: bitwise exclusive or of integers, logical exclusive or of booleans.";
  template <class V>
  static V value(V x, V y) {
    return x ^ y;
  }
};

struct Invert : Unary {
  static constexpr const char* doc = "~x: bitwise not of integers, logical not of booleans.";
  static constexpr const char* aliases = "bitwise_not bitwise_invert";
  static constexpr DTypeSet types = kBool | kIntegers;
  static constexpr const char* no_derivative = "integers have no derivative";
  template <class V>
  static V value(V x) {
    return ~x;
  }
  template <class V>
  static V boolean(V x) {
    return x ^ splat<V>(1);
  }
};

struct LeftShift : Bitwise {
  static constexpr const char* doc = "x1 << x2. A count that is negative or not below the width gives 0, as NumPy.";
  static constexpr const char* aliases = "bitwise_left_shift";
  static constexpr DTypeSet types = kIntegers;
  static constexpr double low = 0, high = 6;
  template <class V>
  static V value(V x, V y) {
    return math::left_shift(x, y);
  }
};

struct RightShift : Bitwise {
  static constexpr const char* doc =
      "x1 >> x2, arithmetic for signed integers. A count that is negative or not below the width gives 0, or -1 for a "
      "negative x1, as NumPy.";
  static constexpr const char* aliases = "bitwise_right_shift";
  static constexpr DTypeSet types = kIntegers;
  static constexpr double low = 0, high = 6;
  template <class V>
  static V value(V x, V y) {
    return math::right_shift(x, y);
  }
};

struct BitwiseCount : Unary {
  static constexpr const char* doc = "The number of bits set in |x|, element by element, as uint8.";
  static constexpr DTypeSet types = kIntegers;
  static constexpr ResultType result = ResultType::byte;
  static constexpr const char* no_derivative = "integers have no derivative";
  template <class V>
  static V value(V x) {
    if constexpr (std::is_signed_v<lane_t<V>>) x = static_cast<V>(__builtin_elementwise_abs(x));
    return bit_cast<V>(math::bit_count(bit_cast<uint_t<V>>(x)));
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_BINARY(bitwise_and, BitwiseAnd)
TNP_BINARY(bitwise_or, BitwiseOr)
TNP_BINARY(bitwise_xor, BitwiseXor)
TNP_UNARY(invert, Invert)
TNP_UNARY(bitwise_count, BitwiseCount)
TNP_BINARY(left_shift, LeftShift)
TNP_BINARY(right_shift, RightShift)

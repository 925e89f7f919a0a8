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

// NumPy's logical functions take any type: what is not zero is true.
struct Logical : Binary {
  static constexpr DTypeSet types = kAll;
  static constexpr ResultType result = ResultType::boolean;
  static constexpr const char* no_derivative = "a truth value is constant almost everywhere";
  template <class V>
  static auto truth(V x) {
    if constexpr (is_complex_value<V>) {
      return (x.re != splat<decltype(x.re)>(0)) | (x.im != splat<decltype(x.im)>(0));
    } else {
      return x != splat<V>(0);
    }
  }
};

struct LogicalAnd : Logical {
  static constexpr const char* doc = "Whether both x1 and x2 are true (not zero).";
  template <class V>
  static auto value(V x, V y) {
    return truth(x) & truth(y);
  }
};

struct LogicalOr : Logical {
  static constexpr const char* doc = "Whether x1 or x2 is true (not zero).";
  template <class V>
  static auto value(V x, V y) {
    return truth(x) | truth(y);
  }
};

struct LogicalXor : Logical {
  static constexpr const char* doc = "Whether just one of x1 and x2 is true (not zero).";
  template <class V>
  static auto value(V x, V y) {
    return truth(x) ^ truth(y);
  }
};

struct LogicalNot : Unary {
  static constexpr const char* doc = "Whether x is false (zero).";
  static constexpr DTypeSet types = kAll;
  static constexpr ResultType result = ResultType::boolean;
  static constexpr const char* no_derivative = "a truth value is constant almost everywhere";
  template <class V>
  static auto value(V x) {
    if constexpr (is_complex_value<V>) {
      return (x.re == splat<decltype(x.re)>(0)) & (x.im == splat<decltype(x.im)>(0));
    } else {
      return x == splat<V>(0);
    }
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_BINARY(bitwise_and, BitwiseAnd)
TNP_BINARY(bitwise_or, BitwiseOr)
TNP_BINARY(bitwise_xor, BitwiseXor)
TNP_UNARY(invert, Invert)
TNP_BINARY(left_shift, LeftShift)
TNP_BINARY(right_shift, RightShift)
TNP_BINARY(logical_and, LogicalAnd)
TNP_BINARY(logical_or, LogicalOr)
TNP_BINARY(logical_xor, LogicalXor)
TNP_UNARY(logical_not, LogicalNot)

// Logical functions: of truth values, whatever the type.
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

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

TNP_BINARY(logical_and, LogicalAnd)
TNP_BINARY(logical_or, LogicalOr)
TNP_BINARY(logical_xor, LogicalXor)
TNP_UNARY(logical_not, LogicalNot)

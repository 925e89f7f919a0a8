// Comparisons. Complex numbers are ordered by real part, then imaginary part, as NumPy orders them.
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Comparison : Binary {
  static constexpr DTypeSet types = kAll;
  static constexpr ResultType result = ResultType::boolean;
  static constexpr const char* no_derivative = "a comparison is constant almost everywhere";
};

struct Equal : Comparison {
  static constexpr const char* doc = "x1 == x2, element by element.";
  template <class V>
  static auto value(V x, V y) {
    if constexpr (is_complex_value<V>) {
      return (x.re == y.re) & (x.im == y.im);
    } else {
      return x == y;
    }
  }
};

struct NotEqual : Comparison {
  static constexpr const char* doc = "x1 != x2, element by element.";
  template <class V>
  static auto value(V x, V y) {
    if constexpr (is_complex_value<V>) {
      return (x.re != y.re) | (x.im != y.im);
    } else {
      return x != y;
    }
  }
};

struct Less : Comparison {
  static constexpr const char* doc = "x1 < x2, element by element.";
  template <class V>
  static auto value(V x, V y) {
    if constexpr (is_complex_value<V>) {
      return ((x.re < y.re) & (x.im == x.im) & (y.im == y.im)) | ((x.re == y.re) & (x.im < y.im));
    } else {
      return x < y;
    }
  }
};

struct LessEqual : Comparison {
  static constexpr const char* doc = "x1 <= x2, element by element.";
  template <class V>
  static auto value(V x, V y) {
    if constexpr (is_complex_value<V>) {
      return ((x.re < y.re) & (x.im == x.im) & (y.im == y.im)) | ((x.re == y.re) & (x.im <= y.im));
    } else {
      return x <= y;
    }
  }
};

struct Greater : Comparison {
  static constexpr const char* doc = "x1 > x2, element by element.";
  template <class V>
  static auto value(V x, V y) {
    return Less::value(y, x);
  }
};

struct GreaterEqual : Comparison {
  static constexpr const char* doc = "x1 >= x2, element by element.";
  template <class V>
  static auto value(V x, V y) {
    return LessEqual::value(y, x);
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_BINARY(equal, Equal)
TNP_BINARY(not_equal, NotEqual)
TNP_BINARY(less, Less)
TNP_BINARY(less_equal, LessEqual)
TNP_BINARY(greater, Greater)
TNP_BINARY(greater_equal, GreaterEqual)

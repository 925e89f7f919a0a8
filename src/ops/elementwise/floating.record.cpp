// Kinds of floating-point numbers, and their neighbours.
#include "ops/elementwise/math/complex.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Test : Unary {
  static constexpr DTypeSet types = kAll;
  static constexpr ResultType result = ResultType::boolean;
  static constexpr const char* no_derivative = "a test is constant almost everywhere";
};

struct Isnan : Test {
  static constexpr const char* doc = "Whether x is NaN, element by element; of a complex number whether a part is.";
  template <class V>
  static auto value(V x) {
    if constexpr (is_complex_value<V>) {
      return math::isnan(x);
    } else {
      return x != x;
    }
  }
};

struct Isinf : Test {
  static constexpr const char* doc =
      "Whether x is infinite, element by element; of a complex number whether a part is.";
  template <class V>
  static auto value(V x) {
    if constexpr (is_complex_value<V>) {
      return math::isinf(x);
    } else if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return math::is_inf(x);
    } else {
      return x != x;
    }
  }
};

struct Isfinite : Test {
  static constexpr const char* doc =
      "Whether x is neither infinite nor NaN, element by element; of a complex number whether both parts are.";
  template <class V>
  static auto value(V x) {
    if constexpr (is_complex_value<V>) {
      return math::isfinite(x);
    } else if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return math::is_finite(x);
    } else {
      return x == x;
    }
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(isnan, Isnan)
TNP_UNARY(isinf, Isinf)
TNP_UNARY(isfinite, Isfinite)

// To integers, in the same type. Integers and booleans are their own.
#include "ops/elementwise/math/rounding.h"

#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Rounding : Unary {
  static constexpr DTypeSet types = kBool | kReals;
  static constexpr double low = -3, high = 3;
  static constexpr const char* no_derivative = "a rounded number is constant almost everywhere";
};

struct Floor : Rounding {
  static constexpr const char* doc = "The largest integer not above x, element by element, in x's type.";
  template <class V>
  static V value(V x) {
    if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return math::floor(x);
    } else {
      return x;
    }
  }
};

struct Ceil : Rounding {
  static constexpr const char* doc = "The smallest integer not below x, element by element, in x's type.";
  template <class V>
  static V value(V x) {
    if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return math::ceil(x);
    } else {
      return x;
    }
  }
};

struct Trunc : Rounding {
  static constexpr const char* doc = "x without its fraction, element by element, in x's type.";
  template <class V>
  static V value(V x) {
    if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return math::trunc(x);
    } else {
      return x;
    }
  }
};

struct Rint : Rounding {
  static constexpr const char* doc =
      "The nearest integer, the even one of two, element by element; of integers as a floating-point number, as "
      "NumPy's.";
  static constexpr DTypeSet types = kInexact;
  template <class V>
  static V value(V x) {
    if constexpr (is_complex_value<V>) {
      return {math::rint(x.re), math::rint(x.im)};
    } else {
      return math::rint(x);
    }
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(floor, Floor)
TNP_UNARY(ceil, Ceil)
TNP_UNARY(trunc, Trunc)
TNP_UNARY(rint, Rint)

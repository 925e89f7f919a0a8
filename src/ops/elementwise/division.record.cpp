// Floored and truncated division, and what is common to two integers.
#include "ops/elementwise/fp_exceptions.h"
#include "ops/elementwise/math/divisor.h"
#include "ops/elementwise/math/integer.h"
#include "ops/elementwise/math/rounding.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

// Booleans go to int8, as NumPy's.
struct Division : Binary {
  static constexpr DTypeSet types = kReals;
  static constexpr int cycles = 6;
  static constexpr double low = 0.5, high = 3;
  static constexpr bool raises_flags = true;
  template <class T>
  using By = math::Divisor<T>;
  template <class V>
  static unsigned raised(V x, V y, V z) {
    if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return raised_by(z, y == splat<V>(0), x, y);
    } else {
      return any_lane(y == splat<V>(0)) ? kFpDivideByZero : 0;
    }
  }
};

struct FloorDivide : Division {
  static constexpr const char* doc =
      "The largest integer not above x1 / x2, element by element. Integers over 0 give 0, and the least integer over "
      "-1 "
      "itself.";
  static constexpr const char* no_derivative = "a floored quotient is constant almost everywhere";
  template <class V>
  static V value(V x, V y) {
    if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return math::float_floor_divide(x, y);
    } else {
      return math::integer_floor_divide(x, y);
    }
  }
  template <class V>
  static V value_by(V x, const By<lane_t<V>>& y) {
    return y.quotient(x);
  }
  template <class V>
  static unsigned raised(V x, V y, V z) {
    const unsigned flags = Division::raised(x, y, z);
    if constexpr (std::is_floating_point_v<lane_t<V>> || std::is_unsigned_v<lane_t<V>>) {
      return flags;
    } else {
      // Only the least integer over -1 is its own quotient by a negative one.
      const auto wrapped = both<mask_t<V>>(y == splat<V>(-1), both<mask_t<V>>(x == z, x < splat<V>(0)));
      return flags | (any_lane(wrapped) ? kFpOverflow : 0);
    }
  }
};

struct Remainder : Division {
  static constexpr const char* doc =
      "x1 - floor(x1 / x2) * x2, element by element: the remainder with the sign of x2, as Python's %. Integers modulo "
      "0 "
      "give 0.";
  static constexpr const char* aliases = "mod";
  template <class V>
  static V value(V x, V y) {
    if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return math::float_remainder(x, y);
    } else {
      return math::integer_remainder(x, y);
    }
  }
  template <class V>
  static V value_by(V x, const By<lane_t<V>>& y) {
    return y.remainder(x);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) {
    return i == 0 ? ct : -(ct * floor_divide(x[0], x[1]));
  }
};

struct Fmod : Division {
  static constexpr const char* doc =
      "x1 - trunc(x1 / x2) * x2, element by element: the remainder with the sign of x1, as C's fmod. Integers modulo 0 "
      "give 0.";
  template <class V>
  static V value(V x, V y) {
    if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return math::fmod(x, y);
    } else {
      return math::integer_fmod(x, y);
    }
  }
  template <class V>
  static V value_by(V x, const By<lane_t<V>>& y) {
    return y.fmod(x);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) {
    return i == 0 ? ct : -(ct * trunc(x[0] / x[1]));
  }
};

struct Common : Binary {
  static constexpr DTypeSet types = kIntegers;
  static constexpr bool boolean_refused = true;
  static constexpr int cycles = 60;
  static constexpr double low = 0, high = 20;
  static constexpr const char* no_derivative = "integers have no derivative";
};

struct Gcd : Common {
  static constexpr const char* doc =
      "The greatest common divisor of |x1| and |x2|, element by element; 0 has every divisor.";
  template <class V>
  static V value(V x, V y) {
    return math::gcd(x, y);
  }
};

struct Lcm : Common {
  static constexpr const char* doc =
      "The least common multiple of |x1| and |x2|, element by element; 0 where either is 0.";
  template <class V>
  static V value(V x, V y) {
    return math::lcm(x, y);
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_BINARY(floor_divide, FloorDivide)
TNP_BINARY(remainder, Remainder)
TNP_BINARY(fmod, Fmod)
TNP_BINARY(gcd, Gcd)
TNP_BINARY(lcm, Lcm)

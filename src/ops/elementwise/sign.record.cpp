// Absolute values and signs.
#include "ops/elementwise/math/complex.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Absolute : Unary {
  static constexpr const char* doc =
      "|x|, element by element; the modulus of complex numbers. The least signed integer stays itself. Its derivative "
      "at 0 "
      "is 0.";
  static constexpr const char* aliases = "abs";
  static constexpr DTypeSet types = kAll;
  static constexpr ResultType result = ResultType::real;
  static constexpr int cycles = 2;
  template <class V>
  static auto value(V x) {
    if constexpr (is_complex_value<V>) {
      return math::abs(x);
    } else if constexpr (std::is_unsigned_v<lane_t<V>>) {
      return x;
    } else {
      return static_cast<V>(__builtin_elementwise_abs(x));
    }
  }
  // For complex numbers ct z / |z|.
  static Array vjp(const Array& ct, std::span<const Array> x, const Array& y, int) {
    return ct * (is_complex(x[0].dtype()) ? x[0] / where(y == 0, 1, y) : sign(x[0]));
  }
};

struct Fabs : Unary {
  static constexpr const char* doc = "|x| as a floating-point number, element by element. Its derivative at 0 is 0.";
  static constexpr DTypeSet types = kFloats;
  template <class V>
  static V value(V x) {
    return math::abs_value(x);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int) { return ct * sign(x[0]); }
};

struct Sign : Unary {
  static constexpr const char* doc =
      "-1, 0 or 1 as x is below, equal to or above 0, element by element; x / |x| of complex numbers. Booleans are "
      "refused.";
  static constexpr DTypeSet types = kNumbers;
  static constexpr bool boolean_refused = true;
  static constexpr int cycles = 2;
  template <class V>
  static V value(V x) {
    if constexpr (is_complex_value<V>) {
      return math::sign(x);
    } else {
      const V zero = splat<V>(0), one = splat<V>(1);
      if constexpr (std::is_unsigned_v<lane_t<V>>) {
        return select<V>(x != zero, one, zero);
      } else {
        const V minus_one = splat<V>(-1);
        const V not_zero = select<V>(x > zero, one, select<V>(x < zero, minus_one, x));
        return select<V>(x == zero, zero, not_zero);
      }
    }
  }
  // Real signs are constant; a complex one turns with its number: (ct - s Re(ct conj(s))) / |z|.
  static Array vjp(const Array& ct, std::span<const Array> x, const Array& s, int) {
    if (!is_complex(x[0].dtype())) return Array();
    const Array modulus = absolute(x[0]);
    return (ct - s * real(ct * conjugate(s))) / where(modulus == 0, 1, modulus);
  }
};

struct Copysign : Binary {
  static constexpr const char* doc = "x1 with the sign of x2, element by element; the sign of zeros and NaN counts.";
  static constexpr DTypeSet types = kFloats;
  template <class V>
  static V value(V x, V y) {
    return math::copysign(x, y);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) {
    return i == 0 ? where(signbit(x[0]) == signbit(x[1]), ct, -ct) : Array();
  }
};

struct Signbit : Unary {
  static constexpr const char* doc = "Whether the sign bit is set, element by element: for -0.0 too.";
  static constexpr DTypeSet types = kFloats;
  static constexpr ResultType result = ResultType::boolean;
  static constexpr const char* no_derivative = "a sign is constant almost everywhere";
  template <class V>
  static auto value(V x) {
    return math::signbit(x);
  }
};

struct Heaviside : Binary {
  static constexpr const char* doc = "0 where x1 < 0, 1 where x1 > 0, x2 where x1 is 0, NaN where it is NaN.";
  static constexpr DTypeSet types = kFloats;
  static constexpr const char* no_derivative = "a step is constant almost everywhere";
  template <class V>
  static V value(V x, V at_zero) {
    const V zero = splat<V>(0), one = splat<V>(1);
    const V step = select<V>(x > zero, one, select<V>(x < zero, zero, x));
    return select<V>(x == zero, at_zero, step);
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(absolute, Absolute)
TNP_UNARY(fabs, Fabs)
TNP_UNARY(sign, Sign)
TNP_BINARY(copysign, Copysign)
TNP_UNARY(signbit, Signbit)
TNP_BINARY(heaviside, Heaviside)

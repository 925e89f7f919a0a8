// Powers and roots.
#include "ops/elementwise/math/power.h"

#include "ops/elementwise/fp_exceptions.h"
#include "ops/elementwise/power_check.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

// The derivatives of x ** y; `pow` is the function itself, so that they have its types. 0 where the exponent is 0, and
// with respect to the exponent where the base is 0 or, among real numbers, negative.
struct PowerGradient : Binary {
  static constexpr double low = 0.5, high = 2;
  static constexpr int cycles = 16;
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised([[maybe_unused]] V x, [[maybe_unused]] V y, [[maybe_unused]] V z) {
    if constexpr (is_complex_value<V>) {
      return raised_by_function(z, x, y);
    } else if constexpr (std::is_integral_v<lane_t<V>>) {
      return 0;
    } else {
      return raised_by(z, x == splat<V>(0), x, y);
    }
  }
  static Array base_derivative(Array (*pow)(const Operand&, const Operand&), const Array& x, const Array& y) {
    const Array constant = y == 0;
    return where(constant, 0, y * pow(x, where(constant, 1, y - 1)));
  }
  static Array exponent_derivative(const Array& x, const Array& power) {
    const Array usable = is_complex(x.dtype()) ? x != 0 : x > 0;
    return multiply_or_zero(log(where(usable, x, 1)), power);
  }
};

struct Power : PowerGradient {
  static constexpr const char* doc =
      "x1 ** x2, element by element, with C's special cases for floating-point numbers. Integers wrap; a negative "
      "integer "
      "exponent of an integer raises ValueError.";
  static constexpr const char* aliases = "pow";
  static constexpr DTypeSet types = kNumbers;
  template <class V>
  static V value(V x, V y) {
    if constexpr (is_complex_value<V> || std::is_floating_point_v<lane_t<V>>) {
      return math::pow(x, y);
    } else {
      return math::integer_pow(x, y);
    }
  }
  static void check(std::span<const Array> in, DType loop) { refuse_negative_exponents(in, loop); }
  static Array derivative0(const Array& x, const Array& y, const Array&) { return base_derivative(&power, x, y); }
  static Array derivative1(const Array& x, const Array&, const Array& z) { return exponent_derivative(x, z); }
};

struct FloatPower : PowerGradient {
  static constexpr const char* doc = "x1 ** x2 computed in float64, or in complex128 where either is complex.";
  static constexpr DTypeSet types = set_of(DType::float64) | set_of(DType::complex128);
  template <class V>
  static V value(V x, V y) {
    return math::pow(x, y);
  }
  static Array derivative0(const Array& x, const Array& y, const Array&) { return base_derivative(&float_power, x, y); }
  static Array derivative1(const Array& x, const Array&, const Array& z) { return exponent_derivative(x, z); }
};

struct Sqrt : Unary {
  static constexpr const char* doc =
      "The square root, element by element, correctly rounded; NaN for negative real numbers. Its derivative at 0 is "
      "inf.";
  static constexpr DTypeSet types = kInexact;
  static constexpr double low = 0.25, high = 4;
  static constexpr int cycles = 3;
  template <class V>
  static V value(V x) {
    return math::sqrt(x);
  }
  static Array derivative(const Array&, const Array& y) { return 0.5 / y; }
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised(V x, V y) {
    return raised_by_function(y, x);
  }
};

struct Cbrt : Unary {
  static constexpr const char* doc = "The real cube root, element by element. Its derivative at 0 is inf.";
  static constexpr DTypeSet types = kFloats;
  static constexpr double low = 0.25, high = 4;
  static constexpr int cycles = 8;
  template <class V>
  static V value(V x) {
    return math::cbrt(x);
  }
  static Array derivative(const Array&, const Array& y) { return (1.0 / 3) / square(y); }
};

struct Hypot : Binary {
  static constexpr const char* doc =
      "sqrt(x1**2 + x2**2), element by element, without intermediate overflow or underflow. Its derivatives at (0, 0) "
      "are 0.";
  static constexpr DTypeSet types = kFloats;
  static constexpr int cycles = 5;
  static constexpr bool raises_flags = true;
  template <class V>
  static V value(V x, V y) {
    return math::hypot(x, y);
  }
  template <class V>
  static unsigned raised(V x, V y, V z) {
    return raised_by_function(z, x, y);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array& y, int i) {
    return ct * (x[i] / where(y == 0, 1, y));
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_BINARY(power, Power)
TNP_BINARY(float_power, FloatPower)
TNP_UNARY(sqrt, Sqrt)
TNP_UNARY(cbrt, Cbrt)
TNP_BINARY(hypot, Hypot)

// Sine, cosine, tangent; degrees and radians.
#include "ops/elementwise/math/trigonometric.h"

#include "ops/elementwise/fp_exceptions.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Trigonometric : Unary {
  static constexpr DTypeSet types = kInexact;
  static constexpr double low = -1.25, high = 1.25;
  static constexpr int cycles = 5;
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised(V x, V y) {
    return raised_by_function(y, x);
  }
};

struct Sin : Trigonometric {
  static constexpr const char* doc = "The sine of x radians, element by element.";
  template <class V>
  static V value(V x) {
    return math::sin(x);
  }
  static Array derivative(const Array& x, const Array&) { return cos(x); }
};

struct Cos : Trigonometric {
  static constexpr const char* doc = "The cosine of x radians, element by element.";
  template <class V>
  static V value(V x) {
    return math::cos(x);
  }
  static Array derivative(const Array& x, const Array&) { return -sin(x); }
};

struct Tan : Trigonometric {
  static constexpr const char* doc = "The tangent of x radians, element by element.";
  static constexpr int cycles = 8;
  template <class V>
  static V value(V x) {
    return math::tan(x);
  }
  static Array derivative(const Array&, const Array& y) { return square(y) + 1; }
};

struct Degrees : Unary {
  static constexpr const char* doc = "Radians to degrees, element by element.";
  static constexpr const char* aliases = "rad2deg";
  static constexpr bool raises_flags = true;
  static constexpr DTypeSet types = kFloats;
  template <class V>
  static V value(V x) {
    return math::degrees(x);
  }
  static Array vjp(const Array& ct, std::span<const Array>, const Array&, int) { return degrees(ct); }
};

struct Radians : Unary {
  static constexpr const char* doc = "Degrees to radians, element by element.";
  static constexpr const char* aliases = "deg2rad";
  static constexpr DTypeSet types = kFloats;
  template <class V>
  static V value(V x) {
    return math::radians(x);
  }
  static Array vjp(const Array& ct, std::span<const Array>, const Array&, int) { return radians(ct); }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(sin, Sin)
TNP_UNARY(cos, Cos)
TNP_UNARY(tan, Tan)
TNP_UNARY(degrees, Degrees)
TNP_UNARY(radians, Radians)

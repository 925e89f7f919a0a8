// The angles that have a given sine, cosine or tangent.
#include "ops/elementwise/fp_exceptions.h"
#include "ops/elementwise/math/trigonometric.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct InverseTrigonometric : Unary {
  static constexpr DTypeSet types = kInexact;
  static constexpr double low = -0.9, high = 0.9;
  static constexpr int cycles = 6;
};

struct Arcsin : InverseTrigonometric {
  static constexpr const char* doc =
      "The angle in [-pi/2, pi/2] whose sine is x, element by element; NaN for real numbers outside of [-1, 1].";
  static constexpr const char* aliases = "asin";
  template <class V>
  static V value(V x) {
    return math::arcsin(x);
  }
  static Array derivative(const Array& x, const Array&) { return reciprocal(sqrt((1 - x) * (1 + x))); }
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised(V x, V y) {
    return raised_by_function(y, x);
  }
};

struct Arccos : InverseTrigonometric {
  static constexpr const char* doc =
      "The angle in [0, pi] whose cosine is x, element by element; NaN for real numbers outside of [-1, 1].";
  static constexpr const char* aliases = "acos";
  template <class V>
  static V value(V x) {
    return math::arccos(x);
  }
  static Array derivative(const Array& x, const Array&) { return -reciprocal(sqrt((1 - x) * (1 + x))); }
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised(V x, V y) {
    return raised_by_function(y, x);
  }
};

struct Arctan : InverseTrigonometric {
  static constexpr const char* doc = "The angle in [-pi/2, pi/2] whose tangent is x, element by element.";
  static constexpr const char* aliases = "atan";
  template <class V>
  static V value(V x) {
    return math::arctan(x);
  }
  static Array derivative(const Array& x, const Array&) { return reciprocal(square(x) + 1); }
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised([[maybe_unused]] V x, [[maybe_unused]] V y) {
    if constexpr (is_complex_value<V>) {
      return raised_by_poles(y, x);
    } else {
      return 0;
    }
  }
};

struct Arctan2 : Binary {
  static constexpr const char* doc =
      "The angle in [-pi, pi] of the point with ordinate x1 and abscissa x2, element by element. Its derivatives at "
      "(0, 0) "
      "are 0.";
  static constexpr const char* aliases = "atan2";
  static constexpr DTypeSet types = kFloats;
  static constexpr int cycles = 8;
  static constexpr double low = 0.25, high = 2;
  template <class V>
  static V value(V y, V x) {
    return math::arctan2(y, x);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) {
    const Array radius = hypot(x[0], x[1]);
    const Array divisor = where(radius == 0, 1, radius);
    const Array turned = ct * (x[1 - i] / divisor / divisor);
    return i == 0 ? turned : -turned;
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(arcsin, Arcsin)
TNP_UNARY(arccos, Arccos)
TNP_UNARY(arctan, Arctan)
TNP_BINARY(arctan2, Arctan2)

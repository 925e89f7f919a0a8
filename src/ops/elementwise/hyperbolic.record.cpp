// Hyperbolic functions and their inverses.
#include "ops/elementwise/math/hyperbolic.h"

#include "ops/elementwise/fp_exceptions.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Hyperbolic : Unary {
  static constexpr DTypeSet types = kInexact;
  static constexpr int cycles = 6;
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised(V x, V y) {
    return raised_by_function(y, x);
  }
};

struct Sinh : Hyperbolic {
  static constexpr const char* doc = "The hyperbolic sine, element by element.";
  template <class V>
  static V value(V x) {
    return math::sinh(x);
  }
  static Array derivative(const Array& x, const Array&) { return cosh(x); }
};

struct Cosh : Hyperbolic {
  static constexpr const char* doc = "The hyperbolic cosine, element by element.";
  template <class V>
  static V value(V x) {
    return math::cosh(x);
  }
  static Array derivative(const Array& x, const Array&) { return sinh(x); }
};

struct Tanh : Hyperbolic {
  static constexpr const char* doc = "The hyperbolic tangent, element by element.";
  template <class V>
  static V value(V x) {
    return math::tanh(x);
  }
  static Array derivative(const Array&, const Array& y) { return (1 - y) * (1 + y); }
};

struct Arcsinh : Hyperbolic {
  static constexpr const char* doc = "The inverse hyperbolic sine, element by element.";
  static constexpr const char* aliases = "asinh";
  static constexpr int cycles = 8;
  template <class V>
  static V value(V x) {
    return math::arcsinh(x);
  }
  static Array derivative(const Array& x, const Array&) {
    return reciprocal(is_complex(x.dtype()) ? sqrt(square(x) + 1) : hypot(x, 1));
  }
};

struct Arccosh : Hyperbolic {
  static constexpr const char* doc = "The inverse hyperbolic cosine, element by element; NaN for real numbers below 1.";
  static constexpr const char* aliases = "acosh";
  static constexpr double low = 1.25, high = 4;
  static constexpr int cycles = 8;
  template <class V>
  static V value(V x) {
    return math::arccosh(x);
  }
  static Array derivative(const Array& x, const Array&) { return reciprocal(sqrt(x - 1) * sqrt(x + 1)); }
};

struct Arctanh : Hyperbolic {
  static constexpr const char* doc =
      "The inverse hyperbolic tangent, element by element; infinite at -1 and 1, NaN for real numbers beyond.";
  static constexpr const char* aliases = "atanh";
  static constexpr double low = -0.9, high = 0.9;
  static constexpr int cycles = 8;
  template <class V>
  static V value(V x) {
    return math::arctanh(x);
  }
  template <class V>
  static unsigned raised(V x, V y) {
    return raised_by_poles(y, x);
  }
  static Array derivative(const Array& x, const Array&) { return reciprocal((1 - x) * (1 + x)); }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(sinh, Sinh)
TNP_UNARY(cosh, Cosh)
TNP_UNARY(tanh, Tanh)
TNP_UNARY(arcsinh, Arcsinh)
TNP_UNARY(arccosh, Arccosh)
TNP_UNARY(arctanh, Arctanh)

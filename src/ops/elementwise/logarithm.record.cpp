// Logarithms: -inf at 0, NaN for negative real numbers; of complex numbers the branch with imaginary part in [-pi, pi].
#include "ops/elementwise/fp_exceptions.h"
#include "ops/elementwise/math/exp_log.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Logarithm : Unary {
  static constexpr DTypeSet types = kInexact;
  static constexpr double low = 0.25, high = 4;
  static constexpr int cycles = 5;
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised(V x, V y) {
    return raised_by_poles(y, x);
  }
};

struct Log : Logarithm {
  static constexpr const char* doc = "The natural logarithm, element by element.";
  template <class V>
  static V value(V x) {
    return math::log(x);
  }
  static Array derivative(const Array& x, const Array&) { return reciprocal(x); }
};

struct Log2 : Logarithm {
  static constexpr const char* doc = "The logarithm to base 2, element by element.";
  template <class V>
  static V value(V x) {
    return math::log2(x);
  }
  static Array derivative(const Array& x, const Array&) { return 1.4426950408889634 / x; }
};

struct Log10 : Logarithm {
  static constexpr const char* doc = "The logarithm to base 10, element by element.";
  template <class V>
  static V value(V x) {
    return math::log10(x);
  }
  static Array derivative(const Array& x, const Array&) { return 0.4342944819032518 / x; }
};

struct Log1p : Logarithm {
  static constexpr const char* doc = "log(1 + x), element by element, accurate where x is near 0.";
  static constexpr double low = -0.5;
  static constexpr int cycles = 7;
  template <class V>
  static V value(V x) {
    return math::log1p(x);
  }
  static Array derivative(const Array& x, const Array&) { return reciprocal(x + 1); }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(log, Log)
TNP_UNARY(log2, Log2)
TNP_UNARY(log10, Log10)
TNP_UNARY(log1p, Log1p)

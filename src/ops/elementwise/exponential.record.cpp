// Exponentials, and logarithms of sums of exponentials.
#include "ops/elementwise/fp_exceptions.h"
#include "ops/elementwise/math/exp_log.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Exponential : Unary {
  static constexpr DTypeSet types = kInexact;
  static constexpr int cycles = 4;
  static constexpr bool raises_flags = true;
  template <class V>
  static unsigned raised(V x, V y) {
    return raised_by_function(y, x);
  }
};

struct Exp : Exponential {
  static constexpr const char* doc = "e ** x, element by element.";
  template <class V>
  static V value(V x) {
    return math::exp(x);
  }
  static Array derivative(const Array&, const Array& y) { return y; }
};

struct Exp2 : Exponential {
  static constexpr const char* doc = "2 ** x, element by element.";
  template <class V>
  static V value(V x) {
    return math::exp2(x);
  }
  static Array derivative(const Array&, const Array& y) { return y * 0.6931471805599453; }
};

struct Expm1 : Exponential {
  static constexpr const char* doc = "e ** x - 1, element by element, accurate where x is near 0.";
  static constexpr int cycles = 6;
  template <class V>
  static V value(V x) {
    return math::expm1(x);
  }
  static Array derivative(const Array& x, const Array&) { return exp(x); }
};

struct LogOfSum : Binary {
  static constexpr DTypeSet types = kFloats;
  static constexpr int cycles = 12;
  static constexpr bool raises_flags = true;
  // NumPy's is invalid for NaN too.
  template <class V>
  static unsigned raised(V, V, V z) {
    return any_lane(z != z) ? kFpInvalid : 0;
  }
  // The share of the input i in the sum of powers; equal inputs have half each, infinite ones too.
  static Array share(std::span<const Array> x, int i, Array (*power)(const Array&)) {
    const Array difference = where(x[0] == x[1], 0, x[1 - i] - x[i]);
    return reciprocal(power(difference) + 1);
  }
};

struct Logaddexp : LogOfSum {
  static constexpr const char* doc = "log(e ** x1 + e ** x2), element by element, without overflow.";
  template <class V>
  static V value(V x, V y) {
    return math::logaddexp(x, y);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) { return ct * share(x, i, &exp); }
};

struct Logaddexp2 : LogOfSum {
  static constexpr const char* doc = "log2(2 ** x1 + 2 ** x2), element by element, without overflow.";
  template <class V>
  static V value(V x, V y) {
    return math::logaddexp2(x, y);
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) { return ct * share(x, i, &exp2); }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(exp, Exp)
TNP_UNARY(exp2, Exp2)
TNP_UNARY(expm1, Expm1)
TNP_BINARY(logaddexp, Logaddexp)
TNP_BINARY(logaddexp2, Logaddexp2)

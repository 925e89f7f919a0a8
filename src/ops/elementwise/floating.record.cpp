// Kinds of floating-point numbers, and their neighbours.
#include "ops/elementwise/math/complex.h"
#include "ops/elementwise/math/half.h"
#include "ops/elementwise/math/rounding.h"
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

struct Nextafter : Binary {
  static constexpr const char* doc = "The representable number next to x1 in the direction of x2, element by element.";
  static constexpr DTypeSet types = kFloats;
  static constexpr const char* no_derivative = "the neighbours of a floating-point number are discrete";
  template <class V>
  static V value(V x, V y) {
    return math::nextafter(x, y);
  }
  template <DType D, class V>
  static V half_value(V x, V y) {
    return math::nextafter_half < D == DType::float16 > (x, y);
  }
};

struct Spacing : Unary {
  static constexpr const char* doc =
      "The distance from x to the next number away from 0, with x's sign, element by element; NaN for infinities.";
  static constexpr DTypeSet types = kFloats;
  static constexpr const char* no_derivative = "the neighbours of a floating-point number are discrete";
  template <class V>
  static V value(V x) {
    return math::spacing(x);
  }
  template <DType D, class V>
  static V half_value(V x) {
    return math::spacing_half < D == DType::float16 > (x);
  }
};

// What frexp, modf and ldexp of more than one type are composed of.
struct Mantissa : Unary {
  static constexpr const char* doc =
      "The m of x = m 2**n with 0.5 <= |m| < 1, element by element; x itself if 0, inf or NaN.";
  static constexpr bool internal = true;
  static constexpr const char* oracle = "np.frexp(x[0])[0]";
  static constexpr DTypeSet types = kFloats;
  template <class V>
  static V value(V x) {
    return math::frexp(x).mantissa;
  }
  // x = m 2**n with a constant n.
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int) {
    return scale_exponent(ct, -exponent(x[0]));
  }
};

struct Exponent : Unary {
  static constexpr const char* doc =
      "The n of x = m 2**n with 0.5 <= |m| < 1, element by element, in x's type; 0 if x is 0, inf or NaN.";
  static constexpr bool internal = true;
  static constexpr const char* oracle = "np.frexp(x[0])[1].astype(x[0].dtype)";
  static constexpr DTypeSet types = kFloats;
  static constexpr const char* no_derivative = "an exponent is constant almost everywhere";
  template <class V>
  static V value(V x) {
    return convert<V>(math::frexp(x).exponent);
  }
};

struct ScaleExponent : Binary {
  static constexpr const char* doc =
      "x1 * 2**x2, element by element, rounded once, where x2 is a whole number in x1's type.";
  static constexpr bool internal = true;
  static constexpr const char* oracle = "np.ldexp(x[0], x[1].astype(np.int32))";
  static constexpr DTypeSet types = kFloats;
  template <class V>
  static V value(V x, V n) {
    constexpr auto limit = lane_t<V>(4 * math::float_of<V>::bias);
    const V whole = select<V>(n == n, math::clamp(n, -limit, limit), splat<V>(0));
    return math::ldexp(x, convert<int_t<V>>(whole));
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) {
    return i == 0 ? scale_exponent(ct, x[1]) : Array();
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(isnan, Isnan)
TNP_UNARY(isinf, Isinf)
TNP_UNARY(isfinite, Isfinite)
TNP_BINARY(nextafter, Nextafter)
TNP_UNARY(spacing, Spacing)
TNP_UNARY(mantissa, Mantissa)
TNP_UNARY(exponent, Exponent)
TNP_BINARY(scale_exponent, ScaleExponent)

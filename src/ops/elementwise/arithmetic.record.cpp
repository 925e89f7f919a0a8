// Addition, multiplication and their kin.
#include "ops/elementwise/fp_exceptions.h"
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Add : Binary {
  static constexpr const char* doc = "x1 + x2, element by element; for booleans their disjunction.";
  static constexpr DTypeSet types = kAll;
  static constexpr bool raises_flags = true;
  template <class V>
  static V value(V x, V y) {
    return x + y;
  }
  template <class V>
  static V boolean(V x, V y) {
    return x | y;
  }
  static Array vjp(const Array& ct, std::span<const Array>, const Array&, int) { return ct; }
};

struct Subtract : Binary {
  static constexpr const char* doc = "x1 - x2, element by element. Booleans are refused, as NumPy does.";
  static constexpr DTypeSet types = kNumbers;
  static constexpr bool boolean_refused = true;
  static constexpr bool raises_flags = true;
  template <class V>
  static V value(V x, V y) {
    return x - y;
  }
  static Array vjp(const Array& ct, std::span<const Array>, const Array&, int i) { return i == 0 ? ct : -ct; }
};

struct Multiply : Binary {
  static constexpr const char* doc = "x1 * x2, element by element; for booleans their conjunction.";
  static constexpr DTypeSet types = kAll;
  static constexpr bool raises_flags = true;
  template <class V>
  static V value(V x, V y) {
    return x * y;
  }
  template <class V>
  static V boolean(V x, V y) {
    return x & y;
  }
  static Array derivative0(const Array&, const Array& y, const Array&) { return y; }
  static Array derivative1(const Array& x, const Array&, const Array&) { return x; }
};

// What gradients multiply with: a cotangent of 0 belongs to a branch that was not taken, where the derivative may be
// inf.
struct MultiplyOrZero : Binary {
  static constexpr const char* doc =
      "x1 * x2, element by element, but 0 wherever x1 is 0, even if x2 is infinite or NaN.";
  static constexpr bool internal = true;
  static constexpr const char* oracle = "np.where(x[0] == 0, x[0], x[0] * x[1])";
  static constexpr DTypeSet types = kInexact;
  template <class V>
  static V value(V x, V y) {
    const V product = x * y;
    if constexpr (is_complex_value<V>) {
      using R = decltype(x.re);
      const R zero = splat<R>(0);
      const auto none = (x.re == zero) & (x.im == zero);
      return {select<R>(none, zero, product.re), select<R>(none, zero, product.im)};
    } else {
      return select<V>(x == splat<V>(0), x, product);
    }
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int i) {
    return multiply_or_zero(ct, conjugate_if_complex(x[1 - i]));
  }
};

struct Divide : Binary {
  static constexpr const char* doc = "x1 / x2, element by element: true division, of integers in float64.";
  static constexpr const char* aliases = "true_divide";
  static constexpr DTypeSet types = kInexact;
  static constexpr DType integer_loop = DType::float64;
  static constexpr bool raises_flags = true;
  template <class V>
  static V value(V x, V y) {
    return x / y;
  }
  static Array derivative0(const Array&, const Array& y, const Array&) { return reciprocal(y); }
  static Array derivative1(const Array&, const Array& y, const Array& quotient) { return -(quotient / y); }
};

struct Negative : Unary {
  static constexpr const char* doc = "-x, element by element; unsigned integers wrap. Booleans are refused.";
  static constexpr DTypeSet types = kNumbers;
  static constexpr bool boolean_refused = true;
  template <class V>
  static V value(V x) {
    return -x;
  }
  static Array vjp(const Array& ct, std::span<const Array>, const Array&, int) { return -ct; }
};

struct Positive : Unary {
  static constexpr const char* doc = "+x: the elements themselves. Booleans are refused.";
  static constexpr DTypeSet types = kNumbers;
  static constexpr bool boolean_refused = true;
  template <class V>
  static V value(V x) {
    return x;
  }
  static Array vjp(const Array& ct, std::span<const Array>, const Array&, int) { return ct; }
};

struct Square : Unary {
  static constexpr const char* doc = "x * x, element by element.";
  static constexpr DTypeSet types = kNumbers;
  static constexpr bool raises_flags = true;
  template <class V>
  static V value(V x) {
    return x * x;
  }
  static Array derivative(const Array& x, const Array&) { return x * 2; }
};

struct Reciprocal : Unary {
  static constexpr const char* doc =
      "1 / x, element by element; of integers it is rounded towards zero, and 0 gives NumPy's result.";
  static constexpr DTypeSet types = kNumbers;
  static constexpr bool raises_flags = true;
  static constexpr double low = 0.5, high = 3;
  template <class V>
  static V value(V x) {
    if constexpr (is_complex_value<V>) {
      return math::reciprocal(x);
    } else if constexpr (std::is_floating_point_v<lane_t<V>>) {
      return splat<V>(1) / x;
    } else {
      // Not 0 only for 1 and -1; 0 gives what converting 1.0 / 0 does on x86, as in NumPy.
      using T = lane_t<V>;
      const V one = splat<V>(1), zero = splat<V>(0);
      V value = select<V>(x == one, one, zero);
      if constexpr (std::is_signed_v<T>) {
        value = select<V>(x == splat<V>(T(-1)), splat<V>(T(-1)), value);
        if constexpr (sizeof(T) >= 4) value = select<V>(x == zero, splat<V>(T(T(1) << (8 * sizeof(T) - 1))), value);
      }
      return value;
    }
  }
  // The hardware's flags tell all but of integers.
  template <class V>
    requires std::is_integral_v<lane_t<V>>
  static unsigned raised(V x, V) {
    return any_lane(x == splat<V>(0)) ? kFpDivideByZero | kFpInvalid : 0;
  }
  static Array derivative(const Array&, const Array& y) { return -square(y); }
};

}  // namespace tnp::TNP_ISA::records

TNP_BINARY(add, Add)
TNP_BINARY(subtract, Subtract)
TNP_BINARY(multiply, Multiply)
TNP_BINARY(multiply_or_zero, MultiplyOrZero)
TNP_BINARY(divide, Divide)
TNP_UNARY(negative, Negative)
TNP_UNARY(positive, Positive)
TNP_UNARY(square, Square)
TNP_UNARY(reciprocal, Reciprocal)

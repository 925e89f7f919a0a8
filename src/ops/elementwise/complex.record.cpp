// Parts of complex numbers. On real types these are the number itself, or zero.
#include "ops/elementwise/record.h"

namespace tnp::TNP_ISA::records {

struct Conjugate : Unary {
  static constexpr const char* doc = "The complex conjugate, element by element.";
  static constexpr const char* aliases = "conj";
  static constexpr DTypeSet types = kNumbers;
  template <class V>
  static V value(V x) {
    if constexpr (is_complex_value<V>) {
      return {x.re, -x.im};
    } else {
      return x;
    }
  }
  static Array vjp(const Array& ct, std::span<const Array>, const Array&, int) { return conjugate_if_complex(ct); }
};

struct Real : Unary {
  static constexpr const char* doc = "The real part, element by element.";
  static constexpr DTypeSet types = kAll;
  static constexpr ResultType result = ResultType::real;
  template <class V>
  static auto value(V x) {
    if constexpr (is_complex_value<V>) {
      return x.re;
    } else {
      return x;
    }
  }
  static Array vjp(const Array& ct, std::span<const Array>, const Array&, int) { return ct; }
};

struct Imag : Unary {
  static constexpr const char* doc = "The imaginary part, element by element: 0 for real types.";
  static constexpr DTypeSet types = kAll;
  static constexpr ResultType result = ResultType::real;
  template <class V>
  static auto value(V x) {
    if constexpr (is_complex_value<V>) {
      return x.im;
    } else {
      return splat<V>(0);
    }
  }
  static Array vjp(const Array& ct, std::span<const Array> x, const Array&, int) {
    if (!is_complex(x[0].dtype())) return Array();
    return ct * Scalar(std::complex<double>(0, 1));
  }
};

}  // namespace tnp::TNP_ISA::records

TNP_UNARY(conjugate, Conjugate)
TNP_UNARY(real, Real)
TNP_UNARY(imag, Imag)

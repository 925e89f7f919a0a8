// The functions of complex.h with their references and the error that each part of the result may have.
#pragma once

#include <complex>

#include "ops/elementwise/math/complex.h"
#include "trigonometric_cases.h"

namespace accuracy {

using LongComplex = std::complex<long double>;

template <class T>
struct ComplexCase {
  const char* name;
  void (*vector)(const T* re, const T* im, T* out_re, T* out_im);  // kLanes at once
  void (*scalar)(T re, T im, T* out_re, T* out_im);
  LongComplex (*reference)(const LongComplex& z);
  double limit;  // in ULP of each part
};

#define TNP_COMPLEX_CASE(function, reference, limit)                         \
  ComplexCase<T> {                                                           \
    #function,                                                               \
        [](const T* re, const T* im, T* out_re, T* out_im) {                 \
          isa::math::Complex<isa::Vec<T, kLanes>> z;                         \
          std::memcpy(&z.re, re, sizeof z.re);                               \
          std::memcpy(&z.im, im, sizeof z.im);                               \
          z = isa::math::function(z);                                        \
          std::memcpy(out_re, &z.re, sizeof z.re);                           \
          std::memcpy(out_im, &z.im, sizeof z.im);                           \
        },                                                                   \
        [](T re, T im, T* out_re, T* out_im) {                               \
          const auto w = isa::math::function(isa::math::Complex<T>{re, im}); \
          *out_re = w.re;                                                    \
          *out_im = w.im;                                                    \
        },                                                                   \
        reference, limit                                                     \
  }

template <class T>
std::vector<ComplexCase<T>> complex_cases() {
  return {
      TNP_COMPLEX_CASE(sqrt, std::sqrt, 3),     TNP_COMPLEX_CASE(exp, std::exp, 4),
      TNP_COMPLEX_CASE(log, std::log, 3),       TNP_COMPLEX_CASE(sinh, std::sinh, 4),
      TNP_COMPLEX_CASE(cosh, std::cosh, 4),     TNP_COMPLEX_CASE(tanh, std::tanh, 8),
      TNP_COMPLEX_CASE(sin, std::sin, 4),       TNP_COMPLEX_CASE(cos, std::cos, 4),
      TNP_COMPLEX_CASE(tan, std::tan, 8),       TNP_COMPLEX_CASE(arcsinh, std::asinh, 6),
      TNP_COMPLEX_CASE(arcsin, std::asin, 6),   TNP_COMPLEX_CASE(arccos, std::acos, 6),
      TNP_COMPLEX_CASE(arccosh, std::acosh, 6), TNP_COMPLEX_CASE(arctanh, std::atanh, 6),
      TNP_COMPLEX_CASE(arctan, std::atan, 6),
  };
}

template <class T>
struct ComplexWorst {
  double ulp = 0;
  T re = 0, im = 0, out_re = 0, out_im = 0;
  std::string failure;
};

// Real and imaginary parts of either sign whose sizes spread from tiny to a few tens, every fourth around 1.
template <class T>
ComplexWorst<T> complex_sweep(const ComplexCase<T>& c, int count, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  ComplexWorst<T> worst;
  const auto part = [&] {
    const double u = uniform(random);
    const double size = (random() & 3) == 0 ? 2 * u : std::exp(u * 15 - 12);
    return static_cast<T>((random() & 1) != 0 ? size : -size);
  };
  for (int done = 0; done < count; done += kLanes) {
    T re[kLanes], im[kLanes], out_re[kLanes], out_im[kLanes];
    for (int k = 0; k < kLanes; ++k) {
      re[k] = part();
      im[k] = part();
    }
    c.vector(re, im, out_re, out_im);
    for (int k = 0; k < kLanes; ++k) {
      T scalar_re, scalar_im;
      c.scalar(re[k], im[k], &scalar_re, &scalar_im);
      if (!same_bits(scalar_re, out_re[k]) || !same_bits(scalar_im, out_im[k]))
        worst.failure = "lane differs from scalar";
      const LongComplex exact = c.reference(LongComplex(re[k], im[k]));
      const double error = std::max(ulp_error<T>(out_re[k], exact.real()), ulp_error<T>(out_im[k], exact.imag()));
      if (error > worst.ulp) worst = {error, re[k], im[k], out_re[k], out_im[k], worst.failure};
    }
  }
  return worst;
}

}  // namespace accuracy

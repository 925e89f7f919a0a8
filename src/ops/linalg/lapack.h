// LAPACK, by its Fortran names, out of the OpenBLAS that matrix products use.
#pragma once

#include <complex>
#include <cstddef>
#include <type_traits>

#include "tnp/dtype.h"

namespace tnp {

struct BlasLibrary;  // ops/matmul/blas.h

template <class T>
struct RealOf {
  using type = T;
};
template <class T>
struct RealOf<std::complex<T>> {
  using type = T;
};
template <class T>
using real_t = typename RealOf<T>::type;
template <class T>
inline constexpr bool is_complex_v = !std::is_same_v<T, real_t<T>>;

// The functions for one element type. Lengths of character arguments come last, as gfortran wants them.
template <class T>
struct Lapack {
  using R = real_t<T>;
  const BlasLibrary* library = nullptr;
  void (*potrf)(const char* uplo, const int* n, T* a, const int* lda, int* info, std::size_t);
  void (*getrf)(const int* m, const int* n, T* a, const int* lda, int* pivots, int* info);
  void (*getrs)(const char* trans, const int* n, const int* nrhs, const T* a, const int* lda, const int* pivots, T* b,
                const int* ldb, int* info, std::size_t);
  void (*gesv)(const int* n, const int* nrhs, T* a, const int* lda, int* pivots, T* b, const int* ldb, int* info);
  void (*trtrs)(const char* uplo, const char* trans, const char* diag, const int* n, const int* nrhs, const T* a,
                const int* lda, T* b, const int* ldb, int* info, std::size_t, std::size_t, std::size_t);
  void (*geqrf)(const int* m, const int* n, T* a, const int* lda, T* tau, T* work, const int* lwork, int* info);
  void (*orgqr)(const int* m, const int* n, const int* k, T* a, const int* lda, const T* tau, T* work, const int* lwork,
                int* info);
  // Complex ones take real work space besides.
  void (*real_gesdd)(const char* job, const int* m, const int* n, T* a, const int* lda, R* s, T* u, const int* ldu,
                     T* vt, const int* ldvt, T* work, const int* lwork, int* iwork, int* info, std::size_t);
  void (*complex_gesdd)(const char* job, const int* m, const int* n, T* a, const int* lda, R* s, T* u, const int* ldu,
                        T* vt, const int* ldvt, T* work, const int* lwork, R* rwork, int* iwork, int* info,
                        std::size_t);
  void (*syevd)(const char* job, const char* uplo, const int* n, T* a, const int* lda, R* w, T* work, const int* lwork,
                int* iwork, const int* liwork, int* info, std::size_t, std::size_t);
  void (*heevd)(const char* job, const char* uplo, const int* n, T* a, const int* lda, R* w, T* work, const int* lwork,
                R* rwork, const int* lrwork, int* iwork, const int* liwork, int* info, std::size_t, std::size_t);
  void (*real_geev)(const char* left, const char* right, const int* n, T* a, const int* lda, R* wr, R* wi, T* vl,
                    const int* ldvl, T* vr, const int* ldvr, T* work, const int* lwork, int* info, std::size_t,
                    std::size_t);
  void (*complex_geev)(const char* left, const char* right, const int* n, T* a, const int* lda, T* w, T* vl,
                       const int* ldvl, T* vr, const int* ldvr, T* work, const int* lwork, R* rwork, int* info,
                       std::size_t, std::size_t);
  void (*real_gelsd)(const int* m, const int* n, const int* nrhs, T* a, const int* lda, T* b, const int* ldb, R* s,
                     const R* rcond, int* rank, T* work, const int* lwork, int* iwork, int* info);
  void (*complex_gelsd)(const int* m, const int* n, const int* nrhs, T* a, const int* lda, T* b, const int* ldb, R* s,
                        const R* rcond, int* rank, T* work, const int* lwork, R* rwork, int* iwork, int* info);
};

// Throws RuntimeError where there is no OpenBLAS.
template <class T>
const Lapack<T>& lapack();
extern template const Lapack<float>& lapack<float>();
extern template const Lapack<double>& lapack<double>();
extern template const Lapack<std::complex<float>>& lapack<std::complex<float>>();
extern template const Lapack<std::complex<double>>& lapack<std::complex<double>>();

// Calls f(T{}) with the type of an inexact dtype.
template <class F>
void with_lapack_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32:
      return f(float{});
    case DType::float64:
      return f(double{});
    case DType::complex64:
      return f(std::complex<float>{});
    default:
      return f(std::complex<double>{});
  }
}

}  // namespace tnp

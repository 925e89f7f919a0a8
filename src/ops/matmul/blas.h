// OpenBLAS, loaded when it is first needed: the shared library of the scipy-openblas32 package.
//
// It computes on the calling thread only; gemm.cpp divides a product over the threads of the pool. So OpenBLAS starts
// no threads of its own, follows tnp's number of threads, and has nothing that a fork could leave hanging.
#pragma once

#include <cstdint>
#include <string>

#include "tnp/dtype.h"

namespace tnp {

// Which library to load, from the next call that needs it on:
//   a path   that file; ValueError now if there is none, RuntimeError at that call if it is not an OpenBLAS
//   "none"   no library: tnp's own kernels
//   ""       the default: the environment variable TNP_OPENBLAS (a path or "none"), else a search beside this library
// What is loaded already stays loaded.
void set_blas_library(const std::string& path);

// Loads the library if need be. Empty strings where there is none.
struct BlasInfo {
  std::string path, config, core;
};
BlasInfo blas_info();

struct BlasLibrary;  // stays valid for ever

// The library, for the types that it multiplies, or null. Loads it. Throws RuntimeError when the path that was set
// cannot be loaded.
const BlasLibrary* blas_for(DType dtype);

// C = A B on the calling thread (or those of its BlasThreads); C row-major, overwritten. A is row-major with `lda`
// elements a row, or column-major
// (`a_transposed`) with `lda` a column; B likewise. All sizes are positive and below 2^31.
struct BlasGemmArgs {
  int64_t m, n, k;
  const void* a;
  int64_t lda;
  bool a_transposed;
  const void* b;
  int64_t ldb;
  bool b_transposed;
  void* c;
  int64_t ldc;
};
void blas_gemm(const BlasLibrary& blas, DType dtype, const BlasGemmArgs& args);

// The lower triangle of C = A times its own transpose, which is half the work; what is above it stays as it is. n rows.
struct BlasSyrkArgs {
  int64_t n, k;
  const void* a;
  int64_t lda;
  bool a_transposed;
  void* c;
  int64_t ldc;
};
void blas_syrk(const BlasLibrary& blas, DType dtype, const BlasSyrkArgs& args);

// A function of the library by its Fortran or C name without prefix ("dgetrf_"), or null: for linear algebra. Loads the
// library. OpenBLAS runs it on the calling thread, unless BlasThreads says otherwise.
void* blas_symbol(const char* name);

// While one lives, OpenBLAS divides what this thread asks of it over tnp's pool, by its own partition. Does nothing
// where there is but one thread, inside parallel work, or while another thread has one.
class BlasThreads {
 public:
  BlasThreads();
  ~BlasThreads();
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;
  bool active() const { return library_ != nullptr; }

 private:
  const BlasLibrary* library_ = nullptr;
};

}  // namespace tnp

// The bins of numbers in a histogram.
#pragma once

#include <cstdint>

namespace tnp {

template <class T>
struct BinKernels {
  // bins[i] = the bin of x[i] among `count` between count + 1 ascending edges, or `count` for none. Uniform: for edges
  // at the places that arithmetic gives, to a half of a bin.
  void (*uniform)(const T* x, int64_t n, const T* edges, int32_t count, T scale, int32_t* bins);
  void (*searched)(const T* x, int64_t n, const T* edges, int32_t count, int32_t* bins);
};

#define TNP_DECLARE_BIN_KERNELS(ISA)         \
  namespace ISA {                            \
  const BinKernels<float>* bin_kernels32();  \
  const BinKernels<double>* bin_kernels64(); \
  }
TNP_DECLARE_BIN_KERNELS(baseline)
TNP_DECLARE_BIN_KERNELS(avx2)
TNP_DECLARE_BIN_KERNELS(avx512)
#undef TNP_DECLARE_BIN_KERNELS

}  // namespace tnp

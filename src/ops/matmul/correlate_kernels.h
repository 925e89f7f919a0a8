// The kernel of correlate_valid on vectors.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

// out[i] = x[i] w[0] + … + x[i + m - 1] w[m - 1] for i < n, in that order.
using CorrelateKernel = void (*)(const void* x, const void* w, std::int64_t n, std::int64_t m, void* out);

#define TNP_DECLARE_CORRELATE(ISA)                    \
  namespace ISA {                                     \
  CorrelateKernel find_correlate_kernel(DType dtype); \
  }
TNP_DECLARE_CORRELATE(baseline)
TNP_DECLARE_CORRELATE(avx2)
TNP_DECLARE_CORRELATE(avx512)
#undef TNP_DECLARE_CORRELATE

}  // namespace tnp

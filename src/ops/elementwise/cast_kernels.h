// The tables of cast kernels, one per instruction set.
#pragma once

#include "ops/elementwise/cast.h"

namespace tnp {

#define TNP_DECLARE_CAST_KERNELS(ISA)                \
  namespace ISA {                                    \
  CastKernel find_cast_kernel(DType from, DType to); \
  }
TNP_DECLARE_CAST_KERNELS(baseline)
TNP_DECLARE_CAST_KERNELS(avx2)
TNP_DECLARE_CAST_KERNELS(avx512)
#undef TNP_DECLARE_CAST_KERNELS

}  // namespace tnp

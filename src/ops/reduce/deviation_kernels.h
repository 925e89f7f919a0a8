// The kernel of squared_deviations.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

// out[i] = (x[i] - center)^2 for i < n, of one floating-point type.
using SquareDeviations = void (*)(const void* x, const void* center, void* out, int64_t n);

#define TNP_DECLARE_DEVIATION(ISA)                     \
  namespace ISA {                                      \
  SquareDeviations find_square_deviations(DType type); \
  }
TNP_DECLARE_DEVIATION(baseline)
TNP_DECLARE_DEVIATION(avx2)
TNP_DECLARE_DEVIATION(avx512)
#undef TNP_DECLARE_DEVIATION

}  // namespace tnp

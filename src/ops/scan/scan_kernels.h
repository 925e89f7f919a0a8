// The kernels of cumulative operations, for contiguous elements of the type they compute in.
//
// Types: sum and prod have uint8 … uint64 (wrapping serves the signed ones too), min and max all but bool_ (uint8
// serves); all have the halves, rounded after each step as NumPy does, the other floats and the complex types.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

enum class ScanOp : std::uint8_t { sum, prod, min, max };

struct ScanKernels {
  // out[i] = carry op in[0] op … op in[i], one after the other; without a carry (null) from in[0] on. n > 0.
  // In reverse from in[n - 1] to in[0]. `out` may be `in`.
  void (*row)(const void* in, int64_t n, const void* carry, bool reverse, void* out);
  // The same along the columns of `rows` rows, which begin row_stride bytes apart, for `cols` columns.
  void (*columns)(const void* in, int64_t row_stride, int64_t rows, int64_t cols, bool reverse, void* out);
};

#define TNP_DECLARE_SCAN_KERNELS(ISA)                          \
  namespace ISA {                                              \
  const ScanKernels* find_scan_kernels(ScanOp op, DType type); \
  }
TNP_DECLARE_SCAN_KERNELS(baseline)
TNP_DECLARE_SCAN_KERNELS(avx2)
TNP_DECLARE_SCAN_KERNELS(avx512)
#undef TNP_DECLARE_SCAN_KERNELS

}  // namespace tnp

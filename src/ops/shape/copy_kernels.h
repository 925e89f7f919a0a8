// The kernels that move strided elements, one set for each instruction set and element size. Strides are in bytes.
#pragma once

#include <cstdint>

namespace tnp {

struct CopyKernels {
  // dst[i, j] = src[i, j] for i < n0, j < n1; any strides.
  void (*strided)(const char* src, const int64_t src_strides[2], char* dst, const int64_t dst_strides[2], int64_t n0,
                  int64_t n1);
  // dst[c, r] = src[r, c]: the elements of a row of each lie next to each other. `stream`: the result is large, write
  // it past the caches where its alignment allows that.
  void (*transpose)(const char* src, int64_t src_row_stride, char* dst, int64_t dst_row_stride, int64_t rows,
                    int64_t cols, bool stream);
};

#define TNP_DECLARE_COPY_KERNELS(ISA)                                             \
  namespace ISA {                                                                 \
  const CopyKernels* find_copy_kernels(int element_bytes); /* 1, 2, 4, 8 or 16 */ \
  }
TNP_DECLARE_COPY_KERNELS(baseline)
TNP_DECLARE_COPY_KERNELS(avx2)
TNP_DECLARE_COPY_KERNELS(avx512)
#undef TNP_DECLARE_COPY_KERNELS

}  // namespace tnp

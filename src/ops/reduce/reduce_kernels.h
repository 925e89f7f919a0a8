// The kernels that reductions are made of, for blocks of contiguous elements of the type they compute in.
//
// Types: sum and prod have uint8 … uint64 (wrapping serves the signed ones too), float32, float64, complex64,
// complex128; min, max, argmin and argmax have all but bool_ (uint8 serves), float16 and bfloat16 (float32 serves).
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

// Rows that `columns` takes at once.
inline constexpr int kLeafRows = 8;

// What has been reduced of a row that comes in pieces.
struct RowState {
  static constexpr int kLevels = 40;
  alignas(64) unsigned char stack[kLevels][256];
  int depth = 0;
  int64_t leaves = 0;
};

struct ReduceKernels {
  // out[i] = the reduction of the n elements that begin at in + i * row_stride (bytes), for i < rows. n > 0.
  void (*rows)(const void* in, int64_t row_stride, int64_t rows, int64_t n, void* out);
  // out[c] = the reduction of element c of each row, for c < cols; 1 <= rows <= kLeafRows.
  void (*columns)(const void* in, int64_t row_stride, int64_t rows, int64_t cols, void* out);
  // a[i] = a[i] op b[i]
  void (*combine)(void* a, const void* b, int64_t n);
  // The reduction of a row of more elements than a piece: pieces, each of a multiple of kPieceBytes, then the last one,
  // which may be of any size. The result is that of `rows`. Null where the operation takes one element at a time.
  void (*piece)(RowState& state, const void* in, int64_t n);
  void (*last_piece)(RowState& state, const void* in, int64_t n, void* out);
};
inline constexpr int64_t kPieceBytes = kLeafRows * 256;

struct ArgKernels {
  // index[i] and value[i] = where the least (or greatest) of n elements is first, or the first NaN, and what is there.
  void (*rows)(const void* in, int64_t row_stride, int64_t rows, int64_t n, int64_t* index, void* value);
  // The same places down columns that lie side by side, kArgColumns of them at least; null: there is no such function.
  void (*columns)(const void* in, int64_t row_stride, int64_t n, int64_t columns, int64_t* index);
};
inline constexpr int64_t kArgColumns = 8;

#define TNP_DECLARE_REDUCE_KERNELS(ISA)                              \
  namespace ISA {                                                    \
  const ReduceKernels* find_sum_prod_kernels(bool prod, DType type); \
  int64_t count_nonzero_bytes(const void* in, int64_t n);            \
  const ReduceKernels* find_min_max_kernels(bool max, DType type);   \
  const ArgKernels* find_arg_kernels(bool max, DType type);          \
  }
TNP_DECLARE_REDUCE_KERNELS(baseline)
TNP_DECLARE_REDUCE_KERNELS(avx2)
TNP_DECLARE_REDUCE_KERNELS(avx512)
#undef TNP_DECLARE_REDUCE_KERNELS

}  // namespace tnp

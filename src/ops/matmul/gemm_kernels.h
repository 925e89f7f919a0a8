// The matrix kernels that are compiled per instruction set, as gemm.cpp sees them.
#pragma once

#include <cstdint>

namespace tnp {

// What multiplication and addition are. Integers of one size share a kernel: their products and sums agree modulo
// 2^bits whether they are signed or not.
enum class Algebra : uint8_t { logical, int8, int16, int32, int64, float32, float64, complex64, complex128 };
inline constexpr int kAlgebraCount = 9;

// Strides count elements everywhere.
struct DirectArgs {
  int64_t m, n, k;
  const void* a;
  int64_t a_row_stride, a_col_stride;
  const void* b;  // rows of unit stride
  int64_t b_row_stride;
  void* c;  // rows of unit stride, overwritten
  int64_t c_row_stride;
};

// Many small products: matrix i of each operand begins i steps after the first. C has no gaps (c_row_stride is n, and
// its step m n); B's columns may have any stride here.
struct DirectBatchArgs {
  DirectArgs first;
  int64_t b_col_stride;
  int64_t count, a_step, b_step;
};
inline constexpr int64_t kPackedBytes = 4096;  // of a B whose columns have another stride than 1

struct GemmKernels {
  int itemsize;           // bytes of an element
  int tile_rows;          // packed A: panels of so many rows
  int tile_cols;          // packed B: panels of so many columns
  int packed_a_itemsize;  // bytes of an element in packed A
  int packed_b_itemsize;  // and in packed B

  // C = A B without packing: A's elements are broadcast, B's and C's rows are vectors.
  void (*direct)(const DirectArgs& args);
  void (*direct_batch)(const DirectBatchArgs& args);

  // *out = sum of x[i] y[i], summed pairwise over blocks.
  void (*dot)(int64_t k, const void* x, int64_t x_stride, const void* y, int64_t y_stride, void* out);
  decltype(dot) dot_conjugated;  // of x's conjugates; absent where numbers are real

  // out[i] = dot(row i of A, x); rows of A and x have unit stride.
  void (*dot_rows)(int64_t rows, int64_t k, const void* a, int64_t row_stride, const void* x, void* out);

  // y = sum over p of x[p] A[:, p]; quick where A's columns have unit stride. y has unit stride.
  void (*sum_columns)(int64_t rows, int64_t k, const void* a, int64_t row_stride, int64_t col_stride, const void* x,
                      int64_t x_stride, void* y);

  void (*add)(int64_t n, void* y, const void* x);  // y += x, unit strides

  // Panels as `tiles` reads them, filled up with zeros: A[panel][p][row], B[panel][p][column].
  void (*pack_a)(int64_t m, int64_t k, const void* a, int64_t row_stride, int64_t col_stride, void* packed);
  void (*pack_b)(int64_t k, int64_t n, const void* b, int64_t row_stride, int64_t col_stride, void* packed);

  // C (rows of unit stride) = or += packed A times packed B.
  void (*tiles)(int64_t m, int64_t n, int64_t k, const void* packed_a, const void* packed_b, void* c,
                int64_t c_row_stride, bool accumulate);
};

#define TNP_DECLARE_GEMM_KERNELS(ISA)                                            \
  namespace ISA {                                                                \
  extern const GemmKernels kGemmKernels[kAlgebraCount];                          \
  void widen_half(int64_t n, const uint16_t* from, int64_t stride, float* to);   \
  void narrow_half(int64_t n, const float* from, uint16_t* to);                  \
  void widen_bfloat(int64_t n, const uint16_t* from, int64_t stride, float* to); \
  void narrow_bfloat(int64_t n, const float* from, uint16_t* to);                \
  }
TNP_DECLARE_GEMM_KERNELS(baseline)
TNP_DECLARE_GEMM_KERNELS(avx2)
TNP_DECLARE_GEMM_KERNELS(avx512)
#undef TNP_DECLARE_GEMM_KERNELS

}  // namespace tnp

// Matrix multiplication on raw memory, of every numeric type.
#pragma once

#include <cstdint>
#include <optional>

#include "tnp/dtype.h"

namespace tnp {

// C = A B: A is m×k, B is k×n, C is m×n, row-major without gaps, overwritten, and overlaps neither. Strides count
// elements and may be anything (0, negative, transposed). Integers wrap; bool is "any of (a and b)"; float16 and
// bfloat16 are summed in float32 and rounded once. k == 0 gives zeros. Throws TypeError for a type that is no number.
void gemm(DType dtype, int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride,
          const void* b, int64_t b_row_stride, int64_t b_col_stride, void* c);

// A product of known sizes that one thread computes at once: the bits of `gemm` without its checks and choices.
class SmallGemm {
 public:
  // Nothing, if it is a larger one, or one of another kind.
  static std::optional<SmallGemm> of(DType dtype, int64_t m, int64_t n, int64_t k, int64_t a_row_stride,
                                     int64_t a_col_stride, int64_t b_row_stride, int64_t b_col_stride);
  void operator()(const void* a, const void* b, void* c) const;

 private:
  SmallGemm(DType dtype, int64_t m, int64_t n, int64_t k, int64_t a_row_stride, int64_t a_col_stride,
            int64_t b_row_stride)
      : dtype_(dtype),
        m_(m),
        n_(n),
        k_(k),
        a_row_stride_(a_row_stride),
        a_col_stride_(a_col_stride),
        b_row_stride_(b_row_stride) {}

  DType dtype_;
  int64_t m_, n_, k_, a_row_stride_, a_col_stride_, b_row_stride_;
  bool by_rows_ = false;
};

// A stack of matrices: matrix i begins batch_stride * i elements after the first.
struct GemmStack {
  const void* data;
  int64_t batch_stride, row_stride, col_stride;
};

// C[i] = A[i] B[i] for i in [0, batch); C is one block of batch×m×n.
void gemm_batched(DType dtype, int64_t batch, int64_t m, int64_t n, int64_t k, const GemmStack& a, const GemmStack& b,
                  void* c);

// The same for a batch of several dimensions: `a_batch_strides` and `b_batch_strides` have batch_rank elements, 0 where
// an operand is broadcast.
void gemm_batched(DType dtype, int batch_rank, const int64_t* batch_shape, int64_t m, int64_t n, int64_t k,
                  const void* a, const int64_t* a_batch_strides, int64_t a_row_stride, int64_t a_col_stride,
                  const void* b, const int64_t* b_batch_strides, int64_t b_row_stride, int64_t b_col_stride, void* c);

// Dot products of which the first factors are conjugated, to the bits of a product with conjugates that were written to
// memory: of complex numbers, and vectors that are not the shortest.
bool has_conjugated_dots(DType dtype, int64_t k);
void conjugated_dots(DType dtype, int batch_rank, const int64_t* batch_shape, int64_t k, const void* x,
                     const int64_t* x_batch_strides, int64_t x_stride, const void* y, const int64_t* y_batch_strides,
                     int64_t y_stride, void* out);

}  // namespace tnp

// A matrix times a vector where only some elements of the result are wanted.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

// Whether `multiply_some_rows` does such a product, and to the bit what `gemm` does: A is m×k, its rows without gaps.
bool can_multiply_some_rows(DType dtype, int64_t m, int64_t k);

// y[i] = A[i, :] x where wanted[i] is not 0, and, if `one` is not negative, for i = one; other elements of y are
// computed or left as they are. Strides count elements.
void multiply_some_rows(DType dtype, int64_t m, int64_t k, const void* a, int64_t row_stride, const void* x,
                        int64_t x_stride, const uint8_t* wanted, int64_t one, void* y);

// Whether all of an m×k matrix from column `first` on is zeros, of either sign.
bool columns_are_zero(DType dtype, int64_t m, int64_t k, const void* a, int64_t row_stride, int64_t first);

}  // namespace tnp

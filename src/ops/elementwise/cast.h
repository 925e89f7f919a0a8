// Conversion between the numeric dtypes, as NumPy's astype(casting="unsafe") on x86-64. base/convert.h has the rules
// for one element; here are contiguous blocks of them and strided arrays.
#pragma once

#include <cstdint>

#include "base/view.h"

namespace tnp {

// out[0..n) = in[0..n) converted; both contiguous, at least element-aligned, not overlapping (but in == out is fine
// where the element sizes are equal).
using CastKernel = void (*)(const void* in, void* out, int64_t n);

// The kernel of the instruction set in use, for any of the 15 x 15 numeric pairs (equal ones copy).
CastKernel cast_kernel(DType from, DType to);

inline void cast_block(DType from, DType to, const void* in, void* out, int64_t n) {
  cast_kernel(from, to)(in, out, n);
}

// dst[...] = src[...] converted: the same shape, any strides and dtypes; the two must not overlap. Of one dtype it is
// copy_strided. Runs on several threads where that pays.
void cast_strided(const StridedView& src, const StridedView& dst);

}  // namespace tnp

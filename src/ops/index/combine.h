// How scatter combines an update with what is there, element by element, in order.
#pragma once

#include <cstdint>

#include "tnp/primitives.h"

namespace tnp {

// to[i] = to[i] op update[i * step], i < n; step is 0 or 1.
using CombineRow = void (*)(void* to, const void* update, std::int64_t step, std::int64_t n);
// For place i < n: the element at to + offsets[i] combined with update i (i * step).
using CombineAt = void (*)(std::byte* to, const std::int64_t* offsets, const void* updates, std::int64_t step,
                           std::int64_t n);

struct CombineKernels {
  CombineRow row;
  CombineAt at;
};
// For any numeric dtype. NumPy's add, multiply, minimum and maximum.
CombineKernels combine_kernels(ScatterMode mode, DType dtype);

}  // namespace tnp

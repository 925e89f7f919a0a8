// The dimensions of a reduction, fewer and in the order of memory.
#pragma once

#include <cstdint>

#include "base/view.h"

namespace tnp {

inline constexpr int kMaxReduceDims = 64;

struct DimList {
  int count = 0;
  int64_t shape[kMaxReduceDims];
  int64_t strides[kMaxReduceDims];      // bytes, of the input
  int64_t out_strides[kMaxReduceDims];  // elements, of the output; of kept dimensions only

  void push(int64_t n, int64_t stride, int64_t out_stride);
  int64_t size() const {
    int64_t n = 1;
    for (int i = 0; i < count; i++) n *= shape[i];
    return n;
  }
};

// Kept dimensions are in descending order of the input's strides, and without those that the input repeats (stride 0):
// results are computed once each, in that order, and `write_results` puts them where they belong. Sizes of 1 are gone.
struct ReduceNest {
  const char* data;
  DimList kept;
  DimList repeated;
  DimList reduced;
  int64_t out_offset = 0;  // elements: where the result for index 0 of the kept dimensions goes
  bool in_order = true;    // results are computed in the order of the output
};

// `keep_order`: reduced dimensions stay in their order and direction, as an index into them needs it.
void make_nest(const StridedView& in, uint64_t reduced_axes, bool keep_order, ReduceNest& nest);

// Puts contiguous `results` into `out`, converted if the types differ.
void write_results(const ReduceNest& nest, const void* results, DType dtype, const StridedView& out);

// The byte offset of element `index` of a row-major walk over the dimensions.
int64_t locate(const DimList& dims, int64_t index);

}  // namespace tnp

// Loop nests over two strided arrays of one shape: fewer and longer dimensions for the same set of element pairs.
#pragma once

#include <cstdint>

#include "base/view.h"

namespace tnp {

inline constexpr int kMaxLoopDims = 64;

// Pairs of elements (src, dst) in a loop nest, the outermost dimension first. Strides are in bytes. Only the first
// `ndim` entries of an array mean something.
struct StridedLoop {
  int ndim = 0;
  const char* src = nullptr;
  char* dst = nullptr;
  int64_t shape[kMaxLoopDims];
  int64_t src_strides[kMaxLoopDims];
  int64_t dst_strides[kMaxLoopDims];

  int64_t size() const {
    int64_t n = 1;
    for (int i = 0; i < ndim; i++) n *= shape[i];
    return n;
  }
};

// The nest in the order of dst's memory: no dimension of size 1, dst strides not negative and descending, neighbours
// merged where one pair of strides serves both. False when there is no element.
bool make_loop(const StridedView& src, const StridedView& dst, StridedLoop& loop);

// Row-major without gaps; an empty array always is. `element_bytes` is the dtype's.
bool is_contiguous(const StridedView& view, int64_t element_bytes);

// Calls body(src, dst) for each index of the first `outer` dimensions.
template <class Body>
void for_each_outer(const StridedLoop& loop, int outer, Body&& body) {
  int64_t index[kMaxLoopDims];
  for (int i = 0; i < outer; i++) index[i] = 0;
  const char* src = loop.src;
  char* dst = loop.dst;
  for (;;) {
    body(src, dst);
    int i = outer - 1;
    for (; i >= 0; i--) {
      src += loop.src_strides[i];
      dst += loop.dst_strides[i];
      if (++index[i] < loop.shape[i]) break;
      src -= loop.src_strides[i] * loop.shape[i];
      dst -= loop.dst_strides[i] * loop.shape[i];
      index[i] = 0;
    }
    if (i < 0) return;
  }
}

// The part [begin, end) of dimension `axis`.
inline StridedLoop slice_loop(const StridedLoop& loop, int axis, int64_t begin, int64_t end) {
  StridedLoop part = loop;
  part.src += loop.src_strides[axis] * begin;
  part.dst += loop.dst_strides[axis] * begin;
  part.shape[axis] = end - begin;
  return part;
}

// The dimension to divide among threads: the outermost that is long enough for even parts, else the longest.
int split_axis(const StridedLoop& loop);

}  // namespace tnp

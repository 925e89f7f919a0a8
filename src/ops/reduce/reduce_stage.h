// One dimension reduced, others kept: what a reduction over any axes is made of.
#pragma once

#include <cstring>

#include "ops/reduce/reduce_driver.h"
#include "ops/reduce/reduce_kernels.h"
#include "ops/reduce/reduce_nest.h"

namespace tnp {

// Work is divided among threads, and sums into partial sums, at multiples of this many elements: by the shape alone, so
// that the number of threads does not change a result.
inline constexpr int64_t kReduceChunk = 64 << 10;
// As many columns are added up row by row; fewer, several rows at a time.
inline constexpr int64_t kManyColumns = 256;
// A sum down a column is divided at multiples of this many rows (a power of two).
inline constexpr int64_t kColumnChunkRows = 256;
// Fewer elements than this are not worth a second thread.
inline constexpr int64_t kReduceGrain = 32 << 10;

inline int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t power_of_two_above(int64_t n) {
  int64_t p = 1;
  while (p < n) p *= 2;
  return p;
}
// Of a row of n elements, if that has two of them.
inline int64_t chunk_of(int64_t n) {
  const int64_t wanted = power_of_two_above(divide_up(n, 2048));
  return wanted > kReduceChunk ? wanted : kReduceChunk;
}

struct ReducePlan {
  DType type;                    // what elements are converted to and partial results have
  const ReduceKernels* kernels;  // for that type, or one that is as good: uint64 for int64, uint8 for bool_
  int64_t bytes;                 // of an element of that type
  // all and any: the partial result (0 or not) that settles the whole; -1 otherwise.
  int settling = -1;
  // For sums of bool_ in 64 bits: counts contiguous ones; else null.
  int64_t (*count)(const void* in, int64_t n) = nullptr;

  bool settles(const void* result) const {
    return settling >= 0 && (*static_cast<const uint8_t*>(result) != 0) == (settling != 0);
  }
};

// Partial results in the order of a binary counter: equal numbers of blocks are combined first.
class PartialStack {
 public:
  PartialStack(const ReducePlan& plan, int64_t cols, char* memory, int64_t level_bytes)
      : plan_(plan), cols_(cols), memory_(memory), level_bytes_(level_bytes) {}

  // Where the next partial result is to be written, before push().
  char* top() { return memory_ + depth_ * level_bytes_; }
  void push() {
    depth_++;
    for (int64_t bits = ++count_; (bits & 1) == 0; bits >>= 1) merge();
  }
  void clear() { count_ = depth_ = 0; }
  void finish(char* out) {
    while (depth_ > 1) merge();
    std::memcpy(out, memory_, static_cast<size_t>(cols_ * plan_.bytes));
  }

 private:
  void merge() {
    depth_--;
    plan_.kernels->combine(top() - level_bytes_, top(), cols_);
  }

  const ReducePlan& plan_;
  int64_t cols_;
  char* memory_;
  int64_t level_bytes_;
  int depth_ = 0;
  int64_t count_ = 0;
};

// What `reduce` works with (reduce_driver.cpp).
ReducePlan plan_reduction(ReduceOp op, DType from, DType to);

struct ReduceStage {
  const char* data;
  DType dtype;
  DimList batch;   // kept
  int64_t n;       // reduced
  int64_t stride;  // bytes
};

// `out`: contiguous over the batch, of plan.type.
void run_stage(const ReducePlan& plan, const ReduceStage& stage, char* out);

}  // namespace tnp

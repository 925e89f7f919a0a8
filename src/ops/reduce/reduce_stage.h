// One dimension reduced, others kept: what a reduction over any axes is made of.
#pragma once

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

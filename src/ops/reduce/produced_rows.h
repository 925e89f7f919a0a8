// Reductions of rows that are computed as they are reduced: of what is reduced a block is there at a time, in the
// first-level cache. The bits are those of `reduce` on the same elements in row-major order.
#pragma once

#include <span>

#include "ops/reduce/reduce_driver.h"

namespace tnp {

struct RowReduction {
  ReduceOp op;
  int source;  // which of the values that are produced
  DType from;  // the type of that
  DType to;    // of the results
};

// Sum to max, of types whose rows can be reduced in pieces.
bool can_reduce_produced(const RowReduction& reduction);

inline constexpr std::int64_t kProducedSlack = 256;

struct ProducedRows {
  std::span<const DType> sources;
  std::int64_t rows, n;  // none of them 0
  std::int64_t grain;    // elements that are worth a thread's while
  // Puts elements begin … begin + count of all rows, one after the other in row-major order, into each source's buffer,
  // and at most kProducedSlack others behind them.
  void (*produce)(void* context, std::int64_t begin, std::int64_t count, std::byte* const* to);
  void* context;
};

// Few elements of many rows, element by element of all rows: whether that gives the bits that rows of them give.
bool can_reduce_across(const RowReduction& reduction, std::int64_t n);
// Element j of row i of the reduction's source lies at data[j * pitch + i] (elements), j < n, i < rows. `scratch`: of
// 16 * pitch * (n + 1) bytes.
void reduce_across(const RowReduction& reduction, const std::byte* data, std::int64_t pitch, std::int64_t n,
                   std::int64_t rows, std::byte* scratch, std::byte* out);

// out[i]: the results of reductions[i], contiguous.
void reduce_produced(const ProducedRows& rows, std::span<const RowReduction> reductions, std::byte* const* out);

}  // namespace tnp

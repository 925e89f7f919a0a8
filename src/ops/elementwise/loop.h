// Runs a row function over the elements of a broadcast shape: the driver of eager kernels, of fused groups in
// cache-sized blocks and of compiled kernels alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tnp/array.h"

namespace tnp {

// An operand of the loop, its strides (bytes) aligned with the loop's shape: 0 where it is broadcast.
struct LoopOperand {
  std::byte* data;
  Strides strides;
};

// Strides of an array of this shape seen as one of `shape`, which it broadcasts to.
Strides broadcast_strides(const Shape& from, const Strides& strides, const Shape& shape);

// n elements, `strides[k]` bytes apart in operand k.
using RowFunction = void (*)(void* context, std::byte* const* operands, const std::int64_t* strides, std::int64_t n);

inline constexpr int kMaxLoopOperands = 96;

// How a loop is run where rows of the innermost dimension are so short that calling `row` for each would take longer
// than its work: it is called for many rows at a time, for which operands that are repeated are put together, and,
// where `gaps` says so, those whose rows have gaps between them. The first `results` operands have none. Not where rows
// are longer than `longest`, or few.
struct RowsTogether {
  std::span<const int> sizes;  // of the operands' elements
  std::size_t results = 1;
  std::int64_t longest = 256;
  bool gaps = true;
  void (*start)(void* context) = nullptr;  // called before the first row, if anything is done
};

// Collapses dimensions that lie one after the other in every operand, then calls `row` on rows of the innermost, from
// several threads if there are more than `grain` elements. The last dimension's strides are what rows get. Short rows
// are run `together`, if it is given and can be.
void run_loop(const Shape& shape, std::span<const LoopOperand> operands, std::int64_t grain, RowFunction row,
              void* context, const RowsTogether* together = nullptr);

// Short rows only, together: false, and nothing done, where that can not be.
bool run_short_rows(const Shape& shape, std::span<const LoopOperand> operands, const RowsTogether& options,
                    std::int64_t grain, RowFunction row, void* context);

}  // namespace tnp

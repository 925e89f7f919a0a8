// The loops that walk several operands of one shape.
#pragma once

#include <span>

#include "compiler/nest/nest.h"

namespace tnp::compiler {

// Neighbouring dimensions that are one loop for every operand are merged; those of one turn are gone.
struct Loops {
  // `strides`: bytes, of each operand along the dimensions of `shape`; `itemsizes`: of the operands.
  Loops(const Shape& shape, std::span<const Strides> strides, std::span<const int> itemsizes);

  std::size_t count() const { return sizes.size(); }
  bool vectorizes() const;  // the innermost loop's elements lie next to each other or are one
  // Finds `ahead`: operands that lie at `data` and are so large that they may come from beyond the second-level cache.
  // Of views of one array, as a stencil has, it is the one that comes first to what is new.
  void look_ahead(std::span<const std::byte* const> data, std::span<const int> itemsizes);
  // Sets the extents and strides of a statement that computes over the loops; its parameters begin at `first`.
  void set(NestStatement& s, int first) const;

  std::vector<std::int64_t> sizes;
  std::vector<std::vector<std::int64_t>> strides;  // of each loop, by operand
  std::vector<std::int8_t> kinds;        // of each operand in each loop: a stride of a statement, 0: a parameter
  std::vector<std::int64_t> parameters;  // the sizes, then the strides that are parameters
  std::vector<int> ahead;                // operands to be fetched before they are needed
};

}  // namespace tnp::compiler

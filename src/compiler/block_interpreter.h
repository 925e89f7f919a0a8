// Runs a fused group by the eager kernels, in blocks that stay in the cache: no code is made, so a first call is quick.
#pragma once

#include <vector>

#include "compiler/fused_group.h"

namespace tnp::compiler {

class BlockInterpreter {
 public:
  explicit BlockInterpreter(const FusedGroup& group);

  // n elements: operands are the outputs, then the inputs, all contiguous but for the `scalars` among the inputs.
  // An output may be the memory of an input.
  void run(std::byte* const* operands, const OperandMask& scalars, std::int64_t n) const;

 private:
  bool run_alone(std::byte* const* operands, const OperandMask& scalars, std::int64_t n) const;
  void run_block(std::byte* const* values, std::int32_t* steps, std::int64_t n) const;

  const FusedGroup& group_;
  std::vector<int> scratch_;  // of each value: its block of scratch memory; -1: an input
  std::vector<bool> is_output_;
  int blocks_ = 0;  // of scratch memory
};

}  // namespace tnp::compiler

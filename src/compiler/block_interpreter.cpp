#include "compiler/block_interpreter.h"

#include <algorithm>
#include <cstring>

#include "ops/elementwise/cast.h"
#include "ops/elementwise/family.h"
#include "runtime/allocator.h"

namespace tnp::compiler {

namespace {

constexpr std::int64_t kElementBytes = 16;         // of a scratch block: any type fits
constexpr std::int64_t kScratchBytes = 192 << 10;  // a part of the second-level cache
constexpr std::int64_t kMaxBlock = 1024, kMinBlock = 128;
constexpr std::int64_t kStackBytes = 8 << 10;

// Memory for the blocks, on the stack while they are small.
class Scratch {
 public:
  explicit Scratch(std::int64_t bytes) {
    if (bytes > kStackBytes) buffer_ = Buffer::allocate(static_cast<std::size_t>(bytes));
  }
  ~Scratch() {
    if (buffer_) buffer_->release();
  }
  Scratch(const Scratch&) = delete;
  std::byte* data() { return buffer_ ? static_cast<std::byte*>(buffer_->data) : stack_; }

 private:
  alignas(64) std::byte stack_[kStackBytes];
  Buffer* buffer_ = nullptr;
};

}  // namespace

// A value's block is free again after its last use. Outputs keep theirs: they are copied out at the end of a block,
// since the memory they go to may be an input's that is still read.
BlockInterpreter::BlockInterpreter(const FusedGroup& group)
    : group_(group), scratch_(group.num_values(), -1), is_output_(group.num_values(), false) {
  const int inputs = group.num_inputs(), values = group.num_values();
  std::vector<int> last_use(values, -1);
  for (int i = 0; i < static_cast<int>(group.ops.size()); ++i) {
    for (int k = 0; k < group.ops[i].arity; ++k) last_use[group.ops[i].in[k]] = i;
  }
  for (int v : group.outputs) is_output_[v] = true;
  std::vector<int> free_blocks;
  for (int i = 0; i < static_cast<int>(group.ops.size()); ++i) {
    if (free_blocks.empty()) free_blocks.push_back(blocks_++);
    scratch_[inputs + i] = free_blocks.back();
    free_blocks.pop_back();
    for (int k = 0; k < group.ops[i].arity; ++k) {
      const int v = group.ops[i].in[k];
      if (v < inputs || is_output_[v] || last_use[v] != i) continue;
      last_use[v] = -1;  // named twice, freed once
      free_blocks.push_back(scratch_[v]);
    }
  }
}

void BlockInterpreter::run_block(std::byte* const* values, std::int32_t* steps, std::int64_t n) const {
  const int inputs = group_.num_inputs();
  for (int i = 0; i < static_cast<int>(group_.ops.size()); ++i) {
    const FusedOp& op = group_.ops[i];
    const int result = inputs + i;
    steps[result] = 1;
    if (op.op == nullptr) {
      // One element converted serves all, but what is stored must be there n times.
      const bool one = steps[op.in[0]] == 0;
      cast_kernel(op.compute, op.dtype)(values[op.in[0]], values[result], one ? 1 : n);
      if (!one) continue;
      if (is_output_[result]) {
        const std::size_t size = static_cast<std::size_t>(itemsize(op.dtype));
        for (std::int64_t j = 1; j < n; ++j) std::memcpy(values[result] + j * size, values[result], size);
      } else {
        steps[result] = 0;
      }
      continue;
    }
    const void* in[3];
    std::int32_t step[3];
    for (int k = 0; k < op.arity; ++k) {
      in[k] = values[op.in[k]];
      step[k] = steps[op.in[k]];
    }
    op.op->elementwise->kernels.get()->by_dtype[static_cast<int>(op.compute)](values[result], in, step, n);
  }
}

// A group of one operation: its kernel on the operands, as eager calls run it.
bool BlockInterpreter::run_alone(std::byte* const* operands, const OperandMask& scalars, std::int64_t n) const {
  const FusedOp& op = group_.ops[0];
  if (group_.ops.size() != 1 || group_.num_outputs() != 1 || op.op == nullptr) return false;
  const void* in[3];
  std::int32_t step[3];
  for (int k = 0; k < op.arity; ++k) {
    in[k] = operands[1 + op.in[k]];
    step[k] = scalars[static_cast<std::size_t>(op.in[k])] ? 0 : 1;
  }
  op.op->elementwise->kernels.get()->by_dtype[static_cast<int>(op.compute)](operands[0], in, step, n);
  return true;
}

void BlockInterpreter::run(std::byte* const* operands, const OperandMask& scalars, std::int64_t n) const {
  if (run_alone(operands, scalars, n)) return;
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  std::int64_t block =
      std::clamp(kScratchBytes / (kElementBytes * std::max(blocks_, 1)), kMinBlock, kMaxBlock) / 64 * 64;
  block = std::min(block, (n + 15) / 16 * 16);
  Scratch scratch(block * kElementBytes * blocks_);
  std::byte* values[kMaxGroupValues];
  std::int32_t steps[kMaxGroupValues];
  for (int v = inputs; v < group_.num_values(); ++v) values[v] = scratch.data() + scratch_[v] * block * kElementBytes;
  for (int k = 0; k < inputs; ++k) {
    values[k] = operands[outputs + k];
    steps[k] = scalars[k] ? 0 : 1;
  }
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t m = std::min(block, n - begin);
    run_block(values, steps, m);
    for (int j = 0; j < outputs; ++j) {
      const std::int64_t size = itemsize(group_.dtype(group_.outputs[j]));
      std::memcpy(operands[j] + begin * size, values[group_.outputs[j]], static_cast<std::size_t>(m * size));
    }
    for (int k = 0; k < inputs; ++k) values[k] += steps[k] * m * itemsize(group_.inputs[k]);
  }
}

}  // namespace tnp::compiler

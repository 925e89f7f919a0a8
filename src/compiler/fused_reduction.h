// A fused group and the reductions of what it computes, in one pass: a block at a time is computed, and reduced while
// it is in the first-level cache.
#pragma once

#include <memory>
#include <vector>

#include "compiler/fuse.h"
#include "compiler/fused_kernel.h"
#include "ops/reduce/produced_rows.h"

namespace tnp::compiler {

class FusedReduction {
 public:
  // Reductions over the same axes of the values that a group computes, all of which they read.
  struct Call {
    const OpDef* op;
    ParamsRef params;
    int value;  // number of the group's output
    Shape result;
  };
  // `shape`: of the group's values.
  FusedReduction(const FusedGroup& group, Shape shape, std::vector<Call> calls);

  // The axis of the group's values that an axis of the results is.
  int axis_of_values(int axis) const;
  const Shape& shape() const { return shape_; }

  // Makes all results. Gives the bits of the group followed by the reductions, in whatever order the inputs' axes lie.
  // The inputs may be parts along an axis that is kept.
  void run(Array* const* in, Array* out, JitMode mode) const;
  std::string str() const;

 private:
  struct Rows;
  struct Columns;
  bool run_by_blocks(Array* const* in, Array* out, JitMode mode) const;
  bool run_across(Array* const* in, Array* out, JitMode mode) const;
  std::byte* compute_columns(const FusedKernel::Row& code, const Columns& columns, std::int64_t begin, std::int64_t m,
                             std::byte* to) const;
  bool lies_in_order(Array* const* in, Shape& shape) const;
  std::vector<std::byte*> make_results(const Shape& shape, Array* out) const;

  const std::shared_ptr<FusedKernel> kernel_;
  const Shape shape_;
  const std::vector<Call> calls_;
  std::vector<RowReduction> reductions_;
  std::vector<DType> sources_;
  std::vector<bool> reduced_;  // axes
  bool keepdims_ = false;
};

// Puts groups and the reductions of what they compute into one unit, in a graph whose sizes are numbers, where the
// reductions are over the last axes, and nothing else reads what they read.
std::vector<Unit> merge_reductions(const Graph& graph, std::vector<Unit> units);

}  // namespace tnp::compiler

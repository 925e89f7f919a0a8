// The steps of a plan, one after the other, for arguments of certain sizes.
#pragma once

#include "compiler/prepared_call.h"
#include "compiler/sized_params.h"

namespace tnp::compiler {

struct PreparedStep {
  const OpDef* op = nullptr;  // a call …
  ParamsRef params;
  std::shared_ptr<const SizedParams> sized;  // its parameters, if sizes in them are found out in a run
  std::shared_ptr<FusedKernel> kernel;       // … or a fused group
  std::vector<std::int16_t> reuse;
  std::vector<int> inputs;    // a slot, or below zero: operand ~i
  std::uint64_t donated = 0;  // inputs, a bit each, whose slot is read for the last time
  std::vector<int> outputs;   // slots; -1: nobody reads it
  std::vector<int> frees;     // slots
  struct Size {
    int output, axis, index;  // among the run's sizes
  };
  std::vector<Size> sizes;
};

class PreparedSteps final : public PreparedCall {
 public:
  static constexpr std::size_t kMostSlots = 64, kFewSizes = 64, kMostInputs = 12, kMostOutputs = 4;

  // `results`: a slot, or below zero: operand ~i. `sizes`: those of a run that are known beforehand. Null if it is more
  // than what a run has room for.
  static std::unique_ptr<PreparedCall> make(std::span<const Array> arguments, std::vector<PreparedStep> steps,
                                            PreparedOperands operands, std::vector<int> results,
                                            std::vector<std::int64_t> sizes, std::size_t num_slots, JitMode mode);
  bool run(detail::Node* const* arguments, Array* results) const override;

 private:
  PreparedSteps(std::span<const Array> arguments, std::vector<int> results)
      : PreparedCall(arguments, results.size()), results_(std::move(results)) {}
  void call(const PreparedStep& step, detail::Node* const* nodes, Array* slots, std::int64_t* sizes) const;
  bool run_kernel(const PreparedStep& step, detail::Node* const* nodes, Array* slots, std::int64_t* sizes) const;

  std::vector<PreparedStep> steps_;
  PreparedOperands operands_;
  std::vector<int> results_;
  std::vector<bool> last_;  // of a result: no later one is the same slot
  std::vector<std::int64_t> sizes_;
  std::size_t num_slots_ = 0;
  JitMode mode_{};
};

}  // namespace tnp::compiler

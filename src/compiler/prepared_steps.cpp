#include "compiler/prepared_steps.h"

#include <algorithm>

#include "compiler/fused_kernel.h"
#include "ir/stack_arrays.h"

namespace tnp::compiler {

std::unique_ptr<PreparedCall> PreparedSteps::make(std::span<const Array> arguments, std::vector<PreparedStep> steps,
                                                  PreparedOperands operands, std::vector<int> results,
                                                  std::vector<std::int64_t> sizes, std::size_t num_slots,
                                                  JitMode mode) {
  const auto fits = [](const PreparedStep& s) {
    const std::size_t most = s.kernel ? kMaxLoopOperands : kMostInputs;
    return s.inputs.size() <= most && s.outputs.size() <= kMostOutputs && (!s.sized || s.sized->is_known()) &&
           (s.kernel || s.op->effect == Effect::none);
  };
  const auto concrete = [](const PreparedOperand& o) {
    return o.argument >= 0 || o.constant.state() == State::concrete;
  };
  if (num_slots > kMostSlots || operands.size() > BorrowedArrays::kMost || results.size() > kMostResults ||
      !std::all_of(steps.begin(), steps.end(), fits) || !std::all_of(operands.begin(), operands.end(), concrete))
    return nullptr;
  std::unique_ptr<PreparedSteps> made(new PreparedSteps(arguments, std::move(results)));
  for (std::size_t i = 0; i < made->results_.size(); ++i) {
    const int place = made->results_[i];
    made->same_.push_back(place < 0 ? operands[static_cast<std::size_t>(~place)].argument : -1);
    made->last_.push_back(std::find(made->results_.begin() + static_cast<std::ptrdiff_t>(i) + 1, made->results_.end(),
                                    place) == made->results_.end());
  }
  made->steps_ = std::move(steps);
  made->operands_ = std::move(operands);
  made->sizes_ = std::move(sizes);
  made->num_slots_ = num_slots;
  made->mode_ = mode;
  return made;
}

namespace {

// Lets go of inputs that were given up, if the operation has not taken them.
struct Given {
  Array* in;
  std::uint64_t donated;
  ~Given() {
    for (std::size_t k = 0; donated >> k; ++k) {
      if ((donated >> k) & 1) in[k].~Array();
    }
  }
};

}  // namespace

// In the frame of a call of this function there is room for the inputs, which are borrowed: slots and operands keep
// them. Those that are given up leave their slots, as the operation may take them.
void PreparedSteps::call(const PreparedStep& step, detail::Node* const* nodes, Array* slots,
                         std::int64_t* sizes) const {
  alignas(Array) std::byte memory[kMostInputs * sizeof(Array)];
  Array* in = reinterpret_cast<Array*>(memory);
  std::uint64_t donated = 0;
  const std::size_t inputs = step.inputs.size(), outputs = step.outputs.size();
  for (std::size_t k = 0; k < inputs; ++k) {
    const int place = step.inputs[k];
    detail::Node* node = place >= 0 ? slots[place].node() : nodes[~place];
    if (((step.donated >> k) & 1) && node->refs.load(std::memory_order_acquire) == 1) {
      new (in + k) Array(std::move(slots[place]));
      donated |= std::uint64_t{1} << k;
    } else {
      new (in + k) Array(Array::adopt(node));
    }
  }
  const Given given{in, donated};
  StackArrays<kMostOutputs> made(outputs);
  Array* out = made.all();
  if (step.sized) {
    const SizedParams::Use use(*step.sized, sizes);
    step.op->execute.get()(Call{*step.op, {in, inputs}, use.params(), donated}, {out, outputs});
  } else {
    step.op->execute.get()(Call{*step.op, {in, inputs}, *step.params, donated}, {out, outputs});
  }
  for (int slot : step.frees) slots[slot] = Array();
  for (const PreparedStep::Size& s : step.sizes) sizes[s.index] = out[s.output].shape()[s.axis];
  for (std::size_t j = 0; j < outputs; ++j) {
    if (step.outputs[j] >= 0) slots[step.outputs[j]] = std::move(out[j]);
  }
}

bool PreparedSteps::run_kernel(const PreparedStep& step, detail::Node* const* nodes, Array* slots,
                               std::int64_t* sizes) const {
  alignas(Array) std::byte memory[kMaxLoopOperands * sizeof(Array)];
  Array* borrowed = reinterpret_cast<Array*>(memory);
  Array* in[kMaxLoopOperands];
  for (std::size_t k = 0; k < step.inputs.size(); ++k) {
    const int place = step.inputs[k];
    in[k] = place >= 0 ? slots + place : new (borrowed + k) Array(Array::adopt(nodes[~place]));
  }
  const std::size_t outputs = step.outputs.size();
  StackArrays<kMostOutputs> made(outputs);
  Array* out = made.all();
  if (!step.kernel->run(in, out, step.reuse.data(), mode_)) return false;
  for (int slot : step.frees) slots[slot] = Array();
  for (const PreparedStep::Size& s : step.sizes) sizes[s.index] = out[s.output].shape()[s.axis];
  for (std::size_t j = 0; j < outputs; ++j) {
    if (step.outputs[j] >= 0) slots[step.outputs[j]] = std::move(out[j]);
  }
  return true;
}

bool PreparedSteps::run(detail::Node* const* arguments, Array* results) const {
  detail::Node* nodes[BorrowedArrays::kMost];
  for (std::size_t k = 0; k < operands_.size(); ++k) nodes[k] = operands_[k].node(arguments);
  StackArrays<kMostSlots> memory(num_slots_);
  Array* slots = memory.all();
  std::int64_t few[kFewSizes];
  std::vector<std::int64_t> more(sizes_.size() > kFewSizes ? sizes_.size() : 0);
  std::int64_t* sizes = more.empty() ? few : more.data();
  std::copy_n(sizes_.data(), sizes_.size(), sizes);
  for (const PreparedStep& step : steps_) {
    if (!step.kernel) {
      call(step, nodes, slots, sizes);
    } else if (!run_kernel(step, nodes, slots, sizes)) {
      return false;
    }
  }
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const int place = results_[i];
    if (place >= 0) {
      results[i] = last_[i] ? std::move(slots[place]) : slots[place];
    } else if (same_[i] < 0) {
      results[i] = operands_[static_cast<std::size_t>(~place)].constant;
    }
  }
  return true;
}

}  // namespace tnp::compiler

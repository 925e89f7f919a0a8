#include "compiler/prepared_call.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "compiler/fused_kernel.h"
#include "compiler/native_steps.h"
#include "ir/stack_arrays.h"
#include "ops/elementwise/prepared.h"
#include "tnp/primitives.h"

namespace tnp::compiler {

namespace {
std::optional<DType> element_type(const ArrayLayout& layout) {
  const bool single = layout.shape().ndim() == 0 && is_numeric(layout.dtype());
  return single ? std::optional(layout.dtype()) : std::nullopt;
}
}  // namespace

const PreparedOperands& PreparedCall::operands() const {
  static const PreparedOperands none;
  return none;
}

PreparedViews::PreparedViews(std::span<const Array> arguments, std::vector<Result> results)
    : PreparedCall(arguments, results.size()), results_(std::move(results)) {
  for (const Result& r : results_) same_.push_back(r.whole ? r.of.argument : -1);
  if (std::all_of(same_.begin(), same_.end(), [](int i) { return i < 0; })) same_.clear();
  if (results_.size() == 1 && !results_[0].whole) element_ = element_type(results_[0].layout);
}

const std::byte* PreparedViews::run_element(detail::Node* const* arguments, std::byte*) const {
  const Result& r = results_[0];
  return arguments[r.of.argument]->data + r.offset;
}

bool PreparedViews::run(detail::Node* const* arguments, Array* results) const {
  for (const Result& r : results_) {
    Array& result = *results++;
    if (!r.whole) {
      const detail::Node* from = arguments[r.of.argument];
      result = r.layout.view(from->buffer, from->data + r.offset);
    } else if (r.of.argument < 0) {
      result = r.of.constant;
    }
  }
  return true;
}

namespace {

class Kernel final : public PreparedCall {
 public:
  Kernel(std::span<const Array> arguments, const OpDef& op, const PreparedElementwise& kernel,
         PreparedOperands operands, const Shape& shape)
      : PreparedCall(arguments, 1),
        kernel_(kernel),
        operands_(std::move(operands)),
        result_(Array::empty(kernel.result, shape)) {
    element_ = element_type(result_);
    operation_ = &op;
  }
  const PreparedOperands& operands() const override { return operands_; }

  bool run(detail::Node* const* arguments, Array* results) const override {
    results[0] = result_.fresh();
    run_element(arguments, results[0].node()->data);
    return true;
  }
  const std::byte* run_element(detail::Node* const* arguments, std::byte* room) const override {
    const void* in[PreparedElementwise::kMostInputs];
    for (int k = 0; k < kernel_.arity; ++k) in[k] = operands_[static_cast<std::size_t>(k)].node(arguments)->data;
    kernel_.run(room, in);
    return room;
  }

 private:
  PreparedElementwise kernel_;
  PreparedOperands operands_;
  ArrayLayout result_;
};

class Operation final : public PreparedCall {
 public:
  Operation(std::span<const Array> arguments, const OpDef& op, const Params& params, PreparedOperands operands,
            std::size_t num_results)
      : PreparedCall(arguments, num_results), op_(op), params_(params), operands_(std::move(operands)) {
    operation_ = &op;
  }
  const PreparedOperands& operands() const override { return operands_; }

  bool run(detail::Node* const* arguments, Array* results) const override {
    const BorrowedArrays in(operands_, arguments);
    op_.execute.get()(Call{op_, in.all(), params_}, {results, num_results_});
    return true;
  }

 private:
  const OpDef& op_;
  const Params& params_;
  PreparedOperands operands_;
};

// The element of the first operand at the indices that the others are.
class OneElement final : public PreparedCall {
 public:
  OneElement(std::span<const Array> arguments, const OpDef& op, const Params& params, PreparedOperands operands,
             const Array& x)
      : PreparedCall(arguments, 1),
        op_(op),
        params_(params),
        operands_(std::move(operands)),
        shape_(x.shape()),
        strides_(x.strides()),
        result_(Array::empty(x.dtype(), Shape{})) {
    element_ = element_type(result_);
  }
  static bool serves(const OpDef& op, const Arrays& in) {
    const auto is_index = [](const Array& x) { return x.ndim() == 0 && x.dtype() == DType::int64; };
    return std::string_view(op.name) == "gather" && in[0].ndim() == static_cast<int>(in.size()) - 1 &&
           std::all_of(in.begin() + 1, in.end(), is_index);
  }

  bool run(detail::Node* const* arguments, Array* results) const override {
    results[0] = result_.fresh();
    std::memcpy(results[0].node()->data, run_element(arguments, nullptr),
                static_cast<std::size_t>(results[0].itemsize()));
    return true;
  }
  const std::byte* run_element(detail::Node* const* arguments, std::byte*) const override {
    const std::byte* at = operands_[0].node(arguments)->data;
    for (std::size_t k = 1; k < operands_.size(); ++k) {
      const auto axis = static_cast<int>(k) - 1;
      std::int64_t i = 0;
      std::memcpy(&i, operands_[k].node(arguments)->data, sizeof i);
      if (i < 0) i += shape_[axis];
      if (i < 0 || i >= shape_[axis]) refuse(arguments);
      at += i * strides_[axis];
    }
    return at;
  }

 private:
  [[gnu::noinline]] void refuse(detail::Node* const* arguments) const {
    const BorrowedArrays in(operands_, arguments);
    Array none;
    op_.execute.get()(Call{op_, in.all(), params_}, {&none, 1});
  }

  const OpDef& op_;
  const Params& params_;
  PreparedOperands operands_;
  Shape shape_;
  Strides strides_;
  ArrayLayout result_;
};

// Operands in a row without gaps, or single elements.
class FusedRow final : public PreparedCall {
 public:
  FusedRow(std::span<const Array> arguments, std::shared_ptr<FusedKernel> kernel, PreparedOperands operands,
           const OperandMask& scalars, const Shape& shape, JitMode mode)
      : PreparedCall(arguments, static_cast<std::size_t>(kernel->group().num_outputs())),
        kernel_(std::move(kernel)),
        operands_(std::move(operands)),
        scalars_(scalars),
        mode_(mode) {
    const FusedGroup& group = kernel_->group();
    for (std::int16_t v : group.outputs) outputs_.emplace_back(Array::empty(group.dtype(v), shape));
    if (outputs_.size() == 1) element_ = element_type(outputs_[0]);
  }

  const std::byte* run_element(detail::Node* const* arguments, std::byte* room) const override {
    std::byte* at[kMaxLoopOperands];
    at[0] = room;
    std::size_t k = 1;
    for (const PreparedOperand& o : operands_) at[k++] = o.node(arguments)->data;
    kernel_->run_row(scalars_, at, 1, mode_);
    return room;
  }

  bool run(detail::Node* const* arguments, Array* results) const override {
    std::byte* at[kMaxLoopOperands];
    std::size_t k = 0;
    for (; k < outputs_.size(); ++k) {
      results[k] = outputs_[k].fresh();
      at[k] = results[k].node()->data;
    }
    for (const PreparedOperand& o : operands_) at[k++] = o.node(arguments)->data;
    kernel_->run_row(scalars_, at, outputs_[0].num_elements(), mode_);
    return true;
  }

 private:
  std::shared_ptr<FusedKernel> kernel_;
  PreparedOperands operands_;
  std::vector<ArrayLayout> outputs_;
  OperandMask scalars_;
  JitMode mode_;
};

class NativeCode final : public PreparedCall {
 public:
  // `gaps`: operands that do not lie row by row.
  NativeCode(std::span<const Array> arguments, const NativeSteps& steps, PreparedOperands operands,
             std::vector<std::size_t> gaps)
      : PreparedCall(arguments, steps.outputs().size()),
        steps_(steps),
        operands_(std::move(operands)),
        gaps_(std::move(gaps)) {
    for (const NativeSteps::Output& o : steps.outputs()) {
      outputs_.push_back({o.input, ArrayLayout(Array::empty(o.dtype, o.shape))});
      same_.push_back(o.input < 0 ? -1 : operands_[static_cast<std::size_t>(o.input)].argument);
    }
  }

  bool run(detail::Node* const* arguments, Array* results) const override {
    std::byte *in[BorrowedArrays::kMost], *out[kMostResults];
    for (std::size_t k = 0; k < operands_.size(); ++k) in[k] = operands_[k].node(arguments)->data;
    StackArrays<BorrowedArrays::kMost> rows(gaps_.size());
    for (std::size_t i = 0; i < gaps_.size(); ++i) {
      rows.all()[i] = copy(array_at(operands_[gaps_[i]].node(arguments)));
      in[gaps_[i]] = rows.all()[i].data();
    }
    for (std::size_t j = 0; j < outputs_.size(); ++j) {
      const auto& [input, layout] = outputs_[j];
      if (input < 0) {
        results[j] = layout.fresh();
        out[j] = results[j].node()->data;
      } else if (same_[j] < 0) {
        results[j] = operands_[static_cast<std::size_t>(input)].constant;
      }
    }
    return steps_.run_on(in, out);
  }

 private:
  struct Output {
    int input;
    ArrayLayout layout;
  };
  const NativeSteps& steps_;
  PreparedOperands operands_;
  std::vector<Output> outputs_;
  std::vector<std::size_t> gaps_;
};

Arrays arrays_of(std::span<const Array> arguments, const PreparedOperands& operands) {
  Arrays in;
  for (const PreparedOperand& o : operands)
    in.push_back(o.argument >= 0 ? arguments[static_cast<std::size_t>(o.argument)] : o.constant);
  return in;
}

bool have_values(const Arrays& in) {
  return in.size() <= BorrowedArrays::kMost &&
         std::all_of(in.begin(), in.end(), [](const Array& x) { return x.state() == State::concrete; });
}

}  // namespace

std::unique_ptr<PreparedCall> prepared_operation(std::span<const Array> arguments, const OpDef& op,
                                                 const Params& params, PreparedOperands operands,
                                                 std::size_t num_results) {
  const Arrays in = arrays_of(arguments, operands);
  if (!have_values(in)) return nullptr;
  if (const auto kernel = num_results == 1 ? prepare_elementwise(op, in) : std::nullopt) {
    return std::make_unique<Kernel>(arguments, op, *kernel, std::move(operands),
                                    in[static_cast<std::size_t>(kernel->widest)].shape());
  }
  if (OneElement::serves(op, in))
    return std::make_unique<OneElement>(arguments, op, params, std::move(operands), in[0]);
  return std::make_unique<Operation>(arguments, op, params, std::move(operands), num_results);
}

std::unique_ptr<PreparedCall> prepared_kernel(std::span<const Array> arguments, std::shared_ptr<FusedKernel> kernel,
                                              PreparedOperands operands, JitMode mode) {
  const Arrays in = arrays_of(arguments, operands);
  if (!have_values(in) || in.empty()) return nullptr;
  const auto by_rank = [](const Array& a, const Array& b) { return a.ndim() < b.ndim(); };
  const Shape& shape = std::max_element(in.begin(), in.end(), by_rank)->shape();
  OperandMask scalars;
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (in[k].ndim() == 0 && shape.ndim() > 0) {
      scalars.set(k);
    } else if (!in[k].is_contiguous() || in[k].shape() != shape) {
      return nullptr;
    }
  }
  if (!kernel->is_row(shape.num_elements())) return nullptr;
  return std::make_unique<FusedRow>(arguments, std::move(kernel), std::move(operands), scalars, shape, mode);
}

std::unique_ptr<PreparedCall> prepared_native(std::span<const Array> arguments, const NativeSteps& steps,
                                              PreparedOperands operands) {
  const Arrays in = arrays_of(arguments, operands);
  if (!have_values(in) || steps.outputs().size() > PreparedCall::kMostResults) return nullptr;
  std::vector<std::size_t> gaps;
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (!in[k].is_contiguous()) gaps.push_back(k);
  }
  return std::make_unique<NativeCode>(arguments, steps, std::move(operands), std::move(gaps));
}

}  // namespace tnp::compiler

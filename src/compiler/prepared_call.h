// A program for arguments of just these types and sizes, as what is left of a call once nothing about them has to be
// asked: the views that its results are of its arguments, one call of a kernel, …
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ir/array_layout.h"
#include "ir/opdef.h"

namespace tnp::compiler {

// Work on arrays of so many elements is worth more than what a call costs: such calls are not prepared, and other
// Python threads run meanwhile.
inline constexpr std::int64_t kLargeElements = 1 << 16;

class FusedKernel;
class NativeSteps;
enum class JitMode : std::uint8_t;

// An argument by number, or an array that is always the same.
struct PreparedOperand {
  int argument = -1;
  Array constant;
  detail::Node* node(detail::Node* const* arguments) const {
    return argument >= 0 ? arguments[argument] : constant.node();
  }
};
using PreparedOperands = std::vector<PreparedOperand>;

class PreparedCall {
 public:
  static constexpr std::size_t kMostArguments = 128, kMostResults = 128;

  virtual ~PreparedCall() = default;
  PreparedCall(const PreparedCall&) = delete;

  // Whether it is for these arguments: concrete.
  bool fits(detail::Node* const* arguments, std::size_t count) const {
    if (count != arguments_.size()) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (!arguments_[i].is(*arguments[i])) return false;
    }
    return true;
  }
  std::size_t num_results() const { return num_results_; }
  // The argument that this result is; -1: none.
  int argument_of(std::size_t result) const { return same_.empty() ? -1 : same_[result]; }
  // Of arguments that fit, which the caller holds, while nobody traces, records or profiles. Results that are arguments
  // stay absent. Throws what the operations throw. False, with nothing done, where the steps are to say what is wrong.
  virtual bool run(detail::Node* const* arguments, Array* results) const = 0;
  // Whether the result is one element of 0 dimensions, and which type it has: `run_element` gives where just that is,
  // in `room` or elsewhere.
  const std::optional<DType>& element() const { return element_; }
  virtual const std::byte* run_element(detail::Node* const* /*arguments*/, std::byte* room) const { return room; }
  // If it is one operation, that and what this is of.
  const OpDef* operation() const { return operation_; }
  virtual const PreparedOperands& operands() const;
  // Whether other Python threads had better run meanwhile, although the arrays are not large.
  bool is_heavy() const { return is_heavy_; }
  void set_heavy(bool is_heavy) { is_heavy_ = is_heavy; }

 protected:
  PreparedCall(std::span<const Array> arguments, std::size_t num_results)
      : arguments_(arguments.begin(), arguments.end()), num_results_(num_results) {}

  std::vector<ArrayLayout> arguments_;
  std::size_t num_results_;
  std::optional<DType> element_;
  std::vector<int> same_;  // for each result, the argument that it is, or -1; empty: none is
  const OpDef* operation_ = nullptr;
  bool is_heavy_ = false;
};

// Arrays that somebody else holds, for the time of a call.
class BorrowedArrays {
 public:
  static constexpr std::size_t kMost = 192;
  BorrowedArrays(const PreparedOperands& operands, detail::Node* const* arguments) : count_(operands.size()) {
    for (std::size_t k = 0; k < count_; ++k) new (arrays() + k) Array(Array::adopt(operands[k].node(arguments)));
  }
  BorrowedArrays(const BorrowedArrays&) = delete;  // and no destructor: the references are not ours
  std::span<const Array> all() const { return {const_cast<BorrowedArrays*>(this)->arrays(), count_}; }

 private:
  Array* arrays() { return reinterpret_cast<Array*>(memory_); }

  std::size_t count_;
  alignas(Array) std::byte memory_[kMost * sizeof(Array)];
};

// Results that are arguments, constants or views of arguments.
class PreparedViews final : public PreparedCall {
 public:
  struct Result {
    PreparedOperand of;
    bool whole;  // `of` itself
    std::ptrdiff_t offset;
    ArrayLayout layout;
  };
  PreparedViews(std::span<const Array> arguments, std::vector<Result> results);
  bool run(detail::Node* const* arguments, Array* results) const override;
  const std::byte* run_element(detail::Node* const* arguments, std::byte* room) const override;

 private:
  std::vector<Result> results_;
};

// One operation, one fused group or a whole plan as native code; `operands` are what it reads. Null where it is none of
// the quick ways.
std::unique_ptr<PreparedCall> prepared_operation(std::span<const Array> arguments, const OpDef& op,
                                                 const Params& params, PreparedOperands operands,
                                                 std::size_t num_results);
std::unique_ptr<PreparedCall> prepared_kernel(std::span<const Array> arguments, std::shared_ptr<FusedKernel> kernel,
                                              PreparedOperands operands, JitMode mode);
std::unique_ptr<PreparedCall> prepared_native(std::span<const Array> arguments, const NativeSteps& steps,
                                              PreparedOperands operands);

}  // namespace tnp::compiler

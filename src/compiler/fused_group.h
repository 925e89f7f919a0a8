// A fused group: elementwise operations whose values have one shape, computed together, element by element.
//
// A group is written in two kinds of instruction: an operation on values of the one type that its kernel computes in,
// and a conversion. What NumPy's rules leave implicit (casts to the loop's type, half precision's way through float32)
// is spelled out, so that whoever runs a group, by block kernels or by compiled code, does the same.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "ir/opdef.h"
#include "ops/elementwise/loop.h"

namespace tnp::compiler {

inline constexpr int kMaxGroupOps = 256;  // of the graph; each may add four conversions
inline constexpr int kMaxGroupValues = kMaxLoopOperands + 5 * kMaxGroupOps;

// Inputs of which one element serves all (bit k: input k).
using OperandMask = std::bitset<kMaxLoopOperands>;

struct FusedOp {
  const OpDef* op;  // null: the conversion of its one input to `dtype`
  DType compute;    // the type of the kernel, and of every input; of a conversion: its input's
  DType dtype;      // of the result
  std::uint8_t arity;
  std::array<std::int16_t, 3> in;  // value numbers

  bool operator==(const FusedOp&) const = default;
};

struct FusedGroup {
  std::vector<DType> inputs;          // values 0, 1, …
  std::vector<FusedOp> ops;           // operation i gives value inputs.size() + i
  std::vector<std::int16_t> outputs;  // values that are stored

  int num_inputs() const { return static_cast<int>(inputs.size()); }
  int num_outputs() const { return static_cast<int>(outputs.size()); }
  int num_values() const { return static_cast<int>(inputs.size() + ops.size()); }
  DType dtype(int value) const { return value < num_inputs() ? inputs[value] : ops[value - num_inputs()].dtype; }

  bool operator==(const FusedGroup&) const = default;
  std::size_t hash() const;
  int cycles() const;       // per element, roughly
  std::string str() const;  // "add(%0, %1) float64; …"
};

// Writes a group: takes operations as a graph has them and adds the conversions they imply.
class GroupBuilder {
 public:
  int input(DType dtype);
  // Applies an elementwise operation (with NumPy's rules) or a conversion to values; gives the result's number.
  int apply(const OpDef& op, std::span<const int> in);
  int cast(int value, DType to);
  void output(int value) { group_.outputs.push_back(static_cast<std::int16_t>(value)); }
  FusedGroup take() { return std::move(group_); }

 private:
  // Numbers count inputs first, so all inputs must be known before the first operation.
  int push(const FusedOp& op);
  FusedGroup group_;
};

// The loop's type of an elementwise operation on inputs of these types; none if it has none.
std::optional<DType> loop_of(const OpDef& op, std::span<const DType> in);

}  // namespace tnp::compiler

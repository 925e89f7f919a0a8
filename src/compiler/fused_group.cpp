#include "compiler/fused_group.h"

#include "ops/elementwise/loops.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

bool is_half(DType d) { return d == DType::float16 || d == DType::bfloat16; }

}  // namespace

std::optional<DType> loop_of(const OpDef& op, std::span<const DType> in) {
  for (DType d : in) {
    if (!is_numeric(d)) return std::nullopt;
  }
  DType common = in[0];
  for (DType d : in.subspan(1)) common = promote(common, d);
  const ElementwiseInfo& info = *op.elementwise;
  const std::uint8_t loop =
      in.size() == 2 ? loop_of_two(info, in[0], in[1], common) : info.loop_for[static_cast<int>(common)];
  if (loop == kNoLoop) return std::nullopt;
  return static_cast<DType>(loop);
}

std::size_t FusedGroup::hash() const {
  std::size_t h = 0;
  const auto mix = [&](std::size_t v) { h = (h ^ v) * 0x9e3779b97f4a7c15u + (h >> 29); };
  for (DType d : inputs) mix(static_cast<std::size_t>(d));
  for (const FusedOp& op : ops) {
    mix(reinterpret_cast<std::size_t>(op.op));
    mix(static_cast<std::size_t>(op.compute) * 32 + static_cast<std::size_t>(op.dtype));
    for (int k = 0; k < op.arity; ++k) mix(static_cast<std::size_t>(op.in[k]));
  }
  for (std::int16_t v : outputs) mix(static_cast<std::size_t>(v));
  return h;
}

int FusedGroup::cycles() const {
  int total = 0;
  for (const FusedOp& op : ops) total += op.op ? op.op->elementwise->cycles : 1;
  return std::max(total, 1);
}

std::string FusedGroup::str() const {
  std::string s;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const FusedOp& op = ops[i];
    s += "    %" + std::to_string(inputs.size() + i) + ": " + std::string(name(op.dtype)) + " = " +
         (op.op ? op.op->name : "cast") + "(";
    for (int k = 0; k < op.arity; ++k) s += (k ? ", %" : "%") + std::to_string(op.in[k]);
    s += ")\n";
  }
  return s;
}

int GroupBuilder::input(DType dtype) {
  if (!group_.ops.empty()) throw RuntimeError("an input was added to a fused group after its operations");
  group_.inputs.push_back(dtype);
  return group_.num_inputs() - 1;
}

int GroupBuilder::push(const FusedOp& op) {
  for (std::size_t i = 0; i < group_.ops.size(); ++i) {
    if (group_.ops[i] == op) return group_.num_inputs() + static_cast<int>(i);
  }
  group_.ops.push_back(op);
  return group_.num_values() - 1;
}

int GroupBuilder::cast(int value, DType to) {
  const DType from = group_.dtype(value);
  if (from == to) return value;
  return push({nullptr, from, to, 1, {static_cast<std::int16_t>(value), 0, 0}});
}

int GroupBuilder::apply(const OpDef& op, std::span<const int> in) {
  const ElementwiseInfo& info = *op.elementwise;
  DType types[3];
  for (std::size_t k = 0; k < in.size(); ++k) types[k] = group_.dtype(in[k]);
  const std::optional<DType> loop = loop_of(op, {types, in.size()});
  if (!loop) throw RuntimeError(std::string(op.name) + ": has no loop for its inputs in a fused group");
  const DType compute = is_half(*loop) ? DType::float32 : *loop;
  FusedOp fused{&op, compute, result_dtype(info, compute), static_cast<std::uint8_t>(info.arity), {}};
  for (int k = 0; k < info.arity; ++k) fused.in[k] = static_cast<std::int16_t>(cast(in[k], compute));
  return cast(push(fused), result_dtype(info, *loop));
}

}  // namespace tnp::compiler

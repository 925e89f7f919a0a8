// The elementwise family: what every such operation shares.
#pragma once

#include <array>

#include "ir/opdef.h"
#include "ops/elementwise/kernel_abi.h"
#include "runtime/cpu_features.h"

namespace tnp {

// The cotangent of input i; absent if there is none.
using VjpFunction = Array (*)(const Array& ct, std::span<const Array> x, const Array& y, int i);

struct ElementwiseInfo {
  const char* name;
  int arity;
  DTypeSet types;
  ResultType result;
  int cycles;
  double low, high;
  PerIsa<const KernelTable*> kernels;
  VjpFunction vjp;            // null: not differentiable
  const char* no_derivative;  // why
  DType integer_loop;
  bool raises_flags;
  bool boolean_refused;
  bool internal;
  const char* oracle;
  const char* aliases;
  void (*check)(std::span<const Array> in, DType loop);   // may be null
  std::array<std::uint8_t, kNumericDTypeCount> loop_for;  // by common input type; kNoLoop
};
inline constexpr std::uint8_t kNoLoop = 0xff;

// The kernel of a loop: half precision's own, if it has one, else that of the type it computes in.
BlockKernel block_kernel(const ElementwiseInfo& info, DType loop) noexcept;

// Fills in loop_for, by NumPy's rule: the first loop that the type can be cast to safely.
ElementwiseInfo finish(ElementwiseInfo info);
OpDef elementwise_op(const ElementwiseInfo& info, const char* doc);

// The loop's type for these inputs; throws TypeError, naming the operation and the types.
DType loop_dtype(const ElementwiseInfo& info, std::span<const Array> in);
DType result_dtype(const ElementwiseInfo& info, DType loop) noexcept;

// The operation on operands of which some may be weak scalars.
Array apply_elementwise(const OpDef& op, const Array& x);
Array apply_elementwise(const OpDef& op, const Operand& x, const Operand& y);
Array apply_elementwise(const OpDef& op, const Operand& x, const Operand& y, const Operand& z);
// A weak scalar beside arrays whose common type is `array`, as an array of the type that the loop will have.
Array weak_operand(const OpDef& op, DType array, const Scalar& scalar);
// The array beside a weak scalar: itself, or an integer one cast where the default float is not NumPy's.
Array beside_weak(const OpDef& op, const Array& x, const Scalar& scalar);
// The same, with inputs that the caller gives up (a bit each).
Array apply_elementwise_donated(const OpDef& op, std::span<const Array> in, std::uint64_t donated);

// `ct` summed and cast to what `x`, one of several broadcast inputs, looks like.
Array unbroadcast(const Array& ct, const Array& like);

}  // namespace tnp

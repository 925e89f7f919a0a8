// An elementwise operation on arrays of known types and sizes, as the one call of a kernel that it is.
#pragma once

#include <optional>

#include "ir/opdef.h"
#include "ops/elementwise/kernel_abi.h"

namespace tnp {

struct PreparedElementwise {
  static constexpr int kMostInputs = 3;
  BlockKernel kernel;
  DType result;
  int arity;
  std::int32_t step[kMostInputs];
  std::int64_t elements;
  int widest;  // the input whose shape the result has
};

// Nothing where more is to be done: casts, strides, checks of values, sizes that threads share. Of inputs without gaps.
// Floating-point exceptions are not told.
std::optional<PreparedElementwise> prepare_elementwise(const OpDef& op, std::span<const Array> in);

}  // namespace tnp

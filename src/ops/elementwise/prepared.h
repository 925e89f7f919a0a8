// An elementwise operation on arrays of known types and sizes, as the one call of a kernel that it is.
#pragma once

#include <optional>

#include "ir/opdef.h"
#include "ops/elementwise/cast.h"
#include "ops/elementwise/kernel_abi.h"

namespace tnp {

struct PreparedElementwise {
  static constexpr int kMostInputs = 3;
  BlockKernel kernel;
  DType result;
  int arity;
  std::int32_t step[kMostInputs];
  CastKernel cast[kMostInputs];  // of few elements of another type than the loop's; null: none needed
  std::int64_t elements;
  int widest;  // the input whose shape the result has

  static constexpr std::int64_t kMostCast = 64;
  void run(void* out, const void* const* in) const {
    if (cast[0] == nullptr && cast[1] == nullptr && cast[2] == nullptr) {
      kernel(out, in, step, elements);
    } else {
      run_cast(out, in);
    }
  }
  void run_cast(void* out, const void* const* in) const;
};

// Nothing where more is to be done: casts of many elements, strides, checks of values, sizes that threads share. Of
// inputs without gaps. Floating-point exceptions are not told.
std::optional<PreparedElementwise> prepare_elementwise(const OpDef& op, std::span<const Array> in);

}  // namespace tnp

#include "ops/elementwise/number.h"

#include "ops/elementwise/family.h"
#include "ops/elementwise/fp_status.h"

namespace tnp {

Array apply_to_number(const OpDef& op, DType dtype, const void* value) {
  const ElementwiseInfo& info = *op.elementwise;
  const auto loop = static_cast<DType>(info.loop_for[static_cast<int>(dtype)]);
  const bool half = is_floating(dtype) && itemsize(dtype) == 2;
  if (dtype == DType::bool_ && info.boolean_refused) return {};
  if (info.arity != 1 || loop != dtype || half || info.check != nullptr) return {};
  static const Shape no_axes;
  Array out = Array::empty(result_dtype(info, loop), no_axes);
  const void* in[] = {value};
  const std::int32_t step[] = {0};
  const FpFlagsOfThread flags(info.raises_flags && !contains(info.kernels.get()->told, loop));
  note_fp_flags(block_kernel(info, loop)(out.node()->data, in, step, 1));
  return out;
}

}  // namespace tnp

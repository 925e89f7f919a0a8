#include "ops/elementwise/number.h"

#include "ops/elementwise/family.h"
#include "ops/elementwise/fp_status.h"

namespace tnp {

bool apply_to_number(const OpDef& op, DType dtype, const void* value, SingleNumber& out) {
  const ElementwiseInfo& info = *op.elementwise;
  const auto loop = static_cast<DType>(info.loop_for[static_cast<int>(dtype)]);
  const bool half = is_floating(dtype) && itemsize(dtype) == 2;
  if (dtype == DType::bool_ && info.boolean_refused) return false;
  if (info.arity != 1 || loop != dtype || half || info.check != nullptr) return false;
  out.dtype = result_dtype(info, loop);
  const void* in[] = {value};
  const std::int32_t step[] = {0};
  const FpFlagsOfThread flags(info.raises_flags && !contains(info.kernels.get()->told, loop));
  note_fp_flags(block_kernel(info, loop)(out.value, in, step, 1));
  return true;
}

}  // namespace tnp

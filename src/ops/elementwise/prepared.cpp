#include "ops/elementwise/prepared.h"

#include "ops/elementwise/family.h"

namespace tnp {

namespace {
constexpr std::int64_t kMostElements = 4096;  // that no operation divides among threads
}

void PreparedElementwise::run_cast(void* out, const void* const* in) const {
  alignas(64) std::byte staged[kMostInputs][kMostCast * 16];
  const void* from[kMostInputs];
  for (int k = 0; k < arity; ++k) {
    from[k] = in[k];
    if (cast[k] == nullptr) continue;
    cast[k](in[k], staged[k], step[k] != 0 ? elements : 1);
    from[k] = staged[k];
  }
  kernel(out, from, step, elements);
}

std::optional<PreparedElementwise> prepare_elementwise(const OpDef& op, std::span<const Array> in) {
  if (op.elementwise == nullptr || in.size() > PreparedElementwise::kMostInputs) return std::nullopt;
  const ElementwiseInfo& info = *op.elementwise;
  const DType loop = loop_dtype(info, in);
  const bool half = loop == DType::float16 || loop == DType::bfloat16;
  if (half || info.check != nullptr || in.size() != static_cast<std::size_t>(info.arity)) return std::nullopt;
  PreparedElementwise p{};
  p.kernel = block_kernel(info, loop);
  p.result = result_dtype(info, loop);
  p.arity = info.arity;
  for (std::size_t k = 1; k < in.size(); ++k) {
    if (in[k].ndim() > in[static_cast<std::size_t>(p.widest)].ndim()) p.widest = static_cast<int>(k);
  }
  const Shape& shape = in[static_cast<std::size_t>(p.widest)].shape();
  for (std::size_t k = 0; k < in.size(); ++k) {
    const bool whole = in[k].shape() == shape;
    if (!in[k].is_contiguous() || (!whole && in[k].ndim() > 0)) return std::nullopt;
    p.step[k] = whole ? 1 : 0;
    if (in[k].dtype() == loop) continue;
    p.cast[k] = cast_kernel(in[k].dtype(), loop);
    if (shape.num_elements() > PreparedElementwise::kMostCast) return std::nullopt;
  }
  p.elements = shape.num_elements();
  if (p.elements > kMostElements) return std::nullopt;
  return p;
}

}  // namespace tnp

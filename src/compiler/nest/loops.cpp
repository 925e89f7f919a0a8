#include "compiler/nest/loops.h"

#include <algorithm>

namespace tnp::compiler {

Loops::Loops(const Shape& shape, std::span<const Strides> operands, std::span<const int> itemsizes) {
  const std::size_t count = operands.size();
  for (int d = 0; d < shape.ndim(); ++d) {
    if (shape[d] == 1) continue;
    bool merged = !sizes.empty();
    for (std::size_t k = 0; merged && k < count; ++k) merged = strides.back()[k] == operands[k][d] * shape[d];
    if (merged) {
      sizes.back() *= shape[d];
    } else {
      sizes.push_back(shape[d]);
      strides.emplace_back(count);
    }
    for (std::size_t k = 0; k < count; ++k) strides.back()[k] = operands[k][d];
  }
  if (sizes.empty()) {  // one element
    sizes.push_back(1);
    strides.emplace_back(itemsizes.begin(), itemsizes.end());
  }
  parameters = sizes;
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      const std::int64_t stride = strides[d][k];
      const bool unit = d + 1 == sizes.size() && stride == itemsizes[k];
      kinds.push_back(static_cast<std::int8_t>(stride == 0 ? kNone : unit ? kUnit : 0));
      if (kinds.back() == 0) parameters.push_back(stride);
    }
  }
}

bool Loops::vectorizes() const {
  for (std::size_t k = sizes.size() - 1; k < kinds.size(); k += sizes.size()) {
    if (kinds[k] == 0) return false;
  }
  return true;
}

void Loops::set(NestStatement& s, int first) const {
  for (std::size_t d = 0; d < sizes.size(); ++d) s.extents.push_back(first++);
  for (std::size_t at = 0; at < kinds.size(); ++at) {
    if (at % sizes.size() == 0) s.strides.emplace_back();
    s.strides.back().push_back(kinds[at] == 0 ? first++ : kinds[at]);
  }
}

}  // namespace tnp::compiler

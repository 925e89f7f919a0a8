#include "compiler/nest/loops.h"

#include <algorithm>
#include <cstdlib>

namespace tnp::compiler {

namespace {

constexpr std::int64_t kFarBytes = 256 << 10;  // of an operand: less is in the second-level cache, or soon will be

}  // namespace

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
      const bool whole = d + 1 == sizes.size() && stride > 0 && stride % itemsizes[k] == 0;
      const std::int64_t apart = whole ? stride / itemsizes[k] : 0;
      const bool near = apart > 0 && apart <= kMostApart;
      kinds.push_back(static_cast<std::int8_t>(stride == 0 ? kNone : near ? stride_apart(static_cast<int>(apart)) : 0));
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

void Loops::look_ahead(std::span<const std::byte* const> data, std::span<const int> itemsizes) {
  std::int64_t n = 1;
  for (std::int64_t size : sizes) n *= size;
  const int widest = *std::max_element(itemsizes.begin(), itemsizes.end());
  const auto stride = [&](std::size_t loop, std::size_t k) { return strides[loop][k]; };
  // Whether another operand is a view of the same memory a little further on. Distinct arrays never are, wherever they
  // happen to lie, so that calls find the code of earlier ones.
  const auto follows = [&](std::size_t k, std::size_t other) {
    std::int64_t span = itemsizes[k];
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      if (stride(d, k) != stride(d, other)) return false;
      span += (sizes[d] - 1) * std::abs(stride(d, k));
    }
    const std::int64_t distance = data[other] - data[k], most = std::min(2 * std::abs(stride(0, k)), span - 1);
    return distance == 0 ? other < k : distance > 0 && distance <= most;
  };
  for (std::size_t k = 0; k < data.size(); ++k) {
    const std::int64_t row = sizes.back() * itemsizes[k];
    if (kinds[(k + 1) * sizes.size() - 1] != kUnit || n * itemsizes[k] < kFarBytes) continue;
    // Of narrow ones a line serves many turns. What lies beyond a row's end is mostly another row's.
    bool first = 2 * itemsizes[k] >= widest &&
                 (row >= 4 * kAheadBytes || sizes.size() == 1 || 2 * row >= std::abs(stride(sizes.size() - 2, k)));
    for (std::size_t d = 0; d < sizes.size(); ++d) first = first && stride(d, k) != 0;
    for (std::size_t other = 0; other < data.size(); ++other) first = first && (other == k || !follows(k, other));
    if (first) ahead.push_back(static_cast<int>(k));
  }
}

void Loops::set(NestStatement& s, int first) const {
  s.ahead = ahead;
  for (std::size_t d = 0; d < sizes.size(); ++d) s.extents.push_back(first++);
  for (std::size_t at = 0; at < kinds.size(); ++at) {
    if (at % sizes.size() == 0) s.strides.emplace_back();
    s.strides.back().push_back(kinds[at] == 0 ? first++ : kinds[at]);
  }
}

}  // namespace tnp::compiler

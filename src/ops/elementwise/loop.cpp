#include "ops/elementwise/loop.h"

#include <algorithm>
#include <vector>

#include "runtime/threads.h"

namespace tnp {

Strides broadcast_strides(const Shape& from, const Strides& strides, const Shape& shape) {
  Strides out(shape.ndim(), 0);
  const int lead = shape.ndim() - from.ndim();
  for (int i = 0; i < from.ndim(); ++i) {
    if (from[i] != 1) out[lead + i] = strides[i];
  }
  return out;
}

namespace {

// Removes dimensions of size 1 and merges neighbours that are one run of memory in every operand.
void collapse(Shape& shape, std::vector<Strides>& strides) {
  int last = -1;  // the dimension that the next may merge into
  for (int d = 0; d < shape.ndim(); ++d) {
    if (shape[d] == 1) continue;
    const bool merges = last >= 0 && std::all_of(strides.begin(), strides.end(),
                                                 [&](const Strides& s) { return s[last] == s[d] * shape[d]; });
    if (merges) {
      shape[last] *= shape[d];
    } else {
      shape[++last] = shape[d];
    }
    for (Strides& s : strides) s[last] = s[d];
  }
  shape.resize(last + 1);
  for (Strides& s : strides) s.resize(last + 1);
}

}  // namespace

void run_loop(const Shape& full_shape, std::span<const LoopOperand> operands, std::int64_t grain, RowFunction row,
              void* context) {
  const int count = static_cast<int>(operands.size());
  Shape shape = full_shape;
  std::vector<Strides> strides;
  strides.reserve(operands.size());
  for (const LoopOperand& o : operands) strides.push_back(o.strides);
  collapse(shape, strides);
  const int ndim = shape.ndim();
  const std::int64_t inner = ndim ? shape[ndim - 1] : 1;
  const std::int64_t total = shape.num_elements();
  if (total == 0) return;

  parallel_for(total, grain, [&](std::int64_t begin, std::int64_t end) {
    std::byte* at[kMaxLoopOperands];
    std::int64_t inner_strides[kMaxLoopOperands];
    std::int64_t index[kMaxDims];
    std::int64_t rest = begin / inner, offset = begin % inner;
    for (int d = ndim - 2; d >= 0; --d) {
      index[d] = rest % shape[d];
      rest /= shape[d];
    }
    for (int k = 0; k < count; ++k) {
      inner_strides[k] = ndim ? strides[k][ndim - 1] : 0;
      at[k] = operands[k].data + offset * inner_strides[k];
      for (int d = 0; d < ndim - 1; ++d) at[k] += index[d] * strides[k][d];
    }
    std::int64_t left = end - begin;
    std::int64_t n = std::min(inner - offset, left);
    for (;;) {
      row(context, at, inner_strides, n);
      left -= n;
      if (left == 0) return;
      for (int k = 0; k < count; ++k) at[k] -= offset * inner_strides[k];  // back to the start of its row
      offset = 0;
      for (int d = ndim - 2; d >= 0; --d) {
        const bool carry = ++index[d] == shape[d];
        for (int k = 0; k < count; ++k) at[k] += strides[k][d] * (carry ? 1 - shape[d] : 1);
        if (!carry) break;
        index[d] = 0;
      }
      n = std::min(inner, left);
    }
  });
}

}  // namespace tnp

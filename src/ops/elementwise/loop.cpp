#include "ops/elementwise/loop.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "base/element_bits.h"
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

// A loop's dimensions, collapsed.
struct Dimensions {
  Shape shape;
  std::vector<Strides> strides;  // of each operand

  Dimensions(const Shape& full, std::span<const LoopOperand> operands) : shape(full) {
    strides.reserve(operands.size());
    for (const LoopOperand& o : operands) strides.push_back(o.strides);
    collapse(shape, strides);
  }
};

constexpr std::int64_t kRowsTogether = 1024;  // elements: the operands stay in the first-level cache
constexpr std::int64_t kShortRowWithGaps = 64;
constexpr std::size_t kSmallStage = 4096;  // bytes on the stack

// How the elements of an operand lie, of a shape that has been collapsed to two dimensions and more.
enum class Lie : std::uint8_t { whole, number, repeated_row, repeated_element, other };

Lie lie_of(const Shape& shape, const Strides& strides, std::int64_t size) {
  const int last = shape.ndim() - 1;
  const auto none = [](std::int64_t s) { return s == 0; };
  const bool outer_none = std::all_of(strides.begin(), strides.end() - 1, none);
  if (strides[last] == 0 && outer_none) return Lie::number;
  if (strides[last] == size && outer_none) return Lie::repeated_row;
  if (strides == contiguous_strides(shape, static_cast<int>(size))) return Lie::whole;
  return strides[last] == 0 ? Lie::repeated_element : Lie::other;
}

// Each of `rows` elements n times. Up to kFill bytes are written past the end.
constexpr std::int64_t kFill = 64;
void repeat_elements(std::byte* to, const std::byte* from, std::int64_t stride, std::int64_t rows, std::int64_t n,
                     int size) {
  with_element_bits(size, [&]<class T>(T) {
    constexpr std::int64_t width = static_cast<std::int64_t>(sizeof(T)), lanes = kFill / width;
    for (std::int64_t r = 0; r < rows; ++r, from += stride, to += n * width) {
      T value;
      std::memcpy(&value, from, sizeof value);
      T values[lanes];
      for (T& v : values) v = value;
      for (std::int64_t i = 0; i < n; i += lanes) std::memcpy(to + i * width, values, sizeof values);
    }
  });
}

// Rows one after the other, of all dimensions but the last.
class RowWalk {
 public:
  RowWalk(const Shape& shape, std::int64_t first) : shape_(shape), outer_(shape.ndim() - 1) {
    for (int d = outer_ - 1; d >= 0; --d) {
      index_[d] = first % shape[d];
      first /= shape[d];
    }
  }
  std::int64_t offset(const Strides& strides) const {
    std::int64_t at = 0;
    for (int d = 0; d < outer_; ++d) at += index_[d] * strides[d];
    return at;
  }
  // To the next row; what an operand's place changes by.
  template <class F>
  void next(F&& move) {
    for (int d = outer_ - 1; d >= 0; --d) {
      const bool carry = ++index_[d] == shape_[d];
      move(d, carry ? 1 - shape_[d] : 1);
      if (!carry) return;
      index_[d] = 0;
    }
  }

 private:
  const Shape& shape_;
  int outer_;
  std::int64_t index_[kMaxDims];
};

// Rows [first, first + rows) of an operand to memory without gaps.
void gather_rows(std::byte* to, const LoopOperand& from, const Strides& strides, const Shape& shape, std::int64_t first,
                 std::int64_t rows, int size) {
  const std::int64_t n = shape[shape.ndim() - 1], stride = strides[shape.ndim() - 1];
  if (stride == 0 && shape.ndim() == 2)
    return repeat_elements(to, from.data + first * strides[0], strides[0], rows, n, size);
  RowWalk walk(shape, first);
  const std::byte* at = from.data + walk.offset(strides);
  for (std::int64_t r = 0; r < rows; ++r, to += n * size) {
    stride == 0 ? repeat_elements(to, at, 0, 1, n, size) : copy_strided(to, at, stride, n, size);
    walk.next([&](int d, std::int64_t steps) { at += steps * strides[d]; });
  }
}

bool run_together(const Dimensions& dimensions, std::span<const LoopOperand> operands, const RowsTogether& options,
                  std::int64_t grain, RowFunction row, void* context) {
  const auto& [shape, strides] = dimensions;
  const std::span<const int> sizes = options.sizes;
  const std::size_t count = operands.size();
  if (shape.ndim() < 2) return false;
  const std::int64_t inner = shape[shape.ndim() - 1];
  if (inner == 0 || inner > options.longest) return false;
  const std::int64_t total = shape.num_elements(), rows = total / inner;
  if (rows < 4) return false;
  std::vector<Lie> lies(count);
  for (std::size_t k = 0; k < count; ++k) {
    lies[k] = lie_of(shape, strides[k], sizes[k]);
    if (k < options.results && lies[k] != Lie::whole) return false;
    if (lies[k] == Lie::other && (!options.gaps || inner > kShortRowWithGaps)) return false;
  }
  if (options.start) options.start(context);
  // Whole cache lines of the result, where that many rows are not too many.
  const std::int64_t lines = 64 / std::gcd<std::int64_t>(64, inner * sizes[0]);
  std::int64_t together = kRowsTogether / inner;
  if (together >= lines) together -= together % lines;

  parallel_for(rows, std::max<std::int64_t>(1, grain / inner), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t most = std::min(together, end - begin) * inner;
    const auto staged = [&](std::size_t k) {
      return lies[k] == Lie::whole || lies[k] == Lie::number ? 0 : (most * sizes[k] + kFill + 63) / 64 * 64;
    };
    std::size_t bytes = 0;
    for (std::size_t k = 0; k < count; ++k) bytes += static_cast<std::size_t>(staged(k));
    alignas(64) std::byte small[kSmallStage];
    std::unique_ptr<std::byte[]> large;
    std::byte* free = small;
    if (bytes > kSmallStage) {
      large = std::make_unique_for_overwrite<std::byte[]>(bytes + 64);
      free = large.get() + (64 - reinterpret_cast<std::uintptr_t>(large.get()) % 64) % 64;
    }
    std::byte* at[kMaxLoopOperands];
    std::int64_t steps[kMaxLoopOperands];
    for (std::size_t k = 0; k < count; ++k) {
      steps[k] = lies[k] == Lie::number ? 0 : sizes[k];
      at[k] = operands[k].data;
      if (lies[k] == Lie::whole || lies[k] == Lie::number) continue;
      at[k] = free;
      free += staged(k);
      const std::int64_t row_bytes = inner * sizes[k];
      if (lies[k] != Lie::repeated_row) continue;
      for (std::int64_t r = 0; r < std::min(together, end - begin); ++r)
        std::memcpy(at[k] + r * row_bytes, operands[k].data, static_cast<std::size_t>(row_bytes));
    }
    for (std::int64_t first = begin; first < end; first += together) {
      const std::int64_t here = std::min(together, end - first);
      for (std::size_t k = 0; k < count; ++k) {
        if (lies[k] == Lie::whole) at[k] = operands[k].data + first * inner * sizes[k];
        if (lies[k] == Lie::repeated_element || lies[k] == Lie::other)
          gather_rows(at[k], operands[k], strides[k], shape, first, here, sizes[k]);
      }
      row(context, at, steps, here * inner);
    }
  });
  return true;
}

}  // namespace

bool run_short_rows(const Shape& shape, std::span<const LoopOperand> operands, const RowsTogether& options,
                    std::int64_t grain, RowFunction row, void* context) {
  return run_together({shape, operands}, operands, options, grain, row, context);
}

void run_loop(const Shape& full_shape, std::span<const LoopOperand> operands, std::int64_t grain, RowFunction row,
              void* context, const RowsTogether* together) {
  const Dimensions dimensions(full_shape, operands);
  if (together != nullptr && run_together(dimensions, operands, *together, grain, row, context)) return;
  const auto& [shape, strides] = dimensions;
  const int count = static_cast<int>(operands.size());
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

#include "numpy/blocks.h"

#include <algorithm>
#include <cstring>

#include "ops/shape/layout.h"
#include "ops/shape/ownership.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/numpy.h"
#include "tnp/primitives.h"

namespace tnp {

namespace {

constexpr std::int64_t kSmall = 1 << 17;  // elements that are computed at once
constexpr std::int64_t kBlock = 1 << 15;  // elements: several of such arrays fit into the second-level cache

using Inputs = std::vector<Array>;

// Elements [begin, begin + count) of axis 0; an input that is the same for all of them as it is.
Array rows_of(const Array& x, int ndim, std::int64_t begin, std::int64_t count) {
  if (x.ndim() < ndim || x.shape()[0] == 1) return x;
  std::vector<SliceSpec> axes{{begin, 1, count}};
  for (int d = 1; d < ndim; ++d) axes.push_back({0, 1, x.shape()[d]});
  return slice(x, axes);
}

Array contiguous(const Array& x) { return x.is_contiguous() ? x : copy(x); }

class Blocks {
 public:
  Blocks(const BlockFunction& f, Shape shape, Array out) : f_(f), shape_(std::move(shape)), out_(std::move(out)) {}

  // What the inputs give, broadcast to `shape`, from an element of the result on.
  void fill(const Inputs& inputs, const Shape& shape, std::int64_t at) {
    const std::int64_t n = shape.num_elements();
    if (n <= kBlock || shape.ndim() == 0) return store(f_(inputs), shape, at);
    const std::int64_t row = n / shape[0], rows = row >= kBlock ? 1 : kBlock / row;
    for (std::int64_t begin = 0; begin < shape[0]; begin += rows) {
      const std::int64_t count = std::min(rows, shape[0] - begin);
      Shape part = shape;
      part[0] = count;
      Inputs some;
      for (const Array& x : inputs) some.push_back(rows_of(x, shape.ndim(), begin, count));
      if (row <= kBlock) {
        store(f_(some), part, at + begin * row);
        continue;
      }
      for (Array& x : some) {
        if (x.ndim() == shape.ndim()) x = squeeze(x, Axes{0});
      }
      part.erase(0);
      fill(some, part, at + begin * row);
    }
  }
  Array result() { return std::move(out_); }

 private:
  void store(const Array& given, const Shape& shape, std::int64_t at) {
    const Array block = contiguous(given.shape() == shape ? given : broadcast_to(given, shape));
    if (!out_) out_ = Array::empty(block.dtype(), shape_);
    const auto bytes = static_cast<std::size_t>(shape.num_elements() * block.itemsize());
    std::memcpy(out_.data() + at * block.itemsize(), block.data(), bytes);
  }

  const BlockFunction& f_;
  Shape shape_;
  Array out_;
};

bool direct(std::span<const Array> inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const Array& x) { return computes_directly({&x}); });
}

// `ordered`: whether the inputs' axes are in the order of memory already.
Array in_blocks(std::span<const Array> inputs, const BlockFunction& f, bool ordered = false) {
  if (!direct(inputs)) return f(inputs);
  Shape shape;
  bool contiguous = true;
  for (const Array& x : inputs) {
    Shape both;
    if (!try_broadcast(shape, x.shape(), both)) return f(inputs);  // which says what is wrong
    shape = both;
  }
  const std::int64_t n = shape.num_elements();
  if (n <= kSmall) return f(inputs);
  for (const Array& x : inputs) contiguous = contiguous && (x.ndim() == 0 || (x.shape() == shape && x.is_contiguous()));
  Blocks blocks(f, shape, {});
  if (!contiguous) {
    if (const Axes order = ordered ? Axes() : memory_order(inputs); !order.empty()) {
      Inputs lying;
      for (const Array& x : inputs) lying.push_back(with_axes_in(x, order));
      return with_axes_back(in_blocks(lying, f, true), order);
    }
    blocks.fill({inputs.begin(), inputs.end()}, shape, 0);
    return blocks.result();
  }
  Inputs lines;
  for (const Array& x : inputs) lines.push_back(x.ndim() > 1 ? reshape(x, {n}) : x);
  blocks.fill(lines, {n}, 0);
  return blocks.result();
}

}  // namespace

Array by_blocks(std::initializer_list<Array> inputs, const BlockFunction& f) {
  return in_blocks(std::span(inputs.begin(), inputs.size()), f);
}

Array by_blocks_in_place(Array x, std::initializer_list<Array> others, const BlockFunction& f) {
  Inputs inputs{std::move(x)};
  inputs.insert(inputs.end(), others.begin(), others.end());
  if (!direct(inputs)) return f(inputs);
  const std::int64_t n = inputs[0].shape().num_elements();
  bool usable = n > kSmall && is_only_holder(inputs[0]);
  for (const Array& a : inputs) usable = usable && a.is_contiguous() && a.shape() == inputs[0].shape();
  if (!usable) return f(inputs);
  const Array out = inputs[0];
  for (Array& a : inputs) a = reshape(a, {n});
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t count = std::min(kBlock, n - begin);
    Inputs some;
    for (const Array& a : inputs) some.push_back(rows_of(a, 1, begin, count));
    const Array block = contiguous(f(some));
    if (block.dtype() != out.dtype()) throw RuntimeError("by_blocks_in_place: the result has another type");
    std::memmove(out.data() + begin * out.itemsize(), block.data(), static_cast<std::size_t>(count * out.itemsize()));
  }
  return out;
}

Array by_blocks_of_indices(std::int64_t n, DType dtype, const std::function<Array(const Array&)>& f) {
  Array out;
  for (std::int64_t begin = 0; begin == 0 || begin < n; begin += kBlock) {
    const std::int64_t count = n <= kSmall ? n : std::min(kBlock, n - begin);
    const Array indices = iota(count, dtype);
    const Array block = f(begin == 0 ? indices : add(indices, Scalar(static_cast<double>(begin))));
    if (count == n) return block;
    if (!out) out = Array::empty(block.dtype(), {n});
    std::memcpy(out.data() + begin * block.itemsize(), contiguous(block).data(),
                static_cast<std::size_t>(count * block.itemsize()));
  }
  return out;
}

}  // namespace tnp

#include "tnp/nested_blocks.h"

#include <algorithm>

#include "ir/composed.h"
#include "ops/common.h"
#include "ops/elementwise/cast.h"
#include "ops/sort/direct.h"
#include "tnp/manipulation.h"

namespace tnp {

namespace {

Array widened(Array x, int ndim) {
  while (x.ndim() < ndim) x = expand_dims(x, Axes{0});
  return x;
}

// Level by level: each copies what the one below it has joined.
Array join_levels(const NestedBlock& block, int depth, int ndim) {
  if (block.parts.empty()) return widened(block.array, ndim);
  Arrays parts;
  for (const NestedBlock& part : block.parts) parts.push_back(join_levels(part, depth - 1, ndim));
  return concatenate(parts, JoinOptions{ndim - depth, {}, Casting::same_kind});
}

struct Extent {
  Shape shape;
  DType dtype = DType::bool_;
  bool fits = true;  // sizes are known, and those that must agree do
};

Extent extent_of(const NestedBlock& block, int depth, int ndim) {
  if (block.parts.empty()) {
    const Array x = widened(block.array, ndim);
    return {x.shape(), x.dtype(), is_numeric(x.dtype()) && computes_directly({&x})};
  }
  const int axis = ndim - depth;
  Extent out;
  for (std::size_t k = 0; k < block.parts.size(); ++k) {
    const Extent part = extent_of(block.parts[k], depth - 1, ndim);
    if (!part.fits || axis < 0) return {{}, part.dtype, false};
    if (k == 0) {
      out = part;
      continue;
    }
    for (int d = 0; d < ndim; ++d) out.fits = out.fits && (d == axis || part.shape[d] == out.shape[d]);
    out.shape[axis] += part.shape[axis];
    out.dtype = promote(out.dtype, part.dtype);
  }
  return out;
}

// Copies leaves into `out` from `to` on; gives the block's shape.
Shape place(const NestedBlock& block, int depth, int ndim, const Array& out, std::byte* to) {
  if (block.parts.empty()) {
    const Array x = widened(block.array, ndim);
    if (x.shape().num_elements() > 0)
      cast_strided(view(x), {to, out.dtype(), ndim, x.shape().data(), out.strides().data()});
    return x.shape();
  }
  const int axis = ndim - depth;
  Shape shape;
  for (const NestedBlock& part : block.parts) {
    Shape placed = place(part, depth - 1, ndim, out, to);
    to += placed[axis] * out.strides()[axis];
    if (shape.ndim() == placed.ndim()) placed[axis] += shape[axis];
    shape = placed;
  }
  return shape;
}

Array join_at_once(const NestedBlock& block, int depth, int ndim) {
  const Extent extent = extent_of(block, depth, ndim);
  if (!extent.fits) return join_levels(block, depth, ndim);  // which says what is wrong
  const Array out = Array::empty(extent.dtype, extent.shape);
  place(block, depth, ndim, out, out.data());
  return out;
}

// A block as arrays and numbers: of each block, the outermost first, how many it consists of.
void take_apart(const NestedBlock& block, Arrays& arrays, Axes& numbers) {
  numbers.push_back(static_cast<std::int64_t>(block.parts.size()));
  if (block.parts.empty()) arrays.push_back(block.array);
  for (const NestedBlock& part : block.parts) take_apart(part, arrays, numbers);
}

NestedBlock put_together(std::span<const Array>& arrays, const Axes& numbers, int& next) {
  NestedBlock block;
  const std::int64_t count = numbers[next++];
  if (count == 0) {
    block.array = arrays[0];
    arrays = arrays.subspan(1);
  }
  for (std::int64_t k = 0; k < count; ++k) block.parts.push_back(put_together(arrays, numbers, next));
  return block;
}

// The numbers begin with the depth and the number of dimensions.
template <Array (*join)(const NestedBlock&, int, int)>
Array joined(std::span<const Array> in, const Axes& numbers) {
  int next = 2;
  return join(put_together(in, numbers, next), static_cast<int>(numbers[0]), static_cast<int>(numbers[1]));
}

const Composed kBlock("block", "Blocks of blocks, joined along several axes.", &joined<&join_levels>,
                      &joined<&join_at_once>, nullptr, &joined<&join_levels>);

}  // namespace

Array join_nested(const NestedBlock& block, int depth, int ndim) {
  if (depth < 2) return join_levels(block, depth, ndim);
  Arrays arrays;
  Axes numbers{depth, ndim};
  take_apart(block, arrays, numbers);
  const auto is_number = [](const Array& x) { return is_numeric(x.dtype()) && x.shape().rank_known(); };
  if (!std::all_of(arrays.begin(), arrays.end(), is_number)) return join_levels(block, depth, ndim);
  return compose(kBlock, arrays, numbers);
}

}  // namespace tnp

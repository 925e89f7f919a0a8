#include "tnp/nested_blocks.h"

#include "ir/trace.h"
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

}  // namespace

Array join_nested(const NestedBlock& block, int depth, int ndim) {
  if (depth < 2 || current_trace != nullptr) return join_levels(block, depth, ndim);
  const Extent extent = extent_of(block, depth, ndim);
  if (!extent.fits) return join_levels(block, depth, ndim);  // which says what is wrong
  const Array out = Array::empty(extent.dtype, extent.shape);
  place(block, depth, ndim, out, out.data());
  return out;
}

}  // namespace tnp

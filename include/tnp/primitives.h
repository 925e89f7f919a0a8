// The primitives that are not elementwise, as functions. NumPy's functions of the same names (numpy.h) add its defaults
// and keywords.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "tnp/array.h"

namespace tnp {

using AxisList = std::span<const std::int64_t>;

// cast
Array astype(const Array& x, DType dtype);  // complex to real drops the imaginary part, as NumPy's astype

// shape. Sizes may be symbolic inside a traced function; they are never -1 here.
Array reshape(const Array& x, const Shape& shape);
Array transpose(const Array& x, AxisList axes);  // a permutation
Array broadcast_to(const Array& x, const Shape& shape);
// Elements start, start + step, … of each axis: `count` of them. Negative steps are allowed.
struct SliceSpec {
  std::int64_t start, step, count;
};
Array slice(const Array& x, std::span<const SliceSpec> axes);
// x with the elements that the slice would give replaced by `update`, which is broadcast to it.
Array place_slice(const Array& x, const Array& update, std::span<const SliceSpec> axes);
Array pad(const Array& x, const Array& value, std::span<const std::int64_t> before,
          std::span<const std::int64_t> after);
Array concatenate(std::span<const Array> arrays, int axis);
Array copy(const Array& x);  // with memory of its own, contiguous

// indexing. `indices` are integer arrays that are broadcast together, one for each of `axes`; negative ones count from
// the end. The result has the broadcast index shape in place of the first indexed axis (axes are adjacent) and x's
// other axes. Throws IndexError for an index out of range.
Array gather(const Array& x, std::span<const Array> indices, AxisList axes);
enum class ScatterMode : std::uint8_t { set, add, multiply, min, max };
// x with `updates`, of the shape that gather gives, put or combined at those places, in order.
Array scatter(const Array& x, std::span<const Array> indices, const Array& updates, AxisList axes, ScatterMode mode);
// Indices of the true elements, in row-major order: int64 of shape (count, ndim). The count is known when it runs.
Array nonzero_indices(const Array& mask);

// creation
Array full(const Shape& shape, const Array& value);  // value: 0-d
Array zeros(const Shape& shape, DType dtype);
Array ones(const Shape& shape, DType dtype);
Array iota(std::int64_t count, DType dtype);     // 0, 1, …; the count may be symbolic
Array dim_value(std::int64_t dim, DType dtype);  // a (symbolic) size as a 0-d array

// reductions over the given axes (none given: the empty set, not all)
Array reduce_sum(const Array& x, AxisList axes, bool keepdims, DType dtype);
Array reduce_prod(const Array& x, AxisList axes, bool keepdims, DType dtype);
Array reduce_min(const Array& x, AxisList axes, bool keepdims);
Array reduce_max(const Array& x, AxisList axes, bool keepdims);
Array reduce_all(const Array& x, AxisList axes, bool keepdims);
Array reduce_any(const Array& x, AxisList axes, bool keepdims);
Array reduce_argmin(const Array& x, AxisList axes, bool keepdims);  // int64, in row-major order of the reduced axes
Array reduce_argmax(const Array& x, AxisList axes, bool keepdims);
// x summed over what broadcasting `like` to x's shape repeats: the transpose of broadcasting.
Array sum_to(const Array& x, const Array& like);

// linear algebra: NumPy's matmul, stacks of matrices broadcast
Array matmul(const Array& x, const Array& y);

// gradients
Array stop_gradient(const Array& x);
Array alias(const Array& x);  // the same elements as a value of its own, which tapes tell from x

}  // namespace tnp

#include "ops/shape/layout.h"

#include <algorithm>
#include <cstdlib>

#include "ops/common.h"
#include "ops/shape/copy.h"

namespace tnp {

namespace {

const Shape& shape_of(const Array& x) { return x.shape(); }
const Shape& shape_of(const Lying& x) { return x.shape; }
const Strides& strides_of(const Array& x) { return x.strides(); }
const Strides& strides_of(const Lying& x) { return x.strides; }

// Bytes from one element of an operand to the next along an axis of the result; 0 where it is repeated.
template <class T>
std::int64_t step_along(const T& x, int axis, int ndim) {
  const int own = axis - (ndim - shape_of(x).ndim());
  return own < 0 || shape_of(x)[own] == 1 ? 0 : std::abs(strides_of(x)[own]);
}

enum class Nesting { open, as_it_is, reversed };

// Whether axis `outer`, which comes before `inner` in row-major order, should be the inner one.
template <class T>
Nesting nesting(std::span<const T> operands, int outer, int inner, int ndim) {
  Nesting found = Nesting::open;
  for (const T& x : operands) {
    const std::int64_t longer = step_along(x, outer, ndim), shorter = step_along(x, inner, ndim);
    if (longer == 0 || shorter == 0) continue;
    if (longer >= shorter) return Nesting::as_it_is;
    found = Nesting::reversed;
  }
  return found;
}

template <class T>
Axes order_of(std::span<const T> operands, int ndim) {
  Axes inside_out;  // sorted by insertion, as axes of which no operand tells the order keep their places
  bool moved = false;
  for (int axis = ndim - 1; axis >= 0; --axis) {
    int at = inside_out.size();
    for (int i = at - 1; i >= 0; --i) {
      const Nesting n = nesting(operands, axis, static_cast<int>(inside_out[i]), ndim);
      if (n == Nesting::as_it_is) break;
      if (n == Nesting::reversed) at = i;
    }
    moved = moved || at != inside_out.size();
    inside_out.insert(at, axis);
  }
  if (!moved) return {};
  std::reverse(inside_out.begin(), inside_out.end());
  return inside_out;
}

constexpr std::int64_t kScatteredElements = 1 << 8;  // fewer take no longer one by one than put in order
constexpr std::int64_t kLine = 64;                   // bytes of a cache line

// Whether each element of a row lies in another cache line, whose other elements belong to other rows, as in a large
// transposed matrix. Row by row such an array is read from memory again and again.
bool is_scattered(const Array& x) {
  const int last = x.ndim() - 1;
  const Shape& shape = x.shape();
  if (last < 1 || shape[last] < 16 || shape.num_elements() < kScatteredElements) return false;
  if (std::abs(x.strides()[last]) < kLine) return false;
  for (int i = 0; i < last; ++i) {
    const std::int64_t stride = std::abs(x.strides()[i]);
    if (stride != 0 && stride < kLine && shape[i] >= 8) return true;
  }
  return false;
}

}  // namespace

Array gathered_if_scattered(const Array& x) {
  if (!is_scattered(x)) return {};
  Array out = Array::empty(x.dtype(), x.shape());
  copy_strided(view(x), view(out));
  return out;
}

Axes memory_order(std::span<const Array> operands) {
  int ndim = 0;
  bool row_major = true;
  for (const Array& x : operands) {
    ndim = std::max(ndim, x.shape().ndim());
    row_major = row_major && (x.is_contiguous() || x.shape().num_elements() == 0);
  }
  return row_major || ndim < 2 ? Axes() : order_of(operands, ndim);
}

Axes memory_order(std::span<const Lying> operands) {
  int ndim = 0;
  for (const Lying& x : operands) ndim = std::max(ndim, x.shape.ndim());
  return ndim < 2 ? Axes() : order_of(operands, ndim);
}

Array with_axes_in(const Array& x, const Axes& order) {
  const int own = x.shape().ndim(), ndim = order.size();
  if (own == 0) return x;
  Shape shape(ndim, 1);
  Strides strides(ndim, 0);
  for (int i = 0; i < ndim; ++i) {
    const int axis = static_cast<int>(order[i]) - (ndim - own);
    if (axis < 0) continue;
    shape[i] = x.shape()[axis];
    strides[i] = x.strides()[axis];
  }
  return Array::view_of(x.node()->buffer, x.data(), x.dtype(), shape, strides);
}

Array with_axes_back(const Array& x, const Axes& order) {
  const int ndim = order.size();
  Shape shape(ndim, 1);
  Strides strides(ndim, 0);
  for (int i = 0; i < ndim; ++i) {
    shape[static_cast<int>(order[i])] = x.shape()[i];
    strides[static_cast<int>(order[i])] = x.strides()[i];
  }
  return Array::view_of(x.node()->buffer, x.data(), x.dtype(), shape, strides);
}

Array empty_in(DType dtype, const Shape& shape, const Axes& order) {
  if (order.empty()) return Array::empty(dtype, shape);
  Shape lying(order.size(), 0);
  for (int i = 0; i < order.size(); ++i) lying[i] = shape[static_cast<int>(order[i])];
  return with_axes_back(Array::empty(dtype, lying), order);
}

}  // namespace tnp

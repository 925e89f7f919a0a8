#include "tnp/diagonals.h"

#include <cstring>
#include <vector>

#include "base/dim.h"
#include "ir/composed.h"
#include "ir/trace.h"
#include "ops/shape/sequences.h"
#include "ops/shape/slice.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

void check_matrix(const Array& x) {
  if (x.ndim() != 2) throw ValueError("input array must be 2-d, but its shape is " + x.shape().str());
}

// Throws for sizes that are known and differ.
void check_equal_sizes(const Shape& shape) {
  for (int i = 1; i < shape.ndim(); ++i) {
    if (!is_symbolic(shape[i]) && !is_symbolic(shape[0]) && shape[i] != shape[0]) {
      throw ValueError("All dimensions of input must be of equal length, not " + shape.str());
    }
  }
}

}  // namespace

Array diag(const Array& v, std::int64_t k) {
  if (v.ndim() == 2) return diagonal(v, k);
  if (v.ndim() != 1) throw ValueError("Input must be 1- or 2-d.");
  const Dim n = v.shape()[0], side = dim_add(n, k < 0 ? -k : k);
  if (!is_symbolic(side)) {
    // Every (side + 1)-th element, from the first row or the first column on.
    check_shape(Shape{side, side}, v.itemsize());
    const SliceSpec diagonal[] = {{k < 0 ? -k * side : k, side + 1, n}};
    return reshape(place_slice_into(zeros({side * side}, v.dtype()), v, diagonal), {side, side});
  }
  const Array i = iota(n, DType::int64);
  const Array indices[] = {k < 0 ? i + Scalar(-k) : i, k > 0 ? i + Scalar(k) : i};
  const std::int64_t axes[] = {0, 1};
  return scatter(zeros({side, side}, v.dtype()), indices, v, axes, ScatterMode::set);
}

Array diagflat(const Array& v, std::int64_t k) { return diag(ravel(v), k); }

namespace {

// The places of a diagonal in row-major order: 0, step, 2 * step, …
struct Diagonal {
  Dim step = 1, count = 0;
};
Diagonal diagonal_of(const Shape& shape, bool wrap) {
  Diagonal d{1, shape[0]};
  if (shape.ndim() == 2) {
    const Dim rows = shape[0], columns = shape[1];
    d.step = dim_add(columns, 1);
    d.count = wrap ? dim_floor_div(dim_add(dim_mul(rows, columns), columns), d.step) : dim_min(rows, columns);
    return d;
  }
  Dim stride = 1;
  for (int i = 0; i + 1 < shape.ndim(); ++i) {
    stride = dim_mul(stride, shape[i]);
    d.step = dim_add(d.step, stride);
  }
  return d;
}

Array filled_diagonal_of_parts(std::span<const Array> in, const Axes& numbers) {
  const Array &x = in[0], &values = in[1];
  const bool wrap = numbers[0] != 0;
  const Diagonal d = diagonal_of(x.shape(), wrap);
  if (!wrap) {
    Axes axes;
    for (int i = 0; i < x.ndim(); ++i) axes.push_back(i);
    const std::vector<Array> places(static_cast<std::size_t>(x.ndim()), iota(d.count, DType::int64));
    return scatter(x, places, astype(values, x.dtype()), axes, ScatterMode::set);
  }
  return put(x, iota(d.count, DType::int64) * dim_value(d.step, DType::int64), values);
}

Array filled_diagonal(std::span<const Array> in, const Axes& numbers) {
  const Array &x = in[0], value = astype(in[1], x.dtype());
  const Diagonal d = diagonal_of(x.shape(), numbers[0] != 0);
  const Array out = copy(x);
  const std::int64_t size = x.itemsize();
  for (std::int64_t i = 0; i < d.count; ++i)
    std::memcpy(out.data() + i * d.step * size, value.data(), static_cast<std::size_t>(size));
  return out;
}

// With one value.
const Composed kFilledDiagonal("fill_diagonal", "A copy with one value on its diagonal.", &filled_diagonal_of_parts,
                               &filled_diagonal, nullptr, &filled_diagonal_of_parts);

}  // namespace

Array fill_diagonal(const Array& x, const Array& values, bool wrap) {
  if (x.ndim() < 2) throw ValueError("array must be at least 2-d");
  if (x.ndim() > 2) check_equal_sizes(x.shape());
  if (values.ndim() == 0) return compose(kFilledDiagonal, {x, values}, {wrap ? 1 : 0});
  const Diagonal d = diagonal_of(x.shape(), wrap);
  return put(x, iota(d.count, DType::int64) * dim_value(d.step, DType::int64), values);
}

Arrays diag_indices(std::int64_t n, int ndim) {
  return Arrays(static_cast<std::size_t>(ndim < 0 ? 0 : ndim), iota(n, DType::int64));
}

Arrays diag_indices_from(const Array& x) {
  if (x.ndim() < 2) throw ValueError("input array must be at least 2-d");
  check_equal_sizes(x.shape());
  return diag_indices(x.shape()[0], x.ndim());
}

Arrays tril_indices(std::int64_t n, std::int64_t k, std::int64_t m) { return triangle_indices(n, k, m, true); }
Arrays triu_indices(std::int64_t n, std::int64_t k, std::int64_t m) { return triangle_indices(n, k - 1, m, false); }
Arrays tril_indices_from(const Array& x, std::int64_t k) {
  check_matrix(x);
  return tril_indices(x.shape()[0], k, x.shape()[1]);
}
Arrays triu_indices_from(const Array& x, std::int64_t k) {
  check_matrix(x);
  return triu_indices(x.shape()[0], k, x.shape()[1]);
}

}  // namespace tnp

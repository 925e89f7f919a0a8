#include "tnp/products.h"

#include <algorithm>

#include "base/dim.h"
#include "ir/composed.h"
#include "ops/matmul/gemm.h"
#include "ops/shape/require.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

[[noreturn]] void not_aligned(const char* what, const Array& x, const Array& y) {
  throw ValueError(std::string(what) + ": shapes " + x.shape().str() + " and " + y.shape().str() + " not aligned");
}

bool differ(Dim a, Dim b) { return a != b && !is_symbolic(a) && !is_symbolic(b); }

Array conjugated(const Array& x) { return is_complex(x.dtype()) ? conjugate(x) : x; }

}  // namespace

Array dot(const Array& x, const Array& y) {
  const int n = x.ndim(), m = y.ndim();
  if (n == 0 || m == 0) return multiply(x, y);
  const Dim k = x.shape()[n - 1], other = y.shape()[m == 1 ? 0 : m - 2];
  if (differ(k, other)) not_aligned("dot", x, y);
  if (m <= 2) return matmul(x, y);
  return tensordot(x, y, Axes{n - 1}, Axes{m - 2});
}

Array inner(const Array& x, const Array& y) {
  if (x.ndim() == 0 || y.ndim() == 0) return multiply(x, y);
  if (differ(x.shape()[x.ndim() - 1], y.shape()[y.ndim() - 1])) not_aligned("inner", x, y);
  if (y.ndim() == 1) return matmul(x, y);
  return tensordot(x, y, Axes{-1}, Axes{-1});
}

Array outer(const Array& x, const Array& y) {
  const Array a = ravel(x);
  return multiply(reshape(a, {a.shape()[0], 1}), ravel(y));
}

namespace {

// Along the last axis, without conjugates in memory. Absent where those are needed.
Array dots_of_conjugates(const Array& x, const Array& y) {
  if (x.dtype() != y.dtype() || !is_complex(x.dtype()) || !computes_directly({&x, &y})) return {};
  const std::int64_t size = x.itemsize(), k = x.shape()[x.ndim() - 1];
  if (y.shape()[y.ndim() - 1] != k || !has_conjugated_dots(x.dtype(), k)) return {};
  const int n = std::max(x.ndim(), y.ndim()) - 1;
  Shape left = x.shape(), right = y.shape(), shape;
  left.resize(x.ndim() - 1);
  right.resize(y.ndim() - 1);
  if (!try_broadcast(left, right, shape)) return {};
  const auto steps = [&](const Array& z) {
    Strides out(n, 0);
    for (int i = 0, first = n + 1 - z.ndim(); i < z.ndim() - 1; ++i) {
      if (z.shape()[i] != 1) out[first + i] = z.strides()[i] / size;
    }
    return out;
  };
  const Strides a = steps(x), b = steps(y);
  Array out = Array::empty(x.dtype(), shape);
  conjugated_dots(x.dtype(), n, shape.data(), k, x.data(), a.data(), x.strides()[x.ndim() - 1] / size, y.data(),
                  b.data(), y.strides()[y.ndim() - 1] / size, out.data());
  return out;
}

Array vdot_of_parts(std::span<const Array> in, const Axes&) { return matmul(conjugated(in[0]), in[1]); }
Array vdot_of(std::span<const Array> in, const Axes& numbers) {
  const Array out = dots_of_conjugates(in[0], in[1]);
  return out ? out : vdot_of_parts(in, numbers);
}
const Composed kVdot("vdot", "The sum of products of two vectors, the first of them conjugated.", &vdot_of_parts,
                     &vdot_of);

}  // namespace

Array vdot(const Array& x, const Array& y) {
  const Array a = ravel(x), b = ravel(y);
  if (differ(a.shape()[0], b.shape()[0])) {
    throw ValueError("vdot: cannot reshape array of size " + std::to_string(b.shape()[0]) + " into shape " +
                     a.shape().str());
  }
  return is_complex(a.dtype()) ? compose(kVdot, {a, b}) : matmul(a, b);
}

Array vecdot(const Array& x, const Array& y, std::int64_t axis) {
  if (x.ndim() == 0 || y.ndim() == 0) throw ValueError("vecdot: operands need at least one dimension");
  const Array first = moveaxis(x, Axes{axis}, Axes{-1}), b = moveaxis(y, Axes{axis}, Axes{-1});
  if (const Array out = dots_of_conjugates(first, b)) return out;
  const Array a = conjugated(first);
  if (a.ndim() == 1 && b.ndim() == 1) return matmul(a, b);
  return squeeze(matmul(expand_dims(a, Axes{-2}), expand_dims(b, Axes{-1})), Axes{-1, -2});
}

Array matvec(const Array& matrix, const Array& vector) {
  if (matrix.ndim() < 2 || vector.ndim() < 1) throw ValueError("matvec: operands do not have enough dimensions");
  if (vector.ndim() == 1) return matmul(matrix, vector);
  return squeeze(matmul(matrix, expand_dims(vector, Axes{-1})), Axes{-1});
}

Array vecmat(const Array& vector, const Array& matrix) {
  if (matrix.ndim() < 2 || vector.ndim() < 1) throw ValueError("vecmat: operands do not have enough dimensions");
  if (vector.ndim() == 1) return matmul(conjugated(vector), matrix);
  return squeeze(matmul(expand_dims(conjugated(vector), Axes{-2}), matrix), Axes{-2});
}

namespace {

// x as a matrix: the contracted axes last, or first.
struct Matrix {
  Array matrix;
  Shape free;
};
Matrix as_matrix(const Array& x, const Axes& contracted, bool last) {
  std::uint64_t taken = 0;
  for (std::int64_t a : contracted) taken |= std::uint64_t{1} << a;
  Axes order;
  Shape free;
  for (int i = 0; i < x.ndim(); ++i) {
    if ((taken >> i) & 1) continue;
    order.push_back(i);
    free.push_back(x.shape()[i]);
  }
  Dim inside = 1;
  for (int i = 0; i < contracted.size(); ++i) {
    inside = dim_mul(inside, x.shape()[static_cast<int>(contracted[i])]);
    if (last) {
      order.push_back(contracted[i]);
    } else {
      order.insert(i, contracted[i]);
    }
  }
  const Dim outside = dim_product(free);
  const Array moved = transpose(x, order);
  return {reshape(moved, last ? Shape{outside, inside} : Shape{inside, outside}), free};
}

Axes normalized(const Axes& axes, const Array& x) {
  Axes out;
  for (std::int64_t a : axes) out.push_back(normalize_axis(a, x.ndim(), "tensordot"));
  normalize_axes(axes, x.ndim(), "tensordot");
  return out;
}

}  // namespace

Array tensordot(const Array& x, const Array& y, const Axes& x_axes, const Axes& y_axes) {
  const Axes a = normalized(x_axes, x), b = normalized(y_axes, y);
  bool match = a.size() == b.size();
  for (int i = 0; match && i < a.size(); ++i) {
    match = !differ(x.shape()[static_cast<int>(a[i])], y.shape()[static_cast<int>(b[i])]);
  }
  if (!match)
    throw ValueError("tensordot: shape-mismatch for sum of shapes " + x.shape().str() + " and " + y.shape().str());
  const Matrix left = as_matrix(x, a, true), right = as_matrix(y, b, false);
  Shape shape = left.free;
  for (Dim d : right.free) shape.push_back(d);
  return reshape(matmul(left.matrix, right.matrix), shape);
}

Array tensordot(const Array& x, const Array& y, std::int64_t axes) {
  if (axes < 0) axes = 0;
  if (axes > x.ndim() || axes > y.ndim())
    throw ValueError("tensordot: more axes than dimensions: shape-mismatch for sum");
  Axes a, b;
  for (std::int64_t i = 0; i < axes; ++i) {
    a.push_back(x.ndim() - axes + i);
    b.push_back(i);
  }
  return tensordot(x, y, a, b);
}

Array kron(const Array& x, const Array& y) {
  const int n = std::max(x.ndim(), y.ndim());
  if (n == 0) return multiply(x, y);
  Shape a = x.shape(), b = y.shape(), left, right, result;
  while (a.ndim() < n) a.insert(0, 1);
  while (b.ndim() < n) b.insert(0, 1);
  for (int i = 0; i < n; ++i) {
    for (Dim d : {a[i], Dim{1}}) left.push_back(d);
    for (Dim d : {Dim{1}, b[i]}) right.push_back(d);
    result.push_back(dim_mul(a[i], b[i]));
  }
  return reshape(multiply(reshape(x, left), reshape(y, right)), result);
}

Array cross(const Array& x, const Array& y, std::int64_t x_axis, std::int64_t y_axis, std::int64_t result_axis) {
  const auto vectors = [](const Array& v, std::int64_t axis, const char* name) {
    const Array last = moveaxis(v, Axes{normalize_axis(axis, v.ndim(), name)}, Axes{-1});
    const Dim size = last.shape()[last.ndim() - 1];
    if (!is_symbolic(size)) return last;
    // Of unknown length: three elements.
    return require(last, equal(dim_value(size, DType::int64), Scalar(3)),
                   "cross: vectors whose size is known only when the function runs must have three elements");
  };
  const Array a = vectors(x, x_axis, "axisa"), b = vectors(y, y_axis, "axisb");
  const Dim m = a.shape()[a.ndim() - 1], n = b.shape()[b.ndim() - 1];
  for (Dim d : {m, n}) {
    if (!is_symbolic(d) && d != 2 && d != 3)
      throw ValueError("cross: incompatible dimensions for cross product (dimension must be 2 or 3): shapes " +
                       x.shape().str() + " and " + y.shape().str());
  }
  const auto part = [](const Array& v, Dim size, std::int64_t i) {
    if (i == 2 && size == 2) return Array();
    std::vector<SliceSpec> at;
    for (Dim d : v.shape()) at.push_back({0, 1, d});
    at.back() = {i, 1, 1};
    return squeeze(slice(v, at), Axes{-1});
  };
  const Array a0 = part(a, m, 0), a1 = part(a, m, 1), a2 = part(a, m, 2);
  const Array b0 = part(b, n, 0), b1 = part(b, n, 1), b2 = part(b, n, 2);
  const Array z = a0 * b1 - a1 * b0;
  if (!a2 && !b2) return z;
  const Array parts[] = {!b2   ? negative(a2 * b1)
                         : !a2 ? a1 * b2
                               : a1 * b2 - a2 * b1,
                         !b2   ? a2 * b0
                         : !a2 ? negative(a0 * b2)
                               : a2 * b0 - a0 * b2,
                         z};
  normalize_axis(result_axis, z.ndim() + 1, "axisc");
  return stack(parts, result_axis);
}

}  // namespace tnp

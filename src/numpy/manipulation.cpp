#include "tnp/manipulation.h"

#include <algorithm>

#include "base/dim.h"
#include "numpy/sizes.h"
#include "tnp/error.h"

namespace tnp {

// --- reshape

namespace {

// The shape with -1 (or another negative number, as in NumPy) replaced by whatever fits.
Shape resolve(const Array& x, const Shape& shape) {
  int unknown = -1;
  for (int i = 0; i < shape.ndim(); ++i) {
    if (!is_negative(shape[i])) continue;
    if (unknown >= 0) throw ValueError("reshape: can only specify one unknown dimension");
    unknown = i;
  }
  if (unknown < 0) return shape;
  Shape out = shape;
  out[unknown] = 1;
  const Dim known = dim_product(out), size = x.size();
  if (!is_symbolic(known) && !is_symbolic(size) && (known == 0 || size % known != 0)) {
    throw ValueError("reshape: cannot reshape array of size " + std::to_string(size) + " (shape " + x.shape().str() +
                     ", " + std::string(name(x.dtype())) + ") into shape " + shape.str());
  }
  out[unknown] = known == 0 ? 0 : dim_floor_div(size, known);
  return out;
}

Shape reversed(const Shape& shape) {
  Shape out = shape;
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

Array reshape(const Array& x, const Shape& shape, Order order) {
  if (order == Order::c && std::none_of(shape.begin(), shape.end(), is_negative)) return reshape(x, shape);
  const Shape to = resolve(x, shape);
  if (order == Order::c) return reshape(x, to);
  return permute_dims(reshape(permute_dims(x), reversed(to)));
}

Array ravel(const Array& x, Order order) {
  if (x.ndim() == 1) return x;
  return reshape(order == Order::c ? x : permute_dims(x), {x.size()});
}

// --- the order of axes

Array permute_dims(const Array& x, const std::optional<Axes>& axes) {
  const int n = x.ndim();
  if (!axes && n < 2) return x;
  Axes order;
  if (!axes) {
    for (int i = n - 1; i >= 0; --i) order.push_back(i);
  } else {
    if (axes->size() != n) throw ValueError("transpose: axes don't match array");
    normalize_axes(*axes, n, "transpose");
    for (std::int64_t a : *axes) order.push_back(normalize_axis(a, n));
  }
  return n < 2 ? x : transpose(x, order);
}

Array matrix_transpose(const Array& x) {
  if (x.ndim() < 2)
    throw ValueError("matrix_transpose: array must be at least 2-dimensional, but it is " + std::to_string(x.ndim()));
  return swapaxes(x, -1, -2);
}

Array swapaxes(const Array& x, std::int64_t axis1, std::int64_t axis2) {
  const int n = x.ndim(), a = normalize_axis(axis1, n, "axis1"), b = normalize_axis(axis2, n, "axis2");
  if (a == b) return x;
  Axes order;
  for (int i = 0; i < n; ++i) order.push_back(i == a ? b : i == b ? a : i);
  return transpose(x, order);
}

Array moveaxis(const Array& x, const Axes& source, const Axes& destination) {
  const int n = x.ndim();
  normalize_axes(source, n, "source");
  normalize_axes(destination, n, "destination");
  if (source.size() != destination.size()) {
    throw ValueError("`source` and `destination` arguments must have the same number of elements");
  }
  Axes order(n, -1);
  std::uint64_t moved = 0;
  for (int i = 0; i < source.size(); ++i) {
    const int from = normalize_axis(source[i], n);
    order[normalize_axis(destination[i], n)] = from;
    moved |= std::uint64_t{1} << from;
  }
  int next = 0;
  for (std::int64_t& o : order) {
    if (o >= 0) continue;
    while ((moved >> next) & 1) ++next;
    o = next++;
  }
  bool moves = false;
  for (int i = 0; i < n; ++i) moves = moves || order[i] != i;
  return moves ? transpose(x, order) : x;
}

Array rollaxis(const Array& x, std::int64_t axis, std::int64_t start) {
  const int n = x.ndim(), from = normalize_axis(axis, n);
  if (start < -n || start > n) {
    throw AxisError("'start' arg requires " + std::to_string(-n) + " <= start < " + std::to_string(n + 1) + ", but " +
                    std::to_string(start) + " was passed in");
  }
  std::int64_t to = start < 0 ? start + n : start;
  if (from < to) --to;
  return from == to ? x : moveaxis(x, Axes{from}, Axes{to});
}

// --- axes of size one

Array squeeze(const Array& x, const std::optional<Axes>& axes) {
  const int n = x.ndim();
  std::uint64_t drop = 0;
  if (axes) {
    for (std::int64_t a : normalize_axes(*axes, n, "squeeze")) {
      const Dim d = x.shape()[static_cast<int>(a)];
      if (d != 1 && !is_symbolic(d)) {
        throw ValueError("squeeze: cannot select an axis to squeeze out which has size not equal to one: axis " +
                         std::to_string(a) + " of shape " + x.shape().str());
      }
      drop |= std::uint64_t{1} << a;
    }
  }
  Shape shape;
  for (int i = 0; i < n; ++i) {
    if (axes ? ((drop >> i) & 1) == 0 : x.shape()[i] != 1) shape.push_back(x.shape()[i]);
  }
  if (shape.ndim() == n) return x;
  return reshape(x, shape);
}

Array expand_dims(const Array& x, const Axes& axes) {
  const int n = x.ndim() + axes.size();
  const Axes sorted = normalize_axes(axes, n, "expand_dims");
  Shape shape = x.shape();
  for (std::int64_t a : sorted) shape.insert(static_cast<int>(a), 1);
  return reshape(x, shape);
}

Array atleast_1d(const Array& x) { return x.ndim() == 0 ? reshape(x, {1}) : x; }
Array atleast_2d(const Array& x) {
  if (x.ndim() == 0) return reshape(x, {1, 1});
  return x.ndim() == 1 ? reshape(x, {1, x.shape()[0]}) : x;
}
Array atleast_3d(const Array& x) {
  if (x.ndim() == 0) return reshape(x, {1, 1, 1});
  if (x.ndim() == 1) return reshape(x, {1, x.shape()[0], 1});
  return x.ndim() == 2 ? reshape(x, {x.shape()[0], x.shape()[1], 1}) : x;
}

// --- broadcasting

Shape broadcast_shapes(std::span<const Shape> shapes) {
  Shape out;
  for (const Shape& s : shapes) {
    if (std::any_of(s.begin(), s.end(), is_negative)) throw ValueError("negative dimensions are not allowed");
    if (try_broadcast(out, s, out)) continue;
    std::string all;
    for (const Shape& each : shapes) all += (all.empty() ? "" : " ") + each.str();
    throw ValueError("shape mismatch: objects cannot be broadcast to a single shape: " + all);
  }
  return out;
}

Arrays broadcast_arrays(std::span<const Array> arrays) {
  std::vector<Shape> shapes;
  for (const Array& x : arrays) shapes.push_back(x.shape());
  const Shape shape = broadcast_shapes(shapes);
  Arrays out;
  for (const Array& x : arrays) out.push_back(broadcast_to(x, shape));
  return out;
}

// --- tile

Array tile(const Array& x, std::span<const std::int64_t> repetitions) {
  Shape own = x.shape();
  Shape reps{SmallVec<std::int64_t, 5>(repetitions)};
  for (Dim r : reps) {
    if (is_negative(r)) throw ValueError("tile: negative dimensions are not allowed");
  }
  x.ndim();
  while (own.ndim() < reps.ndim()) own.insert(0, 1);
  while (reps.ndim() < own.ndim()) reps.insert(0, 1);
  Shape apart, repeated, result;
  for (int i = 0; i < own.ndim(); ++i) {
    for (Dim d : {Dim{1}, own[i]}) apart.push_back(d);
    for (Dim d : {reps[i], own[i]}) repeated.push_back(d);
    result.push_back(dim_mul(reps[i], own[i]));
  }
  return reshape(broadcast_to(reshape(x, apart), repeated), result);
}

}  // namespace tnp

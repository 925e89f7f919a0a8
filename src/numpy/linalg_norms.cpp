// numpy.linalg: norms, ranks and products.
#include <cmath>
#include <limits>

#include "base/default_dtype.h"
#include "base/dim.h"
#include "ir/composed.h"
#include "numpy/blocks.h"
#include "numpy/linalg_types.h"
#include "ops/linalg/linalg.h"
#include "ops/shape/layout.h"
#include "tnp/creation.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/numeric.h"
#include "tnp/operators.h"
#include "tnp/products.h"
#include "tnp/reductions.h"

namespace tnp::linalg {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Array with_floats(const Array& x) { return is_inexact(x.dtype()) ? x : astype(x, default_float()); }

Array squares(const Array& x) {
  if (!is_complex(x.dtype())) return x * x;
  const Array re = real(x), im = imag(x);
  return re * re + im * im;
}

const double* number(const Order& order) { return std::get_if<double>(&order); }
const std::string* text(const Order& order) { return std::get_if<std::string>(&order); }
bool is(const Order& order, double value) { return number(order) != nullptr && *number(order) == value; }

Array sum_over(const Array& x, const Axes& axes, bool keepdims) {
  return reduce_sum(x, normalize_axes(axes, x.ndim()), keepdims, x.dtype());
}

Array max_from_zero(const Array& x, std::int64_t axis, bool keepdims) {
  return max(x, {Axes{axis}, {}, keepdims, astype(Array(0.0), x.dtype()), {}});
}

Array vector_norm_along(const Array& x, std::int64_t axis, const Order& order, bool keepdims) {
  if (const std::string* s = text(order)) throw ValueError("norm: Invalid norm order '" + *s + "' for vectors");
  if (is(order, kInf)) return max_from_zero(absolute(x), axis, keepdims);
  if (is(order, -kInf)) return min(absolute(x), {Axes{axis}, {}, keepdims, {}, {}});
  if (is(order, 0)) return sum_over(astype(not_equal(x, 0), real_of(x.dtype())), {axis}, keepdims);
  if (is(order, 1)) return sum_over(absolute(x), {axis}, keepdims);
  if (number(order) == nullptr || *number(order) == 2) return sqrt(sum_over(squares(x), {axis}, keepdims));
  const double p = *number(order);
  const Array powers = by_blocks({x}, [&](std::span<const Array> in) { return power(absolute(in[0]), p); });
  return power(sum_over(powers, {axis}, keepdims), 1 / p);
}

Array singular_values(const Array& x, int row, int column) {
  return svdvals(moveaxis(x, Axes{row, column}, Axes{-2, -1}));
}

// The extreme of the sums of sizes along `summed`.
Array extreme_sum(const Array& x, int summed, int other, bool greatest) {
  const Array sums = sum_over(absolute(x), {summed}, false);
  const std::int64_t axis = other > summed ? other - 1 : other;
  return greatest ? max_from_zero(sums, axis, false) : min(sums, {Axes{axis}, {}, false, {}, {}});
}

Array matrix_norm_of(const Array& x, int row, int column, const Order& order) {
  if (is(order, 2)) return max_from_zero(singular_values(x, row, column), -1, false);
  if (is(order, -2)) return min(singular_values(x, row, column), {Axes{-1}, {}, false, {}, {}});
  if (is(order, 1)) return extreme_sum(x, row, column, true);
  if (is(order, -1)) return extreme_sum(x, row, column, false);
  if (is(order, kInf)) return extreme_sum(x, column, row, true);
  if (is(order, -kInf)) return extreme_sum(x, column, row, false);
  const std::string* name = text(order);
  if (name != nullptr && *name == "nuc") return sum_over(singular_values(x, row, column), {-1}, false);
  if (number(order) == nullptr && (name == nullptr || *name == "fro" || *name == "f"))
    return sqrt(sum_over(squares(x), {row, column}, false));
  throw ValueError("norm: Invalid norm order for matrices.");
}

// The sum of all squares. The elements of a large array are added in the order in which they lie in memory.
constexpr std::int64_t kLarge = 4096;
bool is_large(const Array& x) {
  for (Dim d : x.shape()) {
    if (is_symbolic(d)) return true;
  }
  return x.shape().num_elements() >= kLarge;
}
Array squares_of_parts(std::span<const Array> in, const Axes&) {
  const Array flat = ravel(in[0]);
  return is_complex(flat.dtype()) ? real(vdot(flat, flat)) : matmul(flat, flat);
}
Array squares_of(std::span<const Array> in, const Axes& numbers) {
  const Axes order = is_large(in[0]) ? memory_order(in.first(1)) : Axes{};
  if (order.empty()) return squares_of_parts(in, numbers);
  const Array laid = transpose(in[0], order);
  const Array arrays[] = {laid.is_contiguous() ? laid : in[0]};
  return squares_of_parts(arrays, numbers);
}
const Composed kSumOfSquares("sum_of_squares", "The sum of the squares of all elements' sizes.", &squares_of_parts,
                             &squares_of);

Array sum_of_all_squares(const Array& x) {
  const Array in[] = {x};
  return is_large(x) && x.ndim() > 1 ? compose(kSumOfSquares, in) : squares_of_parts(in, {});
}

}  // namespace

Array norm(const Array& a, const Order& order, const std::optional<Axes>& axis, bool keepdims) {
  const Array x = with_floats(a);
  const int n = x.ndim();
  const std::string* name = text(order);
  if (!axis) {
    const bool frobenius = name != nullptr && (*name == "fro" || *name == "f") && n == 2;
    if (std::holds_alternative<std::monostate>(order) || frobenius || (is(order, 2) && n == 1)) {
      const Array result = sqrt(sum_of_all_squares(x));
      return keepdims ? reshape(result, Shape(n, 1)) : result;
    }
  }
  Axes axes;
  for (int i = 0; i < n && !axis; ++i) axes.push_back(i);
  for (int i = 0; axis && i < axis->size(); ++i) axes.push_back(normalize_axis((*axis)[i], n, "norm"));
  if (axes.size() == 1) return vector_norm_along(x, axes[0], order, keepdims);
  if (axes.size() != 2) throw ValueError("norm: Improper number of dimensions to norm.");
  if (axes[0] == axes[1]) throw ValueError("norm: Duplicate axes given.");
  const Array result = matrix_norm_of(x, static_cast<int>(axes[0]), static_cast<int>(axes[1]), order);
  if (!keepdims) return result;
  Shape shape = x.shape();
  for (std::int64_t i : axes) shape[static_cast<int>(i)] = 1;
  return reshape(result, shape);
}

Array vector_norm(const Array& x, const std::optional<Axes>& axis, bool keepdims, double order) {
  const int n = x.ndim();
  Axes axes;
  for (int i = 0; i < n && !axis; ++i) axes.push_back(i);
  for (int i = 0; axis && i < axis->size(); ++i) axes.push_back(normalize_axis((*axis)[i], n, "vector_norm"));
  normalize_axes(axes, n, "vector_norm");
  Axes moved = axes;
  Shape rest{1};
  for (int i = 0; i < n; ++i) {
    if (std::find(axes.begin(), axes.end(), i) != axes.end()) {
      rest[0] = dim_mul(rest[0], x.shape()[i]);
    } else {
      moved.push_back(i);
      rest.push_back(x.shape()[i]);
    }
  }
  const Array y = vector_norm_along(with_floats(reshape(transpose(x, moved), rest)), 0, order, false);
  if (!keepdims) return y;
  Shape shape = x.shape();
  for (std::int64_t i : axes) shape[static_cast<int>(i)] = 1;
  return reshape(y, shape);
}

Array matrix_norm(const Array& x, bool keepdims, const Order& order) { return norm(x, order, Axes{-2, -1}, keepdims); }

Array cond(const Array& a, const Order& order) {
  check_matrices(a, "cond");
  const Dim m = a.shape()[a.ndim() - 2], n = a.shape()[a.ndim() - 1];
  if (m == 0 || n == 0) throw LinAlgError("cond is not defined on empty arrays");
  const Array x = inexact(a, "cond");
  Array ratio;
  if (std::holds_alternative<std::monostate>(order) || is(order, 2) || is(order, -2)) {
    const Array s = svdvals(x);
    const Array largest = max(s, {Axes{-1}, {}, false, {}, {}}), least = min(s, {Axes{-1}, {}, false, {}, {}});
    ratio = is(order, -2) ? least / largest : largest / least;
  } else {
    check_square(x, "cond");
    const Axes axes{-2, -1};
    ratio = norm(x, order, axes) * norm(linalg_inv(x, true), order, axes);
  }
  // NaN says infinite, unless there was one before.
  const Array spoiled = any(isnan(x), {Axes{-2, -1}, {}, false, {}, {}});
  const Array infinite = astype(Array(kInf), ratio.dtype());
  return where_of(logical_and(isnan(ratio), logical_not(spoiled)), infinite, ratio);
}

Array matrix_rank(const Array& a, const Array& tol, bool hermitian, const Array& rtol) {
  if (tol && rtol) throw ValueError("matrix_rank: `tol` and `rtol` can't be both set.");
  if (a.ndim() < 2) return astype(any(not_equal(a, 0)), DType::int64);
  const Array s = svdvals(a, hermitian);
  Array limit;
  if (tol) {
    limit = expand_dims(tol, Axes{-1});
  } else {
    const Array share = rtol ? expand_dims(rtol, Axes{-1}) : precision_of_size(a);
    limit = max_from_zero(s, -1, true) * share;
  }
  return count_nonzero(greater(s, limit), {Axes{-1}, {}, false, {}, {}});
}

// --- products

Array matrix_power(const Array& a, std::int64_t n) {
  check_square(a, "matrix_power");
  if (n == 0) {
    const Dim size = a.shape()[a.ndim() - 1];
    return broadcast_to(eye(size, size, 0, a.dtype()), a.shape());
  }
  const Array base = n < 0 ? inv(a) : a;
  std::uint64_t left = n < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
  if (left == 3) return matmul(matmul(base, base), base);
  Array square = base, result;
  for (;; square = matmul(square, square)) {
    if (left & 1) result = result ? matmul(result, square) : square;
    left >>= 1;
    if (left == 0) return result;
  }
}

namespace {

// The cheapest order of a chain: where to divide the product of arrays i … j.
class Chain {
 public:
  explicit Chain(std::span<const Array> arrays) : arrays_(arrays), n_(arrays.size()), split_(n_ * n_) {
    std::vector<double> sizes, cost(n_ * n_, 0);
    for (const Array& x : arrays) sizes.push_back(size_of(x.shape()[0]));
    sizes.push_back(size_of(arrays.back().shape()[1]));
    for (std::size_t length = 1; length < n_; ++length) {
      for (std::size_t i = 0; i + length < n_; ++i) {
        const std::size_t j = i + length;
        double best = std::numeric_limits<double>::infinity();
        for (std::size_t k = i; k < j; ++k) {
          const double each = cost[i * n_ + k] + cost[(k + 1) * n_ + j] + sizes[i] * sizes[k + 1] * sizes[j + 1];
          if (each >= best) continue;
          best = each;
          split_[i * n_ + j] = k;
        }
        cost[i * n_ + j] = best;
      }
    }
  }
  Array product(std::size_t i, std::size_t j) const {
    if (i == j) return arrays_[i];
    const std::size_t k = split_[i * n_ + j];
    return dot(product(i, k), product(k + 1, j));
  }

 private:
  // A size that is not known yet counts for a middling one.
  static double size_of(Dim d) { return is_symbolic(d) ? 64 : static_cast<double>(d); }
  std::span<const Array> arrays_;
  std::size_t n_;
  std::vector<std::size_t> split_;
};

}  // namespace

Array multi_dot(std::span<const Array> arrays) {
  if (arrays.size() < 2) throw ValueError("multi_dot: Expecting at least two arrays.");
  if (arrays.size() == 2) return dot(arrays[0], arrays[1]);
  Arrays xs(arrays.begin(), arrays.end());
  const bool row = xs.front().ndim() == 1, column = xs.back().ndim() == 1;
  if (row) xs.front() = expand_dims(xs.front(), Axes{0});
  if (column) xs.back() = expand_dims(xs.back(), Axes{1});
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (xs[i].ndim() != 2) {
      throw LinAlgError("multi_dot: " + std::to_string(xs[i].ndim()) +
                        "-dimensional array given. Array must be two-dimensional");
    }
  }
  const Array y = Chain(xs).product(0, xs.size() - 1);
  if (row && column) return reshape(y, Shape{});
  return row || column ? ravel(y) : y;
}

Array cross(const Array& x, const Array& y, std::int64_t axis) {
  const Dim m = x.shape()[normalize_axis(axis, x.ndim(), "cross")];
  const Dim n = y.shape()[normalize_axis(axis, y.ndim(), "cross")];
  if ((m != 3 && !is_symbolic(m)) || (n != 3 && !is_symbolic(n))) {
    throw ValueError("cross: Both input arrays must be (arrays of) 3-dimensional vectors, but they are " +
                     std::to_string(m) + " and " + std::to_string(n) + " dimensional instead.");
  }
  return tnp::cross(x, y, axis, axis, axis);
}

Array outer(const Array& x, const Array& y) {
  if (x.ndim() != 1 || y.ndim() != 1) {
    throw ValueError("outer: Input arrays must be one-dimensional, but they are x1.ndim=" + std::to_string(x.ndim()) +
                     " and x2.ndim=" + std::to_string(y.ndim()) + ".");
  }
  return tnp::outer(x, y);
}

Array diagonal(const Array& x, std::int64_t offset) { return tnp::diagonal(x, offset, -2, -1); }
Array trace(const Array& x, std::int64_t offset, std::optional<DType> dtype) {
  return tnp::trace(x, offset, -2, -1, dtype);
}

}  // namespace tnp::linalg

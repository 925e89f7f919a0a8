// numpy.linalg: decompositions, equations and inverses.
#include "tnp/linalg.h"

#include "base/default_dtype.h"
#include "base/dim.h"
#include "ir/observer.h"
#include "numpy/linalg_types.h"
#include "ops/linalg/linalg.h"
#include "tnp/creation.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/operators.h"
#include "tnp/reductions.h"
#include "tnp/sorting.h"

namespace tnp::linalg {

Array inexact(const Array& x, const char* what) {
  if (!is_numeric(x.dtype()) || (is_floating(x.dtype()) && itemsize(x.dtype()) == 2)) {
    throw TypeError(std::string(what) + ": array type " + std::string(name(x.dtype())) + " is unsupported in linalg");
  }
  return is_inexact(x.dtype()) ? x : astype(x, default_float());
}

Pair inexact(const Array& x, const Array& y, const char* what) {
  const Array a = inexact(x, what), b = inexact(y, what);
  const DType type = promote(a.dtype(), b.dtype());
  return {astype(a, type), astype(b, type)};
}

void check_matrices(const Array& x, const char* what) {
  if (x.ndim() < 2) {
    throw LinAlgError(std::string(what) + ": " + std::to_string(x.ndim()) +
                      "-dimensional array given. Array must be at least two-dimensional");
  }
}

void check_square(const Array& x, const char* what) {
  check_matrices(x, what);
  const Dim m = x.shape()[x.ndim() - 2], n = x.shape()[x.ndim() - 1];
  if (m != n && !is_symbolic(m) && !is_symbolic(n)) {
    throw LinAlgError(std::string(what) + ": Last 2 dimensions of the array must be square, but the shape is " +
                      x.shape().str());
  }
}

double precision(DType dtype) {
  switch (real_of(dtype)) {
    case DType::float16:
      return 0.0009765625;
    case DType::bfloat16:
      return 0.0078125;
    case DType::float32:
      return 1.1920928955078125e-07;
    default:
      return 2.220446049250313e-16;
  }
}

// --- decompositions

Array cholesky(const Array& a, bool upper) {
  check_square(a, "cholesky");
  const Array x = inexact(a, "cholesky");
  if (!upper) return linalg_cholesky(x);
  const auto adjoint = [](const Array& y) { return matrix_transpose(is_complex(y.dtype()) ? conjugate(y) : y); };
  return adjoint(linalg_cholesky(adjoint(x)));
}

QR qr(const Array& a, QrMode mode) {
  check_matrices(a, "qr");
  const Arrays y = linalg_qr(inexact(a, "qr"), static_cast<tnp::QrMode>(mode));
  return mode == QrMode::r ? QR{Array(), y[0]} : QR{y[0], y[1]};
}

namespace {

// Where each of the numbers in a row lies, from the greatest to the least; of equal ones the last comes first.
Array descending_order(const Array& s) {
  const Array other = expand_dims(s, Axes{-2}), own = expand_dims(s, Axes{-1});  // s_j, s_i at [i, j]
  const Dim n = s.shape()[s.ndim() - 1];
  const Array index = iota(n, DType::int64);
  const Array later = greater(index, expand_dims(index, Axes{-1}));
  const Array before = logical_or(greater(other, own), logical_and(equal(other, own), later));
  const Array place = sum(before, {Axes{-1}, {}, false, {}, {}});
  return argsort(place, -1);  // a permutation, of which this is the inverse
}

SVD hermitian_svd(const Array& a) {
  const Eigen e = eigh(a);
  const Array size = absolute(e.eigenvalues), order = descending_order(size);
  const Array sign = copysign(ones_like(size), e.eigenvalues);
  const Array u = take_along_axis(e.eigenvectors, expand_dims(order, Axes{-2}), -1);
  const Array turned = u * expand_dims(take_along_axis(sign, order, -1), Axes{-2});
  const Array vh = matrix_transpose(is_complex(turned.dtype()) ? conjugate(turned) : turned);
  return {u, take_along_axis(size, order, -1), vh};
}

}  // namespace

SVD svd(const Array& a, bool full_matrices, bool hermitian) {
  if (hermitian) return hermitian_svd(a);
  check_matrices(a, "svd");
  const Arrays y = linalg_svd(inexact(a, "svd"), full_matrices);
  return {y[0], y[1], y[2]};
}

Array svdvals(const Array& a, bool hermitian) {
  if (hermitian) {
    const Array size = absolute(eigvalsh(a));
    return take_along_axis(size, descending_order(size), -1);
  }
  check_matrices(a, "svd");
  return linalg_svd(inexact(a, "svd"), false, false)[0];
}

Eigen eigh(const Array& a, Triangle triangle) {
  check_square(a, "eigh");
  const Arrays y = linalg_eigh(inexact(a, "eigh"), triangle == Triangle::upper);
  return {y[0], y[1]};
}

Array eigvalsh(const Array& a, Triangle triangle) {
  check_square(a, "eigvalsh");
  return linalg_eigh(inexact(a, "eigvalsh"), triangle == Triangle::upper, false)[0];
}

namespace {

// Whether eigenvalues of a real matrix are known to be real.
bool all_real(const Array& a, const Array& eigenvalues) {
  if (is_complex(a.dtype()) || eigenvalues.is_symbolic()) return false;
  const ObserversPaused paused;
  return all(equal(imag(eigenvalues), 0)).item<bool>();
}

}  // namespace

Eigen eig(const Array& a) {
  check_square(a, "eig");
  const Array x = inexact(a, "eig");
  const Arrays y = linalg_eig(x);
  if (all_real(x, y[0])) return {real(y[0]), real(y[1])};
  return {y[0], y[1]};
}

Array eigvals(const Array& a) {
  check_square(a, "eigvals");
  const Array x = inexact(a, "eigvals");
  const Array w = linalg_eig(x, false)[0];
  return all_real(x, w) ? real(w) : w;
}

// --- equations and inverses

Array solve(const Array& a, const Array& b) {
  check_square(a, "solve");
  const Pair p = inexact(a, b, "solve");
  if (b.ndim() == 0) {
    throw ValueError(
        "solve: Input operand 1 does not have enough dimensions (has 0, gufunc core with signature (m,m),(m)->(m) "
        "requires 1)");
  }
  if (b.ndim() > 1) return linalg_solve(p.first, p.second);
  return squeeze(linalg_solve(p.first, expand_dims(p.second, Axes{-1})), Axes{-1});
}

Array solve_triangular(const Array& a, const Array& b, Triangle triangle, bool unit_diagonal) {
  check_square(a, "solve_triangular");
  const Pair p = inexact(a, b, "solve_triangular");
  if (b.ndim() == 0) throw ValueError("solve_triangular: the right-hand side needs at least one dimension");
  const tnp::Triangle options{.lower = triangle == Triangle::lower, .adjoint = false, .unit = unit_diagonal};
  if (b.ndim() > 1) return linalg_triangular_solve(p.first, p.second, options);
  return squeeze(linalg_triangular_solve(p.first, expand_dims(p.second, Axes{-1}), options), Axes{-1});
}

Array inv(const Array& a) {
  check_square(a, "inv");
  return linalg_inv(inexact(a, "inv"));
}

Array pinv(const Array& a, const Array& rtol, bool hermitian) {
  check_matrices(a, "pinv");
  const Array x = inexact(a, "pinv");
  if (hermitian) check_square(a, "pinv");
  const DType type = real_of(x.dtype());
  return linalg_pinv(x, rtol ? astype(rtol, type) : astype(Array(1e-15), type), hermitian);
}

Array precision_of_size(const Array& a) {
  check_matrices(a, "pinv");
  const DType type = real_of(inexact(a, "pinv").dtype());
  return dim_value(dim_max(a.shape()[a.ndim() - 2], a.shape()[a.ndim() - 1]), type) * precision(type);
}

LeastSquares lstsq(const Array& a, const Array& b, std::optional<double> rcond) {
  const bool vector = b.ndim() == 1;
  const Array columns = vector ? expand_dims(b, Axes{-1}) : b;
  if (a.ndim() != 2 || columns.ndim() != 2) {
    throw LinAlgError("lstsq: " + std::to_string(a.ndim() != 2 ? a.ndim() : b.ndim()) +
                      "-dimensional array given. Array must be two-dimensional");
  }
  const Dim m = a.shape()[0], n = a.shape()[1];
  if (m != columns.shape()[0] && !is_symbolic(m) && !is_symbolic(columns.shape()[0]))
    throw LinAlgError("lstsq: Incompatible dimensions: " + a.shape().str() + " and " + b.shape().str());
  const Pair p = inexact(a, columns, "lstsq");
  const Arrays y = linalg_lstsq(p.first, p.second, rcond);
  LeastSquares out{y[0], Array(), y[1], y[2]};
  // NumPy gives residuals where the columns are independent, and there are more rows. Where that is not known, inside a
  // traced function, they are given.
  const bool more_rows = is_symbolic(m) || is_symbolic(n) || m > n;
  const bool independent = more_rows && (y[1].is_symbolic() || y[1].item<std::int64_t>() == n);
  if (independent) {
    const Array r = p.second - matmul(p.first, y[0]);
    out.residuals =
        sum(is_complex(r.dtype()) ? real(r) * real(r) + imag(r) * imag(r) : r * r, {Axes{0}, {}, false, {}, {}});
  } else {
    out.residuals = zeros({0}, real_of(p.first.dtype()));
  }
  if (vector) out.x = squeeze(out.x, Axes{-1});
  return out;
}

Array tensorsolve(const Array& a, const Array& b, const std::optional<Axes>& axes) {
  Array x = a;
  const int n = a.ndim();
  if (axes) {
    Axes order;
    for (int i = 0; i < n; ++i) order.push_back(i);
    for (std::int64_t k : *axes) {
      const auto* at = std::find(order.begin(), order.end(), k);
      if (at == order.end()) throw ValueError("tensorsolve: axes must be distinct and not negative");
      order.erase(static_cast<int>(at - order.begin()));
      order.push_back(k);
    }
    x = transpose(x, order);
  }
  Shape shape;
  for (int i = n == b.ndim() ? 0 : std::max(0, b.ndim()); i < n; ++i) shape.push_back(x.shape()[i]);
  const Dim size = dim_product(shape), all = dim_product(x.shape());
  if (!is_symbolic(size) && !is_symbolic(all) && all != size * size) {
    throw LinAlgError(
        "tensorsolve: Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])");
  }
  return reshape(solve(reshape(x, {size, size}), ravel(b)), shape);
}

Array tensorinv(const Array& a, std::int64_t ind) {
  if (ind <= 0) throw ValueError("tensorinv: Invalid ind argument.");
  Shape result, columns;
  const int n = a.ndim(), first = static_cast<int>(std::min<std::int64_t>(ind, n));
  for (int i = first; i < n; ++i) columns.push_back(a.shape()[i]);
  result = columns;
  Shape rows;
  for (int i = 0; i < first; ++i) {
    rows.push_back(a.shape()[i]);
    result.push_back(a.shape()[i]);
  }
  // NumPy: as many rows as there are columns, whatever is left over in columns.
  const Dim size = dim_product(columns), other = dim_product(rows);
  return reshape(inv(reshape(a, {size, other})), result);
}

// --- determinants

Array det(const Array& a) {
  check_square(a, "det");
  return linalg_det(inexact(a, "det"));
}

SignLogDet slogdet(const Array& a) {
  check_square(a, "slogdet");
  const tnp::SignLogDet y = linalg_slogdet(inexact(a, "slogdet"));
  return {y.sign, y.log_abs};
}

}  // namespace tnp::linalg

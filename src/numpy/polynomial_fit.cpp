// Polynomials by linear algebra: roots, and the nearest to given points.
#include "base/dim.h"
#include "tnp/error.h"
#include "tnp/numpy.h"
#include "tnp/polynomials.h"

namespace tnp {

Array roots(const Array& given) {
  const Array p = atleast_1d(given);
  if (p.ndim() != 1) throw ValueError("Input must be a rank-1 array.");
  if (p.is_symbolic()) throw TracerError("roots: how many there are depends on the values, which are not known here");
  const auto used = flatnonzero(p).to_vector<std::int64_t>();
  if (used.empty()) return zeros({0}, DType::float64);
  const std::int64_t zeros_behind = p.shape()[0] - 1 - used.back(), degree = used.back() - used.front();
  const DType type = is_inexact(p.dtype()) ? p.dtype() : DType::float64;
  const SliceSpec first[] = {{used.front(), 1, 1}}, others[] = {{used.front() + 1, 1, degree}};
  if (degree == 0) return zeros({zeros_behind}, DType::float64);
  const Array monic = astype(slice(p, others), type) / astype(slice(p, first), type);
  const Array below = eye(degree, degree, -1, type);
  const SliceSpec row[] = {{0, 1, 1}, {0, 1, degree}};
  const Array found = linalg::eigvals(place_slice(below, reshape(-monic, Shape{1, degree}), row));
  return concatenate(Arrays{found, zeros({zeros_behind}, found.dtype())}, 0);
}

namespace {

// Row k has x to the power of degree - k: rows are quicker to compute with than the columns of a matrix of few.
Array rows_of_powers(const Array& x, std::int64_t degree) {
  const Dim n = x.shape()[0];
  const Array factors =
      concatenate(Arrays{ones({1, n}, x.dtype()), broadcast_to(reshape(x, Shape{1, n}), {degree, n})}, 0);
  return flip(cumprod(factors, 0, x.dtype()), Axes{0});
}

// The rows' norms, as a column.
Array norms_of(const Array& rows) {
  return sqrt(sum(rows * rows, {.axis = Axes{1}, .dtype = {}, .keepdims = true, .initial = {}, .where = {}}));
}

}  // namespace

PolynomialFit polyfit(const Array& given_x, const Array& given_y, std::int64_t degree, std::optional<double> rcond,
                      const Array& weights) {
  const auto inexact = [](const Array& a) { return is_inexact(a.dtype()) ? a : astype(a, DType::float64); };
  const Array x = inexact(given_x);
  Array y = inexact(given_y);
  if (degree < 0) throw ValueError("expected deg >= 0");
  if (x.ndim() != 1) throw TypeError("expected 1D vector for x");
  const Dim n = x.shape()[0];
  if (n == 0) throw TypeError("expected non-empty vector for x");
  if (y.ndim() < 1 || y.ndim() > 2) throw TypeError("expected 1D or 2D array for y");
  const auto same_length = [&](const Array& a, const char* what) {
    const Dim m = a.shape()[0];
    if (m != n && !is_symbolic(m) && !is_symbolic(n)) throw TypeError(std::string("expected x and ") + what);
  };
  same_length(y, "y to have same length");
  if (is_symbolic(n)) throw TracerError("polyfit: the number of points must be known while the function is traced");
  Array powers = rows_of_powers(x, degree);
  if (weights) {
    const Array w = inexact(weights);
    if (w.ndim() != 1) throw TypeError("expected a 1-d array for weights");
    same_length(w, "w to have the same length");
    powers = powers * w;
    y = y * (y.ndim() == 2 ? reshape(w, Shape{n, 1}) : w);
  }
  PolynomialFit fit;
  const DType real_type = real_of(x.dtype());
  fit.rcond = rcond.value_or(static_cast<double>(n) * (real_type == DType::float64   ? 0x1p-52
                                                       : real_type == DType::float32 ? 0x1p-23
                                                                                     : 0x1p-10));
  // Powers of the same norm make their numbers matter less.
  const Array scale = norms_of(powers);
  powers = powers / scale;
  const linalg::LeastSquares solved = linalg::lstsq(permute_dims(powers), y, fit.rcond);
  fit.coefficients = solved.x / (y.ndim() == 2 ? scale : reshape(scale, Shape{degree + 1}));
  fit.residuals = solved.residuals;
  fit.rank = solved.rank;
  fit.singular_values = solved.s;
  return fit;
}

Array polynomial_covariance(const Array& x, std::int64_t degree, const Array& weights) {
  Array powers = rows_of_powers(is_inexact(x.dtype()) ? x : astype(x, DType::float64), degree);
  if (weights) powers = powers * weights;
  const Array scale = norms_of(powers);
  powers = powers / scale;
  return linalg::inv(matmul(powers, permute_dims(powers))) / outer(scale, scale);
}

}  // namespace tnp

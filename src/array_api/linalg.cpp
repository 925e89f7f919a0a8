// The extension of linear algebra: the standard's limits, then numpy.linalg's function of the same meaning.
#include "tnp/linalg.h"

#include <algorithm>
#include <cmath>

#include "tnp/array_api.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/products.h"

namespace tnp::array_api::linalg {

namespace {

namespace la = tnp::linalg;

void check_floating(const char* function, const Array& x) { check_category(function, x.dtype(), Category::floating); }

void check_pair(const char* function, const Array& x, const Array& y, Category category) {
  check_category(function, x.dtype(), category);
  check_category(function, y.dtype(), category);
  promote(function, x.dtype(), y.dtype());
}

void check_stack(const char* function, const Array& x) {
  if (x.ndim() >= 2) return;
  throw LinAlgError(std::string(function) + ": an array of at least 2 dimensions is needed, not one of shape " +
                    x.shape().str() + ": write reshape(x, (1, -1)) for a matrix of one row");
}

// The share of the largest singular value up to which the others count as zeros.
Array default_rtol(const Array& x) {
  const Shape& shape = x.shape();
  const std::int64_t larger = std::max(shape[x.ndim() - 1], shape[x.ndim() - 2]);
  const DType real = real_of(x.dtype());
  const double eps = real == DType::float32 ? 0x1p-23 : 0x1p-52;
  return Scalar(static_cast<double>(larger) * eps).to_array(real);
}

}  // namespace

Array cholesky(const Array& x, bool upper) {
  check_floating("cholesky", x);
  return la::cholesky(x, upper);
}

Array cross(const Array& x, const Array& y, std::int64_t axis) {
  check_pair("cross", x, y, Category::numeric);
  const std::int64_t ndim = std::min(x.ndim(), y.ndim());
  if (axis >= ndim || axis < -ndim) {
    throw AxisError("cross: axis " + std::to_string(axis) + " is out of bounds for shapes " + x.shape().str() +
                    " and " + y.shape().str());
  }
  if (axis >= 0 && flags().version >= k2023) {
    throw ValueError("cross: the standard wants a negative axis: write axis - x.ndim");
  }
  for (const Array* each : {&x, &y}) {
    const std::int64_t n = each->shape()[static_cast<int>(axis < 0 ? axis + each->ndim() : axis)];
    if (n != 3) {
      throw ValueError("cross: the standard defines it for vectors of size 3 only, not along axis " +
                       std::to_string(axis) + " of shape " + each->shape().str());
    }
  }
  return la::cross(x, y, axis);
}

Array det(const Array& x) {
  check_floating("det", x);
  return la::det(x);
}

Array diagonal(const Array& x, std::int64_t offset) { return la::diagonal(x, offset); }

Arrays eig(const Array& x) {
  check_floating("eig", x);
  const la::Eigen e = la::eig(x);
  const DType d = complex_of(x.dtype());
  return {tnp::astype(e.eigenvalues, d), tnp::astype(e.eigenvectors, d)};
}

Array eigvals(const Array& x) {
  check_floating("eigvals", x);
  return tnp::astype(la::eigvals(x), complex_of(x.dtype()));
}

Arrays eigh(const Array& x) {
  check_floating("eigh", x);
  const la::Eigen e = la::eigh(x);
  return {e.eigenvalues, e.eigenvectors};
}

Array eigvalsh(const Array& x) {
  check_floating("eigvalsh", x);
  return la::eigvalsh(x);
}

Array inv(const Array& x) {
  check_floating("inv", x);
  return la::inv(x);
}

Array matrix_norm(const Array& x, bool keepdims, const std::optional<std::variant<double, std::string>>& order) {
  check_floating("matrix_norm", x);
  la::Order o = std::string("fro");
  if (order) std::visit([&o](const auto& v) { o = v; }, *order);
  return la::matrix_norm(x, keepdims, o);
}

Array matrix_power(const Array& x, std::int64_t n) {
  check_floating("matrix_power", x);
  return la::matrix_power(x, n);
}

Array matrix_rank(const Array& x, const Array& rtol) {
  check_floating("matrix_rank", x);
  check_stack("matrix_rank", x);
  return la::matrix_rank(x, {}, false, rtol ? rtol : default_rtol(x));
}

Array pinv(const Array& x, const Array& rtol) {
  check_floating("pinv", x);
  check_stack("pinv", x);
  return la::pinv(x, rtol ? rtol : default_rtol(x));
}

Array outer(const Array& x, const Array& y) {
  check_pair("outer", x, y, Category::numeric);
  if (x.ndim() != 1 || y.ndim() != 1) {
    throw ValueError("outer: the standard wants vectors, not arrays of shapes " + x.shape().str() + " and " +
                     y.shape().str() + ": write reshape(x, (-1,))");
  }
  return la::outer(x, y);
}

Arrays qr(const Array& x, std::string_view mode) {
  check_floating("qr", x);
  if (mode != "reduced" && mode != "complete") {
    throw ValueError("qr: the standard has the modes 'reduced' and 'complete', not '" + std::string(mode) + "'");
  }
  const la::QR f = la::qr(x, mode == "reduced" ? la::QrMode::reduced : la::QrMode::complete);
  return {f.q, f.r};
}

Arrays slogdet(const Array& x) {
  check_floating("slogdet", x);
  const la::SignLogDet d = la::slogdet(x);
  return {d.sign, d.logabsdet};
}

Array solve(const Array& x, const Array& y) {
  check_pair("solve", x, y, Category::floating);
  return la::solve(x, y);
}

Arrays svd(const Array& x, bool full_matrices) {
  check_floating("svd", x);
  const la::SVD f = la::svd(x, full_matrices);
  return {f.u, f.s, f.vh};
}

Array svdvals(const Array& x) {
  check_floating("svdvals", x);
  return la::svdvals(x);
}

Array trace(const Array& x, std::int64_t offset, DType dtype) {
  check_category("trace", x.dtype(), Category::numeric);
  return la::trace(x, offset, dtype);
}

Array vector_norm(const Array& x, const Reduction& over, double order) {
  check_floating("vector_norm", x);
  return la::vector_norm(x, over.axis, over.keepdims, order);
}

}  // namespace tnp::array_api::linalg

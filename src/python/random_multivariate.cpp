// Normal vectors as methods of Generator and RandomState.
#include "base/default_dtype.h"
#include "python/random.h"
#include "tnp/error.h"
#include "tnp/linalg.h"

namespace tnp::python {

namespace {

constexpr DType kF = DType::float64;

// Warns or raises where a covariance that has values is none, as NumPy does.
void check_covariance(const Array& cov, const std::string& mode, double tolerance) {
  if (mode != "warn" && mode != "raise" && mode != "ignore")
    throw ValueError("check_valid must equal 'warn', 'raise', or 'ignore'");
  if (mode == "ignore" || cov.is_symbolic() || cov.ndim() != 2 || cov.shape()[0] != cov.shape()[1]) return;
  bool valid = allclose(cov, transpose(cov, Axes{1, 0}), Scalar(tolerance), Scalar(tolerance)).item<bool>();
  if (valid && cov.size() > 0) {
    const Array values = linalg::eigvalsh(cov);
    const double largest = max(absolute(values)).item<double>();
    valid = min(values).item<double>() >= -tolerance * std::max(1.0, largest);
  }
  if (valid) return;
  if (mode == "raise") throw ValueError("covariance is not symmetric positive-semidefinite.");
  if (PyErr_WarnEx(PyExc_RuntimeWarning, "covariance is not symmetric positive-semidefinite.", 1) < 0)
    throw nb::python_error();
}

nb::object multivariate_normal(const Arguments& args, CovarianceFactor factor) {
  const auto [self, mean, cov, size, check, tol] = take<6>(args);
  const Array c = parameter(cov, kF);
  check_covariance(c, check.text("warn"), tol.number(1e-8));
  const DType t = default_float();
  return to_python(random_multivariate_normal(stream_of(self).stream, parameter(mean, t), c, size_of(size), factor, t));
}
TNP_RANDOM(multivariate_normal_generator, "multivariate_normal", kGenerator,
           "(self, mean, cov, size=None, check_valid='warn', tol=1e-08, *, method='svd')",
           "Normal vectors of this mean and covariance: the last axis.") {
  const std::string method = take<7>(args)[6].text("svd");
  if (method == "svd") return multivariate_normal(args, CovarianceFactor::svd);
  if (method == "eigh") return multivariate_normal(args, CovarianceFactor::eigh);
  if (method == "cholesky") return multivariate_normal(args, CovarianceFactor::cholesky);
  throw ValueError("method must be one of {'eigh', 'svd', 'cholesky'}");
}
TNP_RANDOM(multivariate_normal_legacy, "multivariate_normal", kLegacy,
           "(self, mean, cov, size=None, check_valid='warn', tol=1e-08)",
           "Normal vectors of this mean and covariance: the last axis.") {
  return multivariate_normal(args, CovarianceFactor::svd);
}

}  // namespace

}  // namespace tnp::python

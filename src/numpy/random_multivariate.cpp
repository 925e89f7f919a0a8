// Normal vectors.
#include "tnp/error.h"
#include "tnp/linalg.h"
#include "tnp/numpy.h"
#include "tnp/random.h"

namespace tnp {

Array random_multivariate_normal(Generator& g, const Array& mean, const Array& cov, const Size& size,
                                 CovarianceFactor factor, DType dtype) {
  if (mean.ndim() != 1) throw ValueError("multivariate_normal: mean must be 1 dimensional");
  if (cov.ndim() != 2) throw ValueError("multivariate_normal: cov must be 2 dimensional and square");
  const std::int64_t n = mean.shape()[0];
  if (cov.shape()[0] != cov.shape()[1]) throw ValueError("multivariate_normal: cov must be 2 dimensional and square");
  if (cov.shape()[0] != n) throw ValueError("multivariate_normal: mean and cov must have same length");
  const Array c = astype(cov, DType::float64);
  Array rows;  // of which normal numbers are the coefficients
  if (factor == CovarianceFactor::cholesky) {
    rows = linalg::cholesky(c, true);
  } else if (factor == CovarianceFactor::eigh) {
    const linalg::Eigen e = linalg::eigh(c);
    const Array widths = sqrt(absolute(e.eigenvalues));
    rows = transpose(multiply(e.eigenvectors, widths), Axes{1, 0});
  } else {
    const linalg::SVD s = linalg::svd(c);
    rows = multiply(expand_dims(sqrt(s.s), {1}), s.vh);
  }
  Shape shape = size.value_or(Shape{});
  shape.push_back(n);
  return add(matmul(random_normal(g, shape, dtype), astype(rows, dtype)), astype(mean, dtype));
}

}  // namespace tnp

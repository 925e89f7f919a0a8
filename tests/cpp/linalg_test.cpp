// tnp::linalg, tnp::fft and einsum as C++ sees them.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ops/matmul/blas.h"
#include "tnp/numpy.h"

namespace tnp {
namespace {

std::vector<double> values(const Array& x) { return astype(x, DType::float64).to_vector<double>(); }

void expect_close(const Array& x, const std::vector<double>& expected) {
  const std::vector<double> got = values(copy(x));
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12);
}

Array matrix(const std::vector<double>& v) { return Array::from(v, Shape{2, 2}); }

class Linalg : public ::testing::Test {
  void SetUp() override {
    if (blas_info().path.empty()) GTEST_SKIP() << "no OpenBLAS (set TNP_OPENBLAS)";
  }
};

TEST_F(Linalg, SolvesAndInverts) {
  const Array a = matrix({2, 1, 1, 3});
  expect_close(linalg::solve(a, Array({1.0, 2.0})), {0.2, 0.6});
  expect_close(matmul(linalg::inv(a), a), {1, 0, 0, 1});
  expect_close(linalg::det(a), {5});
  expect_close(linalg::solve_triangular(a, Array({2.0, 7.0})), {1, 2});
  EXPECT_THROW(linalg::inv(matrix({1, 2, 2, 4})), LinAlgError);
  EXPECT_THROW(linalg::inv(Array({1.0, 2.0})), ValueError);
  EXPECT_THROW(linalg::inv(astype(a, DType::float16)), TypeError);
}

TEST_F(Linalg, Decomposes) {
  const Array a = matrix({2, 1, 1, 3});
  const linalg::SVD y = linalg::svd(a);
  expect_close(matmul(y.u * y.s, y.vh), {2, 1, 1, 3});
  const linalg::Eigen e = linalg::eigh(a);
  expect_close(matmul(e.eigenvectors * e.eigenvalues, matrix_transpose(e.eigenvectors)), {2, 1, 1, 3});
  const Array l = linalg::cholesky(a);
  expect_close(matmul(l, matrix_transpose(l)), {2, 1, 1, 3});
  const linalg::QR f = linalg::qr(a);
  expect_close(matmul(f.q, f.r), {2, 1, 1, 3});
  expect_close(linalg::norm(a), {std::sqrt(15.0)});
  EXPECT_FALSE(is_complex(linalg::eigvals(a).dtype()));
  EXPECT_TRUE(is_complex(linalg::eigvals(matrix({0, -1, 1, 0})).dtype()));
}

TEST(Fft, ThereAndBack) {
  const Array x({1.0, 2.0, 4.0, 8.0, 16.0});
  expect_close(real(fft::ifft(fft::fft(x))), {1, 2, 4, 8, 16});
  expect_close(fft::irfft(fft::rfft(x), 5), {1, 2, 4, 8, 16});
  expect_close(real(fft::fft(x, 1)), {1});
  EXPECT_EQ(fft::fft(astype(x, DType::float32)).dtype(), DType::complex64);
  EXPECT_THROW(fft::fft(x, 0), ValueError);
}

TEST(Einsum, IsAProduct) {
  const Arrays xs{matrix({1, 2, 3, 4}), matrix({5, 6, 7, 8})};
  expect_close(einsum("ij,jk->ik", xs), {19, 22, 43, 50});
  expect_close(einsum("ij,ji", xs), {69});
  EXPECT_THROW(einsum("ij,jk->ii", xs), ValueError);
  expect_close(convolve(Array({1.0, 2.0}), Array({1.0, 1.0})), {1, 3, 2});
}

TEST_F(Linalg, SaysThatOpenBlasIsMissing) {
  set_blas_library("none");
  EXPECT_THROW(linalg::inv(matrix({2, 1, 1, 3})), RuntimeError);
  set_blas_library("");
  expect_close(linalg::inv(matrix({2, 0, 0, 4})), {0.5, 0, 0, 0.25});
}

}  // namespace
}  // namespace tnp

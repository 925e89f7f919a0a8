// numpy.linalg in C++. Matrices are the last two axes; functions of one matrix work on stacks of them. Integers and
// booleans count as the default float type; float16 and bfloat16 raise TypeError, as in NumPy.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "tnp/array.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp {

// numpy.linalg.LinAlgError: a singular matrix, no convergence, a matrix of the wrong shape.
class LinAlgError : public ValueError {
 public:
  using ValueError::ValueError;
};

namespace linalg {

// --- decompositions

Array cholesky(const Array& a, bool upper = false);
enum class QrMode : std::uint8_t { reduced, complete, r, raw };
struct QR {
  Array q, r;  // of mode r: q is absent; of mode raw: h and tau
};
QR qr(const Array& a, QrMode mode = QrMode::reduced);
struct SVD {
  Array u, s, vh;
};
SVD svd(const Array& a, bool full_matrices = true, bool hermitian = false);
Array svdvals(const Array& a, bool hermitian = false);
struct Eigen {
  Array eigenvalues, eigenvectors;
};
enum class Triangle : char { lower = 'L', upper = 'U' };
Eigen eigh(const Array& a, Triangle triangle = Triangle::lower);
Array eigvalsh(const Array& a, Triangle triangle = Triangle::lower);
// Real for a real matrix whose eigenvalues all are; inside a traced function, where that is not known, complex.
Eigen eig(const Array& a);
Array eigvals(const Array& a);

// --- equations and inverses

Array solve(const Array& a, const Array& b);
// With a triangular matrix, of which only that triangle is read (and its diagonal, unless it is taken for ones).
Array solve_triangular(const Array& a, const Array& b, Triangle triangle = Triangle::lower, bool unit_diagonal = false);
Array inv(const Array& a);
// Singular values up to this times the largest count as zeros: a number, an array over the stack, or (absent) NumPy's
// default.
Array pinv(const Array& a, const Array& rtol = {}, bool hermitian = false);
// The precision of a's type times its larger size: NumPy's rtol=None. 0-d.
Array precision_of_size(const Array& a);
struct LeastSquares {
  Array x, residuals, rank, s;
};
// Without rcond: the type's precision times the larger size.
LeastSquares lstsq(const Array& a, const Array& b, std::optional<double> rcond = {});
Array tensorsolve(const Array& a, const Array& b, const std::optional<Axes>& axes = {});
Array tensorinv(const Array& a, std::int64_t ind = 2);

// --- numbers

Array det(const Array& a);
struct SignLogDet {
  Array sign, logabsdet;
};
SignLogDet slogdet(const Array& a);
// A norm's order: a number (infinities too), a name ("fro", "nuc"), or (monostate) NumPy's default.
using Order = std::variant<std::monostate, double, std::string>;
Array norm(const Array& x, const Order& order = {}, const std::optional<Axes>& axis = {}, bool keepdims = false);
Array vector_norm(const Array& x, const std::optional<Axes>& axis = {}, bool keepdims = false, double order = 2);
Array matrix_norm(const Array& x, bool keepdims = false, const Order& order = "fro");
Array cond(const Array& x, const Order& order = {});
// `tol` is absolute, `rtol` a share of the largest singular value; at most one is given.
Array matrix_rank(const Array& a, const Array& tol = {}, bool hermitian = false, const Array& rtol = {});

// --- products

Array matrix_power(const Array& a, std::int64_t n);
Array multi_dot(std::span<const Array> arrays);
Array cross(const Array& x, const Array& y, std::int64_t axis = -1);
Array outer(const Array& x, const Array& y);
Array diagonal(const Array& x, std::int64_t offset = 0);
Array trace(const Array& x, std::int64_t offset = 0, std::optional<DType> dtype = {});

}  // namespace linalg

}  // namespace tnp

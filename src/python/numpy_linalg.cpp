// numpy.linalg.
#include "python/arguments.h"
#include "python/asked_size.h"
#include "python/elementwise_call.h"
#include "python/silent_flags.h"
#include "tnp/linalg.h"
#include "tnp/products.h"

namespace tnp::python {

namespace {

// A class of named tuples, made when it is first needed and kept for ever.
class NamedTuple {
 public:
  constexpr NamedTuple(const char* name, const char* fields) : name_(name), fields_(fields) {}
  nb::object operator()(std::initializer_list<Array> values) {
    if (type_ == nullptr) {
      nb::object make = nb::module_::import_("collections").attr("namedtuple");
      type_ = make(name_, fields_, nb::arg("module") = "tnp.linalg").release().ptr();
    }
    nb::list items;
    for (const Array& each : values) items.append(to_python(each));
    return nb::handle(type_).attr("_make")(items);
  }

 private:
  const char *name_, *fields_;
  PyObject* type_ = nullptr;
};

linalg::Order order_of(const Value& order) {
  if (!order.given()) return {};
  if (PyUnicode_Check(order.ptr())) return order.text("");
  return order.number(0);
}

linalg::Triangle triangle_of(const char* what, const Value& uplo) {
  std::string s = uplo.text("L");
  if (s == "l" || s == "L") return linalg::Triangle::lower;
  if (s == "u" || s == "U") return linalg::Triangle::upper;
  throw ValueError(std::string(what) + ": UPLO argument must be 'L' or 'U'");
}

// --- decompositions

TNP_FUNCTION(cholesky, kLinalg, "(a, /, *, upper=False)",
             "The triangular factor L with L Lᴴ = a (or U with Uᴴ U = a), a being positive definite.") {
  const auto [a, upper] = take<2>(args);
  return to_python(linalg::cholesky(a.array(), upper.flag()));
}

linalg::QrMode qr_mode(const Value& mode) {
  const std::string s = mode.text("reduced");
  if (s == "reduced") return linalg::QrMode::reduced;
  if (s == "complete") return linalg::QrMode::complete;
  if (s == "r") return linalg::QrMode::r;
  if (s == "raw") return linalg::QrMode::raw;
  throw ValueError("qr: Unrecognized mode '" + s + "'");
}
TNP_FUNCTION(qr, kLinalg, "(a, mode='reduced')", "Orthonormal columns q and an upper triangle r with q r = a.") {
  static NamedTuple result("QRResult", "Q R");
  const auto [a, mode] = take<2>(args);
  const linalg::QrMode m = qr_mode(mode);
  const linalg::QR y = linalg::qr(a.array(), m);
  if (m == linalg::QrMode::r) return to_python(y.r);
  if (m == linalg::QrMode::raw) return nb::make_tuple(to_python(y.q), to_python(y.r));
  return result({y.q, y.r});
}
TNP_FUNCTION(svd, kLinalg, "(a, full_matrices=True, compute_uv=True, hermitian=False)",
             "The singular value decomposition: u, s, vh with u diag(s) vh = a.") {
  static NamedTuple result("SVDResult", "U S Vh");
  const auto [a, full_matrices, compute_uv, hermitian] = take<4>(args);
  if (!compute_uv.flag(true)) return to_python(linalg::svdvals(a.array(), hermitian.flag()));
  const linalg::SVD y = linalg::svd(a.array(), full_matrices.flag(true), hermitian.flag());
  return result({y.u, y.s, y.vh});
}
TNP_FUNCTION(svdvals, kLinalg, "(x, /)", "The singular values, the greatest first.") {
  return to_python(linalg::svdvals(take<1>(args)[0].array()));
}
TNP_FUNCTION(eigh, kLinalg, "(a, UPLO='L')",
             "Eigenvalues and eigenvectors of Hermitian matrices, in ascending order.") {
  static NamedTuple result("EighResult", "eigenvalues eigenvectors");
  const auto [a, uplo] = take<2>(args);
  const linalg::Eigen y = linalg::eigh(a.array(), triangle_of("eigh", uplo));
  return result({y.eigenvalues, y.eigenvectors});
}
TNP_FUNCTION(eigvalsh, kLinalg, "(a, UPLO='L')", "Eigenvalues of Hermitian matrices, in ascending order.") {
  const auto [a, uplo] = take<2>(args);
  return to_python(linalg::eigvalsh(a.array(), triangle_of("eigvalsh", uplo)));
}
TNP_FUNCTION(eig, kLinalg, "(a)",
             "Eigenvalues and eigenvectors of square matrices: real if all eigenvalues of a real matrix are, always "
             "complex inside a traced function.") {
  static NamedTuple result("EigResult", "eigenvalues eigenvectors");
  const linalg::Eigen y = linalg::eig(take<1>(args)[0].array());
  return result({y.eigenvalues, y.eigenvectors});
}
TNP_FUNCTION(eigvals, kLinalg, "(a)", "Eigenvalues of square matrices.") {
  return to_python(linalg::eigvals(take<1>(args)[0].array()));
}

// --- equations and inverses

TNP_FUNCTION(solve, kLinalg, "(a, b)", "x with a x = b.") {
  const auto [a, b] = take<2>(args);
  return to_python(linalg::solve(a.array(), b.array()));
}
TNP_FUNCTION(inv, kLinalg, "(a)", "The inverse.") { return to_python(linalg::inv(take<1>(args)[0].array())); }

TNP_FUNCTION(pinv, kLinalg, "(a, rcond=None, hermitian=False, *, rtol=...)",
             "The pseudo-inverse. Singular values up to rtol (or rcond) times the largest count as zeros.") {
  const auto [a, rcond, hermitian, rtol] = take<4>(args);
  if (rcond.given() && rtol.ptr() != nullptr) throw ValueError("pinv: `rtol` and `rcond` can't be both set.");
  const Array x = a.array();
  Array share = rcond.given() ? rcond.array() : rtol.array_if_given();
  if (!share && rtol.ptr() != nullptr) share = linalg::precision_of_size(x);  // rtol=None
  return to_python(linalg::pinv(x, share, hermitian.flag()));
}

TNP_FUNCTION(lstsq, kLinalg, "(a, b, rcond=None)",
             "The least-squares solution of a x = b: x, the residuals, the rank of a and its singular values.") {
  const auto [a, b, rcond] = take<3>(args);
  const linalg::LeastSquares y =
      linalg::lstsq(a.array(), b.array(), rcond.given() ? std::optional<double>(rcond.number(0)) : std::nullopt);
  return nb::make_tuple(to_python(y.x), to_python(y.residuals), to_python(y.rank), to_python(y.s));
}
TNP_FUNCTION(tensorsolve, kLinalg, "(a, b, axes=None)", "x with tensordot(a, x, x.ndim) = b.") {
  const auto [a, b, axes] = take<3>(args);
  return to_python(linalg::tensorsolve(a.array(), b.array(), axes.axes()));
}
TNP_FUNCTION(tensorinv, kLinalg, "(a, ind=2)", "The inverse of tensordot with a over ind axes.") {
  const auto [a, ind] = take<2>(args);
  return to_python(linalg::tensorinv(a.array(), ind.integer(2)));
}

// --- numbers

TNP_FUNCTION(det, kLinalg, "(a)", "The determinant.") { return to_python(linalg::det(take<1>(args)[0].array())); }
TNP_FUNCTION(slogdet, kLinalg, "(a)", "The sign of the determinant and the logarithm of its absolute value.") {
  static NamedTuple result("SlogdetResult", "sign logabsdet");
  const linalg::SignLogDet y = linalg::slogdet(take<1>(args)[0].array());
  return result({y.sign, y.logabsdet});
}

// NumPy takes an integer or a tuple, no list.
std::optional<Axes> norm_axes(const Value& axis) {
  if (axis.given() && !PyTuple_Check(axis.ptr()) && !PyIndex_Check(axis.ptr()))
    throw TypeError("norm: 'axis' must be None, an integer or a tuple of integers");
  return axis.axes();
}
TNP_FUNCTION(norm, kLinalg, "(x, ord=None, axis=None, keepdims=False)", "Norms of vectors or matrices.") {
  const auto [x, ord, axis, keepdims] = take<4>(args);
  return to_python(linalg::norm(x.array(), order_of(ord), norm_axes(axis), keepdims.flag()));
}
TNP_FUNCTION(vector_norm, kLinalg, "(x, /, *, axis=None, keepdims=False, ord=2)", "Norms of vectors.") {
  const auto [x, axis, keepdims, ord] = take<4>(args);
  if (ord.given() && PyUnicode_Check(ord.ptr()))
    throw ValueError("vector_norm: Invalid norm order '" + ord.text("") + "' for vectors");
  return to_python(linalg::vector_norm(x.array(), norm_axes(axis), keepdims.flag(), ord.number(2)));
}
TNP_FUNCTION(matrix_norm, kLinalg, "(x, /, *, keepdims=False, ord='fro')", "Norms of matrices.") {
  const auto [x, keepdims, ord] = take<3>(args);
  return to_python(linalg::matrix_norm(x.array(), keepdims.flag(), order_of(ord)));
}
TNP_FUNCTION(cond, kLinalg, "(x, p=None)", "The condition number.") {
  const auto [x, p] = take<2>(args);
  const SilentFlags silent;
  return to_python(linalg::cond(x.array(), order_of(p)));
}
TNP_FUNCTION(matrix_rank, kLinalg, "(A, tol=None, hermitian=False, *, rtol=None)", "The rank, by singular values.") {
  const auto [A, tol, hermitian, rtol] = take<4>(args);
  const Array x = A.array();
  const Array rank = linalg::matrix_rank(x, tol.array_if_given(), hermitian.flag(), rtol.array_if_given());
  if (x.ndim() < 2 && !rank.is_symbolic()) return nb::int_(rank.item<std::int64_t>());
  return to_python(rank);
}

// --- products

TNP_FUNCTION(matrix_power, kLinalg, "(a, n)", "The n-th power of square matrices.") {
  const auto [a, n] = take<2>(args);
  const Array x = a.array();
  if (!PyIndex_Check(n.ptr())) throw TypeError("matrix_power: exponent must be an integer");
  return to_python(linalg::matrix_power(x, n.integer()));
}
TNP_FUNCTION(multi_dot, kLinalg, "(arrays, *, out=None)",
             "The product of a chain of matrices, in the cheapest order.") {
  return to_python(linalg::multi_dot(take<1>(args)[0].arrays()));
}
TNP_FUNCTION(matmul, kLinalg, "(x1, x2, /)", "Matrix products.") {
  const auto [x1, x2] = take<2>(args);
  return to_python(tnp::matmul(x1.array(), x2.array()));
}
TNP_FUNCTION(matrix_transpose, kLinalg, "(x, /)", "The last two axes exchanged.") {
  return to_python(tnp::matrix_transpose(take<1>(args)[0].array()));
}
TNP_FUNCTION(tensordot, kLinalg, "(x1, x2, /, *, axes=2)", "The sum of products over given axes.") {
  const auto [x1, x2, axes] = take<3>(args);
  nb::object f = nb::module_::import_("tnp._core").attr("tensordot");
  return f(x1.handle(), x2.handle(), axes.given() ? nb::borrow(axes.handle()) : nb::object(nb::int_(2)));
}
TNP_FUNCTION(vecdot, kLinalg, "(x1, x2, /, *, axis=-1)", "The inner products of vectors, the first conjugated.") {
  const auto [x1, x2, axis] = take<3>(args);
  return to_python(tnp::vecdot(x1.array(), x2.array(), axis.integer(-1)));
}
TNP_FUNCTION(cross, kLinalg, "(x1, x2, /, *, axis=-1)", "The cross products of vectors of three elements.") {
  const auto [x1, x2, axis] = take<3>(args);
  const Array x = x1.array(), y = x2.array();
  ask_for_size_along(x, axis.integer(-1));
  ask_for_size_along(y, axis.integer(-1));
  return to_python(linalg::cross(x, y, axis.integer(-1)));
}
TNP_FUNCTION(outer, kLinalg, "(x1, x2, /)", "All products of two vectors' elements.") {
  const auto [x1, x2] = take<2>(args);
  return to_python(linalg::outer(x1.array(), x2.array()));
}
TNP_FUNCTION(diagonal, kLinalg, "(x, /, *, offset=0)", "The diagonals of matrices.") {
  const auto [x, offset] = take<2>(args);
  return to_python(linalg::diagonal(x.array(), offset.integer(0)));
}
TNP_FUNCTION(trace, kLinalg, "(x, /, *, offset=0, dtype=None)", "The sums of the diagonals of matrices.") {
  const auto [x, offset, dtype] = take<3>(args);
  return to_python(linalg::trace(x.array(), offset.integer(0), dtype.dtype()));
}

}  // namespace

}  // namespace tnp::python

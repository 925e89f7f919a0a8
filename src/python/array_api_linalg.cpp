// tnp.array_api.linalg.
#include "python/array_api_arguments.h"

namespace tnp::python {

namespace {

namespace la = array_api::linalg;

#define TNP_LINALG(NAME, SINCE, SIGNATURE, DOC) \
  TNP_STANDARD_OF(kStandard | kLinalg, linalg, NAME, SINCE, SIGNATURE, DOC)

// A class of named tuples, made when it is first needed and kept for ever.
class ResultTuple {
 public:
  constexpr ResultTuple(const char* name, const char* fields) : name_(name), fields_(fields) {}
  nb::object operator()(const StrictCall& call, const Arrays& values) {
    if (type_ == nullptr) {
      nb::object make = nb::module_::import_("collections").attr("namedtuple");
      type_ = make(name_, fields_, nb::arg("module") = "tnp.array_api.linalg").release().ptr();
    }
    return nb::handle(type_).attr("_make")(call.tuple(values));
  }

 private:
  const char *name_, *fields_;
  PyObject* type_ = nullptr;
};

#define TNP_OF_MATRIX(NAME, DOC) \
  TNP_LINALG(NAME, k2021, "(x, /)", DOC) { return call.wrap(la::NAME(call.array(args.values[0]))); }
TNP_OF_MATRIX(det, "The determinant of each matrix.")
TNP_OF_MATRIX(eigvalsh, "The eigenvalues of a Hermitian matrix.")
TNP_OF_MATRIX(inv, "The inverse of each matrix.")
TNP_OF_MATRIX(svdvals, "The singular values, the largest first.")
#undef TNP_OF_MATRIX

TNP_LINALG(eigvals, k2025, "(x, /)", "The eigenvalues of a matrix, complex.") {
  return call.wrap(la::eigvals(call.array(args.values[0])));
}

TNP_LINALG(eig, k2025, "(x, /)", "Eigenvalues and eigenvectors of a matrix, complex.") {
  static ResultTuple result("EigResult", "eigenvalues eigenvectors");
  return result(call, la::eig(call.array(args.values[0])));
}

TNP_LINALG(eigh, k2021, "(x, /)", "Eigenvalues and eigenvectors of a Hermitian matrix.") {
  static ResultTuple result("EighResult", "eigenvalues eigenvectors");
  return result(call, la::eigh(call.array(args.values[0])));
}

TNP_LINALG(slogdet, k2021, "(x, /)", "The sign of the determinant and the logarithm of its size.") {
  static ResultTuple result("SlogdetResult", "sign logabsdet");
  return result(call, la::slogdet(call.array(args.values[0])));
}

TNP_LINALG(qr, k2021, "(x, /, *, mode='reduced')", "Orthonormal columns Q and an upper triangle R with Q R = x.") {
  static ResultTuple result("QRResult", "Q R");
  const auto [x, mode] = take<2>(args);
  return result(call, la::qr(call.array(x), mode.text("reduced")));
}

TNP_LINALG(svd, k2021, "(x, /, *, full_matrices=True)", "The singular value decomposition U S Vh = x.") {
  static ResultTuple result("SVDResult", "U S Vh");
  const auto [x, full] = take<2>(args);
  return result(call, la::svd(call.array(x), strict_flag("svd: full_matrices", full, true)));
}

TNP_LINALG(cholesky, k2021, "(x, /, *, upper=False)", "The triangular factor of a positive definite matrix.") {
  const auto [x, upper] = take<2>(args);
  return call.wrap(la::cholesky(call.array(x), strict_flag("cholesky: upper", upper, false)));
}

TNP_LINALG(cross, k2021, "(x1, x2, /, *, axis=-1)", "The cross product of vectors of size 3.") {
  const auto [x1, x2, axis] = take<3>(args);
  const Array &a = call.array(x1, "x1"), &b = call.array(x2, "x2");
  const std::int64_t along = call.int_or("axis", axis, -1);
  for (const Array* each : {&a, &b}) call.need_size(*each, along);
  return call.wrap(la::cross(a, b, along));
}

TNP_LINALG(outer, k2021, "(x1, x2, /)", "The products of all pairs of elements of two vectors.") {
  const auto [x1, x2] = take<2>(args);
  const Array &a = call.array(x1, "x1"), &b = call.array(x2, "x2");
  return call.wrap(la::outer(a, b));
}

TNP_LINALG(solve, k2021, "(x1, x2, /)", "The solution of x1 y = x2; x2 is a vector if it has one dimension.") {
  const auto [x1, x2] = take<2>(args);
  const Array &a = call.array(x1, "x1"), &b = call.array(x2, "x2");
  return call.wrap(la::solve(a, b));
}

TNP_LINALG(diagonal, k2021, "(x, /, *, offset=0)", "The diagonal of each matrix.") {
  const auto [x, offset] = take<2>(args);
  return call.wrap(la::diagonal(call.array(x), strict_diagonal("diagonal: offset", offset)));
}

TNP_LINALG(trace, k2021, "(x, /, *, offset=0, dtype=None)", "The sum of the diagonal of each matrix.") {
  const auto [x, offset, dtype] = take<3>(args);
  const Array& a = call.array(x);
  const DType d = call.sum_dtype(dtype, a);
  return call.wrap(la::trace(a, strict_diagonal("trace: offset", offset), d));
}

TNP_LINALG(matrix_power, k2021, "(x, n, /)", "The n-th power of each square matrix.") {
  const auto [x, n] = take<2>(args);
  return call.wrap(la::matrix_power(call.array(x), strict_int("matrix_power: n", n.ptr())));
}

TNP_LINALG(matrix_norm, k2021, "(x, /, *, keepdims=False, ord='fro')", "A norm of each matrix.") {
  const auto [x, keepdims, order] = take<3>(args);
  std::optional<std::variant<double, std::string>> o;
  if (order.given() && PyUnicode_Check(order.ptr())) {
    o = order.text("");
  } else if (order.given()) {
    o = order.number(0);
  }
  return call.wrap(la::matrix_norm(call.array(x), strict_flag("matrix_norm: keepdims", keepdims, false), o));
}

TNP_LINALG(vector_norm, k2021, "(x, /, *, axis=None, keepdims=False, ord=2)", "A norm of vectors along axes.") {
  const auto [x, axis, keepdims, order] = take<4>(args);
  const array_api::Reduction over{strict_axes("vector_norm: axis", axis),
                                  strict_flag("vector_norm: keepdims", keepdims, false)};
  return call.wrap(la::vector_norm(call.array(x), over, order.number(2)));
}

// A Python number or an array of the namespace; absent for None.
Array relative_tolerance(StrictCall& call, const Array& x, const Value& rtol) {
  if (!rtol.given()) return {};
  if (is_strict_array(rtol.ptr())) return call.array(rtol, "rtol");
  Scalar s(false);
  if (!scalar_of(rtol.ptr(), s) || s.kind == WeakKind::boolean || s.kind == WeakKind::complex) {
    throw TypeError(call.named("rtol") + " must be a number, an array of this namespace or None, not '" +
                    Py_TYPE(rtol.ptr())->tp_name + "'");
  }
  return s.to_array(real_of(x.dtype()));
}

TNP_LINALG(matrix_rank, k2021, "(x, /, *, rtol=None)",
           "The number of singular values that are more than rtol times the largest.") {
  const auto [x, rtol] = take<2>(args);
  const Array& a = call.array(x);
  array_api::check_category("matrix_rank", a.dtype(), array_api::Category::floating);
  return call.wrap_indices(la::matrix_rank(a, relative_tolerance(call, a, rtol)));
}

TNP_LINALG(pinv, k2021, "(x, /, *, rtol=None)", "The pseudo-inverse of each matrix.") {
  const auto [x, rtol] = take<2>(args);
  const Array& a = call.array(x);
  array_api::check_category("pinv", a.dtype(), array_api::Category::floating);
  return call.wrap(la::pinv(a, relative_tolerance(call, a, rtol)));
}

}  // namespace

}  // namespace tnp::python

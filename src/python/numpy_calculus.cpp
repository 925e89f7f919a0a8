// Derivatives, phases, windows, parts of numbers, polynomials.
#include "base/dim.h"
#include "python/arguments.h"
#include "python/autograph.h"
#include "tnp/calculus.h"
#include "tnp/error.h"
#include "tnp/polynomials.h"

namespace tnp::python {

namespace {

TNP_FUNCTION(gradient, kFunction, "(f, *varargs, axis=None, edge_order=1)",
             "Derivatives along axes: central differences, one-sided at the ends.") {
  const auto [given, axis, edge_order] = take<3>(args);
  const Array f = given.array();
  const DType type = is_floating(f.dtype()) ? f.dtype() : DType::float64;
  Arrays spacing;
  for (PyObject* o : args.rest) {
    Scalar weak(false);
    spacing.push_back(scalar_of(o, weak) ? weak.to_array(weak.kind == WeakKind::complex ? DType::complex128 : type)
                                         : as_array(o));
  }
  const Arrays out = gradient(f, spacing, axis.axes(), static_cast<int>(edge_order.integer(1)));
  return out.size() == 1 ? to_python(out[0]) : nb::object(nb::tuple(to_python(out)));
}

TNP_FUNCTION(unwrap, kFunction, "(p, discont=None, axis=-1, *, period=6.283185307179586)",
             "Phases with jumps of more than half a period taken out.") {
  const auto [p, discont, axis, period] = take<4>(args);
  PyOperand jump, whole;
  if (discont.given()) read_operand(jump, discont);
  if (period.given()) read_operand(whole, period);
  weaken_beside(jump, p.array());
  weaken_beside(whole, p.array());
  const Operand from = operand(jump);
  const Scalar two_pi(6.283185307179586);
  const Operand* least = discont.given() ? &from : nullptr;
  if (!period.given()) return to_python(unwrap(p.array(), least, axis.integer(-1), two_pi));
  return to_python(unwrap(p.array(), least, axis.integer(-1), operand(whole)));
}

#define TNP_WINDOW(NAME, DOC) \
  TNP_FUNCTION(NAME, kFunction, "(M)", DOC) { return to_python(NAME(take<1>(args)[0].number(0))); }
TNP_WINDOW(bartlett, "A triangular window.")
TNP_WINDOW(blackman, "A window of three cosines.")
TNP_WINDOW(hamming, "A window of a raised cosine that does not reach 0.")
TNP_WINDOW(hanning, "A window of a raised cosine.")
#undef TNP_WINDOW
TNP_FUNCTION(kaiser, kFunction, "(M, beta)", "A window made of the Bessel function i0.") {
  const auto [m, beta] = take<2>(args);
  return to_python(kaiser(m.number(0), beta.array()));
}
TNP_FUNCTION(i0, kFunction, "(x)", "The modified Bessel function of the first kind of order 0.") {
  return to_python(i0(take<1>(args)[0].array()));
}

// --- polynomials

// With as many coefficients as there are: a function that is being traced is traced again with their number fixed.
Array coefficients(const Value& v) {
  const Array p = v.array();
  if (p.shape().rank_known() && p.ndim() == 1 && is_symbolic(p.shape()[0])) {
    (void)Value(dim_object(p.shape()[0]).ptr()).integer();
  }
  return p;
}

TNP_FUNCTION(vander, kFunction, "(x, N=None, increasing=False)", "The powers of x as columns.") {
  const auto [x, n, increasing] = take<3>(args);
  return to_python(vander(x.array(), n.given() ? std::optional(n.size()) : std::nullopt, increasing.flag()));
}
TNP_FUNCTION(polyadd, kFunction, "(a1, a2)", "The sum of two polynomials.") {
  const auto [p, q] = take<2>(args);
  return to_python(polyadd(p.array(), q.array()));
}
TNP_FUNCTION(polysub, kFunction, "(a1, a2)", "The difference of two polynomials.") {
  const auto [p, q] = take<2>(args);
  return to_python(polysub(p.array(), q.array()));
}
TNP_FUNCTION(polymul, kFunction, "(a1, a2)", "The product of two polynomials.") {
  const auto [p, q] = take<2>(args);
  return to_python(polymul(p.array(), q.array()));
}
TNP_FUNCTION(polydiv, kFunction, "(u, v)", "The quotient and the remainder of two polynomials.") {
  const auto [p, q] = take<2>(args);
  const Quotient r = polydiv(coefficients(p), coefficients(q));
  return nb::make_tuple(to_python(r.quotient), to_python(r.remainder));
}
TNP_FUNCTION(polyder, kFunction, "(p, m=1)", "The m-th derivative of a polynomial.") {
  const auto [p, m] = take<2>(args);
  return to_python(polyder(p.array(), m.integer(1)));
}
TNP_FUNCTION(polyint, kFunction, "(p, m=1, k=None)", "The m-th integral of a polynomial, with constants k.") {
  const auto [p, m, k] = take<3>(args);
  return to_python(polyint(p.array(), m.integer(1), k.array_if_given()));
}
TNP_FUNCTION(polyval, kFunction, "(p, x)", "The values of a polynomial at x.") {
  const auto [p, x] = take<2>(args);
  return to_python(polyval(coefficients(p), x.array()));
}
TNP_FUNCTION(poly, kFunction, "(seq_of_zeros)", "The polynomial with these roots.") {
  const Array roots = coefficients(take<1>(args)[0]);
  if (roots.ndim() == 1 && roots.shape()[0] == 0) return nb::float_(1.0);  // as NumPy
  return to_python(poly(roots));
}
TNP_FUNCTION(roots, kFunction, "(p)", "The roots of a polynomial.") {
  return to_python(roots(take<1>(args)[0].array()));
}

// What a fit's variance is multiplied with: that of the points, from their residuals.
Array scaled_covariance(const PolynomialFit& fit, const Array& x, const Array& y, std::int64_t degree,
                        const Array& weights, bool scaled) {
  const Array base = polynomial_covariance(x, degree, weights);
  if (!scaled) return base;
  const std::int64_t n = x.shape()[0];
  if (n <= degree + 1) {
    throw ValueError("the number of data points must exceed order to scale the covariance matrix");
  }
  const Array factor = fit.residuals / Scalar(n - degree - 1);
  return y.ndim() == 1 ? base * factor : expand_dims(base, Axes{2}) * factor;
}

TNP_FUNCTION(polyfit, kFunction, "(x, y, deg, rcond=None, full=False, w=None, cov=False)",
             "The polynomial of a degree nearest to points, by least squares.") {
  const auto [x_, y_, deg, rcond, full, w_, cov] = take<7>(args);
  const Array x = coefficients(x_), y = y_.array(), w = w_.array_if_given();
  const std::int64_t degree = deg.integer();
  const PolynomialFit fit = polyfit(x, y, degree, rcond.given() ? std::optional(rcond.number(0)) : std::nullopt, w);
  if (!full.flag() && !fit.rank.is_symbolic() && fit.rank.item<std::int64_t>() != degree + 1) {
    nb::object category = nb::module_::import_("numpy.exceptions").attr("RankWarning");
    if (PyErr_WarnEx(category.ptr(), "Polyfit may be poorly conditioned", 1) != 0) throw nb::python_error();
  }
  const nb::object c = to_python(fit.coefficients);
  if (full.flag()) {
    return nb::make_tuple(c, to_python(fit.residuals), to_python(fit.rank), to_python(fit.singular_values),
                          nb::float_(fit.rcond));
  }
  const bool unscaled = cov.given() && PyUnicode_Check(cov.ptr());
  if (unscaled && cov.text("") != "unscaled") throw ValueError("polyfit: cov is True, False or 'unscaled'");
  if (!unscaled && !cov.flag()) return c;
  return nb::make_tuple(c, to_python(scaled_covariance(fit, x, y, degree, w, !unscaled)));
}

TNP_FUNCTION(_trim_coefficients, kFunction, "(p)", "Without leading zeros.") {
  return to_python(trim_coefficients(take<1>(args)[0].array()));
}

}  // namespace

}  // namespace tnp::python

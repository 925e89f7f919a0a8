// Choosing, rounding, comparing; products; differences.
#include "python/arguments.h"
#include "python/autograph.h"
#include "python/elementwise_call.h"
#include "python/silent_flags.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

TNP_FUNCTION(clip, kFunction, "(a, a_min=None, a_max=None, out=None, *, min=None, max=None)",
             "Elements within bounds.") {
  const auto [a, a_min, a_max, out, min, max] = take<6>(args);
  if ((a_min.ptr() || a_max.ptr()) && (min.ptr() || max.ptr())) {
    throw ValueError("Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden.");
  }
  const Value low = min.ptr() ? min : a_min, high = max.ptr() ? max : a_max;
  PyOperand lower, upper;
  if (low.given()) read_operand(lower, low);
  if (high.given()) read_operand(upper, high);
  const Array x = a.array();
  weaken_beside(lower, x);
  weaken_beside(upper, x);
  const Operand l = operand(lower), u = operand(upper);
  return to_python(clip(x, low.given() ? &l : nullptr, high.given() ? &u : nullptr));
}

TNP_FUNCTION(round, kFunction | kMethod, "(a, decimals=0, out=None)",
             "Rounded to this many decimals, halves to even.") {
  const auto [a, decimals] = take<2>(args);
  return to_python(round(a.array(), static_cast<int>(decimals.integer(0))));
}
TNP_ALIAS(around, round)
TNP_FUNCTION(fix, kFunction, "(x, out=None)", "Rounded towards zero.") {
  return to_python(fix(take<1>(args)[0].array()));
}

TNP_FUNCTION(angle, kFunction, "(z, deg=False)", "The argument of complex numbers.") {
  const auto [z, deg] = take<2>(args);
  return to_python(angle(z.array(), deg.flag()));
}
TNP_FUNCTION(nan_to_num, kFunction, "(x, copy=True, nan=0.0, posinf=None, neginf=None)",
             "NaN and infinities replaced by numbers.") {
  const auto [x, copied, nan, posinf, neginf] = take<5>(args);
  return to_python(nan_to_num(x.array(), nan.array_if_given(), posinf.array_if_given(), neginf.array_if_given()));
}
TNP_FUNCTION(sinc, kFunction, "(x)", "sin(πx) / πx.") { return to_python(sinc(take<1>(args)[0].array())); }
TNP_FUNCTION(isposinf, kFunction, "(x, out=None)", "Where there is a positive infinity.") {
  return to_python(isposinf(take<1>(args)[0].array()));
}
TNP_FUNCTION(isneginf, kFunction, "(x, out=None)", "Where there is a negative infinity.") {
  return to_python(isneginf(take<1>(args)[0].array()));
}
TNP_FUNCTION(iscomplex, kFunction, "(x)", "Where the imaginary part is not zero.") {
  return to_python(iscomplex(take<1>(args)[0].array()));
}
TNP_FUNCTION(isreal, kFunction, "(x)", "Where the imaginary part is zero.") {
  return to_python(isreal(take<1>(args)[0].array()));
}
TNP_FUNCTION(iscomplexobj, kFunction, "(x)", "Whether the type is complex.") {
  return nb::bool_(is_complex(take<1>(args)[0].array().dtype()));
}
TNP_FUNCTION(isrealobj, kFunction, "(x)", "Whether the type is not complex.") {
  return nb::bool_(!is_complex(take<1>(args)[0].array().dtype()));
}

// --- comparisons of arrays

// A Python bool, or a 0-d array inside a traced function.
nb::object decision(const Array& x) {
  if (x.is_symbolic()) return to_python(x);
  return nb::bool_(truth_value(x));
}

template <Array (*F)(const Array&, const Array&, const Operand&, const Operand&, bool)>
Array compare_close(const Arguments& args) {
  const auto [a, b, rtol, atol, equal_nan] = take<5>(args);
  PyOperand relative, absolute;
  static PyObject* const kRelative = PyFloat_FromDouble(1e-5);
  static PyObject* const kAbsolute = PyFloat_FromDouble(1e-8);
  read_operand(relative, rtol.given() ? rtol : Value(kRelative));
  read_operand(absolute, atol.given() ? atol : Value(kAbsolute));
  const SilentFlags silent;
  return F(a.array(), b.array(), operand(relative), operand(absolute), equal_nan.flag());
}
TNP_FUNCTION(isclose, kFunction, "(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)",
             "Where elements are equal within tolerances.") {
  return to_python(compare_close<&isclose>(args));
}
TNP_FUNCTION(allclose, kFunction, "(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)",
             "Whether all elements are equal within tolerances.") {
  return decision(compare_close<&allclose>(args));
}
TNP_FUNCTION(array_equal, kFunction, "(a1, a2, equal_nan=False)", "Whether shapes and elements are equal.") {
  const auto [a1, a2, equal_nan] = take<3>(args);
  return decision(array_equal(a1.array(), a2.array(), equal_nan.flag()));
}
TNP_FUNCTION(array_equiv, kFunction, "(a1, a2)", "Whether elements are equal after broadcasting.") {
  const auto [a1, a2] = take<2>(args);
  return decision(array_equiv(a1.array(), a2.array()));
}

// --- products

TNP_FUNCTION(dot, kFunction, "(a, b, out=None)",
             "The sum of products over the last axis of a and the last but one of b.") {
  const auto [a, b] = take<2>(args);
  return to_python(dot(a.array(), b.array()));
}
TNP_FUNCTION(inner, kFunction, "(a, b, /)", "The sum of products over the last axes.") {
  const auto [a, b] = take<2>(args);
  return to_python(inner(a.array(), b.array()));
}
TNP_FUNCTION(outer, kFunction, "(a, b, out=None)", "All products of two vectors' elements.") {
  const auto [a, b] = take<2>(args);
  return to_python(outer(a.array(), b.array()));
}
TNP_FUNCTION(vdot, kFunction, "(a, b, /)", "The inner product of flattened arrays, the first conjugated.") {
  const auto [a, b] = take<2>(args);
  return to_python(vdot(a.array(), b.array()));
}
TNP_FUNCTION(kron, kFunction, "(a, b)", "The Kronecker product.") {
  const auto [a, b] = take<2>(args);
  return to_python(kron(a.array(), b.array()));
}
TNP_FUNCTION(tensordot, kFunction, "(a, b, axes=2)", "The sum of products over given axes.") {
  const auto [a, b, axes] = take<3>(args);
  if (!axes.given() || PyIndex_Check(axes.ptr())) return to_python(tensordot(a.array(), b.array(), axes.integer(2)));
  nb::object pair = nb::steal(PySequence_List(axes.ptr()));
  if (!pair.is_valid()) throw nb::python_error();
  if (nb::len(pair) != 2) throw ValueError("tensordot: axes must be a number or a pair of axes");
  const nb::object left = pair[0], right = pair[1];
  return to_python(tensordot(a.array(), b.array(), *Value(left.ptr()).axes(), *Value(right.ptr()).axes()));
}

// --- differences

TNP_FUNCTION(diff, kFunction, "(a, n=1, axis=-1, prepend=None, append=None)", "The n-th differences along an axis.") {
  const auto [a, n, axis, prepend, append] = take<5>(args);
  return to_python(diff(a.array(), n.integer(1), axis.integer(-1), prepend.array_if_given(), append.array_if_given()));
}
TNP_FUNCTION(ediff1d, kFunction, "(ary, to_end=None, to_begin=None)", "The differences of the flattened elements.") {
  const auto [ary, to_end, to_begin] = take<3>(args);
  return to_python(ediff1d(ary.array(), to_end.array_if_given(), to_begin.array_if_given()));
}
TNP_FUNCTION(trapezoid, kFunction, "(y, x=None, dx=1.0, axis=-1)", "The integral by the trapezoidal rule.") {
  const auto [y, x, dx, axis] = take<4>(args);
  PyOperand step;
  static PyObject* const kOne = PyFloat_FromDouble(1);
  read_operand(step, dx.given() ? dx : Value(kOne));
  weaken_beside(step, y.array());
  return to_python(trapezoid(y.array(), x.array_if_given(), operand(step), axis.integer(-1)));
}

// --- sizes

TNP_FUNCTION(shape, kFunction, "(a)", "The shape.") {
  const Array x = take<1>(args)[0].array();
  x.ndim();
  return shape_object(x.shape());
}
TNP_FUNCTION(ndim, kFunction, "(a)", "The number of dimensions.") { return nb::int_(take<1>(args)[0].array().ndim()); }
TNP_FUNCTION(size, kFunction, "(a, axis=None)", "The number of elements, or the sizes of axes multiplied.") {
  const auto [a, axis] = take<2>(args);
  const Array x = a.array();
  const std::optional<Axes> axes = axis.axes();
  if (!axes) return dim_object(x.size());
  nb::object n = nb::int_(1);
  for (std::int64_t i : normalize_axes(*axes, x.ndim())) n = n * dim_object(x.shape()[static_cast<int>(i)]);
  return n;
}

}  // namespace

}  // namespace tnp::python

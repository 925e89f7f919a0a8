// Reductions, as functions and methods.
#include "base/accumulator_dtype.h"
#include "python/arguments.h"
#include "python/elementwise_call.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

// `initial` in the type of the result: an integer that does not fit is refused, a fraction is dropped.
Array initial_of(const Value& initial, DType type) {
  if (!initial.given()) return Array();
  const Array x = as_array(initial.ptr(), {type, std::nullopt});
  if (x.ndim() != 0) throw ValueError("setting an array element with a sequence.");
  return x;
}

DType sum_type(const Array& x, const Value& dtype) {
  if (dtype.given()) return *dtype.dtype();
  return accumulator_dtype(x.dtype());
}

// (a, axis, dtype, out, keepdims, initial, where)
template <Array (*F)(const Array&, const Reduction&)>
nb::object sum_like(const Arguments& args) {
  const auto [a, axis, dtype, out, keepdims, initial, where] = take<7>(args);
  const Array x = a.array();
  return to_python(F(x, {axis.axes(), dtype.dtype(), keepdims.flag(),
                         initial.given() ? initial_of(initial, sum_type(x, dtype)) : Array(), where.mask()}));
}
TNP_FUNCTION(sum, kFunction | kMethod, "(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True)",
             "The sum over axes. Integers are summed in 64 bits.") {
  return sum_like<&sum>(args);
}
TNP_FUNCTION(prod, kFunction | kMethod,
             "(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True)",
             "The product over axes.") {
  return sum_like<&prod>(args);
}
TNP_FUNCTION(nansum, kFunction, "(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True)",
             "The sum over axes of what is not NaN.") {
  return sum_like<&nansum>(args);
}
TNP_FUNCTION(nanprod, kFunction, "(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True)",
             "The product over axes of what is not NaN.") {
  return sum_like<&nanprod>(args);
}

// (a, axis, out, keepdims, initial, where)
template <Array (*F)(const Array&, const Reduction&)>
nb::object extreme(const Arguments& args) {
  const auto [a, axis, out, keepdims, initial, where] = take<6>(args);
  const Array x = a.array();
  return to_python(F(x, {axis.axes(), {}, keepdims.flag(), initial_of(initial, x.dtype()), where.mask()}));
}
TNP_FUNCTION(min, kFunction | kMethod, "(a, axis=None, out=None, keepdims=False, initial=None, where=True)",
             "The least element over axes, NaN where there is one.") {
  return extreme<&min>(args);
}
TNP_FUNCTION(max, kFunction | kMethod, "(a, axis=None, out=None, keepdims=False, initial=None, where=True)",
             "The greatest element over axes, NaN where there is one.") {
  return extreme<&max>(args);
}
TNP_ALIAS(amin, min)
TNP_ALIAS(amax, max)
TNP_FUNCTION(nanmin, kFunction, "(a, axis=None, out=None, keepdims=False, initial=None, where=True)",
             "The least element over axes of what is not NaN.") {
  return extreme<&nanmin>(args);
}
TNP_FUNCTION(nanmax, kFunction, "(a, axis=None, out=None, keepdims=False, initial=None, where=True)",
             "The greatest element over axes of what is not NaN.") {
  return extreme<&nanmax>(args);
}

// (a, axis, out, keepdims, *, where)
template <Array (*F)(const Array&, const Reduction&)>
nb::object truth(const Arguments& args) {
  const auto [a, axis, out, keepdims, where] = take<5>(args);
  return to_python(F(a.array(), {axis.axes(), {}, keepdims.flag(), {}, where.mask()}));
}
TNP_FUNCTION(all, kFunction | kMethod, "(a, axis=None, out=None, keepdims=False, *, where=True)",
             "Whether all elements over axes are true.") {
  return truth<&all>(args);
}
TNP_FUNCTION(any, kFunction | kMethod, "(a, axis=None, out=None, keepdims=False, *, where=True)",
             "Whether any element over axes is true.") {
  return truth<&any>(args);
}
TNP_FUNCTION(ptp, kFunction, "(a, axis=None, out=None, keepdims=False)",
             "The greatest element less the least, over axes.") {
  return truth<&ptp>(args);
}
TNP_FUNCTION(count_nonzero, kFunction, "(a, axis=None, *, keepdims=False)",
             "How many elements over axes are not zero.") {
  const auto [a, axis, keepdims] = take<3>(args);
  return to_python(count_nonzero(a.array(), {axis.axes(), {}, keepdims.flag(), {}, {}}));
}

// (a, axis, out, *, keepdims)
template <Array (*F)(const Array&, std::optional<std::int64_t>, bool)>
nb::object arg_extreme(const Arguments& args) {
  const auto [a, axis, out, keepdims] = take<4>(args);
  return to_python(F(a.array(), axis.axis(), keepdims.flag()));
}
TNP_FUNCTION(argmin, kFunction | kMethod, "(a, axis=None, out=None, *, keepdims=False)",
             "The index of the first least element.") {
  return arg_extreme<&argmin>(args);
}
TNP_FUNCTION(argmax, kFunction | kMethod, "(a, axis=None, out=None, *, keepdims=False)",
             "The index of the first greatest element.") {
  return arg_extreme<&argmax>(args);
}
TNP_FUNCTION(nanargmin, kFunction, "(a, axis=None, out=None, *, keepdims=False)",
             "The index of the first least element of what is not NaN.") {
  return arg_extreme<&nanargmin>(args);
}
TNP_FUNCTION(nanargmax, kFunction, "(a, axis=None, out=None, *, keepdims=False)",
             "The index of the first greatest element of what is not NaN.") {
  return arg_extreme<&nanargmax>(args);
}

// --- mean and spread

void warn(const char* text) {
  if (PyErr_WarnEx(PyExc_RuntimeWarning, text, 1) != 0) throw nb::python_error();
}

// How many elements a result is made of; -1 if that is known only when the function runs.
std::int64_t static_count(const Array& x, const std::optional<Axes>& axes) {
  if (!x.shape().is_static()) return -1;
  std::int64_t n = 1;
  if (!axes) return x.shape().num_elements();
  for (std::int64_t a : *axes) n *= x.shape()[normalize_axis(a, x.ndim())];
  return n;
}

// (a, axis, dtype, out, keepdims, *, where)
template <Array (*F)(const Array&, const Reduction&)>
nb::object mean_like(const Arguments& args) {
  const auto [a, axis, dtype, out, keepdims, where] = take<6>(args);
  const Array x = a.array();
  const Reduction options{axis.axes(), dtype.dtype(), keepdims.flag(), {}, where.mask()};
  if (static_count(x, options.axis) == 0) warn("Mean of empty slice");
  return to_python(F(x, options));
}
TNP_FUNCTION(mean, kFunction | kMethod, "(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True)",
             "The mean over axes, in float64 of integers.") {
  return mean_like<&mean>(args);
}
TNP_FUNCTION(nanmean, kFunction, "(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True)",
             "The mean over axes of what is not NaN.") {
  return mean_like<&nanmean>(args);
}

// (a, axis, dtype, out, ddof, keepdims, *, where, mean, correction)
template <Array (*F)(const Array&, const Reduction&, const Spread&)>
nb::object spread(const Arguments& args) {
  const auto [a, axis, dtype, out, ddof, keepdims, where, mean, correction] = take<9>(args);
  const Array x = a.array();
  const Reduction options{axis.axes(), dtype.dtype(), keepdims.flag(), {}, where.mask()};
  Spread s{ddof.number(0), mean.array_if_given()};
  if (correction.given()) {
    if (s.ddof != 0) throw ValueError("ddof and correction can't be provided simultaneously.");
    s.ddof = correction.number(0);
  }
  const std::int64_t count = static_count(x, options.axis);
  if (count >= 0 && static_cast<double>(count) <= s.ddof) warn("Degrees of freedom <= 0 for slice");
  return to_python(F(x, options, s));
}
#define TNP_SPREAD(NAME, DOC)                                                                                    \
  TNP_FUNCTION(                                                                                                  \
      NAME, kFunction | (NAME##_is_method ? kMethod : 0u),                                                       \
      "(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=None)", \
      DOC) {                                                                                                     \
    return spread<&NAME>(args);                                                                                  \
  }
constexpr bool var_is_method = true, std_is_method = true, nanvar_is_method = false, nanstd_is_method = false;
TNP_SPREAD(var, "The mean square of the deviations from the mean, over axes.")
TNP_SPREAD(std, "The root mean square of the deviations from the mean, over axes.")
TNP_SPREAD(nanvar, "The variance over axes of what is not NaN.")
TNP_SPREAD(nanstd, "The standard deviation over axes of what is not NaN.")
#undef TNP_SPREAD

TNP_FUNCTION(average, kFunction, "(a, axis=None, weights=None, returned=False, *, keepdims=False)",
             "The weighted mean over axes.") {
  const auto [a, axis, weights, returned, keepdims] = take<5>(args);
  const Average r = average(a.array(), weights.array_if_given(), {axis.axes(), {}, keepdims.flag(), {}, {}});
  if (!returned.flag()) return to_python(r.average);
  return nb::make_tuple(to_python(r.average), to_python(broadcast_to(r.weights_sum, r.average.shape())));
}

}  // namespace

}  // namespace tnp::python

// Medians and quantiles.
#include "python/arguments.h"
#include "python/autograph.h"
#include "tnp/error.h"
#include "tnp/statistics.h"

namespace tnp::python {

namespace {

void warn(const char* text) {
  if (PyErr_WarnEx(PyExc_RuntimeWarning, text, 1) != 0) throw nb::python_error();
}

bool known_empty(const Array& x) { return x.shape().is_static() && x.shape().num_elements() == 0; }

// A result that is NaN although NaN is passed over had nothing else to be made of.
nb::object warn_of_nan(const Array& x, Array out) {
  if (is_inexact(out.dtype()) && !out.is_symbolic() && !x.is_symbolic()) {
    if (known_empty(x)) {
      warn("Mean of empty slice");
    } else if (const Array found = any(isnan(out)); !found.is_symbolic() && found.item<bool>()) {
      warn("All-NaN slice encountered");
    }
  }
  return to_python(std::move(out));
}

TNP_FUNCTION(median, kFunction, "(a, axis=None, out=None, overwrite_input=False, keepdims=False)",
             "The middle of the elements in order, over axes; the mean of the two in the middle of an even number.") {
  const auto [a, axis, out, overwrite_input, keepdims] = take<5>(args);
  const Array x = a.array();
  if (known_empty(x)) warn("Mean of empty slice");
  return to_python(median(x, axis.axes(), keepdims.flag()));
}
TNP_FUNCTION(nanmedian, kFunction, "(a, axis=None, out=None, overwrite_input=False, keepdims=False)",
             "The median over axes of what is not NaN.") {
  const auto [a, axis, out, overwrite_input, keepdims] = take<5>(args);
  const Array x = a.array();
  return warn_of_nan(x, nanmedian(x, axis.axes(), keepdims.flag()));
}

struct QuantileCall {
  Array x, q;
  QuantileOptions options;
};
// (a, q, axis, out, overwrite_input, method, keepdims, *, weights)
QuantileCall quantile_call(const Arguments& args) {
  const auto [a, q, axis, out, overwrite_input, method, keepdims, weights] = take<8>(args);
  QuantileOptions o;
  o.axis = axis.axes();
  o.method = quantile_method(method.text("linear"));
  o.keepdims = keepdims.flag();
  o.weak_q = PyLong_CheckExact(q.ptr()) || PyFloat_CheckExact(q.ptr());
  if (is_array(q.ptr()) && is_weak_number(array_of(q.ptr()))) o.weak_q = true;
  o.weights = weights.array_if_given();
  if (o.weights && o.method != QuantileMethod::inverted_cdf)
    throw ValueError("Only method 'inverted_cdf' supports weights. Got: " + method.text("linear") + ".");
  return {a.array(), q.array(), std::move(o)};
}
#define TNP_QUANTILE_SIGNATURE \
  "(a, q, axis=None, out=None, overwrite_input=False, method='linear', keepdims=False, *, weights=None)"
TNP_FUNCTION(quantile, kFunction, TNP_QUANTILE_SIGNATURE,
             "What a share q, from 0 to 1, of the elements over axes lies below.") {
  const QuantileCall c = quantile_call(args);
  return to_python(quantile(c.x, c.q, c.options));
}
TNP_FUNCTION(percentile, kFunction, TNP_QUANTILE_SIGNATURE,
             "What q percent, from 0 to 100, of the elements over axes lie below.") {
  const QuantileCall c = quantile_call(args);
  return to_python(percentile(c.x, c.q, c.options));
}
TNP_FUNCTION(nanquantile, kFunction, TNP_QUANTILE_SIGNATURE, "The quantile over axes of what is not NaN.") {
  const QuantileCall c = quantile_call(args);
  return warn_of_nan(c.x, nanquantile(c.x, c.q, c.options));
}
TNP_FUNCTION(nanpercentile, kFunction, TNP_QUANTILE_SIGNATURE, "The percentile over axes of what is not NaN.") {
  const QuantileCall c = quantile_call(args);
  return warn_of_nan(c.x, nanpercentile(c.x, c.q, c.options));
}
#undef TNP_QUANTILE_SIGNATURE

}  // namespace

}  // namespace tnp::python

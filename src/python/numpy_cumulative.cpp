// Cumulative operations, as functions and methods.
#include "python/arguments.h"
#include "tnp/cumulative.h"

namespace tnp::python {

namespace {

// (a, axis, dtype, out)
template <Array (*F)(const Array&, std::optional<std::int64_t>, std::optional<DType>)>
nb::object cumulated(const Arguments& args) {
  const auto [a, axis, dtype] = take<3>(args);
  return to_python(F(a.array(), axis.axis(), dtype.dtype()));
}
TNP_FUNCTION(cumsum, kFunction | kMethod, "(a, axis=None, dtype=None, out=None)",
             "The sums of each element and all before it along an axis; of the flat array without one.") {
  return cumulated<&cumsum>(args);
}
TNP_FUNCTION(cumprod, kFunction | kMethod, "(a, axis=None, dtype=None, out=None)",
             "The products of each element and all before it along an axis; of the flat array without one.") {
  return cumulated<&cumprod>(args);
}
TNP_FUNCTION(nancumsum, kFunction, "(a, axis=None, dtype=None, out=None)",
             "The cumulative sums with NaN counted as 0.") {
  return cumulated<&nancumsum>(args);
}
TNP_FUNCTION(nancumprod, kFunction, "(a, axis=None, dtype=None, out=None)",
             "The cumulative products with NaN counted as 1.") {
  return cumulated<&nancumprod>(args);
}

// (x, *, axis, dtype, out, include_initial)
template <Array (*F)(const Array&, const Cumulative&)>
nb::object standard(const Arguments& args) {
  const auto [x, axis, dtype, out, include_initial] = take<5>(args);
  return to_python(F(x.array(), {axis.axis(), dtype.dtype(), include_initial.flag()}));
}
TNP_FUNCTION(cumulative_sum, kFunction, "(x, /, *, axis=None, dtype=None, out=None, include_initial=False)",
             "The sums of each element and all before it, after a 0 if that is asked for.") {
  return standard<&cumulative_sum>(args);
}
TNP_FUNCTION(cumulative_prod, kFunction, "(x, /, *, axis=None, dtype=None, out=None, include_initial=False)",
             "The products of each element and all before it, after a 1 if that is asked for.") {
  return standard<&cumulative_prod>(args);
}

}  // namespace

}  // namespace tnp::python

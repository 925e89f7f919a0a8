// What arrays and numbers are: memory, layout, kinds, text.
#include <algorithm>
#include <cmath>

#include "ir/format_float.h"
#include "ir/scalar.h"
#include "python/arguments.h"
#include "python/elementwise_call.h"
#include "python/layout.h"
#include "python/same_object.h"
#include "tnp/complex_parts.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

TNP_FUNCTION(real_if_close, kFunction, "(a, tol=100)",
             "The real part where all imaginary parts are as good as 0, else the array itself.") {
  const auto [a, tol] = take<2>(args);
  const Array x = a.array();
  return to_python(is_complex(x.dtype()) ? real_if_close(x, tol.number(100)) : x);  // the tolerance is of no matter
}

TNP_FUNCTION(common_type, kFunction, "(*arrays)", "The inexact type that these arrays have in common.") {
  DType type = DType::float16;
  bool complex = false;
  for (PyObject* o : args.rest) {
    const DType d = is_array(o) ? array_of(o).dtype() : as_array(o).dtype();
    if (is_bool(d)) throw TypeError("can't get common type for non-numeric array");
    complex = complex || is_complex(d);
    type = promote(type, is_integer(d) ? DType::float64 : real_of(d));
  }
  return dtype_object(complex ? complex_of(type == DType::float64 ? type : DType::float32) : type);
}

TNP_FUNCTION(asarray_chkfinite, kFunction, "(a, dtype=None, order=None)",
             "An array; ValueError if an element is infinite or no number.") {
  const auto [a, dtype, order] = take<3>(args);
  const Layout layout = layout_of(order);
  const Array x = laid_out(as_array(a.ptr(), {dtype.dtype(), std::nullopt}), layout);
  if (is_inexact(x.dtype()) && !all(isfinite(x)).item<bool>()) {
    throw ValueError("array must not contain infs or NaNs");
  }
  return to_python(x);
}

TNP_FUNCTION(_is_symbolic, kFunction, "(x)", "Whether the elements are not known, as a function is being traced.") {
  return nb::bool_(is_array(args.values[0]) && array_of(args.values[0]).is_symbolic());
}
TNP_SHORT_WAY(_is_symbolic) {
  if (args.size() != 1) return nullptr;
  return Py_NewRef(is_array(args[0]) && array_of(args[0]).is_symbolic() ? Py_True : Py_False);
}

TNP_FUNCTION(_are_floats, kFunction, "(values)", "Whether a list has Python floats alone.") {
  PyObject* values = args.values[0];
  if (!PyList_Check(values)) return nb::bool_(false);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(values); ++i) {
    if (!PyFloat_CheckExact(PyList_GET_ITEM(values, i))) return nb::bool_(false);
  }
  return nb::bool_(true);
}

// --- memory

TNP_FUNCTION(isfortran, kFunction, "(a)", "Whether the first axis is the fastest in memory and the last is not.") {
  nb::object flags = nb::borrow(nb::handle(args.values[0])).attr("flags");
  return nb::borrow(flags.attr("fnc"));
}
TNP_SHORT_WAY(isfortran) {
  const bool rows = args.size() == 1 && is_array(args[0]) && array_of(args[0]).state() == State::concrete &&
                    array_of(args[0]).is_contiguous();
  return rows ? Py_NewRef(Py_False) : nullptr;
}
TNP_FUNCTION(asfortranarray, kFunction, "(a, dtype=None, *, like=None)",
             "An array of at least one dimension, column-major in memory.") {
  const auto [a, dtype] = take<2>(args);
  return same_or_new(a.handle(), laid_out(atleast_1d(as_array(a.ptr(), {dtype.dtype(), std::nullopt})), Layout::f));
}
// Of one axis and without gaps the two orders are the same.
TNP_SHORT_WAY(asfortranarray) {
  if (args.size() != 1 || !is_array(args[0])) return nullptr;
  const Array& x = array_of(args[0]);
  return x.state() == State::concrete && x.shape().ndim() == 1 && x.is_contiguous() ? Py_NewRef(args[0]) : nullptr;
}

// The bytes that an array's elements lie in: all between the first and the last.
struct Extent {
  const std::byte *begin, *end;
};
Extent extent_of(const Array& x) {
  const std::byte *low = x.data(), *high = low;
  for (int i = 0; i < x.ndim(); ++i) {
    const std::int64_t reach = (x.shape()[i] - 1) * x.strides()[i];
    (reach < 0 ? low : high) += reach;
  }
  return {low, high + x.itemsize()};
}
bool may_overlap(const Array& x, const Array& y) {
  if (x.size() == 0 || y.size() == 0) return false;
  const Extent a = extent_of(x), b = extent_of(y);
  return a.begin < b.end && b.begin < a.end;
}
std::vector<const std::byte*> addresses(const Array& x) {
  std::vector<const std::byte*> out{x.data()};
  for (int i = 0; i < x.ndim(); ++i) {
    const std::size_t n = out.size();
    for (std::int64_t k = 1; k < x.shape()[i]; ++k) {
      for (std::size_t j = 0; j < n; ++j) out.push_back(out[j] + k * x.strides()[i]);
    }
  }
  std::ranges::sort(out);
  return out;
}
// Whether a byte belongs to elements of both.
bool do_overlap(const Array& x, const Array& y) {
  if (!may_overlap(x, y)) return false;
  if (x.is_contiguous() && y.is_contiguous()) return true;
  const auto a = addresses(x), b = addresses(y);
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] + x.itemsize() <= b[j]) {
      ++i;
    } else if (b[j] + y.itemsize() <= a[i]) {
      ++j;
    } else {
      return true;
    }
  }
  return false;
}
TNP_FUNCTION(shares_memory, kFunction, "(a, b, /, max_work=-1)",
             "Whether an element of one lies where one of the other does.") {
  const auto [a, b] = take<2>(args);
  return nb::bool_(do_overlap(a.array(), b.array()));
}
TNP_FUNCTION(may_share_memory, kFunction, "(a, b, /, max_work=0)",
             "Whether the memory of one lies within that of the other.") {
  const auto [a, b] = take<2>(args);
  return nb::bool_(may_overlap(a.array(), b.array()));
}

// --- text

struct Real {
  double value;
  DType type;
};
Real real_of_argument(const Value& x) {
  if (PyFloat_Check(x.ptr()) || PyLong_Check(x.ptr())) return {x.number(0), DType::float64};
  const Array a = x.array();
  if (a.ndim() != 0 && a.size() != 1) throw TypeError("only length-1 arrays can be converted to Python scalars");
  return {astype(reshape(a, Shape{}), DType::float64).item<double>(), a.dtype()};
}
std::optional<int> count_of(const Value& v) {
  return v.given() ? std::optional(static_cast<int>(v.integer())) : std::nullopt;
}

TNP_FUNCTION(format_float_positional, kFunction,
             "(x, precision=None, unique=True, fractional=True, trim='k', sign=False, pad_left=None, pad_right=None, "
             "min_digits=None)",
             "A number as decimal text without an exponent.") {
  const auto [x, precision, unique, fractional, trim, sign, pad_left, pad_right, min_digits] = take<9>(args);
  const Real number = real_of_argument(x);
  FloatFormat f;
  f.precision = count_of(precision);
  f.unique = unique.flag(true);
  f.fractional = fractional.flag(true);
  f.trim = trim.text("k")[0];
  f.sign = sign.flag();
  f.pad_left = count_of(pad_left).value_or(-1);
  f.pad_right = count_of(pad_right).value_or(-1);
  f.min_digits = count_of(min_digits);
  return nb::str(format_float_positional(number.value, number.type, f).c_str());
}
TNP_FUNCTION(format_float_scientific, kFunction,
             "(x, precision=None, unique=True, trim='k', sign=False, pad_left=None, exp_digits=None, min_digits=None)",
             "A number as decimal text with an exponent.") {
  const auto [x, precision, unique, trim, sign, pad_left, exp_digits, min_digits] = take<8>(args);
  const Real number = real_of_argument(x);
  FloatFormat f;
  f.precision = count_of(precision);
  f.unique = unique.flag(true);
  f.trim = trim.text("k")[0];
  f.sign = sign.flag();
  f.pad_left = count_of(pad_left).value_or(-1);
  f.exp_digits = count_of(exp_digits).value_or(f.exp_digits);
  f.min_digits = count_of(min_digits);
  return nb::str(format_float_scientific(number.value, number.type, f).c_str());
}

}  // namespace

}  // namespace tnp::python

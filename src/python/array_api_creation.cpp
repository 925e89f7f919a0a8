// The creation functions of tnp.array_api.
#include "python/array_api_arguments.h"
#include "python/interchange.h"
#include "tnp/creation.h"
#include "tnp/indexing.h"

namespace tnp::python {

namespace {

Array standard_array(const char* function, Array x) {
  if (!array_api::is_standard(x.dtype())) {
    throw TypeError(std::string(function) + ": the standard has no data type " + std::string(name(x.dtype())));
  }
  return x;
}

// Arrays are joined by stack, not by a list around them.
void refuse_nested_arrays(PyObject* o, int depth = 0) {
  if ((!PyList_Check(o) && !PyTuple_Check(o)) || depth > kMaxDims) return;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
    PyObject* each = PySequence_Fast_GET_ITEM(o, i);
    if (is_strict_array(each) || is_array(each)) {
      throw TypeError("asarray: the standard does not convert sequences of arrays: write stack([…])");
    }
    refuse_nested_arrays(each, depth + 1);
  }
}

CopyPolicy copy_argument(const char* what, const Value& copy) {
  if (!copy.given()) return std::nullopt;
  return strict_flag(what, copy, false);
}

nb::object from_strict(nb::handle self, std::optional<DType> dtype, CopyPolicy copy) {
  const Array& x = strict_array_of(self.ptr());
  if (!dtype || *dtype == x.dtype()) return copy == CopyPolicy(true) ? to_strict(x) : nb::borrow(self);
  if (copy == CopyPolicy(false)) {
    throw ValueError("asarray: a conversion from " + std::string(name(x.dtype())) + " to " + std::string(name(*dtype)) +
                     " needs a copy, which copy=False forbids");
  }
  return to_strict(array_api::astype(x, *dtype));
}

TNP_FUNCTION(asarray, kStandard, "(obj, /, *, dtype=None, device=None, copy=None)",
             "An array of a number, a nested sequence of numbers, a buffer or an array.") {
  const auto [obj, dtype, device, copy] = take<4>(args);
  const std::optional<DType> d = strict_dtype_if_given("asarray", dtype.ptr());
  check_strict_device("asarray", device.ptr());
  const CopyPolicy policy = copy_argument("asarray: copy", copy);
  if (is_strict_array(obj.ptr())) return from_strict(obj.handle(), d, policy);
  refuse_nested_arrays(obj.ptr());
  return to_strict(standard_array("asarray", as_array(obj.ptr(), {d, policy})));
}

TNP_FUNCTION(from_dlpack, kStandard, "(x, /, *, device=None, copy=None)", "An array from any object with __dlpack__.") {
  const auto [x, device, copy] = take<3>(args);
  check_strict_device("from_dlpack", device.ptr());
  const CopyPolicy policy = copy_argument("from_dlpack: copy", copy);
  if (is_strict_array(x.ptr())) return to_strict(strict_array_of(x.ptr()));
  return to_strict(standard_array("from_dlpack", from_dlpack(x.ptr(), policy)));
}

// --- of a shape

DType dtype_or(const char* function, const Value& dtype, DType otherwise) {
  return strict_dtype_if_given(function, dtype.ptr()).value_or(otherwise);
}

// Symbolic sizes are negative as numbers, so that Python's ints are looked at.
void check_sizes(const char* function, const Value& shape) {
  const auto check = [&](PyObject* o) {
    if (PyIndex_Check(o) && !nb::isinstance<PyDim>(nb::handle(o)) && dim_of(nb::handle(o)) < 0) {
      throw ValueError(std::string(function) + ": negative dimensions are not allowed");
    }
  };
  if (!PyTuple_Check(shape.ptr())) return check(shape.ptr());
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(shape.ptr()); ++i) check(PyTuple_GET_ITEM(shape.ptr(), i));
}

Shape size_argument(const char* function, const Value& shape) {
  const Shape out = strict_shape((std::string(function) + ": shape").c_str(), shape);
  check_sizes(function, shape);
  return out;
}

#define TNP_CONSTANT(NAME, DOC, MAKE)                                                            \
  TNP_FUNCTION(NAME, kStandard, "(shape, *, dtype=None, device=None)", DOC) {                    \
    const auto [shape, dtype, device] = take<3>(args);                                           \
    check_strict_device(#NAME, device.ptr());                                                    \
    return to_strict(MAKE(size_argument(#NAME, shape), dtype_or(#NAME, dtype, DType::float64))); \
  }
TNP_CONSTANT(zeros, "Zeros.", tnp::zeros)
TNP_CONSTANT(ones, "Ones.", tnp::ones)
TNP_CONSTANT(empty, "Zeros: memory is never left unset.", tnp::zeros)
#undef TNP_CONSTANT

#define TNP_CONSTANT_LIKE(NAME, DOC, MAKE)                                   \
  TNP_FUNCTION(NAME, kStandard, "(x, /, *, dtype=None, device=None)", DOC) { \
    const auto [x, dtype, device] = take<3>(args);                           \
    const Array& a = strict_argument(#NAME, x.ptr());                        \
    check_strict_device(#NAME, device.ptr());                                \
    return to_strict(MAKE(a, dtype_or(#NAME, dtype, a.dtype())));            \
  }
TNP_CONSTANT_LIKE(zeros_like, "Zeros of an array's shape and data type.", tnp::zeros_like)
TNP_CONSTANT_LIKE(ones_like, "Ones of an array's shape and data type.", tnp::ones_like)
TNP_CONSTANT_LIKE(empty_like, "Zeros of an array's shape and data type.", tnp::zeros_like)
#undef TNP_CONSTANT_LIKE

Scalar number_argument(const char* what, const Value& v) {
  Scalar s(false);
  if (v.ptr() == nullptr || !scalar_of(v.ptr(), s)) {
    throw TypeError(std::string(what) + " must be a Python bool, int, float or complex, not '" +
                    (v.ptr() ? Py_TYPE(v.ptr())->tp_name : "NULL") + "'");
  }
  return s;
}

DType default_of(const Scalar& s) {
  if (s.kind == WeakKind::floating) return DType::float64;
  if (s.kind == WeakKind::complex) return DType::complex128;
  return s.kind == WeakKind::boolean ? DType::bool_ : DType::int64;
}

// A fill value in a type; a float for integers loses its fraction, as in NumPy.
Array fill_element(const Scalar& s, DType dtype) {
  if (is_integer(dtype) && s.kind == WeakKind::floating) return tnp::astype(s.to_array(DType::float64), dtype);
  return s.to_array(dtype);
}

TNP_FUNCTION(full, kStandard, "(shape, fill_value, *, dtype=None, device=None)", "An array of one number.") {
  const auto [shape, value, dtype, device] = take<4>(args);
  check_strict_device("full", device.ptr());
  const Scalar s = number_argument("full: fill_value", value);
  return to_strict(tnp::full(size_argument("full", shape), fill_element(s, dtype_or("full", dtype, default_of(s)))));
}

TNP_FUNCTION(full_like, kStandard, "(x, /, fill_value, *, dtype=None, device=None)",
             "An array of one number, of x's shape and data type.") {
  const auto [x, value, dtype, device] = take<4>(args);
  const Array& a = strict_argument("full_like", x.ptr());
  check_strict_device("full_like", device.ptr());
  const Scalar s = number_argument("full_like: fill_value", value);
  return to_strict(tnp::full(a.shape(), fill_element(s, dtype_or("full_like", dtype, a.dtype()))));
}

TNP_FUNCTION(eye, kStandard, "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)",
             "Ones on the k-th diagonal, zeros elsewhere.") {
  const auto [rows, cols, k, dtype, device] = take<5>(args);
  check_strict_device("eye", device.ptr());
  const std::int64_t n = strict_int("eye: n_rows", rows.ptr());
  const std::int64_t m = cols.given() ? strict_int("eye: n_cols", cols.ptr()) : n;
  if (n < 0 || m < 0) throw ValueError("eye: negative dimensions are not allowed");
  return to_strict(
      tnp::eye(n, m, k.given() ? strict_int("eye: k", k.ptr()) : 0, dtype_or("eye", dtype, DType::float64)));
}

// --- ranges

bool is_real(const Scalar& s) { return s.kind == WeakKind::integer || s.kind == WeakKind::floating; }

Scalar real_argument(const char* what, const Value& v) {
  const Scalar s = number_argument(what, v);
  if (!is_real(s)) throw TypeError(std::string(what) + " must be an int or a float");
  return s;
}

bool has_dim(const Value& v) { return v.given() && nb::isinstance<PyDim>(v.handle()); }

TNP_FUNCTION(arange, kStandard, "(start, /, stop=None, step=1, *, dtype=None, device=None)",
             "Numbers from start to stop in steps.") {
  const auto [first, second, stride, dtype, device] = take<5>(args);
  check_strict_device("arange", device.ptr());
  const std::optional<DType> d = strict_dtype_if_given("arange", dtype.ptr());
  if (has_dim(first) || has_dim(second)) {
    const std::int64_t step = stride.given() ? strict_int("arange: step", stride.ptr()) : 1;
    const std::int64_t a = second.given() ? dim_of(first.handle()) : 0,
                       b = dim_of((second.given() ? second : first).handle());
    return to_strict(arange_of_sizes(a, b, step, d.value_or(DType::int64)));
  }
  const Scalar start = real_argument("arange: start", first);
  const Scalar step = stride.ptr() ? real_argument("arange: step", stride) : Scalar(1);
  const Scalar stop = second.given() ? real_argument("arange: stop", second) : start;
  const Scalar from = second.given() ? start : Scalar(0);
  const bool floats =
      from.kind == WeakKind::floating || stop.kind == WeakKind::floating || step.kind == WeakKind::floating;
  return to_strict(tnp::arange(from, stop, step, d.value_or(floats ? DType::float64 : DType::int64)));
}

TNP_FUNCTION(linspace, kStandard, "(start, stop, /, num, *, dtype=None, device=None, endpoint=True)",
             "num numbers evenly spaced from start to stop.") {
  const auto [start, stop, num, dtype, device, endpoint] = take<6>(args);
  check_strict_device("linspace", device.ptr());
  const Scalar a = number_argument("linspace: start", start), b = number_argument("linspace: stop", stop);
  const bool complex = a.kind == WeakKind::complex || b.kind == WeakKind::complex;
  const DType natural = complex ? DType::complex128 : DType::float64;
  const DType d = dtype_or("linspace", dtype, natural);
  if (complex && !is_complex(d)) throw TypeError("linspace: complex bounds need a complex dtype");
  if (num.ptr() == nullptr) throw TypeError("linspace() missing required argument 'num'");
  return to_strict(tnp::linspace(a.to_array(natural), b.to_array(natural), strict_int("linspace: num", num.ptr()),
                                 strict_flag("linspace: endpoint", endpoint, true), d)
                       .samples);
}

// --- of arrays

TNP_FUNCTION(meshgrid, kStandard, "(*arrays, indexing='xy')", "Coordinate arrays of coordinate vectors.") {
  const Value indexing = take<1>(args)[0];
  const std::string order = indexing.text("xy");
  if (order != "xy" && order != "ij") throw ValueError("meshgrid: indexing must be 'xy' or 'ij'");
  return to_strict_tuple(array_api::meshgrid(strict_arrays("meshgrid", args.rest), order == "ij"));
}

#define TNP_TRIANGLE(NAME, DOC)                                                   \
  TNP_FUNCTION(NAME, kStandard, "(x, /, *, k=0)", DOC) {                          \
    const auto [x, k] = take<2>(args);                                            \
    const std::int64_t diagonal = k.ptr() ? strict_int(#NAME ": k", k.ptr()) : 0; \
    return to_strict(array_api::NAME(strict_argument(#NAME, x.ptr()), diagonal)); \
  }
TNP_TRIANGLE(tril, "The lower triangle: zeros above the k-th diagonal.")
TNP_TRIANGLE(triu, "The upper triangle: zeros below the k-th diagonal.")
#undef TNP_TRIANGLE

}  // namespace

}  // namespace tnp::python

// The creation functions of tnp.array_api.
#include "python/array_api_arguments.h"
#include "python/complex_warning.h"
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

// Arrays are joined by stack, not by a list around them. Rows of 0-D arrays pass, as in array-api-strict: one stack
// does not make a matrix of them.
void check_nested_arrays(PyObject* o, int depth = 0) {
  if ((!PyList_Check(o) && !PyTuple_Check(o)) || depth > kMaxDims) return;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
    PyObject* each = PySequence_Fast_GET_ITEM(o, i);
    if (depth > 0 && is_strict_array(each) && strict_array_of(each).ndim() == 0) continue;
    if (is_strict_array(each) || is_array(each)) {
      throw TypeError("asarray: the standard does not convert sequences of arrays: write stack([…])");
    }
    check_nested_arrays(each, depth + 1);
  }
}

CopyPolicy copy_argument(const char* what, const Value& copy) {
  if (!copy.given()) return std::nullopt;
  return strict_flag(what, copy, false);
}

// Another object for the same array, unless `copy` forbids it; with `copy` one of its own memory, so that both can
// change in theirs.
nb::object from_strict(StrictCall& call, nb::handle self, const Value& device, std::optional<DType> dtype,
                       CopyPolicy copy) {
  const Array& x = strict_array_of(self.ptr());
  const array_api::Device source = strict_device_of(self.ptr());
  if (!device.given()) call.join_anew(source);
  array_api::note_transfer(call.function(), x, source, call.device());
  const bool converts = dtype && *dtype != x.dtype();
  if ((converts || source != call.device()) && copy == CopyPolicy(false)) {
    throw ValueError(std::string(call.function()) + ": " +
                     (converts
                          ? "a conversion from " + std::string(name(x.dtype())) + " to " + std::string(name(*dtype))
                          : std::string("a transfer to ") + array_api::device_name(call.device())) +
                     " needs a copy, which copy=False forbids");
  }
  if (converts) {
    warn_of_lost_imaginary_parts(x.dtype(), *dtype);
    return call.wrap(tnp::astype(x, *dtype));
  }
  if (copy == CopyPolicy(true)) return call.wrap(tnp::copy(x));
  return source == call.device() ? nb::borrow(self) : call.wrap(x);
}

// Numbers that are no array have a type of the device's choice.
bool is_untyped(PyObject* o) {
  return PyList_Check(o) || PyTuple_Check(o) || PyFloat_Check(o) || PyLong_Check(o) || PyComplex_Check(o);
}

DType natural_type(const StrictCall& call, DType d) {
  const array_api::DefaultTypes types = call.defaults();
  if (d == DType::float64) return types.real;
  if (d == DType::complex128) return types.complex;
  return d == DType::int64 ? types.integer : d;
}

TNP_STANDARD(asarray, k2021, "(obj, /, *, dtype=None, device=None, copy=None)",
             "An array of a number, a nested sequence of numbers, a buffer or an array.") {
  const auto [obj, dtype, device, copy] = take<4>(args);
  call.take_device(device);
  const std::optional<DType> d = call.dtype(dtype);
  const CopyPolicy policy = copy_argument("asarray: copy", copy);
  if (is_strict_array(obj.ptr())) return from_strict(call, obj.handle(), device, d, policy);
  check_nested_arrays(obj.ptr());
  Array x = standard_array("asarray", as_array(obj.ptr(), {d, policy}));
  if (!d && call.device() != array_api::Device::cpu && is_untyped(obj.ptr())) {
    x = tnp::astype(x, natural_type(call, x.dtype()));
  }
  return call.wrap(std::move(x));
}

TNP_STANDARD(from_dlpack, k2021, "(x, /, *, device=None, copy=None)", "An array from any object with __dlpack__.") {
  const auto [x, device, copy] = take<3>(args);
  if (device.ptr() != nullptr || copy.ptr() != nullptr) {
    array_api::require_version("from_dlpack with device= or copy=", array_api::k2023);
  }
  call.take_device(device);
  const CopyPolicy policy = copy_argument("from_dlpack: copy", copy);
  if (is_strict_array(x.ptr())) {
    const nb::object same = from_strict(call, x.handle(), device, {}, policy);
    return same.is(x.handle()) ? call.wrap(strict_array_of(same.ptr())) : same;
  }
  return call.wrap(standard_array("from_dlpack", from_dlpack(x.ptr(), policy)));
}

// --- of a shape

DType dtype_or(const StrictCall& call, const Value& dtype, DType otherwise) {
  return call.dtype(dtype).value_or(otherwise);
}

// Symbolic sizes are negative as numbers, so that Python's ints are looked at.
void check_sizes(const char* function, const Value& shape) {
  const auto check = [&](PyObject* o) {
    if (PyIndex_Check(o) && !nb::isinstance<PyDim>(nb::handle(o)) && dim_of(nb::handle(o)) < 0) {
      throw ValueError(std::string(function) + ": negative dimensions are not allowed");
    }
  };
  if (!PyTuple_Check(shape.ptr()) && !PyList_Check(shape.ptr())) return check(shape.ptr());
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(shape.ptr()); ++i) {
    check(PySequence_Fast_GET_ITEM(shape.ptr(), i));
  }
}

Shape size_argument(const char* function, const Value& shape) {
  const Shape out = strict_shape((std::string(function) + ": shape").c_str(), shape);
  check_sizes(function, shape);
  return out;
}

#define TNP_CONSTANT(NAME, DOC, MAKE)                                                                 \
  TNP_STANDARD(NAME, k2021, "(shape, *, dtype=None, device=None)", DOC) {                             \
    const auto [shape, dtype, device] = take<3>(args);                                                \
    call.take_device(device);                                                                         \
    return call.wrap(MAKE(size_argument(#NAME, shape), dtype_or(call, dtype, call.defaults().real))); \
  }
TNP_CONSTANT(zeros, "Zeros.", tnp::zeros)
TNP_CONSTANT(ones, "Ones.", tnp::ones)
TNP_CONSTANT(empty, "Zeros: memory is never left unset.", tnp::zeros)
#undef TNP_CONSTANT

#define TNP_CONSTANT_LIKE(NAME, DOC, MAKE)                               \
  TNP_STANDARD(NAME, k2021, "(x, /, *, dtype=None, device=None)", DOC) { \
    const auto [x, dtype, device] = take<3>(args);                       \
    const Array& a = call.array(x);                                      \
    call.take_device(device);                                            \
    return call.wrap(MAKE(a, dtype_or(call, dtype, a.dtype())));         \
  }
TNP_CONSTANT_LIKE(zeros_like, "Zeros of an array's shape and data type.", tnp::zeros_like)
TNP_CONSTANT_LIKE(ones_like, "Ones of an array's shape and data type.", tnp::ones_like)
TNP_CONSTANT_LIKE(empty_like, "Zeros of an array's shape and data type.", tnp::zeros_like)
#undef TNP_CONSTANT_LIKE

Scalar number_argument(const char* what, const Value& v) {
  Scalar s(false);
  if (v.ptr() == nullptr || !scalar_of(v.ptr(), s)) {
    throw TypeError(std::string(what) + " must be a Python bool, int, float or complex, not '" +
                    (v.ptr() ? Py_TYPE(v.ptr())->tp_name : "NULL") +
                    "': the standard converts nothing by itself: write float(x), or broadcast_to(x, shape)");
  }
  return s;
}

DType default_of(const StrictCall& call, const Scalar& s) {
  const array_api::DefaultTypes types = call.defaults();
  if (s.kind == WeakKind::floating) return types.real;
  if (s.kind == WeakKind::complex) return types.complex;
  return s.kind == WeakKind::boolean ? DType::bool_ : types.integer;
}

// A fill value in a type; a float for integers loses its fraction, as in NumPy.
Array fill_element(const Scalar& s, DType dtype) {
  if (is_integer(dtype) && s.kind == WeakKind::floating) return tnp::astype(s.to_array(DType::float64), dtype);
  return s.to_array(dtype);
}

TNP_STANDARD(full, k2021, "(shape, fill_value, *, dtype=None, device=None)", "An array of one number.") {
  const auto [shape, value, dtype, device] = take<4>(args);
  call.take_device(device);
  const Scalar s = number_argument("full: fill_value", value);
  return call.wrap(
      tnp::full(size_argument("full", shape), fill_element(s, dtype_or(call, dtype, default_of(call, s)))));
}

TNP_STANDARD(full_like, k2021, "(x, /, fill_value, *, dtype=None, device=None)",
             "An array of one number, of x's shape and data type.") {
  const auto [x, value, dtype, device] = take<4>(args);
  const Array& a = call.array(x);
  call.take_device(device);
  const Scalar s = number_argument("full_like: fill_value", value);
  return call.wrap(tnp::full(a.shape(), fill_element(s, dtype_or(call, dtype, a.dtype()))));
}

TNP_STANDARD(eye, k2021, "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)",
             "Ones on the k-th diagonal, zeros elsewhere.") {
  const auto [rows, cols, k, dtype, device] = take<5>(args);
  call.take_device(device);
  const std::int64_t n = strict_int("eye: n_rows", rows.ptr());
  const std::int64_t m = cols.given() ? strict_int("eye: n_cols", cols.ptr()) : n;
  if (n < 0 || m < 0) throw ValueError("eye: negative dimensions are not allowed");
  return call.wrap(tnp::eye(n, m, strict_diagonal("eye: k", k), dtype_or(call, dtype, call.defaults().real)));
}

// --- ranges

bool is_real(const Scalar& s) { return s.kind == WeakKind::integer || s.kind == WeakKind::floating; }

Scalar real_argument(const char* what, const Value& v) {
  const Scalar s = number_argument(what, v);
  if (!is_real(s)) throw TypeError(std::string(what) + " must be an int or a float");
  return s;
}

bool has_dim(const Value& v) { return v.given() && nb::isinstance<PyDim>(v.handle()); }

TNP_STANDARD(arange, k2021, "(start, /, stop=None, step=1, *, dtype=None, device=None)",
             "Numbers from start to stop in steps.") {
  const auto [first, second, stride, dtype, device] = take<5>(args);
  call.take_device(device);
  const std::optional<DType> d = call.dtype(dtype);
  if (has_dim(first) || has_dim(second)) {
    const std::int64_t step = stride.given() ? strict_int("arange: step", stride.ptr()) : 1;
    const std::int64_t a = second.given() ? dim_of(first.handle()) : 0,
                       b = dim_of((second.given() ? second : first).handle());
    return call.wrap(arange_of_sizes(a, b, step, d.value_or(call.defaults().integer)));
  }
  const Scalar start = real_argument("arange: start", first);
  const Scalar step = stride.ptr() ? real_argument("arange: step", stride) : Scalar(1);
  const Scalar stop = second.given() ? real_argument("arange: stop", second) : start;
  const Scalar from = second.given() ? start : Scalar(0);
  const bool floats =
      from.kind == WeakKind::floating || stop.kind == WeakKind::floating || step.kind == WeakKind::floating;
  return call.wrap(tnp::arange(from, stop, step, d.value_or(floats ? call.defaults().real : call.defaults().integer)));
}

TNP_STANDARD(linspace, k2021, "(start, stop, /, num, *, dtype=None, device=None, endpoint=True)",
             "num numbers evenly spaced from start to stop.") {
  const auto [start, stop, num, dtype, device, endpoint] = take<6>(args);
  call.take_device(device);
  const Scalar a = number_argument("linspace: start", start), b = number_argument("linspace: stop", stop);
  const bool complex = a.kind == WeakKind::complex || b.kind == WeakKind::complex;
  const DType natural = complex ? DType::complex128 : DType::float64;
  const DType d = dtype_or(call, dtype, complex ? call.defaults().complex : call.defaults().real);
  if (complex && !is_complex(d))
    throw TypeError("linspace: complex bounds need a complex dtype: write real(x), imag(x), or leave dtype out");
  if (num.ptr() == nullptr) throw TypeError("linspace() missing required argument 'num'");
  return call.wrap(tnp::linspace(a.to_array(natural), b.to_array(natural), strict_int("linspace: num", num.ptr()),
                                 strict_flag("linspace: endpoint", endpoint, true), d)
                       .samples);
}

// --- of arrays

TNP_STANDARD(meshgrid, k2021, "(*arrays, indexing='xy')", "Coordinate arrays of coordinate vectors.") {
  const Value indexing = take<1>(args)[0];
  const std::string order = indexing.text("xy");
  if (order != "xy" && order != "ij") throw ValueError("meshgrid: indexing must be 'xy' or 'ij'");
  return call.sequence(array_api::meshgrid(call.arrays(args.rest), order == "ij"));
}

#define TNP_TRIANGLE(NAME, DOC)                                                        \
  TNP_STANDARD(NAME, k2021, "(x, /, *, k=0)", DOC) {                                   \
    const auto [x, k] = take<2>(args);                                                 \
    return call.wrap(array_api::NAME(call.array(x), strict_diagonal(#NAME ": k", k))); \
  }
TNP_TRIANGLE(tril, "The lower triangle: zeros above the k-th diagonal.")
TNP_TRIANGLE(triu, "The upper triangle: zeros below the k-th diagonal.")
#undef TNP_TRIANGLE

}  // namespace

}  // namespace tnp::python

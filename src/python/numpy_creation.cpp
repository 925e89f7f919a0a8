// Creation functions.
#include <cmath>

#include "base/default_dtype.h"
#include "base/dim.h"
#include "ir/scalar.h"
#include "python/arguments.h"
#include "python/autograph.h"
#include "python/elementwise_call.h"
#include "python/layout.h"
#include "python/numpy_memory.h"
#include "python/same_object.h"
#include "tnp/error.h"
#include "tnp/extent.h"
#include "tnp/ranges.h"
#include "tnp/text.h"

namespace tnp::python {

namespace {

// --- from what exists

Array make_array(const Value& object, const Value& dtype, std::optional<bool> copy) {
  if (object.ptr() == nullptr) throw TypeError("array() missing required argument 'object' (pos 1)");
  return as_array(object.ptr(), {dtype.dtype(), copy});
}

std::optional<bool> copy_argument(const Value& copy, std::optional<bool> otherwise) {
  if (copy.ptr() == nullptr) return otherwise;
  return copy.given() ? std::optional(copy.flag()) : std::nullopt;
}

TNP_FUNCTION(array, kFunction,
             "(object, dtype=None, *, copy=True, order='K', subok=False, ndmin=0, ndmax=0, like=None)",
             "An array of what looks like one: numbers, nested sequences, buffers, arrays of other libraries.") {
  const auto [object, dtype, copy, order, subok, ndmin, ndmax] = take<7>(args);
  const Layout layout = layout_of(order);
  Array x = laid_out(make_array(object, dtype, copy_argument(copy, true)), layout);
  const std::int64_t least = ndmin.integer(0), most = ndmax.integer(0);
  if (least > kMaxDims)
    throw ValueError("ndmin bigger than allowable number of dimensions " + std::to_string(kMaxDims));
  if (most != 0 && x.ndim() > most) throw ValueError("object is deeper than ndmax allows");
  if (x.ndim() < least) {
    Shape shape = x.shape();
    while (shape.ndim() < least) shape.insert(0, 1);
    x = reshape(x, shape);
  }
  return to_python(x);
}

TNP_FUNCTION(asarray, kFunction, "(a, dtype=None, order=None, *, device=None, copy=None, like=None)",
             "The same as an array, without a copy where none is needed.") {
  const auto [a, dtype, order, device, copy] = take<5>(args);
  const Layout layout = layout_of(order);
  device.check_device();
  if (!dtype.given() && is_array(a.ptr())) return same_or_new(a.handle(), laid_out(array_of(a.ptr()), layout));
  return to_python(laid_out(make_array(a, dtype, copy_argument(copy, std::nullopt)), layout));
}
TNP_SHORT_WAY(asarray) { return args.size() == 1 && is_array(args[0]) ? Py_NewRef(args[0]) : nullptr; }
TNP_ALIAS(asanyarray, asarray)

TNP_FUNCTION(ascontiguousarray, kFunction, "(a, dtype=None, *, like=None)",
             "An array of at least one dimension, contiguous.") {
  const auto [a, dtype] = take<2>(args);
  const Array x = atleast_1d(make_array(a, dtype, std::nullopt));
  const bool as_it_is = x.is_symbolic() || is_text(x.dtype()) || x.is_contiguous();
  return same_or_new(a.handle(), as_it_is ? x : copy(x));
}
TNP_SHORT_WAY(ascontiguousarray) {
  if (args.size() != 1 || !is_array(args[0])) return nullptr;
  const Array& x = array_of(args[0]);
  return x.state() == State::concrete && x.is_contiguous() && x.shape().ndim() > 0 ? Py_NewRef(args[0]) : nullptr;
}

TNP_FUNCTION(copy, kFunction, "(a, order='K', subok=False)", "A copy with memory of its own.") {
  const auto [a, order] = take<2>(args);
  const Layout layout = layout_of(order);
  return to_python(copy(a.array(), layout));
}

TNP_FUNCTION(frombuffer, kFunction, "(buffer, dtype=None, count=-1, offset=0, *, like=None)",
             "The bytes of a buffer as a one-dimensional array.") {
  const auto [buffer, dtype, count, offset] = take<4>(args);
  const DType type = dtype.dtype().value_or(default_float());
  if (is_text(type) || has_other_byte_order(dtype.ptr())) {  // a width, or an order, that tnp's types have not
    const nb::object fixed = nb::module_::import_("numpy").attr("frombuffer")(buffer.handle(), dtype.handle(),
                                                                              count.integer(-1), offset.integer(0));
    return to_python(as_array(fixed.ptr()));
  }
  Py_buffer view;
  if (PyObject_GetBuffer(buffer.ptr(), &view, PyBUF_C_CONTIGUOUS) != 0) throw nb::python_error();
  struct Release {
    Py_buffer* view;
    ~Release() { PyBuffer_Release(view); }
  } release{&view};
  const std::int64_t start = offset.integer(0), size = itemsize(type);
  if (start < 0 || start > view.len) {
    throw ValueError("offset must be non-negative and no greater than buffer length (" + std::to_string(view.len) +
                     ")");
  }
  std::int64_t n = count.integer(-1);
  if (n < 0) {
    if ((view.len - start) % size != 0) throw ValueError("buffer size must be a multiple of element size");
    n = (view.len - start) / size;
  }
  if (n > (view.len - start) / size) throw ValueError("buffer is smaller than requested size");
  return to_python(Array::copy_of(static_cast<const char*>(view.buf) + start, type, {n}));
}

TNP_FUNCTION(fromiter, kFunction, "(iter, dtype, count=-1, *, like=None)",
             "A one-dimensional array of what an iterator gives.") {
  const auto [iter, dtype, count] = take<3>(args);
  const std::int64_t n = count.integer(-1);
  nb::list items;
  if (n < 0) {
    items = nb::steal<nb::list>(PySequence_List(iter.ptr()));
    if (!items.is_valid()) throw nb::python_error();
  } else {
    for (nb::handle each : nb::iter(iter.handle())) {
      if (static_cast<std::int64_t>(nb::len(items)) == n) break;
      items.append(each);
    }
  }
  if (n > static_cast<std::int64_t>(nb::len(items))) {
    throw ValueError("iterator too short: Expected " + std::to_string(n) + " but iterator had only " +
                     std::to_string(nb::len(items)) + " items.");
  }
  return to_python(as_array(items.ptr(), {dtype.dtype(), std::nullopt}));
}

// --- constants

DType type_or_default(const Value& dtype) { return dtype.given() ? *dtype.dtype() : default_float(); }

TNP_FUNCTION(zeros, kFunction, "(shape, dtype=None, order='C', *, device=None, like=None)", "Zeros.") {
  const auto [shape, dtype, order, device] = take<4>(args);
  order.order();
  device.check_device();
  return to_python(zeros(shape.shape(), type_or_default(dtype)));
}
TNP_FUNCTION(empty, kFunction, "(shape, dtype=None, order='C', *, device=None, like=None)",
             "Zeros: memory is never left unset.") {
  return zeros_body(args);
}
TNP_FUNCTION(ones, kFunction, "(shape, dtype=None, order='C', *, device=None, like=None)", "Ones.") {
  const auto [shape, dtype, order, device] = take<4>(args);
  order.order();
  device.check_device();
  return to_python(ones(shape.shape(), type_or_default(dtype)));
}
TNP_FUNCTION(full, kFunction, "(shape, fill_value, dtype=None, order='C', *, device=None, like=None)",
             "A value, broadcast to a shape.") {
  const auto [shape, fill_value, dtype, order, device] = take<5>(args);
  order.order();
  device.check_device();
  return to_python(full(shape.shape(), as_array(fill_value.ptr(), {dtype.dtype(), std::nullopt}), std::nullopt));
}

std::optional<Shape> shape_if_given(const Value& shape) {
  return shape.given() ? std::optional(shape.shape()) : std::nullopt;
}

TNP_FUNCTION(zeros_like, kFunction, "(a, dtype=None, order='K', subok=True, shape=None, *, device=None)",
             "Zeros of an array's shape and type.") {
  const auto [a, dtype, order, subok, shape, device] = take<6>(args);
  order.order();
  device.check_device();
  return to_python(zeros_like(a.array(), dtype.dtype(), shape_if_given(shape)));
}
TNP_FUNCTION(empty_like, kFunction, "(prototype, /, dtype=None, order='K', subok=True, shape=None, *, device=None)",
             "Zeros of an array's shape and type.") {
  return zeros_like_body(args);
}
TNP_FUNCTION(ones_like, kFunction, "(a, dtype=None, order='K', subok=True, shape=None, *, device=None)",
             "Ones of an array's shape and type.") {
  const auto [a, dtype, order, subok, shape, device] = take<6>(args);
  order.order();
  device.check_device();
  return to_python(ones_like(a.array(), dtype.dtype(), shape_if_given(shape)));
}
TNP_FUNCTION(full_like, kFunction, "(a, fill_value, dtype=None, order='K', subok=True, shape=None, *, device=None)",
             "A value in an array's shape and type.") {
  const auto [a, fill_value, dtype, order, subok, shape, device] = take<7>(args);
  order.order();
  device.check_device();
  PyOperand value;
  read_operand(value, fill_value);
  return to_python(full_like(a.array(), operand(value), dtype.dtype(), shape_if_given(shape)));
}

// --- ranges

// A bound of arange, and the type that it asks for.
Scalar range_bound(const Value& value, DType& type) {
  Scalar s(0);
  if (scalar_of(value.ptr(), s)) {
    type = std::holds_alternative<std::uint64_t>(s.value) ? promote(type, DType::uint64) : promote(type, s.kind);
    return s;
  }
  const Array x = value.array();
  if (x.ndim() != 0) throw TypeError("only 0-dimensional arrays can be converted to Python scalars");
  type = promote(type, x.dtype());
  return load_scalar(x.dtype(), x.data());
}

// Whether it is a scalar or 0-d array of a float type that counts in its own precision.
bool is_narrow_float(const Value& v) {
  if (!v.given() || PyFloat_CheckExact(v.ptr()) || PyLong_CheckExact(v.ptr())) return false;
  const Array x = v.array();
  return x.ndim() == 0 && !x.is_symbolic() && is_floating(x.dtype()) && x.dtype() != DType::float64;
}

// With bounds of such types: as NumPy's scalars compute the length and the second element.
nb::object narrow_range(const Value& start, const Value& stop, const Value& step, DType type) {
  PyOperand a, b, c;
  static PyObject* const kZero = PyLong_FromLong(0);
  static PyObject* const kOne = PyLong_FromLong(1);
  read_operand(a, start.given() ? start : Value(kZero));
  read_operand(b, stop);
  read_operand(c, step.given() ? step : Value(kOne));
  return to_python(arange_of(operand(a), operand(b), operand(c), type));
}

bool is_dim(const Value& v) { return v.given() && (nb::isinstance<PyDim>(v.handle()) || is_traced_number(v.ptr())); }
// A bound, which may be negative.
std::int64_t range_size(const Value& v) {
  return is_traced_number(v.ptr()) ? number_of_value(array_of(v.ptr())) : v.size();
}

TNP_FUNCTION(arange, kFunction, "(start=None, stop=None, step=None, *, dtype=None, device=None, like=None)",
             "start, start + step, … below stop. One argument is the stop.") {
  const auto [first, second, third, dtype, device] = take<5>(args);
  device.check_device();
  if (!first.given() && !second.given()) throw TypeError("arange() requires stop to be specified.");
  const Value start = second.given() ? first : Value(), stop = second.given() ? second : first;
  if (is_dim(start) || is_dim(stop)) {
    const std::int64_t from = start.given() ? range_size(start) : 0;
    return to_python(arange_of_sizes(from, range_size(stop), third.integer(1), dtype.dtype().value_or(DType::int64)));
  }
  DType type = DType::int64;
  const Scalar from = start.given() ? range_bound(start, type) : Scalar(0);
  const Scalar to = range_bound(stop, type), by = third.given() ? range_bound(third, type) : Scalar(1);
  if (is_narrow_float(start) || is_narrow_float(stop) || is_narrow_float(third))
    return narrow_range(start, stop, third, dtype.dtype().value_or(type));
  return to_python(arange(from, to, by, dtype.dtype().value_or(type)));
}

// A number of samples, which a run may tell.
static std::int64_t number_of_samples(const Value& num) {
  const bool traced = num.given() && (is_traced_number(num.ptr()) || nb::isinstance<PyDim>(num.handle()));
  return traced ? num.size() : num.integer(50);
}

// Two bounds as arrays, of which a Python number takes the type of the other.
struct Bounds {
  Array start, stop;
};
static Bounds bounds_of(const Value& start, const Value& stop) {
  const auto beside = [](const Scalar& s, const Array& x) {
    return s.to_array(promote(promote(x.dtype(), s.kind), WeakKind::floating));
  };
  Scalar first(false), last(false);
  const bool weak_start = scalar_of(start.ptr(), first), weak_stop = scalar_of(stop.ptr(), last);
  if (weak_start == weak_stop) return {start.array(), stop.array()};
  if (weak_start) {
    const Array to = stop.array();
    return {beside(first, to), to};
  }
  const Array from = start.array();
  return {from, beside(last, from)};
}
// The base of logspace, which is weak beside them unless it is an array.
static Array base_of(const Value& base, const Bounds& bounds) {
  Scalar weak(10.0);
  if (base.given() && !scalar_of(base.ptr(), weak)) return base.array();
  const DType type = promote(promote(bounds.start.dtype(), bounds.stop.dtype()), WeakKind::floating);
  return weak.to_array(promote(type, weak.kind));
}

TNP_FUNCTION(linspace, kFunction,
             "(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None)",
             "Numbers evenly spaced from start to stop.") {
  const auto [start, stop, num, endpoint, retstep, dtype, axis, device] = take<8>(args);
  device.check_device();
  const std::int64_t count = number_of_samples(num);
  const Bounds b = bounds_of(start, stop);
  const Spaced r = linspace(b.start, b.stop, count, endpoint.flag(true), dtype.dtype(), axis.integer(0));
  if (!retstep.flag()) return to_python(r.samples);
  const bool spaced = count < 0 || count > (endpoint.flag(true) ? 1 : 0);
  // As NumPy: no step is Python's nan.
  return nb::make_tuple(to_python(r.samples), spaced ? to_python(r.step) : nb::float_(std::nan("")));
}
TNP_FUNCTION(logspace, kFunction, "(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0)",
             "Powers of a base whose exponents are evenly spaced.") {
  const auto [start, stop, num, endpoint, base, dtype, axis] = take<7>(args);
  const Bounds b = bounds_of(start, stop);
  return to_python(logspace(b.start, b.stop, number_of_samples(num), endpoint.flag(true), base_of(base, b),
                            dtype.dtype(), axis.integer(0)));
}
TNP_FUNCTION(geomspace, kFunction, "(start, stop, num=50, endpoint=True, dtype=None, axis=0)",
             "Numbers from start to stop, each the same multiple of the one before.") {
  const auto [start, stop, num, endpoint, dtype, axis] = take<6>(args);
  return to_python(
      geomspace(start.array(), stop.array(), num.integer(50), endpoint.flag(true), dtype.dtype(), axis.integer(0)));
}

// --- matrices

TNP_FUNCTION(eye, kFunction, "(N, M=None, k=0, dtype=None, order='C', *, device=None, like=None)",
             "Ones on a diagonal.") {
  const auto [n, m, k, dtype, order, device] = take<6>(args);
  order.order();
  device.check_device();
  return to_python(eye(n.size(), m.given() ? m.size() : n.size(), k.integer(0), type_or_default(dtype)));
}
TNP_FUNCTION(identity, kFunction, "(n, dtype=None, *, like=None)", "The identity matrix.") {
  const auto [n, dtype] = take<2>(args);
  return to_python(eye(n.size(), n.size(), 0, type_or_default(dtype)));
}
TNP_FUNCTION(tri, kFunction, "(N, M=None, k=0, dtype=None, *, like=None)", "Ones on and below a diagonal.") {
  const auto [n, m, k, dtype] = take<4>(args);
  return to_python(tri(n.size(), m.given() ? m.size() : n.size(), k.integer(0), type_or_default(dtype)));
}
TNP_FUNCTION(tril, kFunction, "(m, k=0)", "An array with zeros above a diagonal.") {
  const auto [m, k] = take<2>(args);
  return to_python(tril(m.array(), k.integer(0)));
}
TNP_FUNCTION(triu, kFunction, "(m, k=0)", "An array with zeros below a diagonal.") {
  const auto [m, k] = take<2>(args);
  return to_python(triu(m.array(), k.integer(0)));
}

nb::object tuple_of(const Arrays& xs) { return nb::tuple(to_python(xs)); }

TNP_FUNCTION(meshgrid, kFunction, "(*xi, copy=True, sparse=False, indexing='xy')",
             "Coordinate matrices of coordinate vectors.") {
  const auto [copied, sparse, indexing] = take<3>(args);
  const std::string kind = indexing.text("xy");
  if (kind != "xy" && kind != "ij") throw ValueError("Valid values for `indexing` are 'xy' and 'ij'.");
  Arrays xs;
  for (PyObject* o : args.rest) xs.push_back(as_array(o));
  return tuple_of(meshgrid(xs, sparse.flag(), kind == "ij"));
}
TNP_FUNCTION(indices, kFunction, "(dimensions, dtype=None, sparse=False)",
             "The index along each axis of every place of a shape.") {
  const auto [dimensions, dtype, sparse] = take<3>(args);
  const Arrays xs = indices(dimensions.shape(), dtype.dtype().value_or(DType::int64), sparse.flag());
  return sparse.flag() ? tuple_of(xs) : to_python(xs[0]);
}

}  // namespace

}  // namespace tnp::python

// Methods of ndarray that are not functions of the module as well.
#include <cstring>

#include "base/casting.h"
#include "base/dim.h"
#include "ops/common.h"
#include "ops/text/handles.h"
#include "python/arguments.h"
#include "python/autograph.h"
#include "python/complex_warning.h"
#include "python/elementwise_call.h"
#include "python/indexing.h"
#include "python/layout.h"
#include "python/numpy_memory.h"
#include "python/same_object.h"
#include "python/silent_flags.h"
#include "python/text.h"
#include "tnp/error.h"
#include "tnp/exact_cast.h"

namespace tnp::python {

void warn_of_lost_imaginary_parts(DType from, DType to) {
  if (!is_complex(from) || is_complex(to) || is_bool(to)) return;
  nb::object warning = nb::module_::import_("numpy.exceptions").attr("ComplexWarning");
  if (PyErr_WarnEx(warning.ptr(), "Casting complex values to real discards the imaginary part", 1) != 0) {
    throw nb::python_error();
  }
}

namespace {

// --- shapes

// A shape or axes given as one sequence or as separate arguments.
template <class Read>
auto spread_or_sequence(std::span<PyObject* const> rest, Read&& read) {
  if (rest.size() == 1) return read(Value(rest[0]));
  nb::object all = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(rest.size())));
  for (std::size_t i = 0; i < rest.size(); ++i)
    PyTuple_SET_ITEM(all.ptr(), static_cast<Py_ssize_t>(i), Py_NewRef(rest[i]));
  return read(Value(all.ptr()));
}

TNP_FUNCTION(reshape, kMethod, "(self, /, *shape, order='C', copy=None)",
             "The same elements in another shape; -1 is whatever fits.") {
  const auto [self, order, copied] = take<3>(args);
  if (args.rest.empty()) throw TypeError("reshape() takes a shape");
  Shape shape;
  if (args.rest.size() == 1) {
    shape = Value(args.rest[0]).shape();
  } else {
    for (PyObject* o : args.rest) shape.push_back(Value(o).size());
  }
  const Array y = reshape(array_of(self.ptr()), shape, order.order());
  return to_python(copied.flag() ? copy(y) : y);
}
// Sizes that are plain integers, in a tuple or not.
TNP_SHORT_WAY(reshape) {
  if (args.size() == 1 && PyTuple_CheckExact(args[0]))
    args = {&PyTuple_GET_ITEM(args[0], 0), static_cast<std::size_t>(PyTuple_GET_SIZE(args[0]))};
  Shape shape;
  bool whole = true;
  for (PyObject* o : args) {
    std::int64_t size;
    if (!small_int(o, size)) return nullptr;
    shape.push_back(size);
    whole = whole && size >= 0;
  }
  if (shape.empty()) return nullptr;
  return wrap(whole ? reshape(array_of(self), shape) : reshape(array_of(self), shape, Order::c));
}

TNP_FUNCTION(transpose, kMethod, "(self, /, *axes)", "The axes in another order, reversed where none is given.") {
  const Array& x = array_of(args.values[0]);
  if (args.rest.empty()) return to_python(permute_dims(x));
  return to_python(permute_dims(x, spread_or_sequence(args.rest, [](const Value& v) { return v.axes(); })));
}
TNP_SHORT_WAY(transpose) {
  if (args.size() == 1 && PyTuple_CheckExact(args[0]))
    args = {&PyTuple_GET_ITEM(args[0], 0), static_cast<std::size_t>(PyTuple_GET_SIZE(args[0]))};
  Axes axes;
  for (PyObject* o : args) {
    std::int64_t axis;
    if (!small_int(o, axis)) return nullptr;
    axes.push_back(axis);
  }
  return axes.size() > 1 ? wrap(permute_dims(array_of(self), axes)) : nullptr;
}

// --- other types

TNP_FUNCTION(astype, kMethod, "(self, /, dtype, order='K', casting='unsafe', subok=True, copy=True)",
             "The elements in another type.") {
  const auto [self, dtype, order, casting] = take<4>(args);
  const Array& x = array_of(self.ptr());
  const Layout layout = layout_of(order);
  const DType to = dtype.given() ? *dtype.dtype() : default_dtype(WeakKind::floating);
  if (casting.given() && PyUnicode_Check(casting.ptr()) && casting.text("") == "same_value") {
    const SilentFlags silent;
    return to_python(laid_out(astype_same_value(x, to), layout));
  }
  if (casting.given()) check_cast(x.dtype(), to, casting.casting());
  warn_of_lost_imaginary_parts(x.dtype(), to);
  return same_or_new(self.handle(), laid_out(astype(x, to), layout));
}

TNP_FUNCTION(copy, kMethod, "(self, /, order='C')", "A copy with memory of its own.") {
  const auto [self, order] = take<2>(args);
  const Layout layout = layout_of(order, Layout::c);
  return to_python(copy(array_of(self.ptr()), layout));
}

// The same bytes as elements of another type; where its size differs the last axis grows or shrinks.
Array reinterpreted(const Array& x, DType to) {
  const std::int64_t from_size = x.itemsize(), to_size = itemsize(to);
  if (to_size == 0) throw TypeError("view: elements of type " + std::string(name(to)) + " have no fixed size");
  std::byte* data = x.data();
  Shape shape = x.shape();
  Strides strides = x.strides();
  if (from_size != to_size) {
    const int last = x.ndim() - 1;
    if (last < 0) throw ValueError("Changing the dtype of a 0d array is only supported if the itemsize is unchanged");
    if (shape[last] != 1 && strides[last] != from_size) {
      throw ValueError("To change to a dtype of a different size, the last axis must be contiguous");
    }
    const std::int64_t bytes = shape[last] * from_size;
    if (from_size > to_size && from_size % to_size != 0) {
      throw ValueError("When changing to a smaller dtype, its size must be a divisor of the size of original dtype");
    }
    if (bytes % to_size != 0) {
      throw ValueError(
          "When changing to a larger dtype, its size must be a divisor of the total size in bytes of the last axis of "
          "the array.");
    }
    shape[last] = bytes / to_size;
    strides[last] = to_size;
  }
  return Array::view_of(x.node()->buffer, data, to, shape, strides);
}

TNP_FUNCTION(view, kMethod, "(self, /, dtype=None, type=None)", "The same memory as elements of another type.") {
  const auto [self, dtype] = take<2>(args);
  if (!dtype.given() || dtype.ptr() == reinterpret_cast<PyObject*>(array_type())) return nb::borrow(self.handle());
  const nb::object viewed = to_python(reinterpreted(array_of(self.ptr()), *dtype.dtype()));
  return has_other_byte_order(dtype.ptr()) ? viewed.attr("byteswap")() : viewed;
}

// --- Python values

// Calls `visit` for the elements in row-major order, or in column-major order.
template <class F>
void for_each_element(const Array& x, Order order, F&& visit) {
  const std::byte* at = x.data();
  const int n = x.ndim();
  Axes index(n, 0);
  for (std::int64_t i = x.shape().num_elements(); i > 0; --i) {
    visit(at);
    for (int k = 0; k < n; ++k) {
      const int a = order == Order::c ? n - 1 - k : k;
      at += x.strides()[a];
      if (++index[a] < x.shape()[a]) break;
      at -= x.strides()[a] * x.shape()[a];
      index[a] = 0;
    }
  }
}

nb::object element(DType dtype, const std::byte* at) { return nb::steal(python_element(dtype, at)); }

// What lists are made of: the axes from one on.
struct Rows {
  DType dtype;
  const std::int64_t* sizes;
  const std::int64_t* steps;
  int axes;
};

PyObject* nested_list(const Rows& rows, const std::byte* at) {
  if (rows.axes == 0) return python_element(rows.dtype, at);
  const std::int64_t n = rows.sizes[0], step = rows.steps[0];
  PyObject* list = PyList_New(n);
  if (list == nullptr) throw nb::python_error();
  const nb::object owner = nb::steal(list);
  const Rows inner{rows.dtype, rows.sizes + 1, rows.steps + 1, rows.axes - 1};
  const bool floats = inner.axes == 0 && rows.dtype == DType::float64;
  for (std::int64_t i = 0; i < n; ++i, at += step) {
    // The most frequent type without a choice for each element.
    PyObject* item = floats            ? PyFloat_FromDouble(*reinterpret_cast<const double*>(at))
                     : inner.axes == 0 ? python_element(rows.dtype, at)
                                       : nested_list(inner, at);
    if (item == nullptr) throw nb::python_error();
    PyList_SET_ITEM(list, i, item);
  }
  return Py_NewRef(list);
}

TNP_FUNCTION(tolist, kMethod, "(self, /)", "The elements as nested lists of Python numbers.") {
  const Array& x = array_of(args.values[0]);
  if (is_text(x.dtype())) return text_elements(x);
  const std::byte* data = x.data();
  return nb::steal(nested_list({x.dtype(), x.shape().data(), x.strides().data(), x.ndim()}, data));
}
TNP_SHORT_WAY(tolist) {
  const Array& x = array_of(self);
  if (!args.empty()) return nullptr;
  if (is_text(x.dtype())) return text_elements(x).release().ptr();
  if (x.state() != State::concrete) return nullptr;
  return nested_list({x.dtype(), x.shape().data(), x.strides().data(), x.shape().ndim()}, x.node()->data);
}

// The byte offset of one element given by a flat index or an index for each axis.
std::int64_t element_offset(const Array& x, const Axes& where) {
  const auto bounded = [](std::int64_t i, std::int64_t n, const std::string& what) {
    if (i < -n || i >= n)
      throw IndexError("index " + std::to_string(i) + " is out of bounds for " + what + " size " + std::to_string(n));
    return i < 0 ? i + n : i;
  };
  std::int64_t offset = 0;
  if (where.size() == 1 && x.ndim() != 1) {
    std::int64_t flat = bounded(where[0], x.size(), "");
    for (int a = x.ndim() - 1; a >= 0; --a) {
      offset += flat % x.shape()[a] * x.strides()[a];
      flat /= x.shape()[a];
    }
    return offset;
  }
  if (where.size() != x.ndim()) throw ValueError("incorrect number of indices for array");
  for (int a = 0; a < x.ndim(); ++a)
    offset += bounded(where[a], x.shape()[a], "axis " + std::to_string(a) + " with") * x.strides()[a];
  return offset;
}

// An element of a traced array as what stands for a Python number in its function.
nb::object traced_item(const Array& x, const std::optional<Axes>& where) {
  Array one = x;
  if (where) {
    std::vector<IndexItem> items;
    for (std::int64_t i : *where) items.emplace_back(i);
    if (items.size() == 1) one = ravel(one);
    if (static_cast<int>(items.size()) != one.ndim()) throw ValueError("incorrect number of indices for array");
    one = getitem(one, items);
  } else if (one.ndim() != 0) {
    const Dim size = one.size();
    if (!is_symbolic(size) && size != 1) throw ValueError("can only convert an array of size 1 to a Python scalar");
    one = reshape(one, {});
  }
  const DType type = is_bool(one.dtype()) || one.dtype() == DType::uint64 ? one.dtype()
                     : is_integer(one.dtype())                            ? DType::int64
                     : is_complex(one.dtype())                            ? DType::complex128
                                                                          : DType::float64;
  const Array number = alias(astype(one, type));
  set_weak_number(number);
  return to_python(number);
}

TNP_FUNCTION(item, kMethod, "(self, /, *args)", "One element as a Python number.") {
  const Array& x = array_of(args.values[0]);
  if (is_text(x.dtype())) {
    if (!args.rest.empty()) throw TypeError("item: index an array of text, and take item() of the result");
    if (x.size() != 1) throw ValueError("can only convert an array of size 1 to a Python scalar");
    return text_element(x.dtype(), text_handles(x).data);
  }
  const auto index = [&] {
    const std::optional<Axes> where = spread_or_sequence(args.rest, [](const Value& v) { return v.axes(); });
    if (!where) throw TypeError("item: an index must be an integer or a tuple of them, not None");
    return where;
  };
  if (x.is_symbolic() && x.shape().rank_known()) return traced_item(x, args.rest.empty() ? std::nullopt : index());
  const std::byte* data = x.data();
  if (args.rest.empty()) {
    if (x.size() != 1) throw ValueError("can only convert an array of size 1 to a Python scalar");
    return element(x.dtype(), data);
  }
  return element(x.dtype(), data + element_offset(x, *index()));
}
// An index for each axis; where they do not fit, the long way says so.
TNP_SHORT_WAY(item) {
  const Array& x = array_of(self);
  if (x.state() != State::concrete || !is_numeric(x.dtype())) return nullptr;
  if (args.empty() && x.shape().ndim() <= 1)
    return x.shape().num_elements() == 1 ? python_element(x.dtype(), x.node()->data) : nullptr;
  if (args.size() == 1 && PyTuple_CheckExact(args[0]))
    args = {&PyTuple_GET_ITEM(args[0], 0), static_cast<std::size_t>(PyTuple_GET_SIZE(args[0]))};
  const std::byte* at = place_of(x, args);
  return at != nullptr ? python_element(x.dtype(), at) : nullptr;
}

TNP_FUNCTION(tobytes, kMethod, "(self, /, order='C')", "The bytes of the elements.") {
  const Array& x = array_of(args.values[0]);
  const Order order = Value(args.values[1]).order();
  const std::byte* data = x.data();
  const std::int64_t size = x.itemsize();
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, x.size() * size);
  if (bytes == nullptr) throw nb::python_error();
  char* to = PyBytes_AS_STRING(bytes);
  if (x.is_contiguous() && (order == Order::c || x.ndim() < 2)) {
    std::memcpy(to, data, static_cast<std::size_t>(x.size() * size));
  } else {
    for_each_element(x, order, [&](const std::byte* at) {
      std::memcpy(to, at, static_cast<std::size_t>(size));
      to += size;
    });
  }
  return nb::steal(bytes);
}

TNP_FUNCTION(dumps, kMethod, "(self, /)", "The array pickled, as bytes.") {
  return nb::module_::import_("pickle").attr("dumps")(nb::handle(args.values[0]), 5);
}
TNP_FUNCTION(dump, kMethod, "(self, /, file)", "Pickles the array into a file, by name or open.") {
  const auto [self, file] = take<2>(args);
  nb::module_ pickle = nb::module_::import_("pickle");
  if (nb::hasattr(file.handle(), "write")) return pickle.attr("dump")(self.handle(), file.handle(), 5);
  nb::object opened = nb::module_::import_("builtins").attr("open")(file.handle(), "wb");
  pickle.attr("dump")(self.handle(), opened, 5);
  return opened.attr("close")();
}

TNP_FUNCTION(to_device, kMethod, "(self, device, /, *, stream=None)", "The array on a device.") {
  const auto [self, device, stream] = take<3>(args);
  if (!device.given()) throw ValueError("Unsupported device: None. Only 'CPU:0' and 'cpu' are accepted.");
  device.check_device();
  if (stream.given()) throw ValueError("The stream argument in to_device() is not supported");
  return nb::borrow(self.handle());
}

// --- shorter forms of functions

TNP_FUNCTION(clip, kMethod, "(self, /, min=None, max=None, out=None)", "Elements within bounds.") {
  const auto [self, min, max] = take<3>(args);
  PyOperand lower, upper;
  if (min.given()) read_operand(lower, min);
  if (max.given()) read_operand(upper, max);
  weaken_beside(lower, array_of(self.ptr()));
  weaken_beside(upper, array_of(self.ptr()));
  const Operand l = operand(lower), u = operand(upper);
  return to_python(clip(array_of(self.ptr()), min.given() ? &l : nullptr, max.given() ? &u : nullptr));
}
TNP_FUNCTION(dot, kMethod, "(self, other, /, out=None)",
             "The sum of products over the last axis and the other's last but one.") {
  const auto [self, other] = take<2>(args);
  return to_python(dot(array_of(self.ptr()), other.array()));
}
TNP_FUNCTION(conj, kMethod, "(self, /)", "The complex conjugate.") {
  return same_or_new(args.values[0], conjugate_if_complex(array_of(args.values[0])));
}
TNP_FUNCTION(conjugate, kMethod, "(self, /)", "The complex conjugate.") { return conj_body(args); }

// --- protocols

TNP_FUNCTION(__format__, kMethod, "(self, spec, /)", "A 0-d array formats as its element.") {
  const auto [self, spec] = take<2>(args);
  const Array& x = array_of(self.ptr());
  if (x.shape().rank_known() && x.ndim() == 0 && (!x.is_symbolic() || !spec.text("").empty())) {
    if (x.is_symbolic()) ask_for_conversion("text");  // f-strings in print, assert and raise
    return nb::steal(PyObject_Format(element(x.dtype(), x.data()).ptr(), spec.ptr()));
  }
  if (!spec.text("").empty()) throw TypeError("unsupported format string passed to tnp.ndarray.__format__");
  return nb::str(self.handle());
}
TNP_FUNCTION(__complex__, kMethod, "(self, /)", "complex(x) of a 0-d array.") {
  return nb::steal(python_complex(array_of(args.values[0])));
}
TNP_FUNCTION(__round__, kMethod, "(self, decimals=None)",
             "round(x, decimals). round(x) of a 0-d array is an integer, as of a number.") {
  const auto [self, decimals] = take<2>(args);
  const Array& x = array_of(self.ptr());
  if (!decimals.given() && x.shape().rank_known() && x.ndim() == 0 && is_floating(x.dtype())) {
    if (x.is_symbolic()) {
      const Array number = astype(round(x, 0), DType::int64);
      if (is_weak_number(x)) set_weak_number(number);
      return to_python(number);
    }
    return nb::steal(PyNumber_Long(to_python(round(x, 0)).ptr()));  // Python's errors for what is no integer
  }
  return to_python(round(array_of(self.ptr()), static_cast<int>(decimals.integer(0))));
}
TNP_FUNCTION(__trunc__, kMethod, "(self, /)", "math.trunc(x) of a 0-d array.") {
  return nb::steal(PyNumber_Long(args.values[0]));
}
TNP_FUNCTION(__copy__, kMethod, "(self, /)", "The array itself, as it never changes.") {
  return nb::borrow(nb::handle(args.values[0]));
}
TNP_FUNCTION(__deepcopy__, kMethod, "(self, memo=None, /)", "The array itself, as it never changes.") {
  return nb::borrow(nb::handle(args.values[0]));
}
TNP_FUNCTION(__array_namespace__, kMethod, "(self, /, *, api_version=None)", "The module tnp.") {
  const std::string version = Value(args.values[1]).text("2024.12");
  for (const char* known : {"2021.12", "2022.12", "2023.12", "2024.12", "2025.12"}) {
    if (version != known) continue;
    static PyObject* module = nb::object(nb::module_::import_("tnp")).release().ptr();
    return nb::borrow(module);
  }
  throw ValueError("Version \"" + version + "\" of the Array API Standard is not supported.");
}

// Pickled as its bytes, from protocol 5 on without a copy where the pickler takes buffers out of band.
TNP_FUNCTION(__reduce_ex__, kMethod, "(self, protocol, /)", "For pickle.") {
  if (const Array& text = array_of(args.values[0]); is_text(text.dtype())) {
    const nb::object make = nb::module_::import_("tnp").attr("asarray");
    return nb::make_tuple(make, nb::make_tuple(text_to_numpy(text), dtype_object(text.dtype())));
  }
  const auto [self, protocol] = take<2>(args);
  const Array& x = array_of(self.ptr());
  x.data();
  nb::object bytes;
  if (protocol.integer() >= 5 && x.is_contiguous() && x.dtype() != DType::bfloat16) {
    bytes = nb::module_::import_("pickle").attr("PickleBuffer")(self.handle());
  } else {
    bytes = self.handle().attr("tobytes")();
  }
  nb::object rebuild = nb::module_::import_("tnp._core").attr("_array_of_bytes");
  return nb::make_tuple(rebuild, nb::make_tuple(bytes, dtype_object(x.dtype()), shape_object(x.shape())));
}
TNP_FUNCTION(__reduce__, kMethod, "(self, /)", "For pickle.") {
  return nb::handle(args.values[0]).attr("__reduce_ex__")(2);
}

TNP_FUNCTION(_array_of_bytes, kFunction, "(data, dtype, shape, /)", "What pickle makes arrays with.") {
  const auto [data, dtype, shape] = take<3>(args);
  const DType type = *dtype.dtype();
  const Shape to = shape.shape();
  check_shape(to, itemsize(type));
  Py_buffer view;
  if (PyObject_GetBuffer(data.ptr(), &view, PyBUF_C_CONTIGUOUS) != 0) throw nb::python_error();
  if (view.len != to.num_elements() * itemsize(type)) {
    PyBuffer_Release(&view);
    throw ValueError("the bytes of an array are not as many as its shape needs");
  }
  Array x = Array::copy_of(view.buf, type, to);
  PyBuffer_Release(&view);
  return to_python(x);
}

}  // namespace

}  // namespace tnp::python

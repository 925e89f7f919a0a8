// as_array: whatever looks like an array, as one.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

#include "base/dim.h"
#include "ir/scalar.h"
#include "python/elements.h"
#include "python/elementwise_call.h"
#include "python/interchange.h"
#include "python/numpy_memory.h"
#include "python/text.h"
#include "python/variable.h"
#include "tnp/error.h"
#include "tnp/promotion.h"

namespace tnp::python {

namespace {

std::string type_name(PyObject* o) { return Py_TYPE(o)->tp_name; }

// --- nested sequences

bool has_memory(PyObject* o);

bool is_sequence(PyObject* o) {
  if (PyList_Check(o) || PyTuple_Check(o)) return true;
  return PySequence_Check(o) && !PyUnicode_Check(o) && !PyBytes_Check(o) && !PyDict_Check(o) && !PyType_Check(o) &&
         !is_variable(o) && !has_memory(o);
}

// Collects the leaves of a nested sequence in order, with the shape that they all must agree on.
class Nested {
 public:
  explicit Nested(PyObject* root) { visit(root, 0); }

  const Shape& shape() const { return shape_; }
  DType dtype() const { return any_ ? dtype_ : default_dtype(WeakKind::floating); }
  bool holds_arrays() const { return !arrays_.empty(); }
  bool mixed() const { return mixed_; }
  bool holds_elements() const { return strong_; }
  const Arrays& arrays() const { return arrays_; }
  const std::vector<Scalar>& scalars() const { return scalars_; }

  // Of NumPy's scalars and of 0-d arrays, whose value is as good as a number's while nobody records what it goes into.
  static const std::byte* element_data(PyObject* o, DType& dtype) {
    if (!is_array(o)) return numpy_scalar_data(o, dtype);
    const Array& x = array_of(o);
    if (x.state() != State::concrete || x.shape().ndim() != 0 || !is_numeric(x.dtype()) || !elements_unwatched())
      return nullptr;
    dtype = x.dtype();
    return x.data();
  }

 private:
  void visit(PyObject* o, int depth) {
    if (depth > kMaxDims) throw ValueError("array: maximum supported dimension for an array is 64");
    Scalar s(false);
    if (scalar_of(o, s)) {
      leaf_shape({}, depth);
      add_scalar_dtype(std::holds_alternative<std::uint64_t>(s.value) ? DType::uint64 : default_dtype(s.kind));
      if (arrays_.empty()) {
        scalars_.push_back(s);
      } else {
        arrays_.push_back(s.to_array());
      }
      return;
    }
    DType dtype;
    if (const std::byte* data = arrays_.empty() ? element_data(o, dtype) : nullptr) {
      leaf_shape({}, depth);
      add_dtype(dtype);
      strong_ = true;
      scalars_.push_back(load_scalar(dtype, data));
      return;
    }
    if (is_array(o) || !is_sequence(o)) {
      const Array x = as_array(o);
      leaf_shape(x.shape(), depth);
      add_dtype(x.dtype());
      // From the first array on, everything is one.
      if (arrays_.empty()) {
        for (const Scalar& t : scalars_) arrays_.push_back(t.to_array());
        scalars_.clear();
      }
      arrays_.push_back(x);
      return;
    }
    nb::object fast = nb::steal(PySequence_Fast(o, "array: not a sequence"));
    if (!fast.is_valid()) throw nb::python_error();
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.ptr());
    sequence_length(n, depth);
    // Conversions run code of others, which may change the list.
    for (Py_ssize_t i = 0; i < n; ++i) {
      if (PySequence_Fast_GET_SIZE(fast.ptr()) != n)
        throw ValueError("array: the sequence changed while it was converted");
      visit(nb::borrow(PySequence_Fast_GET_ITEM(fast.ptr(), i)).ptr(), depth + 1);
    }
  }

  [[noreturn]] static void ragged(int depth) {
    throw ValueError(
        "array: setting an array element with a sequence. The requested array has an inhomogeneous shape after " +
        std::to_string(depth) + " dimensions");
  }

  void sequence_length(Py_ssize_t n, int depth) {
    if (depth < shape_.ndim()) {
      if (is_symbolic(shape_[depth])) shape_[depth] = n;  // the run compares
      if (shape_[depth] != n) ragged(depth);
    } else {
      if (settled_) ragged(depth);
      shape_.push_back(n);
    }
    if (n == 0 && depth + 1 == shape_.ndim()) settled_ = true;
  }

  // The first leaf settles the shape; the others, whether numbers or arrays of any rank, must complete it.
  void leaf_shape(const Shape& own, int depth) {
    if (!settled_) {
      if (shape_.ndim() != depth) ragged(depth);
      settled_ = true;
      leaf_depth_ = depth;
      for (std::int64_t d : own) shape_.push_back(d);
      return;
    }
    if (depth + own.ndim() != shape_.ndim()) ragged(depth);
    for (int i = 0; i < own.ndim(); ++i) {
      // Sizes that only a run knows are compared when it joins the arrays.
      std::int64_t& known = shape_[depth + i];
      if (own[i] != known && !is_symbolic(own[i]) && !is_symbolic(known)) ragged(depth);
      if (is_symbolic(known)) known = own[i];
    }
    mixed_ = mixed_ || depth != leaf_depth_;
  }

  // Beside other Python numbers: the default float takes integers in, whatever the mode of promotion.
  void add_scalar_dtype(DType d) {
    if (!any_ || strong_ || !arrays_.empty()) return add_dtype(d);
    if (is_inexact(d) && !is_inexact(dtype_)) {
      dtype_ = d;
    } else if (!is_inexact(dtype_) || is_inexact(d)) {
      dtype_ = numpy_promote(dtype_, d);
    }
  }

  void add_dtype(DType d) {
    // Beside text everything is text.
    const bool text = is_text(d) || (any_ && is_text(dtype_));
    const bool characters = d == DType::unicode || (any_ && dtype_ == DType::unicode);
    dtype_ = text ? (characters ? DType::unicode : DType::string) : any_ ? promote(dtype_, d) : d;
    any_ = true;
  }

  Shape shape_;
  bool settled_ = false;  // the shape is known
  int leaf_depth_ = -1;
  bool mixed_ = false;   // leaves lie at several depths
  bool strong_ = false;  // elements of types of their own are among the scalars
  DType dtype_ = DType::float64;
  bool any_ = false;
  std::vector<Scalar> scalars_;
  Arrays arrays_;
};

// A float as the integer that Python's int() makes of it, as NumPy does for floats in a list. Throws ValueError for
// NaN, OverflowError for what no integer type holds.
Scalar truncated(const Scalar& s) {
  const double v = std::get<double>(s.value);
  if (std::isnan(v)) throw ValueError("cannot convert float NaN to integer");
  if (std::isinf(v)) throw OverflowError("cannot convert float infinity to integer");
  if (v >= -0x1p63 && v < 0x1p63) return Scalar(static_cast<std::int64_t>(v));
  if (v >= 0 && v < 0x1p64) return Scalar(static_cast<std::uint64_t>(v));
  throw OverflowError("the float " + std::to_string(v) + " is too large for any integer type");
}

// The short way of a list or tuple of Python floats alone, or of small integers alone; absent for others.
Array from_numbers(PyObject* o, std::optional<DType> dtype) {
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  PyObject** items = PySequence_Fast_ITEMS(o);
  if (n == 0) return {};
  const bool floats = PyFloat_CheckExact(items[0]);
  const DType type = dtype.value_or(default_dtype(floats ? WeakKind::floating : WeakKind::integer));
  if (type != DType::float64 && (floats || type != DType::int64)) return {};
  Array x = Array::empty(type, {n});
  std::byte* to = x.node()->data;
  for (Py_ssize_t i = 0; i < n; ++i, to += 8) {
    std::int64_t integer;
    if (floats) {
      if (!PyFloat_CheckExact(items[i])) return {};
      const double v = PyFloat_AS_DOUBLE(items[i]);
      std::memcpy(to, &v, sizeof v);
    } else if (!small_int(items[i], integer)) {
      return {};
    } else if (type == DType::int64) {
      std::memcpy(to, &integer, sizeof integer);
    } else {
      const auto v = static_cast<double>(integer);
      std::memcpy(to, &v, sizeof v);
    }
  }
  return x;
}

// The short way of a list or tuple of single elements of one type; absent for others.
Array from_elements(PyObject* o, std::optional<DType> dtype) {
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  PyObject** items = PySequence_Fast_ITEMS(o);
  DType type;
  if (n == 0 || Nested::element_data(items[0], type) == nullptr || dtype.value_or(type) != type) return {};
  Array x = Array::empty(type, {n});
  std::byte* to = x.node()->data;
  const int size = itemsize(type);
  for (Py_ssize_t i = 0; i < n; ++i, to += size) {
    DType own;
    const std::byte* data = Nested::element_data(items[i], own);
    if (data == nullptr || own != type) return {};
    std::memcpy(to, data, static_cast<std::size_t>(size));
  }
  return x;
}

Array from_nested(PyObject* o, std::optional<DType> dtype) {
  if (PyList_CheckExact(o) || PyTuple_CheckExact(o)) {
    if (Array x = from_numbers(o, dtype)) return x;
    if (Array x = from_elements(o, dtype)) return x;
  }
  const Nested nested(o);
  // Elements with types of their own are cast as arrays are, after they have met in a common type.
  if (nested.holds_elements() && dtype && *dtype != nested.dtype()) return astype(from_nested(o, {}), *dtype);
  const DType type = dtype.value_or(nested.dtype());
  if (nested.holds_arrays()) {
    Arrays rows;
    for (const Array& x : nested.arrays()) {
      Shape row = x.shape();
      if (nested.mixed()) {
        // As many elements as belong there: of sizes that only a run knows, it compares them.
        Dim count = 1;
        for (int i = nested.shape().ndim() - row.ndim(); i < nested.shape().ndim(); ++i)
          count = dim_mul(count, nested.shape()[i]);
        row = {count};
      } else {
        row.insert(0, 1);
      }
      rows.push_back(reshape(astype(x, type), row));
    }
    return reshape(concatenate(rows, 0), nested.shape());
  }
  if (is_text(type)) {
    std::vector<std::string> values;
    for (const Scalar& s : nested.scalars()) values.emplace_back(text_values(astype(s.to_array(), type))[0]);
    return text_array(type, nested.shape(), values);
  }
  Array out = Array::empty(type, nested.shape());
  std::byte* to = out.data();
  const bool integers = is_integer(type);
  for (const Scalar& s : nested.scalars()) {
    // A float list into an integer type is truncated; a complex one into a real type is refused.
    if (integers && s.kind == WeakKind::floating) {
      store_scalar(truncated(s), type, to);
    } else {
      store_scalar(s, type, to);
    }
    to += out.itemsize();
  }
  return out;
}

// --- one object

// Without the detour through a sequence or Python's numbers: what holds its elements in memory of its own.
bool has_memory(PyObject* o) {
  static PyObject* const names[] = {PyUnicode_InternFromString("__array__"), PyUnicode_InternFromString("__dlpack__"),
                                    PyUnicode_InternFromString("__array_interface__"),
                                    PyUnicode_InternFromString("__array_struct__")};
  if (PyObject_CheckBuffer(o)) return true;
  for (PyObject* attribute : names) {
    if (_PyType_Lookup(Py_TYPE(o), attribute) != nullptr) return true;
  }
  return false;
}

[[noreturn]] void refuse(PyObject* o) {
  throw TypeError("array: an object of type '" + type_name(o) + "' can not be converted to an array");
}

// Objects whose memory is not NumPy's: buffers, then DLPack (jax.Array, torch.Tensor), then NumPy's other protocols.
Array from_memory(PyObject* o, const AsArray& options) {
  if (PyObject_CheckBuffer(o)) {
    if (std::optional<Array> x = from_buffer(o, options.copy)) return *x;
  }
  const nb::handle h(o);
  if (nb::hasattr(h, "__dlpack__") && nb::hasattr(h, "__dlpack_device__")) {
    try {
      return from_dlpack(o, options.copy);
    } catch (nb::python_error& e) {
      // A producer may refuse what it gives by __array__ (torch: a conjugated view).
      if (!nb::hasattr(h, "__array__") || !(e.matches(PyExc_BufferError) || e.matches(PyExc_TypeError))) throw;
    }
  }
  nb::object converted = to_numpy_array(o);
  if (!is_numpy_array(converted.ptr())) refuse(o);
  NumpyArray* a = numpy_array(converted.ptr());
  if (a->ndim == 0 && a->descr->kind == 'O') refuse(o);
  // An array made for us alone need not be copied again.
  const bool ours = Py_REFCNT(converted.ptr()) == 1 && a->base == nullptr && (a->flags & NumpyArray::kOwnsData) != 0;
  CopyPolicy copy = options.copy;
  if (ours && !copy && a->descr->byteorder != '>' && a->descr->kind != 'O') copy = false;
  return from_numpy(converted.ptr(), options.dtype, copy);
}

// Subclasses of Python's numbers (enumerations, booleans of other libraries), as the number that they are.
bool number_of(PyObject* o, Scalar& out) {
  if (scalar_of(o, out)) return true;
  nb::object plain;
  if (PyLong_Check(o)) {
    plain = nb::steal(PyNumber_Long(o));
  } else if (PyFloat_Check(o)) {
    plain = nb::steal(PyFloat_FromDouble(PyFloat_AsDouble(o)));
  } else if (PyComplex_Check(o)) {
    const Py_complex z = PyComplex_AsCComplex(o);
    plain = nb::steal(PyComplex_FromCComplex(z));
  } else {
    return false;
  }
  if (!plain.is_valid() || PyErr_Occurred()) throw nb::python_error();
  return scalar_of(plain.ptr(), out);
}

[[noreturn]] Array needs_copy(PyObject* o) {
  throw ValueError("Unable to avoid copy while creating an array as requested: an object of type '" + type_name(o) +
                   "' has no memory that could be shared (copy=False)");
}

Array from_number(const Scalar& s, std::optional<DType> dtype) {
  const DType type =
      dtype.value_or(std::holds_alternative<std::uint64_t>(s.value) ? DType::uint64 : default_dtype(s.kind));
  if (is_integer(type) && s.kind == WeakKind::floating) return truncated(s).to_array(type);
  if (is_text(type)) return astype(s.to_array(), type);
  return s.to_array(type);
}

// Whether the first leaf is text.
bool holds_text(PyObject* o) {
  for (int depth = 0; depth < kMaxDims; ++depth) {
    if (PyUnicode_Check(o) || PyBytes_Check(o)) return true;
    if ((!PyList_Check(o) && !PyTuple_Check(o)) || Py_SIZE(o) == 0) return false;
    o = PyList_Check(o) ? PyList_GET_ITEM(o, 0) : PyTuple_GET_ITEM(o, 0);
  }
  return false;
}

Array convert(PyObject* o, const AsArray& options) {
  if (is_numpy_array(o)) {
    if (std::optional<Array> text = text_of(o)) return *text;
    return from_numpy(o, options.dtype, options.copy);
  }
  const bool may_copy = options.copy != CopyPolicy(false);
  Scalar s(false);
  if (scalar_of(o, s)) return may_copy ? from_number(s, options.dtype) : needs_copy(o);
  if (Array element = numpy_element(o)) return may_copy ? element : needs_copy(o);
  if (holds_text(o)) {
    if (std::optional<Array> text = text_of(o)) return may_copy ? *text : needs_copy(o);
  }
  if (PyList_Check(o) || PyTuple_Check(o)) return may_copy ? from_nested(o, options.dtype) : needs_copy(o);
  if (PyRange_Check(o) && may_copy) {
    const nb::object numbers = nb::steal(PySequence_List(o));
    if (!numbers.is_valid()) throw nb::python_error();
    return from_nested(numbers.ptr(), options.dtype);
  }
  if (PyUnicode_Check(o) || PyBytes_Check(o)) throw TypeError("array: text ('" + type_name(o) + "') is not supported");
  if (is_variable(o)) return variable_of(o)->read();
  if (nb::isinstance<PyDim>(nb::handle(o))) return dim_value(nb::cast<PyDim&>(nb::handle(o)).dim, DType::int64);
  if (is_numpy_scalar(o)) {
    return may_copy ? from_numpy(to_numpy_array(o).ptr(), options.dtype, true) : needs_copy(o);
  }
  if (number_of(o, s)) return may_copy ? from_number(s, options.dtype) : needs_copy(o);
  if (has_memory(o)) return from_memory(o, options);
  if (is_sequence(o)) return may_copy ? from_nested(o, options.dtype) : needs_copy(o);
  refuse(o);
}

}  // namespace

Array as_array(PyObject* o, const AsArray& options) {
  if (is_array(o) && (!options.dtype || array_of(o).dtype() == *options.dtype)) return array_of(o);
  const Array x = is_array(o) ? array_of(o) : convert(o, options);
  if (options.dtype && x.dtype() != *options.dtype) {
    if (options.copy == std::optional(false)) {
      throw ValueError("asarray: a conversion from " + std::string(name(x.dtype())) + " to " +
                       std::string(name(*options.dtype)) + " needs a copy, which copy=False forbids");
    }
    return astype(x, *options.dtype);
  }
  return x;
}

}  // namespace tnp::python

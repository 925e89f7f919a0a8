// as_array: whatever looks like an array, as one.
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "ir/scalar.h"
#include "ops/shape/copy.h"
#include "python/elementwise_call.h"
#include "python/python.h"
#include "runtime/allocator.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

std::string type_name(PyObject* o) { return Py_TYPE(o)->tp_name; }

// --- nested sequences

bool is_sequence(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o) || (PySequence_Check(o) && !PyUnicode_Check(o) && !PyBytes_Check(o) && !PyDict_Check(o) && !PyObject_CheckBuffer(o)); }

// Collects the leaves of a nested sequence in order, with the shape that they all must agree on.
class Nested {
 public:
  explicit Nested(PyObject* root) { visit(root, 0); }

  const Shape& shape() const { return shape_; }
  DType dtype() const { return any_ ? dtype_ : default_dtype(WeakKind::floating); }
  bool holds_arrays() const { return !arrays_.empty(); }
  const Arrays& arrays() const { return arrays_; }
  const std::vector<Scalar>& scalars() const { return scalars_; }

 private:
  void visit(PyObject* o, int depth) {
    if (depth > kMaxDims) throw ValueError("array: maximum supported dimension for an array is 64");
    Scalar s(false);
    if (scalar_of(o, s)) {
      leaf_shape({}, depth);
      add_dtype(std::holds_alternative<std::uint64_t>(s.value) ? DType::uint64 : default_dtype(s.kind));
      if (arrays_.empty()) {
        scalars_.push_back(s);
      } else {
        arrays_.push_back(s.to_array());
      }
      return;
    }
    if (!is_sequence(o) || is_array(o)) {
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
    for (Py_ssize_t i = 0; i < n; ++i) visit(PySequence_Fast_GET_ITEM(fast.ptr(), i), depth + 1);
  }

  [[noreturn]] static void ragged(int depth) {
    throw ValueError("array: setting an array element with a sequence. The requested array has an inhomogeneous shape after " +
                     std::to_string(depth) + " dimensions");
  }

  void sequence_length(Py_ssize_t n, int depth) {
    if (leaf_depth_ >= 0 && depth >= leaf_depth_) ragged(depth);
    if (depth < shape_.ndim()) {
      if (shape_[depth] != n) ragged(depth);
    } else {
      shape_.push_back(n);
    }
    if (n == 0) leaf_depth_ = depth + 1;
  }

  // All leaves lie at one depth and have one shape.
  void leaf_shape(const Shape& own, int depth) {
    if (leaf_depth_ < 0) {
      if (shape_.ndim() != depth) ragged(depth);
      leaf_depth_ = depth;
      for (std::int64_t d : own) shape_.push_back(d);
      return;
    }
    Shape expected(SmallVec<std::int64_t, 5>(std::span<const std::int64_t>(shape_.begin() + depth, shape_.end())));
    if (depth != leaf_depth_ || expected != own) ragged(depth);
  }

  void add_dtype(DType d) {
    dtype_ = any_ ? promote(dtype_, d) : d;
    any_ = true;
  }

  Shape shape_;
  int leaf_depth_ = -1;
  DType dtype_ = DType::float64;
  bool any_ = false;
  std::vector<Scalar> scalars_;
  Arrays arrays_;
};

Array from_nested(PyObject* o, std::optional<DType> dtype) {
  const Nested nested(o);
  const DType type = dtype.value_or(nested.dtype());
  if (nested.holds_arrays()) {
    Arrays rows;
    for (const Array& x : nested.arrays()) {
      Shape row = x.shape();
      row.insert(0, 1);
      rows.push_back(reshape(astype(x, type), row));
    }
    return reshape(concatenate(rows, 0), nested.shape());
  }
  Array out = Array::empty(type, nested.shape());
  std::byte* to = out.data();
  const bool integers = is_integer(type);
  for (const Scalar& s : nested.scalars()) {
    // A float list into an integer type is truncated; a complex one into a real type is refused.
    if (integers && s.kind == WeakKind::floating) {
      const Array one = astype(s.to_array(DType::float64), type);
      std::memcpy(to, one.data(), static_cast<std::size_t>(out.itemsize()));
    } else {
      store_scalar(s, type, to);
    }
    to += out.itemsize();
  }
  return out;
}

// --- buffers

struct Format {
  DType dtype;
  bool swapped = false;
};

std::optional<Format> parse_format(const char* f, Py_ssize_t itemsize) {
  Format out{};
  if (f == nullptr) return Format{DType::uint8, false};
  if (*f == '@' || *f == '=' || *f == '<' || *f == '|') ++f;
  if (*f == '>' || *f == '!') {
    out.swapped = itemsize > 1;
    ++f;
  }
  const auto sized = [&](DType base) {
    const int log = itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : 3;
    return static_cast<DType>(static_cast<int>(base) + log);
  };
  if (f[0] == 'Z') {
    if (f[1] == 'f') out.dtype = DType::complex64;
    else if (f[1] == 'd') out.dtype = DType::complex128;
    else return std::nullopt;
    return f[2] ? std::nullopt : std::optional(out);
  }
  if (f[1] != 0) return std::nullopt;
  switch (f[0]) {
    case '?': out.dtype = DType::bool_; return out;
    case 'b': case 'h': case 'i': case 'l': case 'q': case 'n': out.dtype = sized(DType::int8); return out;
    case 'B': case 'H': case 'I': case 'L': case 'Q': case 'N': case 'c': out.dtype = sized(DType::uint8); return out;
    case 'e': out.dtype = DType::float16; return out;
    case 'f': out.dtype = DType::float32; return out;
    case 'd': out.dtype = DType::float64; return out;
    default: return std::nullopt;
  }
}

void swap_bytes(Array& x) {
  const std::int64_t part = is_complex(x.dtype()) ? x.itemsize() / 2 : x.itemsize();
  std::byte* p = x.data();
  for (std::int64_t i = 0; i < x.size() * x.itemsize(); i += part) std::reverse(p + i, p + i + part);
}

void release_view(void* context) {
  // The last reader may be any thread, and may come after the interpreter has gone.
  if (!Py_IsInitialized()) return;
  const PyGILState_STATE state = PyGILState_Ensure();
  auto* view = static_cast<Py_buffer*>(context);
  PyBuffer_Release(view);
  delete view;
  PyGILState_Release(state);
}

// Absent if the object has no buffer of numbers.
std::optional<Array> from_buffer(PyObject* o, std::optional<bool> copy) {
  auto view = std::make_unique<Py_buffer>();
  if (PyObject_GetBuffer(o, view.get(), PyBUF_STRIDES | PyBUF_FORMAT) != 0) {
    PyErr_Clear();
    return std::nullopt;
  }
  const std::optional<Format> format = parse_format(view->format, view->itemsize);
  if (!format) {
    PyBuffer_Release(view.get());
    return std::nullopt;
  }
  const auto lengths = [&](const Py_ssize_t* p) { return std::span<const std::int64_t>(reinterpret_cast<const std::int64_t*>(p), static_cast<std::size_t>(view->ndim)); };
  const Shape shape{SmallVec<std::int64_t, 5>(lengths(view->shape))};
  const Strides strides(lengths(view->strides));
  const bool share = !format->swapped && (copy == std::optional(false) || (!copy && view->readonly));
  if (copy == std::optional(false) && format->swapped) {
    PyBuffer_Release(view.get());
    throw ValueError("asarray: an array of foreign byte order can not be used without a copy");
  }
  if (share) {
    auto* data = static_cast<std::byte*>(view->buf);
    Py_buffer* kept = view.release();
    Buffer* buffer = Buffer::wrap(data, static_cast<std::size_t>(kept->len), &release_view, kept);
    Array x = Array::view_of(buffer, data, format->dtype, shape, strides);
    buffer->release();
    return x;
  }
  Array x = Array::empty(format->dtype, shape);
  copy_strided({view->buf, format->dtype, view->ndim, shape.data(), strides.data()},
               {x.data(), format->dtype, view->ndim, shape.data(), x.strides().data()});
  PyBuffer_Release(view.get());
  if (format->swapped) swap_bytes(x);
  return x;
}

// NumPy arrays that have no buffer of numbers: bfloat16 of ml_dtypes, objects, text, dates.
std::optional<Array> from_numpy(PyObject* o, std::optional<DType> dtype) {
  if (!PyObject_CheckBuffer(o)) return std::nullopt;
  nb::object d = nb::getattr(nb::handle(o), "dtype", nb::none());
  if (d.is_none()) return std::nullopt;
  const std::string name = nb::cast<std::string>(nb::str(nb::getattr(d, "name", nb::str(""))));
  if (name == "bfloat16") {
    nb::object bits = nb::handle(o).attr("view")("uint16");
    const Array x = *from_buffer(bits.ptr(), std::nullopt);
    return Array::view_of(x.node()->buffer, x.data(), DType::bfloat16, x.shape(), x.strides());
  }
  const std::string kind = nb::cast<std::string>(nb::str(nb::getattr(d, "kind", nb::str(""))));
  if (kind == "O") {
    nb::object list = nb::handle(o).attr("tolist")();
    return as_array(list.ptr(), {dtype, std::nullopt});
  }
  throw TypeError("array: NumPy arrays of dtype '" + name + "' are not supported");
}

// Objects with __dlpack__ or __array__ (jax.Array, torch.Tensor, …).
std::optional<Array> from_protocols(PyObject* o, const AsArray& options) {
  nb::handle h(o);
  if (PyObject_HasAttrString(o, "__array__")) {
    nb::object converted = h.attr("__array__")();
    if (converted.ptr() != o) return as_array(converted.ptr(), options);
  }
  return std::nullopt;
}

Array convert(PyObject* o, const AsArray& options) {
  Scalar s(false);
  if (scalar_of(o, s)) {
    const DType type = options.dtype.value_or(std::holds_alternative<std::uint64_t>(s.value) ? DType::uint64 : default_dtype(s.kind));
    if (is_integer(type) && s.kind == WeakKind::floating) return astype(s.to_array(DType::float64), type);
    return s.to_array(type);
  }
  if (PyList_Check(o) || PyTuple_Check(o)) return from_nested(o, options.dtype);
  if (PyUnicode_Check(o) || PyBytes_Check(o)) throw TypeError("array: text ('" + type_name(o) + "') is not supported");
  if (PyObject_CheckBuffer(o)) {
    if (std::optional<Array> x = from_buffer(o, options.copy)) return *x;
  }
  if (std::optional<Array> x = from_numpy(o, options.dtype)) return *x;
  if (std::optional<Array> x = from_protocols(o, options)) return *x;
  if (is_sequence(o)) return from_nested(o, options.dtype);
  throw TypeError("array: an object of type '" + type_name(o) + "' can not be converted to an array");
}

}  // namespace

Array as_array(PyObject* o, const AsArray& options) {
  Array x = is_array(o) ? array_of(o) : convert(o, options);
  if (options.dtype && x.dtype() != *options.dtype) {
    if (options.copy == std::optional(false)) {
      throw ValueError("asarray: a conversion from " + std::string(name(x.dtype())) + " to " + std::string(name(*options.dtype)) +
                       " needs a copy, which copy=False forbids");
    }
    return astype(x, *options.dtype);
  }
  return x;
}

}  // namespace tnp::python

// Arrays from the memory of NumPy and of the buffer protocol: shared where nobody can write to it, else copied.
#include <algorithm>
#include <cstring>
#include <memory>

#include "ops/shape/copy.h"
#include "python/foreign_release.h"
#include "python/interchange.h"
#include "python/numpy_memory.h"
#include "runtime/allocator.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::python {

namespace {

void swap_bytes(Array& x) {
  const std::int64_t part = is_complex(x.dtype()) ? x.itemsize() / 2 : x.itemsize();
  std::byte* p = x.data();
  for (std::int64_t i = 0; i < x.size() * x.itemsize(); i += part) std::reverse(p + i, p + i + part);
}

// What the last array that uses the memory gives back.
struct Owner {
  void (*release)(void*);
  void* context;
};

void release_owner(void* context) {
  auto* owner = static_cast<Owner*>(context);
  release_with_gil(owner->release, owner->context);
  delete owner;
}

bool aligned(const ForeignMemory& m) {
  const int size = is_complex(m.dtype) ? itemsize(m.dtype) / 2 : itemsize(m.dtype);
  std::uintptr_t bits = reinterpret_cast<std::uintptr_t>(m.data);
  for (int i = 0; i < m.shape.ndim(); ++i) {
    if (m.shape[i] > 1) bits |= static_cast<std::uintptr_t>(m.strides[i]);
  }
  return bits % static_cast<std::uintptr_t>(size) == 0;
}

}  // namespace

bool must_copy(const ForeignMemory& m) { return m.swapped || !aligned(m); }

bool will_share(const ForeignMemory& m, CopyPolicy copy, const char* what) {
  if (copy == CopyPolicy(true)) return false;
  if (!must_copy(m)) return copy.has_value() || m.read_only;
  if (copy) {
    throw ValueError(std::string(what) + ": " +
                     (m.swapped ? "an array of foreign byte order" : "memory that is not aligned") +
                     " can not be used without a copy, which copy=False forbids");
  }
  return false;
}

Array copied(const ForeignMemory& m) {
  Array x = Array::empty(m.dtype, m.shape);
  if (x.node()->strides == m.strides) {
    copy_bytes(m.data, x.data(), x.size() * x.itemsize());
  } else {
    copy_strided({m.data, m.dtype, m.shape.ndim(), m.shape.data(), m.strides.data()},
                 {x.data(), m.dtype, m.shape.ndim(), m.shape.data(), x.strides().data()});
  }
  if (m.swapped) swap_bytes(x);
  return x;
}

Array shared(const ForeignMemory& m, void (*release)(void*), void* context) {
  std::byte* low = m.data;
  std::int64_t bytes = itemsize(m.dtype);
  for (int i = 0; i < m.shape.ndim(); ++i) {
    const std::int64_t span = m.strides[i] * std::max<std::int64_t>(m.shape[i] - 1, 0);
    if (span < 0) low += span;
    bytes += span < 0 ? -span : span;
  }
  std::unique_ptr<Owner> owner;
  Buffer* buffer = nullptr;
  try {
    owner = std::make_unique<Owner>(Owner{release, context});
    buffer = Buffer::wrap(low, static_cast<std::size_t>(bytes), &release_owner, owner.get());
  } catch (...) {
    release(context);
    throw;
  }
  owner.release();
  struct Reference {
    Buffer* buffer;
    ~Reference() { buffer->release(); }
  } reference{buffer};
  return Array::view_of(buffer, m.data, m.dtype, m.shape, m.strides);
}

// --- NumPy

namespace {

PyTypeObject* numpy_type(const char* name) {
  return reinterpret_cast<PyTypeObject*>(nb::module_::import_("numpy").attr(name).ptr());
}

PyTypeObject* ndarray_type() {
  static PyTypeObject* type = numpy_type("ndarray");
  return type;
}

// NumPy's numbers of its types (NPY_BOOL … NPY_HALF), on a machine whose long has 64 bits.
bool builtin_dtype(int type_num, DType& out) {
  static constexpr DType kNone = DType::object;
  static constexpr DType types[] = {DType::bool_,
                                    DType::int8,
                                    DType::uint8,
                                    DType::int16,
                                    DType::uint16,
                                    DType::int32,
                                    DType::uint32,
                                    DType::int64,
                                    DType::uint64,
                                    DType::int64,
                                    DType::uint64,
                                    DType::float32,
                                    DType::float64,
                                    kNone,
                                    DType::complex64,
                                    DType::complex128,
                                    kNone,
                                    kNone,
                                    kNone,
                                    kNone,
                                    kNone,
                                    kNone,
                                    kNone,
                                    DType::float16};
  static_assert(sizeof(long) == 8);
  if (type_num < 0 || type_num >= static_cast<int>(std::size(types))) return false;
  out = types[type_num];
  return out != kNone;
}

bool is_bfloat16(NumpyDescr* descr) {
  static PyTypeObject* known = nullptr;  // ml_dtypes' scalar type, once it has been met
  if (descr->scalar_type == known) return known != nullptr;
  nb::handle type(reinterpret_cast<PyObject*>(descr->scalar_type));
  if (descr->type_num < 256 || nb::cast<std::string>(nb::str(nb::getattr(type, "__name__", nb::str("")))) != "bfloat16")
    return false;
  Py_INCREF(type.ptr());
  known = descr->scalar_type;
  return true;
}

constexpr int kObjectType = 17;

[[noreturn]] void refuse_dtype(NumpyDescr* descr) {
  throw TypeError("array: NumPy arrays of dtype '" +
                  nb::cast<std::string>(nb::str(nb::handle(reinterpret_cast<PyObject*>(descr)))) +
                  "' are not supported");
}

void refuse_masked(PyObject* o) {
  if (Py_TYPE(o) == ndarray_type()) return;
  nb::handle h(o);
  if (nb::hasattr(h, "filled") && nb::hasattr(h, "mask")) {
    throw TypeError(
        "array: masked arrays are not supported, as the mask would be lost: convert x.filled(value) or x.data");
  }
}

void release_object(void* o) { Py_DECREF(static_cast<PyObject*>(o)); }

}  // namespace

bool is_numpy_array(PyObject* o) {
  return Py_TYPE(o) == ndarray_type() || PyType_IsSubtype(Py_TYPE(o), ndarray_type());
}

bool is_base_numpy_array(PyObject* o) { return Py_TYPE(o) == ndarray_type(); }

bool is_numpy_scalar(PyObject* o) {
  static PyTypeObject* type = numpy_type("generic");
  return PyType_IsSubtype(Py_TYPE(o), type);
}

nb::object to_numpy_array(PyObject* o) {
  static PyObject* asarray = nb::object(nb::module_::import_("numpy").attr("asarray")).release().ptr();
  PyObject* converted = PyObject_CallOneArg(asarray, o);
  if (converted == nullptr) throw nb::python_error();
  return nb::steal(converted);
}

bool is_immutable(PyObject* o) {
  nb::object held = nb::borrow(o);
  // A view's base may be writable though the view is not (numpy.broadcast_to, flags.writeable = False).
  for (int depth = 0; depth < 64; ++depth) {
    PyObject* p = held.ptr();
    if (p == nullptr || p == Py_None || is_array(p) || PyBytes_Check(p)) return true;
    if (is_numpy_array(p)) {
      if ((numpy_array(p)->flags & NumpyArray::kWriteable) != 0) return false;
      held = nb::borrow(numpy_array(p)->base);
      continue;
    }
    if (!PyObject_CheckBuffer(p)) return true;  // the owner of memory that its views call read-only
    Py_buffer view;
    if (PyObject_GetBuffer(p, &view, PyBUF_STRIDES | PyBUF_FORMAT) != 0) {
      PyErr_Clear();
      return true;
    }
    const bool read_only = view.readonly != 0;
    PyBuffer_Release(&view);
    if (!read_only) return false;
    if (!PyMemoryView_Check(p)) return true;
    held = nb::borrow(PyMemoryView_GET_BUFFER(p)->obj);
  }
  return false;
}

namespace {

// The short way of an array that is copied as it lies; absent for others.
Array quick_copy(PyObject* o, CopyPolicy copy) {
  constexpr int kPlain = NumpyArray::kRowMajor | NumpyArray::kAligned | NumpyArray::kWriteable;
  const NumpyArray* a = numpy_array(o);
  DType dtype;
  if (copy == CopyPolicy(false) || Py_TYPE(o) != ndarray_type() || (a->flags & kPlain) != kPlain ||
      a->descr->byteorder == '>' || !builtin_dtype(a->descr->type_num, dtype))
    return {};
  const Shape shape(SmallVec<std::int64_t, 5>(std::span<const std::int64_t>(a->shape, a->ndim)));
  Array x = Array::empty(dtype, shape);
  copy_bytes(a->data, x.node()->data, shape.num_elements() * itemsize(dtype));
  return x;
}

}  // namespace

Array numpy_operand(PyObject* o) {
  return Py_TYPE(o) == ndarray_type() ? quick_copy(o, std::nullopt) : numpy_element(o);
}

namespace {
void release_lent(void* o) { release_with_gil(&release_object, o); }
}  // namespace

Array numpy_for_call(PyObject* o, bool lent) {
  const NumpyArray* a = numpy_array(o);
  ForeignMemory m;
  if ((a->flags & NumpyArray::kAligned) == 0 || a->descr->byteorder == '>' ||
      !builtin_dtype(a->descr->type_num, m.dtype))
    return {};
  const auto n = static_cast<std::size_t>(a->ndim);
  m.data = reinterpret_cast<std::byte*>(a->data);
  m.shape = Shape(SmallVec<std::int64_t, 5>(std::span<const std::int64_t>(a->shape, n)));
  m.strides = Strides(std::span<const std::int64_t>(a->strides, n));
  if (!lent) return copied(m);
  if ((a->flags & NumpyArray::kRowMajor) == 0) {
    Py_INCREF(o);
    return shared(m, &release_object, o);
  }
  const auto bytes = static_cast<std::size_t>(m.shape.num_elements() * itemsize(m.dtype));
  Buffer* buffer = Buffer::wrap(m.data, bytes, &release_lent, o);
  Py_INCREF(o);
  struct Reference {
    Buffer* buffer;
    ~Reference() { buffer->release(); }
  } reference{buffer};
  return Array::view_of(buffer, m.data, m.dtype, m.shape, m.strides);
}

bool numpy_dtype(PyObject* o, DType& out) {
  static PyTypeObject* type = numpy_type("dtype");
  return PyType_IsSubtype(Py_TYPE(o), type) && builtin_dtype(reinterpret_cast<NumpyDescr*>(o)->type_num, out);
}

Array from_numpy(PyObject* o, std::optional<DType> dtype, CopyPolicy copy) {
  if (Array x = quick_copy(o, copy)) return x;
  NumpyArray* a = numpy_array(o);
  refuse_masked(o);
  ForeignMemory m;
  if (!builtin_dtype(a->descr->type_num, m.dtype)) {
    if (a->descr->type_num == kObjectType) {
      if (copy == CopyPolicy(false))
        throw ValueError("asarray: an array of objects can not be used without a copy, which copy=False forbids");
      nb::object list = nb::handle(o).attr("tolist")();
      if (a->ndim == 0 && (is_numpy_array(list.ptr()) || PyDict_Check(list.ptr()))) refuse_dtype(a->descr);
      return as_array(list.ptr(), {dtype, std::nullopt});
    }
    if (!is_bfloat16(a->descr)) refuse_dtype(a->descr);
    m.dtype = DType::bfloat16;
  }
  m.data = reinterpret_cast<std::byte*>(a->data);
  m.swapped = a->descr->byteorder == '>' && itemsize(m.dtype) > 1;
  const auto n = static_cast<std::size_t>(a->ndim);
  m.shape = Shape(SmallVec<std::int64_t, 5>(std::span<const std::int64_t>(a->shape, n)));
  m.strides = Strides(std::span<const std::int64_t>(a->strides, n));
  m.read_only = !copy && is_immutable(o);
  if (!will_share(m, copy, "asarray")) return copied(m);
  Py_INCREF(o);
  return shared(m, &release_object, o);
}

// --- the buffer protocol

namespace {

// The type that a format of the struct module means; false for what is no number.
bool parse_format(const char* f, Py_ssize_t itemsize, ForeignMemory& out) {
  if (f == nullptr) f = "B";
  if (*f == '@' || *f == '=' || *f == '<' || *f == '|' || *f == '^') {
    ++f;
  } else if (*f == '>' || *f == '!') {
    out.swapped = itemsize > 1;
    ++f;
  }
  const auto sized = [&](DType base) {
    const int log = itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : itemsize == 8 ? 3 : -1;
    return log < 0 ? DType::object : static_cast<DType>(static_cast<int>(base) + log);
  };
  DType d = DType::object;
  const char* code = f[0] == 'Z' ? f + 1 : f;
  if (code[0] == 0 || code[1] != 0) return false;
  if (code != f) {
    d = *code == 'f' ? DType::complex64 : *code == 'd' ? DType::complex128 : d;
  } else if (std::strchr("bhilqn", *code) != nullptr) {
    d = sized(DType::int8);
  } else if (std::strchr("BHILQN", *code) != nullptr) {
    d = sized(DType::uint8);
  } else {
    d = *code == '?'   ? DType::bool_
        : *code == 'e' ? DType::float16
        : *code == 'f' ? DType::float32
        : *code == 'd' ? DType::float64
                       : d;
  }
  out.dtype = d;
  return d != DType::object && tnp::itemsize(d) == itemsize;
}

void release_view(void* context) {
  auto* view = static_cast<Py_buffer*>(context);
  PyBuffer_Release(view);
  delete view;
}

struct ReleaseView {
  void operator()(Py_buffer* view) const { release_view(view); }
};

}  // namespace

std::optional<Array> from_buffer(PyObject* o, CopyPolicy copy) {
  auto raw = std::make_unique<Py_buffer>();
  if (PyObject_GetBuffer(o, raw.get(), PyBUF_STRIDES | PyBUF_FORMAT) != 0) {
    // Of this type or layout there is no buffer; other protocols may do.
    if (!PyErr_ExceptionMatches(PyExc_BufferError)) throw nb::python_error();
    PyErr_Clear();
    return std::nullopt;
  }
  std::unique_ptr<Py_buffer, ReleaseView> view(raw.release());
  ForeignMemory m;
  if (!parse_format(view->format, view->itemsize, m)) {
    throw TypeError("array: a buffer of '" + std::string(Py_TYPE(o)->tp_name) + "' with elements of format '" +
                    view->format + "' is not supported");
  }
  const auto n = static_cast<std::size_t>(view->ndim);
  m.data = static_cast<std::byte*>(view->buf);
  if (n > 0) {
    m.shape = Shape(SmallVec<std::int64_t, 5>(std::span<const std::int64_t>(view->shape, n)));
    m.strides = view->strides == nullptr ? contiguous_strides(m.shape, view->itemsize)
                                         : Strides(std::span<const std::int64_t>(view->strides, n));
  }
  m.read_only = !copy && view->readonly && is_immutable(o);
  if (!will_share(m, copy, "asarray")) return copied(m);
  return shared(m, &release_view, view.release());
}

}  // namespace tnp::python

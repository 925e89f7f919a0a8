// What an array gives to other libraries: the buffer protocol, __array__, __array_interface__, DLPack. All of them show
// the memory itself, read-only.
#include "python/interchange.h"

#include <memory>

#include "python/arguments.h"
#include "python/numpy_memory.h"
#include "python/text.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::python {

namespace {

// The struct module's code of an element; null for bfloat16, which it has none for.
const char* format_of(DType d) {
  switch (d) {
    case DType::bool_:
      return "?";
    case DType::int8:
      return "b";
    case DType::int16:
      return "h";
    case DType::int32:
      return "i";
    case DType::int64:
      return "l";
    case DType::uint8:
      return "B";
    case DType::uint16:
      return "H";
    case DType::uint32:
      return "I";
    case DType::uint64:
      return "L";
    case DType::float16:
      return "e";
    case DType::float32:
      return "f";
    case DType::float64:
      return "d";
    case DType::complex64:
      return "Zf";
    case DType::complex128:
      return "Zd";
    default:
      return nullptr;
  }
}

bool fortran_contiguous(const Array& x) {
  std::int64_t expected = x.itemsize();
  for (int i = 0; i < x.ndim(); ++i) {
    if (x.shape()[i] == 0) return true;
    if (x.shape()[i] == 1) continue;
    if (x.strides()[i] != expected) return false;
    expected *= x.shape()[i];
  }
  return true;
}

void check_request(const Array& x, int flags) {
  const auto asks = [flags](int what) { return (flags & what) == what; };
  if (asks(PyBUF_WRITABLE)) throw BufferError("tnp arrays are immutable: their memory is exported read-only");
  const bool rows = x.is_contiguous();
  if ((asks(PyBUF_C_CONTIGUOUS) || !asks(PyBUF_STRIDES)) && !rows) throw BufferError("the array is not C-contiguous");
  if (asks(PyBUF_F_CONTIGUOUS) && !fortran_contiguous(x)) throw BufferError("the array is not Fortran-contiguous");
  if (asks(PyBUF_ANY_CONTIGUOUS) && !rows && !fortran_contiguous(x)) throw BufferError("the array is not contiguous");
  if (asks(PyBUF_FORMAT) && format_of(x.dtype()) == nullptr) {
    throw BufferError("the buffer protocol has no format for elements of dtype " + std::string(name(x.dtype())) +
                      ": use numpy.asarray(x), or DLPack");
  }
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  try {
    const Array& x = array_of(self);
    if (is_text(x.dtype())) throw BufferError("the buffer protocol has no text: use numpy.asarray(x)");
    std::byte* data = x.data();
    check_request(x, flags);
    // A reference of its own to the array: whoever sees that it holds the only one may overwrite the memory.
    auto held = std::make_unique<Array>(x);
    view->buf = data;
    view->itemsize = x.itemsize();
    view->len = x.size() * x.itemsize();
    view->readonly = 1;
    view->ndim = (flags & PyBUF_ND) == PyBUF_ND ? x.ndim() : 1;
    view->format = (flags & PyBUF_FORMAT) == PyBUF_FORMAT ? const_cast<char*>(format_of(x.dtype())) : nullptr;
    const bool dims = (flags & PyBUF_ND) == PyBUF_ND && x.ndim() > 0;
    view->shape = dims ? const_cast<Py_ssize_t*>(x.shape().data()) : nullptr;
    view->strides =
        dims && (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? const_cast<Py_ssize_t*>(x.strides().data()) : nullptr;
    view->suboffsets = nullptr;
    view->internal = held.release();
    view->obj = Py_NewRef(self);
    return 0;
  } catch (...) {
    set_error_from_current_exception();
    return -1;
  }
}

void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<Array*>(view->internal); }

// The memory, for NumPy; who calls NumPy with a traced array is told what to call instead.
std::byte* data_for_numpy(const Array& x) {
  try {
    return x.data();
  } catch (const TracerError& e) {
    throw TracerError(std::string(e.what()) +
                      ". NumPy's own functions (np.sin, np.array, …) can not take part in a trace: call those of tnp");
  }
}

nb::object numpy_dtype(nb::handle dtype) {
  return nb::hasattr(dtype, "numpy_dtype") ? nb::object(dtype.attr("numpy_dtype"))
                                           : nb::object(nb::module_::import_("numpy").attr("dtype")(dtype));
}

nb::object numpy_view(nb::handle self, const Array& x) {
  if (x.dtype() != DType::bfloat16) return to_numpy_array(self.ptr());
  const Array bits = Array::view_of(x.node()->buffer, x.data(), DType::uint16, x.shape(), x.strides());
  return to_numpy_array(to_python(bits).ptr()).attr("view")(numpy_dtype(dtype_object(DType::bfloat16)));
}

nb::dict array_interface(nb::handle self) {
  const Array& x = array_of(self.ptr());
  if (is_text(x.dtype())) throw AttributeError("__array_interface__: text of any length has no code");
  std::byte* data = data_for_numpy(x);
  if (x.dtype() == DType::bfloat16)
    throw AttributeError("__array_interface__: there is no code for elements of dtype bfloat16");
  nb::dict d;
  d["shape"] = shape_object(x.shape());
  d["typestr"] = nb::str(std::string(info(x.dtype()).code).c_str());
  d["data"] = nb::make_tuple(reinterpret_cast<std::uintptr_t>(data), true);
  d["strides"] = x.is_contiguous() ? nb::object(nb::none()) : nb::object(self.attr("strides"));
  d["version"] = 3;
  return d;
}

CopyPolicy copy_policy(nb::handle copy) {
  if (copy.is_none()) return std::nullopt;
  const int truth = PyObject_IsTrue(copy.ptr());
  if (truth < 0) throw nb::python_error();
  return truth != 0;
}

}  // namespace

nb::object array_to_numpy(nb::handle self, nb::handle dtype, nb::handle copy) {
  const Array& x = array_of(self.ptr());
  if (is_text(x.dtype()) && !x.is_symbolic()) {
    nb::object copied = text_to_numpy(x);
    return dtype.is_none() ? copied : nb::object(copied.attr("astype")(numpy_dtype(dtype)));
  }
  data_for_numpy(x);
  nb::object view = numpy_view(self, x);
  const CopyPolicy policy = copy_policy(copy);
  nb::object wanted = dtype.is_none() ? nb::object(view.attr("dtype")) : numpy_dtype(dtype);
  if (view.attr("dtype").equal(wanted)) {
    return policy == CopyPolicy(true) ? nb::object(view.attr("copy")()) : view;
  }
  if (policy == CopyPolicy(false)) {
    throw ValueError("__array__: a conversion from " + std::string(name(x.dtype())) + " to " +
                     nb::cast<std::string>(nb::str(wanted)) + " needs a copy, which copy=False forbids");
  }
  return view.attr("astype")(wanted);
}

PyType_Slot* buffer_slots() {
  static PyType_Slot slots[] = {
      {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
      {Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)},
      {0, nullptr},
  };
  return slots;
}

TNP_FUNCTION(
    from_dlpack, kFunction, "(x, /, *, device=None, copy=None)",
    "An array from any object with __dlpack__. Memory that its owner may still write to is copied unless copy=False.") {
  const auto [x, device, copy] = take<3>(args);
  device.check_device();
  if (x.ptr() == nullptr) throw TypeError("from_dlpack() missing required argument 'x' (pos 1)");
  const CopyPolicy policy = copy.given() ? CopyPolicy(copy.flag()) : std::nullopt;
  if (!is_array(x.ptr())) return to_python(from_dlpack(x.ptr(), policy));
  return policy == CopyPolicy(true) ? to_python(tnp::copy(array_of(x.ptr()))) : nb::borrow(x.handle());
}

TNP_FUNCTION(__dlpack__, kMethod, "(self, /, *, stream=None, max_version=None, dl_device=None, copy=None)",
             "A DLPack capsule of the same memory: read-only, or of a copy with copy=True.") {
  const auto [self, stream, max_version, dl_device, copy] = take<5>(args);
  const auto or_none = [](const Value& v) { return v.given() ? v.handle() : nb::handle(Py_None); };
  if (stream.given()) throw BufferError("__dlpack__: an array on the CPU has no stream: stream must be None");
  return to_dlpack(array_of(self.ptr()), or_none(max_version), or_none(dl_device), copy_policy(or_none(copy)));
}
TNP_SHORT_WAY(__dlpack__) {
  if (!args.empty()) return nullptr;
  return to_dlpack(array_of(self), nb::none(), nb::none(), std::nullopt).release().ptr();
}

void bind_interchange(nb::module_& m) {
  auto cls = nb::borrow<nb::class_<Array>>(m.attr("ndarray"));
  cls.def(
      "__array__", [](nb::handle self, nb::handle dtype, nb::handle copy) { return array_to_numpy(self, dtype, copy); },
      nb::arg("dtype").none() = nb::none(), nb::kw_only(), nb::arg("copy").none() = nb::none(),
      "A NumPy array: a read-only view of the same memory, or with copy=True a copy that can be written.");
  cls.def_prop_ro("__array_interface__", [](nb::handle self) { return array_interface(self); });
  cls.def("__dlpack_device__", [](const Array&) { return nb::make_tuple(1, 0); }, "(1, 0): the CPU.");
}

}  // namespace tnp::python

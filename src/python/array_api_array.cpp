// The array class of tnp.array_api: its life, its attributes, what it gives to other libraries.
#include <array>
#include <cstring>
#include <vector>

#include "ir/print_array.h"
#include "ir/trace.h"
#include "ops/common.h"
#include "python/arguments.h"
#include "python/array_api.h"
#include "python/autograph.h"
#include "python/elementwise_call.h"
#include "python/interchange.h"
#include "python/spare_objects.h"
#include "tnp/error.h"

namespace tnp::python {

PyTypeObject* strict_array_type = nullptr;

PyObject* wrap_strict(Array x, array_api::Device device) {
  return SpareObjects<StrictArray>::wrap({std::move(x), device, current_trace == nullptr ? 0 : current_trace->id()});
}

void refuse_argument(const char* function, PyObject* o, const char* argument) {
  throw TypeError(std::string(function) + ": " + argument + " must be an array of this namespace, not '" +
                  (o ? Py_TYPE(o)->tp_name : "NULL") + "': the standard converts nothing by itself: write asarray(" +
                  argument + ")");
}

namespace {

WeakKind number_kind(DType dtype) {
  if (is_bool(dtype)) return WeakKind::boolean;
  return is_integer(dtype) ? WeakKind::integer : is_complex(dtype) ? WeakKind::complex : WeakKind::floating;
}

}  // namespace

StrictOperand::StrictOperand(const char* function, PyObject* o, const StrictOperand* beside) {
  if (is_strict_array(o)) {
    array_ = &strict_array_of(o);
    return;
  }
  const bool beside_array = beside != nullptr && beside->is_array();
  if (beside_array && PyLong_CheckExact(o))
    array_api::scalar_dtype(function, beside->array().dtype(), WeakKind::integer);
  const bool among_floats = beside_array && is_inexact(beside->array().dtype());
  if (PyLong_CheckExact(o) && among_floats) {
    // An int of any size is a number for floats.
    const double v = PyLong_AsDouble(o);
    if (v == -1 && PyErr_Occurred()) throw nb::python_error();
    scalar_ = Scalar(v);
    return;
  }
  if (nb::isinstance<PyDim>(nb::handle(o)) && beside_array) {
    own_ = dim_value(nb::cast<PyDim&>(nb::handle(o)).dim,
                     array_api::scalar_dtype(function, beside->array().dtype(), WeakKind::integer));
    array_ = &own_;
    return;
  }
  if (beside_array && python::is_array(o) && array_of(o).is_symbolic() && is_weak_number(array_of(o))) {
    const Array& number = array_of(o);  // what became of a Python number in a traced loop
    own_ = astype(number, array_api::scalar_dtype(function, beside->array().dtype(), number_kind(number.dtype())));
    array_ = &own_;
    return;
  }
  if (scalar_of(o, scalar_)) return;
  throw TypeError(std::string(function) +
                  ": an operand must be an array of this namespace or a Python bool, int, float or "
                  "complex, not '" +
                  Py_TYPE(o)->tp_name + "': write asarray(x)");
}

namespace {

using array_api::Device;

std::string text(const StrictArray& a) {
  const Array& x = a.value;
  std::string suffix = ", dtype=tnp.array_api." + std::string(array_api::dtype_name(x.dtype()));
  if (a.device != Device::cpu) suffix += std::string(", device=Device('") + array_api::device_name(a.device) + "')";
  suffix += ")";
  if (x.is_symbolic()) return "Array(<symbolic>, shape=" + x.shape().str() + suffix;
  if (x.size() == 0) return "empty(" + x.shape().str() + suffix;
  x.data();
  return "Array(" + array2string(view(x), print_options(), ", ", "Array(", suffix) + suffix;
}

// As array-api-strict has it, asking for a version chooses it.
nb::object namespace_of(nb::handle version) {
  static PyObject* const module = nb::object(nb::module_::import_("tnp.array_api")).release().ptr();
  const nb::object m = nb::borrow(module);
  if (!version.is_none()) m.attr("set_array_api_strict_flags")(nb::arg("api_version") = version);
  return m;
}

void check_host(const StrictArray& a) {
  if (a.device == Device::cpu) return;
  throw RuntimeError(std::string("an array on the device ") + array_api::device_name(a.device) +
                     " can not be read by the host, as on other libraries' devices: write "
                     "x.to_device(Device('CPU_DEVICE')) first");
}

CopyPolicy policy_of(nb::handle copy) {
  if (copy.is_none()) return std::nullopt;
  return nb::cast<bool>(copy);
}

TNP_FUNCTION(_restore, kStandard, "(elements, device='CPU_DEVICE', /)",
             "Unpickles an array: the elements of NumPy's, the device's name.") {
  AsArray options;
  options.copy = true;
  return to_strict(as_array(args.values[0], options),
                   array_api::device_named(Value(args.values[1]).text("CPU_DEVICE")));
}

nb::object host_array(nb::handle self, nb::handle dtype, nb::handle copy) {
  const StrictArray& a = *nb::inst_ptr<StrictArray>(self);
  check_host(a);
  return array_to_numpy(to_python(a.value), dtype, copy);
}

nb::object moved(nb::object self, nb::handle device, nb::handle stream) {
  const StrictArray& a = *nb::inst_ptr<StrictArray>(self);
  if (!stream.is_none()) throw ValueError("to_device: the CPU has no streams: stream must be None");
  const std::optional<Device> target = device_if_given("to_device", device.ptr());
  if (!target) throw ValueError("to_device: a device is what x.device gives, or Device(name)");
  if (*target == a.device) return self;
  array_api::check_supported("to_device", *target, a.value.dtype());
  array_api::note_transfer("to_device", a.value, a.device, *target);
  return to_strict(a.value, *target);
}

void bind_attributes(nb::class_<StrictArray>& cls) {
  cls.def_prop_ro(
      "dtype", [](const StrictArray& a) { return strict_dtype(a.value.dtype()); }, "The data type of the elements.");
  cls.def_prop_ro(
      "shape", [](const StrictArray& a) { return a.value.ndim(), shape_object(a.value.shape()); },
      "The sizes of the axes.");
  cls.def_prop_ro("ndim", [](const StrictArray& a) { return a.value.ndim(); }, "The number of axes.");
  cls.def_prop_ro("size", [](const StrictArray& a) { return dim_object(a.value.size()); }, "The number of elements.");
  cls.def_prop_ro("device", [](const StrictArray& a) { return device_object(a.device); }, "Where the elements are.");
  cls.def_prop_ro(
      "T", [](const StrictArray& a) { return to_strict(array_api::transpose(a.value), a.device); },
      "A matrix, transposed.");
  cls.def_prop_ro(
      "mT", [](const StrictArray& a) { return to_strict(array_api::matrix_transpose(a.value), a.device); },
      "The last two axes exchanged.");
}

nb::object dlpack(const StrictArray& a, nb::handle stream, nb::handle max_version, nb::handle dl_device,
                  nb::handle copy) {
  if (stream.ptr() != Py_None) throw BufferError("__dlpack__: an array on the CPU has no stream: stream must be None");
  return to_dlpack(a.value, max_version, dl_device, policy_of(copy));
}

void bind_protocols(nb::class_<StrictArray>& cls) {
  // An array never is what it was: a copy is a new object of the same elements.
  cls.def("__copy__", [](const StrictArray& a) { return to_strict(tnp::copy(a.value), a.device); });
  cls.def(
      "__deepcopy__", [](const StrictArray& a, nb::handle) { return to_strict(tnp::copy(a.value), a.device); },
      nb::arg("memo").none());
}

// --- methods with the standard's signatures

using MethodBody = nb::object (*)(PyObject* self, PyObject* const* values);

// Keywords of a method: None where absent.
template <int N>
void take_keywords(const char* method, const std::array<const char*, N>& keywords, std::array<PyObject*, N>& out,
                   PyObject* const* values, PyObject* names) {
  out.fill(Py_None);
  for (Py_ssize_t i = 0; names != nullptr && i < PyTuple_GET_SIZE(names); ++i) {
    const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
    int k = 0;
    while (k < N && std::strcmp(keywords[k], name) != 0) ++k;
    if (k == N) throw TypeError(std::string(method) + "() got an unexpected keyword argument '" + name + "'");
    out[k] = values[i];
  }
}

void check_positional(const char* method, Py_ssize_t given, Py_ssize_t expected) {
  if (given == expected) return;
  throw TypeError(std::string(method) + "() takes " + std::to_string(expected) + " positional arguments but " +
                  std::to_string(given) + " were given");
}

template <class F>
PyObject* method(F&& f) noexcept {
  try {
    return f().release().ptr();
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

PyObject* method_namespace(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
  return method([&] {
    check_positional("__array_namespace__", nargs, 0);
    std::array<PyObject*, 1> k;
    take_keywords<1>("__array_namespace__", {"api_version"}, k, args + nargs, names);
    return namespace_of(k[0]);
  });
}

PyObject* method_to_device(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
  return method([&] {
    check_positional("to_device", nargs, 1);
    std::array<PyObject*, 1> k;
    take_keywords<1>("to_device", {"stream"}, k, args + nargs, names);
    return moved(nb::borrow(self), args[0], k[0]);
  });
}

PyObject* method_dlpack(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
  return method([&] {
    check_positional("__dlpack__", nargs, 0);
    std::array<PyObject*, 4> k;
    const Py_ssize_t newer =
        names == nullptr ? 0 : PyTuple_GET_SIZE(names) - PySequence_Contains(names, nb::str("stream").ptr());
    if (newer > 0 && array_api::flags().version < array_api::k2023) {
      throw ValueError("__dlpack__: the standard has max_version, dl_device and copy since version 2023.12");
    }
    take_keywords<4>("__dlpack__", {"stream", "max_version", "dl_device", "copy"}, k, args + nargs, names);
    return dlpack(*nb::inst_ptr<StrictArray>(nb::handle(self)), k[0], k[1], k[2], k[3]);
  });
}

PyObject* method_dlpack_device(PyObject*, PyObject*) {
  return method([] { return nb::object(nb::make_tuple(1, 0)); });
}

PyObject* method_complex(PyObject* self, PyObject*) {
  return method([&] {
    const Array& x = strict_array_of(self);
    if (x.ndim() != 0)
      throw TypeError("complex(x): the standard defines it for arrays of 0 dimensions only: take one element, x[i, …]");
    return nb::steal(python_complex(x));
  });
}

nb::object representation(PyObject* self) { return nb::str(text(strict_of(self)).c_str()); }
PyObject* slot_repr(PyObject* self) {
  return method([&] { return representation(self); });
}
PyObject* method_repr(PyObject* self, PyObject*) { return slot_repr(self); }

PyObject* method_reduce(PyObject* self, PyObject*) {
  return method([&] {
    nb::object elements = array_to_numpy(to_python(strict_array_of(self)), nb::none(), nb::bool_(true));
    return nb::object(nb::make_tuple(nb::module_::import_("tnp.array_api").attr("_restore"),
                                     nb::make_tuple(elements, array_api::device_name(strict_device_of(self)))));
  });
}

PyObject* method_array(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
  return method([&] {
    if (nargs > 2) check_positional("__array__", nargs, 2);
    std::array<PyObject*, 2> k;
    take_keywords<2>("__array__", {"dtype", "copy"}, k, args + nargs, names);
    for (Py_ssize_t i = 0; i < nargs; ++i) k[static_cast<std::size_t>(i)] = args[i];
    return host_array(self, k[0], k[1]);
  });
}

int get_host_buffer(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  try {
    check_host(*nb::inst_ptr<StrictArray>(nb::handle(self)));
    nb::object array = to_python(strict_array_of(self));
    return PyObject_GetBuffer(array.ptr(), view, flags);
  } catch (...) {
    set_error_from_current_exception();
    return -1;
  }
}

#if PY_VERSION_HEX < 0x030C0000
PyObject* method_buffer(PyObject* self, PyObject*) { return PyMemoryView_FromObject(self); }
#endif

template <class F>
PyMethodDef def(const char* name, F f, int flags, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f)), flags, doc};
}

PyMethodDef* methods() {
  constexpr int kFast = METH_FASTCALL | METH_KEYWORDS;
  static std::vector<PyMethodDef> defs = [] {
    std::vector<PyMethodDef> out = strict_operator_methods();
    out.push_back(def("__array_namespace__", method_namespace, kFast,
                      "__array_namespace__($self, /, *, api_version=None)\n--\n\nThe namespace of the array, in a "
                      "version of the standard."));
    out.push_back(def("to_device", method_to_device, kFast,
                      "to_device($self, device, /, *, stream=None)\n--\n\nThe array on a device."));
    out.push_back(def("__dlpack__", method_dlpack, kFast,
                      "__dlpack__($self, /, *, stream=None, max_version=None, dl_device=None, copy=None)\n--\n\n"
                      "A DLPack capsule of the same memory: read-only, or of a copy with copy=True."));
    out.push_back(def("__dlpack_device__", method_dlpack_device, METH_NOARGS,
                      "__dlpack_device__($self, /)\n--\n\nDLPack's name of the CPU: (1, 0)."));
    out.push_back(def("__repr__", method_repr, METH_NOARGS | METH_COEXIST, "__repr__($self, /)\n--\n\nrepr(self)"));
    out.push_back(def("__reduce__", method_reduce, METH_NOARGS, "__reduce__($self, /)\n--\n\nFor pickle."));
    out.push_back(def("__complex__", method_complex, METH_NOARGS, "__complex__($self, /)\n--\n\ncomplex(self)"));
    out.push_back(def("__array__", method_array, kFast,
                      "__array__($self, /, dtype=None, copy=None)\n--\n\nA NumPy array: a read-only view of the same "
                      "memory, or with copy=True a copy that can be written."));
#if PY_VERSION_HEX < 0x030C0000
    out.push_back(def("__buffer__", method_buffer, METH_O,
                      "__buffer__($self, flags, /)\n--\n\nA memoryview of the elements, read-only."));
#endif
    out.push_back({nullptr, nullptr, 0, nullptr});
    return out;
  }();
  return defs.data();
}

}  // namespace

void bind_strict_array(nb::module_& m) {
  static std::vector<PyType_Slot> slots = strict_slots();
  slots.push_back({Py_tp_methods, methods()});
  slots.push_back({Py_tp_repr, reinterpret_cast<void*>(&slot_repr)});
  slots.push_back({Py_bf_getbuffer, reinterpret_cast<void*>(&get_host_buffer)});
  slots.push_back({0, nullptr});
  auto cls =
      nb::class_<StrictArray>(m, "Array", nb::type_slots(slots.data()), nb::is_weak_referenceable(), nb::is_final(),
                              "An array of the standard: made by the functions of the namespace.");
  strict_array_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  SpareObjects<StrictArray>::keep(strict_array_type);
  cls.attr("__module__") = "tnp.array_api";
  cls.attr("__hash__") = nb::none();
  // NumPy's arrays leave operators to this class, which refuses them.
  cls.attr("__array_ufunc__") = nb::none();
  cls.def("__init__", [](StrictArray*, nb::args, nb::kwargs) {
    throw TypeError("Array: arrays are made by the namespace's functions: asarray, zeros, …");
  });
  bind_attributes(cls);
  bind_protocols(cls);
}

void bind_array_api(nb::module_& core) {
  nb::module_ m = core.def_submodule("array_api", "The array API standard, strictly.");
  bind_strict_dtypes(m);
  bind_strict_devices(m);
  bind_strict_array(m);
  bind_strict_flags(m);
  bind_strict_elementwise(m);
  bind_standard_functions(m);
}

}  // namespace tnp::python

// The array class of tnp.array_api: its life, its attributes, what it gives to other libraries.
#include <vector>

#include "ir/print_array.h"
#include "ops/common.h"
#include "python/arguments.h"
#include "python/array_api.h"
#include "python/elementwise_call.h"
#include "python/interchange.h"
#include "tnp/error.h"

namespace tnp::python {

PyTypeObject* strict_array_type = nullptr;

PyObject* wrap_strict(Array x) {
  nb::object o = nb::inst_alloc(nb::handle(reinterpret_cast<PyObject*>(strict_array_type)));
  new (nb::inst_ptr<StrictArray>(o)) StrictArray{std::move(x)};
  nb::inst_mark_ready(o);
  return o.release().ptr();
}

nb::object to_strict_tuple(const Arrays& xs) {
  nb::list out;
  for (const Array& x : xs) out.append(to_strict(x));
  return nb::tuple(out);
}

const Array& strict_argument(const char* function, PyObject* o, const char* argument) {
  if (o != nullptr && is_strict_array(o)) return strict_array_of(o);
  throw TypeError(std::string(function) + ": " + argument + " must be an array of this namespace, not '" +
                  (o ? Py_TYPE(o)->tp_name : "NULL") + "': the standard converts nothing by itself: write asarray(" +
                  argument + ")");
}

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
  if (scalar_of(o, scalar_)) return;
  throw TypeError(std::string(function) +
                  ": an operand must be an array of this namespace or a Python bool, int, float or "
                  "complex, not '" +
                  Py_TYPE(o)->tp_name + "': write asarray(x)");
}

namespace {

std::string text(const Array& x) {
  const std::string dtype = "dtype=tnp.array_api." + std::string(array_api::dtype_name(x.dtype())) + ")";
  if (x.is_symbolic()) return "Array(<symbolic>, shape=" + x.shape().str() + ", " + dtype;
  if (x.size() == 0) return "empty(" + x.shape().str() + ", " + dtype;
  x.data();
  const std::string suffix = ", " + dtype;
  return "Array(" + array2string(view(x), print_options(), ", ", "Array(", suffix) + suffix;
}

nb::object namespace_of(nb::handle version) {
  if (!version.is_none() &&
      !(PyUnicode_Check(version.ptr()) && nb::cast<std::string>(version) == array_api::kVersion)) {
    throw ValueError("__array_namespace__: api_version " + nb::cast<std::string>(nb::repr(version)) +
                     " is not offered, only '" + array_api::kVersion + "'");
  }
  return nb::module_::import_("tnp.array_api");
}

CopyPolicy policy_of(nb::handle copy) {
  if (copy.is_none()) return std::nullopt;
  return nb::cast<bool>(copy);
}

TNP_FUNCTION(_restore, kStandard, "(elements, /)", "Unpickles an array: the elements of NumPy's.") {
  AsArray options;
  options.copy = true;
  return to_strict(as_array(args.values[0], options));
}

void bind_attributes(nb::class_<StrictArray>& cls) {
  cls.def_prop_ro(
      "dtype", [](const StrictArray& a) { return strict_dtype(a.value.dtype()); }, "The data type of the elements.");
  cls.def_prop_ro(
      "shape", [](const StrictArray& a) { return a.value.ndim(), shape_object(a.value.shape()); },
      "The sizes of the axes.");
  cls.def_prop_ro("ndim", [](const StrictArray& a) { return a.value.ndim(); }, "The number of axes.");
  cls.def_prop_ro("size", [](const StrictArray& a) { return dim_object(a.value.size()); }, "The number of elements.");
  cls.def_prop_ro("device", [](const StrictArray&) { return strict_device(); }, "Where the elements are.");
  cls.def_prop_ro(
      "T", [](const StrictArray& a) { return to_strict(array_api::transpose(a.value)); }, "A matrix, transposed.");
  cls.def_prop_ro(
      "mT", [](const StrictArray& a) { return to_strict(array_api::matrix_transpose(a.value)); },
      "The last two axes exchanged.");
  cls.def(
      "to_device",
      [](nb::object self, nb::handle device, nb::handle stream) {
        if (!stream.is_none()) throw ValueError("to_device: the CPU has no streams: stream must be None");
        if (device.is_none()) throw ValueError("to_device: a device is what x.device gives");
        check_strict_device("to_device", device.ptr());
        return self;
      },
      nb::arg("device").none(), nb::kw_only(), nb::arg("stream").none() = nb::none(), "The array on a device: itself.");
}

void bind_protocols(nb::class_<StrictArray>& cls) {
  cls.def(
      "__array_namespace__", [](const StrictArray&, nb::handle version) { return namespace_of(version); },
      nb::kw_only(), nb::arg("api_version").none() = nb::none(), "The namespace that the array belongs to.");
  cls.def("__complex__", [](nb::handle self) {
    const Array& x = strict_array_of(self.ptr());
    if (x.ndim() != 0) throw TypeError("complex(x): the standard defines it for arrays of 0 dimensions only");
    return nb::steal(python_complex(x));
  });
  cls.def(
      "__array__",
      [](nb::handle self, nb::handle dtype, nb::handle copy) {
        return array_to_numpy(to_python(strict_array_of(self.ptr())), dtype, copy);
      },
      nb::arg("dtype").none() = nb::none(), nb::kw_only(), nb::arg("copy").none() = nb::none(),
      "A NumPy array: a read-only view of the same memory, or with copy=True a copy that can be written.");
  cls.def("__dlpack_device__", [](const StrictArray&) { return nb::make_tuple(1, 0); });
  cls.def(
      "__dlpack__",
      [](const StrictArray& a, nb::handle stream, nb::handle max_version, nb::handle dl_device, nb::handle copy) {
        if (!stream.is_none()) throw BufferError("__dlpack__: an array on the CPU has no stream: stream must be None");
        return to_dlpack(a.value, max_version, dl_device, policy_of(copy));
      },
      nb::kw_only(), nb::arg("stream").none() = nb::none(), nb::arg("max_version").none() = nb::none(),
      nb::arg("dl_device").none() = nb::none(), nb::arg("copy").none() = nb::none());
  cls.def("__repr__", [](const StrictArray& a) { return text(a.value); });
  cls.def("__reduce__", [](nb::handle self) {
    nb::object elements = self.attr("__array__")(nb::arg("copy") = true);
    return nb::make_tuple(nb::module_::import_("tnp.array_api").attr("_restore"), nb::make_tuple(elements));
  });
  // An array never is what it was: a copy is a new object of the same elements.
  cls.def("__copy__", [](const StrictArray& a) { return to_strict(a.value); });
  cls.def("__deepcopy__", [](const StrictArray& a, nb::handle) { return to_strict(a.value); }, nb::arg("memo").none());
}

}  // namespace

void bind_strict_array(nb::module_& m) {
  static std::vector<PyType_Slot> slots = strict_slots();
  slots.push_back({0, nullptr});
  auto cls =
      nb::class_<StrictArray>(m, "Array", nb::type_slots(slots.data()), nb::is_weak_referenceable(), nb::is_final(),
                              "An array of the standard: made by the functions of the namespace.");
  strict_array_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
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
  bind_strict_array(m);
  bind_strict_elementwise(m);
  bind_standard_functions(m);
  m.attr("__array_api_version__") = array_api::kVersion;
}

}  // namespace tnp::python

// The data types of tnp.array_api: objects that compare and hash, and nothing else.
#include "python/array_api_arguments.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"

namespace tnp::python {

namespace {

using array_api::Category;

struct StrictDType {
  DType dtype;
};

// One for each type; never destroyed.
nb::object* g_dtypes = nullptr;
PyTypeObject* g_dtype_type = nullptr;

constexpr DType kOrder[] = {DType::bool_,   DType::int8,      DType::int16,     DType::int32,  DType::int64,
                            DType::uint8,   DType::uint16,    DType::uint32,    DType::uint64, DType::float32,
                            DType::float64, DType::complex64, DType::complex128};

void warn_of_numpy(nb::handle other) {
  static PyObject* generic = nb::object(nb::module_::import_("numpy").attr("generic")).release().ptr();
  static PyObject* numpy_dtype = nb::object(nb::module_::import_("numpy").attr("dtype")).release().ptr();
  const bool is_dtype = PyObject_IsInstance(other.ptr(), numpy_dtype) == 1;
  const bool is_scalar_type = PyType_Check(other.ptr()) && PyObject_IsSubclass(other.ptr(), generic) == 1;
  if (!is_dtype && !is_scalar_type) return;
  if (PyErr_WarnEx(PyExc_UserWarning,
                   "a data type of tnp.array_api is never equal to NumPy's: the standard does not compare types across "
                   "libraries",
                   1) != 0) {
    throw nb::python_error();
  }
}

bool equal_dtypes(nb::handle self, nb::handle other) {
  if (Py_TYPE(other.ptr()) == g_dtype_type) return self.ptr() == other.ptr();
  warn_of_numpy(other);
  return false;
}

PyObject* compare_dtypes(PyObject* self, PyObject* other, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  try {
    return PyBool_FromLong(equal_dtypes(self, other) == (op == Py_EQ));
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

PyObject* dtype_equals(PyObject* self, PyObject* other) { return compare_dtypes(self, other, Py_EQ); }

Py_hash_t hash_dtype(PyObject* self) {
  return 0x7a11 + static_cast<int>(nb::inst_ptr<StrictDType>(nb::handle(self))->dtype);
}

PyMethodDef* dtype_methods() {
  static PyMethodDef methods[] = {
      {"__eq__", &dtype_equals, METH_O | METH_COEXIST, "__eq__($self, other, /)\n--\n\nWhether it is the same type."},
      {nullptr, nullptr, 0, nullptr},
  };
  return methods;
}

void refuse_construction(const char* what) { throw TypeError(what); }

// The type of an array or a data type.
DType dtype_of_either(const char* function, PyObject* o) {
  DType d;
  if (is_strict_dtype(o, d)) return d;
  if (is_strict_array(o)) return strict_array_of(o).dtype();
  throw TypeError(std::string(function) + ": an array or a data type of this namespace is needed, not '" +
                  Py_TYPE(o)->tp_name + "'");
}

bool is_kind(DType dtype, PyObject* kind) {
  DType d;
  if (is_strict_dtype(kind, d)) return d == dtype;
  if (PyUnicode_Check(kind))
    return contains(array_api::category_of_kind(nb::cast<std::string>(nb::handle(kind))), dtype);
  throw TypeError(std::string("isdtype: a kind is a data type, a word or a tuple of them, not '") +
                  Py_TYPE(kind)->tp_name + "'");
}

// --- functions of types

TNP_STANDARD(isdtype, k2022, "(dtype, kind)", "Whether a data type is of a kind.") {
  const auto [dtype, kind] = take<2>(args);
  const DType d = strict_dtype_of("isdtype", dtype.ptr());
  if (!PyTuple_Check(kind.ptr())) return nb::bool_(is_kind(d, kind.ptr()));
  bool any = false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kind.ptr()); ++i)
    any = is_kind(d, PyTuple_GET_ITEM(kind.ptr(), i)) || any;
  return nb::bool_(any);
}

TNP_STANDARD(can_cast, k2021, "(from_, to, /)", "Whether promotion leads from one data type to the other.") {
  const auto [from, to] = take<2>(args);
  return nb::bool_(array_api::can_cast(dtype_of_either("can_cast", from.ptr()), strict_dtype_of("can_cast", to.ptr())));
}

// Beside integers, a Python int is of their type, which must hold it. Throws OverflowError.
void check_fits(PyObject* integer, DType dtype) {
  Scalar s(false);
  if (is_integer(dtype) && scalar_of(integer, s)) s.to_array(dtype);
}

TNP_STANDARD(result_type, k2021, "(*arrays_and_dtypes)", "The data type that these are promoted to.") {
  std::vector<DType> dtypes;
  std::vector<WeakKind> scalars;
  std::vector<PyObject*> integers;
  for (PyObject* o : args.rest) {
    Scalar s(false);
    if (PyLong_CheckExact(o)) {
      scalars.push_back(WeakKind::integer);
      integers.push_back(o);
    } else if (scalar_of(o, s)) {
      scalars.push_back(s.kind);
    } else {
      dtypes.push_back(dtype_of_either("result_type", o));
    }
  }
  if (!scalars.empty() && array_api::flags().version < array_api::k2024) {
    throw TypeError("result_type: the standard takes Python scalars since version 2024.12");
  }
  const DType result = array_api::result_type(dtypes, scalars);
  for (PyObject* o : integers) check_fits(o, result);
  return strict_dtype(result);
}

struct FloatInfo {
  DType dtype;  // of the real parts
  double eps, max, smallest_normal;
};
struct IntegerInfo {
  DType dtype;
};

FloatInfo float_info(DType d) {
  const DType real = real_of(d);
  if (real == DType::float32) return {real, 0x1p-23, 0x1.fffffep127, 0x1p-126};
  return {real, 0x1p-52, 0x1.fffffffffffffp1023, 0x1p-1022};
}

TNP_STANDARD(finfo, k2021, "(type, /)", "The limits of a floating-point data type.") {
  const DType d = dtype_of_either("finfo", args.values[0]);
  array_api::check_category("finfo", d, Category::floating);
  return nb::cast(float_info(d));
}

TNP_STANDARD(iinfo, k2021, "(type, /)", "The limits of an integer data type.") {
  const DType d = dtype_of_either("iinfo", args.values[0]);
  array_api::check_category("iinfo", d, Category::integer);
  return nb::cast(IntegerInfo{d});
}

TNP_STANDARD(astype, k2021, "(x, dtype, /, *, copy=True, device=None)", "The elements in another data type.") {
  const auto [x, dtype, copied, device] = take<4>(args);
  const Array& a = call.array(x);
  const DType d = strict_dtype_of("astype", dtype.ptr());
  if (device.ptr() != nullptr && array_api::flags().version < array_api::k2023) {
    throw TypeError("astype: the standard has device= since version 2023.12");
  }
  const array_api::Device source = call.device();
  call.take_device(device);
  if (d == a.dtype() && source == call.device() && !strict_flag("astype: copy", copied, true)) {
    return nb::borrow(x.handle());
  }
  array_api::note_transfer("astype", a, source, call.device());
  return call.wrap(d == a.dtype() ? tnp::copy(a) : array_api::astype(a, d));
}

template <class T>
void bind_limits(nb::class_<T>& cls, const char* repr) {
  cls.attr("__module__") = "tnp.array_api";
  cls.attr("__hash__") = nb::none();
  cls.def_prop_ro("dtype", [](const T& t) { return strict_dtype(t.dtype); });
  cls.def_prop_ro("bits", [](const T& t) { return 8 * itemsize(t.dtype); });
  cls.def("__repr__", [repr](nb::handle self) {
    return nb::str("{}(bits={}, max={}, min={}, dtype={!r})")
        .format(repr, self.attr("bits"), self.attr("max"), self.attr("min"), self.attr("dtype"));
  });
}

void bind_limit_types(nb::module_& m) {
  auto f = nb::class_<FloatInfo>(m, "_FloatInfo", "The limits of a floating-point data type.");
  bind_limits(f, "finfo");
  f.def_prop_ro("eps", [](const FloatInfo& i) { return i.eps; });
  f.def_prop_ro("max", [](const FloatInfo& i) { return i.max; });
  f.def_prop_ro("min", [](const FloatInfo& i) { return -i.max; });
  f.def_prop_ro("smallest_normal", [](const FloatInfo& i) { return i.smallest_normal; });
  auto n = nb::class_<IntegerInfo>(m, "_IntegerInfo", "The limits of an integer data type.");
  bind_limits(n, "iinfo");
  n.def_prop_ro("max", [](const IntegerInfo& i) {
    const int bits = 8 * itemsize(i.dtype);
    if (is_unsigned_integer(i.dtype)) return nb::steal(PyLong_FromUnsignedLongLong(~std::uint64_t{0} >> (64 - bits)));
    return nb::steal(PyLong_FromLongLong(static_cast<std::int64_t>(~std::uint64_t{0} >> (65 - bits))));
  });
  n.def_prop_ro("min", [](const IntegerInfo& i) {
    const int bits = 8 * itemsize(i.dtype);
    return is_unsigned_integer(i.dtype) ? std::int64_t{0}
                                        : -static_cast<std::int64_t>(~std::uint64_t{0} >> (65 - bits)) - 1;
  });
}

}  // namespace

nb::object strict_dtype(DType dtype) { return g_dtypes[static_cast<int>(dtype)]; }

bool is_strict_dtype(PyObject* o, DType& out) {
  if (o == nullptr || Py_TYPE(o) != g_dtype_type) return false;
  out = nb::inst_ptr<StrictDType>(nb::handle(o))->dtype;
  return true;
}

DType strict_dtype_of(const char* function, PyObject* o) {
  DType d;
  if (is_strict_dtype(o, d)) return d;
  throw TypeError(std::string(function) +
                  ": a data type is one of this namespace's objects (float64, int32, …), not '" +
                  nb::cast<std::string>(nb::repr(nb::handle(o))) + "'");
}

std::optional<DType> strict_dtype_if_given(const char* function, PyObject* o) {
  if (o == nullptr || o == Py_None) return std::nullopt;
  return strict_dtype_of(function, o);
}

void bind_strict_dtypes(nb::module_& m) {
  static PyType_Slot slots[] = {{Py_tp_richcompare, reinterpret_cast<void*>(&compare_dtypes)},
                                {Py_tp_hash, reinterpret_cast<void*>(&hash_dtype)},
                                {Py_tp_methods, dtype_methods()},
                                {0, nullptr}};
  auto cls = nb::class_<StrictDType>(m, "DType", nb::type_slots(slots), nb::is_final(), nb::is_weak_referenceable());
  g_dtype_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  cls.attr("__module__") = "tnp.array_api";
  cls.def("__init__", [](StrictDType*, nb::args, nb::kwargs) {
    refuse_construction("DType: data types are the objects of the namespace: float64, int32, …");
  });
  cls.def("__repr__",
          [](const StrictDType& d) { return "tnp.array_api." + std::string(array_api::dtype_name(d.dtype)); });
  cls.def("__reduce__", [](const StrictDType& d) { return std::string(array_api::dtype_name(d.dtype)); });
  g_dtypes = new nb::object[kDTypeCount];
  for (DType d : kOrder) {
    nb::object o = nb::cast(StrictDType{d});
    g_dtypes[static_cast<int>(d)] = o;
    m.attr(std::string(array_api::dtype_name(d)).c_str()) = o;
  }
  bind_limit_types(m);
}

}  // namespace tnp::python

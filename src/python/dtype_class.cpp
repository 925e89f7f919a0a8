// What tnp.dtype (python/tnp/_dtypes.py) is derived from: its calls, comparisons and hashes, which every check of a
// type goes through.
#include "python/dtype_class.h"

// After Python.h, which the header above includes.
#include <structmember.h>

#include <cstring>

#include "python/arguments.h"
#include "python/elements.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

struct DTypeObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  int number;
  Py_hash_t hash;  // -1: not known yet
};

PyTypeObject* g_base = nullptr;

const DTypeObject* object_of(PyObject* o) { return reinterpret_cast<const DTypeObject*>(o); }

// The frequent numbers; null for others.
PyObject* number_of_type(PyObject* o, DType dtype) {
  std::int64_t integer;
  const bool is_integer = small_int(o, integer);
  if (dtype == DType::float64 && (is_integer || PyFloat_CheckExact(o))) {
    const double value = is_integer ? static_cast<double>(integer) : PyFloat_AS_DOUBLE(o);
    return wrap_element(reinterpret_cast<const std::byte*>(&value), dtype);
  }
  if (dtype == DType::int64 && is_integer) return wrap_element(reinterpret_cast<const std::byte*>(&integer), dtype);
  return dtype == DType::bool_ && PyBool_Check(o) ? boolean(o == Py_True) : nullptr;
}

// tnp.float32(value): an array of the type.
PyObject* call(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    const Py_ssize_t given = PyVectorcall_NARGS(flagged) + (names != nullptr ? PyTuple_GET_SIZE(names) : 0);
    if (given > 1 || (names != nullptr && PyTuple_GET_SIZE(names) == 1 &&
                      PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "value") != 0))
      throw TypeError("a dtype is called with one value");
    const auto dtype = static_cast<DType>(object_of(self)->number);
    if (given == 0) return wrap(Scalar(0).to_array(dtype));
    if (PyObject* quick = number_of_type(args[0], dtype)) return quick;
    if (is_array(args[0]) && array_of(args[0]).dtype() == dtype) return Py_NewRef(args[0]);
    return wrap(as_array(args[0], {dtype, std::nullopt}));
  });
}

PyObject* compare(PyObject* a, PyObject* b, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  bool equal = a == b;
  if (!equal && b != Py_None && !is_dtype_object(b)) {
    try {
      equal = dtype_of(nb::handle(b)) == static_cast<DType>(object_of(a)->number);
    } catch (const TypeError&) {  // it means no type
    } catch (nb::python_error& e) {
      if (!e.matches(PyExc_TypeError)) {
        e.restore();
        return nullptr;
      }
    } catch (...) {
      set_error_from_current_exception();
      return nullptr;
    }
  }
  return PyBool_FromLong(equal == (op == Py_EQ));
}

// As NumPy's dtype, which is equal.
Py_hash_t hash(PyObject* self) {
  auto* d = reinterpret_cast<DTypeObject*>(self);
  if (d->hash != -1) return d->hash;
  PyObject* numpy = PyObject_GetAttrString(self, "numpy_dtype");
  if (numpy == nullptr) return -1;
  d->hash = PyObject_Hash(numpy);
  Py_DECREF(numpy);
  return d->hash;
}

PyObject* make(PyTypeObject* type, PyObject* args, PyObject*) {
  int number;
  if (!PyArg_ParseTuple(args, "i", &number)) return nullptr;
  PyObject* o = type->tp_alloc(type, 0);
  if (o == nullptr) return nullptr;
  auto* d = reinterpret_cast<DTypeObject*>(o);
  d->vectorcall = &call;
  d->number = number;
  d->hash = -1;
  return o;
}

// tnp.dtype(spec)
PyObject* dtype_for(PyObject*, PyObject* const* args, std::size_t flagged, PyObject* names) {
  return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    const Py_ssize_t given = PyVectorcall_NARGS(flagged) + (names != nullptr ? PyTuple_GET_SIZE(names) : 0);
    if (given == 0) return dtype_object(default_dtype(WeakKind::floating)).release().ptr();
    if (given > 1) throw TypeError("dtype() takes one argument");
    if (names != nullptr && PyTuple_GET_SIZE(names) == 1) {
      PyObject* name = PyTuple_GET_ITEM(names, 0);
      if (PyUnicode_CompareWithASCIIString(name, "spec") != 0 && PyUnicode_CompareWithASCIIString(name, "dtype") != 0)
        throw TypeError(std::string("dtype() got an unexpected keyword argument '") + Value(name).text("") + "'");
    }
    if (is_dtype_object(args[0])) return Py_NewRef(args[0]);
    return dtype_object(dtype_of(nb::handle(args[0]))).release().ptr();
  });
}

}  // namespace

bool is_dtype_object(PyObject* o) noexcept { return PyObject_TypeCheck(o, g_base); }
DType dtype_of_object(PyObject* o) noexcept { return static_cast<DType>(object_of(o)->number); }

void use_dtype_class(PyTypeObject* type) {
  if (!PyType_IsSubtype(type, g_base)) return;
  type->tp_vectorcall = &dtype_for;
  // Before 3.12 classes written in Python do not take this over from their bases.
  type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
}

void bind_dtype_class(nb::module_& m) {
  static PyMemberDef members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(DTypeObject, vectorcall), READONLY, nullptr},
      {nullptr, 0, 0, 0, nullptr},
  };
  static PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(make)},
      {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
      {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
      {Py_tp_hash, reinterpret_cast<void*>(hash)},
      {Py_tp_members, members},
      {0, nullptr},
  };
  static PyType_Spec spec = {"tnp._core.DTypeBase", sizeof(DTypeObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL, slots};
  nb::object type = nb::steal(PyType_FromSpec(&spec));
  if (!type.is_valid()) throw nb::python_error();
  g_base = reinterpret_cast<PyTypeObject*>(type.ptr());
  m.attr("DTypeBase") = type;
  type.release();  // it stays
}

}  // namespace tnp::python

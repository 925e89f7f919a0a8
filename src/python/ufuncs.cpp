// tnp.ufunc: an elementwise operation as a Python callable with NumPy's keywords. One object per record.
#include "python/elementwise_call.h"

// After Python.h, which the header above includes.
#include <structmember.h>

#include <cstring>

#include "ops/elementwise/family.h"
#include "python/huge_integers.h"
#include "python/ufuncs.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

struct Ufunc {
  PyObject_HEAD vectorcallfunc vectorcall;
  const OpDef* op;
  PyObject* name;
  PyObject* doc;
};

struct Keywords {
  PyObject* where = nullptr;
  std::optional<DType> dtype;
};

// Reads the keywords of a ufunc call; throws TypeError for those that arrays which can not change do not have.
Keywords parse_keywords(const OpDef& op, PyObject* const* values, PyObject* names) {
  Keywords k;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
    const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
    PyObject* value = values[i];
    if (std::strcmp(name, "out") == 0) {
      if (value == Py_None) continue;
      throw TypeError(std::string(op.name) + "(): out= is not supported, as arrays are immutable: use the result");
    }
    if (std::strcmp(name, "where") == 0) {
      if (value != Py_True) k.where = value;
    } else if (std::strcmp(name, "dtype") == 0) {
      if (value != Py_None) k.dtype = dtype_of(nb::handle(value));
    } else if (std::strcmp(name, "casting") != 0 && std::strcmp(name, "order") != 0 &&
               std::strcmp(name, "subok") != 0 && std::strcmp(name, "signature") != 0) {
      throw TypeError(std::string(op.name) + "() got an unexpected keyword argument '" + name + "'");
    }
  }
  return k;
}

const Array& array_operand(PyOperand& x, Array& own) {
  if (x.is_array()) return x.array();
  own = x.scalar().to_array();
  return own;
}

PyObject* call(const OpDef& op, PyObject* const* args, Py_ssize_t nargs, const Keywords& keywords) {
  if (nargs != op.num_inputs) {
    throw TypeError(std::string(op.name) + "() takes " + std::to_string(op.num_inputs) + " positional arguments but " +
                    std::to_string(nargs) + " were given");
  }
  PyOperand x[3];
  try {
    for (Py_ssize_t i = 0; i < nargs; ++i) {
      // Lists and the like reach as_array through `set`; what is left is no array at all.
      if (!x[i].set(args[i])) as_array(args[i]);
    }
  } catch (const OverflowError&) {
    PyObject* result = nargs == 2 ? call_with_huge_integer(op, args[0], args[1]) : nullptr;
    if (result != nullptr) return result;
    throw;
  }
  if (keywords.dtype && op.elementwise->result == ResultType::same) {
    Array cast[3];
    for (Py_ssize_t i = 0; i < nargs; ++i)
      cast[i] = x[i].is_array() ? astype(x[i].array(), *keywords.dtype) : x[i].scalar().to_array(*keywords.dtype);
    return wrap(apply_elementwise_donated(op, {cast, static_cast<std::size_t>(nargs)}, 0));
  }
  Array own[3];
  if (nargs == 1) return call_elementwise(op, array_operand(x[0], own[0]), nullptr);
  if (nargs == 2) return call_elementwise(op, x[0], x[1], args[0], args[1]);
  const auto operand = [](const PyOperand& p) { return p.is_array() ? Operand(p.array()) : Operand(p.scalar()); };
  return wrap(apply_elementwise(op, operand(x[0]), operand(x[1]), operand(x[2])));
}

PyObject* ufunc_vectorcall(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  const OpDef& op = *reinterpret_cast<Ufunc*>(self)->op;
  const Py_ssize_t nargs = PyVectorcall_NARGS(flagged);
  try {
    if (names == nullptr) return call(op, args, nargs, {});
    const Keywords keywords = parse_keywords(op, args + nargs, names);
    PyObject* result = call(op, args, nargs, keywords);
    if (result == nullptr || keywords.where == nullptr) return result;
    // Without `out` NumPy leaves the places that `where` excludes undefined; here they are zero.
    nb::object owned = nb::steal(result);
    const Array mask = as_array(keywords.where, {DType::bool_, std::nullopt});
    return wrap(where(mask, array_of(result), 0));
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

PyObject* ufunc_repr(PyObject* self) {
  return PyUnicode_FromFormat("<tnp.ufunc '%U'>", reinterpret_cast<Ufunc*>(self)->name);
}

void ufunc_dealloc(PyObject* self) {
  auto* u = reinterpret_cast<Ufunc*>(self);
  Py_XDECREF(u->name);
  Py_XDECREF(u->doc);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* get_nin(PyObject* self, void*) { return PyLong_FromLong(reinterpret_cast<Ufunc*>(self)->op->num_inputs); }
PyObject* get_nout(PyObject*, void*) { return PyLong_FromLong(1); }
PyObject* get_nargs(PyObject* self, void*) {
  return PyLong_FromLong(reinterpret_cast<Ufunc*>(self)->op->num_inputs + 1);
}
PyObject* get_ntypes(PyObject* self, void*) {
  return PyLong_FromSize_t(nb::len(ufunc_types(*reinterpret_cast<Ufunc*>(self)->op)));
}
PyObject* get_types(PyObject* self, void*) { return ufunc_types(*reinterpret_cast<Ufunc*>(self)->op).release().ptr(); }
PyObject* get_identity(PyObject* self, void*) {
  return ufunc_identity_object(*reinterpret_cast<Ufunc*>(self)->op).release().ptr();
}
PyObject* get_signature(PyObject*, void*) { Py_RETURN_NONE; }

PyTypeObject* make_type() {
  static PyMemberDef members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(Ufunc, vectorcall), READONLY, nullptr},
      {"__name__", T_OBJECT_EX, offsetof(Ufunc, name), READONLY, nullptr},
      {"__qualname__", T_OBJECT_EX, offsetof(Ufunc, name), READONLY, nullptr},
      {"__doc__", T_OBJECT_EX, offsetof(Ufunc, doc), READONLY, nullptr},
      {nullptr, 0, 0, 0, nullptr},
  };
  static PyGetSetDef getset[] = {
      {"nin", get_nin, nullptr, "Number of inputs.", nullptr},
      {"nout", get_nout, nullptr, "Number of outputs.", nullptr},
      {"nargs", get_nargs, nullptr, "Number of arguments, the output included.", nullptr},
      {"ntypes", get_ntypes, nullptr, "Number of types that it computes in.", nullptr},
      {"types", get_types, nullptr, "The types that it computes in and their results', as letters.", nullptr},
      {"identity", get_identity, nullptr, "What combining with changes nothing; None if there is none.", nullptr},
      {"signature", get_signature, nullptr, "None: it is a function of elements.", nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  static PyType_Slot slots[] = {
      {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
      {Py_tp_repr, reinterpret_cast<void*>(ufunc_repr)},
      {Py_tp_dealloc, reinterpret_cast<void*>(ufunc_dealloc)},
      {Py_tp_members, members},
      {Py_tp_getset, getset},
      {Py_tp_methods, ufunc_methods()},
      {0, nullptr},
  };
  static PyType_Spec spec = {"tnp.ufunc", sizeof(Ufunc), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                             slots};
  return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

std::string documentation(const OpDef& op, const std::string& name) {
  static const char* const signatures[] = {"", "(x, /, *, where=True, dtype=None)",
                                           "(x1, x2, /, *, where=True, dtype=None)", "(x1, x2, x3, /)"};
  return name + signatures[op.num_inputs] + "\n\n" + op.doc;
}

}  // namespace

const OpDef& ufunc_op(PyObject* ufunc) { return *reinterpret_cast<Ufunc*>(ufunc)->op; }

void bind_ufuncs(nb::module_& m) {
  PyTypeObject* type = make_type();
  if (type == nullptr) throw nb::python_error();
  m.attr("ufunc") = nb::borrow(reinterpret_cast<PyObject*>(type));
  nb::dict ufuncs;
  for (const OpDef* op : all_ops()) {
    if (op->elementwise == nullptr || op->elementwise->internal) continue;
    auto* u = PyObject_New(Ufunc, type);
    if (u == nullptr) throw nb::python_error();
    u->vectorcall = ufunc_vectorcall;
    u->op = op;
    u->name = PyUnicode_InternFromString(op->name);
    u->doc = PyUnicode_FromString(documentation(*op, op->name).c_str());
    nb::object object = nb::steal(reinterpret_cast<PyObject*>(u));
    ufuncs[op->name] = object;
    std::string aliases = op->aliases;
    for (std::size_t at = 0; at < aliases.size();) {
      std::size_t end = aliases.find(' ', at);
      if (end == std::string::npos) end = aliases.size();
      ufuncs[aliases.substr(at, end - at).c_str()] = object;
      at = end + 1;
    }
  }
  m.attr("ufuncs") = ufuncs;
}

}  // namespace tnp::python

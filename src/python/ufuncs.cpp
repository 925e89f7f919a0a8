// tnp.ufunc: an elementwise operation as a Python callable with NumPy's keywords. One object per record.
#include "python/autograph.h"
#include "python/elementwise_call.h"

// After Python.h, which the header above includes.
#include <structmember.h>

#include "base/default_dtype.h"
#include "ops/elementwise/family.h"
#include "ops/elementwise/fp_status.h"
#include "ops/elementwise/number.h"
#include "python/arguments.h"
#include "python/elements.h"
#include "python/huge_integers.h"
#include "python/numpy_memory.h"
#include "python/ufuncs.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"

namespace tnp::python {

namespace {

struct Ufunc {
  PyObject_HEAD vectorcallfunc vectorcall;
  const OpDef* op;  // null: a composed one
  const UfuncInfo* info;
  PyObject* name;
  PyObject* doc;
  // Members, which the interpreter reads without a call.
  PyObject *nin, *nout, *nargs, *ntypes, *identity, *signature;
};

const Array& array_operand(PyOperand& x, Array& own) {
  if (x.is_array()) return x.array();
  const bool beyond = std::holds_alternative<std::uint64_t>(x.scalar().value);
  own = beyond ? x.scalar().to_array(DType::uint64) : x.scalar().to_array();
  return own;
}

[[noreturn]] void wrong_count(const UfuncInfo& u, Py_ssize_t nargs) {
  throw TypeError(u.name + "() takes from " + std::to_string(u.num_inputs) + " to " +
                  std::to_string(u.num_arguments()) + " positional arguments but " + std::to_string(nargs) +
                  (nargs == 1 ? " was given" : " were given"));
}

// Outputs may follow the inputs: None alone.
Py_ssize_t without_outputs(const UfuncInfo& u, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs < u.num_inputs || nargs > u.num_arguments()) wrong_count(u, nargs);
  for (Py_ssize_t i = u.num_inputs; i < nargs; ++i) {
    if (args[i] != Py_None) refuse_out(u);
  }
  return u.num_inputs;
}

// Of a Python number, or of one of NumPy's; false where that is not the kernel's matter alone.
bool of_number(const OpDef& op, PyObject* o, SingleNumber& out) {
  if (!elements_unwatched() || default_float() != DType::float64) return false;
  if (PyFloat_CheckExact(o)) {
    const double value = PyFloat_AS_DOUBLE(o);
    return apply_to_number(op, DType::float64, &value, out);
  }
  std::int64_t integer;
  if (small_int(o, integer)) {
    if (apply_to_number(op, DType::int64, &integer, out)) return true;
    const auto value = static_cast<double>(integer);
    return op.elementwise->loop_for[static_cast<int>(DType::int64)] == static_cast<std::uint8_t>(DType::float64) &&
           apply_to_number(op, DType::float64, &value, out);
  }
  DType dtype;
  const std::byte* value = numpy_scalar_data(o, dtype);
  return value != nullptr && apply_to_number(op, dtype, value, out);
}

PyObject* call_on_one(const OpDef& op, PyObject* o) {
  if (is_array(o)) return call_elementwise(op, array_of(o), nullptr);
  SingleNumber result;
  if (of_number(op, o, result)) return finish_elementwise(op, result);
  PyOperand x;
  // Lists and the like reach as_array through `set`; what is left is no array at all.
  if (!x.set(o)) as_array(o);
  Array own;
  return call_elementwise(op, array_operand(x, own), nullptr);
}

PyObject* call(const OpDef& op, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != op.num_inputs) nargs = without_outputs(ufunc_info(op.name), args, nargs);
  if (nargs == 1) return call_on_one(op, args[0]);
  PyOperand x[3];
  try {
    for (Py_ssize_t i = 0; i < nargs; ++i) {
      if (!x[i].set(args[i])) as_array(args[i]);
    }
  } catch (const OverflowError&) {
    PyObject* result = nargs == 2 ? call_with_huge_integer(op, args[0], args[1]) : nullptr;
    if (result != nullptr) return result;
    throw;
  }
  if (nargs == 2) return call_elementwise(op, x[0], x[1], args[0], args[1]);
  const auto operand = [](const PyOperand& p) { return p.is_array() ? Operand(p.array()) : Operand(p.scalar()); };
  return wrap(apply_elementwise(op, operand(x[0]), operand(x[1]), operand(x[2])));
}

nb::object results(const Arrays& out) {
  if (out.size() == 1) return to_python(out[0]);
  return nb::make_tuple(to_python(out[0]), to_python(out[1]));
}

// Warns of what the operations of a composed function, or of one with keywords, have seen.
PyObject* reported(const UfuncInfo& u, nb::object result) {
  if (fp_flags_seen.load(std::memory_order_relaxed) != 0 && !report_fp_flags(u.name.c_str())) return nullptr;
  return result.release().ptr();
}

// Arguments as inputs of a ufunc; a Python scalar stays weak.
std::vector<UfuncInput> inputs_of(const UfuncInfo& u, PyObject* const* args) {
  std::vector<UfuncInput> in;
  for (int i = 0; i < u.num_inputs; ++i) {
    Scalar weak(false);
    PyOperand x;
    if (scalar_of(args[i], weak)) {
      in.push_back({Array(), weak});
    } else if (x.set(args[i])) {
      in.push_back({x.array(), std::nullopt});
      if (nb::isinstance<PyDim>(nb::handle(args[i]))) set_weak_number(in.back().array);
    } else {
      in.push_back({as_array(args[i]), std::nullopt});
    }
  }
  const auto stands_for_number = [](const UfuncInput& x) { return !x.weak && is_weak_number(x.array); };
  if (std::none_of(in.begin(), in.end(), stands_for_number)) return in;
  // In converted code: these take the types that Python's numbers would.
  std::vector<UfuncInputType> types;
  for (const UfuncInput& x : in) {
    if (x.weak) {
      types.push_back({x.weak->to_array().dtype(), x.weak->kind});
    } else {
      types.push_back({x.array.dtype(), std::nullopt});
      if (is_weak_number(x.array)) types.back().weak = kind_of_number(x.array.dtype());
    }
  }
  if (std::all_of(types.begin(), types.end(), [](const UfuncInputType& t) { return t.weak.has_value(); })) return in;
  const UfuncLoop loop = ufunc_loop(u, types, {});
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (stands_for_number(in[i])) in[i].array = astype(in[i].array, loop[i]);
  }
  return in;
}

PyObject* call_composed(const UfuncInfo& u, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != u.num_inputs) without_outputs(u, args, nargs);
  if (u.signature != nullptr) return wrap(u.call({Value(args[0]).array(), Value(args[1]).array()})[0]);
  const std::vector<UfuncInput> in = inputs_of(u, args);
  bool weak = false;
  Arrays arrays;
  for (const UfuncInput& x : in) {
    weak = weak || x.weak;
    arrays.push_back(x.array);
  }
  return reported(u, results(weak && in.size() > 1 ? call_ufunc(u, in, {})
                             : weak                ? u.call({in[0].weak->to_array()})
                                                   : u.call(arrays)));
}

// The inputs where a mask excludes them: there they are what no function warns of.
void leave_out(std::vector<UfuncInput>& in, const UfuncInfo& u, const Array& mask) {
  if (u.op == nullptr || !u.op->elementwise->raises_flags) return;
  const Scalar harmless(u.name == "arctanh" ? 0 : 1);
  for (UfuncInput& x : in) {
    if (!x.weak && is_numeric(x.array.dtype())) x.array = where(mask, x.array, harmless.to_array(x.array.dtype()));
  }
}

// Whether the types that keywords ask for are those that a call has without them: arrays of one type, which the
// function has a loop for that keeps it.
bool asks_for_own_types(const UfuncInfo& u, PyObject* const* args, const UfuncOptions& options) {
  if (u.op == nullptr || !options.signature.empty() || !is_array(args[0])) return false;
  const DType type = array_of(args[0]).dtype();
  for (int i = 0; i < u.num_inputs; ++i) {
    if (!is_array(args[i]) || array_of(args[i]).dtype() != type || is_weak_number(array_of(args[i]))) return false;
  }
  const ElementwiseInfo& info = *u.op->elementwise;
  const bool keeps = is_numeric(type) && info.loop_for[static_cast<int>(type)] == static_cast<std::uint8_t>(type);
  return keeps && (!options.dtype || (*options.dtype == type && result_dtype(info, type) == type));
}

// order="A": column-major if all inputs are.
Layout common_layout(const UfuncInfo& u, PyObject* const* args) {
  for (int i = 0; i < u.num_inputs; ++i) {
    if (!is_array(args[i])) continue;
    const Array& x = array_of(args[i]);
    if (x.is_symbolic() || !permute_dims(x).is_contiguous()) return Layout::c;
  }
  return Layout::f;
}

// With keywords: types and casts as they ask for. Without `out` NumPy leaves the places that `where` excludes
// undefined; here they are zero.
PyObject* call_with_keywords(const UfuncInfo& u, PyObject* const* args, const UfuncKeywords& k) {
  if (u.signature != nullptr && k.core.given()) {
    Arrays arrays;
    for (int i = 0; i < 2; ++i) arrays.push_back(Value(args[i]).array());
    if (!k.options.given()) return reported(u, to_python(call_gufunc(u, arrays[0], arrays[1], k.core)));
    const UfuncInputType types[] = {{arrays[0].dtype(), std::nullopt}, {arrays[1].dtype(), std::nullopt}};
    const UfuncLoop loop = ufunc_loop(u, types, k.options);
    return reported(u, to_python(call_gufunc(u, astype(arrays[0], loop[0]), astype(arrays[1], loop[1]), k.core)));
  }
  Array mask;
  if (k.where != nullptr) mask = Value(k.where).mask();
  if (!mask && k.layout == Layout::k && (!k.options.given() || asks_for_own_types(u, args, k.options))) {
    return u.op != nullptr ? call(*u.op, args, u.num_inputs) : call_composed(u, args, u.num_inputs);
  }
  std::vector<UfuncInput> in = inputs_of(u, args);
  const Layout layout = k.layout == Layout::a ? common_layout(u, args) : k.layout;
  if (mask) leave_out(in, u, mask);
  Arrays out = call_ufunc(u, in, k.options);
  for (Array& y : out) {
    if (mask) y = where(mask, y, Scalar(0).to_array(y.dtype()));
    y = laid_out(y, layout);
  }
  return reported(u, results(out));
}

PyObject* ufunc_vectorcall(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  const Ufunc& ufunc = *reinterpret_cast<Ufunc*>(self);
  const Py_ssize_t nargs = PyVectorcall_NARGS(flagged);
  try {
    if (names == nullptr) [[likely]]
      return ufunc.op != nullptr ? call(*ufunc.op, args, nargs) : call_composed(*ufunc.info, args, nargs);
    const UfuncKeywords keywords = ufunc_keywords(*ufunc.info, args + nargs, names);
    without_outputs(*ufunc.info, args, nargs);
    return call_with_keywords(*ufunc.info, args, keywords);
  } catch (...) {
    fp_flags_seen.store(0, std::memory_order_relaxed);  // a later call is not to report them as its own
    set_error_from_current_exception();
    return nullptr;
  }
}

PyObject* ufunc_repr(PyObject* self) {
  return PyUnicode_FromFormat("<tnp.ufunc '%U'>", reinterpret_cast<Ufunc*>(self)->name);
}

void ufunc_dealloc(PyObject* self) {
  auto* u = reinterpret_cast<Ufunc*>(self);
  for (PyObject* o : {u->name, u->doc, u->nin, u->nout, u->nargs, u->ntypes, u->identity, u->signature}) Py_XDECREF(o);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

const UfuncInfo& info_of(PyObject* self) { return *reinterpret_cast<Ufunc*>(self)->info; }

PyObject* get_types(PyObject* self, void*) { return ufunc_types(info_of(self)).release().ptr(); }
// What inspect.signature gives.
PyObject* get_python_signature(PyObject* self, void*) {
  try {
    const std::string code = "lambda " + ufunc_signature_text(info_of(self)).substr(1);
    nb::object builtins = nb::module_::import_("builtins");
    nb::object f = builtins.attr("eval")(nb::str((code.substr(0, code.size() - 1) + ": None").c_str()));
    return nb::object(nb::module_::import_("inspect").attr("signature")(f)).release().ptr();
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

PyTypeObject* make_type() {
  static PyMemberDef members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(Ufunc, vectorcall), READONLY, nullptr},
      {"__name__", T_OBJECT_EX, offsetof(Ufunc, name), READONLY, nullptr},
      {"__qualname__", T_OBJECT_EX, offsetof(Ufunc, name), READONLY, nullptr},
      {"__doc__", T_OBJECT_EX, offsetof(Ufunc, doc), READONLY, nullptr},
      {"nin", T_OBJECT_EX, offsetof(Ufunc, nin), READONLY, "Number of inputs."},
      {"nout", T_OBJECT_EX, offsetof(Ufunc, nout), READONLY, "Number of outputs."},
      {"nargs", T_OBJECT_EX, offsetof(Ufunc, nargs), READONLY, "Number of arguments, the output included."},
      {"ntypes", T_OBJECT_EX, offsetof(Ufunc, ntypes), READONLY, "Number of types that it computes in."},
      {"identity", T_OBJECT_EX, offsetof(Ufunc, identity), READONLY,
       "What combining with changes nothing; None if there is none."},
      {"signature", T_OBJECT_EX, offsetof(Ufunc, signature), READONLY,
       "Of a function of vectors or matrices their dimensions; else None."},
      {nullptr, 0, 0, 0, nullptr},
  };
  static PyGetSetDef getset[] = {
      {"types", get_types, nullptr, "The types that it computes in and their results', as letters.", nullptr},
      {"__signature__", get_python_signature, nullptr, "The parameters, for inspect.", nullptr},
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

// Aliases that are objects of their own in NumPy, with their own names.
bool has_own_object(const std::string& alias) { return alias == "deg2rad" || alias == "rad2deg"; }

nb::object make_ufunc(PyTypeObject* type, const UfuncInfo& info, const std::string& name) {
  auto* u = PyObject_New(Ufunc, type);
  if (u == nullptr) throw nb::python_error();
  u->vectorcall = ufunc_vectorcall;
  u->op = info.op;
  u->info = &info;
  u->name = PyUnicode_InternFromString(name.c_str());
  u->doc = PyUnicode_FromString((name + ufunc_signature_text(info) + "\n\n" + info.doc).c_str());
  u->nin = PyLong_FromLong(info.num_inputs);
  u->nout = PyLong_FromLong(info.num_outputs);
  u->nargs = PyLong_FromLong(info.num_arguments());
  u->ntypes = PyLong_FromSize_t(info.loops.size());
  u->identity = ufunc_identity_object(info).release().ptr();
  u->signature = info.signature == nullptr ? Py_NewRef(Py_None) : PyUnicode_FromString(info.signature);
  return nb::steal(reinterpret_cast<PyObject*>(u));
}

}  // namespace

const UfuncInfo& ufunc_info_of(PyObject* ufunc) { return info_of(ufunc); }

void bind_ufuncs(nb::module_& m) {
  PyTypeObject* type = make_type();
  if (type == nullptr) throw nb::python_error();
  m.attr("ufunc") = nb::borrow(reinterpret_cast<PyObject*>(type));
  nb::dict ufuncs;
  for (const UfuncInfo& info : composed_ufuncs()) ufuncs[info.name.c_str()] = make_ufunc(type, info, info.name);
  for (const OpDef* op : all_ops()) {
    if (op->elementwise == nullptr || op->elementwise->internal) continue;
    const UfuncInfo& info = ufunc_info(op->name);
    nb::object object = make_ufunc(type, info, info.name);
    ufuncs[op->name] = object;
    std::string aliases = op->aliases;
    for (std::size_t at = 0; at < aliases.size();) {
      std::size_t end = aliases.find(' ', at);
      if (end == std::string::npos) end = aliases.size();
      const std::string alias = aliases.substr(at, end - at);
      ufuncs[alias.c_str()] = has_own_object(alias) ? make_ufunc(type, info, alias) : object;
      at = end + 1;
    }
  }
  m.attr("ufuncs") = ufuncs;
}

}  // namespace tnp::python

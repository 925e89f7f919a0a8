// The slots of the strict array class. Operators are the functions of the same meaning, which also take Python scalars.
#include <vector>

#include "ir/observer.h"
#include "ir/trace.h"
#include "ops/elementwise/fp_status.h"
#include "python/array_api.h"
#include "python/autograph.h"
#include "python/elements.h"
#include "python/elementwise_call.h"
#include "python/indexing.h"
#include "python/numpy_memory.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"

namespace tnp::python {

namespace {

using array_api::function_named;
using array_api::kElementwise;

using array_api::Device;

// Of two operands, of which one at least is an array. Throws ValueError for arrays of two devices.
Device common_device(const char* function, PyObject* a, PyObject* b) {
  if (!is_strict_array(a)) return strict_device_of(b);
  const Device d = strict_device_of(a);
  if (is_strict_array(b) && strict_device_of(b) != d) [[unlikely]]
    array_api::check_same_device(function, d, strict_device_of(b));
  return d;
}

PyObject* wrapped(const char* function, Array x, Device d) {
  if (d >= Device::no_float64) [[unlikely]]
    array_api::check_supported(function, d, x.dtype());
  return wrap_strict(std::move(x), d);
}

const Array& matrix_operand(PyObject* o, const char* argument) {
  if (!is_strict_array(o)) refuse_argument("matmul", o, argument);
  return strict_array_of(o);
}

bool reported(const char* name) { return fp_flags_seen.load(std::memory_order_relaxed) == 0 || report_fp_flags(name); }

// --- operators

template <std::size_t I>
PyObject* binary_slot(PyObject* a, PyObject* b) {
  return guarded<PyObject*>(nullptr, [&] { return call_strict(I, a, b); });
}

template <std::size_t I>
PyObject* unary_slot(PyObject* a) {
  return guarded<PyObject*>(nullptr, [&] { return call_strict(I, a); });
}

template <std::size_t I>
PyObject* inplace_slot(PyObject* a, PyObject* b) {
  return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    const array_api::Function& f = kElementwise[I];
    const StrictOperand x(f.name, a);
    array_api::check_category(f.name, x.array().dtype(), f.category);
    const StrictOperand y(f.name, b, &x);
    common_device(f.name, a, b);
    check_may_change(f.name, a);
    array_api::update(I, strict_array_of(a), y.operand());
    return reported(f.name) ? Py_NewRef(a) : nullptr;
  });
}

PyObject* no_modulus(PyObject* modulus) {
  if (modulus != Py_None) PyErr_SetString(PyExc_TypeError, "pow: the standard has no third argument");
  return modulus;
}
PyObject* slot_power(PyObject* a, PyObject* b, PyObject* modulus) {
  return no_modulus(modulus) == Py_None ? binary_slot<function_named("pow")>(a, b) : nullptr;
}
PyObject* slot_inplace_power(PyObject* a, PyObject* b, PyObject* modulus) {
  return no_modulus(modulus) == Py_None ? inplace_slot<function_named("pow")>(a, b) : nullptr;
}

PyObject* slot_matmul(PyObject* a, PyObject* b) {
  return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    const Array &x = matrix_operand(a, "x1"), &y = matrix_operand(b, "x2");
    return wrapped("matmul", array_api::matmul(x, y), common_device("matmul", a, b));
  });
}
PyObject* slot_inplace_matmul(PyObject* a, PyObject* b) {
  return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    const Array& y = matrix_operand(b, "x2");
    common_device("matmul", a, b);
    check_may_change("matmul", a);
    array_api::matmul_update(strict_array_of(a), y);
    return Py_NewRef(a);
  });
}

PyObject* slot_compare(PyObject* a, PyObject* b, int op) {
  static constexpr array_api::FunctionId kComparisons[] = {function_named("less"),    function_named("less_equal"),
                                                           function_named("equal"),   function_named("not_equal"),
                                                           function_named("greater"), function_named("greater_equal")};
  return guarded<PyObject*>(nullptr, [&] { return call_strict(kComparisons[op], a, b); });
}

// --- Python numbers

const Array& zero_dimensional(PyObject* a, const char* type, bool complex_allowed) {
  const Array& x = strict_array_of(a);
  if (x.ndim() != 0) {
    throw TypeError(std::string(type) + "(x): the standard defines it for arrays of 0 dimensions only, not for shape " +
                    x.shape().str() + ": take one element, x[i, …]");
  }
  if (!complex_allowed && is_complex(x.dtype())) {
    throw TypeError(std::string(type) +
                    "(x): the standard does not convert complex numbers: take real(x) or imag(x) first");
  }
  return x;
}

int slot_bool(PyObject* a) {
  return guarded<int>(-1, [&] { return truth_value(zero_dimensional(a, "bool", true)) ? 1 : 0; });
}
PyObject* slot_int(PyObject* a) {
  return guarded<PyObject*>(nullptr, [&] { return python_int(zero_dimensional(a, "int", false)); });
}
PyObject* slot_float(PyObject* a) {
  return guarded<PyObject*>(nullptr, [&] { return python_float(zero_dimensional(a, "float", false)); });
}
PyObject* slot_index(PyObject* a) {
  return guarded<PyObject*>(nullptr, [&] { return python_index(strict_array_of(a)); });
}

// --- subscription

constexpr const char* kIndexTypes =
    "an index is made of integers, slices, ..., None, and integer or boolean arrays of this namespace";

IndexItem array_item(const Array& x) {
  if (!is_integer(x.dtype()) && !is_bool(x.dtype())) {
    throw IndexError(std::string(kIndexTypes) + ": an array of type " + std::string(name(x.dtype())) +
                     " is none: use astype");
  }
  // A 0-d integer array is an integer, as operator.index makes it one.
  if (is_integer(x.dtype()) && x.shape() == Shape() && !x.is_symbolic()) return IndexItem(x.item<std::int64_t>());
  return IndexItem(x);
}

IndexItem strict_item(PyObject* o, PyObject* self) {
  if (PyLong_CheckExact(o)) {
    const Py_ssize_t i = PyNumber_AsSsize_t(o, PyExc_IndexError);
    if (i == -1 && PyErr_Occurred()) throw nb::python_error();
    return IndexItem(static_cast<std::int64_t>(i));
  }
  if (is_strict_array(o)) {
    common_device("x[index]", self, o);
    return array_item(strict_array_of(o));
  }
  const bool plain = PySlice_Check(o) || o == Py_None || o == Py_Ellipsis || nb::isinstance<PyDim>(nb::handle(o));
  const bool integer = !PyBool_Check(o) && PyIndex_Check(o) && !is_array(o) && !is_numpy_array(o);
  if (!plain && !integer && !is_traced_number(o)) {
    throw IndexError(std::string(kIndexTypes) + "; '" + Py_TYPE(o)->tp_name + "' is none of them" +
                     (PyList_Check(o) ? ": write asarray([…])" : ""));
  }
  return std::move(parse_index(o)[0]);
}

std::vector<IndexItem> strict_index(PyObject* key, PyObject* self) {
  std::vector<IndexItem> items;
  if (!PyTuple_Check(key)) {
    items.push_back(strict_item(key, self));
    return items;
  }
  const Py_ssize_t n = PyTuple_GET_SIZE(key);
  items.reserve(static_cast<std::size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i) items.push_back(strict_item(PyTuple_GET_ITEM(key, i), self));
  return items;
}

// Whether an index of integers, slices, ... and None is the standard's, so that plain tnp's short way may take it.
// False where the general way has to look.
class QuickIndex {
 public:
  QuickIndex(const Array& x, std::span<PyObject* const> items) : x_(x), items_(items) {}
  bool allowed() {
    int axes = 0, ellipsis = -1;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      PyObject* o = items_[i];
      if (PyLong_CheckExact(o) || PySlice_Check(o)) {
        ++axes;
      } else if (o == Py_Ellipsis && ellipsis < 0) {
        ellipsis = static_cast<int>(i);
      } else if (o != Py_None) {
        return false;
      }
    }
    const int ndim = x_.ndim();
    if (ellipsis < 0 ? axes != ndim : axes > ndim) return false;
    int axis = 0;
    for (PyObject* o : items_) {
      if (o == Py_Ellipsis) axis += ndim - axes;
      if (o == Py_Ellipsis || o == Py_None) continue;
      if (PySlice_Check(o) && !in_bounds(o, x_.shape()[axis])) return false;
      ++axis;
    }
    return true;
  }

 private:
  static bool in_bounds(PyObject* slice, std::int64_t size) {
    const auto* s = reinterpret_cast<PySliceObject*>(slice);
    if (s->step != Py_None) return false;
    for (PyObject* bound : {s->start, s->stop}) {
      if (bound == Py_None) continue;
      if (!PyLong_CheckExact(bound)) return false;
      const Py_ssize_t i = PyLong_AsSsize_t(bound);
      if (i == -1 && PyErr_Occurred()) return PyErr_Clear(), false;
      if (i < -size || i > size) return false;
    }
    return true;
  }

  const Array& x_;
  std::span<PyObject* const> items_;
};

Array quick_item(const Array& x, PyObject* key) {
  if (x.state() != State::concrete) return {};
  const bool many = PyTuple_CheckExact(key);
  const std::span<PyObject* const> items =
      many ? std::span<PyObject* const>(&PyTuple_GET_ITEM(key, 0), static_cast<std::size_t>(PyTuple_GET_SIZE(key)))
           : std::span<PyObject* const>(&key, 1);
  return QuickIndex(x, items).allowed() ? quick_getitem(x, key) : Array();
}

PyObject* slot_getitem(PyObject* self, PyObject* key) {
  return guarded<PyObject*>(nullptr, [&] {
    const Array& x = strict_array_of(self);
    const Device device = strict_device_of(self);
    Array quick = quick_item(x, key);
    if (quick) return wrap_strict(std::move(quick), device);
    if (PyTuple_Check(key)) return wrap_strict(array_api::getitem(x, strict_index(key, self)), device);
    const IndexItem item = strict_item(key, self);
    return wrap_strict(array_api::getitem(x, {&item, 1}), device);
  });
}

int slot_setitem(PyObject* self, PyObject* key, PyObject* value) {
  return guarded<int>(-1, [&] {
    if (value == nullptr) throw TypeError("del x[key]: arrays have no deletion");
    const StrictOperand x("x[key] = value", self), v("x[key] = value", value, &x);
    common_device("x[key] = value", self, value);
    check_may_change("x[key] = value", self);
    array_api::setitem(strict_array_of(self), strict_index(key, self), v.operand());
    return 0;
  });
}

PyObject* slot_iter(PyObject* self) {
  return guarded<PyObject*>(nullptr, [&] {
    const Array& x = strict_array_of(self);
    if (x.ndim() != 1) {
      throw TypeError("iteration: the standard defines it for arrays of one dimension only, not for shape " +
                      x.shape().str() + ": use unstack(x)");
    }
    const Device device = strict_device_of(self);
    if (x.state() == State::concrete && active_observers == nullptr) {
      const nb::object elements = nb::steal(PyList_New(x.size()));
      if (!elements.is_valid()) throw nb::python_error();
      for (std::int64_t i = 0; i < x.size(); ++i) {
        PyList_SET_ITEM(elements.ptr(), i, wrap_strict(element_at(x.data() + i * x.strides()[0], x.dtype()), device));
      }
      return PyObject_GetIter(elements.ptr());
    }
    nb::list rows;
    const nb::object plain = to_python(x);
    for (nb::handle row : nb::iter(plain)) rows.append(to_strict(array_of(row.ptr()), device));
    return PyObject_GetIter(rows.ptr());
  });
}

template <class F>
PyType_Slot slot(int id, F f) {
  return {id, reinterpret_cast<void*>(f)};
}

}  // namespace

PyObject* call_strict(array_api::FunctionId id, PyObject* a) {
  const array_api::Function& f = kElementwise[id];
  if (!is_strict_array(a)) refuse_argument(f.name, a, "x");
  const Array& x = strict_array_of(a);
  const bool donated = is_temporary(a, x);
  Array result = array_api::call(id, x, donated ? 1 : 0);
  return reported(f.name) ? wrap_strict(std::move(result), strict_device_of(a)) : nullptr;
}

PyObject* call_strict(array_api::FunctionId id, PyObject* a, PyObject* b) {
  const array_api::Function& f = kElementwise[id];
  const bool first = is_strict_array(a), second = is_strict_array(b);
  Array result;
  if (first && second) {
    const Array &x = strict_array_of(a), &y = strict_array_of(b);
    const Device device = common_device(f.name, a, b);
    result = array_api::call(id, x, y, (is_temporary(a, x) ? 1u : 0u) | (is_temporary(b, y) ? 2u : 0u));
    return reported(f.name) ? wrapped(f.name, std::move(result), device) : nullptr;
  }
  if (first) {
    array_api::check_category(f.name, strict_array_of(a).dtype(), f.category);
    const StrictOperand x(f.name, a), y(f.name, b, &x);
    result = array_api::call(id, x.array(), y.operand(), is_temporary(a, x.array()) ? 1 : 0);
  } else {
    const StrictOperand y(f.name, b);
    if (y.is_array()) array_api::check_category(f.name, y.array().dtype(), f.category);
    const StrictOperand x(f.name, a, &y);
    result = array_api::call(id, x.operand(), y.operand(), y.is_array() && is_temporary(b, y.array()) ? 2 : 0);
  }
  return reported(f.name) ? wrapped(f.name, std::move(result), strict_device_of(first ? a : b)) : nullptr;
}

namespace {

// --- the operators as methods: their signatures are the standard's

template <std::size_t I>
PyObject* reflected(PyObject* self, PyObject* other) {
  return binary_slot<I>(other, self);
}
PyObject* method_pow(PyObject* a, PyObject* b) { return binary_slot<function_named("pow")>(a, b); }
PyObject* method_rpow(PyObject* a, PyObject* b) { return binary_slot<function_named("pow")>(b, a); }
PyObject* method_rmatmul(PyObject* a, PyObject* b) { return slot_matmul(b, a); }
template <int Op>
PyObject* method_compare(PyObject* a, PyObject* b) {
  return slot_compare(a, b, Op);
}
template <PyObject* (*F)(PyObject*)>
PyObject* method_unary(PyObject* a, PyObject*) {
  return F(a);
}
PyObject* method_bool(PyObject* a, PyObject*) {
  const int truth = slot_bool(a);
  return truth < 0 ? nullptr : PyBool_FromLong(truth);
}
PyObject* method_setitem(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != 2) {
    PyErr_SetString(PyExc_TypeError, "__setitem__() takes a key and a value");
    return nullptr;
  }
  return slot_setitem(self, args[0], args[1]) < 0 ? nullptr : Py_NewRef(Py_None);
}

template <class F>
void add(std::vector<PyMethodDef>& out, const char* doc, const char* name, F f, int flags) {
  out.push_back({name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f)), flags | METH_COEXIST, doc});
}

#define TNP_OTHER(NAME, F) add(out, NAME "($self, other, /)\n--\n\n", NAME, F, METH_O)
#define TNP_SELF(NAME, F) add(out, NAME "($self, /)\n--\n\n", NAME, F, METH_NOARGS)
#define TNP_OPERATOR(NAME, FUNCTION)                                   \
  TNP_OTHER("__" NAME "__", (&binary_slot<function_named(FUNCTION)>)); \
  TNP_OTHER("__r" NAME "__", (&reflected<function_named(FUNCTION)>));  \
  TNP_OTHER("__i" NAME "__", (&inplace_slot<function_named(FUNCTION)>))

void add_arithmetic(std::vector<PyMethodDef>& out) {
  TNP_OPERATOR("add", "add");
  TNP_OPERATOR("sub", "subtract");
  TNP_OPERATOR("mul", "multiply");
  TNP_OPERATOR("truediv", "divide");
  TNP_OPERATOR("floordiv", "floor_divide");
  TNP_OPERATOR("mod", "remainder");
  TNP_OPERATOR("and", "bitwise_and");
  TNP_OPERATOR("or", "bitwise_or");
  TNP_OPERATOR("xor", "bitwise_xor");
  TNP_OPERATOR("lshift", "bitwise_left_shift");
  TNP_OPERATOR("rshift", "bitwise_right_shift");
  TNP_OTHER("__pow__", &method_pow);
  TNP_OTHER("__rpow__", &method_rpow);
  TNP_OTHER("__ipow__", (&inplace_slot<function_named("pow")>));
  TNP_OTHER("__matmul__", &slot_matmul);
  TNP_OTHER("__rmatmul__", &method_rmatmul);
  TNP_OTHER("__imatmul__", &slot_inplace_matmul);
}

void add_others(std::vector<PyMethodDef>& out) {
  TNP_OTHER("__lt__", &method_compare<Py_LT>);
  TNP_OTHER("__le__", &method_compare<Py_LE>);
  TNP_OTHER("__eq__", &method_compare<Py_EQ>);
  TNP_OTHER("__ne__", &method_compare<Py_NE>);
  TNP_OTHER("__gt__", &method_compare<Py_GT>);
  TNP_OTHER("__ge__", &method_compare<Py_GE>);
  TNP_SELF("__neg__", (&method_unary<&unary_slot<function_named("negative")>>));
  TNP_SELF("__pos__", (&method_unary<&unary_slot<function_named("positive")>>));
  TNP_SELF("__abs__", (&method_unary<&unary_slot<function_named("abs")>>));
  TNP_SELF("__invert__", (&method_unary<&unary_slot<function_named("bitwise_invert")>>));
  TNP_SELF("__int__", &method_unary<&slot_int>);
  TNP_SELF("__float__", &method_unary<&slot_float>);
  TNP_SELF("__index__", &method_unary<&slot_index>);
  TNP_SELF("__iter__", &method_unary<&slot_iter>);
  TNP_SELF("__bool__", &method_bool);
  add(out, "__getitem__($self, key, /)\n--\n\n", "__getitem__", &slot_getitem, METH_O);
  add(out, "__setitem__($self, key, value, /)\n--\n\n", "__setitem__", &method_setitem, METH_FASTCALL);
}
#undef TNP_OPERATOR
#undef TNP_SELF
#undef TNP_OTHER

}  // namespace

std::vector<PyMethodDef> strict_operator_methods() {
  std::vector<PyMethodDef> out;
  add_arithmetic(out);
  add_others(out);
  return out;
}

std::vector<PyType_Slot> strict_slots() {
  return {
      slot(Py_nb_add, binary_slot<function_named("add")>),
      slot(Py_nb_subtract, binary_slot<function_named("subtract")>),
      slot(Py_nb_multiply, binary_slot<function_named("multiply")>),
      slot(Py_nb_true_divide, binary_slot<function_named("divide")>),
      slot(Py_nb_floor_divide, binary_slot<function_named("floor_divide")>),
      slot(Py_nb_remainder, binary_slot<function_named("remainder")>),
      slot(Py_nb_power, slot_power),
      slot(Py_nb_matrix_multiply, slot_matmul),
      slot(Py_nb_and, binary_slot<function_named("bitwise_and")>),
      slot(Py_nb_or, binary_slot<function_named("bitwise_or")>),
      slot(Py_nb_xor, binary_slot<function_named("bitwise_xor")>),
      slot(Py_nb_lshift, binary_slot<function_named("bitwise_left_shift")>),
      slot(Py_nb_rshift, binary_slot<function_named("bitwise_right_shift")>),
      slot(Py_nb_inplace_add, inplace_slot<function_named("add")>),
      slot(Py_nb_inplace_subtract, inplace_slot<function_named("subtract")>),
      slot(Py_nb_inplace_multiply, inplace_slot<function_named("multiply")>),
      slot(Py_nb_inplace_true_divide, inplace_slot<function_named("divide")>),
      slot(Py_nb_inplace_floor_divide, inplace_slot<function_named("floor_divide")>),
      slot(Py_nb_inplace_remainder, inplace_slot<function_named("remainder")>),
      slot(Py_nb_inplace_power, slot_inplace_power),
      slot(Py_nb_inplace_matrix_multiply, slot_inplace_matmul),
      slot(Py_nb_inplace_and, inplace_slot<function_named("bitwise_and")>),
      slot(Py_nb_inplace_or, inplace_slot<function_named("bitwise_or")>),
      slot(Py_nb_inplace_xor, inplace_slot<function_named("bitwise_xor")>),
      slot(Py_nb_inplace_lshift, inplace_slot<function_named("bitwise_left_shift")>),
      slot(Py_nb_inplace_rshift, inplace_slot<function_named("bitwise_right_shift")>),
      slot(Py_nb_negative, unary_slot<function_named("negative")>),
      slot(Py_nb_positive, unary_slot<function_named("positive")>),
      slot(Py_nb_absolute, unary_slot<function_named("abs")>),
      slot(Py_nb_invert, unary_slot<function_named("bitwise_invert")>),
      slot(Py_nb_bool, slot_bool),
      slot(Py_nb_int, slot_int),
      slot(Py_nb_float, slot_float),
      slot(Py_nb_index, slot_index),
      slot(Py_tp_richcompare, slot_compare),
      slot(Py_mp_subscript, slot_getitem),
      slot(Py_mp_ass_subscript, slot_setitem),
      slot(Py_tp_iter, slot_iter),
  };
}

}  // namespace tnp::python

#include "python/call_form.h"

#include <bit>
#include <cstring>

#include "python/numpy_memory.h"
#include "python/pytree.h"
#include "python/signature.h"
#include "tnp/primitives.h"

namespace tnp::python {

namespace {

constexpr int kMostParts = 128, kMostDepth = 16;

std::uint64_t strict_flags() { return std::bit_cast<std::uint64_t>(array_api::flags()); }

// Two objects of one of Python's own types; floats bit by bit, as the zeros differ.
bool are_equal(PyObject* a, PyObject* b) {
  if (PyFloat_CheckExact(a)) {
    const double x = PyFloat_AS_DOUBLE(a), y = PyFloat_AS_DOUBLE(b);
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  }
  std::int64_t x = 0, y = 0;
  if (small_int(a, x) && small_int(b, y)) return x == y;
  return PyObject_RichCompareBool(a, b, Py_EQ) == 1;
}

bool has_value(PyObject* o) {
  return PyLong_CheckExact(o) || PyFloat_CheckExact(o) || PyUnicode_CheckExact(o) || PyBytes_CheckExact(o);
}

bool is_target(PyObject* weak, PyObject* o) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* target = nullptr;
  if (PyWeakref_GetRef(weak, &target) <= 0) return false;
  Py_DECREF(target);  // not the last one: the caller has `o`, and nothing else is asked for
  return target == o;
#else
  return PyWeakref_GET_OBJECT(weak) == o;
#endif
}

// Of a class whose attributes are found without Python code; 0 where it is none, or has no version.
unsigned version_of(PyTypeObject* type) {
  if (type->tp_getattro != PyObject_GenericGetAttr) return 0;
#if PY_VERSION_HEX >= 0x030C0000
  return type->tp_version_tag;
#else
  return PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG) ? type->tp_version_tag : 0;
#endif
}

bool add_numpy(PyObject* o, bool scalar, bool lent, CallLeaves& leaves) {
  Array x = scalar ? numpy_element(o) : numpy_for_call(o, lent);
  if (!x) return false;
  return lent ? leaves.add_lent(std::move(x)) : leaves.add(std::move(x));
}

bool is_plain_field(PyTypeObject* type, PyObject* name) {
  PyObject* in_class = _PyType_Lookup(type, name);  // gives the class a version, too
  return in_class == nullptr || Py_TYPE(in_class) == &PyMemberDescr_Type || Py_TYPE(in_class)->tp_descr_get == nullptr;
}

}  // namespace

void CallLeaves::settle_lent(std::span<Array> results) const {
  for (Array& x : results) {
    if (x && x.state() == State::concrete) x = settled(x);
  }
  for (std::size_t i = 0; i < count_; ++i) {
    if (!lent_[i] || (nodes_[i]->refs.load() == 1 && nodes_[i]->buffer->refs.load() == 1)) continue;
    for (const Array& x : results) {
      if (x) (void)x.data();
    }
    return;
  }
}

// What repeats elements of lent memory goes on doing so, in a copy of that.
Array CallLeaves::settled(const Array& x) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (!lent_[i] || nodes_[i]->buffer != x.node()->buffer) continue;
    const Array of = array(i);
    if (x.size() <= of.size() || !of.is_contiguous()) return copy(x);
    const Array own = copy(of);
    return Array::view_of(own.node()->buffer, own.data() + (x.data() - of.data()), x.dtype(), x.shape(), x.strides());
  }
  return x;
}

std::unique_ptr<const CallForm> CallForm::make(PyObject* const* given, std::size_t n, PyObject* names,
                                               std::vector<int> order, const std::vector<bool>& is_static,
                                               nb::handle owner, const std::vector<bool>& lent) {
  auto form = std::make_unique<CallForm>();
  form->may_be_lent_ = lent;
  form->positional_ = n;
  if (names != nullptr) form->names_ = nb::borrow(names);
  form->order_ = std::move(order);
  for (std::size_t i = 0; i < form->order_.size(); ++i) {
    const nb::handle o(given[form->order_[i]]);
    if (i == 0 && owner.is_valid() && o.is(owner)) {
      form->add_weak(o);
      continue;
    }
    if (!form->describe(o, is_static[i], 0)) return nullptr;
  }
  return form;
}

void CallForm::add(Kind kind, PyTypeObject* type, nb::object value, Py_ssize_t count) {
  Part& p = parts_.emplace_back();
  p.kind = kind;
  p.type = type;
  p.value = std::move(value);
  p.count = static_cast<std::size_t>(count);
}

bool CallForm::describe(nb::handle o, bool is_static, int depth) {
  PyObject* p = o.ptr();
  if (parts_.size() >= kMostParts || depth > kMostDepth) return false;
  if (is_static) return describe_static(o);
  if (describe_array(p)) return true;
  if (is_strict_array(p)) {
    ++num_arrays_;
    add(Kind::strict_array, Py_TYPE(p));
    parts_.back().device = strict_device_of(p);
    parts_.back().flags = strict_flags();
    return true;
  }
  if (PyTuple_Check(p) && Py_TYPE(p)->tp_dictoffset != 0) return false;  // it may have attributes
  if (PyTuple_Check(p) || PyList_CheckExact(p)) {
    const bool list = PyList_CheckExact(p);
    const Py_ssize_t count = Py_SIZE(p);
    add(list ? Kind::list : Kind::tuple, Py_TYPE(p), nb::borrow(o.type()), count);
    for (Py_ssize_t i = 0; i < count; ++i) {
      if (!describe(list ? PyList_GET_ITEM(p, i) : PyTuple_GET_ITEM(p, i), false, depth + 1)) return false;
    }
    return true;
  }
  if (PyDict_CheckExact(p)) {
    nb::list keys;
    const std::size_t at = parts_.size();
    add(Kind::dict, &PyDict_Type, {}, PyDict_GET_SIZE(p));
    PyObject *key, *value;
    for (Py_ssize_t i = 0; PyDict_Next(p, &i, &key, &value);) {
      keys.append(nb::handle(key));
      if (!describe(value, false, depth + 1)) return false;
    }
    parts_[at].value = nb::tuple(keys);
    return true;
  }
  if (is_dataclass(o)) return describe_dataclass(o, depth);
  if (PyDict_Check(p) || PyList_Check(p) || is_traced_leaf(o) || nb::isinstance<PyDim>(o)) return false;
  return describe_static(o);
}

bool CallForm::describe_array(PyObject* o) {
  DType dtype;
  if (Py_TYPE(o) == array_type()) {
    add(Kind::array, array_type());
  } else if (is_array(o)) {
    add(Kind::derived, Py_TYPE(o), nb::borrow(nb::handle(o).type()));
  } else if (is_base_numpy_array(o)) {
    add(Kind::numpy, Py_TYPE(o));
    parts_.back().lent = num_arrays_ < may_be_lent_.size() && may_be_lent_[num_arrays_];
    converts_ = true;
  } else if (numpy_scalar_class(Py_TYPE(o), dtype)) {
    add(Kind::numpy_scalar, Py_TYPE(o));
    converts_ = true;
  } else {
    return false;
  }
  ++num_arrays_;
  return true;
}

bool CallForm::describe_dataclass(nb::handle o, int depth) {
  PyTypeObject* type = Py_TYPE(o.ptr());
  const nb::tuple keys(PyTree::fields_of(o));
  const std::size_t at = parts_.size();
  add(Kind::dataclass, type, keys, PyTuple_GET_SIZE(keys.ptr()));
  types_.push_back(nb::borrow(o.type()));
  for (nb::handle name : keys) {
    if (!is_plain_field(type, name.ptr())) return false;
    const nb::object field = nb::getattr(o, name);
    if (!describe(field, false, depth + 1)) return false;
  }
  if (nb::len(keys) == 0) _PyType_Lookup(type, nb::str("__doc__").ptr());
  parts_[at].version = version_of(type);
  return parts_[at].version != 0;
}

bool CallForm::describe_static(nb::handle o) {
  PyObject* p = o.ptr();
  if (parts_.size() >= kMostParts) return false;
  if (PySlice_Check(p)) {
    const auto* slice = reinterpret_cast<PySliceObject*>(p);
    add(Kind::slice, &PySlice_Type);
    return describe_static(slice->start) && describe_static(slice->stop) && describe_static(slice->step);
  }
  if (PyTuple_CheckExact(p)) {
    add(Kind::tuple, Py_TYPE(p), {}, PyTuple_GET_SIZE(p));
    for (nb::handle item : nb::borrow<nb::tuple>(o)) {
      if (!describe_static(item)) return false;
    }
    return true;
  }
  if (!has_value(p) && Py_TYPE(p)->tp_weaklistoffset != 0) {
    add_weak(o);
  } else {
    add(has_value(p) ? Kind::equal : Kind::same, Py_TYPE(p), nb::borrow(o));
  }
  return true;
}

void CallForm::add_weak(nb::handle o) {
  nb::object weak = nb::steal(PyWeakref_NewRef(o.ptr(), nullptr));
  if (!weak.is_valid()) throw nb::python_error();
  add(Kind::weak, nullptr, std::move(weak));
}

bool CallForm::match_other(PyObject* o, const Part*& part, CallLeaves& leaves) const {
  const Part& p = *part;
  switch (p.kind) {
    case Kind::array:
      return false;
    case Kind::derived:
      ++part;
      return Py_TYPE(o) == p.type && leaves.add(array_of(o));
    case Kind::numpy:
    case Kind::numpy_scalar:
      ++part;
      return Py_TYPE(o) == p.type && add_numpy(o, p.kind == Kind::numpy_scalar, p.lent, leaves);
    case Kind::slice: {
      ++part;
      if (Py_TYPE(o) != p.type) return false;
      const auto* slice = reinterpret_cast<PySliceObject*>(o);
      return match(slice->start, part, leaves) && match(slice->stop, part, leaves) && match(slice->step, part, leaves);
    }
    case Kind::same:
      ++part;
      return o == p.value.ptr();
    case Kind::equal:
      ++part;
      return o == p.value.ptr() || (Py_TYPE(o) == p.type && are_equal(o, p.value.ptr()));
    case Kind::weak:
      ++part;
      return is_target(p.value.ptr(), o);
    case Kind::strict_array:
      ++part;
      return is_strict_array(o) && strict_device_of(o) == p.device && strict_flags() == p.flags &&
             leaves.add(strict_array_of(o));
    case Kind::dict:
      return match_dict(o, part, leaves);
    case Kind::dataclass:
      return match_dataclass(o, part, leaves);
    case Kind::tuple:
    case Kind::list:
      break;
  }
  if (Py_TYPE(o) != p.type || static_cast<std::size_t>(Py_SIZE(o)) != p.count) return false;
  ++part;
  for (std::size_t i = 0; i < p.count; ++i) {
    const auto at = static_cast<Py_ssize_t>(i);
    if (!match(p.kind == Kind::list ? PyList_GET_ITEM(o, at) : PyTuple_GET_ITEM(o, at), part, leaves)) return false;
  }
  return true;
}

// The order of the keys is part of the form.
bool CallForm::match_dict(PyObject* o, const Part*& part, CallLeaves& leaves) const {
  const Part& p = *part++;
  if (Py_TYPE(o) != p.type || static_cast<std::size_t>(PyDict_GET_SIZE(o)) != p.count) return false;
  PyObject *key, *value;
  Py_ssize_t next = 0;
  for (Py_ssize_t i = 0; PyDict_Next(o, &next, &key, &value); ++i) {
    PyObject* wanted = PyTuple_GET_ITEM(p.value.ptr(), i);
    const bool same = key == wanted || (Py_TYPE(key) == Py_TYPE(wanted) && has_value(key) && are_equal(key, wanted));
    if (!same || !match(value, part, leaves)) return false;
  }
  return true;
}

// Arrays in fields are held by what they are added to, other objects by the dataclass itself, as no code runs
// meanwhile.
bool CallForm::match_dataclass(PyObject* o, const Part*& part, CallLeaves& leaves) const {
  const Part& p = *part++;
  if (Py_TYPE(o) != p.type || version_of(p.type) != p.version) return false;
  for (std::size_t i = 0; i < p.count; ++i) {
    const nb::object field =
        nb::steal(PyObject_GenericGetAttr(o, PyTuple_GET_ITEM(p.value.ptr(), static_cast<Py_ssize_t>(i))));
    if (!field.is_valid()) {
      PyErr_Clear();
      return false;
    }
    if (!match(field.ptr(), part, leaves)) return false;
  }
  return true;
}

bool CallForm::same_names(PyObject* names) const {
  if (names == nullptr || !names_.is_valid() || PyTuple_GET_SIZE(names) != PyTuple_GET_SIZE(names_.ptr())) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
    PyObject *a = PyTuple_GET_ITEM(names, i), *b = PyTuple_GET_ITEM(names_.ptr(), i);
    if (a != b && !(PyUnicode_CheckExact(a) && PyUnicode_CheckExact(b) && are_equal(a, b))) return false;
  }
  return true;
}

int CallForm::traverse(visitproc visit, void* arg) const {
  Py_VISIT(names_.ptr());
  for (const Part& p : parts_) Py_VISIT(p.value.ptr());
  for (const nb::object& t : types_) Py_VISIT(t.ptr());
  return 0;
}

}  // namespace tnp::python

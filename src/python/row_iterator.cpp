// iter(x): the rows, or elements, of an array one after the other. Python's own iterator over a sequence
// ends on an IndexError, which takes longer than some rows.
#include "python/row_iterator.h"

#include "python/elements.h"

namespace tnp::python {

namespace {

struct RowIterator {
  PyObject_HEAD PyObject* array;  // null at the end
  std::int64_t next, end;
  const detail::Node* vector;  // of an array of one axis in memory; else null
};

PyTypeObject* g_type = nullptr;
// Dead iterators for the next ones: a loop over rows makes one for each.
constexpr int kMostSpare = 8;
RowIterator* g_spare[kMostSpare];
int g_spare_count = 0;

void deallocate(PyObject* self) {
  auto* it = reinterpret_cast<RowIterator*>(self);
  Py_CLEAR(it->array);
  if (g_spare_count < kMostSpare) {
    g_spare[g_spare_count++] = it;
    return;
  }
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* next_row(PyObject* self) {
  auto* it = reinterpret_cast<RowIterator*>(self);
  if (it->array == nullptr) return nullptr;
  if (it->next == it->end) {
    Py_CLEAR(it->array);
    return nullptr;
  }
  const std::int64_t i = it->next++;
  if (it->vector != nullptr && active_observers == nullptr) {
    try {
      return wrap_element(it->vector->data + i * it->vector->strides[0], it->vector->dtype);
    } catch (...) {
      set_error_from_current_exception();
      return nullptr;
    }
  }
  return row_object(it->array, i);
}

PyObject* length_hint(PyObject* self, PyObject*) {
  const auto* it = reinterpret_cast<RowIterator*>(self);
  return PyLong_FromLongLong(it->array == nullptr ? 0 : it->end - it->next);
}

// Copied and pickled as Python's own iterators over sequences: iter(array), then its place.
PyObject* reduce(PyObject* self, PyObject*) {
  const auto* it = reinterpret_cast<RowIterator*>(self);
  const nb::object iter = nb::module_::import_("builtins").attr("iter");
  if (it->array == nullptr) return Py_BuildValue("O(())", iter.ptr());
  return Py_BuildValue("O(O)L", iter.ptr(), it->array, static_cast<long long>(it->next));
}

PyObject* set_state(PyObject* self, PyObject* place) {
  auto* it = reinterpret_cast<RowIterator*>(self);
  const long long next = PyLong_AsLongLong(place);
  if (next == -1 && PyErr_Occurred()) return nullptr;
  if (next >= 0 && next <= it->end) it->next = next;
  Py_RETURN_NONE;
}

PyTypeObject* make_type() {
  static PyMethodDef methods[] = {
      {"__length_hint__", length_hint, METH_NOARGS, nullptr},
      {"__reduce__", reduce, METH_NOARGS, nullptr},
      {"__setstate__", set_state, METH_O, nullptr},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
      {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
      {Py_tp_iternext, reinterpret_cast<void*>(next_row)},
      {Py_tp_methods, methods},
      {0, nullptr},
  };
  static PyType_Spec spec = {"tnp._row_iterator", sizeof(RowIterator), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

}  // namespace

PyObject* row_iterator(PyObject* array, std::int64_t size) {
  if (g_type == nullptr && (g_type = make_type()) == nullptr) return nullptr;
  RowIterator* it;
  if (g_spare_count > 0) {
    it = g_spare[--g_spare_count];
    Py_SET_REFCNT(reinterpret_cast<PyObject*>(it), 1);
  } else {
    it = PyObject_New(RowIterator, g_type);
    if (it == nullptr) return nullptr;
  }
  it->array = Py_NewRef(array);
  it->next = 0;
  it->end = size;
  const Array& x = array_of(array);
  const bool vector = x.state() == State::concrete && x.shape().ndim() == 1 && is_numeric(x.dtype());
  it->vector = vector ? x.node() : nullptr;
  return reinterpret_cast<PyObject*>(it);
}

}  // namespace tnp::python

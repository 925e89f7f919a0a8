// x.flat: an iterator over the elements in row-major order, which can also be indexed.
#include "base/dim.h"
#include "python/arguments.h"
#include "python/elements.h"
#include "python/indexing.h"
#include "python/iterator_type.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"

namespace tnp::python {

namespace {

struct Flat {
  nb::object base;
  Array elements;  // in a row; made when the first is asked for
  std::int64_t next = 0;
  const detail::Node* vector = nullptr;  // the elements' node, where they are in memory
};
using FlatType = IteratorType<Flat>;

const Array& elements_of(Flat& f) {
  if (!f.elements) {
    const Array& x = array_of(f.base.ptr());
    f.elements = reshape(x, {x.size()});
    if (!x.is_symbolic() && is_numeric(x.dtype())) {
      f.elements.data();  // a pending value is computed once
      f.vector = f.elements.node();
    }
  }
  return f.elements;
}

// Element i, which there is.
PyObject* element(const Array& elements, std::int64_t i) {
  if (elements.state() == State::concrete && is_numeric(elements.dtype()) && elements_unwatched())
    return wrap_element(elements.node()->data + i * elements.node()->strides[0], elements.dtype());
  const IndexItem item(i);
  return wrap(getitem(elements, {&item, 1}));
}

std::int64_t count(Flat& f) {
  const std::int64_t size = elements_of(f).shape()[0];
  return is_symbolic(size) ? Value(dim_object(size).ptr()).integer() : size;
}

PyObject* next_element(PyObject* self) {
  Flat& f = FlatType::of(self);
  try {
    if (const detail::Node* v = f.vector; v != nullptr && elements_unwatched()) {
      if (f.next >= v->shape[0]) return nullptr;
      return wrap_element(v->data + f.next++ * v->strides[0], v->dtype);
    }
    if (f.next >= count(f)) return nullptr;
    return element(f.elements, f.next++);
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

Py_ssize_t length(PyObject* self) {
  try {
    return count(FlatType::of(self));
  } catch (...) {
    set_error_from_current_exception();
    return -1;
  }
}

PyObject* subscript(PyObject* self, PyObject* key) {
  return iterator_call([&]() -> PyObject* {
    const Array& elements = elements_of(FlatType::of(self));
    std::int64_t i;
    const std::int64_t size = elements.shape()[0];
    if (size >= 0 && small_int(key, i) && i < size && i >= -size) return element(elements, i < 0 ? i + size : i);
    if (Array quick = quick_getitem(elements, key)) return wrap(std::move(quick));
    return wrap(getitem(elements, parse_index(key)));
  });
}

int assign(PyObject*, PyObject*, PyObject*) {
  PyErr_SetString(PyExc_TypeError,
                  "tnp arrays are immutable: x.flat does not support item assignment; "
                  "x.reshape(-1).at[i].set(v).reshape(x.shape) returns an updated copy");
  return -1;
}

nb::object coordinates(Flat& f) {
  const nb::object sizes = f.base.attr("shape");
  nb::object rest = nb::int_(f.next);
  nb::list out;
  for (std::size_t axis = nb::len(sizes); axis-- > 0;) {
    const nb::object size = axis == 0 ? nb::object(nb::int_(0)) : nb::object(sizes[axis]);  // the first may be its end
    const bool divides = !size.equal(nb::int_(0));
    out.insert(0, divides ? nb::object(rest % size) : rest);
    if (divides) rest = rest.floor_div(size);
  }
  return nb::tuple(out);
}

PyObject* as_numpy(PyObject* self, PyObject* args, PyObject* kwargs) {
  return iterator_call([&] {
    const nb::object method = to_python(elements_of(FlatType::of(self))).attr("__array__");
    nb::object result = nb::steal(PyObject_Call(method.ptr(), args, kwargs));
    if (!result.is_valid()) throw nb::python_error();
    return result;
  });
}

PyGetSetDef g_attributes[] = {
    {"base", iterator_getter<Flat, [](Flat& f) { return f.base; }>, nullptr, "The array.", nullptr},
    {"index", iterator_getter<Flat, [](Flat& f) { return PyLong_FromLongLong(f.next); }>, nullptr,
     "The place of the next element.", nullptr},
    {"coords", iterator_getter<Flat, &coordinates>, nullptr, "The indices of the next element.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef g_methods[] = {
    {"__array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(as_numpy)), METH_VARARGS | METH_KEYWORDS,
     nullptr},
    {"copy", iterator_method<Flat, [](Flat& f) { return to_python(copy(elements_of(f))); }>, METH_NOARGS,
     "copy($self, /)\n--\n\nThe elements as an array of one axis."},
    {nullptr, nullptr, 0, nullptr},
};

PyObject* flat_of(PyObject* array, void*) {
  return iterator_call([&] {
    const Array& x = array_of(array);
    if (!x.shape().rank_known()) x.ndim();  // throws
    return FlatType::make({nb::borrow(array), Array(), 0, nullptr});
  });
}

PyGetSetDef g_flat = {"flat", flat_of, nullptr, "The elements in row-major order, to iterate over or to index.",
                      nullptr};

}  // namespace

void bind_flat(nb::module_& m, nb::handle array) {
  m.attr("flatiter") =
      FlatType::define("tnp.flatiter", "x.flat: the elements in row-major order, to iterate over or to index.", nullptr,
                       {{Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                        {Py_tp_iternext, reinterpret_cast<void*>(next_element)},
                        {Py_mp_length, reinterpret_cast<void*>(length)},
                        {Py_sq_length, reinterpret_cast<void*>(length)},
                        {Py_mp_subscript, reinterpret_cast<void*>(subscript)},
                        {Py_mp_ass_subscript, reinterpret_cast<void*>(assign)},
                        {Py_tp_getset, g_attributes},
                        {Py_tp_methods, g_methods}});
  array.attr("flat") = nb::steal(PyDescr_NewGetSet(array_type(), &g_flat));
}

}  // namespace tnp::python

// tnp.ndindex, tnp.ndenumerate, tnp.broadcast.
#include "base/dim.h"
#include "python/arguments.h"
#include "python/element_walk.h"
#include "python/indexing.h"
#include "python/iterator_type.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

// --- ndindex

struct Indices {
  Shape sizes;
  Strides index;
  bool finished = false;
};

PyObject* next_index(Indices& it) {
  if (it.finished) return nullptr;
  nb::object out = index_tuple({it.index.data(), static_cast<std::size_t>(it.index.size())});
  it.finished = true;
  for (int axis = it.sizes.ndim() - 1; axis >= 0; --axis) {
    if (++it.index[axis] < it.sizes[axis]) {
      it.finished = false;
      break;
    }
    it.index[axis] = 0;
  }
  return out.release().ptr();
}

TNP_FUNCTION(ndindex, 0u, "(*shape)", "") {
  Indices it;
  nb::object sequence;
  std::span<PyObject* const> sizes = args.rest;
  if (sizes.size() == 1 && !PyLong_Check(sizes[0])) {
    sequence = nb::steal(PySequence_Tuple(sizes[0]));
    if (!sequence.is_valid()) throw nb::python_error();
    sizes = {&PyTuple_GET_ITEM(sequence.ptr(), 0), static_cast<std::size_t>(PyTuple_GET_SIZE(sequence.ptr()))};
  }
  for (PyObject* o : sizes) {
    const std::int64_t size = Value(o).integer();
    if (size < 0) throw ValueError("negative dimensions are not allowed");
    it.sizes.push_back(size);
    it.index.push_back(0);
    it.finished = it.finished || size == 0;
  }
  return IteratorType<Indices>::make(std::move(it));
}

// --- ndenumerate

struct Enumeration {
  ElementWalk walk;
};

PyObject* next_pair(Enumeration& it) {
  if (it.walk.finished()) return nullptr;
  nb::object index = index_tuple(it.walk.index());
  nb::object element = nb::steal(it.walk.element(0));
  it.walk.step();
  PyObject* pair = PyTuple_New(2);
  if (pair == nullptr) throw nb::python_error();
  PyTuple_SET_ITEM(pair, 0, index.release().ptr());
  PyTuple_SET_ITEM(pair, 1, element.release().ptr());
  return pair;
}

TNP_FUNCTION(ndenumerate, 0u, "(arr)", "") {
  const Array x = Value(args.values[0]).array();
  return IteratorType<Enumeration>::make({ElementWalk({&x, 1}, nullptr, false)});
}

// --- broadcast

struct Broadcast {
  ElementWalk walk;
};

PyObject* next_elements(Broadcast& it) {
  if (it.walk.finished()) return nullptr;
  PyObject* out = it.walk.elements();
  it.walk.step();
  return out;
}

TNP_FUNCTION(broadcast, 0u, "(*arrays)", "") {
  Arrays arrays;
  arrays.reserve(args.rest.size());
  for (PyObject* o : args.rest) arrays.push_back(Value(o).array());
  return IteratorType<Broadcast>::make({ElementWalk(arrays, nullptr, false)});
}

nb::object flat_iterators(Broadcast& b) {
  nb::object out = nb::steal(PyTuple_New(b.walk.count()));
  for (int k = 0; k < b.walk.count(); ++k)
    PyTuple_SET_ITEM(out.ptr(), k, nb::object(to_python(b.walk.view(k)).attr("flat")).release().ptr());
  return out;
}

PyObject* number_of_axes(Broadcast& b) { return PyLong_FromLong(b.walk.shape().ndim()); }

PyGetSetDef g_broadcast_attributes[] = {
    {"shape", iterator_getter<Broadcast, [](Broadcast& b) { return shape_object(b.walk.shape()); }>, nullptr,
     "The sizes of the axes.", nullptr},
    {"ndim", iterator_getter<Broadcast, &number_of_axes>, nullptr, "How many axes there are.", nullptr},
    {"nd", iterator_getter<Broadcast, &number_of_axes>, nullptr, "How many axes there are.", nullptr},
    {"size",
     iterator_getter<Broadcast, [](Broadcast& b) { return PyLong_FromLongLong(b.walk.shape().num_elements()); }>,
     nullptr, "How many elements there are.", nullptr},
    {"numiter", iterator_getter<Broadcast, [](Broadcast& b) { return PyLong_FromLong(b.walk.count()); }>, nullptr,
     "How many arrays there are.", nullptr},
    {"index", iterator_getter<Broadcast, [](Broadcast& b) { return PyLong_FromLongLong(b.walk.place()); }>, nullptr,
     "Where the iterator is.", nullptr},
    {"iters", iterator_getter<Broadcast, &flat_iterators>, nullptr, "Of each array an iterator of its own.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef g_broadcast_methods[] = {
    {"reset", iterator_method<Broadcast, [](Broadcast& b) { return b.walk.seek(0), nb::object(nb::none()); }>,
     METH_NOARGS, "reset($self, /)\n--\n\nBegins again."},
    {nullptr, nullptr, 0, nullptr},
};

template <class T, auto Next>
std::vector<PyType_Slot> iterator_slots() {
  return {{Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
          {Py_tp_iternext, reinterpret_cast<void*>(&iterator_slot<T, Next>)}};
}

}  // namespace

void bind_index_iterators(nb::module_& m) {
  m.attr("ndindex") = IteratorType<Indices>::define(
      "tnp._index_tricks.ndindex",
      "ndindex(*shape)\n--\n\nIterates over the indices of an array of this shape, the last the fastest.",
      &construct_by<&ndindex_function>, iterator_slots<Indices, &next_index>());
  m.attr("ndenumerate") = IteratorType<Enumeration>::define(
      "tnp._index_tricks.ndenumerate",
      "ndenumerate(arr)\n--\n\nIterates over pairs of an index and the element there, a 0-d array.",
      &construct_by<&ndenumerate_function>, iterator_slots<Enumeration, &next_pair>());
  std::vector<PyType_Slot> slots = iterator_slots<Broadcast, &next_elements>();
  slots.push_back({Py_tp_getset, g_broadcast_attributes});
  slots.push_back({Py_tp_methods, g_broadcast_methods});
  m.attr("broadcast") = IteratorType<Broadcast>::define(
      "tnp._index_tricks.broadcast",
      "broadcast(*arrays)\n--\n\nArrays broadcast together: their shape, and tuples of their elements to iterate over.",
      &construct_by<&broadcast_function>, slots);
}

}  // namespace tnp::python

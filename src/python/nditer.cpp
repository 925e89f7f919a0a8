// tnp.nditer and tnp.nested_iters: iterators over arrays broadcast together, to read them.
#include <memory>
#include <optional>

#include "python/arguments.h"
#include "python/element_walk.h"
#include "python/indexing.h"
#include "python/iterator_type.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"

namespace tnp::python {

namespace {

struct Flags {
  bool loop = false, multi_index = false, c_index = false, f_index = false, common_dtype = false, empty = false;
  bool column_major = false;
};

struct NdIter;

// What an iterator of nested_iters goes over: some axes of the arrays, at the place where the outer ones are.
struct Nesting {
  nb::object outer;  // an nditer, or null
  Arrays arrays;
  std::vector<int> axes;
};

struct NdIter {
  ElementWalk walk;
  Arrays operands;
  Flags flags;
  std::int64_t place = 0;
  bool started = false;
  std::shared_ptr<const Nesting> nesting;

  bool finished() const { return place >= walk.size(); }
  bool has_index() const { return flags.c_index || flags.f_index; }
};
using NdIterType = IteratorType<NdIter>;

// --- arguments

void read_flag(Flags& flags, const std::string& name) {
  static constexpr const char* kWithoutEffect[] = {"buffered",  "copy_if_overlap", "delay_bufalloc", "grow_inner",
                                                   "growinner", "ranged",          "reduce_ok",      "refs_ok"};
  if (name == "external_loop") {
    flags.loop = true;
  } else if (name == "multi_index") {
    flags.multi_index = true;
  } else if (name == "c_index") {
    flags.c_index = true;
  } else if (name == "f_index") {
    flags.f_index = true;
  } else if (name == "common_dtype") {
    flags.common_dtype = true;
  } else if (name == "zerosize_ok") {
    flags.empty = true;
  } else if (std::find(std::begin(kWithoutEffect), std::end(kWithoutEffect), name) == std::end(kWithoutEffect)) {
    throw ValueError("Unexpected iterator global flag \"" + name + "\"");
  }
}

template <class F>
void for_each(PyObject* sequence, F&& f) {
  for (nb::handle each : nb::borrow<nb::iterable>(nb::handle(sequence))) f(each.ptr());
}

Flags read_flags(const Value& given, const Value& order) {
  Flags flags;
  if (given.given()) for_each(given.ptr(), [&](PyObject* o) { read_flag(flags, Value(o).text("")); });
  flags.column_major = order.order() == Order::f;
  if (flags.loop && (flags.multi_index || flags.c_index || flags.f_index))
    throw ValueError("Iterator flag EXTERNAL_LOOP cannot be used if an index or multi-index is being tracked");
  return flags;
}

bool is_list(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o); }

void refuse_writing(PyObject* flags) {
  for_each(flags, [](PyObject* o) {
    const std::string name = Value(o).text("");
    if (name == "readwrite" || name == "writeonly")
      throw TypeError("nditer: tnp arrays are immutable: the only access is 'readonly'; use the result of a function");
  });
}

// The operands of a call, and whether the flags of each let it read them.
Arrays read_operands(const Value& op, const Value& op_flags) {
  if (op_flags.given()) {
    bool names = false;  // the same for all
    for_each(op_flags.ptr(), [&](PyObject* o) { names = names || PyUnicode_Check(o); });
    if (names) {
      refuse_writing(op_flags.ptr());
    } else {
      for_each(op_flags.ptr(), &refuse_writing);
    }
  }
  Arrays arrays;
  const auto read = [&arrays](PyObject* o) {
    if (o == Py_None) throw TypeError("nditer: there is nothing to allocate, as tnp arrays are immutable");
    arrays.push_back(Value(o).array());
  };
  if (is_list(op.ptr())) {
    for_each(op.ptr(), read);
  } else {
    read(op.ptr());
  }
  if (arrays.empty()) throw ValueError("Must provide at least one operand");
  return arrays;
}

void check_count(PyObject* list, std::size_t count, const char* what) {
  if (PyObject_Size(list) != static_cast<Py_ssize_t>(count))
    throw ValueError(std::string("nditer: ") + what + " needs an entry for each operand");
}

Array with_axes(const Array& x, PyObject* axes) {
  Axes own, added;
  std::int64_t k = 0;
  for_each(axes, [&](PyObject* o) {
    const std::int64_t axis = o == Py_None ? -1 : Value(o).integer();
    if (axis < 0) {
      added.push_back(k);
    } else {
      own.push_back(axis);
    }
    ++k;
  });
  const Array y = permute_dims(x, own);
  return added.empty() ? y : expand_dims(y, added);
}

Array cast_to(const Array& x, DType dtype, const Value& casting) {
  const Casting rule = casting.given() ? casting.casting() : Casting::safe;
  if (!can_cast(x.dtype(), dtype, rule)) {
    throw TypeError("Iterator operand could not be cast from dtype('" + std::string(name(x.dtype())) + "') to dtype('" +
                    std::string(name(dtype)) + "') according to the rule '" + casting.text("safe") + "'");
  }
  return astype(x, dtype);
}

void cast_operands(Arrays& arrays, const Flags& flags, const Value& op_dtypes, const Value& casting) {
  if (flags.common_dtype) {
    DType common = arrays[0].dtype();
    for (const Array& x : arrays) common = promote(common, x.dtype());
    for (Array& x : arrays) x = cast_to(x, common, casting);
  } else if (op_dtypes.given() && is_list(op_dtypes.ptr())) {
    check_count(op_dtypes.ptr(), arrays.size(), "op_dtypes");
    auto x = arrays.begin();
    for_each(op_dtypes.ptr(), [&](PyObject* o) {
      if (o != Py_None) *x = cast_to(*x, dtype_of(nb::handle(o)), casting);
      ++x;
    });
  } else if (op_dtypes.given()) {
    for (Array& x : arrays) x = cast_to(x, *op_dtypes.dtype(), casting);
  }
}

// --- state

void start(NdIter& it, Arrays arrays, const Shape* shape) {
  it.walk = ElementWalk(arrays, shape, it.flags.column_major);
  it.operands = std::move(arrays);
  if (it.walk.size() == 0 && !it.flags.empty) throw ValueError("Iteration of zero-sized operands is not enabled");
  it.place = 0;
  it.started = false;
}

// itershape: -1 is for the size that the operands have there.
Shape shape_of_iteration(std::span<const Array> arrays, PyObject* itershape) {
  std::vector<Shape> shapes;
  for (const Array& x : arrays) shapes.push_back(x.shape());
  const Shape together = fixed_sizes(broadcast_shapes(shapes));
  std::vector<std::int64_t> asked;
  for_each(itershape, [&](PyObject* o) { asked.push_back(Value(o).integer()); });
  const int missing = static_cast<int>(asked.size()) - together.ndim();
  if (missing < 0) throw ValueError("nditer: itershape has fewer axes than the operands");
  Shape out;
  for (int i = 0; i < static_cast<int>(asked.size()); ++i) {
    const std::int64_t size = asked[static_cast<std::size_t>(i)];
    out.push_back(size >= 0 ? size : i < missing ? 1 : together[i - missing]);
  }
  for (const Array& x : arrays) broadcast_to(x, out);  // throws where it does not fit
  return out;
}

// Where the outer iterators are, the axes of this one.
void place_inside(NdIter& it) {
  const Nesting& nesting = *it.nesting;
  const int ndim = nesting.arrays[0].ndim();
  std::vector<std::optional<std::int64_t>> fixed(static_cast<std::size_t>(ndim));
  for (PyObject* o = nesting.outer.ptr(); o != nullptr;) {
    const NdIter& outer = NdIterType::of(o);
    const std::span<const std::int64_t> index = outer.walk.index();
    for (std::size_t k = 0; k < outer.nesting->axes.size(); ++k)
      fixed[static_cast<std::size_t>(outer.nesting->axes[k])] = index[k];
    o = outer.nesting->outer.ptr();
  }
  const auto is_own = [&](int axis) {
    return std::find(nesting.axes.begin(), nesting.axes.end(), axis) != nesting.axes.end();
  };
  std::vector<IndexItem> items;
  std::vector<int> kept;
  for (int axis = 0; axis < ndim; ++axis) {
    const std::optional<std::int64_t>& at = fixed[static_cast<std::size_t>(axis)];
    if (!at && is_own(axis)) {
      items.push_back(IndexItem::slice(std::nullopt, std::nullopt, 1));
      kept.push_back(axis);
    } else {
      items.emplace_back(at.value_or(0));
    }
  }
  Axes order;
  for (const int axis : nesting.axes) order.push_back(std::find(kept.begin(), kept.end(), axis) - kept.begin());
  Arrays views;
  for (const Array& x : nesting.arrays) views.push_back(permute_dims(getitem(x, items), order));
  start(it, std::move(views), nullptr);
}

nb::object index_there(NdIter& it) {
  if (!it.flags.multi_index) throw ValueError("Iterator is not tracking a multi-index");
  return index_tuple(it.walk.index());
}

PyObject* flat_index(NdIter& it) {
  if (!it.has_index()) throw ValueError("Iterator does not have an index");
  const std::span<const std::int64_t> index = it.walk.index();
  const int ndim = static_cast<int>(index.size());
  std::int64_t flat = 0;
  for (int k = 0; k < ndim; ++k) {
    const int axis = it.flags.f_index ? ndim - 1 - k : k;
    flat = flat * it.walk.shape()[axis] + index[static_cast<std::size_t>(axis)];
  }
  return PyLong_FromLongLong(flat);
}

PyObject* all_elements(NdIter& it, int k) {
  return wrap(ravel(it.walk.view(k), it.flags.column_major ? Order::f : Order::c));
}

nb::object values(NdIter& it) {
  if (it.finished()) throw ValueError("Iterator is past the end");
  if (!it.flags.loop) return nb::steal(it.walk.elements());
  nb::object out = nb::steal(PyTuple_New(it.walk.count()));
  for (int k = 0; k < it.walk.count(); ++k) PyTuple_SET_ITEM(out.ptr(), k, all_elements(it, k));
  return out;
}

PyObject* value(NdIter& it) {
  if (it.walk.count() > 1) return values(it).release().ptr();
  if (it.finished()) throw ValueError("Iterator is past the end");
  return it.flags.loop ? all_elements(it, 0) : it.walk.element(0);
}

void advance(NdIter& it) {
  it.place += it.flags.loop ? it.walk.size() : 1;
  if (!it.flags.loop) it.walk.step();
}

PyObject* next_value(NdIter& it) {
  if (it.started && !it.finished()) advance(it);
  it.started = true;
  return it.finished() ? nullptr : value(it);
}

nb::object reset(NdIter& it) {
  it.place = 0;
  it.started = false;
  it.walk.seek(0);
  return nb::none();
}

int set_place(PyObject* self, PyObject* place, void*) {
  try {
    if (place == nullptr) throw TypeError("nditer: iterindex can not be deleted");
    NdIter& it = NdIterType::of(self);
    const std::int64_t to = Value(place).integer();
    if (to < 0 || to > it.walk.size())
      throw IndexError("Iterator GotoIterIndex called with an iterindex outside the iteration range.");
    it.place = to;
    it.walk.seek(to);
    return 0;
  } catch (...) {
    set_error_from_current_exception();
    return -1;
  }
}

template <class F>
nb::object tuple_of(NdIter& it, F&& each) {
  nb::list out;
  for (int k = 0; k < it.walk.count(); ++k) out.append(each(k));
  return nb::tuple(out);
}

nb::object copy_of(NdIter& it) { return NdIterType::make(it); }
nb::object nothing(NdIter&) { return nb::none(); }

PyGetSetDef g_attributes[] = {
    {"iterindex", iterator_getter<NdIter, [](NdIter& it) { return PyLong_FromLongLong(it.place); }>, set_place,
     "How many elements come before.", nullptr},
    {"finished", iterator_getter<NdIter, [](NdIter& it) { return PyBool_FromLong(it.finished()); }>, nullptr,
     "Whether all has been read.", nullptr},
    {"iterationneedsapi", iterator_getter<NdIter, [](NdIter&) { return PyBool_FromLong(0); }>, nullptr,
     "Never: elements are numbers.", nullptr},
    {"has_delayed_bufalloc", iterator_getter<NdIter, [](NdIter&) { return PyBool_FromLong(0); }>, nullptr,
     "Never: there are no buffers.", nullptr},
    {"has_multi_index", iterator_getter<NdIter, [](NdIter& it) { return PyBool_FromLong(it.flags.multi_index); }>,
     nullptr, "Whether there is a multi_index.", nullptr},
    {"has_index", iterator_getter<NdIter, [](NdIter& it) { return PyBool_FromLong(it.has_index()); }>, nullptr,
     "Whether there is an index.", nullptr},
    {"multi_index", iterator_getter<NdIter, &index_there>, nullptr, "Where the iterator is.", nullptr},
    {"index", iterator_getter<NdIter, &flat_index>, nullptr, "Where the iterator is in the flat array.", nullptr},
    {"value", iterator_getter<NdIter, &value>, nullptr,
     "The elements there: one, or a tuple; with external_loop all of them.", nullptr},
    {"itersize", iterator_getter<NdIter, [](NdIter& it) { return PyLong_FromLongLong(it.walk.size()); }>, nullptr,
     "How many elements there are.", nullptr},
    {"ndim", iterator_getter<NdIter, [](NdIter& it) { return PyLong_FromLong(it.walk.shape().ndim()); }>, nullptr,
     "How many axes there are.", nullptr},
    {"nop", iterator_getter<NdIter, [](NdIter& it) { return PyLong_FromLong(it.walk.count()); }>, nullptr,
     "How many operands there are.", nullptr},
    {"shape", iterator_getter<NdIter, [](NdIter& it) { return shape_object(it.walk.shape()); }>, nullptr,
     "The sizes of the axes.", nullptr},
    {"operands",
     iterator_getter<NdIter,
                     [](NdIter& it) {
                       return tuple_of(it, [&](int k) { return to_python(it.operands[static_cast<std::size_t>(k)]); });
                     }>,
     nullptr, "The arrays.", nullptr},
    {"itviews",
     iterator_getter<NdIter,
                     [](NdIter& it) { return tuple_of(it, [&](int k) { return to_python(it.walk.view(k)); }); }>,
     nullptr, "The arrays, broadcast.", nullptr},
    {"dtypes",
     iterator_getter<NdIter,
                     [](NdIter& it) {
                       return tuple_of(
                           it, [&](int k) { return dtype_object(it.operands[static_cast<std::size_t>(k)].dtype()); });
                     }>,
     nullptr, "The operands' types.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyObject* exit_scope(PyObject*, PyObject*) { Py_RETURN_NONE; }

PyMethodDef g_methods[] = {
    {"reset", iterator_method<NdIter, &reset>, METH_NOARGS, "reset($self, /)\n--\n\nBegins again."},
    {"iternext", iterator_method<NdIter, [](NdIter& it) { return advance(it), PyBool_FromLong(!it.finished()); }>,
     METH_NOARGS, "iternext($self, /)\n--\n\nGoes on; whether there is something."},
    {"copy", iterator_method<NdIter, &copy_of>, METH_NOARGS, "copy($self, /)\n--\n\nAn iterator at the same place."},
    {"__copy__", iterator_method<NdIter, &copy_of>, METH_NOARGS, nullptr},
    {"close", iterator_method<NdIter, &nothing>, METH_NOARGS,
     "close($self, /)\n--\n\nNothing is left to be written back."},
    {"__enter__", [](PyObject* self, PyObject*) { return Py_NewRef(self); }, METH_NOARGS, nullptr},
    {"__exit__", exit_scope, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyObject* subscript(PyObject* self, PyObject* key) {
  return iterator_call([&] {
    const nb::object all = values(NdIterType::of(self));
    nb::object found = nb::steal(PyObject_GetItem(all.ptr(), key));
    if (!found.is_valid()) throw nb::python_error();
    return found;
  });
}

Py_ssize_t count(PyObject* self) { return NdIterType::of(self).walk.count(); }

// Of nested iterators one begins anew, where the outer ones are now.
PyObject* iterate(PyObject* self) {
  return iterator_call([self] {
    NdIter& it = NdIterType::of(self);
    if (it.nesting) place_inside(it);
    return nb::borrow(self);
  });
}

TNP_FUNCTION(nditer, 0u,
             "(op, flags=None, op_flags=None, op_dtypes=None, order='K', casting='safe', op_axes=None, itershape=None, "
             "buffersize=0)",
             "") {
  const auto [op, flags, op_flags, op_dtypes, order, casting, op_axes, itershape] = take<8>(args);
  NdIter it;
  it.flags = read_flags(flags, order);
  Arrays arrays = read_operands(op, op_flags);
  if (op_axes.given()) {
    check_count(op_axes.ptr(), arrays.size(), "op_axes");
    auto x = arrays.begin();
    for_each(op_axes.ptr(), [&](PyObject* axes) {
      if (axes != Py_None) *x = with_axes(*x, axes);
      ++x;
    });
  }
  cast_operands(arrays, it.flags, op_dtypes, casting);
  std::optional<Shape> shape;
  if (itershape.given()) shape = shape_of_iteration(arrays, itershape.ptr());
  start(it, std::move(arrays), shape ? &*shape : nullptr);
  return NdIterType::make(std::move(it));
}

TNP_FUNCTION(nested_iters, kFunction,
             "(op, axes, flags=None, op_flags=None, op_dtypes=None, order='K', casting='safe', buffersize=0)",
             "Iterators over groups of axes, each at the place where those before it are.") {
  const auto [op, axes, flags, op_flags, op_dtypes, order, casting] = take<7>(args);
  const Flags read = read_flags(flags, order);
  Arrays arrays = broadcast_arrays(read_operands(op, op_flags));
  std::vector<std::vector<int>> groups;
  std::vector<bool> used(static_cast<std::size_t>(arrays[0].ndim()));
  for_each(axes.ptr(), [&](PyObject* group) {
    groups.emplace_back();
    for_each(group, [&](PyObject* o) {
      const std::int64_t axis = Value(o).integer();
      if (axis < 0 || axis >= arrays[0].ndim()) throw ValueError("nested_iters: an axis is out of bounds");
      if (used[static_cast<std::size_t>(axis)]) throw ValueError("nested_iters: an axis is used more than once");
      used[static_cast<std::size_t>(axis)] = true;
      groups.back().push_back(static_cast<int>(axis));
    });
  });
  cast_operands(arrays, read, op_dtypes, casting);
  nb::list out;
  nb::object outer;
  for (std::size_t k = 0; k < groups.size(); ++k) {
    NdIter it;
    it.flags = read;
    it.flags.loop = read.loop && k + 1 == groups.size();
    it.nesting = std::make_shared<Nesting>(Nesting{outer, arrays, groups[k]});
    place_inside(it);
    outer = NdIterType::make(std::move(it));
    out.append(outer);
  }
  return nb::tuple(out);
}

}  // namespace

void bind_nditer(nb::module_& m) {
  m.attr("nditer") = NdIterType::define(
      "tnp._index_tricks.nditer",
      "nditer(op, flags=None, op_flags=None, op_dtypes=None, order='K', casting='safe', op_axes=None, itershape=None, "
      "buffersize=0)\n--\n\n"
      "Iterates over arrays broadcast together, to read them: tnp's arrays do not change.\n\n"
      "The order is row-major (column-major for order='F'), whatever the order in memory.",
      &construct_by<&nditer_function>,
      {{Py_tp_iter, reinterpret_cast<void*>(iterate)},
       {Py_tp_iternext, reinterpret_cast<void*>(&iterator_slot<NdIter, &next_value>)},
       {Py_mp_subscript, reinterpret_cast<void*>(subscript)},
       {Py_mp_length, reinterpret_cast<void*>(count)},
       {Py_sq_length, reinterpret_cast<void*>(count)},
       {Py_tp_getset, g_attributes},
       {Py_tp_methods, g_methods}});
}

}  // namespace tnp::python

// x[key], len(x), iter(x), v in x. An integer or a slice of an array that nobody traces or watches becomes a view at
// once.
#include "python/indexing.h"

#include <algorithm>
#include <cstring>

#include "base/dim.h"
#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "python/asked_size.h"
#include "python/autograph.h"
#include "python/elements.h"
#include "python/elementwise_call.h"
#include "python/numpy_memory.h"
#include "python/row_iterator.h"
#include "tnp/error.h"
#include "tnp/extent.h"
#include "tnp/text.h"

namespace tnp::python {

namespace {

// An index of one element: a small Python integer, NumPy's int64 or a 0-d array of that type.
bool is_plain_index(PyObject* o) {
  if (PyLong_CheckExact(o)) return true;
  if (Py_TYPE(o) == array_type()) {
    const detail::Node* node = array_of(o).node();
    return node->state == State::concrete && node->dtype == DType::int64 && node->shape.ndim() == 0;
  }
  std::int64_t i;
  return numpy_integer(o, i);
}
bool plain_index(PyObject* o, std::int64_t& i) {
  if (small_int(o, i)) return true;
  if (PyLong_CheckExact(o) || !is_plain_index(o)) return false;
  if (Py_TYPE(o) != array_type()) return numpy_integer(o, i);
  std::memcpy(&i, array_of(o).node()->data, sizeof i);
  return true;
}

}  // namespace

const std::byte* place_of(const Array& x, std::span<PyObject* const> items) {
  const detail::Node* node = x.node();
  if (static_cast<int>(items.size()) != node->shape.ndim()) return nullptr;
  const std::byte* at = node->data;
  for (int axis = 0; axis < node->shape.ndim(); ++axis) {
    std::int64_t i;
    if (!plain_index(items[static_cast<std::size_t>(axis)], i)) return nullptr;
    const std::int64_t size = node->shape[axis];
    if (i < 0) i += size;
    if (i < 0 || i >= size) return nullptr;
    at += i * node->strides[axis];
  }
  return at;
}

namespace {

constexpr const char* kNoIndex =
    "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid "
    "indices";

// --- parsing

std::int64_t index_number(PyObject* o) {
  const Py_ssize_t value = PyNumber_AsSsize_t(o, PyExc_IndexError);
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return value;
}

std::optional<IndexBound> slice_bound(PyObject* o) {
  if (o == Py_None) return std::nullopt;
  if (nb::isinstance<PyDim>(nb::handle(o))) return IndexBound{nb::cast<PyDim&>(nb::handle(o)).dim, true};
  if (is_traced_number(o)) return IndexBound{number_of_value(array_of(o)), true};
  if (!PyIndex_Check(o)) throw TypeError("slice indices must be integers or None or have an __index__ method");
  const Py_ssize_t value = PyNumber_AsSsize_t(o, nullptr);  // what does not fit is clipped
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return IndexBound{value, false};
}

IndexItem parse_slice(PyObject* o) {
  const auto* s = reinterpret_cast<PySliceObject*>(o);
  std::int64_t step = 1;
  if (const std::optional<IndexBound> b = slice_bound(s->step)) {
    if (b->is_dim && is_symbolic(b->value)) ask_for_size(b->value);
    step = std::max<std::int64_t>(b->value, -PY_SSIZE_T_MAX);
  }
  const std::optional<IndexBound> start = slice_bound(s->start);
  if (start && step == 1 && is_traced_number(s->start) && is_traced_number(s->stop))
    return IndexItem::slice(start, IndexBound{number_after(array_of(s->start), start->value, array_of(s->stop)), true});
  return IndexItem::slice(start, slice_bound(s->stop), step);
}

IndexItem parse_array(Array x, bool sequence) {
  if (is_bool(x.dtype()) || is_integer(x.dtype())) return IndexItem(std::move(x));
  if (sequence && x.shape().is_static() && x.size() == 0) return IndexItem(astype(x, DType::int64));  // x[[]]
  if (x.ndim() == 0) throw IndexError(kNoIndex);
  throw IndexError("arrays used as indices must be of integer (or boolean) type");
}

IndexItem parse_item(PyObject* o) {
  if (PyLong_CheckExact(o)) return IndexItem(index_number(o));
  if (PySlice_Check(o)) return parse_slice(o);
  if (o == Py_None) return IndexItem::newaxis();
  if (o == Py_Ellipsis) return IndexItem::ellipsis();
  if (PyBool_Check(o)) return IndexItem(Array(o == Py_True));
  if (is_array(o)) return parse_array(array_of(o), false);
  if (nb::isinstance<PyDim>(nb::handle(o))) return IndexItem::at({nb::cast<PyDim&>(nb::handle(o)).dim, true});
  const bool sequence = PyList_Check(o) || PyTuple_Check(o);
  if (!sequence && PyIndex_Check(o) && !PySequence_Check(o)) return IndexItem(index_number(o));
  if (PyFloat_Check(o) || PyUnicode_Check(o) || PyBytes_Check(o) || PyDict_Check(o) || PySet_Check(o))
    throw IndexError(kNoIndex);
  Array x;
  try {
    x = as_array(o);
  } catch (const TracerError&) {
    throw;
  } catch (const TypeError&) {
    throw IndexError(kNoIndex);
  }
  return parse_array(std::move(x), sequence);
}

// --- the short way

bool is_plain_bound(PyObject* o) { return o == Py_None || PyLong_CheckExact(o); }

// What a slice with plain bounds takes of an axis.
struct Span {
  Py_ssize_t start, step, count;
};
Span span_of(PyObject* slice, std::int64_t size) {
  const auto* s = reinterpret_cast<PySliceObject*>(slice);
  std::int64_t start = 0, stop = size;
  const bool small = s->step == Py_None && (s->start == Py_None || small_int(s->start, start)) &&
                     (s->stop == Py_None || small_int(s->stop, stop));
  if (small) {
    const auto within = [size](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size); };
    start = within(start);
    return {start, 1, std::max<std::int64_t>(within(stop) - start, 0)};
  }
  Span r;
  Py_ssize_t end;
  if (PySlice_Unpack(slice, &r.start, &end, &r.step) < 0) throw nb::python_error();
  r.count = PySlice_AdjustIndices(size, &r.start, &end, r.step);
  return r;
}

// One element: a copy of a number, and of text a view.
Array single(const detail::Node* node, std::byte* data) {
  if (is_numeric(node->dtype)) return element_at(data, node->dtype);
  return Array::view_of(node->buffer, data, node->dtype, {}, {});
}

// Element or row i of an array of at least one axis.
Array row(const Array& x, std::int64_t i) {
  const detail::Node* node = x.node();
  std::byte* data = node->data + i * node->strides[0];
  if (node->shape.ndim() == 1) return single(node, data);
  Shape shape = node->shape;
  Strides strides = node->strides;
  shape.erase(0);
  strides.erase(0);
  return Array::view_of(node->buffer, data, node->dtype, shape, strides);
}

PyObject* wrap_row(const Array& x, std::int64_t i) {
  const detail::Node* node = x.node();
  if (node->shape.ndim() == 1 && is_numeric(node->dtype))
    return wrap_element(node->data + i * node->strides[0], node->dtype);
  return wrap(row(x, i));
}

// Whether views of x are made at once, of numbers in memory or of text.
bool is_quick(const Array& x) {
  const detail::Node* node = x.node();
  const bool there = node->state == State::concrete || (is_text(node->dtype) && node->state == State::pending);
  return there && node->shape.ndim() > 0 && (active_observers == nullptr || (node->flags & detail::kWatched) == 0);
}

// A view put together axis by axis.
struct View {
  const detail::Node* node;
  std::byte* data;
  int axis = 0;  // of the array, the next one
  bool empty = false;
  Shape shape;
  Strides strides;

  bool integer(PyObject* o) {
    std::int64_t i;
    if (!plain_index(o, i)) return false;
    const std::int64_t size = node->shape[axis];
    if (i < 0) i += size;
    if (i < 0 || i >= size) return false;
    data += i * node->strides[axis++];
    return true;
  }
  void slice(PyObject* o) {
    const auto [start, step, count] = span_of(o, node->shape[axis]);
    if (count > 0) data += start * node->strides[axis];
    shape.push_back(count);
    strides.push_back(count > 1 ? node->strides[axis] * step : node->strides[axis]);
    empty = empty || count == 0;
    ++axis;
  }
  void keep(int axes) {
    for (; axes > 0; --axes, ++axis) {
      shape.push_back(node->shape[axis]);
      strides.push_back(node->strides[axis]);
    }
  }
  void add_axis() {
    shape.push_back(1);
    strides.push_back(0);
  }
  Array done() const {
    if (shape.empty()) return single(node, data);
    return Array::view_of(node->buffer, empty ? node->data : data, node->dtype, shape, strides);
  }
};

bool is_plain_slice(PyObject* o) {
  if (!PySlice_Check(o)) return false;
  const auto* s = reinterpret_cast<PySliceObject*>(o);
  return is_plain_bound(s->start) && is_plain_bound(s->stop) && is_plain_bound(s->step);
}

std::span<PyObject* const> items_of(PyObject* tuple) {
  return {&PyTuple_GET_ITEM(tuple, 0), static_cast<std::size_t>(PyTuple_GET_SIZE(tuple))};
}

// x[items] for integers, slices, `...` and None; absent for other items and for what the long way refuses.
Array quick_items(const Array& x, std::span<PyObject* const> items) {
  if (const std::byte* element = place_of(x, items)) return single(x.node(), const_cast<std::byte*>(element));
  int taken = 0, ellipses = 0;
  for (PyObject* o : items) {
    if (is_plain_slice(o) || is_plain_index(o)) {
      ++taken;
    } else if (o == Py_Ellipsis) {
      ++ellipses;
    } else if (o != Py_None) {
      return {};
    }
  }
  const int ndim = x.node()->shape.ndim();
  if (taken > ndim || ellipses > 1) return {};
  View view{x.node(), x.node()->data, 0, false, {}, {}};
  for (PyObject* o : items) {
    if (o == Py_None) {
      view.add_axis();
    } else if (o == Py_Ellipsis) {
      view.keep(ndim - taken);
    } else if (PySlice_Check(o)) {
      view.slice(o);
    } else if (!view.integer(o)) {
      return {};
    }
  }
  view.keep(ndim - view.axis);
  return view.done();
}

}  // namespace

Array quick_getitem(const Array& x, PyObject* key) {
  if (x.state() == State::concrete && x.shape().ndim() == 0 && (key == Py_None || key == Py_Ellipsis) &&
      active_observers == nullptr && is_numeric(x.dtype()))
    return key == Py_None ? quick_items(x, {&key, 1}) : x;
  if (!is_quick(x)) return {};
  const detail::Node* node = x.node();
  const std::int64_t size = node->shape[0];
  if (PyLong_CheckExact(key)) {
    std::int64_t i;
    if (!small_int(key, i)) return {};
    if (i < 0) i += size;
    return i >= 0 && i < size ? row(x, i) : Array();
  }
  if (PyTuple_CheckExact(key)) {
    return quick_items(x, items_of(key));
  }
  if (key == Py_Ellipsis) return quick_items(x, {&key, 1});
  if (key == Py_None) {
    View view{node, node->data, 0, false, {}, {}};
    view.add_axis();
    view.keep(node->shape.ndim());
    return view.done();
  }
  if (!is_plain_slice(key)) return {};
  const auto [start, step, count] = span_of(key, size);
  std::byte* data = node->data + (count > 0 ? start * node->strides[0] : 0);
  // Made with x's shape and corrected in place, which saves copies of shape and strides.
  Array view = Array::view_of(node->buffer, data, node->dtype, node->shape, node->strides);
  detail::Node* made = view.node();
  made->shape[0] = count;
  if (count > 1) made->strides[0] *= step;
  if (step != 1 || !(made->flags & detail::kContiguous)) {
    const bool contiguous = detail::contiguous(made->shape, made->strides, itemsize(node->dtype));
    made->flags = contiguous ? detail::kContiguous : 0;
  }
  return view;
}

namespace {

// --- slots

// Arrays of int64, and integers beside them, one for each of the first axes: what NumPy calls advanced indices alone.
constexpr Py_ssize_t kFewItems = 4;
Array quick_gather_items(const Array& x, PyObject* key) {
  const Py_ssize_t count = PyTuple_GET_SIZE(key);
  if (count == 0 || count > kFewItems || count > x.shape().ndim()) return {};
  static constexpr std::int64_t kAxes[] = {0, 1, 2, 3};
  Array indices[kFewItems];
  bool any = false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PyTuple_GET_ITEM(key, i);
    Array& index = indices[i];
    if (std::int64_t number; small_int(item, number)) {
      index = Array(number);
    } else if (Py_TYPE(item) == array_type()) {
      index = array_of(item);
    } else if (DType dtype; is_base_numpy_array(item) &&
                            numpy_dtype(reinterpret_cast<PyObject*>(numpy_array(item)->descr), dtype) &&
                            dtype == DType::int64) {
      index = as_array(item);
    } else {
      return {};
    }
    if (index.dtype() != DType::int64 || index.state() != State::concrete) return {};
    any = any || index.shape().ndim() > 0;
  }
  if (!any) return {};
  const auto n = static_cast<std::size_t>(count);
  return gather(x, {indices, n}, {kAxes, n});
}

// x[indices] with arrays of indices alone; absent for what needs a plan.
Array quick_gather(const Array& x, PyObject* key) {
  if (PyTuple_CheckExact(key) && x.state() == State::concrete) return quick_gather_items(x, key);
  if (Py_TYPE(key) != array_type()) return {};
  const Array& indices = array_of(key);
  const bool plain = x.state() == State::concrete && x.shape().ndim() > 0 && indices.dtype() == DType::int64 &&
                     indices.state() == State::concrete;
  if (!plain) return {};
  if (indices.shape().ndim() == 0) {
    std::int64_t i = *indices.data_as<std::int64_t>();
    if (i < 0) i += x.shape()[0];
    return is_quick(x) && i >= 0 && i < x.shape()[0] ? row(x, i) : Array();
  }
  const std::int64_t axes[] = {0};
  return gather(x, {&indices, 1}, axes);
}

PyObject* subscript(PyObject* self, PyObject* key) {
  return guarded<PyObject*>(nullptr, [&] {
    const Array& x = array_of(self);
    if (PyTuple_CheckExact(key)) {
      if (is_quick(x) && is_numeric(x.dtype())) {
        const std::byte* element = place_of(x, items_of(key));
        if (element != nullptr) return wrap_element(element, x.dtype());
      }
    } else if (std::int64_t i; plain_index(key, i) && is_quick(x)) {
      if (i < 0) i += x.shape()[0];
      if (i >= 0 && i < x.shape()[0]) return wrap_row(x, i);
    } else if (key == Py_Ellipsis && is_quick(x)) {
      return Py_NewRef(self);  // arrays do not change
    }
    if (x.shape().ndim() == 0 && PyTuple_CheckExact(key) && PyTuple_GET_SIZE(key) == 0 && x.shape().rank_known())
      return Py_NewRef(self);
    if (Array quick = quick_getitem(x, key)) return wrap(std::move(quick));
    if (is_quick(x)) {
      if (Array quick = take_few(x, key)) return wrap(std::move(quick));
    }
    if (Array quick = quick_gather(x, key)) return wrap(std::move(quick));
    return wrap(getitem(x, parse_index(key)));
  });
}

constexpr std::int64_t kMaxUnrolled = 16;  // rows of a traced array; a loop over more is one of the graph

// The number of rows; of an array whose size is not known, an error that says what to use.
std::int64_t length(const Array& x, const char* what) {
  const Dim size = x.shape()[0];
  if (!is_symbolic(size)) return size;
  ask_for_conversion("number");
  if (dim_value_hook) dim_value_hook(size);
  throw TracerError(
      std::string(what) + " of an array of shape " + x.shape().str() +
      ", whose first size is known only when the function runs, is not possible while it is traced: use "
      "x.shape[0] for the size, and tnp.scan, tnp.map, tnp.fori_loop or tnp.vectorized_map to go over the rows");
}

[[gnu::noinline]] Py_ssize_t general_length(PyObject* self) {
  return guarded<Py_ssize_t>(-1, [&]() -> Py_ssize_t {
    const Array& x = array_of(self);
    if (x.ndim() == 0) throw TypeError("len() of unsized object");
    return length(x, "len()");
  });
}
Py_ssize_t slot_length(PyObject* self) {
  if (const Shape& shape = array_of(self).shape(); shape.ndim() > 0 && shape[0] >= 0) return shape[0];
  return general_length(self);
}

// For PySequence_GetItem and the iterator, which end on IndexError.
PyObject* slot_item(PyObject* self, Py_ssize_t i) {
  return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    const Array& x = array_of(self);
    if (is_quick(x)) {
      if (i >= 0 && i < x.shape()[0]) return wrap_row(x, i);
      PyErr_SetString(PyExc_IndexError, "index out of range");
      return nullptr;
    }
    const IndexItem item(static_cast<std::int64_t>(i));
    return wrap(getitem(x, {&item, 1}));
  });
}

}  // namespace

PyObject* row_object(PyObject* array, std::int64_t i) noexcept { return slot_item(array, i); }

namespace {

PyObject* slot_iter(PyObject* self) {
  if (const Array& x = array_of(self); x.shape().ndim() > 0 && (x.state() == State::concrete || is_quick(x)))
    return row_iterator(self, x.shape()[0]);
  return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
    const Array& x = array_of(self);
    if (x.ndim() == 0) throw TypeError("iteration over a 0-d array");
    if (x.is_symbolic() && (is_symbolic(x.shape()[0]) || x.shape()[0] > kMaxUnrolled)) ask_for_conversion("rows");
    length(x, "iteration over the rows");
    x.is_symbolic() || !is_numeric(x.dtype()) || x.data();  // a pending value is computed once, not once a row
    return PySeqIter_New(self);
  });
}

int slot_contains(PyObject* self, PyObject* value) {
  return guarded<int>(-1, [&] {
    nb::object equal = nb::steal(PyObject_RichCompare(self, value, Py_EQ));
    if (!equal.is_valid()) throw nb::python_error();
    if (!is_array(equal.ptr())) return PyObject_IsTrue(equal.ptr());
    const Array& each = array_of(equal.ptr());
    Axes axes;
    for (int i = 0; i < each.ndim(); ++i) axes.push_back(i);
    return truth_value(reduce_any(each, axes, false)) ? 1 : 0;
  });
}

int slot_assign(PyObject*, PyObject*, PyObject* value) {
  PyErr_SetString(
      PyExc_TypeError,
      value ? "tnp arrays are immutable and do not support item assignment: x.at[i].set(v) returns an updated copy "
              "(x = x.at[i].set(v)), and a tnp.Variable holds a value that changes"
            : "tnp arrays are immutable and do not support item deletion: tnp.delete returns a copy without the items");
  return -1;
}

}  // namespace

std::vector<IndexItem> parse_index(PyObject* key) {
  std::vector<IndexItem> items;
  if (!PyTuple_Check(key)) {
    items.push_back(parse_item(key));
    return items;
  }
  const Py_ssize_t n = PyTuple_GET_SIZE(key);
  items.reserve(static_cast<std::size_t>(n) + 1);
  for (Py_ssize_t i = 0; i < n; ++i) items.push_back(parse_item(PyTuple_GET_ITEM(key, i)));
  return items;
}

void append_index_slots(std::vector<PyType_Slot>& slots) {
  slots.push_back({Py_mp_subscript, reinterpret_cast<void*>(subscript)});
  slots.push_back({Py_mp_length, reinterpret_cast<void*>(slot_length)});
  slots.push_back({Py_mp_ass_subscript, reinterpret_cast<void*>(slot_assign)});
  slots.push_back({Py_sq_length, reinterpret_cast<void*>(slot_length)});
  slots.push_back({Py_sq_item, reinterpret_cast<void*>(slot_item)});
  slots.push_back({Py_sq_contains, reinterpret_cast<void*>(slot_contains)});
  slots.push_back({Py_tp_iter, reinterpret_cast<void*>(slot_iter)});
}

}  // namespace tnp::python

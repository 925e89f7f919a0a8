#include "python/element_walk.h"

#include "base/dim.h"
#include "python/arguments.h"
#include "python/elements.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"

namespace tnp::python {

Shape fixed_sizes(const Shape& shape) {
  Shape out = shape;
  for (int i = 0; i < out.ndim(); ++i) {
    if (is_symbolic(out[i])) out[i] = Value(dim_object(out[i]).ptr()).integer();
  }
  return out;
}

nb::object index_tuple(std::span<const std::int64_t> index) {
  nb::object out = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(index.size())));
  if (!out.is_valid()) throw nb::python_error();
  for (std::size_t i = 0; i < index.size(); ++i)
    PyTuple_SET_ITEM(out.ptr(), static_cast<Py_ssize_t>(i), PyLong_FromLongLong(index[i]));
  return out;
}

ElementWalk::ElementWalk(std::span<const Array> arrays, const Shape* shape, bool column_major)
    : column_major_(column_major) {
  if (shape != nullptr) {
    shape_ = *shape;
  } else if (arrays.size() == 1) {
    arrays[0].ndim();  // throws where it is not known
    shape_ = arrays[0].shape();
  } else if (!arrays.empty()) {
    std::vector<Shape> shapes;
    for (const Array& x : arrays) shapes.push_back(x.shape());
    shape_ = broadcast_shapes(shapes);
  }
  shape_ = fixed_sizes(shape_);
  size_ = arrays.empty() ? 0 : shape_.num_elements();
  for (int i = 0; i < shape_.ndim(); ++i) index_.push_back(0);
  operands_.reserve(arrays.size());
  for (const Array& x : arrays) {
    Operand& o = operands_.emplace_back();
    o.x = x;
    if (x.is_symbolic() || !is_numeric(x.dtype())) continue;
    o.at = x.data();
    o.strides = x.shape() == shape_ ? x.strides() : broadcast_to(x, shape_).strides();
  }
}

void ElementWalk::step() {
  ++place_;
  const int ndim = shape_.ndim();
  for (int k = 0; k < ndim; ++k) {
    const int axis = column_major_ ? k : ndim - 1 - k;
    const bool carries = ++index_[axis] == shape_[axis];
    const std::int64_t moved = carries ? 1 - shape_[axis] : 1;
    for (Operand& o : operands_) {
      if (o.at != nullptr) o.at += moved * o.strides[axis];
    }
    if (!carries) return;
    index_[axis] = 0;
  }
}

void ElementWalk::seek(std::int64_t place) {
  place_ = place;
  if (size_ == 0) return;
  std::int64_t rest = place % size_;
  const int ndim = shape_.ndim();
  for (int k = 0; k < ndim; ++k) {
    const int axis = column_major_ ? k : ndim - 1 - k;
    const std::int64_t there = rest % shape_[axis];
    rest /= shape_[axis];
    for (Operand& o : operands_) {
      if (o.at != nullptr) o.at += (there - index_[axis]) * o.strides[axis];
    }
    index_[axis] = there;
  }
}

Array ElementWalk::view(int k) const {
  const Array& x = operands_[static_cast<std::size_t>(k)].x;
  return x.shape() == shape_ ? x : broadcast_to(x, shape_);
}

PyObject* ElementWalk::element(int k) const {
  const Operand& o = operands_[static_cast<std::size_t>(k)];
  if (o.at != nullptr && elements_unwatched()) return wrap_element(o.at, o.x.dtype());
  std::vector<IndexItem> items;
  for (const std::int64_t i : index_) items.emplace_back(i);
  return wrap(getitem(view(k), items));
}

PyObject* ElementWalk::elements() const {
  nb::object out = nb::steal(PyTuple_New(count()));
  if (!out.is_valid()) throw nb::python_error();
  for (int k = 0; k < count(); ++k) PyTuple_SET_ITEM(out.ptr(), k, element(k));
  return out.release().ptr();
}

}  // namespace tnp::python

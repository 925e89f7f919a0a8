// x[indices] where there are few of them: a plan and a parallel loop would take longer than the copies.
#include <cstring>

#include "python/indexing.h"
#include "python/numpy_memory.h"

namespace tnp::python {

namespace {

constexpr std::int64_t kMost = 256;
constexpr std::int64_t kMostBytes = 1 << 14;  // of the result

// The indices on the stack, none negative; false where they are not all there or not of this way.
struct FewIndices {
  std::int64_t values[kMost];
  std::int64_t count = 0;
  Shape shape;

  bool read(PyObject* key, std::int64_t size) {
    return (from_array(key) || from_numpy(key) || from_list(key)) && wrap_around(size);
  }

 private:
  bool from_memory(const void* data, const Shape& of) {
    count = of.num_elements();
    if (of.ndim() == 0 || count > kMost) return false;
    std::memcpy(values, data, static_cast<std::size_t>(count) * sizeof *values);
    shape = of;
    return true;
  }
  bool from_array(PyObject* key) {
    if (Py_TYPE(key) != array_type()) return false;
    const Array& x = array_of(key);
    return x.state() == State::concrete && x.dtype() == DType::int64 && x.is_contiguous() &&
           from_memory(x.node()->data, x.shape());
  }
  bool from_numpy(PyObject* key) {
    constexpr int kPlain = NumpyArray::kRowMajor | NumpyArray::kAligned;
    DType dtype;
    if (!is_base_numpy_array(key) || (numpy_array(key)->flags & kPlain) != kPlain) return false;
    const NumpyArray* a = numpy_array(key);
    if (!numpy_dtype(reinterpret_cast<PyObject*>(a->descr), dtype) || dtype != DType::int64 ||
        a->descr->byteorder == '>')
      return false;
    return from_memory(
        a->data,
        Shape(SmallVec<std::int64_t, 5>(std::span<const std::int64_t>(a->shape, static_cast<std::size_t>(a->ndim)))));
  }
  bool from_list(PyObject* key) {
    if (!PyList_CheckExact(key)) return false;
    count = PyList_GET_SIZE(key);
    if (count == 0 || count > kMost) return false;
    for (std::int64_t i = 0; i < count; ++i) {
      if (!small_int(PyList_GET_ITEM(key, i), values[i])) return false;
    }
    shape.push_back(count);
    return true;
  }
  bool wrap_around(std::int64_t size) {
    for (std::int64_t i = 0; i < count; ++i) {
      if (values[i] < 0) values[i] += size;
      if (values[i] < 0 || values[i] >= size) return false;
    }
    return true;
  }
};

}  // namespace

Array take_few(const Array& x, PyObject* key) {
  const detail::Node* node = x.node();
  const int ndim = node->shape.ndim();
  if (!is_numeric(node->dtype) || (ndim > 1 && !x.is_contiguous())) return {};
  FewIndices indices;
  if (!indices.read(key, node->shape[0])) return {};
  std::int64_t bytes = itemsize(node->dtype);
  Shape shape = indices.shape;
  for (int axis = 1; axis < ndim; ++axis) {
    shape.push_back(node->shape[axis]);
    bytes *= node->shape[axis];
  }
  if (shape.ndim() > kMaxDims || bytes * indices.count > kMostBytes) return {};
  Array out = Array::empty(node->dtype, shape);
  std::byte* to = out.node()->data;
  const std::int64_t step = node->strides[0];
  if (bytes == 8) {
    for (std::int64_t i = 0; i < indices.count; ++i) std::memcpy(to + i * 8, node->data + indices.values[i] * step, 8);
  } else {
    const auto size = static_cast<std::size_t>(bytes);
    for (std::int64_t i = 0; i < indices.count; ++i)
      std::memcpy(to + i * bytes, node->data + indices.values[i] * step, size);
  }
  return out;
}

}  // namespace tnp::python

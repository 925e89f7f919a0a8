#include "tnp/array.h"

#include <ostream>

#include "base/dim.h"
#include "ir/apply_internal.h"
#include "ir/expr.h"
#include "ir/scalar.h"
#include "runtime/allocator.h"
#include "tnp/error.h"

namespace tnp {

namespace detail {

namespace {
Node* new_node() { return new (node_alloc(sizeof(Node))) Node; }

// Shape and strides are written one number after the other: a wide copy of numbers that have just been written one by
// one would wait for them to reach the cache.

// A known shape, with row-major strides.
void set_contiguous(Node* node, const Shape& shape, std::int64_t step) {
  const int n = shape.ndim();
  node->shape.resize_unset(n);
  node->strides.resize_unset(n);
  const std::int64_t* from = shape.data();
  std::int64_t *sizes = node->shape.data(), *strides = node->strides.data();
  for (int i = n - 1; i >= 0; --i) {
    sizes[i] = from[i];
    strides[i] = step;
    if (from[i] > 1) step *= from[i];
  }
  node->flags.store(kContiguous, std::memory_order_relaxed);
}

void set_view(Node* node, const Shape& shape, const Strides& given, std::int64_t expected) {
  const int n = shape.ndim();
  node->shape.resize_unset(n);
  node->strides.resize_unset(n);
  const std::int64_t *from = shape.data(), *steps = given.data();
  std::int64_t *sizes = node->shape.data(), *strides = node->strides.data();
  bool contiguous = true, decided = false;
  for (int i = n - 1; i >= 0; --i) {
    const std::int64_t size = sizes[i] = from[i];
    strides[i] = steps[i];
    if (decided || size == 1) continue;
    contiguous = size == 0 || steps[i] == expected;
    decided = size == 0 || !contiguous;
    expected *= size;
  }
  node->flags.store(contiguous ? kContiguous : 0, std::memory_order_relaxed);
}
}  // namespace

void destroy(Node* node) noexcept {
  if (node->buffer) node->buffer->release();
  if (node->expr) node->expr->release();
  node->~Node();
  node_free(node, sizeof(Node));
}

bool contiguous(const Shape& shape, const Strides& strides, std::int64_t itemsize) {
  std::int64_t expected = itemsize;
  for (int i = shape.ndim() - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] == 1) continue;
    if (strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

}  // namespace detail

using detail::Node;

// Without recursion, as a graph may be deeper than the stack: what dies with an expression waits until that has gone.
void Expr::destroy(Expr* last) noexcept {
  static thread_local Expr* dead = nullptr;
  static thread_local bool at_it = false;
  last->next_dead_ = dead;
  dead = last;
  if (at_it) return;
  at_it = true;
  while (Expr* e = dead) {
    dead = e->next_dead_;
    delete e;
  }
  at_it = false;
}

Array Array::empty(DType dtype, const Shape& shape) {
  if (!is_numeric(dtype)) [[unlikely]]
    throw TypeError("an array of " + std::string(name(dtype)) + " cannot be made of numbers");
  std::int64_t bytes = tnp::itemsize(dtype);
  if (shape.ndim() > 0) {
    check_shape(shape, bytes);
    bytes *= shape.num_elements();
  }
  Buffer* buffer = Buffer::allocate(static_cast<std::size_t>(bytes > 0 ? bytes : 1));
  Node* node = detail::new_node();
  node->dtype = dtype;
  node->buffer = buffer;
  node->data = static_cast<std::byte*>(buffer->data);
  detail::set_contiguous(node, shape, tnp::itemsize(dtype));
  return adopt(node);
}

Array Array::copy_of(const void* data, DType dtype, const Shape& shape) {
  Array a = empty(dtype, shape);
  const std::int64_t bytes = shape.num_elements() * tnp::itemsize(dtype);
  if (bytes > 0) std::memcpy(a.data(), data, static_cast<std::size_t>(bytes));  // of nothing there may be no address
  return a;
}

Array Array::view_of(Buffer* buffer, std::byte* data, DType dtype, const Shape& shape, const Strides& strides) {
  Node* node = detail::new_node();
  buffer->retain();
  node->dtype = dtype;
  node->buffer = buffer;
  node->data = data;
  detail::set_view(node, shape, strides, tnp::itemsize(dtype));
  if (!is_numeric(dtype)) [[unlikely]]
    node->state = State::pending;  // without an expression: its memory cannot be read as numbers (materialize)
  return adopt(node);
}

Array contiguous_view(const Array& x, const Shape& shape) {
  const Node* from = x.node();
  Node* node = detail::new_node();
  from->buffer->retain();
  node->dtype = from->dtype;
  node->buffer = from->buffer;
  node->data = from->data;
  detail::set_contiguous(node, shape, x.itemsize());
  return Array::adopt(node);
}

Array make_lazy(State state, Expr* expr, std::uint32_t output, DType dtype, const Shape& shape) {
  Node* node = detail::new_node();
  expr->retain();
  node->state = state;
  node->dtype = dtype;
  node->expr = expr;
  node->output = static_cast<std::uint8_t>(output);
  node->shape = shape;
  return Array::adopt(node);
}

int Array::ndim() const {
  if (!node_->shape.rank_known()) {
    throw TracerError(
        "the number of dimensions of this array is not known while the function is traced: give the host function's "
        "Tout "
        "as ArraySpec(shape, dtype)");
  }
  return node_->shape.ndim();
}

std::int64_t Array::size() const {
  ndim();
  return dim_product(node_->shape);
}

template <class T>
static Array scalar_array(DType dtype, T value) {
  Array a = Array::empty(dtype, {});
  std::memcpy(a.data(), &value, sizeof(T));
  return a;
}

Array::Array(bool value) : Array(scalar_array(DType::bool_, value)) {}
Array::Array(double value) : Array(scalar_array(DType::float64, value)) {}
Array::Array(float value) : Array(scalar_array(DType::float32, value)) {}
Array::Array(std::int64_t value) : Array(scalar_array(DType::int64, value)) {}
Array::Array(std::complex<double> value) : Array(scalar_array(DType::complex128, value)) {}
Array::Array(std::initializer_list<double> values)
    : Array(copy_of(values.begin(), DType::float64, {static_cast<std::int64_t>(values.size())})) {}

Array Scalar::to_array(DType dtype) const {
  Array a = Array::empty(dtype, {});
  store_scalar(*this, dtype, a.data());
  return a;
}

}  // namespace tnp

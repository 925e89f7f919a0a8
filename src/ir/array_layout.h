// What an array is besides its elements, known beforehand: arrays that look so are made without a look at anything.
#pragma once

#include "runtime/allocator.h"
#include "tnp/array.h"

namespace tnp {

class ArrayLayout {
 public:
  ArrayLayout() = default;
  // As this array, which is concrete.
  explicit ArrayLayout(const Array& x)
      : dtype_(x.dtype()),
        flags_(x.is_contiguous() ? detail::kContiguous : 0),
        shape_(x.shape()),
        strides_(x.strides()),
        elements_(x.shape().num_elements()) {}

  std::int64_t num_elements() const { return elements_; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }

  bool is(const detail::Node& x) const {
    return x.state == State::concrete && x.dtype == dtype_ && x.shape == shape_ &&
           (x.flags.load(std::memory_order_relaxed) & detail::kContiguous) == flags_ &&
           (flags_ != 0 || x.strides == strides_);
  }
  // New memory, not initialised. Of a layout without gaps.
  Array fresh() const {
    const std::int64_t bytes = elements_ * itemsize(dtype_);
    Buffer* buffer = Buffer::allocate(static_cast<std::size_t>(bytes > 0 ? bytes : 1));
    return made(buffer, static_cast<std::byte*>(buffer->data));
  }
  Array view(Buffer* buffer, std::byte* data) const {
    buffer->retain();
    return made(buffer, data);
  }

 private:
  Array made(Buffer* buffer, std::byte* data) const {
    auto* node = new (node_alloc(sizeof(detail::Node))) detail::Node;
    node->dtype = dtype_;
    node->flags.store(flags_, std::memory_order_relaxed);
    node->buffer = buffer;
    node->data = data;
    node->shape = shape_;
    node->strides = strides_;
    return Array::adopt(node);
  }

  DType dtype_ = DType::float64;
  std::uint8_t flags_ = detail::kContiguous;
  Shape shape_;
  Strides strides_;
  std::int64_t elements_ = 1;
};

}  // namespace tnp

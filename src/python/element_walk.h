// The elements of arrays broadcast together, one place after the other.
#pragma once

#include <span>
#include <vector>

#include "python/python.h"

namespace tnp::python {

// The numbers that sizes stand for: a function that is being traced is traced again with them fixed.
Shape fixed_sizes(const Shape& shape);
nb::object index_tuple(std::span<const std::int64_t> index);

class ElementWalk {
 public:
  ElementWalk() = default;
  // `shape`: absent means that of the arrays together; throws ValueError where there is none. With `column_major` the
  // first axis runs the fastest, else the last one.
  ElementWalk(std::span<const Array> arrays, const Shape* shape, bool column_major);

  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return size_; }
  std::int64_t place() const { return place_; }
  bool finished() const { return place_ >= size_; }
  std::span<const std::int64_t> index() const { return {index_.data(), static_cast<std::size_t>(index_.size())}; }
  int count() const { return static_cast<int>(operands_.size()); }

  void step();
  void seek(std::int64_t place);
  PyObject* element(int k) const;  // of operand k at the place, which is not the end
  PyObject* elements() const;      // of all of them, a tuple
  Array view(int k) const;         // operand k, broadcast

 private:
  struct Operand {
    Array x;
    const std::byte* at = nullptr;  // null: not in memory, or nothing that memory is read of
    Strides strides;
  };

  Shape shape_;
  std::int64_t size_ = 0, place_ = 0;
  bool column_major_ = false;
  Strides index_;
  std::vector<Operand> operands_;
};

}  // namespace tnp::python

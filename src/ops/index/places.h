// Where index arrays point to: what gather and scatter share.
#pragma once

#include <vector>

#include "ops/common.h"

namespace tnp {

// `axes` are neighbours, ascending. `labels` are what error messages call them: a caller that moved the axes before
// says here what its user calls them.
struct IndexParams : ParamsOf<IndexParams> {
  Axes axes, labels;
  std::int64_t mode = 0;  // of scatter: a ScatterMode
  template <class V>
  void fields(V& v) {
    v("axes", axes);
    v("labels", labels);
    v("mode", mode);
  }
  void set(const Axes& a, std::int64_t m = 0) {
    axes = labels = a;
    mode = m;
  }
  int first() const { return static_cast<int>(axes[0]); }
  int last() const { return static_cast<int>(axes.back()); }
};

// The shape that the index arrays broadcast to. Throws IndexError.
Shape broadcast_indices(std::span<const Array> indices);
// The shape of what the indices give: theirs in place of the indexed axes.
Shape gathered_shape(const Shape& x, const Shape& index, const IndexParams& p);
// Refuses index arrays that are not of integers, and axes that are not neighbours.
void check_indices(const Call& call, std::span<const Array> indices);

// As the functions without `labels` in tnp/primitives.h.
Array gather(const Array& x, std::span<const Array> indices, AxisList axes, AxisList labels);
Array scatter(const Array& x, std::span<const Array> indices, const Array& updates, AxisList axes, ScatterMode mode,
              AxisList labels);

// Concrete index arrays over an array of this shape with these strides.
class Places {
 public:
  Places(const Shape& shape, const Strides& strides, std::span<const Array> indices, const IndexParams& p);

  const Shape& index_shape() const { return index_shape_; }
  std::int64_t count() const { return count_; }
  // The bytes from the array's start (along the indexed axes) of places begin … end - 1. Throws IndexError where one
  // is out of range.
  void offsets(std::int64_t begin, std::int64_t end, std::int64_t* out) const;
  std::vector<std::int64_t> all_offsets() const;
  // Throws the error of the first index among those of places begin … end - 1 that is out of range.
  [[noreturn]] void out_of_range(std::int64_t begin, std::int64_t end) const;

  // The index along one axis.
  struct Vector {
    const std::int64_t* index;
    std::int64_t step;  // 0 for an index that is the same everywhere
    std::int64_t size, stride, label;
  };
  // The only one, if there is but one and it has an element for each place; else null.
  const Vector* vector() const { return axes_.size() == 1 && axes_[0].step == 1 ? axes_.data() : nullptr; }

 private:
  Arrays kept_;
  std::vector<Vector> axes_;
  Shape index_shape_;
  std::int64_t count_ = 1;
};

// Dimensions with their strides, as few as possible.
struct MergedDims {
  int ndim = 0;
  std::int64_t total = 1;
  std::int64_t size[kMaxDims], stride[kMaxDims];

  MergedDims(const Shape& shape, const Strides& strides, int begin, int end);
  // Bytes from the start of element i in row-major order.
  std::int64_t offset(std::int64_t i) const {
    if (ndim == 1) return i * stride[0];
    std::int64_t bytes = 0;
    for (int d = ndim - 1; d >= 0; --d) {
      bytes += i % size[d] * stride[d];
      i /= size[d];
    }
    return bytes;
  }
  bool is_run(std::int64_t itemsize) const { return total == 1 || (ndim == 1 && stride[0] == itemsize); }
};

}  // namespace tnp

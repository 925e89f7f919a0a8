#include "ops/index/places.h"

#include "base/dim.h"
#include "runtime/threads.h"

namespace tnp {

Shape broadcast_indices(std::span<const Array> indices) {
  Shape shape;
  for (const Array& i : indices) {
    if (try_broadcast(shape, i.shape(), shape)) continue;
    std::string shapes;
    for (const Array& j : indices) shapes += " " + j.shape().str();
    throw IndexError("shape mismatch: indexing arrays could not be broadcast together with shapes" + shapes);
  }
  return shape;
}

Shape gathered_shape(const Shape& x, const Shape& index, const IndexParams& p) {
  Shape out;
  for (int i = 0; i < p.first(); ++i) out.push_back(x[i]);
  for (Dim d : index) out.push_back(d);
  for (int i = p.last() + 1; i < x.ndim(); ++i) out.push_back(x[i]);
  if (out.ndim() > kMaxDims) throw IndexError("the result of indexing would have more than 64 dimensions");
  return out;
}

void check_indices(const Call& call, std::span<const Array> indices) {
  const auto& p = params_of<IndexParams>(call);
  if (p.axes.empty() || p.axes.size() != static_cast<int>(indices.size())) {
    fail<IndexError>(call, "one index array is needed for each axis");
  }
  for (const Array& i : indices) {
    if (!is_integer(i.dtype())) fail<IndexError>(call, "arrays used as indices must be of integer (or boolean) type");
  }
  for (int k = 0; k < p.axes.size(); ++k) {
    const bool fits = p.axes[k] == p.first() + k && p.axes[k] >= 0 && p.axes[k] < call.in[0].shape().ndim();
    if (!fits) fail<IndexError>(call, "the indexed axes must be neighbours in ascending order");
  }
}

Places::Places(const Shape& shape, const Strides& strides, std::span<const Array> indices, const IndexParams& p)
    : index_shape_(broadcast_indices(indices)), count_(index_shape_.num_elements()) {
  for (std::size_t k = 0; k < indices.size(); ++k) {
    Array index = astype(indices[k], DType::int64);
    const bool single = index.shape().num_elements() == 1;
    if (!single) {
      index = broadcast_to(index, index_shape_);
      if (!index.is_contiguous()) index = copy(index);
    }
    const int axis = static_cast<int>(p.axes[static_cast<int>(k)]);
    axes_.push_back(
        {index.data_as<std::int64_t>(), single ? 0 : 1, shape[axis], strides[axis], p.labels[static_cast<int>(k)]});
    kept_.push_back(std::move(index));
  }
}

void Places::out_of_range(std::int64_t begin, std::int64_t end) const {
  for (const Vector& a : axes_) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t v = a.index[i * a.step];
      if (v >= -a.size && v < a.size) continue;
      throw IndexError("index " + std::to_string(v) + " is out of bounds for axis " + std::to_string(a.label) +
                       " with size " + std::to_string(a.size));
    }
  }
  throw IndexError("index out of bounds");
}

void Places::offsets(std::int64_t begin, std::int64_t end, std::int64_t* out) const {
  const std::int64_t n = end - begin;
  std::uint64_t bad = 0;
  for (std::size_t k = 0; k < axes_.size(); ++k) {
    const Vector& a = axes_[k];
    const std::int64_t* index = a.index + begin * a.step;
    const std::int64_t size = a.size, stride = a.stride;
    const auto place = [&](std::int64_t v) {
      v += (v >> 63) & size;
      bad |= static_cast<std::uint64_t>(static_cast<std::uint64_t>(v) >= static_cast<std::uint64_t>(size));
      return static_cast<std::int64_t>(static_cast<std::uint64_t>(v) * static_cast<std::uint64_t>(stride));
    };
    if (a.step == 0) {
      const std::int64_t bytes = n > 0 ? place(index[0]) : 0;
      for (std::int64_t i = 0; i < n; ++i) out[i] = k == 0 ? bytes : out[i] + bytes;
    } else if (k == 0) {
      for (std::int64_t i = 0; i < n; ++i) out[i] = place(index[i]);
    } else {
      for (std::int64_t i = 0; i < n; ++i) out[i] += place(index[i]);
    }
  }
  if (bad) out_of_range(begin, end);
}

std::vector<std::int64_t> Places::all_offsets() const {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count_));
  parallel_for(count_, 1 << 15, [&](std::int64_t begin, std::int64_t end) { offsets(begin, end, all.data() + begin); });
  return all;
}

MergedDims::MergedDims(const Shape& shape, const Strides& strides, int begin, int end) {
  for (int i = begin; i < end; ++i) {
    total *= shape[i];
    if (shape[i] == 1) continue;
    if (ndim > 0 && stride[ndim - 1] == strides[i] * shape[i]) {
      size[ndim - 1] *= shape[i];
      stride[ndim - 1] = strides[i];
    } else {
      size[ndim] = shape[i];
      stride[ndim++] = strides[i];
    }
  }
}

}  // namespace tnp

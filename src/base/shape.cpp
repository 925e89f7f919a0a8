#include "tnp/shape.h"

#include "base/dim.h"
#include "tnp/error.h"

namespace tnp {

std::string Shape::str() const {
  if (!rank_known()) return "(...)";
  std::string s = "(";
  for (int i = 0; i < ndim(); ++i) {
    if (i) s += ", ";
    s += dim_str((*this)[i]);
  }
  if (ndim() == 1) s += ",";
  return s + ")";
}

Strides contiguous_strides(const Shape& shape, std::int64_t itemsize) {
  Strides strides;
  strides.resize_unset(shape.ndim());
  const std::int64_t* sizes = shape.data();
  std::int64_t *to = strides.data(), step = itemsize;
  for (int i = shape.ndim() - 1; i >= 0; --i) {
    to[i] = step;
    if (sizes[i] > 1) step *= sizes[i];
  }
  return strides;
}

bool try_broadcast(const Shape& a, const Shape& b, Shape& out) {
  if (!a.rank_known() || !b.rank_known()) {
    out = Shape::unknown_rank();
    return true;
  }
  if (a == b) {
    out = a;
    return true;
  }
  const Shape& longer = a.ndim() >= b.ndim() ? a : b;
  const Shape& shorter = a.ndim() >= b.ndim() ? b : a;
  Shape result = longer;
  const int lead = longer.ndim() - shorter.ndim();
  for (int i = 0; i < shorter.ndim(); ++i) {
    const Dim x = longer[lead + i], y = shorter[i];
    if (x == y) continue;
    if (!is_symbolic(x) && !is_symbolic(y) && x != 1 && y != 1) return false;
    result[lead + i] = dim_broadcast(x, y);
  }
  out = result;
  return true;
}

int normalize_axis(std::int64_t axis, int ndim, const char* what) {
  if (axis < -ndim || axis >= ndim) {
    const std::string prefix = what ? std::string(what) + ": " : "";
    throw AxisError(prefix + "axis " + std::to_string(axis) + " is out of bounds for array of dimension " +
                    std::to_string(ndim));
  }
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

Axes normalize_axes(std::span<const std::int64_t> axes, int ndim, const char* what) {
  Axes out;
  for (std::int64_t axis : axes) out.push_back(normalize_axis(axis, ndim, what));
  std::sort(out.begin(), out.end());
  for (int i = 1; i < out.size(); ++i) {
    if (out[i] == out[i - 1]) throw ValueError((what ? std::string(what) + ": " : "") + "duplicate value in 'axis'");
  }
  return out;
}

void check_shape(std::span<const std::int64_t> shape, std::int64_t itemsize) {
  if (shape.size() > static_cast<std::size_t>(kMaxDims)) {
    throw ValueError("maximum supported dimension for an array is " + std::to_string(kMaxDims) + ", found " +
                     std::to_string(shape.size()));
  }
  // As NumPy: a zero elsewhere does not excuse an overflow, so that views of the array stay addressable.
  std::int64_t bytes = itemsize > 0 ? itemsize : 1;
  for (std::int64_t d : shape) {
    if (d < 0) throw ValueError("negative dimensions are not allowed");
    if (d > 0 && __builtin_mul_overflow(bytes, d, &bytes)) {
      throw ValueError("array is too big; its size in bytes exceeds the range of 64-bit integers");
    }
  }
}

}  // namespace tnp

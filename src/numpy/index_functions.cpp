// NumPy's functions that are indexing in other words.
#include <algorithm>
#include <cstring>

#include "base/accumulator_dtype.h"
#include "base/casting.h"
#include "base/dim.h"
#include "ir/composed.h"
#include "ir/observer.h"
#include "numpy/index_plan.h"
#include "numpy/sizes.h"
#include "ops/elementwise/cast.h"
#include "ops/index/repeat.h"
#include "ops/index/take_masked.h"
#include "ops/sort/direct.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

Array flat(const Array& x) { return x.ndim() == 1 ? x : reshape(x, {x.size()}); }

// NumPy takes for indices here what casts safely to int64.
Array safe_indices(const Array& indices) {
  check_cast(indices.dtype(), DType::int64, Casting::safe);
  return astype(indices, DType::int64);
}

constexpr std::int64_t kFewIndices = 1024;

// Without an array for each step.
Array fold_few(const Array& indices, std::int64_t size, TakeMode mode) {
  Array out = Array::empty(DType::int64, indices.shape());
  const auto* from = indices.data_as<std::int64_t>();
  auto* to = reinterpret_cast<std::int64_t*>(out.data());
  for (std::int64_t k = 0; k < indices.size(); ++k) {
    const std::int64_t rest = mode == TakeMode::wrap ? from[k] % size : 0;
    to[k] = mode == TakeMode::wrap ? (rest < 0 ? rest + size : rest) : std::clamp<std::int64_t>(from[k], 0, size - 1);
  }
  return out;
}

Array fold_indices(const Array& indices, Dim size, TakeMode mode) {
  if (mode == TakeMode::raise) return indices;
  if (size == 0 && indices.size() != 0) throw IndexError("cannot do a non-empty take from an empty axes.");
  const bool few = !is_symbolic(size) && indices.dtype() == DType::int64 && computes_directly({&indices}) &&
                   indices.is_contiguous() && indices.size() <= kFewIndices;
  if (few) return fold_few(indices, size, mode);
  const Array n = dim_value(size, DType::int64);
  return mode == TakeMode::wrap ? remainder(indices, n) : minimum(maximum(indices, 0), n - 1);
}

// An index array for each axis: 0, 1, … along every axis but one, where they are `indices`.
Arrays along_axis(const Array& x, const Array& indices, int axis) {
  Arrays all;
  for (int d = 0; d < x.ndim(); ++d) {
    Shape shape(x.ndim(), 1);
    shape[d] = x.shape()[d];
    all.push_back(d == axis ? indices : reshape(iota(shape[d], DType::int64), shape));
  }
  return all;
}

struct AlongAxis {
  Array x;
  Arrays indices;
  Axes axes;
};

AlongAxis plan_along_axis(const Array& x, const Array& indices, std::optional<std::int64_t> axis, const char* what) {
  if (!is_integer(indices.dtype())) throw IndexError(std::string(what) + ": `indices` must be an integer array");
  AlongAxis plan{x, {}, {}};
  if (!axis) {
    if (indices.ndim() != 1)
      throw ValueError(std::string(what) + ": when axis=None, `indices` must have a single dimension.");
    plan.x = flat(x);
  } else if (indices.ndim() != x.ndim()) {
    throw ValueError(std::string(what) + ": `indices` and `arr` must have the same number of dimensions");
  }
  plan.indices = along_axis(plan.x, indices, axis ? normalize_axis(*axis, x.ndim(), what) : 0);
  for (int d = 0; d < plan.x.ndim(); ++d) plan.axes.push_back(d);
  return plan;
}

// x with the last `shift` rows along the axis put in front; 0 <= shift < size.
Array roll_axis(const Array& x, int axis, Dim shift) {
  const Dim size = x.shape()[axis], rest = dim_sub(size, shift);
  const Array parts[] = {slice_axis(x, axis, {rest, 1, shift}), slice_axis(x, axis, {0, 1, rest})};
  return concatenate(parts, axis);
}

// The shift as a number of places to the right, 0 … size - 1.
Dim normal_shift(std::int64_t shift, Dim size) {
  if (!is_symbolic(size) && !is_symbolic(shift)) return size == 0 ? 0 : shift % size;
  if (!is_negative(shift)) return dim_mod(shift, size);
  if (!is_symbolic(size)) return size == 0 ? 0 : (shift % size + size) % size;
  return dim_mod(dim_sub(size, dim_mod(-shift, size)), size);
}

}  // namespace

Array take(const Array& x, const Array& indices, std::optional<std::int64_t> axis, TakeMode mode) {
  const Array i = safe_indices(indices);
  const Array source = axis ? x : flat(x);
  const int a = axis ? normalize_axis(*axis, x.ndim(), "take") : 0;
  const Array folded = fold_indices(i, source.shape()[a], mode);
  return gather_axis(source, folded, a);
}

Array take_along_axis(const Array& x, const Array& indices, std::optional<std::int64_t> axis) {
  const AlongAxis plan = plan_along_axis(x, indices, axis, "take_along_axis");
  return gather(plan.x, plan.indices, plan.axes);
}

Array put_along_axis(const Array& x, const Array& indices, const Array& values, std::optional<std::int64_t> axis) {
  const AlongAxis plan = plan_along_axis(x, indices, axis, "put_along_axis");
  return reshape(scatter(plan.x, plan.indices, astype(values, x.dtype()), plan.axes, ScatterMode::set), x.shape());
}

Array put(const Array& x, const Array& indices, const Array& values, TakeMode mode) {
  const Array i = flat(safe_indices(indices)), source = flat(x), v = flat(astype(values, x.dtype()));
  const Dim count = i.size(), have = v.size();
  if (count == 0 || have == 0) return x;
  // Values are used again from the first where there are not enough.
  const Array each = have == count ? v
                     : have == 1
                         ? broadcast_to(v, {count})
                         : gather_axis(v, remainder(iota(count, DType::int64), dim_value(have, DType::int64)), 0);
  const Array folded = fold_indices(i, source.size(), mode);
  const std::int64_t axes[] = {0};
  return reshape(scatter(source, {&folded, 1}, each, axes, ScatterMode::set), x.shape());
}

namespace {

Array where_true_of_parts(std::span<const Array> in, const Axes&) { return take(in[1], flatnonzero(in[0]), 0); }
Array where_true_of_whole(std::span<const Array> in, const Axes& none) {
  if (!is_numeric(in[1].dtype()) || in[1].size() != in[0].size()) return where_true_of_parts(in, none);
  return take_masked(in[1], astype(in[0], DType::bool_));
}
const Composed kCompressed("compress", "The elements of a vector where a vector is true.", &where_true_of_parts,
                           &where_true_of_whole);

// The condition may be shorter or longer.
Array where_true(const Array& condition, const Array& x) { return compose(kCompressed, {condition, x}); }

}  // namespace

Array compress(const Array& condition, const Array& x, std::optional<std::int64_t> axis) {
  if (condition.ndim() != 1) throw ValueError("compress: condition must be a 1-d array");
  if (!axis) return where_true(condition, flat(x));
  if (x.ndim() == 1 && normalize_axis(*axis, 1, "compress") == 0) return where_true(condition, x);
  return take(x, flatnonzero(condition), axis);
}

Array extract(const Array& condition, const Array& x) { return where_true(flat(condition), flat(x)); }

namespace {

constexpr std::int64_t kFewElements = 256;  // of which no mask and no table of indices are made

// The places of few elements that are not zero, in order: how many they are.
std::int64_t find_nonzero(const Array& x, std::int64_t (&places)[kFewElements]) {
  const std::int64_t n = x.shape().num_elements();
  bool mask[kFewElements];
  cast_block(x.dtype(), DType::bool_, x.data(), mask, n);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    places[count] = i;
    count += mask[i] ? 1 : 0;
  }
  return count;
}

Arrays nonzero_of_few(const Array& x) {
  const Shape& shape = x.shape();
  std::int64_t places[kFewElements];
  const std::int64_t count = find_nonzero(x, places);
  Arrays out(static_cast<std::size_t>(shape.ndim()));
  for (int d = shape.ndim() - 1; d >= 0; --d) {
    Array& indices = out[static_cast<std::size_t>(d)] = Array::empty(DType::int64, {count});
    auto* to = reinterpret_cast<std::int64_t*>(indices.data());
    const std::int64_t size = std::max<std::int64_t>(shape[d], 1);
    for (std::int64_t i = 0; i < count; ++i) {
      to[i] = d > 0 ? places[i] % size : places[i];
      places[i] /= size;
    }
  }
  return out;
}

Array nonzero_of_short_vector(const Array& x) {
  std::int64_t places[kFewElements];
  const std::int64_t count = find_nonzero(x, places);
  return Array::copy_of(places, DType::int64, {count});
}

bool are_few(const Array& x) {
  return is_numeric(x.dtype()) && x.shape().num_elements() <= kFewElements && x.is_contiguous();
}

Array places_of_parts(std::span<const Array> in, const Axes&) {
  const Array found = nonzero_indices(in[0]);
  return reshape(found, {found.shape()[0]});
}

// Of a vector.
struct TruePlaces : Composed {
  TruePlaces()
      : Composed(
            "true_places", "Where a vector's elements are not zero.", &places_of_parts,
            +[](std::span<const Array> in, const Axes& numbers) {
              return are_few(in[0]) ? nonzero_of_short_vector(in[0]) : places_of_parts(in, numbers);
            }) {
    infers_unknown_rank = false;
    infer = +[](const Call&) { return OutputSpecs{{DType::int64, Shape{kDataDependent}}}; };
    infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; };
  }
};
const TruePlaces kTruePlaces;

}  // namespace

Arrays nonzero(const Array& x) {
  if (x.ndim() == 0) {
    throw ValueError(
        "Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead. "
        "If the context of this error is of the form `arr[nonzero(cond)]`, just use `arr[cond]`.");
  }
  if (x.ndim() == 1) return {compose(kTruePlaces, {x})};
  if (computes_directly({&x}) && are_few(x)) return nonzero_of_few(x);
  const Array found = nonzero_indices(x);
  const Dim count = found.shape()[0];
  Arrays out;
  for (int d = 0; d < x.ndim(); ++d) {
    const SliceSpec column[] = {{0, 1, count}, {d, 1, 1}};
    out.push_back(reshape(slice(found, column), {count}));
  }
  return out;
}

Arrays where(const Array& condition) { return nonzero(condition); }

Array flatnonzero(const Array& x) { return nonzero(flat(x))[0]; }

namespace {

constexpr std::int64_t kFewBytes = 1 << 14;  // of a result that is written at once

// What lies behind the axis, `count` times each; absent where it is no short copy from contiguous memory.
Array repeat_few(const Array& x, std::int64_t count, int axis) {
  const bool direct = is_numeric(x.dtype()) && computes_directly({&x}) && count >= 0 && count <= kFewBytes;
  if (!direct || x.shape().num_elements() > kFewBytes / x.itemsize() || !x.is_contiguous()) return {};
  Shape shape = x.shape();
  std::int64_t run = x.itemsize();
  for (int i = axis + 1; i < x.ndim(); ++i) run *= shape[i];
  const std::int64_t bytes = shape.num_elements() * x.itemsize();
  if (bytes == 0 || bytes * count > kFewBytes) return {};
  shape[axis] *= count;
  Array out = Array::empty(x.dtype(), shape);
  const std::byte* from = x.data();
  std::byte* to = out.data();
  for (const std::byte* end = from + bytes; from < end; from += run) {
    for (std::int64_t k = 0; k < count; ++k, to += run) {
      if (run == 8) {
        std::memcpy(to, from, 8);
      } else {
        std::memcpy(to, from, static_cast<std::size_t>(run));
      }
    }
  }
  return out;
}

}  // namespace

Array repeat(const Array& x, std::int64_t count, std::optional<std::int64_t> axis) {
  if (is_negative(count)) throw ValueError("repeats may not contain negative values.");
  const Array source = axis ? x : flat(x);
  const int a = axis ? normalize_axis(*axis, x.ndim(), "repeat") : 0;
  if (Array few = repeat_few(source, count, a)) return few;
  Shape split = source.shape(), wide, joined = source.shape();
  split.insert(a + 1, 1);
  wide = split;
  wide[a + 1] = count;
  joined[a] = dim_mul(joined[a], count);
  return reshape(broadcast_to(reshape(source, split), wide), joined);
}

Array repeat(const Array& x, const Array& counts, std::optional<std::int64_t> axis) {
  const Array source = axis ? x : flat(x);
  const int a = axis ? normalize_axis(*axis, x.ndim(), "repeat") : 0;
  Array n = safe_indices(counts);
  if (n.ndim() > 1) throw ValueError("repeat: object too deep for desired array");
  const Dim size = source.shape()[a], given = n.size();
  if (given != size && given != 1 && !is_symbolic(given) && !is_symbolic(size)) {
    throw ValueError("operands could not be broadcast together with shape (" + std::to_string(size) + ",) " +
                     n.shape().str());
  }
  if (given == 1 && !n.is_symbolic()) return repeat(source, *n.data_as<std::int64_t>(), a);
  n = broadcast_to(n, {size});
  return gather_axis(source, repeat_indices(n), a);
}

// The diagonal of axes a and b, as a view where the array has memory.
static Array diagonal_of(std::span<const Array> in, const Axes& numbers) {
  const Array& x = in[0];
  const std::int64_t offset = numbers[0];
  const int ndim = x.ndim(), a = static_cast<int>(numbers[1]), b = static_cast<int>(numbers[2]);
  Axes order;
  for (int d = 0; d < ndim; ++d) {
    if (d != a && d != b) order.push_back(d);
  }
  order.push_back(a);
  order.push_back(b);
  // Rows from `down` on, columns from `right` on.
  const std::int64_t down = offset < 0 ? -offset : 0, right = offset > 0 ? offset : 0;
  const Dim count = dim_min(dim_span(down, x.shape()[a]), dim_span(right, x.shape()[b]));
  if (active_observers == nullptr && x.state() == State::concrete) {
    const std::int64_t row = x.strides()[a], column = x.strides()[b];
    Shape shape;
    Strides strides;
    for (int k = 0; k < ndim - 2; ++k) {
      shape.push_back(x.shape()[static_cast<int>(order[k])]);
      strides.push_back(x.strides()[static_cast<int>(order[k])]);
    }
    shape.push_back(count);
    strides.push_back(row + column);
    return Array::view_of(x.node()->buffer, x.data() + (count > 0 ? down * row + right * column : 0), x.dtype(), shape,
                          strides);
  }
  const Array i = iota(count, DType::int64);
  const Array indices[] = {down ? i + Scalar(down) : i, right ? i + Scalar(right) : i};
  const std::int64_t axes[] = {ndim - 2, ndim - 1};
  return gather(transpose(x, order), indices, axes);
}
static const Composed kDiagonal("diagonal", "The elements of equal places on two axes.", &diagonal_of, &diagonal_of);

Array diagonal(const Array& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  const int ndim = x.ndim();
  if (ndim < 2) throw ValueError("diag requires an array of at least two dimensions");
  const int a = normalize_axis(axis1, ndim, "diagonal"), b = normalize_axis(axis2, ndim, "diagonal");
  if (a == b) throw ValueError("axis1 and axis2 cannot be the same");
  return compose(kDiagonal, {x}, {offset, a, b});
}

Array trace(const Array& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2, std::optional<DType> dtype) {
  const Array d = diagonal(x, offset, axis1, axis2);
  const std::int64_t axes[] = {d.ndim() - 1};
  return reduce_sum(d, axes, false, dtype.value_or(accumulator_dtype(x.dtype())));
}

Array roll(const Array& x, std::int64_t shift) {
  const std::int64_t shifts[] = {shift}, axes[] = {0};
  return reshape(roll(flat(x), shifts, axes), x.shape());
}

Array roll(const Array& x, AxisList shift, AxisList axes) {
  const std::size_t n = std::max(shift.size(), axes.size());
  if ((shift.size() != n && shift.size() != 1) || (axes.size() != n && axes.size() != 1)) {
    throw ValueError("roll: shape mismatch: shift and axis cannot be broadcast to a single shape: " +
                     std::to_string(shift.size()) + " shifts, " + std::to_string(axes.size()) + " axes");
  }
  Array out = x;
  for (std::size_t k = 0; k < n; ++k) {
    const int axis = normalize_axis(axes[axes.size() == 1 ? 0 : k], x.ndim(), "roll");
    const Dim by = normal_shift(shift[shift.size() == 1 ? 0 : k], x.shape()[axis]);
    if (by != 0) out = roll_axis(out, axis, by);
  }
  return out;
}

Array flip(const Array& x) {
  Axes axes;
  for (int d = 0; d < x.ndim(); ++d) axes.push_back(d);
  return flip(x, axes);
}

Array flip(const Array& x, AxisList axes) {
  std::vector<IndexItem> items(static_cast<std::size_t>(x.ndim()), IndexItem::slice());
  for (std::int64_t a : normalize_axes(axes, x.ndim(), "flip")) items[static_cast<std::size_t>(a)].step = -1;
  return getitem(x, items);
}

}  // namespace tnp

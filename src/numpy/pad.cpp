// pad: constant values, or the array's own elements found by index arithmetic, so that sizes may be symbolic.
#include "base/dim.h"
#include "ir/composed.h"
#include "ir/trace.h"
#include "numpy/sizes.h"
#include "ops/shape/slice.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

void check(const Array& x, std::span<const PadWidth> widths) {
  if (static_cast<int>(widths.size()) != x.ndim()) throw ValueError("pad: one pair of widths is needed for each axis");
  for (const PadWidth& w : widths) {
    if (is_negative(w.before) || is_negative(w.after)) throw ValueError("pad: index can't contain negative values");
  }
}

// Of which element of an axis of size n each element of the padded axis is a copy.
Array source_indices(Dim n, const PadWidth& w, PadMode mode) {
  const Array size = dim_value(n, DType::int64);
  const Array at = iota(dim_add(n, w.before + w.after), DType::int64) - Scalar(w.before);
  switch (mode) {
    case PadMode::edge:
      return minimum(maximum(at, 0), size - Scalar(1));
    case PadMode::wrap:
      return remainder(at, size);
    case PadMode::symmetric: {
      const Array m = remainder(at, size * Scalar(2));
      return where(m >= size, size * Scalar(2) - Scalar(1) - m, m);
    }
    case PadMode::reflect: {
      const Array period = maximum(size * Scalar(2) - Scalar(2), 1), m = remainder(at, period);
      return where(m >= size, period - m, m);
    }
  }
  return at;
}

// The odd kind of reflection: what is reflected is the difference from the edge.
Array reflect_odd(const Array& x, const Array& even, int axis, Dim n, const PadWidth& w, PadMode mode) {
  const Array at = iota(dim_add(n, w.before + w.after), DType::int64) - Scalar(w.before);
  const Array edge = source_indices(n, w, PadMode::edge);
  const std::int64_t axes[] = {axis};
  const Array edges = gather(x, {&edge, 1}, axes);
  Shape column(x.ndim() - axis, 1);
  column[0] = at.shape()[0];
  if (mode == PadMode::reflect || mode == PadMode::symmetric) {
    return where(reshape(at == edge, column), even, edges * Scalar(2) - even);
  }
  return even;
}

// The middle, then axis by axis the elements before and after it, of those that are there already.
Array padded_at_once(const Array& x, std::span<const PadWidth> widths, PadMode mode) {
  Shape shape = x.shape();
  std::vector<SliceSpec> known;  // of the result
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const PadWidth& w = widths[axis];
    known.push_back({w.before, 1, shape[axis]});
    shape[axis] += w.before + w.after;
  }
  check_shape(shape, x.itemsize());
  Array y = place_slice_into(Array::empty(x.dtype(), shape), x, known);
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const PadWidth& w = widths[axis];
    const Dim n = x.shape()[axis];
    const Array index = source_indices(n, w, mode);
    const std::int64_t axes[] = {axis};
    const SliceSpec sides[] = {{0, 1, w.before}, {w.before + n, 1, w.after}};
    for (const SliceSpec& side : sides) {
      if (side.count == 0) continue;
      const Array at = slice(index, {&side, 1});
      const Array values = gather(slice(y, known), {&at, 1}, axes);
      std::vector<SliceSpec> place = known;
      place[static_cast<std::size_t>(axis)] = side;
      y = place_slice_into(std::move(y), values, place);
    }
    known[static_cast<std::size_t>(axis)] = {0, 1, shape[axis]};
  }
  return y;
}

// Axis by axis, of elements of the array at places that are computed.
Array padded_by_places(const Array& x, std::span<const PadWidth> widths, PadMode mode, bool odd) {
  Array y = x;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const PadWidth& w = widths[axis];
    if (w.before == 0 && w.after == 0) continue;
    const Dim n = x.shape()[axis];
    if (n == 0) {
      throw ValueError("pad: can't extend empty axis " + std::to_string(axis) +
                       " using modes other than 'constant' or 'empty'");
    }
    const Array index = source_indices(n, w, mode);
    const std::int64_t axes[] = {axis};
    const Array even = gather(y, {&index, 1}, axes);
    y = odd ? reflect_odd(y, even, axis, n, w, mode) : even;
  }
  return y;
}

// How much of an axis of size n a mode finds on either side without going around.
Dim most_in_one_piece(Dim n, PadMode mode) {
  return mode == PadMode::edge ? INT64_MAX : mode == PadMode::reflect ? n - 1 : n;
}

// Axis by axis, by slices on both sides; sizes are numbers.
Array padded_by_slices(const Array& x, std::span<const PadWidth> widths, PadMode mode) {
  Array y = x;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const PadWidth& w = widths[axis];
    const Dim n = x.shape()[axis], most = most_in_one_piece(n, mode);
    if (w.before == 0 && w.after == 0) continue;
    if (n == 0 || w.before > most || w.after > most) return padded_by_places(x, widths, mode, false);
    const auto side = [&](const SliceSpec& edge, const SliceSpec& piece) {
      std::vector<SliceSpec> all;
      for (Dim size : y.shape()) all.push_back({0, 1, size});
      all[static_cast<std::size_t>(axis)] = mode == PadMode::edge ? edge : piece;
      Shape shape = y.shape();
      shape[axis] = piece.count;
      const Array part = slice(y, all);
      return mode == PadMode::edge ? broadcast_to(part, shape) : part;
    };
    const bool wraps = mode == PadMode::wrap;
    const Dim beside = mode == PadMode::reflect ? 1 : 0;  // the element at the edge is left out
    Arrays parts;
    if (w.before > 0)
      parts.push_back(side(
          {0, 1, 1}, wraps ? SliceSpec{n - w.before, 1, w.before} : SliceSpec{w.before - 1 + beside, -1, w.before}));
    parts.push_back(y);
    if (w.after > 0)
      parts.push_back(side({n - 1, 1, 1}, wraps ? SliceSpec{0, 1, w.after} : SliceSpec{n - 1 - beside, -1, w.after}));
    y = concatenate(parts, axis);
  }
  return y;
}

// The mode, then each axis's widths.
std::vector<PadWidth> widths_of(const Axes& numbers) {
  std::vector<PadWidth> widths;
  for (int i = 1; i < numbers.size(); i += 2) widths.push_back({numbers[i], numbers[i + 1]});
  return widths;
}
const Composed kPadded(
    "pad_by_mode", "The array between copies of elements of its own.",
    +[](std::span<const Array> in, const Axes& numbers) {
      return padded_by_places(in[0], widths_of(numbers), static_cast<PadMode>(numbers[0]), false);
    },
    +[](std::span<const Array> in, const Axes& numbers) {
      return pad(in[0], widths_of(numbers), static_cast<PadMode>(numbers[0]), false);
    },
    nullptr,
    +[](std::span<const Array> in, const Axes& numbers) {
      return padded_by_slices(in[0], widths_of(numbers), static_cast<PadMode>(numbers[0]));
    });

}  // namespace

Array pad(const Array& x, std::span<const PadWidth> widths, PadMode mode, bool odd) {
  check(x, widths);
  const bool empty = x.shape().is_static() && x.shape().num_elements() == 0;
  if (!odd && !empty && is_numeric(x.dtype()) && current_trace == nullptr && computes_directly({&x}))
    return padded_at_once(x, widths, mode);
  Axes numbers{static_cast<std::int64_t>(mode)};
  bool known = x.is_symbolic() && !odd;
  for (const PadWidth& w : widths) {
    known = known && !is_symbolic(w.before) && !is_symbolic(w.after);
    numbers.push_back(w.before);
    numbers.push_back(w.after);
  }
  return known ? compose(kPadded, {x}, numbers) : padded_by_places(x, widths, mode, odd);
}

Array pad(const Array& x, std::span<const PadWidth> widths, std::span<const PadValues> values) {
  check(x, widths);
  Array y = x;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const auto part = [&](const Array& value, std::int64_t width) {
      Shape shape = y.shape();
      shape[axis] = width;
      return broadcast_to(astype(value, x.dtype()), shape);
    };
    const PadWidth& w = widths[axis];
    Arrays parts;
    if (w.before != 0) parts.push_back(part(values[axis].before, w.before));
    parts.push_back(y);
    if (w.after != 0) parts.push_back(part(values[axis].after, w.after));
    if (parts.size() > 1) y = concatenate(parts, axis);
  }
  return y;
}

}  // namespace tnp

#include "base/dim.h"
#include "tnp/error.h"
#include "tnp/numpy.h"
#include "tnp/padding.h"
#include "tnp/statistics.h"

namespace tnp {

namespace {

void check(const Array& x, std::span<const PadWidth> widths) {
  if (static_cast<int>(widths.size()) != x.ndim()) throw ValueError("pad: one pair of widths is needed for each axis");
  for (const PadWidth& w : widths) {
    if (w.before < 0 || w.after < 0) throw ValueError("pad: index can't contain negative values");
  }
}

Array part(const Array& x, int axis, Dim start, Dim count) {
  std::vector<SliceSpec> axes;
  for (int i = 0; i < x.ndim(); ++i)
    axes.push_back(i == axis ? SliceSpec{start, 1, count} : SliceSpec{0, 1, x.shape()[i]});
  return slice(x, axes);
}

void check_not_empty(const Array& x, int axis, const PadWidth& w, const char* mode) {
  if (x.shape()[axis] == 0 && (w.before > 0 || w.after > 0)) {
    throw ValueError("can't extend empty axis " + std::to_string(axis) + " using modes other than 'constant' or '" +
                     std::string("empty") + "' (mode: " + mode + ")");
  }
}

// From `end` to the edge, which is not reached.
Array ramp(const Array& x, int axis, Dim edge, const Array& end, std::int64_t width) {
  const Array last = squeeze(part(x, axis, edge, 1), Axes{axis});
  return linspace(broadcast_to(end, last.shape()), last, width, false, x.dtype(), axis).samples;
}

Array statistic_of(const Array& x, int axis, PadStatistic statistic) {
  Reduction o;
  o.axis = Axes{axis};
  o.keepdims = true;
  const auto rounded = [&](const Array& y) { return is_inexact(x.dtype()) ? y : rint(y); };
  switch (statistic) {
    case PadStatistic::maximum:
      return max(x, o);
    case PadStatistic::minimum:
      return min(x, o);
    case PadStatistic::mean:
      return astype(rounded(mean(x, o)), x.dtype());
    case PadStatistic::median:
      return astype(rounded(median(x, Axes{axis}, true)), x.dtype());
  }
  return x;
}

}  // namespace

Array pad_linear_ramp(const Array& x, std::span<const PadWidth> widths, std::span<const PadValues> end_values) {
  check(x, widths);
  Array y = x;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const PadWidth& w = widths[static_cast<std::size_t>(axis)];
    check_not_empty(x, axis, w, "linear_ramp");
    if (w.before == 0 && w.after == 0) continue;
    const PadValues& end = end_values[static_cast<std::size_t>(axis)];
    const Array before = ramp(y, axis, 0, astype(end.before, x.dtype()), w.before);
    const Array after =
        flip(ramp(y, axis, dim_sub(x.shape()[axis], 1), astype(end.after, x.dtype()), w.after), Axes{axis});
    y = concatenate(Arrays{before, y, after}, axis);
  }
  return y;
}

Array pad_statistic(const Array& x, std::span<const PadWidth> widths, PadStatistic statistic,
                    std::span<const PadWidth> lengths) {
  check(x, widths);
  Array y = x;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    const PadWidth &w = widths[static_cast<std::size_t>(axis)], &n = lengths[static_cast<std::size_t>(axis)];
    check_not_empty(x, axis, w, "a statistic");
    if (w.before == 0 && w.after == 0) continue;
    const Dim size = x.shape()[axis];
    const auto side = [&](std::int64_t length, std::int64_t width, bool front) {
      const Dim count = length < 0 ? size : dim_min(length, size);
      if (count == 0 && (statistic == PadStatistic::maximum || statistic == PadStatistic::minimum)) {
        throw ValueError("stat_length of 0 yields no value for padding");
      }
      const Array value = statistic_of(part(y, axis, front ? 0 : dim_sub(size, count), count), axis, statistic);
      Shape shape = y.shape();
      shape[axis] = width;
      return broadcast_to(value, shape);
    };
    y = concatenate(Arrays{side(n.before, w.before, true), y, side(n.after, w.after, false)}, axis);
  }
  return y;
}

}  // namespace tnp

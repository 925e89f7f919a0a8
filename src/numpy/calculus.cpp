#include "tnp/calculus.h"

#include "base/default_dtype.h"
#include "base/dim.h"
#include "numpy/blocks.h"
#include "ops/sort/direct.h"
#include "tnp/cumulative.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

// `count` elements of an axis from `start` on.
Array part(const Array& x, int axis, Dim start, Dim count) {
  std::vector<SliceSpec> axes;
  for (int i = 0; i < x.ndim(); ++i)
    axes.push_back(i == axis ? SliceSpec{start, 1, count} : SliceSpec{0, 1, x.shape()[i]});
  return slice(x, axes);
}

// --- gradient

// The distances between neighbours along one axis: one number, or one fewer than there are elements.
struct Steps {
  Array uniform;  // 0-d; absent where they differ
  Array each;     // 1-d
};

Steps steps_of(const Array& spacing, Dim size) {
  if (spacing.ndim() == 0) return {spacing, {}};
  if (spacing.ndim() != 1) throw ValueError("distances must be either scalars or 1d");
  const Dim n = spacing.shape()[0];
  if (n != size && !is_symbolic(n) && !is_symbolic(size)) {
    throw ValueError("when 1d, distances must match the length of the corresponding dimension");
  }
  const Array each = diff(is_integer(spacing.dtype()) ? astype(spacing, DType::float64) : spacing);
  if (!each.is_symbolic() && each.size() > 0) {
    const std::int64_t first_index = 0;
    const Array first = take(each, Array(first_index), {});
    if (all(each == first).item<bool>()) return {first, {}};
  }
  return {{}, each};
}

// Weights of three neighbours.
struct Weights {
  Array a, b, c;
};

class AxisGradient {
 public:
  AxisGradient(const Array& f, int axis, const Steps& steps)
      : f_(f), axis_(axis), steps_(steps), size_(f.shape()[axis]) {}

  Array compute(int edge_order) const {
    const Dim inner = dim_sub(size_, 2), last = dim_sub(size_, 1);
    Array middle;
    if (steps_.uniform) {
      middle = (at(2, inner) - at(0, inner)) / (Scalar(2.0) * steps_.uniform);
    } else {
      const Array left = distance(0, inner), right = distance(1, inner);
      middle =
          combine({-right / (left * (left + right)), (right - left) / (left * right), left / (right * (left + right))},
                  at(0, inner), at(1, inner), at(2, inner));
    }
    const Array begin = edge_order == 1 ? (at(1) - at(0)) / step(0) : first_of_three();
    const Array end = edge_order == 1 ? (at(last) - at(dim_sub(size_, 2))) / step(dim_sub(size_, 2)) : last_of_three();
    return astype(concatenate(Arrays{begin, middle, end}, axis_), f_.dtype());
  }

 private:
  Array at(Dim start, Dim count = 1) const { return part(f_, axis_, start, count); }
  // Distances from `start` on, as they stand beside f.
  Array distance(Dim start, Dim count) const {
    Shape shape(f_.ndim(), 1);
    shape[axis_] = count;
    return reshape(part(steps_.each, 0, start, count), shape);
  }
  Array step(Dim i) const { return steps_.uniform ? steps_.uniform : distance(i, 1); }
  static Array combine(const Weights& w, const Array& x, const Array& y, const Array& z) {
    return w.a * x + w.b * y + w.c * z;
  }

  Array first_of_three() const {
    Weights w;
    if (steps_.uniform) {
      const Array& d = steps_.uniform;
      w = {Scalar(-1.5) / d, Scalar(2.0) / d, Scalar(-0.5) / d};
    } else {
      const Array d = distance(0, 1), e = distance(1, 1);
      w = {-(Scalar(2.0) * d + e) / (d * (d + e)), (d + e) / (d * e), -d / (e * (d + e))};
    }
    return combine(w, at(0), at(1), at(2));
  }
  Array last_of_three() const {
    const Dim n = size_;
    Weights w;
    if (steps_.uniform) {
      const Array& d = steps_.uniform;
      w = {Scalar(0.5) / d, Scalar(-2.0) / d, Scalar(1.5) / d};
    } else {
      const Array d = distance(dim_sub(n, 3), 1), e = distance(dim_sub(n, 2), 1);
      w = {e / (d * (d + e)), -(e + d) / (d * e), (Scalar(2.0) * e + d) / (e * (d + e))};
    }
    return combine(w, at(dim_sub(n, 3)), at(dim_sub(n, 2)), at(dim_sub(n, 1)));
  }

  const Array& f_;
  int axis_;
  const Steps& steps_;
  Dim size_;
};

}  // namespace

Arrays gradient(const Array& given, std::span<const Array> spacing, const std::optional<Axes>& given_axes,
                int edge_order) {
  Axes axes;
  if (given_axes) {
    for (std::int64_t a : *given_axes) axes.push_back(normalize_axis(a, given.ndim()));
    normalize_axes(axes, given.ndim());  // refuses repeated ones
  } else {
    for (int i = 0; i < given.ndim(); ++i) axes.push_back(i);
  }
  const auto count = static_cast<std::size_t>(axes.size());
  if (!spacing.empty() && spacing.size() != count && !(spacing.size() == 1 && spacing[0].ndim() == 0)) {
    throw TypeError("invalid number of arguments");
  }
  if (edge_order > 2) throw ValueError("'edge_order' greater than 2 not supported");
  const Array f = is_inexact(given.dtype()) ? given : astype(given, default_float());
  const Array one = Scalar(1.0).to_array(real_of(f.dtype()));
  Arrays out;
  for (std::size_t k = 0; k < count; ++k) {
    const int axis = static_cast<int>(axes[static_cast<int>(k)]);
    const Dim size = f.shape()[axis];
    const Steps steps = steps_of(spacing.empty() ? one : spacing[spacing.size() == 1 ? 0 : k], size);
    if (!is_symbolic(size) && size < edge_order + 1) {
      throw ValueError(
          "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are "
          "required.");
    }
    out.push_back(AxisGradient(f, axis, steps).compute(edge_order));
  }
  return out;
}

Array unwrap(const Array& given, const Operand* discont, std::int64_t given_axis, const Operand& given_period) {
  if (given.ndim() == 0) throw ValueError("diff requires input that is at least one dimensional");
  const int axis = normalize_axis(given_axis, given.ndim());
  const auto type_with = [&](const Operand& o) {
    return o.is_array() ? promote(given.dtype(), o.array().dtype()) : promote(given.dtype(), o.scalar().kind);
  };
  const DType type = type_with(given_period);
  const Array p = astype(given, type);
  const Array period =
      given_period.is_array() ? astype(given_period.array(), type) : given_period.scalar().to_array(type);
  const Dim size = p.shape()[axis];
  if (size == 0) return p;
  const bool whole = is_integer(type);
  const Array high = whole ? floor_divide(period, 2) : period / 2;
  const Array low = -high;
  const auto correction_of = [&](const Array& steps) {
    Array within = remainder(steps - low, period) + low;
    // A jump of exactly half a period keeps its direction; whole numbers have such a half only in even periods.
    Array ambiguous = (within == low) & (steps > 0);
    if (whole) ambiguous = ambiguous & (remainder(period, 2) == 0);
    within = where(ambiguous, high, within);
    const Array size_of_step = absolute(steps);
    return where(discont ? less(size_of_step, *discont) : size_of_step < period / 2, 0, within - steps);
  };
  const Array steps = diff(p, 1, axis);
  const bool single = (!discont || !discont->is_array()) && period.ndim() == 0 && computes_directly({&period});
  const Array correction = single ? by_blocks({steps}, [&](std::span<const Array> in) { return correction_of(in[0]); })
                                  : correction_of(steps);
  const Dim start = is_symbolic(size) ? dim_min(1, size) : 1;  // of nothing there is no first
  const Array first = part(p, axis, 0, start), rest = part(p, axis, start, dim_sub(size, start));
  return concatenate(Arrays{first, astype(rest + cumsum(correction, axis), type)}, axis);
}

}  // namespace tnp

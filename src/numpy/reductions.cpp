#include "tnp/reductions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/accumulator_dtype.h"
#include "base/default_dtype.h"
#include "base/dim.h"
#include "ir/composed.h"
#include "ir/expr.h"
#include "numpy/reduction_axes.h"
#include "ops/common.h"
#include "ops/elementwise/cast.h"
#include "ops/elementwise/one_pass.h"
#include "ops/reduce/arg_driver.h"
#include "ops/reduce/deviation.h"
#include "ops/sort/direct.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

// The mask for each element of x, whose shape it must not change.
Array mask_of(const Array& x, const Array& mask) { return broadcast_to(astype(mask, DType::bool_), x.shape()); }

// x with `identity` at the places that `where` leaves out.
Array masked(const Array& x, const Array& mask, const Scalar& identity) {
  if (!mask) return x;
  return where(mask_of(x, mask), x, identity.to_array(x.dtype()));
}

}  // namespace

Axes reduction_axes(const Array& x, const std::optional<Axes>& axis) {
  const int n = x.ndim();
  if (axis) {
    if (axis->size() == 1) return Axes{normalize_axis((*axis)[0], n)};
    return normalize_axes(*axis, n);
  }
  Axes all;
  for (int i = 0; i < n; ++i) all.push_back(i);
  return all;
}

Dim reduced_count(const Array& x, const Axes& axes) {
  Dim n = 1;
  for (std::int64_t a : axes) n = dim_mul(n, x.shape()[static_cast<int>(a)]);
  return n;
}

// Of a function's reduction, which takes a number for a vector of one element.
static Axes lenient_axes(const Array& x, const std::optional<Axes>& axis) {
  const bool of_vector = axis && axis->size() == 1 && ((*axis)[0] == 0 || (*axis)[0] == -1);
  if (of_vector && x.ndim() == 0) return {};
  return reduction_axes(x, axis);
}

Array sum(const Array& x, const Reduction& o) {
  const DType type = o.dtype.value_or(accumulator_dtype(x.dtype()));
  const Array s = reduce_sum(masked(x, o.where, 0), lenient_axes(x, o.axis), o.keepdims, type);
  return o.initial ? add(s, astype(o.initial, type)) : s;
}

Array prod(const Array& x, const Reduction& o) {
  const DType type = o.dtype.value_or(accumulator_dtype(x.dtype()));
  const Array p = reduce_prod(masked(x, o.where, 1), lenient_axes(x, o.axis), o.keepdims, type);
  return o.initial ? multiply(p, astype(o.initial, type)) : p;
}

Array all(const Array& x, const Reduction& o) {
  return reduce_all(masked(x, o.where, 1), lenient_axes(x, o.axis), o.keepdims);
}
Array any(const Array& x, const Reduction& o) {
  return reduce_any(masked(x, o.where, 0), lenient_axes(x, o.axis), o.keepdims);
}

constexpr std::int64_t kFewElements = 64;  // that are counted at once

static Array counted_parts(std::span<const Array> in, const Axes&) {
  return reduce_sum(astype(in[0], DType::bool_), reduction_axes(in[0], {}), false, DType::int64);
}

static Array counted(std::span<const Array> in, const Axes& numbers) {
  const Array& x = in[0];
  const bool few = x.state() == State::concrete && x.is_contiguous() && x.shape().num_elements() <= kFewElements;
  if (const std::int64_t n = few ? x.shape().num_elements() : -1; n >= 0) {
    bool truths[kFewElements];
    cast_block(x.dtype(), DType::bool_, x.data(), truths, n);
    return Array(static_cast<std::int64_t>(std::count(truths, truths + n, true)));
  }
  const std::int64_t n = number_of_nonzeros(x);
  return n >= 0 ? Array(n) : counted_parts(in, numbers);
}

static const Composed kCounted("count_nonzero", "How many elements are not 0.", &counted_parts, &counted);

// Whether a trace computes it element by element. If it does so for a count alone, it had better not be stored as it
// is: the conversion becomes part of the loop.
static bool is_elementwise(const Array& x) {
  const Expr* e = x.is_symbolic() ? x.node()->expr : nullptr;
  return e != nullptr && e->op != nullptr && (e->op->fusion == Fusion::elementwise || e->op->fusion == Fusion::cast);
}

Array count_nonzero(const Array& x, const Reduction& o) {
  if (!o.axis && !o.keepdims && !is_elementwise(x)) return compose(kCounted, {x});
  return reduce_sum(astype(x, DType::bool_), reduction_axes(x, o.axis), o.keepdims, DType::int64);
}

// --- extremes

namespace {

using Extreme = Array (*)(const Array&, AxisList, bool);
using Choose = Array (*)(const Operand&, const Operand&);

// With the reduced axes last, joined to one that `initial` is appended to: so that there is always an element.
Array extreme_from(Extreme reduce, const Array& x, const Axes& axes, bool keepdims, const Array& initial) {
  Axes order;
  Shape kept, result;
  for (int i = 0, next = 0; i < x.ndim(); ++i) {
    const bool reduced = next < axes.size() && axes[next] == i;
    if (reduced) ++next;
    if (!reduced) {
      order.push_back(i);
      kept.push_back(x.shape()[i]);
    }
    if (!reduced || keepdims) result.push_back(reduced ? 1 : x.shape()[i]);
  }
  for (std::int64_t a : axes) order.push_back(a);
  Shape flat = kept, one = kept;
  flat.push_back(reduced_count(x, axes));
  one.push_back(1);
  const Array joined = concatenate(Arrays{reshape(transpose(x, order), flat), broadcast_to(initial, one)}, kept.ndim());
  const std::int64_t last[] = {kept.ndim()};
  return reshape(reduce(joined, last, false), result);
}

Array extreme(Extreme reduce, Choose choose, const char* ufunc, const Array& x, const Reduction& o) {
  if (o.where && !o.initial) {
    throw ValueError(std::string("reduction operation '") + ufunc +
                     "' does not have an identity, so to use a where mask one has to specify 'initial'");
  }
  const Axes axes = lenient_axes(x, o.axis);
  if (!o.initial) return axes.empty() ? x : reduce(x, axes, o.keepdims);
  const Array initial = astype(o.initial, x.dtype());
  const Array y = o.where ? where(mask_of(x, o.where), x, initial) : x;
  if (axes.empty()) return choose(y, initial);
  const Dim count = reduced_count(y, axes);
  if (count > 0) return choose(reduce(y, axes, o.keepdims), initial);
  return extreme_from(reduce, y, axes, o.keepdims, initial);
}

constexpr std::int64_t kFewInRows = 4096;

// Along the last axis of few elements, without a primitive; absent where that is not so.
Array arg_of_rows(bool max, const Array& x, std::int64_t axis) {
  const int last = x.ndim() - 1;
  const std::int64_t n = x.shape().is_static() ? x.shape().num_elements() : 0;
  const bool along = axis == last || axis == -1;
  if (!along || n == 0 || n > kFewInRows || !is_numeric(x.dtype()) || !computes_directly({&x})) return {};
  Shape shape = x.shape();
  shape.erase(last);
  Array out = Array::empty(DType::int64, shape);
  reduce_arg(max, view(x), std::uint64_t{1} << last, view(out));
  return out;
}

Array arg_extreme(bool max, const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  if (x.ndim() == 0) {
    if (axis) normalize_axis(*axis, 1);
    return zeros({}, DType::int64);
  }
  if (axis && !keepdims) {
    if (Array few = arg_of_rows(max, x, *axis)) return few;
  }
  const auto reduce = max ? &reduce_argmax : &reduce_argmin;
  return reduce(x, reduction_axes(x, axis ? std::optional(Axes{*axis}) : std::nullopt), keepdims);
}

}  // namespace

Array min(const Array& x, const Reduction& o) { return extreme(&reduce_min, &minimum, "minimum", x, o); }
Array max(const Array& x, const Reduction& o) { return extreme(&reduce_max, &maximum, "maximum", x, o); }
Array ptp(const Array& x, const Reduction& o) { return subtract(max(x, o), min(x, o)); }
Array argmin(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  return arg_extreme(false, x, axis, keepdims);
}
Array argmax(const Array& x, std::optional<std::int64_t> axis, bool keepdims) {
  return arg_extreme(true, x, axis, keepdims);
}

// --- mean, variance

namespace {

bool is_half(DType d) { return is_floating(d) && itemsize(d) == 2; }

// The type that a mean is accumulated in, and that of its result.
struct MeanTypes {
  DType work, result;
};
MeanTypes mean_types(DType x, std::optional<DType> dtype) {
  if (dtype) return {*dtype, *dtype};
  if (is_half(x)) return {DType::float32, x};
  if (!is_inexact(x)) return {default_float(), default_float()};
  return {x, x};
}

// How many elements are reduced: a number, or an array where it depends on sizes or on a mask.
class Count {
 public:
  Count(const Array& x, const Axes& axes, const Array& mask, bool keepdims) {
    if (mask) {
      array_ = reduce_sum(mask_of(x, mask), axes, keepdims, DType::int64);
    } else if (const Dim n = reduced_count(x, axes); is_symbolic(n)) {
      array_ = dim_value(n, DType::int64);
    } else {
      number_ = n;
    }
  }
  // x / max(count - ddof, 0), in `type`
  Array divide_into(const Array& x, double ddof, DType type) const {
    const DType real = is_complex(x.dtype()) ? real_of(x.dtype()) : is_floating(x.dtype()) ? x.dtype() : DType::float64;
    if (array_) {
      const Array n =
          ddof == 0 ? astype(array_, real) : astype(maximum(astype(array_, DType::float64) - Scalar(ddof), 0), real);
      return astype(divide(x, n), type);
    }
    return astype(divide(x, std::max(static_cast<double>(number_) - ddof, 0.0)), type);
  }

 private:
  Array array_;
  std::int64_t number_ = 0;
};

// Whether the squares need no array of their own: over axes next to each other. Eager and traced calls decide alike, so
// that their results have the same bits.
bool in_one_pass(const Array& x, const Axes& axes, const Reduction& o, DType work) {
  if (axes.empty() || !x.shape().rank_known() || o.where || (o.dtype && x.dtype() != work)) return false;
  return (work == DType::float32 || work == DType::float64) && axes[axes.size() - 1] - axes[0] + 1 == axes.size();
}

}  // namespace

Array mean(const Array& x, const Reduction& o) {
  const auto [work, result] = mean_types(x.dtype(), o.dtype);
  const Axes axes = reduction_axes(x, o.axis);
  const Array total = reduce_sum(masked(x, o.where, 0), axes, o.keepdims, work);
  return astype(Count(x, axes, o.where, o.keepdims).divide_into(total, 0, work), result);
}

Array var(const Array& x, const Reduction& o, const Spread& spread) {
  const auto [work, result] = mean_types(x.dtype(), o.dtype);
  const Axes axes = reduction_axes(x, o.axis);
  if (!spread.mean && in_one_pass(x, axes, o, work)) {
    Array total = squared_deviations(astype(x, work), static_cast<int>(axes[0]), axes.size());
    if (o.keepdims) {
      Shape kept = x.shape();
      for (std::int64_t a : axes) kept[static_cast<int>(a)] = 1;
      total = reshape(total, kept);
    }
    return astype(Count(x, axes, {}, o.keepdims).divide_into(total, spread.ddof, work), result);
  }
  Array center = spread.mean;
  if (!center) {
    const Array total = reduce_sum(masked(x, o.where, 0), axes, true, work);
    center = Count(x, axes, o.where, true).divide_into(total, 0, work);
  }
  const Array deviation = subtract(x, center);
  const Array squares =
      is_complex(deviation.dtype()) ? real(multiply(deviation, conjugate(deviation))) : square(deviation);
  // A type that is asked for is kept, even a complex one.
  const DType real_work = o.dtype ? work : real_of(work);
  const Array total = reduce_sum(masked(squares, o.where, 0), axes, o.keepdims, real_work);
  return astype(Count(x, axes, o.where, o.keepdims).divide_into(total, spread.ddof, real_work),
                o.dtype ? result : real_of(result));
}

Array std(const Array& x, const Reduction& o, const Spread& spread) {
  const Array v = var(x, o, spread);
  return is_inexact(v.dtype()) ? sqrt(v) : astype(sqrt(v), v.dtype());
}

Average average(const Array& x, const Array& weights, const Reduction& o) {
  const Axes axes = reduction_axes(x, o.axis);
  if (!weights) {
    const Array m = mean(x, o);
    const Dim n = reduced_count(x, axes);
    return {m, broadcast_to(is_symbolic(n) ? dim_value(n, m.dtype()) : Scalar(n).to_array(m.dtype()), m.shape())};
  }
  Array w = weights;
  if (w.shape() != x.shape()) {
    if (!o.axis) throw TypeError("Axis must be specified when shapes of a and weights differ.");
    Shape expected;
    for (std::int64_t a : axes) expected.push_back(x.shape()[static_cast<int>(a)]);
    if (w.shape() != expected)
      throw ValueError("Shape of weights must be consistent with shape of a along specified axis.");
    Shape aligned(x.ndim(), 1);
    for (std::int64_t a : axes) aligned[static_cast<int>(a)] = x.shape()[static_cast<int>(a)];
    w = broadcast_to(reshape(w, aligned), x.shape());
  }
  DType type = promote(x.dtype(), w.dtype());
  if (!is_inexact(x.dtype())) type = promote(type, default_float());
  const Array scale = reduce_sum(w, axes, o.keepdims, type);
  if (!scale.is_symbolic()) {
    const Array zero = any(scale == 0);
    if (!zero.is_symbolic() && zero.item<bool>()) throw ZeroDivisionError("Weights sum to zero, can't be normalized");
  }
  const Array total = reduce_sum(multiply(astype(x, type), astype(w, type)), axes, o.keepdims, type);
  return {total / scale, scale};
}

}  // namespace tnp

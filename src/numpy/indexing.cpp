// x[items] and its updates.
#include "tnp/indexing.h"

#include "base/dim.h"
#include "ir/composed.h"
#include "ir/observer.h"
#include "numpy/index_plan.h"
#include "ops/index/places.h"
#include "ops/index/take_masked.h"
#include "tnp/error.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

// --- views

// At once, without a primitive, where nobody needs to know of it.
bool can_view_directly(const Array& x, const IndexPlan& plan) {
  if (x.state() != State::concrete || !x.shape().is_static() || !plan.view.is_static()) return false;
  return active_observers == nullptr || (x.node()->flags & detail::kWatched) == 0;
}

Array direct_view(const Array& x, const IndexPlan& plan) {
  std::int64_t offset = 0;
  bool empty = false;
  for (const SliceSpec& s : plan.slices) empty = empty || s.count == 0;
  const Strides& from = x.strides();
  if (!empty) {
    for (int i = 0; i < plan.slices.size(); ++i) offset += plan.slices[i].start * from[i];
  }
  Strides strides;
  for (std::int64_t axis : plan.kept) {
    strides.push_back(axis < 0 ? 0 : from[static_cast<int>(axis)] * plan.slices[static_cast<int>(axis)].step);
  }
  return Array::view_of(x.node()->buffer, x.data() + offset, x.dtype(), plan.view, strides);
}

bool same_axes(const Array& x, const IndexPlan& plan) {
  if (plan.kept.size() != x.ndim()) return false;
  for (int i = 0; i < plan.kept.size(); ++i) {
    if (plan.kept[i] != i) return false;
  }
  return true;
}

Array view_of(const Array& x, const IndexPlan& plan) {
  bool known = true;  // a symbolic start with static counts
  for (const SliceSpec& s : plan.slices) known = known && !is_symbolic(s.start);
  if (known && can_view_directly(x, plan)) return direct_view(x, plan);
  const Array sliced = plan.whole ? x : slice(x, plan.slices);
  return same_axes(x, plan) ? sliced : reshape(sliced, plan.view);
}

// --- what index arrays see

// The view with a mask's axes made one and, where they must be neighbours and are not, the indexed axes in front.
struct Indexed {
  Array view;
  Axes axes;   // of `view`, neighbours
  Shape flat;  // the view's shape before axes were moved
  Axes order;  // how they were moved; empty if not
};

Indexed prepare(const Array& x, const IndexPlan& plan) {
  Indexed r{view_of(x, plan), plan.index_axes, plan.view, {}};
  if (plan.flatten_count > 1) {
    Dim size = 1;
    for (int i = 0; i < plan.flatten_count; ++i) {
      size = dim_mul(size, r.flat[plan.flatten_axis]);
      r.flat.erase(plan.flatten_axis);
    }
    r.flat.insert(plan.flatten_axis, size);
    r.view = reshape(r.view, r.flat);
  }
  bool neighbours = plan.in_place;
  for (int i = 1; i < r.axes.size(); ++i) neighbours = neighbours && r.axes[i] == r.axes[i - 1] + 1;
  if (neighbours) return r;
  r.order = r.axes;
  for (int i = 0; i < r.flat.ndim(); ++i) {
    if (std::find(r.axes.begin(), r.axes.end(), i) == r.axes.end()) r.order.push_back(i);
  }
  r.view = transpose(r.view, r.order);
  for (int i = 0; i < r.axes.size(); ++i) r.axes[i] = i;
  return r;
}

// --- updates

Array combine(UpdateOp op, const Array& x, const Array& value) {
  switch (op) {
    case UpdateOp::set:
      return value;
    case UpdateOp::add:
      return x + value;
    case UpdateOp::subtract:
      return x - value;
    case UpdateOp::multiply:
      return x * value;
    case UpdateOp::divide:
      return x / value;
    case UpdateOp::power:
      return power(x, value);
    case UpdateOp::min:
      return minimum(x, value);
    case UpdateOp::max:
      return maximum(x, value);
  }
  return value;
}

// The value as it broadcasts to the shape, without further axes of 1 in front.
Array fit_value(const Array& value, const Shape& target, const char* before, const char* between) {
  Shape shape = value.shape();
  while (shape.ndim() > target.ndim() && shape[0] == 1) shape.erase(0);
  Shape common;
  const bool fits = shape.ndim() <= target.ndim() && try_broadcast(shape, target, common) &&
                    (!common.is_static() || !target.is_static() || common == target);
  if (!fits) throw ValueError(before + value.shape().str() + between + target.str());
  return reshape(value, shape);
}

// place_slice of a value that has the view's axes.
Array place_view(const Array& x, const IndexPlan& plan, const Array& value) {
  const int lead = plan.view.ndim() - value.ndim();
  Shape shape(x.ndim(), 1);
  for (int i = lead; i < plan.view.ndim(); ++i) {
    if (plan.kept[i] >= 0) shape[static_cast<int>(plan.kept[i])] = value.shape()[i - lead];
  }
  return place_slice(x, reshape(value, shape), plan.slices);
}

Array update_view(const Array& x, const IndexPlan& plan, const Array& value, UpdateOp op) {
  if (plan.element && value.ndim() > 0) throw ValueError("setting an array element with a sequence.");
  Array update = fit_value(value, plan.view, "could not broadcast input array from shape ", " into shape ");
  if (op != UpdateOp::set) update = astype(combine(op, view_of(x, plan), update), x.dtype());
  return place_view(x, plan, update);
}

Array scattered(const Indexed& at, const IndexPlan& plan, const Array& value, UpdateOp op, DType dtype) {
  const auto put = [&](const Array& onto, const Array& v, ScatterMode mode) {
    return scatter(onto, plan.indices, v, at.axes, mode, plan.labels);
  };
  switch (op) {
    case UpdateOp::set:
      return put(at.view, value, ScatterMode::set);
    case UpdateOp::add:
      return put(at.view, value, ScatterMode::add);
    case UpdateOp::subtract:
      return put(at.view, negative(value), ScatterMode::add);
    case UpdateOp::multiply:
      return put(at.view, value, ScatterMode::multiply);
    case UpdateOp::min:
      return put(at.view, value, ScatterMode::min);
    case UpdateOp::max:
      return put(at.view, value, ScatterMode::max);
    case UpdateOp::divide:
    case UpdateOp::power:
      break;
  }
  // By the product of all values that a place gets.
  const Array factors = put(ones(at.view.shape(), value.dtype()), value, ScatterMode::multiply);
  return astype(combine(op, at.view, factors), dtype);
}

Array update_places(const Array& x, const IndexPlan& plan, const Array& value, UpdateOp op) {
  const Indexed at = prepare(x, plan);
  IndexParams p;
  p.axes = at.axes;
  const Shape target = gathered_shape(at.view.shape(), broadcast_indices(plan.indices), p);
  const Array update = fit_value(value, target, "shape mismatch: value array of shape ",
                                 " could not be broadcast to indexing result of shape ");
  Array result = scattered(at, plan, update, op, x.dtype());
  if (!at.order.empty()) {
    Axes back(at.order.size(), 0);
    for (int i = 0; i < at.order.size(); ++i) back[static_cast<int>(at.order[i])] = i;
    result = transpose(result, back);
  }
  if (plan.flatten_count > 1) result = reshape(result, plan.view);
  if (plan.whole) return reshape(result, x.shape());
  return place_view(x, plan, result);
}

// x[mask] op= value with a value that is the same for all places of the mask: no index arrays, no size that depends on
// data. Only for operations that are harmless where the mask is false.
std::optional<Array> update_where(const Array& x, std::span<const IndexItem> items, const Array& value, UpdateOp op) {
  if (op == UpdateOp::multiply || op == UpdateOp::divide || op == UpdateOp::power) return {};
  const Array* mask = nullptr;
  int before = 0;
  for (const IndexItem& item : items) {
    const bool all = item.kind == IndexItem::Kind::slice && !item.start && !item.stop && item.step == 1;
    if (item.kind == IndexItem::Kind::array && mask == nullptr && is_bool(item.array.dtype()) &&
        item.array.ndim() > 0) {
      mask = &item.array;
    } else if (!all || mask != nullptr) {
      return {};
    } else {
      ++before;
    }
  }
  if (mask == nullptr || before + mask->ndim() > x.ndim()) return {};
  Shape trailing, shape = mask->shape(), common;
  for (int i = 0; i < mask->ndim(); ++i) {
    if (shape[i] != x.shape()[before + i]) return {};
  }
  for (int i = before + mask->ndim(); i < x.ndim(); ++i) {
    trailing.push_back(x.shape()[i]);
    shape.push_back(1);
  }
  if (value.ndim() > trailing.ndim() || !try_broadcast(value.shape(), trailing, common) || common != trailing)
    return {};
  return astype(where(reshape(*mask, shape), combine(op, x, value), x), x.dtype());
}

// One integer array for the first axis, or one mask of x's shape, of arrays whose values are there: no plan is needed.
// Absent for everything else, and for what is an error.
Array short_way(const Array& x, const IndexItem& item) {
  if (item.kind != IndexItem::Kind::array || x.state() != State::concrete || item.array.state() != State::concrete)
    return {};
  if (is_bool(item.array.dtype())) {
    const bool simple = x.ndim() > 0 && x.shape() == item.array.shape() && active_observers == nullptr;
    return simple ? take_masked(x, item.array) : Array();
  }
  if (x.ndim() == 0 || item.array.ndim() == 0 || !is_integer(item.array.dtype())) return {};
  const std::int64_t first[] = {0};
  return gather(x, {&item.array, 1}, first, first);
}

Array getitem_by_plan(const Array& x, std::span<const IndexItem> items) {
  const IndexPlan plan = plan_index(x, items);
  if (plan.is_basic()) return view_of(x, plan);
  const Indexed at = prepare(x, plan);
  return gather(at.view, plan.indices, at.axes, plan.labels);
}

// Of an array and a mask of as many axes.
const Composed kMasked(
    "masked", "The elements where a mask is true.",
    +[](std::span<const Array> in, const Axes&) {
      const IndexItem mask(in[1]);
      return getitem_by_plan(in[0], {&mask, 1});
    },
    +[](std::span<const Array> in, const Axes&) {
      const IndexItem mask(in[1]);
      return getitem(in[0], {&mask, 1});
    });

// Whether that is an index by a mask in a graph.
bool is_traced_mask(const Array& x, const IndexItem& item) {
  if (item.kind != IndexItem::Kind::array || !is_bool(item.array.dtype())) return false;
  if (!x.is_symbolic() && !item.array.is_symbolic()) return false;
  const Shape &shape = x.shape(), &mask = item.array.shape();
  return shape.rank_known() && mask.rank_known() && shape.ndim() > 0 && shape.ndim() == mask.ndim();
}

}  // namespace

Array getitem(const Array& x, std::span<const IndexItem> items) {
  if (items.size() == 1) {
    if (Array taken = short_way(x, items[0])) return taken;
    if (is_traced_mask(x, items[0])) return compose(kMasked, {x, items[0].array});
  }
  return getitem_by_plan(x, items);
}

Array setitem(const Array& x, std::span<const IndexItem> items, const Array& value, UpdateOp op) {
  const bool full_mask = items.size() == 1 && items[0].kind == IndexItem::Kind::array &&
                         is_bool(items[0].array.dtype()) && items[0].array.ndim() == x.ndim();
  if (full_mask && value.ndim() > 1) {
    throw TypeError("NumPy boolean array indexing assignment requires a 0 or 1-dimensional input, input has " +
                    std::to_string(value.ndim()) + " dimensions");
  }
  // Divisors and exponents keep their type: x[i] /= 2.5 of integers divides by 2.5.
  const Array v = op == UpdateOp::divide || op == UpdateOp::power ? value : astype(value, x.dtype());
  if (std::optional<Array> simple = update_where(x, items, v, op)) return *simple;
  const IndexPlan plan = plan_index(x, items);
  return plan.is_basic() ? update_view(x, plan, v, op) : update_places(x, plan, v, op);
}

}  // namespace tnp

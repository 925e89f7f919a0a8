#include "numpy/index_plan.h"

#include "base/dim.h"
#include "ir/scalar.h"
#include "numpy/sizes.h"
#include "tnp/error.h"

namespace tnp {

// Whether a size computed from others can not be below zero.
bool surely_not_negative(Dim d) {
  if (!is_symbolic(d)) return true;
  const DimExpr e = dim_expr(d);
  switch (e.kind) {
    case DimExpr::Kind::leaf:
      return true;
    case DimExpr::Kind::sub:
      return false;
    case DimExpr::Kind::mod:
      return surely_not_negative(e.b);
    case DimExpr::Kind::max:
      return surely_not_negative(e.a) || surely_not_negative(e.b);
    default:
      return surely_not_negative(e.a) && surely_not_negative(e.b);
  }
}

// -1 // 2^62 is -1, a size's is 0.
Dim from_either_end(Dim d, Dim size) {
  if (surely_not_negative(d)) return d;
  constexpr Dim huge = Dim{1} << 62;
  return dim_sub(d, dim_mul(size, dim_floor_div(d, huge)));
}

namespace {

using Kind = IndexItem::Kind;

// --- sizes. A handle is negative, so a difference of numbers must not become one by accident.

Dim saturating_sub(Dim a, Dim b) {
  if (!is_symbolic(a) && !is_symbolic(b)) return a > b ? a - b : 0;
  return a == b ? 0 : dim_max(dim_sub(a, b), 0);
}

// How many elements lie before the bound (`past`: or at it), 0 … size.
Dim before(const IndexBound& b, Dim size, bool past) {
  if (b.is_dim && is_symbolic(b.value)) {
    const Dim d = from_either_end(b.value, size);
    return dim_min(dim_max(past ? dim_add(d, 1) : d, 0), size);
  }
  const std::int64_t add = past ? 1 : 0;
  if (b.value >= 0) {
    const Dim n = std::min(b.value, INT64_MAX - 1) + add;
    return n == 0 ? 0 : dim_min(n, size);
  }
  if (b.value == INT64_MIN) return 0;
  const std::int64_t back = -b.value - add;
  return back == 0 ? size : saturating_sub(size, back);
}

Dim ceil_div(Dim n, std::int64_t step) { return step == 1 ? n : dim_floor_div(dim_add(n, step - 1), step); }

SliceSpec resolve_static(const IndexItem& item, std::int64_t size) {
  const std::int64_t step = item.step;
  const auto bound = [&](const std::optional<IndexBound>& b, std::int64_t otherwise) {
    if (!b) return otherwise;
    std::int64_t v = b->value;
    if (v < 0) v += size;
    if (v < 0) return step < 0 ? std::int64_t{-1} : 0;
    return v >= size ? (step < 0 ? size - 1 : size) : v;
  };
  const std::int64_t start = bound(item.start, step < 0 ? size - 1 : 0), stop = bound(item.stop, step < 0 ? -1 : size);
  std::int64_t count = 0;
  if (step > 0 && start < stop) count = (stop - start - 1) / step + 1;
  if (step < 0 && stop < start) count = (start - stop - 1) / -step + 1;
  if (count == 0) return {0, 1, 0};
  return {start, count == 1 ? 1 : step, count};
}

bool is_number(const std::optional<IndexBound>& b) { return !b || !b->is_dim || !is_symbolic(b->value); }

[[noreturn]] void out_of_bounds(std::int64_t value, int axis, std::int64_t size) {
  throw IndexError("index " + std::to_string(value) + " is out of bounds for axis " + std::to_string(axis) +
                   " with size " + std::to_string(size));
}

// The place that an integer names. The run checks symbolic ones.
Dim resolve_integer(const IndexBound& i, Dim size, int axis) {
  if (i.is_dim && is_symbolic(i.value)) return from_either_end(i.value, size);
  if (is_symbolic(size)) return i.value >= 0 ? i.value : dim_sub(size, -i.value);
  if (i.value < -size || i.value >= size) out_of_bounds(i.value, axis, size);
  return i.value < 0 ? i.value + size : i.value;
}

bool is_mask(const IndexItem& item) { return item.kind == Kind::array && is_bool(item.array.dtype()); }
// Makes the index NumPy's "advanced" one. A symbolic 0-d integer array is just an integer that is not known yet.
bool is_fancy(const IndexItem& item) { return item.kind == Kind::array && (is_mask(item) || item.array.ndim() > 0); }

int axes_taken(const IndexItem& item) {
  if (item.kind == Kind::integer || item.kind == Kind::slice) return 1;
  if (item.kind != Kind::array) return 0;
  return is_mask(item) ? item.array.ndim() : 1;
}

// A concrete 0-d integer array is an integer.
void integer_of_array(IndexItem& item) {
  if (item.kind != Kind::array || is_bool(item.array.dtype())) return;
  if (!is_integer(item.array.dtype())) throw IndexError("arrays used as indices must be of integer (or boolean) type");
  if (item.array.ndim() != 0 || item.array.is_symbolic()) return;
  const Array value = astype(item.array, DType::int64);
  item = IndexItem(*value.data_as<std::int64_t>());
}

class Planner {
 public:
  Planner(const Array& x, std::span<const IndexItem> items) : x_(x) {
    x.ndim();  // throws where the rank is unknown
    for (const IndexItem& item : items) {
      items_.push_back(item);
      integer_of_array(items_.back());
    }
  }

  IndexPlan run() {
    int taken = 0, ellipses = 0, fancy = 0, integers = 0;
    for (const IndexItem& item : items_) {
      taken += axes_taken(item);
      integers += item.kind == Kind::integer;
      ellipses += item.kind == Kind::ellipsis;
      fancy += is_fancy(item);
    }
    if (ellipses > 1) throw IndexError("an index can only have a single ellipsis ('...')");
    if (taken > x_.ndim()) {
      throw IndexError("too many indices for array: array is " + std::to_string(x_.ndim()) + "-dimensional, but " +
                       std::to_string(taken) + " were indexed");
    }
    rest_ = x_.ndim() - taken;
    fancy_ = fancy;
    plan_.element = integers == x_.ndim() && items_.size() == static_cast<std::size_t>(integers);
    if (ellipses == 0) items_.push_back(IndexItem::ellipsis());
    check_masks();
    for (const IndexItem& item : items_) add(item);
    if (plan_.view.ndim() > kMaxDims)
      throw IndexError("number of dimensions must be within [0, 64], indexing result would have more");
    return std::move(plan_);
  }

 private:
  void add(const IndexItem& item) {
    note_order(item);
    switch (item.kind) {
      case Kind::newaxis:
        plan_.kept.push_back(-1);
        plan_.view.push_back(1);
        return;
      case Kind::ellipsis:
        for (int i = 0; i < rest_; ++i) keep({0, 1, size()});
        return;
      case Kind::slice:
        return keep(resolve_slice(item, size()));
      case Kind::integer:
        plan_.slices.push_back({resolve_integer(item.integer, size(), axis_), 1, 1});
        plan_.whole = false;
        ++axis_;
        return;
      case Kind::array:
        return is_mask(item) ? add_mask(item.array) : add_indices(item.array, axis_);
    }
  }

  Dim size() const { return x_.shape()[axis_]; }

  void keep(const SliceSpec& s) {
    const bool all = s.start == 0 && s.step == 1 && s.count == size();
    plan_.whole = plan_.whole && all;
    plan_.slices.push_back(s);
    plan_.kept.push_back(axis_);
    plan_.view.push_back(s.count);
    ++axis_;
  }

  void add_indices(const Array& index, int label) {
    plan_.indices.push_back(index);
    plan_.index_axes.push_back(plan_.view.ndim());
    plan_.labels.push_back(label);
    keep({0, 1, size()});
  }

  // The index arrays that stand for a mask.
  void add_mask(Array mask) {
    const int ndim = mask.ndim();
    if (ndim == 0) {
      // As if the array had one axis more, of size 1, and the mask were a vector.
      const Array found = nonzero_indices(reshape(mask, {1}));
      plan_.indices.push_back(reshape(found, {found.shape()[0]}));
      plan_.index_axes.push_back(plan_.view.ndim());
      plan_.labels.push_back(0);
      plan_.kept.push_back(-1);
      plan_.view.push_back(1);
      return;
    }
    mask = checked_mask(mask);
    if (fancy_ == 1 && !has_scalar_arrays()) {
      // One flat axis is quicker than several index arrays.
      const Array found = nonzero_indices(ndim == 1 ? mask : reshape(mask, {mask.size()}));
      plan_.flatten_axis = plan_.view.ndim();
      plan_.flatten_count = ndim;
      plan_.indices.push_back(reshape(found, {found.shape()[0]}));
      plan_.index_axes.push_back(plan_.view.ndim());
      plan_.labels.push_back(axis_);
      for (int d = 0; d < ndim; ++d) keep({0, 1, size()});
      return;
    }
    const Array found = nonzero_indices(mask);
    const Dim count = found.shape()[0];
    for (int d = 0; d < ndim; ++d) {
      const SliceSpec column[] = {{0, 1, count}, {d, 1, 1}};
      add_indices(reshape(tnp::slice(found, column), {count}), axis_);
    }
  }

  // As in NumPy, before any slice or integer is looked at.
  void check_masks() const {
    int axis = 0;
    for (const IndexItem& item : items_) {
      for (int d = 0; is_mask(item) && d < item.array.ndim(); ++d) {
        const Dim own = item.array.shape()[d], theirs = x_.shape()[axis + d];
        // NumPy lets a mask with a size of 0 pass: it chooses nothing.
        if (own == theirs || own == 0 || is_symbolic(own) || is_symbolic(theirs)) continue;
        throw IndexError("boolean index did not match indexed array along axis " + std::to_string(axis + d) +
                         "; size of axis is " + std::to_string(theirs) + " but size of corresponding boolean axis is " +
                         std::to_string(own));
      }
      axis += item.kind == Kind::ellipsis ? rest_ : axes_taken(item);
    }
  }

  Array checked_mask(const Array& mask) {
    Shape sizes;
    bool unknown = false;
    for (int d = 0; d < mask.ndim(); ++d) {
      const Dim own = mask.shape()[d], theirs = x_.shape()[axis_ + d];
      sizes.push_back(theirs);
      unknown = unknown || (own != theirs && (is_symbolic(own) || is_symbolic(theirs)));
    }
    return unknown ? broadcast_to(mask, sizes) : mask;  // which the run checks
  }

  bool has_scalar_arrays() const {
    for (const IndexItem& item : items_) {
      if (item.kind == Kind::array && !is_fancy(item)) return true;
    }
    return false;
  }

  // Index arrays and integers that something else separates put their dimensions in front, as in NumPy.
  void note_order(const IndexItem& item) {
    if (fancy_ == 0) return;
    if (item.kind == Kind::array || item.kind == Kind::integer) {
      if (order_ == Order::interrupted) plan_.in_place = false;
      order_ = Order::inside;
    } else if (order_ == Order::inside) {
      order_ = Order::interrupted;
    }
  }

  enum class Order : std::uint8_t { outside, inside, interrupted };
  const Array& x_;
  std::vector<IndexItem> items_;
  IndexPlan plan_;
  int axis_ = 0, rest_ = 0, fancy_ = 0;
  Order order_ = Order::outside;
};

}  // namespace

SliceSpec resolve_slice(const IndexItem& item, std::int64_t size) {
  if (item.step == 0) throw ValueError("slice step cannot be zero");
  if (!is_symbolic(size) && is_number(item.start) && is_number(item.stop)) return resolve_static(item, size);
  if (item.step > 0) {
    // A start beyond the end is not brought back to it: nothing is taken then.
    const bool number = item.start && is_number(item.start) && item.start->value >= 0;
    const Dim start = !item.start ? 0 : number ? item.start->value : before(*item.start, size, false);
    const Dim stop = item.stop ? before(*item.stop, size, false) : size;
    if (number && item.stop && is_number(item.stop) && item.stop->value < 0 && item.stop->value > INT64_MIN / 2 &&
        start < INT64_MAX / 2) {
      return {start, item.step, ceil_div(saturating_sub(size, start - item.stop->value), item.step)};
    }
    return {start, item.step, ceil_div(saturating_sub(stop, start), item.step)};
  }
  // Both counted as the number of elements up to and with the bound, so that none is -1.
  const Dim start = item.start ? before(*item.start, size, true) : size,
            stop = item.stop ? before(*item.stop, size, true) : 0;
  return {saturating_sub(start, 1), item.step, ceil_div(saturating_sub(start, stop), -item.step)};
}

IndexPlan plan_index(const Array& x, std::span<const IndexItem> items) { return Planner(x, items).run(); }

Array gather_axis(const Array& x, const Array& indices, int axis) {
  const std::int64_t axes[] = {axis};
  return gather(x, {&indices, 1}, axes);
}

Array slice_axis(const Array& x, int axis, SliceSpec spec) {
  std::vector<SliceSpec> specs;
  for (int i = 0; i < x.ndim(); ++i) specs.push_back(i == axis ? spec : SliceSpec{0, 1, x.shape()[i]});
  return slice(x, specs);
}

}  // namespace tnp

// Distinct elements, and sets of them.
#include "base/dim.h"
#include "ir/composed.h"
#include "ops/index/repeat.h"
#include "ops/sort/direct.h"
#include "ops/sort/sort.h"
#include "tnp/error.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/numeric.h"
#include "tnp/operators.h"
#include "tnp/reductions.h"
#include "tnp/sorting.h"

namespace tnp {

namespace {

Array part(const Array& x, Dim start, Dim count) {
  const SliceSpec rows[] = {{start, 1, count}};
  return slice(x, rows);
}

Array at_places(const Array& x, const Array& places) {
  const std::int64_t axes[] = {0};
  return gather(x, {&places, 1}, axes);
}

// All but the last and all but the first of a vector; both empty for an empty one.
struct Neighbours {
  Array previous, next;
};
Neighbours neighbours(const Array& x) {
  const Dim n = x.shape()[0], count = dim_max(0, dim_sub(n, 1));
  return {part(x, 0, count), part(x, dim_min(n, 1), count)};
}

// Whether there may be NaN in a sorted vector: they are behind all others.
bool may_end_in_nan(const Array& sorted) {
  if (!is_inexact(sorted.dtype()) || sorted.size() == 0) return false;
  const Array last = isnan(part(sorted, dim_sub(sorted.size(), 1), 1));
  return last.is_symbolic() || last.item<bool>();
}

// Where an element of a sorted vector is not its predecessor again.
Array differs_from_previous(const Array& sorted, bool equal_nan) {
  const auto [previous, next] = neighbours(sorted);
  Array differs = not_equal(next, previous);
  if (equal_nan && may_end_in_nan(sorted))
    differs = logical_and(differs, logical_not(logical_and(isnan(next), isnan(previous))));
  // In front of the first nothing is the same: as many as there are first elements.
  const Array parts[] = {ones({dim_min(sorted.shape()[0], 1)}, DType::bool_), differs};
  return concatenate(parts, 0);
}

// The results of `unique` from the places in sorted order where runs of equal elements begin.
void add_results(Unique& out, const Array& starts, const Array& order, Dim n, const UniqueOptions& o) {
  if (o.index) out.index = at_places(order, starts);
  if (!o.inverse && !o.counts) return;
  const Array end[] = {starts, reshape(dim_value(n, DType::int64), {1})};
  const Array counts = diff(concatenate(end, 0));
  if (o.counts) out.counts = counts;
  if (!o.inverse) return;
  const std::int64_t axes[] = {0};
  Array runs = repeat_indices(counts);
  out.inverse = scatter(zeros({n}, DType::int64), {&order, 1}, runs, axes, ScatterMode::set);
}

Unique unique_elements(const Array& x, const UniqueOptions& o) {
  const Array flat = ravel(x);
  Unique out;
  Array order, sorted;
  if (o.index || o.inverse) {
    order = argsort_axis(flat, 0, false);
    sorted = at_places(flat, order);
  } else {
    sorted = sort_axis(flat, 0, false);
  }
  const Array starts = flatnonzero(differs_from_previous(sorted, o.equal_nan));
  out.values = at_places(sorted, starts);
  add_results(out, starts, order, flat.size(), o);
  if (o.inverse) out.inverse = reshape(out.inverse, x.shape());
  return out;
}

Unique unique_rows(const Array& x, int axis, const UniqueOptions& o) {
  const Array rows = moveaxis(x, Axes{axis}, Axes{0});
  const Dim n = rows.shape()[0];
  Dim width = 1;
  for (int i = 1; i < rows.ndim(); ++i) width = dim_mul(width, rows.shape()[i]);
  const Array matrix = reshape(rows, {n, width});
  const Array order = order_rows(matrix), sorted = at_places(matrix, order);
  const Dim count = dim_max(0, dim_sub(n, 1));
  const SliceSpec previous[] = {{0, 1, count}, {0, 1, width}}, next[] = {{dim_min(n, 1), 1, count}, {0, 1, width}};
  const std::int64_t columns[] = {1};
  const Array parts[] = {ones({dim_min(n, 1)}, DType::bool_),
                         reduce_any(not_equal(slice(sorted, next), slice(sorted, previous)), columns, false)};
  const Array starts = flatnonzero(concatenate(parts, 0));
  Unique out;
  const Array values = at_places(rows, at_places(order, starts));
  out.values = moveaxis(values, Axes{0}, Axes{axis});
  add_results(out, starts, order, n, o);
  return out;
}

Array joined(const Array& x, const Array& y) {
  const Array parts[] = {ravel(x), ravel(y)};
  return concatenate(parts, JoinOptions{});
}

Array values_of(const Array& x) { return unique(x).values; }

}  // namespace

Unique unique(const Array& x, const UniqueOptions& o) {
  if (o.axis) {
    const int axis = normalize_axis(*o.axis, x.ndim());
    if (x.ndim() > 1) return unique_rows(x, axis, o);
  }
  return unique_elements(x, o);
}

Array union1d(const Array& x, const Array& y) { return values_of(joined(x, y)); }

Intersection intersect1d(const Array& a, const Array& b, bool assume_unique, bool indices) {
  UniqueOptions with_index;
  with_index.index = indices;
  Unique x{ravel(a), {}, {}, {}}, y{ravel(b), {}, {}, {}};
  if (!assume_unique) {
    x = unique(a, with_index);
    y = unique(b, with_index);
  }
  const Array all = joined(x.values, y.values);
  Array order, sorted;
  if (indices) {
    order = argsort_axis(all, 0, false);
    sorted = at_places(all, order);
  } else {
    sorted = sort_axis(all, 0, false);
  }
  const auto [previous, next] = neighbours(sorted);
  const Array places = flatnonzero(equal(next, previous));
  Intersection out{at_places(sorted, places), {}, {}};
  if (!indices) return out;
  out.x_index = at_places(order, places);
  out.y_index = subtract(at_places(order, places + Scalar(1)), dim_value(x.values.size(), DType::int64));
  if (!assume_unique) {
    out.x_index = at_places(x.index, out.x_index);
    out.y_index = at_places(y.index, out.y_index);
  }
  return out;
}

Array setdiff1d(const Array& x, const Array& y, bool assume_unique) {
  const Array own = assume_unique ? ravel(x) : values_of(x);
  return at_places(own, flatnonzero(isin(own, y, true)));
}

Array setxor1d(const Array& x, const Array& y, bool assume_unique) {
  const Array sorted = sort_axis(assume_unique ? joined(x, y) : joined(values_of(x), values_of(y)), 0, false);
  // Alone: neither like the one before nor like the one behind.
  const Array changes = differs_from_previous(sorted, false);
  const Array parts[] = {part(changes, dim_min(sorted.size(), 1), dim_max(0, dim_sub(sorted.size(), 1))),
                         ones({dim_min(sorted.size(), 1)}, DType::bool_)};
  return at_places(sorted, flatnonzero(logical_and(changes, concatenate(parts, 0))));
}

namespace {

// Whether each integer of x is among those of y, by a table of all numbers between y's least and greatest one. Absent
// where the table would be long, or the numbers are not known.
Array isin_by_table(const Array& x, const Array& y) {
  const auto is_whole = [](const Array& a) {
    return is_integer(a.dtype()) && a.dtype() != DType::uint64 && !a.is_symbolic();
  };
  if (!is_whole(x) || !is_whole(y) || y.size() == 0) return {};
  const Array wide = astype(ravel(y), DType::int64);
  const Array least = min(wide), greatest = max(wide);
  if (least.is_symbolic() || greatest.is_symbolic()) return {};
  const std::int64_t low = least.item<std::int64_t>(), high = greatest.item<std::int64_t>();
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  // The numbers beside the ends of the range must be numbers, too.
  if (low == INT64_MIN || high == INT64_MAX) return {};
  if (range > static_cast<std::uint64_t>(6 * (x.size() + y.size()))) return {};
  if (computes_directly({&x, &wide})) {
    std::vector<std::uint8_t> members(static_cast<std::size_t>(range) + 1, 0);
    const Array flat = wide.is_contiguous() ? wide : copy(wide);
    const auto* numbers = flat.data_as<std::int64_t>();
    for (std::int64_t i = 0, n = flat.shape().num_elements(); i < n; ++i)
      members[static_cast<std::size_t>(numbers[i]) - static_cast<std::size_t>(low)] = 1;
    return are_members(x, low, members);
  }
  const std::int64_t axes[] = {0};
  // A place in front and one behind stand for all that is out of range.
  const Array places = wide - Scalar(low - 1);
  const Array table =
      scatter(zeros({static_cast<Dim>(range) + 3}, DType::bool_), {&places, 1}, Array(true), axes, ScatterMode::set);
  const Array wanted = astype(x, DType::int64);
  return at_places(table, minimum(maximum(wanted, Scalar(low - 1)), Scalar(high + 1)) - Scalar(low - 1));
}

}  // namespace

static Array isin_of(std::span<const Array> in, const Axes& numbers) {
  const Array &x = in[0], &y = in[1];
  const bool invert = numbers[0] != 0;
  if (const Array found = isin_by_table(x, y)) return invert ? logical_not(found) : found;
  const DType type = promote(x.dtype(), y.dtype());
  const Array sorted = sort_axis(astype(ravel(y), type), 0, false), wanted = astype(x, type);
  // Found is what has a place before its equals other than that behind them; NaN has none.
  Array found = less(search_rows(sorted, wanted, 0, false), search_rows(sorted, wanted, 0, true));
  if (is_inexact(type)) found = logical_and(found, equal(wanted, wanted));
  return invert ? logical_not(found) : found;
}
static const Composed kIsin("isin", "Whether each element is among others.", &isin_of, &isin_of);

Array isin(const Array& x, const Array& y, bool invert) { return compose(kIsin, {x, y}, {invert}); }

}  // namespace tnp

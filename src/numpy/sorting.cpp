#include "tnp/sorting.h"

#include "base/dim.h"
#include "ir/composed.h"
#include "ops/sort/direct.h"
#include "ops/sort/sort.h"
#include "tnp/error.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/operators.h"
#include "tnp/reductions.h"

namespace tnp {

namespace {

// x and its axis, or x as a vector.
struct AlongAxis {
  Array x;
  int axis;
};
AlongAxis along_axis(const Array& x, std::optional<std::int64_t> axis) {
  if (!axis) return {ravel(x), 0};
  return {x, normalize_axis(*axis, x.ndim())};
}
// The same for functions of indices, to which a 0-d array is a vector of one element.
AlongAxis along_index_axis(const Array& x, std::optional<std::int64_t> axis) {
  return along_axis(x.ndim() == 0 ? reshape(x, {1}) : x, axis);
}

// Ranks as a vector of int64. Throws for what are no integers, and for ranks beyond an axis of known size.
Array checked_ranks(const Array& ranks, Dim size) {
  if (is_bool(ranks.dtype())) throw ValueError("Booleans unacceptable as partition index");
  if (!is_integer(ranks.dtype())) throw TypeError("Partition index must be integer");
  if (ranks.ndim() > 1) throw ValueError("partition: kth must be an integer or a vector of them");
  const Array k = reshape(astype(ranks, DType::int64), {ranks.size()});
  if (!k.is_symbolic() && !is_symbolic(size) && size != 0) {
    for (std::int64_t r : k.to_vector<std::int64_t>()) {
      if (r < -size || r >= size)
        throw ValueError("kth(=" + std::to_string(r) + ") out of bounds (" + std::to_string(size) + ")");
    }
  }
  return k;
}

}  // namespace

Array sort(const Array& x, std::optional<std::int64_t> axis, bool descending) {
  const AlongAxis a = along_axis(x, axis);
  return sort_axis(a.x, a.axis, descending);
}

Array argsort(const Array& x, std::optional<std::int64_t> axis, bool descending) {
  const AlongAxis a = along_index_axis(x, axis);
  return argsort_axis(a.x, a.axis, descending);
}

Array partition(const Array& x, const Array& ranks, std::optional<std::int64_t> axis) {
  const AlongAxis a = along_axis(x, axis);
  return partition_axis(a.x, checked_ranks(ranks, a.x.shape()[a.axis]), a.axis);
}

constexpr std::int64_t kFewSorted = 512;  // up to here all indices are sorted in less time

// An array, and the ranks that are wanted along the axis that the number tells.
static Array arguments_by_rank(std::span<const Array> in, const Axes& axis) {
  const Array &x = in[0], &wanted = in[1];
  const bool one = x.ndim() == 1 && wanted.size() == 1 && x.size() > kFewSorted && is_numeric(x.dtype());
  if (one) {
    const std::int64_t rank = wanted.item<std::int64_t>();
    const SliceSpec at[] = {{rank < 0 ? rank + x.size() : rank, 1, 1}};
    const Array pivot = slice(partition_axis(x, wanted, 0), at);
    // The places of what is less than the element of that rank, of its equals, and of the rest. NaN has no equals.
    if (equal(pivot, pivot).item<bool>()) {
      const Array before = less(x, pivot), same = equal(x, pivot), behind = logical_not(logical_or(before, same));
      return concatenate(Arrays{flatnonzero(before), flatnonzero(same), flatnonzero(behind)}, 0);
    }
  }
  return argsort_axis(x, static_cast<int>(axis[0]), false);
}
static const Composed kArgpartition(
    "argpartition", "Indices in whose order the elements of some ranks are where sorting puts them.",
    +[](std::span<const Array> in, const Axes& axis) { return argsort_axis(in[0], static_cast<int>(axis[0]), false); },
    &arguments_by_rank);

Array argpartition(const Array& x, const Array& ranks, std::optional<std::int64_t> axis) {
  const AlongAxis a = along_index_axis(x, axis);
  return compose(kArgpartition, {a.x, checked_ranks(ranks, a.x.shape()[a.axis])}, {a.axis});
}

Array lexsort(std::span<const Array> keys, std::int64_t axis) {
  if (keys.empty()) throw TypeError("need sequence of keys with len > 0 in lexsort");
  for (const Array& k : keys) {
    bool same = k.ndim() == keys[0].ndim();
    for (int i = 0; same && i < k.ndim(); ++i) {
      const Dim d = k.shape()[i], e = keys[0].shape()[i];
      same = d == e || is_symbolic(d) || is_symbolic(e);
    }
    if (!same) throw ValueError("all keys need to be the same shape");
  }
  if (keys[0].ndim() == 0) return zeros({}, DType::int64);
  const int at = normalize_axis(axis, keys[0].ndim());
  // The least significant key first: later sorts keep the order of what is equal to them.
  Array order = argsort_axis(keys[0], at, false);
  for (std::size_t i = 1; i < keys.size(); ++i) {
    const Array next = argsort_axis(take_along_axis(keys[i], order, at), at, false);
    order = take_along_axis(order, next, at);
  }
  return order;
}

Array sort_complex(const Array& x) {
  if (x.ndim() == 0) normalize_axis(-1, 0);
  const bool narrow = is_integer(x.dtype()) && itemsize(x.dtype()) < 4;
  const DType to = is_complex(x.dtype()) ? x.dtype() : narrow ? DType::complex64 : DType::complex128;
  return astype(sort(x), to);
}

Array searchsorted(const Array& sorted, const Array& values, bool right, const Array& sorter) {
  if (sorted.ndim() != 1) {
    throw ValueError(sorted.ndim() == 0 ? "searchsorted: object of too small depth for desired array"
                                        : "searchsorted: object too deep for desired array");
  }
  Array row = sorted;
  if (sorter) {
    if (!is_integer(sorter.dtype())) throw TypeError("sorter must only contain integers");
    if (sorter.ndim() != 1) throw ValueError("searchsorted: object too deep for desired array");
    const Dim n = sorted.size(), m = sorter.size();
    if (n != m && !is_symbolic(n) && !is_symbolic(m)) throw ValueError("sorter.size must equal a.size");
    try {
      row = take(sorted, sorter, 0);
    } catch (const IndexError&) {
      throw ValueError("Sorter index out of range.");
    }
  }
  const DType type = promote(row.dtype(), values.dtype());
  return search_rows(astype(row, type), astype(values, type), 0, right);
}

static Array digitize_of(std::span<const Array> in, const Axes& numbers) {
  const Array &x = in[0], &bins = in[1];
  const bool right = numbers[0] != 0;
  const Dim count = bins.size();
  if (count == 0) return searchsorted(bins, x, !right);
  const SliceSpec first[] = {{0, 1, 1}}, last[] = {{dim_sub(count, 1), 1, 1}};
  const SliceSpec before[] = {{0, 1, dim_sub(count, 1)}}, behind[] = {{1, 1, dim_sub(count, 1)}};
  const Array previous = slice(bins, before), next = slice(bins, behind);
  const Array down = less(reshape(slice(bins, last), {}), reshape(slice(bins, first), {}));
  const Array monotonic = logical_or(all(less_equal(previous, next)), all(greater_equal(previous, next)));
  if (!monotonic.is_symbolic() && !monotonic.item<bool>())
    throw ValueError("bins must be monotonically increasing or decreasing");
  const auto up_bins = [&] { return searchsorted(bins, x, !right); };
  const auto down_bins = [&] {
    const Array found = searchsorted(flip(bins), x, !right);
    return subtract(dim_value(count, DType::int64), found);
  };
  if (!down.is_symbolic()) return down.item<bool>() ? down_bins() : up_bins();
  return where(down, down_bins(), up_bins());
}
static const Composed kDigitize("digitize", "The bin that each element is in.", &digitize_of, &digitize_of);

Array digitize(const Array& x, const Array& bins, bool right) {
  if (is_complex(x.dtype())) throw TypeError("x may not be complex");
  if (bins.ndim() != 1) throw ValueError("object too deep for desired array");
  return compose(kDigitize, {x, bins}, {right});
}

}  // namespace tnp

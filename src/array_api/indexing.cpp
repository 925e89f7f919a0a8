// Indexing: NumPy's, less what the standard leaves to each library.
#include <algorithm>
#include <cstring>

#include "base/dim.h"
#include "base/element_bits.h"
#include "ir/observer.h"
#include "ir/scalar.h"
#include "ops/shape/copy.h"
#include "ops/shape/ownership.h"
#include "tnp/array_api.h"
#include "tnp/error.h"

namespace tnp::array_api {

namespace {

using Kind = IndexItem::Kind;

bool is_mask(const IndexItem& item) { return item.kind == Kind::array && is_bool(item.array.dtype()); }
bool is_index_array(const IndexItem& item) {
  return item.kind == Kind::array && !is_bool(item.array.dtype()) && item.array.ndim() > 0;
}

void check_bound(const std::optional<IndexBound>& bound, const char* which, std::int64_t low, std::int64_t high,
                 std::int64_t size) {
  if (!bound || bound->is_dim || (bound->value >= low && bound->value <= high)) return;
  throw IndexError("the slice's " + std::string(which) + " " + std::to_string(bound->value) + " is outside of " +
                   std::to_string(low) + " … " + std::to_string(high) + " for an axis of size " + std::to_string(size) +
                   ", and the standard leaves to each library what that gives: clip it first, or leave it out");
}

void check_slice(const IndexItem& s, std::int64_t size) {
  if (is_symbolic(size)) return;
  check_bound(s.start, "start", -size, size, size);
  if (s.step > 0) {
    check_bound(s.stop, "stop", -size, size, size);
  } else {
    check_bound(s.stop, "stop", -size - 1, std::max<std::int64_t>(0, size - 1), size);
  }
}

struct Counts {
  int masks = 0, index_arrays = 0, slices = 0, ellipses = 0, added = 0;
  int axes = 0;  // that are indexed one by one
};

Counts count(std::span<const IndexItem> items) {
  Counts c;
  for (const IndexItem& item : items) {
    c.masks += is_mask(item);
    c.index_arrays += is_index_array(item);
    c.slices += item.kind == Kind::slice;
    c.ellipses += item.kind == Kind::ellipsis;
    c.added += item.kind == Kind::newaxis;
    c.axes += item.kind != Kind::newaxis && item.kind != Kind::ellipsis;
  }
  return c;
}

void check_kinds(const Counts& c, std::size_t items, int ndim, Access access) {
  if (c.masks > 0 && !flags().boolean_indexing) {
    throw RuntimeError(
        "indexing with a boolean array is disabled, as some libraries do not have it: write where(mask, x, y), or "
        "enable "
        "it with set_array_api_strict_flags(boolean_indexing=True)");
  }
  if (c.masks > 0 && items > 1) {
    throw IndexError(
        "a boolean array must be the whole index: the standard has no combination of it with other indices: write "
        "x[mask] and index the result, or use nonzero(mask)");
  }
  if (access == Access::set && c.added > 0) {
    throw IndexError(
        "None in the index of an assignment is left to each library: leave it out, and give the value the shape "
        "of x[index]");
  }
  if (access == Access::set && c.index_arrays > 0) {
    throw IndexError(
        "assignment to integer-array indices is not in the standard: use a boolean mask, where(…), or a loop");
  }
  if (c.index_arrays > 0 && (c.slices > 0 || c.ellipses > 0 || c.added > 0)) {
    throw IndexError(
        "integer arrays may stand beside integers and integer arrays only: the standard leaves their combination with "
        "slices, ... and None to each library: use take(x, indices, axis=…), or index twice");
  }
  if (c.masks == 0 && c.ellipses == 0 && c.axes < ndim) {
    throw IndexError("the index names " + std::to_string(c.axes) + " of " + std::to_string(ndim) +
                     " axes: the standard leaves the others to each library: write x[idx, ...]");
  }
}

StridedView view_of(const Array& x) { return {x.data(), x.dtype(), x.ndim(), x.shape().data(), x.strides().data()}; }

// Whether no two elements of x share memory, as those of a broadcast array do.
bool has_distinct_elements(const Array& x) {
  if (x.is_contiguous()) return true;
  SmallVec<std::pair<std::int64_t, std::int64_t>, 5> axes;  // stride, bytes from the first to the last
  for (int i = 0; i < x.ndim(); ++i) {
    const std::int64_t n = x.shape()[i], stride = std::abs(x.strides()[i]);
    if (n == 0) return true;
    if (n > 1) axes.push_back({stride, (n - 1) * stride});
  }
  std::sort(axes.begin(), axes.end());
  std::int64_t reach = x.itemsize();
  for (const auto& [stride, extent] : axes) {
    if (stride < reach) return false;
    reach += extent;
  }
  return true;
}

// Gives an array whose elements are still to be computed its memory, where that is to be seen.
void settle(const Array& x) {
  if (x.state() == State::pending && active_observers == nullptr) x.data();
}

// Whether the memory of x can be written to without anybody noticing, and nobody follows what is done with it.
bool writable(const Array& x) {
  settle(x);
  return active_observers == nullptr && is_only_holder(x) && has_distinct_elements(x);
}

bool is_basic(std::span<const IndexItem> items) {
  return std::none_of(items.begin(), items.end(), [](const IndexItem& item) {
    return item.kind == Kind::array || item.integer.is_dim || (item.start && item.start->is_dim) ||
           (item.stop && item.stop->is_dim);
  });
}

void check_assigned(const Array& x, const Operand& value) {
  constexpr const char* kWhat = "x[key] = value";
  const DType type = value.is_array() ? promote(kWhat, x.dtype(), value.array().dtype())
                                      : scalar_dtype(kWhat, x.dtype(), value.scalar().kind);
  if (type == x.dtype()) return;
  throw TypeError("x[key] = value: the value would have to be promoted to more than the array's type, " +
                  std::string(dtype_name(x.dtype())) + ": convert it with astype(value, x.dtype)");
}

// Where one element of x is; null where the index is none of integers for all axes, within their bounds.
std::byte* element_at(const Array& x, std::span<const IndexItem> items) {
  if (static_cast<int>(items.size()) != x.ndim()) return nullptr;
  std::byte* at = x.data();
  for (int i = 0; i < x.ndim(); ++i) {
    const IndexItem& item = items[static_cast<std::size_t>(i)];
    if (item.kind != Kind::integer || item.integer.is_dim) return nullptr;
    const std::int64_t n = x.shape()[i], k = item.integer.value < 0 ? item.integer.value + n : item.integer.value;
    if (k < 0 || k >= n) return nullptr;
    at += k * x.strides()[i];
  }
  return at;
}

// Fills the view with the value, broadcast to it; false if it does not fit.
bool fill(const Array& target, const Array& value) {
  Shape common;
  if (value.is_symbolic() || value.ndim() > target.ndim() || !try_broadcast(value.shape(), target.shape(), common) ||
      common != target.shape()) {
    return false;
  }
  // A value that shares memory with x would have made it not writable.
  copy_strided(view_of(broadcast_to(value, target.shape())), view_of(target));
  return true;
}

// --- assignment by a mask, in x's memory

using Count = std::int64_t;

// Calls set(i) for each place of a mask that is true, by words where nothing is.
template <class F>
void for_each_true(const Array& mask, F&& set) {
  const auto* m = reinterpret_cast<const unsigned char*>(mask.data());
  const Count n = mask.size();
  Count i = 0;
  for (; i + 8 <= n; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, m + i, sizeof(word));
    if (word == 0) continue;
    for (Count j = i; j < i + 8; ++j) {
      if (m[j]) set(j);
    }
  }
  for (; i < n; ++i) {
    if (m[i]) set(i);
  }
}

template <class T>
void fill_blocks(std::byte* data, const Array& mask, Count block, const std::byte* value) {
  T* p = reinterpret_cast<T*>(data);
  T v;
  std::memcpy(&v, value, sizeof(T));
  for_each_true(mask, [=](Count i) {
    for (Count k = i * block; k < (i + 1) * block; ++k) p[k] = v;
  });
}

void fill_masked(const Array& x, const Array& mask, Count block, const std::byte* value) {
  with_element_bits(x.itemsize(), [&]<class T>(T) { fill_blocks<T>(x.data(), mask, block, value); });
}

Array in_order(const Array& x) { return x.is_contiguous() ? x : copy(x); }

// How many elements of x stand at one place of the mask; nothing where the mask has another shape than x begins with.
std::optional<Count> block_of(const Array& x, const Array& mask) {
  if (mask.ndim() > x.ndim()) return std::nullopt;
  Count block = 1;
  for (int i = 0; i < x.ndim(); ++i) {
    if (i >= mask.ndim()) {
      block *= x.shape()[i];
    } else if (x.shape()[i] != mask.shape()[i]) {
      return std::nullopt;
    }
  }
  return block;
}

// x[mask] = value, of arrays in order; false where the general way is needed, which also raises the errors.
bool assign_masked(const Array& x, const Array& mask, Count block, const Array& value) {
  if (value.ndim() == 0) {
    fill_masked(x, mask, block, value.data());
    return true;
  }
  Shape places;
  Count count = 0;
  for_each_true(mask, [&count](Count) { ++count; });
  places.push_back(count);
  for (int i = mask.ndim(); i < x.ndim(); ++i) places.push_back(x.shape()[i]);
  Shape common;
  if (!try_broadcast(value.shape(), places, common) || common != places) return false;
  const Array values = in_order(broadcast_to(value, places));
  const std::size_t bytes = static_cast<std::size_t>(block * x.itemsize());
  const std::byte* from = values.data();
  for_each_true(mask, [&](Count i) {
    std::memcpy(x.data() + static_cast<std::size_t>(i) * bytes, from, bytes);
    from += bytes;
  });
  return true;
}

// The same for arrays in any order.
bool assign_masked(const Array& x, const Array& mask, const Array& value) {
  for (const Array* a : {&mask, &value}) settle(*a);
  const std::optional<Count> block = block_of(x, mask);
  if (!block || mask.state() != State::concrete || value.state() != State::concrete) return false;
  if (x.is_contiguous()) return assign_masked(x, in_order(mask), *block, value);
  const Array changed = copy(x);
  if (!assign_masked(changed, in_order(mask), *block, value)) return false;
  copy_strided(view_of(changed), view_of(x));
  return true;
}

}  // namespace

void check_index(const Array& x, std::span<const IndexItem> items, Access access) {
  const Counts c = count(items);
  const int ndim = x.ndim();
  check_kinds(c, items.size(), ndim, access);
  if (c.slices == 0 || c.ellipses > 1) return;
  int axis = 0;
  for (const IndexItem& item : items) {
    if (item.kind == Kind::newaxis) continue;
    if (item.kind == Kind::ellipsis) {
      axis += std::max(0, ndim - c.axes);
      continue;
    }
    if (axis >= ndim) return;  // too many: the indexing says so
    if (item.kind == Kind::slice) check_slice(item, x.shape()[axis]);
    ++axis;
  }
}

Array getitem(const Array& x, std::span<const IndexItem> items) {
  check_index(x, items, Access::get);
  return tnp::getitem(x, items);
}

void setitem(Array& x, std::span<const IndexItem> items, const Operand& value) {
  check_index(x, items, Access::set);
  check_assigned(x, value);
  const bool in_place = writable(x);
  if (in_place && !value.is_array()) {
    if (std::byte* element = element_at(x, items)) return store_scalar(value.scalar(), x.dtype(), element);
  }
  const Array v = value.is_array() ? tnp::astype(value.array(), x.dtype()) : value.scalar().to_array(x.dtype());
  if (in_place) {
    if (is_basic(items) && fill(tnp::getitem(x, items), v)) return;
    if (items.size() == 1 && is_mask(items[0]) && assign_masked(x, items[0].array, v)) return;
  }
  x = tnp::setitem(x, items, v);
}

}  // namespace tnp::array_api

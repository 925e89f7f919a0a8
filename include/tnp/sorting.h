// Sorting, searching and sets: NumPy's. NaN counts as the greatest number; complex numbers are ordered by their real,
// then by their imaginary parts.
#pragma once

#include <optional>

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp {

// Without an axis the array counts as flat. Descending order is the reverse, so NaN comes first; equal elements of
// argsort stay in the order in which they are.
Array sort(const Array& x, std::optional<std::int64_t> axis = -1, bool descending = false);
Array argsort(const Array& x, std::optional<std::int64_t> axis = -1, bool descending = false);
// The elements whose ranks are given are where sorting would put them, with nothing greater before and nothing less
// behind them.
Array partition(const Array& x, const Array& ranks, std::optional<std::int64_t> axis = -1);
Array argpartition(const Array& x, const Array& ranks, std::optional<std::int64_t> axis = -1);
// The indices that sort by the last key, then by the last but one, …
Array lexsort(std::span<const Array> keys, std::int64_t axis = -1);
Array sort_complex(const Array& x);

// Where to insert values into a sorted vector: before (left) or behind (right) equal elements. `sorter`: the order of
// its elements, if it is not sorted itself.
Array searchsorted(const Array& sorted, const Array& values, bool right = false, const Array& sorter = {});
// The number of the bin of each value: bins that go up or down.
Array digitize(const Array& x, const Array& bins, bool right = false);

struct UniqueOptions {
  std::optional<std::int64_t> axis;  // none: the elements of the flat array
  bool equal_nan = true;
  bool index = false, inverse = false, counts = false;  // which of the other results are wanted
};
// The distinct elements, in order; where each is first, where each element of x is among them, how often each is there.
// How many there are is known when it runs.
struct Unique {
  Array values, index, inverse, counts;
};
Unique unique(const Array& x, const UniqueOptions& options = {});

Array union1d(const Array& x, const Array& y);
struct Intersection {
  Array values, x_index, y_index;
};
Intersection intersect1d(const Array& x, const Array& y, bool assume_unique = false, bool indices = false);
Array setdiff1d(const Array& x, const Array& y, bool assume_unique = false);
Array setxor1d(const Array& x, const Array& y, bool assume_unique = false);
// Where elements of x are among those of y.
Array isin(const Array& x, const Array& y, bool invert = false);

}  // namespace tnp

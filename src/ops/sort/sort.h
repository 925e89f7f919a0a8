// The primitives of sorting, as functions. The axis is normalized.
#pragma once

#include "tnp/array.h"

namespace tnp {

// NaN last; descending: first. Equal elements of argsort stay in order.
Array sort_axis(const Array& x, int axis, bool descending);
Array argsort_axis(const Array& x, int axis, bool descending);
// The elements of these ranks (a vector of int64, negative ones from the end) where sorting would put them.
Array partition_axis(const Array& x, const Array& ranks, int axis);

// The order of the rows of matrices (…, n, m): by their first elements, then by their second ones, …
Array order_rows(const Array& matrix);

// How many elements of each row of `sorted` lie before each value, or (right) not behind it. sorted: (batch…, n),
// values: (batch…, any…), of one type; `batch_dims` dimensions are common.
Array search_rows(const Array& sorted, const Array& values, int batch_dims, bool right);

// How many elements of x, a vector, lie in each bin; the last one includes its upper edge. `uniform`: the edges are
// equally spaced, which is quicker. x and edges are of one type, float32 or float64.
Array count_bins(const Array& x, const Array& edges, bool uniform);

}  // namespace tnp

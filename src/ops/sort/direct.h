// Counts and interpolation of concrete arrays in one pass over memory, where nothing needs to know how they are made up
// of primitives: no trace, no tape.
#pragma once

#include <optional>

#include "tnp/array.h"

namespace tnp {

// Whether a function of these arrays may be computed so: they have values, and nobody watches. Absent ones count as
// concrete.
bool computes_directly(std::initializer_list<const Array*> arrays);

// How often each number from 0 on occurs in a vector of int64, or the sums of its float64 weights (if given); at least
// `minlength` of them. Throws ValueError for a negative number.
Array count_integers(const Array& x, const Array& weights, std::int64_t minlength);

// The values at x of the polygon through points of which the first coordinates ascend; float64 all. Left and right of
// them the values are those of the ends, unless given.
Array interpolate(const Array& x, const Array& xp, const Array& fp, std::optional<double> left,
                  std::optional<double> right);

}  // namespace tnp

// Counts and interpolation of concrete arrays in one pass over memory, where nothing needs to know how they are made up
// of primitives: no trace, no tape.
#pragma once

#include <optional>
#include <vector>

#include "tnp/array.h"

namespace tnp {

// Whether a function of these arrays may be computed so: they have values, and nobody watches. Absent ones count as
// concrete.
bool computes_directly(std::initializer_list<const Array*> arrays);

// How often each number from 0 on occurs in a vector of int64, or the sums of its float64 weights (if given); at least
// `minlength` of them. Throws ValueError for a negative number.
Array count_integers(const Array& x, const Array& weights, std::int64_t minlength);

// The sums of the weights (float64 or complex128) of what lies in each bin between ascending edges, of x's type
// (float32 or float64); the last bin includes its upper edge. Uniform: as in count_bins.
Array weigh_bins(const Array& x, const Array& edges, bool uniform, const Array& weights);

// Whether each element of x is among those of a set of integers from `least` on, of which member k says whether
// least + k is one. x is of integers of up to 64 bits with a sign.
Array are_members(const Array& x, std::int64_t least, const std::vector<std::uint8_t>& members);

// The values at x of the polygon through points of which the first coordinates ascend; float64 all. Left and right of
// them the values are those of the ends, unless given.
Array interpolate(const Array& x, const Array& xp, const Array& fp, std::optional<double> left,
                  std::optional<double> right);

}  // namespace tnp

// The axes of a reduction, shared by the plain reductions and those that pass over NaN.
#pragma once

#include "base/dim.h"
#include "tnp/reductions.h"

namespace tnp {

// Normalized and sorted; all where none are given. Throws AxisError, ValueError for a repeated one.
Axes reduction_axes(const Array& x, const std::optional<Axes>& axis);
// How many elements each result is made of.
Dim reduced_count(const Array& x, const Axes& axes);

}  // namespace tnp

#pragma once

#include "tnp/array.h"

namespace tnp {

// The sum of (x - mean)^2 over `count` neighbouring axes from `axis` on, of a float32 or float64 array, in one pass.
Array squared_deviations(const Array& x, int axis, int count);

}  // namespace tnp

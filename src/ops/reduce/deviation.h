#pragma once

#include "tnp/array.h"

namespace tnp {

// The sum of (x - center)^2 over the last `trailing` axes of a float32 or float64 array; `center` has x's other axes
// and 1s. Without room for the squares of the whole array.
Array squared_deviations(const Array& x, const Array& center, int trailing);

}  // namespace tnp

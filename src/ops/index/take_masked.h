#pragma once

#include "tnp/array.h"

namespace tnp {

// The elements of x, in row-major order, where the mask (bool, of x's shape) is true.
Array take_masked(const Array& x, const Array& mask);

}  // namespace tnp

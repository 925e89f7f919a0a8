// Conversion that refuses to change a value.
#pragma once

#include "tnp/array.h"

namespace tnp {

// The elements in another type, each with the value that it has (NaN stays NaN); of bool the truth only. ValueError
// where one would change. The array must be concrete, as its elements are looked at.
Array astype_same_value(const Array& x, DType to);

}  // namespace tnp

// Complex numbers from their parts.
#pragma once

#include "tnp/array.h"

namespace tnp {

// re + im i, with infinities and NaN in their own parts, where a product with i has NaN in both.
Array from_parts(const Array& re, const Array& im);

}  // namespace tnp

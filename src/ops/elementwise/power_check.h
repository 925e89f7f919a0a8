// What power's integer loops refuse.
#pragma once

#include <span>

#include "tnp/array.h"

namespace tnp {

// Throws ValueError where an integer exponent, in[1], is negative.
void refuse_negative_exponents(std::span<const Array> in, DType loop);

}  // namespace tnp

// The real and imaginary parts of arrays.
#pragma once

#include "tnp/array.h"

namespace tnp {

// Views, where complex numbers lie in memory and nobody watches or traces: of real numbers the array itself, and zeros.
Array real_part(const Array& x);
Array imaginary_part(const Array& x);

}  // namespace tnp

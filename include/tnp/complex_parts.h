// The real and imaginary parts of arrays.
#pragma once

#include "tnp/array.h"

namespace tnp {

// Views, where complex numbers lie in memory and nobody watches or traces: of real numbers the array itself, and zeros.
Array real_part(const Array& x);
Array imaginary_part(const Array& x);

// The real parts where all imaginary parts are less than `tol`, else the array itself. A tolerance above 1 counts steps
// of the type at 1.
Array real_if_close(const Array& x, double tol = 100);

}  // namespace tnp

// NumPy's warning where complex numbers become real ones.
#pragma once

#include "tnp/dtype.h"

namespace tnp::python {

// Throws where the warning is an error to the caller.
void warn_of_lost_imaginary_parts(DType from, DType to);

}  // namespace tnp::python

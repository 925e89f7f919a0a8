// A Python scalar as an element of a type.
#pragma once

#include "tnp/array.h"

namespace tnp {

// Writes the scalar as one `dtype` element. Throws OverflowError where an integer does not fit (as NumPy 2 does),
// TypeError for a complex value and a real type.
void store_scalar(const Scalar& scalar, DType dtype, void* out);

// The element at `data` as a scalar: bool, int64, uint64, double or complex.
Scalar load_scalar(DType dtype, const void* data);

}  // namespace tnp

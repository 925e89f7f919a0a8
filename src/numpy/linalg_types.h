// What the functions of numpy.linalg make of their arguments.
#pragma once

#include "tnp/linalg.h"

namespace tnp::linalg {

// x in a type that LAPACK has: integers in the default float type. Throws TypeError for float16 and bfloat16.
Array inexact(const Array& x, const char* what);
// Both in their common one.
struct Pair {
  Array first, second;
};
Pair inexact(const Array& x, const Array& y, const char* what);

// LinAlgError if x is no stack of matrices, or not of square ones.
void check_matrices(const Array& x, const char* what);
void check_square(const Array& x, const char* what);

// The distance from 1 to the next number of the type (of its real part).
double precision(DType dtype);

}  // namespace tnp::linalg

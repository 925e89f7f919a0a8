// Diagonals and triangles: matrices of them, indices of their elements.
#pragma once

#include "tnp/array.h"

namespace tnp {

// A matrix with v on its k-th diagonal; of a matrix, its k-th diagonal.
Array diag(const Array& v, std::int64_t k = 0);
Array diagflat(const Array& v, std::int64_t k = 0);
// A copy of x with values, used again from the first where there are too few, on the main diagonal of all axes; `wrap`
// goes on in tall matrices, one row below where the diagonal ends.
Array fill_diagonal(const Array& x, const Array& values, bool wrap = false);

// Index arrays, one for each axis.
Arrays diag_indices(std::int64_t n, int ndim = 2);
Arrays diag_indices_from(const Array& x);
Arrays tril_indices(std::int64_t n, std::int64_t k, std::int64_t m);
Arrays triu_indices(std::int64_t n, std::int64_t k, std::int64_t m);
Arrays tril_indices_from(const Array& x, std::int64_t k = 0);
Arrays triu_indices_from(const Array& x, std::int64_t k = 0);

}  // namespace tnp

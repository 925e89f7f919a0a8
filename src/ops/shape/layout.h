// In what order an array's axes lie in memory, and what keeps that order.
#pragma once

#include <span>

#include "tnp/array.h"

namespace tnp {

// The axes of the result of elementwise work on these concrete arrays, from the longest steps to the shortest, so that
// all of them are gone through as they lie in memory: NumPy's order="K". Where they lie in different orders the
// row-major one wins. Empty where the order is row-major.
Axes memory_order(std::span<const Array> operands);
// The same of what is known of such operands.
struct Lying {
  const Shape& shape;
  const Strides& strides;
};
Axes memory_order(std::span<const Lying> operands);

// A view of an operand with the axes in this order; an operand of lower rank gets axes of size 1, one of rank 0 none.
Array with_axes_in(const Array& x, const Axes& order);

// New memory whose axes lie in this order; row-major where it is empty.
Array empty_in(DType dtype, const Shape& shape, const Axes& order);

// The array whose view with the axes in this order is `x`.
Array with_axes_back(const Array& x, const Axes& order);

// The array in row-major order, if each element of its rows lies in another cache line, whose other elements belong to
// other rows, as in a large transposed matrix: row by row it would be read from memory again and again. Else absent.
Array gathered_if_scattered(const Array& x);

}  // namespace tnp

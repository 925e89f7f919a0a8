// Products of vectors and matrices. (matmul is a primitive.)
#pragma once

#include <optional>

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp {

Array dot(const Array& x, const Array& y);
Array inner(const Array& x, const Array& y);
Array outer(const Array& x, const Array& y);
Array vdot(const Array& x, const Array& y);  // the first is conjugated
Array vecdot(const Array& x, const Array& y, std::int64_t axis = -1);
Array matvec(const Array& matrix, const Array& vector);
Array vecmat(const Array& vector, const Array& matrix);  // the vector is conjugated
Array tensordot(const Array& x, const Array& y, const Axes& x_axes, const Axes& y_axes);
Array tensordot(const Array& x, const Array& y, std::int64_t axes = 2);  // the last of x with the first of y
Array kron(const Array& x, const Array& y);
// Of vectors of 2 or 3 elements along the given axes; of two of 2 elements it is the third component alone.
Array cross(const Array& x, const Array& y, std::int64_t x_axis = -1, std::int64_t y_axis = -1,
            std::int64_t result_axis = -1);

// Of vectors: where they overlap wholly, as long as the longer one, or wherever they meet.
enum class OverlapMode : std::uint8_t { valid, same, full };
Array convolve(const Array& x, const Array& y, OverlapMode mode = OverlapMode::full);
Array correlate(const Array& x, const Array& y, OverlapMode mode = OverlapMode::valid);  // with y conjugated

}  // namespace tnp

// What the elements of small eager arrays are like, without an operation for each question. Each answer is empty where
// the elements do not lie side by side in memory, or are not there yet.
#pragma once

#include <optional>

#include "tnp/array.h"

namespace tnp::array_api {

std::optional<bool> all_finite(const Array& x);    // of floats or complex numbers
std::optional<bool> any_negative(const Array& x);  // of signed integers
// Whether any element is greater than its neighbour in an array of the same shape and type, of real numbers.
std::optional<bool> any_greater(const Array& x, const Array& y);

}  // namespace tnp::array_api

// Traced numbers as sizes: what depends on data can be the size of an array inside of a traced function.
#pragma once

#include "tnp/array.h"

namespace tnp {

// A 0-d integer array as a size, which the run refuses with ValueError where it is negative.
std::int64_t size_of_value(const Array& n);
// The same as a bound of a slice, which may be negative.
std::int64_t number_of_value(const Array& n);
// The bound `to`, given that `from` is `start`: where they differ by a number or a size, that much more.
std::int64_t number_after(const Array& from, std::int64_t start, const Array& to);

}  // namespace tnp

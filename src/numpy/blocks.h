// Compositions of elementwise operations on large arrays, computed block by block: what they make on the way stays in
// the cache, and memory holds the result only.
#pragma once

#include <functional>
#include <span>

#include "tnp/array.h"

namespace tnp {

using BlockFunction = std::function<Array(std::span<const Array>)>;

// f of the inputs, which is elementwise: each element of its result (of one type) comes from the inputs' elements at
// the same place after broadcasting, and f does not ask for shapes. Small arrays, and those that somebody traces or
// watches, are given to f as they are.
Array by_blocks(std::initializer_list<Array> inputs, const BlockFunction& f);

// The same in the memory of `x` if nobody else holds it; f gives its type and shape.
Array by_blocks_in_place(Array x, std::initializer_list<Array> others, const BlockFunction& f);

// f of the numbers 0 … n - 1 of a floating-point type.
Array by_blocks_of_indices(std::int64_t n, DType dtype, const std::function<Array(const Array&)>& f);

}  // namespace tnp

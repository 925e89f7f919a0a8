// Arrays of blocks.
#pragma once

#include <vector>

#include "tnp/array.h"

namespace tnp {

// A block, or blocks side by side along an axis, which in turn may consist of others.
struct NestedBlock {
  Array array;  // absent where there are parts
  std::vector<NestedBlock> parts;
};

// The outermost blocks of `depth` levels are joined along the `depth`-th axis from the end of `ndim`, the next ones
// along the axis behind it. Leaves have fewer dimensions, or as many.
Array join_nested(const NestedBlock& block, int depth, int ndim);

}  // namespace tnp

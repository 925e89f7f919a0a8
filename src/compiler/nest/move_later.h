// What one group computes only for another one moves there.
#pragma once

#include <vector>

#include "compiler/fuse.h"

namespace tnp::compiler {

// `units`: of the graph, in an order in which they can run. Groups take in what reads the same arrays as they do; what
// only a later group reads would be stored, and read again, though all that it is computed of is still there.
void move_later(const Graph& graph, const std::vector<int>& outputs, std::vector<Unit>& units);

}  // namespace tnp::compiler

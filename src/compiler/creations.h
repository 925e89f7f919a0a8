// Arrays of one value, which cost less made again than kept.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace tnp::compiler {

// Captured arrays that nobody has looked at yet (`tnp.zeros` in a traced function) are made in each run: as the memory
// of what is updated, or as one number in a fused loop. Gives the inputs, by position, whose values this relies on.
std::vector<int> create_in_runs(Graph& graph);

// Each update of such an array has one of its own, in whose memory it works.
void create_for_updates(Graph& graph);

}  // namespace tnp::compiler

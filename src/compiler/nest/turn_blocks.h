// Several turns of a loop as one: large arrays that turns compute element by element are then read and written once for
// all of them.
#pragma once

#include <optional>

#include "compiler/nest/loop_graph.h"

namespace tnp::compiler {

struct TurnBlock {
  int turns;
  Graph condition;  // whether there are so many more; of the inputs of the loop's condition
  Graph body;       // so many turns; of the inputs of the loop's body, whose invariants may have become more
};

// Of a loop with a condition, that neither scans nor collects rows. Nothing where it would spare no memory traffic.
std::optional<TurnBlock> several_turns(LoopGraph& body, const LoopGraph& condition, int num_carries);

}  // namespace tnp::compiler

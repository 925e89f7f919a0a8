// Several turns of a loop as one: large arrays that turns compute element by element are then read and written once for
// all of them.
#pragma once

#include <optional>

#include "compiler/nest/loop_graph.h"

namespace tnp::compiler {

struct TurnBlock {
  int turns;
  Graph condition;  // whether there are so many more; of the inputs of the loop's condition, if it has one
  // So many turns; of the inputs of the loop's body, after the carries the rows that each of them scans. The body's
  // invariants may have become more.
  Graph body;
};

// Of a loop that collects no rows, and has a condition or scans rows. Nothing where it would spare no memory traffic.
std::optional<TurnBlock> several_turns(LoopGraph& body, const LoopGraph* condition, int num_carries, int num_scanned);

}  // namespace tnp::compiler

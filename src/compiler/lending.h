// Which arguments of a graph may lie in memory that somebody else writes to as soon as the run is over, or meanwhile.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace tnp::compiler {

// For each argument, whether whatever reads it takes its elements as values: none of them is an index, tells a size, or
// is compared in a way that has to be the same twice. Runs keep no such argument but by results that are views of it,
// or pending.
std::vector<bool> may_be_lent(const Graph& graph);

}  // namespace tnp::compiler

// How long the operations of a graph take, roughly.
#pragma once

#include "ir/graph.h"

namespace tnp::compiler {

// Nanoseconds on one thread, where sizes are numbers or follow from inputs of these shapes; infinity for loops,
// branches and calls, which may do anything.
double work_ns(const Graph& graph, std::span<const Array> inputs);

}  // namespace tnp::compiler

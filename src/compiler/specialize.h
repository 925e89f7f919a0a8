// A graph for inputs of certain sizes.
#pragma once

#include <optional>
#include <span>

#include "ir/graph.h"

namespace tnp::compiler {

// The graph with every size a number, for inputs of these shapes. Nothing if sizes are a matter of data, or if the
// shapes do not fit (running the graph says how). `inner`: so are the graphs of its loops and conditions, where they
// can be.
std::optional<Graph> specialize(const Graph& graph, std::span<const Shape> inputs, bool inner = false);

}  // namespace tnp::compiler

// The graphs of loops and conditions, made ready to become statements: sizes are numbers, and what an iteration need
// not compute again is split off.
#pragma once

#include <optional>
#include <span>

#include "ir/graph.h"

namespace tnp::compiler {

// A graph's part that is the same in each iteration: run before the loop, on the graph's inputs.
struct Invariants {
  Graph graph;              // outputs: what the loop reads of it
  std::vector<int> values;  // of the specialized graph, in the order of its outputs
};

struct LoopGraph {
  Graph graph;
  Invariants invariants;
};

// For inputs of these shapes, of which the first `num_variant` change from iteration to iteration. Nothing where a size
// is a matter of data.
std::optional<LoopGraph> loop_graph(const Graph& graph, std::span<const Shape> inputs, int num_variant);

// The graph of a branch.
std::optional<Graph> branch_graph(const Graph& graph, std::span<const Shape> inputs);

// The shapes of the inputs of a graph that a call of `loop` or `cond` holds, given those of the call's.
std::vector<Shape> inner_shapes(const GraphNode& node, const std::string& graph, std::span<const Shape> inputs);

}  // namespace tnp::compiler

#include "compiler/nest/loop_graph.h"

#include <algorithm>
#include <string_view>

#include "compiler/nest/components.h"
#include "compiler/nest/spell_out.h"
#include "compiler/nest/strips.h"
#include "compiler/param_reader.h"
#include "compiler/simplify.h"
#include "compiler/specialize.h"

namespace tnp::compiler {

namespace {

GraphValue& value(Graph& g, int v) { return g.values[static_cast<std::size_t>(v)]; }

bool is_whole_slice(Graph& g, const GraphNode& node) {
  const ParamReader p(*node.params);
  const Axes& step = p.axes.at("step");
  return p.shapes.at("count") == value(g, node.inputs[0]).shape &&
         std::all_of(step.begin(), step.end(), [](std::int64_t s) { return s == 1; });
}

// Slices of all of an array, and what is placed over all of one: unknown sizes are no more, so they can be told.
void remove_whole_slices(Graph& graph) {
  std::vector<int> by(graph.values.size());
  for (std::size_t v = 0; v < by.size(); ++v) by[v] = static_cast<int>(v);
  const auto replace = [&](std::vector<int>& values) {
    for (int& v : values) v = by[static_cast<std::size_t>(v)];
  };
  std::vector<GraphNode> kept;
  for (GraphNode& node : graph.nodes) {
    replace(node.inputs);
    const std::string_view name = node.op->name;
    const bool read = name == "slice", write = name == "place_slice";
    if ((read || write) && is_whole_slice(graph, node)) {
      const int from = node.inputs[write ? 1 : 0];
      const GraphValue &a = value(graph, from), &b = value(graph, node.outputs[0]);
      if (a.dtype == b.dtype && a.shape == b.shape) {
        by[static_cast<std::size_t>(node.outputs[0])] = from;
        continue;
      }
    }
    kept.push_back(std::move(node));
  }
  graph.nodes = std::move(kept);
  replace(graph.outputs);
}

// Inputs before `num_variant` change from iteration to iteration, others do not.
LoopGraph split(Graph graph, int num_variant) {
  LoopGraph p;
  std::vector<bool> variant(graph.values.size(), false), wanted(graph.values.size(), false);
  for (int i = 0; i < num_variant; ++i)
    variant[static_cast<std::size_t>(graph.inputs[static_cast<std::size_t>(i)])] = true;
  Graph& invariant = p.invariants.graph;
  invariant = graph;
  invariant.nodes.clear();
  std::vector<GraphNode> kept;
  std::vector<bool> computed(graph.values.size(), false);
  for (GraphNode& node : graph.nodes) {
    const bool varies = std::any_of(node.inputs.begin(), node.inputs.end(),
                                    [&](int v) { return variant[static_cast<std::size_t>(v)]; });
    for (int v : node.outputs) (varies ? variant : computed)[static_cast<std::size_t>(v)] = true;
    if (varies) {
      for (int v : node.inputs) wanted[static_cast<std::size_t>(v)] = true;
    }
    (varies ? kept : invariant.nodes).push_back(std::move(node));
  }
  for (int v : graph.outputs) wanted[static_cast<std::size_t>(v)] = true;
  for (std::size_t v = 0; v < computed.size(); ++v) {
    if (computed[v] && wanted[v]) p.invariants.values.push_back(static_cast<int>(v));
  }
  invariant.outputs = p.invariants.values;
  graph.nodes = std::move(kept);
  p.graph = std::move(graph);
  return p;
}

}  // namespace

std::optional<Graph> branch_graph(const Graph& graph, std::span<const Shape> inputs) {
  if (!graph.captured.empty()) return std::nullopt;  // all that a sub-graph uses is an input of it
  std::optional<Graph> g = specialize_with_windows(graph, inputs);
  if (!g) return std::nullopt;
  spell_out(*g);
  remove_whole_slices(*g);
  simplify_for(*g, {});
  return g;
}

std::optional<LoopGraph> loop_graph(const Graph& graph, std::span<const Shape> inputs, int num_variant) {
  std::optional<Graph> g = branch_graph(graph, inputs);
  if (!g) return std::nullopt;
  LoopGraph p = split(std::move(*g), num_variant);
  split_components(p.graph);
  return p;
}

std::vector<Shape> inner_shapes(const GraphNode& node, const std::string& graph, std::span<const Shape> inputs) {
  if (std::string_view(node.op->name) == "cond") return {inputs.begin() + 1, inputs.end()};
  const ParamReader p(*node.params);
  const std::int64_t carries = p.number("num_carries"), scanned = p.number("num_scanned");
  std::vector<Shape> shapes(inputs.begin(), inputs.begin() + carries);
  if (graph == "body") {
    for (std::int64_t s = carries; s < carries + scanned; ++s) {
      shapes.push_back(inputs[static_cast<std::size_t>(s)]);
      if (node.op == &kStrips) {
        shapes.back()[0] = 1;
      } else {
        shapes.back().erase(0);
      }
    }
  }
  shapes.insert(shapes.end(), inputs.begin() + carries + scanned, inputs.end());
  return shapes;
}

}  // namespace tnp::compiler

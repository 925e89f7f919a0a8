#include "compiler/nest/spell_out.h"

#include <algorithm>
#include <string_view>

#include "ir/composed.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

// What a call consists of; nothing if that is no graph of its inputs alone.
std::unique_ptr<Graph> parts_of(const Graph& graph, const GraphNode& node) {
  if (std::string_view(node.op->family) != "composed" || node.outputs.size() != 1) return nullptr;
  const auto& op = static_cast<const Composed&>(*node.op);
  const auto is_known = [&](int v) { return graph.values[static_cast<std::size_t>(v)].shape.is_static(); };
  if (op.spelled == nullptr || !std::all_of(node.inputs.begin(), node.inputs.end(), is_known)) return nullptr;
  std::unique_ptr<Graph> parts;
  try {
    const ObserversPaused paused;
    Trace trace;
    Arrays in;
    for (int v : node.inputs) {
      const GraphValue& value = graph.values[static_cast<std::size_t>(v)];
      in.push_back(trace.add_input(value.dtype, value.shape));
    }
    const Array result = op.spelled(in, numbers_of(*node.params));
    parts = trace.finish(in, {&result, 1});
  } catch (const Error&) {
    return nullptr;  // raised when it runs
  }
  const bool is_input = std::find(parts->inputs.begin(), parts->inputs.end(), parts->outputs[0]) != parts->inputs.end();
  const bool known =
      std::all_of(parts->values.begin(), parts->values.end(), [](const GraphValue& v) { return v.shape.is_static(); });
  return is_input || !known || !parts->captured.empty() ? nullptr : std::move(parts);
}

}  // namespace

void spell_out(Graph& graph) {
  std::vector<GraphNode> all;
  for (GraphNode& node : graph.nodes) {
    const std::unique_ptr<Graph> parts = parts_of(graph, node);
    if (!parts) {
      all.push_back(std::move(node));
      continue;
    }
    std::vector<int> as(parts->values.size(), -1);  // values of the graph
    for (std::size_t k = 0; k < parts->inputs.size(); ++k)
      as[static_cast<std::size_t>(parts->inputs[k])] = node.inputs[k];
    as[static_cast<std::size_t>(parts->outputs[0])] = node.outputs[0];
    for (std::size_t v = 0; v < as.size(); ++v) {
      if (as[v] >= 0) continue;
      as[v] = static_cast<int>(graph.values.size());
      graph.values.push_back(parts->values[v]);
    }
    for (GraphNode& part : parts->nodes) {
      for (auto* values : {&part.inputs, &part.outputs}) {
        for (int& v : *values) v = as[static_cast<std::size_t>(v)];
      }
      part.location = node.location;
      all.push_back(std::move(part));
    }
  }
  graph.nodes = std::move(all);
}

}  // namespace tnp::compiler

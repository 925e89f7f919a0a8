#include "compiler/creations.h"

#include <algorithm>
#include <cstring>

#include "ir/expr.h"

namespace tnp::compiler {

namespace {

bool is_full(const OpDef& op) { return std::strcmp(op.name, "full") == 0; }

// A call that gives its first input with some elements replaced.
bool updates(const GraphNode& node) {
  return std::strcmp(node.op->name, "place_slice") == 0 || std::strcmp(node.op->name, "scatter") == 0;
}

}  // namespace

std::vector<int> create_in_runs(Graph& graph) {
  std::vector<int> relied;
  std::vector<GraphNode> made;
  const auto args = static_cast<std::size_t>(graph.num_args());
  for (std::size_t i = 0, count = graph.captured.size(); i < count; ++i) {
    const Array x = graph.captured[i];
    if (x.state() != State::pending || x.node()->expr == nullptr) continue;
    const Expr& expr = *x.node()->expr;
    if (expr.op == nullptr || !is_full(*expr.op) || expr.inputs[0].state() != State::concrete) continue;
    const int value = graph.inputs[args + i], unused = static_cast<int>(graph.values.size()), number = unused + 1;
    graph.values.push_back(graph.values[static_cast<std::size_t>(value)]);
    graph.values.push_back({x.dtype(), Shape{}});
    graph.inputs[args + i] = unused;
    graph.inputs.push_back(number);
    graph.captured.push_back(expr.inputs[0]);
    made.push_back({expr.op, expr.params, {number}, {value}, {}});
    relied.push_back(static_cast<int>(args + i));
  }
  graph.nodes.insert(graph.nodes.begin(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
  return relied;
}

void create_for_updates(Graph& graph) {
  std::vector<int> maker(graph.values.size(), -1), readers(graph.values.size(), 0);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (is_full(*graph.nodes[n].op)) maker[static_cast<std::size_t>(graph.nodes[n].outputs[0])] = static_cast<int>(n);
    for (int v : graph.nodes[n].inputs) ++readers[static_cast<std::size_t>(v)];
  }
  for (int v : graph.outputs) ++readers[static_cast<std::size_t>(v)];
  std::vector<GraphNode> kept;
  std::vector<GraphNode> all = graph.nodes;
  for (GraphNode& node : graph.nodes) {
    if (updates(node)) {
      const auto v = static_cast<std::size_t>(node.inputs[0]);
      if (v < maker.size() && maker[v] >= 0 && readers[v] > 1) {
        --readers[v];
        GraphNode own = all[static_cast<std::size_t>(maker[v])];
        const int value = static_cast<int>(graph.values.size());
        graph.values.push_back(GraphValue(graph.values[v]));
        own.outputs = {value};
        node.inputs[0] = value;
        kept.push_back(std::move(own));
      }
    }
    kept.push_back(std::move(node));
  }
  graph.nodes = std::move(kept);
}

}  // namespace tnp::compiler

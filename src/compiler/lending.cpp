#include "compiler/lending.h"

#include <algorithm>
#include <string_view>

namespace tnp::compiler {

namespace {

bool takes_values(const GraphNode& node, std::size_t input) {
  const OpDef& op = *node.op;
  if (op.effect != Effect::none) return false;
  if (op.indexed_access != nullptr) return input == 0;
  if (op.elementwise != nullptr || op.fusion == Fusion::cast || op.arranges) return true;
  static constexpr std::string_view kFamilies[] = {"reduce", "reduction", "matmul", "linalg", "fft", "scan"};
  return std::find(std::begin(kFamilies), std::end(kFamilies), op.family) != std::end(kFamilies);
}

}  // namespace

std::vector<bool> may_be_lent(const Graph& graph) {
  std::vector<bool> lent(graph.values.size(), true);
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool views = !node->op->arranges || std::all_of(node->outputs.begin(), node->outputs.end(),
                                                          [&](int v) { return lent[static_cast<std::size_t>(v)]; });
    for (std::size_t k = 0; k < node->inputs.size(); ++k) {
      if (!views || !takes_values(*node, k)) lent[static_cast<std::size_t>(node->inputs[k])] = false;
    }
  }
  std::vector<bool> arguments;
  for (int i = 0; i < graph.num_args(); ++i)
    arguments.push_back(lent[static_cast<std::size_t>(graph.inputs[static_cast<std::size_t>(i)])]);
  return arguments;
}

}  // namespace tnp::compiler

#include "ir/graph.h"

#include "tnp/error.h"

namespace tnp {

Dim DimEnvironment::operator()(Dim d) const {
  return evaluate(d, [this](const DimExpr& leaf) -> Dim {
    const auto it = graph_.leaf_values.find(leaf.node);
    if (it == graph_.leaf_values.end() || !values_[it->second]) {
      throw RuntimeError("a size inside a traced function depends on an array that is not known yet");
    }
    return values_[it->second].shape()[leaf.axis];
  });
}

ParamsRef DimEnvironment::resolve(const ParamsRef& params) const {
  return replace_dims(params, [this](Dim d) { return (*this)(d); });
}

Shape DimEnvironment::resolve(const Shape& shape) const {
  Shape out = shape;
  for (Dim& d : out) d = (*this)(d);
  return out;
}

Arrays replay(const Graph& graph, std::span<const Array> inputs) {
  if (inputs.size() != graph.inputs.size()) throw RuntimeError("a graph was run with the wrong number of inputs");
  Arrays values(graph.values.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) values[graph.inputs[i]] = inputs[i];
  const DimEnvironment env(graph, values);
  Arrays in;
  for (const GraphNode& node : graph.nodes) {
    in.clear();
    for (int i : node.inputs) in.push_back(values[i]);
    Arrays out = apply_multi(*node.op, in, *env.resolve(node.params));
    for (std::size_t i = 0; i < node.outputs.size(); ++i) values[node.outputs[i]] = out[i];
  }
  Arrays outputs;
  for (int i : graph.outputs) outputs.push_back(values[i]);
  return outputs;
}

std::string verify(const Graph& graph) {
  std::vector<bool> known(graph.values.size(), false);
  const auto in_range = [&](int i) { return i >= 0 && i < static_cast<int>(known.size()); };
  for (int i : graph.inputs) {
    if (!in_range(i) || known[i]) return "input %" + std::to_string(i) + " is out of range or repeated";
    known[i] = true;
  }
  for (const GraphNode& node : graph.nodes) {
    for (int i : node.inputs) {
      if (!in_range(i) || !known[i])
        return std::string(node.op->name) + " reads %" + std::to_string(i) + " before it is computed";
    }
    for (int i : node.outputs) {
      if (!in_range(i) || known[i]) return std::string(node.op->name) + " computes %" + std::to_string(i) + " again";
      known[i] = true;
    }
  }
  for (int i : graph.outputs) {
    if (!in_range(i) || !known[i]) return "output %" + std::to_string(i) + " is not computed";
  }
  return "";
}

}  // namespace tnp

#include "ir/graph.h"

#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "ir/some_params.h"
#include "ir/trace.h"
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

namespace {

// A call that gives nothing has a value in the graph all the same, which nobody reads.
bool is_count(const GraphNode& node, std::size_t results) {
  return results == node.outputs.size() || (results == 0 && node.outputs.size() == 1);
}

std::string wrong_count(const GraphNode& node, std::size_t results) {
  return std::string(node.op->name) + " gives " + std::to_string(results) + " results instead of " +
         std::to_string(node.outputs.size());
}

std::string type_text(DType dtype, const Shape& shape) { return std::string(name(dtype)) + shape.str(); }

// Whether calls give what the graph says. Their shape rules are asked, in a trace of its own: sizes are new ones there,
// as those of the graph may belong to values that are gone. Sizes are compared where both are numbers: passes may know
// more of them than operations tell.
class TypeCheck {
 public:
  explicit TypeCheck(const Graph& graph) : graph_(graph) {}

  std::string wrong(const GraphNode& node) {
    const std::string name = node.op->name;
    if (node.op->num_inputs >= 0 && node.inputs.size() != static_cast<std::size_t>(node.op->num_inputs))
      return name + " is given " + std::to_string(node.inputs.size()) + " inputs instead of " +
             std::to_string(node.op->num_inputs);
    Arrays in;
    for (int v : node.inputs) {
      const GraphValue& x = value(v);
      if (!is_numeric(x.dtype)) return "";  // text, which has rules of its own
      if (!x.shape.rank_known() && !node.op->infer_dtype && !node.op->infers_unknown_rank) return "";
      in.push_back(stand_in(x));
    }
    OutputSpecs specs;
    try {
      const ParamsRef params = replace_dims(node.params, [this](Dim d) { return fresh(d); });
      specs = infer_outputs(Call{*node.op, in, *params});
    } catch (const Error& e) {
      return name + " refuses its inputs: " + e.what();
    }
    if (!is_count(node, specs.size())) return wrong_count(node, specs.size());
    for (std::size_t j = 0; j < specs.size(); ++j) {
      const GraphValue& v = value(node.outputs[j]);
      if (v.dtype == specs[j].dtype && may_be(v.shape, specs[j].shape)) continue;
      return name + " gives " + type_text(specs[j].dtype, specs[j].shape) + " for %" + std::to_string(node.outputs[j]) +
             ", which is " + type_text(v.dtype, v.shape);
    }
    return "";
  }

 private:
  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }

  Dim fresh(Dim d) {
    if (!is_symbolic(d)) return d;
    const auto [it, is_new] = sizes_.try_emplace(d, 0);
    if (is_new) it->second = trace_.add_input(DType::bool_, Shape{-1}).shape()[0];
    return it->second;
  }
  Array stand_in(const GraphValue& v) {
    Shape shape = v.shape;
    if (shape.rank_known()) {
      for (Dim& d : shape) d = fresh(d);
    }
    return trace_.add_input(v.dtype, shape);
  }
  static bool may_be(const Shape& a, const Shape& b) {
    if (!a.rank_known() || !b.rank_known()) return true;
    if (a.ndim() != b.ndim()) return false;
    for (int d = 0; d < a.ndim(); ++d) {
      if (a[d] >= 0 && b[d] >= 0 && a[d] != b[d]) return false;
    }
    return true;
  }

  const Graph& graph_;
  Trace trace_;
  std::unordered_map<Dim, Dim> sizes_;
};

// What is wrong with the graphs that a call holds.
class InnerGraphs final : public SomeParams {
 public:
  using SomeParams::operator();
  void operator()(const char* name, GraphRef& graph) override {
    if (!graph || !wrong.empty()) return;
    wrong = verify(*graph);
    if (!wrong.empty()) wrong = std::string(name) + ": " + wrong;
  }
  std::string wrong;
};

}  // namespace

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
    if (!is_count(node, out.size())) throw RuntimeError(wrong_count(node, out.size()));
    for (std::size_t i = 0; i < out.size(); ++i) values[node.outputs[i]] = out[i];
  }
  Arrays outputs;
  for (int i : graph.outputs) outputs.push_back(values[i]);
  return outputs;
}

std::string verify(const Graph& graph) {
  std::vector<bool> known(graph.values.size(), false);
  if (graph.captured.size() > graph.inputs.size()) return "fewer inputs than captured arrays";
  const auto in_range = [&](int i) { return i >= 0 && i < static_cast<int>(known.size()); };
  for (int i : graph.inputs) {
    if (!in_range(i) || known[i]) return "input %" + std::to_string(i) + " is out of range or repeated";
    known[i] = true;
  }
  const ObserversPaused paused;
  TypeCheck types(graph);
  for (const GraphNode& node : graph.nodes) {
    for (int i : node.inputs) {
      if (!in_range(i) || !known[i])
        return std::string(node.op->name) + " reads %" + std::to_string(i) + " before it is computed";
    }
    for (int i : node.outputs) {
      if (!in_range(i) || known[i]) return std::string(node.op->name) + " computes %" + std::to_string(i) + " again";
      known[i] = true;
    }
    std::string no_size;
    if (node.params) {
      for_each_symbolic_dim(*node.params, [&](Dim d) {
        for_each_leaf(d, [&](const DimExpr& leaf) {
          const auto it = graph.leaf_values.find(leaf.node);
          if (it == graph.leaf_values.end() || !in_range(it->second) || !known[it->second])
            no_size = std::string(node.op->name) + " reads the size of a value that is not there";
        });
      });
    }
    if (!no_size.empty()) return no_size;
    InnerGraphs inner;
    if (node.params) node.params->clone()->visit(inner);
    if (!inner.wrong.empty()) return std::string(node.op->name) + ": " + inner.wrong;
    const std::string wrong = node.params ? types.wrong(node) : "no parameters";
    if (!wrong.empty()) return wrong;
  }
  for (std::size_t k = 0; k < graph.captured.size(); ++k) {
    const GraphValue& v =
        graph.values[static_cast<std::size_t>(graph.inputs[graph.inputs.size() - graph.captured.size() + k])];
    const Array& x = graph.captured[k];
    if (x.dtype() != v.dtype) return "captured array " + std::to_string(k) + " is not of its input's type";
  }
  for (int i : graph.outputs) {
    if (!in_range(i) || !known[i]) return "output %" + std::to_string(i) + " is not computed";
  }
  return "";
}

}  // namespace tnp

#include "compiler/specialize.h"

#include <string_view>

#include "compiler/nest/loop_graph.h"
#include "compiler/param_reader.h"
#include "ir/expr.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

// An array of which only type and shape are known.
Array placeholder(const OpDef* op, DType dtype, const Shape& shape) {
  auto* expr = new Expr;
  expr->op = op;
  const Array x = make_lazy(State::symbolic, expr, 0, dtype, shape);
  expr->release();
  return x;
}

struct UnknownSize {};

class Specializer {
 public:
  Specializer(const Graph& graph, std::span<const Shape> inputs, bool inner)
      : graph_(graph), inputs_(inputs), inner_(inner), result_(graph) {}

  std::optional<Graph> run() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) shape(graph_.inputs[i]) = inputs_[i];
    try {
      for (GraphNode& node : result_.nodes) specialize_node(node);
    } catch (const UnknownSize&) {
      return std::nullopt;
    } catch (const Error&) {
      return std::nullopt;
    }
    return std::move(result_);
  }

 private:
  Shape& shape(int value) { return result_.values[static_cast<std::size_t>(value)].shape; }

  Dim size_of(const DimExpr& leaf) {
    if (const auto it = graph_.leaf_values.find(leaf.node); it != graph_.leaf_values.end())
      return shape(it->second)[leaf.axis];
    // The size of an array outside, which is that of an input.
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const Shape& traced = graph_.values[static_cast<std::size_t>(graph_.inputs[i])].shape;
      for (int d = 0; traced.rank_known() && d < traced.ndim(); ++d) {
        if (!is_symbolic(traced[d])) continue;
        const DimExpr e = dim_expr(traced[d]);
        if (e.kind == DimExpr::Kind::leaf && e.node == leaf.node && e.axis == leaf.axis) return inputs_[i][d];
      }
    }
    throw UnknownSize{};
  }

  void specialize_node(GraphNode& node) {
    if (node.op->effect != Effect::none) throw UnknownSize{};
    node.params = replace_dims(node.params,
                               [&](Dim d) { return evaluate(d, [&](const DimExpr& leaf) { return size_of(leaf); }); });
    if (inner_) specialize_inner(node);
    Arrays in;
    for (int v : node.inputs) {
      const GraphValue& value = result_.values[static_cast<std::size_t>(v)];
      in.push_back(placeholder(node.op, value.dtype, value.shape));
    }
    const OutputSpecs specs = node.op->infer.get()(Call{*node.op, in, *node.params});
    for (std::size_t j = 0; j < specs.size(); ++j) {
      if (!specs[j].shape.is_static()) throw UnknownSize{};
      shape(node.outputs[j]) = specs[j].shape;
    }
  }

  void specialize_inner(GraphNode& node) {
    const std::string_view name = node.op->name;
    if (name != "loop" && name != "cond") return;
    std::vector<Shape> shapes;
    for (int v : node.inputs) shapes.push_back(shape(v));
    node.params = GraphReplacer::apply(*node.params, [&](const std::string& field, const GraphRef& graph) -> GraphRef {
      std::optional<Graph> g = specialize(*graph, inner_shapes(node, field, shapes), true);
      return g ? std::make_shared<const Graph>(std::move(*g)) : graph;
    });
  }

  const Graph& graph_;
  std::span<const Shape> inputs_;
  const bool inner_;
  Graph result_;
};

}  // namespace

std::optional<Graph> specialize(const Graph& graph, std::span<const Shape> inputs, bool inner) {
  return Specializer(graph, inputs, inner).run();
}

}  // namespace tnp::compiler

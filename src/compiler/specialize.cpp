#include "compiler/specialize.h"

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
  Specializer(const Graph& graph, std::span<const Shape> inputs) : graph_(graph), inputs_(inputs), result_(graph) {}

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

  const Graph& graph_;
  std::span<const Shape> inputs_;
  Graph result_;
};

}  // namespace

std::optional<Graph> specialize(const Graph& graph, std::span<const Shape> inputs) {
  return Specializer(graph, inputs).run();
}

}  // namespace tnp::compiler

#include "compiler/nest/value_order.h"

#include <algorithm>
#include <string_view>

#include "compiler/param_reader.h"

namespace tnp::compiler {

namespace {

class OrderFinder {
 public:
  explicit OrderFinder(const Graph& graph) : graph_(graph), orders_(graph.values.size(), ValueOrder::row_major) {}

  // Nodes come after those they read, so what a value's order depends on is there already.
  std::vector<ValueOrder> run() {
    for (const GraphNode& n : graph_.nodes) {
      for (int v : n.outputs) orders_[static_cast<std::size_t>(v)] = find(n, shape(v));
    }
    return std::move(orders_);
  }

 private:
  const Shape& shape(int v) const { return graph_.values[static_cast<std::size_t>(v)].shape; }
  ValueOrder order(int v) const { return orders_[static_cast<std::size_t>(v)]; }

  ValueOrder find(const GraphNode& n, const Shape& out) const {
    if (std::count_if(out.begin(), out.end(), [](std::int64_t size) { return size != 1; }) < 2)
      return ValueOrder::row_major;
    const std::string_view name = n.op->name;
    if (name == "transpose") return ValueOrder::permuted;
    if (name == "slice") return of_slice(n);
    if (name == "reshape" || n.op->fusion == Fusion::broadcast) return order(n.inputs[0]);
    if (is_elementwise(n.op->fusion)) return of_elementwise(n, out);
    return n.op->fusion == Fusion::reduction ? ValueOrder::row_major : ValueOrder::unknown;
  }

  ValueOrder of_slice(const GraphNode& n) const {
    const ParamReader params(*n.params);
    const Axes& step = params.axes.at("step");
    const bool forward = std::all_of(step.begin(), step.end(), [](std::int64_t s) { return s > 0; });
    const ValueOrder from = order(n.inputs[0]);
    return forward || from == ValueOrder::permuted ? from : ValueOrder::unknown;
  }

  // Results lie as their inputs do; one of the whole shape that is not permuted decides against those that are.
  ValueOrder of_elementwise(const GraphNode& n, const Shape& out) const {
    bool all_row_major = true, any_permuted = false, decided = false;
    for (int v : n.inputs) {
      const bool permuted = order(v) == ValueOrder::permuted;
      all_row_major = all_row_major && order(v) == ValueOrder::row_major;
      any_permuted = any_permuted || permuted;
      decided = decided || (!permuted && shape(v) == out);
    }
    if (all_row_major) return ValueOrder::row_major;
    return any_permuted && !decided ? ValueOrder::permuted : ValueOrder::unknown;
  }

  const Graph& graph_;
  std::vector<ValueOrder> orders_;
};

}  // namespace

std::vector<ValueOrder> value_orders(const Graph& graph) { return OrderFinder(graph).run(); }

}  // namespace tnp::compiler

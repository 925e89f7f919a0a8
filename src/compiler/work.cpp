#include "compiler/work.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "compiler/param_reader.h"
#include "ops/elementwise/family.h"

namespace tnp::compiler {

namespace {

constexpr double kNsPerCycle = 0.1;  // of an elementwise operation, by vectors
constexpr double kNsPerProduct = 0.1, kNsPerMove = 0.5, kNsPerPass = 2, kNsPerComparison = 10;
constexpr double kUnknown = std::numeric_limits<double>::infinity();

struct Sizes {
  double elements = 1, columns = 1;
};

// Of a graph's values, whose symbolic sizes count as the largest size of the inputs.
class Work {
 public:
  Work(const Graph& graph, std::span<const Array> inputs) : graph_(graph), inputs_(inputs) {
    for (const Array& x : inputs) {
      for (std::int64_t d : x.shape()) largest_ = std::max(largest_, static_cast<double>(d));
    }
  }

  double of_all() const {
    double total = 0;
    for (const GraphNode& node : graph_.nodes) total += of(node);
    return total;
  }

 private:
  Work(const Graph& graph, double largest) : graph_(graph), largest_(largest) {}

  // Of the branch that takes longest.
  double of_branches(const GraphNode& node) const {
    double most = 0;
    for (const auto& [name, graph] : ParamReader(*node.params).graphs)
      most = std::max(most, Work(*graph, largest_).of_all());
    return most;
  }

  double of(const GraphNode& node) const {
    Sizes in, out;
    for (int v : node.inputs) in = larger(in, sizes(v));
    for (int v : node.outputs) out = larger(out, sizes(v));
    const OpDef& op = *node.op;
    const std::string_view family = op.family;
    if (op.elementwise != nullptr) return kNsPerCycle * op.elementwise->cycles * out.elements;
    if (std::string_view(op.name) == "cond") return of_branches(node);
    if (family == "control") return kUnknown;
    if (family == "host") return 0;  // takes the GIL anyway
    if (family == "linalg") return (in.elements + out.elements) * std::max(in.columns, out.columns);
    if (family == "matmul") return kNsPerProduct * out.elements * in.columns;
    if (std::string_view(op.name) == "correlate")
      return kNsPerProduct * sizes(node.inputs[0]).elements * sizes(node.inputs[1]).elements;
    if (family == "composed") return kNsPerPass * std::max(in.elements, out.elements);
    if (family == "sort" || family == "fft" || family == "random")
      return kNsPerComparison * std::max(in.elements, out.elements);
    return op.arranges ? 0 : kNsPerMove * std::max(in.elements, out.elements);
  }

  static Sizes larger(const Sizes& a, const Sizes& b) {
    return {std::max(a.elements, b.elements), std::max(a.columns, b.columns)};
  }
  Sizes sizes(int value) const {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (graph_.inputs[i] == value) return of_shape(inputs_[i].shape());
    }
    return of_shape(graph_.values[static_cast<std::size_t>(value)].shape);
  }
  Sizes of_shape(const Shape& shape) const {
    if (!shape.rank_known()) return {largest_, largest_};
    Sizes s;
    for (std::int64_t d : shape) {
      s.columns = d >= 0 ? static_cast<double>(d) : largest_;
      s.elements *= s.columns;
    }
    return s;
  }

  const Graph& graph_;
  std::span<const Array> inputs_{};
  double largest_ = 1;
};

}  // namespace

double work_ns(const Graph& graph, std::span<const Array> inputs) { return Work(graph, inputs).of_all(); }

}  // namespace tnp::compiler

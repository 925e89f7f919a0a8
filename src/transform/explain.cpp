#include "transform/explain.h"

#include <algorithm>
#include <string_view>

#include "base/dim.h"
#include "compiler/program.h"
#include "ir/some_params.h"
#include "transform/call.h"

namespace tnp {

namespace {

// Whether the call gives its first input with some elements replaced.
bool is_update(const GraphNode& node) {
  if (node.op->name == std::string_view("place_slice")) return true;
  IndexedAccess access;
  if (node.op->indexed_access == nullptr) return false;
  return node.op->indexed_access(Call{*node.op, {}, *node.params}, access) && access.update >= 0;
}

// Why the memory of value `v` can not be taken by node `n`; empty if it can.
std::string held_by(const TracedFunction& f, const Graph& g, std::size_t n, int v) {
  const auto input = std::find(g.inputs.begin(), g.inputs.end(), v);
  if (input != g.inputs.end()) {
    const auto i = static_cast<std::size_t>(input - g.inputs.begin());
    const auto args = static_cast<std::size_t>(g.num_args());
    if (i >= args) return "the array is one from outside of the function";
    const std::size_t own = args - f.variables.size();
    if (i < own) return "the array is argument " + std::to_string(i) + ", which the caller holds";
    if (program_of(f.graph)->overwrites(static_cast<int>(i))) return "";
    const VariableRef& v = f.variables[i - own];
    const bool assigned = std::find(f.assigned.begin(), f.assigned.end(), v) != f.assigned.end();
    return "the array is the value of the Variable '" + v->name() +
           (assigned ? "', which keeps it until nothing can fail any more" : "'");
  }
  for (std::size_t later = n + 1; later < g.nodes.size(); ++later) {
    const GraphNode& node = g.nodes[later];
    if (std::find(node.inputs.begin(), node.inputs.end(), v) == node.inputs.end()) continue;
    return "the array is read later by " + std::string(node.op->name) +
           (node.location.empty() ? "" : " at " + node.location);
  }
  if (std::find(g.outputs.begin(), g.outputs.end(), v) != g.outputs.end()) return "the array is a result as well";
  return "";
}

void add_copies(const TracedFunction& f, const Graph& g, const std::string& inside, std::vector<std::string>& out);

// The copies in the graphs that a call holds: branches, loop bodies.
class Inner final : public SomeParams {
 public:
  Inner(const TracedFunction& f, std::string what, std::vector<std::string>& out)
      : f_(f), what_(std::move(what)), out_(out) {}
  using SomeParams::operator();
  void operator()(const char*, GraphRef& g) override {
    if (g) add_copies(f_, *g, what_, out_);
  }

 private:
  const TracedFunction& f_;
  std::string what_;
  std::vector<std::string>& out_;
};

void add_copies(const TracedFunction& f, const Graph& g, const std::string& inside, std::vector<std::string>& out) {
  for (std::size_t n = 0; n < g.nodes.size(); ++n) {
    const GraphNode& node = g.nodes[n];
    if (is_update(node)) {
      std::string why = held_by(f, g, n, node.inputs[0]);
      // What a branch or an iteration is given may be its own.
      if (!inside.empty() && std::find(g.inputs.begin(), g.inputs.end(), node.inputs[0]) != g.inputs.end()) why.clear();
      if (!why.empty()) {
        out.push_back((node.location.empty() ? std::string(node.op->name) : node.location) + ": " + why + inside);
      }
    }
    Inner visitor(f, " (in " + std::string(node.op->name) + ")", out);
    const_cast<Params&>(*node.params).visit(visitor);
  }
}

// The bytes of a value for these arguments; absent where data tell.
class Sizes {
 public:
  Sizes(const Graph& g, const Arrays& inputs) : g_(g) {
    for (std::size_t i = 0; i < inputs.size(); ++i) known_.emplace_back(g.inputs[i], inputs[i].shape());
  }
  std::optional<std::int64_t> bytes(int v) const {
    const GraphValue& value = g_.values[static_cast<std::size_t>(v)];
    if (!value.shape.rank_known()) return {};
    std::int64_t total = itemsize(value.dtype);
    for (Dim d : value.shape) {
      const std::optional<Dim> size = number(d);
      if (!size) return {};
      total *= *size;
    }
    return total;
  }

 private:
  std::optional<Dim> number(Dim d) const {
    if (!is_symbolic(d)) return d;
    bool all = true;
    const auto leaf_size = [&](const DimExpr& leaf) -> Dim {
      const auto it = g_.leaf_values.find(leaf.node);
      if (it != g_.leaf_values.end()) {
        for (const auto& [v, shape] : known_) {
          if (v == it->second) return shape[leaf.axis];
        }
      }
      all = false;
      return 1;
    };
    const Dim size = evaluate(d, leaf_size);
    return all ? std::optional(size) : std::nullopt;
  }

  const Graph& g_;
  std::vector<std::pair<int, Shape>> known_;
};

}  // namespace

std::vector<std::string> copies_of(const TracedFunction& f) {
  std::vector<std::string> out;
  add_copies(f, program_of(f.graph)->graph(), "", out);
  return out;
}

Cost cost_of(const TracedFunction& f, const Arrays& arguments) {
  const auto program = program_of(f.graph);
  const compiler::ProgramFacts facts = program->facts();
  Cost c;
  c.operations = facts.operations;
  c.steps = facts.steps;
  c.kernels = facts.fused_groups;
  c.fused_operations = facts.fused_operations;
  Arrays in = arguments;
  for (const VariableRef& v : f.variables) in.push_back(v->read());
  for (const Array& x : arguments) c.argument_bytes += x.shape().num_elements() * itemsize(x.dtype());
  const Graph& g = *f.graph;
  in.insert(in.end(), g.captured.begin(), g.captured.end());
  const Sizes sizes(g, in);
  const auto total = [&](const std::vector<int>& values, std::optional<std::int64_t> sum) {
    for (int v : values) {
      const auto n = sizes.bytes(v);
      sum = sum && n ? std::optional(*sum + *n) : std::nullopt;
    }
    return sum;
  };
  c.result_bytes = total(g.outputs, 0);
  c.operation_bytes = 0;
  for (const GraphNode& node : g.nodes) c.operation_bytes = total(node.outputs, total(node.inputs, c.operation_bytes));
  return c;
}

}  // namespace tnp

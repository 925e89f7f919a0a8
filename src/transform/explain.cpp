#include "transform/explain.h"

#include <algorithm>
#include <string_view>

#include "base/dim.h"
#include "compiler/program.h"
#include "ir/some_params.h"
#include "ir/updates.h"
#include "transform/call.h"
#include "transform/control/loop.h"

namespace tnp {

namespace {

// Where the program is, for a message.
std::string place_of(const GraphNode& node) { return node.location.empty() ? node.op->name : node.location; }

bool contains(const std::vector<int>& all, int v) { return std::find(all.begin(), all.end(), v) != all.end(); }

bool is_loop(const GraphNode& node) { return std::string_view(node.op->name).starts_with("loop"); }

// The copies that a graph's steps make.
class Copies {
 public:
  Copies(const Graph& g, std::vector<std::string> held, std::string inside, std::vector<std::string>& out)
      : g_(g), held_(std::move(held)), inside_(std::move(inside)), out_(out), producer_(g.values.size(), -1) {
    for (std::size_t n = 0; n < g.nodes.size(); ++n) {
      for (int v : g.nodes[n].outputs) producer_[static_cast<std::size_t>(v)] = static_cast<int>(n);
    }
  }

  void find() {
    for (std::size_t n = 0; n < g_.nodes.size(); ++n) {
      const GraphNode& node = g_.nodes[n];
      if (is_update(node)) {
        const std::string why = held_by(n, node.inputs[0]);
        if (!why.empty()) add(node, why);
      } else if (is_loop(node)) {
        find_in_loop(n);
      } else {
        find_in_graphs(n);
      }
    }
  }

  // Whether the memory of input `i` may be written to by updates.
  bool updates(int i) const {
    std::vector<bool> same(g_.values.size(), false);  // as that of the input
    same[static_cast<std::size_t>(g_.inputs[static_cast<std::size_t>(i)])] = true;
    const auto is_same = [&](int v) { return same[static_cast<std::size_t>(v)]; };
    for (const GraphNode& node : g_.nodes) {
      if (is_update(node) && is_same(node.inputs[0])) return true;
      Graphs graphs(*node.params);
      const std::size_t lead = is_loop(node) ? 0 : 1;  // of a cond: its index
      for (const auto& [name, graph] : graphs.all) {
        const std::size_t given = graph->inputs.size() + lead;
        for (std::size_t k = lead; k < node.inputs.size() && k < given && name != "condition"; ++k) {
          if (is_same(node.inputs[k]) && Copies(*graph, {}, "", out_).updates(static_cast<int>(k - lead))) return true;
        }
      }
      if (may_be_view(node) && is_same(node.inputs[0])) same[static_cast<std::size_t>(node.outputs[0])] = true;
    }
    return false;
  }

 private:
  struct Graphs final : public SomeParams {
    explicit Graphs(const Params& params) { params.clone()->visit(*this); }
    using SomeParams::operator();
    void operator()(const char* name, GraphRef& g) override {
      if (g) all.emplace_back(name, g);
    }
    std::vector<std::pair<std::string, GraphRef>> all;
  };

  void add(const GraphNode& node, const std::string& why) { out_.push_back(place_of(node) + ": " + why + inside_); }

  // Why the memory of value `v` can not be taken by node `n`; empty if it can.
  std::string held_by(std::size_t n, int v) const {
    const auto input = std::find(g_.inputs.begin(), g_.inputs.end(), v);
    if (input != g_.inputs.end()) {
      const std::string& why = held_[static_cast<std::size_t>(input - g_.inputs.begin())];
      if (!why.empty()) return why;
    }
    const std::vector<int>& inputs = g_.nodes[n].inputs;
    if (std::count(inputs.begin(), inputs.end(), v) > 1) return "the array is given to the operation twice";
    std::vector<int> same{v};  // and what may be views of it
    for (std::size_t i = 0; i < same.size(); ++i) {
      const std::string what = i == 0 ? "the array" : "a view of the array";
      for (std::size_t later = 0; later < g_.nodes.size(); ++later) {
        const GraphNode& node = g_.nodes[later];
        if (later == n || !contains(node.inputs, same[i])) continue;
        if (later > n)
          return what + " is read later by " + node.op->name + (node.location.empty() ? "" : " at " + node.location);
        if (shows(node)) same.push_back(node.outputs[0]);
      }
      if (contains(g_.outputs, same[i])) return what + " is a result as well";
    }
    const int made = producer_[static_cast<std::size_t>(v)];
    if (made < 0 || !may_be_view(g_.nodes[static_cast<std::size_t>(made)])) return "";
    return of_view(static_cast<std::size_t>(made), n);
  }

  // A call whose result is, or may be, a view of what it is given.
  static bool shows(const GraphNode& node) {
    const std::string_view name = node.op->name;
    return may_be_view(node) && (name == "slice" || name == "transpose" || name == "reshape" || name == "broadcast_to");
  }

  std::string of_view(std::size_t made, std::size_t n) const {
    const GraphNode& node = g_.nodes[made];
    if (!shows(node)) return "";
    if (node.op->name == std::string_view("broadcast_to")) return "the array is repeated, not in memory";
    if (node.op->name != std::string_view("reshape"))
      return "the array is a view, whose elements do not lie one after the other";
    const std::string why = held_by(n, node.inputs[0]);
    return why.empty() ? "" : "the array is a view: " + why;
  }

  void find_in_loop(std::size_t n) {
    const GraphNode& node = g_.nodes[n];
    const auto& p = static_cast<const LoopParams&>(*node.params);
    const std::string inside = " (in " + std::string(node.op->name) + ")" + inside_;
    std::vector<std::string> held(node.inputs.size());
    for (std::size_t k = static_cast<std::size_t>(p.num_carries); k < held.size(); ++k)
      held[k] = "every iteration reads the array";
    const auto program = inner_program_of(p.body);
    const Graph& b = program->graph();
    held.resize(b.inputs.size(), "the array is a constant");
    Copies body(b, std::move(held), inside, out_);
    for (std::size_t k = 0; k < static_cast<std::size_t>(p.num_carries); ++k) {
      if (b.outputs[k] == b.inputs[k] || g_.values[static_cast<std::size_t>(node.inputs[k])].shape == Shape()) continue;
      const std::string why = held_by(n, node.inputs[k]);
      if (why.empty()) continue;
      const bool native = !body.updates(static_cast<int>(k));
      add(node,
          "carry " + std::to_string(k) + ", once" + (native ? " if the loop becomes native code" : "") + ": " + why);
    }
    body.find();
  }

  // Branches, which are given the array itself, and called functions.
  void find_in_graphs(std::size_t n) {
    const GraphNode& node = g_.nodes[n];
    const bool cond = std::string_view(node.op->name).starts_with("cond");
    for (const auto& [name, graph] : Graphs(*node.params).all) {
      std::vector<std::string> held(graph->inputs.size(), "the array belongs to the function that calls");
      for (std::size_t i = 0; cond && i < held.size() && i + 1 < node.inputs.size(); ++i)
        held[i] = held_by(n, node.inputs[i + 1]);
      const auto program = cond ? inner_program_of(graph) : program_of(graph);
      held.resize(program->graph().inputs.size(), "the array is a constant");
      Copies(program->graph(), std::move(held), " (in " + std::string(node.op->name) + ")" + inside_, out_).find();
    }
  }

  const Graph& g_;
  std::vector<std::string> held_;  // by input: why its memory can not be taken
  std::string inside_;
  std::vector<std::string>& out_;
  std::vector<int> producer_;
};

// Who holds the inputs of a traced function.
std::vector<std::string> holders(const TracedFunction& f, const std::vector<bool>& donated) {
  const auto program = program_of(f.graph);
  const Graph& g = program->graph();
  std::vector<std::string> held(g.inputs.size());
  const auto args = static_cast<std::size_t>(g.num_args());
  const std::size_t own = args - f.variables.size();
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (i >= args) {
      held[i] = "the array is one from outside of the function";
    } else if (i < own) {
      if (i < donated.size() && donated[i]) continue;
      held[i] = "the array is argument " + std::to_string(i) + ", which the caller holds";
    } else if (!program->overwrites(static_cast<int>(i))) {
      const VariableRef& v = f.variables[i - own];
      const bool assigned = std::find(f.assigned.begin(), f.assigned.end(), v) != f.assigned.end();
      held[i] = "the array is the value of the Variable '" + v->name() +
                (assigned ? "', which keeps it until nothing can fail any more" : "'");
    }
  }
  return held;
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

std::vector<std::string> copies_of(const TracedFunction& f, const std::vector<bool>& donated) {
  std::vector<std::string> out;
  Copies(program_of(f.graph)->graph(), holders(f, donated), "", out).find();
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

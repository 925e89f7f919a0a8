#include "transform/control/subgraph.h"

#include <algorithm>

#include "ir/expr.h"
#include "ir/observer.h"
#include "tnp/error.h"

namespace tnp {

namespace {
thread_local LeafNames* t_names = nullptr;
}  // namespace

LeafNames::LeafNames(std::function<std::string(std::size_t)> name) : name_(std::move(name)), outer_(t_names) {
  t_names = this;
}

LeafNames::~LeafNames() { t_names = outer_; }

std::string LeafNames::of(std::size_t leaf) {
  const std::string name = t_names != nullptr ? t_names->name_(leaf) : std::string();
  return name.empty() ? name : " (" + name + ")";
}

namespace {

// The values at the start of the variables that the trace has read. Those that no enclosing trace provides come first:
// they are inputs, to be read when the graph is used. `num_own`: how many.
std::vector<std::pair<VariableRef, Array>> read_variables(const Trace& trace, std::size_t& num_own) {
  std::vector<std::pair<VariableRef, Array>> own, enclosing;
  for (const Trace::VariableState& s : trace.variables()) {
    if (!s.initial) continue;
    const bool is_own = s.initial.is_symbolic() && s.initial.node()->expr->trace == trace.id();
    (is_own ? own : enclosing).emplace_back(s.variable, s.initial);
  }
  num_own = own.size();
  own.insert(own.end(), enclosing.begin(), enclosing.end());
  return own;
}

// What is captured for its sizes alone, which an input that is there anyway has as well, would be held by whoever runs
// the graph: a loop could not write over its memory.
void drop_size_sources(SubGraph& g, std::size_t num_own, const std::vector<std::pair<VariableRef, Array>>& read) {
  Graph& graph = *g.graph;
  const std::size_t first = graph.inputs.size() - (g.captured.size() - num_own);
  std::vector<bool> used(graph.values.size(), false);
  for (const GraphNode& n : graph.nodes) {
    for (int v : n.inputs) used[static_cast<std::size_t>(v)] = true;
  }
  for (int v : graph.outputs) used[static_cast<std::size_t>(v)] = true;
  for (std::size_t k = g.captured.size(); k-- > num_own;) {
    const auto input = graph.inputs.begin() + static_cast<std::ptrdiff_t>(first + k - num_own);
    const int v = *input;
    const Shape& shape = graph.values[static_cast<std::size_t>(v)].shape;
    const bool is_variable =
        std::any_of(read.begin(), read.end(), [&](const auto& r) { return r.second.node() == g.captured[k].node(); });
    if (used[static_cast<std::size_t>(v)] || is_variable || !shape.rank_known()) continue;
    const auto same = std::find_if(graph.inputs.begin(), graph.inputs.end(), [&](int w) {
      return w != v && graph.values[static_cast<std::size_t>(w)].shape == shape;
    });
    if (same == graph.inputs.end()) continue;
    for (auto& [leaf, source] : graph.leaf_values) {
      if (source == v) source = *same;
    }
    graph.inputs.erase(input);
    g.captured.erase(g.captured.begin() + static_cast<std::ptrdiff_t>(k));
  }
}

}  // namespace

SubGraph trace_subgraph(const ArraySpecs& specs, const std::function<Arrays(const Arrays&)>& body,
                        std::span<const std::pair<VariableRef, int>> carried) {
  SubGraph g;
  std::vector<std::pair<VariableRef, Array>> read;
  std::size_t num_own = 0;
  {
    // What happens inside is no business of the tapes outside: they see the operation that the graph becomes part of.
    const ObserversPaused paused;
    Trace trace;
    Arrays arguments;
    for (std::size_t i = 0; i < specs.size(); ++i)
      arguments.push_back(trace.add_input(specs.dtypes[i], specs.shapes[i]));
    for (const auto& [variable, i] : carried) trace.assign(variable, arguments[static_cast<std::size_t>(i)]);
    Arrays results = body(arguments);
    g.num_results = static_cast<int>(results.size());
    for (const auto& [variable, i] : carried) {
      results.push_back(trace.read(variable));
      g.assigned.push_back(variable);
    }
    for (const Trace::VariableState& s : trace.variables()) {
      if (!s.assigned || std::find(g.assigned.begin(), g.assigned.end(), s.variable) != g.assigned.end()) continue;
      results.push_back(s.current);
      g.assigned.push_back(s.variable);
    }
    read = read_variables(trace, num_own);
    for (std::size_t i = 0; i < num_own; ++i) arguments.push_back(read[i].second);
    g.graph = std::shared_ptr<Graph>(trace.finish(arguments, results));
  }
  for (std::size_t i = 0; i < num_own; ++i) {
    g.read.emplace_back(read[i].first, i);
    g.captured.push_back(read[i].first->read());
  }
  g.captured.insert(g.captured.end(), g.graph->captured.begin(), g.graph->captured.end());
  g.graph->captured.clear();
  drop_size_sources(g, num_own, read);
  for (std::size_t i = num_own; i < read.size(); ++i) {
    for (std::size_t k = num_own; k < g.captured.size(); ++k) {
      if (g.captured[k].node() == read[i].second.node()) g.read.emplace_back(read[i].first, k);
    }
  }
  return g;
}

Arrays unify_captured(std::span<SubGraph> graphs) {
  Arrays all;
  const auto find = [](const Arrays& list, const Array& x) {
    return std::find_if(list.begin(), list.end(), [&](const Array& y) { return y.node() == x.node(); });
  };
  for (const SubGraph& g : graphs) {
    for (const Array& x : g.captured) {
      if (find(all, x) == all.end()) all.push_back(x);
    }
  }
  for (SubGraph& g : graphs) {
    std::vector<int>& inputs = g.graph->inputs;
    const std::size_t num_args = inputs.size() - g.captured.size();
    std::vector<int> unified(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(num_args));
    for (const Array& x : all) {
      const auto it = find(g.captured, x);
      if (it != g.captured.end()) {
        unified.push_back(inputs[num_args + static_cast<std::size_t>(it - g.captured.begin())]);
      } else {
        unified.push_back(static_cast<int>(g.graph->values.size()));
        g.graph->values.push_back({x.dtype(), x.shape()});
      }
    }
    inputs = std::move(unified);
    g.captured = all;
  }
  return all;
}

void add_captured_output(SubGraph& g, const Array& x) {
  const std::size_t num_args = g.graph->inputs.size() - g.captured.size();
  for (std::size_t i = 0; i < g.captured.size(); ++i) {
    if (g.captured[i].node() == x.node()) return g.graph->outputs.push_back(g.graph->inputs[num_args + i]);
  }
  const int value = static_cast<int>(g.graph->values.size());
  g.graph->values.push_back({x.dtype(), x.shape()});
  g.graph->inputs.push_back(value);
  g.graph->outputs.push_back(value);
  g.captured.push_back(x);
}

void check_inner_graph(const char* op, const char* name, const GraphRef& graph, std::span<const InnerInput> inputs) {
  const std::string what = std::string(op) + ": " + name;
  if (!graph) throw ValueError(what + " is missing");
  if (graph->inputs.size() != inputs.size()) {
    throw ValueError(what + " takes " + std::to_string(graph->inputs.size()) + " inputs instead of " +
                     std::to_string(inputs.size()));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const GraphValue& v = graph->values[static_cast<std::size_t>(graph->inputs[i])];
    const bool rank = !v.shape.rank_known() || inputs[i].ndim < 0 || inputs[i].ndim == v.shape.ndim();
    if (v.dtype == inputs[i].dtype && rank) continue;
    throw ValueError(what + " takes " + std::string(tnp::name(v.dtype)) + v.shape.str() + " for input " +
                     std::to_string(i) + ", but is given " + std::string(tnp::name(inputs[i].dtype)) +
                     (inputs[i].ndim < 0 ? "" : " with " + std::to_string(inputs[i].ndim) + " dimensions"));
  }
}

InnerInput inner_input(const char* op, const Array& x, int axes) {
  if (!x.shape().rank_known()) return {x.dtype(), -1};
  if (x.shape().ndim() < axes) throw ValueError(std::string(op) + ": a number has no rows to go over");
  return {x.dtype(), x.shape().ndim() - axes};
}

bool has_effects(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [](const GraphNode& n) { return n.op->effect == Effect::stateful; });
}

void remove_unused(Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (int v : graph.outputs) needed[static_cast<std::size_t>(v)] = true;
  std::vector<GraphNode> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool wanted = std::any_of(node->outputs.begin(), node->outputs.end(),
                                    [&](int v) { return needed[static_cast<std::size_t>(v)]; });
    if (!wanted) continue;
    for (int v : node->inputs) needed[static_cast<std::size_t>(v)] = true;
    for_each_symbolic_dim(*node->params, [&](Dim d) {
      for_each_leaf(d, [&](const DimExpr& leaf) {
        const auto it = graph.leaf_values.find(leaf.node);
        if (it != graph.leaf_values.end()) needed[static_cast<std::size_t>(it->second)] = true;
      });
    });
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
}

Dim size_for_inputs(const Graph& graph, Dim d, const std::function<Dim(int, int)>& input_size) {
  if (!is_symbolic(d)) return d;
  // An input's size may be that of an array outside, which the graph need not know.
  const auto same_as_input = [&](const auto& is_same) {
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
      const Shape& shape = graph.values[static_cast<std::size_t>(graph.inputs[i])].shape;
      for (int axis = 0; axis < shape.ndim(); ++axis) {
        if (is_symbolic(shape[axis]) && is_same(shape[axis])) return input_size(static_cast<int>(i), axis);
      }
    }
    return kDataDependent;
  };
  if (const Dim same = same_as_input([&](Dim other) { return other == d; }); same != kDataDependent) return same;
  const auto size = [&](const DimExpr& leaf) {
    const auto value = graph.leaf_values.find(leaf.node);
    const auto it = value == graph.leaf_values.end()
                        ? graph.inputs.end()
                        : std::find(graph.inputs.begin(), graph.inputs.end(), value->second);
    if (it != graph.inputs.end()) return input_size(static_cast<int>(it - graph.inputs.begin()), leaf.axis);
    return same_as_input([&](Dim other) {
      const DimExpr e = dim_expr(other);
      return e.kind == DimExpr::Kind::leaf && e.node == leaf.node && e.axis == leaf.axis;
    });
  };
  bool known = true;
  for_each_leaf(d, [&](const DimExpr& leaf) { known = known && size(leaf) != kDataDependent; });
  return known ? evaluate(d, size) : kDataDependent;
}

}  // namespace tnp

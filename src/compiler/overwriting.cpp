#include "compiler/overwriting.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "compiler/simplify.h"

namespace tnp::compiler {

namespace {

// The node of a unit that gives its first input with some elements replaced, in that one's memory where it may.
const GraphNode* update_of(const Graph& graph, const Unit& unit) {
  if (unit.fused || unit.tiles || unit.reduction) return nullptr;
  const GraphNode& node = graph.nodes[static_cast<std::size_t>(unit.nodes[0])];
  const bool updates = std::strcmp(node.op->name, "place_slice") == 0 || std::strcmp(node.op->name, "scatter") == 0;
  return updates ? &node : nullptr;
}

class Analysis {
 public:
  Analysis(const Graph& graph, const std::vector<int>& variables, const std::vector<Unit>& units) : graph_(graph) {
    for (int i : variables) origins_[graph.inputs[static_cast<std::size_t>(i)]] = i;
    for (const Unit& unit : units) {
      const GraphNode* update = update_of(graph, unit);
      if (update == nullptr) continue;
      if (const int origin = origin_of(update->inputs[0]); origin >= 0) origins_[update->outputs[0]] = origin;
    }
  }

  // The Variable's input whose memory a value may lie in; -1: none.
  int origin_of(int value) const {
    const auto it = origins_.find(value);
    return it == origins_.end() ? -1 : it->second;
  }
  bool is_input(int value) const {
    return std::find(graph_.inputs.begin(), graph_.inputs.end(), value) != graph_.inputs.end();
  }

  const Shape& shape(int value) const { return graph_.values[static_cast<std::size_t>(value)].shape; }
  bool same_static(int a, int b) const { return shape(a).is_static() && shape(a) == shape(b); }

  // Whether a unit may write over a Variable's array.
  bool may_update(const Unit& unit) const {
    if (unit.tiles || unit.reduction) return false;
    if (const GraphNode* update = update_of(graph_, unit)) return origin_of(update->inputs[0]) >= 0;
    return unit.fused && std::any_of(unit.inputs.begin(), unit.inputs.end(), [&](int in) {
             return origin_of(in) >= 0 && std::any_of(unit.outputs.begin(), unit.outputs.end(),
                                                      [&](int out) { return same_static(in, out); });
           });
  }

  // The inputs that a step takes the memory of.
  std::uint64_t taken(const Unit& unit, const StepPlan& plan) const {
    std::uint64_t bits = 0;
    if (update_of(graph_, unit)) return origin_of(unit.inputs[0]) >= 0 ? plan.donated & 1 : 0;
    if (!unit.fused) return 0;
    for (std::size_t j = 0; j < plan.reuse.size(); ++j) {
      const int k = plan.reuse[j];
      if (k < 0 || origin_of(unit.inputs[static_cast<std::size_t>(k)]) < 0) continue;
      if (same_static(unit.inputs[static_cast<std::size_t>(k)], unit.outputs[j])) bits |= std::uint64_t{1} << k;
    }
    return bits;
  }

  // Whether a step that takes all memory that it needs is sure to succeed.
  bool cannot_fail(const Unit& unit, const StepPlan& plan, std::uint64_t bits) const {
    if (const GraphNode* update = update_of(graph_, unit)) {
      bool fixed = std::strcmp(update->op->name, "place_slice") == 0;
      for_each_symbolic_dim(*update->params, [&](Dim) { fixed = false; });
      return fixed && shape(unit.inputs[1]).is_static() &&
             graph_.values[static_cast<std::size_t>(unit.inputs[0])].dtype ==
                 graph_.values[static_cast<std::size_t>(unit.inputs[1])].dtype;
    }
    for (const std::int16_t k : plan.reuse) {
      if (k < 0 || ((bits >> k) & 1) == 0) return false;
    }
    return std::all_of(unit.inputs.begin(), unit.inputs.end(), [&](int in) {
      return (shape(in).rank_known() && shape(in).ndim() == 0) || same_static(in, unit.outputs[0]);
    });
  }

 private:
  const Graph& graph_;
  std::map<int, int> origins_;
};

}  // namespace

bool is_update(const Graph& graph, const Unit& unit) { return update_of(graph, unit) != nullptr; }

void move_updates_back(const Graph& graph, const std::vector<int>& variables, std::vector<Unit>& units) {
  const Analysis analysis(graph, variables, units);
  std::vector<Unit> last;
  std::vector<bool> needed(graph.values.size(), false);  // by units that are not moved
  for (std::size_t u = units.size(); u-- > 0;) {
    Unit& unit = units[u];
    const bool free = std::none_of(unit.outputs.begin(), unit.outputs.end(),
                                   [&](int v) { return needed[static_cast<std::size_t>(v)]; });
    if (free && analysis.may_update(unit)) {
      last.push_back(std::move(unit));
      units.erase(units.begin() + static_cast<std::ptrdiff_t>(u));
      continue;
    }
    for (int v : unit.inputs) needed[static_cast<std::size_t>(v)] = true;
    for (int n : unit.nodes) {
      for_each_size_source(graph, *graph.nodes[static_cast<std::size_t>(n)].params,
                           [&](int v) { needed[static_cast<std::size_t>(v)] = true; });
    }
  }
  units.insert(units.end(), std::make_move_iterator(last.rbegin()), std::make_move_iterator(last.rend()));
}

void keep_updates_apart(const Graph& graph, const std::vector<int>& variables, std::vector<Unit>& units) {
  const Analysis analysis(graph, variables, units);
  std::vector<int> read(graph.values.size(), 0), readers(graph.values.size(), 0);  // so far; at all
  for (const Unit& unit : units) {
    for (int v : unit.inputs) ++readers[static_cast<std::size_t>(v)];
  }
  for (int v : graph.outputs) ++readers[static_cast<std::size_t>(v)];
  for (Unit& unit : units) {
    for (int v : unit.inputs) ++read[static_cast<std::size_t>(v)];
    const GraphNode* update = update_of(graph, unit);
    if (update == nullptr) continue;
    const auto v = static_cast<std::size_t>(update->inputs[0]);
    const bool last = readers[v] > 1 && read[v] == readers[v] && !analysis.is_input(update->inputs[0]);
    if (!last && analysis.origin_of(update->inputs[0]) < 0) continue;
    const Shape &whole = analysis.shape(update->inputs[0]), &part = analysis.shape(update->inputs[1]);
    unit.apart = whole.is_static() && part.is_static() && 2 * part.num_elements() <= whole.num_elements();
  }
}

Overwriting find_overwriting(const Graph& graph, const std::vector<int>& variables, const std::vector<Unit>& units,
                             const MemoryPlan& memory) {
  const Analysis analysis(graph, variables, units);
  Overwriting found;
  found.taken.assign(units.size(), 0);
  for (std::size_t u = units.size(); u-- > 0;) {
    const std::uint64_t bits = analysis.taken(units[u], memory.steps[u]);
    if (bits == 0) break;
    found.taken[u] = bits;
    found.first = static_cast<int>(u);
    for (std::size_t k = 0; k < units[u].inputs.size() && k < 64; ++k) {
      const int v = units[u].inputs[k];
      if (((bits >> k) & 1) && analysis.is_input(v)) found.variables.push_back(analysis.origin_of(v));
    }
    if (!analysis.cannot_fail(units[u], memory.steps[u], bits)) break;
  }
  if (found.variables.empty()) return {std::vector<std::uint64_t>(units.size(), 0), {}, -1};
  return found;
}

}  // namespace tnp::compiler

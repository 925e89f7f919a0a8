#include "compiler/memory_plan.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tnp::compiler {

namespace {

// An output may take the memory of an input that ends here and has its type; whether the shapes agree, and whether
// anybody else holds the array, the run will see. Rather one that can have no views, which may be held longer.
std::vector<std::int16_t> reusable(const Graph& graph, const Unit& unit, std::uint64_t donated,
                                   const std::vector<bool>& viewed) {
  std::vector<std::int16_t> reuse;
  std::vector<bool> taken(unit.inputs.size(), false);
  for (int out : unit.outputs) {
    std::int16_t found = -1;
    for (std::size_t k = 0; k < std::min<std::size_t>(unit.inputs.size(), 64); ++k) {
      const auto v = static_cast<std::size_t>(unit.inputs[k]);
      const bool fits = graph.values[v].dtype == graph.values[out].dtype;
      if (!((donated >> k) & 1) || taken[k] || !fits || (found >= 0 && viewed[v])) continue;
      found = static_cast<std::int16_t>(k);
      if (!viewed[v]) break;
    }
    if (found >= 0) taken[static_cast<std::size_t>(found)] = true;
    reuse.push_back(found);
  }
  return reuse;
}

}  // namespace

MemoryPlan plan_memory(const Graph& graph, const std::vector<Unit>& units, std::vector<int> owned) {
  MemoryPlan plan;
  plan.num_inputs = static_cast<int>(graph.inputs.size());
  constexpr int kNever = -1;
  std::vector<int> last_use(graph.values.size(), kNever), place(graph.values.size(), -1);
  for (int i = 0; i < plan.num_inputs; ++i) place[graph.inputs[i]] = i;
  for (int i : owned) place[graph.inputs[i]] = plan.num_inputs + plan.num_slots++;
  plan.owned = std::move(owned);
  for (int u = 0; u < static_cast<int>(units.size()); ++u) {
    for (int v : units[u].inputs) last_use[v] = u;
  }
  const int end = static_cast<int>(units.size());
  for (int v : graph.outputs) last_use[v] = end;

  std::vector<bool> viewed(graph.values.size(), false);
  for (const GraphNode& n : graph.nodes) {
    const bool computes = n.op->fusion == Fusion::elementwise || n.op->fusion == Fusion::reduction;
    if (!computes && !n.inputs.empty()) viewed[static_cast<std::size_t>(n.inputs[0])] = true;
  }

  std::vector<int> free_slots;
  for (int u = 0; u < end; ++u) {
    const Unit& unit = units[u];
    StepPlan step;
    for (int v : unit.outputs) {
      if (last_use[v] == kNever) {
        step.outputs.push_back(-1);
        continue;
      }
      if (free_slots.empty()) free_slots.push_back(plan.num_inputs + plan.num_slots++);
      place[v] = free_slots.back();
      free_slots.pop_back();
      step.outputs.push_back(place[v]);
    }
    for (std::size_t k = 0; k < unit.inputs.size(); ++k) {
      const int v = unit.inputs[k];
      step.inputs.push_back(place[v]);
      if (last_use[v] != u || place[v] < plan.num_inputs) continue;
      // The last mention gives it up: one that comes earlier in the list is a second reference.
      if (std::find(unit.inputs.begin() + static_cast<std::ptrdiff_t>(k) + 1, unit.inputs.end(), v) !=
          unit.inputs.end())
        continue;
      step.frees.push_back(place[v]);
      if (k < 64 && std::count(unit.inputs.begin(), unit.inputs.end(), v) == 1) step.donated |= std::uint64_t{1} << k;
    }
    if (unit.fused) step.reuse = reusable(graph, unit, step.donated, viewed);
    for (int slot : step.frees) free_slots.push_back(slot);
    plan.steps.push_back(std::move(step));
  }
  for (int v : graph.outputs) plan.results.push_back(place[v]);
  return plan;
}

namespace {

constexpr int kNothing = -1;

// What lies in each place while a plan runs.
class PlanCheck {
 public:
  PlanCheck(const Graph& graph, const std::vector<Unit>& units, const MemoryPlan& plan)
      : graph_(graph), units_(units), plan_(plan), held_(places(), kNothing), readers_(graph.values.size(), 0) {
    for (const Unit& u : units) {
      for (int v : u.inputs) ++readers_[static_cast<std::size_t>(v)];
    }
    for (int v : graph.outputs) ++readers_[static_cast<std::size_t>(v)];
  }

  std::string run() {
    if (plan_.steps.size() != units_.size())
      return "a plan of " + std::to_string(plan_.steps.size()) + " steps for " + std::to_string(units_.size()) +
             " units";
    if (plan_.num_inputs != static_cast<int>(graph_.inputs.size()) || plan_.num_slots < 0)
      return "the places do not fit the inputs";
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) held_[i] = graph_.inputs[i];
    for (std::size_t i = 0; i < plan_.owned.size(); ++i) {
      const int input = plan_.owned[i];
      if (input < 0 || input >= plan_.num_inputs || static_cast<int>(i) >= plan_.num_slots)
        return "an input of one's own is none";
      held_[static_cast<std::size_t>(plan_.num_inputs) + i] =
          std::exchange(held_[static_cast<std::size_t>(input)], kNothing);
      if (held_[static_cast<std::size_t>(plan_.num_inputs) + i] == kNothing) return "an input is given up twice";
    }
    for (std::size_t u = 0; u < units_.size(); ++u) {
      const std::string wrong = step(units_[u], plan_.steps[u]);
      if (!wrong.empty()) return "step " + std::to_string(u) + ": " + wrong;
    }
    if (plan_.results.size() != graph_.outputs.size())
      return "there are " + std::to_string(plan_.results.size()) + " results instead of " +
             std::to_string(graph_.outputs.size());
    for (std::size_t k = 0; k < plan_.results.size(); ++k) {
      if (!holds(plan_.results[k], graph_.outputs[k]))
        return "result " + std::to_string(k) + " is not where it should be";
    }
    return "";
  }

 private:
  std::size_t places() const { return graph_.inputs.size() + static_cast<std::size_t>(std::max(plan_.num_slots, 0)); }
  bool is_place(int place) const { return place >= 0 && place < static_cast<int>(held_.size()); }
  bool is_slot(int place) const { return is_place(place) && place >= plan_.num_inputs; }
  bool holds(int place, int v) const { return is_place(place) && held_[static_cast<std::size_t>(place)] == v; }
  int& readers(int v) { return readers_[static_cast<std::size_t>(v)]; }

  std::string step(const Unit& unit, const StepPlan& step) {
    if (step.inputs.size() != unit.inputs.size() || step.outputs.size() != unit.outputs.size())
      return "not as many operands as the unit";
    for (std::size_t k = 0; k < step.inputs.size(); ++k) {
      if (!holds(step.inputs[k], unit.inputs[k]))
        return "input " + std::to_string(k) + " is not %" + std::to_string(unit.inputs[k]);
      --readers(unit.inputs[k]);
    }
    for (std::size_t k = 0; k < 64; ++k) {
      if (((step.donated >> k) & 1) == 0) continue;
      if (k >= unit.inputs.size() || !is_slot(step.inputs[k]))
        return "input " + std::to_string(k) + " is not the run's to give up";
      if (readers(unit.inputs[k]) > 0 || std::count(unit.inputs.begin(), unit.inputs.end(), unit.inputs[k]) > 1)
        return "%" + std::to_string(unit.inputs[k]) + " is given up, but read again";
    }
    std::uint64_t taken = 0;
    for (const std::int16_t k : step.reuse) {
      if (k < 0) continue;
      if (k >= 64 || ((step.donated >> k) & 1) == 0) return "memory is taken that is not given up";
      if ((taken >> k) & 1) return "memory is taken twice";
      taken |= std::uint64_t{1} << k;
    }
    // Outputs are put into their slots once what is freed has gone.
    for (int place : step.frees) {
      if (!is_slot(place)) return "what is freed is no slot";
      int& v = held_[static_cast<std::size_t>(place)];
      if (v == kNothing) return "a slot is freed that holds nothing";
      if (readers(v) > 0) return "%" + std::to_string(v) + " is freed, but read again";
      v = kNothing;
    }
    for (std::size_t j = 0; j < step.outputs.size(); ++j) {
      const int place = step.outputs[j], v = unit.outputs[j];
      if (place < 0) {
        if (readers(v) > 0) return "%" + std::to_string(v) + " is kept nowhere, but read";
        continue;
      }
      if (!is_slot(place)) return "an output has no slot";
      int& held = held_[static_cast<std::size_t>(place)];
      if (held != kNothing) return "%" + std::to_string(v) + " overwrites %" + std::to_string(held);
      held = v;
    }
    return "";
  }

  const Graph& graph_;
  const std::vector<Unit>& units_;
  const MemoryPlan& plan_;
  std::vector<int> held_;     // by place: the value
  std::vector<int> readers_;  // by value: mentions to come, results among them
};

}  // namespace

std::string verify(const Graph& graph, const std::vector<Unit>& units, const MemoryPlan& plan) {
  return PlanCheck(graph, units, plan).run();
}

MemoryPlan without_owned(MemoryPlan plan) {
  std::vector<int> input_in(static_cast<std::size_t>(plan.num_slots), -1);  // by slot: the input that is still there
  for (std::size_t i = 0; i < plan.owned.size(); ++i) input_in[i] = plan.owned[i];
  plan.owned.clear();
  const auto input_at = [&](int place) {
    return place < plan.num_inputs ? -1 : input_in[static_cast<std::size_t>(place - plan.num_inputs)];
  };
  for (StepPlan& step : plan.steps) {
    std::erase_if(step.frees, [&](int place) { return input_at(place) >= 0; });
    for (std::size_t k = 0; k < step.inputs.size(); ++k) {
      const int input = input_at(step.inputs[k]);
      if (input < 0) continue;
      step.inputs[k] = input;
      if (k < 64) step.donated &= ~(std::uint64_t{1} << k);
      std::replace(step.reuse.begin(), step.reuse.end(), static_cast<std::int16_t>(k), std::int16_t{-1});
    }
    for (int place : step.outputs) {
      if (place >= 0) input_in[static_cast<std::size_t>(place - plan.num_inputs)] = -1;
    }
  }
  for (int& place : plan.results) {
    if (const int input = input_at(place); input >= 0) place = input;
  }
  return plan;
}

}  // namespace tnp::compiler

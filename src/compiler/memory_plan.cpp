#include "compiler/memory_plan.h"

#include <algorithm>

namespace tnp::compiler {

namespace {

// An output may take the memory of an input that ends here and has its type; whether the shapes agree, and whether
// anybody else holds the array, the run will see.
std::vector<std::int16_t> reusable(const Graph& graph, const Unit& unit, std::uint64_t donated) {
  std::vector<std::int16_t> reuse;
  std::vector<bool> taken(unit.inputs.size(), false);
  for (int out : unit.outputs) {
    std::int16_t found = -1;
    for (std::size_t k = 0; k < std::min<std::size_t>(unit.inputs.size(), 64) && found < 0; ++k) {
      const bool fits = graph.values[unit.inputs[k]].dtype == graph.values[out].dtype;
      if (((donated >> k) & 1) && !taken[k] && fits) found = static_cast<std::int16_t>(k);
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
    if (unit.fused) step.reuse = reusable(graph, unit, step.donated);
    for (int slot : step.frees) free_slots.push_back(slot);
    plan.steps.push_back(std::move(step));
  }
  for (int v : graph.outputs) plan.results.push_back(place[v]);
  return plan;
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

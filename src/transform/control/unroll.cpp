#include "transform/control/unroll.h"

#include <algorithm>
#include <string_view>

#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "tnp/error.h"
#include "transform/control/subgraph.h"

namespace tnp {

namespace {

constexpr int kMostTurns = 3;  // native code of a loop is quicker from four on
constexpr std::size_t kMostNodes = 48;

bool is_known_number(const Array& x) { return x && !x.is_symbolic() && x.ndim() == 0; }

// What a graph computes of numbers that are known; absent where it is something else.
Arrays known_numbers(const SubGraph& g, const Arrays& arguments) {
  const Graph& graph = *g.graph;
  Arrays values(graph.values.size());
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const Array& x = i < arguments.size() ? arguments[i] : g.captured[i - arguments.size()];
    if (is_known_number(x)) values[static_cast<std::size_t>(graph.inputs[i])] = x;
  }
  const auto value = [&](int v) -> Array& { return values[static_cast<std::size_t>(v)]; };
  for (const GraphNode& node : graph.nodes) {
    const bool known = !node.inputs.empty() && node.op->elementwise != nullptr && node.op->effect == Effect::none &&
                       std::all_of(node.inputs.begin(), node.inputs.end(), [&](int v) { return bool(value(v)); });
    if (!known) continue;
    Arrays in, out(node.outputs.size());
    for (int v : node.inputs) in.push_back(value(v));
    execute(Call{*node.op, in, *node.params}, out);
    for (std::size_t j = 0; j < out.size(); ++j) value(node.outputs[j]) = out[j];
  }
  Arrays results;
  for (int v : graph.outputs) results.push_back(value(v));
  return results;
}

// How many turns there are, at most kMostTurns; nothing if that is not known, or more.
std::optional<int> few_turns(const LoopParts& loop) {
  const ObserversPaused observers_paused;
  const TracePaused trace_paused;
  Arrays state = loop.carries;
  try {
    for (int turn = 0; turn <= kMostTurns; ++turn) {
      const Array truth = known_numbers(loop.condition, state)[0];
      if (!truth || truth.dtype() != DType::bool_) return std::nullopt;
      if (!*truth.data_as<bool>()) return turn;
      if (turn == kMostTurns) return std::nullopt;
      state = known_numbers(loop.body, state);
      state.resize(loop.carries.size());
    }
  } catch (const Error&) {  // which a run raises
  }
  return std::nullopt;
}

}  // namespace

std::optional<Arrays> unrolled(const LoopParts& loop) {
  if (current_trace == nullptr || !loop.has_condition || !loop.scanned.empty()) return std::nullopt;
  if (loop.body.graph->outputs.size() != loop.carries.size()) return std::nullopt;
  if (has_effects(*loop.body.graph) || has_effects(*loop.condition.graph)) return std::nullopt;
  const std::optional<int> turns = few_turns(loop);
  if (!turns || loop.body.graph->nodes.size() * static_cast<std::size_t>(*turns) > kMostNodes) return std::nullopt;
  Arrays state = loop.carries;
  for (int turn = 0; turn < *turns; ++turn) {
    state.insert(state.end(), loop.body.captured.begin(), loop.body.captured.end());
    state = replay(*loop.body.graph, state);
  }
  return state;
}

}  // namespace tnp

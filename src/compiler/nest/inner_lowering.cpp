// Loops and conditions inside of a loop.
#include <algorithm>
#include <string_view>

#include "compiler/nest/strips.h"
#include "compiler/nest/turn_lowering.h"
#include "compiler/param_reader.h"

namespace tnp::compiler {

using Kind = NestStatement::Kind;

namespace {

constexpr std::int64_t kUnknownTrips = 16;  // assumed of a loop with a condition

// The part before a loop of what its graph computes, and places for all that a turn does not compute.
void place_shared(const Graph& graph, std::size_t first, std::span<const BlockLowering::Place> shared,
                  BlockLowering& block) {
  for (std::size_t i = first; i < graph.inputs.size(); ++i) {
    BlockLowering::Place& p = block.places[graph.inputs[i]];
    p = shared[i - first];
    p.writable = false;
  }
}

}  // namespace

// What an attempt left behind goes if it fails: then the call is made as a whole.
bool BlockLowering::lower_inner(const GraphNode& node) {
  addresses_.clear();  // pointers may change places
  origins_.clear();
  const LoopNest before = out_;
  const auto places_before = places;
  const std::size_t count = statements.size();
  const std::int64_t cycles_before[] = {cycles, short_cycles, inner_cycles};
  for (const bool may_strip : {true, false}) {
    if (may_strip && !before.may_strip) continue;
    out_.may_strip = may_strip;
    if (std::string_view(node.op->name) == "cond" ? lower_cond(node) : lower_loop(node)) {
      out_.may_strip = before.may_strip;
      return true;
    }
    out_ = before;
    origins_.clear();
    places = places_before;
    statements.erase(statements.begin() + static_cast<std::ptrdiff_t>(count), statements.end());
    cycles = cycles_before[0], short_cycles = cycles_before[1], inner_cycles = cycles_before[2];
    if (node.op == &kStrips) return false;
  }
  return false;
}

// A loop inside: its graphs made ready, and where its values are.
struct BlockLowering::InnerLoop {
  const GraphNode& node;
  std::size_t carries, scanned;
  bool reverse, strips;
  std::vector<Shape> shapes{};  // of the node's inputs
  std::optional<LoopGraph> condition{}, body{};
  std::int64_t trips = kUnknownTrips;
  std::vector<Place> own{}, shared{};  // carries; what all turns read
};

bool BlockLowering::lower_loop(const GraphNode& node) {
  const ParamReader p(*node.params);
  InnerLoop inner{.node = node,
                  .carries = static_cast<std::size_t>(p.number("num_carries")),
                  .scanned = static_cast<std::size_t>(p.number("num_scanned")),
                  .reverse = p.number("reverse") != 0,
                  .strips = node.op == &kStrips};
  if (!make_ready(inner, p) || !place_carries(inner)) return false;
  NestStatement loop{.kind = Kind::loop};
  std::int64_t turn_cycles = 0;
  if (!inner.condition) {
    loop.extent = parameter(inner.trips);
  } else if (!lower_condition(inner, loop, turn_cycles)) {
    return false;
  }
  TurnLowering turn(inner.body->graph, out_, inner.own);
  turn.block.turn.before = &statements;
  if (!before_loop(inner, *inner.body, inner.carries + inner.scanned, turn.block)) return false;
  scan_rows(inner, turn);
  const std::vector<Place> collected = collect_rows(inner, turn);
  if (!turn.lower(loop)) return false;
  turn_cycles += turn.block.cycles + turn.block.inner_cycles;
  (inner.strips ? cycles : inner_cycles) +=
      std::min<std::int64_t>(inner.trips * (turn_cycles + 2), std::int64_t{1} << 40);
  statements.push_back(std::move(loop));
  for (std::size_t k = 0; k < inner.carries; ++k) places[node.outputs[k]] = inner.own[k];
  for (std::size_t j = 0; j < collected.size(); ++j) {
    const int v = node.outputs[inner.carries + j];
    places[v] = collected[j];
    if (collected[j].shape.num_elements() != 1 && !is_small(value(v))) continue;
    places[v] = temporary(value(v));
    copy(collected[j], places[v]);
  }
  return true;
}

// Its graphs with sizes as numbers; false if they have no such form.
bool BlockLowering::make_ready(InnerLoop& inner, const ParamReader& p) {
  for (int v : inner.node.inputs) inner.shapes.push_back(value(v).shape);
  for (const auto& [name, graph] : p.graphs) {
    const bool is_body = name == "body";
    auto& g = is_body ? inner.body : inner.condition;
    const std::size_t variant = is_body ? inner.carries + inner.scanned : inner.carries;
    g = loop_graph(*graph, inner_shapes(inner.node, name, inner.shapes), static_cast<int>(variant));
    if (!g) return false;
    if (is_body && !inner.strips && out_.may_strip)
      out_.strips |= make_strips(g->graph, out_.most_small_elements, static_cast<int>(inner.carries));
  }
  if (!inner.body || (inner.condition && inner.body->graph.outputs.size() > inner.carries)) return false;
  if (!inner.condition && inner.scanned == 0) return false;
  if (!inner.condition) inner.trips = inner.shapes[inner.carries][0];
  return true;
}

// Carries in memory that turns may write to: where they are, if nothing else reads them, or copies.
bool BlockLowering::place_carries(InnerLoop& inner) {
  const std::vector<int>& inputs = inner.node.inputs;
  const Graph& body = inner.body->graph;
  for (std::size_t k = 0; k < inner.carries; ++k) {
    const GraphValue& in = body.values[static_cast<std::size_t>(body.inputs[k])];
    const GraphValue& next = body.values[static_cast<std::size_t>(body.outputs[k])];
    if (next.shape != in.shape || next.dtype != in.dtype) return false;
    const int v = inputs[k];
    const bool once = std::count(inputs.begin(), inputs.end(), v) == 1;
    const Place& start = places.at(v);
    if (once && is_pointer(start) && is_whole(start) && free_to_overwrite(v)) {
      inner.own.push_back(start);
      continue;
    }
    inner.own.push_back(temporary(in));
    copy(start, inner.own.back());
  }
  for (std::size_t i = inner.carries + inner.scanned; i < inputs.size(); ++i)
    inner.shared.push_back(places.at(inputs[i]));
  return true;
}

// What each turn would compute again; `block`, which is to hold the turn's part of the graph, finds it in its places.
bool BlockLowering::before_loop(const InnerLoop& inner, const LoopGraph& g, std::size_t first, BlockLowering& block) {
  place_shared(g.graph, first, inner.shared, block);
  if (g.invariants.values.empty()) return true;
  BlockLowering constant(g.invariants.graph, out_);
  place_shared(g.invariants.graph, first, inner.shared, constant);
  if (!constant.lower()) return false;
  out_.may_end_early |= std::any_of(constant.statements.begin(), constant.statements.end(), [](const auto& s) {
    return s.kind == Kind::address || s.kind == Kind::call || s.kind == Kind::loop || s.kind == Kind::branch;
  });
  statements.insert(statements.end(), constant.statements.begin(), constant.statements.end());
  cycles += constant.cycles, short_cycles += constant.short_cycles, inner_cycles += constant.inner_cycles;
  for (int v : g.invariants.values) {
    block.places[v] = constant.places.at(v);
    block.places[v].writable = false;
  }
  return true;
}

bool BlockLowering::lower_condition(const InnerLoop& inner, NestStatement& loop, std::int64_t& turn_cycles) {
  const Graph& graph = inner.condition->graph;
  BlockLowering head(graph, out_);
  for (std::size_t k = 0; k < inner.carries; ++k) {
    head.places[graph.inputs[k]] = inner.own[k];
    head.places[graph.inputs[k]].writable = false;
  }
  if (!before_loop(inner, *inner.condition, inner.carries, head) || !head.lower()) return false;
  const Place answer = head.places.at(graph.outputs[0]);
  if (answer.shape.num_elements() != 1) return false;
  loop.head = std::move(head.statements);
  loop.from = {answer.variable};
  turn_cycles += head.cycles;
  return true;
}

void BlockLowering::scan_rows(const InnerLoop& inner, TurnLowering& turn) {
  for (std::size_t s = 0; s < inner.scanned; ++s) {
    const Place rows = located(places.at(inner.node.inputs[inner.carries + s]));
    const std::int64_t step = rows.shape.num_elements() == 0 ? 0 : rows.strides[0];
    Strides strides = rows.strides;
    if (!inner.strips) strides.erase(0);
    const int first = advanced(rows.variable, inner.reverse && inner.trips > 0 ? (inner.trips - 1) * step : 0);
    turn.scan(static_cast<int>(s), first, strides, parameter(inner.reverse ? -step : step));
  }
}

// Memory for the rows that turns collect.
std::vector<BlockLowering::Place> BlockLowering::collect_rows(const InnerLoop& inner, TurnLowering& turn) {
  std::vector<Place> collected;
  for (int j = 0; j < turn.num_collected(); ++j) {
    collected.push_back(memory(value(inner.node.outputs[inner.carries + static_cast<std::size_t>(j)])));
    const GraphValue& row = turn.row_of(j);
    const std::int64_t step = row.shape.num_elements() * itemsize(row.dtype);
    const int first =
        advanced(collected.back().variable, inner.reverse && inner.trips > 0 ? (inner.trips - 1) * step : 0);
    turn.collect(j, first, parameter(inner.reverse ? -step : step));
  }
  return collected;
}

// For each output the input (of the branches) in whose memory it comes to lie, or -1: one that nothing reads
// afterwards. Best one that a branch leaves as it is, or writes into.
std::vector<int> BlockLowering::inputs_to_take(const GraphNode& node, std::span<const GraphRef> branches) const {
  const auto count = static_cast<int>(node.inputs.size()) - 1;
  const auto free = [&](int i) {
    const int v = node.inputs[static_cast<std::size_t>(i) + 1];
    const Place& p = places.at(v);
    return is_pointer(p) && is_whole(p) && free_to_overwrite(v) &&
           std::count_if(node.inputs.begin(), node.inputs.end(), [&](int other) { return root(other) == root(v); }) ==
               1;
  };
  const auto becomes = [&](std::size_t k, int i) {
    return std::any_of(branches.begin(), branches.end(), [&](const GraphRef& g) {
      int v = g->outputs[k];
      for (std::size_t n = g->nodes.size(); n-- > 0;) {
        const GraphNode& writer = g->nodes[n];
        IndexedAccess access;
        if (writer.outputs[0] != v || !(is_place_slice(writer) || (indexed(writer, access) && access.update >= 0)))
          continue;
        v = writer.inputs[0];
      }
      return v == g->inputs[static_cast<std::size_t>(i)];
    });
  };
  std::vector<int> taken(node.outputs.size(), -1);
  for (const bool any : {false, true}) {
    for (std::size_t k = 0; k < taken.size(); ++k) {
      const GraphValue& out = value(node.outputs[k]);
      for (int i = 0; i < count && taken[k] < 0; ++i) {
        const GraphValue& in = value(node.inputs[static_cast<std::size_t>(i) + 1]);
        if (in.shape != out.shape || in.dtype != out.dtype || out.shape.num_elements() == 1) continue;
        if (std::find(taken.begin(), taken.end(), i) != taken.end()) continue;
        if (free(i) && (any || becomes(k, i))) taken[k] = i;
      }
    }
  }
  return taken;
}

bool BlockLowering::lower_branch(const Graph& graph, const GraphNode& node, const std::vector<Place>& results,
                                 const std::vector<int>& taken, std::vector<NestStatement>& block) {
  std::vector<Shape> shapes;
  std::vector<Place> inputs;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    shapes.push_back(value(node.inputs[i]).shape);
    inputs.push_back(places.at(node.inputs[i]));
  }
  const std::optional<Graph> g = branch_graph(graph, shapes);
  if (!g) return false;
  BlockLowering branch(*g, out_);
  place_shared(*g, 0, inputs, branch);
  std::vector<int> overwritten;  // inputs that are given up
  for (std::size_t k = 0; k < results.size(); ++k) {
    const int out = g->outputs[k];
    const GraphValue& v = g->values[static_cast<std::size_t>(out)];
    if (v.shape != results[k].shape || v.dtype != dtype(results[k])) return false;
    const bool computed = std::find(g->inputs.begin(), g->inputs.end(), out) == g->inputs.end();
    if (taken[k] >= 0) {
      overwritten.push_back(g->inputs[static_cast<std::size_t>(taken[k])]);
      branch.places[overwritten.back()].writable = true;
    } else if (computed && is_pointer(results[k]) && std::count(g->outputs.begin(), g->outputs.end(), out) == 1) {
      branch.targets[out] = results[k].variable;
    }
  }
  if (!branch.lower() || !branch.is_small_work()) return false;
  branch.move_outputs(results, overwritten);
  cycles += branch.cycles, short_cycles += branch.short_cycles, inner_cycles += branch.inner_cycles;
  block = std::move(branch.statements);
  return true;
}

// Each output to its place. What lies in memory that one of them takes over is read before.
void BlockLowering::move_outputs(const std::vector<Place>& results, const std::vector<int>& overwritten) {
  const auto given_up = [&](int variable) {
    return std::any_of(overwritten.begin(), overwritten.end(),
                       [&](int v) { return places.at(v).variable == variable; });
  };
  std::vector<std::pair<Place, Place>> last;
  for (std::size_t k = 0; k < results.size(); ++k) {
    Place from = places.at(outputs[k]);
    if (from.variable == results[k].variable && is_whole(from)) continue;
    if (!given_up(results[k].variable)) {
      copy(from, results[k]);
      continue;
    }
    if (given_up(places.at(root(outputs[k])).variable)) {
      const Place own = temporary({dtype(from), from.shape});
      copy(from, own);
      from = own;
    }
    last.emplace_back(from, results[k]);
  }
  for (const auto& [from, to] : last) copy(from, to);
}

bool BlockLowering::lower_cond(const GraphNode& node) {
  const ParamReader p(*node.params);
  const Place index = places.at(node.inputs[0]);
  const bool truth = dtype(index) == DType::bool_;
  if (is_pointer(index) || (truth && p.graphs.size() != 2)) return false;
  std::vector<GraphRef> branches;
  for (const auto& [name, graph] : p.graphs) branches.push_back(graph);
  const std::vector<int> taken = inputs_to_take(node, branches);
  std::vector<Place> results;
  for (std::size_t k = 0; k < taken.size(); ++k)
    results.push_back(taken[k] < 0 ? temporary(value(node.outputs[k]))
                                   : places.at(node.inputs[static_cast<std::size_t>(taken[k]) + 1]));
  // Of a truth value the first is taken where it is 1.
  std::vector<NestStatement> rest{
      {.kind = Kind::refuse, .from = {index.variable}, .step = static_cast<int>(branches.size())}};
  for (std::size_t b = branches.size(); b-- > 0;) {
    NestStatement choice{.kind = Kind::branch, .from = {index.variable}, .step = static_cast<int>(b)};
    if (!lower_branch(*branches[b], node, results, taken, choice.body)) return false;
    if (truth && b == 1) {
      rest = std::move(choice.body);
      continue;
    }
    if (truth) choice.step = 1;
    choice.otherwise = std::move(rest);
    rest.assign(1, std::move(choice));
  }
  statements.insert(statements.end(), rest.begin(), rest.end());
  for (std::size_t k = 0; k < results.size(); ++k) places[node.outputs[k]] = results[k];
  return true;
}

}  // namespace tnp::compiler

#include "compiler/nest/loop_nest.h"

#include <algorithm>
#include <map>
#include <set>

#include "compiler/fuse.h"
#include "compiler/nest/block_lowering.h"
#include "compiler/simplify.h"
#include "compiler/specialize.h"

namespace tnp::compiler {

namespace {

using Kind = NestStatement::Kind;
using ArgumentKind = LoopNest::Argument::Kind;

// A graph of the loop, its sizes known, its invariant part split off.
struct Prepared {
  Graph graph;
  Invariants invariants;
};

// Inputs from `first_variant` up to `end_variant` change from iteration to iteration, others do not.
Prepared prepare(Graph graph, int num_variant) {
  Prepared p;
  const int num_given = static_cast<int>(graph.inputs.size());
  std::vector<bool> variant(graph.values.size(), false), wanted(graph.values.size(), false);
  for (int i = 0; i < num_variant; ++i)
    variant[static_cast<std::size_t>(graph.inputs[static_cast<std::size_t>(i)])] = true;
  Graph& invariant = p.invariants.graph;
  invariant = graph;
  invariant.nodes.clear();
  std::vector<GraphNode> kept;
  std::vector<bool> computed(graph.values.size(), false);
  for (GraphNode& node : graph.nodes) {
    const bool varies = std::any_of(node.inputs.begin(), node.inputs.end(),
                                    [&](int v) { return variant[static_cast<std::size_t>(v)]; });
    for (int v : node.outputs) (varies ? variant : computed)[static_cast<std::size_t>(v)] = true;
    if (varies) {
      for (int v : node.inputs) wanted[static_cast<std::size_t>(v)] = true;
    }
    (varies ? kept : invariant.nodes).push_back(std::move(node));
  }
  for (int v : graph.outputs) wanted[static_cast<std::size_t>(v)] = true;
  for (std::size_t v = 0; v < computed.size(); ++v) {
    if (computed[v] && wanted[v]) p.invariants.values.push_back(static_cast<int>(v));
  }
  invariant.outputs = p.invariants.values;
  graph.nodes = std::move(kept);
  graph.inputs.resize(static_cast<std::size_t>(num_given));
  p.graph = std::move(graph);
  return p;
}

std::optional<Prepared> specialized(const Graph& graph, std::span<const Shape> inputs, int num_variant) {
  if (!graph.captured.empty()) return std::nullopt;  // all that a sub-graph uses is an input of it
  std::optional<Graph> g = specialize(graph, inputs);
  if (!g) return std::nullopt;
  simplify_for(*g, {});
  return prepare(std::move(*g), num_variant);
}

class LoopLowering {
 public:
  LoopLowering(const LoopSpec& loop, std::span<const Shape> inputs) : loop_(loop), inputs_(inputs) {}

  std::optional<LoopNest> run() {
    if (!prepare_graphs()) return std::nullopt;
    NestStatement whole{.kind = Kind::loop};
    if (loop_.condition && !lower_condition(whole)) return std::nullopt;
    if (!loop_.condition) whole.extent = out_.trips = new_parameter(0);
    if (!lower_body(whole)) return std::nullopt;
    std::vector<NestStatement>& all = out_.nest.statements;
    all = std::move(before_);
    all.push_back(std::move(whole));
    all.insert(all.end(), after_.begin(), after_.end());
    out_.nest.num_parameters = static_cast<int>(out_.parameters.size());
    return std::move(out_);
  }

 private:
  using Place = BlockLowering::Place;

  int num_carries() const { return loop_.num_carries; }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }

  bool prepare_graphs() {
    const int scanned_end = num_carries() + loop_.num_scanned;
    auto body = specialized(*loop_.body, inputs_, scanned_end);
    if (!body) return false;
    body_ = std::move(*body);
    for (int k = 0; k < num_carries(); ++k) {
      const Graph& g = body_.graph;
      const GraphValue& out = value(g, g.outputs[static_cast<std::size_t>(k)]);
      const GraphValue& in = value(g, g.inputs[static_cast<std::size_t>(k)]);
      if (out.shape != in.shape || out.dtype != in.dtype) return false;
      out_.carries.push_back(in.shape);
    }
    if (!loop_.condition) return true;
    std::vector<Shape> shapes(inputs_.begin(), inputs_.begin() + num_carries());
    shapes.insert(shapes.end(), inputs_.begin() + scanned_end, inputs_.end());
    auto condition = specialized(*loop_.condition, shapes, num_carries());
    if (!condition || loop_.body->outputs.size() > static_cast<std::size_t>(num_carries())) return false;
    condition_ = std::move(*condition);
    return true;
  }

  static const GraphValue& value(const Graph& g, int v) { return g.values[static_cast<std::size_t>(v)]; }

  int new_parameter(std::int64_t p) {
    out_.parameters.push_back(p);
    return static_cast<int>(out_.parameters.size()) - 1;
  }
  // A pointer that the nest is given.
  int new_argument(ArgumentKind kind, int index, DType dtype, std::int64_t elements) {
    const int v = out_.nest.variable(dtype, true);
    out_.nest.arguments.push_back(v);
    out_.arguments.push_back({kind, index, dtype, elements});
    return v;
  }

  // An array that stays as it is: a pointer, or the element, read before the loop.
  Place constant_place(ArgumentKind kind, int index, const GraphValue& v) {
    const std::int64_t n = v.shape.num_elements();
    const int pointer = new_argument(kind, index, v.dtype, n);
    if (n != 1) return BlockLowering::whole(pointer, v, false);
    const int element = out_.nest.variable(v.dtype, false);
    before_.push_back({.kind = Kind::load, .to = {element}, .from = {pointer}});
    return BlockLowering::whole(element, v, false);
  }

  Place& carry_place(int k) {
    if (carries_.empty()) {
      for (int i = 0; i < num_carries(); ++i) {
        const GraphValue& v = value(body_.graph, body_.graph.inputs[static_cast<std::size_t>(i)]);
        Place p = constant_place(ArgumentKind::carry, i, v);
        p.writable = true;
        memory_of_carry_.push_back(static_cast<int>(out_.arguments.size()) - 1);
        carries_.push_back(p);
      }
    }
    return carries_[static_cast<std::size_t>(k)];
  }

  // Gives the graph's inputs that it uses their places. `first_shared`: the number of the first shared input.
  void place_inputs(const Prepared& p, BlockLowering& block, int first_shared, ArgumentKind invariants) {
    const Graph& g = p.graph;
    std::vector<bool> used(g.values.size(), false);
    for (const GraphNode& n : g.nodes) {
      for (int v : n.inputs) used[static_cast<std::size_t>(v)] = true;
    }
    for (int v : g.outputs) used[static_cast<std::size_t>(v)] = true;
    for (int i = 0; i < num_carries(); ++i) block.places[g.inputs[static_cast<std::size_t>(i)]] = carry_place(i);
    for (int i = first_shared; i < static_cast<int>(g.inputs.size()); ++i) {
      const int v = g.inputs[static_cast<std::size_t>(i)];
      if (!used[static_cast<std::size_t>(v)]) continue;
      const auto [it, fresh] = shared_.try_emplace(i - first_shared);
      if (fresh) it->second = constant_place(ArgumentKind::shared, i - first_shared, value(g, v));
      block.places[v] = it->second;
    }
    for (std::size_t i = 0; i < p.invariants.values.size(); ++i) {
      const int v = p.invariants.values[i];
      block.places[v] = constant_place(invariants, static_cast<int>(i), value(g, v));
    }
  }

  bool lower_condition(NestStatement& whole) {
    BlockLowering block(condition_->graph, out_);
    place_inputs(*condition_, block, num_carries(), ArgumentKind::condition);
    if (!block.lower()) return false;
    const Place& answer = block.places.at(condition_->graph.outputs[0]);
    if (answer.shape.num_elements() != 1) return false;
    whole.head = std::move(block.statements);
    whole.from = {answer.variable};
    out_.cycles += block.cycles;
    out_.condition = std::move(condition_->invariants);
    return true;
  }

  bool lower_body(NestStatement& whole) {
    const Graph& g = body_.graph;
    BlockLowering block(g, out_);
    const int first_shared = num_carries() + loop_.num_scanned;
    place_inputs(body_, block, first_shared, ArgumentKind::body);
    std::vector<NestStatement> advances;
    for (int s = 0; s < loop_.num_scanned; ++s) place_scanned(s, block, advances);
    collect_inputs(block, advances);
    std::erase_if(block.outputs, [&](int v) { return kept_.contains(v); });
    if (!block.lower()) return false;
    collect_results(block, advances);
    block.statements.insert(block.statements.end(), advances.begin(), advances.end());
    if (!assign_carries(block)) return false;
    whole.body = std::move(block.statements);
    out_.cycles += block.cycles + 2;
    out_.body = std::move(body_.invariants);
    return true;
  }

  void place_scanned(int s, BlockLowering& block, std::vector<NestStatement>& advances) {
    const int v = body_.graph.inputs[static_cast<std::size_t>(num_carries() + s)];
    const GraphValue& row = value(body_.graph, v);
    const std::int64_t n = row.shape.num_elements();
    const int pointer = new_argument(ArgumentKind::scanned, s, row.dtype, n);
    const int step = new_parameter(0);
    out_.scanned_steps.push_back(step);
    Place p = BlockLowering::whole(pointer, row, false);
    if (n == 1) {
      p.variable = out_.nest.variable(row.dtype, false);
      block.statements.push_back({.kind = Kind::load, .to = {p.variable}, .from = {pointer}});
    }
    block.places[v] = p;
    advances.push_back({.kind = Kind::advance, .to = {pointer}, .from = {pointer}, .step = step});
  }

  int num_collected() const { return static_cast<int>(body_.graph.outputs.size()) - num_carries(); }
  int collected_value(int j) const { return body_.graph.outputs[static_cast<std::size_t>(num_carries() + j)]; }
  bool is_carried(int v) const {
    const std::vector<int>& out = body_.graph.outputs;
    return std::find(out.begin(), out.begin() + num_carries(), v) != out.begin() + num_carries();
  }
  bool is_input(int v) const {
    const std::vector<int>& in = body_.graph.inputs;
    return std::find(in.begin(), in.end(), v) != in.end();
  }

  // Places for the collected rows. Those that are inputs are kept before anything overwrites them.
  void collect_inputs(BlockLowering& block, std::vector<NestStatement>& advances) {
    const std::vector<int>& outputs = body_.graph.outputs;
    for (int j = 0; j < num_collected(); ++j) {
      const int v = collected_value(j);
      const GraphValue& row = value(body_.graph, v);
      const std::int64_t n = row.shape.num_elements();
      rows_.push_back(new_argument(ArgumentKind::collected, j, row.dtype, n));
      out_.collected.push_back(row.shape);
      advances.push_back({.kind = Kind::advance,
                          .to = {rows_.back()},
                          .from = {rows_.back()},
                          .step = new_parameter(n * itemsize(row.dtype))});
      if (is_input(v)) {
        block.copy(block.places.at(v), BlockLowering::whole(rows_.back(), row, true));
        if (!is_carried(v)) kept_.insert(v);
      } else if (n != 1 && std::count(outputs.begin(), outputs.end(), v) == 1) {
        block.targets[v] = rows_.back();  // written where it belongs
      }
    }
  }

  void collect_results(BlockLowering& block, std::vector<NestStatement>&) {
    for (int j = 0; j < num_collected(); ++j) {
      const int v = collected_value(j);
      const Place& from = block.places.at(v);
      const int row = rows_[static_cast<std::size_t>(j)];
      if (!is_input(v) && from.variable != row)
        block.copy(from, BlockLowering::whole(row, value(body_.graph, v), true));
    }
  }

  // The next values of the carries: elements are moved, and memory changes hands.
  bool assign_carries(BlockLowering& block) {
    const Graph& g = body_.graph;
    NestStatement assign{.kind = Kind::assign};
    std::vector<int> taken;  // pointers whose memory a carry takes over
    std::vector<std::pair<int, int>> moves;
    for (int k = 0; k < num_carries(); ++k) {
      const int v = g.outputs[static_cast<std::size_t>(k)];
      Place from = block.places.at(v);
      const int own = carry_place(k).variable;
      if (from.shape.num_elements() == 1) {
        if (from.variable != own) assign.to.push_back(own), assign.from.push_back(from.variable);
        continue;
      }
      if (!from.writable || std::find(taken.begin(), taken.end(), from.variable) != taken.end()) {
        const Place copy = block.temporary(value(g, v));
        block.copy(from, copy);
        from = copy;
      }
      taken.push_back(from.variable);
      moves.emplace_back(own, from.variable);
    }
    // Memory that no carry takes goes to the temporaries whose memory was taken.
    std::vector<int> left;
    for (const auto& [own, from] : moves) {
      if (std::find(taken.begin(), taken.end(), own) == taken.end()) left.push_back(own);
    }
    for (const auto& [own, from] : moves) {
      if (own != from) assign.to.push_back(own), assign.from.push_back(from);
      if (is_carry(from)) continue;
      const auto same_size =
          std::find_if(left.begin(), left.end(), [&](int v) { return bytes_of(v) == bytes_of(from); });
      if (same_size == left.end()) return false;
      if (out_.nest.variables[static_cast<std::size_t>(*same_size)].dtype !=
          out_.nest.variables[static_cast<std::size_t>(from)].dtype)
        return false;
      assign.to.push_back(from), assign.from.push_back(*same_size);
      left.erase(same_size);
    }
    if (!assign.to.empty()) block.statements.push_back(std::move(assign));
    finish_carries();
    return true;
  }

  bool is_carry(int variable) const {
    return std::any_of(carries_.begin(), carries_.end(), [&](const Place& p) { return p.variable == variable; });
  }
  std::int64_t bytes_of(int variable) const {
    const auto& arguments = out_.nest.arguments;
    const auto at = std::find(arguments.begin(), arguments.end(), variable) - arguments.begin();
    const LoopNest::Argument& a = out_.arguments[static_cast<std::size_t>(at)];
    return a.elements * itemsize(a.dtype);
  }

  void finish_carries() {
    for (int k = 0; k < num_carries(); ++k) {
      const int argument = memory_of_carry_[static_cast<std::size_t>(k)];
      const Place& p = carry_place(k);
      if (p.shape.num_elements() == 1) {
        const int pointer = out_.nest.arguments[static_cast<std::size_t>(argument)];
        after_.push_back({.kind = Kind::store, .to = {pointer}, .from = {p.variable}});
      }
      out_.carry_argument.push_back(argument);
    }
  }

  const LoopSpec& loop_;
  std::span<const Shape> inputs_;
  LoopNest out_;
  Prepared body_;
  std::optional<Prepared> condition_;
  std::vector<NestStatement> before_, after_;
  std::vector<Place> carries_;
  std::vector<int> memory_of_carry_;  // arguments
  std::set<int> kept_;                // inputs that are collected at the start of an iteration
  std::map<int, Place> shared_;
  std::vector<int> rows_;  // pointers to where the next collected rows belong
};

}  // namespace

std::optional<LoopNest> lower_loop(const LoopSpec& loop, std::span<const Shape> inputs) {
  return LoopLowering(loop, inputs).run();
}

}  // namespace tnp::compiler

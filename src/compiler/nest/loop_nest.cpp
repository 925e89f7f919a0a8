#include "compiler/nest/loop_nest.h"

#include <algorithm>
#include <map>

#include "compiler/nest/strips.h"
#include "compiler/nest/turn_blocks.h"
#include "compiler/nest/turn_lowering.h"
#include "compiler/nest/windows.h"
#include "ops/reduce/reduce_driver.h"
#include "tnp/runtime.h"

namespace tnp::compiler {

namespace {

using Kind = NestStatement::Kind;
using ArgumentKind = LoopNest::Argument::Kind;

// Arrays of up to as many elements are held in registers, if not too much code comes of it.
constexpr int kSmallElements[] = {256, 128, 32, 0};
constexpr int kMostElements = 128;  // but where numbers of extreme elements are looked for, which else are calls
constexpr std::int64_t kMostSmallCost = 600;
constexpr int kMostInBlocks = 32;
// Several turns in one pass take half as long as one by one: so much more work than in other loops is left to one
// thread where there are but two.
constexpr int kBlockAllowance = 8;

bool finds_extremes(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const GraphNode& n) {
    const std::optional<ReduceOp> op = reduce_op_of(*n.op);
    return op == ReduceOp::argmin || op == ReduceOp::argmax;
  });
}

bool has_windows(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [](const GraphNode& n) { return n.op == &kWindow || n.op == &kPlaceWindow; });
}

class LoopLowering {
 public:
  LoopLowering(const LoopSpec& loop, std::span<const Shape> inputs, int most_small_elements, bool may_strip,
               bool blocks)
      : loop_(loop), inputs_(inputs), blocks_(blocks) {
    out_.most_small_elements = most_small_elements;
    out_.may_strip = may_strip;
  }
  bool strips() const { return out_.strips; }

  std::optional<LoopNest> run() {
    if (!prepare_graphs() || (blocks_ && !block_)) return std::nullopt;
    make_carries();
    NestStatement several{.kind = Kind::loop}, whole{.kind = Kind::loop};
    if (block_) {
      if (loop_.condition && !lower_condition(several, block_->condition)) return std::nullopt;
      if (!loop_.condition) several.extent = out_.block_trips = new_parameter(0);
      out_.block_turns = block_->turns;
      if (!lower_body(several, block_->body, block_->turns)) return std::nullopt;
    }
    if (loop_.condition && !lower_condition(whole, condition_->graph)) return std::nullopt;
    out_.resumes = loop_.condition && !block_ && num_collected() == 0 && has_windows(body_.graph);
    const bool counts = loop_.condition && (num_collected() > 0 || out_.resumes);
    if (!loop_.condition || counts) whole.extent = out_.trips = new_parameter(0);
    if (!lower_body(whole, body_.graph)) return std::nullopt;
    if (condition_) out_.condition = std::move(condition_->invariants);
    out_.body = std::move(body_.invariants);
    finish_carries();
    if (counts) write_count(whole);
    std::vector<NestStatement>& all = out_.nest.statements;
    all = std::move(before_);
    if (block_) all.push_back(std::move(several));
    all.push_back(std::move(whole));
    all.insert(all.end(), after_.begin(), after_.end());
    out_.nest.num_parameters = static_cast<int>(out_.parameters.size());
    return std::move(out_);
  }

 private:
  using Place = BlockLowering::Place;

  int num_carries() const { return loop_.num_carries; }
  int num_collected() const { return static_cast<int>(body_.graph.outputs.size()) - num_carries(); }

  bool prepare_graphs() {
    const int scanned_end = num_carries() + loop_.num_scanned;
    auto body = loop_graph(*loop_.body, inputs_, scanned_end);
    if (!body) return false;
    body_ = std::move(*body);
    for (int k = 0; k < num_carries(); ++k) {
      const Graph& g = body_.graph;
      const GraphValue& out = value(g, g.outputs[static_cast<std::size_t>(k)]);
      const GraphValue& in = value(g, g.inputs[static_cast<std::size_t>(k)]);
      if (out.shape != in.shape || out.dtype != in.dtype) return false;
      out_.carries.push_back(in.shape);
    }
    if (out_.may_strip) out_.strips = make_strips(body_.graph, out_.most_small_elements, num_carries());
    const bool may_block = blocks_ && num_collected() == 0;
    if (!loop_.condition) {
      if (may_block) block_ = several_turns(body_, nullptr, num_carries(), loop_.num_scanned);
      return true;
    }
    std::vector<Shape> shapes(inputs_.begin(), inputs_.begin() + num_carries());
    shapes.insert(shapes.end(), inputs_.begin() + scanned_end, inputs_.end());
    auto condition = loop_graph(*loop_.condition, shapes, num_carries());
    if (!condition) return false;
    condition_ = std::move(*condition);
    if (may_block && loop_.num_scanned == 0) block_ = several_turns(body_, &*condition_, num_carries(), 0);
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

  // An array that stays as it is: a pointer, or the element or small array, read before the loop.
  Place constant_place(ArgumentKind kind, int index, const GraphValue& v) {
    const std::int64_t n = v.shape.num_elements();
    const int pointer = new_argument(kind, index, v.dtype, n);
    if (n != 1 && !BlockLowering(body_.graph, out_).is_small(v)) return BlockLowering::whole(pointer, v, false);
    const int element = out_.nest.variable(v.dtype, false, static_cast<int>(n));
    before_.push_back({.kind = Kind::load, .to = {element}, .from = {pointer}});
    return BlockLowering::whole(element, v, false);
  }

  void make_carries() {
    for (int i = 0; i < num_carries(); ++i) {
      const GraphValue& v = value(body_.graph, body_.graph.inputs[static_cast<std::size_t>(i)]);
      carries_.push_back(constant_place(ArgumentKind::carry, i, v));
      carries_.back().writable = true;
      out_.carry_argument.push_back(static_cast<int>(out_.arguments.size()) - 1);
    }
  }

  // Gives the graph's inputs that it uses, apart from the carries, their places. `first_shared`: the number of the
  // first shared input.
  void place_inputs(const Graph& g, const Invariants& constants, BlockLowering& block, int first_shared,
                    ArgumentKind kind) {
    std::vector<bool> used(g.values.size(), false);
    for (const GraphNode& n : g.nodes) {
      for (int v : n.inputs) used[static_cast<std::size_t>(v)] = true;
    }
    for (int v : g.outputs) used[static_cast<std::size_t>(v)] = true;
    for (int i = first_shared; i < static_cast<int>(g.inputs.size()); ++i) {
      const int v = g.inputs[static_cast<std::size_t>(i)];
      if (!used[static_cast<std::size_t>(v)]) continue;
      const auto [it, fresh] = shared_.try_emplace(i - first_shared);
      if (fresh) it->second = constant_place(ArgumentKind::shared, i - first_shared, value(g, v));
      block.places[v] = it->second;
    }
    for (std::size_t i = 0; i < constants.values.size(); ++i) {
      const int v = constants.values[i];
      if (!used[static_cast<std::size_t>(v)]) continue;
      const auto [it, fresh] = constants_.try_emplace({kind, static_cast<int>(i)});
      if (fresh) it->second = constant_place(kind, static_cast<int>(i), value(g, v));
      block.places[v] = it->second;
    }
  }

  bool lower_condition(NestStatement& whole, const Graph& graph) {
    BlockLowering block(graph, out_);
    for (int i = 0; i < num_carries(); ++i) {
      Place& p = block.places[graph.inputs[static_cast<std::size_t>(i)]];
      p = carries_[static_cast<std::size_t>(i)];
      p.writable = false;
    }
    place_inputs(graph, condition_->invariants, block, num_carries(), ArgumentKind::condition);
    if (!block.lower()) return false;
    const Place& answer = block.places.at(graph.outputs[0]);
    if (answer.shape.num_elements() != 1) return false;
    whole.head = std::move(block.statements);
    whole.from = {answer.variable};
    out_.cycles = block.cycles;
    return true;
  }

  // `g`: the body, or several turns of it.
  bool lower_body(NestStatement& whole, const Graph& g, int turns = 1) {
    TurnLowering turn(g, out_, carries_);
    if (block_) turn.allowance = turns * (get_num_threads() > 2 ? 1 : kBlockAllowance);
    turn.block.turn.before = &before_;
    place_inputs(g, body_.invariants, turn.block, num_carries() + loop_.num_scanned * turns, ArgumentKind::body);
    scan_rows(turn, g, turns);
    for (int j = 0; j < num_collected(); ++j) {
      const GraphValue& row = turn.row_of(j);
      const std::int64_t n = row.shape.num_elements();
      const int pointer = new_argument(ArgumentKind::collected, j, row.dtype, n);
      turn.collect(j, pointer, new_parameter(n * itemsize(row.dtype)));
      out_.collected.push_back(row.shape);
    }
    if (!turn.lower(whole)) return false;
    out_.cycles += turn.block.cycles + turn.block.inner_cycles + 2;
    return true;
  }

  void scan_rows(TurnLowering& turn, const Graph& g, int turns) {
    for (int s = 0; s < loop_.num_scanned; ++s) {
      const GraphValue& row = value(g, g.inputs[static_cast<std::size_t>(num_carries() + s)]);
      if (std::ssize(scanned_) == s) {
        scanned_.push_back(new_argument(ArgumentKind::scanned, s, row.dtype, row.shape.num_elements()));
        out_.scanned_steps.push_back(new_parameter(0));
      }
    }
    std::vector<int> now = scanned_;
    for (int k = 0; k < loop_.num_scanned * turns; ++k) {
      const auto s = static_cast<std::size_t>(k % loop_.num_scanned);
      const GraphValue& row = value(g, g.inputs[static_cast<std::size_t>(num_carries() + k)]);
      const int step = out_.scanned_steps[s];
      turn.place_row(k, now[s], contiguous_strides(row.shape, itemsize(row.dtype)));
      if (k >= loop_.num_scanned * (turns - 1)) {
        turn.advance(scanned_[s], now[s], step);
        continue;
      }
      const int next = out_.nest.variable(row.dtype, true);
      turn.block.statements.push_back({.kind = Kind::advance, .to = {next}, .from = {now[s]}, .step = step});
      now[s] = next;
    }
  }

  // What is in registers goes back to memory.
  void finish_carries() {
    for (std::size_t k = 0; k < carries_.size(); ++k) {
      const int pointer = out_.nest.arguments[static_cast<std::size_t>(out_.carry_argument[k])];
      if (carries_[k].variable != pointer)
        after_.push_back({.kind = Kind::store, .to = {pointer}, .from = {carries_[k].variable}});
    }
  }

  void write_count(NestStatement& whole) {
    whole.to = {out_.nest.variable(DType::int64, false)};
    const int pointer = new_argument(ArgumentKind::count, 0, DType::int64, 1);
    out_.count = static_cast<int>(out_.arguments.size()) - 1;
    after_.push_back({.kind = Kind::store, .to = {pointer}, .from = {whole.to[0]}});
  }

  const LoopSpec& loop_;
  std::span<const Shape> inputs_;
  const bool blocks_;
  LoopNest out_;
  LoopGraph body_;
  std::optional<LoopGraph> condition_;
  std::optional<TurnBlock> block_;  // several turns at a time, for as long as there are so many
  std::vector<NestStatement> before_, after_;
  std::vector<Place> carries_;
  std::vector<int> scanned_;  // pointers
  std::map<int, Place> shared_;
  std::map<std::pair<ArgumentKind, int>, Place> constants_;
};

}  // namespace

std::optional<LoopNest> lower_loop(const LoopSpec& loop, std::span<const Shape> inputs, LoopForm form) {
  for (int most : kSmallElements) {
    if ((most > 0 && form == LoopForm::any_size) || (most > kMostElements && !finds_extremes(*loop.body))) continue;
    if (most > kMostInBlocks && form == LoopForm::blocks) continue;
    for (const bool may_strip : {true, false}) {
      if (may_strip && most == 0) continue;
      LoopLowering lowering(loop, inputs, most, may_strip, form == LoopForm::blocks);
      std::optional<LoopNest> nest = lowering.run();
      const bool fits = nest && (most == 0 || nest->small_cost <= kMostSmallCost);
      if (fits) return nest;
      if (nest ? nest->strips : lowering.strips()) continue;
      if (!nest) return nest;
      break;
    }
  }
  return std::nullopt;
}

}  // namespace tnp::compiler

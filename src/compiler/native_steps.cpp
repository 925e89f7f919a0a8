#include "compiler/native_steps.h"

#include <algorithm>
#include <exception>
#include <string_view>

#include "base/interrupt.h"
#include "compiler/fused_kernel.h"
#include "compiler/nest/block_lowering.h"
#include "compiler/param_reader.h"
#include "runtime/profile.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::compiler {

namespace {

using ArgumentKind = LoopNest::Argument::Kind;

constexpr std::size_t kMaxNodes = 256;
constexpr double kStepNs = 250;  // what a step takes besides its elements
constexpr double kNsPerCycle = 0.3;
constexpr double kCompileNs = 4e6, kCompileNsPerNode = 5e5;
constexpr std::int64_t kPollCycles = 1 << 21;
constexpr double kInnerNs = 1500;  // what a loop or a condition takes as a step, besides its turns
constexpr std::int64_t kMostReadInside = 4096;

// What native code calls back. Carries an exception past it, as it cannot be unwound.
struct Callbacks {
  const LoopNest& nest;
  std::exception_ptr interrupted{};

  static std::int64_t call(void* context, std::int64_t which, void* const* memory) {
    if (which == kWrongIndex) return 1;  // the steps raise the error
    try {
      static_cast<const Callbacks*>(context)->nest.callees[static_cast<std::size_t>(which)].direct(memory);
      return 0;
    } catch (const std::exception&) {
      return 1;
    }
  }

  static std::int64_t ask(void* context) {
    try {
      if (interrupt_hook) interrupt_hook();
      return 0;
    } catch (...) {
      static_cast<Callbacks*>(context)->interrupted = std::current_exception();
      return 1;
    }
  }
};

bool is_control(const GraphNode& n) {
  const std::string_view name = n.op->name;
  return name == "loop" || name == "cond";
}

// Whether all that the graph computes are single elements.
bool computes_scalars(const Graph& graph) {
  const auto is_scalar = [&](int v) {
    const GraphValue& value = graph.values[static_cast<std::size_t>(v)];
    return is_numeric(value.dtype) && value.shape.rank_known() && value.shape.ndim() == 0;
  };
  return std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const GraphNode& n) {
    return n.op->effect == Effect::none && std::all_of(n.outputs.begin(), n.outputs.end(), is_scalar) &&
           (is_control(n) ? is_scalar_control(n) : ParamReader(*n.params).graphs.empty());
  });
}

std::size_t num_nodes(const Graph& graph) {
  std::size_t n = graph.nodes.size();
  for (const GraphNode& node : graph.nodes) {
    for (const auto& [name, inner] : ParamReader(*node.params).graphs) n += num_nodes(*inner);
  }
  return n;
}

// Loops and conditions on more than single elements look after themselves: they hold small arrays in registers, and may
// use threads.
bool has_form(const Graph& graph) {
  if (num_nodes(graph) > kMaxNodes) return false;
  const auto fits = [](const GraphValue& v) { return is_numeric(v.dtype) && v.shape.is_static(); };
  for (const GraphNode& n : graph.nodes) {
    if (n.op->effect != Effect::none) return false;
    if (is_control(n)) {
      const bool reads_large = std::any_of(n.inputs.begin(), n.inputs.end(), [&](int v) {
        const Shape& shape = graph.values[static_cast<std::size_t>(v)].shape;
        return !shape.is_static() || shape.num_elements() > kMostReadInside;
      });
      if (reads_large || !is_scalar_control(n)) return false;
    } else if (!ParamReader(*n.params).graphs.empty()) {
      return false;
    }
    for (int v : n.inputs) {
      if (!fits(graph.values[static_cast<std::size_t>(v)])) return false;
    }
    for (int v : n.outputs) {
      const GraphValue& value = graph.values[static_cast<std::size_t>(v)];
      if (!fits(value) || value.shape.num_elements() == 0) return false;
    }
  }
  return true;
}

}  // namespace

bool is_scalar_control(const GraphNode& node) {
  if (!is_control(node)) return false;
  const std::vector<std::pair<std::string, GraphRef>> graphs = ParamReader(*node.params).graphs;
  return std::all_of(graphs.begin(), graphs.end(), [](const auto& g) { return computes_scalars(*g.second); });
}

class NativeSteps::Lowering {
 public:
  Lowering(const Graph& graph, NativeSteps& steps) : graph_(graph), steps_(steps), block_(graph, steps.nest_) {}

  bool run() {
    place_inputs();
    block_.fresh_targets = true;
    place_outputs();
    if (!block_.lower() || !block_.is_small_work()) return false;
    const auto& callees = steps_.nest_.callees;
    if (std::any_of(callees.begin(), callees.end(), [](const auto& c) { return !c.direct; })) return false;
    for (std::size_t j = 0; j < rows_.size(); ++j) {
      const int v = graph_.outputs[j];
      if (rows_[j] < 0 || block_.places.at(v).variable == rows_[j]) continue;
      block_.copy(block_.places.at(v), BlockLowering::whole(rows_[j], value(v), true));
    }
    std::vector<NestStatement>& all = steps_.nest_.nest.statements;
    all = std::move(before_);
    all.insert(all.end(), std::make_move_iterator(block_.statements.begin()),
               std::make_move_iterator(block_.statements.end()));
    steps_.nest_.nest.num_parameters = static_cast<int>(steps_.nest_.parameters.size());
    place_memory();
    const auto inner = static_cast<double>(std::count_if(graph_.nodes.begin(), graph_.nodes.end(), is_control));
    steps_.steps_ns_ = kStepNs * static_cast<double>(graph_.nodes.size()) + kInnerNs * inner +
                       kNsPerCycle * static_cast<double>(block_.cycles);
    steps_.compile_ns_ = kCompileNs + kCompileNsPerNode * static_cast<double>(num_nodes(graph_));
    return true;
  }

 private:
  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }

  int new_argument(ArgumentKind kind, int index, const GraphValue& v) {
    const int pointer = steps_.nest_.nest.variable(v.dtype, true);
    steps_.nest_.nest.arguments.push_back(pointer);
    steps_.nest_.arguments.push_back({kind, index, v.dtype, v.shape.num_elements()});
    return pointer;
  }

  void place_inputs() {
    std::vector<bool> used(graph_.values.size(), false);
    for (const GraphNode& n : graph_.nodes) {
      for (int v : n.inputs) used[static_cast<std::size_t>(v)] = true;
    }
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
      const int v = graph_.inputs[i];
      if (!used[static_cast<std::size_t>(v)]) continue;
      const std::int64_t n = value(v).shape.num_elements();
      const int pointer = new_argument(ArgumentKind::shared, static_cast<int>(i), value(v));
      BlockLowering::Place& place = block_.places[v];
      place = BlockLowering::whole(pointer, value(v), false);
      if (n != 1 && !block_.is_small(value(v))) continue;
      const int element = steps_.nest_.nest.variable(value(v).dtype, false, static_cast<int>(n));
      before_.push_back({.kind = NestStatement::Kind::load, .to = {element}, .from = {pointer}});
      place = BlockLowering::whole(element, value(v), false);
    }
  }

  // The value that is computed where result v is to be: v, or what it is a reshape of, if nobody else reads that.
  int computed_for(int v) const {
    for (int w = v;;) {
      const auto maker = std::find_if(graph_.nodes.begin(), graph_.nodes.end(), [&](const GraphNode& n) {
        return std::find(n.outputs.begin(), n.outputs.end(), w) != n.outputs.end();
      });
      if (maker == graph_.nodes.end()) return v;
      const bool computes = maker->op->fusion == Fusion::elementwise || maker->op->fusion == Fusion::cast ||
                            std::string_view(maker->op->name) == "concatenate";
      if (computes) return w;
      if (std::string_view(maker->op->name) != "reshape") return v;
      w = maker->inputs[0];
      std::ptrdiff_t readers = std::count(graph_.outputs.begin(), graph_.outputs.end(), w);
      for (const GraphNode& n : graph_.nodes) readers += std::count(n.inputs.begin(), n.inputs.end(), w);
      if (readers != 1) return v;
    }
  }

  // Results have memory of their own; those that are inputs are those arrays.
  void place_outputs() {
    for (std::size_t j = 0; j < graph_.outputs.size(); ++j) {
      const int v = graph_.outputs[j];
      const auto input = std::find(graph_.inputs.begin(), graph_.inputs.end(), v);
      const bool is_input = input != graph_.inputs.end();
      steps_.outputs_.push_back(
          {value(v).dtype, value(v).shape, is_input ? static_cast<int>(input - graph_.inputs.begin()) : -1});
      rows_.push_back(is_input ? -1 : new_argument(ArgumentKind::collected, static_cast<int>(j), value(v)));
      const bool once = std::count(graph_.outputs.begin(), graph_.outputs.end(), v) == 1;
      if (!is_input && once && value(v).shape.num_elements() != 1)
        block_.targets[block_.is_small(value(v)) ? v : computed_for(v)] = rows_.back();
      if (is_input) std::erase(block_.outputs, v);
    }
  }

  void place_memory() {
    for (const LoopNest::Argument& a : steps_.nest_.arguments) {
      if (a.kind == ArgumentKind::shared) {
        steps_.memory_.push_back({Memory::Kind::input, a.index, 0});
      } else if (a.kind == ArgumentKind::collected) {
        steps_.memory_.push_back({Memory::Kind::output, a.index, 0});
      } else {
        steps_.memory_.push_back({Memory::Kind::scratch, 0, steps_.scratch_bytes_});
        steps_.scratch_bytes_ += (a.elements * itemsize(a.dtype) + 127) / 64 * 64;
      }
    }
  }

  const Graph& graph_;
  NativeSteps& steps_;
  BlockLowering block_;
  std::vector<NestStatement> before_;
  std::vector<int> rows_;  // of the outputs: pointers to their memory, or -1
};

std::unique_ptr<NativeSteps> NativeSteps::make(const Graph& graph) {
  if (!has_form(graph)) return nullptr;
  auto steps = std::make_unique<NativeSteps>();
  if (!Lowering(graph, *steps).run()) return nullptr;
  const std::string wrong = verify(steps->nest_.nest);
  if (!wrong.empty())
    throw RuntimeError("a program was made an invalid nest: " + wrong + "\n" + steps->nest_.nest.str());
  return steps;
}

bool NativeSteps::compile() {
  try {
    code_ = cached_nest(nest_.nest, best_isa());
    return true;
  } catch (const RuntimeError&) {
    return false;
  }
}

bool NativeSteps::run(const std::function<const Array&(int)>& input, std::span<Array> results) const {
  const ProfileSpan span("kernel", "native steps");
  std::vector<std::byte*> in, out;
  Arrays held;  // copies of what is strided
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const Output& o = outputs_[i];
    results[i] = o.input < 0 ? Array::empty(o.dtype, o.shape) : input(o.input);
    out.push_back(results[i].data());
  }
  for (const Memory& m : memory_) {
    if (m.kind != Memory::Kind::input) continue;
    const auto i = static_cast<std::size_t>(m.index);
    if (in.size() <= i) in.resize(i + 1);
    const Array& x = input(m.index);
    in[i] = x.data();  // computes what is pending
    if (x.is_contiguous()) continue;
    held.push_back(copy(x));
    in[i] = held.back().data();
  }
  return run_on(in.data(), out.data());
}

bool NativeSteps::run_on(std::byte* const* inputs, std::byte* const* results) const {
  constexpr std::int64_t kInlineBytes = 1024;
  alignas(64) std::byte inline_scratch[kInlineBytes];
  const Array more_scratch = scratch_bytes_ > kInlineBytes ? Array::empty(DType::uint8, {scratch_bytes_}) : Array();
  std::byte* scratch = more_scratch ? more_scratch.data() : inline_scratch;
  constexpr std::size_t kInline = 64;
  void* inline_pointers[kInline];
  std::vector<void*> more;
  if (memory_.size() > kInline) more.resize(memory_.size());
  void** pointers = more.empty() ? inline_pointers : more.data();
  for (std::size_t k = 0; k < memory_.size(); ++k) {
    const Memory& m = memory_[k];
    pointers[k] = m.kind == Memory::Kind::output    ? results[m.index]
                  : m.kind == Memory::Kind::scratch ? scratch + m.offset
                                                    : inputs[m.index];
  }
  Callbacks callbacks{nest_};
  const std::int64_t status =
      code_->function(pointers, nest_.parameters.data(), kPollCycles, &Callbacks::ask, &Callbacks::call, &callbacks);
  if (callbacks.interrupted) std::rethrow_exception(callbacks.interrupted);
  return status == static_cast<std::int64_t>(NestStatus::done);
}

}  // namespace tnp::compiler

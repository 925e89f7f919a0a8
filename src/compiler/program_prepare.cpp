// Programs that are prepared: what remains of their runs for certain arguments.
#include <numeric>

#include "compiler/prepared_steps.h"
#include "compiler/program_impl.h"
#include "compiler/work.h"
#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "ops/shape/create.h"
#include "runtime/profile.h"

namespace tnp::compiler {

constexpr std::size_t kMaxPrepared = 8;
constexpr std::int64_t kCopiedBytes = 1 << 12;  // that take no longer to copy than a call that owns them has to do

namespace {
// To give up the GIL and to take it again costs some 0.1 µs.
bool is_heavy(const Graph& graph, std::span<const Array> inputs) { return work_ns(graph, inputs) > 20'000; }
}  // namespace

namespace {
// Nothing that is prepared takes the memory of an argument.
bool is_worth_taking(const Array& x) { return x.shape().num_elements() * x.itemsize() > kCopiedBytes; }
}  // namespace

class Program::PreparedPlan final : public PreparedCall {
 public:
  PreparedPlan(std::span<const Array> arguments, std::size_t num_results, const Program& program, const Plan& plan,
               PreparedOperands operands)
      : PreparedCall(arguments, num_results), program_(program), plan_(plan), operands_(std::move(operands)) {
    for (int place : plan.memory.results) same_.push_back(place < static_cast<int>(arguments.size()) ? place : -1);
  }

  bool run(detail::Node* const* arguments, Array* results) const override {
    const BorrowedArrays in(operands_, arguments);
    program_.run_steps(plan_, in.all(), nullptr, {results, num_results_}, nullptr);
    return true;
  }

 private:
  const Program& program_;
  const Plan& plan_;
  PreparedOperands operands_;
};

PreparedOperand Program::Impl::operand(const Plan& plan, int place, std::span<const Array> inputs) const {
  if (place < graph.num_args()) return {place, Array()};
  if (place < num_given) return {-1, inputs[static_cast<std::size_t>(place)]};
  return {-1, plan.graph.captured[static_cast<std::size_t>(place - graph.num_args())]};
}

PreparedOperands Program::Impl::operands(const Plan& plan, const std::vector<int>& places,
                                         std::span<const Array> inputs) const {
  PreparedOperands out;
  for (int place : places) out.push_back(operand(plan, place, inputs));
  return out;
}

// The plan that all further runs with these sizes will have; null while that is open.
const Program::Plan* Program::Impl::settled_plan(std::span<const Array> inputs) const {
  const Plan* plan = plan_for(inputs);
  const bool exact = plan->usable;
  if ((symbolic_params || may_be_native) && !exact && find_exact_plan(inputs) == nullptr) return nullptr;
  return symbolic_params && !exact ? nullptr : plan;
}

// Operations of one input that only arrange its elements do so by type, sizes and strides, whatever the elements are.
// If one gives the memory of this input, it gives that of all others that look like it.
std::unique_ptr<PreparedCall> Program::Impl::prepare_views(const Plan& plan, const MemoryPlan& memory,
                                                           std::span<const Array> inputs) const {
  std::map<int, std::pair<PreparedOperand, Array>> made;  // by place: what it is a view of, and itself
  const auto value = [&](int place) {
    if (const auto it = made.find(place); it != made.end()) return it->second;
    const PreparedOperand o = operand(plan, place, inputs);
    return std::pair(o, o.argument >= 0 ? inputs[static_cast<std::size_t>(o.argument)] : o.constant);
  };
  for (std::size_t u = 0; u < plan.steps.size(); ++u) {
    const Step& step = plan.steps[u];
    if (step.node == nullptr || memory.steps[u].inputs.size() != 1) return nullptr;
    if (step.part < 0 && !step.node->op->arranges) return nullptr;
    const auto [of, from] = value(memory.steps[u].inputs[0]);
    Array out;
    if (step.part >= 0) {
      out = part_of_complex(from, step.part);
    } else {
      execute(Call{*step.node->op, {&from, 1}, *step.node->params}, {&out, 1});
    }
    if (out.node()->buffer != from.node()->buffer) return nullptr;
    made.insert_or_assign(memory.steps[u].outputs[0], std::pair(of, out));
  }
  std::vector<PreparedViews::Result> results;
  for (int place : memory.results) {
    auto [of, x] = value(place);
    const bool whole = place < memory.num_inputs;
    if (of.argument < 0) {
      results.push_back({{-1, x}, true, 0, ArrayLayout(x)});
    } else {
      const Array& from = inputs[static_cast<std::size_t>(of.argument)];
      results.push_back({of, whole, x.data() - from.data(), ArrayLayout(x)});
    }
  }
  return std::make_unique<PreparedViews>(inputs.first(static_cast<std::size_t>(graph.num_args())), std::move(results));
}

// Whether the call makes an array of nothing that had better wait for its first reader.
bool Program::Impl::is_made_later(const Plan& plan, const Step& step, const std::vector<int>& places,
                                  std::span<const Array> inputs) const {
  if (step.symbolic_params || places.size() > 1 || step.plan.outputs.size() != 1) return false;
  Arrays in;
  for (int place : places) {
    if (place >= plan.memory.num_inputs) return false;
    const PreparedOperand o = operand(plan, place, inputs);
    in.push_back(o.argument < 0 ? o.constant : inputs[static_cast<std::size_t>(place)]);
  }
  return static_cast<bool>(create_later(Call{*step.node->op, in, *step.node->params}));
}

// A plan of one step, whose outputs are the results.
std::unique_ptr<PreparedCall> Program::Impl::prepare_step(const Plan& plan, const MemoryPlan& memory,
                                                          std::span<const Array> inputs) const {
  const Step& step = plan.steps[0];
  if (plan.steps.size() != 1 || memory.results != memory.steps[0].outputs || step.is_group()) return nullptr;
  const std::span<const Array> arguments = inputs.first(static_cast<std::size_t>(graph.num_args()));
  PreparedOperands read = operands(plan, memory.steps[0].inputs, inputs);
  if (step.kernel) return prepared_kernel(arguments, step.kernel, std::move(read), options.jit);
  if (is_made_later(plan, step, memory.steps[0].inputs, inputs)) return nullptr;
  return prepared_operation(arguments, *step.node->op, *step.node->params, std::move(read), memory.results.size());
}

// Any steps, where these are calls without effects and fused groups.
std::unique_ptr<PreparedCall> Program::Impl::prepare_steps(const Plan& plan, const MemoryPlan& memory,
                                                           std::span<const Array> inputs) const {
  PreparedOperands read;
  std::map<int, int> places_read;  // of the inputs among them
  const auto place_of = [&](int place) {
    if (place >= memory.num_inputs) return place - memory.num_inputs;
    const auto [it, fresh] = places_read.emplace(place, static_cast<int>(read.size()));
    if (fresh) read.push_back(operand(plan, place, inputs));
    return ~it->second;
  };
  const auto places_of = [&](const std::vector<int>& places) {
    std::vector<int> out;
    for (int place : places) out.push_back(place < 0 ? place : place_of(place));
    return out;
  };
  std::vector<std::int64_t> numbers;
  if (!plan.exact) numbers = sizes.numbers();
  for (const auto& [input, source] : plan.input_sizes) {
    const PreparedOperand o = operand(plan, input, inputs);
    const Array& x = o.argument < 0 ? o.constant : inputs[static_cast<std::size_t>(input)];
    if (!plan.exact) numbers[static_cast<std::size_t>(source.index)] = x.shape()[source.axis];
  }
  std::vector<PreparedStep> steps;
  for (std::size_t u = 0; u < plan.steps.size(); ++u) {
    const Step& step = plan.steps[u];
    const StepPlan& places = memory.steps[u];
    if (step.is_group() || step.part >= 0 || (!step.kernel && is_made_later(plan, step, places.inputs, inputs)))
      return nullptr;
    PreparedStep s;
    if (step.kernel) {
      s.kernel = step.kernel;
      s.reuse = places.reuse;
    } else {
      s.op = step.node->op;
      s.params = step.node->params;
      s.sized = step.sized;
    }
    s.inputs = places_of(places.inputs);
    s.outputs = places_of(places.outputs);
    s.frees = places_of(places.frees);
    s.donated = places.donated;
    for (const auto& [output, source] : step.sizes) s.sizes.push_back({output, source.axis, source.index});
    steps.push_back(std::move(s));
  }
  std::vector<int> results = places_of(memory.results);
  const std::span<const Array> arguments = inputs.first(static_cast<std::size_t>(graph.num_args()));
  return PreparedSteps::make(arguments, std::move(steps), std::move(read), std::move(results), std::move(numbers),
                             static_cast<std::size_t>(memory.num_slots), options.jit);
}

// Captured arrays and constants that are read, and what the steps make, where its size is known beforehand.
bool Program::Impl::works_on_large(const Plan& plan, std::span<const Array> inputs) const {
  const auto num_values = [](const Shape& shape) { return shape.is_static() ? shape.num_elements() : 0; };
  for (const GraphNode& node : plan.graph.nodes) {
    for (int output : node.outputs) {
      if (num_values(plan.graph.values[static_cast<std::size_t>(output)].shape) >= kLargeElements) return true;
    }
  }
  for (const Step& step : plan.steps) {
    if (step.part >= 0 || (step.node != nullptr && step.node->op->arranges)) continue;  // no more work than it makes
    for (int place : step.plan.inputs) {
      if (place < graph.num_args() || place >= plan.memory.num_inputs) continue;
      if (num_values(operand(plan, place, inputs).constant.shape()) >= kLargeElements) return true;
    }
  }
  return false;
}

// Whether a run writes over arrays of Variables that take longer to copy than a call has left to do.
bool Program::Impl::updates_in_place(const Plan& plan, std::span<const Array> inputs) const {
  const std::vector<int>& taken = plan.overwriting.variables;
  return !plan.native && std::any_of(taken.begin(), taken.end(), [&](int input) {
    const Array& x = inputs[static_cast<std::size_t>(input)];
    return x.shape().num_elements() * x.itemsize() > kCopiedBytes;
  });
}

// What is large is prepared as views alone.
std::unique_ptr<PreparedCall> Program::Impl::make_prepared(const Program& program, const Plan& plan,
                                                           std::span<const Array> inputs, bool large) const {
  const MemoryPlan memory = without_owned(plan.memory);
  if (std::unique_ptr<PreparedCall> views = prepare_views(plan, memory, inputs)) return views;
  if (large) return nullptr;
  const std::span<const Array> arguments = inputs.first(static_cast<std::size_t>(graph.num_args()));
  std::vector<int> all(static_cast<std::size_t>(plan.memory.num_inputs));
  std::iota(all.begin(), all.end(), 0);
  std::unique_ptr<PreparedCall> made;
  if (plan.native) {
    if (plan.is_native.load(std::memory_order_acquire))
      made = prepared_native(arguments, *plan.native, operands(plan, all, inputs));
  } else {
    made = prepare_step(plan, memory, inputs);
    if (!made) made = prepare_steps(plan, memory, inputs);
    all.resize(static_cast<std::size_t>(num_given));
    if (!made && all.size() <= BorrowedArrays::kMost) {
      made =
          std::make_unique<PreparedPlan>(arguments, graph.outputs.size(), program, plan, operands(plan, all, inputs));
    }
  }
  if (made) made->set_heavy(is_heavy(plan.graph, inputs));
  return made;
}

const PreparedCall* Program::prepare(std::span<const Array> inputs, bool& large) const {
  const Impl& impl = *impl_;
  const auto num_args = static_cast<std::size_t>(impl.graph.num_args());
  const std::span<const Array> arguments = inputs.first(num_args);
  if (num_args > PreparedCall::kMostArguments || num_results() > PreparedCall::kMostResults) return nullptr;
  if (impl.options.own_arguments && std::any_of(arguments.begin(), arguments.end(), is_worth_taking)) return nullptr;
  detail::Node* nodes[PreparedCall::kMostArguments];
  for (std::size_t i = 0; i < num_args; ++i) {
    if (arguments[i].state() != State::concrete) return nullptr;
    nodes[i] = arguments[i].node();
    large = large || arguments[i].shape().num_elements() >= kLargeElements;
  }
  impl.check_inputs(inputs);
  if (!impl.folded.empty() && impl.for_inputs(inputs) != nullptr) return nullptr;
  const Plan* plan = impl.settled_plan(inputs);
  if (plan == nullptr) large = large || is_heavy(impl.graph, inputs);
  if (plan == nullptr || impl.updates_in_place(*plan, inputs)) return nullptr;
  large = large || impl.works_on_large(*plan, inputs);
  const std::lock_guard lock(impl.mutex);
  for (const auto& known : impl.prepared) {
    if (known->fits(nodes, num_args)) return known.get();
  }
  if (impl.prepared.size() >= kMaxPrepared) return nullptr;
  std::unique_ptr<PreparedCall> made = impl.make_prepared(*this, *plan, inputs, large);
  if (!made) return nullptr;
  impl.prepared.push_back(std::move(made));
  return impl.prepared.back().get();
}

bool Program::run_prepared(std::span<const Array> inputs, std::span<Array> results) const {
  const Impl& impl = *impl_;
  if (inputs.size() > PreparedCall::kMostArguments || impl.ready[0].load(std::memory_order_acquire) == nullptr ||
      active_observers != nullptr || current_trace != nullptr || is_profiling())
    return false;
  detail::Node* nodes[PreparedCall::kMostArguments];
  for (std::size_t i = 0; i < inputs.size(); ++i) nodes[i] = inputs[i].node();
  for (const auto& entry : impl.ready) {
    const PreparedCall* call = entry.load(std::memory_order_acquire);
    if (call == nullptr) return false;
    if (!call->fits(nodes, inputs.size())) continue;
    if (!call->run(nodes, results.data())) return false;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (const int same = call->argument_of(i); same >= 0) results[i] = inputs[static_cast<std::size_t>(same)];
    }
    return true;
  }
  return false;
}

void Program::run_short(std::span<Array> inputs, std::span<Array> results) const {
  constexpr unsigned kFirst = 4;
  const Impl& impl = *impl_;
  if (run_prepared(inputs, results)) return;
  const unsigned runs = impl.short_runs.fetch_add(1, std::memory_order_relaxed) + 1;
  const bool due =
      runs >= kFirst && (runs & (runs - 1)) == 0 && std::none_of(inputs.begin(), inputs.end(), is_worth_taking);
  const Arrays kept = due ? Arrays(inputs.begin(), inputs.end()) : Arrays();
  run_owned_to(inputs, results);
  if (!due || active_observers != nullptr || current_trace != nullptr || is_profiling()) return;
  bool large = false;
  const PreparedCall* made = prepare(kept, large);
  for (auto& entry : impl.ready) {
    if (made == nullptr || entry.load() == made) return;
    const PreparedCall* none = nullptr;
    if (entry.compare_exchange_strong(none, made)) return;
  }
}

}  // namespace tnp::compiler

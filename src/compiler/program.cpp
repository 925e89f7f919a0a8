#include "compiler/program.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <numeric>

#include "compiler/lending.h"
#include "compiler/nest/spell_out.h"
#include "compiler/program_impl.h"
#include "compiler/simplify.h"
#include "compiler/specialize.h"
#include "ir/apply_internal.h"
#include "ir/expr.h"
#include "ir/trace.h"
#include "ir/variable.h"
#include "ops/shape/create.h"
#include "runtime/allocator.h"
#include "runtime/profile.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

constexpr int kInlineSlots = 24;

// Arrays for the time of a run or of a step, few of them without an allocation.
class Frame {
 public:
  explicit Frame(std::size_t slots) : Frame(static_cast<int>(slots)) {}
  explicit Frame(int slots) : count_(slots) {
    slots_ = slots <= kInlineSlots
                 ? reinterpret_cast<Array*>(inline_)
                 : static_cast<Array*>(::operator new(sizeof(Array) * static_cast<std::size_t>(slots)));
    std::uninitialized_default_construct_n(slots_, slots);
  }
  ~Frame() {
    std::destroy_n(slots_, count_);
    if (count_ > kInlineSlots) ::operator delete(slots_);
  }
  Frame(const Frame&) = delete;
  Array& operator[](int i) { return slots_[i]; }
  std::span<Array> all() { return {slots_, static_cast<std::size_t>(count_)}; }

 private:
  alignas(Array) std::byte inline_[kInlineSlots * sizeof(Array)];
  Array* slots_;
  int count_;
};

constexpr int kMaxPlans = 8;
constexpr int kMaxExactPlans = 8, kMaxSmallExactPlans = 4;
constexpr int kRepeats = 3;  // runs of the same sizes after which a plan for just these pays
// Smaller arrays stay in the cache from step to step.
constexpr std::int64_t kTiledElements = 1 << 18;
constexpr std::int64_t kNativeElements = 1 << 17;  // no array of steps that are made native is larger

constexpr std::int64_t kCopiedElements = 1 << 12;  // of a Variable that native code rather copies than leaves to steps
constexpr std::int64_t kMovedBytes = 1 << 12;      // results that the library moves faster than native code

// Whether a graph whose sizes are numbers puts elements into other places and does no more, and those are many.
bool only_moves(const Graph& graph) {
  std::int64_t bytes = 0;
  for (const GraphNode& n : graph.nodes) {
    if (!n.op->arranges) return false;
  }
  for (int v : graph.outputs) {
    const GraphValue& value = graph.values[static_cast<std::size_t>(v)];
    if (!value.shape.is_static()) return false;
    bytes += value.shape.num_elements() * itemsize(value.dtype);
  }
  return bytes >= kMovedBytes;
}

// Whether a graph whose sizes are numbers computes arrays whose steps are better run part by part.
bool computes_large(const Graph& graph) {
  return std::any_of(graph.values.begin(), graph.values.end(), [](const GraphValue& v) {
    return v.shape.rank_known() && v.shape.is_static() && v.shape.num_elements() >= kTiledElements;
  });
}

}  // namespace

struct Program::Impl::Run {
  std::span<const Array> given;
  Frame slots;
  std::vector<std::int64_t> sizes;
  const Impl& impl;
  const Plan& plan;
  const VariableClaims* claims = nullptr;  // granted

  Run(std::span<const Array> inputs, const Impl& impl, const Plan& plan)
      : given(inputs), slots(plan.memory.num_slots), impl(impl), plan(plan) {
    if (!plan.exact) sizes = impl.sizes.numbers();
  }
  bool is_slot(int place) const { return place >= plan.memory.num_inputs; }
  const Array& at(int place) {
    if (is_slot(place)) return slots[place - plan.memory.num_inputs];
    if (place < impl.num_given) return given[static_cast<std::size_t>(place)];
    return plan.graph.captured[static_cast<std::size_t>(place - plan.graph.num_args())];
  }
  Array& slot(int place) { return slots[place - plan.memory.num_inputs]; }
  Dim size_of(Dim d) const {
    return evaluate(d, [this](const DimExpr& leaf) -> Dim {
      const auto it = impl.size_index.find({leaf.node, leaf.axis});
      if (it == impl.size_index.end())
        throw RuntimeError("a size inside a traced function depends on an array that is not known");
      return sizes[static_cast<std::size_t>(it->second)];
    });
  }
  // Whether the memory of an input that a step takes is its own: nobody else holds the array, or a Variable that the
  // run has claimed.
  bool is_own(const Array& x, bool taken) const {
    const std::uint32_t refs = x.node()->refs.load(std::memory_order_acquire);
    return refs == 1 || (taken && refs == 2 && claims && claims->holds(x));
  }
  void note(const Array& x, const SizeSource& source) {
    sizes[static_cast<std::size_t>(source.index)] = x.shape()[source.axis];
  }
};

// --- compilation ---

void Program::Impl::index_sizes() {
  for (const GraphNode& node : graph.nodes) {
    for_each_symbolic_dim(*node.params, [&](Dim d) { sizes.add(d); });
  }
  sizes.for_each_leaf([&](const DimExpr& leaf, int at) {
    if (graph.leaf_values.contains(leaf.node)) size_index.emplace(std::pair(leaf.node, leaf.axis), at);
  });
}

void Program::Impl::make_checks() {
  std::map<Dim, std::pair<int, int>> first;
  for (int i = 0; i < num_given; ++i) {
    const Shape& shape = graph.values[graph.inputs[i]].shape;
    input_checks.push_back({graph.values[graph.inputs[i]].dtype, shape.rank_known() ? shape.ndim() : -1});
    if (!shape.rank_known()) continue;
    for (int d = 0; d < shape.ndim(); ++d) {
      if (!is_symbolic(shape[d])) {
        checks.push_back({i, d, shape[d]});
      } else if (const auto [it, fresh] = first.emplace(shape[d], std::pair(i, d)); !fresh) {
        checks.push_back({i, d, -1, it->second.first, it->second.second});
      } else if (dim_expr(shape[d]).kind == DimExpr::Kind::leaf) {
        free_sizes.push_back({shape[d], i, d});
      }
    }
  }
}

Program::Impl::~Impl() {
  for (Plan* p = plans.load(); p != nullptr;) delete std::exchange(p, p->next);
  for (Plan* p = exact_plans.load(); p != nullptr;) delete std::exchange(p, p->next);
}

// pattern[i]: the first free size that is as large as free size i; i's own number if none; kOne if it is 1.
constexpr std::uint8_t kOne = 0xff;
constexpr std::size_t kMaxFreeSizes = 64;  // of more, the rest is taken to be all different

Program::Plan* Program::Impl::make_plan(const std::uint8_t* pattern) const {
  const CompilationSpan span("a plan");
  auto plan = std::make_unique<Plan>();
  SizePattern equal;
  const std::size_t count = std::min(free_sizes.size(), kMaxFreeSizes);
  for (std::size_t i = 0; i < count; ++i) {
    plan->pattern.push_back(pattern ? pattern[i] : static_cast<std::uint8_t>(i));
    const std::uint8_t same = plan->pattern[i];
    equal[free_sizes[i].dim] = same == kOne ? 1 : free_sizes[same].dim;
  }
  plan->graph = graph;
  if (options.simplify) simplify_for(plan->graph, equal);
  add_steps(*plan, partition(plan->graph, equal, !options.fuse));
  plan->next = plans.load(std::memory_order_relaxed);
  plans.store(plan.get(), std::memory_order_release);
  ++num_plans;
  return plan.release();
}

void Program::Impl::add_steps(Plan& plan, std::vector<Unit> units) const {
  std::vector<int> owned = options.variables;
  if (options.own_arguments) {
    owned.resize(static_cast<std::size_t>(graph.num_args()));
    std::iota(owned.begin(), owned.end(), 0);
  }
  if (!options.variables.empty()) move_updates_back(plan.graph, options.variables, units);
  plan.memory = plan_memory(plan.graph, units, std::move(owned));
  if (options.verify) {
    const std::string wrong = verify(plan.graph, units, plan.memory);
    if (!wrong.empty()) throw RuntimeError("a memory plan is invalid: " + wrong);
  }
  plan.overwriting = find_overwriting(plan.graph, options.variables, units, plan.memory);
  if (plan.native && copies_owned(plan, units)) plan.native.reset();
  std::multimap<int, SizeSource> by_value;
  for (const auto& [leaf, index] : size_index)
    by_value.emplace(plan.graph.leaf_values.at(leaf.first), SizeSource{leaf.second, index});
  for (int i = 0; i < plan.memory.num_inputs; ++i) {
    const auto [begin, end] = by_value.equal_range(plan.graph.inputs[static_cast<std::size_t>(i)]);
    for (auto it = begin; it != end; ++it) plan.input_sizes.emplace_back(i, it->second);
  }
  for (std::size_t u = 0; u < units.size(); ++u) {
    const Unit& unit = units[u];
    Step step;
    step.plan = plan.memory.steps[u];
    step.taken = plan.overwriting.taken[u];
    step.nodes = unit.nodes;
    if (unit.tiles) {
      step.tiles = unit.tiles;
    } else if (unit.reduction) {
      step.reduction = unit.reduction;
    } else if (unit.fused) {
      step.kernel = FusedKernel::get(unit.group);
    } else {
      step.node = &plan.graph.nodes[unit.nodes[0]];
      step.part = complex_part(plan.graph, *step.node);
      for_each_symbolic_dim(*step.node->params, [&](Dim) { step.symbolic_params = true; });
      if (step.symbolic_params) step.sized = std::make_shared<SizedParams>(step.node->params, sizes);
    }
    for (std::size_t j = 0; j < unit.outputs.size(); ++j) {
      const auto [begin, end] = by_value.equal_range(unit.outputs[j]);
      for (auto it = begin; it != end; ++it) step.sizes.emplace_back(static_cast<int>(j), it->second);
    }
    plan.steps.push_back(std::move(step));
  }
}

// Whether native code would copy an array of some size that the steps update where it is.
bool Program::Impl::copies_owned(const Plan& plan, const std::vector<Unit>& units) const {
  const std::vector<int>& inputs = plan.graph.inputs;
  const auto own = [&](int v) {
    const auto i = std::find(inputs.begin(), inputs.end(), v) - inputs.begin();
    return options.own_arguments && i < graph.num_args();
  };
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (!is_update(plan.graph, units[u])) continue;
    const bool takes_argument = (plan.memory.steps[u].donated & 1) && own(units[u].inputs[0]);
    if (plan.overwriting.taken[u] == 0 && !takes_argument) continue;
    const Shape& shape = plan.graph.values[static_cast<std::size_t>(units[u].inputs[0])].shape;
    if (!shape.is_static() || shape.num_elements() > kCopiedElements) return true;
  }
  return false;
}

// For each input the array that it always is, if its value may be relied on.
Arrays Program::Impl::constants() const {
  Arrays out(static_cast<std::size_t>(num_inputs));
  for (int i = graph.num_args(); i < num_inputs; ++i) {
    if (i >= num_given || contains(folded, i))
      out[static_cast<std::size_t>(i)] = graph.captured[static_cast<std::size_t>(i - graph.num_args())];
  }
  return out;
}

Program::Plan* Program::Impl::make_exact_plan(std::span<const Array> inputs, std::vector<std::int64_t> sizes,
                                              bool large) const {
  const CompilationSpan span("a plan for certain sizes");
  auto plan = std::make_unique<Plan>();
  plan->sizes = std::move(sizes);
  std::vector<Shape> shapes;
  for (const Array& x : inputs) shapes.push_back(x.shape());
  for (std::size_t i = inputs.size(); i < static_cast<std::size_t>(num_inputs); ++i)
    shapes.push_back(graph.captured[i - static_cast<std::size_t>(graph.num_args())].shape());
  if (std::optional<Graph> known =
          large ? specialize(graph, shapes) : specialize_and_fold(graph, shapes, constants())) {
    plan->graph = std::move(*known);
    large = large || (may_tile && computes_large(plan->graph));
    if (large) simplify_for(plan->graph, {});
    const bool is_static = std::all_of(plan->graph.nodes.begin(), plan->graph.nodes.end(), [&](const GraphNode& n) {
      return std::all_of(n.outputs.begin(), n.outputs.end(),
                         [&](int v) { return plan->graph.values[static_cast<std::size_t>(v)].shape.is_static(); });
    });
    if (options.verify) {
      const std::string wrong = verify(plan->graph);
      if (!wrong.empty()) throw RuntimeError("a graph for certain sizes is invalid: " + wrong);
    }
    std::vector<Unit> units = partition_into_groups(plan->graph);
    keep_updates_apart(plan->graph, options.variables, units);
    if (!large && may_be_native && is_static && !only_moves(plan->graph)) {
      Graph spelled = plan->graph;
      spell_out(spelled);
      simplify_for(spelled, {});
      plan->native = NativeSteps::make(spelled);
    }
    if (large) {
      units = make_tile_groups(plan->graph, std::move(units));
    } else if (may_tile && !plan->native) {
      units = make_groups_of_pieces(plan->graph, std::move(units));
    }
    if (options.verify) {
      const std::string wrong = verify(plan->graph, units);
      if (!wrong.empty()) throw RuntimeError("the steps for certain sizes are invalid: " + wrong);
    }
    const bool tiled = std::any_of(units.begin(), units.end(), [](const Unit& u) { return u.tiles || u.reduction; });
    if (tiled || symbolic_params || plan->native) {
      add_steps(*plan, units);
      plan->usable = true;
      plan->exact =
          std::none_of(plan->steps.begin(), plan->steps.end(), [](const Step& s) { return s.symbolic_params; });
      for (Step& s : plan->steps) {
        if (plan->exact) s.sizes.clear();
      }
    }
  }
  plan->next = exact_plans.load(std::memory_order_relaxed);
  exact_plans.store(plan.get(), std::memory_order_release);
  ++num_exact_plans;
  return plan.release();
}

// The plan for exactly these sizes, usable or not.
const Program::Plan* Program::Impl::find_exact_plan(std::span<const Array> inputs) const {
  for (const Plan* p = exact_plans.load(std::memory_order_acquire); p != nullptr; p = p->next) {
    auto size = p->sizes.begin();
    const bool same = std::all_of(inputs.begin(), inputs.end(), [&](const Array& x) {
      const Shape& shape = x.shape();
      if (p->sizes.end() - size < shape.ndim() || !std::equal(shape.begin(), shape.end(), size)) return false;
      size += shape.ndim();
      return true;
    });
    if (same && size == p->sizes.end()) return p;
  }
  return nullptr;
}

// The plan for exactly these sizes: of arrays so large that steps are run part by part, or of sizes that come again and
// again where what comes of them is as large, or where they are parameters of operations; null if there is none.
const Program::Plan* Program::Impl::exact_plan_for(std::span<const Array> inputs) const {
  if (!may_tile && !may_be_native && !symbolic_params) return nullptr;
  std::int64_t most = 0;
  for (const Array& x : inputs) most = std::max(most, x.shape().num_elements());
  const bool large = may_tile && most >= kTiledElements;
  if (!may_tile && !symbolic_params && !(may_be_native && most <= kNativeElements)) return nullptr;
  const Plan* p = find_exact_plan(inputs);
  if (p == nullptr) {
    std::vector<std::int64_t> sizes;
    for (const Array& x : inputs) sizes.insert(sizes.end(), x.shape().begin(), x.shape().end());
    if (large || comes_again(sizes)) {
      const std::lock_guard lock(mutex);
      p = find_exact_plan(inputs);
      if (p == nullptr && num_exact_plans.load() < (large ? kMaxExactPlans : kMaxSmallExactPlans))
        p = make_exact_plan(inputs, std::move(sizes), large);
    }
  }
  return p == nullptr || !p->usable ? nullptr : p;
}

bool Program::Impl::comes_again(const std::vector<std::int64_t>& sizes) const {
  std::size_t hash = sizes.size();
  for (std::int64_t n : sizes) hash = (hash ^ static_cast<std::size_t>(n)) * 0x9e3779b97f4a7c15u;
  if (last_sizes.exchange(hash, std::memory_order_relaxed) != hash) {
    repeats.store(0, std::memory_order_relaxed);
    return false;
  }
  return repeats.fetch_add(1, std::memory_order_relaxed) + 2 >= kRepeats;
}

// The plan for these inputs' sizes: made at the first such run, the one without assumptions when there are too many.
const Program::Plan* Program::Impl::plan_for(std::span<const Array> inputs) const {
  if (const Plan* p = exact_plan_for(inputs)) return p;
  std::uint8_t pattern[kMaxFreeSizes];
  std::int64_t sizes[kMaxFreeSizes];
  const std::size_t count = std::min(free_sizes.size(), kMaxFreeSizes);
  bool all_different = true;
  for (std::size_t i = 0; i < count; ++i) {
    sizes[i] = inputs[static_cast<std::size_t>(free_sizes[i].input)].shape()[free_sizes[i].axis];
    std::size_t same = 0;
    while (sizes[same] != sizes[i]) ++same;
    pattern[i] = sizes[i] == 1 ? kOne : static_cast<std::uint8_t>(same);
    all_different = all_different && pattern[i] == i;
  }
  const auto find = [&](const std::uint8_t* wanted) -> const Plan* {
    for (const Plan* p = plans.load(std::memory_order_acquire); p != nullptr; p = p->next) {
      if (std::equal(p->pattern.begin(), p->pattern.begin() + static_cast<std::ptrdiff_t>(count), wanted)) return p;
    }
    return nullptr;
  };
  if (const Plan* p = find(pattern)) return p;
  const std::lock_guard lock(mutex);
  if (const Plan* p = find(pattern)) return p;
  if (num_plans.load() < kMaxPlans) return make_plan(pattern);
  for (std::size_t i = 0; i < count; ++i) pattern[i] = static_cast<std::uint8_t>(i);
  const Plan* p = find(pattern);
  return p ? p : make_plan(nullptr);
}

const Program::Plan* Program::Impl::any_plan() const {
  if (const Plan* p = exact_plans.load(std::memory_order_acquire); p && p->usable) return p;
  if (const Plan* p = plans.load(std::memory_order_acquire)) return p;
  const std::lock_guard lock(mutex);
  const Plan* p = plans.load(std::memory_order_acquire);
  return p ? p : make_plan(nullptr);
}

std::shared_ptr<Program> compile(std::shared_ptr<const Graph> graph, const CompileOptions& options) {
  const CompilationSpan span("a program");
  auto impl = std::make_unique<Program::Impl>();
  impl->graph = *graph;
  impl->options = options;
  impl->options.verify = options.verify || always_verifies();
  impl->num_given = static_cast<int>(graph->inputs.size());
  if (options.simplify) impl->folded = simplify(impl->graph, impl->options.verify, options.fold);
  if (options.simplify && options.fold) {
    for (int i : foldable_with_sizes(impl->graph)) {
      if (i < impl->num_given && !contains(impl->folded, i)) impl->folded.push_back(i);
    }
  }
  if (!impl->folded.empty()) impl->source = graph;
  impl->num_inputs = static_cast<int>(impl->graph.inputs.size());
  impl->index_sizes();
  impl->make_checks();
  const std::vector<GraphNode>& nodes = impl->graph.nodes;
  const bool plain = !options.fuse || !options.simplify;
  impl->may_tile = !plain && nodes.size() > 1 &&
                   std::any_of(nodes.begin(), nodes.end(), [](const GraphNode& n) { return n.op->tile != nullptr; });
  for (const GraphNode& n : nodes) for_each_symbolic_dim(*n.params, [&](Dim) { impl->symbolic_params = !plain; });
  // Elementwise operations alone are a step or few.
  impl->may_be_native =
      !plain && options.jit != JitMode::never && std::any_of(nodes.begin(), nodes.end(), [&](const GraphNode& n) {
        return is_scalar_control(n) ||
               (nodes.size() > 1 && n.op->fusion != Fusion::elementwise && n.op->fusion != Fusion::cast);
      });
  return std::shared_ptr<Program>(new Program(std::move(impl)));
}

Program::Program(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Program::~Program() = default;

// --- running ---

Array part_of_complex(const Array& x, int part) {
  std::byte* data = x.data();  // computes what is pending
  return Array::view_of(x.node()->buffer, data + part * x.itemsize() / 2, real_of(x.dtype()), x.shape(), x.strides());
}

void Program::Impl::refuse(int input, const Array& x) const {
  const GraphValue& expected = graph.values[graph.inputs[input]];
  const std::string what = "a traced function was called with " + std::string(name(x.dtype())) + x.shape().str() +
                           " for input " + std::to_string(input) + ", but was traced for " +
                           std::string(name(expected.dtype)) + expected.shape.str();
  if (x.dtype() != expected.dtype) throw TypeError(what);
  throw ValueError(what);
}

void Program::Impl::check_inputs(std::span<const Array> inputs) const {
  if (inputs.size() != static_cast<std::size_t>(num_given)) {
    throw RuntimeError("a compiled function was run with " + std::to_string(inputs.size()) + " inputs instead of " +
                       std::to_string(num_given));
  }
  for (int i = 0; i < num_given; ++i) {
    const Array& x = inputs[static_cast<std::size_t>(i)];
    const InputCheck& expected = input_checks[static_cast<std::size_t>(i)];
    if (x.dtype() != expected.dtype) refuse(i, x);
    if (expected.ndim >= 0 && expected.ndim != x.shape().ndim()) refuse(i, x);
  }
  for (const SizeCheck& c : checks) {
    const Array& x = inputs[static_cast<std::size_t>(c.input)];
    const std::int64_t expected =
        c.fixed >= 0 ? c.fixed : inputs[static_cast<std::size_t>(c.other_input)].shape()[c.other_axis];
    if (x.shape()[c.axis] != expected) refuse(c.input, x);
  }
}

// Once the steps have taken about as long as making code will.
bool Program::Impl::run_native(const Plan& plan, std::span<const Array> inputs, std::span<Array> results) const {
  if (!plan.is_native.load(std::memory_order_acquire)) {
    const auto ns = static_cast<std::int64_t>(plan.native->steps_ns());
    const auto spent = static_cast<double>(plan.spent_ns.fetch_add(ns, std::memory_order_relaxed));
    if (spent < 0 || (options.jit == JitMode::automatic && spent < plan.native->compile_ns())) return false;
    const std::lock_guard lock(mutex);
    if (!plan.is_native.load()) {
      if (!plan.native->compile()) {
        plan.spent_ns.store(std::numeric_limits<std::int64_t>::min() / 2);
        return false;
      }
      plan.is_native.store(true, std::memory_order_release);
    }
  }
  const auto input = [&](int i) -> const Array& {
    if (i < num_given) return inputs[static_cast<std::size_t>(i)];
    return plan.graph.captured[static_cast<std::size_t>(i - graph.num_args())];
  };
  return plan.native->run(input, results);
}

namespace {

// As eager calls do: what is made of nothing waits for its first reader.
void compute(const Call& call, std::span<Array> out) {
  if (call.in.size() < 2 && out.size() == 1) {
    if ((out[0] = create_later(call))) return;
  }
  execute(call, out);
}

}  // namespace

void Program::Impl::run_call(const Step& step, Run& run) const {
  const StepPlan& plan = step.plan;
  Frame given(plan.inputs.size()), made(plan.outputs.size());
  const std::span<Array> in = given.all(), out = made.all();
  std::uint64_t donated = 0;
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (k < 64 && ((plan.donated >> k) & 1)) {
      in[k] = std::move(run.slot(plan.inputs[k]));
      if (run.is_own(in[k], (step.taken >> k) & 1)) donated |= std::uint64_t{1} << k;
    } else {
      in[k] = run.at(plan.inputs[k]);
    }
  }
  const GraphNode& node = *step.node;
  if (step.part >= 0) {
    out[0] = part_of_complex(in[0], step.part);
  } else if (!step.symbolic_params) {
    compute(Call{*node.op, in, *node.params, donated}, out);
  } else if (step.sized->is_known()) {
    const SizedParams::Use use(*step.sized, run.sizes.data());
    compute(Call{*node.op, in, use.params(), donated}, out);
  } else {
    const ParamsRef params = replace_dims(node.params, [&](Dim d) { return run.size_of(d); });
    compute(Call{*node.op, in, *params, donated}, out);
  }
  // A Variable's array that was written over is still that array.
  if ((step.taken & donated) && run.claims && run.claims->holds(in[0]) && in[0].node()->buffer == out[0].node()->buffer)
    out[0] = in[0];
  for (Array& x : in) x = Array();
  for (int place : plan.frees) run.slot(place) = Array();
  for (const auto& [output, source] : step.sizes) run.note(out[static_cast<std::size_t>(output)], source);
  for (std::size_t j = 0; j < out.size(); ++j) {
    if (plan.outputs[j] >= 0) run.slot(plan.outputs[j]) = std::move(out[j]);
  }
}

void Program::Impl::run_fused(const Step& step, Run& run) const {
  const StepPlan& plan = step.plan;
  Array* in[kMaxLoopOperands];
  Frame made(plan.outputs.size());
  const std::span<Array> out = made.all();
  const std::size_t inputs = plan.inputs.size();
  // What is not given up is only read.
  for (std::size_t k = 0; k < inputs; ++k) in[k] = const_cast<Array*>(&run.at(plan.inputs[k]));
  for (std::size_t j = 0; j < plan.reuse.size() && run.claims; ++j) {
    const int k = plan.reuse[j];
    if (k >= 0 && ((step.taken >> k) & 1) && run.is_own(*in[k], true)) out[j] = *in[k];
  }
  if (!step.kernel->run(in, out.data(), plan.reuse.data(), options.jit)) shapes_do_not_fit(step, run);
  for (int place : plan.frees) run.slot(place) = Array();
  for (const auto& [output, source] : step.sizes) run.note(out[static_cast<std::size_t>(output)], source);
  for (std::size_t j = 0; j < out.size(); ++j) {
    if (plan.outputs[j] >= 0) run.slot(plan.outputs[j]) = std::move(out[j]);
  }
}

void Program::Impl::run_group(const Step& step, Run& run) const {
  const StepPlan& plan = step.plan;
  std::vector<Array*> in;
  for (int place : plan.inputs) in.push_back(const_cast<Array*>(&run.at(place)));
  Arrays out(plan.outputs.size());
  if (step.tiles) {
    step.tiles->run(in.data(), out.data(), options.jit);
  } else {
    step.reduction->run(in.data(), out.data(), options.jit);
  }
  for (int place : plan.frees) run.slot(place) = Array();
  for (const auto& [output, source] : step.sizes) run.note(out[static_cast<std::size_t>(output)], source);
  for (std::size_t j = 0; j < out.size(); ++j) {
    if (plan.outputs[j] >= 0) run.slot(plan.outputs[j]) = std::move(out[j]);
  }
}

// From here on no step can fail once it has written over a Variable's array.
void Program::Impl::claim(Run& run, VariableClaims& claims) const {
  // Releasing memory of others may run their code, which may look at the Variables.
  for (const Array& x : run.slots.all()) {
    if (x && x.state() == State::concrete && x.node()->buffer->kind == Buffer::Kind::foreign) return;
  }
  std::vector<std::pair<int, const Array*>> wanted;
  const std::vector<int>& owned = run.plan.memory.owned;
  for (int input : run.plan.overwriting.variables) {
    const auto slot = std::find(owned.begin(), owned.end(), input) - owned.begin();
    wanted.emplace_back(input, &run.slots[static_cast<int>(slot)]);
  }
  if (claims.claim(wanted)) run.claims = &claims;
}

// Runs the group's shape rules one by one: the one that eager execution would have failed in raises its error.
void Program::Impl::shapes_do_not_fit(const Step& step, Run& run) const {
  const Graph& graph = run.plan.graph;
  std::map<int, Array> values;
  for (int n : step.nodes) {
    for (int v : graph.nodes[n].inputs) values.emplace(v, Array());
  }
  std::size_t k = 0;
  for (int n : step.nodes) values.erase(graph.nodes[n].outputs[0]);
  std::vector<int> order;  // the group's inputs, in order of first use, as its unit lists them
  for (int n : step.nodes) {
    for (int v : graph.nodes[n].inputs) {
      if (values.contains(v) && std::find(order.begin(), order.end(), v) == order.end()) order.push_back(v);
    }
  }
  for (int v : order) values[v] = run.at(step.plan.inputs[k++]);
  for (int n : step.nodes) {
    const GraphNode& node = graph.nodes[n];
    Arrays in;
    for (int v : node.inputs) in.push_back(values.at(v));
    const OutputSpecs specs = node.op->infer.get()(Call{*node.op, in, *node.params});
    auto* expr = new Expr;
    expr->op = node.op;
    values[node.outputs[0]] = make_lazy(State::symbolic, expr, 0, specs[0].dtype, specs[0].shape);
    expr->release();
  }
  throw ValueError("operands could not be broadcast together");
}

// The program to run where these inputs rule out what was folded; null: this one.
const Program* Program::Impl::for_inputs(std::span<const Array> inputs) const {
  const auto args = static_cast<std::size_t>(graph.num_args());
  for (int i : folded) {
    if (inputs[static_cast<std::size_t>(i)].node() == graph.captured[static_cast<std::size_t>(i) - args].node())
      continue;
    const std::lock_guard lock(mutex);
    CompileOptions without_folding = options;
    without_folding.fold = false;
    if (!unfolded) unfolded = compile(source, without_folding);
    return unfolded.get();
  }
  return nullptr;
}

Arrays Program::run(std::span<const Array> inputs) const {
  Arrays results(num_results());
  run_on(inputs, nullptr, results);
  return results;
}

void Program::run_to(std::span<const Array> inputs, std::span<Array> results) const {
  run_on(inputs, nullptr, results);
}

Arrays Program::run_owned(Arrays inputs, VariableClaims* claims) const {
  Arrays results(num_results());
  run_owned_to(inputs, results, claims);
  return results;
}

void Program::run_owned_to(std::span<Array> inputs, std::span<Array> results, VariableClaims* claims) const {
  run_on(inputs, inputs.data(), results, claims);
}

bool Program::overwrites(int input) const {
  const std::vector<int>& variables = impl_->any_plan()->overwriting.variables;
  return std::find(variables.begin(), variables.end(), input) != variables.end();
}

std::size_t Program::num_results() const { return impl_->graph.outputs.size(); }

// `owned`: the inputs again, if the run may give them up.
void Program::run_on(std::span<const Array> inputs, Array* owned, std::span<Array> results,
                     VariableClaims* claims) const {
  const Impl& impl = *impl_;
  const ProfileSpan span("program", "program");
  impl.check_inputs(inputs);
  if (!impl.folded.empty()) {
    if (const Program* other = impl.for_inputs(inputs)) return other->run_to(inputs, results);
  }
  const Plan& plan = *impl.plan_for(inputs);
  if (plan.native && impl.run_native(plan, inputs, results)) return;
  run_steps(plan, inputs, owned, results, claims);
}

void Program::run_steps(const Plan& plan, std::span<const Array> inputs, Array* owned, std::span<Array> results,
                        VariableClaims* claims) const {
  const Impl& impl = *impl_;
  Impl::Run run(inputs, impl, plan);
  for (const auto& [input, source] : plan.input_sizes) {
    if (!plan.exact) run.note(run.at(input), source);
  }
  for (std::size_t i = 0; i < plan.memory.owned.size(); ++i) {
    const auto input = static_cast<std::size_t>(plan.memory.owned[i]);
    Array& slot = run.slots[static_cast<int>(i)];
    if (owned) {
      slot = std::move(owned[input]);
    } else {
      slot = inputs[input];
    }
  }
  for (const Step& step : plan.steps) {
    if (claims && &step - plan.steps.data() == plan.overwriting.first) impl.claim(run, *claims);
    if (step.kernel) {
      impl.run_fused(step, run);
    } else if (step.is_group()) {
      impl.run_group(step, run);
    } else {
      impl.run_call(step, run);
    }
  }
  const std::vector<int>& places = plan.memory.results;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const int place = places[i];
    const bool again =
        std::find(places.begin() + static_cast<std::ptrdiff_t>(i) + 1, places.end(), place) != places.end();
    if (run.is_slot(place) && !again) {
      results[i] = std::move(run.slot(place));
    } else {
      results[i] = run.at(place);
    }
  }
}

// --- description ---

const Graph& Program::graph() const { return impl_->graph; }

std::vector<bool> Program::may_be_lent() const { return compiler::may_be_lent(impl_->graph); }

ProgramFacts Program::facts() const {
  const Plan& plan = *impl_->any_plan();
  ProgramFacts facts;
  facts.steps = static_cast<int>(plan.steps.size());
  facts.operations = static_cast<int>(plan.graph.nodes.size());
  for (const Step& step : plan.steps) {
    if (!step.kernel) continue;
    ++facts.fused_groups;
    facts.fused_operations += static_cast<int>(step.nodes.size());
    facts.compiled_kernels += step.kernel->num_compiled();
  }
  return facts;
}

std::string Program::str() const {
  const Plan& plan = *impl_->any_plan();
  const int inputs = plan.memory.num_inputs;
  const auto place = [&](int p) {
    if (p < 0) return std::string("_");
    return p < inputs ? "in" + std::to_string(p) : "s" + std::to_string(p - inputs);
  };
  const auto list = [&](const std::vector<int>& places) {
    std::string s;
    for (int p : places) s += (s.empty() ? "" : ", ") + place(p);
    return s;
  };
  std::string s =
      "program: " + std::to_string(inputs) + " inputs, " + std::to_string(plan.memory.num_slots) + " slots\n";
  if (plan.is_native.load()) s += "  native code for all steps\n";
  for (const Step& step : plan.steps) {
    s += "  " + list(step.plan.outputs) + " = " +
         (step.tiles       ? "tiled"
          : step.reduction ? "reduced"
          : step.kernel    ? "fused"
                           : step.node->op->name) +
         "(" + list(step.plan.inputs) + ")";
    const std::string params = step.node == nullptr ? "" : params_str(*step.node->params);
    if (!params.empty()) s += " {" + params + "}";
    if (!step.plan.frees.empty()) s += "  frees " + list(step.plan.frees);
    s += "\n";
    if (step.kernel) s += step.kernel->group().str();
    if (step.tiles) s += step.tiles->str();
    if (step.reduction) s += step.reduction->str();
  }
  return s + "  return " + list(plan.memory.results) + "\n";
}

}  // namespace tnp::compiler

#include "compiler/native_loop.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <exception>
#include <limits>

#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "runtime/allocator.h"
#include "runtime/profile.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::compiler {

namespace {

using ArgumentKind = LoopNest::Argument::Kind;

constexpr std::size_t kMaxInstances = 16;  // of a loop, for different shapes
constexpr std::int64_t kPollCycles = 1 << 21;
constexpr double kLowerNs = 4e5;            // roughly, to make a nest
constexpr double kCompileNs = 7e6;          // and code of it, …
constexpr double kCompileNsPerCycle = 3e4;  // … with so much more for all that it does
constexpr double kBlocksNs = 4e7;           // … where it computes several turns at a time
constexpr double kSmallNs = 5e7;            // native code has run for so long: other code for small arrays will pay
constexpr std::int64_t kFirstRows = 256;    // collected by a loop of which nobody knows how long it is
constexpr std::int64_t kMostRows = std::int64_t{1} << 40;

bool checks_nests() {
#ifdef NDEBUG
  static const bool on = [] {
    const char* value = std::getenv("TNP_VERIFY");
    return value != nullptr && std::strcmp(value, "1") == 0;
  }();
  return on;
#else
  return true;
#endif
}

// What native code calls back. Carries exceptions past it, as it cannot be unwound.
struct Callbacks {
  void (*poll)();
  const LoopNest& nest;
  Array anchor = Array::empty(DType::uint8, {1});  // a buffer for views of memory that others keep alive
  std::exception_ptr error{};
  std::string wrong_index{};

  Array view(const LoopNest::Callee::Operand& o, void* memory) const {
    return Array::view_of(anchor.node()->buffer, static_cast<std::byte*>(memory), o.dtype, o.shape, o.strides);
  }

  static std::int64_t run(void* context, std::int64_t which, void* const* memory) {
    auto& self = *static_cast<Callbacks*>(context);
    if (which == kWrongIndex) return self.note(static_cast<const std::int64_t*>(memory[0]));
    const LoopNest::Callee& callee = self.nest.callees[static_cast<std::size_t>(which)];
    try {
      if (callee.direct) {
        callee.direct(memory);
        return 0;
      }
      Arrays in, out(callee.out.size());
      for (std::size_t k = 0; k < callee.in.size(); ++k) in.push_back(self.view(callee.in[k], memory[k]));
      execute(Call{*callee.op, in, *callee.params}, out);
      for (std::size_t j = 0; j < out.size(); ++j) {
        const Array x = out[j].is_contiguous() ? out[j] : copy(out[j]);
        const std::int64_t bytes = x.shape().num_elements() * x.itemsize();
        if (bytes > 0) std::memcpy(memory[in.size() + j], x.data(), static_cast<std::size_t>(bytes));
      }
      return 0;
    } catch (...) {
      self.error = std::current_exception();
      return 1;
    }
  }

  // What the operations say, eagerly.
  std::int64_t note(const std::int64_t* facts) {
    const std::int64_t size = facts[1], axis = facts[2];
    const std::string index = std::to_string(facts[0] < 0 && axis != kNone ? facts[0] - size : facts[0]);
    wrong_index = axis == kNone
                      ? "switch: index " + index + " is out of range for " + std::to_string(size) + " branches"
                      : "index " + index + " is out of bounds for axis " + std::to_string(axis) + " with size " +
                            std::to_string(size);
    return 1;
  }

  static std::int64_t ask(void* context) {
    auto& self = *static_cast<Callbacks*>(context);
    try {
      if (self.poll) self.poll();
      return 0;
    } catch (...) {
      self.error = std::current_exception();
      return 1;
    }
  }
};

Arrays run_invariants(const Invariants& part, std::span<const Array> inputs) {
  if (part.graph.outputs.empty()) return {};
  const ObserversPaused observers_paused;
  const TracePaused trace_paused;
  Arrays out = replay(part.graph, inputs);
  for (Array& x : out) {
    if (!x.is_contiguous()) x = copy(x);
  }
  return out;
}

// Whether nobody else holds the array or its memory, in which it lies as code expects it.
bool is_own(const Array& x) {
  const std::byte* data = x.data();  // computes what is pending
  return x.node()->refs.load(std::memory_order_acquire) == 1 && x.is_contiguous() && x.node()->buffer->unique() &&
         reinterpret_cast<std::uintptr_t>(data) % 64 == 0;
}

Array own_memory(const Array& x) {
  Array mine = Array::empty(x.dtype(), x.shape());
  const Array from = x.is_contiguous() ? x : copy(x);
  const std::int64_t bytes = x.shape().num_elements() * x.itemsize();
  if (bytes > 0) std::memcpy(mine.data(), from.data(), static_cast<std::size_t>(bytes));
  return mine;
}

}  // namespace

// A nest and its code.
struct NativeLoop::Version {
  std::once_flag lowering, compiling;
  std::optional<LoopNest> nest;  // absent: it has no native form
  std::shared_ptr<const CompiledNest> code;
  std::atomic<bool> compiled{false}, failed{false};
};

// A loop over arrays of certain shapes. The first one of a loop has code for just these, where small arrays are in
// registers; later ones have code that serves all sizes, until they have run for long. Then, too, there may be code for
// several turns at a time.
struct NativeLoop::Instance {
  Isa isa;
  std::vector<Shape> shapes;
  bool first = false;
  Version exact, general, blocks;
  std::atomic<std::int64_t> spent_ns{0}, native_ns{0};
  std::atomic<bool> settled{false};  // its plans are made, so that what iterations take tells what others will
};

// `i < n` and `i + 1`, which fori_loop makes.
void NativeLoop::find_counter() {
  if (!loop_.condition || loop_.condition->nodes.size() != 1) return;
  const Graph &head = *loop_.condition, &body = *loop_.body;
  const auto number_of = [](const Graph& g, int v) {
    return static_cast<int>(std::find(g.inputs.begin(), g.inputs.end(), v) - g.inputs.begin());
  };
  const GraphNode& test = head.nodes[0];
  if (std::strcmp(test.op->name, "less") != 0) return;
  const int counter = number_of(head, test.inputs[0]);
  int limit = number_of(head, test.inputs[1]);
  if (counter >= loop_.num_carries || limit >= static_cast<int>(head.inputs.size())) return;
  if (limit >= loop_.num_carries) limit += loop_.num_scanned;
  const int next = body.outputs[static_cast<std::size_t>(counter)];
  for (const GraphNode& n : body.nodes) {
    if (n.outputs[0] != next || std::strcmp(n.op->name, "add") != 0) continue;
    if (number_of(body, n.inputs[0]) != counter) return;
    step_ = number_of(body, n.inputs[1]);
    if (step_ >= static_cast<int>(body.inputs.size()) || step_ < loop_.num_carries) return;
    counter_ = counter;
    limit_ = limit;
  }
}

// As far as that can be told; otherwise 0.
std::int64_t NativeLoop::iterations_left(const State& state) const {
  if (!loop_.condition) return state.length - state.next;
  if (counter_ < 0) return 0;
  const auto input = [&](int i) -> const Array& {
    const auto k = static_cast<std::size_t>(i), carries = state.carries.size();
    return k < carries ? state.carries[k] : state.shared[k - carries - state.scanned.size()];
  };
  std::int64_t numbers[3];
  for (const auto& [i, number] : {std::pair(counter_, &numbers[0]), {limit_, &numbers[1]}, {step_, &numbers[2]}}) {
    if (input(i).dtype() != DType::int64 || input(i).shape().num_elements() != 1) return 0;
    *number = *input(i).data_as<std::int64_t>();
  }
  return numbers[2] == 1 && numbers[1] > numbers[0] ? numbers[1] - numbers[0] : 0;
}

std::shared_ptr<NativeLoop::Instance> NativeLoop::instance_for(const State& state, double loop_ns) {
  if (loop_ns < kLowerNs) return nullptr;
  std::vector<std::int64_t> key{static_cast<std::int64_t>(best_isa())};
  std::vector<Shape> shapes;
  for (const Array& x : state.carries) shapes.push_back(x.shape());
  for (const Array& x : state.scanned) {
    shapes.push_back(x.shape());
    shapes.back().erase(0);
  }
  for (const Array& x : state.shared) shapes.push_back(x.shape());
  for (const Shape& s : shapes) {
    key.push_back(s.ndim());
    key.insert(key.end(), s.begin(), s.end());
  }
  const std::lock_guard lock(mutex_);
  if (const auto it = instances_.find(key); it != instances_.end()) return it->second;
  if (loop_ns + static_cast<double>(native_ns_) < kLowerNs * (1 + lowered_)) return nullptr;
  ++lowered_;
  auto instance = std::make_shared<Instance>();
  instance->isa = best_isa();
  instance->shapes = std::move(shapes);
  instance->first = instances_.empty();
  if (instances_.size() >= kMaxInstances) instances_.clear();
  instances_.emplace(std::move(key), instance);
  return instance;
}

void NativeLoop::lower(Version& version, const Instance& instance, JitMode mode) {
  const LoopForm form = &version == &instance.blocks  ? LoopForm::blocks
                        : &version == &instance.exact ? LoopForm::small_arrays
                                                      : LoopForm::any_size;
  version.nest = lower_loop(loop_, instance.shapes, form);
  if (!version.nest) return;
  if (checks_nests()) {
    const std::string wrong = verify(version.nest->nest);
    if (!wrong.empty())
      throw RuntimeError("a loop was made an invalid nest: " + wrong + "\n" + version.nest->nest.str());
  }
  if (mode == JitMode::always) return;
  version.code = known_nest(version.nest->nest, instance.isa);
  version.compiled = version.code != nullptr;
}

// `total_ns`: for how long the loop has run, and will.
NativeLoop::Version& NativeLoop::choose_version(Instance& instance, double total_ns, JitMode mode) {
  const auto native_ns = static_cast<double>(instance.native_ns);
  const bool exact = instance.first || mode == JitMode::always || native_ns > kSmallNs;
  Version& version = exact ? instance.exact : instance.general;
  std::call_once(version.lowering, [&] { lower(version, instance, mode); });
  if (version.nest && mode != JitMode::always && total_ns + native_ns < kBlocksNs) return version;
  Version& blocks = instance.blocks;
  std::call_once(blocks.lowering, [&] { lower(blocks, instance, mode); });
  if (!blocks.nest) return version;
  const bool choose = !version.nest || worth_code(blocks, instance.isa, total_ns + native_ns - kBlocksNs, mode);
  return choose ? blocks : version;
}

// Whether there is code, or should be now: where the loop has run for as long as making it takes, or is about to.
// `total_ns`: for how long it has run, and will.
bool NativeLoop::worth_code(Version& version, Isa isa, double total_ns, JitMode mode) {
  if (version.compiled || version.failed) return version.compiled;
  const LoopNest& nest = *version.nest;
  const double cost = kCompileNs + kCompileNsPerCycle * static_cast<double>(nest.nest.cycles() + nest.small_cost / 8);
  if (mode != JitMode::always && total_ns < cost) return false;
  std::call_once(version.compiling, [&] {
    try {
      version.code = cached_nest(nest.nest, isa);
      version.compiled = true;
    } catch (const RuntimeError&) {  // no memory for code
      version.failed = true;
    }
  });
  return version.compiled;
}

namespace {

// The memory that a run of a nest works on.
class Memory {
 public:
  // `rows`: iterations that it is for, at most.
  Memory(const LoopNest& nest, const NativeLoop::State& state, std::int64_t rows)
      : nest_(nest), state_(state), rows_(rows) {}

  // False if something cannot be had.
  bool prepare() {
    if (!compute_invariants()) return false;
    parameters_ = nest_.parameters;
    if (nest_.trips != kNone) {
      const bool blocks = nest_.block_trips != kNone;
      parameters_[static_cast<std::size_t>(nest_.trips)] = blocks ? rows_ % nest_.block_turns : rows_;
      if (blocks) parameters_[static_cast<std::size_t>(nest_.block_trips)] = rows_ / nest_.block_turns;
    }
    for (const LoopNest::Argument& a : nest_.arguments) {
      void* pointer = nullptr;
      if (!place(a, pointer)) return false;
      pointers_.push_back(pointer);
    }
    return true;
  }

  void** pointers() { return pointers_.data(); }
  const std::int64_t* parameters() const { return parameters_.data(); }

  // Whether carries are gone, should the nest end before it is done.
  bool takes_carries() const { return takes_carries_; }

  std::int64_t iterations() const { return nest_.count == kNone ? rows_ : count_; }

  void finish() {
    for (std::size_t k = 0; k < state_.carries.size(); ++k) {
      const void* data = pointers_[static_cast<std::size_t>(nest_.carry_argument[k])];
      const auto holder = std::find_if(own_.begin(), own_.end(), [&](const Array& x) { return x.data() == data; });
      const Shape& shape = nest_.carries[k];
      const Array& x = *holder;
      Array& out = state_.carries[k];
      out = Array::view_of(x.node()->buffer, x.data(), out.dtype(), shape, contiguous_strides(shape, out.itemsize()));
    }
  }

 private:
  bool compute_invariants() {
    Arrays condition_inputs(state_.carries.begin(), state_.carries.end());
    condition_inputs.insert(condition_inputs.end(), state_.shared.begin(), state_.shared.end());
    Arrays body_inputs(state_.carries.begin(), state_.carries.end());
    for (const Array& x : state_.scanned)
      body_inputs.push_back(x);  // not read: what is invariant does not depend on it
    body_inputs.insert(body_inputs.end(), state_.shared.begin(), state_.shared.end());
    try {
      from_condition_ = run_invariants(nest_.condition, condition_inputs);
      from_body_ = run_invariants(nest_.body, body_inputs);
    } catch (const Error&) {
      return false;  // raised when, and if, an iteration comes to it
    }
    return true;
  }

  bool place(const LoopNest::Argument& a, void*& pointer) {
    const auto index = static_cast<std::size_t>(a.index);
    switch (a.kind) {
      case ArgumentKind::carry:
        own_.push_back(take_or_copy(state_.carries[index]));
        pointer = own_.back().data();
        return true;
      case ArgumentKind::temporary:
        own_.push_back(Array::empty(a.dtype, Shape{a.elements}));
        pointer = own_.back().data();
        return true;
      case ArgumentKind::scanned:
        return place_scanned(index, pointer);
      case ArgumentKind::shared:
        held_.push_back(state_.shared[index].is_contiguous() ? state_.shared[index] : copy(state_.shared[index]));
        pointer = held_.back().data();
        return true;
      case ArgumentKind::condition:
        pointer = from_condition_[index].data();
        return true;
      case ArgumentKind::body:
        pointer = from_body_[index].data();
        return true;
      case ArgumentKind::collected:
        pointer = state_.collect(a.index, nest_.collected[index], rows_);
        return pointer != nullptr;
      case ArgumentKind::count:
        pointer = &count_;
        return true;
    }
    return false;
  }

  // Not taken where the loop may have to begin again.
  Array take_or_copy(const Array& carry) {
    if (nest_.count != kNone || nest_.may_end_early || !is_own(carry)) return own_memory(carry);
    takes_carries_ = takes_carries_ || carry.shape().num_elements() > 0;
    return carry;
  }

  bool place_scanned(std::size_t s, void*& pointer) {
    const Array& x = state_.scanned[s];
    Shape row = x.shape();
    row.erase(0);
    const Strides packed = contiguous_strides(row, x.itemsize());
    bool rows_are_packed = true;
    for (int d = 0; d < row.ndim(); ++d)
      rows_are_packed = rows_are_packed && (row[d] == 1 || x.strides()[d + 1] == packed[d]);
    held_.push_back(rows_are_packed ? x : copy(x));
    const Array& rows = held_.back();
    const std::int64_t step = rows.strides()[0];
    const std::int64_t first = state_.reverse ? state_.length - 1 - state_.next : state_.next;
    parameters_[static_cast<std::size_t>(nest_.scanned_steps[s])] = state_.reverse ? -step : step;
    pointer = rows.data() + (state_.length > state_.next ? first * step : 0);
    return true;
  }

  const LoopNest& nest_;
  const NativeLoop::State& state_;
  const std::int64_t rows_;
  std::int64_t count_ = 0;
  bool takes_carries_ = false;
  Arrays own_, held_, from_condition_, from_body_;
  std::vector<void*> pointers_;
  std::vector<std::int64_t> parameters_;
};

}  // namespace

NativeLoop::Outcome NativeLoop::run(const State& state, JitMode mode) {
  if (mode == JitMode::never) return Outcome::never;
  const double spent = static_cast<double>(state.spent_ns);
  const double each = spent / static_cast<double>(std::max<std::int64_t>(state.iterations, 1));
  const double left = each * static_cast<double>(iterations_left(state));
  const auto loop_ns = static_cast<double>(spent_ns_.fetch_add(state.spent_ns) + state.spent_ns);
  const double forever = std::numeric_limits<double>::infinity();
  const std::shared_ptr<Instance> instance = instance_for(state, mode == JitMode::always ? forever : loop_ns + left);
  if (!instance) return Outcome::not_yet;
  const std::int64_t before = instance->spent_ns.fetch_add(state.spent_ns);
  const double expected = instance->settled.exchange(true) ? left : 0;
  const double total_ns = static_cast<double>(before) + spent + expected;
  Version& version = choose_version(*instance, total_ns, mode);
  if (!version.nest) return Outcome::never;
  if (!worth_code(version, instance->isa, total_ns, mode)) return version.failed ? Outcome::never : Outcome::not_yet;
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = run_code(version, state, iterations_left(state));
  const std::int64_t native_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
  instance->native_ns += native_ns;
  native_ns_ += native_ns;
  return outcome;
}

void NativeLoop::ran(const State& state) {
  const auto loop_ns = static_cast<double>(spent_ns_.fetch_add(state.spent_ns) + state.spent_ns);
  const std::shared_ptr<Instance> instance = instance_for(state, loop_ns);
  if (!instance) return;
  instance->settled = true;
  instance->spent_ns += state.spent_ns;
}

NativeLoop::Outcome NativeLoop::run_code(const Version& version, const State& state, std::int64_t left) {
  const LoopNest& nest = *version.nest;
  const ProfileSpan span("loop", "native loop");
  const bool unknown = nest.count != kNone;
  std::int64_t rows = unknown ? kFirstRows : state.length - state.next;
  if (nest.resumes && left > rows)
    rows = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::min(left + 1, kMostRows))));
  bool refused = false, any = false;  // iterations
  do {                                // rows is 0 where nothing counts iterations
    Memory memory(nest, state, rows);
    if (!memory.prepare()) return Outcome::never;
    Callbacks callbacks{state.poll, nest};
    const auto status = static_cast<NestStatus>(version.code->function(
        memory.pointers(), memory.parameters(), kPollCycles, &Callbacks::ask, &Callbacks::run, &callbacks));
    if (callbacks.error) std::rethrow_exception(callbacks.error);
    if (status == NestStatus::refused) {
      if (memory.takes_carries()) throw IndexError(callbacks.wrong_index);
      if (!nest.resumes) return Outcome::never;
      refused = true;  // one of these: by halves
    } else {
      memory.finish();
      state.collected(memory.iterations());
      if (!unknown || memory.iterations() < rows) return Outcome::finished;
      any = true;
    }
    rows = refused ? rows / 2 : rows * 2;
  } while (rows > 0);
  return any ? Outcome::not_yet : Outcome::never;
}

}  // namespace tnp::compiler

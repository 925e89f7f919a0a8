#include "compiler/native_loop.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "runtime/profile.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::compiler {

namespace {

using ArgumentKind = LoopNest::Argument::Kind;

constexpr std::size_t kMaxInstances = 16;  // of a loop, for different shapes
// A body that takes longer is worth threads, and the work of dispatching it is small.
constexpr std::int64_t kMaxBodyCycles = 1 << 17;
// But native code walks short rows better than anything else.
constexpr std::int64_t kMaxShortRowCycles = 1 << 23;
constexpr std::int64_t kPollCycles = 1 << 21;
constexpr double kCompileNs = 8e6;

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

  Array view(const LoopNest::Callee::Operand& o, void* memory) const {
    return Array::view_of(anchor.node()->buffer, static_cast<std::byte*>(memory), o.dtype, o.shape, o.strides);
  }

  static std::int64_t run(void* context, std::int64_t which, void* const* memory) {
    auto& self = *static_cast<Callbacks*>(context);
    const LoopNest::Callee& callee = self.nest.callees[static_cast<std::size_t>(which)];
    try {
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

Array own_memory(const Array& x) {
  Array mine = Array::empty(x.dtype(), x.shape());
  const Array from = x.is_contiguous() ? x : copy(x);
  const std::int64_t bytes = x.shape().num_elements() * x.itemsize();
  if (bytes > 0) std::memcpy(mine.data(), from.data(), static_cast<std::size_t>(bytes));
  return mine;
}

}  // namespace

struct NativeLoop::Instance {
  std::optional<LoopNest> lowered;  // absent: it has no native form
  std::shared_ptr<const CompiledNest> code;
  Isa isa;
};

bool NativeLoop::wanted(std::int64_t spent_ns, JitMode mode) {
  if (mode == JitMode::never) return false;
  if (mode == JitMode::always || compiled_.load(std::memory_order_relaxed)) return true;
  return static_cast<double>(spent_ns_.fetch_add(spent_ns, std::memory_order_relaxed) + spent_ns) >= kCompileNs;
}

std::shared_ptr<NativeLoop::Instance> NativeLoop::instance_for(const State& state) {
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
  auto instance = std::make_shared<Instance>();
  instance->isa = best_isa();
  instance->lowered = lower_loop(loop_, shapes);
  if (instance->lowered) {
    const bool short_rows = 5 * instance->lowered->short_cycles > instance->lowered->cycles;
    if (instance->lowered->cycles > (short_rows ? kMaxShortRowCycles : kMaxBodyCycles)) instance->lowered.reset();
  }
  if (instance->lowered) {
    if (checks_nests()) {
      const std::string wrong = verify(instance->lowered->nest);
      if (!wrong.empty())
        throw RuntimeError("a loop was made an invalid nest: " + wrong + "\n" + instance->lowered->nest.str());
    }
    try {
      instance->code = cached_nest(instance->lowered->nest, instance->isa);
      compiled_.store(true, std::memory_order_relaxed);
    } catch (const RuntimeError&) {  // no memory for code
      instance->lowered.reset();
    }
  }
  if (instances_.size() >= kMaxInstances) instances_.clear();
  instances_.emplace(std::move(key), instance);
  return instance;
}

namespace {

// The memory that a run of a nest works on.
class Memory {
 public:
  Memory(const LoopNest& nest, const NativeLoop::State& state) : nest_(nest), state_(state) {}

  // False if something cannot be had.
  bool prepare() {
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
    parameters_ = nest_.parameters;
    if (nest_.trips != kNone) parameters_[static_cast<std::size_t>(nest_.trips)] = state_.length - state_.next;
    for (const LoopNest::Argument& a : nest_.arguments) {
      void* pointer = nullptr;
      if (!place(a, pointer)) return false;
      pointers_.push_back(pointer);
    }
    return true;
  }

  void** pointers() { return pointers_.data(); }
  const std::int64_t* parameters() const { return parameters_.data(); }

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
  bool place(const LoopNest::Argument& a, void*& pointer) {
    const auto index = static_cast<std::size_t>(a.index);
    switch (a.kind) {
      case ArgumentKind::carry:
        own_.push_back(own_memory(state_.carries[index]));
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
        pointer = state_.collect(a.index, nest_.collected[index], state_.length - state_.next);
        return pointer != nullptr;
    }
    return false;
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
  Arrays own_, held_, from_condition_, from_body_;
  std::vector<void*> pointers_;
  std::vector<std::int64_t> parameters_;
};

}  // namespace

bool NativeLoop::run(const State& state) {
  const std::shared_ptr<Instance> instance = instance_for(state);
  if (!instance->lowered) return false;
  const LoopNest& nest = *instance->lowered;
  Memory memory(nest, state);
  if (!memory.prepare()) return false;
  const ProfileSpan span("loop", "native loop");
  Callbacks callbacks{state.poll, nest};
  const std::int64_t interval =
      std::clamp<std::int64_t>(kPollCycles / std::max<std::int64_t>(nest.cycles, 1), 1, 1 << 20);
  const auto status = static_cast<NestStatus>(instance->code->function(memory.pointers(), memory.parameters(), interval,
                                                                       &Callbacks::ask, &Callbacks::run, &callbacks));
  if (callbacks.error) std::rethrow_exception(callbacks.error);
  if (status == NestStatus::refused) return false;
  memory.finish();
  return true;
}

}  // namespace tnp::compiler

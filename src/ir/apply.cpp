#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "ir/apply_internal.h"
#include "ir/expr.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "runtime/profile.h"
#include "tnp/error.h"

namespace tnp {

thread_local constinit std::vector<Observer*>* active_observers = nullptr;
void (*symbolic_value_hook)(const Expr& expr) = nullptr;

namespace {
thread_local std::vector<Observer*> t_observers;
void observers_changed() { active_observers = t_observers.empty() ? nullptr : &t_observers; }
}  // namespace

void push_observer(Observer* observer) {
  t_observers.push_back(observer);
  observers_changed();
}

void pop_observer(Observer* observer) {
  std::erase(t_observers, observer);
  observers_changed();
}

ObserversPaused::ObserversPaused() {
  saved_.swap(t_observers);
  observers_changed();
}

ObserversPaused::~ObserversPaused() {
  saved_.swap(t_observers);
  observers_changed();
}

std::string describe(const Call& call) {
  std::string s = call.op.name;
  s += "(";
  for (std::size_t i = 0; i < call.in.size(); ++i) {
    if (i) s += ", ";
    s += std::string(name(call.in[i].dtype())) + call.in[i].shape().str();
  }
  return s + ")";
}

bool must_record(const Call& call) {
  for (const Array& x : call.in) {
    if (x.is_symbolic()) return true;
  }
  if (current_trace == nullptr) return false;
  if (call.op.effect == Effect::stateful) return true;
  bool symbolic_size = false;
  for_each_symbolic_dim(call.params, [&](Dim) { symbolic_size = true; });
  return symbolic_size;
}

OutputSpecs infer_outputs(const Call& call) {
  bool known = true;
  for (const Array& x : call.in) known = known && x.shape().rank_known();
  if (known || call.op.infers_unknown_rank) return call.op.infer.get()(call);
  OutputSpecs specs;
  if (!call.op.infer_dtype) {
    throw TracerError(
        describe(call) +
        ": needs the number of dimensions of its inputs, which is not known while the function is traced: "
        "give the host function's Tout as ArraySpec(shape, dtype)");
  }
  for (DType dtype : call.op.infer_dtype.get()(call)) specs.push_back({dtype, Shape::unknown_rank()});
  return specs;
}

void execute(const Call& call, std::span<Array> out) {
  for (const Array& x : call.in) x.data();  // computes pending inputs
  ProfileSpan span("operation", call.op.name);
  call.op.execute.get()(call, out);
  if (span.on()) [[unlikely]]
    span.add_bytes(total_bytes(call.in) + total_bytes({out.data(), out.size()}));
}

std::int64_t total_bytes(std::span<const Array> arrays) {
  std::int64_t bytes = 0;
  for (const Array& x : arrays) {
    if (x && x.shape().is_static()) bytes += x.shape().num_elements() * x.itemsize();
  }
  return bytes;
}

Array (*text_hook)(const Call& call) = nullptr;

namespace {

bool has_text(const Call& call) {
  for (const Array& x : call.in) {
    if (!is_numeric(x.dtype())) [[unlikely]]
      return true;
  }
  return false;
}

bool watched(const Call& call) {
  return std::any_of(call.in.begin(), call.in.end(), [](const Array& x) {
    return (x.node()->flags.load(std::memory_order_relaxed) & detail::kWatched) != 0;
  });
}

void notify(const Call& call, std::span<const Array> outputs) {
  if (!watched(call)) return;
  // A copy: an observer may leave the list while it is told.
  const std::vector<Observer*> observers = *active_observers;
  for (Observer* observer : observers) observer->observe(call, outputs);
}

}  // namespace

Arrays apply_multi(const OpDef& op, std::span<const Array> in, const Params& params, std::uint64_t donated) {
  const Call call{op, in, params, active_observers ? 0 : donated};
  if (has_text(call)) return {text_hook(call)};
  Arrays out;
  if (active_observers != nullptr && op.apply_watched != nullptr && watched(call)) {
    out = op.apply_watched(call);
    if (!out.empty()) return out;
  }
  if (must_record(call)) {
    if (current_trace == nullptr) {
      for (const Array& x : in) check_usable(x);
      throw TracerError(describe(call) + ": a symbolic array was used outside of its traced function");
    }
    out = current_trace->record(op, in, params);
  } else {
    out.resize(infer_outputs(call).size());
    execute(call, out);
  }
  if (active_observers != nullptr) notify(call, out);
  return out;
}

Array apply(const OpDef& op, std::span<const Array> in, const Params& params, std::uint64_t donated) {
  const Call call{op, in, params, active_observers ? 0 : donated};
  if (has_text(call)) return text_hook(call);
  if (!must_record(call)) {
    Array out;
    execute(call, {&out, 1});
    if (active_observers != nullptr) notify(call, {&out, 1});
    return out;
  }
  return std::move(apply_multi(op, in, params, donated)[0]);
}

namespace detail {

namespace {

// Held for a few instructions while a pending array is looked at or becomes concrete: several threads may want its
// value at once, those of large calls without the GIL.
constinit std::mutex g_pending;

// What is to be computed; null where another thread has done it.
Expr* pending_expr(Node* node) {
  static const int registered =
      pthread_atfork([] { g_pending.lock(); }, [] { g_pending.unlock(); }, [] { g_pending.unlock(); });
  static_cast<void>(registered);
  const std::lock_guard lock(g_pending);
  if (node->state == State::concrete) return nullptr;
  node->expr->retain();
  return node->expr;
}

// Gives the node the memory of `value`, unless another thread was quicker. Who sees that it is concrete sees all of it,
// and who sees no expression sees that it is concrete.
void become(Node* node, Node* value, Expr* expr) {
  {
    const std::lock_guard lock(g_pending);
    if (node->state == State::concrete) return;
    node->buffer = std::exchange(value->buffer, nullptr);
    node->data = value->data;
    node->strides = std::move(value->strides);
    node->flags.fetch_or(value->flags.load(std::memory_order_relaxed) & kContiguous, std::memory_order_relaxed);
    std::atomic_ref(node->state).store(State::concrete, std::memory_order_release);
    node->expr = nullptr;
  }
  expr->release();  // the node's own
}

}  // namespace

void materialize(Node* node) {
  if (node->state == State::pending && node->expr != nullptr) {
    Expr* expr = pending_expr(node);
    if (expr == nullptr) return;
    struct Release {
      Expr* expr;
      ~Release() { expr->release(); }
    } const release{expr};
    Arrays outputs(expr->num_outputs);
    execute(Call{*expr->op, expr->inputs, *expr->params}, outputs);
    become(node, outputs[node->output].node(), expr);
    return;
  }
  if (std::atomic_ref(node->state).load(std::memory_order_acquire) == State::concrete) return;
  Expr* expr = node->expr;
  if (expr == nullptr) {
    throw TypeError("an array of text (" + std::string(name(node->dtype)) +
                    ") has no numbers: it can be arranged, compared, concatenated and converted");
  }
  if (symbolic_value_hook) symbolic_value_hook(*expr);
  const std::string where = expr->location.empty() ? "" : " (computed at " + expr->location + ")";
  throw TracerError(
      "the value of a symbolic array" + where +
      " is not known while its function is traced. Use tnp.cond, tnp.where or tnp.while_loop for decisions, "
      "and tnp.numpy_function for code that needs the value");
}

}  // namespace detail

}  // namespace tnp

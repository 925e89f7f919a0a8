#include "transform/tape.h"

#include <algorithm>

#include "ir/trace.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/custom.h"

namespace tnp {

namespace {

// The tapes of this thread that want to know of variables.
thread_local std::vector<Tape*> t_variable_tapes;

void on_variable_read(const VariableRef& variable, const Array& value) {
  if (!variable->trainable()) return;
  for (Tape* tape : t_variable_tapes) tape->watch_variable(variable, value);
}

Array ones_like(const Array& x) {
  if (!x.shape().rank_known()) {
    throw TracerError("gradient: the shape of the target is not known while the function is traced");
  }
  return ones(x.shape(), x.dtype());
}

}  // namespace

Array add_cotangents(const Array& a, const Array& b) {
  if (!a) return b;
  return b ? add(a, b) : a;
}

Tape::Tape(bool persistent, bool watch_accessed_variables)
    : persistent_(persistent), watch_variables_(watch_accessed_variables) {}

Tape::~Tape() {
  if (thread_ == std::this_thread::get_id()) stop();
}

void Tape::start() {
  if (recording_) throw ValueError("GradientTape: the tape is recording already");
  recording_ = true;
  thread_ = std::this_thread::get_id();
  push_observer(this);
  if (watch_variables_) {
    t_variable_tapes.push_back(this);
    variable_read_hook = &on_variable_read;
  }
}

void Tape::stop() {
  if (!recording_) return;
  if (thread_ != std::this_thread::get_id())
    throw RuntimeError("GradientTape: recording must end on the thread where it began");
  recording_ = false;
  pop_observer(this);
  std::erase(t_variable_tapes, this);
  if (t_variable_tapes.empty()) variable_read_hook = nullptr;
}

void Tape::reset() {
  records_.clear();
  watched_.clear();
  kept_.clear();
  variable_reads_.clear();
  objects_.clear();
  used_ = false;
}

bool Tape::watch(const Array& x) {
  if (!is_inexact(x.dtype())) return false;
  if (watched_.insert(x.node()).second) kept_.push_back(x);
  x.node()->flags.fetch_or(detail::kWatched, std::memory_order_relaxed);
  return true;
}

void Tape::watch_variable(const VariableRef& variable, const Array& value) {
  if (!watch(value)) return;
  for (const auto& [v, a] : variable_reads_) {
    if (v == variable && a.node() == value.node()) return;
  }
  variable_reads_.emplace_back(variable, value);
}

std::vector<Array> Tape::values_of(const Variable* variable) const {
  std::vector<Array> values;
  for (const auto& [v, a] : variable_reads_) {
    if (v.get() == variable) values.push_back(a);
  }
  return values;
}

void Tape::watch_object(std::shared_ptr<const void> object, const Array& value) {
  std::erase_if(objects_, [&](const auto& known) { return known.first == object; });
  objects_.emplace_back(std::move(object), value);
}

Array Tape::watched_in(const void* object) const {
  for (const auto& [o, value] : objects_) {
    if (o.get() == object) return value;
  }
  return {};
}

void Tape::observe(const Call& call, std::span<const Array> outputs) {
  bool watched = false;
  for (const Array& x : call.in) watched = watched || watched_.contains(x.node());
  if (!watched) return;
  Record record{&call.op, call.params.clone(), Arrays(call.in.begin(), call.in.end()),
                Arrays(outputs.begin(), outputs.end())};
  for (const Array& y : outputs) watch(y);
  records_.push_back(std::move(record));
}

void Tape::step_back(const Record& record, Cotangents& cotangents) const {
  Arrays cts;
  bool any = false;
  for (const Array& y : record.out) {
    const auto it = cotangents.find(y.node());
    cts.push_back(it == cotangents.end() ? Array() : it->second);
    any = any || cts.back();
  }
  if (!any || !record.op->vjp) return;
  // The output may be the input itself (a no-op view); its cotangent then moves on rather than doubling.
  for (const Array& y : record.out) cotangents.erase(y.node());

  const std::size_t n = record.in.size();
  const auto needed = std::make_unique<bool[]>(n);
  for (std::size_t i = 0; i < n; ++i)
    needed[i] = watched_.contains(record.in[i].node()) && is_inexact(record.in[i].dtype());
  Arrays result(n);
  const Call call{*record.op, record.in, *record.params};
  VjpCall v{call, record.out, cts, {needed.get(), n}, result};
  record.op->vjp.get()(v);
  for (std::size_t i = 0; i < n; ++i) {
    if (!needed[i] || !result[i]) continue;
    Array& total = cotangents[record.in[i].node()];
    total = add_cotangents(total, result[i]);
  }
}

void Tape::spread_refusal(const Record& record, const Cotangents& cotangents, Nodes& refusing) const {
  bool spreads = false;
  for (const Array& y : record.out) spreads = spreads || (!refusing.empty() && refusing.contains(y.node()));
  if (spreads && record.op->vjp) {
    for (const Array& x : record.in) {
      if (is_inexact(x.dtype())) refusing.insert(x.node());
    }
  }
  const std::vector<int> refused = refused_inputs(*record.op, *record.params, record.in.size());
  if (refused.empty()) return;
  const bool asked =
      std::any_of(record.out.begin(), record.out.end(), [&](const Array& y) { return cotangents.contains(y.node()); });
  for (int i : refused) {
    if (asked) refusing.insert(record.in[static_cast<std::size_t>(i)].node());
  }
}

Arrays Tape::gradient(std::span<const Array> targets, std::span<const Array> sources, std::span<const Array> cotangents,
                      std::vector<bool>* refused) {
  if (used_ && !persistent_) {
    throw RuntimeError(
        "GradientTape.gradient can be called only once on a tape that is not persistent: make it with persistent=True");
  }
  used_ = true;
  // A tape that is asked while it records hears nothing of its own gradient unless it is to be asked again.
  const bool pause = recording_ && !persistent_;
  if (pause) stop();

  Cotangents cts;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const bool given = i < cotangents.size() && cotangents[i];
    if (given && cotangents[i].shape().is_static() && targets[i].shape().is_static() &&
        cotangents[i].shape() != targets[i].shape()) {
      throw ValueError("gradient: the output gradient of shape " + cotangents[i].shape().str() +
                       " does not fit a target of shape " + targets[i].shape().str());
    }
    if (!is_inexact(targets[i].dtype())) continue;
    Array& total = cts[targets[i].node()];
    total = add_cotangents(total, given ? cotangents[i] : ones_like(targets[i]));
  }
  // A source keeps its cotangent also where the record goes on behind it.
  std::unordered_set<const detail::Node*> wanted;
  for (const Array& x : sources) wanted.insert(x.node());
  Cotangents at_sources;
  const auto keep = [&] {
    for (const detail::Node* node : wanted) {
      const auto it = cts.find(node);
      if (it != cts.end()) at_sources[node] = it->second;
    }
  };
  Nodes refusing;
  const std::size_t count = records_.size();
  for (std::size_t i = count; i-- > 0;) {
    for (const Array& y : records_[i].out) {
      if (wanted.contains(y.node())) keep();
    }
    spread_refusal(records_[i], cts, refusing);
    const Record record = records_[i];  // a copy: a persistent tape may record, and so grow, meanwhile
    step_back(record, cts);
  }
  keep();
  if (refused != nullptr) refused->assign(sources.size(), false);
  Arrays result;
  for (const Array& x : sources) {
    if (refusing.contains(x.node())) {
      if (refused == nullptr) {
        throw TypeError(
            "custom_gradient: a function with a gradient of its own takes this array from outside of its arguments, "
            "so its gradient with respect to it is not known: pass the array as an argument, or through "
            "stop_gradient");
      }
      (*refused)[result.size()] = true;
    }
    const auto it = at_sources.find(x.node());
    result.push_back(it == at_sources.end() ? Array() : it->second);
  }
  if (!persistent_) {
    records_.clear();
    kept_.clear();
    watched_.clear();
  }
  if (pause) start();
  return result;
}

}  // namespace tnp

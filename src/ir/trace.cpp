#include "ir/trace.h"

#include <atomic>
#include <unordered_map>
#include <unordered_set>

#include "ir/apply_internal.h"
#include "ir/expr.h"
#include "ir/variable.h"
#include "tnp/error.h"

namespace tnp {

thread_local constinit Trace* current_trace = nullptr;
std::string (*source_location)() = nullptr;

namespace {

std::uint64_t next_trace_id() {
  static std::atomic<std::uint64_t> id{0};
  return ++id;
}

bool is_active(std::uint64_t trace) {
  for (const Trace* t = current_trace; t != nullptr; t = t->parent()) {
    if (t->id() == trace) return true;
  }
  return false;
}

}  // namespace

void check_usable(const Array& x) {
  if (!x.is_symbolic() || is_active(x.node()->expr->trace)) return;
  const std::string& where = x.node()->expr->location;
  throw TracerError(
      "a symbolic array" + (where.empty() ? std::string() : " (computed at " + where + ")") +
      " was used outside of the traced function it belongs to: return it from the function, or keep it in a "
      "tnp.Variable");
}

Trace::Trace() : id_(next_trace_id()), parent_(current_trace) {
  dims_ = parent_ ? parent_->dims() : DimTable::create();
  current_trace = this;
}

Trace::~Trace() { current_trace = parent_; }

Array Trace::add_input(DType dtype, Shape shape) {
  auto* expr = new Expr;
  expr->trace = id_;
  if (source_location) expr->location = source_location();
  Array x = make_lazy(State::symbolic, expr, 0, dtype, shape);
  expr->release();
  Shape& own = x.node()->shape;
  for (int i = 0; i < own.ndim(); ++i) {
    if (own[i] == -1 || own[i] == kDataDependent) own[i] = dims_->leaf(x.node(), i);
  }
  inputs_.push_back(x);
  keep_alive_.push_back(x);
  return x;
}

Arrays Trace::record(const OpDef& op, std::span<const Array> in, const Params& params) {
  for (const Array& x : in) check_usable(x);
  const OutputSpecs specs = infer_outputs(Call{op, in, params});
  auto* expr = new Expr;
  expr->op = &op;
  expr->params = params.clone();
  expr->inputs.assign(in.begin(), in.end());
  expr->trace = id_;
  expr->num_outputs = static_cast<std::uint32_t>(specs.size());
  if (source_location) expr->location = source_location();
  Arrays outputs;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    Array x = make_lazy(State::symbolic, expr, static_cast<std::uint32_t>(i), specs[i].dtype, specs[i].shape);
    Shape& own = x.node()->shape;
    for (int d = 0; d < own.ndim(); ++d) {
      if (own[d] == kDataDependent) own[d] = dims_->leaf(x.node(), d);
    }
    outputs.push_back(x);
    keep_alive_.push_back(x);
  }
  if (outputs.empty()) {
    // Something must stand for an operation that is run for its effect alone.
    outputs.push_back(make_lazy(State::symbolic, expr, 0, DType::bool_, {}));
    keep_alive_.push_back(outputs[0]);
    recorded_.push_back(outputs[0]);
    outputs.clear();
  } else {
    recorded_.push_back(outputs[0]);
  }
  expr->release();
  return outputs;
}

Trace::VariableState* Trace::find(const Variable* variable) {
  for (VariableState& s : variables_) {
    if (s.variable.get() == variable) return &s;
  }
  return nullptr;
}

Array Trace::read(const VariableRef& variable) {
  if (VariableState* s = find(variable.get())) return s->current;
  // In a nested trace the enclosing one's value is captured like any other; the outermost makes it an input.
  Array value;
  if (parent_ != nullptr) {
    value = parent_->read(variable);
  } else {
    value = add_input(variable->dtype(), variable->shape());
    inputs_.pop_back();
  }
  variables_.push_back({variable, value, value, false});
  return value;
}

void Trace::assign(const VariableRef& variable, const Array& value) {
  VariableState* s = find(variable.get());
  if (s == nullptr) {
    variables_.push_back({variable, Array(), value, true});
    return;
  }
  s->current = value;
  s->assigned = true;
}

// Builds the graph of what the outputs and the effects need, in the order in which it was recorded.
class GraphBuilder {
 public:
  GraphBuilder(std::uint64_t trace, std::unordered_map<const void*, Array> nodes)
      : trace_(trace), nodes_(std::move(nodes)), graph_(std::make_unique<Graph>()) {}

  void add_input(const Array& x) { graph_->inputs.push_back(new_value(x)); }

  void need(const Array& x) {
    pending_.push_back(x);
    while (!pending_.empty()) {
      const Array a = std::move(pending_.back());
      pending_.pop_back();
      visit(a);
    }
  }
  void need_expr(const Expr* expr) {
    if (!wanted_.insert(expr).second) return;
    for (const Array& in : expr->inputs) pending_.push_back(in);
    for_each_symbolic_dim(*expr->params, [&](Dim d) { need_dim(d); });
  }
  void need_dim(Dim d) {
    for_each_leaf(d, [&](const DimExpr& leaf) {
      const auto it = nodes_.find(leaf.node);
      if (it != nodes_.end()) {
        pending_.push_back(it->second);
      } else {
        auto* node = static_cast<detail::Node*>(const_cast<void*>(leaf.node));
        node->refs.fetch_add(1, std::memory_order_relaxed);  // of an enclosing trace, which keeps it alive
        pending_.push_back(Array::adopt(node));
      }
    });
  }
  bool wanted(const Expr* expr) const { return wanted_.contains(expr); }

  void emit(const Expr* expr) {
    GraphNode node{expr->op, expr->params, {}, {}, expr->location};
    for (const Array& in : expr->inputs) node.inputs.push_back(number(in));
    for (const auto& out : outputs_of(expr)) node.outputs.push_back(new_value(out));
    graph_->nodes.push_back(std::move(node));
  }
  int number(const Array& x) const { return number_.at(x.node()); }
  int new_value(const Array& x) {
    const int id = static_cast<int>(graph_->values.size());
    graph_->values.push_back({x.dtype(), x.shape()});
    number_[x.node()] = id;
    graph_->leaf_values[x.node()] = id;
    return id;
  }
  std::vector<Array> outputs_of(const Expr* expr) const {
    const auto it = outputs_.find(expr);
    return it == outputs_.end() ? std::vector<Array>() : it->second;
  }
  void know_output(const Array& x) { outputs_[x.node()->expr].push_back(x); }

  std::unique_ptr<Graph> take() { return std::move(graph_); }
  Graph& graph() { return *graph_; }

 private:
  void visit(const Array& x) {
    if (number_.contains(x.node())) return;
    const Expr* expr = x.node()->expr;
    if (x.is_symbolic() && expr->trace == trace_ && expr->op != nullptr) {
      need_expr(expr);
      return;
    }
    // A concrete array, or a value of an enclosing trace: captured.
    graph_->captured.push_back(x);
    graph_->inputs.push_back(new_value(x));
    for (Dim d : x.shape()) {
      if (is_symbolic(d)) need_dim(d);
    }
  }

  std::uint64_t trace_;
  std::unordered_map<const void*, Array> nodes_;
  std::unique_ptr<Graph> graph_;
  std::vector<Array> pending_;
  std::unordered_set<const Expr*> wanted_;
  std::unordered_map<const void*, int> number_;
  std::unordered_map<const Expr*, std::vector<Array>> outputs_;
};

std::unique_ptr<Graph> Trace::finish(std::span<const Array> args, std::span<const Array> outputs, std::size_t split_at,
                                     std::size_t* split) {
  std::unordered_map<const void*, Array> nodes;
  for (const Array& x : keep_alive_) nodes.emplace(x.node(), x);
  GraphBuilder builder(id_, std::move(nodes));
  for (const Array& x : args) builder.add_input(x);
  for (const Array& x : keep_alive_) {
    if (x.node()->expr->op != nullptr) builder.know_output(x);
  }
  for (const Array& x : recorded_) {
    if (x.node()->expr->op->effect == Effect::stateful) builder.need_expr(x.node()->expr);
  }
  for (const Array& x : outputs) {
    check_usable(x);
    builder.need(x);
  }
  for (const Array& x : recorded_) {  // what the effects pushed, if there were no outputs
    if (builder.wanted(x.node()->expr)) {
      for (const Array& in : x.node()->expr->inputs) builder.need(in);
    }
  }
  for (std::size_t i = 0; i < recorded_.size(); ++i) {
    if (split && i == split_at) *split = builder.graph().nodes.size();
    if (builder.wanted(recorded_[i].node()->expr)) builder.emit(recorded_[i].node()->expr);
  }
  if (split && split_at >= recorded_.size()) *split = builder.graph().nodes.size();
  for (const Array& x : outputs) builder.graph().outputs.push_back(builder.number(x));
  builder.graph().dims = dims_;
  return builder.take();
}

}  // namespace tnp

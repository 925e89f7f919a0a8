#include "compiler/algebra.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>

#include "base/dim.h"
#include "compiler/param_reader.h"
#include "ir/observer.h"
#include "ir/some_params.h"
#include "ir/trace.h"
#include "ops/elementwise/cast_params.h"
#include "tnp/primitives.h"

namespace tnp::compiler {

namespace {

constexpr int kMaxRewrites = 8;  // of one call

const OpDef& named(const char* name) { return *find_op(name); }

// Parameters with some fields set.
class ParamWriter final : public SomeParams {
 public:
  std::map<std::string, Shape> shapes;
  std::map<std::string, Axes> axes;
  std::map<std::string, DType> dtypes;

  ParamsRef apply(const Params& params) {
    std::shared_ptr<Params> copy = params.clone();
    copy->visit(*this);
    return copy;
  }

  using SomeParams::operator();
  void operator()(const char* name, Shape& value) override { set(shapes, name, value); }
  void operator()(const char* name, Axes& value) override { set(axes, name, value); }
  void operator()(const char* name, DType& value) override { set(dtypes, name, value); }

 private:
  template <class T>
  static void set(const std::map<std::string, T>& values, const char* name, T& value) {
    if (const auto it = values.find(name); it != values.end()) value = it->second;
  }
};

ParamsRef cast_params(DType to) {
  CastParams p;
  p.dtype = to;
  return p.clone();
}

// Every value of `from` is one of `to`.
bool holds(DType to, DType from) {
  if (to == from || from == DType::bool_) return true;
  if (is_complex(to) || is_complex(from) || to == DType::bool_) return false;
  const int a = itemsize(from), b = itemsize(to);
  if (is_floating(from)) return is_floating(to) && b > a;
  if (is_integer(to)) return (is_signed_integer(to) || !is_signed_integer(from)) && b > a;
  return b > a;  // an integer in a wider floating type: 8 bits in 11, 16 in 24, 32 in 53
}

class Rules {
 public:
  Rules(Graph& graph, bool constants, std::size_t num_given)
      : graph_(graph), constants_(constants), num_given_(num_given) {
    for (std::size_t i = 0; i < graph.values.size(); ++i) by_.push_back(static_cast<int>(i));
    producer_.assign(graph.values.size(), -1);
    readers_.assign(graph.values.size(), 0);
    for (const GraphNode& n : graph.nodes) {
      for (int v : n.inputs) ++readers_[static_cast<std::size_t>(v)];
    }
    const auto args = static_cast<std::size_t>(graph.num_args());
    for (std::size_t i = 0; i < graph.captured.size(); ++i) captured_[graph.inputs[args + i]] = static_cast<int>(i);
  }

  std::vector<int> run() {
    const ObserversPaused observers_paused;
    const TracePaused trace_paused;
    for (GraphNode& node : graph_.nodes) {
      for (int& v : node.inputs) v = by_[static_cast<std::size_t>(v)];
      int same = -1;
      for (int count = 0; same < 0 && count < kMaxRewrites && is_simple(node); ++count) {
        if (!rewrite(node, same)) break;
      }
      if (same >= 0) {
        by_[static_cast<std::size_t>(node.outputs[0])] = same;
        continue;
      }
      for (int v : node.outputs) producer_[static_cast<std::size_t>(v)] = static_cast<int>(kept_.size());
      kept_.push_back(std::move(node));
    }
    graph_.nodes = std::move(kept_);
    for (int& v : graph_.outputs) v = by_[static_cast<std::size_t>(v)];
    for (auto& [_, v] : graph_.leaf_values) v = by_[static_cast<std::size_t>(v)];
    std::vector<int> relied;
    for (int i : relied_) relied.push_back(graph_.num_args() + i);
    return relied;
  }

 private:
  static bool is_simple(const GraphNode& node) { return node.op->effect == Effect::none && node.outputs.size() == 1; }
  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  const GraphNode* maker(int v, const OpDef& op) const {
    const int n = producer_[static_cast<std::size_t>(v)];
    return n >= 0 && kept_[static_cast<std::size_t>(n)].op == &op ? &kept_[static_cast<std::size_t>(n)] : nullptr;
  }
  const GraphNode* maker(int v, const char* op) const { return maker(v, named(op)); }
  bool same_shape(int a, int b) const {
    const Shape &x = value(a).shape, &y = value(b).shape;
    return x.rank_known() && y.rank_known() && x == y;
  }

  // True if something was changed: the call itself, or `same`, a value that its result is.
  bool rewrite(GraphNode& node, int& same) {
    using Rule = bool (Rules::*)(GraphNode&, int&);
    static const std::unordered_map<const OpDef*, Rule> rules{
        {&named("add"), &Rules::sum},
        {&named("subtract"), &Rules::sum},
        {&named("multiply"), &Rules::product},
        {&named("divide"), &Rules::quotient},
        {&named("negative"), &Rules::twice},
        {&named("invert"), &Rules::twice},
        {&named("conjugate"), &Rules::twice},
        {&named("logical_not"), &Rules::twice},
        {&named("absolute"), &Rules::size},
        {&named("where"), &Rules::choice},
        {&named("maximum"), &Rules::equals},
        {&named("minimum"), &Rules::equals},
        {&named("bitwise_and"), &Rules::equals},
        {&named("bitwise_or"), &Rules::equals},
        {&named("cast"), &Rules::cast},
        {&named("reshape"), &Rules::again},
        {&named("broadcast_to"), &Rules::again},
        {&named("transpose"), &Rules::transpose},
        {&named("slice"), &Rules::slice},
        {&named("gather"), &Rules::gather},
    };
    const auto it = rules.find(node.op);
    return it != rules.end() && (this->*it->second)(node, same);
  }

  // The result is value v in the result's type, if that is of the result's shape: `other` is one element.
  bool becomes(GraphNode& node, int v, int other, int& same) {
    const GraphValue &out = value(node.outputs[0]), &x = value(v);
    const Shape& one = value(other).shape;
    if (!(one.rank_known() && one.ndim() == 0) && !same_shape(v, node.outputs[0])) return false;
    if (x.dtype == out.dtype) {
      same = v;
      return true;
    }
    if (is_complex(x.dtype) || is_complex(out.dtype)) return false;
    node = {&named("cast"), cast_params(out.dtype), {v}, node.outputs, node.location};
    return true;
  }

  // A captured real number of no dimensions, which the caller relies on if it says so.
  bool constant(int v, double& number) const {
    if (!constants_) return false;
    const auto it = captured_.find(v);
    if (it == captured_.end()) return false;
    const Array& x = graph_.captured[static_cast<std::size_t>(it->second)];
    if (x.state() != State::concrete || x.shape().ndim() != 0 || !is_numeric(x.dtype()) || is_complex(x.dtype()))
      return false;
    number = *astype(x, DType::float64).data_as<double>();
    return true;
  }
  void rely_on(int v) {
    if (const int i = captured_.at(v); i < static_cast<int>(num_given_)) relied_.insert(i);
  }
  int new_constant(const Array& x) {
    graph_.values.push_back({x.dtype(), x.shape()});
    const int v = static_cast<int>(graph_.values.size()) - 1;
    by_.push_back(v);
    producer_.push_back(-1);
    captured_[v] = static_cast<int>(graph_.captured.size());
    graph_.inputs.push_back(v);
    graph_.captured.push_back(x);
    return v;
  }

  // x - 0, x + -0.0; of integers also x + 0. (0.0 + -0.0 is 0.0.)
  bool sum(GraphNode& node, int& same) {
    const bool minus = node.op == &named("subtract"), floating = is_floating(value(node.outputs[0]).dtype);
    if (is_complex(value(node.outputs[0]).dtype)) return false;
    for (int k = 1; k >= (minus ? 1 : 0); --k) {
      double c = 0;
      const int zero = node.inputs[static_cast<std::size_t>(k)], x = node.inputs[static_cast<std::size_t>(1 - k)];
      if (!constant(zero, c) || c != 0 || (floating && std::signbit(c) == minus)) continue;
      if (!becomes(node, x, zero, same)) continue;
      rely_on(zero);
      return true;
    }
    return false;
  }

  bool product(GraphNode& node, int& same) {
    if (is_complex(value(node.outputs[0]).dtype)) return false;
    for (std::size_t k = 0; k < 2; ++k) {
      double c = 0;
      const int one = node.inputs[k], x = node.inputs[1 - k];
      if (!constant(one, c) || c != 1 || !becomes(node, x, one, same)) continue;
      rely_on(one);
      return true;
    }
    return false;
  }

  // x / 1, and by a power of two: times its reciprocal, which is exact.
  bool quotient(GraphNode& node, int& same) {
    const DType dtype = value(node.outputs[0]).dtype;
    double c = 0;
    const int by = node.inputs[1], x = node.inputs[0];
    if (is_complex(dtype) || !constant(by, c)) return false;
    if (c == 1) {
      if (!becomes(node, x, by, same)) return false;
      rely_on(by);
      return true;
    }
    int exponent = 0;
    const bool known = dtype == DType::float32 || dtype == DType::float64;
    if (!known || !std::isfinite(c) || std::fabs(std::frexp(c, &exponent)) != 0.5 || std::abs(exponent) > 100)
      return false;
    rely_on(by);
    node.op = &named("multiply");
    node.inputs = {x, new_constant(Scalar(1 / c).to_array(dtype))};
    return true;
  }

  // -(-x), ~~x, …: what is its own inverse.
  bool twice(GraphNode& node, int& same) {
    const GraphNode* inner = maker(node.inputs[0], *node.op);
    if (inner == nullptr || value(inner->inputs[0]).dtype != value(node.outputs[0]).dtype) return false;
    same = inner->inputs[0];
    return true;
  }

  // |-x| and ||x||
  bool size(GraphNode& node, int& same) {
    const DType dtype = value(node.outputs[0]).dtype;
    if (is_complex(value(node.inputs[0]).dtype)) return false;
    if (const GraphNode* inner = maker(node.inputs[0], *node.op);
        inner != nullptr && value(node.inputs[0]).dtype == dtype) {
      same = node.inputs[0];
      return true;
    }
    const GraphNode* minus = maker(node.inputs[0], "negative");
    if (minus == nullptr || value(minus->inputs[0]).dtype != dtype || (is_integer(dtype) && !is_signed_integer(dtype)))
      return false;
    node.inputs[0] = minus->inputs[0];
    return true;
  }

  // The larger of x and x
  bool equals(GraphNode& node, int& same) {
    if (node.inputs[0] != node.inputs[1] || value(node.inputs[0]).dtype != value(node.outputs[0]).dtype) return false;
    same = node.inputs[0];
    return true;
  }

  bool choice(GraphNode& node, int& same) {
    const int out = node.outputs[0];
    const auto is_result = [&](int v) { return value(v).dtype == value(out).dtype && same_shape(v, out); };
    double c = 0, a = 0, b = 0;
    if (constant(node.inputs[0], c)) {
      const int taken = node.inputs[c != 0 ? 1 : 2];
      if (!is_result(taken)) return false;
      rely_on(node.inputs[0]);
      same = taken;
      return true;
    }
    if (node.inputs[1] == node.inputs[2] && is_result(node.inputs[1])) {
      same = node.inputs[1];
      return true;
    }
    if (const GraphNode* inner = maker(node.inputs[0], "logical_not");
        inner != nullptr && value(inner->inputs[0]).dtype == DType::bool_) {
      node.inputs = {inner->inputs[0], node.inputs[2], node.inputs[1]};
      return true;
    }
    if (value(node.inputs[0]).dtype != DType::bool_ || !same_shape(node.inputs[0], out)) return false;
    if (is_complex(value(out).dtype) || !constant(node.inputs[1], a) || !constant(node.inputs[2], b)) return false;
    if (a != 1 || b != 0 || std::signbit(b)) return false;
    rely_on(node.inputs[1]);
    rely_on(node.inputs[2]);
    if (value(out).dtype == DType::bool_) {
      same = node.inputs[0];
    } else {
      node = {&named("cast"), cast_params(value(out).dtype), {node.inputs[0]}, node.outputs, node.location};
    }
    return true;
  }
  // By way of a type that holds every value.
  bool cast(GraphNode& node, int& same) {
    const GraphNode* inner = maker(node.inputs[0], *node.op);
    if (inner == nullptr) return false;
    const DType from = value(inner->inputs[0]).dtype, by = value(node.inputs[0]).dtype,
                to = value(node.outputs[0]).dtype;
    if (!is_numeric(from) || !is_numeric(by) || !is_numeric(to) || is_complex(from) || !holds(by, from)) return false;
    // From floating types to integers what does not fit is converted in one way or another.
    if (is_floating(by) && (is_integer(to) && to != from)) return false;
    if (to == from) {
      same = inner->inputs[0];
    } else {
      node.inputs[0] = inner->inputs[0];
    }
    return true;
  }

  // A reshape of a reshape, a broadcast of a broadcast.
  bool again(GraphNode& node, int&) {
    const GraphNode* inner = maker(node.inputs[0], *node.op);
    if (inner == nullptr || !value(inner->inputs[0]).shape.is_static() || !value(node.outputs[0]).shape.is_static())
      return false;
    // What a view shows may have to be copied by the inner one, once for all who read it.
    const int by = producer_[static_cast<std::size_t>(inner->inputs[0])];
    const bool of_view = by >= 0 && kept_[static_cast<std::size_t>(by)].op->fusion == Fusion::broadcast;
    if (of_view && readers_[static_cast<std::size_t>(node.inputs[0])] > 1) return false;
    node.inputs[0] = inner->inputs[0];
    return true;
  }

  bool transpose(GraphNode& node, int& same) {
    Axes order = ParamReader(*node.params).axes.at("axes");
    const GraphNode* inner = maker(node.inputs[0], *node.op);
    if (inner != nullptr) {
      const Axes first = ParamReader(*inner->params).axes.at("axes");
      for (std::int64_t& a : order) a = first[static_cast<int>(a)];
    }
    bool identity = true;
    for (int i = 0; i < order.size(); ++i) identity = identity && order[i] == i;
    const int from = inner ? inner->inputs[0] : node.inputs[0];
    if (identity) {
      same = from;
      return true;
    }
    if (inner == nullptr) return false;
    ParamWriter writer;
    writer.axes["axes"] = order;
    node.params = writer.apply(*node.params);
    node.inputs[0] = from;
    return true;
  }

  struct Slice : SliceParams {
    explicit Slice(const GraphNode& node) : SliceParams(*node.params) {}
    bool is_known() const { return start.is_static() && count.is_static(); }
    bool takes_all(int axis, Dim size) const { return start[axis] == 0 && step[axis] == 1 && count[axis] == size; }
  };

  bool slice(GraphNode& node, int& same) {
    const Slice s(node);
    const Shape& from = value(node.inputs[0]).shape;
    if (!from.rank_known() || from.ndim() != s.count.ndim()) return false;
    bool whole = true;
    for (int i = 0; i < from.ndim(); ++i) whole = whole && s.takes_all(i, from[i]);
    if (whole) {
      same = node.inputs[0];
      return true;
    }
    if (!s.is_known() || !from.is_static() || s.count.num_elements() == 0) return false;
    if (const GraphNode* inner = maker(node.inputs[0], *node.op)) {
      const Slice first(*inner);
      if (!first.is_known() || !value(inner->inputs[0]).shape.is_static()) return false;
      Slice both = s;
      for (int i = 0; i < from.ndim(); ++i) {
        both.start[i] = first.start[i] + first.step[i] * s.start[i];
        both.step[i] = first.step[i] * s.step[i];
      }
      return set_slice(node, inner->inputs[0], both);
    }
    const GraphNode* joined = maker(node.inputs[0], "concatenate");
    return joined != nullptr && slice_of_joined(node, *joined, s);
  }

  bool set_slice(GraphNode& node, int from, const Slice& s) {
    ParamWriter writer;
    writer.shapes = {{"start", s.start}, {"count", s.count}};
    writer.axes = {{"step", s.step}};
    node.params = writer.apply(*node.params);
    node.inputs[0] = from;
    return true;
  }

  // Of one of the arrays that were joined.
  bool slice_of_joined(GraphNode& node, const GraphNode& joined, Slice s) {
    const int axis = static_cast<int>(ParamReader(*joined.params).number("axis"));
    const std::int64_t a = s.start[axis], b = a + (s.count[axis] - 1) * s.step[axis];
    std::int64_t begin = 0;
    for (int v : joined.inputs) {
      const Shape& shape = value(v).shape;
      if (!shape.is_static()) return false;
      const std::int64_t end = begin + shape[axis];
      if (std::min(a, b) >= begin && std::max(a, b) < end) {
        if (value(v).dtype != value(node.outputs[0]).dtype) return false;
        s.start[axis] -= begin;
        return set_slice(node, v, s);
      }
      begin = end;
    }
    return false;
  }

  // x[arange(len(x))]
  bool gather(GraphNode& node, int& same) {
    if (node.inputs.size() != 2 || maker(node.inputs[1], "iota") == nullptr) return false;
    const Axes axes = ParamReader(*node.params).axes.at("axes");
    const Shape &x = value(node.inputs[0]).shape, &index = value(node.inputs[1]).shape;
    if (!x.rank_known() || index.ndim() != 1 || x[static_cast<int>(axes[0])] != index[0]) return false;
    same = node.inputs[0];
    return true;
  }

  Graph& graph_;
  const bool constants_;
  const std::size_t num_given_;            // captured arrays that a run may be given others for
  std::vector<int> by_;                    // of each value: what takes its place
  std::vector<int> producer_;              // of each value: a node of kept_, or -1
  std::vector<int> readers_;               // of each value of the graph as it was: how many
  std::unordered_map<int, int> captured_;  // value → place among the captured arrays
  std::vector<GraphNode> kept_;
  std::set<int> relied_;
};

}  // namespace

std::vector<int> apply_rules(Graph& graph, bool constants, std::size_t num_given) {
  return Rules(graph, constants, num_given).run();
}

}  // namespace tnp::compiler

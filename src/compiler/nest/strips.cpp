#include "compiler/nest/strips.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "compiler/nest/value_order.h"
#include "compiler/param_reader.h"
#include "ops/reduce/reduce_driver.h"

namespace tnp::compiler {

const OpDef kStrips = [] {
  OpDef op{};
  op.name = "strips";
  op.doc = "Rows, one after the other.";
  op.family = "control";
  return op;
}();

namespace {

constexpr std::int64_t kFewestRows = 4;
constexpr std::int64_t kShortestRow = 24;    // shorter ones are better computed several at a time
constexpr std::int64_t kMostRows = 1 << 12;  // more are worth threads

struct StripParams final : ParamsOf<StripParams> {
  GraphRef body;
  std::int64_t num_carries = 0, num_scanned = 0;
  bool reverse = false;
  template <class V>
  void fields(V& v) {
    v("body", body);
    v("num_carries", num_carries);
    v("num_scanned", num_scanned);
    v("reverse", reverse);
  }
};

class StripMaker {
 public:
  StripMaker(Graph& graph, int most_elements, int num_packed)
      : graph_(graph), most_(most_elements), num_packed_(num_packed), orders_(value_orders(graph)) {}

  bool run() {
    find_readers();
    for (std::size_t seed = 0; seed < graph_.nodes.size(); ++seed) {
      if (!grow(seed)) continue;
      replace();
      return true;
    }
    return false;
  }

 private:
  struct Member {
    std::vector<int> axes;  // of each input: 0 where rows of it are read, -1 where it is read as a whole
    ParamsRef params;       // for one row
  };

  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  const GraphNode& node(std::size_t n) const { return graph_.nodes[n]; }
  std::int64_t elements(int v) const { return value(v).shape.num_elements(); }
  bool is_large(int v) const { return elements(v) > most_; }
  bool touches_large(const GraphNode& n) const {
    return is_large(n.outputs[0]) || std::any_of(n.inputs.begin(), n.inputs.end(), [&](int v) { return is_large(v); });
  }

  void find_readers() {
    readers_.assign(graph_.values.size(), {});
    maker_.assign(graph_.values.size(), -1);
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (int v : node(n).inputs) readers_[static_cast<std::size_t>(v)].push_back(n);
      for (int v : node(n).outputs) maker_[static_cast<std::size_t>(v)] = static_cast<int>(n);
    }
  }

  // The order of a floating sum depends on how its elements lie in memory.
  bool is_packed(int v) const {
    const int n = maker_[static_cast<std::size_t>(v)];
    if (n < 0) {
      const auto end = graph_.inputs.begin() + num_packed_;
      return std::find(graph_.inputs.begin(), end, v) != end;
    }
    const Fusion f = node(static_cast<std::size_t>(n)).op->fusion;
    return f == Fusion::reduction ||
           (is_elementwise(f) && orders_[static_cast<std::size_t>(v)] != ValueOrder::permuted);
  }

  bool is_known_reduction(const GraphNode& n) const {
    const std::optional<ReduceOp> op = reduce_op_of(*n.op);
    if (!op || *op == ReduceOp::argmin || *op == ReduceOp::argmax) return false;
    const ParamReader params(*n.params);
    const Axes& axes = params.axes.at("axes");
    return !axes.empty() && axes[axes.size() - 1] - axes[0] + 1 == axes.size() && is_packed(n.inputs[0]);
  }

  // Others, as slices, give rows in another order.
  static bool keeps_rows(std::string_view name) {
    return name == "reshape" || name == "broadcast_to" || name == "transpose";
  }

  // How a call is computed row by row.
  std::optional<Member> member(const GraphNode& n, std::int64_t rows) const {
    const Fusion f = n.op->fusion;
    const bool elementwise = is_elementwise(f);
    if (n.outputs.size() != 1 || n.op->effect != Effect::none) return {};
    if (!elementwise && n.op->tile == nullptr) return {};
    if (f == Fusion::reduction ? !is_known_reduction(n) : !elementwise && !keeps_rows(n.op->name)) return {};
    const Shape& out = value(n.outputs[0]).shape;
    if (out.ndim() == 0 || out[0] != rows) return {};
    const auto fits = [&](int v, bool in_rows) {
      const GraphValue& x = value(v);
      return is_numeric(x.dtype) && !is_complex(x.dtype) && elements(v) > 0 &&
             elements(v) <= (in_rows ? rows : 1) * most_;
    };
    if (!fits(n.outputs[0], true)) return {};
    Member m{{}, n.params};
    std::vector<TileCall::Part> parts(n.inputs.size());
    if (elementwise) {
      for (std::size_t k = 0; k < parts.size(); ++k) {
        const Shape& in = value(n.inputs[k]).shape;
        if (in.ndim() == out.ndim() && in[0] == rows) parts[k].axis = 0;
      }
    } else {
      std::vector<Shape> shapes;
      for (int v : n.inputs) shapes.push_back(value(v).shape);
      TileCall call{*n.op, shapes, *n.params, 0, 0, 1, parts, nullptr};
      if (!n.op->tile(call)) return {};
      if (call.params_of_part) m.params = call.params_of_part;
    }
    for (std::size_t k = 0; k < parts.size(); ++k) {
      const bool in_rows = parts[k].axis == 0;
      if (parts[k].axis > 0 || !fits(n.inputs[k], in_rows)) return {};
      if (in_rows && value(n.inputs[k]).shape[0] != rows) return {};
      m.axes.push_back(in_rows ? 0 : -1);
    }
    return m;
  }

  bool is_made(int v) const {
    const int n = maker_[static_cast<std::size_t>(v)];
    return n >= 0 && members_.contains(static_cast<std::size_t>(n));
  }
  bool is_output(int v) const {
    return std::find(graph_.outputs.begin(), graph_.outputs.end(), v) != graph_.outputs.end();
  }
  bool read_by_members(int v) const {
    const auto& readers = readers_[static_cast<std::size_t>(v)];
    return std::any_of(readers.begin(), readers.end(), [&](std::size_t r) { return members_.contains(r); });
  }

  // What follows from a call, as far as it is computed row by row and nothing outside lies in between.
  bool grow(std::size_t seed) {
    members_.clear();
    after_.clear();
    if (node(seed).outputs.empty() || !touches_large(node(seed))) return false;
    const Shape& shape = value(node(seed).outputs[0]).shape;
    if (shape.ndim() == 0 || shape[0] < kFewestRows || shape[0] > kMostRows) return false;
    rows_ = shape[0];
    std::optional<Member> first = member(node(seed), rows_);
    if (!first) return false;
    members_.emplace(seed, std::move(*first));
    std::set<int> outside;  // values that depend on members', but are none
    for (std::size_t n = seed + 1; n < graph_.nodes.size(); ++n) {
      const std::vector<int>& in = node(n).inputs;
      const bool reads = std::any_of(in.begin(), in.end(), [&](int v) { return is_made(v); });
      const bool late = std::any_of(in.begin(), in.end(), [&](int v) { return outside.contains(v); });
      if (!reads && !late) continue;
      std::optional<Member> m = late ? std::nullopt : member(node(n), rows_);
      for (std::size_t k = 0; m && k < in.size(); ++k) {
        if (is_made(in[k]) && m->axes[k] != 0) m.reset();
      }
      if (m) {
        members_.emplace(n, std::move(*m));
      } else {
        outside.insert(node(n).outputs.begin(), node(n).outputs.end());
      }
    }
    add_makers(seed);
    drop_small();
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const std::vector<int>& in = node(n).inputs;
      if (members_.contains(n)) continue;
      if (std::any_of(in.begin(), in.end(), [&](int v) { return is_made(v) || after_.contains(v); }))
        after_.insert(node(n).outputs.begin(), node(n).outputs.end());
    }
    return is_worth_it();
  }

  // Calls that only members read.
  void add_makers(std::size_t seed) {
    for (std::size_t n = members_.rbegin()->first; n-- > 0;) {
      if (members_.contains(n) || n == seed || node(n).outputs.size() != 1) continue;
      const int out = node(n).outputs[0];
      const auto& readers = readers_[static_cast<std::size_t>(out)];
      if (readers.empty() || is_output(out) || !is_large(out)) continue;
      const auto in_rows = [&](std::size_t r) {
        const auto it = members_.find(r);
        if (it == members_.end()) return false;
        for (std::size_t k = 0; k < it->second.axes.size(); ++k) {
          if (node(r).inputs[k] == out && it->second.axes[k] != 0) return false;
        }
        return true;
      };
      if (!std::all_of(readers.begin(), readers.end(), in_rows)) continue;
      if (std::optional<Member> m = member(node(n), rows_)) members_.emplace(n, std::move(*m));
    }
  }

  // At the end of the group, what is done with small arrays is better done with all rows at once.
  void drop_small() {
    std::vector<std::size_t> order;
    for (const auto& [n, m] : members_) order.push_back(n);
    for (auto n = order.rbegin(); n != order.rend(); ++n) {
      if (!touches_large(node(*n)) && !read_by_members(node(*n).outputs[0])) members_.erase(*n);
    }
  }

  bool is_worth_it() const {
    std::int64_t longest = 0;
    bool reduces = false;
    for (const auto& [n, m] : members_) {
      longest = std::max(longest, elements(node(n).outputs[0]) / rows_);
      for (int v : node(n).inputs) {
        // A reduction of what is there already is a call of the library, and a good one.
        if (node(n).op->fusion == Fusion::reduction && is_large(v) && is_made(v)) reduces = true;
      }
    }
    return reduces && longest >= kShortestRow;
  }

  void replace() {
    auto body = std::make_shared<Graph>();
    body->dims = graph_.dims;
    const auto add_value = [&](GraphValue v, bool in_rows) {
      if (in_rows) v.shape[0] = 1;
      body->values.push_back(std::move(v));
      return static_cast<int>(body->values.size()) - 1;
    };
    GraphNode call{&kStrips, nullptr, {}, {}, ""};
    std::map<std::pair<int, int>, int> inner;  // value and axis → the body's value
    for (const int axis : {0, -1}) {
      for (const auto& [n, m] : members_) {
        for (std::size_t k = 0; k < m.axes.size(); ++k) {
          const int v = node(n).inputs[k];
          if (m.axes[k] != axis || is_made(v) || inner.contains({v, axis})) continue;
          inner[{v, axis}] = add_value(value(v), axis == 0);
          body->inputs.push_back(inner[{v, axis}]);
          call.inputs.push_back(v);
        }
      }
      if (axis == 0) num_scanned_ = static_cast<std::int64_t>(call.inputs.size());
    }
    for (const auto& [n, m] : members_) {
      GraphNode row = node(n);
      row.params = m.params;
      for (std::size_t k = 0; k < m.axes.size(); ++k) row.inputs[k] = inner.at({node(n).inputs[k], m.axes[k]});
      const int out = node(n).outputs[0];
      row.outputs[0] = inner[{out, 0}] = add_value(value(out), true);
      body->nodes.push_back(std::move(row));
      const auto& readers = readers_[static_cast<std::size_t>(out)];
      const bool read_outside =
          std::any_of(readers.begin(), readers.end(), [&](std::size_t r) { return !members_.contains(r); });
      if (!read_outside && !is_output(out)) continue;
      call.outputs.push_back(out);
      body->outputs.push_back(body->nodes.back().outputs[0]);
    }
    auto params = std::make_shared<StripParams>();
    params->body = std::move(body);
    params->num_scanned = num_scanned_;
    call.params = std::move(params);
    put(std::move(call));
  }

  // The call in place of the members: what does not depend on it comes before, the rest after.
  void put(GraphNode call) {
    std::vector<GraphNode> before, later;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (members_.contains(n)) continue;
      const std::vector<int>& out = node(n).outputs;
      const bool is_later = std::any_of(out.begin(), out.end(), [&](int v) { return after_.contains(v); });
      (is_later ? later : before).push_back(std::move(graph_.nodes[n]));
    }
    before.push_back(std::move(call));
    std::move(later.begin(), later.end(), std::back_inserter(before));
    graph_.nodes = std::move(before);
  }

  Graph& graph_;
  const std::int64_t most_;
  const int num_packed_;
  const std::vector<ValueOrder> orders_;  // of each value
  std::int64_t rows_ = 0, num_scanned_ = 0;
  std::map<std::size_t, Member> members_;          // nodes
  std::set<int> after_;                            // values that depend on members'
  std::vector<std::vector<std::size_t>> readers_;  // of each value
  std::vector<int> maker_;
};

}  // namespace

bool make_strips(Graph& graph, int most_elements, int num_packed) {
  bool any = false;
  while (StripMaker(graph, most_elements, num_packed).run()) any = true;
  return any;
}

}  // namespace tnp::compiler

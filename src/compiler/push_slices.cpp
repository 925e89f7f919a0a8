#include "compiler/push_slices.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "compiler/param_reader.h"
#include "compiler/simplify.h"
#include "ops/elementwise/family.h"

namespace tnp::compiler {

namespace {

// What is taken of a value: of each of its axes.
struct Taken {
  Shape start, count;
  Axes step;
  friend bool operator==(const Taken&, const Taken&) = default;
  void push(Dim s, std::int64_t t, Dim c) {
    start.push_back(s);
    step.push_back(t);
    count.push_back(c);
  }
  bool is_all_of(const Shape& shape) const {
    for (int d = 0; d < shape.ndim(); ++d) {
      if (start[d] != 0 || step[d] != 1 || count[d] != shape[d]) return false;
    }
    return true;
  }
};

// Parameters with a shape, or with what is taken, set.
class ShapeWriter final : public SomeParams {
 public:
  static ParamsRef slice(const Params& params, const Taken& t) {
    ShapeWriter w;
    w.shapes_ = {{"start", t.start}, {"count", t.count}};
    w.step_ = &t.step;
    return w.apply(params);
  }
  static ParamsRef shape(const Params& params, const Shape& shape) {
    ShapeWriter w;
    w.shapes_ = {{"shape", shape}};
    return w.apply(params);
  }

  using SomeParams::operator();
  void operator()(const char* name, Shape& value) override {
    if (const auto it = shapes_.find(name); it != shapes_.end()) value = it->second;
  }
  void operator()(const char*, Axes& value) override {
    if (step_ != nullptr) value = *step_;
  }

 private:
  ParamsRef apply(const Params& params) {
    std::shared_ptr<Params> copy = params.clone();
    copy->visit(*this);
    return copy;
  }
  std::map<std::string, Shape> shapes_;
  const Axes* step_ = nullptr;
};

class SlicePusher {
 public:
  explicit SlicePusher(Graph& graph) : graph_(graph), readers_(graph.values.size()), maker_(graph.values.size(), -1) {
    fixed_.assign(graph.values.size(), false);
    for (int n = 0; n < static_cast<int>(graph.nodes.size()); ++n) {
      for (int v : graph.nodes[at(n)].inputs) readers_[at(v)].push_back(n);
      for (int v : graph.nodes[at(n)].outputs) maker_[at(v)] = n;
      for_each_size_source(graph, *graph.nodes[at(n)].params, [&](int v) { fixed_[at(v)] = true; });
    }
    for (int v : graph.outputs) fixed_[at(v)] = true;
  }

  bool run() {
    bool any = false;
    std::vector<GraphNode> kept;
    std::vector<std::vector<GraphNode>> instead(graph_.nodes.size());
    std::vector<bool> gone(graph_.nodes.size(), false);
    // From the last one back, so that a slice of a slice is seen after it.
    for (int n = static_cast<int>(graph_.nodes.size()) - 1; n >= 0; --n) {
      if (gone[at(n)] || std::strcmp(graph_.nodes[at(n)].op->name, "slice") != 0) continue;
      std::map<int, Taken> region;
      if (!find_region(n, region)) continue;
      instead[at(n)] = sliced(n, region);
      any = gone[at(n)] = true;
      for (const auto& [m, _] : region) gone[at(m)] = true;
    }
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (!gone[n]) kept.push_back(std::move(graph_.nodes[n]));
      for (GraphNode& node : instead[n]) kept.push_back(std::move(node));
    }
    graph_.nodes = std::move(kept);
    return any;
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  const Shape& shape(int v) const { return graph_.values[at(v)].shape; }
  const GraphNode& node(int n) const { return graph_.nodes[at(n)]; }

  static bool is_elementwise(const GraphNode& n) {
    return n.op->fusion == Fusion::cast ||
           (n.op->fusion == Fusion::elementwise && n.op->elementwise && !n.op->elementwise->check);
  }

  // Whether it is worth while: fewer than half of the elements, or fewer than there are.
  static bool takes_few(const Taken& t, const Shape& from) {
    if (t.count.is_static() && from.is_static()) return 2 * t.count.num_elements() <= from.num_elements();
    for (int d = 0; d < from.ndim(); ++d) {
      if (!is_symbolic(t.count[d]) && is_symbolic(from[d])) return true;
    }
    return false;
  }

  // What is taken of each input of a node of whose result `t` is taken; false if that cannot be told.
  bool taken_of_inputs(const GraphNode& n, const Taken& t, std::vector<Taken>& inputs) const {
    const Shape& out = shape(n.outputs[0]);
    inputs.assign(n.inputs.size(), {});
    if (std::strcmp(n.op->name, "transpose") == 0) {
      const Axes order = ParamReader(*n.params).axes.at("axes");
      Taken& in = inputs[0];
      in.start.resize(out.ndim());
      in.count.resize(out.ndim());
      in.step.resize(out.ndim());
      for (int d = 0; d < out.ndim(); ++d) {
        const int from = static_cast<int>(order[d]);
        in.start[from] = t.start[d];
        in.count[from] = t.count[d];
        in.step[from] = t.step[d];
      }
      return true;
    }
    for (std::size_t k = 0; k < n.inputs.size(); ++k) {
      const Shape& in = shape(n.inputs[k]);
      if (!in.rank_known()) return false;
      for (int d = 0; d < in.ndim(); ++d) {
        const int o = d + out.ndim() - in.ndim();
        if (in[d] == out[o]) {
          inputs[k].push(t.start[o], t.step[o], t.count[o]);
        } else if (in[d] == 1) {
          inputs[k].push(0, 1, 1);
        } else {
          return false;  // which of the inputs is repeated the run will tell
        }
      }
      // Errors name axes: those of the whole.
      if (!in.is_static() && in.ndim() != out.ndim() && !inputs[k].is_all_of(in)) return false;
    }
    return true;
  }

  bool can_join(const GraphNode& n) const {
    if (n.outputs.size() != 1 || n.op->effect != Effect::none || fixed_[at(n.outputs[0])]) return false;
    const Shape& out = shape(n.outputs[0]);
    if (!out.rank_known() || !is_numeric(graph_.values[at(n.outputs[0])].dtype)) return false;
    const bool moves = std::strcmp(n.op->name, "transpose") == 0 || std::strcmp(n.op->name, "broadcast_to") == 0;
    return moves || is_elementwise(n);
  }

  // The nodes before a slice all of whose readers are in the region, and what is taken of their results.
  bool find_region(int slice, std::map<int, Taken>& region) const {
    const SliceParams p(*node(slice).params);
    const int source = node(slice).inputs[0];
    const Taken t{p.start, p.count, p.step};
    if (!shape(source).rank_known() || shape(source).ndim() != t.count.ndim() || !takes_few(t, shape(source)))
      return false;
    std::map<int, Taken> wanted{{source, t}};  // values
    std::set<int> conflicts;
    std::set<int, std::greater<>> pending;
    if (maker_[at(source)] >= 0) pending.insert(maker_[at(source)]);
    bool computes = false;
    while (!pending.empty()) {
      const int m = *pending.begin();
      pending.erase(pending.begin());
      const GraphNode& n = node(m);
      if (!can_join(n) || conflicts.contains(n.outputs[0])) continue;
      const std::vector<int>& readers = readers_[at(n.outputs[0])];
      if (!std::all_of(readers.begin(), readers.end(), [&](int r) { return r == slice || region.contains(r); }))
        continue;
      std::vector<Taken> inputs;
      const Taken& mine = wanted.at(n.outputs[0]);
      if (!taken_of_inputs(n, mine, inputs)) continue;
      for (std::size_t k = 0; k < n.inputs.size(); ++k) {
        const int v = n.inputs[k];
        const auto [it, fresh] = wanted.emplace(v, inputs[k]);
        if (!fresh && it->second != inputs[k]) conflicts.insert(v);
        if (maker_[at(v)] >= 0) pending.insert(maker_[at(v)]);
      }
      computes = computes || is_elementwise(n);
      region.emplace(m, mine);
    }
    return computes;
  }

  // The region's nodes on slices of what they read. The last one gives what the slice gave.
  std::vector<GraphNode> sliced(int slice, const std::map<int, Taken>& region) {
    std::vector<GraphNode> out;
    std::vector<std::pair<std::pair<int, Taken>, int>> known;  // slices
    const GraphNode last = node(slice);
    const auto take = [&](int v, const Taken& t) {
      const int m = maker_[at(v)];
      if ((m >= 0 && region.contains(m)) || t.is_all_of(shape(v))) return v;
      for (const auto& [key, value] : known) {
        if (key.first == v && key.second == t) return value;
      }
      const int value = static_cast<int>(graph_.values.size());
      graph_.values.push_back({graph_.values[at(v)].dtype, t.count});
      out.push_back({last.op, ShapeWriter::slice(*last.params, t), {v}, {value}, last.location});
      known.push_back({{v, t}, value});
      return value;
    };
    for (const auto& [m, t] : region) {
      GraphNode n = node(m);
      std::vector<Taken> inputs;
      taken_of_inputs(n, t, inputs);
      for (std::size_t k = 0; k < n.inputs.size(); ++k) n.inputs[k] = take(n.inputs[k], inputs[k]);
      if (std::strcmp(n.op->name, "broadcast_to") == 0) n.params = ShapeWriter::shape(*n.params, t.count);
      out.push_back(std::move(n));
    }
    // Their results are smaller now.
    for (const auto& [m, t] : region) graph_.values[at(node(m).outputs[0])].shape = t.count;
    out.back().outputs = last.outputs;
    return out;
  }

  Graph& graph_;
  std::vector<std::vector<int>> readers_;  // nodes, of values
  std::vector<int> maker_;                 // node, of values; -1: an input
  std::vector<bool> fixed_;                // values that are results, or whose sizes others need
};

}  // namespace

bool push_slices(Graph& graph) { return SlicePusher(graph).run(); }

}  // namespace tnp::compiler

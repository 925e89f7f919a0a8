#include "compiler/nest/move_later.h"

#include <algorithm>
#include <set>

namespace tnp::compiler {

namespace {

constexpr std::size_t kMostArrays = 2;  // that a call reads: more take longer to read than one result
constexpr std::size_t kMostOps = kMaxGroupOps / 2, kMostOperands = kMaxLoopOperands / 2;

class Mover {
 public:
  Mover(const Graph& graph, const std::vector<int>& outputs, std::vector<Unit>& units)
      : graph_(graph), units_(units), producer_(graph.values.size(), -1), kept_(outputs.begin(), outputs.end()) {
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
      for (int v : graph.nodes[n].outputs) producer_[static_cast<std::size_t>(v)] = static_cast<int>(n);
    }
  }

  void run() {
    for (std::size_t u = 0; u < units_.size(); ++u) {
      while (units_[u].fused && units_[u].nodes.size() > 1 && move_one(u)) {
      }
    }
  }

 private:
  const GraphNode& node(int n) const { return graph_.nodes[static_cast<std::size_t>(n)]; }
  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  static bool reads(const Unit& u, int v) { return std::find(u.inputs.begin(), u.inputs.end(), v) != u.inputs.end(); }

  // The array that a value is a view of.
  int base(int v) const {
    for (int n = producer_[static_cast<std::size_t>(v)]; n >= 0; n = producer_[static_cast<std::size_t>(v)]) {
      if (node(n).op->fusion != Fusion::broadcast || node(n).inputs.size() != 1) break;
      v = node(n).inputs[0];
    }
    return v;
  }

  // The one unit that reads a value, if that is a group of the same shape.
  std::size_t only_reader(int v) const {
    std::size_t found = units_.size();
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (!reads(units_[u], v)) continue;
      if (found < units_.size() || !units_[u].fused) return units_.size();
      found = u;
    }
    const bool same = found < units_.size() && value(units_[found].outputs[0]).shape == value(v).shape;
    return same ? found : units_.size();
  }

  // Whether something later reads an array, too: else its memory could be taken.
  bool is_read_later(int v, std::size_t from) const {
    const int of = base(v);
    if (kept_.contains(of)) return true;
    for (std::size_t u = from; u < units_.size(); ++u) {
      const bool view = !units_[u].fused && node(units_[u].nodes[0]).op->fusion == Fusion::broadcast;
      const auto& in = units_[u].inputs;
      if (!view && std::any_of(in.begin(), in.end(), [&](int w) { return base(w) == of; })) return true;
    }
    return false;
  }

  bool may_move(const Unit& from, int n, std::size_t to) const {
    const std::vector<int>& in = node(n).inputs;
    std::size_t arrays = 0;
    for (int v : in) {
      if (!reads(from, v)) return false;  // it is computed there
      if (value(v).shape.num_elements() == 1) continue;
      if (++arrays > kMostArrays || !is_read_later(v, to)) return false;
    }
    const auto inside = [&](int other) {
      const auto& read = node(other).inputs;
      return std::find(read.begin(), read.end(), node(n).outputs[0]) != read.end();
    };
    return std::none_of(from.nodes.begin(), from.nodes.end(), inside);
  }

  bool move_one(std::size_t u) {
    for (const int n : units_[u].nodes) {
      const int v = node(n).outputs[0];
      if (kept_.contains(v)) continue;
      const std::size_t to = only_reader(v);
      if (to >= units_.size() || to <= u || units_[to].nodes.size() >= kMostOps) continue;
      if (units_[to].inputs.size() >= kMostOperands || !may_move(units_[u], n, to)) continue;
      move(n, units_[u], units_[to]);
      return true;
    }
    return false;
  }

  void move(int n, Unit& from, Unit& to) const {
    std::vector<int> left = from.nodes, all = to.nodes, stored = from.outputs;
    std::erase(left, n);
    std::erase(stored, node(n).outputs[0]);
    all.insert(std::lower_bound(all.begin(), all.end(), n), n);
    from = make_group(graph_, std::move(left), std::move(stored));
    to = make_group(graph_, std::move(all), to.outputs);
  }

  const Graph& graph_;
  std::vector<Unit>& units_;
  std::vector<int> producer_;  // of each value
  const std::set<int> kept_;
};

}  // namespace

void move_later(const Graph& graph, const std::vector<int>& outputs, std::vector<Unit>& units) {
  Mover(graph, outputs, units).run();
}

}  // namespace tnp::compiler

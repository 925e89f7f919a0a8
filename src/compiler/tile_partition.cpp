// Which units are computed part by part together.
#include <algorithm>
#include <cstring>
#include <set>

#include "compiler/fused_reduction.h"
#include "compiler/param_reader.h"
#include "compiler/tile_group.h"

namespace tnp::compiler {

namespace {

// Less in values between the units is in the cache anyway.
constexpr std::int64_t kMinBytes = 1 << 20;
constexpr std::size_t kMaxUnits = 64;

class TilePartitioner {
 public:
  TilePartitioner(const Graph& graph, std::vector<Unit> units) : graph_(graph), units_(std::move(units)) {
    for (std::size_t v = 0; v < graph.values.size(); ++v) seen_through_.push_back(static_cast<int>(v));
    for (const GraphNode& n : graph.nodes) {
      if (n.op->fusion != Fusion::broadcast || n.inputs.size() != 1) continue;
      for (int v : n.outputs)
        seen_through_[static_cast<std::size_t>(v)] = seen_through_[static_cast<std::size_t>(n.inputs[0])];
    }
  }

  std::vector<Unit> run() {
    std::size_t seed = 0;
    while (seed < units_.size()) seed += take_group(seed) ? 0 : 1;
    return run_alone();
  }

  // Only what reads in pieces, each for itself.
  std::vector<Unit> run_alone() {
    for (Unit& unit : units_) {
      if (unit.boxes && !unit.tiles) unit = alone(unit);
    }
    return std::move(units_);
  }

 private:
  struct Candidate {
    std::set<std::size_t> members;
    std::map<int, int> axes;        // of values that members give
    std::map<int, int> input_axes;  // of values from outside: along which they are read, where they are read in parts
    std::set<int> tainted;          // values that depend on the group's, but are outside
  };

  const Shape& shape(int v) const { return graph_.values[static_cast<std::size_t>(v)].shape; }

  // The axes along which a unit reads its inputs when it is computed in parts along `axis`; empty if it cannot be.
  std::vector<int> input_axes(const Unit& unit, int axis) const {
    const Shape& out = shape(unit.outputs[0]);
    std::vector<TileCall::Part> parts(unit.inputs.size());
    if (unit.boxes) {
      for (std::size_t k = 0; k < parts.size(); ++k) parts[k].axis = unit.boxes->source_axis(static_cast<int>(k), axis);
    } else if (unit.fused || unit.reduction) {
      const int of_values = unit.reduction ? unit.reduction->axis_of_values(axis) : axis;
      if (of_values < 0) return {};
      const Shape& values = unit.reduction ? unit.reduction->shape() : out;
      for (std::size_t k = 0; k < parts.size(); ++k) {
        const Shape& in = shape(unit.inputs[k]);
        const int a = of_values - (values.ndim() - in.ndim());
        if (a >= 0 && in[a] == values[of_values]) parts[k].axis = a;
      }
    } else {
      const GraphNode& node = graph_.nodes[static_cast<std::size_t>(unit.nodes[0])];
      if (node.op->tile == nullptr || node.outputs.size() != 1) return {};
      std::vector<Shape> shapes;
      for (int v : unit.inputs) shapes.push_back(shape(v));
      TileCall call{*node.op, shapes, *node.params, axis, 0, out[axis], parts, nullptr};
      if (!node.op->tile(call)) return {};
    }
    std::vector<int> axes;
    for (const TileCall::Part& p : parts) axes.push_back(p.axis);
    return axes;
  }

  // Whether the unit joins parts of one array of the group along `axis`, as in a roll: a tile may take both of its
  // ends.
  bool rolls(const Candidate& c, const Unit& unit, int axis) const {
    if (unit.boxes) {
      const auto extent = [&](int k) -> std::int64_t {
        const int v = unit.inputs[static_cast<std::size_t>(k)];
        const auto it = c.axes.find(v);
        return it == c.axes.end() ? -1 : shape(v)[it->second];
      };
      return !unit.boxes->far_pieces(axis, extent);
    }
    if (unit.fused || unit.inputs.size() < 2) return false;
    const GraphNode& node = graph_.nodes[static_cast<std::size_t>(unit.nodes[0])];
    if (std::strcmp(node.op->name, "concatenate") != 0 || ParamReader(*node.params).number("axis") != axis)
      return false;
    std::set<int> sources;
    for (int v : unit.inputs) {
      const int source = seen_through_[static_cast<std::size_t>(v)];
      if (c.axes.contains(source) && !sources.insert(source).second) return true;
    }
    return false;
  }

  // Whether a unit can join, computed along `axis`. `connected`: it shares a value with the group.
  bool fits(const Candidate& c, const Unit& unit, int axis, bool& connected) const {
    if (unit.inputs.empty() || shape(unit.outputs[0])[axis] < 2) return false;
    const std::vector<int> axes = input_axes(unit, axis);
    if (axes.size() != unit.inputs.size() || rolls(c, unit, axis)) return false;
    connected = false;
    for (std::size_t k = 0; k < axes.size(); ++k) {
      const int v = unit.inputs[k];
      if (const auto it = c.axes.find(v); it != c.axes.end()) {
        if (it->second != axes[k]) return false;
        connected = true;
      } else if (const auto in = c.input_axes.find(v); in != c.input_axes.end()) {
        connected = connected || in->second == axes[k];
      }
    }
    return true;
  }

  void join(Candidate& c, std::size_t u, int axis) const {
    const Unit& unit = units_[u];
    const std::vector<int> axes = input_axes(unit, axis);
    for (std::size_t k = 0; k < axes.size(); ++k) {
      if (axes[k] >= 0 && !c.axes.contains(unit.inputs[k])) c.input_axes.emplace(unit.inputs[k], axes[k]);
    }
    for (int v : unit.outputs) c.axes[v] = axis;
    c.members.insert(u);
  }

  Candidate grow(std::size_t seed, int axis) const {
    Candidate c;
    bool connected = false;
    if (!fits(c, units_[seed], axis, connected)) return c;
    join(c, seed, axis);
    for (std::size_t u = seed + 1; u < units_.size(); ++u) {
      const Unit& unit = units_[u];
      const auto any = [&](const auto& where) {
        return std::any_of(unit.inputs.begin(), unit.inputs.end(), [&](int v) { return where.contains(v); });
      };
      const bool follows = any(c.axes);
      if (!any(c.tainted) && !unit.tiles && !unit.apart && c.members.size() < kMaxUnits) {
        int found = -1;
        for (int a = 0; a < shape(unit.outputs[0]).ndim() && found < 0; ++a) {
          if (fits(c, unit, a, connected) && connected) found = a;
        }
        if (found >= 0) {
          join(c, u, found);
          continue;
        }
      }
      if (follows || any(c.tainted)) c.tainted.insert(unit.outputs.begin(), unit.outputs.end());
    }
    drop_last_views(c);
    return c;
  }

  // Whether the unit's result shows its input's elements (a reshape's: if those lie without gaps).
  bool is_view(const Unit& unit) const {
    if (unit.fused || unit.outputs.size() != 1) return false;
    const int out = unit.outputs[0];
    return seen_through_[static_cast<std::size_t>(out)] != out ||
           std::strcmp(graph_.nodes[static_cast<std::size_t>(unit.nodes[0])].op->name, "reshape") == 0;
  }

  // Views that nobody in the group reads are left to those who do.
  void drop_last_views(Candidate& c) const {
    std::set<int> read;
    for (std::size_t u = units_.size(); u-- > 0;) {
      if (!c.members.contains(u)) continue;
      const Unit& unit = units_[u];
      const int out = unit.outputs[0];
      if (!is_view(unit) || read.contains(out)) {
        read.insert(unit.inputs.begin(), unit.inputs.end());
        continue;
      }
      c.members.erase(u);
      c.axes.erase(out);
      if (c.axes.contains(unit.inputs[0])) c.tainted.insert(out);
    }
  }

  // Units before the group, the group, units after it.
  Unit make(const Candidate& c) const {
    Unit group;
    std::set<int> given, read_outside(graph_.outputs.begin(), graph_.outputs.end());
    std::vector<Unit> members;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (!c.members.contains(u)) {
        read_outside.insert(units_[u].inputs.begin(), units_[u].inputs.end());
        continue;
      }
      members.push_back(units_[u]);
      group.nodes.insert(group.nodes.end(), units_[u].nodes.begin(), units_[u].nodes.end());
      for (int v : units_[u].inputs) {
        if (!given.contains(v) && std::find(group.inputs.begin(), group.inputs.end(), v) == group.inputs.end())
          group.inputs.push_back(v);
      }
      given.insert(units_[u].outputs.begin(), units_[u].outputs.end());
    }
    for (int v : given) {
      if (read_outside.contains(v)) group.outputs.push_back(v);
    }
    if (!group.outputs.empty())
      group.tiles = std::make_shared<const TileGroup>(graph_, std::move(members), c.axes, group.inputs, group.outputs);
    return group;
  }

  // A group that reads in pieces and is in no other's company.
  Unit alone(const Unit& unit) const {
    Unit group;
    group.nodes = unit.nodes;
    group.inputs = unit.inputs;
    group.outputs = unit.outputs;
    std::map<int, int> axes;
    for (int v : unit.outputs) axes[v] = 0;
    const auto tiles =
        std::make_shared<TileGroup>(graph_, std::vector<Unit>{unit}, std::move(axes), unit.inputs, unit.outputs);
    if (!tiles->valid()) tiles->make_whole();
    group.tiles = tiles;
    return group;
  }

  // Whether there are but views, or views and one call that puts together what they show: the call alone does as well.
  bool only_arranges(const Candidate& c) const {
    int calls = 0;
    for (std::size_t u : c.members) {
      if (units_[u].fused) return false;
      if (is_view(units_[u])) continue;
      const OpDef& op = *graph_.nodes[static_cast<std::size_t>(units_[u].nodes[0])].op;
      if (std::strcmp(op.name, "full") == 0) continue;  // what it is put into is made by one call, too
      if (!op.arranges || ++calls > 1) return false;
    }
    return true;
  }

  // Puts a group in the place of units from `seed` on, if there is one that begins there.
  bool take_group(std::size_t seed) {
    const Unit& first = units_[seed];
    if (first.tiles || first.apart || first.outputs.empty()) return false;
    Unit best;
    Candidate chosen;
    for (int a = 0; a < shape(first.outputs[0]).ndim(); ++a) {
      Candidate c = grow(seed, a);
      if ((c.members.size() < 2 && !first.boxes) || only_arranges(c)) continue;
      Unit unit = make(c);
      if (!unit.tiles || unit.tiles->bytes() < kMinBytes || !unit.tiles->valid()) continue;
      if (best.tiles) {  // what spares more memory, or about as much in smaller parts
        const std::int64_t here = unit.tiles->bytes(), there = best.tiles->bytes(), little = there / 16;
        if (here < there - little) continue;
        if (here <= there + little && best.tiles->num_tiles() >= unit.tiles->num_tiles()) continue;
      }
      best = std::move(unit);
      chosen = std::move(c);
    }
    if (!best.tiles) return false;
    std::vector<Unit> before, after;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (chosen.members.contains(u)) continue;
      const bool later = std::any_of(units_[u].outputs.begin(), units_[u].outputs.end(),
                                     [&](int v) { return chosen.tainted.contains(v); });
      (later ? after : before).push_back(std::move(units_[u]));
    }
    before.push_back(std::move(best));
    before.insert(before.end(), std::make_move_iterator(after.begin()), std::make_move_iterator(after.end()));
    units_ = std::move(before);
    return true;
  }

  const Graph& graph_;
  std::vector<Unit> units_;
  std::vector<int> seen_through_;  // of each value: what it is a view of
};

}  // namespace

std::vector<Unit> make_tile_groups(const Graph& graph, std::vector<Unit> units) {
  read_in_pieces(graph, units);
  return TilePartitioner(graph, merge_reductions(graph, std::move(units))).run();
}

std::vector<Unit> make_groups_of_pieces(const Graph& graph, std::vector<Unit> units) {
  read_in_pieces(graph, units);
  return TilePartitioner(graph, std::move(units)).run_alone();
}

}  // namespace tnp::compiler

#include "compiler/fuse.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <queue>
#include <set>

#include "compiler/simplify.h"
#include "compiler/size_classes.h"
#include "compiler/update_order.h"
#include "ops/elementwise/family.h"

namespace tnp::compiler {

namespace {

class Partitioner {
 public:
  Partitioner(const Graph& graph, const SizePattern& pattern, bool fuse_nothing, bool groups_of_one);
  std::vector<Unit> run();

 private:
  struct Cluster {
    std::vector<int> nodes;  // sorted
    std::set<int> after;     // clusters that must run before (not transitive)
    std::set<int> read;      // values read from outside
    int shape_class = -1;    // of a cluster that may grow
    bool alive = true;
  };

  void classify_shapes(const SizePattern& pattern);
  bool fusible(const GraphNode& node) const;
  bool is_view(const GraphNode& node) const;
  bool depends_on(int cluster, int target);
  void keep_updates_last();
  bool can_merge(const std::vector<int>& clusters);
  int merge(const std::vector<int>& clusters);
  void place(int node);
  std::vector<int> candidates(int node) const;
  std::set<int> stored(const std::vector<int>& nodes) const;
  Unit make_unit(const Cluster& cluster) const;
  int root(int cluster) const {
    while (merged_into_[static_cast<std::size_t>(cluster)] != cluster)
      cluster = merged_into_[static_cast<std::size_t>(cluster)];
    return cluster;
  }

  const Graph& graph_;
  const bool fuse_nothing_, groups_of_one_;
  std::vector<int> shape_class_;           // of each value
  std::vector<int> producer_;              // node of each value; -1: an input
  std::vector<std::vector<int>> readers_;  // nodes of each value
  std::vector<bool> kept_;                 // values needed besides by nodes: outputs, sizes
  std::vector<int> cluster_of_;            // of each node
  std::vector<Cluster> clusters_;
  std::vector<int> merged_into_;
  std::vector<int> seen_;  // of each cluster: the search that came by last
  int epoch_ = 0;
  int last_effect_ = -1;  // the cluster of the latest call with an effect
};

Partitioner::Partitioner(const Graph& graph, const SizePattern& pattern, bool fuse_nothing, bool groups_of_one)
    : graph_(graph),
      fuse_nothing_(fuse_nothing),
      groups_of_one_(groups_of_one),
      producer_(graph.values.size(), -1),
      readers_(graph.values.size()),
      kept_(graph.values.size(), false),
      cluster_of_(graph.nodes.size(), -1) {
  for (int n = 0; n < static_cast<int>(graph.nodes.size()); ++n) {
    for (int v : graph.nodes[n].outputs) producer_[v] = n;
    for (int v : graph.nodes[n].inputs) readers_[v].push_back(n);
    for_each_size_source(graph, *graph.nodes[n].params, [&](int v) { kept_[v] = true; });
  }
  for (int v : graph.outputs) kept_[v] = true;
  classify_shapes(pattern);
}

// Values of one class have the same shape at run time. Of unknown rank that is known only for what an operation makes
// of a value and single elements.
void Partitioner::classify_shapes(const SizePattern& pattern) {
  shape_class_.resize(graph_.values.size());
  SizeClasses sizes(pattern);
  std::map<std::vector<std::int64_t>, int> known;
  int count = 0;
  for (std::size_t v = 0; v < graph_.values.size(); ++v) {
    const Shape& shape = graph_.values[v].shape;
    shape_class_[v] = count++;
    if (!shape.rank_known()) continue;
    shape_class_[v] = known.emplace(sizes.of(shape), shape_class_[v]).first->second;
  }
  for (const GraphNode& node : graph_.nodes) {
    if (node.op->fusion != Fusion::elementwise && node.op->fusion != Fusion::cast) continue;
    if (graph_.values[node.outputs[0]].shape.rank_known()) continue;
    int only = -1;
    bool one = true;
    for (int v : node.inputs) {
      const Shape& shape = graph_.values[v].shape;
      if (shape.rank_known() && shape.ndim() == 0) continue;
      one = one && (only == -1 || only == shape_class_[v]);
      only = shape_class_[v];
    }
    if (one && only != -1) shape_class_[node.outputs[0]] = only;
  }
}

bool Partitioner::fusible(const GraphNode& node) const {
  if (fuse_nothing_ || node.outputs.size() != 1 || node.op->effect != Effect::none) return false;
  std::vector<DType> types;
  for (int v : node.inputs) {
    types.push_back(graph_.values[v].dtype);
    if (!is_numeric(types.back())) return false;
  }
  if (node.op->fusion == Fusion::cast) return types.size() == 1 && is_numeric(graph_.values[node.outputs[0]].dtype);
  if (node.op->fusion != Fusion::elementwise || node.op->elementwise == nullptr) return false;
  if (is_view(node)) return false;
  const std::optional<DType> loop = loop_of(*node.op, types);
  return loop && !(node.op->elementwise->check != nullptr && is_integer(*loop));
}

// Parts of complex numbers that lie in memory anyway, for whoever does not compute with them element by element.
bool Partitioner::is_view(const GraphNode& node) const {
  if (complex_part(graph_, node) < 0) return false;
  const auto computes = [&](int n) {
    const Fusion fusion = graph_.nodes[n].op->fusion;
    return fusion == Fusion::elementwise || fusion == Fusion::cast;
  };
  const int maker = producer_[node.inputs[0]];
  const std::vector<int>& readers = readers_[node.outputs[0]];
  return (maker < 0 || !computes(maker)) && std::none_of(readers.begin(), readers.end(), computes);
}

// Whether `cluster` needs `target`, by way of others.
bool Partitioner::depends_on(int cluster, int target) {
  std::vector<int> pending{cluster};
  seen_.resize(clusters_.size(), 0);
  ++epoch_;
  while (!pending.empty()) {
    const int c = pending.back();
    pending.pop_back();
    if (c == target) return true;
    for (int before : clusters_[static_cast<std::size_t>(c)].after) {
      before = root(before);
      if (std::exchange(seen_[static_cast<std::size_t>(before)], epoch_) != epoch_) pending.push_back(before);
    }
  }
  return false;
}

// The values of these nodes that somebody else reads.
std::set<int> Partitioner::stored(const std::vector<int>& nodes) const {
  std::set<int> values;
  for (int n : nodes) {
    const int v = graph_.nodes[n].outputs[0];
    const bool outside = kept_[v] || std::any_of(readers_[v].begin(), readers_[v].end(), [&](int reader) {
                           return !std::binary_search(nodes.begin(), nodes.end(), reader);
                         });
    if (outside) values.insert(v);
  }
  return values;
}

bool Partitioner::can_merge(const std::vector<int>& which) {
  std::vector<int> nodes;
  std::set<int> read;
  for (int c : which) {
    const Cluster& cluster = clusters_[static_cast<std::size_t>(c)];
    nodes.insert(nodes.end(), cluster.nodes.begin(), cluster.nodes.end());
    read.insert(cluster.read.begin(), cluster.read.end());
  }
  if (nodes.size() > static_cast<std::size_t>(kMaxGroupOps)) return false;
  std::sort(nodes.begin(), nodes.end());
  for (int n : nodes) read.erase(graph_.nodes[n].outputs[0]);
  if (read.size() + stored(nodes).size() > static_cast<std::size_t>(kMaxLoopOperands)) return false;
  // Convex: no way from one to another that leaves the set.
  for (int c : which) {
    for (int before : clusters_[static_cast<std::size_t>(c)].after) {
      before = root(before);
      if (std::find(which.begin(), which.end(), before) != which.end()) continue;
      for (int other : which) {
        if (depends_on(before, other)) return false;
      }
    }
  }
  return true;
}

int Partitioner::merge(const std::vector<int>& which) {
  const int into = *std::min_element(which.begin(), which.end());
  Cluster& target = clusters_[static_cast<std::size_t>(into)];
  for (int c : which) {
    if (c == into) continue;
    Cluster& source = clusters_[static_cast<std::size_t>(c)];
    target.nodes.insert(target.nodes.end(), source.nodes.begin(), source.nodes.end());
    target.after.insert(source.after.begin(), source.after.end());
    target.read.insert(source.read.begin(), source.read.end());
    source.alive = false;
    merged_into_[static_cast<std::size_t>(c)] = into;
  }
  std::sort(target.nodes.begin(), target.nodes.end());
  std::set<int> after;
  for (int before : target.after) {
    if (root(before) != into) after.insert(root(before));
  }
  target.after = std::move(after);
  for (int n : target.nodes) target.read.erase(graph_.nodes[n].outputs[0]);
  return into;
}

// Clusters that a fusible node may join: those that produce what it reads, then those that read what it reads.
std::vector<int> Partitioner::candidates(int node) const {
  const int shape = shape_class_[graph_.nodes[node].outputs[0]];
  std::vector<int> result;
  const auto consider = [&](int other) {
    if (other < 0 || other >= node) return;
    const int c = root(cluster_of_[static_cast<std::size_t>(other)]);
    if (clusters_[static_cast<std::size_t>(c)].shape_class != shape) return;
    if (std::find(result.begin(), result.end(), c) == result.end()) result.push_back(c);
  };
  for (int v : graph_.nodes[node].inputs) consider(producer_[v]);
  for (int v : graph_.nodes[node].inputs) {
    if (graph_.values[v].shape.rank_known() && graph_.values[v].shape.ndim() == 0) continue;
    for (int reader : readers_[v]) consider(reader);
  }
  return result;
}

void Partitioner::place(int n) {
  const GraphNode& node = graph_.nodes[n];
  const int self = static_cast<int>(clusters_.size());
  Cluster cluster;
  cluster.nodes = {n};
  cluster.read.insert(node.inputs.begin(), node.inputs.end());
  const auto follow = [&](int v) {
    if (producer_[v] >= 0) cluster.after.insert(root(cluster_of_[static_cast<std::size_t>(producer_[v])]));
  };
  for (int v : node.inputs) follow(v);
  for_each_size_source(graph_, *node.params, follow);
  if (node.op->effect == Effect::stateful) {
    if (last_effect_ >= 0) cluster.after.insert(last_effect_);
    last_effect_ = self;
  }
  cluster_of_[static_cast<std::size_t>(n)] = self;
  merged_into_.push_back(self);
  const bool joins = fusible(node);
  if (joins) cluster.shape_class = shape_class_[node.outputs[0]];
  clusters_.push_back(std::move(cluster));
  if (!joins) return;
  int mine = self;
  for (int other : candidates(n)) {
    other = root(other);
    if (other != mine && can_merge({mine, other})) mine = merge({mine, other});
  }
}

// As in the graph (update_order.h): a group may have become one with others that come after an update of what it reads.
void Partitioner::keep_updates_last() {
  for (int n = 0; n < static_cast<int>(graph_.nodes.size()); ++n) {
    if (!is_update(graph_.nodes[static_cast<std::size_t>(n)])) continue;
    const int update = root(cluster_of_[static_cast<std::size_t>(n)]);
    std::vector<int> values{graph_.nodes[static_cast<std::size_t>(n)].inputs[0]};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int v = values[i];
      for (int reader : readers_[static_cast<std::size_t>(v)]) {
        const GraphNode& node = graph_.nodes[static_cast<std::size_t>(reader)];
        const int c = root(cluster_of_[static_cast<std::size_t>(reader)]);
        if (reader < n && c != update && !depends_on(c, update))
          clusters_[static_cast<std::size_t>(update)].after.insert(c);
        if (may_be_view(node) && node.inputs[0] == v) values.push_back(node.outputs[0]);
      }
    }
  }
}

Unit Partitioner::make_unit(const Cluster& cluster) const {
  Unit unit;
  unit.nodes = cluster.nodes;
  if (cluster.nodes.size() == 1 && !(groups_of_one_ && cluster.shape_class >= 0)) {
    const GraphNode& node = graph_.nodes[cluster.nodes[0]];
    unit.inputs = node.inputs;
    unit.outputs = node.outputs;
    return unit;
  }
  const std::set<int> kept = stored(cluster.nodes);
  return make_group(graph_, cluster.nodes, std::vector<int>(kept.begin(), kept.end()));
}

// Kahn's algorithm; of the clusters that are ready, the one whose first operation comes first in the program.
std::vector<Unit> Partitioner::run() {
  for (int n = 0; n < static_cast<int>(graph_.nodes.size()); ++n) place(n);
  keep_updates_last();
  std::vector<int> waiting(clusters_.size(), 0);
  std::vector<std::vector<int>> followers(clusters_.size());
  using Entry = std::pair<int, int>;  // last node, cluster
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    if (!clusters_[c].alive) continue;
    std::set<int> after;
    for (int before : clusters_[c].after) after.insert(root(before));
    after.erase(static_cast<int>(c));
    waiting[c] = static_cast<int>(after.size());
    for (int before : after) followers[static_cast<std::size_t>(before)].push_back(static_cast<int>(c));
    if (after.empty()) ready.emplace(clusters_[c].nodes.back(), static_cast<int>(c));
  }
  std::vector<Unit> units;
  while (!ready.empty()) {
    const auto c = static_cast<std::size_t>(ready.top().second);
    ready.pop();
    units.push_back(make_unit(clusters_[c]));
    for (int next : followers[c]) {
      const auto i = static_cast<std::size_t>(next);
      if (--waiting[i] == 0) ready.emplace(clusters_[i].nodes.back(), next);
    }
  }
  return units;
}

}  // namespace

Unit make_group(const Graph& graph, std::vector<int> nodes, std::vector<int> stored) {
  Unit unit;
  unit.nodes = std::move(nodes);
  unit.outputs = std::move(stored);
  unit.fused = true;
  std::set<int> made;
  for (int n : unit.nodes) made.insert(graph.nodes[static_cast<std::size_t>(n)].outputs[0]);
  GroupBuilder builder;
  std::map<int, int> number;  // graph value → group value
  for (int n : unit.nodes) {
    for (int v : graph.nodes[static_cast<std::size_t>(n)].inputs) {
      if (made.contains(v) || number.contains(v)) continue;
      number[v] = builder.input(graph.values[static_cast<std::size_t>(v)].dtype);
      unit.inputs.push_back(v);
    }
  }
  for (int n : unit.nodes) {
    const GraphNode& node = graph.nodes[static_cast<std::size_t>(n)];
    const int out = node.outputs[0];
    std::vector<int> in;
    for (int v : node.inputs) in.push_back(number.at(v));
    number[out] = node.op->fusion == Fusion::cast
                      ? builder.cast(in[0], graph.values[static_cast<std::size_t>(out)].dtype)
                      : builder.apply(*node.op, in);
  }
  for (int v : unit.outputs) builder.output(number.at(v));
  unit.group = builder.take();
  return unit;
}

int complex_part(const Graph& graph, const GraphNode& node) {
  if (node.op->fusion != Fusion::elementwise || node.inputs.size() != 1) return -1;
  if (!is_complex(graph.values[static_cast<std::size_t>(node.inputs[0])].dtype)) return -1;
  return std::strcmp(node.op->name, "real") == 0 ? 0 : std::strcmp(node.op->name, "imag") == 0 ? 1 : -1;
}

std::vector<Unit> partition(const Graph& graph, const SizePattern& pattern, bool fuse_nothing) {
  return Partitioner(graph, pattern, fuse_nothing, false).run();
}

std::vector<Unit> partition_into_groups(const Graph& graph) { return Partitioner(graph, {}, false, true).run(); }

std::string verify(const Graph& graph, const std::vector<Unit>& units) {
  std::vector<bool> there(graph.values.size(), false);
  for (int v : graph.inputs) there[static_cast<std::size_t>(v)] = true;
  const auto is_there = [&](int v) { return there[static_cast<std::size_t>(v)]; };
  for (const Unit& unit : units) {
    for (int v : unit.inputs) {
      if (!is_there(v)) return "a unit reads value " + std::to_string(v) + " before it is made";
    }
    for (int v : unit.outputs) there[static_cast<std::size_t>(v)] = true;
  }
  for (int v : graph.outputs) {
    if (!is_there(v)) return "no unit makes the result " + std::to_string(v);
  }
  return "";
}

}  // namespace tnp::compiler

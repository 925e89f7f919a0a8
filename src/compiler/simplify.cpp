#include "compiler/simplify.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <unordered_map>

#include "compiler/algebra.h"
#include "compiler/creations.h"
#include "compiler/push_slices.h"
#include "compiler/update_order.h"
#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

bool is_pure(const GraphNode& node) { return node.op->effect == Effect::none; }

// Replaces values by others, everywhere.
class Replacement {
 public:
  explicit Replacement(std::size_t count) : by_(count) {
    for (std::size_t i = 0; i < count; ++i) by_[i] = static_cast<int>(i);
  }
  // `to` must have been replaced already itself.
  void add(int from, int to) { by_[static_cast<std::size_t>(from)] = to; }
  int operator()(int value) const { return by_[static_cast<std::size_t>(value)]; }
  void apply(std::vector<int>& values) const {
    for (int& v : values) v = (*this)(v);
  }
  void finish(Graph& graph) const {
    apply(graph.outputs);
    for (auto& [_, value] : graph.leaf_values) value = (*this)(value);
  }

 private:
  std::vector<int> by_;
};

std::size_t hash_of(const GraphNode& node) {
  std::size_t h = reinterpret_cast<std::size_t>(node.op) ^ params_hash(*node.params);
  for (int i : node.inputs) h = h * 1000003 + static_cast<std::size_t>(i);
  return h;
}

}  // namespace

void for_each_size_source(const Graph& graph, const Params& params, const std::function<void(int)>& visit) {
  for_each_symbolic_dim(params, [&](Dim d) {
    for_each_leaf(d, [&](const DimExpr& leaf) {
      const auto it = graph.leaf_values.find(leaf.node);
      if (it != graph.leaf_values.end()) visit(it->second);
    });
  });
}

void remove_identities(Graph& graph, const SizePattern& pattern) {
  Replacement replace(graph.values.size());
  SizeClasses sizes(pattern);
  const auto same_type = [&](const GraphValue& a, const GraphValue& b) {
    return a.dtype == b.dtype && a.shape.rank_known() && b.shape.rank_known() && sizes.of(a.shape) == sizes.of(b.shape);
  };
  std::vector<GraphNode> kept;
  for (GraphNode& node : graph.nodes) {
    replace.apply(node.inputs);
    const bool can_be = node.op->fusion == Fusion::cast || node.op->identity_on_same_shape;
    if (can_be && node.inputs.size() == 1 && same_type(graph.values[node.inputs[0]], graph.values[node.outputs[0]])) {
      replace.add(node.outputs[0], node.inputs[0]);
      continue;
    }
    kept.push_back(std::move(node));
  }
  graph.nodes = std::move(kept);
  replace.finish(graph);
}

void merge_equal(Graph& graph) {
  Replacement replace(graph.values.size());
  std::vector<GraphNode> kept;
  std::unordered_multimap<std::size_t, std::size_t> known;  // hash → place in `kept`
  for (GraphNode& node : graph.nodes) {
    replace.apply(node.inputs);
    if (!is_pure(node)) {
      kept.push_back(std::move(node));
      continue;
    }
    const std::size_t hash = hash_of(node);
    const auto [begin, end] = known.equal_range(hash);
    const auto equal = std::find_if(begin, end, [&](const auto& entry) {
      const GraphNode& other = kept[entry.second];
      return other.op == node.op && other.inputs == node.inputs && other.outputs.size() == node.outputs.size() &&
             params_equal(*other.params, *node.params);
    });
    if (equal == end) {
      known.emplace(hash, kept.size());
      kept.push_back(std::move(node));
      continue;
    }
    const GraphNode& other = kept[equal->second];
    for (std::size_t i = 0; i < node.outputs.size(); ++i) replace.add(node.outputs[i], other.outputs[i]);
  }
  graph.nodes = std::move(kept);
  replace.finish(graph);
}

namespace {

// Whether a call can be computed while compiling: pure, of small arrays that are known, and with a small result.
bool can_fold(const Graph& graph, const GraphNode& node, const std::unordered_map<int, Array>& known) {
  if (!is_pure(node) || node.outputs.empty()) return false;
  for (int i : node.inputs) {
    const auto it = known.find(i);
    if (it == known.end() || it->second.shape().num_elements() > kMaxFoldedElements) return false;
  }
  bool symbolic = false;
  for_each_symbolic_dim(*node.params, [&](Dim) { symbolic = true; });
  if (symbolic) return false;
  for (int i : node.outputs) {
    const Shape& shape = graph.values[i].shape;
    if (!shape.is_static() || shape.num_elements() > kMaxFoldedElements) return false;
  }
  return true;
}

// Equal numbers that were captured one by one are one operand.
void merge_scalars(Graph& graph, std::vector<bool>& used) {
  Replacement replace(graph.values.size());
  const std::size_t args = static_cast<std::size_t>(graph.num_args());
  std::map<std::pair<DType, std::string>, int> known;
  for (std::size_t i = 0; i < graph.captured.size(); ++i) {
    const Array& x = graph.captured[i];
    if (x.state() != State::concrete || x.shape().ndim() != 0 || !is_numeric(x.dtype())) continue;
    const std::string bytes(reinterpret_cast<const char*>(x.data()), static_cast<std::size_t>(x.itemsize()));
    const int value = graph.inputs[args + i];
    const int first = known.emplace(std::pair(x.dtype(), bytes), value).first->second;
    if (first == value) continue;
    replace.add(value, first);
    used[value] = used[first] = true;
  }
  for (GraphNode& node : graph.nodes) replace.apply(node.inputs);
  replace.finish(graph);
}

}  // namespace

std::vector<int> fold_constants(Graph& graph) {
  std::unordered_map<int, Array> known;
  std::vector<bool> used(graph.values.size(), false);
  const std::size_t args = static_cast<std::size_t>(graph.num_args());
  const std::size_t count = graph.captured.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Array& x = graph.captured[i];
    if (x.state() == State::concrete) known.emplace(graph.inputs[args + i], x);
  }
  const ObserversPaused observers_paused;
  const TracePaused trace_paused;
  std::vector<GraphNode> kept;
  for (GraphNode& node : graph.nodes) {
    if (can_fold(graph, node, known)) {
      Arrays in, out(node.outputs.size());
      for (int i : node.inputs) in.push_back(known.at(i));
      for (int i : node.inputs) used[i] = true;
      try {
        execute(Call{*node.op, in, *node.params}, out);
      } catch (const Error&) {
        kept.push_back(std::move(node));  // raises it when it runs
        continue;
      }
      for (std::size_t i = 0; i < out.size(); ++i) {
        known[node.outputs[i]] = out[i];
        graph.inputs.push_back(node.outputs[i]);
        graph.captured.push_back(out[i]);
      }
      continue;
    }
    kept.push_back(std::move(node));
  }
  graph.nodes = std::move(kept);
  merge_scalars(graph, used);
  std::vector<int> inputs;
  for (std::size_t i = args; i < args + count; ++i) {
    if (used[graph.inputs[i]]) inputs.push_back(static_cast<int>(i));
  }
  return inputs;
}

void remove_dead(Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (int i : graph.outputs) needed[i] = true;
  std::vector<GraphNode> kept;
  for (auto it = graph.nodes.rbegin(); it != graph.nodes.rend(); ++it) {
    GraphNode& node = *it;
    bool wanted = !is_pure(node);
    for (int i : node.outputs) wanted = wanted || needed[i];
    if (!wanted) continue;
    for (int i : node.inputs) needed[i] = true;
    for_each_size_source(graph, *node.params, [&](int value) { needed[value] = true; });
    kept.push_back(std::move(node));
  }
  graph.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

void simplify_for(Graph& graph, const SizePattern& pattern) {
  remove_identities(graph, pattern);
  apply_rules(graph, false, 0);
  merge_equal(graph);
  remove_dead(graph);
  if (push_slices(graph)) {
    apply_rules(graph, false, 0);
    merge_equal(graph);
    remove_dead(graph);  // slices of slices leave the inner ones without a reader
  }
  create_for_updates(graph);
  put_updates_last(graph);
}

bool always_verifies() {
  static const bool always = [] {
    const char* value = std::getenv("TNP_VERIFY");
    return value != nullptr && std::strcmp(value, "1") == 0;
  }();
  return always;
}

std::vector<int> simplify(Graph& graph, bool check, bool fold) {
  std::vector<int> folded;
  const auto pass = [&](const char* name, const auto& run) {
    run();
    if (!check) return;
    const std::string wrong = verify(graph);
    if (!wrong.empty()) throw RuntimeError(std::string("the pass ") + name + " left an invalid graph: " + wrong);
  };
  pass("remove_dead", [&] { remove_dead(graph); });
  pass("remove_identities", [&] { remove_identities(graph); });
  const std::size_t num_given = graph.captured.size();
  if (fold) {
    pass("create_in_runs", [&] { folded = create_in_runs(graph); });
    pass("fold_constants", [&] {
      const int given = graph.num_args() + static_cast<int>(num_given);
      for (int i : fold_constants(graph)) {
        if (i < given) folded.push_back(i);
      }
    });
  }
  const auto rules = [&] {
    for (int i : apply_rules(graph, fold, num_given)) {
      if (std::find(folded.begin(), folded.end(), i) == folded.end()) folded.push_back(i);
    }
  };
  pass("apply_rules", rules);
  pass("merge_equal", [&] { merge_equal(graph); });
  pass("remove_dead", [&] { remove_dead(graph); });
  bool pushed = false;
  pass("push_slices", [&] { pushed = push_slices(graph); });
  if (pushed) {
    pass("apply_rules", rules);
    pass("merge_equal", [&] { merge_equal(graph); });
    pass("remove_dead", [&] { remove_dead(graph); });
  }
  pass("create_for_updates", [&] { create_for_updates(graph); });
  pass("put_updates_last", [&] { put_updates_last(graph); });
  return folded;
}

}  // namespace tnp::compiler

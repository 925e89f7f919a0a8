#include "compiler/update_order.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "compiler/simplify.h"

namespace tnp::compiler {

namespace {

class Order {
 public:
  explicit Order(const Graph& graph) : graph_(graph), before_(graph.nodes.size()), readers_(graph.values.size()) {
    std::vector<int> producer(graph.values.size(), -1);
    int last_effect = -1;
    for (int n = 0; n < static_cast<int>(graph.nodes.size()); ++n) {
      const GraphNode& node = graph.nodes[static_cast<std::size_t>(n)];
      const auto follow = [&](int v) {
        if (const int p = producer[static_cast<std::size_t>(v)]; p >= 0) before(n).push_back(p);
      };
      for (int v : node.inputs) {
        follow(v);
        readers_[static_cast<std::size_t>(v)].push_back(n);
      }
      for_each_size_source(graph, *node.params, follow);
      if (node.op->effect == Effect::stateful) {
        if (last_effect >= 0) before(n).push_back(last_effect);
        last_effect = n;
      }
      for (int v : node.outputs) producer[static_cast<std::size_t>(v)] = n;
    }
  }

  // Has updates wait for later readers; false if there are none.
  bool wait() {
    bool any = false;
    for (int n = 0; n < static_cast<int>(graph_.nodes.size()); ++n) {
      const GraphNode& node = graph_.nodes[static_cast<std::size_t>(n)];
      if (!is_update(node)) continue;
      for (int reader : all_readers(node.inputs[0])) {
        if (reader <= n || depends_on(reader, n)) continue;
        before(n).push_back(reader);
        any = true;
      }
    }
    return any;
  }

  // Of the calls that are ready, always the first.
  std::vector<int> sorted() const {
    std::vector<int> waiting(before_.size(), 0), order;
    std::vector<std::vector<int>> followers(before_.size());
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (std::size_t n = 0; n < before_.size(); ++n) {
      waiting[n] = static_cast<int>(before_[n].size());
      for (int b : before_[n]) followers[static_cast<std::size_t>(b)].push_back(static_cast<int>(n));
      if (waiting[n] == 0) ready.push(static_cast<int>(n));
    }
    while (!ready.empty()) {
      const int n = ready.top();
      ready.pop();
      order.push_back(n);
      for (int next : followers[static_cast<std::size_t>(n)]) {
        if (--waiting[static_cast<std::size_t>(next)] == 0) ready.push(next);
      }
    }
    return order;
  }

 private:
  std::vector<int>& before(int n) { return before_[static_cast<std::size_t>(n)]; }

  // Of the value and what may be views of it.
  std::vector<int> all_readers(int value) const {
    std::vector<int> found, values{value};
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (int n : readers_[static_cast<std::size_t>(values[i])]) {
        found.push_back(n);
        const GraphNode& node = graph_.nodes[static_cast<std::size_t>(n)];
        if (may_be_view(node) && node.inputs[0] == values[i]) values.push_back(node.outputs[0]);
      }
    }
    return found;
  }

  bool depends_on(int later, int earlier) const {
    std::vector<bool> seen(before_.size(), false);
    std::vector<int> open{later};
    while (!open.empty()) {
      const int n = open.back();
      open.pop_back();
      if (n == earlier) return true;
      if (seen[static_cast<std::size_t>(n)]) continue;
      seen[static_cast<std::size_t>(n)] = true;
      open.insert(open.end(), before_[static_cast<std::size_t>(n)].begin(), before_[static_cast<std::size_t>(n)].end());
    }
    return false;
  }

  const Graph& graph_;
  std::vector<std::vector<int>> before_;   // by node: those that come before it
  std::vector<std::vector<int>> readers_;  // by value
};

}  // namespace

void put_updates_last(Graph& graph) {
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(), [](const GraphNode& n) { return is_update(n); })) return;
  Order order(graph);
  if (!order.wait()) return;
  std::vector<GraphNode> nodes;
  for (int n : order.sorted()) nodes.push_back(std::move(graph.nodes[static_cast<std::size_t>(n)]));
  graph.nodes = std::move(nodes);
}

}  // namespace tnp::compiler

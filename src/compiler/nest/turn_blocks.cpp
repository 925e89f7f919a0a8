// What a turn reads of an array that the turns before it have computed (a row, a column, an element at an index) is not
// read of that array, but computed of what they read: `minimum(d, c + r)[k]` is `minimum(d[k], c[k] + r)`. So nobody
// needs the arrays between turns, and one fused group computes all turns of each element in registers. It does the same
// operations with the same numbers, so the bits are the same.
#include "compiler/nest/turn_blocks.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include "compiler/fuse.h"
#include "compiler/nest/block_lowering.h"
#include "compiler/param_reader.h"
#include "compiler/simplify.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "ops/index/places.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::compiler {

namespace {

constexpr int kTurns[] = {4, 2};                // more take no less time, and more code
constexpr std::int64_t kLeastBytes = 24 << 10;  // less stays in the first-level cache from turn to turn
constexpr std::int64_t kLargeElements = 1 << 10;
constexpr std::int64_t kMostWork = 24;  // of an element in a turn: more takes longer than reading and writing it
constexpr int kMostOperations = 72;     // on large arrays, in a block

bool is_elementwise_call(const GraphNode& node) {
  return (node.op->fusion == Fusion::elementwise || node.op->fusion == Fusion::cast) && node.outputs.size() == 1;
}

// A graph that grows, call by call.
class GraphBuilder {
 public:
  explicit GraphBuilder(const Graph& like) : graph(like) {
    graph.nodes.clear();
    producers_.assign(graph.values.size(), -1);
  }
  Graph graph;

  const GraphValue& value(int v) const { return graph.values[static_cast<std::size_t>(v)]; }
  const Shape& shape(int v) const { return value(v).shape; }
  const GraphNode* producer(int v) const {
    const int n = producers_[static_cast<std::size_t>(v)];
    return n < 0 ? nullptr : &graph.nodes[static_cast<std::size_t>(n)];
  }

  int new_value(GraphValue v) {
    graph.values.push_back(std::move(v));
    producers_.push_back(-1);
    return static_cast<int>(graph.values.size()) - 1;
  }
  void push(GraphNode node) {
    for (int v : node.outputs) producers_[static_cast<std::size_t>(v)] = static_cast<int>(graph.nodes.size());
    graph.nodes.push_back(std::move(node));
  }
  // The same operation on other values.
  int again(const GraphNode& node, std::vector<int> in, GraphValue out) {
    const int v = new_value(std::move(out));
    push({node.op, node.params, std::move(in), {v}, node.location});
    return v;
  }
  // The calls that a function makes.
  int traced(const std::vector<int>& in, const std::function<Array(const Arrays&)>& function) {
    const ObserversPaused paused;
    Trace trace;
    Arrays arrays;
    for (int v : in) arrays.push_back(trace.add_input(value(v).dtype, shape(v)));
    const Array result = function(arrays);
    const std::unique_ptr<Graph> parts = trace.finish(arrays, {&result, 1});
    if (!parts->captured.empty()) throw RuntimeError("a call of a block of turns captures an array");
    std::vector<int> as(parts->values.size(), -1);
    for (std::size_t k = 0; k < in.size(); ++k) as[static_cast<std::size_t>(parts->inputs[k])] = in[k];
    for (std::size_t v = 0; v < as.size(); ++v) {
      if (as[v] < 0) as[v] = new_value(parts->values[v]);
    }
    for (GraphNode& part : parts->nodes) {
      for (auto* values : {&part.inputs, &part.outputs}) {
        for (int& v : *values) v = as[static_cast<std::size_t>(v)];
      }
      push(std::move(part));
    }
    return as[static_cast<std::size_t>(parts->outputs[0])];
  }

 private:
  std::vector<int> producers_;  // of values: nodes
};

Shape without(Shape shape, int axis) {
  shape.erase(axis);
  return shape;
}

// Reads at indices of what is computed element by element.
class Reader {
 public:
  explicit Reader(GraphBuilder& builder) : b_(builder) {}

  // A place along an axis that is known, in place of the value of an index.
  static int known_place(std::int64_t place) { return -2 - static_cast<int>(place); }

  // Value v at a number `index` along an axis, which goes.
  int read(int v, int axis, int index) {
    const auto known = known_.find({v, axis, index});
    if (known != known_.end()) return known->second;
    const int result = find(v, axis, index);
    known_[{v, axis, index}] = result;
    return result;
  }

 private:
  struct Place {
    int of;                               // a value that is read as it is
    std::vector<std::pair<int, int>> at;  // axes and indices, sorted
    bool operator<(const Place& other) const { return std::tie(of, at) < std::tie(other.of, other.at); }
  };

  int find(int v, int axis, int index) {
    const GraphNode* made = b_.producer(v);
    if (made == nullptr || places_.contains(v)) return read_place(v, axis, index);
    const GraphNode node = *made;
    const Shape shape = b_.shape(v);
    const std::string_view name = node.op->name;
    if (name == "reshape") return of_reshape(node, shape, axis, index);
    if (shape.num_elements() < kLargeElements) return read_place(v, axis, index);
    if (name == "transpose") return of_transpose(node, axis, index);
    if (name == "broadcast_to") {
      const int own = axis - (shape.ndim() - b_.shape(node.inputs[0]).ndim());
      if (own < 0 || b_.shape(node.inputs[0])[own] != shape[axis]) return read_place(v, axis, index);
      const Shape to = without(shape, axis);
      return b_.traced({read(node.inputs[0], own, index)}, [&](const Arrays& x) { return broadcast_to(x[0], to); });
    }
    if (!is_elementwise_call(node)) return read_place(v, axis, index);
    std::vector<int> in;
    for (int x : node.inputs) {
      const int own = axis - (shape.ndim() - b_.shape(x).ndim());
      if (own >= 0) x = b_.shape(x)[own] == shape[axis] ? read(x, own, index) : reshaped(x, without(b_.shape(x), own));
      in.push_back(x);
    }
    return b_.again(node, std::move(in), {b_.value(v).dtype, without(shape, axis)});
  }

  // One that inserts or removes axes of one element.
  int of_reshape(const GraphNode& node, const Shape& shape, int axis, int index) {
    const int from = node.inputs[0], v = node.outputs[0];
    const Shape before = b_.shape(from);
    int number = 0, own = -1;  // which of the axes that are longer it is
    for (int d = 0; d < axis; ++d) number += shape[d] != 1;
    Shape longer, longer_before;
    for (int d = 0; d < shape.ndim(); ++d) {
      if (shape[d] != 1) longer.push_back(shape[d]);
    }
    for (int d = 0; d < before.ndim(); ++d) {
      if (before[d] == 1) continue;
      if (longer_before.ndim() == number) own = d;
      longer_before.push_back(before[d]);
    }
    if (shape[axis] == 1 || longer != longer_before) return read_place(v, axis, index);
    return reshaped(read(from, own, index), without(shape, axis));
  }

  int of_transpose(const GraphNode& node, int axis, int index) {
    const Axes order = ParamReader(*node.params).axes.at("axes");
    const std::int64_t own = order[axis];
    std::vector<std::int64_t> rest;
    for (int d = 0; d < order.size(); ++d) {
      if (d != axis) rest.push_back(order[d] - (order[d] > own ? 1 : 0));
    }
    const int part = read(node.inputs[0], static_cast<int>(own), index);
    if (std::is_sorted(rest.begin(), rest.end())) return part;
    return b_.traced({part}, [&](const Arrays& x) { return transpose(x[0], rest); });
  }

  int reshaped(int v, const Shape& to) {
    for (const GraphNode* n = b_.producer(v); n != nullptr && std::string_view(n->op->name) == "reshape";
         n = b_.producer(v))
      v = n->inputs[0];
    if (b_.shape(v) == to) return v;
    return b_.traced({v}, [&](const Arrays& x) { return reshape(x[0], to); });
  }

  // Of what lies in memory. An element of a row and that of a column are one.
  int read_place(int v, int axis, int index) {
    Place place{v, {}};
    const int part_axis = axis;
    if (const auto part = places_.find(v); part != places_.end()) {
      place = part->second;
      for (const auto& [read, number] : place.at) axis += read <= axis ? 1 : 0;
    }
    place.at.emplace_back(axis, index);
    std::sort(place.at.begin(), place.at.end());
    if (const auto known = values_.find(place); known != values_.end()) return known->second;
    const int result = index < -1 ? read_known(v, part_axis, index) : read_index(v, part_axis, place);
    values_[place] = result;
    places_[result] = std::move(place);
    return result;
  }

  // Along an axis of v, which is a part of another value or all of it.
  int read_index(int v, int axis, const Place& place) {
    bool at_once = place.at.back().first - place.at[0].first + 1 == std::ssize(place.at);
    std::vector<int> in{place.of};
    std::vector<std::int64_t> axes, labels;  // labels: what errors call them
    for (const auto& [a, index] : place.at) {
      at_once = at_once && index >= 0;
      in.push_back(index);
      axes.push_back(a);
    }
    labels = axes;
    if (!at_once) {
      const auto& [whole_axis, index] = added(place, v);
      in = {v, index};
      axes = {axis}, labels = {whole_axis};
    }
    return b_.traced(in,
                     [&](const Arrays& x) { return gather(x[0], std::span(x.begin() + 1, x.end()), axes, labels); });
  }

  // The axis and index that a part of v has, and v has not.
  const std::pair<int, int>& added(const Place& place, int v) const {
    const auto part = places_.find(v);
    const auto is_new = [&](const std::pair<int, int>& one) {
      return part == places_.end() ||
             std::find(part->second.at.begin(), part->second.at.end(), one) == part->second.at.end();
    };
    return *std::find_if(place.at.begin(), place.at.end(), is_new);
  }

  int read_known(int v, int axis, int index) {
    const Shape shape = b_.shape(v);
    return b_.traced({v}, [&](const Arrays& x) {
      std::vector<SliceSpec> whole;
      for (std::int64_t n : shape) whole.push_back({0, 1, n});
      whole[static_cast<std::size_t>(axis)] = {-2 - index, 1, 1};
      return reshape(slice(x[0], whole), without(shape, axis));
    });
  }

  GraphBuilder& b_;
  std::map<std::tuple<int, int, int>, int> known_;
  std::map<Place, int> values_;
  std::map<int, Place> places_;
};

// Parts of large arrays that turns set. What such a part is at the end is computed of what it is made of, and set when
// all else has been computed as if nothing were set: so elements need not be asked whether they are in such a part.
struct Set {
  int base = -1;                        // an array without the part
  std::vector<std::pair<int, int>> at;  // axes and indices of the part
};

class Sets {
 public:
  Sets(GraphBuilder& builder, std::int64_t large) : b(builder), large_(large) {}

  std::map<int, Set> of;  // by value: where(part, update, base)

  int made_last(int v, Reader& reader) {
    std::vector<std::vector<std::pair<int, int>>> parts;
    bool possible = true;
    without_.clear();
    const Shape shape = b.shape(v);
    int result = without(v, shape, parts, possible);
    if (!possible) return v;
    for (const auto& part : parts) {
      std::vector<int> in{result, v};
      std::vector<std::int64_t> axes;
      for (std::size_t i = part.size(); i-- > 0;) in[1] = reader.read(in[1], part[i].first, part[i].second);
      for (const auto& [axis, index] : part) {
        axes.push_back(axis);
        in.push_back(index);
      }
      result = b.traced(in, [&](const Arrays& x) {
        return scatter(x[0], std::span(x.begin() + 2, x.end()), x[1], axes, ScatterMode::set);
      });
    }
    return result;
  }

 private:
  // A value computed as if nothing were set, and the parts where it is wrong.
  int without(int v, const Shape& shape, std::vector<std::vector<std::pair<int, int>>>& parts, bool& possible) {
    if (const auto done = without_.find(v); done != without_.end()) return done->second;
    int result = v;
    const GraphNode* made = b.producer(v);
    if (const auto set = of.find(v); set != of.end()) {
      result = without(set->second.base, shape, parts, possible);
      possible = possible && b.shape(v) == shape;
      if (std::find(parts.begin(), parts.end(), set->second.at) == parts.end()) parts.push_back(set->second.at);
    } else if (made != nullptr && b.shape(v).num_elements() >= large_) {
      const GraphNode node = *made;
      std::vector<int> in;
      for (int x : node.inputs) in.push_back(without(x, shape, parts, possible));
      if (in != node.inputs) {
        possible = possible && is_elementwise_call(node);
        if (possible) result = b.again(node, std::move(in), b.value(v));
      }
    }
    return without_[v] = result;
  }

  GraphBuilder& b;
  const std::int64_t large_;
  std::map<int, int> without_;
};

// What large arrays cost in a turn.
struct Traffic {
  std::int64_t bytes = 0;  // read and written
  std::int64_t work = 0;   // cycles, roughly
  int operations = 0, groups = 0;
};

Traffic traffic_of(const Graph& graph, std::int64_t large) {
  Traffic t;
  const auto value = [&](int v) -> const GraphValue& { return graph.values[static_cast<std::size_t>(v)]; };
  for (const Unit& unit : partition_into_groups(graph)) {
    const GraphNode& node = graph.nodes[static_cast<std::size_t>(unit.nodes[0])];
    IndexedAccess access;
    if (!unit.fused && (indexed(node, access) || node.op->fusion == Fusion::broadcast || node.op->arranges)) continue;
    std::int64_t bytes = 0;
    for (const auto* values : {&unit.inputs, &unit.outputs}) {
      for (int v : *values) {
        const std::int64_t n = value(v).shape.num_elements();
        bytes += n >= large ? n * itemsize(value(v).dtype) : 0;
      }
    }
    t.bytes += bytes;
    const std::int64_t n = unit.outputs.empty() ? 0 : value(unit.outputs[0]).shape.num_elements();
    t.work += unit.fused ? n * unit.group.cycles() : bytes;
    if (bytes == 0) continue;
    ++t.groups;
    if (unit.fused && n >= large) t.operations = std::max(t.operations, static_cast<int>(unit.group.ops.size()));
  }
  return t;
}

class TurnBlocks {
 public:
  TurnBlocks(LoopGraph& body, const LoopGraph* condition, int num_carries, int num_scanned)
      : body_(body), condition_(condition), num_carries_(num_carries), num_scanned_(num_scanned) {}

  std::optional<TurnBlock> run() {
    const Graph& g = body_.graph;
    if (static_cast<int>(g.outputs.size()) != num_carries_) return {};
    std::int64_t bytes = 0;
    for (int k = 0; k < num_carries_; ++k) {
      const GraphValue& v = value(g.inputs[static_cast<std::size_t>(k)]);
      bytes += v.shape.num_elements() * itemsize(v.dtype);
      large_ = std::max(large_, v.shape.num_elements());
    }
    if (bytes < kLeastBytes || large_ < kLargeElements) return {};
    large_ = std::max(kLargeElements, large_ / 4);
    const Traffic one = traffic_of(g, large_);
    if (one.bytes == 0 || one.work > kMostWork * large_ * 4) return {};
    LoopGraph with_counts = body_;
    for (int turns : kTurns) {
      if (turns * one.operations > kMostOperations) continue;
      std::optional<Graph> condition = condition_ ? condition_of(turns) : Graph();
      if (!condition) return {};
      with_counts = body_;
      std::optional<Graph> block = body_of(turns, with_counts);
      if (!block) return {};
      const Traffic all = traffic_of(*block, large_);
      if (all.operations > 2 * kMostOperations) continue;
      if (2 * all.bytes > turns * one.bytes || 2 * all.work > 3 * turns * one.work) continue;
      body_ = std::move(with_counts);
      return TurnBlock{turns, std::move(*condition), std::move(*block)};
    }
    return {};
  }

 private:
  const GraphValue& value(int v) const { return body_.graph.values[static_cast<std::size_t>(v)]; }
  bool is_large(const GraphValue& v) const { return v.shape.num_elements() >= large_; }

  // --- the condition: whether each of the turns takes place

  // The calls of a graph that a value needs, if they compute numbers of numbers.
  static bool numbers_for(const Graph& g, int v, std::vector<const GraphNode*>& calls) {
    for (const GraphNode& n : g.nodes) {
      if (std::find(n.outputs.begin(), n.outputs.end(), v) == n.outputs.end()) continue;
      if (std::find(calls.begin(), calls.end(), &n) != calls.end()) return true;
      if (!is_elementwise_call(n) || g.values[static_cast<std::size_t>(v)].shape.ndim() != 0) return false;
      for (int in : n.inputs) {
        if (!numbers_for(g, in, calls)) return false;
      }
      calls.push_back(&n);
      return true;
    }
    return g.values[static_cast<std::size_t>(v)].shape.ndim() == 0;  // an input, or what does not change
  }

  int input_number(const Graph& g, int v) const {
    const auto at = std::find(g.inputs.begin(), g.inputs.end(), v);
    return at == g.inputs.end() ? -1 : static_cast<int>(at - g.inputs.begin());
  }

  // Carries that are numbers, and the calls of the body by which each of them becomes that of the next turn.
  struct Counters {
    std::vector<int> carries;
    std::vector<std::vector<const GraphNode*>> calls;

    void add(int k) {
      if (std::find(carries.begin(), carries.end(), k) == carries.end()) carries.push_back(k);
    }
  };

  // The carries that a test looks at, and those that they are counted by; nothing where they depend on more.
  std::optional<Counters> counters_of(const std::vector<const GraphNode*>& test) const {
    const Graph &c = condition_->graph, &g = body_.graph;
    Counters counters;
    const auto add = [&](int k) {
      if (k >= 0 && k < num_carries_) counters.add(k);
    };
    for (const GraphNode* n : test) {
      for (int v : n->inputs) add(input_number(c, v));
    }
    for (std::size_t i = 0; i < counters.carries.size(); ++i) {
      const auto k = static_cast<std::size_t>(counters.carries[i]);
      std::vector<const GraphNode*> calls;
      const int next = g.outputs[k];
      if (value(g.inputs[k]).shape.ndim() != 0 || !numbers_for(g, next, calls)) return {};
      std::vector<int> needed{next};
      for (const GraphNode* n : calls) needed.insert(needed.end(), n->inputs.begin(), n->inputs.end());
      for (int v : needed) {
        if (std::any_of(calls.begin(), calls.end(), [&](const GraphNode* n) { return n->outputs[0] == v; })) continue;
        const int from = input_number(g, v);
        if (from < 0) return {};  // one of the body's invariants
        add(from);
      }
      counters.calls.push_back(std::move(calls));
    }
    return counters;
  }

  std::optional<Graph> condition_of(int turns) const {
    const Graph &c = condition_->graph, &g = body_.graph;
    std::vector<const GraphNode*> test;
    if (!numbers_for(c, c.outputs[0], test) || test.empty()) return {};
    const std::optional<Counters> counters = counters_of(test);
    if (!counters) return {};
    GraphBuilder b(c);
    std::map<int, int> as, of_body;  // values of the condition and of the body, as they are in a turn
    const auto now = [](const std::map<int, int>& values, int v) {
      const auto it = values.find(v);
      return it == values.end() ? v : it->second;
    };
    for (auto i = static_cast<std::size_t>(num_carries_); i < g.inputs.size(); ++i) of_body[g.inputs[i]] = c.inputs[i];
    int all = -1;
    for (int t = 0; t < turns; ++t) {
      const auto again = [&](const GraphNode& n, std::map<int, int>& values, const GraphValue& out) {
        std::vector<int> in;
        for (int v : n.inputs) in.push_back(now(values, v));
        values[n.outputs[0]] = b.again(n, std::move(in), out);
      };
      for (const GraphNode* n : test) again(*n, as, c.values[static_cast<std::size_t>(n->outputs[0])]);
      const int answer = now(as, c.outputs[0]);
      all = all < 0 ? answer : b.traced({all, answer}, [](const Arrays& x) { return logical_and(x[0], x[1]); });
      for (int k : counters->carries) {
        const auto at = static_cast<std::size_t>(k);
        of_body[g.inputs[at]] = now(as, c.inputs[at]);
      }
      for (const auto& calls : counters->calls) {
        for (const GraphNode* n : calls) again(*n, of_body, value(n->outputs[0]));
      }
      for (int k : counters->carries) {
        const auto at = static_cast<std::size_t>(k);
        as[c.inputs[at]] = of_body.at(g.outputs[at]);
      }
    }
    b.graph.outputs = {all};
    return finished(std::move(b.graph), condition_->invariants);
  }

  static Graph finished(Graph g, const Invariants& constants) {
    merge_equal(g);
    remove_dead(g);
    static const bool checks = [] {
      const char* value = std::getenv("TNP_VERIFY");
      return value != nullptr && std::string_view(value) == "1";
    }();
    if (!checks) return g;
    Graph whole = g;
    whole.inputs.insert(whole.inputs.end(), constants.values.begin(), constants.values.end());
    const std::string wrong = verify(whole);
    if (!wrong.empty()) throw std::logic_error("several turns of a loop were made an invalid graph: " + wrong);
    return g;
  }

  // --- the body

  // The block that is being made: what each of the body's values is in the turn at hand.
  struct Turns {
    Turns(const Graph& body, std::int64_t large) : b(body), reader(b), sets(b, large), as(body.values.size()) {
      for (std::size_t v = 0; v < as.size(); ++v) as[v] = static_cast<int>(v);
    }
    int& now(int v) { return as[static_cast<std::size_t>(v)]; }

    GraphBuilder b;
    Reader reader;
    Sets sets;
    std::vector<int> as;
    std::map<std::int64_t, int> counts;  // 0, 1, … up to a length
  };

  std::optional<Graph> body_of(int number, LoopGraph& body) const {
    const std::map<std::int64_t, int> counts = add_counts(body);
    Turns turns(body.graph, large_);
    turns.counts = counts;
    std::vector<int> rows;  // that later turns scan
    for (int t = 0; t < number; ++t) {
      for (int s = 0; t > 0 && s < num_scanned_; ++s) {
        const int first = body.graph.inputs[static_cast<std::size_t>(num_carries_ + s)];
        rows.push_back(turns.now(first) = turns.b.new_value(value(first)));
      }
      for (const GraphNode& node : body.graph.nodes) {
        if (!add_call(turns, node)) return {};
      }
      std::vector<int> next;
      for (int v : body.graph.outputs) next.push_back(turns.now(v));
      for (std::size_t k = 0; k < next.size(); ++k) turns.now(body.graph.inputs[k]) = next[k];
    }
    Graph& g = turns.b.graph;
    for (std::size_t k = 0; k < g.outputs.size(); ++k)
      g.outputs[k] = turns.sets.made_last(turns.now(body.graph.inputs[k]), turns.reader);
    g.inputs.insert(g.inputs.begin() + num_carries_ + num_scanned_, rows.begin(), rows.end());
    return finished(std::move(g), body.invariants);
  }

  // A call of the body in one more turn; false where it needs an array that is not there between turns.
  bool add_call(Turns& turns, const GraphNode& node) const {
    GraphBuilder& b = turns.b;
    std::vector<int> in;
    for (int v : node.inputs) in.push_back(turns.now(v));
    IndexedAccess access;
    const bool at_index = indexed(node, access) && is_large(b.value(in[0]));
    if (at_index && access.update >= 0) return add_update(turns, node, in, access);
    if (at_index && all_numbers(b, in, access)) {
      int v = in[0];
      for (int i = access.axes.size(); i-- > 0;)
        v = turns.reader.read(v, static_cast<int>(access.axes[i]),
                              in[static_cast<std::size_t>(access.first_index + i)]);
      turns.now(node.outputs[0]) = v;
      return true;
    }
    if (const int v = sliced(b, turns.reader, node, in); v >= 0) {
      turns.now(node.outputs[0]) = v;
      return true;
    }
    if (needs_all(b, node, in)) return false;
    GraphNode copy = node;
    copy.inputs = std::move(in);
    for (int& v : copy.outputs) {
      const int old = v;
      v = b.new_value(value(old));
      turns.now(old) = v;
    }
    b.push(std::move(copy));
    return true;
  }

  static bool add_update(Turns& turns, const GraphNode& node, const std::vector<int>& in, const IndexedAccess& access) {
    const std::optional<int> set = updated(turns.b, in, access, turns.counts);
    if (!set) return false;
    Set& record = turns.sets.of[*set];
    record.base = in[0];
    for (int i = 0; i < access.axes.size(); ++i)
      record.at.emplace_back(static_cast<int>(access.axes[i]), in[static_cast<std::size_t>(access.first_index + i)]);
    turns.now(node.outputs[0]) = *set;
    return true;
  }

  // What tells where an update of a large array is: 0, 1, … along each of the axes that are set at an index.
  std::map<std::int64_t, int> add_counts(LoopGraph& body) const {
    std::map<std::int64_t, int> counts;
    for (const GraphNode& n : body.graph.nodes) {
      IndexedAccess access;
      if (!indexed(n, access) || access.update < 0 || !is_large(value(n.inputs[0]))) continue;
      for (std::int64_t axis : access.axes) counts.try_emplace(value(n.inputs[0]).shape[static_cast<int>(axis)], -1);
    }
    for (auto& [n, v] : counts) v = add_count(body, n);
    return counts;
  }

  // Whether a call reads a large array that turns compute otherwise than element by element: it has to be there then.
  bool needs_all(const GraphBuilder& b, const GraphNode& node, const std::vector<int>& in) const {
    const std::string_view name = node.op->name;
    if (is_elementwise_call(node) || node.op->fusion == Fusion::broadcast || name == "reshape" || name == "transpose")
      return false;
    return std::any_of(in.begin(), in.end(), [&](int v) { return is_large(b.value(v)) && b.producer(v) != nullptr; });
  }

  // One place of an axis, or of several; -1: it is another call.
  int sliced(GraphBuilder& b, Reader& reader, const GraphNode& node, const std::vector<int>& in) const {
    if (std::string_view(node.op->name) != "slice" || !is_large(b.value(in[0]))) return -1;
    const SliceParams p(*node.params);
    const Shape before = b.shape(in[0]), after = value(node.outputs[0]).shape;
    int v = in[0];
    for (int d = before.ndim(); d-- > 0;) {
      if (p.count[d] == before[d] && p.start[d] == 0) continue;
      if (p.count[d] != 1) return -1;
      v = reader.read(v, d, Reader::known_place(p.start[d]));
    }
    return v == in[0] ? -1 : b.traced({v}, [&](const Arrays& x) { return reshape(x[0], after); });
  }

  static bool all_numbers(const GraphBuilder& b, const std::vector<int>& in, const IndexedAccess& access) {
    for (int i = 0; i < access.axes.size(); ++i) {
      if (b.shape(in[static_cast<std::size_t>(access.first_index + i)]).ndim() != 0) return false;
    }
    return true;
  }

  // Before the loop: 0, 1, …, n - 1.
  static int add_count(LoopGraph& body, std::int64_t n) {
    Trace trace;
    const Array like = trace.add_input(DType::bool_, Shape{-1});
    const Array count = iota(like.shape()[0], DType::int64);
    const std::unique_ptr<Graph> parts = trace.finish({&like, 1}, {&count, 1});
    Graph& before = body.invariants.graph;
    before.values.resize(body.graph.values.size(), {DType::int64, Shape{}});
    const int v = static_cast<int>(body.graph.values.size());
    body.graph.values.push_back({DType::int64, Shape{n}});
    before.values.push_back({DType::int64, Shape{n}});
    GraphNode node = parts->nodes.at(0);
    node.params = replace_dims(node.params, [&](Dim) { return n; });
    node.outputs = {v};
    before.nodes.push_back(std::move(node));
    before.outputs.push_back(v);
    body.invariants.values.push_back(v);
    return v;
  }

  // An array with a part set, element by element.
  static std::optional<int> updated(GraphBuilder& b, const std::vector<int>& in, const IndexedAccess& access,
                                    const std::map<std::int64_t, int>& counts) {
    const int array = in[0];
    const Shape shape = b.shape(array);
    int update = in[static_cast<std::size_t>(access.update)];
    if (!all_numbers(b, in, access) || b.value(update).dtype != b.value(array).dtype) return {};
    if (b.shape(update).ndim() != shape.ndim() - access.axes.size()) return {};
    Shape spread;  // of the update
    for (int d = 0, next = 0; d < shape.ndim(); ++d) {
      const bool chosen = std::find(access.axes.begin(), access.axes.end(), d) != access.axes.end();
      spread.push_back(chosen ? 1 : b.shape(update)[next++]);
    }
    update = b.traced({update}, [&](const Arrays& x) { return reshape(x[0], spread); });
    std::vector<int> masks;
    for (int i = 0; i < access.axes.size(); ++i) {
      const int axis = static_cast<int>(access.axes[i]);
      Shape along(shape.ndim() - axis, 1);
      along[0] = shape[axis];
      // Reading it tells a wrong index, and where a negative one is.
      masks.push_back(b.traced({counts.at(shape[axis]), in[static_cast<std::size_t>(access.first_index + i)]},
                               [&](const Arrays& x) {
                                 constexpr std::int64_t first[] = {0};
                                 const std::int64_t label[] = {axis};
                                 return reshape(equal(x[0], gather(x[0], {&x[1], 1}, first, label)), along);
                               }));
    }
    int result = update;
    for (int mask : masks)
      result = b.traced({mask, result, array}, [](const Arrays& x) { return where(x[0], x[1], x[2]); });
    return b.shape(result) == shape ? std::optional(result) : std::nullopt;
  }

  LoopGraph& body_;
  const LoopGraph* const condition_;
  const int num_carries_, num_scanned_;
  std::int64_t large_ = 0;  // elements
};

}  // namespace

std::optional<TurnBlock> several_turns(LoopGraph& body, const LoopGraph* condition, int num_carries, int num_scanned) {
  try {
    return TurnBlocks(body, condition, num_carries, num_scanned).run();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace tnp::compiler

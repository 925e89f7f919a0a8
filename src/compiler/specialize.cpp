#include "compiler/specialize.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "compiler/nest/loop_graph.h"
#include "compiler/nest/windows.h"
#include "compiler/param_reader.h"
#include "compiler/simplify.h"
#include "ir/apply_internal.h"
#include "ir/expr.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::compiler {

namespace {

// An array of which only type and shape are known.
Array placeholder(const OpDef* op, DType dtype, const Shape& shape) {
  auto* expr = new Expr;
  expr->op = op;
  const Array x = make_lazy(State::symbolic, expr, 0, dtype, shape);
  expr->release();
  return x;
}

struct UnknownSize {};

constexpr Dim kLeastNumber = -(Dim{1} << 32);  // below lie expressions of sizes

class Specializer {
 public:
  Specializer(const Graph& graph, std::span<const Shape> inputs, bool inner, const Windows* windows)
      : graph_(graph), inputs_(inputs), inner_(inner), windows_(windows), result_(graph) {}

  std::optional<Graph> run() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) shape(graph_.inputs[i]) = inputs_[i];
    try {
      for (std::size_t n = 0; n < result_.nodes.size(); ++n) {
        GraphNode& node = result_.nodes[n];
        if (windows_ && windows_->is_place(n)) continue;
        if (windows_ && windows_->of(n)) {
          make_window(node, *windows_->of(n));
        } else {
          specialize_node(node);
        }
      }
      remove_places();
    } catch (const UnknownSize&) {
      return std::nullopt;
    } catch (const Error&) {
      return std::nullopt;
    }
    return std::move(result_);
  }

 private:
  Shape& shape(int value) { return result_.values[static_cast<std::size_t>(value)].shape; }

  Dim size_of(const DimExpr& leaf) {
    if (const auto it = graph_.leaf_values.find(leaf.node); it != graph_.leaf_values.end()) {
      const Dim d = shape(it->second)[leaf.axis];
      if (d < kLeastNumber) throw UnknownSize{};  // where a window begins
      return d;
    }
    // The size of an array outside, which is that of an input.
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const Shape& traced = graph_.values[static_cast<std::size_t>(graph_.inputs[i])].shape;
      for (int d = 0; traced.rank_known() && d < traced.ndim(); ++d) {
        if (!is_symbolic(traced[d])) continue;
        const DimExpr e = dim_expr(traced[d]);
        if (e.kind == DimExpr::Kind::leaf && e.node == leaf.node && e.axis == leaf.axis) return inputs_[i][d];
      }
    }
    throw UnknownSize{};
  }

  void specialize_node(GraphNode& node) {
    if (node.op->effect != Effect::none) throw UnknownSize{};
    node.params = replace_dims(node.params, [&](Dim d) { return number(d); });
    if (inner_) specialize_inner(node);
    Arrays in;
    for (int v : node.inputs) {
      const GraphValue& value = result_.values[static_cast<std::size_t>(v)];
      in.push_back(placeholder(node.op, value.dtype, value.shape));
    }
    const OutputSpecs specs = node.op->infer.get()(Call{*node.op, in, *node.params});
    for (std::size_t j = 0; j < specs.size(); ++j) {
      if (!specs[j].shape.is_static()) throw UnknownSize{};
      shape(node.outputs[j]) = specs[j].shape;
    }
  }

  Dim number(Dim d) {
    const auto leaf = [&](const DimExpr& e) { return size_of(e); };
    if (!windows_ || d >= kLeastNumber) return evaluate(d, leaf);
    if (const Dim* size = windows_->size_of(d)) return number(*size);
    const DimExpr e = dim_expr(d);
    return e.kind == DimExpr::Kind::leaf ? size_of(e) : dim_apply(e.kind, number(e.a), number(e.b));
  }

  void make_window(GraphNode& node, const std::vector<Windows::Window>& windows) {
    const SliceParams slice(*node.params);
    const bool write = std::string_view(node.op->name) == "place_slice";
    const Shape& from = shape(node.inputs[0]);
    auto p = std::make_shared<WindowParams>();
    p->start = slice.start, p->count = slice.count, p->step = slice.step;
    for (const Windows::Window& w : windows) {
      p->start[w.axis] = 0;
      p->axes.push_back(w.axis);
      node.inputs.push_back(w.after);
      node.inputs.push_back(w.before);
    }
    for (Dim& d : p->start) d = number(d);
    for (Dim& d : p->count) {
      d = number(d);
      if (d <= 0) throw UnknownSize{};
    }
    for (const Windows::Window& w : windows) {
      if (p->count[w.axis] > from[w.axis]) throw UnknownSize{};
    }
    node.op = write ? &kPlaceWindow : &kWindow;
    shape(node.outputs[0]) = write ? from : p->count;
    node.params = std::move(p);
  }

  // What only said where windows begin.
  void remove_places() {
    if (!windows_) return;
    std::vector<bool> place(result_.values.size(), false);
    std::vector<GraphNode> kept;
    for (std::size_t n = 0; n < result_.nodes.size(); ++n) {
      GraphNode& node = result_.nodes[n];
      if (windows_->is_place(n)) {
        place[static_cast<std::size_t>(node.outputs[0])] = true;
        continue;
      }
      for (int v : node.inputs) {
        if (place[static_cast<std::size_t>(v)]) throw UnknownSize{};
      }
      kept.push_back(std::move(node));
    }
    for (int v : result_.outputs) {
      if (place[static_cast<std::size_t>(v)]) throw UnknownSize{};
    }
    result_.nodes = std::move(kept);
  }

  void specialize_inner(GraphNode& node) {
    const std::string_view name = node.op->name;
    if (name != "loop" && name != "cond") return;
    std::vector<Shape> shapes;
    for (int v : node.inputs) shapes.push_back(shape(v));
    node.params = GraphReplacer::apply(*node.params, [&](const std::string& field, const GraphRef& graph) -> GraphRef {
      std::optional<Graph> g = specialize(*graph, inner_shapes(node, field, shapes), true);
      return g ? std::make_shared<const Graph>(std::move(*g)) : graph;
    });
  }

  const Graph& graph_;
  std::span<const Shape> inputs_;
  const bool inner_;
  const Windows* windows_;
  Graph result_;
};

bool has_symbolic_dims(const Params& params) {
  bool any = false;
  for_each_symbolic_dim(params, [&](Dim) { any = true; });
  return any;
}

// Sizes that data tell stay what they are; no size is worked out in part, as that would make new expressions while
// others read them.
class PartialSpecializer {
 public:
  PartialSpecializer(const Graph& graph, std::span<const Shape> inputs, std::span<const Array> known, bool folds)
      : graph_(graph), result_(graph), folds_(folds), folded_(graph.nodes.size(), false) {
    for (std::size_t i = 0; i < inputs.size(); ++i) shape(graph_.inputs[i]) = inputs[i];
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (known[i]) known_.emplace(graph_.inputs[i], known[i]);
    }
  }

  std::optional<Graph> run() {
    const ObserversPaused observers_paused;
    const TracePaused trace_paused;
    try {
      for (std::size_t n = 0; n < result_.nodes.size(); ++n) {
        GraphNode& node = result_.nodes[n];
        if (node.op->effect != Effect::none) return std::nullopt;
        node.params = replace_dims(node.params, [&](Dim d) { return known_size(d); });
        const bool all = set_shapes(node);
        folded_[n] = folds_ && all && fold(node);
      }
    } catch (const Error&) {
      return std::nullopt;
    }
    capture();
    return std::move(result_);
  }

 private:
  Shape& shape(int value) { return result_.values[static_cast<std::size_t>(value)].shape; }

  Dim known_size(Dim d) {
    const std::optional<Dim> n = number(d);
    return n ? *n : d;
  }

  // Each expression is worked out once: sizes that a program computes step by step name all those before.
  std::optional<Dim> number(Dim d) {
    if (d >= kLeastNumber) return d;
    if (const auto it = numbers_.find(d); it != numbers_.end()) return it->second;
    const DimExpr e = dim_expr(d);
    std::optional<Dim> n;
    if (e.kind == DimExpr::Kind::leaf) {
      const auto it = graph_.leaf_values.find(e.node);
      const Shape* s = it == graph_.leaf_values.end() ? nullptr : &shape(it->second);
      if (s != nullptr && s->rank_known() && !is_symbolic((*s)[e.axis])) n = (*s)[e.axis];
    } else {
      const std::optional<Dim> a = number(e.a), b = a ? number(e.b) : std::nullopt;
      if (b) n = dim_apply(e.kind, *a, *b);
    }
    numbers_.emplace(d, n);
    return n;
  }

  // A size below zero is an error of the run. (Handles lie below all such numbers.)
  static Shape checked(const Shape& s) {
    for (Dim d : s) {
      if (d < 0 && d > -(Dim{1} << 32)) throw ValueError("negative dimensions are not allowed");
    }
    return s;
  }

  // Whether the sizes of all that the call reads are known.
  bool set_shapes(const GraphNode& node) {
    const auto as_far_as_known = [&](Shape s) {
      for (Dim& d : s) d = is_symbolic(d) ? known_size(d) : d;
      return checked(s);
    };
    bool all = !has_symbolic_dims(*node.params);
    for (int v : node.inputs) all = all && shape(v).is_static();
    if (!all) {
      for (int v : node.outputs) shape(v) = as_far_as_known(graph_.values[static_cast<std::size_t>(v)].shape);
      return false;
    }
    Arrays in;
    for (int v : node.inputs) {
      in.push_back(placeholder(node.op, result_.values[static_cast<std::size_t>(v)].dtype, shape(v)));
    }
    const OutputSpecs specs = infer_outputs(Call{*node.op, in, *node.params});
    for (std::size_t j = 0; j < specs.size(); ++j) {
      const Shape traced = graph_.values[static_cast<std::size_t>(node.outputs[j])].shape;
      shape(node.outputs[j]) = checked(specs[j].shape).is_static() ? specs[j].shape : as_far_as_known(traced);
    }
    return true;
  }

  bool fold(const GraphNode& node) {
    if (node.outputs.empty()) return false;
    Arrays in, out(node.outputs.size());
    for (int v : node.inputs) {
      const auto it = known_.find(v);
      if (it == known_.end() || it->second.shape().num_elements() > kMaxFoldedElements) return false;
      in.push_back(it->second);
    }
    const auto is_small = [](const Shape& s) { return !s.is_static() || s.num_elements() <= kMaxFoldedElements; };
    for (int v : node.outputs) {
      if (!is_small(shape(v))) return false;
    }
    // The program's lock is held here: host functions may call the program, or let others run that do.
    if (HostFinder::calls_host(*node.params)) return false;
    try {
      execute(Call{*node.op, in, *node.params}, out);
    } catch (const Error&) {
      return false;  // raises it when it runs
    }
    for (const Array& x : out) {
      if (!is_small(x.shape())) return false;
    }
    std::erase_if(numbers_, [](const auto& known) { return !known.second; });  // they may depend on these
    for (std::size_t j = 0; j < out.size(); ++j) {
      shape(node.outputs[j]) = out[j].shape();
      known_.insert_or_assign(node.outputs[j], out[j]);
    }
    return true;
  }

  // What the other calls and the outputs read of what has been computed becomes captured. What only repeats elements
  // stays a call for loops that fuse it: it is a matter of strides there.
  void capture() {
    std::vector<bool> read(graph_.values.size(), false), fused(graph_.values.size(), false);
    for (int v : result_.outputs) read[static_cast<std::size_t>(v)] = true;
    std::vector<GraphNode> kept;
    std::vector<int> captured;
    std::unordered_set<Dim> seen;
    for (std::size_t n = result_.nodes.size(); n-- > 0;) {
      GraphNode& node = result_.nodes[n];
      const bool is_fused = std::any_of(node.outputs.begin(), node.outputs.end(),
                                        [&](int v) { return fused[static_cast<std::size_t>(v)]; });
      if (folded_[n] && (!is_fused || node.op->fusion != Fusion::broadcast)) {
        for (int v : node.outputs) {
          if (read[static_cast<std::size_t>(v)]) captured.push_back(v);
        }
        continue;
      }
      for (int v : node.inputs) {
        read[static_cast<std::size_t>(v)] = true;
        if (node.op->fusion != Fusion::none) fused[static_cast<std::size_t>(v)] = true;
      }
      for_each_symbolic_dim(*node.params, [&](Dim d) { mark_leaves(d, read, seen); });
      kept.push_back(std::move(node));
    }
    result_.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
    for (auto v = captured.rbegin(); v != captured.rend(); ++v) {
      const Array& x = known_.at(*v);
      result_.inputs.push_back(*v);
      result_.captured.push_back(x.is_contiguous() ? x : copy(x));
    }
  }

  // As read: the values whose sizes this one is made of.
  void mark_leaves(Dim d, std::vector<bool>& read, std::unordered_set<Dim>& seen) const {
    if (d >= kLeastNumber || !seen.insert(d).second) return;
    const DimExpr e = dim_expr(d);
    if (e.kind != DimExpr::Kind::leaf) {
      mark_leaves(e.a, read, seen);
      mark_leaves(e.b, read, seen);
    } else if (const auto it = graph_.leaf_values.find(e.node); it != graph_.leaf_values.end()) {
      read[static_cast<std::size_t>(it->second)] = true;
    }
  }

  const Graph& graph_;
  Graph result_;
  const bool folds_;
  std::vector<bool> folded_;  // nodes
  std::unordered_map<int, Array> known_;
  std::unordered_map<Dim, std::optional<Dim>> numbers_;  // of sizes; none: data tell it
};

}  // namespace

std::optional<Graph> specialize_and_fold(const Graph& graph, std::span<const Shape> inputs,
                                         std::span<const Array> known) {
  std::optional<Graph> g = PartialSpecializer(graph, inputs, {}, false).run();
  if (!g) return g;
  simplify_for(*g, {});  // rules see what makes an array, not its elements
  g = PartialSpecializer(*g, inputs, known, true).run();
  if (g) simplify_for(*g, {});
  return g;
}

std::vector<int> foldable_with_sizes(const Graph& graph) {
  std::vector<bool> known(graph.values.size(), false), used(graph.values.size(), false);
  const auto args = static_cast<std::size_t>(graph.num_args());
  for (std::size_t i = 0; i < graph.captured.size(); ++i) {
    known[static_cast<std::size_t>(graph.inputs[args + i])] = graph.captured[i].state() == State::concrete;
  }
  for (const GraphNode& node : graph.nodes) {
    const bool all =
        std::all_of(node.inputs.begin(), node.inputs.end(), [&](int v) { return known[static_cast<std::size_t>(v)]; });
    if (!all || node.op->effect != Effect::none) continue;
    for (int v : node.inputs) used[static_cast<std::size_t>(v)] = true;
    for (int v : node.outputs) known[static_cast<std::size_t>(v)] = true;
  }
  std::vector<int> out;
  for (std::size_t i = args; i < graph.inputs.size(); ++i) {
    if (used[static_cast<std::size_t>(graph.inputs[i])]) out.push_back(static_cast<int>(i));
  }
  return out;
}

std::optional<Graph> specialize(const Graph& graph, std::span<const Shape> inputs, bool inner) {
  return Specializer(graph, inputs, inner, nullptr).run();
}

std::optional<Graph> specialize_with_windows(const Graph& graph, std::span<const Shape> inputs) {
  const Windows windows(graph);
  return Specializer(graph, inputs, true, windows.any() ? &windows : nullptr).run();
}

}  // namespace tnp::compiler

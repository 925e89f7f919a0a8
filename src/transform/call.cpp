#include "transform/call.h"

#include <algorithm>
#include <mutex>

#include "compiler/program.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/tape.h"

namespace tnp {

namespace {

// What a graph has besides its nodes, made when first needed.
struct GraphCompanion {
  std::mutex mutex;
  std::shared_ptr<compiler::Program> program;
  // The forward graph gives the outputs and then the residuals; the backward graph takes inputs, residuals and
  // cotangents of the outputs, and gives the cotangents of `differentiable` inputs.
  GraphRef forward, backward;
  std::vector<int> differentiable;
  int num_residuals = 0;
};

std::shared_ptr<GraphCompanion> companion_of(const GraphRef& graph) {
  static std::mutex mutex;
  std::scoped_lock lock(mutex);
  if (!graph->companion.value) graph->companion.value = std::make_shared<GraphCompanion>();
  return std::static_pointer_cast<GraphCompanion>(graph->companion.value);
}

// Symbolic inputs like those of the graph, with sizes of their own.
Arrays fresh_inputs(Trace& trace, const Graph& graph, const std::vector<int>& values) {
  Arrays inputs;
  for (int v : values) {
    Shape shape = graph.values[v].shape;
    for (Dim& d : shape) {
      if (is_symbolic(d)) d = -1;
    }
    inputs.push_back(trace.add_input(graph.values[v].dtype, shape));
  }
  return inputs;
}

// The values that nodes [from, …) of the graph read, sizes included, but do not compute.
std::vector<int> read_from_outside(const Graph& g, std::size_t from) {
  std::vector<bool> own(g.values.size(), false), seen(g.values.size(), false);
  std::vector<int> out;
  const auto read = [&](int v) {
    if (!own[v] && !seen[v]) {
      seen[v] = true;
      out.push_back(v);
    }
  };
  for (std::size_t i = from; i < g.nodes.size(); ++i) {
    for (int v : g.nodes[i].inputs) read(v);
    for_each_symbolic_dim(*g.nodes[i].params, [&](Dim d) {
      for_each_leaf(d, [&](const DimExpr& leaf) { read(g.leaf_values.at(leaf.node)); });
    });
    for (int v : g.nodes[i].outputs) own[v] = true;
  }
  return out;
}

// Splits the gradient of `graph` into a forward and a backward graph that share no work.
void build_gradient(GraphCompanion& c, const Graph& graph) {
  Trace trace;
  const Arrays inputs = fresh_inputs(trace, graph, graph.inputs);
  Tape tape(false, false);
  Arrays outputs, watched;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!tape.watch(inputs[i])) continue;
    c.differentiable.push_back(static_cast<int>(i));
    watched.push_back(inputs[i]);
  }
  {
    ObserversPaused paused;
    tape.start();
    outputs = replay(graph, inputs);
    tape.stop();
  }
  // Everything recorded so far, effects included, belongs to the forward part: the backward one begins here.
  const std::size_t forward_count = trace.num_recorded();
  Arrays cts, targets, target_cts;
  for (const Array& y : outputs) {
    Shape shape = y.shape();
    cts.push_back(trace.add_input(y.dtype(), shape));
    if (!is_inexact(y.dtype())) continue;
    targets.push_back(y);
    target_cts.push_back(cts.back());
  }
  Arrays gradients;
  {
    ObserversPaused paused;
    gradients = tape.gradient(targets, watched, target_cts);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i]) gradients[i] = zeros(watched[i].shape(), watched[i].dtype());
    }
  }
  Arrays args = inputs;
  args.insert(args.end(), cts.begin(), cts.end());
  Arrays all_outputs = outputs;
  all_outputs.insert(all_outputs.end(), gradients.begin(), gradients.end());
  std::size_t split = 0;
  const std::unique_ptr<Graph> joint = trace.finish(args, all_outputs, forward_count, &split);

  const int num_inputs = static_cast<int>(inputs.size()), num_outputs = static_cast<int>(outputs.size());
  const auto make = [&](std::size_t begin, std::size_t end) {
    auto g = std::make_shared<Graph>();
    g->values = joint->values;
    g->nodes.assign(joint->nodes.begin() + static_cast<std::ptrdiff_t>(begin),
                    joint->nodes.begin() + static_cast<std::ptrdiff_t>(end));
    g->dims = joint->dims;
    g->leaf_values = joint->leaf_values;
    return g;
  };
  std::vector<bool> is_ct(joint->values.size(), false), given(joint->values.size(), false);
  for (int i = 0; i < num_outputs; ++i) is_ct[joint->inputs[num_inputs + i]] = true;
  auto forward = make(0, split);
  auto backward = make(split, joint->nodes.size());
  // Both take the original inputs, then the captured constants of the joint graph.
  for (std::size_t i = 0; i < joint->inputs.size(); ++i) {
    const int v = joint->inputs[i];
    if (is_ct[v]) continue;
    forward->inputs.push_back(v);
    backward->inputs.push_back(v);
    given[v] = true;
  }
  forward->captured = joint->captured;
  forward->outputs.assign(joint->outputs.begin(), joint->outputs.begin() + num_outputs);
  std::vector<int> residuals = read_from_outside(*backward, 0);
  for (int i = 0; i < static_cast<int>(gradients.size()); ++i) {
    const int v = joint->outputs[num_outputs + i];
    backward->outputs.push_back(v);
    const bool computed = std::any_of(backward->nodes.begin(), backward->nodes.end(), [&](const GraphNode& n) {
      return std::find(n.outputs.begin(), n.outputs.end(), v) != n.outputs.end();
    });
    if (!computed && std::find(residuals.begin(), residuals.end(), v) == residuals.end()) residuals.push_back(v);
  }
  for (int v : residuals) {
    if (given[v] || is_ct[v]) continue;
    forward->outputs.push_back(v);
    backward->inputs.push_back(v);
    ++c.num_residuals;
  }
  for (int i = 0; i < num_outputs; ++i) backward->inputs.push_back(joint->inputs[num_inputs + i]);
  c.forward = forward;
  c.backward = backward;
}

struct CallParams : ParamsOf<CallParams> {
  GraphRef graph;     // what is run
  GraphRef original;  // whose companion knows the gradient; null if `graph` is run as it is
  template <class V>
  void fields(V& v) {
    v("graph", graph);
    v("original", original);
  }
};

OutputSpecs infer(const Call& call) {
  OutputSpecs specs;
  const Graph& g = *static_cast<const CallParams&>(call.params).graph;
  for (int v : g.outputs) {
    Shape shape = g.values[v].shape;
    for (Dim& d : shape) {
      if (is_symbolic(d)) d = kDataDependent;
    }
    specs.push_back({g.values[v].dtype, shape});
  }
  return specs;
}

// Where the residuals have cotangents too (a derivative of the gradient was taken), the forward graph with all its
// outputs is itself the function to differentiate.
void vjp_of_all_outputs(VjpCall& v, const GraphRef& forward) {
  Tape tape;
  Arrays inputs, watched;
  std::vector<std::size_t> place;
  for (std::size_t i = 0; i < v.call.in.size(); ++i) {
    inputs.push_back(is_inexact(v.call.in[i].dtype()) ? alias(v.call.in[i]) : v.call.in[i]);
    if (!v.needed[i] || !tape.watch(inputs.back())) continue;
    watched.push_back(inputs.back());
    place.push_back(i);
  }
  tape.start();
  const Arrays outputs = call_graph(forward, inputs);
  tape.stop();
  Arrays targets, cotangents;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!v.cotangents[i] || !is_inexact(outputs[i].dtype())) continue;
    targets.push_back(outputs[i]);
    cotangents.push_back(v.cotangents[i]);
  }
  const Arrays gradients = tape.gradient(targets, watched, cotangents);
  for (std::size_t i = 0; i < gradients.size(); ++i) v.result[place[i]] = gradients[i];
}

void vjp(VjpCall& v) {
  const auto& p = static_cast<const CallParams&>(v.call.params);
  const std::shared_ptr<GraphCompanion> c = companion_of(p.original);
  const std::size_t num_outputs = p.original->outputs.size();
  for (std::size_t i = num_outputs; i < v.cotangents.size(); ++i) {
    if (v.cotangents[i]) return vjp_of_all_outputs(v, p.graph);
  }
  Arrays in(v.call.in.begin(), v.call.in.end());
  in.insert(in.end(), v.outputs.begin() + static_cast<std::ptrdiff_t>(num_outputs), v.outputs.end());
  for (std::size_t i = 0; i < num_outputs; ++i) {
    in.push_back(v.cotangents[i] ? v.cotangents[i] : zeros(v.outputs[i].shape(), v.outputs[i].dtype()));
  }
  const Arrays gradients = call_graph(c->backward, in);
  for (std::size_t i = 0; i < gradients.size(); ++i) v.result[c->differentiable[i]] = gradients[i];
}

// The tape tells values by their nodes: a result that is an input or another result as well becomes a node of its own.
Array distinct(const Array& x, std::span<const Array> inputs, std::span<const Array> earlier) {
  const auto same = [&](const Array& y) { return y.node() == x.node(); };
  if (std::none_of(inputs.begin(), inputs.end(), same) && std::none_of(earlier.begin(), earlier.end(), same)) return x;
  return Array::view_of(x.node()->buffer, x.data(), x.dtype(), x.shape(), x.strides());
}

const OpDef kCall{
    .name = "call",
    .doc = "A traced function, run on its arguments.",
    .family = "control",
    .num_inputs = -1,
    .infer = &infer,
    .infer_dtype =
        +[](const Call& call) {
          std::vector<DType> dtypes;
          for (const OutputSpec& s : infer(call)) dtypes.push_back(s.dtype);
          return dtypes;
        },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          Arrays results = program_of(static_cast<const CallParams&>(call.params).graph)->run(call.in);
          for (std::size_t i = 0; i < results.size(); ++i) out[i] = distinct(results[i], call.in, out.first(i));
        },
    .vjp = &vjp,
    .batch = unsupported("a batched call is replayed, operation by operation"),
    .samples = unsupported("it is made of other operations, which have samples"),
};
const RegisterOp registration(kCall);

}  // namespace

std::shared_ptr<compiler::Program> program_of(const GraphRef& graph) {
  const std::shared_ptr<GraphCompanion> c = companion_of(graph);
  std::scoped_lock lock(c->mutex);
  if (!c->program) {
    // A copy, as the program keeps its graph, and the graph keeps its program.
    c->program = compiler::compile(std::make_shared<Graph>(*graph));
  }
  return c->program;
}

Arrays call_graph(const GraphRef& graph, std::span<const Array> inputs) {
  bool symbolic = false, watched = false;
  for (const Array& x : inputs) {
    symbolic = symbolic || x.is_symbolic();
    watched = watched || (x.node()->flags.load(std::memory_order_relaxed) & detail::kWatched) != 0;
  }
  if (symbolic || current_trace != nullptr) return replay(*graph, inputs);
  CallParams p;
  p.graph = graph;
  if (!watched || active_observers == nullptr) return program_of(graph)->run(inputs);
  const std::shared_ptr<GraphCompanion> c = companion_of(graph);
  {
    std::scoped_lock lock(c->mutex);
    if (!c->forward) build_gradient(*c, *graph);
  }
  p.original = graph;
  p.graph = c->forward;
  Arrays in(inputs.begin(), inputs.end());
  in.insert(in.end(), c->forward->captured.begin(), c->forward->captured.end());
  Arrays out = apply_multi(kCall, in, p);
  out.resize(graph->outputs.size());
  return out;
}

}  // namespace tnp

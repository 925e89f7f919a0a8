#include "transform/call.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "compiler/native_loop.h"
#include "compiler/program.h"
#include "ir/graph_text.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/control/subgraph.h"
#include "transform/custom.h"
#include "transform/tape.h"
#include "transform/vmap.h"

namespace tnp {

namespace {

// What a graph has besides its nodes, made when first needed.
struct GraphCompanion {
  std::mutex mutex;
  std::shared_ptr<compiler::Program> program;
  bool own_arguments = false;                  // of the program
  std::vector<int> variables;                  // of the program
  std::shared_ptr<compiler::NativeLoop> loop;  // of which the graph is the body
  // The forward graph gives the outputs and then the residuals; the backward graph takes inputs, residuals and
  // cotangents of the outputs, and gives the cotangents of `differentiable` inputs.
  GraphRef forward, backward;
  std::vector<int> differentiable;
  std::vector<int> refused;  // inputs that a function with a gradient of its own takes from outside
  int num_residuals = 0;
  bool custom = false;      // the backward graph is not the derivative of the forward one
  bool recomputes = false;  // the backward graph is to stay apart, or its work would be merged with the forward one's
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

// Cuts a joint graph, of `num_inputs` inputs and then cotangents to `num_outputs` outputs and then gradients, at node
// `split`.
void cut(GraphCompanion& c, const Graph& joint, std::size_t split, int num_inputs, int num_outputs) {
  const auto make = [&](std::size_t begin, std::size_t end) {
    auto g = std::make_shared<Graph>();
    g->values = joint.values;
    g->nodes.assign(joint.nodes.begin() + static_cast<std::ptrdiff_t>(begin),
                    joint.nodes.begin() + static_cast<std::ptrdiff_t>(end));
    g->dims = joint.dims;
    g->leaf_values = joint.leaf_values;
    return g;
  };
  std::vector<bool> is_ct(joint.values.size(), false), given(joint.values.size(), false);
  for (int i = 0; i < num_outputs; ++i) is_ct[joint.inputs[num_inputs + i]] = true;
  auto forward = make(0, split);
  auto backward = make(split, joint.nodes.size());
  // Both take the original inputs, then the captured constants of the joint graph.
  for (std::size_t i = 0; i < joint.inputs.size(); ++i) {
    const int v = joint.inputs[i];
    if (is_ct[v]) continue;
    forward->inputs.push_back(v);
    backward->inputs.push_back(v);
    given[v] = true;
  }
  forward->captured = joint.captured;
  forward->outputs.assign(joint.outputs.begin(), joint.outputs.begin() + num_outputs);
  std::vector<int> residuals = read_from_outside(*backward, 0);
  for (std::size_t i = static_cast<std::size_t>(num_outputs); i < joint.outputs.size(); ++i) {
    const int v = joint.outputs[i];
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
  for (int i = 0; i < num_outputs; ++i) backward->inputs.push_back(joint.inputs[num_inputs + i]);
  c.forward = forward;
  c.backward = backward;
}

// Records the gradient of `outputs` behind them, and cuts there. `pull` gives the cotangents of c.differentiable.
void build_joint(GraphCompanion& c, Trace& trace, const Arrays& inputs, const Arrays& outputs,
                 const ArraysFunction& pull) {
  // Everything recorded so far, effects included, belongs to the forward part: the backward one begins here.
  const std::size_t forward_count = trace.num_recorded();
  Arrays args = inputs, cts;
  for (const Array& y : outputs) {
    Shape shape = y.shape();
    cts.push_back(trace.add_input(y.dtype(), shape));
  }
  const Arrays gradients = pull(cts);
  args.insert(args.end(), cts.begin(), cts.end());
  Arrays all_outputs = outputs;
  all_outputs.insert(all_outputs.end(), gradients.begin(), gradients.end());
  std::size_t split = 0;
  const std::unique_ptr<Graph> joint = trace.finish(args, all_outputs, forward_count, &split);
  cut(c, *joint, split, static_cast<int>(inputs.size()), static_cast<int>(outputs.size()));
}

// The gradients of what the tape has seen, zeros where there is none.
Arrays pull_back(GraphCompanion& c, Tape& tape, const Arrays& outputs, const Arrays& watched, const Arrays& cts) {
  Arrays targets, target_cts;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!is_inexact(outputs[i].dtype())) continue;
    targets.push_back(outputs[i]);
    target_cts.push_back(cts[i]);
  }
  const ObserversPaused paused;
  std::vector<bool> refused;
  Arrays gradients = tape.gradient(targets, watched, target_cts, &refused);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (refused[i]) c.refused.push_back(c.differentiable[i]);
    if (!gradients[i]) gradients[i] = zeros(watched[i].shape(), watched[i].dtype());
  }
  return gradients;
}

Arrays watch_inputs(GraphCompanion& c, Tape& tape, const Arrays& inputs) {
  Arrays watched;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!tape.watch(inputs[i])) continue;
    c.differentiable.push_back(static_cast<int>(i));
    watched.push_back(inputs[i]);
  }
  return watched;
}

Arrays replay_on(Tape& tape, const Graph& graph, const Arrays& inputs) {
  const ObserversPaused paused;
  tape.start();
  Arrays outputs = replay(graph, inputs);
  tape.stop();
  return outputs;
}

// Splits the gradient of `graph` into a forward and a backward graph that share no work.
void build_gradient(GraphCompanion& c, const Graph& graph) {
  Trace trace;
  const Arrays inputs = fresh_inputs(trace, graph, graph.inputs);
  Tape tape(false, false);
  const Arrays watched = watch_inputs(c, tape, inputs);
  const Arrays outputs = replay_on(tape, graph, inputs);
  build_joint(c, trace, inputs, outputs, [&](const Arrays& cts) { return pull_back(c, tape, outputs, watched, cts); });
}

// The same with a backward graph that does all the work of the forward one again, and so needs nothing of it.
void build_recomputing_gradient(GraphCompanion& c, const Graph& graph) {
  Trace trace;
  const Arrays inputs = fresh_inputs(trace, graph, graph.inputs);
  Tape tape(false, false);
  const Arrays watched = watch_inputs(c, tape, inputs);
  const Arrays outputs = replay_on(tape, graph, inputs);
  Arrays args = inputs, cts;
  for (const Array& y : outputs) {
    Shape shape = y.shape();
    cts.push_back(trace.add_input(y.dtype(), shape));
  }
  const Arrays gradients = pull_back(c, tape, outputs, watched, cts);
  args.insert(args.end(), cts.begin(), cts.end());
  auto backward = std::shared_ptr<Graph>(trace.finish(args, gradients));
  // Captured constants come between the inputs and the cotangents.
  std::vector<int>& in = backward->inputs;
  const auto begin = in.begin() + static_cast<std::ptrdiff_t>(inputs.size());
  std::rotate(begin, begin + static_cast<std::ptrdiff_t>(cts.size()), in.end());
  auto forward = std::make_shared<Graph>(graph);
  forward->captured.clear();
  if (!backward->captured.empty()) {
    // The forward graph does not read them; it takes them as the backward one does.
    for (const Array& x : backward->captured) {
      forward->inputs.push_back(static_cast<int>(forward->values.size()));
      forward->values.push_back({x.dtype(), x.shape()});
    }
    forward->captured = std::move(backward->captured);
    backward->captured.clear();
  }
  c.forward = forward;
  c.backward = backward;
  c.recomputes = true;
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
  const auto& p = static_cast<const CallParams&>(call.params);
  std::vector<InnerInput> given;
  for (const Array& x : call.in) given.push_back(inner_input("call", x));
  check_inner_graph("call", "the graph", p.graph, given);
  if (p.original && p.original->outputs.size() > p.graph->outputs.size())
    throw ValueError("call: the graph gives fewer results than the original");
  const Graph& g = *p.graph;
  for (int v : g.outputs) {
    Shape shape = g.values[v].shape;
    for (Dim& d : shape) {
      d = size_for_inputs(g, d, [&](int i, int axis) {
        const Shape& in = call.in[static_cast<std::size_t>(i)].shape();
        return in.rank_known() ? in[axis] : kDataDependent;
      });
    }
    specs.push_back({g.values[v].dtype, shape});
  }
  return specs;
}

// Where the residuals have cotangents too (a derivative of the gradient was taken), the forward graph with all its
// outputs is itself the function to differentiate. `first`: outputs before that one have a gradient of their own.
void vjp_of_outputs(VjpCall& v, const GraphRef& forward, std::size_t first) {
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
  for (std::size_t i = first; i < outputs.size(); ++i) {
    if (!v.cotangents[i] || !is_inexact(outputs[i].dtype())) continue;
    targets.push_back(outputs[i]);
    cotangents.push_back(v.cotangents[i]);
  }
  const Arrays gradients = tape.gradient(targets, watched, cotangents);
  for (std::size_t i = 0; i < gradients.size(); ++i) v.result[place[i]] = gradients[i];
}

Arrays call_apart(const GraphRef& graph, std::span<const Array> inputs);

void vjp(VjpCall& v) {
  const auto& p = static_cast<const CallParams&>(v.call.params);
  const std::shared_ptr<GraphCompanion> c = companion_of(p.original);
  const std::size_t num_outputs = p.original->outputs.size();
  {
    std::scoped_lock lock(c->mutex);
    if (!c->forward) build_recomputing_gradient(*c, *p.original);  // of a call that was made apart
  }
  for (std::size_t i = num_outputs; i < v.cotangents.size(); ++i) {
    if (!v.cotangents[i]) continue;
    vjp_of_outputs(v, p.graph, c->custom ? num_outputs : 0);
    if (!c->custom) return;
    break;
  }
  Arrays in(v.call.in.begin(), v.call.in.end());
  in.insert(in.end(), v.outputs.begin() + static_cast<std::ptrdiff_t>(num_outputs), v.outputs.end());
  for (std::size_t i = 0; i < num_outputs; ++i) {
    in.push_back(v.cotangents[i] ? v.cotangents[i] : zeros(v.outputs[i].shape(), v.outputs[i].dtype()));
  }
  const Arrays gradients = c->recomputes ? call_apart(c->backward, in) : call_graph(c->backward, in);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    Array& result = v.result[static_cast<std::size_t>(c->differentiable[i])];
    result = add_cotangents(result, gradients[i]);
  }
}

// Refuses what is no gradient of the inputs: one for each, of its shape, or none.
void check_gradients(std::span<const Array> inputs, const Arrays& gradients) {
  if (gradients.size() != inputs.size()) {
    throw ValueError("custom_gradient: there must be a gradient for each of " + std::to_string(inputs.size()) +
                     " arguments, but there are " + std::to_string(gradients.size()));
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i]) continue;
    const Shape &want = inputs[i].shape(), &got = gradients[i].shape();
    if (!want.is_static() || !got.is_static() || want == got) continue;
    throw ValueError("custom_gradient: the gradient of argument " + std::to_string(i) + " has the shape " + got.str() +
                     " instead of " + want.str());
  }
}

// The tape tells values by their nodes: a result that is an input or another result as well becomes a node of its own.
Array distinct(const Array& x, std::span<const Array> inputs, std::span<const Array> earlier) {
  const auto same = [&](const Array& y) { return y.node() == x.node(); };
  if (std::none_of(inputs.begin(), inputs.end(), same) && std::none_of(earlier.begin(), earlier.end(), same)) return x;
  return Array::view_of(x.node()->buffer, x.data(), x.dtype(), x.shape(), x.strides());
}

void batch_custom(BatchCall& b, const CallParams& p, const GraphCompanion& c);

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
    .batch =
        +[](BatchCall& b) {
          const auto& p = static_cast<const CallParams&>(b.call.params);
          const std::vector<bool> batched(b.batched.begin(), b.batched.end());
          if (const auto c = companion_of(p.original); c->custom) {
            batch_custom(b, p, *c);
            return;
          }
          Batched out = apply_batched(*p.graph, b.call.in, batched, b.size);
          b.result = std::move(out.values);
          b.result_batched = std::move(out.batched);
        },
    .samples = unsupported("it is made of other operations, which have samples"),
};
const RegisterOp registration(kCall);
const RegisterParams params_of_text(
    "call", +[](std::size_t) -> std::shared_ptr<Params> { return std::make_shared<CallParams>(); });

// One operation, whatever this thread is recording.
Arrays call_apart(const GraphRef& graph, std::span<const Array> inputs) {
  CallParams p;
  p.graph = p.original = graph;
  companion_of(graph)->recomputes = true;
  return apply_multi(kCall, inputs, p);
}

// Where a tape is to take the gradient from a function rather than from a graph.
struct PulledParams : ParamsOf<PulledParams> {
  PullBack pull;
  std::size_t num_arguments = 0;  // inputs after them are those that the function takes from outside
  template <class V>
  void fields(V&) {}
};

const OpDef kPulled{
    .name = "with_gradient",
    .doc = "What a function with a gradient of its own gave, for a tape.",
    .family = "control",
    .num_inputs = -1,
    .infer = unsupported("it is told to tapes only"),
    .infer_dtype = unsupported("it is told to tapes only"),
    .execute = unsupported("it is told to tapes only"),
    .vjp =
        +[](VjpCall& v) {
          Arrays cts;
          for (std::size_t i = 0; i < v.outputs.size(); ++i) {
            const Array& y = v.outputs[i];
            cts.push_back(v.cotangents[i] ? v.cotangents[i] : zeros(y.shape(), y.dtype()));
          }
          const auto& p = static_cast<const PulledParams&>(v.call.params);
          const Arrays gradients = p.pull(cts);
          check_gradients(v.call.in.first(p.num_arguments), gradients);
          for (std::size_t i = 0; i < gradients.size(); ++i) v.result[i] = gradients[i];
        },
    .batch = unsupported("it is told to tapes only"),
    .samples = unsupported("it is made of other operations, which have samples"),
};
const RegisterOp pulled_registration(kPulled);

// Finds out which watched arrays from outside of its arguments a function's results depend on.
class OutsideArrays final : public Observer {
 public:
  explicit OutsideArrays(const Arrays& arguments) : kept_(arguments) {
    for (const Array& x : arguments) seen_[x.node()] = {};
    push_observer(this);
  }
  ~OutsideArrays() override { pop_observer(this); }
  void observe(const Call& call, std::span<const Array> outputs) override {
    std::vector<int> all;
    for (const Array& x : call.in) {
      for (int i : numbers_of(x)) {
        if (std::find(all.begin(), all.end(), i) == all.end()) all.push_back(i);
      }
    }
    if (!call.op.vjp) all.clear();
    for (const Array& y : outputs) {
      seen_[y.node()] = is_inexact(y.dtype()) ? all : std::vector<int>();
      kept_.push_back(y);
    }
  }
  // Those that any of the results depends on.
  Arrays behind(const Arrays& results) {
    std::vector<bool> found;
    for (const Array& y : results) {
      for (int i : numbers_of(y)) {
        found.resize(std::max(found.size(), static_cast<std::size_t>(i) + 1));
        found[static_cast<std::size_t>(i)] = true;
      }
    }
    Arrays out;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i]) out.push_back(outside_[i]);
    }
    return out;
  }

 private:
  const std::vector<int>& numbers_of(const Array& x) {
    const auto it = seen_.find(x.node());
    if (it != seen_.end()) return it->second;
    std::vector<int>& numbers = seen_[x.node()];
    kept_.push_back(x);
    if (is_inexact(x.dtype()) && (x.node()->flags.load(std::memory_order_relaxed) & detail::kWatched) != 0) {
      numbers.push_back(static_cast<int>(outside_.size()));
      outside_.push_back(x);
    }
    return numbers;
  }

  std::unordered_map<const detail::Node*, std::vector<int>> seen_;  // the outside arrays that a value depends on
  Arrays outside_, kept_;
};

// The tapes hear what f does, too: its gradient function may use what f has computed. The results are new values, which
// lead back to the inputs by that function alone.
Arrays custom_at_once(const Arrays& inputs, const CustomFunction& f) {
  if (active_observers == nullptr) return f(inputs).first;
  Arrays outputs, in = inputs;
  PulledParams p;
  p.num_arguments = inputs.size();
  {
    OutsideArrays probe(inputs);
    auto [results, pull] = f(inputs);
    p.pull = std::move(pull);
    const Arrays outside = probe.behind(results);
    in.insert(in.end(), outside.begin(), outside.end());
    const ObserversPaused paused;
    for (const Array& y : results) outputs.push_back(alias(y));
  }
  const std::vector<Observer*> observers = *active_observers;
  for (Observer* observer : observers) observer->observe(Call{kPulled, in, p}, outputs);
  return outputs;
}

// Which inputs the outputs [0, num_outputs) depend on by ways that have derivatives.
std::vector<bool> inputs_behind(const Graph& g, std::size_t num_outputs) {
  std::vector<bool> wanted(g.values.size(), false);
  const auto want = [&](int v) {
    if (is_inexact(g.values[static_cast<std::size_t>(v)].dtype)) wanted[static_cast<std::size_t>(v)] = true;
  };
  for (std::size_t i = 0; i < num_outputs; ++i) want(g.outputs[i]);
  for (std::size_t n = g.nodes.size(); n-- > 0;) {
    const GraphNode& node = g.nodes[n];
    const bool any = std::any_of(node.outputs.begin(), node.outputs.end(),
                                 [&](int v) { return wanted[static_cast<std::size_t>(v)]; });
    if (!any || !node.op->vjp || node.op->name == std::string_view("stop_gradient")) continue;
    for (int v : node.inputs) want(v);
  }
  std::vector<bool> out;
  for (int v : g.inputs) out.push_back(wanted[static_cast<std::size_t>(v)]);
  return out;
}

// What c.forward is called with: the arguments, and what it captures.
Arrays apply_custom(const std::shared_ptr<GraphCompanion>& c, Arrays in, std::size_t num_outputs) {
  in.insert(in.end(), c->forward->captured.begin(), c->forward->captured.end());
  auto forward = std::make_shared<Graph>(*c->forward);
  forward->captured.clear();
  c->forward = forward;
  auto original = std::make_shared<Graph>(*forward);
  original->outputs.resize(num_outputs);
  original->companion.value = c;
  CallParams p;
  p.graph = forward;
  p.original = original;
  return apply_multi(kCall, in, p);
}

// Has the backward graph take `count` results that follow the first `num_outputs` ones, which it does not look at, and
// no cotangents of them: the call passes whatever comes after its own outputs.
void keep_results(GraphCompanion& c, std::size_t num_outputs, std::size_t count) {
  auto g = std::make_shared<Graph>(*c.backward);
  g->inputs.resize(g->inputs.size() - count);
  std::vector<int> kept;
  for (std::size_t i = 0; i < count; ++i) {
    kept.push_back(static_cast<int>(g->values.size()));
    g->values.push_back(c.forward->values[static_cast<std::size_t>(c.forward->outputs[num_outputs + i])]);
  }
  const auto at = static_cast<std::ptrdiff_t>(c.forward->inputs.size());
  g->inputs.insert(g->inputs.begin() + at, kept.begin(), kept.end());
  c.backward = g;
}

// All examples of a function with a gradient of its own at once: the call of both of its graphs, batched. What the
// gradient of one example is given of the forward run are results here too.
void batch_custom(BatchCall& b, const CallParams& p, const GraphCompanion& c) {
  const std::vector<bool> batched(b.batched.begin(), b.batched.end());
  const std::size_t num_outputs = p.original->outputs.size();
  auto made = std::make_shared<GraphCompanion>();
  made->custom = true;
  made->differentiable = c.differentiable;
  made->refused = c.refused;
  std::vector<bool> flags;
  {
    const ObserversPaused paused;
    Trace trace;
    Arrays inputs;
    for (const Array& x : b.call.in) inputs.push_back(trace.add_input(x.dtype(), x.shape()));
    const Batched forward = apply_batched(*p.graph, inputs, batched, b.size);
    flags = forward.batched;
    const auto residuals = forward.values.begin() + static_cast<std::ptrdiff_t>(num_outputs);
    const auto pull = [&](const Arrays& cts) {
      Arrays in = inputs;
      in.insert(in.end(), residuals, forward.values.end());
      in.insert(in.end(), cts.begin(), cts.begin() + static_cast<std::ptrdiff_t>(num_outputs));
      std::vector<bool> in_flags = batched;
      in_flags.insert(in_flags.end(), flags.begin() + static_cast<std::ptrdiff_t>(num_outputs), flags.end());
      in_flags.insert(in_flags.end(), flags.begin(), flags.begin() + static_cast<std::ptrdiff_t>(num_outputs));
      const Batched pulled = apply_batched(*c.backward, in, in_flags, b.size);
      Arrays gradients;
      for (std::size_t k = 0; k < pulled.values.size(); ++k) {
        const bool wanted = batched[static_cast<std::size_t>(c.differentiable[k])];
        if (wanted == pulled.batched[k]) {
          gradients.push_back(pulled.values[k]);
        } else {  // an argument that all examples share has the sum of their gradients
          gradients.push_back(wanted ? batch_of(pulled, k, b.size)
                                     : reduce_sum(pulled.values[k], Axes{0}, false, pulled.values[k].dtype()));
        }
      }
      return gradients;
    };
    build_joint(*made, trace, inputs, forward.values, pull);
  }
  keep_results(*made, num_outputs, flags.size() - num_outputs);
  Arrays out = apply_custom(made, Arrays(b.call.in.begin(), b.call.in.end()), num_outputs);
  out.resize(flags.size());
  b.result = std::move(out);
  b.result_batched = std::move(flags);
}

}  // namespace

Arrays custom_gradient(const Arrays& inputs, const CustomFunction& f) {
  const auto symbolic = [](const Array& x) { return x.is_symbolic(); };
  if (current_trace == nullptr && std::none_of(inputs.begin(), inputs.end(), symbolic))
    return custom_at_once(inputs, f);
  auto c = std::make_shared<GraphCompanion>();
  c->custom = true;
  {
    const ObserversPaused paused;
    Trace trace;
    Arrays arguments;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      arguments.push_back(trace.add_input(inputs[i].dtype(), inputs[i].shape()));
      if (is_inexact(inputs[i].dtype())) c->differentiable.push_back(static_cast<int>(i));
    }
    const auto [outputs, pull] = f(arguments);
    for (const Trace::VariableState& s : trace.variables()) {
      if (s.assigned) throw ValueError("custom_gradient: the function may not assign a Variable");
    }
    build_joint(*c, trace, arguments, outputs, [&](const Arrays& cts) {
      const Arrays all = pull(cts);
      check_gradients(arguments, all);
      Arrays gradients;
      for (int i : c->differentiable) {
        const auto k = static_cast<std::size_t>(i);
        gradients.push_back(all[k] ? all[k] : zeros(arguments[k].shape(), arguments[k].dtype()));
      }
      return gradients;
    });
  }
  const std::size_t num_outputs = c->forward->outputs.size() - static_cast<std::size_t>(c->num_residuals);
  const std::vector<bool> behind = inputs_behind(*c->forward, num_outputs);
  for (std::size_t i = inputs.size(); i < behind.size(); ++i) {
    if (behind[i]) c->refused.push_back(static_cast<int>(i));
  }
  Arrays out = apply_custom(c, inputs, num_outputs);
  out.resize(num_outputs);
  return out;
}

std::vector<int> refused_inputs(const OpDef& op, const Params& params, std::size_t num_inputs) {
  std::vector<int> out;
  if (&op == &kPulled) {
    for (std::size_t i = static_cast<const PulledParams&>(params).num_arguments; i < num_inputs; ++i)
      out.push_back(static_cast<int>(i));
  } else if (&op == &kCall) {
    const std::shared_ptr<GraphCompanion> c = companion_of(static_cast<const CallParams&>(params).original);
    const std::scoped_lock lock(c->mutex);
    out = c->refused;
  }
  return out;
}

Arrays checkpoint(const ArraysFunction& f, const Arrays& inputs) {
  ArraySpecs specs;
  for (const Array& x : inputs) specs.push(x);
  const SubGraph g = trace_subgraph(specs, f);
  if (!g.assigned.empty()) throw ValueError("checkpoint: the function may not assign a Variable");
  Arrays in = inputs;
  in.insert(in.end(), g.captured.begin(), g.captured.end());
  const std::shared_ptr<GraphCompanion> c = companion_of(g.graph);
  build_recomputing_gradient(*c, *g.graph);
  in.insert(in.end(), c->forward->captured.begin(), c->forward->captured.end());
  auto forward = std::make_shared<Graph>(*c->forward);
  forward->captured.clear();
  CallParams p;
  p.graph = forward;
  p.original = g.graph;
  return apply_multi(kCall, in, p);
}

namespace {
// Under the companion's lock.
std::shared_ptr<compiler::Program> program_in(GraphCompanion& c, const GraphRef& graph) {
  if (!c.program) {
    // A copy, as the program keeps its graph, and the graph keeps its program.
    compiler::CompileOptions options;
    options.own_arguments = c.own_arguments;
    options.variables = c.variables;
    c.program = compiler::compile(std::make_shared<Graph>(*graph), options);
  }
  return c.program;
}
}  // namespace

std::shared_ptr<compiler::Program> program_of(const GraphRef& graph) {
  const std::shared_ptr<GraphCompanion> c = companion_of(graph);
  const std::scoped_lock lock(c->mutex);
  return program_in(*c, graph);
}

std::shared_ptr<compiler::Program> inner_program_of(const GraphRef& graph) {
  const std::shared_ptr<GraphCompanion> c = companion_of(graph);
  const std::scoped_lock lock(c->mutex);
  c->own_arguments = true;
  return program_in(*c, graph);
}

Array take_input(const Call& call, std::size_t k) {
  // What is given up is the caller's own handle, which it does not look at again.
  if (k < 64 && ((call.donated >> k) & 1)) return std::move(const_cast<Array&>(call.in[k]));
  return call.in[k];
}

std::shared_ptr<compiler::NativeLoop> native_loop_of(const compiler::LoopSpec& loop) {
  const std::shared_ptr<GraphCompanion> c = companion_of(loop.body);
  std::scoped_lock lock(c->mutex);
  const auto fits = [&](const compiler::LoopSpec& known) {
    return known.condition == loop.condition && known.num_carries == loop.num_carries &&
           known.num_scanned == loop.num_scanned;
  };
  if (c->loop && fits(c->loop->loop())) return c->loop;
  compiler::LoopSpec own = loop;
  own.body = std::make_shared<Graph>(*loop.body);  // a copy, as the body's companion keeps the loop
  c->loop = std::make_shared<compiler::NativeLoop>(std::move(own));
  return c->loop;
}

void may_own_arguments(const GraphRef& graph) {
  const std::shared_ptr<GraphCompanion> c = companion_of(graph);
  const std::scoped_lock lock(c->mutex);
  c->own_arguments = true;
}

void may_take_variables(const GraphRef& graph, const std::vector<int>& inputs) {
  const std::shared_ptr<GraphCompanion> c = companion_of(graph);
  const std::scoped_lock lock(c->mutex);
  c->variables = inputs;
}

Arrays call_graph_owned(const GraphRef& graph, Arrays inputs, VariableClaims* claims) {
  const bool plain = current_trace == nullptr && active_observers == nullptr &&
                     std::none_of(inputs.begin(), inputs.end(), [](const Array& x) { return x.is_symbolic(); });
  return plain ? program_of(graph)->run_owned(std::move(inputs), claims) : call_graph(graph, inputs);
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

#include "transform/vmap.h"

#include "base/dim.h"
#include "ir/trace.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/call.h"
#include "transform/control/loop.h"

namespace tnp {

namespace {

// The sizes of the graph's symbolic dimensions in a batched run, where arrays may have an axis more in front.
class BatchedSizes {
 public:
  BatchedSizes(const Graph& graph, const Batched& values) : graph_(graph), values_(values) {}

  ParamsRef resolve(const ParamsRef& params) const {
    return replace_dims(params, [this](Dim d) {
      return evaluate(d, [this](const DimExpr& leaf) -> Dim {
        const auto it = graph_.leaf_values.find(leaf.node);
        if (it == graph_.leaf_values.end())
          throw RuntimeError("a size inside a traced function depends on an array that is not known");
        const auto v = static_cast<std::size_t>(it->second);
        return values_.values[v].shape()[leaf.axis + (values_.batched[v] ? 1 : 0)];
      });
    });
  }

 private:
  const Graph& graph_;
  const Batched& values_;
};

// Applies one operation to a batch by its rule.
void apply_rule(const GraphNode& node, const Arrays& in, const bool* batched, const Params& params, std::int64_t size,
                Batched& out) {
  if (!node.op->batch) {
    throw CannotBatch(std::string(node.op->name) + ": " +
                      (node.op->batch.reason() ? node.op->batch.reason() : "no rule for batches"));
  }
  const Call call{*node.op, in, params};
  BatchCall b{call, {batched, in.size()}, size, {}, {}};
  node.op->batch.get()(b);
  out.values = std::move(b.result);
  out.batched = std::move(b.result_batched);
}

Array first_row(const Array& x) {
  std::vector<SliceSpec> axes{{0, 1, 1}};
  Shape shape;
  for (int d = 1; d < x.ndim(); ++d) {
    axes.push_back({0, 1, x.shape()[d]});
    shape.push_back(x.shape()[d]);
  }
  return reshape(slice(x, axes), shape);
}

// The number of examples. Inputs with one example are taken to be the same for all, if others have more.
std::int64_t common_size(Batched& in, const char* name) {
  std::optional<std::int64_t> size;
  for (std::size_t i = 0; i < in.values.size(); ++i) {
    if (!in.batched[i]) continue;
    if (in.values[i].ndim() == 0) throw IndexError(std::string(name) + ": a 0-d array has no examples");
    const std::int64_t n = in.values[i].shape()[0];
    if (size && *size != n && !is_symbolic(*size) && !is_symbolic(n) && *size != 1 && n != 1) {
      throw ValueError(std::string(name) + ": the numbers of examples must be equal or 1, but are " +
                       std::to_string(*size) + " and " + std::to_string(n));
    }
    size = size ? dim_broadcast(*size, n) : n;
  }
  if (!size) throw ValueError(std::string(name) + ": give at least one array with examples");
  for (std::size_t i = 0; i < in.values.size(); ++i) {
    if (!in.batched[i] || in.values[i].shape()[0] == *size) continue;
    if (in.values[i].shape()[0] == 1) {
      in.values[i] = first_row(in.values[i]);
      in.batched[i] = false;
    } else {  // one or all, as the run will tell
      Shape shape = in.values[i].shape();
      shape[0] = *size;
      in.values[i] = broadcast_to(in.values[i], shape);
    }
  }
  return *size;
}

// The examples one after the other, each seeing what those before it have assigned.
Batched run_one_by_one(const SubGraph& g, const Batched& inputs, std::int64_t size) {
  const std::size_t num_args = inputs.values.size();
  Arrays all, xs;
  for (std::size_t i = 0; i < num_args; ++i) {
    if (inputs.batched[i]) xs.push_back(inputs.values[i]);
  }
  if (xs.empty()) xs.push_back(iota(size, DType::int64));
  const auto call = [&](const Arrays& rows) {
    Arrays in;
    std::size_t next = 0;
    for (std::size_t i = 0; i < num_args; ++i) in.push_back(inputs.batched[i] ? rows[next++] : inputs.values[i]);
    in.insert(in.end(), g.captured.begin(), g.captured.end());
    for (const auto& [variable, i] : g.read) in[num_args + i] = variable->read();
    Arrays results = call_graph(g.graph, in);
    const auto num_results = static_cast<std::size_t>(g.num_results);
    for (std::size_t i = 0; i < g.assigned.size(); ++i) g.assigned[i]->assign(results[num_results + i]);
    results.resize(num_results);
    return results;
  };
  Batched out;
  out.values = map(call, xs);
  out.batched.assign(out.values.size(), true);
  return out;
}

// Whether an operation that each example has a call of its own of gives this value: where it is not batched, as the
// state of a generator after the numbers of all examples, it counts for all of them.
bool counts_for_all(const Graph& graph, int value) {
  for (const GraphNode& node : graph.nodes) {
    if (std::find(node.outputs.begin(), node.outputs.end(), value) != node.outputs.end()) return node.op->batch_always;
  }
  return false;
}

}  // namespace

Array batch_of(const Batched& b, std::size_t i, std::int64_t size) {
  const Array& x = b.values[i];
  if (b.batched[i]) return x;
  Shape shape = x.shape();
  shape.insert(0, size);
  return broadcast_to(x, shape);
}

Batched apply_batched(const Graph& graph, std::span<const Array> inputs, const std::vector<bool>& batched,
                      std::int64_t size) {
  Batched values{Arrays(graph.values.size()), std::vector<bool>(graph.values.size(), false)};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto v = static_cast<std::size_t>(graph.inputs[i]);
    values.values[v] = inputs[i];
    values.batched[v] = batched[i];
  }
  const BatchedSizes sizes(graph, values);
  for (const GraphNode& node : graph.nodes) {
    Arrays in;
    const auto flags = std::make_unique<bool[]>(node.inputs.size());
    bool any = false;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const auto v = static_cast<std::size_t>(node.inputs[i]);
      in.push_back(values.values[v]);
      flags[i] = values.batched[v];
      any = any || flags[i];
    }
    const ParamsRef params = sizes.resolve(node.params);
    Batched out;
    if (any || node.op->batch_always) {
      apply_rule(node, in, flags.get(), *params, size, out);
    } else {
      out.values = apply_multi(*node.op, in, *params);
      out.batched.assign(out.values.size(), false);
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const auto v = static_cast<std::size_t>(node.outputs[i]);
      values.values[v] = out.values[i];
      values.batched[v] = out.batched[i];
    }
  }
  Batched result;
  for (int v : graph.outputs) {
    result.values.push_back(values.values[static_cast<std::size_t>(v)]);
    result.batched.push_back(values.batched[static_cast<std::size_t>(v)]);
  }
  return result;
}

Batched vectorized_map(const ArraysFunction& f, const Batched& given, const VmapOptions& options) {
  Batched inputs = given;
  const std::int64_t size = common_size(inputs, options.name);
  ArraySpecs specs;
  for (std::size_t i = 0; i < inputs.values.size(); ++i) {
    Shape shape = inputs.values[i].shape();
    if (inputs.batched[i]) shape.erase(0);
    specs.push(inputs.values[i].dtype(), shape);
  }
  SubGraph g = trace_subgraph(specs, f);
  Batched all = inputs;
  all.values.insert(all.values.end(), g.captured.begin(), g.captured.end());
  all.batched.resize(all.values.size(), false);
  try {
    // Nothing may have happened when it turns out that an operation has no rule.
    if (has_effects(*g.graph)) throw CannotBatch("the function has an effect, which must happen for each example");
    Batched out = apply_batched(*g.graph, all.values, all.batched, size);
    const auto num_results = static_cast<std::size_t>(g.num_results);
    for (std::size_t i = 0; i < g.assigned.size(); ++i) {
      if (out.batched[num_results + i] || !counts_for_all(*g.graph, g.graph->outputs[num_results + i]))
        throw CannotBatch("the function assigns the Variable '" + g.assigned[i]->name() + "'");
    }
    for (std::size_t i = 0; i < g.assigned.size(); ++i) g.assigned[i]->assign(out.values[num_results + i]);
    out.values.resize(num_results);
    out.batched.resize(num_results);
    return out;
  } catch (const CannotBatch& e) {
    if (!options.fallback) {
      throw ValueError(std::string(options.name) + ": no vectorization: " + e.what() +
                       " (fallback_to_while_loop is False)");
    }
    if (options.warn) options.warn(std::string(options.name) + ": the examples are run one by one: " + e.what());
  }
  return run_one_by_one(g, inputs, size);
}

}  // namespace tnp

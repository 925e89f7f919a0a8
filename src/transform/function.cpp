#include "transform/function.h"

#include <algorithm>
#include <map>

#include "base/dim.h"
#include "ir/observer.h"
#include "tnp/error.h"
#include "transform/call.h"

namespace tnp {

namespace {

// The symbolic arguments of the traces in progress on this thread, innermost last.
thread_local std::vector<const Arrays*> t_arguments;

constexpr Dim kSharedSize = -(Dim{1} << 31);  // handles lie below

class ArgumentsScope {
 public:
  explicit ArgumentsScope(const Arrays* arguments) { t_arguments.push_back(arguments); }
  ~ArgumentsScope() { t_arguments.pop_back(); }
};

}  // namespace

std::size_t trace_depth() { return t_arguments.size(); }

NeedsSize places_of(std::int64_t dim) {
  NeedsSize needs;
  bool all = true;
  for_each_leaf(dim, [&](const DimExpr& leaf) {
    bool found = false;
    for (std::size_t depth = t_arguments.size(); depth-- > 0 && !found;) {
      const Arrays& arguments = *t_arguments[depth];
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i].node() != leaf.node) continue;
        found = true;
        if (needs.places.empty() || depth > needs.depth) needs = {{}, depth};
        if (depth == needs.depth) needs.places.emplace_back(static_cast<int>(i), leaf.axis);
      }
    }
    all = all && found;
  });
  if (t_arguments.empty()) {
    throw TracerError("the size " + dim_str(dim) +
                      " was used outside of the traced function it belongs to: return it from the function, or keep it "
                      "in a tnp.Variable");
  }
  if (!all || needs.places.empty()) {
    throw TracerError("the size " + dim_str(dim) +
                      " depends on data, so it is not known while the function is traced: use it in array "
                      "operations, tnp.cond or tnp.while_loop");
  }
  return needs;
}

TracedFunction trace_function(std::span<const ArgumentSpec> specs, const std::function<Arrays(const Arrays&)>& body) {
  TracedFunction traced;
  Trace trace;
  Arrays arguments;
  std::map<Dim, Dim> shared;  // sizes that are one
  for (const ArgumentSpec& s : specs) {
    Shape shape = s.shape;
    for (Dim& d : shape) {
      if (const auto it = shared.find(d); it != shared.end()) d = it->second;
    }
    Shape given = shape;
    for (Dim& d : given) {
      if (d < -1 && d > kSharedSize) d = -1;
    }
    arguments.push_back(trace.add_input(s.dtype, given));
    for (int i = 0; i < shape.ndim(); ++i) {
      if (shape[i] < -1 && shape[i] > kSharedSize) shared.emplace(shape[i], arguments.back().shape()[i]);
    }
  }
  Arrays results;
  {
    const ArgumentsScope scope(&arguments);
    results = body(arguments);
  }
  traced.num_results = static_cast<int>(results.size());
  for (const Trace::VariableState& s : trace.variables()) {
    if (s.initial) {
      arguments.push_back(s.initial);
      traced.variables.push_back(s.variable);
    }
    if (s.assigned) {
      results.push_back(s.current);
      traced.assigned.push_back(s.variable);
    }
  }
  traced.graph = std::shared_ptr<const Graph>(trace.finish(arguments, results));
  traced.find_taken(specs.size());
  return traced;
}

Arrays TracedFunction::call(std::span<const Array> arguments) const {
  return run(Arrays(arguments.begin(), arguments.end()), false);
}

Arrays TracedFunction::call_owned(Arrays arguments) const { return run(std::move(arguments), true); }

const compiler::Program* TracedFunction::program() const { return program_of(graph).get(); }

// Which Variables' arrays a run may write over: those of Variables that are assigned, where no assignment can fail.
void TracedFunction::find_taken(std::size_t num_arguments) {
  for (std::size_t i = 0; i < assigned.size(); ++i) {
    const int value = graph->outputs[static_cast<std::size_t>(num_results) + i];
    if (graph->values[static_cast<std::size_t>(value)].shape != assigned[i]->shape()) return;
  }
  std::vector<int> taken;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (std::find(assigned.begin(), assigned.end(), variables[i]) != assigned.end())
      taken.push_back(static_cast<int>(num_arguments + i));
  }
  takes_variables = !taken.empty();
  if (takes_variables) may_take_variables(graph, taken);
}

Arrays TracedFunction::run(Arrays in, bool owned) const {
  const auto first = static_cast<int>(in.size());
  for (const VariableRef& v : variables) in.push_back(v->read());
  in.insert(in.end(), graph->captured.begin(), graph->captured.end());
  VariableClaims claims(variables, assigned, first);
  Arrays out = owned || takes_variables ? call_graph_owned(graph, std::move(in), takes_variables ? &claims : nullptr)
                                        : call_graph(graph, in);
  const auto results = static_cast<std::size_t>(num_results);
  if (!assigned.empty()) claims.store(std::span<const Array>(out).subspan(results, assigned.size()));
  out.resize(results);
  return out;
}

}  // namespace tnp

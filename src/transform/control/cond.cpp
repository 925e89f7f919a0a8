// cond: one of several graphs, chosen by an index. Its inputs are the index and then those that all branches share.
#include "transform/control/cond.h"

#include <cstring>

#include "compiler/program.h"
#include "ir/graph_text.h"
#include "ir/observer.h"
#include "tnp/control.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"
#include "transform/call.h"
#include "transform/control/subgraph.h"
#include "transform/tape.h"
#include "transform/vmap.h"

namespace tnp {

namespace {

struct CondParams : ParamsOf<CondParams> {
  std::vector<GraphRef> branches;  // by index; a boolean index takes the first where it is true
  template <class V>
  void fields(V& v) {
    for (std::size_t i = 0; i < branches.size(); ++i) v(("branch" + std::to_string(i)).c_str(), branches[i]);
  }
};

const CondParams& params_of(const Call& call) { return static_cast<const CondParams&>(call.params); }

// "true_fn", "branch 2"
std::string branch_name(DType index, std::size_t i) {
  if (index == DType::bool_) return i == 0 ? "true_fn" : "false_fn";
  return "branch " + std::to_string(i);
}

std::string type_str(DType dtype, const Shape& shape) { return std::string(name(dtype)) + shape.str(); }

std::int64_t chosen(const Array& index, std::size_t num_branches) {
  if (index.ndim() != 0) throw ValueError("cond: the index must be a scalar, not " + index.shape().str());
  if (index.dtype() == DType::bool_) return *index.data_as<bool>() ? 0 : 1;
  const Array i = astype(index, DType::int64);
  const std::int64_t k = *i.data_as<std::int64_t>();
  if (k < 0 || k >= static_cast<std::int64_t>(num_branches)) {
    throw IndexError("switch: index " + std::to_string(k) + " is out of range for " + std::to_string(num_branches) +
                     " branches");
  }
  return k;
}

Shape shape_for_inputs(const Graph& g, int output, std::span<const Array> inputs) {
  Shape shape = g.values[static_cast<std::size_t>(g.outputs[static_cast<std::size_t>(output)])].shape;
  const auto input_size = [&](int i, int axis) {
    const Shape& s = inputs[static_cast<std::size_t>(i)].shape();
    return s.rank_known() ? s[axis] : kDataDependent;
  };
  for (Dim& d : shape) d = size_for_inputs(g, d, input_size);
  return shape;
}

// What only a text or a faulty pass can get wrong.
void check_form(const Call& call, const CondParams& p) {
  const bool index = !call.in.empty() && (call.in[0].dtype() == DType::bool_ || is_integer(call.in[0].dtype()));
  if (!index || (call.in[0].shape().rank_known() && call.in[0].shape().ndim() != 0))
    throw ValueError("cond: the first input is no index");
  if (p.branches.empty() || (call.in[0].dtype() == DType::bool_ && p.branches.size() != 2))
    throw ValueError("cond: there are " + std::to_string(p.branches.size()) + " branches");
  std::vector<InnerInput> given;
  for (const Array& x : call.in.subspan(1)) given.push_back(inner_input("cond", x));
  for (std::size_t b = 0; b < p.branches.size(); ++b) {
    check_inner_graph("cond", branch_name(call.in[0].dtype(), b).c_str(), p.branches[b], given);
    const Graph &g = *p.branches[b], &first = *p.branches[0];
    bool same = g.outputs.size() == first.outputs.size();
    for (std::size_t k = 0; same && k < g.outputs.size(); ++k) {
      const GraphValue& x = g.values[static_cast<std::size_t>(g.outputs[k])];
      const GraphValue& y = first.values[static_cast<std::size_t>(first.outputs[k])];
      const bool known = x.shape.rank_known() && y.shape.rank_known();
      same = x.dtype == y.dtype && (!known || x.shape.ndim() == y.shape.ndim());
    }
    if (!same) throw ValueError("cond: the branches give different results");
  }
}

OutputSpecs infer(const Call& call) {
  const CondParams& p = params_of(call);
  check_form(call, p);
  const auto inputs = call.in.subspan(1);
  OutputSpecs specs;
  for (std::size_t k = 0; k < p.branches[0]->outputs.size(); ++k) {
    const Graph& first = *p.branches[0];
    OutputSpec spec{first.values[static_cast<std::size_t>(first.outputs[k])].dtype,
                    shape_for_inputs(first, static_cast<int>(k), inputs)};
    for (std::size_t b = 1; b < p.branches.size(); ++b) {
      const Shape other = shape_for_inputs(*p.branches[b], static_cast<int>(k), inputs);
      if (!other.rank_known() || !spec.shape.rank_known()) {
        spec.shape = Shape::unknown_rank();
        continue;
      }
      for (int i = 0; i < other.ndim(); ++i) {
        if (other[i] != spec.shape[i]) spec.shape[i] = kDataDependent;
      }
    }
    specs.push_back(spec);
  }
  return specs;
}

void execute(const Call& call, std::span<Array> out) {
  const CondParams& p = params_of(call);
  const GraphRef& graph = p.branches[static_cast<std::size_t>(chosen(call.in[0], p.branches.size()))];
  const std::shared_ptr<compiler::Program> program = inner_program_of(graph);
  if (program->run_prepared(call.in.subspan(1), out)) return;
  Arrays in;
  for (std::size_t k = 1; k < call.in.size(); ++k) in.push_back(take_input(call, k));
  program->run_short(in, out);
}

const OpDef& cond_op(bool effects);

Arrays apply_cond(const Array& index, std::vector<SubGraph>& branches, const Arrays& arguments) {
  Arrays in{index};
  in.insert(in.end(), arguments.begin(), arguments.end());
  const Arrays captured = unify_captured(branches);
  in.insert(in.end(), captured.begin(), captured.end());
  CondParams p;
  bool effects = false;
  for (const SubGraph& g : branches) {
    p.branches.push_back(g.graph);
    effects = effects || has_effects(*g.graph);
  }
  return apply_multi(cond_op(effects), in, p);
}

// The cond of the branches' gradients. Each runs its branch once more for what the gradient needs of it.
void vjp(VjpCall& v) {
  const CondParams& p = params_of(v.call);
  const auto inputs = v.call.in.subspan(1);
  ArraySpecs specs;
  Arrays arguments(inputs.begin(), inputs.end());
  std::vector<std::size_t> targets, sources;
  for (std::size_t k = 0; k < v.outputs.size(); ++k) {
    if (!v.cotangents[k] || !is_inexact(v.outputs[k].dtype())) continue;
    targets.push_back(k);
    arguments.push_back(v.cotangents[k]);
  }
  for (const Array& x : arguments) specs.push(x);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (v.needed[i + 1]) sources.push_back(i);
  }
  std::vector<SubGraph> branches;
  for (const GraphRef& branch : p.branches) {
    branches.push_back(trace_subgraph(specs, [&](const Arrays& args) {
      Tape tape(false, false);
      Arrays watched, outputs, cts(args.begin() + static_cast<std::ptrdiff_t>(inputs.size()), args.end());
      for (std::size_t i : sources) {
        tape.watch(args[i]);
        watched.push_back(args[i]);
      }
      tape.start();
      const Arrays all = replay(*branch, std::span(args).first(inputs.size()));
      tape.stop();
      for (std::size_t k : targets) outputs.push_back(all[k]);
      Arrays gradients = tape.gradient(outputs, watched, cts);
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        if (!gradients[i]) gradients[i] = zeros(watched[i].shape(), watched[i].dtype());
      }
      return gradients;
    }));
    remove_unused(*branches.back().graph);
  }
  const Arrays gradients = apply_cond(v.call.in[0], branches, arguments);
  for (std::size_t i = 0; i < sources.size(); ++i) v.result[sources[i] + 1] = gradients[i];
}

// --- batching

// The branches of a batch, all of whose outputs are batched where one's are.
void batch_branches(BatchCall& b) {
  const CondParams& p = params_of(b.call);
  const auto inputs = b.call.in.subspan(1);
  const std::vector<bool> batched(b.batched.begin() + 1, b.batched.end());
  ArraySpecs specs;
  for (const Array& x : inputs) specs.push(x);
  std::vector<bool> any(p.branches[0]->outputs.size(), false);
  std::vector<SubGraph> branches;
  for (int pass = 0; pass < 2; ++pass) {
    branches.clear();
    for (const GraphRef& branch : p.branches) {
      branches.push_back(trace_subgraph(specs, [&](const Arrays& args) {
        Batched r = apply_batched(*branch, args, batched, b.size);
        for (std::size_t k = 0; k < any.size(); ++k) {
          any[k] = any[k] || r.batched[k];
          if (any[k]) r.values[k] = batch_of(r, k, b.size);
        }
        return r.values;
      }));
    }
  }
  b.result = apply_cond(b.call.in[0], branches, Arrays(inputs.begin(), inputs.end()));
  b.result_batched = any;
}

// The choice differs from example to example: all branches run, and each example takes what is its own.
void batch_choice(BatchCall& b) {
  const CondParams& p = params_of(b.call);
  const auto inputs = b.call.in.subspan(1);
  const std::vector<bool> batched(b.batched.begin() + 1, b.batched.end());
  const Array& index = b.call.in[0];
  Arrays result;
  for (std::size_t i = p.branches.size(); i-- > 0;) {
    const Batched r = apply_batched(*p.branches[i], inputs, batched, b.size);
    for (std::size_t k = 0; k < r.values.size(); ++k) {
      const Array value = batch_of(r, k, b.size);
      if (i + 1 == p.branches.size()) {
        result.push_back(value);
        continue;
      }
      const Array mine = index.dtype() == DType::bool_ ? index : equal(index, Scalar(static_cast<std::int64_t>(i)));
      Shape column(value.ndim(), 1);
      column[0] = b.size;
      result[k] = where(reshape(mine, column), value, result[k]);
    }
  }
  b.result_batched.assign(result.size(), true);
  b.result = std::move(result);
}

const OpDef kCond{
    .name = "cond",
    .doc = "One of several graphs, chosen by an index or a boolean, run on the inputs that follow it.",
    .family = "control",
    .num_inputs = -1,
    .infer = &infer,
    .infer_dtype =
        +[](const Call& call) {
          std::vector<DType> dtypes;
          for (const OutputSpec& s : infer(call)) dtypes.push_back(s.dtype);
          return dtypes;
        },
    .infers_unknown_rank = true,
    .execute = &execute,
    .vjp = &vjp,
    .batch = +[](BatchCall& b) { b.batched[0] ? batch_choice(b) : batch_branches(b); },
    .samples = unsupported("it is made of other operations, which have samples"),
};
const RegisterOp registration(kCond);

const OpDef kCondWithEffects = [] {
  OpDef op = kCond;
  op.name = "cond_with_effects";
  op.doc = "cond, where a branch has an effect.";
  op.effect = Effect::stateful;
  return op;
}();
const RegisterOp registration_with_effects(kCondWithEffects);

std::shared_ptr<Params> make_params(std::size_t graphs) {
  auto p = std::make_shared<CondParams>();
  p->branches.resize(graphs);
  return p;
}
const RegisterParams params_of_text("cond", &make_params), params_of_effects("cond_with_effects", &make_params);

const OpDef& cond_op(bool effects) { return effects ? kCondWithEffects : kCond; }

// --- the functions

void check_branches(const char* what, DType index, const std::vector<SubGraph>& branches) {
  const SubGraph& a = branches[0];
  const auto value = [](const SubGraph& g, int k) -> const GraphValue& {
    return g.graph->values[static_cast<std::size_t>(g.graph->outputs[static_cast<std::size_t>(k)])];
  };
  for (std::size_t i = 1; i < branches.size(); ++i) {
    const SubGraph& b = branches[i];
    const std::string first = branch_name(index, 0), second = branch_name(index, i);
    if (a.num_results != b.num_results) {
      throw ValueError(std::string(what) + ": " + first + " gives " + std::to_string(a.num_results) + " arrays and " +
                       second + " gives " + std::to_string(b.num_results));
    }
    for (int k = 0; k < a.num_results; ++k) {
      const GraphValue &x = value(a, k), &y = value(b, k);
      const std::string message = std::string(what) + ": result " + std::to_string(k) +
                                  LeafNames::of(static_cast<std::size_t>(k)) + " is " + type_str(x.dtype, x.shape) +
                                  " from " + first + " and " + type_str(y.dtype, y.shape) + " from " + second;
      if (x.dtype != y.dtype) throw TypeError(message + ": the dtypes must agree (use astype)");
      if (x.shape.rank_known() && y.shape.rank_known() && x.shape.ndim() != y.shape.ndim()) {
        throw ValueError(message + ": the numbers of dimensions must agree (use reshape or broadcast_to)");
      }
    }
  }
}

// Gives every branch the same assigned variables; where a branch leaves one alone, its value before.
std::vector<VariableRef> unify_assigned(std::vector<SubGraph>& branches) {
  std::vector<VariableRef> all;
  for (const SubGraph& g : branches) {
    for (const VariableRef& v : g.assigned) {
      if (std::find(all.begin(), all.end(), v) == all.end()) all.push_back(v);
    }
  }
  for (SubGraph& g : branches) {
    const std::vector<int> own(g.graph->outputs.begin() + g.num_results, g.graph->outputs.end());
    g.graph->outputs.resize(static_cast<std::size_t>(g.num_results));
    for (const VariableRef& v : all) {
      const auto it = std::find(g.assigned.begin(), g.assigned.end(), v);
      if (it == g.assigned.end()) {
        add_captured_output(g, v->read());
      } else {
        g.graph->outputs.push_back(own[static_cast<std::size_t>(it - g.assigned.begin())]);
      }
    }
    g.assigned = all;
  }
  return all;
}

void check_index(const char* what, const Array& index) {
  if (index.shape().rank_known() && index.ndim() != 0) {
    throw ValueError(std::string(what) + ": the " + (index.dtype() == DType::bool_ ? "predicate" : "index") +
                     " must be a scalar, not " + type_str(index.dtype(), index.shape()));
  }
}

Arrays choose(const char* what, const Array& index, std::span<const ArraysFunction> functions, const Arrays& operands) {
  check_index(what, index);
  if (!index.is_symbolic()) return functions[static_cast<std::size_t>(chosen(index, functions.size()))](operands);
  std::vector<SubGraph> branches;
  for (const ArraysFunction& f : functions) {
    branches.push_back(trace_subgraph({}, [&](const Arrays&) { return f(operands); }));
  }
  return join_branches(what, index, branches);
}

}  // namespace

Arrays join_branches(const char* what, const Array& index, std::vector<SubGraph>& branches) {
  check_index(what, index);
  check_branches(what, index.dtype(), branches);
  const std::vector<VariableRef> assigned = unify_assigned(branches);
  const auto num_results = static_cast<std::size_t>(branches[0].num_results);
  Arrays out = apply_cond(index, branches, {});
  for (std::size_t i = 0; i < assigned.size(); ++i) assigned[i]->assign(out[num_results + i]);
  out.resize(num_results);
  return out;
}

Arrays cond(const Array& pred, const ArraysFunction& true_fn, const ArraysFunction& false_fn, const Arrays& operands) {
  const Array truth = pred.dtype() == DType::bool_ ? pred : astype(pred, DType::bool_);
  const ArraysFunction branches[] = {true_fn, false_fn};
  return choose("cond", truth, branches, operands);
}

Arrays switch_(const Array& index, std::span<const ArraysFunction> branches, const Arrays& operands) {
  if (branches.empty()) throw ValueError("switch: there must be at least one branch");
  if (!is_integer(index.dtype())) {
    throw TypeError("switch: the index must be an integer, not " + type_str(index.dtype(), index.shape()));
  }
  return choose("switch", index, branches, operands);
}

}  // namespace tnp

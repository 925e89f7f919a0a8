#include "ops/host/host_call.h"

#include "ir/observer.h"
#include "ir/trace.h"
#include "ops/common.h"

namespace tnp {

namespace {

struct HostParams : ParamsOf<HostParams> {
  HostRef function;
  std::vector<DType> dtypes;
  std::vector<Shape> shapes;
  template <class V>
  void fields(V& v) {
    v("function", function);
    v("dtypes", dtypes);
    v("shapes", shapes);
  }
};

OutputSpecs infer(const Call& call) {
  const auto& p = params_of<HostParams>(call);
  OutputSpecs specs;
  for (std::size_t k = 0; k < p.dtypes.size(); ++k) {
    Shape shape = p.shapes[k];
    for (Dim& d : shape) {
      if (d == kAnySize) d = kDataDependent;
    }
    specs.push_back({p.dtypes[k], shape});
  }
  return specs;
}

std::string promise_str(DType dtype, const Shape& shape) {
  std::string s(name(dtype));
  if (!shape.rank_known()) return s;
  s += "(";
  for (int i = 0; i < shape.ndim(); ++i)
    s += (i ? ", " : "") + (shape[i] == kAnySize ? std::string("None") : std::to_string(shape[i]));
  return s + (shape.ndim() == 1 ? ",)" : ")");
}

void execute(const Call& call, std::span<Array> out) {
  const auto& p = params_of<HostParams>(call);
  Arrays results;
  {
    // The function is a program of its own: neither traced nor taped by what calls it.
    const TracePaused untraced;
    const ObserversPaused untaped;
    results = p.function->call(Arrays(call.in.begin(), call.in.end()));
  }
  if (results.size() != p.dtypes.size()) {
    throw TypeError(p.function->name() + ": Tout promises " + std::to_string(p.dtypes.size()) + " results, but " +
                    std::to_string(results.size()) + " came");
  }
  for (std::size_t k = 0; k < results.size(); ++k) {
    check_host_result(p.function->name(), k, results[k], p.dtypes[k], p.shapes[k]);
    out[k] = std::move(results[k]);
  }
}

const OpDef& pure_op();

void vjp(VjpCall& v) {
  const auto& p = params_of<HostParams>(v.call);
  const auto in = v.call.in;
  HostParams back;
  back.function = p.function->gradient(in.size());
  Arrays arguments(in.begin(), in.end());
  for (std::size_t k = 0; k < v.outputs.size(); ++k) {
    if (!is_inexact(v.outputs[k].dtype())) continue;
    arguments.push_back(v.cotangents[k] ? v.cotangents[k] : zeros({}, v.outputs[k].dtype()));
  }
  std::vector<std::size_t> inexact;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!is_inexact(in[i].dtype())) continue;
    inexact.push_back(i);
    back.dtypes.push_back(in[i].dtype());
    back.shapes.push_back(in[i].shape());
  }
  const Arrays gradients = apply_multi(pure_op(), arguments, back);
  for (std::size_t j = 0; j < inexact.size(); ++j) {
    if (v.needed[inexact[j]]) v.result[inexact[j]] = gradients[j];
  }
}

const OpDef kHostCall{
    .name = "host_call",
    .doc = "Calls a function of the host language; every call runs, in program order.",
    .family = "host",
    .num_inputs = -1,
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return params_of<HostParams>(call).dtypes; },
    .infers_unknown_rank = true,
    .execute = &execute,
    .vjp = &vjp,
    .batch = unsupported("a host function takes one example at a time"),
    .effect = Effect::stateful,
    .samples = unsupported("what it computes is the host's"),
};
const RegisterOp registration(kHostCall);

const OpDef kHostCallPure = [] {
  OpDef op = kHostCall;
  op.name = "host_call_pure";
  op.doc =
      "Calls a function of the host language that depends on its arguments alone: calls may be merged, folded or "
      "dropped.";
  op.effect = Effect::none;
  return op;
}();
const RegisterOp pure_registration(kHostCallPure);

const OpDef& pure_op() { return kHostCallPure; }

}  // namespace

void check_host_result(const std::string& function, std::size_t k, const Array& result, DType dtype,
                       const Shape& shape) {
  bool fits = result.dtype() == dtype;
  if (shape.rank_known()) {
    fits = fits && result.ndim() == shape.ndim();
    for (int i = 0; fits && i < shape.ndim(); ++i) fits = shape[i] == kAnySize || shape[i] == result.shape()[i];
  }
  if (fits) return;
  throw TypeError(function + ": Tout promises " + promise_str(dtype, shape) + " for result " + std::to_string(k) +
                  ", but " + std::string(name(result.dtype())) + result.shape().str() + " came");
}

Arrays host_call(const HostRef& function, const Arrays& arguments, const HostResults& promised, bool stateful) {
  HostParams p;
  p.function = function;
  p.dtypes = promised.dtypes;
  p.shapes = promised.shapes;
  return apply_multi(stateful ? kHostCall : kHostCallPure, arguments, p);
}

}  // namespace tnp

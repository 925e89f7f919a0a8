#include "ir/composed.h"

#include <algorithm>

#include "ir/graph_text.h"
#include "ir/observer.h"
#include "transform/control/subgraph.h"
#include "transform/vmap.h"

namespace tnp {

namespace {

struct ComposedParams : ParamsOf<ComposedParams> {
  Axes numbers;
  template <class V>
  void fields(V& v) {
    v("numbers", numbers);
  }
};

const Composed& composed(const Call& call) { return static_cast<const Composed&>(call.op); }

SubGraph parts_of(const Call& call, const ArraySpecs& specs) {
  return trace_subgraph(
      specs, [&](const Arrays& in) -> Arrays { return {composed(call).parts(in, numbers_of(call.params))}; });
}

OutputSpecs infer(const Call& call) {
  ArraySpecs specs;
  for (const Array& x : call.in) specs.push(x);
  const SubGraph g = parts_of(call, specs);
  const GraphValue& result = g.graph->values[static_cast<std::size_t>(g.graph->outputs[0])];
  Shape shape = result.shape;
  for (Dim& d : shape) {
    d = size_for_inputs(*g.graph, d, [&](int i, int axis) {
      if (static_cast<std::size_t>(i) >= call.in.size()) return kDataDependent;
      const Shape& in = call.in[static_cast<std::size_t>(i)].shape();
      return in.rank_known() ? in[axis] : kDataDependent;
    });
  }
  return {{result.dtype, shape}};
}

std::vector<DType> infer_dtype(const Call& call) { return {infer(call)[0].dtype}; }

void execute(const Call& call, std::span<Array> out) {
  const ObserversPaused paused;
  out[0] = composed(call).whole(call.in, numbers_of(call.params));
}

void batch(BatchCall& b) {
  ArraySpecs specs;
  for (std::size_t i = 0; i < b.call.in.size(); ++i) {
    const Array& x = b.call.in[i];
    Shape shape = x.shape();
    if (b.batched[i]) shape = Shape(std::span(shape.begin(), shape.end()).subspan(1));
    specs.push(x.dtype(), shape);
  }
  const SubGraph g = parts_of(b.call, specs);
  Arrays in(b.call.in.begin(), b.call.in.end());
  in.insert(in.end(), g.captured.begin(), g.captured.end());
  std::vector<bool> batched(b.batched.begin(), b.batched.end());
  batched.resize(in.size(), false);
  Batched out = apply_batched(*g.graph, in, batched, b.size);
  b.result = std::move(out.values);
  b.result_batched = std::move(out.batched);
}

bool watched(std::span<const Array> in) {
  return active_observers != nullptr && std::any_of(in.begin(), in.end(), [](const Array& x) {
           return (x.node()->flags.load(std::memory_order_relaxed) & detail::kWatched) != 0;
         });
}

OpDef definition(const char* name, const char* doc, bool (*tile)(TileCall&)) {
  return {
      .name = name,
      .doc = doc,
      .family = "composed",
      .num_inputs = -1,
      .infer = &infer,
      .infer_dtype = &infer_dtype,
      .infers_unknown_rank = true,
      .execute = &execute,
      .vjp = unsupported("tapes record its parts"),
      .batch = &batch,
      .samples = unsupported("it is made of other operations, which have samples"),
      .apply_watched =
          +[](const Call& call) -> Arrays { return {composed(call).parts(call.in, numbers_of(call.params))}; },
      .tile = tile,
  };
}

}  // namespace

const Axes& numbers_of(const Params& params) { return static_cast<const ComposedParams&>(params).numbers; }

Composed::Composed(const char* name, const char* doc, Function parts, Function whole, bool (*tile)(TileCall&),
                   Function spelled)
    : OpDef(definition(name, doc, tile)), parts(parts), whole(whole), spelled(spelled) {
  RegisterOp{*this};
  RegisterParams{name, +[](std::size_t) -> std::shared_ptr<Params> { return std::make_shared<ComposedParams>(); }};
}

Array compose(const Composed& f, std::span<const Array> in, const Axes& numbers) {
  if (watched(in)) return f.parts(in, numbers);
  if (std::none_of(in.begin(), in.end(), [](const Array& x) { return x.is_symbolic(); })) return f.whole(in, numbers);
  ComposedParams p;
  p.numbers = numbers;
  return apply_multi(f, in, p)[0];
}

}  // namespace tnp

// require: the array itself, where a condition holds; ValueError where it does not. What checks of values are in a
// traced function.
#include "ops/shape/require.h"

#include "ir/graph_text.h"
#include "ops/common.h"
#include "tnp/error.h"

namespace tnp {

namespace {

struct RequireParams : ParamsOf<RequireParams> {
  std::string message;
  template <class V>
  void fields(V& v) {
    v("message", message);
  }
};

bool all_true(const Array& condition) {
  const Array c = condition.is_contiguous() ? condition : copy(condition);
  const auto* at = c.data_as<bool>();
  bool all = true;
  for (std::int64_t i = 0, n = c.size(); i < n; ++i) all &= at[i];
  return all;
}

const OpDef kRequire{
    .name = "require",
    .doc = "The first array; ValueError if the second is not true everywhere.",
    .family = "shape",
    .num_inputs = 2,
    .infer = +[](const Call& call) { return OutputSpecs{{call.in[0].dtype(), call.in[0].shape()}}; },
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .infers_unknown_rank = true,
    .execute =
        +[](const Call& call, std::span<Array> out) {
          if (!all_true(call.in[1])) throw ValueError(static_cast<const RequireParams&>(call.params).message);
          const Array& x = call.in[0];
          out[0] = Array::view_of(x.node()->buffer, x.data(), x.dtype(), x.shape(), x.strides());
        },
    .vjp = +[](VjpCall& v) { v.result[0] = v.cotangents[0]; },
    .batch =
        +[](BatchCall& b) {
          b.result = {apply(b.call.op, b.call.in, b.call.params)};
          b.result_batched = {b.batched[0]};
        },
    .samples = unsupported("it raises where its second input is false, as samples are"),
};
const RegisterOp registration(kRequire);
const RegisterParams params_of_text(
    "require", +[](std::size_t) -> std::shared_ptr<Params> { return std::make_shared<RequireParams>(); });

}  // namespace

Array require(const Array& x, const Array& condition, const std::string& message) {
  RequireParams p;
  p.message = message;
  const Array in[] = {x, condition};
  return apply(kRequire, in, p);
}

}  // namespace tnp

// identity and stop_gradient: the array itself under another name.
#include "ops/common.h"
#include "runtime/allocator.h"

namespace tnp {

namespace {

void execute_view(const Call& call, std::span<Array> out) {
  const Array& x = call.in[0];
  out[0] = Array::view_of(x.node()->buffer, x.data(), x.dtype(), x.shape(), x.strides());
}

std::vector<Sample> samples(const OpDef& op) {
  std::vector<Sample> s;
  for (DType d : kSampleDTypes)
    s.push_back(sample({{2, 3}}, d, std::make_shared<NoParams>(), static_cast<bool>(op.vjp)));
  return s;
}

OpDef view_op(const char* name, const char* doc) {
  return {
      .name = name,
      .doc = doc,
      .family = "shape",
      .infer = +[](const Call& call) { return OutputSpecs{{call.in[0].dtype(), call.in[0].shape()}}; },
      .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
      .infers_unknown_rank = true,
      .execute = &execute_view,
      .vjp = unsupported("the gradient is stopped here"),
      .batch =
          +[](BatchCall& b) {
            b.result = {apply(b.call.op, b.call.in, b.call.params)};
            b.result_batched = {true};
          },
      .samples = &samples,
      .oracle = "x[0]",
      .arranges = true,
  };
}

const OpDef kStopGradient = view_op("stop_gradient", "The array, through which no gradient flows.");
const RegisterOp stop_registration(kStopGradient);

OpDef identity_op() {
  OpDef op = view_op("identity", "The array, as a value of its own for the tape.");
  op.vjp = +[](VjpCall& v) { v.result[0] = v.cotangents[0]; };
  return op;
}
const OpDef kIdentity = identity_op();
const RegisterOp identity_registration(kIdentity);

}  // namespace

Array stop_gradient(const Array& x) { return apply(kStopGradient, {&x, 1}); }
Array alias(const Array& x) { return apply(kIdentity, {&x, 1}); }

}  // namespace tnp

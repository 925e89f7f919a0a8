#include "ops/random/parameter.h"

#include <cmath>

#include "ops/common.h"

namespace tnp {

namespace {

struct CheckParams : ParamsOf<CheckParams> {
  std::int64_t rule = 0;
  std::string problem;
  template <class V>
  void fields(V& v) {
    v("rule", rule);
    v("problem", problem);
  }
};

template <class T>
bool all_obey(const T* x, std::int64_t n, ParameterRule rule) {
  bool obeyed = true;
  for (std::int64_t i = 0; i < n; ++i) {
    switch (rule) {
      case ParameterRule::non_negative:
        obeyed = obeyed && (std::isnan(x[i]) || !std::signbit(x[i]));
        break;
      case ParameterRule::positive:
        obeyed = obeyed && !(x[i] <= 0);
        break;
      case ParameterRule::finite:
        obeyed = obeyed && std::isfinite(x[i]);
        break;
    }
  }
  return obeyed;
}

[[noreturn]] void refuse(ParameterRule rule, const char* problem) {
  if (rule == ParameterRule::finite) throw OverflowError(problem);
  throw ValueError(problem);
}

void check(const Array& x, ParameterRule rule, const char* problem) {
  const Array flat = x.is_contiguous() ? x : copy(x);
  const std::int64_t n = flat.shape().num_elements();
  const bool obeyed = flat.dtype() == DType::float32 ? all_obey(flat.data_as<float>(), n, rule)
                                                     : all_obey(flat.data_as<double>(), n, rule);
  if (!obeyed) refuse(rule, problem);
}

const OpDef kParameter{
    .name = "random_parameter",
    .doc = "The input, if its values are what a distribution's parameter may be; else an error.",
    .family = "random",
    .infer =
        +[](const Call& call) {
          const DType type = call.in[0].dtype();
          if (type != DType::float32 && type != DType::float64)
            fail<TypeError>(call, "a parameter must be float32 or float64");
          return OutputSpecs{{type, call.in[0].shape()}};
        },
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const auto& p = params_of<CheckParams>(call);
          check(call.in[0], static_cast<ParameterRule>(p.rule), p.problem.c_str());
          out[0] = call.in[0];
        },
    .vjp = +[](VjpCall& v) { v.result[0] = v.cotangents[0]; },
    .batch =
        +[](BatchCall& b) {
          b.result = {apply(b.call.op, b.call.in, b.call.params)};
          b.result_batched = {b.batched[0]};
        },
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> out;
          for (const DType type : {DType::float32, DType::float64}) {
            auto p = std::make_shared<CheckParams>();
            p->rule = static_cast<std::int64_t>(ParameterRule::finite);
            p->problem = "not finite";
            Sample s = sample({{2, 3}}, type, p);
            out.push_back(s);
          }
          return out;
        },
    .oracle = "x[0]",
};
const RegisterOp registration(kParameter);

}  // namespace

void check_parameter(double x, ParameterRule rule, const char* problem) {
  if (!all_obey(&x, 1, rule)) refuse(rule, problem);
}

Array checked_parameter(const Array& x, ParameterRule rule, const char* problem) {
  if (!x.is_symbolic()) {
    check(x, rule, problem);
    return x;
  }
  CheckParams p;
  p.rule = static_cast<std::int64_t>(rule);
  p.problem = problem;
  return apply(kParameter, {x}, p);
}

}  // namespace tnp

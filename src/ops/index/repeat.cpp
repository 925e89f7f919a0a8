#include "ops/index/repeat.h"

#include "base/dim.h"
#include "ops/common.h"

namespace tnp {

namespace {

void execute(const Call& call, std::span<Array> out) {
  Array counts = astype(call.in[0], DType::int64);
  if (!counts.is_contiguous()) counts = copy(counts);
  const auto* count = counts.data_as<std::int64_t>();
  const std::int64_t n = counts.shape().num_elements();
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    if (count[i] < 0) throw ValueError("repeats may not contain negative values.");
    if (__builtin_add_overflow(total, count[i], &total)) throw ValueError("repeat: the result would be too large");
  }
  out[0] = Array::empty(DType::int64, Shape{total});
  auto* to = reinterpret_cast<std::int64_t*>(out[0].data());
  // Writing four and stepping on by as many as there are needs no branch where counts are small.
  const std::int64_t* end = to + total;
  for (std::int64_t i = 0; i < n; ++i) {
    if (count[i] > 4 || end - to < 4) {
      to = std::fill_n(to, count[i], i);
      continue;
    }
    to[0] = to[1] = to[2] = to[3] = i;
    to += count[i];
  }
}

const OpDef kRepeatIndices{
    .name = "repeat_indices",
    .doc = "0 as often as the first count says, 1 as often as the second, and so on.",
    .family = "index",
    .infer =
        +[](const Call& call) {
          if (call.in[0].shape().ndim() != 1 || !is_integer(call.in[0].dtype()))
            fail<TypeError>(call, "the counts must be a vector of integers");
          return OutputSpecs{{DType::int64, Shape{kDataDependent}}};
        },
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; },
    .execute = &execute,
    .vjp = unsupported("the result is indices, constant almost everywhere"),
    .batch = unsupported("the examples of a batch may have different numbers of repetitions"),
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : {DType::uint8, DType::int32, DType::int64}) {
            s.push_back(sample({{20}}, d, std::make_shared<NoParams>(), false));
            s.back().low = 0;
            s.back().high = 5;
          }
          s.push_back(sample({{0}}, DType::int64, std::make_shared<NoParams>(), false));
          return s;
        },
    .oracle = "np.repeat(np.arange(len(x[0])), x[0])",
};
const RegisterOp registration(kRepeatIndices);

}  // namespace

Array repeat_indices(const Array& counts) { return apply(kRepeatIndices, {&counts, 1}); }

}  // namespace tnp

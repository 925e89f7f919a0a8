// squared_deviations: what a variance sums, in one pass over the array.
#include "ops/reduce/deviation.h"

#include <cstring>

#include "base/dim.h"
#include "ops/common.h"
#include "ops/reduce/deviation_kernels.h"
#include "ops/reduce/reduce_kernels.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/operators.h"

namespace tnp {

namespace {

constexpr PerIsa<SquareDeviations (*)(DType)> kFindSquares = TNP_PER_ISA(find_square_deviations);
constexpr PerIsa<const ReduceKernels* (*)(bool, DType)> kFindSums = TNP_PER_ISA(find_sum_prod_kernels);

// Squares that are made and summed at a time: in the first-level cache. Blocks depend on the shape alone, so that the
// number of threads does not change a result; their sums are added in pairs.
constexpr std::int64_t kBlock = 2048;
constexpr std::int64_t kGrain = 16;  // blocks that are worth a thread

struct DeviationParams : ParamsOf<DeviationParams> {
  std::int64_t trailing = 1;
  template <class V>
  void fields(V& v) {
    v("trailing", trailing);
  }
  void set(std::int64_t n) { trailing = n; }
};

int trailing_of(const Call& call) { return static_cast<int>(params_of<DeviationParams>(call).trailing); }

Shape kept_shape(const Shape& x, int trailing, bool keepdims) {
  Shape kept;
  for (int i = 0; i < x.ndim() - trailing; ++i) kept.push_back(x[i]);
  for (int i = 0; keepdims && i < trailing; ++i) kept.push_back(1);
  return kept;
}

OutputSpecs infer(const Call& call) {
  const Array &x = call.in[0], &center = call.in[1];
  if ((x.dtype() != DType::float32 && x.dtype() != DType::float64) || center.dtype() != x.dtype())
    fail<TypeError>(call, "both must be float32 or both float64");
  if (x.ndim() < trailing_of(call)) fail<ValueError>(call, "there are fewer axes");
  const Shape expected = kept_shape(x.shape(), trailing_of(call), true);
  if (expected.is_static() && center.shape().is_static() && center.shape() != expected)
    fail<ValueError>(call, "the center must have shape " + expected.str());
  return {{x.dtype(), kept_shape(x.shape(), trailing_of(call), false)}};
}

void execute(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer(call);
  const Array x = call.in[0].is_contiguous() ? call.in[0] : copy(call.in[0]);
  const Array center = call.in[1].is_contiguous() ? call.in[1] : copy(call.in[1]);
  out[0] = Array::empty(x.dtype(), specs[0].shape);
  const std::int64_t rows = specs[0].shape.num_elements(), itemsize = x.itemsize();
  if (rows == 0) return;
  const std::int64_t n = x.shape().num_elements() / rows, blocks = std::max<std::int64_t>(1, (n + kBlock - 1) / kBlock);
  const SquareDeviations square = kFindSquares.get()(x.dtype());
  const ReduceKernels* sums = kFindSums.get()(false, x.dtype());
  const Array partial = Array::empty(x.dtype(), {rows, blocks});
  parallel_for(rows * blocks, kGrain, [&](std::int64_t begin, std::int64_t end) {
    alignas(64) std::byte squares[kBlock * sizeof(double)];
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int64_t row = k / blocks, at = k % blocks * kBlock, count = std::min(kBlock, n - at);
      std::byte* sum = partial.data() + k * itemsize;
      if (count <= 0) {
        std::memset(sum, 0, static_cast<std::size_t>(itemsize));  // the sum of nothing
        continue;
      }
      square(x.data() + (row * n + at) * itemsize, center.data() + row * itemsize, squares, count);
      sums->rows(squares, 0, 1, count, sum);
    }
  });
  sums->rows(partial.data(), blocks * itemsize, rows, blocks, out[0].data());
}

Array last_axes_back(const Array& x, int trailing) {
  Shape shape = x.shape();
  for (int i = 0; i < trailing; ++i) shape.push_back(1);
  return reshape(x, shape);
}

void vjp(VjpCall& v) {
  const int trailing = trailing_of(v.call);
  const Array &x = v.call.in[0], &center = v.call.in[1];
  const Array slope = 2 * last_axes_back(v.cotangents[0], trailing) * (x - center);
  Axes axes;
  for (int i = x.ndim() - trailing; i < x.ndim(); ++i) axes.push_back(i);
  if (v.needed[0]) v.result[0] = slope;
  if (v.needed[1]) v.result[1] = -reduce_sum(slope, axes, true, x.dtype());
}

// Rows are summed each on their own, so a part of them has the bits of the whole.
bool tile(TileCall& t) {
  const auto& p = static_cast<const DeviationParams&>(t.params);
  if (t.axis >= t.in[0].ndim() - p.trailing) return false;
  t.parts[0] = t.parts[1] = {t.axis, t.begin, t.end};
  return true;
}

const OpDef kSquaredDeviations{
    .name = "squared_deviations",
    .doc = "The sum of squared differences from a center, over the last axes.",
    .family = "reduce",
    .num_inputs = 2,
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch =
        +[](BatchCall& b) {
          b.result = {squared_deviations(with_batch(b, 0), with_batch(b, 1), trailing_of(b.call))};
          b.result_batched = {true};
        },
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : {DType::float32, DType::float64}) {
            s.push_back(sample({{3, 40}, {3, 1}}, d, make_params<DeviationParams>(1)));
            s.push_back(sample({{2, 3, 5}, {2, 1, 1}}, d, make_params<DeviationParams>(2)));
            s.push_back(sample({{5000}, {1}}, d, make_params<DeviationParams>(1), false));
            s.push_back(sample({{2, 0}, {2, 1}}, d, make_params<DeviationParams>(1)));
            s.push_back(sample({{0, 2}, {0, 1}}, d, make_params<DeviationParams>(1)));
          }
          return s;
        },
    .oracle = "np.sum((x[0] - x[1]) ** 2, axis=tuple(range(-p.trailing, 0)))",
    .tile = &tile,
};
const RegisterOp registration(kSquaredDeviations);

}  // namespace

Array squared_deviations(const Array& x, const Array& center, int trailing) {
  DeviationParams p;
  p.trailing = trailing;
  return apply(kSquaredDeviations, {x, center}, p);
}

}  // namespace tnp

// correlate: a window of weights moved along a vector.
#include "ops/matmul/correlate.h"

#include <algorithm>
#include <cstring>

#include "base/dim.h"
#include "ops/batching.h"
#include "ops/common.h"
#include "ops/matmul/correlate_kernels.h"
#include "ops/sort/direct.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

Shape without_last(const Shape& s) {
  Shape out = s;
  out.resize(s.ndim() - 1);
  return out;
}
Dim last_of(const Shape& s) { return s[s.ndim() - 1]; }

OutputSpecs infer(const Call& call) {
  const Shape &x = call.in[0].shape(), &w = call.in[1].shape();
  if (x.ndim() == 0 || w.ndim() == 0) fail<ValueError>(call, "vectors are needed");
  if (call.in[0].dtype() != call.in[1].dtype()) fail<TypeError>(call, "the types differ");
  const Dim n = last_of(x), m = last_of(w);
  if (m == 0 || (!is_symbolic(n) && !is_symbolic(m) && n < m))
    fail<ValueError>(call, "the second vector is empty or longer than the first");
  Shape shape;
  if (!try_broadcast(without_last(x), without_last(w), shape))
    fail<ValueError>(call, "operands could not be broadcast together with shapes " + x.str() + " " + w.str());
  shape.push_back(dim_add(dim_sub(n, m), 1));
  return {{call.in[0].dtype(), shape}};
}

constexpr PerIsa<CorrelateKernel (*)(DType)> kFindKernel = TNP_PER_ISA(find_correlate_kernel);
constexpr std::int64_t kGrain = 1 << 17;  // products that are worth a thread

struct Vectors {
  Array x, w;
  CorrelateKernel kernel;

  Vectors(const Array& given, const Array& weights)
      : x(given.is_contiguous() ? given : copy(given)),
        w(weights.is_contiguous() ? weights : copy(weights)),
        kernel(kFindKernel.get()(given.dtype())) {}

  // `count` results from x + first on. Parts do not depend on their number: each result is summed in order.
  void run(std::int64_t first, std::int64_t count, std::byte* out) const {
    const std::int64_t m = w.shape()[0], size = x.itemsize();
    parallel_for(count, std::max<std::int64_t>(1, kGrain / m), [&](std::int64_t begin, std::int64_t end) {
      kernel(x.data() + (first + begin) * size, w.data(), end - begin, m, out + begin * size);
    });
  }
};

bool has_kernel(const Array& x, const Array& w) {
  return x.ndim() == 1 && w.ndim() == 1 && x.dtype() == w.dtype() && kFindKernel.get()(x.dtype()) != nullptr;
}

// The windows are the rows of a matrix that lies in x's own memory, each an element further on.
void execute(const Call& call, std::span<Array> out) {
  const OutputSpec spec = infer(call)[0];
  if (has_kernel(call.in[0], call.in[1])) {
    out[0] = Array::empty(spec.dtype, spec.shape);
    return Vectors(call.in[0], call.in[1]).run(0, spec.shape[0], out[0].data());
  }
  Array x = call.in[0];
  if (!x.is_contiguous()) x = copy(x);
  const Array& w = call.in[1];
  Shape windows = x.shape();
  Strides strides = x.strides();
  windows[x.ndim() - 1] = last_of(spec.shape);
  windows.push_back(last_of(w.shape()));
  strides[x.ndim() - 1] = x.itemsize();
  strides.push_back(x.itemsize());
  const Array matrix = Array::view_of(x.node()->buffer, x.data(), x.dtype(), windows, strides);
  out[0] = reshape(matmul(matrix, expand_dims(w, Axes{-1})), spec.shape);
}

Array padded(const Array& x, Dim n) {
  Axes width(x.ndim(), 0);
  width[x.ndim() - 1] = n;
  return pad(x, zeros({}, x.dtype()), width, width);
}

void vjp(VjpCall& v) {
  const Array &x = v.call.in[0], &w = v.call.in[1], &ct = v.cotangents[0];
  if (v.needed[0] && is_inexact(x.dtype())) {
    const std::int64_t last[] = {w.ndim() - 1};
    const Array turned = flip(conjugate_if_complex(w), last);
    v.result[0] = sum_to(correlate_valid(padded(ct, dim_sub(last_of(w.shape()), 1)), turned), x);
  }
  if (v.needed[1] && is_inexact(w.dtype())) v.result[1] = sum_to(correlate_valid(conjugate_if_complex(x), ct), w);
}

const OpDef kCorrelate{
    .name = "correlate_valid",
    .doc = "The sums of products of a vector with a shorter one at every place where it fits.",
    .family = "matmul",
    .num_inputs = 2,
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch_leading_pair,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (int i = 0; i < kNumericDTypeCount; ++i) {
            const auto d = static_cast<DType>(i);
            s.push_back(sample({{7}, {3}}, d, std::make_shared<NoParams>()));
            s.push_back(sample({{2, 5}, {5}}, d, std::make_shared<NoParams>()));
          }
          s.push_back(sample({{100}, {40}}, DType::float64, std::make_shared<NoParams>(), false));
          return s;
        },
    .oracle =
        "(lambda w: np.matmul(w, x[1][..., None])[..., 0])"
        "(np.lib.stride_tricks.sliding_window_view(x[0], x[1].shape[-1], axis=-1))",
};
const RegisterOp registration(kCorrelate);

}  // namespace

Array correlate_continued(const Array& x, const Array& w, std::int64_t left, std::int64_t right) {
  if (!computes_directly({&x, &w}) || !has_kernel(x, w)) return {};
  const std::int64_t n = x.shape()[0], m = w.shape()[0], middle = n - m + 1, size = x.itemsize();
  if (middle < 1 || left >= m || right >= m) return {};
  const Array out = Array::empty(x.dtype(), {left + middle + right});
  const Vectors v(x, w);
  v.run(0, middle, out.data() + left * size);
  if (!all(isfinite(w)).item<bool>()) {  // an infinite weight must not meet a zero
    for (std::int64_t i = 1; i <= left; ++i)
      v.kernel(v.x.data(), v.w.data() + i * size, 1, m - i, out.data() + (left - i) * size);
    for (std::int64_t i = 1; i <= right; ++i)
      v.kernel(v.x.data() + (middle - 1 + i) * size, v.w.data(), 1, m - i, out.data() + (left + middle - 1 + i) * size);
    return out;
  }
  const auto edge = [&](std::int64_t zeros, std::int64_t first, bool after, std::byte* to) {
    if (zeros == 0) return;
    const Array ends = Array::empty(x.dtype(), {zeros + m - 1});
    std::memset(ends.data(), 0, static_cast<std::size_t>((zeros + m - 1) * size));
    std::memcpy(ends.data() + (after ? 0 : zeros) * size, v.x.data() + first * size,
                static_cast<std::size_t>((m - 1) * size));
    Vectors(ends, v.w).run(0, zeros, to);
  };
  edge(left, 0, false, out.data());
  edge(right, middle, true, out.data() + (left + middle) * size);
  return out;
}

Array correlate_valid(const Array& x, const Array& w) {
  const Array in[] = {x, w};
  return apply(kCorrelate, in);
}

}  // namespace tnp

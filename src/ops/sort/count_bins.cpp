// count_bins: how many elements lie in each bin of a histogram.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <mutex>

#include "base/dim.h"
#include "ir/graph_text.h"
#include "ops/common.h"
#include "ops/sort/bin_kernels.h"
#include "ops/sort/direct.h"
#include "ops/sort/sort.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

struct BinParams : ParamsOf<BinParams> {
  bool uniform = false;
  template <class V>
  void fields(V& v) {
    v("uniform", uniform);
  }
  void set(bool u) { uniform = u; }
};

constexpr std::int64_t kPart = 1 << 15;
// Elements whose bins are worked out together, so that they need not wait for each other's counts.
constexpr std::int64_t kBlock = 1024;

constexpr PerIsa<const BinKernels<float>* (*)()> kKernels32 = TNP_PER_ISA(bin_kernels32);
constexpr PerIsa<const BinKernels<double>* (*)()> kKernels64 = TNP_PER_ISA(bin_kernels64);

template <class T>
const BinKernels<T>& bin_kernels() {
  if constexpr (sizeof(T) == 8) {
    return *kKernels64.get()();
  } else {
    return *kKernels32.get()();
  }
}

// What the distance from the lowest edge is to be multiplied by to give the bin; 0 if that may be off by more than one.
// Rounding keeps the order, so the edges tell it of all that lies between them.
template <class T>
T uniform_scale(const T* edges, std::int64_t bins) {
  const T scale = static_cast<T>(bins) / (edges[bins] - edges[0]);
  if (!std::isfinite(scale)) return 0;
  for (std::int64_t b = 0; b <= bins; ++b) {
    if (!(std::abs((edges[b] - edges[0]) * scale - static_cast<T>(b)) <= T(0.5))) return 0;
  }
  return scale;
}

// Finds the bins of elements; those outside of all get the number `bins`.
template <class T>
class BinFinder {
 public:
  BinFinder(const T* edges, std::int64_t bins, bool uniform)
      : kernels_(bin_kernels<T>()),
        edges_(edges),
        bins_(static_cast<std::int32_t>(bins)),
        scale_(uniform ? uniform_scale(edges, bins) : T{0}) {}
  void operator()(const T* x, std::int64_t n, std::int32_t* out) const {
    if (scale_ > 0) {
      kernels_.uniform(x, n, edges_, bins_, scale_, out);
    } else {
      kernels_.searched(x, n, edges_, bins_, out);
    }
  }

 private:
  const BinKernels<T>& kernels_;
  const T* edges_;
  std::int32_t bins_;
  T scale_;
};

template <class T>
void count(const T* x, std::int64_t n, const T* edges, std::int64_t bins, bool uniform, std::int64_t* out) {
  const BinFinder<T> find(edges, bins, uniform);
  std::mutex lock;
  const auto count_part = [&](std::int64_t begin, std::int64_t end) {
    // Two sets of counters, as neighbours in the same bin would wait for each other.
    std::vector<std::int64_t> own(static_cast<std::size_t>(2 * (bins + 1)), 0);
    std::int64_t *even = own.data(), *odd = own.data() + bins + 1;
    std::int32_t block[kBlock];
    for (std::int64_t i = begin; i < end; i += kBlock) {
      const std::int64_t size = std::min(kBlock, end - i);
      find(x + i, size, block);
      std::int64_t k = 0;
      for (; k + 1 < size; k += 2) {
        ++even[block[k]];
        ++odd[block[k + 1]];
      }
      if (k < size) ++even[block[k]];
    }
    const std::lock_guard<std::mutex> guard(lock);
    for (std::int64_t b = 0; b < bins; ++b) out[b] += even[b] + odd[b];
  };
  // A part is worth its counters only where there are fewer of them than elements.
  if (bins > n / 4) return count_part(0, n);
  parallel_for((n + kPart - 1) / kPart, 2,
               [&](std::int64_t begin, std::int64_t end) { count_part(begin * kPart, std::min(n, end * kPart)); });
}

// Parts of a fixed size are summed on their own, so that threads change no bits, and sums of many are more exact.
template <class T, class W>
void sum_weights(const T* x, const W* weights, std::int64_t n, const T* edges, std::int64_t bins, bool uniform,
                 W* out) {
  const BinFinder<T> find(edges, bins, uniform);
  const std::int64_t room = bins + 1;  // with a place for what is outside
  // Where bins are many, sums of parts would take more than the elements.
  const std::int64_t part = bins > kPart / 4 ? std::max<std::int64_t>(n, 1) : kPart, parts = (n + part - 1) / part;
  std::vector<W> sums(static_cast<std::size_t>(parts * room), W{});
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    std::int32_t block[kBlock];
    for (std::int64_t p = begin; p < end; ++p) {
      W* own = sums.data() + p * room;
      for (std::int64_t i = p * part; i < std::min(n, (p + 1) * part); i += kBlock) {
        const std::int64_t size = std::min({kBlock, n - i, (p + 1) * part - i});
        find(x + i, size, block);
        for (std::int64_t k = 0; k < size; ++k) own[block[k]] += weights[i + k];
      }
    }
  });
  for (std::int64_t p = 0; p < parts; ++p) {
    for (std::int64_t b = 0; b < bins; ++b) out[b] += sums[static_cast<std::size_t>(p * room + b)];
  }
}

template <class T>
void count_typed(const Array& x, const Array& edges, bool uniform, std::int64_t* out) {
  const std::int64_t n = x.shape()[0], bins = edges.shape()[0] - 1;
  count(x.data_as<T>(), n, edges.data_as<T>(), bins, uniform, out);
}

OutputSpecs infer(const Call& call) { return {{DType::int64, Shape{dim_max(0, dim_sub(call.in[1].shape()[0], 1))}}}; }

void execute(const Call& call, std::span<Array> out) {
  const Array x = call.in[0].is_contiguous() ? call.in[0] : copy(call.in[0]);
  const Array edges = call.in[1].is_contiguous() ? call.in[1] : copy(call.in[1]);
  const std::int64_t bins = std::max<std::int64_t>(0, edges.shape()[0] - 1);
  if (bins >= std::int64_t{1} << 31) fail<ValueError>(call, "too many bins");
  out[0] = Array::empty(DType::int64, Shape{bins});
  auto* to = reinterpret_cast<std::int64_t*>(out[0].data());
  std::fill_n(to, bins, 0);
  if (bins == 0 || x.shape()[0] == 0) return;
  const bool uniform = params_of<BinParams>(call).uniform;
  if (x.dtype() == DType::float32) return count_typed<float>(x, edges, uniform, to);
  count_typed<double>(x, edges, uniform, to);
}

// Example by example, as differences of how many elements lie before each edge.
void batch(BatchCall& b) {
  const Array x = sort_axis(with_batch(b, 0), 1, false), edges = with_batch(b, 1);
  const Dim bins = dim_max(0, dim_sub(edges.shape()[1], 1));
  const auto columns = [&](const Array& of, Dim start, Dim n) {
    const SliceSpec part[] = {{0, 1, b.size}, {start, 1, n}};
    return slice(of, part);
  };
  const Array left = search_rows(x, edges, 1, false);
  const Array last = search_rows(x, columns(edges, bins, 1), 1, true);
  const Array ends = concatenate(Arrays{columns(left, 1, dim_sub(bins, 1)), last}, 1);
  b.result = {subtract(ends, columns(left, 0, bins))};
  b.result_batched = {true};
}

const OpDef kCountBins{
    .name = "count_bins",
    .doc =
        "How many elements of a vector lie in each bin between ascending edges; the last bin includes its upper edge.",
    .family = "sort",
    .num_inputs = 2,
    .infer = &infer,
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; },
    .execute = &execute,
    .vjp = unsupported("the result is counts, constant almost everywhere"),
    .batch = &batch,
    .samples = unsupported("the edges must be in order"),
};
const RegisterOp registration(kCountBins);
const RegisterParams params_of_text("count_bins", &default_params<BinParams>);

}  // namespace

Array weigh_bins(const Array& given, const Array& given_edges, bool uniform, const Array& given_weights) {
  const auto contiguous = [](const Array& a) { return a.is_contiguous() ? a : copy(a); };
  const Array x = contiguous(given), edges = contiguous(given_edges), weights = contiguous(given_weights);
  const std::int64_t n = x.shape()[0], bins = std::max<std::int64_t>(0, edges.shape()[0] - 1);
  if (bins >= std::int64_t{1} << 31) throw ValueError("histogram: too many bins");
  Array out = Array::empty(weights.dtype(), {bins});
  std::memset(out.data(), 0, static_cast<std::size_t>(bins * out.itemsize()));
  if (bins == 0) return out;
  const auto run = [&]<class T, class W>(T, W) {
    sum_weights(x.data_as<T>(), weights.data_as<W>(), n, edges.data_as<T>(), bins, uniform,
                reinterpret_cast<W*>(out.data()));
    return out;
  };
  const bool wide = x.dtype() == DType::float64;
  if (is_complex(weights.dtype()))
    return wide ? run(double{}, std::complex<double>{}) : run(float{}, std::complex<double>{});
  return wide ? run(double{}, double{}) : run(float{}, double{});
}

Array count_bins(const Array& x, const Array& edges, bool uniform) {
  BinParams p;
  p.uniform = uniform;
  return apply(kCountBins, {x, edges}, p);
}

}  // namespace tnp

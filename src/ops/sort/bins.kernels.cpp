// Plain loops, which the compiler makes vectors of.
#include "ops/sort/bin_kernels.h"

namespace tnp::TNP_ISA {
namespace {

template <class T>
void find_uniform(const T* __restrict x, int64_t n, const T* __restrict edges, int32_t count, T scale,
                  int32_t* __restrict bins) {
  const T low = edges[0], high = edges[count], greatest = static_cast<T>(count - 1);
  const int32_t last = count - 1;
  for (int64_t i = 0; i < n; i++) {
    const T guess = (x[i] - low) * scale;
    // In this order NaN gives 0.
    const T above = guess > 0 ? guess : T{0};
    const int32_t b = static_cast<int32_t>(above < greatest ? above : greatest);
    // The edges themselves decide; the last bin has its upper one.
    const int32_t down = (x[i] < edges[b]) & (b > 0), up = (x[i] >= edges[b + 1]) & (b < last);
    const bool inside = (x[i] >= low) & (x[i] <= high);
    bins[i] = inside ? b - down + up : count;
  }
}

template <class T>
void find_searched(const T* __restrict x, int64_t n, const T* __restrict edges, int32_t count,
                   int32_t* __restrict bins) {
  const T low = edges[0], high = edges[count];
  for (int64_t i = 0; i < n; i++) bins[i] = 0;
  for (int32_t length = count; length > 1; length -= length / 2) {
    const int32_t half = length / 2;
    for (int64_t i = 0; i < n; i++) bins[i] += edges[bins[i] + half] <= x[i] ? half : 0;
  }
  for (int64_t i = 0; i < n; i++) bins[i] = ((x[i] >= low) & (x[i] <= high)) ? bins[i] : count;
}

constexpr BinKernels<float> kKernels32 = {&find_uniform<float>, &find_searched<float>};
constexpr BinKernels<double> kKernels64 = {&find_uniform<double>, &find_searched<double>};

}  // namespace

const BinKernels<float>* bin_kernels32() { return &kKernels32; }
const BinKernels<double>* bin_kernels64() { return &kKernels64; }

}  // namespace tnp::TNP_ISA

// A window moved along a vector: several registers of neighbouring results, to which one weight after the other is
// added.
#include "base/vector_memory.h"
#include "ops/matmul/correlate_kernels.h"

namespace tnp::TNP_ISA {

namespace {

template <class T, int Registers>
TNP_INLINE void results(const T* x, const T* w, int64_t m, T* out) {
  constexpr int N = kRegisterBytes / sizeof(T);
  using V = Vec<T, N>;
  V sum[Registers];
  for (int r = 0; r < Registers; r++) sum[r] = load_vec<T, N>(x + r * N) * V(w[0]);
  for (int64_t j = 1; j < m; j++) {
    const V weight = V(w[j]);
#pragma clang loop unroll(full)
    for (int r = 0; r < Registers; r++) sum[r] = mul_add(load_vec<T, N>(x + j + r * N), weight, sum[r]);
  }
  for (int r = 0; r < Registers; r++) store_vec<T, N>(out + r * N, sum[r]);
}

template <class T>
void correlate(const void* x_memory, const void* w_memory, int64_t n, int64_t m, void* out_memory) {
  constexpr int N = kRegisterBytes / sizeof(T), kRegisters = 8;
  const T *x = static_cast<const T*>(x_memory), *w = static_cast<const T*>(w_memory);
  T* out = static_cast<T*>(out_memory);
  int64_t i = 0;
  for (; i + kRegisters * N <= n; i += kRegisters * N) results<T, kRegisters>(x + i, w, m, out + i);
  for (; i + N <= n; i += N) results<T, 1>(x + i, w, m, out + i);
  if (i < n && n >= N) {  // the last ones once more, together with some that are done
    results<T, 1>(x + n - N, w, m, out + n - N);
    return;
  }
  for (; i < n; i++) {
    T sum = x[i] * w[0];
#pragma clang loop vectorize(disable)
    for (int64_t j = 1; j < m; j++) sum = mul_add(x[i + j], w[j], sum);
    out[i] = sum;
  }
}

}  // namespace

CorrelateKernel find_correlate_kernel(DType dtype) {
  if (dtype == DType::float64) return &correlate<double>;
  if (dtype == DType::float32) return &correlate<float>;
  return nullptr;
}

}  // namespace tnp::TNP_ISA

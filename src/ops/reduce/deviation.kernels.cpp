#include "base/vector_memory.h"
#include "ops/reduce/deviation_kernels.h"

namespace tnp::TNP_ISA {

template <class T>
void square_deviations(const void* x, const void* center, void* out, int64_t n) {
  constexpr int N = 64 / sizeof(T);
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  T c;
  __builtin_memcpy(&c, center, sizeof c);
  int64_t i = 0;
  for (; i + N <= n; i += N) {
    const Vec<T, N> d = load_vec<T, N>(from + i) - Vec<T, N>(c);
    store_vec<T, N>(to + i, d * d);
  }
  for (; i < n; i++) {
    const T d = from[i] - c;
    to[i] = d * d;
  }
}

SquareDeviations find_square_deviations(DType type) {
  return type == DType::float32 ? &square_deviations<float> : &square_deviations<double>;
}

}  // namespace tnp::TNP_ISA

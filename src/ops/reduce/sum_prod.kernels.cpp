#include "ops/reduce/sums.h"

namespace tnp::TNP_ISA {

// Booleans need not become 64-bit numbers to be counted: bytes count up to 255.
int64_t count_nonzero_bytes(const void* in, int64_t n) {
  constexpr int N = 64;
  const uint8_t* p = static_cast<const uint8_t*>(in);
  int64_t total = 0, i = 0;
  while (i + N <= n) {
    const int64_t vectors = (n - i) / N < 255 ? (n - i) / N : 255;
    Vec<int8_t, N> minus = Vec<int8_t, N>(0);
    for (int64_t k = 0; k < vectors; k++, i += N) {
      minus += bit_cast<Vec<int8_t, N>>(load_vec<uint8_t, N>(p + i) != Vec<uint8_t, N>(0));
    }
    const auto counts = bit_cast<Vec<uint8_t, N>>(-minus);
    total += __builtin_reduce_add(__builtin_convertvector(counts, Vec<uint16_t, N>));
  }
  for (; i < n; i++) total += p[i] != 0;
  return total;
}

const ReduceKernels* find_sum_prod_kernels(bool prod, DType type) {
  switch (type) {
    case DType::uint8:
      return prod ? &kFoldKernels<Multiply, 1, uint8_t> : &kFoldKernels<Add<false>, 1, uint8_t>;
    case DType::uint16:
      return prod ? &kFoldKernels<Multiply, 1, uint16_t> : &kFoldKernels<Add<false>, 1, uint16_t>;
    case DType::uint32:
      return prod ? &kFoldKernels<Multiply, 1, uint32_t> : &kFoldKernels<Add<false>, 1, uint32_t>;
    case DType::uint64:
      return prod ? &kFoldKernels<Multiply, 1, uint64_t> : &kFoldKernels<Add<false>, 1, uint64_t>;
    case DType::float32:
      return prod ? &kFoldKernels<Multiply, 1, float> : &kFoldKernels<Add<true>, 1, float>;
    case DType::float64:
      return prod ? &kFoldKernels<Multiply, 1, double> : &kFoldKernels<Add<true>, 1, double>;
    case DType::complex64:
      return prod ? &kComplexKernels<MultiplyComplex, Complex<float>> : &kFoldKernels<Add<true>, 2, float>;
    case DType::complex128:
      return prod ? &kComplexKernels<MultiplyComplex, Complex<double>> : &kFoldKernels<Add<true>, 2, double>;
    default:
      return nullptr;
  }
}

}  // namespace tnp::TNP_ISA

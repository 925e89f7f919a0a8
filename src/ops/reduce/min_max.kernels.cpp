#include "ops/reduce/order.h"

namespace tnp::TNP_ISA {
namespace {

template <bool Max>
const ReduceKernels* find_kernels(DType type) {
  switch (type) {
    case DType::int8:
      return &kFoldKernels<Extreme<Max>, 1, int8_t>;
    case DType::int16:
      return &kFoldKernels<Extreme<Max>, 1, int16_t>;
    case DType::int32:
      return &kFoldKernels<Extreme<Max>, 1, int32_t>;
    case DType::int64:
      return &kFoldKernels<Extreme<Max>, 1, int64_t>;
    case DType::uint8:
      return &kFoldKernels<Extreme<Max>, 1, uint8_t>;
    case DType::uint16:
      return &kFoldKernels<Extreme<Max>, 1, uint16_t>;
    case DType::uint32:
      return &kFoldKernels<Extreme<Max>, 1, uint32_t>;
    case DType::uint64:
      return &kFoldKernels<Extreme<Max>, 1, uint64_t>;
    case DType::float32:
      return &kFoldKernels<Extreme<Max>, 1, float>;
    case DType::float64:
      return &kFoldKernels<Extreme<Max>, 1, double>;
    case DType::complex64:
      return &kComplexKernels<ComplexExtreme<Max>, Complex<float>>;
    case DType::complex128:
      return &kComplexKernels<ComplexExtreme<Max>, Complex<double>>;
    default:
      return nullptr;
  }
}

}  // namespace

const ReduceKernels* find_min_max_kernels(bool max, DType type) {
  return max ? find_kernels<true>(type) : find_kernels<false>(type);
}

}  // namespace tnp::TNP_ISA

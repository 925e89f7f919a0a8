#include "ops/matmul/some_rows.h"

#include <cstring>

#include "ops/matmul/gemm_kernels.h"
#include "runtime/cpu_features.h"

namespace tnp {

namespace {

// Of `dot_rows`, which sums four rows side by side and those that are left over in another order.
constexpr int64_t kRowsAtOnce = 4;
constexpr int64_t kMostWork = 32768;  // of larger products threads compute parts
constexpr int64_t kLeastWork = 48;    // gemm sums smaller ones in another order
constexpr int64_t kMostColumns = 1024;

constexpr PerIsa<const GemmKernels (*)[kAlgebraCount]> kKernels = TNP_PER_ISA(kGemmKernels);

}  // namespace

bool can_multiply_some_rows(DType dtype, int64_t m, int64_t k) {
  const int64_t work = m * k;
  return (dtype == DType::float32 || dtype == DType::float64) && m >= kRowsAtOnce && k > 1 && k <= kMostColumns &&
         work > kLeastWork && work <= kMostWork;
}

void multiply_some_rows(DType dtype, int64_t m, int64_t k, const void* a, int64_t row_stride, const void* x,
                        int64_t x_stride, const uint8_t* wanted, int64_t one, void* y) {
  const Algebra algebra = dtype == DType::float32 ? Algebra::float32 : Algebra::float64;
  const GemmKernels& kernels = (*kKernels.get())[int(algebra)];
  const int64_t size = kernels.itemsize;
  alignas(64) char packed[kMostColumns * sizeof(double)];
  if (x_stride != 1) {
    const char* from = static_cast<const char*>(x);
    for (int64_t i = 0; i < k; ++i) std::memcpy(packed + i * size, from + i * x_stride * size, size_t(size));
    x = packed;
  }
  const auto multiply = [&](int64_t begin, int64_t end) {
    kernels.dot_rows(end - begin, k, static_cast<const char*>(a) + begin * row_stride * size, row_stride, x,
                     static_cast<char*>(y) + begin * size);
  };
  const auto is_wanted = [&](int64_t begin) {
    if (one >= begin && one < begin + kRowsAtOnce) return true;
    uint32_t four = 0;
    if (m - begin >= kRowsAtOnce) {
      std::memcpy(&four, wanted + begin, sizeof four);
    } else {
      for (int64_t i = begin; i < m; ++i) four |= wanted[i];
    }
    return four != 0;
  };
  for (int64_t i = 0; i < m;) {
    int64_t end = i;
    while (end < m && is_wanted(end)) end += kRowsAtOnce;
    if (end > i) multiply(i, end < m ? end : m);
    i = end + kRowsAtOnce;
  }
}

}  // namespace tnp

#include "ops/matmul/some_rows.h"

#include <cstring>

#include "ops/matmul/gemm_kernels.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

constexpr int64_t kRowsAtOnce = 4;  // of `dot_rows`
constexpr int64_t kMostRows = 4096;
constexpr int64_t kMostColumns = 1024;
constexpr int64_t kLeastWork = 48;      // gemm sums smaller products in another order
constexpr int64_t kTaskWork = 1 << 16;  // worth a task of its own

constexpr PerIsa<const GemmKernels (*)[kAlgebraCount]> kKernels = TNP_PER_ISA(kGemmKernels);

// Of floating numbers as bits: all but the sign.
template <class Bits>
bool rest_is_zero(int64_t m, int64_t k, const void* a, int64_t row_stride, int64_t first) {
  for (int64_t i = 0; i < m; ++i) {
    const char* row = static_cast<const char*>(a) + i * row_stride * int64_t(sizeof(Bits));
    Bits any = 0;
    for (int64_t j = first; j < k; ++j) {
      Bits x;
      std::memcpy(&x, row + j * int64_t(sizeof x), sizeof x);
      any |= Bits(x << 1);
    }
    if (any != 0) return false;
  }
  return true;
}

}  // namespace

bool can_multiply_some_rows(DType dtype, int64_t m, int64_t k) {
  return (dtype == DType::float32 || dtype == DType::float64) && m >= kRowsAtOnce && m <= kMostRows && k > 1 &&
         k <= kMostColumns && m * k > kLeastWork;
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
  int32_t rows[kMostRows / kRowsAtOnce];  // the first of each four of which some are wanted
  int64_t count = 0;
  for (int64_t i = 0; i < m; i += kRowsAtOnce) {
    rows[count] = int32_t(i);
    count += is_wanted(i);
  }
  parallel_for(count, kTaskWork / (k * kRowsAtOnce), [&](int64_t begin, int64_t end) {
    for (int64_t next; begin < end; begin = next) {
      next = begin + 1;
      while (next < end && rows[next] == rows[next - 1] + kRowsAtOnce) ++next;
      const int64_t first = rows[begin], last = rows[next - 1] + kRowsAtOnce;
      kernels.dot_rows((last < m ? last : m) - first, k, static_cast<const char*>(a) + first * row_stride * size,
                       row_stride, x, static_cast<char*>(y) + first * size);
    }
  });
}

bool columns_are_zero(DType dtype, int64_t m, int64_t k, const void* a, int64_t row_stride, int64_t first) {
  return itemsize(dtype) == 4 ? rest_is_zero<uint32_t>(m, k, a, row_stride, first)
                              : rest_is_zero<uint64_t>(m, k, a, row_stride, first);
}

}  // namespace tnp

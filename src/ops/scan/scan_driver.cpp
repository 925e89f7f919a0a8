#include "ops/scan/scan_driver.h"

#include <algorithm>

#include "ops/elementwise/cast.h"
#include "ops/reduce/reduce_kernels.h"
#include "ops/reduce/scratch.h"
#include "ops/shape/strided_loop.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

constexpr PerIsa<const ScanKernels* (*)(ScanOp, DType)> kFindScan = TNP_PER_ISA(find_scan_kernels);
using FindFold = const ReduceKernels* (*)(bool, DType);
constexpr PerIsa<FindFold> kFindSumProd = TNP_PER_ISA(find_sum_prod_kernels);
constexpr PerIsa<FindFold> kFindMinMax = TNP_PER_ISA(find_min_max_kernels);

// Elements that are worth a task, and those of a block of a row that is divided.
constexpr int64_t kTask = 1 << 15;
constexpr int64_t kBlock = 1 << 16;

constexpr DType unsigned_of(DType d) {
  if (!is_signed_integer(d)) return d;
  return static_cast<DType>(static_cast<int>(d) - static_cast<int>(DType::int8) + static_cast<int>(DType::uint8));
}

struct ScanPlan {
  const ScanKernels* kernels;
  const ReduceKernels* fold;  // null where the order of the steps shows in the result
  int64_t bytes;              // an element's
  bool reverse;
};

// Only what is exact in any order is divided: a floating sum in blocks would differ from NumPy's in its last bits, and
// a sum of positive numbers could decrease; a product in blocks could overflow on the way.
ScanPlan make_plan(ScanOp op, DType type, bool reverse) {
  const int64_t bytes = itemsize(type);
  if (type == DType::bool_) {
    op = op == ScanOp::sum || op == ScanOp::max ? ScanOp::max : ScanOp::min;
    type = DType::uint8;
  }
  const bool sums = op == ScanOp::sum || op == ScanOp::prod;
  if (sums) type = unsigned_of(type);
  ScanPlan plan{kFindScan.get()(op, type), nullptr, bytes, reverse};
  if (is_integer(type)) {
    plan.fold = sums ? kFindSumProd.get()(op == ScanOp::prod, type) : kFindMinMax.get()(op == ScanOp::max, type);
  } else if (!sums && bytes > 2) {
    plan.fold = kFindMinMax.get()(op == ScanOp::max, type);
  }
  return plan;
}

// Rows of n elements each, one after the other.
void scan_rows(const ScanPlan& plan, const char* in, int64_t rows, int64_t n, char* out) {
  const int64_t row_bytes = n * plan.bytes;
  parallel_for(rows, std::max<int64_t>(1, kTask / n), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      plan.kernels->row(in + r * row_bytes, n, nullptr, plan.reverse, out + r * row_bytes);
    }
  });
}

// One long row in two passes: what each block comes to, then the blocks, each from what those before it come to.
void scan_blocks(const ScanPlan& plan, const char* in, int64_t n, char* out) {
  const int64_t blocks = (n + kBlock - 1) / kBlock;
  // Block k in the order of the scan: the last one may be shorter.
  const auto begin_of = [&](int64_t k) {
    return plan.reverse ? std::max<int64_t>(0, n - (k + 1) * kBlock) : k * kBlock;
  };
  const auto size_of = [&](int64_t k) { return std::min(kBlock, n - k * kBlock); };
  const Scratch totals(blocks * plan.bytes);
  parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
      plan.fold->rows(in + begin_of(k) * plan.bytes, 0, 1, size_of(k), totals.data() + k * plan.bytes);
    }
  });
  plan.kernels->row(totals.data(), blocks, nullptr, false, totals.data());
  parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
      const int64_t at = begin_of(k) * plan.bytes;
      plan.kernels->row(in + at, size_of(k), k == 0 ? nullptr : totals.data() + (k - 1) * plan.bytes, plan.reverse,
                        out + at);
    }
  });
}

// `outer` stacks of n rows of `inner` elements, down the rows. A strip of columns is what one task goes down.
void scan_columns(const ScanPlan& plan, const char* in, int64_t outer, int64_t n, int64_t inner, char* out) {
  const int64_t strip = std::min<int64_t>(inner, std::max<int64_t>(64, 4096 / plan.bytes));
  const int64_t strips = (inner + strip - 1) / strip, row_bytes = inner * plan.bytes;
  parallel_for(outer * strips, std::max<int64_t>(1, kTask / (n * strip)), [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
      const int64_t column = k % strips * strip, at = k / strips * n * row_bytes + column * plan.bytes;
      plan.kernels->columns(in + at, row_bytes, n, std::min(strip, inner - column), plan.reverse, out + at);
    }
  });
}

}  // namespace

void scan(ScanOp op, const StridedView& in, int axis, bool reverse, const StridedView& out) {
  int64_t outer = 1, inner = 1;
  const int64_t n = in.shape[axis];
  for (int i = 0; i < axis; i++) outer *= in.shape[i];
  for (int i = axis + 1; i < in.ndim; i++) inner *= in.shape[i];
  if (outer * n * inner == 0) return;

  const ScanPlan plan = make_plan(op, out.dtype, reverse);
  const char* from = static_cast<const char*>(in.data);
  char* to = static_cast<char*>(out.data);
  if (in.dtype != out.dtype || !is_contiguous(in, itemsize(in.dtype))) {
    cast_strided(in, out);
    from = to;
  }
  if (inner > 1) {
    scan_columns(plan, from, outer, n, inner, to);
  } else if (outer == 1 && n >= 2 * kBlock && plan.fold != nullptr) {
    scan_blocks(plan, from, n, to);
  } else {
    scan_rows(plan, from, outer, n, to);
  }
  // Bytes of a bool array from elsewhere may be other than 0 and 1.
  if (out.dtype == DType::bool_) cast_block(DType::uint8, DType::bool_, to, to, outer * n * inner);
}

}  // namespace tnp

#include "ops/reduce/reduce_driver.h"

#include "ops/elementwise/cast.h"
#include "ops/reduce/arg_driver.h"
#include "ops/reduce/reduce_stage.h"
#include "ops/reduce/scratch.h"
#include "ops/shape/strided_loop.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/error.h"

namespace tnp {

namespace {

using FindKernels = const ReduceKernels* (*)(bool, DType);
constexpr PerIsa<FindKernels> kFindSumProd = TNP_PER_ISA(find_sum_prod_kernels);
constexpr PerIsa<FindKernels> kFindMinMax = TNP_PER_ISA(find_min_max_kernels);
constexpr PerIsa<const ArgKernels* (*)(bool, DType)> kFindArg = TNP_PER_ISA(find_arg_kernels);

constexpr PerIsa<int64_t (*)(const void*, int64_t)> kCount = TNP_PER_ISA(count_nonzero_bytes);

constexpr DType unsigned_of(DType d) {
  if (!is_signed_integer(d)) return d;
  return static_cast<DType>(static_cast<int>(d) - static_cast<int>(DType::int8) + static_cast<int>(DType::uint8));
}

ReducePlan make_plan(ReduceOp op, DType out) {
  // Sums and products of booleans are logical.
  if (out == DType::bool_) {
    if (op == ReduceOp::sum) op = ReduceOp::any;
    if (op == ReduceOp::prod) op = ReduceOp::all;
  }
  ReducePlan plan{};
  plan.type = out == DType::float16 || out == DType::bfloat16 ? DType::float32 : out;
  plan.settling = -1;
  if (op == ReduceOp::all || op == ReduceOp::any) {
    plan.type = DType::bool_;
    plan.settling = op == ReduceOp::any ? 1 : 0;
  }
  plan.bytes = itemsize(plan.type);
  if (op == ReduceOp::sum || op == ReduceOp::prod) {
    if (plan.type != DType::bool_) {
      plan.kernels = kFindSumProd.get()(op == ReduceOp::prod, unsigned_of(plan.type));
      return plan;
    }
  }
  const bool max = op == ReduceOp::max || op == ReduceOp::any;
  plan.kernels = kFindMinMax.get()(max, plan.type == DType::bool_ ? DType::uint8 : plan.type);
  return plan;
}

// All of a contiguous array, of a type that is computed in and not so large that it is divided: no nest, no plan. False
// if it is not that.
bool reduce_run(ReduceOp op, const StridedView& in, const StridedView& out) {
  const DType type = in.dtype;
  if (type == DType::float16 || type == DType::bfloat16 || !is_contiguous(in, itemsize(type))) return false;
  int64_t n = 1;
  for (int i = 0; i < in.ndim; i++) n *= in.shape[i];
  if (n == 0 || n >= 2 * kReduceChunk) return false;
  if (op == ReduceOp::argmin || op == ReduceOp::argmax) {
    const ArgKernels* kernels = kFindArg.get()(op == ReduceOp::argmax, type == DType::bool_ ? DType::uint8 : type);
    alignas(16) char value[16];
    kernels->rows(in.data, 0, 1, n, static_cast<int64_t*>(out.data), value);
    return true;
  }
  if (op > ReduceOp::max || type != out.dtype || type == DType::bool_) return false;
  const bool sums = op <= ReduceOp::prod;
  const ReduceKernels* kernels =
      sums ? kFindSumProd.get()(op == ReduceOp::prod, unsigned_of(type)) : kFindMinMax.get()(op == ReduceOp::max, type);
  kernels->rows(in.data, 0, 1, n, out.data);
  return true;
}

int64_t count_outputs(const StridedView& in, uint64_t reduced_axes) {
  int64_t n = 1;
  for (int i = 0; i < in.ndim; i++) {
    if (((reduced_axes >> i) & 1) == 0) n *= in.shape[i];
  }
  return n;
}

int64_t count_reduced(const StridedView& in, uint64_t reduced_axes) {
  int64_t n = 1;
  for (int i = 0; i < in.ndim; i++) {
    if (((reduced_axes >> i) & 1) != 0) n *= in.shape[i];
  }
  return n;
}

void fill_identity(ReduceOp op, const StridedView& out, int64_t outputs) {
  if (op != ReduceOp::sum && op != ReduceOp::prod && op != ReduceOp::all && op != ReduceOp::any) {
    throw ValueError("zero-size array to a reduction that has no identity");
  }
  uint8_t identity = op == ReduceOp::prod || op == ReduceOp::all ? 1 : 0;
  const int64_t repeat = 0, packed = itemsize(out.dtype);
  cast_strided({&identity, DType::bool_, 1, &outputs, &repeat}, {out.data, out.dtype, 1, &outputs, &packed});
}

// All reduced dimensions: the innermost first, whose results (of every other dimension) are then reduced in turn.
void run_stages(const ReducePlan& plan, const ReduceNest& nest, DType dtype, char* results) {
  const DimList& reduced = nest.reduced;
  const int inner = reduced.count - 1;
  ReduceStage stage{nest.data, dtype, {}, reduced.shape[inner], reduced.strides[inner]};
  for (int i = 0; i < inner; i++) stage.batch.push(reduced.shape[i], reduced.strides[i], 0);
  for (int i = 0; i < nest.kept.count; i++) stage.batch.push(nest.kept.shape[i], nest.kept.strides[i], 0);
  if (inner == 0) return run_stage(plan, stage, results);

  const int64_t outputs = nest.kept.size(), total = stage.batch.size();
  const Scratch partials(total * plan.bytes);
  run_stage(plan, stage, partials.data());
  ReduceStage second{partials.data(), plan.type, {}, total / outputs, outputs * plan.bytes};
  if (outputs > 1) second.batch.push(outputs, plan.bytes, 0);
  run_stage(plan, second, results);
}

}  // namespace

ReducePlan plan_reduction(ReduceOp op, DType from, DType to) {
  ReducePlan plan = make_plan(op, to);
  if (op == ReduceOp::sum && from == DType::bool_ && unsigned_of(plan.type) == DType::uint64) plan.count = kCount.get();
  return plan;
}

void reduce(ReduceOp op, const StridedView& in, uint64_t reduced_axes, const StridedView& out) {
  const uint64_t all_axes = in.ndim < 64 ? (uint64_t{1} << in.ndim) - 1 : ~uint64_t{0};
  if (reduced_axes == all_axes && reduce_run(op, in, out)) return;
  const int64_t outputs = count_outputs(in, reduced_axes);
  if (outputs == 0) return;
  if (count_reduced(in, reduced_axes) == 0) return fill_identity(op, out, outputs);
  if (op == ReduceOp::argmin || op == ReduceOp::argmax) {
    return reduce_arg(op == ReduceOp::argmax, in, reduced_axes, out);
  }

  const ReducePlan plan = plan_reduction(op, in.dtype, out.dtype);
  ReduceNest nest;
  make_nest(in, reduced_axes, false, nest);
  if (nest.in_order && plan.type == out.dtype) {
    run_stages(plan, nest, in.dtype, static_cast<char*>(out.data));
  } else {
    const Scratch results(nest.kept.size() * plan.bytes);
    run_stages(plan, nest, in.dtype, results.data());
    write_results(nest, results.data(), plan.type, out);
  }
  // Bytes of a bool array from elsewhere may be other than 0 and 1.
  if (out.dtype == DType::bool_) cast_block(DType::uint8, DType::bool_, out.data, out.data, outputs);
}

void reduce_parts(ReduceOp op, const StridedView& in, const int64_t* starts, int64_t count, void* out) {
  const int64_t n = in.shape[0], step = in.strides[0], bytes = itemsize(in.dtype);
  const ReducePlan plan = make_plan(op, in.dtype);
  // Rows of the type that is computed in go to the kernel as they are, if they are not so long that they are divided.
  const bool packed = plan.type == in.dtype && in.dtype != DType::bool_ && step == bytes;
  const auto* from = static_cast<const char*>(in.data);
  auto* to = static_cast<char*>(out);
  parallel_for(count, 1 + count * kReduceGrain / n, [&](int64_t begin, int64_t end) {
    const auto length_of = [&](int64_t k) {
      const int64_t start = starts[k], stop = k + 1 == count ? n : starts[k + 1];
      return stop > start ? stop - start : 1;
    };
    for (int64_t k = begin; k < end; k++) {
      const int64_t start = starts[k], length = length_of(k);
      if (packed && length < 2 * kReduceChunk) {
        // Neighbours of the same length are rows of a matrix.
        const int64_t first = k;
        while (k + 1 < end && starts[k + 1] == starts[k] + length && length_of(k + 1) == length) k++;
        plan.kernels->rows(from + start * step, length * bytes, k + 1 - first, length, to + first * bytes);
        continue;
      }
      const StridedView part{const_cast<char*>(from + start * step), in.dtype, 1, &length, &step};
      reduce(op, part, 1, {to + k * bytes, in.dtype, 0, nullptr, nullptr});
    }
  });
}

}  // namespace tnp

#include "ops/elementwise/execute.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/element_bits.h"
#include "ops/common.h"
#include "ops/elementwise/cast.h"
#include "ops/elementwise/family.h"
#include "ops/elementwise/fp_status.h"
#include "ops/elementwise/loop.h"
#include "ops/shape/copy.h"
#include "ops/shape/layout.h"
#include "runtime/allocator.h"
#include "runtime/streaming.h"
#include "runtime/threads.h"
#include "tnp/error.h"

namespace tnp {

constinit std::atomic<unsigned> fp_flags_seen{0};

namespace {

constexpr int kMaxArity = 3;
constexpr std::int64_t kBlock = 512;  // elements: three operands of 16 bytes stay in the first-level cache

std::int64_t grain_of(const ElementwiseInfo& info) { return std::max<std::int64_t>(2048, 32768 / info.cycles); }

// The type the kernel computes in: half precision goes through float32.
DType compute_dtype(DType loop) { return loop == DType::float16 || loop == DType::bfloat16 ? DType::float32 : loop; }

Array output_for(const Call& call, DType dtype, const Shape& shape) {
  for (std::size_t i = 0; call.donated >> i; ++i) {
    if (!((call.donated >> i) & 1)) continue;
    const Array& x = call.in[i];
    detail::Node* node = x.node();
    if (x.dtype() == dtype && x.is_contiguous() && x.shape() == shape && node->buffer->unique()) {
      return Array::view_of(node->buffer, node->data, dtype, shape, node->strides);
    }
  }
  return Array::empty(dtype, shape);
}

bool tells_exceptions(const ElementwiseInfo& info, DType compute) {
  return contains(info.kernels.get()->told, compute);
}

struct RowContext {
  BlockKernel kernel;
  int arity;
  DType in[kMaxArity];
  DType compute, kernel_out, out;
  CastKernel cast_in[kMaxArity];  // null: none needed
  CastKernel cast_out;
  bool raises_flags, told;  // whether the kernel tells its exceptions, instead of the hardware
  bool stream;              // whether results are written past the caches
};

// One row: operands[0] is the output, the inputs follow. Inputs that are strided or of another type are staged.
void run_row(void* context, std::byte* const* operands, const std::int64_t* strides, std::int64_t n) {
  const auto& c = *static_cast<const RowContext*>(context);
  const FpFlagsOfThread flags(c.raises_flags && !c.told);
  alignas(64) std::byte gathered[kBlock * 16];
  alignas(64) std::byte staged[kMaxArity][kBlock * 16];
  alignas(64) std::byte result[kBlock * 16], streamed[kBlock * 16];
  const int out_size = itemsize(c.out);
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t m = std::min(kBlock, n - begin);
    const void* in[kMaxArity];
    std::int32_t step[kMaxArity];
    for (int k = 0; k < c.arity; ++k) {
      const std::int64_t stride = strides[k + 1];
      const std::byte* p = operands[k + 1] + begin * stride;
      const int size = itemsize(c.in[k]);
      step[k] = stride == 0 ? 0 : 1;
      if (stride != 0 && stride != size) {
        std::byte* to = c.cast_in[k] ? gathered : staged[k];
        gather_strided(to, p, stride, m, size);
        p = to;
      }
      if (c.cast_in[k]) {
        c.cast_in[k](p, staged[k], step[k] ? m : 1);
        p = staged[k];
      }
      in[k] = p;
    }
    std::byte* out = operands[0] + begin * out_size;
    const bool stream = c.stream && reinterpret_cast<std::uintptr_t>(out) % 64 == 0;
    std::byte* to = stream ? streamed : out;
    note_fp_flags(c.kernel(c.cast_out ? result : to, in, step, m));
    if (c.cast_out) {
      const FpFlagsOfThread overflow(c.raises_flags && c.told);
      c.cast_out(result, to, m);
    }
    if (stream) stream_copy()(out, streamed, static_cast<std::size_t>(m * out_size));
  }
  if (c.stream) stream_end();
}

Array run_general(const Call& call, const ElementwiseInfo& info, DType loop, DType out_dtype, Array out) {
  const OutputSpecs specs = call.op.infer.get()(call);
  const Shape& shape = specs[0].shape;
  // A donated input is read block by block before its block is written.
  const bool own = !out && call.donated == 0;
  if (!out) out = output_for(call, out_dtype, shape);
  RowContext c{};
  c.compute = compute_dtype(loop);
  c.kernel = block_kernel(info, loop);
  c.arity = info.arity;
  c.out = out_dtype;
  c.kernel_out = result_dtype(info, c.compute);
  c.cast_out = c.kernel_out == c.out ? nullptr : cast_kernel(c.kernel_out, c.out);
  c.raises_flags = info.raises_flags;
  c.told = tells_exceptions(info, c.compute);
  c.stream = own && streams(shape.num_elements() * itemsize(out_dtype));
  LoopOperand operands[kMaxArity + 1];
  Array inputs[kMaxArity];
  int sizes[kMaxArity + 1];
  operands[0] = {out.data(), out.strides()};
  sizes[0] = out.itemsize();
  for (int k = 0; k < info.arity; ++k) {
    inputs[k] = gathered_if_scattered(call.in[k]);
    const Array& x = inputs[k] ? inputs[k] : call.in[k];
    c.in[k] = x.dtype();
    sizes[k + 1] = x.itemsize();
    // Half to float32 by way of the loop's own precision, as casting a float32 input to a half loop must round.
    c.cast_in[k] = x.dtype() == c.compute ? nullptr : cast_kernel(x.dtype(), c.compute);
    operands[k + 1] = {x.data(), broadcast_strides(x.shape(), x.strides(), shape)};
  }
  const std::size_t count = static_cast<std::size_t>(info.arity) + 1;
  const RowsTogether together{.sizes = {sizes, count}};
  run_loop(shape, {operands, count}, grain_of(info), &run_row, &c, &together);
  return out;
}

Array run_in_memory_order(const Call& call, DType loop, DType out_dtype, const Axes& order);

bool is_column_major(const Array& x) {
  std::int64_t expected = x.itemsize();
  for (int i = 0; i < x.shape().ndim(); ++i) {
    if (x.shape()[i] == 1) continue;
    if (x.strides()[i] != expected) return false;
    expected *= x.shape()[i];
  }
  return true;
}

Array empty_in_columns(DType dtype, const Shape& shape) {
  const Array memory = Array::empty(dtype, Shape{shape.num_elements()});
  Strides strides;
  strides.resize_unset(shape.ndim());
  std::int64_t step = itemsize(dtype);
  for (int i = 0; i < shape.ndim(); ++i) {
    strides[i] = step;
    step *= shape[i];
  }
  return Array::view_of(memory.node()->buffer, memory.node()->data, dtype, shape, strides);
}

// Computes into `out` if there is one: row-major, and one of the inputs at most.
Array run(const Call& call, DType loop, DType out_dtype, Array out) {
  const ElementwiseInfo& info = *call.op.elementwise;

  // Contiguous inputs of one shape (or single elements) of the loop's own type: the kernel runs on them as they are. So
  // it does on column-major ones.
  const Array* widest = &call.in[0];
  for (const Array& x : call.in) {
    if (x.ndim() > widest->ndim()) widest = &x;
  }
  const void* in[kMaxArity];
  std::int32_t step[kMaxArity];
  bool direct = compute_dtype(loop) == loop;
  for (int k = 0; direct && k < info.arity; ++k) {
    const Array& x = call.in[k];
    const bool whole = x.node() == widest->node() || x.shape() == widest->shape();
    direct = x.dtype() == loop && (x.shape().ndim() == 0 || (whole && x.is_contiguous()));
    in[k] = x.data();
    step[k] = whole ? 1 : 0;
  }
  bool columns = !direct && !out && call.donated == 0 && compute_dtype(loop) == loop;
  for (int k = 0; columns && k < info.arity; ++k) {
    const Array& x = call.in[k];
    const bool whole = x.node() == widest->node() || x.shape() == widest->shape();
    columns = x.dtype() == loop && (x.shape().ndim() == 0 || (whole && is_column_major(x)));
    in[k] = x.data();
    step[k] = whole ? 1 : 0;
  }
  if (columns) out = empty_in_columns(out_dtype, widest->shape());
  if (!direct && !columns) {
    const Axes order = out ? Axes() : memory_order(call.in);
    if (!order.empty()) return run_in_memory_order(call, loop, out_dtype, order);
    return run_general(call, info, loop, out_dtype, std::move(out));
  }
  if (!out) out = output_for(call, out_dtype, widest->shape());
  const std::int64_t n = widest->shape().num_elements();
  const BlockKernel kernel = block_kernel(info, loop);
  const bool hardware_flags = info.raises_flags && !tells_exceptions(info, loop);
  const std::int64_t grain = grain_of(info);
  if (n < 2 * grain) {
    const FpFlagsOfThread flags(hardware_flags);
    note_fp_flags(kernel(out.data(), in, step, n));
    return out;
  }
  const std::int64_t size = itemsize(loop), out_size = itemsize(out_dtype);
  std::byte* to = out.data();
  const bool stream = streams(n * out_size) && std::find(in, in + info.arity, to) == in + info.arity;
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    const FpFlagsOfThread flags(hardware_flags);
    const void* at[kMaxArity];
    for (int k = 0; k < info.arity; ++k) at[k] = static_cast<const std::byte*>(in[k]) + begin * size * step[k];
    const std::int64_t block = stream ? kStreamBlock / out_size : end - begin;
    alignas(64) std::byte staged[kStreamBlock];
    for (std::int64_t i = begin; i < end; i += block) {
      const std::int64_t m = std::min(block, end - i);
      note_fp_flags(kernel(stream ? staged : to + i * out_size, at, step, m));
      if (stream) stream_copy()(to + i * out_size, staged, static_cast<std::size_t>(m * out_size));
      for (int k = 0; k < info.arity; ++k) at[k] = static_cast<const std::byte*>(at[k]) + m * size * step[k];
    }
    if (stream) stream_end();
  });
  return out;
}

// Operands that do not lie in row-major order, gone through as they lie: the result lies in the same order.
Array run_in_memory_order(const Call& call, DType loop, DType out_dtype, const Axes& order) {
  Array in[kMaxArity];
  Array out;
  Shape shape;
  const std::size_t arity = call.in.size();
  bool taken[kMaxArity] = {};
  for (std::size_t k = 0; k < arity; ++k) {
    const Array& x = call.in[k];
    taken[k] = ((call.donated >> k) & 1) && x.dtype() == out_dtype && x.node()->buffer->unique();
    in[k] = with_axes_in(x, order);
    try_broadcast(shape, in[k].shape(), shape);
  }
  for (std::size_t k = 0; k < arity && !out; ++k) {
    if (taken[k] && in[k].is_contiguous() && in[k].shape() == shape) out = in[k];
  }
  // With its place given it is not put into an order again.
  if (!out) out = Array::empty(out_dtype, shape);
  return with_axes_back(run(Call{call.op, {in, arity}, call.params, 0}, loop, out_dtype, std::move(out)), order);
}

}  // namespace

Array execute_elementwise(const Call& call) {
  const ElementwiseInfo& info = *call.op.elementwise;
  const DType loop = loop_dtype(info, call.in);
  if (info.check) info.check(call.in, loop);
  return run(call, loop, result_dtype(info, loop), Array());
}

}  // namespace tnp

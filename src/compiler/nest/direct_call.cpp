#include "compiler/nest/direct_call.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "compiler/nest/block_lowering.h"
#include "compiler/param_reader.h"
#include "ir/apply_internal.h"
#include "ops/index/take_rows.h"
#include "ops/matmul/gemm.h"
#include "ops/reduce/reduce_driver.h"

namespace tnp::compiler {

namespace {

using Direct = std::function<void(void* const* memory)>;
using Operand = LoopNest::Callee::Operand;

Strides in_elements(const Operand& x) {
  Strides out = x.strides;
  for (std::int64_t& s : out) s /= itemsize(x.dtype);
  return out;
}

Direct direct_product(const LoopNest::Callee& callee) {
  const Operand &a = callee.in[0], &b = callee.in[1], &c = callee.out[0];
  if (a.dtype != c.dtype || b.dtype != c.dtype) return nullptr;
  const int lead = c.shape.ndim() - 2, na = a.shape.ndim(), nb = b.shape.ndim();
  Shape batch = c.shape, a_lead = a.shape, b_lead = b.shape;
  batch.resize(lead);
  a_lead.resize(na - 2);
  b_lead.resize(nb - 2);
  const Strides sa = in_elements(a), sb = in_elements(b);
  const Strides a_batch = strides_over(a_lead, sa, batch), b_batch = strides_over(b_lead, sb, batch);
  const std::int64_t m = c.shape[lead], n = c.shape[lead + 1], k = a.shape[na - 1];
  if (lead == 0) {
    if (const auto small = SmallGemm::of(c.dtype, m, n, k, sa[0], sa[1], sb[0], sb[1]))
      return [product = *small](void* const* memory) { product(memory[0], memory[1], memory[2]); };
    const std::array<std::int64_t, 7> sizes{m, n, k, sa[0], sa[1], sb[0], sb[1]};
    return [sizes, dtype = c.dtype](void* const* memory) {
      gemm(dtype, sizes[0], sizes[1], sizes[2], memory[0], sizes[3], sizes[4], memory[1], sizes[5], sizes[6],
           memory[2]);
    };
  }
  return [=, dtype = c.dtype](void* const* memory) {
    gemm_batched(dtype, lead, batch.data(), m, n, k, memory[0], a_batch.data(), sa[na - 2], sa[na - 1], memory[1],
                 b_batch.data(), sb[nb - 2], sb[nb - 1], memory[2]);
  };
}

Direct direct_reduction(const LoopNest::Callee& callee, ReduceOp op) {
  const Operand &x = callee.in[0], &y = callee.out[0];
  if (x.shape.num_elements() == 0 || !is_numeric(x.dtype)) return nullptr;  // may be an error
  std::uint64_t mask = 0;
  const ParamReader p(*callee.params);
  for (std::int64_t axis : p.axes.at("axes")) mask |= std::uint64_t{1} << axis;
  return [x, y, mask, op](void* const* memory) {
    const StridedView in{memory[0], x.dtype, x.shape.ndim(), x.shape.data(), x.strides.data()};
    reduce(op, in, mask, {memory[1], y.dtype, y.shape.ndim(), y.shape.data(), y.strides.data()});
  };
}

// Rows at the places of one index array. The operation itself raises the error of one that is out of bounds.
Direct direct_gather(const LoopNest::Callee& callee) {
  const ParamReader p(*callee.params);
  if (callee.in.size() != 2 || p.axes.at("axes") != Axes{0}) return nullptr;
  const Operand &x = callee.in[0], &index = callee.in[1];
  const auto packed = [](const Operand& o) { return o.strides == contiguous_strides(o.shape, itemsize(o.dtype)); };
  if (index.dtype != DType::int64 || !packed(x) || !packed(index)) return nullptr;
  const std::int64_t size = x.shape[0], n = index.shape.num_elements();
  const std::int64_t bytes = size == 0 ? 0 : x.shape.num_elements() / size * itemsize(x.dtype);
  const TakeRows take = take_rows_of(bytes);
  if (size == 0 || take == nullptr) return nullptr;
  return [=, op = callee.op, params = callee.params, x = x, index = index](void* const* memory) {
    const auto* places = static_cast<const std::int64_t*>(memory[1]);
    if (take(static_cast<const std::byte*>(memory[0]), places, size, n, static_cast<std::byte*>(memory[2]))) return;
    const Array in[] = {Array::empty(x.dtype, x.shape), Array::empty(index.dtype, index.shape)};
    std::memcpy(in[1].data(), places, static_cast<std::size_t>(n * itemsize(index.dtype)));
    Array out[1];
    execute(Call{*op, in, *params}, out);
  };
}

}  // namespace

Direct direct_call(const LoopNest::Callee& callee) {
  if (std::string_view(callee.op->name) == "matmul") return direct_product(callee);
  if (std::string_view(callee.op->name) == "gather") return direct_gather(callee);
  const std::optional<ReduceOp> op = reduce_op_of(*callee.op);
  return op ? direct_reduction(callee, *op) : nullptr;
}

}  // namespace tnp::compiler

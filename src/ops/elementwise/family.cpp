#include "ops/elementwise/family.h"

#include <string_view>

#include "base/default_dtype.h"
#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "ops/elementwise/exact_comparison.h"
#include "ops/elementwise/execute.h"
#include "ops/elementwise/loops.h"
#include "runtime/profile.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp {

namespace {

// NumPy tries loops in this order.
constexpr DType kLoopOrder[] = {DType::bool_,    DType::int8,    DType::uint8,   DType::int16,     DType::uint16,
                                DType::int32,    DType::uint32,  DType::int64,   DType::uint64,    DType::float16,
                                DType::bfloat16, DType::float32, DType::float64, DType::complex64, DType::complex128};

[[noreturn]] void no_loop(const ElementwiseInfo& info, std::span<const Array> in) {
  std::string types;
  for (const Array& x : in) types += (types.empty() ? "" : ", ") + std::string(name(x.dtype()));
  throw TypeError(std::string(info.name) + ": not supported for the input types (" + types + ")");
}

Shape broadcast_inputs(const char* name, std::span<const Array> in) {
  Shape shape = in[0].shape();
  for (std::size_t i = 1; i < in.size(); ++i) {
    if (!try_broadcast(shape, in[i].shape(), shape)) {
      std::string shapes, types;
      for (const Array& x : in) {
        shapes += (shapes.empty() ? "" : " ") + x.shape().str();
        types += (types.empty() ? "" : ", ") + std::string(tnp::name(x.dtype()));
      }
      throw ValueError(std::string(name) + ": operands could not be broadcast together with shapes " + shapes + " (" +
                       types + ")");
    }
  }
  return shape;
}

OutputSpecs infer(const Call& call) {
  const ElementwiseInfo& info = *call.op.elementwise;
  const DType loop = loop_dtype(info, call.in);
  return {{result_dtype(info, loop), broadcast_inputs(info.name, call.in)}};
}

std::vector<DType> infer_dtype(const Call& call) {
  const ElementwiseInfo& info = *call.op.elementwise;
  return {result_dtype(info, loop_dtype(info, call.in))};
}

void execute_op(const Call& call, std::span<Array> out) { out[0] = execute_elementwise(call); }

void vjp(VjpCall& v) {
  const ElementwiseInfo& info = *v.call.op.elementwise;
  const Array& y = v.outputs[0];
  if (info.vjp == nullptr || !is_inexact(y.dtype())) return;
  for (int i = 0; i < info.arity; ++i) {
    if (!v.needed[i] || !is_inexact(v.call.in[i].dtype())) continue;
    const Array ct = info.vjp(v.cotangents[0], v.call.in, y, i);
    if (ct) v.result[i] = unbroadcast(ct, v.call.in[i]);
  }
}

// Lines up the batch axes: a batched operand of lower rank gets axes of size 1 after axis 0.
void batch(BatchCall& b) {
  int ndim = 0;
  for (std::size_t i = 0; i < b.call.in.size(); ++i) {
    ndim = std::max(ndim, b.call.in[i].ndim() - (b.batched[i] ? 1 : 0));
  }
  Arrays in;
  for (std::size_t i = 0; i < b.call.in.size(); ++i) {
    const Array& x = b.call.in[i];
    if (!b.batched[i] || x.ndim() == ndim + 1) {
      in.push_back(x);
      continue;
    }
    Shape shape = x.shape();
    while (shape.ndim() < ndim + 1) shape.insert(1, 1);
    in.push_back(reshape(x, shape));
  }
  b.result = {apply(b.call.op, in, b.call.params)};
  b.result_batched = {true};
}

// The shapes on which a family's operations are tested: all the ways to broadcast, and sizes that leave a vector's
// tail.
std::vector<Sample> samples_for(const ElementwiseInfo& info) {
  std::vector<Sample> samples;
  const std::vector<std::vector<Shape>> shapes =
      info.arity == 1 ? std::vector<std::vector<Shape>>{{{}}, {{0}}, {{7}}, {{2, 3}}, {{67}}}
      : info.arity == 2
          ? std::vector<std::vector<Shape>>{{{}, {}},         {{5}, {5}},    {{2, 3}, {3}},
                                            {{3, 1}, {1, 4}}, {{0, 2}, {2}}, {{67}, {}}}
          : std::vector<std::vector<Shape>>{{{}, {}, {}}, {{5}, {5}, {5}}, {{2, 3}, {3}, {}}, {{67}, {1}, {67}}};
  for (int d = 0; d < kNumericDTypeCount; ++d) {
    if (info.loop_for[d] == kNoLoop) continue;
    // NumPy's rule for other types is its function's; an expression that stands for one knows the loops' types only.
    const bool own_oracle = std::string_view(info.oracle) != RecordDefaults::oracle;
    if (own_oracle && !contains(info.types, static_cast<DType>(d))) continue;
    for (const auto& s : shapes) {
      Sample sample;
      for (const Shape& shape : s) sample.inputs.push_back({static_cast<DType>(d), shape});
      sample.params = std::make_shared<NoParams>();
      sample.low = info.low;
      sample.high = info.high;
      sample.differentiable = info.vjp != nullptr;
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

}  // namespace

BlockKernel block_kernel(const ElementwiseInfo& info, DType loop) noexcept {
  const auto& by_dtype = info.kernels.get()->by_dtype;
  const bool half = loop == DType::float16 || loop == DType::bfloat16;
  const BlockKernel own = by_dtype[static_cast<int>(loop)];
  return half && own == nullptr ? by_dtype[static_cast<int>(DType::float32)] : own;
}

ElementwiseInfo finish(ElementwiseInfo info) {
  for (int d = 0; d < kNumericDTypeCount; ++d) {
    const auto from = static_cast<DType>(d);
    info.loop_for[d] = kNoLoop;
    if (info.boolean_refused && is_bool(from)) continue;
    if (info.integer_loop != DType::bool_ && (is_integer(from) || is_bool(from))) {
      info.loop_for[d] = static_cast<std::uint8_t>(info.integer_loop);
      continue;
    }
    if (contains(info.types, from)) {
      info.loop_for[d] = static_cast<std::uint8_t>(d);
      continue;
    }
    for (DType loop : kLoopOrder) {
      if (loop == DType::bfloat16 || !contains(info.types, loop) || !can_cast(from, loop, Casting::safe)) continue;
      info.loop_for[d] = static_cast<std::uint8_t>(loop);
      break;
    }
  }
  return info;
}

OpDef elementwise_op(const ElementwiseInfo& info, const char* doc) {
  OpDef op{};
  op.name = info.name;
  op.doc = doc;
  op.family = "elementwise";
  op.num_inputs = info.arity;
  op.infer = &infer;
  op.infer_dtype = &infer_dtype;
  op.infers_unknown_rank = true;
  op.execute = &execute_op;
  if (info.vjp != nullptr) {
    op.vjp = &vjp;
  } else {
    op.vjp = unsupported(info.no_derivative);
  }
  op.batch = &batch;
  // A fused kernel has float32's loop only for half precision.
  const bool own_half = info.kernels.by_isa[0]->by_dtype[static_cast<int>(DType::float16)] != nullptr;
  op.fusion = own_half ? Fusion::none : Fusion::elementwise;
  op.samples = +[](const OpDef& self) { return samples_for(*self.elementwise); };
  op.oracle = info.oracle;
  op.elementwise = &info;
  op.aliases = info.aliases;
  return op;
}

// Where NumPy computes with integers in float64, the default float takes its place.
static DType preferred_loop(DType from, DType loop) noexcept {
  return loop == DType::float64 && !is_inexact(from) && default_float() == DType::float32 ? DType::float32 : loop;
}

std::uint8_t loop_of_two(const ElementwiseInfo& info, DType a, DType b, DType common) {
  const std::uint8_t loop = info.loop_for[static_cast<int>(common)];
  if (a == b || loop == kNoLoop || is_inexact(common) || !is_inexact(static_cast<DType>(loop))) return loop;
  // Integers of two types go into a smaller floating type than their common integer type: int8 and uint8 into float16.
  const std::uint8_t of_a = info.loop_for[static_cast<int>(a)], of_b = info.loop_for[static_cast<int>(b)];
  if (of_a == kNoLoop || of_b == kNoLoop) return loop;
  return static_cast<std::uint8_t>(promote(static_cast<DType>(of_a), static_cast<DType>(of_b)));
}

DType loop_dtype(const ElementwiseInfo& info, std::span<const Array> in) {
  DType common = in[0].dtype();
  for (std::size_t i = 1; i < in.size(); ++i) common = promote(common, in[i].dtype());
  if (!is_numeric(common)) no_loop(info, in);
  const std::uint8_t loop = in.size() == 2 ? loop_of_two(info, in[0].dtype(), in[1].dtype(), common)
                                           : info.loop_for[static_cast<int>(common)];
  if (loop == kNoLoop) no_loop(info, in);
  return preferred_loop(common, static_cast<DType>(loop));
}

DType result_dtype(const ElementwiseInfo& info, DType loop) noexcept {
  switch (info.result) {
    case ResultType::same:
      return loop;
    case ResultType::boolean:
      return DType::bool_;
    case ResultType::real:
      return real_of(loop);
    case ResultType::byte:
      return DType::uint8;
  }
  return loop;
}

Array apply_elementwise_donated(const OpDef& op, std::span<const Array> in, std::uint64_t donated) {
  if (op.elementwise->result == ResultType::boolean && in.size() == 2 && in[0].dtype() != in[1].dtype()) {
    if (Array exact = exact_comparison(op, in)) return exact;
  }
  // The short way: everything concrete and nobody listening.
  bool plain = active_observers == nullptr;
  for (const Array& x : in) plain = plain && x.state() == State::concrete;
  if (plain) {
    if (is_profiling()) [[unlikely]]
      return apply(op, in, kNoParams, donated);
    return execute_elementwise(Call{op, in, kNoParams, donated});
  }
  return apply(op, in, kNoParams, donated);
}

Array apply_elementwise(const OpDef& op, const Array& x) { return apply_elementwise_donated(op, {&x, 1}, 0); }

Array weak_operand(const OpDef& op, DType array, const Scalar& scalar) {
  if (!is_numeric(array)) [[unlikely]]
    return scalar.to_array();
  const ElementwiseInfo& info = *op.elementwise;
  const DType common = promote(array, scalar.kind);
  const std::uint8_t loop = info.loop_for[static_cast<int>(common)];
  if (loop == kNoLoop) return scalar.to_array(common);
  const DType dtype = preferred_loop(common, static_cast<DType>(loop));
  if (info.result == ResultType::boolean && scalar.kind == WeakKind::integer && is_integer(dtype)) {
    // Comparisons are exact for integers of any size: one that does not fit comes in its own type.
    try {
      return scalar.to_array(dtype);
    } catch (const OverflowError&) {
      return scalar.to_array(std::holds_alternative<std::uint64_t>(scalar.value) ? DType::uint64 : DType::int64);
    }
  }
  return scalar.to_array(dtype);
}

Array beside_weak(const OpDef& op, const Array& x, const Scalar& scalar) {
  if (default_float() == DType::float64 || is_inexact(x.dtype()) || !is_numeric(x.dtype())) return x;
  const DType common = promote(x.dtype(), scalar.kind);
  const std::uint8_t loop = op.elementwise->loop_for[static_cast<int>(common)];
  if (loop == kNoLoop) return x;
  const DType dtype = preferred_loop(common, static_cast<DType>(loop));
  return is_floating(dtype) ? astype(x, dtype) : x;
}

Array apply_elementwise(const OpDef& op, const Operand& x, const Operand& y) {
  if (x.is_array() && y.is_array()) {
    const Array in[] = {x.array(), y.array()};
    return apply_elementwise_donated(op, in, 0);
  }
  if (!x.is_array() && !y.is_array()) {
    const Array a = x.scalar().to_array();
    const Array in[] = {beside_weak(op, a, y.scalar()), beside_weak(op, y.scalar().to_array(), x.scalar())};
    return apply_elementwise_donated(op, in, 0);
  }
  const Array in[] = {
      x.is_array() ? beside_weak(op, x.array(), y.scalar()) : weak_operand(op, y.array().dtype(), x.scalar()),
      y.is_array() ? beside_weak(op, y.array(), x.scalar()) : weak_operand(op, x.array().dtype(), y.scalar())};
  return apply_elementwise_donated(op, in, 0);
}

Array apply_elementwise(const OpDef& op, const Operand& x, const Operand& y, const Operand& z) {
  const Operand* operands[] = {&x, &y, &z};
  bool any = false;
  DType common = DType::bool_;
  const bool weak = !(x.is_array() && y.is_array() && z.is_array());
  for (const Operand* o : operands) {
    if (!o->is_array() || !weak) continue;
    common = any ? promote(common, o->array().dtype()) : o->array().dtype();
    any = true;
  }
  // The scalars' kind together: a float makes a weak integer beside it one, too.
  const Scalar* widest = nullptr;
  for (const Operand* o : operands) {
    if (!o->is_array() && (widest == nullptr || o->scalar().kind > widest->kind)) widest = &o->scalar();
  }
  if (any && widest != nullptr && widest->kind >= WeakKind::floating) common = promote(common, widest->kind);
  Array in[3];
  for (int i = 0; i < 3; ++i) {
    if (operands[i]->is_array()) {
      in[i] = widest == nullptr ? operands[i]->array() : beside_weak(op, operands[i]->array(), *widest);
    } else {
      in[i] = any ? weak_operand(op, common, operands[i]->scalar()) : operands[i]->scalar().to_array();
    }
  }
  return apply_elementwise_donated(op, in, 0);
}

Array conjugate_if_complex(const Array& x) { return is_complex(x.dtype()) ? conjugate(x) : x; }

Array unbroadcast(const Array& ct, const Array& like) {
  Array out = ct;
  if (is_complex(out.dtype()) && !is_complex(like.dtype())) out = real(out);
  if (out.dtype() != like.dtype()) out = astype(out, like.dtype());
  if (out.shape() == like.shape() && out.shape().rank_known()) return out;
  return sum_to(out, like);
}

}  // namespace tnp

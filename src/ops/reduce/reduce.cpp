// The reductions: sum, prod, min, max, all, any, argmin, argmax; and sum_to, the transpose of broadcasting.
#include <map>

#include "base/accumulator_dtype.h"
#include "base/dim.h"
#include "ops/common.h"
#include "ops/reduce/reduce_driver.h"
#include "ops/reduce/reduce_stage.h"
#include "ops/reduce/tile_reduction.h"

namespace tnp {

namespace {

struct ReduceParams : ParamsOf<ReduceParams> {
  Axes axes;  // normalized and sorted
  bool keepdims = false;
  DType dtype = DType::float64;  // of the result
  template <class V>
  void fields(V& v) {
    v("axes", axes);
    v("keepdims", keepdims);
    v("dtype", dtype);
  }
  void set(const Axes& a, bool k, DType d) {
    axes = a;
    keepdims = k;
    dtype = d;
  }
};

Shape reduced_shape(const Shape& shape, const Axes& axes, bool keepdims) {
  Shape out;
  int next = 0;
  for (int i = 0; i < shape.ndim(); ++i) {
    const bool reduced = next < axes.size() && axes[next] == i;
    if (reduced) ++next;
    if (!reduced) out.push_back(shape[i]);
    if (reduced && keepdims) out.push_back(1);
  }
  return out;
}

OutputSpecs infer(const Call& call) {
  const auto& p = params_of<ReduceParams>(call);
  return {{p.dtype, reduced_shape(call.in[0].shape(), p.axes, p.keepdims)}};
}

std::vector<DType> infer_dtype(const Call& call) { return {params_of<ReduceParams>(call).dtype}; }

constexpr bool needs_elements(ReduceOp op) {
  return op == ReduceOp::min || op == ReduceOp::max || op == ReduceOp::argmin || op == ReduceOp::argmax;
}

template <ReduceOp Op>
void execute_reduce(const Call& call, std::span<Array> out) {
  const auto& p = params_of<ReduceParams>(call);
  const Array& x = call.in[0];
  out[0] = Array::empty(p.dtype, reduced_shape(x.shape(), p.axes, p.keepdims));
  std::uint64_t mask = 0;
  for (std::int64_t a : p.axes) mask |= std::uint64_t{1} << a;
  if (needs_elements(Op)) {  // as NumPy, even where there is no result to compute
    for (std::int64_t a : p.axes) {
      if (x.shape()[static_cast<int>(a)] > 0) continue;
      if (Op == ReduceOp::argmin || Op == ReduceOp::argmax) {
        fail<ValueError>(call, std::string("attempt to get ") + (Op == ReduceOp::argmin ? "argmin" : "argmax") +
                                   " of an empty sequence");
      }
      fail<ValueError>(call, std::string("zero-size array to reduction operation ") +
                                 (Op == ReduceOp::min ? "minimum" : "maximum") + " which has no identity");
    }
  }
  reduce(Op, view(x), mask, view(out[0]));
}

// A value with the reduced axes dropped, as one that broadcasts against the reduction's input.
Array restore_axes(const Array& reduced, const Call& call) {
  const auto& p = params_of<ReduceParams>(call);
  return p.keepdims ? reduced : reshape(reduced, reduced_shape(call.in[0].shape(), p.axes, true));
}

void vjp_sum(VjpCall& v) {
  const Array& x = v.call.in[0];
  if (!is_inexact(x.dtype())) return;
  const Array ct = restore_axes(v.cotangents[0], v.call);
  v.result[0] = broadcast_to(astype(is_complex(x.dtype()) ? ct : real(ct), x.dtype()), x.shape());
}

// d prod / d x_i is the product of the others. With one zero that is the product of the rest at the zero and 0
// elsewhere; dividing by safe values keeps NaN out of the branch that is not taken.
void vjp_prod(VjpCall& v) {
  const auto& p = params_of<ReduceParams>(v.call);
  const Array x = astype(v.call.in[0], p.dtype);
  if (!is_inexact(v.call.in[0].dtype())) return;
  const Array ct = restore_axes(v.cotangents[0], v.call);
  const Array is_zero = x == 0;
  const Array zeros_per = reduce_sum(is_zero, p.axes, true, DType::int64);
  const Array safe = where(is_zero, 1, x);
  const Array rest = reduce_prod(safe, p.axes, true, p.dtype);
  const Array others = where(zeros_per == 0, rest / safe, where((zeros_per == 1) & is_zero, rest, 0));
  v.result[0] = astype(ct * conjugate_if_complex(others), v.call.in[0].dtype());
}

// Elements that tie for the extreme share the cotangent equally.
void vjp_extreme(VjpCall& v) {
  const auto& p = params_of<ReduceParams>(v.call);
  const Array& x = v.call.in[0];
  if (!is_inexact(x.dtype())) return;
  const Array y = restore_axes(v.outputs[0], v.call);
  const Array attains = astype((x == y) | ((x != x) & (y != y)), x.dtype());
  const Array share = attains / reduce_sum(attains, p.axes, true, x.dtype());
  v.result[0] = restore_axes(v.cotangents[0], v.call) * share;
}

void batch(BatchCall& b) {
  ReduceParams p = params_of<ReduceParams>(b.call);
  for (std::int64_t& a : p.axes) ++a;
  b.result = {apply(b.call.op, b.call.in, p)};
  b.result_batched = {true};
}

template <ReduceOp Op>
std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (int i = 0; i < kNumericDTypeCount; ++i) {
    const auto d = static_cast<DType>(i);
    const DType result = Op == ReduceOp::sum || Op == ReduceOp::prod        ? accumulator_dtype(d)
                         : Op == ReduceOp::all || Op == ReduceOp::any       ? DType::bool_
                         : Op == ReduceOp::argmin || Op == ReduceOp::argmax ? DType::int64
                                                                            : d;
    const bool arg = Op == ReduceOp::argmin || Op == ReduceOp::argmax;
    const bool smooth = !arg && Op != ReduceOp::all && Op != ReduceOp::any;
    s.push_back(sample({{3, 4, 5}}, d, make_params<ReduceParams>(Axes{1}, false, result), smooth));
    s.push_back(sample({{67}}, d, make_params<ReduceParams>(Axes{0}, true, result), smooth && Op != ReduceOp::prod));
    if (!arg)
      s.push_back(
          sample({{3, 4, 5}}, d, make_params<ReduceParams>(Axes{0, 2}, false, result), smooth && Op != ReduceOp::prod));
    if (!needs_elements(Op))
      s.push_back(sample({{0, 3}}, d, make_params<ReduceParams>(Axes{0}, false, result), smooth));
  }
  return s;
}

// Whether results [begin, end) along a kept axis are the same to the bit computed by themselves. Columns are added up
// side by side, and narrow ones in another order than wide ones.
bool keeps_order(const Shape& x, const Axes& reduced, int axis, std::int64_t begin, std::int64_t end, DType dtype) {
  if (reduced.empty() || reduced[0] > axis || !is_inexact(dtype)) return true;
  std::int64_t inner = 1;
  for (int i = axis + 1; i < x.ndim(); ++i) inner *= x[i];
  return (end - begin) * inner >= kManyColumns && x[axis] * inner >= kManyColumns;
}

bool tile_reduction(TileCall& t) {
  const auto& p = static_cast<const ReduceParams&>(t.params);
  return tile_as_reduction(t, p.axes, p.keepdims, p.dtype);
}

template <ReduceOp Op>
OpDef reduction(const char* name, const char* doc, const char* oracle) {
  OpDef op{
      .name = name,
      .doc = doc,
      .family = "reduction",
      .infer = &infer,
      .infer_dtype = &infer_dtype,
      .execute = &execute_reduce<Op>,
      .vjp = unsupported("the result is an index or a truth value, constant almost everywhere"),
      .batch = &batch,
      .fusion = Fusion::reduction,
      .samples = &samples<Op>,
      .oracle = oracle,
      .tile = &tile_reduction,
  };
  if (Op == ReduceOp::sum) op.vjp = &vjp_sum;
  if (Op == ReduceOp::prod) op.vjp = &vjp_prod;
  if (Op == ReduceOp::min || Op == ReduceOp::max) op.vjp = &vjp_extreme;
  return op;
}

std::map<const OpDef*, ReduceOp>& primitives() {
  static std::map<const OpDef*, ReduceOp> all;
  return all;
}

#define TNP_REDUCTION(NAME, DOC, ORACLE)                                           \
  const OpDef NAME##_op = reduction<ReduceOp::NAME>("reduce_" #NAME, DOC, ORACLE); \
  const RegisterOp NAME##_registration(NAME##_op);                                 \
  const bool NAME##_known = primitives().emplace(&NAME##_op, ReduceOp::NAME).second
TNP_REDUCTION(sum, "The sum over axes, accumulated in the result's type; 0 over none. Floating sums are pairwise.",
              "np.sum(x[0], axis=tuple(p.axes), keepdims=p.keepdims, dtype=p.dtype)");
TNP_REDUCTION(prod, "The product over axes, accumulated in the result's type; 1 over none.",
              "np.prod(x[0], axis=tuple(p.axes), keepdims=p.keepdims, dtype=p.dtype)");
TNP_REDUCTION(min, "The least element over axes; NaN where there is one. ValueError over no elements.",
              "np.min(x[0], axis=tuple(p.axes), keepdims=p.keepdims)");
TNP_REDUCTION(max, "The greatest element over axes; NaN where there is one. ValueError over no elements.",
              "np.max(x[0], axis=tuple(p.axes), keepdims=p.keepdims)");
TNP_REDUCTION(all, "Whether all elements over axes are true (not zero).",
              "np.all(x[0], axis=tuple(p.axes), keepdims=p.keepdims)");
TNP_REDUCTION(any, "Whether any element over axes is true (not zero).",
              "np.any(x[0], axis=tuple(p.axes), keepdims=p.keepdims)");
TNP_REDUCTION(argmin,
              "The index of the first least element, or of the first NaN; over several axes in row-major order.",
              "np.argmin(x[0], axis=p.axes[0], keepdims=p.keepdims)");
TNP_REDUCTION(argmax,
              "The index of the first greatest element, or of the first NaN; over several axes in row-major order.",
              "np.argmax(x[0], axis=p.axes[0], keepdims=p.keepdims)");
#undef TNP_REDUCTION

Array apply_reduction(const OpDef& op, const Array& x, AxisList axes, bool keepdims, DType dtype) {
  ReduceParams p;
  p.axes = Axes(axes);
  p.keepdims = keepdims;
  p.dtype = dtype;
  return apply(op, {&x, 1}, p);
}

// --- sum_to

struct SumToParams : ParamsOf<SumToParams> {
  Shape shape;
  template <class V>
  void fields(V& v) {
    v("shape", shape);
  }
  void set(const Shape& s) { shape = s; }
};

void execute_sum_to(const Call& call, std::span<Array> out) {
  const Array& x = call.in[0];
  const Shape& to = params_of<SumToParams>(call).shape;
  Axes axes;
  const int lead = x.ndim() - to.ndim();
  for (int i = 0; i < x.ndim(); ++i) {
    if (i < lead || (to[i - lead] == 1 && x.shape()[i] != 1)) axes.push_back(i);
  }
  out[0] = axes.empty() ? reshape(x, to) : reshape(reduce_sum(x, axes, true, x.dtype()), to);
}

const OpDef& sum_to_op();

Array sum_to_shape(const Array& x, const Shape& shape) {
  SumToParams p;
  p.shape = shape;
  return x.shape() == shape ? x : apply(sum_to_op(), {&x, 1}, p);
}

void batch_sum_to(BatchCall& b) {
  const Shape& to = params_of<SumToParams>(b.call).shape;
  Array x = b.call.in[0];
  Axes lead;
  for (int i = 0; i < x.ndim() - 1 - to.ndim(); ++i) lead.push_back(i + 1);
  if (!lead.empty()) x = reduce_sum(x, lead, false, x.dtype());
  b.result = {sum_to_shape(x, prepend(b.size, to))};
  b.result_batched = {true};
}

bool tile_sum_to(TileCall& t) {
  const Shape &from = t.in[0], &to = static_cast<const SumToParams&>(t.params).shape;
  const int lead = from.ndim() - to.ndim(), axis = t.axis + lead;
  if (lead < 0 || to[t.axis] != from[axis] || to[t.axis] == 1) return false;
  Axes reduced;
  for (int i = 0; i < from.ndim(); ++i) {
    if (i < lead || (to[i - lead] == 1 && from[i] != 1)) reduced.push_back(i);
  }
  if (!keeps_order(from, reduced, axis, t.begin, t.end, DType::float32)) return false;
  auto p = std::make_shared<SumToParams>();
  p->shape = to;
  p->shape[t.axis] = t.end - t.begin;
  t.params_of_part = std::move(p);
  t.parts[0] = {axis, t.begin, t.end};
  return true;
}

const OpDef kSumTo{
    .name = "sum_to",
    .doc = "The sum over all that broadcasting an array of the given shape would repeat.",
    .family = "reduction",
    .infer = +[](const Call& call) { return OutputSpecs{{call.in[0].dtype(), params_of<SumToParams>(call).shape}}; },
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .infers_unknown_rank = true,
    .execute = &execute_sum_to,
    .vjp = +[](VjpCall& v) { v.result[0] = broadcast_to(v.cotangents[0], v.call.in[0].shape()); },
    .batch = &batch_sum_to,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : {DType::float32, DType::float64, DType::complex128}) {
            s.push_back(sample({{2, 3, 4}}, d, make_params<SumToParams>(Shape{3, 1})));
          }
          return s;
        },
    .oracle = "np.sum(x[0], axis=0).sum(axis=1, keepdims=True)",
    .tile = &tile_sum_to,
    .identity_on_same_shape = true,
};
const RegisterOp sum_to_registration(kSumTo);

const OpDef& sum_to_op() { return kSumTo; }

}  // namespace

bool tile_as_reduction(TileCall& t, const Axes& axes, bool keepdims, DType dtype) {
  int axis = 0, out = -1;
  for (int next = 0; axis < t.in[0].ndim(); ++axis) {
    const bool reduced = next < axes.size() && axes[next] == axis;
    next += reduced;
    out += !reduced || keepdims;
    if (out == t.axis && !reduced) break;
  }
  if (axis == t.in[0].ndim() || !keeps_order(t.in[0], axes, axis, t.begin, t.end, dtype)) return false;
  t.parts[0] = {axis, t.begin, t.end};
  return true;
}

std::optional<ReduceOp> reduce_op_of(const OpDef& op) {
  const auto it = primitives().find(&op);
  return it == primitives().end() ? std::nullopt : std::optional(it->second);
}

Array reduce_sum(const Array& x, AxisList axes, bool keepdims, DType dtype) {
  return apply_reduction(sum_op, x, axes, keepdims, dtype);
}
Array reduce_prod(const Array& x, AxisList axes, bool keepdims, DType dtype) {
  return apply_reduction(prod_op, x, axes, keepdims, dtype);
}
Array reduce_min(const Array& x, AxisList axes, bool keepdims) {
  return apply_reduction(min_op, x, axes, keepdims, x.dtype());
}
Array reduce_max(const Array& x, AxisList axes, bool keepdims) {
  return apply_reduction(max_op, x, axes, keepdims, x.dtype());
}
Array reduce_all(const Array& x, AxisList axes, bool keepdims) {
  return apply_reduction(all_op, x, axes, keepdims, DType::bool_);
}
Array reduce_any(const Array& x, AxisList axes, bool keepdims) {
  return apply_reduction(any_op, x, axes, keepdims, DType::bool_);
}
Array reduce_argmin(const Array& x, AxisList axes, bool keepdims) {
  return apply_reduction(argmin_op, x, axes, keepdims, DType::int64);
}
Array reduce_argmax(const Array& x, AxisList axes, bool keepdims) {
  return apply_reduction(argmax_op, x, axes, keepdims, DType::int64);
}

Array sum_to(const Array& x, const Array& like) {
  if (!like.shape().rank_known()) {
    throw TracerError(
        "the gradient needs the number of dimensions of an array that is not known while the function is "
        "traced: give the host function's Tout as ArraySpec(shape, dtype)");
  }
  return sum_to_shape(x, like.shape());
}

}  // namespace tnp

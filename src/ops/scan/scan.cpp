// The cumulative operations: sum, prod, min, max of each element and all before it along an axis.
#include "base/accumulator_dtype.h"
#include "base/dim.h"
#include "ops/common.h"
#include "ops/scan/recurrence.h"
#include "ops/scan/scan_driver.h"
#include "runtime/allocator.h"
#include "tnp/cumulative.h"

namespace tnp {

namespace {

struct ScanParams : ParamsOf<ScanParams> {
  std::int64_t axis = 0;  // normalized
  bool reverse = false;
  DType dtype = DType::float64;  // of the result
  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("reverse", reverse);
    v("dtype", dtype);
  }
  void set(std::int64_t a, bool r, DType d) {
    axis = a;
    reverse = r;
    dtype = d;
  }
};

OutputSpecs infer(const Call& call) {
  const auto& p = params_of<ScanParams>(call);
  const Shape& shape = call.in[0].shape();
  if (p.axis < 0 || p.axis >= shape.ndim()) fail<AxisError>(call, "there is no axis " + std::to_string(p.axis));
  return {{p.dtype, shape}};
}

template <ScanOp Op>
void execute_scan(const Call& call, std::span<Array> out) {
  const auto& p = params_of<ScanParams>(call);
  const Array& x = call.in[0];
  infer(call);
  const bool own = (call.donated & 1) && x.dtype() == p.dtype && x.is_contiguous() && x.node()->buffer->unique();
  out[0] = own ? x : Array::empty(p.dtype, x.shape());
  scan(Op, view(x), static_cast<int>(p.axis), p.reverse, view(out[0]));
}

// A cotangent in the type of x, which may be real where the result is complex.
Array as_cotangent(const Array& ct, const Array& x) {
  return astype(is_complex(ct.dtype()) && !is_complex(x.dtype()) ? real(ct) : ct, x.dtype());
}

void vjp_sum(VjpCall& v) {
  const auto& p = params_of<ScanParams>(v.call);
  const Array& x = v.call.in[0];
  if (!is_inexact(x.dtype()) || !is_inexact(p.dtype)) return;
  v.result[0] = as_cotangent(cumulate_sum(v.cotangents[0], p.axis, !p.reverse, p.dtype), x);
}

// x_i takes part in each product from i on: times those before it, and all sums over those after it, which are a
// recurrence. Nothing is divided by, so zeros are no matter.
void vjp_prod(VjpCall& v) {
  const auto& p = params_of<ScanParams>(v.call);
  if (!is_inexact(v.call.in[0].dtype()) || !is_inexact(p.dtype)) return;
  const int axis = static_cast<int>(p.axis);
  const Array x = astype(v.call.in[0], p.dtype), one = ones({}, p.dtype);
  const Array after = conjugate_if_complex(neighbour(x, axis, !p.reverse, one));
  const Array before = conjugate_if_complex(neighbour(v.outputs[0], axis, p.reverse, one));
  const Array sums = linear_recurrence(after, astype(v.cotangents[0], p.dtype), p.axis, !p.reverse);
  v.result[0] = as_cotangent(before * sums, v.call.in[0]);
}

// Where the extreme of each element and all before it is first, as an index along the axis.
Array first_places(const Array& x, const Array& y, int axis, bool reverse, Dim last) {
  const Shape& shape = x.shape();
  Shape along(shape.ndim(), 1);
  along[axis] = shape[axis];
  const Array place = reshape(iota(shape[axis], DType::int64), along);
  // In reverse the places are counted from the end.
  const Array order = reverse ? dim_value(last, DType::int64) - place : place;
  std::vector<SliceSpec> before, after;
  for (int i = 0; i < shape.ndim(); ++i) {
    const Dim count = i == axis ? last : shape[i];
    before.push_back({i == axis && reverse ? 1 : 0, 1, count});
    after.push_back({i == axis && !reverse ? 1 : 0, 1, count});
  }
  // An element is new where the extreme changes. A NaN, which stays, is new where it comes first.
  const Array changes = place_slice(ones(shape, DType::bool_), slice(y, before) != slice(y, after), after);
  const Array nan = x != x, nans = cumulate_sum(nan, axis, reverse, DType::int64);
  const Array fresh = (changes & (nans == 0)) | (nan & (nans == 1));
  const Array source = cumulate_max(where(fresh, order, 0), axis, reverse);
  return reverse ? dim_value(last, DType::int64) - source : source;
}

// The cotangent of each extreme goes to the first element that attains it.
void vjp_extreme(VjpCall& v) {
  const auto& p = params_of<ScanParams>(v.call);
  const Array& x = v.call.in[0];
  if (!is_inexact(x.dtype())) return;
  const Shape& shape = x.shape();
  const int axis = static_cast<int>(p.axis);
  if (shape[axis] == 0) {
    v.result[0] = v.cotangents[0];
    return;
  }
  const Dim last = dim_max(0, dim_sub(shape[axis], 1));
  Arrays indices;
  Axes axes;
  for (int i = 0; i < shape.ndim(); ++i) {
    Shape line(shape.ndim(), 1);
    line[i] = shape[i];
    indices.push_back(i == axis ? first_places(x, v.outputs[0], axis, p.reverse, last)
                                : reshape(iota(shape[i], DType::int64), line));
    axes.push_back(i);
  }
  v.result[0] = scatter(zeros(shape, x.dtype()), indices, v.cotangents[0], axes, ScatterMode::add);
}

void batch(BatchCall& b) {
  ScanParams p = params_of<ScanParams>(b.call);
  ++p.axis;
  b.result = {apply(b.call.op, b.call.in, p)};
  b.result_batched = {true};
}

template <ScanOp Op>
std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  const bool sums = Op == ScanOp::sum || Op == ScanOp::prod;
  for (int i = 0; i < kNumericDTypeCount; ++i) {
    const auto d = static_cast<DType>(i);
    const DType result = sums ? accumulator_dtype(d) : d;
    s.push_back(sample({{3, 4, 5}}, d, make_params<ScanParams>(1, false, result)));
    s.push_back(sample({{7}}, d, make_params<ScanParams>(0, true, d)));
    s.push_back(sample({{2, 5}}, d, make_params<ScanParams>(1, true, result)));
    s.push_back(sample({{0, 3}}, d, make_params<ScanParams>(0, false, result)));
    s.push_back(sample({{2, 300}}, d, make_params<ScanParams>(0, true, result), false));
  }
  return s;
}

template <ScanOp Op>
OpDef cumulative(const char* name, const char* doc, const char* oracle) {
  OpDef op{
      .name = name,
      .doc = doc,
      .family = "scan",
      .infer = &infer,
      .infer_dtype = +[](const Call& call) { return std::vector<DType>{params_of<ScanParams>(call).dtype}; },
      .execute = &execute_scan<Op>,
      .vjp = &vjp_sum,
      .batch = &batch,
      .samples = &samples<Op>,
      .oracle = oracle,
  };
  if (Op == ScanOp::prod) op.vjp = &vjp_prod;
  if (Op == ScanOp::min || Op == ScanOp::max) op.vjp = &vjp_extreme;
  return op;
}

#define TNP_CUMULATIVE(NAME, UFUNC, DOC)                                                                            \
  const OpDef NAME##_op = cumulative<ScanOp::NAME>(                                                                 \
      "cumulate_" #NAME, DOC,                                                                                       \
      "(lambda turn: turn(np." UFUNC                                                                                \
      ".accumulate(turn(x[0]), axis=p.axis, dtype=x[0].dtype if str(p.dtype) == 'bfloat16' else p.dtype)))(lambda " \
      "a: np.flip(a, p.axis) if p.reverse else a)");                                                                \
  const RegisterOp NAME##_registration(NAME##_op)
TNP_CUMULATIVE(sum, "add", "Each element and all before it along an axis, added one after the other as NumPy does.");
TNP_CUMULATIVE(prod, "multiply", "Each element and all before it along an axis, multiplied one after the other.");
TNP_CUMULATIVE(min, "minimum", "The least of each element and all before it along an axis; NaN from the first one on.");
TNP_CUMULATIVE(max, "maximum",
               "The greatest of each element and all before it along an axis; NaN from the first one on.");
#undef TNP_CUMULATIVE

Array apply_scan(const OpDef& op, const Array& x, std::int64_t axis, bool reverse, DType dtype) {
  ScanParams p;
  p.set(axis, reverse, dtype);
  return apply(op, {&x, 1}, p);
}

}  // namespace

Array cumulate_sum(const Array& x, std::int64_t axis, bool reverse, DType dtype) {
  return apply_scan(sum_op, x, axis, reverse, dtype);
}
Array cumulate_prod(const Array& x, std::int64_t axis, bool reverse, DType dtype) {
  return apply_scan(prod_op, x, axis, reverse, dtype);
}
Array cumulate_min(const Array& x, std::int64_t axis, bool reverse) {
  return apply_scan(min_op, x, axis, reverse, x.dtype());
}
Array cumulate_max(const Array& x, std::int64_t axis, bool reverse) {
  return apply_scan(max_op, x, axis, reverse, x.dtype());
}

}  // namespace tnp

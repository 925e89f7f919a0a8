// sort, argsort, partition: the order of elements along an axis.
#include "ops/sort/sort.h"

#include <algorithm>

#include "base/dim.h"
#include "ir/graph_text.h"
#include "ops/common.h"
#include "ops/sort/sort_rows.h"

namespace tnp {

namespace {

struct SortParams : ParamsOf<SortParams> {
  std::int64_t axis = 0;
  bool descending = false;
  template <class V>
  void fields(V& v) {
    v("axis", axis);
    v("descending", descending);
  }
  void set(std::int64_t a, bool d = false) {
    axis = a;
    descending = d;
  }
  int at() const { return static_cast<int>(axis); }
};

// The axis and the last one change places.
Array with_axis_last(const Array& x, int axis) {
  const int last = x.ndim() - 1;
  if (axis == last) return x;
  Axes order;
  for (int i = 0; i <= last; ++i) order.push_back(i == axis ? last : i == last ? axis : i);
  return transpose(x, order);
}

// Runs `rows(in, rows, n, out)` on the rows along the axis.
template <class Rows>
Array along_rows(const Array& x, int axis, DType result, const Rows& rows) {
  Array in = with_axis_last(x, axis);
  if (!in.is_contiguous()) in = copy(in);
  Array out = Array::empty(result, in.shape());
  const std::int64_t total = in.shape().num_elements();
  if (total > 0) rows(in.data(), total / in.shape()[in.ndim() - 1], in.shape()[in.ndim() - 1], out.data());
  return axis == x.ndim() - 1 ? out : copy(with_axis_last(out, axis));
}

// Down the columns of matrices of few rows, without a transposition; false where that does not serve.
bool sort_few_rows(const Array& x, int axis, bool descending, Array& out) {
  if (axis == x.ndim() - 1 || !x.is_contiguous() || x.shape().num_elements() == 0) return false;
  const std::int64_t n = x.shape()[axis], columns = x.strides()[axis] / x.itemsize();
  if (!can_sort_columns(x.dtype(), n, columns)) return false;
  out = Array::empty(x.dtype(), x.shape());
  sort_columns(x.dtype(), x.data(), x.shape().num_elements() / (n * columns), n, columns, descending, out.data());
  return true;
}

void execute_sort(const Call& call, std::span<Array> out) {
  const auto& p = params_of<SortParams>(call);
  const DType type = call.in[0].dtype();
  if (sort_few_rows(call.in[0], p.at(), p.descending, out[0])) return;
  out[0] =
      along_rows(call.in[0], p.at(), type, [&](const std::byte* in, std::int64_t rows, std::int64_t n, std::byte* to) {
        sort_rows(type, in, rows, n, p.descending, {}, to);
      });
}

void execute_argsort(const Call& call, std::span<Array> out) {
  const auto& p = params_of<SortParams>(call);
  const DType type = call.in[0].dtype();
  out[0] = along_rows(call.in[0], p.at(), DType::int64,
                      [&](const std::byte* in, std::int64_t rows, std::int64_t n, std::byte* to) {
                        argsort_rows(type, in, rows, n, p.descending, reinterpret_cast<std::int64_t*>(to));
                      });
}

void execute_partition(const Call& call, std::span<Array> out) {
  const auto& p = params_of<SortParams>(call);
  const DType type = call.in[0].dtype();
  const std::int64_t n = call.in[0].shape()[p.at()];
  if (n == 0) {
    out[0] = call.in[0];
    return;
  }
  std::vector<std::int64_t> ranks = call.in[1].to_vector<std::int64_t>();
  for (std::int64_t& r : ranks) {
    if (r < -n || r >= n)
      fail<ValueError>(call, "kth(=" + std::to_string(r) + ") out of bounds (" + std::to_string(n) + ")");
    if (r < 0) r += n;
  }
  std::sort(ranks.begin(), ranks.end());
  const Ranks wanted{ranks.data(), ranks.data() + ranks.size()};
  if (ranks.empty()) {
    out[0] = copy(call.in[0]);
    return;
  }
  out[0] =
      along_rows(call.in[0], p.at(), type, [&](const std::byte* in, std::int64_t rows, std::int64_t m, std::byte* to) {
        sort_rows(type, in, rows, m, false, wanted, to);
      });
}

// --- gradients

// Elements of rows (x: (rows, n), indices: (rows, m)) at places along them.
Arrays row_indices(const Array& indices) {
  return {reshape(iota(indices.shape()[0], DType::int64), {indices.shape()[0], 1}), indices};
}

Array as_rows(const Array& x, int axis) {
  const Array last = with_axis_last(x, axis);
  const Dim n = last.shape()[x.ndim() - 1];
  Dim rows = 1;
  for (int i = 0; i + 1 < x.ndim(); ++i) rows = dim_mul(rows, last.shape()[i]);
  return reshape(last, {rows, n});
}

// Equal elements share equally what flows back to their places: the result does not depend on which of them came first.
void vjp_order(VjpCall& v) {
  const Array& x = v.call.in[0];
  if (!is_inexact(x.dtype())) return;
  const auto& p = params_of<SortParams>(v.call);
  const std::int64_t axes[] = {0, 1};
  const Array rows = as_rows(stop_gradient(x), p.at()), cotangent = as_rows(v.cotangents[0], p.at());
  const Array sorted = sort_axis(rows, 1, false);
  const Array groups = search_rows(sorted, as_rows(stop_gradient(v.outputs[0]), p.at()), 1, false);
  const Arrays to = row_indices(groups), from = row_indices(search_rows(sorted, rows, 1, false));
  const Array none = zeros(rows.shape(), x.dtype());
  const Array sums = scatter(none, to, cotangent, axes, ScatterMode::add);
  const Array counts = scatter(none, to, ones(rows.shape(), x.dtype()), axes, ScatterMode::add);
  const Array shares = divide(gather(sums, from, axes), gather(counts, from, axes));
  const Array last = with_axis_last(x, p.at());
  v.result[0] = with_axis_last(reshape(shares, last.shape()), p.at());
}

// --- records

OutputSpecs infer_same(const Call& call) { return {{call.in[0].dtype(), call.in[0].shape()}}; }

void batch(BatchCall& b) {
  SortParams p = params_of<SortParams>(b.call);
  ++p.axis;
  b.result = {apply(b.call.op, b.call.in, p)};
  b.result_batched = {true};
}

// With ranks of its own each example is sorted: that puts all of them in their places.
void batch_partition(BatchCall& b) {
  const auto& p = params_of<SortParams>(b.call);
  const int axis = p.at() + (b.batched[0] ? 1 : 0);
  b.result = {b.batched[1] ? sort_axis(b.call.in[0], axis, false) : partition_axis(b.call.in[0], b.call.in[1], axis)};
  b.result_batched = {b.batched[0]};
}

template <bool Differentiable>
std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (int i = 0; i < kNumericDTypeCount; ++i) {
    const auto d = static_cast<DType>(i);
    s.push_back(sample({{3, 4, 5}}, d, make_params<SortParams>(1), Differentiable));
    s.push_back(sample({{67}}, d, make_params<SortParams>(0), Differentiable));
  }
  s.push_back(sample({{2, 300}}, DType::float32, make_params<SortParams>(1), Differentiable));
  s.push_back(sample({{3}}, DType::float64, make_params<SortParams>(0), Differentiable));
  s.push_back(sample({{0, 3}}, DType::float64, make_params<SortParams>(0), Differentiable));
  s.push_back(sample({{70}}, DType::float64, make_params<SortParams>(0, true), Differentiable));
  return s;
}

const OpDef kSort{
    .name = "sort",
    .doc = "The elements in order along an axis, NaN as the greatest.",
    .family = "sort",
    .infer = &infer_same,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute_sort,
    .vjp = &vjp_order,
    .batch = &batch,
    .samples = &samples<true>,
    .oracle = "np.flip(np.sort(x[0], p.axis), p.axis) if p.descending else np.sort(x[0], p.axis)",
};
const RegisterOp sort_registration(kSort);

const OpDef kArgsort{
    .name = "argsort",
    .doc = "The indices that put the elements in order along an axis, NaN as the greatest; equal ones stay in order.",
    .family = "sort",
    .infer = +[](const Call& call) { return OutputSpecs{{DType::int64, call.in[0].shape()}}; },
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; },
    .execute = &execute_argsort,
    .vjp = unsupported("the result is indices, constant almost everywhere"),
    .batch = &batch,
    .samples = &samples<false>,
    .oracle =
        "x[0].shape[p.axis] - 1 - np.flip(np.argsort(np.flip(x[0], p.axis), p.axis, stable=True), p.axis) "
        "if p.descending else np.argsort(x[0], p.axis, stable=True)",
};
const RegisterOp argsort_registration(kArgsort);

const OpDef kPartition{
    .name = "partition",
    .doc =
        "The elements along an axis rearranged so that those of the given ranks are where sorting would put them, "
        "with nothing greater before and nothing less behind them.",
    .family = "sort",
    .num_inputs = 2,
    .infer = &infer_same,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute_partition,
    .vjp = &vjp_order,
    .batch = &batch_partition,
    .samples = unsupported("the result is not unique, and the ranks must be within the axis"),
};
const RegisterOp partition_registration(kPartition);
const RegisterParams partition_params("partition", &default_params<SortParams>);

void execute_order_rows(const Call& call, std::span<Array> out) {
  const Array x = call.in[0].is_contiguous() ? call.in[0] : copy(call.in[0]);
  Shape shape = x.shape();
  const std::int64_t m = shape.back(), n = shape[shape.ndim() - 2];
  shape.erase(shape.ndim() - 1);
  out[0] = Array::empty(DType::int64, shape);
  auto* to = reinterpret_cast<std::int64_t*>(out[0].data());
  const std::int64_t total = shape.num_elements();
  for (std::int64_t i = 0; i < total; i += n) order_of_rows(x.dtype(), x.data() + i * m * x.itemsize(), n, m, to + i);
}

const OpDef kOrderRows{
    .name = "order_rows",
    .doc =
        "The indices that put the rows of matrices in order: by their first elements, then by their second ones, and "
        "so on; equal rows stay in order.",
    .family = "sort",
    .infer =
        +[](const Call& call) {
          Shape shape = call.in[0].shape();
          shape.erase(shape.ndim() - 1);
          return OutputSpecs{{DType::int64, shape}};
        },
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; },
    .execute = &execute_order_rows,
    .vjp = unsupported("the result is indices, constant almost everywhere"),
    .batch =
        +[](BatchCall& b) {
          b.result = {order_rows(b.call.in[0])};
          b.result_batched = {true};
        },
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes) s.push_back(sample({{20, 3}}, d, std::make_shared<NoParams>(), false));
          s.push_back(sample({{4, 0}}, DType::float64, std::make_shared<NoParams>(), false));
          s.push_back(sample({{0, 4}}, DType::float64, std::make_shared<NoParams>(), false));
          return s;
        },
    .oracle =
        "np.array(sorted(range(len(x[0])), key=lambda i: [(complex(v).real, complex(v).imag) for v in x[0][i]]), "
        "dtype=np.int64)",
};
const RegisterOp order_rows_registration(kOrderRows);

Array apply_sort(const OpDef& op, const Array& x, int axis, bool descending) {
  SortParams p;
  p.axis = axis;
  p.descending = descending;
  return apply(op, {&x, 1}, p);
}

}  // namespace

Array sort_axis(const Array& x, int axis, bool descending) { return apply_sort(kSort, x, axis, descending); }
Array argsort_axis(const Array& x, int axis, bool descending) { return apply_sort(kArgsort, x, axis, descending); }

Array order_rows(const Array& matrix) { return apply(kOrderRows, {&matrix, 1}); }

Array partition_axis(const Array& x, const Array& ranks, int axis) {
  SortParams p;
  p.axis = axis;
  return apply(kPartition, {x, ranks}, p);
}

}  // namespace tnp

// scatter: elements put, or combined with what is there, at the places that index arrays name.
#include <cstring>

#include "base/dim.h"
#include "ops/index/combine.h"
#include "ops/index/places.h"
#include "ops/shape/copy.h"
#include "runtime/allocator.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

// Fewer elements than this are not worth a second thread.
constexpr std::int64_t kParallelElements = 1 << 14;

ScatterMode mode_of(const Call& call) { return static_cast<ScatterMode>(params_of<IndexParams>(call).mode); }

OutputSpecs infer(const Call& call) {
  const auto indices = call.in.subspan(2);
  check_indices(call, indices);
  const Shape target = gathered_shape(call.in[0].shape(), broadcast_indices(indices), params_of<IndexParams>(call));
  const Shape& updates = call.in[1].shape();
  Shape common;
  const bool fits = updates.ndim() <= target.ndim() && try_broadcast(updates, target, common) &&
                    (!common.is_static() || !target.is_static() || common == target);
  if (!fits) {
    throw ValueError("shape mismatch: value array of shape " + updates.str() +
                     " could not be broadcast to indexing result of shape " + target.str());
  }
  return {{call.in[0].dtype(), call.in[0].shape()}};
}

// Writes into x's own memory where nobody else holds it.
Array writable(const Call& call) {
  const Array& x = call.in[0];
  if ((call.donated & 1) && x.is_contiguous() && x.node()->buffer->unique()) {
    return Array::view_of(x.node()->buffer, x.data(), x.dtype(), x.shape(), x.strides());
  }
  Array out = Array::empty(x.dtype(), x.shape());
  copy_strided(view(x), view(out));
  return out;
}

void execute(const Call& call, std::span<Array> out) {
  infer(call);
  const auto& p = params_of<IndexParams>(call);
  const Shape& shape = call.in[0].shape();
  const DType dtype = call.in[0].dtype();
  const std::int64_t itemsize = tnp::itemsize(dtype);
  const Strides strides = contiguous_strides(shape, itemsize);
  // All offsets before anything is written: a bad index leaves a donated x as it was.
  const Places places(shape, strides, call.in.subspan(2), p);
  const std::vector<std::int64_t> offsets = places.all_offsets();
  const std::int64_t n = places.count();

  Array updates = astype(call.in[1], dtype);
  const bool single = updates.shape().num_elements() == 1;
  if (!single) {
    updates = broadcast_to(updates, gathered_shape(shape, places.index_shape(), p));
    if (!updates.is_contiguous()) updates = copy(updates);
  }
  out[0] = writable(call);
  const MergedDims outer(shape, strides, 0, p.first()), inner(shape, strides, p.last() + 1, shape.ndim());
  if (outer.total == 0 || inner.total == 0 || n == 0) return;

  std::byte* to = out[0].data();
  const std::byte* from = updates.data();
  const std::int64_t step = single ? 0 : 1;
  const CombineKernels kernels = combine_kernels(mode_of(call), dtype);
  if (inner.total == 1) {
    parallel_for(outer.total, std::max<std::int64_t>(1, kParallelElements / n),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t o = begin; o < end; ++o) {
                     kernels.at(to + outer.offset(o), offsets.data(), from + o * n * step * itemsize, step, n);
                   }
                 });
    return;
  }
  // Threads share out the columns, so that updates of one place stay in order.
  parallel_for(inner.total, std::max<std::int64_t>(1, kParallelElements / (n * outer.total)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t o = 0; o < outer.total; ++o) {
                   std::byte* base = to + outer.offset(o) + begin * itemsize;
                   for (std::int64_t i = 0; i < n; ++i) {
                     kernels.row(base + offsets[static_cast<std::size_t>(i)],
                                 from + ((o * n + i) * inner.total + begin) * step * itemsize, step, end - begin);
                   }
                 }
               });
}

// --- derivatives

struct ScatterVjp {
  VjpCall& v;
  const IndexParams& p = params_of<IndexParams>(v.call);
  const Array& x = v.call.in[0];
  const Array& updates = v.call.in[1];
  std::span<const Array> indices = v.call.in.subspan(2);

  Array at(const Array& a) const { return gather(a, indices, p.axes, p.labels); }
  Array onto(const Array& a, const Array& u, ScatterMode mode) const {
    return scatter(a, indices, u, p.axes, mode, p.labels);
  }
  Shape target() const { return gathered_shape(x.shape(), broadcast_indices(indices), p); }
  // The updates of the type that is computed in, one for each place.
  Array spread() const { return broadcast_to(astype(updates, x.dtype()), target()); }
  void set_updates(const Array& ct) const {
    if (!is_inexact(updates.dtype())) return;
    const Array own = sum_to(ct, updates);
    v.result[1] = astype(is_complex(own.dtype()) && !is_complex(updates.dtype()) ? real(own) : own, updates.dtype());
  }

  // 1 for the updates that are the last at their place: those that `set` lets stand.
  Array stands() const {
    const Shape index = broadcast_indices(indices);
    Shape grid;
    Axes axes;
    for (std::int64_t a : p.axes) {
      axes.push_back(grid.ndim());
      grid.push_back(x.shape()[static_cast<int>(a)]);
    }
    const Array number = reshape(iota(dim_product(index), DType::int64), index);
    const Array last = scatter(full(grid, Array(std::int64_t{-1})), indices, number, axes, ScatterMode::set, p.labels);
    Shape spread_shape = index;
    for (int i = p.last() + 1; i < x.ndim(); ++i) spread_shape.push_back(1);
    return reshape(gather(last, indices, axes, p.labels) == number, spread_shape);
  }

  void set() const {
    const Array& ct = v.cotangents[0];
    if (v.needed[0]) v.result[0] = onto(ct, Scalar(0).to_array(ct.dtype()), ScatterMode::set);
    if (v.needed[1]) set_updates(where(stands(), at(ct), 0));
  }
  void add() const {
    if (v.needed[0]) v.result[0] = v.cotangents[0];
    if (v.needed[1]) set_updates(at(v.cotangents[0]));
  }
  // As the product's: with one zero among the factors only that one's derivative is not 0.
  void multiply() const {
    const Array& ct = v.cotangents[0];
    const Array u = spread();
    const Array all = ones(x.shape(), x.dtype());
    if (v.needed[0]) v.result[0] = ct * conjugate_if_complex(onto(all, u, ScatterMode::multiply));
    if (!v.needed[1]) return;
    const Array is_zero = u == 0;
    const Array zero_count = at(onto(zeros(x.shape(), DType::int64), astype(is_zero, DType::int64), ScatterMode::add));
    const Array safe = where(is_zero, 1, u);
    const Array rest = at(onto(all, safe, ScatterMode::multiply));
    const Array others = where(zero_count == 0, rest / safe, where((zero_count == 1) & is_zero, rest, 0));
    set_updates(at(ct * conjugate_if_complex(x)) * conjugate_if_complex(others));
  }
  // Whoever ties for the extreme shares the cotangent equally.
  void extreme() const {
    const auto attains = [](const Array& a, const Array& y) {
      return astype((a == y) | ((a != a) & (y != y)), y.dtype());
    };
    const Array& y = v.outputs[0];
    const Array own = attains(x, y), theirs = attains(spread(), at(y));
    const Array share = v.cotangents[0] / onto(own, theirs, ScatterMode::add);
    if (v.needed[0]) v.result[0] = where(own != 0, share, 0);
    if (v.needed[1]) set_updates(where(theirs != 0, at(share), 0));
  }
};

void vjp(VjpCall& v) {
  if (!is_inexact(v.call.in[0].dtype())) return;
  const ScatterVjp rule{v};
  switch (mode_of(v.call)) {
    case ScatterMode::set:
      return rule.set();
    case ScatterMode::add:
      return rule.add();
    case ScatterMode::multiply:
      return rule.multiply();
    case ScatterMode::min:
    case ScatterMode::max:
      return rule.extreme();
  }
}

// --- batching

// Everything takes the batch as axis 0; where the indexed axes are not the next, they are moved there and back.
void batch(BatchCall& b) {
  IndexParams p = params_of<IndexParams>(b.call);
  const Array x = with_batch(b, 0);
  const int first = p.first(), count = p.axes.size();
  int rank = 0;
  for (std::size_t i = 2; i < b.call.in.size(); ++i)
    rank = std::max(rank, b.call.in[i].ndim() - (b.batched[i] ? 1 : 0));
  Arrays indices;
  for (std::size_t i = 2; i < b.call.in.size(); ++i) {
    Shape shape = b.call.in[i].shape();
    if (!b.batched[i]) shape.insert(0, 1);
    while (shape.ndim() < rank + 1) shape.insert(1, 1);
    indices.push_back(reshape(b.call.in[i], shape));
  }
  Shape own(rank + 1, 1);
  own[0] = b.size;
  indices.insert(indices.begin(), reshape(iota(b.size, DType::int64), own));

  // The updates, with all their dimensions: (batch, before…, index…, after…) → (batch, index…, before…, after…).
  Array updates = b.call.in[1];
  Shape aligned = updates.shape();
  if (!b.batched[1]) aligned.insert(0, 1);
  while (aligned.ndim() < x.ndim() - count + rank) aligned.insert(1, 1);
  updates = reshape(updates, aligned);
  Axes to_front{0}, back(x.ndim(), 0), updates_order{0}, axes{0}, labels = p.labels;
  for (int i = 0; i < count; ++i) to_front.push_back(1 + first + i);
  for (int i = 1; i < x.ndim(); ++i) {
    if (i <= first || i > first + count) to_front.push_back(i);
  }
  for (int i = 0; i < x.ndim(); ++i) back[static_cast<int>(to_front[i])] = i;
  for (int i = 0; i < rank; ++i) updates_order.push_back(1 + first + i);
  for (int i = 1; i < updates.ndim(); ++i) {
    if (i <= first || i > first + rank) updates_order.push_back(i);
  }
  for (int i = 1; i <= count; ++i) axes.push_back(i);
  labels.insert(0, 0);
  const Array result =
      scatter(first ? transpose(x, to_front) : x, indices, first ? transpose(updates, updates_order) : updates, axes,
              static_cast<ScatterMode>(p.mode), labels);
  b.result = {first ? transpose(result, back) : result};
  b.result_batched = {true};
}

Sample scatter_sample(std::initializer_list<Shape> indices, const Shape& x, const Shape& updates, DType dtype,
                      const Axes& axes, ScatterMode mode) {
  Sample s = sample({x, updates}, dtype, make_params<IndexParams>(axes, static_cast<std::int64_t>(mode)));
  for (const Shape& i : indices) s.inputs.push_back({DType::int64, i});
  return s;
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (int m = 0; m <= static_cast<int>(ScatterMode::max); ++m) {
    const auto mode = static_cast<ScatterMode>(m);
    for (DType d : kSampleDTypes) s.push_back(scatter_sample({{7}}, {5, 3}, {7, 3}, d, {0}, mode));
    s.push_back(scatter_sample({{2, 1}, {3}}, {3, 4, 5}, {3, 2, 3}, DType::float64, {1, 2}, mode));
    s.push_back(scatter_sample({{0}}, {3}, {0}, DType::float64, {0}, mode));
  }
  s.push_back(scatter_sample({{}}, {2, 3, 4}, {2, 4}, DType::float64, {1}, ScatterMode::set));
  return s;
}

const OpDef kScatter{
    .name = "scatter",
    .doc =
        "The first array with updates put, added, multiplied, or the lesser or greater taken, at the places that index "
        "arrays name; one place's updates follow each other in row-major order.",
    .family = "index",
    .num_inputs = -1,
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch,
    .samples = &samples,
    .oracle =
        "(lambda a, i: (a.__setitem__(i, x[1]) if p.mode == 0 else "
        "(np.add, np.multiply, np.minimum, np.maximum)[p.mode - 1].at(a, i, x[1]), a)[1])"
        "(x[0].copy(), (slice(None),) * p.axes[0] + tuple(x[2:]))",
    .indexed_access =
        +[](const Call& call, IndexedAccess& access) {
          const auto& p = params_of<IndexParams>(call);
          access.axes = p.axes;
          access.update = 1;
          access.first_index = 2;
          return p.mode == static_cast<std::int64_t>(ScatterMode::set);
        },
};
const RegisterOp registration(kScatter);

}  // namespace

Array scatter(const Array& x, std::span<const Array> indices, const Array& updates, AxisList axes, ScatterMode mode,
              AxisList labels) {
  IndexParams p;
  p.axes = Axes(axes);
  p.labels = Axes(labels);
  p.mode = static_cast<std::int64_t>(mode);
  Arrays in{x, updates};
  in.insert(in.end(), indices.begin(), indices.end());
  return apply(kScatter, in, p);
}

Array scatter(const Array& x, std::span<const Array> indices, const Array& updates, AxisList axes, ScatterMode mode) {
  return scatter(x, indices, updates, axes, mode, axes);
}

}  // namespace tnp

// gather: elements at the places that index arrays name.
#include <algorithm>
#include <cstring>

#include "base/dim.h"
#include "base/element_bits.h"
#include "ops/index/places.h"
#include "ops/index/take_rows.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

// Places whose offsets are worked out at a time, on the stack.
constexpr std::int64_t kBlock = 512;
// Fewer bytes than this are not worth a second thread.
constexpr std::int64_t kParallelBytes = 128 << 10;

OutputSpecs infer(const Call& call) {
  const auto indices = call.in.subspan(1);
  check_indices(call, indices);
  return {{call.in[0].dtype(),
           gathered_shape(call.in[0].shape(), broadcast_indices(indices), params_of<IndexParams>(call))}};
}

template <class T>
void gather_elements(const std::byte* from, const std::int64_t* offsets, std::int64_t n, std::byte* to) {
  for (std::int64_t i = 0; i < n; ++i) {
    std::memcpy(to + i * static_cast<std::int64_t>(sizeof(T)), from + offsets[i], sizeof(T));
  }
}

void gather_runs(const std::byte* from, const std::int64_t* offsets, std::int64_t n, std::byte* to,
                 std::int64_t bytes) {
  if (has_element_bits(bytes))
    return with_element_bits(bytes, [&]<class T>(T) { gather_elements<T>(from, offsets, n, to); });
  for (std::int64_t i = 0; i < n; ++i, to += bytes) std::memcpy(to, from + offsets[i], static_cast<std::size_t>(bytes));
}

// What lies behind the indexed axes is not one piece of memory.
void gather_strided(const std::byte* from, const std::int64_t* offsets, std::int64_t n, std::byte* to,
                    const MergedDims& inner, std::int64_t itemsize) {
  const int last = inner.ndim - 1;
  const std::int64_t run = inner.size[last], step = inner.stride[last];
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < inner.total; j += run) {
      const std::byte* row = from + offsets[i] + inner.offset(j);
      for (std::int64_t k = 0; k < run; ++k, to += itemsize)
        std::memcpy(to, row + k * step, static_cast<std::size_t>(itemsize));
    }
  }
}

// The elements at the places of a vector, which lie without gaps from `from` on. Range checks are no branches, so that
// many elements are on their way from memory at a time. False where an index is out of bounds.
template <class T>
bool take_elements(const std::byte* from, const std::int64_t* index, std::int64_t size, std::int64_t n, std::byte* to) {
  bool good = true;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t v = index[i], place = v + ((v >> 63) & size);
    const bool fits = static_cast<std::uint64_t>(place) < static_cast<std::uint64_t>(size);
    good &= fits;
    std::memcpy(to + i * static_cast<std::int64_t>(sizeof(T)),
                from + (fits ? place : 0) * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  }
  return good;
}

// Adds `stride` bytes for each step of an index that broadcasts to `shape`; false where one is out of bounds.
bool add_offsets(const Array& index, const Shape& shape, std::int64_t size, std::int64_t stride,
                 std::int64_t* offsets) {
  const int ndim = shape.ndim(), lead = ndim - index.shape().ndim(), last = ndim - 1;
  std::int64_t step[kMaxDims], at[kMaxDims];
  for (int d = 0; d < ndim; ++d) {
    at[d] = 0;
    step[d] = d < lead || index.shape()[d - lead] == 1 ? 0 : index.strides()[d - lead];
  }
  const std::int64_t run = ndim == 0 ? 1 : shape[last], move = ndim == 0 ? 0 : step[last];
  const std::byte* from = index.data();
  for (const std::int64_t* end = offsets + shape.num_elements(); offsets < end;) {
    for (std::int64_t i = 0; i < run; ++i, from += move) {
      std::int64_t place;
      std::memcpy(&place, from, sizeof place);
      if (place < 0) place += size;
      if (place < 0 || place >= size) return false;
      *offsets++ += place * stride;
    }
    from -= run * move;
    for (int d = last - 1; d >= 0; --d) {
      from += step[d];
      if (++at[d] < shape[d]) break;
      from -= shape[d] * step[d];
      at[d] = 0;
    }
  }
  return true;
}

// What most small calls are: places on the first axis, all in contiguous memory. False as below.
bool gather_first(const Array& x, const Array& index, Array& out) {
  if (!x.is_contiguous() || !index.is_contiguous() || index.dtype() != DType::int64) return false;
  std::int64_t bytes = x.itemsize(), offsets[kBlock];
  for (int i = 1; i < x.shape().ndim(); ++i) bytes *= x.shape()[i];
  const std::int64_t size = x.shape()[0], n = index.shape().num_elements();
  const bool fits = index.shape().ndim() + x.shape().ndim() <= kMaxDims;
  if (!fits || n > kBlock || n * bytes > kParallelBytes || bytes == 0) return false;
  const std::int64_t* places = index.data_as<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t place = places[i] < 0 ? places[i] + size : places[i];
    if (place < 0 || place >= size) return false;
    offsets[i] = place * bytes;
  }
  Shape shape = index.shape();
  for (int i = 1; i < x.shape().ndim(); ++i) shape.push_back(x.shape()[i]);
  out = Array::empty(x.dtype(), shape);
  gather_runs(x.data(), offsets, n, out.data(), bytes);
  return true;
}

// The short way of a small call: contiguous memory, few places. False where it does not serve, or where an index is out
// of bounds.
bool gather_few(const Array& x, std::span<const Array> indices, const IndexParams& p, Array& out) {
  if (!x.is_contiguous()) return false;
  Shape shape;
  for (const Array& index : indices) {
    if (index.dtype() != DType::int64 || !try_broadcast(shape, index.shape(), shape)) return false;
  }
  const int ndim = x.shape().ndim();
  std::int64_t bytes = x.itemsize(), outer = 1;
  for (int i = p.last() + 1; i < ndim; ++i) bytes *= x.shape()[i];
  for (int i = 0; i < p.first(); ++i) outer *= x.shape()[i];
  const std::int64_t n = shape.num_elements();
  if (n > kBlock || outer * n * bytes > kParallelBytes || bytes == 0) return false;
  std::int64_t offsets[kBlock], stride = bytes;
  std::fill_n(offsets, n, 0);
  for (int k = p.axes.size() - 1; k >= 0; --k) {
    const std::int64_t size = x.shape()[static_cast<int>(p.axes[k])];
    if (!add_offsets(indices[static_cast<std::size_t>(k)], shape, size, stride, offsets)) return false;
    stride *= size;
  }
  out = Array::empty(x.dtype(), gathered_shape(x.shape(), shape, p));
  const std::byte* from = x.data();
  std::byte* to = out.data();
  for (std::int64_t o = 0; o < outer; ++o, from += stride, to += n * bytes) gather_runs(from, offsets, n, to, bytes);
  return true;
}

void execute(const Call& call, std::span<Array> out) {
  const auto& p = params_of<IndexParams>(call);
  const Array& x = call.in[0];
  if (p.axes.size() == 1 && p.axes[0] == 0 && gather_first(x, call.in[1], out[0])) return;
  check_indices(call, call.in.subspan(1));
  if (gather_few(x, call.in.subspan(1), p, out[0])) return;
  const Places places(x.shape(), x.strides(), call.in.subspan(1), p);
  const Shape shape = gathered_shape(x.shape(), places.index_shape(), p);
  const MergedDims outer(x.shape(), x.strides(), 0, p.first()), inner(x.shape(), x.strides(), p.last() + 1, x.ndim());
  const std::int64_t n = places.count(), itemsize = x.itemsize(), bytes = inner.total * itemsize;

  std::vector<std::int64_t> known;
  if (outer.total != 1 || inner.total == 0) known = places.all_offsets();  // an empty result still refuses bad indices
  out[0] = Array::empty(x.dtype(), shape);
  const std::byte* from = x.data();
  std::byte* to = out[0].data();
  const auto gather_part = [&](const std::byte* source, const std::int64_t* offsets, std::int64_t count,
                               std::byte* target) {
    if (inner.is_run(itemsize)) return gather_runs(source, offsets, count, target, bytes);
    gather_strided(source, offsets, count, target, inner, itemsize);
  };
  if (bytes == 0 || n == 0) return;
  const Places::Vector* vector = known.empty() ? places.vector() : nullptr;
  const TakeRows take = vector != nullptr && vector->stride == bytes && inner.is_run(itemsize) && vector->size > 0
                            ? take_rows_of(bytes)
                            : nullptr;
  if (take != nullptr) {
    return parallel_for(n, std::max<std::int64_t>(1, kParallelBytes / bytes),
                        [&](std::int64_t begin, std::int64_t end) {
                          if (!take(from, vector->index + begin, vector->size, end - begin, to + begin * bytes))
                            places.out_of_range(begin, end);
                        });
  }
  parallel_for(outer.total * n, std::max<std::int64_t>(1, kParallelBytes / bytes),
               [&](std::int64_t begin, std::int64_t end) {
                 std::int64_t block[kBlock];
                 while (begin < end) {
                   const std::int64_t o = begin / n, first = begin % n;
                   std::int64_t count = std::min(end - begin, n - first);
                   if (known.empty()) {
                     count = std::min(count, kBlock);
                     places.offsets(first, first + count, block);
                     gather_part(from, block, count, to + begin * bytes);
                   } else {
                     gather_part(from + outer.offset(o), known.data() + first, count, to + begin * bytes);
                   }
                   begin += count;
                 }
               });
}

void vjp(VjpCall& v) {
  const Array& x = v.call.in[0];
  if (!is_inexact(x.dtype())) return;
  const auto& p = params_of<IndexParams>(v.call);
  v.result[0] = scatter(zeros(x.shape(), x.dtype()), v.call.in.subspan(1), astype(v.cotangents[0], x.dtype()), p.axes,
                        ScatterMode::add, p.labels);
}

// Index arrays as they broadcast with a batch in front: of one rank, and `lead` 1s for those without one.
Arrays aligned_indices(const BatchCall& b, std::size_t begin) {
  int rank = 0;
  for (std::size_t i = begin; i < b.call.in.size(); ++i) {
    rank = std::max(rank, b.call.in[i].ndim() - (b.batched[i] ? 1 : 0));
  }
  Arrays out;
  for (std::size_t i = begin; i < b.call.in.size(); ++i) {
    Shape shape = b.call.in[i].shape();
    if (!b.batched[i]) shape.insert(0, 1);
    while (shape.ndim() < rank + 1) shape.insert(1, 1);
    out.push_back(reshape(b.call.in[i], shape));
  }
  return out;
}

// The indexed axes of x moved to behind axis 0, the batch.
Axes axes_behind_batch(int ndim, const IndexParams& p) {
  Axes order{0};
  for (std::int64_t a : p.axes) order.push_back(a + 1);
  for (int i = 1; i < ndim; ++i) {
    if (i <= p.first() || i > p.last() + 1) order.push_back(i);
  }
  return order;
}

void batch(BatchCall& b) {
  IndexParams p = params_of<IndexParams>(b.call);
  const auto indices = b.call.in.subspan(1);
  b.result_batched = {true};
  bool batched_indices = false;
  for (std::size_t i = 1; i < b.call.in.size(); ++i) batched_indices = batched_indices || b.batched[i];
  if (!batched_indices) {
    for (std::int64_t& a : p.axes) ++a;
    b.result = {gather(b.call.in[0], indices, p.axes, p.labels)};
    return;
  }
  Arrays all = aligned_indices(b, 1);
  const Shape index = broadcast_indices(all);
  Array x = b.call.in[0];
  Axes axes, labels = p.labels;
  Array result;
  if (b.batched[0]) {
    x = transpose(x, axes_behind_batch(x.ndim(), p));
    Shape own(index.ndim(), 1);
    own[0] = b.size;
    all.insert(all.begin(), reshape(iota(b.size, DType::int64), own));
    labels.insert(0, 0);
    for (int i = 0; i <= p.axes.size(); ++i) axes.push_back(i);
    result = gather(x, all, axes, labels);
  } else {
    // Without the batch in x: the indexed axes first.
    Axes order(p.axes);
    for (int i = 0; i < x.ndim(); ++i) {
      if (i < p.first() || i > p.last()) order.push_back(i);
    }
    for (int i = 0; i < p.axes.size(); ++i) axes.push_back(i);
    result = gather(transpose(x, order), all, axes, labels);
  }
  // (batch, index…, before…, after…) → (batch, before…, index…, after…)
  Axes order{0};
  const int rank = index.ndim();
  for (int i = 0; i < p.first(); ++i) order.push_back(rank + i);
  for (int i = 1; i < rank; ++i) order.push_back(i);
  for (int i = rank + p.first(); i < result.ndim(); ++i) order.push_back(i);
  b.result = {p.first() == 0 ? result : transpose(result, order)};
}

Sample index_sample(std::initializer_list<Shape> indices, const Shape& x, DType dtype, const Axes& axes,
                    DType index = DType::int64) {
  Sample s = sample({x}, dtype, make_params<IndexParams>(axes));
  for (const Shape& i : indices) s.inputs.push_back({index, i});
  return s;
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (DType d : kSampleDTypes) s.push_back(index_sample({{7}}, {5, 3}, d, {0}));
  for (DType i : {DType::int8, DType::int32, DType::int64})
    s.push_back(index_sample({{2, 1}, {3}}, {3, 4, 5}, DType::float64, {1, 2}, i));
  s.push_back(index_sample({{}}, {2, 3, 4}, DType::float64, {1}));
  s.push_back(index_sample({{0}}, {3}, DType::float64, {0}));
  return s;
}

// Along an axis of the indices a part takes its part of them, and x as a whole.
bool tile(TileCall& t) {
  const auto& p = static_cast<const IndexParams&>(t.params);
  int rank = 0;
  for (const Shape& index : t.in.subspan(1)) rank = std::max(rank, index.ndim());
  const int axis = t.axis - p.first();
  if (axis < 0) {
    t.parts[0] = {t.axis, t.begin, t.end};
  } else if (axis >= rank) {
    t.parts[0] = {axis - rank + p.last() + 1, t.begin, t.end};
  } else {
    for (std::size_t k = 1; k < t.in.size(); ++k) {
      const int own = axis - (rank - t.in[k].ndim());
      if (own >= 0 && t.in[k][own] != 1) t.parts[k] = {own, t.begin, t.end};
    }
  }
  return true;
}

const OpDef kGather{
    .name = "gather",
    .doc = "Elements at the places that index arrays name: their common shape takes the place of the indexed axes.",
    .family = "index",
    .num_inputs = -1,
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch,
    .samples = &samples,
    .oracle = "x[0][(slice(None),) * p.axes[0] + tuple(x[1:])]",
    .tile = &tile,
    .indexed_access =
        +[](const Call& call, IndexedAccess& access) {
          access.axes = params_of<IndexParams>(call).axes;
          return true;
        },
    .arranges = true,
};
const RegisterOp registration(kGather);

}  // namespace

TakeRows take_rows_of(std::int64_t bytes) {
  if (!has_element_bits(bytes)) return nullptr;
  return with_element_bits(bytes, []<class T>(T) -> TakeRows { return &take_elements<T>; });
}

Array gather(const Array& x, std::span<const Array> indices, AxisList axes, AxisList labels) {
  IndexParams p;
  p.axes = Axes(axes);
  p.labels = Axes(labels);
  if (indices.size() == 1) return apply(kGather, {x, indices[0]}, p);
  Arrays in{x};
  in.insert(in.end(), indices.begin(), indices.end());
  return apply(kGather, in, p);
}

Array gather(const Array& x, std::span<const Array> indices, AxisList axes) { return gather(x, indices, axes, axes); }

}  // namespace tnp

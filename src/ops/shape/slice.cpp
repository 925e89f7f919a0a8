// slice, and its transpose place_slice, which is also what basic indexing updates by.
#include "ops/shape/slice.h"

#include "base/dim.h"
#include "ops/common.h"
#include "ops/shape/copy.h"
#include "runtime/allocator.h"

namespace tnp {

namespace {

// Element start + i * step, for i < count, of each axis. Starts and counts may be symbolic, so a start is never
// negative.
struct SliceParams : ParamsOf<SliceParams> {
  Shape start;
  Axes step;
  Shape count;
  template <class V>
  void fields(V& v) {
    v("start", start);
    v("step", step);
    v("count", count);
  }
  void set(const Shape& s, const Axes& t, const Shape& c) {
    start = s;
    step = t;
    count = c;
  }
  void push(std::int64_t s, std::int64_t t, std::int64_t c) {
    start.push_back(s);
    step.push_back(t);
    count.push_back(c);
  }
};

[[noreturn]] void out_of_bounds(std::int64_t index, int axis, std::int64_t size) {
  throw IndexError("index " + std::to_string(index) + " is out of bounds for axis " + std::to_string(axis) +
                   " with size " + std::to_string(size));
}

// A number below zero that the run found; handles lie below all of those.
bool is_below_zero(Dim d) { return d < 0 && d > -(Dim{1} << 32); }

// Refuses elements outside of an axis. Symbolic sizes are checked when the slice runs. The error names the index that
// eager code has, where one can be told from the parts that are left of an array without it.
void check_axis(Dim start, std::int64_t step, Dim count, int axis, Dim size) {
  if (is_symbolic(size)) return;
  if (is_below_zero(start)) out_of_bounds(start - size, axis, size);
  if (is_below_zero(count)) out_of_bounds(start == 0 ? count - size : start - 1, axis, size);
  if (is_symbolic(start) || is_symbolic(count) || count == 0) return;
  const std::int64_t last = start + (count - 1) * step;
  if (start >= size) out_of_bounds(start, axis, size);
  if (last < 0 || last >= size) out_of_bounds(last, axis, size);
}

void check_bounds(const Call& call, const Shape& shape) {
  const auto& p = params_of<SliceParams>(call);
  if (p.count.ndim() != shape.ndim()) fail<IndexError>(call, "one slice is needed for each dimension");
  for (int i = 0; i < shape.ndim(); ++i) check_axis(p.start[i], p.step[i], p.count[i], i, shape[i]);
}

OutputSpecs infer_slice(const Call& call) {
  check_bounds(call, call.in[0].shape());
  return {{call.in[0].dtype(), params_of<SliceParams>(call).count}};
}

Array sliced_view(const Array& x, const SliceParams& p) {
  std::int64_t offset = 0;
  Strides strides = x.strides();
  const bool empty = p.count.num_elements() == 0;
  for (int i = 0; i < p.count.ndim(); ++i) {
    if (!empty) offset += p.start[i] * strides[i];
    strides[i] *= p.step[i];
  }
  return Array::view_of(x.node()->buffer, x.data() + offset, x.dtype(), p.count, strides);
}

void batch_slice(BatchCall& b) {
  SliceParams p = params_of<SliceParams>(b.call);
  p.start.insert(0, 0);
  p.step.insert(0, 1);
  p.count.insert(0, b.size);
  Arrays in;
  for (std::size_t i = 0; i < b.call.in.size(); ++i) in.push_back(with_batch(b, static_cast<int>(i)));
  b.result = {apply(b.call.op, in, p)};
  b.result_batched = {true};
}

std::vector<DType> same_dtype(const Call& call) { return {call.in[0].dtype()}; }

const OpDef& place_op();

// In x's own memory where the caller gives it away and nobody else holds it.
Array place(Array x, const Array& update, const SliceParams& p) {
  const bool own = x.state() != State::symbolic && x.node()->refs.load(std::memory_order_relaxed) == 1;
  const Array in[] = {std::move(x), update};
  return apply(place_op(), in, p, own ? 1 : 0);
}

bool tile_slice(TileCall& t) {
  auto p = std::make_shared<SliceParams>(static_cast<const SliceParams&>(t.params));
  const std::int64_t step = p->step[t.axis], start = p->start[t.axis], n = t.end - t.begin;
  if (n == 0) return false;
  const std::int64_t first = start + step * t.begin, last = start + step * (t.end - 1);
  p->start[t.axis] = step > 0 ? 0 : first - last;
  p->count[t.axis] = n;
  t.parts[0] = {t.axis, std::min(first, last), std::max(first, last) + 1};
  t.params_of_part = std::move(p);
  return true;
}

// Of the update, those elements that go to the part.
bool tile_place(TileCall& t) {
  auto p = std::make_shared<SliceParams>(static_cast<const SliceParams&>(t.params));
  const std::int64_t step = p->step[t.axis], start = p->start[t.axis], count = p->count[t.axis];
  if (step <= 0) return false;
  const auto first_from = [&](std::int64_t place) {  // the first element of the update at `place` or after it
    return std::clamp<std::int64_t>(place <= start ? 0 : (place - start + step - 1) / step, 0, count);
  };
  const std::int64_t begin = first_from(t.begin), end = first_from(t.end);
  p->start[t.axis] = begin < end ? start + begin * step - t.begin : 0;
  p->count[t.axis] = end - begin;
  t.parts[0] = {t.axis, t.begin, t.end};
  t.parts[1] = {t.axis, begin, end};
  t.params_of_part = std::move(p);
  return true;
}

const OpDef kSlice{
    .name = "slice",
    .doc = "Every step-th element of each axis from a start on, without copying; the step may be negative.",
    .family = "shape",
    .infer = &infer_slice,
    .infer_dtype = &same_dtype,
    .execute =
        +[](const Call& call, std::span<Array> out) {
          check_bounds(call, call.in[0].shape());
          out[0] = sliced_view(call.in[0], params_of<SliceParams>(call));
        },
    .vjp =
        +[](VjpCall& v) {
          const Array& x = v.call.in[0];
          v.result[0] =
              place(zeros(x.shape(), v.cotangents[0].dtype()), v.cotangents[0], params_of<SliceParams>(v.call));
        },
    .batch = &batch_slice,
    .fusion = Fusion::broadcast,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes) {
            s.push_back(sample({{5, 6}}, d, make_params<SliceParams>(Shape{1, 5}, Axes{2, -2}, Shape{2, 3})));
          }
          s.push_back(sample({{4}}, DType::float64, make_params<SliceParams>(Shape{0}, Axes{1}, Shape{0})));
          return s;
        },
    .oracle = "x[0][np.ix_(*[s + t * np.arange(c) for s, t, c in zip(p.start, p.step, p.count)])]",
    .tile = &tile_slice,
    .arranges = true,
};
const RegisterOp slice_registration(kSlice);

OutputSpecs infer_place(const Call& call) {
  check_bounds(call, call.in[0].shape());
  const Shape& count = params_of<SliceParams>(call).count;
  const Shape& update = call.in[1].shape();
  if (update.is_static() && count.is_static() && update != count) {
    fail<ValueError>(
        call, "could not broadcast an update of shape " + update.str() + " into a slice of shape " + count.str());
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

const OpDef kPlaceSlice{
    .name = "place_slice",
    .doc = "The first array with the elements that a slice of it would give replaced by those of the second.",
    .family = "shape",
    .num_inputs = 2,
    .infer = &infer_place,
    .infer_dtype = &same_dtype,
    .execute =
        +[](const Call& call, std::span<Array> out) {
          infer_place(call);
          Array result = writable(call);
          const Array target = sliced_view(result, params_of<SliceParams>(call));
          const Array update = astype(call.in[1], result.dtype());
          copy_strided(view(update), view(target));
          out[0] = result;
        },
    .vjp =
        +[](VjpCall& v) {
          const auto& p = params_of<SliceParams>(v.call);
          const Array& ct = v.cotangents[0];
          if (v.needed[0]) v.result[0] = place(ct, zeros(p.count, ct.dtype()), p);
          if (v.needed[1]) v.result[1] = astype(apply(kSlice, {&ct, 1}, p), v.call.in[1].dtype());
        },
    .batch = &batch_slice,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes) {
            s.push_back(sample({{5, 6}, {2, 3}}, d, make_params<SliceParams>(Shape{1, 5}, Axes{2, -2}, Shape{2, 3})));
          }
          return s;
        },
    .oracle =
        "(lambda a: (a.__setitem__(np.ix_(*[s + t * np.arange(c) for s, t, c in zip(p.start, p.step, p.count)]), "
        "x[1]), a)[1])"
        "(x[0].copy())",
    .tile = &tile_place,
    .arranges = true,
};
const RegisterOp place_registration(kPlaceSlice);

const OpDef& place_op() { return kPlaceSlice; }

SliceParams to_params(std::span<const SliceSpec> axes) {
  SliceParams p;
  for (const SliceSpec& a : axes) p.push(a.start, a.step, a.count);
  return p;
}

}  // namespace

Array slice(const Array& x, std::span<const SliceSpec> axes) { return apply(kSlice, {&x, 1}, to_params(axes)); }

Array place_slice(const Array& x, const Array& update, std::span<const SliceSpec> axes) {
  const SliceParams p = to_params(axes);
  return place(x, broadcast_to(update, p.count), p);
}

Array place_slice_into(Array x, const Array& update, std::span<const SliceSpec> axes) {
  const SliceParams p = to_params(axes);
  return place(std::move(x), broadcast_to(update, p.count), p);
}

Array pad(const Array& x, const Array& value, std::span<const std::int64_t> before,
          std::span<const std::int64_t> after) {
  Shape shape = x.shape();
  SliceParams p;
  for (int i = 0; i < x.ndim(); ++i) {
    // Handles on symbolic sizes lie below every 32-bit number.
    const auto negative = [](Dim d) { return d < 0 && d > -(Dim{1} << 32); };
    if (negative(before[i]) || negative(after[i])) throw ValueError("pad: index can't contain negative values");
    p.push(before[i], 1, shape[i]);
    shape[i] = dim_add(dim_add(before[i], after[i]), shape[i]);
  }
  return place(full(shape, astype(value, x.dtype())), x, p);
}

}  // namespace tnp

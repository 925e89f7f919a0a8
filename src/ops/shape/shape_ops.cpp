// Primitives that rearrange elements without moving them: reshape, transpose, broadcast_to, slice. All give views.
#include <numeric>

#include "base/dim.h"
#include "ir/apply_internal.h"
#include "ir/observer.h"
#include "ops/common.h"
#include "ops/shape/copy.h"
#include "runtime/allocator.h"

namespace tnp {

namespace {

// Sizes that a run finds to be below zero are refused here.
Array view_of(const Array& x, const Shape& shape, const Strides& strides, std::int64_t offset = 0) {
  for (std::int64_t d : shape) {
    if (d < 0) throw ValueError("negative dimensions are not allowed");
  }
  return Array::view_of(x.node()->buffer, x.data() + offset, x.dtype(), shape, strides);
}

std::vector<DType> same_dtype(const Call& call) { return {call.in[0].dtype()}; }

// --- reshape

struct ReshapeParams : ParamsOf<ReshapeParams> {
  Shape shape;
  template <class V>
  void fields(V& v) {
    v("shape", shape);
  }
  void set(const Shape& s) { shape = s; }
};

OutputSpecs infer_reshape(const Call& call) {
  const Shape& to = params_of<ReshapeParams>(call).shape;
  const Shape& from = call.in[0].shape();
  if (from.rank_known() && from.is_static() && to.is_static() && from.num_elements() != to.num_elements()) {
    throw ValueError("reshape: cannot reshape array of size " + std::to_string(from.num_elements()) + " (shape " +
                     from.str() + ", " + std::string(name(call.in[0].dtype())) + ") into shape " + to.str());
  }
  return {{call.in[0].dtype(), to}};
}

// Strides that show x's elements in the new shape, if its memory allows.
bool reshaped_strides(const Array& x, const Shape& to, Strides& out) {
  const Shape& from = x.shape();
  const Strides& strides = x.strides();
  out.resize(to.ndim());
  int i = 0, j = 0;
  while (i < from.ndim() || j < to.ndim()) {
    // A run of old dimensions and one of new ones with the same number of elements.
    std::int64_t old_size = i < from.ndim() ? from[i] : 1, new_size = j < to.ndim() ? to[j] : 1;
    int i_end = i + 1, j_end = j + 1;
    while (old_size != new_size) {
      if (old_size < new_size) {
        if (i_end >= from.ndim()) return false;
        old_size *= from[i_end++];
      } else {
        if (j_end >= to.ndim()) return false;
        new_size *= to[j_end++];
      }
    }
    i_end = std::min(i_end, from.ndim());
    j_end = std::min(j_end, to.ndim());
    std::int64_t step = x.itemsize();
    int last = -1;
    for (int k = i_end - 1; k >= i; --k) {
      if (from[k] == 1) continue;
      if (last >= 0 && strides[k] != strides[last] * from[last]) return false;
      if (last < 0) step = strides[k];
      last = k;
    }
    for (int k = j_end - 1; k >= j; --k) {
      out[k] = step;
      step *= to[k];
    }
    i = i_end;
    j = j_end;
  }
  return true;
}

void execute_reshape(const Call& call, std::span<Array> out) {
  const Array& x = call.in[0];
  const Shape& to = params_of<ReshapeParams>(call).shape;
  if (x.shape().num_elements() != to.num_elements()) infer_reshape(call);
  Strides strides;
  if (x.is_contiguous() || x.shape().num_elements() == 0) {
    out[0] = view_of(x, to, contiguous_strides(to, x.itemsize()));
  } else if (reshaped_strides(x, to, strides)) {
    out[0] = view_of(x, to, strides);
  } else {
    Array whole = Array::empty(x.dtype(), x.shape());
    copy_strided(view(x), view(whole));
    out[0] = view_of(whole, to, contiguous_strides(to, x.itemsize()));
  }
}

std::shared_ptr<ReshapeParams> shape_of_part(const TileCall& t) {
  auto p = std::make_shared<ReshapeParams>(static_cast<const ReshapeParams&>(t.params));
  p->shape[t.axis] = t.end - t.begin;
  return p;
}

// An axis that is there before and after, with as many elements in front of it.
bool tile_reshape(TileCall& t) {
  const Shape &from = t.in[0], &to = static_cast<const ReshapeParams&>(t.params).shape;
  std::int64_t before = 1, count = 1;
  for (int i = 0; i < t.axis; ++i) before *= to[i];
  int axis = 0;
  while (axis < from.ndim() && (count != before || (from[axis] == 1 && to[t.axis] != 1))) count *= from[axis++];
  if (axis == from.ndim() || from[axis] != to[t.axis] || count != before || before == 0) return false;
  t.params_of_part = shape_of_part(t);
  t.parts[0] = {axis, t.begin, t.end};
  return true;
}

const OpDef kReshape{
    .name = "reshape",
    .doc = "The elements in row-major order, in another shape of as many elements.",
    .family = "shape",
    .infer = &infer_reshape,
    .infer_dtype = &same_dtype,
    .infers_unknown_rank = true,
    .execute = &execute_reshape,
    .vjp = +[](VjpCall& v) { v.result[0] = reshape(v.cotangents[0], v.call.in[0].shape()); },
    .batch =
        +[](BatchCall& b) {
          b.result = {reshape(b.call.in[0], prepend(b.size, params_of<ReshapeParams>(b.call).shape))};
          b.result_batched = {true};
        },
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes) s.push_back(sample({{2, 3, 4}}, d, make_params<ReshapeParams>(Shape{4, 6})));
          s.push_back(sample({{1}}, DType::float64, make_params<ReshapeParams>(Shape{})));
          s.push_back(sample({{0, 3}}, DType::float64, make_params<ReshapeParams>(Shape{3, 0, 2})));
          return s;
        },
    .oracle = "np.reshape(x[0], p.shape)",
    .tile = &tile_reshape,
    .identity_on_same_shape = true,
    .arranges = true,
};
const RegisterOp reshape_registration(kReshape);

// --- transpose

struct TransposeParams : ParamsOf<TransposeParams> {
  Axes axes;
  template <class V>
  void fields(V& v) {
    v("axes", axes);
  }
  void set(const Axes& a) { axes = a; }
};

OutputSpecs infer_transpose(const Call& call) {
  const Axes& axes = params_of<TransposeParams>(call).axes;
  const Shape& from = call.in[0].shape();
  Shape to;
  for (std::int64_t a : axes) to.push_back(from[static_cast<int>(a)]);
  return {{call.in[0].dtype(), to}};
}

Array transposed_view(const Array& x, AxisList axes) {
  Shape shape;
  Strides strides;
  for (std::int64_t a : axes) {
    shape.push_back(x.shape()[static_cast<int>(a)]);
    strides.push_back(x.strides()[static_cast<int>(a)]);
  }
  return view_of(x, shape, strides);
}

void execute_transpose(const Call& call, std::span<Array> out) {
  out[0] = transposed_view(call.in[0], params_of<TransposeParams>(call).axes);
}

const OpDef kTranspose{
    .name = "transpose",
    .doc = "The axes in another order.",
    .family = "shape",
    .infer = &infer_transpose,
    .infer_dtype = &same_dtype,
    .execute = &execute_transpose,
    .vjp =
        +[](VjpCall& v) {
          const Axes& axes = params_of<TransposeParams>(v.call).axes;
          Axes inverse(axes.size(), 0);
          for (int i = 0; i < axes.size(); ++i) inverse[static_cast<int>(axes[i])] = i;
          v.result[0] = transpose(v.cotangents[0], inverse);
        },
    .batch =
        +[](BatchCall& b) {
          Axes axes{0};
          for (std::int64_t a : params_of<TransposeParams>(b.call).axes) axes.push_back(a + 1);
          b.result = {transpose(b.call.in[0], axes)};
          b.result_batched = {true};
        },
    .fusion = Fusion::broadcast,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes)
            s.push_back(sample({{2, 3, 4}}, d, make_params<TransposeParams>(Axes{2, 0, 1})));
          s.push_back(sample({{}}, DType::float64, make_params<TransposeParams>(Axes{})));
          return s;
        },
    .oracle = "np.transpose(x[0], p.axes)",
    .tile =
        +[](TileCall& t) {
          const Axes& axes = static_cast<const TransposeParams&>(t.params).axes;
          t.parts[0] = {static_cast<int>(axes[t.axis]), t.begin, t.end};
          return true;
        },
    .arranges = true,
};
const RegisterOp transpose_registration(kTranspose);

// --- broadcast_to

OutputSpecs infer_broadcast(const Call& call) {
  const Shape& to = params_of<ReshapeParams>(call).shape;
  const Shape& from = call.in[0].shape();
  Shape common;
  const bool fits = from.ndim() <= to.ndim() && try_broadcast(from, to, common) &&
                    (!to.is_static() || !from.is_static() || common == to);
  if (!fits) {
    throw ValueError("broadcast_to: an array of shape " + from.str() + " (" + std::string(name(call.in[0].dtype())) +
                     ") can not be broadcast to shape " + to.str());
  }
  return {{call.in[0].dtype(), to}};
}

void execute_broadcast(const Call& call, std::span<Array> out) {
  infer_broadcast(call);
  const Array& x = call.in[0];
  const Shape& to = params_of<ReshapeParams>(call).shape;
  Strides strides(to.ndim(), 0);
  const int lead = to.ndim() - x.shape().ndim();
  for (int i = 0; i < x.shape().ndim(); ++i) {
    if (x.shape()[i] != 1) strides[lead + i] = x.strides()[i];
  }
  out[0] = view_of(x, to, strides);
}

void batch_broadcast(BatchCall& b) {
  const Shape& to = params_of<ReshapeParams>(b.call).shape;
  const Array& x = b.call.in[0];
  Shape aligned = x.shape();
  while (aligned.ndim() < to.ndim() + 1) aligned.insert(1, 1);
  b.result = {broadcast_to(reshape(x, aligned), prepend(b.size, to))};
  b.result_batched = {true};
}

const OpDef kBroadcast{
    .name = "broadcast_to",
    .doc = "The array repeated along new axes and along axes of size 1, without copying.",
    .family = "shape",
    .infer = &infer_broadcast,
    .infer_dtype = &same_dtype,
    .execute = &execute_broadcast,
    .vjp = +[](VjpCall& v) { v.result[0] = sum_to(v.cotangents[0], v.call.in[0]); },
    .batch = &batch_broadcast,
    .fusion = Fusion::broadcast,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes) s.push_back(sample({{3, 1}}, d, make_params<ReshapeParams>(Shape{2, 3, 4})));
          s.push_back(sample({{}}, DType::float64, make_params<ReshapeParams>(Shape{0, 2})));
          return s;
        },
    .oracle = "np.broadcast_to(x[0], p.shape)",
    .tile =
        +[](TileCall& t) {
          const Shape& from = t.in[0];
          const Shape& to = static_cast<const ReshapeParams&>(t.params).shape;
          const int axis = t.axis - (to.ndim() - from.ndim());
          if (axis >= 0 && from[axis] == to[t.axis]) t.parts[0] = {axis, t.begin, t.end};
          t.params_of_part = shape_of_part(t);
          return true;
        },
    .identity_on_same_shape = true,
    .arranges = true,
};
const RegisterOp broadcast_registration(kBroadcast);

}  // namespace

Array reshape(const Array& x, const Shape& shape) {
  if (x.shape() == shape && shape.rank_known()) return x;
  // The short way of a small call: memory without gaps, watched by nobody. (Symbolic arrays have no strides.)
  if (active_observers == nullptr && x.state() == State::concrete && x.is_contiguous() && shape.is_static() &&
      shape.num_elements() == x.shape().num_elements()) {
    return contiguous_view(x, shape);
  }
  ReshapeParams p;
  p.shape = shape;
  return apply(kReshape, {&x, 1}, p);
}

Array transpose(const Array& x, AxisList axes) {
  if (active_observers == nullptr && x.state() == State::concrete) return transposed_view(x, axes);
  TransposeParams p;
  p.axes = Axes(axes);
  return apply(kTranspose, {&x, 1}, p);
}

Array broadcast_to(const Array& x, const Shape& shape) {
  if (x.shape() == shape && shape.rank_known()) return x;
  if (shape.is_static()) check_shape(shape, itemsize(x.dtype()));  // no memory is needed, but its size is computed
  ReshapeParams p;
  p.shape = shape;
  return apply(kBroadcast, {&x, 1}, p);
}

}  // namespace tnp

// concatenate and copy.
#include "base/dim.h"
#include "ops/common.h"
#include "ops/elementwise/cast.h"
#include "ops/shape/copy.h"

namespace tnp {

namespace {

struct ConcatenateParams : ParamsOf<ConcatenateParams> {
  std::int64_t axis = 0;
  template <class V>
  void fields(V& v) {
    v("axis", axis);
  }
  void set(std::int64_t a) { axis = a; }
};

OutputSpecs infer_concatenate(const Call& call) {
  const int axis = static_cast<int>(params_of<ConcatenateParams>(call).axis);
  Shape shape = call.in[0].shape();
  DType dtype = call.in[0].dtype();
  for (std::size_t k = 1; k < call.in.size(); ++k) {
    const Shape& other = call.in[k].shape();
    if (other.ndim() != shape.ndim()) {
      fail<ValueError>(call, "all the input array dimensions must match in number");
    }
    for (int i = 0; i < shape.ndim(); ++i) {
      if (i == axis || other[i] == shape[i]) continue;
      if (is_symbolic(other[i]) || is_symbolic(shape[i])) {
        if (is_symbolic(shape[i])) shape[i] = other[i];
        continue;
      }
      fail<ValueError>(
          call,
          "all the input array dimensions except for the concatenation axis must match exactly, but along dimension " +
              std::to_string(i) + " the sizes " + std::to_string(shape[i]) + " and " + std::to_string(other[i]) +
              " differ");
    }
    shape[axis] = dim_add(shape[axis], other[axis]);
    dtype = promote(dtype, call.in[k].dtype());
  }
  return {{dtype, shape}};
}

// The part of `whole` along `axis` that begins at `start` and is as long as `size`.
Array part(const Array& whole, int axis, Dim start, Dim size) {
  std::vector<SliceSpec> axes;
  for (int i = 0; i < whole.ndim(); ++i)
    axes.push_back(i == axis ? SliceSpec{start, 1, size} : SliceSpec{0, 1, whole.shape()[i]});
  return slice(whole, axes);
}

void execute_concatenate(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer_concatenate(call);
  const int axis = static_cast<int>(params_of<ConcatenateParams>(call).axis);
  out[0] = Array::empty(specs[0].dtype, specs[0].shape);
  std::byte* at = out[0].data();
  for (const Array& in : call.in) {
    if (in.shape().num_elements() == 0) continue;
    const StridedView to{at, out[0].dtype(), in.ndim(), in.shape().data(), out[0].strides().data()};
    cast_strided(view(in), to);
    at += in.shape()[axis] * out[0].strides()[axis];
  }
}

const OpDef kConcatenate{
    .name = "concatenate",
    .doc = "The arrays one after the other along an axis, in their common type.",
    .family = "shape",
    .num_inputs = -1,
    .infer = &infer_concatenate,
    .infer_dtype =
        +[](const Call& call) {
          DType dtype = call.in[0].dtype();
          for (const Array& x : call.in) dtype = promote(dtype, x.dtype());
          return std::vector<DType>{dtype};
        },
    .execute = &execute_concatenate,
    .vjp =
        +[](VjpCall& v) {
          const int axis = static_cast<int>(params_of<ConcatenateParams>(v.call).axis);
          Dim start = 0;
          for (std::size_t k = 0; k < v.call.in.size(); ++k) {
            const Array& x = v.call.in[k];
            if (v.needed[k]) {
              const Array ct = part(v.cotangents[0], axis, start, x.shape()[axis]);
              v.result[k] = astype(is_complex(x.dtype()) ? ct : real(ct), x.dtype());
            }
            start = dim_add(start, x.shape()[axis]);
          }
        },
    .batch =
        +[](BatchCall& b) {
          Arrays in;
          for (std::size_t k = 0; k < b.call.in.size(); ++k) in.push_back(with_batch(b, static_cast<int>(k)));
          b.result = {concatenate(in, static_cast<int>(params_of<ConcatenateParams>(b.call).axis) + 1)};
          b.result_batched = {true};
        },
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes)
            s.push_back(sample({{2, 3}, {2, 1}, {2, 0}}, d, make_params<ConcatenateParams>(1)));
          s.push_back(sample({{2, 3}}, DType::float64, make_params<ConcatenateParams>(0)));
          return s;
        },
    .oracle = "np.concatenate(x, axis=p.axis)",
    .tile =
        +[](TileCall& t) {
          const bool along = t.axis == static_cast<const ConcatenateParams&>(t.params).axis;
          std::int64_t start = 0;
          for (std::size_t k = 0; k < t.in.size(); ++k) {
            const std::int64_t n = t.in[k][t.axis];
            t.parts[k] = {t.axis, t.begin, t.end};
            if (along)
              t.parts[k] = {t.axis, std::clamp<std::int64_t>(t.begin - start, 0, n),
                            std::clamp<std::int64_t>(t.end - start, 0, n)};
            start += n;
          }
          return true;
        },
    .arranges = true,
};
const RegisterOp concatenate_registration(kConcatenate);

const OpDef kCopy{
    .name = "copy",
    .doc = "The same elements in memory of their own, row-major.",
    .family = "shape",
    .infer = +[](const Call& call) { return OutputSpecs{{call.in[0].dtype(), call.in[0].shape()}}; },
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .infers_unknown_rank = true,
    .execute =
        +[](const Call& call, std::span<Array> out) {
          out[0] = Array::empty(call.in[0].dtype(), call.in[0].shape());
          copy_strided(view(call.in[0]), view(out[0]));
        },
    .vjp = +[](VjpCall& v) { v.result[0] = v.cotangents[0]; },
    .batch =
        +[](BatchCall& b) {
          b.result = {copy(b.call.in[0])};
          b.result_batched = {true};
        },
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : kSampleDTypes) s.push_back(sample({{2, 3}}, d, std::make_shared<NoParams>()));
          return s;
        },
    .oracle = "x[0].copy()",
    .tile =
        +[](TileCall& t) {
          t.parts[0] = {t.axis, t.begin, t.end};
          return true;
        },
    .arranges = true,
};
const RegisterOp copy_registration(kCopy);

}  // namespace

Array concatenate(std::span<const Array> arrays, int axis) {
  if (arrays.empty()) throw ValueError("concatenate: need at least one array to concatenate");
  for (const Array& x : arrays) {
    if (x.ndim() == 0) throw ValueError("concatenate: zero-dimensional arrays cannot be concatenated");
  }
  ConcatenateParams p;
  p.axis = normalize_axis(axis, arrays[0].ndim(), "concatenate");
  return apply(kConcatenate, arrays, p);
}

Array copy(const Array& x) { return apply(kCopy, {&x, 1}); }

}  // namespace tnp

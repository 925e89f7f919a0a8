// fft_c2c, fft_r2c, fft_c2r: Fourier transforms, by ducc0.
#include "ops/fft/fft.h"

#include <cmath>

#include "base/dim.h"
#include "ops/common.h"
#include "ops/fft/fft_kernels.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/numeric.h"

namespace tnp {

void fft_parallel(std::size_t n, void (*f)(void* context, std::size_t i), void* context) {
  parallel_for(static_cast<std::int64_t>(n), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) f(context, static_cast<std::size_t>(i));
  });
}

namespace {

struct FftParams : ParamsOf<FftParams> {
  Axes axes;
  bool forward = true;
  std::int64_t scale = 0;  // an FftScale
  Shape size;              // c2r: the size of the last of the axes
  template <class V>
  void fields(V& v) {
    v("axes", axes);
    v("forward", forward);
    v("scale", scale);
    v("size", size);
  }
  void set(const Axes& a, bool f, FftScale s, const Shape& n = {}) {
    axes = a;
    forward = f;
    scale = static_cast<std::int64_t>(s);
    size = n;
  }
  FftKind kind() const { return {forward, static_cast<FftScale>(scale)}; }
  FftKind adjoint() const { return {!forward, static_cast<FftScale>(scale)}; }
  int last() const { return static_cast<int>(axes[axes.size() - 1]); }
};

const FftParams& params(const Call& call) { return params_of<FftParams>(call); }

void check(const Call& call, bool complex_input, const Shape& transformed) {
  const DType t = call.in[0].dtype();
  const bool known = complex_input ? is_complex(t) : t == DType::float32 || t == DType::float64;
  if (!known) fail<TypeError>(call, std::string(complex_input ? "complex" : "float32 or float64") + " input is needed");
  for (std::int64_t a : params(call).axes) {
    const Dim n = transformed[static_cast<int>(a)];
    if (n == 0) fail<ValueError>(call, "Invalid number of FFT data points (0) specified.");
  }
}

OutputSpecs infer_c2c(const Call& call) {
  check(call, true, call.in[0].shape());
  return {{call.in[0].dtype(), call.in[0].shape()}};
}

OutputSpecs infer_r2c(const Call& call) {
  check(call, false, call.in[0].shape());
  Shape shape = call.in[0].shape();
  Dim& last = shape[params(call).last()];
  last = dim_add(dim_floor_div(last, 2), 1);
  return {{complex_of(call.in[0].dtype()), shape}};
}

OutputSpecs infer_c2r(const Call& call) {
  Shape shape = call.in[0].shape();
  Dim& last = shape[params(call).last()];
  const Dim half = dim_add(dim_floor_div(params(call).size[0], 2), 1);
  if (!is_symbolic(half) && !is_symbolic(last) && half != last) {
    fail<ValueError>(call, "half of " + std::to_string(params(call).size[0]) + " elements are " + std::to_string(half) +
                               ", not " + std::to_string(last));
  }
  last = params(call).size[0];
  check(call, true, shape);
  return {{real_of(call.in[0].dtype()), shape}};
}

constexpr PerIsa<const FftKernels (*)[2]> kKernels = TNP_PER_ISA(fft_kernels);

Strides in_elements(const Array& x) {
  Strides out = x.strides();
  for (std::int64_t& s : out) s /= x.itemsize();
  return out;
}

bool is_packed_row(const Shape& shape, const Axes& axes, const Strides& from, const Strides& to) {
  if (axes.size() != 1) return false;
  const auto axis = static_cast<int>(axes[0]);
  for (int i = 0; i < shape.ndim(); ++i) {
    if (i != axis && shape[i] != 1) return false;
  }
  return from[axis] == 1 && to[axis] == 1;
}

// Shorter rows stay in the caches as they are.
constexpr std::int64_t kLongRowFrom[2] = {1 << 14, 1 << 15};  // complex64, complex128

// As nearly square as n's factors allow; none where n has large ones, or where one of the sides would be short.
LongRowSplit long_row_split(std::int64_t n, bool wide) {
  if (n < kLongRowFrom[wide ? 1 : 0]) return {};
  std::int64_t rest = n;
  for (std::int64_t f : {2, 3, 5, 7, 11}) {
    while (rest % f == 0) rest /= f;
  }
  if (rest != 1) return {};
  const auto side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(n)));
  for (std::int64_t rows = side; rows > side / 4; --rows) {
    if (n % rows == 0) return {rows, n / rows};
  }
  return {};
}

// `real_shape`: of the real array, or of both.
Array transform(const Call& call, const OutputSpec& spec, const Shape& real_shape,
                void (*FftKernels::*kernel)(const FftArgs&)) {
  const FftParams& p = params(call);
  Array x = call.in[0];
  Array y = Array::empty(spec.dtype, spec.shape);
  if (y.shape().num_elements() == 0) return y;
  // Strides that are no multiples of an element (of a view of another type's memory) do not occur in tnp's own arrays.
  const Strides from = in_elements(x), to = in_elements(y);
  double n = 1;
  for (std::int64_t a : p.axes) n *= static_cast<double>(real_shape[static_cast<int>(a)]);
  const auto scale = static_cast<FftScale>(p.scale);
  FftArgs args{.ndim = x.ndim(),
               .num_axes = p.axes.size(),
               .shape = real_shape.data(),
               .in_strides = from.data(),
               .out_strides = to.data(),
               .axes = p.axes.data(),
               .in = x.data(),
               .out = y.data(),
               .forward = p.forward,
               .scale = scale == FftScale::none   ? 1
                        : scale == FftScale::root ? 1 / std::sqrt(n)
                                                  : 1 / n,
               .threads = in_parallel_region() || real_shape.num_elements() < 32768 ? 1 : get_num_threads(),
               .packed_row = is_packed_row(real_shape, p.axes, from, to)};
  const bool wide = spec.dtype == DType::float64 || spec.dtype == DType::complex128;
  // A row of real numbers is transformed as half as many complex ones (fft.ducc.cpp).
  if (args.packed_row && is_complex(spec.dtype)) {
    const std::int64_t size = real_shape[p.last()];
    args.long_row = is_complex(x.dtype()) ? long_row_split(size, wide)
                    : size % 2 == 0       ? long_row_split(size / 2, wide)
                                          : LongRowSplit{};
  }
  Array workspace;
  if (const LongRowSplit& split = args.long_row; split.rows > 0) {
    workspace = Array::empty(spec.dtype, {split.workspace()});
    args.workspace = workspace.data();
  }
  ((*kKernels.get())[wide ? 1 : 0].*kernel)(args);
  return y;
}

std::vector<Sample> samples(bool real_input, bool real_output) {
  std::vector<Sample> s;
  const auto add = [&](Shape shape, DType d, const Axes& axes, bool forward, FftScale scale) {
    const int last = static_cast<int>(axes[axes.size() - 1]);
    const std::int64_t n = shape[last];
    if (real_output) shape[last] = n / 2 + 1;
    const bool some = shape.num_elements() > 0;
    s.push_back(sample({shape}, d, make_params<FftParams>(axes, forward, scale, real_output ? Shape{n} : Shape{}),
                       some && shape.num_elements() <= 80));
  };
  for (DType wide : {DType::float32, DType::float64}) {
    const DType d = real_input ? wide : complex_of(wide);
    for (bool forward : {true, false}) {
      for (FftScale scale : {FftScale::none, FftScale::root, FftScale::full}) add({8}, d, {0}, forward, scale);
      for (std::int64_t n : {1, 2, 5, 11, 12}) add({2, n}, d, {1}, forward, FftScale::none);
      add({4, 3}, d, {0}, forward, FftScale::full);
      add({2, 3, 4}, d, {0, 2}, forward, FftScale::none);
      add({2, 4, 3}, d, {2, 1}, forward, FftScale::root);
      add({0, 4}, d, {1}, forward, FftScale::none);
      add({3, 97}, d, {1}, forward, FftScale::root);
      add({600}, d, {0}, forward, FftScale::root);
    }
  }
  return s;
}

Axes shifted(const Axes& axes) {
  Axes out;
  for (std::int64_t a : axes) out.push_back(a + 1);
  return out;
}

// Along the last transformed axis, of `n` elements whole: `ends` for the first element and, if there is one, that of
// half the rate; `inside` for the others, which stand for their conjugates too.
Array half_weights(const Array& like, int axis, Dim n, double ends, double inside) {
  const DType type = real_of(like.dtype());
  const Array k = iota(dim_add(dim_floor_div(n, 2), 1), DType::int64);
  const Array paired = logical_and(greater(k, 0), less(k * 2, dim_value(n, DType::int64)));
  const Array w = where_of(paired, astype(Array(inside), type), astype(Array(ends), type));
  Shape shape(like.ndim() - axis, 1);
  shape[0] = k.shape()[0];
  return reshape(w, shape);
}

const OpDef kC2c{
    .name = "fft_c2c",
    .doc = "Fourier transforms over axes, complex to complex.",
    .family = "fft",
    .infer = &infer_c2c,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const OutputSpec spec = infer_c2c(call)[0];
          out[0] = transform(call, spec, spec.shape, &FftKernels::c2c);
        },
    .vjp = +[](VjpCall& v) { v.result[0] = fft_c2c(v.cotangents[0], params(v.call).axes, params(v.call).adjoint()); },
    .batch =
        +[](BatchCall& b) {
          b.result = {fft_c2c(b.call.in[0], shifted(params(b.call).axes), params(b.call).kind())};
          b.result_batched = {true};
        },
    .samples = +[](const OpDef&) { return samples(false, false); },
    .oracle =
        "(np.fft.fftn if p.forward else np.fft.ifftn)(x[0], axes=p.axes, "
        "norm=['backward', 'ortho', 'forward'][p.scale if p.forward else 2 - p.scale])",
};
const RegisterOp c2c_registration(kC2c);

const OpDef kR2c{
    .name = "fft_r2c",
    .doc = "Fourier transforms of real arrays over axes, the first half of the last one.",
    .family = "fft",
    .infer = &infer_r2c,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{complex_of(call.in[0].dtype())}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const OutputSpec spec = infer_r2c(call)[0];
          out[0] = transform(call, spec, call.in[0].shape(), &FftKernels::r2c);
        },
    .vjp =
        +[](VjpCall& v) {
          const FftParams& p = params(v.call);
          const Dim n = v.call.in[0].shape()[p.last()];
          const Array weighted = v.cotangents[0] * half_weights(v.cotangents[0], p.last(), n, 1, 0.5);
          v.result[0] = fft_c2r(weighted, n, p.axes, p.adjoint());
        },
    .batch =
        +[](BatchCall& b) {
          b.result = {fft_r2c(b.call.in[0], shifted(params(b.call).axes), params(b.call).kind())};
          b.result_batched = {true};
        },
    .samples = +[](const OpDef&) { return samples(true, false); },
    .oracle =
        "(lambda y: y if p.forward else np.conj(y))(np.fft.rfftn(x[0], axes=p.axes, "
        "norm=['backward', 'ortho', 'forward'][p.scale])) if len(p.axes) == 1 or p.forward else "
        "np.take(np.fft.ifftn(x[0], axes=p.axes, norm=['forward', 'ortho', 'backward'][p.scale]), "
        "range(x[0].shape[p.axes[-1]] // 2 + 1), axis=p.axes[-1])",
};
const RegisterOp r2c_registration(kR2c);

const OpDef kC2r{
    .name = "fft_c2r",
    .doc = "Fourier transforms to real arrays over axes, of the first half of the last one.",
    .family = "fft",
    .infer = &infer_c2r,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{real_of(call.in[0].dtype())}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const OutputSpec spec = infer_c2r(call)[0];
          out[0] = transform(call, spec, spec.shape, &FftKernels::c2r);
        },
    .vjp =
        +[](VjpCall& v) {
          const FftParams& p = params(v.call);
          const Array y = fft_r2c(v.cotangents[0], p.axes, p.adjoint());
          v.result[0] = y * half_weights(y, p.last(), p.size[0], 1, 2);
        },
    .batch =
        +[](BatchCall& b) {
          const FftParams& p = params(b.call);
          b.result = {fft_c2r(b.call.in[0], p.size[0], shifted(p.axes), p.kind())};
          b.result_batched = {true};
        },
    .samples = +[](const OpDef&) { return samples(false, true); },
    .oracle =
        "np.fft.irfftn(np.conj(x[0]) if p.forward else x[0], "
        "[x[0].shape[a] for a in p.axes[:-1]] + [p.size[0]], p.axes, ['forward', 'ortho', 'backward'][p.scale])",
};
const RegisterOp c2r_registration(kC2r);

FftParams make(AxisList axes, const FftKind& kind) {
  FftParams p;
  p.set(Axes(axes), kind.forward, kind.scale);
  return p;
}

}  // namespace

Array fft_c2c(const Array& x, AxisList axes, const FftKind& kind) { return apply(kC2c, {&x, 1}, make(axes, kind)); }
Array fft_r2c(const Array& x, AxisList axes, const FftKind& kind) { return apply(kR2c, {&x, 1}, make(axes, kind)); }
Array fft_c2r(const Array& x, std::int64_t n, AxisList axes, const FftKind& kind) {
  FftParams p = make(axes, kind);
  p.size = Shape{n};
  return apply(kC2r, {&x, 1}, p);
}

}  // namespace tnp

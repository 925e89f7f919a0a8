// det and slogdet: determinants, by LU factors.
#include <cmath>
#include <limits>

#include "ops/linalg/stack.h"

namespace tnp {

namespace {

OutputSpecs infer_det(const Call& call) {
  check_matrices(call, 0, true);
  return {{call.in[0].dtype(), leading(call.in[0].shape())}};
}
OutputSpecs infer_slogdet(const Call& call) {
  check_matrices(call, 0, true);
  const Shape lead = leading(call.in[0].shape());
  return {{call.in[0].dtype(), lead}, {real_of(call.in[0].dtype()), lead}};
}

template <class T>
T unit_of(T x) {
  if constexpr (is_complex_v<T>) {
    const real_t<T> size = std::abs(x);
    return T(x.real() / size, x.imag() / size);
  } else {
    return x < 0 ? T(-1) : T(1);
  }
}

// Calls f(i, sign, log |det|) for each matrix; a singular one gives 0 and -inf.
template <class T, class F>
void for_determinants(const Array& x, F&& f) {
  using R = real_t<T>;
  lapack<T>();
  const Shape lead = leading(x.shape());
  const std::int64_t n = rows_of(x.shape());
  const MatrixStack<T> a(x, lead);
  const double operations = double(n) * double(n) * double(n) * 2 / 3;
  for_matrices(lead.num_elements(), operations, [&](std::int64_t begin, std::int64_t end) {
    const int size = lapack_int(n);
    Work<T> lu(n * n);
    Work<int> pivots(n);
    for (std::int64_t i = begin; i < end; ++i) {
      a.load(i, lu);
      if (n > 0 && factor_lu<T>(size, lu, pivots) > 0) {
        f(i, T(0), -std::numeric_limits<R>::infinity());
        continue;
      }
      T sign(1);
      R log_size(0);
      for (std::int64_t j = 0; j < n; ++j) {
        if (pivots[j] != j + 1) sign = -sign;
        const T d = lu[j * n + j];
        sign *= unit_of(d);
        log_size += std::log(std::abs(d));
      }
      f(i, sign, log_size);
    }
  });
}

void execute_det(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer_det(call);
  Array y = Array::empty(specs[0].dtype, specs[0].shape);
  out[0] = y;
  with_lapack_type(y.dtype(), [&]<class T>(T) {
    auto* to = reinterpret_cast<T*>(y.data());
    for_determinants<T>(call.in[0],
                        [&](std::int64_t i, T sign, real_t<T> log_size) { to[i] = sign * std::exp(log_size); });
  });
}

void execute_slogdet(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer_slogdet(call);
  for (int k = 0; k < 2; ++k) out[k] = Array::empty(specs[k].dtype, specs[k].shape);
  with_lapack_type(specs[0].dtype, [&]<class T>(T) {
    auto* signs = reinterpret_cast<T*>(out[0].data());
    auto* logs = reinterpret_cast<real_t<T>*>(out[1].data());
    for_determinants<T>(call.in[0], [&](std::int64_t i, T sign, real_t<T> log_size) {
      signs[i] = sign;
      logs[i] = log_size;
    });
  });
}

Array as_matrices(const Array& x) { return expand_dims(x, Axes{-1, -2}); }

void vjp_det(VjpCall& v) {
  const Array scale = v.cotangents[0] * conjugate_if_complex(v.outputs[0]);
  v.result[0] = as_matrices(scale) * adjoint(linalg_inv(v.call.in[0]));
}

// log |det| changes by the real part of tr(A⁻¹ dA), a complex sign turns by the imaginary one.
void vjp_slogdet(VjpCall& v) {
  const Array& a = v.call.in[0];
  Array scale = v.cotangents[1];
  if (is_complex(a.dtype())) {
    if (scale) scale = astype(scale, a.dtype());
    if (v.cotangents[0]) {
      const Array turn = imag(conjugate(v.cotangents[0]) * v.outputs[0]);
      const Array turned = multiply(astype(turn, a.dtype()), Scalar(std::complex<double>(0, -1)));
      scale = scale ? scale + turned : turned;
    }
  }
  if (scale) v.result[0] = as_matrices(scale) * adjoint(linalg_inv(a));
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
    for (const Shape& shape : {Shape{3, 3}, Shape{2, 2, 2}, Shape{0, 2, 2}, Shape{2, 0, 0}})
      s.push_back(sample({shape}, d, std::make_shared<NoParams>(), shape.num_elements() > 0));
  }
  return s;
}

const OpDef kDet{
    .name = "det",
    .doc = "Determinants.",
    .family = "linalg",
    .infer = &infer_det,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute_det,
    .vjp = &vjp_det,
    .batch = &batch_leading,
    .samples = &samples,
    .oracle = "np.linalg.det(x[0])",
};
const RegisterOp det_registration(kDet);

const OpDef kSlogdet{
    .name = "slogdet",
    .doc = "The sign of the determinant and the logarithm of its size.",
    .family = "linalg",
    .infer = &infer_slogdet,
    .infer_dtype =
        +[](const Call& call) { return std::vector<DType>{call.in[0].dtype(), real_of(call.in[0].dtype())}; },
    .execute = &execute_slogdet,
    .vjp = &vjp_slogdet,
    .batch = &batch_leading,
    .samples = &samples,
    .oracle = "tuple(np.linalg.slogdet(x[0]))",
};
const RegisterOp slogdet_registration(kSlogdet);

}  // namespace

Array linalg_det(const Array& a) { return apply(kDet, {&a, 1}); }
SignLogDet linalg_slogdet(const Array& a) {
  Arrays y = apply_multi(kSlogdet, {&a, 1});
  return {y[0], y[1]};
}

}  // namespace tnp

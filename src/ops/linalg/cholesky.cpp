// cholesky: the lower triangular factor of a Hermitian positive definite matrix.
#include "ops/linalg/stack.h"
#include "tnp/creation.h"

namespace tnp {

namespace {

OutputSpecs infer(const Call& call) {
  check_matrices(call, 0, true);
  return {{call.in[0].dtype(), call.in[0].shape()}};
}

// LAPACK reads our rows as columns, that is the transpose, of whose upper triangle it makes U with Uᴴ U = Aᵀ; and Uᵀ,
// which is what lies in our rows then, is the lower factor of A.
template <class T>
void factor(const Call& call, const T* from, std::int64_t row_stride, std::int64_t column_stride, std::int64_t n,
            T* to) {
  const int size = lapack_int(n);
  int info = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) to[i * n + j] = from[i * row_stride + j * column_stride];
    std::memset(static_cast<void*>(to + i * n + i + 1), 0, static_cast<std::size_t>(n - i - 1) * sizeof(T));
  }
  if (n == 0) return;
  lapack<T>().potrf("U", &size, to, &size, &info, 1);
  if (info > 0) fail<LinAlgError>(call, "Matrix is not positive definite");
}

void execute(const Call& call, std::span<Array> out) {
  infer(call);
  const Array& x = call.in[0];
  Array y = Array::empty(x.dtype(), x.shape());
  with_lapack_type(x.dtype(), [&]<class T>(T) {
    lapack<T>();
    const Shape lead = leading(x.shape());
    const MatrixStack<T> a(x, lead);
    const std::int64_t n = a.rows;
    auto* to = reinterpret_cast<T*>(y.data());
    constexpr double kThreaded = 2.5e9;  // OpenBLAS's parallel form pays late
    const auto run = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        factor(call, a.at(i), a.row_stride, a.column_stride, n, to + i * n * n);
    };
    for_matrices(lead.num_elements(), double(n) * double(n) * double(n) / 3, run, kThreaded);
  });
  out[0] = y;
}

// The matrix counts as Hermitian, so that its cotangent is.
void vjp(VjpCall& v) {
  const Array& l = v.outputs[0];
  const Array inner = scale_diagonal(tril(matmul(adjoint(l), v.cotangents[0])), 0.5);
  // L⁻ᴴ inner L⁻¹
  const Array left = linalg_triangular_solve(l, inner, {.lower = true, .adjoint = true});
  const Array g = adjoint(linalg_triangular_solve(l, adjoint(left), {.lower = true, .adjoint = true}));
  v.result[0] = multiply(g + adjoint(g), Scalar(0.5));
}

const OpDef kCholesky{
    .name = "cholesky",
    .doc = "The lower triangular factor L of L Lᴴ, from the lower triangles of Hermitian positive definite matrices.",
    .family = "linalg",
    .infer = &infer,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch_leading,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
            // tests/ops makes these positive definite.
            for (const Shape& shape : {Shape{3, 3}, Shape{2, 4, 4}, Shape{0, 2, 2}, Shape{2, 0, 0}})
              s.push_back(sample({shape}, d, std::make_shared<NoParams>(), false));
          }
          return s;
        },
    .oracle = "np.linalg.cholesky(x[0])",
};
const RegisterOp registration(kCholesky);

}  // namespace

Array linalg_cholesky(const Array& a) { return apply(kCholesky, {&a, 1}); }

}  // namespace tnp

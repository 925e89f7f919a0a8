// eig: eigenvalues and eigenvectors of any square matrices, always complex.
#include <cmath>

#include "ops/linalg/stack.h"
#include "tnp/creation.h"

namespace tnp {

namespace {

struct EigParams : ParamsOf<EigParams> {
  bool vectors = true;
  template <class V>
  void fields(V& v) {
    v("vectors", vectors);
  }
  void set(bool with_vectors) { vectors = with_vectors; }
};

OutputSpecs infer(const Call& call) {
  check_matrices(call, 0, true);
  const DType t = complex_of(call.in[0].dtype());
  const Shape& s = call.in[0].shape();
  OutputSpecs out{{t, leading(s, 1)}};
  if (params_of<EigParams>(call).vectors) out.push_back({t, s});
  return out;
}

template <class T>
class Eig {
 public:
  using R = real_t<T>;
  using C = std::complex<R>;
  Eig(const Call& call, std::int64_t n)
      : call_(call),
        n_(lapack_int(n)),
        job_(params_of<EigParams>(call).vectors ? 'V' : 'N'),
        a_(n * n),
        vectors_(job_ == 'V' ? n * n : 1),
        values_(is_complex_v<T> ? n : 2 * n),
        reals_(is_complex_v<T> ? 2 * n : 1) {
    T answer{};
    run(&answer);
    lwork_ = work_size(answer);
    work_.emplace(lwork_);
  }
  void decompose(const MatrixStack<T>& x, std::int64_t index, C* w, C* v) {
    x.load(index, a_);
    for (std::int64_t i = 0; i < std::int64_t(n_) * n_; ++i) {
      if (!std::isfinite(std::real(a_[i])) || !std::isfinite(std::imag(a_[i])))
        fail<LinAlgError>(call_, "Array must not contain infs or NaNs");
    }
    if (run(*work_) != 0) fail<LinAlgError>(call_, "Eigenvalues did not converge");
    store_values(w);
    if (v != nullptr) store_vectors(v);
  }

 private:
  int run(T* work) {
    int info = 0;
    const char none = 'N';
    const int one = 1;
    if constexpr (is_complex_v<T>) {
      lapack<T>().complex_geev(&none, &job_, &n_, a_, &n_, values_, nullptr, &one, vectors_, &n_, work, &lwork_, reals_,
                               &info, 1, 1);
    } else {
      lapack<T>().real_geev(&none, &job_, &n_, a_, &n_, values_, values_ + n_, nullptr, &one, vectors_, &n_, work,
                            &lwork_, &info, 1, 1);
    }
    return info;
  }
  void store_values(C* w) {
    for (int j = 0; j < n_; ++j) {
      if constexpr (is_complex_v<T>) {
        w[j] = values_[j];
      } else {
        w[j] = C(values_[j], values_[n_ + j]);
      }
    }
  }
  // A conjugate pair of eigenvectors of a real matrix comes as two columns, the real part and the imaginary one.
  void store_vectors(C* v) {
    const std::int64_t n = n_;
    if constexpr (is_complex_v<T>) {
      store_rows(n, n, vectors_.data(), n, v);
    } else {
      for (std::int64_t j = 0; j < n; ++j) {
        const T *first = vectors_.data() + j * n, *second = first + n;
        const bool pair = values_[n + j] != 0 && j + 1 < n;
        for (std::int64_t i = 0; i < n; ++i) {
          v[i * n + j] = C(first[i], pair ? second[i] : 0);
          if (pair) v[i * n + j + 1] = C(first[i], -second[i]);
        }
        if (pair) ++j;
      }
    }
  }

  const Call& call_;
  int n_;
  char job_;
  int lwork_ = -1;
  Work<T> a_, vectors_, values_;
  Work<R> reals_;
  std::optional<Work<T>> work_;
};

void execute(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer(call);
  const Array& x = call.in[0];
  for (std::size_t i = 0; i < specs.size(); ++i) out[i] = Array::empty(specs[i].dtype, specs[i].shape);
  const Shape lead = leading(x.shape());
  const std::int64_t n = rows_of(x.shape());
  if (n == 0) return;
  with_lapack_type(x.dtype(), [&]<class T>(T) {
    lapack<T>();
    using C = std::complex<real_t<T>>;
    const MatrixStack<T> a(x, lead);
    auto* w = reinterpret_cast<C*>(out[0].data());
    C* v = out.size() > 1 ? reinterpret_cast<C*>(out[1].data()) : nullptr;
    const double operations = double(n) * double(n) * double(n) * (v ? 25 : 10);
    for_matrices(lead.num_elements(), operations, [&](std::int64_t begin, std::int64_t end) {
      Eig<T> eig(call, n);
      for (std::int64_t i = begin; i < end; ++i) eig.decompose(a, i, w + i * n, v ? v + i * n * n : nullptr);
    });
  });
}

// Eigenvectors have length 1; their phase is free, so functions must not depend on it.
void vjp(VjpCall& v) {
  const Array& a = v.call.in[0];
  Array w = v.outputs[0], vectors, gv;
  if (params_of<EigParams>(v.call).vectors) {
    vectors = v.outputs[1];
    gv = v.cotangents[1];
  } else {
    const Arrays y = linalg_eig(a);
    w = y[0];
    vectors = y[1];
  }
  const Array h = adjoint(vectors);
  Array inner;
  if (v.cotangents[0]) inner = diagonal_matrix(v.cotangents[0]);
  if (gv) {
    const Array i = identity_like(real(w), w.shape()[w.ndim() - 1]);
    const Array overlap = matmul(h, gv);
    const std::int64_t rows[] = {overlap.ndim() - 2};
    const Array lengths = reduce_sum(real(overlap) * i, rows, true, i.dtype());  // the diagonal, as a row
    const Array turned = overlap - matmul(h, vectors * lengths);
    const Array gaps = conjugate(expand_dims(w, Axes{-2}) - expand_dims(w, Axes{-1})) + i;
    const Array turn = turned * (1 - i) / gaps;
    inner = inner ? inner + turn : turn;
  }
  const Array g = linalg_solve(vectors, matmul(inner, h), true);  // V⁻ᴴ inner Vᴴ
  v.result[0] = as_cotangent(g, a);
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
    for (const Shape& shape : {Shape{3, 3}, Shape{2, 2, 2}, Shape{2, 0, 0}}) {
      // In single precision eigenvectors may come with another sign than NumPy's, which are computed in double.
      if (itemsize(real_of(d)) == 8) s.push_back(sample({shape}, d, make_params<EigParams>(true), false));
      s.push_back(sample({shape}, d, make_params<EigParams>(false), shape.num_elements() > 0));
    }
  }
  return s;
}

const OpDef kEig{
    .name = "eig",
    .doc = "Eigenvalues and eigenvectors of square matrices, complex.",
    .family = "linalg",
    .infer = &infer,
    .infer_dtype =
        +[](const Call& call) {
          return std::vector<DType>(params_of<EigParams>(call).vectors ? 2 : 1, complex_of(call.in[0].dtype()));
        },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch_leading,
    .samples = &samples,
    .oracle =
        "[y.astype(np.result_type(x[0], np.complex64)) for y in "
        "(np.linalg.eig(x[0]) if p.vectors else [np.linalg.eigvals(x[0])])]",
};
const RegisterOp registration(kEig);

}  // namespace

Arrays linalg_eig(const Array& a, bool vectors) {
  EigParams p;
  p.set(vectors);
  return apply_multi(kEig, {&a, 1}, p);
}

}  // namespace tnp

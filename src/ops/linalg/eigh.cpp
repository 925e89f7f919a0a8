// eigh: eigenvalues and eigenvectors of Hermitian matrices.
#include "ops/linalg/stack.h"
#include "tnp/creation.h"

namespace tnp {

namespace {

struct EighParams : ParamsOf<EighParams> {
  bool upper = false, vectors = true;
  template <class V>
  void fields(V& v) {
    v("upper", upper);
    v("vectors", vectors);
  }
  void set(bool u, bool with_vectors) {
    upper = u;
    vectors = with_vectors;
  }
};

OutputSpecs infer(const Call& call) {
  check_matrices(call, 0, true);
  const DType t = call.in[0].dtype();
  const Shape& s = call.in[0].shape();
  OutputSpecs out{{real_of(t), leading(s, 1)}};
  if (params_of<EighParams>(call).vectors) out.push_back({t, s});
  return out;
}

template <class T>
class Eigh {
 public:
  using R = real_t<T>;
  Eigh(const Call& call, std::int64_t n)
      : call_(call),
        n_(lapack_int(n)),
        job_(params_of<EighParams>(call).vectors ? 'V' : 'N'),
        uplo_(params_of<EighParams>(call).upper ? 'U' : 'L'),
        a_(n * n) {
    T answer{};
    R reals{};
    int integers = 0;
    run(nullptr, &answer, &reals, &integers);
    lwork_ = work_size(answer);
    lrwork_ = is_complex_v<T> ? work_size(reals) : 1;
    liwork_ = std::max(integers, 1);
    work_.emplace(lwork_);
    reals_.emplace(lrwork_);
    integers_.emplace(liwork_);
  }
  void decompose(const MatrixStack<T>& x, std::int64_t index, R* w) {
    x.load(index, a_);
    if (run(w, *work_, *reals_, *integers_) != 0) fail<LinAlgError>(call_, "Eigenvalues did not converge");
  }
  const T* vectors() { return a_; }

 private:
  int run(R* w, T* work, [[maybe_unused]] R* reals, int* integers) {
    int info = 0;
    if constexpr (is_complex_v<T>) {
      lapack<T>().heevd(&job_, &uplo_, &n_, a_, &n_, w, work, &lwork_, reals, &lrwork_, integers, &liwork_, &info, 1,
                        1);
    } else {
      lapack<T>().syevd(&job_, &uplo_, &n_, a_, &n_, w, work, &lwork_, integers, &liwork_, &info, 1, 1);
    }
    return info;
  }
  const Call& call_;
  int n_;
  char job_, uplo_;
  int lwork_ = -1, lrwork_ = -1, liwork_ = -1;
  Work<T> a_;
  std::optional<Work<T>> work_;
  std::optional<Work<R>> reals_;
  std::optional<Work<int>> integers_;
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
    const MatrixStack<T> a(x, lead);
    auto* w = reinterpret_cast<real_t<T>*>(out[0].data());
    T* v = out.size() > 1 ? reinterpret_cast<T*>(out[1].data()) : nullptr;
    const double operations = double(n) * double(n) * double(n) * (v ? 9 : 4);
    for_matrices(lead.num_elements(), operations, [&](std::int64_t begin, std::int64_t end) {
      Eigh<T> eigh(call, n);
      for (std::int64_t i = begin; i < end; ++i) {
        eigh.decompose(a, i, w + i * n);
        if (v != nullptr) store_rows(n, n, eigh.vectors(), n, v + i * n * n);
      }
    });
  });
}

// The matrix counts as Hermitian, so that its cotangent is. For complex matrices, where vectors have a free phase, of
// functions that do not depend on it.
void vjp(VjpCall& v) {
  const auto& p = params_of<EighParams>(v.call);
  Array w = v.outputs[0], vectors, gv;
  if (p.vectors) {
    vectors = v.outputs[1];
    gv = v.cotangents[1];
  } else {
    const Arrays y = linalg_eigh(v.call.in[0], p.upper);
    w = y[0];
    vectors = y[1];
  }
  Array inner;
  if (v.cotangents[0]) inner = astype(diagonal_matrix(v.cotangents[0]), vectors.dtype());
  if (gv) {
    const Array i = identity_like(w, w.shape()[w.ndim() - 1]);
    const Array gaps = expand_dims(w, Axes{-2}) - expand_dims(w, Axes{-1}) + i;
    const Array turn = matmul(adjoint(vectors), gv) * ((1 - i) / gaps);
    inner = inner ? inner + turn : turn;
  }
  const Array g = matmul(matmul(vectors, inner), adjoint(vectors));
  v.result[0] = multiply(g + adjoint(g), Scalar(0.5));
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
    for (const Shape& shape : {Shape{3, 3}, Shape{2, 2, 2}, Shape{2, 0, 0}}) {
      for (bool upper : {false, true}) {
        for (bool vectors : {false, true})
          s.push_back(sample({shape}, d, make_params<EighParams>(upper, vectors), false));
      }
    }
  }
  return s;
}

const OpDef kEigh{
    .name = "eigh",
    .doc = "Eigenvalues, in ascending order, and eigenvectors of Hermitian matrices, from one triangle.",
    .family = "linalg",
    .infer = &infer,
    .infer_dtype =
        +[](const Call& call) {
          const DType t = call.in[0].dtype();
          return params_of<EighParams>(call).vectors ? std::vector<DType>{real_of(t), t}
                                                     : std::vector<DType>{real_of(t)};
        },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch_leading,
    .samples = &samples,
    .oracle = "tuple(np.linalg.eigh(x[0], 'LU'[p.upper])) if p.vectors else np.linalg.eigvalsh(x[0], 'LU'[p.upper])",
};
const RegisterOp registration(kEigh);

}  // namespace

Arrays linalg_eigh(const Array& a, bool upper, bool vectors) {
  EighParams p;
  p.set(upper, vectors);
  return apply_multi(kEigh, {&a, 1}, p);
}

}  // namespace tnp

// svd: singular values and vectors.
#include "ops/linalg/stack.h"
#include "tnp/creation.h"

namespace tnp {

namespace {

struct SvdParams : ParamsOf<SvdParams> {
  bool full_matrices = true, vectors = true;
  template <class V>
  void fields(V& v) {
    v("full_matrices", full_matrices);
    v("vectors", vectors);
  }
  void set(bool full, bool with_vectors) {
    full_matrices = full;
    vectors = with_vectors;
  }
};

OutputSpecs infer(const Call& call) {
  check_matrices(call, 0, false);
  const auto& p = params_of<SvdParams>(call);
  const DType t = call.in[0].dtype();
  const Shape& shape = call.in[0].shape();
  const Shape lead = leading(shape);
  const Dim m = rows_of(shape), n = columns_of(shape), k = dim_min(m, n);
  const OutputSpec s{real_of(t), with_tail(lead, {k})};
  if (!p.vectors) return {s};
  return {{t, with_tail(lead, {m, p.full_matrices ? m : k})}, s, {t, with_tail(lead, {p.full_matrices ? n : k, n})}};
}

template <class T>
class Svd {
 public:
  using R = real_t<T>;
  Svd(const Call& call, std::int64_t m, std::int64_t n, std::int64_t u_columns, std::int64_t v_rows, char job)
      : call_(call),
        m_(lapack_int(m)),
        n_(lapack_int(n)),
        v_rows_(lapack_int(std::max<std::int64_t>(v_rows, 1))),
        job_(job),
        a_(m * n),
        u_(m * u_columns),
        vt_(v_rows * n),
        integers_(8 * std::min(m, n)),
        reals_(is_complex_v<T> ? real_work(m, n) : 0) {
    T answer{};
    lwork_ = -1;
    run(&answer, a_.data(), nullptr);
    lwork_ = work_size(answer);
    work_.emplace(lwork_);
  }
  void decompose(const MatrixStack<T>& x, std::int64_t index, R* s) {
    x.load(index, a_);
    if (run(*work_, a_.data(), s) != 0) fail<LinAlgError>(call_, "SVD did not converge");
  }
  const T* u() { return u_; }
  const T* vt() { return vt_; }
  int v_rows() const { return v_rows_; }

 private:
  std::int64_t real_work(std::int64_t m, std::int64_t n) const {
    const std::int64_t least = std::min(m, n), most = std::max(m, n);
    return job_ == 'N' ? 7 * least : least * std::max(5 * least + 7, 2 * most + 2 * least + 1);
  }
  int run(T* work, T* a, R* s) {
    int info = 0;
    const auto& f = lapack<T>();
    if constexpr (is_complex_v<T>) {
      f.complex_gesdd(&job_, &m_, &n_, a, &m_, s, u_, &m_, vt_, &v_rows_, work, &lwork_, reals_, integers_, &info, 1);
    } else {
      f.real_gesdd(&job_, &m_, &n_, a, &m_, s, u_, &m_, vt_, &v_rows_, work, &lwork_, integers_, &info, 1);
    }
    return info;
  }

  const Call& call_;
  int m_, n_, v_rows_;
  char job_;
  int lwork_ = -1;
  Work<T> a_, u_, vt_;
  Work<int> integers_;
  Work<R> reals_;
  std::optional<Work<T>> work_;
};

template <class T>
void store_identities(std::int64_t count, std::int64_t rows, std::int64_t columns, T* to) {
  for (std::int64_t c = 0; c < count; ++c)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) *to++ = T(i == j ? 1 : 0);
}

void execute(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer(call);
  const auto& p = params_of<SvdParams>(call);
  const Array& x = call.in[0];
  for (std::size_t i = 0; i < specs.size(); ++i) out[i] = Array::empty(specs[i].dtype, specs[i].shape);
  const Shape lead = leading(x.shape());
  const std::int64_t m = rows_of(x.shape()), n = columns_of(x.shape()), k = std::min(m, n);
  const std::int64_t u_columns = p.vectors ? columns_of(specs[0].shape) : 0;
  const std::int64_t v_rows = p.vectors ? rows_of(specs[2].shape) : 0;
  const char job = !p.vectors ? 'N' : p.full_matrices ? 'A' : 'S';
  with_lapack_type(x.dtype(), [&]<class T>(T) {
    lapack<T>();
    auto* s = reinterpret_cast<real_t<T>*>(out[p.vectors ? 1 : 0].data());
    T* u = p.vectors ? reinterpret_cast<T*>(out[0].data()) : nullptr;
    T* vh = p.vectors ? reinterpret_cast<T*>(out[2].data()) : nullptr;
    if (k == 0) {
      store_identities(lead.num_elements(), m, u_columns, u);
      store_identities(lead.num_elements(), v_rows, n, vh);
      return;
    }
    const MatrixStack<T> a(x, lead);
    const double operations = double(m) * double(n) * double(k) * (p.vectors ? 12 : 4);
    for_matrices(lead.num_elements(), operations, [&](std::int64_t begin, std::int64_t end) {
      Svd<T> svd(call, m, n, u_columns, v_rows, job);
      for (std::int64_t i = begin; i < end; ++i) {
        svd.decompose(a, i, s + i * k);
        if (!p.vectors) continue;
        store_rows(m, u_columns, svd.u(), m, u + i * m * u_columns);
        store_rows(v_rows, n, svd.vt(), v_rows, vh + i * v_rows * n);
      }
    });
  });
}

// 1 / (s_j² - s_i²), and 0 on the diagonal.
Array inverse_gaps(const Array& s) {
  const Array squares = s * s;
  const Array i = identity_like(s, s.shape()[s.ndim() - 1]);
  return (1 - i) / (expand_dims(squares, Axes{-2}) - expand_dims(squares, Axes{-1}) + i);
}

Array skew(const Array& x) { return x - adjoint(x); }

struct Factors {
  Array u, s, vh;
};

// Of the first min(m, n) vectors. `narrow`: there are columns that U does not reach, or rows that Vᴴ does not. For
// complex matrices, where vectors have a free phase, of functions that do not depend on it.
Array svd_cotangent(const Factors& f, const Factors& g, bool narrow_u, bool narrow_vh) {
  const Array &u = f.u, &s = f.s, &vh = f.vh;
  const Array row = expand_dims(s, Axes{-2}), column = expand_dims(s, Axes{-1});
  Array inner;
  const auto add = [&](const Array& term) { inner = inner ? inner + term : term; };
  if (g.s) add(astype(diagonal_matrix(g.s), u.dtype()));
  if (g.u) {
    const Array turn = skew(matmul(adjoint(u), g.u));
    add(turn * inverse_gaps(s) * row);
    if (is_complex(u.dtype())) add(turn * identity_like(s, s.shape()[s.ndim() - 1]) / (2 * row));
  }
  if (g.vh) add(column * (skew(matmul(vh, adjoint(g.vh))) * inverse_gaps(s)));
  Array left = matmul(u, inner);
  if (g.u && narrow_u) {
    const Array scaled = g.u / row;
    left = left + scaled - matmul(u, matmul(adjoint(u), scaled));
  }
  Array result = matmul(left, vh);
  if (g.vh && narrow_vh) {
    const Array scaled = g.vh / column;
    result = result + matmul(u, scaled - matmul(matmul(scaled, adjoint(vh)), vh));
  }
  return result;
}

void vjp(VjpCall& v) {
  const auto& p = params_of<SvdParams>(v.call);
  const Array& a = v.call.in[0];
  const Dim m = rows_of(a.shape()), n = columns_of(a.shape());
  Factors g{p.vectors ? v.cotangents[0] : Array(), v.cotangents[p.vectors ? 1 : 0],
            p.vectors ? v.cotangents[2] : Array()};
  const bool vectors_needed = g.u || g.vh;
  if (!p.vectors || (p.full_matrices && m != n && !vectors_needed)) {
    const Arrays y = linalg_svd(a, false);
    v.result[0] = svd_cotangent({y[0], y[1], y[2]}, g, false, false);
    return;
  }
  const Factors f{v.outputs[0], v.outputs[1], v.outputs[2]};
  if (!p.full_matrices) {
    const Dim k = f.s.shape()[f.s.ndim() - 1];
    v.result[0] = svd_cotangent(f, g, m != k, n != k);
    return;
  }
  // With sizes that are not known yet the products of a matrix that is not square do not fit, which is an error too.
  if (m != n && !is_symbolic(m) && !is_symbolic(n)) {
    fail<ValueError>(v.call,
                     "full_matrices=True of a matrix that is not square gives vectors without a derivative: use "
                     "full_matrices=False");
  }
  v.result[0] = svd_cotangent(f, g, false, false);
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
    for (const Shape& shape : {Shape{3, 3}, Shape{4, 2}, Shape{2, 3}, Shape{2, 3, 2}, Shape{0, 2}, Shape{2, 0}}) {
      const bool square = shape.ndim() == 2 && shape[0] == shape[1], some = shape.num_elements() > 0;
      // The phase of complex vectors is free, so that they have no derivative by themselves.
      s.push_back(sample({shape}, d, make_params<SvdParams>(true, true), some && square && !is_complex(d)));
      s.push_back(sample({shape}, d, make_params<SvdParams>(false, true), some && !is_complex(d)));
      s.push_back(sample({shape}, d, make_params<SvdParams>(false, false), some));
    }
  }
  return s;
}

const OpDef kSvd{
    .name = "svd",
    .doc = "U, s and Vᴴ with U diag(s) Vᴴ = A; or s alone.",
    .family = "linalg",
    .infer = &infer,
    .infer_dtype =
        +[](const Call& call) {
          const DType t = call.in[0].dtype();
          return params_of<SvdParams>(call).vectors ? std::vector<DType>{t, real_of(t), t}
                                                    : std::vector<DType>{real_of(t)};
        },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch_leading,
    .samples = &samples,
    .oracle =
        "(lambda y: tuple(y) if p.vectors else y)"
        "(np.linalg.svd(x[0], full_matrices=p.full_matrices, compute_uv=p.vectors))",
};
const RegisterOp registration(kSvd);

}  // namespace

Arrays linalg_svd(const Array& a, bool full_matrices, bool vectors) {
  SvdParams p;
  p.set(full_matrices, vectors);
  return apply_multi(kSvd, {&a, 1}, p);
}

}  // namespace tnp

// qr: orthogonal times triangular.
#include "ops/linalg/stack.h"
#include "tnp/creation.h"

namespace tnp {

namespace {

struct QrParams : ParamsOf<QrParams> {
  std::int64_t mode = 0;  // a QrMode
  template <class V>
  void fields(V& v) {
    v("mode", mode);
  }
  void set(QrMode m) { mode = static_cast<std::int64_t>(m); }
};

QrMode mode_of(const Call& call) { return static_cast<QrMode>(params_of<QrParams>(call).mode); }

OutputSpecs infer(const Call& call) {
  check_matrices(call, 0, false);
  const DType t = call.in[0].dtype();
  const Shape& s = call.in[0].shape();
  const Shape lead = leading(s);
  const Dim m = rows_of(s), n = columns_of(s), k = dim_min(m, n);
  switch (mode_of(call)) {
    case QrMode::reduced:
      return {{t, with_tail(lead, {m, k})}, {t, with_tail(lead, {k, n})}};
    case QrMode::complete:
      return {{t, with_tail(lead, {m, m})}, {t, with_tail(lead, {m, n})}};
    case QrMode::r:
      return {{t, with_tail(lead, {k, n})}};
    case QrMode::raw:
      break;
  }
  return {{t, with_tail(lead, {n, m})}, {t, with_tail(lead, {k})}};
}

// Householder vectors below R, in columns; `a` has room for the columns of Q.
template <class T>
class Householder {
 public:
  Householder(std::int64_t m, std::int64_t n, std::int64_t columns)
      : m_(m), n_(n), k_(std::min(m, n)), a_(m * std::max(n, columns)), tau_(k_) {
    const int rows = lapack_int(m), cols = lapack_int(n), wide = lapack_int(std::max<std::int64_t>(columns, 1)),
              reflectors = static_cast<int>(k_), ask = -1;
    int info = 0;
    T first{}, second{};
    if (k_ > 0) {
      lapack<T>().geqrf(&rows, &cols, a_, &rows, tau_, &first, &ask, &info);
      if (columns > 0) lapack<T>().orgqr(&rows, &wide, &reflectors, a_, &rows, tau_, &second, &ask, &info);
    }
    work_size_ = std::max({work_size(first), work_size(second), std::max(cols, wide)});
    work_.emplace(work_size_);
  }
  void factor(const MatrixStack<T>& x, std::int64_t index) {
    x.load(index, a_);
    const int rows = static_cast<int>(m_), cols = static_cast<int>(n_);
    int info = 0;
    if (k_ > 0) lapack<T>().geqrf(&rows, &cols, a_, &rows, tau_, *work_, &work_size_, &info);
  }
  void form_q(std::int64_t columns, T* to) {
    const int rows = static_cast<int>(m_), wide = static_cast<int>(columns), reflectors = static_cast<int>(k_);
    int info = 0;
    if (columns == 0) return;
    if (k_ == 0) {  // nothing was reflected
      for (std::int64_t i = 0; i < m_; ++i)
        for (std::int64_t j = 0; j < columns; ++j) to[i * columns + j] = T(i == j ? 1 : 0);
      return;
    }
    lapack<T>().orgqr(&rows, &wide, &reflectors, a_, &rows, tau_, *work_, &work_size_, &info);
    store_rows(m_, columns, a_.data(), m_, to);
  }
  void store_r(std::int64_t rows, T* to) {
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < n_; ++j) to[i * n_ + j] = i <= j && i < m_ ? a_[j * m_ + i] : T(0);
  }
  const T* columns() { return a_; }
  const T* tau() { return tau_; }

 private:
  std::int64_t m_, n_, k_;
  Work<T> a_, tau_;
  int work_size_ = 1;
  std::optional<Work<T>> work_;
};

void execute(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer(call);
  const Array& x = call.in[0];
  const QrMode mode = mode_of(call);
  for (std::size_t i = 0; i < specs.size(); ++i) out[i] = Array::empty(specs[i].dtype, specs[i].shape);
  const Shape lead = leading(x.shape());
  const std::int64_t m = rows_of(x.shape()), n = columns_of(x.shape()), k = std::min(m, n);
  const std::int64_t q_columns = mode == QrMode::complete ? m : mode == QrMode::reduced ? k : 0;
  with_lapack_type(x.dtype(), [&]<class T>(T) {
    lapack<T>();
    const MatrixStack<T> a(x, lead);
    auto* first = reinterpret_cast<T*>(out[0].data());
    auto* second = out.size() > 1 ? reinterpret_cast<T*>(out[1].data()) : nullptr;
    const double operations = 2 * double(k) * double(m) * double(n + q_columns);
    for_matrices(lead.num_elements(), operations, [&](std::int64_t begin, std::int64_t end) {
      Householder<T> h(m, n, q_columns);
      for (std::int64_t i = begin; i < end; ++i) {
        h.factor(a, i);
        if (mode == QrMode::raw) {
          std::memcpy(static_cast<void*>(first + i * m * n), h.columns(), static_cast<std::size_t>(m * n) * sizeof(T));
          std::memcpy(static_cast<void*>(second + i * k), h.tau(), static_cast<std::size_t>(k) * sizeof(T));
        } else if (mode == QrMode::r) {
          h.store_r(k, first + i * k * n);
        } else {
          h.store_r(q_columns, second + i * q_columns * n);
          h.form_q(q_columns, first + i * m * q_columns);
        }
      }
    });
  });
}

Array columns_from(const Array& x, Dim start, Dim count) {
  std::vector<SliceSpec> specs;
  for (Dim d : x.shape()) specs.push_back({0, 1, d});
  specs.back() = {start, 1, count};
  return slice(x, specs);
}

// X + Xᴴ of an upper triangle, the diagonal halved: what dR R⁻¹, upper triangular with a real diagonal, leaves of a
// cotangent.
Array fold_triangle(const Array& x) {
  const Array upper = triu(x);
  return scale_diagonal(upper + adjoint(upper), 0.5);
}

// With A = [A₁ A₂], A₁ of k = min(m, n) columns: Q and R₁ are those of A₁, and R₂ = Qᴴ A₂.
void vjp(VjpCall& v) {
  const Array& a = v.call.in[0];
  const QrMode mode = mode_of(v.call);
  if (mode == QrMode::raw) fail<ValueError>(v.call, "mode 'raw' has no derivative; use 'reduced'");
  const Dim m = rows_of(a.shape()), n = columns_of(a.shape()), k = dim_min(m, n);
  const bool wide = n != k;
  // With sizes that are not known yet the products of a matrix with more rows do not fit, which is an error too.
  const bool tall = k != m && !is_symbolic(m) && !is_symbolic(n);
  if (mode == QrMode::complete && v.cotangents[0] && tall)
    fail<ValueError>(v.call, "Q of mode 'complete' has a derivative only where there are no more rows than columns");
  Array q, r, gq, gr;
  if (mode == QrMode::r || (mode == QrMode::complete && !v.cotangents[0])) {
    const Arrays qr = linalg_qr(a, QrMode::reduced);
    q = qr[0];
    r = qr[1];
    gr = v.cotangents[mode == QrMode::r ? 0 : 1];
    if (mode == QrMode::complete) gr = matrix_transpose(columns_from(matrix_transpose(gr), 0, k));
  } else {
    q = v.outputs[0];
    r = v.outputs[1];
    gq = v.cotangents[0];
    gr = v.cotangents[1];
  }
  Array rest;
  if (wide && gr) {
    const Array gr2 = columns_from(gr, k, dim_sub(n, k)), a2 = columns_from(a, k, dim_sub(n, k));
    const Array from_r2 = matmul(a2, adjoint(gr2));
    gq = gq ? gq + from_r2 : from_r2;
    rest = matmul(q, gr2);
    gr = columns_from(gr, 0, k);
  }
  const Array r1 = wide ? columns_from(r, 0, k) : r;
  Array inner = gr ? matmul(gr, adjoint(r1)) : Array();
  if (gq) {
    const Array turn = matmul(adjoint(q), gq);
    inner = inner ? inner - turn : negative(turn);
  }
  Array g = matmul(q, fold_triangle(inner));
  if (gq) g = g + gq;
  g = adjoint(linalg_triangular_solve(r1, adjoint(g), {.lower = false}));  // g R₁⁻ᴴ
  if (wide) {
    if (!rest) rest = zeros(with_tail(leading(a.shape()), {m, dim_sub(n, k)}), a.dtype());
    const Array both[] = {g, rest};
    g = concatenate(both, a.ndim() - 1);
  }
  v.result[0] = g;
}

std::vector<Sample> samples(const OpDef&) {
  std::vector<Sample> s;
  for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
    for (QrMode mode : {QrMode::reduced, QrMode::complete, QrMode::r, QrMode::raw}) {
      for (const Shape& shape : {Shape{3, 3}, Shape{4, 2}, Shape{2, 3}, Shape{2, 3, 2}, Shape{0, 2}, Shape{2, 0}}) {
        const bool smooth = shape.num_elements() > 0 && mode != QrMode::raw &&
                            (mode != QrMode::complete || shape.ndim() == 2) &&
                            !(mode == QrMode::complete && shape[0] > shape[1]);
        s.push_back(sample({shape}, d, make_params<QrParams>(mode), smooth));
      }
    }
  }
  return s;
}

const OpDef kQr{
    .name = "qr",
    .doc = "Orthonormal columns Q and an upper triangle R with Q R = A.",
    .family = "linalg",
    .infer = &infer,
    .infer_dtype =
        +[](const Call& call) { return std::vector<DType>(mode_of(call) == QrMode::r ? 1 : 2, call.in[0].dtype()); },
    .execute = &execute,
    .vjp = &vjp,
    .batch = &batch_leading,
    .samples = &samples,
    .oracle =
        "(lambda y: y if p.mode == 2 else tuple(y))"
        "(np.linalg.qr(x[0], ['reduced', 'complete', 'r', 'raw'][p.mode]))",
};
const RegisterOp registration(kQr);

}  // namespace

Arrays linalg_qr(const Array& a, QrMode mode) {
  QrParams p;
  p.set(mode);
  return apply_multi(kQr, {&a, 1}, p);
}

}  // namespace tnp

// pinv and lstsq: the pseudo-inverse, and what it gives of a right-hand side.
#include <limits>

#include "ir/observer.h"
#include "ops/linalg/stack.h"
#include "tnp/creation.h"
#include "tnp/numeric.h"

namespace tnp {

namespace {

// --- pinv

struct PinvParams : ParamsOf<PinvParams> {
  bool hermitian = false;
  template <class V>
  void fields(V& v) {
    v("hermitian", hermitian);
  }
  void set(bool h) { hermitian = h; }
};

OutputSpecs infer_pinv(const Call& call) {
  check_matrices(call, 0, params_of<PinvParams>(call).hermitian);
  const Shape& s = call.in[0].shape();
  Shape lead;
  if (!try_broadcast(leading(s), call.in[1].shape(), lead)) {
    fail<ValueError>(call, "operands could not be broadcast together with shapes " + leading(s).str() + " " +
                               call.in[1].shape().str());
  }
  return {{call.in[0].dtype(), with_tail(lead, {columns_of(s), rows_of(s)})}};
}

// 1 / x where |x| is above the cutoff, else 0.
Array inverse_above(const Array& x, const Array& size, const Array& rtol) {
  const std::int64_t last[] = {x.ndim() - 1};
  const Array cutoff = expand_dims(rtol, Axes{-1}) * reduce_max(size, last, true);
  const Array large = greater(size, cutoff);
  const Array one = Array(1.0);
  return where_of(large, divide(astype(one, x.dtype()), where_of(large, x, astype(one, x.dtype()))),
                  Array(astype(Array(0.0), x.dtype())));
}

void execute_pinv(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer_pinv(call);
  const ObserversPaused paused;  // its derivative is its own, not that of the decomposition
  const Array &a = call.in[0], &rtol = call.in[1];
  if (specs[0].shape.num_elements() == 0) {
    out[0] = Array::empty(specs[0].dtype, specs[0].shape);
    return;
  }
  Array left, values, right;
  if (params_of<PinvParams>(call).hermitian) {
    const Arrays y = linalg_eigh(a, false);
    values = inverse_above(y[0], absolute(y[0]), rtol);
    left = y[1];
    right = adjoint(y[1]);
  } else {
    const Arrays y = linalg_svd(a, false);
    values = inverse_above(y[1], y[1], rtol);
    left = adjoint(y[2]);
    right = adjoint(y[0]);
  }
  out[0] = matmul(left * expand_dims(values, Axes{-2}), right);
}

// dP = -P dA P + P Pᴴ dAᴴ (1 - A P) + (1 - P A) dAᴴ Pᴴ P, as long as the rank stays the same.
void vjp_pinv(VjpCall& v) {
  if (!v.needed[0]) return;
  const Array &a = v.call.in[0], &p = v.outputs[0];
  const Array h = adjoint(p), g = adjoint(v.cotangents[0]);
  const Array first = matmul(matmul(h, v.cotangents[0]), h);
  const Array gp = matmul(g, p), pg = matmul(p, g);
  const Array second = matmul(g - matmul(a, pg), matmul(p, h));
  const Array third = matmul(matmul(h, p), g - matmul(gp, a));
  Array result = second + third - first;
  if (params_of<PinvParams>(v.call).hermitian) result = multiply(result + adjoint(result), Scalar(0.5));
  v.result[0] = as_cotangent(result, a);
}

void batch_pinv(BatchCall& b) {
  const Array a = b.call.in[0];
  Array rtol = b.call.in[1];
  const int lead = a.ndim() - 2 - (b.batched[0] ? 1 : 0);
  if (b.batched[1]) {
    Shape shape = rtol.shape();
    while (shape.ndim() < lead + 1) shape.insert(1, 1);
    rtol = reshape(rtol, shape);
  }
  Array matrices = a;
  if (b.batched[0]) {
    const int wanted = b.call.in[1].ndim() - (b.batched[1] ? 1 : 0);
    Shape shape = a.shape();
    for (int have = lead; have < wanted; ++have) shape.insert(1, 1);
    matrices = reshape(a, shape);
  }
  b.result = {linalg_pinv(matrices, rtol, params_of<PinvParams>(b.call).hermitian)};
  b.result_batched = {true};
}

const OpDef kPinv{
    .name = "pinv",
    .doc = "Pseudo-inverses; singular values up to a share of the largest count as zeros.",
    .family = "linalg",
    .num_inputs = 2,
    .infer = &infer_pinv,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{call.in[0].dtype()}; },
    .execute = &execute_pinv,
    .vjp = &vjp_pinv,
    .batch = &batch_pinv,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
            for (const Shape& shape : {Shape{3, 3}, Shape{4, 2}, Shape{2, 3}, Shape{2, 3, 2}, Shape{0, 2}}) {
              Sample each = sample({shape}, d, make_params<PinvParams>(false), shape.num_elements() > 0);
              each.inputs.push_back({real_of(d), {}});
              each.low = 0;  // the second input is a small share
              each.high = 0.1;
              s.push_back(each);
            }
          }
          return s;
        },
    .oracle = "np.linalg.pinv(x[0], rtol=x[1])",
};
const RegisterOp pinv_registration(kPinv);

// --- lstsq

struct LstsqParams : ParamsOf<LstsqParams> {
  bool by_size = false;  // the precision times the larger size instead of rcond
  double rcond = 0;      // negative: the precision
  template <class V>
  void fields(V& v) {
    v("by_size", by_size);
    v("rcond", rcond);
  }
  void set(std::optional<double> r) {
    by_size = !r;
    rcond = r.value_or(0);
  }
};

double precision(DType dtype) { return real_of(dtype) == DType::float32 ? 0x1p-23 : 0x1p-52; }

OutputSpecs infer_lstsq(const Call& call) {
  check_matrices(call, 0, false);
  check_matrices(call, 1, false);
  const Shape &a = call.in[0].shape(), &b = call.in[1].shape();
  if (call.in[0].dtype() != call.in[1].dtype()) fail<TypeError>(call, "the types differ");
  const Dim m = rows_of(a), n = columns_of(a);
  if (m != rows_of(b) && !is_symbolic(m) && !is_symbolic(rows_of(b)))
    fail<LinAlgError>(call, "Incompatible dimensions");
  Shape lead;
  if (!try_broadcast(leading(a), leading(b), lead))
    fail<ValueError>(call, "operands could not be broadcast together with shapes " + a.str() + " " + b.str());
  const DType t = call.in[0].dtype();
  return {
      {t, with_tail(lead, {n, columns_of(b)})}, {DType::int32, lead}, {real_of(t), with_tail(lead, {dim_min(m, n)})}};
}

template <class T>
class Gelsd {
 public:
  using R = real_t<T>;
  Gelsd(const Call& call, std::int64_t m, std::int64_t n, std::int64_t k)
      : call_(call),
        m_(lapack_int(m)),
        n_(lapack_int(n)),
        k_(lapack_int(k)),
        ldb_(std::max({m_, n_, 1})),
        rcond_(params_of<LstsqParams>(call).by_size ? std::numeric_limits<R>::epsilon() * static_cast<R>(std::max(m, n))
                                                    : static_cast<R>(params_of<LstsqParams>(call).rcond)),
        a_(m * n),
        b_(ldb_ * k),
        s_(std::min(m, n)) {
    T answer{};
    R reals{};
    int integers = 0, rank = 0;
    run(&answer, &reals, &integers, &rank);
    lwork_ = work_size(answer);
    work_.emplace(lwork_);
    reals_.emplace(is_complex_v<T> ? work_size(reals) : 1);
    integers_.emplace(std::max(integers, 1));
  }
  void solve(const MatrixStack<T>& a, const MatrixStack<T>& b, std::int64_t index, T* x, int* rank, R* s) {
    a.load(index, a_);
    b.load(index, b_, ldb_);
    if (run(*work_, *reals_, *integers_, rank) != 0)
      fail<LinAlgError>(call_, "SVD did not converge in Linear Least Squares");
    store_rows(n_, k_, b_.data(), ldb_, x);
    std::memcpy(s, s_.data(), static_cast<std::size_t>(std::min(m_, n_)) * sizeof(R));
  }

 private:
  int run(T* work, [[maybe_unused]] R* reals, int* integers, int* rank) {
    int info = 0;
    if constexpr (is_complex_v<T>) {
      lapack<T>().complex_gelsd(&m_, &n_, &k_, a_, &m_, b_, &ldb_, s_, &rcond_, rank, work, &lwork_, reals, integers,
                                &info);
    } else {
      lapack<T>().real_gelsd(&m_, &n_, &k_, a_, &m_, b_, &ldb_, s_, &rcond_, rank, work, &lwork_, integers, &info);
    }
    return info;
  }
  const Call& call_;
  int m_, n_, k_, ldb_;
  R rcond_;
  int lwork_ = -1;
  Work<T> a_, b_;
  Work<R> s_;
  std::optional<Work<T>> work_;
  std::optional<Work<R>> reals_;
  std::optional<Work<int>> integers_;
};

void execute_lstsq(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer_lstsq(call);
  for (int i = 0; i < 3; ++i) out[i] = Array::empty(specs[i].dtype, specs[i].shape);
  const Shape& lead = specs[1].shape;
  const std::int64_t m = rows_of(call.in[0].shape()), n = columns_of(call.in[0].shape()),
                     k = columns_of(call.in[1].shape());
  with_lapack_type(specs[0].dtype, [&]<class T>(T) {
    lapack<T>();
    const MatrixStack<T> a(call.in[0], lead), b(call.in[1], lead);
    auto* x = reinterpret_cast<T*>(out[0].data());
    auto* rank = reinterpret_cast<int*>(out[1].data());
    auto* s = reinterpret_cast<real_t<T>*>(out[2].data());
    const std::int64_t least = std::min(m, n);
    if (least == 0) {
      std::memset(out[0].data(), 0, static_cast<std::size_t>(out[0].size() * out[0].itemsize()));
      std::memset(out[1].data(), 0, static_cast<std::size_t>(out[1].size()) * sizeof(int));
      return;
    }
    const double operations = 4 * double(m) * double(n) * double(least);
    for_matrices(lead.num_elements(), operations, [&](std::int64_t begin, std::int64_t end) {
      Gelsd<T> gelsd(call, m, n, k);
      for (std::int64_t i = begin; i < end; ++i) gelsd.solve(a, b, i, x + i * n * k, rank + i, s + i * least);
    });
  });
}

// From dP of above; r is what is left over, b - A x.
void vjp_lstsq(VjpCall& v) {
  const Array &a = v.call.in[0], &b = v.call.in[1], &x = v.outputs[0];
  const auto& options = params_of<LstsqParams>(v.call);
  Array ga;
  if (v.cotangents[2] && v.needed[0]) {
    const Arrays y = linalg_svd(a, false);
    ga = matmul(y[0] * expand_dims(v.cotangents[2], Axes{-2}), y[2]);
  }
  if (const Array& gx = v.cotangents[0]) {
    const DType real_type = real_of(a.dtype());
    const double share = options.by_size || options.rcond < 0 ? precision(real_type) : options.rcond;
    const Dim size = options.by_size ? dim_max(rows_of(a.shape()), columns_of(a.shape())) : 1;
    const Array p = linalg_pinv(a, multiply(dim_value(size, real_type), Scalar(share)), false);
    const Array h = adjoint(p), gb = matmul(h, gx);
    if (v.needed[1]) v.result[1] = as_cotangent(gb, b);
    if (v.needed[0]) {
      const Array r = b - matmul(a, x);
      const Array second = matmul(r, adjoint(matmul(p, gb)));
      const Array third = matmul(matmul(h, x), adjoint(gx) - matmul(matmul(adjoint(gx), p), a));
      const Array all = second + third - matmul(gb, adjoint(x));
      ga = ga ? ga + all : all;
    }
  }
  if (ga) v.result[0] = as_cotangent(ga, a);
}

const OpDef kLstsq{
    .name = "lstsq",
    .doc = "The shortest x with least |A x - b|, the rank of A and its singular values.",
    .family = "linalg",
    .num_inputs = 2,
    .infer = &infer_lstsq,
    .infer_dtype =
        +[](const Call& call) {
          const DType t = call.in[0].dtype();
          return std::vector<DType>{t, DType::int32, real_of(t)};
        },
    .execute = &execute_lstsq,
    .vjp = &vjp_lstsq,
    .batch = &batch_leading_pair,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
            for (const Shape& shape : {Shape{3, 3}, Shape{4, 2}, Shape{2, 3}})
              s.push_back(sample({shape, {shape[0], 2}}, d, make_params<LstsqParams>(std::optional<double>(1e-6))));
          }
          return s;
        },
    .oracle = "(lambda y: (y[0], np.int32(y[2]), y[3]))(np.linalg.lstsq(x[0], x[1], rcond=p.rcond))",
};
const RegisterOp lstsq_registration(kLstsq);

}  // namespace

Array linalg_pinv(const Array& a, const Array& rtol, bool hermitian) {
  PinvParams p;
  p.set(hermitian);
  const Array in[] = {a, rtol};
  return apply(kPinv, in, p);
}

Arrays linalg_lstsq(const Array& a, const Array& b, std::optional<double> rcond) {
  LstsqParams p;
  p.set(rcond);
  const Array in[] = {a, b};
  return apply_multi(kLstsq, in, p);
}

}  // namespace tnp

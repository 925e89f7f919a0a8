// solve, inv and triangular_solve: systems of linear equations.
#include <limits>

#include "ops/linalg/stack.h"
#include "tnp/creation.h"

namespace tnp {

namespace {

constexpr double kThreadedFactors = 6e8;  // operations of LU factors from which on several threads pay

// --- what systems have in common

OutputSpecs infer_system(const Call& call) {
  check_matrices(call, 0, true);
  check_matrices(call, 1, false);
  const Shape &a = call.in[0].shape(), &b = call.in[1].shape();
  const Dim n = columns_of(a), m = rows_of(b);
  if (call.in[0].dtype() != call.in[1].dtype()) fail<TypeError>(call, "the types differ");
  if (n != m && !is_symbolic(n) && !is_symbolic(m)) {
    fail<ValueError>(call, "Input operand 1 has a mismatch in its core dimension 0 (size " + std::to_string(m) +
                               " is different from " + std::to_string(n) + ")");
  }
  Shape lead;
  if (!try_broadcast(leading(a), leading(b), lead))
    fail<ValueError>(call, "operands could not be broadcast together with shapes " + a.str() + " " + b.str());
  return {{call.in[0].dtype(), with_tail(lead, {m, columns_of(b)})}};
}

std::vector<DType> dtype_of_first(const Call& call) { return {call.in[0].dtype()}; }

std::vector<Sample> system_samples(std::initializer_list<std::shared_ptr<const Params>> params, double low,
                                   double high) {
  std::vector<Sample> s;
  for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
    for (const auto& p : params) {
      s.push_back(sample({{3, 3}, {3, 2}}, d, p));
      s.push_back(sample({{2, 2, 2}, {2, 1}}, d, p));
      s.push_back(sample({{2, 2}, {3, 2, 1}}, d, p));
      s.push_back(sample({{0, 0}, {0, 2}}, d, p, false));
    }
  }
  for (Sample& each : s) {
    each.low = low;
    each.high = high;
  }
  return s;
}

// --- solve

struct SolveParams : ParamsOf<SolveParams> {
  bool adjoint = false;
  template <class V>
  void fields(V& v) {
    v("adjoint", adjoint);
  }
  void set(bool a) { adjoint = a; }
};

// LU factors of the matrices of a stack, kept while the same one is asked for.
template <class T>
class Factors {
 public:
  Factors(const Call& call, const MatrixStack<T>& a) : call_(call), stack_(a), lu_(a.rows * a.rows), pivots_(a.rows) {}
  void factor(std::int64_t index) {
    const T* at = stack_.at(index);
    if (at == factored_) return;
    factored_ = nullptr;
    const int n = lapack_int(stack_.rows);
    stack_.load(index, lu_);
    if (factor_lu<T>(n, lu_, pivots_) > 0) fail<LinAlgError>(call_, "Singular matrix");
    factored_ = at;
  }
  // Solves for `columns` columns in place.
  void solve(char trans, std::int64_t columns, T* b) {
    solve_lu<T>(trans, lapack_int(stack_.rows), columns, lu_, pivots_, b);
  }

 private:
  const Call& call_;
  const MatrixStack<T>& stack_;
  Work<T> lu_;
  Work<int> pivots_;
  const T* factored_ = nullptr;
};

void execute_solve(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer_system(call);
  Array x = Array::empty(specs[0].dtype, specs[0].shape);
  out[0] = x;
  const Shape lead = leading(x.shape());
  const std::int64_t n = rows_of(x.shape()), k = columns_of(x.shape());
  const char trans = !params_of<SolveParams>(call).adjoint ? 'N' : is_complex(x.dtype()) ? 'C' : 'T';
  with_lapack_type(x.dtype(), [&]<class T>(T) {
    lapack<T>();
    const MatrixStack<T> a(call.in[0], lead), b(call.in[1], lead);
    const double operations = double(n) * double(n) * (double(n) * 2 / 3 + double(k) * 2);
    for_matrices(
        lead.num_elements(), operations,
        [&](std::int64_t begin, std::int64_t end) {
          if (n == 0) return;
          Factors<T> factors(call, a);
          Work<T> columns(n * k);
          for (std::int64_t i = begin; i < end; ++i) {
            factors.factor(i);
            if (k == 0) continue;
            b.load(i, columns);
            factors.solve(trans, k, columns);
            store_rows(n, k, columns.data(), n, reinterpret_cast<T*>(x.data()) + i * n * k);
          }
        },
        kThreadedFactors);
  });
}

void vjp_solve(VjpCall& v) {
  const Array &a = v.call.in[0], &b = v.call.in[1], &x = v.outputs[0];
  const bool adjointed = params_of<SolveParams>(v.call).adjoint;
  const Array g = linalg_solve(a, v.cotangents[0], !adjointed);
  if (v.needed[0]) {
    const Array outer = adjointed ? matmul(x, adjoint(g)) : matmul(g, adjoint(x));
    v.result[0] = as_cotangent(negative(outer), a);
  }
  if (v.needed[1]) v.result[1] = as_cotangent(g, b);
}

const OpDef kSolve{
    .name = "solve",
    .doc = "X with A X = B (or Aᴴ X = B), by LU factors.",
    .family = "linalg",
    .num_inputs = 2,
    .infer = &infer_system,
    .infer_dtype = &dtype_of_first,
    .execute = &execute_solve,
    .vjp = &vjp_solve,
    .batch = &batch_leading_pair,
    .samples =
        +[](const OpDef&) {
          return system_samples({make_params<SolveParams>(false), make_params<SolveParams>(true)}, -2, 2);
        },
    .oracle = "np.linalg.solve(np.conj(x[0]).swapaxes(-1, -2) if p.adjoint else x[0], x[1])",
};
const RegisterOp solve_registration(kSolve);

// --- inv

struct InvParams : ParamsOf<InvParams> {
  bool singular_is_nan = false;
  template <class V>
  void fields(V& v) {
    v("singular_is_nan", singular_is_nan);
  }
  void set(bool nan) { singular_is_nan = nan; }
};

OutputSpecs infer_inv(const Call& call) {
  check_matrices(call, 0, true);
  return {{call.in[0].dtype(), call.in[0].shape()}};
}

void execute_inv(const Call& call, std::span<Array> out) {
  infer_inv(call);
  const bool nan_allowed = params_of<InvParams>(call).singular_is_nan;
  const Array& x = call.in[0];
  Array y = Array::empty(x.dtype(), x.shape());
  out[0] = y;
  const Shape lead = leading(x.shape());
  const std::int64_t n = rows_of(x.shape());
  with_lapack_type(x.dtype(), [&]<class T>(T) {
    lapack<T>();
    const MatrixStack<T> a(x, lead);
    for_matrices(
        lead.num_elements(), 2 * double(n) * double(n) * double(n),
        [&](std::int64_t begin, std::int64_t end) {
          if (n == 0) return;
          const int size = lapack_int(n);
          Work<T> matrix(n * n), columns(n * n);
          Work<int> pivots(n);
          for (std::int64_t i = begin; i < end; ++i) {
            auto* to = reinterpret_cast<T*>(y.data()) + i * n * n;
            a.load(i, matrix);
            std::memset(static_cast<void*>(columns.data()), 0, static_cast<std::size_t>(n * n) * sizeof(T));
            for (std::int64_t j = 0; j < n; ++j) columns[j * n + j] = T(1);
            if (factor_lu<T>(size, matrix, pivots) > 0) {
              if (!nan_allowed) fail<LinAlgError>(call, "Singular matrix");
              std::fill_n(to, n * n, T(std::numeric_limits<real_t<T>>::quiet_NaN()));
              continue;
            }
            solve_lu<T>('N', size, n, matrix, pivots, columns);
            store_rows(n, n, columns.data(), n, to);
          }
        },
        kThreadedFactors);
  });
}

const OpDef kInv{
    .name = "inv",
    .doc = "Inverses of matrices.",
    .family = "linalg",
    .infer = &infer_inv,
    .infer_dtype = &dtype_of_first,
    .execute = &execute_inv,
    .vjp =
        +[](VjpCall& v) {
          const Array h = adjoint(v.outputs[0]);
          v.result[0] = negative(matmul(matmul(h, v.cotangents[0]), h));
        },
    .batch = &batch_leading,
    .samples =
        +[](const OpDef&) {
          std::vector<Sample> s;
          for (DType d : {DType::float32, DType::float64, DType::complex64, DType::complex128}) {
            for (const Shape& shape : {Shape{3, 3}, Shape{2, 2, 2}, Shape{0, 2, 2}, Shape{2, 0, 0}})
              s.push_back(sample({shape}, d, make_params<InvParams>(false), shape.num_elements() > 0));
          }
          return s;
        },
    .oracle = "np.linalg.inv(x[0])",
};
const RegisterOp inv_registration(kInv);

// --- triangular_solve

struct TriangleParams : ParamsOf<TriangleParams> {
  bool lower = true, adjoint = false, unit = false;
  template <class V>
  void fields(V& v) {
    v("lower", lower);
    v("adjoint", adjoint);
    v("unit", unit);
  }
  void set(const Triangle& t) {
    lower = t.lower;
    adjoint = t.adjoint;
    unit = t.unit;
  }
};

void execute_triangular(const Call& call, std::span<Array> out) {
  const OutputSpecs specs = infer_system(call);
  const auto& p = params_of<TriangleParams>(call);
  Array x = Array::empty(specs[0].dtype, specs[0].shape);
  out[0] = x;
  const Shape lead = leading(x.shape());
  const std::int64_t n = rows_of(x.shape()), k = columns_of(x.shape());
  const char uplo = p.lower ? 'L' : 'U', trans = p.adjoint ? 'C' : 'N', unit = p.unit ? 'U' : 'N';
  with_lapack_type(x.dtype(), [&]<class T>(T) {
    lapack<T>();
    const MatrixStack<T> a(call.in[0], lead), b(call.in[1], lead);
    const double operations = double(n) * double(n) * double(k + 1);
    for_matrices(lead.num_elements(), operations, [&](std::int64_t begin, std::int64_t end) {
      if (n == 0 || k == 0) return;
      const int rows = lapack_int(n), columns = lapack_int(k);
      int info = 0;
      Work<T> matrix(n * n), right(n * k);
      const T* loaded = nullptr;
      for (std::int64_t i = begin; i < end; ++i) {
        if (a.at(i) != loaded) a.load(i, matrix);
        loaded = a.at(i);
        b.load(i, right);
        lapack<T>().trtrs(&uplo, &trans, &unit, &rows, &columns, matrix, &rows, right, &rows, &info, 1, 1, 1);
        if (info > 0) fail<LinAlgError>(call, "Singular matrix");
        store_rows(n, k, right.data(), n, reinterpret_cast<T*>(x.data()) + i * n * k);
      }
    });
  });
}

void vjp_triangular(VjpCall& v) {
  const Array &a = v.call.in[0], &b = v.call.in[1], &x = v.outputs[0];
  const auto& p = params_of<TriangleParams>(v.call);
  const Array g = linalg_triangular_solve(a, v.cotangents[0], {p.lower, !p.adjoint, p.unit});
  if (v.needed[0]) {
    const Array outer = negative(p.adjoint ? matmul(x, adjoint(g)) : matmul(g, adjoint(x)));
    const std::int64_t k = p.unit ? 1 : 0;
    v.result[0] = as_cotangent(p.lower ? tril(outer, -k) : triu(outer, k), a);
  }
  if (v.needed[1]) v.result[1] = as_cotangent(g, b);
}

const OpDef kTriangularSolve{
    .name = "triangular_solve",
    .doc = "X with A X = B (or Aᴴ X = B), A being a triangle of the given matrix.",
    .family = "linalg",
    .num_inputs = 2,
    .infer = &infer_system,
    .infer_dtype = &dtype_of_first,
    .execute = &execute_triangular,
    .vjp = &vjp_triangular,
    .batch = &batch_leading_pair,
    .samples =
        +[](const OpDef&) {
          return system_samples(
              {make_params<TriangleParams>(Triangle{}), make_params<TriangleParams>(Triangle{.lower = false}),
               make_params<TriangleParams>(Triangle{.adjoint = true}),
               make_params<TriangleParams>(Triangle{.lower = false, .adjoint = true, .unit = true})},
              0.5, 1.5);
        },
    .oracle =
        "(lambda t: np.linalg.solve(np.conj(t).swapaxes(-1, -2) if p.adjoint else t, x[1]))("
        "(np.tril if p.lower else np.triu)(x[0], 0 if not p.unit else -1 if p.lower else 1)"
        " + (np.eye(x[0].shape[-1], dtype=x[0].dtype) if p.unit else 0))",
};
const RegisterOp triangular_registration(kTriangularSolve);

}  // namespace

Array linalg_solve(const Array& a, const Array& b, bool adjoint) {
  SolveParams p;
  p.set(adjoint);
  const Array in[] = {a, b};
  return apply(kSolve, in, p);
}

Array linalg_inv(const Array& a, bool singular_is_nan) {
  InvParams p;
  p.set(singular_is_nan);
  return apply(kInv, {&a, 1}, p);
}

Array linalg_triangular_solve(const Array& a, const Array& b, const Triangle& triangle) {
  TriangleParams p;
  p.set(triangle);
  const Array in[] = {a, b};
  return apply(kTriangularSolve, in, p);
}

}  // namespace tnp

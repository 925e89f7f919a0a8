#include "ops/linalg/stack.h"

#include "tnp/creation.h"

namespace tnp {

void check_matrices(const Call& call, int input, bool square) {
  const Array& x = call.in[static_cast<std::size_t>(input)];
  if (x.dtype() < DType::float32 || !is_inexact(x.dtype())) {
    fail<TypeError>(call, "array type " + std::string(name(x.dtype())) + " is unsupported in linalg");
  }
  if (x.ndim() < 2) {
    fail<LinAlgError>(call,
                      std::to_string(x.ndim()) + "-dimensional array given. Array must be at least two-dimensional");
  }
  const Dim m = rows_of(x.shape()), n = columns_of(x.shape());
  if (square && m != n && !is_symbolic(m) && !is_symbolic(n))
    fail<LinAlgError>(call, "Last 2 dimensions of the array must be square");
}

int lapack_int(std::int64_t n) {
  if (n > 2147483647) throw ValueError("linear algebra: a matrix of more than 2147483647 rows or columns is too large");
  return static_cast<int>(n);
}

Array as_cotangent(const Array& ct, const Array& x) {
  const Array r = is_complex(ct.dtype()) && !is_complex(x.dtype()) ? real(ct) : ct;
  return sum_to(astype(r, x.dtype()), x);
}

void batch_leading(BatchCall& b) {
  b.result = apply_multi(b.call.op, b.call.in, b.call.params);
  b.result_batched.assign(b.result.size(), true);
}

Array identity_like(const Array& x, Dim n) { return eye(n, n, 0, x.dtype()); }

Array scale_diagonal(const Array& y, double factor) {
  const Array i = eye(columns_of(y.shape()), columns_of(y.shape()), 0, real_of(y.dtype()));
  return y * (1 + i * (factor - 1));
}

Array diagonal_matrix(const Array& d) { return expand_dims(d, Axes{-1}) * identity_like(d, d.shape()[d.ndim() - 1]); }

Array cotangent_or_zeros(const VjpCall& v, int output) {
  const Array& ct = v.cotangents[static_cast<std::size_t>(output)];
  const Array& y = v.outputs[static_cast<std::size_t>(output)];
  return ct ? ct : zeros(y.shape(), y.dtype());
}

}  // namespace tnp

// The primitives of linear algebra, on stacks of matrices in float32, float64, complex64 or complex128. `tnp/linalg.h`
// has NumPy's functions, which accept more types and shapes.
#pragma once

#include <optional>

#include "tnp/array.h"

namespace tnp {

Array linalg_cholesky(const Array& a);                           // the lower factor, from the lower triangle
Array linalg_inv(const Array& a, bool singular_is_nan = false);  // else LinAlgError
// X with A X = B, or Aᴴ X = B; leading axes are broadcast.
Array linalg_solve(const Array& a, const Array& b, bool adjoint = false);
struct Triangle {
  bool lower = true, adjoint = false, unit = false;  // solve with Aᴴ; the diagonal is taken for ones
};
Array linalg_triangular_solve(const Array& a, const Array& b, const Triangle& triangle);
Array linalg_det(const Array& a);
struct SignLogDet {
  Array sign, log_abs;
};
SignLogDet linalg_slogdet(const Array& a);

enum class QrMode : std::uint8_t { reduced, complete, r, raw };
Arrays linalg_qr(const Array& a, QrMode mode);  // q, r; r; or h, tau
// u, s, vh; only s without vectors.
Arrays linalg_svd(const Array& a, bool full_matrices, bool vectors = true);
// w, v; only w without vectors. From the upper or the lower triangle.
Arrays linalg_eigh(const Array& a, bool upper, bool vectors = true);
// The same of any square matrix: complex.
Arrays linalg_eig(const Array& a, bool vectors = true);
// x, rank, s: the shortest x with least |A x - b|, taking singular values up to rcond times the largest for zeros.
// Without rcond: the precision times the larger size.
Arrays linalg_lstsq(const Array& a, const Array& b, std::optional<double> rcond);
// The pseudo-inverse. `rtol`: as above, real, broadcast to the leading axes.
Array linalg_pinv(const Array& a, const Array& rtol, bool hermitian);

}  // namespace tnp

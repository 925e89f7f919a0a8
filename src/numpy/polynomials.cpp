#include "tnp/polynomials.h"

#include "base/dim.h"
#include "ir/composed.h"
#include "numpy/blocks.h"
#include "numpy/sizes.h"
#include "ops/sort/direct.h"
#include "tnp/cumulative.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

// `count` coefficients from `start` on.
Array part(const Array& p, Dim start, Dim count) {
  const SliceSpec axes[] = {{start, 1, count}};
  return slice(p, axes);
}

Dim length(const Array& p) { return p.shape()[0]; }

Dim known_length(const Array& p, const char* what) {
  if (is_symbolic(length(p))) {
    throw TracerError(std::string(what) + ": the number of coefficients must be known while the function is traced");
  }
  return length(p);
}

// With zeros in front: `count` coefficients in all.
Array widened(const Array& p, Dim count) {
  if (count == length(p)) return p;
  if (p.ndim() != 1) throw ValueError("polynomials: all the input arrays must have same number of dimensions");
  const std::int64_t before[] = {dim_sub(count, length(p))}, after[] = {0};
  return pad(p, Scalar(0).to_array(p.dtype()), before, after);
}

template <class F>
Array added(const Array& given_p, const Array& given_q, F&& add) {
  const Array p = atleast_1d(given_p), q = atleast_1d(given_q);
  const Dim count = dim_max(length(p), length(q));
  return add(widened(p, count), widened(q, count));
}

// p0 q0, p0 q1 + p1 q0, …: the rows of the outer product, each moved one place further than the one before.
Array product_of(std::span<const Array> in, const Axes&) {
  const Array &p = in[0], &q = in[1];
  const Dim n = length(p), m = length(q);
  if (!is_symbolic(n) && !is_symbolic(m) && n > 0 && m > 0) return n < m ? convolve(q, p) : convolve(p, q);
  const Dim columns = dim_add(n, m), count = dim_sub(columns, 1);
  const std::int64_t before[] = {0, 0}, after[] = {0, n};
  const Array rows = outer(p, q);
  const Array wide = pad(rows, Scalar(0).to_array(rows.dtype()), before, after);
  const Array moved = part(reshape(wide, Shape{dim_mul(n, columns)}), 0, dim_mul(n, count));
  const std::int64_t axes[] = {0};
  return reduce_sum(reshape(moved, Shape{n, count}), axes, false, rows.dtype());
}
const Composed kProduct("polymul", "The coefficients of a product of polynomials.", &product_of, &product_of);

Array product(const Array& p, const Array& q) { return compose(kProduct, {p, q}); }

}  // namespace

Array vander(const Array& x, std::optional<std::int64_t> columns, bool increasing) {
  if (x.ndim() != 1) throw ValueError("x must be a one-dimensional array or sequence.");
  const Dim count = columns.value_or(length(x));
  if (is_negative(count)) throw ValueError("negative dimensions are not allowed");
  const DType type = promote(x.dtype(), DType::int64);
  if (count == 0) return zeros({length(x), 0}, type);
  const Array column = reshape(astype(x, type), Shape{length(x), 1});
  const Array factors = broadcast_to(column, {length(x), dim_max(dim_sub(count, 1), 0)});
  const Array powers = concatenate(Arrays{ones({length(x), dim_min(count, 1)}, type), cumprod(factors, 1, type)}, 1);
  return increasing ? powers : flip(powers, Axes{1});
}

Array trim_coefficients(const Array& given) {
  const Array p = atleast_1d(given);
  if (p.ndim() > 1) throw ValueError("Polynomial must be 1d only.");
  if (p.is_symbolic()) return p;
  const auto used = flatnonzero(p).to_vector<std::int64_t>();
  if (used.empty()) return zeros({1}, p.dtype());
  return part(p, used.front(), length(p) - used.front());
}

Array polyadd(const Array& p, const Array& q) {
  return added(p, q, [](const Array& a, const Array& b) { return a + b; });
}
Array polysub(const Array& p, const Array& q) {
  return added(p, q, [](const Array& a, const Array& b) { return a - b; });
}
Array polymul(const Array& p, const Array& q) { return product(trim_coefficients(p), trim_coefficients(q)); }

Quotient polydiv(const Array& given_p, const Array& given_q) {
  Array p = atleast_1d(given_p), q = atleast_1d(given_q);
  const DType type = promote(promote(p.dtype(), q.dtype()), WeakKind::floating);
  p = astype(p, type);
  q = astype(q, type);
  const Dim m = known_length(p, "polydiv") - 1, n = known_length(q, "polydiv") - 1;
  if (m < 0 || n < 0) throw IndexError("polydiv: a polynomial needs a coefficient");
  if (m < n) return {zeros({1}, type), p};
  const Array scale = Scalar(1.0) / part(q, 0, 1);
  Arrays digits;
  Array rest = p;
  for (Dim k = 0; k <= m - n; ++k) {
    const Array digit = scale * part(rest, k, 1);
    digits.push_back(digit);
    const SliceSpec place[] = {{k, 1, n + 1}};
    rest = place_slice(rest, part(rest, k, n + 1) - digit * q, place);
  }
  // Without what is 0 up to rounding in front.
  Dim first = 0;
  if (!rest.is_symbolic()) {
    while (first < m && allclose(part(rest, first, 1), Scalar(0.0).to_array(type), 1e-14).item<bool>()) ++first;
  }
  return {concatenate(digits, 0), part(rest, first, m + 1 - first)};
}

Array polyder(const Array& given, std::int64_t times) {
  if (times < 0) throw ValueError("Order of derivative must be positive (see polyint)");
  Array p = given;
  if (p.ndim() == 0) throw TypeError("polyder: len() of unsized object");
  for (; times > 0; --times) {
    const Dim n = length(p);
    if (n == 0) break;
    const Dim rest = dim_sub(n, 1);
    const Array powers = dim_value(rest, DType::int64) - iota(rest, DType::int64);
    p = part(p, 0, rest) * powers;
  }
  return p;
}

Array polyint(const Array& given, std::int64_t times, const Array& given_constants) {
  if (times < 0) throw ValueError("Order of integral must be positive (see polyder)");
  Array constants = given_constants ? atleast_1d(given_constants) : zeros({times}, DType::float64);
  if (given_constants && length(constants) == 1 && times > 1) constants = broadcast_to(constants, {times});
  if (length(constants) < times) {
    throw ValueError("k must be a scalar or a rank-1 array of length 1 or >m.");
  }
  Array p = given;
  if (p.ndim() == 0) throw TypeError("polyint: len() of unsized object");
  for (std::int64_t k = 0; k < times; ++k) {
    const Dim n = length(p);
    const Array powers = dim_value(n, DType::int64) - iota(n, DType::int64);
    p = concatenate(Arrays{p / powers, part(constants, k, 1)}, 0);
  }
  return p;
}

Array polyval(const Array& p, const Array& x) {
  if (p.ndim() == 0) throw TypeError("iteration over a 0-d array");
  const Dim n = known_length(p, "polyval");
  Arrays coefficients;
  std::vector<SliceSpec> row;
  for (int a = 0; a < p.ndim(); ++a) row.push_back({0, 1, p.shape()[a]});
  for (Dim k = 0; k < n; ++k) {
    row[0] = {k, 1, 1};
    coefficients.push_back(squeeze(slice(p, row), Axes{0}));
  }
  const auto value = [&](const Array& at) {
    Array y = zeros(at.shape(), at.dtype());
    for (const Array& c : coefficients) y = y * at + c;
    return y;
  };
  if (p.ndim() > 1 || !computes_directly({&p})) return value(x);
  return by_blocks({x}, [&](std::span<const Array> in) { return value(in[0]); });
}

Array poly(const Array& given) {
  Array roots = atleast_1d(given);
  if (roots.ndim() == 2 && roots.shape()[0] == roots.shape()[1] && roots.shape()[0] != 0)
    roots = linalg::eigvals(roots);
  if (roots.ndim() != 1) throw ValueError("input must be 1d or non-empty square 2d array.");
  if (!is_inexact(roots.dtype())) roots = astype(roots, DType::float64);
  const Dim n = known_length(roots, "poly");
  Array p = ones({1}, roots.dtype());
  for (Dim k = 0; k < n; ++k) {
    // 0 - root: a root of 0 leaves no coefficient of -0.
    p = product(p, concatenate(Arrays{ones({1}, roots.dtype()), zeros({1}, roots.dtype()) - part(roots, k, 1)}, 0));
  }
  if (!is_complex(p.dtype()) || p.is_symbolic()) return p;
  // Roots in conjugate pairs have a real polynomial.
  auto z = roots.to_vector<std::complex<double>>();
  for (std::size_t i = 0; i < z.size(); ++i) {
    bool paired = false;
    for (const auto& w : z) paired = paired || w == std::conj(z[i]);
    if (!paired) return p;
  }
  return real(p);
}

}  // namespace tnp

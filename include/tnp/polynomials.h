// Polynomials as arrays of coefficients, the highest power first.
#pragma once

#include <optional>

#include "tnp/array.h"

namespace tnp {

// Powers of x as columns, from the highest down to 1 or the other way round; as many as x has elements, or `columns`.
Array vander(const Array& x, std::optional<std::int64_t> columns = {}, bool increasing = false);
// Without leading zeros; one 0 where nothing else is left. A traced array, whose zeros are not known, is left as it is.
Array trim_coefficients(const Array& p);

Array polyadd(const Array& p, const Array& q);
Array polysub(const Array& p, const Array& q);
Array polymul(const Array& p, const Array& q);
struct Quotient {
  Array quotient, remainder;
};
Quotient polydiv(const Array& p, const Array& q);
Array polyder(const Array& p, std::int64_t times = 1);
Array polyint(const Array& p, std::int64_t times = 1, const Array& constants = {});
Array polyval(const Array& p, const Array& x);
// The polynomial with these roots; of a square matrix its characteristic one.
Array poly(const Array& roots);

// The roots: eigenvalues of the companion matrix. The coefficients must be known.
Array roots(const Array& p);

// The polynomial of a degree that is nearest to points, by least squares; y may have a column for each of several.
struct PolynomialFit {
  Array coefficients, residuals, rank, singular_values;
  double rcond;
};
PolynomialFit polyfit(const Array& x, const Array& y, std::int64_t degree, std::optional<double> rcond = {},
                      const Array& weights = {});

// The covariance of such coefficients, for points of variance 1.
Array polynomial_covariance(const Array& x, std::int64_t degree, const Array& weights = {});

}  // namespace tnp

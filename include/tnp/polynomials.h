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

}  // namespace tnp

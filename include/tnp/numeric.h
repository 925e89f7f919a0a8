// Compositions of elementwise operations, comparisons of arrays, differences.
#pragma once

#include <optional>

#include "tnp/array.h"
#include "tnp/elementwise.h"
#include "tnp/primitives.h"

namespace tnp {

// Within bounds; an absent one is none.
Array clip(const Array& x, const Operand* lower, const Operand* upper);
// To this many decimals, halves to even; negative: to tens, hundreds, …
Array round(const Array& x, int decimals = 0);
Array fix(const Array& x);  // towards zero
Array angle(const Array& z, bool degrees = false);
Array nan_to_num(const Array& x, const Array& nan = {}, const Array& posinf = {}, const Array& neginf = {});
Array sinc(const Array& x);

Array isposinf(const Array& x);
Array isneginf(const Array& x);
Array iscomplex(const Array& x);
Array isreal(const Array& x);
Array isclose(const Array& x, const Array& y, const Operand& rtol = 1e-5, const Operand& atol = 1e-8,
              bool equal_nan = false);
// 0-d booleans.
Array allclose(const Array& x, const Array& y, const Operand& rtol = 1e-5, const Operand& atol = 1e-8,
               bool equal_nan = false);
Array array_equal(const Array& x, const Array& y, bool equal_nan = false);
Array array_equiv(const Array& x, const Array& y);

// The n-th differences along an axis, of x between what is put before and after it (absent: nothing).
Array diff(const Array& x, std::int64_t n = 1, std::int64_t axis = -1, const Array& prepend = {},
           const Array& append = {});
Array ediff1d(const Array& x, const Array& to_end = {}, const Array& to_begin = {});
// The integral of y by the trapezoidal rule, over x or steps of dx.
Array trapezoid(const Array& y, const Array& x = {}, const Operand& dx = 1.0, std::int64_t axis = -1);

// x or y by the truth of the condition, which takes no part in the choice of the type.
Array where_of(const Array& condition, const Operand& x, const Operand& y);

}  // namespace tnp

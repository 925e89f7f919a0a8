// The operators of tnp::Array: NumPy's, with NumPy's promotion.
#pragma once

#include "tnp/array.h"
#include "tnp/elementwise.h"

namespace tnp {

#define TNP_OPERATOR(SYMBOL, FUNCTION)                                                     \
  inline Array operator SYMBOL(const Array& x, const Array& y) { return FUNCTION(x, y); }  \
  inline Array operator SYMBOL(const Array& x, const Scalar& y) { return FUNCTION(x, y); } \
  inline Array operator SYMBOL(const Scalar& x, const Array& y) { return FUNCTION(x, y); }
TNP_OPERATOR(+, add)
TNP_OPERATOR(-, subtract)
TNP_OPERATOR(*, multiply)
TNP_OPERATOR(/, divide)
TNP_OPERATOR(%, remainder)
TNP_OPERATOR(==, equal)
TNP_OPERATOR(!=, not_equal)
TNP_OPERATOR(<, less)
TNP_OPERATOR(<=, less_equal)
TNP_OPERATOR(>, greater)
TNP_OPERATOR(>=, greater_equal)
TNP_OPERATOR(&, bitwise_and)
TNP_OPERATOR(|, bitwise_or)
TNP_OPERATOR(^, bitwise_xor)
TNP_OPERATOR(<<, left_shift)
TNP_OPERATOR(>>, right_shift)
#undef TNP_OPERATOR
inline Array operator-(const Array& x) { return negative(x); }
inline Array operator+(const Array& x) { return positive(x); }
inline Array operator~(const Array& x) { return invert(x); }

}  // namespace tnp

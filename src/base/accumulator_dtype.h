// The type in which integers and booleans are summed and multiplied.
#pragma once

#include "tnp/dtype.h"

namespace tnp {

// 64 bits of the same signedness for booleans and integers, as NumPy's sum; other types stay.
inline DType accumulator_dtype(DType d) {
  if (is_bool(d) || is_signed_integer(d)) return DType::int64;
  return is_unsigned_integer(d) ? DType::uint64 : d;
}

}  // namespace tnp

// Functions that are compositions of elementwise operations, in one pass over memory where nothing needs to know how
// they are composed: no trace, no tape. Each gives no array where it does not serve: other types, memory with gaps.
#pragma once

#include <utility>

#include "tnp/array.h"

namespace tnp {

// x in whole multiples of 1 / power (fractions), or of power: rint(x * power) / power, rint(x / power) * power.
Array rounded(const Array& x, double power, bool fractions);

// The mantissas and the exponents, as int32.
std::pair<Array, Array> mantissas_and_exponents(const Array& x);

// Whether the imaginary parts of complex numbers are 0, or are not.
Array imaginary_parts_compared(const Array& x, bool zero);

// How many elements are not 0; -1 where it does not serve.
std::int64_t number_of_nonzeros(const Array& x);

// Eight flags, 0 or not, in a byte (n bytes), and back.
void pack_bits(const std::uint8_t* flags, std::int64_t n, bool little, std::uint8_t* out);
void unpack_bits(const std::uint8_t* bytes, std::int64_t n, bool little, std::uint8_t* out);

}  // namespace tnp

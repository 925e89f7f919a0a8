// Differences as derivatives, phases; windows; parts of numbers.
#pragma once

#include <optional>

#include "tnp/array.h"

namespace tnp {

// Derivatives along axes by central differences, one-sided at the ends. `spacing` is none, one distance, or for each
// axis a distance or the coordinates along it.
Arrays gradient(const Array& f, std::span<const Array> spacing = {}, const std::optional<Axes>& axes = {},
                int edge_order = 1);
// Phases without jumps of more than half a period, where they are not below `discont`.
Array unwrap(const Array& phases, const Operand* discont, std::int64_t axis, const Operand& period);

// M points of a window, which falls off to both sides.
Array bartlett(double points);
Array blackman(double points);
Array hamming(double points);
Array hanning(double points);
Array kaiser(double points, const Array& beta);
// The modified Bessel function of the first kind of order 0.
Array i0(const Array& x);

struct Pair {
  Array first, second;
};
Pair divmod(const Operand& x, const Operand& y);  // the quotient rounded down, and the remainder
Pair modf(const Array& x);                        // the fraction, and the whole part
Pair frexp(const Array& x);                       // a mantissa in [0.5, 1), and the exponent of 2 as int32
Array ldexp(const Array& mantissa, const Array& exponent);

}  // namespace tnp

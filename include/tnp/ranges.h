// Ranges whose bounds have types of their own.
#pragma once

#include <optional>

#include "tnp/array.h"

namespace tnp {

// start, start + step, … below stop, as NumPy makes it of its scalars: the length and the second element are computed
// in the operands' types, and what follows continues the first two elements. Operands are 0-d and concrete.
Array arange_of(const Operand& start, const Operand& stop, const Operand& step, DType type);

}  // namespace tnp

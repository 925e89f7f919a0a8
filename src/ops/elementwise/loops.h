// Which loop an operation takes for the types of its inputs.
#pragma once

#include <cstdint>

#include "ops/elementwise/family.h"

namespace tnp {

// By NumPy's rule, for two inputs of these types, of which `common` is the common one: the first loop that both can be
// cast to safely; kNoLoop if there is none.
std::uint8_t loop_of_two(const ElementwiseInfo& info, DType a, DType b, DType common);

}  // namespace tnp

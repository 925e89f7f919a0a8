// Comparisons of signed with unsigned 64-bit integers, which have no common integer type.
#pragma once

#include <span>

#include "ir/opdef.h"

namespace tnp {

// The comparison of a signed integer array with one of uint64, composed of comparisons of uint64 and of signs. Absent
// for other operations and types.
Array exact_comparison(const OpDef& op, std::span<const Array> in);

}  // namespace tnp

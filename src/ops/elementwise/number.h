// An operation of one argument on a number.
#pragma once

#include "ir/opdef.h"

namespace tnp {

// The kernel's result for one float64, without an array for the number; absent where it needs more than the kernel.
Array apply_to_number(const OpDef& op, double value);

}  // namespace tnp

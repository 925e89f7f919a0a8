// An operation of one argument on a number.
#pragma once

#include "ir/opdef.h"

namespace tnp {

// The kernel's result for one number of a type, without an array for it; absent where it needs more than the kernel of
// that type.
Array apply_to_number(const OpDef& op, DType dtype, const void* value);

}  // namespace tnp

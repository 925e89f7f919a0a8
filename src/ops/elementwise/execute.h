// Running an elementwise operation on concrete arrays.
#pragma once

#include "ir/opdef.h"

namespace tnp {

// Broadcasts, casts to the loop's type block by block, and runs the kernel. Writes into a donated input where it can.
Array execute_elementwise(const Call& call);

}  // namespace tnp

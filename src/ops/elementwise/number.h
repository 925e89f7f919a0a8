// An operation of one argument on a number.
#pragma once

#include <cstddef>

#include "ir/opdef.h"

namespace tnp {

// A number without an array for it.
struct SingleNumber {
  DType dtype;
  alignas(16) std::byte value[16];
};

// The kernel's result for one number of a type; false where it needs more than the kernel of that type.
bool apply_to_number(const OpDef& op, DType dtype, const void* value, SingleNumber& out);

}  // namespace tnp

// Arrays whose owner gives up their memory.
#pragma once

#include "tnp/array.h"

namespace tnp {

// Takes the memory of an argument that its owner, whose node this is, gives up: `x` is another array of that memory
// then, and using the owner's raises RuntimeError. Nothing happens if anybody but these two holds the array or its
// memory, or while a tape or a trace watches.
void give_up(Array& x);

}  // namespace tnp

// Whose memory is it?
#pragma once

#include "tnp/array.h"

namespace tnp {

// Whether nobody but the holder of `x` can see its memory, so that it may be written to.
bool is_only_holder(const Array& x);

}  // namespace tnp

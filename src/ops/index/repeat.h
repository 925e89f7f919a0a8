// Indices that repeat: 0 counts[0] times, 1 counts[1] times, …
#pragma once

#include "tnp/array.h"

namespace tnp {

// `counts`: a vector of integers. int64; how many there are is known when it runs. Throws ValueError for a negative
// count.
Array repeat_indices(const Array& counts);

}  // namespace tnp

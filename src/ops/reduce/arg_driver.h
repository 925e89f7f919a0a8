#pragma once

#include "base/view.h"

namespace tnp {

// argmin and argmax of `reduce` (reduce_driver.h), of at least one element.
void reduce_arg(bool max, const StridedView& in, uint64_t reduced_axes, const StridedView& out);

}  // namespace tnp

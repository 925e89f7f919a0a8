// Cumulative operations on strided memory.
#pragma once

#include "base/view.h"
#include "ops/scan/scan_kernels.h"

namespace tnp {

// out[…, i, …] = in[…, 0, …] op … op in[…, i, …] along an axis, computed in out's type; in reverse from the axis' end.
// `out` is contiguous, of in's shape; it may be the same memory where the types are the same.
void scan(ScanOp op, const StridedView& in, int axis, bool reverse, const StridedView& out);

}  // namespace tnp

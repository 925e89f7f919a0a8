// The sums of products of a vector with a shorter one at every place where it fits.
#pragma once

#include "tnp/array.h"

namespace tnp {

// y[…, i] = sum over j of x[…, i + j] w[…, j]: n - m + 1 of them. Leading axes are broadcast.
Array correlate_valid(const Array& x, const Array& w);

// The same of a vector continued by zeros on both sides, fewer than w has elements. Absent where that is not computed
// without those zeros: if something is traced or watched, or for types without a kernel.
Array correlate_continued(const Array& x, const Array& w, std::int64_t left, std::int64_t right);

}  // namespace tnp

// The sums of products of a vector with a shorter one at every place where it fits.
#pragma once

#include "tnp/array.h"

namespace tnp {

// y[…, i] = sum over j of x[…, i + j] w[…, j]: n - m + 1 of them. Leading axes are broadcast.
Array correlate_valid(const Array& x, const Array& w);

}  // namespace tnp

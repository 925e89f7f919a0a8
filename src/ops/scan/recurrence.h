// Linear recurrences of first order.
#pragma once

#include "tnp/array.h"

namespace tnp {

// y[i] = a[i] * y[i - 1] + b[i] along an axis, from 0 on; in reverse y[i] = a[i] * y[i + 1] + b[i] from the axis' end.
// Of one shape and type, a floating or complex one.
Array linear_recurrence(const Array& a, const Array& b, std::int64_t axis, bool reverse);

// The element before (or after) each along an axis; at the end `fill`.
Array neighbour(const Array& x, int axis, bool after, const Array& fill);

}  // namespace tnp

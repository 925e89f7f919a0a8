// Sizes that users give, which may be negative, beside symbolic ones, which are encoded as negative numbers.
#pragma once

#include "base/dim.h"

namespace tnp {

// Whether `d` is a negative number rather than a handle: handles lie below every 32-bit number.
inline bool is_negative(Dim d) noexcept { return d < 0 && d > -(Dim{1} << 32); }

// max(0, end - start)
inline Dim dim_span(Dim start, Dim end) {
  if (!is_symbolic(start) && !is_symbolic(end)) return end > start ? end - start : 0;
  return dim_max(0, dim_sub(end, start));
}

// Whether a size computed from others can not be below zero.
bool surely_not_negative(Dim d);
// A symbolic number counted from the end where the run finds it below zero.
Dim from_either_end(Dim d, Dim size);

// A bound of a Python slice within an axis of this size: negative ones count from the end, all are clipped.
inline Dim clip_bound(Dim bound, Dim size) {
  if (is_negative(bound)) {
    if (!is_symbolic(size)) return size + bound > 0 ? size + bound : 0;
    return dim_max(0, dim_sub(size, -bound));
  }
  if (is_symbolic(bound) && !surely_not_negative(bound)) bound = dim_max(from_either_end(bound, size), 0);
  return dim_min(bound, size);
}

}  // namespace tnp

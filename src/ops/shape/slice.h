// Updates of slices in the memory of the array itself.
#pragma once

#include <span>

#include "tnp/primitives.h"

namespace tnp {

// place_slice of an array that the caller gives away: in its memory, where nobody else holds that.
Array place_slice_into(Array x, const Array& update, std::span<const SliceSpec> axes);

}  // namespace tnp

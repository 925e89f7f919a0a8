// Copies between strided pieces of memory of one dtype.
#pragma once

#include <cstdint>

#include "base/view.h"

namespace tnp {

// dst[...] = src[...]: the same dtype and shape, any strides (0 and negative too); the two must not overlap, and no two
// elements of dst may share memory. Sizes up to 16 bytes an element; runs on several threads where that pays.
void copy_strided(const StridedView& src, const StridedView& dst);

// memcpy on several threads where that pays.
void copy_bytes(const void* src, void* dst, int64_t bytes);

}  // namespace tnp

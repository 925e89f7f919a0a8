// How a reduction of one array is computed part by part.
#pragma once

#include "ir/opdef.h"

namespace tnp {

// `axes`: normalized and sorted; `dtype`: that it is computed in. False where a part's bits would be others.
bool tile_as_reduction(TileCall& t, const Axes& axes, bool keepdims, DType dtype);

}  // namespace tnp

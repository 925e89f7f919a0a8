// Slices of what is computed element by element are taken before it is computed.
#pragma once

#include "ir/graph.h"

namespace tnp::compiler {

// f(x)[0], where nothing else reads f(x), becomes f(x[0]): of elementwise operations, casts, transpositions and
// repeated axes, one after the other. Only where a slice takes few of the elements, and never where an operation raises
// errors for some values, as those of what is left out would be missing. Whether there were any.
bool push_slices(Graph& graph);

}  // namespace tnp::compiler

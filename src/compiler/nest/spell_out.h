// Composed operations as the slices and joins that they consist of, where native code is made of a graph.
#pragma once

#include "ir/graph.h"

namespace tnp::compiler {

// Of a graph whose sizes are numbers; calls that have no such form stay.
void spell_out(Graph& graph);

}  // namespace tnp::compiler

// Parts of a graph that are computed row by row: what lies between two reductions is then no array in memory, but some
// registers.
#pragma once

#include "ir/graph.h"

namespace tnp::compiler {

// A call of it computes the rows of its results one after the other: a loop without carries, over the first axis of its
// first inputs. Its graph is given rows as arrays of one row.
extern const OpDef kStrips;

// Makes such calls of what is worth it: where there are reductions of arrays of more than `most_elements` elements
// whose rows have fewer. The first `num_packed` inputs have no gaps between their elements. False if there is nothing.
bool make_strips(Graph& graph, int most_elements, int num_packed);

}  // namespace tnp::compiler

// Algebra on graphs, as far as it gives the same bits.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace tnp::compiler {

// x * 1, x - 0, x / 4, -(-x), where(c, x, x), a slice of a slice or of joined arrays, … become less. A rule holds for
// every element there can be, -0.0, NaN and infinities among them; so x + 0 stays, as it makes 0 of -0.0.
//
// With `constants` captured arrays are taken for what they are. The first `num_given` of them may be others in a run:
// gives the inputs (by position) on whose values this relies.
std::vector<int> apply_rules(Graph& graph, bool constants, std::size_t num_given);

}  // namespace tnp::compiler

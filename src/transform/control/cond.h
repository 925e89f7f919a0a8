// Branches that are traced first and joined later, once it is known which of their results belong together.
#pragma once

#include <vector>

#include "transform/control/subgraph.h"

namespace tnp {

// The results of the branch that `index` (a boolean: the first where true; else a number) chooses. Variables that a
// branch assigns are assigned. Throws where results differ in type or rank.
Arrays join_branches(const char* what, const Array& index, std::vector<SubGraph>& branches);

}  // namespace tnp

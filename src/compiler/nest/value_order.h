// In what order the axes of a graph's values lie in memory, as far as the graph tells: the order of a floating sum, and
// so its bits, depend on it.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace tnp::compiler {

enum class ValueOrder : std::uint8_t {
  row_major,  // that of inputs; values with one long axis have no other
  unknown,    // of operations that this does not know, and of elementwise ones of inputs that lie differently
  permuted,   // axes were exchanged
};

inline bool is_elementwise(Fusion f) { return f == Fusion::elementwise || f == Fusion::cast; }

// Of each value.
std::vector<ValueOrder> value_orders(const Graph& graph);

}  // namespace tnp::compiler

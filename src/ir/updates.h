// Which calls write into the memory of an input, and which show it.
#pragma once

#include <string_view>

#include "ir/graph.h"

namespace tnp {

// Whether a call gives its first input with some elements replaced, in that one's memory where it may.
inline bool is_update(const GraphNode& node) {
  const std::string_view name = node.op->name;
  return name == "place_slice" || name == "scatter";
}

// Whether a result may lie in the memory of the call's only input.
inline bool may_be_view(const GraphNode& node) {
  if (node.inputs.size() != 1 || node.outputs.size() != 1) return false;
  return node.op->arranges || node.op->identity_on_same_shape || node.op->fusion == Fusion::broadcast;
}

}  // namespace tnp

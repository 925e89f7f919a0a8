// Which steps of a program may write over the arrays of Variables: the last ones, so that an error leaves all Variables
// as they were.
#pragma once

#include "compiler/memory_plan.h"

namespace tnp::compiler {

// Units that update Variables are moved behind those that do not need their results. `variables`: inputs of the graph.
void move_updates_back(const Graph& graph, const std::vector<int>& variables, std::vector<Unit>& units);

// Marks units that replace a small part of an array, of a Variable or one that others have read by then: run part by
// part they would copy all of it.
void keep_updates_apart(const Graph& graph, const std::vector<int>& variables, std::vector<Unit>& units);

// Whether a unit gives its first input with some elements replaced, in that one's memory where it may.
bool is_update(const Graph& graph, const Unit& unit);

struct Overwriting {
  // Inputs of steps (by step) whose memory the step may take although a Variable holds it.
  std::vector<std::uint64_t> taken;
  std::vector<int> variables;  // those that are taken: inputs of the graph
  int first = -1;              // step before which they are claimed; -1: none
};
Overwriting find_overwriting(const Graph& graph, const std::vector<int>& variables, const std::vector<Unit>& units,
                             const MemoryPlan& memory);

}  // namespace tnp::compiler

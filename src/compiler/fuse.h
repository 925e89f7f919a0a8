// Partition of a graph into steps: fused groups of elementwise operations, and single calls.
#pragma once

#include "compiler/fused_group.h"
#include "compiler/pieces.h"
#include "compiler/size_classes.h"
#include "ir/graph.h"

namespace tnp::compiler {

class FusedReduction;
class TileGroup;

struct Unit {
  std::vector<int> nodes;    // of the graph, in order; one that is not fused
  std::vector<int> inputs;   // values read from outside, in the order of the group's inputs
  std::vector<int> outputs;  // values that others need
  bool fused = false;
  bool apart = false;                               // not to be run part by part
  FusedGroup group;                                 // where fused
  std::shared_ptr<const Boxes> boxes;               // where fused operands are read in pieces, which lie in the inputs
  std::int64_t spared = 0;                          // bytes of operands that are not put together therefore
  std::shared_ptr<const FusedReduction> reduction;  // where it is a group and reductions of what that computes
  std::shared_ptr<const TileGroup> tiles;           // where it is several units that are run part by part
};

// Whether a call gives parts of complex numbers, which a step of its own shows without computing anything: 0 for the
// real ones, 1 for the imaginary ones; -1: it is another call.
int complex_part(const Graph& graph, const GraphNode& node);

// Units in an order in which they can run, calls with effects in program order.
//
// Values in a group have one shape: one symbolic shape under the assumed pattern, hence one at run time, whatever it
// is. A group is convex (nothing outside lies between its operations), so it can be one step. `fuse_nothing` makes
// every call a unit of its own.
std::vector<Unit> partition(const Graph& graph, const SizePattern& pattern = {}, bool fuse_nothing = false);
// The same with a group for each operation that can be in one, even if it is alone there.
std::vector<Unit> partition_into_groups(const Graph& graph);

// The group of these elementwise calls, in the graph's order, that stores these values.
Unit make_group(const Graph& graph, std::vector<int> nodes, std::vector<int> stored);

// Checks that each unit comes after those that make what it reads, and that all results are made; empty, or what is
// wrong.
std::string verify(const Graph& graph, const std::vector<Unit>& units);

}  // namespace tnp::compiler

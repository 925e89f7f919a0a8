// A graph of known sizes as statements of a nest.
#pragma once

#include <map>

#include "compiler/fuse.h"
#include "compiler/nest/loop_nest.h"

namespace tnp::compiler {

class BlockLowering {
 public:
  // Where a value is: an element in a variable if it has one only, else contiguous memory that a pointer points to.
  struct Place {
    int variable = kNone;
    Shape shape;
    bool writable = false;  // it is the loop's own memory
  };

  BlockLowering(const Graph& graph, LoopNest& out) : outputs(graph.outputs), graph_(graph), out_(out) {}

  std::vector<int> outputs;     // values that are read when all has run
  std::map<int, Place> places;  // of values; to be set for inputs
  std::map<int, int> targets;   // values that are to be written to where this pointer points
  std::vector<NestStatement> statements;
  std::int64_t cycles = 0;

  // False if something in the graph has no form here.
  bool lower();
  Place temporary(const GraphValue& like);
  // From one place to another of as many elements, or of one element to all of a place; converted if types differ.
  void copy(const Place& from, const Place& to);

 private:
  bool lower(const Unit& unit);
  bool lower_group(const Unit& unit);
  bool lower_indexed(const GraphNode& node, const IndexedAccess& access);
  bool lower_read(const GraphNode& node, const Place& row);
  bool lower_write(const GraphNode& node, const IndexedAccess& access, const Place& base);
  Place address(const GraphNode& node, const IndexedAccess& access, const Place& base);
  std::size_t choose(const std::vector<Unit>& units, const std::vector<bool>& done) const;
  bool writes(const Unit& unit, IndexedAccess& access) const;
  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  int extent(std::int64_t n);

  const Graph& graph_;
  LoopNest& out_;
  std::vector<int> pending_;         // of each value: units that are still to read it
  std::map<int, bool> overwritten_;  // values that some unit writes into
};

}  // namespace tnp::compiler

// A graph of known sizes as statements of a nest.
#pragma once

#include <map>

#include "compiler/fuse.h"
#include "compiler/nest/loop_nest.h"

namespace tnp::compiler {

class BlockLowering {
 public:
  // Where a value is: an element in a variable if it has one only, else memory that a pointer points to.
  struct Place {
    int variable = kNone;
    Shape shape;
    Strides strides;
    bool writable = false;  // it is all of some memory of the loop's own
  };

  BlockLowering(const Graph& graph, LoopNest& out) : outputs(graph.outputs), graph_(graph), out_(out) {}

  std::vector<int> outputs;     // values that are read when all has run
  std::map<int, Place> places;  // of values; to be set for inputs
  std::map<int, int> targets;   // values that are to be written to where this pointer points
  bool callable = true;         // operations may be called that are no statements
  std::vector<NestStatement> statements;
  std::int64_t cycles = 0;

  // False if something in the graph has no form here.
  bool lower();
  Place temporary(const GraphValue& like);
  // Contiguous memory behind a pointer, or an element.
  static Place whole(int variable, const GraphValue& like, bool writable);
  // From one place to another of as many elements, or of one element to all of a place; converted if types differ.
  void copy(const Place& from, const Place& to);

 private:
  bool lower(const Unit& unit);
  bool lower_group(const Unit& unit);
  bool lower_indexed(const GraphNode& node, const IndexedAccess& access);
  bool lower_read(const GraphNode& node, const Place& row);
  bool lower_view(const GraphNode& node);
  bool lower_call(const GraphNode& node);
  // The group computed over `shape`, which every operand broadcasts to.
  void compute(const FusedGroup& group, const std::vector<Place>& from, const std::vector<Place>& to,
               const Shape& shape);
  bool lower_write(const GraphNode& node, const IndexedAccess& access, const Place& base);
  Place address(const GraphNode& node, const IndexedAccess& access, const Place& base);
  std::size_t choose(const std::vector<Unit>& units, const std::vector<bool>& done) const;
  bool writes(const Unit& unit, IndexedAccess& access) const;
  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  int parameter(std::int64_t n);

  const Graph& graph_;
  LoopNest& out_;
  std::vector<int> pending_;         // of each value: units that are still to read it
  std::map<int, bool> overwritten_;  // values that some unit writes into
};

}  // namespace tnp::compiler

// A tile group: units that are run together part by part, so that what one gives the next is still in the cache.
//
// Along one axis of each of its outputs the group computes a tile at a time: what that takes of every value is found
// from the last unit to the first (`OpDef::tile`), then the units run on those parts. Tiles overlap where an operation
// looks beyond a place, as in a stencil. Every unit computes what it would compute in the whole, to the bit.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "compiler/fuse.h"
#include "compiler/fused_kernel.h"

namespace tnp::compiler {

class TileGroup {
 public:
  struct Range {
    std::int64_t begin = 0, end = 0;
    bool empty() const { return begin >= end; }
  };

  // Units of a graph whose sizes are numbers, in order. `axes`: of each value that one of them gives, the axis along
  // which it is computed part by part.
  TileGroup(const Graph& graph, std::vector<Unit> units, std::map<int, int> axes, std::vector<int> inputs,
            std::vector<int> outputs);

  // Makes all outputs.
  void run(Array* const* in, Array* out, JitMode mode) const;

  std::int64_t bytes() const { return bytes_; }  // that memory is spared: values not stored, inputs read again
  std::int64_t num_tiles() const;
  // Whether every tile can be computed.
  bool valid() const;
  std::string str() const;

 private:
  struct Value {
    DType dtype;
    Shape shape;
    int axis = -1;   // -1: whole
    int input = -1;  // number among the group's inputs
    int output = -1;
    int readers = 0;
    int joined_by = -1;  // the only member that reads it, where that joins arrays
  };
  struct Member {
    std::vector<int> in, out;  // values
    const OpDef* op = nullptr;
    ParamsRef params;
    std::shared_ptr<FusedKernel> kernel;
    bool view = false;   // its result is seen through, not computed
    bool joins = false;  // it joins arrays of one type along join_axis
    int join_axis = 0;
  };
  struct Tile;

  std::int64_t live_bytes() const;
  void choose_tile();
  void count_repeated_reads(const Tile& tile);
  bool plan(Range whole, Tile& tile) const;
  bool plan_member(std::size_t m, Tile& tile) const;
  bool demand(Tile& tile, int value, const TileCall::Part& part) const;
  Array joined_part(std::size_t m, std::size_t k, const Tile& tile, const Array& result) const;
  Array place_of(int value, const Tile& tile, Array* out) const;
  void run_tile(const Tile& tile, Array* const* in, Array* out, JitMode mode) const;
  Range tile_range(std::int64_t t) const;

  std::vector<Value> values_;
  std::vector<Member> members_;
  std::vector<int> outputs_;                  // values
  std::vector<std::vector<int>> tile_frees_;  // of each member: values that it is the last to read
  int num_inputs_ = 0;
  std::int64_t extent_ = 0;  // of the outputs along their axes
  std::int64_t tile_ = 1;
  std::int64_t bytes_ = 0;
};

// Finds tile groups among the units of a graph whose sizes are numbers, and puts each in the place of its units.
std::vector<Unit> make_tile_groups(const Graph& graph, std::vector<Unit> units);

}  // namespace tnp::compiler

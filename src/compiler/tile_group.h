// A tile group: units that are run together part by part, so that what one gives the next is still in the cache.
//
// Along one axis of each of its outputs the group computes a tile at a time: what that takes of every value is found
// from the last unit to the first (`OpDef::tile`), then the units run on those parts. Where an operation looks beyond a
// place, as a stencil does, neighbouring tiles take some of the same places: a thread goes along the axis and keeps
// what the next tile needs again, so that only where two threads meet something is computed twice. Every unit computes
// what it would compute in the whole, to the bit.
//
// Fused groups that read operands in pieces (`Boxes`) may need a few rows from the other end of a value, as a roll
// does. Those are computed before, as a tile of their own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "compiler/fuse.h"
#include "compiler/fused_kernel.h"
#include "compiler/fused_reduction.h"

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
  // Makes it one tile, which can be computed whatever its units are.
  void make_whole();
  std::string str() const;

 private:
  struct Value {
    DType dtype;
    Shape shape;
    int axis = -1;   // -1: whole
    int input = -1;  // number among the group's inputs
    int output = -1;
    int readers = 0;
    int part_of = -1;          // the only member that reads it, where that puts it into its result
    int maker = -1;            // member
    std::int64_t overlap = 0;  // places that the next tile needs again, and that are kept
    Shape lies_as{};           // of an input: the shape that it lies in, which a transposition shows
    Axes axes{};               // of that transposition; empty if there is none
  };
  struct Member {
    std::vector<int> in, out;  // values
    const OpDef* op = nullptr;
    ParamsRef params;
    std::shared_ptr<FusedKernel> kernel;
    std::shared_ptr<const FusedReduction> reduction;
    bool view = false;                                  // its result is seen through, not computed
    std::vector<Shape> origins;                         // where its inputs lie in its result, if it puts them together
    bool covers = false;                                // the second of them lies over the first
    std::shared_ptr<const Boxes> boxes;                 // of a kernel that reads operands in pieces
    std::vector<std::shared_ptr<FusedKernel>> kernels;  // of those boxes' groups
    Boxes::Far far;                                     // which of their operands are far from the others
  };
  struct Tile;
  struct Strip;

  void add_members(const Graph& graph, const std::vector<Unit>& units, const std::function<int(int)>& number);
  void find_assembly(Member& m) const;
  void link();
  void find_far();
  std::int64_t bytes_of(int value) const;
  std::int64_t live_bytes() const;
  std::int64_t streamed_bytes() const;
  std::int64_t overlap_of(const Member& m) const;
  bool is_written_only(int value) const;
  bool reads_again() const;
  void choose_tile();
  void size_by_bytes();
  bool find_overlaps();
  void count_repeated_reads(const Tile& tile);
  bool plan(Range whole, const std::vector<Range>* kept, Tile& tile) const;
  bool plan_members(const std::vector<Range>* kept, Tile& tile) const;
  bool plan_member(std::size_t m, const std::vector<Range>* kept, Tile& tile) const;
  bool continues(const Member& m, const std::vector<Range>& kept, Range needed, const Tile& tile, Range& fresh) const;
  bool plan_parts(std::size_t m, Range range, Tile& tile) const;
  void plan_pieces(std::size_t m, Range range, Tile& tile) const;
  void demand_far(std::size_t m, Range range, Tile& tile) const;
  bool demand(Tile& tile, int value, const TileCall::Part& part) const;
  Range tile_range(std::int64_t t) const;

  static Array empty_part(const Value& v, std::int64_t size);
  int only_part(std::size_t m, const Tile& tile) const;
  Array part_in(std::size_t m, std::size_t k, const Tile& tile, const Array& result) const;
  void make_room(Strip& strip) const;
  void find_places(Strip& strip) const;
  Array argument(std::size_t m, std::size_t k, Strip& strip) const;
  void assemble(std::size_t m, const Tile& tile, const Arrays& arguments, const Array& result) const;
  struct PieceView;
  PieceView piece_in(std::size_t m, std::size_t box, std::size_t operand, Range range, Strip& strip) const;
  void run_boxes(std::size_t m, Strip& strip, std::span<Array> results) const;
  static void run_views(FusedKernel& kernel, const Shape& shape, std::span<const PieceView> views,
                        std::span<const LoopOperand> operands, std::span<const Array> results, JitMode mode);
  void run_far(Strip& strip) const;
  void run_member(std::size_t m, Strip& strip) const;
  void run_tile(Strip& strip) const;
  void run_whole(Array* const* in, Array* out, JitMode mode) const;
  bool sums_permuted(Array* const* in) const;

  std::vector<Value> values_;
  std::vector<Member> members_;
  std::vector<int> outputs_;                  // values
  std::vector<std::vector<int>> tile_frees_;  // of each member: values that it is the last to read
  int num_inputs_ = 0;
  std::int64_t extent_ = 0;  // of the outputs along their axes
  std::int64_t tile_ = 1;
  std::int64_t bytes_ = 0;
  std::int64_t reach_ = 0;  // places beyond a tile that its values take
  bool possible_ = true;    // in parts
};

// What one tile takes of everything.
struct TileGroup::Tile {
  Range whole;                                     // of the outputs; empty in a tile that lies far from another
  std::vector<Range> ranges;                       // of values: what is there
  std::vector<Range> needs;                        // of values: what is read of that
  std::vector<Range> fresh;                        // of members: what they compute of that
  std::vector<std::vector<TileCall::Part>> parts;  // of members' inputs
  std::vector<ParamsRef> params;                   // of members
  std::unique_ptr<Tile> far;                       // what is read from elsewhere, and what that takes
};

// Finds tile groups among the units of a graph whose sizes are numbers, and puts each in the place of its units.
std::vector<Unit> make_tile_groups(const Graph& graph, std::vector<Unit> units);
// Only groups of one unit that reads operands in pieces: for arrays that stay in the cache from step to step.
std::vector<Unit> make_groups_of_pieces(const Graph& graph, std::vector<Unit> units);

}  // namespace tnp::compiler

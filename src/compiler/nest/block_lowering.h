// A graph of known sizes as statements of a nest.
#pragma once

#include <map>
#include <span>
#include <tuple>

#include "compiler/fuse.h"
#include "compiler/nest/loop_nest.h"

namespace tnp::compiler {

class ParamReader;
class TurnLowering;
struct LoopGraph;

class BlockLowering {
 public:
  // Where a value is: an element or a small array in a variable, else memory that a pointer points to.
  struct Place {
    int variable = kNone;
    Shape shape;
    Strides strides;
    bool writable = false;    // it is all of some memory of the loop's own
    std::int64_t offset = 0;  // bytes, into a small array
  };

  BlockLowering(const Graph& graph, LoopNest& out) : outputs(graph.outputs), graph_(graph), out_(out) {}

  // Of the graph of a loop's turn: its carries and the rows that it scans come first, all else stays; and what is done
  // once before the loop.
  struct Turn {
    int num_carries = 0, num_scanned = 0;
    std::vector<NestStatement>* before = nullptr;
  } turn;

  std::vector<int> outputs;     // values that are read when all has run
  std::map<int, Place> places;  // of values; to be set for inputs
  std::map<int, int> targets;   // values that are to be written to where this pointer points
  bool fresh_targets = false;   // no input lies there
  std::vector<NestStatement> statements;
  std::int64_t cycles = 0;        // roughly
  std::int64_t short_cycles = 0;  // of them, in loops over short rows
  std::int64_t inner_cycles = 0;  // besides, in inner loops

  // False if something in the graph has no form here.
  bool lower();
  // Whether native code is the best way to run it: rows that take long are worth threads. `allowance`: how many times
  // as long as usually it may take.
  bool is_small_work(int allowance = 1) const;

  Place temporary(const GraphValue& like);
  // Memory of the loop's own, whatever its size.
  Place memory(const GraphValue& like);
  // All of an element, a small array, or contiguous memory behind a pointer.
  static Place whole(int variable, const GraphValue& like, bool writable);
  // From one place to another of as many elements, or of one element to all of a place; converted if types differ.
  void copy(const Place& from, const Place& to);
  // The same by way of a pointer.
  Place located(const Place& p);
  Place located_array(const Place& p);  // but an element stays where it is
  // A pointer to what lies `bytes` after another.
  int advanced(int pointer, std::int64_t bytes);
  bool is_pointer(const Place& p) const { return variable(p.variable).pointer; }
  bool is_small(const GraphValue& v) const;  // it is held in registers
  int parameter(std::int64_t n);

 private:
  bool lower(const Unit& unit);
  bool lower_node(const GraphNode& node);
  bool lower_group(const Unit& unit);
  bool lower_in_memory_order(const Unit& unit, bool in_memory);
  bool lower_indexed(const GraphNode& node, const IndexedAccess& access);
  bool lower_read(const GraphNode& node, const Place& row);
  bool lower_view(const GraphNode& node);
  bool lower_reshape(const GraphNode& node);
  bool lower_write(const GraphNode& node, const IndexedAccess& access, const Place& base);
  bool lower_window(const GraphNode& node);
  bool lower_call(const GraphNode& node);
  // assembly.cpp
  bool lower_place(const GraphNode& node);
  bool lower_small_place(const GraphNode& node);
  bool lower_concatenate(const GraphNode& node);
  std::optional<Place> home(int v);
  std::optional<Place> home_in(const GraphNode& reader, int v);
  std::optional<Place> home_before_reshape(int v, int out);
  bool is_there(int v, int whole) const;
  std::optional<Place> room(int out);
  Place room_beside(int out, const Place& base);
  const GraphNode* only_reader(int v) const;
  const GraphNode* assembler(int v) const;
  void share_memory(int v);
  int becomes(int v) const;
  bool begin_update(const GraphNode& node);
  bool reads_apart_from(const Place& written, int base) const;
  void copy_around(const Place& from, const Place& to, const Shape& start, const Shape& count);
  void place_updated(int out, const Place& array);
  // boxes.cpp
  struct Piece {
    Shape start;  // in the whole
    int of;       // a value that it lies in the memory of
    Place place;
  };
  bool reads_pieces(const Unit& unit, int v) const;
  bool read_in_pieces(int v) const;
  bool is_left_in_pieces(const GraphNode& node) const;
  bool is_piece(int v) const;
  bool in_same_memory(int a, int b) const;
  std::vector<Piece> pieces_in(int v, const Shape& start, const Shape& count);
  bool lower_pieces(const GraphNode& node);
  void copy_pieces(int v, const Place& to);
  void put_together(int v);
  struct BoxOperand;
  struct SameBoxes;
  BoxOperand views_of(const Place& place, const std::vector<Piece>* pieces, const Shape& shape,
                      const std::vector<Shape>& starts);
  std::vector<std::vector<std::int64_t>> cuts(const std::vector<int>& from, const Shape& shape) const;
  std::vector<int> kinds_in(std::size_t box, int last, const std::vector<BoxOperand>& operands) const;
  bool add_box(std::size_t number, const Shape& count, const std::vector<int>& order,
               const std::vector<BoxOperand>& operands, std::vector<SameBoxes>& all) const;
  bool compute_boxes(const FusedGroup& group, const std::vector<int>& from, const std::vector<Place>& to,
                     const Shape& shape);
  void compute_same(const FusedGroup& group, std::size_t inputs, SameBoxes& same);
  // fold_lowering.cpp
  bool lower_reduction(const GraphNode& node);
  bool lower_extreme(const GraphNode& node, Fold fold);
  bool lower_short_rows(const GraphNode& node, Fold fold, DType type);
  bool lower_short_columns(const GraphNode& node, NestStatement s);
  bool lower_product(const GraphNode& node);
  struct FoldAxes;
  Place fold_stage(const Place& from, const FoldAxes& axes, Fold fold);
  // chosen_rows.cpp
  struct ChosenRows {
    int mask = -1, index = -1;  // values
  };
  std::optional<ChosenRows> chosen_rows(const GraphNode& product) const;
  struct Filling {
    int counter, step;  // values
  };
  std::optional<Filling> filled_by_columns(const GraphNode& product) const;
  int are_zero_before(const GraphNode& product, const Filling& filling);
  const GraphNode* producer(int v) const;
  const GraphNode* producer_of_known(int v) const;
  bool lower_chosen_rows(const GraphNode& node);
  // component_lowering.cpp
  bool lower_planes(const GraphNode& node);
  bool lower_plane_sums(const GraphNode& node);
  bool computes_for(const NestStatement& s, const GraphNode& sums) const;
  void find_pairs(NestStatement& s, std::int64_t rows, std::int64_t columns) const;
  // inner_lowering.cpp
  bool lower_inner(const GraphNode& node);
  bool lower_loop(const GraphNode& node);
  struct InnerLoop;
  bool make_ready(InnerLoop& inner, const ParamReader& p);
  bool place_carries(InnerLoop& inner);
  bool before_loop(const InnerLoop& inner, const LoopGraph& g, std::size_t first, BlockLowering& block);
  bool lower_condition(const InnerLoop& inner, NestStatement& loop, std::int64_t& turn_cycles);
  void scan_rows(const InnerLoop& inner, TurnLowering& turn);
  std::vector<Place> collect_rows(const InnerLoop& inner, TurnLowering& turn);
  bool lower_cond(const GraphNode& node);
  std::vector<int> inputs_to_take(const GraphNode& node, std::span<const GraphRef> branches) const;
  bool lower_branch(const Graph& graph, const GraphNode& node, const std::vector<Place>& results,
                    const std::vector<int>& taken, std::vector<NestStatement>& block);
  void move_outputs(const std::vector<Place>& results, const std::vector<int>& overwritten);

  // The group computed over `shape`, which every operand broadcasts to.
  void compute(const FusedGroup& group, const std::vector<Place>& from, const std::vector<Place>& to,
               const Shape& shape);
  void compute_rows(NestStatement s, const std::vector<Place>& from, const std::vector<Place>& to, const Shape& shape);
  void compute_registers(const FusedGroup& group, const std::vector<Place>& from, const std::vector<Place>& to,
                         const Shape& shape);
  Place in_registers(const Place& p);
  Place converted(const Place& p, DType to);
  void join(const Place& to, const std::vector<Place>& from, std::vector<int> positions);
  Place address(const GraphNode& node, const IndexedAccess& access, const Place& base);
  int element_address(const Place& at, int index, std::int64_t size, std::int64_t step, int label);
  Place to_write(const GraphNode& node, const Place& base);
  Place part_of(const Place& base, const Shape& start, const Axes& step, const Shape& count);
  int overwritable_input(const Unit& unit, int out, const std::vector<int>& taken) const;
  bool is_small_part(int part, int whole) const;
  Place apart_from(const std::vector<int>& taken, int input);
  bool free_to_overwrite(int v, int readers = 0) const;
  bool copied_for_write(int view, int base) const;
  int root(int v) const;
  std::size_t choose(const std::vector<Unit>& units, const std::vector<bool>& done) const;
  bool writes(const Unit& unit) const;
  // The element of a place that is read at each place of `shape`.
  std::vector<int> positions(const Place& p, const Shape& shape) const;
  bool is_whole(const Place& p) const;

  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  const NestVariable& variable(int v) const { return out_.nest.variables[static_cast<std::size_t>(v)]; }
  DType dtype(const Place& p) const { return variable(p.variable).dtype; }
  bool in_small_array(const Place& p) const { return variable(p.variable).elements > 1; }

  const Graph& graph_;
  LoopNest& out_;
  std::int64_t threaded_cycles_ = 0;  // of all, in calls that use threads where that pays
  std::vector<Unit> units_;
  std::vector<int> pending_;          // of each value: units that are still to read it
  std::map<int, int> same_memory_;    // value → one whose memory it lies in
  std::map<int, int> point_numbers_;  // variables with numbers of points: which ones
  // Pointer, index, size and step → where that points to.
  std::map<std::tuple<int, int, std::int64_t, std::int64_t>, int> addresses_;
  const Unit* unit_ = nullptr;                           // that is being lowered
  std::map<int, std::pair<int, std::int64_t>> origins_;  // pointer → one that it lies so many bytes after
  std::map<int, Place> homes_;                           // of values: where they belong
  std::map<int, int> parts_;                             // of them: those that are parts of others, and of which ones
  std::map<int, Place> rooms_;                           // of arrays that are put together
  struct Update {
    Place whole;
    enum class Rest : std::uint8_t { is_there, is_to_copy } rest;  // what the update does not set
  };
  std::map<int, std::vector<Piece>> pieces_;    // of joined arrays that lie in no memory of their own
  mutable std::map<int, bool> read_in_pieces_;  // of values that have been asked about
  std::map<int, Update> updates_;               // results of updates that have begun before their calls
};

bool indexed(const GraphNode& node, IndexedAccess& access);
bool is_place_slice(const GraphNode& node);

// Strides of an operand over `shape`, which it broadcasts to: 0 along what it repeats.
Strides strides_over(const Shape& from, const Strides& strides, const Shape& shape);

}  // namespace tnp::compiler

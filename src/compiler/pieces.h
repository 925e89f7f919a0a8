// Operands of fused groups that are put together of other arrays (rolled, joined, padded ones): they are read where
// their pieces lie, and never put together in memory.
//
// A group's index space is cut along each axis where a piece of an operand ends. In each of the boxes that come of it
// every operand is a view of one array, and the group's kernel runs on those views.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "compiler/fused_group.h"
#include "ir/graph.h"

namespace tnp::compiler {

struct Unit;

struct Piece {
  int source;         // of the graph's values
  Shape begin, end;   // where it lies in the operand
  Shape start;        // the source's element that comes first
  Axes step;          // elements of the source from one to the next; empty: the source is one element for all
  int computed = -1;  // a part that is computed in the group that reads it: its number; the source is what it gives
};

struct Operand {
  Shape shape;
  std::vector<Piece> pieces;  // which cover it; none of them is empty
};

// A group of one result that becomes a part of an operand.
struct ComputedPart {
  const FusedGroup* group;
  Shape shape;
  std::vector<Operand> operands;
};

// Where a group whose operands are in pieces computes what, and of what. Where pieces are computed in it, boxes have
// groups of their own.
class Boxes {
 public:
  // The element of a source at a place of the group is `origin` + `step` * that place, along each of the source's axes,
  // which are the group's last ones.
  struct View {
    int source;
    Axes origin, step;
    bool operator==(const View&) const = default;
  };
  struct Box {
    Shape begin, end;
    std::vector<View> operands;
    int group = 0;
    bool narrow = false;  // rows of few elements beside longer ones
    bool minor = false;   // a small part of the whole
  };

  Boxes(const Shape& shape, const FusedGroup& group, const std::vector<Operand>& operands,
        const std::vector<ComputedPart>& parts);

  const std::vector<Box>& all() const { return boxes_; }  // none if they would be too many
  const std::vector<FusedGroup>& groups() const { return groups_; }
  const Shape& shape() const { return shape_; }
  // The share of elements in narrow boxes.
  double narrow_share() const;
  // Gives the sources, and numbers them in that order.
  std::vector<int> number_sources();

  // The source's axis that lies along one of the group's; -1: it is the same all along it.
  int axis_of(const View& view, int axis) const;
  // The axis of a source along which it is read in parts if the group is computed in parts along `axis`; -1: all of it
  // is read for each.
  int source_axis(int source, int axis) const;
  // What `begin` … `end` along `axis` take of a box's operand; empty if they take none.
  std::pair<std::int64_t, std::int64_t> rows_of(const Box& box, const View& view, int axis, std::int64_t begin,
                                                std::int64_t end) const;
  // By box and operand, whether it is far from where the rest of its source is read for the same place, as one end of
  // an array that is rolled is. `extent`: of a source along `axis`, where only a part of it is at hand; else -1. None
  // if too much is far.
  using Far = std::vector<std::vector<bool>>;
  std::optional<Far> far_pieces(int axis, const std::function<std::int64_t(int source)>& extent) const;

 private:
  struct Cutter;
  void join_neighbours();
  void classify();

  Shape shape_;
  std::vector<FusedGroup> groups_;
  std::vector<Box> boxes_;
};

// Lets fused groups of a graph whose sizes are numbers read operands in pieces where these would be copied to put them
// together, and drops the units that nobody needs any more.
void read_in_pieces(const Graph& graph, std::vector<Unit>& units);

}  // namespace tnp::compiler

// Joined arrays that are read piece by piece, where they would only be copied together: a roll, or an array with an
// edge around it. What is computed of them is computed box by box, within which every operand is one view of memory.
#include <algorithm>
#include <string_view>

#include "compiler/nest/block_lowering.h"
#include "compiler/nest/components.h"
#include "compiler/param_reader.h"

namespace tnp::compiler {

namespace {

using Kind = NestStatement::Kind;

constexpr std::size_t kMostPieces = 16;    // of an array
constexpr std::size_t kMostBoxes = 64;     // of a computation
constexpr std::size_t kMostKinds = 4;      // of boxes, each of which has code of its own
constexpr std::int64_t kShortestRun = 32;  // elements that lie one after the other in what is joined
constexpr std::int64_t kShortRow = 128;
constexpr std::int64_t kNarrow = 3;  // columns of a box that is walked down its columns
constexpr std::int64_t kLong = 8;
constexpr int kByParameter = stride_apart(kMostApart) - 1;  // a stride that the code does not know

bool is_concatenate(const GraphNode& node) { return std::string_view(node.op->name) == "concatenate"; }
bool is_slice(const GraphNode& node) { return std::string_view(node.op->name) == "slice"; }

Shape zeros(int ndim) { return Shape(ndim, 0); }

// What lies in both of two boxes; of no elements if nothing does.
std::pair<Shape, Shape> common(const Shape& a, const Shape& a_count, const Shape& b, const Shape& b_count) {
  Shape start = a, count = a_count;
  for (int d = 0; d < a.ndim(); ++d) {
    start[d] = std::max(a[d], b[d]);
    count[d] = std::max<std::int64_t>(0, std::min(a[d] + a_count[d], b[d] + b_count[d]) - start[d]);
  }
  return {start, count};
}

Shape minus(const Shape& a, const Shape& b) {
  Shape out = a;
  for (int d = 0; d < a.ndim(); ++d) out[d] -= b[d];
  return out;
}

}  // namespace

// --- which arrays

// Whether a unit that reads a value can do so piece by piece.
bool BlockLowering::reads_pieces(const Unit& unit, int v) const {
  if (!unit.fused) {
    const GraphNode& node = graph_.nodes[static_cast<std::size_t>(unit.nodes[0])];
    if (is_slice(node)) return SliceParams(*node.params).is_box() && read_in_pieces(node.outputs[0]);
    return is_concatenate(node) && !is_small(value(node.outputs[0]));
  }
  const GraphValue& out = value(unit.outputs[0]);
  if (is_small(out) || out.shape.num_elements() == 1) return false;
  const bool in_components = std::any_of(unit.outputs.begin(), unit.outputs.end(), [&](int w) {
    const GraphNode* reader = only_reader(w);
    return reader != nullptr && reader->op == &kPlaneSums;
  });
  return !in_components && value(v).shape.num_elements() > 1;
}

// Whether all that read a value can do so piece by piece.
bool BlockLowering::read_in_pieces(int v) const {
  const auto [it, fresh] = read_in_pieces_.try_emplace(v, false);
  if (!fresh) return it->second;
  if (std::find(outputs.begin(), outputs.end(), v) != outputs.end() || targets.contains(v)) return false;
  bool any = false;
  for (const Unit& u : units_) {
    if (std::find(u.inputs.begin(), u.inputs.end(), v) == u.inputs.end()) continue;
    any = true;
    if (!reads_pieces(u, v)) return false;
  }
  read_in_pieces_[v] = any;
  return any;
}

// Whether a joined array is left in pieces. What is computed for it alone is better computed in its place.
bool BlockLowering::is_left_in_pieces(const GraphNode& node) const {
  if (!is_concatenate(node) || node.inputs.size() > kMostPieces) return false;
  const int out = node.outputs[0];
  const Shape& shape = value(out).shape;
  if (is_small(value(out)) || !is_numeric(value(out).dtype)) return false;
  std::int64_t run = 1, copied = 0;
  for (int d = static_cast<int>(ParamReader(*node.params).number("axis")); d < shape.ndim(); ++d) run *= shape[d];
  if (run < kShortestRun || !read_in_pieces(out)) return false;
  for (int v : node.inputs) {
    const bool computed = std::any_of(units_.begin(), units_.end(), [&](const Unit& u) {
      return u.fused && std::find(u.outputs.begin(), u.outputs.end(), v) != u.outputs.end();
    });
    if (value(v).dtype != value(out).dtype) return false;
    if (!computed) copied += value(v).shape.num_elements();
  }
  return 2 * copied >= shape.num_elements();
}

// Whether a view is nothing but a part of joined arrays that are left in pieces.
bool BlockLowering::is_piece(int v) const {
  if (std::find(outputs.begin(), outputs.end(), v) != outputs.end()) return false;
  bool any = false;
  for (const Unit& u : units_) {
    if (std::find(u.inputs.begin(), u.inputs.end(), v) == u.inputs.end()) continue;
    any = true;
    if (u.fused || !is_left_in_pieces(graph_.nodes[static_cast<std::size_t>(u.nodes[0])])) return false;
  }
  return any;
}

// Whether two values may lie in the same memory.
bool BlockLowering::in_same_memory(int a, int b) const {
  const auto roots = [&](int v) {
    std::vector<int> all;
    const auto it = pieces_.find(v);
    if (it == pieces_.end()) return std::vector<int>{root(v)};
    for (const Piece& p : it->second) all.push_back(root(p.of));
    return all;
  };
  const std::vector<int> of_a = roots(a), of_b = roots(b);
  return std::any_of(of_a.begin(), of_a.end(),
                     [&](int r) { return std::find(of_b.begin(), of_b.end(), r) != of_b.end(); });
}

// --- pieces

// What there is of a value in a box of it, as pieces that begin in the box.
std::vector<BlockLowering::Piece> BlockLowering::pieces_in(int v, const Shape& start, const Shape& count) {
  std::vector<Piece> out;
  const Axes step(start.ndim(), 1);
  const auto it = pieces_.find(v);
  if (it == pieces_.end()) return {{zeros(start.ndim()), v, part_of(located_array(places.at(v)), start, step, count)}};
  for (const Piece& p : std::vector<Piece>(it->second)) {
    const auto [first, size] = common(start, count, p.start, p.place.shape);
    if (size.num_elements() == 0) continue;
    out.push_back({minus(first, start), p.of, part_of(p.place, minus(first, p.start), step, size)});
  }
  return out;
}

BlockLowering::Place BlockLowering::located_array(const Place& p) { return in_small_array(p) ? located(p) : p; }

// Joined arrays, and slices of them, that nothing but others reads: no memory is written.
bool BlockLowering::lower_pieces(const GraphNode& node) {
  const bool joined = is_left_in_pieces(node), sliced = is_slice(node) && pieces_.contains(node.inputs[0]);
  if (!joined && !sliced) return false;
  const int out = node.outputs[0];
  std::vector<Piece> all;
  if (sliced) {
    const SliceParams slice(*node.params);
    all = pieces_in(node.inputs[0], slice.start, slice.count);
  } else {
    const int axis = static_cast<int>(ParamReader(*node.params).number("axis"));
    std::int64_t at = 0;
    for (int v : node.inputs) {
      const Shape& shape = value(v).shape;
      if (shape.num_elements() == 0) continue;
      for (Piece& p : pieces_in(v, zeros(shape.ndim()), shape)) {
        p.start[axis] += at;
        all.push_back(std::move(p));
      }
      at += shape[axis];
    }
  }
  const Shape& shape = value(out).shape;
  places[out] = {kNone, shape, contiguous_strides(shape, itemsize(value(out).dtype))};
  pieces_.emplace(out, std::move(all));
  if (pieces_.at(out).size() > kMostPieces) put_together(out);
  return true;
}

void BlockLowering::copy_pieces(int v, const Place& to) {
  const auto it = pieces_.find(v);
  if (it == pieces_.end()) return copy(places.at(v), to);
  for (const Piece& p : std::vector<Piece>(it->second))
    copy(p.place, part_of(to, p.start, Axes(p.start.ndim(), 1), p.place.shape));
}

// A copy, after all.
void BlockLowering::put_together(int v) {
  if (!pieces_.contains(v)) return;
  const Place to = memory(value(v));
  copy_pieces(v, to);
  pieces_.erase(v);
  places[v] = to;
}

// --- boxes

// An operand of a computation: what lies there in each box.
struct BlockLowering::BoxOperand {
  struct View {
    int base;             // a pointer, or an element
    std::int64_t offset;  // bytes
    Strides strides;      // over the dimensions of the whole
  };
  std::vector<View> views;
};

namespace {

struct Box {
  Shape start, count;
  std::vector<int> order;  // of its loops: dimensions
};

// All boxes between places to cut at along each dimension, the ends among them.
std::vector<Box> boxes_between(const std::vector<std::vector<std::int64_t>>& cuts) {
  std::vector<Box> all;
  const int ndim = static_cast<int>(cuts.size());
  std::vector<std::size_t> at(cuts.size(), 0);
  while (true) {
    Box box{zeros(ndim), zeros(ndim), {}};
    for (int d = 0; d < ndim; ++d) {
      const auto k = static_cast<std::size_t>(d);
      box.start[d] = cuts[k][at[k]];
      box.count[d] = cuts[k][at[k] + 1] - box.start[d];
      box.order.push_back(d);
    }
    all.push_back(std::move(box));
    int d = ndim;
    while (d > 0 && ++at[static_cast<std::size_t>(d - 1)] + 1 == cuts[static_cast<std::size_t>(d - 1)].size())
      at[static_cast<std::size_t>(--d)] = 0;
    if (d == 0) return all;
  }
}

// A few columns are walked from above to below, in one loop that is long.
void turn_narrow(Box& box) {
  const int last = box.count.ndim() - 1;
  if (last < 1 || box.count[last] > kNarrow) return;
  int longest = 0;
  for (int d = 1; d < last; ++d) {
    if (box.count[d] >= box.count[longest]) longest = d;
  }
  if (box.count[longest] < kLong) return;
  std::erase(box.order, longest);
  box.order.push_back(longest);
}

}  // namespace

// Boxes that the same code serves, with what they consist of.
struct BlockLowering::SameBoxes {
  std::vector<int> kinds;                        // of each operand along the innermost loop, and elements as they are
  bool down = false;                             // walked down the columns
  std::vector<std::vector<std::int64_t>> sizes;  // of each box: its loops
  std::vector<std::vector<const BoxOperand::View*>> views;      // of each box: its operands
  std::vector<std::vector<std::vector<std::int64_t>>> strides;  // of each box, operand and loop

  // Two loops that are one in every box.
  void merge() {
    for (std::size_t d = sizes[0].size(); d-- > 1;) {
      bool merged = true;
      for (std::size_t b = 0; b < sizes.size(); ++b) {
        if (d + 1 == sizes[b].size() && sizes[b][d] == 1 && sizes[b][d - 1] != 1) merged = false;  // of another kind
        for (const auto& s : strides[b])
          merged = merged && (sizes[b][d - 1] == 1 || sizes[b][d] == 1 || s[d - 1] == s[d] * sizes[b][d]);
      }
      if (!merged) continue;
      for (std::size_t b = 0; b < sizes.size(); ++b) {
        for (auto& s : strides[b]) {
          if (sizes[b][d] != 1) s[d - 1] = s[d];
          s.erase(s.begin() + static_cast<std::ptrdiff_t>(d));
        }
        sizes[b][d - 1] *= sizes[b][d];
        sizes[b].erase(sizes[b].begin() + static_cast<std::ptrdiff_t>(d));
      }
    }
  }
};

// The operand's views in all boxes; none where it has no piece that a box lies in, as that is cut otherwise.
BlockLowering::BoxOperand BlockLowering::views_of(const Place& place, const std::vector<Piece>* pieces,
                                                  const Shape& shape, const std::vector<Shape>& starts) {
  BoxOperand operand;
  for (const Shape& start : starts) {
    const int ndim = place.shape.ndim(), lead = shape.ndim() - ndim;
    Shape at = zeros(ndim);
    for (int d = 0; d < ndim; ++d) at[d] = place.shape[d] == 1 ? 0 : start[lead + d];
    const Place* from = &place;
    if (pieces != nullptr) {
      const auto lies_in = [&](const Piece& p) {
        bool inside = true;
        for (int d = 0; d < ndim; ++d) inside = inside && p.start[d] <= at[d] && at[d] < p.start[d] + p.place.shape[d];
        return inside;
      };
      const auto piece = std::find_if(pieces->begin(), pieces->end(), lies_in);
      if (piece == pieces->end()) return {};
      at = minus(at, piece->start);
      from = &piece->place;
    }
    std::int64_t offset = 0;
    Strides strides(shape.ndim(), 0);
    for (int d = 0; d < ndim; ++d) {
      offset += at[d] * from->strides[d];
      if (place.shape[d] != 1) strides[lead + d] = from->strides[d];
    }
    int base = from->variable;
    if (!is_pointer(*from)) {
      offset = 0;
    } else if (const auto it = origins_.find(base); it != origins_.end()) {
      base = it->second.first;
      offset += it->second.second;
    }
    operand.views.push_back({base, offset, std::move(strides)});
  }
  return operand;
}

// Where a computation over `shape` has to be cut along each dimension, the ends among them; nothing if there would be
// too many boxes.
std::vector<std::vector<std::int64_t>> BlockLowering::cuts(const std::vector<int>& from, const Shape& shape) const {
  std::vector<std::vector<std::int64_t>> all;
  for (int d = 0; d < shape.ndim(); ++d) all.push_back({0, shape[d]});
  for (int v : from) {
    const auto it = pieces_.find(v);
    if (it == pieces_.end()) continue;
    const int lead = shape.ndim() - value(v).shape.ndim();
    for (const Piece& p : it->second) {
      for (int d = 0; d < p.start.ndim(); ++d) {
        if (value(v).shape[d] == 1) continue;
        auto& ends = all[static_cast<std::size_t>(lead + d)];
        ends.insert(ends.end(), {p.start[d], p.start[d] + p.place.shape[d]});
      }
    }
  }
  std::size_t count = 1;
  for (auto& ends : all) {
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    count *= ends.size() - 1;
    if (count > kMostBoxes) return {};
  }
  return all;
}

// How the operands lie along the innermost loop of a box.
std::vector<int> BlockLowering::kinds_in(std::size_t box, int last, const std::vector<BoxOperand>& operands) const {
  std::vector<int> kinds;
  for (const BoxOperand& o : operands) {
    const BoxOperand::View& view = o.views[box];
    const NestVariable& base = variable(view.base);
    const std::int64_t bytes = itemsize(base.dtype), stride = view.strides[last];
    const bool near = stride > 0 && stride % bytes == 0 && stride / bytes <= kMostApart;
    kinds.push_back(!base.pointer ? view.base
                    : stride == 0 ? kNone
                    : near        ? stride_apart(static_cast<int>(stride / bytes))
                                  : kByParameter);
  }
  return kinds;
}

// Adds a box to those that the same code serves; false if there are too many kinds.
bool BlockLowering::add_box(std::size_t number, const Shape& count, const std::vector<int>& order,
                            const std::vector<BoxOperand>& operands, std::vector<SameBoxes>& all) const {
  const int last = order.back();
  const bool down = last != count.ndim() - 1, one = count[last] == 1;
  std::vector<int> kinds = kinds_in(number, last, operands);
  const auto fits = [&](const SameBoxes& same) {
    if (same.down != down && !one) return false;
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      const bool pointers = kinds[k] < 0 && same.kinds[k] < 0;
      if (kinds[k] != same.kinds[k] && !(one && pointers)) return false;
    }
    return true;
  };
  auto same = std::find_if(all.begin(), all.end(), fits);
  if (same == all.end()) {
    if (all.size() == kMostKinds) return false;
    all.emplace_back();
    same = all.end() - 1;
    same->kinds = std::move(kinds);
    same->down = down;
  }
  same->sizes.emplace_back();
  same->views.emplace_back();
  same->strides.emplace_back();
  for (int d : order) same->sizes.back().push_back(count[d]);
  for (const BoxOperand& o : operands) {
    same->views.back().push_back(&o.views[number]);
    same->strides.back().emplace_back();
    for (int d : order) same->strides.back().back().push_back(o.views[number].strides[d]);
  }
  return true;
}

// The group of operands, some of which are in pieces; false if there would be too many boxes.
bool BlockLowering::compute_boxes(const FusedGroup& group, const std::vector<int>& from, const std::vector<Place>& to,
                                  const Shape& shape) {
  const std::vector<std::vector<std::int64_t>> ends = cuts(from, shape);
  if (ends.empty()) return false;
  std::vector<Box> boxes = boxes_between(ends);
  // The largest box decides how those of one column are taken.
  const auto smaller = [](const Box& a, const Box& b) { return a.count.num_elements() < b.count.num_elements(); };
  std::iter_swap(boxes.begin(), std::max_element(boxes.begin(), boxes.end(), smaller));
  std::vector<Shape> starts;
  for (Box& box : boxes) {
    turn_narrow(box);
    starts.push_back(box.start);
  }
  std::vector<BoxOperand> operands;
  for (int v : from) {
    const auto it = pieces_.find(v);
    const bool whole_array = it == pieces_.end();
    const Place place = whole_array ? located_array(places.at(v)) : places.at(v);
    operands.push_back(views_of(place, whole_array ? nullptr : &it->second, shape, starts));
    if (operands.back().views.empty()) return false;
  }
  for (const Place& p : to) operands.push_back(views_of(p, nullptr, shape, starts));
  std::vector<SameBoxes> kinds;
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    if (!add_box(b, boxes[b].count, boxes[b].order, operands, kinds)) return false;
  }
  for (SameBoxes& same : kinds) compute_same(group, from.size(), same);
  const std::int64_t work = shape.num_elements() * group.cycles() / 4 + 32 * static_cast<std::int64_t>(boxes.size());
  cycles += work;
  if (shape[shape.ndim() - 1] < kShortRow) short_cycles += work;
  return true;
}

void BlockLowering::compute_same(const FusedGroup& group, std::size_t inputs, SameBoxes& same) {
  same.merge();
  const std::size_t operands = same.kinds.size(), loops = same.sizes[0].size(), boxes = same.sizes.size();
  NestStatement s{.kind = Kind::compute, .group = group};
  for (std::size_t k = 0; k < operands; ++k) {
    (k < inputs ? s.from : s.to).push_back(same.views[0][k]->base);
    std::vector<int> bases;
    bool differ = false;
    for (const auto& views : same.views) {
      bases.push_back(views[k]->base);
      differ = differ || bases.back() != bases[0];
    }
    s.bases.push_back(differ ? std::move(bases) : std::vector<int>());
  }
  s.boxes = static_cast<int>(boxes);
  // A record of parameters for each box: sizes, then of each operand where it begins, and its strides.
  std::vector<std::int64_t>& all = out_.parameters;
  const int first = static_cast<int>(all.size());
  for (std::size_t b = 0; b < boxes; ++b) {
    for (std::size_t d = 0; d < loops; ++d) {
      if (b == 0) s.extents.push_back(static_cast<int>(all.size()));
      all.push_back(same.sizes[b][d]);
    }
    for (std::size_t k = 0; k < operands; ++k) {
      const bool element = same.kinds[k] >= 0;
      if (b == 0) {
        s.offsets.push_back(element ? kNone : static_cast<int>(all.size()));
        s.strides.emplace_back(loops, kNone);
      }
      if (element) continue;
      all.push_back(same.views[b][k]->offset);
      for (std::size_t d = 0; d < loops; ++d) {
        const bool known = d + 1 == loops && same.kinds[k] != kByParameter;
        if (b == 0) s.strides[k][d] = known ? same.kinds[k] : static_cast<int>(all.size());
        if (!known) all.push_back(same.strides[b][k][d]);
      }
    }
  }
  s.record = (static_cast<int>(all.size()) - first) / s.boxes;
  statements.push_back(std::move(s));
}

}  // namespace tnp::compiler

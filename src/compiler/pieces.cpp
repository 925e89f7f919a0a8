#include "compiler/pieces.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "compiler/fuse.h"
#include "compiler/param_reader.h"
#include "compiler/simplify.h"

namespace tnp::compiler {

namespace {

constexpr std::size_t kMaxBoxes = 64;
constexpr std::int64_t kLeastElements = 1 << 16;  // of a group: smaller arrays are copied in the cache
constexpr std::int64_t kNarrowRow = 32;           // elements of a row that is worth the kernel's while
constexpr double kMostNarrow = 1.0 / 16;          // of all elements, in narrow boxes
constexpr std::int64_t kMinorPart = 16;           // of the whole, a box that gets no code of its own
constexpr std::int64_t kFarPart = 4, kMostFar = 8;
constexpr int kMaxDepth = 16;  // of arrays put together of arrays put together

bool is_named(const GraphNode& node, const char* name) { return std::strcmp(node.op->name, name) == 0; }

// The indices j of a slice with start + j * step in [begin, end).
std::pair<std::int64_t, std::int64_t> indices_in(std::int64_t start, std::int64_t step, std::int64_t count,
                                                 std::int64_t begin, std::int64_t end) {
  const auto first_at = [&](std::int64_t distance, std::int64_t stride) {  // the first j with j * stride >= distance
    return distance <= 0 ? 0 : (distance + stride - 1) / stride;
  };
  const std::int64_t from = step > 0 ? first_at(begin - start, step) : first_at(start - end + 1, -step);
  const std::int64_t to = step > 0 ? first_at(end - start, step) : first_at(start - begin + 1, -step);
  return {std::min(from, count), std::min(to, count)};
}

// Of what arrays the values of a graph are put together.
class Resolver {
 public:
  explicit Resolver(const Graph& graph) : graph_(graph), maker_(graph.values.size(), nullptr) {
    for (const GraphNode& n : graph.nodes) {
      if (n.outputs.size() == 1) maker_[static_cast<std::size_t>(n.outputs[0])] = &n;
    }
  }

  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  const GraphNode* maker(int v) const { return maker_[static_cast<std::size_t>(v)]; }

  // Sets `joined` where the value is put together.
  Operand resolve(int v, bool& joined, int depth = 0) const {
    const GraphNode* node = maker(v);
    const Shape& shape = value(v).shape;
    if (node != nullptr && depth < kMaxDepth && shape.is_static() && shape.ndim() > 0) {
      const bool one_type = std::all_of(node->inputs.begin(), node->inputs.end(),
                                        [&](int in) { return value(in).dtype == value(v).dtype; });
      if (is_named(*node, "slice")) return resolve_slice(v, *node, joined, depth);
      if (is_named(*node, "concatenate") && one_type) return resolve_concatenate(v, *node, joined, depth);
      if (is_named(*node, "place_slice") && one_type) return resolve_place(v, *node, joined, depth);
      if (is_named(*node, "full") && one_type && value(node->inputs[0]).shape == Shape{})
        return {shape, {{node->inputs[0], zeros(shape), shape, {}, {}}}};
    }
    return whole(v);
  }

 private:
  static Shape zeros(const Shape& like) { return Shape(like.ndim(), 0); }

  Operand whole(int v) const {
    const Shape& shape = value(v).shape;
    return {shape, {{v, zeros(shape), shape, zeros(shape), Axes(shape.ndim(), 1)}}};
  }

  // The part of `piece` that a slice shows, added to `to`.
  static void add_sliced(const Piece& piece, const Shape& start, const Axes& step, const Shape& count, Operand& to) {
    Piece part = piece;
    for (int d = 0; d < start.ndim(); ++d) {
      const auto [begin, end] = indices_in(start[d], step[d], count[d], piece.begin[d], piece.end[d]);
      if (begin >= end) return;
      part.begin[d] = begin;
      part.end[d] = end;
      if (piece.step.empty()) continue;
      part.start[d] += (start[d] + begin * step[d] - piece.begin[d]) * piece.step[d];
      part.step[d] *= step[d];
    }
    to.pieces.push_back(std::move(part));
  }

  Operand resolve_slice(int v, const GraphNode& node, bool& joined, int depth) const {
    const SliceParams slice(*node.params);
    const Shape& from = value(node.inputs[0]).shape;
    if (!from.is_static() || !slice.start.is_static() || !slice.count.is_static()) return whole(v);
    for (int d = 0; d < from.ndim(); ++d) {  // what is out of bounds is left to the operation, which says so
      const std::int64_t last = slice.start[d] + (slice.count[d] - 1) * slice.step[d];
      if (slice.count[d] <= 0 || slice.step[d] == 0 || slice.start[d] >= from[d] || last < 0 || last >= from[d])
        return whole(v);
    }
    const Operand source = resolve(node.inputs[0], joined, depth + 1);
    Operand result{slice.count, {}};
    for (const Piece& p : source.pieces) add_sliced(p, slice.start, slice.step, slice.count, result);
    return result;
  }

  Operand resolve_concatenate(int v, const GraphNode& node, bool& joined, int depth) const {
    const int axis = static_cast<int>(ParamReader(*node.params).number("axis"));
    joined = true;
    Operand result{value(v).shape, {}};
    std::int64_t at = 0;
    for (int in : node.inputs) {
      const Operand part = resolve(in, joined, depth + 1);
      for (Piece p : part.pieces) {
        if (p.end[axis] == p.begin[axis]) continue;
        p.begin[axis] += at;
        p.end[axis] += at;
        result.pieces.push_back(std::move(p));
      }
      at += part.shape[axis];
    }
    return result;
  }

  Operand resolve_place(int v, const GraphNode& node, bool& joined, int depth) const {
    const SliceParams slice(*node.params);
    const Shape& shape = value(v).shape;
    if (!slice.is_box() || !slice.start.is_static() || slice.count != value(node.inputs[1]).shape ||
        slice.count.num_elements() == 0)
      return whole(v);
    for (int d = 0; d < shape.ndim(); ++d) {
      if (slice.start[d] + slice.count[d] > shape[d]) return whole(v);
    }
    joined = true;
    Operand result{shape, {}};
    const Operand around = resolve(node.inputs[0], joined, depth + 1);
    const Axes ones(shape.ndim(), 1);
    const auto add_around = [&](const Shape& begin, const Shape& end) {
      Shape count = end;
      for (int d = 0; d < shape.ndim(); ++d) count[d] -= begin[d];
      if (count.num_elements() == 0) return;
      Operand part;
      for (const Piece& p : around.pieces) add_sliced(p, begin, ones, count, part);
      for (Piece& p : part.pieces) {
        for (int d = 0; d < shape.ndim(); ++d) {
          p.begin[d] += begin[d];
          p.end[d] += begin[d];
        }
        result.pieces.push_back(std::move(p));
      }
    };
    Shape begin = zeros(shape), end = shape;
    for (int d = 0; d < shape.ndim(); ++d) {
      const std::int64_t first = slice.start[d], last = first + slice.count[d];
      Shape until = end, from = begin;
      until[d] = first;
      from[d] = last;
      add_around(begin, until);
      add_around(from, end);
      begin[d] = first;
      end[d] = last;
    }
    for (Piece p : resolve(node.inputs[1], joined, depth + 1).pieces) {
      for (int d = 0; d < shape.ndim(); ++d) {
        p.begin[d] += slice.start[d];
        p.end[d] += slice.start[d];
      }
      result.pieces.push_back(std::move(p));
    }
    return result;
  }

  const Graph& graph_;
  std::vector<const GraphNode*> maker_;
};

bool contains(const Piece& piece, const Shape& begin, const Shape& end) {
  for (int d = 0; d < begin.ndim(); ++d) {
    if (begin[d] < piece.begin[d] || end[d] > piece.end[d]) return false;
  }
  return true;
}

}  // namespace

Boxes::Boxes(const Shape& shape, std::vector<Operand> operands) : shape_(shape), operands_(std::move(operands)) {
  cut();
  join_neighbours();
  classify();
}

// The operand's axis that lies along one of the group's; -1: it is the same all along it.
int Boxes::operand_axis(const Operand& operand, int axis) const {
  const int at = axis - (shape_.ndim() - operand.shape.ndim());
  return at >= 0 && operand.shape[at] == shape_[axis] ? at : -1;
}

// Every box between neighbouring ends of pieces; none at all if there are too many.
void Boxes::cut() {
  std::vector<std::vector<std::int64_t>> cuts;
  std::size_t count = 1;
  for (int d = 0; d < shape_.ndim(); ++d) {
    std::vector<std::int64_t> ends{0, shape_[d]};
    for (const Operand& o : operands_) {
      const int at = operand_axis(o, d);
      for (const Piece& p : o.pieces) {
        if (at < 0) continue;
        ends.push_back(p.begin[at]);
        ends.push_back(p.end[at]);
      }
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    count *= ends.size() - 1;
    if (count == 0 || count > kMaxBoxes) return;
    cuts.push_back(std::move(ends));
  }
  for (std::size_t i = 0; i < count; ++i) {
    Box box{Shape(shape_.ndim(), 0), shape_, {}};
    std::size_t rest = i;
    for (int d = shape_.ndim(); d-- > 0;) {
      const auto& ends = cuts[static_cast<std::size_t>(d)];
      const std::size_t at = rest % (ends.size() - 1);
      rest /= ends.size() - 1;
      box.begin[d] = ends[at];
      box.end[d] = ends[at + 1];
    }
    for (const Operand& o : operands_) {
      Shape begin(o.shape.ndim(), 0), end = o.shape;
      for (int d = 0; d < shape_.ndim(); ++d) {
        if (const int at = operand_axis(o, d); at >= 0) {
          begin[at] = box.begin[d];
          end[at] = box.end[d];
        }
      }
      const auto found =
          std::find_if(o.pieces.begin(), o.pieces.end(), [&](const Piece& p) { return contains(p, begin, end); });
      if (found == o.pieces.end()) {  // the operand is cut where the group's index space is not
        boxes_.clear();
        return;
      }
      box.pieces.push_back(static_cast<int>(found - o.pieces.begin()));
    }
    boxes_.push_back(std::move(box));
  }
}

// Neighbours that read the same pieces are one box.
void Boxes::join_neighbours() {
  const auto join = [](Box& a, const Box& b) {
    if (a.pieces != b.pieces) return false;
    int along = -1;
    for (int d = 0; d < a.begin.ndim(); ++d) {
      if (a.begin[d] == b.begin[d] && a.end[d] == b.end[d]) continue;
      if (along >= 0 || a.end[d] != b.begin[d]) return false;
      along = d;
    }
    if (along < 0) return false;
    a.end[along] = b.end[along];
    return true;
  };
  for (bool any = true; any;) {
    any = false;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      for (std::size_t j = boxes_.size(); j-- > 0;) {
        if (i == j || !join(boxes_[i], boxes_[j])) continue;
        boxes_.erase(boxes_.begin() + static_cast<std::ptrdiff_t>(j));
        i -= j < i ? 1 : 0;
        any = true;
      }
    }
  }
}

namespace {

std::int64_t elements_of(const Boxes::Box& box) {
  std::int64_t n = 1;
  for (int d = 0; d < box.begin.ndim(); ++d) n *= box.end[d] - box.begin[d];
  return n;
}

}  // namespace

void Boxes::classify() {
  int inner = shape_.ndim() - 1;
  while (inner > 0 && shape_[inner] == 1) --inner;
  for (Box& box : boxes_) {
    const std::int64_t row = box.end[inner] - box.begin[inner];
    box.narrow = row < kNarrowRow && row < shape_[inner];
    box.minor = kMinorPart * elements_of(box) < shape_.num_elements();
  }
}

double Boxes::narrow_share() const {
  std::int64_t narrow = 0;
  for (const Box& box : boxes_) narrow += box.narrow ? elements_of(box) : 0;
  return static_cast<double>(narrow) / static_cast<double>(std::max<std::int64_t>(1, shape_.num_elements()));
}

int Boxes::source_axis(int source, int axis) const {
  int found = -1;
  bool first = true;
  for (const Operand& o : operands_) {
    for (const Piece& p : o.pieces) {
      if (p.source != source) continue;
      const int at = p.step.empty() ? -1 : operand_axis(o, axis);
      if (!first && at != found) return -1;
      found = at;
      first = false;
    }
  }
  return found;
}

std::pair<std::int64_t, std::int64_t> Boxes::rows_of(const Operand& operand, const Piece& piece, int axis,
                                                     std::int64_t begin, std::int64_t end) const {
  const int at = operand_axis(operand, axis);
  if (at < 0 || piece.step.empty()) return {0, 0};
  begin = std::max(begin, piece.begin[at]);
  end = std::min(end, piece.end[at]);
  if (begin >= end) return {0, 0};
  const std::int64_t first = piece.start[at] + (begin - piece.begin[at]) * piece.step[at];
  const std::int64_t last = piece.start[at] + (end - 1 - piece.begin[at]) * piece.step[at];
  return {std::min(first, last), std::max(first, last) + 1};
}

std::optional<Boxes::Far> Boxes::far_pieces(int axis, const std::function<std::int64_t(int source)>& extent) const {
  struct Longest {
    std::int64_t length = 0, offset = 0;
  };
  std::map<int, Longest> longest;  // piece of each source
  const auto for_each = [&](auto&& visit) {
    for (std::size_t k = 0; k < operands_.size(); ++k) {
      const int at = operand_axis(operands_[k], axis);
      for (std::size_t i = 0; i < operands_[k].pieces.size(); ++i) {
        const Piece& p = operands_[k].pieces[i];
        const std::int64_t n = at < 0 || p.step.empty() ? -1 : extent(p.source);
        if (n >= 0) visit(k, i, p, n, p.end[at] - p.begin[at], p.start[at] - p.begin[at], p.step[at]);
      }
    }
  };
  bool mirrored = false;
  for_each([&](std::size_t, std::size_t, const Piece& p, std::int64_t, std::int64_t length, std::int64_t offset,
               std::int64_t step) {
    mirrored = mirrored || (step < 0 && length > 1);
    Longest& l = longest[p.source];
    if (length > l.length) l = {length, offset};
  });
  if (mirrored) return std::nullopt;
  Far far;
  for (const Operand& o : operands_) far.emplace_back(o.pieces.size(), false);
  bool too_much = false;
  for_each([&](std::size_t k, std::size_t i, const Piece& p, std::int64_t n, std::int64_t length, std::int64_t offset,
               std::int64_t) {
    far[k][i] = kFarPart * std::abs(offset - longest.at(p.source).offset) >= n && n > kMostFar;
    too_much = too_much || (far[k][i] && kMostFar * length > n);
  });
  if (too_much) return std::nullopt;
  return far;
}

namespace {

class PieceReader {
 public:
  PieceReader(const Graph& graph, std::vector<Unit>& units)
      : graph_(graph),
        units_(units),
        resolver_(graph),
        readers_(graph.values.size(), 0),
        kept_(graph.values.size(), false) {
    for (const GraphNode& n : graph.nodes) {
      for (int v : n.inputs) ++readers_[static_cast<std::size_t>(v)];
      for_each_size_source(graph, *n.params, [&](int v) { kept_[static_cast<std::size_t>(v)] = true; });
    }
    for (int v : graph.outputs) kept_[static_cast<std::size_t>(v)] = true;
    needed_ = kept_;  // as an array in memory, whatever fused groups do
    for (const Unit& u : units) {
      if (u.fused) continue;
      const GraphNode& node = graph.nodes[static_cast<std::size_t>(u.nodes[0])];
      if (is_named(node, "slice") || is_named(node, "concatenate") || is_named(node, "place_slice")) continue;
      for (int v : u.inputs) needed_[static_cast<std::size_t>(v)] = true;
    }
  }

  void run() {
    bool any = false;
    for (Unit& unit : units_) any = (unit.fused && rewrite(unit)) || any;
    if (any) drop_unread();
  }

 private:
  // Whether putting together the operand copies most of it: parts that only it reads are computed in their places.
  bool is_copied(int v, const Operand& operand) const {
    if (needed_[static_cast<std::size_t>(v)] || operand.pieces.empty()) return false;
    const auto size = [](const Piece& p) {
      std::int64_t n = 1;
      for (int d = 0; d < p.begin.ndim(); ++d) n *= p.end[d] - p.begin[d];
      return n;
    };
    const Piece& largest = *std::max_element(operand.pieces.begin(), operand.pieces.end(),
                                             [&](const Piece& a, const Piece& b) { return size(a) < size(b); });
    const bool computed = resolver_.maker(largest.source) != nullptr;
    return !computed || largest.step.empty() || readers_[static_cast<std::size_t>(largest.source)] > 1 ||
           kept_[static_cast<std::size_t>(largest.source)];
  }

  static bool suits(const Boxes& boxes) { return !boxes.all().empty() && boxes.narrow_share() <= kMostNarrow; }

  // Gives a unit operands in pieces, if there is something in it.
  bool rewrite(Unit& unit) const {
    const Shape& shape = resolver_.value(unit.outputs[0]).shape;
    if (!shape.is_static() || shape.ndim() == 0 || shape.num_elements() < kLeastElements) return false;
    std::vector<Operand> operands;
    std::vector<bool> read(unit.inputs.size(), false);
    bool any = false;
    for (std::size_t k = 0; k < unit.inputs.size(); ++k) {
      const int v = unit.inputs[k];
      if (!resolver_.value(v).shape.is_static()) return false;
      bool joined = false;
      Operand operand = resolver_.resolve(v, joined);
      read[k] = joined && is_copied(v, operand);
      any = any || read[k];
      if (joined && !read[k]) operand = whole(v);
      operands.push_back(std::move(operand));
    }
    if (!any) return false;
    const int last = shape.ndim() - 1;
    const auto cuts_rows = [&](const Operand& o) {
      const int at = o.shape.ndim() - 1;
      return at >= 0 && std::any_of(o.pieces.begin(), o.pieces.end(),
                                    [&](const Piece& p) { return p.end[at] - p.begin[at] != shape[last]; });
    };
    if (!suits(Boxes(shape, operands))) {
      any = false;
      for (std::size_t k = 0; k < operands.size(); ++k) {
        if (read[k] && cuts_rows(operands[k])) {
          operands[k] = whole(unit.inputs[k]);
          read[k] = false;
        }
        any = any || read[k];
      }
      if (!any || !suits(Boxes(shape, operands))) return false;
    }
    take(unit, std::move(operands), shape);
    return true;
  }

  Operand whole(int v) const {
    const Shape& shape = resolver_.value(v).shape;
    const Shape zeros(shape.ndim(), 0);
    return {shape, {{v, zeros, shape, zeros, Axes(shape.ndim(), 1)}}};
  }

  // From the graph's values to the unit's inputs.
  void take(Unit& unit, std::vector<Operand> operands, const Shape& shape) const {
    std::vector<int> sources;
    for (std::size_t k = 0; k < operands.size(); ++k) {
      const int v = unit.inputs[k];
      if (operands[k].pieces.size() > 1) unit.spared += bytes_of(v);
      for (Piece& p : operands[k].pieces) {
        auto at = std::find(sources.begin(), sources.end(), p.source);
        if (at == sources.end()) at = sources.insert(at, p.source);
        p.source = static_cast<int>(at - sources.begin());
      }
    }
    unit.inputs = std::move(sources);
    unit.boxes = std::make_shared<const Boxes>(shape, std::move(operands));
  }

  std::int64_t bytes_of(int v) const {
    const GraphValue& value = resolver_.value(v);
    return value.shape.num_elements() * itemsize(value.dtype);
  }

  // Units that put together or show what nobody reads any more.
  void drop_unread() const {
    std::vector<bool> read = kept_;
    std::vector<Unit> kept;
    for (std::size_t u = units_.size(); u-- > 0;) {
      Unit& unit = units_[u];
      const bool arranges = !unit.fused && graph_.nodes[static_cast<std::size_t>(unit.nodes[0])].op->arranges;
      const bool is_full = !unit.fused && is_named(graph_.nodes[static_cast<std::size_t>(unit.nodes[0])], "full");
      const bool any = std::any_of(unit.outputs.begin(), unit.outputs.end(),
                                   [&](int v) { return read[static_cast<std::size_t>(v)]; });
      if ((arranges || is_full) && !any) continue;
      for (int v : unit.inputs) read[static_cast<std::size_t>(v)] = true;
      kept.push_back(std::move(unit));
    }
    units_.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  }

  const Graph& graph_;
  std::vector<Unit>& units_;
  Resolver resolver_;
  std::vector<int> readers_;
  std::vector<bool> kept_, needed_;
};

}  // namespace

void read_in_pieces(const Graph& graph, std::vector<Unit>& units) { PieceReader(graph, units).run(); }

}  // namespace tnp::compiler

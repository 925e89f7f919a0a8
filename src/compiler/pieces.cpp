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

  // Of a value: whether it is put together, and what of.
  struct Way {
    bool joined = false;
    std::vector<int> values{};  // that are seen through
  };
  Operand resolve(int v, Way& way, int depth = 0) const {
    const GraphNode* node = maker(v);
    const Shape& shape = value(v).shape;
    if (node != nullptr && depth < kMaxDepth && shape.is_static() && shape.ndim() > 0) {
      const bool one_type = std::all_of(node->inputs.begin(), node->inputs.end(),
                                        [&](int in) { return value(in).dtype == value(v).dtype; });
      if (is_named(*node, "slice")) return resolve_slice(v, *node, way, depth);
      if (is_named(*node, "concatenate") && one_type) return resolve_concatenate(v, *node, way, depth);
      if (is_named(*node, "place_slice") && one_type) return resolve_place(v, *node, way, depth);
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

  Operand resolve_slice(int v, const GraphNode& node, Way& way, int depth) const {
    const SliceParams slice(*node.params);
    const Shape& from = value(node.inputs[0]).shape;
    if (!from.is_static() || !slice.start.is_static() || !slice.count.is_static()) return whole(v);
    for (int d = 0; d < from.ndim(); ++d) {  // what is out of bounds is left to the operation, which says so
      const std::int64_t last = slice.start[d] + (slice.count[d] - 1) * slice.step[d];
      if (slice.count[d] <= 0 || slice.step[d] == 0 || slice.start[d] >= from[d] || last < 0 || last >= from[d])
        return whole(v);
    }
    way.values.push_back(v);
    const Operand source = resolve(node.inputs[0], way, depth + 1);
    Operand result{slice.count, {}};
    for (const Piece& p : source.pieces) add_sliced(p, slice.start, slice.step, slice.count, result);
    return result;
  }

  Operand resolve_concatenate(int v, const GraphNode& node, Way& way, int depth) const {
    const int axis = static_cast<int>(ParamReader(*node.params).number("axis"));
    way.joined = true;
    way.values.push_back(v);
    Operand result{value(v).shape, {}};
    std::int64_t at = 0;
    for (int in : node.inputs) {
      const Operand part = resolve(in, way, depth + 1);
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

  Operand resolve_place(int v, const GraphNode& node, Way& way, int depth) const {
    const SliceParams slice(*node.params);
    const Shape& shape = value(v).shape;
    if (!slice.is_box() || !slice.start.is_static() || slice.count != value(node.inputs[1]).shape ||
        slice.count.num_elements() == 0)
      return whole(v);
    for (int d = 0; d < shape.ndim(); ++d) {
      if (slice.start[d] + slice.count[d] > shape[d]) return whole(v);
    }
    way.joined = true;
    way.values.push_back(v);
    Operand result{shape, {}};
    const Operand around = resolve(node.inputs[0], way, depth + 1);
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
    for (Piece p : resolve(node.inputs[1], way, depth + 1).pieces) {
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

namespace {

// The group with the groups that compute some of its inputs.
FusedGroup merged(const FusedGroup& group, const std::vector<const FusedGroup*>& inputs) {
  FusedGroup result;
  std::vector<int> input_at(inputs.size(), 0);  // of the operand, or of the first of those it is computed of
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    input_at[k] = static_cast<int>(result.inputs.size());
    if (inputs[k] == nullptr) {
      result.inputs.push_back(group.inputs[k]);
    } else {
      result.inputs.insert(result.inputs.end(), inputs[k]->inputs.begin(), inputs[k]->inputs.end());
    }
  }
  const auto append = [&](const FusedGroup& from, const std::function<int(int)>& input) {
    const int first = result.num_values();
    const auto number = [&](int v) { return v < from.num_inputs() ? input(v) : first + v - from.num_inputs(); };
    for (FusedOp op : from.ops) {
      for (int a = 0; a < op.arity; ++a)
        op.in[static_cast<std::size_t>(a)] = static_cast<std::int16_t>(number(op.in[static_cast<std::size_t>(a)]));
      result.ops.push_back(op);
    }
    std::vector<int> outputs;
    for (std::int16_t v : from.outputs) outputs.push_back(number(v));
    return outputs;
  };
  std::vector<int> values = input_at;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (inputs[k] != nullptr) values[k] = append(*inputs[k], [&](int v) { return input_at[k] + v; })[0];
  }
  for (int v : append(group, [&](int v) { return values[static_cast<std::size_t>(v)]; }))
    result.outputs.push_back(static_cast<std::int16_t>(v));
  return result;
}

}  // namespace

// Makes the boxes.
struct Boxes::Cutter {
  Boxes& self;
  const FusedGroup& group;
  const std::vector<Operand>& operands;
  const std::vector<ComputedPart>& parts;
  std::map<std::vector<int>, int> groups;  // by what is computed of each operand

  // The place of a part that is computed, in the group: what is to be added to a place in the part.
  static Axes offset_of(const Piece& piece) {
    Axes offset;
    for (int d = 0; d < piece.begin.ndim(); ++d) offset.push_back(piece.begin[d] - piece.start[d]);
    return offset;
  }

  // Where pieces of operands end along the last axes of `shape`, which lies at `offset` in the group.
  void add_ends(const std::vector<Operand>& all, const Shape& shape, const Axes& offset,
                std::vector<std::vector<std::int64_t>>& ends) const {
    const int ahead = static_cast<int>(ends.size()) - shape.ndim();
    for (const Operand& o : all) {
      for (int d = 0; d < o.shape.ndim(); ++d) {
        const int at = d + shape.ndim() - o.shape.ndim();
        if (o.shape[d] != shape[at]) continue;
        auto& along = ends[static_cast<std::size_t>(at + ahead)];
        for (const Piece& p : o.pieces) {
          along.push_back(p.begin[d] + offset[at]);
          along.push_back(p.end[d] + offset[at]);
        }
      }
      for (const Piece& p : o.pieces) {
        if (p.computed < 0) continue;
        const ComputedPart& part = parts[static_cast<std::size_t>(p.computed)];
        add_ends(part.operands, part.shape, offset_of(p), ends);
      }
    }
  }

  // The piece of an operand of values of `shape`, which lie at `offset`, that a box reads; null if it reads several.
  static const Piece* piece_at(const Operand& o, const Shape& shape, const Axes& offset, const Box& box) {
    const int ahead = box.begin.ndim() - shape.ndim();
    Shape begin(o.shape.ndim(), 0), end = o.shape;
    for (int d = 0; d < o.shape.ndim(); ++d) {
      const int at = d + shape.ndim() - o.shape.ndim();
      if (o.shape[d] != shape[at]) continue;
      begin[d] = box.begin[at + ahead] - offset[at];
      end[d] = box.end[at + ahead] - offset[at];
    }
    const auto found =
        std::find_if(o.pieces.begin(), o.pieces.end(), [&](const Piece& p) { return contains(p, begin, end); });
    return found == o.pieces.end() ? nullptr : &*found;
  }

  static View view_of(const Operand& o, const Piece& p, const Shape& shape, const Axes& offset) {
    View view{p.source, {}, {}};
    for (int d = 0; d < p.step.size(); ++d) {
      const int at = d + shape.ndim() - o.shape.ndim();
      const bool along = o.shape[d] == shape[at];
      view.step.push_back(along ? p.step[d] : 0);
      view.origin.push_back(along ? p.start[d] - (p.begin[d] + offset[at]) * p.step[d] : p.start[d]);
    }
    return view;
  }

  bool add_operands(Box& box) {
    const Axes none(self.shape_.ndim(), 0);
    std::vector<int> computed;
    for (const Operand& o : operands) {
      const Piece* p = piece_at(o, self.shape_, none, box);
      if (p == nullptr) return false;
      computed.push_back(p->computed);
      if (p->computed < 0) {
        box.operands.push_back(view_of(o, *p, self.shape_, none));
        continue;
      }
      const ComputedPart& part = parts[static_cast<std::size_t>(p->computed)];
      for (const Operand& inner : part.operands) {
        const Piece* q = piece_at(inner, part.shape, offset_of(*p), box);
        if (q == nullptr) return false;
        box.operands.push_back(view_of(inner, *q, part.shape, offset_of(*p)));
      }
    }
    const auto [at, fresh] = groups.emplace(computed, static_cast<int>(self.groups_.size()));
    box.group = at->second;
    if (!fresh) return true;
    std::vector<const FusedGroup*> inputs;
    for (int c : computed) inputs.push_back(c < 0 ? nullptr : parts[static_cast<std::size_t>(c)].group);
    self.groups_.push_back(merged(group, inputs));
    const FusedGroup& made = self.groups_.back();
    return made.ops.size() <= static_cast<std::size_t>(kMaxGroupOps) &&
           made.num_inputs() + made.num_outputs() <= kMaxLoopOperands;
  }

  bool run() {
    const Shape& shape = self.shape_;
    std::vector<std::vector<std::int64_t>> ends(static_cast<std::size_t>(shape.ndim()));
    for (int d = 0; d < shape.ndim(); ++d) ends[static_cast<std::size_t>(d)] = {0, shape[d]};
    add_ends(operands, shape, Axes(shape.ndim(), 0), ends);
    std::size_t count = 1;
    for (int d = 0; d < shape.ndim(); ++d) {
      auto& along = ends[static_cast<std::size_t>(d)];
      std::erase_if(along, [&](std::int64_t end) { return end < 0 || end > shape[d]; });
      std::sort(along.begin(), along.end());
      along.erase(std::unique(along.begin(), along.end()), along.end());
      count *= along.size() - 1;
      if (count == 0 || count > kMaxBoxes) return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
      Box box{Shape(shape.ndim(), 0), shape, {}};
      std::size_t rest = i;
      for (int d = shape.ndim(); d-- > 0;) {
        const auto& along = ends[static_cast<std::size_t>(d)];
        box.begin[d] = along[rest % (along.size() - 1)];
        box.end[d] = along[rest % (along.size() - 1) + 1];
        rest /= along.size() - 1;
      }
      if (!add_operands(box)) return false;
      self.boxes_.push_back(std::move(box));
    }
    return true;
  }
};

Boxes::Boxes(const Shape& shape, const FusedGroup& group, const std::vector<Operand>& operands,
             const std::vector<ComputedPart>& parts)
    : shape_(shape) {
  if (!Cutter{*this, group, operands, parts, {}}.run()) {
    boxes_.clear();
    return;
  }
  join_neighbours();
  classify();
}

// Neighbours that read the same pieces are one box.
void Boxes::join_neighbours() {
  const auto join = [](Box& a, const Box& b) {
    if (a.group != b.group || a.operands != b.operands) return false;
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
  // Their rows are in the cache by then.
  std::partition(boxes_.begin(), boxes_.end(), [](const Box& box) { return !box.narrow; });
}

double Boxes::narrow_share() const {
  std::int64_t narrow = 0;
  for (const Box& box : boxes_) narrow += box.narrow ? elements_of(box) : 0;
  return static_cast<double>(narrow) / static_cast<double>(std::max<std::int64_t>(1, shape_.num_elements()));
}

std::vector<int> Boxes::number_sources() {
  std::vector<int> sources;
  for (Box& box : boxes_) {
    for (View& v : box.operands) {
      auto at = std::find(sources.begin(), sources.end(), v.source);
      if (at == sources.end()) at = sources.insert(at, v.source);
      v.source = static_cast<int>(at - sources.begin());
    }
  }
  return sources;
}

int Boxes::axis_of(const View& view, int axis) const {
  const int at = axis - (shape_.ndim() - view.step.size());
  return at >= 0 && view.step[at] != 0 ? at : -1;
}

int Boxes::source_axis(int source, int axis) const {
  int found = -1;
  bool first = true;
  for (const Box& box : boxes_) {
    for (const View& v : box.operands) {
      if (v.source != source) continue;
      const int at = axis_of(v, axis);
      if (!first && at != found) return -1;
      found = at;
      first = false;
    }
  }
  return found;
}

std::pair<std::int64_t, std::int64_t> Boxes::rows_of(const Box& box, const View& view, int axis, std::int64_t begin,
                                                     std::int64_t end) const {
  const int at = axis_of(view, axis);
  begin = std::max(begin, box.begin[axis]);
  end = std::min(end, box.end[axis]);
  if (at < 0 || begin >= end) return {0, 0};
  const std::int64_t first = view.origin[at] + begin * view.step[at], last = first + (end - 1 - begin) * view.step[at];
  return {std::min(first, last), std::max(first, last) + 1};
}

std::optional<Boxes::Far> Boxes::far_pieces(int axis, const std::function<std::int64_t(int source)>& extent) const {
  struct Longest {
    std::int64_t length = 0, origin = 0;
  };
  std::map<int, Longest> longest;  // view of each source
  bool too_much = false;
  for (const Box& box : boxes_) {
    const std::int64_t length = box.end[axis] - box.begin[axis];
    for (const View& v : box.operands) {
      const int at = axis_of(v, axis);
      if (at < 0 || extent(v.source) < 0) continue;
      too_much = too_much || (v.step[at] < 0 && length > 1);
      Longest& l = longest[v.source];
      if (length > l.length) l = {length, v.origin[at]};
    }
  }
  Far far;
  for (const Box& box : boxes_) {
    far.emplace_back(box.operands.size(), false);
    for (std::size_t k = 0; k < box.operands.size(); ++k) {
      const View& v = box.operands[k];
      const int at = axis_of(v, axis);
      const std::int64_t n = at < 0 ? -1 : extent(v.source);
      if (n <= kMostFar || kFarPart * std::abs(v.origin[at] - longest.at(v.source).origin) < n) continue;
      far.back()[k] = true;
      too_much = too_much || kMostFar * (box.end[axis] - box.begin[axis]) > n;
    }
  }
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
      if (u.apart) needed_[static_cast<std::size_t>(u.outputs[0])] = true;
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
  static std::int64_t size_of(const Piece& p) {
    std::int64_t n = 1;
    for (int d = 0; d < p.begin.ndim(); ++d) n *= p.end[d] - p.begin[d];
    return n;
  }
  static const Piece& largest_of(const Operand& operand) {
    return *std::max_element(operand.pieces.begin(), operand.pieces.end(),
                             [](const Piece& a, const Piece& b) { return size_of(a) < size_of(b); });
  }

  int readers(int v) const { return readers_[static_cast<std::size_t>(v)]; }

  // Whether putting together the operand copies most of it: parts that only it reads are computed in their places.
  bool is_copied(const Operand& operand) const {
    const Piece& largest = largest_of(operand);
    const bool computed = resolver_.maker(largest.source) != nullptr;
    return !computed || largest.step.empty() || readers(largest.source) > 1 ||
           kept_[static_cast<std::size_t>(largest.source)];
  }

  // Has parts that nobody else needs computed where they are read.
  bool compute_parts(Operand& operand, const Resolver::Way& way, const Shape& shape,
                     std::vector<ComputedPart>& parts) const {
    if (operand.shape != shape || std::any_of(way.values.begin(), way.values.end(), [&](int v) {
          return readers(v) > 1 || needed_[static_cast<std::size_t>(v)];
        }))
      return false;
    for (Piece& p : operand.pieces) {
      const auto unit = std::find_if(units_.begin(), units_.end(), [&](const Unit& u) {
        return u.fused && !u.apart && !u.boxes && u.outputs.size() == 1 && u.outputs[0] == p.source;
      });
      const bool once = std::all_of(p.step.begin(), p.step.end(), [](std::int64_t step) { return step == 1; });
      if (unit == units_.end() || p.step.empty() || !once || readers(p.source) > 1 ||
          kept_[static_cast<std::size_t>(p.source)])
        continue;
      ComputedPart part{&unit->group, resolver_.value(p.source).shape, {}};
      for (int v : unit->inputs) {
        if (!resolver_.value(v).shape.is_static()) return false;
        Resolver::Way inner;
        Operand o = resolver_.resolve(v, inner);
        part.operands.push_back(inner.joined ? whole(v) : std::move(o));
      }
      p.computed = static_cast<int>(parts.size());
      parts.push_back(std::move(part));
    }
    return largest_of(operand).computed >= 0;
  }

  static bool suits(const Boxes& boxes) { return !boxes.all().empty() && boxes.narrow_share() <= kMostNarrow; }

  // Gives a unit operands in pieces, if there is something in it.
  bool rewrite(Unit& unit) const {
    const Shape& shape = resolver_.value(unit.outputs[0]).shape;
    if (!shape.is_static() || shape.ndim() == 0 || shape.num_elements() < kLeastElements) return false;
    std::vector<Operand> operands;
    std::vector<ComputedPart> parts;
    std::vector<bool> read(unit.inputs.size(), false);
    for (std::size_t k = 0; k < unit.inputs.size(); ++k) {
      const int v = unit.inputs[k];
      if (!resolver_.value(v).shape.is_static()) return false;
      Resolver::Way way;
      Operand operand = resolver_.resolve(v, way);
      const bool in_memory = std::any_of(way.values.begin(), way.values.end(), [&](int w) {
        return needed_[static_cast<std::size_t>(w)] && !is_named(*resolver_.maker(w), "slice");
      });
      read[k] = way.joined && !in_memory && !needed_[static_cast<std::size_t>(v)] && !operand.pieces.empty() &&
                (is_copied(operand) || compute_parts(operand, way, shape, parts));
      operands.push_back(way.joined && !read[k] ? whole(v) : std::move(operand));
    }
    const auto any = [&] { return std::find(read.begin(), read.end(), true) != read.end(); };
    if (!any()) return false;
    Boxes boxes(shape, unit.group, operands, parts);
    if (!suits(boxes)) {  // rows are left whole
      for (std::size_t k = 0; k < operands.size(); ++k) {
        if (!read[k] || !cuts_rows(operands[k], shape)) continue;
        operands[k] = whole(unit.inputs[k]);
        read[k] = false;
      }
      if (!any()) return false;
      boxes = Boxes(shape, unit.group, operands, parts);
      if (!suits(boxes)) return false;
    }
    for (std::size_t k = 0; k < read.size(); ++k) unit.spared += read[k] ? bytes_of(unit.inputs[k]) : 0;
    unit.inputs = boxes.number_sources();
    unit.boxes = std::make_shared<const Boxes>(std::move(boxes));
    return true;
  }

  static bool cuts_rows(const Operand& o, const Shape& shape) {
    const int last = o.shape.ndim() - 1;
    return last >= 0 && std::any_of(o.pieces.begin(), o.pieces.end(), [&](const Piece& p) {
             return p.end[last] - p.begin[last] != shape[shape.ndim() - 1];
           });
  }

  Operand whole(int v) const {
    const Shape& shape = resolver_.value(v).shape;
    const Shape zeros(shape.ndim(), 0);
    return {shape, {{v, zeros, shape, zeros, Axes(shape.ndim(), 1)}}};
  }

  std::int64_t bytes_of(int v) const {
    const GraphValue& value = resolver_.value(v);
    return value.shape.num_elements() * itemsize(value.dtype);
  }

  // Units that put together, show or compute what nobody reads any more.
  void drop_unread() const {
    std::vector<bool> read = kept_;
    std::vector<Unit> kept;
    for (std::size_t u = units_.size(); u-- > 0;) {
      Unit& unit = units_[u];
      const bool arranges = !unit.fused && graph_.nodes[static_cast<std::size_t>(unit.nodes[0])].op->arranges;
      const bool is_full = !unit.fused && is_named(graph_.nodes[static_cast<std::size_t>(unit.nodes[0])], "full");
      const bool any = std::any_of(unit.outputs.begin(), unit.outputs.end(),
                                   [&](int v) { return read[static_cast<std::size_t>(v)]; });
      if ((arranges || is_full || unit.fused) && !any) continue;
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

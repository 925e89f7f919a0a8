#include "compiler/tile_group.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "compiler/param_reader.h"
#include "tnp/runtime.h"

namespace tnp::compiler {

namespace {

constexpr std::int64_t kTileBytes = 384 << 10;        // of all values of a tile: a part of the second-level cache
constexpr std::int64_t kBoxedTileBytes = 1 << 20;     // of a tile with kernels that run box by box, each of them a call
constexpr std::int64_t kStreamedBytes = 4 << 20;      // of a tile of which nothing is read again
constexpr std::int64_t kNarrowTileBytes = 512 << 10;  // of such a tile of short rows, whose ends are read once more
constexpr double kLeastNarrow = 1.0 / 512;            // of a tile's elements, at the ends of rows
constexpr std::int64_t kColumns = 256;                // elements that a tile has at least in a row
constexpr std::int64_t kMaxColumnBytes = 3 << 19;     // of a tile that has as many columns as that
constexpr std::int64_t kJoinedBytes = 256;       // of a row, for each array that is joined to it, to do it in place
constexpr std::int64_t kLeastOverlapRatio = 16;  // of a tile to the rows that its neighbours compute as well

}  // namespace

TileGroup::TileGroup(const Graph& graph, std::vector<Unit> units, std::map<int, int> axes, std::vector<int> inputs,
                     std::vector<int> outputs) {
  std::map<int, int> number;
  const auto add = [&](int v) {
    const auto [it, fresh] = number.emplace(v, static_cast<int>(values_.size()));
    if (!fresh) return it->second;
    const GraphValue& value = graph.values[static_cast<std::size_t>(v)];
    values_.push_back({value.dtype, value.shape});
    if (const auto a = axes.find(v); a != axes.end()) values_.back().axis = a->second;
    return it->second;
  };
  for (int v : inputs) {
    Value& value = values_[static_cast<std::size_t>(add(v))];
    value.input = num_inputs_++;
    value.lies_as = value.shape;
    for (const GraphNode& n : graph.nodes) {
      if (n.outputs.size() != 1 || n.outputs[0] != v || std::strcmp(n.op->name, "transpose") != 0) continue;
      value.lies_as = graph.values[static_cast<std::size_t>(n.inputs[0])].shape;
      value.axes = ParamReader(*n.params).axes.at("axes");
    }
  }
  add_members(graph, units, add);
  for (int v : outputs) {
    Value& value = values_[static_cast<std::size_t>(number.at(v))];
    value.output = static_cast<int>(outputs_.size());
    outputs_.push_back(number.at(v));
    extent_ = value.shape[value.axis];
  }
  link();
  find_far();
  choose_tile();
}

void TileGroup::add_members(const Graph& graph, const std::vector<Unit>& units, const std::function<int(int)>& number) {
  for (const Unit& unit : units) {
    Member m;
    for (int v : unit.inputs) m.in.push_back(number(v));
    for (int v : unit.outputs) m.out.push_back(number(v));
    if (unit.reduction) {
      m.reduction = unit.reduction;
    } else if (unit.fused) {
      m.kernel = FusedKernel::get(unit.group);
      m.boxes = unit.boxes;
      if (m.boxes) {
        for (const FusedGroup& g : m.boxes->groups()) m.kernels.push_back(FusedKernel::get(g));
      }
      bytes_ += unit.spared;
    } else {
      const GraphNode& node = graph.nodes[static_cast<std::size_t>(unit.nodes[0])];
      m.op = node.op;
      m.params = node.params;
      m.view = node.op->fusion == Fusion::broadcast;
      find_assembly(m);
    }
    members_.push_back(std::move(m));
  }
}

// Whether a member puts its inputs together, so that they can be computed in its result; and where they lie in it.
void TileGroup::find_assembly(Member& m) const {
  const Value& result = values_[static_cast<std::size_t>(m.out[0])];
  for (int v : m.in) {
    if (values_[static_cast<std::size_t>(v)].dtype != result.dtype) return;
  }
  const int ndim = result.shape.ndim();
  Shape origin;
  origin.resize(ndim);
  std::fill(origin.begin(), origin.end(), 0);
  if (std::strcmp(m.op->name, "concatenate") == 0) {
    const int axis = static_cast<int>(ParamReader(*m.params).number("axis"));
    std::int64_t row = itemsize(result.dtype);
    for (int d = axis; d < ndim; ++d) row *= result.shape[d];
    if (row < kJoinedBytes * static_cast<std::int64_t>(m.in.size())) return;
    for (int v : m.in) {
      m.origins.push_back(origin);
      origin[axis] += values_[static_cast<std::size_t>(v)].shape[axis];
    }
  } else if (std::strcmp(m.op->name, "place_slice") == 0) {
    const SliceParams slice(*m.params);
    if (!slice.is_box()) return;
    if (result.shape[ndim - 1] * itemsize(result.dtype) < 2 * kJoinedBytes) return;
    m.origins = {origin, slice.start};
    m.covers = true;
  }
}

// Who makes and reads what, and who reads it last.
void TileGroup::link() {
  tile_frees_.resize(members_.size());
  std::vector<bool> seen(values_.size(), false);
  for (std::size_t m = members_.size(); m-- > 0;) {
    for (int v : members_[m].out) values_[static_cast<std::size_t>(v)].maker = static_cast<int>(m);
    for (int v : members_[m].in) {
      ++values_[static_cast<std::size_t>(v)].readers;
      if (values_[static_cast<std::size_t>(v)].input >= 0 || seen[static_cast<std::size_t>(v)]) continue;
      seen[static_cast<std::size_t>(v)] = true;
      tile_frees_[m].push_back(v);
    }
  }
  for (std::size_t m = 0; m < members_.size(); ++m) {
    if (members_[m].origins.empty()) continue;
    for (std::size_t k = members_[m].covers ? 1 : 0; k < members_[m].in.size(); ++k) {
      Value& value = values_[static_cast<std::size_t>(members_[m].in[k])];
      if (value.input < 0 && value.output < 0 && value.readers == 1 &&
          !members_[static_cast<std::size_t>(value.maker)].view)
        value.part_of = static_cast<int>(m);
    }
  }
}

// Which pieces of values of the group are read from elsewhere.
void TileGroup::find_far() {
  for (Member& m : members_) {
    if (!m.boxes) continue;
    const auto extent = [&](int k) -> std::int64_t {
      const Value& v = values_[static_cast<std::size_t>(m.in[static_cast<std::size_t>(k)])];
      return v.input >= 0 || v.axis < 0 ? -1 : v.shape[v.axis];
    };
    const int axis = values_[static_cast<std::size_t>(m.out[0])].axis;
    if (std::optional<Boxes::Far> far = m.boxes->far_pieces(axis, extent)) {
      m.far = std::move(*far);
    } else {
      possible_ = false;
    }
  }
}

std::int64_t TileGroup::overlap_of(const Member& m) const {
  std::int64_t most = 0;
  for (int o : m.out) most = std::max(most, values_[static_cast<std::size_t>(o)].overlap);
  return most;
}

std::int64_t TileGroup::bytes_of(int value) const {
  const Value& v = values_[static_cast<std::size_t>(value)];
  return v.shape.num_elements() * itemsize(v.dtype);
}

std::int64_t TileGroup::streamed_bytes() const {
  std::int64_t streamed = 0;
  for (std::size_t v = 0; v < values_.size(); ++v) {
    if (values_[v].input >= 0 || values_[v].output >= 0) streamed += bytes_of(static_cast<int>(v));
  }
  return streamed;
}

// Whether a value lies in an output that no member reads.
bool TileGroup::is_written_only(int value) const {
  const Value* v = &values_[static_cast<std::size_t>(value)];
  while (v->part_of >= 0) {
    v = &values_[static_cast<std::size_t>(members_[static_cast<std::size_t>(v->part_of)].out[0])];
  }
  return v->output >= 0 && v->readers == 0;
}

// Whether anything is read that was computed or read before.
bool TileGroup::reads_again() const {
  std::vector<std::set<int>> sources(values_.size());  // of views: the inputs that they show
  std::set<int> read;
  for (const Member& m : members_) {
    std::set<int> own;
    for (std::size_t k = m.covers ? 1 : 0; k < m.in.size(); ++k) {
      const auto v = static_cast<std::size_t>(m.in[k]);
      if (values_[v].input >= 0 && bytes_of(m.in[k]) * 64 > streamed_bytes()) own.insert(m.in[k]);
      own.insert(sources[v].begin(), sources[v].end());
    }
    if (m.view) {
      sources[static_cast<std::size_t>(m.out[0])] = own;
      continue;
    }
    for (int o : m.out) {
      if (!is_written_only(o)) return true;
    }
    for (int v : own) {
      if (!read.insert(v).second) return true;
    }
  }
  return false;
}

// Bytes that a run holds at once for each place along the outputs' axis.
std::int64_t TileGroup::live_bytes() const {
  std::vector<bool> computed(values_.size(), false);
  std::int64_t live = 0, peak = 0;
  for (const Member& m : members_) {
    for (int o : m.out) live += values_[static_cast<std::size_t>(o)].overlap > 0 ? bytes_of(o) : 0;
  }
  for (std::size_t m = 0; m < members_.size(); ++m) {
    for (int o : members_[m].out) {
      const Value& v = values_[static_cast<std::size_t>(o)];
      computed[static_cast<std::size_t>(o)] = !members_[m].view && v.overlap == 0 && v.output < 0;
      if (computed[static_cast<std::size_t>(o)]) live += bytes_of(o);
    }
    peak = std::max(peak, live);
    for (int v : tile_frees_[m]) {
      if (computed[static_cast<std::size_t>(v)]) live -= bytes_of(v);
    }
  }
  return std::max<std::int64_t>(1, (peak + streamed_bytes()) / extent_);
}

// Inputs that several members read in parts come from memory once instead of as often.
void TileGroup::count_repeated_reads(const Tile& tile) {
  std::vector<int> reads(values_.size(), 0);
  for (std::size_t m = 0; m < members_.size(); ++m) {
    for (std::size_t k = 0; k < members_[m].in.size(); ++k) {
      const auto v = static_cast<std::size_t>(members_[m].in[k]);
      if (values_[v].input < 0 || tile.parts[m][k].axis < 0 || reads[v]++ == 0) continue;
      bytes_ += values_[v].shape.num_elements() * itemsize(values_[v].dtype);
    }
  }
}

// The size of tiles by what they take of the cache; finds what is kept from one to the next.
void TileGroup::size_by_bytes() {
  if (!reads_again()) {
    const bool narrow = std::any_of(members_.begin(), members_.end(), [](const Member& m) {
      return m.boxes != nullptr && m.boxes->narrow_share() > kLeastNarrow;
    });
    const auto size_for = [&](std::int64_t bytes) {
      return std::clamp<std::int64_t>(bytes * extent_ / std::max<std::int64_t>(1, streamed_bytes()), 1, extent_);
    };
    tile_ = narrow ? size_for(kNarrowTileBytes) : 0;
    if (tile_ < kLeastOverlapRatio) tile_ = size_for(kStreamedBytes);
    return;
  }
  const bool boxed = std::any_of(members_.begin(), members_.end(), [](const Member& m) { return m.boxes != nullptr; });
  const std::int64_t bytes = boxed ? kBoxedTileBytes : kTileBytes;
  tile_ = std::clamp<std::int64_t>(bytes / live_bytes(), 1, extent_);
  if (!find_overlaps()) return;
  std::int64_t kept = 0, most = 0;
  for (const Member& m : members_) {
    for (int o : m.out) kept += values_[static_cast<std::size_t>(o)].overlap * bytes_of(o) / extent_;
    most = std::max(most, overlap_of(m));
  }
  tile_ = std::clamp<std::int64_t>((bytes - kept) / live_bytes(), std::min(extent_, 2 * most), extent_);
}

// What three neighbouring tiles take: where the third needs what the second has, that is kept.
bool TileGroup::find_overlaps() {
  const auto set_overlaps = [&](std::int64_t to) {
    for (const Member& m : members_) {
      for (int o : m.out) values_[static_cast<std::size_t>(o)].overlap = m.view ? 0 : to;
    }
  };
  const std::int64_t tile = std::min(tile_, extent_ / 8), start = extent_ / 2 - tile;
  if (tile == 0) return false;
  set_overlaps(1);
  std::vector<Range> kept(values_.size());
  Tile planned;
  for (std::int64_t t = 0; t < 3; ++t) {
    if (!plan({start + t * tile, start + (t + 1) * tile}, &kept, planned)) {
      set_overlaps(0);
      return false;
    }
    if (t < 2) kept = planned.ranges;
  }
  bool any = false;
  for (const Member& m : members_) {
    for (int out : m.out) {
      const auto o = static_cast<std::size_t>(out);
      if (m.view || planned.needs[o].empty()) {
        values_[o].overlap = 0;
        continue;
      }
      values_[o].overlap = std::max<std::int64_t>(0, kept[o].end - planned.needs[o].begin);
      any = any || values_[o].overlap > 0;
    }
  }
  return any;
}

void TileGroup::choose_tile() {
  std::int64_t inner = INT64_MAX;
  bool columns = false;
  const auto look_at = [&](const Shape& shape, int axis) {
    std::int64_t before = 1, after = 1;
    for (int d = 0; d < axis; ++d) before *= shape[d];
    for (int d = axis + 1; d < shape.ndim(); ++d) after *= shape[d];
    columns = columns || before > 1;
    inner = std::min(inner, std::max<std::int64_t>(after, 1));
  };
  for (const Member& m : members_) {
    for (int o : m.out) {
      const Value& v = values_[static_cast<std::size_t>(o)];
      if (!m.view && v.output < 0) bytes_ += bytes_of(o);
      look_at(v.shape, v.axis);
    }
  }
  for (int o : outputs_) {
    if (values_[static_cast<std::size_t>(o)].shape[values_[static_cast<std::size_t>(o)].axis] != extent_) extent_ = 0;
  }
  if (!possible_) extent_ = 0;
  if (extent_ == 0) return;
  size_by_bytes();
  Tile probe;
  const Range middle{extent_ / 2, std::min(extent_, extent_ / 2 + tile_)};
  if (!plan(middle, nullptr, probe)) return;
  count_repeated_reads(probe);
  for (std::size_t m = 0; m < members_.size(); ++m) {
    for (std::size_t k = 0; k < members_[m].in.size(); ++k) {
      const Value& v = values_[static_cast<std::size_t>(members_[m].in[k])];
      const int axis = probe.parts[m][k].axis;
      if (v.input < 0 || axis < 0 || bytes_of(members_[m].in[k]) * 64 < streamed_bytes()) continue;
      look_at(v.lies_as, v.axes.empty() ? axis : static_cast<int>(v.axes[axis]));
    }
  }
  for (const Range& r : probe.ranges) reach_ = std::max(reach_, r.end - r.begin - (middle.end - middle.begin));
  // Where tiles overlap and nothing is kept, what is computed twice stays a small part.
  const bool keeps = std::any_of(values_.begin(), values_.end(), [](const Value& v) { return v.overlap > 0; });
  if (!keeps) tile_ = std::max(tile_, kLeastOverlapRatio * reach_);
  const std::int64_t share = extent_ / (2 * get_num_threads());
  if (share > 0) tile_ = std::min(tile_, share);
  if (columns) {
    const std::int64_t least = (kColumns + inner - 1) / inner;
    if (tile_ < least && least * live_bytes() > kMaxColumnBytes) extent_ = 0;  // it would not stay in the cache
    if (extent_ == 0) return;
    tile_ = std::max(tile_, least);
  }
  tile_ = std::clamp<std::int64_t>(tile_, 1, extent_);
}

bool TileGroup::demand(Tile& tile, int value, const TileCall::Part& part) const {
  const Value& v = values_[static_cast<std::size_t>(value)];
  if (v.input >= 0) return true;
  if (part.axis != v.axis) return false;
  Range& r = tile.ranges[static_cast<std::size_t>(value)];
  if (part.begin >= part.end) return true;
  r = r.empty() ? Range{part.begin, part.end} : Range{std::min(r.begin, part.begin), std::max(r.end, part.end)};
  return true;
}

// The parts of a member's inputs that give `range` of its results.
bool TileGroup::plan_parts(std::size_t at, Range range, Tile& tile) const {
  const Member& m = members_[at];
  std::vector<TileCall::Part>& parts = tile.parts[at];
  parts.assign(m.in.size(), {});
  const Value& out = values_[static_cast<std::size_t>(m.out[0])];
  tile.params[at] = m.params;
  if (m.boxes) {
    plan_pieces(at, range, tile);
  } else if (m.reduction) {
    const Shape& whole = m.reduction->shape();
    const int of_values = m.reduction->axis_of_values(out.axis);
    if (of_values < 0) return false;
    for (std::size_t k = 0; k < m.in.size(); ++k) {
      const Shape& shape = values_[static_cast<std::size_t>(m.in[k])].shape;
      const int axis = of_values - (whole.ndim() - shape.ndim());
      if (axis >= 0 && shape[axis] == whole[of_values]) parts[k] = {axis, range.begin, range.end};
    }
  } else if (m.kernel) {
    for (std::size_t k = 0; k < m.in.size(); ++k) {
      const Shape& shape = values_[static_cast<std::size_t>(m.in[k])].shape;
      const int axis = out.axis - (out.shape.ndim() - shape.ndim());
      if (axis >= 0 && shape[axis] == out.shape[out.axis]) parts[k] = {axis, range.begin, range.end};
    }
  } else if (range.empty()) {
    for (std::size_t k = 0; k < m.in.size(); ++k) parts[k].axis = values_[static_cast<std::size_t>(m.in[k])].axis;
  } else {
    std::vector<Shape> shapes;
    for (int v : m.in) shapes.push_back(values_[static_cast<std::size_t>(v)].shape);
    TileCall call{*m.op, shapes, *m.params, out.axis, range.begin, range.end, parts, nullptr};
    if (!m.op->tile(call)) return false;
    if (call.params_of_part) tile.params[at] = call.params_of_part;
  }
  return true;
}

namespace {

void add_range(TileGroup::Range& r, std::int64_t begin, std::int64_t end) {
  if (begin >= end) return;
  r = r.empty() ? TileGroup::Range{begin, end} : TileGroup::Range{std::min(r.begin, begin), std::max(r.end, end)};
}

}  // namespace

// What a member that reads in pieces takes of its inputs, except for what is far.
void TileGroup::plan_pieces(std::size_t at, Range range, Tile& tile) const {
  const Member& m = members_[at];
  const int axis = values_[static_cast<std::size_t>(m.out[0])].axis;
  std::vector<Range> taken(m.in.size());
  const std::vector<Boxes::Box>& boxes = m.boxes->all();
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    for (std::size_t k = 0; k < boxes[b].operands.size(); ++k) {
      const Boxes::View& v = boxes[b].operands[k];
      const auto [begin, end] = m.boxes->rows_of(boxes[b], v, axis, range.begin, range.end);
      if (!m.far[b][k]) add_range(taken[static_cast<std::size_t>(v.source)], begin, end);
    }
  }
  for (std::size_t k = 0; k < m.in.size(); ++k)
    tile.parts[at][k] = {m.boxes->source_axis(static_cast<int>(k), axis), taken[k].begin, taken[k].end};
}

void TileGroup::demand_far(std::size_t at, Range range, Tile& tile) const {
  const Member& m = members_[at];
  const int axis = values_[static_cast<std::size_t>(m.out[0])].axis;
  const std::vector<Boxes::Box>& boxes = m.boxes->all();
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    for (std::size_t k = 0; k < boxes[b].operands.size(); ++k) {
      if (!m.far[b][k]) continue;
      const Boxes::View& v = boxes[b].operands[k];
      const auto [begin, end] = m.boxes->rows_of(boxes[b], v, axis, range.begin, range.end);
      if (begin >= end) continue;
      if (!tile.far) {
        tile.far = std::make_unique<Tile>();
        tile.far->ranges.assign(values_.size(), {});
      }
      add_range(tile.far->ranges[static_cast<std::size_t>(m.in[static_cast<std::size_t>(v.source)])], begin, end);
    }
  }
}

// Whether a member need only compute what comes after what is kept of its results: `fresh`.
bool TileGroup::continues(const Member& m, const std::vector<Range>& kept, Range needed, const Tile& tile,
                          Range& fresh) const {
  fresh = needed;
  for (int o : m.out) {
    const Range& k = kept[static_cast<std::size_t>(o)];
    if (values_[static_cast<std::size_t>(o)].overlap == 0) continue;
    if (k.begin > needed.begin || needed.begin >= k.end) continue;
    fresh = {k.end, std::max(k.end, needed.end)};
  }
  if (fresh.begin == needed.begin) return false;
  return std::all_of(m.out.begin(), m.out.end(), [&](int o) {
    const auto at = static_cast<std::size_t>(o);
    const Range &need = tile.needs[at], &k = kept[at];
    if (need.empty() || need.begin >= fresh.begin) return true;
    return values_[at].overlap > 0 && k.begin <= need.begin && k.end == fresh.begin;
  });
}

bool TileGroup::plan_member(std::size_t at, const std::vector<Range>* kept, Tile& tile) const {
  const Member& m = members_[at];
  Range needed;
  for (int o : m.out) {
    const Range& r = tile.ranges[static_cast<std::size_t>(o)];
    tile.needs[static_cast<std::size_t>(o)] = r;
    if (r.empty()) continue;
    needed = needed.empty() ? r : Range{std::min(needed.begin, r.begin), std::max(needed.end, r.end)};
  }
  Range fresh = needed;
  if (kept && overlap_of(m) > 0 && !needed.empty() && !continues(m, *kept, needed, tile, fresh)) fresh = needed;
  if (!plan_parts(at, fresh, tile)) {
    if (fresh.begin == needed.begin) return false;
    fresh = needed;  // so small a part would be computed in another order
    if (!plan_parts(at, fresh, tile)) return false;
  }
  for (int o : m.out) {
    Range& r = tile.ranges[static_cast<std::size_t>(o)];
    const bool kept_before = values_[static_cast<std::size_t>(o)].overlap > 0 && !r.empty() && r.begin < fresh.begin;
    r = {kept_before ? r.begin : fresh.begin, fresh.end};
  }
  tile.fresh[at] = fresh;
  if (m.boxes) demand_far(at, fresh, tile);
  for (std::size_t k = 0; k < m.in.size(); ++k) {
    if (!demand(tile, m.in[k], tile.parts[at][k])) return false;
  }
  return true;
}

bool TileGroup::plan(Range whole, const std::vector<Range>* kept, Tile& tile) const {
  tile.whole = whole;
  tile.ranges.assign(values_.size(), {});
  for (int o : outputs_) tile.ranges[static_cast<std::size_t>(o)] = whole;
  return plan_members(kept, tile);
}

// From the ranges that are wanted. What is far away is a tile of its own, as is what is far from that.
bool TileGroup::plan_members(const std::vector<Range>* kept, Tile& tile) const {
  tile.needs.assign(values_.size(), {});
  tile.fresh.assign(members_.size(), {});
  tile.parts.resize(members_.size());
  tile.params.resize(members_.size());
  tile.far.reset();
  for (std::size_t m = members_.size(); m-- > 0;) {
    if (!plan_member(m, kept, tile)) return false;
  }
  return !tile.far || plan_members(nullptr, *tile.far);
}

void TileGroup::make_whole() {
  const Value& v = values_[static_cast<std::size_t>(outputs_[0])];
  extent_ = tile_ = v.shape[v.axis];
}

// The last tile takes the rest, so none is narrow.
std::int64_t TileGroup::num_tiles() const { return std::max<std::int64_t>(1, extent_ / tile_); }

TileGroup::Range TileGroup::tile_range(std::int64_t t) const {
  return {t * tile_, t + 1 == num_tiles() ? extent_ : (t + 1) * tile_};
}

bool TileGroup::valid() const {
  if (extent_ == 0) return false;
  const std::int64_t n = num_tiles();
  for (std::int64_t t : {std::int64_t{0}, n / 2, n - 1}) {
    Tile tile;
    if (!plan(tile_range(t), nullptr, tile)) return false;
  }
  return true;
}

std::string TileGroup::str() const {
  std::string s = "    " + std::to_string(num_tiles()) + " tiles of " + std::to_string(tile_) + "\n";
  for (const Member& m : members_) {
    s += "    %" + std::to_string(m.out[0]) + " = " + (m.reduction ? "reduced" : m.kernel ? "fused" : m.op->name) + "(";
    for (std::size_t k = 0; k < m.in.size(); ++k) s += (k ? ", %" : "%") + std::to_string(m.in[k]);
    s += ") along axis " + std::to_string(values_[static_cast<std::size_t>(m.out[0])].axis);
    if (m.boxes) s += ", in " + std::to_string(m.boxes->all().size()) + " boxes";
    s += (overlap_of(m) > 0 ? ", " + std::to_string(overlap_of(m)) + " kept\n" : "\n");
  }
  return s;
}

}  // namespace tnp::compiler

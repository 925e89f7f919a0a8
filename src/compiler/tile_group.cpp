#include "compiler/tile_group.h"

#include <algorithm>
#include <cstring>

#include "compiler/param_reader.h"
#include "ir/apply_internal.h"
#include "runtime/profile.h"
#include "runtime/threads.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "tnp/runtime.h"

namespace tnp::compiler {

namespace {

constexpr std::int64_t kTileBytes = 384 << 10;     // of all values of a tile: a part of the second-level cache
constexpr std::int64_t kColumns = 256;             // elements that a tile has at least in a row
constexpr std::int64_t kMaxColumnBytes = 3 << 19;  // of a tile that has as many columns as that
constexpr std::int64_t kJoinedBytes = 256;         // of a row, for each array that is joined to it, to do it in place
constexpr std::int64_t kLeastOverlapRatio = 16;    // of a tile to the rows that its neighbours compute as well
constexpr std::int64_t kPackedRowBytes = 4 << 10;  // shorter pieces of rows are packed if they are read repeatedly

// Elements [begin, end) along an axis.
Array part_of(const Array& x, int axis, std::int64_t begin, std::int64_t end) {
  if (axis < 0 || (begin == 0 && end == x.shape()[axis])) return x;
  Shape shape = x.shape();
  shape[axis] = std::max<std::int64_t>(end - begin, 0);
  std::byte* data = x.data() + (shape.num_elements() > 0 ? begin * x.strides()[axis] : 0);
  return Array::view_of(x.node()->buffer, data, x.dtype(), shape, x.strides());
}

void copy_elements(const Array& from, const Array& to, int d, const std::byte* source, std::byte* target) {
  const std::int64_t n = d < to.ndim() ? to.shape()[d] : 1, bytes = to.itemsize();
  if (d >= to.ndim() - 1) {
    const std::int64_t a = d < to.ndim() ? from.strides()[d] : bytes, b = d < to.ndim() ? to.strides()[d] : bytes;
    if (a == bytes && b == bytes) {
      std::memcpy(target, source, static_cast<std::size_t>(n * bytes));
    } else {
      for (std::int64_t i = 0; i < n; ++i) std::memcpy(target + i * b, source + i * a, static_cast<std::size_t>(bytes));
    }
    return;
  }
  for (std::int64_t i = 0; i < n; ++i)
    copy_elements(from, to, d + 1, source + i * from.strides()[d], target + i * to.strides()[d]);
}

void copy_into(const Array& from, const Array& to) {
  if (to.shape().num_elements() == 0) return;
  if (from.is_contiguous() && to.is_contiguous()) {
    std::memcpy(to.data(), from.data(), static_cast<std::size_t>(to.shape().num_elements() * to.itemsize()));
  } else {
    copy_elements(from, to, 0, from.data(), to.data());
  }
}

bool rows_without_gaps(const Array& x) {
  int last = x.ndim() - 1;
  while (last >= 0 && x.shape()[last] == 1) --last;
  return last < 0 || x.strides()[last] == x.itemsize();
}

}  // namespace

// What one tile takes of everything.
struct TileGroup::Tile {
  Range whole;                                     // of the outputs
  std::vector<Range> ranges;                       // of values
  std::vector<std::vector<TileCall::Part>> parts;  // of members' inputs
  std::vector<ParamsRef> params;                   // of members
};

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
  for (int v : inputs) values_[static_cast<std::size_t>(add(v))].input = num_inputs_++;
  for (const Unit& unit : units) {
    Member m;
    for (int v : unit.inputs) m.in.push_back(add(v));
    for (int v : unit.outputs) m.out.push_back(add(v));
    if (unit.fused) {
      m.kernel = FusedKernel::get(unit.group);
    } else {
      const GraphNode& node = graph.nodes[static_cast<std::size_t>(unit.nodes[0])];
      m.op = node.op;
      m.params = node.params;
      m.view = node.op->fusion == Fusion::broadcast;
      m.joins = std::strcmp(node.op->name, "concatenate") == 0;
      const Value& joined = values_[static_cast<std::size_t>(m.out[0])];
      if (m.joins) m.join_axis = static_cast<int>(ParamReader(*node.params).number("axis"));
      std::int64_t row = itemsize(joined.dtype);
      for (int d = m.join_axis; d < joined.shape.ndim(); ++d) row *= joined.shape[d];
      m.joins = m.joins && row >= kJoinedBytes * static_cast<std::int64_t>(m.in.size());
      for (int v : m.in)
        m.joins =
            m.joins && values_[static_cast<std::size_t>(v)].dtype == values_[static_cast<std::size_t>(m.out[0])].dtype;
    }
    members_.push_back(std::move(m));
  }
  tile_frees_.resize(members_.size());
  std::vector<bool> seen(values_.size(), false);
  for (std::size_t m = members_.size(); m-- > 0;) {
    for (int v : members_[m].in) {
      ++values_[static_cast<std::size_t>(v)].readers;
      if (values_[static_cast<std::size_t>(v)].input >= 0 || seen[static_cast<std::size_t>(v)]) continue;
      seen[static_cast<std::size_t>(v)] = true;
      tile_frees_[m].push_back(v);
    }
  }
  for (std::size_t m = 0; m < members_.size(); ++m) {
    for (int v : members_[m].in) {
      Value& value = values_[static_cast<std::size_t>(v)];
      if (members_[m].joins && value.input < 0 && value.readers == 1) value.joined_by = static_cast<int>(m);
    }
  }
  for (int v : outputs) {
    Value& value = values_[static_cast<std::size_t>(number.at(v))];
    value.output = static_cast<int>(outputs_.size());
    outputs_.push_back(number.at(v));
    extent_ = value.shape[value.axis];
  }
  choose_tile();
}

// Bytes that a run holds at once for each place along the outputs' axis.
std::int64_t TileGroup::live_bytes() const {
  std::vector<bool> computed(values_.size(), false);
  std::int64_t live = 0, peak = 0, streamed = 0;
  const auto bytes_of = [&](int v) {
    const Value& value = values_[static_cast<std::size_t>(v)];
    return value.shape.num_elements() * itemsize(value.dtype);
  };
  for (std::size_t v = 0; v < values_.size(); ++v) {
    if (values_[v].input >= 0 || values_[v].output >= 0) streamed += bytes_of(static_cast<int>(v));
  }
  for (std::size_t m = 0; m < members_.size(); ++m) {
    for (int o : members_[m].out) {
      computed[static_cast<std::size_t>(o)] = !members_[m].view && values_[static_cast<std::size_t>(o)].output < 0;
      if (computed[static_cast<std::size_t>(o)]) live += bytes_of(o);
    }
    peak = std::max(peak, live);
    for (int v : tile_frees_[m]) {
      if (computed[static_cast<std::size_t>(v)]) live -= bytes_of(v);
    }
  }
  return std::max<std::int64_t>(1, (peak + streamed) / extent_);
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

void TileGroup::choose_tile() {
  std::int64_t inner = INT64_MAX;
  bool columns = false;
  for (const Member& m : members_) {
    for (int o : m.out) {
      const Value& v = values_[static_cast<std::size_t>(o)];
      if (!m.view && v.output < 0) bytes_ += v.shape.num_elements() * itemsize(v.dtype);
      std::int64_t before = 1, after = 1;
      for (int d = 0; d < v.axis; ++d) before *= v.shape[d];
      for (int d = v.axis + 1; d < v.shape.ndim(); ++d) after *= v.shape[d];
      columns = columns || before > 1;
      inner = std::min(inner, std::max<std::int64_t>(after, 1));
    }
  }
  for (int o : outputs_) {
    if (values_[static_cast<std::size_t>(o)].shape[values_[static_cast<std::size_t>(o)].axis] != extent_) extent_ = 0;
  }
  if (extent_ == 0) return;
  tile_ = std::clamp<std::int64_t>(kTileBytes / live_bytes(), 1, extent_);
  // Where tiles overlap, what is computed twice stays a small part.
  Tile probe;
  const Range middle{extent_ / 2, std::min(extent_, extent_ / 2 + tile_)};
  if (!plan(middle, probe)) return;
  count_repeated_reads(probe);
  std::int64_t reach = 0;
  for (const Range& r : probe.ranges) reach = std::max(reach, r.end - r.begin - tile_);
  tile_ = std::max(tile_, kLeastOverlapRatio * reach);
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

bool TileGroup::plan_member(std::size_t at, Tile& tile) const {
  const Member& m = members_[at];
  Range range;
  for (int o : m.out) {
    const Range& r = tile.ranges[static_cast<std::size_t>(o)];
    if (r.empty()) continue;
    range = range.empty() ? r : Range{std::min(range.begin, r.begin), std::max(range.end, r.end)};
  }
  std::vector<TileCall::Part>& parts = tile.parts[at];
  parts.assign(m.in.size(), {});
  for (int o : m.out) tile.ranges[static_cast<std::size_t>(o)] = range;
  const Value& out = values_[static_cast<std::size_t>(m.out[0])];
  tile.params[at] = m.params;
  if (m.kernel) {
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
  for (std::size_t k = 0; k < m.in.size(); ++k) {
    if (!demand(tile, m.in[k], parts[k])) return false;
  }
  return true;
}

bool TileGroup::plan(Range whole, Tile& tile) const {
  tile.whole = whole;
  tile.ranges.assign(values_.size(), {});
  tile.parts.resize(members_.size());
  tile.params.resize(members_.size());
  for (int o : outputs_) tile.ranges[static_cast<std::size_t>(o)] = whole;
  for (std::size_t m = members_.size(); m-- > 0;) {
    if (!plan_member(m, tile)) return false;
  }
  return true;
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
    if (!plan(tile_range(t), tile)) return false;
  }
  return true;
}

// Where input k of a call that joins arrays belongs in its result.
Array TileGroup::joined_part(std::size_t m, std::size_t k, const Tile& tile, const Array& result) const {
  const Member& member = members_[m];
  const Value& out = values_[static_cast<std::size_t>(member.out[0])];
  std::int64_t start = 0;
  for (std::size_t i = 0; i < k; ++i) start += values_[static_cast<std::size_t>(member.in[i])].shape[member.join_axis];
  if (member.join_axis != out.axis) {
    const std::int64_t size = values_[static_cast<std::size_t>(member.in[k])].shape[member.join_axis];
    return part_of(result, member.join_axis, start, start + size);
  }
  const TileCall::Part& part = tile.parts[m][k];
  start -= tile.ranges[static_cast<std::size_t>(member.out[0])].begin;
  return part_of(result, out.axis, start + part.begin, start + std::max(part.begin, part.end));
}

// The memory of an output where a value of this tile can be written at once: that of the value itself, or its part of
// what it is joined to. Absent if there is none.
Array TileGroup::place_of(int value, const Tile& tile, Array* out) const {
  const Value& v = values_[static_cast<std::size_t>(value)];
  const Range& range = tile.ranges[static_cast<std::size_t>(value)];
  if (v.output >= 0) {
    if (range.begin != tile.whole.begin || range.end != tile.whole.end) return {};
    return part_of(out[v.output], v.axis, range.begin, range.end);
  }
  if (v.joined_by < 0) return {};
  const auto m = static_cast<std::size_t>(v.joined_by);
  const std::vector<int>& in = members_[m].in;
  const auto k = static_cast<std::size_t>(std::find(in.begin(), in.end(), value) - in.begin());
  const TileCall::Part& part = tile.parts[m][k];
  if (part.begin != range.begin || part.end != range.end) return {};
  const Array result = place_of(members_[m].out[0], tile, out);
  return result ? joined_part(m, k, tile, result) : Array();
}

void TileGroup::run_tile(const Tile& tile, Array* const* in, Array* out, JitMode mode) const {
  std::vector<Array> held(values_.size());
  std::vector<std::pair<TileCall::Part, Array>> packed(values_.size());
  const auto argument = [&](std::size_t m, std::size_t k) -> Array {
    const int v = members_[m].in[k];
    const Value& value = values_[static_cast<std::size_t>(v)];
    const TileCall::Part& part = tile.parts[m][k];
    if (value.input < 0) {
      const std::int64_t base = tile.ranges[static_cast<std::size_t>(v)].begin;
      const Array& x = held[static_cast<std::size_t>(v)];
      return part_of(x, part.axis, part.begin - base, part.end - base);
    }
    const Array& x = *in[value.input];
    Array view = part_of(x, part.axis, part.begin, part.end);
    if (value.readers < 2 || view.is_contiguous() || part.axis != view.ndim() - 1) return view;
    if ((part.end - part.begin) * view.itemsize() > kPackedRowBytes) return view;
    auto& [known, copied] = packed[static_cast<std::size_t>(v)];
    if (copied && known.begin == part.begin && known.end == part.end) return copied;
    known = part;
    copied = copy(view);
    return copied;
  };
  for (std::size_t m = 0; m < members_.size(); ++m) {
    const Member& member = members_[m];
    const Range& range = tile.ranges[static_cast<std::size_t>(member.out[0])];
    if (range.empty()) {
      for (int o : member.out) {
        const Value& v = values_[static_cast<std::size_t>(o)];
        Shape shape = v.shape;
        shape[v.axis] = 0;
        held[static_cast<std::size_t>(o)] = Array::empty(v.dtype, shape);
      }
      continue;
    }
    Arrays arguments, results(member.out.size());
    for (std::size_t k = 0; k < member.in.size(); ++k) arguments.push_back(argument(m, k));
    const bool exact = range.begin == tile.whole.begin && range.end == tile.whole.end;
    Arrays targets(member.out.size()), places(member.out.size());
    for (std::size_t j = 0; j < member.out.size(); ++j) {
      const Value& v = values_[static_cast<std::size_t>(member.out[j])];
      if (v.output >= 0) targets[j] = part_of(out[v.output], v.axis, tile.whole.begin, tile.whole.end);
      places[j] = exact || v.output < 0 ? place_of(member.out[j], tile, out) : Array();
      if (places[j] && member.kernel && rows_without_gaps(places[j])) results[j] = places[j];
    }
    if (member.joins && places[0]) {
      for (std::size_t k = 0; k < arguments.size(); ++k) {
        const Array to = joined_part(m, k, tile, places[0]);
        if (to.data() != arguments[k].data()) copy_into(arguments[k], to);
      }
      results[0] = places[0];
    } else if (member.kernel) {
      Array* pointers[kMaxLoopOperands];
      for (std::size_t k = 0; k < arguments.size(); ++k) pointers[k] = &arguments[k];
      if (!member.kernel->run(pointers, results.data(), nullptr, mode))
        throw RuntimeError("the parts of a tile do not fit together");
    } else {
      execute(Call{*member.op, arguments, *tile.params[m]}, results);
    }
    for (std::size_t j = 0; j < member.out.size(); ++j) {
      if (targets[j] && results[j].data() != targets[j].data()) {
        const Value& v = values_[static_cast<std::size_t>(member.out[j])];
        copy_into(part_of(results[j], v.axis, tile.whole.begin - range.begin, tile.whole.end - range.begin),
                  targets[j]);
      }
      held[static_cast<std::size_t>(member.out[j])] = std::move(results[j]);
    }
    for (int v : tile_frees_[m]) held[static_cast<std::size_t>(v)] = Array();
  }
}

void TileGroup::run(Array* const* in, Array* out, JitMode mode) const {
  const ProfileSpan span("tiles", "steps run part by part");
  for (int k = 0; k < num_inputs_; ++k) in[k]->data();
  for (std::size_t j = 0; j < outputs_.size(); ++j) {
    const Value& v = values_[static_cast<std::size_t>(outputs_[j])];
    out[j] = Array::empty(v.dtype, v.shape);
  }
  parallel_for(num_tiles(), 1, [&](std::int64_t begin, std::int64_t end) {
    Tile tile;
    for (std::int64_t t = begin; t < end; ++t) {
      if (!plan(tile_range(t), tile)) throw RuntimeError("a tile cannot be computed");
      run_tile(tile, in, out, mode);
    }
  });
}

std::string TileGroup::str() const {
  std::string s = "    " + std::to_string(num_tiles()) + " tiles of " + std::to_string(tile_) + "\n";
  for (const Member& m : members_) {
    s += "    %" + std::to_string(m.out[0]) + " = " + (m.kernel ? "fused" : m.op->name) + "(";
    for (std::size_t k = 0; k < m.in.size(); ++k) s += (k ? ", %" : "%") + std::to_string(m.in[k]);
    s += ") along axis " + std::to_string(values_[static_cast<std::size_t>(m.out[0])].axis) + "\n";
  }
  return s;
}

}  // namespace tnp::compiler

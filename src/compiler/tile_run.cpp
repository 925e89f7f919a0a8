// Tile groups at work.
#include <algorithm>
#include <cstring>

#include "compiler/tile_group.h"
#include "ir/apply_internal.h"
#include "ops/reduce/reduce_driver.h"
#include "ops/shape/layout.h"
#include "runtime/profile.h"
#include "runtime/threads.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "tnp/runtime.h"

namespace tnp::compiler {

namespace {

constexpr std::int64_t kPackedRowBytes = 4 << 10;  // shorter pieces of rows are packed if they are read repeatedly
constexpr std::int64_t kStripRatio = 16;           // of what a thread goes along to what its neighbours compute as well

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

// All of `from` but a box, which begins at `start`.
void copy_around(Array from, Array to, const Shape& start, const Shape& box) {
  if (box.num_elements() == 0) return copy_into(from, to);
  for (int d = 0; d < to.ndim(); ++d) {
    const std::int64_t end = start[d] + box[d], size = to.shape()[d];
    if (start[d] > 0) copy_into(part_of(from, d, 0, start[d]), part_of(to, d, 0, start[d]));
    if (end < size) copy_into(part_of(from, d, end, size), part_of(to, d, end, size));
    from = part_of(from, d, start[d], end);
    to = part_of(to, d, start[d], end);
  }
}

// Moves `count` places along an axis of an array without gaps to its beginning, or to that of another one.
void move_places(const Array& from, const Array& to, int axis, std::int64_t begin, std::int64_t count) {
  std::int64_t before = 1, inner = from.itemsize();
  for (int d = 0; d < axis; ++d) before *= from.shape()[d];
  for (int d = axis + 1; d < from.ndim(); ++d) inner *= from.shape()[d];
  for (std::int64_t i = 0; i < before; ++i) {
    std::memmove(to.data() + i * to.shape()[axis] * inner, from.data() + (i * from.shape()[axis] + begin) * inner,
                 static_cast<std::size_t>(count * inner));
  }
}

}  // namespace

// What a thread has while it goes along the axis.
struct TileGroup::Strip {
  Strip(const TileGroup& group, Array* const* in, Array* out, JitMode mode)
      : in(in),
        out(out),
        mode(mode),
        kept(group.values_.size()),
        buffers(group.values_.size()),
        held(group.values_.size()),
        places(group.values_.size()),
        packed(group.values_.size()),
        prepared(group.members_.size()) {}
  Array* const* in;
  Array* out;
  JitMode mode;
  Tile tile;
  std::vector<Range> kept;  // of values, from tile to tile
  Arrays buffers;           // in which those lie
  Arrays held;              // of this tile: its range of each value
  Arrays places;            // where fresh parts are to be written
  std::vector<std::pair<TileCall::Part, Array>> packed;
  std::unique_ptr<Strip> far;                                // of this tile: what lies elsewhere
  std::vector<std::vector<FusedKernel::Prepared>> prepared;  // of members, by box
};

// The input that alone makes up a member's result in this tile; -1 if there is none.
int TileGroup::only_part(std::size_t at, const Tile& tile) const {
  const Member& m = members_[at];
  const Value& out = values_[static_cast<std::size_t>(m.out[0])];
  const auto fills = [&](std::size_t k) {
    const TileCall::Part& part = tile.parts[at][k];
    if (part.end - part.begin != tile.fresh[at].end - tile.fresh[at].begin) return false;
    const Shape& shape = values_[static_cast<std::size_t>(m.in[k])].shape;
    for (int d = 0; d < out.shape.ndim(); ++d) {
      if (d != out.axis && shape[d] != out.shape[d]) return false;
    }
    return true;
  };
  for (std::size_t k = m.in.size(); k-- > 0;) {
    if (fills(k)) return static_cast<int>(k);
    if (m.covers && k == 1 && tile.parts[at][k].begin < tile.parts[at][k].end) return -1;
  }
  return -1;
}

// Where input k of a member that puts its inputs together lies in its result.
Array TileGroup::part_in(std::size_t at, std::size_t k, const Tile& tile, const Array& result) const {
  const Member& m = members_[at];
  const Value& out = values_[static_cast<std::size_t>(m.out[0])];
  const Shape &origin = m.origins[k], &shape = values_[static_cast<std::size_t>(m.in[k])].shape;
  const TileCall::Part& part = tile.parts[at][k];
  Array place = result;
  for (int d = 0; d < out.shape.ndim(); ++d) {
    const std::int64_t begin = d == out.axis ? origin[d] + part.begin - tile.fresh[at].begin : origin[d];
    const std::int64_t size = d == out.axis ? std::max<std::int64_t>(0, part.end - part.begin) : shape[d];
    place = part_of(place, d, begin, begin + size);
  }
  return place;
}

// Moves what is kept to the front of its buffers, so that what is new can follow.
void TileGroup::make_room(Strip& strip) const {
  for (std::size_t m = 0; m < members_.size(); ++m) {
    for (int o : members_[m].out) {
      const auto v = static_cast<std::size_t>(o);
      const Range &range = strip.tile.ranges[v], &fresh = strip.tile.fresh[m];
      if (values_[v].overlap == 0 || range.empty()) continue;
      const int axis = values_[v].axis;
      const Array old = strip.buffers[v];
      Array& buffer = strip.buffers[v];
      if (!old || old.shape()[axis] < range.end - range.begin) {
        Shape shape = values_[v].shape;
        shape[axis] = range.end - range.begin;
        buffer = Array::empty(values_[v].dtype, shape);
      }
      const std::int64_t count = fresh.begin - range.begin;
      if (count > 0) move_places(old, buffer, axis, range.begin - strip.kept[v].begin, count);
      strip.kept[v] = range;
    }
  }
}

// Where each member is to write what it computes: to what is kept, to an output, or to what it is a part of.
void TileGroup::find_places(Strip& strip) const {
  const Tile& tile = strip.tile;
  for (std::size_t m = members_.size(); m-- > 0;) {
    const Member& member = members_[m];
    const Range& fresh = tile.fresh[m];
    for (int o : member.out) {
      const auto at = static_cast<std::size_t>(o);
      const Value& v = values_[at];
      Array& place = strip.places[at];
      place = Array();
      if (member.view || fresh.empty()) continue;
      if (v.overlap > 0) {
        const std::int64_t base = tile.ranges[at].begin;
        place = part_of(strip.buffers[at], v.axis, fresh.begin - base, fresh.end - base);
      } else if (v.output >= 0) {
        if (fresh.begin != tile.whole.begin || fresh.end != tile.whole.end) continue;
        place = part_of(strip.out[v.output], v.axis, fresh.begin, fresh.end);
      } else if (v.part_of >= 0) {
        const auto user = static_cast<std::size_t>(v.part_of);
        const std::vector<int>& in = members_[user].in;
        const auto k = static_cast<std::size_t>(std::find(in.begin(), in.end(), o) - in.begin());
        const auto whole = static_cast<std::size_t>(members_[user].out[0]);
        const TileCall::Part& part = tile.parts[user][k];
        if (!strip.places[whole] || part.begin != fresh.begin || part.end != fresh.end) continue;
        place = part_in(user, k, tile, strip.places[whole]);
      } else if (!member.origins.empty() && only_part(m, tile) < 0) {
        place = empty_part(v, fresh.end - fresh.begin);
      }
    }
  }
}

Array TileGroup::empty_part(const Value& v, std::int64_t size) {
  Shape shape = v.shape;
  shape[v.axis] = size;
  return Array::empty(v.dtype, shape);
}

Array TileGroup::argument(std::size_t m, std::size_t k, Strip& strip) const {
  const auto v = static_cast<std::size_t>(members_[m].in[k]);
  const Value& value = values_[v];
  const TileCall::Part& part = strip.tile.parts[m][k];
  if (value.input < 0) {
    const std::int64_t base = strip.tile.ranges[v].begin;
    return part_of(strip.held[v], part.axis, part.begin - base, part.end - base);
  }
  const Array& x = *strip.in[value.input];
  Array view = part_of(x, part.axis, part.begin, part.end);
  if (value.readers < 2 || view.is_contiguous() || part.axis != view.ndim() - 1) return view;
  if ((part.end - part.begin) * view.itemsize() > kPackedRowBytes) return view;
  auto& [known, copied] = strip.packed[v];
  if (copied && known.begin == part.begin && known.end == part.end) return copied;
  known = part;
  copied = copy(view);
  return copied;
}

// Puts inputs into a member's result that were not computed there.
void TileGroup::assemble(std::size_t m, const Tile& tile, const Arrays& arguments, const Array& result) const {
  const Member& member = members_[m];
  for (std::size_t k = member.covers ? 1 : 0; k < arguments.size(); ++k) {
    const Array to = part_in(m, k, tile, result);
    if (to.data() != arguments[k].data()) copy_into(arguments[k], to);
  }
  if (!member.covers) return;
  const int axis = values_[static_cast<std::size_t>(member.out[0])].axis;
  Shape start = member.origins[1], box = values_[static_cast<std::size_t>(member.in[1])].shape;
  const TileCall::Part& part = tile.parts[m][1];
  start[axis] += part.begin - tile.fresh[m].begin;
  box[axis] = std::max<std::int64_t>(0, part.end - part.begin);
  copy_around(arguments[0], result, start, box);
}

void TileGroup::run_member(std::size_t m, Strip& strip) const {
  const Member& member = members_[m];
  const Tile& tile = strip.tile;
  const std::size_t count = member.out.size();
  Arrays results(count);
  if (!tile.fresh[m].empty() && member.boxes) {
    run_boxes(m, strip, results);
  } else if (!tile.fresh[m].empty()) {
    Arrays arguments;
    for (std::size_t k = 0; k < member.in.size(); ++k) arguments.push_back(argument(m, k, strip));
    Array& place = strip.places[static_cast<std::size_t>(member.out[0])];
    if (!member.origins.empty()) {
      const int only = place ? -1 : only_part(m, tile);
      if (only < 0 && !place)
        place = empty_part(values_[static_cast<std::size_t>(member.out[0])], tile.fresh[m].end - tile.fresh[m].begin);
      if (only < 0) assemble(m, tile, arguments, place);
      results[0] = only < 0 ? place : arguments[static_cast<std::size_t>(only)];
    } else if (member.reduction) {
      for (std::size_t j = 0; j < count; ++j) results[j] = strip.places[static_cast<std::size_t>(member.out[j])];
      Array* pointers[kMaxLoopOperands];
      for (std::size_t k = 0; k < arguments.size(); ++k) pointers[k] = &arguments[k];
      member.reduction->run(pointers, results.data(), strip.mode);
    } else if (member.kernel) {
      for (std::size_t j = 0; j < count; ++j) {
        const auto o = static_cast<std::size_t>(member.out[j]);
        if (strip.places[o] && rows_without_gaps(strip.places[o])) results[j] = strip.places[o];
      }
      Array* pointers[kMaxLoopOperands];
      for (std::size_t k = 0; k < arguments.size(); ++k) pointers[k] = &arguments[k];
      if (!member.kernel->run(pointers, results.data(), nullptr, strip.mode))
        throw RuntimeError("the parts of a tile do not fit together");
    } else {
      execute(Call{*member.op, arguments, *tile.params[m]}, results);
    }
  }
  for (std::size_t j = 0; j < count; ++j) {
    const auto o = static_cast<std::size_t>(member.out[j]);
    const Range& range = tile.ranges[o];
    const Array& place = strip.places[o];
    if (place && results[j].data() != place.data() && values_[o].part_of < 0) {
      copy_into(results[j], place);
      results[j] = place;
    }
    if (values_[o].overlap > 0 && !range.empty() && strip.buffers[o]) {
      strip.held[o] = part_of(strip.buffers[o], values_[o].axis, 0, range.end - range.begin);
    } else {
      strip.held[o] = results[j] ? std::move(results[j]) : empty_part(values_[o], 0);
    }
  }
}

// A part of an array.
struct TileGroup::PieceView {
  const Array* source;
  std::byte* data;
  Shape shape;
  Strides strides;
  Array array() const { return Array::view_of(source->node()->buffer, data, source->dtype(), shape, strides); }
};

// What an operand of a member that reads in pieces is in a box, for `range` of the results along their axis.
TileGroup::PieceView TileGroup::piece_in(std::size_t at, std::size_t number, std::size_t operand, Range range,
                                         Strip& strip) const {
  const Member& m = members_[at];
  const Boxes::Box& box = m.boxes->all()[number];
  const Boxes::View& shown = box.operands[operand];
  const int axis = values_[static_cast<std::size_t>(m.out[0])].axis;
  const auto v = static_cast<std::size_t>(m.in[static_cast<std::size_t>(shown.source)]);
  const Strip& from = m.far[number][operand] ? *strip.far : strip;
  const Array& source = values_[v].input >= 0 ? *strip.in[values_[v].input] : from.held[v];
  PieceView view{&source, source.data(), source.shape(), source.strides()};
  const int ahead = m.boxes->shape().ndim() - shown.step.size();
  for (int d = 0; d < shown.step.size(); ++d) {
    const std::int64_t begin = d + ahead == axis ? range.begin : box.begin[d + ahead];
    const std::int64_t end = d + ahead == axis ? range.end : box.end[d + ahead];
    const std::int64_t base = values_[v].input < 0 && d == values_[v].axis ? from.tile.ranges[v].begin : 0;
    view.data += (shown.origin[d] + begin * shown.step[d] - base) * view.strides[d];
    view.strides[d] *= shown.step[d];
    view.shape[d] = shown.step[d] == 0 ? 1 : end - begin;
  }
  return view;
}

// A kernel that reads in pieces, box by box.
void TileGroup::run_boxes(std::size_t at, Strip& strip, std::span<Array> results) const {
  const Member& m = members_[at];
  const Range& fresh = strip.tile.fresh[at];
  const int axis = values_[static_cast<std::size_t>(m.out[0])].axis;
  for (std::size_t j = 0; j < m.out.size(); ++j) {
    const auto o = static_cast<std::size_t>(m.out[j]);
    const bool fits = strip.places[o] && rows_without_gaps(strip.places[o]);
    results[j] = fits ? strip.places[o] : empty_part(values_[o], fresh.end - fresh.begin);
  }
  const std::size_t outputs = m.out.size();
  const std::vector<Boxes::Box>& boxes = m.boxes->all();
  std::vector<PieceView> views;
  std::vector<LoopOperand> operands;
  std::vector<FusedKernel::Prepared>& prepared = strip.prepared[at];
  prepared.resize(boxes.size());
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    const Boxes::Box& box = boxes[b];
    const Range range{std::max(fresh.begin, box.begin[axis]), std::min(fresh.end, box.end[axis])};
    if (range.empty()) continue;
    Shape shape = m.boxes->shape();
    for (int d = 0; d < shape.ndim(); ++d) shape[d] = d == axis ? range.end - range.begin : box.end[d] - box.begin[d];
    const std::size_t inputs = box.operands.size();
    views.resize(inputs);
    operands.resize(outputs + inputs);
    for (std::size_t j = 0; j < outputs; ++j) {
      operands[j] = {results[j].data(), results[j].strides()};
      for (int d = 0; d < shape.ndim(); ++d)
        operands[j].data += (d == axis ? range.begin - fresh.begin : box.begin[d]) * operands[j].strides[d];
    }
    for (std::size_t k = 0; k < inputs; ++k) {
      views[k] = piece_in(at, b, k, range, strip);
      operands[outputs + k] = {views[k].data, broadcast_strides(views[k].shape, views[k].strides, shape)};
    }
    const bool known = box.minor && strip.mode == JitMode::automatic;
    const JitMode mode = known ? JitMode::known : strip.mode;
    FusedKernel& kernel = *m.kernels[static_cast<std::size_t>(box.group)];
    if (box.narrow) {
      kernel.run_scattered(shape, operands, mode);
    } else if (prepared[b].serves(shape, operands)) {
      kernel.run_prepared(prepared[b], operands);
    } else {
      run_views(kernel, shape, views, operands, results, mode);
      if (mode != JitMode::never) kernel.prepare(shape, operands, prepared[b]);
    }
  }
}

// A box of a kernel, looked at as arrays.
void TileGroup::run_views(FusedKernel& kernel, const Shape& shape, std::span<const PieceView> views,
                          std::span<const LoopOperand> operands, std::span<const Array> results, JitMode mode) {
  Arrays in, out;
  Array* pointers[kMaxLoopOperands];
  for (const PieceView& v : views) in.push_back(v.array());
  const bool all = std::any_of(views.begin(), views.end(), [&](const PieceView& v) { return v.shape == shape; });
  if (!all) {  // the box's shape is that of none
    const PieceView& v = views[0];
    in[0] =
        Array::view_of(v.source->node()->buffer, v.data, v.source->dtype(), shape, operands[results.size()].strides);
  }
  for (std::size_t k = 0; k < in.size(); ++k) pointers[k] = &in[k];
  for (std::size_t j = 0; j < results.size(); ++j) {
    out.push_back(
        Array::view_of(results[j].node()->buffer, operands[j].data, results[j].dtype(), shape, operands[j].strides));
  }
  if (!kernel.run(pointers, out.data(), nullptr, mode)) throw RuntimeError("the pieces of a tile do not fit together");
}

// What a tile takes from elsewhere.
void TileGroup::run_far(Strip& strip) const {
  strip.far.reset();
  if (!strip.tile.far) return;
  strip.far = std::make_unique<Strip>(*this, strip.in, strip.out, strip.mode);
  strip.far->tile = std::move(*strip.tile.far);
  run_far(*strip.far);
  make_room(*strip.far);
  find_places(*strip.far);
  for (std::size_t m = 0; m < members_.size(); ++m) run_member(m, *strip.far);
}

void TileGroup::run_tile(Strip& strip) const {
  const Tile& tile = strip.tile;
  run_far(strip);
  make_room(strip);
  find_places(strip);
  for (std::size_t m = 0; m < members_.size(); ++m) {
    run_member(m, strip);
    for (int o : members_[m].out) {
      const auto at = static_cast<std::size_t>(o);
      const Value& v = values_[at];
      if (v.output >= 0) {
        const std::int64_t base = tile.ranges[at].begin;
        const Array part = part_of(strip.held[at], v.axis, tile.whole.begin - base, tile.whole.end - base);
        const Array target = part_of(strip.out[v.output], v.axis, tile.whole.begin, tile.whole.end);
        if (part.data() != target.data()) copy_into(part, target);
      }
      strip.places[at] = Array();
    }
    for (int v : tile_frees_[m]) strip.held[static_cast<std::size_t>(v)] = Array();
  }
}

// Each member once, its results where and how it makes them.
void TileGroup::run_whole(Array* const* in, Array* out, JitMode mode) const {
  Strip strip(*this, in, out, mode);
  if (!plan({0, extent_}, nullptr, strip.tile)) throw RuntimeError("the only tile cannot be computed");
  run_far(strip);
  for (std::size_t m = 0; m < members_.size(); ++m) {
    run_member(m, strip);
    for (int o : members_[m].out) {
      const auto at = static_cast<std::size_t>(o);
      const Value& v = values_[at];
      const std::int64_t base = strip.tile.ranges[at].begin;
      if (v.output >= 0) out[v.output] = part_of(strip.held[at], v.axis, -base, extent_ - base);
    }
    for (int v : tile_frees_[m]) strip.held[static_cast<std::size_t>(v)] = Array();
  }
}

namespace {

// Whether the bits of a call's result depend on the order in which it takes elements.
bool depends_on_order(const OpDef& op, DType result) {
  if (op.arranges || !is_inexact(result)) return false;
  const std::optional<ReduceOp> reduce = reduce_op_of(op);
  return !reduce || *reduce == ReduceOp::sum || *reduce == ReduceOp::prod;
}

}  // namespace

// Whether something is summed whose axes do not lie in row-major order: parts of it have fewer columns side by side
// than the whole, and their sums other bits. What is computed of such arrays lies as they do.
bool TileGroup::sums_permuted(Array* const* in) const {
  std::vector<bool> permuted(values_.size(), false);
  for (std::size_t v = 0; v < values_.size(); ++v) {
    if (values_[v].input >= 0) permuted[v] = !memory_order({in[values_[v].input], 1}).empty();
  }
  const auto is_permuted = [&](int v) { return permuted[static_cast<std::size_t>(v)]; };
  for (const Member& m : members_) {
    const Shape& shape = values_[static_cast<std::size_t>(m.out[0])].shape;
    const auto is_row_major = [&](int v) {
      return !is_permuted(v) && values_[static_cast<std::size_t>(v)].shape == shape;
    };
    const bool any = std::any_of(m.in.begin(), m.in.end(), is_permuted);
    if (m.view) {
      permuted[static_cast<std::size_t>(m.out[0])] = any || std::strcmp(m.op->name, "transpose") == 0;
    } else if (m.kernel && !m.boxes && any && std::none_of(m.in.begin(), m.in.end(), is_row_major)) {
      for (int o : m.out) permuted[static_cast<std::size_t>(o)] = true;
    } else if (any && !m.kernel) {
      const DType result = values_[static_cast<std::size_t>(m.out[0])].dtype;
      if (m.reduction || depends_on_order(*m.op, result)) return true;
    }
  }
  return false;
}

void TileGroup::run(Array* const* in, Array* out, JitMode mode) const {
  const ProfileSpan span("tiles", "steps run part by part");
  for (int k = 0; k < num_inputs_; ++k) in[k]->data();
  if (sums_permuted(in)) return run_whole(in, out, mode);
  for (std::size_t j = 0; j < outputs_.size(); ++j) {
    const Value& v = values_[static_cast<std::size_t>(outputs_[j])];
    out[j] = Array::empty(v.dtype, v.shape);
  }
  // Where two threads meet, both compute what lies between them.
  const std::int64_t count = num_tiles();
  const std::int64_t grain =
      std::clamp<std::int64_t>(kStripRatio * reach_ / tile_, 1, std::max<std::int64_t>(1, count / get_num_threads()));
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    Strip strip(*this, in, out, mode);
    for (std::int64_t t = begin; t < end; ++t) {
      if (!plan(tile_range(t), &strip.kept, strip.tile)) throw RuntimeError("a tile cannot be computed");
      run_tile(strip);
    }
  });
}

}  // namespace tnp::compiler

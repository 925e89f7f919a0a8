// Arrays that are put together of others: joined ones, and those of which a slice is set. What they are put together of
// is computed where it belongs, if nothing else reads it.
#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "compiler/nest/block_lowering.h"
#include "compiler/param_reader.h"

namespace tnp::compiler {

namespace {

// More than that are not compared one by one.
constexpr std::int64_t kMostCompared = 1 << 16;

Shape zeros(int ndim) { return Shape(ndim, 0); }

bool sets_most(const Shape& part, const Shape& all) { return 2 * part.num_elements() >= all.num_elements(); }

// The bytes from a place's first element to each of them, a number that they all begin with added.
std::unordered_set<std::int64_t> offsets(const Shape& shape, const Strides& strides, std::int64_t first) {
  std::unordered_set<std::int64_t> all;
  Shape index = zeros(shape.ndim());
  for (std::int64_t n = shape.num_elements(); n > 0; --n) {
    std::int64_t at = first;
    for (int d = 0; d < shape.ndim(); ++d) at += index[d] * strides[d];
    all.insert(at);
    for (int d = shape.ndim(); d-- > 0 && ++index[d] == shape[d];) index[d] = 0;
  }
  return all;
}

}  // namespace

BlockLowering::Place BlockLowering::part_of(const Place& base, const Shape& start, const Axes& step,
                                            const Shape& count) {
  Place part = base;
  std::int64_t offset = 0;
  part.writable = false;
  for (int d = 0; d < count.ndim(); ++d) {
    if (count.num_elements() != 0) offset += start[d] * base.strides[d];
    part.strides[d] = base.strides[d] * step[d];
  }
  part.shape = count;
  if (is_pointer(base)) {
    part.variable = advanced(base.variable, offset);
  } else {
    part.offset += offset;
  }
  return part;
}

// --- where values belong

// The only call that reads a value, once; none if something else needs it.
const GraphNode* BlockLowering::only_reader(int v) const {
  const GraphNode* reader = nullptr;
  if (std::find(outputs.begin(), outputs.end(), v) != outputs.end()) return nullptr;
  for (const Unit& u : units_) {
    const auto times = std::count(u.inputs.begin(), u.inputs.end(), v);
    if (times == 0) continue;
    if (reader != nullptr || times > 1 || u.fused) return nullptr;
    reader = &graph_.nodes[static_cast<std::size_t>(u.nodes[0])];
  }
  return reader;
}

// The call that puts a value into another array; none if it is a result itself, or is written to. Others may read it
// there; before a reshape, which may copy, none does.
const GraphNode* BlockLowering::assembler(int v) const {
  if (std::find(outputs.begin(), outputs.end(), v) != outputs.end()) return nullptr;
  for (const Unit& u : units_) {
    const auto times = std::count(u.inputs.begin(), u.inputs.end(), v);
    if (times == 0 || u.fused) continue;
    if (writes(u) && u.inputs[0] == v) return nullptr;
    const GraphNode* node = &graph_.nodes[static_cast<std::size_t>(u.nodes[0])];
    if (times == 1 && (is_place_slice(*node) || std::string_view(node->op->name) == "concatenate")) return node;
  }
  const GraphNode* reader = only_reader(v);
  return reader != nullptr && std::string_view(reader->op->name) == "reshape" ? reader : nullptr;
}

// The result that is made of a value by setting parts of it in its memory, as nothing else reads it.
int BlockLowering::becomes(int v) const {
  for (std::size_t turn = 0; turn <= units_.size(); ++turn) {
    if (std::find(outputs.begin(), outputs.end(), v) != outputs.end()) return turn > 0 ? v : -1;
    int next = -1;
    for (const Unit& u : units_) {
      const auto times = std::count(u.inputs.begin(), u.inputs.end(), v);
      if (times == 0) continue;
      if (times > 1 || !writes(u) || u.inputs[0] != v) return -1;  // what others read may not change
      const GraphNode& node = graph_.nodes[static_cast<std::size_t>(u.nodes[0])];
      if (next >= 0) return -1;
      // Most of a new array is computed elsewhere, as it is mostly computed from the old one.
      if (is_place_slice(node)) {
        const SliceParams slice(*node.params);
        if (slice.is_box() && sets_most(slice.count, value(v).shape)) return -1;
      }
      next = u.outputs[0];
    }
    if (next < 0) return -1;
    v = next;
  }
  return -1;
}

// A result's place, or the part of an array that it is put into; that array may be made room for now.
std::optional<BlockLowering::Place> BlockLowering::home(int v) {
  if (const auto it = homes_.find(v); it != homes_.end()) return it->second;
  std::optional<Place> at;
  if (const auto target = targets.find(v); target != targets.end()) {
    at = whole(target->second, value(v), false);
  } else if (const GraphNode* node = assembler(v)) {
    at = home_in(*node, v);
    const int out = node->outputs[0];
    if (at && std::string_view(node->op->name) != "reshape") {
      parts_[v] = out;
    } else if (const auto it = parts_.find(out); at && it != parts_.end()) {  // a view, no array of its own
      parts_[v] = it->second;
    }
  }
  if (const int result = at || !fresh_targets ? -1 : becomes(v); result >= 0) {
    const auto target = targets.find(result);
    if (target != targets.end()) at = whole(target->second, value(v), true);
  }
  if (at) homes_.emplace(v, *at);
  return at;
}

// Whether a value was computed in its part of an array that is put together of it.
bool BlockLowering::is_there(int v, int whole) const {
  const auto it = parts_.find(v);
  return it != parts_.end() && it->second == whole && places.at(v).variable == homes_.at(v).variable;
}

// Who reads a part later reads the memory of the whole.
void BlockLowering::share_memory(int v) {
  const auto it = parts_.find(v);
  if (it != parts_.end() && is_there(v, it->second)) same_memory_[v] = it->second;
}

std::optional<BlockLowering::Place> BlockLowering::home_in(const GraphNode& reader, int v) {
  const std::string_view name = reader.op->name;
  const int out = reader.outputs[0];
  const GraphValue& part = value(v);
  if (part.dtype != value(out).dtype || part.shape.num_elements() == 0) return std::nullopt;
  if (name == "reshape") return home_before_reshape(v, out);
  if (name == "concatenate") {
    if (is_left_in_pieces(reader)) return std::nullopt;
    const std::optional<Place> to = room(out);
    if (!to) return std::nullopt;
    const int axis = static_cast<int>(ParamReader(*reader.params).number("axis"));
    Shape start = zeros(part.shape.ndim());
    for (std::size_t k = 0; reader.inputs[k] != v; ++k) start[axis] += value(reader.inputs[k]).shape[axis];
    return part_of(*to, start, Axes(part.shape.ndim(), 1), part.shape);
  }
  if (!is_place_slice(reader) || reader.inputs[1] != v) return std::nullopt;
  const SliceParams slice(*reader.params);
  if (slice.count != part.shape || !begin_update(reader)) return std::nullopt;
  return part_of(updates_.at(out).whole, slice.start, slice.step, slice.count);
}

// Of a reshape that only adds or takes away axes of one element.
std::optional<BlockLowering::Place> BlockLowering::home_before_reshape(int v, int out) {
  if (targets.contains(out)) return std::nullopt;
  const Shape &before = value(v).shape, &after = value(out).shape;
  std::vector<int> from, to;  // axes of more elements
  for (int d = 0; d < before.ndim(); ++d) {
    if (before[d] != 1) from.push_back(d);
  }
  for (int d = 0; d < after.ndim(); ++d) {
    if (after[d] != 1) to.push_back(d);
  }
  const auto same = [&](int a, int b) { return before[a] == after[b]; };
  if (!std::equal(from.begin(), from.end(), to.begin(), to.end(), same)) return std::nullopt;
  const std::optional<Place> there = home(out);
  if (!there) return std::nullopt;
  Place here{there->variable, before, contiguous_strides(before, itemsize(value(v).dtype))};
  for (std::size_t i = 0; i < from.size(); ++i) here.strides[from[i]] = there->strides[to[i]];
  return here;
}

// Where an array lies that is put together in memory, from when the first of its parts is computed.
std::optional<BlockLowering::Place> BlockLowering::room(int out) {
  if (const auto it = rooms_.find(out); it != rooms_.end()) return it->second;
  if (is_small(value(out)) || value(out).shape.num_elements() == 1) return std::nullopt;
  std::optional<Place> to;
  if (fresh_targets || !targets.contains(out)) to = home(out);
  if (!to) to = memory(value(out));
  rooms_.emplace(out, *to);
  return to;
}

// Whether what the unit that is being lowered reads of some memory is not where `written` is, or just there: element
// for element.
bool BlockLowering::reads_apart_from(const Place& written, int base) const {
  const auto origin = [&](const Place& p) {
    const auto it = origins_.find(p.variable);
    return it == origins_.end() ? std::pair(p.variable, std::int64_t{0}) : it->second;
  };
  const auto [memory, first] = origin(written);
  std::unordered_set<std::int64_t> places_written;
  for (int v : unit_->inputs) {
    const Place& p = places.at(v);
    if (!in_same_memory(v, base)) continue;
    if (pieces_.contains(v)) return false;
    const auto [of, at] = origin(p);
    if (of != memory || dtype(p) != dtype(written)) return false;
    if (at == first && p.shape == written.shape && p.strides == written.strides) continue;
    if (p.shape.num_elements() + written.shape.num_elements() > kMostCompared) return false;
    if (places_written.empty()) places_written = offsets(written.shape, written.strides, first);
    const std::unordered_set<std::int64_t> read = offsets(p.shape, p.strides, at);
    if (std::any_of(read.begin(), read.end(), [&](std::int64_t o) { return places_written.contains(o); })) return false;
  }
  return true;
}

// Decides where x.at[slices].set(y) lies, so that y, which is about to be computed, may be computed there.
bool BlockLowering::begin_update(const GraphNode& node) {
  const int base = node.inputs[0], out = node.outputs[0];
  if (updates_.contains(out)) return true;
  const SliceParams slice(*node.params);
  const bool known = places.contains(base);
  if (is_small(value(out)) || (known && !is_pointer(places.at(base)))) return false;
  const auto& computed = unit_->outputs;
  const bool now = std::find(computed.begin(), computed.end(), node.inputs[1]) != computed.end();
  if (now && known && free_to_overwrite(base, 1)) {
    const Place at = part_of(places.at(base), slice.start, slice.step, slice.count);
    if (reads_apart_from(at, base)) {
      updates_.emplace(out, Update{places.at(base), Update::Rest::is_there});
      return true;
    }
  }
  // Elsewhere what is not set has to be copied. It takes less time to copy a small part than that, where the array's
  // memory may be written once the part is known.
  const bool must_copy = known && !places.at(base).writable;
  if (!must_copy && !(slice.is_box() && sets_most(slice.count, value(out).shape))) return false;
  const std::optional<Place> to = room(out);
  const std::optional<Place> from = known ? std::optional(places.at(base)) : home(base);
  if (from && from->variable == to->variable) return false;
  if (!slice.is_box()) copy(*from, *to);
  updates_.emplace(out, Update{*to, slice.is_box() ? Update::Rest::is_to_copy : Update::Rest::is_there});
  return true;
}

// What lies around a box.
void BlockLowering::copy_around(const Place& from, const Place& to, const Shape& start, const Shape& count) {
  const int ndim = to.shape.ndim();
  const Axes step(ndim, 1);
  Shape first = zeros(ndim), size = to.shape;
  for (int d = 0; d < ndim; ++d) {
    const std::int64_t all = to.shape[d], end = start[d] + count[d];
    for (const auto& [begin, n] : {std::pair(std::int64_t{0}, start[d]), std::pair(end, all - end)}) {
      if (n == 0) continue;
      first[d] = begin;
      size[d] = n;
      copy(part_of(from, first, step, size), part_of(to, first, step, size));
    }
    first[d] = start[d];
    size[d] = count[d];
  }
}

// --- calls that put arrays together

// The array that a call writes into: `base` itself, or a copy where others may still want the old values, or its memory
// may not be written.
BlockLowering::Place BlockLowering::to_write(const GraphNode& node, const Place& base) {
  if (free_to_overwrite(node.inputs[0])) return base;
  const Place array = room_beside(node.outputs[0], base);
  copy(base, array);
  return array;
}

// Room for an updated array that is not where it was, as others still read that.
BlockLowering::Place BlockLowering::room_beside(int out, const Place& base) {
  const std::optional<Place> there = room(out);
  return !there ? temporary(value(out)) : there->variable == base.variable ? memory(value(out)) : *there;
}

// Of a chain of updates the last one is a result, whose memory nothing takes.
void BlockLowering::place_updated(int out, const Place& array) {
  places[out] = array;
  if (targets.contains(out)) places[out].writable = false;
  share_memory(out);
}

// x.at[1:3].set(y)
bool BlockLowering::lower_place(const GraphNode& node) {
  const int out = node.outputs[0], base_value = node.inputs[0];
  const Place base = places.at(base_value), update = places.at(node.inputs[1]);
  const SliceParams slice(*node.params);
  if (base.shape.num_elements() == 1) return false;
  if (slice.count.num_elements() == 0) {
    places[out] = base;
    places[out].writable = false;
    same_memory_[out] = base_value;
    return true;
  }
  if (!is_pointer(base) || is_small(value(out))) return lower_small_place(node);
  const auto begun = updates_.find(out);
  Place array;
  if (begun != updates_.end()) {
    array = begun->second.whole;
    if (begun->second.rest == Update::Rest::is_to_copy) copy_around(base, array, slice.start, slice.count);
  } else if (slice.is_box() && !free_to_overwrite(base_value)) {
    array = room_beside(out, base);
    copy_around(base, array, slice.start, slice.count);
  } else {
    array = to_write(node, base);
  }
  if (begun == updates_.end() || !is_there(node.inputs[1], out))
    copy(update, part_of(array, slice.start, slice.step, slice.count));
  place_updated(out, array);
  return true;
}

bool BlockLowering::lower_small_place(const GraphNode& node) {
  const int out = node.outputs[0];
  const Place base = in_registers(places.at(node.inputs[0])), to = temporary(value(out));
  const SliceParams slice(*node.params);
  const std::vector<Place> from{base, converted(in_registers(places.at(node.inputs[1])), dtype(base))};
  std::vector<int> which = positions(base, base.shape);
  const std::vector<int> target = positions(part_of(to, slice.start, slice.step, slice.count), slice.count);
  const std::vector<int> source = positions(from[1], slice.count);
  for (std::size_t i = 0; i < target.size(); ++i)
    which[static_cast<std::size_t>(target[i])] = variable(base.variable).elements + source[i];
  join(to, from, std::move(which));
  places[out] = to;
  return true;
}

bool BlockLowering::lower_concatenate(const GraphNode& node) {
  const int axis = static_cast<int>(ParamReader(*node.params).number("axis")), out = node.outputs[0];
  const std::optional<Place> there = room(out);
  const Place to = there ? *there : temporary(value(out));
  if (to.shape.num_elements() == 1) return false;
  Shape start = zeros(to.shape.ndim());
  const Axes step(start.ndim(), 1);
  std::vector<Place> from;
  std::vector<int> which(static_cast<std::size_t>(is_pointer(to) ? 0 : to.shape.num_elements()));
  int first = 0;
  for (int v : node.inputs) {
    const Shape& count = value(v).shape;
    if (count.num_elements() == 0) continue;
    const Shape at = start;
    start[axis] += count[axis];
    if (is_pointer(to)) {
      if (!is_there(v, out)) copy_pieces(v, part_of(to, at, step, count));
      continue;
    }
    from.push_back(converted(in_registers(places.at(v)), dtype(to)));
    const std::vector<int> target = positions(part_of(to, at, step, count), count),
                           source = positions(from.back(), count);
    for (std::size_t i = 0; i < target.size(); ++i) which[static_cast<std::size_t>(target[i])] = first + source[i];
    first += variable(from.back().variable).elements;
  }
  if (!is_pointer(to)) join(to, from, std::move(which));
  places[out] = to;
  share_memory(out);
  return true;
}

}  // namespace tnp::compiler

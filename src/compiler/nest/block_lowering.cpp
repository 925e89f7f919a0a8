#include "compiler/nest/block_lowering.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "compiler/nest/components.h"
#include "compiler/nest/direct_call.h"
#include "compiler/nest/loops.h"
#include "compiler/nest/move_later.h"
#include "compiler/nest/strips.h"
#include "compiler/nest/windows.h"
#include "compiler/param_reader.h"
#include "ir/apply_internal.h"
#include "ops/shape/layout.h"

namespace tnp::compiler {

namespace {

constexpr std::int64_t kShortRow = 128;
// Elements that lie apart in memory, and are gathered into registers, or written from there.
constexpr std::int64_t kMostScattered = 128;
// A body that takes longer is worth threads, and the work of dispatching it is small.
constexpr std::int64_t kMaxBodyCycles = 1 << 17;
// But native code walks short rows better than anything else.
constexpr std::int64_t kMaxShortRowCycles = 1 << 23;

using Kind = NestStatement::Kind;
using ArgumentKind = LoopNest::Argument::Kind;

bool has_complex(const FusedGroup& group) {
  for (int v = 0; v < group.num_values(); ++v) {
    if (is_complex(group.dtype(v))) return true;
  }
  return false;
}

// Rows of a few elements are not walked one by one, if their number is in the code.
void set_short_rows(NestStatement& s, const Loops& loops, std::span<const int> sizes) {
  constexpr std::int64_t kMostElements = 7, kFewestRows = 8;
  constexpr int kMostCycles = 400;
  const std::size_t last = loops.count() - 1;
  if (last == 0 || has_complex(s.group)) return;
  const std::int64_t n = loops.sizes[last];
  if (n > kMostElements || loops.sizes[last - 1] < kFewestRows || n * s.group.cycles() > kMostCycles) return;
  std::vector<std::vector<int>> layouts;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    const std::int64_t row = loops.strides[last - 1][k], element = loops.strides[last][k], bytes = sizes[k];
    ShortRows layout;
    if (row == 0 && element == 0) {
      layout = ShortRows::one;
    } else if (row == n * bytes && element == bytes) {
      layout = ShortRows::packed;
    } else if (row == bytes && element == 0) {
      layout = ShortRows::of_row;
    } else if (row == 0 && element == bytes) {
      layout = ShortRows::repeated;
    } else {
      return;
    }
    layouts.push_back({static_cast<int>(layout)});
  }
  const ShortRows result = s.fold == Fold::none ? ShortRows::packed : ShortRows::of_row;
  for (std::size_t k = s.from.size(); k < layouts.size(); ++k) {
    if (layouts[k][0] != static_cast<int>(result)) return;
  }
  s.positions = std::move(layouts);
  s.step = static_cast<int>(n);
}

}  // namespace

bool indexed(const GraphNode& node, IndexedAccess& access) {
  if (node.op->indexed_access == nullptr || node.outputs.size() != 1) return false;
  return node.op->indexed_access(Call{*node.op, {}, *node.params}, access);
}

bool is_place_slice(const GraphNode& node) { return std::string_view(node.op->name) == "place_slice"; }

Strides strides_over(const Shape& from, const Strides& strides, const Shape& shape) {
  Strides out(shape.ndim(), 0);
  const int lead = shape.ndim() - from.ndim();
  for (int d = std::max(0, -lead); d < from.ndim(); ++d) {
    if (from[d] != 1) out[lead + d] = strides[d];
  }
  return out;
}

int BlockLowering::parameter(std::int64_t n) {
  std::vector<std::int64_t>& p = out_.parameters;
  p.push_back(n);
  return static_cast<int>(p.size()) - 1;
}

bool BlockLowering::is_small_work(int allowance) const {
  return cycles - threaded_cycles_ <= allowance * (5 * short_cycles > cycles ? kMaxShortRowCycles : kMaxBodyCycles);
}

// --- places

BlockLowering::Place BlockLowering::whole(int variable, const GraphValue& like, bool writable) {
  return {variable, like.shape, contiguous_strides(like.shape, itemsize(like.dtype)), writable};
}

bool BlockLowering::is_small(const GraphValue& v) const {
  const std::int64_t n = v.shape.num_elements();
  return n > 1 && n <= out_.most_small_elements && is_numeric(v.dtype) && !is_complex(v.dtype);
}

BlockLowering::Place BlockLowering::memory(const GraphValue& like) {
  const int v = out_.nest.variable(like.dtype, true);
  out_.nest.arguments.push_back(v);
  out_.arguments.push_back({ArgumentKind::temporary, 0, like.dtype, like.shape.num_elements()});
  return whole(v, like, true);
}

BlockLowering::Place BlockLowering::temporary(const GraphValue& like) {
  const std::int64_t n = like.shape.num_elements();
  if (n != 1 && !is_small(like)) return memory(like);
  return whole(out_.nest.variable(like.dtype, false, static_cast<int>(n)), like, true);
}

bool BlockLowering::is_whole(const Place& p) const {
  if (!is_pointer(p) && variable(p.variable).elements != p.shape.num_elements()) return false;
  const Strides packed = contiguous_strides(p.shape, itemsize(dtype(p)));
  for (int d = 0; d < p.shape.ndim(); ++d) {
    if (p.shape[d] != 1 && p.strides[d] != packed[d]) return false;
  }
  return p.offset == 0;
}

std::vector<int> BlockLowering::positions(const Place& p, const Shape& shape) const {
  const Strides strides = strides_over(p.shape, p.strides, shape);
  std::vector<int> out;
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.ndim()), 0);
  for (std::int64_t n = shape.num_elements(); n > 0; --n) {
    std::int64_t at = p.offset;
    for (int d = 0; d < shape.ndim(); ++d) at += index[static_cast<std::size_t>(d)] * strides[d];
    out.push_back(static_cast<int>(at / itemsize(dtype(p))));
    for (int d = shape.ndim(); d-- > 0 && ++index[static_cast<std::size_t>(d)] == shape[d];)
      index[static_cast<std::size_t>(d)] = 0;
  }
  return out;
}

int BlockLowering::advanced(int pointer, std::int64_t bytes) {
  const int to = out_.nest.variable(variable(pointer).dtype, true);
  statements.push_back({.kind = Kind::advance, .to = {to}, .from = {pointer}, .step = parameter(bytes)});
  const auto it = origins_.find(pointer);
  const auto [of, before] = it == origins_.end() ? std::pair(pointer, std::int64_t{0}) : it->second;
  origins_.emplace(to, std::pair(of, before + bytes));
  return to;
}

BlockLowering::Place BlockLowering::located(const Place& p) {
  if (is_pointer(p)) return p;
  Place at = p;
  at.variable = out_.nest.variable(dtype(p), true);
  at.offset = 0;
  statements.push_back({.kind = Kind::locate, .to = {at.variable}, .from = {p.variable}, .step = parameter(p.offset)});
  return at;
}

BlockLowering::Place BlockLowering::in_registers(const Place& p) {
  if (!is_pointer(p)) return p;
  const int n = static_cast<int>(p.shape.num_elements());
  const Place to = whole(out_.nest.variable(dtype(p), false, n), {dtype(p), p.shape}, true);
  copy(p, to);
  return to;
}

BlockLowering::Place BlockLowering::converted(const Place& p, DType to) {
  if (dtype(p) == to) return p;
  const int n = static_cast<int>(p.shape.num_elements());
  const Place out = whole(out_.nest.variable(to, false, n), {to, p.shape}, true);
  copy(p, out);
  return out;
}

void BlockLowering::copy(const Place& from, const Place& to) {
  const NestVariable a = variable(from.variable), b = variable(to.variable);
  const std::int64_t n = to.shape.num_elements();
  const bool alike = a.dtype == b.dtype && from.shape.num_elements() == n;
  if (n == 0) return;
  if (alike && a.pointer != b.pointer && is_whole(from) && is_whole(to)) {
    cycles += n / 4 + 1;
    return statements.push_back(
        {.kind = a.pointer ? Kind::load : Kind::store, .to = {to.variable}, .from = {from.variable}});
  }
  if (alike && a.pointer != b.pointer && n <= kMostScattered) {  // element by element
    const Place &memory = a.pointer ? from : to, &held = a.pointer ? to : from;
    const bool steps_fit = std::all_of(memory.strides.begin(), memory.strides.end(),
                                       [&](std::int64_t step) { return step % itemsize(a.dtype) == 0; });
    if (is_whole(held) && steps_fit) {
      cycles += n + 1;
      out_.small_cost += n / 2;
      return statements.push_back({.kind = a.pointer ? Kind::load : Kind::store,
                                   .to = {to.variable},
                                   .from = {from.variable},
                                   .positions = {positions(memory, memory.shape)}});
    }
  }
  if (a.pointer && !b.pointer) {
    if (alike && !is_whole(from)) return copy(from, located(to));
    if (!is_whole(from)) {  // in memory first
      const int count = static_cast<int>(from.shape.num_elements());
      const Place packed = whole(out_.nest.variable(a.dtype, false, count), {a.dtype, from.shape}, true);
      copy(from, located(packed));
      return copy(packed, to);
    }
  }
  GroupBuilder builder;
  builder.output(builder.cast(builder.input(a.dtype), b.dtype));
  Place source = from;
  if (from.shape.num_elements() == n && from.shape != to.shape) {  // the same elements in another shape
    if (is_whole(from)) source = {from.variable, to.shape, contiguous_strides(to.shape, itemsize(a.dtype))};
  }
  compute(builder.take(), {source}, {to}, to.shape);
}

// --- what is computed

void BlockLowering::compute_registers(const FusedGroup& group, const std::vector<Place>& from,
                                      const std::vector<Place>& to, const Shape& shape) {
  NestStatement s{.kind = Kind::compute, .group = group};
  bool as_they_are = true;
  for (const Place& p : from) {
    const Place r = in_registers(p);
    s.from.push_back(r.variable);
    s.positions.emplace_back();
    if (!in_small_array(r) || (is_whole(r) && r.shape.num_elements() == shape.num_elements())) continue;
    s.positions.back() = positions(r, shape);
    as_they_are = false;
  }
  if (as_they_are) s.positions.clear();
  for (const Place& p : to) s.to.push_back(p.variable);
  cycles += (shape.num_elements() + 7) / 8 * 2 * group.cycles() + 2;
  out_.small_cost += (shape.num_elements() + 7) / 8 * group.cycles();
  statements.push_back(std::move(s));
}

void BlockLowering::compute(const FusedGroup& group, const std::vector<Place>& from, const std::vector<Place>& to,
                            const Shape& shape) {
  if (!is_pointer(to[0])) return compute_registers(group, from, to, shape);
  compute_rows({.kind = Kind::compute, .group = group}, from, to, shape);
}

void BlockLowering::compute_rows(NestStatement s, const std::vector<Place>& from, const std::vector<Place>& to,
                                 const Shape& shape) {
  std::vector<Strides> strides;
  std::vector<int> sizes;
  const auto operand = [&](std::vector<int>& list, const Place& p) {
    list.push_back(p.variable);
    strides.push_back(strides_over(p.shape, p.strides, shape));
    sizes.push_back(itemsize(dtype(p)));
  };
  for (const Place& p : from) operand(s.from, in_small_array(p) ? located(p) : p);
  for (const Place& p : to) operand(s.to, p);
  const std::int64_t work = shape.num_elements() * s.group.cycles();
  std::int64_t cost = work + 4;
  const Loops loops(shape, strides, sizes);
  loops.set(s, static_cast<int>(out_.parameters.size()));
  out_.parameters.insert(out_.parameters.end(), loops.parameters.begin(), loops.parameters.end());
  if (s.step == kNone) set_short_rows(s, loops, sizes);
  if (loops.vectorizes()) cost /= 4;
  if (loops.count() > 1 && loops.sizes.back() < kShortRow) short_cycles += cost;
  cycles += cost;
  statements.push_back(std::move(s));
}

void BlockLowering::join(const Place& to, const std::vector<Place>& from, std::vector<int> places_of) {
  NestStatement s{.kind = Kind::join, .to = {to.variable}};
  for (const Place& p : from) s.from.push_back(p.variable);
  s.positions.push_back(std::move(places_of));
  cycles += to.shape.num_elements() / 4 + 1;
  statements.push_back(std::move(s));
}

// --- the graph

bool BlockLowering::lower() {
  units_ = partition_into_groups(graph_);
  move_later(graph_, outputs, units_);
  const std::vector<Unit>& units = units_;
  pending_.assign(graph_.values.size(), 0);
  for (const Unit& u : units) {
    for (int v : u.inputs) ++pending_[static_cast<std::size_t>(v)];
  }
  for (int v : outputs) ++pending_[static_cast<std::size_t>(v)];
  std::vector<bool> done(units.size(), false);
  for (std::size_t count = 0; count < units.size(); ++count) {
    const std::size_t u = choose(units, done);
    done[u] = true;
    for (int v : units[u].inputs) --pending_[static_cast<std::size_t>(v)];
    if (!lower(units[u])) return false;
  }
  return std::all_of(graph_.outputs.begin(), graph_.outputs.end(), [&](int v) { return places.contains(v); });
}

bool BlockLowering::writes(const Unit& unit) const {
  if (unit.fused) return false;
  const GraphNode& node = graph_.nodes[static_cast<std::size_t>(unit.nodes[0])];
  IndexedAccess access;
  return is_place_slice(node) || node.op == &kPlaceWindow || (indexed(node, access) && access.update >= 0);
}

// The next unit that can run. One that writes into an array waits for those that read it, so that it need not copy.
std::size_t BlockLowering::choose(const std::vector<Unit>& units, const std::vector<bool>& done) const {
  std::size_t writer = units.size();
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (done[u]) continue;
    const bool ready =
        std::all_of(units[u].inputs.begin(), units[u].inputs.end(), [&](int v) { return places.contains(v); });
    if (!ready) continue;
    if (!writes(units[u])) return u;
    const bool free = pending_[static_cast<std::size_t>(units[u].inputs[0])] == 1;
    if (writer == units.size() || free) writer = u;
  }
  return writer < units.size() ? writer
                               : static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
}

int BlockLowering::root(int v) const {
  for (auto it = same_memory_.find(v); it != same_memory_.end(); it = same_memory_.find(v)) v = it->second;
  return v;
}

// Whether no more than so many units read the value any more, and none another one in its memory.
bool BlockLowering::free_to_overwrite(int v, int readers) const {
  if (!places.at(v).writable || pending_[static_cast<std::size_t>(v)] > readers) return false;
  return std::none_of(places.begin(), places.end(), [&](const auto& other) {
    return other.first != v && pending_[static_cast<std::size_t>(other.first)] > 0 && in_same_memory(other.first, v);
  });
}

// Whether a value that may lie in the memory of `base`, where some unit writes, had better be a copy: as some of it is
// read after that, and the unit would have to copy all of `base`, or as it is but a row or a column.
bool BlockLowering::copied_for_write(int view, int base) const {
  std::vector<bool> same(graph_.values.size(), false),
      late(graph_.values.size(), false);  // in its memory; written then
  same[static_cast<std::size_t>(view)] = true;
  const auto any = [](const std::vector<int>& values, const std::vector<bool>& set) {
    return std::any_of(values.begin(), values.end(), [&](int v) { return set[static_cast<std::size_t>(v)]; });
  };
  bool written = false;
  for (const Unit& u : units_) {  // in an order in which they can run
    const bool writer = writes(u) && root(u.inputs[0]) == root(base), waits = writer || any(u.inputs, late);
    written = written || writer;
    if (waits && any(u.inputs, same)) return true;
    const GraphNode& node = graph_.nodes[static_cast<std::size_t>(u.nodes[0])];
    IndexedAccess access;
    const bool may_be_view =
        !u.fused && (is_left_in_pieces(node) || node.op == &kWindow || node.op->fusion == Fusion::broadcast ||
                     node.op->identity_on_same_shape || (indexed(node, access) && access.update < 0));
    for (int v : u.outputs) {
      late[static_cast<std::size_t>(v)] = waits;
      same[static_cast<std::size_t>(v)] = same[static_cast<std::size_t>(v)] || (may_be_view && any(u.inputs, same));
    }
  }
  return written && (is_small_part(view, base) || any(outputs, same));
}

bool BlockLowering::lower(const Unit& unit) {
  unit_ = &unit;
  for (int v : unit.inputs) {
    if (!places.contains(v)) return false;
  }
  for (int v : unit.inputs) {
    if (pieces_.contains(v) && !reads_pieces(unit, v)) put_together(v);
  }
  if (unit.fused) return lower_group(unit);
  return lower_node(graph_.nodes[static_cast<std::size_t>(unit.nodes[0])]);
}

bool BlockLowering::lower_node(const GraphNode& node) {
  const std::string_view name = node.op->name;
  IndexedAccess access;
  if (node.op == &kWindow || node.op == &kPlaceWindow) return lower_window(node);
  if (lower_pieces(node)) return true;
  if (indexed(node, access) && lower_indexed(node, access)) return true;
  if (lower_view(node)) return true;
  if (name == "reshape" && lower_reshape(node)) return true;
  if (name == "place_slice" && lower_place(node)) return true;
  if (name == "concatenate" && lower_concatenate(node)) return true;
  if (name == "matmul" && (lower_product(node) || lower_chosen_rows(node))) return true;
  if (node.op->fusion == Fusion::reduction && lower_reduction(node)) return true;
  if (node.op == &kStrips) return lower_inner(node);
  if (node.op == &kPlanes) return lower_planes(node);
  if (node.op == &kPlaneSums) return lower_plane_sums(node);
  if ((name == "loop" || name == "cond") && lower_inner(node)) return true;
  return lower_call(node);
}

// The input whose memory output `out` of the group may take: each of its elements is read where the new one is written.
// Small parts of it that are read otherwise, as a row or a column, are copied before (`apart_from`).
int BlockLowering::overwritable_input(const Unit& unit, int out, const std::vector<int>& taken) const {
  const bool in_pieces =
      std::any_of(unit.inputs.begin(), unit.inputs.end(), [&](int v) { return pieces_.contains(v); });
  for (int v : unit.inputs) {
    const Place& p = places.at(v);
    if (pieces_.contains(v)) continue;
    if (value(v).dtype != value(out).dtype || p.shape != value(out).shape || !is_pointer(p) || !is_whole(p)) continue;
    if (!free_to_overwrite(v) || std::find(taken.begin(), taken.end(), v) != taken.end()) continue;
    const bool read_otherwise = std::any_of(unit.inputs.begin(), unit.inputs.end(), [&](int other) {
      return other != v && in_same_memory(other, v) && (in_pieces || !is_small_part(other, v));
    });
    if (!read_otherwise) return v;
  }
  return -1;
}

bool BlockLowering::is_small_part(int part, int whole) const {
  constexpr std::int64_t kSmallPart = 8;
  return kSmallPart * value(part).shape.num_elements() <= value(whole).shape.num_elements();
}

// An input of a group that is to overwrite the inputs `taken`.
BlockLowering::Place BlockLowering::apart_from(const std::vector<int>& taken, int input) {
  const Place& p = places.at(input);
  const auto overwritten = [&](int v) { return v != input && root(v) == root(input); };
  if (!is_pointer(p) || std::none_of(taken.begin(), taken.end(), overwritten)) return p;
  const Place own = memory(value(input));
  copy(p, own);
  return own;
}

// Inputs that do not lie in row-major order are gone through as they lie, and the results lie in the same order: as
// everywhere, so that sums of them have the same bits. False where they do, or where a result has its place.
bool BlockLowering::lower_in_memory_order(const Unit& unit, bool in_memory) {
  std::vector<Lying> lying;
  for (int v : unit.inputs) lying.push_back({places.at(v).shape, places.at(v).strides});
  if (std::any_of(unit.outputs.begin(), unit.outputs.end(), [&](int v) { return targets.contains(v); })) return false;
  const Axes order = memory_order(lying);
  if (order.empty()) return false;
  for (int v : unit.inputs) put_together(v);
  const int ndim = order.size();
  std::vector<Place> from, to;
  for (int v : unit.inputs) {
    Place p = places.at(v);
    const Place as_it_was = p;
    p.shape = Shape(ndim, 1);
    p.strides = Strides(ndim, 0);
    for (int i = 0; i < ndim; ++i) {
      const int axis = static_cast<int>(order[i]) - (ndim - as_it_was.shape.ndim());
      if (axis < 0) continue;
      p.shape[i] = as_it_was.shape[axis];
      p.strides[i] = as_it_was.strides[axis];
    }
    from.push_back(std::move(p));
  }
  const Shape& shape = value(unit.outputs[0]).shape;
  Shape permuted(ndim, 1);
  for (int i = 0; i < ndim; ++i) permuted[i] = shape[static_cast<int>(order[i])];
  for (int v : unit.outputs) {
    const GraphValue like{value(v).dtype, permuted};
    to.push_back(in_memory ? memory(like) : temporary(like));
    Place back = to.back();
    back.writable = false;
    for (int i = 0; i < ndim; ++i) {
      back.shape[static_cast<int>(order[i])] = to.back().shape[i];
      back.strides[static_cast<int>(order[i])] = to.back().strides[i];
    }
    places[v] = std::move(back);
  }
  compute(unit.group, from, to, permuted);
  return true;
}

bool BlockLowering::lower_group(const Unit& unit) {
  std::vector<Place> from, to;
  std::vector<int> taken;
  const bool one = value(unit.outputs[0]).shape.num_elements() == 1;
  const bool summed = std::all_of(unit.outputs.begin(), unit.outputs.end(), [&](int v) {
    const GraphNode* reader = only_reader(v);
    return reader != nullptr && reader->op == &kPlaneSums;  // as it is computed
  });
  const bool in_memory = !one && (summed || !is_small(value(unit.outputs[0])) || has_complex(unit.group));
  if (!one && lower_in_memory_order(unit, in_memory)) return true;
  for (int v : unit.outputs) {
    const std::optional<Place> there = in_memory || targets.contains(v) ? home(v) : std::nullopt;
    if (there) {
      to.push_back(*there);
    } else if (const int input = in_memory ? overwritable_input(unit, v, taken) : -1; input >= 0) {
      taken.push_back(input);
      to.push_back(places.at(input));
    } else {
      to.push_back(in_memory ? memory(value(v)) : temporary(value(v)));
    }
  }
  for (std::size_t j = 0; j < unit.outputs.size(); ++j) {
    places[unit.outputs[j]] = to[j];
    share_memory(unit.outputs[j]);
  }
  const Shape& shape = value(unit.outputs[0]).shape;
  const bool any_in_pieces =
      std::any_of(unit.inputs.begin(), unit.inputs.end(), [&](int v) { return pieces_.contains(v); });
  if (any_in_pieces && compute_boxes(unit.group, unit.inputs, to, shape)) return true;
  for (int v : unit.inputs) {
    put_together(v);
    from.push_back(apart_from(taken, v));
  }
  compute(unit.group, from, to, shape);
  return true;
}

// Where the indices point to in `base`; the place of what lies there.
BlockLowering::Place BlockLowering::address(const GraphNode& node, const IndexedAccess& access, const Place& base) {
  Place at = located(base);
  at.writable = false;
  const ParamReader p(*node.params);
  const Axes& labels = p.axes.contains("labels") ? p.axes.at("labels") : access.axes;
  for (int i = access.axes.size(); i-- > 0;) {
    const int axis = static_cast<int>(access.axes[i]);
    const int index = places.at(node.inputs[static_cast<std::size_t>(access.first_index + i)]).variable;
    const std::int64_t step = at.strides[axis];
    at.variable = element_address(at, index, at.shape[axis], step, static_cast<int>(labels[i]));
    at.shape.erase(axis);
    at.strides.erase(axis);
  }
  cycles += 4;
  return at;
}

// `at`, and `index` steps on; the nest ends where that is not below `size`.
int BlockLowering::element_address(const Place& at, int index, std::int64_t size, std::int64_t step, int label) {
  int& next = addresses_.try_emplace({at.variable, index, size, step}, kNone).first->second;
  if (next == kNone) {
    next = out_.nest.variable(dtype(at), true);
    statements.push_back({.kind = Kind::address,
                          .to = {next},
                          .from = {at.variable, index},
                          .extent = parameter(size),
                          .step = step == itemsize(dtype(at)) ? kUnit : parameter(step),
                          .callee = label});
  }
  return next;
}

// Where something would be cut off, the nest ends, and the loop begins again in the general way.
bool BlockLowering::lower_window(const GraphNode& node) {
  const bool write = node.op == &kPlaceWindow;
  const auto& p = static_cast<const WindowParams&>(*node.params);
  const Place base = places.at(node.inputs[0]);
  if (base.shape.num_elements() == 1 || (!is_pointer(base) && is_complex(dtype(base)))) return false;
  out_.may_end_early = true;
  const Place array = write ? to_write(node, base) : base;
  Place at = located(array);
  at.writable = false;
  std::size_t number = write ? 2 : 1;
  for (std::int64_t a : p.axes) {
    const int axis = static_cast<int>(a);
    const int after = places.at(node.inputs[number++]).variable, before = places.at(node.inputs[number++]).variable;
    at.variable = element_address(at, after, at.shape[axis] - p.count[axis] + 1, at.strides[axis], axis);
    at.variable = element_address(at, before, 1, at.strides[axis], axis);
  }
  cycles += 6 * p.axes.size();
  const Place part = part_of(at, p.start, p.step, p.count);
  if (!write) return lower_read(node, part);
  copy(places.at(node.inputs[1]), part);
  place_updated(node.outputs[0], array);
  return true;
}

bool BlockLowering::lower_indexed(const GraphNode& node, const IndexedAccess& access) {
  const Place base = places.at(node.inputs[0]);
  if (access.axes.size() > base.shape.ndim() || (!is_pointer(base) && is_complex(dtype(base)))) return false;
  for (int i = 0; i < access.axes.size(); ++i) {
    const GraphValue& index = value(node.inputs[static_cast<std::size_t>(access.first_index + i)]);
    if (index.shape.ndim() != 0 || !is_integer(index.dtype)) return false;
  }
  if (access.update >= 0) return lower_write(node, access, base);
  return lower_read(node, address(node, access, base));
}

bool BlockLowering::lower_read(const GraphNode& node, const Place& row) {
  const int out = node.outputs[0];
  const bool copied = row.shape.num_elements() == 1 || is_small(value(out)) || copied_for_write(out, node.inputs[0]);
  if (copied || targets.contains(out)) {
    const auto target = targets.find(out);
    const Place p = target == targets.end() ? temporary(value(out)) : whole(target->second, value(out), false);
    copy(row, p);
    places[out] = p;
  } else {
    places[out] = row;
    same_memory_[out] = node.inputs[0];
  }
  return true;
}

bool BlockLowering::lower_write(const GraphNode& node, const IndexedAccess& access, const Place& base) {
  const Place array = to_write(node, base);
  const Place row = address(node, access, array);
  copy(places.at(node.inputs[static_cast<std::size_t>(access.update)]), row);
  place_updated(node.outputs[0], array);
  return true;
}

// An operation that gives a view of its input is found out by doing it on a stand-in of the same layout.
bool BlockLowering::lower_view(const GraphNode& node) {
  const bool may_be = node.op->fusion == Fusion::broadcast || node.op->identity_on_same_shape;
  if (!may_be || node.inputs.size() != 1 || node.outputs.size() != 1) return false;
  const int out = node.outputs[0];
  const Place& from = places.at(node.inputs[0]);
  if (targets.contains(out)) return false;
  if (from.shape.num_elements() == 1) {
    if (value(out).shape.num_elements() != 1 && node.op->fusion != Fusion::broadcast) return false;
    places[out] = {from.variable, value(out).shape, Strides(value(out).shape.ndim(), 0), false, from.offset};
    same_memory_[out] = node.inputs[0];
    if (value(out).shape.num_elements() == 1 || is_piece(out)) return true;
    const std::optional<Place> there = home(out);
    const Place p = there ? *there : temporary(value(out));
    copy(from, p);
    places[out] = p;
    same_memory_.erase(out);
    share_memory(out);
    return true;
  }
  const DType type = value(node.inputs[0]).dtype;
  std::int64_t before = 0, after = itemsize(type);
  for (int d = 0; d < from.shape.ndim(); ++d) {
    if (from.shape[d] == 0) return false;
    (from.strides[d] < 0 ? before : after) += (from.shape[d] - 1) * from.strides[d];
  }
  const Array memory = Array::empty(DType::uint8, {after - before});
  std::memset(memory.data(), 0, static_cast<std::size_t>(after - before));
  std::byte* const first = memory.data() - before;
  const Array in[] = {Array::view_of(memory.node()->buffer, first, type, from.shape, from.strides)};
  Array result[1];
  execute(Call{*node.op, in, *node.params}, result);
  if (result[0].node()->buffer != memory.node()->buffer) return false;
  const std::int64_t offset = value(out).shape.num_elements() == 0 ? 0 : result[0].data() - first;
  Place p{from.variable, value(out).shape, result[0].strides(), false, from.offset};
  if (is_pointer(from)) {
    if (offset != 0) p.variable = advanced(from.variable, offset);
  } else {
    p.offset += offset;
  }
  same_memory_[out] = node.inputs[0];
  const bool to_registers = (p.shape.num_elements() == 1 || (is_pointer(p) && is_small(value(out)))) && !is_piece(out);
  if (to_registers || copied_for_write(out, node.inputs[0])) {
    const Place own = temporary(value(out));
    copy(p, own);
    p = own;
    same_memory_.erase(out);
  }
  places[out] = p;
  return true;
}

// One that needs a copy.
bool BlockLowering::lower_reshape(const GraphNode& node) {
  const int out = node.outputs[0];
  const Place from = places.at(node.inputs[0]), to = temporary(value(out));
  if (is_pointer(to)) {
    copy(from, {to.variable, from.shape, contiguous_strides(from.shape, itemsize(dtype(to)))});
  } else {
    const Place r = in_registers(from);
    join(to, {r}, positions(r, r.shape));
  }
  places[out] = to;
  return true;
}

// Anything else is called.
bool BlockLowering::lower_call(const GraphNode& node) {
  if (node.op->effect != Effect::none) return false;
  LoopNest::Callee callee{node.op, node.params, {}, {}, {}};
  NestStatement s{.kind = Kind::call, .callee = static_cast<int>(out_.callees.size())};
  std::int64_t elements = 0;
  for (int v : node.inputs) {
    Place p = places.at(v);
    if (in_small_array(p)) {  // what is called by pointer stays in memory
      const Place own = whole(out_.nest.variable(dtype(p), false, variable(p.variable).elements), value(v), true);
      statements.push_back({.kind = Kind::assign, .to = {own.variable}, .from = {p.variable}});
      p.variable = own.variable;
      p = located(p);
    }
    callee.in.push_back({value(v).dtype, p.shape, p.strides});
    s.from.push_back(p.variable);
    elements += p.shape.num_elements();
  }
  for (int v : node.outputs) {
    const Place p = temporary(value(v));
    callee.out.push_back({value(v).dtype, p.shape, p.strides});
    s.to.push_back(in_small_array(p) ? located(p).variable : p.variable);
    places[v] = p;
  }
  callee.direct = direct_call(callee);
  cycles += elements + (callee.direct ? 100 : 1000);
  if (callee.direct) threaded_cycles_ += elements;
  out_.callees.push_back(std::move(callee));
  statements.push_back(std::move(s));
  return true;
}

}  // namespace tnp::compiler

#include "compiler/nest/block_lowering.h"

#include <algorithm>
#include <cstring>

#include "compiler/nest/loops.h"
#include "ir/apply_internal.h"

namespace tnp::compiler {

namespace {

constexpr std::int64_t kShortRow = 128;

using Kind = NestStatement::Kind;
using ArgumentKind = LoopNest::Argument::Kind;

// Strides of an operand over `shape`, which it broadcasts to: 0 along what it repeats.
Strides strides_over(const Shape& from, const Strides& strides, const Shape& shape) {
  Strides out(shape.ndim(), 0);
  const int lead = shape.ndim() - from.ndim();
  for (int d = std::max(0, -lead); d < from.ndim(); ++d) {
    if (from[d] != 1) out[lead + d] = strides[d];
  }
  return out;
}

bool indexed(const GraphNode& node, IndexedAccess& access) {
  if (node.op->indexed_access == nullptr || node.outputs.size() != 1) return false;
  return node.op->indexed_access(Call{*node.op, {}, *node.params}, access);
}

}  // namespace

int BlockLowering::parameter(std::int64_t n) {
  std::vector<std::int64_t>& p = out_.parameters;
  p.push_back(n);
  return static_cast<int>(p.size()) - 1;
}

BlockLowering::Place BlockLowering::whole(int variable, const GraphValue& like, bool writable) {
  return {variable, like.shape, contiguous_strides(like.shape, itemsize(like.dtype)), writable};
}

BlockLowering::Place BlockLowering::temporary(const GraphValue& like) {
  const std::int64_t n = like.shape.num_elements();
  if (n == 1) return whole(out_.nest.variable(like.dtype, false), like, true);
  const int v = out_.nest.variable(like.dtype, true);
  out_.nest.arguments.push_back(v);
  out_.arguments.push_back({ArgumentKind::temporary, 0, like.dtype, n});
  return whole(v, like, true);
}

void BlockLowering::compute(const FusedGroup& group, const std::vector<Place>& from, const std::vector<Place>& to,
                            const Shape& shape) {
  NestStatement s{.kind = Kind::compute, .group = group};
  std::vector<Strides> strides;
  for (const std::vector<Place>* places : {&from, &to}) {
    for (const Place& p : *places) {
      (places == &from ? s.from : s.to).push_back(p.variable);
      strides.push_back(strides_over(p.shape, p.strides, shape));
    }
  }
  const bool pointers = !to.empty() && out_.nest.variables[static_cast<std::size_t>(to[0].variable)].pointer;
  const std::int64_t n = shape.num_elements();
  std::int64_t cost = n * group.cycles() + 4;
  if (pointers) {
    std::vector<int> sizes;
    for (const std::vector<int>* variables : {&s.from, &s.to}) {
      for (int v : *variables) sizes.push_back(itemsize(out_.nest.variables[static_cast<std::size_t>(v)].dtype));
    }
    const Loops loops(shape, strides, sizes);
    loops.set(s, static_cast<int>(out_.parameters.size()));
    out_.parameters.insert(out_.parameters.end(), loops.parameters.begin(), loops.parameters.end());
    if (loops.vectorizes()) cost /= 4;
    if (loops.count() > 1 && loops.sizes.back() < kShortRow) out_.short_cycles += cost;
  }
  cycles += cost;
  statements.push_back(std::move(s));
}

void BlockLowering::copy(const Place& from, const Place& to) {
  const NestVariable &a = out_.nest.variables[static_cast<std::size_t>(from.variable)],
                     &b = out_.nest.variables[static_cast<std::size_t>(to.variable)];
  if (to.shape.num_elements() == 1 && a.dtype == b.dtype && a.pointer != b.pointer) {
    const Kind kind = a.pointer ? Kind::load : Kind::store;
    return statements.push_back({.kind = kind, .to = {to.variable}, .from = {from.variable}});
  }
  GroupBuilder builder;
  builder.output(builder.cast(builder.input(a.dtype), b.dtype));
  compute(builder.take(), {from}, {to}, to.shape);
}

bool BlockLowering::lower() {
  const std::vector<Unit> units = partition_into_groups(graph_);
  pending_.assign(graph_.values.size(), 0);
  for (const Unit& u : units) {
    for (int v : u.inputs) ++pending_[static_cast<std::size_t>(v)];
    IndexedAccess access;
    if (writes(u, access)) overwritten_[u.inputs[0]] = true;
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

bool BlockLowering::writes(const Unit& unit, IndexedAccess& access) const {
  return !unit.fused && indexed(graph_.nodes[static_cast<std::size_t>(unit.nodes[0])], access) && access.update >= 0;
}

// The next unit that can run. One that writes into an array waits for those that read it, so that it need not copy.
std::size_t BlockLowering::choose(const std::vector<Unit>& units, const std::vector<bool>& done) const {
  std::size_t writer = units.size();
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (done[u]) continue;
    const bool ready =
        std::all_of(units[u].inputs.begin(), units[u].inputs.end(), [&](int v) { return places.contains(v); });
    if (!ready) continue;
    IndexedAccess access;
    if (!writes(units[u], access)) return u;
    const bool free = pending_[static_cast<std::size_t>(units[u].inputs[0])] == 1;
    if (writer == units.size() || free) writer = u;
  }
  return writer < units.size() ? writer
                               : static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
}

bool BlockLowering::lower(const Unit& unit) {
  for (int v : unit.inputs) {
    if (!places.contains(v)) return false;
  }
  if (unit.fused) return lower_group(unit);
  const GraphNode& node = graph_.nodes[static_cast<std::size_t>(unit.nodes[0])];
  IndexedAccess access;
  if (indexed(node, access) && lower_indexed(node, access)) return true;
  return lower_view(node) || lower_call(node);
}

bool BlockLowering::lower_group(const Unit& unit) {
  std::vector<Place> from, to;
  for (int v : unit.inputs) from.push_back(places.at(v));
  for (int v : unit.outputs) {
    const auto it = targets.find(v);
    to.push_back(it != targets.end() ? whole(it->second, value(v), false) : temporary(value(v)));
    places[v] = to.back();
  }
  compute(unit.group, from, to, value(unit.outputs[0]).shape);
  return true;
}

// Where the indices point to in `base`; the place of what lies there.
BlockLowering::Place BlockLowering::address(const GraphNode& node, const IndexedAccess& access, const Place& base) {
  Place at{base.variable, base.shape, base.strides, false};
  for (int i = access.axes.size(); i-- > 0;) {
    const int axis = static_cast<int>(access.axes[i]);
    const int index = places.at(node.inputs[static_cast<std::size_t>(access.first_index + i)]).variable;
    const int next = out_.nest.variable(value(node.inputs[0]).dtype, true);
    statements.push_back({.kind = Kind::address,
                          .to = {next},
                          .from = {at.variable, index},
                          .extent = parameter(at.shape[axis]),
                          .step = parameter(at.strides[axis])});
    at.variable = next;
    at.shape.erase(axis);
    at.strides.erase(axis);
  }
  cycles += 4;
  return at;
}

bool BlockLowering::lower_indexed(const GraphNode& node, const IndexedAccess& access) {
  const Place base = places.at(node.inputs[0]);
  if (base.shape.num_elements() == 1 || access.axes.size() > base.shape.ndim()) return false;
  for (int i = 0; i < access.axes.size(); ++i) {
    const GraphValue& index = value(node.inputs[static_cast<std::size_t>(access.first_index + i)]);
    if (index.shape.ndim() != 0 || !is_integer(index.dtype)) return false;
  }
  if (access.update >= 0) return lower_write(node, access, base);
  return lower_read(node, address(node, access, base));
}

bool BlockLowering::lower_read(const GraphNode& node, const Place& row) {
  const int out = node.outputs[0];
  if (row.shape.num_elements() == 1 || overwritten_.contains(node.inputs[0]) || targets.contains(out)) {
    const auto target = targets.find(out);
    const Place p = target == targets.end() ? temporary(value(out)) : whole(target->second, value(out), false);
    copy(row, p);
    places[out] = p;
  } else {
    places[out] = row;
  }
  return true;
}

bool BlockLowering::lower_write(const GraphNode& node, const IndexedAccess& access, const Place& base) {
  const int out = node.outputs[0];
  Place array = base;
  // Others may still want the old values, and not all memory may be written.
  if (!base.writable || pending_[static_cast<std::size_t>(node.inputs[0])] > 0) {
    array = temporary(value(out));
    copy(base, array);
  }
  const Place row = address(node, access, array);
  const Place update = places.at(node.inputs[static_cast<std::size_t>(access.update)]);
  copy(update, row);
  places[out] = array;
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
    places[out] = {from.variable, value(out).shape, Strides(value(out).shape.ndim(), 0), false};
    if (value(out).shape.num_elements() == 1) return true;
    const Place p = temporary(value(out));
    copy(from, p);
    places[out] = p;
    return true;
  }
  const DType dtype = value(node.inputs[0]).dtype;
  std::int64_t last = itemsize(dtype);
  for (int d = 0; d < from.shape.ndim(); ++d) {
    if (from.strides[d] < 0 || from.shape[d] == 0) return false;
    last += (from.shape[d] - 1) * from.strides[d];
  }
  const Array memory = Array::empty(DType::uint8, {last});
  std::memset(memory.data(), 0, static_cast<std::size_t>(last));
  const Array in[] = {Array::view_of(memory.node()->buffer, memory.data(), dtype, from.shape, from.strides)};
  Array result[1];
  execute(Call{*node.op, in, *node.params}, result);
  if (result[0].node()->buffer != memory.node()->buffer) return false;
  Place p{out_.nest.variable(dtype, true), value(out).shape, result[0].strides(), false};
  statements.push_back({.kind = Kind::advance,
                        .to = {p.variable},
                        .from = {from.variable},
                        .step = parameter(result[0].data() - memory.data())});
  if (p.shape.num_elements() == 1 || overwritten_.contains(node.inputs[0])) {
    const Place own = temporary(value(out));
    copy(p, own);
    p = own;
  }
  places[out] = p;
  return true;
}

// Anything else is called.
bool BlockLowering::lower_call(const GraphNode& node) {
  if (!callable || node.op->effect != Effect::none) return false;
  LoopNest::Callee callee{node.op, node.params, {}, {}};
  NestStatement s{.kind = Kind::call, .callee = static_cast<int>(out_.callees.size())};
  cycles += 1000;
  for (int v : node.inputs) {
    const Place& p = places.at(v);
    callee.in.push_back({value(v).dtype, p.shape, p.strides});
    s.from.push_back(p.variable);
    cycles += p.shape.num_elements();
  }
  for (int v : node.outputs) {
    const Place p = temporary(value(v));
    callee.out.push_back({value(v).dtype, p.shape, p.strides});
    s.to.push_back(p.variable);
    places[v] = p;
  }
  out_.callees.push_back(std::move(callee));
  statements.push_back(std::move(s));
  return true;
}

}  // namespace tnp::compiler

#include "compiler/nest/block_lowering.h"

#include <algorithm>

namespace tnp::compiler {

namespace {

using Kind = NestStatement::Kind;
using ArgumentKind = LoopNest::Argument::Kind;

// Elements in row-major order are at the same places of both.
bool same_elements(const Shape& a, const Shape& b) {
  int i = 0, j = 0;
  while (i < a.ndim() && a[i] == 1) ++i;
  while (j < b.ndim() && b[j] == 1) ++j;
  if (a.ndim() - i != b.ndim() - j) return false;
  while (i < a.ndim()) {
    if (a[i++] != b[j++]) return false;
  }
  return true;
}

bool indexed(const GraphNode& node, IndexedAccess& access) {
  if (node.op->indexed_access == nullptr || node.outputs.size() != 1) return false;
  return node.op->indexed_access(Call{*node.op, {}, *node.params}, access);
}

}  // namespace

int BlockLowering::extent(std::int64_t n) {
  std::vector<std::int64_t>& p = out_.parameters;
  p.push_back(n);
  return static_cast<int>(p.size()) - 1;
}

BlockLowering::Place BlockLowering::temporary(const GraphValue& like) {
  const std::int64_t n = like.shape.num_elements();
  if (n == 1) return {out_.nest.variable(like.dtype, false), like.shape, true};
  const int v = out_.nest.variable(like.dtype, true);
  out_.nest.arguments.push_back(v);
  out_.arguments.push_back({ArgumentKind::temporary, 0, like.dtype, n});
  return {v, like.shape, true};
}

void BlockLowering::copy(const Place& from, const Place& to) {
  const NestVariable &a = out_.nest.variables[static_cast<std::size_t>(from.variable)],
                     &b = out_.nest.variables[static_cast<std::size_t>(to.variable)];
  const std::int64_t n = to.shape.num_elements();
  if (n == 1 && a.dtype == b.dtype) {
    if (!a.pointer && b.pointer)
      return statements.push_back({.kind = Kind::store, .to = {to.variable}, .from = {from.variable}});
    if (a.pointer && !b.pointer)
      return statements.push_back({.kind = Kind::load, .to = {to.variable}, .from = {from.variable}});
  }
  GroupBuilder builder;
  builder.output(builder.cast(builder.input(a.dtype), b.dtype));
  cycles += n / 8 + 1;
  statements.push_back({.kind = Kind::compute,
                        .to = {to.variable},
                        .from = {from.variable},
                        .extent = b.pointer ? extent(n) : kNone,
                        .group = builder.take()});
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
  return indexed(node, access) && lower_indexed(node, access);
}

bool BlockLowering::lower_group(const Unit& unit) {
  const Shape& shape = value(unit.outputs[0]).shape;
  const std::int64_t n = shape.num_elements();
  NestStatement s{.kind = Kind::compute, .group = unit.group};
  for (int v : unit.inputs) {
    const Place& p = places.at(v);
    if (p.shape.num_elements() != 1 && !same_elements(p.shape, shape)) return false;
    s.from.push_back(p.variable);
  }
  if (n != 1) s.extent = extent(n);
  for (int v : unit.outputs) {
    Place p;
    if (const auto it = targets.find(v); it != targets.end()) {
      p = {it->second, value(v).shape, false};
    } else {
      p = temporary(value(v));
    }
    s.to.push_back(p.variable);
    places[v] = p;
  }
  cycles += n * unit.group.cycles() / (n == 1 ? 1 : 4);
  statements.push_back(std::move(s));
  return true;
}

// Where the indices point to in `base`; the place of what lies there.
BlockLowering::Place BlockLowering::address(const GraphNode& node, const IndexedAccess& access, const Place& base) {
  const DType dtype = value(node.inputs[0]).dtype;
  std::int64_t stride = itemsize(dtype) * base.shape.num_elements();
  Place at{base.variable, base.shape, base.writable};
  for (int i = 0; i < access.axes.size(); ++i) {
    const std::int64_t size = base.shape[i];
    if (size > 0) stride /= size;
    const int index = places.at(node.inputs[static_cast<std::size_t>(access.first_index + i)]).variable;
    const int next = out_.nest.variable(dtype, true);
    statements.push_back({.kind = Kind::address,
                          .to = {next},
                          .from = {at.variable, index},
                          .extent = extent(size),
                          .step = extent(stride)});
    at.variable = next;
    at.shape.erase(0);
  }
  cycles += 4;
  return at;
}

bool BlockLowering::lower_indexed(const GraphNode& node, const IndexedAccess& access) {
  const Place base = places.at(node.inputs[0]);
  if (base.shape.num_elements() == 1 || access.axes.size() > base.shape.ndim()) return false;
  for (int i = 0; i < access.axes.size(); ++i) {
    if (access.axes[i] != i) return false;
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
    const Place p = target == targets.end() ? temporary(value(out)) : Place{target->second, value(out).shape, false};
    copy(row, p);
    places[out] = p;
  } else {
    places[out] = {row.variable, row.shape, false};
  }
  return true;
}

bool BlockLowering::lower_write(const GraphNode& node, const IndexedAccess& access, const Place& base) {
  const int out = node.outputs[0];
  Place whole = base;
  // Others may still want the old values, and not all memory may be written.
  if (!base.writable || pending_[static_cast<std::size_t>(node.inputs[0])] > 0) {
    whole = temporary(value(out));
    copy(base, whole);
  }
  const Place row = address(node, access, whole);
  const Place& update = places.at(node.inputs[static_cast<std::size_t>(access.update)]);
  if (update.shape.num_elements() != 1 && !same_elements(update.shape, row.shape)) return false;
  copy(update, row);
  places[out] = {whole.variable, whole.shape, true};
  return true;
}

}  // namespace tnp::compiler

#include "compiler/nest/windows.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "compiler/param_reader.h"

namespace tnp::compiler {

namespace {

using Kind = DimExpr::Kind;

constexpr Dim kHuge = Dim{1} << 62;

OutputSpecs infer_window(const Call& call) {
  return {{call.in[0].dtype(), static_cast<const WindowParams&>(call.params).count}};
}
OutputSpecs infer_place(const Call& call) { return {{call.in[0].dtype(), call.in[0].shape()}}; }

std::optional<DimExpr> expression(Dim d, Kind kind) {
  if (!is_symbolic(d)) return std::nullopt;
  const DimExpr e = dim_expr(d);
  return e.kind == kind ? std::optional(e) : std::nullopt;
}

// The other operand of an operation whose operands may be in either order.
std::optional<Dim> beside(Dim d, Kind kind, Dim operand) {
  const std::optional<DimExpr> e = expression(d, kind);
  if (!e || (e->a != operand && e->b != operand)) return std::nullopt;
  return e->a == operand ? e->b : e->a;
}

// n where d is a bound n of a slice, counted from either end, as it is cut off: from 0 to `size`.
std::optional<Dim> bound(Dim d, Dim size) {
  const std::optional<Dim> inside = beside(d, Kind::min, size);
  const std::optional<Dim> counted = inside ? beside(*inside, Kind::max, 0) : std::nullopt;
  const std::optional<DimExpr> e = counted ? expression(*counted, Kind::sub) : std::nullopt;
  const std::optional<Dim> sign = e ? beside(e->b, Kind::mul, size) : std::nullopt;
  const std::optional<DimExpr> quotient = sign ? expression(*sign, Kind::floor_div) : std::nullopt;
  if (!quotient || quotient->a != e->a || quotient->b != kHuge) return std::nullopt;
  return e->a;
}

}  // namespace

const OpDef kWindow = [] {
  OpDef op{};
  op.name = "window";
  op.doc = "A slice from a place that data tells, where nothing is cut off.";
  op.family = "index";
  op.infer = &infer_window;
  return op;
}();

const OpDef kPlaceWindow = [] {
  OpDef op{};
  op.name = "place_window";
  op.doc = "An update of such a slice.";
  op.family = "index";
  op.infer = &infer_place;
  return op;
}();

Windows::Windows(const Graph& graph) {
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const std::string_view name = graph.nodes[n].op->name;
    if (name == "slice" || name == "place_slice") find(graph, n);
  }
}

// The number that is made a size, or -1.
int Windows::number_of(const Graph& graph, Dim leaf) {
  const std::optional<DimExpr> e = expression(leaf, Kind::leaf);
  const auto it = e ? graph.leaf_values.find(e->node) : graph.leaf_values.end();
  if (it == graph.leaf_values.end()) return -1;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const GraphNode& node = graph.nodes[n];
    if (node.outputs != std::vector<int>{it->second} || std::string_view(node.op->name) != "extent") continue;
    if (graph.values[static_cast<std::size_t>(node.inputs[0])].dtype != DType::int64) return -1;
    places_[n] = node.inputs[0];
    return node.inputs[0];
  }
  return -1;
}

void Windows::find(const Graph& graph, std::size_t n) {
  const GraphNode& node = graph.nodes[n];
  const SliceParams slice(*node.params);
  const Shape& shape = graph.values[static_cast<std::size_t>(node.inputs[0])].shape;
  if (!shape.rank_known()) return;
  for (int axis = 0; axis < slice.start.ndim(); ++axis) {
    const Dim start = slice.start[axis], size = shape[axis];
    const std::optional<Dim> first = slice.step[axis] == 1 ? bound(start, size) : std::nullopt;
    const std::optional<DimExpr> place = first ? expression(*first, Kind::sub) : std::nullopt;
    const std::optional<Dim> length = beside(slice.count[axis], Kind::max, 0);
    const std::optional<DimExpr> ends = length ? expression(*length, Kind::sub) : std::nullopt;
    const std::optional<Dim> last = ends && ends->b == start ? bound(ends->a, size) : std::nullopt;
    const std::optional<Dim> count = last ? beside(*last, Kind::add, place ? *first : 0) : std::nullopt;
    if (!place || !count) continue;
    const int after = number_of(graph, place->a), before = number_of(graph, place->b);
    if (after < 0 || before < 0) continue;
    windows_[n].push_back({axis, after, before, *count});
    sizes_[slice.count[axis]] = *count;
  }
}

}  // namespace tnp::compiler

// Arrays of a few components as matrices, and back.
#include <algorithm>

#include "compiler/nest/block_lowering.h"
#include "compiler/nest/components.h"
#include "compiler/param_reader.h"

namespace tnp::compiler {

// Views of the components, transposed, and copied: what reads them goes along rows.
bool BlockLowering::lower_planes(const GraphNode& node) {
  const Place from = places.at(node.inputs[0]);
  const ParamReader params(*node.params);
  const std::int64_t rank = params.number("rank");
  std::int64_t sizes[3] = {1, 1, 1}, strides[3] = {0, 0, 0};
  for (int d = 0; d < from.shape.ndim(); ++d) {
    const std::int64_t at = rank - from.shape.ndim() + d;
    sizes[at] = from.shape[d];
    if (from.shape[d] != 1) strides[at] = from.strides[d];
  }
  if (params.number("axis") == 0) {  // the matrices' columns are along what comes second
    std::swap(sizes[0], sizes[1]);
    std::swap(strides[0], strides[1]);
  }
  for (std::size_t c = 0; c < node.outputs.size(); ++c) {
    const int out = node.outputs[c];
    const std::int64_t offset = static_cast<std::int64_t>(c) * strides[2];
    Place part{from.variable, {sizes[1], sizes[0]}, {strides[1], strides[0]}, false, from.offset};
    if (is_pointer(from)) {
      part.variable = advanced(from.variable, offset);
    } else {
      part.offset += offset;
    }
    // Numbers of points are there once, be they for rows or for columns.
    const bool of_points = sizes[0] == 1 || sizes[1] == 1;
    const int numbers = static_cast<int>(params.number("numbers") * kMostComponents) + static_cast<int>(c);
    const auto known = std::find_if(point_numbers_.begin(), point_numbers_.end(),
                                    [&](const auto& other) { return other.second == numbers; });
    if (of_points && known != point_numbers_.end()) {
      places[out] = whole(known->first, value(out), false);
      continue;
    }
    const Place to = temporary(value(out));
    copy(part, to);
    places[out] = to;
    places[out].writable = !of_points;
    if (of_points) point_numbers_[to.variable] = numbers;
  }
  return true;
}

// Sums of as many rows as there are columns: whether half of the pairs tell the others' terms, too.
void BlockLowering::find_pairs(NestStatement& s, std::int64_t rows, std::int64_t columns) const {
  constexpr int kMostOps = 40, kMostCycles = 150;  // of which there will be many copies
  const FusedGroup& group = s.group;
  if (rows != columns || rows > kMostPairRows || group.ops.size() > kMostOps || group.cycles() > kMostCycles) return;
  const auto is_for_all = [&](int v) {
    return v < group.num_inputs() && s.strides[static_cast<std::size_t>(v)] == std::vector<int>{kNone, kNone};
  };
  for (int v = 0; v < group.num_values(); ++v) {
    if (group.dtype(v) != DType::float64 && !is_for_all(v)) return;
  }
  for (const FusedOp& op : group.ops) {  // a number that all pairs have in common may be an integer
    if (op.compute != DType::float64 && (op.op != nullptr || !is_for_all(op.in[0]))) return;
  }
  std::vector<int> points;
  for (std::size_t k = 0; k < s.from.size(); ++k) {
    const bool by_row = s.strides[k][0] != kNone, by_column = s.strides[k][1] != kNone;
    points.push_back(kNone);
    if (!by_row && !by_column) continue;
    int v = s.from[k];
    for (const NestStatement& before : statements) {
      if (before.kind == NestStatement::Kind::locate && before.to[0] == v) v = before.from[0];
    }
    const auto known = point_numbers_.find(v);
    const auto size = static_cast<std::int64_t>(sizeof(double));
    const auto row = static_cast<std::size_t>(s.strides[k][0]);
    if (known == point_numbers_.end() || by_row == by_column || (by_row && out_.parameters[row] != size)) return;
    points.back() = known->second;
  }
  NestStatement pairs = s;
  pairs.points.clear();
  for (int p : points) {  // in different programs the same
    const auto first = std::find(points.begin(), points.end(), p) - points.begin();
    pairs.points.push_back(p == kNone ? kNone : static_cast<int>(first));
  }
  const std::optional<PairSymmetry> symmetry = pair_symmetry(group, pair_operands(pairs));
  if (symmetry && (symmetry->antisymmetric || few_pair_vectors(rows, group) > 0)) s.points = std::move(pairs.points);
}

// The statement before this, if it computes just these matrices, row by row, and nobody else reads them.
bool BlockLowering::computes_for(const NestStatement& s, const GraphNode& sums) const {
  if (s.kind != NestStatement::Kind::compute || s.extents.size() != 2 || s.step != kNone || s.fold != Fold::none ||
      s.to.size() != sums.inputs.size())
    return false;
  const auto next_to_each_other = [](const auto& strides) {
    return strides.back() == kUnit || strides.back() == kNone;
  };
  if (!std::all_of(s.strides.begin(), s.strides.end(), next_to_each_other)) return false;
  return std::all_of(sums.inputs.begin(), sums.inputs.end(), [&](int v) {
    const int own = places.at(v).variable;
    return pending_[static_cast<std::size_t>(v)] == 0 && std::count(s.to.begin(), s.to.end(), own) == 1 &&
           std::count(s.from.begin(), s.from.end(), own) == 0;
  });
}

bool BlockLowering::lower_plane_sums(const GraphNode& node) {
  const int out = node.outputs[0];
  const Shape& shape = value(node.inputs[0]).shape;
  const std::int64_t rows = shape[0], columns = shape[1], bytes = itemsize(value(out).dtype);
  const auto count = static_cast<std::int64_t>(node.inputs.size());
  const GraphValue like{value(out).dtype, {columns}};
  std::vector<Place> from, to, sums;
  for (int v : node.inputs) {
    const Place& p = places.at(v);
    if (!is_pointer(p) || !is_whole(p)) return false;
    from.push_back(p);
    sums.push_back(temporary(like));
  }
  NestStatement s{.kind = NestStatement::Kind::compute};
  const bool together = !statements.empty() && computes_for(statements.back(), node);
  if (together) {
    s = std::move(statements.back());
    statements.pop_back();
  }
  for (const Place& sum : sums) to.push_back(located(sum));
  s.fold = Fold::sum;
  s.order = FoldOrder::columns;
  s.positions = {{static_cast<int>(rows)}};
  if (together) {  // summed as it is computed
    s.strides.resize(s.from.size());
    s.ahead.clear();
    for (int& v : s.to) {
      const auto plane = std::find_if(from.begin(), from.end(), [&](const Place& p) { return p.variable == v; });
      v = to[static_cast<std::size_t>(plane - from.begin())].variable;
      s.strides.push_back({kNone, kUnit});
    }
    find_pairs(s, rows, columns);
    statements.push_back(std::move(s));
  } else {
    GroupBuilder builder;
    for (std::int64_t c = 0; c < count; ++c) builder.input(like.dtype);
    for (int c = 0; c < count; ++c) builder.output(builder.cast(c, like.dtype));
    s.group = builder.take();
    for (Place& p : to) p = {p.variable, {1, columns}, {0, bytes}};
    compute_rows(std::move(s), from, to, shape);
  }

  const Place result = temporary(value(out));
  if (is_pointer(result)) {
    for (std::int64_t c = 0; c < count; ++c)
      copy(sums[static_cast<std::size_t>(c)], {advanced(result.variable, c * bytes), {columns}, {count * bytes}});
  } else {
    std::vector<int> which;
    for (std::int64_t i = 0; i < columns * count; ++i)
      which.push_back(static_cast<int>(i % count * columns + i / count));
    join(result, sums, std::move(which));
  }
  places[out] = result;
  return true;
}

}  // namespace tnp::compiler

// Arrays of a few components as matrices, and back.
#include <algorithm>

#include "compiler/nest/block_lowering.h"
#include "compiler/nest/components.h"
#include "compiler/param_reader.h"

namespace tnp::compiler {

// Views of the components, transposed, and copied: what reads them goes along rows.
bool BlockLowering::lower_planes(const GraphNode& node) {
  const Place from = places.at(node.inputs[0]);
  const std::int64_t rank = ParamReader(*node.params).number("rank");
  std::int64_t sizes[3] = {1, 1, 1}, strides[3] = {0, 0, 0};
  for (int d = 0; d < from.shape.ndim(); ++d) {
    const std::int64_t at = rank - from.shape.ndim() + d;
    sizes[at] = from.shape[d];
    if (from.shape[d] != 1) strides[at] = from.strides[d];
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
    const Place to = temporary(value(out));
    copy(part, to);
    places[out] = to;
  }
  return true;
}

bool BlockLowering::lower_plane_sums(const GraphNode& node) {
  const int out = node.outputs[0];
  const Shape& shape = value(node.inputs[0]).shape;
  const std::int64_t rows = shape[0], columns = shape[1], bytes = itemsize(value(out).dtype);
  const auto count = static_cast<std::int64_t>(node.inputs.size());
  const GraphValue like{value(out).dtype, {columns}};
  GroupBuilder builder;
  std::vector<Place> from, to, sums;
  for (int v : node.inputs) {
    const Place& p = places.at(v);
    if (!is_pointer(p) || !is_whole(p)) return false;
    from.push_back({p.variable, {columns}, {bytes}});
    builder.input(like.dtype);
    sums.push_back(temporary(like));
    to.push_back(located(sums.back()));
  }
  for (int c = 0; c < count; ++c) builder.output(builder.cast(c, like.dtype));
  NestStatement s{.kind = NestStatement::Kind::compute};
  s.group = builder.take();
  s.fold = Fold::sum;
  s.order = FoldOrder::columns;
  s.positions = {{static_cast<int>(rows)}};
  s.extent = parameter(columns * bytes);
  compute_rows(std::move(s), from, to, {columns});
  cycles += rows * columns * count / 4;

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

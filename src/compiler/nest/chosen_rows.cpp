// Products with a vector of whose elements only some are looked at, as in elimination written with masks: `where(i > k,
// a @ x, 0)`. The mask is known before, and rows that nobody wants are not computed.
#include <algorithm>
#include <string_view>

#include "compiler/nest/block_lowering.h"
#include "ops/matmul/some_rows.h"

namespace tnp::compiler {

using Kind = NestStatement::Kind;

namespace {

constexpr std::int64_t kLeastWork = 512;       // looking for the rows takes as long as multiplying so many elements
constexpr std::int64_t kColumnsTogether = 32;  // two vectors of the widest, as kernels sum

}  // namespace

// What reads the elements of value `product`: one mask, and perhaps an index. Nothing if anything else does.
std::optional<BlockLowering::ChosenRows> BlockLowering::chosen_rows(const GraphNode& product) const {
  const std::int64_t n = value(product.outputs[0]).shape.num_elements();
  std::vector<int> same{product.outputs[0]};  // values of which each element depends on that of the product
  const auto depends = [&](int v) { return std::find(same.begin(), same.end(), v) != same.end(); };
  ChosenRows rows;
  const auto known = [&](int v) { return places.contains(v) || producer_of_known(v) != nullptr; };
  for (const GraphNode& node : graph_.nodes) {
    if (&node == &product || std::none_of(node.inputs.begin(), node.inputs.end(), depends)) continue;
    const int out = node.outputs[0];
    const bool elementwise = node.op->fusion == Fusion::elementwise || node.op->fusion == Fusion::cast;
    IndexedAccess access;
    if (std::string_view(node.op->name) == "where" && !depends(node.inputs[0]) && !depends(node.inputs[2])) {
      const GraphValue& mask = value(node.inputs[0]);
      const bool new_mask = rows.mask >= 0 && rows.mask != node.inputs[0];
      if (new_mask || mask.shape.num_elements() != n || mask.dtype != DType::bool_ || !known(node.inputs[0])) return {};
      if (value(out).shape.num_elements() != n) return {};
      rows.mask = node.inputs[0];
    } else if (elementwise || std::string_view(node.op->name) == "reshape") {
      if (node.outputs.size() != 1 || value(out).shape.num_elements() != n) return {};
      same.push_back(out);
    } else if (indexed(node, access) && access.update < 0 && access.axes.size() == 1) {
      const int index = node.inputs[static_cast<std::size_t>(access.first_index)];
      const bool fits = depends(node.inputs[0]) && value(out).shape.num_elements() == 1 && places.contains(index) &&
                        value(index).dtype == DType::int64 && value(index).shape.ndim() == 0;
      if (!fits || (rows.index >= 0 && rows.index != index)) return {};
      rows.index = index;
    } else {
      return {};
    }
  }
  const bool kept = std::any_of(outputs.begin(), outputs.end(), depends);
  if (kept || rows.mask < 0) return {};
  return rows;
}

const GraphNode* BlockLowering::producer(int v) const {
  const auto gives = [&](const GraphNode& n) { return n.outputs.size() == 1 && n.outputs[0] == v; };
  const auto at = std::find_if(graph_.nodes.begin(), graph_.nodes.end(), gives);
  return at == graph_.nodes.end() ? nullptr : &*at;
}

// The elementwise operation that gives a value, if all that it reads is there.
const GraphNode* BlockLowering::producer_of_known(int v) const {
  const GraphNode* node = producer(v);
  const bool ready = node != nullptr && node->op->fusion == Fusion::elementwise &&
                     std::all_of(node->inputs.begin(), node->inputs.end(), [&](int in) { return places.contains(in); });
  return ready ? node : nullptr;
}

// Of a product of a matrix with one of its own rows, in a loop that fills the matrix from left to right: each turn sets
// the column of a counter, and nothing else. Columns from the counter on are then what they were when the loop began.
std::optional<BlockLowering::Filling> BlockLowering::filled_by_columns(const GraphNode& product) const {
  const auto carry = [&](int v) {
    const auto end = graph_.inputs.begin() + turn.num_carries, at = std::find(graph_.inputs.begin(), end, v);
    return at == end ? -1 : static_cast<int>(at - graph_.inputs.begin());
  };
  const int matrix = product.inputs[0], k = carry(matrix);
  if (turn.before == nullptr || k < 0) return {};
  const GraphNode* row = producer(product.inputs[1]);
  while (row != nullptr && std::string_view(row->op->name) == "reshape") row = producer(row->inputs[0]);
  IndexedAccess read, write;
  if (row == nullptr || !indexed(*row, read) || read.update >= 0 || row->inputs[0] != matrix) return {};
  if (read.axes.size() != 1 || read.axes[0] != 0) return {};

  const GraphNode* set = producer(graph_.outputs[static_cast<std::size_t>(k)]);
  if (set == nullptr || !indexed(*set, write) || write.update < 0 || set->inputs[0] != matrix) return {};
  if (write.axes.size() != 1 || write.axes[0] != 1) return {};
  const int counter = set->inputs[static_cast<std::size_t>(write.first_index)], c = carry(counter);
  const auto is_number = [&](int v) { return value(v).dtype == DType::int64 && value(v).shape.ndim() == 0; };
  if (c < 0 || !is_number(counter) || is_pointer(places.at(counter))) return {};

  const GraphNode* next = producer(graph_.outputs[static_cast<std::size_t>(c)]);
  if (next == nullptr || std::string_view(next->op->name) != "add") return {};
  const int step = next->inputs[next->inputs[0] == counter ? 1 : 0];
  const auto stays = graph_.inputs.begin() + turn.num_carries + turn.num_scanned;
  const bool constant = std::find(stays, graph_.inputs.end(), step) != graph_.inputs.end();
  if (!constant || std::find(next->inputs.begin(), next->inputs.end(), counter) == next->inputs.end()) return {};
  if (!is_number(step) || !places.contains(step) || is_pointer(places.at(step))) return {};
  return Filling{counter, step};
}

// A number that is 1 if the columns that are not filled yet when the loop begins are zeros, and the counter counts.
int BlockLowering::are_zero_before(const GraphNode& product, const Filling& filling) {
  const GraphValue& a = value(product.inputs[0]);
  const Place& matrix = places.at(product.inputs[0]);
  LoopNest::Callee callee{product.op, product.params, {}, {}, {}};
  NestStatement s{.kind = Kind::call, .callee = static_cast<int>(out_.callees.size())};
  s.from = {matrix.variable, places.at(filling.counter).variable, places.at(filling.step).variable};
  s.to = {out_.nest.variable(DType::int64, false)};
  const std::int64_t m = a.shape[0], k = a.shape[1], row_stride = matrix.strides[0] / itemsize(a.dtype);
  callee.direct = [dtype = a.dtype, m, k, row_stride](void* const* memory) {
    const std::int64_t first = *static_cast<const std::int64_t*>(memory[1]);
    const bool counts = first >= 0 && *static_cast<const std::int64_t*>(memory[2]) > 0;
    *static_cast<std::int64_t*>(memory[3]) =
        counts && columns_are_zero(dtype, m, k, memory[0], row_stride, std::min(first, k)) ? 1 : 0;
  };
  out_.callees.push_back(std::move(callee));
  const int answer = s.to[0];
  turn.before->push_back(std::move(s));
  return answer;
}

bool BlockLowering::lower_chosen_rows(const GraphNode& node) {
  const GraphValue &a = value(node.inputs[0]), &x = value(node.inputs[1]), &y = value(node.outputs[0]);
  if (a.shape.ndim() != 2 || x.shape.ndim() != 2 || x.shape[1] != 1 || a.dtype != y.dtype || x.dtype != y.dtype)
    return false;
  const std::int64_t m = a.shape[0], k = a.shape[1];
  const Place matrix = places.at(node.inputs[0]);
  const std::int64_t bytes = itemsize(y.dtype), row_stride = matrix.strides[0] / bytes;
  if (!can_multiply_some_rows(y.dtype, m, k) || m * k < kLeastWork) return false;
  if (!is_pointer(matrix) || matrix.strides[1] != bytes || row_stride < k) return false;
  const std::optional<ChosenRows> rows = chosen_rows(node);
  if (!rows) return false;

  const GraphValue& mask = value(rows->mask);
  Place wanted = temporary(mask);
  if (places.contains(rows->mask)) {
    copy(places.at(rows->mask), wanted);
  } else {
    const GraphNode& producer = *producer_of_known(rows->mask);
    GroupBuilder builder;
    std::vector<int> in;
    std::vector<Place> from;
    for (int v : producer.inputs) {
      in.push_back(builder.input(value(v).dtype));
      from.push_back(places.at(v));
    }
    builder.output(builder.apply(*producer.op, in));
    compute(builder.take(), from, {wanted}, mask.shape);
  }
  const Place vector = located(places.at(node.inputs[1])), result = temporary(y);
  const std::int64_t x_stride = vector.strides[0] / bytes;
  LoopNest::Callee callee{node.op, node.params, {}, {}, {}};
  NestStatement s{.kind = Kind::call};
  s.from = {matrix.variable, vector.variable, located(wanted).variable};
  const bool indexed_too = rows->index >= 0;
  if (indexed_too) s.from.push_back(places.at(rows->index).variable);
  const std::optional<Filling> filling = filled_by_columns(node);
  if (filling) {
    s.from.push_back(places.at(filling->counter).variable);
    s.from.push_back(are_zero_before(node, *filling));
  }
  s.callee = static_cast<int>(out_.callees.size());
  const std::size_t to = s.from.size();
  callee.direct = [dtype = y.dtype, m, k, row_stride, x_stride, indexed_too, to,
                   fills = filling.has_value()](void* const* memory) {
    const auto number = [&](std::size_t i) { return *static_cast<const std::int64_t*>(memory[i]); };
    std::int64_t one = indexed_too ? number(3) : -1;
    if (one < 0 && indexed_too) one += m;
    // Zeros times zeros are left out, whole vectors of them: so the sum keeps its bits.
    std::int64_t columns = k;
    if (fills && number(to - 1) != 0)
      columns = std::min(k, (std::min(number(to - 2), k) / kColumnsTogether + 1) * kColumnsTogether);
    multiply_some_rows(dtype, m, columns, memory[0], row_stride, memory[1], x_stride,
                       static_cast<const std::uint8_t*>(memory[2]), one, memory[to]);
  };
  s.to = {located(result).variable};
  cycles += m * k / 8 + 100;
  threaded_cycles_ += m * k / 8;
  out_.callees.push_back(std::move(callee));
  statements.push_back(std::move(s));
  places[node.outputs[0]] = result;
  return true;
}

}  // namespace tnp::compiler

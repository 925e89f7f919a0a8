// Reductions and products of small arrays, in registers, in the order in which the library computes them.
#include <algorithm>
#include <optional>

#include "compiler/nest/block_lowering.h"
#include "compiler/param_reader.h"
#include "ops/reduce/reduce_driver.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

using Kind = NestStatement::Kind;

constexpr std::size_t kMostTerms = 2048;  // of all results together

struct KnownFold {
  Fold fold;
  bool logical;
};
std::optional<KnownFold> fold_of(const OpDef& op) {
  const std::optional<ReduceOp> reduction = reduce_op_of(op);
  if (!reduction) return {};
  switch (*reduction) {
    case ReduceOp::sum:
      return KnownFold{Fold::sum, false};
    case ReduceOp::prod:
      return KnownFold{Fold::prod, false};
    case ReduceOp::min:
      return KnownFold{Fold::min, false};
    case ReduceOp::max:
      return KnownFold{Fold::max, false};
    case ReduceOp::all:
      return KnownFold{Fold::min, true};
    case ReduceOp::any:
      return KnownFold{Fold::max, true};
    case ReduceOp::argmin:
      return KnownFold{Fold::argmin, false};
    case ReduceOp::argmax:
      return KnownFold{Fold::argmax, false};
  }
  return {};
}

bool is_half(DType d) { return d == DType::float16 || d == DType::bfloat16; }

// Dimensions in the order of reduce_nest.cpp: by descending strides, neighbours merged.
struct Dims {
  struct Dim {
    std::int64_t size, stride, out_stride;
  };
  std::vector<Dim> dims;

  void insert(const Dim& d) {
    const auto at = std::find_if(dims.begin(), dims.end(), [&](const Dim& other) { return other.stride < d.stride; });
    dims.insert(at, d);
  }
  void merge() {
    std::vector<Dim> merged;
    for (const Dim& d : dims) {
      if (!merged.empty() && merged.back().stride == d.stride * d.size &&
          merged.back().out_stride == d.out_stride * d.size) {
        merged.back() = {merged.back().size * d.size, d.stride, d.out_stride};
      } else {
        merged.push_back(d);
      }
    }
    dims = std::move(merged);
  }
  std::int64_t size() const {
    std::int64_t n = 1;
    for (const Dim& d : dims) n *= d.size;
    return n;
  }
  // Of element i, in row-major order.
  std::pair<std::int64_t, std::int64_t> locate(std::int64_t i) const {
    std::int64_t offset = 0, out = 0;
    for (std::size_t d = dims.size(); d-- > 0; i /= dims[d].size) {
      offset += i % dims[d].size * dims[d].stride;
      out += i % dims[d].size * dims[d].out_stride;
    }
    return {offset, out};
  }
};

// As run_stage decides it. `stride` between the elements that are folded, which are n; `kept`: the last other
// dimension.
FoldOrder order_of(std::int64_t n, std::int64_t stride, const Dims::Dim* kept, std::int64_t bytes) {
  if (kept == nullptr || n <= 1 || stride == bytes) return FoldOrder::row;
  constexpr std::int64_t kLeafRows = 8;
  const bool columns = kept->stride == bytes || (kept->size >= kLeafRows && kept->stride < stride);
  return columns ? FoldOrder::columns : FoldOrder::row;
}

}  // namespace

struct BlockLowering::FoldAxes {
  Dims reduced, kept;
  std::int64_t first = 0;                // where it begins: strides are not negative
  std::vector<std::int64_t> out_offset;  // of results: where they belong
};

bool BlockLowering::lower_reduction(const GraphNode& node) {
  const std::optional<KnownFold> known = fold_of(*node.op);
  const GraphValue &in = value(node.inputs[0]), &result = value(node.outputs[0]);
  if (!known) return false;
  if (known->fold >= Fold::argmax) return is_small(in) && lower_extreme(node, known->fold);
  if (!is_small(in)) return !known->logical && lower_short_rows(node, known->fold, result.dtype);
  const ParamReader p(*node.params);
  const Axes& axes = p.axes.at("axes");
  Fold fold = known->fold;
  DType type = known->logical ? DType::bool_ : result.dtype;
  if (is_complex(type) || (!known->logical && fold >= Fold::min && type != in.dtype)) return false;
  if (type == DType::bool_ && fold == Fold::sum) fold = Fold::max;
  if (type == DType::bool_ && fold == Fold::prod) fold = Fold::min;
  if (is_half(type)) type = DType::float32;
  const Place from = converted(in_registers(places.at(node.inputs[0])), type);
  FoldAxes a;
  a.first = from.offset;
  const std::int64_t bytes = itemsize(type);
  Strides out_strides(in.shape.ndim(), 0);
  std::int64_t out_stride = 1;
  const auto is_reduced = [&](int d) { return std::find(axes.begin(), axes.end(), d) != axes.end(); };
  for (int d = in.shape.ndim(); d-- > 0;) {
    out_strides[d] = out_stride;
    if (!is_reduced(d)) out_stride *= in.shape[d];
  }
  std::int64_t out_first = 0;
  for (int d = 0; d < in.shape.ndim(); ++d) {
    if (in.shape[d] == 1) continue;
    std::int64_t stride = from.strides[d], out = out_strides[d];
    if (stride == 0 && !is_reduced(d)) return false;
    if (stride < 0) {  // gone through as it lies in memory
      a.first += stride * (in.shape[d] - 1);
      stride = -stride;
      if (!is_reduced(d)) {
        out_first += out * (in.shape[d] - 1);
        out = -out;
      }
    }
    is_reduced(d) ? a.reduced.insert({in.shape[d], stride, 0}) : a.kept.insert({in.shape[d], stride, out});
  }
  a.kept.merge();
  a.reduced.merge();
  if (a.reduced.dims.empty()) a.reduced.dims.push_back({1, bytes, 0});
  for (std::int64_t j = 0; j < a.kept.size(); ++j) a.out_offset.push_back(out_first + a.kept.locate(j).second);
  if (a.reduced.size() * a.kept.size() > static_cast<std::int64_t>(kMostTerms)) return false;
  Place folded = fold_stage(from, a, fold);
  folded.shape = result.shape;
  folded.strides = contiguous_strides(result.shape, bytes);
  if (type != result.dtype) folded = converted(folded, result.dtype);
  folded.writable = true;
  places[node.outputs[0]] = folded;
  return true;
}

// The numbers of largest and smallest elements, one after the other.
bool BlockLowering::lower_extreme(const GraphNode& node, Fold fold) {
  constexpr std::int64_t kMostInTurn = 32;  // of which each waits for the one before
  const GraphValue &in = value(node.inputs[0]), &result = value(node.outputs[0]);
  const ParamReader p(*node.params);
  const Axes& axes = p.axes.at("axes");
  if (result.dtype != DType::int64 || in.shape.num_elements() > kMostInTurn * result.shape.num_elements()) return false;
  const Place from = converted(in_registers(places.at(node.inputs[0])), is_half(in.dtype) ? DType::float32 : in.dtype);
  Place terms{from.variable, {}, {}, false, from.offset};
  for (const bool reduced : {false, true}) {
    for (int d = 0; d < in.shape.ndim(); ++d) {
      if ((std::find(axes.begin(), axes.end(), d) != axes.end()) != reduced) continue;
      terms.shape.push_back(in.shape[d]), terms.strides.push_back(from.strides[d]);
    }
  }
  const auto results = static_cast<int>(result.shape.num_elements());
  const Place to = whole(out_.nest.variable(DType::int64, false, results), result, true);
  NestStatement s{.kind = Kind::fold, .to = {to.variable}, .from = {from.variable}};
  s.positions.push_back(positions(terms, terms.shape));
  s.fold = fold;
  const std::int64_t turns = in.shape.num_elements() / results;
  cycles += (results + 7) / 8 * turns * 4;
  out_.small_cost += (results + 7) / 8 * turns * 3;
  statements.push_back(std::move(s));
  places[node.outputs[0]] = to;
  return true;
}

// Sums along many rows of a few elements, or along columns of such rows, all without gaps.
bool BlockLowering::lower_short_rows(const GraphNode& node, Fold fold, DType type) {
  const GraphValue &in = value(node.inputs[0]), &result = value(node.outputs[0]);
  const Place& from = places.at(node.inputs[0]);
  const ParamReader p(*node.params);
  const Axes& axes = p.axes.at("axes");
  const int last = in.shape.ndim() - 1;
  if (axes.size() != 1 || axes[0] < last - 1 || !is_pointer(from) || !is_whole(from)) return false;
  if (in.dtype != type || is_complex(type) || is_half(type) || type == DType::bool_) return false;
  const std::int64_t n = in.shape[last], bytes = itemsize(type);
  if (n < 2 || n > 7) return false;
  GroupBuilder builder;
  builder.output(builder.cast(builder.input(type), type));
  NestStatement s{.kind = Kind::compute};
  s.fold = fold;
  s.group = builder.take();
  if (axes[0] == last - 1) return lower_short_columns(node, std::move(s));
  const std::int64_t rows = result.shape.num_elements();
  if (rows < 8) return false;
  const Place to = temporary(result), target = located(to);
  compute_rows(std::move(s), {{from.variable, {rows, n}, {n * bytes, bytes}}},
               {{target.variable, {rows, 1}, {bytes, 0}}}, {rows, n});
  if (statements.back().step == kNone) throw RuntimeError("a fold of short rows was made a loop of another kind");
  places[node.outputs[0]] = to;
  return true;
}

bool BlockLowering::lower_short_columns(const GraphNode& node, NestStatement s) {
  constexpr std::int64_t kMostRows = 64;  // all of them are in the code, and the library adds so many one by one
  const GraphValue &in = value(node.inputs[0]), &result = value(node.outputs[0]);
  const int last = in.shape.ndim() - 1;
  const std::int64_t n = in.shape[last], rows = in.shape[last - 1], bytes = itemsize(result.dtype);
  if (rows < 2 || rows > kMostRows) return false;
  const std::int64_t outer = result.shape.num_elements() / n;
  s.order = FoldOrder::columns;
  s.step = static_cast<int>(n);
  s.positions = {{static_cast<int>(rows)}};
  const Place to = temporary(result), target = located(to);
  compute_rows(std::move(s),
               {{places.at(node.inputs[0]).variable, {outer, rows, n}, {rows * n * bytes, n * bytes, bytes}}},
               {{target.variable, {outer, 1, n}, {n * bytes, 0, bytes}}}, {outer, rows, n});
  places[node.outputs[0]] = to;
  return true;
}

BlockLowering::Place BlockLowering::fold_stage(const Place& from, const FoldAxes& a, Fold fold) {
  const DType type = dtype(from);
  const std::int64_t bytes = itemsize(type), outputs = a.kept.size();
  Dims batch = a.reduced;
  const Dims::Dim inner = batch.dims.back();
  batch.dims.pop_back();
  const bool two = !batch.dims.empty();
  const std::int64_t outer = batch.size();
  const Dims::Dim* last = !a.kept.dims.empty() ? &a.kept.dims.back() : two ? &batch.dims.back() : nullptr;
  const auto statement = [&](const Place& source, std::int64_t results, std::int64_t n, FoldOrder order,
                             std::vector<int> positions) {
    const GraphValue like{type, {results}};
    const Place to = whole(out_.nest.variable(type, false, static_cast<int>(results)), like, true);
    cycles += results * n / 4 + 8;
    out_.small_cost += (results + 7) / 8 * n * 2;
    NestStatement s{.kind = Kind::fold, .to = {to.variable}, .from = {source.variable}};
    s.positions.push_back(std::move(positions));
    s.fold = fold;
    s.order = order;
    statements.push_back(std::move(s));
    return to;
  };
  std::vector<int> positions(static_cast<std::size_t>(outer * outputs * inner.size));
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t j = 0; j < outputs; ++j) {
      // Results of the only stage lie where they belong.
      const std::int64_t at = two ? o * outputs + j : a.out_offset[static_cast<std::size_t>(j)];
      for (std::int64_t t = 0; t < inner.size; ++t) {
        const std::int64_t offset = a.first + batch.locate(o).first + a.kept.locate(j).first + t * inner.stride;
        positions[static_cast<std::size_t>(at * inner.size + t)] = static_cast<int>(offset / bytes);
      }
    }
  }
  const FoldOrder order = order_of(inner.size, inner.stride, last, bytes);
  const Place partial = statement(from, outer * outputs, inner.size, order, std::move(positions));
  if (!two) return partial;
  std::vector<int> second(static_cast<std::size_t>(outer * outputs));
  for (std::int64_t j = 0; j < outputs; ++j) {
    for (std::int64_t o = 0; o < outer; ++o)
      second[static_cast<std::size_t>(a.out_offset[static_cast<std::size_t>(j)] * outer + o)] =
          static_cast<int>(o * outputs + j);
  }
  const Dims::Dim kept{outputs, bytes, 0};
  const FoldOrder second_order = order_of(outer, outputs * bytes, outputs > 1 ? &kept : nullptr, bytes);
  return statement(partial, outputs, outer, second_order, std::move(second));
}

// Products of matrices that the library multiplies directly, each element a sum from the first to the last.
bool BlockLowering::lower_product(const GraphNode& node) {
  const GraphValue &x = value(node.inputs[0]), &y = value(node.inputs[1]), &z = value(node.outputs[0]);
  const auto fits = [&](const GraphValue& v) { return is_small(v) || v.shape.num_elements() == 1; };
  if (!fits(x) || !fits(y) || !fits(z) || is_complex(z.dtype)) return false;
  const int lead = z.shape.ndim() - 2;
  const std::int64_t m = z.shape[lead], n = z.shape[lead + 1], k = x.shape[x.shape.ndim() - 1];
  const std::int64_t work = z.shape.num_elements() * k;
  constexpr std::int64_t kScalarDotWork = 48;  // gemm.cpp: larger ones are summed in another order
  const Place &px = places.at(node.inputs[0]), &py = places.at(node.inputs[1]);
  const bool packed = n == 1 || py.strides[y.shape.ndim() - 1] == itemsize(y.dtype);
  const bool in_order = is_integer(z.dtype) || z.dtype == DType::bool_ || work <= kScalarDotWork || (m > 1 && n > 1) ||
                        (lead == 0 && m == 1 && n > 1 && packed);
  if (!in_order || work > static_cast<std::int64_t>(kMostTerms)) return false;
  const DType type = is_half(z.dtype) ? DType::float32 : z.dtype;
  NestStatement s{.kind = Kind::fold};
  s.fold = Fold::dot;
  const Place to =
      whole(out_.nest.variable(type, false, static_cast<int>(z.shape.num_elements())), {type, z.shape}, true);
  s.to = {to.variable};
  for (int side = 0; side < 2; ++side) {
    const Place p = converted(in_registers(side == 0 ? px : py), type);
    // Over (…, row, column, term).
    Place terms = p;
    const int rank = p.shape.ndim(), row = rank - 2, column = rank - 1;
    terms.shape.resize(row);
    terms.strides.resize(row);
    const std::int64_t row_stride = p.strides[row], column_stride = p.strides[column];
    terms.shape.push_back(side == 0 ? m : 1), terms.strides.push_back(row_stride);
    terms.shape.push_back(side == 0 ? 1 : n), terms.strides.push_back(column_stride);
    terms.shape.push_back(k), terms.strides.push_back(side == 0 ? column_stride : row_stride);
    Shape all = z.shape;
    all.push_back(k);
    s.from.push_back(p.variable);
    s.positions.push_back(positions(terms, all));
  }
  cycles += work / 4 + 8;
  out_.small_cost += (z.shape.num_elements() + 7) / 8 * k * 3;
  statements.push_back(std::move(s));
  Place result = to;
  if (type != z.dtype) result = converted(result, z.dtype);
  places[node.outputs[0]] = result;
  return true;
}

}  // namespace tnp::compiler

#include "compiler/fused_reduction.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/element_bits.h"
#include "compiler/param_reader.h"
#include "ir/apply_internal.h"
#include "ops/shape/layout.h"
#include "runtime/allocator.h"
#include "runtime/profile.h"
#include "runtime/threads.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

constexpr std::int64_t kMinElements = 1 << 14;  // of what is computed: less stays in the cache anyway
constexpr std::int64_t kManyRows = 4096;        // of few elements
constexpr std::int64_t kLeastRun = 256;         // elements that operands have in a row without gaps, or repeat

}  // namespace

FusedReduction::FusedReduction(const FusedGroup& group, Shape shape, std::vector<Call> calls)
    : kernel_(FusedKernel::get(group)), shape_(std::move(shape)), calls_(std::move(calls)) {
  for (std::int16_t v : group.outputs) sources_.push_back(group.dtype(v));
  for (const Call& c : calls_) {
    const ParamReader p(*c.params);
    reductions_.push_back(
        {*reduce_op_of(*c.op), c.value, sources_[static_cast<std::size_t>(c.value)], p.dtypes.at("dtype")});
    keepdims_ = p.number("keepdims") != 0;
    reduced_.assign(static_cast<std::size_t>(shape_.ndim()), false);
    for (std::int64_t a : p.axes.at("axes")) reduced_[static_cast<std::size_t>(a)] = true;
  }
}

int FusedReduction::axis_of_values(int axis) const {
  int out = -1;
  for (int d = 0; d < shape_.ndim(); ++d) {
    const bool reduced = reduced_[static_cast<std::size_t>(d)];
    out += !reduced || keepdims_;
    if (out == axis && (!reduced || keepdims_)) return reduced ? -1 : d;
  }
  return -1;
}

// How the operands of one run are walked: in row-major order of all elements, in runs of `length` along which each of
// them lies without gaps, or is one element.
struct FusedReduction::Rows {
  FusedKernel* kernel;
  FusedKernel::Row code;
  Shape outer;                        // the axes before those of a run
  std::int64_t length;                // of a run
  std::vector<LoopOperand> operands;  // inputs
  std::vector<std::int64_t> steps;    // in a run
  std::vector<std::int64_t> sizes;    // of outputs

  static void produce(void* context, std::int64_t begin, std::int64_t count, std::byte* const* to) {
    const Rows& rows = *static_cast<const Rows*>(context);
    std::byte* at[kMaxLoopOperands];
    const std::size_t outputs = rows.sizes.size();
    std::copy_n(to, outputs, at);
    for (std::int64_t run = begin / rows.length, offset = begin % rows.length; count > 0; ++run, offset = 0) {
      const std::int64_t n = std::min(count, rows.length - offset);
      std::int64_t index[kMaxDims], rest = run;
      for (int d = rows.outer.ndim() - 1; d >= 0; --d) {
        index[d] = rest % rows.outer[d];
        rest /= rows.outer[d];
      }
      for (std::size_t k = 0; k < rows.operands.size(); ++k) {
        const LoopOperand& x = rows.operands[k];
        at[outputs + k] = x.data + offset * rows.steps[k];
        for (int d = 0; d < rows.outer.ndim(); ++d) at[outputs + k] += index[d] * x.strides[d];
      }
      // A rest that does not fill the vectors is computed together with what follows it.
      const std::int64_t lanes = rows.kernel->lanes(rows.code), filled = (n + lanes - 1) / lanes * lanes;
      const bool fits = filled - n < kProducedSlack && offset + filled <= rows.length;
      rows.kernel->run_row(rows.code, at, fits ? filled : n);
      for (std::size_t j = 0; j < outputs; ++j) at[j] += n * rows.sizes[j];
      count -= n;
    }
  }
};

// The shape of the values, and whether they lie, and are reduced, in row-major order.
bool FusedReduction::lies_in_order(Array* const* in, Shape& shape) const {
  const FusedGroup& group = kernel_->group();
  shape = in[0]->shape();
  bool contiguous = true;
  for (int k = 0; k < group.num_inputs(); ++k) {
    in[k]->data();
    contiguous = contiguous && in[k]->is_contiguous();
    if (!try_broadcast(shape, in[k]->shape(), shape)) return false;
  }
  if (shape.ndim() != shape_.ndim() || shape.num_elements() == 0) return false;
  // What is computed of inputs in another order lies, and is summed, in that order.
  if (!contiguous) {
    Arrays lying;
    for (int k = 0; k < group.num_inputs(); ++k) lying.push_back(*in[k]);
    if (!memory_order(lying).empty()) return false;
  }
  return true;
}

std::vector<std::byte*> FusedReduction::make_results(const Shape& shape, Array* out) const {
  Shape kept;
  for (int d = 0; d < shape.ndim(); ++d) {
    const bool reduced = reduced_[static_cast<std::size_t>(d)];
    if (!reduced || keepdims_) kept.push_back(reduced ? 1 : shape[d]);
  }
  std::vector<std::byte*> to;
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    if (!out[i] || !out[i].is_contiguous()) out[i] = Array::empty(reductions_[i].to, kept);
    to.push_back(out[i].data());
  }
  return to;
}

bool FusedReduction::run_by_blocks(Array* const* in, Array* out, JitMode mode) const {
  const FusedGroup& group = kernel_->group();
  Shape shape;
  if (!lies_in_order(in, shape)) return false;
  Rows rows{kernel_.get(), {}, {}, 1, {}, {}, {}};
  OperandMask scalars;
  std::vector<std::int64_t> sizes;
  for (int k = 0; k < group.num_inputs(); ++k) {
    rows.operands.push_back({in[k]->data(), broadcast_strides(in[k]->shape(), in[k]->strides(), shape)});
    sizes.push_back(in[k]->itemsize());
    rows.steps.push_back(-1);  // whatever fits
  }
  int last = shape.ndim();
  for (; last > 0; --last) {
    const std::int64_t n = shape[last - 1];
    if (n == 1) continue;
    std::vector<std::int64_t> steps = rows.steps;
    for (std::size_t k = 0; k < steps.size(); ++k) {
      const std::int64_t stride = rows.operands[k].strides[last - 1];
      if (steps[k] < 0 && (stride == 0 || stride == sizes[k])) steps[k] = stride;
      if (steps[k] < 0 || stride != steps[k] * rows.length) steps.clear();
    }
    if (steps.size() != rows.steps.size()) break;
    rows.steps = std::move(steps);
    rows.length *= n;
  }
  if (rows.length < kLeastRun && rows.length < shape.num_elements()) return false;
  for (int d = 0; d < last; ++d) rows.outer.push_back(shape[d]);
  for (std::size_t k = 0; k < rows.steps.size(); ++k) {
    rows.steps[k] = std::max<std::int64_t>(rows.steps[k], 0);
    if (rows.steps[k] == 0) scalars.set(k);
  }
  for (DType d : sources_) rows.sizes.push_back(itemsize(d));
  rows.code = kernel_->prepare_row(scalars, shape.num_elements(), mode);

  ProducedRows produced{sources_, 1, 1, kernel_->grain(), &Rows::produce, &rows};
  for (int d = 0; d < shape.ndim(); ++d)
    (reduced_[static_cast<std::size_t>(d)] ? produced.n : produced.rows) *= shape[d];
  reduce_produced(produced, reductions_, make_results(shape, out).data());
  return true;
}

// Rows of few elements, made of operands each of which has one element for each row, or the same ones for all rows
// (points and the edges of a polygon).
struct FusedReduction::Columns {
  static constexpr std::int64_t kBlock = 512, kLargest = 16;  // rows at a time; bytes of an element

  struct Operand {
    const std::byte* data;
    std::int64_t size, row = 0, element = 0;  // bytes from row to row, from element to element

    bool is_gathered() const { return row != 0 && row != size; }
  };
  std::vector<Operand> operands;
  OperandMask scalars;  // those that have the same elements for all rows
  std::int64_t rows = 1, n = 1;

  // False if it lies otherwise.
  bool add(const Array& x, const Shape& shape, const std::vector<bool>& reduced) {
    Operand o{x.data(), x.itemsize()};
    const Strides strides = broadcast_strides(x.shape(), x.strides(), shape);
    rows = n = 1;
    for (int d = shape.ndim() - 1; d >= 0; --d) {
      if (shape[d] == 1) continue;
      const bool inner = reduced[static_cast<std::size_t>(d)];
      std::int64_t& count = inner ? n : rows;
      std::int64_t& step = inner ? o.element : o.row;
      if (count == 1) step = strides[d];
      if (strides[d] != step * count) return false;
      count *= shape[d];
    }
    if (o.row != 0 && o.element != 0) return false;
    if (o.row == 0) scalars.set(operands.size());
    operands.push_back(o);
    return true;
  }
};

// The first element of many rows, the second, …, and what they give.
bool FusedReduction::run_across(Array* const* in, Array* out, JitMode mode) const {
  Shape shape;
  if (!lies_in_order(in, shape)) return false;
  Columns columns;
  for (int k = 0; k < kernel_->group().num_inputs(); ++k) {
    if (!columns.add(*in[k], shape, reduced_)) return false;
  }
  for (const RowReduction& r : reductions_) {
    if (!can_reduce_across(r, columns.n)) return false;
  }
  const FusedKernel::Row code = kernel_->prepare_row(columns.scalars, shape.num_elements(), mode);
  const std::vector<std::byte*> to = make_results(shape, out);
  constexpr std::int64_t column = Columns::kBlock * Columns::kLargest;
  const auto arrays = static_cast<std::int64_t>(sources_.size() + 1) * columns.n +
                      static_cast<std::int64_t>(columns.operands.size()) + 1;  // of a column
  const std::int64_t grain = std::max<std::int64_t>(Columns::kBlock, kernel_->grain() / columns.n);
  parallel_for(columns.rows, grain, [&](std::int64_t first, std::int64_t end) {
    Buffer* const memory = Buffer::allocate(static_cast<std::size_t>(arrays * column));
    for (std::int64_t begin = first; begin < end; begin += Columns::kBlock) {
      const std::int64_t m = std::min(Columns::kBlock, end - begin);
      auto* const computed = static_cast<std::byte*>(memory->data);
      std::byte* const scratch = compute_columns(code, columns, begin, m, computed);
      for (std::size_t i = 0; i < reductions_.size(); ++i) {
        const RowReduction& r = reductions_[i];
        reduce_across(r, computed + r.source * columns.n * column, Columns::kBlock, columns.n, m, scratch,
                      to[i] + begin * itemsize(r.to));
      }
    }
    memory->release();
  });
  return true;
}

// The values of `m` rows, column after column. Gives the memory behind what it uses.
std::byte* FusedReduction::compute_columns(const FusedKernel::Row& code, const Columns& columns, std::int64_t begin,
                                           std::int64_t m, std::byte* to) const {
  constexpr std::int64_t column = Columns::kBlock * Columns::kLargest;
  const std::size_t outputs = sources_.size();
  std::byte* free = to + static_cast<std::int64_t>(outputs) * columns.n * column;
  std::byte* at[kMaxLoopOperands];
  for (std::size_t k = 0; k < columns.operands.size(); ++k) {
    const Columns::Operand& o = columns.operands[k];
    std::byte* from = const_cast<std::byte*>(o.data) + begin * o.row;
    at[outputs + k] = from;
    if (!o.is_gathered()) continue;
    copy_strided(free, from, o.row, m, static_cast<int>(o.size));
    at[outputs + k] = free;
    free += column;
  }
  for (std::int64_t j = 0; j < columns.n; ++j) {
    for (std::size_t i = 0; i < outputs; ++i)
      at[i] = to + static_cast<std::int64_t>(i) * columns.n * column + j * Columns::kBlock * itemsize(sources_[i]);
    for (std::size_t k = 0; k < columns.operands.size(); ++k) {
      const Columns::Operand& o = columns.operands[k];
      if (o.row == 0) at[outputs + k] = const_cast<std::byte*>(o.data) + j * o.element;
    }
    kernel_->run_row(code, at, m);
  }
  return free;
}

void FusedReduction::run(Array* const* in, Array* out, JitMode mode) const {
  ProfileSpan span("kernel", "computed and reduced");
  if (is_profiling()) {
    for (int k = 0; k < kernel_->group().num_inputs(); ++k) span.add_bytes(total_bytes({in[k], 1}));
  }
  if (run_by_blocks(in, out, mode) || run_across(in, out, mode)) return;
  Arrays values(sources_.size());
  if (!kernel_->run(in, values.data(), nullptr, mode))
    throw RuntimeError("the parts of a reduction do not fit together");
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    execute(tnp::Call{*calls_[i].op, {&values[static_cast<std::size_t>(calls_[i].value)], 1}, *calls_[i].params},
            {out + i, 1});
  }
}

std::string FusedReduction::str() const {
  std::string s = kernel_->group().str();
  for (const Call& c : calls_) s += "    " + std::string(c.op->name) + " of output " + std::to_string(c.value) + "\n";
  return s;
}

namespace {

class ReductionMerger {
 public:
  ReductionMerger(const Graph& graph, std::vector<Unit> units)
      : graph_(graph), units_(std::move(units)), readers_(graph.values.size()), given_(graph.values.size(), false) {
    for (std::size_t u = 0; u < units_.size(); ++u) {
      for (int v : units_[u].inputs) readers_[static_cast<std::size_t>(v)].push_back(u);
    }
    for (int v : graph.outputs) given_[static_cast<std::size_t>(v)] = true;
    for (const GraphNode& n : graph.nodes) {
      if (std::strcmp(n.op->name, "transpose") == 0) transposed_.insert(n.outputs[0]);
    }
  }

  std::vector<Unit> run() {
    std::vector<bool> gone(units_.size(), false);
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (!units_[u].fused || units_[u].apart || units_[u].boxes) continue;
      std::vector<std::size_t> reducers;
      if (!find_reducers(units_[u], reducers)) continue;
      merge(units_[u], reducers);
      for (std::size_t r : reducers) gone[r] = true;
    }
    std::vector<Unit> kept;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (!gone[u]) kept.push_back(std::move(units_[u]));
    }
    return kept;
  }

 private:
  const GraphValue& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  const GraphNode& call(std::size_t u) const { return graph_.nodes[static_cast<std::size_t>(units_[u].nodes[0])]; }

  // The units that read what the group computes, if all of them reduce it along the same last axes.
  bool find_reducers(const Unit& unit, std::vector<std::size_t>& reducers) const {
    const Shape& shape = value(unit.outputs[0]).shape;
    if (!shape.is_static() || shape.num_elements() < kMinElements) return false;
    for (int v : unit.outputs) {
      const auto& readers = readers_[static_cast<std::size_t>(v)];
      if (given_[static_cast<std::size_t>(v)] || readers.empty()) return false;
      for (std::size_t r : readers) {
        if (!reduces(r, shape)) return false;
        if (!reducers.empty() && !same_axes(r, reducers[0])) return false;
        reducers.push_back(r);
      }
    }
    return lies_in_runs(unit, shape) || lies_across(unit, shape, reducers);
  }

  bool reduces(std::size_t u, const Shape& shape) const {
    const Unit& unit = units_[u];
    if (unit.fused || unit.apart || unit.tiles || unit.nodes.size() != 1) return false;
    const std::optional<ReduceOp> op = reduce_op_of(*call(u).op);
    if (!op) return false;
    const ParamReader p(*call(u).params);
    if (!can_reduce_produced({*op, 0, value(unit.inputs[0]).dtype, p.dtypes.at("dtype")})) return false;
    const Axes& axes = p.axes.at("axes");
    bool reduced = false;  // the axes before
    for (int d = 0; d < shape.ndim(); ++d) {
      const bool now = std::find(axes.begin(), axes.end(), d) != axes.end();
      if (shape[d] == 1) continue;
      if (reduced && !now) return false;
      reduced = now;
    }
    return reduced;
  }

  bool same_axes(std::size_t a, std::size_t b) const {
    const ParamReader p(*call(a).params), q(*call(b).params);
    return p.axes.at("axes") == q.axes.at("axes") && p.number("keepdims") == q.number("keepdims");
  }

  // Whether operands that have no gaps would be walked in long runs. (Of transposed ones the values lie as they do.)
  bool lies_in_runs(const Unit& unit, const Shape& shape) const {
    enum class Kind : std::uint8_t { any, full, repeated };
    std::vector<Kind> kinds(unit.inputs.size(), Kind::any);
    std::int64_t run = 1;
    for (int d = shape.ndim() - 1; d >= 0; run *= shape[d--]) {
      if (shape[d] == 1) continue;
      for (std::size_t k = 0; k < kinds.size(); ++k) {
        const Shape& s = value(unit.inputs[k]).shape;
        const int a = d - (shape.ndim() - s.ndim());
        const Kind now = a >= 0 && s[a] == shape[d] ? Kind::full : Kind::repeated;
        if (kinds[k] != Kind::any && kinds[k] != now) return run >= kLeastRun;
        kinds[k] = now;
      }
    }
    return std::none_of(unit.inputs.begin(), unit.inputs.end(), [&](int v) { return transposed_.contains(v); });
  }

  // Whether each operand has one element for each of many rows, or the same few ones for all of them.
  bool lies_across(const Unit& unit, const Shape& shape, const std::vector<std::size_t>& reducers) const {
    const ParamReader p(*call(reducers[0]).params);
    const Axes& axes = p.axes.at("axes");
    const auto is_reduced = [&](int d) { return std::find(axes.begin(), axes.end(), d) != axes.end(); };
    std::int64_t n = 1;
    for (std::int64_t a : axes) n *= shape[static_cast<int>(a)];
    if (shape.num_elements() / n < kManyRows) return false;
    for (std::size_t r : reducers) {
      const DType from = value(units_[r].inputs[0]).dtype, to = ParamReader(*call(r).params).dtypes.at("dtype");
      if (!can_reduce_across({*reduce_op_of(*call(r).op), 0, from, to}, n)) return false;
    }
    return std::all_of(unit.inputs.begin(), unit.inputs.end(), [&](int v) {
      const Shape& s = value(v).shape;
      bool by_row = false, by_element = false;
      for (int d = 0; d < s.ndim(); ++d) {
        if (s[d] != 1) (is_reduced(d + shape.ndim() - s.ndim()) ? by_element : by_row) = true;
      }
      return !(by_row && by_element);
    });
  }

  void merge(Unit& unit, const std::vector<std::size_t>& reducers) const {
    std::vector<FusedReduction::Call> calls;
    std::vector<int> outputs;
    for (std::size_t r : reducers) {
      const GraphNode& node = call(r);
      const auto at = std::find(unit.outputs.begin(), unit.outputs.end(), node.inputs[0]);
      calls.push_back(
          {node.op, node.params, static_cast<int>(at - unit.outputs.begin()), value(node.outputs[0]).shape});
      outputs.push_back(node.outputs[0]);
      unit.nodes.push_back(units_[r].nodes[0]);
    }
    unit.reduction = std::make_shared<const FusedReduction>(unit.group, value(unit.outputs[0]).shape, std::move(calls));
    unit.outputs = std::move(outputs);
    unit.fused = false;
  }

  const Graph& graph_;
  std::vector<Unit> units_;
  std::vector<std::vector<std::size_t>> readers_;  // of values
  std::vector<bool> given_;                        // values that are results
  std::set<int> transposed_;
};

}  // namespace

std::vector<Unit> merge_reductions(const Graph& graph, std::vector<Unit> units) {
  return ReductionMerger(graph, std::move(units)).run();
}

}  // namespace tnp::compiler

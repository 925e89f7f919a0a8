#include "transform/control/loop.h"

#include <chrono>
#include <cstring>

#include "base/interrupt.h"
#include "compiler/native_loop.h"
#include "compiler/program.h"
#include "ir/graph_text.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/call.h"

namespace tnp {

namespace {

const GraphValue& output_value(const Graph& g, std::size_t k) {
  return g.values[static_cast<std::size_t>(g.outputs[k])];
}
const GraphValue& input_value(const Graph& g, std::size_t k) { return g.values[static_cast<std::size_t>(g.inputs[k])]; }

// --- shapes

// The size of an input of the body, for all iterations.
Dim body_input_size(const Shape& shape, const LoopParams& p, int i, int axis) {
  const auto k = static_cast<std::size_t>(i), carries = static_cast<std::size_t>(p.num_carries);
  if (!shape.rank_known()) return kDataDependent;
  if (k >= carries) return shape[k < carries + static_cast<std::size_t>(p.num_scanned) ? axis + 1 : axis];
  const Dim d = carry_shape(p, k, shape)[axis];
  return d == -1 ? kDataDependent : d;
}

Shape collected_shape(const Call& call, const LoopParams& p, std::size_t k) {
  const auto carries = static_cast<std::size_t>(p.num_carries);
  Shape shape = output_value(*p.body, carries + k).shape;
  if (!shape.rank_known()) return shape;
  for (Dim& d : shape)
    d = size_for_inputs(*p.body, d, [&](int i, int axis) {
      return body_input_size(call.in[static_cast<std::size_t>(i)].shape(), p, i, axis);
    });
  shape.insert(0, !p.condition && p.num_scanned > 0 ? call.in[carries].shape()[0] : kDataDependent);
  return shape;
}

// What only a text or a faulty pass can get wrong: the counts, and that carries keep their types.
void check_form(const Call& call, const LoopParams& p) {
  const auto inputs = static_cast<std::int64_t>(call.in.size());
  const auto counts = [&](std::int64_t n) { return n >= 0 && n <= inputs; };
  if (!counts(p.num_carries) || !counts(p.num_scanned) || p.num_carries + p.num_scanned > inputs)
    throw ValueError("loop: there are fewer inputs than carries and scanned arrays");
  if (p.condition && p.num_scanned > 0) throw ValueError("loop: with a condition there are no scanned arrays");
  std::vector<InnerInput> given;
  for (std::int64_t k = 0; k < inputs; ++k) {
    const bool scanned = k >= p.num_carries && k < p.num_carries + p.num_scanned;
    given.push_back(inner_input("loop", call.in[static_cast<std::size_t>(k)], scanned ? 1 : 0));
  }
  check_inner_graph("loop", "the body", p.body, given);
  const auto outputs = static_cast<std::int64_t>(p.body->outputs.size());
  if (outputs < p.num_carries) throw ValueError("loop: the body gives fewer results than there are carries");
  if (p.saved < 0 || p.saved > outputs - p.num_carries)
    throw ValueError("loop: fewer results are collected than saved");
  for (std::size_t k = 0; k < static_cast<std::size_t>(p.num_carries); ++k) {
    const GraphValue &from = input_value(*p.body, k), &to = output_value(*p.body, k);
    const bool rank = !from.shape.rank_known() || !to.shape.rank_known() || from.shape.ndim() == to.shape.ndim();
    if (from.dtype != to.dtype || !rank) throw ValueError("loop: carry " + std::to_string(k) + " changes its type");
  }
  if (!p.condition) return;
  check_inner_graph("loop", "the condition", p.condition, given);
  if (p.condition->outputs.size() != 1 || output_value(*p.condition, 0).dtype != DType::bool_ ||
      (output_value(*p.condition, 0).shape.rank_known() && output_value(*p.condition, 0).shape.ndim() != 0))
    throw ValueError("loop: the condition gives no truth value");
}

OutputSpecs infer(const Call& call) {
  const LoopParams& p = loop_params(call);
  check_form(call, p);
  OutputSpecs specs;
  for (std::size_t k = 0; k < static_cast<std::size_t>(p.num_carries); ++k) {
    Shape shape = carry_shape(p, k, call.in[k].shape());
    for (Dim& d : shape) {
      if (d == -1) d = kDataDependent;
    }
    specs.push_back({call.in[k].dtype(), shape});
  }
  for (std::size_t k = 0; k < p.num_collected(); ++k) {
    specs.push_back(
        {output_value(*p.body, static_cast<std::size_t>(p.num_carries) + k).dtype, collected_shape(call, p, k)});
  }
  return specs;
}

// --- running

Array row_of(const Array& x, std::int64_t i) {
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::byte* data = x.data() + i * strides[0];
  shape.erase(0);
  strides.erase(0);
  return Array::view_of(x.node()->buffer, data, x.dtype(), shape, strides);
}

// In place of the number of rows: there were rows of different shapes. Only what is saved for a gradient may have them,
// which then refuses it.
constexpr std::int64_t kRagged = std::int64_t{1} << 50;

// Rows of one shape, one after the other in memory that grows.
class Collector {
 public:
  Collector(DType dtype, std::int64_t expected, bool may_be_ragged)
      : dtype_(dtype), capacity_(expected), may_be_ragged_(may_be_ragged) {}

  void add(const Array& row) {
    if (ragged_) return;
    if (count_ == 0 && !rows_) {
      row_shape_ = row.shape();
      reserve(capacity_ > 0 ? capacity_ : 8);
    } else if (row.shape() != row_shape_) {
      if (may_be_ragged_) {
        ragged_ = true;
        rows_ = Array();
        return;
      }
      throw ValueError("scan: a result that is kept for every iteration must keep its shape, but was " +
                       row_shape_.str() + " and is " + row.shape().str() + " in iteration " + std::to_string(count_));
    }
    if (count_ == capacity_) reserve(2 * capacity_);
    const Array source = row.is_contiguous() ? row : copy(row);
    if (bytes_ > 0) std::memcpy(rows_.data() + count_ * bytes_, source.data(), static_cast<std::size_t>(bytes_));
    ++count_;
  }

  // Where the next `rows` rows of this shape are to be written; null if that cannot be.
  std::byte* rest(const Shape& row, std::int64_t rows) {
    if (ragged_ || (rows_ && row != row_shape_)) return nullptr;
    row_shape_ = row;
    if (!rows_ || count_ + rows > capacity_) reserve(count_ + rows);
    return rows_.data() + count_ * bytes_;
  }
  void wrote(std::int64_t rows) { count_ += rows; }

  Array take(bool reversed, const Shape& empty_shape) {
    Shape shape = rows_ ? row_shape_ : empty_shape;
    if (ragged_) {
      std::fill(shape.begin(), shape.end(), 0);
      for (int d = shape.ndim(); d < row_shape_.ndim(); ++d) shape.push_back(0);
    }
    shape.insert(0, ragged_ ? kRagged : count_);
    if (!rows_) return Array::empty(dtype_, shape);
    Strides strides = contiguous_strides(shape, rows_.itemsize());
    std::byte* data = rows_.data();
    if (reversed) {
      data += (count_ - 1) * strides[0];
      strides[0] = -strides[0];
    }
    return Array::view_of(rows_.node()->buffer, data, dtype_, shape, strides);
  }

 private:
  void reserve(std::int64_t capacity) {
    Shape shape = row_shape_;
    shape.insert(0, capacity);
    const Array larger = Array::empty(dtype_, shape);
    bytes_ = row_shape_.num_elements() * larger.itemsize();
    if (count_ > 0) std::memcpy(larger.data(), rows_.data(), static_cast<std::size_t>(count_ * bytes_));
    rows_ = larger;
    capacity_ = capacity;
  }

  DType dtype_;
  std::int64_t capacity_, count_ = 0, bytes_ = 0;
  bool may_be_ragged_, ragged_ = false;
  Shape row_shape_;
  Array rows_;
};

// What a run of the loop goes through.
class LoopRun {
 public:
  explicit LoopRun(const Call& call) : call_(call), p_(loop_params(call)) {
    const auto carries = static_cast<std::size_t>(p_.num_carries), scanned = static_cast<std::size_t>(p_.num_scanned);
    body_ = inner_program_of(p_.body);
    if (p_.condition) condition_ = program_of(p_.condition);
    native_ = native_loop_of({p_.condition, p_.body, static_cast<int>(carries), static_cast<int>(scanned)});
    if (scanned > 0) length_ = call.in[carries].shape()[0];
    for (std::size_t s = 0; s < scanned; ++s) {
      if (call.in[carries + s].shape()[0] == kRagged) {
        throw ValueError(
            "the gradient of a while_loop needs loop variables that keep their shapes, and one has changed its size");
      }
      if (call.in[carries + s].shape()[0] != length_) {
        throw ValueError("scan: the arrays to go over must be equally long, but are " + std::to_string(length_) +
                         " and " + std::to_string(call.in[carries + s].shape()[0]));
      }
    }
    for (std::size_t k = 0; k < carries; ++k) {
      if (p_.num_collected() > 0) carry_shapes_.push_back(call.in[k].shape());
      in_.push_back(take_input(call, k));
    }
    in_.resize(call.in.size());
    results_.resize(p_.body->outputs.size());
    for (std::size_t k = 0; k < p_.num_collected(); ++k) {
      const bool saved = k + static_cast<std::size_t>(p_.saved) >= p_.num_collected();
      collectors_.emplace_back(output_value(*p_.body, carries + k).dtype, p_.condition ? 0 : length_, saved);
    }
  }

  void run(std::span<Array> out) {
    const auto carries = static_cast<std::size_t>(p_.num_carries);
    std::int64_t i = 0;
    bool finished = false;
    for (; !(finished = i % kNativeCheck == 0 && finish_natively(i)) && goes_on(i); ++i) {
      step(p_.reverse ? length_ - 1 - i : i);
      if (interrupt_hook) interrupt_hook();
    }
    if (native_ && !finished && i > last_checked_) native_->ran(state_at(i));
    for (std::size_t k = 0; k < carries; ++k) out[k] = std::move(in_[k]);
    for (std::size_t k = 0; k < collectors_.size(); ++k)
      out[carries + k] = collectors_[k].take(p_.reverse, empty_row(carries + k));
  }

 private:
  bool goes_on(std::int64_t i) {
    if (!condition_) return i < length_;
    add_shared();
    const Array truth = condition_->run(in_)[0];
    if (truth.ndim() != 0) throw ValueError("while_loop: the condition must be a scalar, not " + truth.shape().str());
    return *truth.data_as<bool>();
  }

  // Hands the loop over to native code when that is worth its while; false if it goes on here.
  bool finish_natively(std::int64_t i) {
    if (!native_) return false;
    using Outcome = compiler::NativeLoop::Outcome;
    const Outcome outcome = native_->run(state_at(i), compiler::default_jit_mode());
    if (outcome == Outcome::never) native_ = nullptr;
    return outcome == Outcome::finished;
  }

  compiler::NativeLoop::State state_at(std::int64_t i) {
    const auto now = std::chrono::steady_clock::now();
    const std::int64_t spent = std::chrono::nanoseconds(now - std::exchange(last_check_, now)).count();
    const auto carries = static_cast<std::size_t>(p_.num_carries), scanned = static_cast<std::size_t>(p_.num_scanned);
    return {.carries = std::span(in_).first(carries),
            .scanned = call_.in.subspan(carries, scanned),
            .shared = call_.in.subspan(carries + scanned),
            .next = i,
            .length = length_,
            .reverse = p_.reverse,
            .collect = [this](int j, const Shape& row,
                              std::int64_t rows) { return collectors_[static_cast<std::size_t>(j)].rest(row, rows); },
            .collected =
                [this](std::int64_t rows) {
                  for (Collector& c : collectors_) c.wrote(rows);
                },
            .poll = interrupt_hook,
            .spent_ns = spent,
            .iterations = i - std::exchange(last_checked_, i)};
  }

  void step(std::int64_t row) {
    const auto carries = static_cast<std::size_t>(p_.num_carries), scanned = static_cast<std::size_t>(p_.num_scanned);
    for (std::size_t s = 0; s < scanned; ++s) in_[carries + s] = row_of(call_.in[carries + s], row);
    add_shared();
    body_->run_short(in_, results_);  // in the memory of carries that nobody else holds
    for (std::size_t k = 0; k < carries; ++k) in_[k] = std::move(results_[k]);
    for (std::size_t k = 0; k < collectors_.size(); ++k) collectors_[k].add(std::exchange(results_[carries + k], {}));
  }

  // A run takes what it is given.
  void add_shared() {
    for (std::size_t k = static_cast<std::size_t>(p_.num_carries + p_.num_scanned); k < in_.size(); ++k) {
      if (!in_[k]) in_[k] = call_.in[k];
    }
  }

  // The shape of a collected row where there has been none: sizes that only a run tells are 0.
  Shape empty_row(std::size_t k) const {
    Shape shape = output_value(*p_.body, k).shape;
    for (Dim& d : shape) {
      const Dim known = size_for_inputs(*p_.body, d, [&](int i, int axis) {
        const auto input = static_cast<std::size_t>(i);
        const Shape& s = input < carry_shapes_.size() ? carry_shapes_[input] : call_.in[input].shape();
        return body_input_size(s, p_, i, axis);
      });
      d = known >= 0 ? known : 0;
    }
    return shape;
  }

  static constexpr std::int64_t kNativeCheck = 16;  // iterations

  const Call& call_;
  const LoopParams& p_;
  std::shared_ptr<compiler::Program> body_, condition_;
  std::shared_ptr<compiler::NativeLoop> native_;
  std::chrono::steady_clock::time_point last_check_ = std::chrono::steady_clock::now();
  std::int64_t last_checked_ = 0;  // iteration
  std::int64_t length_ = 0;
  Arrays in_, results_;
  std::vector<Shape> carry_shapes_;  // at the beginning, where rows are collected
  std::vector<Collector> collectors_;
};

const OpDef kLoop{
    .name = "loop",
    .doc = "Runs a graph again and again on what it gave before, while a condition holds or over the rows of arrays.",
    .family = "control",
    .num_inputs = -1,
    .infer = &infer,
    .infer_dtype =
        +[](const Call& call) {
          std::vector<DType> dtypes;
          for (const OutputSpec& s : infer(call)) dtypes.push_back(s.dtype);
          return dtypes;
        },
    .infers_unknown_rank = true,
    .execute = +[](const Call& call, std::span<Array> out) { LoopRun(call).run(out); },
    .vjp = &loop_vjp,
    .batch = &loop_batch,
    .samples = unsupported("it is made of other operations, which have samples"),
    .apply_watched = &loop_apply_watched,
};
const RegisterOp registration(kLoop);

const OpDef kLoopWithEffects = [] {
  OpDef op = kLoop;
  op.name = "loop_with_effects";
  op.doc = "loop, where an iteration has an effect.";
  op.effect = Effect::stateful;
  return op;
}();
const RegisterOp registration_with_effects(kLoopWithEffects);

std::shared_ptr<Params> make_params(std::size_t) { return std::make_shared<LoopParams>(); }
const RegisterParams params_of_text("loop", &make_params), params_of_effects("loop_with_effects", &make_params);

}  // namespace

Shape carry_shape(const LoopParams& p, std::size_t k, const Shape& initial) {
  const Shape &from = input_value(*p.body, k).shape, &to = output_value(*p.body, k).shape;
  if (!initial.rank_known() || !from.rank_known() || !to.rank_known()) return Shape::unknown_rank();
  Shape shape = initial;
  for (int d = 0; d < shape.ndim(); ++d) {
    if (from[d] != to[d]) shape[d] = -1;
  }
  return shape;
}

Arrays apply_loop(std::span<const Array> in, const LoopParams& p) {
  const bool effects = has_effects(*p.body) || (p.condition && has_effects(*p.condition));
  return apply_multi(effects ? kLoopWithEffects : kLoop, in, p);
}

Arrays apply_loop(LoopParts& parts) {
  std::vector<SubGraph> graphs{parts.body};
  if (parts.has_condition) graphs.push_back(parts.condition);
  const Arrays shared = unify_captured(graphs);
  LoopParams p;
  p.body = graphs[0].graph;
  if (parts.has_condition) p.condition = graphs[1].graph;
  p.num_carries = static_cast<std::int64_t>(parts.carries.size());
  p.num_scanned = static_cast<std::int64_t>(parts.scanned.size());
  p.reverse = parts.reverse;
  Arrays in = parts.carries;
  in.insert(in.end(), parts.scanned.begin(), parts.scanned.end());
  in.insert(in.end(), shared.begin(), shared.end());
  return apply_loop(in, p);
}

}  // namespace tnp

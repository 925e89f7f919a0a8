#include "transform/control/loop.h"

#include <cstring>

#include "compiler/program.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/call.h"

namespace tnp {

namespace {

const GraphValue& output_value(const Graph& g, std::size_t k) { return g.values[static_cast<std::size_t>(g.outputs[k])]; }
const GraphValue& input_value(const Graph& g, std::size_t k) { return g.values[static_cast<std::size_t>(g.inputs[k])]; }

// --- shapes

Shape collected_shape(const Call& call, const LoopParams& p, std::size_t k) {
  const Graph& g = *p.body;
  const auto carries = static_cast<std::size_t>(p.num_carries), scanned = static_cast<std::size_t>(p.num_scanned);
  Shape shape = output_value(g, carries + k).shape;
  if (!shape.rank_known()) return shape;
  // Rows of the scanned arrays stand for them, as their sizes are what a size of a row can depend on.
  for (Dim& d : shape) {
    d = size_for_inputs(g, d, call.in, [&](int i) {
      const auto u = static_cast<std::size_t>(i);
      return u < carries ? carry_keeps_shape(p, i) : u >= carries + scanned;
    });
  }
  shape.insert(0, !p.condition && scanned > 0 ? call.in[carries].shape()[0] : kDataDependent);
  return shape;
}

OutputSpecs infer(const Call& call) {
  const LoopParams& p = loop_params(call);
  OutputSpecs specs;
  for (std::size_t k = 0; k < static_cast<std::size_t>(p.num_carries); ++k) {
    Shape shape = call.in[k].shape();
    const Shape &from = input_value(*p.body, k).shape, &to = output_value(*p.body, k).shape;
    if (!from.rank_known() || !to.rank_known()) {
      shape = Shape::unknown_rank();
    } else {
      for (int i = 0; i < shape.ndim(); ++i) {
        if (from[i] != to[i]) shape[i] = kDataDependent;
      }
    }
    specs.push_back({call.in[k].dtype(), shape});
  }
  for (std::size_t k = 0; k < p.num_collected(); ++k) {
    specs.push_back({output_value(*p.body, static_cast<std::size_t>(p.num_carries) + k).dtype, collected_shape(call, p, k)});
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

// Rows of one shape, one after the other in memory that grows.
class Collector {
 public:
  Collector(DType dtype, std::int64_t expected) : dtype_(dtype), capacity_(expected) {}

  void add(const Array& row) {
    if (count_ == 0 && !rows_) {
      row_shape_ = row.shape();
      reserve(capacity_ > 0 ? capacity_ : 8);
    } else if (row.shape() != row_shape_) {
      throw ValueError("while_loop: an array that is kept for every iteration (a result of scan or map, or what a gradient needs) must "
                       "keep its shape, but was " + row_shape_.str() + " and is " + row.shape().str() + " in iteration " + std::to_string(count_));
    }
    if (count_ == capacity_) reserve(2 * capacity_);
    const Array source = row.is_contiguous() ? row : copy(row);
    if (bytes_ > 0) std::memcpy(rows_.data() + count_ * bytes_, source.data(), static_cast<std::size_t>(bytes_));
    ++count_;
  }

  Array take(bool reversed, const Shape& empty_shape) {
    Shape shape = rows_ ? row_shape_ : empty_shape;
    shape.insert(0, count_);
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
  Shape row_shape_;
  Array rows_;
};

// What a run of the loop goes through.
class LoopRun {
 public:
  explicit LoopRun(const Call& call) : call_(call), p_(loop_params(call)) {
    const auto carries = static_cast<std::size_t>(p_.num_carries), scanned = static_cast<std::size_t>(p_.num_scanned);
    body_ = program_of(p_.body);
    if (p_.condition) condition_ = program_of(p_.condition);
    if (scanned > 0) length_ = call.in[carries].shape()[0];
    for (std::size_t s = 1; s < scanned; ++s) {
      if (call.in[carries + s].shape()[0] != length_) {
        throw ValueError("scan: the arrays to go over must be equally long, but are " + std::to_string(length_) + " and " +
                         std::to_string(call.in[carries + s].shape()[0]));
      }
    }
    in_.assign(call.in.begin(), call.in.end());
    const auto shared = call.in.subspan(carries + scanned);
    if (condition_) {
      condition_in_.assign(call.in.begin(), call.in.begin() + static_cast<std::ptrdiff_t>(carries));
      condition_in_.insert(condition_in_.end(), shared.begin(), shared.end());
    }
    for (std::size_t k = 0; k < p_.num_collected(); ++k) {
      collectors_.emplace_back(output_value(*p_.body, carries + k).dtype, p_.condition ? 0 : length_);
    }
  }

  void run(std::span<Array> out) {
    const auto carries = static_cast<std::size_t>(p_.num_carries);
    for (std::int64_t i = 0; goes_on(i); ++i) {
      step(p_.reverse ? length_ - 1 - i : i);
      if (interrupt_hook) interrupt_hook();
    }
    for (std::size_t k = 0; k < carries; ++k) out[k] = std::move(in_[k]);
    for (std::size_t k = 0; k < collectors_.size(); ++k) out[carries + k] = collectors_[k].take(p_.reverse, empty_row(carries + k));
  }

 private:
  bool goes_on(std::int64_t i) {
    if (!condition_) return i < length_;
    std::copy_n(in_.begin(), p_.num_carries, condition_in_.begin());
    return *condition_->run(condition_in_)[0].data_as<bool>();
  }

  void step(std::int64_t row) {
    const auto carries = static_cast<std::size_t>(p_.num_carries), scanned = static_cast<std::size_t>(p_.num_scanned);
    for (std::size_t s = 0; s < scanned; ++s) in_[carries + s] = row_of(call_.in[carries + s], row);
    Arrays results = body_->run(in_);
    for (std::size_t k = 0; k < carries; ++k) in_[k] = std::move(results[k]);
    for (std::size_t k = 0; k < collectors_.size(); ++k) collectors_[k].add(results[carries + k]);
  }

  // The shape of a collected row where there has been none: sizes that only a run tells are 0.
  Shape empty_row(std::size_t k) const {
    Shape shape = output_value(*p_.body, k).shape;
    for (Dim& d : shape) {
      const Dim known = size_for_inputs(*p_.body, d, call_.in, [&](int i) { return i < p_.num_carries || i >= p_.num_carries + p_.num_scanned; });
      d = known >= 0 ? known : 0;
    }
    return shape;
  }

  const Call& call_;
  const LoopParams& p_;
  std::shared_ptr<compiler::Program> body_, condition_;
  std::int64_t length_ = 0;
  Arrays in_, condition_in_;
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

}  // namespace

bool carry_keeps_shape(const LoopParams& p, int i) {
  const Shape& from = input_value(*p.body, static_cast<std::size_t>(i)).shape;
  return from.rank_known() && from == output_value(*p.body, static_cast<std::size_t>(i)).shape;
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

// Random numbers as functions of a state: uint64 (key, key, counter). Nothing here is hidden state, so traces and
// gradients treat these like any other operation; tnp.random's generators keep the state in a Variable.
#include "tnp/random.h"

#include <cstring>

#include "base/dim.h"
#include "ir/apply_internal.h"
#include "ir/graph_text.h"
#include "ir/observer.h"
#include "ir/variable.h"
#include "ops/random/few_numbers.h"
#include "ops/random/random_op.h"
#include "runtime/cpu_features.h"
#include "runtime/profile.h"
#include "runtime/threads.h"

namespace tnp {

RandomStream stream_of(const Call& call) {
  const Array& state = call.in[0];
  if (state.dtype() != DType::uint64 || state.shape() != Shape{3})
    fail<ValueError>(call, "a random state is a uint64 array of 3 elements");
  const auto* s = state.data_as<std::uint64_t>();
  const std::int64_t step = state.strides()[0] / 8;
  return {s[0], s[step], s[2 * step]};
}

void batch_random(BatchCall& b, const RandomParams& params, std::span<const int> row_axes) {
  if (b.batched[0]) throw ValueError(std::string(b.call.op.name) + ": random states can not be batched");
  RandomParams p = params;
  p.shape.insert(0, b.size);
  Arrays in(b.call.in.begin(), b.call.in.end());
  for (std::size_t i = 1; i < in.size(); ++i) {
    if (!b.batched[i]) continue;
    // The batch comes before axes that broadcasting would add.
    Shape shape = in[i].shape();
    const int missing = p.shape.ndim() + row_axes[i - 1] - shape.ndim();
    for (int k = 0; k < missing; ++k) shape.insert(1, 1);
    in[i] = reshape(in[i], shape);
  }
  b.result = {apply(b.call.op, in, p)};
  b.result_batched = {true};
}

namespace {

enum class Distribution : std::uint8_t { bits, uniform, normal };

template <Distribution D>
RandomKernel kernel_for(DType dtype) {
  static constexpr PerIsa<RandomKernel> narrow =
      D == Distribution::bits      ? PerIsa<RandomKernel> TNP_PER_ISA(random_bits32)
      : D == Distribution::uniform ? PerIsa<RandomKernel> TNP_PER_ISA(random_uniform_f32)
                                   : PerIsa<RandomKernel>
                                         TNP_PER_ISA(random_normal_f32);
  static constexpr PerIsa<RandomKernel> wide =
      D == Distribution::bits      ? PerIsa<RandomKernel> TNP_PER_ISA(random_bits64)
      : D == Distribution::uniform ? PerIsa<RandomKernel> TNP_PER_ISA(random_uniform_f64)
                                   : PerIsa<RandomKernel>
                                         TNP_PER_ISA(random_normal_f64);
  return itemsize(dtype) == 8 ? wide.get() : narrow.get();
}

bool accepts(Distribution d, DType dtype) {
  return d == Distribution::bits ? dtype == DType::uint32 || dtype == DType::uint64
                                 : dtype == DType::float32 || dtype == DType::float64;
}

template <Distribution D>
void execute(const Call& call, std::span<Array> out) {
  const auto& p = static_cast<const RandomParams&>(call.params);
  const RandomStream stream = stream_of(call);
  out[0] = Array::empty(p.dtype, p.shape);
  const RandomKernel kernel = kernel_for<D>(p.dtype);
  const std::int64_t n = p.shape.num_elements(), size = itemsize(p.dtype);
  const std::int64_t groups = (n + kRandomGroup - 1) / kRandomGroup;
  std::byte* to = out[0].data();
  parallel_for(groups, 64, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * kRandomGroup, last = std::min(n, end * kRandomGroup);
    kernel(stream, first, last - first, to + first * size);
  });
}

template <Distribution D>
OutputSpecs infer(const Call& call) {
  const auto& p = static_cast<const RandomParams&>(call.params);
  if (!accepts(D, p.dtype)) fail<TypeError>(call, "Unsupported dtype " + std::string(name(p.dtype)));
  return {{p.dtype, p.shape}};
}

void batch(BatchCall& b) { batch_random(b, static_cast<const RandomParams&>(b.call.params), {}); }

template <Distribution D>
OpDef random_op(const char* name, const char* doc) {
  return {
      .name = name,
      .doc = doc,
      .family = "random",
      .infer = &infer<D>,
      .infer_dtype =
          +[](const Call& call) { return std::vector<DType>{static_cast<const RandomParams&>(call.params).dtype}; },
      .execute = &execute<D>,
      .vjp = unsupported("random numbers do not depend on anything differentiable"),
      .batch = &batch,
      .batch_always = true,
      .samples = unsupported(kNoSamples),
  };
}

const OpDef kBits = random_op<Distribution::bits>("random_bits", "Random bits: uint32 or uint64, from a state.");
const OpDef kUniform = random_op<Distribution::uniform>(
    "random_uniform", "Uniform numbers in [0, 1): multiples of 2^-53 (2^-24), from a state.");
const OpDef kNormal = random_op<Distribution::normal>("random_normal", "Standard normal numbers, from a state.");
const RegisterOp bits_registration(kBits), uniform_registration(kUniform), normal_registration(kNormal);

struct AdvanceParams : ParamsOf<AdvanceParams> {
  Shape count;  // elements drawn: their product
  template <class V>
  void fields(V& v) {
    v("count", count);
  }
};

// How many blocks `count` numbers take: whole groups of two elements a block, so that the next draw shares no block
// with this one, whatever its type.
std::uint64_t blocks_of(std::int64_t count) {
  return static_cast<std::uint64_t>((count + kRandomGroup - 1) / kRandomGroup) * (kRandomGroup / 2);
}

Array state_after(const Array& state, const RandomStream& s, std::int64_t count) {
  const std::uint64_t next[] = {s.key0, s.key1, s.counter + blocks_of(count)};
  return Array::copy_of(next, DType::uint64, state.shape());
}

const OpDef kAdvance{
    .name = "random_advance",
    .doc = "The state after numbers of this shape have been drawn.",
    .family = "random",
    .infer = +[](const Call&) { return OutputSpecs{{DType::uint64, Shape{3}}}; },
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::uint64}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const std::int64_t n = static_cast<const AdvanceParams&>(call.params).count.num_elements();
          out[0] = state_after(call.in[0], stream_of(call), n);
        },
    .vjp = unsupported("a state is made of integers"),
    .batch =
        +[](BatchCall& b) {
          AdvanceParams p = static_cast<const AdvanceParams&>(b.call.params);
          p.count.insert(0, b.size);
          b.result = {apply(b.call.op, b.call.in, p)};
          b.result_batched = {false};
        },
    .batch_always = true,
    .samples = unsupported(kNoSamples),
};
const RegisterOp advance_registration(kAdvance);
const RegisterParams params_of_text[] = {{"random_bits", &default_params<RandomParams>},
                                         {"random_uniform", &default_params<RandomParams>},
                                         {"random_normal", &default_params<RandomParams>},
                                         {"random_advance", &default_params<AdvanceParams>}};

Array draw(const OpDef& op, Distribution distribution, Generator& g, const Shape& shape, DType dtype) {
  // Here, before the state moves on, and as an eager call goes to the kernel without inference.
  if (!accepts(distribution, dtype))
    throw TypeError(std::string(op.name) + ": unsupported dtype " + std::string(name(dtype)));
  RandomParams p;
  p.shape = shape;
  p.dtype = dtype;
  if (shape.is_static()) check_shape(shape, itemsize(dtype));
  Array state = g.read_state();
  Array numbers = apply(op, {&state, 1}, p);
  advance(g, std::move(state), shape);
  return numbers;
}

}  // namespace

void advance(Generator& g, Array state, const Shape& count) {
  if (g.is_direct()) {
    state = Array();  // so that the generator can write to its memory
    g.take(count.num_elements());
    return;
  }
  AdvanceParams a;
  a.count = count;
  const Call call{kAdvance, {&state, 1}, a};
  const bool traced = must_record(call) || active_observers != nullptr;
  g.write_state(traced ? apply(kAdvance, {&state, 1}, a) : state_after(state, stream_of(call), count.num_elements()));
}

void Generator::advance(const Shape& count) { tnp::advance(*this, read_state(), count); }

bool Generator::is_direct() const {
  return current_trace == nullptr && active_observers == nullptr && variable_read_hook == nullptr && !is_profiling() &&
         VariableValues::find(state_.get()) == nullptr;
}

std::array<std::uint64_t, 3> Generator::take(std::int64_t count) {
  std::array<std::uint64_t, 3> state;
  const bool done = state_->rewrite([&](std::byte* memory) {
    std::memcpy(state.data(), memory, sizeof state);
    const std::uint64_t next = state[2] + blocks_of(count);
    std::memcpy(memory + 2 * sizeof next, &next, sizeof next);
  });
  if (done) return state;
  const Array stored = read_state();
  const Call call{kAdvance, {&stored, 1}, AdvanceParams()};
  const RandomStream stream = stream_of(call);
  write_state(state_after(stored, stream, count));
  return {stream.key0, stream.key1, stream.counter};
}

void random_uniform(FewNumbers& numbers, double* out) {
  static constexpr PerIsa<RandomKernel> kernel = TNP_PER_ISA(random_uniform_f64);
  kernel.get()(numbers.next(1), 0, numbers.count(), out);
}
void random_normal(FewNumbers& numbers, double* out) {
  static constexpr PerIsa<RandomKernel> kernel = TNP_PER_ISA(random_normal_f64);
  kernel.get()(numbers.next(1), 0, numbers.count(), out);
}

Array random_bits(Generator& g, const Shape& shape, DType dtype) {
  return draw(kBits, Distribution::bits, g, shape, dtype);
}
Array random_uniform(Generator& g, const Shape& shape, DType dtype) {
  return draw(kUniform, Distribution::uniform, g, shape, dtype);
}
Array random_normal(Generator& g, const Shape& shape, DType dtype) {
  return draw(kNormal, Distribution::normal, g, shape, dtype);
}

}  // namespace tnp

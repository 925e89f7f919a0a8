#include "compiler/fused_kernel.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/element_bits.h"
#include "ir/apply_internal.h"
#include "ops/shape/layout.h"
#include "runtime/allocator.h"
#include "runtime/profile.h"
#include "runtime/streaming.h"
#include "runtime/threads.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

constexpr int kMaxVariants = 8;
constexpr std::int64_t kStageBlock = 512;  // elements of a strided operand that are gathered at a time
constexpr std::int64_t kShortRow = 128;    // rows below are gathered into blocks across rows
constexpr std::int64_t kRepeated = 64;     // rows below have operands that are repeated put together
constexpr int kCyclesToRepeat = 6;         // of a group: more than repeating an element takes
constexpr std::int64_t kLongRow = 2048;    // rows below are walked by native code of their own
constexpr double kGatherNs = 1;            // that an element takes which is gathered for block kernels
constexpr double kLoadNs = 3e5;            // that loading code takes, roughly
constexpr int kHeavyCycles = 4;            // of an operation: code spares little beside it
constexpr std::int64_t kTriedElements = 512, kMostTriedElements = 1 << 16;
constexpr unsigned kTurns = 24;
constexpr float kWorthBlocks = 0.95f;  // of the code's time
constexpr int kMaxVectorBytes = 256;   // of one operand: twice 8 complex128
constexpr std::int64_t kLine = 64;     // bytes between elements of a row that are put in order first

// Elements begin … begin + n of an operand, in row-major order of `shape`.
void gather_range(std::byte* to, const LoopOperand& from, const Shape& shape, std::int64_t begin, std::int64_t n,
                  int size) {
  const int ndim = shape.ndim();
  std::int64_t index[kMaxDims];
  const std::byte* row = from.data;
  std::int64_t rest = begin;
  for (int d = ndim - 1; d >= 0; --d) {
    index[d] = rest % shape[d];
    rest /= shape[d];
    if (d < ndim - 1) row += index[d] * from.strides[d];
  }
  const std::int64_t inner = shape[ndim - 1], stride = from.strides[ndim - 1];
  std::int64_t offset = index[ndim - 1];
  while (n > 0) {
    const std::int64_t m = std::min(inner - offset, n);
    copy_strided(to, row + offset * stride, stride, m, size);
    to += m * size;
    n -= m;
    offset = 0;
    for (int d = ndim - 2; d >= 0; --d) {
      row += from.strides[d];
      if (++index[d] < shape[d]) break;
      row -= shape[d] * from.strides[d];
      index[d] = 0;
    }
  }
}

// The other way: elements begin … begin + n, which lie one after the other, to their places.
void scatter_range(const LoopOperand& to, const std::byte* from, const Shape& shape, std::int64_t begin, std::int64_t n,
                   int size) {
  with_element_bits(size, [&]<class T>(T) {
    const int last = shape.ndim() - 1;
    const std::int64_t inner = shape[last], stride = to.strides[last];
    for (std::int64_t i = begin; i < begin + n;) {
      std::byte* row = to.data;
      std::int64_t rest = i / inner;
      for (int d = last - 1; d >= 0; --d) {
        row += rest % shape[d] * to.strides[d];
        rest /= shape[d];
      }
      const std::int64_t first = i % inner, m = std::min(inner - first, begin + n - i);
      for (std::int64_t k = 0; k < m; ++k, from += sizeof(T)) std::memcpy(row + (first + k) * stride, from, sizeof(T));
      i += m;
    }
  });
}

// The same elements in another order: without axes of one place, the longest axis innermost.
void put_longest_innermost(Shape& shape, std::vector<LoopOperand>& operands) {
  int longest = 0;
  for (int d = 1; d < shape.ndim(); ++d) longest = shape[d] >= shape[longest] ? d : longest;
  Axes order;
  for (int d = 0; d < shape.ndim(); ++d) {
    if (d != longest && shape[d] != 1) order.push_back(d);
  }
  if (shape.ndim() > 0) order.push_back(longest);
  const Shape whole = shape;
  shape.resize(order.size());
  for (int d = 0; d < order.size(); ++d) shape[d] = whole[static_cast<int>(order[d])];
  for (LoopOperand& o : operands) {
    const Strides strides = o.strides;
    o.strides.resize(order.size());
    for (int d = 0; d < order.size(); ++d) o.strides[d] = strides[static_cast<int>(order[d])];
  }
}

// One element, its size known to the compiler for the sizes there are.
inline void copy_element(std::byte* to, const std::byte* from, int size) {
  switch (size) {
    case 1:
      *to = *from;
      return;
    case 2:
      std::memcpy(to, from, 2);
      return;
    case 4:
      std::memcpy(to, from, 4);
      return;
    case 8:
      std::memcpy(to, from, 8);
      return;
    default:
      std::memcpy(to, from, 16);
      return;
  }
}

class Stage {
 public:
  Stage(std::int64_t operands, std::int64_t elements) : bytes_(elements * 16) {
    if (operands) buffer_ = Buffer::allocate(static_cast<std::size_t>(operands * bytes_));
  }
  ~Stage() {
    if (buffer_) buffer_->release();
  }
  Stage(const Stage&) = delete;
  std::byte* next() { return static_cast<std::byte*>(buffer_->data) + bytes_ * used_++; }

 private:
  std::int64_t bytes_;
  int used_ = 0;
  Buffer* buffer_ = nullptr;
};

// Whether the caller's reference is the only one to the array and to its memory.
bool can_take(const Array& x, DType dtype, const Shape& shape) {
  const detail::Node* node = x.node();
  return node->refs.load(std::memory_order_acquire) == 1 && node->buffer->unique() && x.is_contiguous() &&
         node->dtype == dtype && node->shape == shape;
}

}  // namespace

JitMode default_jit_mode() {
  static const JitMode mode = [] {
    const char* value = std::getenv("TNP_JIT");
    const std::string_view v = value ? value : "automatic";
    if (v == "automatic") return JitMode::automatic;
    if (v == "always") return JitMode::always;
    if (v == "never") return JitMode::never;
    throw ValueError("TNP_JIT must be automatic, always or never, not '" + std::string(v) + "'");
  }();
  return mode;
}

// What is the same for every row of one run.
struct FusedKernel::Loop {
  const Variant* variant;
  OperandMask scalars;
  Shape shape;
  std::vector<LoopOperand> operands;
  const FusedKernel* self;
};

FusedKernel::FusedKernel(const FusedGroup& group) : group_(group), interpreter_(group_) {
  for (std::int16_t v : group_.outputs) sizes_.push_back(static_cast<std::uint8_t>(itemsize(group_.dtype(v))));
  for (DType d : group_.inputs) sizes_.push_back(static_cast<std::uint8_t>(itemsize(d)));
  const int cycles = group_.cycles();
  grain_ = std::max<std::int64_t>(256, 32768 / cycles);
  interpreted_ns_ = 0.2 * cycles + 0.2 * static_cast<double>(group_.ops.size());
  compile_ns_ = 1e6 * estimated_compile_ms(group_);
}

FusedKernel::~FusedKernel() {
  for (Variant* v = variants_.load(); v != nullptr;) delete std::exchange(v, v->next);
  for (Walk* w = walks_.load(); w != nullptr;) delete std::exchange(w, w->next);
}

std::int64_t FusedKernel::lanes(const Row& row) const { return row.variant == nullptr ? 1 : row.variant->kernel.lanes; }

int FusedKernel::num_compiled() const {
  int n = 0;
  for (Variant* v = variants_.load(std::memory_order_acquire); v != nullptr; v = v->next) ++n;
  for (Walk* w = walks_.load(std::memory_order_acquire); w != nullptr; w = w->next) ++n;
  return n;
}

FusedKernel::Variant* FusedKernel::find(const OperandMask& scalars, Isa isa) const {
  for (Variant* v = variants_.load(std::memory_order_acquire); v != nullptr; v = v->next) {
    if (v->isa == isa && v->scalars == scalars) return v;
  }
  return nullptr;
}

// Whether to compile: when block kernels have taken about as long as that would, which is at most twice the best one
// could do. Code of an earlier process is loaded sooner, as that is quick.
FusedKernel::Due FusedKernel::due(std::int64_t n, JitMode mode, int gathered) {
  if (mode != JitMode::automatic) return mode == JitMode::always ? Due::code : Due::nothing;
  if (no_code_.load(std::memory_order_relaxed)) return Due::nothing;
  const double each = interpreted_ns_ + kGatherNs * gathered;
  const auto ns = static_cast<std::int64_t>(static_cast<double>(n) * each) + 10;
  const auto spent = static_cast<double>(spent_ns_.fetch_add(ns, std::memory_order_relaxed) + ns);
  if (spent >= compile_ns_) return Due::code;
  return spent >= kLoadNs && !looked_.load(std::memory_order_relaxed) ? Due::stored : Due::nothing;
}

FusedKernel::Variant* FusedKernel::choose(const OperandMask& scalars, std::int64_t n, JitMode mode) {
  const Isa isa = best_isa();
  if (Variant* v = find(scalars, isa)) return mode == JitMode::never ? nullptr : v;
  const Due d = due(n, mode, 0);
  return d == Due::nothing ? nullptr : compile(scalars, isa, mode, d);
}

FusedKernel::Variant* FusedKernel::compile(const OperandMask& scalars, Isa isa, JitMode mode, Due due) {
  std::unique_lock lock(compiling_, std::defer_lock);
  if (mode == JitMode::always) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return nullptr;  // another thread compiles; meanwhile block kernels do
  }
  if (Variant* v = find(scalars, isa)) return v;
  if (num_compiled() >= kMaxVariants) {
    no_code_ = true;
    return nullptr;
  }
  auto variant = std::make_unique<Variant>();
  try {
    std::optional<CompiledKernel> kernel;
    if (due == Due::stored) {
      kernel = stored_kernel(group_, scalars, isa);
      if (!kernel) {
        looked_ = true;
        return nullptr;
      }
    } else {
      kernel = compile_kernel(group_, scalars, isa);
    }
    variant->kernel = std::move(*kernel);
  } catch (const RuntimeError&) {
    no_code_ = true;
    if (mode == JitMode::always) throw;
    return nullptr;
  }
  variant->scalars = scalars;
  for (int k = 0; k < group_.num_inputs(); ++k) {
    if (scalars[static_cast<std::size_t>(k)]) variant->scalar_list.push_back(static_cast<std::uint8_t>(k));
  }
  variant->isa = isa;
  const bool heavy = group_.cycles() >= kHeavyCycles * static_cast<int>(group_.ops.size());
  if (mode == JitMode::automatic && heavy) variant->way = Variant::Way::open;
  variant->next = variants_.load(std::memory_order_relaxed);
  variants_.store(variant.get(), std::memory_order_release);
  return variant.release();
}

const FusedKernel::Walk* FusedKernel::find_walk(const Loops& loops, Isa isa) const {
  for (const Walk* w = walks_.load(std::memory_order_acquire); w != nullptr; w = w->next) {
    if (w->isa == isa && w->serves(loops)) return w;
  }
  return nullptr;
}

const FusedKernel::Walk* FusedKernel::choose_walk(const Loops& loops, std::int64_t n, JitMode mode, int gathered) {
  if (mode == JitMode::never) return nullptr;
  const Isa isa = best_isa();
  if (const Walk* w = find_walk(loops, isa)) return w;
  const Due d = due(n, mode, gathered);
  return d == Due::nothing ? nullptr : compile_walk(loops, isa, mode, d);
}

FusedKernel::Walk* FusedKernel::compile_walk(const Loops& loops, Isa isa, JitMode mode, Due due) {
  std::unique_lock lock(compiling_, std::defer_lock);
  if (mode == JitMode::always) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return nullptr;
  }
  int known = 0;
  for (Walk* w = walks_.load(); w != nullptr; w = w->next, ++known) {
    if (w->isa == isa && w->serves(loops)) return w;
  }
  if (known >= kMaxVariants) {
    too_many_walks_ = true;
    return nullptr;
  }
  Nest nest;
  NestStatement s{.kind = NestStatement::Kind::compute, .group = group_};
  for (DType d : group_.inputs) s.from.push_back(nest.variable(d, true));
  for (std::int16_t v : group_.outputs) s.to.push_back(nest.variable(group_.dtype(v), true));
  for (std::size_t v = 0; v < nest.variables.size(); ++v) nest.arguments.push_back(static_cast<int>(v));
  nest.num_parameters = static_cast<int>(loops.parameters.size());
  loops.set(s, 0);
  nest.statements.push_back(std::move(s));
  auto walk = std::make_unique<Walk>(Walk{loops.kinds, loops.ahead, loops.count(), isa, {}, nullptr});
  try {
    if (due == Due::stored) {
      std::optional<CompiledNest> code = stored_nest(nest, isa);
      if (!code) {
        looked_ = true;
        return nullptr;
      }
      walk->code = std::move(*code);
    } else {
      walk->code = compile_nest(nest, isa);
    }
  } catch (const RuntimeError&) {
    no_code_ = true;
    if (mode == JitMode::always) throw;
    return nullptr;
  }
  walk->next = walks_.load(std::memory_order_relaxed);
  walks_.store(walk.get(), std::memory_order_release);
  return walk.release();
}

void FusedKernel::allocate(Array* const* in, Array* out, const std::int16_t* reuse, const Shape& shape,
                           std::byte** data) {
  for (int j = 0; j < group_.num_outputs(); ++j) {
    const DType dtype = group_.dtype(group_.outputs[j]);
    if (out[j]) {
      data[j] = out[j].node()->data;
      continue;
    }
    if (reuse && reuse[j] >= 0 && can_take(*in[reuse[j]], dtype, shape)) {
      data[j] = in[reuse[j]]->node()->data;  // the array itself is taken once the loop is done
      continue;
    }
    out[j] = Array::empty(dtype, shape);
    data[j] = out[j].node()->data;
  }
}

bool FusedKernel::run(Array* const* in, Array* out, const std::int16_t* reuse, JitMode mode) {
  return is_profiling() ? run_profiled(in, out, reuse, mode) : run_plain(in, out, reuse, mode);
}

bool FusedKernel::run_profiled(Array* const* in, Array* out, const std::int16_t* reuse, JitMode mode) {
  ProfileSpan span("kernel", [this] {
    std::string name;
    for (const FusedOp& op : group_.ops) {
      if (name.size() > 80) return name + " …";
      if (op.op != nullptr) name += (name.empty() ? "" : " ") + std::string(op.op->name);
    }
    return name.empty() ? std::string("cast") : name;
  });
  for (int k = 0; k < group_.num_inputs(); ++k) span.add_bytes(total_bytes({in[k], 1}));  // before they are taken
  const bool done = run_plain(in, out, reuse, mode);
  if (done) span.add_bytes(total_bytes({out, static_cast<std::size_t>(group_.num_outputs())}));
  return done;
}

bool FusedKernel::run_plain(Array* const* in, Array* out, const std::int16_t* reuse, JitMode mode) {
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  const Array* widest = in[0];
  for (int k = 0; k < inputs; ++k) {
    if (in[k]->state() != State::concrete) in[k]->data();
    if (in[k]->shape().ndim() > widest->shape().ndim()) widest = in[k];
  }
  // Contiguous inputs of one shape, or single elements: one row.
  OperandMask scalars;
  std::byte* operands[kMaxLoopOperands];
  const Shape& shape = widest->shape();
  for (int k = 0; k < inputs; ++k) {
    const detail::Node* node = in[k]->node();
    if (node->shape.ndim() == 0 && shape.ndim() > 0) {
      scalars.set(static_cast<std::size_t>(k));
    } else if (!(node->flags & detail::kContiguous) || !(node == widest->node() || node->shape == shape)) {
      return run_general(in, out, reuse, mode);
    }
    operands[outputs + k] = node->data;
  }
  for (int j = 0; j < outputs; ++j) {
    if (out[j] && !out[j].is_contiguous()) return run_general(in, out, reuse, mode);
  }
  const std::int64_t n = shape.num_elements();
  const Variant* variant = choose(scalars, n, mode);
  allocate(in, out, reuse, shape, operands);
  if (n < 2 * grain_) {
    if (n > 0) run_flat(variant, scalars, operands, n);
  } else {
    // Past the caches, unless it is written over an input.
    const bool stream = outputs == 1 && streams(n * sizes_[0]) &&
                        std::find(operands + 1, operands + 1 + inputs, operands[0]) == operands + 1 + inputs;
    parallel_for(n, grain_, [&](std::int64_t begin, std::int64_t end) {
      std::byte* at[kMaxLoopOperands];
      for (int k = 0; k < outputs + inputs; ++k) {
        at[k] = operands[k] + (k >= outputs && scalars[k - outputs] ? 0 : begin * sizes_[k]);
      }
      if (stream) {
        run_streamed(variant, scalars, at, end - begin);
      } else {
        run_flat(variant, scalars, at, end - begin);
      }
    });
  }
  for (int j = 0; j < outputs; ++j) {
    if (!out[j]) out[j] = std::move(*in[reuse[j]]);
  }
  return true;
}

void FusedKernel::run_streamed(const Variant* variant, const OperandMask& scalars, std::byte** operands,
                               std::int64_t n) const {
  alignas(64) std::byte staged[kStreamBlock];
  const std::int64_t block = kStreamBlock / sizes_[0];
  for (std::int64_t i = 0; i < n; i += block) {
    const std::int64_t m = std::min(block, n - i);
    std::byte* to = std::exchange(operands[0], staged);
    run_flat(variant, scalars, operands, m);
    stream_copy()(to, staged, static_cast<std::size_t>(m * sizes_[0]));
    operands[0] = to + m * sizes_[0];
    for (int k = 0; k < group_.num_inputs(); ++k) {
      if (!scalars[static_cast<std::size_t>(k)]) operands[1 + k] += m * sizes_[1 + k];
    }
  }
  stream_end();
}

void FusedKernel::run_flat(const Variant* variant, const OperandMask& scalars, std::byte* const* operands,
                           std::int64_t n) const {
  if (variant == nullptr) return interpreter_.run(operands, scalars, n);
  if (n >= kTriedElements && variant->way.load(std::memory_order_relaxed) != Variant::Way::code) [[unlikely]]
    return run_tried(*variant, scalars, operands, n);
  run_code(*variant, operands, n);
}

// By turns, until it is known which way is quicker. The bits are the same.
void FusedKernel::run_tried(const Variant& variant, const OperandMask& scalars, std::byte* const* operands,
                            std::int64_t n) const {
  using Way = Variant::Way;
  Way way = variant.way.load(std::memory_order_relaxed);
  const bool open = way == Way::open && n <= kMostTriedElements;
  const unsigned turn = open ? variant.turns.fetch_add(1, std::memory_order_relaxed) : 0;
  if (open) way = turn % 2 == 0 ? Way::code : Way::blocks;
  const auto begin = open ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
  if (way == Way::blocks) {
    interpreter_.run(operands, scalars, n);
  } else {
    run_code(variant, operands, n);
  }
  if (!open) return;
  const std::chrono::duration<float, std::nano> spent = std::chrono::steady_clock::now() - begin;
  std::atomic<float>& least = way == Way::blocks ? variant.blocks_ns : variant.code_ns;
  least.store(std::min(least.load(std::memory_order_relaxed), spent.count() / static_cast<float>(n)),
              std::memory_order_relaxed);
  if (turn + 1 < kTurns) return;
  const bool slow = variant.blocks_ns.load() < kWorthBlocks * variant.code_ns.load();
  variant.way.store(slow ? Way::blocks : Way::code, std::memory_order_relaxed);
}

void FusedKernel::run_code(const Variant& variant, std::byte* const* operands, std::int64_t n) const {
  alignas(64) std::byte packed[kMaxLoopOperands * kScalarBytes];
  const int outputs = group_.num_outputs();
  std::byte* to = packed;
  for (const std::uint8_t k : variant.scalar_list) {
    copy_element(to, operands[outputs + k], sizes_[static_cast<std::size_t>(outputs + k)]);
    to += kScalarBytes;
  }
  const std::int64_t whole = n & -static_cast<std::int64_t>(variant.kernel.lanes);
  if (whole) variant.kernel.function(packed, operands, nullptr, whole);
  if (whole != n) run_tail(variant, packed, operands, whole, n - whole);
}

// The last elements go through the same vector code, padded with copies of one of them.
void FusedKernel::run_tail(const Variant& variant, std::byte* scalars, std::byte* const* operands, std::int64_t begin,
                           std::int64_t n) const {
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  alignas(64) std::byte memory[kMaxLoopOperands][kMaxVectorBytes];
  std::byte* padded[kMaxLoopOperands];
  for (int k = 0; k < outputs + inputs; ++k) {
    padded[k] = memory[k];
    if (k < outputs) continue;
    if (variant.scalars[static_cast<std::size_t>(k - outputs)]) continue;
    const std::size_t size = sizes_[static_cast<std::size_t>(k)];
    const std::byte* from = operands[k] + begin * static_cast<std::int64_t>(size);
    std::memcpy(memory[k], from, static_cast<std::size_t>(n) * size);
    for (std::int64_t j = n; j < variant.kernel.lanes; ++j)
      std::memcpy(memory[k] + static_cast<std::size_t>(j) * size, from, size);
  }
  variant.kernel.function(scalars, padded, nullptr, variant.kernel.lanes);
  for (int k = 0; k < outputs; ++k) {
    const std::size_t size = sizes_[static_cast<std::size_t>(k)];
    std::memcpy(operands[k] + begin * static_cast<std::int64_t>(size), memory[k], static_cast<std::size_t>(n) * size);
  }
}

// Inputs that do not lie in row-major order are gone through as they lie, and the results lie in the same order. False
// where they do, or where a result has its place.
bool FusedKernel::run_in_memory_order(Array* const* in, Array* out, JitMode mode) {
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  const auto row_major = [](const Array* x) { return x->is_contiguous(); };
  if (std::all_of(in, in + inputs, row_major) || std::any_of(out, out + outputs, [](const Array& y) { return !!y; }))
    return false;
  Arrays lying;
  for (int k = 0; k < inputs; ++k) lying.push_back(*in[k]);
  const Axes order = memory_order(lying);
  if (order.empty()) return false;
  Array* views[kMaxLoopOperands];
  Shape shape;
  for (int k = 0; k < inputs; ++k) {
    lying[static_cast<std::size_t>(k)] = with_axes_in(*in[k], order);
    views[k] = &lying[static_cast<std::size_t>(k)];
    if (!try_broadcast(shape, views[k]->shape(), shape)) return false;
  }
  // With their places given the results are not put into an order again.
  for (int j = 0; j < outputs; ++j) out[j] = Array::empty(group_.dtype(group_.outputs[j]), shape);
  run_plain(views, out, nullptr, mode);
  for (int j = 0; j < outputs; ++j) out[j] = with_axes_back(out[j], order);
  return true;
}

bool FusedKernel::run_general(Array* const* in, Array* out, const std::int16_t* reuse, JitMode mode) {
  if (run_in_memory_order(in, out, mode)) return true;
  Array gathered[kMaxLoopOperands];
  Array* rows[kMaxLoopOperands];
  bool any = false;
  for (int k = 0; k < group_.num_inputs(); ++k) {
    gathered[k] = gathered_if_scattered(*in[k]);
    rows[k] = gathered[k] ? &gathered[k] : in[k];
    any = any || gathered[k];
  }
  if (any) return run_plain(rows, out, reuse, mode);
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  Loop loop{nullptr, {}, in[0]->shape(), {}, this};
  for (int k = 1; k < inputs; ++k) {
    if (!try_broadcast(loop.shape, in[k]->shape(), loop.shape)) return false;
  }
  std::byte* data[kMaxLoopOperands];
  const std::int64_t n = loop.shape.num_elements();
  int inner = loop.shape.ndim() - 1;  // the last dimension that counts
  while (inner > 0 && loop.shape[inner] == 1) --inner;
  bool short_rows = inner > 0 && loop.shape[inner] < kShortRow;
  for (int j = 0; j < outputs; ++j) short_rows = short_rows && (!out[j] || out[j].is_contiguous());
  loop.operands.resize(static_cast<std::size_t>(outputs));
  int with_gaps = 0;  // inputs with gaps between the elements of a row
  for (int k = 0; k < inputs; ++k) {
    loop.operands.push_back({in[k]->data(), broadcast_strides(in[k]->shape(), in[k]->strides(), loop.shape)});
    const Strides& s = loop.operands.back().strides;
    const bool scalar = short_rows ? std::all_of(s.begin(), s.end(), [](std::int64_t x) { return x == 0; })
                                   : inner < 0 || s[inner] == 0;
    loop.scalars[static_cast<std::size_t>(k)] = scalar;
    with_gaps += !scalar && (short_rows ? !in[k]->is_contiguous() || in[k]->shape() != loop.shape
                                        : s[inner] != sizes_[static_cast<std::size_t>(outputs + k)]);
  }
  const bool long_rows = inner <= 0 || loop.shape[inner] >= kLongRow;
  const bool walked = !long_rows || (with_gaps > 0 && loop.shape[inner] > 1);
  if (!walked) loop.variant = choose(loop.scalars, n, mode);
  allocate(in, out, reuse, loop.shape, data);
  for (int j = 0; j < outputs; ++j) {
    const std::size_t at = static_cast<std::size_t>(j);
    loop.operands[at] = {data[j], out[j] ? out[j].strides() : contiguous_strides(loop.shape, sizes_[at])};
  }
  const auto otherwise = [&] {
    if (short_rows && run_repeated(loop, mode)) return;
    short_rows ? run_gathered(loop) : run_rows(loop);
  };
  const bool put_together =
      n > 0 && walked && short_rows && is_better_repeated(loop, inner) && run_repeated(loop, mode);
  if (n > 0 && walked && !put_together) {
    if (!run_walked(loop, mode, with_gaps)) {
      const bool serves_gathered = long_rows && too_many_walks_.load(std::memory_order_relaxed);
      if (mode != JitMode::never)
        loop.variant = serves_gathered ? choose(loop.scalars, n, mode) : find(loop.scalars, best_isa());
      otherwise();
    }
  } else if (n > 0 && !walked) {
    otherwise();
  }
  for (int j = 0; j < outputs; ++j) {
    if (!out[j]) out[j] = std::move(*in[reuse[j]]);
  }
  return true;
}

// Whether short rows take less time one after the other, once repeated operands are put together, than row by row:
// those that fill no vectors, of operations that take longer than it does to repeat a row's one element along it.
bool FusedKernel::is_better_repeated(const Loop& loop, int inner) const {
  const std::int64_t row = loop.shape[inner];
  const int widest = *std::max_element(sizes_.begin(), sizes_.end());
  const auto lanes = static_cast<std::int64_t>(vector_bytes()) / widest;
  const bool light = group_.cycles() < kCyclesToRepeat;
  const bool along_row =
      std::any_of(loop.operands.begin() + group_.num_outputs(), loop.operands.end(), [&](const LoopOperand& x) {
        const bool is_one =
            std::all_of(x.strides.begin(), x.strides.end(), [](std::int64_t stride) { return stride == 0; });
        return !is_one && x.strides[inner] == 0;
      });
  if (along_row && light) return 3 * row < lanes;
  return row < lanes || (row < 4 * lanes && row % lanes != 0);
}

// By code that walks the operands itself, if there is any.
bool FusedKernel::run_walked(const Loop& loop, JitMode mode, int with_gaps) {
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  std::vector<Strides> strides;
  std::vector<int> sizes;
  std::vector<const std::byte*> places;
  for (int k = 0; k < inputs + outputs; ++k) {  // inputs first
    const auto at = static_cast<std::size_t>(k < inputs ? outputs + k : k - inputs);
    strides.push_back(loop.operands[at].strides);
    places.push_back(loop.operands[at].data);
    sizes.push_back(sizes_[at]);
  }
  Loops loops(loop.shape, strides, sizes);
  loops.look_ahead(places, sizes);
  const Walk* walk = choose_walk(loops, loop.shape.num_elements(), mode, with_gaps);
  if (walk == nullptr) return false;
  run_walk(*walk, loops, loop);
  return true;
}

// All loops in native code; the outermost is divided among threads.
void FusedKernel::run_walk(const Walk& walk, const Loops& loops, const Loop& loop) const {
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  const std::int64_t inner = loop.shape.num_elements() / loops.sizes[0];
  parallel_for(loops.sizes[0], std::max<std::int64_t>(1, grain_ / std::max<std::int64_t>(1, inner)),
               [&](std::int64_t begin, std::int64_t end) {
                 void* at[kMaxLoopOperands];
                 for (int k = 0; k < inputs + outputs; ++k) {
                   const int operand = k < inputs ? outputs + k : k - inputs;
                   at[k] = loop.operands[static_cast<std::size_t>(operand)].data +
                           begin * loops.strides[0][static_cast<std::size_t>(k)];
                 }
                 std::vector<std::int64_t> parameters = loops.parameters;
                 parameters[0] = end - begin;
                 walk.code.function(at, parameters.data(), 1, nullptr, nullptr, nullptr);
               });
}

bool FusedKernel::Prepared::serves(const Shape& shape, std::span<const LoopOperand> operands) const {
  if ((walk_ == nullptr && variant_ == nullptr) || shape_ != shape) return false;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (strides_[k] != operands[k].strides) return false;
  }
  return true;
}

bool FusedKernel::prepare(const Shape& shape, std::span<const LoopOperand> operands, Prepared& prepared) const {
  prepared = {};
  const int inner = shape.ndim() - 1, inputs = group_.num_inputs(), outputs = group_.num_outputs();
  if (inner < 1 || shape[inner] < kShortRow || shape.num_elements() == 0) return false;
  bool gaps = false, one_row = true;
  OperandMask scalars;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const Strides& s = operands[k].strides;
    if (std::abs(s[inner]) >= kLine) return false;
    const bool same = static_cast<int>(k) >= outputs && s[inner] == 0;
    if (same) scalars.set(k - static_cast<std::size_t>(outputs));
    gaps = gaps || (!same && s[inner] != sizes_[k]);
    const bool is_one = std::all_of(s.begin(), s.end(), [](std::int64_t stride) { return stride == 0; });
    one_row = one_row && (is_one || s == contiguous_strides(shape, sizes_[k]));
  }
  if (one_row) return false;
  if (!gaps && shape[inner] >= kLongRow) {
    prepared.variant_ = find(scalars, best_isa());
    prepared.scalars_ = scalars;
    if (prepared.variant_ == nullptr) return false;
  } else {
    std::vector<Strides> strides;
    std::vector<int> sizes;
    std::vector<const std::byte*> places;
    for (int k = 0; k < inputs + outputs; ++k) {  // inputs first
      const auto at = static_cast<std::size_t>(k < inputs ? outputs + k : k - inputs);
      strides.push_back(operands[at].strides);
      places.push_back(operands[at].data);
      sizes.push_back(sizes_[at]);
    }
    Loops loops(shape, strides, sizes);
    loops.look_ahead(places, sizes);
    prepared.walk_ = find_walk(loops, best_isa());
    if (prepared.walk_ == nullptr) return false;
    prepared.parameters_ = loops.parameters;
  }
  prepared.shape_ = shape;
  for (const LoopOperand& o : operands) prepared.strides_.push_back(o.strides);
  return true;
}

void FusedKernel::run_prepared(const Prepared& prepared, std::span<const LoopOperand> operands) const {
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  if (prepared.walk_ != nullptr) {
    void* at[kMaxLoopOperands];
    for (int k = 0; k < inputs + outputs; ++k)
      at[k] = operands[static_cast<std::size_t>(k < inputs ? outputs + k : k - inputs)].data;
    prepared.walk_->code.function(at, prepared.parameters_.data(), 1, nullptr, nullptr, nullptr);
    return;
  }
  const Shape& shape = prepared.shape_;
  const int inner = shape.ndim() - 1;
  std::byte* at[kMaxLoopOperands];
  for (std::size_t k = 0; k < operands.size(); ++k) at[k] = operands[k].data;
  std::int64_t index[kMaxDims] = {};
  for (int d = inner; d >= 0;) {
    run_flat(prepared.variant_, prepared.scalars_, at, shape[inner]);
    for (d = inner - 1; d >= 0; --d) {
      const bool again = ++index[d] < shape[d];
      for (std::size_t k = 0; k < operands.size(); ++k)
        at[k] += again ? operands[k].strides[d] : -(shape[d] - 1) * operands[k].strides[d];
      if (again) break;
      index[d] = 0;
    }
  }
}

void FusedKernel::run_scattered(Shape shape, std::vector<LoopOperand> operands, JitMode mode) {
  put_longest_innermost(shape, operands);
  const int outputs = group_.num_outputs();
  const std::int64_t n = shape.num_elements();
  OperandMask scalars;
  for (std::size_t k = static_cast<std::size_t>(outputs); k < operands.size(); ++k) {
    const Strides& s = operands[k].strides;
    const bool is_one = std::all_of(s.begin(), s.end(), [](std::int64_t stride) { return stride == 0; });
    scalars[k - static_cast<std::size_t>(outputs)] = is_one;
  }
  const Variant* variant = choose(scalars, n, mode);
  const std::int64_t block = std::min(n, kStageBlock);
  Stage stage(static_cast<std::int64_t>(operands.size()), block);
  std::byte* at[kMaxLoopOperands];
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const bool scalar = k >= static_cast<std::size_t>(outputs) && scalars[k - static_cast<std::size_t>(outputs)];
    at[k] = scalar ? operands[k].data : stage.next();
  }
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t m = std::min(block, n - begin);
    for (std::size_t k = static_cast<std::size_t>(outputs); k < operands.size(); ++k) {
      if (!scalars[k - static_cast<std::size_t>(outputs)]) gather_range(at[k], operands[k], shape, begin, m, sizes_[k]);
    }
    run_flat(variant, scalars, at, m);
    for (std::size_t j = 0; j < static_cast<std::size_t>(outputs); ++j)
      scatter_range(operands[j], at[j], shape, begin, m, sizes_[j]);
  }
}

// Rows of the innermost dimension; operands that are strided along it are gathered block by block.
void FusedKernel::run_rows(Loop& loop) const {
  const auto row = [](void* context, std::byte* const* operands, const std::int64_t* strides, std::int64_t n) {
    const Loop& loop = *static_cast<const Loop*>(context);
    const FusedKernel& self = *loop.self;
    const int outputs = self.group_.num_outputs(), count = static_cast<int>(loop.operands.size());
    int strided[kMaxLoopOperands], num_strided = 0;
    for (int k = outputs; k < count; ++k) {
      const bool direct = n == 1 || loop.scalars[static_cast<std::size_t>(k - outputs)] ||
                          strides[k] == self.sizes_[static_cast<std::size_t>(k)];
      if (!direct) strided[num_strided++] = k;
    }
    if (num_strided == 0) return self.run_flat(loop.variant, loop.scalars, operands, n);
    Stage stage(num_strided, kStageBlock);
    std::byte* at[kMaxLoopOperands];
    std::copy_n(operands, count, at);
    for (int i = 0; i < num_strided; ++i) at[strided[i]] = stage.next();
    for (std::int64_t begin = 0; begin < n; begin += kStageBlock) {
      const std::int64_t m = std::min(kStageBlock, n - begin);
      for (int i = 0; i < num_strided; ++i) {
        const int k = strided[i];
        copy_strided(at[k], operands[k] + begin * strides[k], strides[k], m, self.sizes_[static_cast<std::size_t>(k)]);
      }
      self.run_flat(loop.variant, loop.scalars, at, m);
      for (int k = 0; k < count; ++k) {
        const bool staged = std::find(strided, strided + num_strided, k) != strided + num_strided;
        if (!staged && (k < outputs || !loop.scalars[static_cast<std::size_t>(k - outputs)]))
          at[k] += m * self.sizes_[static_cast<std::size_t>(k)];
      }
    }
  };
  run_loop(loop.shape, loop.operands, grain_, row, &loop);
}

// Very short rows, of operands that lie one after the other or are repeated along an axis: by code for rows without
// gaps.
bool FusedKernel::run_repeated(Loop& loop, JitMode mode) {
  struct Context {
    FusedKernel& self;
    Loop& loop;
    JitMode mode;
  } context{*this, loop, mode};
  std::vector<int> sizes(sizes_.begin(), sizes_.end());
  const RowsTogether options{
      .sizes = sizes,
      .results = static_cast<std::size_t>(group_.num_outputs()),
      .longest = kRepeated - 1,
      .gaps = false,
      .start =
          [](void* c) {
            const Context& it = *static_cast<Context*>(c);
            it.loop.variant = it.self.choose(it.loop.scalars, it.loop.shape.num_elements(), it.mode);
          },
  };
  const auto row = [](void* c, std::byte* const* operands, const std::int64_t*, std::int64_t n) {
    const Context& it = *static_cast<Context*>(c);
    it.self.run_flat(it.loop.variant, it.loop.scalars, operands, n);
  };
  return run_short_rows(loop.shape, loop.operands, options, grain_, row, &context);
}

// Blocks of elements that span short rows; every operand that is not contiguous as a whole is gathered.
void FusedKernel::run_gathered(Loop& loop) const {
  const int outputs = group_.num_outputs(), count = static_cast<int>(loop.operands.size());
  std::vector<bool> staged(static_cast<std::size_t>(count), false);
  std::int64_t num_staged = 0;
  for (int k = outputs; k < count; ++k) {
    const auto i = static_cast<std::size_t>(k);
    if (loop.scalars[i - static_cast<std::size_t>(outputs)]) continue;
    staged[i] = loop.operands[i].strides != contiguous_strides(loop.shape, sizes_[i]);
    num_staged += staged[i];
  }
  parallel_for(loop.shape.num_elements(), grain_, [&](std::int64_t first, std::int64_t end) {
    Stage stage(num_staged, kStageBlock);
    std::byte* at[kMaxLoopOperands];
    for (int k = 0; k < count; ++k) at[k] = staged[static_cast<std::size_t>(k)] ? stage.next() : nullptr;
    for (std::int64_t begin = first; begin < end; begin += kStageBlock) {
      const std::int64_t m = std::min(kStageBlock, end - begin);
      for (int k = 0; k < count; ++k) {
        const auto i = static_cast<std::size_t>(k);
        if (staged[i]) {
          gather_range(at[k], loop.operands[i], loop.shape, begin, m, sizes_[i]);
        } else {
          const bool scalar = k >= outputs && loop.scalars[i - static_cast<std::size_t>(outputs)];
          at[k] = loop.operands[i].data + (scalar ? 0 : begin * sizes_[i]);
        }
      }
      run_flat(loop.variant, loop.scalars, at, m);
    }
  });
}

}  // namespace tnp::compiler

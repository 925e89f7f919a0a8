// A fused group made runnable: the way its operands are walked, and the choice between block kernels and compiled code.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "compiler/block_interpreter.h"
#include "compiler/codegen/codegen.h"
#include "compiler/nest/loops.h"

namespace tnp::compiler {

enum class JitMode : std::uint8_t {
  automatic,  // block kernels until compiled code would have paid for itself
  always,     // compiled code from the first call on; an error where there can be none
  never,
  known,  // compiled code where there is some
};

// The JIT mode of a program that asks for none: the environment variable TNP_JIT (automatic, always, never).
JitMode default_jit_mode();

class FusedKernel {
 public:
  // The kernel of this group: equal groups share one, out of a bounded cache of the process.
  static std::shared_ptr<FusedKernel> get(const FusedGroup& group);

  explicit FusedKernel(const FusedGroup& group);
  ~FusedKernel();
  FusedKernel(const FusedKernel&) = delete;

  const FusedGroup& group() const { return group_; }

  // Computes all outputs from concrete inputs. Where `reuse[j]` is not negative the caller gives up that input, and
  // output j may take its memory. An output that is there already is written to: it must have the result's shape and
  // rows without gaps. False, with nothing done, if the inputs' shapes cannot be broadcast together.
  bool run(Array* const* in, Array* out, const std::int16_t* reuse, JitMode mode);

  // The same for operands whose elements lie in a row without gaps, outputs first; `scalars`: the inputs that are a
  // single element. Of so few elements, and more than none, that no other thread would help.
  bool is_row(std::int64_t n) const { return n > 0 && n < 2 * grain_; }
  void run_row(const OperandMask& scalars, std::byte* const* operands, std::int64_t n, JitMode mode) {
    run_flat(choose(scalars, n, mode), scalars, operands, n);
  }

  // Code for operands of one shape that lie in a certain way, and what it is told of them: for calls that differ in
  // places alone, without the work of finding out. Operands are outputs, then inputs.
  class Prepared;
  // False where there is none yet, or where the operands are better looked at in each call.
  bool prepare(const Shape& shape, std::span<const LoopOperand> operands, Prepared& prepared) const;
  void run_prepared(const Prepared& prepared, std::span<const LoopOperand> operands) const;
  // Few elements, which lie far from each other: they are put into rows, and the results where they belong.
  void run_scattered(Shape shape, std::vector<LoopOperand> operands, JitMode mode);

  int num_compiled() const;  // variants with code
  std::int64_t grain() const { return grain_; }

 private:
  struct Variant;

 public:
  // How such rows are computed, chosen once for `n` elements in many rows.
  struct Row {
    const Variant* variant = nullptr;
    OperandMask scalars;
  };
  Row prepare_row(const OperandMask& scalars, std::int64_t n, JitMode mode) {
    return {choose(scalars, n, mode), scalars};
  }
  // Elements that code computes at a time; a row of a multiple of them has no rest that costs a call of its own.
  std::int64_t lanes(const Row& row) const;
  void run_row(const Row& row, std::byte* const* operands, std::int64_t n) const {
    run_flat(row.variant, row.scalars, operands, n);
  }

 private:
  struct Variant {
    OperandMask scalars;
    std::vector<std::uint8_t> scalar_list;  // the same, as numbers
    Isa isa;
    CompiledKernel kernel;
    Variant* next;
    // Of heavy operations, which block kernels may compute as quickly: both ways are tried.
    enum class Way : std::uint8_t { open, code, blocks };
    mutable std::atomic<Way> way{Way::code};
    mutable std::atomic<unsigned> turns{0};
    mutable std::atomic<float> code_ns{1e9f}, blocks_ns{1e9f};  // the least that an element took
  };
  // Code that walks operands of a certain layout by itself.
  struct Walk {
    std::vector<std::int8_t> kinds;  // of the operands' strides
    std::vector<int> ahead;          // operands that it fetches before they are needed
    std::size_t loops;
    Isa isa;
    CompiledNest code;
    Walk* next;
    bool serves(const Loops& l) const { return loops == l.count() && kinds == l.kinds && ahead == l.ahead; }
  };
  struct Loop;

  enum class Due : std::uint8_t { nothing, stored, code };
  Due due(std::int64_t n, JitMode mode, int gathered);
  const Walk* choose_walk(const Loops& loops, std::int64_t n, JitMode mode, int gathered);
  const Walk* find_walk(const Loops& loops, Isa isa) const;
  Walk* compile_walk(const Loops& loops, Isa isa, JitMode mode, Due due);
  void run_walk(const Walk& walk, const Loops& loops, const Loop& loop) const;
  Variant* find(const OperandMask& scalars, Isa isa) const;
  Variant* choose(const OperandMask& scalars, std::int64_t n, JitMode mode);
  Variant* compile(const OperandMask& scalars, Isa isa, JitMode mode, Due due);
  void allocate(Array* const* in, Array* out, const std::int16_t* reuse, const Shape& shape, std::byte** data);
  bool run_plain(Array* const* in, Array* out, const std::int16_t* reuse, JitMode mode);
  bool run_profiled(Array* const* in, Array* out, const std::int16_t* reuse, JitMode mode);
  bool run_in_memory_order(Array* const* in, Array* out, JitMode mode);
  bool run_general(Array* const* in, Array* out, const std::int16_t* reuse, JitMode mode);
  // The same for one output, written past the caches. Moves the operands on.
  void run_streamed(const Variant* variant, const OperandMask& scalars, std::byte** operands, std::int64_t n) const;
  void run_flat(const Variant* variant, const OperandMask& scalars, std::byte* const* operands, std::int64_t n) const;
  void run_code(const Variant& variant, std::byte* const* operands, std::int64_t n) const;
  void run_tried(const Variant& variant, const OperandMask& scalars, std::byte* const* operands, std::int64_t n) const;
  void run_tail(const Variant& variant, std::byte* scalars, std::byte* const* operands, std::int64_t begin,
                std::int64_t n) const;
  void run_rows(Loop& loop) const;
  void run_gathered(Loop& loop) const;
  bool run_repeated(Loop& loop, JitMode mode);
  bool is_better_repeated(const Loop& loop, int inner) const;
  bool run_walked(const Loop& loop, JitMode mode, int with_gaps);

  const FusedGroup group_;
  const BlockInterpreter interpreter_;
  std::vector<std::uint8_t> sizes_;  // bytes of an element of each operand
  std::int64_t grain_;               // elements that are worth a thread's while
  double interpreted_ns_;            // roughly, an element by block kernels
  double compile_ns_;
  std::atomic<std::int64_t> spent_ns_{0};  // by block kernels so far
  std::atomic<Variant*> variants_{nullptr};
  std::atomic<Walk*> walks_{nullptr};
  std::mutex compiling_;
  std::atomic<bool> looked_{false};   // for stored code that is not there
  std::atomic<bool> no_code_{false};  // code could not be made, or there are too many variants
  std::atomic<bool> too_many_walks_{false};
};

class FusedKernel::Prepared {
 public:
  bool serves(const Shape& shape, std::span<const LoopOperand> operands) const;

 private:
  friend class FusedKernel;
  Shape shape_;
  std::vector<Strides> strides_;
  const Walk* walk_ = nullptr;  // all of it at once …
  std::vector<std::int64_t> parameters_;
  const Variant* variant_ = nullptr;  // … or row by row
  OperandMask scalars_;
};

// The process's code for nests: equal ones share it.
std::shared_ptr<const CompiledNest> cached_nest(const Nest& nest, Isa isa);
// The same where nothing has to be made: of the process's cache, or out of a file; else nothing.
std::shared_ptr<const CompiledNest> known_nest(const Nest& nest, Isa isa);

}  // namespace tnp::compiler

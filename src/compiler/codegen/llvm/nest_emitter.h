#pragma once

// From a loop nest to LLVM IR. Variables are stack slots, which SROA turns into registers; rows are loops over vectors
// with a loop over single elements for the rest; what small arrays are computed with has no loops.
#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "compiler/codegen/codegen.h"
#include "compiler/codegen/llvm/elements.h"
#include "compiler/codegen/llvm/quotients.h"
#include "compiler/codegen/llvm/small_arrays.h"

namespace tnp::compiler {

class NestEmitter {
  using Kind = NestStatement::Kind;
  enum Argument : unsigned { kArguments, kParameters, kInterval, kPoll, kCall, kContext };
  static constexpr int kMostScattered = 128;  // elements of a turn that are loaded or stored one by one
  static constexpr int kHeavyCycles = 12;     // of a group: fewer lanes take less time

 public:
  NestEmitter(Jit& jit, const Nest& nest, Isa isa)
      : context_(jit.context()),
        nest_(nest),
        isa_(isa),
        module_(jit.new_module(isa, kCodeName)),
        b_(context_),
        small_(b_, isa) {
    llvm::Type* pointer = b_.getPtrTy();
    auto* type =
        llvm::FunctionType::get(b_.getInt64Ty(), {pointer, pointer, b_.getInt64Ty(), pointer, pointer, pointer}, false);
    function_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, kCodeName, *module_);
    function_->addFnAttr(llvm::Attribute::NoUnwind);
    function_->addFnAttr("stackrealign");
    elements_.emplace(jit, *function_, b_, isa);
  }

  void emit() {
    declare(nest_.statements);
    elements_->choose_inlined();
    b_.SetInsertPoint(block("entry"));
    make_variables();
    emit(nest_.statements);
    for (std::size_t i = 0; i < nest_.arguments.size(); ++i)
      b_.CreateStore(pointer(nest_.arguments[i]), argument_slot(i));
    leave(NestStatus::done);
    leave_for_wrong_index();
  }
  llvm::Module& module() { return *module_; }
  llvm::Function& function() { return *function_; }

 private:
  llvm::BasicBlock* block(const char* name) { return llvm::BasicBlock::Create(context_, name, function_); }
  void leave(NestStatus status) { b_.CreateRet(b_.getInt64(static_cast<std::uint64_t>(status))); }
  llvm::Value* argument_slot(std::size_t i) {
    return b_.CreateConstGEP1_32(b_.getPtrTy(), function_->getArg(kArguments), static_cast<unsigned>(i));
  }
  // Continues where `wrong` is false; where it is true the function is left.
  void leave_if(llvm::Value* wrong, NestStatus status) {
    auto *out = block("leave"), *on = block("on");
    b_.CreateCondBr(wrong, out, on, llvm::MDBuilder(context_).createBranchWeights(1, 1 << 20));
    b_.SetInsertPoint(out);
    leave(status);
    b_.SetInsertPoint(on);
  }

  void declare(const std::vector<NestStatement>& statements) {
    for (const NestStatement& s : statements) {
      declare(s.head);
      declare(s.body);
      declare(s.otherwise);
      if (s.kind != Kind::compute) continue;
      const int count = count_of(s);
      for (int c = 0; c < SmallArrays::chunks(count) && (!masks_rest(s) || s.step != kNone); ++c)
        elements_->declare(s.group, count > 1 ? chunk_lanes(s, count - c * kChunk) : 1);
      if (s.step != kNone) {
        elements_->declare(s.group, kChunk);
        continue;
      }
      if (!s.points.empty()) {
        elements_->declare(s.group, kChunk);
        elements_->declare(s.group, kChunk / 2);
      }
      if (vectorizes(s)) elements_->declare(s.group, vector_lanes(s.group, isa_));
      if (halves_rest(s)) elements_->declare(s.group, vector_lanes(s.group, isa_) / 2);
    }
  }

  void make_variables() {
    for (const NestVariable& v : nest_.variables) {
      Slots s;
      llvm::Type* type = v.pointer ? b_.getPtrTy() : elements_->element_type(v.dtype);
      if (v.elements > 1)
        type = llvm::ArrayType::get(elements_->vector_type(v.dtype, kChunk),
                                    static_cast<std::uint64_t>(SmallArrays::chunks(v.elements)));
      s.re = b_.CreateAlloca(type);
      if (v.elements > 1) s.re->setAlignment(llvm::Align(64));
      if (!v.pointer && is_complex(v.dtype)) s.im = b_.CreateAlloca(elements_->element_type(v.dtype));
      slots_.push_back(s);
    }
    countdown_ = b_.CreateAlloca(b_.getInt64Ty());
    b_.CreateStore(function_->getArg(kInterval), countdown_);
    for (std::size_t i = 0; i < nest_.arguments.size(); ++i)
      set_pointer(nest_.arguments[i], b_.CreateLoad(b_.getPtrTy(), argument_slot(i)));
    for (int p = 0; p < nest_.num_parameters; ++p) {
      llvm::Value* at =
          b_.CreateConstGEP1_32(b_.getInt64Ty(), function_->getArg(kParameters), static_cast<unsigned>(p));
      parameters_.push_back(b_.CreateLoad(b_.getInt64Ty(), at));
    }
  }

  struct Slots {
    llvm::AllocaInst* re = nullptr;
    llvm::AllocaInst* im = nullptr;
  };
  Slots& slot(int v) { return slots_[static_cast<std::size_t>(v)]; }
  const NestVariable& variable(int v) const { return nest_.variables[static_cast<std::size_t>(v)]; }
  llvm::Value* parameter(int p) const { return parameters_[static_cast<std::size_t>(p)]; }
  llvm::Value* pointer(int v) { return b_.CreateLoad(b_.getPtrTy(), slot(v).re); }
  void set_pointer(int v, llvm::Value* to) { b_.CreateStore(to, slot(v).re); }
  Registers element(int v) {
    llvm::Type* type = elements_->element_type(variable(v).dtype);
    return {b_.CreateLoad(type, slot(v).re), slot(v).im ? b_.CreateLoad(type, slot(v).im) : nullptr};
  }
  void set_element(int v, const Registers& to) {
    b_.CreateStore(to.re, slot(v).re);
    if (slot(v).im) b_.CreateStore(to.im, slot(v).im);
  }

  // Small arrays; an element is the one chunk of an array of it alone.
  llvm::Value* chunk_slot(int v, int chunk) {
    return b_.CreateConstGEP1_32(elements_->vector_type(variable(v).dtype, kChunk), slot(v).re,
                                 static_cast<unsigned>(chunk));
  }
  llvm::Align chunk_align(int v) const {
    return llvm::Align(static_cast<std::uint64_t>(std::min(64, kChunk * itemsize(variable(v).dtype))));
  }
  SmallArrays::Chunks chunks(int v) {
    if (variable(v).elements == 1) return {elements_->splat(element(v), kChunk).re};
    SmallArrays::Chunks out;
    for (int c = 0; c < SmallArrays::chunks(variable(v).elements); ++c)
      out.push_back(
          b_.CreateAlignedLoad(elements_->vector_type(variable(v).dtype, kChunk), chunk_slot(v, c), chunk_align(v)));
    return out;
  }
  void set_chunks(int v, const SmallArrays::Chunks& to) {
    if (variable(v).elements == 1) return set_element(v, {to[0], nullptr});
    for (std::size_t c = 0; c < to.size(); ++c)
      b_.CreateAlignedStore(to[c], chunk_slot(v, static_cast<int>(c)), chunk_align(v));
  }
  // Elements of the result of a computation without loops.
  int count_of(const NestStatement& s) const { return s.extents.empty() ? variable(s.to[0]).elements : 1; }
  void compute_small(const NestStatement& s);
  SmallArrays::Chunks operands(const NestStatement& s, const std::vector<SmallArrays::Chunks>& from, int first);
  // In how many lanes a chunk is computed of which `left` elements are there.
  int chunk_lanes(const NestStatement& s, int left) const {
    if (left > kChunk / 2 || count_of(s) == 1 || s.group.cycles() < kHeavyCycles) return kChunk;
    return left == 1 ? 1 : kChunk / 2;
  }
  void fold(const NestStatement& s);
  void join(const NestStatement& s);
  static std::vector<int> apart(const NestStatement& s, int first, int n);
  void load_small(const NestStatement& s);
  void store_small(const NestStatement& s);

  void emit(const std::vector<NestStatement>& statements) {
    for (const NestStatement& s : statements) emit(s);
  }
  void emit(const NestStatement& s);
  std::vector<Registers> outputs_of(const FusedGroup& group, std::vector<Registers> values, int lanes,
                                    llvm::Value* mask = nullptr);
  void divide_by_shared(const FusedGroup& group, const SharedDivisor& shared, std::vector<Registers>& values,
                        llvm::Value* mask);
  // Whether the innermost loop is done by vectors: not if they would have to be put together element by element, and
  // there are many or little is done with them.
  bool vectorizes(const NestStatement& s) const {
    if (s.extents.empty()) return false;
    const bool down = s.boxes > 0 && s.strides.back().back() != kUnit;  // a few columns
    if (down && s.group.cycles() < kHeavyCycles) return false;
    const auto scattered = std::count_if(s.strides.begin(), s.strides.end(),
                                         [](const std::vector<int>& strides) { return strides.back() >= 0; });
    return scattered * vector_lanes(s.group, isa_) <= kMostScattered;
  }
  // Whether there are gaps between the elements of an operand of the innermost loop.
  static bool has_gaps(const NestStatement& s) {
    return std::any_of(s.strides.begin(), s.strides.end(), [](const std::vector<int>& strides) {
      return strides.back() != kUnit && strides.back() != kNone;
    });
  }
  using Pointers = std::vector<llvm::Value*>;  // of inputs, then outputs; null: an element in a variable
  void compute_rows(const NestStatement& s);
  void compute_boxes(const NestStatement& s);
  void rows(const NestStatement& s, std::size_t loop, const Pointers& pointers);
  void innermost(const NestStatement& s, const Pointers& pointers);
  void sum_pairs(const NestStatement& s, const Pointers& pointers);
  // A loop, whose turns get an index each, from `start` on in whole steps before `end`. Gives where that ended.
  llvm::Value* turns(llvm::Value* start, int step, llvm::Value* end, const std::function<void(llvm::Value*)>& turn);
  void short_rows(const NestStatement& s, const Pointers& pointers);
  void some_short_rows(const NestStatement& s, const std::vector<SmallArrays::Chunks>& same, llvm::Value* row,
                       int lanes, const Pointers& pointers);
  void short_columns(const NestStatement& s, const Pointers& pointers);
  SmallArrays::Chunks short_operand(const NestStatement& s, std::size_t k, llvm::Value* pointer, llvm::Value* row,
                                    int lanes);
  llvm::Value* row_loop(const NestStatement& s, int lanes, llvm::Value* start, const Pointers& pointers);
  std::vector<Registers> same_along_row(const NestStatement& s, int lanes, const Pointers& pointers);
  void row_turn(const NestStatement& s, int lanes, llvm::Value* index, std::vector<Registers> in,
                const Pointers& pointers, llvm::Value* mask);
  Registers load_along(int stride, llvm::Value* pointer, DType d, int lanes);
  void store_along(int stride, llvm::Value* pointer, const Registers& value, DType d, int lanes);
  // Whether rows are folded, all of them for a vector of columns.
  static bool folds_rows(const NestStatement& s) { return s.fold != Fold::none && s.step == kNone; }
  Registers below(const NestStatement& s, std::size_t k, int lanes, llvm::Value* index, llvm::Value* from,
                  llvm::Value* row, llvm::Value* mask);
  void fold_turn(const NestStatement& s, int lanes, llvm::Value* index, const Pointers& pointers, llvm::Value* mask);
  class PairTerms;
  class PairSums;
  class FewPairs;
  void row_rest(const NestStatement& s, int lanes, llvm::Value* start, const Pointers& pointers);
  // Whether what whole vectors leave of a row is one more vector, of which some lanes are looked at.
  bool masks_rest(const NestStatement& s) const {
    const auto fits = [&](int v) { return !is_complex(variable(v).dtype); };
    return isa_ == Isa::avx512 && vectorizes(s) && !has_gaps(s) && std::all_of(s.from.begin(), s.from.end(), fits) &&
           std::all_of(s.to.begin(), s.to.end(), fits);
  }
  // Whether it takes long, and short vectors are divided in less time.
  bool halves_rest(const NestStatement& s) const {
    return masks_rest(s) && vector_lanes(s.group, isa_) == 8 && s.group.cycles() >= kHeavyCycles;
  }
  void call(const NestStatement& s);
  void address(const NestStatement& s);
  llvm::Value* integer(int v);
  llvm::BasicBlock* wrong_index(llvm::Value* index, llvm::Value* size, int axis);
  void leave_for_wrong_index();
  void loop(const NestStatement& s);
  void branch(const NestStatement& s);
  void poll(llvm::Value* cycles);
  // What a loop's only write stored the last time, and where: it is often what the next turn reads.
  struct LastWrite {
    const NestStatement* store = nullptr;
    std::vector<const NestStatement*> loads;  // that may read it
    llvm::AllocaInst* address = nullptr;
    llvm::AllocaInst* value = nullptr;
  };
  LastWrite last_write(const NestStatement& loop);
  llvm::Value* load_after_write(const NestStatement& s);

  llvm::LLVMContext& context_;
  const Nest& nest_;
  Isa isa_;
  std::unique_ptr<llvm::Module> module_;
  llvm::IRBuilder<> b_;
  SmallArrays small_;
  llvm::Function* function_;
  std::optional<ElementEmitter> elements_;
  std::vector<Slots> slots_;
  std::vector<llvm::Value*> parameters_;
  llvm::AllocaInst* countdown_ = nullptr;
  LastWrite last_write_;
  struct WrongIndex {
    llvm::BasicBlock* block = nullptr;
    llvm::PHINode* facts[3] = {};  // index, size, axis
  };
  WrongIndex wrong_index_;
};

}  // namespace tnp::compiler

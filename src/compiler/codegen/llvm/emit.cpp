// From a fused group to LLVM IR: a loop over vectors of `lanes` elements, whose body is a sequence of calls of the
// library's functions. Those are inlined while the kernel stays small.
#include <llvm/IR/Verifier.h>

#include <algorithm>
#include <chrono>

#include "compiler/code_cache.h"
#include "compiler/codegen/codegen.h"
#include "compiler/codegen/llvm/elements.h"
#include "ops/elementwise/family.h"
#include "runtime/profile.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

constexpr unsigned kUnrollBudget = 64;  // instructions: lighter loops do four vectors a turn

// Of AVX2 two registers are one vector here: operations on both lie side by side, and share what they load of constants
// (Black–Scholes in the cache, an element: 6.8 ns, otherwise 8.0). For AVX-512 the library has no such functions.
int wide_lanes(const FusedGroup& group, Isa isa) {
  const int lanes = vector_lanes(group, isa);
  return isa == Isa::avx2 && lanes < 16 ? 2 * lanes : lanes;
}

class KernelEmitter {
 public:
  KernelEmitter(Jit& jit, const FusedGroup& group, const OperandMask& scalars, Isa isa)
      : jit_(jit),
        group_(group),
        scalars_(scalars),
        module_(jit.new_module(isa, kCodeName)),
        b_(jit.context()),
        lanes_(wide_lanes(group, isa)) {
    llvm::Type* pointer = b_.getPtrTy();
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), {pointer, pointer, pointer, b_.getInt64Ty()}, false);
    kernel_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, kCodeName, *module_);
    kernel_->addFnAttr(llvm::Attribute::NoUnwind);
    kernel_->addFnAttr("stackrealign");  // what is spilled must not straddle cache lines
    kernel_->addParamAttr(0, llvm::Attribute::NoAlias);
    if (scalars.any()) {
      const std::uint64_t bytes = scalars.count() * kScalarBytes;
      kernel_->addParamAttr(0, llvm::Attribute::getWithDereferenceableBytes(jit.context(), bytes));
    }
    elements_.emplace(jit, *kernel_, b_, isa);
  }

  void emit();
  int lanes() const { return step_ * lanes_; }
  llvm::Module& module() { return *module_; }
  llvm::Function& kernel() { return *kernel_; }

 private:
  Registers load_scalar(int slot, DType d);
  void turn(llvm::Value* index, int count);
  llvm::Value* loop(int count, llvm::Value* start);

  Jit& jit_;
  const FusedGroup& group_;
  const OperandMask& scalars_;
  std::unique_ptr<llvm::Module> module_;
  llvm::IRBuilder<> b_;
  llvm::Function* kernel_;
  std::optional<ElementEmitter> elements_;
  int lanes_;                           // of a vector
  int step_ = 1;                        // vectors that the kernel's n must be a multiple of
  std::vector<llvm::Value*> pointers_;  // of each operand
};

// A scalar is read where it is used, from memory next to the others: the code generator folds it into the instruction,
// or keeps it in a register while it has some to spare. Held in registers from the start, many of them would be
// spilled.
Registers KernelEmitter::load_scalar(int slot, DType d) {
  const auto splat = [&](int offset) {
    llvm::Value* pointer = b_.CreateConstGEP1_64(b_.getInt8Ty(), kernel_->getArg(0), slot * kScalarBytes + offset);
    llvm::LoadInst* element = b_.CreateAlignedLoad(elements_->element_type(d), pointer, elements_->align_of(d));
    element->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(jit_.context(), {}));
    return elements_->splat({element, nullptr}, lanes_).re;
  };
  return {splat(0), is_complex(d) ? splat(part_bytes(d)) : nullptr};
}

// One turn: `count` vectors from `index` on, operation by operation, so that their chains of dependent instructions,
// which are longer than what the processor looks ahead, overlap.
void KernelEmitter::turn(llvm::Value* index, int count) {
  const int inputs = group_.num_inputs(), outputs = group_.num_outputs();
  std::vector<llvm::Value*> at;
  for (int u = 0; u < count; ++u) at.push_back(u ? b_.CreateNSWAdd(index, b_.getInt64(u * lanes_)) : index);
  const auto address = [&](int operand, DType d, int u) {
    return b_.CreateGEP(llvm::ArrayType::get(b_.getInt8Ty(), itemsize(d)), pointers_[operand], at[u]);
  };
  std::vector<std::vector<Registers>> values(group_.num_values(), std::vector<Registers>(count));
  for (int k = 0, slot = 0; k < inputs; ++k) {
    const DType d = group_.inputs[k];
    const Registers scalar = scalars_[k] ? load_scalar(slot++, d) : Registers{};
    for (int u = 0; u < count; ++u)
      values[k][u] = scalars_[k] ? scalar : elements_->load(address(outputs + k, d, u), d, lanes_);
  }
  for (std::size_t i = 0; i < group_.ops.size(); ++i) {
    const FusedOp& op = group_.ops[i];
    for (int u = 0; u < count; ++u) {
      const auto in = [&](int k) { return k < op.arity ? values[op.in[k]][u] : Registers{}; };
      values[inputs + i][u] = elements_->apply(op, {in(0), in(1), in(2)}, lanes_);
    }
  }
  for (int u = 0; u < count; ++u) {
    for (int j = 0; j < outputs; ++j) {
      const int v = group_.outputs[j];
      elements_->store(address(j, group_.dtype(v), u), values[v][u], group_.dtype(v), lanes_);
    }
  }
}

// A loop of `count` vectors a turn from `start` while that many fit below the kernel's n; gives where it ended, and
// leaves the builder there.
llvm::Value* KernelEmitter::loop(int count, llvm::Value* start) {
  llvm::LLVMContext& context = jit_.context();
  llvm::BasicBlock* before = b_.GetInsertBlock();
  auto* test = llvm::BasicBlock::Create(context, "test", kernel_);
  auto* body = llvm::BasicBlock::Create(context, "turn", kernel_);
  auto* after = llvm::BasicBlock::Create(context, "after", kernel_);
  b_.CreateBr(test);
  b_.SetInsertPoint(test);
  llvm::PHINode* index = b_.CreatePHI(b_.getInt64Ty(), 2);
  index->addIncoming(start, before);
  llvm::Value* next = b_.CreateNSWAdd(index, b_.getInt64(count * lanes_));
  b_.CreateCondBr(b_.CreateICmpSLE(next, kernel_->getArg(3)), body, after);
  b_.SetInsertPoint(body);
  turn(index, count);
  index->addIncoming(next, b_.GetInsertBlock());
  b_.CreateBr(test);
  b_.SetInsertPoint(after);
  return index;
}

void KernelEmitter::emit() {
  elements_->declare(group_, lanes_);
  elements_->choose_inlined();
  b_.SetInsertPoint(llvm::BasicBlock::Create(jit_.context(), "entry", kernel_));
  const int operands = group_.num_outputs() + group_.num_inputs();
  for (int k = 0; k < operands; ++k) {
    llvm::Value* slot = b_.CreateConstGEP1_64(b_.getPtrTy(), kernel_->getArg(1), k);
    pointers_.push_back(b_.CreateLoad(b_.getPtrTy(), slot));
  }
  llvm::Value* start = b_.getInt64(0);
  const unsigned size = elements_->inlined() + static_cast<unsigned>(operands);
  if (size < kUnrollBudget) {
    loop(1, loop(4, start));
  } else if (size < kInterleaveBudget) {
    step_ = 2;
    loop(2, start);
  } else {
    loop(1, start);
  }
  b_.CreateRetVoid();
}

CodeKey key_of(const FusedGroup& group, const OperandMask& scalars, Isa isa) {
  CodeKey key("kernel", target_name(isa));
  key.add(group);
  key.add(scalars);
  return key;
}

}  // namespace

std::optional<CompiledKernel> stored_kernel(const FusedGroup& group, const OperandMask& scalars, Isa isa) {
  if (!keeps_code()) return std::nullopt;
  const auto start = std::chrono::steady_clock::now();
  const ProfileSpan span("load", "a kernel");
  const CodeKey key = key_of(group, scalars, isa);
  const std::optional<std::string> stored = load_code(key);
  if (!stored) return std::nullopt;
  const int lanes = stored->empty() ? 0 : static_cast<unsigned char>(stored->back());
  std::optional<Jit::Code> code = link_stored(std::string_view(*stored).substr(0, stored->size() - 1));
  if (!code || lanes == 0) {
    reject_code(key);
    return std::nullopt;
  }
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return CompiledKernel{reinterpret_cast<RowFunction>(code->address), lanes, elapsed.count(), std::move(code->owner)};
}

CompiledKernel compile_kernel(const FusedGroup& group, const OperandMask& scalars, Isa isa) {
  if (std::optional<CompiledKernel> stored = stored_kernel(group, scalars, isa)) return std::move(*stored);
  const auto start = std::chrono::steady_clock::now();
  Jit& jit = Jit::get();
  const std::lock_guard lock(jit.mutex());
  const CompilationSpan span("a kernel");
  KernelEmitter emitter(jit, group, scalars, isa);
  emitter.emit();
#ifndef NDEBUG
  if (llvm::verifyFunction(emitter.kernel())) throw RuntimeError("a fused kernel is not valid LLVM IR");
#endif
  jit.optimize(emitter.module(), emitter.kernel(), isa);
  std::string object = jit.make_object(emitter.module(), isa);
  Jit::Code code = jit.link(object);
  if (keeps_code()) {
    object += static_cast<char>(emitter.lanes());
    store_code(key_of(group, scalars, isa), object);
  }
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return {reinterpret_cast<RowFunction>(code.address), emitter.lanes(), elapsed.count(), std::move(code.owner)};
}

std::string kernel_text(const FusedGroup& group, const OperandMask& scalars, Isa isa, std::string_view stage) {
  Jit& jit = Jit::get();
  const std::lock_guard lock(jit.mutex());
  KernelEmitter emitter(jit, group, scalars, isa);
  emitter.emit();
  if (stage != "ir") jit.optimize(emitter.module(), emitter.kernel(), isa);
  if (stage == "asm") return jit.assembly(emitter.module(), isa);
  std::string text;
  llvm::raw_string_ostream out(text);
  emitter.module().print(out, nullptr);
  return text;
}

double estimated_compile_ms(const FusedGroup& group) {
  double ms = 2;
  for (const FusedOp& op : group.ops) ms += op.op ? std::min(0.05 * op.op->elementwise->cycles, 1.0) : 0.05;
  return ms;
}

}  // namespace tnp::compiler

// From a fused group to LLVM IR: a loop over vectors of `lanes` elements, whose body is a sequence of calls of the
// library's functions. Those are inlined while the kernel stays small.
//
// Values live in registers between the calls; the functions take pointers (bitcode_abi.h), so each call has temporaries
// on the stack, which inlining and SROA take away. Complex numbers are two vectors.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Verifier.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "compiler/codegen/codegen.h"
#include "compiler/codegen/llvm/jit.h"
#include "ops/elementwise/family.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

constexpr unsigned kSmallFunction = 48;      // instructions: always inlined
constexpr unsigned kInlineBudget = 2500;     // instructions of larger functions that a kernel may take in
constexpr unsigned kUnrollBudget = 64;       // instructions: lighter loops do four vectors a turn
constexpr unsigned kInterleaveBudget = 800;  // lighter ones two

// A value in registers: one vector, or the two parts of complex numbers.
struct Registers {
  llvm::Value* re = nullptr;
  llvm::Value* im = nullptr;
};

int part_bytes(DType d) { return is_complex(d) ? itemsize(d) / 2 : itemsize(d); }

class KernelEmitter {
 public:
  KernelEmitter(Jit& jit, const FusedGroup& group, const OperandMask& scalars, Isa isa, const std::string& name)
      : jit_(jit),
        group_(group),
        scalars_(scalars),
        isa_(isa),
        module_(jit.new_module(isa, name)),
        importer_(*module_),
        b_(jit.context()) {
    int widest = 1;
    for (int v = 0; v < group.num_values(); ++v) widest = std::max(widest, part_bytes(group.dtype(v)));
    for (const FusedOp& op : group.ops) widest = std::max(widest, part_bytes(op.compute));
    lanes_ = std::clamp((16 << static_cast<int>(isa)) / widest, 4, 16);
    llvm::Type* pointer = b_.getPtrTy();
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), {pointer, pointer, pointer, b_.getInt64Ty()}, false);
    kernel_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, *module_);
    kernel_->addFnAttr(llvm::Attribute::NoUnwind);
    kernel_->addFnAttr("stackrealign");  // what is spilled must not straddle cache lines
    kernel_->addParamAttr(0, llvm::Attribute::NoAlias);
    if (scalars.any()) {
      const std::uint64_t bytes = scalars.count() * kScalarBytes;
      kernel_->addParamAttr(0, llvm::Attribute::getWithDereferenceableBytes(jit.context(), bytes));
    }
  }

  void emit();
  int lanes() const { return step_ * lanes_; }
  llvm::Module& module() { return *module_; }
  llvm::Function& kernel() { return *kernel_; }

 private:
  llvm::Type* element_type(DType d) {
    switch (part_bytes(d)) {
      case 1:
        return b_.getInt8Ty();
      case 2:
        return b_.getInt16Ty();
      case 4:
        return d == DType::float32 || d == DType::complex64 ? b_.getFloatTy() : b_.getInt32Ty();
      default:
        return d == DType::float64 || d == DType::complex128 ? b_.getDoubleTy() : b_.getInt64Ty();
    }
  }
  llvm::FixedVectorType* vector_type(DType d) { return llvm::FixedVectorType::get(element_type(d), lanes_); }
  llvm::Align align_of(DType d) { return llvm::Align(part_bytes(d)); }

  void choose_functions();
  llvm::Function* function_of(const FusedOp& op) const { return functions_.at(&op - group_.ops.data()); }
  Registers load_scalar(int slot, DType d);
  Registers load(llvm::Value* pointer, DType d);
  void store(llvm::Value* pointer, const Registers& value, DType d);
  llvm::AllocaInst* temporary(DType d, int slot);
  void put(llvm::Value* temporary, const Registers& value, DType d);
  Registers take(llvm::Value* temporary, DType d);
  Registers call(llvm::Function* function, DType result, std::initializer_list<std::pair<Registers, DType>> in);
  Registers convert(const FusedOp& op, const Registers& x);
  void turn(llvm::Value* index, int count);
  llvm::Value* loop(int count, llvm::Value* start);

  Jit& jit_;
  const FusedGroup& group_;
  const OperandMask& scalars_;
  Isa isa_;
  std::unique_ptr<llvm::Module> module_;
  Importer importer_;
  llvm::IRBuilder<> b_;
  llvm::Function* kernel_;
  int lanes_;                               // of a vector
  int step_ = 1;                            // vectors that the kernel's n must be a multiple of
  unsigned inlined_ = 0;                    // instructions
  std::vector<llvm::Function*> functions_;  // of each operation; null where the emitter needs none
  std::vector<llvm::Value*> pointers_;      // of each operand
  std::vector<std::pair<std::pair<llvm::Type*, int>, llvm::AllocaInst*>> temporaries_;
};

// Imports each operation's function and decides which are inlined: all that are small, and of the others those that the
// kernel uses least in total until the budget is spent, since code generation is more than linear in a function's size.
void KernelEmitter::choose_functions() {
  struct Use {
    llvm::Function* function;
    unsigned size, count;
  };
  std::vector<Use> uses;
  BitcodeLibrary& library = jit_.library(isa_);
  for (const FusedOp& op : group_.ops) {
    llvm::Function* source = nullptr;
    if (op.op) {
      source = library.operation(op.op->name, op.compute, lanes_);
    } else {
      const DType from = real_of(op.compute), to = real_of(op.dtype);
      if (from != to) source = library.conversion(from, to, lanes_);
    }
    functions_.push_back(source ? importer_.import(source) : nullptr);
    if (source == nullptr) continue;
    const auto known =
        std::find_if(uses.begin(), uses.end(), [&](const Use& u) { return u.function == functions_.back(); });
    if (known != uses.end()) {
      ++known->count;
    } else {
      uses.push_back({functions_.back(), functions_.back()->getInstructionCount(), 1});
    }
  }
  std::sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return a.size * a.count < b.size * b.count; });
  unsigned budget = kInlineBudget;
  for (const Use& use : uses) {
    const unsigned total = use.size * use.count;
    const bool small = use.size <= kSmallFunction;
    const bool taken = small || total <= budget;
    if (taken && !small) budget -= total;
    if (taken) inlined_ += total;
    use.function->removeFnAttr(llvm::Attribute::NoInline);
    use.function->addFnAttr(taken ? llvm::Attribute::AlwaysInline : llvm::Attribute::NoInline);
    if (!taken) inlined_ += kInterleaveBudget;  // a loop with calls stays as it is
  }
  for (llvm::Function* function : importer_.functions()) jit_.set_target(*function, isa_);
  jit_.set_target(*kernel_, isa_);
}

// A scalar is read where it is used, from memory next to the others: the code generator folds it into the instruction,
// or keeps it in a register while it has some to spare. Held in registers from the start, many of them would be
// spilled.
Registers KernelEmitter::load_scalar(int slot, DType d) {
  const auto splat = [&](int offset) {
    llvm::Value* pointer = b_.CreateConstGEP1_64(b_.getInt8Ty(), kernel_->getArg(0), slot * kScalarBytes + offset);
    llvm::LoadInst* element = b_.CreateAlignedLoad(element_type(d), pointer, align_of(d));
    element->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(jit_.context(), {}));
    return b_.CreateVectorSplat(lanes_, element);
  };
  return {splat(0), is_complex(d) ? splat(part_bytes(d)) : nullptr};
}

Registers KernelEmitter::load(llvm::Value* pointer, DType d) {
  if (!is_complex(d)) return {b_.CreateAlignedLoad(vector_type(d), pointer, align_of(d)), nullptr};
  auto* pairs = b_.CreateAlignedLoad(llvm::FixedVectorType::get(element_type(d), 2 * lanes_), pointer, align_of(d));
  std::vector<int> even, odd;
  for (int i = 0; i < lanes_; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
  }
  return {b_.CreateShuffleVector(pairs, even), b_.CreateShuffleVector(pairs, odd)};
}

void KernelEmitter::store(llvm::Value* pointer, const Registers& value, DType d) {
  llvm::Value* whole = value.re;
  if (is_complex(d)) {
    std::vector<int> interleaved;
    for (int i = 0; i < lanes_; ++i) {
      interleaved.push_back(i);
      interleaved.push_back(lanes_ + i);
    }
    whole = b_.CreateShuffleVector(value.re, value.im, interleaved);
  }
  b_.CreateAlignedStore(whole, pointer, align_of(d));
}

// Stack memory for an argument, shared by all calls: each fills it anew.
llvm::AllocaInst* KernelEmitter::temporary(DType d, int slot) {
  llvm::Type* type = vector_type(d);
  if (is_complex(d)) type = llvm::ArrayType::get(type, 2);
  for (const auto& [key, memory] : temporaries_) {
    if (key.first == type && key.second == slot) return memory;
  }
  llvm::BasicBlock& entry = kernel_->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  llvm::AllocaInst* memory = at_entry.CreateAlloca(type);
  memory->setAlignment(llvm::Align(64));
  temporaries_.push_back({{type, slot}, memory});
  return memory;
}

void KernelEmitter::put(llvm::Value* temporary, const Registers& value, DType d) {
  b_.CreateStore(value.re, temporary);
  if (is_complex(d)) b_.CreateStore(value.im, b_.CreateConstGEP1_32(vector_type(d), temporary, 1));
}

Registers KernelEmitter::take(llvm::Value* temporary, DType d) {
  Registers value{b_.CreateLoad(vector_type(d), temporary), nullptr};
  if (is_complex(d)) value.im = b_.CreateLoad(vector_type(d), b_.CreateConstGEP1_32(vector_type(d), temporary, 1));
  return value;
}

Registers KernelEmitter::call(llvm::Function* function, DType result,
                              std::initializer_list<std::pair<Registers, DType>> in) {
  llvm::Value* none = llvm::ConstantPointerNull::get(b_.getPtrTy());
  llvm::Value* arguments[4] = {temporary(result, 0), none, none, none};
  int slot = 0;
  for (const auto& [value, dtype] : in) {
    if (!value.re) continue;
    arguments[++slot] = temporary(dtype, slot);
    put(arguments[slot], value, dtype);
  }
  b_.CreateCall(function, arguments);
  return take(arguments[0], result);
}

Registers KernelEmitter::convert(const FusedOp& op, const Registers& x) {
  const DType from = real_of(op.compute), to = real_of(op.dtype);
  llvm::Function* function = function_of(op);
  const auto part = [&](llvm::Value* v) {
    return function ? call(function, to, {{Registers{v, nullptr}, from}}).re : v;
  };
  Registers result{part(x.re), nullptr};
  if (is_complex(op.dtype)) {
    result.im = is_complex(op.compute) ? part(x.im) : llvm::Constant::getNullValue(result.re->getType());
  } else if (is_complex(op.compute) && is_bool(op.dtype)) {
    result.re = b_.CreateOr(result.re, part(x.im));
  }
  return result;
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
    for (int u = 0; u < count; ++u) values[k][u] = scalars_[k] ? scalar : load(address(outputs + k, d, u), d);
  }
  for (std::size_t i = 0; i < group_.ops.size(); ++i) {
    const FusedOp& op = group_.ops[i];
    for (int u = 0; u < count; ++u) {
      Registers& result = values[inputs + i][u];
      if (op.op == nullptr) {
        result = convert(op, values[op.in[0]][u]);
        continue;
      }
      const auto in = [&](int k) { return std::pair(k < op.arity ? values[op.in[k]][u] : Registers{}, op.compute); };
      result = call(functions_[i], op.dtype, {in(0), in(1), in(2)});
    }
  }
  for (int u = 0; u < count; ++u) {
    for (int j = 0; j < outputs; ++j) {
      const int v = group_.outputs[j];
      store(address(j, group_.dtype(v), u), values[v][u], group_.dtype(v));
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
  choose_functions();
  b_.SetInsertPoint(llvm::BasicBlock::Create(jit_.context(), "entry", kernel_));
  const int operands = group_.num_outputs() + group_.num_inputs();
  for (int k = 0; k < operands; ++k) {
    llvm::Value* slot = b_.CreateConstGEP1_64(b_.getPtrTy(), kernel_->getArg(1), k);
    pointers_.push_back(b_.CreateLoad(b_.getPtrTy(), slot));
  }
  llvm::Value* start = b_.getInt64(0);
  const unsigned size = inlined_ + static_cast<unsigned>(operands);
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

std::string next_name() {
  static std::atomic<std::uint64_t> count{0};
  return "tnp_kernel_" + std::to_string(++count);
}

}  // namespace

CompiledKernel compile_kernel(const FusedGroup& group, const OperandMask& scalars, Isa isa) {
  const auto start = std::chrono::steady_clock::now();
  Jit& jit = Jit::get();
  const std::lock_guard lock(jit.mutex());
  const std::string name = next_name();
  KernelEmitter emitter(jit, group, scalars, isa, name);
  emitter.emit();
#ifndef NDEBUG
  if (llvm::verifyFunction(emitter.kernel())) throw RuntimeError("a fused kernel is not valid LLVM IR");
#endif
  jit.optimize(emitter.module(), emitter.kernel(), isa);
  Jit::Code code = jit.add(emitter.module(), isa, name);
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return {reinterpret_cast<RowFunction>(code.address), emitter.lanes(), elapsed.count(), std::move(code.owner)};
}

std::string kernel_text(const FusedGroup& group, const OperandMask& scalars, Isa isa, std::string_view stage) {
  Jit& jit = Jit::get();
  const std::lock_guard lock(jit.mutex());
  KernelEmitter emitter(jit, group, scalars, isa, "tnp_kernel");
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

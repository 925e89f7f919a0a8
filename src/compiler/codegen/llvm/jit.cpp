#include "compiler/codegen/llvm/jit.h"

#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <pthread.h>

#include <cmath>
#include <cstring>

#include "tnp/error.h"

namespace tnp::compiler {

namespace {

constexpr const char* kTriple = "x86_64-unknown-linux-gnu";
constexpr const char* kCpu[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
constexpr const char* kVectorBits[] = {"128", "256", "512"};

template <class T>
T expect(llvm::Expected<T> value, const char* what) {
  if (!value) throw RuntimeError(std::string(what) + ": " + llvm::toString(value.takeError()));
  return std::move(*value);
}

void expect(llvm::Error error, const char* what) {
  if (error) throw RuntimeError(std::string(what) + ": " + llvm::toString(std::move(error)));
}

// What compiled code may call: the few functions that vector code is lowered to.
void define_runtime_functions(llvm::orc::LLJIT& linker) {
  llvm::orc::SymbolMap symbols;
  const auto define = [&](const char* name, auto* function) {
    symbols[linker.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                             llvm::JITSymbolFlags::Exported};
  };
  define("memcpy", static_cast<void* (*)(void*, const void*, std::size_t)>(&std::memcpy));
  define("memmove", static_cast<void* (*)(void*, const void*, std::size_t)>(&std::memmove));
  define("memset", static_cast<void* (*)(void*, int, std::size_t)>(&std::memset));
  using Unary = double (*)(double);
  using UnaryFloat = float (*)(float);
  define("fma", static_cast<double (*)(double, double, double)>(&std::fma));
  define("fmaf", static_cast<float (*)(float, float, float)>(&std::fma));
  define("fmod", static_cast<double (*)(double, double)>(&std::fmod));
  define("fmodf", static_cast<float (*)(float, float)>(&std::fmod));
  define("floor", static_cast<Unary>(&std::floor));
  define("floorf", static_cast<UnaryFloat>(&std::floor));
  define("ceil", static_cast<Unary>(&std::ceil));
  define("ceilf", static_cast<UnaryFloat>(&std::ceil));
  define("trunc", static_cast<Unary>(&std::trunc));
  define("truncf", static_cast<UnaryFloat>(&std::trunc));
  define("rint", static_cast<Unary>(&std::rint));
  define("rintf", static_cast<UnaryFloat>(&std::rint));
  expect(linker.getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols))),
         "the JIT's run-time functions");
}

}  // namespace

std::string target_name(Isa isa) {
  const auto i = static_cast<std::size_t>(isa);
  return std::string(LLVM_VERSION_STRING " ") + kTriple + " " + kCpu[i] + " " + kVectorBits[i];
}

// A fork waits for whoever compiles: in the child nobody would release the lock.
Jit& Jit::get() {
  static Jit* jit = [] {
    static auto* made = new Jit;  // compiled code may run until the very end of the process
    pthread_atfork([] { made->mutex_.lock(); }, [] { made->mutex_.unlock(); }, [] { made->mutex_.unlock(); });
    return made;
  }();
  return *jit;
}

Jit::Jit() {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::orc::LLJITBuilder builder;
  builder.setJITTargetMachineBuilder(llvm::orc::JITTargetMachineBuilder(llvm::Triple(kTriple)));
  builder.setPlatformSetUp(llvm::orc::setUpInactivePlatform);
  builder.setLinkProcessSymbolsByDefault(false);
  linker_ = expect(builder.create(), "the JIT cannot be set up");
  define_runtime_functions(*linker_);
}

llvm::TargetMachine& Jit::machine(Isa isa) {
  auto& machine = machines_[static_cast<int>(isa)];
  if (machine) return *machine;
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(kTriple, error);
  if (target == nullptr) throw RuntimeError("the JIT has no target: " + error);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  machine.reset(target->createTargetMachine(kTriple, kCpu[static_cast<int>(isa)], "", options, llvm::Reloc::PIC_,
                                            llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default, true));
  return *machine;
}

BitcodeLibrary& Jit::library(Isa isa) {
  const bool fma = isa != Isa::baseline;
  auto& library = libraries_[fma];
  if (!library) library = std::make_unique<BitcodeLibrary>(context_, fma);
  return *library;
}

std::unique_ptr<llvm::Module> Jit::new_module(Isa isa, const std::string& name) {
  auto module = std::make_unique<llvm::Module>(name, context_);
  module->setTargetTriple(kTriple);
  module->setDataLayout(machine(isa).createDataLayout());
  return module;
}

void Jit::set_target(llvm::Function& function, Isa isa) {
  function.removeFnAttr("target-features");
  function.removeFnAttr("tune-cpu");
  function.addFnAttr("target-cpu", kCpu[static_cast<int>(isa)]);
  function.addFnAttr("prefer-vector-width", kVectorBits[static_cast<int>(isa)]);
  function.addFnAttr("min-legal-vector-width", kVectorBits[static_cast<int>(isa)]);
}

namespace {

// Where only one lane is read of a vector that an operation of a loop makes of itself, InstCombine keeps that lane
// alone, and takes the operation's operands in the wrong order (LLVM 19): `0 - x` becomes `x - 0`. So it is done
// before, and rightly.
struct SingleLanes : llvm::PassInfoMixin<SingleLanes> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
    std::vector<llvm::PHINode*> vectors;
    for (llvm::BasicBlock& block : function) {
      for (llvm::PHINode& phi : block.phis()) {
        if (phi.getType()->isVectorTy()) vectors.push_back(&phi);
      }
    }
    for (llvm::PHINode* phi : vectors) take_lane(*phi);
    return llvm::PreservedAnalyses::none();
  }

 private:
  static void take_lane(llvm::PHINode& vector) {
    std::vector<llvm::ExtractElementInst*> reads;
    llvm::BinaryOperator* step = nullptr;
    for (llvm::User* user : vector.users()) {
      if (auto* const read = llvm::dyn_cast<llvm::ExtractElementInst>(user)) {
        if (!reads.empty() && read->getIndexOperand() != reads[0]->getIndexOperand()) return;
        reads.push_back(read);
      } else if (auto* const operation = llvm::dyn_cast<llvm::BinaryOperator>(user); operation && !step) {
        step = operation;
      } else {
        return;
      }
    }
    if (step == nullptr || reads.empty() || !llvm::isa<llvm::Constant>(reads[0]->getIndexOperand())) return;
    const bool is_last = step->getOperand(1) == &vector && step->getOperand(0) != &vector;
    if (!is_last || !step->hasOneUse() || step->user_back() != &vector) return;
    llvm::Value* const index = reads[0]->getIndexOperand();
    llvm::IRBuilder<> b(&vector);
    llvm::PHINode* const lane = b.CreatePHI(vector.getType()->getScalarType(), vector.getNumIncomingValues());
    b.SetInsertPoint(step);
    llvm::Value* const next =
        b.CreateBinOp(step->getOpcode(), b.CreateExtractElement(step->getOperand(0), index), lane);
    if (auto* const made = llvm::dyn_cast<llvm::Instruction>(next)) made->copyIRFlags(step);
    for (unsigned i = 0; i < vector.getNumIncomingValues(); ++i) {
      llvm::BasicBlock* const from = vector.getIncomingBlock(i);
      b.SetInsertPoint(from->getTerminator());
      llvm::Value* const x = vector.getIncomingValue(i);
      lane->addIncoming(x == step ? next : b.CreateExtractElement(x, index), from);
    }
    for (llvm::ExtractElementInst* read : reads) {
      read->replaceAllUsesWith(lane);
      read->eraseFromParent();
    }
    step->replaceAllUsesWith(llvm::PoisonValue::get(step->getType()));
    step->eraseFromParent();
    vector.eraseFromParent();
  }
};

}  // namespace

void Jit::optimize(llvm::Module& module, llvm::Function& kernel, Isa isa) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager cgscc;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine(isa));
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(cgscc);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, cgscc, modules);

  llvm::ModulePassManager inliner;
  inliner.addPass(llvm::AlwaysInlinerPass(false));
  inliner.run(module, modules);
  // The library's functions are optimised already; what remains is what inlining brought together.
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::EarlyCSEPass(true));
  passes.addPass(SingleLanes());
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  passes.run(kernel, functions);
}

void Jit::emit(llvm::Module& module, Isa isa, llvm::raw_pwrite_stream& out, llvm::CodeGenFileType type) {
  llvm::legacy::PassManager passes;
  if (machine(isa).addPassesToEmitFile(passes, out, nullptr, type)) throw RuntimeError("the JIT cannot emit code");
  passes.run(module);
}

std::string Jit::make_object(llvm::Module& module, Isa isa) {
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream out(object);
  emit(module, isa, out, llvm::CodeGenFileType::ObjectFile);
  return {object.begin(), object.end()};
}

Jit::Code Jit::link(std::string_view object) {
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy({object.data(), object.size()}, kCodeName);
  // Each has a library of its own, as all have a function of the same name.
  llvm::orc::JITDylib& library =
      linker_->getExecutionSession().createBareJITDylib("tnp_code_" + std::to_string(++linked_));
  library.addToLinkOrder(linker_->getMainJITDylib());
  std::shared_ptr<void> owner(nullptr, [&session = linker_->getExecutionSession(), &library](void*) {
    llvm::consumeError(session.removeJITDylib(library));
  });
  expect(linker_->addObjectFile(library, std::move(buffer)), "the JIT cannot link");
  const llvm::orc::ExecutorAddr address = expect(linker_->lookup(library, kCodeName), "the JIT cannot link");
  return {address.toPtr<void*>(), std::move(owner)};
}

std::optional<Jit::Code> link_stored(std::string_view object) try {
  Jit& jit = Jit::get();
  const std::lock_guard lock(jit.mutex());
  return jit.link(object);
} catch (const RuntimeError&) {
  return std::nullopt;
}

std::string Jit::assembly(llvm::Module& module, Isa isa) {
  llvm::SmallVector<char, 0> text;
  llvm::raw_svector_ostream out(text);
  emit(module, isa, out, llvm::CodeGenFileType::AssemblyFile);
  return {text.begin(), text.end()};
}

}  // namespace tnp::compiler

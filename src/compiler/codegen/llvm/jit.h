// The process's LLVM: targets, passes, code generation and linking. Made at the first compilation, and never destroyed.
#pragma once

#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/codegen/llvm/library.h"
#include "runtime/cpu_features.h"

namespace tnp::compiler {

// What the function of each module is called.
inline constexpr const char* kCodeName = "tnp_code";

// What code is made for, and by which LLVM.
std::string target_name(Isa isa);

class Jit {
 public:
  // The one of the process. Hold its mutex for as long as anything below is used.
  static Jit& get();
  std::mutex& mutex() { return mutex_; }

  llvm::LLVMContext& context() { return context_; }
  BitcodeLibrary& library(Isa isa);
  std::unique_ptr<llvm::Module> new_module(Isa isa, const std::string& name);
  // Gives a function the instruction set's features.
  void set_target(llvm::Function& function, Isa isa);
  // Inlines what is marked so into `kernel` and simplifies it.
  void optimize(llvm::Module& module, llvm::Function& kernel, Isa isa);

  struct Code {
    void* address;
    std::shared_ptr<void> owner;
  };
  // Machine code of the module, as an object file, and its function kCodeName, linked. Objects know nothing of this
  // process, or of each other.
  std::string make_object(llvm::Module& module, Isa isa);
  Code link(std::string_view object);
  std::string assembly(llvm::Module& module, Isa isa);

 private:
  Jit();
  llvm::TargetMachine& machine(Isa isa);
  void emit(llvm::Module& module, Isa isa, llvm::raw_pwrite_stream& out, llvm::CodeGenFileType type);

  std::mutex mutex_;
  llvm::LLVMContext context_;
  std::unique_ptr<llvm::orc::LLJIT> linker_;
  std::uint64_t linked_ = 0;
  std::unique_ptr<llvm::TargetMachine> machines_[3];
  std::unique_ptr<BitcodeLibrary> libraries_[2];
};

// Code that an earlier process made; nothing if it cannot be linked.
std::optional<Jit::Code> link_stored(std::string_view object);

}  // namespace tnp::compiler

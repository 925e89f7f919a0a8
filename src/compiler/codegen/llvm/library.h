// The bitcode of the elementwise operations, and copying what a kernel needs of it into the kernel's module.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/ValueMapper.h>

#include <memory>
#include <vector>

#include "tnp/dtype.h"

namespace tnp::compiler {

// One flavour of the embedded library. Function bodies are read when first asked for, and kept.
class BitcodeLibrary {
 public:
  BitcodeLibrary(llvm::LLVMContext& context, bool fma);

  // The function of an operation on `lanes` elements (see bitcode_abi.h). Throws RuntimeError if there is none.
  llvm::Function* operation(const char* name, DType compute, int lanes);
  llvm::Function* conversion(DType from, DType to, int lanes);

 private:
  llvm::Function* ready(llvm::Constant* entry, const char* what);
  std::unique_ptr<llvm::Module> module_;
};

// Copies functions of the library, and whatever they refer to, into a module.
class Importer final : public llvm::ValueMaterializer {
 public:
  explicit Importer(llvm::Module& target) : target_(target) {}
  llvm::Function* import(llvm::Function* source);
  // Every function that was copied.
  const std::vector<llvm::Function*>& functions() const { return functions_; }

  llvm::Value* materialize(llvm::Value* value) override;

 private:
  void copy_pending();
  llvm::Module& target_;
  llvm::ValueToValueMapTy map_;
  std::vector<llvm::GlobalValue*> pending_;  // declared in the target, not yet copied
  std::vector<llvm::Function*> functions_;
};

}  // namespace tnp::compiler

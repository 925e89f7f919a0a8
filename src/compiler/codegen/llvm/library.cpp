#include "compiler/codegen/llvm/library.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <string>

#include "compiler/codegen/bitcode.h"
#include "ops/elementwise/bitcode_abi.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

unsigned lane_index(int lanes) {
  for (int i = 0; i < kBitcodeLaneCount; ++i) {
    if (kBitcodeLanes[i] == lanes) return static_cast<unsigned>(i);
  }
  throw RuntimeError("no bitcode for " + std::to_string(lanes) + " lanes");
}

// Member `indices` of a constant table.
llvm::Constant* member(llvm::Module& module, const std::string& table, std::initializer_list<unsigned> indices) {
  const llvm::GlobalVariable* variable = module.getGlobalVariable(table, true);
  if (variable == nullptr || !variable->hasInitializer()) throw RuntimeError("the bitcode library lacks " + table);
  llvm::Constant* c = const_cast<llvm::Constant*>(variable->getInitializer())->getAggregateElement(0u);
  for (unsigned i : indices) c = c ? c->getAggregateElement(i) : nullptr;
  return c;
}

}  // namespace

BitcodeLibrary::BitcodeLibrary(llvm::LLVMContext& context, bool fma) {
  const std::span<const char> bytes = bitcode(fma);
  auto buffer = llvm::MemoryBuffer::getMemBuffer({bytes.data(), bytes.size()}, "elementwise", false);
  auto module = llvm::getOwningLazyBitcodeModule(std::move(buffer), context);
  if (!module) throw RuntimeError("the bitcode library cannot be read: " + llvm::toString(module.takeError()));
  module_ = std::move(*module);
}

llvm::Function* BitcodeLibrary::ready(llvm::Constant* entry, const char* what) {
  auto* function = entry ? llvm::dyn_cast<llvm::Function>(entry->stripPointerCasts()) : nullptr;
  if (function == nullptr) throw RuntimeError(std::string(what) + ": no bitcode for this type and vector length");
  return function;
}

llvm::Function* BitcodeLibrary::operation(const char* name, DType compute, int lanes) {
  return ready(
      member(*module_, std::string("tnp_entries_") + name, {static_cast<unsigned>(compute), lane_index(lanes)}), name);
}

llvm::Function* BitcodeLibrary::conversion(DType from, DType to, int lanes) {
  return ready(
      member(*module_, "tnp_cast_entries", {static_cast<unsigned>(from), static_cast<unsigned>(to), lane_index(lanes)}),
      "cast");
}

llvm::Function* Importer::import(llvm::Function* source) {
  auto* copy = llvm::cast<llvm::Function>(llvm::MapValue(source, map_, llvm::RF_None, nullptr, this));
  copy_pending();
  return copy;
}

llvm::Value* Importer::materialize(llvm::Value* value) {
  auto* global = llvm::dyn_cast<llvm::GlobalValue>(value);
  if (global == nullptr || global->getParent() == &target_) return nullptr;
  if (auto* function = llvm::dyn_cast<llvm::Function>(global)) {
    if (llvm::Error error = function->materialize()) {
      throw RuntimeError("the bitcode library cannot be read: " + llvm::toString(std::move(error)));
    }
    const bool outside = function->isDeclaration();  // an intrinsic, or a function of the C library
    if (outside) {
      if (llvm::Function* known = target_.getFunction(function->getName())) return known;
    }
    auto* copy = llvm::Function::Create(
        function->getFunctionType(), outside ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage,
        function->getName(), target_);
    copy->copyAttributesFrom(function);
    if (!outside) {
      copy->setVisibility(llvm::GlobalValue::DefaultVisibility);
      pending_.push_back(function);
    }
    map_[function] = copy;
    return copy;
  }
  auto* variable = llvm::cast<llvm::GlobalVariable>(global);
  auto* copy = new llvm::GlobalVariable(target_, variable->getValueType(), variable->isConstant(),
                                        llvm::GlobalValue::InternalLinkage, nullptr, variable->getName());
  copy->setAlignment(variable->getAlign());
  copy->setUnnamedAddr(variable->getUnnamedAddr());
  map_[variable] = copy;
  pending_.push_back(variable);
  return copy;
}

void Importer::copy_pending() {
  while (!pending_.empty()) {
    llvm::GlobalValue* source = pending_.back();
    pending_.pop_back();
    if (auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(source)) {
      auto* copy = llvm::cast<llvm::GlobalVariable>(map_[variable]);
      copy->setInitializer(llvm::MapValue(variable->getInitializer(), map_, llvm::RF_None, nullptr, this));
      continue;
    }
    auto* function = llvm::cast<llvm::Function>(source);
    auto* copy = llvm::cast<llvm::Function>(map_[function]);
    for (unsigned i = 0; i < function->arg_size(); ++i) map_[function->getArg(i)] = copy->getArg(i);
    llvm::SmallVector<llvm::ReturnInst*, 4> returns;
    llvm::CloneFunctionInto(copy, function, map_, llvm::CloneFunctionChangeType::DifferentModule, returns, "", nullptr,
                            nullptr, this);
    functions_.push_back(copy);
  }
}

}  // namespace tnp::compiler

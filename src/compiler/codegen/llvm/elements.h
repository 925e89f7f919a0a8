// Elements in LLVM IR: values of vectors or of single elements, and the library's functions applied to them.
//
// Values live in registers between the calls; the functions take pointers (bitcode_abi.h), so each call has temporaries
// on the stack, which inlining and SROA take away. Complex numbers are two vectors.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <map>

#include "compiler/codegen/llvm/jit.h"
#include "compiler/fused_group.h"

namespace tnp::compiler {

inline constexpr unsigned kInterleaveBudget = 800;  // instructions: lighter loops do two vectors a turn

// A value in registers: one vector, or the two parts of complex numbers.
struct Registers {
  llvm::Value* re = nullptr;
  llvm::Value* im = nullptr;
};

// Bytes of an element, or of a part of a complex one.
inline int part_bytes(DType d) { return is_complex(d) ? itemsize(d) / 2 : itemsize(d); }

// The elements of a vector in which the group's widest type fills a register of the instruction set.
int vector_lanes(const FusedGroup& group, Isa isa);

class ElementEmitter {
 public:
  // Into `function`, where `builder` stands.
  ElementEmitter(Jit& jit, llvm::Function& function, llvm::IRBuilder<>& builder, Isa isa)
      : jit_(jit), function_(function), b_(builder), isa_(isa), importer_(*function.getParent()) {}

  // First every group is named that will be emitted, with its numbers of elements; then it is decided what is inlined:
  // all functions that are small, and of the others those that are used least in total until a budget is spent, since
  // code generation is more than linear in a function's size.
  void declare(const FusedGroup& group, int lanes);
  void choose_inlined();
  unsigned inlined() const { return inlined_; }  // instructions

  llvm::Type* element_type(DType d);
  llvm::Type* vector_type(DType d, int lanes);  // of one lane: the element's
  llvm::Align align_of(DType d) const { return llvm::Align(static_cast<std::uint64_t>(part_bytes(d))); }

  Registers load(llvm::Value* pointer, DType d, int lanes);
  void store(llvm::Value* pointer, const Registers& value, DType d, int lanes);
  // The same of elements that lie `apart` times their size apart, or so many bytes.
  Registers load_apart(llvm::Value* pointer, DType d, int lanes, int apart);
  Registers load_scattered(llvm::Value* pointer, DType d, int lanes, llvm::Value* stride);
  void store_scattered(llvm::Value* pointer, const Registers& value, DType d, int lanes, llvm::Value* stride);
  // The same of real elements where `mask` says so; others are 0 and are not touched.
  Registers load_some(llvm::Value* pointer, DType d, int lanes, llvm::Value* mask);
  void store_some(llvm::Value* pointer, const Registers& value, DType d, llvm::Value* mask);
  Registers splat(const Registers& element, int lanes);
  // An operation of a group, on as many vectors of inputs as it has.
  Registers apply(const FusedOp& op, std::initializer_list<Registers> in, int lanes);

 private:
  struct Function {
    llvm::Function* function;
    unsigned uses = 0;
  };
  using Key = std::tuple<const OpDef*, DType, DType, int>;  // operation (null: a conversion), types, lanes
  static Key key_of(const FusedOp& op, int lanes);

  llvm::AllocaInst* temporary(DType d, int slot, int lanes);
  void put(llvm::Value* temporary, const Registers& value, DType d, int lanes);
  Registers take(llvm::Value* temporary, DType d, int lanes);
  Registers call(llvm::Function* function, DType result, int lanes,
                 std::initializer_list<std::pair<Registers, DType>> in);
  Registers convert(const FusedOp& op, llvm::Function* function, const Registers& x, int lanes);

  Jit& jit_;
  llvm::Function& function_;
  llvm::IRBuilder<>& b_;
  Isa isa_;
  Importer importer_;
  unsigned inlined_ = 0;
  std::map<Key, Function> functions_;
  std::vector<std::pair<std::pair<llvm::Type*, int>, llvm::AllocaInst*>> temporaries_;
};

}  // namespace tnp::compiler

#include "compiler/codegen/llvm/elements.h"

#include <llvm/IR/InstIterator.h>

#include <algorithm>

#include "ops/elementwise/family.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

constexpr unsigned kSmallFunction = 48;   // instructions: always inlined
constexpr unsigned kInlineBudget = 2500;  // instructions of larger functions that a kernel may take in

// The body of a function (out, table, index) that permutes registers of a wider target becomes loads from the table.
void look_up_in_memory(llvm::Function& function) {
  const llvm::FixedVectorType* type = nullptr;
  for (const llvm::Instruction& i : llvm::instructions(function)) {
    if (llvm::isa<llvm::CallInst>(i)) type = llvm::dyn_cast<llvm::FixedVectorType>(i.getType());
  }
  if (type == nullptr) throw RuntimeError("a function for another target");
  function.deleteBody();
  function.setLinkage(llvm::GlobalValue::InternalLinkage);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(function.getContext(), "", &function));
  llvm::Type* element = type->getElementType();
  llvm::Type* place = b.getIntNTy(element->getScalarSizeInBits());
  for (unsigned i = 0; i < type->getNumElements(); ++i) {
    llvm::Value* index = b.CreateLoad(place, b.CreateConstGEP1_32(place, function.getArg(2), i));
    index = b.CreateZExtOrTrunc(b.CreateAnd(index, 15), b.getInt64Ty());
    llvm::Value* number = b.CreateLoad(element, b.CreateGEP(element, function.getArg(1), index));
    b.CreateStore(number, b.CreateConstGEP1_32(element, function.getArg(0), i));
  }
  b.CreateRetVoid();
}

}  // namespace

int vector_lanes(const FusedGroup& group, Isa isa) {
  int widest = 1;
  for (int v = 0; v < group.num_values(); ++v) widest = std::max(widest, part_bytes(group.dtype(v)));
  for (const FusedOp& op : group.ops) widest = std::max(widest, part_bytes(op.compute));
  return std::clamp((16 << static_cast<int>(isa)) / widest, 4, 16);
}

ElementEmitter::Key ElementEmitter::key_of(const FusedOp& op, int lanes) {
  if (op.op) return {op.op, op.compute, op.compute, lanes};
  return {nullptr, real_of(op.compute), real_of(op.dtype), lanes};
}

void ElementEmitter::declare(const FusedGroup& group, int lanes) {
  BitcodeLibrary& library = jit_.library(isa_);
  for (const FusedOp& op : group.ops) {
    const Key key = key_of(op, lanes);
    const auto [it, fresh] = functions_.try_emplace(key);
    ++it->second.uses;
    if (!fresh) continue;
    llvm::Function* source = nullptr;
    if (op.op) {
      source = library.operation(op.op->name, op.compute, lanes);
    } else if (std::get<1>(key) != std::get<2>(key)) {
      source = library.conversion(std::get<1>(key), std::get<2>(key), lanes);
    }
    it->second.function = source ? importer_.import(source) : nullptr;
  }
}

void ElementEmitter::choose_inlined() {
  struct Use {
    llvm::Function* function;
    unsigned size, total;
  };
  std::vector<Use> uses;
  for (const auto& [key, f] : functions_) {
    if (f.function == nullptr) continue;
    const unsigned size = f.function->getInstructionCount();
    uses.push_back({f.function, size, size * f.uses});
  }
  std::sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return a.total < b.total; });
  unsigned budget = kInlineBudget;
  for (const Use& use : uses) {
    const bool small = use.size <= kSmallFunction;
    const bool taken = small || use.total <= budget;
    if (taken && !small) budget -= use.total;
    inlined_ += taken ? use.total : kInterleaveBudget;  // a loop with calls stays as it is
    use.function->removeFnAttr(llvm::Attribute::NoInline);
    use.function->addFnAttr(taken ? llvm::Attribute::AlwaysInline : llvm::Attribute::NoInline);
  }
  for (llvm::Function* function : importer_.functions()) {
    // Instructions that only some targets have (base/lookup.h).
    const llvm::StringRef features = function->getFnAttribute("target-features").getValueAsString();
    if (features.contains("+avx512f") && isa_ != Isa::avx512) look_up_in_memory(*function);
    if (features.contains("+avx")) function->addFnAttr(llvm::Attribute::AlwaysInline);
    jit_.set_target(*function, isa_);
  }
  jit_.set_target(function_, isa_);
}

llvm::Type* ElementEmitter::element_type(DType d) {
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

llvm::Type* ElementEmitter::vector_type(DType d, int lanes) {
  llvm::Type* element = element_type(d);
  return lanes == 1 ? element : llvm::FixedVectorType::get(element, static_cast<unsigned>(lanes));
}

Registers ElementEmitter::load(llvm::Value* pointer, DType d, int lanes) {
  if (!is_complex(d)) return {b_.CreateAlignedLoad(vector_type(d, lanes), pointer, align_of(d)), nullptr};
  if (lanes == 1) {
    llvm::Value* imaginary = b_.CreateConstGEP1_32(element_type(d), pointer, 1);
    return {b_.CreateAlignedLoad(element_type(d), pointer, align_of(d)),
            b_.CreateAlignedLoad(element_type(d), imaginary, align_of(d))};
  }
  auto* pairs = b_.CreateAlignedLoad(llvm::FixedVectorType::get(element_type(d), static_cast<unsigned>(2 * lanes)),
                                     pointer, align_of(d));
  std::vector<int> even, odd;
  for (int i = 0; i < lanes; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
  }
  return {b_.CreateShuffleVector(pairs, even), b_.CreateShuffleVector(pairs, odd)};
}

void ElementEmitter::store(llvm::Value* pointer, const Registers& value, DType d, int lanes) {
  llvm::Value* whole = value.re;
  if (is_complex(d) && lanes == 1) {
    b_.CreateAlignedStore(value.im, b_.CreateConstGEP1_32(element_type(d), pointer, 1), align_of(d));
  } else if (is_complex(d)) {
    std::vector<int> interleaved;
    for (int i = 0; i < lanes; ++i) {
      interleaved.push_back(i);
      interleaved.push_back(lanes + i);
    }
    whole = b_.CreateShuffleVector(value.re, value.im, interleaved);
  }
  b_.CreateAlignedStore(whole, pointer, align_of(d));
}

// Vectors without gaps, of which each gives the lanes that are in it. The last ends with the last element, so that
// nothing beyond is read.
Registers ElementEmitter::load_apart(llvm::Value* pointer, DType d, int lanes, int apart) {
  if (is_complex(d)) {
    return load_scattered(pointer, d, lanes, b_.getInt64(static_cast<std::uint64_t>(apart * itemsize(d))));
  }
  llvm::Value* result = nullptr;
  for (int v = 0; v < apart; ++v) {
    const int begin = v + 1 < apart ? v * lanes : (lanes - 1) * (apart - 1);
    llvm::Value* part =
        load(b_.CreateConstGEP1_32(element_type(d), pointer, static_cast<unsigned>(begin)), d, lanes).re;
    std::vector<int> lane;
    for (int i = 0; i < lanes; ++i) {
      const int here = std::min(i * apart / lanes, apart - 1), place = i * apart - begin;
      lane.push_back(here == v ? place + (result ? lanes : 0) : here < v ? i : -1);
    }
    result = b_.CreateShuffleVector(result ? result : part, part, lane);
  }
  return {result, nullptr};
}

Registers ElementEmitter::load_scattered(llvm::Value* pointer, DType d, int lanes, llvm::Value* stride) {
  llvm::Value* none = llvm::PoisonValue::get(vector_type(d, lanes));
  Registers all{none, is_complex(d) ? none : nullptr};
  for (int i = 0; i < lanes; ++i) {
    const Registers one = load(pointer, d, 1);
    all.re = b_.CreateInsertElement(all.re, one.re, static_cast<std::uint64_t>(i));
    if (one.im) all.im = b_.CreateInsertElement(all.im, one.im, static_cast<std::uint64_t>(i));
    pointer = b_.CreateGEP(b_.getInt8Ty(), pointer, stride);
  }
  return all;
}

void ElementEmitter::store_scattered(llvm::Value* pointer, const Registers& value, DType d, int lanes,
                                     llvm::Value* stride) {
  for (int i = 0; i < lanes; ++i) {
    const auto lane = [&](llvm::Value* v) { return b_.CreateExtractElement(v, static_cast<std::uint64_t>(i)); };
    store(pointer, {lane(value.re), value.im ? lane(value.im) : nullptr}, d, 1);
    pointer = b_.CreateGEP(b_.getInt8Ty(), pointer, stride);
  }
}

Registers ElementEmitter::load_some(llvm::Value* pointer, DType d, int lanes, llvm::Value* mask) {
  llvm::Type* type = vector_type(d, lanes);
  return {b_.CreateMaskedLoad(type, pointer, align_of(d), mask, llvm::Constant::getNullValue(type)), nullptr};
}

void ElementEmitter::store_some(llvm::Value* pointer, const Registers& value, DType d, llvm::Value* mask) {
  b_.CreateMaskedStore(value.re, pointer, align_of(d), mask);
}

Registers ElementEmitter::splat(const Registers& element, int lanes) {
  if (lanes == 1) return element;
  const auto part = [&](llvm::Value* v) { return v ? b_.CreateVectorSplat(static_cast<unsigned>(lanes), v) : nullptr; };
  return {part(element.re), part(element.im)};
}

// Stack memory for an argument, shared by all calls: each fills it anew.
llvm::AllocaInst* ElementEmitter::temporary(DType d, int slot, int lanes) {
  llvm::Type* type = vector_type(d, lanes);
  if (is_complex(d)) type = llvm::ArrayType::get(type, 2);
  for (const auto& [key, memory] : temporaries_) {
    if (key.first == type && key.second == slot) return memory;
  }
  llvm::BasicBlock& entry = function_.getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  llvm::AllocaInst* memory = at_entry.CreateAlloca(type);
  memory->setAlignment(llvm::Align(64));
  temporaries_.push_back({{type, slot}, memory});
  return memory;
}

void ElementEmitter::put(llvm::Value* temporary, const Registers& value, DType d, int lanes) {
  b_.CreateStore(value.re, temporary);
  if (is_complex(d)) b_.CreateStore(value.im, b_.CreateConstGEP1_32(vector_type(d, lanes), temporary, 1));
}

Registers ElementEmitter::take(llvm::Value* temporary, DType d, int lanes) {
  llvm::Type* type = vector_type(d, lanes);
  Registers value{b_.CreateLoad(type, temporary), nullptr};
  if (is_complex(d)) value.im = b_.CreateLoad(type, b_.CreateConstGEP1_32(type, temporary, 1));
  return value;
}

Registers ElementEmitter::call(llvm::Function* function, DType result, int lanes,
                               std::initializer_list<std::pair<Registers, DType>> in) {
  llvm::Value* none = llvm::ConstantPointerNull::get(b_.getPtrTy());
  llvm::Value* arguments[4] = {temporary(result, 0, lanes), none, none, none};
  int slot = 0;
  for (const auto& [value, dtype] : in) {
    if (!value.re) continue;
    arguments[++slot] = temporary(dtype, slot, lanes);
    put(arguments[slot], value, dtype, lanes);
  }
  b_.CreateCall(function, arguments);
  return take(arguments[0], result, lanes);
}

Registers ElementEmitter::convert(const FusedOp& op, llvm::Function* function, const Registers& x, int lanes) {
  const DType from = real_of(op.compute), to = real_of(op.dtype);
  const auto part = [&](llvm::Value* v) {
    return function ? call(function, to, lanes, {{Registers{v, nullptr}, from}}).re : v;
  };
  Registers result{part(x.re), nullptr};
  if (is_complex(op.dtype)) {
    result.im = is_complex(op.compute) ? part(x.im) : llvm::Constant::getNullValue(result.re->getType());
  } else if (is_complex(op.compute) && is_bool(op.dtype)) {
    result.re = b_.CreateOr(result.re, part(x.im));
  }
  return result;
}

Registers ElementEmitter::apply(const FusedOp& op, std::initializer_list<Registers> in, int lanes) {
  llvm::Function* function = functions_.at(key_of(op, lanes)).function;
  const Registers* x = in.begin();
  if (op.op == nullptr) return convert(op, function, x[0], lanes);
  const auto input = [&](std::size_t k) {
    return std::pair(k < op.arity && k < in.size() ? x[k] : Registers{}, op.compute);
  };
  return call(function, op.dtype, lanes, {input(0), input(1), input(2)});
}

}  // namespace tnp::compiler

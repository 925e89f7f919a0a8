// Statements of a loop nest as LLVM IR, but for rows; and its code.
#include <llvm/IR/Verifier.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "compiler/code_cache.h"
#include "compiler/codegen/llvm/nest_emitter.h"
#include "runtime/profile.h"
#include "tnp/error.h"

namespace tnp::compiler {

void NestEmitter::emit(const NestStatement& s) {
  switch (s.kind) {
    case Kind::compute: {
      if (!s.extents.empty()) return compute_rows(s);
      if (count_of(s) > 1) return compute_small(s);
      std::vector<Registers> in;
      for (std::size_t k = 0; k < s.from.size(); ++k) {
        const int v = s.from[k];
        const bool part = variable(v).elements > 1;
        in.push_back(part ? Registers{small_.gather(chunks(v), s.positions[k], 1), nullptr} : element(v));
      }
      const std::vector<Registers> out = outputs_of(s.group, std::move(in), 1);
      for (std::size_t j = 0; j < out.size(); ++j) set_element(s.to[j], out[j]);
      return;
    }
    case Kind::fold:
      return fold(s);
    case Kind::join:
      return join(s);
    case Kind::load:
      if (variable(s.to[0]).elements > 1) return load_small(s);
      if (std::find(last_write_.loads.begin(), last_write_.loads.end(), &s) != last_write_.loads.end())
        return set_element(s.to[0], {load_after_write(s), nullptr});
      return set_element(s.to[0], elements_->load(pointer(s.from[0]), variable(s.to[0]).dtype, 1));
    case Kind::store:
      if (variable(s.from[0]).elements > 1) return store_small(s);
      if (&s == last_write_.store) {
        b_.CreateStore(pointer(s.to[0]), last_write_.address);
        b_.CreateStore(element(s.from[0]).re, last_write_.value);
      }
      return elements_->store(pointer(s.to[0]), element(s.from[0]), variable(s.from[0]).dtype, 1);
    case Kind::locate:
      return set_pointer(s.to[0], b_.CreateGEP(b_.getInt8Ty(), slot(s.from[0]).re, parameter(s.step)));
    case Kind::assign: {
      std::vector<Registers> values;
      std::vector<SmallArrays::Chunks> arrays;
      for (int v : s.from) {
        const bool small = variable(v).elements > 1;
        arrays.push_back(small ? chunks(v) : SmallArrays::Chunks{});
        values.push_back(small ? Registers{} : variable(v).pointer ? Registers{pointer(v), nullptr} : element(v));
      }
      for (std::size_t i = 0; i < values.size(); ++i) {
        const int to = s.to[i];
        if (!arrays[i].empty()) {
          set_chunks(to, arrays[i]);
        } else {
          variable(to).pointer ? set_pointer(to, values[i].re) : set_element(to, values[i]);
        }
      }
      return;
    }
    case Kind::advance:
      return set_pointer(s.to[0], b_.CreateGEP(b_.getInt8Ty(), pointer(s.from[0]), parameter(s.step)));
    case Kind::address:
      return address(s);
    case Kind::call:
      return call(s);
    case Kind::loop:
      return loop(s);
    case Kind::branch:
      return branch(s);
    case Kind::refuse:
      b_.CreateBr(wrong_index(integer(s.from[0]), b_.getInt64(static_cast<std::uint64_t>(s.step)), kNone));
      return b_.SetInsertPoint(block("unreachable"));
  }
}

// --- small arrays

SmallArrays::Chunks NestEmitter::operands(const NestStatement& s, const std::vector<SmallArrays::Chunks>& from,
                                          int first) {
  SmallArrays::Chunks in;
  for (std::size_t k = 0; k < from.size(); ++k) {
    llvm::Value* x = from[k][0];
    if (k < s.positions.size() && !s.positions[k].empty()) {
      const auto size = static_cast<std::size_t>(std::min(kChunk, count_of(s) - first));
      x = small_.gather(from[k], std::span(s.positions[k]).subspan(static_cast<std::size_t>(first), size));
    } else if (variable(s.from[k]).elements > 1) {
      x = from[k][static_cast<std::size_t>(first / kChunk)];
    }
    in.push_back(x);
  }
  return in;
}

// The last chunk by fewer lanes, if that is all there are.
void NestEmitter::compute_small(const NestStatement& s) {
  std::vector<SmallArrays::Chunks> from, to(s.to.size());
  for (int v : s.from) from.push_back(chunks(v));
  const int count = count_of(s);
  for (int first = 0; first < count; first += kChunk) {
    const int lanes = chunk_lanes(s, count - first);
    std::vector<Registers> in;
    for (llvm::Value* x : operands(s, from, first)) in.push_back({small_.narrow(x, lanes), nullptr});
    const std::vector<Registers> out = outputs_of(s.group, std::move(in), lanes);
    for (std::size_t j = 0; j < out.size(); ++j) to[j].push_back(small_.widen(out[j].re, lanes));
  }
  for (std::size_t j = 0; j < to.size(); ++j) set_chunks(s.to[j], to[j]);
}

void NestEmitter::fold(const NestStatement& s) {
  std::vector<SmallArrays::Chunks> from;
  for (int v : s.from) from.push_back(chunks(v));
  set_chunks(s.to[0], small_.fold(s, variable(s.from[0]).dtype, variable(s.to[0]).elements, from));
}

void NestEmitter::join(const NestStatement& s) {
  SmallArrays::Chunks all, to;
  std::vector<int> chunk_position;  // of each element of all of them
  for (int v : s.from) {
    for (int i = 0; i < variable(v).elements; ++i) chunk_position.push_back(static_cast<int>(all.size()) * kChunk + i);
    const SmallArrays::Chunks more = chunks(v);
    all.insert(all.end(), more.begin(), more.end());
  }
  const int count = variable(s.to[0]).elements;
  for (int first = 0; first < count; first += kChunk) {
    std::vector<int> at;
    for (int i = first; i < std::min(first + kChunk, count); ++i)
      at.push_back(chunk_position[static_cast<std::size_t>(s.positions[0][static_cast<std::size_t>(i)])]);
    to.push_back(small_.gather(all, at));
  }
  set_chunks(s.to[0], to);
}

// Of a statement that loads or stores, where elements `first` to `first + n` lie if they lie apart from each other.
std::vector<int> NestEmitter::apart(const NestStatement& s, int first, int n) {
  if (s.positions.empty()) return {};
  const auto begin = s.positions[0].begin() + first;
  std::vector<int> at(begin, begin + n);
  for (int l = 0; l < n; ++l) {
    if (at[static_cast<std::size_t>(l)] != at[0] + l) return at;
  }
  return {};
}

// The last chunk as far as there is memory; the rest of it is zero.
void NestEmitter::load_small(const NestStatement& s) {
  const NestVariable& v = variable(s.to[0]);
  SmallArrays::Chunks to;
  const auto place = [&](int position) {
    return b_.CreateConstGEP1_64(b_.getInt8Ty(), pointer(s.from[0]),
                                 static_cast<std::uint64_t>(std::int64_t{position} * itemsize(v.dtype)));
  };
  for (int first = 0; first < v.elements; first += kChunk) {
    const int n = std::min(kChunk, v.elements - first);
    if (const std::vector<int> scattered = apart(s, first, n); !scattered.empty()) {
      llvm::Value* x = llvm::Constant::getNullValue(elements_->vector_type(v.dtype, kChunk));
      for (int l = 0; l < n; ++l) {
        llvm::Value* at = place(scattered[static_cast<std::size_t>(l)]);
        x = b_.CreateInsertElement(x, elements_->load(at, v.dtype, 1).re, static_cast<std::uint64_t>(l));
      }
      to.push_back(x);
      continue;
    }
    llvm::Value* at = place(s.positions.empty() ? first : s.positions[0][static_cast<std::size_t>(first)]);
    if (n == 1) {
      llvm::Value* zero = llvm::Constant::getNullValue(elements_->vector_type(v.dtype, kChunk));
      to.push_back(b_.CreateInsertElement(zero, elements_->load(at, v.dtype, 1).re, std::uint64_t{0}));
      continue;
    }
    llvm::Value* x = elements_->load(at, v.dtype, n).re;
    if (n < kChunk) {
      std::vector<int> mask;
      for (int l = 0; l < kChunk; ++l) mask.push_back(l < n ? l : n);
      x = b_.CreateShuffleVector(x, llvm::Constant::getNullValue(x->getType()), mask);
    }
    to.push_back(x);
  }
  set_chunks(s.to[0], to);
}

void NestEmitter::store_small(const NestStatement& s) {
  const NestVariable& v = variable(s.from[0]);
  const SmallArrays::Chunks from = chunks(s.from[0]);
  const auto place = [&](int position) {
    return b_.CreateConstGEP1_64(b_.getInt8Ty(), pointer(s.to[0]),
                                 static_cast<std::uint64_t>(std::int64_t{position} * itemsize(v.dtype)));
  };
  for (int first = 0; first < v.elements; first += kChunk) {
    const int n = std::min(kChunk, v.elements - first);
    llvm::Value* x = from[static_cast<std::size_t>(first / kChunk)];
    if (const std::vector<int> scattered = apart(s, first, n); !scattered.empty()) {
      for (int l = 0; l < n; ++l) {
        llvm::Value* element = b_.CreateExtractElement(x, static_cast<std::uint64_t>(l));
        elements_->store(place(scattered[static_cast<std::size_t>(l)]), {element, nullptr}, v.dtype, 1);
      }
      continue;
    }
    llvm::Value* at = place(s.positions.empty() ? first : s.positions[0][static_cast<std::size_t>(first)]);
    if (n == 1) {
      elements_->store(at, {b_.CreateExtractElement(x, std::uint64_t{0}), nullptr}, v.dtype, 1);
      continue;
    }
    std::vector<int> mask;
    for (int l = 0; l < n; ++l) mask.push_back(l);
    if (n < kChunk) x = b_.CreateShuffleVector(x, mask);
    elements_->store(at, {x, nullptr}, v.dtype, n);
  }
}

// Elements in variables go through memory.
void NestEmitter::call(const NestStatement& s) {
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  const auto count = static_cast<unsigned>(s.from.size() + s.to.size());
  llvm::AllocaInst* table = at_entry.CreateAlloca(llvm::ArrayType::get(b_.getPtrTy(), count));
  std::vector<llvm::Value*> memory;
  const auto place = [&](int v) {
    if (variable(v).pointer) return memory.push_back(pointer(v));
    llvm::AllocaInst* m = at_entry.CreateAlloca(llvm::ArrayType::get(b_.getInt64Ty(), 2));
    m->setAlignment(llvm::Align(16));
    memory.push_back(m);
  };
  for (int v : s.from) {
    place(v);
    if (!variable(v).pointer) elements_->store(memory.back(), element(v), variable(v).dtype, 1);
  }
  for (int v : s.to) place(v);
  for (unsigned k = 0; k < count; ++k) b_.CreateStore(memory[k], b_.CreateConstGEP1_32(b_.getPtrTy(), table, k));
  auto* type = llvm::FunctionType::get(b_.getInt64Ty(), {b_.getPtrTy(), b_.getInt64Ty(), b_.getPtrTy()}, false);
  llvm::Value* answer =
      b_.CreateCall(type, function_->getArg(kCall),
                    {function_->getArg(kContext), b_.getInt64(static_cast<std::uint64_t>(s.callee)), table});
  leave_if(b_.CreateICmpNE(answer, b_.getInt64(0)), NestStatus::refused);
  for (std::size_t j = 0; j < s.to.size(); ++j) {
    const int v = s.to[j];
    if (!variable(v).pointer) set_element(v, elements_->load(memory[s.from.size() + j], variable(v).dtype, 1));
  }
}

llvm::Value* NestEmitter::integer(int v) {
  llvm::Value* x = element(v).re;
  const bool is_signed = is_signed_integer(variable(v).dtype);
  return is_signed ? b_.CreateSExt(x, b_.getInt64Ty()) : b_.CreateZExt(x, b_.getInt64Ty());
}

// Where to go on for an index that does not fit: one place for all, which tells the caller.
llvm::BasicBlock* NestEmitter::wrong_index(llvm::Value* index, llvm::Value* size, int axis) {
  WrongIndex& w = wrong_index_;
  if (w.block == nullptr) {
    w.block = block("wrong_index");
    llvm::IRBuilder<> there(w.block);
    for (llvm::PHINode*& fact : w.facts) fact = there.CreatePHI(b_.getInt64Ty(), 2);
  }
  llvm::Value* facts[] = {index, size, b_.getInt64(static_cast<std::uint64_t>(std::int64_t{axis}))};
  for (std::size_t i = 0; i < 3; ++i) w.facts[i]->addIncoming(facts[i], b_.GetInsertBlock());
  return w.block;
}

void NestEmitter::leave_for_wrong_index() {
  if (wrong_index_.block == nullptr) return;
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  llvm::Value* facts = at_entry.CreateAlloca(llvm::ArrayType::get(b_.getInt64Ty(), 3));
  llvm::Value* table = at_entry.CreateAlloca(b_.getPtrTy());
  b_.SetInsertPoint(wrong_index_.block);
  for (unsigned i = 0; i < 3; ++i)
    b_.CreateStore(wrong_index_.facts[i], b_.CreateConstGEP1_32(b_.getInt64Ty(), facts, i));
  b_.CreateStore(facts, table);
  auto* type = llvm::FunctionType::get(b_.getInt64Ty(), {b_.getPtrTy(), b_.getInt64Ty(), b_.getPtrTy()}, false);
  b_.CreateCall(type, function_->getArg(kCall),
                {function_->getArg(kContext), b_.getInt64(static_cast<std::uint64_t>(kWrongIndex)), table});
  leave(NestStatus::refused);
}

void NestEmitter::address(const NestStatement& s) {
  llvm::Value* index = integer(s.from[1]);
  const bool is_signed = is_signed_integer(variable(s.from[1]).dtype);
  llvm::Value *size = parameter(s.extent), *zero = b_.getInt64(0);
  if (is_signed) index = b_.CreateSelect(b_.CreateICmpSLT(index, zero), b_.CreateAdd(index, size), index);
  auto* on = block("on");
  llvm::Value* wrong = b_.CreateICmpUGE(index, size);
  b_.CreateCondBr(wrong, wrong_index(index, size, s.callee), on,
                  llvm::MDBuilder(context_).createBranchWeights(1, 1 << 20));
  b_.SetInsertPoint(on);
  const auto unit = static_cast<std::uint64_t>(itemsize(variable(s.from[0]).dtype));
  llvm::Value* bytes = b_.CreateMul(index, s.step == kUnit ? b_.getInt64(unit) : parameter(s.step));
  set_pointer(s.to[0], b_.CreateGEP(b_.getInt8Ty(), pointer(s.from[0]), bytes));
}

// Of loops that write one element a turn and do nothing else to memory. Going through memory would take longer than all
// else that a recurrence does.
NestEmitter::LastWrite NestEmitter::last_write(const NestStatement& loop) {
  LastWrite last;
  std::vector<int> base(nest_.variables.size());  // the pointer that one is reckoned from
  for (std::size_t v = 0; v < base.size(); ++v) base[v] = static_cast<int>(v);
  const auto base_of = [&](int v) -> int& { return base[static_cast<std::size_t>(v)]; };
  for (const auto* block : {&loop.head, &loop.body}) {
    for (const NestStatement& s : *block) {
      const bool in_memory = s.kind == Kind::store || (s.kind == Kind::compute && !s.extents.empty());
      const bool other = s.kind == Kind::call || s.kind == Kind::loop || s.kind == Kind::branch ||
                         s.kind == Kind::locate || s.kind == Kind::refuse;
      if (other || (in_memory && last.store != nullptr)) return {};
      if (s.kind == Kind::address || s.kind == Kind::advance) base_of(s.to[0]) = base_of(s.from[0]);
      if (!in_memory) continue;
      if (s.kind != Kind::store || variable(s.from[0]).elements > 1 || is_complex(variable(s.from[0]).dtype)) return {};
      last.store = &s;
    }
  }
  if (last.store == nullptr) return {};
  const NestVariable& stored = variable(last.store->from[0]);
  for (const NestStatement& s : loop.body) {
    const bool same_place = s.kind == Kind::load && s.from[0] == last.store->to[0];  // in another place a turn before
    if (s.kind == Kind::load && !same_place && variable(s.to[0]) == stored &&
        base_of(s.from[0]) == base_of(last.store->to[0]))
      last.loads.push_back(&s);
  }
  if (last.loads.empty()) return {};
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  last.address = at_entry.CreateAlloca(b_.getPtrTy());
  last.value = at_entry.CreateAlloca(elements_->element_type(stored.dtype));
  b_.CreateStore(llvm::ConstantPointerNull::get(b_.getPtrTy()), last.address);
  b_.CreateStore(llvm::Constant::getNullValue(last.value->getAllocatedType()), last.value);
  return last;
}

// A branch, which the processor foresees: it need not wait for memory to know the value.
llvm::Value* NestEmitter::load_after_write(const NestStatement& s) {
  llvm::Value* at = pointer(s.from[0]);
  llvm::Type* type = last_write_.value->getAllocatedType();
  llvm::Value* known = b_.CreateLoad(type, last_write_.value);
  llvm::Value* same = b_.CreateICmpEQ(at, b_.CreateLoad(b_.getPtrTy(), last_write_.address));
  llvm::BasicBlock* before = b_.GetInsertBlock();
  auto *read = block("read"), *on = block("known");
  b_.CreateCondBr(same, on, read);
  b_.SetInsertPoint(read);
  llvm::Value* loaded = elements_->load(at, variable(s.to[0]).dtype, 1).re;
  b_.CreateBr(on);
  b_.SetInsertPoint(on);
  llvm::PHINode* value = b_.CreatePHI(type, 2);
  value->addIncoming(known, before);
  value->addIncoming(loaded, read);
  return value;
}

void NestEmitter::loop(const NestStatement& s) {
  const LastWrite outer = std::exchange(last_write_, last_write(s));
  const bool counted = s.extent != kNone;
  llvm::AllocaInst* done = nullptr;
  if (counted) {
    llvm::BasicBlock& entry = function_->getEntryBlock();
    done = llvm::IRBuilder<>(&entry, entry.begin()).CreateAlloca(b_.getInt64Ty());
    b_.CreateStore(b_.getInt64(0), done);
  }
  auto *head = block("head"), *body = block("iteration"), *after = block("after");
  b_.CreateBr(head);
  b_.SetInsertPoint(head);
  if (counted) {
    auto* more = block("more");
    b_.CreateCondBr(b_.CreateICmpSLT(b_.CreateLoad(b_.getInt64Ty(), done), parameter(s.extent)), more, after);
    b_.SetInsertPoint(more);
  }
  if (!s.from.empty()) {
    emit(s.head);
    b_.CreateCondBr(b_.CreateICmpNE(element(s.from[0]).re, b_.getInt8(0)), body, after);
  } else {
    b_.CreateBr(body);
  }
  b_.SetInsertPoint(body);
  emit(s.body);
  if (counted) b_.CreateStore(b_.CreateNSWAdd(b_.CreateLoad(b_.getInt64Ty(), done), b_.getInt64(1)), done);
  poll(parameter(s.step));
  b_.CreateBr(head);
  b_.SetInsertPoint(after);
  last_write_ = outer;
  if (!s.to.empty()) set_element(s.to[0], {b_.CreateLoad(b_.getInt64Ty(), done), nullptr});
}

void NestEmitter::branch(const NestStatement& s) {
  llvm::Value* choice = element(s.from[0]).re;
  auto *body = block("chosen"), *otherwise = block("otherwise"), *after = block("after");
  llvm::Value* number = llvm::ConstantInt::get(choice->getType(), static_cast<std::uint64_t>(s.step));
  b_.CreateCondBr(b_.CreateICmpEQ(choice, number), body, otherwise);
  b_.SetInsertPoint(body);
  emit(s.body);
  b_.CreateBr(after);
  b_.SetInsertPoint(otherwise);
  emit(s.otherwise);
  b_.CreateBr(after);
  b_.SetInsertPoint(after);
}

// Asks the caller, now and then, whether to go on.
void NestEmitter::poll(llvm::Value* cycles) {
  llvm::Value* left = b_.CreateSub(b_.CreateLoad(b_.getInt64Ty(), countdown_), cycles);
  b_.CreateStore(left, countdown_);
  auto *ask = block("ask"), *on = block("on");
  b_.CreateCondBr(b_.CreateICmpSLE(left, b_.getInt64(0)), ask, on,
                  llvm::MDBuilder(context_).createBranchWeights(1, 1 << 20));
  b_.SetInsertPoint(ask);
  b_.CreateStore(function_->getArg(kInterval), countdown_);
  auto* type = llvm::FunctionType::get(b_.getInt64Ty(), {b_.getPtrTy()}, false);
  llvm::Value* answer = b_.CreateCall(type, function_->getArg(kPoll), {function_->getArg(kContext)});
  leave_if(b_.CreateICmpNE(answer, b_.getInt64(0)), NestStatus::interrupted);
  b_.CreateBr(on);
  b_.SetInsertPoint(on);
}

namespace {

CodeKey key_of(const Nest& nest, Isa isa) {
  CodeKey key("nest", target_name(isa));
  key.add(nest);
  return key;
}

}  // namespace

std::optional<CompiledNest> stored_nest(const Nest& nest, Isa isa) {
  if (!keeps_code()) return std::nullopt;
  const auto start = std::chrono::steady_clock::now();
  const ProfileSpan span("load", "a loop");
  const CodeKey key = key_of(nest, isa);
  const std::optional<std::string> stored = load_code(key);
  if (!stored) return std::nullopt;
  std::optional<Jit::Code> code = link_stored(*stored);
  if (!code) {
    reject_code(key);
    return std::nullopt;
  }
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return CompiledNest{reinterpret_cast<NestFunction>(code->address), elapsed.count(), std::move(code->owner)};
}

CompiledNest compile_nest(const Nest& nest, Isa isa) {
  if (std::optional<CompiledNest> stored = stored_nest(nest, isa)) return std::move(*stored);
  const auto start = std::chrono::steady_clock::now();
  Jit& jit = Jit::get();
  const std::lock_guard lock(jit.mutex());
  const CompilationSpan span("a loop");
  NestEmitter emitter(jit, nest, isa);
  emitter.emit();
#ifndef NDEBUG
  if (llvm::verifyFunction(emitter.function())) throw RuntimeError("a loop nest is not valid LLVM IR");
#endif
  jit.optimize(emitter.module(), emitter.function(), isa);
  const std::string object = jit.make_object(emitter.module(), isa);
  Jit::Code code = jit.link(object);
  store_code(key_of(nest, isa), object);
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return {reinterpret_cast<NestFunction>(code.address), elapsed.count(), std::move(code.owner)};
}

std::string nest_text(const Nest& nest, Isa isa, std::string_view stage) {
  Jit& jit = Jit::get();
  const std::lock_guard lock(jit.mutex());
  NestEmitter emitter(jit, nest, isa);
  emitter.emit();
  if (stage != "ir") jit.optimize(emitter.module(), emitter.function(), isa);
  if (stage == "asm") return jit.assembly(emitter.module(), isa);
  std::string text;
  llvm::raw_string_ostream out(text);
  emitter.module().print(out, nullptr);
  return text;
}

}  // namespace tnp::compiler

// From a loop nest to LLVM IR. Variables are stack slots, which SROA turns into registers; rows are loops over vectors
// with a loop over single elements for the rest; what small arrays are computed with has no loops.
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Verifier.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "compiler/code_cache.h"
#include "compiler/codegen/codegen.h"
#include "compiler/codegen/llvm/elements.h"
#include "compiler/codegen/llvm/quotients.h"
#include "compiler/codegen/llvm/small_arrays.h"
#include "runtime/profile.h"
#include "tnp/error.h"

namespace tnp::compiler {

namespace {

using Kind = NestStatement::Kind;

constexpr int kHeavyCycles = 12;  // of a group: fewer lanes take less time

enum Argument : unsigned { kArguments, kParameters, kInterval, kPoll, kCall, kContext };

class NestEmitter {
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
  // Whether the innermost loop's elements lie next to each other, or are the same for all.
  static bool vectorizes(const NestStatement& s) {
    return !s.extents.empty() && std::all_of(s.strides.begin(), s.strides.end(),
                                             [](const std::vector<int>& strides) { return strides.back() < 0; });
  }
  using Pointers = std::vector<llvm::Value*>;  // of inputs, then outputs; null: an element in a variable
  void compute_rows(const NestStatement& s);
  void rows(const NestStatement& s, std::size_t loop, const Pointers& pointers);
  void short_rows(const NestStatement& s, const Pointers& pointers);
  void short_columns(const NestStatement& s, const Pointers& pointers);
  SmallArrays::Chunks short_operand(const NestStatement& s, std::size_t k, llvm::Value* pointer, llvm::Value* row,
                                    int lanes);
  llvm::Value* row_loop(const NestStatement& s, int lanes, llvm::Value* start, const Pointers& pointers);
  std::vector<Registers> same_along_row(const NestStatement& s, int lanes, const Pointers& pointers);
  void row_turn(const NestStatement& s, int lanes, llvm::Value* index, std::vector<Registers> in,
                const Pointers& pointers, llvm::Value* mask);
  // Whether rows are folded, all of them for a vector of columns.
  static bool folds_rows(const NestStatement& s) { return s.fold != Fold::none && s.step == kNone; }
  Registers below(const NestStatement& s, std::size_t k, int lanes, llvm::Value* index, llvm::Value* from,
                  llvm::Value* row, llvm::Value* mask);
  void fold_turn(const NestStatement& s, int lanes, llvm::Value* index, const Pointers& pointers, llvm::Value* mask);
  void row_rest(const NestStatement& s, int lanes, llvm::Value* start, const Pointers& pointers);
  // Whether what whole vectors leave of a row is one more vector, of which some lanes are looked at.
  bool masks_rest(const NestStatement& s) const {
    const auto fits = [&](int v) { return !is_complex(variable(v).dtype); };
    return isa_ == Isa::avx512 && vectorizes(s) && std::all_of(s.from.begin(), s.from.end(), fits) &&
           std::all_of(s.to.begin(), s.to.end(), fits);
  }
  // Whether it takes long, and short vectors are divided in less time.
  bool halves_rest(const NestStatement& s) const {
    return masks_rest(s) && vector_lanes(s.group, isa_) == 8 && s.group.cycles() >= kHeavyCycles;
  }
  void call(const NestStatement& s);
  void address(const NestStatement& s);
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
};

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
      leave(NestStatus::refused);
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
  set_chunks(s.to[0], small_.fold(s, variable(s.to[0]).dtype, variable(s.to[0]).elements, from));
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

// The last chunk as far as there is memory; the rest of it is zero.
void NestEmitter::load_small(const NestStatement& s) {
  const NestVariable& v = variable(s.to[0]);
  llvm::Value* from = pointer(s.from[0]);
  SmallArrays::Chunks to;
  for (int first = 0; first < v.elements; first += kChunk) {
    const int n = std::min(kChunk, v.elements - first);
    llvm::Value* at = b_.CreateConstGEP1_32(b_.getInt8Ty(), from, static_cast<unsigned>(first * itemsize(v.dtype)));
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
  llvm::Value* to = pointer(s.to[0]);
  const SmallArrays::Chunks from = chunks(s.from[0]);
  for (int first = 0; first < v.elements; first += kChunk) {
    const int n = std::min(kChunk, v.elements - first);
    llvm::Value* at = b_.CreateConstGEP1_32(b_.getInt8Ty(), to, static_cast<unsigned>(first * itemsize(v.dtype)));
    llvm::Value* x = from[static_cast<std::size_t>(first / kChunk)];
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

// --- rows

// The group's outputs; `values` holds its inputs. Of other lanes than those of the mask nobody knows what they hold.
std::vector<Registers> NestEmitter::outputs_of(const FusedGroup& group, std::vector<Registers> values, int lanes,
                                               llvm::Value* mask) {
  const auto first = static_cast<std::size_t>(group.num_inputs());
  values.resize(static_cast<std::size_t>(group.num_values()));
  const auto apply = [&](std::size_t i) {
    const FusedOp& op = group.ops[i];
    const auto in = [&](int k) { return k < op.arity ? values[static_cast<std::size_t>(op.in[k])] : Registers{}; };
    values[first + i] = elements_->apply(op, {in(0), in(1), in(2)}, lanes);
  };
  const SharedDivisor shared = lanes > 1 && isa_ != Isa::baseline ? shared_divisor(group) : SharedDivisor{};
  for (std::size_t i = 0; i < group.ops.size(); ++i) {
    if (shared.divides.empty() || !shared.after[i]) apply(i);
  }
  if (!shared.divides.empty()) divide_by_shared(group, shared, values, mask);
  for (std::size_t i = 0; i < group.ops.size(); ++i) {
    if (values[first + i].re == nullptr) apply(i);
  }
  std::vector<Registers> out;
  for (std::int16_t v : group.outputs) out.push_back(values[static_cast<std::size_t>(v)]);
  return out;
}

void NestEmitter::divide_by_shared(const FusedGroup& group, const SharedDivisor& shared, std::vector<Registers>& values,
                                   llvm::Value* mask) {
  const auto dividend = [&](std::size_t i) { return values[static_cast<std::size_t>(group.ops[i].in[0])].re; };
  llvm::Value* divisor = values[static_cast<std::size_t>(shared.divisor)].re;
  Quotients quotients(b_);
  quotients.check_divisor(divisor);
  for (std::size_t i : shared.divides) quotients.check_dividend(dividend(i));
  auto *fast = block("quotients"), *slow = block("divisions"), *after = block("after");
  b_.CreateCondBr(quotients.all_fit(mask), fast, slow, llvm::MDBuilder(context_).createBranchWeights(1 << 20, 1));
  std::vector<llvm::Value*> products, divisions;
  b_.SetInsertPoint(fast);
  llvm::Value* inverse = quotients.inverse(divisor);
  for (std::size_t i : shared.divides) products.push_back(quotients.quotient(dividend(i), divisor, inverse));
  b_.CreateBr(after);
  b_.SetInsertPoint(slow);
  for (std::size_t i : shared.divides) divisions.push_back(b_.CreateFDiv(dividend(i), divisor));
  b_.CreateBr(after);
  b_.SetInsertPoint(after);
  for (std::size_t k = 0; k < products.size(); ++k) {
    llvm::PHINode* either = b_.CreatePHI(divisor->getType(), 2);
    either->addIncoming(products[k], fast);
    either->addIncoming(divisions[k], slow);
    values[static_cast<std::size_t>(group.num_inputs()) + shared.divides[k]] = {either, nullptr};
  }
}

void NestEmitter::compute_rows(const NestStatement& s) {
  Pointers pointers;
  for (int v : s.from) pointers.push_back(variable(v).pointer ? pointer(v) : nullptr);
  for (int v : s.to) pointers.push_back(pointer(v));
  rows(s, 0, pointers);
}

// What operand k has for `lanes` rows from `row` on: all their elements, in as many pieces of `lanes` as a row has
// elements.
SmallArrays::Chunks NestEmitter::short_operand(const NestStatement& s, std::size_t k, llvm::Value* pointer,
                                               llvm::Value* row, int lanes) {
  const int n = s.step;
  const DType d = variable(s.from[k]).dtype;
  const auto at = [&](llvm::Value* index) {
    return b_.CreateGEP(llvm::ArrayType::get(b_.getInt8Ty(), static_cast<std::uint64_t>(itemsize(d))), pointer, index);
  };
  const auto number = [&](int i) { return b_.getInt64(static_cast<std::uint64_t>(i)); };
  const auto layout = static_cast<ShortRows>(s.positions[k][0]);
  SmallArrays::Chunks out, source;
  if (layout == ShortRows::one) {
    const Registers x = pointer ? elements_->load(pointer, d, 1) : element(s.from[k]);
    out.assign(static_cast<std::size_t>(n), elements_->splat(x, lanes).re);
    return out;
  }
  if (layout == ShortRows::packed) {
    llvm::Value* first = b_.CreateMul(row, number(n));
    for (int v = 0; v < n; ++v) out.push_back(elements_->load(at(b_.CreateAdd(first, number(v * lanes))), d, lanes).re);
    return out;
  }
  const bool repeated = layout == ShortRows::repeated;
  if (lanes == 1) {
    for (int v = 0; v < n; ++v) out.push_back(elements_->load(at(repeated ? number(v) : row), d, 1).re);
    return out;
  }
  if (repeated) {
    llvm::Value* x = elements_->load(pointer, d, n).re;
    std::vector<int> mask;
    for (int l = 0; l < kChunk; ++l) mask.push_back(std::min(l, n - 1));
    source = {b_.CreateShuffleVector(x, mask)};
  } else {
    source = {elements_->load(at(row), d, lanes).re};
  }
  for (int v = 0; v < n; ++v) {
    std::vector<int> which;
    for (int l = 0; l < lanes; ++l) which.push_back(repeated ? (v * lanes + l) % n : (v * lanes + l) / n);
    out.push_back(small_.gather(source, which));
  }
  return out;
}

// The last two loops, where the innermost is short: kChunk rows at a time, then the others one by one.
void NestEmitter::short_rows(const NestStatement& s, const Pointers& pointers) {
  const auto n = static_cast<std::size_t>(s.step);
  llvm::Value* start = b_.getInt64(0);
  for (int lanes : {kChunk, 1}) {
    std::vector<SmallArrays::Chunks> same(s.from.size());
    for (std::size_t k = 0; k < same.size(); ++k) {
      const auto layout = static_cast<ShortRows>(s.positions[k][0]);
      if (layout == ShortRows::one || layout == ShortRows::repeated)
        same[k] = short_operand(s, k, pointers[k], nullptr, lanes);
    }
    llvm::BasicBlock* before = b_.GetInsertBlock();
    auto *test = block("rows"), *body = block("turn"), *after = block("after");
    b_.CreateBr(test);
    b_.SetInsertPoint(test);
    llvm::PHINode* row = b_.CreatePHI(b_.getInt64Ty(), 2);
    row->addIncoming(start, before);
    llvm::Value* next = b_.CreateNSWAdd(row, b_.getInt64(static_cast<std::uint64_t>(lanes)));
    b_.CreateCondBr(b_.CreateICmpSLE(next, parameter(s.extents[s.extents.size() - 2])), body, after);
    b_.SetInsertPoint(body);
    std::vector<SmallArrays::Chunks> in = same, to(s.to.size());
    for (std::size_t k = 0; k < in.size(); ++k) {
      if (in[k].empty()) in[k] = short_operand(s, k, pointers[k], row, lanes);
    }
    for (std::size_t v = 0; v < n; ++v) {
      std::vector<Registers> values;
      for (const SmallArrays::Chunks& x : in) values.push_back({x[v], nullptr});
      const std::vector<Registers> out = outputs_of(s.group, std::move(values), lanes);
      for (std::size_t j = 0; j < out.size(); ++j) to[j].push_back(out[j].re);
    }
    for (std::size_t j = 0; j < to.size(); ++j) {
      const DType d = variable(s.to[j]).dtype;
      llvm::Value* first = row;
      if (s.fold == Fold::none) {
        first = b_.CreateMul(row, b_.getInt64(n));
      } else {
        SmallArrays::Chunks terms = to[j];
        for (std::size_t t = 0; lanes > 1 && t < n; ++t) {
          std::vector<int> which;
          for (int l = 0; l < lanes; ++l) which.push_back(static_cast<int>(t) + l * s.step);
          terms[t] = small_.gather(to[j], which);
        }
        to[j] = {small_.fold_terms(s, d, terms)};
      }
      for (std::size_t v = 0; v < to[j].size(); ++v) {
        llvm::Value* index = b_.CreateAdd(first, b_.getInt64(v * static_cast<std::uint64_t>(lanes)));
        llvm::Value* at = b_.CreateGEP(llvm::ArrayType::get(b_.getInt8Ty(), static_cast<std::uint64_t>(itemsize(d))),
                                       pointers[s.from.size() + j], index);
        elements_->store(at, {to[j][v], nullptr}, d, lanes);
      }
    }
    row->addIncoming(next, b_.GetInsertBlock());
    b_.CreateBr(test);
    b_.SetInsertPoint(after);
    start = row;
  }
}

// Rows of a few elements, one below the other, folded.
void NestEmitter::short_columns(const NestStatement& s, const Pointers& pointers) {
  const DType d = variable(s.to[0]).dtype;
  SmallArrays::Chunks rows;
  for (int r = 0; r < s.positions[0][0]; ++r) {
    const auto offset = static_cast<unsigned>(r * s.step * itemsize(d));
    rows.push_back(elements_->load(b_.CreateConstGEP1_32(b_.getInt8Ty(), pointers[0], offset), d, s.step).re);
  }
  elements_->store(pointers[1], {small_.fold_terms(s, d, rows), nullptr}, d, s.step);
}

// The loops from number `loop` on.
void NestEmitter::rows(const NestStatement& s, std::size_t loop, const Pointers& pointers) {
  if (loop + 2 == s.extents.size() && s.step != kNone)
    return s.fold != Fold::none && s.order == FoldOrder::columns ? short_columns(s, pointers) : short_rows(s, pointers);
  if (loop + 1 == s.extents.size() || folds_rows(s)) {
    llvm::Value* start = b_.getInt64(0);
    if (vectorizes(s)) start = row_loop(s, vector_lanes(s.group, isa_), start, pointers);
    if (masks_rest(s)) {
      row_rest(s, vector_lanes(s.group, isa_), start, pointers);
    } else {
      row_loop(s, 1, start, pointers);
    }
    return;
  }
  llvm::BasicBlock* before = b_.GetInsertBlock();
  auto *test = block("outer"), *body = block("rows"), *after = block("after");
  b_.CreateBr(test);
  b_.SetInsertPoint(test);
  llvm::PHINode* index = b_.CreatePHI(b_.getInt64Ty(), 2);
  index->addIncoming(b_.getInt64(0), before);
  b_.CreateCondBr(b_.CreateICmpSLT(index, parameter(s.extents[loop])), body, after);
  b_.SetInsertPoint(body);
  Pointers inner;
  for (std::size_t k = 0; k < pointers.size(); ++k) {
    const int stride = s.strides[k][loop];
    inner.push_back(pointers[k]);
    if (pointers[k] && stride != kNone)
      inner.back() = b_.CreateGEP(b_.getInt8Ty(), pointers[k], b_.CreateMul(index, parameter(stride)));
  }
  rows(s, loop + 1, inner);
  index->addIncoming(b_.CreateNSWAdd(index, b_.getInt64(1)), b_.GetInsertBlock());
  b_.CreateBr(test);
  b_.SetInsertPoint(after);
}

// Of the innermost loop, vectors of `lanes` elements from `start` on for as long as whole ones remain; gives where that
// ended.
llvm::Value* NestEmitter::row_loop(const NestStatement& s, int lanes, llvm::Value* start, const Pointers& pointers) {
  const std::vector<Registers> same = same_along_row(s, lanes, pointers);
  llvm::BasicBlock* before = b_.GetInsertBlock();
  auto *test = block("row"), *body = block("turn"), *after = block("after");
  b_.CreateBr(test);
  b_.SetInsertPoint(test);
  llvm::PHINode* index = b_.CreatePHI(b_.getInt64Ty(), 2);
  index->addIncoming(start, before);
  llvm::Value* next = b_.CreateNSWAdd(index, b_.getInt64(static_cast<std::uint64_t>(lanes)));
  b_.CreateCondBr(b_.CreateICmpSLE(next, parameter(s.extents.back())), body, after);
  b_.SetInsertPoint(body);
  row_turn(s, lanes, index, same, pointers, nullptr);
  index->addIncoming(next, b_.GetInsertBlock());
  b_.CreateBr(test);
  b_.SetInsertPoint(after);
  return index;
}

// The operands that are one element for the whole row.
std::vector<Registers> NestEmitter::same_along_row(const NestStatement& s, int lanes, const Pointers& pointers) {
  std::vector<Registers> same;
  if (folds_rows(s)) return same;
  for (std::size_t k = 0; k < s.from.size(); ++k) {
    Registers x;
    if (!pointers[k]) {
      x = elements_->splat(element(s.from[k]), lanes);
    } else if (s.strides[k].back() == kNone) {
      x = elements_->splat(elements_->load(pointers[k], variable(s.from[k]).dtype, 1), lanes);
    }
    same.push_back(x);
  }
  return same;
}

// Elements from `index` on, of which the mask, if there is one, says which are there.
void NestEmitter::row_turn(const NestStatement& s, int lanes, llvm::Value* index, std::vector<Registers> in,
                           const Pointers& pointers, llvm::Value* mask) {
  if (folds_rows(s)) return fold_turn(s, lanes, index, pointers, mask);
  const auto at = [&](std::size_t operand, DType d) {
    const int stride = s.strides[operand].back();
    if (stride >= 0) return b_.CreateGEP(b_.getInt8Ty(), pointers[operand], b_.CreateMul(index, parameter(stride)));
    return b_.CreateGEP(llvm::ArrayType::get(b_.getInt8Ty(), static_cast<std::uint64_t>(itemsize(d))),
                        pointers[operand], index);
  };
  for (int k : lanes > 1 && !mask ? s.ahead : std::vector<int>()) {
    const auto operand = static_cast<std::size_t>(k);
    const int v = operand < s.from.size() ? s.from[operand] : s.to[operand - s.from.size()];
    llvm::Value* later = b_.CreateConstGEP1_64(b_.getInt8Ty(), at(operand, variable(v).dtype), kAheadBytes);
    b_.CreateIntrinsic(llvm::Intrinsic::prefetch, {b_.getPtrTy()},
                       {later, b_.getInt32(0), b_.getInt32(2), b_.getInt32(1)});
  }
  for (std::size_t k = 0; k < in.size(); ++k) {
    const DType d = variable(s.from[k]).dtype;
    if (in[k].re) continue;
    in[k] = mask ? elements_->load_some(at(k, d), d, lanes, mask) : elements_->load(at(k, d), d, lanes);
  }
  const std::vector<Registers> out = outputs_of(s.group, std::move(in), lanes, mask);
  for (std::size_t j = 0; j < out.size(); ++j) {
    const DType d = variable(s.to[j]).dtype;
    llvm::Value* to = at(s.from.size() + j, d);
    mask ? elements_->store_some(to, out[j], d, mask) : elements_->store(to, out[j], d, lanes);
  }
}

// What operand k has for a vector of columns, and a row; without a number the first.
Registers NestEmitter::below(const NestStatement& s, std::size_t k, int lanes, llvm::Value* index, llvm::Value* from,
                             llvm::Value* row, llvm::Value* mask) {
  const DType d = variable(s.from[k]).dtype;
  if (!from) return elements_->splat(element(s.from[k]), lanes);
  if (row) from = b_.CreateGEP(b_.getInt8Ty(), from, b_.CreateMul(row, parameter(s.strides[k][0])));
  if (s.strides[k][1] == kNone) return elements_->splat(elements_->load(from, d, 1), lanes);
  from = b_.CreateGEP(elements_->element_type(d), from, index);
  return mask ? elements_->load_some(from, d, lanes, mask) : elements_->load(from, d, lanes);
}

// Sums of what is computed for a vector of columns and all rows: leaves of kLeafRows rows, then those, as everywhere.
// Nothing is stored in between.
void NestEmitter::fold_turn(const NestStatement& s, int lanes, llvm::Value* index, const Pointers& pointers,
                            llvm::Value* mask) {
  const int count = s.positions[0][0], leaves = (count + kLeafRows - 1) / kLeafRows;
  const auto read = [&](std::size_t k, llvm::Value* row) { return below(s, k, lanes, index, pointers[k], row, mask); };
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  llvm::Type* vector = elements_->vector_type(variable(s.to[0]).dtype, lanes);
  llvm::AllocaInst* row = at_entry.CreateAlloca(b_.getInt64Ty());
  std::vector<llvm::AllocaInst*> sums, partial;
  for (std::size_t j = 0; j < s.to.size(); ++j) {
    sums.push_back(at_entry.CreateAlloca(vector));
    partial.push_back(at_entry.CreateAlloca(llvm::ArrayType::get(vector, static_cast<std::uint64_t>(leaves))));
    partial.back()->setAlignment(llvm::Align(64));
  }
  std::vector<Registers> same(s.from.size());  // for all rows
  for (std::size_t k = 0; k < same.size(); ++k) {
    if (!pointers[k] || s.strides[k][0] == kNone) same[k] = read(k, nullptr);
  }
  b_.CreateStore(b_.getInt64(0), row);
  auto *leaf = block("leaf"), *test = block("below"), *body = block("turn"), *end = block("end"), *after = block("all");
  b_.CreateBr(leaf);
  b_.SetInsertPoint(leaf);
  llvm::Value* first = b_.CreateLoad(b_.getInt64Ty(), row);
  llvm::Value* last = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b_.CreateAdd(first, b_.getInt64(kLeafRows)),
                                               b_.getInt64(static_cast<std::uint64_t>(count)));
  for (llvm::AllocaInst* sum : sums) b_.CreateStore(llvm::ConstantFP::getNegativeZero(vector), sum);
  b_.CreateBr(test);
  b_.SetInsertPoint(test);
  llvm::Value* now = b_.CreateLoad(b_.getInt64Ty(), row);
  b_.CreateCondBr(b_.CreateICmpSLT(now, last), body, end);
  b_.SetInsertPoint(body);
  std::vector<Registers> in = same;
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (!in[k].re) in[k] = read(k, now);
  }
  const std::vector<Registers> terms = outputs_of(s.group, std::move(in), lanes, mask);
  for (std::size_t j = 0; j < sums.size(); ++j)
    b_.CreateStore(b_.CreateFAdd(b_.CreateLoad(vector, sums[j]), terms[j].re), sums[j]);
  b_.CreateStore(b_.CreateNSWAdd(now, b_.getInt64(1)), row);
  b_.CreateBr(test);
  b_.SetInsertPoint(end);
  for (std::size_t j = 0; j < sums.size(); ++j) {
    llvm::Value* number = b_.CreateLShr(first, b_.getInt64(std::countr_zero(static_cast<unsigned>(kLeafRows))));
    b_.CreateStore(b_.CreateLoad(vector, sums[j]), b_.CreateGEP(vector, partial[j], number));
  }
  b_.CreateCondBr(b_.CreateICmpSLT(last, b_.getInt64(static_cast<std::uint64_t>(count))), leaf, after);
  b_.SetInsertPoint(after);
  for (std::size_t j = 0; j < sums.size(); ++j) {
    SmallArrays::Chunks all;
    for (int l = 0; l < leaves; ++l)
      all.push_back(b_.CreateLoad(vector, b_.CreateConstGEP1_32(vector, partial[j], static_cast<unsigned>(l))));
    const DType d = variable(s.to[j]).dtype;
    llvm::Value* to = b_.CreateGEP(elements_->element_type(d), pointers[s.from.size() + j], index);
    const Registers sum{small_.fold_leaves(s, d, all), nullptr};
    mask ? elements_->store_some(to, sum, d, mask) : elements_->store(to, sum, d, lanes);
  }
}

// What is left of a row, less than a vector; by one of half the size, if that is enough and takes less time.
void NestEmitter::row_rest(const NestStatement& s, int lanes, llvm::Value* start, const Pointers& pointers) {
  auto *body = block("rest"), *after = block("after");
  llvm::Value* left = b_.CreateSub(parameter(s.extents.back()), start);
  b_.CreateCondBr(b_.CreateICmpSGT(left, b_.getInt64(0)), body, after);
  b_.SetInsertPoint(body);
  const auto turn = [&](int n) {
    std::vector<llvm::Constant*> lane;
    for (int i = 0; i < n; ++i) lane.push_back(b_.getInt8(static_cast<std::uint8_t>(i)));
    llvm::Value* count = b_.CreateVectorSplat(static_cast<unsigned>(n), b_.CreateTrunc(left, b_.getInt8Ty()));
    llvm::Value* mask = b_.CreateICmpULT(llvm::ConstantVector::get(lane), count);
    row_turn(s, n, start, same_along_row(s, n, pointers), pointers, mask);
    b_.CreateBr(after);
  };
  if (halves_rest(s)) {
    auto *half = block("half"), *whole = block("whole");
    llvm::Value* few = b_.getInt64(static_cast<std::uint64_t>(lanes / 2));
    b_.CreateCondBr(b_.CreateICmpSLE(left, few), half, whole);
    b_.SetInsertPoint(half);
    turn(lanes / 2);
    b_.SetInsertPoint(whole);
  }
  turn(lanes);
  b_.SetInsertPoint(after);
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

void NestEmitter::address(const NestStatement& s) {
  llvm::Value* index = element(s.from[1]).re;
  const bool is_signed = is_signed_integer(variable(s.from[1]).dtype);
  index = is_signed ? b_.CreateSExt(index, b_.getInt64Ty()) : b_.CreateZExt(index, b_.getInt64Ty());
  llvm::Value *size = parameter(s.extent), *zero = b_.getInt64(0);
  if (is_signed) index = b_.CreateSelect(b_.CreateICmpSLT(index, zero), b_.CreateAdd(index, size), index);
  leave_if(b_.CreateICmpUGE(index, size), NestStatus::refused);
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

// Rows of a loop nest: vectors along the innermost loop, short rows in registers, rows folded.
#include <algorithm>
#include <bit>
#include <utility>

#include "compiler/codegen/llvm/nest_emitter.h"

namespace tnp::compiler {

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
  if (s.boxes > 0) return compute_boxes(s);
  Pointers pointers;
  for (int v : s.from) pointers.push_back(variable(v).pointer ? pointer(v) : nullptr);
  for (int v : s.to) pointers.push_back(pointer(v));
  rows(s, 0, pointers);
}

// The same code for one box after the other: what differs are parameters, which lie in records, and pointers.
void NestEmitter::compute_boxes(const NestStatement& s) {
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  Pointers bases, tables;
  for (std::size_t k = 0; k < s.bases.size(); ++k) {
    const int v = k < s.from.size() ? s.from[k] : s.to[k - s.from.size()];
    bases.push_back(variable(v).pointer && s.bases[k].empty() ? pointer(v) : nullptr);
    tables.push_back(nullptr);
    if (s.bases[k].empty()) continue;
    tables.back() = at_entry.CreateAlloca(llvm::ArrayType::get(b_.getPtrTy(), s.bases[k].size()));
    for (std::size_t box = 0; box < s.bases[k].size(); ++box) {
      llvm::Value* slot = b_.CreateConstGEP1_64(b_.getPtrTy(), tables.back(), box);
      b_.CreateStore(pointer(s.bases[k][box]), slot);
    }
  }
  const auto number = [&](int n) { return b_.getInt64(static_cast<std::uint64_t>(n)); };
  const std::vector<llvm::Value*> outside = parameters_;
  turns(b_.getInt64(0), 1, number(s.boxes), [&](llvm::Value* box) {
    llvm::Value* record = b_.CreateMul(box, number(s.record));
    const auto read = [&](int p) {
      if (p < 0) return;
      llvm::Value* at = b_.CreateGEP(b_.getInt64Ty(), function_->getArg(kParameters), b_.CreateAdd(record, number(p)));
      parameters_[static_cast<std::size_t>(p)] = b_.CreateLoad(b_.getInt64Ty(), at);
    };
    std::for_each(s.extents.begin(), s.extents.end(), read);
    std::for_each(s.offsets.begin(), s.offsets.end(), read);
    for (const std::vector<int>& strides : s.strides) std::for_each(strides.begin(), strides.end(), read);
    Pointers pointers;
    for (std::size_t k = 0; k < s.bases.size(); ++k) {
      llvm::Value* base = bases[k];
      if (tables[k]) base = b_.CreateLoad(b_.getPtrTy(), b_.CreateGEP(b_.getPtrTy(), tables[k], box));
      pointers.push_back(base ? b_.CreateGEP(b_.getInt8Ty(), base, parameter(s.offsets[k])) : nullptr);
    }
    rows(s, 0, pointers);
  });
  parameters_ = outside;
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

llvm::Value* NestEmitter::turns(llvm::Value* start, int step, llvm::Value* end,
                                const std::function<void(llvm::Value*)>& turn) {
  llvm::BasicBlock* before = b_.GetInsertBlock();
  auto *test = block("turns"), *body = block("turn"), *after = block("after");
  b_.CreateBr(test);
  b_.SetInsertPoint(test);
  llvm::PHINode* index = b_.CreatePHI(b_.getInt64Ty(), 2);
  index->addIncoming(start, before);
  llvm::Value* next = b_.CreateNSWAdd(index, b_.getInt64(static_cast<std::uint64_t>(step)));
  b_.CreateCondBr(b_.CreateICmpSLE(next, end), body, after);
  b_.SetInsertPoint(body);
  turn(index);
  index->addIncoming(next, b_.GetInsertBlock());
  b_.CreateBr(test);
  b_.SetInsertPoint(after);
  return index;
}

// The last two loops, where the innermost is short: kChunk rows at a time, then the others one by one.
void NestEmitter::short_rows(const NestStatement& s, const Pointers& pointers) {
  llvm::Value* start = b_.getInt64(0);
  for (int lanes : {kChunk, 1}) {
    std::vector<SmallArrays::Chunks> same(s.from.size());
    for (std::size_t k = 0; k < same.size(); ++k) {
      const auto layout = static_cast<ShortRows>(s.positions[k][0]);
      if (layout == ShortRows::one || layout == ShortRows::repeated)
        same[k] = short_operand(s, k, pointers[k], nullptr, lanes);
    }
    start = turns(start, lanes, parameter(s.extents[s.extents.size() - 2]),
                  [&](llvm::Value* row) { some_short_rows(s, same, row, lanes, pointers); });
  }
}

void NestEmitter::some_short_rows(const NestStatement& s, const std::vector<SmallArrays::Chunks>& same,
                                  llvm::Value* row, int lanes, const Pointers& pointers) {
  const auto n = static_cast<std::size_t>(s.step);
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
  if (!s.points.empty()) return sum_pairs(s, pointers);
  if (loop + 1 == s.extents.size() || folds_rows(s)) return innermost(s, pointers);
  turns(b_.getInt64(0), 1, parameter(s.extents[loop]), [&](llvm::Value* index) {
    Pointers inner;
    for (std::size_t k = 0; k < pointers.size(); ++k) {
      const int stride = s.strides[k][loop];
      inner.push_back(pointers[k]);
      if (pointers[k] && stride != kNone)
        inner.back() = b_.CreateGEP(b_.getInt8Ty(), pointers[k], b_.CreateMul(index, parameter(stride)));
    }
    rows(s, loop + 1, inner);
  });
}

void NestEmitter::innermost(const NestStatement& s, const Pointers& pointers) {
  llvm::Value* start = b_.getInt64(0);
  if (vectorizes(s)) start = row_loop(s, vector_lanes(s.group, isa_), start, pointers);
  if (masks_rest(s)) {
    row_rest(s, vector_lanes(s.group, isa_), start, pointers);
  } else {
    row_loop(s, 1, start, pointers);
  }
}

// Of the innermost loop, vectors of `lanes` elements from `start` on for as long as whole ones remain; gives where that
// ended.
llvm::Value* NestEmitter::row_loop(const NestStatement& s, int lanes, llvm::Value* start, const Pointers& pointers) {
  const std::vector<Registers> same = same_along_row(s, lanes, pointers);
  return turns(start, lanes, parameter(s.extents.back()),
               [&](llvm::Value* index) { row_turn(s, lanes, index, same, pointers, nullptr); });
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
    const int bytes = itemsize(d) * (stride == kNone ? 1 : elements_apart(stride));
    return b_.CreateGEP(llvm::ArrayType::get(b_.getInt8Ty(), static_cast<std::uint64_t>(bytes)), pointers[operand],
                        index);
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
    in[k] = mask ? elements_->load_some(at(k, d), d, lanes, mask) : load_along(s.strides[k].back(), at(k, d), d, lanes);
  }
  const std::vector<Registers> out = outputs_of(s.group, std::move(in), lanes, mask);
  for (std::size_t j = 0; j < out.size(); ++j) {
    const DType d = variable(s.to[j]).dtype;
    llvm::Value* to = at(s.from.size() + j, d);
    mask ? elements_->store_some(to, out[j], d, mask)
         : store_along(s.strides[s.from.size() + j].back(), to, out[j], d, lanes);
  }
}

// A vector of elements that lie as a stride of the innermost loop says.
Registers NestEmitter::load_along(int stride, llvm::Value* pointer, DType d, int lanes) {
  if (lanes == 1 || stride == kUnit || stride == kNone) return elements_->load(pointer, d, lanes);
  if (stride < 0) return elements_->load_apart(pointer, d, lanes, elements_apart(stride));
  return elements_->load_scattered(pointer, d, lanes, parameter(stride));
}

void NestEmitter::store_along(int stride, llvm::Value* pointer, const Registers& value, DType d, int lanes) {
  if (lanes == 1 || stride == kUnit || stride == kNone) return elements_->store(pointer, value, d, lanes);
  const auto bytes = static_cast<std::uint64_t>(elements_apart(stride) * itemsize(d));
  elements_->store_scattered(pointer, value, d, lanes, stride < 0 ? b_.getInt64(bytes) : parameter(stride));
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

}  // namespace tnp::compiler

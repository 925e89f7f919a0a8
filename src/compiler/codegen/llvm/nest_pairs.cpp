// Sums over pairs of points that only change sign when the points change places: half of the pairs are computed.
//
// A block is kChunk points, in the lanes of a vector, and kChunk others, row by row. The sum of its rows is a leaf of
// the columns' sums, as everywhere; its terms, transposed and negated, make a leaf of the sums of those others. So all
// sums have the bits that they have elsewhere. A processor can hold the results of some 160 instructions on vectors
// that wait for others. Therefore the quotients of a row come after the next row's root, and the terms of one block are
// transposed during the next.
#include "compiler/codegen/llvm/nest_pairs.h"

#include <algorithm>
#include <utility>

namespace tnp::compiler {

class NestEmitter::PairSums : PairTerms {
 public:
  PairSums(NestEmitter& emitter, const NestStatement& s, const Pointers& pointers) : PairTerms(emitter, s, pointers) {}

  // Gives whether some sum is to be made otherwise.
  llvm::Value* emit() {
    make_memory();
    for (std::size_t k = 0; k < s_.from.size() && !shared_.divides.empty(); ++k) {
      for (int block = 0; block < blocks_ && shows_first(k); ++block)
        check_points(columns(k, number(block), block < full_ ? nullptr : mask(kChunk), kChunk));
    }
    if (full_ > 0) whole_blocks();
    if (rest_ > 0) last_block();
    return finish();
  }

 private:
  struct Row {
    std::vector<Registers> values;
    llvm::Value* inverse = nullptr;
  };

  void make_memory() {
    llvm::BasicBlock& entry = e_.function_->getEntryBlock();
    llvm::IRBuilder<> at_entry(&entry, entry.begin());
    const auto vectors = [&](std::size_t count) {
      llvm::AllocaInst* memory = at_entry.CreateAlloca(llvm::ArrayType::get(vector_, count));
      memory->setAlignment(llvm::Align(64));
      return memory;
    };
    const auto blocks = static_cast<std::size_t>(blocks_);
    leaves_ = vectors(sums() * blocks * blocks);
    terms_ = vectors(2 * sums() * kChunk);
    // What a block with fewer rows leaves as it was is transposed, too.
    at_entry.CreateMemSet(terms_, b_.getInt8(0), 2 * sums() * kChunk * 64, llvm::Align(64));
    for (llvm::AllocaInst** slot : {&block_, &row_block_, &last_row_block_, &current_})
      *slot = at_entry.CreateAlloca(b_.getInt64Ty());
    pending_ = at_entry.CreateAlloca(b_.getInt1Ty());
    b_.CreateStore(b_.getFalse(), pending_);
    b_.CreateStore(number(0), current_);
  }

  std::vector<Registers> operands(llvm::Value* block, llvm::Value* there, int lanes) {
    std::vector<Registers> out;
    for (std::size_t k = 0; k < s_.from.size(); ++k) {
      if (of_[k] == Of::columns) {
        out.push_back({columns(k, block, there, lanes), nullptr});
      } else if (of_[k] == Of::rows) {
        out.emplace_back();
      } else {
        out.push_back(common_operand(k, lanes));
      }
    }
    return out;
  }

  // Row number `row` of a block of rows.
  std::vector<Registers> with_row(std::vector<Registers> values, llvm::Value* row_block, int row, int lanes) {
    llvm::Value* at = b_.CreateAdd(b_.CreateMul(row_block, number(kChunk)), number(row));
    for (std::size_t k = 0; k < s_.from.size(); ++k) {
      if (of_[k] == Of::rows) values[k] = row_operand(k, at, lanes);
    }
    return values;
  }

  // Of a block among its own points: the second half of the columns twice, and two rows for these, `row` and the next.
  std::vector<Registers> with_two_rows(std::vector<Registers> values, llvm::Value* block, int row) {
    for (std::size_t k = 0; k < s_.from.size(); ++k) {
      if (of_[k] == Of::columns) values[k].re = shuffle(values[k].re, values[k].re, {4, 5, 6, 7, 4, 5, 6, 7});
      if (of_[k] != Of::rows) continue;
      llvm::Value* x = columns(k, block, nullptr, kChunk);
      const int next = row + 1;
      values[k] = {shuffle(x, x, {row, row, row, row, next, next, next, next}), nullptr};
    }
    return values;
  }

  // The terms of a row, up to the inverse of what is divided by.
  Row first_half(std::vector<Registers> values, llvm::Value* there, int lanes) {
    values.resize(static_cast<std::size_t>(s_.group.num_values()));
    Row out{std::move(values)};
    for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
      if (shared_.divides.empty() || !shared_.after[i]) apply(i, out, lanes);
    }
    if (shared_.divides.empty()) return out;
    llvm::Value* divisor = out.values[static_cast<std::size_t>(shared_.divisor)].re;
    Quotients quotients(b_);
    for (std::size_t i : shared_.divides) {
      const auto dividend = static_cast<std::size_t>(s_.group.ops[i].in[0]);
      if (!symmetry_.differences[dividend]) quotients.check_dividend(out.values[dividend].re);
    }
    llvm::Value* misfits = quotients.misfits(divisor);
    if (there) misfits = b_.CreateSelect(there, misfits, llvm::Constant::getNullValue(misfits->getType()));
    if (lanes < kChunk) misfits = e_.small_.widen(misfits, lanes);
    note(misfits);
    out.inverse = quotients.inverse(divisor);
    return out;
  }

  void apply(std::size_t i, Row& row, int lanes) {
    const FusedOp& op = s_.group.ops[i];
    const auto in = [&](int k) { return k < op.arity ? row.values[static_cast<std::size_t>(op.in[k])] : Registers{}; };
    row.values[static_cast<std::size_t>(s_.group.num_inputs()) + i] =
        e_.elements_->apply(op, {in(0), in(1), in(2)}, lanes);
  }

  // The terms of a row.
  std::vector<llvm::Value*> second_half(Row& row, int lanes) {
    const auto first = static_cast<std::size_t>(s_.group.num_inputs());
    Quotients quotients(b_);
    for (std::size_t i : shared_.divides) {
      llvm::Value* dividend = row.values[static_cast<std::size_t>(s_.group.ops[i].in[0])].re;
      llvm::Value* divisor = row.values[static_cast<std::size_t>(shared_.divisor)].re;
      row.values[first + i] = {quotients.quotient(dividend, divisor, row.inverse), nullptr};
    }
    for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
      if (row.values[first + i].re == nullptr) apply(i, row, lanes);
    }
    std::vector<llvm::Value*> out;
    for (std::int16_t v : s_.group.outputs) out.push_back(row.values[static_cast<std::size_t>(v)].re);
    return out;
  }

  // Where the sum of the rows of one block for the columns of another is.
  llvm::Value* leaf(std::size_t sum, llvm::Value* row_block, llvm::Value* block) {
    llvm::Value* at = b_.CreateAdd(number(static_cast<std::int64_t>(sum) * blocks_), row_block);
    return b_.CreateGEP(vector_, leaves_, b_.CreateAdd(b_.CreateMul(at, number(blocks_)), block));
  }
  llvm::Value* term(std::size_t sum, llvm::Value* half, int row) {
    llvm::Value* first = b_.CreateMul(half, number(static_cast<std::int64_t>(sums()) * kChunk));
    return b_.CreateGEP(vector_, terms_, b_.CreateAdd(first, number(static_cast<std::int64_t>(sum) * kChunk + row)));
  }
  llvm::LoadInst* load(llvm::Value* from) { return b_.CreateAlignedLoad(vector_, from, llvm::Align(64)); }
  void store(llvm::Value* x, llvm::Value* to) { b_.CreateAlignedStore(x, to, llvm::Align(64)); }

  // `count` rows of a block; while the terms of the one before, if they are still to be, are transposed.
  void rows(const std::vector<Registers>& same, int count, bool transposes) {
    constexpr int kRowsBetween = 1;
    llvm::Value *block = b_.CreateLoad(b_.getInt64Ty(), block_),
                *row_block = b_.CreateLoad(b_.getInt64Ty(), row_block_);
    llvm::Value *half = b_.CreateLoad(b_.getInt64Ty(), current_), *other = b_.CreateXor(half, number(1));
    llvm::Value* pending = b_.CreateLoad(b_.getInt1Ty(), pending_);
    llvm::Value* before = b_.CreateLoad(b_.getInt64Ty(), last_row_block_);
    std::vector<llvm::Value*> sum(sums(), llvm::ConstantFP::getNegativeZero(vector_));
    std::vector<Row> under_way;
    std::size_t transposed = 0;
    for (int r = 0; r < count + kRowsBetween; ++r) {
      if (r < count) under_way.push_back(first_half(with_row(same, row_block, r, kChunk), nullptr, kChunk));
      if (r >= kRowsBetween) {
        const int done = r - kRowsBetween;
        const std::vector<llvm::Value*> terms = second_half(under_way[static_cast<std::size_t>(done)], kChunk);
        for (std::size_t j = 0; j < sums(); ++j) {
          sum[j] = b_.CreateFAdd(sum[j], terms[j]);
          store(terms[j], term(j, half, done));
        }
      }
      if (transposes && r % 2 == 0 && r > 0 && transposed < sums())
        transpose(transposed++, pending, other, block, before);
    }
    for (std::size_t j = 0; j < sums(); ++j) store(sum[j], leaf(j, row_block, block));
    b_.CreateStore(other, current_);
    b_.CreateStore(row_block, last_row_block_);
    b_.CreateStore(b_.getTrue(), pending_);
  }

  // The terms of a block, for the points in its rows: the block's columns become the rows that are summed.
  void transpose(std::size_t sum, llvm::Value* pending, llvm::Value* half, llvm::Value* block, llvm::Value* row_block) {
    auto *body = e_.block("transpose"), *after = e_.block("after");
    b_.CreateCondBr(pending, body, after);
    b_.SetInsertPoint(body);
    std::vector<llvm::Value*> x, y(kChunk), z(kChunk);
    for (int r = 0; r < kChunk; ++r) x.push_back(load(term(sum, half, r)));
    const auto even = [&](llvm::Value* a, llvm::Value* c) { return shuffle(a, c, {0, 1, 4, 5, 8, 9, 12, 13}); };
    const auto odd = [&](llvm::Value* a, llvm::Value* c) { return shuffle(a, c, {2, 3, 6, 7, 10, 11, 14, 15}); };
    for (std::size_t i = 0; i < kChunk; i += 2) {
      y[i] = shuffle(x[i], x[i + 1], {0, 8, 2, 10, 4, 12, 6, 14});
      y[i + 1] = shuffle(x[i], x[i + 1], {1, 9, 3, 11, 5, 13, 7, 15});
    }
    for (std::size_t i : {0, 1, 4, 5}) {
      z[i] = even(y[i], y[i + 2]);
      z[i + 2] = odd(y[i], y[i + 2]);
    }
    for (std::size_t i = 0; i < kChunk / 2; ++i) {
      x[i] = even(z[i], z[i + 4]);
      x[i + 4] = odd(z[i], z[i + 4]);
    }
    llvm::Value* total = b_.CreateFNeg(x[0]);
    for (std::size_t r = 1; r < kChunk; ++r) total = b_.CreateFSub(total, x[r]);
    store(total, leaf(sum, block, row_block));
    b_.CreateBr(after);
    b_.SetInsertPoint(after);
  }

  // A block among its own points. Its first four rows have the terms of the others for the first four columns, and
  // what is left of those fits into half as many vectors.
  void own_rows(const std::vector<Registers>& same) {
    constexpr std::size_t kHalf = kChunk / 2, kVectors = kHalf + kHalf / 2;
    llvm::Value* block = b_.CreateLoad(b_.getInt64Ty(), block_);
    llvm::Value* other = b_.CreateXor(b_.CreateLoad(b_.getInt64Ty(), current_), number(1));
    llvm::Value* pending = b_.CreateLoad(b_.getInt1Ty(), pending_);
    llvm::Value* before = b_.CreateLoad(b_.getInt64Ty(), last_row_block_);
    std::vector<Row> under_way;
    std::vector<std::vector<llvm::Value*>> terms;
    for (std::size_t r = 0; r <= kVectors; ++r) {
      const int row = static_cast<int>(r < kHalf ? r : 2 * r - kHalf);
      if (r < kVectors) {
        std::vector<Registers> values =
            r < kHalf ? with_row(same, block, row, kChunk) : with_two_rows(same, block, row);
        under_way.push_back(first_half(std::move(values), nullptr, kChunk));
      }
      if (r > 0) terms.push_back(second_half(under_way[r - 1], kChunk));
      if (r > 0 && r <= sums()) transpose(r - 1, pending, other, block, before);
    }
    for (std::size_t j = 0; j < sums(); ++j) {
      llvm::Value* sum = terms[0][j];
      for (std::size_t r = 1; r < kHalf; ++r) sum = b_.CreateFAdd(sum, terms[r][j]);
      std::vector<llvm::Value*> y;
      for (std::size_t i = 0; i < kHalf; i += 2) {
        y.push_back(shuffle(terms[i][j], terms[i + 1][j], {0, 8, 2, 10, 4, 12, 6, 14}));
        y.push_back(shuffle(terms[i][j], terms[i + 1][j], {1, 9, 3, 11, 5, 13, 7, 15}));
      }
      for (std::size_t r = 0; r < kHalf; ++r) {
        llvm::Value *a = y[r % 2], *c = y[2 + r % 2], *own = terms[kHalf + r / 2][j];
        llvm::Value* theirs = b_.CreateFNeg(r < 2 ? shuffle(a, c, {4, 5, 12, 13, 4, 5, 12, 13})
                                                  : shuffle(a, c, {6, 7, 14, 15, 6, 7, 14, 15}));
        sum = b_.CreateFAdd(sum, r % 2 == 0 ? shuffle(theirs, own, {0, 1, 2, 3, 8, 9, 10, 11})
                                            : shuffle(theirs, own, {0, 1, 2, 3, 12, 13, 14, 15}));
      }
      store(sum, leaf(j, block, block));
    }
    b_.CreateStore(b_.getFalse(), pending_);
  }

  // For each block of columns the blocks of rows from the last one to itself.
  void whole_blocks() {
    auto *outer = e_.block("block"), *test = e_.block("test"), *inner = e_.block("rows"), *own = e_.block("own"),
         *after = e_.block("after");
    b_.CreateStore(number(0), block_);
    b_.CreateBr(outer);
    b_.SetInsertPoint(outer);
    llvm::Value* block = b_.CreateLoad(b_.getInt64Ty(), block_);
    const std::vector<Registers> same = operands(block, nullptr, kChunk);
    if (rest_ > 0) {
      b_.CreateStore(number(full_), row_block_);
      rows(same, rest_, false);
    }
    b_.CreateStore(number(full_ - 1), row_block_);
    b_.CreateBr(test);
    b_.SetInsertPoint(test);
    b_.CreateCondBr(b_.CreateICmpSGT(b_.CreateLoad(b_.getInt64Ty(), row_block_), block), inner, own);
    b_.SetInsertPoint(inner);
    rows(same, kChunk, true);
    b_.CreateStore(b_.CreateSub(b_.CreateLoad(b_.getInt64Ty(), row_block_), number(1)), row_block_);
    b_.CreateBr(test);
    b_.SetInsertPoint(own);
    own_rows(same);
    llvm::Value* following = b_.CreateAdd(block, number(1));
    b_.CreateStore(following, block_);
    b_.CreateCondBr(b_.CreateICmpSLT(following, number(full_)), outer, after);
    b_.SetInsertPoint(after);
  }

  // The points that do not fill a block, among themselves.
  void last_block() {
    const int lanes = rest_ > kChunk / 2 ? kChunk : kChunk / 2;
    llvm::Value *block = number(full_), *there = mask(lanes);
    const std::vector<Registers> same = operands(block, there, lanes);
    std::vector<llvm::Value*> sum(sums());
    for (int r = 0; r < rest_; ++r) {
      Row row = first_half(with_row(same, block, r, lanes), there, lanes);
      const std::vector<llvm::Value*> terms = second_half(row, lanes);
      for (std::size_t j = 0; j < sums(); ++j) sum[j] = r == 0 ? terms[j] : b_.CreateFAdd(sum[j], terms[j]);
    }
    for (std::size_t j = 0; j < sums(); ++j)
      store(lanes < kChunk ? e_.small_.widen(sum[j], lanes) : sum[j], leaf(j, block, block));
  }

  llvm::Value* finish() {
    llvm::Value* zero = b_.getFalse();
    for (int block = 0; block < blocks_; ++block) {
      for (std::size_t j = 0; j < sums(); ++j) {
        SmallArrays::Chunks all;
        for (int r = 0; r < blocks_; ++r) all.push_back(load(leaf(j, number(r), number(block))));
        zero = b_.CreateOr(zero, store_sum(j, block, all));
      }
    }
    return b_.CreateOr(zero, numbers_misfit());
  }

  llvm::AllocaInst *leaves_ = nullptr, *terms_ = nullptr;
  llvm::AllocaInst *block_ = nullptr, *row_block_ = nullptr;         // of columns and rows
  llvm::AllocaInst *last_row_block_ = nullptr, *pending_ = nullptr;  // whose terms are to be transposed
  llvm::AllocaInst* current_ = nullptr;                              // half of the memory for terms
};

// Numbers that do not fit, and sums of nothing but zeros, are rare: then all pairs are computed.
void NestEmitter::sum_pairs(const NestStatement& s, const Pointers& pointers) {
  const bool few = FewPairs::fits(*this, s);
  if (!few && !pair_symmetry(s.group, pair_operands(s))->antisymmetric) return innermost(s, pointers);
  llvm::Value* wrong = few ? FewPairs(*this, s, pointers).emit() : PairSums(*this, s, pointers).emit();
  auto *all = block("all_pairs"), *after = block("after");
  b_.CreateCondBr(wrong, all, after, llvm::MDBuilder(context_).createBranchWeights(1, 1 << 20));
  b_.SetInsertPoint(all);
  innermost(s, pointers);
  b_.CreateBr(after);
  b_.SetInsertPoint(after);
}

}  // namespace tnp::compiler

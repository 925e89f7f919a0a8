// What sums over pairs of points are emitted with, in whichever order.
#pragma once

#include <llvm/IR/Intrinsics.h>

#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "compiler/codegen/llvm/nest_emitter.h"

namespace tnp::compiler {

class NestEmitter::PairTerms {
 protected:
  using Of = PairOperand::Of;

  PairTerms(NestEmitter& emitter, const NestStatement& s, const Pointers& pointers)
      : e_(emitter),
        b_(emitter.b_),
        s_(s),
        pointers_(pointers),
        points_(s.positions[0][0]),
        full_(points_ / kChunk),
        rest_(points_ % kChunk),
        blocks_(full_ + (rest_ > 0 ? 1 : 0)),
        symmetry_(*pair_symmetry(s.group, pair_operands(s))),
        vector_(e_.elements_->vector_type(DType::float64, kChunk)),
        bits_(llvm::FixedVectorType::get(b_.getInt64Ty(), kChunk)) {
    if (e_.isa_ != Isa::baseline) shared_ = shared_divisor(s.group);
    for (const PairOperand& x : pair_operands(s)) of_.push_back(x.of);
    llvm::BasicBlock& entry = e_.function_->getEntryBlock();
    for (llvm::AllocaInst** slot : {&wrong_, &largest_, &smallest_}) {
      *slot = llvm::IRBuilder<>(&entry, entry.begin()).CreateAlloca(bits_);
      llvm::Constant* none = llvm::Constant::getNullValue(bits_);
      b_.CreateStore(slot == &smallest_ ? llvm::ConstantExpr::getNot(none) : none, *slot);
    }
  }

  std::size_t sums() const { return s_.to.size(); }
  llvm::Value* number(std::int64_t n) { return b_.getInt64(static_cast<std::uint64_t>(n)); }
  llvm::Value* shuffle(llvm::Value* a, llvm::Value* b, llvm::ArrayRef<int> which) {
    return b_.CreateShuffleVector(a, b, which);
  }

  void note(llvm::Value* bits) { b_.CreateStore(b_.CreateOr(b_.CreateLoad(bits_, wrong_), bits), wrong_); }
  // The first of the operands that show the same numbers of points.
  bool shows_first(std::size_t k) const {
    for (std::size_t other = 0; other < k; ++other) {
      if (s_.points[other] == s_.points[k]) return false;
    }
    return of_[k] != Of::all;
  }
  // As integers sizes are in order, and zeros are the largest if 1 is taken from them.
  void check_points(llvm::Value* x) {
    llvm::Value* size = b_.CreateAnd(b_.CreateBitCast(x, bits_), llvm::ConstantInt::get(bits_, ~std::uint64_t{0} >> 1));
    const auto more = [&](llvm::AllocaInst* slot, llvm::Intrinsic::ID of, llvm::Value* than) {
      b_.CreateStore(b_.CreateBinaryIntrinsic(of, b_.CreateLoad(bits_, slot), than), slot);
    };
    more(largest_, llvm::Intrinsic::umax, size);
    if (shared_.divides.empty()) return;
    more(smallest_, llvm::Intrinsic::umin, b_.CreateSub(size, llvm::ConstantInt::get(bits_, 1)));
  }

  // Of the lanes of the last block those that are there.
  llvm::Value* mask(int lanes) {
    std::vector<llvm::Constant*> there;
    for (int l = 0; l < lanes; ++l) there.push_back(b_.getInt1(l < rest_));
    return llvm::ConstantVector::get(there);
  }

  llvm::Value* columns(std::size_t k, llvm::Value* block, llvm::Value* there, int lanes) {
    llvm::Value* at = b_.CreateGEP(b_.getDoubleTy(), pointers_[k], b_.CreateMul(block, number(kChunk)));
    return there ? e_.elements_->load_some(at, DType::float64, lanes, there).re
                 : e_.elements_->load(at, DType::float64, lanes).re;
  }
  Registers row_operand(std::size_t k, llvm::Value* point, int lanes) {
    llvm::Value* at = b_.CreateGEP(b_.getDoubleTy(), pointers_[k], point);
    return e_.elements_->splat(e_.elements_->load(at, DType::float64, 1), lanes);
  }
  // An operand that all pairs have in common.
  Registers common_operand(std::size_t k, int lanes) {
    const DType d = e_.variable(s_.from[k]).dtype;
    const Registers x = pointers_[k] ? e_.elements_->load(pointers_[k], d, 1) : e_.element(s_.from[k]);
    return e_.elements_->splat(x, lanes);
  }

  // The sums of a block of columns, given those of each block of rows. Gives whether a sum is 0 of unknown sign.
  llvm::Value* store_sum(std::size_t sum, int block, const SmallArrays::Chunks& leaves) {
    llvm::Value* there = block < full_ ? nullptr : mask(kChunk);
    const Registers total{e_.small_.fold_leaves(s_, DType::float64, leaves), nullptr};
    llvm::Value* to = b_.CreateGEP(b_.getDoubleTy(), pointers_[s_.from.size() + sum], number(block * kChunk));
    there ? e_.elements_->store_some(to, total, DType::float64, there)
          : e_.elements_->store(to, total, DType::float64, kChunk);
    if (symmetry_.zeros_are_known && !shared_.divides.empty()) return b_.getFalse();
    llvm::Value* none = b_.CreateFCmpOEQ(total.re, llvm::Constant::getNullValue(vector_));
    return b_.CreateOrReduce(there ? b_.CreateAnd(none, there) : none);
  }
  llvm::Value* numbers_misfit() {
    const bool divides = !shared_.divides.empty();
    const double most = divides ? std::ldexp(1.0, kMiddlingPoint) : std::numeric_limits<double>::infinity();
    const auto from = [&](double d, std::uint64_t less) {
      return llvm::ConstantInt::get(bits_, std::bit_cast<std::uint64_t>(d) - less);
    };
    llvm::Value* wrong = b_.CreateICmpUGE(b_.CreateLoad(bits_, largest_), from(most, 0));
    if (divides) {
      llvm::Value* small = b_.CreateICmpULT(b_.CreateLoad(bits_, smallest_), from(std::ldexp(1.0, -kMiddlingPoint), 1));
      llvm::Value* misfits =
          b_.CreateAnd(b_.CreateLoad(bits_, wrong_), llvm::ConstantInt::get(bits_, Quotients::kMisfit));
      wrong = b_.CreateOr(b_.CreateOr(wrong, small), b_.CreateICmpNE(misfits, llvm::Constant::getNullValue(bits_)));
    }
    return b_.CreateOrReduce(wrong);
  }

  NestEmitter& e_;
  llvm::IRBuilder<>& b_;
  const NestStatement& s_;
  const Pointers& pointers_;
  const int points_, full_, rest_, blocks_;  // blocks of kChunk points, points that are left
  const PairSymmetry symmetry_;
  llvm::Type* const vector_;
  llvm::Type* const bits_;
  SharedDivisor shared_;
  std::vector<Of> of_;                                         // operands
  llvm::AllocaInst* wrong_ = nullptr;                          // bits that numbers set which do not fit
  llvm::AllocaInst *largest_ = nullptr, *smallest_ = nullptr;  // points
};

// Of few points: straight code, every operation where a processor will come to it.
class NestEmitter::FewPairs : PairTerms {
 public:
  static bool fits(const NestEmitter& emitter, const NestStatement& s) {
    return emitter.isa_ == Isa::avx512 && few_pair_vectors(s.positions[0][0], s.group) > 0;
  }
  FewPairs(NestEmitter& emitter, const NestStatement& s, const Pointers& pointers);
  // Gives whether some sum is to be made otherwise.
  llvm::Value* emit();

 private:
  // A value that is emitted when it is its turn.
  struct Planned {
    int value = -1;    // none: 0 in all lanes
    double ready = 0;  // in cycles from the beginning
  };
  using Terms = std::vector<Planned>;  // one for each sum
  // What a pair gives, and what it gives the other way round, perhaps negated.
  struct Pair {
    Terms terms, others;
  };
  // Values of a pair, one way round.
  struct Side {
    std::vector<Planned> values;
    std::vector<bool> negative, known;
  };
  struct Lane {
    int row, column;  // points of a block
  };
  using Lanes = std::array<Lane, kChunk>;
  using Operand = std::function<Planned(std::size_t k)>;

  Planned plan(double when, double cycles, const std::function<llvm::Value*()>& make, bool keep_order = true);
  llvm::Value* value(const Planned& x) const;
  llvm::Value* fence(llvm::Value* x);
  double latency(const FusedOp& op) const;
  void find_common();
  double turn() const;

  Planned input(Side& side, int v);
  void apply(std::size_t i, Side& side);
  void apply_all(Side& side, const Planned* inverse);
  void quotients(Side& side, const Planned& inverse);
  Planned inverse(Side& side);
  Pair pair(const Operand& row, const Operand& column, bool both = true);
  Pair pair_of(const Lanes& lanes, int block, bool both = true);
  Terms selves(int block);
  void across(int row_block, int block);
  void own_two(int a, int b);
  void own(int block);
  void own_few(int block);
  std::vector<Planned> transpose(const std::vector<Pair>& rows, std::size_t sum);
  Planned beside(const Planned& x, const Planned& other, std::size_t sum, int row, bool left);
  Planned sum_of(const std::vector<Planned>& rows);
  Planned& leaf(std::size_t sum, int row_block, int block) {
    return leaves_[(sum * static_cast<std::size_t>(blocks_) + static_cast<std::size_t>(row_block)) *
                       static_cast<std::size_t>(blocks_) +
                   static_cast<std::size_t>(block)];
  }

  struct Task {
    double when;
    std::function<void()> emit;
  };
  std::vector<Task> tasks_;
  std::vector<llvm::Value*> values_;
  std::vector<std::vector<llvm::Value*>> points_of_;  // operand, block
  std::vector<Registers> common_;                     // values of the group that all pairs have in common
  Terms self_;                                        // of a point and itself, in lane 0
  std::vector<bool> negative_;                        // of each sum: the other way round terms are negated
  std::vector<Planned> leaves_;
  double now_ = 0;   // when the next vector of pairs begins
  double turn_ = 0;  // cycles for one
};

}  // namespace tnp::compiler

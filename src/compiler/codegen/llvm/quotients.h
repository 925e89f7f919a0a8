// Quotients of many numbers by one: it is inverted, and each quotient is a product that is corrected once, which gives
// the bits of a division (Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor";
// Brisebarre, Muller and Raina, "Accelerating correctly rounded floating-point division when the divisor is known in
// advance"). A divider takes some ten cycles for a vector, these three operations are pipelined.
//
// It holds for numbers of middling size only, which is found out before: then nothing on the way overflows, or loses
// digits to underflow, and no flags are raised that a division would not raise.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <vector>

#include "compiler/fused_group.h"

namespace tnp::compiler {

// Of a group's divisions of vectors of float64, those by one value.
struct SharedDivisor {
  int divisor = -1;                  // a value of the group
  std::vector<std::size_t> divides;  // operations, of which none needs another; empty: there are too few
  std::vector<bool> after;           // of each operation: it is one of them, or needs one
};
SharedDivisor shared_divisor(const FusedGroup& group);

class Quotients {
 public:
  explicit Quotients(llvm::IRBuilder<>& builder) : b_(builder) {}

  // To divide by: from 2^-255 to 2^256. With negative ones zeros would come out with the wrong sign.
  void check_divisor(llvm::Value* x);
  // To be divided: zeros, and numbers from 2^-511 to 2^512; of either sign.
  void check_dividend(llvm::Value* x);
  // Whether all are of such size, in the lanes of the mask, if there is one.
  llvm::Value* all_fit(llvm::Value* mask);

  // Where all that is found in the end: what bits of `misfits` are set by numbers that do not fit.
  static constexpr std::uint64_t kMisfit = std::uint64_t{7} << 61;
  llvm::Value* misfits(llvm::Value* divisor);

  llvm::Value* inverse(llvm::Value* divisor);
  llvm::Value* quotient(llvm::Value* x, llvm::Value* divisor, llvm::Value* inverse);
  // Its steps: the product, what that is too much, and the corrected product.
  llvm::Value* product(llvm::Value* x, llvm::Value* inverse) { return b_.CreateFMul(x, inverse); }
  llvm::Value* too_much(llvm::Value* product, llvm::Value* divisor, llvm::Value* x);
  llvm::Value* corrected(llvm::Value* product, llvm::Value* too_much, llvm::Value* inverse);

 private:
  llvm::Value* fma(llvm::Value* a, llvm::Value* b, llvm::Value* c);

  llvm::IRBuilder<>& b_;
  llvm::Value* divisor_fits_ = nullptr;  // of each lane
  llvm::Value* extreme_ = nullptr;       // of each lane: bit 62 is set if a dividend does not fit
};

}  // namespace tnp::compiler

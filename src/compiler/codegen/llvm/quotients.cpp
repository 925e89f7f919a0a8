#include "compiler/codegen/llvm/quotients.h"

#include <llvm/IR/Intrinsics.h>

#include <string_view>

namespace tnp::compiler {

namespace {

constexpr std::uint64_t kTopBit = std::uint64_t{1} << 62;  // of the exponent of a double
constexpr std::size_t kFewestQuotients = 2;

}  // namespace

SharedDivisor shared_divisor(const FusedGroup& group) {
  const auto divides = [](const FusedOp& op) {
    return op.op != nullptr && std::string_view(op.op->name) == "divide" && op.compute == DType::float64;
  };
  SharedDivisor best;
  for (const FusedOp& op : group.ops) {
    if (!divides(op) || op.in[1] == best.divisor) continue;
    SharedDivisor found{op.in[1], {}, std::vector<bool>(group.ops.size(), false)};
    const auto is_after = [&](int v) {
      return v >= group.num_inputs() && found.after[static_cast<std::size_t>(v - group.num_inputs())];
    };
    for (std::size_t i = 0; i < group.ops.size(); ++i) {
      const FusedOp& other = group.ops[i];
      for (int k = 0; k < other.arity; ++k)
        found.after[i] = found.after[i] || is_after(other.in[static_cast<std::size_t>(k)]);
      if (found.after[i] || !divides(other) || other.in[1] != found.divisor) continue;
      found.after[i] = true;
      found.divides.push_back(i);
    }
    if (found.divides.size() >= kFewestQuotients && found.divides.size() > best.divides.size()) best = std::move(found);
  }
  return best;
}

// The two top bits of the exponent differ in numbers of middling size.
void Quotients::check_dividend(llvm::Value* x) {
  auto* type = llvm::FixedVectorType::get(b_.getInt64Ty(), llvm::cast<llvm::FixedVectorType>(x->getType()));
  llvm::Value* bits = b_.CreateBitCast(x, type);
  llvm::Value* shifted = b_.CreateShl(bits, 1);
  llvm::Value* not_zero = b_.CreateICmpNE(shifted, llvm::Constant::getNullValue(type));
  if (extreme_ == nullptr) extreme_ = llvm::Constant::getNullValue(type);
  llvm::Value* more = b_.CreateOr(extreme_, b_.CreateNot(b_.CreateXor(bits, shifted)));
  extreme_ = b_.CreateSelect(not_zero, more, extreme_);
}

void Quotients::check_divisor(llvm::Value* x) {
  const auto number = [&](double d) { return llvm::ConstantFP::get(x->getType(), d); };
  divisor_fits_ = b_.CreateAnd(b_.CreateFCmpOGE(x, number(0x1p-255)), b_.CreateFCmpOLT(x, number(0x1p256)));
}

llvm::Value* Quotients::all_fit(llvm::Value* mask) {
  llvm::Type* type = extreme_->getType();
  llvm::Value* top = b_.CreateAnd(extreme_, llvm::ConstantInt::get(type, kTopBit));
  llvm::Value* fit = b_.CreateAnd(divisor_fits_, b_.CreateICmpEQ(top, llvm::Constant::getNullValue(type)));
  return b_.CreateAndReduce(mask ? b_.CreateOr(fit, b_.CreateNot(mask)) : fit);
}

// Divisors from 2^-255 to 2^257 are those whose bits, less those of the first, have three zeros at the top.
llvm::Value* Quotients::misfits(llvm::Value* divisor) {
  auto* type = llvm::FixedVectorType::get(b_.getInt64Ty(), llvm::cast<llvm::FixedVectorType>(divisor->getType()));
  const auto number = [&](std::uint64_t n) { return llvm::ConstantInt::get(type, n); };
  constexpr std::uint64_t kFirst = std::uint64_t{1023 - 255} << 52;
  llvm::Value* above = b_.CreateSub(b_.CreateBitCast(divisor, type), number(kFirst));
  llvm::Value* out = b_.CreateAnd(above, number(kMisfit));
  return extreme_ ? b_.CreateOr(out, b_.CreateAnd(extreme_, number(kTopBit))) : out;
}

llvm::Value* Quotients::inverse(llvm::Value* divisor) {
  return b_.CreateFDiv(llvm::ConstantFP::get(divisor->getType(), 1.0), divisor);
}

llvm::Value* Quotients::fma(llvm::Value* a, llvm::Value* b, llvm::Value* c) {
  return b_.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, c});
}

// What is left of x is taken from it, and not the other way round, so that zeros keep their sign.
llvm::Value* Quotients::too_much(llvm::Value* product, llvm::Value* divisor, llvm::Value* x) {
  return fma(product, divisor, b_.CreateFNeg(x));
}

llvm::Value* Quotients::corrected(llvm::Value* product, llvm::Value* too_much, llvm::Value* inverse) {
  return fma(b_.CreateFNeg(too_much), inverse, product);
}

llvm::Value* Quotients::quotient(llvm::Value* x, llvm::Value* divisor, llvm::Value* inverse) {
  llvm::Value* first = product(x, inverse);
  return corrected(first, too_much(first, divisor, x), inverse);
}

}  // namespace tnp::compiler

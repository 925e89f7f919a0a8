// Small arrays in LLVM IR: lists of vectors of kChunk elements, the last one filled up with anything that can be
// computed with. Which elements meet is known when code is made, so they are shuffled, not gathered.
#pragma once

#include <span>

#include "compiler/codegen/llvm/elements.h"
#include "compiler/nest/nest.h"

namespace tnp::compiler {

inline constexpr int kChunk = 8;
inline constexpr int kLeafRows = 8;  // as ops/reduce/fold.h has it

class SmallArrays {
 public:
  using Chunks = std::vector<llvm::Value*>;

  SmallArrays(llvm::IRBuilder<>& builder, Isa isa) : b_(builder), isa_(isa) {}

  static int chunks(int elements) { return (elements + kChunk - 1) / kChunk; }

  // The elements at up to kChunk positions, as a vector; of one position, and `lanes` 1, as an element.
  llvm::Value* gather(const Chunks& from, std::span<const int> positions, int lanes = kChunk);
  // The first `lanes` elements of a chunk, and a chunk that begins with those.
  llvm::Value* narrow(llvm::Value* chunk, int lanes);
  llvm::Value* widen(llvm::Value* first, int lanes);
  // A statement's results: chunks, or one element.
  Chunks fold(const NestStatement& s, DType type, int results, const std::vector<Chunks>& from);
  // Terms, elements or vectors, folded.
  llvm::Value* fold_terms(const NestStatement& s, DType type, const Chunks& terms) {
    fold_ = s.fold;
    type_ = type;
    return s.order == FoldOrder::row ? fold_row(terms) : fold_columns(terms);
  }
  // What sums down columns are, given those of every kLeafRows rows.
  llvm::Value* fold_leaves(const NestStatement& s, DType type, const Chunks& leaves) {
    fold_ = s.fold;
    type_ = type;
    return combine(leaves);
  }

 private:
  llvm::Value* apply(llvm::Value* a, llvm::Value* b);
  llvm::Value* finish(llvm::Value* x);
  llvm::Value* fold_row(const Chunks& terms);
  llvm::Value* fold_columns(const Chunks& terms);
  llvm::Value* combine(const Chunks& leaves);
  llvm::Value* fold_lanes(const Chunks& from, std::span<const int> positions);
  llvm::Value* halves(llvm::Value* vector);
  llvm::Value* dot(const Chunks& a, const Chunks& b);
  llvm::Value* first_extreme(const Chunks& terms);

  llvm::IRBuilder<>& b_;
  Isa isa_;
  Fold fold_ = Fold::none;  // of the statement at hand
  DType type_ = DType::float64;
};

}  // namespace tnp::compiler

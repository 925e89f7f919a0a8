#include "compiler/codegen/llvm/small_arrays.h"

#include <llvm/IR/Intrinsics.h>

#include <algorithm>

namespace tnp::compiler {

namespace {

// As ops/reduce/fold.h has them.
constexpr int kNarrowLanes = 8;
static_assert(kNarrowLanes == kChunk);
int wide_lanes(DType d) { return 256 / itemsize(d); }

bool is_float(DType d) { return d == DType::float32 || d == DType::float64; }

}  // namespace

llvm::Value* SmallArrays::gather(const Chunks& from, std::span<const int> positions, int lanes) {
  if (lanes == 1)
    return b_.CreateExtractElement(from[static_cast<std::size_t>(positions[0] / kChunk)],
                                   static_cast<std::uint64_t>(positions[0] % kChunk));
  std::vector<int> at(positions.begin(), positions.end());
  at.resize(kChunk, at.back());
  std::vector<int> used;
  for (int p : at) {
    if (std::find(used.begin(), used.end(), p / kChunk) == used.end()) used.push_back(p / kChunk);
  }
  llvm::Value* result = nullptr;
  for (std::size_t u = 0; u < used.size();) {
    // What is there already, or the first chunk, and another chunk.
    const int first = result ? -1 : used[u++];
    const int second = u < used.size() ? used[u++] : -1;
    llvm::Value* a = result ? result : from[static_cast<std::size_t>(first)];
    llvm::Value* b = second >= 0 ? from[static_cast<std::size_t>(second)] : llvm::PoisonValue::get(a->getType());
    const auto known = used.begin() + static_cast<std::ptrdiff_t>(u) - (second >= 0 ? 1 : 0);
    std::vector<int> mask(kChunk, -1);
    for (int l = 0; l < kChunk; ++l) {
      const int chunk = at[static_cast<std::size_t>(l)] / kChunk, lane = at[static_cast<std::size_t>(l)] % kChunk;
      int& m = mask[static_cast<std::size_t>(l)];
      if (chunk == second) {
        m = kChunk + lane;
      } else if (result ? std::find(used.begin(), known, chunk) != known : chunk == first) {
        m = result ? l : lane;
      }
    }
    const bool same =
        !result && second < 0 && std::all_of(mask.begin(), mask.end(), [&, l = 0](int m) mutable { return m == l++; });
    result = same ? a : b_.CreateShuffleVector(a, b, mask);
  }
  return result;
}

llvm::Value* SmallArrays::narrow(llvm::Value* chunk, int lanes) {
  if (lanes == kChunk) return chunk;
  if (lanes == 1) return b_.CreateExtractElement(chunk, std::uint64_t{0});
  std::vector<int> mask;
  for (int l = 0; l < lanes; ++l) mask.push_back(l);
  return b_.CreateShuffleVector(chunk, mask);
}

llvm::Value* SmallArrays::widen(llvm::Value* first, int lanes) {
  if (lanes == kChunk) return first;
  if (lanes == 1) return b_.CreateVectorSplat(kChunk, first);
  std::vector<int> mask;
  for (int l = 0; l < kChunk; ++l) mask.push_back(l % lanes);
  return b_.CreateShuffleVector(first, mask);
}

llvm::Value* SmallArrays::apply(llvm::Value* a, llvm::Value* b) {
  const bool floats = is_float(type_);
  switch (fold_) {
    case Fold::sum:
      return floats ? b_.CreateFAdd(a, b) : b_.CreateAdd(a, b);
    case Fold::prod:
      return floats ? b_.CreateFMul(a, b) : b_.CreateMul(a, b);
    default:
      break;
  }
  const bool max = fold_ == Fold::max;
  llvm::Value* wins;
  if (floats) {  // a NaN wins against all but one before it
    wins = b_.CreateOr(max ? b_.CreateFCmpOGT(b, a) : b_.CreateFCmpOLT(b, a), b_.CreateFCmpUNO(b, b));
  } else if (is_signed_integer(type_)) {
    wins = max ? b_.CreateICmpSGT(b, a) : b_.CreateICmpSLT(b, a);
  } else {
    wins = max ? b_.CreateICmpUGT(b, a) : b_.CreateICmpULT(b, a);
  }
  return b_.CreateSelect(wins, b, a);
}

// A sum of negative zeros is 0.
llvm::Value* SmallArrays::finish(llvm::Value* x) {
  if (fold_ != Fold::sum || !is_float(type_)) return x;
  return b_.CreateFAdd(x, llvm::ConstantFP::get(x->getType(), 0.0));
}

// Lanes [0, n / 2) with those of the other half, until one is left.
llvm::Value* SmallArrays::halves(llvm::Value* vector) {
  for (int n = kChunk / 2; n > 0; n /= 2) {
    std::vector<int> low, high;
    for (int l = 0; l < n; ++l) {
      low.push_back(l);
      high.push_back(n + l);
    }
    vector = apply(b_.CreateShuffleVector(vector, low), b_.CreateShuffleVector(vector, high));
  }
  return b_.CreateExtractElement(vector, std::uint64_t{0});
}

llvm::Value* SmallArrays::fold_row(const Chunks& terms) {
  const std::size_t n = terms.size(), wide = static_cast<std::size_t>(wide_lanes(type_));
  Chunks lanes;
  std::size_t next = n;
  if (n >= wide) {
    lanes.assign(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(wide));
    for (std::size_t i = wide; i < n; ++i) lanes[i % wide] = apply(lanes[i % wide], terms[i]);
  } else if (n >= kNarrowLanes) {
    next = n / kNarrowLanes * kNarrowLanes;
    lanes.assign(terms.begin(), terms.begin() + kNarrowLanes);
    for (std::size_t i = kNarrowLanes; i < next; ++i)
      lanes[i % kNarrowLanes] = apply(lanes[i % kNarrowLanes], terms[i]);
  } else {
    lanes = {terms[0]};
    next = 1;
  }
  for (std::size_t half = lanes.size() / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) lanes[l] = apply(lanes[l], lanes[l + half]);
  }
  llvm::Value* result = lanes[0];
  for (; next < n; ++next) result = apply(result, terms[next]);
  return finish(result);
}

// The same of terms that are lanes of vectors.
llvm::Value* SmallArrays::fold_lanes(const Chunks& from, std::span<const int> positions) {
  const std::size_t n = positions.size(), wide = static_cast<std::size_t>(wide_lanes(type_));
  const bool is_wide = n >= wide;
  const std::size_t columns = is_wide ? wide / kChunk : 1;
  Chunks lanes;
  std::size_t next = 0;
  for (; next + kChunk <= n; next += kChunk) {
    llvm::Value* v = gather(from, positions.subspan(next, kChunk));
    const std::size_t column = next / kChunk % columns;
    if (next / kChunk < columns) {
      lanes.push_back(v);
    } else {
      lanes[column] = apply(lanes[column], v);
    }
  }
  if (is_wide && next < n) {  // the lanes that have another term
    llvm::Value*& lane = lanes[next / kChunk % columns];
    llvm::Value* more = apply(lane, gather(from, positions.subspan(next)));
    std::vector<int> mask;
    for (int l = 0; l < kChunk; ++l) mask.push_back(static_cast<std::size_t>(l) < n - next ? kChunk + l : l);
    lane = b_.CreateShuffleVector(lane, more, mask);
    next = n;
  }
  for (std::size_t half = columns / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) lanes[l] = apply(lanes[l], lanes[l + half]);
  }
  llvm::Value* result = halves(lanes[0]);
  for (; next < n; ++next) result = apply(result, gather(from, positions.subspan(next, 1), 1));
  return finish(result);
}

// Leaves of kLeafRows rows.
llvm::Value* SmallArrays::fold_columns(const Chunks& terms) {
  Chunks leaves;
  for (std::size_t first = 0; first < terms.size(); first += kLeafRows) {
    llvm::Value* leaf = terms[first];
    for (std::size_t r = first + 1; r < std::min(first + kLeafRows, terms.size()); ++r) leaf = apply(leaf, terms[r]);
    leaves.push_back(leaf);
  }
  return combine(leaves);
}

// As the digits of a binary counter are carried.
llvm::Value* SmallArrays::combine(const Chunks& leaves) {
  Chunks stack;
  std::size_t count = 0;
  for (llvm::Value* leaf : leaves) {
    stack.push_back(finish(leaf));
    for (std::size_t bits = ++count; (bits & 1) == 0; bits >>= 1) {
      llvm::Value* last = stack.back();
      stack.pop_back();
      stack.back() = apply(stack.back(), last);
    }
  }
  while (stack.size() > 1) {
    llvm::Value* last = stack.back();
    stack.pop_back();
    stack.back() = apply(stack.back(), last);
  }
  return stack[0];
}

llvm::Value* SmallArrays::dot(const Chunks& a, const Chunks& b) {
  llvm::Value* sum = llvm::Constant::getNullValue(a[0]->getType());
  for (std::size_t t = 0; t < a.size(); ++t) {
    if (type_ == DType::bool_) {
      sum = b_.CreateOr(sum, b_.CreateAnd(a[t], b[t]));
    } else if (!is_float(type_)) {
      sum = b_.CreateAdd(sum, b_.CreateMul(a[t], b[t]));
    } else if (isa_ == Isa::baseline) {
      sum = b_.CreateFAdd(sum, b_.CreateFMul(a[t], b[t]));
    } else {
      sum = b_.CreateIntrinsic(llvm::Intrinsic::fma, {sum->getType()}, {a[t], b[t], sum});
    }
  }
  return sum;
}

// The number of the first term that is the largest (or smallest), or of the first NaN, as int64.
llvm::Value* SmallArrays::first_extreme(const Chunks& terms) {
  const bool max = fold_ == Fold::argmax;
  llvm::Type* type = b_.getInt64Ty();
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(terms[0]->getType()))
    type = llvm::FixedVectorType::get(type, vector->getNumElements());
  const auto further = [&](llvm::Value* x, llvm::Value* best) {
    if (is_float(type_)) {
      llvm::Value* beyond = max ? b_.CreateFCmpUGT(x, best) : b_.CreateFCmpULT(x, best);
      return b_.CreateAnd(beyond, b_.CreateFCmpORD(best, best));
    }
    if (is_signed_integer(type_)) return max ? b_.CreateICmpSGT(x, best) : b_.CreateICmpSLT(x, best);
    return max ? b_.CreateICmpUGT(x, best) : b_.CreateICmpULT(x, best);
  };
  llvm::Value *best = terms[0], *number = llvm::Constant::getNullValue(type);
  for (std::size_t t = 1; t < terms.size(); ++t) {
    llvm::Value* taken = further(terms[t], best);
    best = b_.CreateSelect(taken, terms[t], best);
    number = b_.CreateSelect(taken, llvm::ConstantInt::get(type, t), number);
  }
  return number;
}

SmallArrays::Chunks SmallArrays::fold(const NestStatement& s, DType type, int results,
                                      const std::vector<Chunks>& from) {
  fold_ = s.fold;
  type_ = type;
  const int n = static_cast<int>(s.positions[0].size()) / results;
  const bool by_lanes = s.fold < Fold::dot && s.order == FoldOrder::row && results <= 4 && n >= kNarrowLanes;
  Chunks out;
  if (by_lanes) {
    for (int j = 0; j < results; ++j) {
      const std::span<const int> row(s.positions[0].data() + j * n, static_cast<std::size_t>(n));
      llvm::Value* x = fold_lanes(from[0], row);
      if (results == 1) return {x};
      if (j == 0) out = {llvm::Constant::getNullValue(llvm::FixedVectorType::get(x->getType(), kChunk))};
      out[0] = b_.CreateInsertElement(out[0], x, static_cast<std::uint64_t>(j));
    }
    return out;
  }
  const int lanes = results == 1 ? 1 : kChunk;
  for (int first = 0; first < results; first += lanes) {
    std::vector<Chunks> terms(from.size());
    for (std::size_t k = 0; k < from.size(); ++k) {
      for (int t = 0; t < n; ++t) {
        std::vector<int> at;
        for (int j = first; j < std::min(first + lanes, results); ++j)
          at.push_back(s.positions[k][static_cast<std::size_t>(j * n + t)]);
        terms[k].push_back(gather(from[k], at, lanes));
      }
    }
    if (s.fold == Fold::dot) {
      out.push_back(dot(terms[0], terms[1]));
    } else if (s.fold >= Fold::argmax) {
      out.push_back(first_extreme(terms[0]));
    } else {
      out.push_back(s.order == FoldOrder::row ? fold_row(terms[0]) : fold_columns(terms[0]));
    }
  }
  return out;
}

}  // namespace tnp::compiler

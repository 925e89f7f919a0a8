// How a compiler finds an operation's code in the bitcode library.
//
// For each elementwise operation NAME there is a constant `tnp_entries_NAME` of type BitcodeTable: functions
// `void f(void* out, const void* a, const void* b, const void* c)` over pointers to vectors of N elements, where N is
// kBitcodeLanes[i]. An element lies in a vector as in memory, but booleans are bytes of 0 or 1 and complex vectors are
// a struct of two, real parts first. Unused arguments are ignored. Entries without a loop are null.
#pragma once

#include "ops/elementwise/kernel_abi.h"

namespace tnp {

using BitcodeFunction = void (*)(void* out, const void* a, const void* b, const void* c);
inline constexpr int kBitcodeLanes[] = {1, 4, 8, 16};
inline constexpr int kBitcodeLaneCount = 4;

struct BitcodeTable {
  BitcodeFunction entry[kNumericDTypeCount][kBitcodeLaneCount];
};

// Conversions of real numbers are in a constant `tnp_cast_entries`, by source and result type. They take one argument.
// Only memory's form differs: halves are 16-bit integers. Pairs too wide for a number of lanes are null.
inline constexpr int kRealDTypeCount = static_cast<int>(DType::float64) + 1;

struct BitcodeCastTable {
  BitcodeFunction entry[kRealDTypeCount][kRealDTypeCount][kBitcodeLaneCount];
};

}  // namespace tnp

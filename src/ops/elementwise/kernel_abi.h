// What connects an elementwise operation's kernels with those who run them. Seen by every pass over a record.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

// Computes n elements. `step` of an input is 1 (consecutive elements) or 0 (the one element, for all n).
// `out` may be the same memory as an input whose step is 1 and whose elements are as wide.
// Gives the floating-point exceptions that it told from the results (KernelTable::told), as kFp… below.
using BlockKernel = unsigned (*)(void* out, const void* const* in, const std::int32_t* step, std::int64_t n);

// Indexed by the loop's type; null where there is none. Half precision computes in float32 between two casts: by the
// kernel of float32, or by one of its own, on float32 too, where the result depends on the format.
struct KernelTable {
  BlockKernel by_dtype[kNumericDTypeCount];
  std::uint32_t told;  // the loops (a DTypeSet) that tell their exceptions; the flags that these raise mean nothing
};

// The floating-point exceptions that NumPy warns of, as the processor's status bits.
inline constexpr unsigned kFpInvalid = 0x01, kFpDivideByZero = 0x04, kFpOverflow = 0x08;

// A set of types.
using DTypeSet = std::uint32_t;
constexpr DTypeSet set_of(DType d) { return DTypeSet{1} << static_cast<int>(d); }
constexpr DTypeSet set_range(DType first, DType last) {
  DTypeSet s = 0;
  for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i) s |= DTypeSet{1} << i;
  return s;
}
constexpr bool contains(DTypeSet s, DType d) { return (s >> static_cast<int>(d)) & 1; }
inline constexpr DTypeSet kBool = set_of(DType::bool_);
inline constexpr DTypeSet kIntegers = set_range(DType::int8, DType::uint64);
inline constexpr DTypeSet kSigned = set_range(DType::int8, DType::int64);
inline constexpr DTypeSet kFloats = set_range(DType::float16, DType::float64);
inline constexpr DTypeSet kComplexes = set_range(DType::complex64, DType::complex128);
inline constexpr DTypeSet kInexact = kFloats | kComplexes;
inline constexpr DTypeSet kReals = kIntegers | kFloats;
inline constexpr DTypeSet kNumbers = kReals | kComplexes;
inline constexpr DTypeSet kAll = kBool | kNumbers;

// The result's type, given the loop's.
enum class ResultType : std::uint8_t { same, boolean, real, byte };

// What the base of a record supplies.
struct RecordDefaults {
  static constexpr ResultType result = ResultType::same;
  static constexpr double low = -2, high = 2;  // real sample inputs lie between
  static constexpr int cycles = 1;             // per element, roughly: sizes the threads' shares
  static constexpr DType integer_loop =
      DType::bool_;                               // bool_: the first that holds the type; else the loop of all integers
  static constexpr bool boolean_refused = false;  // TypeError for booleans, though an integer loop could hold them
  static constexpr const char* aliases = "";      // other names that NumPy has for it, separated by spaces
  static constexpr bool raises_flags =
      false;                               // whether the loops raise just the floating-point flags that NumPy warns of
  static constexpr bool internal = false;  // not a function of NumPy's: for gradients and compositions
  static constexpr const char* oracle = "getattr(np, name)(*x)";  // see OpDef
};
struct Unary : RecordDefaults {
  static constexpr int arity = 1;
};
struct Binary : RecordDefaults {
  static constexpr int arity = 2;
};
struct Ternary : RecordDefaults {
  static constexpr int arity = 3;
};

}  // namespace tnp

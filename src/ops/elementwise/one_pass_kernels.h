// Kernels of functions that are compositions of elementwise operations, for contiguous memory.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

struct OnePassKernels {
  // To multiples of 1 / power, or of power.
  void (*round)(const void* x, double power, bool fractions, std::int64_t n, void* out);
  // mantissa[i] 2**exponent[i] = x[i]
  void (*frexp)(const void* x, std::int64_t n, void* mantissa, std::int32_t* exponent);
  // Of pairs of numbers: whether the second is 0, or is not.
  void (*second_is)(const void* pairs, bool zero, std::int64_t n, std::uint8_t* out);
};

// How many of n numbers are not 0.
using CountKernel = std::int64_t (*)(const void* x, std::int64_t n);

struct BitKernels {
  // Eight bytes, each 0 or not, in one; `n` of those.
  void (*pack)(const std::uint8_t* flags, std::int64_t n, bool little, std::uint8_t* out);
  // n bytes as eight of 0 or 1 each.
  void (*unpack)(const std::uint8_t* bytes, std::int64_t n, bool little, std::uint8_t* out);
};

#define TNP_DECLARE_ONE_PASS(ISA)                  \
  namespace ISA {                                  \
  const OnePassKernels* find_one_pass(DType real); \
  const BitKernels* find_bit_kernels();            \
  CountKernel find_count_kernel(DType dtype);      \
  }
TNP_DECLARE_ONE_PASS(baseline)
TNP_DECLARE_ONE_PASS(avx2)
TNP_DECLARE_ONE_PASS(avx512)
#undef TNP_DECLARE_ONE_PASS

}  // namespace tnp

// Kernels that fill contiguous memory with random numbers.
//
// The elements of a stream come in groups of one Philox block: two of 8 bytes, four of 4 bytes. `first` is a multiple
// of the group, the elements [first, first + n) of the stream whose block 0 is `counter` are written.
#pragma once

#include <cstdint>

namespace tnp {

struct RandomStream {
  std::uint64_t key0, key1, counter;
};
using RandomKernel = void (*)(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);

inline constexpr std::int64_t kRandomGroup = 64;  // `first` is a multiple of this: whole vectors of whole blocks

// A range of fewer than 2^32 integers. A word of the stream whose product with `count` leaves a remainder below
// `refused` would make some integers likelier than others.
struct IntegerRange {
  std::uint64_t low;
  std::uint32_t count, refused;
};
// Integers of a range, from the words that random_bits32 gives; whether any word was one to refuse.
using RandomRangeKernel = bool (*)(const RandomStream& stream, std::int64_t first, std::int64_t n,
                                   const IntegerRange& range, std::uint64_t* out);

// Candidates for gamma variables d · (1 + c · x)^3, from normal x and uniform u in [0, 1). `boost`, unless null, holds
// uniform numbers whose power is a factor. Writes to `open` which ones need a closer look. The memory is that of whole
// vectors of 8 elements.
struct GammaShape {
  double d, c, power;
};
using GammaKernel = void (*)(const GammaShape& shape, const double* x, const double* u, const double* boost,
                             std::int64_t n, double* out, unsigned char* open);

// Candidates for von Mises variables of a concentration, from three uniform numbers in [0, 1) each: for the angle, for
// the decision and for the side. Otherwise as above.
struct VonMisesShape {
  double kappa, r;
};
using VonMisesKernel = void (*)(const VonMisesShape& shape, const double* angle, const double* decision,
                                const double* side, std::int64_t n, double* out, unsigned char* open);

#define TNP_DECLARE_RANDOM(ISA)                                                                                \
  namespace ISA {                                                                                              \
  void random_bits32(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);               \
  void random_bits64(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);               \
  void random_uniform_f32(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);          \
  void random_uniform_f64(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);          \
  void random_normal_f32(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);           \
  void random_normal_f64(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);           \
  void random_exponential_f64(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);      \
  bool random_range(const RandomStream& stream, std::int64_t first, std::int64_t n, const IntegerRange& range, \
                    std::uint64_t* out);                                                                       \
  void gamma_candidates(const GammaShape& shape, const double* x, const double* u, const double* boost,        \
                        std::int64_t n, double* out, unsigned char* open);                                     \
  void vonmises_candidates(const VonMisesShape& shape, const double* angle, const double* decision,            \
                           const double* side, std::int64_t n, double* out, unsigned char* open);              \
  }
TNP_DECLARE_RANDOM(baseline)
TNP_DECLARE_RANDOM(avx2)
TNP_DECLARE_RANDOM(avx512)
#undef TNP_DECLARE_RANDOM

}  // namespace tnp

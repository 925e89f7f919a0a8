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

#define TNP_DECLARE_RANDOM(ISA)                                                                       \
  namespace ISA {                                                                                     \
  void random_bits32(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);      \
  void random_bits64(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);      \
  void random_uniform_f32(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out); \
  void random_uniform_f64(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out); \
  void random_normal_f32(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);  \
  void random_normal_f64(const RandomStream& stream, std::int64_t first, std::int64_t n, void* out);  \
  }
TNP_DECLARE_RANDOM(baseline)
TNP_DECLARE_RANDOM(avx2)
TNP_DECLARE_RANDOM(avx512)
#undef TNP_DECLARE_RANDOM

}  // namespace tnp

// Philox 4x32-10: a counter-based generator. Block number `counter` of a key is the same whoever computes it, so a
// stream does not depend on the number of threads or on how work is split.
//
// Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
#pragma once

#include <cstdint>

#include "base/simd.h"

namespace tnp::TNP_ISA {

// Four words of 32 bits of each lane's block; V is a vector of uint64 whose lanes hold 32-bit values.
template <class V>
struct PhiloxBlock {
  V word[4];
};

template <class V>
TNP_INLINE PhiloxBlock<V> philox(V counter, std::uint64_t key0, std::uint64_t key1) {
  constexpr std::uint64_t kLow = 0xffffffffu, kMul0 = 0xD2511F53u, kMul1 = 0xCD9E8D57u, kWeyl0 = 0x9E3779B9u,
                          kWeyl1 = 0xBB67AE85u;
  V c0 = counter & kLow, c1 = counter >> 32;
  V c2 = splat<V>(key1 & kLow), c3 = splat<V>(key1 >> 32);  // half of the key lies in the counter's upper words
  std::uint64_t k0 = key0 & kLow, k1 = key0 >> 32;
  for (int round = 0; round < 10; ++round) {
    const V p0 = c0 * kMul0, p1 = c2 * kMul1;
    const V n0 = (p1 >> 32) ^ c1 ^ k0, n2 = (p0 >> 32) ^ c3 ^ k1;
    c1 = p1 & kLow;
    c3 = p0 & kLow;
    c0 = n0;
    c2 = n2;
    k0 = (k0 + kWeyl0) & kLow;
    k1 = (k1 + kWeyl1) & kLow;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace tnp::TNP_ISA

// The transposition of a square tile that vector registers hold.
#pragma once

#include "base/indices.h"
#include "base/simd.h"

namespace tnp::TNP_ISA {

// Exchanges the upper right quarter with the lower left one in each 2 Half x 2 Half block that a pair of rows crosses.
template <int W, int Half, class V, std::size_t... J>
TNP_INLINE void exchange(V& a, V& b, Indices<J...>) {
  constexpr auto first = [](int j) { return (j & Half) == 0 ? j : W + j - Half; };
  constexpr auto second = [](int j) { return (j & Half) == 0 ? j + Half : W + j; };
  const V upper = __builtin_shufflevector(a, b, first(J)...);
  b = __builtin_shufflevector(a, b, second(J)...);
  a = upper;
}

// W rows of W elements; Half: W / 2.
template <int W, int Half, class V>
TNP_INLINE void transpose_registers(V* rows) {
#pragma clang loop unroll(full)
  for (int i = 0; i < W; i++) {
    if ((i & Half) == 0) exchange<W, Half>(rows[i], rows[i + Half], typename MakeIndices<W>::type());
  }
  if constexpr (Half > 1) transpose_registers<W, Half / 2>(rows);
}

}  // namespace tnp::TNP_ISA

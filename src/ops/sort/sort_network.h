// Sorting networks over SIMD vectors: up to 16 vectors of keys sorted in registers.
//
// The keys are seen as a matrix with a row for each vector. The columns are sorted first, by comparisons of whole
// vectors; then pairs, fours, … of columns are merged, which needs shuffles within vectors. Element e of the sorted
// order ends in column e / rows, so the matrix is transposed as it is stored.
#pragma once

#include "base/vector_memory.h"

namespace tnp::TNP_ISA {

template <class K>
inline constexpr int kLanes = kRegisterBytes / static_cast<int>(sizeof(K));
template <class K>
using KeyVec = Vec<K, kLanes<K>>;

template <class K>
TNP_INLINE KeyVec<K> load_keys(const K* p) {
  return load_vector<KeyVec<K>>(p);
}
template <class K>
TNP_INLINE void store_keys(K* p, KeyVec<K> v) {
  store_vector(p, v);
}

struct Comparator {
  int low, high;
};
template <int Count>
struct Network {
  Comparator at[Count];
  int count;
};

// Batcher's odd-even merge sort of `rows` (a power of two).
template <int Rows>
consteval Network<Rows * Rows> column_network() {
  Network<Rows * Rows> net{};
  for (int p = 1; p < Rows; p *= 2) {
    for (int k = p; k >= 1; k /= 2) {
      for (int j = k % p; j <= Rows - 1 - k; j += 2 * k) {
        for (int i = 0; i < k && i < Rows - j - k; i++) {
          if ((i + j) / (2 * p) == (i + j + k) / (2 * p)) net.at[net.count++] = {i + j, i + j + k};
        }
      }
    }
  }
  return net;
}
// Sorts a column that goes up and then down, or down and then up.
template <int Rows>
consteval Network<Rows * Rows> bitonic_network() {
  Network<Rows * Rows> net{};
  for (int k = Rows / 2; k >= 1; k /= 2) {
    for (int i = 0; i < Rows; i++) {
      if ((i & k) == 0) net.at[net.count++] = {i, i + k};
    }
  }
  return net;
}

template <int... I>
struct Numbers {};
template <int N, int... I>
struct MakeNumbers : MakeNumbers<N - 1, N - 1, I...> {};
template <int... I>
struct MakeNumbers<0, I...> {
  using type = Numbers<I...>;
};
template <int N>
using numbers = typename MakeNumbers<N>::type;

template <class V>
TNP_INLINE void compare_exchange(V& a, V& b) {
  const V low = __builtin_elementwise_min(a, b);
  b = __builtin_elementwise_max(a, b);
  a = low;
}

template <class V, int Rows, int... I>
TNP_INLINE void sort_columns(V (&v)[Rows], Numbers<I...>) {
  constexpr auto net = column_network<Rows>();
  (compare_exchange(v[net.at[I].low], v[net.at[I].high]), ...);
}
template <class V, int Rows, int... I>
TNP_INLINE void merge_columns(V (&v)[Rows], Numbers<I...>) {
  constexpr auto net = bitonic_network<Rows>();
  (compare_exchange(v[net.at[I].low], v[net.at[I].high]), ...);
}

// Lane i of the result is lane i ^ Mask.
template <int Mask, class V, int... I>
TNP_INLINE V shuffle_lanes(V v, Numbers<I...>) {
  return __builtin_shufflevector(v, v, (I ^ Mask)...);
}
// Lanes that have the bit from b, the others from a.
template <int Bit, class V, int... I>
TNP_INLINE V blend_lanes(V a, V b, Numbers<I...>) {
  constexpr int n = lanes_v<V>;
  return __builtin_shufflevector(a, b, ((I & Bit) ? I + n : I)...);
}

// Lanes without the bit get the lesser of v and w, the others the greater.
template <int Bit, class V>
TNP_INLINE V keep_side(V v, V w) {
  return blend_lanes<Bit>(__builtin_elementwise_min(v, w), __builtin_elementwise_max(v, w), numbers<lanes_v<V>>());
}

template <int Distance, class V, int Rows>
TNP_INLINE void halve_lanes(V (&v)[Rows]) {
  if constexpr (Distance >= 1) {
#pragma clang loop unroll(full)
    for (int r = 0; r < Rows; r++)
      v[r] = keep_side<Distance>(v[r], shuffle_lanes<Distance>(v[r], numbers<lanes_v<V>>()));
    halve_lanes<Distance / 2>(v);
  }
}

// Merges neighbouring groups of Group / 2 sorted columns.
template <int Group, class V, int Rows>
TNP_INLINE void merge_lanes(V (&v)[Rows]) {
  if constexpr (Group <= lanes_v<V>) {
#pragma clang loop unroll(full)
    for (int r = 0; r < Rows / 2; r++) {
      const V a = v[r], b = v[Rows - 1 - r];
      v[r] = keep_side<Group / 2>(a, shuffle_lanes<Group - 1>(b, numbers<lanes_v<V>>()));
      v[Rows - 1 - r] = keep_side<Group / 2>(b, shuffle_lanes<Group - 1>(a, numbers<lanes_v<V>>()));
    }
    halve_lanes<Group / 4>(v);
    merge_columns(v, numbers<bitonic_network<Rows>().count>());
    merge_lanes<Group * 2>(v);
  }
}

// Swaps the lanes of a that have the bit with those of b that have not: a step of a transposition.
template <int Bit, class V, int... I>
TNP_INLINE void swap_lanes(V& a, V& b, Numbers<I...>) {
  constexpr int n = lanes_v<V>;
  const V low = __builtin_shufflevector(a, b, ((I & Bit) ? (I ^ Bit) + n : I)...);
  b = __builtin_shufflevector(a, b, ((I & Bit) ? I + n : I ^ Bit)...);
  a = low;
}
template <int Bit, class V>
TNP_INLINE void transpose_lanes(V* v) {
  constexpr int n = lanes_v<V>;
  if constexpr (Bit < n) {
#pragma clang loop unroll(full)
    for (int r = 0; r < n; r++) {
      if ((r & Bit) == 0) swap_lanes<Bit>(v[r], v[r + Bit], numbers<n>());
    }
    transpose_lanes<2 * Bit>(v);
  }
}

// Sorts Rows * lanes keys at p. Rows is a multiple of the lanes.
template <int Rows, class K>
TNP_INLINE void sort_matrix(K* p) {
  constexpr int n = kLanes<K>;
  static_assert(Rows % n == 0);
  KeyVec<K> v[Rows];
#pragma clang loop unroll(full)
  for (int r = 0; r < Rows; r++) v[r] = load_keys(p + r * n);
  sort_columns(v, numbers<column_network<Rows>().count>());
  merge_lanes<2>(v);
#pragma clang loop unroll(full)
  for (int block = 0; block < Rows / n; block++) {
    transpose_lanes<1>(v + block * n);
#pragma clang loop unroll(full)
    for (int lane = 0; lane < n; lane++) store_keys(p + lane * Rows + block * n, v[block * n + lane]);
  }
}

}  // namespace tnp::TNP_ISA

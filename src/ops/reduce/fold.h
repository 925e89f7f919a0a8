// The loops of a reduction over an operation on vectors.
//
// An operation `Op` has `pairwise`, `identity<T>()`, and `apply(a, b)` and `finish(a)` on scalars and vectors. The
// shape of the tree of applications depends on the number of elements only, so each instruction set gives the same
// bits.
#pragma once

#include <cstdint>

#include "base/vector_memory.h"
#include "ops/reduce/reduce_kernels.h"

namespace tnp::TNP_ISA {

// Vectors wider than registers: as many accumulators as hide the latency of an addition.
template <class T>
inline constexpr int kWideLanes = 256 / sizeof(T);
inline constexpr int kNarrowLanes = 8;
inline constexpr int kStackDepth = 48;

// Folds v to `Width` lanes: 1, or 2 where a complex number is a pair.
template <class Op, int Width, class V>
TNP_INLINE void fold_lanes(V v, lane_t<V>* out) {
  using T = lane_t<V>;
  if constexpr (lanes_v<V> == Width) {
    __builtin_memcpy(out, &v, sizeof v);
  } else if constexpr (lanes_v<V> == 2) {
    out[0] = Op::apply(T(v.x), T(v.y));
  } else {
    const Vec<T, lanes_v<V> / 2> low = v.lo, high = v.hi;
    fold_lanes<Op, Width>(Op::apply(low, high), out);
  }
}

// One accumulator after the other; p has `rows` > 0 wide vectors.
template <class Op, class T>
TNP_INLINE Vec<T, kWideLanes<T>> fold_wide(const T* p, int64_t rows) {
  constexpr int N = kWideLanes<T>;
  Vec<T, N> v = load_vec<T, N>(p);
#pragma clang loop unroll(disable)
  for (int64_t i = 1; i < rows; i++) v = Op::apply(v, load_vec<T, N>(p + i * N));
  return v;
}

// Leaves of kLeafRows wide vectors, added in pairs, pairs of pairs, …: the error grows with the logarithm of n.
template <class Op, class T>
Vec<T, kWideLanes<T>> fold_wide_pairwise(const T* p, int64_t rows) {
  constexpr int N = kWideLanes<T>;
  Vec<T, N> stack[kStackDepth];
  int depth = 0;
  const int64_t leaves = rows / kLeafRows;
  for (int64_t leaf = 1; leaf <= leaves; leaf++, p += kLeafRows * N) {
    Vec<T, N> v = fold_wide<Op>(p, kLeafRows);
    for (int64_t bits = leaf; (bits & 1) == 0; bits >>= 1) v = Op::apply(stack[--depth], v);
    stack[depth++] = v;
  }
  if (rows % kLeafRows != 0) stack[depth++] = fold_wide<Op>(p, rows % kLeafRows);
  Vec<T, N> v = stack[--depth];
  while (depth > 0) v = Op::apply(stack[--depth], v);
  return v;
}

// `Width` interleaved reductions of n lanes in all.
template <class Op, int Width, class T>
TNP_INLINE void fold_row(const T* p, int64_t n, T* out) {
  constexpr int N = kWideLanes<T>;
  T result[Width];
  int64_t i = 0;
  if (n >= N) {
    const int64_t rows = n / N;
    Vec<T, N> v;
    if (Op::pairwise && rows > kLeafRows) {
      v = fold_wide_pairwise<Op>(p, rows);
    } else {
      v = fold_wide<Op>(p, rows);
    }
    i = rows * N;
    if (i < n) {
      Vec<T, N> rest = Vec<T, N>(Op::template identity<T>());
      __builtin_memcpy(&rest, p + i, static_cast<std::size_t>(n - i) * sizeof(T));
      v = Op::apply(v, rest);
    }
    return fold_lanes<Op, Width>(Op::finish(v), out);
  }
  if (n >= kNarrowLanes) {
    Vec<T, kNarrowLanes> v = load_vec<T, kNarrowLanes>(p);
#pragma clang loop unroll(disable)
    for (i = kNarrowLanes; i + kNarrowLanes <= n; i += kNarrowLanes) {
      v = Op::apply(v, load_vec<T, kNarrowLanes>(p + i));
    }
    fold_lanes<Op, Width>(v, result);
  } else {
    for (; i < Width; i++) result[i] = p[i];
  }
#pragma clang loop vectorize(disable) unroll(disable)
  for (; i < n; i += Width) {
    for (int k = 0; k < Width; k++) result[k] = Op::apply(result[k], p[i + k]);
  }
  for (int k = 0; k < Width; k++) out[k] = Op::finish(result[k]);
}

template <class Op, int Width, class T>
void fold_rows(const void* in, int64_t row_stride, int64_t rows, int64_t n, void* out) {
  const char* p = static_cast<const char*>(in);
  T* result = static_cast<T*>(out);
  for (int64_t i = 0; i < rows; i++, p += row_stride, result += Width) {
    fold_row<Op, Width>(reinterpret_cast<const T*>(p), n * Width, result);
  }
}

// A row that comes in pieces; of each but the last n is a multiple of a leaf's elements. The tree is that of the row.
template <class Op, class T>
void fold_leaves(RowState& state, const T* p, int64_t leaves) {
  constexpr int N = kWideLanes<T>;
  using V = Vec<T, N>;
  const auto at = [&](int level) { return reinterpret_cast<T*>(state.stack[level]); };
  for (; leaves > 0; leaves--, p += kLeafRows * N) {
    state.leaves++;
    V v;
    if constexpr (Op::pairwise) {
      v = fold_wide<Op>(p, kLeafRows);
      for (int64_t bits = state.leaves; (bits & 1) == 0; bits >>= 1)
        v = Op::apply(load_vec<T, N>(at(--state.depth)), v);
    } else {
      int64_t i = 0;
      v = state.depth != 0 ? load_vec<T, N>(at(--state.depth)) : load_vec<T, N>(p + i++ * N);
      for (; i < kLeafRows; i++) v = Op::apply(v, load_vec<T, N>(p + i * N));
    }
    store_vec<T, N>(at(state.depth++), v);
  }
}

template <class Op, int Width, class T>
void fold_piece(RowState& state, const void* in, int64_t n) {
  fold_leaves<Op>(state, static_cast<const T*>(in), n * Width / (kLeafRows * kWideLanes<T>));
}

template <class Op, int Width, class T>
void fold_last_piece(RowState& state, const void* in, int64_t n, void* out) {
  constexpr int N = kWideLanes<T>;
  using V = Vec<T, N>;
  const T* p = static_cast<const T*>(in);
  n *= Width;
  const int64_t leaves = n / (kLeafRows * N);
  fold_leaves<Op>(state, p, leaves);
  p += leaves * kLeafRows * N;
  n -= leaves * kLeafRows * N;
  const auto at = [&](int level) { return reinterpret_cast<const T*>(state.stack[level]); };
  const int64_t rows = n / N;
  V v;
  if (Op::pairwise && rows > 0) {
    v = fold_wide<Op>(p, rows);
  } else {
    v = load_vec<T, N>(at(--state.depth));
    for (int64_t i = 0; i < rows; i++) v = Op::apply(v, load_vec<T, N>(p + i * N));
  }
  while (state.depth > 0) v = Op::apply(load_vec<T, N>(at(--state.depth)), v);
  if (rows * N < n) {
    V rest = V(Op::template identity<T>());
    __builtin_memcpy(&rest, p + rows * N, static_cast<std::size_t>(n - rows * N) * sizeof(T));
    v = Op::apply(v, rest);
  }
  fold_lanes<Op, Width>(Op::finish(v), static_cast<T*>(out));
}

template <class Op, class V, int Rows>
TNP_INLINE V fold_column(const char* p, int64_t row_stride) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
#pragma clang loop unroll(full)
  for (int r = 1; r < Rows; r++) {
    V next;
    __builtin_memcpy(&next, p + r * row_stride, sizeof next);
    v = Op::apply(v, next);
  }
  return Op::finish(v);
}

template <class Op, class T, int Rows>
TNP_INLINE void fold_columns_of(const char* p, int64_t row_stride, int64_t cols, T* out) {
  constexpr int N = kRegisterBytes / sizeof(T);
  int64_t c = 0;
  for (; c + N <= cols; c += N) {
    store_vec<T, N>(out + c, fold_column<Op, Vec<T, N>, Rows>(p + c * int64_t{sizeof(T)}, row_stride));
  }
  if (c < cols && cols >= N) {  // the last ones once more, together with some that are done
    c = cols - N;
    store_vec<T, N>(out + c, fold_column<Op, Vec<T, N>, Rows>(p + c * int64_t{sizeof(T)}, row_stride));
    return;
  }
#pragma clang loop vectorize(disable) unroll(disable)
  for (; c < cols; c++) out[c] = fold_column<Op, T, Rows>(p + c * int64_t{sizeof(T)}, row_stride);
}

template <class Op, class T>
TNP_INLINE void combine_with(T* a, const T* b, int64_t n) {
  constexpr int N = kRegisterBytes / sizeof(T);
  int64_t i = 0;
#pragma clang loop unroll_count(2)
  for (; i + N <= n; i += N) store_vec<T, N>(a + i, Op::apply(load_vec<T, N>(a + i), load_vec<T, N>(b + i)));
#pragma clang loop vectorize(disable) unroll(disable)
  for (; i < n; i++) a[i] = Op::apply(a[i], b[i]);
}

template <class Op, int Width, class T>
void combine(void* a, const void* b, int64_t n) {
  combine_with<Op>(static_cast<T*>(a), static_cast<const T*>(b), n * Width);
}

template <class Op, int Width, class T>
void fold_columns(const void* in, int64_t row_stride, int64_t rows, int64_t cols, void* out) {
  const char* p = static_cast<const char*>(in);
  T* result = static_cast<T*>(out);
  if (rows == kLeafRows) return fold_columns_of<Op, T, kLeafRows>(p, row_stride, cols * Width, result);
  fold_columns_of<Op, T, 1>(p, row_stride, cols * Width, result);
  for (int64_t r = 1; r < rows; r++) {
    combine_with<Op>(result, reinterpret_cast<const T*>(p + r * row_stride), cols * Width);
  }
}

template <class Op, int Width, class T>
inline constexpr ReduceKernels kFoldKernels = {&fold_rows<Op, Width, T>, &fold_columns<Op, Width, T>,
                                               &combine<Op, Width, T>, &fold_piece<Op, Width, T>,
                                               &fold_last_piece<Op, Width, T>};

// The same three of an operation on numbers that are pairs of T, which `Op::apply` takes one at a time.
template <class T>
struct Complex {
  T re, im;
};

template <class Op, class C>
void fold_complex_rows(const void* in, int64_t row_stride, int64_t rows, int64_t n, void* out) {
  const char* p = static_cast<const char*>(in);
  for (int64_t i = 0; i < rows; i++, p += row_stride) {
    const C* row = reinterpret_cast<const C*>(p);
    C result = row[0];
    for (int64_t j = 1; j < n; j++) result = Op::apply(result, row[j]);
    static_cast<C*>(out)[i] = result;
  }
}
template <class Op, class C>
void combine_complex(void* a, const void* b, int64_t n) {
  C* result = static_cast<C*>(a);
  for (int64_t i = 0; i < n; i++) result[i] = Op::apply(result[i], static_cast<const C*>(b)[i]);
}
template <class Op, class C>
void fold_complex_columns(const void* in, int64_t row_stride, int64_t rows, int64_t cols, void* out) {
  const char* p = static_cast<const char*>(in);
  __builtin_memcpy(out, p, static_cast<std::size_t>(cols) * sizeof(C));
  for (int64_t r = 1; r < rows; r++) combine_complex<Op, C>(out, p + r * row_stride, cols);
}

template <class Op, class C>
inline constexpr ReduceKernels kComplexKernels = {&fold_complex_rows<Op, C>, &fold_complex_columns<Op, C>,
                                                  &combine_complex<Op, C>, nullptr, nullptr};

}  // namespace tnp::TNP_ISA

// Matrix multiplication, compiled once per instruction set. See gemm_kernels.h for what each function does.
#include "ops/matmul/algebra.h"
#include "ops/matmul/gemm_kernels.h"

namespace tnp::TNP_ISA {
namespace {

// --- direct: C = A B, unpacked -------------------------------------------------------------------------------------
//
// What is left over at the right and lower edge is computed by a block that is moved back to end there: the elements
// that it shares with its neighbour are computed twice, with the same result.

template <class G>
struct DirectView {
  const typename G::Elem* a;
  const typename G::Elem* b;
  typename G::Elem* c;
  int64_t m, k, a_row, a_col, b_row, c_row;
};

template <class G, int W, int Vectors, int Rows>
TNP_INLINE void direct_block(const DirectView<G>& v, int64_t i, int64_t j) {
  using Acc = typename G::template Acc<W>;
  Acc sums[Rows][Vectors];
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
#pragma unroll
    for (int s = 0; s < Vectors; ++s) sums[r][s] = Acc(0);
  }
  const auto* a = v.a + i * v.a_row;
  const auto* b = v.b + j;
  for (int64_t p = 0; p < v.k; ++p, a += v.a_col, b += v.b_row) {
    typename G::template Row<W> row[Vectors];
#pragma unroll
    for (int s = 0; s < Vectors; ++s) row[s] = G::template load<W>(b + s * W);
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      const auto scalar = G::scalar(a[r * v.a_row]);
#pragma unroll
      for (int s = 0; s < Vectors; ++s) G::scale_add(sums[r][s], scalar, row[s]);
    }
  }
#pragma unroll
  for (int r = 0; r < Rows; ++r) {
#pragma unroll
    for (int s = 0; s < Vectors; ++s) G::template store<W>(v.c + (i + r) * v.c_row + j + s * W, sums[r][s]);
  }
}

template <class G, int W, int Vectors, int Rows>
TNP_INLINE void direct_rows(const DirectView<G>& v, int64_t j) {
  for (int64_t i = 0;;) {
    direct_block<G, W, Vectors, Rows>(v, i, j);
    if (i + Rows >= v.m) break;
    i = i + 2 * Rows <= v.m ? i + Rows : v.m - Rows;
  }
}

template <class G, int W, int Vectors>
[[gnu::noinline]] void direct_strip(const DirectView<G>& v, int64_t j) {
  constexpr int kMost = W < G::kWidth    ? (G::kParts == 2 ? 4 : 8)
                        : Vectors == 2   ? (kRegisterBytes == 16 ? 4 : 6)
                        : G::kParts == 2 ? 4
                                         : 8;
  if (v.m >= kMost) {
    direct_rows<G, W, Vectors, kMost>(v, j);
  } else if (v.m >= 4) {
    direct_rows<G, W, Vectors, 4>(v, j);
  } else if (v.m >= 2) {
    direct_rows<G, W, Vectors, 2>(v, j);
  } else {
    direct_rows<G, W, Vectors, 1>(v, j);
  }
}

template <class G, int W>
void direct_narrow(const DirectView<G>& v, int64_t n) {
  if constexpr (W > 1) {
    if (n < W) return direct_narrow<G, W / 2>(v, n);
  }
  for (int64_t j = 0;;) {
    direct_strip<G, W, 1>(v, j);
    if (j + W >= n) break;
    j = j + 2 * W <= n ? j + W : n - W;
  }
}

// Columns that fill more than half of a vector, by one vector a row: B is padded, and what a row writes beyond its end
// the next one writes over. Elements are the same sums.
inline constexpr int64_t kPaddedDepth = 16;

template <class G, int W>
bool direct_padded(const DirectView<G>& v, int64_t n) {
  if constexpr (W > G::kWidth) {
    return false;
  } else {
    if (n > W) return direct_padded<G, 2 * W>(v, n);
    if (n == W || v.m < 16 || v.k > kPaddedDepth || v.c_row != n) return false;
    typename G::Elem padded[kPaddedDepth * W] = {};
    for (int64_t p = 0; p < v.k; ++p) {
      for (int64_t j = 0; j < n; ++j) padded[p * W + j] = v.b[p * v.b_row + j];
    }
    const int64_t last = v.m - 1;
    direct_rows<G, W, 1, 8>({v.a, padded, v.c, last, v.k, v.a_row, v.a_col, W, v.c_row}, 0);
    direct_narrow<G, W>({v.a + last * v.a_row, v.b, v.c + last * n, 1, v.k, v.a_row, v.a_col, v.b_row, v.c_row}, n);
    return true;
  }
}

template <class G>
DirectView<G> direct_view(const DirectArgs& args) {
  using Elem = typename G::Elem;
  return {static_cast<const Elem*>(args.a),
          static_cast<const Elem*>(args.b),
          static_cast<Elem*>(args.c),
          args.m,
          args.k,
          args.a_row_stride,
          args.a_col_stride,
          args.b_row_stride,
          args.c_row_stride};
}

template <class G>
void direct(const DirectArgs& args) {
  constexpr int W = G::kWidth;
  const DirectView<G> v = direct_view<G>(args);
  if constexpr (G::kParts == 1) {
    if (args.n >= 2 * W) {
      int64_t j = 0;
      if (args.m == 1) {  // many sums at a time, as each waits for the last addition
        for (; j + 8 * W <= args.n; j += 8 * W) direct_block<G, W, 8, 1>(v, 0, j);
        for (; j + 4 * W <= args.n; j += 4 * W) direct_block<G, W, 4, 1>(v, 0, j);
      }
      for (; j + 2 * W <= args.n; j += 2 * W) direct_strip<G, W, 2>(v, j);
      const int64_t rest = args.n - j;
      if (rest > W) {
        direct_strip<G, W, 2>(v, args.n - 2 * W);
      } else if (rest > 0) {
        direct_strip<G, W, 1>(v, args.n - W);
      }
      return;
    }
    if (args.n > 2 && direct_padded<G, 4>(v, args.n)) return;
  }
  direct_narrow<G, W>(v, args.n);
}

// --- direct products of many small matrices
// ----------------------------------------------------------------------------
//
// Rows of up to a vector are computed as if they were a power of two long. What is written behind a row of C is the
// beginning of the next one, which comes later; what is read behind a row of B lies before the end of the next matrix.
// So the last matrix is computed by `direct`.

template <class G, int W>
TNP_INLINE void batch_rows(const DirectView<G>& v) {
  int64_t i = 0;
  for (; i + 8 <= v.m; i += 8) direct_block<G, W, 1, 8>(v, i, 0);
  if (v.m - i >= 4) {
    direct_block<G, W, 1, 4>(v, i, 0);
    i += 4;
  }
  switch (v.m - i) {
    case 3:
      return direct_block<G, W, 1, 3>(v, i, 0);
    case 2:
      return direct_block<G, W, 1, 2>(v, i, 0);
    case 1:
      return direct_block<G, W, 1, 1>(v, i, 0);
    default:
      return;
  }
}

template <class E>
TNP_INLINE void pack_columns(int64_t k, int64_t n, const E* b, int64_t row_stride, int64_t col_stride, E* to,
                             int64_t width) {
  for (int64_t p = 0; p < k; ++p) {
    for (int64_t j = 0; j < n; ++j) to[p * width + j] = b[p * row_stride + j * col_stride];
  }
}

// count - 1 products of narrow rows, or all of them where rows are whole vectors. How many were done.
template <class G, int W>
[[gnu::noinline]] int64_t narrow_batch(const DirectBatchArgs& s, DirectView<G> v, int64_t n) {
  if constexpr (W > 1) {
    if (n <= W / 2) return narrow_batch<G, W / 2>(s, v, n);
  }
  const int64_t count = n == W ? s.count : s.count - 1;
  typename G::Elem packed[kPackedBytes / int64_t(sizeof(typename G::Elem)) * 2] = {};
  const bool once = n != W && s.b_step == 0, pack = s.b_col_stride != 1 || once;
  if (n != W && !pack && (v.b_row < 0 || s.b_step < W - n)) return 0;
  const auto* b = v.b;
  for (int64_t i = 0; i < count; ++i) {
    if (pack && (i == 0 || s.b_step != 0)) {
      pack_columns(v.k, n, b, v.b_row, s.b_col_stride, packed, W);
    }
    DirectView<G> matrix = v;
    matrix.a = v.a + i * s.a_step;
    matrix.c = v.c + i * v.m * n;
    matrix.b = pack ? packed : b;
    if (pack) matrix.b_row = W;
    batch_rows<G, W>(matrix);
    b += s.b_step;
  }
  return count;
}

template <class G>
void direct_batch(const DirectBatchArgs& s) {
  using Elem = typename G::Elem;
  DirectArgs args = s.first;
  int64_t done = 0;
  if constexpr (sizeof(typename G::Lane) >= 4 && G::kParts == 1) {
    if (args.n <= G::kWidth && args.k * G::kWidth * int64_t(sizeof(Elem)) <= 2 * kPackedBytes) {
      const DirectView<G> v = direct_view<G>(args);
      done = narrow_batch<G, G::kWidth>(s, v, args.n);
    }
  }
  Elem packed[kPackedBytes / int64_t(sizeof(Elem))];
  if (s.b_col_stride != 1) {
    args.b = packed;
    args.b_row_stride = args.n;
  }
  for (int64_t i = done; i < s.count; ++i) {
    const Elem* b = static_cast<const Elem*>(s.first.b) + i * s.b_step;
    args.a = static_cast<const Elem*>(s.first.a) + i * s.a_step;
    args.c = static_cast<Elem*>(s.first.c) + i * args.m * args.n;
    if (s.b_col_stride != 1) {
      pack_columns(args.k, args.n, b, s.first.b_row_stride, s.b_col_stride, packed, args.n);
    } else {
      args.b = b;
    }
    direct<G>(args);
  }
}

// --- dot products --------------------------------------------------------------------------------------------------

template <class G, int W>
TNP_INLINE void store_sum(typename G::Elem* out, typename G::template Acc<W> sum) {
  if constexpr (W > 1) {
    store_sum<G, W / 2>(out, G::template fold<W>(sum));
  } else {
    G::template store<1>(out, sum);
  }
}

// The sum over at most kDotBlock elements: kDotChains * kWidth interleaved sums of at most 16 products each.
template <class G>
inline constexpr int kDotChains = G::kParts == 2 ? 4 : 8;
template <class G>
inline constexpr int kDotBlock = 16 * kDotChains<G> * G::kWidth;

template <class G>
TNP_INLINE typename G::template Acc<G::kWidth> dot_tail(int64_t k, const typename G::Elem* x,
                                                        const typename G::Elem* y) {
  typename G::Elem x_padded[G::kWidth] = {}, y_padded[G::kWidth] = {};
  for (int64_t i = 0; i < k; ++i) {
    x_padded[i] = x[i];
    y_padded[i] = y[i];
  }
  typename G::template Acc<G::kWidth> sum(0);
  G::multiply_add(sum, G::template load<G::kWidth>(x_padded), G::template load<G::kWidth>(y_padded));
  return sum;
}

template <class G>
typename G::template Acc<G::kWidth> dot_block(int64_t k, const typename G::Elem* x, const typename G::Elem* y) {
  constexpr int W = G::kWidth;
  constexpr int kChains = kDotChains<G>;
  using Acc = typename G::template Acc<W>;
  Acc sums[kChains];
#pragma unroll
  for (int s = 0; s < kChains; ++s) sums[s] = Acc(0);
  int64_t i = 0;
  for (; i + kChains * W <= k; i += kChains * W) {
#pragma unroll
    for (int s = 0; s < kChains; ++s)
      G::multiply_add(sums[s], G::template load<W>(x + i + s * W), G::template load<W>(y + i + s * W));
  }
  for (; i + W <= k; i += W)
    G::multiply_add(sums[(i / W) % kChains], G::template load<W>(x + i), G::template load<W>(y + i));
#pragma unroll
  for (int half = kChains / 2; half > 0; half /= 2) {
#pragma unroll
    for (int s = 0; s < half; ++s) sums[s] = G::add(sums[s], sums[s + half]);
  }
  return i < k ? G::add(sums[0], dot_tail<G>(k - i, x + i, y + i)) : sums[0];
}

// Sums of blocks, added as the digits of a binary counter are carried: every element passes log2(blocks) additions.
template <class G>
struct PairwiseSum {
  using Acc = typename G::template Acc<G::kWidth>;
  Acc pending[56];
  uint64_t blocks = 0;

  TNP_INLINE void push(Acc sum) {
    int level = 0;
    for (; blocks >> level & 1; ++level) sum = G::add(pending[level], sum);
    pending[level] = sum;
    ++blocks;
  }
  TNP_INLINE Acc total() const {
    Acc sum(0);
    for (int level = 0; blocks >> level; ++level) {
      if (blocks >> level & 1) sum = G::add(pending[level], sum);
    }
    return sum;
  }
};

template <class E>
TNP_INLINE const E* unit_stride(int64_t k, const E* x, int64_t stride, E* buffer) {
  if (stride == 1) return x;
  for (int64_t i = 0; i < k; ++i) buffer[i] = x[i * stride];
  return buffer;
}

template <class G>
void dot(int64_t k, const void* x_data, int64_t x_stride, const void* y_data, int64_t y_stride, void* out) {
  using Elem = typename G::Elem;
  constexpr int64_t kBlock = kDotBlock<G>;
  const auto* x = static_cast<const Elem*>(x_data);
  const auto* y = static_cast<const Elem*>(y_data);
  auto* result = static_cast<Elem*>(out);
  Elem x_buffer[kBlock], y_buffer[kBlock];
  if (k <= kBlock) {
    return store_sum<G, G::kWidth>(
        result, dot_block<G>(k, unit_stride(k, x, x_stride, x_buffer), unit_stride(k, y, y_stride, y_buffer)));
  }
  PairwiseSum<G> sum;
  for (int64_t i = 0; i < k; i += kBlock) {
    const int64_t count = k - i < kBlock ? k - i : kBlock;
    sum.push(dot_block<G>(count, unit_stride(count, x + i * x_stride, x_stride, x_buffer),
                          unit_stride(count, y + i * y_stride, y_stride, y_buffer)));
  }
  store_sum<G, G::kWidth>(result, sum.total());
}

// Four rows at a time read x once. Every sum is of up to kFourRowsMost / 2 products in a row, which is as exact as BLAS
// and more; longer rows are summed pairwise. A row's sum does not depend on how many others are computed with it.
inline constexpr int kFourRowsMost = 512;

// The end of a vector x, and of the rows that are multiplied with it: its last elements, in the last lanes of a vector.
template <class G>
struct DotTail {
  typename G::Elem x[G::kWidth] = {};
  int64_t count;

  TNP_INLINE DotTail(int64_t k, const typename G::Elem* from) : count(k % G::kWidth) {
    for (int64_t i = 0; i < count; ++i) x[G::kWidth - count + i] = from[k - count + i];
  }
  // Of a row of k elements. What is loaded before them is multiplied by zero, where that gives zero.
  TNP_INLINE typename G::template Row<G::kWidth> of(const typename G::Elem* row, int64_t k) const {
    if (k >= G::kWidth)
      return G::template last_lanes<G::kWidth>(G::template load<G::kWidth>(row + k - G::kWidth), count);
    typename G::Elem padded[G::kWidth] = {};
    for (int64_t i = 0; i < count; ++i) padded[G::kWidth - count + i] = row[k - count + i];
    return G::template load<G::kWidth>(padded);
  }
};

template <class G, int Rows>
TNP_INLINE void dot_some_rows(int64_t k, const typename G::Elem* a, int64_t row_stride, const typename G::Elem* x,
                              const DotTail<G>& tail, typename G::Elem* out) {
  constexpr int W = G::kWidth;
  using Acc = typename G::template Acc<W>;
  Acc sums[Rows][2];
#pragma unroll
  for (int r = 0; r < Rows; ++r) sums[r][0] = sums[r][1] = Acc(0);
  int64_t p = 0;
  for (; p + 2 * W <= k; p += 2 * W) {
#pragma unroll
    for (int s = 0; s < 2; ++s) {
      const auto row = G::template load<W>(x + p + s * W);
#pragma unroll
      for (int r = 0; r < Rows; ++r)
        G::multiply_add(sums[r][s], G::template load<W>(a + r * row_stride + p + s * W), row);
    }
  }
  if (p + W <= k) {
    const auto row = G::template load<W>(x + p);
#pragma unroll
    for (int r = 0; r < Rows; ++r) G::multiply_add(sums[r][0], G::template load<W>(a + r * row_stride + p), row);
  }
  if (tail.count > 0) {
    const auto row = G::template load<W>(tail.x);
#pragma unroll
    for (int r = 0; r < Rows; ++r) G::multiply_add(sums[r][1], tail.of(a + r * row_stride, k), row);
  }
#pragma unroll
  for (int r = 0; r < Rows; ++r) sums[r][0] = G::add(sums[r][0], sums[r][1]);
  if constexpr (Rows == 4 && G::kParts == 1 && W >= 4) {
    G::template store<4>(out, G::template fold_four<W>(sums[0][0], sums[1][0], sums[2][0], sums[3][0]));
  } else {
#pragma unroll
    for (int r = 0; r < Rows; ++r) store_sum<G, W>(out + r, sums[r][0]);
  }
}

template <class G>
void dot_rows(int64_t rows, int64_t k, const void* a_data, int64_t row_stride, const void* x_data, void* out) {
  using Elem = typename G::Elem;
  const auto* a = static_cast<const Elem*>(a_data);
  const auto* x = static_cast<const Elem*>(x_data);
  auto* y = static_cast<Elem*>(out);
  if (k < G::kWidth) return direct<G>({rows, 1, k, a_data, row_stride, 1, x_data, 1, out, 1});
  int64_t i = 0;
  if (k <= kFourRowsMost * G::kWidth) {
    const DotTail<G> tail(k, x);
    for (; i + 4 <= rows; i += 4) dot_some_rows<G, 4>(k, a + i * row_stride, row_stride, x, tail, y + i);
    for (; i < rows; ++i) dot_some_rows<G, 1>(k, a + i * row_stride, row_stride, x, tail, y + i);
  }
  for (; i < rows; ++i) dot<G>(k, a + i * row_stride, 1, x, 1, y + i);
}

// --- matrix times vector by columns ----------------------------------------------------------------------------------

inline constexpr int kColumnsAtOnce = 8;

// y[i] (+)= sum of x[p] column[p][i] for `Columns` columns, from row i on, as many vectors of W as fit.
template <class G, int W, int Columns>
TNP_INLINE int64_t add_columns_by(int64_t i, int64_t rows, const typename G::Elem* const* columns,
                                  const typename G::Scalar* x, typename G::Elem* y, bool first) {
  using Acc = typename G::template Acc<W>;
  for (; i + W <= rows; i += W) {
    Acc sum = first ? Acc(0) : G::template load<W>(y + i);
#pragma unroll
    for (int p = 0; p < Columns; ++p) G::scale_add(sum, x[p], G::template load<W>(columns[p] + i));
    G::template store<W>(y + i, sum);
  }
  return i;
}

template <class G, int Columns>
void add_columns(int64_t rows, const typename G::Elem* const* columns, const typename G::Scalar* x, typename G::Elem* y,
                 bool first) {
  int64_t i = add_columns_by<G, G::kWidth, Columns>(0, rows, columns, x, y, first);
  if constexpr (G::kWidth > 4) i = add_columns_by<G, 4, Columns>(i, rows, columns, x, y, first);
  add_columns_by<G, 1, Columns>(i, rows, columns, x, y, first);
}

template <class G>
void sum_columns(int64_t rows, int64_t k, const void* a_data, int64_t row_stride, int64_t col_stride,
                 const void* x_data, int64_t x_stride, void* y_data) {
  using Elem = typename G::Elem;
  constexpr int64_t kBlock = 4096 / int64_t(sizeof(Elem));
  const auto* a = static_cast<const Elem*>(a_data);
  const auto* x = static_cast<const Elem*>(x_data);
  auto* y = static_cast<Elem*>(y_data);
  Elem buffer[kColumnsAtOnce][kBlock];
  for (int64_t i = 0; i < rows; i += kBlock) {
    const int64_t count = rows - i < kBlock ? rows - i : kBlock;
    for (int64_t p = 0; p < k;) {
      const int at_once = k - p < kColumnsAtOnce ? 1 : kColumnsAtOnce;
      const Elem* columns[kColumnsAtOnce];
      typename G::Scalar scalars[kColumnsAtOnce];
      for (int q = 0; q < at_once; ++q) {
        columns[q] = unit_stride(count, a + (p + q) * col_stride + i * row_stride, row_stride, buffer[q]);
        scalars[q] = G::scalar(x[(p + q) * x_stride]);
      }
      if (at_once == 1) {
        add_columns<G, 1>(count, columns, scalars, y + i, p == 0);
      } else {
        add_columns<G, kColumnsAtOnce>(count, columns, scalars, y + i, p == 0);
      }
      p += at_once;
    }
  }
}

template <class G>
void add(int64_t n, void* y_data, const void* x_data) {
  auto* y = static_cast<typename G::Elem*>(y_data);
  const auto* x = static_cast<const typename G::Elem*>(x_data);
  for (int64_t i = 0; i < n; ++i) {
    G::template store<1>(y + i, G::add(G::template load<1>(y + i), G::template load<1>(x + i)));
  }
}

// --- packed tiles ----------------------------------------------------------------------------------------------------

template <class G>
inline constexpr int kTileVectors = G::kParts == 2 ? 1 : 2;
template <class G>
inline constexpr int kTileCols = kTileVectors<G> * G::kWidth;

template <class G>
void pack_a(int64_t m, int64_t k, const void* a_data, int64_t row_stride, int64_t col_stride, void* packed) {
  const auto* a = static_cast<const typename G::Elem*>(a_data);
  auto* out = static_cast<typename G::Scalar*>(packed);
  for (int64_t i = 0; i < m; i += kTileRows, out += k * kTileRows) {
    const int rows = m - i < kTileRows ? int(m - i) : kTileRows;
    const auto* panel = a + i * row_stride;
    if (rows < kTileRows) {
      for (int64_t p = 0; p < k * kTileRows; ++p) out[p] = G::scalar(typename G::Elem{});
    }
    if (row_stride == 1 && rows == kTileRows) {
      for (int64_t p = 0; p < k; ++p) {
#pragma unroll
        for (int r = 0; r < kTileRows; ++r) out[p * kTileRows + r] = G::scalar(panel[p * col_stride + r]);
      }
      continue;
    }
    for (int r = 0; r < rows; ++r) {
      for (int64_t p = 0; p < k; ++p) out[p * kTileRows + r] = G::scalar(panel[r * row_stride + p * col_stride]);
    }
  }
}

template <class G>
void pack_b(int64_t k, int64_t n, const void* b_data, int64_t row_stride, int64_t col_stride, void* packed) {
  using Elem = typename G::Elem;
  constexpr int W = G::kWidth;
  constexpr int kCols = kTileCols<G>;
  const auto* b = static_cast<const Elem*>(b_data);
  auto* out = static_cast<typename G::Lane*>(packed);
  for (int64_t j = 0; j < n; j += kCols) {
    const int cols = n - j < kCols ? int(n - j) : kCols;
    for (int64_t p = 0; p < k; ++p, out += kCols * G::kParts) {
      const Elem* row = b + p * row_stride + j * col_stride;
      Elem buffer[kCols] = {};
      if (cols < kCols || col_stride != 1) {
        for (int c = 0; c < cols; ++c) buffer[c] = row[c * col_stride];
        row = buffer;
      }
#pragma unroll
      for (int s = 0; s < kTileVectors<G>; ++s)
        G::template store_packed<W>(out + s * W * G::kParts, G::template load<W>(row + s * W));
    }
  }
}

template <class G>
TNP_INLINE void tile(int64_t k, const typename G::Scalar* a, const typename G::Lane* b, typename G::Elem* c,
                     int64_t c_row, bool accumulate) {
  constexpr int W = G::kWidth;
  constexpr int kVectors = kTileVectors<G>;
  using Acc = typename G::template Acc<W>;
  Acc sums[kTileRows][kVectors];
#pragma unroll
  for (int r = 0; r < kTileRows; ++r) {
#pragma unroll
    for (int s = 0; s < kVectors; ++s) sums[r][s] = Acc(0);
  }
  for (int64_t p = 0; p < k; ++p, a += kTileRows, b += kTileCols<G> * G::kParts) {
    typename G::template Row<W> row[kVectors];
#pragma unroll
    for (int s = 0; s < kVectors; ++s) row[s] = G::template load_packed<W>(b + s * W * G::kParts);
#pragma unroll
    for (int r = 0; r < kTileRows; ++r) {
#pragma unroll
      for (int s = 0; s < kVectors; ++s) G::scale_add(sums[r][s], a[r], row[s]);
    }
  }
#pragma unroll
  for (int r = 0; r < kTileRows; ++r) {
#pragma unroll
    for (int s = 0; s < kVectors; ++s) {
      auto* to = c + r * c_row + s * W;
      G::template store<W>(to, accumulate ? G::add(G::template load<W>(to), sums[r][s]) : sums[r][s]);
    }
  }
}

template <class G>
void tiles(int64_t m, int64_t n, int64_t k, const void* packed_a, const void* packed_b, void* c_data, int64_t c_row,
           bool accumulate) {
  using Elem = typename G::Elem;
  constexpr int kCols = kTileCols<G>;
  const auto* a = static_cast<const typename G::Scalar*>(packed_a);
  const auto* b = static_cast<const typename G::Lane*>(packed_b);
  auto* c = static_cast<Elem*>(c_data);
  for (int64_t j = 0; j < n; j += kCols) {
    for (int64_t i = 0; i < m; i += kTileRows) {
      const bool whole = m - i >= kTileRows && n - j >= kCols;
      Elem edge[kTileRows * kCols];
      tile<G>(k, a + i * k, b + j * k * G::kParts, whole ? c + i * c_row + j : edge, whole ? c_row : kCols,
              whole && accumulate);
      if (whole) continue;
      const int64_t cols = n - j < kCols ? n - j : kCols;
      for (int64_t r = 0; r < kTileRows && i + r < m; ++r) {
        Elem* to = c + (i + r) * c_row + j;
        if (accumulate) {
          add<G>(cols, to, edge + r * kCols);
        } else {
          for (int64_t q = 0; q < cols; ++q) to[q] = edge[r * kCols + q];
        }
      }
    }
  }
}

template <class G>
constexpr auto conjugated_dot_of() -> decltype(GemmKernels::dot) {
  if constexpr (G::kParts == 2) {
    return dot<ConjugatedComplex<typename G::Lane>>;
  } else {
    return nullptr;
  }
}

template <class G>
constexpr GemmKernels kernels_of() {
  return {.itemsize = sizeof(typename G::Elem),
          .tile_rows = kTileRows,
          .tile_cols = kTileCols<G>,
          .packed_a_itemsize = sizeof(typename G::Scalar),
          .packed_b_itemsize = sizeof(typename G::Lane) * G::kParts,
          .direct = direct<G>,
          .direct_batch = direct_batch<G>,
          .dot = dot<G>,
          .dot_conjugated = conjugated_dot_of<G>(),
          .dot_rows = dot_rows<G>,
          .sum_columns = sum_columns<G>,
          .add = add<G>,
          .pack_a = pack_a<G>,
          .pack_b = pack_b<G>,
          .tiles = tiles<G>};
}

// --- half precision --------------------------------------------------------------------------------------------------
//
// In integer arithmetic, so that an instruction set without conversions does the same.

using Bits16 = Vec<uint16_t, 16>;
using Bits32 = Vec<uint32_t, 16>;
using Floats = Vec<float, 16>;

TNP_INLINE Floats half_to_float(Bits16 half) {
  const Bits32 bits = __builtin_convertvector(half, Bits32);
  const Bits32 magnitude = (bits & Bits32(0x7fffu)) << 13;
  const Bits32 finite = bit_cast<Bits32>(bit_cast<Floats>(magnitude) * Floats(0x1p112f));
  const Bits32 value = magnitude >= Bits32(0x0f800000u) ? magnitude | Bits32(0x7f800000u) : finite;
  return bit_cast<Floats>(value | (bits & Bits32(0x8000u)) << 16);
}

TNP_INLINE Bits16 float_to_half(Floats value) {
  const Bits32 bits = bit_cast<Bits32>(value);
  const Bits32 magnitude = bits & Bits32(0x7fffffffu);
  const Bits32 normal = (magnitude + Bits32(0xfffu) + (magnitude >> 13 & Bits32(1)) - Bits32(0x38000000u)) >> 13;
  // Adding 0.5 moves the last bit of a subnormal half to the last bit of the float, which rounds it there.
  const Bits32 subnormal = bit_cast<Bits32>(bit_cast<Floats>(magnitude) + Floats(0.5f)) - Bits32(0x3f000000u);
  const Bits32 nan = Bits32(0x7e00u) | (magnitude >> 13 & Bits32(0x3ffu));
  Bits32 half = magnitude < Bits32(0x38800000u) ? subnormal : normal;
  half = magnitude >= Bits32(0x47800000u) ? Bits32(0x7c00u) : half;
  half = magnitude > Bits32(0x7f800000u) ? nan : half;
  return __builtin_convertvector(half | (bits >> 16 & Bits32(0x8000u)), Bits16);
}

TNP_INLINE Floats bfloat_to_float(Bits16 value) {
  return bit_cast<Floats>(__builtin_convertvector(value, Bits32) << 16);
}

TNP_INLINE Bits16 float_to_bfloat(Floats value) {
  const Bits32 bits = bit_cast<Bits32>(value);
  const Bits32 rounded = (bits + Bits32(0x7fffu) + (bits >> 16 & Bits32(1))) >> 16;
  const Bits32 nan = bits >> 16 | Bits32(0x40u);
  const Bits32 result = (bits & Bits32(0x7fffffffu)) > Bits32(0x7f800000u) ? nan : rounded;
  return __builtin_convertvector(result, Bits16);
}

template <class Convert>
TNP_INLINE void widen(int64_t n, const uint16_t* from, int64_t stride, float* to, Convert convert_vector) {
  for (int64_t i = 0; i < n; i += 16) {
    const int64_t count = n - i < 16 ? n - i : 16;
    if (stride == 1 && count == 16) {
      store_vector(to + i, convert_vector(load_vector<Bits16>(from + i)));
      continue;
    }
    uint16_t buffer[16] = {};
    float widened[16];
    for (int64_t q = 0; q < count; ++q) buffer[q] = from[(i + q) * stride];
    store_vector(widened, convert_vector(load_vector<Bits16>(buffer)));
    for (int64_t q = 0; q < count; ++q) to[i + q] = widened[q];
  }
}

template <class Convert>
TNP_INLINE void narrow(int64_t n, const float* from, uint16_t* to, Convert convert_vector) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) store_vector(to + i, convert_vector(load_vector<Floats>(from + i)));
  if (i == n) return;
  float buffer[16] = {};
  uint16_t narrowed[16];
  for (int64_t q = i; q < n; ++q) buffer[q - i] = from[q];
  store_vector(narrowed, convert_vector(load_vector<Floats>(buffer)));
  for (int64_t q = i; q < n; ++q) to[q] = narrowed[q - i];
}

}  // namespace

constinit const GemmKernels kGemmKernels[kAlgebraCount] = {
    kernels_of<Logical>(),
    kernels_of<Arithmetic<uint8_t, uint16_t>>(),
    kernels_of<Arithmetic<uint16_t, uint16_t>>(),
    kernels_of<Arithmetic<uint32_t, uint32_t>>(),
    kernels_of<Arithmetic<uint64_t, uint64_t>>(),
    kernels_of<Arithmetic<float, float>>(),
    kernels_of<Arithmetic<double, double>>(),
    kernels_of<Complex<float>>(),
    kernels_of<Complex<double>>(),
};

void widen_half(int64_t n, const uint16_t* from, int64_t stride, float* to) {
  widen(n, from, stride, to, [](Bits16 v) { return half_to_float(v); });
}

void narrow_half(int64_t n, const float* from, uint16_t* to) {
  narrow(n, from, to, [](Floats v) { return float_to_half(v); });
}

void widen_bfloat(int64_t n, const uint16_t* from, int64_t stride, float* to) {
  widen(n, from, stride, to, [](Bits16 v) { return bfloat_to_float(v); });
}

void narrow_bfloat(int64_t n, const float* from, uint16_t* to) {
  narrow(n, from, to, [](Floats v) { return float_to_bfloat(v); });
}

}  // namespace tnp::TNP_ISA

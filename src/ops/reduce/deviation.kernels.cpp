// Means and sums of squared deviations, in one pass: of 16 rows at a time, then of what has been seen and those, by
// the formula of Chan, Golub and LeVeque. Lanes do not meet, so each instruction set gives the same bits.
#include "base/vector_memory.h"
#include "ops/reduce/deviation_kernels.h"
#include "ops/reduce/sums.h"

namespace tnp::TNP_ISA {

namespace {

// The shares of n more rows in the mean and in the correction of the sum.
template <class T>
struct Weights {
  T mean, sum;
  Weights(int64_t count, int64_t more)
      : mean(static_cast<T>(static_cast<double>(more) / static_cast<double>(count + more))),
        sum(static_cast<T>(static_cast<double>(count) * static_cast<double>(more) /
                           static_cast<double>(count + more))) {}
};

template <class V, class T>
TNP_INLINE void add(void* mean, void* sum, V more_mean, V more_sum, const Weights<T>& w) {
  const V m = load_vector<V>(mean), s = load_vector<V>(sum), delta = more_mean - m;
  store_vector(mean, m + delta * V(w.mean));
  store_vector(sum, (s + more_sum) + delta * delta * V(w.sum));
}

// In pairs, pairs of pairs, …
template <int N, class V>
TNP_INLINE V sum_of(const V* v) {
  if constexpr (N == 1) {
    return v[0];
  } else {
    return sum_of<N / 2>(v) + sum_of<N / 2>(v + N / 2);
  }
}

template <class V>
TNP_INLINE void full_block(const char* p, int64_t row_stride, V shift, V& mean, V& sum) {
  using T = lane_t<V>;
  constexpr int R = static_cast<int>(kDeviationRows);
  V v[R];
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++) v[r] = load_vector<V>(p + r * row_stride) - shift;
  mean = sum_of<R>(v) * V(T(1) / T(R));
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++) {
    const V d = v[r] - mean;
    v[r] = d * d;
  }
  sum = sum_of<R>(v);
}

template <class V>
TNP_INLINE void part_block(const char* p, int64_t row_stride, int64_t rows, V shift, V& mean, V& sum) {
  using T = lane_t<V>;
  mean = load_vector<V>(p) - shift;
  for (int64_t r = 1; r < rows; r++) mean += load_vector<V>(p + r * row_stride) - shift;
  mean = mean / V(T(rows));
  sum = V(T(0));
  for (int64_t r = 0; r < rows; r++) {
    const V d = (load_vector<V>(p + r * row_stride) - shift) - mean;
    sum += d * d;
  }
}

// One vector of columns of a block; `before`: rows that the results are of already.
template <class V, class T>
TNP_INLINE void step(const char* p, int64_t row_stride, int64_t rows, int64_t before, const T* shift, T* mean, T* sum,
                     const Weights<T>& w) {
  V m, s;
  if (rows == kDeviationRows) {
    full_block(p, row_stride, load_vector<V>(shift), m, s);
  } else {
    part_block(p, row_stride, rows, load_vector<V>(shift), m, s);
  }
  if (before > 0) return add(mean, sum, m, s, w);
  store_vector(mean, m);
  store_vector(sum, s);
}

// A row of 64 bytes is fetched this far ahead, into the second-level cache: rows that lie one after the other are read
// from front to back, and the processor's own prefetchers end at each page.
constexpr int64_t kLookAhead = 8 << 10;

template <class T>
void columns(const void* x, int64_t row_stride, int64_t rows, int64_t cols, const void* shift, void* mean, void* sum) {
  constexpr int N = kRegisterBytes / sizeof(T);
  const T* c = static_cast<const T*>(shift);
  T *m = static_cast<T*>(mean), *s = static_cast<T*>(sum);
  for (int64_t at = 0; at < rows; at += kDeviationRows) {
    const int64_t here = rows - at < kDeviationRows ? rows - at : kDeviationRows;
    const Weights<T> w(at, here);
    const char* p = static_cast<const char*>(x) + at * row_stride;
    if (row_stride == 64) {
      for (int64_t r = 0; r < here; r++) __builtin_prefetch(p + r * 64 + kLookAhead, 0, 2);
    }
    int64_t j = 0;
    for (; j + N <= cols; j += N) {
      step<Vec<T, N>>(p + j * static_cast<int64_t>(sizeof(T)), row_stride, here, at, c + j, m + j, s + j, w);
    }
    for (; N > 4 && j + 4 <= cols; j += 4) {
      step<Vec<T, 4>>(p + j * static_cast<int64_t>(sizeof(T)), row_stride, here, at, c + j, m + j, s + j, w);
    }
    for (; j < cols; j++)
      step<T>(p + j * static_cast<int64_t>(sizeof(T)), row_stride, here, at, c + j, m + j, s + j, w);
  }
}

template <class T>
void merge(void* mean, void* sum, int64_t count, const void* mean_more, const void* sum_more, int64_t more,
           int64_t cols) {
  constexpr int N = kRegisterBytes / sizeof(T);
  T *m = static_cast<T*>(mean), *s = static_cast<T*>(sum);
  const T *a = static_cast<const T*>(mean_more), *b = static_cast<const T*>(sum_more);
  const Weights<T> w(count, more);
  int64_t j = 0;
  for (; j + N <= cols; j += N) add(m + j, s + j, load_vec<T, N>(a + j), load_vec<T, N>(b + j), w);
  for (; N > 4 && j + 4 <= cols; j += 4) add(m + j, s + j, load_vec<T, 4>(a + j), load_vec<T, 4>(b + j), w);
  for (; j < cols; j++) add(m + j, s + j, a[j], b[j], w);
}

template <class T>
void short_rows(const void* x, int64_t row_stride, int64_t rows, int64_t n, void* sum) {
  constexpr int N = kWideLanes<T>;
  alignas(64) T squares[kShortDeviationRow];
  T* out = static_cast<T*>(sum);
  for (int64_t i = 0; i < rows; i++) {
    const T* p = reinterpret_cast<const T*>(static_cast<const char*>(x) + i * row_stride);
    T mean;
    fold_row<Add<true>, 1>(p, n, &mean);
    mean = mean / T(n);
    int64_t j = 0;
    for (; j + N <= n; j += N) {
      const Vec<T, N> d = load_vec<T, N>(p + j) - Vec<T, N>(mean);
      store_vec<T, N>(squares + j, d * d);
    }
    // By the vectors that the sum reads: elements that were stored one by one would have to be in the cache first.
    for (; j + kNarrowLanes <= n; j += kNarrowLanes) {
      const Vec<T, kNarrowLanes> d = load_vec<T, kNarrowLanes>(p + j) - Vec<T, kNarrowLanes>(mean);
      store_vec<T, kNarrowLanes>(squares + j, d * d);
    }
    for (; j < n; j++) squares[j] = (p[j] - mean) * (p[j] - mean);
    fold_row<Add<true>, 1>(squares, n, out + i);
  }
}

template <class T>
constexpr DeviationKernels kKernels{&columns<T>, &merge<T>, &short_rows<T>};

}  // namespace

const DeviationKernels* find_deviation_kernels(DType dtype) {
  return dtype == DType::float32 ? &kKernels<float> : &kKernels<double>;
}

}  // namespace tnp::TNP_ISA

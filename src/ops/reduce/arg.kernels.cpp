// Where the extreme is: the extreme of each block first, which is quick, then its place in the one block that has it.
#include "ops/reduce/order.h"

namespace tnp::TNP_ISA {
namespace {

constexpr int64_t kBlockBytes = 8 << 10;

// The first place of `value`, which is among the n elements; of a NaN if value is one.
template <class T>
TNP_INLINE int64_t find_first(const T* p, int64_t n, T value) {
  constexpr int N = 64 / sizeof(T);
  const bool nan = value != value;
  const Vec<T, N> wanted = Vec<T, N>(value);
  int64_t i = 0;
  if (!nan) {
    for (; i + 4 * N <= n; i += 4 * N) {
      const auto a = load_vec<T, N>(p + i) == wanted, b = load_vec<T, N>(p + i + N) == wanted;
      const auto c = load_vec<T, N>(p + i + 2 * N) == wanted, d = load_vec<T, N>(p + i + 3 * N) == wanted;
      if (any_lane(bit_cast<mask_t<Vec<T, N>>>((a | b) | (c | d)))) break;
    }
  }
  for (; i + N <= n; i += N) {
    const Vec<T, N> v = load_vec<T, N>(p + i);
    const auto found = nan ? v != v : v == wanted;
    if (any_lane(bit_cast<mask_t<Vec<T, N>>>(found))) break;
  }
  while (i < n - 1 && !(nan ? p[i] != p[i] : p[i] == value)) i++;
  return i;
}

template <bool Max, class T>
TNP_INLINE void find_extreme(const T* p, int64_t n, int64_t* index, T* value) {
  constexpr int64_t block = kBlockBytes / static_cast<int64_t>(sizeof(T));
  int64_t best_begin = 0;
  T best = p[0];
  for (int64_t begin = 0; begin < n && best == best; begin += block) {
    T extreme;
    fold_row<Extreme<Max>, 1>(p + begin, n - begin < block ? n - begin : block, &extreme);
    if (begin == 0 || extreme != extreme || beats<Max>(extreme, best)) {
      best = extreme;
      best_begin = begin;
    }
  }
  const int64_t count = n - best_begin < block ? n - best_begin : block;
  *index = best_begin + find_first(p + best_begin, count, best);
  *value = best;
}

template <bool Max, class T>
TNP_INLINE void find_extreme(const Complex<T>* p, int64_t n, int64_t* index, Complex<T>* value) {
  int64_t best = 0;
  for (int64_t i = 1; i < n && !is_nan_number(p[best]); i++) {
    if (is_nan_number(p[i]) || beats<Max>(p[i], p[best])) best = i;
  }
  *index = best;
  *value = p[best];
}

template <bool Max, class T>
void arg_rows(const void* in, int64_t row_stride, int64_t rows, int64_t n, int64_t* index, void* value) {
  const char* p = static_cast<const char*>(in);
  T* values = static_cast<T*>(value);
  for (int64_t i = 0; i < rows; i++, p += row_stride) {
    find_extreme<Max>(reinterpret_cast<const T*>(p), n, index + i, values + i);
  }
}

// Those that are left over at the end are looked at together with some that are known already.
template <bool Max, class T>
void arg_columns(const void* in, int64_t row_stride, int64_t n, int64_t columns, int64_t* index) {
  constexpr int N = int(kArgColumns);
  using Values = Vec<T, N>;
  using Numbers = Vec<int64_t, N>;
  for (int64_t j = 0;;) {
    const char* p = static_cast<const char*>(in) + j * int64_t(sizeof(T));
    Values best = load_vec<T, N>(reinterpret_cast<const T*>(p));
    Numbers number(0);
    for (int64_t t = 1; t < n; t++) {
      p += row_stride;
      const Values x = load_vec<T, N>(reinterpret_cast<const T*>(p));
      const auto beyond = (Max ? x > best : x < best) | (x != x);
      const auto taken = beyond & (best == best);
      best = select(bit_cast<mask_t<Values>>(taken), x, best);
      number = select(bit_cast<mask_t<Numbers>>(__builtin_convertvector(taken, Numbers)), Numbers(t), number);
    }
    store_vec(index + j, number);
    if (j + N >= columns) return;
    j = j + 2 * N <= columns ? j + N : columns - N;
  }
}

template <bool Max, class T>
constexpr ArgKernels kArgKernels = {&arg_rows<Max, T>, &arg_columns<Max, T>};
template <bool Max, class T>
constexpr ArgKernels kArgKernels<Max, Complex<T>> = {&arg_rows<Max, Complex<T>>, nullptr};

template <bool Max>
const ArgKernels* find_kernels(DType type) {
  switch (type) {
    case DType::int8:
      return &kArgKernels<Max, int8_t>;
    case DType::int16:
      return &kArgKernels<Max, int16_t>;
    case DType::int32:
      return &kArgKernels<Max, int32_t>;
    case DType::int64:
      return &kArgKernels<Max, int64_t>;
    case DType::uint8:
      return &kArgKernels<Max, uint8_t>;
    case DType::uint16:
      return &kArgKernels<Max, uint16_t>;
    case DType::uint32:
      return &kArgKernels<Max, uint32_t>;
    case DType::uint64:
      return &kArgKernels<Max, uint64_t>;
    case DType::float32:
      return &kArgKernels<Max, float>;
    case DType::float64:
      return &kArgKernels<Max, double>;
    case DType::complex64:
      return &kArgKernels<Max, Complex<float>>;
    case DType::complex128:
      return &kArgKernels<Max, Complex<double>>;
    default:
      return nullptr;
  }
}

}  // namespace

const ArgKernels* find_arg_kernels(bool max, DType type) {
  return max ? find_kernels<true>(type) : find_kernels<false>(type);
}

}  // namespace tnp::TNP_ISA

// Sorting of keys: quicksort with a vectorised partition, networks for what is small.
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#include "ops/sort/sort_kernels.h"
#include "ops/sort/sort_network.h"

namespace tnp::TNP_ISA {
namespace {

constexpr int kRows = 16;
template <class K>
constexpr int64_t kNetworkSize = kRows * kLanes<K>;
template <class K>
constexpr K kGreatest = static_cast<K>(~(uint64_t{1} << (8 * sizeof(K) - 1)));

constexpr int64_t kInsertionSize = 12;

template <class K>
TNP_INLINE void insertion_sort(K* p, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    const K key = p[i];
    int64_t j = i;
    for (; j > 0 && p[j - 1] > key; j--) p[j] = p[j - 1];
    p[j] = key;
  }
}

template <class K>
[[gnu::noinline]] void sort_full_matrix(K* p) {
  sort_matrix<kRows>(p);
}

// n <= kNetworkSize
template <class K>
void sort_small(K* p, int64_t n) {
  if (n <= kInsertionSize) return insertion_sort(p, n);
  if (n == kNetworkSize<K>) return sort_full_matrix(p);
  alignas(64) K padded[kNetworkSize<K>];
  __builtin_memcpy(padded, p, static_cast<size_t>(n) * sizeof(K));
  for (int64_t i = n; i < kNetworkSize<K>; i++) padded[i] = kGreatest<K>;
  sort_full_matrix(padded);
  __builtin_memcpy(p, padded, static_cast<size_t>(n) * sizeof(K));
}

// --- partition

#if defined(__AVX512F__)
TNP_INLINE int below(KeyVec<int64_t> v, KeyVec<int64_t> pivot) {
  return _mm512_cmplt_epi64_mask(bit_cast<__m512i>(v), bit_cast<__m512i>(pivot));
}
TNP_INLINE int below(KeyVec<int32_t> v, KeyVec<int32_t> pivot) {
  return _mm512_cmplt_epi32_mask(bit_cast<__m512i>(v), bit_cast<__m512i>(pivot));
}
// Compressed in a register: compressing stores are slow on some processors.
TNP_INLINE KeyVec<int64_t> compress(KeyVec<int64_t> v, int mask) {
  return bit_cast<KeyVec<int64_t>>(_mm512_maskz_compress_epi64(static_cast<__mmask8>(mask), bit_cast<__m512i>(v)));
}
TNP_INLINE KeyVec<int32_t> compress(KeyVec<int32_t> v, int mask) {
  return bit_cast<KeyVec<int32_t>>(_mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), bit_cast<__m512i>(v)));
}
#elif defined(__AVX2__)
struct CompressTable {
  uint8_t lane[256][8];
};
consteval CompressTable compress_table(int lanes_per_bit, int bits) {
  CompressTable t{};
  for (int mask = 0; mask < (1 << bits); mask++) {
    int n = 0;
    for (int i = 0; i < bits; i++) {
      if (!(mask >> i & 1)) continue;
      for (int k = 0; k < lanes_per_bit; k++) t.lane[mask][n++] = static_cast<uint8_t>(i * lanes_per_bit + k);
    }
  }
  return t;
}
constexpr CompressTable kCompress32 = compress_table(1, 8), kCompress64 = compress_table(2, 4);

TNP_INLINE __m256i compress_by(__m256i v, const uint8_t* lanes) {
  const __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(lanes)));
  return _mm256_permutevar8x32_epi32(v, order);
}
TNP_INLINE int below(KeyVec<int64_t> v, KeyVec<int64_t> pivot) {
  return _mm256_movemask_pd(bit_cast<__m256d>(_mm256_cmpgt_epi64(bit_cast<__m256i>(pivot), bit_cast<__m256i>(v))));
}
TNP_INLINE int below(KeyVec<int32_t> v, KeyVec<int32_t> pivot) {
  return _mm256_movemask_ps(bit_cast<__m256>(_mm256_cmpgt_epi32(bit_cast<__m256i>(pivot), bit_cast<__m256i>(v))));
}
TNP_INLINE KeyVec<int64_t> compress(KeyVec<int64_t> v, int mask) {
  return bit_cast<KeyVec<int64_t>>(compress_by(bit_cast<__m256i>(v), kCompress64.lane[mask]));
}
TNP_INLINE KeyVec<int32_t> compress(KeyVec<int32_t> v, int mask) {
  return bit_cast<KeyVec<int32_t>>(compress_by(bit_cast<__m256i>(v), kCompress32.lane[mask]));
}
#endif

// Moves the keys below the pivot to the front, the others behind them, and returns how many are below. `room` takes
// what goes behind; whole vectors are written, beyond what counts.
template <class K>
int64_t partition(K* p, int64_t n, K pivot, K* room) {
  int64_t less = 0, rest = 0, i = 0;
#if defined(__AVX2__)
  constexpr int lanes = kLanes<K>;
  const KeyVec<K> bound = KeyVec<K>(pivot);
  for (; i + lanes <= n; i += lanes) {
    const KeyVec<K> v = load_keys(p + i);
    const int mask = below(v, bound), count = __builtin_popcount(static_cast<unsigned>(mask));
    store_keys(p + less, compress(v, mask));
    store_keys(room + rest, compress(v, ~mask & ((1 << lanes) - 1)));
    less += count;
    rest += lanes - count;
  }
#endif
  for (; i < n; i++) {
    const K key = p[i];
    const bool is_less = key < pivot;
    p[less] = key;
    room[rest] = key;
    less += is_less;
    rest += !is_less;
  }
  __builtin_memcpy(p + less, room, static_cast<size_t>(rest) * sizeof(K));
  return less;
}

// --- quicksort

template <class K>
void heap_sort(K* p, int64_t n) {
  const auto sift = [p](int64_t at, int64_t size) {
    const K key = p[at];
    for (int64_t child; (child = 2 * at + 1) < size; at = child) {
      if (child + 1 < size && p[child + 1] > p[child]) child++;
      if (p[child] <= key) break;
      p[at] = p[child];
    }
    p[at] = key;
  };
  for (int64_t i = n / 2 - 1; i >= 0; i--) sift(i, n);
  for (int64_t i = n - 1; i > 0; i--) {
    const K top = p[0];
    p[0] = p[i];
    p[i] = top;
    sift(0, i);
  }
}

// The median of a sample from places that no simple pattern in the keys coincides with.
template <class K>
K choose_pivot(const K* p, int64_t n) {
  K sample[31];
  const int count = n < 2048 ? 7 : 31;
  const int64_t step = n / count;
  uint64_t random = static_cast<uint64_t>(n) * 0x9E3779B97F4A7C15u;
  for (int i = 0; i < count; i++) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    sample[i] = p[i * step + static_cast<int64_t>((random >> 33) * static_cast<uint64_t>(step) >> 31)];
  }
  sort_small(sample, count);
  return sample[count / 2];
}

template <class K>
bool is_sorted(const K* p, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    if (p[i - 1] > p[i]) return false;
  }
  return true;
}

bool needed(int64_t first, int64_t n, Ranks ranks) {
  if (!ranks.begin) return true;
  for (const int64_t* r = ranks.begin; r != ranks.end; r++) {
    if (*r >= first && *r < first + n) return true;
  }
  return false;
}

template <class K>
void quick_sort(K* p, int64_t n, K* room, int64_t first, Ranks ranks, int depth) {
  while (n > kNetworkSize<K>) {
    if (!needed(first, n, ranks) || is_sorted(p, n)) return;
    if (depth-- == 0) return heap_sort(p, n);
    const K pivot = choose_pivot(p, n);
    int64_t less = partition(p, n, pivot, room);
    if (less == 0) {
      // Nothing is below the pivot: those equal to it are in their places then.
      if (pivot == kGreatest<K>) return;
      less = partition(p, n, static_cast<K>(pivot + 1), room);
    } else {
      quick_sort(p, less, room, first, ranks, depth);
    }
    p += less;
    n -= less;
    first += less;
  }
  if (needed(first, n, ranks)) sort_small(p, n);
}

template <class K>
void sort_keys(K* p, int64_t n, K* room, int64_t first, Ranks ranks) {
  int depth = 16;
  for (int64_t k = n; k > 1; k /= 2) depth += 2;
  quick_sort(p, n, room, first, ranks, depth);
}

template <class K>
void classify(const K* keys, int64_t n, const K* splitters, uint8_t* bucket) {
  constexpr int lanes = kLanes<K>, vectors = 4;
  int64_t i = 0;
  for (; i + lanes * vectors <= n; i += lanes * vectors) {
    KeyVec<K> v[vectors], count[vectors];
    for (int k = 0; k < vectors; k++) {
      v[k] = load_keys(keys + i + k * lanes);
      count[k] = KeyVec<K>(0);
    }
    for (int s = 0; s < kSplitters; s++) {
      const KeyVec<K> bound = KeyVec<K>(splitters[s]);
      for (int k = 0; k < vectors; k++) count[k] -= v[k] >= bound;
    }
    for (int k = 0; k < vectors; k++) {
      const auto bytes = __builtin_convertvector(count[k], Vec<uint8_t, lanes>);
      __builtin_memcpy(bucket + i + k * lanes, &bytes, sizeof bytes);
    }
  }
  for (; i < n; i++) {
    int count = 0;
    for (int s = 0; s < kSplitters; s++) count += keys[i] >= splitters[s];
    bucket[i] = static_cast<uint8_t>(count);
  }
}

// --- keys

template <class T>
struct IntegerKey {
  using type = T;
  template <class K>
  TNP_INLINE static K key(T x, bool) {
    if constexpr (static_cast<T>(-1) > 0 && sizeof(T) == sizeof(K)) {
      return static_cast<K>(x ^ static_cast<T>(uint64_t{1} << (8 * sizeof(T) - 1)));
    } else {
      return static_cast<K>(x);
    }
  }
  template <class K>
  TNP_INLINE static T number(K k) {
    if constexpr (static_cast<T>(-1) > 0 && sizeof(T) == sizeof(K)) {
      return static_cast<T>(k) ^ static_cast<T>(uint64_t{1} << (8 * sizeof(T) - 1));
    } else {
      return static_cast<T>(k);
    }
  }
};

// A float's bits as a signed integer: those of negative numbers in reverse.
template <class Bits, Bits Infinity>
struct FloatKey {
  using type = Bits;
  static constexpr Bits kMagnitude = static_cast<Bits>(~(uint64_t{1} << (8 * sizeof(Bits) - 1)));
  template <class K>
  TNP_INLINE static K key(Bits x, bool zeros_alike) {
    const Bits magnitude = x & kMagnitude;
    const Bits ordered = x < 0 ? static_cast<Bits>(x ^ kMagnitude) : x;
    const Bits finite = zeros_alike && magnitude == 0 ? Bits{0} : ordered;
    return static_cast<K>(magnitude > Infinity ? kMagnitude : finite);
  }
  template <class K>
  TNP_INLINE static Bits number(K k) {
    const Bits x = static_cast<Bits>(k);
    // The greatest key stands for any NaN: it comes back as the quiet one.
    constexpr Bits nan = Infinity | (Infinity & -Infinity) >> 1;
    return x == kMagnitude ? nan : x < 0 ? static_cast<Bits>(x ^ kMagnitude) : x;
  }
};

template <class Codec, class K>
void keys_of(const void* in, int64_t n, bool zeros_alike, K flip, K* keys) {
  const auto* x = static_cast<const typename Codec::type*>(in);
  if (zeros_alike) {
    for (int64_t i = 0; i < n; i++) keys[i] = Codec::template key<K>(x[i], true) ^ flip;
  } else {
    for (int64_t i = 0; i < n; i++) keys[i] = Codec::template key<K>(x[i], false) ^ flip;
  }
}
template <class Codec, class K>
void numbers_of(const K* keys, int64_t n, K flip, void* out) {
  auto* x = static_cast<typename Codec::type*>(out);
  for (int64_t i = 0; i < n; i++) x[i] = Codec::template number<K>(keys[i] ^ flip);
}

// Calls f with the codec of a type.
template <class K, class F>
TNP_INLINE void with_codec(DType type, F f) {
  if constexpr (sizeof(K) == 8) {
    switch (type) {
      case DType::int64:
        return f(IntegerKey<int64_t>());
      case DType::uint64:
        return f(IntegerKey<uint64_t>());
      default:
        return f(FloatKey<int64_t, 0x7FF0000000000000>());
    }
  } else {
    switch (type) {
      case DType::int8:
        return f(IntegerKey<int8_t>());
      case DType::int16:
        return f(IntegerKey<int16_t>());
      case DType::int32:
        return f(IntegerKey<int32_t>());
      case DType::uint16:
        return f(IntegerKey<uint16_t>());
      case DType::uint32:
        return f(IntegerKey<uint32_t>());
      case DType::float16:
        return f(FloatKey<int16_t, 0x7C00>());
      case DType::bfloat16:
        return f(FloatKey<int16_t, 0x7F80>());
      case DType::float32:
        return f(FloatKey<int32_t, 0x7F800000>());
      default:
        return f(IntegerKey<uint8_t>());  // and booleans
    }
  }
}

template <class K>
void to_keys(DType type, const void* in, int64_t n, Zeros zeros, bool descending, K* keys) {
  with_codec<K>(type, [&](auto codec) {
    keys_of<decltype(codec), K>(in, n, zeros == Zeros::alike, descending ? K{-1} : K{0}, keys);
  });
}
template <class K>
void from_keys(DType type, const K* keys, int64_t n, bool descending, void* out) {
  with_codec<K>(type, [&](auto codec) { numbers_of<decltype(codec), K>(keys, n, descending ? K{-1} : K{0}, out); });
}

// --- columns

// Batcher's odd-even merge sort of rows of `width` keys that are `stride` apart: what the network would compare with
// rows from n on, as if those had the greatest keys, changes nothing.
template <class K>
void sort_key_columns(K* keys, int64_t n, int64_t width, int64_t stride) {
  const auto compare = [&](int64_t low, int64_t high) {
    K *a = keys + low * stride, *b = keys + high * stride;
    for (int64_t c = 0; c < width; c += kLanes<K>) {
      KeyVec<K> v = load_keys(a + c), w = load_keys(b + c);
      compare_exchange(v, w);
      store_keys(a + c, v);
      store_keys(b + c, w);
    }
  };
  for (int64_t p = 1; p < n; p *= 2) {
    for (int64_t k = p; k >= 1; k /= 2) {
      for (int64_t j = k % p; j + k < n; j += 2 * k) {
        for (int64_t i = j; i < j + k && i + k < n; i++) {
          if ((i ^ (i + k)) < 2 * p) compare(i, i + k);  // in one block of 2 p rows
        }
      }
    }
  }
}

template <class K>
void sort_columns(DType type, const char* in, int64_t n, int64_t columns, int64_t row_bytes, bool descending,
                  char* out) {
  constexpr int64_t unit = 16, most = 2 * unit * kMostColumnRows;
  alignas(64) K keys[most] = {};
  const int64_t stride = most / n / unit * unit, size = itemsize(type);
  for (int64_t first = 0; first < columns; first += stride) {
    const int64_t count = columns - first < stride ? columns - first : stride;
    for (int64_t r = 0; r < n; r++) {
      const int64_t at = r * row_bytes + first * size;
      to_keys<K>(type, in + at, count, Zeros::apart, descending, keys + r * stride);
      // No processor foresees that the next part of this row is needed after the last row.
      for (int64_t next = at + stride * size; next < at + 2 * stride * size; next += 64) {
        __builtin_prefetch(in + next, 0, 2);
        __builtin_prefetch(out + next, 1, 2);
      }
    }
    sort_key_columns(keys, n, count, stride);
    for (int64_t r = 0; r < n; r++)
      from_keys<K>(type, keys + r * stride, count, descending, out + r * row_bytes + first * size);
  }
}

template <class K>
constexpr KeyKernels<K> kKernels = {&to_keys<K>, &from_keys<K>, &sort_keys<K>, &classify<K>, &sort_columns<K>};

}  // namespace

const KeyKernels<int32_t>* key_kernels32() { return &kKernels<int32_t>; }
const KeyKernels<int64_t>* key_kernels64() { return &kKernels<int64_t>; }

}  // namespace tnp::TNP_ISA

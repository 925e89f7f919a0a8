#include "base/indices.h"
#include "base/vector_memory.h"
#include "ops/elementwise/math/rounding.h"
#include "ops/elementwise/one_pass_kernels.h"

namespace tnp::TNP_ISA {

namespace {

TNP_INLINE double nearest_whole(double x) { return __builtin_rint(x); }
TNP_INLINE float nearest_whole(float x) { return __builtin_rintf(x); }

template <class T>
void round_all(const void* from, double given, bool fractions, int64_t n, void* to) {
  const T* x = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  const T power = static_cast<T>(given);
  if (fractions) {
    for (int64_t i = 0; i < n; i++) out[i] = nearest_whole(x[i] * power) / power;
  } else {
    for (int64_t i = 0; i < n; i++) out[i] = nearest_whole(x[i] / power) * power;
  }
}

template <class T, int N>
TNP_INLINE void frexp_some(const T* x, T* mantissa, int32_t* exponent) {
  const auto parts = math::frexp(load_vec<T, N>(x));
  store_vec<T, N>(mantissa, parts.mantissa);
  store_vec<int32_t, N>(exponent, __builtin_convertvector(parts.exponent, Vec<int32_t, N>));
}

template <class T>
void frexp_all(const void* from, int64_t n, void* to, int32_t* exponent) {
  constexpr int N = kRegisterBytes / sizeof(T);
  const T* x = static_cast<const T*>(from);
  T* mantissa = static_cast<T*>(to);
  int64_t i = 0;
  for (; i + N <= n; i += N) frexp_some<T, N>(x + i, mantissa + i, exponent + i);
  if (i == n) return;
  T rest[N] = {}, mantissas[N];
  int32_t exponents[N];
  const auto count = static_cast<size_t>(n - i);
  __builtin_memcpy(rest, x + i, count * sizeof(T));
  frexp_some<T, N>(rest, mantissas, exponents);
  __builtin_memcpy(mantissa + i, mantissas, count * sizeof(T));
  __builtin_memcpy(exponent + i, exponents, count * sizeof(int32_t));
}

template <class T>
void second_is(const void* pairs, bool zero, int64_t n, uint8_t* out) {
  const T* x = static_cast<const T*>(pairs);
  const uint8_t flip = zero ? 1 : 0;
  for (int64_t i = 0; i < n; i++) out[i] = static_cast<uint8_t>(x[2 * i + 1] != T(0)) ^ flip;
}

// A mask is -1 where it holds: each lane counts, in several registers at a time.
template <class T, class I>
int64_t count_all(const void* from, int64_t n) {
  constexpr int N = kRegisterBytes / sizeof(T), kRegisters = 4;
  constexpr int64_t kMost = int64_t{1} << 30;  // rounds that a lane of 32 bits holds
  const T* x = static_cast<const T*>(from);
  int64_t total = 0, i = 0;
  while (i + kRegisters * N <= n) {
    Vec<I, N> count[kRegisters] = {};
    for (int64_t round = 0; round < kMost && i + kRegisters * N <= n; round++, i += kRegisters * N) {
#pragma clang loop unroll(full)
      for (int r = 0; r < kRegisters; r++)
        count[r] -= __builtin_bit_cast(Vec<I, N>, load_vec<T, N>(x + i + r * N) != T(0));
    }
    for (int r = 0; r < kRegisters; r++)
      total += __builtin_reduce_add(__builtin_convertvector(count[r], Vec<int64_t, N>));
  }
  for (; i < n; i++) total += x[i] != T(0);
  return total;
}

// --- bits

inline constexpr int kFlags = kRegisterBytes < 32 ? 16 : 32;  // that are packed at a time
using Flags = Vec<uint8_t, kFlags>;

template <bool Little, std::size_t... I>
TNP_INLINE uint32_t packed(Flags flags, Indices<I...>) {
  auto set = flags != 0;
  if constexpr (!Little) set = __builtin_shufflevector(set, set, (I ^ 7)...);
#if defined(__AVX2__)
  using Native = char __attribute__((vector_size(32)));
  return static_cast<uint32_t>(__builtin_ia32_pmovmskb256(__builtin_bit_cast(Native, set)));
#else
  using Native = char __attribute__((vector_size(16)));
  return static_cast<uint32_t>(__builtin_ia32_pmovmskb128(__builtin_bit_cast(Native, set)));
#endif
}

template <bool Little>
void pack_all(const uint8_t* flags, int64_t n, uint8_t* out) {
  constexpr int kBytes = kFlags / 8;
  using P = typename MakeIndices<kFlags>::type;
  int64_t i = 0;
  for (; i + kBytes <= n; i += kBytes) {
    const uint32_t bits = packed<Little>(load_vec<uint8_t, kFlags>(flags + 8 * i), P());
    __builtin_memcpy(out + i, &bits, kBytes);
  }
  if (i == n) return;
  uint8_t rest[kFlags] = {};
  const auto count = static_cast<size_t>(n - i);
  __builtin_memcpy(rest, flags + 8 * i, 8 * count);
  const uint32_t bits = packed<Little>(load_vec<uint8_t, kFlags>(rest), P());
  __builtin_memcpy(out + i, &bits, count);
}

template <int Bytes>
struct Unsigned;
template <>
struct Unsigned<2> {
  using type = uint16_t;
};
template <>
struct Unsigned<4> {
  using type = uint32_t;
};
template <>
struct Unsigned<8> {
  using type = uint64_t;
};

// Each byte eight times, of which one bit each is looked at.
template <bool Little, std::size_t... I>
TNP_INLINE void unpack_some(const uint8_t* bytes, uint8_t* out, Indices<I...>) {
  constexpr int R = kRegisterBytes;
  using Unit = typename Unsigned<R / 8>::type;
  Unit some;
  __builtin_memcpy(&some, bytes, sizeof some);
  const auto copies = __builtin_bit_cast(Vec<uint8_t, R>, Vec<Unit, 8>(some));
  const Vec<uint8_t, R> each = __builtin_shufflevector(copies, copies, (I / 16 * 16 + I / 8)...);
  const Vec<uint8_t, R> bit = {static_cast<uint8_t>(Little ? 1 << I % 8 : 128 >> I % 8)...};
  const Vec<uint8_t, R> set = __builtin_bit_cast(Vec<uint8_t, R>, (each & bit) != 0);
  store_vec<uint8_t, R>(out, set & uint8_t{1});
}

template <bool Little>
void unpack_all(const uint8_t* bytes, int64_t n, uint8_t* out) {
  constexpr int kBytes = kRegisterBytes / 8;
  using P = typename MakeIndices<kRegisterBytes>::type;
  int64_t i = 0;
  for (; i + kBytes <= n; i += kBytes) unpack_some<Little>(bytes + i, out + 8 * i, P());
  if (i == n) return;
  uint8_t rest[kBytes] = {}, flags[8 * kBytes];
  const auto count = static_cast<size_t>(n - i);
  __builtin_memcpy(rest, bytes + i, count);
  unpack_some<Little>(rest, flags, P());
  __builtin_memcpy(out + 8 * i, flags, 8 * count);
}

void pack(const uint8_t* flags, int64_t n, bool little, uint8_t* out) {
  little ? pack_all<true>(flags, n, out) : pack_all<false>(flags, n, out);
}
void unpack(const uint8_t* bytes, int64_t n, bool little, uint8_t* out) {
  little ? unpack_all<true>(bytes, n, out) : unpack_all<false>(bytes, n, out);
}

constexpr OnePassKernels kSingle = {&round_all<float>, &frexp_all<float>, &second_is<float>};
constexpr OnePassKernels kDouble = {&round_all<double>, &frexp_all<double>, &second_is<double>};
constexpr BitKernels kBits = {&pack, &unpack};

}  // namespace

const OnePassKernels* find_one_pass(DType real) {
  return real == DType::float64 ? &kDouble : real == DType::float32 ? &kSingle : nullptr;
}
const BitKernels* find_bit_kernels() { return &kBits; }
CountKernel find_count_kernel(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return &count_all<float, int32_t>;
    case DType::float64:
      return &count_all<double, int64_t>;
    case DType::int32:
    case DType::uint32:
      return &count_all<int32_t, int32_t>;
    case DType::int64:
    case DType::uint64:
      return &count_all<int64_t, int64_t>;
    default:
      return nullptr;
  }
}

}  // namespace tnp::TNP_ISA

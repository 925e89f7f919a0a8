// TNP_PASS_KERNELS: a record's block kernels for one instruction set.
#pragma once

#include "ops/elementwise/lanes.h"

namespace tnp::TNP_ISA {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

template <class V>
TNP_INLINE V load(const void* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class V>
TNP_INLINE void store(void* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

template <class T, T... I>
struct Indices {};

// Complex numbers are interleaved in memory and apart in registers.
template <class V, int... I>
TNP_INLINE Complex<V> deinterleave(const void* p, Indices<int, I...>) {
  const auto low = load<V>(p);
  const auto high = load<V>(static_cast<const char*>(p) + sizeof(V));
  return {__builtin_shufflevector(low, high, (2 * I)...), __builtin_shufflevector(low, high, (2 * I + 1)...)};
}
template <class V, int... I>
TNP_INLINE void interleave(void* p, Complex<V> z, Indices<int, I...>) {
  constexpr int n = sizeof...(I);
  store(p, __builtin_shufflevector(z.re, z.im, (I / 2 + (I % 2) * n)...));
  store(static_cast<char*>(p) + sizeof(V), __builtin_shufflevector(z.re, z.im, (n / 2 + I / 2 + (I % 2) * n)...));
}
template <int N>
using iota_t = __make_integer_seq<Indices, int, N>;

template <class X, int N>
TNP_INLINE X load_value(const void* p) {
  if constexpr (is_complex_value<X>) {
    return deinterleave<decltype(X::re)>(p, iota_t<N>{});
  } else {
    return load<X>(p);
  }
}
template <int N, class X>
TNP_INLINE void store_value(void* p, X x) {
  if constexpr (is_complex_value<X>) {
    interleave(p, x, iota_t<N>{});
  } else {
    store(p, x);
  }
}

template <class Record, DType D>
struct BlockLoop {
  static constexpr int N = kVectorBytes / static_cast<int>(sizeof(element_t<D>));
  static constexpr int kArity = Record::arity;
  using X = Value<D, N>;
  static constexpr int kElement = static_cast<int>(sizeof(element_t<D>)) * (is_complex(D) ? 2 : 1);

  TNP_INLINE static auto compute(const char* const* p) {
    if constexpr (kArity == 1) {
      return stored<Record, N>(value_of<Record, D>(load_value<X, N>(p[0])));
    } else if constexpr (kArity == 2) {
      return stored<Record, N>(value_of<Record, D>(load_value<X, N>(p[0]), load_value<X, N>(p[1])));
    } else {
      return stored<Record, N>(
          value_of<Record, D>(load_value<X, N>(p[0]), load_value<X, N>(p[1]), load_value<X, N>(p[2])));
    }
  }
  using R = decltype(compute(nullptr));
  static constexpr int kResult = static_cast<int>(sizeof(R)) / N;

  static void run(void* out, const void* const* in, const std::int32_t* step, std::int64_t n) {
    alignas(64) char splats[kArity][N * kElement];
    const char* p[kArity];
    std::int64_t advance[kArity];
    for (int k = 0; k < kArity; ++k) {
      p[k] = static_cast<const char*>(in[k]);
      advance[k] = N * kElement;
      if (step[k] == 0) {
        for (int j = 0; j < N; ++j) __builtin_memcpy(splats[k] + j * kElement, p[k], kElement);
        p[k] = splats[k];
        advance[k] = 0;
      }
    }
    char* o = static_cast<char*>(out);
    std::int64_t i = 0;
    if constexpr (Record::cycles <= 2) {
      for (; i + 4 * N <= n; i += 4 * N) {
        for (int u = 0; u < 4; ++u) {
          store_value<N>(o, compute(p));
          o += N * kResult;
          for (int k = 0; k < kArity; ++k) p[k] += advance[k];
        }
      }
    }
    for (; i + N <= n; i += N) {
      store_value<N>(o, compute(p));
      o += N * kResult;
      for (int k = 0; k < kArity; ++k) p[k] += advance[k];
    }
    if (i < n) tail(o, p, advance, n - i);
  }

  // The last elements go through the same vector code, padded with copies of one of them, which raises no new flag.
  [[gnu::noinline]] static void tail(char* o, const char* const* p, const std::int64_t* advance, std::int64_t n) {
    alignas(64) char padded[kArity][N * kElement];
    const char* q[kArity];
    for (int k = 0; k < kArity; ++k) {
      q[k] = p[k];
      if (advance[k] == 0) continue;
      __builtin_memcpy(padded[k], p[k], static_cast<std::size_t>(n * kElement));
      for (std::int64_t j = n; j < N; ++j) __builtin_memcpy(padded[k] + j * kElement, p[k], kElement);
      q[k] = padded[k];
    }
    alignas(64) char result[N * kResult];
    store_value<N>(result, compute(q));
    __builtin_memcpy(o, result, static_cast<std::size_t>(n * kResult));
  }
};

template <class Record, DType D>
constexpr BlockKernel block_kernel() {
  if constexpr (contains(Record::types, D) && D != DType::float16 && D != DType::bfloat16) {
    return &BlockLoop<Record, D>::run;
  } else {
    return nullptr;
  }
}

template <class Record, int... I>
constexpr KernelTable kernel_table(Indices<int, I...>) {
  return {{block_kernel<Record, static_cast<DType>(I)>()...}};
}

}  // namespace tnp::TNP_ISA

#define TNP_ELEMENTWISE_PASS(NAME, RECORD)                                                \
  namespace tnp::TNP_ISA {                                                                \
  extern const KernelTable NAME##_kernels;                                                \
  const KernelTable NAME##_kernels = kernel_table<records::RECORD>(iota_t<kNumericDTypeCount>{}); \
  }

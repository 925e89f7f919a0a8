// TNP_PASS_KERNELS: a record's block kernels for one instruction set.
#pragma once

#include "base/vector_memory.h"
#include "ops/elementwise/lanes.h"

namespace tnp::TNP_ISA {

template <class T, T... I>
struct Indices {};

// Complex numbers are interleaved in memory and apart in registers.
template <class V, int... I>
TNP_INLINE Complex<V> deinterleave(const void* p, Indices<int, I...>) {
  const auto low = load_vector<V>(p);
  const auto high = load_vector<V>(static_cast<const char*>(p) + sizeof(V));
  return {__builtin_shufflevector(low, high, (2 * I)...), __builtin_shufflevector(low, high, (2 * I + 1)...)};
}
template <class V, int... I>
TNP_INLINE void interleave(void* p, Complex<V> z, Indices<int, I...>) {
  constexpr int n = sizeof...(I);
  store_vector(p, __builtin_shufflevector(z.re, z.im, (I / 2 + (I % 2) * n)...));
  store_vector(static_cast<char*>(p) + sizeof(V),
               __builtin_shufflevector(z.re, z.im, (n / 2 + I / 2 + (I % 2) * n)...));
}
template <int N>
using iota_t = __make_integer_seq<Indices, int, N>;

template <class X, int N>
TNP_INLINE X load_value(const void* p) {
  if constexpr (is_complex_value<X>) {
    return deinterleave<decltype(X::re)>(p, iota_t<N>{});
  } else {
    return load_vector<X>(p);
  }
}
template <int N, class X>
TNP_INLINE void store_value(void* p, X x) {
  if constexpr (is_complex_value<X>) {
    interleave(p, x, iota_t<N>{});
  } else {
    store_vector(p, x);
  }
}

// Whether a record has `raised` for inputs of this type.
template <class Record, class... X>
inline constexpr bool tells_exceptions = requires(X... x) { Record::raised(x..., Record::value(x...)); };

// Whether a record prepares for a second input that is one integer for all elements.
template <class Record, class T>
inline constexpr bool kHasBy = false;
template <class Record, class T>
  requires std::is_integral_v<T> && requires { typename Record::template By<T>; }
inline constexpr bool kHasBy<Record, T> = true;

template <class Record, DType D>
struct BlockLoop {
  // Two registers of doubles at a time where one is a long chain of instructions that wait for each other.
  static constexpr int kRegisters = D == DType::float64 && Record::cycles >= 16 ? 2 : 1;
  static constexpr int N = kRegisters * kRegisterBytes / static_cast<int>(sizeof(element_t<D>));
  static constexpr int kArity = Record::arity;
  using X = Value<D, N>;
  // Whether the flags that the computation itself raises mean nothing.
  static constexpr bool kTells = kArity == 1   ? tells_exceptions<Record, X>
                                 : kArity == 2 ? tells_exceptions<Record, X, X>
                                               : tells_exceptions<Record, X, X, X>;
  static constexpr bool kTellsByResult = kTells && (D == DType::float32 || D == DType::float64);
  static constexpr int kElement = static_cast<int>(sizeof(element_t<D>)) * (is_complex(D) ? 2 : 1);

  // The result of N elements; `raised` gathers the exceptions that the record tells apart from the hardware's.
  template <bool kTell, class... In>
  TNP_INLINE static auto compute_on([[maybe_unused]] unsigned& raised, In... x) {
    const auto result = value_of<Record, D>(x...);
    if constexpr (kTell) raised |= Record::raised(x..., result);
    return stored<Record, N>(result);
  }
  template <bool kTell = kTells>
  TNP_INLINE static auto compute(const char* const* p, unsigned& raised) {
    if constexpr (kArity == 1) {
      return compute_on<kTell>(raised, load_value<X, N>(p[0]));
    } else if constexpr (kArity == 2) {
      return compute_on<kTell>(raised, load_value<X, N>(p[0]), load_value<X, N>(p[1]));
    } else {
      return compute_on<kTell>(raised, load_value<X, N>(p[0]), load_value<X, N>(p[1]), load_value<X, N>(p[2]));
    }
  }
  using R = decltype(compute(nullptr, std::declval<unsigned&>()));
  static constexpr int kResult = static_cast<int>(sizeof(R)) / N;

  static unsigned run(void* out, const void* const* in, const std::int32_t* step, std::int64_t n) {
    if constexpr (kHasBy<Record, element_t<D>>) {
      using T = element_t<D>;
      if (step[0] == 1 && step[1] == 0 && n >= kWorthPreparing) {
        T second;
        __builtin_memcpy(&second, in[1], sizeof second);
        if (Record::template By<T>::serves(second)) {
          run_by(static_cast<T*>(out), static_cast<const T*>(in[0]), typename Record::template By<T>(second), n);
          return 0;
        }
      }
    }
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
    unsigned raised = 0;
    if (n >= N) {
      if constexpr (kTellsByResult) {
        raised = run_watched(o, p, advance, n / N);
      } else {
        raised = run_vectors(o, p, advance, n / N);
      }
    }
    if (n % N != 0) raised |= tail(o, p, advance, n % N);
    return raised;
  }

  static constexpr std::int64_t kWorthPreparing = 32;
  template <class By, class T>
  static void run_by(T* out, const T* in, const By by, std::int64_t n) {
    std::int64_t i = 0;
    for (; i + N <= n; i += N) store_vector(out + i, Record::value_by(load_vector<X>(in + i), by));
    if (i == n) return;
    const auto bytes = static_cast<std::size_t>(n - i) * sizeof(T);
    X last = splat<X>(0);
    __builtin_memcpy(&last, in + i, bytes);
    last = Record::value_by(last, by);
    __builtin_memcpy(out + i, &last, bytes);
  }

  // Moves all pointers on.
  static unsigned run_vectors(char*& o, const char** p, const std::int64_t* advance, std::int64_t vectors) {
    std::int64_t i = 0;
    unsigned raised = 0;
    if constexpr (Record::cycles <= 2) {
      for (; i + 4 <= vectors; i += 4) {
        for (int u = 0; u < 4; ++u) step_once(o, p, advance, raised);
      }
    }
    for (; i < vectors; ++i) step_once(o, p, advance, raised);
    return raised;
  }
  TNP_INLINE static void step_once(char*& o, const char** p, const std::int64_t* advance, unsigned& raised) {
    store_value<N>(o, compute(p, raised));
    o += N * kResult;
    for (int k = 0; k < kArity; ++k) p[k] += advance[k];
  }

  // For floats, whose exceptions all show in a result that is not finite: in blocks, of which only those with such a
  // result are looked at again. That needs the inputs: those about to be overwritten are copied first.
  static unsigned run_watched(char*& o, const char** p, const std::int64_t* advance, std::int64_t vectors) {
    constexpr std::int64_t kBlock = 16;
    alignas(64) char copies[kArity][kBlock * N * kElement];
    unsigned raised = 0;
    while (vectors > 0) {
      const std::int64_t m = vectors < kBlock ? vectors : kBlock;
      const char* from[kArity];
      const char* q[kArity];
      for (int k = 0; k < kArity; ++k) {
        const bool overwritten = p[k] == o;
        if (overwritten) __builtin_memcpy(copies[k], p[k], static_cast<std::size_t>(m * advance[k]));
        q[k] = from[k] = overwritten ? copies[k] : p[k];
        p[k] += m * advance[k];
      }
      const char* const results = o;
      X not_finite = splat<X>(0);  // becomes NaN
      for (std::int64_t i = 0; i < m; ++i) {
        unsigned none = 0;
        const X result = compute<false>(q, none);
        store_value<N>(o, result);
        not_finite = mul_add(result, splat<X>(0), not_finite);
        o += N * kResult;
        for (int k = 0; k < kArity; ++k) q[k] += advance[k];
      }
      if (any_lane(not_finite != not_finite)) [[unlikely]]
        raised |= raised_in(results, from, advance, m);
      vectors -= m;
    }
    return raised;
  }
  [[gnu::noinline]] static unsigned raised_in(const char* results, const char* const* from, const std::int64_t* advance,
                                              std::int64_t vectors) {
    unsigned raised = 0;
    for (std::int64_t i = 0; i < vectors; ++i) {
      const X result = load_vector<X>(results + i * N * kResult);
      const auto x = [&](int k) { return load_vector<X>(from[k] + i * advance[k]); };
      if constexpr (kArity == 1) {
        raised |= Record::raised(x(0), result);
      } else {
        raised |= Record::raised(x(0), x(1), result);
      }
    }
    return raised;
  }

  // The last elements go through the same vector code, padded with copies of one of them, which raises no new flag.
  [[gnu::noinline]] static unsigned tail(char* o, const char* const* p, const std::int64_t* advance, std::int64_t n) {
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
    unsigned raised = 0;
    store_value<N>(result, compute(q, raised));
    __builtin_memcpy(o, result, static_cast<std::size_t>(n * kResult));
    return raised;
  }
};

// A record whose half-precision loop is not float32's: on float32 inputs that are half-precision numbers.
template <class Record, DType D>
struct HalfRecord : Record {
  template <class... V>
  TNP_INLINE static auto value(V... x) {
    return Record::template half_value<D>(x...);
  }
};
template <class Record, DType D>
inline constexpr bool has_half_value = requires(float x) { Record::template half_value<D>(x); } ||
                                       requires(float x) { Record::template half_value<D>(x, x); };

template <class Record, DType D>
constexpr BlockKernel block_kernel() {
  if constexpr (!contains(Record::types, D)) {
    return nullptr;
  } else if constexpr (D != DType::float16 && D != DType::bfloat16) {
    return &BlockLoop<Record, D>::run;
  } else if constexpr (has_half_value<Record, D>) {
    return &BlockLoop<HalfRecord<Record, D>, DType::float32>::run;
  } else {
    return nullptr;
  }
}

template <class Record, DType D>
constexpr DTypeSet told() {
  if constexpr (contains(Record::types, D) && D != DType::float16 && D != DType::bfloat16) {
    return BlockLoop<Record, D>::kTells ? set_of(D) : 0;
  } else {
    return 0;
  }
}

template <class Record, int... I>
constexpr KernelTable kernel_table(Indices<int, I...>) {
  return {{block_kernel<Record, static_cast<DType>(I)>()...}, (told<Record, static_cast<DType>(I)>() | ...)};
}

}  // namespace tnp::TNP_ISA

#define TNP_ELEMENTWISE_PASS(NAME, RECORD)                                                        \
  namespace tnp::TNP_ISA {                                                                        \
  extern const KernelTable NAME##_kernels;                                                        \
  const KernelTable NAME##_kernels = kernel_table<records::RECORD>(iota_t<kNumericDTypeCount>{}); \
  }

// Vectors in memory that is aligned to its elements only.
#pragma once

#include "base/simd.h"

namespace tnp::TNP_ISA {

// Bytes of the widest vector register that this build uses.
#if defined(__AVX512F__)
inline constexpr int kRegisterBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kRegisterBytes = 32;
#else
inline constexpr int kRegisterBytes = 16;
#endif

template <class V>
TNP_INLINE V load_vector(const void* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <class V>
TNP_INLINE void store_vector(void* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

template <class T, int N>
TNP_INLINE Vec<T, N> load_vec(const T* p) {
  return load_vector<Vec<T, N>>(p);
}

template <class T, int N>
TNP_INLINE void store_vec(T* p, Vec<T, N> v) {
  store_vector(p, v);
}

}  // namespace tnp::TNP_ISA

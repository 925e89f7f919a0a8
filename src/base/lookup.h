// table[index] of tables of sixteen numbers: in registers where the instruction set can permute these, else in memory.
#pragma once

#include "base/simd.h"

namespace tnp::TNP_ISA {

namespace detail {

// Bitcode names no instruction set, but these functions may have one: the compiler takes them into its kernels, or has
// the lanes loaded one by one where the target lacks the instructions (elements.cpp).
#if defined(TNP_PASS_BITCODE) && TNP_FMA
#define TNP_TARGET(set) [[gnu::target(set)]] inline
inline constexpr int kRegisterLookupBytes = 64;
#else
#define TNP_TARGET(set) TNP_INLINE
#if defined(__AVX512F__)
inline constexpr int kRegisterLookupBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kRegisterLookupBytes = 32;
#else
inline constexpr int kRegisterLookupBytes = 0;
void register_lookup();
#endif
#endif

template <class T, int Bytes>
using Register = T __attribute__((vector_size(Bytes)));

#if defined(__AVX512F__) || (defined(TNP_PASS_BITCODE) && TNP_FMA)
TNP_TARGET("avx512f")
void register_lookup(Vec<double, 8>& out, const double* table, const Vec<std::uint64_t, 8>& index) {
  const auto* half = reinterpret_cast<const Register<double, 64>*>(table);
  const auto lanes = __builtin_bit_cast(Register<long long, 64>, index);
  out = __builtin_bit_cast(Vec<double, 8>, __builtin_ia32_vpermi2varpd512(half[0], lanes, half[1]));
}
TNP_TARGET("avx512f")
void register_lookup(Vec<float, 16>& out, const float* table, const Vec<std::uint32_t, 16>& index) {
  const auto all = *reinterpret_cast<const Register<float, 64>*>(table);
  const auto lanes = __builtin_bit_cast(Register<int, 64>, index);
  out = __builtin_bit_cast(Vec<float, 16>, __builtin_ia32_permvarsf512(all, lanes));
}
#endif
#if defined(__AVX2__) || (defined(TNP_PASS_BITCODE) && TNP_FMA)
// No function is called here that has another target.
TNP_TARGET("avx2")
void register_lookup(Vec<float, 8>& out, const float* table, const Vec<std::uint32_t, 8>& index) {
  using V = Vec<float, 8>;
  const auto* half = reinterpret_cast<const Register<float, 32>*>(table);
  const auto lanes = __builtin_bit_cast(Register<int, 32>, index);
  const V low = __builtin_bit_cast(V, __builtin_ia32_permvarsf256(half[0], lanes));
  const V high = __builtin_bit_cast(V, __builtin_ia32_permvarsf256(half[1], lanes));
  out = __builtin_bit_cast(Vec<std::int32_t, 8>, index << 28) < 0 ? high : low;
}
#endif
#undef TNP_TARGET

// Whether vectors of this size are looked up in registers.
template <class V>
inline constexpr bool in_registers =
    sizeof(V) <= kRegisterLookupBytes && (sizeof(V) == 64 || (sizeof(V) == 32 && sizeof(lane_t<V>) == 4));

}  // namespace detail

// Of each lane; only the four low bits of an index count. The table is aligned to 64 bytes.
template <class V>
TNP_INLINE V lookup(const lane_t<V> (&table)[16], uint_t<V> index) {
  V out;
  if constexpr (!is_vec<V>) {
    out = table[index & 15];
  } else if constexpr (detail::in_registers<V>) {
    detail::register_lookup(out, table, index);
  } else if constexpr (sizeof(V) > 64) {
    using Half = Vec<lane_t<V>, lanes_v<V> / 2>;
    out.lo = lookup<Half>(table, index.lo);
    out.hi = lookup<Half>(table, index.hi);
  } else {
    const uint_t<V> place = index & splat<uint_t<V>>(15);
#pragma clang loop unroll(full)
    for (int i = 0; i < lanes_v<V>; ++i) out[i] = table[place[i]];
  }
  return out;
}

}  // namespace tnp::TNP_ISA

// Values that are a scalar or a SIMD vector: the type that scalar maths is written over.
//
// A maths template takes `V`, which is `float`, `double`, an integer, or `Vec<T, N>` of one (a clang extended vector).
// The same lines are compiled for each instruction set (eager kernels) and into bitcode (fused kernels), so nothing
// here may name an instruction set; what differs is only TNP_FMA.
#pragma once

#include <cstdint>
#include <type_traits>

// Whether `fma` is one instruction on the target. Without it `mul_add` is a multiplication and an addition.
#ifndef TNP_FMA
#ifdef __FMA__
#define TNP_FMA 1
#else
#define TNP_FMA 0
#endif
#endif

#ifndef TNP_ISA
#define TNP_ISA portable
#endif

#define TNP_INLINE [[gnu::always_inline]] inline

// Everything over vectors is inlined, so vectors wider than a register are never passed by any calling convention.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpsabi"
#endif

namespace tnp::TNP_ISA {

template <class T, int N>
using Vec = T __attribute__((ext_vector_type(N)));

namespace detail {
template <class V>
struct VecTraits {
  using lane = V;
  static constexpr int lanes = 1;
  template <class U>
  using with_lane = U;
};
template <class T, int N>
struct VecTraits<T __attribute__((ext_vector_type(N)))> {
  using lane = T;
  static constexpr int lanes = N;
  template <class U>
  using with_lane = Vec<U, N>;
};
template <int Bytes>
struct IntOf;
template <>
struct IntOf<1> {
  using type = std::int8_t;
  using utype = std::uint8_t;
};
template <>
struct IntOf<2> {
  using type = std::int16_t;
  using utype = std::uint16_t;
};
template <>
struct IntOf<4> {
  using type = std::int32_t;
  using utype = std::uint32_t;
};
template <>
struct IntOf<8> {
  using type = std::int64_t;
  using utype = std::uint64_t;
};
}  // namespace detail

template <class V>
using lane_t = typename detail::VecTraits<V>::lane;
template <class V>
inline constexpr int lanes_v = detail::VecTraits<V>::lanes;
template <class V>
inline constexpr bool is_vec = lanes_v<V> > 1;
// V with another lane type.
template <class V, class T>
using rebind_t = typename detail::VecTraits<V>::template with_lane<T>;
// Integers of the lane's width.
template <class V>
using int_t = rebind_t<V, typename detail::IntOf<sizeof(lane_t<V>)>::type>;
template <class V>
using uint_t = rebind_t<V, typename detail::IntOf<sizeof(lane_t<V>)>::utype>;
// What a comparison of two V gives: bool for a scalar, lanes of 0 and -1 for a vector. (Not always int_t: for vectors
// of bytes the lanes are plain chars.)
template <class V>
using mask_t = decltype(V{} == V{});

template <class V, class T>
TNP_INLINE V splat(T value) {
  return V(static_cast<lane_t<V>>(value));
}

template <class To, class From>
TNP_INLINE To bit_cast(From value) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, value);
}

// Numeric conversion lane by lane, with C's rules (out-of-range floats to integers are the caller's to exclude).
template <class To, class From>
TNP_INLINE To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (is_vec<From>) {
    return __builtin_convertvector(value, To);
  } else {
    return static_cast<To>(value);
  }
}

// mask ? a : b, lane by lane; both sides are evaluated.
template <class V>
TNP_INLINE V select(mask_t<V> mask, V a, V b) {
  if constexpr (is_vec<V>) {
    return mask ? a : b;
  } else {
    return mask ? a : b;
  }
}

// Conjunction and disjunction of masks: of bool and of lanes alike.
template <class M>
TNP_INLINE M both(M a, M b) {
  if constexpr (std::is_same_v<M, bool>) {
    return a && b;
  } else {
    return a & b;
  }
}
template <class M>
TNP_INLINE M either(M a, M b) {
  if constexpr (std::is_same_v<M, bool>) {
    return a || b;
  } else {
    return a | b;
  }
}

template <class V>
TNP_INLINE bool any_lane(V mask) {
  if constexpr (is_vec<V>) {
    return __builtin_reduce_or(mask) != 0;
  } else {
    return mask;
  }
}

// One lane by its number; for loops over lanes off the common path.
template <class V>
TNP_INLINE lane_t<V> get_lane(V x, int i) {
  if constexpr (is_vec<V>) {
    return x[i];
  } else {
    return x;
  }
}
template <class V>
TNP_INLINE void set_lane(V& x, int i, lane_t<V> value) {
  if constexpr (is_vec<V>) {
    x[i] = value;
  } else {
    x = value;
  }
}

// A real fused multiply-add: exact, and a library call where the hardware has none.
template <class V>
TNP_INLINE V fma(V a, V b, V c) {
  if constexpr (is_vec<V>) {
    return __builtin_elementwise_fma(a, b, c);
  } else if constexpr (sizeof(V) == 4) {
    return __builtin_fmaf(a, b, c);
  } else {
    return __builtin_fma(a, b, c);
  }
}

// a * b + c, fused where that is free.
template <class V>
TNP_INLINE V mul_add(V a, V b, V c) {
#if TNP_FMA
  return fma(a, b, c);
#else
  return a * b + c;
#endif
}

}  // namespace tnp::TNP_ISA

// Numeric conversion of one element or a vector of them: the only home of these rules, for eager kernels and bitcode.
//
//   convert_element<To, From>(x)    x is a storage_t<From> or Vec of it; gives the same of storage_t<To>
//
// To and From name what the bits mean (`boolean`, int8_t … uint64_t, `float16`, `bfloat16`, float, double), since
// halves are stored as uint16_t and booleans as uint8_t. A complex number is two of these: kernels take it apart.
//
// The rules are NumPy's on x86-64, without undefined behaviour:
//   to boolean         nonzero; NaN is true
//   integer -> integer wraps
//   float -> int32, int64          truncates; the least integer for NaN and what does not fit
//   float -> 8 and 16 bits         through int32, wrapping; so 0 for NaN
//   float -> uint32                through int64, wrapping (NumPy's scalar loop; its vector loop differs out of range)
//   float -> uint64                x - 2^63 for the upper half, else through int64: -1.0 wraps, NaN gives 2^63
//   to float16, bfloat16           rounded once, to nearest even, from any type; overflow to infinity; NaN stays NaN
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/simd.h"
#include "tnp/dtype.h"

// Whether the target converts between float16 and float32 itself, as every x86 CPU that fuses multiply-adds.
#if defined(__F16C__) || defined(__NVPTX__) || (defined(TNP_PASS_BITCODE) && TNP_FMA)
#define TNP_HALF_INSTRUCTIONS 1
#else
#define TNP_HALF_INSTRUCTIONS 0
#endif

namespace tnp::TNP_ISA {

struct boolean {
  std::uint8_t bits;
};
struct float16 {
  std::uint16_t bits;
};
struct bfloat16 {
  std::uint16_t bits;
};

namespace detail {
template <class E>
struct StorageOf {
  using type = E;
};
template <>
struct StorageOf<boolean> {
  using type = std::uint8_t;
};
template <>
struct StorageOf<float16> {
  using type = std::uint16_t;
};
template <>
struct StorageOf<bfloat16> {
  using type = std::uint16_t;
};

template <DType D>
struct ElementOf;
#define TNP_ELEMENT(DTYPE, TYPE)   \
  template <>                      \
  struct ElementOf<DType::DTYPE> { \
    using type = TYPE;             \
  }
TNP_ELEMENT(bool_, boolean);
TNP_ELEMENT(int8, std::int8_t);
TNP_ELEMENT(int16, std::int16_t);
TNP_ELEMENT(int32, std::int32_t);
TNP_ELEMENT(int64, std::int64_t);
TNP_ELEMENT(uint8, std::uint8_t);
TNP_ELEMENT(uint16, std::uint16_t);
TNP_ELEMENT(uint32, std::uint32_t);
TNP_ELEMENT(uint64, std::uint64_t);
TNP_ELEMENT(float16, float16);
TNP_ELEMENT(bfloat16, bfloat16);
TNP_ELEMENT(float32, float);
TNP_ELEMENT(float64, double);
#undef TNP_ELEMENT
}  // namespace detail

// The C++ type that an element of such is kept in.
template <class E>
using storage_t = typename detail::StorageOf<E>::type;
// The element type of a real dtype.
template <DType D>
using element_t = typename detail::ElementOf<D>::type;

template <class E>
inline constexpr bool is_half = std::is_same_v<E, float16> || std::is_same_v<E, bfloat16>;

namespace detail {

// V lanes -> the float nearest to x that has an odd mantissa unless it is x. Rounding that to a type with at least two
// bits less gives what rounding x itself would: nothing is rounded twice.
template <class V>
TNP_INLINE rebind_t<V, float> round_to_odd(V x) {
  using F = rebind_t<V, float>;
  using I = rebind_t<V, std::int32_t>;
  const F nearest = convert<F>(x);
  const V back = convert<V>(nearest);
  const V excess = __builtin_elementwise_abs(back) - __builtin_elementwise_abs(x);  // its sign is all that counts
  const I bits = bit_cast<I>(nearest);
  if constexpr (is_vec<V>) {
    // Lanes of 0 and -1. NaN compares false, and so does infinity, whose excess is NaN.
    const I above = __builtin_convertvector(excess > V(0), I), below = __builtin_convertvector(excess < V(0), I);
    const I even = (bits & I(1)) - I(1);
    return bit_cast<F>(bits + ((above - below) & even));
  } else {
    const I step = (excess < 0) - (excess > 0);
    return bit_cast<F>(bits + ((bits & 1) != 0 ? 0 : step));
  }
}

template <class V>
TNP_INLINE rebind_t<V, float> half_to_float_bits(V half) {
  using F = rebind_t<V, float>;
  using U = rebind_t<V, std::uint32_t>;
  const U h = convert<U>(half);
  const U magnitude = h & splat<U>(0x7fffu);
  // The exponent is rebiased by a product, which is exact and gets subnormals right.
  const U finite = bit_cast<U>(bit_cast<F>(magnitude << splat<U>(13)) * splat<F>(0x1p112f));
  const U special = (magnitude << splat<U>(13)) | splat<U>(0x7f800000u);
  const U quiet = select<U>(magnitude > splat<U>(0x7c00u), special | splat<U>(0x00400000u), special);
  const U value = select<U>(magnitude >= splat<U>(0x7c00u), quiet, finite);
  return bit_cast<F>(value | ((h & splat<U>(0x8000u)) << splat<U>(16)));
}

template <class V>
TNP_INLINE rebind_t<V, std::uint16_t> float_to_half_bits(V x) {
  using U = rebind_t<V, std::uint32_t>;
  const U bits = bit_cast<U>(x);
  const U magnitude = bits & splat<U>(0x7fffffffu);
  // Normal halves: rebias and round to even in the integer; a carry runs into the exponent, up to infinity.
  const U odd = (magnitude >> splat<U>(13)) & splat<U>(1);
  const U normal = (magnitude - splat<U>(112u << 23) + splat<U>(0xfff) + odd) >> splat<U>(13);
  // Subnormal ones: adding 1/2 leaves the rounded multiple of 2^-24 in the low bits.
  const U subnormal = bit_cast<U>(bit_cast<V>(magnitude) + splat<V>(0.5f)) - splat<U>(0x3f000000u);
  const U nan = splat<U>(0x7e00u) | ((magnitude >> splat<U>(13)) & splat<U>(0x3ffu));
  U value = select<U>(magnitude < splat<U>(113u << 23), subnormal, normal);
  value = select<U>(magnitude >= splat<U>(143u << 23), splat<U>(0x7c00u), value);
  value = select<U>(magnitude > splat<U>(0x7f800000u), nan, value);
  return convert<rebind_t<V, std::uint16_t>>(value | ((bits >> splat<U>(16)) & splat<U>(0x8000u)));
}

template <class V>
TNP_INLINE rebind_t<V, float> half_to_float(V half) {
#if TNP_HALF_INSTRUCTIONS
  return convert<rebind_t<V, float>>(bit_cast<rebind_t<V, _Float16>>(half));
#else
  return half_to_float_bits(half);
#endif
}

template <class V>
TNP_INLINE rebind_t<V, std::uint16_t> float_to_half(V x) {
#if TNP_HALF_INSTRUCTIONS
  return bit_cast<rebind_t<V, std::uint16_t>>(convert<rebind_t<V, _Float16>>(x));
#else
  return float_to_half_bits(x);
#endif
}

template <class V>
TNP_INLINE rebind_t<V, float> bfloat16_to_float(V half) {
  using U = rebind_t<V, std::uint32_t>;
  return bit_cast<rebind_t<V, float>>(convert<U>(half) << splat<U>(16));
}

template <class V>
TNP_INLINE rebind_t<V, std::uint16_t> float_to_bfloat16(V x) {
  using U = rebind_t<V, std::uint32_t>;
  const U bits = bit_cast<U>(x);
  const U rounded = bits + splat<U>(0x7fff) + ((bits >> splat<U>(16)) & splat<U>(1));
  const U nan = bits | splat<U>(0x00400000u);
  return convert<rebind_t<V, std::uint16_t>>(select<U>(x == x, rounded, nan) >> splat<U>(16));
}

// Floating x to int32 or int64. One comparison: what is out of range, and NaN, becomes the least integer first.
template <class To, class V>
TNP_INLINE rebind_t<V, To> truncate_to(V x) {
  constexpr double limit = sizeof(To) == 4 ? 0x1p31 : 0x1p63;
  const auto inside = __builtin_elementwise_abs(x) < splat<V>(limit);
  return convert<rebind_t<V, To>>(select<V>(inside, x, splat<V>(-limit)));
}

template <class V>
TNP_INLINE rebind_t<V, std::uint64_t> truncate_to_uint64(V x) {
  using U = rebind_t<V, std::uint64_t>;
  const auto upper = x >= splat<V>(0x1p63);
  const auto low = truncate_to<std::int64_t>(select<V>(upper, x - splat<V>(0x1p63), x));
  U flip;
  if constexpr (is_vec<V>) {
    flip = bit_cast<U>(__builtin_convertvector(upper, rebind_t<V, std::int64_t>)) << splat<U>(63);
  } else {
    flip = U(upper) << 63;
  }
  return bit_cast<U>(low) ^ flip;
}

template <class To, class V>
TNP_INLINE rebind_t<V, To> float_to_integer(V x) {
  using R = rebind_t<V, To>;
  if constexpr (std::is_same_v<To, std::uint64_t>) {
    return truncate_to_uint64(x);
  } else if constexpr (std::is_same_v<To, std::int64_t> || std::is_same_v<To, std::uint32_t>) {
    return convert<R>(truncate_to<std::int64_t>(x));
  } else {
    return convert<R>(truncate_to<std::int32_t>(x));
  }
}

// Integers of 32 bits and more: what a half overflows at is an exact float already.
template <class V>
TNP_INLINE rebind_t<V, float> clamp_to_float(V x) {
  using T = lane_t<V>;
  x = __builtin_elementwise_min(x, splat<V>(T{1} << 17));
  if constexpr (std::is_signed_v<T>) x = __builtin_elementwise_max(x, splat<V>(-(T{1} << 17)));
  return convert<rebind_t<V, float>>(convert<rebind_t<V, std::int32_t>>(x));
}

// An integer as a double that rounds to bfloat16 as the integer does. The low bits of a number above 2^40 only say
// whether it is a tie, so one bit stands for all of them.
template <class V>
TNP_INLINE rebind_t<V, double> integer_to_sticky_double(V x) {
  using T = lane_t<V>;
  using D = rebind_t<V, double>;
  if constexpr (sizeof(T) < 8) {
    return convert<D>(x);
  } else {
    const V low = x & splat<V>(0xfff);
    const V sticky = (x - low) | select<V>(low == splat<V>(0), splat<V>(0), splat<V>(0x800));
    V result = select<V>(x > splat<V>(T{1} << 40), sticky, x);
    if constexpr (std::is_signed_v<T>) result = select<V>(x < splat<V>(-(T{1} << 40)), sticky, result);
    return convert<D>(result);
  }
}

template <class To, class V>
TNP_INLINE rebind_t<V, std::uint16_t> to_half(V x) {
  using T = lane_t<V>;
  constexpr bool is_float16 = std::is_same_v<To, float16>;
  rebind_t<V, float> f;
  if constexpr (std::is_same_v<T, double>) {
    f = round_to_odd(x);
  } else if constexpr (std::is_floating_point_v<T> || sizeof(T) < 4) {
    f = convert<rebind_t<V, float>>(x);
  } else if constexpr (is_float16) {
    f = clamp_to_float(x);
  } else {
    f = round_to_odd(integer_to_sticky_double(x));
  }
  if constexpr (is_float16) {
    return float_to_half(f);
  } else {
    return float_to_bfloat16(f);
  }
}

// 1 where x is not zero, in bytes.
template <class V>
TNP_INLINE rebind_t<V, std::uint8_t> nonzero(V x) {
  const auto mask = x != splat<V>(0);
  if constexpr (is_vec<V>) {
    return bit_cast<rebind_t<V, std::uint8_t>>(__builtin_convertvector(mask, rebind_t<V, std::int8_t>)) &
           splat<rebind_t<V, std::uint8_t>>(1);
  } else {
    return mask ? 1 : 0;
  }
}

}  // namespace detail

template <class To, class From, class V>
TNP_INLINE rebind_t<V, storage_t<To>> convert_element(V x) {
  static_assert(std::is_same_v<lane_t<V>, storage_t<From>>);
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (std::is_same_v<From, float16>) {
    return convert_element<To, float>(detail::half_to_float(x));
  } else if constexpr (std::is_same_v<From, bfloat16>) {
    return convert_element<To, float>(detail::bfloat16_to_float(x));
  } else if constexpr (std::is_same_v<To, boolean>) {
    return detail::nonzero(x);
  } else if constexpr (std::is_same_v<From, boolean>) {
    return convert_element<To, std::uint8_t>(detail::nonzero(x));  // a byte from elsewhere may be other than 0 and 1
  } else if constexpr (is_half<To>) {
    return detail::to_half<To>(x);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return detail::float_to_integer<To>(x);
  } else {
    return convert<rebind_t<V, To>>(x);
  }
}

}  // namespace tnp::TNP_ISA

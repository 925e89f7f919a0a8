// How the elements of a loop type lie in memory and in vectors: shared by kernels and bitcode.
#pragma once

#include "base/simd.h"
#include "ops/elementwise/kernel_abi.h"
#include "ops/elementwise/math/complex.h"

namespace tnp::TNP_ISA {

template <DType D>
struct ElementOf;
#define TNP_ELEMENT(D, T)      \
  template <>                  \
  struct ElementOf<DType::D> { \
    using type = T;            \
  }
TNP_ELEMENT(bool_, std::uint8_t);
TNP_ELEMENT(int8, std::int8_t);
TNP_ELEMENT(int16, std::int16_t);
TNP_ELEMENT(int32, std::int32_t);
TNP_ELEMENT(int64, std::int64_t);
TNP_ELEMENT(uint8, std::uint8_t);
TNP_ELEMENT(uint16, std::uint16_t);
TNP_ELEMENT(uint32, std::uint32_t);
TNP_ELEMENT(uint64, std::uint64_t);
TNP_ELEMENT(float32, float);
TNP_ELEMENT(float64, double);
TNP_ELEMENT(complex64, float);
TNP_ELEMENT(complex128, double);
#undef TNP_ELEMENT

// The lane type of D: of complex numbers, their parts'.
template <DType D>
using element_t = typename ElementOf<D>::type;

using math::Complex;

namespace detail {
template <class T, int N>
struct Lanes {
  using type = Vec<T, N>;
};
template <class T>
struct Lanes<T, 1> {
  using type = T;
};
}  // namespace detail
template <class T, int N>
using lanes_of = typename detail::Lanes<T, N>::type;

// What `value` of a record is given for N elements of type D.
template <DType D, int N>
using Value = std::conditional_t<is_complex(D), Complex<lanes_of<element_t<D>, N>>, lanes_of<element_t<D>, N>>;

template <class X>
inline constexpr bool is_complex_value = false;
template <class V>
inline constexpr bool is_complex_value<Complex<V>> = true;

// A record's value on type D. On booleans it is `boolean`, where the record has one, of bytes that are 0 or 1.
template <class Record, DType D, class... X>
TNP_INLINE auto value_of(X... x) {
  if constexpr (D == DType::bool_ && requires { Record::boolean(x...); }) {
    return Record::boolean(x...);
  } else {
    return Record::value(x...);
  }
}

// The result as it is stored: a mask becomes bytes of 0 and 1.
template <class Record, int N, class R>
TNP_INLINE auto stored(R result) {
  if constexpr (Record::result == ResultType::boolean && (std::is_same_v<R, bool> || std::is_same_v<R, int>)) {
    return static_cast<std::uint8_t>(result);
  } else if constexpr (Record::result == ResultType::byte) {
    return convert<lanes_of<std::uint8_t, N>>(result);
  } else if constexpr (Record::result == ResultType::boolean && !std::is_same_v<R, lanes_of<std::uint8_t, N>>) {
    return __builtin_convertvector(result, Vec<std::uint8_t, N>) & std::uint8_t{1};
  } else {
    return result;
  }
}

}  // namespace tnp::TNP_ISA

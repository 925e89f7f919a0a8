// NumPy's order of numbers in minima and maxima: a NaN comes before all others, and the first one stays.
#pragma once

#include <type_traits>

#include "base/simd.h"
#include "ops/reduce/fold.h"

namespace tnp::TNP_ISA {

template <bool Max>
struct Extreme {
  static constexpr bool pairwise = false;

  // What never wins against a number; equal to it only where that does not matter.
  template <class T>
  static constexpr T identity() {
    if constexpr (std::is_floating_point_v<T>) {
      return Max ? -static_cast<T>(__builtin_inf()) : static_cast<T>(__builtin_inf());
    } else if constexpr (std::is_unsigned_v<T>) {
      return Max ? T(0) : static_cast<T>(~T(0));
    } else {
      constexpr T least = static_cast<T>(std::uint64_t{1} << (8 * sizeof(T) - 1));
      return Max ? least : static_cast<T>(~least);
    }
  }

  template <class V>
  TNP_INLINE static V finish(V a) {
    return a;
  }
  template <class V>
  TNP_INLINE static V apply(V a, V b) {
    if constexpr (std::is_floating_point_v<lane_t<V>>) {
      const auto wins = Max ? b > a : b < a;
      return select<V>(wins | (b != b), b, a);
    } else {
      return Max ? __builtin_elementwise_max(a, b) : __builtin_elementwise_min(a, b);
    }
  }
};

template <class T>
TNP_INLINE bool is_nan_number(T x) {
  return x != x;
}
template <class T>
TNP_INLINE bool is_nan_number(Complex<T> x) {
  return x.re != x.re || x.im != x.im;
}

// Whether b, and not a which comes before it, is the extreme of the two.
template <bool Max, class T>
TNP_INLINE bool beats(T b, T a) {
  return Max ? b > a : b < a;
}
template <bool Max, class T>
TNP_INLINE bool beats(Complex<T> b, Complex<T> a) {
  return beats<Max>(b.re, a.re) || (b.re == a.re && beats<Max>(b.im, a.im));
}

template <bool Max>
struct ComplexExtreme {
  template <class C>
  TNP_INLINE static C apply(C a, C b) {
    if (is_nan_number(a)) return a;
    return is_nan_number(b) || beats<Max>(b, a) ? b : a;
  }
};

}  // namespace tnp::TNP_ISA

// Addition and multiplication as operations that `fold.h` folds with.
#pragma once

#include <type_traits>

#include "ops/reduce/fold.h"

namespace tnp::TNP_ISA {

template <bool Pairwise>
struct Add {
  static constexpr bool pairwise = Pairwise;
  template <class T>
  static constexpr T identity() {
    return T(0);
  }
  // NumPy adds to 0, so that a sum of negative zeros is 0; adding it at the end does the same.
  template <class V>
  TNP_INLINE static V finish(V a) {
    return apply(a, V(0));
  }
  template <class V>
  TNP_INLINE static V apply(V a, V b) {
    return static_cast<V>(a + b);
  }
};

struct Multiply {
  static constexpr bool pairwise = false;
  template <class T>
  static constexpr T identity() {
    return T(1);
  }
  template <class V>
  TNP_INLINE static V finish(V a) {
    return a;
  }
  template <class V>
  TNP_INLINE static V apply(V a, V b) {
    if constexpr (std::is_integral_v<V>) {
      return static_cast<V>(std::uint64_t{a} * b);  // uint16 would be multiplied as int, and overflow
    } else {
      return a * b;
    }
  }
};

struct MultiplyComplex {
  template <class C>
  TNP_INLINE static C apply(C a, C b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
};

}  // namespace tnp::TNP_ISA

// Multiplication and addition of vectors of elements, for gemm.kernels.cpp only: one struct per algebra.
//
//   Elem      an element in memory
//   Scalar    an element of A, ready to be multiplied; also the element of packed A
//   Lane      what vectors and packed B consist of: kParts lanes make an element
//   Row<W>    W elements of B;  Acc<W>: W running sums
#pragma once

#include <cstdint>

#include "base/vector_memory.h"

namespace tnp::TNP_ISA {

// With two vectors a row, 24 of the 32 registers of AVX-512 hold sums.
inline constexpr int kTileRows = kRegisterBytes == 64 ? 12 : kRegisterBytes == 32 ? 6 : 4;

template <class T, T... I>
struct LaneList {};
template <int N>
using LanesBelow = __make_integer_seq<LaneList, int, N>;

template <class V, int... I>
TNP_INLINE auto low_half_of(V v, LaneList<int, I...>) {
  return __builtin_shufflevector(v, v, I...);
}
template <class V, int... I>
TNP_INLINE auto high_half_of(V v, LaneList<int, I...>) {
  return __builtin_shufflevector(v, v, (int(sizeof...(I)) + I)...);
}
template <class V, int... I>
TNP_INLINE auto even_lanes_of(V v, LaneList<int, I...>) {
  return __builtin_shufflevector(v, v, (2 * I)...);
}
template <class V, int... I>
TNP_INLINE auto odd_lanes_of(V v, LaneList<int, I...>) {
  return __builtin_shufflevector(v, v, (2 * I + 1)...);
}
template <class V, int... I>
TNP_INLINE auto interleave_lanes(V a, V b, LaneList<int, I...>) {
  return __builtin_shufflevector(a, b, (I / 2 + (I % 2) * int(sizeof...(I) / 2))...);
}

// Of the segments of L lanes that a and b consist of, the lower halves, or the upper ones.
template <int L, int Upper, class V, int... I>
TNP_INLINE auto halves_of(V a, V b, LaneList<int, I...>) {
  return __builtin_shufflevector(a, b, (I / (L / 2) * L + I % (L / 2) + Upper * (L / 2))...);
}

// Real numbers: elements E, computed in lanes T. Integers of 8 bits are multiplied in 16, as no CPU multiplies bytes.
template <class E, class T>
struct Arithmetic {
  using Elem = E;
  using Scalar = T;
  using Lane = T;
  static constexpr int kParts = 1;
  static constexpr int kWidth = kRegisterBytes / int(sizeof(T));
  template <int W>
  using Row = Vec<T, W>;
  template <int W>
  using Acc = Vec<T, W>;

  TNP_INLINE static T scalar(E element) { return static_cast<T>(element); }

  template <int W>
  TNP_INLINE static Vec<T, W> load(const E* from) {
    return __builtin_convertvector((load_vector<Vec<E, W>>(from)), Vec<T, W>);
  }
  template <int W>
  TNP_INLINE static void store(E* to, Vec<T, W> sum) {
    store_vector(to, __builtin_convertvector(sum, Vec<E, W>));
  }
  template <int W>
  TNP_INLINE static Vec<T, W> load_packed(const T* from) {
    return load_vector<Vec<T, W>>(from);
  }
  template <int W>
  TNP_INLINE static void store_packed(T* to, Vec<T, W> row) {
    store_vector(to, row);
  }
  template <class V>
  TNP_INLINE static void multiply_add(V& sum, V a, V b) {
    if constexpr (static_cast<T>(0.5) != T(0)) {
#if TNP_FMA
      sum = __builtin_elementwise_fma(a, b, sum);
#else
      sum = sum + a * b;
#endif
    } else {
      sum = sum + a * b;
    }
  }
  template <class V>
  TNP_INLINE static void scale_add(V& sum, T a, V b) {
    multiply_add(sum, V(a), b);
  }
  template <class V>
  TNP_INLINE static V add(V a, V b) {
    return a + b;
  }
  template <int W>
  TNP_INLINE static Vec<T, W / 2> fold(Vec<T, W> v) {
    return low_half_of(v, LanesBelow<W / 2>()) + high_half_of(v, LanesBelow<W / 2>());
  }
  // The sums over the lanes of four vectors, each added as `fold` does it.
  template <int W>
  TNP_INLINE static Vec<T, 4> fold_four(Vec<T, W> a, Vec<T, W> b, Vec<T, W> c, Vec<T, W> d) {
    const auto all = LanesBelow<W>();
    const Vec<T, W> ab = halves_of<W, 0>(a, b, all) + halves_of<W, 1>(a, b, all);
    const Vec<T, W> cd = halves_of<W, 0>(c, d, all) + halves_of<W, 1>(c, d, all);
    return fold_segments<W>(halves_of<W / 2, 0>(ab, cd, all) + halves_of<W / 2, 1>(ab, cd, all));
  }
  template <int W>
  TNP_INLINE static Vec<T, 4> fold_segments(Vec<T, W> v) {
    if constexpr (W == 4) {
      return v;
    } else {
      const auto half = LanesBelow<W / 2>();
      return fold_segments<W / 2>(halves_of<W / 4, 0>(v, v, half) + halves_of<W / 4, 1>(v, v, half));
    }
  }
  // Zero but for the last `count` lanes; of integers whatever else there is, as nothing times zero is anything but
  // zero.
  template <int W>
  TNP_INLINE static Vec<T, W> last_lanes(Vec<T, W> v, int64_t count) {
    if constexpr (static_cast<T>(0.5) != T(0)) {
      using Int = decltype(v == v);
      return __builtin_bit_cast(Vec<T, W>, __builtin_bit_cast(Int, v) & last_lanes_mask<Int>(count, LanesBelow<W>()));
    }
    return v;
  }
  template <class Int, int... I>
  TNP_INLINE static Int last_lanes_mask(int64_t count, LaneList<int, I...>) {
    const Int lane = {I...};
    return lane >= Int(int(sizeof...(I)) - int(count));
  }
};

// bool: any of (a and b). Any byte but 0 is true on the way in, 1 is on the way out.
struct Logical {
  using Elem = uint8_t;
  using Scalar = uint8_t;  // 0 or 255
  using Lane = uint8_t;
  static constexpr int kParts = 1;
  static constexpr int kWidth = kRegisterBytes;
  template <int W>
  using Row = Vec<uint8_t, W>;
  template <int W>
  using Acc = Vec<uint8_t, W>;

  TNP_INLINE static uint8_t scalar(uint8_t element) { return element != 0 ? 255 : 0; }

  template <int W>
  TNP_INLINE static Vec<uint8_t, W> load(const uint8_t* from) {
    const Vec<uint8_t, W> v = load_vector<Vec<uint8_t, W>>(from);
    return __builtin_convertvector(v != Vec<uint8_t, W>(0), Vec<uint8_t, W>) & Vec<uint8_t, W>(1);
  }
  template <int W>
  TNP_INLINE static void store(uint8_t* to, Vec<uint8_t, W> sum) {
    store_vector(to, sum);
  }
  template <int W>
  TNP_INLINE static Vec<uint8_t, W> load_packed(const uint8_t* from) {
    return load_vector<Vec<uint8_t, W>>(from);
  }
  template <int W>
  TNP_INLINE static void store_packed(uint8_t* to, Vec<uint8_t, W> row) {
    store_vector(to, row);
  }
  template <class V>
  TNP_INLINE static void multiply_add(V& sum, V a, V b) {
    sum = sum | (a & b);
  }
  template <class V>
  TNP_INLINE static void scale_add(V& sum, uint8_t a, V b) {
    sum = sum | (V(a) & b);
  }
  template <class V>
  TNP_INLINE static V add(V a, V b) {
    return a | b;
  }
  template <int W>
  TNP_INLINE static Vec<uint8_t, W / 2> fold(Vec<uint8_t, W> v) {
    return low_half_of(v, LanesBelow<W / 2>()) | high_half_of(v, LanesBelow<W / 2>());
  }
  template <int W>
  TNP_INLINE static Vec<uint8_t, 4> fold_four(Vec<uint8_t, W> a, Vec<uint8_t, W> b, Vec<uint8_t, W> c,
                                              Vec<uint8_t, W> d) {
    return {any(a), any(b), any(c), any(d)};
  }
  template <int W>
  TNP_INLINE static uint8_t any(Vec<uint8_t, W> v) {
    return __builtin_reduce_or(v);
  }
  template <int W>
  TNP_INLINE static Vec<uint8_t, W> last_lanes(Vec<uint8_t, W> v, int64_t) {
    return v;
  }
};

template <class T>
struct ComplexElement {
  T re, im;
};

// Complex numbers: vectors of real parts and vectors of imaginary parts.
template <class T>
struct Complex {
  using Elem = ComplexElement<T>;
  using Scalar = ComplexElement<T>;
  using Lane = T;
  static constexpr int kParts = 2;
  static constexpr int kWidth = kRegisterBytes / int(sizeof(T));
  template <int W>
  struct Acc {
    Vec<T, W> re, im;
    Acc() = default;
    TNP_INLINE explicit Acc(int zero) : re(T(zero)), im(T(zero)) {}
    TNP_INLINE Acc(Vec<T, W> re, Vec<T, W> im) : re(re), im(im) {}
  };
  template <int W>
  using Row = Acc<W>;

  TNP_INLINE static Scalar scalar(Elem element) { return element; }

  template <int W>
  TNP_INLINE static Acc<W> load(const Elem* from) {
    const Vec<T, 2 * W> v = load_vector<Vec<T, 2 * W>>(from);
    return {even_lanes_of(v, LanesBelow<W>()), odd_lanes_of(v, LanesBelow<W>())};
  }
  template <int W>
  TNP_INLINE static void store(Elem* to, Acc<W> sum) {
    store_vector(to, interleave_lanes(sum.re, sum.im, LanesBelow<2 * W>()));
  }
  template <int W>
  TNP_INLINE static Acc<W> load_packed(const T* from) {
    return {load_vector<Vec<T, W>>(from), load_vector<Vec<T, W>>(from + W)};
  }
  template <int W>
  TNP_INLINE static void store_packed(T* to, Acc<W> row) {
    store_vector(to, row.re);
    store_vector(to + W, row.im);
  }
  template <int W>
  TNP_INLINE static void multiply_add(Acc<W>& sum, Acc<W> a, Acc<W> b) {
    using Real = Arithmetic<T, T>;
    Real::multiply_add(sum.re, a.re, b.re);
    Real::multiply_add(sum.im, a.re, b.im);
    Real::multiply_add(sum.re, -a.im, b.im);
    Real::multiply_add(sum.im, a.im, b.re);
  }
  template <int W>
  TNP_INLINE static void scale_add(Acc<W>& sum, Scalar a, Acc<W> b) {
    multiply_add(sum, Acc<W>(Vec<T, W>(a.re), Vec<T, W>(a.im)), b);
  }
  template <int W>
  TNP_INLINE static Acc<W> add(Acc<W> a, Acc<W> b) {
    return {a.re + b.re, a.im + b.im};
  }
  template <int W>
  TNP_INLINE static Acc<W / 2> fold(Acc<W> v) {
    return {Arithmetic<T, T>::template fold<W>(v.re), Arithmetic<T, T>::template fold<W>(v.im)};
  }
  template <int W>
  TNP_INLINE static Acc<W> last_lanes(Acc<W> v, int64_t count) {
    return {Arithmetic<T, T>::template last_lanes<W>(v.re, count),
            Arithmetic<T, T>::template last_lanes<W>(v.im, count)};
  }
};

// The first factor is conjugated: the bits are those of Complex with a conjugated operand.
template <class T>
struct ConjugatedComplex : Complex<T> {
  template <int W>
  using Acc = typename Complex<T>::template Acc<W>;
  template <int W>
  TNP_INLINE static void multiply_add(Acc<W>& sum, Acc<W> a, Acc<W> b) {
    using Real = Arithmetic<T, T>;
    Real::multiply_add(sum.re, a.re, b.re);
    Real::multiply_add(sum.im, a.re, b.im);
    Real::multiply_add(sum.re, a.im, b.im);
    Real::multiply_add(sum.im, -a.im, b.re);
  }
};

}  // namespace tnp::TNP_ISA

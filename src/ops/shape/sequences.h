// Arrays whose elements follow from their places, computed in one pass.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "runtime/threads.h"
#include "tnp/array.h"

namespace tnp {

// `to[i] = value(i)` for i < n, with i of type T.
template <class T, class F>
void for_numbers(T* to, std::int64_t n, F value) {
  parallel_for(n, 1 << 15, [&](std::int64_t begin, std::int64_t end) {
    // Of the two parts of a number the smaller one becomes a vector of doubles without ado.
    constexpr std::int64_t kBlock = 1024;
    for (std::int64_t at = begin; at < end; at += kBlock) {
      const double base = static_cast<double>(at);
      const auto count = static_cast<std::int32_t>(std::min(kBlock, end - at));
      for (std::int32_t i = 0; i < count; ++i) to[at + i] = value(static_cast<T>(base + static_cast<double>(i)));
    }
  });
}

// `first` and multiples of the difference to the second one: integers wrap, others are rounded twice.
template <class T>
Array continued(T first, T second, std::int64_t n, DType type) {
  Array x = Array::empty(type, {n});
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    const U base = static_cast<U>(first), delta = static_cast<U>(static_cast<U>(second) - base);
    U* to = reinterpret_cast<U*>(x.data());
    parallel_for(n, 1 << 15, [&](std::int64_t begin, std::int64_t end) {
      U value = static_cast<U>(static_cast<U>(begin) * delta + base);
      for (std::int64_t i = begin; i < end; ++i, value = static_cast<U>(value + delta)) to[i] = value;
    });
  } else {
    const T delta = second - first;
    for_numbers(reinterpret_cast<T*>(x.data()), n, [=](T i) { return i * delta + first; });
  }
  return x;
}

// The same of the first two elements, of one of the types that arithmetic is done in; absent for others.
Array continued(const Array& first, const Array& second, std::int64_t n);

// The places of a triangle of n × m: in each row those before the diagonal k (and on it), or those behind it.
// Rows, and columns.
Arrays triangle_indices(std::int64_t n, std::int64_t k, std::int64_t m, bool lower);

}  // namespace tnp

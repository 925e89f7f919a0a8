// Elements that are moved and not computed with: by their size alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tnp {

struct Bytes16 {
  std::uint64_t low, high;
};

// f of a value of the type that has an element's bytes: 1, 2, 4, 8 or, for all else, 16.
template <class F>
decltype(auto) with_element_bits(std::int64_t itemsize, F&& f) {
  switch (itemsize) {
    case 1:
      return f(std::uint8_t{});
    case 2:
      return f(std::uint16_t{});
    case 4:
      return f(std::uint32_t{});
    case 8:
      return f(std::uint64_t{});
    default:
      return f(Bytes16{});
  }
}

inline bool has_element_bits(std::int64_t bytes) { return bytes <= 16 && (bytes & (bytes - 1)) == 0 && bytes > 0; }

// to[0 … n) = elements `stride` bytes apart.
inline void gather_strided(std::byte* to, const std::byte* from, std::int64_t stride, std::int64_t n, int itemsize) {
  with_element_bits(itemsize, [&]<class T>(T) {
    for (std::int64_t i = 0; i < n; ++i)
      std::memcpy(to + i * static_cast<std::int64_t>(sizeof(T)), from + i * stride, sizeof(T));
  });
}

// The same, of elements that may lie one after the other.
inline void copy_strided(std::byte* to, const std::byte* from, std::int64_t stride, std::int64_t n, int itemsize) {
  if (stride != itemsize) return gather_strided(to, from, stride, n, itemsize);
  std::memcpy(to, from, static_cast<std::size_t>(n * itemsize));
}

}  // namespace tnp

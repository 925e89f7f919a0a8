// A mask in parts that threads count first and work on then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "runtime/threads.h"

namespace tnp {

class MaskParts {
 public:
  static constexpr std::int64_t kElements = 1 << 14;  // of a part

  struct Part {
    std::int64_t begin, end;    // elements of the mask
    std::int64_t first, count;  // true elements before the part, and in it
  };

  // 1 in each of eight bytes that is not 0.
  static std::uint64_t true_bytes(const std::uint8_t* mask) {
    constexpr std::uint64_t ones = 0x0101010101010101u, low = 0x7f * ones;
    std::uint64_t bytes;
    std::memcpy(&bytes, mask, sizeof bytes);
    return (((bytes & low) + low) | bytes) >> 7 & ones;
  }

  static std::int64_t count_true(const std::uint8_t* mask, std::int64_t n) {
    std::int64_t count = 0, i = 0;
    while (i + 8 <= n) {
      // Sums of bytes, that do not overflow, then of pairs, and of all.
      std::uint64_t sums = 0;
      for (const std::int64_t end = std::min(n - 7, i + 8 * 255); i < end; i += 8) sums += true_bytes(mask + i);
      constexpr std::uint64_t pairs = 0x00ff00ff00ff00ffu;
      count += static_cast<std::int64_t>(((sums & pairs) + (sums >> 8 & pairs)) * 0x0001000100010001u >> 48);
    }
    for (; i < n; ++i) count += mask[i] != 0;
    return count;
  }

  MaskParts(const std::uint8_t* mask, std::int64_t n)
      : size_(n), firsts_(static_cast<std::size_t>((n + kElements - 1) / kElements) + 1, 0) {
    parallel_for(parts(), 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k)
        firsts_[static_cast<std::size_t>(k) + 1] = count_true(mask + k * kElements, end_of(k) - k * kElements);
    });
    for (std::size_t k = 1; k < firsts_.size(); ++k) firsts_[k] += firsts_[k - 1];
  }

  std::int64_t total() const { return firsts_.back(); }

  // f(Part) for each part with true elements, from several threads.
  template <class F>
  void for_each(F f) const {
    parallel_for(parts(), 2, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        const std::int64_t first = firsts_[static_cast<std::size_t>(k)];
        const std::int64_t count = firsts_[static_cast<std::size_t>(k) + 1] - first;
        if (count != 0) f(Part{k * kElements, end_of(k), first, count});
      }
    });
  }

 private:
  std::int64_t parts() const { return static_cast<std::int64_t>(firsts_.size()) - 1; }
  std::int64_t end_of(std::int64_t part) const { return std::min(size_, (part + 1) * kElements); }

  std::int64_t size_;
  std::vector<std::int64_t> firsts_;  // of each part, and the total
};

}  // namespace tnp

// The random numbers of one element of a sampler by rejection, which does not know beforehand how many it needs.
//
// A Philox counter has 128 bits: the lower half counts elements, the upper half (which begins at half of the key) the
// blocks of an element. So an element's numbers depend on its place in the stream alone, not on its neighbours' luck.
#pragma once

#include <cmath>

#include "ops/random/philox.h"
#include "ops/random/random_kernels.h"

namespace tnp {

class SubStream {
 public:
  static constexpr int kAhead = 2;  // blocks that vector kernels compute for many elements at once

  // `ahead`: the element's words of block 0; those of block 1 lie `stride` words further.
  SubStream(const RandomStream& stream, std::int64_t element, const std::uint64_t* ahead, std::int64_t stride)
      : ahead_(ahead),
        stride_(stride),
        key0_(stream.key0),
        key1_(stream.key1),
        counter_(stream.counter + static_cast<std::uint64_t>(element)) {}

  // Without words computed ahead: a stream that gives many numbers.
  SubStream(const RandomStream& stream, std::int64_t element) : SubStream(stream, element, nullptr, 0) {}

  // The first element of a chunk alone: the words that would lie ahead are computed one by one, as they are needed.
  static SubStream first_of_chunk(const RandomStream& stream, std::int64_t element) {
    SubStream s(stream, element);
    s.is_first_ = true;
    return s;
  }

  std::uint64_t bits() {
    const std::uint64_t block = used_ >> 1, half = used_++ & 1;
    if (block < kAhead && ahead_ != nullptr)
      return ahead_[static_cast<std::int64_t>(block) * stride_ + static_cast<std::int64_t>(half)];
    if (block < kAhead && is_first_) {  // the first words of two neighbours, as the vector kernels lay them out
      const auto b = portable::philox<std::uint64_t>(counter_ + half, key0_, key1_ + block);
      return (b.word[0] << 32) | b.word[1];
    }
    if (half == 1) return spare_;
    const auto b = portable::philox<std::uint64_t>(counter_, key0_, key1_ + block);
    spare_ = (b.word[2] << 32) | b.word[3];
    return (b.word[0] << 32) | b.word[1];
  }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }         // [0, 1)
  double positive() { return static_cast<double>((bits() >> 11) + 1) * 0x1p-53; }  // (0, 1]
  double exponential() { return -std::log(positive()); }
  double normal() {
    if (has_normal_) {
      has_normal_ = false;
      return normal_;
    }
    const double radius = std::sqrt(-2 * std::log(positive())), angle = 6.283185307179586476925286766559 * uniform();
    normal_ = radius * std::sin(angle);
    has_normal_ = true;
    return radius * std::cos(angle);
  }
  // 0 … last, each as likely: Lemire's multiplication, which draws again where it would be biased.
  std::uint64_t up_to(std::uint64_t last) {
    const std::uint64_t count = last + 1;
    if (count == 0) return bits();
    unsigned __int128 product = static_cast<unsigned __int128>(bits()) * count;
    if (static_cast<std::uint64_t>(product) < count) {
      const std::uint64_t refused = (0 - count) % count;
      while (static_cast<std::uint64_t>(product) < refused) product = static_cast<unsigned __int128>(bits()) * count;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

 private:
  const std::uint64_t* ahead_;
  std::int64_t stride_;
  std::uint64_t key0_, key1_, counter_, spare_ = 0, used_ = 0;
  double normal_ = 0;
  bool has_normal_ = false, is_first_ = false;
};

}  // namespace tnp

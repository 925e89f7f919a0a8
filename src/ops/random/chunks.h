// Runs of elements that share a distribution's parameters, of which most are drawn by vector kernels.
//
// An element has the numbers of its own place in several streams, which differ in the upper half of the Philox counter:
// those of the vector kernels first, then the blocks of its SubStream.
#pragma once

#include "ops/random/samplers.h"

namespace tnp::samplers {

constexpr std::int64_t kChunk = 256;  // elements drawn together

// The stream that begins `blocks` blocks higher in each element.
inline RandomStream above(const RandomStream& s, std::uint64_t blocks) { return {s.key0, s.key1 + blocks, s.counter}; }
constexpr std::uint64_t kColumnBlocks = 1 << 16;  // apart, for variables drawn together

// Elements first … first + count - 1, of which there are at most kChunk; `first` is a multiple of it.
void exponential_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double* out);
void gamma_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double shape, double* out);
void beta_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double a, double b, double* out);
void vonmises_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double kappa, double* out);
void geometric_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double p, std::int64_t* out);
void poisson_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double lam, std::int64_t* out);
void binomial_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, std::int64_t n, double p,
                    std::int64_t* out);
// From `low` to `last`, both included.
void integers_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, std::uint64_t low,
                    std::uint64_t last, std::uint64_t* out);

// The first words of elements first … first + n - 1: those of block b lie at words + 2 · kChunk · b.
void words_ahead(const RandomStream& stream, std::int64_t first, std::int64_t n, std::uint64_t* words);

// Calls body(stream of the element, its place in the chunk).
template <class F>
void each_of_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, F body) {
  if (count == 1) {
    SubStream s = SubStream::first_of_chunk(stream, first);
    return body(s, 0);
  }
  std::uint64_t words[2 * kChunk * SubStream::kAhead];
  words_ahead(stream, first, count, words);
  for (std::int64_t i = 0; i < count; ++i) {
    SubStream s(stream, first + i, words + 2 * i, 2 * kChunk);
    body(s, i);
  }
}

}  // namespace tnp::samplers

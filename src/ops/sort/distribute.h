// Sorting of one long row: its keys are dealt to buckets by a sample's order, which threads then sort each on their
// own.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "ops/reduce/scratch.h"
#include "ops/sort/sort_kernels.h"
#include "runtime/threads.h"

namespace tnp {

// From this length on a row is dealt to buckets.
inline constexpr int64_t kLongRow = 1 << 16;

template <class K>
class Distribution {
 public:
  // `source(first, count, keys)` gives the keys first … first + count - 1; it may be called several times for each.
  // Splitters have the bits of `splitter_mask` alone: keys that differ in no other bits come into one bucket.
  template <class Source>
  Distribution(const KeyKernels<K>& kernels, int64_t n, K splitter_mask, const Source& source)
      : kernels_(kernels), keys_(n * static_cast<int64_t>(sizeof(K))) {
    choose_splitters(n, splitter_mask, source);
    deal(n, source);
  }

  // Sorts each bucket and hands it to `sink(first, count, keys)`. `room` holds n keys.
  template <class Sink>
  void sort(K* room, Ranks ranks, const Sink& sink) {
    K* keys = reinterpret_cast<K*>(keys_.data());
    parallel_for(kBuckets, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        const int64_t first = starts_[b], count = starts_[b + 1] - first;
        if (count == 0) continue;
        kernels_.sort(keys + first, count, room + first, first, ranks);
        sink(first, count, keys + first);
      }
    });
  }

 private:
  static constexpr int64_t kPart = 1 << 16, kBlock = 1024;
  static constexpr int kPerSplitter = 16, kSample = kBuckets * kPerSplitter;

  template <class Source>
  void choose_splitters(int64_t n, K mask, const Source& source) {
    K sample[kSample], room[kSample];
    uint64_t random = 0x9E3779B97F4A7C15u;
    for (int i = 0; i < kSample; i++) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const auto at = static_cast<int64_t>((random >> 33) % static_cast<uint64_t>(n));
      source(at, 1, sample + i);
    }
    kernels_.sort(sample, kSample, room, 0, {});
    for (int i = 0; i < kSplitters; i++) splitters_[i] = sample[(i + 1) * kPerSplitter] & mask;
  }

  template <class Source>
  void deal(int64_t n, const Source& source) {
    const int64_t parts = (n + kPart - 1) / kPart;
    const Scratch bucket_of(n);
    auto* bucket = reinterpret_cast<uint8_t*>(bucket_of.data());
    std::vector<int64_t> places(static_cast<size_t>(parts) * kBuckets, 0);
    const auto for_each_block = [&](int64_t begin, int64_t end, const auto& visit) {
      K keys[kBlock];
      for (int64_t part = begin; part < end; part++) {
        const int64_t stop = std::min(n, (part + 1) * kPart);
        for (int64_t i = part * kPart; i < stop; i += kBlock) {
          const int64_t count = std::min(kBlock, stop - i);
          source(i, count, keys);
          visit(places.data() + part * kBuckets, i, count, keys);
        }
      }
    };
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for_each_block(begin, end, [&](int64_t* counts, int64_t first, int64_t count, const K* keys) {
        kernels_.classify(keys, count, splitters_, bucket + first);
        for (int64_t i = first; i < first + count; i++) counts[bucket[i]]++;
      });
    });
    int64_t next = 0;
    for (int b = 0; b < kBuckets; b++) {
      starts_[b] = next;
      for (int64_t part = 0; part < parts; part++) {
        next += std::exchange(places[static_cast<size_t>(part * kBuckets + b)], next);
      }
    }
    starts_[kBuckets] = n;
    K* to = reinterpret_cast<K*>(keys_.data());
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for_each_block(begin, end, [&](int64_t* place, int64_t first, int64_t count, const K* keys) {
        for (int64_t i = 0; i < count; i++) to[place[bucket[first + i]]++] = keys[i];
      });
    });
  }

  const KeyKernels<K>& kernels_;
  Scratch keys_;
  K splitters_[kSplitters];
  int64_t starts_[kBuckets + 1];
};

}  // namespace tnp

#include "ops/shape/copy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "strided_array.h"
#include "tnp/runtime.h"

namespace tnp {
namespace {

constexpr DType kTypeOfBytes[] = {DType::uint8, DType::int16, DType::float32, DType::float64, DType::complex128};

void fill_random(std::mt19937& rng, StridedArray& a) {
  for (char& c : a.memory) c = static_cast<char>(rng());
}

// The copy is right, and nothing between the elements of dst changed.
void expect_copied(StridedArray& src, StridedArray& dst, StridedArray before) {
  const auto bytes = static_cast<size_t>(itemsize(src.dtype));
  const int64_t n = src.size();
  for (int64_t i = 0; i < n; i++) std::memcpy(before.at(i), src.at(i), bytes);
  ASSERT_EQ(dst.memory, before.memory);
}

TEST(Copy, AnyStridesOfEachElementSizeOnEachInstructionSet) {
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    std::mt19937 rng(7);
    for (int trial = 0; trial < 600; trial++) {
      const std::vector<int64_t> shape = random_shape(rng);
      const DType dtype = kTypeOfBytes[rng() % 5];
      StridedArray src = random_strided(rng, dtype, shape, true), dst = random_strided(rng, dtype, shape, false);
      if (rng() % 3 == 0) src = contiguous_array(dtype, shape);
      if (rng() % 3 == 0) dst = contiguous_array(dtype, shape);
      fill_random(rng, src);
      fill_random(rng, dst);
      const StridedArray before = dst;
      copy_strided(src.view(), dst.view());
      ASSERT_NO_FATAL_FAILURE(expect_copied(src, dst, before)) << isa_name(isa) << " trial " << trial;
    }
  }
}

// Sizes that are divided among threads and written past the cache, with and without whole cache lines.
TEST(Copy, LargeTranspositions) {
  const ThreadsScope threads(3);
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    for (const int64_t bytes : {1, 2, 4, 8, 16}) {
      const DType dtype = kTypeOfBytes[__builtin_ctz(static_cast<unsigned>(bytes))];
      for (const int64_t odd : {0, 1, 13}) {
        const int64_t rows = 1024 + odd, cols = (18 << 20) / bytes / 1024 - odd;
        std::mt19937 rng(1);
        StridedArray src = contiguous_array(dtype, {cols, rows}), dst = contiguous_array(dtype, {rows, cols});
        for (size_t i = 0; i + 4 <= src.memory.size(); i += 4) {
          const uint32_t r = rng();
          std::memcpy(src.memory.data() + i, &r, 4);
        }
        std::swap(src.shape[0], src.shape[1]);
        std::swap(src.strides[0], src.strides[1]);
        copy_strided(src.view(), dst.view());
        for (int64_t i = 0; i < rows * cols; i += 1 + i % 97) {
          ASSERT_EQ(std::memcmp(src.at(i), dst.at(i), static_cast<size_t>(bytes)), 0) << bytes << " bytes, at " << i;
        }
      }
    }
  }
}

TEST(Copy, EmptyAndScalar) {
  StridedArray empty = contiguous_array(DType::float64, {3, 0, 2}), other = empty;
  copy_strided(empty.view(), other.view());
  StridedArray a = contiguous_array(DType::float64, {}), b = a;
  a.set(0, 2.5);
  copy_strided(a.view(), b.view());
  EXPECT_EQ(b.get<double>(0), 2.5);
}

TEST(Copy, BytesOnSeveralThreads) {
  const ThreadsScope threads(3);
  std::vector<char> src((3 << 20) + 5), dst(src.size() + 1, 'x');
  for (size_t i = 0; i < src.size(); i++) src[i] = static_cast<char>(i * 31 + i / 256);
  copy_bytes(src.data(), dst.data(), static_cast<int64_t>(src.size()));
  EXPECT_TRUE(std::equal(src.begin(), src.end(), dst.begin()));
  EXPECT_EQ(dst.back(), 'x');
}

}  // namespace
}  // namespace tnp

#include <gtest/gtest.h>

#include <vector>

#include "runtime/cpu_features.h"
#include "runtime/streaming.h"

namespace tnp {
namespace {

TEST(StreamingTest, CopiesAnyNumberOfBytesAndNoMore) {
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa > cpu_isa()) continue;
    const ScopedIsa scope(isa);
    for (const std::size_t bytes : {0, 1, 15, 16, 63, 64, 65, 255, 256, 257, 511, 512, 4095, 4096}) {
      std::vector<std::byte> from(bytes + 1);
      for (std::size_t i = 0; i < bytes; ++i) from[i] = static_cast<std::byte>(i * 7 + 1);
      alignas(64) std::byte to[4096 + 64] = {};
      stream_copy()(to, from.data(), bytes);
      stream_end();
      EXPECT_TRUE(std::equal(from.begin(), from.end() - 1, to)) << isa_name(isa) << " " << bytes;
      for (std::size_t i = bytes; i < sizeof to; ++i) ASSERT_EQ(to[i], std::byte{0}) << isa_name(isa) << " " << bytes;
    }
  }
}

TEST(StreamingTest, SmallResultsStayInTheCaches) {
  EXPECT_FALSE(streams(0));
  EXPECT_FALSE(streams(1 << 16));
}

}  // namespace
}  // namespace tnp

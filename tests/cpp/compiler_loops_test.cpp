// Which operands loops fetch before they are needed.
#include <gtest/gtest.h>

#include <vector>

#include "compiler/nest/loops.h"

namespace tnp::compiler {
namespace {

constexpr std::int64_t kRow = 8192;  // bytes

// So many bytes from one address, where nothing is read.
const std::byte* place(std::int64_t bytes) {
  return reinterpret_cast<const std::byte*>((std::uintptr_t{1} << 40) + static_cast<std::uintptr_t>(bytes));
}

// Operands at `places` from one address, of 8 bytes an element or of `sizes`, their rows kRow bytes of 8 apart.
std::vector<int> ahead(const Shape& shape, const std::vector<std::int64_t>& places, std::vector<int> sizes = {}) {
  sizes.resize(places.size(), 8);
  std::vector<Strides> strides;
  std::vector<const std::byte*> data;
  for (std::size_t k = 0; k < places.size(); ++k) {
    strides.push_back({kRow / 8 * sizes[k], sizes[k]});
    data.push_back(place(places[k]));
  }
  Loops loops(shape, strides, sizes);
  loops.look_ahead(data, sizes);
  return loops.ahead;
}

constexpr std::int64_t kFar = 1 << 30;

TEST(LoopsAhead, EveryLargeArrayButNoNarrowOne) {
  EXPECT_EQ(ahead({1022, 1022}, {0, kFar, 2 * kFar, 3 * kFar}, {8, 8, 1, 8}), (std::vector<int>{0, 1, 3}));
}

TEST(LoopsAhead, OfAStencilTheViewThatComesFirstToWhatIsNew) {
  const std::vector<std::int64_t> views = {kRow + 8, kRow, kRow + 16, 8, 2 * kRow + 8, kFar};
  EXPECT_EQ(ahead({1022, 1022}, views), (std::vector<int>{4, 5}));
}

TEST(LoopsAhead, OneOfTwoThatAreTheSame) { EXPECT_EQ(ahead({1022, 1022}, {0, kFar, 0}), (std::vector<int>{0, 1})); }

TEST(LoopsAhead, ArraysThatHappenToBeNeighboursAreTwo) {
  const std::int64_t size = 2 * 64 * kRow;
  const std::vector<Strides> strides = {{64 * kRow, kRow, 8}, {64 * kRow, kRow, 8}};
  const std::vector<int> sizes = {8, 8};
  Loops loops({2, 64, 1000}, strides, sizes);
  const std::vector<const std::byte*> data = {place(0), place(size)};
  loops.look_ahead(data, sizes);
  EXPECT_EQ(loops.ahead, (std::vector<int>{0, 1}));
}

TEST(LoopsAhead, NothingSmall) { EXPECT_EQ(ahead({30, 1000}, {0, kFar}), std::vector<int>{}); }

TEST(LoopsAhead, NothingWhereRowsLieFarApart) { EXPECT_EQ(ahead({4096, 100}, {0, kFar}), std::vector<int>{}); }

TEST(LoopsAhead, NothingThatIsTheSameInEachRow) {
  const std::vector<Strides> strides = {{0, 8}, {kRow, 8}, {kRow, 0}};
  const std::vector<int> sizes = {8, 8, 8};
  Loops loops({1022, 1022}, strides, sizes);
  const std::vector<const std::byte*> data = {place(0), place(kFar), place(2 * kFar)};
  loops.look_ahead(data, sizes);
  EXPECT_EQ(loops.ahead, std::vector<int>{1});
}

}  // namespace
}  // namespace tnp::compiler

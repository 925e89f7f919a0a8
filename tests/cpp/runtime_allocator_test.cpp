#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/allocator.h"
#include "runtime/system_limits.h"
#include "tnp/error.h"

namespace tnp {
namespace {

constexpr bool kAsan = TNP_RUNTIME_ASAN;

// Limits and caches as a fresh process has them.
class AllocatorTest : public ::testing::Test {
 protected:
  void SetUp() override { reset(); }
  void TearDown() override { reset(); }
  static void reset() {
    set_memory_limit(0);
    set_cache_limit(size_t{1} << 30);
    clear_cache();
  }
};

TEST_F(AllocatorTest, AbsurdRequestsFailAndTheNextOneWorks) {
  for (const size_t bytes : {size_t{10} << 40, size_t{1} << 47, (size_t{1} << 47) + 1, SIZE_MAX / 2, SIZE_MAX - 63,
                             SIZE_MAX - 1, SIZE_MAX}) {
    try {
      Buffer::allocate(bytes)->release();
      FAIL() << bytes << " bytes were allocated";
    } catch (const MemoryError& error) {
      EXPECT_NE(std::string(error.what()).find(std::to_string(bytes)), std::string::npos) << error.what();
    }
    EXPECT_THROW(Buffer::allocate_zeroed(bytes), MemoryError);
    EXPECT_THROW(node_alloc(bytes), MemoryError);
    Buffer* buffer = Buffer::allocate(100);
    std::memset(buffer->data, 1, 100);
    buffer->release();
  }
}

TEST_F(AllocatorTest, EverySizeIsAlignedAndWritable) {
  for (size_t bytes = 0; bytes < (size_t{9} << 20); bytes = bytes < 3000 ? bytes + 1 : bytes + bytes / 7) {
    Buffer* buffer = Buffer::allocate(bytes);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(buffer->data) % kBufferAlignment, 0u) << bytes;
    ASSERT_GE(buffer->capacity, bytes);
    ASSERT_LE(buffer->capacity, std::max<size_t>(bytes + 63, bytes + bytes / 4 + 64))
        << "more than a size class is wasted";
    ASSERT_TRUE(buffer->unique());
    std::memset(buffer->data, 0xab, buffer->capacity);
    buffer->release();
  }
}

TEST_F(AllocatorTest, LiveBlocksDoNotOverlap) {
  std::vector<Buffer*> buffers;
  for (size_t i = 0; i < 3000; ++i) {
    const size_t bytes = (i * 37) % 5000;
    Buffer* buffer = Buffer::allocate(bytes);
    std::memset(buffer->data, static_cast<int>(i % 251), bytes);
    buffers.push_back(buffer);
  }
  for (size_t i = 0; i < buffers.size(); ++i) {
    const auto* data = static_cast<const unsigned char*>(buffers[i]->data);
    for (size_t j = 0; j < (i * 37) % 5000; ++j) ASSERT_EQ(data[j], i % 251) << i;
  }
  for (Buffer* buffer : buffers) buffer->release();
}

TEST_F(AllocatorTest, ReferencesAreCounted) {
  Buffer* buffer = Buffer::allocate(10);
  buffer->retain();
  EXPECT_FALSE(buffer->unique());
  buffer->release();
  EXPECT_TRUE(buffer->unique());
  buffer->release();
}

TEST_F(AllocatorTest, ForeignMemoryIsReleasedOnceByTheLastReference) {
  int released = 0;
  double memory[4] = {};
  Buffer* buffer = Buffer::wrap(memory, sizeof memory, [](void* context) { ++*static_cast<int*>(context); }, &released);
  EXPECT_EQ(buffer->data, memory);
  EXPECT_EQ(buffer->capacity, sizeof memory);
  buffer->retain();
  buffer->release();
  EXPECT_EQ(released, 0);
  buffer->release();
  EXPECT_EQ(released, 1);
  Buffer::wrap(memory, sizeof memory, nullptr, nullptr)->release();
}

TEST_F(AllocatorTest, LargeBlocksAreReusedAndGivenBack) {
  if (kAsan) GTEST_SKIP() << "under AddressSanitizer nothing is kept";
  for (const size_t bytes : {size_t{2000}, size_t{100} << 10, size_t{5} << 20}) {
    Buffer* first = Buffer::allocate(bytes);
    void* data = first->data;
    first->release();
    Buffer* second = Buffer::allocate(bytes - 1);
    EXPECT_EQ(second->data, data) << bytes;
    EXPECT_TRUE(second->unique());
    second->release();
    EXPECT_GE(memory_stats().cached, bytes);
    clear_cache();
    EXPECT_EQ(memory_stats().cached, 0u) << bytes;
  }
}

TEST_F(AllocatorTest, ClearingKeepsWhatIsInUse) {
  std::vector<Buffer*> kept;
  for (int i = 0; i < 5000; ++i) {
    Buffer* keep = Buffer::allocate(64);
    std::memset(keep->data, i % 100, 64);
    if (i % 7 == 0) {
      kept.push_back(keep);
    } else {
      keep->release();
    }
    if (i % 1000 == 0) clear_cache();
  }
  clear_cache();
  for (size_t i = 0; i < kept.size(); ++i) {
    ASSERT_EQ(static_cast<char*>(kept[i]->data)[63], static_cast<char>(i * 7 % 100));
    kept[i]->release();
  }
  clear_cache();
  if (!kAsan) EXPECT_EQ(memory_stats().cached, 0u) << "slabs without a used block go back to the system";
}

TEST_F(AllocatorTest, ZeroedMemoryIsZeroAlsoWhenReused) {
  for (const size_t bytes : {size_t{0}, size_t{8}, size_t{900}, size_t{5000}, size_t{1} << 20, size_t{6} << 20}) {
    for (int round = 0; round < 2; ++round) {
      Buffer* buffer = Buffer::allocate_zeroed(bytes);
      const auto* data = static_cast<const char*>(buffer->data);
      for (size_t i = 0; i < bytes; ++i) ASSERT_EQ(data[i], 0) << bytes << " round " << round;
      std::memset(buffer->data, 0xff, bytes);
      buffer->release();
    }
  }
}

TEST_F(AllocatorTest, StatsFollowUse) {
  const size_t before = memory_stats().in_use;
  reset_peak_memory();
  Buffer* large = Buffer::allocate(size_t{8} << 20);
  Buffer* small = Buffer::allocate(64);
  EXPECT_GE(memory_stats().in_use, before + (size_t{8} << 20) + 64);
  EXPECT_LE(memory_stats().in_use, before + (size_t{8} << 20) + 1024);
  large->release();
  small->release();
  clear_cache();  // a cached block of this size keeps its header
  EXPECT_EQ(memory_stats().in_use, before);
  EXPECT_GE(memory_stats().peak_in_use, before + (size_t{8} << 20));
  reset_peak_memory();
  EXPECT_LT(memory_stats().peak_in_use, before + (size_t{8} << 20));
}

TEST_F(AllocatorTest, CacheLimitHolds) {
  if (kAsan) GTEST_SKIP() << "under AddressSanitizer nothing is kept";
  set_cache_limit(size_t{20} << 20);
  EXPECT_EQ(memory_stats().cache_limit, size_t{20} << 20);
  std::vector<Buffer*> buffers;
  for (int i = 0; i < 10; ++i) buffers.push_back(Buffer::allocate(size_t{4} << 20));
  for (Buffer* buffer : buffers) buffer->release();
  EXPECT_LE(memory_stats().cached, (size_t{20} << 20) + (size_t{512} << 10));
  EXPECT_GE(memory_stats().cached, size_t{12} << 20);
  // A class that is no longer used gives way to one that is.
  void* data = nullptr;
  for (int i = 0; i < 3; ++i) {
    Buffer* buffer = Buffer::allocate(size_t{16} << 20);
    if (i == 2) EXPECT_EQ(buffer->data, data);
    data = buffer->data;
    buffer->release();
  }
  set_cache_limit(0);
  EXPECT_LE(memory_stats().cached, size_t{512} << 10);
  Buffer::allocate(size_t{4} << 20)->release();
  EXPECT_LE(memory_stats().cached, size_t{512} << 10);
}

TEST_F(AllocatorTest, MemoryLimitThrowsAndDropsCachesFirst) {
  const size_t mebi = size_t{1} << 20;
  const size_t base = memory_stats().in_use + 2 * mebi;
  set_memory_limit(base + 32 * mebi);
  EXPECT_THROW(Buffer::allocate(40 * mebi), MemoryError);
  Buffer* a = Buffer::allocate(20 * mebi);
  EXPECT_THROW(Buffer::allocate(16 * mebi), MemoryError);
  a->release();
  Buffer* b = Buffer::allocate(32 * mebi);  // needs the memory that the cache holds
  EXPECT_LE(memory_stats().in_use + memory_stats().cached, base + 32 * mebi);
  b->release();
  // Small ones too, and nothing is lost when they fail.
  set_memory_limit(memory_stats().in_use + mebi);
  std::vector<Buffer*> small;
  EXPECT_THROW(for (;;) small.push_back(Buffer::allocate(500)), MemoryError);
  EXPECT_GT(small.size(), 1000u);
  for (Buffer* buffer : small) buffer->release();
  set_memory_limit(0);
  EXPECT_EQ(memory_stats().memory_limit, total_memory());
  Buffer::allocate(20 * mebi)->release();
}

TEST_F(AllocatorTest, AnyThreadMayFree) {
  constexpr int kRounds = 200, kPerRound = 300;
  std::mutex mutex;
  std::vector<Buffer*> handed;
  const size_t before = memory_stats().in_use;
  std::thread producer([&] {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<Buffer*> made;
      for (size_t i = 0; i < kPerRound; ++i) {
        Buffer* buffer = Buffer::allocate(i % 50 == 0 ? 3000 * i : i * 3);
        std::memset(buffer->data, static_cast<int>(i), std::min<size_t>(buffer->capacity, i * 3));
        made.push_back(buffer);
      }
      std::lock_guard lock(mutex);
      handed.insert(handed.end(), made.begin(), made.end());
    }
  });
  int freed = 0;
  while (freed < kRounds * kPerRound) {
    std::vector<Buffer*> taken;
    {
      std::lock_guard lock(mutex);
      taken.swap(handed);
    }
    for (Buffer* buffer : taken) buffer->release();
    freed += static_cast<int>(taken.size());
  }
  producer.join();
  EXPECT_EQ(memory_stats().in_use, before);
}

TEST_F(AllocatorTest, ManyShortThreadsLoseNothing) {
  const size_t before = memory_stats().in_use;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        std::vector<Buffer*> buffers;
        for (size_t i = 0; i < 500; ++i) buffers.push_back(Buffer::allocate(i * 20));
        for (Buffer* buffer : buffers) buffer->release();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(memory_stats().in_use, before);
  clear_cache();
  EXPECT_EQ(memory_stats().cached, 0u);
}

TEST_F(AllocatorTest, SharedReferencesFromManyThreads) {
  for (int round = 0; round < 50; ++round) {
    Buffer* buffer = Buffer::allocate(256);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      buffer->retain();
      threads.emplace_back([buffer] {
        for (int i = 0; i < 100; ++i) {
          buffer->retain();
          buffer->release();
        }
        buffer->release();
      });
    }
    buffer->release();
    for (std::thread& thread : threads) thread.join();
  }
}

// Frees in destructors that run after the thread's lists are gone.
struct HoldsUntilThreadExit {
  Buffer* buffer = nullptr;
  ~HoldsUntilThreadExit() {
    if (buffer == nullptr) return;
    buffer->release();
    Buffer::allocate(48)->release();
    Buffer::allocate(4000)->release();
  }
};

TEST_F(AllocatorTest, DestructorsOfThreadsMayFreeAndAllocate) {
  const size_t before = memory_stats().in_use;
  for (int i = 0; i < 10; ++i) {
    std::thread([] {
      static thread_local HoldsUntilThreadExit held;  // made before the lists, so destroyed after them
      held.buffer = nullptr;
      held.buffer = Buffer::allocate(64);
    }).join();
  }
  EXPECT_EQ(memory_stats().in_use, before);
}

HoldsUntilThreadExit g_held_until_process_exit;

TEST_F(AllocatorTest, StaticDestructorsMayFree) { g_held_until_process_exit.buffer = Buffer::allocate(4096); }

TEST_F(AllocatorTest, NodesOfAllSizes) {
  std::vector<std::pair<void*, size_t>> nodes;
  for (size_t bytes = 1; bytes <= 1500; ++bytes) {
    void* node = node_alloc(bytes);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(node) % 64, 0u);
    std::memset(node, 0x55, bytes);
    nodes.emplace_back(node, bytes);
  }
  for (const auto& [node, bytes] : nodes) node_free(node, bytes);
  if (!kAsan) {
    void* node = node_alloc(136);
    node_free(node, 136);
    EXPECT_EQ(node_alloc(150), node) << "the block of the same class is reused";
    node_free(node, 150);
  }
}

TEST_F(AllocatorTest, WorksAfterForkWhileOthersAllocate) {
  if (kAsan) GTEST_SKIP() << "a lock of AddressSanitizer's own quarantine may be held at the fork";
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&stop] {
      std::vector<Buffer*> buffers;
      while (!stop.load()) {
        for (size_t i = 0; i < 600; ++i) buffers.push_back(Buffer::allocate(i * 300));
        for (Buffer* buffer : buffers) buffer->release();
        buffers.clear();
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a deadlock ends the child
      for (size_t k = 0; k < 400; ++k) Buffer::allocate(k * 700)->release();
      clear_cache();
      memory_stats();
      _exit(7);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 7);
  }
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tnp

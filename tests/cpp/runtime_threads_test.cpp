#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtime/threads.h"
#include "tnp/error.h"

namespace tnp {
namespace {

// Four threads on any machine, so that there is something to race.
class ThreadsTest : public ::testing::Test {
 protected:
  void SetUp() override { set_num_threads(4); }
  void TearDown() override { set_num_threads(default_num_threads()); }
};

void wait_a_little() { std::this_thread::sleep_for(std::chrono::microseconds(200)); }

TEST_F(ThreadsTest, BadNumbersOfThreadsAreRefused) {
  for (const int64_t n :
       {int64_t{0}, int64_t{-1}, INT64_MIN, int64_t{kMaxThreads} + 1, INT64_MAX, (int64_t{1} << 32) + 1}) {
    EXPECT_THROW(set_num_threads(n), ValueError) << n;
    EXPECT_THROW(ThreadsScope{n}, ValueError) << n;
    EXPECT_EQ(get_num_threads(), 4);
  }
}

TEST_F(ThreadsTest, ScopesNestAndBelongToTheirThread) {
  {
    ThreadsScope outer(3);
    EXPECT_EQ(get_num_threads(), 3);
    {
      ThreadsScope inner(7);
      EXPECT_EQ(get_num_threads(), 7);
      std::thread([] { EXPECT_EQ(get_num_threads(), 4); }).join();
    }
    set_num_threads(5);
    EXPECT_EQ(get_num_threads(), 3);
  }
  EXPECT_EQ(get_num_threads(), 5);
}

TEST_F(ThreadsTest, EveryItemOnce) {
  for (const int threads : {1, 2, 3, 4, 9}) {
    ThreadsScope scope(threads);
    for (const int64_t n : {1, 2, 3, 5, 63, 64, 65, 1000, 4096, 100003}) {
      for (const int64_t grain : {int64_t{-3}, int64_t{0}, int64_t{1}, int64_t{7}, int64_t{1024}, INT64_MAX}) {
        std::vector<int> seen(static_cast<size_t>(n), 0);
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          ASSERT_LT(begin, end);
          for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
        });
        for (const int count : seen) ASSERT_EQ(count, 1) << n << " grain " << grain << " threads " << threads;
      }
    }
  }
}

TEST_F(ThreadsTest, NothingForNoItems) {
  for (const int64_t n : {int64_t{0}, int64_t{-1}, INT64_MIN}) parallel_for(n, 1, [](int64_t, int64_t) { FAIL(); });
}

TEST_F(ThreadsTest, TheLargestRangeDoesNotOverflow) {
  std::atomic<uint64_t> total = 0;
  parallel_for(INT64_MAX, 1, [&](int64_t begin, int64_t end) {
    ASSERT_LE(0, begin);
    ASSERT_LT(begin, end);
    total += static_cast<uint64_t>(end - begin);
  });
  EXPECT_EQ(total, static_cast<uint64_t>(INT64_MAX));
}

TEST_F(ThreadsTest, SerialBelowTwoGrains) {
  const std::thread::id caller = std::this_thread::get_id();
  int calls = 0;
  parallel_for(1999, 1000, [&](int64_t begin, int64_t end) {
    ++calls;
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(begin, 0);
    EXPECT_EQ(end, 1999);
  });
  EXPECT_EQ(calls, 1);
}

TEST_F(ThreadsTest, LargeRangesBeginAtWholeCacheLines) {
  parallel_for(1'000'003, 1024, [](int64_t begin, int64_t end) {
    EXPECT_EQ(begin % 64, 0);
    EXPECT_TRUE(end == 1'000'003 || end - begin >= 1024);
  });
}

TEST_F(ThreadsTest, WorkersTakePartAndAreKnown) {
  EXPECT_FALSE(is_pool_thread());
  std::atomic<int> on_workers = 0, on_caller = 0;
  const std::thread::id caller = std::this_thread::get_id();
  for (int round = 0; round < 100 && (on_workers == 0 || on_caller == 0); ++round) {
    parallel_for(64, 1, [&](int64_t, int64_t) {
      EXPECT_TRUE(in_parallel_region());
      EXPECT_EQ(is_pool_thread(), std::this_thread::get_id() != caller);
      ++(is_pool_thread() ? on_workers : on_caller);
      wait_a_little();
    });
  }
  EXPECT_GT(on_workers, 0);
  EXPECT_GT(on_caller, 0);
  EXPECT_FALSE(in_parallel_region());
  EXPECT_GE(pool_stats().workers, 3);
}

TEST_F(ThreadsTest, AScopeBoundsTheThreads) {
  parallel_for(64, 1, [](int64_t, int64_t) { wait_a_little(); });  // there are three workers now
  ThreadsScope scope(2);
  std::atomic<int> inside = 0, most = 0;
  for (int round = 0; round < 20; ++round) {
    parallel_for(32, 1, [&](int64_t, int64_t) {
      const int now = ++inside;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      wait_a_little();
      --inside;
    });
  }
  EXPECT_EQ(most, 2);
}

TEST_F(ThreadsTest, AnUnevenItemDoesNotHoldUpTheRest) {
  // Whoever gets item 0 waits until all others are done, so they must all be done by the others.
  std::atomic<int> done = 0;
  parallel_for(16, 1, [&](int64_t begin, int64_t end) {
    ASSERT_EQ(end, begin + 1);
    if (begin == 0) {
      while (done.load() < 15) std::this_thread::yield();
    }
    ++done;
  });
  EXPECT_EQ(done, 16);
}

TEST_F(ThreadsTest, NestedIsSerial) {
  std::atomic<int64_t> total = 0;
  parallel_for(32, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const std::thread::id here = std::this_thread::get_id();
      parallel_for(100, 1, [&](int64_t inner_begin, int64_t inner_end) {
        EXPECT_EQ(std::this_thread::get_id(), here);
        total += inner_end - inner_begin;
      });
    }
  });
  EXPECT_EQ(total, 3200);
}

TEST_F(ThreadsTest, ExceptionsReachTheCallerAndThePoolGoesOn) {
  for (int round = 0; round < 200; ++round) {
    const int64_t bad = round % 64;
    try {
      parallel_for(64, 1, [&](int64_t begin, int64_t end) {
        if (begin <= bad && bad < end) throw IndexError("item " + std::to_string(bad));
      });
      FAIL() << "nothing was thrown";
    } catch (const IndexError& error) {
      EXPECT_EQ(error.what(), "item " + std::to_string(bad));
    }
    EXPECT_FALSE(in_parallel_region());
  }
  EXPECT_THROW(parallel_for(64, 1, [](int64_t, int64_t) { throw ValueError("all of them"); }), ValueError);
  std::atomic<int64_t> total = 0;
  parallel_for(64, 1, [&](int64_t begin, int64_t end) { total += end - begin; });
  EXPECT_EQ(total, 64);
}

TEST_F(ThreadsTest, ManyCallersAtOnce) {
  std::vector<std::thread> callers;
  std::atomic<int64_t> total = 0;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&total] {
      for (int round = 0; round < 500; ++round) {
        parallel_for(40, 1, [&](int64_t begin, int64_t end) { total += end - begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 4 * 500 * 40);
}

TEST_F(ThreadsTest, ResultsOfWorkersAreSeen) {
  std::vector<int64_t> values(1000);  // plain memory, so that ThreadSanitizer checks the order
  for (int64_t round = 0; round < 500; ++round) {
    parallel_for(1000, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] += round;
    });
    if (round % 100 == 0) wait_a_little();  // also with workers that sleep
  }
  for (const int64_t value : values) ASSERT_EQ(value, 499 * 500 / 2);
}

TEST_F(ThreadsTest, SleepingWorkersWake) {
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> arrived = 0;
    parallel_for(4, 1, [&](int64_t, int64_t) {
      ++arrived;
      while (arrived.load() < 2) std::this_thread::yield();  // ends only when a second thread comes
    });
  }
}

TEST_F(ThreadsTest, TeamsRunTogether) {
  for (const int members : {1, 2, 4, 6}) {
    for (int round = 0; round < 20; ++round) {
      std::atomic<int> arrived = 0;
      std::vector<int> seen(static_cast<size_t>(members), 0);
      parallel_team(members, [&](int member) {
        ++seen[static_cast<size_t>(member)];
        ++arrived;
        while (arrived.load() < members) std::this_thread::yield();
      });
      EXPECT_EQ(seen, std::vector<int>(static_cast<size_t>(members), 1));
    }
  }
  parallel_team(0, [](int) { FAIL(); });
  parallel_team(-5, [](int) { FAIL(); });
}

TEST_F(ThreadsTest, TeamsRunTogetherFromInsideAndBesideAJob) {
  const auto meet = [] {
    std::atomic<int> arrived = 0;
    parallel_team(3, [&](int) {
      ++arrived;
      while (arrived.load() < 3) std::this_thread::yield();
    });
    EXPECT_EQ(arrived, 3);
  };
  parallel_for(4, 1, [&](int64_t, int64_t) { meet(); });
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) meet();
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST_F(ThreadsTest, ManyMoreThreadsThanCpus) {
  ThreadsScope scope(40);
  for (int round = 0; round < 50; ++round) {
    std::atomic<int64_t> total = 0;
    parallel_for(1000, 1, [&](int64_t begin, int64_t end) { total += end - begin; });
    ASSERT_EQ(total, 1000);
  }
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TNP_NO_THREADS_AFTER_FORK 1
#endif
#endif

TEST_F(ThreadsTest, AChildHasAPoolOfItsOwn) {
#ifdef TNP_NO_THREADS_AFTER_FORK
  GTEST_SKIP() << "ThreadSanitizer allows no new threads after a fork";
#endif
  std::atomic<bool> stop = false;
  std::thread other([&stop] {  // the pool is in use at some of the forks
    while (!stop.load()) parallel_for(1000, 1, [](int64_t, int64_t) { std::this_thread::yield(); });
  });
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a deadlock ends the child
      std::atomic<int> arrived = 0;
      parallel_for(4, 1, [&](int64_t, int64_t) {
        ++arrived;
        while (arrived.load() < 2) std::this_thread::yield();
      });
      _exit(pool_stats().workers == 3 ? 7 : 8);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 7);
  }
  stop.store(true);
  other.join();
}

TEST(ThreadsStartTest, NothingRunsBeforeItIsNeeded) {
  // In a new process: the other tests have started workers in this one.
  const pid_t child = fork();
  if (child == 0) {
    set_num_threads(4);
    parallel_for(100, 100, [](int64_t, int64_t) {});
    {
      ThreadsScope one(1);
      parallel_for(100, 1, [](int64_t, int64_t) {});
    }
    _exit(pool_stats().workers == 0 ? 7 : 8);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
}

}  // namespace
}  // namespace tnp

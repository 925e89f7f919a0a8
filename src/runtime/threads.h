// One pool of threads for everything. Nothing is started before the first parallel_for that needs it.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "tnp/runtime.h"

namespace tnp {

inline constexpr int kMaxThreads = 1024;

namespace detail {

using RangeFunction = void (*)(void* context, int64_t begin, int64_t end);
using TeamFunction = void (*)(void* context, int member);

void parallel_run(int64_t n, int64_t grain, RangeFunction function, void* context);
void team_run(int members, TeamFunction function, void* context);

}  // namespace detail

// Calls body(begin, end) on ranges that together cover [0, n), each item once, on several threads, and returns when all
// are done. `grain` is the least number of items that is worth a task: fewer than two of those, one thread, or a call
// from inside another parallel_for's body, and it is just body(0, n) here. So it is when another thread's job has the
// pool. Ranges of 1,024 items and more begin at multiples of 64. The first exception of a body reaches the caller,
// after the bodies that run have ended; ranges not begun by then are dropped.
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& body) {
  if (n <= 0) return;
  if (n / 2 < grain || n == 1) {
    body(int64_t{0}, n);
    return;
  }
  using Body = std::remove_reference_t<F>;
  detail::parallel_run(
      n, grain, [](void* context, int64_t begin, int64_t end) { (*static_cast<Body*>(context))(begin, end); },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

// Calls body(0), …, body(members - 1), each on a thread of its own, all at the same time, so that they may wait for
// each other (as the threads of OpenBLAS do). Uses the pool when it is free, else threads made for the purpose. Throws
// RuntimeError, having run nothing, when so many threads cannot be had. A body must not throw.
template <class F>
void parallel_team(int members, F&& body) {
  using Body = std::remove_reference_t<F>;
  detail::team_run(
      members, [](void* context, int member) { (*static_cast<Body*>(context))(member); },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

bool is_pool_thread();      // a thread of the pool itself
bool in_parallel_region();  // a pool thread, or a caller that is inside its own parallel_for: another one runs serially
int default_num_threads();  // from affinity and cgroup quota

struct PoolStats {
  int workers = 0;       // threads of the pool that exist now
  uint64_t jobs = 0;     // parallel_for and parallel_team calls that used the pool
  uint64_t busy = 0;     // calls that found the pool in use and ran without it
  uint64_t wakeups = 0;  // jobs that had to wake sleeping workers
};
PoolStats pool_stats();

}  // namespace tnp

#include "runtime/threads.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/system_limits.h"
#include "tnp/error.h"

namespace tnp {
namespace {

using detail::RangeFunction;
using detail::TeamFunction;

// How long a thread that has nothing to do looks for work before it sleeps. A wake-up costs some 5 µs to the caller and
// more until the worker runs; operations on arrays that are worth threads follow each other faster than this.
constexpr std::chrono::microseconds kSpinTime{40};
constexpr std::chrono::microseconds kEagerSpinTime{4};
constexpr int kChunksPerThread = 4;

// ---- Settings ----

std::atomic<int> g_num_threads = 0;            // 0: the default
constinit thread_local int t_num_threads = 0;  // of the innermost ThreadsScope; 0: none
constinit thread_local bool t_in_region = false;
constinit thread_local bool t_is_worker = false;

int checked_num_threads(int64_t n) {
  if (n < 1 || n > kMaxThreads) {
    throw ValueError("the number of threads must be between 1 and " + std::to_string(kMaxThreads) + ", not " +
                     std::to_string(n));
  }
  return static_cast<int>(n);
}

class RegionGuard {
 public:
  RegionGuard() : previous_(std::exchange(t_in_region, true)) {}
  ~RegionGuard() { t_in_region = previous_; }
  RegionGuard(const RegionGuard&) = delete;
  RegionGuard& operator=(const RegionGuard&) = delete;

 private:
  bool previous_;
};

// ---- Waiting ----

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void futex_wait(std::atomic<uint32_t>& word, uint32_t while_equal) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, while_equal, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

// Spins until `done()` or the time is over; returns the last done(). After a short while it lets others run between two
// looks: on a busy machine the thread that it waits for may be waiting for this very CPU.
template <class Done>
bool spin_until(Done done) {
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause_briefly();
    }
    const auto waited = std::chrono::steady_clock::now() - start;
    if (waited > kSpinTime) return done();
    if (waited > kEagerSpinTime) sched_yield();
  }
}

// ---- The pool ----

// The word that workers watch: generation of the job, its width (threads that may take part, the caller included), how
// many workers are in it, and whether more may join. One word, so that joining a job that is over is impossible.
constexpr uint64_t kOpen = 1;
constexpr uint64_t kOneActive = 2;
constexpr uint64_t kActiveMask = 0xfffe;
constexpr uint32_t generation_of(uint64_t state) { return static_cast<uint32_t>(state >> 32); }
constexpr int width_of(uint64_t state) { return static_cast<int>((state >> 16) & 0xffff); }
constexpr uint64_t open_state(uint32_t generation, int width) {
  return static_cast<uint64_t>(generation) << 32 | static_cast<uint64_t>(width) << 16 | kOpen;
}

struct Job {
  RangeFunction range = nullptr;
  TeamFunction team = nullptr;  // set instead of `range`
  void* context = nullptr;
  int64_t n = 0;
  int64_t chunk = 0;
  int width = 0;
};

// What a member of a job begins with: the same items each time, which helps the caches, and open to the others when
// they have finished theirs.
struct alignas(64) Segment {
  std::atomic<int64_t> next = 0;  // in chunks
  int64_t end = 0;
};

struct alignas(64) WorkerSlot {
  std::atomic<uint32_t> asleep = 0;
};

// Never destroyed: workers run until the process ends. A child after fork() begins with a new one.
class Pool {
 public:
  bool acquire() { return !busy_.load(std::memory_order_relaxed) && !busy_.exchange(true, std::memory_order_acquire); }
  void release() { busy_.store(false, std::memory_order_release); }

  // The next four need the pool acquired.
  int ensure_workers(int wanted);
  void set_segments(int64_t n, int64_t chunk, int width);
  void run(const Job& job);
  std::exception_ptr take_error() { return std::exchange(error_, nullptr); }

  void count_busy() { busy_calls_.fetch_add(1, std::memory_order_relaxed); }
  PoolStats stats() const {
    return {workers_.load(std::memory_order_relaxed), jobs_.load(std::memory_order_relaxed),
            busy_calls_.load(std::memory_order_relaxed), wakeups_.load(std::memory_order_relaxed)};
  }

 private:
  struct Start {
    Pool* pool;
    int index;
  };
  static void* worker_main(void* start);
  void work(int index);
  bool join(uint64_t state);
  void leave();
  void sleep(int index, uint32_t seen);
  void wake_children(int index, int width);
  void take_part(int index);
  void run_ranges(int index);
  void wait_for_team();
  void wait_for_members();
  bool may_spin() const { return workers_.load(std::memory_order_relaxed) < cpus_; }

  alignas(64) std::atomic<uint64_t> state_ = 0;
  alignas(64) std::atomic<bool> busy_ = false;
  std::atomic<uint32_t> done_word_ = 0;
  std::atomic<bool> caller_sleeps_ = false;
  alignas(64) Job job_;
  std::atomic<bool> failed_ = false;
  std::exception_ptr error_;
  alignas(64) std::atomic<int> arrived_ = 0;  // workers in a team job
  std::atomic<int> workers_ = 0;
  std::atomic<uint64_t> jobs_ = 0, busy_calls_ = 0, wakeups_ = 0;
  const int cpus_ = default_num_threads();
  Segment segments_[kMaxThreads];
  WorkerSlot slots_[kMaxThreads];
};

int Pool::ensure_workers(int wanted) {
  int workers = workers_.load(std::memory_order_relaxed);
  if (workers >= wanted) return workers;
  // Signals are for the threads of the program.
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (; workers < wanted; ++workers) {
    auto* start = new Start{this, workers + 1};
    pthread_t thread;
    if (pthread_create(&thread, &attributes, worker_main, start) != 0) {
      delete start;
      break;
    }
    workers_.store(workers + 1, std::memory_order_relaxed);
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  return workers;
}

void* Pool::worker_main(void* argument) {
  auto* start = static_cast<Start*>(argument);
  Pool* pool = start->pool;
  const int index = start->index;
  delete start;
  t_is_worker = t_in_region = true;
  pthread_setname_np(pthread_self(), ("tnp-" + std::to_string(index)).c_str());
  pool->work(index);
  return nullptr;
}

void Pool::work(int index) {
  // Not the generation of now: the job that this thread was made for may be published already.
  uint32_t seen = generation_of(state_.load(std::memory_order_acquire)) - 1;
  bool worked = false;
  for (;;) {
    const auto changed = [&] { return generation_of(state_.load(std::memory_order_acquire)) != seen; };
    if (!changed() && !(worked && may_spin() && spin_until(changed))) sleep(index, seen);
    const uint64_t state = state_.load(std::memory_order_acquire);
    if (generation_of(state) == seen) continue;
    seen = generation_of(state);
    worked = width_of(state) > index && join(state);
    if (!worked) continue;
    wake_children(index, width_of(state));
    take_part(index);
    leave();
  }
}

bool Pool::join(uint64_t state) {
  const uint32_t generation = generation_of(state);
  while ((state & kOpen) != 0 && generation_of(state) == generation) {
    if (state_.compare_exchange_weak(state, state + kOneActive)) return true;
  }
  return false;
}

void Pool::leave() {
  const uint64_t before = state_.fetch_sub(kOneActive);
  const bool last = (before & (kActiveMask | kOpen)) == kOneActive;
  if (last && caller_sleeps_.load()) {
    done_word_.fetch_add(1);
    futex_wake(done_word_);
  }
}

// Either the worker sees the new job after it has said that it sleeps, or whoever wakes it sees that it sleeps: all
// four accesses are sequentially consistent.
void Pool::sleep(int index, uint32_t seen) {
  std::atomic<uint32_t>& asleep = slots_[index].asleep;
  asleep.store(1);
  while (generation_of(state_.load()) == seen && asleep.load() == 1) futex_wait(asleep, 1);
  asleep.store(0);
}

// A tree, so that no thread pays for waking all.
void Pool::wake_children(int index, int width) {
  for (int child = 2 * index + 1; child <= 2 * index + 2 && child < width; ++child) {
    std::atomic<uint32_t>& asleep = slots_[child].asleep;
    if (asleep.load() == 1 && asleep.exchange(0) == 1) {
      wakeups_.fetch_add(1, std::memory_order_relaxed);
      futex_wake(asleep);
    }
  }
}

void Pool::take_part(int index) {
  if (job_.team != nullptr) {
    arrived_.fetch_add(1, std::memory_order_release);
    job_.team(job_.context, index);
  } else {
    run_ranges(index);
  }
}

void Pool::run_ranges(int index) {
  const int64_t last_chunk = (job_.n - 1) / job_.chunk;
  for (int k = 0; k < job_.width; ++k) {
    Segment& segment = segments_[index + k < job_.width ? index + k : index + k - job_.width];
    while (segment.next.load(std::memory_order_relaxed) < segment.end && !failed_.load(std::memory_order_relaxed)) {
      const int64_t i = segment.next.fetch_add(1, std::memory_order_relaxed);
      if (i >= segment.end) break;
      const int64_t begin = i * job_.chunk;
      try {
        job_.range(job_.context, begin, i == last_chunk ? job_.n : begin + job_.chunk);
      } catch (...) {
        if (!failed_.exchange(true)) error_ = std::current_exception();
      }
    }
  }
}

void Pool::set_segments(int64_t n, int64_t chunk, int width) {
  const int64_t chunks = (n - 1) / chunk + 1;
  const int64_t share = chunks / width, rest = chunks % width;
  int64_t begin = 0;
  for (int i = 0; i < width; ++i) {
    segments_[i].next.store(begin, std::memory_order_relaxed);
    begin += share + (i < rest ? 1 : 0);
    segments_[i].end = begin;
  }
}

void Pool::run(const Job& job) {
  job_ = job;
  failed_.store(false, std::memory_order_relaxed);
  arrived_.store(0, std::memory_order_relaxed);
  jobs_.fetch_add(1, std::memory_order_relaxed);
  state_.store(open_state(generation_of(state_.load(std::memory_order_relaxed)) + 1, job.width));
  wake_children(0, job.width);
  {
    RegionGuard region;
    if (job.team != nullptr) {
      job.team(job.context, 0);
    } else {
      run_ranges(0);
    }
  }
  if (job.team != nullptr) wait_for_team();
  wait_for_members();
}

// A team is complete: nobody may be shut out by the end of the caller's own part.
void Pool::wait_for_team() {
  const auto complete = [this] { return arrived_.load(std::memory_order_acquire) == job_.width - 1; };
  while (!complete()) sched_yield();
}

void Pool::wait_for_members() {
  state_.fetch_and(~kOpen);
  const auto none_left = [this] { return (state_.load() & kActiveMask) == 0; };
  if (none_left() || (may_spin() && spin_until(none_left))) return;
  caller_sleeps_.store(true);
  for (;;) {
    const uint32_t word = done_word_.load();
    if (none_left()) break;
    futex_wait(done_word_, word);
  }
  caller_sleeps_.store(false);
}

constinit std::atomic<Pool*> g_pool = nullptr;
constinit std::mutex g_pool_mutex;

Pool& pool() {
  Pool* existing = g_pool.load(std::memory_order_acquire);
  if (existing != nullptr) return *existing;
  static const int registered = pthread_atfork([] { g_pool_mutex.lock(); }, [] { g_pool_mutex.unlock(); },
                                               [] {
                                                 // Its threads are not in the child, and it may be in the midst of a
                                                 // job of a thread that is not either.
                                                 g_pool.store(nullptr);
                                                 g_pool_mutex.unlock();
                                               });
  static_cast<void>(registered);
  std::lock_guard lock(g_pool_mutex);
  if (g_pool.load(std::memory_order_relaxed) == nullptr) g_pool.store(new Pool, std::memory_order_release);
  return *g_pool.load(std::memory_order_relaxed);
}

// For each thread as many chunks as there are grains, so that no thread has one more than the others of a few.
int64_t chunk_of(int64_t n, int64_t grain, int width) {
  const int64_t pieces = width * std::clamp<int64_t>(n / grain / width, 1, kChunksPerThread);
  int64_t chunk = (n - 1) / pieces + 1;
  // Whole vectors, and of many elements whole cache lines of any type, so that no two threads write to one line.
  const int64_t unit = chunk >= 1024 ? 64 : chunk >= 256 ? 16 : 1;
  if (chunk < n) chunk = (chunk + unit - 1) / unit * unit;
  return chunk;
}

// Threads of their own for a team that cannot have the pool. None begins before all exist.
void run_team_on_new_threads(int members, TeamFunction function, void* context) {
  enum Gate : int { wait, go, cancelled };
  std::atomic<int> gate = wait;
  std::vector<std::thread> threads;
  const auto open_gate = [&](Gate to) {
    gate.store(to);
    gate.notify_all();
  };
  const auto join_all = [&] {
    for (std::thread& thread : threads) thread.join();
  };
  try {
    threads.reserve(static_cast<size_t>(members - 1));
    for (int i = 1; i < members; ++i) {
      threads.emplace_back([&gate, function, context, i] {
        gate.wait(wait);
        if (gate.load() != go) return;
        RegionGuard region;
        function(context, i);
      });
    }
  } catch (const std::exception& error) {
    open_gate(cancelled);
    join_all();
    throw RuntimeError("cannot start a team of " + std::to_string(members) + " threads: " + error.what());
  }
  open_gate(go);
  {
    RegionGuard region;
    function(context, 0);
  }
  join_all();
}

}  // namespace

namespace detail {

void parallel_run(int64_t n, int64_t grain, RangeFunction function, void* context) {
  grain = std::max<int64_t>(grain, 1);
  int width = t_in_region ? 1 : static_cast<int>(std::min<int64_t>(get_num_threads(), n / grain));
  if (width < 2) return function(context, 0, n);
  Pool& shared = pool();
  if (!shared.acquire()) {
    shared.count_busy();
    return function(context, 0, n);
  }
  std::exception_ptr error;
  width = std::min(width, shared.ensure_workers(width - 1) + 1);
  if (width > 1) {
    const int64_t chunk = chunk_of(n, grain, width);
    shared.set_segments(n, chunk, width);
    shared.run({.range = function, .context = context, .n = n, .chunk = chunk, .width = width});
    error = shared.take_error();
  }
  shared.release();
  if (width < 2) return function(context, 0, n);
  if (error) std::rethrow_exception(error);
}

void team_run(int members, TeamFunction function, void* context) {
  if (members < 1) return;
  if (members == 1) return function(context, 0);
  if (members <= kMaxThreads && !t_in_region) {
    Pool& shared = pool();
    if (shared.acquire()) {
      const bool enough = shared.ensure_workers(members - 1) >= members - 1;
      if (enough) shared.run({.team = function, .context = context, .width = members});
      shared.release();
      if (enough) return;
    } else {
      shared.count_busy();
    }
  }
  run_team_on_new_threads(members, function, context);
}

}  // namespace detail

bool is_pool_thread() { return t_is_worker; }

bool in_parallel_region() { return t_in_region; }

int default_num_threads() {
  static const int cpus = std::min(available_cpus(), kMaxThreads);
  return cpus;
}

PoolStats pool_stats() {
  const Pool* existing = g_pool.load(std::memory_order_acquire);
  return existing != nullptr ? existing->stats() : PoolStats{};
}

void set_num_threads(int64_t n) { g_num_threads.store(checked_num_threads(n), std::memory_order_relaxed); }

int get_num_threads() {
  if (t_num_threads != 0) return t_num_threads;
  const int n = g_num_threads.load(std::memory_order_relaxed);
  return n != 0 ? n : default_num_threads();
}

ThreadsScope::ThreadsScope(int64_t n) : previous_(t_num_threads) { t_num_threads = checked_num_threads(n); }

ThreadsScope::~ThreadsScope() { t_num_threads = previous_; }

}  // namespace tnp

// Threads and memory of the process: what a program may ask and set. Everything here is safe to call from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tnp {

// The number of threads that one operation may use, the calling thread included. The default is the number of CPUs that
// the process may run on (scheduler affinity, cgroup CPU quota). Throws ValueError unless 1 <= n <= 1024.
void set_num_threads(int64_t n);

// What an operation started by the calling thread may use: the innermost ThreadsScope, else the process's setting.
int get_num_threads();

// Overrides the number of threads for operations that the current thread starts, until the end of the scope.
class ThreadsScope {
 public:
  explicit ThreadsScope(int64_t n);  // throws ValueError as set_num_threads does
  ~ThreadsScope();
  ThreadsScope(const ThreadsScope&) = delete;
  ThreadsScope& operator=(const ThreadsScope&) = delete;

 private:
  int previous_;
};

struct MemoryStats {
  size_t in_use = 0;       // bytes of blocks that are held by arrays and graph nodes (rounded up to their size classes)
  size_t cached = 0;       // bytes that are kept for reuse
  size_t peak_in_use = 0;  // the most bytes ever in use; counts what threads hold in their own short lists as used
  size_t cache_limit = 0;  // the bound on `cached` (threads' own short lists come on top)
  size_t memory_limit = 0;  // the bound on bytes in use
};

MemoryStats memory_stats();
void reset_peak_memory();  // peak_in_use becomes what is in use now

// Returns memory that is kept for reuse to the system (of other threads' own short lists: none).
void clear_cache();

// The bound on bytes kept for reuse; larger blocks above it are returned to the system now, all others of more than 1
// KiB when they are freed.
void set_cache_limit(size_t bytes);

// The bound on bytes in use: an allocation that would pass it throws MemoryError. 0 restores the default, which is the
// machine's memory or the cgroup's limit, whichever is smaller.
void set_memory_limit(size_t bytes);

}  // namespace tnp

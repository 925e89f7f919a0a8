#include "runtime/allocator.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

#include "runtime/system_limits.h"
#include "runtime/threads.h"
#include "tnp/error.h"

namespace tnp {
namespace detail {

constinit thread_local ThreadCache* t_cache = nullptr;

}  // namespace detail

namespace {

using detail::FreeBlock;
using detail::kLocalClasses;
using detail::kMediumClasses;
using detail::kSmallClasses;
using detail::LocalList;
using detail::ThreadCache;

constexpr size_t kSmallDataBytes = kMaxNodeBytes - sizeof(Buffer);
constexpr size_t kSlabBytes = 64 * 1024;
constexpr size_t kMappedBytes = size_t{2} << 20;  // from here on memory is mapped, in huge pages
constexpr size_t kExactBytes = size_t{1} << 30;   // from here on rounding up to a class would cost too much
constexpr size_t kHugePageBytes = size_t{2} << 20;
constexpr size_t kCheckedBytes = size_t{64} << 20;  // from here on reading /proc is nothing beside the page faults
constexpr size_t kMaxBytes = size_t{1} << 47;       // the address space
constexpr size_t kParallelZeroBytes = size_t{1} << 20;

// ---- Size classes of data above kSmallDataBytes: four per power of two, class 0 is 1 KiB ----

constexpr size_t kFirstClass = 7 * 4 + 3;

constexpr size_t class_of(size_t bytes) {
  const size_t last = std::max<size_t>(bytes, 1024) - 1;
  const size_t shift = static_cast<size_t>(std::bit_width(last)) - 3;
  return shift * 4 + (last >> shift) - 4 - kFirstClass;
}

constexpr size_t class_bytes(size_t size_class) {
  const size_t index = size_class + kFirstClass;
  return (index % 4 + 5) << (index / 4);
}

constexpr size_t kClasses = class_of(kMaxBytes) + 1;
static_assert(class_of(961) == 0 && class_bytes(0) == 1024 && class_of(1025) == 1 && class_bytes(1) == 1280);
static_assert(class_of(64 * 1024) == kMediumClasses - 1 && class_bytes(kMediumClasses - 1) == 64 * 1024);
static_assert(class_bytes(kClasses - 1) == kMaxBytes && kClasses < 256);

// Bytes of a block of a thread's list: small blocks by 64 bytes, then medium ones with their header.
constexpr size_t local_block_bytes(size_t local_class) {
  return local_class < kSmallClasses ? (local_class + 1) * 64
                                     : class_bytes(local_class - kSmallClasses) + sizeof(Buffer);
}

// What a thread keeps for itself: enough for a burst, not more than 256 KiB of any class.
constexpr uint32_t local_limit(size_t local_class) {
  return static_cast<uint32_t>(std::clamp<size_t>(256 * 1024 / local_block_bytes(local_class), 4, 256));
}

// ---- State shared by the threads ----

// The head of the 64 KiB from which small blocks of one class are cut; found by rounding a block's address down.
struct alignas(64) Slab {
  size_t blocks;
  size_t free_blocks;  // scratch of release_free_slabs
  Slab* next;
};

struct LocalClass {
  FreeBlock* head = nullptr;
  size_t count = 0;
};

struct LargeClass {
  void* head = nullptr;  // a Buffer; linked through `context`
  uint64_t last_use = 0;
};

struct CacheRecord : ThreadCache {
  CacheRecord* next = nullptr;
  CacheRecord* previous = nullptr;
};

// Never destroyed: buffers may be freed by destructors of any static object.
struct Central {
  std::mutex local_mutex;  // guards local and records
  LocalClass local[kLocalClasses];
  CacheRecord* records = nullptr;
  std::mutex large_mutex;  // guards large and tick
  LargeClass large[kClasses];
  uint64_t tick = 0;

  std::atomic<size_t> outstanding = 0;  // bytes that left the shared level: in use, or in a thread's lists
  std::atomic<size_t> peak = 0;
  std::atomic<size_t> cached = 0;        // bytes at the shared level
  std::atomic<size_t> memory_limit = 0;  // 0: not yet asked for
  std::atomic<size_t> default_limit = 0;
  std::atomic<size_t> cache_limit = SIZE_MAX;  // SIZE_MAX: a quarter of the default memory limit
};
constinit Central g_central;
static_assert(std::is_trivially_destructible_v<Central>);

size_t default_memory_limit() {
  size_t limit = g_central.default_limit.load(std::memory_order_relaxed);
  if (limit == 0) {
    limit = total_memory();
    g_central.default_limit.store(limit, std::memory_order_relaxed);
  }
  return limit;
}

size_t current_memory_limit() {
  const size_t limit = g_central.memory_limit.load(std::memory_order_relaxed);
  return limit != 0 ? limit : default_memory_limit();
}

size_t current_cache_limit() {
  const size_t limit = g_central.cache_limit.load(std::memory_order_relaxed);
  return limit != SIZE_MAX ? limit : default_memory_limit() / 4;
}

// ---- Errors and accounting ----

std::string readable(size_t bytes) {
  static const char* const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit < 6; ++unit) value /= 1024;
  char text[48];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

[[noreturn]] void throw_memory_error(size_t bytes, const char* reason) {
  throw MemoryError("cannot allocate " + std::to_string(bytes) + " bytes (" + readable(bytes) + "): " + reason + "; " +
                    readable(g_central.outstanding.load(std::memory_order_relaxed)) + " are in use, the limit is " +
                    readable(current_memory_limit()));
}

bool charge(size_t bytes) {
  const size_t now = g_central.outstanding.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (now > current_memory_limit()) {
    g_central.outstanding.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  size_t peak = g_central.peak.load(std::memory_order_relaxed);
  while (now > peak && !g_central.peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return true;
}

void discharge(size_t bytes) { g_central.outstanding.fetch_sub(bytes, std::memory_order_relaxed); }

// ---- Memory from the system ----

void* system_block(size_t bytes) {
  void* block = nullptr;
  return posix_memalign(&block, kBufferAlignment, bytes) == 0 ? block : nullptr;
}

// Aligned to huge pages: maps more and returns the ends.
void* map_pages(size_t bytes) {
  const size_t total = bytes + kHugePageBytes;
  void* raw = mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(raw);
  const size_t lead = (kHugePageBytes - reinterpret_cast<uintptr_t>(begin) % kHugePageBytes) % kHugePageBytes;
  if (lead != 0) munmap(begin, lead);
  if (kHugePageBytes != lead) munmap(begin + lead + bytes, kHugePageBytes - lead);
  madvise(begin + lead, bytes, MADV_HUGEPAGE);  // advice: without huge pages all works, slower
  return begin + lead;
}

size_t mapped_capacity(size_t bytes) {
  if (bytes < kExactBytes) return class_bytes(class_of(bytes));
  return (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
}

void free_large(Buffer* buffer) {
  if (buffer->kind == Buffer::Kind::mapped) {
    munmap(buffer->data, buffer->capacity);
    node_free(buffer, sizeof(Buffer));
  } else {
    ::free(buffer);
  }
}

// ---- The shared cache of large blocks ----

// The class that was used longest ago gives way. Called with the mutex held.
Buffer* take_oldest() {
  LargeClass* oldest = nullptr;
  for (LargeClass& candidate : g_central.large) {
    if (candidate.head != nullptr && (oldest == nullptr || candidate.last_use < oldest->last_use)) oldest = &candidate;
  }
  if (oldest == nullptr) return nullptr;
  auto* buffer = static_cast<Buffer*>(oldest->head);
  oldest->head = buffer->context;
  g_central.cached.fetch_sub(buffer->capacity, std::memory_order_relaxed);
  return buffer;
}

// Frees large blocks until `cached` is at most `limit` or none is left.
void trim_large(size_t limit) {
  while (g_central.cached.load(std::memory_order_relaxed) > limit) {
    Buffer* buffer;
    {
      std::lock_guard lock(g_central.large_mutex);
      buffer = take_oldest();
    }
    if (buffer == nullptr) return;
    free_large(buffer);
  }
}

Buffer* pop_large(size_t size_class, size_t bytes) {
  std::lock_guard lock(g_central.large_mutex);
  LargeClass& list = g_central.large[size_class];
  list.last_use = ++g_central.tick;
  // Blocks of a class differ in size only from kExactBytes on, and of those there are few.
  for (void** link = &list.head; *link != nullptr;) {
    auto* buffer = static_cast<Buffer*>(*link);
    if (buffer->capacity >= bytes) {
      *link = buffer->context;
      g_central.cached.fetch_sub(buffer->capacity, std::memory_order_relaxed);
      return buffer;
    }
    link = &buffer->context;
  }
  return nullptr;
}

void push_large(Buffer* buffer) {
  const size_t capacity = buffer->capacity, limit = current_cache_limit();
  if (TNP_RUNTIME_ASAN || capacity > limit) return free_large(buffer);
  trim_large(limit - capacity);
  std::lock_guard lock(g_central.large_mutex);
  LargeClass& list = g_central.large[buffer->size_class];
  list.last_use = ++g_central.tick;
  buffer->context = list.head;
  list.head = buffer;
  g_central.cached.fetch_add(capacity, std::memory_order_relaxed);
}

// ---- Lists of threads and the shared level below them ----

LocalList& list_of(ThreadCache* cache, size_t local_class) { return cache->lists[local_class]; }

void free_chain(FreeBlock* block) {
  while (block != nullptr) ::free(std::exchange(block, block->next));
}

// Moves the first `count` blocks of the list to the shared level; medium ones for which the cache has no room, to the
// system.
void give_back(LocalList& list, size_t local_class, size_t count) {
  if (count == 0) return;
  const size_t bytes = count * local_block_bytes(local_class);
  auto* first = static_cast<FreeBlock*>(list.head);
  FreeBlock* last = first;
  for (size_t i = 1; i < count; ++i) last = last->next;
  list.head = std::exchange(last->next, nullptr);
  list.count.store(list.count.load(std::memory_order_relaxed) - static_cast<uint32_t>(count),
                   std::memory_order_relaxed);
  discharge(bytes);
  if (local_class >= kSmallClasses &&
      g_central.cached.load(std::memory_order_relaxed) + bytes > current_cache_limit()) {
    return free_chain(first);
  }
  std::lock_guard lock(g_central.local_mutex);
  LocalClass& shared = g_central.local[local_class];
  last->next = shared.head;
  shared.head = first;
  shared.count += count;
  g_central.cached.fetch_add(bytes, std::memory_order_relaxed);
}

// Cuts a new slab of small blocks. Called with the mutex held.
bool add_slab(size_t local_class) {
  void* memory = nullptr;
  if (posix_memalign(&memory, kSlabBytes, kSlabBytes) != 0) return false;
  const size_t block_bytes = local_block_bytes(local_class);
  Slab* slab = new (memory) Slab{(kSlabBytes - sizeof(Slab)) / block_bytes, 0, nullptr};
  LocalClass& shared = g_central.local[local_class];
  for (size_t i = slab->blocks; i-- > 0;) {  // from the end, so that the list hands them out in address order
    auto* block = reinterpret_cast<FreeBlock*>(static_cast<char*>(memory) + sizeof(Slab) + i * block_bytes);
    block->next = shared.head;
    shared.head = block;
  }
  shared.count += slab->blocks;
  g_central.cached.fetch_add(slab->blocks * block_bytes, std::memory_order_relaxed);
  return true;
}

// Moves up to `count` blocks from the shared level to `list`. False: the shared level has none and gets none.
bool refill(LocalList& list, size_t local_class, size_t count) {
  std::lock_guard lock(g_central.local_mutex);
  LocalClass& shared = g_central.local[local_class];
  if (shared.head == nullptr && (local_class >= kSmallClasses || !add_slab(local_class))) return false;
  count = std::min(count, shared.count);
  const size_t block_bytes = local_block_bytes(local_class);
  if (!charge(count * block_bytes)) {
    count = 1;
    if (!charge(block_bytes)) return false;
  }
  FreeBlock* last = shared.head;
  for (size_t i = 1; i < count; ++i) last = last->next;
  FreeBlock* first = shared.head;
  shared.head = last->next;
  last->next = list.head;
  list.head = first;
  list.count.store(list.count.load(std::memory_order_relaxed) + static_cast<uint32_t>(count),
                   std::memory_order_relaxed);
  shared.count -= count;
  g_central.cached.fetch_sub(count * block_bytes, std::memory_order_relaxed);
  return true;
}

constinit thread_local bool t_exited = false;  // the thread's lists are gone; what its other destructors free is shared

void flush(ThreadCache* cache) {
  for (size_t c = 0; c < kLocalClasses; ++c) {
    LocalList& list = list_of(cache, c);
    give_back(list, c, list.count.load(std::memory_order_relaxed));
  }
}

struct ThreadExit {
  bool armed = false;
  ~ThreadExit() {
    auto* record = static_cast<CacheRecord*>(detail::t_cache);
    detail::t_cache = nullptr;
    t_exited = true;
    if (record == nullptr) return;
    flush(record);
    {
      std::lock_guard lock(g_central.local_mutex);
      (record->previous != nullptr ? record->previous->next : g_central.records) = record->next;
      if (record->next != nullptr) record->next->previous = record->previous;
    }
    delete record;
  }
};
thread_local ThreadExit t_exit;

// A fork must not find a mutex held by a thread that the child does not have.
void lock_all() {
  g_central.local_mutex.lock();
  g_central.large_mutex.lock();
}

void unlock_all() {
  g_central.large_mutex.unlock();
  g_central.local_mutex.unlock();
}

// The lists of the threads that the child does not have may be half changed: they are given up.
void unlock_in_child() {
  auto* own = static_cast<CacheRecord*>(detail::t_cache);
  g_central.records = own;
  if (own != nullptr) own->next = own->previous = nullptr;
  unlock_all();
}

void register_fork_handlers() {
  static const int registered = pthread_atfork(lock_all, unlock_all, unlock_in_child);
  static_cast<void>(registered);
}

ThreadCache* thread_cache() {
  if (detail::t_cache != nullptr || t_exited) return detail::t_cache;
  register_fork_handlers();
  auto* record = new (std::nothrow) CacheRecord;
  if (record == nullptr) return nullptr;
  for (size_t c = 0; c < kLocalClasses; ++c) record->lists[c].limit = local_limit(c);
  t_exit.armed = true;  // constructs it, so that its destructor runs
  {
    std::lock_guard lock(g_central.local_mutex);
    record->next = g_central.records;
    if (record->next != nullptr) record->next->previous = record;
    g_central.records = record;
  }
  detail::t_cache = record;
  return record;
}

// A block of a thread's class, or null when neither its list nor the shared level has one.
void* take_local(size_t local_class) {
  ThreadCache* cache = thread_cache();
  LocalList single;
  LocalList& list = cache != nullptr ? list_of(cache, local_class) : single;
  if (list.head == nullptr && !refill(list, local_class, cache != nullptr ? list.limit / 2 : 1)) return nullptr;
  return list.pop();
}

void put_local(void* block, size_t local_class) {
  ThreadCache* cache = thread_cache();
  LocalList single;
  LocalList& list = cache != nullptr ? list_of(cache, local_class) : single;
  if (list.count.load(std::memory_order_relaxed) >= list.limit) give_back(list, local_class, list.limit / 2);
  list.push(block);
  if (cache == nullptr) give_back(list, local_class, 1);
}

// ---- Returning memory ----

// Frees the slabs of a class all of whose blocks are at the shared level.
void release_free_slabs(LocalClass& shared, size_t block_bytes) {
  const auto slab_of = [](FreeBlock* block) {
    return reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(block) / kSlabBytes * kSlabBytes);
  };
  for (FreeBlock* block = shared.head; block != nullptr; block = block->next) ++slab_of(block)->free_blocks;
  Slab* free_slabs = nullptr;
  FreeBlock** link = &shared.head;
  while (FreeBlock* block = *link) {
    Slab* slab = slab_of(block);
    if (slab->free_blocks != slab->blocks) {
      link = &block->next;
      continue;
    }
    if (slab->next == nullptr) {
      slab->next = free_slabs != nullptr ? free_slabs : slab;  // the last one points to itself
      free_slabs = slab;
    }
    *link = block->next;
    --shared.count;
    g_central.cached.fetch_sub(block_bytes, std::memory_order_relaxed);
  }
  for (FreeBlock* block = shared.head; block != nullptr; block = block->next) slab_of(block)->free_blocks = 0;
  while (free_slabs != nullptr) {
    Slab* next = free_slabs->next != free_slabs ? free_slabs->next : nullptr;
    ::free(free_slabs);
    free_slabs = next;
  }
}

void release_medium(LocalClass& shared, size_t block_bytes) {
  g_central.cached.fetch_sub(shared.count * block_bytes, std::memory_order_relaxed);
  free_chain(shared.head);
  shared = LocalClass{};
}

// ---- Fresh memory, with the caches dropped when it cannot be had otherwise ----

bool fits(size_t bytes) {
  const size_t held =
      g_central.outstanding.load(std::memory_order_relaxed) + g_central.cached.load(std::memory_order_relaxed);
  const size_t limit = current_memory_limit();
  if (bytes > limit || held > limit - bytes) return false;
  return bytes < kCheckedBytes || bytes <= available_memory();
}

// Calls `get`, which returns null for "none", after the bytes are charged.
template <class Get>
void* fresh(size_t bytes, Get get) {
  if (bytes > current_memory_limit()) throw_memory_error(bytes, "more than the memory limit");
  const char* reason = "not enough memory is free";
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (attempt == 1) clear_cache();
    if (!fits(bytes)) continue;
    if (!charge(bytes)) continue;
    if (void* memory = get()) return memory;
    discharge(bytes);
    reason = "the system refused";
  }
  throw_memory_error(bytes, reason);
}

Buffer* allocate_medium(size_t bytes) {
  const size_t size_class = class_of(bytes), capacity = class_bytes(size_class);
  void* block = TNP_RUNTIME_ASAN ? nullptr : take_local(kSmallClasses + size_class);
  if (block == nullptr) {
    const size_t block_bytes = sizeof(Buffer) + (TNP_RUNTIME_ASAN ? bytes : capacity);
    block = fresh(block_bytes, [block_bytes] { return system_block(block_bytes); });
  }
  auto* buffer = new (block)
      Buffer(Buffer::Kind::medium, static_cast<char*>(block) + sizeof(Buffer), TNP_RUNTIME_ASAN ? bytes : capacity);
  buffer->size_class = static_cast<uint8_t>(size_class);
  return buffer;
}

// Memory of this process is zero when it is mapped for the first time; `zero` says whether this is such memory.
Buffer* allocate_large(size_t bytes, bool& zero) {
  register_fork_handlers();
  const size_t size_class = class_of(bytes);
  if (Buffer* cached = pop_large(size_class, bytes)) {
    if (!charge(cached->capacity)) {
      push_large(cached);
      throw_memory_error(bytes, "more than the memory limit allows");
    }
    cached->refs.store(1, std::memory_order_relaxed);
    cached->context = nullptr;
    cached->device = 0;
    return cached;
  }
  Buffer* buffer;
  if (bytes < kMappedBytes || TNP_RUNTIME_ASAN) {
    const size_t capacity = TNP_RUNTIME_ASAN ? bytes : class_bytes(size_class);
    void* block = fresh(capacity, [capacity] { return system_block(sizeof(Buffer) + capacity); });
    buffer = new (block) Buffer(Buffer::Kind::large, static_cast<char*>(block) + sizeof(Buffer), capacity);
  } else {
    const size_t capacity = mapped_capacity(bytes);
    void* header = node_alloc(sizeof(Buffer));
    try {
      void* pages = fresh(capacity, [capacity] { return map_pages(capacity); });
      buffer = new (header) Buffer(Buffer::Kind::mapped, pages, capacity);
    } catch (...) {
      node_free(header, sizeof(Buffer));
      throw;
    }
    zero = true;
  }
  buffer->size_class = static_cast<uint8_t>(size_class);
  return buffer;
}

Buffer* allocate_above_small(size_t bytes, bool& zero) {
  if (bytes > kMaxBytes) throw_memory_error(bytes, "more than the address space holds");
  return bytes <= class_bytes(kMediumClasses - 1) ? allocate_medium(bytes) : allocate_large(bytes, zero);
}

}  // namespace

namespace detail {

void* node_alloc_slow(size_t bytes) {
  bytes = std::max<size_t>(bytes, 1);
  if (TNP_RUNTIME_ASAN || bytes > kMaxNodeBytes) {
    if (bytes > kMaxBytes) throw_memory_error(bytes, "more than the address space holds");
    return fresh(bytes, [bytes] { return system_block(bytes); });
  }
  const size_t local_class = (bytes - 1) / 64;
  if (void* block = take_local(local_class)) return block;
  clear_cache();
  if (void* block = take_local(local_class)) return block;
  throw_memory_error(bytes, "not enough memory is free");
}

void node_free_slow(void* block, size_t bytes) noexcept {
  bytes = std::max<size_t>(bytes, 1);
  if (TNP_RUNTIME_ASAN || bytes > kMaxNodeBytes) {
    discharge(bytes);
    ::free(block);
    return;
  }
  put_local(block, (bytes - 1) / 64);
}

}  // namespace detail

Buffer* Buffer::allocate_slow(size_t bytes) {
  bool zero = false;
  return allocate_above_small(bytes, zero);
}

Buffer* Buffer::allocate_zeroed(size_t bytes) {
  if (bytes <= kSmallDataBytes) {
    Buffer* buffer = allocate(bytes);
    std::memset(buffer->data, 0, bytes);
    return buffer;
  }
  bool zero = false;
  Buffer* buffer = allocate_above_small(bytes, zero);
  if (!zero) {
    char* data = static_cast<char*>(buffer->data);
    parallel_for(static_cast<int64_t>(bytes), kParallelZeroBytes, [data](int64_t begin, int64_t end) {
      std::memset(data + begin, 0, static_cast<size_t>(end - begin));
    });
  }
  return buffer;
}

Buffer* Buffer::wrap(void* data, size_t bytes, void (*release)(void*), void* context) {
  auto* buffer = new (node_alloc(sizeof(Buffer))) Buffer(Kind::foreign, data, bytes);
  buffer->release_foreign = release;
  buffer->context = context;
  return buffer;
}

void Buffer::destroy_slow() noexcept {
  if (kind == Kind::foreign) {
    if (release_foreign != nullptr) release_foreign(context);
    node_free(this, sizeof(Buffer));
  } else if (kind == Kind::medium && !TNP_RUNTIME_ASAN) {
    put_local(this, kSmallClasses + size_class);
  } else {
    // A medium block is charged with its header, as a block of a thread's list.
    discharge(capacity + (kind == Kind::medium ? sizeof(Buffer) : 0));
    push_large(this);
  }
}

MemoryStats memory_stats() {
  MemoryStats stats;
  size_t in_lists = 0;
  {
    std::lock_guard lock(g_central.local_mutex);
    for (const CacheRecord* record = g_central.records; record != nullptr; record = record->next) {
      for (size_t c = 0; c < kLocalClasses; ++c) {
        in_lists += record->lists[c].count.load(std::memory_order_relaxed) * local_block_bytes(c);
      }
    }
  }
  const size_t outstanding = g_central.outstanding.load(std::memory_order_relaxed);
  stats.in_use = outstanding - std::min(outstanding, in_lists);
  stats.cached = g_central.cached.load(std::memory_order_relaxed) + in_lists;
  stats.peak_in_use = std::max(g_central.peak.load(std::memory_order_relaxed), stats.in_use);
  stats.cache_limit = current_cache_limit();
  stats.memory_limit = current_memory_limit();
  return stats;
}

void reset_peak_memory() {
  g_central.peak.store(g_central.outstanding.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void clear_cache() {
  trim_large(0);  // first, as the headers of mapped blocks go back to the thread's lists
  if (detail::t_cache != nullptr) flush(detail::t_cache);
  std::lock_guard lock(g_central.local_mutex);
  for (size_t c = 0; c < kSmallClasses; ++c) release_free_slabs(g_central.local[c], local_block_bytes(c));
  for (size_t c = kSmallClasses; c < kLocalClasses; ++c) release_medium(g_central.local[c], local_block_bytes(c));
}

void set_cache_limit(size_t bytes) {
  g_central.cache_limit.store(std::min(bytes, SIZE_MAX - 1), std::memory_order_relaxed);
  trim_large(bytes);
}

void set_memory_limit(size_t bytes) { g_central.memory_limit.store(bytes, std::memory_order_relaxed); }

}  // namespace tnp

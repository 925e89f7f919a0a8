// Memory: reference-counted buffers and fixed-size nodes.
//
// Blocks of up to 1 KiB come from lists of the calling thread (a few ns, no lock, no atomic read-modify-write); larger
// ones from a cache shared by all threads, because page faults, not arithmetic, are what large results cost otherwise.
// docs/internals/runtime.md explains the layout.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include "tnp/runtime.h"

#if defined(__SANITIZE_ADDRESS__)
#define TNP_RUNTIME_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TNP_RUNTIME_ASAN 1
#endif
#endif
#ifndef TNP_RUNTIME_ASAN
#define TNP_RUNTIME_ASAN 0
#endif

namespace tnp {

inline constexpr size_t kBufferAlignment = 64;
inline constexpr size_t kMaxNodeBytes = 1024;

namespace detail {

inline constexpr size_t kSmallClasses = kMaxNodeBytes / 64;  // 64, 128, …, 1024 bytes
inline constexpr size_t kMediumClasses = 25;                 // 1 KiB, 1.25, 1.5, 1.75, 2, …, 64 KiB of data
inline constexpr size_t kLocalClasses = kSmallClasses + kMediumClasses;

struct FreeBlock {
  FreeBlock* next;
};

// A list that only its thread changes. The count is atomic for memory_stats(), which reads it from other threads.
struct LocalList {
  FreeBlock* head = nullptr;
  std::atomic<uint32_t> count = 0;
  uint32_t limit = 0;

  void push(void* block) {
    auto* free_block = static_cast<FreeBlock*>(block);
    free_block->next = head;
    head = free_block;
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void* pop() {
    FreeBlock* block = head;
    head = block->next;
    count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    return block;
  }
};

struct ThreadCache {
  LocalList lists[kLocalClasses];
};

// One pointer, so that the initial-exec model (no call to __tls_get_addr) takes 8 bytes of a dlopen'ed library's scarce
// static space. Null before a thread's first allocation and after its last destructor.
extern constinit thread_local ThreadCache* t_cache __attribute__((tls_model("initial-exec")));

void* node_alloc_slow(size_t bytes);
void node_free_slow(void* block, size_t bytes) noexcept;

}  // namespace detail

// A block of `bytes` bytes, aligned to 64; fast up to kMaxNodeBytes. Throws MemoryError.
inline void* node_alloc(size_t bytes) {
#if !TNP_RUNTIME_ASAN
  detail::ThreadCache* cache = detail::t_cache;
  if (cache != nullptr && bytes - 1 < kMaxNodeBytes) [[likely]] {
    detail::LocalList& list = cache->lists[(bytes - 1) / 64];
    if (list.head != nullptr) [[likely]]
      return list.pop();
  }
#endif
  return detail::node_alloc_slow(bytes);
}

// `bytes` as given to node_alloc; any thread may free.
inline void node_free(void* block, size_t bytes) noexcept {
#if !TNP_RUNTIME_ASAN
  detail::ThreadCache* cache = detail::t_cache;
  if (cache != nullptr && bytes - 1 < kMaxNodeBytes) [[likely]] {
    detail::LocalList& list = cache->lists[(bytes - 1) / 64];
    if (list.count.load(std::memory_order_relaxed) < list.limit) [[likely]]
      return list.push(block);
  }
#endif
  detail::node_free_slow(block, bytes);
}

// A block of memory with a reference count in front of it (or, for foreign and very large memory, beside it).
struct alignas(kBufferAlignment) Buffer {
  enum class Kind : uint8_t { small, medium, large, mapped, foreign };

  std::atomic<uint32_t> refs{1};
  Kind kind;
  uint8_t size_class = 0;  // of medium, large and mapped blocks
  uint16_t device = 0;     // 0 is the CPU; the owner of foreign memory may set another
  void* data;              // aligned to kBufferAlignment unless foreign
  size_t capacity;         // bytes at `data`, at least what was asked for
  void (*release_foreign)(void* context) = nullptr;
  void* context = nullptr;

  // Uninitialised memory and one reference. Throws MemoryError, naming the bytes, when the size cannot be had.
  static Buffer* allocate(size_t bytes);

  // The first `bytes` bytes are zero; memory that comes fresh from the system is not written again.
  static Buffer* allocate_zeroed(size_t bytes);

  // Memory of somebody else. `release(context)` runs once, on the thread that drops the last reference, and must not
  // throw; a null `release` is for memory that lives for ever. When wrap itself throws, `release` is not called.
  static Buffer* wrap(void* data, size_t bytes, void (*release)(void* context), void* context);

  void retain() noexcept { refs.fetch_add(1, std::memory_order_relaxed); }

  void release() noexcept {
    // The holder of the only reference needs no read-modify-write: nobody else can take one meanwhile.
    if (refs.load(std::memory_order_acquire) == 1 || refs.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

  // True when the caller's reference is the only one, so that it may write to the memory. Never of somebody else's.
  bool unique() const noexcept { return refs.load(std::memory_order_acquire) == 1 && kind != Kind::foreign; }

  Buffer(Kind kind, void* data, size_t capacity) noexcept : kind(kind), data(data), capacity(capacity) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

 private:
  static Buffer* allocate_slow(size_t bytes);
  void destroy() noexcept {
    if (kind == Kind::small) [[likely]] {
      const size_t block_bytes = sizeof(Buffer) + capacity;
      node_free(this, block_bytes);
    } else {
      destroy_slow();
    }
  }
  void destroy_slow() noexcept;
};

static_assert(sizeof(Buffer) == 64);

inline Buffer* Buffer::allocate(size_t bytes) {
  if (bytes > kMaxNodeBytes - sizeof(Buffer)) return allocate_slow(bytes);
#if TNP_RUNTIME_ASAN
  const size_t capacity = bytes;  // exact, so that an access past the end is seen
#else
  const size_t capacity = (bytes + 63) / 64 * 64;
#endif
  void* block = node_alloc(sizeof(Buffer) + capacity);
  return new (block) Buffer(Kind::small, static_cast<char*>(block) + sizeof(Buffer), capacity);
}

}  // namespace tnp

// The process's caches of fused kernels and of nests: a function traced again finds its code.
#include "tnp/kernel_cache.h"

#include <pthread.h>

#include <list>
#include <unordered_map>

#include "compiler/code_cache.h"
#include "compiler/fused_kernel.h"

namespace tnp::compiler {

namespace {

constexpr std::size_t kMaxKernels = 1024;
constexpr std::size_t kMaxNests = 512;

struct Hash {
  std::size_t operator()(const FusedGroup* g) const { return g->hash(); }
};
struct Equal {
  bool operator()(const FusedGroup* a, const FusedGroup* b) const { return *a == *b; }
};

struct Nests {
  std::mutex mutex;
  std::unordered_multimap<std::size_t, std::pair<Nest, std::shared_ptr<const CompiledNest>>> known;
};

Nests& nests();

struct Cache {
  using Order = std::list<std::shared_ptr<FusedKernel>>;  // most recently used first
  std::mutex mutex;
  Order order;
  std::unordered_map<const FusedGroup*, Order::iterator, Hash, Equal> index;
  std::atomic<std::uint64_t> hits{0}, misses{0};  // of both caches
};

Cache& cache();

// A fork waits for whoever is in a cache: in the child nobody would leave it.
void lock_all() {
  nests().mutex.lock();
  cache().mutex.lock();
}
void unlock_all() {
  cache().mutex.unlock();
  nests().mutex.unlock();
}
void guard_forks() {
  static const int registered = pthread_atfork(lock_all, unlock_all, unlock_all);
  static_cast<void>(registered);
}

Nests& nests() {
  static auto* n = new Nests;  // outlives every loop
  return *n;
}

Cache& cache() {
  static auto* c = new Cache;  // outlives every program
  return *c;
}

}  // namespace

std::shared_ptr<FusedKernel> FusedKernel::get(const FusedGroup& group) {
  guard_forks();
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  if (const auto it = c.index.find(&group); it != c.index.end()) {
    ++c.hits;
    c.order.splice(c.order.begin(), c.order, it->second);
    return *it->second;
  }
  ++c.misses;
  c.order.push_front(std::make_shared<FusedKernel>(group));
  c.index.emplace(&c.order.front()->group(), c.order.begin());
  if (c.order.size() > kMaxKernels) {
    c.index.erase(&c.order.back()->group());
    c.order.pop_back();
  }
  return c.order.front();
}

namespace {

std::shared_ptr<const CompiledNest> find_nest(Nests& n, std::size_t key, const Nest& nest) {
  const auto [begin, end] = n.known.equal_range(key);
  for (auto it = begin; it != end; ++it) {
    if (!(it->second.first == nest)) continue;
    ++cache().hits;
    return it->second.second;
  }
  return nullptr;
}

std::shared_ptr<const CompiledNest> keep_nest(Nests& n, std::size_t key, const Nest& nest, CompiledNest made) {
  auto code = std::make_shared<const CompiledNest>(std::move(made));
  if (n.known.size() >= kMaxNests) n.known.clear();  // loops keep what they use
  n.known.emplace(key, std::pair(nest, code));
  return code;
}

std::size_t key_of(const Nest& nest, Isa isa) { return nest.hash() * 4 + static_cast<std::size_t>(isa); }

}  // namespace

std::shared_ptr<const CompiledNest> cached_nest(const Nest& nest, Isa isa) {
  guard_forks();
  Nests& n = nests();
  const std::lock_guard lock(n.mutex);
  const std::size_t key = key_of(nest, isa);
  if (auto code = find_nest(n, key, nest)) return code;
  ++cache().misses;
  return keep_nest(n, key, nest, compile_nest(nest, isa));
}

std::shared_ptr<const CompiledNest> known_nest(const Nest& nest, Isa isa) {
  guard_forks();
  Nests& n = nests();
  const std::lock_guard lock(n.mutex);
  const std::size_t key = key_of(nest, isa);
  if (auto code = find_nest(n, key, nest)) return code;
  std::optional<CompiledNest> stored = stored_nest(nest, isa);
  return stored ? keep_nest(n, key, nest, std::move(*stored)) : nullptr;
}

}  // namespace tnp::compiler

namespace tnp {

KernelCacheInfo kernel_cache_info() {
  KernelCacheInfo info;
  compiler::Nests& n = compiler::nests();
  compiler::Cache& c = compiler::cache();
  {
    const std::scoped_lock lock(n.mutex, c.mutex);
    info.size = c.order.size() + n.known.size();
  }
  info.limit = compiler::kMaxKernels + compiler::kMaxNests;
  info.hits = c.hits;
  info.misses = c.misses;
  compiler::describe_files(info);
  return info;
}

void clear_kernel_cache(bool files) {
  compiler::Nests& n = compiler::nests();
  compiler::Cache& c = compiler::cache();
  {
    const std::scoped_lock lock(n.mutex, c.mutex);
    n.known.clear();
    c.index.clear();
    c.order.clear();
  }
  if (files) compiler::clear_files();
}

}  // namespace tnp

// The process's cache of fused kernels: a function traced again finds its code.
#include <list>
#include <unordered_map>

#include "compiler/fused_kernel.h"

namespace tnp::compiler {

namespace {

constexpr std::size_t kMaxKernels = 1024;

struct Hash {
  std::size_t operator()(const FusedGroup* g) const { return g->hash(); }
};
struct Equal {
  bool operator()(const FusedGroup* a, const FusedGroup* b) const { return *a == *b; }
};

struct Cache {
  using Order = std::list<std::shared_ptr<FusedKernel>>;  // most recently used first
  std::mutex mutex;
  Order order;
  std::unordered_map<const FusedGroup*, Order::iterator, Hash, Equal> index;
  std::uint64_t hits = 0, misses = 0;
};

Cache& cache() {
  static auto* c = new Cache;  // outlives every program
  return *c;
}

}  // namespace

std::shared_ptr<FusedKernel> FusedKernel::get(const FusedGroup& group) {
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

KernelCacheInfo kernel_cache_info() {
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  return {c.order.size(), kMaxKernels, c.hits, c.misses};
}

void clear_kernel_cache() {
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  c.index.clear();
  c.order.clear();
}

}  // namespace tnp::compiler

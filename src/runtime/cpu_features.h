// What the CPU can do, and the choice of the instruction set whose kernels run.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tnp {

// The builds of a kernel file: x86-64-v2, -v3 and -v4.
enum class Isa : uint8_t { baseline = 0, avx2 = 1, avx512 = 2 };

Isa cpu_isa();  // the best that CPU and operating system support
const char* isa_name(Isa isa);

// The instruction set in use: cpu_isa(), or the environment variable TNP_ISA (baseline, avx2, avx512; read once), or
// what was forced. Throws ValueError when TNP_ISA is something else or more than the CPU can.
Isa best_isa();

void force_isa(Isa isa);  // for the whole process; throws ValueError when the CPU cannot
void reset_isa();         // back to TNP_ISA or cpu_isa()

// Forces an instruction set for a scope, for the whole process: for tests and benchmarks.
class ScopedIsa {
 public:
  explicit ScopedIsa(Isa isa);
  ~ScopedIsa();
  ScopedIsa(const ScopedIsa&) = delete;
  ScopedIsa& operator=(const ScopedIsa&) = delete;

 private:
  uint8_t previous_;
};

namespace detail {
inline constexpr uint8_t kIsaUnresolved = 0xff;
extern constinit std::atomic<uint8_t> g_isa;
uint8_t resolve_isa();
}  // namespace detail

// One function per instruction set: PerIsa<void (*)(int)> table = TNP_PER_ISA(kernel); table.get()(3);
template <class Fn>
struct PerIsa {
  Fn by_isa[3];  // baseline, avx2, avx512

  Fn get() const {
    uint8_t isa = detail::g_isa.load(std::memory_order_relaxed);
    if (isa == detail::kIsaUnresolved) [[unlikely]]
      isa = detail::resolve_isa();
    return by_isa[isa];
  }
};

// The three builds of NAME, which a kernel file defines in `namespace tnp::TNP_ISA`; to be used inside namespace tnp.
#define TNP_PER_ISA(NAME)                         \
  {                                               \
    {                                             \
      &baseline::NAME, &avx2::NAME, &avx512::NAME \
    }                                             \
  }

bool has_fma();         // the CPU's, whatever instruction set is forced
size_t vector_bytes();  // of the instruction set in use: 16, 32 or 64

struct CacheSizes {
  size_t l1_data = 0, l2 = 0, l3 = 0;  // bytes; l1_data and l2 of one core
};
const CacheSizes& cache_sizes();  // typical sizes where the machine does not tell

// Names model and features, for keys of caches that hold code made for this CPU.
const std::string& cpu_feature_string();

}  // namespace tnp

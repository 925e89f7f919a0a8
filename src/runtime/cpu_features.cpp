#include "runtime/cpu_features.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string_view>

#include "tnp/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tnp {
namespace detail {

constinit std::atomic<uint8_t> g_isa = kIsaUnresolved;

}  // namespace detail

namespace {

struct CpuFacts {
  Isa isa = Isa::baseline;
  bool fma = false;
  std::string description;
};

#if defined(__x86_64__)

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);  // leaves zeros when there is no such leaf
  return r;
}

// What registers the operating system saves when it switches threads.
uint64_t saved_registers(bool osxsave) {
  if (!osxsave) return 0;
  unsigned low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

// One row a feature that some kernel or generated code may use.
struct Feature {
  const char* name;
  unsigned Registers::* word;
  int leaf;  // index in `leaves` below
  int bit;
  Isa needed_for;  // the lowest level that requires it
  bool required;   // for that level; else only part of the description
};

constexpr Feature kFeatures[] = {
    {"sse3", &Registers::ecx, 0, 0, Isa::baseline, true},
    {"ssse3", &Registers::ecx, 0, 9, Isa::baseline, true},
    {"sse4.1", &Registers::ecx, 0, 19, Isa::baseline, true},
    {"sse4.2", &Registers::ecx, 0, 20, Isa::baseline, true},
    {"popcnt", &Registers::ecx, 0, 23, Isa::baseline, true},
    {"avx", &Registers::ecx, 0, 28, Isa::avx2, true},
    {"f16c", &Registers::ecx, 0, 29, Isa::avx2, true},
    {"fma", &Registers::ecx, 0, 12, Isa::avx2, true},
    {"movbe", &Registers::ecx, 0, 22, Isa::avx2, true},
    {"avx2", &Registers::ebx, 1, 5, Isa::avx2, true},
    {"bmi", &Registers::ebx, 1, 3, Isa::avx2, true},
    {"bmi2", &Registers::ebx, 1, 8, Isa::avx2, true},
    {"lzcnt", &Registers::ecx, 2, 5, Isa::avx2, true},
    {"avx512f", &Registers::ebx, 1, 16, Isa::avx512, true},
    {"avx512dq", &Registers::ebx, 1, 17, Isa::avx512, true},
    {"avx512cd", &Registers::ebx, 1, 28, Isa::avx512, true},
    {"avx512bw", &Registers::ebx, 1, 30, Isa::avx512, true},
    {"avx512vl", &Registers::ebx, 1, 31, Isa::avx512, true},
    {"avx512ifma", &Registers::ebx, 1, 21, Isa::avx512, false},
    {"avx512vbmi", &Registers::ecx, 1, 1, Isa::avx512, false},
    {"avx512vbmi2", &Registers::ecx, 1, 6, Isa::avx512, false},
    {"avx512vnni", &Registers::ecx, 1, 11, Isa::avx512, false},
    {"avx512vpopcntdq", &Registers::ecx, 1, 14, Isa::avx512, false},
    {"avx512fp16", &Registers::edx, 1, 23, Isa::avx512, false},
    {"avx512bf16", &Registers::eax, 3, 5, Isa::avx512, false},
};

std::string model_name(const Registers& signature) {
  const Registers vendor = cpuid(0);
  char text[13] = {};
  std::memcpy(text, &vendor.ebx, 4);
  std::memcpy(text + 4, &vendor.edx, 4);
  std::memcpy(text + 8, &vendor.ecx, 4);
  const unsigned base_family = (signature.eax >> 8) & 0xf, base_model = (signature.eax >> 4) & 0xf;
  const unsigned family = base_family == 0xf ? base_family + ((signature.eax >> 20) & 0xff) : base_family;
  const bool extended = base_family == 0xf || base_family == 6;
  const unsigned model = extended ? base_model + ((signature.eax >> 12) & 0xf0) : base_model;
  return std::string(text) + "-" + std::to_string(family) + "-" + std::to_string(model) + "-" +
         std::to_string(signature.eax & 0xf);
}

CpuFacts read_facts() {
  const Registers leaves[] = {cpuid(1), cpuid(7), cpuid(0x80000001), cpuid(7, 1)};
  const uint64_t saved = saved_registers((leaves[0].ecx >> 27 & 1) != 0);
  const bool usable[] = {true, (saved & 0x6) == 0x6, (saved & 0xe6) == 0xe6};  // SSE; YMM; opmask and ZMM
  bool complete[] = {true, usable[1], usable[2]};
  CpuFacts facts;
  facts.description = model_name(leaves[0]) + ":";
  for (const Feature& feature : kFeatures) {
    const auto level = static_cast<size_t>(feature.needed_for);
    const bool present = usable[level] && (leaves[feature.leaf].*feature.word >> feature.bit & 1) != 0;
    if (present) facts.description += (facts.description.back() == ':' ? "" : ",") + std::string(feature.name);
    if (feature.required && !present) complete[level] = false;
    if (std::string_view(feature.name) == "fma") facts.fma = present;
  }
  if (complete[1]) facts.isa = complete[2] ? Isa::avx512 : Isa::avx2;
  return facts;
}

#else

CpuFacts read_facts() { return {Isa::baseline, true, "generic"}; }

#endif

const CpuFacts& facts() {
  static const CpuFacts result = read_facts();
  return result;
}

void check_supported(Isa isa, const char* origin) {
  if (isa <= cpu_isa()) return;
  throw ValueError(std::string(origin) + ": this CPU does not support " + isa_name(isa) + "; the best it has is " +
                   isa_name(cpu_isa()));
}

// Read once, so that a change of the environment later cannot switch kernels in the midst of a program.
const std::string& isa_variable() {
  static const std::string value = [] {
    const char* text = std::getenv("TNP_ISA");
    return std::string(text != nullptr ? text : "");
  }();
  return value;
}

Isa chosen_isa() {
  const std::string& value = isa_variable();
  if (value.empty()) return cpu_isa();
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (value != isa_name(isa)) continue;
    check_supported(isa, "TNP_ISA");
    return isa;
  }
  throw ValueError("TNP_ISA is '" + value + "', it must be baseline, avx2 or avx512");
}

// What the kernel's files say. Some C libraries' sysconf adds up the last-level caches of all dies, of which a core
// uses one, so it is asked last.
size_t cache_size(int sysconf_name, int level, size_t typical) {
  for (int index = 0; index < 8; ++index) {
    const std::string directory = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    std::ifstream level_file(directory + "/level"), type_file(directory + "/type"), size_file(directory + "/size");
    int file_level = 0;
    std::string type;
    size_t kibibytes = 0;  // the file says "32K"
    if (level_file >> file_level && type_file >> type && size_file >> kibibytes && file_level == level &&
        type != "Instruction" && kibibytes > 0) {
      return kibibytes * 1024;
    }
  }
  const long size = sysconf(sysconf_name);
  return size > 0 ? static_cast<size_t>(size) : typical;
}

}  // namespace

namespace detail {

uint8_t resolve_isa() {
  const auto chosen = static_cast<uint8_t>(chosen_isa());
  uint8_t expected = kIsaUnresolved;  // another thread may have forced one meanwhile
  return g_isa.compare_exchange_strong(expected, chosen, std::memory_order_relaxed) ? chosen : expected;
}

}  // namespace detail

Isa cpu_isa() { return facts().isa; }

const char* isa_name(Isa isa) {
  constexpr const char* kNames[] = {"baseline", "avx2", "avx512"};
  const auto index = static_cast<size_t>(isa);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

Isa best_isa() {
  uint8_t isa = detail::g_isa.load(std::memory_order_relaxed);
  if (isa == detail::kIsaUnresolved) isa = detail::resolve_isa();
  return static_cast<Isa>(isa);
}

void force_isa(Isa isa) {
  check_supported(isa, "force_isa");
  detail::g_isa.store(static_cast<uint8_t>(isa), std::memory_order_relaxed);
}

void reset_isa() { detail::g_isa.store(detail::kIsaUnresolved, std::memory_order_relaxed); }

ScopedIsa::ScopedIsa(Isa isa) : previous_(detail::g_isa.load(std::memory_order_relaxed)) { force_isa(isa); }

ScopedIsa::~ScopedIsa() { detail::g_isa.store(previous_, std::memory_order_relaxed); }

bool has_fma() { return facts().fma; }

size_t vector_bytes() { return size_t{16} << static_cast<unsigned>(best_isa()); }

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes{.l1_data = cache_size(_SC_LEVEL1_DCACHE_SIZE, 1, size_t{32} << 10),
                                .l2 = cache_size(_SC_LEVEL2_CACHE_SIZE, 2, size_t{1} << 20),
                                .l3 = cache_size(_SC_LEVEL3_CACHE_SIZE, 3, size_t{8} << 20)};
  return sizes;
}

const std::string& cpu_feature_string() { return facts().description; }

}  // namespace tnp

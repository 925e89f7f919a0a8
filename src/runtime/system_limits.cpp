#include "runtime/system_limits.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace tnp {
namespace {

// Version 1 writes "no limit" as a huge number, rounded down to pages.
constexpr uint64_t kNoMemoryLimit = uint64_t{1} << 60;

std::optional<uint64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  uint64_t value;
  if (file >> value) return value;
  return std::nullopt;
}

// The value of `key` in a file of "key value" lines ("key: value kB" in /proc/meminfo).
uint64_t read_field(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    uint64_t value;
    if (words >> name >> value && name == key) return value;
  }
  return 0;
}

// "/a/b" → {"/a/b", "/a", ""}: a limit holds for the groups below it.
std::vector<std::string> with_parents(std::string group) {
  std::vector<std::string> groups;
  while (!group.empty() && group.back() == '/') group.pop_back();
  while (!group.empty()) {
    groups.push_back(group);
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
  groups.emplace_back();
  return groups;
}

void limit_cpus(CgroupLimits& limits, double quota, double period) {
  if (quota <= 0 || period <= 0) return;
  const double cpus = quota / period;
  limits.cpus = limits.cpus == 0 ? cpus : std::min(limits.cpus, cpus);
}

void limit_memory(CgroupLimits& limits, uint64_t limit, uint64_t used, uint64_t droppable) {
  if (limit >= kNoMemoryLimit || (limits.memory != 0 && limits.memory <= limit)) return;
  limits.memory = limit;
  limits.memory_used = used - std::min(used, droppable);
}

void read_version2(CgroupLimits& limits, const std::string& directory) {
  std::ifstream cpu(directory + "/cpu.max");
  double quota, period;
  if (cpu >> quota >> period) limit_cpus(limits, quota, period);  // "max 100000" does not parse: no limit
  if (const auto limit = read_number(directory + "/memory.max")) {
    limit_memory(limits, *limit, read_number(directory + "/memory.current").value_or(0),
                 read_field(directory + "/memory.stat", "inactive_file"));
  }
}

void read_version1_cpu(CgroupLimits& limits, const std::string& directory) {
  std::ifstream quota_file(directory + "/cpu.cfs_quota_us"), period_file(directory + "/cpu.cfs_period_us");
  double quota, period;  // a quota of -1: no limit
  if (quota_file >> quota && period_file >> period) limit_cpus(limits, quota, period);
}

void read_version1_memory(CgroupLimits& limits, const std::string& directory) {
  if (const auto limit = read_number(directory + "/memory.limit_in_bytes")) {
    limit_memory(limits, *limit, read_number(directory + "/memory.usage_in_bytes").value_or(0),
                 read_field(directory + "/memory.stat", "total_inactive_file"));
  }
}

bool lists(const std::string& controllers, const std::string& name) {
  return ("," + controllers + ",").find("," + name + ",") != std::string::npos;
}

}  // namespace

CgroupLimits read_cgroup_limits(const std::string& groups_file, const std::string& mount_root) {
  CgroupLimits limits;
  std::ifstream file(groups_file);
  std::string line;
  while (std::getline(file, line)) {  // hierarchy:controllers:group
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    for (const std::string& group : with_parents(line.substr(second + 1))) {
      if (controllers.empty()) read_version2(limits, mount_root + group);
      if (lists(controllers, "cpu")) read_version1_cpu(limits, mount_root + "/cpu" + group);
      if (lists(controllers, "memory")) read_version1_memory(limits, mount_root + "/memory" + group);
    }
  }
  return limits;
}

uint64_t total_memory() {
  const uint64_t physical =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  const CgroupLimits limits = read_cgroup_limits();
  return limits.memory == 0 ? physical : std::min(physical, limits.memory);
}

uint64_t available_memory() {
  const char* meminfo = "/proc/meminfo";
  uint64_t available = (read_field(meminfo, "MemAvailable:") + read_field(meminfo, "SwapFree:")) * 1024;
  if (available == 0) available = total_memory();
  const CgroupLimits limits = read_cgroup_limits();
  if (limits.memory != 0) available = std::min(available, limits.memory - std::min(limits.memory, limits.memory_used));
  return available;
}

int available_cpus() {
  int cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  // The mask's size is not known: more than 1,024 CPUs need a larger one.
  for (int capacity = 1024; capacity <= 65536; capacity *= 4) {
    cpu_set_t* set = CPU_ALLOC(capacity);
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(capacity);
    const bool known = sched_getaffinity(0, bytes, set) == 0;
    if (known) cpus = CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (known) break;
  }
  const double quota = read_cgroup_limits().cpus;
  if (quota > 0) cpus = std::min(cpus, static_cast<int>(std::ceil(quota)));
  return std::max(cpus, 1);
}

}  // namespace tnp

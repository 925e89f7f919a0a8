// What the machine and the container allow: memory and CPUs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tnp {

struct CgroupLimits {
  double cpus = 0;           // CPU quota in CPUs; 0: none
  uint64_t memory = 0;       // bytes; 0: none
  uint64_t memory_used = 0;  // of the group with that limit, without page cache that can be dropped
};

// Reads the limits of versions 1 and 2, the smallest over the process's group and its parents. The arguments are for
// tests: the list of groups and where the file systems are mounted.
CgroupLimits read_cgroup_limits(const std::string& groups_file = "/proc/self/cgroup",
                                const std::string& mount_root = "/sys/fs/cgroup");

uint64_t total_memory();      // physical memory or the cgroup's limit, whichever is smaller
uint64_t available_memory();  // what can be had now without killing anybody, swap included
int available_cpus();         // by scheduler affinity and cgroup quota, at least 1

}  // namespace tnp

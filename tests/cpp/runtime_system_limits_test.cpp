#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "runtime/system_limits.h"

namespace tnp {
namespace {

// A made-up tree of control groups.
class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "cgroup_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  CgroupLimits read(const std::string& groups) {
    write("groups", groups);
    return read_cgroup_limits(root_ / "groups", root_ / "fs");
  }

  std::filesystem::path root_;
};

TEST_F(CgroupTest, NoneWhereThereAreNone) {
  EXPECT_EQ(read("").cpus, 0);
  EXPECT_EQ(read("0::/a/b\n").memory, 0u);
  EXPECT_EQ(read("rubbish\n:\n::\n1:cpu\n").cpus, 0);
  EXPECT_EQ(read_cgroup_limits("/nonexistent", "/nonexistent").memory, 0u);
}

TEST_F(CgroupTest, Version2TakesTheSmallestOfTheParents) {
  write("fs/a/b/cpu.max", "max 100000\n");
  write("fs/a/cpu.max", "150000 100000\n");
  write("fs/cpu.max", "400000 100000\n");
  write("fs/a/b/memory.max", "max\n");
  write("fs/a/memory.max", "2000000000\n");
  write("fs/a/memory.current", "500000000\n");
  write("fs/a/memory.stat", "anon 300000000\ninactive_file 100000000\n");
  write("fs/memory.max", "3000000000\n");
  const CgroupLimits limits = read("0::/a/b\n");
  EXPECT_DOUBLE_EQ(limits.cpus, 1.5);
  EXPECT_EQ(limits.memory, 2000000000u);
  EXPECT_EQ(limits.memory_used, 400000000u);
}

TEST_F(CgroupTest, Version1) {
  write("fs/cpu/docker/cpu.cfs_quota_us", "50000\n");
  write("fs/cpu/docker/cpu.cfs_period_us", "100000\n");
  write("fs/cpu/cpu.cfs_quota_us", "-1\n");
  write("fs/cpu/cpu.cfs_period_us", "100000\n");
  write("fs/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("fs/memory/docker/memory.limit_in_bytes", "1000000\n");
  write("fs/memory/docker/memory.usage_in_bytes", "600000\n");
  const CgroupLimits limits = read("5:cpu,cpuacct:/docker\n4:memory:/docker\n3:cpuset:/\n");
  EXPECT_DOUBLE_EQ(limits.cpus, 0.5);
  EXPECT_EQ(limits.memory, 1000000u);
  EXPECT_EQ(limits.memory_used, 600000u);
}

TEST(SystemLimitsTest, MemoryIsPlausible) {
  EXPECT_GT(available_memory(), uint64_t{1} << 20);
  EXPECT_GT(total_memory(), uint64_t{1} << 26);
}

TEST(SystemLimitsTest, AffinityIsRespected) {
  EXPECT_GE(available_cpus(), 1);
  std::thread([] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &set);
    ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(available_cpus(), 1);
  }).join();
}

}  // namespace
}  // namespace tnp

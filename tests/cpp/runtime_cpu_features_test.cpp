#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "runtime/cpu_features.h"
#include "tnp/error.h"

namespace tnp {

namespace baseline {
int kernel() { return 0; }
}  // namespace baseline
namespace avx2 {
int kernel() { return 1; }
}  // namespace avx2
namespace avx512 {
int kernel() { return 2; }
}  // namespace avx512

namespace {

constexpr PerIsa<int (*)()> kKernels = TNP_PER_ISA(kernel);

TEST(CpuFeaturesTest, ForcingSelectsTheBuild) {
  const Isa before = best_isa();
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa > cpu_isa()) {
      EXPECT_THROW(force_isa(isa), ValueError);
      EXPECT_THROW(ScopedIsa{isa}, ValueError);
      continue;
    }
    ScopedIsa scope(isa);
    EXPECT_EQ(best_isa(), isa);
    EXPECT_EQ(kKernels.get()(), static_cast<int>(isa));
    EXPECT_EQ(vector_bytes(), size_t{16} << static_cast<int>(isa));
  }
  EXPECT_EQ(best_isa(), before);
  force_isa(Isa::baseline);
  EXPECT_EQ(kKernels.get()(), 0);
  reset_isa();
  EXPECT_EQ(best_isa(), before);
  EXPECT_EQ(kKernels.get()(), static_cast<int>(before));
}

TEST(CpuFeaturesTest, InvalidValuesAreRefused) {
  EXPECT_THROW(force_isa(static_cast<Isa>(3)), ValueError);
  EXPECT_THROW(force_isa(static_cast<Isa>(0xff)), ValueError);
}

TEST(CpuFeaturesTest, AgreesWithTheCompilersRuntime) {
  __builtin_cpu_init();
  EXPECT_EQ(cpu_isa() >= Isa::avx2, __builtin_cpu_supports("x86-64-v3") != 0);
  EXPECT_EQ(cpu_isa() >= Isa::avx512, __builtin_cpu_supports("x86-64-v4") != 0);
  EXPECT_EQ(has_fma(), __builtin_cpu_supports("fma") != 0);
  const std::string features = cpu_feature_string();
  for (const auto& [name, supported] : {std::pair{"avx2", __builtin_cpu_supports("avx2")},
                                        std::pair{"avx512bf16", __builtin_cpu_supports("avx512bf16")},
                                        std::pair{"avx512vbmi2", __builtin_cpu_supports("avx512vbmi2")},
                                        std::pair{"sse4.2", __builtin_cpu_supports("sse4.2")}}) {
    const bool listed = (features + ",").find(std::string(name) + ",") != std::string::npos;
    EXPECT_EQ(listed, supported != 0) << name << " in " << features;
  }
}

TEST(CpuFeaturesTest, CachesGrow) {
  const CacheSizes& sizes = cache_sizes();
  EXPECT_GE(sizes.l1_data, 8u << 10);
  EXPECT_GT(sizes.l2, sizes.l1_data);
  EXPECT_GE(sizes.l3, sizes.l2);
}

// Runs this test program again, where the variable is not yet read.
int run_with_variable(const char* value) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("TNP_ISA", value, 1);
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(96);
    execl("/proc/self/exe", "child", "--gtest_filter=CpuFeaturesChild.*", "--gtest_also_run_disabled_tests", nullptr);
    _exit(99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr int kRaised = 50;

TEST(CpuFeaturesChild, DISABLED_ReportsTheInstructionSet) {
  for (int attempt = 0; attempt < 2; ++attempt) {  // the error is not only the first user's
    try {
      const int isa = static_cast<int>(best_isa());
      if (kKernels.get()() != isa) _exit(98);
      _exit(isa);
    } catch (const ValueError& error) {
      if (std::string(error.what()).find("TNP_ISA") == std::string::npos) _exit(97);
    }
  }
  _exit(kRaised);
}

TEST(CpuFeaturesTest, TheEnvironmentVariableChoosesOrIsRefused) {
  EXPECT_EQ(run_with_variable(""), static_cast<int>(cpu_isa()));
  EXPECT_EQ(run_with_variable("baseline"), 0);
  EXPECT_EQ(run_with_variable("avx2"), cpu_isa() >= Isa::avx2 ? 1 : kRaised);
  EXPECT_EQ(run_with_variable("avx512"), cpu_isa() >= Isa::avx512 ? 2 : kRaised);
  for (const char* wrong : {"AVX2", "avx", "sse9", " avx2", "avx2 ", "0"}) EXPECT_EQ(run_with_variable(wrong), kRaised);
}

}  // namespace
}  // namespace tnp

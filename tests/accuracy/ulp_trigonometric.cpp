// Prints the largest error of each trigonometric and hyperbolic function over millions of arguments.
//
//   clang++-19 -std=c++20 -O2 -ffp-contract=off -march=native -Isrc tests/accuracy/ulp_trigonometric.cpp && ./a.out
//   [count]
#include <cstdio>
#include <cstdlib>

#include "trigonometric_cases.h"

namespace {

template <class T>
int report(const char* dtype, int count) {
  int failures = 0;
  for (const auto& c : accuracy::cases<T>()) {
    const accuracy::Worst worst = accuracy::sweep<T>(c, count);
    const bool failed = worst.ulp > c.limit || !worst.failure.empty();
    std::printf("%-8s %-8s %8.3f ULP at %a -> %a %s %s\n", c.name, dtype, worst.ulp, worst.argument, worst.value,
                failed ? "FAILED" : "", worst.failure.c_str());
    std::fflush(stdout);
    failures += failed;
  }
  return failures;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1 << 20;
  return report<float>("float32", count) + report<double>("float64", count);
}

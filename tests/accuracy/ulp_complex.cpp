// Prints the largest error of either part of each complex function over random arguments.
//
//   clang++-19 -std=c++20 -O2 -ffp-contract=off -march=native -Isrc tests/accuracy/ulp_complex.cpp && ./a.out [count]
#include <cstdio>
#include <cstdlib>

#include "complex_cases.h"

namespace {

template <class T>
int report(const char* dtype, int count) {
  int failures = 0;
  for (const auto& c : accuracy::complex_cases<T>()) {
    const auto worst = accuracy::complex_sweep<T>(c, count);
    const bool failed = worst.ulp > c.limit || !worst.failure.empty();
    std::printf("%-8s %-10s %8.3f ULP at (%a, %a) -> (%a, %a) %s %s\n", c.name, dtype, worst.ulp, worst.re, worst.im,
                worst.out_re, worst.out_im, failed ? "FAILED" : "", worst.failure.c_str());
    failures += failed;
  }
  return failures;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1 << 18;
  return report<float>("complex64", count) + report<double>("complex128", count);
}

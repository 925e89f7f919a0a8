// Sweeps exp, log and relatives over their whole range and prints the largest error of each in ULP.
//
//   clang++-19 -std=c++20 -O2 -ffp-contract=off -Isrc -DTNP_ISA=avx512 -march=x86-64-v4 tests/accuracy/ulp_exp_log.cpp
//   ./a.out [name] [stride]      float functions at every stride-th bit pattern (1: all of them), double ones at random
//
// Two numbers a function: the distance of the result from the correctly rounded one in representable steps, and the
// error against the exact value (long double libm) in ULP of it.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ops/elementwise/math/core.h"
#include "ops/elementwise/math/exp_log.h"
#include "ops/elementwise/math/power.h"
#include "ops/elementwise/math/rounding.h"

namespace {

using namespace tnp::TNP_ISA;
namespace k = tnp::TNP_ISA::math;

constexpr int kBlock = 4096;

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

// Representable values in order: neighbours differ by 1, and both zeros are 0.
template <class T>
std::int64_t ordinal(T x) {
  const auto bits = __builtin_bit_cast(Bits<T>, x);
  constexpr Bits<T> sign = Bits<T>(1) << (8 * sizeof(T) - 1);
  return bits & sign ? -std::int64_t(bits & ~sign) : std::int64_t(bits);
}

// Bits that order as the numbers do, from random ones: every exponent is equally likely.
std::uint64_t next_random() {
  static std::uint64_t state = 0x9e3779b97f4a7c15u;
  std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

template <class T>
double ulp_of(long double exact) {
  const long double size = std::fabs(exact);
  constexpr long double tiny = sizeof(T) == 4 ? 0x1p-149L : 0x1p-1074L;
  int exponent;
  std::frexp(size, &exponent);
  const long double ulp = std::ldexp(1.0L, exponent - (sizeof(T) == 4 ? 24 : 53));
  return ulp < tiny ? double(tiny) : double(ulp);
}

template <class T>
struct Worst {
  std::int64_t steps = 0;
  double error = 0;
  T at = 0, at2 = 0, got = 0, want = 0;
  std::int64_t wrong_special = 0, checked = 0;

  void check(T x, T y, T result, long double exact) {
    const T rounded = T(exact);
    ++checked;
    if (rounded != rounded || result != result) {
      if ((rounded != rounded) != (result != result)) special(x, y, result, rounded);
      return;
    }
    if (rounded == 0 && result == 0 && std::signbit(rounded) != std::signbit(result)) special(x, y, result, rounded);
    const std::int64_t distance = std::llabs(ordinal(result) - ordinal(rounded));
    const bool finite = std::isfinite(result) && std::isfinite(rounded);
    const double err = finite ? double(std::fabs((long double)result - exact)) / ulp_of<T>(exact) : double(distance);
    if (distance > steps) steps = distance;
    if (err > error) error = err, at = x, at2 = y, got = result, want = rounded;
  }
  void special(T x, T y, T result, T rounded) {
    if (wrong_special++ == 0) std::printf("  special: f(%a, %a) = %a, should be %a\n", x, y, result, rounded);
  }
  void print(const char* name) const {
    std::printf("%-12s %s  steps %lld  error %.3f ULP at (%a, %a): %a, should be %a  special wrong %lld  of %lld\n",
                name, sizeof(T) == 4 ? "f32" : "f64", (long long)steps, error, at, at2, got, want,
                (long long)wrong_special, (long long)checked);
    std::fflush(stdout);
  }
};

template <class T, class Kernel>
void map_block(const T* x, const T* y, T* out, Kernel kernel) {
  using V = Vec<T, 64 / sizeof(T)>;
  for (int i = 0; i < kBlock; i += lanes_v<V>) {
    V a, b;
    std::memcpy(&a, x + i, sizeof a);
    std::memcpy(&b, y + i, sizeof b);
    const V r = kernel(a, b);
    std::memcpy(out + i, &r, sizeof r);
  }
}

// All floats, or every stride-th.
template <class Kernel, class Oracle>
void sweep_f32(const char* name, Kernel kernel, Oracle oracle, std::uint64_t stride) {
  static float x[kBlock], out[kBlock];
  Worst<float> worst;
  std::uint64_t at = 0;
  while (at < (1ull << 32)) {
    for (int i = 0; i < kBlock; ++i) {
      x[i] = __builtin_bit_cast(float, std::uint32_t(at < (1ull << 32) ? at : 0));
      at += stride;
    }
    map_block(x, x, out, kernel);
    for (int i = 0; i < kBlock; ++i) worst.check(x[i], 0, out[i], oracle(x[i]));
  }
  worst.print(name);
}

template <class T>
T random_in(T low, T high) {
  return low + (high - low) * T(next_random() >> 11) * T(0x1p-53);
}
template <class T>
T random_bits() {
  return __builtin_bit_cast(T, Bits<T>(next_random()));
}

// A third uniform in [low, high], a third near 1 (or -1, 0), a third of all bit patterns.
template <class T>
T sample(std::uint64_t i, T low, T high) {
  switch (i % 6) {
    case 0:
    case 1:
      return random_in<T>(low, high);
    case 2:
      return random_in<T>(T(0.5), T(2));
    case 3: {
      const int exponent = int(next_random() % 60);
      return T(1) + std::ldexp(random_in<T>(-1, 1), -exponent);
    }
    case 4: {
      const int exponent = int(next_random() % 60) - 20;
      return std::ldexp(random_in<T>(-1, 1), -exponent);
    }
    default:
      return random_bits<T>();
  }
}

template <class T, class Kernel, class Oracle>
void sweep_random(const char* name, Kernel kernel, Oracle oracle, T low, T high, std::uint64_t count) {
  static T x[kBlock], out[kBlock];
  constexpr T inf = __builtin_inf();
  constexpr T edge = sizeof(T) == 4 ? T(0x1p-149f) : T(0x1p-1074);
  const T specials[] = {
      0,    T(-0.0), k::Float<T>::max, -k::Float<T>::max, inf, -inf, T(__builtin_nan("")), 1, -1, 2, edge, -edge, 10,
      1000, T(0.5)};
  Worst<T> worst;
  for (std::uint64_t done = 0; done < count; done += kBlock) {
    for (int i = 0; i < kBlock; ++i) x[i] = sample<T>(done + i, low, high);
    if (done == 0) std::memcpy(x, specials, sizeof specials);
    map_block(x, x, out, kernel);
    for (int i = 0; i < kBlock; ++i) worst.check(x[i], 0, out[i], oracle(x[i]));
  }
  worst.print(name);
}

template <class Kernel, class OracleF, class OracleD>
void unary(const char* only, const char* name, std::uint64_t stride, double low, double high, Kernel kernel,
           OracleF oracle_float, OracleD oracle_double) {
  if (only && std::strcmp(only, name) != 0) return;
  const auto apply = [&](auto a, auto) { return kernel(a); };
  sweep_f32(name, apply, [&](float x) { return (long double)oracle_float(double(x)); }, stride);
  sweep_random<double>(name, apply, [&](double x) { return oracle_double((long double)x); }, low, high, 1u << 23);
}

// Pairs of samples, then all pairs of special values.
template <class T, class Kernel, class Oracle>
void sweep_pairs(const char* name, Kernel kernel, Oracle oracle, T low, T high, std::uint64_t count) {
  static T x[kBlock], y[kBlock], out[kBlock];
  constexpr T inf = __builtin_inf(), nan = __builtin_nan("");
  constexpr T edge = sizeof(T) == 4 ? T(0x1p-149f) : T(0x1p-1074);
  constexpr T max = sizeof(T) == 4 ? T(0x1.fffffep127f) : T(0x1.fffffffffffffp1023);
  const T specials[] = {0,   T(-0.0), inf,      -inf,      nan,  1,     -1,  2,    -2,  3,          -3,
                        max, -max,    T(0.5),   T(-0.5),   edge, -edge, 0.1, -0.1, 1.5, T(0x1p53),  T(-0x1p53),
                        7,   -7,      T(1e-30), T(-1e-30), 1e30, -1e30, 2.5, 1001, -8,  T(1e-310L), T(3e-39)};
  constexpr int n = sizeof specials / sizeof *specials;
  static_assert(n * n <= kBlock);
  Worst<T> worst;
  for (std::uint64_t done = 0; done < count; done += kBlock) {
    for (int i = 0; i < kBlock; ++i) {
      const bool special = done == 0 && i < n * n;
      x[i] = special ? specials[i / n] : sample<T>(next_random(), low, high);
      y[i] = special ? specials[i % n] : sample<T>(next_random(), low, high);
    }
    map_block(x, y, out, kernel);
    for (int i = 0; i < kBlock; ++i) worst.check(x[i], y[i], out[i], oracle((long double)x[i], (long double)y[i]));
  }
  worst.print(name);
}

template <class Kernel, class Oracle>
void binary(const char* only, const char* name, double low, double high, Kernel kernel, Oracle oracle) {
  if (only && std::strcmp(only, name) != 0) return;
  sweep_pairs<float>(name, kernel, oracle, float(low), float(high), 1u << 23);
  sweep_pairs<double>(name, kernel, oracle, low, high, 1u << 23);
}

long double log_add(long double x, long double y) {
  if (x == y) return x + std::log(2.0L);
  return std::max(x, y) + std::log1p(std::exp(-std::fabs(x - y)));
}

}  // namespace

#define TNP_KERNEL(f) [](auto x) { return k::f(x); }
#define TNP_ORACLES(f) [](double x) { return std::f(x); }, [](long double x) { return std::f(x); }
#define TNP_KERNEL2(f) [](auto x, auto y) { return k::f(x, y); }
#define TNP_ORACLE2(f) [](long double x, long double y) { return std::f(x, y); }

int main(int argc, char** argv) {
  const char* only = argc > 1 && std::strcmp(argv[1], "all") != 0 ? argv[1] : nullptr;
  const std::uint64_t stride = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 257;
  unary(only, "exp", stride, -750, 712, TNP_KERNEL(exp), TNP_ORACLES(exp));
  unary(only, "log", stride, 0, 100, TNP_KERNEL(log), TNP_ORACLES(log));
  unary(only, "exp2", stride, -1080, 1030, TNP_KERNEL(exp2), TNP_ORACLES(exp2));
  unary(only, "expm1", stride, -50, 712, TNP_KERNEL(expm1), TNP_ORACLES(expm1));
  unary(only, "log2", stride, 0, 100, TNP_KERNEL(log2), TNP_ORACLES(log2));
  unary(only, "log10", stride, 0, 100, TNP_KERNEL(log10), TNP_ORACLES(log10));
  unary(only, "log1p", stride, -1, 100, TNP_KERNEL(log1p), TNP_ORACLES(log1p));
  unary(only, "cbrt", stride, -100, 100, TNP_KERNEL(cbrt), TNP_ORACLES(cbrt));
  unary(only, "sqrt", stride, 0, 100, TNP_KERNEL(sqrt), TNP_ORACLES(sqrt));
  binary(only, "pow", -30, 30, TNP_KERNEL2(pow), TNP_ORACLE2(pow));
  binary(only, "hypot", -30, 30, TNP_KERNEL2(hypot), TNP_ORACLE2(hypot));
  binary(only, "fmod", -30, 30, TNP_KERNEL2(fmod), TNP_ORACLE2(fmod));
  // Of positive arguments: negative ones cancel, where only the absolute error is small.
  const auto positive = [](auto x, auto y) { return k::logaddexp(k::abs_value(x), k::abs_value(y)); };
  binary(only, "logaddexp", 0, 30, positive,
         [](long double x, long double y) { return log_add(std::fabs(x), std::fabs(y)); });
}

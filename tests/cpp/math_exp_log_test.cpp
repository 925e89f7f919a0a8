// Accuracy and edge cases of exp, log, powers, rounding and integer maths, scalar and in each vector lane.
// tests/accuracy/ulp_exp_log.cpp sweeps whole ranges.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "ops/elementwise/math/exp_log.h"
#include "ops/elementwise/math/integer.h"
#include "ops/elementwise/math/power.h"
#include "ops/elementwise/math/rounding.h"

namespace {

using namespace tnp::TNP_ISA;
namespace k = tnp::TNP_ISA::math;

template <class T>
using Limits = std::numeric_limits<T>;
template <class T>
constexpr T kInf = Limits<T>::infinity();
template <class T>
constexpr T kNaN = Limits<T>::quiet_NaN();

template <class T>
std::int64_t ordinal(T x) {
  using I = int_t<T>;
  const I bits = bit_cast<I>(x);
  return bits < 0 ? -std::int64_t(bits & Limits<I>::max()) : std::int64_t(bits);
}

template <class T>
bool same(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

// Every exponent, a few mantissas each, both signs; around 1; the special values.
template <class T>
std::vector<T> samples() {
  using F = k::Float<T>;
  std::vector<T> out = {T(0), kInf<T>, kNaN<T>, F::max, F::min_subnormal, F::min_normal, T(1), T(0.5), T(10), T(1000)};
  std::uint32_t state = 12345;
  const auto random = [&state] { return T((state = state * 1664525u + 1013904223u) >> 8) / T(1 << 24); };
  for (int e = 2 - F::bias - F::mantissa_bits; e <= F::bias; ++e) {
    for (int i = 0; i < 6; ++i) out.push_back(std::ldexp(T(1) + random(), e));
  }
  for (int i = 0; i < 4000; ++i) {
    out.push_back(T(2) * random());
    out.push_back(T(1) + std::ldexp(random() - T(0.5), -(i % 50)));
    out.push_back(T(i) / T(8));
    out.push_back(random() * T(sizeof(T) == 4 ? 110 : 760));
  }
  const std::size_t positive = out.size();
  for (std::size_t i = 0; i < positive; ++i) out.push_back(-out[i]);
  while (out.size() % 8 != 0) out.push_back(T(1));
  return out;
}

// kernel over x as scalars, each checked against the same in vectors of 4 and of 8 lanes.
template <class T, int N, class Kernel>
void expect_lanes_agree(const std::vector<T>& x, const std::vector<T>& y, const std::vector<T>& scalar, Kernel kernel) {
  for (std::size_t i = 0; i + N <= x.size(); i += N) {
    Vec<T, N> a, b;
    std::memcpy(&a, &x[i], sizeof a);
    std::memcpy(&b, &y[i], sizeof b);
    const Vec<T, N> r = kernel(a, b);
    for (int lane = 0; lane < N; ++lane) {
      ASSERT_TRUE(same<T>(r[lane], scalar[i + lane])) << "lane " << lane << " of " << N << " at " << x[i + lane] << ", "
                                                      << y[i + lane] << ": " << +r[lane] << " != " << +scalar[i + lane];
    }
  }
}
template <class T, class Kernel>
std::vector<T> evaluate(const std::vector<T>& x, const std::vector<T>& y, Kernel kernel) {
  std::vector<T> out;
  for (std::size_t i = 0; i < x.size(); ++i) out.push_back(kernel(x[i], y[i]));
  expect_lanes_agree<T, 4>(x, y, out, kernel);
  expect_lanes_agree<T, 8>(x, y, out, kernel);
  return out;
}

template <class T, class Kernel, class Oracle>
void expect_close(const std::vector<T>& x, const std::vector<T>& y, Kernel kernel, Oracle oracle, int steps) {
  const std::vector<T> got = evaluate<T>(x, y, kernel);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const T want = T(oracle((long double)x[i], (long double)y[i]));
    ASSERT_EQ(got[i] != got[i], want != want) << x[i] << ", " << y[i] << " gives " << got[i] << " for " << want;
    if (want != want) continue;
    ASSERT_LE(std::llabs(ordinal(got[i]) - ordinal(want)), steps)
        << x[i] << ", " << y[i] << " gives " << got[i] << " for " << want;
    if (want == 0) ASSERT_EQ(std::signbit(got[i]), std::signbit(want)) << x[i] << ", " << y[i];
  }
}

template <class T>
class FloatMath : public testing::Test {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(FloatMath, FloatTypes);

#define EXPECT_UNARY(f, steps) \
  expect_close<T>(             \
      x, x, [](auto a, auto) { return k::f(a); }, [](long double a, long double) { return std::f(a); }, steps)

TYPED_TEST(FloatMath, UnaryWithinBounds) {
  using T = TypeParam;
  const std::vector<T> x = samples<T>();
  EXPECT_UNARY(exp, 1);
  EXPECT_UNARY(log, 1);
  EXPECT_UNARY(exp2, 1);
  EXPECT_UNARY(expm1, 2);
  EXPECT_UNARY(log2, 2);
  EXPECT_UNARY(log10, 2);
  EXPECT_UNARY(log1p, 2);
  EXPECT_UNARY(cbrt, 1);
  EXPECT_UNARY(floor, 0);
  EXPECT_UNARY(ceil, 0);
  EXPECT_UNARY(trunc, 0);
  EXPECT_UNARY(rint, 0);
}

// Each of x with several others.
template <class T>
void make_pairs(std::vector<T>& x, std::vector<T>& y) {
  const std::vector<T> all = samples<T>();
  const T special[] = {0,  T(-0.0), 1,       -1,       kInf<T>, -kInf<T>, kNaN<T>, T(0.5), T(-0.5), 2,
                       -2, 3,       T(-3.5), T(1e-30), T(1e30), 7,        -8,      T(1.5), 17,      k::Float<T>::max};
  for (T a : special) {
    for (T b : special) x.push_back(a), y.push_back(b);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    x.push_back(all[i]), y.push_back(all[(i * 7919 + 13) % all.size()]);
    x.push_back(std::fabs(all[i])), y.push_back(std::fmod(all[(i * 104729 + 7) % all.size()], T(40)));
  }
  while (x.size() % 8 != 0) x.push_back(1), y.push_back(1);
}

#define EXPECT_BINARY(f, steps)                        \
  expect_close<T>(                                     \
      x, y, [](auto a, auto b) { return k::f(a, b); }, \
      [](long double a, long double b) { return std::f(T(a), T(b)); }, steps)

TYPED_TEST(FloatMath, BinaryWithinBounds) {
  using T = TypeParam;
  std::vector<T> x, y;
  make_pairs(x, y);
  expect_close<T>(
      x, y, [](auto a, auto b) { return k::pow(a, b); }, [](long double a, long double b) { return std::pow(a, b); },
      1);
  expect_close<T>(
      x, y, [](auto a, auto b) { return k::hypot(a, b); },
      [](long double a, long double b) { return std::hypot(a, b); }, 2);
  EXPECT_BINARY(fmod, 0);
  EXPECT_BINARY(nextafter, 0);
  EXPECT_BINARY(copysign, 0);
}

TYPED_TEST(FloatMath, LogAddExp) {
  using T = TypeParam;
  EXPECT_EQ(k::logaddexp(-kInf<T>, -kInf<T>), -kInf<T>);
  EXPECT_EQ(k::logaddexp(kInf<T>, -kInf<T>), kInf<T>);
  EXPECT_EQ(k::logaddexp(T(3), -kInf<T>), T(3));
  EXPECT_EQ(k::logaddexp2(kInf<T>, kInf<T>), kInf<T>);
  EXPECT_TRUE(std::isnan(k::logaddexp(kNaN<T>, T(1))));
  EXPECT_TRUE(std::isnan(k::logaddexp2(T(1), kNaN<T>)));
  EXPECT_EQ(k::logaddexp2(T(5), T(5)), T(6));
  for (int i = 0; i < 2000; ++i) {
    const T a = T(i) / 37, b = T(i % 91) / 9;
    const long double natural = std::log(std::exp((long double)a) + std::exp((long double)b));
    const long double binary = std::log2(std::exp2((long double)a) + std::exp2((long double)b));
    EXPECT_LE(std::llabs(ordinal(k::logaddexp(a, b)) - ordinal(T(natural))), 2) << a << ", " << b;
    EXPECT_LE(std::llabs(ordinal(k::logaddexp2(a, b)) - ordinal(T(binary))), 2) << a << ", " << b;
  }
}

TYPED_TEST(FloatMath, ExactPowersAndLogarithms) {
  using T = TypeParam;
  for (int n = -140; n <= 127; ++n) {
    EXPECT_EQ(k::exp2(T(n)), std::ldexp(T(1), n));
    EXPECT_EQ(k::log2(std::ldexp(T(1), n)), T(n));
  }
  for (int n = 0; n <= 10; ++n) EXPECT_EQ(k::log10(T(std::pow(10.0L, n))), T(n));
  EXPECT_EQ(k::pow(T(3), T(5)), T(243));
  EXPECT_EQ(k::pow(T(-2), T(3)), T(-8));
  EXPECT_EQ(k::cbrt(T(-27)), T(-3));
  EXPECT_EQ(k::hypot(T(3), T(4)), T(5));
}

TYPED_TEST(FloatMath, RemainderAndFloorDivideAreNumPys) {
  using T = TypeParam;
  struct Case {
    T a, b, quotient, remainder;
  };
  // From NumPy 2.4.
  const T inf = kInf<T>, nan = kNaN<T>;
  const Case cases[] = {
      {7, 3, 2, 1},
      {-7, 3, -3, 2},
      {7, -3, -3, -2},
      {-7, -3, 2, -1},
      {T(-0.0), 3, T(-0.0), 0},
      {0, -3, T(-0.0), T(-0.0)},
      {6, -3, -2, T(-0.0)},
      {1, inf, 0, 1},
      {-1, inf, -1, inf},
      {1, -inf, -1, -inf},
      {inf, 1, nan, nan},
      {inf, inf, nan, nan},
      {1, 0, inf, nan},
      {-1, 0, -inf, nan},
      {0, 0, nan, nan},
      {nan, 1, nan, nan},
      {1, nan, nan, nan},
      {inf, 0, inf, nan},
      {T(5.5), T(-2), -3, T(-0.5)},
  };
  for (const Case& c : cases) {
    EXPECT_TRUE(same(k::float_floor_divide(c.a, c.b), c.quotient)) << c.a << " // " << c.b;
    EXPECT_TRUE(same(k::float_remainder(c.a, c.b), c.remainder)) << c.a << " % " << c.b;
  }
  std::vector<T> x, y;
  make_pairs(x, y);
  evaluate<T>(x, y, [](auto a, auto b) { return k::float_remainder(a, b); });
  evaluate<T>(x, y, [](auto a, auto b) { return k::float_floor_divide(a, b); });
}

TYPED_TEST(FloatMath, PartsAndSpacing) {
  using T = TypeParam;
  using I = int_t<T>;
  for (T x : samples<T>()) {
    const auto [mantissa, exponent] = k::frexp(x);
    int want = 0;
    const T want_mantissa = std::frexp(x, &want);
    ASSERT_TRUE(same(mantissa, want_mantissa)) << x;
    if (std::isfinite(x)) ASSERT_EQ(exponent, I(want)) << x;
    for (int n : {0, 1, -1, 20, -20, 130, -130, -150, 1000, -1060, -2100, 2100, 2147483647, -2147483647}) {
      ASSERT_TRUE(same(k::ldexp(x, I(n)), std::ldexp(x, n))) << x << ", " << n;
    }
    const T next = std::nextafter(x, std::copysign(kInf<T>, x));
    ASSERT_TRUE(same(k::spacing(x), x == 0 ? k::Float<T>::min_subnormal : next - x)) << x;
  }
}

template <class T>
class IntegerMath : public testing::Test {};
using IntegerTypes = testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                                    std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(IntegerMath, IntegerTypes);

template <class T>
void integer_pairs(std::vector<T>& x, std::vector<T>& y) {
  std::vector<T> v = {Limits<T>::min(), T(Limits<T>::min() + 1), Limits<T>::max(), T(Limits<T>::max() - 1)};
  for (int i = -70; i <= 70; ++i) v.push_back(T(i));
  std::uint64_t state = 1;
  for (int i = 0; i < 100; ++i)
    v.push_back(T((state = state * 6364136223846793005u + 1442695040888963407u) >> (i % 40)));
  for (T a : v) {
    for (T b : v) x.push_back(a), y.push_back(b);
  }
  while (x.size() % 8 != 0) x.push_back(1), y.push_back(1);
}

using Wide = __int128;
Wide gcd_of(Wide a, Wide b) { return b == 0 ? (a < 0 ? -a : a) : gcd_of(b, a % b); }

#define EXPECT_INTEGER(f, formula)                                                           \
  do {                                                                                       \
    const std::vector<T> got = evaluate<T>(x, y, [](auto p, auto q) { return k::f(p, q); }); \
    for (std::size_t i = 0; i < x.size(); ++i) {                                             \
      const Wide a = x[i], b = y[i];                                                         \
      ASSERT_EQ(+got[i], +T(formula)) << #f " of " << +x[i] << ", " << +y[i];                \
    }                                                                                        \
  } while (false)

TYPED_TEST(IntegerMath, DivisionShiftsGcd) {
  using T = TypeParam;
  std::vector<T> x, y;
  integer_pairs(x, y);
  constexpr int width = 8 * sizeof(T);
  const auto floor_quotient = [](Wide a, Wide b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); };
  EXPECT_INTEGER(integer_floor_divide, b == 0 ? 0 : floor_quotient(a, b));
  EXPECT_INTEGER(integer_remainder, b == 0 ? 0 : a - floor_quotient(a, b) * b);
  EXPECT_INTEGER(integer_fmod, b == 0 ? 0 : a % b);
  EXPECT_INTEGER(left_shift, b < 0 || b >= width ? 0 : Wide((unsigned __int128)a << int(b)));
  EXPECT_INTEGER(right_shift, b < 0 || b >= width ? (a < 0 ? -1 : 0) : a >> int(b));
  EXPECT_INTEGER(gcd, gcd_of(a, b));
  using UnsignedWide = unsigned __int128;  // the product of two uint64 may wrap
  EXPECT_INTEGER(
      lcm, gcd_of(a, b) == 0 ? 0 : Wide(UnsignedWide((a < 0 ? -a : a) / gcd_of(a, b)) * UnsignedWide(b < 0 ? -b : b)));
}

TYPED_TEST(IntegerMath, PowerWraps) {
  using T = TypeParam;
  std::vector<T> x, y;
  integer_pairs(x, y);
  const auto power = [](Wide a, Wide b) {
    if (b < 0) return T(a == 1 ? 1 : a == -1 ? (b % 2 != 0 ? -1 : 1) : 0);
    std::uint64_t result = 1, base = std::uint64_t(a);
    for (auto n = std::uint64_t(b); n != 0; n >>= 1, base *= base) result *= n & 1 ? base : 1;
    return T(result);
  };
  EXPECT_INTEGER(integer_pow, power(a, b));
}

}  // namespace

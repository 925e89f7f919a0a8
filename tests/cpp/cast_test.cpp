#include "ops/elementwise/cast.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "strided_array.h"
#include "tnp/runtime.h"

namespace tnp {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// Each value at every place of a vector and in its tail.
template <class From, class To>
void expect_casts(DType from, DType to, const std::vector<From>& values, const std::vector<To>& expected) {
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    for (size_t shift = 0; shift < 67; shift += 3) {
      std::vector<From> in(shift, From(1));
      in.insert(in.end(), values.begin(), values.end());
      std::vector<To> out(in.size());
      cast_block(from, to, in.data(), out.data(), static_cast<int64_t>(in.size()));
      for (size_t i = 0; i < values.size(); i++) {
        ASSERT_EQ(std::memcmp(&out[shift + i], &expected[i], sizeof(To)), 0)
            << name(from) << " to " << name(to) << ", value " << i << " after " << shift << ", " << isa_name(isa);
      }
    }
  }
}

// What NumPy 2.4.6 gives on x86-64 (uint32: its scalar loop).
const std::vector<double> kFloats = {kNan, kInf,   -kInf, -1.5,   300.7,  -300.7, 70000.,  3e9,     -3e9,
                                     5e9,  9.3e18, -1e19, 1.9e19, 0x1p63, 0x1p64, -0x1p63, -0x1p31, 0x1p31};

template <class T>
void expect_float_to(DType to, const std::vector<T>& expected) {
  expect_casts<double, T>(DType::float64, to, kFloats, expected);
}

TEST(Cast, FloatsToIntegersAsNumPy) {
  constexpr int32_t low32 = INT32_MIN;
  constexpr int64_t low64 = INT64_MIN;
  expect_float_to<int8_t>(DType::int8, {0, 0, 0, -1, 44, -44, 112, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  expect_float_to<uint8_t>(DType::uint8, {0, 0, 0, 255, 44, 212, 112, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  expect_float_to<int16_t>(DType::int16, {0, 0, 0, -1, 300, -300, 4464, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  expect_float_to<uint16_t>(DType::uint16, {0, 0, 0, 65535, 300, 65236, 4464, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  expect_float_to<int32_t>(DType::int32, {low32, low32, low32, -1, 300, -300, 70000, low32, low32, low32, low32, low32,
                                          low32, low32, low32, low32, low32, low32});
  expect_float_to<uint32_t>(DType::uint32, {0, 0, 0, 4294967295u, 300, 4294966996u, 70000, 3000000000u, 1294967296u,
                                            705032704u, 0, 0, 0, 0, 0, 0, 0x80000000u, 0x80000000u});
  expect_float_to<int64_t>(
      DType::int64, {low64, low64, low64, -1, 300, -300, 70000, 3000000000, -3000000000, 5000000000, low64, low64,
                     low64, low64, low64, low64, low32, -int64_t{low32}});
  constexpr uint64_t high = uint64_t{1} << 63;
  expect_float_to<uint64_t>(DType::uint64, {high, 0, high, uint64_t(-1), 300, uint64_t(-300), 70000, 3000000000u,
                                            uint64_t(-3000000000), 5000000000u, 9300000000000000000u, high, 0, high, 0,
                                            high, uint64_t(-(int64_t{1} << 31)), uint64_t{1} << 31});
}

TEST(Cast, Float32ToWideIntegers) {
  expect_casts<float, int64_t>(DType::float32, DType::int64, {float(kNan), 0x1p62f, -0x1p63f, 0x1p63f, -2.9f},
                               {INT64_MIN, int64_t{1} << 62, INT64_MIN, INT64_MIN, -2});
  expect_casts<float, uint64_t>(DType::float32, DType::uint64, {float(kNan), 0x1.8p63f, -1.0f, 0x1p64f},
                                {uint64_t{1} << 63, uint64_t{3} << 62, uint64_t(-1), 0});
  expect_casts<float, int32_t>(DType::float32, DType::int32, {float(kNan), 0x1.fffffep30f, -0x1p31f, 0x1p31f},
                               {INT32_MIN, 2147483520, INT32_MIN, INT32_MIN});
}

TEST(Cast, BooleanIsNonzero) {
  expect_casts<double, uint8_t>(DType::float64, DType::bool_, {0.0, -0.0, kNan, 1e-320, -kInf}, {0, 0, 1, 1, 1});
  expect_casts<int64_t, uint8_t>(DType::int64, DType::bool_, {0, 256, int64_t{1} << 40, -1}, {0, 1, 1, 1});
  expect_casts<uint16_t, uint8_t>(DType::float16, DType::bool_, {0, 0x8000, 1, 0x7e00}, {0, 0, 1, 1});
  expect_casts<std::complex<float>, uint8_t>(DType::complex64, DType::bool_, {{0, 0}, {0, 1}, {-0.0f, -0.0f}, {2, 0}},
                                             {0, 1, 0, 1});
  expect_casts<uint8_t, double>(DType::bool_, DType::float64, {0, 1, 7}, {0, 1, 1});
}

TEST(Cast, ComplexDropsAndGainsImaginaryParts) {
  expect_casts<std::complex<double>, int32_t>(DType::complex128, DType::int32, {{-7.5, 3}, {8, kNan}}, {-7, 8});
  expect_casts<int8_t, std::complex<float>>(DType::int8, DType::complex64, {-3, 100}, {{-3, 0}, {100, 0}});
  expect_casts<std::complex<float>, std::complex<double>>(DType::complex64, DType::complex128, {{0.5f, -2}},
                                                          {{0.5, -2}});
}

TEST(Cast, EveryHalfToFloat) {
  std::vector<uint16_t> halves(65536);
  for (size_t i = 0; i < halves.size(); i++) halves[i] = static_cast<uint16_t>(i);
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    std::vector<float> f(65536);
    std::vector<uint16_t> back(65536);
    cast_block(DType::float16, DType::float32, halves.data(), f.data(), 65536);
    cast_block(DType::float32, DType::float16, f.data(), back.data(), 65536);
    for (int i = 0; i < 65536; i++) {
      const int exponent = (i >> 10) & 31, mantissa = i & 1023;
      const double magnitude = exponent == 31  ? (mantissa != 0 ? kNan : kInf)
                               : exponent == 0 ? std::ldexp(mantissa, -24)
                                               : std::ldexp(1024 + mantissa, exponent - 25);
      const double expected = (i & 0x8000) != 0 ? -magnitude : magnitude;
      ASSERT_TRUE(f[i] == expected || (std::isnan(f[i]) && std::isnan(expected))) << i;
      ASSERT_EQ(std::signbit(f[i]), (i & 0x8000) != 0) << i;
      ASSERT_EQ(back[i], std::isnan(expected) ? i | 0x200 : i) << i << isa_name(isa);
    }
  }
}

// The nearest number with `digits` significant bits and no bit below 2^least, ties to even: by long double arithmetic.
double round_to(long double x, int digits, int least, double overflow) {
  if (!std::isfinite(x) || x == 0) return static_cast<double>(x);
  int exponent = 0;
  std::frexp(x, &exponent);
  const int unit = std::max(exponent - digits, least);
  const long double rounded = std::ldexp(std::rint(std::ldexp(x, -unit)), unit);
  return static_cast<double>(std::fabs(rounded) >= overflow ? std::copysign(kInf, rounded) : rounded);
}

template <class From>
void expect_halves_of(DType from, const std::vector<From>& values) {
  const auto n = static_cast<int64_t>(values.size());
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    for (const bool brain : {false, true}) {
      const DType to = brain ? DType::bfloat16 : DType::float16;
      std::vector<uint16_t> half(values.size());
      std::vector<double> result(values.size());
      cast_block(from, to, values.data(), half.data(), n);
      cast_block(to, DType::float64, half.data(), result.data(), n);
      for (size_t i = 0; i < values.size(); i++) {
        const double expected = brain ? round_to(values[i], 8, -133, 0x1p128) : round_to(values[i], 11, -24, 65536);
        ASSERT_TRUE(result[i] == expected || (std::isnan(result[i]) && std::isnan(expected)))
            << +values[i] << " to " << name(to) << " gives " << result[i] << ", not " << expected << ", "
            << isa_name(isa);
        ASSERT_EQ(std::signbit(result[i]), std::signbit(static_cast<double>(values[i])));
      }
    }
  }
}

TEST(Cast, HalvesAreRoundedOnce) {
  std::mt19937_64 rng(3);
  std::vector<double> doubles = {0.0,
                                 -0.0,
                                 kInf,
                                 -kInf,
                                 kNan,
                                 65519.999999999,
                                 65520,
                                 5e-8,
                                 2.9802322387695312e-8,
                                 1e300,
                                 -1e300,
                                 5e-324,
                                 0x1p-134,
                                 0x1.0000001p-134,
                                 0x1.fffffffffffffp127,
                                 3.4e38};
  // Around ties: a half's midpoint, and it plus and minus what float32 cannot hold.
  for (int i = 0; i < 20000; i++) {
    const int exponent = int(rng() % 300) - 150;
    const double tie = std::ldexp(double((rng() % 8192) | 1), exponent);
    for (const double x : {tie, std::nextafter(tie, kInf), std::nextafter(tie, -kInf), tie * (1 + 0x1p-40)}) {
      doubles.push_back(rng() % 2 != 0 ? x : -x);
    }
  }
  expect_halves_of<double>(DType::float64, doubles);
  std::vector<float> floats(doubles.begin(), doubles.end());
  expect_halves_of<float>(DType::float32, floats);
  std::vector<int64_t> wide = {0, INT64_MIN, INT64_MAX, 65519, 65520, -65520};
  std::vector<uint64_t> unsigned_wide = {0, UINT64_MAX, 5026016929836411589u};
  std::vector<int32_t> narrow = {0, INT32_MIN, INT32_MAX};
  for (int i = 0; i < 20000; i++) {
    const int shift = int(rng() % 55);
    const int64_t tie = (int64_t((rng() % 512) | 256) * 2 + 1) << shift, x = tie + int64_t(rng() % 3) - 1;
    wide.push_back(rng() % 2 != 0 ? x : -x);
    unsigned_wide.push_back(static_cast<uint64_t>(x));
    narrow.push_back(static_cast<int32_t>(wide.back()));
  }
  expect_halves_of<int64_t>(DType::int64, wide);
  expect_halves_of<uint64_t>(DType::uint64, unsigned_wide);
  expect_halves_of<int32_t>(DType::int32, narrow);
}

template <class From, class To>
void expect_integers(DType from, DType to) {
  std::mt19937_64 rng(5);
  std::vector<From> in(131);
  std::vector<To> expected(in.size());
  for (size_t i = 0; i < in.size(); i++) {
    in[i] = static_cast<From>(rng());
    expected[i] = static_cast<To>(in[i]);
  }
  expect_casts<From, To>(from, to, in, expected);
}

template <class From>
void expect_integers_to_all(DType from) {
  expect_integers<From, int8_t>(from, DType::int8);
  expect_integers<From, int16_t>(from, DType::int16);
  expect_integers<From, int32_t>(from, DType::int32);
  expect_integers<From, int64_t>(from, DType::int64);
  expect_integers<From, uint8_t>(from, DType::uint8);
  expect_integers<From, uint16_t>(from, DType::uint16);
  expect_integers<From, uint32_t>(from, DType::uint32);
  expect_integers<From, uint64_t>(from, DType::uint64);
  expect_integers<From, float>(from, DType::float32);
  expect_integers<From, double>(from, DType::float64);
}

TEST(Cast, IntegersWrapAndRound) {
  expect_integers_to_all<int8_t>(DType::int8);
  expect_integers_to_all<int16_t>(DType::int16);
  expect_integers_to_all<int32_t>(DType::int32);
  expect_integers_to_all<int64_t>(DType::int64);
  expect_integers_to_all<uint8_t>(DType::uint8);
  expect_integers_to_all<uint16_t>(DType::uint16);
  expect_integers_to_all<uint32_t>(DType::uint32);
  expect_integers_to_all<uint64_t>(DType::uint64);
}

// Strided casts give what the block kernel gives element by element, for every pair of types.
TEST(Cast, AnyStrides) {
  const ThreadsScope threads(3);
  std::mt19937 rng(11);
  for (int trial = 0; trial < 1500; trial++) {
    const auto from = static_cast<DType>(trial / 15 % 15), to = static_cast<DType>(trial % 15);
    const std::vector<int64_t> shape = trial % 100 == 99 ? std::vector<int64_t>{300, 1100} : random_shape(rng);
    StridedArray src = random_strided(rng, from, shape, true), dst = random_strided(rng, to, shape, false);
    if (rng() % 3 == 0) src = contiguous_array(from, shape);
    if (rng() % 3 == 0) dst = contiguous_array(to, shape);
    for (char& c : src.memory) c = from == DType::bool_ ? static_cast<char>(rng() & 1) : static_cast<char>(rng() % 120);
    StridedArray expected = dst;
    const int64_t n = src.size();
    for (int64_t i = 0; i < n; i++) cast_block(from, to, src.at(i), expected.at(i), 1);
    cast_strided(src.view(), dst.view());
    ASSERT_EQ(dst.memory, expected.memory) << name(from) << " to " << name(to) << ", trial " << trial;
  }
}

}  // namespace
}  // namespace tnp

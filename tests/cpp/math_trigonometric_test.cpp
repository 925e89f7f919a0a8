// Scalar maths: trigonometric, hyperbolic and complex functions. Accuracy against long double, special values by C99.
#include <gtest/gtest.h>

#include "../accuracy/complex_cases.h"

namespace {

namespace math = tnp::TNP_ISA::math;
using accuracy::same_bits;
using tnp::TNP_ISA::Vec;

constexpr double kInf = HUGE_VAL;
const double kNan = std::nan("");

template <class T>
class MathTest : public testing::Test {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(MathTest, FloatTypes);

TYPED_TEST(MathTest, RealFunctionsAreAccurate) {
  for (const auto& c : accuracy::cases<TypeParam>()) {
    const accuracy::Worst worst = accuracy::sweep<TypeParam>(c, 1 << 13, 7);
    EXPECT_LE(worst.ulp, c.limit) << c.name << " at " << worst.argument << " gives " << worst.value;
    EXPECT_EQ(worst.failure, "") << c.name;
  }
}

TYPED_TEST(MathTest, ComplexFunctionsAreAccurate) {
  for (const auto& c : accuracy::complex_cases<TypeParam>()) {
    const auto worst = accuracy::complex_sweep<TypeParam>(c, 1 << 12, 7);
    EXPECT_LE(worst.ulp, c.limit) << c.name << " at " << worst.re << ", " << worst.im;
    EXPECT_EQ(worst.failure, "") << c.name;
  }
}

TYPED_TEST(MathTest, SineAndCosineStayWithinOne) {
  using T = TypeParam;
  T x = T(M_PI_2) - 1000 * std::numeric_limits<T>::epsilon();
  for (int i = 0; i < 4000; ++i, x = std::nextafter(x, T(2))) EXPECT_LE(std::fabs(math::sin(x)), 1);
  for (T y = -T(5e-3); y < T(5e-3); y += T(1e-5)) EXPECT_LE(std::fabs(math::cos(y)), 1);
  EXPECT_EQ(math::cos(T(0)), 1);
  EXPECT_EQ(math::cos(-T(0)), 1);
  EXPECT_EQ(math::cos(std::numeric_limits<T>::denorm_min()), 1);
}

TYPED_TEST(MathTest, ZeroKeepsItsSign) {
  using T = TypeParam;
  using Function = T (*)(T);
  const Function functions[] = {
      [](T x) { return math::sin(x); },     [](T x) { return math::tan(x); },     [](T x) { return math::arcsin(x); },
      [](T x) { return math::arctan(x); },  [](T x) { return math::sinh(x); },    [](T x) { return math::tanh(x); },
      [](T x) { return math::arcsinh(x); }, [](T x) { return math::arctanh(x); }, [](T x) { return math::degrees(x); }};
  for (const Function f : functions) {
    EXPECT_TRUE(same_bits(f(T(0)), T(0)));
    EXPECT_TRUE(same_bits(f(-T(0)), -T(0)));
  }
}

TEST(TrigonometricTest, HugeArguments) {
  // Exact values from 1300-bit arithmetic; the third argument is the double closest to a multiple of pi/2.
  const double close = std::ldexp(6381956970095103.0, 797);
  EXPECT_EQ(math::cos(close), -0x1.14ae72e6ba22fp-61);
  EXPECT_EQ(math::sin(close), 1);
  EXPECT_EQ(math::sin(1e300), -0x1.a2c16b010e385p-1);
  EXPECT_EQ(math::cos(1e300), -0x1.2699022adc4c1p-1);
  EXPECT_DOUBLE_EQ(math::tan(1e300), 0x1.6be411f37ac77p+0);
  EXPECT_DOUBLE_EQ(math::sin(1e22), -0x1.b453ab76bf397p-1);
  EXPECT_DOUBLE_EQ(math::sin(std::numeric_limits<double>::max()), 0x1.452fc98b34e97p-8);
  EXPECT_FLOAT_EQ(math::sin(std::numeric_limits<float>::max()), static_cast<float>(-0x1.0b33665089575p-1));
}

TEST(TrigonometricTest, EveryBitOfTwoOverPiCounts) {
  std::mt19937_64 random(9);
  for (int exponent = 20; exponent < 1024; ++exponent) {
    for (int i = 0; i < 8; ++i) {
      const double x = std::ldexp(1 + static_cast<double>(random() >> 12) * 0x1p-52, exponent);
      EXPECT_LE(accuracy::ulp_error(math::sin(x), std::sin(static_cast<long double>(x))), 2.5) << x;
      EXPECT_LE(accuracy::ulp_error(math::cos(x), std::cos(static_cast<long double>(x))), 2.5) << x;
    }
  }
}

TEST(TrigonometricTest, RareLanesLeaveTheOthersAlone) {
  const Vec<double, 4> x = {0.5, 1e300, kInf, -1.25};
  const Vec<double, 4> y = math::sin(x);
  EXPECT_EQ(y[0], math::sin(0.5));
  EXPECT_EQ(y[1], math::sin(1e300));
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(y[3], math::sin(-1.25));
  const auto both = math::sincos(x);
  EXPECT_EQ(both.sin[1], y[1]);
  EXPECT_EQ(both.cos[1], math::cos(1e300));
  EXPECT_NEAR(both.cos[3], std::cos(-1.25), 1e-15);
}

TYPED_TEST(MathTest, Arctan2) {
  using T = TypeParam;
  const std::vector<T> values = accuracy::special_arguments<T>();
  for (const T y : values) {
    for (const T x : values) {
      const long double exact = std::atan2(static_cast<long double>(y), static_cast<long double>(x));
      EXPECT_LE(accuracy::ulp_error<T>(math::arctan2(y, x), exact), 2) << y << ", " << x;
      const Vec<T, 4> v = math::arctan2(Vec<T, 4>(y), Vec<T, 4>(x));
      EXPECT_TRUE(same_bits(v[2], math::arctan2(y, x)));
    }
  }
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 20000; ++i) {
    const T y = static_cast<T>(normal(random)), x = static_cast<T>(normal(random));
    const long double exact = std::atan2(static_cast<long double>(y), static_cast<long double>(x));
    EXPECT_LE(accuracy::ulp_error<T>(math::arctan2(y, x), exact), 2.25) << y << ", " << x;
  }
}

TEST(TrigonometricTest, SincAndAngles) {
  EXPECT_EQ(math::sinc(0.0), 1);
  EXPECT_EQ(math::sinc(-0.0), 1);
  EXPECT_NEAR(math::sinc(1.0), 3.8981718325193755e-17, 1e-32);
  EXPECT_DOUBLE_EQ(math::sinc(0.5), 2 / M_PI);
  EXPECT_TRUE(std::isnan(math::sinc(kInf)));
  EXPECT_EQ(math::degrees(M_PI), 180);
  EXPECT_EQ(math::radians(180.0), M_PI);
}

TEST(HyperbolicTest, Limits) {
  EXPECT_EQ(math::sinh(kInf), kInf);
  EXPECT_EQ(math::sinh(-kInf), -kInf);
  EXPECT_EQ(math::cosh(-kInf), kInf);
  EXPECT_TRUE(std::isfinite(math::sinh(710.4758600739439)));
  EXPECT_EQ(math::sinh(710.4758600739440), kInf);
  EXPECT_EQ(math::tanh(-kInf), -1);
  EXPECT_EQ(math::arctanh(1.0), kInf);
  EXPECT_TRUE(std::isnan(math::arctanh(1.0000000000000002)));
  EXPECT_TRUE(same_bits(math::arccosh(1.0), 0.0));
  EXPECT_TRUE(std::isnan(math::arccosh(0.5)));
  EXPECT_EQ(math::sinh(5e-324), 5e-324);
}

using Z = math::Complex<double>;

void expect_same(Z actual, double re, double im, const char* what) {
  EXPECT_TRUE(same_bits(actual.re, re) && same_bits(actual.im, im))
      << what << ": (" << actual.re << ", " << actual.im << ") instead of (" << re << ", " << im << ")";
}

TEST(ComplexTest, Division) {
  expect_same(Z{1, 2} / Z{3, 4}, 0.44, 0.08, "quotient");
  expect_same(Z{1, -1} / Z{0, 0}, kInf, -kInf, "by zero");
  expect_same(Z{0, 0} / Z{0, 0}, kNan, kNan, "zero by zero");
  expect_same(Z{1e300, 1e300} / Z{1e300, 1e300}, 1, 0, "no overflow");
  expect_same(math::reciprocal(Z{0, 2}), 0, -0.5, "reciprocal");
}

TEST(ComplexTest, AnnexG) {
  expect_same(math::sqrt(Z{-4, -0.0}), 0, -2, "sqrt below the cut");
  expect_same(math::sqrt(Z{-4, 0.0}), 0, 2, "sqrt above the cut");
  expect_same(math::sqrt(Z{-kInf, 1}), 0, kInf, "sqrt");
  expect_same(math::sqrt(Z{kNan, -kInf}), kInf, -kInf, "sqrt");
  expect_same(math::exp(Z{-kInf, kNan}), 0, 0, "exp");
  expect_same(math::exp(Z{kInf, -0.0}), kInf, -0.0, "exp");
  expect_same(math::exp(Z{kInf, kInf}), kInf, kNan, "exp");
  expect_same(math::log(Z{-0.0, 0.0}), -kInf, M_PI, "log");
  expect_same(math::log(Z{0.0, -0.0}), -kInf, -0.0, "log");
  expect_same(math::log(Z{-kInf, kInf}), kInf, 3 * M_PI / 4, "log");
  expect_same(math::log(Z{kNan, kInf}), kInf, kNan, "log");
  expect_same(math::tanh(Z{kInf, kInf}), 1, 0, "tanh");
  expect_same(math::sinh(Z{0, kInf}), 0, kNan, "sinh");
  expect_same(math::cosh(Z{kInf, 0}), kInf, 0, "cosh");
  expect_same(math::arccos(Z{kInf, 1}), 0, -kInf, "arccos");
  expect_same(math::arctanh(Z{1, 0}), kInf, 0, "arctanh");
  expect_same(math::arcsinh(Z{kNan, 0}), kNan, 0, "arcsinh");
  EXPECT_EQ(math::abs(Z{kNan, -kInf}), kInf);
}

TEST(ComplexTest, OrderIsLexicographic) {
  EXPECT_TRUE(math::less(Z{1, 5}, Z{2, 0}));
  EXPECT_TRUE(math::less(Z{1, 0}, Z{1, 1}));
  EXPECT_FALSE(math::less(Z{1, 1}, Z{1, 1}));
  EXPECT_TRUE(math::less_equal(Z{1, 1}, Z{1, 1}));
  EXPECT_FALSE(math::less(Z{1, kNan}, Z{2, 0}));
  EXPECT_TRUE(math::greater(Z{2, 0}, Z{1, 7}));
  EXPECT_FALSE(math::equal(Z{kNan, 0}, Z{kNan, 0}));
  EXPECT_TRUE(math::not_equal(Z{kNan, 0}, Z{kNan, 0}));
  expect_same(math::maximum(Z{1, 2}, Z{kNan, 0}), kNan, 0, "maximum");
  expect_same(math::fmax(Z{1, 2}, Z{kNan, 0}), 1, 2, "fmax");
}

TEST(ComplexTest, Sign) {
  expect_same(math::sign(Z{3, 4}), 0.6, 0.8, "sign");
  expect_same(math::sign(Z{-0.0, 0}), 0, 0, "sign");
  expect_same(math::sign(Z{-kInf, 5}), -1, 0, "sign");
  expect_same(math::sign(Z{kNan, -kInf}), 0, -1, "sign");
  expect_same(math::sign(Z{kInf, kInf}), kNan, kNan, "sign");
}

TEST(ComplexTest, Power) {
  expect_same(math::pow(Z{0, 0}, Z{0, 0}), 1, 0, "0^0");
  expect_same(math::pow(Z{kNan, 0}, Z{0, 0}), 1, 0, "nan^0");
  expect_same(math::pow(Z{0, 0}, Z{2, 1}), 0, 0, "0^z");
  expect_same(math::pow(Z{0, 0}, Z{-1, 0}), kNan, kNan, "0^-1");
  expect_same(math::pow(Z{1, 2}, Z{2, 0}), -3, 4, "square");
  expect_same(math::pow(Z{0, 1}, Z{4, 0}), 1, 0, "i^4");
  expect_same(math::pow(Z{0, 2}, Z{-2, 0}), -0.25, -0.0, "(2i)^-2");
  const Z root = math::pow(Z{0, 1}, Z{0.5, 0});
  EXPECT_NEAR(root.re, M_SQRT1_2, 2e-16);
  EXPECT_NEAR(root.im, M_SQRT1_2, 2e-16);
}

// Functions whose parts may cancel: the error counts relative to the modulus.
TEST(ComplexTest, ExponentialsAndLogarithmsWithinAFewEpsilons) {
  using L = accuracy::LongComplex;
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  const long double ln2 = std::log(2.0L);
  for (int i = 0; i < 4000; ++i) {
    const double scale = (i & 1) != 0 ? 1 : 1e-6;
    const Z z{normal(random) * scale, normal(random) * scale};
    const L exact{z.re, z.im};
    const auto expect_near = [&](Z actual, L expected, const char* what) {
      const L difference = L(actual.re, actual.im) - expected;
      EXPECT_LE(std::abs(difference), 3e-16L * 2 * std::abs(expected)) << what << " " << z.re << ", " << z.im;
    };
    const long double half = std::sin(exact.imag() / 2);
    const L expm1(std::expm1(exact.real()) * std::cos(exact.imag()) - 2 * half * half,
                  std::exp(exact.real()) * std::sin(exact.imag()));
    expect_near(math::expm1(z), expm1, "expm1");
    const long double square_less_1 = exact.real() * (2 + exact.real()) + exact.imag() * exact.imag();
    expect_near(math::log1p(z), L(std::log1p(square_less_1) / 2, std::atan2(exact.imag(), 1 + exact.real())), "log1p");
    expect_near(math::exp2(z), std::exp(exact * ln2), "exp2");
    expect_near(math::log2(z), std::log(exact) / ln2, "log2");
    expect_near(math::log10(z), std::log(exact) / std::log(10.0L), "log10");
  }
}

}  // namespace

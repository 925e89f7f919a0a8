// Matrix multiplication against a plain triple loop: every type, layout, instruction set, with and without BLAS.
#include "ops/matmul/gemm.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "ops/matmul/blas.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/error.h"
#include "tnp/runtime.h"

namespace tnp {
namespace {

template <class T>
constexpr bool kIsComplex = false;
template <class T>
constexpr bool kIsComplex<std::complex<T>> = true;

template <class T>
struct TypeOf;
#define TNP_TYPE_OF(CPP, NAME)                  \
  template <>                                   \
  struct TypeOf<CPP> {                          \
    static constexpr DType dtype = DType::NAME; \
  }
TNP_TYPE_OF(bool, bool_);
TNP_TYPE_OF(int8_t, int8);
TNP_TYPE_OF(int16_t, int16);
TNP_TYPE_OF(int32_t, int32);
TNP_TYPE_OF(int64_t, int64);
TNP_TYPE_OF(uint8_t, uint8);
TNP_TYPE_OF(uint16_t, uint16);
TNP_TYPE_OF(uint32_t, uint32);
TNP_TYPE_OF(uint64_t, uint64);
TNP_TYPE_OF(float, float32);
TNP_TYPE_OF(double, float64);
TNP_TYPE_OF(std::complex<float>, complex64);
TNP_TYPE_OF(std::complex<double>, complex128);

// Small whole numbers in floating types, so that sums are exact in any order; all bits in integers, so that they wrap.
template <class T>
T random_element(std::mt19937_64& random) {
  if constexpr (std::is_same_v<T, bool>) {
    return random() % 8 == 0;
  } else if constexpr (std::is_integral_v<T>) {
    return T(random());
  } else if constexpr (kIsComplex<T>) {
    return T(float(int(random() % 9) - 4), float(int(random() % 9) - 4));
  } else {
    return T(int(random() % 17) - 8);
  }
}

template <class T>
T multiply_add(T sum, T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return sum || (a && b);
  } else if constexpr (std::is_integral_v<T>) {
    return T(uint64_t(sum) + uint64_t(a) * uint64_t(b));
  } else {
    return sum + a * b;
  }
}

// A matrix inside a larger block of memory; `data` is element (0, 0).
template <class T>
struct Operand {
  std::vector<uint8_t> storage;
  const T* data;
  int64_t row_stride, col_stride;
  const T& at(int64_t i, int64_t j) const { return data[i * row_stride + j * col_stride]; }
};

enum class Layout {
  rows,
  columns,
  padded_rows,
  both_strided,
  negative_columns,
  negative_rows,
  broadcast_row,
  broadcast_col
};
constexpr Layout kLayouts[] = {Layout::rows,          Layout::columns,          Layout::padded_rows,
                               Layout::both_strided,  Layout::negative_columns, Layout::negative_rows,
                               Layout::broadcast_row, Layout::broadcast_col};

template <class T>
Operand<T> make_operand(std::mt19937_64& random, int64_t rows, int64_t cols, Layout layout) {
  Operand<T> x;
  const int64_t elements = std::max<int64_t>(1, (2 * rows + 1) * (3 * cols + 5));
  x.storage.resize(size_t(elements) * sizeof(T));
  T* data = reinterpret_cast<T*>(x.storage.data());
  for (int64_t i = 0; i < elements; ++i) data[i] = random_element<T>(random);
  x.data = data;
  switch (layout) {
    case Layout::rows:
      x.row_stride = cols, x.col_stride = 1;
      break;
    case Layout::columns:
      x.row_stride = 1, x.col_stride = rows;
      break;
    case Layout::padded_rows:
      x.row_stride = cols + 3, x.col_stride = 1, x.data += 1;
      break;
    case Layout::both_strided:
      x.row_stride = 2 * cols + 1, x.col_stride = 2;
      break;
    case Layout::negative_columns:
      x.row_stride = cols, x.col_stride = -1, x.data += std::max<int64_t>(cols - 1, 0);
      break;
    case Layout::negative_rows:
      x.row_stride = -cols, x.col_stride = 1, x.data += std::max<int64_t>(rows - 1, 0) * cols;
      break;
    case Layout::broadcast_row:
      x.row_stride = 0, x.col_stride = 1;
      break;
    case Layout::broadcast_col:
      x.row_stride = 1, x.col_stride = 0;
      break;
  }
  return x;
}

template <class T>
void check_product(std::mt19937_64& random, int64_t m, int64_t n, int64_t k, Layout a_layout, Layout b_layout) {
  const Operand<T> a = make_operand<T>(random, m, k, a_layout), b = make_operand<T>(random, k, n, b_layout);
  std::vector<uint8_t> result(size_t(m * n) * sizeof(T) + 64, 0xff);  // NaN, and 64 bytes that must stay
  T* c = reinterpret_cast<T*>(result.data());
  gemm(TypeOf<T>::dtype, m, n, k, a.data, a.row_stride, a.col_stride, b.data, b.row_stride, b.col_stride, c);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      T expected{};
      for (int64_t p = 0; p < k; ++p) expected = multiply_add<T>(expected, a.at(i, p), b.at(p, j));
      ASSERT_EQ(c[i * n + j], expected) << name(TypeOf<T>::dtype) << " " << m << "x" << k << " @ " << k << "x" << n
                                        << " layouts " << int(a_layout) << "," << int(b_layout) << " at " << i << ","
                                        << j;
    }
  }
  for (size_t i = size_t(m * n) * sizeof(T); i < result.size(); ++i) ASSERT_EQ(result[i], 0xff) << "wrote past the end";
}

// Instruction set and whether BLAS is used.
struct Setup {
  Isa isa;
  bool blas;
};

class GemmTest : public testing::TestWithParam<Setup> {
 protected:
  void SetUp() override {
    if (GetParam().isa > cpu_isa()) GTEST_SKIP() << "the CPU has no " << isa_name(GetParam().isa);
    force_isa(GetParam().isa);
    set_blas_library(GetParam().blas ? "" : "none");
    if (GetParam().blas && blas_info().path.empty()) GTEST_SKIP() << "no OpenBLAS (set TNP_OPENBLAS)";
  }
  void TearDown() override {
    reset_isa();
    set_blas_library("");
  }
};

INSTANTIATE_TEST_SUITE_P(Setups, GemmTest,
                         testing::Values(Setup{Isa::baseline, false}, Setup{Isa::avx2, false},
                                         Setup{Isa::avx512, false}, Setup{cpu_isa(), true}),
                         [](const auto& param) {
                           return std::string(isa_name(param.param.isa)) + (param.param.blas ? "_blas" : "");
                         });

template <class... T>
struct Types {};
using NumericTypes = Types<bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, float,
                           double, std::complex<float>, std::complex<double>>;

template <class F, class... T>
void for_types(Types<T...>, F&& check) {
  (check.template operator()<T>(), ...);
}

TEST_P(GemmTest, SmallSizesOfEveryType) {
  std::mt19937_64 random(1);
  for_types(NumericTypes(), [&]<class T>() {
    for (int64_t m : {1, 2, 3, 4, 5, 7, 9, 13}) {
      for (int64_t n : {1, 2, 3, 4, 7, 8, 15, 17, 33, 65, 129, 131}) {
        for (int64_t k : {1, 2, 5, 16}) check_product<T>(random, m, n, k, Layout::rows, Layout::rows);
      }
    }
  });
}

TEST_P(GemmTest, EveryPairOfLayouts) {
  std::mt19937_64 random(2);
  for_types(NumericTypes(), [&]<class T>() {
    for (Layout a : kLayouts) {
      for (Layout b : kLayouts) {
        check_product<T>(random, 5, 7, 6, a, b);
        check_product<T>(random, 37, 41, 43, a, b);
        check_product<T>(random, 1, 67, 71, a, b);
        check_product<T>(random, 67, 1, 71, a, b);
        check_product<T>(random, 3, 1, 5, a, b);
        check_product<T>(random, 1, 1, 300, a, b);
      }
    }
  });
}

TEST_P(GemmTest, SizesOfManyTilesAndTasks) {
  std::mt19937_64 random(3);
  for_types(NumericTypes(), [&]<class T>() {
    check_product<T>(random, 130, 150, 140, Layout::rows, Layout::rows);
    check_product<T>(random, 61, 47, 1030, Layout::columns, Layout::rows);
    check_product<T>(random, 1029, 37, 35, Layout::rows, Layout::columns);
    check_product<T>(random, 33, 1100, 34, Layout::padded_rows, Layout::padded_rows);
  });
  check_product<int8_t>(random, 4201, 70, 66, Layout::rows, Layout::rows);  // more than one super-block
  check_product<int8_t>(random, 66, 4201, 70, Layout::rows, Layout::rows);
}

TEST_P(GemmTest, ThinMatrices) {
  std::mt19937_64 random(4);
  for_types(NumericTypes(), [&]<class T>() {
    check_product<T>(random, 20001, 3, 5, Layout::rows, Layout::rows);
    check_product<T>(random, 3, 20001, 5, Layout::rows, Layout::rows);
    check_product<T>(random, 3, 4, 20001, Layout::rows, Layout::rows);
    check_product<T>(random, 3, 20001, 5, Layout::columns, Layout::columns);
  });
}

TEST_P(GemmTest, VectorsLongEnoughForThreads) {
  std::mt19937_64 random(5);
  for_types(NumericTypes(), [&]<class T>() {
    for (Layout layout : {Layout::rows, Layout::columns, Layout::both_strided, Layout::negative_columns}) {
      check_product<T>(random, 1, 1, 100003, layout, layout);
      check_product<T>(random, 301, 1, 501, layout, layout);
      check_product<T>(random, 1, 301, 501, layout, layout);
      check_product<T>(random, 1, 5, 20011, layout, layout);
      check_product<T>(random, 7, 1, 20011, layout, layout);
    }
    check_product<T>(random, 5, 1, 140003, Layout::rows, Layout::rows);
    check_product<T>(random, 1, 70001, 3, Layout::rows, Layout::rows);
  });
}

TEST_P(GemmTest, EmptySizes) {
  double a[4] = {1, 2, 3, 4}, c[4];
  std::fill(c, c + 4, 9.0);
  gemm(DType::float64, 2, 2, 0, a, 0, 1, a, 2, 1, c);
  for (double x : c) EXPECT_EQ(x, 0.0);
  std::fill(c, c + 4, 9.0);
  gemm(DType::float64, 0, 2, 2, a, 2, 1, a, 2, 1, c);
  gemm(DType::float64, 2, 0, 2, a, 2, 1, a, 2, 1, c);
  for (double x : c) EXPECT_EQ(x, 9.0);
  EXPECT_THROW(gemm(DType::float64, -1, 2, 2, a, 2, 1, a, 2, 1, c), ValueError);
  EXPECT_THROW(gemm(DType::string, 1, 1, 1, a, 2, 1, a, 2, 1, c), TypeError);
  const std::complex<float> none[1] = {};
  std::complex<float> zeros[1] = {{5, 5}};
  gemm(DType::complex64, 1, 1, 0, none, 0, 1, none, 1, 1, zeros);
  EXPECT_EQ(zeros[0], (std::complex<float>{0, 0}));
}

// A NaN or an infinity in A reaches its row and nothing else, though C holds NaN and some factors are 0.
TEST_P(GemmTest, NanAndInfinityPropagate) {
  for (int64_t size : {3, 20, 70, 200}) {
    std::vector<double> a(size_t(size * size), 1), b(size_t(size * size), 0), c(size_t(size * size), std::nan(""));
    a[size_t(size + 1)] = std::numeric_limits<double>::infinity();  // infinity times 0 is NaN
    gemm(DType::float64, size, size, size, a.data(), size, 1, b.data(), size, 1, c.data());
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        if (i == 1) {
          ASSERT_TRUE(std::isnan(c[size_t(i * size + j)])) << size;
        } else {
          ASSERT_EQ(c[size_t(i * size + j)], 0) << size;
        }
      }
    }
    std::vector<double> vector(size_t(size), 0), out(size_t(size), std::nan(""));
    gemm(DType::float64, size, 1, size, a.data(), size, 1, vector.data(), 1, 1, out.data());
    for (int64_t i = 0; i < size; ++i) ASSERT_EQ(std::isnan(out[size_t(i)]), i == 1);
    std::fill(out.begin(), out.end(), std::nan(""));
    gemm(DType::float64, 1, size, size, vector.data(), size, 1, a.data(), size, 1, out.data());
    for (int64_t i = 0; i < size; ++i) ASSERT_EQ(std::isnan(out[size_t(i)]), i == 1);
  }
}

// --- half precision ---

float half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  float value = exponent == 31  ? (mantissa ? std::nanf("") : std::numeric_limits<float>::infinity())
                : exponent == 0 ? std::ldexp(float(mantissa), -24)
                                : std::ldexp(float(mantissa + 1024), exponent - 25);
  return bits & 0x8000 ? -value : value;
}

float bfloat_value(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

void expect_same_half(float got, float expected, int bits) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(got)) << bits;
  } else {
    EXPECT_EQ(got, expected) << bits;
  }
}

TEST_P(GemmTest, HalfKeepsEveryValue) {
  std::vector<uint16_t> all(65536), out(65536);
  for (int i = 0; i < 65536; ++i) all[size_t(i)] = uint16_t(i);
  const uint16_t one_half = 0x3c00, one_bfloat = 0x3f80;
  gemm(DType::float16, 65536, 1, 1, all.data(), 1, 1, &one_half, 1, 1, out.data());
  for (int i = 0; i < 65536; ++i) expect_same_half(half_value(out[size_t(i)]), half_value(uint16_t(i)), i);
  gemm(DType::bfloat16, 65536, 1, 1, all.data(), 1, 1, &one_bfloat, 1, 1, out.data());
  for (int i = 0; i < 65536; ++i) expect_same_half(bfloat_value(out[size_t(i)]), bfloat_value(uint16_t(i)), i);
}

// The neighbour of `exact` among all finite values that is nearest, ties to even bits.
template <class Value>
uint16_t nearest(double exact, uint16_t largest, Value value) {
  uint16_t low = 0, high = largest;
  const double magnitude = std::abs(exact);
  while (high - low > 1) {
    const auto middle = uint16_t((low + high) / 2);
    (double(value(middle)) <= magnitude ? low : high) = middle;
  }
  const double below = magnitude - double(value(low)), above = double(value(high)) - magnitude;
  const uint16_t bits = below < above || (below == above && low % 2 == 0) ? low : high;
  return exact < 0 ? bits | 0x8000 : bits;
}

TEST_P(GemmTest, HalfRoundsOnceToNearestEven) {
  std::mt19937_64 random(6);
  constexpr int64_t kSize = 300;
  std::vector<uint16_t> a(kSize), b(kSize), c(kSize * kSize);
  for (auto* x : {&a, &b}) {
    for (uint16_t& bits : *x) bits = uint16_t(random() % 0x5c00) | uint16_t(random() % 2 << 15);  // below 256
  }
  // The product of two float16 is exact in float32: what remains is the one rounding.
  gemm(DType::float16, kSize, kSize, 1, a.data(), 1, 1, b.data(), kSize, 1, c.data());
  for (int64_t i = 0; i < kSize; ++i) {
    for (int64_t j = 0; j < kSize; ++j) {
      const double exact = double(half_value(a[size_t(i)])) * double(half_value(b[size_t(j)]));
      const uint16_t got = c[size_t(i * kSize + j)];
      if (std::abs(exact) >= 65520) {
        ASSERT_EQ(got & 0x7fff, 0x7c00);
      } else if (exact != 0) {
        ASSERT_EQ(got,
                  nearest(exact, 0x7c00, [](uint16_t bits) { return bits == 0x7c00 ? 65536.0f : half_value(bits); }))
            << exact;
      }
    }
  }
  for (auto* x : {&a, &b}) {
    for (uint16_t& bits : *x) bits = uint16_t(0x3000 + random() % 0x2000);
  }
  gemm(DType::bfloat16, kSize, kSize, 1, a.data(), 1, 1, b.data(), kSize, 1, c.data());
  for (int64_t i = 0; i < kSize; ++i) {
    for (int64_t j = 0; j < kSize; ++j) {
      const double exact = double(bfloat_value(a[size_t(i)])) * double(bfloat_value(b[size_t(j)]));
      ASSERT_EQ(c[size_t(i * kSize + j)], nearest(exact, 0x7f7f, bfloat_value)) << exact;
    }
  }
}

// 2048 + 1 is not a float16: summed in float16 the ones would be lost.
TEST_P(GemmTest, HalfAccumulatesInFloat32) {
  constexpr int64_t kSize = 4097;
  const std::vector<uint16_t> ones(kSize, 0x3c00);
  for (int64_t m : {1, 3, 40}) {
    std::vector<uint16_t> c(size_t(m * m));
    gemm(DType::float16, m, m, kSize, ones.data(), 0, 1, ones.data(), 1, 0, c.data());
    for (uint16_t bits : c) ASSERT_EQ(half_value(bits), 4096.0f);
  }
}

// --- accuracy ---

TEST_P(GemmTest, DotIsAsAccurateAsPairwise) {
  constexpr int64_t kSize = 1 << 22;
  const std::vector<float> x(kSize, 0.1f), ones(kSize, 1.0f);
  const double exact = double(0.1f) * kSize;
  for (int64_t stride : {1, -1}) {
    float sum = 0;
    gemm(DType::float32, 1, 1, kSize, stride > 0 ? x.data() : x.data() + kSize - 1, 1, stride, ones.data(), 1, 1, &sum);
    // 16 + 3 additions in a block, 11 and 7 above, 4 within a vector: each at most half a unit, and most cancel.
    EXPECT_LT(std::abs(sum - exact) / exact, 8 * 0x1p-24) << stride;
  }
}

TEST_P(GemmTest, RandomProductsAreAccurate) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int64_t size : {4, 31, 100, 257}) {
    std::vector<float> a(size_t(size * size)), b(a.size()), c(a.size());
    for (float& x : a) x = uniform(random);
    for (float& x : b) x = uniform(random);
    gemm(DType::float32, size, size, size, a.data(), size, 1, b.data(), 1, size, c.data());
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        double exact = 0, magnitude = 0;
        for (int64_t p = 0; p < size; ++p) {
          const double product = double(a[size_t(i * size + p)]) * double(b[size_t(j * size + p)]);
          exact += product;
          magnitude += std::abs(product);
        }
        ASSERT_LE(std::abs(c[size_t(i * size + j)] - exact), magnitude * 0x1p-24 * std::sqrt(double(size)) * 2);
      }
    }
  }
}

TEST_P(GemmTest, ThreadsChangeNoDotProduct) {
  std::mt19937_64 random(8);
  std::uniform_real_distribution<double> uniform(-1, 1);
  constexpr int64_t kSize = 500003;
  std::vector<double> x(kSize), y(kSize);
  for (double& v : x) v = uniform(random);
  for (double& v : y) v = uniform(random);
  double results[3];
  for (int threads : {1, 2, 3}) {
    const ThreadsScope scope(threads);
    gemm(DType::float64, 1, 1, kSize, x.data(), kSize, 1, y.data(), 1, 1, &results[threads - 1]);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

// --- batches ---

template <class T>
void check_batch(int64_t batch, int64_t m, int64_t n, int64_t k, int64_t a_batch_stride, int64_t b_batch_stride) {
  std::mt19937_64 random(9);
  std::vector<T> a(size_t(batch * m * k)), b(size_t(batch * k * n)), c(size_t(batch * m * n)), expected(size_t(m * n));
  for (T& x : a) x = random_element<T>(random);
  for (T& x : b) x = random_element<T>(random);
  gemm_batched(TypeOf<T>::dtype, batch, m, n, k, {a.data(), a_batch_stride, k, 1}, {b.data(), b_batch_stride, n, 1},
               c.data());
  for (int64_t i = 0; i < batch; ++i) {
    gemm(TypeOf<T>::dtype, m, n, k, a.data() + i * a_batch_stride, k, 1, b.data() + i * b_batch_stride, n, 1,
         expected.data());
    for (int64_t q = 0; q < m * n; ++q) ASSERT_EQ(c[size_t(i * m * n + q)], expected[size_t(q)]) << i;
  }
}

TEST_P(GemmTest, Batches) {
  for_types(Types<int8_t, int64_t, float, double, std::complex<double>>(), [&]<class T>() {
    for (int64_t batch : {1, 2, 3, 100, 5000}) check_batch<T>(batch, 4, 4, 4, 16, 16);
    for (int64_t a_stride : {0, 35}) {
      for (int64_t b_stride : {0, 21}) check_batch<T>(17, 5, 3, 7, a_stride, b_stride);
    }
    for (int64_t m : {1, 2, 3, 5, 8, 11}) {
      for (int64_t n : {1, 2, 3, 5, 7, 8, 9, 15, 17}) {
        for (int64_t k : {1, 3, 8}) check_batch<T>(6, m, n, k, m * k, k * n);
      }
    }
    check_batch<T>(3, 70, 80, 90, 6300, 7200);
    check_batch<T>(3, 130, 80, 90, 130 * 90, 0);
    check_batch<T>(1000, 1, 1, 50, 50, 50);
    check_batch<T>(1000, 1, 30, 50, 50, 0);
    check_batch<T>(300, 30, 1, 50, 1500, 50);
  });
}

TEST_P(GemmTest, BatchesOfSeveralDimensions) {
  // A is (3, 1, 2) matrices of 2×4, B is (5, 1) matrices of 4×3 broadcast: the batch is (3, 5, 2).
  std::mt19937_64 random(10);
  std::vector<int32_t> a(3 * 2 * 8), b(5 * 12), c(3 * 5 * 2 * 6), expected(6);
  for (int32_t& x : a) x = random_element<int32_t>(random);
  for (int32_t& x : b) x = random_element<int32_t>(random);
  const int64_t shape[] = {3, 5, 2}, a_strides[] = {16, 0, 8}, b_strides[] = {0, 12, 0};
  gemm_batched(DType::int32, 3, shape, 2, 3, 4, a.data(), a_strides, 4, 1, b.data(), b_strides, 3, 1, c.data());
  for (int64_t x = 0; x < 3; ++x) {
    for (int64_t y = 0; y < 5; ++y) {
      for (int64_t z = 0; z < 2; ++z) {
        gemm(DType::int32, 2, 3, 4, a.data() + x * 16 + z * 8, 4, 1, b.data() + y * 12, 3, 1, expected.data());
        for (int64_t q = 0; q < 6; ++q) ASSERT_EQ(c[size_t(((x * 5 + y) * 2 + z) * 6 + q)], expected[size_t(q)]);
      }
    }
  }
}

TEST_P(GemmTest, EmptyBatches) {
  float a[4] = {}, c[8];
  std::fill(c, c + 8, 9.0f);
  gemm_batched(DType::float32, 0, 2, 2, 2, {a, 4, 2, 1}, {a, 4, 2, 1}, c);
  EXPECT_EQ(c[0], 9.0f);
  gemm_batched(DType::float32, 2, 2, 2, 0, {a, 0, 0, 1}, {a, 0, 2, 1}, c);
  for (float x : c) EXPECT_EQ(x, 0.0f);
  const int64_t negative = -1, stride = 0;
  EXPECT_THROW(gemm_batched(DType::float32, 1, &negative, 1, 1, 1, a, &stride, 1, 1, a, &stride, 1, 1, c), ValueError);
}

// --- threads, fork, the library ---

#if __has_feature(thread_sanitizer)
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif

TEST_P(GemmTest, CallsFromManyThreadsAtOnce) {
  constexpr int64_t kSize = 150;
  const std::vector<double> a(kSize * kSize, 2), b(kSize * kSize, 3);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      std::vector<double> c(kSize * kSize);
      for (int repeat = 0; repeat < 5; ++repeat) {
        gemm(DType::float64, kSize, kSize, kSize, a.data(), kSize, 1, b.data(), kSize, 1, c.data());
        for (double x : c) wrong += x != 6.0 * kSize;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(GemmTest, WorksInAForkedChild) {
  if (kThreadSanitizer) GTEST_SKIP() << "ThreadSanitizer ends children that start threads";
  constexpr int64_t kSize = 300;
  const std::vector<double> a(kSize * kSize, 2), b(kSize * kSize, 3);
  std::vector<double> c(kSize * kSize);
  gemm(DType::float64, kSize, kSize, kSize, a.data(), kSize, 1, b.data(), kSize, 1, c.data());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(30);  // a child that hangs is killed, and seen below
    std::fill(c.begin(), c.end(), 0.0);
    gemm(DType::float64, kSize, kSize, kSize, a.data(), kSize, 1, b.data(), kSize, 1, c.data());
    _exit(c.front() == 6.0 * kSize && c.back() == 6.0 * kSize ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int64_t threads_of_process() {
  int64_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

class BlasTest : public testing::Test {
 protected:
  void TearDown() override { set_blas_library(""); }
};

// The first load is in a child, as another test may have done it here.
TEST_F(BlasTest, LoadingStartsNoThreadsAndKeepsTheEnvironment) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(30);
    setenv("OPENBLAS_NUM_THREADS", "7", 1);
    unsetenv("OPENBLAS_CORETYPE");
    const int64_t threads = threads_of_process();
    const bool available = blas_for(DType::float64) != nullptr;
    const bool kept = std::string(std::getenv("OPENBLAS_NUM_THREADS")) == "7" && !std::getenv("OPENBLAS_CORETYPE");
    _exit(!available ? 2 : !kept ? 3 : threads_of_process() != threads ? 4 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "no OpenBLAS (set TNP_OPENBLAS)";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// As threadpoolctl does it, through a handle of its own on the same file.
TEST_F(BlasTest, ThreadsGivenToItByOthersAreTakenBack) {
  const BlasInfo info = blas_info();
  if (info.path.empty()) GTEST_SKIP() << "no OpenBLAS (set TNP_OPENBLAS)";
  auto* set_threads = reinterpret_cast<void (*)(int)>(blas_symbol("openblas_set_num_threads"));
  auto* get_threads = reinterpret_cast<int (*)()>(blas_symbol("openblas_get_num_threads"));
  ASSERT_NE(set_threads, nullptr);
  ASSERT_NE(get_threads, nullptr);
  set_threads(2);
  ASSERT_EQ(get_threads(), 2);
  constexpr int64_t kSize = 100;
  const std::vector<float> a(kSize * kSize, 1);
  std::vector<float> c(kSize * kSize);
  gemm(DType::float32, kSize, kSize, kSize, a.data(), kSize, 1, a.data(), kSize, 1, c.data());
  EXPECT_EQ(c.back(), 100.0f);
  EXPECT_EQ(get_threads(), 1);
}

TEST_F(BlasTest, OtherLibrariesAreRefused) {
  EXPECT_THROW(set_blas_library("/no/such/file.so"), ValueError);
  set_blas_library("/proc/self/exe");  // a file, but no library
  EXPECT_THROW(blas_for(DType::float64), RuntimeError);
  EXPECT_THROW(blas_for(DType::float64), RuntimeError);  // and again
  Dl_info libc{};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&std::abort), &libc), 0);
  set_blas_library(libc.dli_fname);  // a library, but no BLAS
  std::vector<double> a(100 * 100, 1), c(100 * 100);
  EXPECT_THROW(gemm(DType::float64, 100, 100, 100, a.data(), 100, 1, a.data(), 100, 1, c.data()), RuntimeError);
  set_blas_library("none");
  EXPECT_EQ(blas_for(DType::float64), nullptr);
  EXPECT_EQ(blas_symbol("dgetrf_"), nullptr);
  gemm(DType::float64, 100, 100, 100, a.data(), 100, 1, a.data(), 100, 1, c.data());
  EXPECT_EQ(c.back(), 100);
}

TEST_F(BlasTest, SymbolsOfLinearAlgebra) {
  set_blas_library("");
  if (blas_info().path.empty()) GTEST_SKIP() << "no OpenBLAS (set TNP_OPENBLAS)";
  EXPECT_NE(blas_symbol("dgetrf_"), nullptr);
  EXPECT_EQ(blas_symbol("no_such_function_"), nullptr);
  EXPECT_EQ(blas_for(DType::int64), nullptr);
  EXPECT_EQ(blas_for(DType::float16), nullptr);
  EXPECT_EQ(blas_for(DType::object), nullptr);
}

}  // namespace
}  // namespace tnp

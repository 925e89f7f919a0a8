#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "ops/reduce/reduce_driver.h"
#include "strided_array.h"
#include "tnp/error.h"
#include "tnp/runtime.h"

namespace tnp {
namespace {

template <class T>
struct DTypeOf;
#define TNP_TEST_DTYPE(TYPE, DTYPE)              \
  template <>                                    \
  struct DTypeOf<TYPE> {                         \
    static constexpr DType value = DType::DTYPE; \
  }
TNP_TEST_DTYPE(bool, bool_);
TNP_TEST_DTYPE(int8_t, int8);
TNP_TEST_DTYPE(int16_t, int16);
TNP_TEST_DTYPE(int32_t, int32);
TNP_TEST_DTYPE(int64_t, int64);
TNP_TEST_DTYPE(uint8_t, uint8);
TNP_TEST_DTYPE(uint16_t, uint16);
TNP_TEST_DTYPE(uint32_t, uint32);
TNP_TEST_DTYPE(uint64_t, uint64);
TNP_TEST_DTYPE(float, float32);
TNP_TEST_DTYPE(double, float64);
TNP_TEST_DTYPE(std::complex<float>, complex64);
TNP_TEST_DTYPE(std::complex<double>, complex128);

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// All elements of a contiguous row.
template <class Out, class T>
Out reduce_row(ReduceOp op, const std::vector<T>& values) {
  const int64_t n = static_cast<int64_t>(values.size()), stride = sizeof(T);
  Out out{};
  reduce(op, {const_cast<T*>(values.data()), DTypeOf<T>::value, 1, &n, &stride}, 1,
         {&out, DTypeOf<Out>::value, 0, nullptr, nullptr});
  return out;
}

template <class T>
class NanOrder : public ::testing::Test {};
using Inexact = ::testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(NanOrder, Inexact);

bool any_nan(double x) { return std::isnan(x); }
template <class T>
bool any_nan(std::complex<T> x) {
  return std::isnan(x.real()) || std::isnan(x.imag());
}

TYPED_TEST(NanOrder, OneNanAtEachPlaceOfEachLength) {
  using T = TypeParam;
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    for (size_t n = 1; n <= 70; n++) {
      for (size_t place = 0; place < n; place++) {
        std::vector<T> values(n);
        for (size_t i = 0; i < n; i++) values[i] = T(float((i * 37) % 41) - 20);
        values[place] = T(float(kNan));
        ASSERT_TRUE(any_nan(reduce_row<T>(ReduceOp::min, values))) << n << " " << place << isa_name(isa);
        ASSERT_TRUE(any_nan(reduce_row<T>(ReduceOp::max, values))) << n << " " << place << isa_name(isa);
        ASSERT_EQ(reduce_row<int64_t>(ReduceOp::argmin, values), int64_t(place)) << n << isa_name(isa);
        ASSERT_EQ(reduce_row<int64_t>(ReduceOp::argmax, values), int64_t(place)) << n << isa_name(isa);
        if (place + 3 < n) {  // the first of two
          values[place + 3] = T(float(kNan));
          ASSERT_EQ(reduce_row<int64_t>(ReduceOp::argmin, values), int64_t(place)) << n << isa_name(isa);
          ASSERT_EQ(reduce_row<int64_t>(ReduceOp::argmax, values), int64_t(place)) << n << isa_name(isa);
        }
      }
    }
  }
}

TEST(Reduce, NanInColumnsAndLongRows) {
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    for (const int64_t rows : {1, 7, 8, 9, 40}) {
      for (int64_t place = 0; place < rows * 19; place++) {
        StridedArray a = contiguous_array(DType::float32, {rows, 19});
        for (int64_t i = 0; i < a.size(); i++) a.set(i, float(i % 23));
        a.set(place, float(kNan));
        float out[19];
        int64_t index[19];
        reduce(ReduceOp::max, a.view(), 1, {out, DType::float32, 0, nullptr, nullptr});
        reduce(ReduceOp::argmin, a.view(), 1, {index, DType::int64, 0, nullptr, nullptr});
        for (int64_t c = 0; c < 19; c++) {
          ASSERT_EQ(std::isnan(out[c]), c == place % 19);
          if (c == place % 19) {
            ASSERT_EQ(index[c], place / 19);
          }
        }
      }
    }
    std::vector<double> values(500000, 1.0);
    for (const size_t place : {size_t{0}, size_t{65535}, size_t{65536}, size_t{300001}, size_t{499999}}) {
      values[place] = kNan;
      ASSERT_TRUE(std::isnan(reduce_row<double>(ReduceOp::min, values)));
      ASSERT_EQ(reduce_row<int64_t>(ReduceOp::argmax, values), int64_t(place));
      values[place] = 2.0;
      ASSERT_EQ(reduce_row<int64_t>(ReduceOp::argmax, values), int64_t(place));
      values[place] = 1.0;
    }
  }
}

TEST(Reduce, FirstOfEqualExtremes) {
  EXPECT_EQ(reduce_row<int64_t>(ReduceOp::argmin, std::vector<double>{0.0, -0.0, 0.0}), 0);
  EXPECT_EQ(reduce_row<int64_t>(ReduceOp::argmax, std::vector<int8_t>(300, 5)), 0);
  EXPECT_EQ(reduce_row<int64_t>(ReduceOp::argmax, std::vector<float>(200000, 5)), 0);
  EXPECT_EQ(reduce_row<int64_t>(ReduceOp::argmin, std::vector<std::complex<double>>{{1, 2}, {1, 1}, {1, 1}}), 1);
}

TEST(Reduce, ComplexNumbersInLexicographicOrder) {
  using C = std::complex<double>;
  const std::vector<C> values = {{1, 5}, {2, -3}, {2, 7}, {1, -9}};
  EXPECT_EQ(reduce_row<C>(ReduceOp::max, values), C(2, 7));
  EXPECT_EQ(reduce_row<C>(ReduceOp::min, values), C(1, -9));
  EXPECT_TRUE(any_nan(reduce_row<C>(ReduceOp::max, std::vector<C>{{3, 1}, {1, kNan}, {9, 9}})));
}

TEST(Reduce, ZerosAndIdentities) {
  EXPECT_FALSE(std::signbit(reduce_row<double>(ReduceOp::sum, std::vector<double>(3, -0.0))));
  EXPECT_FALSE(std::signbit(reduce_row<double>(ReduceOp::sum, std::vector<double>(100, -0.0))));
  EXPECT_EQ(reduce_row<double>(ReduceOp::sum, std::vector<double>{}), 0.0);
  EXPECT_EQ(reduce_row<int64_t>(ReduceOp::prod, std::vector<int32_t>{}), 1);
  EXPECT_TRUE(reduce_row<bool>(ReduceOp::all, std::vector<float>{}));
  EXPECT_FALSE(reduce_row<bool>(ReduceOp::any, std::vector<float>{}));
  EXPECT_THROW(reduce_row<double>(ReduceOp::max, std::vector<double>{}), ValueError);
  EXPECT_THROW(reduce_row<int64_t>(ReduceOp::argmax, std::vector<double>{}), ValueError);
  StridedArray empty = contiguous_array(DType::float64, {2, 0});
  double out[2] = {7, 7};
  reduce(ReduceOp::prod, empty.view(), 2, {out, DType::float64, 0, nullptr, nullptr});
  EXPECT_EQ(out[0], 1.0);
  EXPECT_EQ(out[1], 1.0);
  reduce(ReduceOp::max, empty.view(), 1, {out, DType::float64, 0, nullptr, nullptr});  // no results, so none is missing
}

TEST(Reduce, AllAndAnyOfEveryType) {
  EXPECT_TRUE(reduce_row<bool>(ReduceOp::all, std::vector<double>{kNan, -1, 1e-320}));
  EXPECT_FALSE(reduce_row<bool>(ReduceOp::all, std::vector<double>{kNan, -0.0}));
  EXPECT_TRUE(reduce_row<bool>(ReduceOp::any, std::vector<std::complex<float>>{{0, 0}, {0, 1}}));
  EXPECT_FALSE(reduce_row<bool>(ReduceOp::any, std::vector<int64_t>(1000, 0)));
  for (const size_t n : {size_t{100}, size_t{5000}, size_t{1000000}}) {
    for (const size_t place : {size_t{0}, n / 2, n - 1}) {
      std::vector<int32_t> values(n, 0);
      values[place] = 256;
      ASSERT_TRUE(reduce_row<bool>(ReduceOp::any, values));
      for (int32_t& v : values) v = v == 0 ? 256 : 0;
      ASSERT_FALSE(reduce_row<bool>(ReduceOp::all, values));
      values[place] = 1;
      ASSERT_TRUE(reduce_row<bool>(ReduceOp::all, values));
    }
  }
}

TEST(Reduce, AccumulatesInTheResultType) {
  EXPECT_EQ(reduce_row<int64_t>(ReduceOp::sum, std::vector<int32_t>(10, INT32_MAX)), 10 * int64_t{INT32_MAX});
  EXPECT_EQ(reduce_row<int64_t>(ReduceOp::sum, std::vector<uint8_t>(100000, 255)), 25500000);
  EXPECT_EQ(reduce_row<uint16_t>(ReduceOp::prod, std::vector<uint16_t>{65535, 65535, 3}), 3);
  EXPECT_EQ(reduce_row<int64_t>(ReduceOp::sum, std::vector<int64_t>{INT64_MAX, 1}), INT64_MIN);
  // 4096 halves of 1: a float16 accumulator would stop at 2048.
  std::vector<uint16_t> ones(4097, 0x3c00);
  const int64_t n = 4097, stride = 2;
  uint16_t out = 0;
  reduce(ReduceOp::sum, {ones.data(), DType::float16, 1, &n, &stride}, 1, {&out, DType::float16, 0, nullptr, nullptr});
  EXPECT_EQ(out, 0x6c00);  // 4096, which 4097 is rounded to
}

TEST(Reduce, CountsBooleans) {
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    for (const int64_t n : {1, 63, 64, 200, 255 * 64, 256 * 64, 17000, 400001}) {
      for (const int64_t step : {1, 2}) {
        std::vector<uint8_t> bytes(static_cast<size_t>(n * step), 0);
        int64_t expected = 0, out = 0;
        for (int64_t i = 0; i < n; i++) {
          bytes[i * step] = i % 7 != 0;
          expected += i % 7 != 0;
        }
        reduce(ReduceOp::sum, {bytes.data(), DType::bool_, 1, &n, &step}, 1, {&out, DType::int64, 0, nullptr, nullptr});
        ASSERT_EQ(out, expected) << n << isa_name(isa);
      }
    }
  }
  std::vector<uint8_t> ones(3 * 100, 1);
  const int64_t shape[2] = {3, 100}, strides[2] = {100, 1};
  int64_t rows[3] = {}, columns[100] = {};
  reduce(ReduceOp::sum, {ones.data(), DType::bool_, 2, shape, strides}, 2, {rows, DType::int64, 0, nullptr, nullptr});
  reduce(ReduceOp::sum, {ones.data(), DType::bool_, 2, shape, strides}, 1,
         {columns, DType::int64, 0, nullptr, nullptr});
  for (int64_t r : rows) EXPECT_EQ(r, 100);
  for (int64_t c : columns) EXPECT_EQ(c, 3);
}

// The error of a sum of n positive numbers, in units of the result's epsilon, stays near its logarithm.
template <class T>
double sum_error(int64_t n, int64_t columns, bool first_axis) {
  std::mt19937_64 rng(9);
  StridedArray a = first_axis ? contiguous_array(DTypeOf<T>::value, {n, columns})
                              : contiguous_array(DTypeOf<T>::value, {columns, n});
  std::vector<long double> exact(columns, 0.0L);
  T* p = reinterpret_cast<T*>(a.memory.data());
  for (int64_t i = 0; i < n * columns; i++) {
    p[i] = static_cast<T>(static_cast<double>(rng() >> 11) * 0x1p-53);
    exact[first_axis ? i % columns : i / n] += static_cast<long double>(p[i]);
  }
  std::vector<T> sums(columns);
  reduce(ReduceOp::sum, a.view(), first_axis ? 1 : 2, {sums.data(), DTypeOf<T>::value, 0, nullptr, nullptr});
  long double worst = 0;
  for (int64_t c = 0; c < columns; c++) worst = std::max(worst, std::fabs(sums[c] - exact[c]) / exact[c]);
  return static_cast<double>(worst / std::numeric_limits<T>::epsilon());
}

TEST(Reduce, SumsAreAccurate) {
  for (const bool first_axis : {false, true}) {
    EXPECT_LT(sum_error<float>(4000000, 1, first_axis), 4);
    EXPECT_LT(sum_error<float>(300000, 7, first_axis), 4);
    EXPECT_LT(sum_error<float>(40000, 65, first_axis), 4);
    EXPECT_LT(sum_error<double>(100000, 3, first_axis), 4);
  }
}

// Equal terms are rounded the same way each time: long chains of additions would drift by a hundred units.
TEST(Reduce, SumsOfEqualTermsDoNotDrift) {
  for (const float term : {0.1f, 0.7f, 1.1f, 1e-3f}) {
    const std::vector<float> values(131071, term);
    const double exact = static_cast<double>(term) * 131071;
    EXPECT_LT(std::fabs(reduce_row<float>(ReduceOp::sum, values) - exact) / exact * 0x1p23, 3) << term;
  }
}

TEST(Reduce, SameBitsForAnyThreadsAndInstructionSet) {
  std::mt19937 rng(4);
  for (const auto& shape :
       std::vector<std::vector<int64_t>>{{3000001}, {200000, 7}, {7, 200000}, {900, 1111}, {40, 50, 600}}) {
    for (const DType dtype : {DType::float32, DType::float64, DType::complex64, DType::float16}) {
      StridedArray a = contiguous_array(dtype, shape);
      for (int64_t i = 0; i < a.size(); i++) {
        const float x = float(rng()) * 0x1p-32f - 0.4f;
        if (dtype == DType::float16) {
          a.set(i, static_cast<uint16_t>(rng() & 0xbbff));
        } else if (dtype == DType::float64) {
          a.set<double>(i, x);
        } else {
          a.set(i, x);
        }
      }
      for (uint64_t axes = 1; axes < (uint64_t{1} << shape.size()); axes++) {
        std::vector<std::vector<char>> results;
        int64_t outputs = 1;
        for (size_t d = 0; d < shape.size(); d++) outputs *= (axes >> d & 1) != 0 ? 1 : shape[d];
        for (Isa isa : runnable_isas()) {
          for (const int threads : {1, 2, 5}) {
            ScopedIsa scope(isa);
            const ThreadsScope limit(threads);
            std::vector<char> out(static_cast<size_t>(outputs * itemsize(dtype)));
            reduce(ReduceOp::sum, a.view(), axes, {out.data(), dtype, 0, nullptr, nullptr});
            results.push_back(out);
          }
        }
        for (const auto& r : results) ASSERT_EQ(r, results[0]) << name(dtype) << " axes " << axes;
      }
    }
  }
}

template <class T>
bool is_better(T b, T a, bool max) {
  return max ? b > a : b < a;
}
template <class T>
bool is_better(std::complex<T> b, std::complex<T> a, bool max) {
  return b.real() != a.real() ? is_better(b.real(), a.real(), max) : is_better(b.imag(), a.imag(), max);
}

// One element after the other, in integers that every type here holds exactly.
template <class T>
void expect_naive(ReduceOp op, StridedArray& a, uint64_t axes, const char* where) {
  int64_t outputs = 1;
  for (size_t d = 0; d < a.shape.size(); d++) outputs *= (axes >> d & 1) != 0 ? 1 : a.shape[d];
  std::vector<T> expected(outputs), result(outputs);
  std::vector<int64_t> first(outputs), seen(outputs), index(outputs);
  for (int64_t i = 0; i < a.size(); i++) {
    int64_t o = 0, rest = i, unit = 1;
    for (int d = int(a.shape.size()) - 1; d >= 0; d--) {
      if ((axes >> d & 1) == 0) {
        o += rest % a.shape[d] * unit;
        unit *= a.shape[d];
      }
      rest /= a.shape[d];
    }
    const T x = a.get<T>(i);
    T& e = expected[o];
    const bool better = is_better(x, e, op == ReduceOp::max || op == ReduceOp::argmax);
    if (seen[o] == 0) {
      e = x;
    } else if (op == ReduceOp::sum) {
      e = static_cast<T>(e + x);
    } else if (op == ReduceOp::prod) {
      if constexpr (std::is_integral_v<T>) {
        e = static_cast<T>(1U * e * x);  // unsigned: uint16 would be promoted to int
      } else {
        e *= x;
      }
    } else if (better) {
      e = x;
      first[o] = seen[o];
    }
    seen[o]++;
  }
  if (op == ReduceOp::argmin || op == ReduceOp::argmax) {
    reduce(op, a.view(), axes, {index.data(), DType::int64, 0, nullptr, nullptr});
    ASSERT_EQ(index, first) << where;
  } else {
    reduce(op, a.view(), axes, {result.data(), a.dtype, 0, nullptr, nullptr});
    ASSERT_EQ(result, expected) << where;
  }
}

template <class T>
class AnyStrides : public ::testing::Test {};
using Numbers = ::testing::Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, float,
                                 double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(AnyStrides, Numbers);

TYPED_TEST(AnyStrides, AgreesWithOneElementAfterTheOther) {
  using T = TypeParam;
  const ThreadsScope threads(2);
  for (Isa isa : runnable_isas()) {
    ScopedIsa scope(isa);
    std::mt19937 rng(21);
    for (int trial = 0; trial < 120; trial++) {
      std::vector<int64_t> shape = random_shape(rng);
      if (trial == 7) shape = {300000};
      if (trial == 8) shape = {150000, 2};
      if (trial == 9) shape = {3, 140000};
      StridedArray a = random_strided(rng, DTypeOf<T>::value, shape, true);
      if (trial % 2 == 0) a = contiguous_array(DTypeOf<T>::value, shape);
      const bool signs = rng() % 2 != 0;  // products of signs are exact
      for (int64_t i = 0; i < a.size(); i++) {
        a.set(i, signs ? static_cast<T>(rng() % 2 != 0 ? 1 : -1) : static_cast<T>(int(rng() % 50)));
      }
      const uint64_t all = (uint64_t{1} << shape.size()) - 1;
      const uint64_t axes = shape.empty() || rng() % 3 == 0 ? all : rng() & all;
      for (const ReduceOp op :
           {ReduceOp::sum, ReduceOp::prod, ReduceOp::min, ReduceOp::max, ReduceOp::argmin, ReduceOp::argmax}) {
        if (op == ReduceOp::prod && !signs) continue;
        const std::string where = std::string(isa_name(isa)) + " trial " + std::to_string(trial) + " op " +
                                  std::to_string(int(op)) + " axes " + std::to_string(axes);
        ASSERT_NO_FATAL_FAILURE(expect_naive<T>(op, a, axes, where.c_str()));
      }
    }
  }
}

}  // namespace
}  // namespace tnp

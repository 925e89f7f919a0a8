// Texts recorded from NumPy 2.4.
#include "ir/print_array.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ir/format_float.h"
#include "tnp/error.h"

namespace tnp {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// A C-contiguous array over its own copy of the values.
template <class T>
struct Sample {
  Sample(DType dtype, std::vector<std::int64_t> dimensions, std::vector<T> elements)
      : shape(std::move(dimensions)), strides(shape.size()), values(std::move(elements)) {
    std::int64_t stride = sizeof(T);
    for (std::size_t i = shape.size(); i-- > 0; stride *= shape[i]) strides[i] = stride;
    view = {values.data(), dtype, static_cast<int>(shape.size()), shape.data(), strides.data()};
  }
  Sample(const Sample&) = delete;

  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  std::vector<T> values;
  StridedView view;
};

std::vector<double> range(int count) {
  std::vector<double> values(count);
  for (int i = 0; i < count; ++i) values[i] = i;
  return values;
}

TEST(PrintArray, Float64) {
  EXPECT_EQ(array_repr(Sample<double>(DType::float64, {3}, {1, 2.5, -3}).view), "array([ 1. ,  2.5, -3. ])");
  EXPECT_EQ(array_repr(Sample<double>(DType::float64, {3}, {kNan, -kInf, 1}).view), "array([ nan, -inf,   1.])");
  EXPECT_EQ(array_repr(Sample<double>(DType::float64, {2}, {1e-5, 1}).view), "array([1.e-05, 1.e+00])");
  EXPECT_EQ(array_repr(Sample<double>(DType::float64, {2}, {99999999, 1e8}).view),
            "array([9.9999999e+07, 1.0000000e+08])");
  EXPECT_EQ(array_repr(Sample<double>(DType::float64, {}, {1.0 / 3}).view), "array(0.33333333)");
  EXPECT_EQ(array_str(Sample<double>(DType::float64, {}, {1.0 / 3}).view), "0.3333333333333333");
}

TEST(PrintArray, OtherTypes) {
  EXPECT_EQ(array_repr(Sample<float>(DType::float32, {2}, {1e6f, 1}).view), "array([1.e+06, 1.e+00], dtype=float32)");
  EXPECT_EQ(array_repr(Sample<std::uint16_t>(DType::float16, {2}, {0x7bff, 0x3c00}).view),
            "array([6.55e+04, 1.00e+00], dtype=float16)");
  EXPECT_EQ(array_repr(Sample<std::uint16_t>(DType::bfloat16, {2}, {0x3dcd, 0x447a}).view),
            "array([0.100098, 1000], dtype=bfloat16)");
  EXPECT_EQ(array_repr(Sample<std::uint8_t>(DType::bool_, {2}, {1, 0}).view), "array([ True, False])");
  EXPECT_EQ(array_repr(Sample<std::int64_t>(DType::int64, {2}, {1, -20}).view), "array([  1, -20])");
  EXPECT_EQ(array_repr(Sample<std::uint8_t>(DType::uint8, {}, {7}).view), "array(7, dtype=uint8)");
  EXPECT_EQ(array_repr(Sample<float>(DType::complex64, {}, {1.5f, -2}).view), "array(1.5-2.j, dtype=complex64)");
  EXPECT_EQ(array_str(Sample<double>(DType::complex128, {}, {0, 2}).view), "2j");
  EXPECT_THROW(array_str(Sample<double>(DType::object, {}, {0}).view), TypeError);
}

TEST(PrintArray, Layout) {
  const Sample<double> matrix(DType::float64, {2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(array_str(matrix.view), "[[1. 2.]\n [3. 4.]]");
  EXPECT_EQ(array_repr(matrix.view), "array([[1., 2.],\n       [3., 4.]])");
  EXPECT_EQ(array_repr(Sample<double>(DType::float64, {2, 0}, {}).view), "array([], shape=(2, 0), dtype=float64)");
  EXPECT_EQ(array_repr(Sample<double>(DType::float64, {1001}, range(1001)).view),
            "array([   0.,    1.,    2., ...,  998.,  999., 1000.], shape=(1001,))");
  const std::int64_t reversed[] = {-8, -16};
  const StridedView turned{const_cast<double*>(matrix.values.data()) + 3, DType::float64, 2, matrix.shape.data(),
                           reversed};
  EXPECT_EQ(array_str(turned), "[[4. 2.]\n [3. 1.]]");
  PrintOptions narrow;
  narrow.linewidth = 10;
  EXPECT_EQ(array_str(Sample<double>(DType::float64, {4}, range(4)).view, narrow), "[0. 1. 2.\n 3.]");
}

TEST(PrintArray, Options) {
  const Sample<double> sample(DType::float64, {2}, {0.125, 2});
  PrintOptions options;
  options.floatmode = "fixed";
  options.precision = 2;
  options.sign = '+';
  EXPECT_EQ(array_str(sample.view, options), "[+0.12 +2.00]");
  options.edgeitems = 0;
  options.threshold = 1;
  EXPECT_EQ(array_str(sample.view, options), "[... +2.00]");
  options.formatter = [](const void* element) {
    return std::to_string(static_cast<int>(*static_cast<const double*>(element)));
  };
  EXPECT_EQ(array_str(sample.view, options), "[... 2]");
  options.floatmode = "loose";
  EXPECT_THROW(array_str(sample.view, options), ValueError);
  options = PrintOptions();
  options.sign = 'x';
  EXPECT_THROW(array_str(sample.view, options), ValueError);
  {
    PrintOptionsScope scope;
    print_options().precision = 1;
    EXPECT_EQ(array_str(sample.view), "[0.1 2. ]");
  }
  EXPECT_EQ(array_str(sample.view), "[0.125 2.   ]");
}

TEST(FormatFloat, Digits) {
  EXPECT_EQ(format_float_positional(1e23, DType::float64), "100000000000000000000000.");
  EXPECT_EQ(format_float_positional(1e23, DType::float64, {.min_digits = 0}), "99999999999999991611392.");
  EXPECT_EQ(format_float_positional(0.1, DType::float64, {.precision = 20, .unique = false}), "0.10000000000000000555");
  EXPECT_EQ(format_float_positional(123456, DType::float64, {.precision = 3, .fractional = false}), "123000.");
  EXPECT_EQ(format_float_positional(65504, DType::float16, {.trim = '0'}), "65500.0");
  EXPECT_EQ(format_float_positional(1, DType::float64, {.trim = '-', .pad_left = 5, .pad_right = 5}), "    1      ");
  EXPECT_EQ(format_float_scientific(9.96, DType::float64, {.precision = 1}), "1.e+01");
  EXPECT_EQ(format_float_scientific(1.5, DType::float64, {.min_digits = 3, .exp_digits = 3}), "1.500e+000");
}

TEST(FormatFloat, RoundsTheExactValue) {
  EXPECT_EQ(format_float_positional(0.125, DType::float64, {.precision = 2}), "0.12");
  EXPECT_EQ(format_float_positional(0.375, DType::float64, {.precision = 2}), "0.38");
  EXPECT_EQ(format_float_positional(0.15, DType::float64, {.precision = 1}), "0.1");
  EXPECT_EQ(format_float_positional(0.25, DType::float64, {.precision = 1}), "0.2");
  EXPECT_EQ(format_float_positional(0.0006, DType::float64, {.precision = 2}), "0.00");
}

TEST(FormatFloat, BadInput) {
  EXPECT_THROW(format_float_positional(1, DType::float64, {.precision = -1}), ValueError);
  EXPECT_THROW(format_float_positional(1, DType::float64, {.unique = false}), TypeError);
  EXPECT_THROW(format_float_positional(1, DType::float64, {.trim = 'x'}), TypeError);
  EXPECT_THROW(format_float_positional(1, DType::float64, {.precision = 0, .fractional = false}), ValueError);
  EXPECT_THROW(format_float_positional(1, DType::float64, {.precision = 1, .min_digits = 2}), ValueError);
  EXPECT_THROW(format_float_positional(1, DType::float64, {.pad_left = 100000}), RuntimeError);
}

}  // namespace
}  // namespace tnp

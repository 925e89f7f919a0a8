// The gradient rules of the elementwise family against differences, and at the points where conventions decide.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <random>

#include "elementwise_inputs.h"
#include "tnp/elementwise.h"
#include "tnp/operators.h"

namespace tnp {
namespace {

using namespace elementwise_inputs;
using Complex = std::complex<double>;

std::vector<Complex> numbers(const Array& x) {
  const Array z = copy(astype(x, DType::complex128));
  const auto* data = z.data_as<Complex>();
  return {data, data + z.shape().num_elements()};
}

Array array_of(const std::vector<Complex>& values, DType dtype) {
  return astype(Array::copy_of(values.data(), DType::complex128, {static_cast<std::int64_t>(values.size())}), dtype);
}

// The cotangent of input i; absent if the rule gives none.
Array cotangent(const OpDef& op, const Arrays& in, const Array& ct, int i) {
  const Array outputs[] = {tnp::apply(op, in)};
  bool needed[3] = {i == 0, i == 1, i == 2};
  Array result[3];
  const Call call{op, in, kNoParams};
  VjpCall v{call, outputs, {&ct, 1}, {needed, in.size()}, {result, in.size()}};
  op.vjp.get()(v);
  return result[i];
}

std::vector<Complex> sample(const ElementwiseInfo& info, bool complex, std::mt19937_64& random) {
  std::uniform_real_distribution<double> draw(info.low, info.high);
  std::vector<Complex> values(40);
  for (Complex& v : values) v = {draw(random), complex ? draw(random) : 0.0};
  return values;
}

// Re(conj(ct) f(x)), whose gradient with respect to x the rule gives: d/d re + i d/d im.
std::vector<double> objective(const OpDef& op, const Arrays& in, const std::vector<Complex>& ct) {
  const std::vector<Complex> y = numbers(tnp::apply(op, in));
  std::vector<double> out(y.size());
  for (std::size_t j = 0; j < y.size(); ++j) out[j] = std::real(std::conj(ct[j]) * y[j]);
  return out;
}

std::vector<double> difference(const OpDef& op, const Arrays& in, int i, Complex direction,
                               const std::vector<Complex>& ct) {
  const double h = 1e-6;
  Arrays up = in, down = in;
  const DType dtype = in[i].dtype();
  std::vector<Complex> x = numbers(in[i]);
  for (Complex& v : x) v += h * direction;
  up[i] = array_of(x, dtype);
  for (Complex& v : x) v -= 2 * h * direction;
  down[i] = array_of(x, dtype);
  std::vector<double> high = objective(op, up, ct);
  const std::vector<double> low = objective(op, down, ct);
  for (std::size_t j = 0; j < high.size(); ++j) high[j] = (high[j] - low[j]) / (2 * h);
  return high;
}

void check_gradient(const OpDef& op, DType dtype, std::mt19937_64& random) {
  Arrays in;
  for (int k = 0; k < op.num_inputs; ++k)
    in.push_back(array_of(sample(*op.elementwise, is_complex(dtype), random), dtype));
  const DType result = tnp::apply(op, in).dtype();
  const std::vector<Complex> ct = sample(*op.elementwise, is_complex(result), random);
  for (int i = 0; i < op.num_inputs; ++i) {
    const Array given = cotangent(op, in, array_of(ct, result), i);
    if (given) ASSERT_EQ(given.dtype(), dtype);
    const std::vector<Complex> gradient = given ? numbers(given) : std::vector<Complex>(40);
    const std::vector<double> re = difference(op, in, i, 1, ct);
    std::vector<double> im(40);
    if (is_complex(dtype)) im = difference(op, in, i, Complex(0, 1), ct);
    for (std::size_t j = 0; j < 40; ++j) {
      const double scale = 1e-6 * (1 + std::abs(re[j]) + std::abs(im[j]));
      ASSERT_NEAR(gradient[j].real(), re[j], scale) << op.name << " of " << name(dtype) << ", input " << i;
      ASSERT_NEAR(gradient[j].imag(), im[j], scale) << op.name << " of " << name(dtype) << ", input " << i;
    }
  }
}

TEST(ElementwiseGradient, AgreesWithDifferences) {
  std::mt19937_64 random(7);
  int checked = 0;
  for (const OpDef* op : elementwise_ops()) {
    if (op->elementwise->vjp == nullptr || op->num_inputs == 3) continue;
    for (DType dtype : {DType::float64, DType::complex128}) {
      if (op->elementwise->loop_for[static_cast<int>(dtype)] == kNoLoop) continue;
      if (std::string_view(op->name) == "scale_exponent") continue;  // its second input is a whole number
      check_gradient(*op, dtype, random);
      ++checked;
    }
  }
  EXPECT_GT(checked, 70);
}

double at(const char* op, std::initializer_list<double> x, double ct, int i) {
  Arrays in;
  for (double v : x) in.push_back(Array(v));
  return cotangent(*find_op(op), in, Array(ct), i).item<double>();
}

TEST(ElementwiseGradient, WhereConventionsDecide) {
  EXPECT_EQ(at("absolute", {0}, 1, 0), 0);
  EXPECT_EQ(at("hypot", {0, 0}, 1, 0), 0);
  EXPECT_EQ(at("arctan2", {0, 0}, 1, 1), 0);
  EXPECT_EQ(at("power", {0, 0}, 1, 0), 0);
  EXPECT_EQ(at("power", {0, 1}, 1, 0), 1);
  EXPECT_EQ(at("power", {0, 2}, 1, 0), 0);
  EXPECT_EQ(at("power", {0, 2}, 1, 1), 0);
  EXPECT_EQ(at("power", {0, 0}, 1, 1), 0);
  EXPECT_EQ(at("power", {-2, 3}, 1, 0), 12);
  EXPECT_EQ(at("power", {-2, 3}, 1, 1), 0);
  EXPECT_EQ(at("logaddexp", {-kInf, -kInf}, 1, 0), 0.5);
  EXPECT_EQ(at("logaddexp", {kInf, 0}, 1, 0), 1);
  EXPECT_EQ(at("logaddexp", {-1e4, 1e4}, 1, 0), 0);
  EXPECT_EQ(at("maximum", {2, 2}, 1, 0), 0.5);
  EXPECT_EQ(at("remainder", {7, 2}, 1, 1), -3);
  EXPECT_EQ(at("fmod", {-7, 2}, 1, 1), 3);
  EXPECT_EQ(at("sqrt", {0}, 1, 0), kInf);
}

TEST(ElementwiseGradient, BranchesNotTakenGiveZero) {
  for (const char* op : {"sqrt", "log", "log2", "log10", "cbrt", "reciprocal"}) EXPECT_EQ(at(op, {0}, 0, 0), 0) << op;
  for (const char* op : {"arcsin", "arccos", "arccosh", "arctanh"}) EXPECT_EQ(at(op, {1}, 0, 0), 0) << op;
  for (const char* op : {"arcsin", "sqrt", "log"}) EXPECT_EQ(at(op, {-3}, 0, 0), 0) << op;
  for (const char* op : {"exp", "sinh", "cosh", "exp2", "expm1"}) EXPECT_EQ(at(op, {1e4}, 0, 0), 0) << op;
  EXPECT_EQ(at("divide", {1, 0}, 0, 0), 0);
  EXPECT_EQ(at("divide", {1, 0}, 0, 1), 0);
  EXPECT_EQ(at("power", {0, -1}, 0, 0), 0);
}

TEST(ElementwiseGradient, ComplexConvention) {
  const Array z(Complex(3, 4)), one(Complex(1, 0));
  EXPECT_EQ(numbers(cotangent(*find_op("square"), {z}, one, 0))[0], Complex(6, -8));
  const Complex modulus = numbers(cotangent(*find_op("absolute"), {z}, Array(1.0), 0))[0];
  EXPECT_NEAR(std::abs(modulus - Complex(0.6, 0.8)), 0, 1e-15);
  EXPECT_EQ(numbers(cotangent(*find_op("absolute"), {Array(Complex(0, 0))}, Array(1.0), 0))[0], Complex(0, 0));
}

}  // namespace
}  // namespace tnp

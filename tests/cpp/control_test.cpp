// cond, while_loop, scan, vectorized_map and host calls from C++.
#include "tnp/control.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/host/host_call.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"
#include "transform/function.h"
#include "transform/host_gradient.h"
#include "transform/tape.h"
#include "transform/vmap.h"

namespace tnp {
namespace {

double number(const Array& x) {
  EXPECT_EQ(x.dtype(), DType::float64);
  EXPECT_EQ(x.ndim(), 0);
  return *x.data_as<double>();
}

std::vector<double> numbers(const Array& given) {
  const Array x = copy(given);
  return std::vector<double>(x.data_as<double>(), x.data_as<double>() + x.size());
}

// f on these arguments, eager and traced (with all sizes unknown).
std::vector<Arrays> both(const ArraysFunction& f, const Arrays& args) {
  std::vector<ArgumentSpec> specs;
  for (const Array& x : args) specs.push_back({x.dtype(), Shape(x.ndim(), -1)});
  const TracedFunction traced = trace_function(specs, f);
  EXPECT_EQ(verify(*traced.graph), "");
  return {f(args), traced.call(args)};
}

// The gradient of f's first result, eager and traced.
std::vector<Arrays> gradients(const ArraysFunction& f, const Arrays& args) {
  std::vector<ArgumentSpec> specs;
  for (const Array& x : args) specs.push_back({x.dtype(), Shape(x.ndim(), -1)});
  const TracedFunction traced = trace_function(specs, f);
  std::vector<Arrays> out;
  for (int i = 0; i < 2; ++i) {
    Tape tape;
    for (const Array& x : args) tape.watch(x);
    tape.start();
    const Array y = i == 0 ? f(args)[0] : traced.call(args)[0];
    tape.stop();
    out.push_back(tape.gradient({&y, 1}, args));
  }
  return out;
}

TEST(Cond, RefusesBranchesThatDiffer) {
  const auto trace = [](const ArraysFunction& t, const ArraysFunction& f) {
    const ArgumentSpec spec{DType::float64, {}};
    trace_function({&spec, 1}, [&](const Arrays& a) { return cond(greater(a[0], 0.0), t, f, a); });
  };
  const auto same = [](const Arrays& a) { return a; };
  EXPECT_THROW(trace(same, [](const Arrays& a) { return Arrays{astype(a[0], DType::float32)}; }), TypeError);
  EXPECT_THROW(trace(same, [](const Arrays& a) { return Arrays{reshape(a[0], {1})}; }), ValueError);
  EXPECT_THROW(trace(same, [](const Arrays& a) { return Arrays{a[0], a[0]}; }), ValueError);
  EXPECT_THROW(cond(Array({1.0, 2.0}), same, same), ValueError);
}

TEST(Cond, TakesTheBranch) {
  const ArraysFunction f = [](const Arrays& a) {
    const std::int64_t axes[] = {0};
    return cond(
        greater(reduce_sum(a[0], axes, false, DType::float64), 0.0),
        [&](const Arrays& o) { return Arrays{o[0] * 2.0}; }, [&](const Arrays&) { return Arrays{a[0] - a[1]}; }, a);
  };
  for (const Arrays& out : both(f, {Array({1.0, 2.0}), Array(5.0)}))
    EXPECT_EQ(numbers(out[0]), (std::vector<double>{2, 4}));
  for (const Arrays& out : both(f, {Array({-1.0, -2.0}), Array(5.0)}))
    EXPECT_EQ(numbers(out[0]), (std::vector<double>{-6, -7}));
  for (const Arrays& g : gradients(f, {Array({-1.0, -2.0}), Array(5.0)})) {
    EXPECT_EQ(numbers(g[0]), (std::vector<double>{1, 1}));
    EXPECT_EQ(number(g[1]), -2);
  }
}

TEST(WhileLoop, RefusesChangedTypes) {
  const auto less_than_3 = [](const Arrays& c) { return less(c[0], 3); };
  EXPECT_THROW(while_loop(less_than_3, [](const Arrays& c) { return Arrays{c[0] + 0.5}; }, {Array(0)}), TypeError);
  EXPECT_THROW(while_loop(less_than_3, [](const Arrays&) { return Arrays{}; }, {Array(0)}), ValueError);
  EXPECT_THROW(while_loop(less_than_3, [](const Arrays& c) { return c; }, {}), ValueError);
}

TEST(WhileLoop, ValuesAndGradients) {
  // x ** 8 by squaring three times, times a.
  const ArraysFunction f = [](const Arrays& a) {
    const Arrays out = while_loop([](const Arrays& c) { return less(c[0], 3); },
                                  [](const Arrays& c) { return Arrays{c[0] + 1, c[1] * c[1]}; }, {Array(0), a[0]});
    return Arrays{out[1] * a[1]};
  };
  for (const Arrays& out : both(f, {Array(1.5), Array(2.0)})) EXPECT_DOUBLE_EQ(number(out[0]), 2 * std::pow(1.5, 8));
  for (const Arrays& g : gradients(f, {Array(1.5), Array(2.0)})) {
    EXPECT_NEAR(number(g[0]), 16 * std::pow(1.5, 7), 1e-9);
    EXPECT_NEAR(number(g[1]), std::pow(1.5, 8), 1e-9);
  }
}

TEST(WhileLoop, WithoutAnIteration) {
  const ArraysFunction f = [](const Arrays& a) {
    return while_loop([](const Arrays&) { return Array(false); }, [](const Arrays& c) { return Arrays{c[0] * 3.0}; },
                      {a[0]});
  };
  for (const Arrays& out : both(f, {Array(1.5)})) EXPECT_EQ(number(out[0]), 1.5);
  for (const Arrays& g : gradients(f, {Array(1.5)})) EXPECT_EQ(number(g[0]), 1);
}

TEST(Scan, ValuesAndGradients) {
  const ArraysFunction f = [](const Arrays& a) {
    auto [last, ys] =
        scan([](const Arrays& c, const Arrays& x) { return std::pair(Arrays{c[0] * x[0]}, Arrays{c[0] + x[0]}); },
             {Array(1.0)}, a);
    const std::int64_t axes[] = {0};
    return Arrays{last[0] + reduce_sum(ys[0], axes, false, DType::float64)};
  };
  const Array x({2.0, 3.0, 4.0});
  for (const Arrays& out : both(f, {x})) EXPECT_EQ(number(out[0]), 24 + (1 + 2) + (2 + 3) + (6 + 4));
  // last = x0 x1 x2; ys = 1 + x0, x0 + x1, x0 x1 + x2
  for (const Arrays& g : gradients(f, {x}))
    EXPECT_EQ(numbers(g[0]), (std::vector<double>{12 + 1 + 1 + 3, 8 + 1 + 2, 6 + 1}));
}

TEST(VectorizedMap, LoopsOfDifferentLengths) {
  const ArraysFunction f = [](const Arrays& a) {
    return while_loop([](const Arrays& c) { return less(c[0], 100.0); },
                      [](const Arrays& c) { return Arrays{c[0] * 2.0}; }, {a[0]});
  };
  VmapOptions options;
  options.fallback = false;
  const Batched out = vectorized_map(f, {{Array({1.0, 60.0, 200.0})}, {true}}, options);
  EXPECT_EQ(numbers(out.values[0]), (std::vector<double>{128, 120, 200}));
}

TEST(VectorizedMap, Refusals) {
  const ArraysFunction same = [](const Arrays& a) { return a; };
  EXPECT_THROW(vectorized_map(same, {{Array(1.0)}, {true}}), IndexError);
  EXPECT_THROW(vectorized_map(same, {{Array({1.0, 2.0}), Array({1.0, 2.0, 3.0})}, {true, true}}), ValueError);
  EXPECT_THROW(vectorized_map(same, {{Array(1.0)}, {false}}), ValueError);
}

TEST(HostCall, EnforcesWhatIsPromised) {
  const auto host = differentiable_host_function([](const Arrays& a) { return Arrays{a[0] * 2.0}; }, "double");
  const Array x(1.5);
  EXPECT_EQ(number(host_call(host, {x}, {{DType::float64}, {Shape()}}, true)[0]), 3);
  EXPECT_THROW(host_call(host, {x}, {{DType::float32}, {Shape()}}, true), TypeError);
  EXPECT_THROW(host_call(host, {x}, {{DType::float64}, {Shape{2}}}, true), TypeError);
  EXPECT_THROW(host_call(host, {x}, {{}, {}}, true), TypeError);
}

TEST(HostCall, GradientsOfAnyOrder) {
  const auto host = differentiable_host_function(
      [](const Arrays& a) { return Arrays{multiply(multiply(a[0], a[0]), a[0])}; }, "cube");
  const ArraysFunction f = [&](const Arrays& a) {
    return host_call(host, a, {{DType::float64}, {Shape::unknown_rank()}}, true);
  };
  const ArraysFunction second = [&](const Arrays& a) {
    Tape tape;
    tape.watch(a[0]);
    tape.start();
    const Array y = f(a)[0];
    tape.stop();
    const Array one(1.0);
    return tape.gradient({&y, 1}, a, {&one, 1});
  };
  for (const Arrays& g : gradients(second, {Array(2.0)})) EXPECT_EQ(number(g[0]), 12);
}

}  // namespace
}  // namespace tnp

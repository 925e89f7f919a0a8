// tnp::function from C++: what is traced, what is static, signatures, control flow inside.
#include <gtest/gtest.h>

#include <thread>

#include "ir/graph_text.h"
#include "tnp/tnp.h"

namespace {

using tnp::Array;
using tnp::Arrays;
using tnp::ArraySpec;
using tnp::DType;

bool same(const Array& a, const Array& b) { return a.dtype() == b.dtype() && tnp::array_equal(a, b).item<bool>(); }

Array range(int n) { return tnp::astype(tnp::iota(n, DType::int64), DType::float64); }

TEST(Function, StaticArgumentsAreValues) {
  int traced = 0;
  auto f = tnp::function([&](const Array& x, int power, const std::string& mode) {
    ++traced;
    Array y = x;
    for (int i = 1; i < power; ++i) y = y * x;
    return mode == "negative" ? -y : y;
  });
  const Array x = range(3);
  EXPECT_TRUE(same(f(x, 3, std::string("plain")), x * x * x));
  EXPECT_TRUE(same(f(range(5), 3, "plain"), range(5) * range(5) * range(5)));
  EXPECT_EQ(traced, 1);
  EXPECT_TRUE(same(f(x, 2, "negative"), -(x * x)));
  EXPECT_TRUE(same(f(x, 2, "negative"), -(x * x)));
  EXPECT_EQ(traced, 2);
  EXPECT_EQ(f.num_traces(), 2);
  for (int i = 0; i < 300; ++i) f(x, 1, std::to_string(i));
  EXPECT_LE(f.num_traces(), 256);
}

TEST(Function, StructuresOfArguments) {
  auto f = tnp::function([](const Arrays& xs, const Array& y, double k) {
    Array total = y;
    for (const Array& x : xs) total = total + x * k;
    return std::tuple(total, tnp::sum(total), tnp::mean(total));
  });
  const Array x = range(4);
  const auto [total, sum, mean] = f(Arrays{x, x}, x, 2.0);
  EXPECT_TRUE(same(total, x * 5.0));
  EXPECT_EQ(sum.item<double>(), 30.0);
  EXPECT_EQ(mean.item<double>(), 7.5);
  EXPECT_TRUE(same(std::get<0>(f(Arrays{}, x, 2.0)), x));
  auto pair = tnp::function([](const Array& v) { return std::pair(v + 1.0, v - 1.0); });
  EXPECT_TRUE(same(pair(x).second, x - 1.0));
}

TEST(Function, InputSignature) {
  tnp::FunctionOptions options;
  options.input_signature = {{DType::float64, {{"n", 2}}}, {DType::float64, {{"n"}}}, {DType::int64, std::nullopt}};
  auto f = tnp::function(
      [](const Array& x, const Array& y, const Array& k) { return tnp::sum(x) + tnp::sum(y) + tnp::sum(k); }, options);
  const Array k = tnp::iota(3, DType::int64);
  EXPECT_EQ(f(tnp::ones({3, 2}), tnp::ones({3}), k).item<double>(), 12.0);
  EXPECT_EQ(f(tnp::ones({4, 2}), tnp::ones({4}, DType::float32), k).item<double>(), 15.0);
  EXPECT_EQ(f.num_traces(), 1);
  EXPECT_EQ(f(tnp::ones({4, 2}), tnp::ones({4}), tnp::sum(k)).item<double>(), 15.0);
  EXPECT_EQ(f.num_traces(), 2);  // another rank
  EXPECT_THROW(f(tnp::ones({4, 2}), tnp::ones({3}), k), tnp::TypeError);
  EXPECT_THROW(f(tnp::ones({4, 3}), tnp::ones({4}), k), tnp::TypeError);
  EXPECT_THROW(f(tnp::ones({4}), tnp::ones({4}), k), tnp::TypeError);
  EXPECT_THROW(f(tnp::ones({4, 2}), tnp::ones({4}), tnp::ones({3})), tnp::TypeError);
}

TEST(Function, ControlFlow) {
  auto f = tnp::function([](const Array& x, int limit) {
    const Arrays out = tnp::while_loop([&](const Arrays& c) { return (tnp::sum(c[0]) < 100.0) & (c[1] < limit); },
                                       [](const Arrays& c) { return Arrays{c[0] * 2.0, c[1] + 1}; }, {x, Array(0)});
    return std::pair(
        tnp::cond(
            out[1] > 2, [&](const Arrays&) { return out; }, [&](const Arrays&) { return Arrays{-out[0], out[1]}; })[0],
        out[1]);
  });
  auto [y, n] = f(range(4), 10);
  EXPECT_EQ(n.item<std::int64_t>(), 5);
  EXPECT_TRUE(same(y, range(4) * 32.0));
  std::tie(y, n) = f(range(40), 10);
  EXPECT_EQ(n.item<std::int64_t>(), 0);
  EXPECT_TRUE(same(y, -range(40)));
  EXPECT_EQ(f.num_traces(), 1);
}

TEST(Function, TheGraphParsesBack) {
  auto f = tnp::function([](const Array& x, const Array& y) { return tnp::exp(x) * 2.5 + y; });
  const std::string text = f.graph(range(3), range(3));
  const auto graph = tnp::graph_from_text(text, {});
  EXPECT_EQ(graph->nodes.size(), 3U);
  EXPECT_NE(text.find("2.5"), std::string::npos);
}

TEST(Function, AMovedArgumentGivesItsMemory) {
  auto f = tnp::function([](const Array& x) { return x * 2.0 + 1.0; });
  Array x = tnp::ones({1 << 16}) + 0.0;
  const Array held = x;
  EXPECT_EQ(tnp::sum(f(std::move(x))).item<double>(), 3.0 * (1 << 16));
  EXPECT_EQ(tnp::sum(held).item<double>(), 1.0 * (1 << 16));
  Array own = tnp::ones({1 << 16}) + 0.0;
  EXPECT_EQ(tnp::sum(f(std::move(own))).item<double>(), 3.0 * (1 << 16));
}

TEST(Function, ManyThreads) {
  auto f = tnp::function([](const Array& x, int k) { return x + static_cast<double>(k); });
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const int k = (t + i) % 4;
        if (f(range(3), k).shape()[0] != 3 || tnp::sum(f(range(3), k)).item<double>() != 3.0 + 3 * k) ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(f.num_traces(), 4);
}

}  // namespace

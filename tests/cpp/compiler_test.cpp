// The compiler: every way to run a graph gives the bits that eager execution gives.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <thread>

#include "compiler/fuse.h"
#include "compiler/program.h"
#include "compiler/simplify.h"
#include "ir/trace.h"
#include "ops/elementwise/family.h"
#include "runtime/cpu_features.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/kernel_cache.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"

namespace tnp::compiler {
namespace {

using Function = std::function<Arrays(const Arrays&)>;

Shape unknown_sizes(const Shape& shape) { return Shape(shape.ndim(), -1); }

// Traced with every size unknown, or as they are.
std::shared_ptr<const Graph> trace(const Function& f, const Arrays& like, bool known_sizes = false) {
  Trace t;
  Arrays args;
  for (const Array& x : like)
    args.push_back(t.add_input(x.dtype(), known_sizes ? x.shape() : unknown_sizes(x.shape())));
  const Arrays out = f(args);
  return t.finish(args, out);
}

Arrays with_captured(const Graph& graph, Arrays args) {
  args.insert(args.end(), graph.captured.begin(), graph.captured.end());
  return args;
}

std::vector<Isa> isas() {
  std::vector<Isa> list;
  for (int i = 0; i <= static_cast<int>(cpu_isa()); ++i) list.push_back(static_cast<Isa>(i));
  return list;
}

// A real number's bits, all NaNs being one: which NaN an operation of two gives is not defined.
template <class T>
bool same_real(T a, T b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof(T)) == 0;
}
bool same_half(const std::byte* a, const std::byte* b, std::uint16_t infinity) {
  std::uint16_t x, y;
  std::memcpy(&x, a, 2);
  std::memcpy(&y, b, 2);
  return x == y || ((x & 0x7fff) > infinity && (y & 0x7fff) > infinity);
}
bool same_element(DType d, const std::byte* a, const std::byte* b) {
  const auto real = [&]<class T>(T, int i) {
    T x, y;
    std::memcpy(&x, a + i * static_cast<int>(sizeof(T)), sizeof(T));
    std::memcpy(&y, b + i * static_cast<int>(sizeof(T)), sizeof(T));
    return same_real(x, y);
  };
  switch (d) {
    case DType::float16:
      return same_half(a, b, 0x7c00);
    case DType::bfloat16:
      return same_half(a, b, 0x7f80);
    case DType::float32:
      return real(0.0f, 0);
    case DType::float64:
      return real(0.0, 0);
    case DType::complex64:
      return real(0.0f, 0) && real(0.0f, 1);
    case DType::complex128:
      return real(0.0, 0) && real(0.0, 1);
    default:
      return std::memcmp(a, b, static_cast<std::size_t>(itemsize(d))) == 0;
  }
}

testing::AssertionResult same(const Array& actual, const Array& expected) {
  if (actual.dtype() != expected.dtype())
    return testing::AssertionFailure() << name(actual.dtype()) << " for " << name(expected.dtype());
  if (!(actual.shape() == expected.shape()))
    return testing::AssertionFailure() << actual.shape().str() << " for " << expected.shape().str();
  const Array a = copy(actual), e = copy(expected);
  const int size = itemsize(a.dtype());
  for (std::int64_t i = 0; i < a.shape().num_elements(); ++i) {
    if (!same_element(a.dtype(), a.data() + i * size, e.data() + i * size)) {
      return testing::AssertionFailure() << "element " << i << " of\n" << actual.str() << "\nfor\n" << expected.str();
    }
  }
  return testing::AssertionSuccess();
}

// Runs `f` eagerly and compiled, in each way there is.
void expect_as_eager(const Function& f, const Arrays& args) {
  for (const Isa isa : isas()) {
    const ScopedIsa scope(isa);
    const Arrays expected = f(args);
    const auto graph = trace(f, args);
    for (const JitMode mode : {JitMode::never, JitMode::always}) {
      const auto program = compile(graph, {.jit = mode, .verify = true});
      const Arrays actual = program->run(with_captured(*graph, args));
      ASSERT_EQ(actual.size(), expected.size());
      for (std::size_t i = 0; i < actual.size(); ++i) {
        ASSERT_TRUE(same(actual[i], expected[i]))
            << "output " << i << ", " << isa_name(isa)
            << (mode == JitMode::always ? ", compiled\n" : ", block kernels\n") << graph->str() << program->str();
      }
    }
  }
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  double real() {
    static constexpr double kSpecial[] = {0.0, -0.0,   1,     -1,     0.5,   2, 3,    INFINITY, -INFINITY,
                                          NAN, 1e-310, 1e300, -1e300, 1e-40, 7, -200, 65504};
    if (below(4) == 0) return kSpecial[below(std::size(kSpecial))];
    return std::uniform_real_distribution<double>(-4, 4)(engine_);
  }
  Array array(DType dtype, const Shape& shape) {
    const std::int64_t n = shape.num_elements();
    const int lanes = is_complex(dtype) ? 2 : 1;
    std::vector<double> values(static_cast<std::size_t>(n * lanes));
    for (double& v : values)
      v = is_inexact(dtype) ? real() : std::trunc(std::uniform_real_distribution<double>(-40, 140)(engine_));
    if (is_complex(dtype)) return astype(Array::copy_of(values.data(), DType::complex128, shape), dtype);
    return astype(Array::copy_of(values.data(), DType::float64, shape), dtype);
  }

 private:
  std::mt19937 engine_;
};

std::vector<const OpDef*> elementwise_ops() {
  std::vector<const OpDef*> ops;
  for (const OpDef* op : all_ops()) {
    if (op->elementwise) ops.push_back(op);
  }
  return ops;
}

class EachOperation : public testing::TestWithParam<const OpDef*> {};

// Twice, so that there is something to fuse: with the inputs as they are, and in another order.
TEST_P(EachOperation, GivesWhatEagerGives) {
  const OpDef& op = *GetParam();
  Random random(1);
  for (int d = 0; d < kNumericDTypeCount; ++d) {
    const auto dtype = static_cast<DType>(d);
    const ElementwiseInfo& info = *op.elementwise;
    if (info.loop_for[d] == kNoLoop || (info.check && is_integer(dtype))) continue;
    const Function f = [&](const Arrays& x) {
      Arrays swapped(x.rbegin(), x.rend());
      return Arrays{tnp::apply(op, x), tnp::apply(op, swapped), equal(x[0], x[0])};
    };
    for (const std::int64_t n : {1, 67}) {
      Arrays args;
      for (int k = 0; k < info.arity; ++k) args.push_back(random.array(dtype, {n}));
      SCOPED_TRACE(std::string(op.name) + " on " + std::string(name(dtype)));
      ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, args));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Compiler, EachOperation, testing::ValuesIn(elementwise_ops()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(Compiler, ConvertsBetweenAllTypes) {
  Random random(2);
  for (int from = 0; from < kNumericDTypeCount; ++from) {
    const Function f = [&](const Arrays& x) {
      Arrays out;
      for (int to = 0; to < kNumericDTypeCount; ++to) out.push_back(astype(x[0], static_cast<DType>(to)));
      return out;
    };
    SCOPED_TRACE(name(static_cast<DType>(from)));
    ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, {random.array(static_cast<DType>(from), {83})}));
  }
}

Arrays polynomial(const Arrays& x) { return {x[0] * x[1] + x[0], x[0] - 2.0 * x[1]}; }

TEST(Compiler, FusesIntoOneStep) {
  const Arrays args = {Array({1, 2, 3}), Array({4, 5, 6})};
  const auto graph = trace(polynomial, args, true);
  const auto program = compile(graph);
  EXPECT_EQ(program->facts().steps, 1) << program->str();
  EXPECT_EQ(program->facts().fused_operations, 4);
}

TEST(Compiler, SizesAreRunTimeValues) {
  const auto graph = trace(polynomial, {Array({1, 2, 3}), Array({4, 5, 6})});
  const auto program = compile(graph, {.jit = JitMode::always});
  Random random(3);
  for (const std::int64_t n : {0, 1, 2, 7, 8, 9, 31, 64, 1000, 100003}) {
    const Arrays args = {random.array(DType::float64, {n}), random.array(DType::float64, {n})};
    const Arrays expected = polynomial(args), actual = program->run(with_captured(*graph, args));
    for (std::size_t i = 0; i < 2; ++i) ASSERT_TRUE(same(actual[i], expected[i])) << n;
  }
  EXPECT_EQ(program->facts().compiled_kernels, program->facts().fused_groups);
}

TEST(Compiler, BroadcastsAndTakesStridedInputs) {
  const Function f = [](const Arrays& x) { return Arrays{(x[0] + x[1]) * (x[0] - x[1]), -(x[0] * x[1])}; };
  Random random(4);
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{5, 7}, {7}},      {{5, 1}, {1, 7}},     {{3, 1, 4}, {5, 1}}, {{300, 3}, {3}},
      {{3, 300}, {3, 1}}, {{2, 600}, {600}},    {{1}, {1}},          {{0, 3}, {3}},
      {{1, 1}, {5}},      {{700, 5}, {700, 5}}, {{9}, {}},           {{4, 2, 2}, {4, 1, 2}}};
  for (const DType d : {DType::float64, DType::int16, DType::complex64}) {
    for (const auto& [a, b] : shapes) {
      const Arrays args = {random.array(d, a), random.array(d, b)};
      SCOPED_TRACE(a.str() + b.str());
      ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, args));
      if (a.ndim() != 2) continue;
      const std::int64_t swap[] = {1, 0};
      const Array wide = random.array(d, {a[1], a[0]});
      ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, {transpose(wide, swap), args[1]}));
    }
  }
  // Every other element, backwards.
  const Array x = random.array(DType::float32, {2001});
  const SliceSpec backwards[] = {{2000, -2, 1001}};
  ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, {slice(x, backwards), random.array(DType::float32, {1001})}));
}

bool shows_sign_of_nan(const OpDef& op) {
  return op.name == std::string("signbit") || op.name == std::string("copysign");
}

TEST(Compiler, RandomPrograms) {
  const std::vector<const OpDef*> ops = elementwise_ops();
  static constexpr DType kTypes[] = {DType::float64,  DType::float32, DType::int32, DType::bool_,     DType::float16,
                                     DType::bfloat16, DType::int64,   DType::uint8, DType::complex128};
  for (unsigned seed = 0; seed < 60; ++seed) {
    Random random(100 + seed);
    Arrays args;
    for (int i = 0; i < 4; ++i) {
      static const Shape kShapes[] = {{3, 70}, {70}, {3, 1}, {}};
      args.push_back(random.array(kTypes[random.below(std::size(kTypes))], kShapes[random.below(std::size(kShapes))]));
    }
    const int length = 2 + random.below(40);
    const unsigned plan = static_cast<unsigned>(random.below(1 << 30));
    const Function f = [&](const Arrays& x) {
      Random choice(plan);
      Arrays values = x;
      for (int i = 0; i < length; ++i) {
        const OpDef& op = *ops[static_cast<std::size_t>(choice.below(static_cast<int>(ops.size())))];
        Arrays in;
        for (int k = 0; k < op.elementwise->arity; ++k)
          in.push_back(values[static_cast<std::size_t>(choice.below(static_cast<int>(values.size())))]);
        try {
          if (op.elementwise->check || shows_sign_of_nan(op)) continue;
          values.push_back(tnp::apply(op, in));
        } catch (const TypeError&) {
        }
      }
      return Arrays(values.end() - std::min<std::ptrdiff_t>(std::ssize(values), 5), values.end());
    };
    SCOPED_TRACE(seed);
    ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, args));
  }
}

template <class E>
std::string message(const std::function<void()>& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing thrown";
}

TEST(Compiler, WrongSizesRaiseWhatEagerRaises) {
  const Function f = [](const Arrays& x) { return Arrays{exp(x[0]) * x[1] + x[0]}; };
  const auto graph = trace(f, {Array({1, 2}), Array({1, 2})});
  const auto program = compile(graph);
  const Arrays wrong = {Array({1, 2}), Array({1, 2, 3})};
  EXPECT_EQ(message<ValueError>([&] { program->run(wrong); }), message<ValueError>([&] { f(wrong); }));
  EXPECT_NE(message<ValueError>([&] { program->run(wrong); }).find("multiply"), std::string::npos);
  EXPECT_THROW(program->run(Arrays{Array({1, 2})}), RuntimeError);
  EXPECT_THROW(program->run(Arrays{Array(1.0), Array({1, 2})}), ValueError);
  EXPECT_THROW(program->run(Arrays{astype(Array({1, 2}), DType::float32), Array({1, 2})}), TypeError);
  const auto fixed = compile(trace(f, {Array({1, 2}), Array({1, 2})}, true));
  EXPECT_THROW(fixed->run(Arrays{Array({1, 2, 3}), Array({1, 2, 3})}), ValueError);
}

TEST(Compiler, ChecksThatRaiseAreStepsOfTheirOwn) {
  const OpDef* op = find_op("power");
  ASSERT_NE(op, nullptr);
  const Function f = [&](const Arrays& x) { return Arrays{tnp::apply(*op, {x[0] + x[0], x[1]}) + x[0]}; };
  const Array two = astype(Array({2, 2}), DType::int64), bad = astype(Array({1, -1}), DType::int64);
  const auto graph = trace(f, {two, two});
  const auto program = compile(graph);
  EXPECT_TRUE(same(program->run(Arrays{two, two})[0], f({two, two})[0]));
  EXPECT_THROW(program->run(Arrays{two, bad}), ValueError);
}

TEST(Simplify, MergesFoldsAndDrops) {
  const Array constant({1, 2, 3});
  const Function f = [&](const Arrays& x) {
    exp(x[0]);                                                               // dead
    const Array c = constant + constant;                                     // constant
    return Arrays{sin(x[0]) + sin(x[0]) + c, astype(x[0], DType::float64)};  // equal; an identity
  };
  auto graph = *trace(f, {Array({1, 2, 3})});
  simplify(graph, true);
  EXPECT_EQ(graph.nodes.size(), 3u) << graph.str();  // sin, add, add
  EXPECT_EQ(graph.outputs[1], graph.inputs[0]);
  ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, {Array({1, 2, 3})}));
}

TEST(Fuse, KeepsGroupsConvex) {
  // cumsum-like: a reduction between two elementwise parts of one shape must not end up inside a group.
  const Function f = [](const Arrays& x) {
    const std::int64_t axis[] = {0};
    const Array y = exp(x[0]) * 2.0;
    const Array total = reduce_sum(y, axis, true, y.dtype());
    return Arrays{y / broadcast_to(total, y.shape()) + y};
  };
  ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, {Array({1, 2, 3})}));
  const auto units = partition(*trace(f, {Array({1, 2, 3})}));
  for (std::size_t u = 0; u < units.size(); ++u) {
    for (int n : units[u].nodes) EXPECT_GE(n, 0);
  }
  EXPECT_GE(units.size(), 3u);
}

TEST(Fuse, ManyOperandsAreSplit) {
  const Function f = [](const Arrays& x) {
    Array sum = x[0];
    for (std::size_t i = 1; i < x.size(); ++i) sum = sum + x[i] * x[i - 1];
    Array longer = sum;
    for (int i = 0; i < 600; ++i) longer = longer * 0.5 + sum;
    return Arrays{sum, longer};
  };
  Arrays args;
  Random random(5);
  for (int i = 0; i < 230; ++i) args.push_back(random.array(DType::float32, {33}));
  ASSERT_NO_FATAL_FAILURE(expect_as_eager(f, args));
}

TEST(Program, EqualSizesMakeOneStep) {
  // As a gradient is traced, with sizes of which nobody knows yet that they are equal.
  const Function f = [](const Arrays& x) {
    const Array product = exp(x[0]) * x[1];
    return Arrays{sum_to(product * product, x[0]) * 2.0 + x[0], broadcast_to(x[1], product.shape()) - product};
  };
  Random random(8);
  const auto graph = trace(f, {random.array(DType::float64, {9}), random.array(DType::float64, {9})});
  const auto program = compile(graph);
  const auto run = [&](std::int64_t n, std::int64_t m) {
    const Arrays args = {random.array(DType::float64, {n}), random.array(DType::float64, {m})};
    const Arrays expected = f(args), actual = program->run(with_captured(*graph, args));
    for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(same(actual[i], expected[i])) << n << ", " << m;
    return program->facts().steps;
  };
  EXPECT_EQ(run(9, 9), 1) << program->str();
  EXPECT_EQ(run(1, 1), 1);
  EXPECT_GT(run(1, 9), 1);
  EXPECT_GT(run(9, 1), 1);
  EXPECT_EQ(run(70, 70), run(9, 9));
}

TEST(Program, ReusesDeadMemoryButNeverAnArgument) {
  const Function f = [](const Arrays& x) {
    const std::int64_t axis[] = {0};
    const Array a = x[0] + 1.0;  // a step of its own: the reduction lies between
    const Array total = reduce_sum(a, axis, false, a.dtype());
    return Arrays{a * total - 2.0};
  };
  const Array x({1, 2, 3, 4});
  const auto graph = trace(f, {x});
  const auto program = compile(graph);
  const Array expected = f({x})[0];
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(same(program->run(with_captured(*graph, {x}))[0], expected));
  EXPECT_TRUE(same(x, Array({1, 2, 3, 4})));
}

TEST(Program, ViewsOfArgumentsAreNotWritten) {
  const Function f = [](const Arrays& x) { return Arrays{reshape(x[0], {4}) * 2.0 + 1.0}; };
  const Array x = reshape(Array({1, 2, 3, 4}), {2, 2});
  const auto graph = trace(f, {x}, true);
  const auto program = compile(graph);
  const Array expected = f({x})[0];
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(same(program->run(with_captured(*graph, {x}))[0], expected));
}

TEST(Program, ManyThreadsAtOnce) {
  const Function f = [](const Arrays& x) { return Arrays{exp(x[0]) * x[1] - sin(x[0] + x[1])}; };
  Random random(6);
  const Arrays args = {random.array(DType::float64, {5000}), random.array(DType::float64, {5000})};
  const auto graph = trace(f, args);
  clear_kernel_cache();
  const auto program = compile(graph, {.jit = JitMode::always});
  const Array expected = f(args)[0];
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        if (!same(program->run(args)[0], expected)) ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(program->facts().compiled_kernels, 1);
}

TEST(KernelCache, EqualFunctionsShareCode) {
  clear_kernel_cache();
  const Arrays args = {Array({1, 2}), Array({1, 2})};
  const auto graph = trace(polynomial, args), again = trace(polynomial, args);
  const auto first = compile(graph, {.jit = JitMode::always}), second = compile(again, {.jit = JitMode::always});
  first->run(with_captured(*graph, args));
  second->run(with_captured(*again, args));
  EXPECT_EQ(second->facts().compiled_kernels, first->facts().compiled_kernels);
  EXPECT_GE(kernel_cache_info().hits, 1u);
}

TEST(Jit, CompilesWhatIsRunOften) {
  clear_kernel_cache();
  const Function f = [](const Arrays& x) { return Arrays{x[0] * x[1] + x[0] * 3.0}; };
  const Arrays args = {Array({1, 2}), Array({3, 4})};
  const auto graph = trace(f, args);
  const auto program = compile(graph, {.jit = JitMode::automatic});
  const Arrays all = with_captured(*graph, args);
  program->run(all);
  EXPECT_EQ(program->facts().compiled_kernels, 0);
  const Array big = exp(Random(7).array(DType::float64, {4000000}));
  program->run(with_captured(*graph, {big, big}));
  EXPECT_EQ(program->facts().compiled_kernels, 1);
}

}  // namespace
}  // namespace tnp::compiler

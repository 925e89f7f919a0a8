// Indexing: primitives, their derivatives and batching rules, and slices of sizes that are known only at run time.
#include <gtest/gtest.h>

#include "base/dim.h"
#include "ir/trace.h"
#include "ops/index/places.h"
#include "ops/index/repeat.h"
#include "tnp/error.h"
#include "tnp/indexing.h"
#include "tnp/operators.h"

namespace tnp {
namespace {

using Item = IndexItem;

Array arange(const Shape& shape, DType dtype = DType::float64) {
  return reshape(iota(shape.num_elements(), dtype), shape);
}
Array ints(std::vector<std::int64_t> v) { return Array::from(v); }
std::vector<double> values(const Array& x) {
  const Array d = copy(astype(x, DType::float64));
  return std::vector<double>(d.data_as<double>(), d.data_as<double>() + d.size());
}
Array get(const Array& x, std::vector<Item> items) { return getitem(x, items); }
Array update(const Array& x, std::vector<Item> items, const Array& v, UpdateOp op = UpdateOp::set) {
  return setitem(x, items, v, op);
}

template <class E, class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    return std::string("another class of exception: ") + e.what();
  }
  return "no exception";
}

TEST(Gather, TakesRowsInOrder) {
  const Array x = arange({3, 2});
  const Array i = ints({2, -3, 2});
  const std::int64_t axes[] = {0};
  EXPECT_EQ(values(gather(x, {&i, 1}, axes)), (std::vector<double>{4, 5, 0, 1, 4, 5}));
  const std::int64_t second[] = {1};
  const Array j = ints({1});
  EXPECT_EQ(values(gather(x, {&j, 1}, second)), (std::vector<double>{1, 3, 5}));
  // A transposed array: what lies behind the indexed axis is not one piece of memory.
  const std::int64_t order[] = {1, 0};
  EXPECT_EQ(values(gather(transpose(x, order), {&j, 1}, axes)), (std::vector<double>{1, 3, 5}));
}

TEST(Gather, EveryTypeOfIndexAndElement) {
  const std::int64_t axes[] = {0};
  for (int d = 0; d < kNumericDTypeCount; ++d) {
    const Array x = astype(arange({5, 3}), static_cast<DType>(d));
    for (DType k : {DType::int8, DType::uint8, DType::int16, DType::uint32, DType::uint64, DType::int64}) {
      const Array i = astype(ints({4, 1}), k);
      EXPECT_EQ(values(gather(x, {&i, 1}, axes)), values(astype(Array({12, 13, 14, 3, 4, 5}), x.dtype())));
    }
  }
}

TEST(Gather, RefusesIndicesOutOfRange) {
  const Array x = arange({5});
  const std::int64_t axes[] = {0};
  for (std::int64_t bad : {7, -6, 5}) {
    const Array i = ints({0, bad});
    EXPECT_EQ(message<IndexError>([&] { gather(x, {&i, 1}, axes); }),
              "index " + std::to_string(bad) + " is out of bounds for axis 0 with size 5");
    EXPECT_EQ(message<IndexError>([&] { scatter(x, {&i, 1}, Array(1.0), axes, ScatterMode::set); }),
              "index " + std::to_string(bad) + " is out of bounds for axis 0 with size 5");
  }
  const Array f = Array({1.0});
  EXPECT_NE(message<IndexError>([&] { gather(x, {&f, 1}, axes); }).find("must be of integer"), std::string::npos);
}

TEST(Scatter, DuplicatesCombineInOrder) {
  const Array x = arange({4});
  const Array i = ints({1, 1, -1, 1});
  const Array u = Array({2, 3, 4, 5});
  const std::int64_t axes[] = {0};
  const auto run = [&](ScatterMode m) { return values(scatter(x, {&i, 1}, u, axes, m)); };
  EXPECT_EQ(run(ScatterMode::set), (std::vector<double>{0, 5, 2, 4}));
  EXPECT_EQ(run(ScatterMode::add), (std::vector<double>{0, 11, 2, 7}));
  EXPECT_EQ(run(ScatterMode::multiply), (std::vector<double>{0, 30, 2, 12}));
  EXPECT_EQ(run(ScatterMode::min), (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(run(ScatterMode::max), (std::vector<double>{0, 5, 2, 4}));
  EXPECT_EQ(values(x), (std::vector<double>{0, 1, 2, 3}));
}

TEST(Scatter, LargeOnesAreTheSameOnSeveralThreads) {
  const Array x = zeros({300, 200}, DType::float32);
  const Array i = remainder(iota(4000, DType::int64), Array(std::int64_t{300}));
  const Array u = ones({4000, 200}, DType::float32);
  const std::int64_t axes[] = {0};
  const std::vector<double> sum = values(scatter(x, {&i, 1}, u, axes, ScatterMode::add));
  for (std::size_t k = 0; k < sum.size(); ++k) ASSERT_EQ(sum[k], k / 200 < 100 ? 14 : 13);
}

TEST(Scatter, ABadIndexLeavesADonatedArrayAsItWas) {
  Array x = arange({4});
  IndexParams p;
  p.set(Axes{0});
  const Array in[] = {x, Array(9.0), ints({0, 17})};
  EXPECT_THROW(apply(*find_op("scatter"), in, p, 1), IndexError);
  EXPECT_EQ(values(x), (std::vector<double>{0, 1, 2, 3}));
}

TEST(Nonzero, AllRanks) {
  const Array x = remainder(arange({3, 4, 5}, DType::int64), Array(std::int64_t{3}));
  const Array found = nonzero_indices(x);
  EXPECT_EQ(found.shape(), (Shape{40, 3}));
  EXPECT_EQ(values(get(found, {1})), (std::vector<double>{0, 0, 2}));
  const Array many = astype(remainder(iota(100000, DType::int64), Array(std::int64_t{2})), DType::bool_);
  const Array flat = nonzero_indices(many);
  ASSERT_EQ(flat.shape(), (Shape{50000, 1}));
  for (int k = 0; k < 50000; ++k) ASSERT_EQ(flat.data_as<std::int64_t>()[k], 2 * k + 1);
  EXPECT_EQ(values(repeat_indices(ints({2, 0, 1}))), (std::vector<double>{0, 0, 2}));
  EXPECT_THROW(repeat_indices(ints({-1})), ValueError);
}

TEST(Getitem, PlacesOfIndexDimensions) {
  const Array x = arange({2, 3, 4, 5});
  const Array i = ints({0, 1, 0}), j = ints({1, 1, 1});
  EXPECT_EQ(get(x, {Item::slice(), i, j}).shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(get(x, {i, Item::slice(), j}).shape(), (Shape{3, 3, 5}));
  EXPECT_EQ(get(x, {0, Item::slice(), i}).shape(), (Shape{3, 3, 5}));
  EXPECT_EQ(get(x, {Item::slice(), 0, i}).shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(get(x, {i, Item::newaxis(), j}).shape(), (Shape{3, 1, 4, 5}));
  EXPECT_EQ(get(x, {Array(true)}).shape(), (Shape{1, 2, 3, 4, 5}));
  EXPECT_EQ(get(x, {Array(false)}).shape(), (Shape{0, 2, 3, 4, 5}));
  EXPECT_EQ(get(x, {Item::ellipsis(), Item::newaxis()}).shape(), (Shape{2, 3, 4, 5, 1}));
  EXPECT_EQ(values(get(x, {1, 2, 3, -1})), (std::vector<double>{119}));
}

TEST(Getitem, Errors) {
  const Array x = arange({2, 3});
  EXPECT_EQ(message<IndexError>([&] { get(x, {0, 0, 0}); }),
            "too many indices for array: array is 2-dimensional, but 3 were indexed");
  EXPECT_EQ(message<IndexError>([&] { get(x, {0, 3}); }), "index 3 is out of bounds for axis 1 with size 3");
  EXPECT_EQ(message<IndexError>([&] { get(x, {Item::slice(), ints({0, 7})}); }),
            "index 7 is out of bounds for axis 1 with size 3");
  EXPECT_EQ(message<IndexError>([&] { get(x, {ints({0, 1}), ints({0, 1, 2})}); }),
            "shape mismatch: indexing arrays could not be broadcast together with shapes (2,) (3,)");
  EXPECT_EQ(message<IndexError>([&] { get(x, {astype(ints({1, 0, 1}), DType::bool_)}); }),
            "boolean index did not match indexed array along axis 0; size of axis is 2 but size of corresponding "
            "boolean axis is 3");
  EXPECT_EQ(message<IndexError>([&] { get(x, {Item::ellipsis(), Item::ellipsis()}); }),
            "an index can only have a single ellipsis ('...')");
  EXPECT_EQ(message<ValueError>([&] { get(x, {Item::slice({}, {}, 0)}); }), "slice step cannot be zero");
  EXPECT_EQ(message<ValueError>([&] { update(x, {0}, Array({1, 2})); }),
            "could not broadcast input array from shape (2,) into shape (3,)");
  EXPECT_EQ(message<ValueError>([&] { update(x, {ints({0, 1})}, Array({1, 2})); }),
            "shape mismatch: value array of shape (2,) could not be broadcast to indexing result of shape (2, 3)");
}

TEST(Getitem, ViewsShareMemory) {
  const Array x = arange({4, 6});
  const Array y = get(x, {Item::slice({{1}}, {}, 2), Item::slice({}, {}, -1)});
  EXPECT_EQ(y.node()->buffer, x.node()->buffer);
  EXPECT_EQ(values(y), (std::vector<double>{11, 10, 9, 8, 7, 6, 23, 22, 21, 20, 19, 18}));
}

TEST(Setitem, Operations) {
  const Array x = arange({2, 3});
  EXPECT_EQ(values(update(x, {Item::slice(), 1}, Array({9, 8}))), (std::vector<double>{0, 9, 2, 3, 8, 5}));
  EXPECT_EQ(values(update(x, {ints({0, 0}), 1}, Array(10.0), UpdateOp::add)), (std::vector<double>{0, 21, 2, 3, 4, 5}));
  EXPECT_EQ(values(update(x, {ints({0, 0}), 1}, Array(10.0), UpdateOp::subtract)),
            (std::vector<double>{0, -19, 2, 3, 4, 5}));
  EXPECT_EQ(values(update(x, {1}, Array(2.0), UpdateOp::divide)), (std::vector<double>{0, 1, 2, 1.5, 2, 2.5}));
  EXPECT_EQ(values(update(x, {ints({1}), ints({2})}, Array(2.0), UpdateOp::power)),
            (std::vector<double>{0, 1, 2, 3, 4, 25}));
  EXPECT_EQ(values(update(x, {x > 2}, Array(-1.0))), (std::vector<double>{0, 1, 2, -1, -1, -1}));
  EXPECT_EQ(values(update(x, {x > 2}, Array({7, 8, 9}))), (std::vector<double>{0, 1, 2, 7, 8, 9}));
  EXPECT_EQ(values(update(astype(x, DType::int64), {0}, Array(1.9))), (std::vector<double>{1, 1, 1, 3, 4, 5}));
}

// Every slice of an array whose size is not known while it is traced, run with several sizes.
TEST(SymbolicSizes, Slices) {
  std::vector<std::optional<IndexBound>> bounds{std::nullopt};
  for (std::int64_t b : {-7, -3, -1, 0, 1, 2, 5}) bounds.push_back(IndexBound{b});
  for (const auto& start : bounds) {
    for (const auto& stop : bounds) {
      for (std::int64_t step : {1, 2, -1, -3}) {
        const Item item = Item::slice(start, stop, step);
        std::unique_ptr<Graph> graph;
        {
          Trace trace;
          const Array x = trace.add_input(DType::float64, {-1, 2});
          const Array in[] = {x}, out[] = {getitem(x, {&item, 1})};
          graph = trace.finish(in, out);
        }
        for (std::int64_t n : {0, 1, 2, 4, 6}) {
          const Array x = arange({n, 2});
          const Array expected = getitem(x, {&item, 1}), got = replay(*graph, {&x, 1})[0];
          ASSERT_EQ(got.shape(), expected.shape()) << "size " << n << " start " << (start ? start->value : 99)
                                                   << " stop " << (stop ? stop->value : 99) << " step " << step;
          ASSERT_EQ(values(got), values(expected));
        }
      }
    }
  }
}

TEST(SymbolicSizes, IntegersMasksAndUpdates) {
  const auto run = [](auto&& f, std::vector<Array> args) {
    std::unique_ptr<Graph> graph;
    {
      Trace trace;
      Arrays in;
      for (const Array& a : args)
        in.push_back(trace.add_input(a.dtype(), Shape(SmallVec<std::int64_t, 5>(a.ndim(), -1))));
      const Array out[] = {f(in)};
      graph = trace.finish(in, out);
    }
    for (const Array& captured : graph->captured) args.push_back(captured);
    return replay(*graph, args)[0];
  };
  const Array x = arange({4});
  EXPECT_EQ(values(run([](Arrays& a) { return get(a[0], {-1}); }, {x})), (std::vector<double>{3}));
  EXPECT_THROW(run([](Arrays& a) { return get(a[0], {-5}); }, {x}), IndexError);
  EXPECT_THROW(run([](Arrays& a) { return get(a[0], {4}); }, {x}), IndexError);
  EXPECT_EQ(values(run([](Arrays& a) { return get(a[0], {a[1]}); }, {x, Array(std::int64_t{-2})})),
            (std::vector<double>{2}));
  EXPECT_EQ(values(run([](Arrays& a) { return get(a[0], {a[0] > 1}); }, {x})), (std::vector<double>{2, 3}));
  EXPECT_EQ(values(run([](Arrays& a) { return get(a[0], {a[0] > 0, Item::newaxis()}); }, {x})),
            (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(values(run([](Arrays& a) { return update(a[0], {a[0] > 1}, Array(0.0)); }, {x})),
            (std::vector<double>{0, 1, 0, 0}));
  EXPECT_EQ(values(run([](Arrays& a) { return update(a[0], {Item::slice({{1}}, {{-1}})}, Array(9.0)); }, {x})),
            (std::vector<double>{0, 9, 9, 3}));
  const Array m = arange({3, 4});
  EXPECT_THROW(run([](Arrays& a) { return get(a[0], {0, -4}); }, {arange({2, 3})}), IndexError);
  EXPECT_EQ(values(run([](Arrays& a) { return get(a[0], {a[1], Item::slice(), a[1]}); },
                       {reshape(arange({12}), {2, 3, 2}), Array(std::int64_t{1})})),
            (std::vector<double>{7, 9, 11}));
  EXPECT_EQ(values(run([](Arrays& a) { return roll(flip(a[0]), -1); }, {x})), (std::vector<double>{2, 1, 0, 3}));
  EXPECT_EQ(values(run([](Arrays& a) { return trace(a[0], 1); }, {m})), (std::vector<double>{1 + 6 + 11}));
  EXPECT_EQ(values(run([](Arrays& a) { return repeat(a[0], a[1]); }, {x, ints({0, 2, 0, 1})})),
            (std::vector<double>{1, 1, 3}));
  // A size as a bound: x[:n // 2], and one that is below zero at run time: x[n - 6:].
  EXPECT_EQ(
      values(run(
          [](Arrays& a) { return get(a[0], {Item::slice({}, IndexBound{dim_floor_div(a[0].shape()[0], 2), true})}); },
          {x})),
      (std::vector<double>{0, 1}));
  EXPECT_EQ(
      values(
          run([](Arrays& a) { return get(a[0], {Item::slice(IndexBound{dim_sub(a[0].shape()[0], 6), true})}); }, {x})),
      (std::vector<double>{2, 3}));
}

// --- derivatives, against differences

double total(const Array& x, const Array& weight) {
  double sum = 0;
  const std::vector<double> a = values(x), w = values(weight);
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * w[i];
  return sum;
}

void expect_gradient(const char* op_name, Arrays in, const IndexParams& p, int input) {
  const OpDef& op = *find_op(op_name);
  const Array y = apply(op, in, p);
  const Array weight = remainder(arange(y.shape()) * Scalar(1.7), Array(2.3)) + Scalar(0.5);
  Arrays result(in.size());
  const std::vector<char> all(in.size(), 1);
  bool needed[8] = {true, true};
  const Call call{op, in, p};
  VjpCall v{call, {&y, 1}, {&weight, 1}, {needed, in.size()}, result};
  op.vjp.get()(v);
  ASSERT_TRUE(static_cast<bool>(result[input]));
  ASSERT_EQ(result[input].shape(), in[input].shape());
  const std::vector<double> got = values(result[input]), at = values(in[input]);
  for (std::size_t k = 0; k < at.size(); ++k) {
    const auto moved = [&](double by) {
      std::vector<double> other = at;
      other[k] += by;
      Arrays changed = in;
      changed[input] = reshape(Array::from(other), in[input].shape());
      return total(apply(op, changed, p), weight);
    };
    EXPECT_NEAR(got[k], (moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-6)
        << op_name << " mode " << p.mode << " input " << input << " at " << k;
  }
}

TEST(Derivatives, GatherAndScatter) {
  IndexParams p;
  p.set(Axes{1});
  const Array x = arange({2, 3, 2}) * Scalar(0.37) + Scalar(0.11), i = ints({2, 0, 2, -1});
  expect_gradient("gather", {x, i}, p, 0);
  const Array u = remainder(arange({2, 4, 2}) * Scalar(1.3), Array(2.9)) + Scalar(0.2);
  for (int mode = 0; mode <= 4; ++mode) {
    p.mode = mode;
    expect_gradient("scatter", {x, u, i}, p, 0);
    expect_gradient("scatter", {x, u, i}, p, 1);
  }
  p.mode = static_cast<int>(ScatterMode::multiply);
  const Array with_zeros = where(u > Scalar(2.0), 0, u);
  expect_gradient("scatter", {x, with_zeros, i}, p, 1);
}

TEST(Derivatives, TiesOfScatterMaxShare) {
  const Array x = Array({1, 5, 2}), u = Array({5, 5, 3}), i = ints({1, 1, 2});
  IndexParams p;
  p.set(Axes{0}, static_cast<std::int64_t>(ScatterMode::max));
  const Array in[] = {x, u, i};
  const OpDef& op = *find_op("scatter");
  const Array y = apply(op, in, p), ct = Array({3, 6, 9});
  Array result[3];
  const bool needed[] = {true, true, false};
  const Call call{op, in, p};
  VjpCall v{call, {&y, 1}, {&ct, 1}, needed, result};
  op.vjp.get()(v);
  EXPECT_EQ(values(result[0]), (std::vector<double>{3, 2, 0}));
  EXPECT_EQ(values(result[1]), (std::vector<double>{2, 2, 9}));
}

// --- batching: the rule against a loop over the examples

void expect_batched(const char* op_name, const Arrays& in, const IndexParams& p, std::vector<bool> batched) {
  const OpDef& op = *find_op(op_name);
  bool flags[8];
  for (std::size_t i = 0; i < in.size(); ++i) flags[i] = batched[i];
  const Call call{op, in, p};
  BatchCall b{call, {flags, in.size()}, 3, {}, {}};
  op.batch.get()(b);
  ASSERT_TRUE(b.result_batched[0]);
  for (std::int64_t k = 0; k < 3; ++k) {
    Arrays own;
    for (std::size_t i = 0; i < in.size(); ++i) own.push_back(batched[i] ? get(in[i], {Item(k)}) : in[i]);
    const Array expected = apply(op, own, p), got = get(b.result[0], {Item(k)});
    ASSERT_EQ(got.shape(), expected.shape());
    EXPECT_EQ(values(got), values(expected));
  }
}

TEST(Batching, GatherAndScatter) {
  const Array x = arange({2, 4, 3, 2}), xs = arange({3, 2, 4, 3, 2});
  const Array i = ints({1, -1, 1, 0}), is = remainder(arange({3, 4}, DType::int64), Array(std::int64_t{4}));
  const Array j = reshape(ints({2, 0}), {2, 1}),
              js = remainder(arange({3, 2, 1}, DType::int64), Array(std::int64_t{3}));
  IndexParams p;
  for (std::int64_t first : {0, 1}) {
    p.set(Axes{first, first + 1});
    const Array low = remainder(i, Array(std::int64_t{2})), lows = remainder(is, Array(std::int64_t{2}));
    const Array& a = first ? i : low;
    const Array& as = first ? is : lows;
    for (int mask = 1; mask < 8; ++mask) {
      const bool bx = mask & 1, bi = mask & 2, bj = mask & 4;
      expect_batched("gather", {bx ? xs : x, bi ? as : a, bj ? js : j}, p, {bx, bi, bj});
      const Shape u = first ? Shape{2, 2, 4, 2} : Shape{2, 4, 3, 2};
      for (bool bu : {false, true}) {
        const Array updates = bu ? arange(Shape{3, u[0], u[1], u[2], u[3]}) : arange(u);
        p.mode = static_cast<std::int64_t>(ScatterMode::add);
        expect_batched("scatter", {bx ? xs : x, updates, bi ? as : a, bj ? js : j}, p, {bx, bu, bi, bj});
      }
    }
  }
}

// --- functions

TEST(Functions, TakeAndItsKin) {
  const Array x = arange({2, 3});
  EXPECT_EQ(values(take(x, ints({5, -6}))), (std::vector<double>{5, 0}));
  EXPECT_EQ(values(take(x, ints({4, -4}), 1, TakeMode::wrap)), (std::vector<double>{1, 2, 4, 5}));
  EXPECT_EQ(values(take(x, ints({4, -4}), 1, TakeMode::clip)), (std::vector<double>{2, 0, 5, 3}));
  EXPECT_THROW(take(x, ints({3}), 1), IndexError);
  EXPECT_THROW(take(x, Array({1.0})), TypeError);
  EXPECT_EQ(values(take_along_axis(x, reshape(ints({2, 0}), {2, 1}), 1)), (std::vector<double>{2, 3}));
  EXPECT_EQ(values(put_along_axis(x, reshape(ints({2, 0}), {2, 1}), Array(9.0), 1)),
            (std::vector<double>{0, 1, 9, 9, 4, 5}));
  EXPECT_EQ(values(compress(astype(ints({0, 1}), DType::bool_), x, 1)), (std::vector<double>{1, 4}));
  EXPECT_EQ(values(repeat(x, 2, 0)), (std::vector<double>{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  EXPECT_EQ(values(repeat(x, ints({1, 0, 2}), 1)), (std::vector<double>{0, 2, 2, 3, 5, 5}));
  EXPECT_THROW(repeat(x, -1, 0), ValueError);
  EXPECT_EQ(values(diagonal(arange({3, 4}), -1)), (std::vector<double>{4, 9}));
  EXPECT_EQ(values(trace(arange({3, 3}))), (std::vector<double>{12}));
  EXPECT_EQ(values(roll(x, 2)), (std::vector<double>{4, 5, 0, 1, 2, 3}));
  EXPECT_EQ(values(flip(x)), (std::vector<double>{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(values(put(x, ints({0, 5}), Array(7.0))), (std::vector<double>{7, 1, 2, 3, 4, 7}));
  const Arrays found = nonzero(x > 3);
  EXPECT_EQ(values(found[0]), (std::vector<double>{1, 1}));
  EXPECT_EQ(values(found[1]), (std::vector<double>{1, 2}));
  EXPECT_THROW(nonzero(Array(1.0)), ValueError);
}

}  // namespace
}  // namespace tnp

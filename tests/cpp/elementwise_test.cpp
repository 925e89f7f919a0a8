// Every operation of the elementwise family, on every instruction set: what must hold whatever the operation is.
#include "tnp/elementwise.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "elementwise_inputs.h"
#include "ops/elementwise/fp_status.h"
#include "ops/elementwise/loops.h"
#include "strided_array.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp {
namespace {

using namespace elementwise_inputs;

// Runs `body(op, dtype)` for each operation and each type that it takes, on each instruction set.
template <class F>
void for_each_loop(F body) {
  for (Isa isa : runnable_isas()) {
    const ScopedIsa scope(isa);
    for (const OpDef* op : elementwise_ops()) {
      for (DType dtype : types_of(*op)) {
        SCOPED_TRACE(std::string(op->name) + " of " + std::string(name(dtype)) + ", " + isa_name(isa));
        body(*op, dtype);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(Elementwise, AnElementDoesNotDependOnItsPlace) {
  for_each_loop([](const OpDef& op, DType dtype) {
    const Arrays in = inputs(op, dtype, {133});
    const Array all = tnp::apply(op, in);
    ASSERT_EQ(all.shape(), Shape({133}));
    for (std::int64_t i = 0; i < 133; ++i) {
      Arrays one;
      for (const Array& x : in) one.push_back(copy(part(x, i, 1, 1)));
      ASSERT_TRUE(same_elements(tnp::apply(op, one), copy(part(all, i, 1, 1)))) << "element " << i;
    }
  });
}

TEST(Elementwise, LayoutsOfOneInput) {
  for_each_loop([](const OpDef& op, DType dtype) {
    if (op.num_inputs != 1) return;
    const Array x = inputs(op, dtype, {600})[0];
    const Array y = tnp::apply(op, {x});
    ASSERT_TRUE(same_elements(tnp::apply(op, {part(x, 0, 2, 300)}), copy(part(y, 0, 2, 300)))) << "every other element";
    ASSERT_TRUE(same_elements(tnp::apply(op, {part(x, 599, -1, 600)}), copy(part(y, 599, -1, 600)))) << "reversed";
    const std::int64_t swap[] = {1, 0};
    const Array turned = transpose(reshape(x, {20, 30}), swap);
    ASSERT_TRUE(same_elements(tnp::apply(op, {turned}), copy(transpose(reshape(y, {20, 30}), swap)))) << "transposed";
    const Array single = reshape(part(x, 7, 1, 1), {});
    ASSERT_TRUE(same_elements(tnp::apply(op, {single}), copy(reshape(part(y, 7, 1, 1), {})))) << "0-d";
    const Array repeated = broadcast_to(single, {5, 9});
    ASSERT_TRUE(same_elements(tnp::apply(op, {repeated}), copy(broadcast_to(tnp::apply(op, {single}), {5, 9}))))
        << "repeated";
    ASSERT_EQ(tnp::apply(op, {Array::empty(dtype, {3, 0})}).shape(), Shape({3, 0}));
  });
}

// The inputs broadcast to `shape` by copying.
Arrays spread(std::span<const Array> in, const Shape& shape) {
  Arrays out;
  for (const Array& x : in) out.push_back(copy(broadcast_to(x, shape)));
  return out;
}

TEST(Elementwise, LayoutsOfSeveralInputs) {
  const Shape shapes[][3] = {{{40}, {}, {40}},
                             {{}, {40}, {}},
                             {{7, 1}, {1, 19}, {7, 19}},
                             {{19}, {7, 19}, {7, 1}},
                             {{3, 1, 19}, {7, 1}, {19}},
                             {{1}, {40}, {1}},
                             {{0, 3}, {3}, {}},
                             {{2, 0}, {}, {1}},
                             {{2, 3, 700}, {700}, {3, 1}}};
  for_each_loop([&](const OpDef& op, DType dtype) {
    if (op.num_inputs == 1) return;
    for (const auto& s : shapes) {
      Arrays in;
      Shape shape;
      for (int k = 0; k < op.num_inputs; ++k) {
        in.push_back(inputs(op, dtype, s[k])[k]);
        ASSERT_TRUE(try_broadcast(shape, s[k], shape));
      }
      const Array y = tnp::apply(op, in);
      ASSERT_TRUE(same_elements(y, tnp::apply(op, spread(in, shape)))) << s[0].str() << s[1].str() << s[2].str();
      // The same with gaps between the elements.
      for (Array& x : in) {
        if (x.ndim() > 0) x = with_gaps(x);
      }
      ASSERT_TRUE(same_elements(y, tnp::apply(op, in))) << "with gaps: " << s[0].str() << s[1].str() << s[2].str();
    }
  });
}

TEST(Elementwise, MixedTypesComputeInTheLoopThatBothAreCastTo) {
  for (const OpDef* op : elementwise_ops()) {
    if (op->num_inputs == 1) continue;
    for (int a = 0; a < kNumericDTypeCount; ++a) {
      for (int b = 0; b < kNumericDTypeCount; ++b) {
        const DType da = static_cast<DType>(a), db = static_cast<DType>(b);
        const DType common = promote(da, db);
        const std::uint8_t loop = op->num_inputs == 2 ? loop_of_two(*op->elementwise, da, db, common)
                                                      : op->elementwise->loop_for[static_cast<int>(common)];
        Arrays in = inputs(*op, da, {37});
        in[1] = inputs(*op, db, {37})[1];
        SCOPED_TRACE(std::string(op->name) + " of " + std::string(name(da)) + " and " + std::string(name(db)));
        if (loop == kNoLoop) {
          EXPECT_THROW(tnp::apply(*op, in), TypeError);
          continue;
        }
        Arrays cast;
        for (const Array& x : in) cast.push_back(astype(x, static_cast<DType>(loop)));
        if (op->elementwise->check && is_integer(static_cast<DType>(loop))) continue;  // refuses wrapped exponents
        ASSERT_TRUE(same_elements(tnp::apply(*op, in), tnp::apply(*op, cast)));
      }
    }
  }
}

TEST(Elementwise, HalfPrecisionIsFloat32Rounded) {
  for_each_loop([](const OpDef& op, DType dtype) {
    if (dtype != DType::float16 && dtype != DType::bfloat16) return;
    if (op.elementwise->loop_for[static_cast<int>(dtype)] != static_cast<int>(dtype)) return;
    if (op.fusion == Fusion::none) return;  // a loop of its own
    const Arrays in = inputs(op, dtype, {300});
    Arrays wide;
    for (const Array& x : in) wide.push_back(astype(x, DType::float32));
    const Array y = tnp::apply(op, in);
    ASSERT_TRUE(same_elements(y, astype(tnp::apply(op, wide), y.dtype())));
  });
}

TEST(Elementwise, IntegersAreTheSameOnEveryInstructionSet) {
  for (const OpDef* op : elementwise_ops()) {
    for (DType dtype : types_of(*op)) {
      const auto loop = static_cast<DType>(op->elementwise->loop_for[static_cast<int>(dtype)]);
      if (!is_integer(loop) && !is_bool(loop)) continue;
      const Arrays in = inputs(*op, dtype, {133});
      Array first;
      for (Isa isa : runnable_isas()) {
        const ScopedIsa scope(isa);
        const Array y = tnp::apply(*op, in);
        if (!first) first = y;
        EXPECT_TRUE(same_elements(y, first)) << op->name << " of " << name(dtype) << ", " << isa_name(isa);
      }
    }
  }
}

TEST(Elementwise, OverwritingAnInputGivesTheSame) {
  int reused = 0;
  for_each_loop([&](const OpDef& op, DType dtype) {
    for (int k = 0; k < op.num_inputs; ++k) {
      Arrays in = inputs(op, dtype, {301});
      const Array y = tnp::apply(op, in);
      in[k] = copy(in[k]);
      const std::byte* memory = in[k].data();
      const Array over = apply_elementwise_donated(op, in, std::uint64_t{1} << k);
      reused += over.data() == memory;
      ASSERT_TRUE(same_elements(over, y)) << "input " << k;
    }
  });
  EXPECT_GT(reused, 100);
}

unsigned flags_of(const OpDef& op, const Arrays& in) {
  fp_flags_seen = 0;
  tnp::apply(op, in);
  return fp_flags_seen.exchange(0);
}

struct FlagCase {
  const char* op;
  double x, y;
  unsigned flags;
};

// The warnings of NumPy 2.4.
const FlagCase kFlagCases[] = {
    {"divide", 1, 0, kFpDivideByZero},
    {"divide", 0, 0, kFpInvalid},
    {"add", 1, 2, 0},
    {"exp", 1e4, 0, kFpOverflow},
    {"exp", -1e4, 0, 0},
    {"exp", kInf, 0, 0},
    {"expm1", 1e4, 0, kFpOverflow},
    {"log", 0, 0, kFpDivideByZero},
    {"log", -1, 0, kFpInvalid},
    {"log", kNan, 0, 0},
    {"log", kInf, 0, 0},
    {"log", 1, 0, 0},
    {"log1p", -1, 0, kFpDivideByZero},
    {"log2", -kInf, 0, kFpInvalid},
    {"log10", 0, 0, kFpDivideByZero},
    {"sqrt", -1, 0, kFpInvalid},
    {"sqrt", kNan, 0, 0},
    {"sin", kInf, 0, kFpInvalid},
    {"sin", 1e30, 0, 0},
    {"cos", -kInf, 0, kFpInvalid},
    {"tan", kInf, 0, kFpInvalid},
    {"arcsin", 2, 0, kFpInvalid},
    {"arccos", -2, 0, kFpInvalid},
    {"arctan", kInf, 0, 0},
    {"arccosh", 0.5, 0, kFpInvalid},
    {"arctanh", 1, 0, kFpDivideByZero},
    {"arctanh", 2, 0, kFpInvalid},
    {"sinh", -1e4, 0, kFpOverflow},
    {"cosh", 1e4, 0, kFpOverflow},
    {"tanh", 1e4, 0, 0},
    {"power", 0, -1, kFpDivideByZero},
    {"power", -1, 2.5, kFpInvalid},
    {"power", 1e30, 11, kFpOverflow},
    {"power", 2, 3, 0},
    {"power", kNan, 0, 0},
    {"floor_divide", 1, 0, kFpDivideByZero},
    {"floor_divide", 0, 0, kFpInvalid},
    {"floor_divide", 7, 2, 0},
    {"floor_divide", kInf, 0, 0},
    {"remainder", 1, 0, kFpInvalid},
    {"remainder", 1e30, 1e30, 0},
    {"fmod", kInf, 1, kFpInvalid},
    {"reciprocal", 0, 0, kFpDivideByZero},
    {"square", 1e30, 0, 0},
    {"floor", kNan, 0, 0},
    {"hypot", 1, 1, 0},
    {"logaddexp", kNan, 1, kFpInvalid},
};

TEST(Elementwise, FloatingPointExceptionsAreNumPys) {
  for (Isa isa : runnable_isas()) {
    const ScopedIsa scope(isa);
    for (const FlagCase& c : kFlagCases) {
      const OpDef& op = *find_op(c.op);
      for (DType dtype : {DType::float64, DType::float32}) {
        if (dtype == DType::float32 && std::abs(c.x) == 1e30) continue;
        for (std::int64_t n : {1, 5, 64, 70000}) {
          Arrays in{copy(broadcast_to(astype(Array(c.x), dtype), {n}))};
          if (op.num_inputs == 2) in.push_back(copy(broadcast_to(astype(Array(c.y), dtype), {n})));
          EXPECT_EQ(flags_of(op, in), c.flags)
              << c.op << "(" << c.x << ", " << c.y << ") of " << n << " " << name(dtype) << ", " << isa_name(isa);
        }
      }
    }
  }
}

TEST(Elementwise, IntegerDivisionByZeroIsFlagged) {
  for (DType dtype : {DType::int8, DType::uint16, DType::int32, DType::uint64}) {
    const Array one = astype(Array(1), dtype), zero = astype(Array(0), dtype);
    for (const char* name : {"floor_divide", "remainder", "fmod"}) {
      EXPECT_EQ(flags_of(*find_op(name), {one, zero}), kFpDivideByZero) << name;
      EXPECT_EQ(flags_of(*find_op(name), {zero, one}), 0u) << name;
      EXPECT_EQ(tnp::apply(*find_op(name), {one, zero}).item<std::int64_t>(), 0) << name;
    }
  }
  const Array least = astype(Array(-128), DType::int8), minus_one = astype(Array(-1), DType::int8);
  EXPECT_EQ(flags_of(*find_op("floor_divide"), {least, minus_one}), kFpOverflow);
  EXPECT_EQ(floor_divide(least, minus_one).item<std::int64_t>(), -128);
  EXPECT_EQ(flags_of(*find_op("remainder"), {least, minus_one}), 0u);
}

TEST(Elementwise, IntegersToNegativePowersAreRefused) {
  const Array base = Array::from(std::vector<std::int32_t>(40, 2));
  std::vector<std::int32_t> exponents(40, 3);
  EXPECT_EQ(power(base, Array::from(exponents)).to_vector<std::int32_t>(), std::vector<std::int32_t>(40, 8));
  exponents[38] = -1;
  EXPECT_THROW(power(base, Array::from(exponents)), ValueError);
  EXPECT_THROW(power(base, -1), ValueError);
  EXPECT_THROW(power(part(base, 0, 1, 20), part(Array::from(exponents), 0, 2, 20)), ValueError);
  EXPECT_NO_THROW(power(part(base, 0, 1, 20), part(Array::from(exponents), 1, 2, 20)));
  EXPECT_THROW(power(astype(base, DType::uint8), -1), OverflowError);
  EXPECT_NO_THROW(power(Array::empty(DType::int64, {0}), -1));
  EXPECT_EQ(power(astype(base, DType::float32), Array::from(exponents)).dtype(), DType::float64);
  EXPECT_EQ(power(astype(base, DType::float32), -1).to_vector<float>(), std::vector<float>(40, 0.5f));
}

TEST(Elementwise, ComplexNanInOnePart) {
  const Array number(std::complex<double>(1, 0)), nan(std::complex<double>(0, kNan));
  for (const auto& [x, y] : {std::pair(number, nan), std::pair(nan, number)}) {
    EXPECT_TRUE(isnan(maximum(x, y)).item<bool>());
    EXPECT_TRUE(isnan(minimum(x, y)).item<bool>());
    EXPECT_TRUE(same_elements(fmax(x, y), number));
    EXPECT_TRUE(same_elements(fmin(x, y), number));
  }
}

TEST(Elementwise, NeighboursOfHalves) {
  const auto after = [](double x, double y, DType dtype) {
    return astype(nextafter(astype(Array(x), dtype), astype(Array(y), dtype)), DType::float64).item<double>();
  };
  const DType h = DType::float16, b = DType::bfloat16;
  EXPECT_EQ(after(1, 2, h), 1 + 0x1p-10);
  EXPECT_EQ(after(1, 0, h), 1 - 0x1p-11);
  EXPECT_EQ(after(-1, 0, h), -1 + 0x1p-11);
  EXPECT_EQ(after(0, 1, h), 0x1p-24);
  EXPECT_EQ(after(0, -1, h), -0x1p-24);
  EXPECT_EQ(after(0x1p-24, -1, h), 0);
  EXPECT_EQ(after(0x1p-14, 0, h), 0x1p-14 - 0x1p-24);
  EXPECT_EQ(after(0x1p-14 - 0x1p-24, 1, h), 0x1p-14);
  EXPECT_EQ(after(65504, kInf, h), kInf);
  EXPECT_EQ(after(-kInf, 0, h), -65504);
  EXPECT_TRUE(std::isnan(after(kNan, 0, h)));
  EXPECT_EQ(after(1, 2, b), 1 + 0x1p-7);
  EXPECT_EQ(after(0, 1, b), 0x1p-133);
  EXPECT_EQ(after(0x1p-126, 0, b), 0x1p-126 - 0x1p-133);
  EXPECT_EQ(after(kInf, 0, b), 0x1.fep127);
}

}  // namespace
}  // namespace tnp

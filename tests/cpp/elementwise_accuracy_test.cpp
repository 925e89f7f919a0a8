// Every elementwise operation of floating-point numbers against its reference, on every instruction set: all numbers of
// half precision, a dense sample of float32's, of float64 every exponent and where functions are hard.
//
// TNP_ACCURACY_SAMPLES=n multiplies the number of arguments, TNP_ACCURACY_OP=name chooses one operation; the test
// prints the largest distance of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <tuple>

#include "../accuracy/elementwise_references.h"
#include "elementwise_inputs.h"
#include "strided_array.h"

namespace tnp {
namespace {

using accuracy::Format;
using accuracy::LD;
using accuracy::Reference;

struct Type {
  DType dtype;
  Format format;
};
const Type kTypes[] = {{DType::float16, accuracy::kFloat16},
                       {DType::bfloat16, accuracy::kBfloat16},
                       {DType::float32, accuracy::kFloat32},
                       {DType::float64, accuracy::kFloat64}};

std::int64_t samples() {
  const char* factor = std::getenv("TNP_ACCURACY_SAMPLES");
  return factor != nullptr ? std::atoll(factor) : 1;
}

std::uint64_t bits_at(const Array& x, std::int64_t i) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, x.data() + i * itemsize(x.dtype()), static_cast<std::size_t>(itemsize(x.dtype())));
  return bits;
}

// Where functions change their behaviour, and the neighbours of those numbers; of either sign.
std::vector<std::uint64_t> edges(const Format& format) {
  const LD max = format.value(format.infinity() - 1), least = format.value(1);
  const LD normal = std::ldexp(1.0L, 1 - format.bias), epsilon = std::ldexp(1.0L, -format.mantissa_bits);
  std::vector<LD> around = {0,
                            least,
                            normal,
                            epsilon,
                            std::sqrt(epsilon),
                            0.25L,
                            0.5L,
                            1,
                            1.5L,
                            2,
                            3,
                            M_PIl / 4,
                            M_PIl / 2,
                            M_PIl,
                            10,
                            22,
                            100,
                            1000,
                            std::exp(1.0L),
                            max / 2,
                            max,
                            1e6L,
                            1 / epsilon,
                            2 / epsilon,
                            std::sqrt(max),
                            std::sqrt(normal),
                            M_SQRT2l,
                            M_SQRT1_2l,
                            720,
                            2 - epsilon,
                            std::log(max),
                            std::asinh(max),
                            -std::log(least),
                            -std::log(normal),
                            0.3333L,
                            std::log2(max),
                            -std::log2(least),
                            std::log1p(epsilon),
                            -std::log(epsilon)};
  std::vector<std::uint64_t> out = {format.infinity(), format.infinity() + 1};
  for (const LD x : around) {
    const std::int64_t n = format.ordinal(format.round(x));
    for (std::int64_t step = -3; step <= 3; ++step) {
      if (n + step >= 0 && n + step < format.ordinal(format.infinity())) out.push_back(format.at_ordinal(n + step));
    }
  }
  const std::size_t count = out.size();
  for (std::size_t i = 0; i < count; ++i) out.push_back(out[i] | format.sign());
  return out;
}

class Arguments {
 public:
  explicit Arguments(const Format& format)
      : format_(format), range_(1.05L * std::log(format.value(format.infinity() - 1))) {}

  std::uint64_t any() { return random_() & (format_.sign() | (format_.sign() - 1)); }
  LD uniform(LD low, LD high) { return low + (high - low) * static_cast<LD>(random_()) * 0x1p-64L; }
  LD power_of_two(int low, int high) { return std::ldexp(1.0L, low + static_cast<int>(random_() % (high - low + 1))); }

  std::uint64_t one() {
    switch (random_() % 9) {
      case 0:
        return format_.round(uniform(-1, 1));
      case 1:
        return format_.round(uniform(-10, 10));
      case 2:
        return format_.round(uniform(-range_, range_));
      case 3:  // near 1
        return format_.round((1 + uniform(-1, 1) * power_of_two(-format_.mantissa_bits, 0)) * sign());
      case 4: {  // near a multiple of a quarter turn
        const LD n = std::nearbyint(uniform(0, 1) * power_of_two(1, 60));
        return format_.round(n * (M_PIl / 2)) + random_() % 2;
      }
      case 5:
        return format_.round(sign() * uniform(1, 2) * power_of_two(-30, 30));
      default:  // every exponent
        return any();
    }
  }

  // A second argument that the first makes difficult for some function.
  std::uint64_t other(LD x) {
    const LD near = 1 + uniform(-1, 1) * power_of_two(-format_.mantissa_bits, 0);
    switch (random_() % 9) {
      case 0:
        return format_.round(sign() * x * near);
      case 1:
        return format_.round(x * uniform(-1, 1) * power_of_two(-60, 60));
      case 2:
      case 3:  // a power that is a number yet
        return format_.round(uniform(-range_, range_) / std::log(std::fabs(x)));
      case 4:  // e**x + e**y is about 1
        return format_.round(std::log1p(-std::exp(-std::fabs(x))) * near);
      case 5:
        return format_.round(std::nearbyint(uniform(-64, 64)));
      case 6:
        return format_.round(std::nearbyint(uniform(-1, 1) * 2.2L * format_.bias));
      default:
        return one();
    }
  }

 private:
  LD sign() { return (random_() & 1) != 0 ? -1.0L : 1.0L; }

  Format format_;
  LD range_;  // of exponents of e
  std::mt19937_64 random_{7};
};

using Bits = std::vector<std::uint64_t>;

std::vector<Bits> arguments(const OpDef& op, const Reference& reference, const Format& format) {
  Arguments random(format);
  const Bits special = edges(format);
  std::vector<Bits> in(static_cast<std::size_t>(op.num_inputs));
  if (op.num_inputs == 1) {
    in[0] = special;
    if (format.bytes == 2) {
      for (std::uint64_t b = 0; b < 65536; ++b) in[0].push_back(b);
      return in;
    }
    const std::int64_t count = 12'000 * samples();
    for (std::int64_t i = 0; i < count; ++i) in[0].push_back(random.one());
    return in;
  }
  const auto push = [&](std::uint64_t x, std::uint64_t y) {
    if (reference.whole_second) {
      const LD whole = std::trunc(format.value(y));
      y = format.round(std::isfinite(whole) ? whole : 0);
    }
    const std::uint64_t values[] = {x, y, random.any()};
    for (std::size_t k = 0; k < in.size(); ++k) in[k].push_back(values[k]);
  };
  for (std::size_t i = 0; i < special.size(); ++i) {
    for (std::size_t j = i % 3; j < special.size(); j += 3) push(special[i], special[j]);
  }
  const std::int64_t count = 12'000 * samples();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t x = format.bytes == 2 ? random.any() : random.one();
    push(x, random.other(format.value(x)));
  }
  return in;
}

Array array_of(const Bits& bits, const Type& type) {
  Array x = Array::empty(type.dtype, {static_cast<std::int64_t>(bits.size())});
  for (std::size_t i = 0; i < bits.size(); ++i) {
    std::memcpy(x.data() + i * static_cast<std::size_t>(type.format.bytes), &bits[i],
                static_cast<std::size_t>(type.format.bytes));
  }
  return x;
}

struct Worst {
  std::int64_t steps = 0;
  std::int64_t at = -1;
  std::int64_t count = 0;  // of results beyond the limit
};

// What is left of a sum of powers near 1, beyond the digits that its logarithm is computed with.
bool within_cancelled_digits(const Format& format, LD larger, LD got, LD want) {
  const LD digits = format.bytes < 8 ? 0x1p-49L : std::fabs(larger) < 0x1p-1000L ? 0x1p-51L : 0x1p-81L;
  return std::fabs(got - want) <= std::fabs(larger) * digits;
}

Worst compare(const Array& result, const Bits& expected, const std::vector<Bits>& in, const Format& format,
              const Reference& reference) {
  Worst worst;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::uint64_t got = bits_at(result, static_cast<std::int64_t>(i)), want = expected[i];
    std::int64_t steps;
    if (__builtin_sub_overflow(format.ordinal(got), format.ordinal(want), &steps)) {
      steps = std::numeric_limits<std::int64_t>::max();  // numbers at the two ends
    } else {
      steps = std::llabs(steps);
    }
    if (format.is_nan(got) || format.is_nan(want)) {
      steps = format.is_nan(got) && format.is_nan(want) ? 0 : std::numeric_limits<std::int64_t>::max();
    } else if (steps == 0 && got != want && !reference.cancels) {
      steps = std::numeric_limits<std::int64_t>::max();  // zero's sign
    }
    if (steps > reference.limit(format)) {
      if (reference.cancels && within_cancelled_digits(format, std::max(format.value(in[0][i]), format.value(in[1][i])),
                                                       format.value(got), format.value(want))) {
        continue;
      }
      ++worst.count;
    }
    if (steps > worst.steps) {
      worst.steps = steps;
      worst.at = static_cast<std::int64_t>(i);
    }
  }
  return worst;
}

std::string describe(const Reference& reference, const Type& type, const std::vector<Bits>& in, const Array& result,
                     const Bits& expected, const Worst& worst) {
  const auto i = static_cast<std::size_t>(worst.at);
  char text[400];
  const auto value = [&](std::uint64_t bits) { return static_cast<double>(type.format.value(bits)); };
  std::snprintf(text, sizeof text, "%s of %s: %lld steps at (%a, %a): %a, should be %a (%lld beyond %d)",
                std::string(reference.name).c_str(), std::string(name(type.dtype)).c_str(),
                static_cast<long long>(worst.steps), value(in[0][i]), in.size() > 1 ? value(in[1][i]) : 0.0,
                value(bits_at(result, worst.at)), value(expected[i]), static_cast<long long>(worst.count),
                reference.limit(type.format));
  return text;
}

// Neighbours alike: kernels have shorter ways for vectors without special numbers. Gives the former places.
std::vector<std::size_t> sort_by_kind(std::vector<Bits>& in, Bits& expected, const Format& format) {
  std::vector<std::size_t> order(expected.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    return std::tuple(in[0][i] & format.sign(), expected[i] & (format.sign() - 1), i);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return key(i) < key(j); });
  const auto arrange = [&](Bits& bits) {
    const Bits before = bits;
    for (std::size_t i = 0; i < order.size(); ++i) bits[i] = before[order[i]];
  };
  for (Bits& bits : in) arrange(bits);
  arrange(expected);
  return order;
}

// Gives the results of each instruction set.
Arrays check(const OpDef& op, const Reference& reference, const Type& type, const std::vector<Bits>& in,
             const Bits& expected) {
  Arrays results;
  Arrays arrays;
  for (const Bits& bits : in) arrays.push_back(array_of(bits, type));
  for (const Isa isa : runnable_isas()) {
    const ScopedIsa scope(isa);
    const Array result = tnp::apply(op, arrays);
    EXPECT_EQ(result.dtype(), type.dtype);
    results.push_back(result);
    const Worst worst = compare(result, expected, in, type.format, reference);
    const std::string text = worst.at < 0 ? std::string() : describe(reference, type, in, result, expected, worst);
    if (std::getenv("TNP_ACCURACY_SAMPLES") != nullptr && worst.at >= 0)
      std::printf("%s %s\n", text.c_str(), isa_name(isa));
    EXPECT_LE(worst.steps, reference.limit(type.format)) << text << ", " << isa_name(isa);
  }
  return results;
}

void check(const OpDef& op, const Reference& reference, const Type& type) {
  std::vector<Bits> in = arguments(op, reference, type.format);
  Bits expected;
  for (std::size_t i = 0; i < in[0].size(); ++i) {
    LD x[3] = {0, 0, 0};
    for (std::size_t k = 0; k < in.size(); ++k) x[k] = type.format.value(in[k][i]);
    expected.push_back(reference(type.format, x[0], x[1], x[2]));
  }
  const Arrays mixed = check(op, reference, type, in, expected);
  const std::vector<std::size_t> places = sort_by_kind(in, expected, type.format);
  const Arrays sorted = check(op, reference, type, in, expected);
  for (std::size_t isa = 0; isa < mixed.size(); ++isa) {
    int differ = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::uint64_t x = bits_at(mixed[isa], static_cast<std::int64_t>(places[i]));
      const std::uint64_t y = bits_at(sorted[isa], static_cast<std::int64_t>(i));
      differ += x != y && !(type.format.is_nan(x) && type.format.is_nan(y));
    }
    EXPECT_EQ(differ, 0) << op.name << " of " << name(type.dtype) << " depends on its neighbours";
  }
}

TEST(ElementwiseAccuracy, EveryFloatingPointOperation) {
  const std::vector<Reference> references = accuracy::references();
  const char* only = std::getenv("TNP_ACCURACY_OP");
  for (const OpDef* op : elementwise_inputs::elementwise_ops()) {
    if (only != nullptr && std::string_view(op->name) != only) continue;
    if (op->elementwise->result == ResultType::boolean) continue;
    for (const Type& type : kTypes) {
      if (!contains(op->elementwise->types, type.dtype)) continue;
      const auto reference =
          std::find_if(references.begin(), references.end(), [&](const Reference& r) { return r.name == op->name; });
      ASSERT_NE(reference, references.end()) << op->name << " has no reference in accuracy/elementwise_references.h";
      check(*op, *reference, type);
    }
  }
}

}  // namespace
}  // namespace tnp

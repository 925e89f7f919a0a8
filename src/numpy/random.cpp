// Generators, and distributions made of the random primitives.
#include "tnp/random.h"

#include <random>

#include "ir/variable.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

// splitmix64: neighbouring seeds give unrelated keys.
std::uint64_t mixed(std::uint64_t& x) {
  std::uint64_t z = (x += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Array state_of_seed(std::uint64_t seed) {
  const std::uint64_t key0 = mixed(seed), key1 = mixed(seed);
  const std::uint64_t state[] = {key0, key1, 0};
  return Array::copy_of(state, DType::uint64, {3});
}

}  // namespace

Generator::Generator(std::uint64_t seed)
    : state_(std::make_shared<Variable>(state_of_seed(seed), "random_state", false)) {}
void Generator::seed(std::uint64_t seed) { state_->assign(state_of_seed(seed)); }
Array Generator::read_state() { return state_->read(); }
void Generator::write_state(const Array& state) { state_->assign(state); }

Generator& default_generator() {
  static auto* g = new Generator([] {
    std::random_device entropy;
    return (static_cast<std::uint64_t>(entropy()) << 32) | entropy();
  }());
  return *g;
}

Array random_integers_between(Generator& g, std::uint64_t first, std::uint64_t last, const Shape& shape, DType dtype) {
  // The remainder of 64 random bits: for ranges far below 2^64 its bias cannot be observed.
  const std::uint64_t count = last - first + 1;  // 0: all of them
  const Array bits = random_bits(g, shape, DType::uint64);
  const Array offset = count == 0 ? bits : remainder(bits, Scalar(count));
  // Unsigned, so that it wraps to the right value of a signed type.
  return astype(add(offset, Scalar(first)), dtype);
}

Array random_integers(Generator& g, std::int64_t low, std::int64_t high, const Shape& shape, DType dtype) {
  if (low >= high) throw ValueError("random integers: low >= high");
  return random_integers_between(g, static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high) - 1, shape,
                                 dtype);
}

}  // namespace tnp

// Generators and their seeds, integers, arrangements.
#include "tnp/random.h"

#include <cstring>
#include <random>

#include "base/dim.h"
#include "ir/variable.h"
#include "numpy/sizes.h"
#include "tnp/error.h"
#include "tnp/numpy.h"

namespace tnp {

namespace {

std::vector<std::uint32_t> words_of(std::uint64_t seed) {
  std::vector<std::uint32_t> words{static_cast<std::uint32_t>(seed)};
  if (seed >> 32) words.push_back(static_cast<std::uint32_t>(seed >> 32));
  return words;
}

Array state_of(const SeedSequence& seed) {
  const std::vector<std::uint32_t> w = seed.generate(4);
  const std::uint64_t state[] = {w[0] | static_cast<std::uint64_t>(w[1]) << 32,
                                 w[2] | static_cast<std::uint64_t>(w[3]) << 32, 0};
  return Array::copy_of(state, DType::uint64, {3});
}

}  // namespace

// O'Neill's seed_seq with NumPy's constants: each word of entropy reaches each word of the pool.
SeedSequence::SeedSequence(std::vector<std::uint32_t> entropy, std::vector<std::uint32_t> spawn_key, int pool_size)
    : pool_(static_cast<std::size_t>(pool_size)) {
  const std::size_t n = pool_.size();
  // So that a spawned sequence differs from one whose entropy ends in the same words.
  if (!spawn_key.empty() && entropy.size() < n) entropy.resize(n);
  entropy.insert(entropy.end(), spawn_key.begin(), spawn_key.end());
  std::uint32_t constant = 0x43b0d7e5u;
  const auto hashed = [&](std::uint32_t x) {
    x ^= constant;
    constant *= 0x931e8875u;
    x *= constant;
    return x ^ (x >> 16);
  };
  const auto mixed = [](std::uint32_t x, std::uint32_t y) {
    const std::uint32_t r = 0xca01f9ddu * x - 0x4973f715u * y;
    return r ^ (r >> 16);
  };
  for (std::size_t i = 0; i < n; ++i) pool_[i] = hashed(i < entropy.size() ? entropy[i] : 0);
  for (std::size_t from = 0; from < n; ++from) {
    for (std::size_t to = 0; to < n; ++to) {
      if (from != to) pool_[to] = mixed(pool_[to], hashed(pool_[from]));
    }
  }
  for (std::size_t from = n; from < entropy.size(); ++from) {
    for (std::size_t to = 0; to < n; ++to) pool_[to] = mixed(pool_[to], hashed(entropy[from]));
  }
}

std::vector<std::uint32_t> SeedSequence::generate(std::size_t words) const {
  std::vector<std::uint32_t> out(words);
  std::uint32_t constant = 0x8b51f9ddu;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint32_t x = pool_[i % pool_.size()] ^ constant;
    constant *= 0x58f38dedu;
    x *= constant;
    out[i] = x ^ (x >> 16);
  }
  return out;
}

Generator::Generator(const SeedSequence& seed)
    : state_(std::make_shared<Variable>(state_of(seed), "random_state", false)) {}
Generator::Generator(std::uint64_t seed) : Generator(SeedSequence(words_of(seed))) {}
void Generator::seed(const SeedSequence& seed) { state_->assign(state_of(seed)); }
void Generator::seed(std::uint64_t seed) { this->seed(SeedSequence(words_of(seed))); }
Array Generator::read_state() { return state_->read(); }
void Generator::write_state(const Array& state) { state_->assign(state); }

Generator Generator::jumped(std::uint64_t jumps) {
  Generator other(0);
  const std::uint64_t by[] = {0, jumps << 32, 0};
  other.write_state(add(read_state(), Array::copy_of(by, DType::uint64, {3})));
  return other;
}

Generator& default_generator() {
  static auto* g = new Generator([] {
    std::random_device entropy;
    return (static_cast<std::uint64_t>(entropy()) << 32) | entropy();
  }());
  return *g;
}

Shape random_shape(std::span<const Array> parameters, const Size& size) {
  Shape shape;
  for (const Array& p : parameters) {
    Shape both;
    if (!try_broadcast(shape, p.shape(), both)) {
      throw ValueError("random: parameters of shapes " + shape.str() + " and " + p.shape().str() +
                       " can not be broadcast together");
    }
    shape = both;
  }
  if (!size) return shape;
  for (std::int64_t d : *size) {
    if (is_negative(d)) throw ValueError("random: negative dimensions are not allowed, got " + size->str());
  }
  Shape both;
  if (!try_broadcast(shape, *size, both) || (both.is_static() && size->is_static() && both != *size)) {
    throw ValueError("random: parameters of shape " + shape.str() + " do not broadcast to the size " + size->str());
  }
  return *size;
}

Array random_integers_between(Generator& g, std::uint64_t first, std::uint64_t last, const Shape& shape, DType dtype) {
  const DType wide = is_signed_integer(dtype) ? DType::int64 : DType::uint64;
  const Array low = Array::copy_of(&first, wide, {}), high = Array::copy_of(&last, wide, {});
  return astype(random_bounded(g, low, high, shape), dtype);
}

Array random_integers(Generator& g, std::int64_t low, std::int64_t high, const Shape& shape, DType dtype) {
  if (low >= high) throw ValueError("random integers: low >= high");
  return random_integers_between(g, static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high) - 1, shape,
                                 dtype);
}

Array random_shuffled(Generator& g, const Array& x, std::int64_t axis) {
  const int ndim = x.ndim();
  if (axis < -ndim || axis >= ndim) {
    throw AxisError("axis " + std::to_string(axis) + " is out of bounds for array of dimension " +
                    std::to_string(ndim));
  }
  const std::int64_t n = x.shape()[static_cast<int>(axis < 0 ? axis + ndim : axis)];
  return take(x, random_permutation(g, n, n, {}), axis);
}

Array random_permuted(Generator& g, const Array& x, std::optional<std::int64_t> axis) {
  if (!axis) return reshape(random_shuffled(g, reshape(x, {x.size()}), 0), x.shape());
  const int ndim = x.ndim();
  if (*axis < -ndim || *axis >= ndim) {
    throw AxisError("axis " + std::to_string(*axis) + " is out of bounds for array of dimension " +
                    std::to_string(ndim));
  }
  const std::int64_t last = ndim - 1;
  const Array rows = moveaxis(x, {*axis}, {last});
  Shape shape = rows.shape();
  const std::int64_t n = shape.back();
  shape.erase(ndim - 1);
  return moveaxis(take_along_axis(rows, random_permutation(g, n, n, shape), last), {last}, {*axis});
}

std::vector<std::uint8_t> random_bytes(Generator& g, std::int64_t count) {
  if (count < 0) throw ValueError("random bytes: negative length");
  const Array words = random_bits(g, {(count + 7) / 8}, DType::uint64);
  std::vector<std::uint8_t> out(static_cast<std::size_t>(count));
  std::memcpy(out.data(), words.data(), out.size());
  return out;
}

}  // namespace tnp

// Random numbers: counter-based, so that a stream is the same for any number of threads.
#pragma once

#include <cstdint>
#include <memory>

#include "tnp/array.h"

namespace tnp {

class Variable;

// A stream of random numbers. Inside a traced function its state is read and written as a Variable's is.
class Generator {
 public:
  explicit Generator(std::uint64_t seed);
  void seed(std::uint64_t seed);
  Array read_state();  // uint64, 3 elements
  void write_state(const Array& state);

 private:
  std::shared_ptr<Variable> state_;
};

// The one that tnp.random's functions use. Seeded from the system's entropy until `seed` is called.
Generator& default_generator();

// Throw TypeError for types other than uint32, uint64 (bits) and float32, float64.
Array random_bits(Generator& g, const Shape& shape, DType dtype = DType::uint64);
Array random_uniform(Generator& g, const Shape& shape, DType dtype = DType::float64);  // [0, 1)
Array random_normal(Generator& g, const Shape& shape, DType dtype = DType::float64);
// Integers in [low, high), in int64 arithmetic. Throws ValueError where low >= high.
Array random_integers(Generator& g, std::int64_t low, std::int64_t high, const Shape& shape,
                      DType dtype = DType::int64);
// Integers from `first` to `last`, both included; negative ones in two's complement.
Array random_integers_between(Generator& g, std::uint64_t first, std::uint64_t last, const Shape& shape, DType dtype);

}  // namespace tnp

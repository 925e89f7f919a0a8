// Random numbers: counter-based, so that a stream is the same for any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tnp/array.h"

namespace tnp {

class Variable;

// Entropy spread over as many words as are asked for, so that similar seeds give unrelated streams. The words are those
// of NumPy's SeedSequence of the same arguments.
class SeedSequence {
 public:
  explicit SeedSequence(std::vector<std::uint32_t> entropy, std::vector<std::uint32_t> spawn_key = {},
                        int pool_size = 4);
  std::vector<std::uint32_t> generate(std::size_t words) const;
  const std::vector<std::uint32_t>& pool() const { return pool_; }

 private:
  std::vector<std::uint32_t> pool_;
};

// A stream of random numbers. Inside a traced function its state is read and written as a Variable's is. Copies share
// the state.
class Generator {
 public:
  explicit Generator(std::uint64_t seed);
  explicit Generator(const SeedSequence& seed);
  void seed(std::uint64_t seed);
  void seed(const SeedSequence& seed);
  // uint64, 3 elements: Philox's key, and the upper and the lower half of its counter. The upper half counts the blocks
  // of an element that needs many.
  Array read_state();
  void write_state(const Array& state);
  // Past the numbers of this shape.
  void advance(const Shape& count);
  // Whether nobody traces, records or profiles what is drawn, so that `take` may be called.
  bool is_direct() const;
  // The state; the generator is moved past `count` numbers.
  std::array<std::uint64_t, 3> take(std::int64_t count);
  // A generator of its own, `jumps` times 2^96 blocks further in the stream.
  Generator jumped(std::uint64_t jumps = 1);

 private:
  std::shared_ptr<Variable> state_;
};

// The one that tnp.random's functions use. Seeded from the system's entropy until `seed` is called.
Generator& default_generator();

// --- Primitives: numbers of this shape. Parameters must broadcast to it. Wrong ones throw ValueError.

// Throw TypeError for types other than uint32, uint64 (bits) and float32, float64.
Array random_bits(Generator& g, const Shape& shape, DType dtype = DType::uint64);
Array random_uniform(Generator& g, const Shape& shape, DType dtype = DType::float64);  // [0, 1)
Array random_normal(Generator& g, const Shape& shape, DType dtype = DType::float64);
Array random_gamma(Generator& g, const Array& a, const Shape& shape, DType dtype = DType::float64);
Array random_beta(Generator& g, const Array& a, const Array& b, const Shape& shape, DType dtype = DType::float64);
Array random_noncentral_chisquare(Generator& g, const Array& df, const Array& nonc, const Shape& shape,
                                  DType dtype = DType::float64);
Array random_vonmises(Generator& g, const Array& kappa, const Shape& shape, DType dtype = DType::float64);  // around 0
Array random_poisson(Generator& g, const Array& lam, const Shape& shape, DType dtype = DType::int64);
Array random_binomial(Generator& g, const Array& n, const Array& p, const Shape& shape, DType dtype = DType::int64);
Array random_negative_binomial(Generator& g, const Array& n, const Array& p, const Shape& shape,
                               DType dtype = DType::int64);
Array random_geometric(Generator& g, const Array& p, const Shape& shape, DType dtype = DType::int64);
Array random_hypergeometric(Generator& g, const Array& good, const Array& bad, const Array& sample, const Shape& shape,
                            DType dtype = DType::int64);
Array random_zipf(Generator& g, const Array& a, const Shape& shape, DType dtype = DType::int64);
Array random_logseries(Generator& g, const Array& p, const Shape& shape, DType dtype = DType::int64);
// From low to last, both included and both int64 or both uint64.
Array random_bounded(Generator& g, const Array& low, const Array& last, const Shape& shape);
// Rows of the last axis. `dirichlet`: alpha has shape (k,). `multinomial`: n of the rows' shape, pvals (…, k).
Array random_dirichlet(Generator& g, const Array& alpha, const Shape& rows, DType dtype = DType::float64);
Array random_multinomial(Generator& g, const Array& n, const Array& pvals, const Shape& rows);
Array random_multivariate_hypergeometric(Generator& g, const Array& colors, const Array& sample, const Shape& rows);
// `count` of 0 … population - 1 in random order, none twice; a row for each element of `rows`.
Array random_permutation(Generator& g, std::int64_t population, std::int64_t count, const Shape& rows);
// Indices of the elements of p (1-d, at least 0, of sum 1), drawn with these probabilities.
Array random_choice(Generator& g, const Array& p, const Shape& shape, bool replace);

// --- NumPy's distributions, composed of those. The shape of the result is `size` or what the parameters broadcast to.

using Size = std::optional<Shape>;
Array random_normal(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype);
Array random_uniform(Generator& g, const Array& low, const Array& high, const Size& size, DType dtype, bool ordered);
Array random_exponential(Generator& g, const Array& scale, const Size& size, DType dtype);
Array random_gamma(Generator& g, const Array& shape, const Array& scale, const Size& size, DType dtype);
Array random_laplace(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype);
Array random_logistic(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype);
Array random_gumbel(Generator& g, const Array& loc, const Array& scale, const Size& size, DType dtype);
Array random_lognormal(Generator& g, const Array& mean, const Array& sigma, const Size& size, DType dtype);
Array random_rayleigh(Generator& g, const Array& scale, const Size& size, DType dtype);
Array random_weibull(Generator& g, const Array& a, const Size& size, DType dtype);
Array random_pareto(Generator& g, const Array& a, const Size& size, DType dtype);
Array random_power(Generator& g, const Array& a, const Size& size, DType dtype);
Array random_cauchy(Generator& g, const Size& size, DType dtype);
Array random_triangular(Generator& g, const Array& left, const Array& mode, const Array& right, const Size& size,
                        DType dtype);
Array random_wald(Generator& g, const Array& mean, const Array& scale, const Size& size, DType dtype);
Array random_chisquare(Generator& g, const Array& df, const Size& size, DType dtype);
Array random_f(Generator& g, const Array& dfnum, const Array& dfden, const Size& size, DType dtype);
Array random_noncentral_f(Generator& g, const Array& dfnum, const Array& dfden, const Array& nonc, const Size& size,
                          DType dtype);
Array random_student(Generator& g, const Array& df, const Size& size, DType dtype);
Array random_vonmises(Generator& g, const Array& mu, const Array& kappa, const Size& size, DType dtype);
// How the covariance becomes the coefficients of independent variables.
enum class CovarianceFactor : std::uint8_t { svd, eigh, cholesky };
Array random_multivariate_normal(Generator& g, const Array& mean, const Array& cov, const Size& size,
                                 CovarianceFactor factor, DType dtype);
// The shape that parameters broadcast to, or `size`, to which they must broadcast. Throws ValueError.
Shape random_shape(std::span<const Array> parameters, const Size& size);

// Integers in [low, high), in int64 arithmetic. Throws ValueError where low >= high.
Array random_integers(Generator& g, std::int64_t low, std::int64_t high, const Shape& shape,
                      DType dtype = DType::int64);
// Integers from `first` to `last`, both included; negative ones in two's complement.
Array random_integers_between(Generator& g, std::uint64_t first, std::uint64_t last, const Shape& shape, DType dtype);
// The elements along an axis in random order: as they are together, or of each row by itself.
Array random_shuffled(Generator& g, const Array& x, std::int64_t axis);
Array random_permuted(Generator& g, const Array& x, std::optional<std::int64_t> axis);
std::vector<std::uint8_t> random_bytes(Generator& g, std::int64_t count);

}  // namespace tnp

// The short way of few numbers whose parameters are single numbers: no arrays for the parameters, the state or what is
// made on the way. The numbers are those that the operations give.
#pragma once

#include "ops/random/random_kernels.h"
#include "tnp/random.h"

namespace tnp {

class FewNumbers {
 public:
  static constexpr std::int64_t kMost = 64;

  // How many numbers a result of this size has, if they are few; else 0.
  static std::int64_t count_of(const Size& size) {
    std::int64_t n = 1;
    if (!size) return n;
    for (std::int64_t d : *size) {
      if (d <= 0 || d > kMost || (n *= d) > kMost) return 0;
    }
    return size->rank_known() ? n : 0;
  }

  // Of a generator that is direct, `count` numbers at a time.
  FewNumbers(Generator& g, std::int64_t count) : generator_(g), count_(count) {}
  std::int64_t count() const { return count_; }

  // The stream for the next numbers, of so many words of 64 bits each.
  RandomStream next(std::int64_t words) {
    const auto [key0, key1, counter] = generator_.take(count_ * words);
    return {key0, key1, counter};
  }

 private:
  Generator& generator_;
  std::int64_t count_;
};

// Each writes `count` numbers. Parameters are checked before the generator moves.
void random_uniform(FewNumbers& numbers, double* out);  // [0, 1)
void random_normal(FewNumbers& numbers, double* out);
void random_gamma(FewNumbers& numbers, double* out, double a);
void random_beta(FewNumbers& numbers, double* out, double a, double b);
void random_noncentral_chisquare(FewNumbers& numbers, double* out, double df, double nonc);
void random_vonmises(FewNumbers& numbers, double* out, double kappa);
void random_poisson(FewNumbers& numbers, std::int64_t* out, double lam);
void random_binomial(FewNumbers& numbers, std::int64_t* out, std::int64_t n, double p);
void random_negative_binomial(FewNumbers& numbers, std::int64_t* out, double n, double p);
void random_geometric(FewNumbers& numbers, std::int64_t* out, double p);
void random_hypergeometric(FewNumbers& numbers, std::int64_t* out, std::int64_t good, std::int64_t bad,
                           std::int64_t sample);
void random_zipf(FewNumbers& numbers, std::int64_t* out, double a);
void random_logseries(FewNumbers& numbers, std::int64_t* out, double p);

}  // namespace tnp

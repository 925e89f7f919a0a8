// Samplers of discrete distributions.
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/simd.h"
#include "ops/random/chunks.h"

namespace tnp::samplers {

namespace {

constexpr double kMaxInt = 9223372036854774784.0;  // the largest double below 2^63
constexpr double kMaxLam = 9.223372006484771e18;   // 2^63 less ten standard deviations

std::int64_t to_int(double x) {
  return x >= kMaxInt ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(x);
}

double log_factorial(double k) {
  int sign;  // the function's own variable for it is shared by all threads
  return lgamma_r(k + 1, &sign);
}

// log k! less Stirling's (k + 1/2) log(k + 1) - (k + 1) + log(2π)/2.
double stirling_rest(double k) {
  if (k < 10) return log_factorial(k) - ((k + 0.5) * std::log(k + 1) - (k + 1) + 0.91893853320467274178);
  const double r = 1 / (k + 1), r2 = r * r;
  return (1.0 / 12 - (1.0 / 360 - r2 / 1260) * r2) * r;
}

std::int64_t poisson_by_products(SubStream& s, double enough) {
  std::int64_t k = 0;
  for (double product = s.positive(); product > enough; product *= s.positive()) ++k;
  return k;
}

// By rejection, for lam >= 10.
struct PoissonRejection {
  double lam, log_lam, b, a, inverse_alpha, inside;
  explicit PoissonRejection(double rate)
      : lam(rate),
        log_lam(std::log(lam)),
        b(0.931 + 2.53 * std::sqrt(lam)),
        a(-0.059 + 0.02483 * b),
        inverse_alpha(1.1239 + 1.1328 / (b - 3.4)),
        inside(0.9277 - 3.6224 / (b - 2)) {}
  std::int64_t operator()(SubStream& s) const {
    for (;;) {
      const double u = s.uniform() - 0.5, v = s.positive(), us = 0.5 - std::abs(u);
      if (us == 0) continue;
      const double k = std::floor((2 * a / us + b) * u + lam + 0.43);
      if (us >= 0.07 && v <= inside) return to_int(k);
      if (k < 0 || (us < 0.013 && v > us)) continue;
      if (std::log(v * inverse_alpha / (a / (us * us) + b)) <= k * log_lam - lam - log_factorial(k)) return to_int(k);
    }
  }
};

// By inversion, for n · p < 10: a number in [0, 1) less the probabilities of 0, 1, …, of which `known` are given.
class BinomialSearch {
 public:
  BinomialSearch(double n, double p, double at_zero, int known) : n_(n), p_(p), q_(1 - p) {
    mass_[0] = at_zero;
    while (count_ < known && grow()) continue;
  }

  // Few draws: what they need becomes known.
  std::int64_t operator()(SubStream& s) {
    for (;;) {
      double u = s.uniform();
      int i = 0;
      while ((i < count_ || grow()) && u > mass_[i]) u -= mass_[i++];
      if (i < count_) return i;
      double k = count_, mass = mass_[count_ - 1] * ratio(k);
      while (u > mass && k <= n_) {
        u -= mass;
        ++k;
        mass *= ratio(k);
      }
      if (k <= n_) return static_cast<std::int64_t>(k);
    }
  }

  // Many draws from the first numbers u of their streams, kChunk of them: step by step for all, without branches. What
  // then is as many steps as are known takes more of them.
  void together(double* u, double* k) const {
    using V = portable::Vec<double, 4>;
    std::fill_n(k, kChunk, 0.0);
    bool any = true;
    for (int i = 0; i < count_ && any; ++i) {
      const V mass = V(mass_[i]), step = V(static_cast<double>(i));
      portable::mask_t<V> moved = V(0) != V(0);
      for (std::int64_t e = 0; e < kChunk; e += 4) {
        V rest, steps;
        std::memcpy(&rest, u + e, sizeof rest);
        std::memcpy(&steps, k + e, sizeof steps);
        const auto goes_on = (steps == step) & (rest > mass);
        rest -= goes_on ? mass : V(0);
        steps += goes_on ? V(1) : V(0);
        moved |= goes_on;
        std::memcpy(u + e, &rest, sizeof rest);
        std::memcpy(k + e, &steps, sizeof steps);
      }
      any = portable::any_lane(moved);
    }
  }
  bool is_found(double k) const { return k < count_; }

  static constexpr int kMany = 48;  // for many draws; above n · p < 10 more are hardly needed

 private:
  // One more probability, if there is room for it.
  bool grow() {
    if (count_ == kMany || count_ > n_) return false;
    mass_[count_] = mass_[count_ - 1] * ratio(count_);
    ++count_;
    return true;
  }
  // Of the probability of k to that of k - 1.
  double ratio(double k) const { return (n_ - k + 1) * p_ / (k * q_); }

  double n_, p_, q_;
  int count_ = 1;
  double mass_[kMany];
};

double none_of(double n, double p) { return std::exp(n * std::log1p(-p)); }

// By rejection, for n · p >= 10.
struct BinomialRejection {
  double n, ratio, spread, b, a, c, inside, alpha, mode, at_mode;
  BinomialRejection(double trials, double p)
      : n(trials),
        ratio(p / (1 - p)),
        spread(std::sqrt(n * p * (1 - p))),
        b(1.15 + 2.53 * spread),
        a(-0.0873 + 0.0248 * b + 0.01 * p),
        c(n * p + 0.5),
        inside(0.92 - 4.2 / b),
        alpha((2.83 + 5.1 / b) * spread),
        mode(std::floor((n + 1) * p)),
        at_mode((mode + 0.5) * std::log((mode + 1) / (ratio * (n - mode + 1))) + stirling_rest(mode) +
                stirling_rest(n - mode)) {}
  std::int64_t operator()(SubStream& s) const {
    for (;;) {
      const double u = s.uniform() - 0.5, v = s.positive(), us = 0.5 - std::abs(u);
      if (us == 0) continue;
      const double k = std::floor((2 * a / us + b) * u + c);
      if (us >= 0.07 && v <= inside) return static_cast<std::int64_t>(k);
      if (k < 0 || k > n) continue;
      const double bound = at_mode + (n + 1) * std::log1p((k - mode) / (n - k + 1)) +
                           (k + 0.5) * std::log(ratio * (n - k + 1) / (k + 1)) - stirling_rest(k) -
                           stirling_rest(n - k);
      if (std::log(v * alpha / (a / (us * us) + b)) <= bound) return static_cast<std::int64_t>(k);
    }
  }
};

// A draw of few balls from an urn, ball by ball.
std::int64_t hypergeometric_by_balls(SubStream& s, std::int64_t good, std::int64_t bad, std::int64_t sample) {
  std::int64_t good_left = good, left = good + bad;
  for (; sample > 0 && good_left > 0 && left > good_left; --sample, --left)
    if (s.up_to(static_cast<std::uint64_t>(left - 1)) < static_cast<std::uint64_t>(good_left)) --good_left;
  if (left == good_left) good_left -= sample;  // only good ones are left
  return good - good_left;
}

// By ratios of uniforms, for at most half of the balls; `few` is the rarer colour's number.
double hypergeometric_by_ratios(SubStream& s, double few, double many, double sample) {
  const double all = few + many, p = few / all, centre = sample * p + 0.5,
               spread = std::sqrt((all - sample) * sample * p * (1 - p) / (all - 1) + 0.5),
               width = 1.7155277699214135 * spread + 0.8989161620588988,  // 2√(2/e), 3 - 2√(3/e)
      mode = std::floor((sample + 1) * (few + 1) / (all + 2));
  const auto log_weight = [&](double k) {
    return log_factorial(k) + log_factorial(few - k) + log_factorial(sample - k) + log_factorial(many - sample + k);
  };
  const double at_mode = log_weight(mode), end = std::min(std::min(sample, few) + 1, std::floor(centre + 16 * spread));
  for (;;) {
    const double u = s.positive(), w = centre + width * (s.uniform() - 0.5) / u;
    if (!(w >= 0 && w < end)) continue;
    const double k = std::floor(w), t = at_mode - log_weight(k);
    if (u * (4 - u) - 3 <= t || (u * (u - t) < 1 && 2 * std::log(u) <= t)) return k;
  }
}

}  // namespace

std::int64_t poisson(SubStream& s, double lam) {
  if (lam == 0) return 0;
  return lam < 10 ? poisson_by_products(s, std::exp(-lam)) : PoissonRejection(lam)(s);
}
void poisson_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double lam, std::int64_t* out) {
  if (lam == 0) {
    std::fill_n(out, count, 0);
  } else if (lam < 10) {
    const double enough = std::exp(-lam);
    each_of_chunk(stream, first, count, [&](SubStream& s, std::int64_t i) { out[i] = poisson_by_products(s, enough); });
  } else {
    const PoissonRejection draw(lam);
    each_of_chunk(stream, first, count, [&](SubStream& s, std::int64_t i) { out[i] = draw(s); });
  }
}
const char* check_poisson(double lam) {
  return !(lam >= 0) ? "lam < 0 or lam is NaN" : lam > kMaxLam ? "lam value too large" : nullptr;
}

std::int64_t binomial(SubStream& s, std::int64_t n, double p) {
  if (n == 0 || p == 0) return 0;
  const double rarer = std::min(p, 1 - p), trials = static_cast<double>(n);
  if (rarer == 0) return n;
  const std::int64_t k = rarer * trials < 10 ? BinomialSearch(trials, rarer, none_of(trials, rarer), 1)(s)
                                             : BinomialRejection(trials, rarer)(s);
  return p > 0.5 ? n - k : k;
}
static void search_together(const RandomStream& stream, std::int64_t first, std::int64_t count, BinomialSearch& draw,
                            std::int64_t* out) {
  std::uint64_t words[2 * kChunk * SubStream::kAhead];
  words_ahead(stream, first, count, words);
  alignas(32) double u[kChunk] = {}, k[kChunk];
  for (std::int64_t i = 0; i < count; ++i) u[i] = SubStream(stream, first + i, words + 2 * i, 2 * kChunk).uniform();
  draw.together(u, k);
  for (std::int64_t i = 0; i < count; ++i) {
    if (draw.is_found(k[i])) {
      out[i] = static_cast<std::int64_t>(k[i]);
    } else {
      SubStream s(stream, first + i, words + 2 * i, 2 * kChunk);
      out[i] = draw(s);
    }
  }
}
void binomial_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, std::int64_t n, double p,
                    std::int64_t* out) {
  const double rarer = std::min(p, 1 - p), trials = static_cast<double>(n);
  if (n == 0 || rarer == 0) {
    std::fill_n(out, count, p == 0 ? 0 : n);
    return;
  }
  if (rarer * trials < 10) {
    const bool many = count > kChunk / 4;
    BinomialSearch draw(trials, rarer, none_of(trials, rarer), many ? BinomialSearch::kMany : 1);
    if (many) {
      search_together(stream, first, count, draw, out);
    } else {
      each_of_chunk(stream, first, count, [&](SubStream& s, std::int64_t i) { out[i] = draw(s); });
    }
  } else {
    const BinomialRejection draw(trials, rarer);
    each_of_chunk(stream, first, count, [&](SubStream& s, std::int64_t i) { out[i] = draw(s); });
  }
  if (p > 0.5) std::transform(out, out + count, out, [n](std::int64_t k) { return n - k; });
}
const char* check_binomial(std::int64_t n, double p) {
  return n < 0 ? "n < 0" : !(p >= 0 && p <= 1) ? "p < 0, p > 1 or p is NaN" : nullptr;
}

std::int64_t negative_binomial(SubStream& s, double n, double p) {
  const double lam = gamma(s, n) * (1 - p) / p;
  return poisson(s, lam < kMaxLam ? lam : kMaxLam);
}
const char* check_negative_binomial(double n, double p) {
  if (std::isnan(n)) return "n must not be NaN";
  if (n <= 0) return "n <= 0";
  if (!(p > 0 && p <= 1)) return "p <= 0, p > 1 or p is NaN";
  // Ten standard deviations above its mean the variable must be representable.
  const double mean = n * (1 - p) / p;
  return !(mean + 10 * std::sqrt(mean / p) <= kMaxLam) ? "n too large or p too small" : nullptr;
}

std::int64_t geometric(SubStream& s, double p) {
  if (p == 1) return 1;
  return std::max<std::int64_t>(1, to_int(std::ceil(s.exponential() / -std::log1p(-p))));
}
void geometric_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double p, std::int64_t* out) {
  if (p == 1) {
    std::fill_n(out, count, 1);
    return;
  }
  double waiting[kChunk];
  exponential_chunk(stream, first, count, waiting);
  const double rate = -std::log1p(-p);
  for (std::int64_t i = 0; i < count; ++i) out[i] = std::max<std::int64_t>(1, to_int(std::ceil(waiting[i] / rate)));
}
const char* check_geometric(double p) { return !(p > 0 && p <= 1) ? "p <= 0, p > 1 or p is NaN" : nullptr; }

std::int64_t hypergeometric(SubStream& s, std::int64_t good, std::int64_t bad, std::int64_t sample) {
  const std::int64_t all = good + bad, fewer = std::min(sample, all - sample);
  std::int64_t drawn;  // good ones among `fewer` balls: those taken, or those left
  if (fewer < 10) {
    drawn = hypergeometric_by_balls(s, good, bad, fewer);
  } else {
    const double rare = hypergeometric_by_ratios(s, static_cast<double>(std::min(good, bad)),
                                                 static_cast<double>(std::max(good, bad)), static_cast<double>(fewer));
    drawn = static_cast<std::int64_t>(good <= bad ? rare : static_cast<double>(fewer) - rare);
  }
  return fewer == sample ? drawn : good - drawn;
}
const char* check_hypergeometric(std::int64_t good, std::int64_t bad, std::int64_t sample) {
  if (good < 0) return "ngood < 0";
  if (bad < 0) return "nbad < 0";
  if (sample < 0) return "nsample < 0";
  // Larger logarithms of factorials have too few digits left of their differences.
  if (good >= 1000000000 || bad >= 1000000000) return "both ngood and nbad must be less than 1000000000";
  return good + bad < sample ? "ngood + nbad < nsample" : nullptr;
}

std::int64_t zipf(SubStream& s, double a) {
  if (a >= 1025) return 1;  // 2^(1 - a) is less than the smallest number
  const double exponent = a - 1, b = std::exp2(exponent);
  const double least = std::pow(kMaxInt, -exponent);  // below it the result would not be representable
  for (;;) {
    const double r = s.uniform(), u = r * least + (1 - r), v = s.uniform();
    const double x = std::floor(std::pow(u, -1 / exponent));
    if (!(x >= 1 && x < kMaxInt)) continue;
    const double t = std::pow(1 + 1 / x, exponent);
    if (v * x * (t - 1) / (b - 1) <= t / b) return static_cast<std::int64_t>(x);
  }
}
const char* check_zipf(double a) { return !(a > 1) ? "a <= 1 or a is NaN" : nullptr; }

std::int64_t logseries(SubStream& s, double p) {
  const double r = std::log1p(-p);
  for (;;) {
    const double v = s.uniform();
    if (v >= p) return 1;
    const double q = -std::expm1(r * s.uniform());
    if (v > q) return 1;
    if (v > q * q) return 2;
    if (v > 0) return to_int(std::max(1.0, std::floor(1 + std::log(v) / std::log(q))));
  }
}
const char* check_logseries(double p) { return !(p >= 0 && p < 1) ? "p < 0, p >= 1 or p is NaN" : nullptr; }

}  // namespace tnp::samplers

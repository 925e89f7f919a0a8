#include "ops/random/chunks.h"

#include <algorithm>
#include <limits>

#include "runtime/cpu_features.h"

namespace tnp::samplers {

namespace {

constexpr PerIsa<RandomKernel> kBits64 = TNP_PER_ISA(random_bits64), kNormal = TNP_PER_ISA(random_normal_f64),
                               kUniform = TNP_PER_ISA(random_uniform_f64),
                               kExponential = TNP_PER_ISA(random_exponential_f64);
constexpr PerIsa<RandomRangeKernel> kRange = TNP_PER_ISA(random_range);
constexpr PerIsa<VonMisesKernel> kVonMises = TNP_PER_ISA(vonmises_candidates);
constexpr PerIsa<GammaKernel> kCandidates = TNP_PER_ISA(gamma_candidates);

// An element whose first candidate the kernel left open: Marsaglia and Tsang's exact test, then further candidates.
double gamma_after(const RandomStream& rest, std::int64_t element, const GammaShape& g, double x, double u) {
  SubStream s(rest, element);
  for (;; x = s.normal(), u = s.positive()) {
    const double root = 1 + g.c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(u) < 0.5 * x * x + g.d * (1 - v + std::log(v))) return g.d * v;
  }
}

}  // namespace

void words_ahead(const RandomStream& stream, std::int64_t first, std::int64_t n, std::uint64_t* words) {
  for (int block = 0; block < SubStream::kAhead; ++block)
    kBits64.get()(above(stream, static_cast<std::uint64_t>(block)), 2 * first, 2 * n, words + 2 * kChunk * block);
}

void exponential_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double* out) {
  kExponential.get()(stream, first, count, out);
}

void gamma_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double shape, double* out) {
  if (shape == 0 || !std::isfinite(shape)) {
    std::fill_n(out, count, shape == 0 ? 0 : shape);
    return;
  }
  if (shape == 1) return exponential_chunk(stream, first, count, out);
  const bool boosted = shape < 1;
  const double d = (boosted ? shape + 1 : shape) - 1.0 / 3;
  const GammaShape g{d, 1 / std::sqrt(9 * d), std::min(1 / shape, std::numeric_limits<double>::max())};
  const std::int64_t whole = (count + 7) / 8 * 8;
  double x[kChunk], u[kChunk], boost[kChunk], values[kChunk];
  unsigned char open[kChunk];
  kNormal.get()(stream, first, whole, x);
  kUniform.get()(above(stream, 1), first, whole, u);
  if (boosted) kUniform.get()(above(stream, 2), first, whole, boost);
  kCandidates.get()(g, x, u, boosted ? boost : nullptr, whole, values, open);
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = values[i];
    if (open[i] == 0) continue;
    out[i] = gamma_after(above(stream, 3), first + i, g, x[i], 1 - u[i]);
    if (boosted) out[i] *= std::pow(1 - boost[i], g.power);
  }
}

void beta_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double a, double b, double* out) {
  if (!(a > 1 || b > 1)) {
    return each_of_chunk(stream, first, count, [&](SubStream& s, std::int64_t i) { out[i] = beta(s, a, b); });
  }
  if (std::isnan(a) || std::isnan(b)) {
    std::fill_n(out, count, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  double y[kChunk];
  gamma_chunk(stream, first, count, a, out);
  gamma_chunk(above(stream, kColumnBlocks), first, count, b, y);
  for (std::int64_t i = 0; i < count; ++i) out[i] /= out[i] + y[i];
}

void vonmises_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, double kappa, double* out) {
  if (!(kappa >= 1e-8 && kappa <= 1e6)) {
    return each_of_chunk(stream, first, count, [&](SubStream& s, std::int64_t i) { out[i] = vonmises(s, kappa); });
  }
  const std::int64_t whole = (count + 7) / 8 * 8;
  double angle[kChunk], decision[kChunk], side[kChunk], values[kChunk];
  unsigned char open[kChunk];
  kUniform.get()(stream, first, whole, angle);
  kUniform.get()(above(stream, 1), first, whole, decision);
  kUniform.get()(above(stream, 2), first, whole, side);
  kVonMises.get()({kappa, vonmises_r(kappa)}, angle, decision, side, whole, values, open);
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = values[i];
    if (open[i] == 0) continue;
    SubStream rest(above(stream, 3), first + i);
    out[i] = vonmises(rest, kappa);
  }
}

void integers_chunk(const RandomStream& stream, std::int64_t first, std::int64_t count, std::uint64_t low,
                    std::uint64_t last, std::uint64_t* out) {
  const std::uint64_t more = last - low, range = more + 1;
  const RandomStream rest = above(stream, 1);  // for what the first word does not decide
  if (more < 0xffffffffu) {
    const auto narrow = static_cast<std::uint32_t>(range);
    const IntegerRange r{low, narrow, (0 - narrow) % narrow};
    if (!kRange.get()(stream, first, count, r, out)) return;
    static constexpr PerIsa<RandomKernel> bits32 = TNP_PER_ISA(random_bits32);
    std::uint32_t words[kChunk];
    bits32.get()(stream, first, count, words);
    for (std::int64_t i = 0; i < count; ++i) {
      if (words[i] * narrow < r.refused) out[i] = low + SubStream(rest, first + i).up_to(more);
    }
    return;
  }
  std::uint64_t words[kChunk];
  kBits64.get()(stream, first, count, words);
  const std::uint64_t refused = range == 0 ? 0 : (0 - range) % range;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto product = static_cast<unsigned __int128>(words[i]) * range;
    if (range == 0) {
      out[i] = words[i];
    } else if (static_cast<std::uint64_t>(product) < refused) {
      out[i] = low + SubStream(rest, first + i).up_to(more);
    } else {
      out[i] = low + static_cast<std::uint64_t>(product >> 64);
    }
  }
}

}  // namespace tnp::samplers

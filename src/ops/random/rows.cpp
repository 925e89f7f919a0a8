// Operations whose rows are drawn together: what one element takes is missing for the next.
#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "base/dim.h"
#include "ir/graph_text.h"
#include "ops/random/chunks.h"
#include "ops/random/random_op.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/random.h"

namespace tnp {

namespace {

// --- dirichlet

bool stick_is_better(const double* alpha, std::int64_t k) { return k > 0 && *std::max_element(alpha, alpha + k) < 0.1; }

// Gamma variables over their sum; where all would be too small, pieces broken off a stick.
template <class T>
void dirichlet_row(SubStream& s, const double* alpha, std::int64_t k, bool stick, T* out) {
  if (stick) {
    double left = 1, rest = std::accumulate(alpha, alpha + k, 0.0);
    for (std::int64_t i = 0; i < k; ++i) {
      rest -= alpha[i];
      double part = i + 1 == k ? 1 : 0;
      if (alpha[i] > 0) part = i + 1 == k || rest <= 0 ? 1 : samplers::beta(s, alpha[i], rest);
      out[i] = static_cast<T>(left * part);
      left *= 1 - part;
    }
    return;
  }
  std::vector<double> parts(static_cast<std::size_t>(k));
  double sum = 0;
  for (std::int64_t i = 0; i < k; ++i) sum += parts[i] = samplers::gamma(s, alpha[i]);
  for (std::int64_t i = 0; i < k; ++i) out[i] = static_cast<T>(parts[i] / sum);
}

Array contiguous(const Array& x, const Shape& shape) {
  Array full = x.shape() == shape ? x : broadcast_to(x, shape);
  return full.is_contiguous() ? full : copy(full);
}

Shape with_row(const Shape& rows, std::int64_t k) {
  Shape out = rows;
  out.push_back(k);
  return out;
}

// Calls body(stream of the row, its number, its place in the result).
template <class F>
void for_each_row(const RandomStream& stream, std::int64_t rows, std::int64_t k, F body) {
  const std::int64_t grain = std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, k));
  parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      SubStream s(stream, row);
      body(s, row, row * k);
    }
  });
}

// Rows of the same parameters: a chunk of each column's gamma variables at a time.
template <class T>
void dirichlet_rows(const RandomStream& stream, std::int64_t rows, const double* alpha, std::int64_t k, T* out) {
  using samplers::kChunk;
  const std::int64_t grain = std::max<std::int64_t>(1, 4096 / (k * kChunk));
  parallel_for((rows + kChunk - 1) / kChunk, grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> parts(static_cast<std::size_t>(k * kChunk));
    double sums[kChunk];
    for (std::int64_t first = begin * kChunk; first < std::min(rows, end * kChunk); first += kChunk) {
      const std::int64_t count = std::min(kChunk, rows - first);
      std::fill_n(sums, count, 0.0);
      for (std::int64_t j = 0; j < k; ++j) {
        double* column = parts.data() + j * kChunk;
        samplers::gamma_chunk(samplers::above(stream, static_cast<std::uint64_t>(j) * samplers::kColumnBlocks), first,
                              count, alpha[j], column);
        for (std::int64_t i = 0; i < count; ++i) sums[i] += column[i];
      }
      for (std::int64_t i = 0; i < count; ++i) {
        for (std::int64_t j = 0; j < k; ++j)
          out[(first + i) * k + j] = static_cast<T>(parts[static_cast<std::size_t>(j * kChunk + i)] / sums[i]);
      }
    }
  });
}
constexpr std::int64_t kMaxColumns = 256;  // more would need much memory for a chunk

[[noreturn]] void refuse(const Call& call, const char* what) {
  throw ValueError(std::string(call.op.name) + ": " + what);
}

void execute_dirichlet(const Call& call, std::span<Array> out) {
  const auto& p = params_of<RandomParams>(call);
  const RandomStream stream = stream_of(call);
  const Array& in = call.in[1];
  const std::int64_t k = in.shape().back();
  const Array alphas = in.shape().ndim() == 1 ? contiguous(in, in.shape()) : contiguous(in, with_row(p.shape, k));
  const std::int64_t step = in.shape().ndim() == 1 ? 0 : k;
  const auto* alpha = alphas.data_as<double>();
  for (std::int64_t i = 0, n = alphas.shape().num_elements(); i < n; ++i) {
    if (!(alpha[i] >= 0)) refuse(call, "alpha < 0");
  }
  out[0] = Array::empty(p.dtype, with_row(p.shape, k));
  const auto fill = [&]<class T>(T* to) {
    if (step == 0 && k > 0 && k <= kMaxColumns && !stick_is_better(alpha, k))
      return dirichlet_rows(stream, p.shape.num_elements(), alpha, k, to);
    for_each_row(stream, p.shape.num_elements(), k, [&](SubStream& s, std::int64_t row, std::int64_t at) {
      const double* a = alpha + row * step;
      dirichlet_row(s, a, k, stick_is_better(a, k), to + at);
    });
  };
  if (p.dtype == DType::float32) {
    fill(reinterpret_cast<float*>(out[0].data()));
  } else {
    fill(reinterpret_cast<double*>(out[0].data()));
  }
}

OutputSpecs infer_row(const Call& call) {
  const auto& p = params_of<RandomParams>(call);
  if (call.in[1].shape().ndim() < 1) fail<ValueError>(call, "the parameter of a row must have an axis");
  return {{p.dtype, with_row(p.shape, call.in[1].shape().back())}};
}

std::vector<DType> row_dtype(const Call& call) { return {params_of<RandomParams>(call).dtype}; }

const OpDef kDirichlet{
    .name = "random_dirichlet",
    .doc = "Dirichlet variables: rows of positive numbers whose sum is 1.",
    .family = "random",
    .num_inputs = 2,
    .infer = &infer_row,
    .infer_dtype = &row_dtype,
    .execute = &execute_dirichlet,
    .vjp = unsupported("numbers drawn by rejection are no function of the parameters that could be differentiated"),
    .batch =
        +[](BatchCall& b) {
          const int rows[] = {1};
          batch_random(b, params_of<RandomParams>(b.call), rows);
        },
    .batch_always = true,
    .samples = unsupported(kNoSamples),
};

// --- counts of colours: inputs are the state, the colours' weights (…, k) and the number of balls

// Fills all rows, if they have the same parameters.
template <class T>
using DrawRows = void (*)(const RandomStream& stream, std::int64_t rows, std::int64_t n, const T* weights,
                          std::int64_t k, std::int64_t* out);

template <class T, auto Check, auto DrawRow, DrawRows<T> DrawAll = nullptr>
void execute_counts(const Call& call, std::span<Array> out) {
  const auto& p = params_of<RandomParams>(call);
  const RandomStream stream = stream_of(call);
  const std::int64_t k = call.in[1].shape().back();
  if constexpr (DrawAll != nullptr) {
    const Array &given = call.in[1], &each = call.in[2];
    if (given.ndim() == 1 && each.shape().num_elements() == 1 && given.is_contiguous() && k > 0 && k <= kMaxColumns) {
      const std::int64_t n = *each.template data_as<std::int64_t>();
      if (const char* problem = Check(n, given.template data_as<T>(), k)) refuse(call, problem);
      out[0] = Array::empty(DType::int64, with_row(p.shape, k));
      return DrawAll(stream, p.shape.num_elements(), n, given.template data_as<T>(), k,
                     reinterpret_cast<std::int64_t*>(out[0].data()));
    }
  }
  const Array weights = contiguous(call.in[1], with_row(p.shape, k)), balls = contiguous(call.in[2], p.shape);
  const auto* w = weights.template data_as<T>();
  const auto* n = balls.template data_as<std::int64_t>();
  const std::int64_t rows = p.shape.num_elements();
  for (std::int64_t row = 0; row < rows; ++row) {
    if (const char* problem = Check(n[row], w + row * k, k)) refuse(call, problem);
  }
  out[0] = Array::empty(DType::int64, with_row(p.shape, k));
  auto* to = reinterpret_cast<std::int64_t*>(out[0].data());
  for_each_row(stream, rows, k,
               [&](SubStream& s, std::int64_t row, std::int64_t at) { DrawRow(s, n[row], w + row * k, k, to + at); });
}

const char* check_multinomial(std::int64_t n, const double* p, std::int64_t k) {
  if (n < 0) return "n < 0";
  double sum = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    if (!(p[i] >= 0 && p[i] <= 1)) return "pvals < 0, pvals > 1 or pvals contains NaNs";
    if (i + 1 < k) sum += p[i];
  }
  return sum > 1 + 1e-12 ? "sum(pvals[:-1]) > 1.0" : nullptr;
}

void multinomial_row(SubStream& s, std::int64_t n, const double* p, std::int64_t k, std::int64_t* out) {
  double rest = 1;
  for (std::int64_t i = 0; i < k; ++i) {
    out[i] = n == 0 ? 0 : i + 1 == k ? n : p[i] >= rest ? (p[i] > 0 ? n : 0) : samplers::binomial(s, n, p[i] / rest);
    n -= out[i];
    rest -= p[i];
  }
}

// A chunk of each column at a time: the first one's variables have the same parameters.
void multinomial_rows(const RandomStream& stream, std::int64_t rows, std::int64_t n, const double* p, std::int64_t k,
                      std::int64_t* out) {
  using samplers::kChunk;
  const std::int64_t grain = std::max<std::int64_t>(1, 2048 / (k * kChunk));
  parallel_for((rows + kChunk - 1) / kChunk, grain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t left[kChunk], column[kChunk];
    for (std::int64_t first = begin * kChunk; first < std::min(rows, end * kChunk); first += kChunk) {
      const std::int64_t count = std::min(kChunk, rows - first);
      std::fill_n(left, count, n);
      double rest = 1;
      for (std::int64_t j = 0; j < k; ++j) {
        const RandomStream own = samplers::above(stream, static_cast<std::uint64_t>(j) * samplers::kColumnBlocks);
        if (j + 1 == k || p[j] >= rest) {
          const bool all = j + 1 == k || p[j] > 0;
          for (std::int64_t i = 0; i < count; ++i) column[i] = all ? left[i] : 0;
        } else if (j == 0) {
          samplers::binomial_chunk(own, first, count, n, p[j], column);
        } else {
          samplers::each_of_chunk(own, first, count, [&](SubStream& s, std::int64_t i) {
            column[i] = left[i] == 0 ? 0 : samplers::binomial(s, left[i], p[j] / rest);
          });
        }
        for (std::int64_t i = 0; i < count; ++i) {
          out[(first + i) * k + j] = column[i];
          left[i] -= column[i];
        }
        rest -= p[j];
      }
    }
  });
}

const char* check_colors(std::int64_t n, const std::int64_t* colors, std::int64_t k) {
  if (n < 0) return "nsample < 0";
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    if (colors[i] < 0) return "colors < 0";
    // The sampler's logarithms of factorials need numbers below 10^9.
    if (colors[i] >= 1000000000 || (sum += colors[i]) >= 1000000000) return "sum(colors) must be less than 1000000000";
  }
  return n > sum ? "nsample > sum(colors)" : nullptr;
}

void colors_row(SubStream& s, std::int64_t n, const std::int64_t* colors, std::int64_t k, std::int64_t* out) {
  std::int64_t rest = std::accumulate(colors, colors + k, std::int64_t{0});
  for (std::int64_t i = 0; i < k; ++i) {
    rest -= colors[i];
    out[i] = i + 1 == k ? n : samplers::hypergeometric(s, colors[i], rest, n);
    n -= out[i];
  }
}

template <class T, auto Check, auto DrawRow, DrawRows<T> DrawAll = nullptr>
OpDef counts(const char* name, const char* doc) {
  return {
      .name = name,
      .doc = doc,
      .family = "random",
      .num_inputs = 3,
      .infer = &infer_row,
      .infer_dtype = &row_dtype,
      .execute = &execute_counts<T, Check, DrawRow, DrawAll>,
      .vjp = unsupported("integers have no derivative"),
      .batch =
          +[](BatchCall& b) {
            const int rows[] = {1, 0};
            batch_random(b, params_of<RandomParams>(b.call), rows);
          },
      .batch_always = true,
      .samples = unsupported(kNoSamples),
  };
}
const OpDef kMultinomial = counts<double, &check_multinomial, &multinomial_row, &multinomial_rows>(
    "random_multinomial", "Multinomial variables: how often each result of n experiments occurs.");
const OpDef kColors = counts<std::int64_t, &check_colors, &colors_row>(
    "random_multivariate_hypergeometric", "How many balls of each colour are drawn from an urn.");

// --- permutations

struct PermutationParams : ParamsOf<PermutationParams> {
  Shape shape;              // of the rows
  Shape population, count;  // of one element each: they may be symbolic
  template <class V>
  void fields(V& v) {
    v("shape", shape);
    v("population", population);
    v("count", count);
  }
};

// Calls body(i, j) for i < count, with j from i to n - 1, each as likely: row `row` of the stream, whose elements it
// has for itself. All words of a chunk are there before the first is used, so that `soon` may ask for memory ahead.
template <class Soon, class Body>
void each_exchange(const RandomStream& stream, std::int64_t row, std::int64_t n, std::int64_t count, Soon soon,
                   Body body) {
  static constexpr PerIsa<RandomKernel> words_of = TNP_PER_ISA(random_bits64);
  constexpr std::int64_t kChunk = samplers::kChunk, kAhead = 16;
  std::uint64_t words[kChunk + kRandomGroup];
  std::int64_t other[kChunk + kAhead];
  const std::int64_t element = row * count;
  for (std::int64_t begin = 0; begin < count; begin += kChunk) {
    const std::int64_t size = std::min(kChunk, count - begin), first = element + begin;
    const std::int64_t before = first % kRandomGroup;
    words_of.get()(stream, first - before, size + before, words);
    for (std::int64_t k = 0; k < size; ++k) {
      const std::int64_t i = begin + k;
      const auto range = static_cast<std::uint64_t>(n - i);
      const auto product = static_cast<unsigned __int128>(words[before + k]) * range;
      std::uint64_t at = static_cast<std::uint64_t>(product >> 64);
      // As in SubStream::up_to.
      if (static_cast<std::uint64_t>(product) < range && static_cast<std::uint64_t>(product) < (0 - range) % range)
        at = SubStream(samplers::above(stream, 1), first + k).up_to(range - 1);
      other[k] = i + static_cast<std::int64_t>(at);
    }
    for (std::int64_t k = 0; k < kAhead; ++k) other[size + k] = begin;
    for (std::int64_t k = 0; k < size; ++k) {
      soon(other[k + kAhead]);
      body(begin + k, other[k]);
    }
  }
}

template <class T>
void shuffle_places(const RandomStream& stream, std::int64_t row, std::int64_t n, std::int64_t count, T* places) {
  std::iota(places, places + n, T{0});
  each_exchange(
      stream, row, n, count, [&](std::int64_t j) { __builtin_prefetch(places + j, 1); },
      [&](std::int64_t i, std::int64_t j) { std::swap(places[i], places[j]); });
}

// The first `count` places of a shuffled 0 … n - 1. Where they are few, only the places that change are kept.
void permutation_row(const RandomStream& stream, std::int64_t row, std::int64_t n, std::int64_t count,
                     std::int64_t* out) {
  if (count >= n / 16) {
    if (n <= std::numeric_limits<std::int32_t>::max()) {  // of half the size more of them fit into the caches
      std::vector<std::int32_t> all(static_cast<std::size_t>(n));
      shuffle_places(stream, row, n, count, all.data());
      std::copy_n(all.data(), count, out);
      return;
    }
    std::vector<std::int64_t> all(static_cast<std::size_t>(n));
    shuffle_places(stream, row, n, count, all.data());
    std::copy_n(all.data(), count, out);
    return;
  }
  std::unordered_map<std::int64_t, std::int64_t> moved;
  const auto at = [&](std::int64_t i) {
    const auto found = moved.find(i);
    return found == moved.end() ? i : found->second;
  };
  each_exchange(
      stream, row, n, count, [](std::int64_t) {},
      [&](std::int64_t i, std::int64_t j) {
        out[i] = at(j);
        moved[j] = at(i);
      });
}

const OpDef kPermutation{
    .name = "random_permutation",
    .doc = "Rows of different integers below a bound, in random order.",
    .family = "random",
    .infer =
        +[](const Call& call) {
          const auto& p = params_of<PermutationParams>(call);
          return OutputSpecs{{DType::int64, with_row(p.shape, p.count[0])}};
        },
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; },
    .execute =
        +[](const Call& call, std::span<Array> out) {
          const auto& p = params_of<PermutationParams>(call);
          const RandomStream stream = stream_of(call);
          const std::int64_t n = p.population[0], k = p.count[0];
          if (k > n) refuse(call, "more elements than the population has");
          out[0] = Array::empty(DType::int64, with_row(p.shape, k));
          auto* to = reinterpret_cast<std::int64_t*>(out[0].data());
          for_each_row(stream, p.shape.num_elements(), k, [&](SubStream&, std::int64_t row, std::int64_t at) {
            permutation_row(stream, row, n, k, to + at);
          });
        },
    .vjp = unsupported("integers have no derivative"),
    .batch =
        +[](BatchCall& b) {
          auto p = params_of<PermutationParams>(b.call);
          p.shape.insert(0, b.size);
          b.result = {apply(b.call.op, b.call.in, p)};
          b.result_batched = {true};
        },
    .batch_always = true,
    .samples = unsupported(kNoSamples),
};

// --- choices by weight

struct ChoiceParams : ParamsOf<ChoiceParams> {
  Shape rows;   // of a batch, whose examples may have weights of their own
  Shape shape;  // of a row's choices
  bool replace = true;
  template <class V>
  void fields(V& v) {
    v("rows", rows);
    v("shape", shape);
    v("replace", replace);
  }
};

void check_weights(const Call& call, const double* p, std::int64_t n) {
  double sum = 0, lost = 0;  // Kahan's sum
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::isnan(p[i])) refuse(call, "Probabilities contain NaN");
    if (p[i] < 0) refuse(call, "Probabilities are not non-negative");
    const double term = p[i] - lost, next = sum + term;
    lost = (next - sum) - term;
    sum = next;
  }
  if (!(std::abs(sum - 1) <= 1.5e-8)) refuse(call, "Probabilities do not sum to 1");
}

constexpr PerIsa<RandomKernel> kBits64 = TNP_PER_ISA(random_bits64);

// Finds how many of the sums `below` are at most u times the last, which is the choice. A table says for equal parts of
// [0, 1) where to begin, if there are enough choices to make it for.
class WeightedChoice {
 public:
  WeightedChoice(const double* p, std::int64_t n, std::int64_t count) : below_(static_cast<std::size_t>(n)) {
    std::partial_sum(p, p + n, below_.begin());
    total_ = below_.back();
    std::int64_t parts = 64;
    while (parts < 16 * n && parts < (1 << 14)) parts *= 2;
    if (count < 4 * parts) return;
    starts_.resize(static_cast<std::size_t>(parts));
    for (std::int64_t k = 0; k < parts; ++k) {
      starts_[static_cast<std::size_t>(k)] = place(static_cast<double>(k) / static_cast<double>(parts) * total_);
    }
  }

  std::int64_t operator()(double u) const {
    const double x = u * total_;
    if (starts_.empty()) return place(x);
    const auto last = static_cast<std::int64_t>(below_.size()) - 1;
    std::int64_t k = starts_[static_cast<std::size_t>(u * static_cast<double>(starts_.size()))];
    while (k < last && below_[static_cast<std::size_t>(k)] <= x) ++k;
    return k;
  }

 private:
  std::int64_t place(double x) const {
    const std::int64_t found = std::upper_bound(below_.begin(), below_.end(), x) - below_.begin();
    return std::min(found, static_cast<std::int64_t>(below_.size()) - 1);
  }

  std::vector<double> below_;
  double total_ = 0;
  std::vector<std::int64_t> starts_;
};

// The elements from `first` on of the stream belong to these choices.
void choose_again(const RandomStream& stream, std::int64_t first, const double* p, std::int64_t n, std::int64_t count,
                  std::int64_t* out) {
  constexpr std::int64_t kTogether = 256, kLanes = 8;
  const WeightedChoice choice(p, n, count);
  parallel_for((count + kTogether - 1) / kTogether, 4, [&](std::int64_t begin, std::int64_t end) {
    std::uint64_t words[2 * kTogether];
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      const std::int64_t at = chunk * kTogether, here = std::min(kTogether, count - at);
      // The first words of eight elements, then their second ones, which are not needed.
      const RandomStream from{stream.key0, stream.key1, stream.counter + static_cast<std::uint64_t>(first + at)};
      kBits64.get()(from, 0, (here + kLanes - 1) / kLanes * 2 * kLanes, words);
      for (std::int64_t i = 0; i < here; ++i) {
        const std::uint64_t word = words[i / kLanes * 2 * kLanes + i % kLanes];
        out[at + i] = choice(static_cast<double>(word >> 11) * 0x1p-53);
      }
    }
  });
}

// Waiting times with rates p: their order is that of drawing one after the other.
void choose_once(const Call& call, const RandomStream& stream, std::int64_t first, const double* p, std::int64_t n,
                 std::int64_t count, std::int64_t* out) {
  if (count > n) refuse(call, "Cannot take a larger sample than population when replace is False");
  std::vector<std::pair<double, std::int64_t>> times(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    SubStream s(stream, first + i);
    times[static_cast<std::size_t>(i)] = {p[i] > 0 ? s.exponential() / p[i] : INFINITY, i};
  }
  std::partial_sort(times.begin(), times.begin() + count, times.end());
  if (count > 0 && std::isinf(times[static_cast<std::size_t>(count - 1)].first))
    refuse(call, "Fewer non-zero entries in p than size");
  for (std::int64_t i = 0; i < count; ++i) out[i] = times[static_cast<std::size_t>(i)].second;
}

void execute_choice(const Call& call, std::span<Array> out) {
  const auto& params = params_of<ChoiceParams>(call);
  const RandomStream stream = stream_of(call);
  const Array p = contiguous(call.in[1], call.in[1].shape());
  const std::int64_t n = p.shape().back(), count = params.shape.num_elements();
  Shape shape = params.rows;
  for (std::int64_t d : params.shape) shape.push_back(d);
  out[0] = Array::empty(DType::int64, shape);
  auto* to = reinterpret_cast<std::int64_t*>(out[0].data());
  if (n == 0 && count == 0) return;
  const std::int64_t own = p.shape().ndim() > 1 ? n : 0;
  for (std::int64_t row = 0, rows = params.rows.num_elements(); row < rows; ++row) {
    const auto* weights = p.data_as<double>() + row * own;
    if (row == 0 || own > 0) check_weights(call, weights, n);
    if (params.replace) {
      choose_again(stream, row * count, weights, n, count, to + row * count);
    } else {
      choose_once(call, stream, row * n, weights, n, count, to + row * count);
    }
  }
}

void batch_choice(BatchCall& b) {
  if (b.batched[0]) throw ValueError("random_choice: random states can not be batched");
  auto p = params_of<ChoiceParams>(b.call);
  p.rows.insert(0, b.size);
  Array weights = b.call.in[1];
  if (b.batched[1] || weights.shape().ndim() > 1) weights = with_batch(b, 1);
  b.result = {apply(b.call.op, {b.call.in[0], weights}, p)};
  b.result_batched = {true};
}

const OpDef kChoice{
    .name = "random_choice",
    .doc = "Indices drawn with given probabilities.",
    .family = "random",
    .num_inputs = 2,
    .infer =
        +[](const Call& call) {
          const auto& p = params_of<ChoiceParams>(call);
          if (call.in[1].shape().ndim() < 1) fail<ValueError>(call, "p must be 1-dimensional");
          Shape shape = p.rows;
          for (std::int64_t d : p.shape) shape.push_back(d);
          return OutputSpecs{{DType::int64, shape}};
        },
    .infer_dtype = +[](const Call&) { return std::vector<DType>{DType::int64}; },
    .execute = &execute_choice,
    .vjp = unsupported("integers have no derivative"),
    .batch = &batch_choice,
    .batch_always = true,
    .samples = unsupported(kNoSamples),
};

const RegisterOp registrations[] = {RegisterOp(kDirichlet), RegisterOp(kMultinomial), RegisterOp(kColors),
                                    RegisterOp(kPermutation), RegisterOp(kChoice)};
const RegisterParams params_of_text[] = {{"random_dirichlet", &default_params<RandomParams>},
                                         {"random_multinomial", &default_params<RandomParams>},
                                         {"random_multivariate_hypergeometric", &default_params<RandomParams>},
                                         {"random_permutation", &default_params<PermutationParams>},
                                         {"random_choice", &default_params<ChoiceParams>}};

template <class P>
Array draw(const OpDef& op, Generator& g, std::span<const Array> parameters, const P& p, const Shape& elements) {
  if (p.shape.is_static()) check_shape(p.shape, 8);
  Shape blocks = elements;  // two words an element
  blocks.push_back(2);
  Arrays in{g.read_state()};
  in.insert(in.end(), parameters.begin(), parameters.end());
  Array numbers = apply(op, in, p);
  in.resize(1);
  advance(g, std::move(in[0]), blocks);
  return numbers;
}

RandomParams params_for(const Shape& rows, DType dtype) {
  RandomParams p;
  p.shape = rows;
  p.dtype = dtype;
  return p;
}

}  // namespace

Array random_dirichlet(Generator& g, const Array& alpha, const Shape& rows, DType dtype) {
  const Array in[] = {astype(alpha, DType::float64)};
  return draw(kDirichlet, g, in, params_for(rows, dtype), rows);
}
Array random_multinomial(Generator& g, const Array& n, const Array& pvals, const Shape& rows) {
  const Array in[] = {astype(pvals, DType::float64), astype(n, DType::int64)};
  return draw(kMultinomial, g, in, params_for(rows, DType::int64), rows);
}
Array random_multivariate_hypergeometric(Generator& g, const Array& colors, const Array& sample, const Shape& rows) {
  const Array in[] = {astype(colors, DType::int64), astype(sample, DType::int64)};
  return draw(kColors, g, in, params_for(rows, DType::int64), rows);
}
Array random_permutation(Generator& g, std::int64_t population, std::int64_t count, const Shape& rows) {
  PermutationParams p;
  p.shape = rows;
  p.population = {population};
  p.count = {count};
  Shape elements = rows;
  elements.push_back(count);
  return draw(kPermutation, g, {}, p, elements);
}
Array random_choice(Generator& g, const Array& weights, const Shape& shape, bool replace) {
  ChoiceParams p;
  p.shape = shape;
  p.replace = replace;
  const Array in[] = {astype(weights, DType::float64)};
  // Without replacement each candidate has a number of its own.
  return draw(kChoice, g, in, p, replace ? shape : weights.shape());
}

}  // namespace tnp

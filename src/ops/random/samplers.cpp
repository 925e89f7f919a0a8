// The operations whose elements are drawn one by one: a distribution's parameters, broadcast to a shape, to numbers.
#include "ops/random/samplers.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <type_traits>

#include "base/dim.h"
#include "ir/graph_text.h"
#include "ops/random/chunks.h"
#include "ops/random/few_numbers.h"
#include "ops/random/random_op.h"
#include "runtime/threads.h"
#include "tnp/random.h"

namespace tnp {

namespace {

using samplers::kChunk;

// A parameter, read along the flat result.
struct Column {
  Array keep;
  const std::byte* data;
  std::int64_t step;
  template <class T>
  T at(std::int64_t i) const {
    return *reinterpret_cast<const T*>(data + i * step);
  }
};

Column column_of(const Array& x, const Shape& shape) {
  if (x.shape().num_elements() == 1) return {x, x.data(), 0};
  Array full = broadcast_to(x, shape);
  if (!full.is_contiguous()) full = copy(full);
  return {full, full.data(), full.itemsize()};
}

// Calls body(first, count) for all chunks.
template <class F>
void for_each_chunk(std::int64_t n, std::int64_t grain, F body) {
  parallel_for((n + kChunk - 1) / kChunk, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) body(chunk * kChunk, std::min(kChunk, n - chunk * kChunk));
  });
}

// Calls body(stream of element i, i) for all elements.
template <class F>
void for_each_element(const RandomStream& stream, std::int64_t n, std::int64_t grain, F body) {
  for_each_chunk(n, grain, [&](std::int64_t first, std::int64_t count) {
    samplers::each_of_chunk(stream, first, count, [&](SubStream& s, std::int64_t i) { body(s, first + i); });
  });
}

template <auto Draw>
struct Signature;
template <class R, class... A, R (*Draw)(SubStream&, A...)>
struct Signature<Draw> {
  using Result = R;
  static constexpr std::size_t kCount = sizeof...(A);
  using Check = const char* (*)(A...);
  // Draws a chunk of elements with the same parameters.
  using Chunk = void (*)(const RandomStream&, std::int64_t first, std::int64_t count, A..., R* out);
  using Columns = std::array<Column, kCount>;
  template <std::size_t... I>
  static R draw(SubStream& s, const Columns& c, std::int64_t i, std::index_sequence<I...>) {
    return Draw(s, c[I].template at<A>(i)...);
  }
  template <std::size_t... I>
  static const char* check(Check f, const Columns& c, std::int64_t i, std::index_sequence<I...>) {
    return f(c[I].template at<A>(i)...);
  }
  template <std::size_t... I>
  static void draw_chunk(Chunk f, const RandomStream& stream, std::int64_t first, std::int64_t count, const Columns& c,
                         R* out, std::index_sequence<I...>) {
    f(stream, first, count, c[I].template at<A>(0)..., out);
  }
  static constexpr DType kTypes[] = {(std::is_same_v<A, double> ? DType::float64 : DType::int64)...};
};

// `DrawChunk` may be null.
template <auto Draw, auto Check, typename Signature<Draw>::Chunk DrawChunk>
void execute(const Call& call, std::span<Array> out) {
  using S = Signature<Draw>;
  constexpr auto kEach = std::make_index_sequence<S::kCount>();
  const auto& p = params_of<RandomParams>(call);
  const RandomStream stream = stream_of(call);
  typename S::Columns columns;
  bool varies = false;
  for (std::size_t i = 0; i < S::kCount; ++i) {
    columns[i] = column_of(call.in[1 + i], p.shape);
    varies = varies || columns[i].step != 0;
  }
  const std::int64_t n = p.shape.num_elements();
  for (std::int64_t i = 0, checks = varies ? n : 1; i < checks; ++i) {
    if (const char* problem = S::check(Check, columns, i, kEach))
      throw ValueError(std::string(call.op.name) + ": " + problem);
  }
  out[0] = Array::empty(p.dtype, p.shape);
  const auto fill = [&]<class T>(T* to) {
    if constexpr (DrawChunk != nullptr) {
      if (!varies) {
        return for_each_chunk(n, 8, [&](std::int64_t first, std::int64_t count) {
          typename S::Result chunk[kChunk];
          S::draw_chunk(DrawChunk, stream, first, count, columns, chunk, kEach);
          std::transform(chunk, chunk + count, to + first, [](auto x) { return static_cast<T>(x); });
        });
      }
    }
    for_each_element(stream, n, 8,
                     [&](SubStream& s, std::int64_t i) { to[i] = static_cast<T>(S::draw(s, columns, i, kEach)); });
  };
  if constexpr (std::is_same_v<typename S::Result, std::int64_t>) {
    fill(reinterpret_cast<std::int64_t*>(out[0].data()));
  } else if (p.dtype == DType::float32) {
    fill(reinterpret_cast<float*>(out[0].data()));
  } else {
    fill(reinterpret_cast<double*>(out[0].data()));
  }
}

template <auto Draw>
OutputSpecs infer(const Call& call) {
  const auto& p = params_of<RandomParams>(call);
  constexpr bool kIntegers = std::is_same_v<typename Signature<Draw>::Result, std::int64_t>;
  if (kIntegers ? p.dtype != DType::int64 : p.dtype != DType::float32 && p.dtype != DType::float64)
    fail<TypeError>(call, "Unsupported dtype " + std::string(name(p.dtype)));
  for (std::size_t i = 0; i < Signature<Draw>::kCount; ++i) {
    if (call.in[1 + i].dtype() != Signature<Draw>::kTypes[i])
      fail<TypeError>(call, "parameters must be of type " + std::string(name(Signature<Draw>::kTypes[i])));
  }
  return {{p.dtype, p.shape}};
}

template <auto Draw, auto Check, typename Signature<Draw>::Chunk DrawChunk = nullptr>
OpDef sampler(const char* name, const char* doc) {
  return {
      .name = name,
      .doc = doc,
      .family = "random",
      .num_inputs = 1 + static_cast<int>(Signature<Draw>::kCount),
      .infer = &infer<Draw>,
      .infer_dtype = +[](const Call& call) { return std::vector<DType>{params_of<RandomParams>(call).dtype}; },
      .execute = &execute<Draw, Check, DrawChunk>,
      .vjp = unsupported("numbers drawn by rejection are no function of the parameters that could be differentiated"),
      .batch =
          +[](BatchCall& b) {
            const int rows[Signature<Draw>::kCount] = {};
            batch_random(b, params_of<RandomParams>(b.call), rows);
          },
      .batch_always = true,
      .samples = unsupported(kNoSamples),
  };
}

using namespace samplers;
const OpDef kGamma =
    sampler<&gamma, &check_gamma, &gamma_chunk>("random_gamma", "Gamma variables of a shape, by rejection.");
const OpDef kBeta = sampler<&beta, &check_beta, &beta_chunk>("random_beta", "Beta variables, by rejection.");
const OpDef kNoncentral = sampler<&noncentral_chisquare, &check_noncentral_chisquare>(
    "random_noncentral_chisquare", "Noncentral chi-square variables, by rejection.");
const OpDef kVonmises = sampler<&vonmises, &check_vonmises, &vonmises_chunk>(
    "random_vonmises", "Von Mises variables around 0, by rejection.");
const OpDef kPoisson =
    sampler<&poisson, &check_poisson, &poisson_chunk>("random_poisson", "Poisson variables, by rejection.");
const OpDef kBinomial =
    sampler<&binomial, &check_binomial, &binomial_chunk>("random_binomial", "Binomial variables, by rejection.");
const OpDef kNegative = sampler<&negative_binomial, &check_negative_binomial>(
    "random_negative_binomial", "Negative binomial variables, as Poisson variables of a gamma variable.");
const OpDef kGeometric =
    sampler<&geometric, &check_geometric, &geometric_chunk>("random_geometric", "Geometric variables, by inversion.");
const OpDef kHypergeometric = sampler<&hypergeometric, &check_hypergeometric>(
    "random_hypergeometric", "Hypergeometric variables, by ratios of uniform variables.");
const OpDef kZipf = sampler<&zipf, &check_zipf>("random_zipf", "Zipf variables, by rejection.");
const OpDef kLogseries = sampler<&logseries, &check_logseries>("random_logseries", "Logarithmic variables.");
const RegisterOp registrations[] = {RegisterOp(kGamma),    RegisterOp(kBeta),      RegisterOp(kNoncentral),
                                    RegisterOp(kVonmises), RegisterOp(kPoisson),   RegisterOp(kBinomial),
                                    RegisterOp(kNegative), RegisterOp(kGeometric), RegisterOp(kHypergeometric),
                                    RegisterOp(kZipf),     RegisterOp(kLogseries)};

// --- integers

// From input 1 to input 2, both included.
OutputSpecs infer_integers(const Call& call) {
  const auto& p = params_of<RandomParams>(call);
  if (p.dtype != DType::int64 && p.dtype != DType::uint64) fail<TypeError>(call, "integers are int64 or uint64");
  if (call.in[1].dtype() != p.dtype || call.in[2].dtype() != p.dtype)
    fail<TypeError>(call, "bounds must be of the result's type");
  return {{p.dtype, p.shape}};
}

template <class T>
void draw_integers(const RandomStream& stream, const Column& low, const Column& last, const Array& out) {
  const std::int64_t n = out.shape().num_elements(), checks = low.step || last.step ? n : 1;
  for (std::int64_t i = 0; i < checks; ++i) {
    if (last.at<T>(i) < low.at<T>(i)) throw ValueError("random integers: low >= high");
  }
  auto* to = reinterpret_cast<std::uint64_t*>(out.data());
  if (checks == 1) {
    return for_each_chunk(n, 32, [&](std::int64_t first, std::int64_t count) {
      samplers::integers_chunk(stream, first, count, low.at<std::uint64_t>(0), last.at<std::uint64_t>(0), to + first);
    });
  }
  for_each_element(stream, n, 32, [&](SubStream& s, std::int64_t i) {
    const auto first = low.at<std::uint64_t>(i);
    to[i] = first + s.up_to(last.at<std::uint64_t>(i) - first);
  });
}

void execute_integers(const Call& call, std::span<Array> out) {
  const auto& p = params_of<RandomParams>(call);
  const RandomStream stream = stream_of(call);
  const Column low = column_of(call.in[1], p.shape), last = column_of(call.in[2], p.shape);
  out[0] = Array::empty(p.dtype, p.shape);
  if (p.dtype == DType::int64) {
    draw_integers<std::int64_t>(stream, low, last, out[0]);
  } else {
    draw_integers<std::uint64_t>(stream, low, last, out[0]);
  }
}

const OpDef kIntegers{
    .name = "random_integers",
    .doc = "Integers between two bounds, both included, each as likely.",
    .family = "random",
    .num_inputs = 3,
    .infer = &infer_integers,
    .infer_dtype = +[](const Call& call) { return std::vector<DType>{params_of<RandomParams>(call).dtype}; },
    .execute = &execute_integers,
    .vjp = unsupported("integers have no derivative"),
    .batch =
        +[](BatchCall& b) {
          const int rows[] = {0, 0};
          batch_random(b, params_of<RandomParams>(b.call), rows);
        },
    .batch_always = true,
    .samples = unsupported(kNoSamples),
};
const RegisterOp integers_registration(kIntegers);
const RegisterParams params_of_text[] = {{"random_gamma", &default_params<RandomParams>},
                                         {"random_beta", &default_params<RandomParams>},
                                         {"random_noncentral_chisquare", &default_params<RandomParams>},
                                         {"random_vonmises", &default_params<RandomParams>},
                                         {"random_poisson", &default_params<RandomParams>},
                                         {"random_binomial", &default_params<RandomParams>},
                                         {"random_negative_binomial", &default_params<RandomParams>},
                                         {"random_geometric", &default_params<RandomParams>},
                                         {"random_hypergeometric", &default_params<RandomParams>},
                                         {"random_zipf", &default_params<RandomParams>},
                                         {"random_logseries", &default_params<RandomParams>},
                                         {"random_integers", &default_params<RandomParams>}};

// Parameters' shapes are known to broadcast to `shape`.
Array draw(const OpDef& op, Generator& g, std::span<const Array> parameters, const Shape& shape, DType dtype) {
  RandomParams p;
  p.shape = shape;
  p.dtype = dtype;
  Shape blocks = shape;  // two words an element
  blocks.push_back(2);
  if (shape.is_static()) check_shape(blocks, 8);
  constexpr std::size_t kMost = 4;  // the state and three parameters
  Array in[kMost] = {g.read_state()};
  std::copy(parameters.begin(), parameters.end(), in + 1);
  Array numbers = apply(op, {in, parameters.size() + 1}, p);
  advance(g, std::move(in[0]), blocks);
  return numbers;
}

// The numbers of `execute` for parameters that do not vary. `chunk` may be null.
template <class R, class... A>
void draw_few(const OpDef& op, FewNumbers& numbers, R* out, R (*draw)(SubStream&, A...), const char* (*check)(A...),
              std::type_identity_t<void (*)(const RandomStream&, std::int64_t, std::int64_t, A..., R*)> chunk,
              std::type_identity_t<A>... a) {
  if (const char* problem = check(a...)) throw ValueError(std::string(op.name) + ": " + problem);
  const RandomStream stream = numbers.next(2);
  if (chunk != nullptr) return chunk(stream, 0, numbers.count(), a..., out);
  samplers::each_of_chunk(stream, 0, numbers.count(), [&](SubStream& s, std::int64_t i) { out[i] = draw(s, a...); });
}

}  // namespace

#define TNP_SAMPLER1(FUNCTION, OP, TYPE)                                          \
  Array FUNCTION(Generator& g, const Array& a, const Shape& shape, DType dtype) { \
    const Array in[] = {astype(a, DType::TYPE)};                                  \
    return draw(OP, g, in, shape, dtype);                                         \
  }
#define TNP_SAMPLER2(FUNCTION, OP, TYPE_A, TYPE_B)                                                \
  Array FUNCTION(Generator& g, const Array& a, const Array& b, const Shape& shape, DType dtype) { \
    const Array in[] = {astype(a, DType::TYPE_A), astype(b, DType::TYPE_B)};                      \
    return draw(OP, g, in, shape, dtype);                                                         \
  }
TNP_SAMPLER1(random_gamma, kGamma, float64)
TNP_SAMPLER2(random_beta, kBeta, float64, float64)
TNP_SAMPLER2(random_noncentral_chisquare, kNoncentral, float64, float64)
TNP_SAMPLER1(random_vonmises, kVonmises, float64)
TNP_SAMPLER1(random_poisson, kPoisson, float64)
TNP_SAMPLER2(random_binomial, kBinomial, int64, float64)
TNP_SAMPLER2(random_negative_binomial, kNegative, float64, float64)
TNP_SAMPLER1(random_geometric, kGeometric, float64)
TNP_SAMPLER1(random_zipf, kZipf, float64)
TNP_SAMPLER1(random_logseries, kLogseries, float64)
#undef TNP_SAMPLER1
#undef TNP_SAMPLER2

Array random_hypergeometric(Generator& g, const Array& good, const Array& bad, const Array& sample, const Shape& shape,
                            DType dtype) {
  const Array in[] = {astype(good, DType::int64), astype(bad, DType::int64), astype(sample, DType::int64)};
  return draw(kHypergeometric, g, in, shape, dtype);
}

void random_gamma(FewNumbers& f, double* out, double a) {
  draw_few(kGamma, f, out, &gamma, &check_gamma, &gamma_chunk, a);
}
void random_beta(FewNumbers& f, double* out, double a, double b) {
  draw_few(kBeta, f, out, &beta, &check_beta, &beta_chunk, a, b);
}
void random_noncentral_chisquare(FewNumbers& f, double* out, double df, double nonc) {
  draw_few(kNoncentral, f, out, &noncentral_chisquare, &check_noncentral_chisquare, nullptr, df, nonc);
}
void random_vonmises(FewNumbers& f, double* out, double kappa) {
  draw_few(kVonmises, f, out, &vonmises, &check_vonmises, &vonmises_chunk, kappa);
}
void random_poisson(FewNumbers& f, std::int64_t* out, double lam) {
  draw_few(kPoisson, f, out, &poisson, &check_poisson, &poisson_chunk, lam);
}
void random_binomial(FewNumbers& f, std::int64_t* out, std::int64_t n, double p) {
  draw_few(kBinomial, f, out, &binomial, &check_binomial, &binomial_chunk, n, p);
}
void random_negative_binomial(FewNumbers& f, std::int64_t* out, double n, double p) {
  draw_few(kNegative, f, out, &negative_binomial, &check_negative_binomial, nullptr, n, p);
}
void random_geometric(FewNumbers& f, std::int64_t* out, double p) {
  draw_few(kGeometric, f, out, &geometric, &check_geometric, &geometric_chunk, p);
}
void random_hypergeometric(FewNumbers& f, std::int64_t* out, std::int64_t good, std::int64_t bad, std::int64_t sample) {
  draw_few(kHypergeometric, f, out, &hypergeometric, &check_hypergeometric, nullptr, good, bad, sample);
}
void random_zipf(FewNumbers& f, std::int64_t* out, double a) {
  draw_few(kZipf, f, out, &zipf, &check_zipf, nullptr, a);
}
void random_logseries(FewNumbers& f, std::int64_t* out, double p) {
  draw_few(kLogseries, f, out, &logseries, &check_logseries, nullptr, p);
}

Array random_bounded(Generator& g, const Array& low, const Array& last, const Shape& shape) {
  const Array in[] = {low, last};
  return draw(kIntegers, g, in, shape, low.dtype());
}

}  // namespace tnp

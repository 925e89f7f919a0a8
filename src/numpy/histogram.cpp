// Histograms and counts.
#include <cmath>
#include <numbers>

#include "base/casting.h"
#include "base/dim.h"
#include "ir/composed.h"
#include "ops/index/repeat.h"
#include "ops/sort/direct.h"
#include "ops/sort/sort.h"
#include "tnp/creation.h"
#include "tnp/error.h"
#include "tnp/indexing.h"
#include "tnp/manipulation.h"
#include "tnp/numeric.h"
#include "tnp/operators.h"
#include "tnp/reductions.h"
#include "tnp/sorting.h"
#include "tnp/statistics.h"

namespace tnp {

namespace {

constexpr std::int64_t kFirstAxis[] = {0};

Array part(const Array& x, Dim start, Dim count) {
  const SliceSpec rows[] = {{start, 1, count}};
  return slice(x, rows);
}
Array first_of(const Array& x) { return reshape(part(x, 0, 1), {}); }
Array last_of(const Array& x) { return reshape(part(x, dim_sub(x.size(), 1), 1), {}); }

bool known_false(const Array& x) { return !x.is_symbolic() && !x.item<bool>(); }

// A number that the data decide, as a size.
Dim size_of(const Array& count) {
  if (!count.is_symbolic()) return count.item<std::int64_t>();
  return repeat_indices(reshape(astype(count, DType::int64), {1})).shape()[0];
}

// The sums of values at places 0 … size - 1.
Array sums_at(const Array& places, const Array& values, Dim size) {
  return scatter(zeros({size}, values.dtype()), {&places, 1}, values, kFirstAxis, ScatterMode::add);
}

DType sum_type(DType weights) { return is_complex(weights) ? DType::complex128 : DType::float64; }

}  // namespace

namespace {

// Numbers in int64, their weights in float64, if they have any, and the least length, if only a run knows it: then the
// number that it is otherwise is below zero.
struct CountInputs {
  Array places, weights, least;

  CountInputs(std::span<const Array> in, const Axes& numbers) : places(in[0]) {
    const bool is_sized = numbers[0] >= 0;
    if (in.size() > (is_sized ? 1 : 2)) weights = in[1];
    least = is_sized ? Scalar(numbers[0]).to_array(DType::int64) : in.back();
  }
};

Array counts_of_parts(std::span<const Array> in, const Axes& numbers) {
  const CountInputs c(in, numbers);
  Reduction known;
  known.initial = Scalar(std::int64_t{-1}).to_array(DType::int64);
  if (!c.places.is_symbolic() && min(c.places, known).item<std::int64_t>() < -1)
    throw ValueError("'list' argument must have no negative elements");
  const Dim size = size_of(maximum(max(c.places, known) + Scalar(1), c.least));
  return sums_at(c.places, c.weights ? c.weights : ones({c.places.size()}, DType::int64), size);
}
Array counts_of_whole(std::span<const Array> in, const Axes& numbers) {
  const CountInputs c(in, numbers);
  if (c.weights && c.weights.size() != c.places.size())
    throw ValueError("The weights and list don't have the same length.");
  const std::int64_t least = c.least.item<std::int64_t>();
  if (least < 0) throw ValueError("'minlength' must not be negative");
  if (c.places.size() == 0) return zeros({least}, c.weights ? DType::float64 : DType::int64);
  return count_integers(c.places, c.weights, least);
}
const Composed kBincount("bincount", "How often each number occurs, or the sums of its weights.", &counts_of_parts,
                         &counts_of_whole);

}  // namespace

Array bincount(const Array& x, const Array& weights, std::int64_t minlength) {
  if (x.ndim() != 1) throw ValueError("bincount: object of too small or too great depth for desired array");
  if (minlength < 0 && !is_symbolic(minlength)) throw ValueError("'minlength' must not be negative");
  const Dim n = x.size();
  if (!can_cast(x.dtype(), DType::int64, Casting::same_kind) && x.dtype() != DType::uint64) {
    refuse_cast(x.dtype(), DType::int64, "safe");
  }
  const Array places = astype(x, DType::int64);
  if (weights) {
    if (is_complex(weights.dtype())) throw TypeError("bincount: weights must be real numbers, not complex");
    if (weights.ndim() != 1) throw ValueError("bincount: weights must be a vector");
    const Dim m = weights.size();
    if (n != m && !is_symbolic(n) && !is_symbolic(m))
      throw ValueError("The weights and list don't have the same length.");
  }
  if (n == 0) return zeros({minlength}, DType::int64);
  Arrays in{places};
  if (weights) in.push_back(astype(weights, DType::float64));
  if (is_symbolic(minlength)) in.push_back(dim_value(minlength, DType::int64));
  return compose(kBincount, in, {is_symbolic(minlength) ? -1 : minlength});
}

// --- edges

namespace {

struct Range {
  Array low, high;  // in their own types
  bool weak;        // plain numbers, whose type gives way to the data's
};

Range outer_edges(const Array& x, const BinRange& given) {
  Range r{given.low, given.high, true};
  if (given.low) {
    if (known_false(less_equal(r.low, r.high))) throw ValueError("max must be larger than min in range parameter.");
    if (known_false(logical_and(isfinite(r.low), isfinite(r.high))))
      throw ValueError("supplied range of [" + r.low.str() + ", " + r.high.str() + "] is not finite");
  } else if (x.size() == 0) {
    r = {Array(0.0), Array(1.0), true};
  } else {
    r = {min(x), max(x), false};
    if (known_false(logical_and(isfinite(r.low), isfinite(r.high))))
      throw ValueError("autodetected range of [" + r.low.str() + ", " + r.high.str() + "] is not finite");
  }
  const Array same = equal(r.low, r.high);
  if (same.is_symbolic() || same.item<bool>()) {
    r.low = where(same, subtract(r.low, 0.5), r.low);
    r.high = where(same, add(r.high, 0.5), r.high);
  }
  return r;
}

// The difference of two numbers, the second not less: of integers, exact as an unsigned one.
Array distance(const Array& high, const Array& low) {
  if (is_signed_integer(high.dtype())) {
    return astype(subtract(astype(high, DType::int64), astype(low, DType::int64)), DType::uint64);
  }
  return subtract(high, low);
}
Array spread_of(const Array& x) {
  return astype(distance(max(x), min(x)), is_inexact(x.dtype()) ? x.dtype() : DType::float64);
}

Array number(Dim n) { return is_symbolic(n) ? dim_value(n, DType::float64) : Array(static_cast<double>(n)); }

Array quartile_width(const Array& x) {
  const Array q = percentile(x, Array(75.0)) - percentile(x, Array(25.0));
  return q * Scalar(2.0) * power(number(x.size()), -1.0 / 3.0);
}
Array sturges_width(const Array& x) { return spread_of(x) / (log2(number(x.size())) + Scalar(1.0)); }
Array sqrt_width(const Array& x) { return spread_of(x) / sqrt(number(x.size())); }

Array doane_width(const Array& x) {
  const Array n = number(x.size()), sigma = std(x);
  if (!is_symbolic(x.size()) && x.size() <= 2) return Array(0.0);
  const Array error = sqrt((n - Scalar(2.0)) * Scalar(6.0) / ((n + Scalar(1.0)) * (n + Scalar(3.0))));
  const Array safe = where(sigma > 0, sigma, 1);
  const Array skew = mean(power((x - mean(x)) / safe, 3));
  const Array width = spread_of(x) / (log2(n) + Scalar(1.0) + log2(absolute(skew) / error + Scalar(1.0)));
  return where(sigma > 0, width, 0);
}

// The number of bins whose histogram is expected to be nearest to the density, by trying all.
Array stone_width(const Array& x, const BinRange& range) {
  const Dim size = x.size();
  if (is_symbolic(size) || x.is_symbolic())
    throw TracerError("histogram: the estimator 'stone' tries many numbers of bins and needs the data themselves");
  const Array spread = spread_of(x);
  if (size <= 1 || spread.item<double>() == 0) return Array(0.0);
  const double n = static_cast<double>(size), width = spread.item<double>();
  const std::int64_t most = std::max<std::int64_t>(100, static_cast<std::int64_t>(std::sqrt(n)));
  std::int64_t best = 1;
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t bins = 1; bins <= most; ++bins) {
    Bins b;
    b.count = bins;
    double squares = 0;
    for (double c : histogram(x, b, range).counts.to_vector<double>()) squares += (c / n) * (c / n);
    const double risk = (2 - (n + 1) * squares) / (width / static_cast<double>(bins));
    if (risk < least) {
      least = risk;
      best = bins;
    }
  }
  return Array(width / static_cast<double>(best));
}

Array estimated_width(const std::string& name, const Array& x, const BinRange& range) {
  const Array n = number(x.size());
  if (name == "auto") {
    return minimum(maximum(quartile_width(x), sqrt_width(x) / Scalar(2.0)), sturges_width(x));
  }
  if (name == "fd") return quartile_width(x);
  if (name == "doane") return doane_width(x);
  if (name == "scott") return power(divide(24.0 * std::sqrt(std::numbers::pi), n), 1.0 / 3.0) * std(x);
  if (name == "stone") return stone_width(x, range);
  if (name == "rice") return spread_of(x) / (power(n, 1.0 / 3.0) * Scalar(2.0));
  if (name == "sturges") return sturges_width(x);
  if (name == "sqrt") return sqrt_width(x);
  throw ValueError("'" + name + "' is not a valid estimator for `bins`");
}

Dim estimated_count(const Array& data, const Bins& bins, const BinRange& given, const Range& range) {
  Array x = data;
  if (given.low) {
    const Array keep = logical_and(greater_equal(x, range.low), less_equal(x, range.high));
    x = compress(keep, x, 0);
  }
  if (x.size() == 0) return 1;
  Array width = astype(estimated_width(bins.estimator, x, given), DType::float64);
  if (is_integer(x.dtype())) width = where(logical_and(greater(width, 0), less(width, 1)), 1, width);
  const Array whole = astype(distance(range.high, range.low), DType::float64);
  const Array has_width = not_equal(width, 0);
  return size_of(astype(where(has_width, ceil(whole / where(has_width, width, 1)), 1), DType::int64));
}

// count + 1 numbers from low to high.
Array spaced_edges(const Range& r, Dim count, DType type) {
  if (!is_symbolic(count)) return linspace(r.low, r.high, count + 1, true, type).samples;
  const Array low = multiply(r.low, 1.0), high = multiply(r.high, 1.0);
  const Array step = divide(high - low, dim_value(count, DType::float64));
  const Array inner = add(multiply(iota(count, DType::float64), step), low);
  return astype(concatenate(Arrays{inner, reshape(astype(high, inner.dtype()), {1})}, 0), type);
}

struct Edges {
  Array edges;
  bool uniform;
};

Edges find_edges(const Array& x, const Bins& bins, const BinRange& given, bool weighted) {
  if (bins.edges) {
    const Array& e = bins.edges;
    if (e.ndim() != 1) throw ValueError("`bins` must be 1d, when an array");
    const Dim inner = dim_max(0, dim_sub(e.size(), 1));
    if (known_false(all(less_equal(part(e, 0, inner), part(e, dim_min(e.size(), 1), inner)))))
      throw ValueError("`bins` must increase monotonically, when an array");
    return {e, false};
  }
  if (!bins.estimator.empty() && weighted)
    throw TypeError("Automated estimation of the number of bins is not supported for weighted data");
  if (bins.estimator.empty() && bins.count < 1) throw ValueError("`bins` must be positive, when an integer");
  const Range range = outer_edges(x, given);
  const Dim count = bins.estimator.empty() ? bins.count : estimated_count(x, bins, given, range);
  DType type = range.weak ? x.dtype() : promote(promote(range.low.dtype(), range.high.dtype()), x.dtype());
  if (!is_inexact(type)) type = DType::float64;
  const Array edges = spaced_edges(range, count, type);
  if (known_false(all(less(part(edges, 0, count), part(edges, 1, count))))) {
    throw ValueError("Too many bins for data range. Cannot create " + dim_str(count) + " finite-sized bins.");
  }
  return {edges, true};
}

// Vectors of data and weights.
struct Data {
  Array x, weights;
};
Data checked_data(const Array& a, const Array& weights) {
  if (is_complex(a.dtype())) throw TypeError("histogram: complex numbers have no bins");
  if (weights && weights.shape() != a.shape() && weights.shape().is_static() && a.shape().is_static())
    throw ValueError("weights should have the same shape as a.");
  return {ravel(is_bool(a.dtype()) ? astype(a, DType::uint8) : a), weights ? ravel(weights) : Array()};
}

// The sums of the weights of what lies in each bin.
Array weighted_counts(const Array& x, const Array& edges, const Array& weights) {
  const Dim bins = dim_sub(edges.size(), 1);
  if (bins == 0) return zeros({0}, weights.dtype());
  const Array low = first_of(edges), high = last_of(edges);
  const Array inside = logical_and(greater_equal(x, low), less_equal(x, high));
  const Array last = is_symbolic(bins) ? dim_value(bins, DType::int64) - Scalar(1) : Array(bins - 1);
  const Array bin = minimum(searchsorted(edges, x, true) - Scalar(1), last);
  const DType work = sum_type(weights.dtype());
  const Array values = where(inside, astype(weights, work), zeros({}, work));
  return astype(sums_at(where(inside, bin, 0), values, bins), weights.dtype());
}

}  // namespace

Array histogram_bin_edges(const Array& a, const Bins& bins, const BinRange& range, const Array& weights) {
  const Data data = checked_data(a, weights);
  return find_edges(data.x, bins, range, static_cast<bool>(data.weights)).edges;
}

namespace {

// The type in which elements are compared with edges: halves in float32; integers, as NumPy's comparisons, in float64.
DType counting_type(DType common) {
  return common == DType::float32 || itemsize(common) == 2 ? DType::float32 : DType::float64;
}

// Elements, edges, weights; whether the bins are of one width.
const Composed kWeighed(
    "weighted_histogram", "The sums of weights in bins.",
    +[](std::span<const Array> in, const Axes&) {
      const DType common = promote(in[0].dtype(), in[1].dtype());
      const DType search = is_inexact(common) ? common : promote(common, DType::float64);
      return weighted_counts(astype(in[0], search), astype(in[1], search), in[2]);
    },
    +[](std::span<const Array> in, const Axes& uniform) {
      const DType work = counting_type(promote(in[0].dtype(), in[1].dtype()));
      const Array weights = astype(in[2], sum_type(in[2].dtype()));
      return astype(weigh_bins(astype(in[0], work), astype(in[1], work), uniform[0] != 0, weights), in[2].dtype());
    });

}  // namespace

Histogram histogram(const Array& a, const Bins& bins, const BinRange& range, bool density, const Array& weights) {
  const Data data = checked_data(a, weights);
  const Edges e = find_edges(data.x, bins, range, static_cast<bool>(data.weights));
  Histogram out{{}, e.edges};
  const DType common = promote(data.x.dtype(), e.edges.dtype());
  const DType work = counting_type(common);
  if (data.weights) {
    out.counts = compose(kWeighed, {data.x, e.edges, data.weights}, {e.uniform});
  } else {
    out.counts = count_bins(astype(data.x, work), astype(e.edges, work), e.uniform);
  }
  if (density) {
    const Array widths = astype(diff(e.edges), DType::float64);
    out.counts = divide(divide(out.counts, widths), sum(out.counts));
  }
  return out;
}

HistogramND histogramdd(const Array& sample, std::span<const Bins> bins, std::span<const BinRange> ranges, bool density,
                        const Array& weights) {
  if (sample.ndim() != 2) throw ValueError("histogramdd: the sample must be a matrix of points");
  const Dim n = sample.shape()[0], dims = sample.shape()[1];
  if (static_cast<Dim>(bins.size()) != dims)
    throw ValueError("The dimension of bins must be equal to the dimension of the sample x.");
  if (!ranges.empty() && static_cast<Dim>(ranges.size()) != dims)
    throw ValueError("range argument must have one entry per dimension");
  HistogramND out;
  Array place;
  Shape all, core;
  Dim total = 1;
  for (int d = 0; d < dims; ++d) {
    const SliceSpec column[] = {{0, 1, n}, {d, 1, 1}};
    const Array x = reshape(slice(sample, column), {n});
    Array edges = bins[static_cast<std::size_t>(d)].edges;
    if (!edges) {
      const std::int64_t count = bins[static_cast<std::size_t>(d)].count;
      if (count < 1) throw ValueError("`bins[" + std::to_string(d) + "]` must be positive, when an integer");
      const Range r = outer_edges(x, ranges.empty() ? BinRange{} : ranges[static_cast<std::size_t>(d)]);
      edges = linspace(r.low, r.high, count + 1).samples;
    } else {
      find_edges(x, bins[static_cast<std::size_t>(d)], {}, false);
    }
    const Array found = searchsorted(edges, x, true) - astype(equal(x, last_of(edges)), DType::int64);
    const Dim size = dim_add(edges.size(), 1);
    const Array factor = is_symbolic(size) ? dim_value(size, DType::int64) : Array(size);
    place = place ? place * factor + found : found;
    all.push_back(size);
    core.push_back(dim_sub(size, 2));
    total = dim_mul(total, size);
    out.edges.push_back(edges);
  }
  if (!place) throw ValueError("histogramdd: the sample has no dimensions");
  const Array values = weights ? astype(weights, DType::float64) : ones({n}, DType::float64);
  std::vector<SliceSpec> inner;
  for (Dim size : core) inner.push_back({1, 1, size});
  out.counts = slice(reshape(sums_at(place, values, total), all), inner);
  if (density) {
    const Array whole = sum(out.counts);
    for (int d = 0; d < dims; ++d) {
      Shape along(static_cast<int>(dims), 1);
      along[d] = core[d];
      out.counts = out.counts / reshape(diff(out.edges[static_cast<std::size_t>(d)]), along);
    }
    out.counts = out.counts / whole;
  }
  return out;
}

}  // namespace tnp

// Order statistics, counts and correlations: NumPy's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp {

// The mean of the one or two elements in the middle, in the type of `mean`. NaN where there is one.
Array median(const Array& x, const std::optional<Axes>& axis = {}, bool keepdims = false);
// Of the elements that are not NaN.
Array nanmedian(const Array& x, const std::optional<Axes>& axis = {}, bool keepdims = false);

// How a quantile between two elements is chosen: Hyndman and Fan's nine definitions and four simple ones.
enum class QuantileMethod : std::uint8_t {
  inverted_cdf,
  averaged_inverted_cdf,
  closest_observation,
  interpolated_inverted_cdf,
  hazen,
  weibull,
  linear,
  median_unbiased,
  normal_unbiased,
  lower,
  higher,
  midpoint,
  nearest,
};
// By NumPy's name; throws ValueError.
QuantileMethod quantile_method(std::string_view name);

struct QuantileOptions {
  std::optional<Axes> axis;  // none: all
  QuantileMethod method = QuantileMethod::linear;
  bool keepdims = false;
  bool weak_q = false;  // q is a plain number: its type gives way to x's
  Array weights;        // absent: none. For inverted_cdf only; of x's shape, or of that of the axes
};
// q: numbers from 0 to 1, of any shape of up to two dimensions, which come first in the result.
Array quantile(const Array& x, const Array& q, const QuantileOptions& options = {});
Array nanquantile(const Array& x, const Array& q, const QuantileOptions& options = {});
// q: from 0 to 100.
Array percentile(const Array& x, const Array& q, const QuantileOptions& options = {});
Array nanpercentile(const Array& x, const Array& q, const QuantileOptions& options = {});

// How often each number from 0 on occurs in a vector, or the sum of its weights. As long as the greatest number needs,
// at least `minlength`.
Array bincount(const Array& x, const Array& weights = {}, std::int64_t minlength = 0);

// The bins of a histogram: edges, or a number of bins of one width, or the name of an estimator of that.
struct Bins {
  std::int64_t count = 10;
  Array edges;            // absent: `count` or `estimator` decides
  std::string estimator;  // "auto", "fd", "doane", "scott", "stone", "rice", "sturges" or "sqrt"
};
struct BinRange {
  Array low, high;  // 0-d; absent: those of the data
};
Array histogram_bin_edges(const Array& x, const Bins& bins = {}, const BinRange& range = {}, const Array& weights = {});
struct Histogram {
  Array counts;
  Array edges;
};
Histogram histogram(const Array& x, const Bins& bins = {}, const BinRange& range = {}, bool density = false,
                    const Array& weights = {});
struct HistogramND {
  Array counts;
  Arrays edges;
};
// sample: (number of points, dimensions). Bins and ranges for each dimension; no ranges: those of the data.
HistogramND histogramdd(const Array& sample, std::span<const Bins> bins, std::span<const BinRange> ranges = {},
                        bool density = false, const Array& weights = {});

// The values of the polygon through the points (xp, fp), xp ascending; beyond it `left` and `right` (absent: the values
// at its ends). `period`: of the coordinates, which need not be in order then.
Array interp(const Array& x, const Array& xp, const Array& fp, const Array& left = {}, const Array& right = {},
             const Array& period = {});

struct CovarianceOptions {
  bool rowvar = true;  // rows are variables, columns observations
  bool bias = false;
  std::optional<double> ddof;
  Array fweights, aweights;  // absent: none
  std::optional<DType> dtype;
};
Array cov(const Array& m, const Array& y = {}, const CovarianceOptions& options = {});
Array corrcoef(const Array& x, const Array& y = {}, bool rowvar = true, std::optional<DType> dtype = {});

// Without the zeros at the ends ("f": front, "b": back) of each axis, or of one.
Array trim_zeros(const Array& x, std::string_view trim = "fb", const std::optional<Axes>& axis = {});

}  // namespace tnp

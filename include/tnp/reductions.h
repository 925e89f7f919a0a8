// Reductions: NumPy's, with its accumulation types.
#pragma once

#include <optional>

#include "tnp/array.h"
#include "tnp/primitives.h"

namespace tnp {

// What NumPy's reductions take: sum(x, {.axis = Axes{0}, .keepdims = true}).
struct Reduction {
  std::optional<Axes> axis;  // none: all
  std::optional<DType> dtype;
  bool keepdims = false;
  Array initial;  // absent: none
  Array where;    // absent: everywhere
};

// Integers and booleans are summed and multiplied in 64 bits.
Array sum(const Array& x, const Reduction& options = {});
Array prod(const Array& x, const Reduction& options = {});
Array min(const Array& x, const Reduction& options = {});
Array max(const Array& x, const Reduction& options = {});
Array all(const Array& x, const Reduction& options = {});
Array any(const Array& x, const Reduction& options = {});
Array ptp(const Array& x, const Reduction& options = {});
Array count_nonzero(const Array& x, const Reduction& options = {});
// Over one axis, or over all.
Array argmin(const Array& x, std::optional<std::int64_t> axis = {}, bool keepdims = false);
Array argmax(const Array& x, std::optional<std::int64_t> axis = {}, bool keepdims = false);

// In the default float type for integers; halves are accumulated in float32.
Array mean(const Array& x, const Reduction& options = {});
struct Spread {
  double ddof = 0;  // the divisor is the number of elements less this
  Array mean;       // absent: computed
};
Array var(const Array& x, const Reduction& options = {}, const Spread& spread = {});
Array std(const Array& x, const Reduction& options = {}, const Spread& spread = {});

struct Average {
  Array average;
  Array weights_sum;
};
// `weights` absent: all the same. Of x's shape, or of one dimension, that of the one axis.
Average average(const Array& x, const Array& weights, const Reduction& options = {});

// The same over the elements that are not NaN.
Array nansum(const Array& x, const Reduction& options = {});
Array nanprod(const Array& x, const Reduction& options = {});
Array nanmin(const Array& x, const Reduction& options = {});
Array nanmax(const Array& x, const Reduction& options = {});
Array nanmean(const Array& x, const Reduction& options = {});
Array nanvar(const Array& x, const Reduction& options = {}, const Spread& spread = {});
Array nanstd(const Array& x, const Reduction& options = {}, const Spread& spread = {});
// Throws ValueError where there is nothing but NaN.
Array nanargmin(const Array& x, std::optional<std::int64_t> axis = {}, bool keepdims = false);
Array nanargmax(const Array& x, std::optional<std::int64_t> axis = {}, bool keepdims = false);

}  // namespace tnp

// Cumulative operations: each element combined with all before it along an axis.
#pragma once

#include <optional>

#include "tnp/array.h"

namespace tnp {

// The primitives, in x's type unless another one is given; in reverse each element is combined with all after it.
Array cumulate_sum(const Array& x, std::int64_t axis, bool reverse, DType dtype);
Array cumulate_prod(const Array& x, std::int64_t axis, bool reverse, DType dtype);
Array cumulate_min(const Array& x, std::int64_t axis, bool reverse);
Array cumulate_max(const Array& x, std::int64_t axis, bool reverse);

// NumPy's: of all elements in row-major order where no axis is given; small integers are summed in 64 bits.
Array cumsum(const Array& x, std::optional<std::int64_t> axis = {}, std::optional<DType> dtype = {});
Array cumprod(const Array& x, std::optional<std::int64_t> axis = {}, std::optional<DType> dtype = {});
// NaN counts as 0, or as 1.
Array nancumsum(const Array& x, std::optional<std::int64_t> axis = {}, std::optional<DType> dtype = {});
Array nancumprod(const Array& x, std::optional<std::int64_t> axis = {}, std::optional<DType> dtype = {});

// The standard's: the axis may be left out of one-dimensional arrays only; 0 or 1 in front where that is asked for.
struct Cumulative {
  std::optional<std::int64_t> axis;
  std::optional<DType> dtype;
  bool include_initial = false;
};
Array cumulative_sum(const Array& x, const Cumulative& options = {});
Array cumulative_prod(const Array& x, const Cumulative& options = {});

}  // namespace tnp

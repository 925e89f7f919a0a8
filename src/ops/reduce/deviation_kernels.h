// The kernels of squared_deviations.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

// Rows that are looked at together: they stay in registers from the sum to the squares.
inline constexpr std::int64_t kDeviationRows = 16;
// The longest row of `short_rows`.
inline constexpr std::int64_t kShortDeviationRow = 1024;

struct DeviationKernels {
  // Mean (less `shift`) and sum of squared deviations of each column of `rows` > 0 rows. A column's result does not
  // depend on its neighbours. Means near 0 are exact enough for what `merge` makes of their differences: `shift` is an
  // element of each column.
  void (*columns)(const void* x, std::int64_t row_stride, std::int64_t rows, std::int64_t cols, const void* shift,
                  void* mean, void* sum);
  // mean, sum = those of `count` rows and of `more` further ones together.
  void (*merge)(void* mean, void* sum, std::int64_t count, const void* mean_more, const void* sum_more,
                std::int64_t more, std::int64_t cols);
  // The sums of rows of 0 < n <= kShortDeviationRow elements.
  void (*short_rows)(const void* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, void* sum);
};

#define TNP_DECLARE_DEVIATION(ISA)                             \
  namespace ISA {                                              \
  const DeviationKernels* find_deviation_kernels(DType dtype); \
  }
TNP_DECLARE_DEVIATION(baseline)
TNP_DECLARE_DEVIATION(avx2)
TNP_DECLARE_DEVIATION(avx512)
#undef TNP_DECLARE_DEVIATION

}  // namespace tnp

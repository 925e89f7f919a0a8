// Padding with values computed along the axis. (manipulation.h has the constant modes, and those that copy elements.)
#pragma once

#include "tnp/array.h"
#include "tnp/manipulation.h"

namespace tnp {

// From the elements at the edge to these values, evenly.
Array pad_linear_ramp(const Array& x, std::span<const PadWidth> widths, std::span<const PadValues> end_values);

enum class PadStatistic : std::uint8_t { maximum, mean, median, minimum };
// With a statistic of the elements along the axis, or of so many next to the edge; -1 for a length: all.
Array pad_statistic(const Array& x, std::span<const PadWidth> widths, PadStatistic statistic,
                    std::span<const PadWidth> lengths);

}  // namespace tnp

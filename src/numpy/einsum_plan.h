// What einsum's subscripts say, and the order of its products.
#pragma once

#include <array>
#include <bitset>

#include "base/dim.h"
#include "tnp/einsum.h"

namespace tnp {

// Characters; the axes of an ellipsis are 128, 129, … from the left.
using EinsumLabel = int;
inline constexpr int kEinsumLabels = 256;
using LabelSet = std::bitset<kEinsumLabels>;
using Labels = std::vector<EinsumLabel>;

LabelSet set_of(const Labels& labels);

struct EinsumTerms {
  std::vector<Labels> inputs;
  Labels output;
  std::array<Dim, kEinsumLabels> sizes{};  // by label; 0 for those that do not occur

  double size(const LabelSet& labels) const;
  std::string text(const Labels& labels) const;  // an ellipsis in letters that are free
};

// Throws ValueError for what NumPy refuses.
EinsumTerms parse_einsum(std::string_view subscripts, std::span<const Array> operands);
EinsumSteps plan_einsum(const EinsumTerms& terms, const EinsumOptions& options);

}  // namespace tnp

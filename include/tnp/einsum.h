// Einstein's sums.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tnp/array.h"

namespace tnp {

// In which order the operands are multiplied: each step takes those at these places out of the list and appends their
// product.
using EinsumSteps = std::vector<std::vector<std::int64_t>>;

struct EinsumOptions {
  enum class Plan : std::uint8_t { automatic, none, greedy, optimal, given };
  Plan plan = Plan::automatic;
  EinsumSteps steps;                   // of Plan::given
  std::optional<double> memory_limit;  // elements of an intermediate result
  std::optional<DType> dtype;          // to compute in
  Casting casting = Casting::safe;
};

// "ij,jk->ik", "...ij->...ji", "ii"; without "->" the labels that occur once, in alphabetical order.
Array einsum(std::string_view subscripts, std::span<const Array> operands, const EinsumOptions& options = {});

struct EinsumPath {
  EinsumSteps steps;
  std::string report;
};
EinsumPath einsum_path(std::string_view subscripts, std::span<const Array> operands, const EinsumOptions& options);

// Labels given as numbers below 52 (-1: an ellipsis), as a string of subscripts.
std::string einsum_subscripts(std::span<const std::vector<std::int64_t>> inputs,
                              const std::optional<std::vector<std::int64_t>>& output);

}  // namespace tnp

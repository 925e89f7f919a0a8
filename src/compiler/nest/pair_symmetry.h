// Terms of pairs of points (i, j) that only change their sign when i and j change places, as forces do: one half of
// them is computed, and the other half is that, negated.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "compiler/fused_group.h"

namespace tnp::compiler {

// What a group's operand is made of: numbers of the points in the rows or in the columns, or one for all pairs.
struct PairOperand {
  enum class Of : std::uint8_t { rows, columns, all };
  Of of;
  int numbers;  // which ones: operands with equal numbers show the same
};

struct PairSymmetry {
  // Of each value: a difference of two operands, so that nobody need look at its size who looked at theirs.
  std::vector<bool> differences;
  // Zeros among the terms are those of such differences over one positive number; otherwise their signs are unknown,
  // and so is that of a sum of nothing but zeros.
  bool zeros_are_known = false;
  // The points are read by such differences alone, so all of finite size have the same terms with themselves.
  bool of_differences = false;
};

// Nothing if some output is another one.
std::optional<PairSymmetry> antisymmetric(const FusedGroup& group, std::span<const PairOperand> operands);

}  // namespace tnp::compiler

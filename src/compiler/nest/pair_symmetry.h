// Terms of pairs of points (i, j) that only change their sign when i and j change places, as forces do: one half of
// them is computed, and the other half is that, negated; or that then still have a root or a divisor in common.
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

// What a value is the other way round: a value of the pair itself, perhaps negated, or (-1) another one. Of zeros the
// sign may be the other one.
struct Mirror {
  int value = -1;
  bool negative = false;
};

inline constexpr int kMiddlingPoint = 180;

struct PairSymmetry {
  // Of each value: a difference of two operands, so that nobody need look at its size who looked at theirs.
  std::vector<bool> differences;
  // Of each value: a difference, or product of such and of operands, that is 0 or of middling size if all numbers of
  // points are 0 or from 2^-kMiddlingPoint to 2^kMiddlingPoint.
  std::vector<bool> middling;
  std::vector<Mirror> mirrors;  // of each value
  bool antisymmetric = false;   // each output is itself, negated
  // Zeros among the terms are those of such differences over one positive number; otherwise their signs are unknown,
  // and so is that of a sum of nothing but zeros.
  bool zeros_are_known = false;
  // The points are read by such differences alone, so all of finite size have the same terms with themselves.
  bool of_differences = false;
};

// Nothing if some value the other way round depends on signs of zeros, or nothing that takes long is the same.
std::optional<PairSymmetry> pair_symmetry(const FusedGroup& group, std::span<const PairOperand> operands);

// Vectors of pairs of so many points, of which half are computed as straight code; 0 if these would be too many.
std::int64_t few_pair_vectors(std::int64_t points, const FusedGroup& group);

}  // namespace tnp::compiler

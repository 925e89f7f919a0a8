#include "ops/elementwise/exact_comparison.h"

#include <string_view>

#include "tnp/elementwise.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"

namespace tnp {

namespace {

// x is signed, y is not: where x is negative, it is less than y; elsewhere both are numbers of y's type.
Array compare(std::string_view name, const Array& x, const Array& y) {
  const Array negative = x < 0, positive = logical_not(negative), z = astype(x, DType::uint64);
  if (name == "equal") return positive & (z == y);
  if (name == "not_equal") return negative | (z != y);
  if (name == "less") return negative | (z < y);
  if (name == "less_equal") return negative | (z <= y);
  if (name == "greater") return positive & (z > y);
  if (name == "greater_equal") return positive & (z >= y);
  return {};
}

std::string_view mirrored(std::string_view name) {
  if (name == "less") return "greater";
  if (name == "less_equal") return "greater_equal";
  if (name == "greater") return "less";
  if (name == "greater_equal") return "less_equal";
  return name;
}

}  // namespace

Array exact_comparison(const OpDef& op, std::span<const Array> in) {
  if (in.size() != 2) return {};
  const DType a = in[0].dtype(), b = in[1].dtype();
  if (is_signed_integer(a) && b == DType::uint64) return compare(op.name, in[0], in[1]);
  if (a == DType::uint64 && is_signed_integer(b)) return compare(mirrored(op.name), in[1], in[0]);
  return {};
}

}  // namespace tnp

#include "compiler/nest/pair_symmetry.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "ops/elementwise/family.h"

namespace tnp::compiler {

namespace {

// A value of a pair, up to its sign: equal numbers, equal bits. Where the zeros are `rough`, the sign of a zero may be
// the other one.
struct Signed {
  int number;
  bool negative = false;
  bool rough = false;
};

class Evaluation {
 public:
  Evaluation(const FusedGroup& group, std::span<const PairOperand> operands) : group_(group), operands_(operands) {}

  // The group's values for a pair, or for the one the other way round.
  std::vector<Signed> values(bool exchanged) {
    std::vector<Signed> out;
    for (const PairOperand& x : operands_) {
      int of = static_cast<int>(x.of);
      if (exchanged && x.of != PairOperand::Of::all) of = 1 - of;
      out.push_back({number({"operand", DType::float64, of, x.numbers, 0, 0})});
    }
    for (const FusedOp& op : group_.ops) out.push_back(value(op, out));
    return out;
  }

 private:
  using Key = std::tuple<std::string_view, DType, int, int, int, int>;

  int number(const Key& key) { return numbers_.try_emplace(key, static_cast<int>(numbers_.size())).first->second; }
  // Of one number, its sign included.
  static int with_sign(const Signed& x) { return 2 * x.number + (x.negative ? 1 : 0); }

  // Rounding is the same on either side of zero, so signs can be taken out of sums, products and quotients.
  Signed sum(const FusedOp& op, Signed a, Signed b) {
    if (b.number < a.number) std::swap(a, b);
    const bool alike = a.negative == b.negative;
    return {number({alike ? "sum" : "difference", op.compute, a.number, b.number, 0, 0}), a.negative, true};
  }
  Signed product(const FusedOp& op, Signed a, Signed b) {
    if (b.number < a.number) std::swap(a, b);
    const bool square = a.number == b.number && a.negative == b.negative;
    return {number({"product", op.compute, a.number, b.number, 0, 0}), a.negative != b.negative,
            !square && (a.rough || b.rough)};
  }

  Signed value(const FusedOp& op, const std::vector<Signed>& values) {
    std::array<Signed, 3> in{};
    bool rough = false, negative = false;
    for (std::size_t k = 0; k < op.arity; ++k) {
      in[k] = values[static_cast<std::size_t>(op.in[k])];
      rough |= in[k].rough;
      negative |= in[k].negative;
    }
    const auto [a, b, c] = in;
    const std::string_view name = op.op ? op.op->name : "cast";
    if (name == "subtract") return sum(op, a, {b.number, !b.negative, b.rough});
    if (name == "add" && (rough || negative)) return sum(op, a, b);
    if (name == "add" || name == "multiply") {
      if (name == "multiply") return product(op, a, b);
      return {number({"sum", op.compute, std::min(a.number, b.number), std::max(a.number, b.number), 0, 0})};
    }
    if (name == "square") return product(op, a, a);
    if (name == "negative") return {a.number, !a.negative, a.rough};
    if (name == "absolute") return {number({"absolute", op.compute, a.number, 0, 0, 0})};
    if (name == "divide" && !b.rough)
      return {number({"divide", op.compute, a.number, b.number, 0, 0}), a.negative != b.negative, a.rough};
    // Of anything else nothing is known, and where a zero's sign is not, neither is the result.
    const int own = rough ? ++unknown_ : 0;
    return {number({name, op.op ? op.compute : op.dtype, with_sign(a), with_sign(b), with_sign(c), own})};
  }

  const FusedGroup& group_;
  const std::span<const PairOperand> operands_;
  std::map<Key, int> numbers_;
  int unknown_ = 0;
};

}  // namespace

namespace {

bool is_named(const FusedOp& op, std::string_view name) { return op.op && op.op->name == name; }

constexpr int kHeavy = 4;  // cycles of what takes long
bool takes_long(const FusedOp& op) {
  return is_named(op, "sqrt") || is_named(op, "divide") || (op.op && op.op->elementwise->cycles > kHeavy);
}

// Whether a zero of the other sign among the inputs makes no other difference than one of the same kind.
bool bears_zeros(const FusedOp& op, const std::vector<Signed>& values) {
  for (const char* name : {"add", "subtract", "multiply", "square", "negative", "absolute"}) {
    if (is_named(op, name)) return true;
  }
  const auto rough = [&](std::size_t k) { return values[static_cast<std::size_t>(op.in[k])].rough; };
  if (is_named(op, "divide")) return !rough(1);
  for (std::size_t k = 0; k < op.arity; ++k) {
    if (rough(k)) return false;
  }
  return true;
}

}  // namespace

namespace {

// The least and largest exponents of what is not 0.
using Exponents = std::optional<std::pair<int, int>>;

std::vector<bool> middling_values(const FusedGroup& group, std::span<const PairOperand> operands) {
  constexpr int kDigits = 53, kMost = 500;
  std::vector<Exponents> sizes;
  for (const PairOperand& x : operands)
    sizes.push_back(x.of == PairOperand::Of::all ? Exponents{} : std::pair(-kMiddlingPoint, kMiddlingPoint));
  std::vector<bool> out(sizes.size());
  for (const FusedOp& op : group.ops) {
    const auto in = [&](std::size_t k) { return static_cast<std::size_t>(op.in[k]); };
    const bool of_points = op.arity == 2 && in(0) < operands.size() && in(1) < operands.size();
    const std::size_t last = is_named(op, "square") ? 0 : 1;
    Exponents size;
    if (is_named(op, "subtract") && of_points && sizes[in(0)] && sizes[in(1)]) {
      size = std::pair(-kMiddlingPoint - kDigits, kMiddlingPoint + 1);
    } else if ((is_named(op, "multiply") || is_named(op, "square")) && sizes[in(0)] && sizes[in(last)]) {
      size = std::pair(sizes[in(0)]->first + sizes[in(last)]->first, sizes[in(0)]->second + sizes[in(last)]->second);
    } else if (is_named(op, "negative")) {
      size = sizes[in(0)];
    }
    if (size && (size->first < -kMost || size->second > kMost)) size.reset();
    sizes.push_back(size);
    out.push_back(size.has_value());
  }
  return out;
}

}  // namespace

std::optional<PairSymmetry> pair_symmetry(const FusedGroup& group, std::span<const PairOperand> operands) {
  Evaluation evaluation(group, operands);
  const std::vector<Signed> one = evaluation.values(false), other = evaluation.values(true);
  PairSymmetry out;
  out.middling = middling_values(group, operands);
  const auto first = static_cast<std::size_t>(group.num_inputs());
  bool shares = false;
  for (std::size_t v = 0; v < one.size(); ++v) {
    const FusedOp* op = v < first ? nullptr : &group.ops[v - first];
    const auto same = [&](const Signed& x) { return x.number == other[v].number; };
    auto found =
        same(one[v]) ? one.begin() + static_cast<std::ptrdiff_t>(v) : std::find_if(one.begin(), one.end(), same);
    if (found == one.end()) {
      if (op && !bears_zeros(*op, other)) return {};
      out.mirrors.emplace_back();
    } else {
      out.mirrors.push_back({static_cast<int>(found - one.begin()), found->negative != other[v].negative});
      shares = shares || (op && takes_long(*op));
    }
    out.differences.push_back(op && is_named(*op, "subtract") && static_cast<std::size_t>(op->in[0]) < first &&
                              static_cast<std::size_t>(op->in[1]) < first && one[v].number == other[v].number);
  }
  out.of_differences = true;
  for (std::size_t i = 0; i < group.ops.size(); ++i) {
    for (std::size_t k = 0; k < group.ops[i].arity; ++k) {
      const auto in = static_cast<std::size_t>(group.ops[i].in[k]);
      if (in < first && operands[in].of != PairOperand::Of::all && !out.differences[first + i])
        out.of_differences = false;
    }
  }
  out.antisymmetric = out.zeros_are_known = true;
  for (std::int16_t v : group.outputs) {
    const auto at = static_cast<std::size_t>(v);
    if (at < first) return {};
    out.antisymmetric = out.antisymmetric && out.mirrors[at].value == v && out.mirrors[at].negative;
    const FusedOp& op = group.ops[at - first];
    out.zeros_are_known &= is_named(op, "divide") && out.differences[static_cast<std::size_t>(op.in[0])];
  }
  out.zeros_are_known &= out.antisymmetric;
  if (!out.antisymmetric && !shares) return {};
  return out;
}

std::int64_t few_pair_vectors(std::int64_t points, const FusedGroup& group) {
  constexpr std::int64_t kChunk = 8, kHalf = kChunk / 2, kMostVectors = 36;
  constexpr std::int64_t kMostCycles = 2500;  // of all vectors: what comes of it is long
  const std::int64_t full = points / kChunk, rest = points % kChunk;
  const std::int64_t own = full / 2 * kChunk + full % 2 * kHalf + (rest > kHalf ? kHalf : rest > 1 ? 1 : 0);
  const std::int64_t vectors = own + full * (full - 1) / 2 * kChunk + full * rest;
  return vectors <= kMostVectors && vectors * group.cycles() <= kMostCycles ? vectors : 0;
}

}  // namespace tnp::compiler

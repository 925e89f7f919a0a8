// Sums over pairs of few points, of which half are computed (nest_pairs.cpp), as straight code.
//
// A processor finds the next vector's root while it still divides only if it has room for all that waits in between.
// So each operation is emitted at the time at which its operands will be there, one vector of pairs every `turn_`
// cycles, and code generation is kept from moving it. Two blocks of kChunk points each among themselves fill vectors:
// one's pairs (row, column) above the diagonal, the other's below.
#include <llvm/IR/InlineAsm.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "compiler/codegen/llvm/nest_pairs.h"
#include "ops/elementwise/family.h"

namespace tnp::compiler {

namespace {

// Cycles until a result is there, with some for an operation that waits for its turn; and those of Zen 4's divider.
constexpr double kLoad = 5, kCheap = 3.5, kShuffle = 5, kRoot = 27, kInverse = 20, kWaits = 10;
constexpr double kRootDivider = 16, kDivider = 9;
constexpr double kPerOperation = 0.65;  // cycles, where two pipelines have operations of all kinds
constexpr int kHeavy = 6;               // cycles of an operation that is many
constexpr double kApart = 2.2;          // between the ends of a transposition

constexpr int kHalf = kChunk / 2;
bool is_named(const FusedOp& op, std::string_view name) { return op.op != nullptr && op.op->name == name; }

llvm::Constant* lanes_where(llvm::IRBuilder<>& b, const std::function<bool(int)>& chosen) {
  std::vector<llvm::Constant*> out;
  for (int l = 0; l < kChunk; ++l) out.push_back(b.getInt1(chosen(l)));
  return llvm::ConstantVector::get(out);
}

}  // namespace

NestEmitter::FewPairs::FewPairs(NestEmitter& emitter, const NestStatement& s, const Pointers& pointers)
    : PairTerms(emitter, s, pointers) {
  leaves_.resize(sums() * static_cast<std::size_t>(blocks_) * static_cast<std::size_t>(blocks_));
  for (std::size_t k = 0; k < s.from.size(); ++k) {
    points_of_.emplace_back();
    for (int block = 0; block < blocks_ && of_[k] != Of::all; ++block)
      points_of_[k].push_back(columns(k, number(block), block < full_ ? nullptr : mask(kChunk), kChunk));
  }
  find_common();
  turn_ = turn();
  for (std::int16_t v : s.group.outputs) {
    const Mirror& mirror = symmetry_.mirrors[static_cast<std::size_t>(v)];
    negative_.push_back(mirror.value >= 0 && mirror.negative);
  }
}

// What does not depend on the points is computed once.
void NestEmitter::FewPairs::find_common() {
  common_.resize(static_cast<std::size_t>(s_.group.num_values()));
  for (std::size_t k = 0; k < of_.size(); ++k) {
    if (of_[k] == Of::all) common_[k] = common_operand(k, kChunk);
  }
  for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
    const FusedOp& op = s_.group.ops[i];
    std::array<Registers, 3> in{};
    bool same = true;
    for (std::size_t k = 0; k < op.arity; ++k) {
      in[k] = common_[static_cast<std::size_t>(op.in[k])];
      same = same && in[k].re != nullptr;
    }
    if (same) common_[of_.size() + i] = e_.elements_->apply(op, {in[0], in[1], in[2]}, kChunk);
  }
}

// Cycles for a vector of pairs: the divider's, or those of all the rest.
double NestEmitter::FewPairs::turn() const {
  double divider = shared_.divides.empty() ? 0 : kDivider, operations = 5.0 * static_cast<double>(sums());
  for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
    const FusedOp& op = s_.group.ops[i];
    if (common_[of_.size() + i].re != nullptr) continue;
    const bool shared = std::count(shared_.divides.begin(), shared_.divides.end(), i) > 0;
    if (is_named(op, "sqrt")) divider += kRootDivider;
    if (is_named(op, "divide") && !shared) divider += kDivider;
    const int cycles = op.op ? op.op->elementwise->cycles : 1;
    const int times = symmetry_.mirrors[of_.size() + i].value < 0 ? 2 : 1;
    operations += times * (shared ? 3 : cycles < kHeavy || is_named(op, "sqrt") || is_named(op, "divide") ? 1 : cycles);
  }
  return std::max(divider, kPerOperation * operations);
}

double NestEmitter::FewPairs::latency(const FusedOp& op) const {
  if (is_named(op, "sqrt")) return kRoot;
  if (is_named(op, "divide")) return kWaits + kInverse;
  const int cycles = op.op ? op.op->elementwise->cycles : 1;
  return cycles < kHeavy ? kCheap : 2.0 * cycles;
}

NestEmitter::FewPairs::Planned NestEmitter::FewPairs::plan(double when, double cycles,
                                                           const std::function<llvm::Value*()>& make, bool keep_order) {
  const auto v = values_.size();
  values_.push_back(nullptr);
  tasks_.push_back({when, [this, v, make, keep_order] { values_[v] = keep_order ? fence(make()) : make(); }});
  return {static_cast<int>(v), when + cycles};
}

llvm::Value* NestEmitter::FewPairs::value(const Planned& x) const {
  return x.value < 0 ? llvm::Constant::getNullValue(vector_) : values_[static_cast<std::size_t>(x.value)];
}

// No instructions, of which nobody knows that: they stay in this order, and what gives x stays before them.
llvm::Value* NestEmitter::FewPairs::fence(llvm::Value* x) {
  if ((x->getType() != vector_ && x->getType() != bits_) || llvm::isa<llvm::Constant>(x)) return x;
  auto* type = llvm::FunctionType::get(x->getType(), {x->getType()}, false);
  auto* nothing = llvm::InlineAsm::get(type, "", "=v,0", true);
  return b_.CreateCall(nothing, {x});
}

// A value of a side, as an input of an operation.
NestEmitter::FewPairs::Planned NestEmitter::FewPairs::input(Side& side, int v) {
  const auto at = static_cast<std::size_t>(v);
  if (side.negative[at]) {
    side.values[at] =
        plan(side.values[at].ready, kCheap, [=, this, x = side.values[at]] { return b_.CreateFNeg(value(x)); });
    side.negative[at] = false;
  }
  return side.values[at];
}

void NestEmitter::FewPairs::apply(std::size_t i, Side& side) {
  const FusedOp& op = s_.group.ops[i];
  double when = now_;
  std::array<Planned, 3> in{};
  for (std::size_t k = 0; k < op.arity; ++k) {
    in[k] = input(side, op.in[k]);
    when = std::max(when, in[k].ready);
  }
  side.known[of_.size() + i] = true;
  side.values[of_.size() + i] = plan(when, latency(op), [this, &op, in] {
    std::array<Registers, 3> x{};
    for (std::size_t k = 0; k < op.arity; ++k) {
      x[k] = common_[static_cast<std::size_t>(op.in[k])];
      if (x[k].re == nullptr) x[k].re = value(in[k]);
    }
    return e_.elements_->apply(op, {x[0], x[1], x[2]}, kChunk).re;
  });
}

// Those operations that are not known yet; with the inverse of what is divided by, if that is shared.
void NestEmitter::FewPairs::apply_all(Side& side, const Planned* by) {
  const auto missing = [&](std::size_t i) { return !side.known[of_.size() + i]; };
  for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
    if (missing(i) && (shared_.divides.empty() || !shared_.after[i])) apply(i, side);
  }
  if (by != nullptr) quotients(side, *by);
  for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
    if (missing(i)) apply(i, side);
  }
}

NestEmitter::FewPairs::Planned NestEmitter::FewPairs::inverse(Side& side) {
  const int by = shared_.divisor;
  const Planned x = input(side, by);
  const auto divisor = [=, this] {
    llvm::Value* common = common_[static_cast<std::size_t>(by)].re;
    return common ? common : value(x);
  };
  const double when = std::max(now_, x.ready);
  tasks_.push_back({when + kCheap, [=, this] {
                      note(Quotients(b_).misfits(divisor()));
                      b_.CreateStore(fence(b_.CreateLoad(bits_, wrong_)), wrong_);
                    }});
  return plan(when + kWaits, kInverse, [=, this] { return Quotients(b_).inverse(divisor()); });
}

void NestEmitter::FewPairs::quotients(Side& side, const Planned& inverse) {
  const auto common_or = [this](int v, const Planned& x) {
    llvm::Value* common = common_[static_cast<std::size_t>(v)].re;
    return common ? common : value(x);
  };
  const int by = shared_.divisor;
  const Planned divisor = input(side, by);
  double later = 0;
  for (std::size_t i : shared_.divides) {
    if (side.known[of_.size() + i]) continue;
    const int v = s_.group.ops[i].in[0];
    const Planned x = input(side, v);
    const double start = std::max(inverse.ready, x.ready) + later++;
    const Planned product =
        plan(start, kCheap, [=, this] { return Quotients(b_).product(common_or(v, x), value(inverse)); });
    const Planned too_much = plan(start + 4, kCheap, [=, this] {
      return Quotients(b_).too_much(value(product), common_or(by, divisor), common_or(v, x));
    });
    side.values[of_.size() + i] = plan(start + 8, kCheap, [=, this] {
      return Quotients(b_).corrected(value(product), value(too_much), value(inverse));
    });
    side.known[of_.size() + i] = true;
    if (symmetry_.middling[static_cast<std::size_t>(v)]) continue;
    tasks_.push_back({std::max(x.ready, divisor.ready) + kCheap, [=, this] {
                        Quotients quotients(b_);
                        quotients.check_dividend(common_or(v, x));
                        note(quotients.misfits(common_or(by, divisor)));
                        b_.CreateStore(fence(b_.CreateLoad(bits_, wrong_)), wrong_);
                      }});
  }
}

// What a vector of pairs gives, from now on.
NestEmitter::FewPairs::Pair NestEmitter::FewPairs::pair(const Operand& row, const Operand& column, bool both) {
  const std::size_t first = of_.size(), count = first + s_.group.ops.size();
  Side one{std::vector<Planned>(count), std::vector<bool>(count), std::vector<bool>(count)}, other = one;
  for (std::size_t v = 0; v < count; ++v) one.known[v] = other.known[v] = common_[v].re != nullptr;
  for (std::size_t k = 0; k < first; ++k) {
    if (of_[k] == Of::all) continue;
    one.values[k] = of_[k] == Of::rows ? row(k) : column(k);
    one.known[k] = true;
  }
  std::optional<Planned> by;
  if (!shared_.divides.empty()) {
    for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
      if (!one.known[first + i] && !shared_.after[i]) apply(i, one);
    }
    by = inverse(one);
  }
  apply_all(one, by ? &*by : nullptr);
  Pair out;
  for (std::int16_t v : s_.group.outputs) out.terms.push_back(input(one, v));
  if (both) {
    for (std::size_t v = 0; v < count; ++v) {
      const Mirror& mirror = symmetry_.mirrors[v];
      if (other.known[v]) continue;
      if (mirror.value >= 0) {
        other.values[v] = one.values[static_cast<std::size_t>(mirror.value)];
        other.negative[v] = mirror.negative;
      } else if (v < first) {
        other.values[v] = of_[v] == Of::rows ? column(v) : row(v);
      }
      other.known[v] = mirror.value >= 0 || v < first;
    }
    const Mirror& divisor = by ? symmetry_.mirrors[static_cast<std::size_t>(shared_.divisor)] : Mirror{};
    apply_all(other, divisor.value == shared_.divisor && !divisor.negative ? &*by : nullptr);
    for (std::int16_t v : s_.group.outputs) out.others.push_back(other.values[static_cast<std::size_t>(v)]);
  }
  now_ += turn_;
  return out;
}

// Of pairs of one block's points.
NestEmitter::FewPairs::Pair NestEmitter::FewPairs::pair_of(const Lanes& lanes, int block, bool both) {
  const auto operand = [&](int Lane::* which) -> Operand {
    std::vector<int> points;
    for (const Lane& lane : lanes) points.push_back(lane.*which);
    return [=, this](std::size_t k) {
      const bool one = std::count(points.begin(), points.end(), points[0]) == kChunk;
      bool all = true;
      for (int l = 0; l < kChunk; ++l) all = all && points[static_cast<std::size_t>(l)] == l;
      return plan(
          now_ - kLoad, kLoad,
          [=, this] {
            llvm::Value* x = points_of_[k][static_cast<std::size_t>(block)];
            if (one) return row_operand(k, number(block * kChunk + points[0]), kChunk).re;
            return all ? x : shuffle(x, x, points);
          },
          !one && !all);
    };
  };
  return pair(operand(&Lane::row), operand(&Lane::column), both);
}

// Of a block's points and themselves; nothing if all have the same terms.
NestEmitter::FewPairs::Terms NestEmitter::FewPairs::selves(int block) {
  if (symmetry_.of_differences) return {};
  Lanes lanes{};
  for (int l = 0; l < kChunk; ++l) lanes[static_cast<std::size_t>(l)] = {l, l};
  return pair_of(lanes, block, false).terms;
}

// What the pairs of so many rows give the other way round, as rows.
std::vector<NestEmitter::FewPairs::Planned> NestEmitter::FewPairs::transpose(const std::vector<Pair>& rows,
                                                                             std::size_t sum) {
  static constexpr std::array<int, kChunk> kLow{0, 8, 2, 10, 4, 12, 6, 14}, kHigh{1, 9, 3, 11, 5, 13, 7, 15},
      kEven{0, 1, 4, 5, 8, 9, 12, 13}, kOdd{2, 3, 6, 7, 10, 11, 14, 15};
  const auto merge = [this](const Planned& a, const Planned& c, const std::array<int, kChunk>& which, double later) {
    if (a.value < 0 && c.value < 0) return Planned{};
    return plan(std::max(a.ready, c.ready) + later, kShuffle,
                [=, this, &which] { return shuffle(value(a), value(c), which); });
  };
  const double after = 4.0 * static_cast<double>(sum);
  std::array<Planned, kChunk> y, z;
  for (std::size_t r = 0; r < kChunk; r += 2) {
    y[r] = merge(rows[r].others[sum], rows[r + 1].others[sum], kLow, after);
    y[r + 1] = merge(rows[r].others[sum], rows[r + 1].others[sum], kHigh, after + 2);
  }
  for (std::size_t r : {0, 1, 4, 5}) {
    z[r] = merge(y[r], y[r + 2], kEven, 4.0 * static_cast<double>(r % 2));
    z[r + 2] = merge(y[r], y[r + 2], kOdd, 4.0 * static_cast<double>(r % 2) + 2);
  }
  std::vector<Planned> out;
  for (std::size_t c = 0; c < kChunk; ++c) {
    const Planned &a = z[c % kHalf], &b = z[c % kHalf + kHalf];
    out.push_back(merge(a, b, c < kHalf ? kEven : kOdd, kApart * static_cast<double>(c * sums() + sum)));
  }
  return out;
}

// Of the points in a block's rows with the others in its columns, and the other way round.
void NestEmitter::FewPairs::across(int row_block, int block) {
  const int count = row_block < full_ ? kChunk : rest_;
  std::vector<Pair> rows;
  for (int r = 0; r < count; ++r) {
    const Operand row = [=, this](std::size_t k) {
      return plan(
          now_ - kLoad, kLoad, [=, this] { return row_operand(k, number(row_block * kChunk + r), kChunk).re; }, false);
    };
    const Operand column = [=, this](std::size_t k) {
      return plan(now_ - kLoad, 0, [=, this] { return points_of_[k][static_cast<std::size_t>(block)]; }, false);
    };
    rows.push_back(pair(row, column));
  }
  rows.resize(kChunk, Pair{Terms(sums()), Terms(sums())});
  for (std::size_t j = 0; j < sums(); ++j) {
    std::vector<Planned> terms;
    for (int r = 0; r < count; ++r) terms.push_back(rows[static_cast<std::size_t>(r)].terms[j]);
    leaf(j, row_block, block) = sum_of(terms);
    const std::vector<Planned> other = transpose(rows, j);
    if (!negative_[j]) {
      leaf(j, block, row_block) = sum_of(other);
      continue;
    }
    Planned total = plan(other[0].ready, kCheap, [=, this] { return b_.CreateFNeg(value(other[0])); });
    for (std::size_t c = 1; c < kChunk; ++c) {
      total = plan(std::max(total.ready, other[c].ready), kCheap,
                   [=, this] { return b_.CreateFSub(value(total), value(other[c])); });
    }
    leaf(j, block, row_block) = total;
  }
}

NestEmitter::FewPairs::Planned NestEmitter::FewPairs::sum_of(const std::vector<Planned>& rows) {
  Planned total = rows[0];
  for (std::size_t r = 1; r < rows.size(); ++r) {
    total = plan(std::max(total.ready, rows[r].ready), kCheap,
                 [=, this, x = rows[r]] { return b_.CreateFAdd(value(total), value(x)); });
  }
  return total;
}

// A row of terms, of which those left or right of the diagonal are others.
NestEmitter::FewPairs::Planned NestEmitter::FewPairs::beside(const Planned& x, const Planned& other, std::size_t sum,
                                                             int row, bool left) {
  if (row == (left ? 0 : kChunk - 1)) return x;
  return plan(std::max(x.ready, other.ready), kCheap, [=, this] {
    llvm::Constant* which = lanes_where(b_, [=](int l) { return left ? l < row : l > row; });
    return b_.CreateSelect(which, negative_[sum] ? b_.CreateFNeg(value(other)) : value(other), value(x));
  });
}

// Two blocks, each among its own points.
void NestEmitter::FewPairs::own_two(int a, int b) {
  std::vector<Pair> rows;
  for (int r = 0; r < kChunk; ++r) {
    llvm::Constant* others = lanes_where(b_, [=](int l) { return l < r; });
    const Operand row = [=, this](std::size_t k) {
      return plan(
          now_ - kCheap, kCheap,
          [=, this] {
            llvm::Value* x = row_operand(k, number(a * kChunk + r), kChunk).re;
            if (r == 0) return x;
            x = fence(x);
            return b_.CreateSelect(others, row_operand(k, number(b * kChunk + r), kChunk).re, x);
          },
          r > 0);
    };
    const Operand column = [=, this](std::size_t k) {
      return plan(
          now_ - kCheap, kCheap,
          [=, this] {
            const std::vector<llvm::Value*>& x = points_of_[k];
            llvm::Value *own = x[static_cast<std::size_t>(a)], *other = x[static_cast<std::size_t>(b)];
            return r == 0 ? own : b_.CreateSelect(others, other, own);
          },
          r > 0);
    };
    rows.push_back(pair(row, column));
  }
  self_ = rows[0].terms;
  const Terms selves_of_b = selves(b);
  for (std::size_t j = 0; j < sums(); ++j) {
    const std::vector<Planned> other = transpose(rows, j);
    std::vector<Planned> of_a, of_b;
    for (int r = 0; r < kChunk; ++r) {
      const auto at = static_cast<std::size_t>(r);
      of_a.push_back(beside(rows[at].terms[j], other[at], j, r, true));
      Planned x = rows[at].terms[j];
      if (!selves_of_b.empty()) {
        const Planned self = selves_of_b[j];
        x = plan(std::max(x.ready, self.ready), kCheap, [=, this] {
          return b_.CreateSelect(lanes_where(b_, [=](int l) { return l == r; }), value(self), value(x));
        });
      }
      of_b.push_back(beside(x, other[at], j, r, false));
    }
    leaf(j, a, a) = sum_of(of_a);
    leaf(j, b, b) = sum_of(of_b);
  }
}

// A block among its own points: the first rows right of the diagonal, and in the lanes that are left the last ones.
void NestEmitter::FewPairs::own(int block) {
  const int count = block < full_ ? kChunk : rest_;
  std::vector<Pair> rows;
  for (int r = 0; r < kHalf; ++r) {
    const int last = kChunk - 1 - r;
    Lanes lanes{};
    for (int l = 0; l < kChunk; ++l) {
      const Lane lane = l < r ? Lane{last, last + 1 + l} : Lane{r, l};
      lanes[static_cast<std::size_t>(l)] = lane.column < count ? lane : Lane{r, r};
    }
    rows.push_back(pair_of(lanes, block));
  }
  self_ = rows[0].terms;
  const Terms own = selves(block);
  for (int r = kHalf; r < kChunk; ++r) {
    rows.push_back({Terms(sums()), Terms(sums())});
    if (r >= count) continue;
    const int with = kChunk - 1 - r;
    std::vector<int> which;
    for (int l = 0; l < kChunk; ++l) which.push_back(l > r ? l - r - 1 : own.empty() ? with : kChunk + r);
    for (std::size_t j = 0; j < sums(); ++j) {
      const auto move = [&](const Planned& x, const Planned& self) {
        return plan(std::max(x.ready, self.ready), kShuffle,
                    [=, this] { return shuffle(value(x), value(self), which); });
      };
      const Pair& from = rows[static_cast<std::size_t>(with)];
      Pair& to = rows.back();
      to.terms[j] = move(from.terms[j], own.empty() ? from.terms[j] : own[j]);
      const bool same = from.others[j].value == from.terms[j].value;
      to.others[j] = same ? to.terms[j] : move(from.others[j], from.others[j]);
    }
  }
  for (std::size_t j = 0; j < sums(); ++j) {
    const std::vector<Planned> other = transpose(rows, j);
    std::vector<Planned> all;
    for (int r = 0; r < count; ++r) {
      const auto at = static_cast<std::size_t>(r);
      all.push_back(beside(rows[at].terms[j], other[at], j, r, true));
    }
    leaf(j, block, block) = sum_of(all);
  }
}

// Up to kHalf points, whose pairs fit into one vector.
void NestEmitter::FewPairs::own_few(int block) {
  Lanes lanes{};
  std::array<std::array<int, kChunk>, kHalf> lane_of{};
  int used = 1;  // the first lane is of a point and itself
  for (int r = 0; r < rest_; ++r) {
    for (int c = r + 1; c < rest_; ++c) {
      const auto row = static_cast<std::size_t>(r), column = static_cast<std::size_t>(c);
      lane_of[row][column] = used;
      lane_of[column][row] = kChunk + used;
      lanes[static_cast<std::size_t>(used++)] = {r, c};
    }
  }
  const Pair pairs = pair_of(lanes, block);
  const Terms own = selves(block);
  for (std::size_t j = 0; j < sums(); ++j) {
    std::vector<Planned> rows;
    for (int r = 0; r < rest_; ++r) {
      const std::array<int, kChunk> which = lane_of[static_cast<std::size_t>(r)];
      const Planned term = pairs.terms[j], other = pairs.others[j];
      Planned x = plan(std::max(term.ready, other.ready), kShuffle,
                       [=, this] { return shuffle(value(term), value(other), which); });
      if (negative_[j]) x = beside(x, x, j, r, true);
      if (!own.empty()) {
        x = plan(std::max(x.ready, own[j].ready), kCheap, [=, this, self = own[j]] {
          return b_.CreateSelect(lanes_where(b_, [=](int l) { return l == r; }), value(self), value(x));
        });
      }
      rows.push_back(x);
    }
    leaf(j, block, block) = sum_of(rows);
  }
}

llvm::Value* NestEmitter::FewPairs::emit() {
  double when = kRoot;
  for (std::size_t k = 0; k < s_.from.size(); ++k) {
    for (int block = 0; block < blocks_ && shows_first(k); ++block, when += kCheap) {
      tasks_.push_back({when, [=, this] { check_points(points_of_[k][static_cast<std::size_t>(block)]); }});
    }
  }
  for (int block = 0; block + 1 < full_; block += 2) own_two(block, block + 1);
  if (full_ % 2 == 1) own(full_ - 1);
  if (rest_ > kHalf) own(full_);
  if (rest_ > 1 && rest_ <= kHalf) own_few(full_);
  if (rest_ == 1) {
    const Terms own = symmetry_.of_differences ? self_ : pair_of(Lanes{}, full_, false).terms;
    for (std::size_t j = 0; j < sums(); ++j) leaf(j, full_, full_) = own[j];
  }
  for (int block = 0; block < full_; ++block) {
    for (int row_block = block + 1; row_block < full_; ++row_block) across(row_block, block);
  }
  for (int block = 0; block < full_ && rest_ > 0; ++block) across(full_, block);

  std::multimap<double, const Task*> in_order;
  for (const Task& task : tasks_) in_order.emplace(task.when, &task);
  for (const auto& [time, task] : in_order) task->emit();
  llvm::Value* zero = b_.getFalse();
  for (int block = 0; block < blocks_; ++block) {
    for (std::size_t j = 0; j < sums(); ++j) {
      SmallArrays::Chunks all;
      for (int r = 0; r < blocks_; ++r) all.push_back(value(leaf(j, r, block)));
      zero = b_.CreateOr(zero, store_sum(j, block, all));
    }
  }
  return b_.CreateOr(zero, numbers_misfit());
}

}  // namespace tnp::compiler

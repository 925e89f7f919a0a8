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
constexpr std::int64_t kMostVectors = 36;
constexpr std::int64_t kMostCycles = 2500;  // of all vectors

bool is_named(const FusedOp& op, std::string_view name) { return op.op != nullptr && op.op->name == name; }

std::int64_t vectors(std::int64_t points) {
  const std::int64_t full = points / kChunk, rest = points % kChunk;
  const std::int64_t own = full / 2 * kChunk + full % 2 * kHalf + (rest > kHalf ? kHalf : rest > 1 ? 1 : 0);
  return own + full * (full - 1) / 2 * kChunk + full * rest;
}

llvm::Constant* lanes_where(llvm::IRBuilder<>& b, const std::function<bool(int)>& chosen) {
  std::vector<llvm::Constant*> out;
  for (int l = 0; l < kChunk; ++l) out.push_back(b.getInt1(chosen(l)));
  return llvm::ConstantVector::get(out);
}

}  // namespace

bool NestEmitter::FewPairs::fits(const NestEmitter& emitter, const NestStatement& s) {
  const std::int64_t count = vectors(s.positions[0][0]);
  return emitter.isa_ == Isa::avx512 && count <= kMostVectors && count * s.group.cycles() <= kMostCycles &&
         antisymmetric(s.group, pair_operands(s))->of_differences;
}

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
    operations += shared ? 3 : cycles < kHeavy || is_named(op, "sqrt") || is_named(op, "divide") ? 1 : cycles;
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

// The terms of a vector of pairs, from now on.
NestEmitter::FewPairs::Terms NestEmitter::FewPairs::terms(const Operand& row, const Operand& column) {
  const auto first = of_.size();
  std::vector<Planned> values(first + s_.group.ops.size());
  const auto apply = [&](std::size_t i) {
    const FusedOp& op = s_.group.ops[i];
    if (common_[first + i].re != nullptr) return;
    double when = now_;
    std::array<Planned, 3> in{};
    for (std::size_t k = 0; k < op.arity; ++k) {
      in[k] = values[static_cast<std::size_t>(op.in[k])];
      when = std::max(when, in[k].ready);
    }
    values[first + i] = plan(when, latency(op), [this, &op, in] {
      std::array<Registers, 3> x{};
      for (std::size_t k = 0; k < op.arity; ++k) {
        x[k] = common_[static_cast<std::size_t>(op.in[k])];
        if (x[k].re == nullptr) x[k].re = value(in[k]);
      }
      return e_.elements_->apply(op, {x[0], x[1], x[2]}, kChunk).re;
    });
  };
  for (std::size_t k = 0; k < first; ++k) {
    if (of_[k] != Of::all) values[k] = of_[k] == Of::rows ? row(k) : column(k);
  }
  for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
    if (shared_.divides.empty() || !shared_.after[i]) apply(i);
  }
  if (!shared_.divides.empty()) plan_quotients(values);
  for (std::size_t i = 0; i < s_.group.ops.size(); ++i) {
    if (values[first + i].value < 0) apply(i);
  }
  Terms out;
  for (std::int16_t v : s_.group.outputs) out.push_back(values[static_cast<std::size_t>(v)]);
  now_ += turn_;
  return out;
}

void NestEmitter::FewPairs::plan_quotients(std::vector<Planned>& values) {
  const auto at = [this](int v, const Planned& x) {
    llvm::Value* common = common_[static_cast<std::size_t>(v)].re;
    return common ? common : value(x);
  };
  const int by = shared_.divisor;
  const Planned divisor = values[static_cast<std::size_t>(by)];
  std::vector<std::pair<int, Planned>> checked;  // dividends
  double when = std::max(now_, divisor.ready);
  const Planned inverse = plan(when + kWaits, kInverse, [=, this] { return Quotients(b_).inverse(at(by, divisor)); });
  for (std::size_t n = 0; n < shared_.divides.size(); ++n) {
    const std::size_t i = shared_.divides[n];
    const int v = s_.group.ops[i].in[0];
    const Planned x = values[static_cast<std::size_t>(v)];
    if (!symmetry_.differences[static_cast<std::size_t>(v)]) checked.emplace_back(v, x);
    when = std::max(when, x.ready);
    const double start = std::max(inverse.ready, x.ready) + static_cast<double>(n);
    const Planned product = plan(start, kCheap, [=, this] { return Quotients(b_).product(at(v, x), value(inverse)); });
    const Planned too_much = plan(
        start + 4, kCheap, [=, this] { return Quotients(b_).too_much(value(product), at(by, divisor), at(v, x)); });
    values[of_.size() + i] = plan(start + 8, kCheap, [=, this] {
      return Quotients(b_).corrected(value(product), value(too_much), value(inverse));
    });
  }
  tasks_.push_back({when + kCheap, [=, this] {
                      Quotients quotients(b_);
                      for (const auto& [v, x] : checked) quotients.check_dividend(at(v, x));
                      note(quotients.misfits(at(by, divisor)));
                      b_.CreateStore(fence(b_.CreateLoad(bits_, wrong_)), wrong_);
                    }});
}

// Of pairs of one block's points.
NestEmitter::FewPairs::Terms NestEmitter::FewPairs::terms_of(const Lanes& lanes, int block) {
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
  return terms(operand(&Lane::row), operand(&Lane::column));
}

// The rows of `rows` vectors as columns.
std::vector<NestEmitter::FewPairs::Planned> NestEmitter::FewPairs::transpose(const std::vector<Terms>& rows,
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
    y[r] = merge(rows[r][sum], rows[r + 1][sum], kLow, after);
    y[r + 1] = merge(rows[r][sum], rows[r + 1][sum], kHigh, after + 2);
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
  std::vector<Terms> rows;
  for (int r = 0; r < count; ++r) {
    const Operand row = [=, this](std::size_t k) {
      return plan(
          now_ - kLoad, kLoad, [=, this] { return row_operand(k, number(row_block * kChunk + r), kChunk).re; }, false);
    };
    const Operand column = [=, this](std::size_t k) {
      return plan(now_ - kLoad, 0, [=, this] { return points_of_[k][static_cast<std::size_t>(block)]; }, false);
    };
    rows.push_back(terms(row, column));
  }
  rows.resize(kChunk, Terms(sums()));
  for (std::size_t j = 0; j < sums(); ++j) {
    std::vector<Planned> terms;
    for (int r = 0; r < count; ++r) terms.push_back(rows[static_cast<std::size_t>(r)][j]);
    leaf(j, row_block, block) = sum_of(terms);
    const std::vector<Planned> other = transpose(rows, j);
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

// A row of terms, of which those left or right of the diagonal are others, negated.
NestEmitter::FewPairs::Planned NestEmitter::FewPairs::negated(const Planned& x, const Planned& other, int row,
                                                              bool left) {
  if (row == (left ? 0 : kChunk - 1)) return x;
  return plan(std::max(x.ready, other.ready), kCheap, [=, this] {
    llvm::Constant* which = lanes_where(b_, [=](int l) { return left ? l < row : l > row; });
    return b_.CreateSelect(which, b_.CreateFNeg(value(other)), value(x));
  });
}

// Two blocks, each among its own points.
void NestEmitter::FewPairs::own_two(int a, int b) {
  std::vector<Terms> rows;
  for (int r = 0; r < kChunk; ++r) {
    llvm::Constant* others = lanes_where(b_, [=](int l) { return l < r; });
    const Operand row = [=, this](std::size_t k) {
      return plan(
          now_ - kCheap, kCheap,
          [=, this] {
            llvm::Value* x = row_operand(k, number(a * kChunk + r), kChunk).re;
            return r == 0 ? x : b_.CreateSelect(others, row_operand(k, number(b * kChunk + r), kChunk).re, x);
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
    rows.push_back(terms(row, column));
  }
  self_ = rows[0];
  for (std::size_t j = 0; j < sums(); ++j) {
    const std::vector<Planned> other = transpose(rows, j);
    std::vector<Planned> of_a, of_b;
    for (int r = 0; r < kChunk; ++r) {
      const auto at = static_cast<std::size_t>(r);
      of_a.push_back(negated(rows[at][j], other[at], r, true));
      of_b.push_back(negated(rows[at][j], other[at], r, false));
    }
    leaf(j, a, a) = sum_of(of_a);
    leaf(j, b, b) = sum_of(of_b);
  }
}

// A block among its own points: the first rows right of the diagonal, and in the lanes that are left the last ones.
void NestEmitter::FewPairs::own(int block) {
  const int count = block < full_ ? kChunk : rest_;
  std::vector<Terms> rows;
  for (int r = 0; r < kHalf; ++r) {
    const int last = kChunk - 1 - r;
    Lanes lanes{};
    for (int l = 0; l < kChunk; ++l) {
      const Lane lane = l < r ? Lane{last, last + 1 + l} : Lane{r, l};
      lanes[static_cast<std::size_t>(l)] = lane.column < count ? lane : Lane{r, r};
    }
    rows.push_back(terms_of(lanes, block));
  }
  self_ = rows[0];
  for (int r = kHalf; r < kChunk; ++r) {
    rows.emplace_back(sums());
    if (r >= count) continue;
    const int with = kChunk - 1 - r;
    std::vector<int> which;
    for (int l = 0; l < kChunk; ++l) which.push_back(l > r ? l - r - 1 : with);
    for (std::size_t j = 0; j < sums(); ++j) {
      const Planned x = rows[static_cast<std::size_t>(with)][j];
      rows.back()[j] = plan(x.ready, kShuffle, [=, this] { return shuffle(value(x), value(x), which); });
    }
  }
  for (std::size_t j = 0; j < sums(); ++j) {
    const std::vector<Planned> other = transpose(rows, j);
    std::vector<Planned> all;
    for (int r = 0; r < count; ++r) {
      const auto at = static_cast<std::size_t>(r);
      all.push_back(negated(rows[at][j], other[at], r, true));
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
      lane_of[row][column] = lane_of[column][row] = used;
      lanes[static_cast<std::size_t>(used++)] = {r, c};
    }
  }
  const Terms terms = terms_of(lanes, block);
  for (std::size_t j = 0; j < sums(); ++j) {
    std::vector<Planned> rows;
    for (int r = 0; r < rest_; ++r) {
      const std::array<int, kChunk> which = lane_of[static_cast<std::size_t>(r)];
      const Planned x =
          plan(terms[j].ready, kShuffle, [=, this, x = terms[j]] { return shuffle(value(x), value(x), which); });
      rows.push_back(negated(x, x, r, true));
    }
    leaf(j, block, block) = sum_of(rows);
  }
}

llvm::Value* NestEmitter::FewPairs::emit() {
  double when = kRoot;
  for (std::size_t k = 0; k < s_.from.size(); ++k) {
    for (int block = 0; block < blocks_ && of_[k] == Of::columns; ++block, when += kCheap) {
      tasks_.push_back({when, [=, this] { check_points(points_of_[k][static_cast<std::size_t>(block)]); }});
    }
  }
  for (int block = 0; block + 1 < full_; block += 2) own_two(block, block + 1);
  if (full_ % 2 == 1) own(full_ - 1);
  if (rest_ > kHalf) own(full_);
  if (rest_ > 1 && rest_ <= kHalf) own_few(full_);
  for (std::size_t j = 0; j < sums() && rest_ == 1; ++j) leaf(j, full_, full_) = self_[j];
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

#include "ops/reduce/produced_rows.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "ops/elementwise/cast.h"
#include "ops/elementwise/tile_loader.h"
#include "ops/reduce/reduce_stage.h"
#include "ops/reduce/scratch.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

constexpr std::int64_t kBlockBytes = 4 << 10;  // of the sources: they stay in the first-level cache beside the inputs
constexpr std::int64_t kLeastBlock = 512;      // elements: as many make up for the calls

// One of the reductions, of whole rows or of a row that comes in blocks.
class Accumulator {
 public:
  Accumulator(const RowReduction& reduction, const ReducePlan& plan, std::byte* buffer)
      : plan_(plan), partials_(plan, 1, memory_, 16), buffer_(buffer), casts_(reduction.from != plan.type) {
    if (casts_ && plan.count == nullptr) cast_ = cast_kernel(reduction.from, plan.type);
  }

  // Rows of n elements, at most kTileElements in all.
  void reduce_rows(const std::byte* data, std::int64_t rows, std::int64_t n, std::byte* out) {
    if (plan_.count) {
      for (std::int64_t r = 0; r < rows; ++r) store_count(plan_.count(data + r * n, n), out + r * plan_.bytes);
    } else {
      plan_.kernels->rows(converted(data, rows * n), n * plan_.bytes, rows, n, out);
    }
  }

  void start() {
    state_.depth = 0;
    state_.leaves = count_ = 0;
    partials_.clear();
  }
  void add(const std::byte* data, std::int64_t n) {
    if (plan_.count) {
      count_ += plan_.count(data, n);
    } else if (casts_) {
      add_tile(data, n);
    } else {
      plan_.kernels->piece(state_, data, n);
    }
  }
  void finish(const std::byte* data, std::int64_t n, std::byte* out) {
    if (plan_.count) {
      store_count(count_ + plan_.count(data, n), out);
    } else if (casts_) {
      add_tile(data, n);
      partials_.finish(reinterpret_cast<char*>(out));
    } else {
      plan_.kernels->last_piece(state_, data, n, out);
    }
  }

 private:
  static void store_count(std::int64_t count, std::byte* to) { std::memcpy(to, &count, sizeof count); }

  const std::byte* converted(const std::byte* data, std::int64_t n) {
    if (!casts_) return data;
    cast_(data, buffer_, n);
    return buffer_;
  }
  // What has to be converted `reduce` takes in tiles, too.
  void add_tile(const std::byte* data, std::int64_t n) {
    plan_.kernels->rows(converted(data, n), 0, 1, n, partials_.top());
    partials_.push();
  }

  const ReducePlan& plan_;
  RowState state_;
  alignas(16) char memory_[64 * 16];
  PartialStack partials_;
  std::byte* buffer_;
  bool casts_;
  CastKernel cast_ = nullptr;
  std::int64_t count_ = 0;
};

// What a thread works with.
class Worker {
 public:
  Worker(const ProducedRows& rows, std::span<const RowReduction> reductions, const std::vector<ReducePlan>& plans,
         std::int64_t block)
      : rows_(rows), reductions_(reductions), plans_(plans), block_(block), scratch_(bytes()) {
    auto* next = reinterpret_cast<std::byte*>(scratch_.data());
    for (DType d : rows.sources) {
      sources_.push_back(next);
      next += (block + kProducedSlack) * itemsize(d);
    }
    for (std::size_t i = 0; i < plans.size(); ++i) {
      accumulators_.emplace_back(reductions[i], plans[i], next);
      next += block * plans[i].bytes;
    }
  }

  // Whole rows, several in a block.
  void reduce_rows(std::int64_t begin, std::int64_t end, std::byte* const* out) {
    while (begin < end) {
      const std::int64_t count = std::min(end - begin, block_ / rows_.n);
      rows_.produce(rows_.context, begin * rows_.n, count * rows_.n, sources_.data());
      for (std::size_t i = 0; i < plans_.size(); ++i)
        accumulators_[i].reduce_rows(source(i), count, rows_.n, out[i] + begin * plans_[i].bytes);
      begin += count;
    }
  }

  // n elements of one row, from element `begin` of all on, to result `at`.
  void reduce_part(std::int64_t begin, std::int64_t n, std::byte* const* out, std::int64_t at) {
    if (n <= block_) {
      rows_.produce(rows_.context, begin, n, sources_.data());
      for (std::size_t i = 0; i < plans_.size(); ++i)
        accumulators_[i].reduce_rows(source(i), 1, n, out[i] + at * plans_[i].bytes);
      return;
    }
    for (Accumulator& a : accumulators_) a.start();
    for (; n > block_; begin += block_, n -= block_) {
      rows_.produce(rows_.context, begin, block_, sources_.data());
      for (std::size_t i = 0; i < plans_.size(); ++i) accumulators_[i].add(source(i), block_);
    }
    rows_.produce(rows_.context, begin, n, sources_.data());
    for (std::size_t i = 0; i < plans_.size(); ++i)
      accumulators_[i].finish(source(i), n, out[i] + at * plans_[i].bytes);
  }

 private:
  const std::byte* source(std::size_t i) const { return sources_[static_cast<std::size_t>(reductions_[i].source)]; }
  std::int64_t bytes() const {
    std::int64_t n = 0;
    for (DType d : rows_.sources) n += (block_ + kProducedSlack) * itemsize(d);
    for (const ReducePlan& p : plans_) n += block_ * p.bytes;
    return n;
  }

  const ProducedRows& rows_;
  std::span<const RowReduction> reductions_;
  const std::vector<ReducePlan>& plans_;
  const std::int64_t block_;
  const Scratch scratch_;
  std::vector<std::byte*> sources_;
  std::deque<Accumulator> accumulators_;  // which do not move
};

// Elements of a block: a tile where one is converted, else what is in the first-level cache; whole pieces.
std::int64_t block_of(const ProducedRows& rows, std::span<const RowReduction> reductions,
                      const std::vector<ReducePlan>& plans) {
  std::int64_t bytes = 0, least = kLeastBlock;
  for (DType d : rows.sources) bytes += itemsize(d);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (reductions[i].from != plans[i].type) return kTileElements;
    least = std::max(least, kPieceBytes / plans[i].bytes);
  }
  std::int64_t block = kTileElements;
  while (block > least && block * bytes > kBlockBytes) block /= 2;
  return block;
}

}  // namespace

bool can_reduce_produced(const RowReduction& reduction) {
  if (reduction.op > ReduceOp::any || !is_numeric(reduction.from) || !is_numeric(reduction.to)) return false;
  return plan_reduction(reduction.op, reduction.from, reduction.to).kernels->piece != nullptr;
}

bool can_reduce_across(const RowReduction& reduction, std::int64_t n) {
  const ReducePlan plan = plan_reduction(reduction.op, reduction.from, reduction.to);
  const bool any_order = reduction.op >= ReduceOp::min || is_integer(plan.type) || plan.type == DType::bool_;
  return n < kLeafRows || (any_order && n <= 64);
}

void reduce_across(const RowReduction& reduction, const std::byte* data, std::int64_t pitch, std::int64_t n,
                   std::int64_t rows, std::byte* scratch, std::byte* out) {
  // So few truth values are counted in bytes.
  const bool counts = plan_reduction(reduction.op, reduction.from, reduction.to).count != nullptr;
  const ReducePlan plan = plan_reduction(reduction.op, reduction.from, counts ? DType::uint8 : reduction.to);
  std::byte* const results = scratch + n * pitch * 16;
  std::int64_t stride = pitch * itemsize(reduction.from);
  if (reduction.from != plan.type && !counts) {
    const CastKernel cast = cast_kernel(reduction.from, plan.type);
    for (std::int64_t j = 0; j < n; ++j) cast(data + j * stride, scratch + j * pitch * plan.bytes, rows);
    data = scratch;
    stride = pitch * plan.bytes;
  }
  std::byte* more = nullptr;
  const Scratch leaf(n > kLeafRows ? rows * plan.bytes : 1);
  for (std::int64_t j = 0; j < n; j += kLeafRows, data += kLeafRows * stride) {
    std::byte* to = more == nullptr ? results : more;
    plan.kernels->columns(data, stride, std::min<std::int64_t>(kLeafRows, n - j), rows, to);
    if (more != nullptr) plan.kernels->combine(results, more, rows);
    more = reinterpret_cast<std::byte*>(leaf.data());
  }
  cast_block(plan.type, reduction.to, results, out, rows);
  if (reduction.to == DType::bool_) cast_block(DType::uint8, DType::bool_, out, out, rows);
}

void reduce_produced(const ProducedRows& rows, std::span<const RowReduction> reductions, std::byte* const* out) {
  std::vector<ReducePlan> plans;
  for (const RowReduction& r : reductions) plans.push_back(plan_reduction(r.op, r.from, r.to));
  const std::int64_t block = block_of(rows, reductions, plans), n = rows.n;
  std::deque<Scratch> results, parts;
  std::vector<std::byte*> to;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    to.push_back(out[i]);
    if (plans[i].type == reductions[i].to) continue;
    to[i] = reinterpret_cast<std::byte*>(results.emplace_back(rows.rows * plans[i].bytes).data());
  }
  if (n < 2 * kReduceChunk) {
    parallel_for(rows.rows, divide_up(rows.grain, n), [&](std::int64_t begin, std::int64_t end) {
      Worker worker(rows, reductions, plans, block);
      if (n <= block) return worker.reduce_rows(begin, end, to.data());
      for (std::int64_t r = begin; r < end; ++r) worker.reduce_part(r * n, n, to.data(), r);
    });
  } else {
    const std::int64_t chunk = chunk_of(n), chunks = divide_up(n, chunk);
    std::vector<std::byte*> partial;
    for (const ReducePlan& p : plans)
      partial.push_back(reinterpret_cast<std::byte*>(parts.emplace_back(rows.rows * chunks * p.bytes).data()));
    parallel_for(rows.rows * chunks, 1, [&](std::int64_t begin, std::int64_t end) {
      Worker worker(rows, reductions, plans, block);
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t first = task % chunks * chunk;
        worker.reduce_part(task / chunks * n + first, std::min(chunk, n - first), partial.data(), task);
      }
    });
    for (std::size_t i = 0; i < plans.size(); ++i)
      plans[i].kernels->rows(partial[i], chunks * plans[i].bytes, rows.rows, chunks, to[i]);
  }
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const DType result = reductions[i].to;
    if (plans[i].type != result) cast_block(plans[i].type, result, to[i], out[i], rows.rows);
    // As in `reduce`.
    if (result == DType::bool_) cast_block(DType::uint8, DType::bool_, out[i], out[i], rows.rows);
  }
}

}  // namespace tnp

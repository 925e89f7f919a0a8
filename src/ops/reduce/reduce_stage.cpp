#include "ops/reduce/reduce_stage.h"

#include <atomic>
#include <cstring>

#include "ops/elementwise/tile_loader.h"
#include "ops/reduce/reduce_driver.h"
#include "ops/reduce/scratch.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

constexpr int64_t kColumnBlockBytes = 4096;
constexpr int64_t kMaxChunkRows = int64_t{1} << 20;
constexpr int kColumnLevels = 20;  // enough for kMaxChunkRows in leaves of kLeafRows

bool counts(const ReducePlan& plan, const ReduceStage& stage) {
  return plan.count != nullptr && stage.dtype == DType::bool_ && stage.stride == 1;
}

// n elements in a row; not more than a chunk of them unless they are used where they lie.
void reduce_row(const ReducePlan& plan, TileLoader& load, const char* data, int64_t n, int64_t stride, char* out) {
  if (load.direct(stride)) return plan.kernels->rows(data, 0, 1, n, out);
  alignas(16) char memory[64 * 16];
  PartialStack partials(plan, 1, memory, 16);
  for (int64_t begin = 0; begin < n; begin += kTileElements) {
    const int64_t count = n - begin < kTileElements ? n - begin : kTileElements;
    const LoadedTile tile = load(data + begin * stride, {1, count, 0, stride});
    plan.kernels->rows(tile.data, 0, 1, count, partials.top());
    if (plan.settles(partials.top())) {
      std::memcpy(out, partials.top(), static_cast<size_t>(plan.bytes));
      return;
    }
    partials.push();
  }
  partials.finish(out);
}

// Outputs [begin, end), each of a row that is short or lies as the kernel wants it.
void reduce_row_range(const ReducePlan& plan, const ReduceStage& stage, int64_t begin, int64_t end, char* out) {
  TileLoader load(stage.dtype, plan.type);
  const DimList& batch = stage.batch;
  const int last = batch.count - 1;
  const int64_t length = last < 0 ? 1 : batch.shape[last], row_stride = last < 0 ? 0 : batch.strides[last];
  const bool direct = load.direct(stage.stride);
  const bool by_rows = !direct && stage.n > kTileElements / 2;
  const int64_t most_rows = direct ? length : by_rows ? 1 : kTileElements / stage.n;
  while (begin < end) {
    const char* data = stage.data + locate(batch, begin);
    if (counts(plan, stage)) {
      const int64_t count = plan.count(data, stage.n);
      std::memcpy(out + begin++ * plan.bytes, &count, sizeof count);
      continue;
    }
    int64_t rows = length - begin % length;
    if (rows > end - begin) rows = end - begin;
    if (rows > most_rows) rows = most_rows;
    char* result = out + begin * plan.bytes;
    if (by_rows) {
      reduce_row(plan, load, data, stage.n, stage.stride, result);
    } else {
      const LoadedTile tile = load(data, {rows, stage.n, row_stride, stage.stride});
      plan.kernels->rows(tile.data, tile.row_stride, rows, stage.n, result);
    }
    begin += rows;
  }
}

// Rows that are long: chunks of them, then the chunks' results.
void reduce_long_rows(const ReducePlan& plan, const ReduceStage& stage, char* out) {
  const int64_t rows = stage.batch.size();
  const int64_t chunk = chunk_of(stage.n);
  const int64_t chunks = divide_up(stage.n, chunk);
  const Scratch partials(rows * chunks * plan.bytes);
  std::atomic<bool> settled = false;
  parallel_for(rows * chunks, 1, [&](int64_t begin, int64_t end) {
    TileLoader load(stage.dtype, plan.type);
    for (int64_t task = begin; task < end; task++) {
      char* result = partials.data() + task * plan.bytes;
      if (settled.load(std::memory_order_relaxed)) {
        *result = static_cast<char>(plan.settling);
        continue;
      }
      const int64_t first = task % chunks * chunk;
      const int64_t count = stage.n - first < chunk ? stage.n - first : chunk;
      const char* data = stage.data + locate(stage.batch, task / chunks) + first * stage.stride;
      if (counts(plan, stage)) {
        const int64_t ones = plan.count(data, count);
        std::memcpy(result, &ones, sizeof ones);
      } else {
        reduce_row(plan, load, data, count, stage.stride, result);
      }
      if (rows == 1 && plan.settles(result)) settled.store(true, std::memory_order_relaxed);
    }
  });
  plan.kernels->rows(partials.data(), chunks * plan.bytes, rows, chunks, out);
}

void reduce_rows(const ReducePlan& plan, const ReduceStage& stage, char* out) {
  if (stage.n >= 2 * kReduceChunk) return reduce_long_rows(plan, stage, out);
  parallel_for(stage.batch.size(), divide_up(kReduceGrain, stage.n),
               [&](int64_t begin, int64_t end) { reduce_row_range(plan, stage, begin, end, out); });
}

struct Columns {
  const char* data;
  int64_t rows, row_stride;
  int64_t cols, col_stride;
};

// At most kMaxChunkRows rows and one block of columns.
void reduce_columns(const ReducePlan& plan, TileLoader& load, const Columns& in, char* out) {
  if (in.rows <= kLeafRows) {
    const LoadedTile tile = load(in.data, {in.rows, in.cols, in.row_stride, in.col_stride});
    return plan.kernels->columns(tile.data, tile.row_stride, in.rows, in.cols, out);
  }
  alignas(64) char memory[kColumnLevels * kColumnBlockBytes];
  PartialStack partials(plan, in.cols, memory, kColumnBlockBytes);
  for (int64_t r = 0; r < in.rows; r += kLeafRows) {
    const int64_t count = in.rows - r < kLeafRows ? in.rows - r : kLeafRows;
    const LoadedTile tile = load(in.data + r * in.row_stride, {count, in.cols, in.row_stride, in.col_stride});
    plan.kernels->columns(tile.data, tile.row_stride, count, in.cols, partials.top());
    partials.push();
  }
  partials.finish(out);
}

// Short rows that follow each other without a gap: several of them make a row that is worth a vector loop, and a few of
// their columns belong to each result.
void reduce_narrow_columns(const ReducePlan& plan, TileLoader& load, const Columns& in, int64_t block, char* out) {
  const int64_t fold = block / in.cols;
  const int64_t wide_rows = in.rows / fold;
  if (fold < 2 || wide_rows < 2) return reduce_columns(plan, load, in, out);
  alignas(64) char wide[kColumnBlockBytes];
  reduce_columns(plan, load, {in.data, wide_rows, in.row_stride * fold, in.cols * fold, in.col_stride}, wide);
  TileLoader plain(plan.type, plan.type);
  reduce_columns(plan, plain, {wide, fold, in.cols * plan.bytes, in.cols, plan.bytes}, out);
  const int64_t rest = in.rows - wide_rows * fold;
  if (rest == 0) return;
  reduce_columns(plan, load, {in.data + wide_rows * fold * in.row_stride, rest, in.row_stride, in.cols, in.col_stride},
                 wide);
  plan.kernels->combine(out, wide, in.cols);
}

// Of narrow columns many rows make a chunk. Others are divided by their length alone, so that a part of the columns has
// the sums that it has in the whole.
int64_t chunk_rows(bool narrow, int64_t width) {
  return narrow ? power_of_two_above(divide_up(2 * kReduceChunk, width)) : kColumnChunkRows;
}

// The last kept dimension is the kernel's inner loop, in blocks; rows are divided too where there are few blocks.
void reduce_by_columns(const ReducePlan& plan, const ReduceStage& stage, char* out) {
  DimList outer = stage.batch;
  const int64_t cols = outer.shape[--outer.count], col_stride = outer.strides[outer.count];
  const int64_t from_bytes = itemsize(stage.dtype);
  const bool direct = stage.dtype == plan.type && col_stride == from_bytes;
  const int64_t block = direct ? kColumnBlockBytes / plan.bytes : kTileElements / kLeafRows;
  const int64_t blocks = divide_up(cols, block), batches = outer.size();
  const int64_t width = cols < block ? cols : block;
  const bool narrow = col_stride == from_bytes && stage.stride == cols * from_bytes && cols < kManyColumns;

  int64_t chunk = chunk_rows(narrow, width);
  const int64_t wanted = power_of_two_above(divide_up(stage.n, 2048));
  if (chunk < wanted) chunk = wanted;
  if (stage.n < 2 * chunk) chunk = stage.n;
  if (chunk > kMaxChunkRows) chunk = kMaxChunkRows;
  const int64_t chunks = divide_up(stage.n, chunk), results = batches * cols;

  const Scratch partials(chunks > 1 ? chunks * results * plan.bytes : 1);
  char* const target = chunks > 1 ? partials.data() : out;
  const int64_t task_elements = width * (stage.n < chunk ? stage.n : chunk);
  parallel_for(chunks * batches * blocks, divide_up(kReduceGrain, task_elements), [&](int64_t begin, int64_t end) {
    TileLoader load(stage.dtype, plan.type);
    for (int64_t task = begin; task < end; task++) {
      const int64_t c = task % blocks * block, batch = task / blocks % batches, part = task / blocks / batches;
      const int64_t first = part * chunk;
      const Columns piece{stage.data + locate(outer, batch) + c * col_stride + first * stage.stride,
                          stage.n - first < chunk ? stage.n - first : chunk, stage.stride,
                          cols - c < block ? cols - c : block, col_stride};
      char* result = target + (part * results + batch * cols + c) * plan.bytes;
      if (narrow) {
        reduce_narrow_columns(plan, load, piece, block, result);
      } else {
        reduce_columns(plan, load, piece, result);
      }
    }
  });
  if (chunks == 1) return;
  ReduceStage second{partials.data(), plan.type, {}, chunks, results * plan.bytes};
  second.batch.push(results, plan.bytes, 0);
  reduce_by_columns(plan, second, out);
}

}  // namespace

bool sums_columns_by_leaves(int64_t rows, int64_t cols, DType type) {
  const ReducePlan plan = plan_reduction(ReduceOp::sum, type, type);
  const int64_t block = plan.type == type ? kColumnBlockBytes / plan.bytes : kTileElements / kLeafRows;
  const bool narrow = cols < kManyColumns;
  if (rows >= 2 * chunk_rows(narrow, cols < block ? cols : block)) return false;
  const int64_t fold = block / cols;
  return !narrow || fold < 2 || rows / fold < 2;
}

void run_stage(const ReducePlan& plan, const ReduceStage& stage, char* out) {
  const int64_t bytes = itemsize(stage.dtype);
  const int last = stage.batch.count - 1;
  const int64_t kept = last < 0 ? 0 : stage.batch.strides[last];
  bool by_columns = false;
  if (last >= 0 && stage.n > 1 && stage.stride != bytes) {
    by_columns = kept == bytes || (stage.batch.shape[last] >= kLeafRows && kept < stage.stride);
  }
  if (by_columns) {
    reduce_by_columns(plan, stage, out);
  } else {
    reduce_rows(plan, stage, out);
  }
}

}  // namespace tnp

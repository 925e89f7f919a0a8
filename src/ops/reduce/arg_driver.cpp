#include "ops/reduce/arg_driver.h"

#include <cstring>

#include "ops/elementwise/tile_loader.h"
#include "ops/reduce/reduce_stage.h"
#include "ops/reduce/scratch.h"
#include "ops/shape/copy.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

constexpr PerIsa<const ArgKernels* (*)(bool, DType)> kFindKernels = TNP_PER_ISA(find_arg_kernels);

constexpr int64_t kTileRows = 32;

struct ArgPlan {
  DType type;  // what elements are converted to
  const ArgKernels* kernels;
  int64_t bytes;
};

ArgPlan make_arg_plan(bool max, DType type) {
  if (type == DType::float16 || type == DType::bfloat16) type = DType::float32;
  return {type, kFindKernels.get()(max, type == DType::bool_ ? DType::uint8 : type), itemsize(type)};
}

// Rows whose elements come tile by tile: the best so far of each, and where it was.
class ArgRows {
 public:
  ArgRows(const ArgPlan& plan, int64_t rows, int64_t* index, char* values)
      : plan_(plan), rows_(rows), index_(index), values_(values) {}

  void add(const LoadedTile& tile, int64_t first, int64_t cols) {
    if (first == 0) {
      plan_.kernels->rows(tile.data, tile.row_stride, rows_, cols, index_, values_);
      return;
    }
    int64_t index[kTileRows], winner[kTileRows];
    alignas(16) char values[kTileRows * 16], pairs[kTileRows * 2 * 16];
    plan_.kernels->rows(tile.data, tile.row_stride, rows_, cols, index, values);
    // The kernel's own order decides between the two values.
    for (int64_t r = 0; r < rows_; r++) {
      std::memcpy(pairs + 2 * r * plan_.bytes, values_ + r * plan_.bytes, static_cast<size_t>(plan_.bytes));
      std::memcpy(pairs + (2 * r + 1) * plan_.bytes, values + r * plan_.bytes, static_cast<size_t>(plan_.bytes));
    }
    plan_.kernels->rows(pairs, 2 * plan_.bytes, rows_, 2, winner, values_);
    for (int64_t r = 0; r < rows_; r++) {
      if (winner[r] == 1) index_[r] = first + index[r];
    }
  }

 private:
  const ArgPlan& plan_;
  int64_t rows_;
  int64_t* index_;
  char* values_;
};

// Elements [first, first + n) of the rows [begin, end) of the stage; indices count from `first`.
void arg_range(const ArgPlan& plan, const ReduceStage& stage, int64_t begin, int64_t end, int64_t first, int64_t n,
               int64_t* index, char* values) {
  TileLoader load(stage.dtype, plan.type);
  const DimList& batch = stage.batch;
  const int last = batch.count - 1;
  const int64_t length = last < 0 ? 1 : batch.shape[last], row_stride = last < 0 ? 0 : batch.strides[last];
  const bool direct = load.direct(stage.stride);
  for (int64_t row = begin; row < end;) {
    const char* data = stage.data + locate(batch, row) + first * stage.stride;
    int64_t rows = length - row % length;
    if (rows > end - row) rows = end - row;
    if (rows > kTileRows) rows = kTileRows;
    const int64_t cols = direct ? n : kTileElements / rows;
    ArgRows best(plan, rows, index + (row - begin), values + (row - begin) * plan.bytes);
    for (int64_t c = 0; c < n; c += cols) {
      const int64_t count = n - c < cols ? n - c : cols;
      best.add(load(data + c * stage.stride, {rows, count, row_stride, stage.stride}), c, count);
    }
    row += rows;
  }
}

// Long rows: the best of each chunk, then the best of those.
void arg_long_rows(const ArgPlan& plan, const ReduceStage& stage, int64_t rows, int64_t* out) {
  const int64_t chunks = divide_up(stage.n, kReduceChunk);
  const Scratch indices(rows * chunks * 8), values(chunks * rows * plan.bytes);
  auto* index = reinterpret_cast<int64_t*>(indices.data());
  // Chunk by chunk, all rows of it together: their elements may lie next to each other.
  parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c++) {
      const int64_t first = c * kReduceChunk;
      const int64_t count = stage.n - first < kReduceChunk ? stage.n - first : kReduceChunk;
      arg_range(plan, stage, 0, rows, first, count, index + c * rows, values.data() + c * rows * plan.bytes);
    }
  });
  ReduceStage second{values.data(), plan.type, {}, chunks, rows * plan.bytes};
  if (rows > 1) second.batch.push(rows, plan.bytes, 0);
  const Scratch best(rows * plan.bytes);
  arg_range(plan, second, 0, rows, 0, chunks, out, best.data());
  for (int64_t r = 0; r < rows; r++) out[r] = out[r] * kReduceChunk + index[out[r] * rows + r];
}

// Columns that lie side by side. False where they do not.
bool arg_columns(const ArgPlan& plan, const ReduceStage& stage, int64_t* out) {
  constexpr int64_t kPiece = 256;
  const DimList& batch = stage.batch;
  const int last = batch.count - 1;
  if (last < 0 || batch.strides[last] != plan.bytes || batch.shape[last] < kArgColumns) return false;
  if (plan.kernels->columns == nullptr || plan.type != stage.dtype || stage.stride == plan.bytes) return false;
  const int64_t columns = batch.shape[last], outer = batch.size() / columns;
  const int64_t pieces = columns < 2 * kPiece ? 1 : columns / kPiece, width = pieces == 1 ? columns : kPiece;
  parallel_for(outer * pieces, divide_up(kReduceGrain, stage.n * width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t row = i / pieces * columns, piece = i % pieces, first = piece * kPiece;
      const int64_t count = piece == pieces - 1 ? columns - first : kPiece;
      plan.kernels->columns(stage.data + locate(batch, row) + first * plan.bytes, stage.stride, stage.n, count,
                            out + row + first);
    }
  });
  return true;
}

void run_arg_stage(const ArgPlan& plan, const ReduceStage& stage, int64_t* out) {
  const int64_t rows = stage.batch.size();
  if (stage.n >= 2 * kReduceChunk && rows < 64) return arg_long_rows(plan, stage, rows, out);
  if (arg_columns(plan, stage, out)) return;
  const int64_t tiles = divide_up(rows, kTileRows);
  parallel_for(tiles, divide_up(kReduceGrain, stage.n * kTileRows), [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kTileRows, last = end * kTileRows < rows ? end * kTileRows : rows;
    alignas(16) char values[kTileRows * 16];
    for (int64_t row = first; row < last; row += kTileRows) {
      const int64_t stop = row + kTileRows < last ? row + kTileRows : last;
      arg_range(plan, stage, row, stop, 0, stage.n, out + row, values);
    }
  });
}

// Reduced dimensions that are no single one in their order: a copy that makes them one.
void pack_reduced(const ReduceNest& nest, DType dtype, char* packed) {
  int64_t shape[kMaxReduceDims], from[kMaxReduceDims], to[kMaxReduceDims];
  int ndim = 0;
  int64_t stride = nest.kept.size() * nest.reduced.size() * itemsize(dtype);
  for (const DimList* dims : {&nest.kept, &nest.reduced}) {
    for (int i = 0; i < dims->count; i++, ndim++) {
      shape[ndim] = dims->shape[i];
      from[ndim] = dims->strides[i];
      stride /= shape[ndim];
      to[ndim] = stride;
    }
  }
  copy_strided({const_cast<char*>(nest.data), dtype, ndim, shape, from}, {packed, dtype, ndim, shape, to});
}

// Few rows that lie one after the other, as the kernel takes them. False where they are not of this way.
bool arg_few_rows(const ArgPlan& plan, const StridedView& in, uint64_t reduced_axes, void* out) {
  const int last = in.ndim - 1;
  if (last < 0 || reduced_axes != uint64_t{1} << last || plan.type != in.dtype || in.dtype == DType::bool_)
    return false;
  const int64_t n = in.shape[last];
  if (in.strides[last] != plan.bytes || n >= 2 * kReduceChunk) return false;
  int64_t rows = 1, stride = n * plan.bytes;
  for (int i = last - 1; i >= 0; i--) {
    if (in.strides[i] != stride) return false;
    rows *= in.shape[i];
    stride *= in.shape[i];
    if (rows > kTileRows) return false;
  }
  alignas(16) char values[kTileRows * 16];
  plan.kernels->rows(static_cast<const char*>(in.data), n * plan.bytes, rows, n, static_cast<int64_t*>(out), values);
  return true;
}

}  // namespace

void reduce_arg(bool max, const StridedView& in, uint64_t reduced_axes, const StridedView& out) {
  const ArgPlan plan = make_arg_plan(max, in.dtype);
  if (arg_few_rows(plan, in, reduced_axes, out.data)) return;
  ReduceNest nest;
  make_nest(in, reduced_axes, true, nest);
  const int64_t n = nest.reduced.size(), rows = nest.kept.size(), bytes = itemsize(in.dtype);
  const bool packs = nest.reduced.count > 1;
  const Scratch packed(packs ? n * rows * bytes : 1);
  ReduceStage stage{nest.data, in.dtype, nest.kept, n, nest.reduced.strides[0]};
  if (packs) {
    pack_reduced(nest, in.dtype, packed.data());
    stage = {packed.data(), in.dtype, {}, n, bytes};
    if (rows > 1) stage.batch.push(rows, n * bytes, 0);
  }
  if (nest.in_order) return run_arg_stage(plan, stage, static_cast<int64_t*>(out.data));
  const Scratch results(rows * 8);
  run_arg_stage(plan, stage, reinterpret_cast<int64_t*>(results.data()));
  write_results(nest, results.data(), DType::int64, out);
}

}  // namespace tnp

#include <cstring>

#include "ops/elementwise/cast.h"
#include "ops/elementwise/tile_loader.h"
#include "ops/shape/copy.h"
#include "ops/shape/strided_loop.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

constexpr PerIsa<CastKernel (*)(DType, DType)> kFindCast = TNP_PER_ISA(find_cast_kernel);

// Fewer elements than this are not worth a second thread.
constexpr int64_t kParallelElements = 64 << 10;
constexpr int64_t kTileSide = 32;  // of a square one

// Casts tiles to places of any strides.
class TileCaster {
 public:
  TileCaster(DType from, DType to)
      : load_(from, to), to_bytes_(itemsize(to)), scatter_(TileLoader::find_copy_kernels_in_use(itemsize(to))) {}

  void operator()(const char* src, const TileShape& tile, char* dst, const int64_t dst_strides[2]) {
    const LoadedTile loaded = load_(src, tile);
    if (dst_strides[1] == to_bytes_ && tile.cols >= 8) {
      for (int64_t r = 0; r < tile.rows; r++) {
        std::memcpy(dst + r * dst_strides[0], loaded.data + r * loaded.row_stride,
                    static_cast<size_t>(tile.cols * to_bytes_));
      }
      return;
    }
    const int64_t strides[2] = {loaded.row_stride, to_bytes_};
    scatter_->strided(loaded.data, strides, dst, dst_strides, tile.rows, tile.cols);
  }

 private:
  TileLoader load_;
  int64_t to_bytes_;
  const CopyKernels* scatter_;
};

// The dimension other than the last whose elements lie next to each other in src, else the last but one.
int row_axis(const StridedLoop& loop, int64_t from_bytes) {
  const int last = loop.ndim - 1;
  for (int i = 0; i < last; i++) {
    if (loop.src_strides[i] == from_bytes) return i;
  }
  return last - 1;
}

void cast_tiles(StridedLoop loop, DType from, DType to) {
  TileCaster cast(from, to);
  const int last = loop.ndim - 1;
  const int axis = row_axis(loop, itemsize(from));
  const bool transposed = axis >= 0 && loop.src_strides[axis] == itemsize(from);
  const int64_t rows = axis < 0 ? 1 : loop.shape[axis], cols = loop.shape[last];
  const int64_t row_src = axis < 0 ? 0 : loop.src_strides[axis], row_dst = axis < 0 ? 0 : loop.dst_strides[axis];
  const int64_t col_src = loop.src_strides[last], col_dst = loop.dst_strides[last];
  const int64_t dst_strides[2] = {row_dst, col_dst};
  const int64_t most_cols = transposed ? kTileSide : kTileElements;
  const int64_t tile_cols = cols < most_cols ? cols : most_cols;
  const int64_t tile_rows = rows < kTileElements / tile_cols ? rows : kTileElements / tile_cols;
  // The tiles' two dimensions are looped over here; the nest keeps the others.
  if (axis >= 0) loop.shape[axis] = 1;
  for_each_outer(loop, last, [&](const char* src, char* dst) {
    for (int64_t r = 0; r < rows; r += tile_rows) {
      for (int64_t c = 0; c < cols; c += tile_cols) {
        const TileShape tile{rows - r < tile_rows ? rows - r : tile_rows, cols - c < tile_cols ? cols - c : tile_cols,
                             row_src, col_src};
        cast(src + r * row_src + c * col_src, tile, dst + r * row_dst + c * col_dst, dst_strides);
      }
    }
  });
}

void cast_loop(const StridedLoop& loop, DType from, DType to) {
  const int last = loop.ndim - 1;
  const int64_t n = loop.shape[last];
  const bool packed = loop.src_strides[last] == itemsize(from) && loop.dst_strides[last] == itemsize(to);
  if (!packed || (n < 16 && loop.ndim > 1)) return cast_tiles(loop, from, to);
  const CastKernel kernel = cast_kernel(from, to);
  for_each_outer(loop, last, [&](const char* src, char* dst) { kernel(src, dst, n); });
}

}  // namespace

CastKernel cast_kernel(DType from, DType to) { return kFindCast.get()(from, to); }

void cast_strided(const StridedView& src, const StridedView& dst) {
  if (src.dtype == dst.dtype) return copy_strided(src, dst);
  StridedLoop loop;
  if (!make_loop(src, dst, loop)) return;
  if (loop.ndim == 0) return cast_block(src.dtype, dst.dtype, loop.src, loop.dst, 1);
  const int64_t size = loop.size();
  if (size < 2 * kParallelElements) return cast_loop(loop, src.dtype, dst.dtype);

  const int axis = split_axis(loop);
  const int64_t n = loop.shape[axis], unit = n >= 1024 ? 64 : 1;
  const int64_t unit_elements = size / n * unit;
  parallel_for((n + unit - 1) / unit, (kParallelElements + unit_elements - 1) / unit_elements,
               [&](int64_t begin, int64_t end) {
                 const int64_t last = end * unit < n ? end * unit : n;
                 cast_loop(slice_loop(loop, axis, begin * unit, last), src.dtype, dst.dtype);
               });
}

}  // namespace tnp

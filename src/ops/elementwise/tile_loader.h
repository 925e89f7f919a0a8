// Pieces of strided arrays, cast and packed into a buffer: how kernels for contiguous memory get at any memory.
#pragma once

#include <cstdint>

#include "ops/elementwise/cast_kernels.h"
#include "ops/shape/copy_kernels.h"
#include "runtime/cpu_features.h"

namespace tnp {

inline constexpr int64_t kTileElements = 2048;

// Rows of `cols` elements each; the strides are in bytes.
struct TileShape {
  int64_t rows, cols;
  int64_t row_stride, col_stride;
};

struct LoadedTile {
  const char* data;
  int64_t row_stride;  // bytes; the elements of a row are contiguous
};

// Holds 64 KiB of buffers: to be made once for many tiles.
class TileLoader {
 public:
  TileLoader(DType from, DType to)
      : from_bytes_(itemsize(from)),
        to_bytes_(itemsize(to)),
        casts_(from != to),
        cast_(cast_kernel(from, to)),
        copy_(find_copy_kernels_in_use(itemsize(from))) {}

  // Whether a tile with this column stride is used where it lies.
  bool direct(int64_t col_stride) const { return !casts_ && col_stride == from_bytes_; }
  int64_t result_bytes() const { return to_bytes_; }

  // At most kTileElements, unless the tile is direct. What a buffer holds is valid until the next call.
  LoadedTile operator()(const char* src, const TileShape& tile) {
    if (direct(tile.col_stride)) return {src, tile.row_stride};
    if (!casts_) return {gather(src, tile), tile.cols * from_bytes_};
    const int64_t packed = tile.cols * to_bytes_;
    if (tile.col_stride != from_bytes_) {
      cast_(gather(src, tile), results_, tile.rows * tile.cols);
    } else if (tile.row_stride == tile.cols * from_bytes_) {
      cast_(src, results_, tile.rows * tile.cols);
    } else {
      for (int64_t r = 0; r < tile.rows; r++) cast_(src + r * tile.row_stride, results_ + r * packed, tile.cols);
    }
    return {results_, packed};
  }

  static const CopyKernels* find_copy_kernels_in_use(int element_bytes) {
    constexpr PerIsa<const CopyKernels* (*)(int)> find = TNP_PER_ISA(find_copy_kernels);
    return find.get()(element_bytes);
  }

 private:
  const char* gather(const char* src, const TileShape& tile) {
    const int64_t packed[2] = {tile.cols * from_bytes_, from_bytes_};
    if (tile.row_stride == from_bytes_ && tile.rows >= 8) {
      copy_->transpose(src, tile.col_stride, elements_, packed[0], tile.cols, tile.rows, false);
    } else {
      const int64_t strides[2] = {tile.row_stride, tile.col_stride};
      copy_->strided(src, strides, elements_, packed, tile.rows, tile.cols);
    }
    return elements_;
  }

  int64_t from_bytes_, to_bytes_;
  bool casts_;
  CastKernel cast_;
  const CopyKernels* copy_;
  alignas(64) char elements_[kTileElements * 16];
  alignas(64) char results_[kTileElements * 16];
};

}  // namespace tnp

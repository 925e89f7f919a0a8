// Moves strided elements: gathers, repeats, and transposition by square tiles that stay in registers.
#include "base/register_transpose.h"
#include "base/vector_memory.h"
#include "ops/shape/copy_kernels.h"

namespace tnp::TNP_ISA {
namespace {

struct Bytes16 {
  uint64_t low, high;
};

template <class T>
TNP_INLINE T load_element(const char* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}
template <class T>
TNP_INLINE void store_element(char* p, T value) {
  __builtin_memcpy(p, &value, sizeof value);
}

template <class T>
TNP_INLINE void fill_row(T value, char* dst, int64_t n) {
  for (int64_t i = 0; i < n; i++) store_element(dst + i * int64_t{sizeof(T)}, value);
}

// Every second element, which the compiler turns into shuffles only when it knows the stride.
template <class T, int64_t Step>
TNP_INLINE void gather_row(const char* src, char* dst, int64_t n) {
  constexpr int64_t size = sizeof(T);
#pragma clang loop vectorize(enable)
  for (int64_t i = 0; i < n; i++) store_element(dst + i * size, load_element<T>(src + i * Step * size));
}

template <class T>
TNP_INLINE void copy_row(const char* src, int64_t src_stride, char* dst, int64_t dst_stride, int64_t n) {
  int64_t i = 0;
#pragma clang loop unroll(disable)
  for (; i + 4 <= n; i += 4) {
    const T a = load_element<T>(src), b = load_element<T>(src + src_stride);
    const T c = load_element<T>(src + 2 * src_stride), d = load_element<T>(src + 3 * src_stride);
    store_element(dst, a);
    store_element(dst + dst_stride, b);
    store_element(dst + 2 * dst_stride, c);
    store_element(dst + 3 * dst_stride, d);
    src += 4 * src_stride;
    dst += 4 * dst_stride;
  }
#pragma clang loop unroll(disable)
  for (; i < n; i++, src += src_stride, dst += dst_stride) store_element(dst, load_element<T>(src));
}

template <class T>
void copy_strided_2d(const char* src, const int64_t src_strides[2], char* dst, const int64_t dst_strides[2], int64_t n0,
                     int64_t n1) {
  constexpr int64_t size = sizeof(T);
  const int64_t src_step = src_strides[1], dst_step = dst_strides[1];
  const bool packed = dst_step == size && n1 >= 8;
  for (int64_t i = 0; i < n0; i++, src += src_strides[0], dst += dst_strides[0]) {
    if (packed && src_step == 0) {
      fill_row(load_element<T>(src), dst, n1);
    } else if (packed && src_step == 2 * size) {
      gather_row<T, 2>(src, dst, n1);
    } else if (packed && src_step == -size) {
      gather_row<T, -1>(src, dst, n1);
    } else {
      copy_row<T>(src, src_step, dst, dst_step, n1);
    }
  }
}

template <class T, int W, bool Stream>
TNP_INLINE void transpose_tile(const char* src, int64_t src_row_stride, char* dst, int64_t dst_row_stride) {
  using V = Vec<T, W>;
  V rows[W];
#pragma clang loop unroll(full)
  for (int i = 0; i < W; i++) rows[i] = load_element<V>(src + i * src_row_stride);
  transpose_registers<W, W / 2>(rows);
#pragma clang loop unroll(full)
  for (int i = 0; i < W; i++) {
    if constexpr (Stream) {
      __builtin_nontemporal_store(rows[i], reinterpret_cast<V*>(dst + i * dst_row_stride));
    } else {
      store_element(dst + i * dst_row_stride, rows[i]);
    }
  }
}

template <class T>
struct Tile {
  static constexpr int64_t size = sizeof(T);
  static constexpr int W = kRegisterBytes / size < 16 ? kRegisterBytes / size : 16;
  // Rows of src that are done together: at least one cache line of dst, so that streaming stores fill it.
  static constexpr int64_t rows = 64 / size < 16 ? 16 : 64 / size;
};

// `rows` a multiple of Tile::rows. Along the rows of src, which a prefetcher follows, while writes need no reads.
template <class T, bool Stream>
void transpose_tiles(const char* src, int64_t src_row_stride, char* dst, int64_t dst_row_stride, int64_t rows,
                     int64_t cols) {
  constexpr int64_t size = sizeof(T), W = Tile<T>::W;
  const int64_t tile_cols = cols / W * W;
  for (int64_t r0 = 0; r0 < rows; r0 += Tile<T>::rows) {
    for (int64_t c = 0; c < tile_cols; c += W) {
      for (int64_t r = r0; r < r0 + Tile<T>::rows; r += W) {
        transpose_tile<T, W, Stream>(src + r * src_row_stride + c * size, src_row_stride,
                                     dst + c * dst_row_stride + r * size, dst_row_stride);
      }
    }
  }
  if constexpr (Stream) __builtin_ia32_sfence();
  const int64_t src_strides[2] = {size, src_row_stride}, dst_strides[2] = {dst_row_stride, size};
  copy_strided_2d<T>(src + tile_cols * size, src_strides, dst + tile_cols * dst_row_stride, dst_strides,
                     cols - tile_cols, rows);
}

template <class T>
void transpose(const char* src, int64_t src_row_stride, char* dst, int64_t dst_row_stride, int64_t rows, int64_t cols,
               bool stream) {
  constexpr int64_t size = sizeof(T);
  const int64_t src_strides[2] = {src_row_stride, size}, dst_strides[2] = {size, dst_row_stride};
  // Streaming needs lines: rows of dst that begin at the same place of one.
  const int64_t misalignment = static_cast<int64_t>(reinterpret_cast<std::uintptr_t>(dst) & 63);
  stream = stream && dst_row_stride % 64 == 0 && misalignment % size == 0;
  int64_t head = stream && misalignment != 0 ? (64 - misalignment) / size : 0;
  if (head > rows) head = rows;
  copy_strided_2d<T>(src, src_strides, dst, dst_strides, head, cols);
  src += head * src_row_stride;
  dst += head * size;
  rows -= head;

  const int64_t tile_rows = rows / Tile<T>::rows * Tile<T>::rows;
  if (stream) {
    transpose_tiles<T, true>(src, src_row_stride, dst, dst_row_stride, tile_rows, cols);
  } else {
    transpose_tiles<T, false>(src, src_row_stride, dst, dst_row_stride, tile_rows, cols);
  }
  src += tile_rows * src_row_stride;
  dst += tile_rows * size;
  if (cols > rows - tile_rows) {
    copy_strided_2d<T>(src, src_strides, dst, dst_strides, rows - tile_rows, cols);
  } else {
    const int64_t src_swapped[2] = {size, src_row_stride}, dst_swapped[2] = {dst_row_stride, size};
    copy_strided_2d<T>(src, src_swapped, dst, dst_swapped, cols, rows - tile_rows);
  }
}

// 16 bytes: a cache line holds four, so square blocks of plain moves do.
void transpose_16(const char* src, int64_t src_row_stride, char* dst, int64_t dst_row_stride, int64_t rows,
                  int64_t cols, bool) {
  constexpr int64_t size = 16, block = 16;
  const int64_t src_strides[2] = {size, src_row_stride}, dst_strides[2] = {dst_row_stride, size};
  for (int64_t r = 0; r < rows; r += block) {
    const int64_t count = rows - r < block ? rows - r : block;
    for (int64_t c = 0; c < cols; c += block) {
      copy_strided_2d<Bytes16>(src + r * src_row_stride + c * size, src_strides, dst + c * dst_row_stride + r * size,
                               dst_strides, cols - c < block ? cols - c : block, count);
    }
  }
}

constexpr CopyKernels kKernels[5] = {
    {&copy_strided_2d<uint8_t>, &transpose<uint8_t>},   {&copy_strided_2d<uint16_t>, &transpose<uint16_t>},
    {&copy_strided_2d<uint32_t>, &transpose<uint32_t>}, {&copy_strided_2d<uint64_t>, &transpose<uint64_t>},
    {&copy_strided_2d<Bytes16>, &transpose_16},
};

}  // namespace

const CopyKernels* find_copy_kernels(int element_bytes) { return &kKernels[__builtin_ctz(element_bytes)]; }

}  // namespace tnp::TNP_ISA

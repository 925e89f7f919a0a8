#include "ops/matmul/gemm.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "base/element_bits.h"
#include "ops/matmul/blas.h"
#include "ops/matmul/gemm_kernels.h"
#include "runtime/allocator.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"
#include "tnp/error.h"

namespace tnp {
namespace {

// --- thresholds, in multiply-adds unless said otherwise; docs/decisions/blas.md has the measurements ----------------

constexpr double kDirectWork = 32.0 * 32 * 32;      // up to here packing, and so BLAS, costs more than it saves
constexpr int64_t kDirectBytes = 8192;              // and wherever B, or A, is so small that it stays in the cache
constexpr double kTaskWork = 64.0 * 64 * 64;        // worth a task of its own
constexpr double kBalanceWork = 256 * kTaskWork;    // from here on more tasks than threads even out a busy machine
constexpr double kTeamWork = 1000.0 * 1000 * 1000;  // from here on OpenBLAS divides a product better than we do
constexpr int64_t kCachedBytes = 256 * 1024;        // up to here columns are added strip by strip, not eight at a time
constexpr int64_t kVectorTaskWork = 32768;          // the same where every element is used once
constexpr double kScalarDotWork = 48;               // of a matrix times a vector: below, columns of C of one element
constexpr double kRowVectorDirectWork = 4096;       // of a vector times a matrix
constexpr int64_t kDotChunk = 32768;         // elements that a task sums; fixed, so that threads change no result
constexpr int64_t kMaxSuperBlock = 4096;     // rows of A and columns of B that are packed at a time
constexpr int64_t kPanelBytes = 24 * 1024;   // of B: stays in the first-level cache
constexpr int64_t kBlockBytes = 256 * 1024;  // of A: stays in the second-level cache

struct Matrix {
  const char* data;
  int64_t row_stride, col_stride;
};

struct Problem {
  DType dtype;
  const GemmKernels* kernels;  // null for float16 and bfloat16
  int64_t m, n, k;

  double work() const { return double(m) * double(n) * double(k); }
};

constexpr int kNoAlgebra = -1;
constexpr int8_t kAlgebraOf[kDTypeCount] = {0,          1,          2, 3, 4, 1, 2,          3,          4,
                                            kNoAlgebra, kNoAlgebra, 5, 6, 7, 8, kNoAlgebra, kNoAlgebra, kNoAlgebra};
static_assert(kAlgebraOf[int(DType::uint64)] == int(Algebra::int64));
static_assert(kAlgebraOf[int(DType::complex128)] == int(Algebra::complex128));

constexpr PerIsa<const GemmKernels (*)[kAlgebraCount]> kKernels = TNP_PER_ISA(kGemmKernels);

const GemmKernels* kernels_of(DType dtype) {
  const int algebra = kAlgebraOf[int(dtype)];
  return algebra == kNoAlgebra ? nullptr : &(*kKernels.get())[algebra];
}

// Memory for the time of a call.
class Scratch {
 public:
  Scratch(int64_t rows, int64_t cols, int64_t itemsize) {
    int64_t bytes = 0;
    if (__builtin_mul_overflow(rows, cols, &bytes) || __builtin_mul_overflow(bytes, itemsize, &bytes))
      throw MemoryError("matmul: an operand of " + std::to_string(rows) + "x" + std::to_string(cols) +
                        " elements is too large to be copied");
    buffer_ = Buffer::allocate(size_t(bytes));
  }
  ~Scratch() { buffer_->release(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  char* data() { return static_cast<char*>(buffer_->data); }

 private:
  Buffer* buffer_;
};

int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// How many items make up `work`, when each costs `item_work`.
int64_t grain_of(double work, double item_work) {
  return std::max<int64_t>(1, int64_t(work / std::max(item_work, 1.0)));
}

// --- copies ---------------------------------------------------------------------------------------------------------

template <class T>
void copy_elements(int64_t rows, int64_t cols, const T* from, int64_t row_stride, int64_t col_stride, T* to) {
  constexpr int64_t kBlock = 32;  // a transposition reads and writes whole cache lines of such a square
  for (int64_t i0 = 0; i0 < rows; i0 += kBlock) {
    for (int64_t j0 = 0; j0 < cols; j0 += kBlock) {
      const int64_t i1 = std::min(rows, i0 + kBlock), j1 = std::min(cols, j0 + kBlock);
      for (int64_t i = i0; i < i1; ++i) {
        for (int64_t j = j0; j < j1; ++j) to[i * cols + j] = from[i * row_stride + j * col_stride];
      }
    }
  }
}

// Row-major without gaps.
void copy_matrix(int itemsize, int64_t rows, int64_t cols, Matrix from, char* to) {
  const auto copy = [&]<class T>(T) {
    copy_elements(rows, cols, reinterpret_cast<const T*>(from.data), from.row_stride, from.col_stride,
                  reinterpret_cast<T*>(to));
  };
  with_element_bits(itemsize, copy);
}

void copy_matrix_parallel(int itemsize, int64_t rows, int64_t cols, Matrix from, char* to) {
  parallel_for(rows, grain_of(kVectorTaskWork, double(cols)), [&](int64_t begin, int64_t end) {
    copy_matrix(itemsize, end - begin, cols,
                {from.data + begin * from.row_stride * itemsize, from.row_stride, from.col_stride},
                to + begin * cols * itemsize);
  });
}

// --- vectors --------------------------------------------------------------------------------------------------------

// partial[0] += partial[1] += …, pairwise; each has `n` elements.
void sum_partials(const GemmKernels& kernels, int64_t n, int64_t count, char* partial) {
  const int64_t bytes = n * kernels.itemsize;
  for (int64_t step = 1; step < count; step *= 2) {
    for (int64_t i = 0; i + step < count; i += 2 * step)
      kernels.add(n, partial + i * bytes, partial + (i + step) * bytes);
  }
}

void dot_parallel(const GemmKernels& kernels, int64_t k, const char* x, int64_t x_stride, const char* y,
                  int64_t y_stride, char* out, bool conjugated = false) {
  const auto dot = conjugated ? kernels.dot_conjugated : kernels.dot;
  const int64_t chunks = (k + kDotChunk - 1) / kDotChunk;
  if (chunks <= 1) return dot(k, x, x_stride, y, y_stride, out);
  Scratch partial(chunks, 1, kernels.itemsize);
  parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t first = chunk * kDotChunk;
      dot(std::min(kDotChunk, k - first), x + first * x_stride * kernels.itemsize, x_stride,
          y + first * y_stride * kernels.itemsize, y_stride, partial.data() + chunk * kernels.itemsize);
    }
  });
  sum_partials(kernels, 1, chunks, partial.data());
  std::memcpy(out, partial.data(), size_t(kernels.itemsize));
}

// A vector times few columns that are long: y = sum over p of x[p] a[p, :], `rows` elements each.
void sum_long_columns(const GemmKernels& kernels, int64_t rows, int64_t k, Matrix a, const char* x, int64_t x_stride,
                      char* y) {
  constexpr int64_t kChunk = 4096;
  const int64_t chunks = (k + kChunk - 1) / kChunk;
  Scratch partial(chunks, rows, kernels.itemsize);
  parallel_for(chunks, grain_of(kVectorTaskWork, double(kChunk * rows)), [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t first = chunk * kChunk;
      kernels.direct({1, rows, std::min(kChunk, k - first), x + first * x_stride * kernels.itemsize, 0, x_stride,
                      a.data + first * a.col_stride * kernels.itemsize, a.col_stride,
                      partial.data() + chunk * rows * kernels.itemsize, rows});
    }
  });
  sum_partials(kernels, rows, chunks, partial.data());
  std::memcpy(y, partial.data(), size_t(rows * kernels.itemsize));
}

void rows_times_vector(const GemmKernels& kernels, int64_t rows, int64_t k, Matrix a, const char* x, int64_t x_stride,
                       char* y) {
  const int64_t size = kernels.itemsize;
  if (rows < 4 || (rows < 64 && k >= 4 * kDotChunk)) {
    for (int64_t i = 0; i < rows; ++i)
      dot_parallel(kernels, k, a.data + i * a.row_stride * size, a.col_stride, x, x_stride, y + i * size);
    return;
  }
  if (x_stride != 1) {
    Scratch x_copy(k, 1, size);
    copy_matrix(int(size), k, 1, {x, x_stride, 0}, x_copy.data());
    return rows_times_vector(kernels, rows, k, a, x_copy.data(), 1, y);
  }
  parallel_for(rows, grain_of(kVectorTaskWork, double(k)), [&](int64_t begin, int64_t end) {
    const char* first = a.data + begin * a.row_stride * size;
    if (a.col_stride == 1) return kernels.dot_rows(end - begin, k, first, a.row_stride, x, y + begin * size);
    for (int64_t i = begin; i < end; ++i)
      kernels.dot(k, a.data + i * a.row_stride * size, a.col_stride, x, 1, y + i * size);
  });
}

// y = A x, A rows×k.
void matrix_times_vector(const GemmKernels& kernels, int64_t rows, int64_t k, Matrix a, const char* x, int64_t x_stride,
                         char* y) {
  if (rows == 1) return dot_parallel(kernels, k, a.data, a.col_stride, x, x_stride, y);
  const int64_t size = kernels.itemsize;
  if (a.col_stride == -1) {  // turn A and x round: sums may run in either direction
    a.data += (k - 1) * a.col_stride * size;
    a.col_stride = 1;
    x += (k - 1) * x_stride * size;
    x_stride = -x_stride;
  }
  const bool by_columns = a.col_stride != 1 && std::abs(a.row_stride) < std::abs(a.col_stride);
  if (!by_columns) return rows_times_vector(kernels, rows, k, a, x, x_stride, y);
  if (a.row_stride == 1 && rows * size <= 256 && k >= 4096)
    return sum_long_columns(kernels, rows, k, a, x, x_stride, y);
  parallel_for(rows, std::max<int64_t>(64, grain_of(kVectorTaskWork, double(k))), [&](int64_t begin, int64_t end) {
    const char* first = a.data + begin * a.row_stride * size;
    const int64_t count = end - begin;
    if (a.row_stride == 1 && count * k * size <= kCachedBytes)  // the same sums, in registers
      return kernels.direct({1, count, k, x, 0, x_stride, first, a.col_stride, y + begin * size, count});
    kernels.sum_columns(count, k, first, a.row_stride, a.col_stride, x, x_stride, y + begin * size);
  });
}

// --- matrices -------------------------------------------------------------------------------------------------------

bool fits_direct(const Problem& p, double work, const Matrix& b) {
  if (work <= kDirectWork) return true;
  const int64_t size = p.kernels->itemsize;
  if (p.k > 64) return false;
  return p.k * p.n * size <= kDirectBytes || (p.m * p.k * size <= kDirectBytes && p.m <= 8 && b.col_stride == 1);
}

void direct(const Problem& p, double work, Matrix a, Matrix b, char* c) {
  const int64_t size = p.kernels->itemsize;
  alignas(64) char on_stack[4096];
  const bool copied = b.col_stride != 1, on_heap = copied && p.k * p.n * size > int64_t(sizeof(on_stack));
  if (on_heap) {
    Scratch buffer(p.k, p.n, size);
    copy_matrix(int(size), p.k, p.n, b, buffer.data());
    return direct(p, work, a, {buffer.data(), p.n, 1}, c);
  }
  if (copied) {
    copy_matrix(int(size), p.k, p.n, b, on_stack);
    b = {on_stack, p.n, 1};
  }
  if (work < 2 * kTaskWork)
    return p.kernels->direct({p.m, p.n, p.k, a.data, a.row_stride, a.col_stride, b.data, b.row_stride, c, p.n});
  if (p.m >= p.n) {
    return parallel_for(p.m, grain_of(kTaskWork, double(p.n * p.k)), [&](int64_t begin, int64_t end) {
      p.kernels->direct({end - begin, p.n, p.k, a.data + begin * a.row_stride * size, a.row_stride, a.col_stride,
                         b.data, b.row_stride, c + begin * p.n * size, p.n});
    });
  }
  parallel_for(p.n, grain_of(kTaskWork, double(p.m * p.k)), [&](int64_t begin, int64_t end) {
    p.kernels->direct({p.m, end - begin, p.k, a.data, a.row_stride, a.col_stride, b.data + begin * size, b.row_stride,
                       c + begin * size, p.n});
  });
}

// A task packs what it reads of A and B for itself, so that more tasks than threads must be large ones.
int64_t blas_tasks(double work) {
  const int64_t threads = in_parallel_region() ? 1 : get_num_threads();
  if (threads == 1 || work < 2 * kTaskWork) return 1;
  const double each = work / double(threads);
  if (each < kTaskWork) return int64_t(work / kTaskWork);
  return threads * std::clamp<int64_t>(int64_t(each / kBalanceWork), 1, 4);
}

struct Grid {
  int64_t row_blocks, col_blocks;
};

// Divides C into at most `tasks` blocks, as square as can be.
Grid grid_of(int64_t tasks, int64_t m, int64_t n) {
  Grid best{1, 1};
  double best_cost = 0;
  for (int64_t rows = 1; rows <= tasks; ++rows) {
    const int64_t cols = tasks / rows;
    if (rows > m || cols > n) continue;
    // What a task does, and what it reads, which counts for little.
    const double height = double((m + rows - 1) / rows), width = double((n + cols - 1) / cols);
    const double cost = height * width + 8 * (height + width);
    if (best_cost == 0 || cost < best_cost) {
      best_cost = cost;
      best = {rows, cols};
    }
  }
  return best;
}

// Whether BLAS can read the matrix, and how.
bool blas_layout(int64_t rows, int64_t cols, const Matrix& a, int64_t& leading, bool& transposed) {
  constexpr int64_t kMost = 0x7fffffff;
  transposed = !(a.col_stride == 1 || cols == 1) || (rows == 1 && cols > 1 && a.col_stride != 1);
  if (!transposed) {
    leading = rows == 1 ? std::max<int64_t>(cols, 1) : a.row_stride;
    return leading >= cols && leading <= kMost;
  }
  leading = cols == 1 ? rows : a.col_stride;
  return (a.row_stride == 1 || rows == 1) && leading >= rows && leading <= kMost;
}

// The upper triangle from the lower one.
void mirror(int itemsize, int64_t n, char* c) {
  constexpr int64_t kBlock = 64;
  const auto run = [&]<class T>(T) {
    T* out = reinterpret_cast<T*>(c);
    const int64_t blocks = (n + kBlock - 1) / kBlock;
    parallel_for(blocks, grain_of(kVectorTaskWork, double(n * kBlock)), [&](int64_t begin, int64_t end) {
      for (int64_t i0 = begin * kBlock; i0 < end * kBlock && i0 < n; i0 += kBlock) {
        for (int64_t j0 = i0; j0 < n; j0 += kBlock) {
          for (int64_t i = i0; i < std::min(n, i0 + kBlock); ++i) {
            for (int64_t j = std::max(i + 1, j0); j < std::min(n, j0 + kBlock); ++j) out[i * n + j] = out[j * n + i];
          }
        }
      }
    });
  };
  switch (itemsize) {
    case 4:
      return run(uint32_t{});
    case 8:
      return run(uint64_t{});
    default:
      return run(Bytes16{});
  }
}

// C = A times its own transpose, of which BLAS computes a half. Tasks are blocks of that half; those on the diagonal
// are half as large as the others.
void blas_gram(const BlasLibrary& blas, const Problem& p, double work, Matrix a, const BlasGemmArgs& layout, char* c) {
  const int64_t size = p.kernels->itemsize;
  const auto triangle = [&](int64_t first, int64_t rows) {
    blas_syrk(blas, p.dtype,
              {rows, p.k, a.data + first * a.row_stride * size, layout.lda, layout.a_transposed,
               c + first * (p.n + 1) * size, p.n});
  };
  std::optional<BlasThreads> threads;
  if (work / 2 >= kTeamWork) threads.emplace();
  const int64_t tasks = threads && threads->active() ? 1 : blas_tasks(work / 2);
  int64_t blocks = 1;
  while (blocks * (blocks + 1) / 2 < tasks) ++blocks;
  if (blocks == 1) {
    triangle(0, p.n);
  } else {
    const int64_t height = round_up((p.n + blocks - 1) / blocks, 16), pairs = blocks * (blocks - 1) / 2;
    parallel_for(pairs + blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        int64_t i = 1, j = task;  // the larger ones first: row i has i blocks left of the diagonal
        for (; i < blocks && j >= i; ++i) j -= i;
        if (task >= pairs) i = j = task - pairs;
        const int64_t row = i * height, col = j * height;
        if (row >= p.n) continue;
        const int64_t rows = std::min(height, p.n - row);
        if (i == j) {
          triangle(row, rows);
          continue;
        }
        BlasGemmArgs block = layout;
        block.m = rows;
        block.n = height;
        block.a = a.data + row * a.row_stride * size;
        block.b = a.data + col * a.row_stride * size;
        block.ldb = layout.lda;
        block.b_transposed = !layout.a_transposed;
        block.c = c + (row * p.n + col) * size;
        blas_gemm(blas, p.dtype, block);
      }
    });
  }
  threads.reset();
  mirror(int(size), p.n, c);
}

void blas_matmul(const BlasLibrary& blas, const Problem& p, double work, Matrix a, Matrix b, char* c) {
  const int64_t size = p.kernels->itemsize;
  BlasGemmArgs args{.m = 0,
                    .n = 0,
                    .k = p.k,
                    .a = nullptr,
                    .lda = 0,
                    .a_transposed = false,
                    .b = nullptr,
                    .ldb = 0,
                    .b_transposed = false,
                    .c = nullptr,
                    .ldc = p.n};
  if (!blas_layout(p.m, p.k, a, args.lda, args.a_transposed)) {
    Scratch copy(p.m, p.k, size);
    copy_matrix_parallel(int(size), p.m, p.k, a, copy.data());
    return blas_matmul(blas, p, work, {copy.data(), p.k, 1}, b, c);
  }
  if (!blas_layout(p.k, p.n, b, args.ldb, args.b_transposed)) {
    Scratch copy(p.k, p.n, size);
    copy_matrix_parallel(int(size), p.k, p.n, b, copy.data());
    return blas_matmul(blas, p, work, a, {copy.data(), p.n, 1}, c);
  }
  const bool own_transpose =
      p.m == p.n && a.data == b.data && a.row_stride == b.col_stride && a.col_stride == b.row_stride;
  if (own_transpose) return blas_gram(blas, p, work, a, args, c);
  if (work >= kTeamWork) {
    const BlasThreads threads;
    if (threads.active()) {
      args.m = p.m;
      args.n = p.n;
      args.a = a.data;
      args.b = b.data;
      args.c = c;
      return blas_gemm(blas, p.dtype, args);
    }
  }
  const Grid grid = grid_of(blas_tasks(work), p.m, p.n);
  const int64_t height = round_up((p.m + grid.row_blocks - 1) / grid.row_blocks, 16);
  const int64_t width = round_up((p.n + grid.col_blocks - 1) / grid.col_blocks, 16);
  parallel_for(grid.row_blocks * grid.col_blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t i = task / grid.col_blocks * height, j = task % grid.col_blocks * width;
      if (i >= p.m || j >= p.n) continue;
      BlasGemmArgs block = args;
      block.m = std::min(height, p.m - i);
      block.n = std::min(width, p.n - j);
      block.a = a.data + i * a.row_stride * size;
      block.b = b.data + j * b.col_stride * size;
      block.c = c + (i * p.n + j) * size;
      blas_gemm(blas, p.dtype, block);
    }
  });
}

// Our own: for integers and bool, and where there is no BLAS. A and B are packed in pieces of `depth` columns and rows;
// tasks are blocks of C.
void packed_matmul(const Problem& p, Matrix a, Matrix b, char* c) {
  const GemmKernels& kernels = *p.kernels;
  const int64_t size = kernels.itemsize, a_size = kernels.packed_a_itemsize, b_size = kernels.packed_b_itemsize;
  const int64_t tile_rows = kernels.tile_rows, tile_cols = kernels.tile_cols;
  const int64_t depth = std::min(p.k, std::clamp<int64_t>(kPanelBytes / (tile_cols * b_size), 64, 512));
  const int64_t most_rows = std::min(p.m, round_up(kMaxSuperBlock, tile_rows));
  const int64_t most_cols = std::min(p.n, round_up(kMaxSuperBlock, tile_cols));
  Scratch packed_a(round_up(most_rows, tile_rows), depth, a_size);
  Scratch packed_b(round_up(most_cols, tile_cols), depth, b_size);
  const int64_t block_rows = round_up(std::clamp<int64_t>(kBlockBytes / (depth * a_size), 1, most_rows), tile_rows);
  const int64_t block_cols = round_up(std::min<int64_t>(512, most_cols), tile_cols);

  const auto multiply_piece = [&](int64_t i0, int64_t rows, int64_t j0, int64_t cols, int64_t p0, int64_t count) {
    const int64_t row_blocks = (rows + block_rows - 1) / block_rows, col_blocks = (cols + block_cols - 1) / block_cols;
    parallel_for(row_blocks * col_blocks, grain_of(kTaskWork, double(block_rows * block_cols) * double(count)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t task = begin; task < end; ++task) {
                     const int64_t i = task % row_blocks * block_rows, j = task / row_blocks * block_cols;
                     kernels.tiles(std::min(block_rows, rows - i), std::min(block_cols, cols - j), count,
                                   packed_a.data() + i * count * a_size, packed_b.data() + j * count * b_size,
                                   c + ((i0 + i) * p.n + j0 + j) * size, p.n, p0 > 0);
                   }
                 });
  };
  for (int64_t j0 = 0; j0 < p.n; j0 += most_cols) {
    const int64_t cols = std::min(most_cols, p.n - j0);
    for (int64_t p0 = 0; p0 < p.k; p0 += depth) {
      const int64_t count = std::min(depth, p.k - p0);
      const int64_t pack_grain = grain_of(kVectorTaskWork, double(count) * 16);
      parallel_for((cols + tile_cols - 1) / tile_cols, pack_grain, [&](int64_t begin, int64_t end) {
        const int64_t j = begin * tile_cols;
        kernels.pack_b(count, std::min(end * tile_cols, cols) - j,
                       b.data + (p0 * b.row_stride + (j0 + j) * b.col_stride) * size, b.row_stride, b.col_stride,
                       packed_b.data() + j * count * b_size);
      });
      for (int64_t i0 = 0; i0 < p.m; i0 += most_rows) {
        const int64_t rows = std::min(most_rows, p.m - i0);
        parallel_for((rows + tile_rows - 1) / tile_rows, pack_grain, [&](int64_t begin, int64_t end) {
          const int64_t i = begin * tile_rows;
          kernels.pack_a(std::min(end * tile_rows, rows) - i, count,
                         a.data + ((i0 + i) * a.row_stride + p0 * a.col_stride) * size, a.row_stride, a.col_stride,
                         packed_a.data() + i * count * a_size);
        });
        multiply_piece(i0, rows, j0, cols, p0, count);
      }
    }
  }
}

void multiply(const Problem& problem, Matrix a, Matrix b, char* c);

using Widen = void (*)(int64_t, const uint16_t*, int64_t, float*);
using Narrow = void (*)(int64_t, const float*, uint16_t*);
constexpr PerIsa<Widen> kWidenHalf = TNP_PER_ISA(widen_half), kWidenBfloat = TNP_PER_ISA(widen_bfloat);
constexpr PerIsa<Narrow> kNarrowHalf = TNP_PER_ISA(narrow_half), kNarrowBfloat = TNP_PER_ISA(narrow_bfloat);

void widen_matrix(Widen widen, int64_t rows, int64_t cols, Matrix from, float* to) {
  parallel_for(rows, grain_of(kVectorTaskWork, double(cols)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      widen(cols, reinterpret_cast<const uint16_t*>(from.data) + i * from.row_stride, from.col_stride, to + i * cols);
  });
}

// float16 and bfloat16, by way of float32. Rows of the copies run along the smaller stride.
void multiply_half(const Problem& p, Matrix a, Matrix b, char* c) {
  const bool half = p.dtype == DType::float16;
  const Widen widen = (half ? kWidenHalf : kWidenBfloat).get();
  const auto copy = [&](int64_t rows, int64_t cols, Matrix from, char* to) -> Matrix {
    auto* floats = reinterpret_cast<float*>(to);
    if (std::abs(from.col_stride) <= std::abs(from.row_stride)) {
      widen_matrix(widen, rows, cols, from, floats);
      return {to, cols, 1};
    }
    widen_matrix(widen, cols, rows, {from.data, from.col_stride, from.row_stride}, floats);
    return {to, 1, rows};
  };
  Scratch a_copy(p.m, p.k, sizeof(float)), b_copy(p.k, p.n, sizeof(float)), c_copy(p.m, p.n, sizeof(float));
  const Problem wide{DType::float32, kernels_of(DType::float32), p.m, p.n, p.k};
  multiply(wide, copy(p.m, p.k, a, a_copy.data()), copy(p.k, p.n, b, b_copy.data()), c_copy.data());
  const Narrow narrow = (half ? kNarrowHalf : kNarrowBfloat).get();
  parallel_for(p.m * p.n, kVectorTaskWork, [&](int64_t begin, int64_t end) {
    narrow(end - begin, reinterpret_cast<const float*>(c_copy.data()) + begin, reinterpret_cast<uint16_t*>(c) + begin);
  });
}

// Whether a vector is better multiplied by a function for vectors.
bool is_vector_product(const Problem& p, double work, const Matrix& b) {
  if (p.n == 1) return work > kScalarDotWork;
  return p.m == 1 && (work > kRowVectorDirectWork || (b.col_stride != 1 && work > kScalarDotWork));
}

// m, n, k > 0.
void multiply(const Problem& p, Matrix a, Matrix b, char* c) {
  if (p.kernels == nullptr) return multiply_half(p, a, b, c);
  // The stride of a dimension of one element is of no meaning: let it not hide a simple layout.
  if (p.n == 1) b.col_stride = 1;
  if (p.k == 1) a.col_stride = 1;
  const double work = p.work();
  if (is_vector_product(p, work, b)) {
    if (p.n == 1) return matrix_times_vector(*p.kernels, p.m, p.k, a, b.data, b.row_stride, c);
    return matrix_times_vector(*p.kernels, p.n, p.k, {b.data, b.col_stride, b.row_stride}, a.data, a.col_stride, c);
  }
  if (fits_direct(p, work, b)) return direct(p, work, a, b, c);
  const bool sizes_fit = std::max({p.m, p.n, p.k}) <= 0x7fffffff;
  const BlasLibrary* blas = sizes_fit ? blas_for(p.dtype) : nullptr;
  if (blas != nullptr) return blas_matmul(*blas, p, work, a, b, c);
  packed_matmul(p, a, b, c);
}

Problem checked_problem(DType dtype, int64_t m, int64_t n, int64_t k) {
  if (!is_numeric(dtype)) throw TypeError("matmul: " + std::string(name(dtype)) + " elements cannot be multiplied");
  if (m < 0 || n < 0 || k < 0)
    throw ValueError("matmul: sizes must not be negative, but m, n, k are " + std::to_string(m) + ", " +
                     std::to_string(n) + ", " + std::to_string(k));
  return {dtype, kernels_of(dtype), m, n, k};
}

// --- batches --------------------------------------------------------------------------------------------------------

struct Batch {
  struct Dim {
    int64_t size, a_stride, b_stride;
  };
  static constexpr int kMaxRank = 64;
  Dim dims[kMaxRank];
  int rank = 0;
  int64_t count = 1;

  // Dimensions of one matrix vanish, those that lie in memory like one become one.
  void append(Dim dim) {
    count *= dim.size;
    if (dim.size == 1) return;
    if (rank > 0) {
      Dim& outer = dims[rank - 1];
      if (outer.a_stride == dim.a_stride * dim.size && outer.b_stride == dim.b_stride * dim.size) {
        outer = {outer.size * dim.size, dim.a_stride, dim.b_stride};
        return;
      }
    }
    if (rank == kMaxRank) throw ValueError("matmul: too many batch dimensions");
    dims[rank++] = dim;
  }

  void offsets(int64_t index, int64_t& a, int64_t& b) const {
    a = b = 0;
    for (int d = rank - 1; d > 0; --d) {
      a += index % dims[d].size * dims[d].a_stride;
      b += index % dims[d].size * dims[d].b_stride;
      index /= dims[d].size;
    }
    if (rank > 0) {
      a += index * dims[0].a_stride;
      b += index * dims[0].b_stride;
    }
  }
};

// A stack of A times one B is one product of a taller A, if A's rows go on evenly from matrix to matrix.
void fold_batch_into_rows(Problem& p, Matrix& a, Batch& batch) {
  while (batch.rank > 0) {
    const Batch::Dim inner = batch.dims[batch.rank - 1];
    if (inner.b_stride != 0 || (p.m > 1 && inner.a_stride != p.m * a.row_stride)) return;
    if (p.m == 1) a.row_stride = inner.a_stride;
    p.m *= inner.size;
    batch.count /= inner.size;
    --batch.rank;
  }
}

// Products begin … end - 1 of the batch by the kernel for many small ones; false where that does not serve.
bool multiply_small(const Problem& p, Matrix a, Matrix b, const Batch& batch, int64_t begin, int64_t end, char* c) {
  if (p.kernels == nullptr) return false;
  if (p.n == 1) b.col_stride = 1;
  if (p.k == 1) a.col_stride = 1;
  const double work = p.work();
  const int64_t size = p.kernels->itemsize;
  if (work >= 2 * kTaskWork || is_vector_product(p, work, b) || !fits_direct(p, work, b)) return false;
  if (b.col_stride != 1 && p.k * p.n * size > kPackedBytes) return false;
  const Batch::Dim inner = batch.dims[batch.rank - 1];
  while (begin < end) {
    int64_t a_offset, b_offset;
    batch.offsets(begin, a_offset, b_offset);
    const int64_t count = std::min(end - begin, inner.size - begin % inner.size);
    const DirectArgs first{p.m,
                           p.n,
                           p.k,
                           a.data + a_offset * size,
                           a.row_stride,
                           a.col_stride,
                           b.data + b_offset * size,
                           b.row_stride,
                           c + begin * p.m * p.n * size,
                           p.n};
    p.kernels->direct_batch({first, b.col_stride, count, inner.a_stride, inner.b_stride});
    begin += count;
  }
  return true;
}

void multiply_batch(Problem p, Matrix a, Matrix b, Batch& batch, char* c) {
  const int64_t size = itemsize(p.dtype);
  if (batch.count == 0 || p.m == 0 || p.n == 0) return;
  if (p.k == 0) {
    std::memset(c, 0, size_t(batch.count * p.m * p.n * size));
    return;
  }
  fold_batch_into_rows(p, a, batch);
  if (batch.rank == 0) return multiply(p, a, b, c);
  const auto run = [&](int64_t begin, int64_t end) {
    if (multiply_small(p, a, b, batch, begin, end, c)) return;
    for (int64_t i = begin; i < end; ++i) {
      int64_t a_offset, b_offset;
      batch.offsets(i, a_offset, b_offset);
      multiply(p, {a.data + a_offset * size, a.row_stride, a.col_stride},
               {b.data + b_offset * size, b.row_stride, b.col_stride}, c + i * p.m * p.n * size);
    }
  };
  // Few large products: each uses all threads. Otherwise a thread computes whole products.
  const double work = std::max(p.work(), 16.0);
  const bool few = batch.count < 2 * int64_t(get_num_threads()) && work >= 2 * kTaskWork;
  if (few) return run(0, batch.count);
  const double vector_like = p.m == 1 || p.n == 1 ? double(kVectorTaskWork) : kTaskWork / 4;
  parallel_for(batch.count, grain_of(vector_like, work), run);
}

}  // namespace

void gemm(DType dtype, int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride,
          const void* b, int64_t b_row_stride, int64_t b_col_stride, void* c) {
  const Problem problem = checked_problem(dtype, m, n, k);
  if (m == 0 || n == 0) return;
  if (k == 0) {
    std::memset(c, 0, size_t(m * n * itemsize(dtype)));
    return;
  }
  multiply(problem, {static_cast<const char*>(a), a_row_stride, a_col_stride},
           {static_cast<const char*>(b), b_row_stride, b_col_stride}, static_cast<char*>(c));
}

void gemm_batched(DType dtype, int64_t batch, int64_t m, int64_t n, int64_t k, const GemmStack& a, const GemmStack& b,
                  void* c) {
  gemm_batched(dtype, 1, &batch, m, n, k, a.data, &a.batch_stride, a.row_stride, a.col_stride, b.data, &b.batch_stride,
               b.row_stride, b.col_stride, c);
}

void gemm_batched(DType dtype, int batch_rank, const int64_t* batch_shape, int64_t m, int64_t n, int64_t k,
                  const void* a, const int64_t* a_batch_strides, int64_t a_row_stride, int64_t a_col_stride,
                  const void* b, const int64_t* b_batch_strides, int64_t b_row_stride, int64_t b_col_stride, void* c) {
  const Problem problem = checked_problem(dtype, m, n, k);
  Batch batch;
  for (int d = 0; d < batch_rank; ++d) {
    if (batch_shape[d] < 0) throw ValueError("matmul: a batch dimension is negative");
    batch.append({batch_shape[d], a_batch_strides[d], b_batch_strides[d]});
  }
  multiply_batch(problem, {static_cast<const char*>(a), a_row_stride, a_col_stride},
                 {static_cast<const char*>(b), b_row_stride, b_col_stride}, batch, static_cast<char*>(c));
}

std::optional<SmallGemm> SmallGemm::of(DType dtype, int64_t m, int64_t n, int64_t k, int64_t a_row_stride,
                                       int64_t a_col_stride, int64_t b_row_stride, int64_t b_col_stride) {
  if (!is_numeric(dtype) || kernels_of(dtype) == nullptr || m < 1 || n < 1 || k < 2) return std::nullopt;
  const Problem p{dtype, kernels_of(dtype), m, n, k};
  const double work = p.work();
  if (n == 1) b_col_stride = 1;
  SmallGemm product{dtype, m, n, k, a_row_stride, a_col_stride, b_row_stride};
  if (is_vector_product(p, work, {nullptr, b_row_stride, b_col_stride})) {
    product.by_rows_ = true;
    const bool simple = n == 1 && m >= 4 && work < 2 * kVectorTaskWork && a_col_stride == 1 && b_row_stride == 1;
    return simple ? std::optional(product) : std::nullopt;
  }
  const bool simple = b_col_stride == 1 && work < 2 * kTaskWork && fits_direct(p, work, {nullptr, b_row_stride, 1});
  return simple ? std::optional(product) : std::nullopt;
}

void SmallGemm::operator()(const void* a, const void* b, void* c) const {
  const GemmKernels& kernels = *kernels_of(dtype_);
  if (by_rows_) return kernels.dot_rows(m_, k_, a, a_row_stride_, b, c);
  kernels.direct({m_, n_, k_, a, a_row_stride_, a_col_stride_, b, b_row_stride_, c, n_});
}

bool has_conjugated_dots(DType dtype, int64_t k) { return is_complex(dtype) && double(k) > kScalarDotWork; }

void conjugated_dots(DType dtype, int batch_rank, const int64_t* batch_shape, int64_t k, const void* x,
                     const int64_t* x_batch_strides, int64_t x_stride, const void* y, const int64_t* y_batch_strides,
                     int64_t y_stride, void* out) {
  const GemmKernels& kernels = *kernels_of(dtype);
  Batch batch;
  for (int d = 0; d < batch_rank; ++d) batch.append({batch_shape[d], x_batch_strides[d], y_batch_strides[d]});
  parallel_for(batch.count, grain_of(kVectorTaskWork, double(k)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t x_offset, y_offset;
      batch.offsets(i, x_offset, y_offset);
      dot_parallel(kernels, k, static_cast<const char*>(x) + x_offset * kernels.itemsize, x_stride,
                   static_cast<const char*>(y) + y_offset * kernels.itemsize, y_stride,
                   static_cast<char*>(out) + i * kernels.itemsize, true);
    }
  });
}

}  // namespace tnp

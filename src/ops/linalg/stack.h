// Stacks of matrices for LAPACK, which wants columns one after the other, while arrays have rows.
#pragma once

#include <cstring>
#include <optional>

#include "base/dim.h"
#include "ops/batching.h"
#include "ops/common.h"
#include "ops/linalg/lapack.h"
#include "ops/linalg/linalg.h"
#include "ops/linalg/small_lu.h"
#include "ops/matmul/blas.h"
#include "runtime/allocator.h"
#include "runtime/threads.h"
#include "tnp/linalg.h"
#include "tnp/manipulation.h"

namespace tnp {

// --- shapes and types

inline Shape leading(const Shape& s, int kept = 2) {
  Shape out = s;
  out.resize(s.ndim() - kept);
  return out;
}
inline Dim rows_of(const Shape& s) { return s[s.ndim() - 2]; }
inline Dim columns_of(const Shape& s) { return s[s.ndim() - 1]; }
inline Shape with_tail(Shape lead, std::initializer_list<Dim> tail) {
  for (Dim d : tail) lead.push_back(d);
  return lead;
}

// LinAlgError where x is no stack of matrices, or not of square ones; TypeError for a type that LAPACK has not.
void check_matrices(const Call& call, int input, bool square);

// --- memory

// Memory for the time of a call, not initialised.
template <class T>
class Work {
 public:
  explicit Work(std::int64_t n) : buffer_(Buffer::allocate(static_cast<std::size_t>(n > 0 ? n : 1) * sizeof(T))) {}
  ~Work() { buffer_->release(); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  T* data() { return static_cast<T*>(buffer_->data); }
  operator T*() { return data(); }

 private:
  Buffer* buffer_;
};

// The size that a call asking for `lwork = -1` answered with.
template <class T>
int work_size(T answer) {
  const double n = static_cast<double>(std::real(answer));
  if (n > 2147483647.0) throw MemoryError("linear algebra: the matrix is too large for LAPACK's work space");
  return n < 1 ? 1 : static_cast<int>(n);
}

// A size as LAPACK counts.
int lapack_int(std::int64_t n);

// to[j * rows + i] = from[i * row_stride + j * column_stride]
template <class T>
void load_columns(std::int64_t rows, std::int64_t columns, const T* from, std::int64_t row_stride,
                  std::int64_t column_stride, T* to, std::int64_t ld = -1) {
  if (ld < 0) ld = rows;
  constexpr std::int64_t kBlock = 16;  // a square of cache lines
  const auto copy = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t j0 = first * kBlock; j0 < std::min(columns, last * kBlock); j0 += kBlock) {
      const std::int64_t j1 = std::min(columns, j0 + kBlock);
      for (std::int64_t i0 = 0; i0 < rows; i0 += kBlock) {
        const std::int64_t i1 = std::min(rows, i0 + kBlock);
        for (std::int64_t j = j0; j < j1; ++j) {
          for (std::int64_t i = i0; i < i1; ++i) to[j * ld + i] = from[i * row_stride + j * column_stride];
        }
      }
    }
  };
  const std::int64_t blocks = (columns + kBlock - 1) / kBlock;
  parallel_for(blocks, std::max<std::int64_t>(1, 65536 / (kBlock * std::max<std::int64_t>(rows, 1))), copy);
}
// Columns of `ld` elements each to a row-major matrix.
template <class T>
void store_rows(std::int64_t rows, std::int64_t columns, const T* from, std::int64_t ld, T* to) {
  load_columns(columns, rows, from, ld, 1, to);
}

// The matrices of an array, its leading axes broadcast to those of a result.
template <class T>
class MatrixStack {
 public:
  MatrixStack(const Array& x, const Shape& lead) : data_(x.data()), lead_(lead) {
    const int n = x.ndim();
    rows = x.shape()[n - 2];
    columns = x.shape()[n - 1];
    row_stride = x.strides()[n - 2] / static_cast<std::int64_t>(sizeof(T));
    column_stride = x.strides()[n - 1] / static_cast<std::int64_t>(sizeof(T));
    strides_ = Strides(lead.ndim(), 0);
    const int skipped = lead.ndim() - (n - 2);
    for (int i = 0; i < n - 2; ++i) {
      if (x.shape()[i] != 1) strides_[skipped + i] = x.strides()[i];
    }
  }
  const T* at(std::int64_t index) const {
    const std::byte* p = data_;
    for (int d = lead_.ndim() - 1; d >= 0; --d) {
      p += index % lead_[d] * strides_[d];
      index /= lead_[d];
    }
    return reinterpret_cast<const T*>(p);
  }
  // In columns, one after the other.
  void load(std::int64_t index, T* to, std::int64_t ld = -1) const {
    load_columns(rows, columns, at(index), row_stride, column_stride, to, ld);
  }
  std::int64_t rows, columns, row_stride, column_stride;

 private:
  const std::byte* data_;
  Shape lead_;
  Strides strides_;
};

// --- LU factors

// getrf of a square matrix in columns; what it tells of singular ones.
template <class T>
int factor_lu(int n, T* a, int* pivots) {
  if constexpr (std::is_floating_point_v<T>) {
    if (is_small_lu<T>(n)) return small_getrf(n, a, pivots);
  }
  int info = 0;
  lapack<T>().getrf(&n, &n, a, &n, pivots, &info);
  return info;
}
// getrs of these factors, for some columns in place; `trans` as LAPACK's.
template <class T>
void solve_lu(char trans, int n, std::int64_t columns, T* lu, int* pivots, T* b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (is_small_lu<T>(n)) return small_getrs(trans != 'N', n, columns, lu, pivots, b);
  }
  const int k = lapack_int(columns);
  int info = 0;
  lapack<T>().getrs(&trans, &n, &k, lu, &n, pivots, b, &n, &info, 1);
}

// --- threads

// Operations on one matrix from which on OpenBLAS is given several threads (docs/decisions/lapack.md).
inline constexpr double kThreadedLapack = 2e8;

// Calls body(begin, end) for the matrices of a stack. Many are shared out among the threads, OpenBLAS working on one
// thread in each; a large one alone is worked on by several.
template <class F>
void for_matrices(std::int64_t count, double operations, F&& body, double threaded = kThreadedLapack) {
  constexpr double kTask = 2e5;  // operations that are worth a task
  if (count < get_num_threads() && operations >= threaded && !in_parallel_region()) {
    const BlasThreads threads;
    body(std::int64_t{0}, count);
    return;
  }
  parallel_for(count, std::max<std::int64_t>(1, static_cast<std::int64_t>(kTask / (operations + 1))), body);
}

// --- matrices in derivatives and batches

inline Array adjoint(const Array& x) { return matrix_transpose(conjugate_if_complex(x)); }
// Real where the input is: what of a cotangent belongs to it.
Array as_cotangent(const Array& ct, const Array& x);
// The result of an operation of one array whose leading axes are any.
void batch_leading(BatchCall& b);
// y with the diagonal scaled by this.
Array scale_diagonal(const Array& y, double factor);
Array identity_like(const Array& x, Dim n);
Array diagonal_matrix(const Array& d);  // (…, n) → (…, n, n)
Array cotangent_or_zeros(const VjpCall& v, int output);

}  // namespace tnp

// The kernels that sorting is made of. All sort signed integers, the keys: `to_keys` maps the numbers of each type to
// integers in the same order, with NaN as the greatest.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

// The ranks that a selection needs in their places: the k-th smallest of the whole row at place k. None: all.
struct Ranks {
  const int64_t* begin = nullptr;  // ascending
  const int64_t* end = nullptr;
};

// What maps to keys: -0.0 before 0.0, or both alike (for the order of indices, in which equal elements stay in order).
enum class Zeros : uint8_t { apart, alike };

inline constexpr int kSplitters = 31;
inline constexpr int kBuckets = kSplitters + 1;

inline constexpr int64_t kMostColumnRows = 64;

template <class K>
struct KeyKernels {
  // keys[i] = the key of element i of this type. Descending: the complement. Types of 8 bytes have keys of 64 bits, the
  // others of 32.
  void (*to_keys)(DType type, const void* in, int64_t n, Zeros zeros, bool descending, K* keys);
  void (*from_keys)(DType type, const K* keys, int64_t n, bool descending, void* out);  // in place where sizes agree
  // Sorts p, which holds the elements `first` … `first + n - 1` of its row, as far as `ranks` need it. Needs room for n
  // keys and 64 bytes more.
  void (*sort)(K* p, int64_t n, K* room, int64_t first, Ranks ranks);
  // bucket[i] = how many of kSplitters ascending splitters key i is not below.
  void (*classify)(const K* keys, int64_t n, const K* splitters, uint8_t* bucket);
  // Sorts the columns of a matrix of n (at most kMostColumnRows) rows that are `row_bytes` apart in both.
  void (*sort_columns)(DType type, const char* in, int64_t n, int64_t columns, int64_t row_bytes, bool descending,
                       char* out);
};

#define TNP_DECLARE_SORT_KERNELS(ISA)         \
  namespace ISA {                             \
  const KeyKernels<int32_t>* key_kernels32(); \
  const KeyKernels<int64_t>* key_kernels64(); \
  }
TNP_DECLARE_SORT_KERNELS(baseline)
TNP_DECLARE_SORT_KERNELS(avx2)
TNP_DECLARE_SORT_KERNELS(avx512)
#undef TNP_DECLARE_SORT_KERNELS

}  // namespace tnp

// Reductions of strided arrays over any set of axes.
#pragma once

#include <cstdint>
#include <optional>

#include "base/view.h"

namespace tnp {

struct OpDef;

enum class ReduceOp : uint8_t { sum, prod, min, max, all, any, argmin, argmax };

// Which of them a primitive is; none for other operations.
std::optional<ReduceOp> reduce_op_of(const OpDef& op);

// Reduces `in` over the axes whose bit is set in `reduced_axes` (bit i: axis i) into `out`.
//
// Of `out` only `data` and `dtype` are read: the results lie there contiguously, row-major over the axes that are kept,
// which is the memory of a contiguous array with or without kept dimensions of size 1. It must not overlap `in`.
//
// dtypes: sum, prod, min, max: any pair; elements are converted to `out.dtype` first, as astype does (so int32 -> int64
//         sums do not wrap and bool counts). float16 and bfloat16 sums and products are accumulated in float32 and
//         rounded once at the end. all, any: out.dtype is bool_; NaN is true. argmin, argmax: out.dtype is int64; the
//         index counts the reduced axes in row-major order (one axis: the index along it; all: the flattened index).
// NaN:    min and max give NaN where any element is NaN; argmin and argmax the first NaN's index. Complex numbers are
//         ordered by real part, then imaginary part, and are NaN when either part is.
// Empty:  sum 0, prod 1, all true, any false; min, max, argmin, argmax of no elements are the caller's to refuse.
// Sums:   pairwise, and the same for any number of threads.
void reduce(ReduceOp op, const StridedView& in, uint64_t reduced_axes, const StridedView& out);

// Reduces parts of a vector, sum to max: part k from starts[k] to starts[k + 1] (the last one to the end), or
// one element where that is not behind it, into element k of `out`, contiguous and of in.dtype. All parts lie within.
void reduce_parts(ReduceOp op, const StridedView& in, const int64_t* starts, int64_t count, void* out);

// Whether sums down the columns of a contiguous matrix are made of leaves of 8 rows, one after the other.
bool sums_columns_by_leaves(int64_t rows, int64_t cols, DType type);

}  // namespace tnp

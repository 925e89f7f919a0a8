// Sorting of rows of numbers that lie next to each other, on several threads where that pays.
#pragma once

#include "ops/sort/sort_kernels.h"

namespace tnp {

// out = each row of n numbers in ascending order, NaN last (complex numbers: by real, then imaginary part); or in
// descending order, NaN first. With ranks, only the elements of these ranks are in their places, those before them are
// not greater, those behind them not less.
void sort_rows(DType type, const void* in, int64_t rows, int64_t n, bool descending, Ranks ranks, void* out);

// Whether `sort_columns` sorts such columns, and is quicker than `sort_rows` of transposed ones.
bool can_sort_columns(DType type, int64_t n, int64_t columns);
// out = the columns of each of so many matrices of n rows in that order.
void sort_columns(DType type, const void* in, int64_t matrices, int64_t n, int64_t columns, bool descending, void* out);

// out = the places of the elements of each row in that order; equal ones in the order in which they are.
void argsort_rows(DType type, const void* in, int64_t rows, int64_t n, bool descending, int64_t* out);

// out = the order of the rows of a matrix of n rows by their first elements, then by their second ones, …
void order_of_rows(DType type, const void* matrix, int64_t n, int64_t columns, int64_t* out);

}  // namespace tnp

#include "ops/reduce/reduce_nest.h"

#include <cstdlib>

#include "ops/elementwise/cast.h"

namespace tnp {

namespace {

// Where the dimension belongs in descending order of strides.
void insert_sorted(DimList& dims, int64_t n, int64_t stride, int64_t out_stride) {
  dims.push(n, stride, out_stride);
  for (int i = dims.count - 1; i > 0 && dims.strides[i - 1] < stride; i--) {
    dims.shape[i] = dims.shape[i - 1];
    dims.strides[i] = dims.strides[i - 1];
    dims.out_strides[i] = dims.out_strides[i - 1];
    dims.shape[i - 1] = n;
    dims.strides[i - 1] = stride;
    dims.out_strides[i - 1] = out_stride;
  }
}

void merge_neighbours(DimList& dims) {
  if (dims.count < 2) return;
  int last = 0;
  for (int i = 1; i < dims.count; i++) {
    const int64_t n = dims.shape[i];
    if (dims.strides[last] == dims.strides[i] * n && dims.out_strides[last] == dims.out_strides[i] * n) {
      dims.shape[last] *= n;
    } else {
      last++;
      dims.shape[last] = n;
    }
    dims.strides[last] = dims.strides[i];
    dims.out_strides[last] = dims.out_strides[i];
  }
  dims.count = last + 1;
}

}  // namespace

void DimList::push(int64_t n, int64_t stride, int64_t out_stride) {
  shape[count] = n;
  strides[count] = stride;
  out_strides[count] = out_stride;
  count++;
}

void make_nest(const StridedView& in, uint64_t reduced_axes, bool keep_order, ReduceNest& nest) {
  nest.data = static_cast<const char*>(in.data);
  int64_t out_strides[kMaxReduceDims];
  int64_t out_stride = 1;
  for (int i = in.ndim - 1; i >= 0; i--) {
    out_strides[i] = out_stride;
    if (((reduced_axes >> i) & 1) == 0) out_stride *= in.shape[i];
  }
  for (int i = 0; i < in.ndim; i++) {
    const int64_t n = in.shape[i];
    int64_t stride = in.strides[i], out = out_strides[i];
    if (n == 1) continue;
    const bool is_reduced = ((reduced_axes >> i) & 1) != 0;
    if (is_reduced && keep_order) {
      nest.reduced.push(n, stride, 0);
      continue;
    }
    if (stride < 0) {
      nest.data += stride * (n - 1);
      stride = -stride;
      if (!is_reduced) {
        nest.out_offset += out * (n - 1);
        out = -out;
      }
    }
    if (is_reduced) {
      insert_sorted(nest.reduced, n, stride, 0);
    } else if (stride == 0) {
      nest.repeated.push(n, 0, out);
    } else {
      insert_sorted(nest.kept, n, stride, out);
    }
  }
  merge_neighbours(nest.kept);
  merge_neighbours(nest.reduced);
  if (nest.reduced.count == 0) nest.reduced.push(1, itemsize(in.dtype), 0);

  int64_t expected = 1;
  for (int i = nest.kept.count - 1; i >= 0; i--) {
    if (nest.kept.out_strides[i] != expected) nest.in_order = false;
    expected *= nest.kept.shape[i];
  }
  if (nest.repeated.count != 0) nest.in_order = false;
}

void write_results(const ReduceNest& nest, const void* results, DType dtype, const StridedView& out) {
  const int64_t from_bytes = itemsize(dtype), to_bytes = itemsize(out.dtype);
  int64_t shape[kMaxReduceDims], from_strides[kMaxReduceDims], to_strides[kMaxReduceDims];
  int ndim = 0;
  for (int i = 0; i < nest.repeated.count; i++, ndim++) {
    shape[ndim] = nest.repeated.shape[i];
    from_strides[ndim] = 0;
    to_strides[ndim] = nest.repeated.out_strides[i] * to_bytes;
  }
  int64_t stride = nest.kept.size() * from_bytes;
  for (int i = 0; i < nest.kept.count; i++, ndim++) {
    shape[ndim] = nest.kept.shape[i];
    stride /= shape[ndim];
    from_strides[ndim] = stride;
    to_strides[ndim] = nest.kept.out_strides[i] * to_bytes;
  }
  const StridedView from{const_cast<void*>(results), dtype, ndim, shape, from_strides};
  const StridedView to{static_cast<char*>(out.data) + nest.out_offset * to_bytes, out.dtype, ndim, shape, to_strides};
  cast_strided(from, to);
}

int64_t locate(const DimList& dims, int64_t index) {
  int64_t offset = 0;
  for (int i = dims.count - 1; i >= 0; i--) {
    if (i == 0) return offset + index * dims.strides[0];
    offset += index % dims.shape[i] * dims.strides[i];
    index /= dims.shape[i];
  }
  return offset;
}

}  // namespace tnp

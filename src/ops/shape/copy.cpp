#include "ops/shape/copy.h"

#include <cstdlib>
#include <cstring>

#include "ops/shape/copy_kernels.h"
#include "ops/shape/strided_loop.h"
#include "runtime/cpu_features.h"
#include "runtime/threads.h"

namespace tnp {

namespace {

constexpr PerIsa<const CopyKernels* (*)(int)> kFindKernels = TNP_PER_ISA(find_copy_kernels);

// Fewer bytes than this are not worth a second thread.
constexpr int64_t kParallelBytes = 256 << 10;
// Results of at least this size leave little of a cache to whoever reads them: they are written past it.
constexpr int64_t kStreamBytes = 16 << 20;

bool is_element_size(int64_t bytes) { return bytes <= 16 && (bytes & (bytes - 1)) == 0; }

// A short contiguous run in the innermost dimension may be an element of its own: two float32 are one of 8 bytes.
int merge_run_into_element(StridedLoop& loop, int element_bytes) {
  const int last = loop.ndim - 1;
  if (loop.ndim < 2 || loop.src_strides[last] != element_bytes || loop.dst_strides[last] != element_bytes ||
      loop.shape[last] > 16 || !is_element_size(loop.shape[last] * element_bytes)) {
    return element_bytes;
  }
  const int bytes = static_cast<int>(loop.shape[last]) * element_bytes;
  loop.ndim--;
  return bytes;
}

// memcpy takes ten times as long on AMD's processors where dst begins less than a cache line behind src within a page:
// it leaves copies from some thousand bytes to a second-level cache to `rep movsb`, which is slow there, but not
// shorter pieces.
void copy_run(const char* src, char* dst, int64_t bytes) {
  constexpr int64_t piece = 2048, most = 1 << 20;
  constexpr uintptr_t page = 4096, line = 64;
  const uintptr_t behind = (reinterpret_cast<uintptr_t>(dst) - reinterpret_cast<uintptr_t>(src)) % page;
  if (behind > 0 && behind < line && bytes <= most) {
    for (; bytes > piece; bytes -= piece, src += piece, dst += piece) std::memcpy(dst, src, piece);
  }
  std::memcpy(dst, src, static_cast<size_t>(bytes));
}

void copy_runs(const StridedLoop& loop, int64_t bytes) {
  for_each_outer(loop, loop.ndim - 1, [bytes](const char* src, char* dst) { copy_run(src, dst, bytes); });
}

// Makes `axis` the last but one, so that it and the last are the two that a kernel gets.
void move_next_to_last(StridedLoop& loop, int axis) {
  const int64_t n = loop.shape[axis], s = loop.src_strides[axis], d = loop.dst_strides[axis];
  const int target = loop.ndim - 2;
  for (int i = axis; i < target; i++) {
    loop.shape[i] = loop.shape[i + 1];
    loop.src_strides[i] = loop.src_strides[i + 1];
    loop.dst_strides[i] = loop.dst_strides[i + 1];
  }
  loop.shape[target] = n;
  loop.src_strides[target] = s;
  loop.dst_strides[target] = d;
}

// The dimension along which src's elements lie next to each other (in either direction), if dst's do along the last one
// and both are long enough for tiles; else -1.
int transposed_axis(const StridedLoop& loop, int element_bytes) {
  const int last = loop.ndim - 1;
  if (loop.ndim < 2 || loop.dst_strides[last] != element_bytes || loop.src_strides[last] == 0 || loop.shape[last] < 8) {
    return -1;
  }
  for (int i = 0; i < last; i++) {
    if (std::abs(loop.src_strides[i]) == element_bytes && loop.shape[i] >= 8) return i;
  }
  return -1;
}

// Begins at the other end of a dimension along which src goes backwards.
void go_forwards(StridedLoop& loop, int axis) {
  if (loop.src_strides[axis] >= 0) return;
  loop.src += (loop.shape[axis] - 1) * loop.src_strides[axis];
  loop.dst += (loop.shape[axis] - 1) * loop.dst_strides[axis];
  loop.src_strides[axis] = -loop.src_strides[axis];
  loop.dst_strides[axis] = -loop.dst_strides[axis];
}

// One thread's share; `stream` as in CopyKernels.
void copy_loop(StridedLoop loop, int element_bytes, bool stream) {
  const int last = loop.ndim - 1;
  const int64_t run = loop.shape[last] * element_bytes;
  if (loop.src_strides[last] == element_bytes && loop.dst_strides[last] == element_bytes && run >= 64) {
    return copy_runs(loop, run);
  }
  const CopyKernels* kernels = kFindKernels.get()(element_bytes);
  if (loop.ndim == 1) {
    const int64_t src_strides[2] = {0, loop.src_strides[0]}, dst_strides[2] = {0, loop.dst_strides[0]};
    return kernels->strided(loop.src, src_strides, loop.dst, dst_strides, 1, loop.shape[0]);
  }
  const int outer = loop.ndim - 2;
  if (const int axis = transposed_axis(loop, element_bytes); axis >= 0) {
    go_forwards(loop, axis);
    move_next_to_last(loop, axis);
    return for_each_outer(loop, outer, [&](const char* src, char* dst) {
      kernels->transpose(src, loop.src_strides[last], dst, loop.dst_strides[outer], loop.shape[last], loop.shape[outer],
                         stream);
    });
  }
  // The longer of the two as the kernel's inner loop, unless dst is written in order along the last.
  const bool swap = loop.shape[last] < 8 && loop.shape[outer] > loop.shape[last];
  const int slow = swap ? last : outer, fast = swap ? outer : last;
  const int64_t src_strides[2] = {loop.src_strides[slow], loop.src_strides[fast]};
  const int64_t dst_strides[2] = {loop.dst_strides[slow], loop.dst_strides[fast]};
  // Blocks of the fast one, so that what the slow one passes over again is still in the cache.
  const int64_t block = swap ? 512 : loop.shape[fast];
  for_each_outer(loop, outer, [&](const char* src, char* dst) {
    for (int64_t i = 0; i < loop.shape[fast]; i += block) {
      const int64_t count = loop.shape[fast] - i < block ? loop.shape[fast] - i : block;
      kernels->strided(src + i * src_strides[1], src_strides, dst + i * dst_strides[1], dst_strides, loop.shape[slow],
                       count);
    }
  });
}

void copy_general(const StridedView& src, const StridedView& dst, int element_bytes) {
  StridedLoop loop;
  if (!make_loop(src, dst, loop)) return;
  if (loop.ndim == 0) {
    std::memcpy(loop.dst, loop.src, static_cast<size_t>(element_bytes));
    return;
  }
  element_bytes = merge_run_into_element(loop, element_bytes);
  const int64_t bytes = loop.size() * element_bytes;
  const bool stream = bytes >= kStreamBytes;
  if (bytes < 2 * kParallelBytes) return copy_loop(loop, element_bytes, stream);

  // Parts begin at multiples of `unit` elements, that is of whole tiles and cache lines.
  const int axis = split_axis(loop);
  const int64_t n = loop.shape[axis], unit = n >= 1024 ? 64 : 1;
  const int64_t unit_bytes = bytes / n * unit;
  parallel_for((n + unit - 1) / unit, (kParallelBytes + unit_bytes - 1) / unit_bytes, [&](int64_t begin, int64_t end) {
    const int64_t last = end * unit < n ? end * unit : n;
    copy_loop(slice_loop(loop, axis, begin * unit, last), element_bytes, stream);
  });
}

}  // namespace

void copy_bytes(const void* src, void* dst, int64_t bytes) {
  if (bytes < 2 * kParallelBytes) return copy_run(static_cast<const char*>(src), static_cast<char*>(dst), bytes);
  constexpr int64_t unit = 4096;
  parallel_for((bytes + unit - 1) / unit, kParallelBytes / unit, [&](int64_t begin, int64_t end) {
    const int64_t last = end * unit < bytes ? end * unit : bytes;
    copy_run(static_cast<const char*>(src) + begin * unit, static_cast<char*>(dst) + begin * unit, last - begin * unit);
  });
}

void copy_strided(const StridedView& src, const StridedView& dst) {
  const int element_bytes = itemsize(dst.dtype);
  if (is_contiguous(src, element_bytes) && is_contiguous(dst, element_bytes)) {
    int64_t bytes = element_bytes;
    for (int i = 0; i < dst.ndim; i++) bytes *= dst.shape[i];
    if (bytes != 0) copy_bytes(src.data, dst.data, bytes);
    return;
  }
  copy_general(src, dst, element_bytes);
}

}  // namespace tnp

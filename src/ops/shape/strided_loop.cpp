#include "ops/shape/strided_loop.h"

#include <cstdlib>

namespace tnp {

namespace {

void remove_axis(StridedLoop& loop, int axis) {
  loop.ndim--;
  for (int i = axis; i < loop.ndim; i++) {
    loop.shape[i] = loop.shape[i + 1];
    loop.src_strides[i] = loop.src_strides[i + 1];
    loop.dst_strides[i] = loop.dst_strides[i + 1];
  }
}

// Puts (n, s, d) where the descending order of dst's strides wants it, then of src's.
void insert_axis(StridedLoop& loop, int64_t n, int64_t s, int64_t d) {
  int i = loop.ndim++;
  for (; i > 0; i--) {
    const bool later = loop.dst_strides[i - 1] > d ||
                       (loop.dst_strides[i - 1] == d && std::llabs(loop.src_strides[i - 1]) >= std::llabs(s));
    if (later) break;
    loop.shape[i] = loop.shape[i - 1];
    loop.src_strides[i] = loop.src_strides[i - 1];
    loop.dst_strides[i] = loop.dst_strides[i - 1];
  }
  loop.shape[i] = n;
  loop.src_strides[i] = s;
  loop.dst_strides[i] = d;
}

}  // namespace

bool make_loop(const StridedView& src, const StridedView& dst, StridedLoop& loop) {
  loop.ndim = 0;
  loop.src = static_cast<const char*>(src.data);
  loop.dst = static_cast<char*>(dst.data);
  for (int i = 0; i < dst.ndim; i++) {
    const int64_t n = dst.shape[i];
    if (n == 0) return false;
    if (n == 1) continue;
    int64_t s = src.strides[i], d = dst.strides[i];
    if (d < 0) {
      loop.src += s * (n - 1);
      loop.dst += d * (n - 1);
      s = -s;
      d = -d;
    }
    insert_axis(loop, n, s, d);
  }
  for (int i = loop.ndim - 2; i >= 0; i--) {
    const int64_t inner = loop.shape[i + 1];
    if (loop.src_strides[i] == loop.src_strides[i + 1] * inner &&
        loop.dst_strides[i] == loop.dst_strides[i + 1] * inner) {
      loop.shape[i + 1] *= loop.shape[i];
      remove_axis(loop, i);
    }
  }
  return true;
}

bool is_contiguous(const StridedView& view, int64_t element_bytes) {
  int64_t stride = element_bytes;
  bool contiguous = true;
  for (int i = view.ndim - 1; i >= 0; i--) {
    const int64_t n = view.shape[i];
    if (n == 0) return true;
    if (n != 1) contiguous &= view.strides[i] == stride;
    stride *= n;
  }
  return contiguous;
}

int split_axis(const StridedLoop& loop) {
  constexpr int64_t enough = 64;
  int longest = 0;
  for (int i = 0; i < loop.ndim; i++) {
    if (loop.shape[i] >= enough) return i;
    if (loop.shape[i] > loop.shape[longest]) longest = i;
  }
  return longest;
}

}  // namespace tnp

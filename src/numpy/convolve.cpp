// convolve and correlate.
#include "base/dim.h"
#include "ir/composed.h"
#include "ops/matmul/correlate.h"
#include "tnp/error.h"
#include "tnp/indexing.h"
#include "tnp/operators.h"
#include "tnp/products.h"

namespace tnp {

namespace {

struct Vectors {
  Array x, y;
};
Vectors checked(const char* what, const Array& x, const Array& y) {
  for (const Array* v : {&x, &y}) {
    if (v->ndim() > 1)
      throw ValueError(std::string(what) + ": object too deep for desired array: shape " + v->shape().str());
    if (v->ndim() == 1 && v->shape()[0] == 0) {
      throw ValueError(std::string(what) + ": " + (v == &x ? "first" : "second") + " array argument cannot be empty");
    }
  }
  const DType type = promote(x.dtype(), y.dtype());
  const auto vector = [&](const Array& v) { return astype(v.ndim() == 0 ? reshape(v, {1}) : v, type); };
  return {vector(x), vector(y)};
}

bool order_known(const Array& x, const Array& y) { return !is_symbolic(x.shape()[0]) && !is_symbolic(y.shape()[0]); }

bool longer(const Array& y, const Array& x) {
  // Sizes that are not known are taken to be in order where they must be, in the mode "valid": the run tells.
  return order_known(x, y) && y.shape()[0] > x.shape()[0];
}

Array moved_along_of(std::span<const Array> in, const Axes& numbers) {
  const Array &x = in[0], &w = in[1];
  const auto mode = static_cast<OverlapMode>(numbers[0]);
  const Dim m = w.shape()[0];
  if (mode == OverlapMode::valid) return correlate_valid(x, w);
  const Dim before = mode == OverlapMode::full ? dim_sub(m, 1) : dim_floor_div(m, 2);
  const Dim after = mode == OverlapMode::full ? before : dim_sub(dim_sub(m, before), 1);
  if (const Array y = is_symbolic(m) ? Array() : correlate_continued(x, w, before, after)) return y;
  const Axes left{before}, right{after};
  return correlate_valid(pad(x, zeros({}, x.dtype()), left, right), w);
}
const Composed kMovedAlong("correlate", "The sums of products of a vector with a shorter one at every place.",
                           &moved_along_of, &moved_along_of);

// w moved along x, which is continued by zeros as the mode wants.
Array moved_along(const Array& x, const Array& w, OverlapMode mode) {
  return compose(kMovedAlong, {x, w}, {static_cast<std::int64_t>(mode)});
}

// As many as the longer vector has elements, from the middle of all of them, where only the run tells which one that
// is. Where the second one is, `mirrored` tells whether the middle of an even number is counted from the other end.
Array same_of_full(const Vectors& v, const Array& full, bool mirrored) {
  const Dim n = v.x.shape()[0], m = v.y.shape()[0], less = dim_min(n, m);
  Dim start = dim_sub(dim_sub(less, 1), dim_floor_div(less, 2));
  if (mirrored) {
    const Dim second = dim_min(1, dim_max(0, dim_sub(m, n)));
    start = dim_add(start, dim_mul(second, dim_sub(1, dim_mod(less, 2))));
  }
  const SliceSpec middle[] = {{start, 1, dim_max(n, m)}};
  return slice(full, middle);
}

}  // namespace

Array convolve(const Array& x, const Array& y, OverlapMode mode) {
  const Vectors v = checked("convolve", x, y);
  if (mode == OverlapMode::same && !order_known(v.x, v.y))
    return same_of_full(v, moved_along(v.x, flip(v.y), OverlapMode::full), false);
  return longer(v.y, v.x) ? moved_along(v.y, flip(v.x), mode) : moved_along(v.x, flip(v.y), mode);
}

Array correlate(const Array& x, const Array& y, OverlapMode mode) {
  const Vectors v = checked("correlate", x, y);
  const Array other = is_complex(v.y.dtype()) ? conjugate(v.y) : v.y;
  if (mode == OverlapMode::same && !order_known(v.x, v.y))
    return same_of_full(v, moved_along(v.x, other, OverlapMode::full), true);
  if (mode != OverlapMode::full && longer(v.y, v.x)) return flip(moved_along(other, v.x, mode));
  return moved_along(v.x, other, mode);
}

}  // namespace tnp

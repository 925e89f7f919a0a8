#include "tnp/layout.h"

#include "ir/composed.h"
#include "ops/shape/layout.h"
#include "tnp/manipulation.h"
#include "tnp/primitives.h"

namespace tnp {

namespace {

bool has_layout(const Array& x) { return !x.is_symbolic() && is_numeric(x.dtype()); }

// The axes in the order in which they lie in memory; empty if that is row-major.
Axes axes_in_memory(const Array& x, Layout layout) {
  const int n = x.ndim();
  if (layout == Layout::k) return memory_order({&x, 1});
  if (layout == Layout::c || n < 2) return {};
  if (layout == Layout::a && (x.is_contiguous() || !permute_dims(x).is_contiguous())) return {};
  Axes order;
  for (int i = n - 1; i >= 0; --i) order.push_back(i);
  return order;
}

Axes inverse(const Axes& order) {
  Axes out(order.size(), 0);
  for (int i = 0; i < order.size(); ++i) out[static_cast<int>(order[i])] = i;
  return out;
}

Array row_major(std::span<const Array> in, const Axes&) { return copy(in[0]); }
Array in_layout(std::span<const Array> in, const Axes& numbers) {
  return copy(in[0], static_cast<Layout>(static_cast<char>(numbers[0])));
}

// Inside a traced function nobody sees how an array lies, but whoever runs it can do without a transposition.
struct LaidOutCopy : Composed {
  LaidOutCopy()
      : Composed(
            "copy_laid_out", "The same elements in memory of their own, with the axes in some order.", &row_major,
            &in_layout, +[](TileCall& t) {
              t.parts[0] = {t.axis, t.begin, t.end};
              return true;
            }) {
    arranges = true;
  }
};
const LaidOutCopy kLaidOutCopy;

}  // namespace

Array laid_out(const Array& x, Layout layout) {
  if (layout == Layout::k || !has_layout(x)) return x;
  const Axes order = axes_in_memory(x, layout);
  const bool lies_so = order.empty() ? x.is_contiguous() : transpose(x, order).is_contiguous();
  return lies_so ? x : copy(x, layout);
}

Array copy(const Array& x, Layout layout) {
  if (x.is_symbolic() && layout != Layout::c) return compose(kLaidOutCopy, {x}, {static_cast<std::int64_t>(layout)});
  if (!has_layout(x)) return copy(x);
  const Axes order = axes_in_memory(x, layout);
  return order.empty() ? copy(x) : transpose(copy(transpose(x, order)), inverse(order));
}

}  // namespace tnp

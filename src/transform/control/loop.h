// loop: the primitive behind while_loop and scan, and its parts.
//
//   inputs    carries …, scanned …, shared …
//   condition (carries, shared) → bool; without it, an iteration for each row of the scanned arrays
//   body      (carries, a row of each scanned, shared) → (next carries, collected …)
//   outputs   the last carries, and each collected array stacked along a new axis 0, a row an iteration; at the place
//   of
//             the scanned row where rows are scanned
//
// Saving: the last `saved` collected arrays are the carries at the start of each iteration, which the gradient reads.
#pragma once

#include "transform/control/subgraph.h"

namespace tnp {

struct LoopParams : ParamsOf<LoopParams> {
  GraphRef condition;  // may be absent
  GraphRef body;
  std::int64_t num_carries = 0, num_scanned = 0, saved = 0;
  bool reverse = false;  // from the last row to the first
  template <class V>
  void fields(V& v) {
    v("condition", condition);
    v("body", body);
    v("num_carries", num_carries);
    v("num_scanned", num_scanned);
    v("saved", saved);
    v("reverse", reverse);
  }
  std::size_t num_collected() const { return body->outputs.size() - static_cast<std::size_t>(num_carries); }
};

inline const LoopParams& loop_params(const Call& call) { return static_cast<const LoopParams&>(call.params); }

Arrays apply_loop(std::span<const Array> in, const LoopParams& p);

// The shape of carry k in every iteration, given what it is before the first: -1 for a size that may change.
Shape carry_shape(const LoopParams& p, std::size_t k, const Shape& initial);

// A loop being put together: graphs, and what they are given.
struct LoopParts {
  SubGraph condition, body;
  bool has_condition = false;
  Arrays carries, scanned;
  bool reverse = false;
};
Arrays apply_loop(LoopParts& parts);

void loop_vjp(VjpCall& v);
Arrays loop_apply_watched(const Call& call);
void loop_batch(BatchCall& b);

}  // namespace tnp

#include "ops/batching.h"

#include <algorithm>

#include "tnp/numpy.h"

namespace tnp {

void batch_leading_pair(BatchCall& b) {
  int ndim = 0;
  for (int i = 0; i < 2; ++i) ndim = std::max(ndim, b.call.in[i].ndim() - (b.batched[i] ? 1 : 0));
  Array in[2];
  for (int i = 0; i < 2; ++i) {
    in[i] = b.call.in[i];
    if (!b.batched[i]) continue;
    Shape shape = in[i].shape();
    while (shape.ndim() < ndim + 1) shape.insert(1, 1);
    in[i] = reshape(in[i], shape);
  }
  b.result = apply_multi(b.call.op, in, b.call.params);
  b.result_batched.assign(b.result.size(), true);
}

}  // namespace tnp

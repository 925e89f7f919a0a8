// What the operations that draw numbers share: parameters, state, batching.
#pragma once

#include "ops/common.h"
#include "ops/random/random_kernels.h"
#include "tnp/random.h"

namespace tnp {

struct RandomParams : ParamsOf<RandomParams> {
  Shape shape;  // of the result, or of its rows
  DType dtype = DType::float64;
  template <class V>
  void fields(V& v) {
    v("shape", shape);
    v("dtype", dtype);
  }
};

// The stream that input 0, a state, stands for. Throws ValueError for what is no state.
RandomStream stream_of(const Call& call);

// Moves the generator, which is at `state`, past numbers of this shape. The state is given up.
void advance(Generator& g, Array state, const Shape& count);

// Batched parameters (inputs 1, …) belong to the examples of a batch, each of which draws numbers of its own. The last
// `row_axes[i]` axes of input i are rows that take no part in broadcasting.
void batch_random(BatchCall& b, const RandomParams& batched, std::span<const int> row_axes);

inline constexpr const char* kNoSamples = "random numbers have no oracle; they are tested by their statistics";

}  // namespace tnp

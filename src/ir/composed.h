// Functions that are composed of primitives for those who look into them (derivatives, batches, sizes), and are
// computed in one go where their arguments have values: eagerly, and as one step of a compiled function.
#pragma once

#include "ir/opdef.h"

namespace tnp {

// Static objects, which register themselves as operations.
struct Composed : OpDef {
  // What the numbers are is the function's own matter: axes, flags, types.
  using Function = Array (*)(std::span<const Array> in, const Axes& numbers);

  // `parts`: of primitives alone; it may be given symbolic arrays. `whole`: of arrays that have values, which nobody
  // watches; the same results to the bit. `spelled`: of symbolic arrays whose sizes are numbers, slices and joins,
  // which native code does in place; absent, it stays one call there.
  Composed(const char* name, const char* doc, Function parts, Function whole, bool (*tile)(TileCall&) = nullptr,
           Function spelled = nullptr);

  Function parts, whole, spelled;
};

// The numbers that a call recorded by `compose` was given.
const Axes& numbers_of(const Params& params);

Array compose(const Composed& f, std::span<const Array> in, const Axes& numbers = {});
inline Array compose(const Composed& f, std::initializer_list<Array> in, const Axes& numbers = {}) {
  return compose(f, std::span<const Array>(in.begin(), in.size()), numbers);
}

}  // namespace tnp

// A typed, strided piece of memory: what kernels see of an array.
#pragma once

#include <cstdint>

#include "tnp/dtype.h"

namespace tnp {

struct StridedView {
  void* data;
  DType dtype;
  int ndim;
  const std::int64_t* shape;    // elements
  const std::int64_t* strides;  // bytes
};

}  // namespace tnp

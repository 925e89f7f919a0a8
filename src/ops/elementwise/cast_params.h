// The parameters of a call of `cast`.
#pragma once

#include "ir/params.h"

namespace tnp {

struct CastParams : ParamsOf<CastParams> {
  DType dtype = DType::float64;
  template <class V>
  void fields(V& v) {
    v("dtype", dtype);
  }
  void set(DType d) { dtype = d; }
};

}  // namespace tnp

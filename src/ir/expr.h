// How a pending or symbolic array is computed: one application of a primitive, shared by the arrays it gives.
#pragma once

#include <atomic>
#include <string>

#include "ir/opdef.h"

namespace tnp {

struct Expr {
  std::atomic<std::uint32_t> refs{1};
  const OpDef* op = nullptr;  // null for an input of a traced function
  ParamsRef params;
  Arrays inputs;
  std::uint64_t trace = 0;  // the trace it was recorded in; 0 for a pending value
  std::uint32_t num_outputs = 1;
  std::string location;  // the user's line, "file.py:12"

  void retain() noexcept { refs.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(this);
  }

 private:
  static void destroy(Expr* last) noexcept;

  Expr* next_dead_ = nullptr;
};

// An array (pending or symbolic) that is output `output` of `expr`.
Array make_lazy(State state, Expr* expr, std::uint32_t output, DType dtype, const Shape& shape);

}  // namespace tnp

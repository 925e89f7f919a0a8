// The float type that Python floats, `zeros`, `mean` of integers, … give: process-wide, with a per-thread override.
#pragma once

#include "tnp/dtype.h"

namespace tnp {

DType default_float() noexcept;
void set_default_float(DType dtype) noexcept;
// Sets this thread's override and returns the one before; DType::object stands for none.
DType exchange_thread_default_float(DType dtype) noexcept;

}  // namespace tnp

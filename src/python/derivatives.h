#pragma once

#include "python/python.h"

namespace tnp::python {

void bind_derivatives(nb::module_& m);

}  // namespace tnp::python

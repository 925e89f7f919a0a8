#pragma once

#include "python/python.h"

namespace tnp::python {

void bind_graph(nb::module_& m);

}  // namespace tnp::python

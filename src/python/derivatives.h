#pragma once

#include <vector>

#include "python/pytree.h"
#include "transform/tape.h"

namespace tnp::python {

// The leaves of sources of derivatives: a strict array that has changed since it was watched is what it was then.
PyTree flatten_sources(const Tape& tape, nb::handle sources, std::vector<nb::object>& leaves);

void bind_derivatives(nb::module_& m);

}  // namespace tnp::python

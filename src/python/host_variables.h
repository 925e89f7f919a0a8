#pragma once

#include <vector>

#include "ir/variable.h"
#include "python/python.h"

namespace tnp::python {

// The Variables that a Python function can reach: in its closure, among the globals it names, in its defaults, bound
// object and partial arguments, and in containers and functions there.
std::vector<VariableRef> captured_variables(nb::handle function);

}  // namespace tnp::python

// tnp.Variable in Python.
#pragma once

#include "ir/variable.h"
#include "python/python.h"

namespace tnp::python {

bool is_variable(PyObject* o) noexcept;
const VariableRef& variable_of(PyObject* o) noexcept;

}  // namespace tnp::python

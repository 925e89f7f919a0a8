// tnp.Variable in Python.
#pragma once

#include "ir/variable.h"
#include "python/python.h"

namespace tnp::python {

bool is_variable(PyObject* o) noexcept;
const VariableRef& variable_of(PyObject* o) noexcept;
// How many Variables this thread has made while a function was traced.
extern thread_local int variables_made_in_traces;

}  // namespace tnp::python

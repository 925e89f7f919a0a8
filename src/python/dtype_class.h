// What tnp.dtype is derived from.
#pragma once

#include "python/python.h"

namespace tnp::python {

// The objects of all types, once they are registered.
inline PyObject* dtype_objects[kDTypeCount] = {};

bool is_dtype_object(PyObject* o) noexcept;
DType dtype_of_object(PyObject* o) noexcept;  // of an object for which that holds
// Makes tnp.dtype(spec) give the one object of the type, and the objects callable.
void use_dtype_class(PyTypeObject* type);
void bind_dtype_class(nb::module_& m);

}  // namespace tnp::python

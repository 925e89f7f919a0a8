// The parts of tnp.ufunc.
#pragma once

#include "ir/opdef.h"
#include "python/python.h"

namespace tnp::python {

const OpDef& ufunc_op(PyObject* ufunc);
// reduce, accumulate, reduceat, outer, at; ends with a row of nulls.
PyMethodDef* ufunc_methods();
// The loops as NumPy writes them, "dd->d", in its order.
nb::list ufunc_types(const OpDef& op);
nb::object ufunc_identity_object(const OpDef& op);

}  // namespace tnp::python

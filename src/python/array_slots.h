// The number and comparison slots of tnp.ndarray and tnp.Variable.
#pragma once

#include "python/python.h"

namespace tnp::python {

PyType_Slot* operator_slots();  // shared: operators work on the array that the object is or holds

// References to arrays as keys, and what NumPy's exports of an array's memory have.
void bind_reference(nb::module_& m);

}  // namespace tnp::python

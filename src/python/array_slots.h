// The number and comparison slots of tnp.ndarray and tnp.Variable.
#pragma once

#include "python/python.h"

namespace tnp::python {

PyType_Slot* operator_slots();  // shared: operators work on the array that the object is or holds

}  // namespace tnp::python

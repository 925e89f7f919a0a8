// Text arrays from Python's and NumPy's text, and back.
#pragma once

#include "python/python.h"
#include "tnp/text.h"

namespace tnp::python {

// A str, bytes, nested sequences of one of them, or a NumPy array of text; absent for anything else. Throws TypeError
// for a mixture.
std::optional<Array> text_of(PyObject* o);
// A str or bytes for a 0-d array, else nested lists.
nb::object text_elements(const Array& x);
nb::object text_element(DType dtype, const void* at);  // of the place of a handle (ops/text/handles.h)
// NumPy's array of text of fixed width; of objects where an element ends in NULs, which that would lose.
nb::object text_to_numpy(const Array& x);
bool text_ends_in_nul(const Array& x);
// NumPy's type for x, as repr writes it: "'<U3'".
std::string text_type(const Array& x);

}  // namespace tnp::python

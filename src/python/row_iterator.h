// iter(x).
#pragma once

#include "python/python.h"

namespace tnp::python {

// An iterator over the rows of an array of at least one axis; null with an error set without memory.
PyObject* row_iterator(PyObject* array, std::int64_t size);

// Row i, which there is (indexing.cpp); null with an error set.
PyObject* row_object(PyObject* array, std::int64_t i) noexcept;

}  // namespace tnp::python

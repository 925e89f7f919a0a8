// x[key] and what belongs to it: the slots of tnp.ndarray, x.at, x.flat.
#pragma once

#include <vector>

#include "python/python.h"
#include "tnp/indexing.h"

namespace tnp::python {

// What is between the brackets. Throws IndexError for what NumPy refuses.
std::vector<IndexItem> parse_index(PyObject* key);

// x[key] for an int or a slice of ints on the first axis of a concrete array. Absent where the general way is needed,
// which also raises the errors.
// Where the element lies that an integer for each axis names; null for other items. The array is concrete.
const std::byte* place_of(const Array& x, std::span<PyObject* const> items);
Array quick_getitem(const Array& x, PyObject* key);

// Subscription, length, iteration, `in`; assignment and deletion, which say what to use instead.
void append_index_slots(std::vector<PyType_Slot>& slots);
// ndarray.at, ndarray.flat and their classes.
void bind_indexing(nb::module_& m, nb::class_<Array>& array);

}  // namespace tnp::python

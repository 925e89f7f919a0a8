// x[key] and what belongs to it: the slots of tnp.ndarray, x.at, x.flat.
#pragma once

#include <vector>

#include "python/python.h"
#include "tnp/indexing.h"

namespace tnp::python {

// What is between the brackets. Throws IndexError for what NumPy refuses.
std::vector<IndexItem> parse_index(PyObject* key);

// Where the element lies that an integer for each axis names; null for other items. The array is concrete.
const std::byte* place_of(const Array& x, std::span<PyObject* const> items);
// x[key] for integers, slices, `...` and None on a concrete array. Absent where the general way is needed, which also
// raises the errors.
Array quick_getitem(const Array& x, PyObject* key);

// x[key] for few indices, in an array or a list of integers, of rows in memory (at least one axis); absent for all
// else.
Array take_few(const Array& x, PyObject* key);

// Subscription, length, iteration, `in`; assignment and deletion, which say what to use instead.
void append_index_slots(std::vector<PyType_Slot>& slots);
// ndarray.at, ndarray.flat and their classes; the iterators.
void bind_indexing(nb::module_& m, nb::class_<Array>& array);
void bind_flat(nb::module_& m, nb::handle array);
void bind_index_iterators(nb::module_& m);
void bind_nditer(nb::module_& m);

}  // namespace tnp::python

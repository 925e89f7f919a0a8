// Memory shared with other libraries: the pieces that the conversion of arrays (convert.cpp) and the protocols
// (interchange.cpp, dlpack.cpp) have in common.
#pragma once

#include "python/python.h"

namespace tnp::python {

using CopyPolicy = std::optional<bool>;  // as `copy=` of asarray: absent means "where needed"

// Somebody else's elements, before it is settled whether they are shared or copied.
struct ForeignMemory {
  std::byte* data = nullptr;
  DType dtype = DType::float64;
  bool swapped = false;    // the other byte order
  bool read_only = false;  // nobody will write to it
  Shape shape;
  Strides strides;
};

bool must_copy(const ForeignMemory& memory);  // elements that kernels can not read where they are
// Whether the memory is shared; throws ValueError where that is demanded and can not be.
bool will_share(const ForeignMemory& memory, CopyPolicy copy, const char* what);
Array copied(const ForeignMemory& memory);
// `release(context)` is called once, with the GIL, when the last array that uses the memory has gone; at once if this
// throws.
Array shared(const ForeignMemory& memory, void (*release)(void*), void* context);

// Whether nobody can write to the memory of `o`: it is read-only, and so is all that it is a view of.
bool is_immutable(PyObject* o);

// NumPy's arrays and scalars. Throws TypeError for dtypes that tnp has not.
Array from_numpy(PyObject* o, std::optional<DType> dtype, CopyPolicy copy);
// By the buffer protocol. Absent if the object has no buffer; throws TypeError for one of no numbers.
std::optional<Array> from_buffer(PyObject* o, CopyPolicy copy);
// By DLPack: from an object with __dlpack__, or from a capsule. Throws BufferError, ValueError, TypeError.
Array from_dlpack(PyObject* o, CopyPolicy copy);

nb::object array_to_numpy(nb::handle self, nb::handle dtype, nb::handle copy);  // x.__array__
nb::object to_dlpack(const Array& x, nb::handle max_version, nb::handle dl_device, CopyPolicy copy);

PyType_Slot* buffer_slots();

}  // namespace tnp::python

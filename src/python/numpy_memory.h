// NumPy's array object as its C interface publishes it (the fields are the same in NumPy 1 and 2), so that a small
// array is read without the detour through a buffer description. No header of NumPy's is needed to build.
#pragma once

#include "python/python.h"

namespace tnp::python {

struct NumpyDescr {
  PyObject_HEAD PyTypeObject* scalar_type;
  char kind;
  char type;
  char byteorder;  // '=', '|', '<', '>'
  char unused;
  int type_num;
};

struct NumpyArray {
  PyObject_HEAD char* data;
  int ndim;
  Py_ssize_t* shape;
  Py_ssize_t* strides;
  PyObject* base;
  NumpyDescr* descr;
  int flags;

  static constexpr int kRowMajor = 0x0001;
  static constexpr int kOwnsData = 0x0004;
  static constexpr int kAligned = 0x0100;
  static constexpr int kWriteable = 0x0400;
};

bool is_numpy_array(PyObject* o);
bool is_base_numpy_array(PyObject* o);  // and of no subclass, which may mean something else (masks)
bool is_numpy_scalar(PyObject* o);

// NumPy's classes of scalars keep their value behind the object's head, as its C interface publishes. False, or null,
// for what is none of them (and for subclasses).
bool numpy_scalar_class(PyTypeObject* type, DType& out);
const std::byte* numpy_scalar_data(PyObject* o, DType& out);
bool numpy_integer(PyObject* o, std::int64_t& out);  // an int64
Array numpy_element(PyObject* o);                    // as a 0-d array; absent for others
// An ndarray or scalar of NumPy's that can be copied as it lies; absent for all else.
Array numpy_operand(PyObject* o);
// A base ndarray whose memory can be read as it lies; absent for others. `lent`: that memory itself, which the owner
// may write to later, so the array is for the time of a call; otherwise a copy. Runs no code of Python's.
Array numpy_for_call(PyObject* o, bool lent);
bool numpy_dtype(PyObject* o, DType& out);  // one of NumPy's dtype objects
// Whether a dtype, by name or NumPy's, means bytes in the order that is not this machine's. tnp's types have no order:
// what takes memory as it lies has to ask.
bool has_other_byte_order(PyObject* dtype);
inline NumpyArray* numpy_array(PyObject* o) { return reinterpret_cast<NumpyArray*>(o); }

// numpy.asarray(o): what any of NumPy's protocols gives. Throws the error that it raises.
nb::object to_numpy_array(PyObject* o);

}  // namespace tnp::python

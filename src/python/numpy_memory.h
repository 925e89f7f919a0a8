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
bool is_numpy_scalar(PyObject* o);
inline NumpyArray* numpy_array(PyObject* o) { return reinterpret_cast<NumpyArray*>(o); }

// numpy.asarray(o): what any of NumPy's protocols gives. Throws the error that it raises.
nb::object to_numpy_array(PyObject* o);

}  // namespace tnp::python

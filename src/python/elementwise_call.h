// From Python operands to an elementwise operation, and from a one-element array to Python numbers.
#pragma once

#include "ir/opdef.h"
#include "ops/elementwise/number.h"
#include "python/python.h"

namespace tnp::python {

// `a`, `b`: the objects the operands came from, to see whether they are temporaries. Null with an error set if a
// floating-point warning was made an error.
PyObject* call_elementwise(const OpDef& op, const Array& x, PyObject* a);
PyObject* call_elementwise(const OpDef& op, PyOperand& x, PyOperand& y, PyObject* a, PyObject* b);

// The result as an object, and warnings of what floating-point exceptions the operation has raised.
PyObject* finish_elementwise(const OpDef& op, const SingleNumber& result);

bool truth_value(const Array& x);      // throws ValueError unless x has one element
PyObject* python_int(const Array& x);  // these throw TypeError unless x is 0-d
PyObject* python_float(const Array& x);
PyObject* python_complex(const Array& x);
PyObject* python_index(const Array& x);
PyObject* python_element(DType dtype, const void* data);  // bool, int, float or complex

// Whether nobody but the interpreter's stack holds `o`, an array large enough for reuse to pay.
bool is_temporary(PyObject* o, const Array& x);

}  // namespace tnp::python

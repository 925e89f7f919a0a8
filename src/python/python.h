// Shared by the binding files: Python objects from arrays and back.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "tnp/array.h"
#include "tnp/numpy.h"

namespace tnp {
struct Graph;
}

namespace tnp::python {

namespace nb = nanobind;

// --- arrays

namespace array_class {
inline PyTypeObject* type = nullptr;
inline std::ptrdiff_t offset = 0;  // of the Array in an object of the class itself
Array& of_subclass(PyObject* o) noexcept;
}  // namespace array_class
inline PyTypeObject* array_type() noexcept { return array_class::type; }
inline bool is_array(PyObject* o) noexcept {
  return Py_TYPE(o) == array_type() || PyType_IsSubtype(Py_TYPE(o), array_type());
}
// Of an object for which is_array holds.
inline Array& array_of(PyObject* o) noexcept {
  if (Py_TYPE(o) != array_type()) [[unlikely]]
    return array_class::of_subclass(o);
  return *reinterpret_cast<Array*>(reinterpret_cast<char*>(o) + array_class::offset);
}
// A new reference.
PyObject* wrap(Array x);
inline nb::object to_python(Array x) { return nb::steal(wrap(std::move(x))); }
nb::object to_python(const Arrays& xs);  // a list

// Anything array-like (numbers, nested sequences, buffers, NumPy and DLPack arrays, …) as an array.
// `copy`: None for NumPy memory means a copy unless it is read-only.
struct AsArray {
  std::optional<DType> dtype;
  std::optional<bool> copy;
};
Array as_array(PyObject* o, const AsArray& options = {});

// --- operands of elementwise functions: an array, or a Python scalar that stays weak

class PyOperand {
 public:
  // False (no error set) if the object is nothing that operators take.
  bool set(PyObject* o);
  bool is_array() const { return array_ != nullptr; }
  const Array& array() const { return *array_; }
  const Scalar& scalar() const { return scalar_; }
  // Whether only the interpreter's stack holds the array, so that it may be overwritten.
  bool temporary() const { return temporary_; }
  void find_temporary(PyObject* o);
  // A symbolic size takes the type of the array beside it.
  void weaken(const PyOperand& other);

 private:
  Array own_;
  Scalar scalar_{false};
  const Array* array_ = nullptr;
  std::int64_t symbolic_ = 0;  // the symbolic size, if it is one
  bool temporary_ = false;
};

// A Python scalar (bool, int, float, complex; not their subclasses) as a weak one. False if it is none.
bool scalar_of(PyObject* o, Scalar& out);

// --- other arguments

// A Python int of one digit, as nearly all sizes and indices are. False for whatever else.
inline bool small_int(PyObject* o, std::int64_t& out) {
  if (!PyLong_CheckExact(o)) return false;
  const auto* i = reinterpret_cast<PyLongObject*>(o);
#if PY_VERSION_HEX >= 0x030C0000
  if (!PyUnstable_Long_IsCompact(i)) return false;
  out = PyUnstable_Long_CompactValue(i);
#else
  const Py_ssize_t sign = Py_SIZE(o);
  if (sign < -1 || sign > 1) return false;
  out = sign * static_cast<std::int64_t>(i->ob_digit[0]);
#endif
  return true;
}

DType dtype_of(nb::handle o);          // a tnp or NumPy dtype, a Python type, a name; throws TypeError
nb::object dtype_object(DType dtype);  // the tnp.dtype
// None: absent. An int or a sequence of ints.
std::optional<Axes> axes_of(nb::handle o);
Shape shape_of(nb::handle o);  // an int, a symbolic dimension, or a sequence of them; -1 kept
std::int64_t dim_of(nb::handle o);
nb::object dim_object(std::int64_t dim);      // an int, or a tnp.Dim
nb::object shape_object(const Shape& shape);  // a tuple

// A symbolic dimension as a Python object.
struct PyDim {
  std::int64_t dim;
};
// Called when Python needs the number that a symbolic dimension stands for; may throw to have the function traced
// again.
extern void (*dim_value_hook)(std::int64_t dim);

// --- errors

// Sets the Python error for the C++ exception being handled: for slots that nanobind does not wrap.
void set_error_from_current_exception() noexcept;

// The body of such a slot: `failure` where it throws.
template <class R, class F>
R guarded(R failure, F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    set_error_from_current_exception();
    return failure;
  }
}
template <class F>
PyObject* guarded(F&& f) noexcept {
  return guarded<PyObject*>(nullptr, f);
}

// Warns as NumPy does of the floating-point exceptions of the last operation; false if a warning became an error.
bool report_fp_flags(const char* operation);

struct PyGraph {
  std::shared_ptr<const Graph> graph;
};

// --- each file's part of the module

void bind_errors(nb::module_& m);
void bind_dtypes(nb::module_& m);
void bind_dim(nb::module_& m);
void bind_array(nb::module_& m);
void bind_ufuncs(nb::module_& m);
void bind_function(nb::module_& m);
void bind_random(nb::module_& m);
void bind_registry(nb::module_& m);
void bind_runtime(nb::module_& m);
void bind_tape(nb::module_& m);
void bind_variable(nb::module_& m);
void bind_interchange(nb::module_& m);
void bind_array_attributes(nb::module_& m);
void bind_printing(nb::module_& m);
void bind_functions(nb::module_& m);           // all that arguments.h made
void bind_standard_functions(nb::module_& m);  // those of tnp.array_api

}  // namespace tnp::python

// tnp.array_api in Python: its array class, its data types, its device.
#pragma once

#include "python/python.h"
#include "python/spare_objects.h"
#include "tnp/array_api.h"

namespace tnp::python {

// What an object of the strict class holds. In-place operators and assignment put another array into it.
struct StrictArray {
  Array value;
  array_api::Device device = array_api::Device::cpu;
  std::uint64_t made_in = 0;  // the trace, 0 for none
};

extern PyTypeObject* strict_array_type;
inline bool is_strict_array(PyObject* o) noexcept { return Py_TYPE(o) == strict_array_type; }
// Of an object for which is_strict_array holds.
inline StrictArray& strict_of(PyObject* o) noexcept { return SpareObjects<StrictArray>::value(o); }
inline Array& strict_array_of(PyObject* o) noexcept { return strict_of(o).value; }
inline array_api::Device strict_device_of(PyObject* o) noexcept { return strict_of(o).device; }
PyObject* wrap_strict(Array x, array_api::Device device);
inline nb::object to_strict(Array x, array_api::Device device) { return nb::steal(wrap_strict(std::move(x), device)); }

// An argument of an elementwise function: an array of the strict class, or a Python scalar.
class StrictOperand {
 public:
  // Throws TypeError for anything else. `beside`: the type of the other operand, for numbers that only floats hold.
  StrictOperand(const char* function, PyObject* o, const StrictOperand* beside = nullptr);
  StrictOperand(const StrictOperand&) = delete;
  bool is_array() const { return array_ != nullptr; }
  const Array& array() const { return *array_; }
  const Scalar& scalar() const { return scalar_; }
  Operand operand() const { return array_ ? Operand(*array_) : Operand(scalar_); }

 private:
  const Array* array_ = nullptr;
  Array own_;  // of a symbolic size
  Scalar scalar_{false};
};

// Throws TypeError, as `argument` of `function` is no array of the strict class.
[[noreturn]] void refuse_argument(const char* function, PyObject* o, const char* argument);

// f(x, y) as the operators and the functions call it. Null with the error set if a warning was made an error.
PyObject* call_strict(array_api::FunctionId f, PyObject* x);
PyObject* call_strict(array_api::FunctionId f, PyObject* x, PyObject* y);

// Throws TracerError, naming the function or operator, where this strict array may not change: in a traced function, or
// a part of one, that it is not of.
void check_may_change(const char* what, PyObject* array);

// --- data types and devices

nb::object strict_dtype(DType dtype);  // the namespace's object
bool is_strict_dtype(PyObject* o, DType& out);
DType strict_dtype_of(const char* function, PyObject* o);                       // throws TypeError
std::optional<DType> strict_dtype_if_given(const char* function, PyObject* o);  // null or None: absent
nb::object device_object(array_api::Device d);
bool is_strict_device(PyObject* o, array_api::Device& out);
// Null or None: absent. Throws ValueError for what is no device.
std::optional<array_api::Device> device_if_given(const char* function, PyObject* o);

// --- each file's part

std::vector<PyMethodDef> strict_operator_methods();  // the operators again, with the standard's signatures
std::vector<PyType_Slot> strict_slots();             // operators, conversions, subscription, iteration
void bind_strict_dtypes(nb::module_& m);
void bind_strict_devices(nb::module_& m);
void bind_strict_flags(nb::module_& m);
void bind_strict_elementwise(nb::module_& m);
void bind_strict_array(nb::module_& m);
void bind_array_api(nb::module_& core);

}  // namespace tnp::python

#include "python/elementwise_call.h"

#include <cstring>

#include "ir/scalar.h"
#include "ir/trace.h"
#include "ops/elementwise/family.h"
#include "ops/elementwise/fp_status.h"
#include "python/array_api.h"
#include "python/autograph.h"
#include "python/elements.h"
#include "python/numpy_memory.h"
#include "python/variable.h"
#include "tnp/error.h"

namespace tnp::python {

bool scalar_of(PyObject* o, Scalar& out) {
  PyTypeObject* type = Py_TYPE(o);
  if (type == &PyFloat_Type) {
    out = Scalar(PyFloat_AS_DOUBLE(o));
  } else if (type == &PyLong_Type) {
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (overflow == 0) {
      out = Scalar(static_cast<std::int64_t>(v));
    } else {
      const unsigned long long u = overflow > 0 ? PyLong_AsUnsignedLongLong(o) : 0;
      if (overflow < 0 || PyErr_Occurred()) {
        PyErr_Clear();
        throw OverflowError("Python integer " + std::string(nb::str(nb::handle(o)).c_str()) +
                            " is too large for any integer type");
      }
      out = Scalar(static_cast<std::uint64_t>(u));
    }
  } else if (type == &PyBool_Type) {
    out = Scalar(o == Py_True);
  } else if (type == &PyComplex_Type) {
    const Py_complex z = PyComplex_AsCComplex(o);
    out = Scalar(std::complex<double>(z.real, z.imag));
  } else {
    return false;
  }
  return true;
}

bool PyOperand::set(PyObject* o) {
  if (python::is_array(o)) {
    array_ = &array_of(o);
    return true;
  }
  if (scalar_of(o, scalar_)) return true;
  if (Array foreign = numpy_operand(o)) {
    own_ = std::move(foreign);
    array_ = &own_;
    return true;
  }
  if (is_variable(o)) {
    own_ = variable_of(o)->read();
    array_ = &own_;
    return true;
  }
  if (nb::isinstance<PyDim>(nb::handle(o))) {
    // A size beside an array is as weak as the Python integer it will be.
    symbolic_ = nb::cast<PyDim&>(nb::handle(o)).dim;
    own_ = dim_value(symbolic_, DType::int64);
    array_ = &own_;
    return true;
  }
  if (is_strict_array(o)) return false;  // it refuses other namespaces' arrays
  if (o == Py_None || PyDict_Check(o) || PySet_Check(o)) return false;
  own_ = as_array(o);
  array_ = &own_;
  return true;
}

void PyOperand::weaken(const PyOperand& other) {
  if (symbolic_ == 0) {
    if (!is_weak_number(*array_) || !other.is_array() || other.symbolic_ != 0 || is_weak_number(other.array())) return;
    own_ = astype(*array_, promote(other.array().dtype(), kind_of_number(array_->dtype())));
    array_ = &own_;
    return;
  }
  if (!other.is_array() || other.symbolic_ != 0) return;
  own_ = dim_value(symbolic_, promote(other.array().dtype(), WeakKind::integer));
  if (is_weak_number(other.array())) set_weak_number(own_);
}

void PyOperand::find_temporary(PyObject* o) { temporary_ = array_ && array_ != &own_ && is_temporary(o, *array_); }

namespace {

// False if a warning became an error.
bool reported(const ElementwiseInfo& info) {
  // One relaxed load: nearly always nothing was raised.
  return !info.raises_flags || fp_flags_seen.load(std::memory_order_relaxed) == 0 || report_fp_flags(info.name);
}
PyObject* finish(const ElementwiseInfo& info, Array result) {
  return reported(info) ? wrap(std::move(result)) : nullptr;
}

// What is an operator of Python's numbers rather than a function of arrays.
bool keeps_numbers(const OpDef& op) {
  const std::string_view name = op.name;
  return name == "negative" || name == "absolute" || name == "positive" || name == "invert";
}

}  // namespace

PyObject* finish_elementwise(const OpDef& op, const SingleNumber& result) {
  return reported(*op.elementwise) ? wrap_element(result.value, result.dtype) : nullptr;
}

// A list beside what stands for a Python number: Python would repeat or refuse it, which only a run could do.
static void refuse_repetition(PyObject* list, const Array& number) {
  if (list == nullptr || (!PyList_CheckExact(list) && !PyTuple_CheckExact(list)) || !is_weak_number(number)) return;
  throw TracerError(
      "an operator between a list or tuple and a number that depends on a traced array: its length would not be known. "
      "Use tnp.asarray, tnp.repeat or tnp.tile");
}

PyObject* call_elementwise(const OpDef& op, const Array& x, PyObject* a) {
  const bool donated = a != nullptr && is_temporary(a, x);
  Array result = apply_elementwise_donated(op, {&x, 1}, donated ? 1 : 0);
  if (is_weak_number(x) && keeps_numbers(op)) set_weak_number(result);
  return finish(*op.elementwise, std::move(result));
}

PyObject* call_elementwise(const OpDef& op, PyOperand& x, PyOperand& y, PyObject* a, PyObject* b) {
  if (x.is_array() && y.is_array()) {
    refuse_repetition(a, y.array());
    refuse_repetition(b, x.array());
    x.weaken(y);
    y.weaken(x);
    x.find_temporary(a);
    y.find_temporary(b);
    const Array in[] = {x.array(), y.array()};
    Array result = apply_elementwise_donated(op, in, (x.temporary() ? 1u : 0u) | (y.temporary() ? 2u : 0u));
    if (is_weak_number(in[0]) && is_weak_number(in[1])) set_weak_number(result);
    return finish(*op.elementwise, std::move(result));
  }
  if (x.is_array()) {
    x.find_temporary(a);
    const Array in[] = {beside_weak(op, x.array(), y.scalar()), weak_operand(op, x.array().dtype(), y.scalar())};
    Array result = apply_elementwise_donated(op, in, x.temporary() ? 1 : 0);
    if (is_weak_number(in[0])) set_weak_number(result);
    return finish(*op.elementwise, std::move(result));
  }
  if (y.is_array()) {
    y.find_temporary(b);
    const Array in[] = {weak_operand(op, y.array().dtype(), x.scalar()), beside_weak(op, y.array(), x.scalar())};
    Array result = apply_elementwise_donated(op, in, y.temporary() ? 2 : 0);
    if (is_weak_number(in[1])) set_weak_number(result);
    return finish(*op.elementwise, std::move(result));
  }
  const Array in[] = {x.scalar().to_array(), y.scalar().to_array()};
  return finish(*op.elementwise, apply_elementwise_donated(op, in, 0));
}

bool truth_value(const Array& x) {
  if (x.is_symbolic()) {
    ask_for_conversion("truth");
    refuse_value(x);
  } else {
    if (x.size() == 0)
      throw ValueError(
          "The truth value of an empty array is ambiguous. Use `array.size > 0` to check that it is not empty.");
    if (x.size() != 1) {
      throw ValueError("The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()");
    }
  }
  const std::byte* data = x.data();
  if (is_bool(x.dtype())) return *data != std::byte{0};
  const Scalar s = load_scalar(x.dtype(), data);
  return std::visit([](auto v) { return v != decltype(v){}; }, s.value);
}

namespace {

template <class T>
T loaded(const void* data) {
  T v;
  std::memcpy(&v, data, sizeof v);
  return v;
}

PyObject* python_number(const Scalar& s) {
  return std::visit(
      [](auto v) -> PyObject* {
        using T = decltype(v);
        if constexpr (std::is_same_v<T, bool>) {
          return PyBool_FromLong(v);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return PyLong_FromLongLong(v);
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
          return PyLong_FromUnsignedLongLong(v);
        } else if constexpr (std::is_same_v<T, double>) {
          return PyFloat_FromDouble(v);
        } else {
          return PyComplex_FromDoubles(v.real(), v.imag());
        }
      },
      s.value);
}

}  // namespace

PyObject* python_element(DType dtype, const void* data) {
  // The most frequent types without a scalar in between.
  switch (dtype) {
    case DType::float64:
      return PyFloat_FromDouble(loaded<double>(data));
    case DType::int64:
      return PyLong_FromLongLong(loaded<std::int64_t>(data));
    case DType::float32:
      return PyFloat_FromDouble(static_cast<double>(loaded<float>(data)));
    case DType::int32:
      return PyLong_FromLong(loaded<std::int32_t>(data));
    case DType::bool_:
      return PyBool_FromLong(loaded<std::uint8_t>(data));
    case DType::complex128: {
      const auto v = loaded<std::complex<double>>(data);
      return PyComplex_FromDoubles(v.real(), v.imag());
    }
    default:
      return python_number(load_scalar(dtype, data));
  }
}

namespace {

nb::object only_element(const Array& x) {
  if (x.is_symbolic()) {
    ask_for_conversion("number");
    refuse_value(x);
  }
  const std::byte* data = x.data();
  if (x.ndim() != 0) throw TypeError("only 0-dimensional arrays can be converted to Python scalars");
  return nb::steal(python_element(x.dtype(), data));
}

PyObject* checked(PyObject* o) {
  if (o == nullptr) throw nb::python_error();
  return o;
}

}  // namespace

PyObject* python_int(const Array& x) {
  if (x.state() == State::concrete && x.dtype() == DType::float64 && x.shape().ndim() == 0)
    return checked(PyLong_FromDouble(*x.data_as<double>()));
  nb::object element = only_element(x);
  return PyLong_CheckExact(element.ptr()) ? element.release().ptr() : checked(PyNumber_Long(element.ptr()));
}
PyObject* python_float(const Array& x) {
  nb::object element = only_element(x);
  return PyFloat_CheckExact(element.ptr()) ? element.release().ptr() : checked(PyNumber_Float(element.ptr()));
}
PyObject* python_complex(const Array& x) {
  nb::object element = only_element(x);
  return checked(PyObject_CallOneArg(reinterpret_cast<PyObject*>(&PyComplex_Type), element.ptr()));
}
PyObject* python_index(const Array& x) {
  if (!is_integer(x.dtype()) || x.ndim() != 0)
    throw TypeError("only integer scalar arrays can be converted to a scalar index");
  try {
    return only_element(x).release().ptr();
  } catch (const TracerError& e) {
    throw TracerError(
        std::string(e.what()) +
        ". Lists, tuples and NumPy's arrays take no traced index: write tnp.stack(items)[i], or tnp.switch");
  }
}

}  // namespace tnp::python

#include "python/array_api_arguments.h"

#include <algorithm>

#include "base/dim.h"
#include "python/complex_warning.h"

namespace tnp::python {

namespace {

// How to write it instead.
const char* advice(PyObject* o) {
  if (PyList_Check(o)) return ": the standard takes no lists here: write a tuple, (…)";
  if (is_strict_array(o)) return ": the standard takes no arrays here: write int(x)";
  if (PyFloat_Check(o)) return ": the standard takes no floats here: write int(…)";
  if (PyLong_Check(o)) return ": the standard takes no single number here: write (n,)";
  return "";
}

[[noreturn]] void refuse(const char* what, const char* wanted, PyObject* o) {
  throw TypeError(std::string(what) + " must be " + wanted + ", not '" + Py_TYPE(o)->tp_name + "'" + advice(o));
}

bool is_int(PyObject* o) {
  return PyLong_CheckExact(o) || (PyIndex_Check(o) && !PyBool_Check(o) && !is_strict_array(o));
}

}  // namespace

std::int64_t strict_int(const char* what, PyObject* o) {
  if (!is_int(o)) refuse(what, "an int", o);
  nb::object index = nb::steal(PyNumber_Index(o));
  if (!index.is_valid()) throw nb::python_error();
  const long long v = PyLong_AsLongLong(index.ptr());
  if (v == -1 && PyErr_Occurred()) throw nb::python_error();
  return v;
}

// Which diagonal: beyond every size one number is as good as another.
std::int64_t strict_diagonal(const char* what, const Value& k) {
  constexpr std::int64_t kFar = std::int64_t{1} << 62;
  if (k.ptr() == nullptr) return 0;
  if (!is_int(k.ptr())) refuse(what, "an int", k.ptr());
  nb::object index = nb::steal(PyNumber_Index(k.ptr()));
  if (!index.is_valid()) throw nb::python_error();
  int overflow = 0;
  const long long v = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  return overflow != 0 ? overflow * kFar : std::clamp<std::int64_t>(v, -kFar, kFar);
}

std::optional<std::int64_t> strict_axis(const char* what, const Value& axis) {
  if (!axis.given()) return std::nullopt;
  return strict_int(what, axis.ptr());
}

Axes strict_ints(const char* what, const Value& ints, bool list_allowed) {
  Axes out;
  PyObject* o = ints.ptr();
  const bool sequence = o != nullptr && (PyTuple_Check(o) || (list_allowed && PyList_Check(o)));
  if (!sequence) {
    if (o == nullptr || !is_int(o)) refuse(what, "an int or a tuple of ints", o ? o : Py_None);
    out.push_back(strict_int(what, o));
    return out;
  }
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
    out.push_back(strict_int(what, PySequence_Fast_GET_ITEM(o, i)));
  }
  return out;
}

std::optional<Axes> strict_axes(const char* what, const Value& axes) {
  if (!axes.given()) return std::nullopt;
  return strict_ints(what, axes);
}

Shape strict_shape(const char* what, const Value& shape, Sizes accepted) {
  PyObject* o = shape.ptr();
  const auto is_size = [](PyObject* each) { return is_int(each) || nb::isinstance<PyDim>(nb::handle(each)); };
  if (o != nullptr && accepted == Sizes::int_or_sequence && is_size(o)) return Shape{dim_of(nb::handle(o))};
  const bool sequence = o != nullptr && (PyTuple_Check(o) || (PyList_Check(o) && accepted != Sizes::tuple));
  if (!sequence) {
    refuse(what, accepted == Sizes::int_or_sequence ? "an int or a tuple of ints" : "a tuple of ints", o ? o : Py_None);
  }
  Shape out;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
    PyObject* each = PySequence_Fast_GET_ITEM(o, i);
    if (!is_size(each)) refuse(what, "a tuple of ints", each);
    out.push_back(dim_of(nb::handle(each)));
  }
  return out;
}

bool strict_flag(const char* what, const Value& flag, bool otherwise) {
  if (flag.ptr() == nullptr) return otherwise;
  if (!PyBool_Check(flag.ptr())) refuse(what, "a bool", flag.ptr());
  return flag.ptr() == Py_True;
}

// --- StrictCall

Arrays StrictCall::arrays(std::span<PyObject* const> objects) {
  Arrays out;
  for (PyObject* o : objects) out.push_back(array(o, "each argument"));
  return out;
}

Arrays StrictCall::sequence(const Value& arrays) {
  PyObject* o = arrays.ptr();
  if (o == nullptr || (!PyTuple_Check(o) && !PyList_Check(o))) {
    throw TypeError(named("arrays") + " must be a tuple or list of arrays, not '" +
                    (o ? Py_TYPE(o)->tp_name : "NoneType") +
                    "': the standard takes no array of arrays: write unstack(x)");
  }
  Arrays out;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
    out.push_back(array(PySequence_Fast_GET_ITEM(o, i), "each of arrays"));
  }
  return out;
}

std::optional<DType> StrictCall::dtype(const Value& dtype) const {
  DType found;
  if (!dtype.given()) return std::nullopt;
  if (!is_strict_dtype(dtype.ptr(), found)) {
    throw ValueError(named("dtype") + " is one of this namespace's objects (float64, int32, …), not " +
                     nb::cast<std::string>(nb::repr(dtype.handle())));
  }
  const std::optional<DType> d = found;
  if (device_ >= array_api::Device::no_float64) array_api::check_supported(function_, device_, *d);
  return d;
}

DType StrictCall::sum_dtype(const Value& dtype, const Array& x) const {
  const std::optional<DType> d = this->dtype(dtype);
  if (!d) return array_api::sum_dtype(x.dtype(), device_);
  warn_of_lost_imaginary_parts(x.dtype(), *d);
  return *d;
}

std::int64_t StrictCall::int_or(const char* argument, const Value& v, std::int64_t otherwise) const {
  if (v.ptr() == nullptr) return otherwise;
  if (PyLong_CheckExact(v.ptr())) {
    const long long i = PyLong_AsLongLong(v.ptr());
    if (i != -1 || !PyErr_Occurred()) return i;
    throw nb::python_error();
  }
  return strict_int(named(argument).c_str(), v.ptr());
}

void StrictCall::need_size(const Array& x, std::int64_t axis) const {
  if (axis < -x.ndim() || axis >= x.ndim()) return;
  const std::int64_t n = x.shape()[static_cast<int>(axis < 0 ? axis + x.ndim() : axis)];
  if (is_symbolic(n) && dim_value_hook) dim_value_hook(n);
}

nb::object StrictCall::wrap_indices(const Array& x) const {
  const DType d = defaults().indexing;
  return to_strict(x.dtype() == d ? x : tnp::astype(x, d), device_);
}

nb::object StrictCall::tuple(const Arrays& xs) const {
  nb::list out;
  for (const Array& x : xs) out.append(wrap(x));
  return nb::tuple(out);
}

nb::object StrictCall::sequence(const Arrays& xs) const {
  nb::object out = tuple(xs);
  if (array_api::flags().version < array_api::k2025) return nb::steal(PySequence_List(out.ptr()));
  return out;
}

}  // namespace tnp::python

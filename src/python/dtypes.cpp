// tnp's dtype objects and the arguments that are not arrays: dtypes, axes, shapes, symbolic sizes.
#include <nanobind/stl/optional.h>

#include <algorithm>

#include "base/default_dtype.h"
#include "base/dim.h"
#include "ir/trace.h"
#include "python/autograph.h"
#include "python/dtype_class.h"
#include "python/numpy_memory.h"
#include "python/python.h"
#include "tnp/error.h"
#include "tnp/extent.h"

namespace tnp::python {

namespace {

// "U5", "|S3", …: elements of any length serve all widths.
bool is_text_of_width(std::string_view text, char kind) {
  if (!text.empty() && (text[0] == '<' || text[0] == '>' || text[0] == '=' || text[0] == '|')) text.remove_prefix(1);
  if (text.empty() || text[0] != kind) return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

DType dtype_of_name(const std::string& text) {
  DType d;
  if (is_text_of_width(text, 'U') || text == "str" || text == "unicode_") return DType::unicode;
  if (is_text_of_width(text, 'S') || text == "bytes" || text == "string_") return DType::string;
  if (!text.empty() && text[0] == '>') return dtype_of_name(text.substr(1));
  if (!dtype_from_name(text, d)) throw TypeError("data type '" + text + "' not understood");
  return d;
}

// Names that were understood, with their types' numbers: there are few.
DType dtype_of_text(PyObject* text) {
  static PyObject* known = PyDict_New();
  if (PyObject* number = PyDict_GetItem(known, text)) return static_cast<DType>(PyLong_AsLong(number));
  const DType d = dtype_of_name(nb::cast<std::string>(nb::handle(text)));
  const nb::int_ number(static_cast<int>(d));
  if (PyUnicode_CheckExact(text) && PyDict_SetItem(known, text, number.ptr()) != 0) throw nb::python_error();
  return d;
}

}  // namespace

nb::object dtype_object(DType dtype) {
  PyObject* object = dtype_objects[static_cast<int>(dtype)];
  if (object == nullptr) throw RuntimeError("the dtype objects are not registered");
  return nb::borrow(object);
}

bool has_other_byte_order(PyObject* dtype) {
  if (dtype == nullptr) return false;
  if (PyUnicode_Check(dtype)) return PyUnicode_GET_LENGTH(dtype) > 0 && PyUnicode_READ_CHAR(dtype, 0) == '>';
  DType known;
  return numpy_dtype(dtype, known) && reinterpret_cast<NumpyDescr*>(dtype)->byteorder == '>';
}

DType dtype_of(nb::handle o) {
  if (o.ptr() == reinterpret_cast<PyObject*>(&PyFloat_Type)) return default_float();
  if (o.ptr() == reinterpret_cast<PyObject*>(&PyLong_Type)) return DType::int64;
  if (o.ptr() == reinterpret_cast<PyObject*>(&PyBool_Type)) return DType::bool_;
  if (o.ptr() == reinterpret_cast<PyObject*>(&PyComplex_Type)) return default_dtype(WeakKind::complex);
  if (is_dtype_object(o.ptr())) return dtype_of_object(o.ptr());
  if (PyUnicode_Check(o.ptr())) return dtype_of_text(o.ptr());
  if (o.ptr() == reinterpret_cast<PyObject*>(&PyUnicode_Type)) return DType::unicode;
  if (o.ptr() == reinterpret_cast<PyObject*>(&PyBytes_Type)) return DType::string;
  // NumPy's dtypes and scalar types, and ml_dtypes'.
  DType d;
  if (PyType_Check(o.ptr()) && numpy_scalar_class(reinterpret_cast<PyTypeObject*>(o.ptr()), d)) return d;
  if (numpy_dtype(o.ptr(), d)) return d;
  nb::object name = nb::getattr(o, "name", nb::none());
  if (!nb::isinstance<nb::str>(name)) name = nb::getattr(o, "__name__", nb::none());
  if (nb::isinstance<nb::str>(name) && dtype_from_name(nb::cast<std::string>(name), d)) return d;
  // NumPy's text of any width, whose names tell it.
  const nb::object kind = nb::getattr(o, "kind", nb::none());
  if (nb::isinstance<nb::str>(kind)) {
    const std::string k = nb::cast<std::string>(kind);
    if (k == "U" || k == "T") return DType::unicode;
    if (k == "S") return DType::string;
  }
  throw TypeError("Cannot interpret '" + nb::cast<std::string>(nb::repr(o)) + "' as a data type");
}

std::optional<Axes> axes_of(nb::handle o) {
  if (o.is_none()) return std::nullopt;
  Axes axes;
  if (PyIndex_Check(o.ptr())) {
    axes.push_back(nb::cast<std::int64_t>(nb::steal(PyNumber_Index(o.ptr()))));
    return axes;
  }
  for (nb::handle each : nb::borrow<nb::iterable>(o))
    axes.push_back(nb::cast<std::int64_t>(nb::steal(PyNumber_Index(each.ptr()))));
  return axes;
}

bool is_traced_number(PyObject* o) {
  if (!is_array(o)) return false;
  const Array& x = array_of(o);
  return x.is_symbolic() && is_integer(x.dtype()) && x.shape().rank_known() && x.ndim() == 0;
}

std::int64_t dim_of(nb::handle o) {
  int overflow = 0;
  if (PyLong_CheckExact(o.ptr())) {
    const long long v = PyLong_AsLongLongAndOverflow(o.ptr(), &overflow);
    if (overflow) throw ValueError("Maximum allowed dimension exceeded");
    return v;
  }
  if (nb::isinstance<PyDim>(o)) {
    if (current_trace == nullptr)
      throw TracerError("a size of a symbolic array was used outside of the traced function it belongs to");
    return nb::cast<PyDim&>(o).dim;
  }
  if (is_traced_number(o.ptr())) return size_of_value(array_of(o.ptr()));
  nb::object index = nb::steal(PyNumber_Index(o.ptr()));
  if (!index.is_valid()) throw nb::python_error();
  const long long v = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow) throw ValueError("Maximum allowed dimension exceeded");
  return v;
}

Shape shape_of(nb::handle o) {
  Shape shape;
  // An array is a number only without dimensions; a vector is a sequence of sizes.
  const bool vector = is_array(o.ptr()) && array_of(o.ptr()).shape().rank_known() && array_of(o.ptr()).ndim() > 0;
  if (nb::isinstance<PyDim>(o) || (PyIndex_Check(o.ptr()) && !vector)) {
    shape.push_back(dim_of(o));
    return shape;
  }
  if (!PySequence_Check(o.ptr()) && !PyIter_Check(o.ptr())) {
    throw TypeError("expected a sequence of integers or a single integer, got '" + nb::cast<std::string>(nb::repr(o)) +
                    "'");
  }
  for (nb::handle each : nb::borrow<nb::iterable>(o)) shape.push_back(dim_of(each));
  return shape;
}

nb::object dim_object(std::int64_t dim) {
  if (!is_symbolic(dim)) return nb::int_(dim);
  return nb::cast(PyDim{dim});
}

nb::object shape_object(const Shape& shape) {
  const int n = shape.size();
  const std::int64_t* sizes = shape.data();
  PyObject* t = PyTuple_New(n);
  for (int i = 0; i < n; ++i) {
    PyTuple_SET_ITEM(t, i,
                     is_symbolic(sizes[i]) ? dim_object(sizes[i]).release().ptr() : PyLong_FromLongLong(sizes[i]));
  }
  return nb::steal(t);
}

void bind_dtypes(nb::module_& m) {
  bind_dtype_class(m);
  m.def(
      "register_dtypes",
      [](nb::list objects) {
        if (nb::len(objects) != kDTypeCount) throw ValueError("register_dtypes: one object for each dtype is needed");
        for (int i = 0; i < kDTypeCount; ++i) {
          dtype_objects[i] = nb::object(nb::borrow(objects[i])).release().ptr();
          use_dtype_class(Py_TYPE(dtype_objects[i]));
        }
      },
      "Makes these the dtype objects of arrays; called once, by the package.");
  m.def("dtype_info", [](int i) {
    const DTypeInfo& info = tnp::info(static_cast<DType>(i));
    return nb::make_tuple(std::string(info.name), std::string(info.code), std::string(1, static_cast<char>(info.kind)),
                          static_cast<int>(info.itemsize));
  });
  m.def("dtype_number", [](nb::object o) { return static_cast<int>(dtype_of(o)); }, nb::arg("dtype").none());
  m.def("promote_types", [](nb::object a, nb::object b) { return dtype_object(promote(dtype_of(a), dtype_of(b))); });
  m.def("can_cast_types", [](nb::object a, nb::object b, int casting) {
    return can_cast(dtype_of(a), dtype_of(b), static_cast<Casting>(casting));
  });
  m.def("set_default_float", [](nb::object d) { set_default_float(dtype_of(d)); });
  m.def(
      "exchange_default_float",
      [](nb::object d) {
        const DType old = exchange_thread_default_float(d.is_none() ? DType::object : dtype_of(d));
        return old == DType::object ? nb::none() : dtype_object(old);
      },
      nb::arg("dtype").none());
  m.def("promotion_mode", [] { return static_cast<int>(promotion_mode()); });
  m.def("process_promotion_mode", [] { return static_cast<int>(process_promotion_mode()); });
  m.def("process_default_float", [] { return dtype_object(process_default_float()); });
  m.def("set_promotion_mode", [](int mode) { set_promotion_mode(static_cast<PromotionMode>(mode)); });
  m.def(
      "exchange_promotion_mode",
      [](std::optional<int> mode) {
        std::optional<PromotionMode> next;
        if (mode) next = static_cast<PromotionMode>(*mode);
        const auto old = exchange_thread_promotion_mode(next);
        return old ? nb::object(nb::int_(static_cast<int>(*old))) : nb::none();
      },
      nb::arg("mode").none());
  m.def("default_float", [] { return dtype_object(default_float()); });
}

}  // namespace tnp::python

// tnp.Dim: a size inside a traced function that is known only when the function runs.
#include "base/dim.h"

#include "python/python.h"
#include "tnp/error.h"

namespace tnp::python {

void (*dim_value_hook)(std::int64_t dim) = nullptr;

namespace {

std::int64_t known(const PyDim& d, const char* what) {
  // The trace may be willing to start over with this size fixed.
  if (dim_value_hook) dim_value_hook(d.dim);
  throw TracerError(std::string("the size ") + dim_str(d.dim) + " is known only when the function runs, so " + what +
                    " is not possible while it is traced: use tnp.cond, tnp.while_loop or array operations");
}

template <Dim (*F)(Dim, Dim)>
nb::object arithmetic(const PyDim& a, nb::handle b) {
  if (nb::isinstance<PyDim>(b) || PyLong_Check(b.ptr())) return dim_object(F(a.dim, dim_of(b)));
  if (PyIndex_Check(b.ptr()) || PyFloat_Check(b.ptr()) || PyComplex_Check(b.ptr()))
    return nb::borrow(Py_NotImplemented);
  return nb::borrow(Py_NotImplemented);
}

template <Dim (*F)(Dim, Dim)>
nb::object reflected(const PyDim& a, nb::handle b) {
  if (PyLong_Check(b.ptr())) return dim_object(F(dim_of(b), a.dim));
  return nb::borrow(Py_NotImplemented);
}

// As an array, for what sizes can not do among themselves.
Array value(const PyDim& d) { return dim_value(d.dim, DType::int64); }

}  // namespace

void bind_dim(nb::module_& m) {
  auto cls = nb::class_<PyDim>(m, "Dim", "A size that is known only when the traced function runs.");
  cls.attr("__module__") = "tnp";
  cls.def("__add__", &arithmetic<dim_add>, nb::is_operator());
  cls.def("__radd__", &reflected<dim_add>, nb::is_operator());
  cls.def("__sub__", &arithmetic<dim_sub>, nb::is_operator());
  cls.def("__rsub__", &reflected<dim_sub>, nb::is_operator());
  cls.def("__mul__", &arithmetic<dim_mul>, nb::is_operator());
  cls.def("__rmul__", &reflected<dim_mul>, nb::is_operator());
  cls.def("__floordiv__", &arithmetic<dim_floor_div>, nb::is_operator());
  cls.def("__rfloordiv__", &reflected<dim_floor_div>, nb::is_operator());
  cls.def("__mod__", &arithmetic<dim_mod>, nb::is_operator());
  cls.def("__rmod__", &reflected<dim_mod>, nb::is_operator());
  cls.def(
      "__truediv__",
      [](const PyDim& a, nb::handle b) {
        return nb::steal(
            PyNumber_TrueDivide(to_python(value(a)).ptr(),
                                nb::isinstance<PyDim>(b) ? to_python(value(nb::cast<PyDim&>(b))).ptr() : b.ptr()));
      },
      nb::is_operator());
  cls.def(
      "__rtruediv__",
      [](const PyDim& a, nb::handle b) { return nb::steal(PyNumber_TrueDivide(b.ptr(), to_python(value(a)).ptr())); },
      nb::is_operator());
  cls.def(
      "__eq__",
      [](const PyDim& a, nb::handle b) -> nb::object {
        if (nb::isinstance<PyDim>(b) && nb::cast<PyDim&>(b).dim == a.dim) return nb::bool_(true);
        return nb::steal(PyObject_RichCompare(
            to_python(value(a)).ptr(), nb::isinstance<PyDim>(b) ? to_python(value(nb::cast<PyDim&>(b))).ptr() : b.ptr(),
            Py_EQ));
      },
      nb::arg("other").none());
  const auto compare = [&](const char* name, int op) {
    cls.def(name, [op](const PyDim& a, nb::handle b) {
      nb::object right = nb::isinstance<PyDim>(b) ? to_python(value(nb::cast<PyDim&>(b))) : nb::borrow(b);
      return nb::steal(PyObject_RichCompare(to_python(value(a)).ptr(), right.ptr(), op));
    });
  };
  compare("__lt__", Py_LT);
  compare("__le__", Py_LE);
  compare("__gt__", Py_GT);
  compare("__ge__", Py_GE);
  compare("__ne__", Py_NE);
  cls.def("__hash__", [](const PyDim& a) { return static_cast<Py_hash_t>(a.dim); });
  cls.def("__index__", [](const PyDim& a) { return known(a, "its use as a Python integer"); });
  cls.def("__int__", [](const PyDim& a) { return known(a, "int()"); });
  cls.def("__float__", [](const PyDim& a) { return static_cast<double>(known(a, "float()")); });
  cls.def("__bool__", [](const PyDim& a) { return known(a, "bool()") != 0; });
  cls.def("__repr__", [](const PyDim& a) { return dim_str(a.dim); });
  cls.def("__array__", [](const PyDim& a, nb::args, nb::kwargs) { return known(a, "a conversion to NumPy"); });
}

}  // namespace tnp::python

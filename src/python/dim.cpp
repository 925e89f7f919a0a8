// tnp.Dim: a size inside a traced function that is known only when the function runs.
#include "base/dim.h"

#include "python/autograph.h"
#include "python/python.h"
#include "tnp/error.h"

namespace tnp::python {

void (*dim_value_hook)(std::int64_t dim) = nullptr;

namespace {

std::int64_t known(const PyDim& d, const char* what) {
  ask_for_conversion("number");
  // The trace may be willing to start over with this size fixed.
  if (dim_value_hook) dim_value_hook(d.dim);
  throw TracerError(std::string("the size ") + dim_str(d.dim) + " is known only when the function runs, so " + what +
                    " is not possible while it is traced: use tnp.cond, tnp.while_loop or array operations");
}

nb::int_ number(const PyDim& d, const char* what) { return nb::int_(known(d, what)); }

nb::object checked(PyObject* result) {
  if (result == nullptr) throw nb::python_error();
  return nb::steal(result);
}

bool is_python_number(nb::handle o) {
  return PyLong_Check(o.ptr()) || PyFloat_Check(o.ptr()) || PyComplex_Check(o.ptr());
}

bool is_zero(nb::handle o) { return is_python_number(o) && PyObject_IsTrue(o.ptr()) == 0; }

// A float made of sizes is a single element that leaves the types of arrays alone, as the Python float that it stands
// for.
nb::object as_float(const PyDim& d) {
  const Array x = dim_value(d.dim, DType::float64);
  set_weak_number(x);
  return to_python(x);
}

nb::object as_float(nb::handle o) {
  return nb::isinstance<PyDim>(o) ? as_float(nb::cast<const PyDim&>(o)) : nb::borrow(o);
}

template <Dim (*F)(Dim, Dim), PyObject* (*Op)(PyObject*, PyObject*)>
nb::object arithmetic(const PyDim& a, nb::handle b) {
  if ((F == dim_floor_div || F == dim_mod) && is_zero(b))
    return checked(Op(nb::int_(1).ptr(), b.ptr()));  // raises Python's error
  if (nb::isinstance<PyDim>(b) || PyLong_Check(b.ptr())) return dim_object(F(a.dim, dim_of(b)));
  if (is_python_number(b)) return checked(Op(as_float(a).ptr(), b.ptr()));
  return nb::borrow(Py_NotImplemented);
}

template <Dim (*F)(Dim, Dim), PyObject* (*Op)(PyObject*, PyObject*)>
nb::object reflected(const PyDim& a, nb::handle b) {
  if (PyLong_Check(b.ptr())) return dim_object(F(dim_of(b), a.dim));
  if (is_python_number(b)) return checked(Op(b.ptr(), as_float(a).ptr()));
  return nb::borrow(Py_NotImplemented);
}

PyObject* power(PyObject* a, PyObject* b) { return PyNumber_Power(a, b, Py_None); }

// The number from 0 to `most` that an object is, or -1.
std::int64_t small_number(nb::handle o, std::int64_t most) {
  if (!PyLong_CheckExact(o.ptr())) return -1;
  int overflow = 0;
  const long long v = PyLong_AsLongLongAndOverflow(o.ptr(), &overflow);
  return overflow == 0 && v >= 0 && v <= most ? v : -1;
}

// What is a size again, of a size and a number.
constexpr std::int64_t kMaxExponent = 8, kMaxBits = 31;

bool is_float(nb::handle o) { return PyFloat_Check(o.ptr()) || PyComplex_Check(o.ptr()); }

nb::object powered(const PyDim& a, nb::handle b) {
  if (is_float(b) || (PyLong_Check(b.ptr()) && (b < nb::int_(0)))) return checked(power(as_float(a).ptr(), b.ptr()));
  const std::int64_t n = small_number(b, kMaxExponent);
  if (n < 0) return nb::object();
  Dim d = 1;
  for (std::int64_t i = 0; i < n; ++i) d = dim_mul(d, a.dim);
  return dim_object(d);
}
nb::object both_quotients(const PyDim& a, nb::handle b) {
  if (is_zero(b) || !(nb::isinstance<PyDim>(b) || PyLong_Check(b.ptr()))) return nb::object();
  const Dim by = dim_of(b);
  return nb::make_tuple(dim_object(dim_floor_div(a.dim, by)), dim_object(dim_mod(a.dim, by)));
}
nb::object shifted_left(const PyDim& a, nb::handle b) {
  const std::int64_t n = small_number(b, kMaxBits);
  return n < 0 ? nb::object() : dim_object(dim_mul(a.dim, std::int64_t{1} << n));
}
nb::object shifted_right(const PyDim& a, nb::handle b) {
  const std::int64_t n = small_number(b, kMaxBits);
  return n < 0 ? nb::object() : dim_object(dim_floor_div(a.dim, std::int64_t{1} << n));
}
// With a mask of the lowest bits.
nb::object low_bits(const PyDim& a, nb::handle b) {
  const std::int64_t mask = small_number(b, (std::int64_t{1} << kMaxBits) - 1);
  return mask < 1 || (mask & (mask + 1)) != 0 ? nb::object() : dim_object(dim_mod(a.dim, mask + 1));
}
nb::object raised(const PyDim& a, nb::handle b) {
  return is_float(b) ? checked(power(b.ptr(), as_float(a).ptr())) : nb::object();
}
nb::object no_size(const PyDim&, nb::handle) { return nb::object(); }

// What only Python's numbers can do, but for what `Sized` and, the other way round, `SizedBy` give.
template <PyObject* (*Op)(PyObject*, PyObject*), nb::object (*Sized)(const PyDim&, nb::handle) = no_size,
          nb::object (*SizedBy)(const PyDim&, nb::handle) = no_size>
void def_of_numbers(nb::class_<PyDim>& cls, const char* name, const char* reflected_name) {
  cls.def(
      name,
      [](const PyDim& a, nb::handle b) {
        if (!nb::isinstance<PyDim>(b) && !is_python_number(b)) return nb::borrow(Py_NotImplemented);
        if (nb::object size = Sized(a, b); size.is_valid()) return size;
        return checked(Op(number(a, "this operation").ptr(), b.ptr()));
      },
      nb::is_operator());
  cls.def(
      reflected_name,
      [](const PyDim& a, nb::handle b) {
        if (!is_python_number(b)) return nb::borrow(Py_NotImplemented);
        if (nb::object size = SizedBy(a, b); size.is_valid()) return size;
        return checked(Op(b.ptr(), number(a, "this operation").ptr()));
      },
      nb::is_operator());
}

// As an array, for what sizes can not do among themselves.
Array value(const PyDim& d) { return dim_value(d.dim, DType::int64); }

nb::object quotient(nb::handle a, nb::handle b) {
  if (is_zero(b)) return checked(PyNumber_TrueDivide(nb::int_(1).ptr(), b.ptr()));  // raises Python's error
  return checked(PyNumber_TrueDivide(as_float(a).ptr(), as_float(b).ptr()));
}

}  // namespace

void bind_dim(nb::module_& m) {
  auto cls = nb::class_<PyDim>(m, "Dim", "A size that is known only when the traced function runs.");
  cls.attr("__module__") = "tnp";
  cls.def("__add__", &arithmetic<dim_add, PyNumber_Add>, nb::is_operator());
  cls.def("__radd__", &reflected<dim_add, PyNumber_Add>, nb::is_operator());
  cls.def("__sub__", &arithmetic<dim_sub, PyNumber_Subtract>, nb::is_operator());
  cls.def("__rsub__", &reflected<dim_sub, PyNumber_Subtract>, nb::is_operator());
  cls.def("__mul__", &arithmetic<dim_mul, PyNumber_Multiply>, nb::is_operator());
  cls.def("__rmul__", &reflected<dim_mul, PyNumber_Multiply>, nb::is_operator());
  cls.def("__floordiv__", &arithmetic<dim_floor_div, PyNumber_FloorDivide>, nb::is_operator());
  cls.def("__rfloordiv__", &reflected<dim_floor_div, PyNumber_FloorDivide>, nb::is_operator());
  cls.def("__mod__", &arithmetic<dim_mod, PyNumber_Remainder>, nb::is_operator());
  cls.def("__rmod__", &reflected<dim_mod, PyNumber_Remainder>, nb::is_operator());
  const auto is_operand = [](nb::handle o) { return nb::isinstance<PyDim>(o) || is_python_number(o); };
  cls.def(
      "__truediv__",
      [is_operand](nb::handle a, nb::handle b) {
        return is_operand(b) ? quotient(a, b) : nb::borrow(Py_NotImplemented);
      },
      nb::is_operator());
  cls.def(
      "__rtruediv__",
      [is_operand](nb::handle a, nb::handle b) {
        return is_operand(b) ? quotient(b, a) : nb::borrow(Py_NotImplemented);
      },
      nb::is_operator());
  def_of_numbers<power, powered, raised>(cls, "__pow__", "__rpow__");
  def_of_numbers<PyNumber_Divmod, both_quotients>(cls, "__divmod__", "__rdivmod__");
  def_of_numbers<PyNumber_Lshift, shifted_left>(cls, "__lshift__", "__rlshift__");
  def_of_numbers<PyNumber_Rshift, shifted_right>(cls, "__rshift__", "__rrshift__");
  def_of_numbers<PyNumber_And, low_bits>(cls, "__and__", "__rand__");
  def_of_numbers<PyNumber_Or>(cls, "__or__", "__ror__");
  def_of_numbers<PyNumber_Xor>(cls, "__xor__", "__rxor__");
  cls.def("__neg__", [](const PyDim& a) { return dim_object(dim_sub(0, a.dim)); });
  cls.def("__pos__", [](const PyDim& a) { return dim_object(a.dim); });
  cls.def("__abs__", [](const PyDim& a) { return dim_object(dim_max(a.dim, dim_sub(0, a.dim))); });
  cls.def("__invert__", [](const PyDim& a) { return dim_object(dim_sub(-1, a.dim)); });
  for (const char* name : {"__round__", "__trunc__", "__floor__", "__ceil__"})
    cls.def(name, [](const PyDim& a) { return dim_object(a.dim); });
  cls.def("_least", [](const PyDim& a, nb::handle b) { return dim_object(dim_min(a.dim, dim_of(b))); });
  cls.def("_largest", [](const PyDim& a, nb::handle b) { return dim_object(dim_max(a.dim, dim_of(b))); });
  cls.def("__format__", [](const PyDim& a, nb::str spec) -> nb::object {
    if (nb::len(spec) == 0) return nb::str(dim_str(a.dim).c_str());
    return checked(PyObject_Format(number(a, "formatting").ptr(), spec.ptr()));
  });
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

// C++ exceptions as Python's and NumPy's.
#include <exception>
#include <new>

#include "base/casting.h"
#include "ops/elementwise/fp_status.h"
#include "python/python.h"
#include "tnp/error.h"
#include "tnp/linalg.h"
#include "tnp/ufunc_loops.h"

namespace tnp::python {

namespace {

PyObject* g_axis_error = nullptr;
PyObject* g_tracer_error = nullptr;
PyObject* g_promotion_error = nullptr;
PyObject* g_linalg_error = nullptr;
PyObject* g_ufunc_type_error = nullptr;
PyObject* g_ufunc_cast_error = nullptr;

void set(PyObject* type, const std::exception& e) { PyErr_SetString(type, e.what()); }

// NumPy's error, with its attributes.
void set_cast_error(const UfuncCastError& e) {
  const nb::object ufunc = nb::module_::import_("tnp._core").attr("ufuncs")[e.ufunc.c_str()];
  const nb::object error =
      nb::borrow(g_ufunc_cast_error)(ufunc, name(e.casting), dtype_object(e.from), dtype_object(e.to), e.input);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
}

void translate(const std::exception_ptr& p) {
  try {
    std::rethrow_exception(p);
  } catch (const nb::python_error& e) {
    const_cast<nb::python_error&>(e).restore();
  } catch (const AxisError& e) {
    set(g_axis_error, e);
  } catch (const TracerError& e) {
    set(g_tracer_error, e);
  } catch (const DTypePromotionError& e) {
    set(g_promotion_error, e);
  } catch (const LinAlgError& e) {
    set(g_linalg_error, e);
  } catch (const UfuncCastError& e) {
    set_cast_error(e);
  } catch (const UfuncTypeError& e) {
    set(g_ufunc_type_error, e);
  } catch (const ValueError& e) {
    set(PyExc_ValueError, e);
  } catch (const TypeError& e) {
    set(PyExc_TypeError, e);
  } catch (const IndexError& e) {
    set(PyExc_IndexError, e);
  } catch (const KeyError& e) {
    set(PyExc_KeyError, e);
  } catch (const OverflowError& e) {
    set(PyExc_OverflowError, e);
  } catch (const ZeroDivisionError& e) {
    set(PyExc_ZeroDivisionError, e);
  } catch (const MemoryError& e) {
    set(PyExc_MemoryError, e);
  } catch (const RecursionError& e) {
    set(PyExc_RecursionError, e);
  } catch (const BufferError& e) {
    set(PyExc_BufferError, e);
  } catch (const AttributeError& e) {
    set(PyExc_AttributeError, e);
  } catch (const Error& e) {
    set(PyExc_RuntimeError, e);
  } catch (const std::bad_alloc& e) {
    set(PyExc_MemoryError, e);
  } catch (const std::exception& e) {
    set(PyExc_RuntimeError, e);
  }
}

}  // namespace

void set_error_from_current_exception() noexcept {
  try {
    throw;
  } catch (nb::python_error& e) {
    e.restore();
  } catch (...) {
    translate(std::current_exception());
  }
}

void bind_errstate(nb::module_& m);  // errstate.cpp

void bind_errors(nb::module_& m) {
  bind_errstate(m);
  // numpy.exceptions' own classes, so that code which catches those goes on working.
  nb::module_ exceptions = nb::module_::import_("numpy.exceptions");
  g_axis_error = nb::object(exceptions.attr("AxisError")).release().ptr();
  const nb::object core_exceptions = nb::module_::import_("numpy._core._exceptions");
  g_ufunc_type_error = nb::object(core_exceptions.attr("UFuncTypeError")).release().ptr();
  g_ufunc_cast_error = nb::object(core_exceptions.attr("_UFuncInputCastingError")).release().ptr();
  g_linalg_error = nb::object(nb::module_::import_("numpy.linalg").attr("LinAlgError")).release().ptr();
  nb::object promotion =
      nb::steal(PyErr_NewExceptionWithDoc("tnp.DTypePromotionError", "Two dtypes have no common dtype.",
                                          nb::object(exceptions.attr("DTypePromotionError")).ptr(), nullptr));
  nb::object tracer =
      nb::steal(PyErr_NewExceptionWithDoc("tnp.TracerError",
                                          "The value of a symbolic array was asked for while its function is traced, "
                                          "or the array was used after its trace had ended.",
                                          PyExc_TypeError, nullptr));
  m.attr("DTypePromotionError") = promotion;
  m.attr("TracerError") = tracer;
  g_promotion_error = promotion.release().ptr();
  g_tracer_error = tracer.release().ptr();
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try {
      std::rethrow_exception(p);
    } catch (const Error&) {
      translate(p);
    }
  });
}

}  // namespace tnp::python

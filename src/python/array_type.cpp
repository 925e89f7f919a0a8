// The Python class tnp.ndarray: its life, and the number slots, which are the short way of a small call.
#include <cstddef>
#include <utility>
#include <vector>

#include "python/array_slots.h"
#include "python/elements.h"
#include "python/indexing.h"
#include "python/interchange.h"
#include "python/python.h"
#include "python/spare_objects.h"

namespace tnp::python {

namespace {

// An attribute that is not there: NumPy's operators and functions ask the classes of their operands for
// __array_ufunc__, and to word the interpreter's own error, which nobody reads, takes longer than a small sum.
PyObject* get_absent(PyObject*, PyObject*, PyObject*) {
  static PyObject* message = PyUnicode_InternFromString("tnp arrays have no attribute '__array_ufunc__'");
  PyErr_SetObject(PyExc_AttributeError, message);
  return nullptr;
}

nb::object absent_attribute() {
  static PyType_Slot slots[] = {{Py_tp_descr_get, reinterpret_cast<void*>(get_absent)}, {0, nullptr}};
  static PyType_Spec spec = {"tnp._absent_attribute", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots};
  const nb::object type = nb::steal(PyType_FromSpec(&spec));
  return type();
}

newfunc g_allocate = nullptr;

// ndarray.__new__ alone, which leaves out __init__: the slots find an array nevertheless, a zero that all such share.
// (ndarray(…) itself does not come this way.)
PyObject* new_array(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  PyObject* o = g_allocate(type, args, kwargs);
  static const auto* zero = new Array(0.0);
  if (o != nullptr) new (nb::inst_ptr<Array>(nb::handle(o))) Array(*zero);
  return o;
}

}  // namespace

Array& array_class::of_subclass(PyObject* o) noexcept { return *nb::inst_ptr<Array>(nb::handle(o)); }

PyObject* wrap(Array x) { return SpareObjects<Array>::wrap(std::move(x)); }

nb::object to_python(const Arrays& xs) {
  nb::list out;
  for (const Array& x : xs) out.append(to_python(x));
  return out;
}

void bind_array(nb::module_& m) {
  std::vector<PyType_Slot> slots;
  for (const PyType_Slot* s = operator_slots(); s->slot != 0; ++s) slots.push_back(*s);
  append_index_slots(slots);
  for (const PyType_Slot* s = buffer_slots(); s->slot != 0; ++s) slots.push_back(*s);
  slots.push_back({0, nullptr});
  auto cls = nb::class_<Array>(m, "ndarray", nb::type_slots(slots.data()), nb::is_weak_referenceable());
  array_class::type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  g_allocate = std::exchange(array_class::type->tp_new, &new_array);
  array_class::offset = SpareObjects<Array>::keep(array_class::type);
  cls.attr("__module__") = "tnp";
  cls.attr("__hash__") = nb::none();
  cls.attr("__array_priority__") = 100.0;
  cls.attr("__array_ufunc__") = absent_attribute();
  bind_indexing(m, cls);
}

}  // namespace tnp::python

// The Python class tnp.ndarray: its life, its attributes, and the number slots, which are the short way of a small
// call.
#include <cstddef>
#include <utility>
#include <vector>

#include "python/array_slots.h"
#include "python/indexing.h"
#include "python/interchange.h"
#include "python/python.h"
#include "python/spare_objects.h"

namespace tnp::python {

namespace {

PyTypeObject* g_array_type = nullptr;
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

PyTypeObject* array_type() noexcept { return g_array_type; }

Array& array_of(PyObject* o) noexcept {
  if (Py_TYPE(o) != g_array_type) return *nb::inst_ptr<Array>(nb::handle(o));  // of a subclass
  return SpareObjects<Array>::value(o);
}

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
  g_array_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  g_allocate = std::exchange(g_array_type->tp_new, &new_array);
  SpareObjects<Array>::keep(g_array_type);
  cls.attr("__module__") = "tnp";
  cls.attr("__hash__") = nb::none();
  cls.attr("__array_priority__") = 100.0;
  cls.def_prop_ro("dtype", [](const Array& x) { return dtype_object(x.dtype()); });
  cls.def_prop_ro("shape", [](const Array& x) { return x.ndim(), shape_object(x.shape()); });
  cls.def_prop_ro("ndim", &Array::ndim);
  cls.def_prop_ro("size", [](const Array& x) { return dim_object(x.size()); });
  cls.def_prop_ro("itemsize", [](const Array& x) { return x.itemsize(); });
  cls.def_prop_ro("strides", [](const Array& x) {
    nb::list out;
    for (std::int64_t s : x.strides()) out.append(s);
    return nb::tuple(out);
  });
  bind_indexing(m, cls);
}

}  // namespace tnp::python

// The Python class tnp.ndarray: its life, its attributes, and the number slots, which are the short way of a small
// call.
#include <cstddef>
#include <utility>
#include <vector>

#include "python/array_slots.h"
#include "python/indexing.h"
#include "python/interchange.h"
#include "python/python.h"

namespace tnp::python {

namespace {

PyTypeObject* g_array_type = nullptr;
newfunc g_allocate = nullptr;
destructor g_deallocate = nullptr;
std::ptrdiff_t g_value_offset = 0;  // of the Array in an object of the class itself; the same in all of them

// The Python objects of dead arrays, for the next ones: nanobind's own allocation enters each object into a table and
// the garbage collector's lists, which takes longer than a small operation. An array holds no Python object that a
// cycle could pass through, so the collector need not see it. The GIL guards this.
constexpr int kSpares = 64;
PyObject* g_spare[kSpares];
int g_spare_count = 0;
bool g_keep_spares = false;

void deallocate(PyObject* o) {
  if (Py_TYPE(o) != g_array_type || g_spare_count == kSpares || !g_keep_spares || !nb::inst_ready(nb::handle(o)))
    return g_deallocate(o);
  PyObject_GC_UnTrack(o);
  PyObject** weak_references =
      reinterpret_cast<PyObject**>(reinterpret_cast<char*>(o) + g_array_type->tp_weaklistoffset);
  if (*weak_references != nullptr) PyObject_ClearWeakRefs(o);
  // Dropped last: what it frees may run Python code, which may make arrays.
  const Array dead = std::move(array_of(o));
  g_spare[g_spare_count++] = o;
}

void drop_spares() {
  g_keep_spares = false;
  while (g_spare_count > 0) g_deallocate(g_spare[--g_spare_count]);
}

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
  return *reinterpret_cast<Array*>(reinterpret_cast<char*>(o) + g_value_offset);
}

PyObject* wrap(Array x) {
  if (g_spare_count > 0) {
    PyObject* spare = g_spare[--g_spare_count];
    _Py_NewReference(spare);
    array_of(spare) = std::move(x);
    return spare;
  }
  nb::object o = nb::inst_alloc(nb::handle(reinterpret_cast<PyObject*>(g_array_type)));
  new (nb::inst_ptr<Array>(o)) Array(std::move(x));
  nb::inst_mark_ready(o);
  return o.release().ptr();
}

namespace {

// Begins to keep spare objects, until the interpreter ends.
void keep_spares([[maybe_unused]] nb::module_& m) {
  const nb::object probe = nb::inst_alloc(nb::handle(reinterpret_cast<PyObject*>(g_array_type)));
  g_value_offset = reinterpret_cast<char*>(nb::inst_ptr<Array>(probe)) - reinterpret_cast<char*>(probe.ptr());
#if !defined(Py_GIL_DISABLED) && !defined(Py_TRACE_REFS)
  g_keep_spares = g_array_type->tp_weaklistoffset > 0;
  nb::module_::import_("atexit").attr("register")(nb::cpp_function(&drop_spares));
#endif
}

}  // namespace

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
  g_deallocate = std::exchange(g_array_type->tp_dealloc, &deallocate);
  keep_spares(m);
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

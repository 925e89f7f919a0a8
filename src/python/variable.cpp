#include "python/variable.h"

#include "ir/trace.h"
#include "python/array_slots.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

struct PyVariable {
  VariableRef variable;
};

PyTypeObject* g_variable_type = nullptr;

int kind_of(DType d) { return is_bool(d) ? 0 : is_integer(d) ? 1 : is_floating(d) ? 2 : 3; }

// Python's numbers and lists take the variable's type where its kind can hold them; arrays must have it.
Array value_for(const Variable& v, nb::handle value) {
  Scalar s(false);
  const bool scalar = scalar_of(value.ptr(), s);
  if (!scalar && !PyList_Check(value.ptr()) && !PyTuple_Check(value.ptr())) return as_array(value.ptr());
  const Array natural = as_array(value.ptr());
  if (!is_numeric(natural.dtype()) || !is_numeric(v.dtype())) return natural;
  if (kind_of(natural.dtype()) > kind_of(v.dtype())) {
    throw ValueError("assign: the variable '" + v.name() + "' has dtype " + std::string(name(v.dtype())) +
                     ", the value has dtype " + std::string(name(natural.dtype())));
  }
  return scalar ? broadcast_to(s.to_array(v.dtype()), v.shape()) : as_array(value.ptr(), {v.dtype(), std::nullopt});
}

// value op= delta, giving up the stored array so that it is updated in place where nobody else holds it.
nb::object update(nb::object self, nb::handle delta, Array (*op)(const Operand&, const Operand&)) {
  Variable& v = *variable_of(self.ptr());
  const Array change = value_for(v, delta);
  Array result = op(v.read(), change);
  if (is_numeric(result.dtype()) && is_numeric(v.dtype()) && kind_of(result.dtype()) > kind_of(v.dtype())) {
    throw ValueError("assign: the variable '" + v.name() + "' has dtype " + std::string(name(v.dtype())) +
                     ", the updated value would have dtype " + std::string(name(result.dtype())));
  }
  v.assign(astype(result, v.dtype()));
  return self;
}

}  // namespace

thread_local int variables_made_in_traces = 0;

bool is_variable(PyObject* o) noexcept {
  return g_variable_type && PyType_IsSubtype(Py_TYPE(o), g_variable_type) && nb::inst_ready(nb::handle(o));
}
const VariableRef& variable_of(PyObject* o) noexcept { return nb::inst_ptr<PyVariable>(nb::handle(o))->variable; }

void bind_variable(nb::module_& m) {
  auto cls = nb::class_<PyVariable>(
      m, "Variable", nb::type_slots(operator_slots()), nb::is_weak_referenceable(), nb::dynamic_attr(),
      "A mutable cell that holds an array: its shape and dtype stay, its value changes.\n\n"
      "Reads and writes inside a traced function happen in program order.");
  g_variable_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  cls.attr("__module__") = "tnp";
  cls.attr("__array_priority__") = 200.0;
  cls.def(
      "__init__",
      [](PyVariable* self, nb::handle initial, bool trainable, nb::handle dtype, const std::string& name) {
        AsArray options;
        if (!dtype.is_none()) options.dtype = dtype_of(dtype);
        new (self) PyVariable{std::make_shared<Variable>(as_array(initial.ptr(), options), name, trainable)};
        if (current_trace != nullptr) ++variables_made_in_traces;
      },
      nb::arg("initial_value"), nb::kw_only(), nb::arg("trainable") = true, nb::arg("dtype").none() = nb::none(),
      nb::arg("name") = "Variable");
  cls.def("read", [](const PyVariable& v) { return to_python(v.variable->read()); }, "Its value now.");
  cls.def("value", [](const PyVariable& v) { return to_python(v.variable->read()); }, "Its value now.");
  cls.def(
      "assign",
      [](nb::object self, nb::handle value) {
        Variable& v = *variable_of(self.ptr());
        v.assign(value_for(v, value));
        return self;
      },
      nb::arg("value"), "Sets its value. ValueError where shape or dtype differ.");
  cls.def(
      "assign_add", [](nb::object self, nb::handle delta) { return update(self, delta, &add); }, nb::arg("delta"),
      "Adds to its value.");
  cls.def(
      "assign_sub", [](nb::object self, nb::handle delta) { return update(self, delta, &subtract); }, nb::arg("delta"),
      "Subtracts from its value.");
  cls.def_prop_ro("shape", [](const PyVariable& v) { return shape_object(v.variable->shape()); });
  cls.def_prop_ro("dtype", [](const PyVariable& v) { return dtype_object(v.variable->dtype()); });
  cls.def_prop_ro("ndim", [](const PyVariable& v) { return v.variable->shape().ndim(); });
  cls.def_prop_ro("size", [](const PyVariable& v) { return v.variable->shape().num_elements(); });
  cls.def_prop_ro("name", [](const PyVariable& v) { return v.variable->name(); });
  cls.def_prop_ro("trainable", [](const PyVariable& v) { return v.variable->trainable(); });
  cls.def("__array__", [](const PyVariable& v, nb::args args, nb::kwargs kwargs) {
    return to_python(v.variable->read()).attr("__array__")(*args, **kwargs);
  });
  cls.def("__getattr__", [](const PyVariable& v, nb::str name) -> nb::object {
    // What arrays have (T, reshape, sum, …), of the value now.
    return nb::getattr(to_python(v.variable->read()), name);
  });
  cls.def(
      "__getitem__",
      [](const PyVariable& v, nb::handle key) {
        return nb::steal(PyObject_GetItem(to_python(v.variable->read()).ptr(), key.ptr()));
      },
      nb::arg("key").none());
  cls.def("__len__", [](const PyVariable& v) { return PyObject_Length(to_python(v.variable->read()).ptr()); });
  // A copy is another variable. (Arrays copy as themselves: this must not be left to __getattr__.)
  const auto copied = [](const PyVariable& v, nb::args) {
    return PyVariable{std::make_shared<Variable>(v.variable->read(), v.variable->name(), v.variable->trainable())};
  };
  cls.def("__copy__", copied);
  cls.def("__deepcopy__", copied);
  cls.def("__getstate__", [](const PyVariable& v) {
    return nb::make_tuple(to_python(v.variable->read()), v.variable->name(), v.variable->trainable());
  });
  cls.def("__setstate__", [](PyVariable& v, const nb::tuple& state) {
    new (&v) PyVariable{std::make_shared<Variable>(as_array(nb::object(state[0]).ptr()),
                                                   nb::cast<std::string>(state[1]), nb::cast<bool>(state[2]))};
  });
  cls.def("__repr__", [](const PyVariable& v) {
    return "<tnp.Variable '" + v.variable->name() + "' " +
           nb::cast<std::string>(nb::repr(to_python(v.variable->stored()))) + ">";
  });
}

}  // namespace tnp::python

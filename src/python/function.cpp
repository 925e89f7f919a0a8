// tnp.function: the types of functions and of their methods.
#include "compiler/program.h"
#include "ir/graph.h"
#include "python/asked_size.h"
#include "python/elementwise_call.h"
#include "python/function_object.h"
#include "python/graph_object.h"
#include "transform/explain.h"

namespace tnp::python {

namespace {

PyTypeObject* g_function_type = nullptr;
std::ptrdiff_t g_function_offset = 0;  // of the Function in an object of the class itself

PyObject* function_vectorcall(PyObject* self, PyObject* const* args, std::size_t nargs, PyObject* names) {
  return guarded([&] {
    Function* f = Py_TYPE(self) == g_function_type
                      ? reinterpret_cast<Function*>(reinterpret_cast<char*>(self) + g_function_offset)
                      : nb::inst_ptr<Function>(nb::handle(self));
    return f->call(args, static_cast<std::size_t>(PyVectorcall_NARGS(nargs)), names);
  });
}

// Objects of the class are called through the pointer that they begin with. One that was made without __init__ has
// none, and comes to the class's tp_call. Returns where in an object the T lies.
template <class T>
std::ptrdiff_t call_by_vector(const nb::class_<T>& cls, unsigned long flags = 0) {
  auto* type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  const nb::object probe = nb::inst_alloc(cls);
  const char* begin = reinterpret_cast<const char*>(probe.ptr());
  T* object = nb::inst_ptr<T>(probe);
  object->vectorcall = nullptr;
  const Callable* callable = object;
  type->tp_vectorcall_offset = reinterpret_cast<const char*>(callable) - begin;
  type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | flags;
  PyType_Modified(type);
  return reinterpret_cast<const char*>(object) - begin;
}

PyObject* function_call(PyObject* self, PyObject* args, PyObject* kwargs) {
  if (nb::inst_ready(nb::handle(self))) return PyVectorcall_Call(self, args, kwargs);
  PyErr_SetString(PyExc_TypeError, "Function: it was made without __init__");
  return nullptr;
}

// What is found where the function stands in a class: it takes the instance as its first argument. (The interpreter
// makes none for `x.f(…)`, as the class is a METHOD_DESCRIPTOR: it calls the function.)
struct BoundFunction : Callable {
  nb::object function, instance;

  Function& f() const { return nb::cast<Function&>(function); }
  nb::tuple with_instance(nb::handle args) const {
    const Py_ssize_t n = PyTuple_GET_SIZE(args.ptr());
    PyObject* all = PyTuple_New(n + 1);
    if (all == nullptr) throw nb::python_error();
    PyTuple_SET_ITEM(all, 0, Py_NewRef(instance.ptr()));
    for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(all, i + 1, Py_NewRef(PyTuple_GET_ITEM(args.ptr(), i)));
    return nb::steal<nb::tuple>(all);
  }
};

PyObject* bound_vectorcall(PyObject* self, PyObject* const* args, std::size_t nargs, PyObject* names) {
  constexpr std::size_t kFew = 12;
  return guarded([&] {
    const BoundFunction& b = *nb::inst_ptr<BoundFunction>(nb::handle(self));
    const nb::object function = b.function, instance = b.instance;  // stay while it runs
    const auto n = static_cast<std::size_t>(PyVectorcall_NARGS(nargs));
    const std::size_t all = n + (names == nullptr ? 0 : static_cast<std::size_t>(PyTuple_GET_SIZE(names)));
    PyObject* few[kFew + 1];
    std::vector<PyObject*> more(all > kFew ? all + 1 : 0);
    PyObject** given = more.empty() ? few : more.data();
    given[0] = instance.ptr();
    std::copy_n(args, all, given + 1);
    return b.f().call(given, n + 1, names);
  });
}

PyObject* bound_call(PyObject* self, PyObject* args, PyObject* kwargs) { return PyVectorcall_Call(self, args, kwargs); }

int bound_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(nb::handle(self))) return 0;
  const BoundFunction& b = *nb::inst_ptr<BoundFunction>(nb::handle(self));
  Py_VISIT(b.function.ptr());
  Py_VISIT(b.instance.ptr());
  return 0;
}

int bound_clear(PyObject* self) {
  if (!nb::inst_ready(nb::handle(self))) return 0;
  BoundFunction& b = *nb::inst_ptr<BoundFunction>(nb::handle(self));
  b.function.reset();
  b.instance.reset();
  return 0;
}

PyObject* function_get(PyObject* self, PyObject* instance, PyObject*) {
  if (instance == nullptr || instance == Py_None) return Py_NewRef(self);
  try {
    return nb::cast(BoundFunction{{&bound_vectorcall}, nb::borrow(self), nb::borrow(instance)}).release().ptr();
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

int function_traverse(PyObject* self, visitproc visit, void* arg) {
#if PY_VERSION_HEX >= 0x03090000
  Py_VISIT(Py_TYPE(self));
#endif
  if (PyObject** attributes = _PyObject_GetDictPtr(self)) Py_VISIT(*attributes);
  return nb::inst_ready(nb::handle(self)) ? nb::inst_ptr<Function>(nb::handle(self))->traverse(visit, arg) : 0;
}

int function_clear(PyObject* self) {
  if (PyObject** attributes = _PyObject_GetDictPtr(self)) Py_CLEAR(*attributes);
  if (nb::inst_ready(nb::handle(self))) nb::inst_ptr<Function>(nb::handle(self))->drop();
  return 0;
}

std::shared_ptr<Traced> find_trace(const Function& f, nb::handle args, nb::handle kwargs, Arguments& arguments) {
  return const_cast<Function&>(f).find(args, kwargs, arguments);
}
std::shared_ptr<Traced> find_trace(const BoundFunction& b, nb::handle args, nb::handle kwargs, Arguments& arguments) {
  return b.f().find(b.with_instance(args), kwargs, arguments);
}

// What takes the arguments of a call, of functions and of methods.
template <class Self>
void define_views(nb::class_<Self>& cls) {
  const auto graph_of = [](const Self& self, nb::args args, nb::kwargs kwargs) {
    Arguments arguments;
    return find_trace(self, args, kwargs, arguments)->function.graph;
  };
  cls.def(
      "graph",
      [graph_of](const Self& self, nb::args args, nb::kwargs kwargs) { return PyGraph{graph_of(self, args, kwargs)}; },
      "What is traced for these arguments.");
  cls.def(
      "steps",
      [graph_of](const Self& self, nb::args args, nb::kwargs kwargs) {
        return program_of(graph_of(self, args, kwargs))->str();
      },
      "The steps that the compiled program runs, as text.");
  cls.def("_export", [](const Self& self, nb::args args, nb::kwargs kwargs) {
    Arguments arguments;
    const auto traced = find_trace(self, args, kwargs, arguments);
    if (!traced->function.assigned.empty()) {
      throw TypeError("export: the function assigns the Variable '" + traced->function.assigned[0]->name() +
                      "', which would be lost");
    }
    if (!traced->changed.empty()) throw TypeError("export: the function changes an argument, which would be lost");
    const std::size_t count = traced->results.num_leaves();
    std::vector<nb::object> numbers;
    for (std::size_t i = 0; i < count; ++i) numbers.push_back(nb::int_(i));
    nb::list variables;
    for (const VariableRef& v : traced->function.variables) variables.append(to_python(v->read()));
    return nb::make_tuple(PyGraph{traced->function.graph}, traced->results.unflatten(numbers), variables,
                          arguments.arrays.size());
  });
  cls.def(
      "cost",
      [](const Self& self, nb::args args, nb::kwargs kwargs) {
        Arguments arguments;
        const auto traced = find_trace(self, args, kwargs, arguments);
        const Cost c = cost_of(traced->function, arguments.arrays);
        const auto number = [](const std::optional<std::int64_t>& n) -> nb::object {
          return n ? nb::object(nb::int_(*n)) : nb::none();
        };
        nb::dict out;
        out["operations"] = c.operations;
        out["steps"] = c.steps;
        out["kernels"] = c.kernels;
        out["fused_operations"] = c.fused_operations;
        out["argument_bytes"] = c.argument_bytes;
        out["result_bytes"] = number(c.result_bytes);
        out["operation_bytes"] = number(c.operation_bytes);
        return out;
      },
      "What a call with these arguments costs: operations after simplification; steps of the program and, of them, "
      "fused "
      "kernels;\nbytes of arguments and results, and those that the operations would read and write one by one; None "
      "where "
      "sizes depend on data.");
}

void bind_bound_function(nb::module_& m) {
  static PyType_Slot slots[] = {
      {Py_tp_call, reinterpret_cast<void*>(bound_call)},
      {Py_tp_traverse, reinterpret_cast<void*>(bound_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(bound_clear)},
      {0, nullptr},
  };
  auto cls = nb::class_<BoundFunction>(m, "_BoundFunction", nb::type_slots(slots), nb::is_weak_referenceable());
  call_by_vector(cls);
  define_views(cls);
  cls.def_prop_ro("__self__", [](const BoundFunction& b) { return b.instance; });
  cls.def_prop_ro("__func__", [](const BoundFunction& b) { return b.function; });
  cls.def_prop_ro("__doc__", [](const BoundFunction& b) { return nb::getattr(b.function, "__doc__"); });
  cls.def_prop_ro("__signature__", [](const BoundFunction& b) {
    const nb::object method = nb::steal(PyMethod_New(b.f().wrapped().ptr(), b.instance.ptr()));
    return nb::module_::import_("inspect").attr("signature")(method);
  });
  cls.def("__getattr__", [](const BoundFunction& b, nb::str name) { return nb::getattr(b.function, name); });
  cls.def("__eq__", [](const BoundFunction& a, nb::handle other) {
    if (!nb::isinstance<BoundFunction>(other)) return false;
    const auto& b = nb::cast<BoundFunction&>(other);
    return a.function.is(b.function) && a.instance.is(b.instance);
  });
  cls.def("__hash__", [](const BoundFunction& b) {
    return (reinterpret_cast<std::intptr_t>(b.function.ptr()) ^ reinterpret_cast<std::intptr_t>(b.instance.ptr())) >> 4;
  });
  cls.def("__repr__", [](const BoundFunction& b) {
    return "<" + b.f().shown_name() + " of " + nb::cast<std::string>(nb::repr(b.instance)) + ", a tnp.function>";
  });
  cls.def("__reduce__", [](const BoundFunction& b) {
    return nb::make_tuple(nb::module_::import_("builtins").attr("getattr"),
                          nb::make_tuple(b.instance, nb::getattr(b.function, "__name__")));
  });
}

}  // namespace

void bind_function(nb::module_& m) {
  nb::class_<PyStatic>(m, "_Static");
  install_size_hooks();
  static PyType_Slot slots[] = {
      {Py_tp_call, reinterpret_cast<void*>(function_call)},
      {Py_tp_descr_get, reinterpret_cast<void*>(function_get)},
      {Py_tp_traverse, reinterpret_cast<void*>(function_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(function_clear)},
      {0, nullptr},
  };
  auto cls =
      nb::class_<Function>(m, "Function", nb::type_slots(slots), nb::dynamic_attr(), nb::is_weak_referenceable());
  cls.attr("__module__") = "tnp";
  cls.def(
      "__init__",
      [](Function* self, nb::object f, nb::object name, bool autograph) {
        new (self) Function(std::move(f), std::move(name), autograph, &function_vectorcall);
      },
      nb::arg("f"), nb::arg("name").none(), nb::arg("autograph") = true);
  g_function_offset = call_by_vector(cls, Py_TPFLAGS_METHOD_DESCRIPTOR);
  g_function_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  define_views(cls);
  bind_bound_function(m);
  cls.def("__repr__", [](const Function& f) { return "<tnp.function " + f.shown_name() + ">"; });
  cls.def(
      "cache_info",
      [](const Function& f) {
        nb::dict info;
        info["traces"] = f.num_traces();
        info["traced"] = f.num_made();
        info["limit"] = kMaxTraces;
        return info;
      },
      "How many traces are kept, how many were ever made, and how many may be kept.");
  cls.def("explain", &Function::explain,
          "Why each trace that is kept was made, and which updates of arrays its program can not make in place.");
  const auto define_marks = [&cls](const char* method, auto set) {
    cls.def(method, [set](Function& f, nb::list positions, nb::list names) {
      std::vector<std::size_t> p;
      std::vector<std::string> n;
      for (nb::handle h : positions) p.push_back(nb::cast<std::size_t>(h));
      for (nb::handle h : names) n.push_back(nb::cast<std::string>(h));
      (f.*set)(std::move(p), std::move(n));
    });
  };
  define_marks("set_statics", &Function::set_statics);
  define_marks("set_donated", &Function::set_donated);
  cls.def("clear_cache", &Function::clear);
  cls.def("__set_name__", [](Function& f, nb::handle, nb::handle) { f.set_in_class(); });
  // As Python's functions do: copied as itself, pickled by its name.
  cls.def("__copy__", [](nb::object self) { return self; });
  cls.def("__deepcopy__", [](nb::object self, nb::handle) { return self; });
  cls.def("__reduce__", [](nb::object self) { return self.attr("__qualname__"); });
  cls.def("set_input_signature", &Function::set_input_signature);

  m.def(
      "map_leaves",
      [](nb::handle f, nb::handle o) {
        std::vector<nb::object> leaves;
        const PyTree tree = PyTree::flatten(o, leaves);
        for (nb::object& leaf : leaves) leaf = f(leaf);
        return tree.unflatten(leaves);
      },
      nb::arg("f"), nb::arg("structure").none());
  m.def("alias", [](nb::handle x) { return to_python(alias(as_array(x.ptr()))); });
  m.def(
      "stop_gradient", [](nb::handle x) { return to_python(stop_gradient(as_array(x.ptr()))); }, nb::arg("x"),
      "The array, through which no gradient flows.");
  m.def(
      "require_inexact",
      [](nb::handle o) {
        std::vector<nb::object> leaves;
        PyTree::flatten(o, leaves);
        for (const nb::object& leaf : leaves) {
          if (is_array(leaf.ptr()) && !is_inexact(array_of(leaf.ptr()).dtype())) {
            throw TypeError("grad: arguments must be of a floating or complex dtype, got " +
                            std::string(name(array_of(leaf.ptr()).dtype())));
          }
        }
      },
      nb::arg("structure").none());
  bind_graph(m);
}

}  // namespace tnp::python

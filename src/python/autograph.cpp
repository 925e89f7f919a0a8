// The parts of autograph that need the library: when a trace asks for it, branches that are joined after they have been
// traced, structures as lists of leaves.
#include "python/autograph.h"

#include "ir/expr.h"
#include "ir/trace.h"
#include "python/array_api.h"
#include "python/gil.h"
#include "python/structured.h"
#include "python/variable.h"
#include "tnp/error.h"
#include "transform/control/cond.h"

namespace tnp::python {

namespace {

// What a trace throws through its body to begin again with converted control flow. No Exception, so that no handler of
// the user's stops it.
PyObject* g_request = nullptr;
PyObject* g_hooks = nullptr;  // the Python module

struct Scope {
  bool allowed, converted;
  void* frame;  // of the caller of the traced function: what is further out is not converted
};
thread_local std::vector<Scope> t_scopes;

bool is_traced(nb::handle o) {
  PyObject* p = o.ptr();
  if (is_array(p)) return array_of(p).is_symbolic();
  if (is_strict_array(p)) return strict_array_of(p).is_symbolic();
  if (is_variable(p)) return current_trace != nullptr;
  return nb::isinstance<PyDim>(o);
}

// Made of sizes alone, which a trace can have fixed.
bool is_made_of_sizes(const Array& x) {
  if (!x.is_symbolic()) return true;
  const Expr& e = *x.node()->expr;
  if (e.op == nullptr || e.op->effect != Effect::none) return false;
  for (const Array& in : e.inputs) {
    if (!is_made_of_sizes(in)) return false;
  }
  return true;
}

struct Branch {
  SubGraph graph;
};

Branch trace_branch(nb::handle f) {
  return {trace_subgraph({}, [&](const Arrays&) {
    const nb::list leaves = nb::cast<nb::list>(call_python(f, nb::tuple()));
    Arrays out;
    for (nb::handle leaf : leaves) out.push_back(leaf_array(leaf, "if"));
    return out;
  })};
}

// `chosen`: for each branch the results that go together, as numbers of its own or arrays from outside.
nb::object join(nb::handle predicate, nb::sequence branches, nb::sequence chosen) {
  const Array given = leaf_array(predicate, "if");
  std::vector<SubGraph> graphs;
  for (std::size_t b = 0; b < nb::len(branches); ++b) {
    SubGraph g = nb::cast<Branch&>(branches[b]).graph;
    g.graph = std::make_shared<Graph>(*g.graph);
    const auto all = static_cast<std::ptrdiff_t>(g.num_results);
    const std::vector<int> own(g.graph->outputs.begin(), g.graph->outputs.begin() + all);
    const std::vector<int> assigned(g.graph->outputs.begin() + all, g.graph->outputs.end());
    g.graph->outputs.clear();
    for (nb::handle c : nb::cast<nb::list>(chosen[b])) {
      if (PyLong_CheckExact(c.ptr())) {
        g.graph->outputs.push_back(own.at(nb::cast<std::size_t>(c)));
      } else {
        add_captured_output(g, leaf_array(c, "if"));
      }
    }
    g.num_results = static_cast<int>(g.graph->outputs.size());
    g.graph->outputs.insert(g.graph->outputs.end(), assigned.begin(), assigned.end());
    graphs.push_back(std::move(g));
  }
  return to_python(join_branches("if", given.dtype() == DType::bool_ ? given : astype(given, DType::bool_), graphs));
}

}  // namespace

ConversionScope::ConversionScope(bool allowed, bool converted) {
  t_scopes.push_back({allowed, converted, PyEval_GetFrame()});
}
ConversionScope::~ConversionScope() { t_scopes.pop_back(); }

void ask_for_conversion(const char* what) {
  if (t_scopes.empty() || !t_scopes.back().allowed || g_hooks == nullptr) return;
  const nb::handle hooks(g_hooks);
  const Scope& scope = t_scopes.back();
  if (!nb::cast<bool>(
          hooks.attr("_wants_conversion")(what, scope.converted, reinterpret_cast<std::uintptr_t>(scope.frame))))
    return;
  PyErr_SetString(g_request, "the function is traced again with its control flow converted");
  throw nb::python_error();
}

void refuse_value(const Array& x) {
  try {
    x.data();
  } catch (const TracerError& e) {
    const auto why = nb::cast<std::string>(nb::handle(g_hooks).attr("_why_not_converted")());
    if (why.empty()) throw;
    throw TracerError(std::string(e.what()) + ". " + why);
  }
  throw TracerError("the value of a symbolic array is not known");
}

void weaken_beside(PyOperand& number, const Array& other) {
  if (!number.is_array() || !number.array().is_symbolic()) return;
  const nb::object held = to_python(other);
  PyOperand beside;
  beside.set(held.ptr());
  number.weaken(beside);
}

bool is_conversion_request(const nb::python_error& e) { return e.matches(nb::handle(g_request)); }

nb::object converted_call(nb::handle f, nb::handle args, nb::handle kwargs, bool unroll) {
  return ends_here([&] { return nb::object(nb::handle(g_hooks).attr("_run")(f, args, kwargs, unroll)); });
}

bool made_loops_over_sizes() { return nb::cast<bool>(nb::handle(g_hooks).attr("_made_loops")()); }

nb::handle tracer_error() {
  static const nb::handle type = nb::object(nb::module_::import_("tnp._core").attr("TracerError")).release();
  return type;
}

void bind_autograph(nb::module_& m) {
  g_request = PyErr_NewException("tnp._NeedsConversion", PyExc_BaseException, nullptr);
  m.def("set_autograph", [](nb::object module) { g_hooks = module.release().ptr(); });
  m.def("is_traced", &is_traced, nb::arg("x").none());
  m.def("is_made_of_sizes", [](nb::handle x) { return is_made_of_sizes(leaf_array(x, "if")); });
  m.def("is_weak", [](nb::handle x) { return is_array(x.ptr()) && is_weak_number(array_of(x.ptr())); });
  m.def("set_weak", [](nb::handle x) {
    if (is_array(x.ptr()) && array_of(x.ptr()).is_symbolic() && array_of(x.ptr()).ndim() == 0)
      set_weak_number(array_of(x.ptr()));
    return nb::borrow(x);
  });
  nb::class_<Branch>(m, "_Branch");
  m.def("trace_branch", &trace_branch);
  m.def("join_branches", &join);
  nb::class_<PyTree>(m, "_Tree")
      .def("unflatten",
           [](const PyTree& t, nb::list leaves) {
             std::vector<nb::object> list;
             for (nb::handle leaf : leaves) list.push_back(nb::borrow(leaf));
             return t.unflatten(list);
           })
      .def_prop_ro("key", &PyTree::key);
  m.def(
      "tree_flatten",
      [](nb::handle o) {
        std::vector<nb::object> leaves;
        PyTree tree = PyTree::flatten(o, leaves);
        nb::list list;
        for (const nb::object& leaf : leaves) list.append(leaf);
        return nb::make_tuple(list, nb::cast(std::move(tree)));
      },
      nb::arg("structure").none());
}

}  // namespace tnp::python

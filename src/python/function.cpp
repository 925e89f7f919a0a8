// tnp.function: traces kept by structure, types and ranks of the arguments; the short way of a call whose arguments are
// plain arrays.
#include "transform/function.h"

#include <algorithm>

#include "base/dim.h"
#include "compiler/program.h"
#include "ir/expr.h"
#include "ir/give_up.h"
#include "ir/graph.h"
#include "ir/graph_text.h"
#include "ir/trace.h"
#include "ops/elementwise/fp_status.h"
#include "python/asked_size.h"
#include "python/autograph.h"
#include "python/elementwise_call.h"
#include "python/profile.h"
#include "python/pytree.h"
#include "python/signature.h"
#include "python/variable.h"
#include "runtime/profile.h"
#include "tnp/error.h"
#include "transform/call.h"
#include "transform/explain.h"

namespace tnp::python {

namespace {

constexpr std::size_t kMaxTraces = 256;  // per function; beyond it they are made anew

struct Traced {
  std::string why;  // it was made
  Signature signature;
  std::vector<ArgumentSpec> specs;  // -1 where the size is free
  TracedFunction function;
  PyTree results;
};

bool fits(const Traced& t, const Arrays& arrays) {
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const Shape& fixed = t.specs[i].shape;
    for (int d = 0; d < fixed.ndim(); ++d) {
      if (fixed[d] >= 0 && arrays[i].shape()[d] != fixed[d]) return false;
    }
  }
  return true;
}

class Function {
 public:
  Function(nb::object f, nb::object name, bool autograph)
      : f_(std::move(f)), name_(std::move(name)), autograph_(autograph) {}

  nb::object call(nb::handle args, nb::handle kwargs) {
    const ProfileSpan span("function", [this] { return shown_name(); });
    Arguments arguments;
    const std::shared_ptr<Traced> t = find(args, kwargs, arguments);
    if (donates()) take_donated(args, kwargs, arguments.arrays);
    const Arrays results = run(*t, arguments.arrays, donates());
    tell_long_compilation();
    fp_flags_seen.store(0, std::memory_order_relaxed);  // NumPy's warnings are for eager calls
    if (results.size() == 1 && t->results.is_leaf()) return to_python(results[0]);
    std::vector<nb::object> leaves;
    for (const Array& x : results) leaves.push_back(to_python(x));
    return t->results.unflatten(leaves);
  }

  // Without the GIL where there is work that other threads should not wait for. Host functions take it for themselves.
  static Arrays run(const Traced& t, Arrays& arguments, bool owned) {
    constexpr std::int64_t kLarge = 1 << 16;  // elements
    const bool large = std::any_of(arguments.begin(), arguments.end(), [](const Array& x) {
      return !x.is_symbolic() && x.shape().is_static() && x.shape().num_elements() >= kLarge;
    });
    const auto call = [&] { return owned ? t.function.call_owned(std::move(arguments)) : t.function.call(arguments); };
    if (!large || current_trace != nullptr) return call();
    const nb::gil_scoped_release others;
    return call();
  }

  std::shared_ptr<Traced> find(nb::handle given, nb::handle kwargs, Arguments& arguments) {
    nb::object args = input_signature_ ? input_signature_->check(given, kwargs) : nb::borrow(given);
    nb::object named = nb::borrow(kwargs);
    const bool has_statics = !static_positions_.empty() || !static_names_.empty();
    if (has_statics) mark_statics(args, named);
    kwargs = named;
    const bool plain = !has_statics && plain_arguments(args, kwargs, arguments);
    Flattened f;
    if (!plain) {
      arguments = {};
      f = flatten_arguments(args, kwargs);
      general_arguments(f, arguments);
    }
    if (auto t = known(arguments)) return t;
    if (plain) f = flatten_arguments(args, kwargs);
    std::string why = reason(arguments);
    std::shared_ptr<Traced> made = trace(f, arguments);
    made->why = why + made->why;
    if (auto t = known(arguments)) return t;  // another thread was quicker
    std::erase_if(traces_, [](const auto& t) { return t->signature.is_dead(); });
    if (traces_.size() >= kMaxTraces) traces_.clear();
    traces_.push_back(made);
    ++made_;
    return made;
  }

  // These arguments are part of what a trace is for, by value, even where they are arrays.
  void set_statics(std::vector<std::size_t> positions, std::vector<std::string> names) {
    static_positions_ = std::move(positions);
    static_names_ = std::move(names);
  }

  // These arguments are given up by the caller.
  void set_donated(std::vector<std::size_t> positions, std::vector<std::string> names) {
    donated_positions_ = std::move(positions);
    donated_names_ = std::move(names);
  }

  std::string shown_name() const { return nb::cast<std::string>(nb::str(nb::getattr(f_, "__name__", name_))); }

  // Why the traces that are kept were made, and what the programs copy.
  std::string explain() const {
    std::string text = "tnp.function " + shown_name() + ": " + std::to_string(traces_.size()) +
                       (traces_.size() == 1 ? " trace" : " traces") + " kept, " + std::to_string(made_) + " made\n";
    for (std::size_t i = 0; i < traces_.size(); ++i) {
      const Traced& t = *traces_[i];
      text += "trace " + std::to_string(i + 1) + ": " + t.why + "\n";
      const std::vector<std::string> copies = copies_of(t.function);
      for (const std::string& c : copies) text += "  copied at " + c + "\n";
    }
    return text;
  }

  // Arguments are then taken by position and cast to these specs.
  void set_input_signature(nb::handle specs) { input_signature_.emplace(specs); }

  std::size_t num_traces() const { return traces_.size(); }
  std::size_t num_made() const { return made_; }
  void clear() { traces_.clear(); }
  int traverse(visitproc visit, void* arg) {
    Py_VISIT(f_.ptr());
    Py_VISIT(name_.ptr());
    for (const auto& t : traces_) Py_VISIT(t->signature.statics.ptr());
    return 0;
  }
  void drop() {
    f_.reset();
    name_.reset();
    traces_.clear();
  }

 private:
  bool donates() const { return !donated_positions_.empty() || !donated_names_.empty(); }

  void take_donated(nb::handle args, nb::handle kwargs, Arrays& arrays) const {
    std::vector<nb::object> leaves;
    for (std::size_t i : donated_positions_) {
      if (i < nb::len(args)) PyTree::flatten(nb::object(args[i]), leaves);
    }
    for (const std::string& name : donated_names_) {
      PyObject* value = kwargs.ptr() ? PyDict_GetItemString(kwargs.ptr(), name.c_str()) : nullptr;
      if (value != nullptr) PyTree::flatten(value, leaves);
    }
    for (const nb::object& leaf : leaves) {
      if (!is_array(leaf.ptr())) continue;
      for (Array& x : arrays) {
        if (x.node() != array_of(leaf.ptr()).node()) continue;
        give_up(x);
        break;
      }
    }
  }

  void mark_statics(nb::object& args, nb::object& kwargs) const {
    nb::list positional;
    for (std::size_t i = 0; i < nb::len(args); ++i) {
      const bool is_static =
          std::find(static_positions_.begin(), static_positions_.end(), i) != static_positions_.end();
      nb::object value = args[i];
      positional.append(is_static ? nb::cast(PyStatic{value}) : value);
    }
    args = nb::tuple(positional);
    if (kwargs.ptr() == nullptr) return;
    nb::dict marked;
    for (auto [key, value] : nb::borrow<nb::dict>(kwargs)) {
      const auto text = nb::cast<std::string>(key);
      const bool is_static = std::find(static_names_.begin(), static_names_.end(), text) != static_names_.end();
      marked[key] = is_static ? nb::cast(PyStatic{nb::borrow(value)}) : nb::borrow(value);
    }
    kwargs = marked;
  }

  // How these arguments differ from those of the last trace.
  std::string reason(const Arguments& arguments) const {
    if (traces_.empty()) return made_ == 0 ? "the first call" : "none is kept any more";
    return difference(traces_.back()->signature, arguments.signature);
  }

  // By index, as a comparison may call Python code that changes the cache.
  std::shared_ptr<Traced> known(const Arguments& arguments) const {
    for (std::size_t i = 0; i < traces_.size(); ++i) {
      const std::shared_ptr<Traced> t = traces_[i];
      if (t->signature == arguments.signature && fits(*t, arguments.arrays)) return t;
    }
    return nullptr;
  }

  // Runs the body on symbolic arrays, again with sizes fixed for as long as it asks for their numbers.
  std::shared_ptr<Traced> trace(const Flattened& f, const Arguments& arguments) {
    const CompilationSpan span("a function (its trace)");
    auto t = std::make_shared<Traced>();
    t->signature = arguments.signature;
    for (std::size_t i = 0; i < arguments.arrays.size(); ++i) {
      const Array& x = arguments.arrays[i];
      const Shape free(SmallVec<std::int64_t, 5>(x.ndim(), -1));
      t->specs.push_back({x.dtype(), input_signature_ ? input_signature_->traced_shape(i, x.ndim()) : free});
    }
    for (;;) {
      try {
        const ConversionScope scope(autograph_, conversion_ != Conversion::none);
        const int before = variables_made_in_traces;
        t->function =
            trace_function(t->specs, [&](const Arrays& symbolic) { return run_body(f, symbolic, t->results); });
        if (made_ > 0 && variables_made_in_traces != before && trace_depth() == 0) {
          throw ValueError(
              "function: a Variable is made on a call after the first, so each trace would have one of its own: make "
              "it "
              "outside, or only where there is none yet");
        }
        if (donates()) may_own_arguments(t->function.graph);
        return t;
      } catch (nb::python_error& e) {
        if (is_conversion_request(e)) {
          conversion_ = Conversion::converted;
          continue;
        }
        // What a loop of the graph left in a list, say, is of no use outside: Python can go through the loop instead.
        if (conversion_ == Conversion::converted && e.matches(tracer_error()) && made_loops_over_sizes()) {
          conversion_ = Conversion::unrolled;
          continue;
        }
        if (!e.matches(nb::handle(needs_size_error())) || asked_size().size.depth != trace_depth()) throw;
        const NeedsSize needed = asked_size().size;
        for (const auto& [argument, axis] : needed.places) {
          const std::int64_t size = arguments.arrays[static_cast<std::size_t>(argument)].shape()[axis];
          if (is_symbolic(size)) ask_for_size(size);  // of the function that is being traced around this one
          t->why += "; size " + std::to_string(axis) + " of array " + std::to_string(argument) + " is fixed at " +
                    std::to_string(size) + ", as its number was asked for" + " at " + asked_size().at;
          t->specs[static_cast<std::size_t>(argument)].shape[axis] = size;
        }
      }
    }
  }

  Arrays run_body(const Flattened& f, const Arrays& symbolic, PyTree& results) {
    std::vector<nb::object> leaves;
    std::size_t next = 0;
    for (std::size_t i = 0; i < f.leaves.size(); ++i)
      leaves.push_back(f.traced[i] ? to_python(symbolic[next++]) : static_value(f.leaves[i]));
    nb::object all = f.tree.unflatten(leaves);
    nb::object out = conversion_ != Conversion::none
                         ? converted_call(f_, all[0], all[1], conversion_ == Conversion::unrolled)
                         : nb::steal(PyObject_Call(f_.ptr(), nb::object(all[0]).ptr(), nb::object(all[1]).ptr()));
    if (!out.is_valid()) throw nb::python_error();
    std::vector<nb::object> result_leaves;
    results = PyTree::flatten(out, result_leaves);
    Arrays arrays;
    for (const nb::object& leaf : result_leaves) {
      if (PyUnicode_Check(leaf.ptr()) || PyCallable_Check(leaf.ptr())) {
        throw TypeError("function: results must be arrays or numbers, got '" +
                        std::string(Py_TYPE(leaf.ptr())->tp_name) + "'");
      }
      if (nb::isinstance<PyDim>(leaf)) {
        arrays.push_back(dim_value(nb::cast<PyDim&>(leaf).dim, DType::int64));
      } else {
        arrays.push_back(is_variable(leaf.ptr()) ? variable_of(leaf.ptr())->read() : as_array(leaf.ptr()));
      }
    }
    return arrays;
  }

  nb::object f_, name_;
  bool autograph_;
  enum class Conversion : std::uint8_t { none, converted, unrolled };
  Conversion conversion_ = Conversion::none;  // of the body's control flow, as traces have asked for it
  std::vector<std::size_t> static_positions_;
  std::vector<std::string> static_names_;
  std::vector<std::size_t> donated_positions_;
  std::vector<std::string> donated_names_;
  std::optional<InputSignature> input_signature_;
  std::vector<std::shared_ptr<Traced>> traces_;
  std::size_t made_ = 0;
};

PyObject* function_call(PyObject* self, PyObject* args, PyObject* kwargs) {
  try {
    if (!nb::inst_ready(nb::handle(self))) throw TypeError("Function: it was made without __init__");
    return nb::inst_ptr<Function>(nb::handle(self))->call(args, kwargs).release().ptr();
  } catch (...) {
    set_error_from_current_exception();
    return nullptr;
  }
}

// f is a method when it is found on a class.
PyObject* function_get(PyObject* self, PyObject* instance, PyObject*) {
  if (instance == nullptr || instance == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, instance);
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
  cls.def(nb::init<nb::object, nb::object, bool>(), nb::arg("f"), nb::arg("name").none(), nb::arg("autograph") = true);
  const auto graph_of = [](Function& f, nb::args args, nb::kwargs kwargs) {
    Arguments arguments;
    return f.find(args, kwargs, arguments)->function.graph;
  };
  cls.def("graph",
          [graph_of](Function& f, nb::args args, nb::kwargs kwargs) { return PyGraph{graph_of(f, args, kwargs)}; });
  cls.def(
      "steps",
      [graph_of](Function& f, nb::args args, nb::kwargs kwargs) {
        return program_of(graph_of(f, args, kwargs))->str();
      },
      "The steps that the compiled program runs, as text.");
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
  cls.def("_export", [](Function& f, nb::args args, nb::kwargs kwargs) {
    Arguments arguments;
    const auto traced = f.find(args, kwargs, arguments);
    if (!traced->function.assigned.empty()) {
      throw TypeError("export: the function assigns the Variable '" + traced->function.assigned[0]->name() +
                      "', which would be lost");
    }
    const std::size_t count = traced->results.num_leaves();
    std::vector<nb::object> numbers;
    for (std::size_t i = 0; i < count; ++i) numbers.push_back(nb::int_(i));
    nb::list variables;
    for (const VariableRef& v : traced->function.variables) variables.append(to_python(v->read()));
    return nb::make_tuple(PyGraph{traced->function.graph}, traced->results.unflatten(numbers), variables,
                          arguments.arrays.size());
  });
  cls.def("explain", &Function::explain,
          "Why each trace that is kept was made, and which updates of arrays its program can not make in place.");
  cls.def(
      "cost",
      [](Function& f, nb::args args, nb::kwargs kwargs) {
        Arguments arguments;
        const auto traced = f.find(args, kwargs, arguments);
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

  m.def(
      "graph_from_text",
      [](const std::string& text, nb::sequence constants) {
        Arrays captured;
        for (nb::handle c : constants) captured.push_back(as_array(c.ptr()));
        return PyGraph{graph_from_text(text, captured)};
      },
      nb::arg("text"), nb::arg("constants") = nb::tuple(),
      "The graph that a text describes; constants: the arrays that it calls const 0, const 1, …");
  auto graph = nb::class_<PyGraph>(m, "Graph",
                                   "The graph of a traced function: prints as text, and draws itself in a notebook.");
  graph.attr("__module__") = "tnp";
  graph.def("__str__", [](const PyGraph& g) { return g.graph->str(); });
  graph.def(
      "text", [](const PyGraph& g) { return graph_text(*g.graph); },
      "The whole graph, inner ones included, in a form that graph_from_text reads.");
  graph.def_prop_ro(
      "constants", [](const PyGraph& g) { return to_python(g.graph->captured); },
      "The arrays that the function uses from outside.");
  graph.def(
      "__call__",
      [](const PyGraph& g, nb::args args) {
        Arrays in;
        for (nb::handle a : args) in.push_back(as_array(a.ptr()));
        if (in.size() != static_cast<std::size_t>(g.graph->num_args())) {
          throw TypeError("a graph of " + std::to_string(g.graph->num_args()) + " arguments was called with " +
                          std::to_string(in.size()));
        }
        in.insert(in.end(), g.graph->captured.begin(), g.graph->captured.end());
        return to_python(call_graph(g.graph, in));
      },
      "Its results, as a list.");
  graph.def("__repr__", [](const PyGraph& g) { return g.graph->str(); });
  graph.def("_repr_svg_", [](const PyGraph& g) { return g.graph->svg(); });
  graph.def("svg", [](const PyGraph& g) { return g.graph->svg(); }, "A self-contained SVG drawing.");
  graph.def_prop_ro("num_operations", [](const PyGraph& g) { return g.graph->nodes.size(); });
  graph.def_prop_ro(
      "operations",
      [](const PyGraph& g) {
        nb::list names;
        for (const GraphNode& n : g.graph->nodes) names.append(n.op->name);
        return names;
      },
      "The names of its operations, in order.");
}

}  // namespace tnp::python

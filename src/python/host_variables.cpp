#include "python/host_variables.h"

#include <algorithm>
#include <unordered_set>

#include "python/variable.h"

namespace tnp::python {

namespace {

constexpr int kMaxDepth = 6;  // of functions within functions and containers within containers

class Finder {
 public:
  std::vector<VariableRef> found;

  void visit(nb::handle o, int depth) {
    if (!o.is_valid() || depth > kMaxDepth || !seen_.insert(o.ptr()).second) return;
    if (is_variable(o.ptr())) {
      const VariableRef& v = variable_of(o.ptr());
      if (std::find(found.begin(), found.end(), v) == found.end()) found.push_back(v);
    } else if (PyFunction_Check(o.ptr())) {
      visit_function(o, depth + 1);
    } else if (PyMethod_Check(o.ptr())) {
      visit(PyMethod_GET_FUNCTION(o.ptr()), depth + 1);
      visit(PyMethod_GET_SELF(o.ptr()), depth + 1);
    } else if (PyTuple_Check(o.ptr()) || PyList_Check(o.ptr())) {
      for (nb::handle item : nb::borrow<nb::sequence>(o)) visit(item, depth + 1);
    } else if (PyDict_Check(o.ptr())) {
      for (auto [key, value] : nb::borrow<nb::dict>(o)) visit(value, depth + 1);
    } else {
      visit_object(o, depth + 1);
    }
  }

 private:
  void visit_function(nb::handle f, int depth) {
    nb::object closure = f.attr("__closure__");
    if (!closure.is_none()) {
      for (nb::handle cell : closure) {
        PyObject* value = PyCell_GET(cell.ptr());  // null while the variable is unbound
        if (value != nullptr) visit(value, depth);
      }
    }
    visit(f.attr("__defaults__"), depth);
    visit(f.attr("__kwdefaults__"), depth);
    visit_names(f.attr("__code__"), nb::borrow<nb::dict>(f.attr("__globals__")), depth);
    nb::object wrapped = nb::getattr(f, "__wrapped__", nb::none());
    visit(wrapped, depth);
  }

  // The globals that code, and the functions defined in it, names.
  void visit_names(nb::object code, const nb::dict& globals, int depth) {
    for (nb::handle name : code.attr("co_names")) {
      PyObject* value = PyDict_GetItem(globals.ptr(), name.ptr());
      if (value != nullptr) visit(value, depth);
    }
    for (nb::handle constant : code.attr("co_consts")) {
      if (PyCode_Check(constant.ptr())) visit_names(nb::borrow(constant), globals, depth);
    }
  }

  // Of other objects only plain attributes: those of instances of Python classes.
  void visit_object(nb::handle o, int depth) {
    if (PyType_Check(o.ptr()) || PyModule_Check(o.ptr()) || is_array(o.ptr())) return;
    for (const char* name : {"func", "args", "keywords", "__wrapped__"}) {  // functools.partial, wrappers
      if (PyCallable_Check(o.ptr())) visit(nb::getattr(o, name, nb::none()), depth);
    }
    nb::object attributes = nb::getattr(o, "__dict__", nb::none());
    if (PyDict_Check(attributes.ptr())) visit(attributes, depth);
  }

  std::unordered_set<PyObject*> seen_;
};

}  // namespace

std::vector<VariableRef> captured_variables(nb::handle function) {
  Finder finder;
  finder.visit(function, 0);
  return finder.found;
}

}  // namespace tnp::python

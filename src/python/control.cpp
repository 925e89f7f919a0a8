// tnp.cond, switch, while_loop, fori_loop, scan and map.
#include "tnp/control.h"

#include <chrono>
#include <functional>

#include "base/dim.h"
#include "base/interrupt.h"
#include "python/array_api.h"
#include "python/gil.h"
#include "python/structured.h"
#include "python/variable.h"
#include "tnp/error.h"
#include "transform/control/subgraph.h"

namespace tnp::python {

Array leaf_array(nb::handle leaf, const char* what) {
  if (is_array(leaf.ptr())) return array_of(leaf.ptr());
  if (is_strict_array(leaf.ptr())) return strict_array_of(leaf.ptr());
  if (is_variable(leaf.ptr())) return variable_of(leaf.ptr())->read();
  if (nb::isinstance<PyDim>(leaf)) return dim_value(nb::cast<PyDim&>(leaf).dim, DType::int64);
  if (PyUnicode_Check(leaf.ptr()) || PyCallable_Check(leaf.ptr())) {
    throw TypeError(std::string(what) + ": arrays or numbers are needed, got '" + Py_TYPE(leaf.ptr())->tp_name + "'");
  }
  return as_array(leaf.ptr());
}

Arrays leaf_arrays(std::span<const nb::object> leaves, const char* what) {
  Arrays out;
  for (const nb::object& leaf : leaves) out.push_back(leaf_array(leaf, what));
  return out;
}

std::vector<nb::object> to_objects(const Arrays& xs) {
  std::vector<nb::object> out;
  for (const Array& x : xs) out.push_back(to_python(x));
  return out;
}

std::string ResultStructure::path_of(std::size_t k) const {
  std::string text;
  if (k >= tree_.num_leaves()) return text;
  for (const std::string& part : tree_.path_of(k)) text += part;
  return text;
}

nb::object call_python(nb::handle f, nb::handle args_tuple) {
  PyObject* result = ends_here([&] { return PyObject_CallObject(f.ptr(), args_tuple.ptr()); });
  if (result == nullptr) throw nb::python_error();
  return nb::steal(result);
}

ResultStructure::ResultStructure(const char* what, PyTree tree, std::string from, const Arrays& init)
    : what_(what), tree_(std::move(tree)), from_(std::move(from)), known_(true) {
  for (const Array& x : init) number_types_.push_back(x.dtype());
}

std::vector<nb::object> ResultStructure::leaves_of(nb::handle result, const std::string& from) {
  std::vector<nb::object> leaves;
  PyTree tree = PyTree::flatten(result, leaves);
  if (!known_) {
    tree_ = std::move(tree);
    from_ = from;
    known_ = true;
  } else if (!tree.key().equal(tree_.key())) {
    const std::vector<nb::object> dots(tree_.num_leaves(), nb::steal(PyUnicode_FromString("·")));
    throw TypeError(std::string(what_) + ": " + from + " must have the structure of " + from_ + ", " +
                    nb::cast<std::string>(nb::str(tree_.unflatten(dots))) + ", but is " +
                    nb::cast<std::string>(nb::repr(nb::borrow(result))));
  }
  number_types_.resize(leaves.size());
  return leaves;
}

Arrays ResultStructure::take(nb::handle result, const std::string& from) {
  const std::vector<nb::object> leaves = leaves_of(result, from);
  Arrays out;
  for (std::size_t k = 0; k < leaves.size(); ++k) out.push_back(take_leaf(leaves[k], k));
  return out;
}

Arrays ResultStructure::take_branch(nb::handle result, const std::string& from) {
  const std::vector<nb::object> leaves = leaves_of(result, from);
  Arrays out;
  for (std::size_t k = 0; k < leaves.size(); ++k) out.push_back(take_branch_leaf(leaves[k], k));
  return out;
}

Array ResultStructure::take_leaf(nb::handle leaf, std::size_t k) {
  Scalar s(false);
  const std::optional<DType> type = number_types_[k];
  if (type && scalar_of(leaf.ptr(), s) && promote(*type, s.kind) == *type) return s.to_array(*type);
  return leaf_array(leaf, what_);
}

Array ResultStructure::take_branch_leaf(nb::handle leaf, std::size_t k) {
  Scalar s(false);
  const bool number = scalar_of(leaf.ptr(), s);
  Array x = take_leaf(leaf, k);
  if (k >= leaves_.size()) {
    leaves_.push_back({x.dtype(), number});
    return x;
  }
  const Leaf first = leaves_[k];
  if (x.dtype() == first.dtype || (!number && !first.number)) return x;
  if (number && promote(first.dtype, s.kind) == first.dtype) return s.to_array(first.dtype);
  // The first was a number, and this is an array or a number of another kind.
  const DType common = promote(first.dtype, x.dtype());
  number_types_[k] = first.number && !number ? x.dtype() : common;
  throw TakeAgain{};
}

namespace {

// run(), again for as long as a number's type turns out later.
Arrays settle(ResultStructure& results, const std::function<Arrays()>& run) {
  for (int attempts = 0;; ++attempts) {
    try {
      return run();
    } catch (const ResultStructure::TakeAgain&) {
      if (attempts > 8) throw TypeError("the branches give numbers and arrays of types that do not fit");
      results.restart();
    }
  }
}

void check_callable(nb::handle f, const char* what) {
  if (!PyCallable_Check(f.ptr()))
    throw TypeError(std::string(what) + " must be callable, got '" + Py_TYPE(f.ptr())->tp_name + "'");
}

// Between iterations of a loop: Ctrl-C, and now and then a turn for the other threads of Python.
void between_iterations() {
  static thread_local std::chrono::steady_clock::time_point last_turn;
  const bool holds_gil = PyGILState_Check();
  if (holds_gil && ends_here(&PyErr_CheckSignals) != 0) throw nb::python_error();
  const auto now = std::chrono::steady_clock::now();
  if (now - last_turn < std::chrono::milliseconds(5)) return;
  if (holds_gil) {
    const GilReleased others;
  } else {
    const GilHeld gil;
    if (ends_here(&PyErr_CheckSignals) != 0) throw nb::python_error();
  }
  last_turn = std::chrono::steady_clock::now();
}

nb::object cond(nb::handle pred, nb::handle true_fn, nb::handle false_fn, nb::args operands) {
  check_callable(true_fn, "cond: true_fn");
  check_callable(false_fn, "cond: false_fn");
  ResultStructure results("cond");
  const LeafNames names([&](std::size_t k) { return results.path_of(k); });
  const Array predicate = leaf_array(pred, "cond");
  const Arrays out = settle(results, [&] {
    return tnp::cond(
        predicate,
        [&](const Arrays&) { return results.take_branch(call_python(true_fn, operands), "the result of true_fn"); },
        [&](const Arrays&) { return results.take_branch(call_python(false_fn, operands), "the result of false_fn"); });
  });
  return results.build(out);
}

nb::object switch_case(nb::handle index, nb::handle branches, nb::args operands) {
  ResultStructure results("switch");
  const LeafNames names([&](std::size_t k) { return results.path_of(k); });
  std::vector<ArraysFunction> functions;
  nb::list list(nb::borrow(branches));
  for (std::size_t i = 0; i < nb::len(list); ++i) {
    nb::object f = list[i];
    check_callable(f, "switch: a branch");
    functions.push_back([&results, f, i, &operands](const Arrays&) {
      return results.take_branch(call_python(f, operands), "the result of branch " + std::to_string(i));
    });
  }
  const Array number = leaf_array(index, "switch");
  const Arrays out = settle(results, [&] { return tnp::switch_(number, functions); });
  return results.build(out);
}

// What `body` returned as a sequence like the loop variables; one variable may be returned bare.
nb::object as_loop_vars(nb::object result, bool list, std::size_t count) {
  if (!PyTuple_Check(result.ptr()) && !PyList_Check(result.ptr())) {
    if (count != 1) return result;
    result = nb::make_tuple(result);
  }
  if (nb::hasattr(result, "_fields")) return result;
  return list ? nb::object(nb::list(result)) : nb::object(nb::tuple(result));
}

nb::object while_loop(nb::handle condition, nb::handle body, nb::handle loop_vars) {
  check_callable(condition, "while_loop: cond");
  check_callable(body, "while_loop: body");
  const bool list = PyList_Check(loop_vars.ptr());
  const bool one = !list && !PyTuple_Check(loop_vars.ptr());  // an array, or any other structure, is one variable
  const nb::object vars = one ? nb::object(nb::make_tuple(loop_vars)) : nb::borrow(loop_vars);
  const std::size_t count = nb::len(vars);
  std::vector<nb::object> leaves;
  const PyTree tree = PyTree::flatten(vars, leaves);
  const Arrays init = leaf_arrays(leaves, "while_loop: loop_vars");
  ResultStructure structure("while_loop", tree, "loop_vars", init);
  const LeafNames names([&](std::size_t k) { return structure.path_of(k); });
  const Arrays out = tnp::while_loop(
      [&](const Arrays& c) {
        return leaf_array(call_python(condition, nb::tuple(structure.build(c))), "while_loop: the result of cond");
      },
      [&](const Arrays& c) {
        nb::object result = call_python(body, nb::tuple(structure.build(c)));
        if (one) return structure.take(nb::make_tuple(result), "the result of body");
        return structure.take(as_loop_vars(std::move(result), list, count), "the result of body");
      },
      init);
  return one ? nb::object(structure.build(out)[0]) : structure.build(out);
}

nb::object fori_loop(nb::handle lower, nb::handle upper, nb::handle body, nb::handle init) {
  check_callable(body, "fori_loop: body");
  std::vector<nb::object> leaves;
  const PyTree tree = PyTree::flatten(init, leaves);
  const Arrays first = leaf_arrays(leaves, "fori_loop: init");
  ResultStructure structure("fori_loop", tree, "init", first);
  const LeafNames names([&](std::size_t k) { return structure.path_of(k); });
  const Arrays out = tnp::fori_loop(
      leaf_array(lower, "fori_loop: lower"), leaf_array(upper, "fori_loop: upper"),
      [&](const Array& i, const Arrays& c) {
        return structure.take(call_python(body, nb::make_tuple(to_python(i), structure.build(c))),
                              "the result of body");
      },
      first);
  return structure.build(out);
}

nb::object scan(nb::handle f, nb::handle init, nb::handle xs, nb::handle length, bool reverse) {
  check_callable(f, "scan: f");
  std::vector<nb::object> init_leaves, x_leaves;
  PyTree init_tree = PyTree::flatten(init, init_leaves);
  const Arrays first = leaf_arrays(init_leaves, "scan: init");
  ResultStructure carry("scan", std::move(init_tree), "init", first);
  const LeafNames names([&](std::size_t k) { return carry.path_of(k); });
  const PyTree x_tree = PyTree::flatten(xs, x_leaves);
  ResultStructure y("scan");
  ScanOptions options;
  if (!length.is_none()) {
    options.length = dim_of(length);
    const bool symbolic =
        nb::isinstance<PyDim>(length) || (is_array(length.ptr()) && array_of(length.ptr()).is_symbolic());
    if (!symbolic && *options.length < 0) throw ValueError("scan: length must not be negative");
  }
  options.reverse = reverse;
  const auto step = [&](const Arrays& c, const Arrays& x) {
    nb::object result = call_python(f, nb::make_tuple(carry.build(c), x_tree.unflatten(to_objects(x))));
    if (!PyTuple_Check(result.ptr()) || nb::len(result) != 2) {
      throw TypeError("scan: f must return a pair (carry, y), but returned " + nb::cast<std::string>(nb::repr(result)));
    }
    Arrays next = carry.take(result[0], "the carry that f returns");
    return std::pair<Arrays, Arrays>(std::move(next), y.take(result[1], "the result of f"));
  };
  const auto [last, ys] = tnp::scan(step, first, leaf_arrays(x_leaves, "scan: xs"), options);
  return nb::make_tuple(carry.build(last), y.build(ys));
}

nb::object map(nb::handle f, nb::handle xs) {
  check_callable(f, "map: f");
  std::vector<nb::object> leaves;
  const PyTree tree = PyTree::flatten(xs, leaves);
  ResultStructure y("map");
  const Arrays out = tnp::map(
      [&](const Arrays& x) {
        return y.take(call_python(f, nb::make_tuple(tree.unflatten(to_objects(x)))), "the result of f");
      },
      leaf_arrays(leaves, "map: xs"));
  return y.build(out);
}

}  // namespace

void bind_control(nb::module_& m) {
  interrupt_hook = &between_iterations;
  m.def("cond", &cond, nb::arg("pred"), nb::arg("true_fn"), nb::arg("false_fn"), nb::arg("operands"),
        "true_fn(*operands) where pred is true, else false_fn(*operands).\n\n"
        "In a traced function both are traced; their results must agree in structure, dtypes and numbers of "
        "dimensions, not in sizes.");
  m.def("switch", &switch_case, nb::arg("index"), nb::arg("branches"), nb::arg("operands"),
        "branches[index](*operands). IndexError where there is no such branch.");
  m.def(
      "while_loop", &while_loop, nb::arg("cond"), nb::arg("body"), nb::arg("loop_vars"),
      "loop_vars = body(*loop_vars) for as long as cond(*loop_vars) is true.\n\n"
      "loop_vars is a tuple or list, and is returned as one. Its arrays keep their dtypes and numbers of dimensions.");
  m.def("fori_loop", &fori_loop, nb::arg("lower"), nb::arg("upper"), nb::arg("body"), nb::arg("init").none(),
        "init, then body(i, value) of it for i = lower, ..., upper - 1.");
  m.def("scan", &scan, nb::arg("f"), nb::arg("init").none(), nb::arg("xs").none() = nb::none(),
        nb::arg("length").none() = nb::none(), nb::arg("reverse") = false,
        "Carries init through (carry, y) = f(carry, x) over the rows x of xs. Returns the last carry and the ys, "
        "stacked.");
  m.def("map", &map, nb::arg("f"), nb::arg("xs"), "f of each row of xs, in order, stacked.");
}

}  // namespace tnp::python

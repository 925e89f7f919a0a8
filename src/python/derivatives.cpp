// tnp.jvp, custom_gradient and checkpoint on structures; the matrices of derivatives that a tape gives.
#include "python/derivatives.h"

#include "python/array_api.h"
#include "python/gil.h"
#include "python/silent_flags.h"
#include "python/structured.h"
#include "python/variable.h"
#include "tnp/error.h"
#include "tnp/primitives.h"
#include "transform/custom.h"
#include "transform/jacobian.h"

namespace tnp::python {

namespace {

nb::object call_with(nb::handle f, nb::handle args, nb::handle kwargs) {
  PyObject* result = ends_here([&] { return PyObject_Call(f.ptr(), args.ptr(), kwargs.ptr()); });
  if (result == nullptr) throw nb::python_error();
  return nb::steal(result);
}

// --- jvp

// jvp(f, primals, tangents): two tuples of the same structure.
nb::object jvp(nb::handle f, nb::handle primals, nb::handle tangents, bool has_aux) {
  const SilentFlags silent;  // those of the derivatives; the function's own operations report theirs
  for (nb::handle h : {primals, tangents}) {
    if (!PyTuple_Check(h.ptr()) && !PyList_Check(h.ptr())) {
      throw TypeError(std::string("jvp: primals and tangents must be tuples or lists, got '") +
                      Py_TYPE(h.ptr())->tp_name + "'");
    }
  }
  std::vector<nb::object> leaves, tangent_leaves;
  const nb::tuple all(primals);
  const PyTree tree = PyTree::flatten(all, leaves);
  if (!PyTree::flatten(nb::tuple(tangents), tangent_leaves).key().equal(tree.key()))
    throw TypeError("jvp: primals and tangents must have one structure");
  const Arrays xs = leaf_arrays(leaves, "jvp");
  Arrays vs;
  for (std::size_t i = 0; i < tangent_leaves.size(); ++i) {
    const nb::object& t = tangent_leaves[i];
    Scalar s(false);
    vs.push_back(scalar_of(t.ptr(), s) ? s.to_array(xs[i].dtype()) : leaf_array(t, "jvp"));
  }
  ResultStructure results("jvp");
  nb::object aux;
  const auto [ys, tangents_out] = tnp::jvp(
      [&](const Arrays& in) {
        nb::object out = call_with(f, tree.unflatten(to_objects(in)), nb::dict());
        if (has_aux) {
          if (!PyTuple_Check(out.ptr()) || nb::len(out) != 2)
            throw TypeError("jvp: with has_aux the function must return a pair (result, aux)");
          aux = out[1];
          out = nb::object(out[0]);
        }
        return results.take(out, "the result of the function");
      },
      xs, vs);
  if (has_aux) return nb::make_tuple(results.build(ys), results.build(tangents_out), aux);
  return nb::make_tuple(results.build(ys), results.build(tangents_out));
}

// --- custom_gradient

// The cotangents of the arguments' leaves, from what the user's function returned for them: one for each argument, or a
// single one.
Arrays gradients_of(nb::handle given, std::size_t num_args, const std::vector<std::size_t>& leaves_of_arg,
                    const std::vector<bool>& is_array_leaf) {
  nb::list each;
  if (PyTuple_Check(given.ptr()) || PyList_Check(given.ptr())) {
    for (nb::handle g : nb::borrow<nb::sequence>(given)) each.append(g);
  } else {
    each.append(given);
  }
  if (nb::len(each) != num_args && num_args == 1 && leaves_of_arg[0] == nb::len(each)) {
    each = nb::list();
    each.append(given);  // one argument that is itself a structure
  }
  if (nb::len(each) != num_args) {
    throw ValueError("custom_gradient: the gradient function must return one gradient for each of " +
                     std::to_string(num_args) + " arguments, but returned " + std::to_string(nb::len(each)));
  }
  Arrays out;
  std::size_t next = 0;
  for (std::size_t a = 0; a < num_args; ++a) {
    nb::object g = each[a];
    std::vector<nb::object> parts;
    if (g.is_none()) {
      parts.assign(leaves_of_arg[a], nb::none());
    } else {
      PyTree::flatten(g, parts);
    }
    if (parts.size() != leaves_of_arg[a]) {
      throw ValueError("custom_gradient: the gradient of argument " + std::to_string(a) + " has " +
                       std::to_string(parts.size()) + " arrays instead of " + std::to_string(leaves_of_arg[a]));
    }
    for (const nb::object& p : parts) {
      if (is_array_leaf[next++]) out.push_back(p.is_none() ? Array() : leaf_array(p, "custom_gradient"));
    }
  }
  return out;
}

// f(*args, **kwargs) → (result, function from the results' cotangents to the arguments').
nb::object custom_gradient(nb::handle f, nb::handle args, nb::handle kwargs) {
  const std::size_t num_args = nb::len(args);
  std::vector<nb::object> leaves;
  std::vector<std::size_t> leaves_of_arg;
  for (nb::handle a : nb::borrow<nb::tuple>(args)) {
    const std::size_t before = leaves.size();
    PyTree::flatten(a, leaves);
    leaves_of_arg.push_back(leaves.size() - before);
  }
  std::vector<nb::object> again;
  const PyTree tree = PyTree::flatten(args, again);
  std::vector<bool> traced;
  Arrays inputs;
  for (const nb::object& leaf : leaves) {
    Scalar s(false);
    const bool number = scalar_of(leaf.ptr(), s) || PyUnicode_Check(leaf.ptr()) || PyCallable_Check(leaf.ptr());
    traced.push_back(!number);
    if (!number) inputs.push_back(leaf_array(leaf, "custom_gradient"));
  }
  ResultStructure results("custom_gradient");
  const Arrays out = tnp::custom_gradient(inputs, [&](const Arrays& xs) {
    std::vector<nb::object> given = leaves;
    std::size_t next = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (traced[i]) given[i] = to_python(xs[next++]);
    }
    nb::object pair = call_with(f, tree.unflatten(given), kwargs);
    if (!PyTuple_Check(pair.ptr()) || nb::len(pair) != 2 || !PyCallable_Check(nb::object(pair[1]).ptr())) {
      throw TypeError(
          "custom_gradient: the function must return a pair: its result, and a function that takes the gradients of "
          "the results and gives those of the arguments");
    }
    Arrays ys = results.take(pair[0], "the result of the function");
    nb::object pull = pair[1];
    return std::pair<Arrays, PullBack>(
        std::move(ys), [pull = std::move(pull), num_args, leaves_of_arg, traced](const Arrays& cts) {
          const GilHeld gil;
          return gradients_of(call_python(pull, nb::tuple(nb::cast<nb::list>(to_python(cts)))), num_args, leaves_of_arg,
                              traced);
        });
  });
  return results.build(out);
}

// --- checkpoint

nb::object checkpoint(nb::handle f, nb::handle args, nb::handle kwargs) {
  std::vector<nb::object> leaves;
  const PyTree tree = PyTree::flatten(nb::make_tuple(args, kwargs), leaves);
  std::vector<bool> traced;
  Arrays inputs;
  for (const nb::object& leaf : leaves) {
    traced.push_back(is_array(leaf.ptr()) || nb::hasattr(leaf, "__array__"));
    if (is_variable(leaf.ptr()) || PyType_Check(leaf.ptr())) traced.back() = false;
    if (traced.back()) inputs.push_back(leaf_array(leaf, "checkpoint"));
  }
  ResultStructure results("checkpoint");
  const Arrays out = tnp::checkpoint(
      [&](const Arrays& xs) {
        std::vector<nb::object> given = leaves;
        std::size_t next = 0;
        for (std::size_t i = 0; i < given.size(); ++i) {
          if (traced[i]) given[i] = to_python(xs[next++]);
        }
        nb::object all = tree.unflatten(given);
        return results.take(call_with(f, nb::object(all[0]), nb::object(all[1])), "the result of the function");
      },
      inputs);
  return results.build(out);
}

// --- matrices of derivatives

Array source_of(nb::handle o, const Tape& tape, const char* what) {
  if (is_array(o.ptr())) return array_of(o.ptr());
  if (is_variable(o.ptr())) {
    const std::vector<Array> values = tape.values_of(variable_of(o.ptr()).get());
    if (values.size() > 1) {
      throw ValueError(std::string("GradientTape.") + what + ": the Variable '" + variable_of(o.ptr())->name() +
                       "' was assigned between reads; watch the values instead");
    }
    return values.empty() ? variable_of(o.ptr())->read() : values[0];
  }
  throw TypeError(std::string("GradientTape.") + what + ": a source must be a tnp array or a Variable, got '" +
                  Py_TYPE(o.ptr())->tp_name + "'");
}

Array target_of(nb::handle o, const char* what) {
  if (is_array(o.ptr())) return array_of(o.ptr());
  if (is_strict_array(o.ptr())) return strict_array_of(o.ptr());
  if (is_variable(o.ptr())) return variable_of(o.ptr())->read();
  throw TypeError(std::string("GradientTape.") + what + ": the target must be a tnp array, got '" +
                  Py_TYPE(o.ptr())->tp_name + "'");
}

bool wants_zeros(const std::string& unconnected, const char* what) {
  if (unconnected != "none" && unconnected != "zero") {
    throw ValueError(std::string("GradientTape.") + what + ": unconnected_gradients must be 'none' or 'zero'");
  }
  return unconnected == "zero";
}

nb::object jacobian(Tape& tape, nb::handle target, nb::handle sources, const std::string& unconnected, nb::handle,
                    bool at_once) {
  const bool zero = wants_zeros(unconnected, "jacobian");
  const Array y = target_of(target, "jacobian");
  std::vector<nb::object> leaves;
  const PyTree tree = flatten_sources(tape, sources, leaves);
  Arrays xs;
  for (const nb::object& leaf : leaves) xs.push_back(source_of(leaf, tape, "jacobian"));
  const Arrays found = tnp::jacobian(tape, y, xs, !at_once);
  std::vector<nb::object> out;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] || !zero) {
      out.push_back(found[i] ? to_python(found[i]) : nb::none());
      continue;
    }
    Shape shape = y.shape();
    for (Dim d : xs[i].shape()) shape.push_back(d);
    out.push_back(to_python(zeros(shape, xs[i].dtype())));
  }
  return tree.unflatten(out);
}

nb::object batch_jacobian(Tape& tape, nb::handle target, nb::handle source, const std::string& unconnected, nb::handle,
                          bool at_once) {
  const bool zero = wants_zeros(unconnected, "batch_jacobian");
  std::vector<nb::object> leaves;
  const PyTree tree = flatten_sources(tape, source, leaves);
  const nb::handle one = is_strict_array(source.ptr()) ? nb::handle(leaves[0]) : source;
  const Array y = target_of(target, "batch_jacobian"), x = source_of(one, tape, "batch_jacobian");
  Array found = tnp::batch_jacobian(tape, y, x, !at_once);
  if (!found && !zero) return nb::none();
  if (!found) {
    Shape shape = y.shape();
    for (int d = 1; d < x.ndim(); ++d) shape.push_back(x.shape()[d]);
    found = zeros(shape, x.dtype());
  }
  return tree.unflatten(to_objects({found}));
}

}  // namespace

void bind_derivatives(nb::module_& m) {
  m.def("_jvp", &jvp, nb::arg("f"), nb::arg("primals"), nb::arg("tangents"), nb::arg("has_aux") = false);
  m.def("_custom_gradient", &custom_gradient);
  m.def("_checkpoint", &checkpoint);
  auto tape = nb::borrow<nb::class_<Tape>>(m.attr("GradientTape"));
  tape.def("jacobian", &jacobian, nb::arg("target"), nb::arg("sources"), nb::arg("unconnected_gradients") = "none",
           nb::arg("parallel_iterations").none() = nb::none(), nb::arg("experimental_use_pfor") = true,
           "The derivative of each element of `target` with respect to each element of the sources: for each source an "
           "array of\nshape target.shape + source.shape.\n\nexperimental_use_pfor: all rows at once; else one by one, "
           "which needs less memory.");
  tape.def("batch_jacobian", &batch_jacobian, nb::arg("target"), nb::arg("source"),
           nb::arg("unconnected_gradients") = "none", nb::arg("parallel_iterations").none() = nb::none(),
           nb::arg("experimental_use_pfor") = true,
           "The derivatives of target[b] with respect to source[b] for each b, where the examples of a batch do not "
           "depend on each\nother: an array of shape target.shape + source.shape[1:].");
}

}  // namespace tnp::python

// tnp.vectorized_map and tnp.vmap.
#include "transform/vmap.h"

#include "base/dim.h"
#include "python/gil.h"
#include "python/silent_flags.h"
#include "python/structured.h"
#include "tnp/error.h"
#include "tnp/primitives.h"

namespace tnp::python {

namespace {

void warn(const std::string& message) {
  if (PyErr_WarnEx(PyExc_UserWarning, message.c_str(), 1) != 0) throw nb::python_error();
}

// x with axis `from` moved to `to`.
Array move_axis(const Array& x, std::int64_t from, std::int64_t to) {
  Axes axes;
  for (int d = 0; d < x.ndim(); ++d) {
    if (d != from) axes.push_back(d);
  }
  axes.insert(static_cast<int>(to), from);
  return from == to ? x : transpose(x, axes);
}

nb::object vectorized_map(nb::handle fn, nb::handle elems, bool fallback, bool warns) {
  std::vector<nb::object> leaves;
  const PyTree tree = PyTree::flatten(elems, leaves);
  Batched inputs{leaf_arrays(leaves, "vectorized_map"), std::vector<bool>(leaves.size(), true)};
  ResultStructure results("vectorized_map");
  VmapOptions options;
  options.fallback = fallback;
  if (warns) options.warn = &warn;
  std::int64_t size = 1;
  for (const Array& x : inputs.values) {
    if (x.ndim() > 0) size = dim_broadcast(size, x.shape()[0]);
  }
  const SilentFlags silent;
  Batched out = tnp::vectorized_map(
      [&](const Arrays& x) {
        return results.take(call_python(fn, nb::make_tuple(tree.unflatten(to_objects(x)))), "the result of fn");
      },
      inputs, options);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = batch_of(out, i, size);
  return results.build(out.values);
}

// The axis for each leaf below `node`: None (not batched) or an int, given for it or for a structure around it.
void spread_axes(nb::handle axes, nb::handle node, const char* what, std::vector<std::optional<std::int64_t>>& out) {
  std::vector<nb::object> leaves;
  if (axes.is_none() || PyLong_Check(axes.ptr())) {
    PyTree::flatten(node, leaves);
    const auto axis = axes.is_none() ? std::nullopt : std::optional(nb::cast<std::int64_t>(axes));
    out.insert(out.end(), leaves.size(), axis);
    return;
  }
  const auto refuse = [&] { throw ValueError(std::string("vmap: ") + what + " does not fit the structure it is for"); };
  if (PyDict_Check(axes.ptr())) {
    if (!PyDict_Check(node.ptr()) || nb::len(axes) != nb::len(node)) refuse();
    for (auto [key, value] : nb::borrow<nb::dict>(node)) {
      if (!nb::borrow<nb::dict>(axes).contains(key)) refuse();
      spread_axes(nb::object(axes[key]), value, what, out);
    }
    return;
  }
  if (!PyTuple_Check(axes.ptr()) && !PyList_Check(axes.ptr())) {
    throw TypeError(std::string("vmap: ") + what + " must be made of ints and None, got '" +
                    Py_TYPE(axes.ptr())->tp_name + "'");
  }
  if ((!PyTuple_Check(node.ptr()) && !PyList_Check(node.ptr())) || nb::len(axes) != nb::len(node)) refuse();
  for (std::size_t i = 0; i < nb::len(axes); ++i) spread_axes(nb::object(axes[i]), nb::object(node[i]), what, out);
}

Batched batched_inputs(const std::vector<nb::object>& leaves, const std::vector<std::optional<std::int64_t>>& axes,
                       std::int64_t& size) {
  Batched inputs;
  std::optional<std::int64_t> found;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    Array x = leaf_array(leaves[i], "vmap");
    if (axes[i]) {
      if (x.ndim() == 0)
        throw ValueError("vmap: argument " + std::to_string(i) +
                         " is 0-d and has no axis to map over: give None in in_axes");
      x = move_axis(x, normalize_axis(*axes[i], x.ndim(), "vmap"), 0);
      const std::int64_t n = x.shape()[0];
      if (found && *found >= 0 && n >= 0 && *found != n) {
        throw ValueError("vmap: the mapped axes must be equally long, but are " + std::to_string(*found) + " and " +
                         std::to_string(n));
      }
      if (!found || *found < 0) found = n;
    }
    inputs.values.push_back(x);
    inputs.batched.push_back(axes[i].has_value());
  }
  if (!found) throw ValueError("vmap: at least one argument must be mapped over (in_axes are all None)");
  size = *found;
  return inputs;
}

nb::object vmap_call(nb::handle f, nb::handle in_axes, nb::handle out_axes, bool fallback, nb::handle args,
                     nb::handle kwargs) {
  nb::object all = nb::make_tuple(args, kwargs);
  std::vector<nb::object> leaves;
  const PyTree tree = PyTree::flatten(all, leaves);
  std::vector<std::optional<std::int64_t>> axes;
  spread_axes(in_axes, args, "in_axes", axes);
  axes.resize(leaves.size(), 0);  // keyword arguments are mapped over axis 0
  std::int64_t size = 0;
  const Batched inputs = batched_inputs(leaves, axes, size);
  ResultStructure results("vmap");
  VmapOptions options;
  options.name = "vmap";
  options.fallback = fallback;
  options.warn = &warn;
  const SilentFlags silent;  // NumPy's warnings are for eager calls
  Batched out = tnp::vectorized_map(
      [&](const Arrays& x) {
        nb::object given = tree.unflatten(to_objects(x));
        PyObject* result =
            ends_here([&] { return PyObject_Call(f.ptr(), nb::object(given[0]).ptr(), nb::object(given[1]).ptr()); });
        if (result == nullptr) throw nb::python_error();
        return results.take(nb::steal(result), "the result of the function");
      },
      inputs, options);
  std::vector<std::optional<std::int64_t>> to;
  spread_axes(out_axes, results.build(out.values), "out_axes", to);
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    if (!to[i]) {
      if (out.batched[i])
        throw ValueError("vmap: result " + std::to_string(i) +
                         " differs between examples, so its out_axes can not be None");
      continue;
    }
    const Array x = batch_of(out, i, size);
    out.values[i] = move_axis(x, 0, normalize_axis(*to[i], x.ndim(), "vmap"));
  }
  return results.build(out.values);
}

}  // namespace

void bind_vmap(nb::module_& m) {
  m.def("vectorized_map", &vectorized_map, nb::arg("fn"), nb::arg("elems"), nb::arg("fallback_to_while_loop") = true,
        nb::arg("warn") = true,
        "fn of each example, stacked, computed for all examples at once.\n\n"
        "elems: arrays, nested in any structure, with the examples along axis 0. What can not be done for all at once "
        "(host\n"
        "functions, sizes that depend on data) is done one by one, with a warning, or refused with "
        "fallback_to_while_loop=False.");
  m.def("_vmap_call", &vmap_call, nb::arg("f"), nb::arg("in_axes").none(), nb::arg("out_axes").none(),
        nb::arg("fallback"), nb::arg("args"), nb::arg("kwargs"));
}

}  // namespace tnp::python

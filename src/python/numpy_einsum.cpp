// einsum, and the products of vectors that are not in numpy_numeric.cpp.
#include "python/arguments.h"
#include "python/asked_size.h"
#include "tnp/einsum.h"
#include "tnp/error.h"
#include "tnp/products.h"

namespace tnp::python {

namespace {

// --- einsum

struct EinsumArguments {
  std::string subscripts;
  Arrays operands;
};

std::vector<std::int64_t> label_list(nb::handle list) {
  std::vector<std::int64_t> out;
  for (nb::handle each : nb::borrow<nb::iterable>(list)) {
    if (each.ptr() == Py_Ellipsis) {
      out.push_back(-1);
      continue;
    }
    if (!PyIndex_Check(each.ptr())) throw TypeError("einsum: each subscript must be either an integer or an ellipsis");
    const std::int64_t l = Value(each.ptr()).integer();
    if (l < 0) throw ValueError("einsum: subscript is not within the valid range [0, 52)");
    out.push_back(l);
  }
  return out;
}

// ("ij,jk", a, b), or (a, [0, 1], b, [1, 2]) with, at the end, the labels of the result.
EinsumArguments einsum_arguments(std::span<PyObject* const> given) {
  EinsumArguments out;
  if (given.empty()) {
    throw ValueError(
        "einsum: must specify the einstein sum subscripts string and at least one operand, or at least one operand and "
        "its corresponding subscripts list");
  }
  if (PyUnicode_Check(given[0]) || PyBytes_Check(given[0])) {
    out.subscripts = PyBytes_Check(given[0]) ? std::string(PyBytes_AsString(given[0])) : Value(given[0]).text("");
    for (PyObject* each : given.subspan(1)) out.operands.push_back(Value(each).array());
    return out;
  }
  std::vector<std::vector<std::int64_t>> inputs;
  std::optional<std::vector<std::int64_t>> output;
  for (std::size_t i = 0; i + 1 < given.size(); i += 2) {
    out.operands.push_back(Value(given[i]).array());
    inputs.push_back(label_list(given[i + 1]));
  }
  if (given.size() % 2 == 1 && given.size() > 1) output = label_list(given.back());
  out.subscripts = einsum_subscripts(inputs, output);
  return out;
}

using Plan = EinsumOptions::Plan;

Plan plan_named(const std::string& name) {
  if (name == "greedy") return Plan::greedy;
  if (name == "optimal") return Plan::optimal;
  throw KeyError("Path name " + name + " not found");
}

// optimize: False, True, a name, (name, memory limit), or a path as einsum_path gives it.
void read_plan(EinsumOptions& options, const Value& optimize) {
  PyObject* o = optimize.ptr();
  if (o == Py_None || o == Py_False) {
    options.plan = Plan::none;
  } else if (o == Py_True) {
    options.plan = Plan::greedy;
  } else if (PyUnicode_Check(o)) {
    options.plan = plan_named(optimize.text(""));
  } else if (PySequence_Check(o)) {
    const nb::list items(nb::borrow(o));
    const bool named = nb::len(items) > 0 && PyUnicode_Check(nb::object(items[0]).ptr());
    const std::string first = named ? nb::cast<std::string>(items[0]) : "";
    if (first == "einsum_path") {
      options.plan = Plan::given;
      for (std::size_t i = 1; i < nb::len(items); ++i) {
        std::vector<std::int64_t> step;
        for (nb::handle each : nb::borrow<nb::iterable>(nb::object(items[i])))
          step.push_back(Value(each.ptr()).integer());
        options.steps.push_back(step);
      }
    } else if (named && nb::len(items) == 2 && PyNumber_Check(nb::object(items[1]).ptr())) {
      options.plan = plan_named(first);
      options.memory_limit = Value(nb::object(items[1]).ptr()).number(0);
    } else {
      throw TypeError("Did not understand the path: " + nb::cast<std::string>(nb::str(optimize.handle())));
    }
  } else {
    throw TypeError("Did not understand the path: " + nb::cast<std::string>(nb::str(optimize.handle())));
  }
}

TNP_FUNCTION(einsum, kFunction, "(*operands, out=None, optimize=False, dtype=None, order='K', casting='safe')",
             "Sums of products over labelled axes. The order of several products is planned in any case; optimize= "
             "chooses it.") {
  const auto [out, optimize, dtype, order, casting] = take<5>(args);
  EinsumArguments given = einsum_arguments(args.rest);
  EinsumOptions options;
  if (optimize.ptr() != nullptr && optimize.ptr() != Py_False) read_plan(options, optimize);
  options.dtype = dtype.dtype();
  order.order();
  if (casting.given()) options.casting = casting.casting();
  return to_python(einsum(given.subscripts, given.operands, options));
}

TNP_FUNCTION(einsum_path, kFunction, "(*operands, optimize='greedy', einsum_call=False)",
             "The order in which einsum multiplies several operands, and a report of what it saves.") {
  const auto [optimize, einsum_call] = take<2>(args);
  EinsumArguments given = einsum_arguments(args.rest);
  EinsumOptions options;
  options.plan = Plan::greedy;
  if (optimize.ptr() != nullptr) read_plan(options, optimize);
  const EinsumPath path = einsum_path(given.subscripts, given.operands, options);
  nb::list steps;
  steps.append("einsum_path");
  for (const std::vector<std::int64_t>& step : path.steps) {
    nb::list places;
    for (std::int64_t i : step) places.append(i);
    steps.append(nb::tuple(places));
  }
  return nb::make_tuple(steps, path.report);
}

// --- products of vectors

TNP_FUNCTION(cross, kFunction, "(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None)", "The cross products of vectors.") {
  const auto [a, b, axisa, axisb, axisc, axis] = take<6>(args);
  const Array x = a.array(), y = b.array();
  const std::int64_t of_x = axis.given() ? axis.integer() : axisa.integer(-1);
  const std::int64_t of_y = axis.given() ? axis.integer() : axisb.integer(-1);
  // Two or three elements: which it is decides the result's shape.
  ask_for_size_along(x, of_x);
  ask_for_size_along(y, of_y);
  return to_python(cross(x, y, of_x, of_y, axis.given() ? axis.integer() : axisc.integer(-1)));
}

OverlapMode overlap_of(const Value& mode, OverlapMode otherwise) {
  if (mode.ptr() == nullptr) return otherwise;
  if (PyUnicode_Check(mode.ptr())) {
    const std::string s = mode.text("");
    if (s == "valid") return OverlapMode::valid;
    if (s == "same") return OverlapMode::same;
    if (s == "full") return OverlapMode::full;
  } else if (PyIndex_Check(mode.ptr())) {
    const std::int64_t k = mode.integer();
    if (k >= 0 && k <= 2) return static_cast<OverlapMode>(k);
  }
  throw ValueError("mode must be one of 'valid', 'same', or 'full' (got " +
                   nb::cast<std::string>(nb::repr(mode.handle())) + ")");
}
TNP_FUNCTION(convolve, kFunction, "(a, v, mode='full')", "The convolution of two vectors.") {
  const auto [a, v, mode] = take<3>(args);
  return to_python(convolve(a.array(), v.array(), overlap_of(mode, OverlapMode::full)));
}
TNP_FUNCTION(correlate, kFunction, "(a, v, mode='valid')", "The correlation of two vectors, the second conjugated.") {
  const auto [a, v, mode] = take<3>(args);
  return to_python(correlate(a.array(), v.array(), overlap_of(mode, OverlapMode::valid)));
}

}  // namespace

}  // namespace tnp::python

// tnp.GradientTape.
#include "transform/tape.h"

#include "ops/elementwise/fp_status.h"
#include "python/derivatives.h"
#include "python/gil.h"
#include "python/pytree.h"
#include "python/variable.h"
#include "tnp/error.h"

namespace tnp::python {

namespace {

// Reports each array that can not be watched, once, as TensorFlow does.
void warn_not_watched(DType dtype) {
  static bool warned = false;
  if (warned) return;
  warned = true;
  if (PyErr_WarnFormat(PyExc_UserWarning, 1,
                       "GradientTape.watch: an array of dtype %s has no gradient; it is not watched",
                       std::string(name(dtype)).c_str()) != 0) {
    throw nb::python_error();
  }
}

// A reference that may be dropped by whoever drops the tape.
std::shared_ptr<const void> shared(const nb::object& o) {
  return {o.inc_ref().ptr(), [](const void* p) {
            if (interpreter_is_ending() && !PyGILState_Check()) return;
            const GilHeld gil;
            Py_DECREF(const_cast<PyObject*>(static_cast<const PyObject*>(p)));
          }};
}

void watch(Tape& tape, nb::handle o) {
  std::vector<nb::object> leaves;
  std::vector<StrictLeaf> strict;
  PyTree::flatten(o, leaves, &strict);
  for (const StrictLeaf& s : strict) tape.watch_object(shared(s.array), array_of(leaves[s.leaf].ptr()));
  for (const nb::object& leaf : leaves) {
    if (is_variable(leaf.ptr())) {
      tape.watch_variable(variable_of(leaf.ptr()), variable_of(leaf.ptr())->read());
    } else if (is_array(leaf.ptr())) {
      if (!tape.watch(array_of(leaf.ptr()))) warn_not_watched(array_of(leaf.ptr()).dtype());
    } else {
      throw ValueError("GradientTape.watch: only tnp arrays and Variables can be watched, got '" +
                       std::string(Py_TYPE(leaf.ptr())->tp_name) + "'");
    }
  }
}

// The targets as arrays. A NumPy array has left the tape: its use is an error rather than a silent None.
Arrays targets_of(nb::handle o) {
  std::vector<nb::object> leaves;
  PyTree::flatten(o, leaves);
  Arrays out;
  for (const nb::object& leaf : leaves) {
    if (is_variable(leaf.ptr())) {
      out.push_back(variable_of(leaf.ptr())->read());
    } else if (is_array(leaf.ptr())) {
      out.push_back(array_of(leaf.ptr()));
    } else {
      throw TypeError("GradientTape.gradient: a target must be a tnp array, got '" +
                      std::string(Py_TYPE(leaf.ptr())->tp_name) + "', whose computation the tape does not know");
    }
  }
  return out;
}

nb::object gradient(Tape& tape, nb::handle target, nb::handle sources, nb::handle output_gradients,
                    const std::string& unconnected) {
  if (unconnected != "none" && unconnected != "zero")
    throw ValueError("GradientTape.gradient: unconnected_gradients must be 'none' or 'zero'");
  const Arrays targets = targets_of(target);
  Arrays cts;
  if (!output_gradients.is_none()) {
    std::vector<nb::object> leaves;
    PyTree::flatten(output_gradients, leaves);
    for (const nb::object& leaf : leaves) cts.push_back(as_array(leaf.ptr()));
    if (cts.size() != targets.size())
      throw ValueError("GradientTape.gradient: there must be one output gradient for each target");
  }
  std::vector<nb::object> leaves;
  const PyTree tree = flatten_sources(tape, sources, leaves);
  // A variable stands for all the values that were read from it.
  Arrays arrays;
  std::vector<std::size_t> owner;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (is_variable(leaves[i].ptr())) {
      for (const Array& value : tape.values_of(variable_of(leaves[i].ptr()).get())) {
        arrays.push_back(value);
        owner.push_back(i);
      }
    } else if (is_array(leaves[i].ptr())) {
      arrays.push_back(array_of(leaves[i].ptr()));
      owner.push_back(i);
    } else {
      throw TypeError("GradientTape.gradient: a source must be a tnp array or a Variable, got '" +
                      std::string(Py_TYPE(leaves[i].ptr())->tp_name) + "'");
    }
  }
  const Arrays gradients = tape.gradient(targets, arrays, cts);
  fp_flags_seen.store(0, std::memory_order_relaxed);  // those of branches not taken are nobody's concern
  Arrays totals(leaves.size());
  for (std::size_t k = 0; k < arrays.size(); ++k) totals[owner[k]] = add_cotangents(totals[owner[k]], gradients[k]);
  std::vector<nb::object> out;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (totals[i]) {
      out.push_back(to_python(totals[i]));
    } else if (unconnected == "zero") {
      const Array x = is_variable(leaves[i].ptr()) ? variable_of(leaves[i].ptr())->read() : array_of(leaves[i].ptr());
      out.push_back(to_python(zeros(x.shape(), x.dtype())));
    } else {
      out.push_back(nb::none());
    }
  }
  return tree.unflatten(out);
}

// A tape that records is kept alive, as operations of its thread report to it.
void enter(nb::handle self) {
  nb::cast<Tape&>(self).start();
  self.inc_ref();
}

void leave(nb::handle self) {
  auto& tape = nb::cast<Tape&>(self);
  if (!tape.recording()) return;
  tape.stop();
  self.dec_ref();
}

struct StopRecording {
  nb::object tape;
  bool stopped;  // whether it was recording
};

}  // namespace

PyTree flatten_sources(const Tape& tape, nb::handle sources, std::vector<nb::object>& leaves) {
  std::vector<StrictLeaf> strict;
  PyTree tree = PyTree::flatten(sources, leaves, &strict);
  for (const StrictLeaf& s : strict) {
    if (Array watched = tape.watched_in(s.array.ptr())) leaves[s.leaf] = to_python(std::move(watched));
  }
  return tree;
}

void bind_tape(nb::module_& m) {
  auto cls = nb::class_<Tape>(m, "GradientTape", nb::is_weak_referenceable(),
                              "Records what is done with watched arrays, for their gradients.\n\n"
                              "persistent: whether `gradient` can be called more than once.\n"
                              "watch_accessed_variables: whether Variables are watched when they are read.");
  cls.attr("__module__") = "tnp";
  cls.def(nb::init<bool, bool>(), nb::arg("persistent") = false, nb::arg("watch_accessed_variables") = true);
  cls.def("__enter__", [](nb::object self) {
    enter(self);
    return self;
  });
  cls.def("__exit__", [](nb::object self, nb::args) { leave(self); });
  cls.def(
      "watch", [](Tape& t, nb::handle x) { watch(t, x); }, nb::arg("tensor"),
      "Records what is done with this array (or structure of arrays) from now on.");
  cls.def("reset", [](Tape& t) { t.reset(); }, "Forgets everything recorded.");
  cls.def("gradient", &gradient, nb::arg("target"), nb::arg("sources"), nb::arg("output_gradients").none() = nb::none(),
          nb::arg("unconnected_gradients") = "none",
          "The gradient of the sum of `target` with respect to each of `sources`, in their structure; None where there "
          "is none.");
  auto stop = nb::class_<StopRecording>(m, "_StopRecording");
  stop.def("__enter__", [](StopRecording& s) {
    s.stopped = nb::cast<Tape&>(s.tape).recording();
    leave(s.tape);
  });
  stop.def("__exit__", [](StopRecording& s, nb::args) {
    if (std::exchange(s.stopped, false)) enter(s.tape);
  });
  cls.def(
      "stop_recording", [](nb::object self) { return StopRecording{self, false}; },
      "A scope in which nothing is recorded.");
}

}  // namespace tnp::python

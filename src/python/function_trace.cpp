// Traces of functions: made, kept, found again.
#include <algorithm>

#include "base/dim.h"
#include "python/asked_size.h"
#include "python/autograph.h"
#include "python/function_object.h"
#include "python/profile.h"
#include "runtime/profile.h"
#include "tnp/error.h"
#include "transform/explain.h"

namespace tnp::python {

std::shared_ptr<Traced> Function::find(nb::handle given, nb::handle given_kwargs, Arguments& arguments) {
  nb::object args = nb::borrow(given), kwargs = nb::borrow(given_kwargs);
  if (input_signature_) add_defaults(args, kwargs);
  if (kwargs.is_valid() && PyDict_GET_SIZE(kwargs.ptr()) > 0) place_by_name(args, kwargs);
  const nb::object owner = owner_in(args);
  if (input_signature_) args = check_signature(args, kwargs);
  const bool has_statics = !static_positions_.empty() || !static_names_.empty();
  if (has_statics) mark_statics(args, kwargs);
  const bool plain = !has_statics && plain_arguments(args, kwargs, owner.is_valid(), arguments);
  Flattened f;
  if (!plain) {
    arguments = {};
    f = flatten_arguments(args, kwargs);
    general_arguments(f, owner, [this] { return parameters(); }, arguments);
  }
  for (const Array& x : arguments.arrays) check_usable(x);
  if (auto t = known(arguments)) return t;
  if (plain) f = flatten_arguments(args, kwargs);
  refuse_endless_recursion(arguments);
  std::string why = reason(arguments);
  std::shared_ptr<Traced> made = trace(f, arguments);
  made->why = why + made->why;
  if (auto t = known(arguments)) return t;  // another thread was quicker
  std::vector<std::shared_ptr<Traced>> gone;
  std::erase_if(traces_, [&](const auto& t) {
    if (!t->signature.is_dead()) return false;
    gone.push_back(t);
    return true;
  });
  if (traces_.size() >= kMaxTraces) {
    gone.push_back(traces_.front());
    traces_.erase(traces_.begin());
  }
  if (!gone.empty()) quick_.forget(std::move(gone));
  traces_.push_back(made);
  ++made_;
  return made;
}

std::string Function::explain() const {
  std::string text = "tnp.function " + shown_name() + ": " + std::to_string(traces_.size()) +
                     (traces_.size() == 1 ? " trace" : " traces") + " kept, " + std::to_string(made_) + " made\n";
  for (std::size_t i = 0; i < traces_.size(); ++i) {
    const Traced& t = *traces_[i];
    text += "trace " + std::to_string(i + 1) + ": " + t.why + "\n";
    const std::vector<std::string> copies = copies_of(t.function, t.donated);
    for (const std::string& c : copies) text += "  copied at " + c + "\n";
  }
  return text;
}

void Function::refuse_endless_recursion(const Arguments& arguments) const {
  const auto same = [&](const auto& other) { return other.first == this && *other.second == arguments.signature; };
  const auto& now = traced_now();
  if (now.size() < kMaxRecursion ||
      static_cast<std::size_t>(std::count_if(now.begin(), now.end(), same)) < kMaxRecursion)
    return;
  throw RecursionError("function " + shown_name() +
                       ": it calls itself with arguments of the same types, without end, while it is traced: the depth "
                       "of a recursion can not depend on traced arrays. Use a while loop (tnp.while_loop), or a Python "
                       "number as the argument that tells the depth");
}

std::shared_ptr<Traced> Function::trace(const Flattened& f, const Arguments& arguments) {
  const CompilationSpan span("a function (its trace)");
  auto t = std::make_shared<Traced>();
  t->signature = arguments.signature;
  const TracedNow now(this, &t->signature);
  // Arrays in the instance whose method this is come first, and have no specs.
  const std::size_t lead = input_signature_ ? arguments.arrays.size() - input_signature_->num_arrays() : 0;
  for (std::size_t i = 0; i < arguments.arrays.size(); ++i) {
    const Array& x = arguments.arrays[i];
    const Shape free(SmallVec<std::int64_t, 5>(x.ndim(), -1));
    t->specs.push_back(
        {x.dtype(), input_signature_ && i >= lead ? input_signature_->traced_shape(i - lead, x.ndim()) : free});
  }
  for (;;) {
    try {
      const ConversionScope scope(autograph_, conversion_ != Conversion::none);
      const int before = variables_made_in_traces;
      t->function = trace_function(t->specs, [&](const Arrays& symbolic) { return run_body(f, symbolic, *t); });
      if (variables_made_in_traces != before && trace_depth() == 0 && was_called(t->signature)) {
        throw ValueError(
            "function: a Variable is made on a call after the first, so each trace would have one of its own: make "
            "it outside, or only where there is none yet");
      }
      t->large = any_large(t->function.graph->captured);
      if (donates()) may_own_arguments(t->function.graph);
      for (const ArgumentSpec& s : t->specs)
        t->any_sizes = t->any_sizes && std::all_of(s.shape.begin(), s.shape.end(), [](Dim d) { return d < 0; });
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

Arrays Function::run_body(const Flattened& f, const Arrays& symbolic, Traced& t) {
  std::vector<nb::object> leaves;
  std::size_t next = 0;
  for (std::size_t i = 0; i < f.leaves.size(); ++i)
    leaves.push_back(f.traced[i] ? to_python(symbolic[next++]) : static_value(f.leaves[i]));
  nb::object all = f.tree.unflatten(leaves);
  const StrictArguments strict(all);
  nb::object out = conversion_ != Conversion::none
                       ? converted_call(f_, all[0], all[1], conversion_ == Conversion::unrolled)
                       : nb::steal(ends_here([&] {
                           return PyObject_Call(f_.ptr(), nb::object(all[0]).ptr(), nb::object(all[1]).ptr());
                         }));
  if (!out.is_valid()) throw nb::python_error();
  std::vector<nb::object> result_leaves;
  t.results = PyTree::flatten(out, result_leaves);
  Arrays arrays;
  for (std::size_t i = 0; i < result_leaves.size(); ++i) arrays.push_back(result_array(result_leaves[i], t.results, i));
  t.changed = strict.changed(arrays);
  return arrays;
}

Array Function::result_array(const nb::object& leaf, const PyTree& results, std::size_t i) {
  if (is_array(leaf.ptr())) return array_of(leaf.ptr());
  if (is_variable(leaf.ptr())) return variable_of(leaf.ptr())->read();
  if (nb::isinstance<PyDim>(leaf)) return dim_value(nb::cast<PyDim&>(leaf).dim, DType::int64);
  const auto place = [&] {
    std::string text;
    for (const std::string& part : results.path_of(i)) text += part;
    return text.empty() ? text : " as result" + text;
  };
  const std::string type = Py_TYPE(leaf.ptr())->tp_name;
  if (PyUnicode_Check(leaf.ptr()) || PyCallable_Check(leaf.ptr()))
    throw TypeError("function: results must be arrays or numbers, got '" + type + "'" + place());
  if (PyGen_Check(leaf.ptr()) || PyCoro_CheckExact(leaf.ptr()) || PyAsyncGen_CheckExact(leaf.ptr())) {
    throw TypeError("function: results must be arrays or numbers, got a " + type + place() +
                    ", whose code would run outside of the trace: return a list, or use tnp.map or tnp.scan");
  }
  try {
    return as_array(leaf.ptr());
  } catch (const TypeError& e) {
    throw TypeError(std::string(e.what()) + place());
  }
}

}  // namespace tnp::python

// What of quick calls is not passed by each of them, and those that give several arrays.
#include "python/quick_calls.h"

#include "ir/stack_arrays.h"
#include "python/gil.h"

namespace tnp::python {

namespace {

constexpr std::size_t kMostResults = compiler::PreparedCall::kMostResults;

// Of the objects that `object_of` gives, by number, as new references.
template <class ObjectOf>
PyObject* structure_of(PyTree::Row kind, const Traced& traced, std::size_t count, ObjectOf&& object_of) {
  if (kind != PyTree::Row::none) {
    nb::object row = nb::steal(PyTree::new_row(kind, count));
    for (std::size_t i = 0; i < count; ++i) PyTree::set_in_row(kind, row.ptr(), i, object_of(i));
    return row.release().ptr();
  }
  nb::object few[kFewResults];
  std::vector<nb::object> more(count > kFewResults ? count : 0);
  nb::object* leaves = more.empty() ? few : more.data();
  for (std::size_t i = 0; i < count; ++i) leaves[i] = nb::steal(object_of(i));
  return traced.results.unflatten({leaves, count}).release().ptr();
}

bool add_variables(const Traced& traced, CallLeaves& leaves) {
  for (const VariableRef& v : traced.function.variables) {
    if (!leaves.add(v->read())) return false;
  }
  return true;
}

// Meanwhile other threads may drop arrays, or donate them: they are held by more than what had them before.
bool run_without_gil(const compiler::PreparedCall& call, detail::Node* const* in, std::size_t n, Array* out) {
  StackArrays<compiler::PreparedCall::kMostArguments> held(n);
  for (std::size_t i = 0; i < n; ++i) held.all()[i] = array_at(in[i]);
  const GilReleased others;
  return call.run(in, out);
}

}  // namespace

// `quick` by value: what follows the run may forget it.
PyObject* QuickCalls::run_structure(const Quick quick, PyObject* const* given, detail::Node* const* in) {
  const std::size_t count = quick.call->num_results();
  StackArrays<kMostResults> made(count);
  Array* out = made.all();
  if (!quick.call->run(in, out)) return nullptr;
  tell_after_run();
  return structure_of(quick.row, *quick.traced, count, [&](std::size_t i) {
    const int same = quick.call->argument_of(i);
    return same < 0 ? SpareObjects<Array>::wrap(std::move(out[i])) : Py_NewRef(given[same]);
  });
}

PyObject* QuickCalls::run_heavy(const Quick quick, PyObject* const* given, detail::Node* const* in, std::size_t n) {
  const Running running(*this);
  const std::size_t count = quick.call->num_results();
  StackArrays<kMostResults> made(count);
  Array* out = made.all();
  if (!run_without_gil(*quick.call, in, n, out)) return nullptr;
  tell_after_run();
  const auto object_of = [&](std::size_t i) {
    const int same = quick.call->argument_of(i);
    return same < 0 ? SpareObjects<Array>::wrap(std::move(out[i])) : Py_NewRef(given[same]);
  };
  return quick.is_leaf ? object_of(0) : structure_of(quick.row, *quick.traced, count, object_of);
}

PyObject* QuickCalls::call_formed(PyObject* const* given, std::size_t n, PyObject* names) {
  if (is_watched()) return nullptr;
  const Running running(*this);  // to let leaves go may run any code, too
  CallLeaves leaves;
  const CallForm* form = nullptr;
  bool looks_so = false;
  for (std::size_t i = 0; i < num_formed_; ++i) {
    const Formed& f = formed_[i];
    if (f.form != form) {
      form = f.form;
      leaves.clear();
      looks_so = form->match(given, n, names, leaves) && add_variables(*f.quick.traced, leaves);
    }
    if (looks_so && f.quick.call->fits(leaves.nodes(), leaves.count())) return run_formed(f.quick, leaves);
  }
  return nullptr;
}

// The last results are what Variables are to hold.
PyObject* QuickCalls::run_formed(const Quick quick, const CallLeaves& leaves) {
  const bool heavy = quick.call->is_heavy();
  if (quick.element != nullptr && !heavy) {
    const DType type = **quick.element;
    alignas(16) std::byte room[16];
    const std::byte* element = quick.call->run_element(leaves.nodes(), room);
    tell_after_run();
    return wrap_element(element, type);
  }
  const std::size_t count = quick.call->num_results();
  StackArrays<kMostResults> made(count);
  Array* out = made.all();
  if (heavy ? !run_without_gil(*quick.call, leaves.nodes(), leaves.count(), out)
            : !quick.call->run(leaves.nodes(), out))
    return nullptr;
  tell_after_run();
  leaves.settle({out, count});
  const std::vector<VariableRef>& assigned = quick.traced->function.assigned;
  const std::size_t own = count - assigned.size();
  for (std::size_t i = own; i < count; ++i) {
    const int same = quick.call->argument_of(i);
    assigned[i - own]->assign(same < 0 ? out[i] : leaves.own(static_cast<std::size_t>(same)));
  }
  const auto object_of = [&](std::size_t i) {
    const int same = quick.call->argument_of(i);
    return same < 0 ? SpareObjects<Array>::wrap(std::move(out[i])) : leaves.object(static_cast<std::size_t>(same));
  };
  return quick.is_leaf ? object_of(0) : structure_of(quick.row, *quick.traced, own, object_of);
}

void QuickCalls::forget(std::vector<std::shared_ptr<Traced>> gone) {
  count_ = num_formed_ = 0;
  if (running_ > 0) forgotten_.insert(forgotten_.end(), gone.begin(), gone.end());
}

void QuickCalls::find_elements(Traced& t, Quick& quick, std::span<const Array> in) {
  const OpDef* op = quick.call->operation();
  const compiler::PreparedOperands& operands = quick.call->operands();
  if (op == nullptr || operands.empty() || operands.size() > std::size(quick.elements)) return;
  const bool single = std::all_of(operands.begin(), operands.end(), [&](const compiler::PreparedOperand& o) {
    return (o.argument >= 0 ? in[static_cast<std::size_t>(o.argument)] : o.constant).ndim() == 0;
  });
  if (single) quick.of_elements = ElementCall(*op, operands.size());
  for (std::size_t k = 0; k < operands.size() && quick.of_elements; ++k) {
    quick.elements[k] = {operands[k].argument, nullptr};
    if (operands[k].argument >= 0) continue;
    t.constants.push_back(to_python(operands[k].constant));
    quick.elements[k].constant = t.constants.back().ptr();
  }
}

void QuickCalls::ask(Traced& t, const CallForm* form, std::span<const Array> in, bool large) {
  const compiler::PreparedCall* call = t.program->prepare(in, large);
  t.large = large || (t.large && call == nullptr);
  if (call == nullptr) return;
  const bool leaf = t.results.is_leaf();
  Quick quick{call,
              &t,
              leaf,
              leaf ? call->argument_of(0) : -1,
              leaf && call->element() ? &call->element() : nullptr,
              t.results.row(),
              {},
              {}};
  if (leaf && form == nullptr) find_elements(t, quick, in);
  if (form == nullptr) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (quick_[i].call == call) return;
    }
    quick_[count_ < kMost ? count_++ : t.short_calls % kMost] = quick;
  } else {
    for (std::size_t i = 0; i < num_formed_; ++i) {
      if (formed_[i].quick.call == call && formed_[i].form == form) return;
    }
    formed_[num_formed_ < kMostFormed ? num_formed_++ : next_formed_++ % kMostFormed] = {quick, form};
  }
}

}  // namespace tnp::python

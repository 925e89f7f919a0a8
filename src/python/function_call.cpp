// Calls of traced functions: the prepared, the short and the long way.
#include <numeric>

#include "ir/stack_arrays.h"
#include "python/function_object.h"
#include "python/profile.h"
#include "runtime/profile.h"

namespace tnp::python {

PyObject* Function::call(PyObject* const* given, std::size_t n, PyObject* names) {
  if (names != nullptr && PyTuple_GET_SIZE(names) == 0) names = nullptr;
  if (names == nullptr) {
    if (PyObject* result = quick_.call(given, n)) return result;
  }
  if (quick_.any_formed()) {
    if (PyObject* result = quick_.call_formed(given, n, names)) return result;
  }
  if (nb::object result = short_call(given, n, names); result.is_valid()) return result.release().ptr();
  return long_call(given, n, names).release().ptr();
}

nb::object Function::long_call(PyObject* const* given, std::size_t n, PyObject* names) {
  nb::object args = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(n))), kwargs;
  if (!args.is_valid()) throw nb::python_error();
  for (std::size_t i = 0; i < n; ++i) PyTuple_SET_ITEM(args.ptr(), i, Py_NewRef(given[i]));
  if (names != nullptr) {
    kwargs = nb::dict();
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
      if (PyDict_SetItem(kwargs.ptr(), PyTuple_GET_ITEM(names, i), given[n + static_cast<std::size_t>(i)]) != 0)
        throw nb::python_error();
    }
  }
  const ProfileSpan span("function", [this] { return shown_name(); });
  Arguments arguments;
  const std::shared_ptr<Traced> t = find(args, kwargs, arguments);
  const CallForm* form = form_of(*t, given, n, names, arguments.arrays);
  if (donates()) take_donated(args, kwargs, arguments.arrays, t->donated);
  const Arrays results = run(*t, arguments.arrays, donates());
  tell_after_run();
  if (t->program == nullptr && may_be_short(*t)) t->program = t->function.program();
  t->large = t->large || made_large(results);
  const auto own = std::span<const Array>(results).first(results.size() - t->changed.size());
  if (!t->changed.empty()) [[unlikely]]
    put_back(*t, args, kwargs, std::span<const Array>(results).subspan(own.size()));
  if (form != nullptr && input_signature_ && is_kept(t)) prepare(*t, form, arguments.arrays, results);
  return result_of(*t, own);
}

nb::object Function::short_call(PyObject* const* given, std::size_t n, PyObject* names) {
  if (traces_.empty() || QuickCalls::is_watched() || input_signature_) return {};
  bool arrays = names == nullptr;
  for (std::size_t i = 0; i < n && arrays; ++i) arrays = is_array(given[i]);
  if (arrays) {
    if (nb::object result = short_row(given, n); result.is_valid()) return result;
  }
  for (const std::shared_ptr<Traced>& known : traces_) {
    for (const auto& form : known->forms) {
      CallLeaves leaves;
      if (!form->match(given, n, names, leaves) || !fits(*known, leaves)) continue;
      return run_short(std::shared_ptr<Traced>(known), form.get(), &leaves, leaves.nodes(), leaves.count());
    }
  }
  return {};
}

nb::object Function::short_row(PyObject* const* given, std::size_t n) {
  for (const std::shared_ptr<Traced>& known : traces_) {
    if (!known->plain || known->signature.arrays.size() != n) continue;
    bool same = true;
    for (std::size_t i = 0; i < n && same; ++i) same = fits(*known, i, array_of(given[i]));
    if (!same) continue;
    detail::Node* nodes[kShortInputs];
    for (std::size_t i = 0; i < n; ++i) nodes[i] = array_of(given[i]).node();
    return run_short(std::shared_ptr<Traced>(known), nullptr, nullptr, nodes, n);
  }
  return {};
}

bool Function::may_be_short(Traced& t) const {
  const TracedFunction& f = t.function;
  const bool may =
      !donates() && t.changed.empty() && t.signature.arrays.size() == t.specs.size() &&
      f.graph->inputs.size() <= kShortInputs && f.graph->outputs.size() <= kShortResults && !current_trace &&
      std::none_of(f.graph->captured.begin(), f.graph->captured.end(), [](const Array& x) { return x.is_symbolic(); });
  t.plain = may && static_positions_.empty() && static_names_.empty() && !t.signature.statics.is_valid() &&
            !t.signature.owner.is_valid() && f.variables.empty() && f.assigned.empty();
  return may;
}

const CallForm* Function::form_of(Traced& t, PyObject* const* given, std::size_t n, PyObject* names,
                                  const Arrays& arrays) {
  if (t.program == nullptr) return nullptr;
  const auto takes_these = [&](const CallForm& form) {
    CallLeaves leaves;
    if (!form.match(given, n, names, leaves) || leaves.count() != arrays.size()) return false;
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      const Array x = leaves.array(i);
      const bool same = x.node() == arrays[i].node();
      if (!same && !(form.converts() && x.dtype() == arrays[i].dtype() && x.shape() == arrays[i].shape())) return false;
    }
    return true;
  };
  for (const auto& form : t.forms) {
    if (takes_these(*form)) return form.get();
  }
  if (t.forms.size() == kMostForms || t.forms_looked_for == kMostSearches) return nullptr;
  ++t.forms_looked_for;
  std::vector<bool> is_static;
  std::vector<int> order = order_of(n, names, is_static);
  const nb::object owner = n > 0 ? owner_of(given[0]) : nb::object();
  if (t.lent.empty() && t.function.assigned.empty()) t.lent = t.program->may_be_lent();
  std::unique_ptr<const CallForm> form = CallForm::make(given, n, names, std::move(order), is_static, owner, t.lent);
  if (form == nullptr || !takes_these(*form)) return nullptr;
  t.forms.push_back(std::move(form));
  return t.forms.back().get();
}

std::vector<int> Function::order_of(std::size_t n, PyObject* names, std::vector<bool>& is_static) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::string> named;
  for (Py_ssize_t i = 0; names != nullptr && i < PyTuple_GET_SIZE(names); ++i)
    named.push_back(nb::cast<std::string>(nb::handle(PyTuple_GET_ITEM(names, i))));
  for (std::size_t p = n; !named.empty() && p < parameters().size(); ++p) {
    const auto it = std::find(named.begin(), named.end(), parameters()[p]);
    if (it == named.end()) break;
    order.push_back(static_cast<int>(n) + static_cast<int>(it - named.begin()));
  }
  for (std::size_t i = 0; i < order.size(); ++i) is_static.push_back(this->is_static(i));
  for (std::size_t i = 0; i < named.size(); ++i) {
    const int at = static_cast<int>(n + i);
    if (std::find(order.begin(), order.end(), at) != order.end()) continue;
    order.push_back(at);
    is_static.push_back(std::find(static_names_.begin(), static_names_.end(), named[i]) != static_names_.end());
  }
  return order;
}

nb::object Function::run_short(const std::shared_ptr<Traced>& t, const CallForm* form, const CallLeaves* leaves,
                               detail::Node* const* nodes, std::size_t n) {
  const QuickCalls::Running running(quick_);
  if (!t->function.variables.empty() || !t->function.assigned.empty()) {
    Arrays in;
    for (std::size_t i = 0; i < n; ++i) in.push_back(array_at(nodes[i]));
    Arrays results = run(*t, in, false);
    tell_after_run();
    if (leaves != nullptr) leaves->settle(results);
    t->large = t->large || made_large(results);
    if (is_kept(t)) prepare(*t, form, std::move(in), results);
    return result_of(*t, results);
  }
  StackArrays<kShortInputs> given(t->function.graph->inputs.size());
  StackArrays<kShortResults> made(t->program->num_results());
  Array* in = given.all();
  bool large = t->large;
  for (std::size_t i = 0; i < n; ++i) {
    in[i] = array_at(nodes[i]);
    large = large || is_large(in[i]);
  }
  for (const Array& x : t->function.graph->captured) in[n++] = x;
  const std::span<Array> results(made.all(), t->program->num_results());
  if (!large) {
    t->program->run_to({in, n}, results);
  } else {
    const GilReleased others;
    t->program->run_to({in, n}, results);
  }
  tell_after_run();
  if (leaves != nullptr) leaves->settle(results);
  t->large = t->large || made_large(results);
  if (is_kept(t)) quick_.prepare(*t, form, {in, n}, results);
  return result_of(*t, results);
}

}  // namespace tnp::python

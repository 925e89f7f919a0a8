// What tnp.function makes: traces kept by structure, types and ranks of the arguments; the short way of a call whose
// arguments are plain arrays.
#pragma once

#include <algorithm>
#include <numeric>

#include "base/dim.h"
#include "ir/give_up.h"
#include "ir/stack_arrays.h"
#include "ir/trace.h"
#include "python/array_api_changes.h"
#include "python/asked_size.h"
#include "python/autograph.h"
#include "python/gil.h"
#include "python/profile.h"
#include "python/quick_calls.h"
#include "python/traced.h"
#include "python/variable.h"
#include "runtime/profile.h"
#include "tnp/error.h"
#include "transform/call.h"
#include "transform/explain.h"

namespace tnp::python {

inline constexpr std::size_t kMaxTraces = 256;    // per function; beyond it the oldest goes
inline constexpr std::size_t kMaxRecursion = 64;  // of a function into itself, with arguments of the same types

// What the interpreter calls, where the class says that it lies.
struct Callable {
  vectorcallfunc vectorcall = nullptr;
};

class Function : public Callable {
 public:
  Function(nb::object f, nb::object name, bool autograph, vectorcallfunc call)
      : Callable{call}, f_(std::move(f)), name_(std::move(name)), autograph_(autograph) {}
  ~Function() { vectorcall = nullptr; }
  Function(const Function&) = delete;

  // A call of `n` arguments and then those that `names` are the names of.
  PyObject* call(PyObject* const* given, std::size_t n, PyObject* names) {
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

  nb::object long_call(PyObject* const* given, std::size_t n, PyObject* names) {
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
    if (donates()) take_donated(args, kwargs, arguments.arrays);
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

  // A call as one that a trace has run. Nothing if this is none of them.
  nb::object short_call(PyObject* const* given, std::size_t n, PyObject* names) {
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
        return run_short(std::shared_ptr<Traced>(known), form.get(), leaves.nodes(), leaves.count());
      }
    }
    return {};
  }

  // The same of arrays in a row.
  nb::object short_row(PyObject* const* given, std::size_t n) {
    for (const std::shared_ptr<Traced>& known : traces_) {
      if (!known->plain || known->signature.arrays.size() != n) continue;
      bool same = true;
      for (std::size_t i = 0; i < n && same; ++i) same = fits(*known, i, array_of(given[i]));
      if (!same) continue;
      detail::Node* nodes[kShortInputs];
      for (std::size_t i = 0; i < n; ++i) nodes[i] = array_of(given[i]).node();
      return run_short(std::shared_ptr<Traced>(known), nullptr, nodes, n);
    }
    return {};
  }

  // Without the GIL where there is work that other threads should not wait for. Host functions take it for themselves.
  static Arrays run(const Traced& t, Arrays& arguments, bool owned) {
    const bool large = t.large || any_large(arguments);
    const auto call = [&] { return owned ? t.function.call_owned(std::move(arguments)) : t.function.call(arguments); };
    if (!large || current_trace != nullptr) return call();
    const GilReleased others;
    return call();
  }

  std::shared_ptr<Traced> find(nb::handle given, nb::handle given_kwargs, Arguments& arguments) {
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

  std::string shown_name() const {
    if (!name_.is_none()) return nb::cast<std::string>(nb::str(name_));
    nb::object f = f_;
    while (!nb::hasattr(f, "__name__") && nb::hasattr(f, "func")) f = f.attr("func");  // functools.partial
    return nb::cast<std::string>(nb::str(nb::getattr(f, "__name__", f.type().attr("__name__"))));
  }
  // It stands in a class: what it is called with first is an instance.
  void set_in_class() { is_in_class_ = true; }

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

  // Arguments are then cast to these specs.
  void set_input_signature(nb::handle specs) { input_signature_.emplace(specs); }
  const nb::object& wrapped() const { return f_; }

  std::size_t num_traces() const { return traces_.size(); }
  std::size_t num_made() const { return made_; }
  void clear() { quick_.forget(std::exchange(traces_, {})); }
  int traverse(visitproc visit, void* arg) {
    Py_VISIT(f_.ptr());
    Py_VISIT(name_.ptr());
    for (const auto& t : traces_) {
      Py_VISIT(t->signature.statics.ptr());
      for (const auto& form : t->forms) {
        if (const int result = form->traverse(visit, arg)) return result;
      }
    }
    return 0;
  }
  void drop() {
    f_.reset();
    name_.reset();
    clear();
  }

 private:
  static constexpr std::size_t kShortInputs = compiler::PreparedCall::kMostArguments,
                               kShortResults = compiler::PreparedCall::kMostResults;
  static constexpr std::size_t kMostForms = 4, kMostSearches = 8;  // of a trace

  static bool fits(const Traced& t, std::size_t i, const Array& x) {
    return !x.is_symbolic() && array_code(x.dtype(), x.shape().ndim()) == t.signature.arrays[i] &&
           (t.any_sizes || python::fits(t.specs[i].shape, x));
  }
  static bool fits(const Traced& t, const CallLeaves& leaves) {
    bool all = leaves.count() == t.signature.arrays.size();
    for (std::size_t i = 0; i < leaves.count() && all; ++i) all = fits(t, i, leaves.array(i));
    return all;
  }
  static bool fits(const Traced& t, const Arrays& arrays) { return python::fits(t, arrays); }

  // Whether a run is all that there is to a call, once its arrays are known.
  bool may_be_short(Traced& t) const {
    const TracedFunction& f = t.function;
    const bool may = !donates() && t.changed.empty() && t.signature.arrays.size() == t.specs.size() &&
                     f.graph->inputs.size() <= kShortInputs && f.graph->outputs.size() <= kShortResults &&
                     !current_trace &&
                     std::none_of(f.graph->captured.begin(), f.graph->captured.end(),
                                  [](const Array& x) { return x.is_symbolic(); });
    t.plain = may && static_positions_.empty() && static_names_.empty() && !t.signature.statics.is_valid() &&
              !t.signature.owner.is_valid() && f.variables.empty() && f.assigned.empty();
    return may;
  }

  // What calls that look like this one have in common, where they need no more than a look to be known. `arrays`: what
  // the trace takes of this one.
  const CallForm* form_of(Traced& t, PyObject* const* given, std::size_t n, PyObject* names, const Arrays& arrays) {
    if (t.program == nullptr) return nullptr;
    const auto takes_these = [&](const CallForm& form) {
      CallLeaves leaves;
      if (!form.match(given, n, names, leaves) || leaves.count() != arrays.size()) return false;
      for (std::size_t i = 0; i < arrays.size(); ++i) {
        if (leaves.nodes()[i] != arrays[i].node()) return false;
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
    std::unique_ptr<const CallForm> form = CallForm::make(given, n, names, std::move(order), is_static, owner);
    if (form == nullptr || !takes_these(*form)) return nullptr;
    t.forms.push_back(std::move(form));
    return t.forms.back().get();
  }

  // Of the arguments of a call, those by position as `place_by_name` puts them first.
  std::vector<int> order_of(std::size_t n, PyObject* names, std::vector<bool>& is_static) {
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

  bool is_kept(const std::shared_ptr<Traced>& t) const {
    return std::find(traces_.begin(), traces_.end(), t) != traces_.end();
  }

  void prepare(Traced& t, const CallForm* form, Arrays in, std::span<const Array> results) {
    for (const VariableRef& v : t.function.variables) in.push_back(v->read());
    in.insert(in.end(), t.function.graph->captured.begin(), t.function.graph->captured.end());
    quick_.prepare(t, form, in, results);
  }

  nb::object run_short(const std::shared_ptr<Traced>& t, const CallForm* form, detail::Node* const* nodes,
                       std::size_t n) {
    const QuickCalls::Running running(quick_);
    if (!t->function.variables.empty() || !t->function.assigned.empty()) {
      Arrays in;
      for (std::size_t i = 0; i < n; ++i) in.push_back(array_at(nodes[i]));
      const Arrays results = run(*t, in, false);
      tell_after_run();
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
    t->large = t->large || made_large(results);
    if (is_kept(t)) quick_.prepare(*t, form, {in, n}, results);
    return result_of(*t, results);
  }

  static nb::object result_of(const Traced& t, std::span<const Array> results) {
    if (results.size() == 1 && t.results.is_leaf()) return to_python(results[0]);
    nb::object leaves[kShortResults];
    std::vector<nb::object> more;
    if (results.size() > kShortResults) more.resize(results.size());
    nb::object* all = more.empty() ? leaves : more.data();
    for (std::size_t i = 0; i < results.size(); ++i) all[i] = to_python(results[i]);
    return t.results.unflatten({all, results.size()});
  }

  void put_back(const Traced& t, nb::handle given, nb::handle given_kwargs, std::span<const Array> values) {
    nb::object args = nb::borrow(given), kwargs = given_kwargs.is_valid() ? nb::borrow(given_kwargs) : nb::dict();
    if (nb::len(kwargs) > 0) place_by_name(args, kwargs);
    change_arguments(nb::make_tuple(args, kwargs), t.changed, values);
  }

  // What the function's positional parameters are called.
  const std::vector<std::string>& parameters() {
    if (!parameters_) {
      parameters_.emplace();
      for (nb::handle h : nb::module_::import_("tnp._function").attr("_positional")(f_))
        parameters_->push_back(nb::cast<std::string>(h));
    }
    return *parameters_;
  }

  // Arguments given by name where they could be given by position: one trace is for both.
  void place_by_name(nb::object& args, nb::object& kwargs) {
    const std::vector<std::string>& names = parameters();
    nb::list placed;
    nb::dict rest;
    for (std::size_t i = nb::len(args); i < names.size(); ++i) {
      PyObject* value = PyDict_GetItemString(kwargs.ptr(), names[i].c_str());
      if (value == nullptr) break;
      if (nb::len(placed) == 0) rest.update(nb::borrow<nb::dict>(kwargs));
      placed.append(nb::handle(value));
      PyDict_DelItemString(rest.ptr(), names[i].c_str());
    }
    if (nb::len(placed) == 0) return;
    args = nb::borrow(args) + nb::tuple(placed);
    kwargs = rest;
  }

  // The instance whose method is called, which is known by its identity; nothing if this is no method.
  nb::object owner_in(const nb::object& args) {
    return PyTuple_GET_SIZE(args.ptr()) > 0 ? owner_of(PyTuple_GET_ITEM(args.ptr(), 0)) : nb::object();
  }
  nb::object owner_of(PyObject* first) {
    if (is_array(first) || !is_owner(first) || is_static(0)) return {};
    if (is_instance(first) || is_in_class_) return nb::borrow(first);
    return !parameters().empty() && parameters()[0] == "self" ? nb::borrow(first) : nb::object();
  }

  // The defaults of parameters that the input signature has a spec for.
  void add_defaults(nb::object& args, nb::object& kwargs) {
    const std::size_t lead = owner_in(args).is_valid() ? 1 : 0;
    const std::size_t wanted = input_signature_->num_arguments() + lead + static_positions_.size();
    if (nb::len(args) >= wanted) return;
    const auto defaults = nb::borrow<nb::dict>(nb::module_::import_("tnp._function").attr("_defaults")(f_));
    nb::list all(args);
    const std::vector<std::string>& names = parameters();
    for (std::size_t i = nb::len(args); i < names.size() && i < wanted; ++i) {
      const nb::str name(names[i].c_str());
      if (kwargs.is_valid() && nb::borrow<nb::dict>(kwargs).contains(name)) {
        nb::dict rest;
        rest.update(nb::borrow<nb::dict>(kwargs));
        all.append(rest[name]);
        nb::del(rest[name]);
        kwargs = rest;
      } else if (defaults.contains(name)) {
        all.append(defaults[name]);
      } else {
        break;
      }
    }
    args = nb::tuple(all);
  }

  bool is_static(std::size_t position) const {
    return std::find(static_positions_.begin(), static_positions_.end(), position) != static_positions_.end();
  }

  // The instance before the arguments of a method has no spec.
  nb::object check_signature(const nb::object& args, const nb::object& kwargs) {
    const std::size_t given = nb::len(args);
    std::size_t lead = 0;
    if (given > 0 && !is_static(0)) {
      const bool named = !parameters().empty() && (parameters()[0] == "self" || parameters()[0] == "cls");
      const bool more = given > input_signature_->num_arguments();
      lead = (more && named) || owner_in(args).is_valid() ? 1 : 0;
    }
    std::size_t count = 0, named = 0;
    std::string extra;
    for (std::size_t i = lead; i < given; ++i) count += is_static(i) ? 0 : 1;
    if (kwargs.is_valid()) {
      for (auto [key, value] : nb::borrow<nb::dict>(kwargs)) {
        const auto name = nb::cast<std::string>(key);
        if (std::find(static_names_.begin(), static_names_.end(), name) != static_names_.end()) continue;
        ++named;
        extra += (extra.empty() ? " (" : ", ") + name;
      }
    }
    if (count != input_signature_->num_arguments() || named > 0) {
      throw TypeError("function: the input signature has " + std::to_string(input_signature_->num_arguments()) +
                      " positional arguments, the call has " + std::to_string(count) + " and " + std::to_string(named) +
                      " by keyword" + (extra.empty() ? "" : extra + ": arguments without a spec must be static)"));
    }
    return input_signature_->check(args, lead, [this](std::size_t i) { return is_static(i); });
  }

  // A function that calls itself while it is traced, to a depth that only a run could tell.
  void refuse_endless_recursion(const Arguments& arguments) const {
    const auto same = [&](const auto& other) { return other.first == this && *other.second == arguments.signature; };
    const auto& now = traced_now();
    if (now.size() < kMaxRecursion ||
        static_cast<std::size_t>(std::count_if(now.begin(), now.end(), same)) < kMaxRecursion)
      return;
    throw RecursionError(
        "function " + shown_name() +
        ": it calls itself with arguments of the same types, without end, while it is traced: the depth "
        "of a recursion can not depend on traced arrays. Use a while loop (tnp.while_loop), or a Python "
        "number as the argument that tells the depth");
  }

  // The functions that this thread is tracing, outermost first.
  static std::vector<std::pair<const Function*, const Signature*>>& traced_now() {
    thread_local std::vector<std::pair<const Function*, const Signature*>> all;
    return all;
  }
  class TracedNow {
   public:
    TracedNow(const Function* f, const Signature* s) { traced_now().emplace_back(f, s); }
    ~TracedNow() { traced_now().pop_back(); }
    TracedNow(const TracedNow&) = delete;
  };

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
      nb::object value = args[i];
      positional.append(is_static(i) ? nb::cast(PyStatic{value}) : value);
    }
    args = nb::tuple(positional);
    if (kwargs.ptr() == nullptr) return;
    nb::dict marked;
    for (auto [key, value] : nb::borrow<nb::dict>(kwargs)) {
      const auto text = nb::cast<std::string>(key);
      const bool found = std::find(static_names_.begin(), static_names_.end(), text) != static_names_.end();
      marked[key] = found ? nb::cast(PyStatic{nb::borrow(value)}) : nb::borrow(value);
    }
    kwargs = marked;
  }

  // Whether there was a call before: of this instance's method, if it is one.
  bool was_called(const Signature& signature) const {
    if (!signature.owner.is_valid()) return made_ > 0;
    return std::any_of(traces_.begin(), traces_.end(),
                       [&](const auto& t) { return t->signature.owner.is(signature.owner); });
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

  Arrays run_body(const Flattened& f, const Arrays& symbolic, Traced& t) {
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
    for (std::size_t i = 0; i < result_leaves.size(); ++i)
      arrays.push_back(result_array(result_leaves[i], t.results, i));
    t.changed = strict.changed(arrays);
    return arrays;
  }

  static Array result_array(const nb::object& leaf, const PyTree& results, std::size_t i) {
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

  nb::object f_, name_;
  bool autograph_;
  bool is_in_class_ = false;
  enum class Conversion : std::uint8_t { none, converted, unrolled };
  Conversion conversion_ = Conversion::none;  // of the body's control flow, as traces have asked for it
  std::vector<std::size_t> static_positions_;
  std::vector<std::string> static_names_;
  std::vector<std::size_t> donated_positions_;
  std::vector<std::string> donated_names_;
  std::optional<InputSignature> input_signature_;
  std::optional<std::vector<std::string>> parameters_;
  std::vector<std::shared_ptr<Traced>> traces_;
  std::size_t made_ = 0;
  QuickCalls quick_;  // of the traces that are kept
};

}  // namespace tnp::python

// What tnp.function makes: traces kept by structure, types and ranks of the arguments; the short way of a call whose
// arguments are plain arrays.
#pragma once

#include <algorithm>

#include "ir/trace.h"
#include "python/array_api_changes.h"
#include "python/gil.h"
#include "python/quick_calls.h"
#include "python/traced.h"
#include "python/variable.h"
#include "transform/call.h"

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
  PyObject* call(PyObject* const* given, std::size_t n, PyObject* names);

  nb::object long_call(PyObject* const* given, std::size_t n, PyObject* names);

  // A call as one that a trace has run. Nothing if this is none of them.
  nb::object short_call(PyObject* const* given, std::size_t n, PyObject* names);

  // The same of arrays in a row.
  nb::object short_row(PyObject* const* given, std::size_t n);

  // Without the GIL where there is work that other threads should not wait for. Host functions take it for themselves.
  static Arrays run(const Traced& t, Arrays& arguments, bool owned) {
    const bool large = t.large || any_large(arguments);
    const auto call = [&] { return owned ? t.function.call_owned(std::move(arguments)) : t.function.call(arguments); };
    if (!large || current_trace != nullptr) return call();
    const GilReleased others;
    return call();
  }

  std::shared_ptr<Traced> find(nb::handle given, nb::handle given_kwargs, Arguments& arguments);

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
  std::string explain() const;

  // Arguments are then cast to these specs.
  void set_input_signature(nb::handle specs) { input_signature_.emplace(specs); }
  const nb::object& wrapped() const { return f_; }

  std::size_t num_traces() const { return traces_.size(); }
  std::size_t num_made() const { return made_; }
  void clear() { quick_.forget(std::exchange(traces_, {})); }
  int traverse(visitproc visit, void* arg);
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
  bool may_be_short(Traced& t) const;

  // What calls that look like this one have in common, where they need no more than a look to be known. `arrays`: what
  // the trace takes of this one.
  const CallForm* form_of(Traced& t, PyObject* const* given, std::size_t n, PyObject* names, const Arrays& arrays);

  // Of the arguments of a call, those by position as `place_by_name` puts them first.
  std::vector<int> order_of(std::size_t n, PyObject* names, std::vector<bool>& is_static);

  bool is_kept(const std::shared_ptr<Traced>& t) const {
    return std::find(traces_.begin(), traces_.end(), t) != traces_.end();
  }

  void prepare(Traced& t, const CallForm* form, Arrays in, std::span<const Array> results) {
    for (const VariableRef& v : t.function.variables) in.push_back(v->read());
    in.insert(in.end(), t.function.graph->captured.begin(), t.function.graph->captured.end());
    quick_.prepare(t, form, in, results);
  }

  // `leaves`: whose nodes these are; null: arrays in a row.
  nb::object run_short(const std::shared_ptr<Traced>& t, const CallForm* form, const CallLeaves* leaves,
                       detail::Node* const* nodes, std::size_t n);

  static nb::object result_of(const Traced& t, std::span<const Array> results);

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
  void place_by_name(nb::object& args, nb::object& kwargs);

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
  void add_defaults(nb::object& args, nb::object& kwargs);

  bool is_static(std::size_t position) const {
    return std::find(static_positions_.begin(), static_positions_.end(), position) != static_positions_.end();
  }

  // The instance before the arguments of a method has no spec.
  nb::object check_signature(const nb::object& args, const nb::object& kwargs);

  // A function that calls itself while it is traced, to a depth that only a run could tell.
  void refuse_endless_recursion(const Arguments& arguments) const;

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

  void take_donated(nb::handle args, nb::handle kwargs, Arrays& arrays, std::vector<bool>& donated) const;

  void mark_statics(nb::object& args, nb::object& kwargs) const;

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
  std::shared_ptr<Traced> trace(const Flattened& f, const Arguments& arguments);

  Arrays run_body(const Flattened& f, const Arrays& symbolic, Traced& t);

  static Array result_array(const nb::object& leaf, const PyTree& results, std::size_t i);

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

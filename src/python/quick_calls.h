// The quickest way of a call of a compiled function: arrays like those of one of the last calls, for which the program
// has prepared what is left to do. The GIL guards all of it, and is kept but for heavy work on small arrays.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compiler/program.h"
#include "ir/observer.h"
#include "ir/trace.h"
#include "ops/elementwise/fp_status.h"
#include "python/elements.h"
#include "python/profile.h"
#include "python/spare_objects.h"
#include "python/traced.h"
#include "runtime/profile.h"
#include "tnp/promotion.h"

namespace tnp::python {

inline constexpr std::size_t kFewResults = 16;  // whose objects are put together without an allocation

inline void tell_after_run() {
  tell_long_compilation();
  fp_flags_seen.store(0, std::memory_order_relaxed);  // NumPy's warnings are for eager calls
}

// Those of one function.
class QuickCalls {
 public:
  // While calls run, which may run any Python code, traces that are forgotten stay.
  class Running {
   public:
    explicit Running(QuickCalls& calls) : calls_(calls) { ++calls_.running_; }
    ~Running() {
      if (--calls_.running_ > 0 || calls_.forgotten_.empty()) return;
      const auto gone = std::exchange(calls_.forgotten_, {});
    }
    Running(const Running&) = delete;

   private:
    QuickCalls& calls_;
  };

  // Whether a call is more than its results, or has other results than the settings give that its traces are for.
  static bool is_watched() {
    return active_observers != nullptr || current_trace != nullptr || is_profiling() || promotion_settings() != 0;
  }

  // Null, and no error, if none is for these arguments.
  PyObject* call(PyObject* const* given, std::size_t n) {
    if (count_ == 0 || n > compiler::PreparedCall::kMostArguments || is_watched()) return nullptr;
    detail::Node* in[compiler::PreparedCall::kMostArguments];
    for (std::size_t i = 0; i < n; ++i) {
      if (Py_TYPE(given[i]) != array_type()) return nullptr;
      in[i] = SpareObjects<Array>::value(given[i]).node();
    }
    for (std::size_t i = 0; i < count_; ++i) {
      const Quick& quick = quick_[i];
      if (quick.call->fits(in, n))
        return quick.call->is_heavy() ? run_heavy(quick, given, in, n) : run(quick, given, in);
    }
    return nullptr;
  }

  // The same of calls that are more than arrays in a row.
  PyObject* call_formed(PyObject* const* given, std::size_t n, PyObject* names);
  bool any_formed() const { return num_formed_ > 0; }

  // After a run of `t` with the inputs `in`, which gave `results`, called in this form (null: arrays in a row). Its
  // program is asked now and then: it takes some runs until it is known how they go.
  void prepare(Traced& t, const CallForm* form, std::span<const Array> in, std::span<const Array> results) {
    constexpr unsigned kFirst = 4;
    const unsigned calls = ++t.short_calls;
    if (calls < kFirst || (calls & (calls - 1)) != 0) return;
    ask(t, form, in, made_large(results));
  }

  // Traces that their function keeps no more.
  void forget(std::vector<std::shared_ptr<Traced>> gone);

 private:
  static constexpr std::size_t kMost = 4, kMostFormed = 16;

  // A call that is prepared for certain types and sizes, and whose it is.
  struct Quick {
    const compiler::PreparedCall* call;
    const Traced* traced;
    bool is_leaf;                         // one result, and no structure
    int same;                             // … which is this argument; -1
    const std::optional<DType>* element;  // … which is one element; null
    PyTree::Row row;                      // what the results are, if no more than a tuple or a list
    ElementCall of_elements;              // if it is one operation of single elements …
    struct Element {
      int argument;        // of these, …
      PyObject* constant;  // or of this, which the trace keeps; null
      PyObject* of(PyObject* const* given) const { return argument >= 0 ? given[argument] : constant; }
    } elements[2] = {};
  };

  PyObject* run(const Quick& quick, PyObject* const* given, detail::Node* const* in) {
    if (quick.same >= 0) return Py_NewRef(given[quick.same]);
    if (quick.of_elements) {
      PyObject* result = quick.of_elements(quick.elements[0].of(given), quick.elements[1].of(given));
      if (result != nullptr) return result;
    }
    const Running running(*this);
    if (quick.element != nullptr) {
      const DType type = **quick.element;
      alignas(16) std::byte room[16];
      const std::byte* element = quick.call->run_element(in, room);
      tell_after_run();
      return wrap_element(element, type);
    }
    if (!quick.is_leaf) return run_structure(quick, given, in);
    Array out;
    if (!quick.call->run(in, &out)) return nullptr;
    tell_after_run();
    return SpareObjects<Array>::wrap(std::move(out));
  }

  struct Formed {
    Quick quick;
    const CallForm* form;  // kept by the trace
  };

  static PyObject* run_structure(Quick quick, PyObject* const* given, detail::Node* const* in);
  PyObject* run_heavy(Quick quick, PyObject* const* given, detail::Node* const* in, std::size_t n);
  static PyObject* run_formed(Quick quick, const CallLeaves& leaves);
  static void find_elements(Traced& t, Quick& quick, std::span<const Array> in);
  void ask(Traced& t, const CallForm* form, std::span<const Array> in, bool large);

  Quick quick_[kMost];  // of traces that are kept
  std::size_t count_ = 0;
  Formed formed_[kMostFormed];
  std::size_t num_formed_ = 0;
  unsigned next_formed_ = 0;  // takes a later one
  int running_ = 0;
  std::vector<std::shared_ptr<Traced>> forgotten_;  // while calls run
};

}  // namespace tnp::python

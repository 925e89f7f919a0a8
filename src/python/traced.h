// A trace of a Python function: what it is for, and what it gives back.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/program.h"
#include "python/call_form.h"
#include "python/pytree.h"
#include "python/signature.h"
#include "transform/function.h"

namespace tnp::python {

struct Traced {
  std::string why;  // it was made
  Signature signature;
  std::vector<ArgumentSpec> specs;  // -1 where the size is free
  TracedFunction function;
  PyTree results;
  std::vector<std::size_t> changed;  // strict arrays of the arguments, by number; their values follow the results
  const compiler::Program* program = nullptr;  // where `Function::short_call` may run it: from the second call on
  std::vector<bool> donated;                   // arguments that callers have given up
  bool any_sizes = true;                       // no size is fixed
  bool large = false;  // the last runs worked on large arrays, as far as that is known, whatever the arguments are
  bool plain = false;  // calls with arrays in a row are all that it is for, and no Variables are in play
  std::vector<std::unique_ptr<const CallForm>> forms;  // of calls that it serves, other than those
  std::vector<bool> lent;                              // `Program::may_be_lent`, once it has been asked for
  unsigned forms_looked_for = 0;
  unsigned short_calls = 0;
  std::vector<nb::object> constants;  // of calls of single elements
};

inline bool is_large(const Array& x) {
  return !x.is_symbolic() && x.shape().is_static() && x.shape().num_elements() >= compiler::kLargeElements;
}

inline bool any_large(std::span<const Array> arrays) { return std::any_of(arrays.begin(), arrays.end(), is_large); }

// Results that a run has made: one that is still pending was no work.
inline bool made_large(std::span<const Array> results) {
  return std::any_of(results.begin(), results.end(),
                     [](const Array& x) { return is_large(x) && x.state() == State::concrete; });
}

inline bool fits(const Shape& fixed, const Array& x) {
  for (int d = 0; d < fixed.ndim(); ++d) {
    if (fixed[d] >= 0 && x.shape()[d] != fixed[d]) return false;
  }
  return true;
}

inline bool fits(const Traced& t, const Arrays& arrays) {
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (!fits(t.specs[i].shape, arrays[i])) return false;
  }
  return true;
}

}  // namespace tnp::python

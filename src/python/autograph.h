// What the conversion of Python control flow (python/tnp/_autograph.py) and the binding tell each other.
#pragma once

#include "python/python.h"

namespace tnp::python {

// While one lives, the innermost trace of a tnp.function on this thread may or may not have its body converted.
class ConversionScope {
 public:
  ConversionScope(bool allowed, bool converted);
  ~ConversionScope();
  ConversionScope(const ConversionScope&) = delete;
};

// Asked where Python wants to know what only a run knows: a truth value, the rows of an array, a number of turns.
// Throws the request to trace again with converted control flow if that may help.
void ask_for_conversion(const char* what);
// Throws TracerError for a symbolic array's value, which says why the conversion did not help.
[[noreturn]] void refuse_value(const Array& x);
// Whether that is what was thrown.
bool is_conversion_request(const nb::python_error& e);
// f(*args, **kwargs) with its control flow converted. `unroll`: loops over rows or up to a size are gone through turn
// by turn, with the size fixed.
nb::object converted_call(nb::handle f, nb::handle args, nb::handle kwargs, bool unroll);
// Whether the last converted call made such loops part of the graph.
bool made_loops_over_sizes();
nb::handle tracer_error();

// Whether a traced 0-d array stands for a Python number, which takes the type of the array beside it.
inline constexpr std::uint8_t kWeakNumber = 64;  // of a node's flags
inline bool is_weak_number(const Array& x) {
  return (x.node()->flags.load(std::memory_order_relaxed) & kWeakNumber) != 0;
}
inline void set_weak_number(const Array& x) { x.node()->flags.fetch_or(kWeakNumber, std::memory_order_relaxed); }

// The kind of the Python number that one of this type stands for.
inline WeakKind kind_of_number(DType type) {
  return is_bool(type)      ? WeakKind::boolean
         : is_integer(type) ? WeakKind::integer
         : is_complex(type) ? WeakKind::complex
                            : WeakKind::floating;
}
// A number that stands for a Python number takes the type of the array beside it.
void weaken_beside(PyOperand& number, const Array& other);

// Whether this is a traced 0-d integer array, which can be a size.
bool is_traced_number(PyObject* o);

void bind_autograph(nb::module_& m);

}  // namespace tnp::python

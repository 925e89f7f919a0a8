// Random streams as Python objects, and the methods that Generator and RandomState share.
#pragma once

#include "ops/elementwise/fp_status.h"
#include "python/arguments.h"
#include "tnp/random.h"

namespace tnp::python {

struct PyBitGenerator {
  Generator stream;
  nb::object seed_sequence;
};
struct PyPhilox : PyBitGenerator {};

// A Generator or a RandomState.
struct PyStream {
  Generator stream;
  nb::object bit_generator;
  bool legacy;
};
struct PyGenerator : PyStream {};
struct PyRandomState : PyStream {};

// Where a method is: of Generator, of RandomState and therefore of the module tnp.random.
enum RandomPlace : unsigned { kGenerator = 1, kLegacy = 2 };

struct RandomMethod {
  RandomMethod(const char* name, unsigned places, const char* signature, const char* doc, FunctionDef::Entry entry);
};
// Gives the methods to the two types; `module` gets those of RandomState, bound to `global`.
void bind_random_methods(nb::module_& module, nb::handle generator, nb::handle random_state, nb::handle global);

// A parameter in the type that it is computed in. Throws for what is no real number.
Array parameter(const Value& v, DType dtype);
Size size_of(const Value& size);

// The stream of the first argument, `self`.
PyStream& stream_of(const Value& self);

// Forgets the floating-point exceptions of what happens meanwhile: what the maths of a distribution overflows or
// divides by is no matter of the caller's.
class QuietFlags {
 public:
  QuietFlags() : before_(fp_flags_seen.load(std::memory_order_relaxed)) {}
  ~QuietFlags() { fp_flags_seen.store(before_, std::memory_order_relaxed); }
  QuietFlags(const QuietFlags&) = delete;

 private:
  unsigned before_;
};

// A method NAME, which is called ID here. The first argument is `self`.
#define TNP_RANDOM(ID, NAME, PLACES, SIGNATURE, DOC)                                               \
  nb::object ID##_body(const Arguments& args);                                                     \
  nb::object ID##_quiet(const Arguments& args) {                                                   \
    const QuietFlags quiet;                                                                        \
    return ID##_body(args);                                                                        \
  }                                                                                                \
  PyObject* ID##_entry(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names);  \
  FunctionDef ID##_def(NAME, 0, SIGNATURE, DOC, &ID##_quiet, &ID##_entry, &ID##_entry);            \
  const RandomMethod ID##_method(NAME, PLACES, SIGNATURE, DOC, &ID##_entry);                       \
  PyObject* ID##_entry(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) { \
    return ID##_def.call(self, args, nargs, names);                                                \
  }                                                                                                \
  nb::object ID##_body([[maybe_unused]] const Arguments& args)

}  // namespace tnp::python

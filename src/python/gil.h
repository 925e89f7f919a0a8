// The GIL, taken and given up by threads that may outlive the interpreter.
//
// Python ends a daemon thread that wants the GIL when the interpreter is ending by unwinding its stack (pthread_exit).
// That must not go through frames of C++: their destructors would run without the GIL, on objects that are gone, and
// those that may not throw end the process. Such a thread stops where it is instead, until the process ends.
#pragma once

#include <cxxabi.h>
#include <unistd.h>

#include <utility>

#include "python/python.h"

namespace tnp::python {

[[noreturn]] inline void rest_until_exit() {
  for (;;) pause();
}

// What calls Python, or wants the GIL.
template <class F>
decltype(auto) ends_here(F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (const abi::__forced_unwind&) {
    rest_until_exit();
  }
}

inline bool interpreter_is_ending() {
#if PY_VERSION_HEX >= 0x030D0000
  return !Py_IsInitialized() || Py_IsFinalizing();
#else
  return !Py_IsInitialized() || _Py_IsFinalizing();
#endif
}

// Without the GIL for as long as this lives.
class GilReleased {
 public:
  GilReleased() : state_(PyEval_SaveThread()) {}
  ~GilReleased() {
    ends_here([this] { PyEval_RestoreThread(state_); });
  }
  GilReleased(const GilReleased&) = delete;

 private:
  PyThreadState* state_;
};

// With the GIL for as long as this lives, also where the thread has it already.
class GilHeld {
 public:
  GilHeld() {
    if (!PyGILState_Check() && interpreter_is_ending()) rest_until_exit();
    ends_here([this] { state_ = PyGILState_Ensure(); });
  }
  ~GilHeld() { PyGILState_Release(state_); }
  GilHeld(const GilHeld&) = delete;

 private:
  PyGILState_STATE state_{};
};

}  // namespace tnp::python
